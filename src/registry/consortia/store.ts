/** Tables of consortia and their members. */
import { and, asc, eq, gt, gte, inArray, isNotNull, isNull, lt, lte, ne, or, sql as expression, type SQL } from 'drizzle-orm'
import { integer, json, primaryKey, table, text } from '../../db/columns.ts'
import { hot, type ReadSql, type WriteSql } from '../../db/db.ts'
import type { Period } from '../../policy/period.ts'
import type { ConsortiumStatus } from './statuses.ts'

/** What the applicants intend (S1 四(一)(二)). */
export interface ConsortiumApplication {
  targets?: string
  measures?: string
  service_targets?: string
  supported_industries?: string[]
  product_terms?: string
  evaluation?: string
  risk_sharing?: string
}

/** A change of a consortium in force that waits for a second person. */
export interface ProposedChange {
  banks: string[]
  guarantors: string[]
  valid_to: string
  agreement_date: string | null
  proposed_by: string
  /** whose earlier proposals it goes on from without saying them again: they confirm it no more than who proposed it */
  also_by: string[]
  proposed_at: string
}

export const consortia = table('consortia', {
  consortium_no: text().primaryKey(),
  /** null: institutions alone */
  park_no: text(),
  status: text().$type<ConsortiumStatus>().notNull(),
  agreement_date: text(),
  valid_from: text().notNull(),
  valid_to: text().notNull(),
  application: json<ConsortiumApplication>().notNull(),
  content_digest: text().notNull(),
  override_reason: text(),
  override_by: text(),
  reviewed_by: text(),
  review_outcome: text(),
  review_reason: text(),
  reviewed_at: text(),
  activated_by: text(),
  activated_at: text(),
  activation_reason: text(),
  agreed: json<string[]>().notNull(),
  expiry_noticed: text(),
  termination_reason: text(),
  terminated_by: text(),
  proposed: json<ProposedChange>(),
  change_proposed_by: text(),
  change_confirmed_by: text(),
  created_by: text().notNull(),
  version: integer().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
})

export const consortium_members = table('consortium_members', {
  consortium_no: text().notNull(),
  participant_no: text().notNull(),
  kind: text().$type<'BANK' | 'GUARANTOR'>().notNull(),
  joined_on: text().notNull(),
  left_on: text()
}, columns => [primaryKey({ columns: [columns.consortium_no, columns.participant_no] })])

export type Consortium = typeof consortia.$inferSelect
export type ConsortiumMember = typeof consortium_members.$inferSelect

const in_force: ConsortiumStatus[] = ['ACTIVE', 'ADJUSTED']

/** Nothing but what an application needs; the rest is unknown yet. */
export function newConsortium (row: Pick<Consortium, 'consortium_no' | 'park_no' | 'status' | 'valid_from' | 'valid_to' | 'created_by' | 'created_at'> & Partial<Consortium>): Consortium {
  return {
    agreement_date: null, application: {}, content_digest: '', override_reason: null, override_by: null, reviewed_by: null, review_outcome: null, review_reason: null,
    reviewed_at: null, activated_by: null, activated_at: null, activation_reason: null, agreed: [], expiry_noticed: null, termination_reason: null, terminated_by: null, proposed: null,
    change_proposed_by: null, change_confirmed_by: null, version: 1, updated_at: row.created_at, ...row
  }
}

export async function insertConsortium (sql: WriteSql, row: Consortium, members: readonly ConsortiumMember[]): Promise<void> {
  await sql.insert(consortia).values(row)
  if (members.length > 0) await sql.insert(consortium_members).values([...members])
}

export async function findConsortium (sql: ReadSql, consortium_no: string): Promise<Consortium | undefined> {
  return (await sql.select().from(consortia).where(eq(consortia.consortium_no, consortium_no)))[0]
}

/** The open application of the same content, if there is one. @param digests of the content, as it was sent and with all that follows */
export async function findSameApplication (sql: ReadSql, park_no: string | null, digests: readonly string[]): Promise<Consortium | undefined> {
  return (await sql.select().from(consortia).where(and(
    park_no === null ? isNull(consortia.park_no) : eq(consortia.park_no, park_no), inArray(consortia.content_digest, [...digests]), inArray(consortia.status, ['APPLIED', 'REVIEWED', 'SELECTED', 'ACTIVE', 'ADJUSTED'])
  )))[0]
}

export async function membersOf (sql: ReadSql, consortium_no: string): Promise<ConsortiumMember[]> {
  return sql.select().from(consortium_members).where(eq(consortium_members.consortium_no, consortium_no)).orderBy(asc(consortium_members.participant_no))
}

export async function membersOfMany (sql: ReadSql, consortium_nos: readonly string[]): Promise<ConsortiumMember[]> {
  if (consortium_nos.length === 0) return []
  return sql.select().from(consortium_members).where(inArray(consortium_members.consortium_no, [...consortium_nos])).orderBy(asc(consortium_members.participant_no))
}

/** Consortia after a number. `seen_by`: besides those of the published list only where this participant takes part on the day. */
export async function listConsortia (sql: ReadSql, filter: {
  park?: string | undefined, participant?: string | undefined, status?: ConsortiumStatus | undefined, updated_since?: string | undefined
  seen_by: { participant_no: string, day: string } | null, published: readonly ConsortiumStatus[]
}, after: string | null, limit: number): Promise<Consortium[]> {
  const with_member = (participant_no: string, present?: SQL) => or(
    eq(consortia.park_no, participant_no),
    inArray(consortia.consortium_no, sql.select({ no: consortium_members.consortium_no }).from(consortium_members).where(and(eq(consortium_members.participant_no, participant_no), present)))
  )
  return sql.select().from(consortia).where(and(
    filter.park === undefined ? undefined : eq(consortia.park_no, filter.park),
    filter.participant === undefined ? undefined : with_member(filter.participant),
    filter.status === undefined ? undefined : eq(consortia.status, filter.status),
    filter.updated_since === undefined ? undefined : gte(consortia.updated_at, filter.updated_since),
    filter.seen_by === null ? undefined : or(inArray(consortia.status, [...filter.published]),
      with_member(filter.seen_by.participant_no, or(isNull(consortium_members.left_on), gt(consortium_members.left_on, filter.seen_by.day)))),
    after === null ? undefined : gt(consortia.consortium_no, after)
  )).orderBy(asc(consortia.consortium_no)).limit(limit)
}

/** Changes a consortium that is still in one of the states and at the version read. @returns the row, or undefined */
export async function advanceConsortium (
  sql: WriteSql, before: Consortium, from: readonly ConsortiumStatus[], changes: Partial<Consortium>, now: string
): Promise<Consortium | undefined> {
  return (await sql.update(consortia).set({ ...changes, version: before.version + 1, updated_at: now })
    .where(and(eq(consortia.consortium_no, before.consortium_no), eq(consortia.version, before.version), inArray(consortia.status, [...from])))
    .returning())[0]
}

/** Takes a member in, also one that had left. */
export async function joinMember (sql: WriteSql, member: ConsortiumMember): Promise<void> {
  await sql.insert(consortium_members).values(member)
    .onConflictDoUpdate({ target: [consortium_members.consortium_no, consortium_members.participant_no], set: { kind: member.kind, joined_on: member.joined_on, left_on: null } })
}

/** Ends a membership: on that day it is out already. */
export async function leaveMember (sql: WriteSql, consortium_no: string, participant_no: string, day: string): Promise<void> {
  await sql.update(consortium_members).set({ left_on: day })
    .where(and(eq(consortium_members.consortium_no, consortium_no), eq(consortium_members.participant_no, participant_no), isNull(consortium_members.left_on)))
}

/** Forgets a member of an application that was never in force. */
export async function removeMember (sql: WriteSql, consortium_no: string, participant_no: string): Promise<void> {
  await sql.delete(consortium_members).where(and(eq(consortium_members.consortium_no, consortium_no), eq(consortium_members.participant_no, participant_no)))
}

/** Consortia in force whose cooperation is over on that day. */
export async function consortiaOverOn (sql: ReadSql, day: string, limit: number): Promise<Consortium[]> {
  return sql.select().from(consortia).where(and(inArray(consortia.status, in_force), lte(consortia.valid_to, day))).orderBy(asc(consortia.consortium_no)).limit(limit)
}

/** Consortia in force that end by a day and whose end was not announced yet. */
export async function consortiaToAnnounce (sql: ReadSql, day: string, until: string, limit: number): Promise<Consortium[]> {
  return sql.select().from(consortia).where(and(
    inArray(consortia.status, in_force), gt(consortia.valid_to, day), lte(consortia.valid_to, until), or(isNull(consortia.expiry_noticed), ne(consortia.expiry_noticed, consortia.valid_to))
  )).orderBy(asc(consortia.consortium_no)).limit(limit)
}

export async function keepAnnounced (sql: WriteSql, consortium_no: string, valid_to: string): Promise<void> {
  await sql.update(consortia).set({ expiry_noticed: valid_to }).where(eq(consortia.consortium_no, consortium_no))
}

const buildPairings = (sql: ReadSql) => {
  const day = expression.placeholder('day')
  return sql.selectDistinct({ park_no: consortia.park_no, participant_no: consortium_members.participant_no }).from(consortia)
    .innerJoin(consortium_members, eq(consortium_members.consortium_no, consortia.consortium_no))
    .where(and(
      isNotNull(consortia.park_no), inArray(consortia.status, in_force), lte(consortia.valid_from, day), gt(consortia.valid_to, day),
      lte(consortium_members.joined_on, day), or(isNull(consortium_members.left_on), gt(consortium_members.left_on, day))
    )).orderBy(asc(consortium_members.participant_no)).prepare()
}

/** By park the members of its consortia in force on a day: half-open, a member that left on the day is out. */
export async function pairingsOn (sql: ReadSql, day: string): Promise<Map<string, string[]>> {
  const pairings = new Map<string, string[]>()
  for (const { park_no, participant_no } of await hot(sql, buildPairings).execute({ day })) {
    const members = pairings.get(park_no as string)
    if (members === undefined) pairings.set(park_no as string, [participant_no])
    else members.push(participant_no)
  }
  return pairings
}

/** Industries that the consortia of a park supported in a period. */
export async function industriesSupported (sql: ReadSql, park_no: string, { from, to }: Period): Promise<string[]> {
  const rows = await sql.select({ application: consortia.application }).from(consortia).where(and(
    eq(consortia.park_no, park_no), lt(consortia.valid_from, to), gt(consortia.valid_to, from),
    or(inArray(consortia.status, [...in_force, 'EXPIRED']), and(eq(consortia.status, 'TERMINATED'), isNotNull(consortia.activated_at)))
  )).orderBy(asc(consortia.consortium_no))
  return rows.flatMap(({ application }) => application.supported_industries ?? [])
}

/** Parks with which an institution is paired on a day. */
export async function parksPairedWith (sql: ReadSql, participant_no: string, day: string): Promise<string[]> {
  const rows = await sql.selectDistinct({ park_no: consortia.park_no }).from(consortium_members)
    .innerJoin(consortia, eq(consortia.consortium_no, consortium_members.consortium_no))
    .where(and(
      eq(consortium_members.participant_no, participant_no), inArray(consortia.status, in_force), lte(consortia.valid_from, day), gt(consortia.valid_to, day),
      lte(consortium_members.joined_on, day), or(isNull(consortium_members.left_on), gt(consortium_members.left_on, day))
    ))
  return rows.flatMap(({ park_no }) => park_no === null ? [] : [park_no])
}

/** Banks of the park's consortia that are or will be in force, other than one of them. */
export async function otherBanksOf (sql: ReadSql, park_no: string, consortium_no: string, day: string): Promise<string[]> {
  const rows = await sql.selectDistinct({ participant_no: consortium_members.participant_no, consortium_no: consortia.consortium_no }).from(consortia)
    .innerJoin(consortium_members, eq(consortium_members.consortium_no, consortia.consortium_no))
    .where(and(
      eq(consortia.park_no, park_no), inArray(consortia.status, in_force), gt(consortia.valid_to, day), eq(consortium_members.kind, 'BANK'),
      or(isNull(consortium_members.left_on), gt(consortium_members.left_on, day))
    ))
  return rows.filter(row => row.consortium_no !== consortium_no).map(row => row.participant_no)
}
