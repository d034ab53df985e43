import Type from 'typebox'
import { Day, InstantOut, listOf, named, nullable, oneOf, PageQuery, Text } from '../../http/schema.ts'
import { POLICY_CODES } from '../../policy/terms.ts'
import { POLICY_STATUSES } from './statuses.ts'

const strict = { additionalProperties: false } as const
const name_pattern = '^[A-Za-z0-9_-]{1,60}$'

const VersionNo = (description: string) => Type.String({ minLength: 1, maxLength: 40, pattern: '^[A-Za-z0-9._-]+$', description, examples: ['2026-12-01.1'] })

const ParameterValue = { anyOf: [{ type: 'string', minLength: 1, maxLength: 60 }, { type: 'integer', minimum: 0, maximum: 1_000_000_000 }] }
const Parameters = (description: string) => Type.Unsafe<Record<string, string | number>>({
  type: 'object', description, maxProperties: 100, propertyNames: { pattern: name_pattern }, additionalProperties: ParameterValue, examples: [{ project_year_ceiling: '12000000.00' }]
})
const ClauseText = named('Clause', Type.Object({
  clause: Text('Clause in English', 300),
  clause_zh: Text('条款', 300)
}, strict))
const Clauses = (description: string) => Type.Unsafe<Record<string, { clause: string, clause_zh: string }>>({
  type: 'object', description, maxProperties: 200, propertyNames: { pattern: name_pattern }, additionalProperties: ClauseText
})

export const PolicyParams = Type.Object({ policy_code: Text('Policy: TECH_RENO_LOAN (S2, S3), PARK_TECH_GUARANTEE (S1), FISCAL_FINANCE_LINKAGE (S5)', 60, ['TECH_RENO_LOAN']) })
export const PolicyVersionParams = Type.Object({ ...PolicyParams.properties, version: VersionNo('Version of the policy') })

const common = {
  policy_code: oneOf(POLICY_CODES, 'Policy'),
  version: VersionNo('Version of the policy'),
  status: oneOf(POLICY_STATUSES, 'PROPOSED until another person confirms it; REPLACED: superseded before its first day'),
  title: Text('Title in English', 300),
  title_zh: Text('名称', 300),
  effective_from: Day('First day in force 施行日'),
  effective_to: nullable(Day('Last day in force; null = open')),
  supersedes: nullable(VersionNo('Version that ends when this one begins')),
  proposed_by: Text('The person who proposed it; `hub` for what came with the program', 80),
  confirmed_by: nullable(Text('The person who confirmed it', 80)),
  confirmed_at: nullable(InstantOut('When it was confirmed')),
  created_at: InstantOut('When it was proposed'),
  updated_at: InstantOut('When it last changed')
}

export const Policy = named('Policy', Type.Object({
  ...common,
  parameters: Parameters('Numbers and readings by name; percent and yuan as text'),
  clauses: Clauses('Clause of every rule, by rule id')
}))
export const PolicyList = listOf(named('PolicySummary', Type.Object(common)))

export const PolicyListQuery = Type.Object({
  policy_code: Type.Optional(oneOf(POLICY_CODES, 'Only this policy')),
  status: Type.Optional(oneOf(POLICY_STATUSES, 'Only in this state')),
  ...PageQuery
}, strict)
export const PolicyOnQuery = Type.Object({ on: Type.Optional(Day('Day on which it is in force; today in Beijing when left out')) }, strict)

export const NewPolicyVersion = named('NewPolicyVersion', Type.Object({
  version: VersionNo('Number of the version: first day and serial'),
  title: Text('Title in English', 300, ['Technical renovation loan, amended']),
  title_zh: Text('名称', 300, ['“技改专项贷”政策（修订）']),
  effective_from: Day('First day in force: today or later'),
  effective_to: Type.Optional(Day('Last day in force; open when left out')),
  supersedes: Type.Optional(VersionNo('Confirmed version that ends the day before; one that is not in force yet is replaced, also from its own first day')),
  parameters: Type.Optional(Parameters('What differs from the version in force before')),
  clauses: Type.Optional(Clauses('Clauses that differ from the version in force before'))
}, strict))

const summary = {
  policy_code: 'TECH_RENO_LOAN', version: '2024-06-09.1', status: 'CONFIRMED', title: 'Technical renovation loan', title_zh: '“技改专项贷”二十条政策措施',
  effective_from: '2024-06-09', effective_to: '2027-12-31', supersedes: null, proposed_by: 'hub', confirmed_by: 'hub', confirmed_at: '2026-03-18T02:00:00.000Z',
  created_at: '2026-03-18T02:00:00.000Z', updated_at: '2026-03-18T02:00:00.000Z'
}
const proposal = {
  version: '2028-01-01.1', title: 'Technical renovation loan, continued', title_zh: '“技改专项贷”（延续）', effective_from: '2028-01-01', effective_to: '2030-12-31',
  parameters: { project_year_ceiling: '12000000.00' }, clauses: { 'L-05': { clause: 'At most 12 million yuan per enterprise project and year', clause_zh: '单个企业项目每年贴息上限为1200万元' } }
}
const proposed = { ...summary, ...proposal, status: 'PROPOSED', proposed_by: 'meic-user-1', confirmed_by: null, confirmed_at: null }

export const policy_examples = {
  list: { items: [summary], next_cursor: null },
  one: { ...summary, parameters: { project_year_ceiling: '10000000.00' }, clauses: { 'L-05': { clause: 'S2 (1)', clause_zh: '渝经信规范〔2024〕11号（一）' } } },
  proposal,
  proposed,
  confirmed: { ...proposed, status: 'CONFIRMED', confirmed_by: 'meic-user-2', confirmed_at: '2026-03-18T03:00:00.000Z' }
}
