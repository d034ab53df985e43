import { ELIGIBILITY_RULES } from './eligibility-rules.ts'
import type { EligibilityFacts, EligibilityTerms, Product, RuleJudgement } from './eligibility-facts.ts'
import { MANUFACTURING_BASES } from './parameters.ts'
import { nearestTerms, readingOf, type PolicyVersion } from './terms.ts'

export { ELIGIBILITY_RULES } from './eligibility-rules.ts'
export { PRODUCTS, RESULTS } from './eligibility-facts.ts'
export type { EligibilityFacts, EligibilityRule, EligibilityTerms, Judgement, Product, RuleJudgement, RuleResult } from './eligibility-facts.ts'

/** Terms of both policies on a day; before or after their time the nearest version. */
export function eligibilityTermsOn (policies: readonly PolicyVersion[], date: string): EligibilityTerms {
  return { loan: nearestTerms(policies, 'TECH_RENO_LOAN', date), park: nearestTerms(policies, 'PARK_TECH_GUARANTEE', date) }
}

/** Judges every rule of a product. Source: domain notes §3.1; S1 二, S2 (二)(三)(十三). */
export function judge (product: Product, facts: EligibilityFacts, policies: readonly PolicyVersion[]): RuleJudgement[] {
  const terms = eligibilityTermsOn(policies, facts.on)
  return ELIGIBILITY_RULES.filter((rule) => rule.products.includes(product)).map((rule) => {
    const { result, finding: reason } = rule.check(facts, terms)
    return { rule_id: rule.id, hard: rule.hard, result, finding: reason }
  })
}

/** Whether E-01 asks for the main industry of the enterprise; otherwise for the class of the project. Source: reading A-19. */
export function judgesEnterprise (policies: readonly PolicyVersion[], date: string): boolean {
  return readingOf(nearestTerms(policies, 'TECH_RENO_LOAN', date), 'manufacturing_basis', MANUFACTURING_BASES) === 'ENTERPRISE'
}

/** Rules that must be PASS before a subsidy line is payable; until then it is BLOCKED with the missing fact named. */
export const PAYABLE_RULES = ['E-01', 'E-03', 'E-04'] as const

/** What still blocks the payment: judgements of the payable rules that are not PASS. */
export function blocking (facts: EligibilityFacts, policies: readonly PolicyVersion[]): RuleJudgement[] {
  const payable: readonly string[] = PAYABLE_RULES
  return judge('TECH_RENO_LOAN', facts, policies).filter((one) => payable.includes(one.rule_id) && one.result !== 'PASS')
}

export const FAST_TRACKS = ['GREEN', 'WHITELIST', 'EQUIPMENT_ONLY'] as const
export type FastTrack = typeof FAST_TRACKS[number]

/** Loans and projects for which a short opinion replaces the appraisal; the first ground counts. Source: S2 (十五). */
export function fastTrackOf (facts: { readonly is_green_loan: boolean, readonly is_whitelisted: boolean,
  readonly is_equipment_only: boolean }): FastTrack | null {
  if (facts.is_green_loan) return 'GREEN'
  if (facts.is_whitelisted) return 'WHITELIST'
  return facts.is_equipment_only ? 'EQUIPMENT_ONLY' : null
}
