/** Everything about one enterprise, over all rooms: what it asked for, who answered, what left, what it proved, where its money is. */
import { and, asc, eq, inArray, isNotNull, ne, or } from 'drizzle-orm'
import { integer, table, text } from '../../db/columns.ts'
import type { ReadSql } from '../../db/db.ts'
import { authorizations } from '../../intake/authorizations/store.ts'
import { financing_needs } from '../../intake/financing-needs/store.ts'
import { fee_vouchers } from '../../lending/fee-vouchers/store.ts'
import { insurance_policies } from '../../lending/insurance-policies/store.ts'
import { interest_vouchers } from '../../lending/interest-vouchers/store.ts'
import { rent_vouchers } from '../../lending/rent-vouchers/store.ts'
import { subsidy_accounts } from '../../lending/subsidy-accounts/store.ts'
import { leads } from '../../matching/leads/store.ts'
import { payment_items, payments } from '../../payment/batches/store.ts'
import { clawbacks } from '../../payment/clawbacks/store.ts'
import { subsidy_lines } from '../../subsidy/lines/store.ts'
import { packet_lines } from '../../subsidy/packets/store.ts'

export const per_list_max = 5000

const packet_reads = table('packet_reads', {
  read_no: text().primaryKey(),
  packet_no: text().notNull(),
  version: integer().notNull(),
  authorization_no: text().notNull(),
  participant_no: text().notNull(),
  user_no: text(),
  part: text().notNull(),
  read_at: text().notNull()
})

export async function needsOf (sql: ReadSql, uscc: string) {
  return sql.select().from(financing_needs).where(eq(financing_needs.uscc, uscc)).orderBy(asc(financing_needs.need_no)).limit(per_list_max)
}

export async function leadsAbout (sql: ReadSql, uscc: string) {
  return sql.select({
    lead_no: leads.lead_no, need_no: leads.need_no, recipient_no: leads.recipient_no, recipient_kind: leads.recipient_kind,
      status: leads.status, pushed_at: leads.pushed_at,
    contacted_at: leads.contacted_at, decided_at: leads.decided_at, approved_at: leads.approved_at, disbursed_at: leads.disbursed_at,
      ended_at: leads.ended_at,
    authorization_no: leads.authorization_no, fields_released: leads.fields_released, disclosure_digest: leads.disclosure_digest
  }).from(leads).where(eq(leads.uscc, uscc)).orderBy(asc(leads.lead_no)).limit(per_list_max)
}

/** Who opened sealed packets with its data. */
export async function packetReadsAbout (sql: ReadSql, uscc: string) {
  const own = sql.select({ authorization_no: authorizations.authorization_no }).from(authorizations).where(eq(authorizations.grantor_uscc,
    uscc))
  return sql.select().from(packet_reads).where(inArray(packet_reads.authorization_no,
    own)).orderBy(asc(packet_reads.read_no)).limit(per_list_max)
}

/** What institutions sent as proof of its payments, with the amount that counts. */
export async function vouchersAbout (sql: ReadSql, uscc: string) {
  const interest = await sql.select().from(interest_vouchers).where(eq(interest_vouchers.uscc,
    uscc)).orderBy(asc(interest_vouchers.number)).limit(per_list_max)
  const rents = await sql.select().from(rent_vouchers).where(eq(rent_vouchers.uscc,
    uscc)).orderBy(asc(rent_vouchers.number)).limit(per_list_max)
  const fees = await sql.select().from(fee_vouchers).where(eq(fee_vouchers.uscc,
    uscc)).orderBy(asc(fee_vouchers.number)).limit(per_list_max)
  const premiums = await sql.select().from(insurance_policies).where(eq(insurance_policies.uscc,
    uscc)).orderBy(asc(insurance_policies.number)).limit(per_list_max)
  return [
    ...interest.map(row => ({ kind: 'LOAN_INTEREST' as const, row, paid_fen: row.normal_interest_paid_fen })),
    ...rents.map(row => ({ kind: 'LEASE' as const, row, paid_fen: row.normal_interest_paid_fen })),
    ...fees.map(row => ({ kind: 'GUARANTEE_FEE' as const, row, paid_fen: row.fee_fen })),
    ...premiums.map(row => ({ kind: 'PREMIUM' as const, row, paid_fen: row.annual_premium_fen }))
  ]
}

/** Lines about it or for it that are not computed anew since. */
export async function linesAbout (sql: ReadSql, uscc: string) {
  return sql.select().from(subsidy_lines).where(and(or(eq(subsidy_lines.uscc, uscc), eq(subsidy_lines.payee_uscc, uscc)),
    ne(subsidy_lines.status, 'SUPERSEDED')))
    .orderBy(asc(subsidy_lines.line_no)).limit(per_list_max)
}

/** What audits left out of lines, and why; the last audit of a line counts. */
export async function reductionsOf (sql: ReadSql, line_nos: readonly string[]): Promise<Map<string, { finding_code: string | null, note: string | null }>> {
  if (line_nos.length === 0) return new Map()
  const { line_no, finding_code, note, version } = packet_lines
  const rows = await sql.select({ line_no, finding_code, note }).from(packet_lines)
    .where(and(inArray(line_no, [...line_nos]), isNotNull(packet_lines.recognised_fen))).orderBy(asc(version))
  return new Map(rows.map(row => [row.line_no, row]))
}

/** What is taken back of lines, and what of it payments have kept already. */
export async function clawbacksOfLines (sql: ReadSql, line_nos: readonly string[]) {
  if (line_nos.length === 0) return []
  const { clawback_no, line_no, reason, status, amount_fen, offset_fen } = clawbacks
  return sql.select({ clawback_no, line_no, reason, status, amount_fen, offset_fen }).from(clawbacks)
    .where(and(inArray(line_no, [...line_nos]), ne(status, 'CANCELLED'))).orderBy(asc(clawback_no)).limit(per_list_max)
}

/** Every payment those lines stood in, also those that came back. */
export async function paymentsOfLines (sql: ReadSql, line_nos: readonly string[]) {
  if (line_nos.length === 0) return []
  return sql.select({
    line_no: payment_items.line_no, amount_fen: payment_items.amount_fen, payment_no: payments.payment_no, payee_uscc: payments.payee_uscc,
      status: payments.status,
    paid_date: payments.paid_date, return_reason: payments.return_reason, account_tail: subsidy_accounts.account_tail
  }).from(payment_items).innerJoin(payments, eq(payments.payment_no, payment_items.payment_no))
    .leftJoin(subsidy_accounts, eq(subsidy_accounts.number, payments.account_number)).where(inArray(payment_items.line_no, [...line_nos]))
    .orderBy(asc(payments.payment_no)).limit(per_list_max)
}
