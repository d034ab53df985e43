import Type, { type Static } from 'typebox'
import {
  BusinessNo, Day, Instant, InstantOut, listOf, Money, named, No, nullable, oneOf, PageQuery, ParticipantNo, ProjectCode, Rate, Sha256, Text, UpdatedSince, Uscc, Version
} from '../../http/schema.ts'
import { LEAD_EVENTS, LEAD_STATUSES } from '../../policy/lifecycle.ts'
import { STAGES as PROJECT_STAGES } from '../../intake/projects/kinds.ts'
import { PURPOSE_CODES } from '../../policy/purposes.ts'
import { TAGS } from '../../policy/tags.ts'
import { ANSWER_FIELDS, CHANNELS, REASON_CODES } from './answers.ts'
import { OUTCOMES, RECIPIENT_KINDS } from './kinds.ts'
import { PAUSE_REASONS, STAGES } from './stages.ts'

const FAST_TRACKS = ['GREEN', 'WHITELIST', 'EQUIPMENT_ONLY'] as const
const SIZE_CLASSES = ['LARGE', 'MEDIUM', 'SMALL', 'MICRO'] as const

export const LeadNo = No('lead', 'Number of the lead 线索编号')
export const LeadParams = Type.Object({ lead_no: LeadNo })
const NeedNo = No('need', 'Number of the financing need 融资需求编号')

const enterprise = {
  uscc: Uscc(),
  name: nullable(Text('Name of the enterprise 企业名称')),
  region_code: nullable(Text('District, GB/T 2260 区县代码', 6, ['500157'])),
  industry_code: nullable(Text('Industry, GB/T 4754-2017 行业代码', 8, ['C3670'])),
  size_class: nullable(oneOf(SIZE_CLASSES, 'Size class 企业划型')),
  tags: Type.Array(oneOf(TAGS, 'Title'), { maxItems: 20, description: 'Titles that hold on the day of the push 资质' })
}
const financing_need = {
  amount: Money('Amount that is wanted 融资金额'),
  term_months: Type.Integer({ minimum: 1, maximum: 600, description: 'Term in months 期限' }),
  purpose: Text('Purpose as it was sent 用途', 500),
  purpose_code: oneOf(PURPOSE_CODES, 'Purpose by the published table'),
  demand_date: nullable(Day('When the money is wanted 用款日期')),
  wants_guarantee: Type.Boolean({ description: 'Whether a guarantee is wanted' }),
  wants_lease: Type.Boolean({ description: 'Whether direct leasing is an option' }),
  contact_name: nullable(Text('Contact 联系人', 100)),
  contact_phone: nullable(Text('Telephone of the contact 联系电话', 40))
}
const project = {
  project_code: nullable(ProjectCode()),
  project_name: nullable(Text('Name of the project 项目名称')),
  investment: nullable(Money('Total investment 总投资')),
  project_stage: nullable(oneOf(PROJECT_STAGES, 'Stage of the project 项目阶段')),
  cluster: nullable(Text('Cluster of 33618 集群', 40))
}
const remarks = {
  sources: Type.Record(Type.String({ maxLength: 40 }), nullable(ParticipantNo('Participant that said it')), { description: 'Where each released field comes from 数据来源', maxProperties: 40 }),
  unknown_rules: Type.Array(Text('Rule', 12, ['E-03']), { maxItems: 40, description: 'Rules of eligibility that cannot be judged yet' }),
  fast_track: nullable(oneOf(FAST_TRACKS, 'A short opinion instead of a full report is enough, S2 (十五) 简要评价意见'))
}
const optional = <T extends Record<string, Parameters<typeof Type.Optional>[0]>>(fields: T) =>
  Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name, Type.Optional(schema)]))

export const Disclosed = named('LeadDisclosure', Type.Object({
  enterprise: Type.Optional(Type.Object(enterprise, { description: 'With the scope ENTERPRISE_BASIC' })),
  financing_need: Type.Optional(Type.Object(financing_need, { description: 'With the scope FINANCING_NEED' })),
  project: Type.Optional(Type.Object(project, { description: 'With the scope PROJECT' })),
  ...remarks
}))

const StageState = named('LeadStage', Type.Object({
  due_date: Day('Last day in Beijing'),
  due_at: InstantOut('First instant after that day: done at or after it is overdue'),
  done_at: nullable(InstantOut('When the stage ended')),
  overdue: Type.Boolean({ description: 'Late, or not done by now' }),
  gross_ms: nullable(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'How long it took' })),
  net_ms: nullable(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'The same without pauses' }))
}))

export const Sla = named('LeadSla', Type.Object({
  contact: StageState,
  plan_and_approval: StageState,
  disbursement: StageState,
  calendar_version: Text('Calendar the days were counted by', 40),
  calendar_provisional: Type.Boolean({ description: 'A day lies in a year whose table is not out yet; it is counted anew then' }),
  paused: Type.Boolean({ description: 'Paused now' }),
  pauses: Type.Array(Type.Object({
    from: InstantOut('Begin'),
    to: nullable(InstantOut('End; null while it lasts')),
    reason_code: oneOf(PAUSE_REASONS, 'Why'),
    document_no: nullable(Text('Evidence', 40))
  }), { maxItems: 200, description: 'Pauses; they do not move the due days' })
}))

export const LeadSchema = named('Lead', Type.Object({
  lead_no: LeadNo,
  status: oneOf(LEAD_STATUSES, 'Where the lead stands 状态'),
  pushed_at: InstantOut('When it was pushed 推送时间'),
  version: Version,
  updated_at: InstantOut('Last change'),
  need_no: Type.Optional(NeedNo),
  recipient_kind: Type.Optional(oneOf(RECIPIENT_KINDS, 'As what the recipient got it')),
  expires_at: Type.Optional(InstantOut('Until then it can be read')),
  ended_at: Type.Optional(nullable(InstantOut('When it ended'))),
  authorization_no: Type.Optional(No('auth', 'Authorization it stands on 授权编号')),
  digest: Type.Optional(Sha256('SHA-256 of the canonical JSON (RFC 8785) of `disclosure`')),
  fields_released: Type.Optional(Type.Array(Text('Field', 40), { maxItems: 40, description: 'Exactly what was released' })),
  sla: Type.Optional(Sla),
  ...optional(enterprise),
  ...optional(financing_need),
  ...optional(project),
  ...optional(remarks),
  disclosure: Type.Optional(Disclosed)
}, {
  description: 'A need as one institution received it. A scope that the authorization lacks takes its fields away; what is granted but not known is null. ' +
    'After withdrawal or expiry only number, status and times are left.'
}))

export const LeadQuery = Type.Object({
  ...PageQuery,
  ...UpdatedSince,
  status: Type.Optional(oneOf(LEAD_STATUSES, 'Only in this state; leads whose content may no longer be read, such as withdrawn and expired ones, are shown only when asked for so: ' +
    'number, status and times')),
  district: Type.Optional(Type.String({ pattern: '^\\d{6}$', maxLength: 6, description: 'District of the enterprise, GB/T 2260', examples: ['500157'] })),
  purpose_code: Type.Optional(oneOf(PURPOSE_CODES, 'Purpose')),
  amount_min: Type.Optional(Money('At least')),
  amount_max: Type.Optional(Money('At most')),
  tag: Type.Optional(oneOf(TAGS, 'Title of the enterprise')),
  fast_track: Type.Optional(oneOf(FAST_TRACKS, 'Fast track')),
  project_stage: Type.Optional(oneOf(PROJECT_STAGES, 'Stage of the project')),
  cluster: Type.Optional(Text('Cluster of 33618 it belongs to', 40)),
  uscc: Type.Optional(Uscc('Only of this enterprise'))
}, { additionalProperties: false })

const totals = Type.Object({
  count: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'How many leads the filter finds' }),
  amount: Money('Sum of their amounts')
}, { description: 'Over all pages' })
export const LeadPage = Type.Object({ ...listOf(LeadSchema).properties, totals })

const kinds = LEAD_EVENTS.map(type => {
  const { needs, may } = ANSWER_FIELDS[type]
  return `${type}${needs.length + may.length === 0 ? '' : ` { ${[...needs, ...may.map(field => `${field}?`)].join(', ')} }`}`
}).join('; ')

export const NewLeadEvent = named('NewLeadEvent', Type.Object({
  type: Type.Optional(oneOf(LEAD_EVENTS, 'What happened; needed unless a partner platform sends partner_status')),
  partner_status: Type.Optional(Text('Own word of a partner platform for what happened; the operator keeps a table of them', 60, ['审批通过'])),
  occurred_at: Instant('When it happened; not in the future, not before the push'),
  channel: Type.Optional(oneOf(CHANNELS, 'How the enterprise was reached')),
  person: Type.Optional(Text('Who made the contact', 100)),
  result: Type.Optional(Text('What came of it', 500)),
  amount: Type.Optional(Money('Approved or disbursed')),
  annual_rate_pct: Type.Optional(Rate('Approved rate')),
  term_months: Type.Optional(Type.Integer({ minimum: 1, maximum: 600, description: 'Approved term' })),
  conditions: Type.Optional(Text('Conditions of the approval', 1000)),
  reason_code: Type.Optional(oneOf(REASON_CODES, 'Why it was refused, or why the clock is paused')),
  reason_text: Type.Optional(Text('The same in words; needed with OTHER', 500)),
  loan_contract_no: Type.Optional(BusinessNo('Contract number of the institution')),
  iou_no: Type.Optional(BusinessNo('Drawdown number of the institution; one drawdown is reported once')),
  date: Type.Optional(Day('Day of the disbursement')),
  document_no: Type.Optional(No('doc', 'Evidence')),
  note: Type.Optional(Text('Remark', 500))
}, { additionalProperties: false, description: `Fields by type: ${kinds}. \`note\` goes with all.` }))
export type NewLeadEvent = Static<typeof NewLeadEvent>

const { properties: { type: _type, occurred_at: _at, ...answer_fields } } = NewLeadEvent
export const LeadEventSchema = named('LeadEvent', Type.Object({
  lead_event_no: No('lev', 'Number of the event'),
  lead_no: LeadNo,
  type: oneOf(LEAD_EVENTS, 'What happened'),
  occurred_at: InstantOut('When it happened'),
  recorded_at: InstantOut('When the hub heard of it'),
  user_no: nullable(Text('Person who sent it; null for a machine', 80)),
  overdue: Type.Boolean({ description: 'It ended its stage late' }),
  ...answer_fields
}))
export const RecordedLeadEvent = named('RecordedLeadEvent', Type.Object({
  ...LeadEventSchema.properties,
  status: oneOf(LEAD_STATUSES, 'Where the lead stands now')
}))
export const LeadEventPage = listOf(LeadEventSchema)
export const LeadEventQuery = Type.Object({ ...PageQuery }, { additionalProperties: false })

export const OverdueLead = named('OverdueLead', Type.Object({
  lead_no: LeadNo,
  need_no: NeedNo,
  recipient_no: ParticipantNo('Institution that is late'),
  recipient_kind: oneOf(RECIPIENT_KINDS, 'As what it got the lead'),
  status: oneOf(LEAD_STATUSES, 'Where the lead stands'),
  pushed_at: InstantOut('When it was pushed'),
  stage: nullable(oneOf(STAGES, 'Stage that is late')),
  due_at: nullable(InstantOut('When it should have ended')),
  overdue_by_ms: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'How late it is' }),
  paused: Type.Boolean({ description: 'Whether a pause with a reason was reported' })
}))
export const OverduePage = listOf(OverdueLead)

export const NeedRecipientSchema = named('NeedRecipient', Type.Object({
  need_no: NeedNo,
  participant_no: ParticipantNo('Institution'),
  recipient_kind: oneOf(RECIPIENT_KINDS, 'As what it was considered'),
  outcome: oneOf(OUTCOMES, 'Whether it got the need'),
  reason: Text('Why, or why not', 300),
  reason_zh: Text('推送或未推送的原因', 300),
  lead_no: nullable(LeadNo),
  decided_at: InstantOut('When it was decided'),
  stage: nullable(oneOf(LEAD_STATUSES, 'How far the institution is; never its terms')),
  stage_since: nullable(InstantOut('Since when'))
}))
const NeedStage = (name: string) => Type.Object({
  due_date: Day('Last day'),
  done_at: nullable(InstantOut('When the first of those that count had done it')),
  overdue: Type.Boolean({ description: 'Done late, or late by now' })
}, { description: name })
export const RecipientPage = Type.Object({
  items: Type.Array(NeedRecipientSchema, { maxItems: 1000, description: 'Every institution that was considered; an institution sees itself only' }),
  clock: nullable(named('NeedClock', Type.Object({
    contact: NeedStage('Contact'),
    plan_and_approval: NeedStage('Plan and approval'),
    disbursement: NeedStage('Disbursement'),
    calendar_provisional: Type.Boolean({ description: 'Some day looked at lies in a year without a table' })
  }, { description: 'The 3个1 clock of the need over those that count for it (A-22); each institution has its own. Null to institutions, and before the need went to one that counts' }))),
  next_cursor: nullable(Type.String({ maxLength: 500, description: 'Always null: the list is short' }))
})
export const NeedParams = Type.Object({ need_no: NeedNo })
