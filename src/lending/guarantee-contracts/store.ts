/** Table of guarantee contracts with the counter of what was charged. */
import { and, asc, eq, isNull, sql as expression } from 'drizzle-orm'
import { fen, integer, table, text } from '../../db/columns.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import { correctableStore, evidenceColumns, versionColumns } from '../evidence/store.ts'

export const guarantee_contracts = table('guarantee_contracts', {
  ...evidenceColumns(),
  ...versionColumns(),
  guarantor_uscc: text().notNull(),
  lender_no: text().notNull(),
  loan_contract_number: text().notNull(),
  loan_contract_no: text().notNull(),
  guaranteed_fen: fen().notNull(),
  fee_total_fen: fen().notNull(),
  other_fees_fen: fen().notNull(),
  charged_fen: fen().notNull(),
  term_months: integer().notNull(),
  start_date: text().notNull(),
  end_date: text().notNull(),
  vintage_year: integer().notNull(),
  released_on: text(),
  re_guarantee_filing_no: text(),
  override_reason: text(),
  override_by: text(),
  document_no: text().notNull()
})

export type GuaranteeContractRow = typeof guarantee_contracts.$inferSelect

export const guaranteeContracts = correctableStore<GuaranteeContractRow>(guarantee_contracts)

/** Counts a fee on its contract; below zero takes one back. false: the contract does not carry it; nothing is changed. */
export async function countCharged (sql: WriteSql, number: string, fee_fen: number, now: string): Promise<boolean> {
  const { charged_fen, fee_total_fen, version } = guarantee_contracts
  const rows = await sql.update(guarantee_contracts)
    .set({ charged_fen: expression`${charged_fen} + ${fee_fen}`, version: expression`${version} + 1`, updated_at: now })
    .where(and(eq(guarantee_contracts.number, number), expression`${charged_fen} + ${fee_fen} between 0 and ${fee_total_fen}`))
    .returning({ number: guarantee_contracts.number })
  return rows.length > 0
}

/** Numbers of the loan contracts behind which a guarantor stands. */
export function guaranteedLoans (sql: ReadSql, guarantor_no: string) {
  return sql.select({ number: guarantee_contracts.loan_contract_number }).from(guarantee_contracts)
    .where(and(eq(guarantee_contracts.participant_no, guarantor_no), eq(guarantee_contracts.status, 'ACCEPTED')))
}

/** Guarantees of a loan contract that are in force and not released. */
export async function standingBehind (sql: ReadSql, loan_contract_number: string): Promise<Pick<GuaranteeContractRow, 'business_no' | 'guaranteed_fen'>[]> {
  const { business_no, guaranteed_fen, released_on, status, number } = guarantee_contracts
  return sql.select({ business_no, guaranteed_fen }).from(guarantee_contracts).where(and(
    eq(guarantee_contracts.loan_contract_number, loan_contract_number), eq(status, 'ACCEPTED'), isNull(released_on)
  )).orderBy(asc(number))
}

/** Ends a guarantee, whichever of its versions is in force. false: it was released before. */
export async function releaseGuarantee (sql: WriteSql, chain: string, released_on: string, now: string): Promise<boolean> {
  const rows = await sql.update(guarantee_contracts).set({ released_on, version: expression`${guarantee_contracts.version} + 1`,
    updated_at: now })
    .where(and(eq(guarantee_contracts.chain, chain), eq(guarantee_contracts.status, 'ACCEPTED'),
      expression`${guarantee_contracts.released_on} is null`)).returning({ number: guarantee_contracts.number })
  return rows.length > 0
}
