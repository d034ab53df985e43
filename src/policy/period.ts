/** Calendar days as 'YYYY-MM-DD'; periods are half-open [start, end): the first day counts, the last does not (算头不算尾). */

export const DAY_COUNTS = ['ACT_360', 'ACT_365', '30_360'] as const
export type DayCount = typeof DAY_COUNTS[number]

export interface Period {
  readonly from: string
  readonly to: string
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

function isLeapYear (year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
}

function daysInMonth (year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : MONTH_DAYS[month - 1] ?? 0
}

/** Whether the text is a real day of the calendar: 2026-02-31 is none. */
export function isDate (text: string): boolean {
  const match = DATE.exec(text)
  if (match === null) return false
  const year = Number(match[1])
  const month = Number(match[2])
  const day = Number(match[3])
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month)
}

interface Parts { year: number, month: number, day: number }

function partsOf (date: string): Parts {
  if (!isDate(date)) throw new RangeError(`not a calendar day: ${date}`)
  return { year: Number(date.slice(0, 4)), month: Number(date.slice(5, 7)), day: Number(date.slice(8, 10)) }
}

/** Days since 1970-01-01, without any clock or time zone. Throws RangeError for what is no calendar day. */
export function dayNumber (date: string): number {
  const { year, month, day } = partsOf(date)
  const shifted = month > 2 ? year : year - 1
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

/** The inverse of `dayNumber`. Throws RangeError outside the years 0001…9999. */
export function dateOfDayNumber (days: number): string {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  if (!Number.isInteger(days) || year < 1 || year > 9999) throw new RangeError(`day out of range: ${days}`)
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

/**
 * Days of [from, to) as the day count of the contract counts them; negative when reversed.
 * 30/360 is the European form (the 31st counts as the 30th): the only one in which cutting a period never changes the sum.
 */
export function daysBetween (from: string, to: string, day_count: DayCount = 'ACT_360'): number {
  if (day_count !== '30_360') return dayNumber(to) - dayNumber(from)
  const start = partsOf(from)
  const end = partsOf(to)
  return (end.year - start.year) * 360 + (end.month - start.month) * 30 + Math.min(end.day, 30) - Math.min(start.day, 30)
}

/** Days of the year the day count divides by. */
export function yearDays (day_count: DayCount): bigint {
  return day_count === 'ACT_365' ? 365n : 360n
}

export function addDays (date: string, days: number): string {
  return dateOfDayNumber(dayNumber(date) + days)
}

/** The same day months later, or the last day of that month: 2026-01-31 + 1 → 2026-02-28. */
export function addMonths (date: string, months: number): string {
  const { year, month, day } = partsOf(date)
  const index = year * 12 + month - 1 + months
  const target = { year: Math.floor(index / 12), month: index - Math.floor(index / 12) * 12 + 1 }
  if (!Number.isInteger(months) || target.year < 1 || target.year > 9999) throw new RangeError(`months out of range: ${months}`)
  const last = Math.min(day, daysInMonth(target.year, target.month))
  return `${String(target.year).padStart(4, '0')}-${String(target.month).padStart(2, '0')}-${String(last).padStart(2, '0')}`
}

/** Whether two half-open periods share a day; touching ones do not. */
export function overlaps (a: Period, b: Period): boolean {
  return a.from < b.to && b.from < a.to
}

/** Whole days no period of the list covers between the first start and the last end. Periods need not be sorted. */
export function gapDays (periods: readonly Period[]): number {
  const sorted = [...periods].sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))
  let gap = 0
  let reached: string | null = null
  for (const { from, to } of sorted) {
    if (reached !== null && from > reached) gap += daysBetween(reached, from)
    if (reached === null || to > reached) reached = to
  }
  return gap
}

/** The settlement quarter a payment day falls in: 2026-03-21 → 2026Q1 (calendar quarters, budget year 1 Jan–31 Dec). */
export function settlementPeriodOf (date: string): string {
  const { year, month } = partsOf(date)
  return `${String(year).padStart(4, '0')}Q${Math.ceil(month / 3)}`
}

/** Calendar year of a day, as text: the key of every yearly ceiling. */
export function yearOf (date: string): string {
  return String(partsOf(date).year).padStart(4, '0')
}
