/** What scores read: who is scored, what was announced, the events behind the clock of leads. */
import { and, asc, eq, gte, inArray, lt } from 'drizzle-orm'
import type { ReadSql } from '../../db/db.ts'
import { events } from '../../journal/events.ts'
import type { EventType } from '../../journal/event-types.ts'
import { leads } from '../../matching/leads/store.ts'

/** Banks, guarantors and lessors to whom leads were pushed between two instants. */
export async function scoredInstitutions (sql: ReadSql, from_at: string, to_at: string): Promise<string[]> {
  const rows = await sql.selectDistinct({ recipient_no: leads.recipient_no }).from(leads).where(and(
    gte(leads.pushed_at, from_at), lt(leads.pushed_at, to_at), inArray(leads.recipient_kind, ['BANK', 'GUARANTOR', 'LESSOR'])
  )).orderBy(asc(leads.recipient_no))
  return rows.map(({ recipient_no }) => recipient_no)
}

/** Whether the score of a quarter was announced. */
export async function isAnnounced (sql: ReadSql, quarter: string): Promise<boolean> {
  const ready: EventType = 'institution_score.ready'
  return (await sql.select({ entry: events.entry }).from(events).where(and(eq(events.subject, quarter), eq(events.type, ready))).limit(1)).length > 0
}

/** What begins, ends or halts a stage. */
const clock_events: EventType[] = [
  'lead.pushed', 'lead.contacted', 'lead.approved', 'lead.rejected', 'lead.disbursed', 'lead.paused', 'lead.resumed', 'lead.abandoned_by_enterprise',
  'lead.withdrawn', 'lead.expired'
]
export const events_per_lead_max = 100

/** Numbers of those events by lead, the oldest first. */
export async function clockEventsOf (sql: ReadSql, lead_nos: readonly string[]): Promise<Map<string, string[]>> {
  if (lead_nos.length === 0) return new Map()
  const rows = await sql.select({ subject: events.subject, event_no: events.event_no }).from(events)
    .where(and(inArray(events.subject, [...lead_nos]), inArray(events.type, clock_events))).orderBy(asc(events.entry))
  return new Map(lead_nos.map(lead_no => [
    lead_no, rows.filter(({ subject }) => subject === lead_no).slice(0, events_per_lead_max).map(({ event_no }) => event_no)
  ]))
}
