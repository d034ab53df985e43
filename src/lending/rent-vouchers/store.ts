/** Table of rent vouchers, and what derived lines start from. */
import { and, asc, eq } from 'drizzle-orm'
import { table } from '../../db/columns.ts'
import type { ReadSql } from '../../db/db.ts'
import { interestOf } from '../../policy/vouchers.ts'
import { evidenceColumns, heldStore } from '../evidence/store.ts'
import { interestColumns, periodsOf } from '../interest-vouchers/store.ts'
import { lease_contracts } from '../lease-contracts/store.ts'

export const rent_vouchers = table('rent_vouchers', { ...evidenceColumns(), ...interestColumns() })

export type RentVoucherRow = typeof rent_vouchers.$inferSelect

export const rentVouchers = heldStore<RentVoucherRow>(rent_vouchers)
export const rentPeriods = periodsOf(rent_vouchers)

export type AcceptedRentVoucher = Awaited<ReturnType<typeof acceptedRentVouchers>>[number]

/** Accepted vouchers of an enterprise project with their leases, in the order ceilings are used up. */
export async function acceptedRentVouchers (sql: ReadSql, uscc: string, project_code: string) {
  const rows = await sql.select({ voucher: rent_vouchers, lease: lease_contracts }).from(rent_vouchers)
    .innerJoin(lease_contracts, eq(lease_contracts.number, rent_vouchers.lent_number))
    .where(and(eq(rent_vouchers.uscc, uscc), eq(rent_vouchers.project_code, project_code), eq(rent_vouchers.status, 'ACCEPTED')))
    .orderBy(asc(rent_vouchers.paid_date), asc(rent_vouchers.created_at), asc(rent_vouchers.number))
  return rows.map(({ voucher, lease }) => ({
    number: voucher.number,
    participant_no: voucher.participant_no,
    voucher_no: voucher.business_no,
    lease_contract_no: lease.first_no,
    lease_contract_number: lease.number,
    lease_mode: lease.lease_mode,
    financed_principal_fen: lease.financed_principal_fen,
    signed_date: typeof lease.body.signed_date === 'string' ? lease.body.signed_date : undefined,
    day_count: lease.day_count,
    segments: voucher.segments,
    normal_interest_fen: voucher.normal_interest_fen,
    recomputed_fen: interestOf(voucher.segments, lease.day_count),
    normal_interest_paid_fen: voucher.normal_interest_paid_fen,
    penalty_fen: voucher.penalty_fen,
    compound_fen: voucher.compound_fen,
    national_subsidy_deducted_fen: voucher.national_subsidy_deducted_fen,
    other_subsidy_fen: voucher.other_subsidy_fen,
    period_start: voucher.period_start,
    period_end: voucher.period_end,
    paid_date: voucher.paid_date,
    submitted_at: voucher.created_at,
    stated_at: voucher.created_at > lease.created_at ? voucher.created_at : lease.created_at,
    authorization_no: voucher.authorization_no,
    document_no: voucher.document_no,
    contract_document_no: lease.document_no,
    supersedes: voucher.supersedes,
    status: voucher.status
  }))
}
