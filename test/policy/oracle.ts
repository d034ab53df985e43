/**
 * The money rules once more, written from the contract without looking at the kernel: plain fractions, no shared code,
 * days by UTC milliseconds. Slow and obvious on purpose.
 */

export interface Fraction { readonly n: bigint, readonly d: bigint }

const f = (n: bigint | number, d: bigint | number = 1n): Fraction => ({ n: BigInt(n), d: BigInt(d) })
const plus = (a: Fraction, b: Fraction): Fraction => f(a.n * b.d + b.n * a.d, a.d * b.d)
const minus = (a: Fraction, b: Fraction): Fraction => f(a.n * b.d - b.n * a.d, a.d * b.d)
const times = (a: Fraction, b: Fraction): Fraction => f(a.n * b.n, a.d * b.d)
const over = (a: Fraction, b: Fraction): Fraction => f(a.n * b.d, a.d * b.n)
const less = (a: Fraction, b: Fraction): boolean => a.n * b.d < b.n * a.d
const least = (a: Fraction, b: Fraction): Fraction => (less(a, b) ? a : b)

/** Half up: the largest whole number not above x + ½ (x ≥ 0). */
export const round = (x: Fraction): number => {
  const shifted = plus(x, f(1, 2))
  return Number(shifted.n / shifted.d)
}
export const floor = (x: Fraction): number => Number(x.n / x.d)

/** "3.65" percent as a plain number fraction 365/10000. */
export function percent (text: string): Fraction {
  const [whole = '0', decimals = ''] = text.split('.')
  return f(BigInt(whole + decimals), 100n * 10n ** BigInt(decimals.length))
}

export interface OracleSegment { from: string, to: string, balance: number, rate: string }
export interface OracleVoucher {
  loan: string
  eligible: number
  land: number
  paid_date: string
  order: string
  divisor: 360 | 365
  segments: OracleSegment[]
  paid: number | null
  national: number
  other: number
}

const days = (from: string, to: string): number => (Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000
const START = '2024-06-09'
const END = '2027-12-31'

export interface OracleLine { interest: number, formula: number, amount: number }

/** Contract §7, LOAN_INTEREST and LEASE, word by word. `under_loans`: what the ceiling of loans has granted, where leases use that up too. */
export function oracleLines (kind: 'LOAN' | 'LEASE', vouchers: OracleVoucher[], under_loans: Record<string, number> | null = null): OracleLine[] {
  const shared: Record<string, number> = { ...under_loans }
  const byProject: Record<string, number> = {}
  const byLoan: Record<string, number> = {}
  const lines: OracleLine[] = []
  const order = vouchers.map((_, index) => index).sort((x, y) => {
    const a = vouchers[x]
    const b = vouchers[y]
    if (a === undefined || b === undefined) throw new Error('unreachable')
    if (a.paid_date !== b.paid_date) return a.paid_date < b.paid_date ? -1 : 1
    if (a.order !== b.order) return a.order < b.order ? -1 : 1
    return x - y
  })
  for (const index of order) {
    const voucher = vouchers[index]
    if (voucher === undefined) throw new Error('unreachable')
    const share = kind === 'LEASE' ? f(1) : f(voucher.eligible, voucher.eligible + voucher.land)
    let due = f(0)
    let subsidy = f(0)
    for (const segment of voucher.segments) {
      const from = segment.from < START ? START : segment.from
      if (from >= segment.to) continue
      const principal = times(f(segment.balance), f(days(from, segment.to), voucher.divisor))
      due = plus(due, times(principal, percent(segment.rate)))
      const rate = kind === 'LEASE' ? percent('2') : least(times(percent(segment.rate), f(1, 2)), percent('2'))
      subsidy = plus(subsidy, times(principal, rate))
    }
    const dueRounded = round(due)
    const interest = round(times(due, share))
    if (voucher.paid_date < START || voucher.paid_date > END) {
      lines[index] = { interest, formula: 0, amount: 0 }
      continue
    }
    let formula = times(subsidy, share)
    let base = interest
    if (voucher.paid !== null && voucher.paid < dueRounded) {
      formula = times(formula, f(voucher.paid, dueRounded))
      base = round(over(times(f(interest), f(voucher.paid)), f(dueRounded)))
    }
    const rounded = round(formula)
    const year = voucher.paid_date.slice(0, 4)
    let amount = rounded
    if (kind === 'LOAN') {
      const largest = Math.max(...vouchers.filter((one) => one.loan === voucher.loan && one.paid_date.slice(0, 4) === year).map((one) => one.eligible))
      const loanCap = floor(times(f(largest), percent('2')))
      amount = Math.min(amount, Math.max(0, loanCap - (byLoan[`${voucher.loan} ${year}`] ?? 0)))
    }
    amount = Math.min(amount, Math.max(0, (kind === 'LOAN' ? 1_000_000_000 : 500_000_000) - (byProject[year] ?? 0)))
    if (under_loans !== null) amount = Math.min(amount, Math.max(0, 1_000_000_000 - (shared[year] ?? 0)))
    amount = Math.min(amount, Math.max(0, base - round(times(share, f(voucher.national + voucher.other)))))
    byProject[year] = (byProject[year] ?? 0) + amount
    shared[year] = (shared[year] ?? 0) + amount
    byLoan[`${voucher.loan} ${year}`] = (byLoan[`${voucher.loan} ${year}`] ?? 0) + amount
    lines[index] = { interest, formula: rounded, amount }
  }
  return lines
}

export function oracleFee (guaranteed: number, months: number, fee: number, other: number, used: number): number {
  const rate = times(f(fee + other, guaranteed), f(12, months))
  return less(percent('1'), rate) ? 0 : Math.min(round(f(fee, 2)), Math.max(0, 100_000_000 - used))
}

export function oraclePremium (first: boolean, premium: number, insured: number, used: number): number {
  const base = first ? least(f(premium), times(f(insured), percent('3'))) : f(premium)
  return Math.min(round(times(base, percent('80'))), Math.max(0, (first ? 500_000_000 : 100_000_000) - used))
}

export function oracleReward (promoted: number, used: number): number {
  return Math.min(round(times(f(promoted), percent('0.5'))), Math.max(0, 100_000_000 - used))
}

/** Hamilton's method: hand out the fen that are left one by one to whoever lost most so far. */
export function oracleSplit (total: number, weights: number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0)
  const exact = weights.map((weight) => times(f(total), f(weight, sum)))
  const parts = exact.map(floor)
  const lost = exact.map((share, index) => minus(share, f(parts[index] ?? 0)))
  while (parts.reduce((a, b) => a + b, 0) < total) {
    let best = 0
    for (const [index, share] of lost.entries()) if (less(lost[best] ?? f(0), share)) best = index
    parts[best] = (parts[best] ?? 0) + 1
    lost[best] = f(-1)
  }
  return parts
}

export function oracleRisk (principal: number, liability: number, compensated: number): { parts: number[], excess: number, state: string } {
  const cap = floor(times(f(liability), percent('4')))
  const headroom = Math.max(0, cap - compensated)
  const plain = oracleSplit(principal, [40, 30, 20, 10])
  const [guarantor = 0, fiscal = 0, bank = 0, re = 0] = plain
  const system = guarantor + fiscal + re
  const covered = Math.min(system, headroom)
  const [a = 0, b = 0, c = 0] = system <= headroom ? [guarantor, fiscal, re] : oracleSplit(headroom, [40, 30, 10])
  const after = compensated + covered
  const state = after >= cap ? 'TRIPPED' : less(f(after), times(f(cap), f(3, 4))) ? 'NORMAL' : 'WARNING'
  return { parts: [a, b, system <= headroom ? bank : principal - covered, c], excess: system - covered, state }
}
