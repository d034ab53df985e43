/** Table of insurance policies with their paid premiums. */
import { and, asc, eq, inArray, sql as expression } from 'drizzle-orm'
import { fen, table, text } from '../../db/columns.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import type { InsuranceKind } from '../../policy/premium.ts'
import { evidenceColumns, evidenceStore } from '../evidence/store.ts'

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
  supersedes: text(),
  superseded_by: text()
})

export type InsurancePolicyRow = typeof insurance_policies.$inferSelect

export const insurancePolicies = evidenceStore<InsurancePolicyRow>(insurance_policies)

/** Takes a policy out of force in favour of its correction. false: its state no longer allows it. */
export async function supersedePolicy (sql: WriteSql, number: string, superseded_by: string, now: string): Promise<boolean> {
  const rows = await sql.update(insurance_policies).set({ status: 'SUPERSEDED', superseded_by, updated_at: now,
    version: expression`${insurance_policies.version} + 1` })
    .where(and(eq(insurance_policies.number, number), inArray(insurance_policies.status, ['ACCEPTED',
      'HELD']))).returning({ number: insurance_policies.number })
  return rows.length > 0
}

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
