/** What scores read: who is scored, what was announced. */
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
