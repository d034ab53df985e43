import Type, { type Static } from 'typebox'
import { InstantOut, listOf, Money, named, nullable, oneOf, PageQuery, ParticipantNo, Text } from '../../http/schema.ts'
import { BREAKER_STATES } from '../../policy/risk-share.ts'
import { RiskShareReplySchema } from '../../registry/policies/quote-schema.ts'
import { WIDER_SCOPES } from './scopes.ts'

const strict = { additionalProperties: false } as const
const Year = (description: string) => Type.Integer({ minimum: 2000, maximum: 9999, description, examples: [2026] })
const RatePct = (description: string) => Type.String({ pattern: '^\\d{1,19}\\.\\d{4}$', maxLength: 24, description, examples: ['2.5000'] })
const State = oneOf(BREAKER_STATES, 'State 代偿熔断: WARNING from 75 % of the cap, TRIPPED when it is reached')

export const RATE_CODES = ['VINTAGE_RATE', 'COMPENSATION_RATE'] as const

export const BreakerSchema = named('Breaker', Type.Object({
  guarantor_no: ParticipantNo('Guarantor'),
  bank_no: ParticipantNo('Bank'),
  vintage_year: Year('Vintage: year of the guarantees 担保年度'),
  state: State,
  is_open: Type.Boolean({ description: 'Whether the vintage may still grow; false once its year is settled' }),
  liability: Money('Denominator: guaranteed liability of the vintage, 80 % of the guaranteed principal 担保责任额'),
  cap: Money('Cap: 4 % of it, cut to the fen 熔断上限'),
  compensated: Money('Numerator: what the system covered, less recoveries settled at year-end'),
  headroom: Money('What the system still covers'),
  covered: Money('What the system covered, before recoveries'),
  recoveries_settled: Money('Recoveries that lowered the numerator at a year-end settlement'),
  recoveries_unsettled: Money('Recoveries that wait for the next one'),
  rates: Type.Array(Type.Object({
    code: oneOf(RATE_CODES, 'Which rate'),
    label: Text('Name of the rate', 200),
    label_zh: Text('名称', 200),
    numerator: Money('Numerator'),
    denominator: Money('Denominator, on the same 80 % basis'),
    rate_pct: nullable(RatePct('Percent, four digits, cut; null without a denominator'))
  }), { maxItems: 2, description: 'The rate the breaker goes by, and the supervisory 代偿率 beside it (A-08)' }),
  what_if: nullable(RiskShareReplySchema),
  policy_version: Text('Version of PARK_TECH_GUARANTEE in force today', 40)
}))

export const BreakerPage = listOf(BreakerSchema)
export const BreakerQuery = Type.Object({
  ...PageQuery,
  guarantor_no: Type.Optional(ParticipantNo('Only of this guarantor')),
  bank_no: Type.Optional(ParticipantNo('Only of this bank')),
  vintage_year: Type.Optional(Year('Only of this vintage')),
  state: Type.Optional(oneOf(BREAKER_STATES, 'Only in this state')),
  default_principal: Type.Optional(Money('What if this principal were compensated today'))
}, strict)
export type BreakerQuery = Static<typeof BreakerQuery>

export const BreakerScopeSchema = named('BreakerScope', Type.Object({
  scope: oneOf(WIDER_SCOPES, 'Whose guarantees are measured together'),
  decides: Type.Boolean({ description: 'Whether claims go by this scope under the version in force (A-10)' }),
  guarantor_no: nullable(ParticipantNo('Guarantor; null where all are measured together')),
  park_no: nullable(ParticipantNo('Park the need of the project came through; null for the others, and where parks are not told apart')),
  vintage_year: Year('Vintage: year of the guarantees 担保年度'),
  liability: Money('Denominator: guaranteed liability, 80 % of the guaranteed principal 担保责任额'),
  cap: Money('Cap, cut to the fen 熔断上限'),
  compensated: Money('Numerator: what the system covered, less settled recoveries'),
  headroom: Money('What is left under the cap'),
  vintage_rate_pct: RatePct('Compensated ÷ liability, percent, four digits, cut'),
  state: State,
  what_if: nullable(RiskShareReplySchema),
  policy_version: Text('Version of PARK_TECH_GUARANTEE in force today', 40)
}))
export const BreakerScopePage = listOf(BreakerScopeSchema)
export const BreakerScopeQuery = Type.Object({
  ...PageQuery,
  scope: Type.Optional(oneOf(WIDER_SCOPES, 'Only this scope')),
  vintage_year: Type.Optional(Year('Only of this vintage')),
  default_principal: Type.Optional(Money('What if this principal were compensated today'))
}, strict)

export const scope_example = {
  scope: 'PARK', decides: false, guarantor_no: null, park_no: 'park-1', vintage_year: 2026, liability: '400000000.00', cap: '16000000.00', compensated: '15000000.00',
  headroom: '1000000.00', vintage_rate_pct: '3.7500', state: 'WARNING', what_if: null, policy_version: '2026-01-12.1'
}

export const NewSettlement = named('NewBreakerSettlement', Type.Object({ year: Year('Year to settle; from its last day on') }, strict))

export const BreakerSettlement = named('BreakerSettlement', Type.Object({
  year: Year('Year'),
  settled_by: Text('Person', 80),
  settled_at: InstantOut('When'),
  breakers: Type.Array(Type.Object({
    guarantor_no: ParticipantNo('Guarantor'),
    bank_no: ParticipantNo('Bank'),
    vintage_year: Year('Vintage'),
    liability: Money('Denominator, now final for vintages until that year'),
    recoveries: Money('Recoveries that lowered the numerator'),
    compensated_before: Money('Numerator before'),
    compensated_after: Money('Numerator after'),
    vintage_rate_pct: RatePct('Rate after'),
    state_before: State,
    state_after: State
  }), { maxItems: 10_000, description: 'Every breaker of a vintage until that year, and others whose recoveries were counted' })
}))

export const breaker_example = {
  guarantor_no: 'guarantor-1', bank_no: 'bank-1', vintage_year: 2026, state: 'WARNING', is_open: true, liability: '400000000.00', cap: '16000000.00', compensated: '15000000.00',
  headroom: '1000000.00', covered: '15000000.00', recoveries_settled: '0.00', recoveries_unsettled: '600000.00',
  rates: [
    { code: 'VINTAGE_RATE', label: 'Compensated ÷ guaranteed liability of the vintage', label_zh: '年度代偿率（代偿额÷当年新增担保责任额）', numerator: '15000000.00',
      denominator: '400000000.00', rate_pct: '3.7500' },
    { code: 'COMPENSATION_RATE', label: 'Cumulative compensation ÷ cumulative released guarantees', label_zh: '代偿率（累计代偿÷累计解除担保）', numerator: '15000000.00',
      denominator: '0.00', rate_pct: null }
  ],
  what_if: {
    guarantor: '500000.00', fiscal: '375000.00', bank: '4000000.00', re_guarantor: '125000.00', bank_excess: '3000000.00', covered_by_system: '1000000.00',
    headroom_before: '1000000.00', rate_after_pct: '4.0000', state: 'TRIPPED'
  },
  policy_version: '2026-01-12.1'
}

export const settlement_example = {
  year: 2026, settled_by: 'finance-bureau-user-1', settled_at: '2027-01-08T02:00:00.000Z',
  breakers: [{
    guarantor_no: 'guarantor-1', bank_no: 'bank-1', vintage_year: 2026, liability: '400000000.00', recoveries: '480000.00', compensated_before: '16000000.00',
    compensated_after: '15520000.00', vintage_rate_pct: '3.8800', state_before: 'TRIPPED', state_after: 'WARNING'
  }]
}
