/** Table of holds: what is not paid for the time being. */
import { and, asc, eq, gt, gte, isNull, lt, lte, or, sql as expression } from 'drizzle-orm'
import { integer, table, text } from '../../db/columns.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'

export const holds = table('holds', {
  hold_no: text().primaryKey(),
  participant_no: text().notNull(),
  packet_no: text(),
  line_no: text(),
  uscc: text(),
  reason: text().notNull(),
  owner: text(),
  expires_on: text(),
  /** when the authorities were told that it lapses, or has stood too long */
  escalated_at: text(),
  status: text().$type<'OPEN' | 'RELEASED'>().notNull(),
  placed_by: text().notNull(),
  release_reason: text(),
  released_by: text(),
  released_at: text(),
  version: integer().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
})

export type Hold = typeof holds.$inferSelect

export async function insertHold (sql: WriteSql, row: Hold): Promise<void> {
  await sql.insert(holds).values(row)
}

export async function findHold (sql: ReadSql, hold_no: string): Promise<Hold | undefined> {
  return (await sql.select().from(holds).where(eq(holds.hold_no, hold_no)))[0]
}

export async function listHolds (
  sql: ReadSql, filter: { status?: Hold['status'] | undefined, uscc?: string | undefined, packet_no?: string | undefined,
    line_no?: string | undefined, updated_since?: string | undefined, after: string | null, limit: number }
): Promise<Hold[]> {
  const equal = ['status', 'uscc', 'packet_no', 'line_no'] as const
  return sql.select().from(holds).where(and(
    ...equal.map(name => filter[name] === undefined ? undefined : eq(holds[name], filter[name])),
    filter.updated_since === undefined ? undefined : gte(holds.updated_at, filter.updated_since),
    filter.after === null ? undefined : gt(holds.hold_no, filter.after)
  )).orderBy(asc(holds.hold_no)).limit(filter.limit)
}

/** Holds in force on a day; an expired one holds no more. */
export async function holdsOn (sql: ReadSql, day: string): Promise<Hold[]> {
  return sql.select().from(holds).where(and(eq(holds.status, 'OPEN'), or(isNull(holds.expires_on),
    gte(holds.expires_on, day)))).orderBy(asc(holds.hold_no))
}

/** Open holds nobody was reminded of that end on or before a day, or have no end and were placed before an instant. */
export async function holdsToEscalate (sql: ReadSql, ends_by: string, placed_before: string, limit: number): Promise<Hold[]> {
  return sql.select().from(holds).where(and(
    eq(holds.status, 'OPEN'), isNull(holds.escalated_at), or(lte(holds.expires_on, ends_by), and(isNull(holds.expires_on), lt(holds.created_at, placed_before)))
  )).orderBy(asc(holds.hold_no)).limit(limit)
}

/** false: it was released or escalated before. */
export async function escalateHold (sql: WriteSql, now: string, hold_no: string): Promise<boolean> {
  return (await sql.update(holds).set({ escalated_at: now, version: expression`${holds.version} + 1`, updated_at: now })
    .where(and(eq(holds.hold_no, hold_no), eq(holds.status, 'OPEN'), isNull(holds.escalated_at))).returning({ hold_no: holds.hold_no })).length > 0
}

export async function releaseHold (sql: WriteSql, now: string, hold_no: string, released_by: string,
  release_reason: string | null): Promise<Hold | undefined> {
  return (await sql.update(holds).set({ status: 'RELEASED', released_by, release_reason, released_at: now,
    version: expression`${holds.version} + 1`, updated_at: now })
    .where(and(eq(holds.hold_no, hold_no), eq(holds.status, 'OPEN'))).returning())[0]
}
