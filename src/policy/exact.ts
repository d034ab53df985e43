import { Decimal } from 'decimal.js'

/**
 * decimal.js with 80 digits: every product of money, rates and months is finite and exact in it.
 * Where a share or a day count divides (1/3 has no finite decimal), the kernel keeps a fraction of two BigInts instead
 * and divides once, at the end.
 */
export const Exact = Decimal.clone({ precision: 80, rounding: Decimal.ROUND_HALF_UP, toExpNeg: -100, toExpPos: 100 })

/** One percent in units of the sixth decimal of a percentage: the finest rate the wire can carry. */
export const UNITS_PER_PERCENT = 1_000_000n
/** One whole (100 %) in the same units. */
export const UNITS_PER_ONE = 100n * UNITS_PER_PERCENT

const RATE = /^(\d{1,3})(?:\.(\d{1,6}))?$/
const DECIMALS = 6

export function isRate (text: string): boolean {
  return RATE.test(text)
}

/**
 * A percentage as whole units of 0.000001 %.
 *
 * @throws RangeError when the text is no rate of the contract (`^\d{1,3}(\.\d{1,6})?$`)
 */
export function rateUnits (rate_pct: string): bigint {
  const parts = RATE.exec(rate_pct)
  if (parts === null) throw new RangeError(`not a rate in percent: ${rate_pct}`)
  return BigInt(`${parts[1]}${(parts[2] ?? '').padEnd(DECIMALS, '0')}`)
}

/** The same number as text again, without needless zeros: 3600000 → "3.6". */
export function rateText (units: bigint): string {
  return new Exact(units.toString()).div(1_000_000).toFixed()
}

/** A BigInt as a safe number; throws RangeError instead of losing a digit. */
export function safeNumber (value: bigint): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw new RangeError(`amount out of range: ${value}`)
  return number
}

/** numerator ÷ denominator, half up to the whole; numerator ≥ 0, denominator > 0. The one rounding of a money rule (R7). */
export function roundHalfUp (numerator: bigint, denominator: bigint): number {
  if (numerator < 0n || denominator <= 0n) throw new RangeError('roundHalfUp needs numerator ≥ 0 and denominator > 0')
  return safeNumber((2n * numerator + denominator) / (2n * denominator))
}

/** numerator ÷ denominator, cut to the whole: a ceiling must not be exceeded by a fen. */
export function cutDown (numerator: bigint, denominator: bigint): number {
  if (numerator < 0n || denominator <= 0n) throw new RangeError('cutDown needs numerator ≥ 0 and denominator > 0')
  return safeNumber(numerator / denominator)
}
