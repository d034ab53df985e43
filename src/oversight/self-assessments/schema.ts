import Type, { type Static } from 'typebox'
import { Day, Finding, Instant, InstantOut, listOf, Money, named, No, nullable, oneOf, PageQuery, ParticipantNo, ProjectCode, Rate, Text, Uscc,
  Version } from '../../http/schema.ts'

const strict = { additionalProperties: false } as const
const Count = (description: string) => Type.Integer({ minimum: 0, maximum: 10_000_000, description, examples: [12] })
const Period = Type.String({
  pattern: '^\\d{4}(-(0[1-9]|1[0-2])|Q[1-4]|H[12])?$', maxLength: 7, description: 'Period: year, half-year, quarter or month 评估期间', examples: ['2026Q1']
})

/** KPIs that a park states and the hub can mostly compute. */
export const figures = {
  new_manufacturing_loan_amount: Money('Manufacturing loans paid out in the period 新增制造业贷款额'),
  new_manufacturing_enterprises: Count('Manufacturing enterprises that got their first loan 新增制造业贷款企业数'),
  leading_industry_renovation_share_pct: Rate('Share of the larger enterprises of the leading industry that carried out renovation, so far 主导产业累计实施技改规上企业占比'),
  leads_pushed: Count('Leads pushed to institutions 推送线索'),
  leads_contacted_on_time: Count('Of these contacted within one working day 按时对接'),
  leads_approved: Count('Approved 审批通过'),
  leads_disbursed: Count('Paid out 已放款'),
  projects_started: Count('Renovation projects begun 新开工技改项目'),
  projects_listed: Count('Of these listed in the library through 技改e点通 已入库'),
  compensation_rate_pct: Rate('Compensated ÷ guaranteed liability of the park’s enterprises 代偿率')
} as const

export const FIGURES = Object.keys(figures) as (keyof typeof figures)[]

const ProjectOf = {
  project_code: ProjectCode(),
  owner_uscc: Uscc('Enterprise'),
  name: Type.Optional(Text('Name of the project', 200)),
  start_date: Day('Day it began 开工日期')
}

const optional = Object.fromEntries(Object.entries(figures).map(([name, schema]) => [name,
  Type.Optional(schema)])) as { [K in keyof typeof figures]: ReturnType<typeof Type.Optional<typeof figures[K]>> }
const unknown = Object.fromEntries(Object.entries(figures).map(([name, schema]) => [name,
  nullable(schema)])) as { [K in keyof typeof figures]: ReturnType<typeof nullable<typeof figures[K]>> }

export const NewSelfAssessment = named('NewSelfAssessment', Type.Object({
  period: Period,
  ...optional,
  new_projects: Type.Optional(Type.Array(Type.Object(ProjectOf, strict), { maxItems: 2000, description: 'Renovation projects newly begun, for 技改e点通' })),
  problems: Type.Optional(Text('Problems 存在问题', 4000)),
  measures: Type.Optional(Text('Measures 改进措施', 4000)),
  document_nos: Type.Optional(Type.Array(No('doc', 'Uploaded document'), { maxItems: 50, uniqueItems: true, description: 'Attachments' })),
  correction_of: Type.Optional(No('assess', 'Earlier assessment of the period that this replaces'))
}, strict))
export type NewSelfAssessment = Static<typeof NewSelfAssessment>

const NewProjects = Type.Array(Type.Object({
  project_code: ProjectCode(),
  owner_uscc: Uscc('Enterprise'),
  name: nullable(Text('Name of the project', 200)),
  start_date: Day('Day it began'),
  is_listed: nullable(Type.Boolean({ description: 'Whether it stands in the library 是否已入库; null: not known here' }))
}), { maxItems: 2000, description: 'Renovation projects newly begun, for 技改e点通' })

export const Prefilled = named('SelfAssessmentFacts', Type.Object({
  period: Period,
  from: Day('First day'),
  to: Day('First day after it'),
  ...unknown,
  new_projects: NewProjects
}, { description: 'What the hub itself knows; null where it cannot know' }))

export const SelfAssessment = named('SelfAssessment', Type.Object({
  number: No('assess', 'Number of the hub'),
  participant_no: ParticipantNo('Park'),
  period: Period,
  revision: Type.Integer({ minimum: 1, maximum: 1000, description: 'Rises with every correction', examples: [1] }),
  correction_of: nullable(No('assess', 'What it replaced')),
  status: oneOf(['SUBMITTED', 'SUPERSEDED'], 'State'),
  submitted_to: oneOf(['MEIC'], 'To whom'),
  ...unknown,
  new_projects: NewProjects,
  problems: nullable(Text('Problems', 4000)),
  measures: nullable(Text('Measures', 4000)),
  document_nos: Type.Array(No('doc', 'Document of the park'), { maxItems: 50, description: 'Attachments' }),
  prefilled: Prefilled,
  findings: Type.Array(Finding, { maxItems: 50, description: 'Where the park’s figures differ from what the hub knows' }),
  version: Version,
  created_at: InstantOut('Received'),
  updated_at: InstantOut('Last change')
}))

export const AssessmentPage = Type.Object({
  ...listOf(SelfAssessment).properties,
  prefilled: nullable(Prefilled)
})

export const AssessmentQuery = Type.Object({
  ...PageQuery,
  updated_since: Type.Optional(Instant('Only what changed at or after this instant')),
  period: Type.Optional(Period),
  park_no: Type.Optional(ParticipantNo('Only of this park; for prefill by MEIC, the park that is meant')),
  status: Type.Optional(oneOf(['SUBMITTED', 'SUPERSEDED'], 'Only in this state')),
  prefill: Type.Optional(Type.Boolean({ description: 'With period: also what the hub knows of it' }))
}, strict)
export type AssessmentQuery = Static<typeof AssessmentQuery>

export const prefilled_example = {
  period: '2026Q1', from: '2026-01-01', to: '2026-04-01', new_manufacturing_loan_amount: '8000000.00', new_manufacturing_enterprises: 1,
  leading_industry_renovation_share_pct: null, leads_pushed: 6, leads_contacted_on_time: 5, leads_approved: 2, leads_disbursed: 1, projects_started: 1, projects_listed: 1,
  compensation_rate_pct: '0.0000',
  new_projects: [{ project_code: '2606-500112-07-02-100001', owner_uscc: '91500112MAXX00015Q', name: '数控产线技术改造', start_date: '2026-03-02', is_listed: true }]
}

export const new_assessment_example = {
  period: '2026Q1', new_manufacturing_loan_amount: '8000000.00', new_manufacturing_enterprises: 1, leading_industry_renovation_share_pct: '42.5', leads_pushed: 6,
  leads_contacted_on_time: 5, leads_approved: 2, leads_disbursed: 1, projects_started: 1, projects_listed: 1, problems: '个别企业抵押物不足', measures: '组织银企对接会两场'
}

export const assessment_example = {
  number: 'assess_01JB2Q8Z6V7K3M5N9P4R1S0T2W', participant_no: 'park-1', revision: 1, correction_of: null, status: 'SUBMITTED', submitted_to: 'MEIC',
  ...new_assessment_example, compensation_rate_pct: '0.0000', new_projects: prefilled_example.new_projects, document_nos: [], prefilled: prefilled_example, findings: [],
  version: 1, created_at: '2026-04-02T02:00:00.000Z', updated_at: '2026-04-02T02:00:00.000Z'
}
