/** Tables of budgets; what is used is counted on the row and bounded there. */
import { and, asc, desc, eq, gt, sql as expression } from 'drizzle-orm'
import { fen, integer, primaryKey, table, text } from '../../db/columns.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import type { BudgetSource } from './sources.ts'

export const budgets = table('budgets', {
  budget_no: text().primaryKey(),
  year: text().notNull(),
  fund_source: text().$type<BudgetSource>().notNull(),
  amount_fen: fen().notNull(),
  used_fen: fen().notNull(),
  version: integer().notNull(),
  decided_by: text().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
})

export type Budget = typeof budgets.$inferSelect

const budget_versions = table('budget_versions', {
  budget_no: text().notNull(),
  version: integer().notNull(),
  amount_fen: fen().notNull(),
  decided_by: text().notNull(),
  decided_at: text().notNull()
}, columns => [primaryKey({ columns: [columns.budget_no, columns.version] })])

export async function findBudget (sql: ReadSql, year: string, fund_source: BudgetSource): Promise<Budget | undefined> {
  return (await sql.select().from(budgets).where(and(eq(budgets.year, year), eq(budgets.fund_source, fund_source))))[0]
}

export async function listBudgets (sql: ReadSql, filter: { year?: string | undefined, after: string | null,
  limit: number }): Promise<Budget[]> {
  return sql.select().from(budgets).where(and(
    filter.year === undefined ? undefined : eq(budgets.year, filter.year), filter.after === null
      ? undefined : gt(budgets.budget_no, filter.after)
  )).orderBy(asc(budgets.budget_no)).limit(filter.limit)
}

export async function anyBudget (sql: ReadSql): Promise<boolean> {
  return (await sql.select({ budget_no: budgets.budget_no }).from(budgets).orderBy(desc(budgets.budget_no)).limit(1)).length > 0
}

async function keepVersion (sql: WriteSql, now: string, { budget_no, version, amount_fen, decided_by }: Budget): Promise<void> {
  await sql.insert(budget_versions).values({ budget_no, version, amount_fen, decided_by, decided_at: now })
}

export async function insertBudget (sql: WriteSql, now: string, budget: Budget): Promise<void> {
  await sql.insert(budgets).values(budget)
  await keepVersion(sql, now, budget)
}

/** Gives a budget another amount; undefined when more is used already. */
export async function changeBudget (sql: WriteSql, now: string, budget_no: string, amount_fen: number,
  decided_by: string): Promise<Budget | undefined> {
  const [row] = await sql.update(budgets).set({ amount_fen, decided_by, version: expression`${budgets.version} + 1`, updated_at: now })
    .where(and(eq(budgets.budget_no, budget_no), expression`${budgets.used_fen} <= ${amount_fen}`)).returning()
  if (row !== undefined) await keepVersion(sql, now, row)
  return row
}

/** Uses up part of a budget, or gives it back with a negative amount. false: it does not carry that much. */
export async function consumeBudget (sql: WriteSql, now: string, year: string, fund_source: BudgetSource,
  amount_fen: number): Promise<boolean> {
  const rows = await sql.update(budgets).set({ used_fen: expression`${budgets.used_fen} + ${amount_fen}`, updated_at: now })
    .where(and(eq(budgets.year, year), eq(budgets.fund_source, fund_source),
      expression`${budgets.used_fen} + ${amount_fen} between 0 and ${budgets.amount_fen}`))
    .returning({ budget_no: budgets.budget_no })
  return rows.length > 0
}
