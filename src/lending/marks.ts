/** What is to be derived again: one mark per enterprise, project and kind, raised in the unit that changed a fact. */
import { and, asc, eq, sql as expression } from 'drizzle-orm'
import { integer, primaryKey, table, text } from '../db/columns.ts'
import { hot, type ReadSql, type WriteSql } from '../db/db.ts'

export const SUBSIDY_KINDS = ['LOAN_INTEREST', 'LEASE', 'GUARANTEE_FEE', 'PREMIUM'] as const
export type SubsidyKind = typeof SUBSIDY_KINDS[number]

export const derivations_due = table('derivations_due', {
  uscc: text().notNull(),
  project_code: text().notNull(),
  kind: text().$type<SubsidyKind>().notNull(),
  mark: integer().notNull(),
  marked_at: text().notNull()
}, columns => [primaryKey({ columns: [columns.uscc, columns.project_code, columns.kind] })])

export type DerivationDue = typeof derivations_due.$inferSelect

const raise = (sql: WriteSql) => sql.insert(derivations_due).values({
  uscc: expression.placeholder('uscc'),
  project_code: expression.placeholder('project_code'),
  kind: expression.placeholder('kind'),
  mark: 1,
  marked_at: expression.placeholder('now')
} as never).onConflictDoUpdate({
  target: [derivations_due.uscc, derivations_due.project_code, derivations_due.kind],
  set: { mark: expression`${derivations_due.mark} + 1` }
}).prepare()

/**
 * Asks for the lines of an enterprise project to be derived again. `marked_at` stays the first request's, so that nobody
 * waits longer for being busy.
 */
export async function mark (sql: WriteSql, now: string, uscc: string, project_code: string, kind: SubsidyKind): Promise<void> {
  await hot(sql, raise).execute({ uscc, project_code, kind, now })
}

/** The longest waiting ones. */
export async function dueMarks (sql: ReadSql, limit: number): Promise<DerivationDue[]> {
  return sql.select().from(derivations_due).orderBy(asc(derivations_due.marked_at), asc(derivations_due.uscc)).limit(limit)
}

/** Takes a mark away unless it was raised since it was read; then it stays due. */
export async function clearMark (sql: WriteSql, uscc: string, project_code: string, kind: SubsidyKind, mark: number): Promise<void> {
  await sql.delete(derivations_due).where(and(
    eq(derivations_due.uscc, uscc), eq(derivations_due.project_code, project_code), eq(derivations_due.kind, kind),
      eq(derivations_due.mark, mark)
  ))
}
