/**
 * How far each client has read the feed: the cursor it sent last. The reader keeps its cursor itself; what the hub notes is for
 * looking at, gathered in memory and written every few seconds.
 */
import { and, asc, eq, gt, isNotNull, max, sql as expression } from 'drizzle-orm'
import { integer, primaryKey, table, text } from '../db/columns.ts'
import type { Db, ReadSql } from '../db/db.ts'
import type { Principal } from '../http/access.ts'
import { event_audience } from './events.ts'

const feed_readers = table('feed_readers', {
  participant_no: text().notNull(),
  reader: text().notNull(),
  client_id: text().notNull(),
  user_no: text(),
  after: integer().notNull(),
  seen_at: text().notNull()
}, columns => [primaryKey({ columns: [columns.participant_no, columns.reader] })])
export type FeedReader = typeof feed_readers.$inferSelect

export interface FeedReaders {
  /** Notes a cursor; costs nothing. */
  note (principal: Principal, after: number, now: string): void
  /** Writes what was noted. @returns how many readers */
  keep (): Promise<number>
}

export function feedReaders (db: Db): FeedReaders {
  let noted = new Map<string, FeedReader>()
  return {
    note ({ participant_no, client_id, user_no }, after, now) {
      const reader = `${client_id}/${user_no ?? ''}`
      noted.set(`${participant_no}/${reader}`, { participant_no, reader, client_id, user_no, after, seen_at: now })
    },
    async keep () {
      if (noted.size === 0) return 0
      const rows = [...noted.values()]
      noted = new Map()
      await db.write(async sql => {
        await sql.insert(feed_readers).values(rows).onConflictDoUpdate({
          target: [feed_readers.participant_no, feed_readers.reader], set: { after: expression`excluded.after`, seen_at: expression`excluded.seen_at` }
        })
      })
      return 0
    }
  }
}

/** Readers of a participant with the newest place of its feed, one more than asked for. */
export async function readersOf (sql: ReadSql, participant_no: string, after: string | null, limit: number): Promise<(FeedReader & { newest: number })[]> {
  const [head] = await sql.select({ newest: max(event_audience.seq) }).from(event_audience).where(and(eq(event_audience.participant_no, participant_no), isNotNull(event_audience.seq)))
  const rows = await sql.select().from(feed_readers).where(and(eq(feed_readers.participant_no, participant_no), after === null ? undefined : gt(feed_readers.reader, after)))
    .orderBy(asc(feed_readers.reader)).limit(limit)
  return rows.map(row => Object.assign(row, { newest: head?.newest ?? 0 }))
}
