/** Money is whole fen: a safe integer in code, a decimal string in yuan with two digits on the wire (D6). */

const YUAN = /^\d{1,13}\.\d{2}$/

/** The largest amount the wire can carry: 9 999 999 999 999.99 yuan. */
export const FEN_MAX = 999_999_999_999_999

/** Whether the text is an amount of the contract: yuan, two digits, no sign. */
export function isMoney (text: string): boolean {
  return YUAN.test(text)
}

/**
 * Yuan text to fen.
 *
 * @throws RangeError when the text is no amount of the contract; nothing is guessed or repaired
 */
export function fenOf (yuan: string): number {
  if (!YUAN.test(yuan)) throw new RangeError(`not an amount in yuan with two digits: ${yuan}`)
  return Number(yuan.slice(0, -3)) * 100 + Number(yuan.slice(-2))
}

/** Fen to yuan text with two digits; negative allowed ("-0.05"). Throws RangeError for anything but a safe integer. */
export function yuanOf (fen: number): string {
  if (!Number.isSafeInteger(fen)) throw new RangeError(`not whole fen: ${fen}`)
  const absolute = Math.abs(fen)
  const cents = absolute % 100
  const yuan = (absolute - cents) / 100
  return `${fen < 0 ? '-' : ''}${yuan}.${cents < 10 ? '0' : ''}${cents}`
}

/** Throws RangeError unless the value is whole, safe and not negative; returns it. */
export function checkedFen (fen: number): number {
  if (!Number.isSafeInteger(fen) || fen < 0) throw new RangeError(`not an amount in whole fen: ${fen}`)
  return fen
}

/** Sum of fen; throws RangeError when a summand or the sum is no safe integer. */
export function sumFen (amounts: Iterable<number>): number {
  let sum = 0
  for (const amount of amounts) {
    sum += amount
    if (!Number.isSafeInteger(amount) || !Number.isSafeInteger(sum)) throw new RangeError(`sum out of range at ${amount}`)
  }
  return sum
}

/** Sum of yuan texts as yuan text. */
export function sumYuan (amounts: Iterable<string>): string {
  let sum = 0
  for (const amount of amounts) sum = sumFen([sum, fenOf(amount)])
  return yuanOf(sum)
}

/**
 * Splits an amount in the ratio of whole weights so that the parts sum to the whole: everybody gets the cut share,
 * the fen left over go one each to the largest remainders, ties to the earlier party.
 *
 * @param total_fen whole fen ≥ 0
 * @param weights whole numbers ≥ 0, at least one above zero (unless the total is 0)
 * Source: S1 五(一); domain notes §8.1.
 */
export function splitByLargestRemainder (total_fen: number, weights: readonly number[]): number[] {
  return splitByWeights(total_fen, weights.map((weight) => BigInt(checkedFen(weight))))
}

/** The same for weights beyond the safe integers (numerators of exact fractions). */
export function splitByWeights (total_fen: number, weights: readonly bigint[]): number[] {
  checkedFen(total_fen)
  const sum = weights.reduce((before, weight) => before + weight, 0n)
  if (total_fen === 0) return weights.map(() => 0)
  if (sum <= 0n) throw new RangeError('nothing to split by: all weights are zero')
  const parts = weights.map((weight, index) => {
    const product = BigInt(total_fen) * weight
    return { index, fen: Number(product / sum), remainder: product % sum }
  })
  let left = total_fen - parts.reduce((before, part) => before + part.fen, 0)
  const byRemainder = [...parts].sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1))
  for (const part of byRemainder) {
    if (left === 0) break
    part.fen += 1
    left -= 1
  }
  return parts.map((part) => part.fen)
}
