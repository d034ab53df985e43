import Type, { type Static } from 'typebox'
import {
  Day, InstantOut, listOf, Money, named, No, nullable, oneOf, PageQuery, ParticipantNo, Sha256, Text, UpdatedSince, Version
} from '../../http/schema.ts'
import { REFUSAL_CODES } from './refusals.ts'
import { OUTCOMES } from './rows.ts'
import { LIST_STATUSES } from './kinds.ts'

export const list_bytes_max = 20 * 1024 * 1024
export const rows_max = 5000
/** Skipped rows count as well, so a list may show more rows than it may hold needs. */
const rows_shown_max = 120_000
const dry_rows_max = 5000

export const ListNo = No('list', 'Number of the list 名单编号')
export const ListParams = Type.Object({ list_no: ListNo })
export const RowParams = Type.Object({ list_no: ListNo, row_id: No('row', 'Row of the list') })

const JsonRowSchema = named('EnterpriseListJsonRow', Type.Object({
  name: Text('Name of the enterprise 企业名称'),
  uscc: Text('Unified social credit code; a wrong one is a finding of the row 统一社会信用代码', 64, ['91500112MAXX00015Q']),
  amount: Money('Amount needed 融资金额'),
  term_months: Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'Term in months 期限（月）', examples: [36] }),
  purpose: Text('What the money is for 用途', 500),
  consent: Type.Boolean({ description: 'Whether the enterprise has authorised 是否授权' }),
  project_code: Type.Optional(Text('Project code 项目代码', 64)),
  project_name: Type.Optional(Text('Name of the project 项目名称')),
  demand_date: Type.Optional(Text('When the money is needed 提出日期', 40)),
  park: Type.Optional(Text('Park 园区')),
  industry_code: Type.Optional(Text('Industry code 行业代码')),
  qualifications: Type.Optional(Type.Array(Text('Title 资质', 100), { maxItems: 20, description: 'Titles the enterprise declares' }))
}, { additionalProperties: false }))

export const ListJson = named('EnterpriseListJson', Type.Object({
  declaration: Type.Optional(Type.Boolean({ description: 'The park declares that the enterprises have authorised' })),
  corrects: Type.Optional(No('list', 'List that this one corrects: what changed replaces, what is gone is withdrawn 所更正的名单')),
  declared_row_count: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'Rows that count, as the park knows them' })),
  declared_amount: Type.Optional(Money('Sum of the amounts, as the park knows it')),
  rows: Type.Array(JsonRowSchema, { minItems: 1, maxItems: rows_max, description: 'Rows' })
}, { additionalProperties: false }))
export type ListJson = Static<typeof ListJson>

export const ListUpload = named('EnterpriseListUpload', Type.Object({
  file: Type.String({ format: 'binary', maxLength: list_bytes_max, description: 'The list as .xlsx or .csv, at most 20 MB' }),
  declaration: Type.Optional(oneOf(['true'], 'The park declares that the enterprises have authorised; the sandbox takes it for granted')),
  corrects: Type.Optional(No('list', 'List that this one corrects: what changed replaces, what is gone is withdrawn 所更正的名单')),
  declared_row_count: Type.Optional(Type.String({ pattern: '^\\d{1,7}$', maxLength: 7, description: 'Rows that count, as the park knows them', examples: ['32'] })),
  declared_amount: Type.Optional(Money('Sum of the amounts, as the park knows it'))
}, { additionalProperties: false }))

export const DryRunQuery = Type.Object({
  dry_run: Type.Optional(Type.Boolean({ description: 'Decide and store nothing; the answer comes at once' }))
}, { additionalProperties: false })

export const ListQuery = Type.Object({ ...PageQuery, ...UpdatedSince, status: Type.Optional(oneOf(LIST_STATUSES, 'State')) }, { additionalProperties: false })
export const RowsQuery = Type.Object({ ...PageQuery, outcome: Type.Optional(oneOf(OUTCOMES, 'Outcome')) }, { additionalProperties: false })

const many = (description: string) => Type.Integer({ minimum: 0, maximum: rows_shown_max, description })
const Counts = named('EnterpriseListCounts', Type.Object({
  ACCEPTED: many('Taken in'), ACCEPTED_WITH_REMARK: many('Taken in, with a remark'), HELD: many('Waiting for a person of the park'),
  REJECTED: many('Not taken in'), SKIPPED: many('No row of an enterprise')
}))

const RefusalSchema = named('EnterpriseListRefusal', Type.Object({
  code: oneOf(REFUSAL_CODES, 'Why the file as a whole was refused'),
  message: Text('What is wrong', 1000),
  message_zh: Text('问题', 1000),
  what_to_do: Text('What to do', 1000),
  what_to_do_zh: Text('处理办法', 1000)
}))

const SheetSchema = named('EnterpriseListSheet', Type.Object({
  sheet: nullable(Text('Name of the sheet; null for CSV and JSON')),
  role: oneOf(['DATA', 'NO_HEAD', 'REFERENCE', 'EMPTY', 'HIDDEN'], 'What it was taken for'),
  head_rows: Type.Array(many('Row'), { maxItems: 20, description: 'Rows of the heads' }),
  first_data_row: nullable(many('First row of data')),
  last_data_row: nullable(many('Last row of data')),
  amount_unit: nullable(Text('Unit of bare amounts', 20)),
  term_unit: nullable(Text('Unit of bare terms', 20)),
  columns: Type.Array(Type.Object({
    field: Text('Meaning', 40), column: Text('Column', 10), head: nullable(Text('Head as written', 500))
  }), { maxItems: 100, description: 'Which column was taken for what' })
}))

export const ListSchema = named('EnterpriseList', Type.Object({
  list_no: ListNo,
  park_no: ParticipantNo('Park'),
  status: oneOf(LIST_STATUSES, 'RECEIVED and READING pass; DECIDED and REFUSED are ends'),
  sha256: nullable(Sha256('Digest of the bytes')),
  file_name: nullable(Text('Name of the file')),
  bytes: nullable(Type.Integer({ minimum: 0, maximum: 2_147_483_647, description: 'Size' })),
  corrects: nullable(No('list', 'List that this one corrects')),
  declared_row_count: nullable(Type.Integer({ minimum: 0, maximum: 9_999_999, description: 'As declared, right or wrong' })),
  declared_amount: nullable(Money('As declared')),
  refusal: nullable(RefusalSchema),
  counts: nullable(Counts),
  amount_accepted: nullable(Money('Sum of what was taken in, remarks included')),
  progress: Type.Object({
    rows_found: nullable(many('Rows the list holds, the skipped included; null until it was gone through')),
    rows_read: many('Rows decided'),
    rows_taken_in: many('Rows that became needs')
  }, { description: 'How far a list is' }),
  sheets: Type.Array(SheetSchema, { maxItems: 500, description: 'How the sheets were understood' }),
  version: Version,
  created_at: InstantOut('Received'),
  decided_at: nullable(InstantOut('Decided or refused')),
  updated_at: InstantOut('Last change')
}))

export const RowSchema = named('EnterpriseListRow', Type.Object({
  row_id: nullable(No('row', 'Row; null in a dry run')),
  sheet: nullable(Text('Sheet; null for CSV and JSON')),
  row: Type.Integer({ minimum: 1, maximum: 2_000_000, description: 'Row of the sheet, record of a CSV, place in JSON, from 1' }),
  outcome: oneOf(OUTCOMES, 'What became of it'),
  uscc: nullable(Text('Code as understood', 64)),
  name: nullable(Text('Name as understood')),
  project_code: nullable(Text('Project code as understood', 64)),
  project_name: nullable(Text('Project name as understood')),
  amount: nullable(Money('Amount as understood')),
  term_months: nullable(Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'Term as understood' })),
  purpose: nullable(Text('Purpose', 500)),
  demand_date: nullable(Day('When the money is needed')),
  consent: Type.Boolean({ description: 'Whether the row says in so many words that the enterprise authorised' }),
  need_no: nullable(No('need', 'Need that it became')),
  authorization_no: nullable(No('auth', 'Authorization that it made')),
  replaces_need_no: nullable(No('need', 'In a correction: the earlier need whose place it takes')),
  normalised_from: Type.Array(Type.Object({
    column: nullable(Text('Column', 40)), before: Type.String({ maxLength: 40_000, description: 'As written' }), after: Type.String({ maxLength: 40_000, description: 'As understood' })
  }), { maxItems: 50, description: 'What was changed in reading' }),
  findings: Type.Array(named('EnterpriseListFinding', Type.Object({
    code: Text('Code', 60),
    rule_id: nullable(Text('Rule', 12)),
    column: nullable(Text('Column', 40)),
    head: nullable(Text('Head of the column', 500)),
    value: nullable(Type.String({ maxLength: 2000, description: 'Value as written' })),
    message: Text('What is wrong and what to do', 4000),
    message_zh: Text('问题与处理办法', 4000)
  })), { maxItems: 100, description: 'What was found' }),
  decision: nullable(Type.Object({
    decision: oneOf(['CONFIRM', 'DROP'], 'Decision of a person of the park'), reason: Text('Why', 500), decided_by: Text('Person', 80), decided_at: InstantOut('When')
  }))
}))

export const ListReceived = named('EnterpriseListReceived', Type.Object({
  list_no: ListNo,
  status: oneOf(LIST_STATUSES, 'State'),
  sha256: Sha256('Digest of the bytes as received')
}))

export const ListAnswer = named('EnterpriseListAnswer', Type.Object({
  list_no: nullable(ListNo),
  status: oneOf(LIST_STATUSES, 'State; in a dry run the one it would end in'),
  sha256: Sha256('Digest of the bytes as received'),
  dry_run: Type.Boolean({ description: 'Nothing was stored' }),
  refusal: Type.Optional(nullable(RefusalSchema)),
  counts: Type.Optional(nullable(Counts)),
  amount_accepted: Type.Optional(nullable(Money('Sum of what would be taken in'))),
  effect: Type.Optional(nullable(Type.Object({
    new_enterprises: many('Enterprises this park has not sent before'),
    new_needs: many('Needs that would be taken in'),
    changed: many('Earlier needs whose place corrected rows would take'),
    duplicate: many('Rows that are there already'),
    withdrawn: many('Earlier needs that a correction does not name any more and would end'),
    amount_new: Money('Sum of the new needs'),
    amount_changed_from: Money('Sum of the changed needs as they are'),
    amount_changed_to: Money('Sum of the changed needs as they would be'),
    amount_withdrawn: Money('Sum of the needs that would end')
  }))),
  rows: Type.Optional(Type.Array(RowSchema, { maxItems: dry_rows_max, description: 'In a dry run every row; of more than 5000 those that are not simply accepted' })),
  rows_left_out: Type.Optional(many('Rows that a dry run does not show'))
}))

export const ListPage = listOf(ListSchema)
export const RowPage = listOf(RowSchema)
export const RowDecisionBody = named('RowDecision', Type.Object({
  decision: oneOf(['CONFIRM', 'DROP'], 'Take the row in as it is, or leave it out'),
  reason: Text('Why 理由', 500)
}, { additionalProperties: false }))
export type RowDecisionBody = Static<typeof RowDecisionBody>

const counts_example = { ACCEPTED: 1, ACCEPTED_WITH_REMARK: 0, HELD: 0, REJECTED: 0, SKIPPED: 0 }
export const json_example = {
  declaration: true,
  rows: [{
    name: '重庆云岭精密机械有限公司（虚构）', uscc: '91500112MAXX00015Q', amount: '5000000.00', term_months: 36, purpose: '购置数控设备', consent: true,
    project_code: '2606-500112-07-02-100001', project_name: '精密加工线数字化改造', qualifications: ['高新技术企业']
  }]
}
export const received_example = {
  list_no: 'list_01JB2Q8Z6V7K3M5N9P4R1S0T2W', status: 'RECEIVED', sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'
}
export const list_example = {
  ...received_example, park_no: 'park-1', status: 'DECIDED', file_name: 'list.xlsx', bytes: 12_961, corrects: null, declared_row_count: null, declared_amount: null, refusal: null,
  counts: counts_example, amount_accepted: '5000000.00', progress: { rows_found: 1, rows_read: 1, rows_taken_in: 1 }, sheets: [], version: 3, created_at: '2026-03-18T02:00:00.000Z', decided_at: '2026-03-18T02:00:01.000Z',
  updated_at: '2026-03-18T02:00:01.000Z'
}
export const row_example = {
  row_id: 'row_01JB2Q8Z6V7K3M5N9P4R1S0T2W', sheet: '融资需求', row: 5, outcome: 'ACCEPTED', uscc: '91500112MAXX00015Q', name: '重庆云岭精密机械有限公司（虚构）',
  project_code: '2606-500112-07-02-100001', project_name: '精密加工线数字化改造', amount: '5000000.00', term_months: 36, purpose: '购置数控设备', demand_date: '2026-06-01',
  consent: true, need_no: 'need_01JB2Q8Z6V7K3M5N9P4R1S0T2W', authorization_no: 'auth_01JB2Q8Z6V7K3M5N9P4R1S0T2W', replaces_need_no: null,
  normalised_from: [{ column: 'H', before: '500', after: '5000000.00' }], findings: [], decision: null
}
