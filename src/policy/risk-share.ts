import { cutDown, Exact, UNITS_PER_ONE, UNITS_PER_PERCENT } from './exact.ts'
import { checkedFen, splitByLargestRemainder } from './money.ts'
import { CROSSING_CLAIMS } from './parameters.ts'
import { pctOf, readingOf, type PolicyVersion } from './terms.ts'

export const BREAKER_STATES = ['NORMAL', 'WARNING', 'TRIPPED'] as const
export type BreakerState = typeof BREAKER_STATES[number]

/** Who bears what, fen. The four sum to the principal. */
export interface Borne {
  readonly guarantor_fen: number
  readonly fiscal_fen: number
  readonly bank_fen: number
  readonly re_guarantor_fen: number
}

export interface RiskShare extends Borne {
  /** part of bank_fen that the bank bears only because the breaker's cap is reached */
  readonly bank_excess_fen: number
  readonly covered_by_system_fen: number
  readonly cap_fen: number
  readonly headroom_before_fen: number
  /** percent, four digits, cut */
  readonly rate_after_pct: string
  readonly state: BreakerState
}

/** Weights as whole numbers in the order guarantor, fiscal, bank, re-guarantor: also the order of ties. */
function weights (terms: PolicyVersion): [number, number, number, number] {
  const weight = (name: string): number => Number(pctOf(terms, name))
  return [weight('share_guarantor_pct'), weight('share_fiscal_pct'), weight('share_bank_pct'), weight('share_re_guarantor_pct')]
}

/** NORMAL, WARNING from the warning share of the cap, TRIPPED when the cap is reached. Source: S1 五(一); rule R-02. */
export function breakerState (liability_fen: number, compensated_fen: number, terms: PolicyVersion): BreakerState {
  const cap_fen = breakerCap(liability_fen, terms)
  if (compensated_fen >= cap_fen) return 'TRIPPED'
  const warning = pctOf(terms, 'breaker_warning_share_pct')
  return BigInt(compensated_fen) * UNITS_PER_ONE >= BigInt(cap_fen) * warning ? 'WARNING' : 'NORMAL'
}

/** 4 % of the vintage's guaranteed liability, cut to the fen. */
export function breakerCap (liability_fen: number, terms: PolicyVersion): number {
  return cutDown(BigInt(checkedFen(liability_fen)) * pctOf(terms, 'breaker_cap_pct'), UNITS_PER_ONE)
}

/** compensated ÷ liability × 100, four digits, cut; "0.0000" without liability. */
export function compensationRate (compensated_fen: number, liability_fen: number): string {
  if (liability_fen === 0) return '0.0000'
  return new Exact(compensated_fen).times(100).div(liability_fen).toFixed(4, Exact.ROUND_DOWN)
}

/**
 * Shares of one default: 40/30/20/10, unless the system's part is more than the headroom under the breaker's cap. Then the
 * system covers the headroom only, in its own ratio, and the bank bears the rest.
 *
 * @param default_principal_fen principal in default, > 0
 * @param vintage_liability_fen guaranteed liability (80 % basis) of guarantor × bank × year
 * @param vintage_compensated_fen already compensated, on the same basis
 * @throws RangeError for negative or broken amounts
 * Source: S1 五(一); rules; readings A-08….
 */
export function riskShare ({ default_principal_fen, vintage_liability_fen, vintage_compensated_fen, terms }: {
  readonly default_principal_fen: number
  readonly vintage_liability_fen: number
  readonly vintage_compensated_fen: number
  readonly terms: PolicyVersion
}): RiskShare {
  checkedFen(default_principal_fen)
  checkedFen(vintage_compensated_fen)
  const cap_fen = breakerCap(vintage_liability_fen, terms)
  const headroom = Math.max(0, cap_fen - vintage_compensated_fen)
  const [guarantorWeight, fiscalWeight, bankWeight, reGuarantorWeight] = weights(terms)
  const plain = splitByLargestRemainder(default_principal_fen, [guarantorWeight, fiscalWeight, bankWeight, reGuarantorWeight])
  const [guarantor = 0, fiscal = 0, bank = 0, reGuarantor = 0] = plain
  const systemPart = guarantor + fiscal + reGuarantor
  const fits = systemPart <= headroom
  const partial = readingOf(terms, 'breaker_crossing_claim', CROSSING_CLAIMS) === 'PARTIAL'
  const covered = fits ? systemPart : partial ? headroom : 0
  const [guarantorCovered = 0, fiscalCovered = 0, reGuarantorCovered = 0] = fits
    ? [guarantor, fiscal, reGuarantor]
    : splitByLargestRemainder(covered, [guarantorWeight, fiscalWeight, reGuarantorWeight])
  const after = vintage_compensated_fen + covered
  return {
    guarantor_fen: guarantorCovered,
    fiscal_fen: fiscalCovered,
    bank_fen: fits ? bank : default_principal_fen - covered,
    re_guarantor_fen: reGuarantorCovered,
    bank_excess_fen: systemPart - covered,
    covered_by_system_fen: covered,
    cap_fen,
    headroom_before_fen: headroom,
    rate_after_pct: compensationRate(after, vintage_liability_fen),
    state: breakerState(vintage_liability_fen, after, terms)
  }
}

/**
 * Splits what was recovered, net of its cost, by what each party really bore.
 *
 * @throws RangeError for a negative recovery, or when nobody bore anything
 * Source: S1 五(一); domain notes §8.1.
 */
export function splitRecovery (net_fen: number, borne: Borne): Borne {
  const [guarantor_fen = 0, fiscal_fen = 0, bank_fen = 0, re_guarantor_fen = 0] =
    splitByLargestRemainder(net_fen, [borne.guarantor_fen, borne.fiscal_fen, borne.bank_fen, borne.re_guarantor_fen])
  return { guarantor_fen, fiscal_fen, bank_fen, re_guarantor_fen }
}

/**
 * How the fiscal share of a loss is borne inside the fiscal party.
 *
 * @param fiscal_fen the fiscal share, ≥ 0; the parts sum to it
 * Source: S1 五(一); reading A-20.
 */
export function splitFiscal (fiscal_fen: number, terms: PolicyVersion): { municipal_fen: number, state_fund_fen: number } {
  const parts = [pctOf(terms, 'fiscal_municipal_pct'), pctOf(terms, 'fiscal_state_fund_pct')].map(Number)
  const [municipal_fen = 0, state_fund_fen = 0] = splitByLargestRemainder(fiscal_fen, parts)
  return { municipal_fen, state_fund_fen }
}

/** Whether the agreed shares are those of the policy: they sum to 100 % and the bank bears at least its part. */
export function sharesSumToWhole (terms: PolicyVersion): boolean {
  return weights(terms).reduce((sum, weight) => sum + weight, 0) === Number(100n * UNITS_PER_PERCENT)
}
