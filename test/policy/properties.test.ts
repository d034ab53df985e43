import fc from 'fast-check'
import t from 'tap'
import { BUILT_IN_CALENDAR, addWorkDays, beijingDate, deadlines, endOfBeijingDay, instantMs, isWorkDay, nextWorkDay, stageDuration, instantOf } from '../../src/policy/calendar.ts'
import type { InterestLine } from '../../src/policy/interest.ts'
import { leaseLines } from '../../src/policy/lease.ts'
import { fenOf, splitByLargestRemainder, sumFen, yuanOf } from '../../src/policy/money.ts'
import { addDays, addMonths, dateOfDayNumber, dayNumber, daysBetween, DAY_COUNTS, gapDays, isDate, overlaps } from '../../src/policy/period.ts'
import { riskShare, splitRecovery } from '../../src/policy/risk-share.ts'
import type { Segment } from '../../src/policy/segments.ts'
import { loanInterestLines, type LoanVoucher } from '../../src/policy/subsidy.ts'
import { BUILT_IN_POLICIES, nearestTerms, withParameters, type PolicyVersion } from '../../src/policy/terms.ts'

const policies = BUILT_IN_POLICIES
const park = nearestTerms(policies, 'PARK_TECH_GUARANTEE', '2026-05-01')
const loanTerms = nearestTerms(policies, 'TECH_RENO_LOAN', '2026-05-01')
const PROJECT_CEILING = 1_000_000_000

const day = fc.integer({ min: dayNumber('2024-01-01'), max: dayNumber('2027-06-30') }).map(dateOfDayNumber)
const fen = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max })
const rate = fc.integer({ min: 0, max: 20_000_000 }).map((units) => (units / 1_000_000).toFixed(6))

const loan = fc.record({ loan_key: fc.constantFrom('a', 'b', 'c'), eligible_loan_fen: fc.integer({ min: 1, max: 200_000_000_000 }), land_fen: fen(50_000_000_000) })

function segmentsFrom (start: string, parts: readonly { days: number, balance_fen: number, annual_rate_pct: string }[]): Segment[] {
  let from = start
  return parts.map(({ days, balance_fen, annual_rate_pct }) => {
    const to = addDays(from, days)
    const segment = { from, to, balance_fen, annual_rate_pct }
    from = to
    return segment
  })
}

const part = fc.record({ days: fc.integer({ min: 1, max: 92 }), balance_fen: fen(100_000_000_000), annual_rate_pct: rate })
const voucher: fc.Arbitrary<LoanVoucher> = fc.record({
  loan,
  start: day,
  parts: fc.array(part, { minLength: 1, maxLength: 3 }),
  paid_date: fc.integer({ min: dayNumber('2024-06-09'), max: dayNumber('2027-12-31') }).map(dateOfDayNumber),
  day_count: fc.constantFrom(...DAY_COUNTS),
  submitted: fc.integer({ min: 0, max: 9 }),
  paid: fc.option(fen(3_000_000_000), { nil: undefined }),
  national_subsidy_fen: fen(500_000_000),
  other_subsidy_fen: fen(100_000_000)
}).map(({ loan: of, start, parts, paid_date, day_count, submitted, paid, national_subsidy_fen, other_subsidy_fen }): LoanVoucher => {
  const facts = { voucher_no: 'v', order_key: String(submitted), paid_date, day_count, segments: segmentsFrom(start, parts), national_subsidy_fen, other_subsidy_fen }
  return Object.assign(facts, of, paid === undefined ? {} : { normal_interest_paid_fen: paid })
})
const vouchers = fc.array(voucher, { minLength: 1, maxLength: 12 })
const readings: fc.Arbitrary<readonly PolicyVersion[]> = fc.record({
  subsidy_basis: fc.constantFrom('BALANCE_DAYS', 'YEAR_AMOUNT'), rate_basis: fc.constantFrom('EXECUTED', 'NET_OF_NATIONAL'), year_basis: fc.constantFrom('PAID_DATE', 'ACCRUAL_SPLIT')
}).map((changes) => [withParameters(loanTerms, changes), park])

const lines = (list: readonly LoanVoucher[], by: readonly PolicyVersion[] = policies): InterestLine[] => loanInterestLines({ policies: by, vouchers: list })
const only = (list: readonly InterestLine[]): InterestLine => {
  const [line] = list
  if (line === undefined) throw new Error('no line')
  return line
}

function check (name: string, property: fc.IProperty<never[]> | fc.IRawProperty<unknown>, runs = 400): void {
  t.test(name, async (t) => {
    fc.assert(property as fc.IRawProperty<unknown>, { numRuns: runs, seed: 20_260_112 })
    t.pass(`${runs} runs`)
  })
}

check('under every reading a line is never negative, never over its formula, never over what was paid', fc.property(vouchers, readings, (list, by) => {
  return lines(list, by).every((line) => Number.isSafeInteger(line.amount_fen) && line.amount_fen >= 0 && line.amount_fen <= line.formula_fen && line.amount_fen <= line.eligible_interest_fen)
}))

check('under every reading no project-year and no loan-year is over its ceiling by a fen', fc.property(vouchers, readings, (list, by) => {
  const project = new Map<string, number>()
  const each = new Map<string, number>()
  for (const [index, line] of lines(list, by).entries()) {
    for (const { year, amount_fen } of line.by_year) {
      project.set(year, (project.get(year) ?? 0) + amount_fen)
      const key = list[index]?.loan_key ?? ''
      each.set(`${year} ${key}`, (each.get(`${year} ${key}`) ?? 0) + amount_fen)
    }
  }
  const highest = (key: string): number => Math.max(...list.filter((one) => one.loan_key === key).map((one) => one.eligible_loan_fen))
  return [...project.values()].every((sum) => sum <= PROJECT_CEILING) &&
    [...each].every(([key, sum]) => sum <= Math.floor(highest(key.slice(5)) * 2 / 100))
}))

check('the pieces by year sum to the amount', fc.property(vouchers, readings, (list, by) => {
  return lines(list, by).every((line) => sumFen(line.by_year.map((piece) => piece.amount_fen)) === line.amount_fen)
}))

check('every trace is a chain from the interest stated to the amount', fc.property(vouchers, readings, (list, by) => {
  return lines(list, by).every(({ trace, amount_fen }) => trace.at(-1)?.after === yuanOf(amount_fen) &&
    trace.every((step, index) => index === 0 || step.before === trace[index - 1]?.after))
}))

check('the order in which vouchers are sent changes no amount, only the order key decides', fc.property(vouchers, fc.infiniteStream(fc.nat(1000)), (list, shuffle) => {
  const keyed = list.map((one, index) => Object.assign({}, one, { voucher_no: String(index), order_key: `${one.order_key}|${String(index).padStart(3, '0')}` }))
  const mixed = keyed.map((one) => ({ one, at: shuffle.next().value })).toSorted((a, b) => a.at - b.at).map(({ one }) => one)
  const amounts = (of: readonly LoanVoucher[]): Map<string, number> => new Map(lines(of).map((line) => [line.voucher_no, line.amount_fen]))
  const other = amounts(mixed)
  return [...amounts(keyed)].every(([no, amount]) => other.get(no) === amount)
}))

check('a voucher with room under every ceiling gets the same whoever comes first', fc.property(voucher, voucher, (a, b) => {
  const small = (one: LoanVoucher, key: string): LoanVoucher => ({ ...one, loan_key: key, segments: one.segments.map((segment) => ({ ...segment, balance_fen: segment.balance_fen % 1_000_000_000 })), eligible_loan_fen: 200_000_000_000 })
  const [first, second] = [small(a, 'x'), small(b, 'y')]
  const together = lines([first, second]).map((line) => line.amount_fen)
  return together[0] === only(lines([first])).amount_fen && together[1] === only(lines([second])).amount_fen
}))

check('a later voucher never takes from an earlier one', fc.property(vouchers, voucher, (list, added) => {
  const late: LoanVoucher = { ...added, loan_key: 'late', paid_date: '2027-12-31', order_key: 'z' }
  const before = lines(list)
  const after = lines([...list, late])
  return before.every((line, index) => line.amount_fen === after[index]?.amount_fen)
}))

check('what is left unpaid is left by a ceiling: first come, the ceiling is met exactly', fc.property(vouchers, (list) => {
  const all = lines(list.map((one) => Object.assign({}, one, { national_subsidy_fen: 0, other_subsidy_fen: 0, loan_key: 'one', eligible_loan_fen: 900_000_000_000, land_fen: 0, paid_date: '2026-06-21' })))
  const wanted = sumFen(all.map((line) => Math.min(line.formula_fen, line.eligible_interest_fen)))
  return sumFen(all.map((line) => line.amount_fen)) === Math.min(PROJECT_CEILING, wanted)
}))

check('more balance or more days never lower the formula', fc.property(voucher, fen(10_000_000_000), fc.integer({ min: 0, max: 60 }), (one, more, days) => {
  const base: LoanVoucher = { ...one, day_count: 'ACT_360' }
  const last = base.segments.at(-1)
  if (last === undefined) return false
  const bigger = { ...base, segments: base.segments.map((segment) => Object.assign({}, segment, { balance_fen: segment.balance_fen + more })) }
  const longer = { ...base, segments: [...base.segments.slice(0, -1), { ...last, to: addDays(last.to, days) }] }
  const plain = (voucherLike: LoanVoucher): number => {
    const { normal_interest_paid_fen: _paid, ...rest } = voucherLike
    return only(lines([rest])).formula_fen
  }
  return plain(base) <= plain(bigger) && plain(base) <= plain(longer)
}))

check('a higher rate never lowers the formula, and a land share never raises it', fc.property(voucher, fen(50_000_000_000), (one, land) => {
  const { normal_interest_paid_fen: _paid, ...rest } = one
  const dearer = { ...rest, segments: rest.segments.map((segment) => Object.assign({}, segment, { annual_rate_pct: (Number(segment.annual_rate_pct) + 1).toFixed(6) })) }
  return only(lines([rest])).formula_fen <= only(lines([dearer])).formula_fen &&
    only(lines([{ ...rest, land_fen: rest.land_fen + land }])).formula_fen <= only(lines([rest])).formula_fen
}))

check('cutting a segment in two changes nothing, by every day count and reading', fc.property(voucher, readings, fc.nat(91), (one, by, at) => {
  const cut = one.segments.flatMap((segment): Segment[] => {
    const middle = addDays(segment.from, 1 + at)
    return middle < segment.to ? [{ ...segment, to: middle }, { ...segment, from: middle }] : [segment]
  })
  const whole = only(lines([one], by))
  const split = only(lines([{ ...one, segments: cut }], by))
  return whole.formula_fen === split.formula_fen && whole.amount_fen === split.amount_fen && whole.interest_due_fen === split.interest_due_fen
}))

check('a lease line is never over 2 %, its interest, or five million a year', fc.property(vouchers, (list) => {
  const all = leaseLines({ policies, vouchers: list })
  const years = new Map<string, number>()
  for (const line of all) years.set(line.year, (years.get(line.year) ?? 0) + line.amount_fen)
  return all.every((line) => line.amount_fen <= line.formula_fen && line.amount_fen <= line.interest_due_fen) && [...years.values()].every((sum) => sum <= 500_000_000)
}))

check('parts sum to the whole, nobody is off by a fen', fc.property(fen(Number.MAX_SAFE_INTEGER), fc.array(fen(1_000_000_000), { minLength: 1, maxLength: 8 }), (total, weights) => {
  if (weights.every((weight) => weight === 0)) weights = [...weights, 1]
  const parts = splitByLargestRemainder(total, weights)
  const sum = weights.reduce((a, b) => a + b, 0)
  return sumFen(parts) === total && parts.every((fenPart, index) => {
    const exact = BigInt(total) * BigInt(weights[index] ?? 0)
    return BigInt(fenPart) * BigInt(sum) - exact < BigInt(sum) && exact - BigInt(fenPart) * BigInt(sum) < BigInt(sum)
  })
}))

const risk = fc.record({ default_principal_fen: fc.integer({ min: 1, max: 10 ** 12 }), vintage_liability_fen: fen(10 ** 13), vintage_compensated_fen: fen(10 ** 12) })

check('risk shares sum to the principal, the system never covers more than the headroom', fc.property(risk, (given) => {
  const share = riskShare({ ...given, terms: park })
  const system = share.guarantor_fen + share.fiscal_fen + share.re_guarantor_fen
  return system + share.bank_fen === given.default_principal_fen && system === share.covered_by_system_fen && system <= share.headroom_before_fen &&
    share.bank_excess_fen >= 0 && (share.state === 'TRIPPED') === (given.vintage_compensated_fen + system >= share.cap_fen)
}))

check('a recovery comes back whole', fc.property(risk, fen(10 ** 12), (given, net) => {
  const back = splitRecovery(net, riskShare({ ...given, terms: park }))
  return back.guarantor_fen + back.fiscal_fen + back.bank_fen + back.re_guarantor_fen === net
}))

check('yuan text and fen are one and the same', fc.property(fen(999_999_999_999_999), (amount) => fenOf(yuanOf(amount)) === amount))

const anyDay = fc.integer({ min: dayNumber('0001-01-01'), max: dayNumber('9990-12-31') })

check('days and day numbers are one and the same, and agree with UTC', fc.property(anyDay, (number) => {
  const date = dateOfDayNumber(number)
  return isDate(date) && dayNumber(date) === number && new Date(number * 86_400_000).toISOString().slice(0, 10) === date
}), 2000)

check('days between three days add up by every day count', fc.property(fc.tuple(anyDay, anyDay, anyDay), fc.constantFrom(...DAY_COUNTS), (numbers, count) => {
  const [a, b, c] = numbers.toSorted((x, y) => x - y).map(dateOfDayNumber) as [string, string, string]
  return daysBetween(a, b, count) + daysBetween(b, c, count) === daysBetween(a, c, count) && daysBetween(a, b, count) >= 0
}), 1000)

check('a month later is in the next month', fc.property(anyDay, fc.integer({ min: 0, max: 48 }), (number, months) => {
  const date = dateOfDayNumber(number)
  const later = addMonths(date, months)
  const index = (of: string): number => Number(of.slice(0, 4)) * 12 + Number(of.slice(5, 7))
  return isDate(later) && index(later) - index(date) === months && later.slice(8) <= date.slice(8)
}))

check('overlap is mutual, and touching periods share no day and leave no gap', fc.property(day, fc.tuple(fc.nat(90), fc.nat(90)), (start, [first, second]) => {
  const a = { from: start, to: addDays(start, 1 + first) }
  const b = { from: a.to, to: addDays(a.to, 1 + second) }
  return !overlaps(a, b) && !overlaps(b, a) && overlaps(a, { from: start, to: b.to }) && gapDays([b, a]) === 0 && gapDays([a, { from: addDays(b.from, 3), to: addDays(b.to, 3) }]) === 3
}))

const instant = fc.integer({ min: instantMs('2024-01-01T00:00:00Z'), max: instantMs('2026-11-30T00:00:00Z') }).map(instantOf)

check('due days are work days in order, each due instant ends its Beijing day', fc.property(instant, (pushed_at) => {
  const due = deadlines({ pushed_at }, BUILT_IN_CALENDAR)
  const dates = [due.contact_due_date, due.approval_due_date, due.disbursement_due_date]
  return dates.every((date) => isWorkDay(date, BUILT_IN_CALENDAR)) && beijingDate(pushed_at) < due.contact_due_date && due.contact_due_date < due.approval_due_date &&
    due.approval_due_date < due.disbursement_due_date && beijingDate(due.contact_due_at) === addDays(due.contact_due_date, 1) && endOfBeijingDay(due.contact_due_date) === due.contact_due_at
}))

check('an instant reads the same in every offset', fc.property(instant, fc.integer({ min: -840, max: 840 }), (at, minutes) => {
  const shifted = instantOf(instantMs(at) + minutes * 60_000).slice(0, -1)
  const two = (value: number): string => String(value).padStart(2, '0')
  const offset = `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`
  return instantMs(`${shifted}${offset}`) === instantMs(at) && beijingDate(`${shifted}${offset}`) === beijingDate(at)
}))

check('n work days later there are n work days between', fc.property(day, fc.integer({ min: 1, max: 30 }), (start, count) => {
  const end = addWorkDays(start, count, BUILT_IN_CALENDAR)
  let work = 0
  for (let date = addDays(start, 1); date <= end; date = addDays(date, 1)) if (isWorkDay(date, BUILT_IN_CALENDAR)) work += 1
  return work === count && nextWorkDay(end, BUILT_IN_CALENDAR) === end
}))

check('pauses shorten the net time, never below nothing, however they overlap', fc.property(fc.array(fc.tuple(instant, instant), { maxLength: 6 }), instant, instant, (pauses, a, b) => {
  const [from, to] = a < b ? [a, b] : [b, a]
  const ordered = pauses.map(([x, y]) => (x < y ? { from: x, to: y } : { from: y, to: x }))
  const { gross_ms, net_ms } = stageDuration(from, to, ordered)
  return gross_ms === instantMs(to) - instantMs(from) && net_ms >= 0 && net_ms <= gross_ms && stageDuration(from, to, [...ordered, ...ordered]).net_ms === net_ms
}))
