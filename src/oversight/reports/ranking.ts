/**
 * The race of institutions (赛马): weights of the policy's version, loan prime rates, score and rank. Pure.
 * Source: S2 (十六)(十八)(十九). The text names what counts and leaves the weights to the authority: they are parameters of the policy.
 */
import { roundHalfUp } from '../../policy/exact.ts'
import { countOf, pctOf, type PolicyVersion } from '../../policy/terms.ts'
import { hundredths } from './figures.ts'

export const MEASURES = ['volume', 'rate_preference', 'punctuality', 'approval', 'audit', 'relending'] as const
export type Measure = typeof MEASURES[number]

export interface RankingTerms {
  readonly version: string
  /** percent in units of 0.000001 %, sum 100 % */
  readonly weights: Readonly<Record<Measure, bigint>>
  /** how many of a kind are proposed for the cooperating list of the next year: 3 to 5 */
  readonly list_size: number
}

/** The weights of a version of the policy. S2 (十八): relending well used, favourable rates, simple and efficient approval; 3 to 5 institutions of each kind. */
export function rankingTerms (policy: PolicyVersion): RankingTerms {
  const weights = Object.fromEntries(MEASURES.map(measure => [measure, pctOf(policy, `ranking_${measure}_pct`)])) as Record<Measure, bigint>
  return { version: policy.version, weights, list_size: countOf(policy, 'ranking_list_size') }
}

export interface PrimeRate { readonly from: string, readonly one_year_pct: string, readonly five_years_pct: string }

/**
 * Loan prime rate from the day of its announcement, where it changed. Public data, announced monthly by 全国银行间同业拆借中心 (chinamoney.com.cn);
 * known up to the announcement of `prime_rates_known_until`.
 */
export const PRIME_RATES: readonly PrimeRate[] = [
  { from: '2022-12-20', one_year_pct: '3.65', five_years_pct: '4.30' },
  { from: '2023-06-20', one_year_pct: '3.55', five_years_pct: '4.20' },
  { from: '2023-08-21', one_year_pct: '3.45', five_years_pct: '4.20' },
  { from: '2024-02-20', one_year_pct: '3.45', five_years_pct: '3.95' },
  { from: '2024-07-22', one_year_pct: '3.35', five_years_pct: '3.85' },
  { from: '2024-10-21', one_year_pct: '3.10', five_years_pct: '3.60' },
  { from: '2025-05-20', one_year_pct: '3.00', five_years_pct: '3.50' }
]
export const prime_rates_known_until = '2026-08-20'

/** What is known of one institution; null: nothing to judge. Higher is better, except `audit_cut_bp`. */
export interface Contender {
  readonly no: string
  readonly volume_fen: number
  /** average discount to the prime rate in units of 0.000001 % */
  readonly discount_units: bigint | null
  readonly punctuality_bp: number | null
  readonly approval_bp: number | null
  readonly audit_cut_bp: number | null
  readonly relending_bp: number | null
}

export interface Placed { score: string | null, rank: number | null, proposed: boolean }

const whole_bp = 10_000

/** Points by place, in hundredths of a percent: the best gets all, the last one share of as many as there are. */
function byPlace (values: ReadonlyMap<string, bigint>): Map<string, number> {
  return new Map([...values].map(([no, value]) => {
    const better = [...values.values()].filter(other => other > value).length
    return [no, roundHalfUp(BigInt(values.size - better) * BigInt(whole_bp), BigInt(values.size))]
  }))
}

/**
 * Score and rank within one kind of institution. Volume and rate count by place, shares by their value; what cannot be measured takes its
 * weight out of the sum. Without any loan of the period there is no rank. Equal scores share a rank.
 */
export function place (contenders: readonly Contender[], terms: RankingTerms): Map<string, Placed> {
  const racing = contenders.filter(({ volume_fen }) => volume_fen > 0)
  const volume = byPlace(new Map(racing.map(({ no, volume_fen }) => [no, BigInt(volume_fen)])))
  const rates = byPlace(new Map(racing.flatMap(({ no, discount_units }) => discount_units === null ? [] : [[no, discount_units] as const])))
  const scores = new Map(racing.map(each => {
    const points: Record<Measure, number | null> = {
      volume: volume.get(each.no) ?? null,
      rate_preference: rates.get(each.no) ?? null,
      punctuality: each.punctuality_bp,
      approval: each.approval_bp,
      audit: each.audit_cut_bp === null ? null : whole_bp - each.audit_cut_bp,
      relending: each.relending_bp
    }
    const measured = MEASURES.filter(measure => points[measure] !== null)
    const weight = measured.reduce((sum, measure) => sum + terms.weights[measure], 0n)
    const sum = measured.reduce((before, measure) => before + terms.weights[measure] * BigInt(points[measure] ?? 0), 0n)
    return [each.no, weight === 0n ? 0 : roundHalfUp(sum, weight)]
  }))
  return new Map(contenders.map(({ no }): [string, Placed] => {
    const score = scores.get(no)
    if (score === undefined) return [no, { score: null, rank: null, proposed: false }]
    const rank = 1 + [...scores.values()].filter(other => other > score).length
    return [no, { score: hundredths(score), rank, proposed: rank <= terms.list_size }]
  }))
}
