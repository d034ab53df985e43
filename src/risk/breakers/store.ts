/** Tables of breakers and their year-end settlements. */
import { and, asc, eq, isNull, ne, sql as expression } from 'drizzle-orm'
import { fen, integer, json, primaryKey, table, text } from '../../db/columns.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import type { BreakerState } from '../../policy/risk-share.ts'

export const breakers = table('breakers', {
  guarantor_no: text().notNull(),
  bank_no: text().notNull(),
  vintage_year: integer().notNull(),
  liability_fen: fen().notNull(),
  cap_fen: fen().notNull(),
  covered_fen: fen().notNull(),
  recoveries_settled_fen: fen().notNull(),
  compensated_fen: fen().notNull(),
  ceiling_fen: fen().notNull(),
  state: text().$type<BreakerState>().notNull(),
  closed_at: text(),
  version: integer().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
}, columns => [primaryKey({ columns: [columns.guarantor_no, columns.bank_no, columns.vintage_year] })])

export type Breaker = typeof breakers.$inferSelect
export interface BreakerKey { readonly guarantor_no: string, readonly bank_no: string, readonly vintage_year: number }

const isOf = ({ guarantor_no, bank_no, vintage_year }: BreakerKey) =>
  and(eq(breakers.guarantor_no, guarantor_no), eq(breakers.bank_no, bank_no), eq(breakers.vintage_year, vintage_year))

/** The row of a breaker, taken by this unit: made when missing, and written to first, so that two units about it run one after the other. */
export async function ownBreaker (sql: WriteSql, now: string, key: BreakerKey): Promise<Breaker> {
  const [row] = await sql.insert(breakers).values({
    guarantor_no: key.guarantor_no, bank_no: key.bank_no, vintage_year: key.vintage_year,
    liability_fen: 0, cap_fen: 0, covered_fen: 0, recoveries_settled_fen: 0, compensated_fen: 0, ceiling_fen: 0, state: 'NORMAL', closed_at: null,
    version: 1, created_at: now, updated_at: now
  }).onConflictDoUpdate({
    target: [breakers.guarantor_no, breakers.bank_no, breakers.vintage_year],
    set: { version: expression`${breakers.version} + 1`, updated_at: now }
  }).returning()
  if (row === undefined) throw new Error('a breaker was neither made nor found')
  return row
}

export type BreakerCounters = Pick<Breaker, 'liability_fen' | 'cap_fen' | 'covered_fen' | 'recoveries_settled_fen' | 'ceiling_fen' | 'state' | 'closed_at'>

/** Keeps the counters of a breaker this unit owns. */
export async function keepBreaker (sql: WriteSql, key: BreakerKey, counters: BreakerCounters): Promise<void> {
  const { liability_fen, cap_fen, covered_fen, recoveries_settled_fen, ceiling_fen, state, closed_at } = counters
  await sql.update(breakers).set({
    liability_fen, cap_fen, covered_fen, recoveries_settled_fen, compensated_fen: covered_fen - recoveries_settled_fen, ceiling_fen, state, closed_at
  }).where(isOf(key))
}

export async function findBreaker (sql: ReadSql, key: BreakerKey): Promise<Breaker | undefined> {
  return (await sql.select().from(breakers).where(isOf(key)))[0]
}

export interface BreakerFilter { guarantor_no?: string | undefined, bank_no?: string | undefined, vintage_year?: number | undefined }

export async function listBreakers (sql: ReadSql, { guarantor_no, bank_no, vintage_year }: BreakerFilter): Promise<Breaker[]> {
  return sql.select().from(breakers).where(and(
    guarantor_no === undefined ? undefined : eq(breakers.guarantor_no, guarantor_no),
    bank_no === undefined ? undefined : eq(breakers.bank_no, bank_no),
    vintage_year === undefined ? undefined : eq(breakers.vintage_year, vintage_year)
  )).orderBy(asc(breakers.vintage_year), asc(breakers.guarantor_no), asc(breakers.bank_no))
}

/** Breakers of open vintages that warned or tripped, the longest untouched first. */
export async function warnedBreakers (sql: ReadSql, limit: number): Promise<Breaker[]> {
  return sql.select().from(breakers).where(and(ne(breakers.state, 'NORMAL'), isNull(breakers.closed_at))).orderBy(asc(breakers.updated_at)).limit(limit)
}

/** What a settlement did to one breaker; amounts as on the wire. */
export interface SettledLine {
  guarantor_no: string
  bank_no: string
  vintage_year: number
  liability: string
  recoveries: string
  compensated_before: string
  compensated_after: string
  vintage_rate_pct: string
  state_before: BreakerState
  state_after: BreakerState
}

export const breaker_settlements = table('breaker_settlements', {
  year: integer().primaryKey(),
  content: json<SettledLine[]>().notNull(),
  participant_no: text().notNull(),
  settled_by: text().notNull(),
  created_at: text().notNull()
})

export type Settlement = typeof breaker_settlements.$inferSelect

export async function findSettlement (sql: ReadSql, year: number): Promise<Settlement | undefined> {
  return (await sql.select().from(breaker_settlements).where(eq(breaker_settlements.year, year)))[0]
}

/** false when the year was settled at the same time. */
export async function insertSettlement (sql: WriteSql, row: Settlement): Promise<boolean> {
  return (await sql.insert(breaker_settlements).values(row).onConflictDoNothing().returning({ year: breaker_settlements.year })).length > 0
}
