/** Tables of payment batches, payments, their lines, offsets and results. */
import { and, asc, eq, gt, gte, inArray, isNotNull, lt, notExists, sql as expression } from 'drizzle-orm'
import { bulkInsert } from '../../db/bulk.ts'
import { fen, flag, integer, isAmong, json, primaryKey, table, text } from '../../db/columns.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import type { StateOf } from '../../policy/lifecycle.ts'
import { subsidy_lines, type PayeeKind } from '../../subsidy/lines/store.ts'
import { subsidy_packets, type ApprovedLine } from '../../subsidy/packets/store.ts'
import type { FundSource } from '../budgets/sources.ts'

export type BatchStatus = StateOf<'payment_batch'>
export type PaymentStatus = StateOf<'payment'>
export type ResultStatus = 'PAID' | 'RETURNED' | 'UNKNOWN'
/** What a batch did not take, and why. */
export interface LeftOut { line_no: string, reason: 'ON_HOLD' | 'ACCOUNT_MISSING' | 'BUDGET_SHORT' }

export const payment_batches = table('payment_batches', {
  batch_no: text().primaryKey(),
  message_no: text().notNull(),
  participant_no: text().notNull(),
  year: text().notNull(),
  fund_source: text().$type<FundSource>().notNull(),
  status: text().$type<BatchStatus>().notNull(),
  content_digest: text().notNull(),
  digest: text(),
  payment_count: integer().notNull(),
  control_sum_fen: fen().notNull(),
  created_by: text().notNull(),
  closed_by: text(),
  closed_at: text(),
  approved_by: text(),
  approved_at: text(),
  approved_digest: text(),
  sent_at: text(),
  done_at: text(),
  left_out: json<LeftOut[]>().notNull(),
  version: integer().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
})

export const payments = table('payments', {
  payment_no: text().primaryKey(),
  batch_no: text().notNull(),
  ordinal: integer().notNull(),
  payee_kind: text().$type<PayeeKind>().notNull(),
  payee_uscc: text().notNull(),
  payee_name: text().notNull(),
  account_number: text().notNull(),
  gross_fen: fen().notNull(),
  offset_fen: fen().notNull(),
  amount_fen: fen().notNull(),
  year: text().notNull(),
  fund_source: text().$type<FundSource>().notNull(),
  status: text().$type<PaymentStatus>().notNull(),
  reissue_of: text(),
  paid_date: text(),
  bank_reference: text(),
  return_reason: text(),
  version: integer().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
})

export const payment_items = table('payment_items', {
  payment_no: text().notNull(),
  line_no: text().notNull(),
  packet_no: text().notNull(),
  participant_no: text().notNull(),
  uscc: text().notNull(),
  amount_fen: fen().notNull(),
  live: flag().notNull()
}, columns => [primaryKey({ columns: [columns.payment_no, columns.line_no] })])

const payment_offsets = table('payment_offsets', {
  payment_no: text().notNull(),
  clawback_no: text().notNull(),
  amount_fen: fen().notNull()
}, columns => [primaryKey({ columns: [columns.payment_no, columns.clawback_no] })])

const payment_results = table('payment_results', {
  payment_no: text().notNull(),
  status: text().$type<ResultStatus>().notNull(),
  date: text().notNull(),
  bank_reference: text().notNull(),
  reason: text(),
  recorded_by: text().notNull(),
  recorded_at: text().notNull()
}, columns => [primaryKey({ columns: [columns.payment_no, columns.status] })])

export type Batch = typeof payment_batches.$inferSelect
export type Payment = typeof payments.$inferSelect
export type PaymentItem = typeof payment_items.$inferSelect
export type PaymentOffset = typeof payment_offsets.$inferSelect
export type PaymentResult = typeof payment_results.$inferSelect

const lines_at_once = 1000

/** Approved lines that stand in no live payment. Of all lines ever recognised few do, so their numbers are found in two indexes alone. */
export async function unpaidLines (sql: ReadSql): Promise<ApprovedLine[]> {
  const unpaid = await sql.select({ line_no: subsidy_lines.line_no }).from(subsidy_lines).where(and(
    expression`${subsidy_lines.recognised_fen} > 0`,
    notExists(sql.select({ line_no: payment_items.line_no }).from(payment_items)
      .where(and(eq(payment_items.line_no, subsidy_lines.line_no), expression`${payment_items.live} = 1`)))
  )).orderBy(asc(subsidy_lines.line_no))
  const found: ApprovedLine[] = []
  for (let from = 0; from < unpaid.length; from += lines_at_once) {
    const rows = await sql.select({
      line_no: subsidy_lines.line_no, kind: subsidy_lines.kind, payee_kind: subsidy_lines.payee_kind, payee_uscc: subsidy_lines.payee_uscc,
      participant_no: subsidy_lines.participant_no, uscc: subsidy_lines.uscc, project_code: subsidy_lines.project_code,
      year: subsidy_lines.year, recognised_fen: subsidy_lines.recognised_fen, packet_no: subsidy_packets.packet_no,
      approved_at: subsidy_packets.approved_at, order_key: subsidy_lines.order_key
    }).from(subsidy_lines).innerJoin(subsidy_packets, eq(subsidy_packets.packet_no, subsidy_lines.packet_no))
      .where(and(inArray(subsidy_lines.line_no, unpaid.slice(from, from + lines_at_once).map(({ line_no }) => line_no)),
        eq(subsidy_packets.status, 'APPROVED'), eq(subsidy_lines.status, 'FROZEN')))
      .orderBy(asc(subsidy_lines.line_no))
    found.push(...rows.map(row => Object.assign(row, { recognised_fen: row.recognised_fen ?? 0, approved_at: row.approved_at ?? '' })))
  }
  return found
}

export async function insertBatch (sql: WriteSql, batch: Batch): Promise<void> {
  await sql.insert(payment_batches).values(batch)
}

export async function findBatch (sql: ReadSql, batch_no: string): Promise<Batch | undefined> {
  return (await sql.select().from(payment_batches).where(eq(payment_batches.batch_no, batch_no)))[0]
}

export async function listBatches (
  sql: ReadSql, filter: { status?: BatchStatus | undefined, year?: string | undefined, payee_uscc?: string | undefined,
    updated_since?: string | undefined, after: string | null, limit: number }
): Promise<Batch[]> {
  const { status, year, payee_uscc, updated_since, after, limit } = filter
  return sql.select().from(payment_batches).where(and(
    status === undefined ? undefined : eq(payment_batches.status, status),
    year === undefined ? undefined : eq(payment_batches.year, year),
    payee_uscc === undefined ? undefined : inArray(payment_batches.batch_no,
      sql.select({ batch_no: payments.batch_no }).from(payments).where(eq(payments.payee_uscc, payee_uscc))),
    updated_since === undefined ? undefined : gte(payment_batches.updated_at, updated_since),
    after === null ? undefined : gt(payment_batches.message_no, after)
  )).orderBy(asc(payment_batches.message_no)).limit(limit)
}

/** Moves a batch when it is in one of the states, and no other digest was approved in between. */
export async function moveBatch (sql: WriteSql, now: string, batch_no: string, from: readonly BatchStatus[], changes: Partial<Omit<Batch,
  'batch_no' | 'version'>>): Promise<Batch | undefined> {
  return (await sql.update(payment_batches).set({ ...changes, version: expression`${payment_batches.version} + 1`, updated_at: now })
    .where(and(eq(payment_batches.batch_no, batch_no), inArray(payment_batches.status, [...from]))).returning())[0]
}

const insertItems = bulkInsert(payment_items)
const insertOffsets = bulkInsert(payment_offsets)

export async function insertPayment (sql: WriteSql, payment: Payment, items: readonly PaymentItem[],
  offsets: readonly PaymentOffset[]): Promise<void> {
  await sql.insert(payments).values(payment)
  await insertItems(sql, items)
  await insertOffsets(sql, offsets)
}

export async function paymentsOf (sql: ReadSql, batch_no: string): Promise<Payment[]> {
  return sql.select().from(payments).where(eq(payments.batch_no, batch_no)).orderBy(asc(payments.ordinal))
}

export async function itemsOf (sql: ReadSql, payment_nos: readonly string[]): Promise<PaymentItem[]> {
  return sql.select().from(payment_items).where(isAmong(payment_items.payment_no, payment_nos)).orderBy(asc(payment_items.payment_no), asc(payment_items.line_no))
}

export async function offsetsOf (sql: ReadSql, payment_nos: readonly string[]): Promise<PaymentOffset[]> {
  return sql.select().from(payment_offsets).where(isAmong(payment_offsets.payment_no, payment_nos)).orderBy(asc(payment_offsets.payment_no), asc(payment_offsets.clawback_no))
}

/** Moves payments from one state to another. @returns those that moved */
export async function movePayments (
  sql: WriteSql, now: string, payment_nos: readonly string[], from: PaymentStatus, to: PaymentStatus, changes: Partial<Pick<Payment,
    'paid_date' | 'bank_reference' | 'return_reason'>> = {}
): Promise<Payment[]> {
  if (payment_nos.length === 0) return []
  return sql.update(payments).set({ ...changes, status: to, version: expression`${payments.version} + 1`, updated_at: now })
    .where(and(isAmong(payments.payment_no, payment_nos), eq(payments.status, from))).returning()
}

/** Makes a payment that is not approved out to another account. */
export async function redirectPayment (sql: WriteSql, now: string, payment_no: string, account: Pick<Payment, 'account_number' | 'payee_name'>): Promise<void> {
  await sql.update(payments).set({ ...account, version: expression`${payments.version} + 1`, updated_at: now })
    .where(and(eq(payments.payment_no, payment_no), eq(payments.status, 'GENERATED')))
}

/** The lines of a payment are free again: it was cancelled, or is issued again. */
export async function freeItems (sql: WriteSql, payment_no: string): Promise<void> {
  await sql.update(payment_items).set({ live: false }).where(eq(payment_items.payment_no, payment_no))
}

/** Returned payments that wait for another account. */
export async function returnedPayments (sql: ReadSql): Promise<Payment[]> {
  return sql.select().from(payments).where(eq(payments.status, 'RETURNED')).orderBy(asc(payments.payment_no))
}

/** What batches that are not yet approved have taken of a budget. */
export async function reservedOf (sql: ReadSql, year: string, fund_source: FundSource): Promise<number> {
  const [row] = await sql.select({ sum: expression<number>`coalesce(sum(${payments.amount_fen}), 0)`.mapWith(Number) }).from(payments)
    .innerJoin(payment_batches, eq(payment_batches.batch_no, payments.batch_no))
    .where(and(eq(payments.year, year), eq(payments.fund_source, fund_source), eq(payments.status, 'GENERATED'),
      inArray(payment_batches.status, ['OPEN', 'CLOSED'])))
  return row?.sum ?? 0
}

export async function insertResult (sql: WriteSql, result: PaymentResult): Promise<void> {
  await sql.insert(payment_results).values(result)
}

export async function resultsOf (sql: ReadSql, payment_nos: readonly string[]): Promise<PaymentResult[]> {
  return sql.select().from(payment_results).where(isAmong(payment_results.payment_no, payment_nos))
}

/** Batches whose instruction went out between two instants. */
export async function batchesSent (sql: ReadSql, from: string, to: string): Promise<Batch[]> {
  return sql.select().from(payment_batches).where(and(isNotNull(payment_batches.sent_at), gte(payment_batches.sent_at, from),
    lt(payment_batches.sent_at, to)))
    .orderBy(asc(payment_batches.batch_no))
}

/** Payments sent before an instant of which nobody knows yet whether they arrived. */
export async function unsettledBefore (sql: ReadSql, before: string): Promise<(Payment & { sent_at: string })[]> {
  const rows = await sql.select({ payment: payments, sent_at: payment_batches.sent_at }).from(payments)
    .innerJoin(payment_batches, eq(payment_batches.batch_no, payments.batch_no))
    .where(and(inArray(payments.status, ['SENT', 'UNKNOWN']), isNotNull(payment_batches.sent_at), lt(payment_batches.sent_at, before)))
    .orderBy(asc(payments.payment_no))
  return rows.map(({ payment, sent_at }) => Object.assign(payment, { sent_at: sent_at ?? '' }))
}

/** State of the live payment of each line; lines without one are missing. */
export async function paymentStatusOf (sql: ReadSql, line_nos: readonly string[]): Promise<Map<string, PaymentStatus>> {
  if (line_nos.length === 0) return new Map()
  const rows = await sql.select({ line_no: payment_items.line_no, status: payments.status }).from(payment_items)
    .innerJoin(payments, eq(payments.payment_no, payment_items.payment_no))
    .where(and(isAmong(payment_items.line_no, line_nos), eq(payment_items.live, true)))
  return new Map(rows.map(({ line_no, status }) => [line_no, status]))
}
