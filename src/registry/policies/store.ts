/** Table of policy versions. */
import { and, asc, eq, gt, or } from 'drizzle-orm'
import { json, primaryKey, table, text } from '../../db/columns.ts'
import { hot, type ReadSql, type WriteSql } from '../../db/db.ts'
import type { Clause, Parameters, PolicyCode } from '../../policy/terms.ts'
import type { PolicyStatus } from './statuses.ts'

export const policy_versions = table('policy_versions', {
  policy_code: text().$type<PolicyCode>().notNull(),
  version: text().notNull(),
  status: text().$type<PolicyStatus>().notNull(),
  title: text().notNull(),
  title_zh: text().notNull(),
  effective_from: text().notNull(),
  effective_to: text(),
  parameters: json<Parameters>().notNull(),
  clauses: json<Readonly<Record<string, Clause>>>().notNull(),
  supersedes: text(),
  content_digest: text().notNull(),
  proposed_by: text().notNull(),
  confirmed_by: text(),
  confirmed_at: text(),
  created_at: text().notNull(),
  updated_at: text().notNull()
}, columns => [primaryKey({ columns: [columns.policy_code, columns.version] })])

export type StoredPolicy = typeof policy_versions.$inferSelect

/** Inserts a version; one that is there already stays as it is. @returns whether it was inserted */
export async function keepPolicy (sql: WriteSql, row: StoredPolicy): Promise<boolean> {
  return (await sql.insert(policy_versions).values(row).onConflictDoNothing().returning({ version: policy_versions.version })).length > 0
}

export async function findPolicy (sql: ReadSql, policy_code: PolicyCode, version: string): Promise<StoredPolicy | undefined> {
  return (await sql.select().from(policy_versions).where(and(eq(policy_versions.policy_code, policy_code), eq(policy_versions.version, version))))[0]
}

const buildConfirmed = (sql: ReadSql) => sql.select().from(policy_versions).where(eq(policy_versions.status, 'CONFIRMED'))
  .orderBy(asc(policy_versions.policy_code), asc(policy_versions.effective_from)).prepare()

/** Confirmed versions, of one policy or of all, by code and first day. */
export async function confirmedPolicies (sql: ReadSql, policy_code?: PolicyCode): Promise<StoredPolicy[]> {
  if (policy_code === undefined) return hot(sql, buildConfirmed).execute()
  return sql.select().from(policy_versions).where(and(eq(policy_versions.status, 'CONFIRMED'), eq(policy_versions.policy_code, policy_code)))
    .orderBy(asc(policy_versions.effective_from))
}

/** Versions after a key, by code and version. */
export async function listPolicies (
  sql: ReadSql, filter: { policy_code?: PolicyCode | undefined, status?: PolicyStatus | undefined }, after: readonly [string, string] | null, limit: number
): Promise<StoredPolicy[]> {
  return sql.select().from(policy_versions).where(and(
    filter.policy_code === undefined ? undefined : eq(policy_versions.policy_code, filter.policy_code),
    filter.status === undefined ? undefined : eq(policy_versions.status, filter.status),
    after === null ? undefined : or(
      gt(policy_versions.policy_code, after[0] as PolicyCode),
      and(eq(policy_versions.policy_code, after[0] as PolicyCode), gt(policy_versions.version, after[1]))
    )
  )).orderBy(asc(policy_versions.policy_code), asc(policy_versions.version)).limit(limit)
}

/** Confirms a version that is still proposed. @returns the row, or undefined when it is not */
export async function confirmPolicy (
  sql: WriteSql, policy_code: PolicyCode, version: string, confirmed_by: string, now: string
): Promise<StoredPolicy | undefined> {
  return (await sql.update(policy_versions).set({ status: 'CONFIRMED', confirmed_by, confirmed_at: now, updated_at: now })
    .where(and(eq(policy_versions.policy_code, policy_code), eq(policy_versions.version, version), eq(policy_versions.status, 'PROPOSED')))
    .returning())[0]
}

/** Ends a confirmed version that another one supersedes, or takes it out before its first day. */
export async function endPolicy (
  sql: WriteSql, policy_code: PolicyCode, version: string, end: { effective_to: string } | { status: 'REPLACED' }, now: string
): Promise<void> {
  await sql.update(policy_versions).set({ ...end, updated_at: now })
    .where(and(eq(policy_versions.policy_code, policy_code), eq(policy_versions.version, version), eq(policy_versions.status, 'CONFIRMED')))
}
