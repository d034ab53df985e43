/** Shares, rates and durations of reports as text: whole numbers all the way, rounded half up once. Pure. */
import { rateText, roundHalfUp } from '../../policy/exact.ts'

/** Hundredths as text: 9524 → "95.24", -15 → "-0.15". */
export function hundredths (value: number): string {
  const absolute = Math.abs(value)
  return `${value < 0 ? '-' : ''}${Math.floor(absolute / 100)}.${String(absolute % 100).padStart(2, '0')}`
}

/** numerator ÷ denominator in hundredths of a percent; null without a denominator. */
export function shareBp (numerator: number, denominator: number): number | null {
  return denominator === 0 ? null : roundHalfUp(BigInt(numerator) * 10_000n, BigInt(denominator))
}

/** numerator ÷ denominator as percent with two digits; null without a denominator. */
export function sharePct (numerator: number, denominator: number): string | null {
  const share = shareBp(numerator, denominator)
  return share === null ? null : hundredths(share)
}

/** numerator ÷ denominator with four digits: yuan per yuan. */
export function ratio (numerator: number, denominator: number): string | null {
  if (denominator === 0) return null
  const parts = roundHalfUp(BigInt(numerator) * 10_000n, BigInt(denominator))
  return `${Math.floor(parts / 10_000)}.${String(parts % 10_000).padStart(4, '0')}`
}

/** Mean with two digits: average days. */
export function mean (sum: number, count: number): string | null {
  return count === 0 ? null : hundredths(roundHalfUp(BigInt(sum) * 100n, BigInt(count)))
}

/** Middle value of durations in hours with two digits; of an even number the mean of the two in the middle. */
export function medianHours (durations_ms: readonly number[]): string | null {
  const sorted = [...durations_ms].sort((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.floor((sorted.length - 1) / 2)]
  if (upper === undefined || lower === undefined) return null
  return hundredths(roundHalfUp((BigInt(upper) + BigInt(lower)) * 100n, 2n * 3_600_000n))
}

export interface Weighted { weight_fen: number, rate_units: bigint }

/** Σ weight × rate ÷ Σ weight ÷ scale, half away from zero, once; null without a weight. */
function weighted (parts: readonly Weighted[], scale: bigint): bigint | null {
  const weight = parts.reduce((sum, part) => sum + BigInt(part.weight_fen), 0n) * scale
  if (weight === 0n) return null
  const whole = parts.reduce((sum, part) => sum + BigInt(part.weight_fen) * part.rate_units, 0n)
  const half = weight / 2n
  return whole < 0n ? -((-whole + half) / weight) : (whole + half) / weight
}

/** Average of rates weighted by amounts, in units of 0.000001 %; null without an amount. */
export function weightedRate (parts: readonly Weighted[]): bigint | null {
  return weighted(parts, 1n)
}

/** The same as percent with four digits. */
export function averageRatePct (parts: readonly Weighted[]): string | null {
  const four = weighted(parts, 100n)
  return four === null ? null : ratePct(four * 100n)
}

/** The same as basis points with two digits: 0.30 % → "30.00". */
export function averageBasisPoints (parts: readonly Weighted[]): string | null {
  const hundredth_bp = weighted(parts, 100n)
  return hundredth_bp === null ? null : hundredths(Number(hundredth_bp))
}

/** A rate with four digits. */
export function ratePct (units: bigint): string {
  const four = (units < 0n ? units - 50n : units + 50n) / 100n
  const absolute = four < 0n ? -four : four
  return `${four < 0n ? '-' : ''}${absolute / 10_000n}.${String(absolute % 10_000n).padStart(4, '0')}`
}

export { rateText }
