/** Tables of consortia and their members. */
import { and, asc, eq, gt, inArray, isNull, lte, or } from 'drizzle-orm'
import { integer, json, primaryKey, table, text } from '../../db/columns.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'

export const consortia = table('consortia', {
  consortium_no: text().primaryKey(),
  park_no: text().notNull(),
  status: text().notNull(),
  valid_from: text().notNull(),
  valid_to: text().notNull(),
  application: json<Record<string, unknown>>().notNull(),
  override_reason: text(),
  override_by: text(),
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

const in_force = ['ACTIVE', 'ADJUSTED']

export async function insertConsortium (sql: WriteSql, row: Consortium, members: readonly ConsortiumMember[]): Promise<void> {
  await sql.insert(consortia).values(row)
  if (members.length > 0) await sql.insert(consortium_members).values([...members])
}

export async function findConsortium (sql: ReadSql, consortium_no: string): Promise<Consortium | undefined> {
  return (await sql.select().from(consortia).where(eq(consortia.consortium_no, consortium_no)))[0]
}

export async function membersOf (sql: ReadSql, consortium_no: string): Promise<ConsortiumMember[]> {
  return sql.select().from(consortium_members).where(eq(consortium_members.consortium_no, consortium_no)).orderBy(asc(consortium_members.participant_no))
}

/** Members of the consortia of a park in force on a day: half-open, a member that left on the day is out. */
export async function pairedOn (sql: ReadSql, park_no: string, day: string): Promise<ConsortiumMember[]> {
  const rows = await sql.select({ member: consortium_members }).from(consortia)
    .innerJoin(consortium_members, eq(consortium_members.consortium_no, consortia.consortium_no))
    .where(and(
      eq(consortia.park_no, park_no), inArray(consortia.status, in_force), lte(consortia.valid_from, day), gt(consortia.valid_to, day),
      lte(consortium_members.joined_on, day), or(isNull(consortium_members.left_on), gt(consortium_members.left_on, day))
    )).orderBy(asc(consortium_members.participant_no))
  return rows.map(({ member }) => member)
}

/** Parks with which an institution is paired on a day. */
export async function parksPairedWith (sql: ReadSql, participant_no: string, day: string): Promise<string[]> {
  const rows = await sql.selectDistinct({ park_no: consortia.park_no }).from(consortium_members)
    .innerJoin(consortia, eq(consortia.consortium_no, consortium_members.consortium_no))
    .where(and(
      eq(consortium_members.participant_no, participant_no), inArray(consortia.status, in_force), lte(consortia.valid_from, day), gt(consortia.valid_to, day),
      lte(consortium_members.joined_on, day), or(isNull(consortium_members.left_on), gt(consortium_members.left_on, day))
    ))
  return rows.map(({ park_no }) => park_no)
}
