/** Table of fee vouchers, and what derived lines start from. */
import { and, asc, eq } from 'drizzle-orm'
import { fen, table, text } from '../../db/columns.ts'
import type { ReadSql } from '../../db/db.ts'
import { evidenceColumns, heldColumns, heldStore } from '../evidence/store.ts'
import { guarantee_contracts } from '../guarantee-contracts/store.ts'

export const fee_vouchers = table('fee_vouchers', {
  ...evidenceColumns(),
  guarantee_contract_number: text().notNull(),
  fee_fen: fen().notNull(),
  paid_date: text().notNull(),
  document_no: text().notNull(),
  ...heldColumns()
})

export type FeeVoucherRow = typeof fee_vouchers.$inferSelect

export const feeVouchers = heldStore<FeeVoucherRow>(fee_vouchers)

export type AcceptedFeeVoucher = Awaited<ReturnType<typeof acceptedFeeVouchers>>[number]

/** Accepted fees of an enterprise project over all guarantors, in the order the ceiling is used up. */
export async function acceptedFeeVouchers (sql: ReadSql, uscc: string, project_code: string) {
  const rows = await sql.select({ voucher: fee_vouchers, contract: guarantee_contracts }).from(fee_vouchers)
    .innerJoin(guarantee_contracts, eq(guarantee_contracts.number, fee_vouchers.guarantee_contract_number))
    .where(and(eq(fee_vouchers.uscc, uscc), eq(fee_vouchers.project_code, project_code), eq(fee_vouchers.status, 'ACCEPTED')))
    .orderBy(asc(fee_vouchers.paid_date), asc(fee_vouchers.created_at), asc(fee_vouchers.number))
  return rows.map(({ voucher, contract }) => ({
    number: voucher.number,
    participant_no: voucher.participant_no,
    guarantor_uscc: contract.guarantor_uscc,
    voucher_no: voucher.business_no,
    guarantee_contract_no: contract.first_no,
    guarantee_contract_number: contract.number,
    fee_fen: voucher.fee_fen,
    guaranteed_fen: contract.guaranteed_fen,
    term_months: contract.term_months,
    contract_fee_fen: contract.fee_total_fen,
    other_fees_fen: contract.other_fees_fen,
    paid_date: voucher.paid_date,
    submitted_at: voucher.created_at,
    stated_at: voucher.created_at > contract.created_at ? voucher.created_at : contract.created_at,
    authorization_no: voucher.authorization_no,
    document_no: voucher.document_no,
    contract_document_no: contract.document_no,
    supersedes: voucher.supersedes,
    status: voucher.status
  }))
}
