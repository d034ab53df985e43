import Type, { type Static } from 'typebox'
import {
  BusinessNo, Day, Finding, InstantOut, listOf, Money, named, No, nullable, oneOf, PageQuery, ParticipantNo, ProjectCode, Rate, Text, UpdatedSince, Uscc, Version
} from '../../http/schema.ts'
import { FAST_TRACKS } from '../../policy/eligibility.ts'
import { PURPOSE_CODES } from '../../policy/purposes.ts'
import { TAGS } from '../../policy/tags.ts'
import { InlineAuthorization, new_authorization_example } from '../authorizations/schema.ts'
import { STAGES } from '../projects/kinds.ts'
import { NEED_SOURCES, NEED_STATUSES } from './kinds.ts'

export const NeedNo = No('need', 'Number of the financing need 融资需求编号')
export const NeedParams = Type.Object({ need_no: NeedNo })
export const needs_per_batch_max = 5000

const item = {
  uscc: Uscc(),
  name: Type.Optional(Text('Name of the enterprise; by default that of its authorization')),
  project_code: Type.Optional(ProjectCode()),
  project_name: Type.Optional(Text('Name of the renovation project 技改项目名称')),
  amount: Money('Amount needed 融资金额'),
  term_months: Type.Integer({ minimum: 1, maximum: 600, description: 'Term in months 期限（月）', examples: [36] }),
  purpose: Type.Optional(Text('What the money is for; purpose_code is derived by the published table 资金用途. One of purpose, purpose_text and purpose_code is needed', 500,
    ['购置数控设备'])),
  purpose_text: Type.Optional(Text('The same as purpose', 500)),
  purpose_code: Type.Optional(oneOf(PURPOSE_CODES, 'Purpose, when the sender knows it better than the table')),
  demand_date: Type.Optional(Day('When the money is needed')),
  expected_date: Type.Optional(Day('The same as demand_date')),
  expected_rate_pct: Type.Optional(Rate('Rate a year that the enterprise expects 期望利率')),
  collateral_offer: Type.Optional(Type.Array(Text('Kind of collateral, or what it is', 200), { maxItems: 20, description: 'What the enterprise can offer 可提供的担保措施' })),
  preferred_banks: Type.Optional(Type.Array(ParticipantNo('Bank'), {
    maxItems: 10, uniqueItems: true, description: 'Banks the enterprise would like. Those that are paired anyhow are served first and told so; nobody else is reached by it 意向银行'
  })),
  existing_bank_debt: Type.Optional(Money('What the enterprise owes banks today 现有银行负债')),
  wants_guarantee: Type.Optional(Type.Boolean({ description: 'Guarantee of 园区技改担 wanted; default true for parks, else false' })),
  wants_lease: Type.Optional(Type.Boolean({ description: 'A lease would do as well; default false' })),
  is_green_loan: Type.Optional(Type.Boolean({ description: 'Green loan: a short opinion replaces the appraisal (S2 (十五))' })),
  authorization_no: Type.Optional(No('auth', 'Authorization under which the need is sent; by default the one the caller holds')),
  reference: Type.Optional(BusinessNo('Number of the need in the sender\'s own system; the same again answers the stored need')),
  nearest_park: Type.Optional(ParticipantNo('Park to which an enterprise outside the parks turns (S1 last paragraph)')),
  park_code: Type.Optional(ParticipantNo('Park: a park names itself; for others the same as nearest_park 园区')),
  contact_name: Type.Optional(Text('Whom the bank may ask for 联系人', 100)),
  contact_phone: Type.Optional(Type.String({ pattern: '^\\+?[0-9][0-9 -]{4,28}[0-9]$', maxLength: 30, description: 'Telephone 联系电话', examples: ['15400000001'] })),
  industry_code: Type.Optional(Text('Industry of GB/T 4754-2017, e.g. C3670 行业代码', 10, ['C3670'])),
  region_code: Type.Optional(Type.String({ pattern: '^\\d{6}$', maxLength: 6, description: 'District of production 所在区县', examples: ['500157'] })),
  employees: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000_000, description: 'Employees 从业人员' })),
  revenue: Type.Optional(Money('Revenue of the last year 营业收入')),
  qualifications: Type.Optional(Type.Array(oneOf(TAGS, 'Title'), { maxItems: 8, uniqueItems: true, description: 'Titles the enterprise declares 资质' }))
}

export const NewNeed = named('NewFinancingNeed', Type.Object({
  ...item,
  uscc: Type.Optional(Uscc('Enterprise; an enterprise itself may leave it out')),
  authorization: Type.Optional(InlineAuthorization)
}, { additionalProperties: false }))
export type NewNeed = Static<typeof NewNeed>

export const BatchItem = named('FinancingNeedBatchItem', Type.Object(item, { additionalProperties: false }))
export type BatchItem = Static<typeof BatchItem>
export const NeedBatch = named('FinancingNeedBatch', Type.Object({
  batch_no: Type.Optional(BusinessNo('Number of the batch in the sender\'s own system; the same again answers the first result', ['2026-03-park-1'])),
  needs: Type.Array(BatchItem, { minItems: 1, maxItems: needs_per_batch_max, description: 'Needs, each decided for itself' })
}, { additionalProperties: false }))
export type NeedBatch = Static<typeof NeedBatch>

export const BatchAnswer = named('FinancingNeedBatchAnswer', Type.Object({
  batch_no: nullable(BusinessNo('Number of the batch')),
  counts: Type.Object({
    ACCEPTED: Type.Integer({ minimum: 0, maximum: needs_per_batch_max, description: 'Taken in' }),
    REJECTED: Type.Integer({ minimum: 0, maximum: needs_per_batch_max, description: 'Not taken in' })
  }),
  amount_accepted: Money('Sum of what was taken in'),
  results: Type.Array(Type.Object({
    index: Type.Integer({ minimum: 0, maximum: needs_per_batch_max, description: 'Place in the batch, from 0' }),
    outcome: oneOf(['ACCEPTED', 'REJECTED'], 'What became of it'),
    need_no: nullable(NeedNo),
    findings: Type.Array(Finding, { maxItems: 50, description: 'What was wrong and what to do' })
  }), { maxItems: needs_per_batch_max, description: 'One per need, in the order sent' })
}))
export type BatchAnswer = Static<typeof BatchAnswer>

export const NeedSchema = named('FinancingNeed', Type.Object({
  need_no: NeedNo,
  source: oneOf(NEED_SOURCES, 'Door by which it came'),
  uscc: Uscc(),
  park_no: nullable(ParticipantNo('Park')),
  park_code: nullable(ParticipantNo('The same as park_no')),
  project_code: nullable(ProjectCode()),
  project_name: nullable(Text('Name of the project')),
  region_code: nullable(Text('District', 6)),
  amount: nullable(Money('Amount; null once the authorization is withdrawn')),
  term_months: nullable(Type.Integer({ minimum: 1, maximum: 600, description: 'Term in months' })),
  purpose: nullable(Text('Purpose as sent', 500)),
  purpose_code: nullable(oneOf(PURPOSE_CODES, 'Purpose by the published table')),
  purpose_text: nullable(Text('The same as purpose', 500)),
  demand_date: nullable(Day('When the money is needed')),
  expected_date: nullable(Day('The same as demand_date')),
  expected_rate_pct: nullable(Rate('Rate a year that the enterprise expects')),
  collateral_offer: Type.Array(Text('Collateral'), { maxItems: 20, description: 'What the enterprise can offer' }),
  preferred_banks: Type.Array(ParticipantNo('Bank'), { maxItems: 10, description: 'Banks the enterprise would like' }),
  existing_bank_debt: nullable(Money('What the enterprise owes banks')),
  findings: Type.Array(Finding, { maxItems: 10, description: 'Remarks of the day it came in, e.g. the household limit (E-09); they hold nothing' }),
  wants_guarantee: Type.Boolean({ description: 'Guarantee wanted' }),
  wants_lease: Type.Boolean({ description: 'Lease wanted' }),
  is_green_loan: Type.Boolean({ description: 'Green loan' }),
  authorization_no: No('auth', 'Authorization under which it was sent'),
  reference: nullable(BusinessNo('The sender\'s own number')),
  status: oneOf(NEED_STATUSES, 'State'),
  unknown_rules: Type.Array(Text('Rule', 12), { maxItems: 30, description: 'Rules of S1 二 and S2 that cannot be judged yet; they never hold a need' }),
  fast_track: nullable(oneOf(FAST_TRACKS, 'A short opinion replaces the appraisal (S2 (十五))')),
  list_no: nullable(No('list', 'List it came with')),
  row_id: nullable(No('row', 'Row of that list')),
  version: Version,
  created_at: InstantOut('Received'),
  updated_at: InstantOut('Last change')
}))

export const NeedPage = Type.Object({
  ...listOf(NeedSchema).properties,
  totals: Type.Object({
    count: Type.Integer({ minimum: 0, maximum: 1_000_000_000, description: 'Needs that the filter finds, over all pages' }),
    amount: Money('Sum of their amounts')
  })
})

export const NeedQuery = Type.Object({
  ...PageQuery,
  ...UpdatedSince,
  region_code: Type.Optional(Type.String({ pattern: '^\\d{6}$', maxLength: 6, description: 'District' })),
  district: Type.Optional(Type.String({ pattern: '^\\d{6}$', maxLength: 6, description: 'The same as region_code' })),
  project_stage: Type.Optional(oneOf(STAGES, 'Stage of the project, where the authorization of the need covers PROJECT')),
  cluster: Type.Optional(Text('Cluster of 33618 of the project, likewise', 40)),
  purpose_code: Type.Optional(oneOf(PURPOSE_CODES, 'Purpose')),
  amount_min: Type.Optional(Money('At least')),
  amount_max: Type.Optional(Money('At most')),
  tag: Type.Optional(oneOf(TAGS, 'Title of the enterprise')),
  fast_track: Type.Optional(oneOf(FAST_TRACKS, 'Fast track')),
  project_code: Type.Optional(ProjectCode()),
  uscc: Type.Optional(Uscc()),
  status: Type.Optional(oneOf(NEED_STATUSES, 'State'))
}, { additionalProperties: false })
export type NeedQuery = Static<typeof NeedQuery>

export const NeedWithdrawal = named('FinancingNeedWithdrawal', Type.Object({ reason: Type.Optional(Text('Why', 500)) }, { additionalProperties: false }))

export const need_example = {
  need_no: 'need_01JB2Q8Z6V7K3M5N9P4R1S0T2W', source: 'ENTERPRISE_SELF', uscc: '91500112MAXX00015Q', park_no: null, park_code: null, project_code: '2606-500112-07-02-100001',
  project_name: '精密加工线数字化改造', region_code: '500112', amount: '5000000.00', term_months: 36, purpose: '购置数控设备', purpose_code: 'EQUIPMENT_PURCHASE',
  purpose_text: '购置数控设备', demand_date: '2026-06-01', expected_date: '2026-06-01', expected_rate_pct: null, collateral_offer: [], preferred_banks: [],
  existing_bank_debt: null, findings: [], wants_guarantee: true, wants_lease: false, is_green_loan: false, authorization_no: 'auth_01JB2Q8Z6V7K3M5N9P4R1S0T2W', reference: null,
  status: 'SUBMITTED', unknown_rules: ['E-03', 'E-04'], fast_track: 'EQUIPMENT_ONLY', list_no: null, row_id: null, version: 1,
  created_at: '2026-03-18T02:00:00.000Z', updated_at: '2026-03-18T02:00:00.000Z'
}
const { grantor_uscc: _uscc, grantor_name: _name, ...inline_example } = new_authorization_example
export const new_need_example = {
  project_code: '2606-500112-07-02-100001', project_name: '精密加工线数字化改造', amount: '5000000.00', term_months: 36, purpose: '购置数控设备',
  demand_date: '2026-06-01', wants_guarantee: true, authorization: inline_example
}
export const batch_example = {
  request: {
    batch_no: '2026-03-park-1',
    needs: [{ uscc: '91500112MAXX00015Q', project_code: '2606-500112-07-02-100001', amount: '5000000.00', term_months: 36, purpose: '购置数控设备' }]
  },
  reply: {
    batch_no: '2026-03-park-1', counts: { ACCEPTED: 1, REJECTED: 0 }, amount_accepted: '5000000.00',
    results: [{ index: 0, outcome: 'ACCEPTED', need_no: 'need_01JB2Q8Z6V7K3M5N9P4R1S0T2W', findings: [] }]
  }
}
