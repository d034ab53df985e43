/**
 * The one log: every fact that changes state appends one event in its own unit.
 * Read three ways: as a feed by its audience, by the webhook sender, as the audit log.
 */
import { and, asc, eq, gt, isNull, max, sql as expression } from 'drizzle-orm'
import { integer, isAmong, json, primaryKey, table, text } from '../db/columns.ts'
import { bulkInsert } from '../db/bulk.ts'
import { hot, type Db, type ReadSql, type WriteSql } from '../db/db.ts'
import { dialect } from '../config.ts'
import { newNo } from '../clock.ts'
import type { EventType } from './event-types.ts'

export const events = table('events', {
  entry: integer().primaryKey(),
  seq: integer(),
  event_no: text().notNull(),
  type: text().notNull(),
  subject: text().notNull(),
  at: text().notNull(),
  actor_participant: text().notNull(),
  actor_user: text(),
  authorization_no: text(),
  data: json<Record<string, unknown>>().notNull()
})

export const event_audience = table('event_audience', {
  participant_no: text().notNull(),
  entry: integer().notNull(),
  seq: integer()
}, columns => [primaryKey({ columns: [columns.participant_no, columns.entry] })])

export interface Actor { participant_no: string, user_no: string | null }

/** The hub itself: background loops. */
export const the_hub: Actor = { participant_no: 'hub', user_no: null }

export interface NewEvent {
  /** `room.fact`, e.g. interest_voucher.accepted */
  type: EventType
  /** number of the thing it is about */
  subject: string
  actor: Actor
  /** participants whose feed shows it */
  audience: readonly string[]
  authorization_no?: string | null
  /** thin: numbers and codes, never personal data, names or account numbers */
  data?: Record<string, unknown>
}

const insertEvents = bulkInsert<typeof events, { entry: number, event_no: string }>(
  events, insert => insert.returning({ entry: events.entry, event_no: events.event_no }), ['entry'])
const insertAudience = bulkInsert(event_audience)

const readWaiting = (sql: ReadSql) => sql.select({ entry: events.entry }).from(events).where(isNull(events.seq)).limit(1).prepare()
const readHead = (sql: WriteSql) => sql.select({ head: max(events.seq) }).from(events).prepare()

/** Appends events in the caller's unit. On SQLite the place in the log is given at once, on PostgreSQL by the sequencer. */
export async function append (sql: WriteSql, now: string, ...news: readonly NewEvent[]): Promise<void> {
  if (news.length === 0) return
  let head = dialect === 'sqlite' ? (await hot(sql, readHead).execute())[0]?.head ?? 0 : null
  const rows = news.map(event => {
    if (head !== null) head++
    return {
      seq: head, event_no: newNo('evt'), type: event.type, subject: event.subject, at: now, actor_participant: event.actor.participant_no,
      actor_user: event.actor.user_no, authorization_no: event.authorization_no ?? null, data: event.data ?? {}
    }
  })
  const entries = new Map((await insertEvents(sql, rows as never)).map(({ entry, event_no }) => [event_no, entry]))
  await insertAudience(sql, rows.flatMap(({ event_no, seq }, index) => {
    const entry = entries.get(event_no)
    if (entry === undefined) throw new Error('an event was not inserted')
    return [...new Set(news[index]?.audience)].map(participant_no => ({ participant_no, entry, seq }))
  }))
}

export const sequenced_per_unit_max = 2000
/** PostgreSQL's advisory lock under which places are given */
const sequencer_lock = 7_315_003

/**
 * Gives committed events their place in the log, in the order of their entry. One unit at a time, under a lock; what commits
 * later gets a later place, so a reader's cursor never passes an event that is still to come.
 *
 * @returns how many were placed
 */
export async function sequence (db: Db): Promise<number> {
  if (dialect === 'sqlite' || (await hot(db.read, readWaiting).execute()).length === 0) return 0
  return db.write(async sql => {
    await sql.select({ locked: expression`pg_advisory_xact_lock(${sequencer_lock})` }).from(expression`(values (1)) as one`)
    const head = (await hot(sql, readHead).execute())[0]?.head ?? 0
    const waiting = sql.select({
      entry: events.entry,
      place: expression<number>`${head} + row_number() over (order by ${events.entry})`.as('place')
    }).from(events).where(isNull(events.seq)).orderBy(asc(events.entry)).limit(sequenced_per_unit_max).as('waiting')
    const placed = await sql.update(events).set({ seq: expression`${waiting.place}` }).from(waiting)
      .where(and(eq(events.entry, waiting.entry), isNull(events.seq))).returning({ entry: events.entry })
    if (placed.length > 0) {
      await sql.update(event_audience).set({ seq: expression`${events.seq}` }).from(events)
        .where(and(isAmong(event_audience.entry, placed.map(({ entry }) => String(entry))), isNull(event_audience.seq), eq(events.entry, event_audience.entry)))
    }
    return placed.length
  }, 'AS_COMMITTED')
}

/** Events for one participant after a place in the log. */
export async function feed (sql: ReadSql, participant_no: string, after: number, limit: number) {
  return sql.select({
    event_no: events.event_no, seq: expression<number>`${events.seq}`.mapWith(Number), type: events.type, subject: events.subject, at: events.at, data: events.data
  }).from(event_audience).innerJoin(events, eq(events.entry, event_audience.entry))
    .where(and(eq(event_audience.participant_no, participant_no), gt(event_audience.seq, after)))
    .orderBy(asc(event_audience.seq)).limit(limit)
}
