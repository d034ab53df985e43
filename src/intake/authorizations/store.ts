/** Table of authorizations. */
import { and, asc, desc, eq, gt, gte, inArray, lte, or } from 'drizzle-orm'
import { integer, json, table, text } from '../../db/columns.ts'
import { bulkInsert } from '../../db/bulk.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import { SIGNER_ROLES, type Scope, type Purpose, type Method, type AuthorizationStatus } from './kinds.ts'

export const authorizations = table('authorizations', {
  authorization_no: text().primaryKey(),
  grantor_uscc: text().notNull(),
  grantor_name: text().notNull(),
  signer_name: text(),
  signer_role: text().$type<typeof SIGNER_ROLES[number]>(),
  collector_no: text(),
  /** classes, or participants by number */
  recipients: json<string[]>().notNull(),
  scopes: json<Scope[]>().notNull(),
  purposes: json<Purpose[]>().notNull(),
  covers_history_from: text(),
  valid_from: text().notNull(),
  valid_to: text().notNull(),
  method: text().$type<Method>().notNull(),
  evidence_digest: text(),
  document_no: text(),
  template_version: text(),
  status: text().$type<Exclude<AuthorizationStatus, 'EXPIRED'>>().notNull(),
  withdrawn_at: text(),
  withdrawal_reason: text(),
  list_no: text(),
  version: integer().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
})

export type Authorization = typeof authorizations.$inferSelect

const insertMany = bulkInsert(authorizations)

export async function insertAuthorizations (sql: WriteSql, rows: readonly Authorization[]): Promise<void> {
  await insertMany(sql, rows)
}

export async function findAuthorization (sql: ReadSql, authorization_no: string): Promise<Authorization | undefined> {
  return (await sql.select().from(authorizations).where(eq(authorizations.authorization_no, authorization_no)))[0]
}

export async function authorizationsByNo (sql: ReadSql, authorization_nos: readonly string[]): Promise<Map<string, Authorization>> {
  if (authorization_nos.length === 0) return new Map()
  const rows = await sql.select().from(authorizations).where(inArray(authorizations.authorization_no, [...authorization_nos]))
  return new Map(rows.map(row => [row.authorization_no, row]))
}

/** Everything an enterprise ever gave, the newest first. */
export async function authorizationsOf (sql: ReadSql, grantor_uscc: string): Promise<Authorization[]> {
  return sql.select().from(authorizations).where(eq(authorizations.grantor_uscc, grantor_uscc)).orderBy(desc(authorizations.authorization_no))
}

/** What one collector brought of many enterprises, the newest first. */
export async function collectedFrom (sql: ReadSql, collector_no: string, usccs: readonly string[]): Promise<Authorization[]> {
  if (usccs.length === 0) return []
  return sql.select().from(authorizations).where(and(eq(authorizations.collector_no, collector_no), inArray(authorizations.grantor_uscc, [...usccs])))
    .orderBy(desc(authorizations.authorization_no))
}

export interface AuthorizationFilter {
  /** what this enterprise gave or this participant collected; null: all (MEIC) */
  visible_to: { uscc: string | null, participant_no: string } | null
  grantor_uscc?: string | undefined
  status?: readonly Authorization['status'][] | undefined
  updated_since?: string | undefined
  /** `valid_to` after this day, or not after it */
  ends?: { after: boolean, day: string } | undefined
  after: string | null
  limit: number
}

export async function listAuthorizations (sql: ReadSql, filter: AuthorizationFilter): Promise<Authorization[]> {
  const { visible_to, ends } = filter
  return sql.select().from(authorizations).where(and(
    visible_to === null ? undefined : or(
      eq(authorizations.collector_no, visible_to.participant_no),
      visible_to.uscc === null ? undefined : eq(authorizations.grantor_uscc, visible_to.uscc)
    ),
    filter.grantor_uscc === undefined ? undefined : eq(authorizations.grantor_uscc, filter.grantor_uscc),
    filter.status === undefined ? undefined : inArray(authorizations.status, [...filter.status]),
    filter.updated_since === undefined ? undefined : gte(authorizations.updated_at, filter.updated_since),
    ends === undefined ? undefined : ends.after ? gt(authorizations.valid_to, ends.day) : lte(authorizations.valid_to, ends.day),
    filter.after === null ? undefined : gt(authorizations.authorization_no, filter.after)
  )).orderBy(asc(authorizations.authorization_no)).limit(filter.limit)
}

/** Ends an authorization for good. @returns the row as it is now; undefined when it was not in one of the states */
export async function withdrawAuthorization (sql: WriteSql, now: string, authorization_no: string, reason: string | null): Promise<Authorization | undefined> {
  const [current] = await sql.select({ version: authorizations.version }).from(authorizations).where(eq(authorizations.authorization_no, authorization_no))
  if (current === undefined) return undefined
  const [row] = await sql.update(authorizations)
    .set({ status: 'WITHDRAWN', withdrawn_at: now, withdrawal_reason: reason, updated_at: now, version: current.version + 1 })
    .where(and(eq(authorizations.authorization_no, authorization_no), inArray(authorizations.status, ['PENDING', 'ACTIVE']))).returning()
  return row
}
