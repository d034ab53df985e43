import { NEED_CLOCKS } from './parameters.ts'
import { readingOf, type PolicyVersion } from './terms.ts'

/** How far one institution is with a need; instants. */
export interface Reached {
  readonly kind: string
  readonly pushed_at: string
  readonly contacted_at: string | null
  readonly approved_at: string | null
  readonly disbursed_at: string | null
}

/**
 * Where a need stands by the 3个1 clock: each institution has its own, the need counts a stage as done when the first bank has done it, or
 * the first institution of any kind.
 *
 * @returns the earliest instants of those that count; null when the need went to none of them
 * Source: S2 (十五); reading A-22.
 */
export function needReached (reached: readonly Reached[], terms: PolicyVersion): Omit<Reached, 'kind'> | null {
  const banks_only = readingOf(terms, 'need_clock', NEED_CLOCKS) === 'FIRST_BANK'
  const counted = reached.filter(({ kind }) => !banks_only || kind === 'BANK')
  const first = (name: 'pushed_at' | 'contacted_at' | 'approved_at' | 'disbursed_at'): string | null =>
    counted.flatMap((one) => one[name] ?? []).sort()[0] ?? null
  const pushed_at = first('pushed_at')
  return pushed_at === null ? null : { pushed_at, contacted_at: first('contacted_at'), approved_at: first('approved_at'), disbursed_at: first('disbursed_at') }
}
