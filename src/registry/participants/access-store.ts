/** Tables of clients and their keys, and the assertions that were used. */
import { and, asc, eq, gt, inArray, lt } from 'drizzle-orm'
import { integer, primaryKey, table, text } from '../../db/columns.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import type { KeyAlgorithm, KeyStatus } from './statuses.ts'
import { participants, users, type Participant, type User } from './store.ts'

export type { KeyAlgorithm, KeyStatus } from './statuses.ts'

/** One machine, or one person, of a participant. */
export const clients = table('clients', {
  client_id: text().primaryKey(),
  participant_no: text().notNull(),
  user_no: text(),
  status: text().$type<'ACTIVE' | 'RETIRED'>().notNull(),
  content_digest: text().notNull(),
  created_by: text().notNull(),
  created_at: text().notNull()
})

export const participant_keys = table('participant_keys', {
  key_no: text().primaryKey(),
  participant_no: text().notNull(),
  user_no: text(),
  algorithm: text().$type<KeyAlgorithm>().notNull(),
  public_key: text().notNull(),
  fingerprint: text().notNull(),
  valid_from: text().notNull(),
  valid_to: text().notNull(),
  status: text().$type<KeyStatus>().notNull(),
  content_digest: text().notNull(),
  created_by: text().notNull(),
  confirmed_by: text(),
  retired_by: text(),
  retirement_reason: text(),
  version: integer().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
})

const oauth_assertions = table('oauth_assertions', {
  client_id: text().notNull(),
  jti: text().notNull(),
  keep_until: text().notNull()
}, columns => [primaryKey({ columns: [columns.client_id, columns.jti] })])

export type Client = typeof clients.$inferSelect
export type ParticipantKey = typeof participant_keys.$inferSelect

/** Who stands behind a client: the participant and, for a person's client, the user. */
export interface LiveClient { client: Client, participant: Participant, user: Pick<User, 'user_no' | 'duties'> | null }

export async function insertClient (sql: WriteSql, row: Client): Promise<void> {
  await sql.insert(clients).values(row)
}

export async function findClient (sql: ReadSql, client_id: string): Promise<Client | undefined> {
  return (await sql.select().from(clients).where(eq(clients.client_id, client_id)))[0]
}

/**
 * A client that may call now: retired clients, suspended participants and users are not found.
 *
 * @param user_no the person whose secret was shown, where it is not the client's own
 */
export async function findLiveClient (sql: ReadSql, client_id: string, user_no: string | null = null): Promise<LiveClient | undefined> {
  const [row] = await sql.select({ client: clients, participant: participants }).from(clients)
    .innerJoin(participants, eq(participants.participant_no, clients.participant_no))
    .where(and(eq(clients.client_id, client_id), eq(clients.status, 'ACTIVE'), eq(participants.status, 'ACTIVE')))
  if (row === undefined) return undefined
  const person = user_no ?? row.client.user_no
  if (person === null) return { ...row, user: null }
  const [user] = await sql.select({ user_no: users.user_no, duties: users.duties }).from(users)
    .where(and(eq(users.user_no, person), eq(users.participant_no, row.participant.participant_no), eq(users.status, 'ACTIVE')))
  return user === undefined ? undefined : { ...row, user }
}

/** Inserts a key; undefined when the same key is registered already, for whomever. */
export async function insertKey (sql: WriteSql, row: ParticipantKey): Promise<ParticipantKey | undefined> {
  return (await sql.insert(participant_keys).values(row).onConflictDoNothing().returning())[0]
}

export async function findKey (sql: ReadSql, key_no: string): Promise<ParticipantKey | undefined> {
  return (await sql.select().from(participant_keys).where(eq(participant_keys.key_no, key_no)))[0]
}

export async function findKeyByFingerprint (sql: ReadSql, fingerprint: string): Promise<ParticipantKey | undefined> {
  return (await sql.select().from(participant_keys).where(eq(participant_keys.fingerprint, fingerprint)))[0]
}

export async function listKeys (
  sql: ReadSql, filter: { participant_no: string, status?: KeyStatus | undefined }, after: string | null, limit: number
): Promise<ParticipantKey[]> {
  return sql.select().from(participant_keys).where(and(
    eq(participant_keys.participant_no, filter.participant_no),
    filter.status === undefined ? undefined : eq(participant_keys.status, filter.status),
    after === null ? undefined : gt(participant_keys.key_no, after)
  )).orderBy(asc(participant_keys.key_no)).limit(limit)
}

/** Moves a key that is still in one of the states. @returns the row, or undefined */
export async function advanceKey (sql: WriteSql, before: ParticipantKey, from: readonly KeyStatus[], changes: Partial<ParticipantKey>, now: string): Promise<ParticipantKey | undefined> {
  return (await sql.update(participant_keys).set({ ...changes, version: before.version + 1, updated_at: now })
    .where(and(eq(participant_keys.key_no, before.key_no), inArray(participant_keys.status, [...from]))).returning())[0]
}

/** Keeps the number of an assertion. @returns whether it was new */
export async function keepAssertion (sql: WriteSql, client_id: string, jti: string, keep_until: string): Promise<boolean> {
  return (await sql.insert(oauth_assertions).values({ client_id, jti, keep_until }).onConflictDoNothing().returning({ jti: oauth_assertions.jti })).length > 0
}

export async function forgetAssertions (sql: WriteSql, before: string): Promise<number> {
  return (await sql.delete(oauth_assertions).where(lt(oauth_assertions.keep_until, before)).returning({ jti: oauth_assertions.jti })).length
}

export async function hasOldAssertions (sql: ReadSql, before: string): Promise<boolean> {
  return (await sql.select({ jti: oauth_assertions.jti }).from(oauth_assertions).where(lt(oauth_assertions.keep_until, before)).limit(1)).length > 0
}
