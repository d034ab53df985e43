/**
 * Table of claw-backs: what is to be taken back of a line, offset against later payments. One that is offset whole is settled,
 * and open again when the payment that did it comes back.
 */
import { and, asc, eq, gt, gte, ne, not, or, sql as expression } from 'drizzle-orm'
import { fen, integer, isAmong, table, text } from '../../db/columns.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import type { SubsidyKind } from '../../lending/marks.ts'
import type { Owner } from '../../subsidy/lines/deriving.ts'
import type { PayeeKind } from '../../subsidy/lines/store.ts'

export const clawbacks = table('clawbacks', {
  clawback_no: text().primaryKey(),
  origin: text().$type<'DERIVED' | 'DECIDED'>().notNull(),
  kind: text().$type<SubsidyKind>().notNull(),
  chain: text().notNull(),
  line_no: text().notNull(),
  participant_no: text().notNull(),
  payee_kind: text().$type<PayeeKind>().notNull(),
  payee_uscc: text().notNull(),
  uscc: text().notNull(),
  project_code: text().notNull(),
  amount_fen: fen().notNull(),
  offset_fen: fen().notNull(),
  reason: text().notNull(),
  status: text().$type<'OPEN' | 'SETTLED' | 'CANCELLED'>().notNull(),
  decided_by: text().notNull(),
  content_digest: text(),
  version: integer().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
})

export type Clawback = typeof clawbacks.$inferSelect

export async function insertClawback (sql: WriteSql, row: Clawback): Promise<void> {
  await sql.insert(clawbacks).values(row)
}

export async function findClawback (sql: ReadSql, clawback_no: string): Promise<Clawback | undefined> {
  return (await sql.select().from(clawbacks).where(eq(clawbacks.clawback_no, clawback_no)))[0]
}

/** Claw-backs about chains of vouchers in one project that are open or settled. */
export async function standingOf (sql: ReadSql, { kind, uscc, project_code }: Owner, chains: readonly string[]): Promise<Clawback[]> {
  if (chains.length === 0) return []
  return sql.select().from(clawbacks).where(and(ne(clawbacks.status, 'CANCELLED'), eq(clawbacks.kind, kind), eq(clawbacks.uscc, uscc),
    project_code === null ? undefined : eq(clawbacks.project_code, project_code), isAmong(clawbacks.chain, chains)))
}

/** Open claw-backs of payees, the oldest first. */
export async function openOfPayees (sql: ReadSql, payee_usccs: readonly string[]): Promise<Clawback[]> {
  if (payee_usccs.length === 0) return []
  return sql.select().from(clawbacks).where(and(
    isAmong(clawbacks.payee_uscc, new Set(payee_usccs)), eq(clawbacks.status, 'OPEN'),
      expression`${clawbacks.offset_fen} < ${clawbacks.amount_fen}`
  )).orderBy(asc(clawbacks.clawback_no))
}

const next_version = expression`${clawbacks.version} + 1`

/** Sets what is to be taken back in all, and the state. */
export async function settleClawback (sql: WriteSql, now: string, clawback_no: string, amount_fen: number,
  status: Clawback['status']): Promise<void> {
  await sql.update(clawbacks).set({ amount_fen, status, version: next_version, updated_at: now }).where(and(eq(clawbacks.clawback_no,
    clawback_no), eq(clawbacks.status, 'OPEN')))
}

/** Counts what a payment takes back, or gives up again with a negative amount; the CHECK keeps it within the claw-back. */
export async function countOffset (sql: WriteSql, now: string, clawback_no: string, amount_fen: number): Promise<void> {
  await sql.update(clawbacks).set({ offset_fen: expression`${clawbacks.offset_fen} + ${amount_fen}`, version: next_version,
    updated_at: now }).where(eq(clawbacks.clawback_no, clawback_no))
}

export interface ClawbackFilter {
  /** whose: institution of the line, or enterprise or payee */
  participant_no?: string
  concerned_uscc?: string
  status?: Clawback['status'] | undefined
  uscc?: string | undefined
  line_no?: string | undefined
  updated_since?: string | undefined
  after: string | null
  limit: number
}

export async function listClawbacks (sql: ReadSql, filter: ClawbackFilter): Promise<Clawback[]> {
  const equal = ['participant_no', 'uscc', 'line_no'] as const
  const whole = expression`${clawbacks.offset_fen} = ${clawbacks.amount_fen}`
  const open = eq(clawbacks.status, 'OPEN')
  return sql.select().from(clawbacks).where(and(
    ...equal.map(name => filter[name] === undefined ? undefined : eq(clawbacks[name], filter[name])),
    filter.status === undefined ? undefined : filter.status === 'OPEN' ? and(open, not(whole))
      : filter.status === 'SETTLED' ? or(eq(clawbacks.status, 'SETTLED'), and(open, whole)) : eq(clawbacks.status, filter.status),
    filter.concerned_uscc === undefined ? undefined : or(eq(clawbacks.uscc, filter.concerned_uscc),
      eq(clawbacks.payee_uscc, filter.concerned_uscc)),
    filter.updated_since === undefined ? undefined : gte(clawbacks.updated_at, filter.updated_since),
    filter.after === null ? undefined : gt(clawbacks.clawback_no, filter.after)
  )).orderBy(asc(clawbacks.clawback_no)).limit(filter.limit)
}
