import Type, { type TObject, type TProperties } from 'typebox'
import { Day, Instant, InstantOut, Money, named, nullable, oneOf, Rate, Text, TraceStep } from '../../http/schema.ts'
import { POLICY_CODES } from '../../policy/terms.ts'
import { DAY_COUNTS } from '../../policy/period.ts'
import { INSURANCE_KINDS } from '../../policy/premium.ts'
import type { SubsidyQuoteRequest } from '../../policy/quote-requests.ts'

const PositiveMoney = (description: string) => Type.String({
  pattern: '^(?!0+\\.00$)\\d{1,13}\\.\\d{2}$', maxLength: 16, description: `${description} (yuan, above zero)`, examples: ['10000000.00']
})
const strict = { additionalProperties: false } as const
const vouchers_max = 1000
const segments_max = 1000

const Segment = named('QuotedSegment', Type.Object({
  from: Day('First day that counts'),
  to: Day('Day after the last that counts (算头不算尾)'),
  balance: Money('Whole balance on these days'),
  annual_rate_pct: Rate('Annual rate of these days, 0 to 100')
}, strict))

const Voucher = named('QuotedVoucher', Type.Object({
  voucher_no: Text('Number of the voucher 凭证号', 64),
  paid_date: Day('Day the interest was paid 付息日'),
  segments: Type.Array(Segment, { minItems: 1, maxItems: segments_max, description: 'Days with one balance and rate, in date order; gaps are allowed' }),
  normal_interest_paid: Type.Optional(Money('Normal interest paid; all that was due when left out')),
  penalty_interest: Type.Optional(Money('Penalty interest 罚息: never counts')),
  compound_interest: Type.Optional(Money('Compound interest 复利: never counts')),
  national_subsidy_deducted: Type.Optional(Money('National subsidy that the bank deducted')),
  other_subsidy_received: Type.Optional(Money('Other subsidies received'))
}, strict))

const Vouchers = Type.Array(Voucher, { minItems: 1, maxItems: vouchers_max, description: 'Vouchers of one loan or lease; no day twice' })
const UsedByYear = (description: string) => Type.Unsafe<Record<string, string>>({
  type: 'object', patternProperties: { '^\\d{4}$': Money('Already granted in that year') }, additionalProperties: false, maxProperties: 100, description, examples: [{ 2026: '200000.00' }]
})

function kindOf<K extends SubsidyQuoteRequest['kind'], P extends TProperties> (title: string, kind: K, properties: P) {
  return named(title, Type.Object({
    kind: Type.Literal(kind, { description: `Kind of the subsidy: ${kind}` }),
    draft_version: Type.Optional(Text('A proposed policy version: the answer then also shows what it would pay', 40)),
    ...properties
  }, strict))
}

/** Each kind has fields of its own: checked by the schema of its kind, so that mistakes are told plainly. */
export const quote_kinds = {
  LOAN_INTEREST: kindOf('LoanInterestQuote', 'LOAN_INTEREST', {
    eligible_loan_amount: PositiveMoney('Loan without land 不含土地的贷款金额'),
    land_amount: Type.Optional(Money('Part of the loan for land 土地部分; 0.00 when left out')),
    day_count: Type.Optional(oneOf(DAY_COUNTS, 'Day count of the contract; ACT_360 when left out')),
    vouchers: Vouchers,
    used_by_project: Type.Optional(UsedByYear('Granted to the project before, by calendar year')),
    used_by_loan: Type.Optional(UsedByYear('Granted to the loan before, by calendar year'))
  }),
  LEASE: kindOf('LeaseQuote', 'LEASE', {
    financed_principal: PositiveMoney('Principal financed by the direct lease 直租本金'),
    day_count: Type.Optional(oneOf(DAY_COUNTS, 'Day count of the contract; ACT_360 when left out')),
    vouchers: Vouchers,
    used_by_project: Type.Optional(UsedByYear('Granted to the project for leases before, by calendar year'))
  }),
  GUARANTEE_FEE: kindOf('GuaranteeFeeQuote', 'GUARANTEE_FEE', {
    guaranteed_amount: PositiveMoney('Principal guaranteed, not × 80 % 担保本金'),
    term_months: Type.Integer({ minimum: 1, maximum: 600, description: 'Term of the guarantee in months', examples: [24] }),
    fee_total: Money('Fee charged 担保费'),
    charged_date: Day('Day the fee was charged'),
    other_fees_total: Type.Optional(Money('Fees under other names: they raise the rate, never the base')),
    used_lifetime: Type.Optional(Money('Granted to the project before'))
  }),
  PREMIUM: kindOf('PremiumQuote', 'PREMIUM', {
    insurance_kind: oneOf(INSURANCE_KINDS, 'Kind of the insurance'),
    annual_premium: Money('Premium of the policy year 年度保费'),
    paid_date: Day('Day the premium was paid'),
    insured_amount: Type.Optional(Money('Insured amount 保险金额; needed for FIRST_SET_EQUIPMENT')),
    used_in_policy_year: Type.Optional(Money('Granted in the policy year before'))
  }),
  SUPPLY_CHAIN_REWARD: kindOf('SupplyChainRewardQuote', 'SUPPLY_CHAIN_REWARD', {
    promoted_amount: Money('Loans really promoted by the core enterprise 实际促进贷款额'),
    date: Day('Day that chooses the terms'),
    used_by_household: Type.Optional(Money('Granted to the household before'))
  })
} as const satisfies Record<SubsidyQuoteRequest['kind'], TObject>

/** Only the kind: what can be told about a request whose kind is not known. */
export const QuoteKind = Type.Object({
  kind: oneOf(Object.keys(quote_kinds) as SubsidyQuoteRequest['kind'][], 'Kind of the subsidy')
})

export type QuoteBody = SubsidyQuoteRequest & { draft_version?: string }

export const SubsidyQuoteRequestSchema = Type.Unsafe<QuoteBody>({
  oneOf: Object.values(quote_kinds),
  discriminator: {
    propertyName: 'kind',
    mapping: Object.fromEntries(Object.entries(quote_kinds).map(([kind, schema]) => [kind, `#/components/schemas/${(schema as { title?: string }).title}`]))
  }
})

const Result = {
  policy: named('PolicyRef', Type.Object({
    policy_code: oneOf(POLICY_CODES, 'Policy'),
    version: Text('Version of the policy', 40)
  })),
  lines: Type.Array(named('QuotedLine', Type.Object({
    voucher_no: nullable(Text('Number of the voucher; null for kinds without vouchers', 64)),
    eligible_interest: nullable(Money('Eligible interest 合格利息; null for kinds without interest')),
    formula_amount: Money('By the formula, before ceilings'),
    amount: Money('Subsidy 贴息（补助）金额'),
    trace: Type.Array(TraceStep, { maxItems: 20, description: 'One entry per step, also where it changed nothing' })
  })), { maxItems: vouchers_max, description: 'Lines in the order sent' }),
  total: Money('Sum of the lines')
}

export const SubsidyQuoteReplySchema = named('SubsidyQuote', Type.Object({
  ...Result,
  draft: Type.Optional(named('DraftQuote', Type.Object(Result)))
}))

export const RiskShareRequestSchema = named('RiskShareQuoteRequest', Type.Object({
  default_principal: PositiveMoney('Principal in default 违约本金'),
  vintage_liability: Money('Guaranteed liability (80 % basis) of guarantor × bank × year'),
  vintage_compensated: Money('Already compensated, on the same basis')
}, strict))

export const RiskShareReplySchema = named('RiskShareQuote', Type.Object({
  guarantor: Money('担保机构'),
  fiscal: Money('市级以上财政'),
  bank: Money('银行, with its excess'),
  re_guarantor: Money('再担保机构'),
  bank_excess: Money('What the bank bears beyond its 20 % because of the breaker'),
  covered_by_system: Money('Guarantor, fiscal and re-guarantor together'),
  headroom_before: Money('Headroom under the cap before this default'),
  rate_after_pct: Type.String({ pattern: '^\\d{1,19}\\.\\d{4}$', maxLength: 24, description: 'Compensation rate after it 代偿率 (percent), four digits, cut', examples: ['4.0000'] }),
  state: oneOf(['NORMAL', 'WARNING', 'TRIPPED'], 'State of the breaker after it 代偿熔断')
}))

export const DeadlineRequestSchema = named('DeadlineQuoteRequest', Type.Object({
  pushed_at: Instant('Instant of the push 推送'),
  contacted_at: Type.Optional(Instant('Instant of the contact 对接; on its due day when left out')),
  approved_at: Type.Optional(Instant('Instant of the approval 审批; needs contacted_at; on its due day when left out'))
}, strict))

export const DeadlineReplySchema = named('DeadlineQuote', Type.Object({
  contact_due_date: Day('Last day to contact'),
  approval_due_date: Day('Last day of plan and approval'),
  disbursement_due_date: Day('Last day of disbursement'),
  contact_due_at: InstantOut('First instant at which the contact is overdue'),
  approval_due_at: InstantOut('First instant at which the approval is overdue'),
  disbursement_due_at: InstantOut('First instant at which the disbursement is overdue'),
  calendar_version: Text('Version of the working-day calendar', 40),
  calendar_provisional: Type.Boolean({ description: 'Some day looked at lies in a year without a table' })
}))
