/** What every report is made from: its scope, the tallies of leads, and rows of participants. */
import type { ReadSql } from '../../db/db.ts'
import { endOfBeijingDay } from '../../policy/calendar.ts'
import { addDays } from '../../policy/period.ts'
import type { Role } from '../../http/access.ts'
import { activeOfRole, participantsByNo, type Participant } from '../../registry/participants/store.ts'
import { countLead, emptyTally, type ClockTally } from './clock.ts'
import { leadTimes, type LeadTimes, type Scope } from './store.ts'

/** A scope, and until when what is due counts: the beginning of the day after the period, or of today while it still runs. */
export interface Making extends Scope { as_of: string, as_of_at: string }

/** Small enough that a page does not hold up other requests. */
export const leads_per_page = 1000

/** The first instant of a day in Beijing. */
export function beginningOf (day: string): string {
  return endOfBeijingDay(addDays(day, -1))
}

/** What a report of a period is made from when it is made on a day. */
export function makingOf (period: { from: string, to: string }, today: string, region_code: string | null = null, uscc: string | null = null): Making {
  const { from, to } = period
  const as_of = to <= today ? to : today
  return { from, to, from_at: beginningOf(from), to_at: beginningOf(to), as_of, as_of_at: beginningOf(as_of), region_code, uscc }
}

/** Counts the leads of the period by a key of theirs; page by page, so that memory holds figures and no leads. */
export async function tallies (sql: ReadSql, making: Making, keyOf: (lead: LeadTimes) => string | null,
  parks_only = false): Promise<Map<string, ClockTally>> {
  const found = new Map<string, ClockTally>()
  for (let after = ''; ;) {
    const page = await leadTimes(sql, making, after, leads_per_page, parks_only)
    for (const lead of page) {
      const key = keyOf(lead)
      if (key === null) continue
      const tally = found.get(key) ?? emptyTally()
      found.set(key, tally)
      countLead(tally, lead, making.as_of_at)
    }
    const last = page.at(-1)
    if (last === undefined || page.length < leads_per_page) return found
    after = last.lead_no
  }
}

/** Participants of some roles that are active, and others that facts name; by number. */
export async function participantsOf (sql: ReadSql, roles: readonly Role[], named: Iterable<string>): Promise<Participant[]> {
  const active = (await Promise.all(roles.map(role => activeOfRole(sql, role)))).flat()
  const known = new Set(active.map(({ participant_no }) => participant_no))
  const others = (await participantsByNo(sql, [...new Set(named)].filter(no => !known.has(no)))).filter(({ role }) => roles.includes(role))
  return [...active, ...others].sort((a, b) => a.role < b.role ? -1 : a.role > b.role ? 1 : a.participant_no < b.participant_no ? -1 : 1)
}

/** Numbers that are there, each once. */
export function some (...numbers: readonly (string | null | undefined)[]): string[] {
  return [...new Set(numbers.filter(number => number !== null && number !== undefined && number !== ''))] as string[]
}

export function byKey<T> (rows: readonly T[], keyOf: (row: T) => string | null): Map<string, T> {
  return new Map(rows.map(row => [keyOf(row) ?? '', row]))
}
