/** Tables of participants, users and credentials. */
import { and, asc, eq, gt, inArray } from 'drizzle-orm'
import { flag, integer, json, table, text } from '../../db/columns.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import type { Duty, Role } from '../../http/access.ts'

export const participants = table('participants', {
  participant_no: text().primaryKey(),
  role: text().$type<Role>().notNull(),
  name: text().notNull(),
  uscc: text().notNull(),
  region_code: text(),
  aliases: json<string[]>().notNull(),
  is_government_guarantor: flag().notNull(),
  is_cooperating: flag().notNull(),
  status: text().$type<'ACTIVE' | 'SUSPENDED'>().notNull(),
  version: integer().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
})

export const users = table('users', {
  user_no: text().primaryKey(),
  participant_no: text().notNull(),
  name: text().notNull(),
  duties: json<Duty[]>().notNull(),
  status: text().$type<'ACTIVE' | 'SUSPENDED'>().notNull()
})

export const credentials = table('credentials', {
  secret_hash: text().primaryKey(),
  participant_no: text().notNull(),
  user_no: text(),
  client_id: text().notNull(),
  kind: text().$type<'API_KEY' | 'CLIENT_SECRET'>().notNull(),
  status: text().$type<'ACTIVE' | 'RETIRED'>().notNull(),
  created_at: text().notNull()
})

export type Participant = typeof participants.$inferSelect
export type User = typeof users.$inferSelect

export async function insertParticipant (sql: WriteSql, row: Participant): Promise<void> {
  await sql.insert(participants).values(row)
}

export async function insertUser (sql: WriteSql, row: User): Promise<void> {
  await sql.insert(users).values(row)
}

export async function insertCredential (sql: WriteSql, row: typeof credentials.$inferSelect): Promise<void> {
  await sql.insert(credentials).values(row)
}

export async function findParticipant (sql: ReadSql, participant_no: string): Promise<Participant | undefined> {
  return (await sql.select().from(participants).where(eq(participants.participant_no, participant_no)))[0]
}

export async function listParticipants (sql: ReadSql, filter: { roles?: readonly Role[], after?: string | null, limit?: number } = {}): Promise<Participant[]> {
  return sql.select().from(participants).where(and(
    filter.roles === undefined ? undefined : inArray(participants.role, [...filter.roles]),
    filter.after === undefined || filter.after === null ? undefined : gt(participants.participant_no, filter.after)
  )).orderBy(asc(participants.participant_no)).limit(filter.limit ?? 10_000)
}

/** Those of the numbers that are known. */
export async function participantsByNo (sql: ReadSql, participant_nos: readonly string[]): Promise<Participant[]> {
  if (participant_nos.length === 0) return []
  return sql.select().from(participants).where(inArray(participants.participant_no, [...participant_nos]))
}

/** Participants of one role, in force now. */
export async function activeOfRole (sql: ReadSql, role: Role): Promise<Participant[]> {
  return sql.select().from(participants).where(and(eq(participants.role, role), eq(participants.status, 'ACTIVE'))).orderBy(asc(participants.participant_no))
}

const concerned: readonly Role[] = ['PARK', 'BANK', 'GUARANTOR', 'RE_GUARANTOR', 'LESSOR', 'INSURER', 'AUDITOR', 'MEIC', 'DISTRICT_MEIC', 'FINANCE_BUREAU', 'REGULATOR_VIEWER',
  'PARTNER_PLATFORM', 'PLATFORM_OPERATOR']

/** Numbers of all active participants but enterprises: who hears of a new policy, calendar or consortium list. */
export async function everybodyConcerned (sql: ReadSql): Promise<string[]> {
  const rows = await sql.select({ participant_no: participants.participant_no }).from(participants)
    .where(and(inArray(participants.role, [...concerned]), eq(participants.status, 'ACTIVE')))
  return rows.map(({ participant_no }) => participant_no)
}

export async function findByUscc (sql: ReadSql, role: Role, uscc: string): Promise<Participant | undefined> {
  return (await sql.select().from(participants).where(and(eq(participants.role, role), eq(participants.uscc, uscc))))[0]
}

export async function listUsers (sql: ReadSql, participant_no: string): Promise<User[]> {
  return sql.select().from(users).where(eq(users.participant_no, participant_no)).orderBy(asc(users.user_no))
}

/** What stands behind a secret; suspended participants, users and retired credentials are not found. */
export async function findCredential (sql: ReadSql, secret_hash: string) {
  const [row] = await sql.select({ credential: credentials, participant: participants }).from(credentials)
    .innerJoin(participants, eq(participants.participant_no, credentials.participant_no))
    .where(and(eq(credentials.secret_hash, secret_hash), eq(credentials.status, 'ACTIVE'), eq(participants.status, 'ACTIVE')))
  if (row === undefined) return undefined
  const user = row.credential.user_no === null ? null
    : (await sql.select().from(users).where(and(eq(users.user_no, row.credential.user_no), eq(users.status, 'ACTIVE'))))[0]
  if (user === undefined) return undefined
  return { credential: row.credential, participant: row.participant, user }
}
