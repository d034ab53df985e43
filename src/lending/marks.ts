/**
 * What is to be derived again: a mark per change of a fact, appended in the unit of the change. Marks are never updated, so that
 * writers for one project do not wait for each other.
 */
import { and, asc, eq, lte, max, min, sql as expression } from 'drizzle-orm'
import { bulkInsert } from '../db/bulk.ts'
import { integer, table, text } from '../db/columns.ts'
import { hot, type ReadSql, type WriteSql } from '../db/db.ts'

export const SUBSIDY_KINDS = ['LOAN_INTEREST', 'LEASE', 'GUARANTEE_FEE', 'PREMIUM'] as const
export type SubsidyKind = typeof SUBSIDY_KINDS[number]

export const derivations_due = table('derivations_due', {
  entry: integer().primaryKey(),
  uscc: text().notNull(),
  project_code: text().notNull(),
  kind: text().$type<SubsidyKind>().notNull(),
  marked_at: text().notNull()
})

/** `mark` is the newest mark of the project and kind, `marked_at` the time of the oldest. */
export interface DerivationDue { uscc: string, project_code: string, kind: SubsidyKind, mark: number, marked_at: string }

const insertMarks = bulkInsert(derivations_due, insert => insert, ['entry'])

/** Asks for the lines of an enterprise project to be derived again. */
export async function mark (sql: WriteSql, now: string, uscc: string, project_code: string, kind: SubsidyKind): Promise<void> {
  await markAll(sql, now, [{ uscc, project_code }], kind)
}

/** The same for many projects at once. */
export async function markAll (sql: WriteSql, now: string, projects: readonly { uscc: string, project_code: string }[], kind: SubsidyKind): Promise<void> {
  const once = new Map(projects.map(({ uscc, project_code }) => [`${uscc} ${project_code}`, { uscc, project_code, kind, marked_at: now }]))
  await insertMarks(sql, [...once.values()] as never)
}

/** The longest waiting ones; asked after every commit. */
export async function dueMarks (sql: ReadSql, limit: number): Promise<DerivationDue[]> {
  return await hot(sql, buildDue).execute({ limit }) as DerivationDue[]
}

function buildDue (sql: ReadSql) {
  const { uscc, project_code, kind, entry, marked_at } = derivations_due
  return sql.select({ uscc, project_code, kind, mark: max(entry).mapWith(Number), marked_at: min(marked_at).mapWith(String) })
    .from(derivations_due).groupBy(uscc, project_code, kind).orderBy(asc(min(marked_at)), asc(uscc)).limit(expression.placeholder('limit')).prepare()
}

/** Takes away the marks up to one that was read; what was marked since stays due. */
export async function clearMark (sql: WriteSql, uscc: string, project_code: string, kind: SubsidyKind, mark: number): Promise<void> {
  await hot(sql, buildClear).execute({ uscc, project_code, kind, mark })
}

function buildClear (sql: WriteSql) {
  const { uscc, project_code, kind, entry } = derivations_due
  const { placeholder } = expression
  return sql.delete(derivations_due).where(and(
    eq(uscc, placeholder('uscc')), eq(project_code, placeholder('project_code')), eq(kind, placeholder('kind')), lte(entry, placeholder('mark'))
  )).prepare()
}
