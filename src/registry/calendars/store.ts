/** Table of working-day tables. */
import { and, asc, desc, eq, gt } from 'drizzle-orm'
import { integer, json, table, text } from '../../db/columns.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'

export const calendar_tables = table('calendar_tables', {
  calendar_no: text().primaryKey(),
  year: integer().notNull(),
  version: text().notNull(),
  source: text().notNull(),
  off_days: json<string[]>().notNull(),
  make_up_work_days: json<string[]>().notNull(),
  content_digest: text().notNull(),
  loaded_by: text().notNull(),
  created_at: text().notNull()
})

export type CalendarTable = typeof calendar_tables.$inferSelect

/** Inserts a table; one with the same year and version stays as it is. */
export async function keepCalendar (sql: WriteSql, row: CalendarTable): Promise<void> {
  await sql.insert(calendar_tables).values(row).onConflictDoNothing()
}

export async function findCalendar (sql: ReadSql, year: number, version: string): Promise<CalendarTable | undefined> {
  return (await sql.select().from(calendar_tables).where(and(eq(calendar_tables.year, year), eq(calendar_tables.version, version))))[0]
}

/** Every table, the one loaded last first. */
export async function calendarsByAge (sql: ReadSql): Promise<CalendarTable[]> {
  return sql.select().from(calendar_tables).orderBy(desc(calendar_tables.calendar_no))
}

export async function listCalendars (sql: ReadSql, filter: { year?: number | undefined }, after: string | null, limit: number): Promise<CalendarTable[]> {
  return sql.select().from(calendar_tables).where(and(
    filter.year === undefined ? undefined : eq(calendar_tables.year, filter.year),
    after === null ? undefined : gt(calendar_tables.calendar_no, after)
  )).orderBy(asc(calendar_tables.calendar_no)).limit(limit)
}
