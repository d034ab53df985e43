import { LIFETIME } from './ceilings.ts'
import { roundHalfUp, UNITS_PER_ONE } from './exact.ts'
import { pointed, RuleBreach, type PointedFinding } from './findings.ts'
import { outsideFlatLine, type FlatLine } from './guarantee.ts'
import { FIRST_SET_CEILING_OWNERS, PREMIUM_CEILING_SPANS, PREMIUM_RATE_RULES } from './parameters.ts'
import { isDate, yearOf } from './period.ts'
import { fenParameter, isInForce, nearestTerms, pctOf, readingOf, type PolicyVersion } from './terms.ts'
import { traceFrom } from './trace.ts'

export const INSURANCE_KINDS = ['FIRST_SET_EQUIPMENT', 'FIRST_VERSION_SOFTWARE', 'RENOVATION_COST_LOSS'] as const
export type InsuranceKind = typeof INSURANCE_KINDS[number]

const RULES: Readonly<Record<InsuranceKind, { readonly rule_id: string, readonly ceiling: string }>> = {
  FIRST_SET_EQUIPMENT: { rule_id: 'I-01', ceiling: 'first_set_ceiling' },
  FIRST_VERSION_SOFTWARE: { rule_id: 'I-02', ceiling: 'first_version_ceiling' },
  RENOVATION_COST_LOSS: { rule_id: 'I-03', ceiling: 'renovation_loss_ceiling' }
}

/** A product is one however it is written; products without a name are one, so that leaving it out opens no ceiling of its own. */
const productKey = (product: string): string => product.normalize('NFKC').replace(/\s/gu, '').toLowerCase()

/**
 * The ceiling that a premium uses up: whose it is, and the policy year, or LIFETIME, in which it does.
 *
 * Source: S2 (六), S3 (十三); reading A-15.
 */
export function premiumCeiling ({ insurance_kind, product, policy_start }: { readonly insurance_kind: InsuranceKind, readonly product: string,
  readonly policy_start: string }, terms: PolicyVersion): { scope: string, year: string, cap_fen: number } {
  const of_product = insurance_kind === 'FIRST_SET_EQUIPMENT' && readingOf(terms, 'first_set_ceiling_owner', FIRST_SET_CEILING_OWNERS) === 'PRODUCT'
  return {
    scope: of_product ? `${insurance_kind}:${productKey(product)}` : insurance_kind,
    year: readingOf(terms, 'premium_ceiling_span', PREMIUM_CEILING_SPANS) === 'POLICY_YEAR' ? yearOf(policy_start) : LIFETIME,
    cap_fen: fenParameter(terms, RULES[insurance_kind].ceiling)
  }
}

export interface Premium {
  readonly voucher_no: string | null
  readonly insurance_kind: InsuranceKind
  readonly paid_date: string
  readonly annual_premium_fen: number
  /** needed for the first kind, ignored for the others */
  readonly insured_fen: number | null
  /** already granted under its ceiling (`premiumCeiling`) */
  readonly used_fen: number
}

/** What is wrong with a premium. Codes: amount_invalid, insured_amount_missing, date_invalid. */
export function checkPremium (premium: Premium, pointer: string): PointedFinding[] {
  const findings: PointedFinding[] = []
  const amounts = { annual_premium: premium.annual_premium_fen, insured_amount: premium.insured_fen ?? 0, used_in_policy_year: premium.used_fen }
  for (const [name, fen] of Object.entries(amounts)) {
    if (!Number.isSafeInteger(fen) || fen < 0) findings.push(pointed(`${pointer}/${name}`, 'amount_invalid', `${name} is no amount`,
      `${name} 不是有效金额`))
  }
  if (premium.insurance_kind === 'FIRST_SET_EQUIPMENT' && premium.insured_fen === null) {
    findings.push(pointed(`${pointer}/insured_amount`, 'insured_amount_missing', 'the first set of equipment needs the insured amount',
      '首台（套）保险需提供保险金额'))
  }
  if (!isDate(premium.paid_date)) findings.push(pointed(`${pointer}/paid_date`, 'date_invalid', `${premium.paid_date} is no day of the calendar`,
    `${premium.paid_date} 不是真实日期`))
  return findings
}

/**
 * Premium subsidy: 80 % of the annual premium; for a first set of equipment the premium counts up to 3 % of the insured
 * amount (or, in the strict reading, a higher rate pays nothing); then the ceiling of the policy year.
 *
 * @returns one line, rounded half up once, after the share
 * @throws RuleBreach when the premium could never have been accepted
 * Source: S2 (六), S3 (十三); rules I-01…I-03, readings.
 */
export function premiumLine (policies: readonly PolicyVersion[], premium: Premium): FlatLine {
  const findings = checkPremium(premium, '')
  if (findings.length > 0) throw new RuleBreach(findings)
  const policy = nearestTerms(policies, 'TECH_RENO_LOAN', premium.paid_date)
  if (!isInForce(policy, premium.paid_date)) return outsideFlatLine(policy, premium.voucher_no, premium.annual_premium_fen)
  const { rule_id, ceiling } = RULES[premium.insurance_kind]
  const share = pctOf(policy, 'premium_share_pct')
  const { steps, step } = traceFrom(policy, premium.annual_premium_fen)
  let recognised = BigInt(premium.annual_premium_fen) * UNITS_PER_ONE
  if (premium.insurance_kind === 'FIRST_SET_EQUIPMENT') {
    const highest = BigInt(premium.insured_fen ?? 0) * pctOf(policy, 'premium_rate_max_pct')
    const disqualify = readingOf(policy, 'premium_rate_rule', PREMIUM_RATE_RULES) === 'DISQUALIFY'
    if (recognised > highest) recognised = disqualify ? 0n : highest
    step('A-14', roundHalfUp(recognised, UNITS_PER_ONE))
  }
  const formula_fen = step(rule_id, roundHalfUp(recognised * share, UNITS_PER_ONE * UNITS_PER_ONE))
  const amount_fen = step(`${rule_id}-CEILING`, Math.min(formula_fen, Math.max(0, fenParameter(policy, ceiling) - premium.used_fen)))
  return { voucher_no: premium.voucher_no, policy: { policy_code: policy.policy_code, version: policy.version }, formula_fen, amount_fen,
    trace: steps }
}
