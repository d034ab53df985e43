import { finding, type Finding } from './findings.ts'
import type { SizeClass } from './size-class.ts'
import type { HeldTag } from './tags.ts'
import type { PolicyVersion } from './terms.ts'

export const PRODUCTS = ['TECH_RENO_LOAN', 'PARK_TECH_GUARANTEE'] as const
export type Product = typeof PRODUCTS[number]

export const RESULTS = ['PASS', 'FAIL', 'UNKNOWN'] as const
export type RuleResult = typeof RESULTS[number]

/** What is known about an enterprise, its project and its partners. Everything is optional: what is missing makes a rule UNKNOWN. */
export interface EligibilityFacts {
  /** the day judged for */
  readonly on: string
  /** main industry of the enterprise */
  readonly industry_code?: string | undefined
  /** class the project was filed under */
  readonly project_industry_code?: string | undefined
  readonly has_project?: boolean | undefined
  readonly is_tech_renovation?: boolean | undefined
  readonly total_investment_fen?: number | undefined
  readonly land_cost_fen?: number | undefined
  readonly filing_no?: string | undefined
  readonly is_listed_in_library?: boolean | undefined
  readonly employees?: number | undefined
  readonly revenue_fen?: number | undefined
  /** used where the figures are not known */
  readonly size_class_declared?: SizeClass | undefined
  readonly declares_innovative_features?: boolean | undefined
  readonly is_operating?: boolean | undefined
  readonly is_dishonesty_listed?: boolean | undefined
  readonly credit_checked_on?: string | undefined
  readonly national_fund_filing_wanted?: boolean | undefined
  readonly meets_national_fund_rules?: boolean | undefined
  /** what loans in force count under the product, all banks, by the reading of A-26 (`countedAgainstLimit`) */
  readonly contract_limits_fen?: number | undefined
  /** open needs without a contract, all parks */
  readonly open_needs_fen?: number | undefined
  readonly tags?: readonly HeldTag[] | undefined
  readonly active_banks?: number | undefined
  readonly agreement_from?: string | undefined
  readonly agreement_to?: string | undefined
  readonly park_level?: 'NATIONAL' | 'MUNICIPAL' | 'OTHER' | undefined
  readonly guarantors?: number | undefined
  readonly is_government_guarantor?: boolean | undefined
  readonly is_in_park?: boolean | undefined
  readonly uscc?: string | undefined
  readonly site_region_code?: string | undefined
  readonly received_investment_grant?: boolean | undefined
}

/** The two policies a rule may ask, both of the day judged for. */
export interface EligibilityTerms {
  readonly loan: PolicyVersion
  readonly park: PolicyVersion
}

export interface Judgement {
  readonly result: RuleResult
  readonly finding: Finding | null
}

/** One rule of domain §3.1. A soft rule that fails is a remark; a hard one forbids. */
export interface EligibilityRule {
  readonly id: string
  readonly sentence: string
  readonly sentence_zh: string
  readonly clause: string
  readonly hard: boolean
  readonly products: readonly Product[]
  readonly check: (facts: EligibilityFacts, terms: EligibilityTerms) => Judgement
}

export interface RuleJudgement extends Judgement {
  readonly rule_id: string
  readonly hard: boolean
}

export const PASS: Judgement = { result: 'PASS', finding: null }

export function fail (rule_id: string, code: string, message: string, message_zh: string): Judgement {
  return { result: 'FAIL', finding: finding(code, rule_id, message, message_zh) }
}

/** The rule cannot be judged: the finding names the missing fact. It never fails or holds anything. */
export function unknown (rule_id: string, fact: string, fact_zh: string): Judgement {
  return { result: 'UNKNOWN', finding: finding('FACT_MISSING', rule_id, `Cannot be judged yet: ${fact} is not known; send it when asked.`,
    `尚无法判断：缺少${fact_zh}；后续按要求补充即可。`) }
}
