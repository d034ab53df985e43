import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { beijingDate, BUILT_IN_CALENDAR, deadlines, instantMs, isInstant, isOverdue, stageDuration, type Calendar } from '../../src/policy/calendar.ts'
import { cutDown, isRate, rateText, rateUnits, roundHalfUp, safeNumber } from '../../src/policy/exact.ts'
import { checkedFen, fenOf, isMoney, splitByLargestRemainder, sumFen, sumYuan, yuanOf } from '../../src/policy/money.ts'
import { addDays, addMonths, dateOfDayNumber, daysBetween, gapDays, isDate, settlementPeriodOf, yearOf } from '../../src/policy/period.ts'

const KERNEL = join(import.meta.dirname, '../../src/policy')

t.test('the kernel is pure: no waiting, no clock, no chance, no machine; decimals only here', async (t) => {
  for (const file of readdirSync(KERNEL).filter((name) => name.endsWith('.ts'))) {
    const source = readFileSync(join(KERNEL, file), 'utf8')
    t.notMatch(source, /\bawait\b|\basync\b|new Date|Date\.(?:now|parse|UTC)|Math\.random|process\.|from 'node:/u, file)
    for (const [, from] of source.matchAll(/from '([^']+)'/gu)) t.ok(from === 'decimal.js' ? file === 'exact.ts' : from?.startsWith('./'), `${file} imports ${from}`)
    t.ok(source.split('\n').length <= 400, `${file} fits on its pages`)
  }
})

t.test('an amount that is none is refused, never read as something', async (t) => {
  for (const text of ['', '1', '1.0', '1.000', '-1.00', '+1.00', '1,000.00', ' 1.00', '1.00 ', '1e3', 'NaN', '１.00', '.00', '99999999999999.00']) {
    t.notOk(isMoney(text), text)
    t.throws(() => fenOf(text), RangeError, text)
  }
  t.equal(fenOf('9999999999999.99'), 999_999_999_999_999)
  t.equal(fenOf('0.07'), 7)
  t.equal(yuanOf(-5), '-0.05')
  t.equal(yuanOf(-12_345), '-123.45')
  for (const fen of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) t.throws(() => yuanOf(fen), RangeError, String(fen))
})

t.test('sums never leave the safe integers in silence', async (t) => {
  t.equal(sumFen([]), 0)
  t.equal(sumYuan(['0.10', '0.20']), '0.30')
  t.throws(() => sumFen([Number.MAX_SAFE_INTEGER, 1]), RangeError)
  t.throws(() => sumFen([0.1]), RangeError)
  t.throws(() => checkedFen(-1), RangeError)
  t.throws(() => safeNumber(2n ** 53n), RangeError)
})

t.test('a split without weights, or of less than nothing, is a bug', async (t) => {
  t.throws(() => splitByLargestRemainder(1, [0, 0]), RangeError)
  t.throws(() => splitByLargestRemainder(1, []), RangeError)
  t.throws(() => splitByLargestRemainder(-1, [1]), RangeError)
  t.throws(() => splitByLargestRemainder(1, [-1, 2]), RangeError)
  t.same(splitByLargestRemainder(0, [0, 0]), [0, 0])
  t.same(splitByLargestRemainder(1, [1, 1]), [1, 0], 'a tie goes to the earlier')
})

t.test('rates keep six decimals and nothing else', async (t) => {
  t.equal(rateUnits('3.6'), 3_600_000n)
  t.equal(rateUnits('0.000001'), 1n)
  t.equal(rateText(3_600_000n), '3.6')
  for (const text of ['', '-1', '3.', '.5', '3.1234567', '1000', '3%', '1e2']) {
    t.notOk(isRate(text), text)
    t.throws(() => rateUnits(text), RangeError, text)
  }
})

t.test('half is rounded up, a ceiling is cut', async (t) => {
  t.equal(roundHalfUp(1n, 2n), 1)
  t.equal(roundHalfUp(49n, 100n), 0)
  t.equal(roundHalfUp(3n, 2n), 2)
  t.equal(cutDown(199n, 100n), 1)
  t.throws(() => roundHalfUp(-1n, 2n), RangeError)
  t.throws(() => roundHalfUp(1n, 0n), RangeError)
  t.throws(() => cutDown(1n, 0n), RangeError)
})

t.test('only days of the calendar are days', async (t) => {
  for (const date of ['2026-02-31', '2026-13-01', '2026-00-10', '2025-02-29', '2026-1-1', '26-01-01', '2026-01-01T00:00:00Z', '', '0000-01-01', '1900-02-29']) {
    t.notOk(isDate(date), date)
    t.throws(() => daysBetween(date, '2026-01-01'), RangeError, date)
  }
  for (const date of ['2024-02-29', '2000-02-29', '0001-01-01', '9999-12-31']) t.ok(isDate(date), date)
  t.throws(() => addDays('9999-12-31', 1), RangeError)
  t.throws(() => addMonths('9999-12-31', 1), RangeError)
  t.throws(() => dateOfDayNumber(0.5), RangeError)
})

t.test('quarters, years, months and gaps', async (t) => {
  t.same(['2026-03-31', '2026-04-01', '2026-12-31'].map(settlementPeriodOf), ['2026Q1', '2026Q2', '2026Q4'])
  t.equal(yearOf('2026-03-21'), '2026')
  t.equal(addMonths('2026-01-31', 1), '2026-02-28')
  t.equal(addMonths('2024-02-29', -12), '2023-02-28')
  t.equal(daysBetween('2026-06-21', '2026-03-21'), -92)
  t.equal(gapDays([]), 0)
  t.equal(gapDays([{ from: '2026-01-10', to: '2026-01-20' }, { from: '2026-01-01', to: '2026-01-05' }, { from: '2026-01-02', to: '2026-01-03' }]), 5)
})

t.test('an instant needs its offset and a real day', async (t) => {
  for (const text of ['2026-03-18T10:00:00', '2026-02-30T10:00:00Z', '2026-03-18 10:00:00Z', '2026-03-18T24:00:00Z', '2026-03-18T10:60:00Z', '2026-03-18T10:00:00+24:00', '2026-03-18']) {
    t.notOk(isInstant(text), text)
    t.throws(() => instantMs(text), RangeError, text)
  }
  t.equal(instantMs('2026-03-18T10:00:00.123456+08:00'), Date.parse('2026-03-18T02:00:00.123Z'))
  t.equal(beijingDate('2026-03-18T15:59:59.999Z'), '2026-03-18')
  t.equal(beijingDate('2026-03-18T16:00:00Z'), '2026-03-19')
})

t.test('a stage done at its due instant is overdue, a millisecond before it is not', async (t) => {
  t.notOk(isOverdue('2026-03-19T16:00:00.000Z', '2026-03-19T23:59:59.999+08:00'))
  t.ok(isOverdue('2026-03-19T16:00:00.000Z', '2026-03-20T00:00:00+08:00'))
})

t.test('stages out of order stop the clock loudly', async (t) => {
  t.throws(() => deadlines({ pushed_at: '2026-03-18T10:00:00Z', approved_at: '2026-03-19T10:00:00Z' }, BUILT_IN_CALENDAR), /stage_order/u)
  t.throws(() => stageDuration('2026-03-19T10:00:00Z', '2026-03-18T10:00:00Z', []), /stage_order/u)
})

t.test('both durations of a stage are told, overlapping pauses count once', async (t) => {
  const pauses = [{ from: '2026-03-18T02:00:00Z', to: '2026-03-18T04:00:00Z' }, { from: '2026-03-18T03:00:00Z', to: '2026-03-18T05:00:00Z' }, { from: '2026-03-18T09:00:00Z', to: null }]
  t.same(stageDuration('2026-03-18T01:00:00Z', '2026-03-18T10:00:00Z', pauses), { gross_ms: 9 * 3_600_000, net_ms: 5 * 3_600_000 })
})

t.test('a loaded table ends what was provisional', async (t) => {
  const pushed_at = '2026-12-31T10:00:00+08:00'
  const table = { off_days: ['2027-01-01', '2027-01-02', '2027-01-03'], make_up_work_days: [], source: 'test' }
  const loaded: Calendar = { version: 'next', years: { ...BUILT_IN_CALENDAR.years, 2027: table } }
  t.match(deadlines({ pushed_at }, BUILT_IN_CALENDAR), { contact_due_date: '2027-01-01', calendar_provisional: true, calendar_version: '2026.1' })
  t.match(deadlines({ pushed_at }, loaded), { contact_due_date: '2027-01-04', calendar_provisional: false, calendar_version: 'next' })
})

t.test('the clock is the same whatever time zone the process runs in', async (t) => {
  const program = `
    const { deadlines, BUILT_IN_CALENDAR } = await import('${join(KERNEL, 'calendar.ts')}')
    const days = ['2026-02-13T10:00:00+08:00', '2026-03-18T16:00:00Z', '2026-09-30T01:00:00+08:00', '2024-12-31T23:59:59-11:00']
    console.log(JSON.stringify(days.map((pushed_at) => deadlines({ pushed_at }, BUILT_IN_CALENDAR))))`
  const answers = ['UTC', 'Asia/Shanghai', 'America/Los_Angeles', 'Pacific/Kiritimati', 'Pacific/Pago_Pago'].map((TZ) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', program], { env: { ...process.env, TZ }, encoding: 'utf8' }).stdout)
  t.match(answers[0], /2026-02-14/u)
  t.equal(new Set(answers).size, 1)
})
