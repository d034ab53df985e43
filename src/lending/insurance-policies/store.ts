/** Table of insurance policies with their paid premiums. */
import { and, asc, eq } from 'drizzle-orm'
import { fen, table, text } from '../../db/columns.ts'
import type { ReadSql } from '../../db/db.ts'
import type { InsuranceKind } from '../../policy/premium.ts'
import { evidenceColumns, heldColumns, heldStore } from '../evidence/store.ts'

export const insurance_policies = table('insurance_policies', {
  ...evidenceColumns(),
  insurance_kind: text().$type<InsuranceKind>().notNull(),
  product: text().notNull(),
  annual_premium_fen: fen().notNull(),
  insured_fen: fen(),
  policy_start: text().notNull(),
  policy_end: text().notNull(),
  paid_date: text().notNull(),
  document_no: text().notNull(),
  ...heldColumns()
})

export type InsurancePolicyRow = typeof insurance_policies.$inferSelect

export const insurancePolicies = heldStore<InsurancePolicyRow>(insurance_policies)

export type PaidPolicy = Awaited<ReturnType<typeof paidPolicies>>[number]

/**
 * Accepted policies of an enterprise, whose premiums are paid, in the order the ceiling is used up.
 *
 * @param project_code null: of all its projects and of none
 */
export async function paidPolicies (sql: ReadSql, uscc: string, project_code: string | null) {
  const rows = await sql.select().from(insurance_policies).where(and(
    eq(insurance_policies.uscc, uscc), project_code === null ? undefined : eq(insurance_policies.project_code, project_code),
      eq(insurance_policies.status, 'ACCEPTED')
  )).orderBy(asc(insurance_policies.paid_date), asc(insurance_policies.created_at), asc(insurance_policies.number))
  return rows.map(row => ({
    number: row.number,
    participant_no: row.participant_no,
    policy_no: row.business_no,
    voucher_no: row.business_no,
    project_code: row.project_code,
    insurance_kind: row.insurance_kind,
    product: row.product,
    annual_premium_fen: row.annual_premium_fen,
    insured_fen: row.insured_fen,
    policy_start: row.policy_start,
    policy_end: row.policy_end,
    paid_date: row.paid_date,
    submitted_at: row.created_at,
    authorization_no: row.authorization_no,
    document_no: row.document_no,
    supersedes: row.supersedes,
    status: row.status
  }))
}
