/** Table of authorizations. */
import { and, asc, desc, eq, gt, gte, inArray, isNotNull, lt, lte, or, sql as expression } from 'drizzle-orm'
import { integer, isAmong, isListed, json, table, text } from '../../db/columns.ts'
import { bulkFind, bulkInsert } from '../../db/bulk.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import { opened, sealed } from '../../db/sealing.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { CONSENTING_ROLES, SIGNER_ROLES, type Scope, type Purpose, type Method, type AuthorizationStatus } from './kinds.ts'

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
  grantee: text(),
  agent_proof_digest: text(),
  evidence_ref: text(),
  collected_at: text(),
  /** sealed JSON */
  personal_info_consents: text(),
  status: text().$type<Exclude<AuthorizationStatus, 'EXPIRED'>>().notNull(),
  withdrawn_at: text(),
  withdrawal_reason: text(),
  list_no: text(),
  version: integer().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
})

type Kept = typeof authorizations.$inferSelect

/** A separate consent of a natural person (个人信息保护法). */
export interface PersonalConsent { name: string, role: typeof CONSENTING_ROLES[number], consented_on?: string, evidence_digest?: string }

/** An authorization in memory: names of persons can be read; at rest they are sealed. */
export type Authorization = Omit<Kept, 'personal_info_consents'> & { personal_info_consents: PersonalConsent[] | null }

/** What an authorization has that nobody described further. */
export const plain_authorization = { grantee: null, agent_proof_digest: null, evidence_ref: null, collected_at: null, personal_info_consents: null } as const

/** What a sealed value is bound to: the authorization's own row. */
export function signerPlace (column: 'signer_name' | 'personal_info_consents', authorization_no: string): string {
  return `authorizations/${column}/${authorization_no}`
}

function kept (sql: ReadSql, { personal_info_consents, ...row }: Authorization): Kept {
  const consents = personal_info_consents === null ? null : JSON.stringify(personal_info_consents)
  return {
    ...row, signer_name: sealed(sql, row.signer_name, signerPlace('signer_name', row.authorization_no)),
    personal_info_consents: sealed(sql, consents, signerPlace('personal_info_consents', row.authorization_no))
  }
}

/** The inverse of how a row is kept. */
export function openedAuthorization (sql: ReadSql, row: Kept): Authorization {
  const consents = opened(sql, row.personal_info_consents, signerPlace('personal_info_consents', row.authorization_no))
  return {
    ...row, signer_name: opened(sql, row.signer_name, signerPlace('signer_name', row.authorization_no)),
    personal_info_consents: consents === null ? null : JSON.parse(consents) as PersonalConsent[]
  }
}

const insertMany = bulkInsert(authorizations)

export async function insertAuthorizations (sql: WriteSql, rows: readonly Authorization[]): Promise<void> {
  await insertMany(sql, rows.map(row => kept(sql, row)))
}

export async function findAuthorization (sql: ReadSql, authorization_no: string): Promise<Authorization | undefined> {
  const [row] = await sql.select().from(authorizations).where(eq(authorizations.authorization_no, authorization_no))
  return row === undefined ? undefined : openedAuthorization(sql, row)
}

export async function authorizationsByNo (sql: ReadSql, authorization_nos: readonly string[]): Promise<Map<string, Authorization>> {
  if (authorization_nos.length === 0) return new Map()
  const rows = await sql.select().from(authorizations).where(isAmong(authorizations.authorization_no, authorization_nos))
  return new Map(rows.map(row => [row.authorization_no, openedAuthorization(sql, row)]))
}

const findGiven = bulkFind<Kept>((sql, usccs) => sql.select().from(authorizations).where(isListed(authorizations.grantor_uscc, usccs)).orderBy(desc(authorizations.authorization_no)))

/** Everything that enterprises ever gave, the newest first. */
export async function authorizationsOf (sql: ReadSql, usccs: readonly string[]): Promise<Authorization[]> {
  return (await findGiven(sql, usccs)).map(row => openedAuthorization(sql, row))
}

/** What one collector brought of many enterprises, the newest first. */
export async function collectedFrom (sql: ReadSql, collector_no: string, usccs: readonly string[]): Promise<Authorization[]> {
  if (usccs.length === 0) return []
  const rows = await sql.select().from(authorizations).where(and(eq(authorizations.collector_no, collector_no), isAmong(authorizations.grantor_uscc, usccs)))
    .orderBy(desc(authorizations.authorization_no))
  return rows.map(row => openedAuthorization(sql, row))
}

const findActive = bulkFind<Kept>((sql, usccs) => sql.select().from(authorizations)
  .where(and(isListed(authorizations.grantor_uscc, usccs), eq(authorizations.status, 'ACTIVE'))).orderBy(desc(authorizations.authorization_no)))

/** What enterprises signed themselves, or a park handed in with the signed document; the newest first. */
export async function documentedOf (sql: ReadSql, park_no: string, usccs: readonly string[]): Promise<Authorization[]> {
  // Told apart here: asked for its collector, SQLite would go through everything that the park ever brought.
  return (await findActive(sql, usccs)).filter(({ collector_no, document_no }) => collector_no === null || (collector_no === park_no && document_no !== null))
    .map(row => openedAuthorization(sql, row))
}

/** Enterprises whose authorization was handed in before its first day, which came within the week up to a day. */
export async function begunLately (sql: ReadSql, day: string, since: string): Promise<string[]> {
  const { grantor_uscc, created_at, valid_from, status } = authorizations
  // The first day begins eight hours before the date of the instant says so: the database finds the few that may be meant, the calendar decides.
  const rows = await sql.selectDistinct({ uscc: grantor_uscc, created_at, valid_from }).from(authorizations)
    .where(and(eq(status, 'ACTIVE'), lt(created_at, valid_from), lte(valid_from, day), gt(valid_from, since)))
  return [...new Set(rows.filter(row => beijingDate(row.created_at) < row.valid_from).map(({ uscc }) => uscc))]
}

/** Marks authorizations that rows of lists made as replaced by later ones; what an enterprise signed stays. @returns those that were active */
export async function supersedeAuthorizations (sql: WriteSql, now: string, authorization_nos: readonly string[]): Promise<Pick<Authorization, 'authorization_no' | 'grantor_uscc' | 'collector_no' | 'list_no'>[]> {
  if (authorization_nos.length === 0) return []
  const { authorization_no, grantor_uscc, collector_no, list_no } = authorizations
  return sql.update(authorizations).set({ status: 'SUPERSEDED', updated_at: now, version: expression`${authorizations.version} + 1` })
    .where(and(isAmong(authorizations.authorization_no, authorization_nos), eq(authorizations.status, 'ACTIVE'), isNotNull(authorizations.list_no)))
    .returning({ authorization_no, grantor_uscc, collector_no, list_no })
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
  const rows = await sql.select().from(authorizations).where(and(
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
  return rows.map(row => openedAuthorization(sql, row))
}

/** Ends an authorization for good. @returns the row as it is now; undefined when it was not in one of the states */
export async function withdrawAuthorization (sql: WriteSql, now: string, authorization_no: string, reason: string | null): Promise<Authorization | undefined> {
  const [current] = await sql.select({ version: authorizations.version }).from(authorizations).where(eq(authorizations.authorization_no, authorization_no))
  if (current === undefined) return undefined
  const [row] = await sql.update(authorizations)
    .set({ status: 'WITHDRAWN', withdrawn_at: now, withdrawal_reason: reason, updated_at: now, version: current.version + 1 })
    .where(and(eq(authorizations.authorization_no, authorization_no), inArray(authorizations.status, ['PENDING', 'ACTIVE']))).returning()
  return row === undefined ? undefined : openedAuthorization(sql, row)
}
