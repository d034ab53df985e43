/**
 * The "3个1" score of an institution: shown to it with the leads and events behind it as soon as a quarter has ended, published some working
 * days later. What it misses it can still report meanwhile: late events are taken and count. Source: S2 (十五) 限时办结跟踪监测, (十九) 通报.
 */
import type { Db } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import type { EventType } from '../../journal/event-types.ts'
import { append, the_hub } from '../../journal/events.ts'
import { addWorkDays, beijingDate, endOfBeijingDay } from '../../policy/calendar.ts'
import { addDays, addMonths } from '../../policy/period.ts'
import { countOf, nearestTerms } from '../../policy/terms.ts'
import { calendarOf } from '../../registry/calendars/service.ts'
import { policiesOf } from '../../registry/policies/service.ts'
import { verdictsOn } from './clock.ts'
import { medianHours } from './figures.ts'
import { beginningOf, makingOf } from './making.ts'
import { isAnnounced, scoredInstitutions } from './score-store.ts'
import { eventsOf, leadTimes } from './store.ts'

/** What begins, ends or halts a stage. */
const clock_events: EventType[] = [
  'lead.pushed', 'lead.contacted', 'lead.approved', 'lead.rejected', 'lead.disbursed', 'lead.paused', 'lead.resumed', 'lead.abandoned_by_enterprise',
  'lead.withdrawn', 'lead.expired'
]

/** From when on others may read the scores of a period. @param to first day after it */
export async function publishedAt (db: Db, to: string): Promise<string> {
  const last = addDays(to, -1)
  const work_days = countOf(nearestTerms(await policiesOf(db), 'TECH_RENO_LOAN', last), 'score_preview_working_days')
  return endOfBeijingDay(addWorkDays(last, work_days, await calendarOf(db)))
}

/** The quarter that ended last before a day. */
export function quarterBefore (day: string): { name: string, from: string, to: string } {
  const to = `${day.slice(0, 4)}-${String(Math.floor((Number(day.slice(5, 7)) - 1) / 3) * 3 + 1).padStart(2, '0')}-01`
  const from = addMonths(to, -3)
  return { name: `${from.slice(0, 4)}Q${Math.ceil(Number(from.slice(5, 7)) / 3)}`, from, to }
}

/** Tells every institution with leads of the last quarter, once, that its score is ready. @returns how many quarters were announced */
export async function announceScores (db: Db): Promise<number> {
  const { name, from, to } = quarterBefore(beijingDate(db.clock.now()))
  if (await isAnnounced(db.read, name) || (await scoredInstitutions(db.read, beginningOf(from), beginningOf(to))).length === 0) return 0
  const published_at = await publishedAt(db, to)
  return db.write(async (sql, now) => {
    if (await isAnnounced(sql, name)) return 0
    const audience = await scoredInstitutions(sql, beginningOf(from), beginningOf(to))
    await append(sql, now, { type: 'institution_score.ready', subject: name, actor: the_hub, audience, data: { report: 'three-one-clock', published_at } })
    return 1
  })
}

/** The leads behind the score of one institution with their durations and events, a page in the order of their numbers. */
export async function scoredLeads (
  db: Db, principal: Principal, institution_no: string, period: { from: string, to: string }, query: { limit?: number, cursor?: string }
) {
  const operation_id = `listScoredLeads ${institution_no} ${period.from} ${period.to}`
  const page = pageRequest(operation_id, principal, query)
  const making = makingOf(period, beijingDate(db.clock.now()))
  const rows = await leadTimes(db.read, making, page.after ?? '', page.limit + 1, false, institution_no)
  const { items, next_cursor } = pageOf(operation_id, principal, page, rows, ({ lead_no }) => lead_no)
  const events = await eventsOf(db.read, items.map(({ lead_no }) => lead_no), clock_events)
  const hours = (ms: number | null) => ms === null ? null : medianHours([ms])
  return {
    items: items.map(lead => ({
      lead_no: lead.lead_no, pushed_at: lead.pushed_at, events: events.get(lead.lead_no) ?? [],
      stages: verdictsOn(lead, making.as_of_at).map(({ stage, due_date, done_at, on_time, on_time_net, gross_ms, net_ms }) => (
        { stage, due_date, done_at, on_time, on_time_net, hours: hours(gross_ms), hours_net: hours(net_ms) }))
    })),
    next_cursor
  }
}
