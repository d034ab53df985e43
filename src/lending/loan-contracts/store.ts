/** Table of loan contracts with the counter of what was drawn. */
import { and, eq, gt, inArray, sql as expression, type SQL, type SQLWrapper } from 'drizzle-orm'
import { fen, table, text } from '../../db/columns.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import type { DayCount } from '../../policy/period.ts'
import { correctableStore, evidenceColumns, versionColumns } from '../evidence/store.ts'

export const loan_contracts = table('loan_contracts', {
  ...evidenceColumns(),
  ...versionColumns(),
  contract_amount_fen: fen().notNull(),
  land_fen: fen().notNull(),
  drawn_fen: fen().notNull(),
  drawn_land_fen: fen().notNull(),
  annual_rate_pct: text().notNull(),
  day_count: text().$type<DayCount>().notNull(),
  start_date: text().notNull(),
  maturity_date: text().notNull(),
  document_no: text().notNull(),
  lead_no: text(),
  core_enterprise_uscc: text()
})

export type LoanContractRow = typeof loan_contracts.$inferSelect

export const loanContracts = correctableStore<LoanContractRow>(loan_contracts)

/** Only the contracts whose numbers a query gives. */
export function amongLoans (numbers: SQLWrapper): SQL {
  return inArray(loan_contracts.number, numbers)
}

/** Counts a drawdown on its contract. false: the contract does not carry it; nothing is changed. */
export async function countDrawn (sql: WriteSql, number: string, amount_fen: number, land_fen: number, now: string): Promise<boolean> {
  const { drawn_fen, drawn_land_fen, contract_amount_fen, version } = loan_contracts
  const rows = await sql.update(loan_contracts).set({
    drawn_fen: expression`${drawn_fen} + ${amount_fen}`,
    drawn_land_fen: expression`${drawn_land_fen} + ${land_fen}`,
    version: expression`${version} + 1`,
    updated_at: now
  }).where(and(
    eq(loan_contracts.number, number),
    expression`${drawn_fen} + ${amount_fen} <= ${contract_amount_fen}`,
    expression`${drawn_fen} - ${drawn_land_fen} + ${amount_fen - land_fen} <= ${contract_amount_fen} - ${loan_contracts.land_fen}`
  )).returning({ number: loan_contracts.number })
  return rows.length > 0
}

/** Contracts in force of an enterprise project, of all banks. */
export async function contractsOf (sql: ReadSql, uscc: string, project_code: string): Promise<LoanContractRow[]> {
  return sql.select().from(loan_contracts).where(and(eq(loan_contracts.uscc, uscc), eq(loan_contracts.project_code, project_code),
    eq(loan_contracts.status, 'ACCEPTED')))
}

/** Projects of an enterprise that have a loan contract in force: their open needs are contracted. */
export async function contractedProjects (sql: ReadSql, uscc: string, day: string): Promise<string[]> {
  const rows = await sql.selectDistinct({ project_code: loan_contracts.project_code }).from(loan_contracts)
    .where(and(eq(loan_contracts.uscc, uscc), eq(loan_contracts.status, 'ACCEPTED'), gt(loan_contracts.maturity_date, day)))
  return rows.map(({ project_code }) => project_code)
}
