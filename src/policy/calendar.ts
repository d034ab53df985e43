import { addDays, dateOfDayNumber, dayNumber, isDate } from './period.ts'

export { BUILT_IN_CALENDAR } from './calendar-data.ts'

/** Working days as loadable data, one table a year, each with its source. */
export interface Calendar {
  readonly version: string
  readonly years: Readonly<Record<string, {
    readonly off_days: readonly string[]
    readonly make_up_work_days: readonly string[]
    readonly source: string
  }>>
}

/** Limits of the "3个1" clock. Source: S2 (十五); readings A-21. */
export interface ClockTerms {
  readonly contact_work_days: number
  readonly plan_and_approval_days: number
  readonly disbursement_days: number
  /** CALENDAR_DAYS: seven days, moved on to a working day. WORK_DAYS: that many working days. */
  readonly week_reading: 'CALENDAR_DAYS' | 'WORK_DAYS'
}

export const THREE_ONE_CLOCK: ClockTerms = {
  contact_work_days: 1,
  plan_and_approval_days: 7,
  disbursement_days: 7,
  week_reading: 'CALENDAR_DAYS'
}

const INSTANT = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/
const DAY_MS = 86_400_000
/** Beijing is eight hours ahead all year; there is no daylight saving. */
const BEIJING_MS = 8 * 3_600_000

/** Whether the text is an RFC 3339 instant with an offset, on a real day. */
export function isInstant (text: string): boolean {
  const match = INSTANT.exec(text)
  return match !== null && isDate(match[1] ?? '') && Number(match[2]) < 24 && Number(match[3]) < 60 && Number(match[4]) < 60 &&
    Number(match[7] ?? 0) < 24 && Number(match[8] ?? 0) < 60
}

/** Milliseconds since 1970, cut to the millisecond. Throws RangeError for what is no instant. */
export function instantMs (text: string): number {
  const match = INSTANT.exec(text)
  if (match === null || !isInstant(text)) throw new RangeError(`not an instant with offset: ${text}`)
  const clock = (Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4])) * 1000 + Number((match[5] ?? '').padEnd(3, '0').slice(0, 3))
  const offset = (Number(match[7] ?? 0) * 60 + Number(match[8] ?? 0)) * 60_000
  return dayNumber(match[1] ?? '') * DAY_MS + clock - (match[6] === '-' ? -offset : offset)
}

/** The inverse: UTC with milliseconds and Z. */
export function instantOf (ms: number): string {
  const day = Math.floor(ms / DAY_MS)
  const rest = ms - day * DAY_MS
  const two = (value: number): string => String(value).padStart(2, '0')
  const time = `${two(Math.floor(rest / 3_600_000))}:${two(Math.floor(rest / 60_000) % 60)}:${two(Math.floor(rest / 1000) % 60)}`
  return `${dateOfDayNumber(day)}T${time}.${String(rest % 1000).padStart(3, '0')}Z`
}

/** The day it is in Beijing at that instant. */
export function beijingDate (instant: string): string {
  return dateOfDayNumber(Math.floor((instantMs(instant) + BEIJING_MS) / DAY_MS))
}

/** The first instant after that Beijing day: 2026-03-19 → 2026-03-19T16:00:00.000Z. */
export function endOfBeijingDay (date: string): string {
  return instantOf((dayNumber(date) + 1) * DAY_MS - BEIJING_MS)
}

/** The first instant of a day in Beijing; of the first day there is, the first there is in UTC. */
export function startOfBeijingDay (date: string): string {
  return instantOf(Math.max(dayNumber(date) * DAY_MS - BEIJING_MS, dayNumber('0001-01-01') * DAY_MS))
}

/** Whether the calendar has a table for the year of that day; without one the answer is provisional. */
export function hasTable (date: string, calendar: Calendar): boolean {
  return calendar.years[date.slice(0, 4)] !== undefined
}

/** A day is a work day if it is made up, or if it is Monday to Friday and not off. */
export function isWorkDay (date: string, calendar: Calendar): boolean {
  const table = calendar.years[date.slice(0, 4)]
  if (table !== undefined && table.make_up_work_days.includes(date)) return true
  const weekday = (((dayNumber(date) + 3) % 7) + 7) % 7
  return weekday < 5 && (table === undefined || !table.off_days.includes(date))
}

/** The day itself if it is a work day, else the next one. `looked_at` collects every day that was judged. */
export function nextWorkDay (date: string, calendar: Calendar, looked_at: string[] = []): string {
  let day = date
  looked_at.push(day)
  while (!isWorkDay(day, calendar)) {
    day = addDays(day, 1)
    looked_at.push(day)
  }
  return day
}

/** The n-th work day after that day; the day itself does not count. */
export function addWorkDays (date: string, work_days: number, calendar: Calendar, looked_at: string[] = []): string {
  let day = date
  for (let count = 0; count < work_days; count += 1) day = nextWorkDay(addDays(day, 1), calendar, looked_at)
  return day
}

export interface Stages {
  readonly pushed_at: string
  readonly contacted_at?: string | undefined
  readonly approved_at?: string | undefined
}

export interface Deadlines {
  readonly contact_due_date: string
  readonly approval_due_date: string
  readonly disbursement_due_date: string
  readonly contact_due_at: string
  readonly approval_due_at: string
  readonly disbursement_due_at: string
  readonly calendar_version: string
  readonly calendar_provisional: boolean
}

/** Whether the stages came in order: each at or after the one before, approval only after contact. */
export function stagesInOrder (stages: Stages): boolean {
  if (stages.contacted_at === undefined) return stages.approved_at === undefined
  if (instantMs(stages.contacted_at) < instantMs(stages.pushed_at)) return false
  return stages.approved_at === undefined || instantMs(stages.approved_at) >= instantMs(stages.contacted_at)
}

/**
 * Due days of the three stages. The start day does not count, the last day ends at midnight in Beijing and moves on to a
 * work day. A stage left out is taken as done on its due day.
 *
 * @throws RangeError `stage_order` when the stages are out of order
 * Source: S2 (十五); readings.
 */
export function deadlines (stages: Stages, calendar: Calendar, terms: ClockTerms = THREE_ONE_CLOCK): Deadlines {
  if (!stagesInOrder(stages)) throw new RangeError('stage_order: contact before push, or approval before contact')
  const looked_at: string[] = []
  const week = (from: string, days: number): string => terms.week_reading === 'WORK_DAYS'
    ? addWorkDays(from, days, calendar, looked_at)
    : nextWorkDay(addDays(from, days), calendar, looked_at)
  const contact = addWorkDays(beijingDate(stages.pushed_at), terms.contact_work_days, calendar, looked_at)
  const contacted = stages.contacted_at === undefined ? contact : beijingDate(stages.contacted_at)
  const approval = week(contacted, terms.plan_and_approval_days)
  const approved = stages.approved_at === undefined ? approval : beijingDate(stages.approved_at)
  const disbursement = week(approved, terms.disbursement_days)
  return {
    contact_due_date: contact,
    approval_due_date: approval,
    disbursement_due_date: disbursement,
    contact_due_at: endOfBeijingDay(contact),
    approval_due_at: endOfBeijingDay(approval),
    disbursement_due_at: endOfBeijingDay(disbursement),
    calendar_version: calendar.version,
    calendar_provisional: looked_at.some((day) => !hasTable(day, calendar))
  }
}

/** A stage done at or after its due instant is overdue; so is one not done by then. */
export function isOverdue (due_at: string, done_at_or_now: string): boolean {
  return instantMs(done_at_or_now) >= instantMs(due_at)
}

export interface Pause {
  readonly from: string
  /** null: still paused */
  readonly to: string | null
}

/**
 * How long a stage took, with and without its pauses. Pauses may overlap and reach beyond the stage; every millisecond
 * counts once. The due day does not move: both durations are reported, the clock is monitoring and no gate.
 *
 * Source: S2 (十五); domain notes §4.
 */
export function stageDuration (from: string, to: string, pauses: readonly Pause[]): { gross_ms: number, net_ms: number } {
  const start = instantMs(from)
  const end = instantMs(to)
  if (end < start) throw new RangeError('stage_order: a stage cannot end before it starts')
  const cut = pauses
    .map((pause) => ({ from: Math.max(start, instantMs(pause.from)), to: Math.min(end, pause.to === null ? end : instantMs(pause.to)) }))
    .filter((pause) => pause.from < pause.to)
    .sort((a, b) => a.from - b.from)
  let paused = 0
  let reached = start
  for (const pause of cut) {
    paused += Math.max(0, pause.to - Math.max(reached, pause.from))
    reached = Math.max(reached, pause.to)
  }
  return { gross_ms: end - start, net_ms: end - start - paused }
}
