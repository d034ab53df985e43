/** Table of credit codes that are accepted although their check character does not fit. */
import { and, asc, eq, gt, inArray } from 'drizzle-orm'
import { integer, table, text } from '../../db/columns.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import { isUscc } from '../../policy/identifiers.ts'
import type { OverrideStatus } from './statuses.ts'

export const uscc_overrides = table('uscc_overrides', {
  uscc: text().primaryKey(),
  status: text().$type<OverrideStatus>().notNull(),
  reason: text().notNull(),
  end_reason: text(),
  proposed_by: text().notNull(),
  confirmed_by: text(),
  ended_by: text(),
  version: integer().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
})

export type UsccOverride = typeof uscc_overrides.$inferSelect

export async function findOverride (sql: ReadSql, uscc: string): Promise<UsccOverride | undefined> {
  return (await sql.select().from(uscc_overrides).where(eq(uscc_overrides.uscc, uscc)))[0]
}

/** Keeps an override as it stands now, in place of an earlier one of the same code. */
export async function keepOverride (sql: WriteSql, row: UsccOverride): Promise<void> {
  await sql.insert(uscc_overrides).values(row).onConflictDoUpdate({ target: uscc_overrides.uscc, set: row })
}

export async function listOverrides (sql: ReadSql, filter: { status?: OverrideStatus | undefined }, after: string | null, limit: number): Promise<UsccOverride[]> {
  return sql.select().from(uscc_overrides).where(and(
    filter.status === undefined ? undefined : eq(uscc_overrides.status, filter.status),
    after === null ? undefined : gt(uscc_overrides.uscc, after)
  )).orderBy(asc(uscc_overrides.uscc)).limit(limit)
}

const usccs_per_query = 250

/** Those of some codes for which an override counts. Codes that are right by themselves are not asked for. */
export async function overriddenAmong (sql: ReadSql, usccs: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>()
  const unfit = usccs.filter(uscc => !isUscc(uscc))
  for (let from = 0; from < unfit.length; from += usccs_per_query) {
    const rows = await sql.select({ uscc: uscc_overrides.uscc }).from(uscc_overrides)
      .where(and(eq(uscc_overrides.status, 'ACTIVE'), inArray(uscc_overrides.uscc, unfit.slice(from, from + usccs_per_query))))
    for (const { uscc } of rows) found.add(uscc)
  }
  return found
}
