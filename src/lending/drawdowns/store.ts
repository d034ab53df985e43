/** Table of drawdowns. */
import { and, asc, eq, inArray, sql as expression } from 'drizzle-orm'
import { fen, json, table, text } from '../../db/columns.ts'
import { hot, type ReadSql } from '../../db/db.ts'
import { evidenceColumns, evidenceStore } from '../evidence/store.ts'
import { loan_contracts } from '../loan-contracts/store.ts'

export interface RateSegment { from: string, to: string, annual_rate_pct: string }

export const drawdowns = table('drawdowns', {
  ...evidenceColumns(),
  loan_contract_number: text().notNull(),
  amount_fen: fen().notNull(),
  land_fen: fen().notNull(),
  disbursed_date: text().notNull(),
  maturity_date: text().notNull(),
  rate_segments: json<RateSegment[]>().notNull()
})

export type DrawdownRow = typeof drawdowns.$inferSelect

export const drawdownsKept = evidenceStore<DrawdownRow>(drawdowns)

const buildLent = (sql: ReadSql) => sql.select({ drawdown: drawdowns, contract: loan_contracts }).from(drawdowns)
  .innerJoin(loan_contracts, eq(loan_contracts.number, drawdowns.loan_contract_number))
  .where(and(eq(drawdowns.participant_no, expression.placeholder('participant_no')),
    eq(drawdowns.business_no, expression.placeholder('iou_no')))).prepare()

/** A drawdown of a bank with its contract. */
export async function findLent (sql: ReadSql, participant_no: string, iou_no: string) {
  return (await hot(sql, buildLent).execute({ participant_no, iou_no }))[0]
}

/** Every drawdown of some contracts, in the order they were paid out. */
export async function drawdownsOf (sql: ReadSql, contract_numbers: readonly string[]): Promise<DrawdownRow[]> {
  if (contract_numbers.length === 0) return []
  return sql.select().from(drawdowns).where(inArray(drawdowns.loan_contract_number,
    [...contract_numbers])).orderBy(asc(drawdowns.disbursed_date), asc(drawdowns.number))
}
