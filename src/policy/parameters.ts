import type { PolicyCode } from './terms.ts'

/** What a parameter of a policy is: its form, what it means, the reading of the ambiguous text it stands for. */
export type Parameter =
  | { readonly kind: 'PCT' | 'YUAN' | 'DATE' | 'COUNT', readonly meaning: string }
  | { readonly kind: 'CHOICE', readonly choices: readonly string[], readonly meaning: string }

const pct = (meaning: string): Parameter => ({ kind: 'PCT', meaning })
const yuan = (meaning: string): Parameter => ({ kind: 'YUAN', meaning })
const count = (meaning: string): Parameter => ({ kind: 'COUNT', meaning })
const choice = (choices: readonly string[], meaning: string): Parameter => ({ kind: 'CHOICE', choices, meaning })

export const SUBSIDY_BASES = ['BALANCE_DAYS', 'YEAR_AMOUNT'] as const
export const RATE_BASES = ['EXECUTED', 'NET_OF_NATIONAL'] as const
export const LOAN_AMOUNT_BASES = ['DISBURSED', 'CONTRACT', 'BALANCE'] as const
export type LoanAmountBasis = typeof LOAN_AMOUNT_BASES[number]
export const YEAR_BASES = ['PAID_DATE', 'ACCRUAL_SPLIT'] as const
export const CEILING_OWNERS = ['PROJECT', 'ENTERPRISE'] as const
export const LEASE_CEILINGS = ['SEPARATE', 'WITHIN_LOANS'] as const
export const SYNDICATE_CEILINGS = ['PROJECT', 'SHARE'] as const
export const EARLIER_CONTRACTS = ['ACCEPTED', 'EXCLUDED'] as const
export const PREMIUM_CEILING_SPANS = ['POLICY_YEAR', 'LIFETIME'] as const
export const FIRST_SET_CEILING_OWNERS = ['PRODUCT', 'ENTERPRISE'] as const
export const PREMIUM_RATE_RULES = ['RECOGNISE_UP_TO', 'DISQUALIFY'] as const
export const PARTIAL_PAYMENTS = ['PROPORTIONAL', 'CLAMP_ONLY'] as const
export const FEE_CEILING_SPANS = ['LIFETIME', 'YEAR'] as const
export const FEE_PAYEES = ['GUARANTOR', 'ENTERPRISE'] as const
export const OLDER_EVIDENCE = ['HOLD', 'ACCEPT'] as const
export const BUDGET_PRIORITIES = ['COOPERATING_FIRST', 'QUEUE_ONLY'] as const
export const PARK_EVIDENCE = ['DECLARATION', 'DOCUMENT'] as const
export const WEEK_READINGS = ['CALENDAR_DAYS', 'WORK_DAYS'] as const
export const NEED_CLOCKS = ['FIRST_BANK', 'FIRST_RECIPIENT'] as const
export const CROSSING_CLAIMS = ['PARTIAL', 'ALL_OR_NOTHING'] as const
export const BREAKER_SCOPES = ['GUARANTOR_BANK', 'GUARANTOR', 'PARK', 'PRODUCT'] as const
export const DENOMINATORS = ['VINTAGE_LIABILITY', 'RELEASED', 'OUTSTANDING'] as const
export const MANUFACTURING_BASES = ['ENTERPRISE', 'PROJECT'] as const
export const HOUSEHOLD_BASES = ['CONTRACT', 'APPROVED', 'OUTSTANDING'] as const
export const EXTENDED_INTERESTS = ['EXCLUDED', 'INCLUDED'] as const
export const RECOVERY_TIMINGS = ['YEAR_END', 'AT_ONCE'] as const

/** Every number and every reading of the policies by name; a version is complete when it has them all, and no other. */
export const PARAMETERS: Readonly<Record<PolicyCode, Readonly<Record<string, Parameter>>>> = {
  TECH_RENO_LOAN: {
    subsidy_share_of_rate_pct: pct('L-01: share of the actual loan rate'),
    subsidy_rate_max_pct: pct('L-01: highest subsidy rate a year'),
    loan_year_ceiling_pct: pct('L-04: share of the eligible loan per loan and calendar year (A-02)'),
    loan_amount_basis: choice(LOAN_AMOUNT_BASES, 'A-03: what L-04 takes its share of: paid out by the end of the year, the contract, or the highest balance of the year'),
    project_year_ceiling: yuan('L-05: per enterprise project and calendar year, over all banks'),
    project_ceiling_owner: choice(CEILING_OWNERS, 'A-06: ceilings of loans, leases and fees are those of one project of an enterprise, or of the enterprise over all projects'),
    syndicate_ceiling: choice(SYNDICATE_CEILINGS, 'A-28: shares of a syndicated loan use up the ceiling of the project together, or each bank’s share has its own'),
    interest_counts_from: { kind: 'DATE', meaning: 'A-24: days before this day do not count' },
    earlier_contracts: choice(EARLIER_CONTRACTS, 'A-24: interest on a contract signed before that day counts from it on, or not at all'),
    subsidy_basis: choice(SUBSIDY_BASES, 'A-01: rate on day-weighted balance, or half of the year’s interest'),
    rate_basis: choice(RATE_BASES, 'A-04: executed rate, or net of the national subsidy'),
    year_basis: choice(YEAR_BASES, 'A-05: year of payment, or split over the years of accrual'),
    extended_period_interest: choice(EXTENDED_INTERESTS, 'A-12: whether interest of an extended term counts'),
    manufacturing_basis: choice(MANUFACTURING_BASES, 'A-19, E-01: main industry of the enterprise, or class of the project'),
    minimum_investment: yuan('E-03: total investment without land, inclusive'),
    lease_rate_pct: pct('Z-01: on the principal balance'),
    lease_project_year_ceiling: yuan('Z-01: per enterprise project and calendar year'),
    lease_ceiling: choice(LEASE_CEILINGS, 'A-07: leases use up their own ceiling only, or that of loans as well'),
    lease_partial_payment: choice(PARTIAL_PAYMENTS, 'Z-01, L-06a: interest paid in part reduces in proportion, or only clamps'),
    leaseback_months_max: count('A-17: purchase at most so many months before a 直转回 lease'),
    guarantee_fee_share_pct: pct('G-01: share of the fee charged (A-18)'),
    guarantee_fee_rate_max_pct: pct('G-02: highest annualised fee rate, inclusive'),
    guarantee_fee_ceiling: yuan('G-01: per enterprise project'),
    guarantee_fee_ceiling_span: choice(FEE_CEILING_SPANS, 'A-16: once for ever, or per calendar year'),
    guarantee_fee_payee: choice(FEE_PAYEES, 'A-27: who gets half of the fee'),
    premium_share_pct: pct('I-01…I-03: share of the annual premium'),
    premium_rate_max_pct: pct('I-01: share of the insured amount'),
    premium_rate_rule: choice(PREMIUM_RATE_RULES, 'A-14: premium recognised up to the rate, or a higher rate disqualifies'),
    first_set_ceiling: yuan('I-01: per product and policy year'),
    first_set_ceiling_owner: choice(FIRST_SET_CEILING_OWNERS, 'A-15: the ceiling of first sets is that of a product, or of the enterprise'),
    first_version_ceiling: yuan('I-02: per enterprise, kind and policy year'),
    renovation_loss_ceiling: yuan('I-03: per enterprise, kind and policy year'),
    premium_ceiling_span: choice(PREMIUM_CEILING_SPANS, 'A-15: ceilings of premiums begin anew with the policy year, or hold once for ever'),
    reward_share_pct: pct('X-01: share of the loans promoted'),
    reward_ceiling: yuan('X-01: per household'),
    ranking_volume_pct: pct('S2 (十八)(十九): weight of the volume in the race of institutions; the six sum to 100'),
    ranking_rate_preference_pct: pct('S2 (十八)(十九): weight of favourable rates'),
    ranking_punctuality_pct: pct('S2 (十五)(十八): weight of the 3个1 clock'),
    ranking_approval_pct: pct('S2 (十八): weight of approvals'),
    ranking_audit_pct: pct('S2 (十三): weight of what audits left'),
    ranking_relending_pct: pct('S2 (四)(十八): weight of relending'),
    ranking_list_size: count('S2 (十八): how many of a kind are proposed for the cooperating list of the next year, 3 to 5'),
    score_preview_working_days: count('S2 (十五)(十九): so many working days after a quarter its 3个1 score is the scored institution’s alone, then it is published'),
    suppression_min_group: count('S2 (十九), contract §2: figures about fewer enterprises are hidden from those who may read statistics only; at least 2'),
    older_evidence: choice(OLDER_EVIDENCE, 'A-13: a voucher older than an authorization without a clause about history is held, or accepted'),
    budget_priority: choice(BUDGET_PRIORITIES, 'A-29, L-07: cooperating institutions first when the budget is short, or the queue alone'),
    contact_work_days: count('3个1: working days to contact'),
    plan_and_approval_days: count('3个1: days to plan and approval'),
    disbursement_days: count('3个1: days to disbursement'),
    need_clock: choice(NEED_CLOCKS, 'A-22: a need is contacted, approved and served when the first bank did so, or the first institution of any kind'),
    week_reading: choice(WEEK_READINGS, 'A-21: calendar days moved on to a working day, or working days'),
    recalculation_pass_amount: yuan('§7.9: difference that passes'),
    recalculation_pass_pct: pct('§7.9: difference that passes, of the recomputed interest'),
    recalculation_warn_pct: pct('§7.9: difference that is held; above it the voucher fails'),
    plausible_rate_min_pct: pct('§7.9: a lower loan rate is remarked'),
    plausible_rate_max_pct: pct('§7.9: a higher loan rate is remarked'),
    gap_days_max: count('5.9: a longer gap between vouchers is remarked'),
    credit_check_days: count('E-07: how old a credit check may be')
  },
  PARK_TECH_GUARANTEE: {
    household_limit: yuan('E-09: per enterprise'),
    household_basis: choice(HOUSEHOLD_BASES, 'A-26: what counts beside open needs: contracts in force, what was approved, or what is outstanding; all banks'),
    household_limit_tagged: yuan('E-09: per enterprise with one of the five titles'),
    consortium_banks_max: count('E-10: active banks per park'),
    cooperation_years: count('E-11: default term of the agreement'),
    guaranteed_share_pct: pct('R-01: part of the principal the system guarantees'),
    share_guarantor_pct: pct('R-01'),
    share_fiscal_pct: pct('R-01: one party'),
    fiscal_municipal_pct: pct('A-20: part of the fiscal share that the municipality bears'),
    fiscal_state_fund_pct: pct('A-20: part of the fiscal share that a state fund bears; the two sum to 100'),
    share_bank_pct: pct('R-01'),
    share_re_guarantor_pct: pct('R-01'),
    breaker_cap_pct: pct('R-02: highest compensation rate'),
    breaker_warning_share_pct: pct('§6: WARNING from this share of the cap'),
    breaker_scope: choice(BREAKER_SCOPES, 'A-10: whose guarantees of a vintage share one cap: of a guarantor for a bank, of a guarantor, of a park, or all'),
    breaker_denominator: choice(DENOMINATORS, 'A-08: what the rate is measured against; numerator and denominator on one basis'),
    breaker_crossing_claim: choice(CROSSING_CLAIMS, 'A-11: cover the headroom only, or nothing'),
    breaker_recoveries: choice(RECOVERY_TIMINGS, 'A-09: when recoveries lower the numerator'),
    claim_filing_days_max: count('S1 四(一), 六(三): a claim filed more days after the default is remarked as late; for the agreement to say'),
    claim_decision_days: count('S1 四(一), 六(三): days for the decision on a claim, and for the review of a prepayment; moved on to a working day'),
    list_amount_min: yuan('contract §4: a smaller need is held as a suspected unit error'),
    list_amount_max: yuan('contract §4: a larger need is held as a suspected unit error'),
    park_evidence: choice(PARK_EVIDENCE, 'S1 四(三)3: consent in a list row stands on the park’s declaration, or waits for a document of each enterprise'),
    authorization_months_after_term: count('contract §4: a declared authorization lasts so many months longer than the loan')
  },
  FISCAL_FINANCE_LINKAGE: {
    average_guarantee_fee_max_pct: pct('S5 (十): average fee rate of government guarantors'),
    focus_guaranteed_amount_max: yuan('S5 (十): focus per household')
  }
}
