/** Tables of participants, their users and secrets. */
import { and, asc, eq, gt, gte, inArray, sql as expression } from 'drizzle-orm'
import { flag, integer, json, table, text } from '../../db/columns.ts'
import { hot, type ReadSql, type WriteSql } from '../../db/db.ts'
import { opened, sealed } from '../../db/sealing.ts'
import type { Duty, Role } from '../../http/access.ts'
import type { ParticipantStatus, UserStatus } from './statuses.ts'

export interface UserChange { user_no: string, name: string, duties: Duty[], status: UserStatus }

/** What a PATCH may change. */
export interface ParticipantChanges {
  name?: string
  region_code?: string
  aliases?: string[]
  is_government_guarantor?: boolean
  is_cooperating?: boolean
  status?: 'ACTIVE' | 'SUSPENDED'
  users?: UserChange[]
}

/** A change that waits for a second person. */
export interface ProposedChanges { changes: ParticipantChanges, proposed_by: string, proposed_at: string }

export const participants = table('participants', {
  participant_no: text().primaryKey(),
  role: text().$type<Role>().notNull(),
  name: text().notNull(),
  uscc: text().notNull(),
  region_code: text(),
  aliases: json<string[]>().notNull(),
  is_government_guarantor: flag().notNull(),
  is_cooperating: flag().notNull(),
  status: text().$type<ParticipantStatus>().notNull(),
  content_digest: text(),
  proposed: text(),
  created_by: text(),
  confirmed_by: text(),
  version: integer().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
})

export const users = table('users', {
  user_no: text().primaryKey(),
  participant_no: text().notNull(),
  name: text().notNull(),
  duties: json<Duty[]>().notNull(),
  status: text().$type<UserStatus>().notNull()
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

/** `proposed` stands sealed, as it may name persons: `proposalOf` opens it. */
export type Participant = typeof participants.$inferSelect
export type User = typeof users.$inferSelect
export type Credential = typeof credentials.$inferSelect

export async function insertParticipant (sql: WriteSql, row: typeof participants.$inferInsert): Promise<void> {
  await sql.insert(participants).values(row)
}

/** What the sealed name of a person is bound to. */
export function userPlace (user_no: string): string {
  return `users/name/${user_no}`
}

/** What the sealed proposal is bound to. */
export function proposalPlace (participant_no: string): string {
  return `participants/proposed/${participant_no}`
}

/** The change of a participant that waits for a second person. */
export function proposalOf (sql: ReadSql, { participant_no, proposed }: Participant): ProposedChanges | null {
  return proposed === null ? null : JSON.parse(opened(sql, proposed, proposalPlace(participant_no))) as ProposedChanges
}

const keptUser = (sql: ReadSql, user: User): User => ({ ...user, name: sealed(sql, user.name, userPlace(user.user_no)) })
const openedUser = (sql: ReadSql, user: User): User => ({ ...user, name: opened(sql, user.name, userPlace(user.user_no)) })

export async function insertUser (sql: WriteSql, row: User): Promise<void> {
  await sql.insert(users).values(keptUser(sql, row))
}

export async function insertCredential (sql: WriteSql, row: Credential): Promise<void> {
  await sql.insert(credentials).values(row)
}

/** Whether there are secrets at all: only a sandbox makes them, and it publishes them. */
export async function hasSandboxKeys (sql: ReadSql): Promise<boolean> {
  return (await sql.select({ kind: credentials.kind }).from(credentials).limit(1)).length > 0
}

export async function findCredential (sql: ReadSql, secret_hash: string): Promise<Credential | undefined> {
  return (await sql.select().from(credentials).where(and(eq(credentials.secret_hash, secret_hash), eq(credentials.status, 'ACTIVE'))))[0]
}

export async function findParticipant (sql: ReadSql, participant_no: string): Promise<Participant | undefined> {
  return (await sql.select().from(participants).where(eq(participants.participant_no, participant_no)))[0]
}

export async function listParticipants (sql: ReadSql, filter: {
  roles?: readonly Role[], status?: ParticipantStatus | undefined, uscc?: string | undefined, only?: string | undefined, updated_since?: string | undefined
  after?: string | null, limit?: number
} = {}): Promise<Participant[]> {
  return sql.select().from(participants).where(and(
    filter.roles === undefined ? undefined : inArray(participants.role, [...filter.roles]),
    filter.status === undefined ? undefined : eq(participants.status, filter.status),
    filter.uscc === undefined ? undefined : eq(participants.uscc, filter.uscc),
    filter.only === undefined ? undefined : eq(participants.participant_no, filter.only),
    filter.updated_since === undefined ? undefined : gte(participants.updated_at, filter.updated_since),
    filter.after === undefined || filter.after === null ? undefined : gt(participants.participant_no, filter.after)
  )).orderBy(asc(participants.participant_no)).limit(filter.limit ?? 10_000)
}

/** Those of the numbers that are known. */
export async function participantsByNo (sql: ReadSql, participant_nos: readonly string[]): Promise<Participant[]> {
  if (participant_nos.length === 0) return []
  return sql.select().from(participants).where(inArray(participants.participant_no, [...participant_nos]))
}

const buildActiveOfRole = (sql: ReadSql) => sql.select().from(participants)
  .where(and(eq(participants.role, expression.placeholder('role')), eq(participants.status, 'ACTIVE'))).orderBy(asc(participants.participant_no)).prepare()

/** Participants of one role, in force now. */
export async function activeOfRole (sql: ReadSql, role: Role): Promise<Participant[]> {
  return hot(sql, buildActiveOfRole).execute({ role })
}

/** Numbers of those who look after the hub: the operator and MEIC. */
export async function keeperNos (sql: ReadSql): Promise<string[]> {
  return [...await activeOfRole(sql, 'MEIC'), ...await activeOfRole(sql, 'PLATFORM_OPERATOR')].map(({ participant_no }) => participant_no)
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
  return (await hot(sql, buildByUscc).execute({ role, uscc }))[0]
}

const buildByUscc = (sql: ReadSql) => sql.select().from(participants)
  .where(and(eq(participants.role, expression.placeholder('role')), eq(participants.uscc, expression.placeholder('uscc')))).prepare()

/** Changes a participant that is still at the version read. @returns the row, or undefined */
export async function advanceParticipant (
  sql: WriteSql, before: Participant, { proposed, ...changes }: Partial<Omit<Participant, 'proposed'>> & { proposed?: ProposedChanges | null }, now: string
): Promise<Participant | undefined> {
  const kept = proposed === undefined ? {} : { proposed: proposed === null ? null : sealed(sql, JSON.stringify(proposed), proposalPlace(before.participant_no)) }
  return (await sql.update(participants).set({ ...changes, ...kept, version: before.version + 1, updated_at: now })
    .where(and(eq(participants.participant_no, before.participant_no), eq(participants.version, before.version))).returning())[0]
}

export async function findUser (sql: ReadSql, user_no: string): Promise<User | undefined> {
  const [row] = await sql.select().from(users).where(eq(users.user_no, user_no))
  return row === undefined ? undefined : openedUser(sql, row)
}

/** Inserts a user or changes the one there is. */
export async function keepUser (sql: WriteSql, row: User): Promise<void> {
  const { name, duties, status } = keptUser(sql, row)
  await sql.insert(users).values({ ...row, name }).onConflictDoUpdate({ target: users.user_no, set: { name, duties, status } })
}

export async function listUsers (sql: ReadSql, participant_no: string): Promise<User[]> {
  return (await sql.select().from(users).where(eq(users.participant_no, participant_no)).orderBy(asc(users.user_no))).map(row => openedUser(sql, row))
}
