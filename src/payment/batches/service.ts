/** The way of a batch: closed by one person, approved by another, sent once, done when every payment has a result. */
import { digestOf } from '../../db/canonical.ts'
import type { Cipher } from '../../db/cipher.ts'
import type { Db, ReadSql, WriteSql } from '../../db/db.ts'
import { anotherPerson, personOf, type Principal } from '../../http/access.ts'
import type { FactOf } from '../../journal/event-types.ts'
import { append, type NewEvent } from '../../journal/events.ts'
import { enterprisesOf } from '../../lending/evidence/store.ts'
import { mark } from '../../lending/marks.ts'
import { findActiveAccount } from '../../lending/subsidy-accounts/store.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { allowed } from '../../policy/lifecycle.ts'
import { sumFen, yuanOf } from '../../policy/money.ts'
import { notFound, Problem, stateConflict } from '../../problem.ts'
import { findParticipant } from '../../registry/participants/store.ts'
import { authorities } from '../../subsidy/audience.ts'
import { consumeBudget } from '../budgets/store.ts'
import { countOffset, findClawback } from '../clawbacks/store.ts'
import { holdOn } from '../holds/service.ts'
import { holdsOn } from '../holds/store.ts'
import { accountNow, accountOf } from './accounts.ts'
import { painOf, workbookOfBatch, type Instructed } from './instruction.ts'
import {
  findBatch, freeItems, itemsOf, moveBatch, movePayments, offsetsOf, paymentsOf, redirectPayment, type Batch, type Payment, type PaymentItem,
    type PaymentOffset
} from './store.ts'

export async function batchFor (sql: ReadSql, principal: Principal, batch_no: string): Promise<Batch> {
  const batch = await findBatch(sql, batch_no)
  if (batch === undefined || (principal.role === 'FINANCE_BUREAU' && batch.participant_no !== principal.participant_no)) throw notFound()
  return batch
}

export interface BatchView { batch: Batch, payments: Payment[], items: Map<string, PaymentItem[]>, offsets: Map<string, PaymentOffset[]>,
  whole: boolean }

function byPayment<T extends { payment_no: string }> (rows: readonly T[]): Map<string, T[]> {
  const found = new Map<string, T[]>()
  for (const row of rows) found.set(row.payment_no, [...found.get(row.payment_no) ?? [], row])
  return found
}

/** A batch with its payments; a payee sees its own payments only. Errors: not_found. */
export async function viewOf (sql: ReadSql, principal: Principal, batch: Batch): Promise<BatchView> {
  const whole = principal.role === 'FINANCE_BUREAU' || principal.role === 'MEIC'
  const payments = (await paymentsOf(sql, batch.batch_no)).filter(({ payee_uscc }) => whole || payee_uscc === principal.uscc)
  if (!whole && payments.length === 0) throw notFound()
  const numbers = payments.map(({ payment_no }) => payment_no)
  return { batch, payments, items: byPayment(await itemsOf(sql, numbers)), offsets: byPayment(await offsetsOf(sql, numbers)), whole }
}

export interface Content { digest: string, count: number, control_sum_fen: number, payable: Payment[], held: Payment[] }

/** What stands in a batch now, down to the accounts: what is closed and what is approved are compared by its digest. */
async function contentOf (sql: ReadSql, now: string, cipher: Cipher, batch: Batch): Promise<Content> {
  const all = (await paymentsOf(sql, batch.batch_no)).filter(({ status }) => status === 'GENERATED')
  const items = byPayment(await itemsOf(sql, all.map(({ payment_no }) => payment_no)))
  const held_by = await holdsOn(sql, beijingDate(now))
  const payable: Payment[] = []
  const held: Payment[] = []
  const shown: unknown[] = []
  for (const payment of all) {
    const { payment_no, payee_uscc, payee_kind, account_number, gross_fen, offset_fen, amount_fen } = payment
    const own = items.get(payment_no) ?? []
    const account = await accountNow(sql, cipher, payee_uscc)
    if (account?.number !== account_number || own.some(item => holdOn(held_by, { ...item, payee_uscc }) !== undefined)) {
      held.push(payment)
      continue
    }
    if (sumFen(own.map(item => item.amount_fen)) !== gross_fen) throw new Error(`the lines of ${payment_no} do not sum to it`)
    payable.push(payment)
    shown.push({ payment_no, payee_kind, payee_uscc, account, gross_fen, offset_fen, amount_fen,
      lines: own.map(({ line_no, amount_fen: fen }) => [line_no, fen]) })
  }
  const control_sum_fen = sumFen(payable.map(({ amount_fen }) => amount_fen))
  const { batch_no, message_no, year, fund_source } = batch
  return { digest: digestOf({ batch_no, message_no, year, fund_source, control_sum_fen, payments: shown }), count: payable.length,
    control_sum_fen, payable, held }
}

/** What a payment took back is owed again: it was cancelled, or its money came back. */
export async function owedAgain (sql: WriteSql, now: string, payment_no: string): Promise<void> {
  for (const { clawback_no, amount_fen } of await offsetsOf(sql, [payment_no])) {
    await countOffset(sql, now, clawback_no, -amount_fen)
    const clawback = await findClawback(sql, clawback_no)
    if (clawback !== undefined) await mark(sql, now, clawback.uscc, clawback.project_code, clawback.kind)
  }
}

/** Takes payments out of a batch: their lines are free for a later one. */
async function cancel (sql: WriteSql, now: string, payments: readonly Payment[]): Promise<void> {
  for (const { payment_no } of payments) {
    await movePayments(sql, now, [payment_no], 'GENERATED', 'CANCELLED')
    await freeItems(sql, payment_no)
    await owedAgain(sql, now, payment_no)
  }
}

async function tell (sql: WriteSql, now: string, actor: NewEvent['actor'], batch: Batch, fact: FactOf<'payment_batch'>, data: Record<string,
  unknown> = {}): Promise<void> {
  await append(sql, now, { type: `payment_batch.${fact}`, subject: batch.batch_no, actor, audience: await authorities(sql),
    data: { year: batch.year, fund_source: batch.fund_source, ...data } })
}

/** What is told of a payment. */
export interface PaymentNews { payment: Payment, fact: FactOf<'payment'>, data?: Record<string, unknown> }

/** Tells the institutions and enterprises of payments how they stand; the authorities as well. */
export async function tellPayments (sql: WriteSql, now: string, actor: NewEvent['actor'], news: readonly PaymentNews[]): Promise<void> {
  if (news.length === 0) return
  const items = await itemsOf(sql, news.map(({ payment }) => payment.payment_no))
  const usccs = [...new Set(items.map(({ uscc }) => uscc))]
  const taking_part = new Map((await enterprisesOf(sql, usccs)).map(({ participant_no }, place) => [usccs[place], participant_no]))
  const of_payment = byPayment(items)
  const told = await authorities(sql)
  await append(sql, now, ...news.map(({ payment: { payment_no, batch_no }, fact, data = {} }): NewEvent => {
    const lines = of_payment.get(payment_no) ?? []
    const owners = lines.flatMap(({ participant_no, uscc }) => [participant_no, taking_part.get(uscc) ?? participant_no])
    return { type: `payment.${fact}`, subject: payment_no, actor, audience: [...new Set([...told, ...owners])], data: { batch_no, lines: lines.length, ...data } }
  }))
}

/** Payments follow their payees to the accounts in force. */
async function redirect (sql: WriteSql, now: string, cipher: Cipher, batch_no: string): Promise<void> {
  for (const { payment_no, payee_uscc, account_number, status } of await paymentsOf(sql, batch_no)) {
    const account = status === 'GENERATED' ? await accountNow(sql, cipher, payee_uscc) : undefined
    if (account !== undefined && account.number !== account_number) {
      await redirectPayment(sql, now, payment_no, { account_number: account.number, payee_name: account.account_name })
    }
  }
}

/**
 * Closes a batch over what is payable at this moment, to the accounts that are in force now; what is held since is taken out. A closed batch
 * is closed anew only when its content has changed.
 *
 * Errors: not_found, state_conflict, nothing_to_pay.
 */
export async function close (sql: WriteSql, now: string, principal: Principal, cipher: Cipher, batch_no: string): Promise<Batch> {
  const before = await batchFor(sql, principal, batch_no)
  if (before.status !== 'OPEN' && before.status !== 'CLOSED') throw stateConflict(before.status, allowed('payment_batch', before.status))
  await redirect(sql, now, cipher, batch_no)
  const { digest, count, control_sum_fen, held } = await contentOf(sql, now, cipher, before)
  if (before.status === 'CLOSED' && before.digest === digest) throw stateConflict(before.status, allowed('payment_batch', before.status))
  if (count === 0) throw new Problem('nothing_to_pay')
  await cancel(sql, now, held)
  const batch = await moveBatch(sql, now, batch_no, [before.status], {
    status: 'CLOSED', digest, payment_count: count, control_sum_fen, closed_by: personOf(principal), closed_at: now
  })
  if (batch === undefined) throw stateConflict(before.status, [])
  await tell(sql, now, principal, batch, 'closed', { digest, count })
  return batch
}

function changedSince (held: readonly Payment[]): Problem {
  const named = held.map(({ payment_no }) => payment_no).join(', ')
  return new Problem('changed_since', held.length === 0 ? {} : {
    detail: `Held, or with another account since it was closed: ${named}; close the batch again`,
      detail_zh: `关闭批次后被暂缓或变更账户：${named}；请重新关闭批次`
  })
}

/** Approves exactly what was closed and uses up the budget. Errors: not_found, own_work, state_conflict, changed_since, budget_missing, budget_exhausted. */
export async function approve (sql: WriteSql, now: string, principal: Principal, cipher: Cipher, batch_no: string,
  digest: string): Promise<Batch> {
  const before = await batchFor(sql, principal, batch_no)
  if (before.status !== 'CLOSED' || before.closed_by === null) throw stateConflict(before.status, allowed('payment_batch', before.status))
  const person = anotherPerson(principal, before.closed_by)
  const content = await contentOf(sql, now, cipher, before)
  if (before.digest !== digest || content.digest !== digest ||
    content.control_sum_fen !== before.control_sum_fen) throw changedSince(content.held)
  if (!await consumeBudget(sql, now, before.year, before.fund_source, content.control_sum_fen)) throw new Problem('budget_exhausted')
  const batch = await moveBatch(sql, now, batch_no, ['CLOSED'], { status: 'APPROVED', approved_by: person, approved_at: now, approved_digest: digest })
  if (batch === undefined) throw stateConflict(before.status, [])
  await tellPayments(sql, now, principal, content.payable.map(payment => ({ payment, fact: 'approved' })))
  await tell(sql, now, principal, batch, 'approved', { digest, control_sum: yuanOf(content.control_sum_fen) })
  return batch
}

/** What goes to the bank: everything that was approved, is still to the account of its payee and not wholly offset. */
async function instructedOf (sql: ReadSql, cipher: Cipher, batch: Batch): Promise<Instructed[]> {
  const payments = (await paymentsOf(sql, batch.batch_no)).filter(({ status, amount_fen }) => status !== 'CANCELLED' && amount_fen > 0)
  const items = byPayment(await itemsOf(sql, payments.map(({ payment_no }) => payment_no)))
  const found: Instructed[] = []
  for (const payment of payments) found.push({ payment, account: await accountOf(sql, cipher, payment.account_number),
    items: items.get(payment.payment_no) ?? [] })
  return found
}

/** The first fetch sends the batch; every later one gives the same bytes. Errors: not_found, state_conflict, changed_since, nothing_to_pay. */
export async function instruct (db: Db, principal: Principal, cipher: Cipher, batch_no: string,
  format: 'xml' | 'xlsx'): Promise<{ batch: Batch, body: string | Uint8Array }> {
  const first = await batchFor(db.read, principal, batch_no)
  const batch = first.status === 'APPROVED' ? await db.write((sql, now) => send(sql, now, principal, batch_no)) : first
  if (batch.sent_at === null) throw stateConflict(batch.status, allowed('payment_batch', batch.status))
  const instructed = await instructedOf(db.read, cipher, batch)
  const debtor = await findParticipant(db.read, batch.participant_no)
  if (debtor === undefined) throw new Error('the finance bureau of a batch is not there')
  if (instructed.length === 0 && format === 'xml') {
    throw new Problem('nothing_to_pay', { detail: 'Claw-backs take back everything in this batch, or its payees changed their accounts; nothing goes to the bank and the batch is done',
      detail_zh: '本批次款项已全部用于抵扣追回或收款账户已变更，无需银行支付；批次已完成' })
  }
  return { batch, body: format === 'xlsx' ? workbookOfBatch(batch, instructed) : painOf(batch, debtor, instructed,
    beijingDate(batch.approved_at ?? batch.sent_at)) }
}

/** What was held after the approval does not go out either, until the hold is released or lapses. Errors: changed_since. */
async function refuseHeld (sql: ReadSql, now: string, batch_no: string): Promise<void> {
  const held_by = await holdsOn(sql, beijingDate(now))
  if (held_by.length === 0) return
  const payments = new Map((await paymentsOf(sql, batch_no)).map(payment => [payment.payment_no, payment]))
  const held = (await itemsOf(sql, [...payments.keys()])).filter(item => holdOn(held_by, { ...item, payee_uscc: payments.get(item.payment_no)?.payee_uscc ?? '' }) !== undefined)
  if (held.length === 0) return
  const named = [...new Set(held.map(({ payment_no }) => payment_no))].join(', ')
  throw new Problem('changed_since', { detail: `Held since the batch was approved: ${named}; it goes out when the hold is released`,
    detail_zh: `批次批准后被暂缓：${named}；解除暂缓后方可发送` })
}

/** Approved payments whose payee has another account by now. */
async function toFormerAccounts (sql: ReadSql, payments: readonly Payment[]): Promise<Payment[]> {
  const former: Payment[] = []
  for (const payment of payments) if ((await findActiveAccount(sql, payment.payee_uscc))?.number !== payment.account_number) former.push(payment)
  return former
}

/** They do not go out: nobody approved the new account. Their budget comes back, their lines go into a later batch. */
async function withdraw (sql: WriteSql, now: string, principal: Principal, payments: readonly Payment[]): Promise<void> {
  await cancel(sql, now, payments)
  for (const { year, fund_source, amount_fen } of payments) await consumeBudget(sql, now, year, fund_source, -amount_fen)
  await tellPayments(sql, now, principal, payments.map(payment => ({ payment, fact: 'cancelled' })))
}

async function send (sql: WriteSql, now: string, principal: Principal, batch_no: string): Promise<Batch> {
  await refuseHeld(sql, now, batch_no)
  const approved = (await paymentsOf(sql, batch_no)).filter(({ status }) => status === 'GENERATED')
  const former = await toFormerAccounts(sql, approved)
  const batch = await moveBatch(sql, now, batch_no, ['APPROVED'], {
    status: 'SENT', sent_at: now, payment_count: approved.length - former.length,
    control_sum_fen: sumFen(approved.map(({ amount_fen }) => amount_fen)) - sumFen(former.map(({ amount_fen }) => amount_fen))
  })
  if (batch === undefined) return batchFor(sql, principal, batch_no)
  await withdraw(sql, now, principal, former)
  const waiting = (await paymentsOf(sql, batch_no)).filter(({ status }) => status === 'GENERATED')
  await movePayments(sql, now, waiting.map(({ payment_no }) => payment_no), 'GENERATED', 'SENT')
  const offset_whole = waiting.filter(({ amount_fen }) => amount_fen === 0).map(({ payment_no }) => payment_no)
  await movePayments(sql, now, offset_whole, 'SENT', 'PAID', { paid_date: beijingDate(now), bank_reference: 'OFFSET' })
  await tell(sql, now, principal, batch, 'sent')
  return await finish(sql, now, principal, batch) ?? batch
}

const waiting_statuses: ReadonlySet<Payment['status']> = new Set(['GENERATED', 'SENT', 'UNKNOWN'])

/** A sent batch is done when none of its payments waits for a result. */
export async function finish (sql: WriteSql, now: string, actor: NewEvent['actor'], batch: Batch): Promise<Batch | undefined> {
  if (batch.status !== 'SENT' || (await paymentsOf(sql,
    batch.batch_no)).some(({ status }) => waiting_statuses.has(status))) return undefined
  const done = await moveBatch(sql, now, batch.batch_no, ['SENT'], { status: 'DONE', done_at: now })
  if (done !== undefined) await tell(sql, now, actor, done, 'done')
  return done
}
