/**
 * The lines of an enterprise project as a pure function of its accepted vouchers and of what is frozen already.
 *
 * Ceilings are used up in the order paid date, submission, number. What a submitted packet froze keeps its place before all
 * others, as far as its own facts still carry it: so a ceiling is never exceeded and nothing it allows is left over, whatever
 * arrives later. A frozen line that its facts no longer carry is clawed back; one that they now exceed gets a supplement. What an
 * audit cut is not claimed again by a correction (`dueAfterCuts`).
 * Source: contract §6; design D12; domain §3.2.
 */
import type { TraceStep } from '../../policy/terms.ts'

/** Part of an amount that uses up a ceiling. */
export interface Use { scope: string, year: string, amount_fen: number, cap_fen: number }

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

/** What earlier packets hold of a chain. */
export interface Frozen {
  /** sum of its frozen lines: recognised, or claimed while their audit is not through */
  recognised_fen: number
  /** what claw-backs ask back of that, and what of it payments have taken back */
  clawed_fen: number
  settled_fen: number
  /** the order in which chains were frozen */
  since: string
  cuts: readonly Cut[]
  /** what it used up when it was frozen last, where a correction of its voucher is held: until that is decided all of it stays */
  suspended?: readonly Use[]
}

/** What an audit cut of a line, and what the facts gave its chain in all when the line was claimed. */
export interface Cut { granted_fen: number, cut_fen: number }

/** What a chain has, or is on its way to have. */
export function heldOf (held: Frozen | undefined): number {
  return held === undefined ? 0 : Math.max(0, held.recognised_fen - held.settled_fen)
}

export interface Allotment<C extends Claim> {
  chain: string
  /** null: frozen, but no accepted voucher stands behind it any more */
  claim: C | null
  granted: Granted | null
  /** what the chain is due in all */
  target_fen: number
  /** what packets hold of it, less what was taken back */
  frozen_fen: number
  settled_fen: number
  uses: Use[]
}

/**
 * What a chain is due of what its facts give: each audit cut the topmost fen that were left of what they gave when it judged. These
 * stay cut whatever is corrected later: facts beyond add the difference, facts below lose first what was cut anyway. A function of the
 * set of cuts, so neither their order counts nor what was claimed, paid or taken back in between.
 *
 * @returns fen, at most `granted_fen`
 */
export function dueAfterCuts (granted_fen: number, cuts: readonly Cut[]): number {
  let due_fen = granted_fen
  let bottom_fen = Infinity
  for (const cut of [...cuts].sort((a, b) => b.granted_fen - a.granted_fen)) {
    const top_fen = Math.min(cut.granted_fen, bottom_fen)
    bottom_fen = top_fen - cut.cut_fen
    due_fen -= Math.max(0, Math.min(granted_fen, top_fen) - Math.max(0, bottom_fen))
  }
  return due_fen
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
  const keepPlace = (chain: string, held: Frozen, limit_fen: number): void => {
    const claim = claim_of.get(chain)
    if (claim === undefined) return
    ledger.add(kept.get(chain) ?? [], -1)
    const { amount_fen, uses } = claim.evaluate(ledger.of)
    const placed = cutUses(uses, Math.min(limit_fen, dueAfterCuts(amount_fen, held.cuts)))
    kept.set(chain, placed)
    ledger.add(placed)
  }
  const in_turn = [...frozen].sort(by(([, { since }]) => since))
  const standing = ({ recognised_fen, clawed_fen }: Frozen): number => Math.max(0, recognised_fen - clawed_fen)
  const suspended = new Map<string, Use[]>()
  for (const [chain, held] of in_turn) {
    if (held.suspended === undefined || claim_of.has(chain)) continue
    const left = held.suspended.map(use => Object.assign({ ...use }, { amount_fen: Math.min(use.amount_fen, Math.max(0, use.cap_fen - (ledger.of(use.scope)[use.year] ?? 0))) }))
    suspended.set(chain, cutUses(left, standing(held)))
    ledger.add(suspended.get(chain) ?? [])
  }
  for (const [chain, held] of in_turn) keepPlace(chain, held, standing(held))
  // A place that was clawed back is taken again only where nobody's frozen line stands by now.
  for (const [chain, held] of in_turn) if (held.clawed_fen > 0) keepPlace(chain, held, held.recognised_fen)
  const allotments: Allotment<C>[] = []
  for (const claim of [...claims].sort(by(({ order_key }) => order_key))) {
    const held = frozen.get(claim.chain)
    ledger.add(kept.get(claim.chain) ?? [], -1)
    const granted = claim.evaluate(ledger.of)
    const target_fen = dueAfterCuts(granted.amount_fen, held?.cuts ?? [])
    const uses = cutUses(granted.uses, target_fen)
    ledger.add(uses)
    allotments.push({ chain: claim.chain, claim, granted, target_fen, frozen_fen: heldOf(held), settled_fen: held?.settled_fen ?? 0, uses })
  }
  for (const [chain, held] of frozen) {
    if (!claim_of.has(chain)) {
      const uses = suspended.get(chain)
      allotments.push({ chain, claim: null, granted: null, target_fen: uses === undefined ? 0 : standing(held), frozen_fen: heldOf(held), settled_fen: held.settled_fen,
        uses: uses ?? [] })
    }
  }
  return allotments
}
