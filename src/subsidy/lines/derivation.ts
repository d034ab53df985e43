/**
 * The lines of an enterprise project as a pure function of its accepted vouchers and of what is frozen already.
 *
 * Ceilings are used up in the order paid date, submission, number. What a submitted packet froze keeps its place before all
 * others, as far as its own facts still carry it: so a ceiling is never exceeded and nothing it allows is left over, whatever
 * arrives later. A frozen line that its facts no longer carry is clawed back; one that they now exceed gets a supplement. What an
 * audit cut is not claimed again by a correction: a supplement is the difference between what the facts gave and give.
 * Source: contract §6; design D12; domain §3.2.
 */
import type { TraceStep } from '../../policy/terms.ts'

/** Part of an amount that uses up a ceiling. `cap_fen` null: a counter without a row of its own (the loan's ceiling). */
export interface Use { scope: string, year: string, amount_fen: number, cap_fen: number | null }

/** Fen used so far of one ceiling, by year. */
export type UsedByYear = Readonly<Record<string, number>>

export interface Granted {
  year: string
  eligible_interest_fen: number | null
  formula_fen: number
  amount_fen: number
  uses: Use[]
  trace: readonly TraceStep[]
  policy_code: string
  policy_version: string
}

/** An accepted voucher with the rule that prices it. */
export interface Claim {
  /** number of the first voucher of a line of corrections */
  chain: string
  voucher_number: string
  /** paid date, submission instant and number: the queue */
  order_key: string
  /** @param used what a ceiling has granted to others so far */
  evaluate (used: (scope: string) => UsedByYear): Granted
}

/** What earlier packets hold of a chain: sums of its frozen lines, less what was already clawed back. */
export interface Frozen {
  amount_fen: number
  /** the order in which chains were frozen */
  since: string
  /** what audits cut of these lines: it stays cut, whatever is corrected later */
  cut_fen: number
}

export interface Allotment<C extends Claim> {
  chain: string
  /** null: frozen, but no accepted voucher stands behind it any more */
  claim: C | null
  granted: Granted | null
  /** what the chain is due in all */
  target_fen: number
  frozen_fen: number
  uses: Use[]
}

/**
 * What a chain is due when its audits cut something: only what its facts give beyond the amount that was judged is added to what the
 * audits left; what they give less than that is taken off.
 */
function dueAfterCut (granted_fen: number, held: Frozen | undefined): number {
  if (held === undefined || held.cut_fen === 0) return granted_fen
  const judged_fen = held.amount_fen + held.cut_fen
  return Math.min(granted_fen, Math.max(judged_fen, granted_fen) - held.cut_fen)
}

class Ledger {
  readonly #used = new Map<string, Map<string, number>>()

  of = (scope: string): UsedByYear => Object.fromEntries(this.#used.get(scope) ?? [])

  add (uses: readonly Use[], sign: 1 | -1 = 1): void {
    for (const { scope, year, amount_fen } of uses) {
      const years = this.#used.get(scope) ?? new Map<string, number>()
      years.set(year, (years.get(year) ?? 0) + sign * amount_fen)
      this.#used.set(scope, years)
    }
  }
}

/** The first `limit_fen` of every scope's uses. */
export function cutUses (uses: readonly Use[], limit_fen: number): Use[] {
  const left = new Map<string, number>()
  return uses.map(use => {
    const rest = left.get(use.scope) ?? limit_fen
    const amount_fen = Math.min(use.amount_fen, rest)
    left.set(use.scope, rest - amount_fen)
    return { ...use, amount_fen }
  })
}

const by = <T>(key: (one: T) => string) => (a: T, b: T): number => key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0

/**
 * What every chain is due, in the order of the queue; chains without a voucher come last.
 *
 * @param claims the accepted vouchers, at most one per chain, in any order
 * @param frozen what packets hold, by chain
 */
export function allot<C extends Claim> (claims: readonly C[], frozen: ReadonlyMap<string, Frozen>): Allotment<C>[] {
  const ledger = new Ledger()
  const kept = new Map<string, Use[]>()
  const claim_of = new Map(claims.map(claim => [claim.chain, claim]))
  for (const [chain, { amount_fen }] of [...frozen].sort(by(([, { since }]) => since))) {
    const claim = claim_of.get(chain)
    if (claim === undefined) continue
    const uses = cutUses(claim.evaluate(ledger.of).uses, amount_fen)
    kept.set(chain, uses)
    ledger.add(uses)
  }
  const allotments: Allotment<C>[] = []
  for (const claim of [...claims].sort(by(({ order_key }) => order_key))) {
    const held = frozen.get(claim.chain)
    ledger.add(kept.get(claim.chain) ?? [], -1)
    const granted = claim.evaluate(ledger.of)
    const target_fen = dueAfterCut(granted.amount_fen, held)
    const uses = cutUses(granted.uses, target_fen)
    ledger.add(uses)
    allotments.push({ chain: claim.chain, claim, granted, target_fen, frozen_fen: held?.amount_fen ?? 0, uses })
  }
  for (const [chain, { amount_fen }] of frozen) {
    if (!claim_of.has(chain)) allotments.push({ chain, claim: null, granted: null, target_fen: 0, frozen_fen: amount_fen, uses: [] })
  }
  return allotments
}

/** Quarter of a day: 2026-03-21 → 2026Q1. */
export function quarterOf (date: string): string {
  return `${date.slice(0, 4)}Q${Math.ceil(Number(date.slice(5, 7)) / 3)}`
}
