import { cutDown, rateUnits, roundHalfUp, UNITS_PER_ONE } from './exact.ts'
import { pointed, RuleBreach, type PointedFinding } from './findings.ts'
import { splitByWeights, yuanOf } from './money.ts'
import { daysBetween, isDate, yearDays, yearOf, type DayCount } from './period.ts'
import { checkSegments, type Segment } from './segments.ts'
import { clauseOf, type PolicyRef, type PolicyVersion, type TraceStep } from './terms.ts'
import { traceFrom } from './trace.ts'

/** Interest paid on one voucher, of a loan or a lease. Amounts in fen. */
export interface InterestFacts {
  readonly voucher_no: string
  readonly paid_date: string
  /** day the contract was signed; left out: not known, not held against it */
  readonly signed_date?: string | undefined
  /** decides among vouchers of one paid date, by code units: e.g. submission instant, then number */
  readonly order_key: string
  readonly segments: readonly Segment[]
  readonly day_count: DayCount
  /** all that was due when left out */
  readonly normal_interest_paid_fen?: number
  readonly penalty_interest_fen?: number
  readonly compound_interest_fen?: number
  readonly national_subsidy_fen?: number
  readonly other_subsidy_fen?: number
}

/** What the rule of a line needs besides the voucher: the part of the loan that counts and the ceiling counters it uses up. */
export interface LineBasis {
  readonly facts: InterestFacts
  readonly eligible_fen: number
  readonly whole_fen: number
  /** the counter of the loan ceiling L-04, and the amount its percentage is taken of; null: no such ceiling */
  readonly loan: { readonly key: string, readonly amount_fen: number } | null
}

/** A version of the policy, compiled for a kind of interest subsidy. Weights are subsidy rates in units². */
export interface InterestRule {
  readonly policy: PolicyVersion
  readonly counts_from: string
  /** contracts signed before that day do not count */
  readonly earlier_excluded: boolean
  readonly extended_counts: boolean
  readonly split_by_year: boolean
  readonly net_of_national: boolean
  readonly proportional: boolean
  /** before and after the bound on the rate; `rate` and `scale`: the loan rate is rate ÷ scale units */
  readonly plain: (rate: bigint, scale: bigint) => bigint
  readonly bounded: (rate: bigint, scale: bigint) => bigint
  readonly plain_rule: string | null
  readonly formula_rule: string
  readonly loan_ceiling_pct: bigint
  readonly project_ceiling_fen: number
  readonly project_rule: string
  /** another ceiling of the project that the amount uses up as well */
  readonly shared: { readonly rule_id: string, readonly ceiling_fen: number } | null
}

export interface InterestLine {
  readonly voucher_no: string
  readonly policy: PolicyRef
  /** calendar year of the payment */
  readonly year: string
  readonly interest_due_fen: number
  readonly eligible_interest_fen: number
  readonly formula_fen: number
  readonly amount_fen: number
  /** the year or years whose ceilings the amount uses up */
  readonly by_year: readonly { readonly year: string, readonly amount_fen: number }[]
  readonly trace: readonly TraceStep[]
}

/** Fen already granted by calendar year. */
export type UsedByYear = Readonly<Record<string, number>>

/** What is left of the ceilings while lines are granted in order. */
export interface Ceilings {
  readonly used_by_project: Map<string, number>
  readonly used_by_shared: Map<string, number>
  readonly used_by_loan: Map<string, number>
}

export function ceilings (used_by_project: UsedByYear, used_by_loan: Readonly<Record<string, UsedByYear>>, used_by_shared: UsedByYear = {}): Ceilings {
  const by_loan = new Map<string, number>()
  for (const [key, used] of Object.entries(used_by_loan)) {
    for (const [year, fen] of Object.entries(used)) by_loan.set(`${year}|${key}`, fen)
  }
  return { used_by_project: new Map(Object.entries(used_by_project)), used_by_shared: new Map(Object.entries(used_by_shared)), used_by_loan: by_loan }
}

const isFen = (value: number | undefined): boolean => value === undefined || (Number.isSafeInteger(value) && value >= 0)

/** What is wrong with the facts of one voucher. */
export function checkInterestFacts (facts: InterestFacts, pointer: string): PointedFinding[] {
  const findings: PointedFinding[] = []
  if (!isDate(facts.paid_date)) findings.push(pointed(`${pointer}/paid_date`, 'date_invalid', `${facts.paid_date} is no day of the calendar`,
    `${facts.paid_date} 不是真实日期`))
  const amounts = { normal_interest_paid: facts.normal_interest_paid_fen, penalty_interest: facts.penalty_interest_fen,
    compound_interest: facts.compound_interest_fen, national_subsidy_deducted: facts.national_subsidy_fen,
    other_subsidy_received: facts.other_subsidy_fen }
  for (const [name, fen] of Object.entries(amounts)) {
    if (!isFen(fen)) findings.push(pointed(`${pointer}/${name}`, 'amount_invalid', `${name} is no amount`, `${name} 不是有效金额`))
  }
  findings.push(...checkSegments(facts.segments, `${pointer}/segments`))
  return findings
}

/** Throws RuleBreach when a voucher reached the kernel that intake should have refused. */
export function assertFacts (vouchers: readonly InterestFacts[]): void {
  const findings: PointedFinding[] = []
  for (const [index, facts] of vouchers.entries()) findings.push(...checkInterestFacts(facts, `/vouchers/${index}`))
  if (findings.length > 0) throw new RuleBreach(findings)
}

/** Indexes in the order ceilings are used up: paid date, then order key, then as given. */
export function grantingOrder (vouchers: readonly InterestFacts[]): number[] {
  const keys = vouchers.map((facts) => `${facts.paid_date}|${facts.order_key}`)
  return [...keys.keys()].sort((a, b) => {
    const one = keys[a] ?? ''
    const other = keys[b] ?? ''
    return one < other ? -1 : one > other ? 1 : a - b
  })
}

interface Stretch { readonly year: string, readonly balance_days: bigint, readonly rate: bigint }

/** Balance × days per segment, days before the rule's first day left out, cut at New Year where amounts are split by year. */
function stretchesOf (facts: InterestFacts, rule: InterestRule): Stretch[] {
  const stretches: Stretch[] = []
  for (const segment of facts.segments) {
    if (segment.kind === 'OVERDUE' || (segment.kind === 'EXTENDED' && !rule.extended_counts)) continue
    const end = segment.to
    let from = segment.from < rule.counts_from ? rule.counts_from : segment.from
    while (from < end) {
      const year = rule.split_by_year ? yearOf(from) : yearOf(facts.paid_date)
      const newYear = rule.split_by_year && year < '9999' ? `${String(Number(year) + 1).padStart(4, '0')}-01-01` : end
      const to = newYear < end ? newYear : end
      const days = daysBetween(from, to, facts.day_count)
      stretches.push({ year, balance_days: BigInt(segment.balance_fen) * BigInt(days), rate: rateUnits(segment.annual_rate_pct) })
      from = to
    }
  }
  return stretches
}

interface Sums {
  readonly due: bigint
  readonly plain: bigint
  readonly bounded: bigint
  readonly bounded_by_year: ReadonlyMap<string, bigint>
  readonly scale: bigint
}

/** Sums of balance × days × rate, still undivided. With the net reading rates are first lowered by the national one. */
function sumsOf (facts: InterestFacts, rule: InterestRule): Sums {
  const stretches = stretchesOf(facts, rule)
  const total = stretches.reduce((sum, one) => sum + one.balance_days, 0n)
  const national = rule.net_of_national ? BigInt(facts.national_subsidy_fen ?? 0) * yearDays(facts.day_count) * UNITS_PER_ONE : 0n
  const scale = national > 0n && total > 0n ? total : 1n
  let due = 0n
  let plain = 0n
  let bounded = 0n
  const bounded_by_year = new Map<string, bigint>()
  for (const { year, balance_days, rate } of stretches) {
    const scaled = scale === 1n ? rate : rate * scale - national
    const net = scaled < 0n ? 0n : scaled
    const part = balance_days * rule.bounded(net, scale)
    due += balance_days * rate
    plain += balance_days * rule.plain(net, scale)
    bounded += part
    bounded_by_year.set(year, (bounded_by_year.get(year) ?? 0n) + part)
  }
  return { due, plain, bounded, bounded_by_year, scale }
}

/** A line of nothing, with the rule that leaves its interest out. */
function lineOfNothing (basis: LineBasis, rule: InterestRule, rule_id: 'OUTSIDE_POLICY_PERIOD' | 'A-24'): InterestLine {
  const { facts } = basis
  const { due } = sumsOf(facts, rule)
  const divisor = yearDays(facts.day_count) * UNITS_PER_ONE
  const interest_due_fen = roundHalfUp(due, divisor)
  const eligible_interest_fen = roundHalfUp(due * BigInt(basis.eligible_fen), divisor * BigInt(basis.whole_fen))
  const { clause, clause_zh } = clauseOf(rule.policy, rule_id)
  return {
    voucher_no: facts.voucher_no,
    policy: { policy_code: rule.policy.policy_code, version: rule.policy.version },
    year: yearOf(facts.paid_date),
    interest_due_fen,
    eligible_interest_fen,
    formula_fen: 0,
    amount_fen: 0,
    by_year: [{ year: yearOf(facts.paid_date), amount_fen: 0 }],
    trace: [{ rule_id, clause, clause_zh, before: yuanOf(eligible_interest_fen), after: '0.00' }]
  }
}

/**
 * One line: formula, then every ceiling in turn; the ceilings' counters move on by what was granted in the end.
 *
 * @param in_force whether the rule's version holds on the paid date; if not the line is nothing, with its reason
 * Source: S2 (一)(三)(十三); rules L-01…L-06, Z-01.
 */
export function interestLine (basis: LineBasis, rule: InterestRule, in_force: boolean, left: Ceilings): InterestLine {
  if (!in_force) return lineOfNothing(basis, rule, 'OUTSIDE_POLICY_PERIOD')
  const { facts } = basis
  if (rule.earlier_excluded && facts.signed_date !== undefined && facts.signed_date < rule.counts_from) return lineOfNothing(basis, rule, 'A-24')
  const sums = sumsOf(facts, rule)
  const divisor = yearDays(facts.day_count) * UNITS_PER_ONE
  const eligible = BigInt(basis.eligible_fen)
  const whole = BigInt(basis.whole_fen)
  const due_fen = roundHalfUp(sums.due, divisor)
  const eligible_interest_fen = roundHalfUp(sums.due * eligible, divisor * whole)
  const paid_fen = Math.min(facts.normal_interest_paid_fen ?? due_fen, due_fen)
  const unpaid = rule.proportional && paid_fen < due_fen
  const formulaDivisor = divisor * UNITS_PER_ONE * whole * sums.scale
  const full_fen = roundHalfUp(sums.bounded * eligible, formulaDivisor)
  const formula_fen = unpaid ? roundHalfUp(sums.bounded * eligible * BigInt(paid_fen), formulaDivisor * BigInt(due_fen)) : full_fen

  const { steps, step } = traceFrom(rule.policy, due_fen + (facts.penalty_interest_fen ?? 0) + (facts.compound_interest_fen ?? 0))
  step('A-12', due_fen)
  if (basis.loan !== null) step('L-02', eligible_interest_fen)
  if (rule.plain_rule !== null) step(rule.plain_rule, roundHalfUp(sums.plain * eligible, formulaDivisor))
  step(rule.formula_rule, full_fen)
  step('L-06a', formula_fen)

  const pieces = splitYears(formula_fen, sums.bounded_by_year, yearOf(facts.paid_date))
  if (basis.loan !== null) {
    const ceiling = loanCeiling(basis.loan.amount_fen, rule.loan_ceiling_pct)
    for (const piece of pieces) piece.amount_fen = Math.min(piece.amount_fen, Math.max(0,
      ceiling - (left.used_by_loan.get(`${piece.year}|${basis.loan.key}`) ?? 0)))
    step('L-04', totalOf(pieces))
  }
  for (const piece of pieces) piece.amount_fen = Math.min(piece.amount_fen, Math.max(0,
    rule.project_ceiling_fen - (left.used_by_project.get(piece.year) ?? 0)))
  step(rule.project_rule, totalOf(pieces))
  const { shared } = rule
  if (shared !== null) {
    for (const piece of pieces) piece.amount_fen = Math.min(piece.amount_fen, Math.max(0,
      shared.ceiling_fen - (left.used_by_shared.get(piece.year) ?? 0)))
    step(shared.rule_id, totalOf(pieces))
  }
  lowerTo(pieces, netInterestPaid(basis, due_fen, eligible_interest_fen, paid_fen))
  const amount_fen = step('L-06', totalOf(pieces))

  for (const { year, amount_fen: used } of pieces) {
    left.used_by_project.set(year, (left.used_by_project.get(year) ?? 0) + used)
    left.used_by_shared.set(year, (left.used_by_shared.get(year) ?? 0) + used)
    if (basis.loan !== null) left.used_by_loan.set(`${year}|${basis.loan.key}`, (left.used_by_loan.get(`${year}|${basis.loan.key}`) ?? 0) + used)
  }
  return {
    voucher_no: facts.voucher_no,
    policy: { policy_code: rule.policy.policy_code, version: rule.policy.version },
    year: yearOf(facts.paid_date),
    interest_due_fen: due_fen,
    eligible_interest_fen,
    formula_fen,
    amount_fen,
    by_year: pieces,
    trace: steps
  }
}

/** L-04: the part of a loan's amount that it may be granted in a year, cut to the fen. */
export function loanCeiling (amount_fen: number, pct: bigint): number {
  return cutDown(BigInt(amount_fen) * pct, UNITS_PER_ONE)
}

interface Piece { readonly year: string, amount_fen: number }

const totalOf = (pieces: readonly Piece[]): number => pieces.reduce((sum, piece) => sum + piece.amount_fen, 0)

function splitYears (formula_fen: number, by_year: ReadonlyMap<string, bigint>, paid_year: string): Piece[] {
  if (by_year.size <= 1) return [{ year: [...by_year.keys()][0] ?? paid_year, amount_fen: formula_fen }]
  const parts = splitByWeights(formula_fen, [...by_year.values()])
  return [...by_year.keys()].map((year, index) => ({ year, amount_fen: parts[index] ?? 0 }))
}

/** Lowers the pieces to a sum, the latest year first. */
function lowerTo (pieces: readonly Piece[], ceiling_fen: number): void {
  let excess = totalOf(pieces) - ceiling_fen
  for (const piece of pieces.toReversed()) {
    const cut = Math.max(0, Math.min(excess, piece.amount_fen))
    piece.amount_fen -= cut
    excess -= cut
  }
}

/** L-06: eligible interest × paid ÷ due less the share of the other subsidies, each product rounded; never below nothing. */
function netInterestPaid (basis: LineBasis, due_fen: number, eligible_interest_fen: number, paid_fen: number): number {
  const paid = due_fen === 0 ? 0 : roundHalfUp(BigInt(eligible_interest_fen) * BigInt(paid_fen), BigInt(due_fen))
  const others = BigInt(basis.facts.national_subsidy_fen ?? 0) + BigInt(basis.facts.other_subsidy_fen ?? 0)
  const received = roundHalfUp(others * BigInt(basis.eligible_fen), BigInt(basis.whole_fen))
  return Math.max(0, paid - received)
}
