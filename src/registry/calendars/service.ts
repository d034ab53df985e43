/** Working days as loaded data: the table loaded last for a year counts. */
import { newNo } from '../../clock.ts'
import { digestOf } from '../../db/canonical.ts'
import type { Db, WriteSql } from '../../db/db.ts'
import { personOf, type Principal } from '../../http/access.ts'
import { append } from '../../journal/events.ts'
import { BUILT_IN_CALENDAR, type Calendar } from '../../policy/calendar.ts'
import { dayNumber, isDate } from '../../policy/period.ts'
import { Problem, type ProblemItem } from '../../problem.ts'
import { everybodyConcerned } from '../participants/store.ts'
import { remembered } from '../remembered.ts'
import { calendarsByAge, findCalendar, keepCalendar, listCalendars, type CalendarTable } from './store.ts'

const hub = 'hub'

/** Keeps the built-in tables where they are missing. */
export async function seedCalendars (db: Db): Promise<void> {
  await db.write(async (sql, now) => {
    for (const [year, { off_days, make_up_work_days, source }] of Object.entries(BUILT_IN_CALENDAR.years)) {
      const content: CalendarContent = { year: Number(year), version: BUILT_IN_CALENDAR.version, source, off_days: [...off_days], make_up_work_days: [...make_up_work_days] }
      if (await findCalendar(sql, content.year, content.version) !== undefined) continue
      await keepCalendar(sql, { ...content, calendar_no: newNo('cal'), content_digest: digestOf(content), loaded_by: hub, created_at: now })
    }
  })
}

const loaded = remembered<{ mark: string, calendar: Calendar }>(async sql => {
  const rows = await calendarsByAge(sql)
  const years: Record<string, Calendar['years'][string]> = {}
  for (const { year, off_days, make_up_work_days, source } of rows) years[year] ??= { off_days, make_up_work_days, source }
  return { mark: rows[0]?.calendar_no ?? '', calendar: { version: rows[0]?.version ?? '', years } }
}, (a, b) => a.mark === b.mark)

/** The calendar in force: the newest table of every year, under the version loaded last. At most a second old. */
export async function calendarOf (db: Db): Promise<Calendar> {
  return (await loaded.of(db)).calendar
}

/** After a change of this process: the next reading is fresh. */
export function forgetCalendar (db: Db): void {
  loaded.forget(db)
}

export interface CalendarContent { year: number, version: string, source: string, off_days: string[], make_up_work_days: string[] }

/**
 * Keeps the table of a year. Due dates that were provisional for want of it are counted anew by whoever hears of it.
 *
 * Errors: duplicate_key, calendar_invalid (every mistake listed).
 */
export async function loadCalendar (
  sql: WriteSql, now: string, principal: Principal, content: CalendarContent
): Promise<{ row: CalendarTable, is_new: boolean, in_force: boolean }> {
  const content_digest = digestOf(content)
  const before = await findCalendar(sql, content.year, content.version)
  if (before !== undefined) {
    if (before.content_digest !== content_digest) throw new Problem('duplicate_key')
    return { row: before, is_new: false, in_force: inForce(await calendarsByAge(sql)).has(before.calendar_no) }
  }
  const mistakes = checkTable(content)
  if (mistakes.length > 0) throw new Problem('calendar_invalid', { errors: mistakes })
  const row: CalendarTable = { ...content, calendar_no: newNo('cal'), content_digest, loaded_by: personOf(principal), created_at: now }
  await keepCalendar(sql, row)
  await append(sql, now, {
    type: 'calendar.loaded', subject: row.calendar_no, actor: principal, audience: await everybodyConcerned(sql), data: { year: row.year, version: row.version }
  })
  return { row, is_new: true, in_force: true }
}

/** The table loaded last of every year, out of all in the order of age. */
function inForce (newest_first: readonly CalendarTable[]): Set<string> {
  const by_year = new Map<number, string>()
  for (const { year, calendar_no } of newest_first) if (!by_year.has(year)) by_year.set(year, calendar_no)
  return new Set(by_year.values())
}

/** A page of the tables, one more than asked for, with the mark of those in force. */
export async function listTables (db: Db, filter: { year?: number | undefined }, page: { after: string | null, limit: number }) {
  const valid = inForce(await calendarsByAge(db.read))
  const rows = await listCalendars(db.read, filter, page.after, page.limit + 1)
  return rows.map(row => Object.assign(row, { in_force: valid.has(row.calendar_no) }))
}

/** What makes a table contradict itself: foreign years, days named twice, a make-up day that is a working day anyhow or off. */
function checkTable ({ year, off_days, make_up_work_days }: CalendarContent): ProblemItem[] {
  const mistakes: ProblemItem[] = []
  const seen = new Set<string>()
  for (const [list, days] of Object.entries({ off_days, make_up_work_days })) {
    for (const [index, day] of days.entries()) {
      const mistake = (code: string, message: string, message_zh: string) => mistakes.push({ pointer: `/${list}/${index}`, code, message, message_zh })
      if (!isDate(day)) mistake('DATE_INVALID', `${day} is no day of the calendar`, `${day} 不是真实日期`)
      else if (Number(day.slice(0, 4)) !== year) mistake('OTHER_YEAR', `${day} is not in ${year}`, `${day} 不在 ${year} 年内`)
      else if (seen.has(day)) mistake('DAY_TWICE', `${day} is named twice`, `${day} 重复出现`)
      else if (list === 'make_up_work_days' && isMondayToFriday(day)) mistake('WORKING_DAY_ANYHOW', `${day} is Monday to Friday: a working day without being made up`, `${day} 为周一至周五，无需调休上班`)
      seen.add(day)
    }
  }
  return mistakes
}

function isMondayToFriday (day: string): boolean {
  return (((dayNumber(day) + 3) % 7) + 7) % 7 < 5
}
