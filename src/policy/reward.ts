import { roundHalfUp, UNITS_PER_ONE } from './exact.ts'
import { pointed, RuleBreach, type PointedFinding } from './findings.ts'
import { outsideFlatLine, type FlatLine } from './guarantee.ts'
import { isDate } from './period.ts'
import { fenParameter, isInForce, nearestTerms, pctOf, type PolicyVersion } from './terms.ts'
import { traceFrom } from './trace.ts'

export interface Promotion {
  readonly voucher_no: string | null
  readonly date: string
  /** loans the core enterprise really promoted, fen */
  readonly promoted_fen: number
  /** already granted to the household */
  readonly used_fen: number
}

/** What is wrong with a promotion. Codes: amount_invalid, date_invalid. */
export function checkPromotion (promotion: Promotion, pointer: string): PointedFinding[] {
  const findings: PointedFinding[] = []
  const amounts = { promoted_amount: promotion.promoted_fen, used_by_household: promotion.used_fen }
  for (const [name, fen] of Object.entries(amounts)) {
    if (!Number.isSafeInteger(fen) || fen < 0) findings.push(pointed(`${pointer}/${name}`, 'amount_invalid', `${name} is no amount`,
      `${name} 不是有效金额`))
  }
  if (!isDate(promotion.date)) findings.push(pointed(`${pointer}/date`, 'date_invalid', `${promotion.date} is no day of the calendar`,
    `${promotion.date} 不是真实日期`))
  return findings
}

/**
 * 渝链贷 reward of a core enterprise: 0.5 % of the loans it promoted, at most 1 million yuan per household.
 *
 * @throws RuleBreach when the promotion could never have been accepted
 * Source: S3 (四); rule X-01.
 */
export function rewardLine (policies: readonly PolicyVersion[], promotion: Promotion): FlatLine {
  const findings = checkPromotion(promotion, '')
  if (findings.length > 0) throw new RuleBreach(findings)
  const policy = nearestTerms(policies, 'TECH_RENO_LOAN', promotion.date)
  if (!isInForce(policy, promotion.date)) return outsideFlatLine(policy, promotion.voucher_no, promotion.promoted_fen)
  const { steps, step } = traceFrom(policy, promotion.promoted_fen)
  const formula_fen = step('X-01', roundHalfUp(BigInt(promotion.promoted_fen) * pctOf(policy, 'reward_share_pct'), UNITS_PER_ONE))
  const amount_fen = step('X-01-CEILING', Math.min(formula_fen, Math.max(0, fenParameter(policy, 'reward_ceiling') - promotion.used_fen)))
  return { voucher_no: promotion.voucher_no, policy: { policy_code: policy.policy_code, version: policy.version }, formula_fen, amount_fen,
    trace: steps }
}
