/** Opening a batch: what is approved and payable, in the order of S2 (十九), as far as the budget carries. */
import { newNo } from '../../clock.ts'
import { digestOf } from '../../db/canonical.ts'
import type { Cipher } from '../../db/cipher.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import { personOf, type Principal } from '../../http/access.ts'
import { append } from '../../journal/events.ts'
import { payInBudget } from '../../policy/budget.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { sumFen, yuanOf } from '../../policy/money.ts'
import { nearestTerms } from '../../policy/terms.ts'
import { Problem } from '../../problem.ts'
import { findParticipant } from '../../registry/participants/store.ts'
import { policiesIn } from '../../registry/policies/service.ts'
import { authorities } from '../../subsidy/audience.ts'
import { findLines } from '../../subsidy/lines/store.ts'
import type { ApprovedLine } from '../../subsidy/packets/store.ts'
import type { FundSource } from '../budgets/sources.ts'
import { findBudget } from '../budgets/store.ts'
import { countOffset, openOfPayees, type Clawback } from '../clawbacks/store.ts'
import { holdOn } from '../holds/service.ts'
import { holdsOn } from '../holds/store.ts'
import { accountNow, type PayeeAccount } from './accounts.ts'
import { refuseOpenDifferences } from './reconciling.ts'
import {
  findBatch, freeItems, insertBatch, insertPayment, itemsOf, movePayments, reservedOf, returnedPayments, unpaidLines,
  type Batch, type LeftOut, type Payment, type PaymentItem, type PaymentOffset
} from './store.ts'

export interface Collecting { batch_no?: string, year?: number, fund_source?: FundSource }

/** What one payment is made of: lines of one payee, or a returned payment that goes out again whole. */
interface Due { key: string, payee_uscc: string, payee_kind: Payment['payee_kind'], items: Omit<PaymentItem, 'payment_no' | 'live'>[],
  amount_fen: number, order_key: string, participant_no: string, returned: Payment | null }

interface Gathered { due: Due[], accounts: Map<string, PayeeAccount>, left_out: LeftOut[] }

const dueOf = (line: ApprovedLine): Due => ({
  key: line.line_no, payee_uscc: line.payee_uscc, payee_kind: line.payee_kind, amount_fen: line.recognised_fen, order_key: line.order_key,
    participant_no: line.participant_no,
  items: [{ line_no: line.line_no, packet_no: line.packet_no, participant_no: line.participant_no, uscc: line.uscc,
    amount_fen: line.recognised_fen }], returned: null
})

/** Returned payments go out again only after the payee's account has changed. */
async function reissues (sql: ReadSql, accountFor: (uscc: string) => Promise<PayeeAccount | undefined>): Promise<Due[]> {
  const due: Due[] = []
  for (const payment of await returnedPayments(sql)) {
    const account = await accountFor(payment.payee_uscc)
    if (account === undefined || account.number === payment.account_number) continue
    const items = await itemsOf(sql, [payment.payment_no])
    const lines = await findLines(sql, items.map(({ line_no }) => line_no))
    const order_key = lines.map(line => line.order_key).sort()[0] ?? ''
    due.push({
      key: payment.payment_no, payee_uscc: payment.payee_uscc, payee_kind: payment.payee_kind, amount_fen: payment.gross_fen, order_key,
      participant_no: items[0]?.participant_no ?? '', returned: payment,
      items: items.map(({ line_no, packet_no, participant_no, uscc, amount_fen }) => ({ line_no, packet_no, participant_no, uscc,
        amount_fen }))
    })
  }
  return due
}

async function gather (sql: ReadSql, now: string, cipher: Cipher): Promise<Gathered> {
  const accounts = new Map<string, PayeeAccount>()
  const accountFor = async (uscc: string): Promise<PayeeAccount | undefined> => {
    const known = accounts.get(uscc) ?? await accountNow(sql, cipher, uscc)
    if (known !== undefined) accounts.set(uscc, known)
    return known
  }
  const held = await holdsOn(sql, beijingDate(now))
  const left_out: LeftOut[] = []
  const due: Due[] = []
  for (const one of [...await reissues(sql, accountFor), ...(await unpaidLines(sql)).map(dueOf)]) {
    const on_hold = one.items.some(item => holdOn(held, { ...item, payee_uscc: one.payee_uscc }) !== undefined)
    const reason = on_hold ? 'ON_HOLD' : await accountFor(one.payee_uscc) === undefined ? 'ACCOUNT_MISSING' : null
    if (reason === null) due.push(one)
    else left_out.push(...one.items.map(({ line_no }) => ({ line_no, reason } as const)))
  }
  return { due, accounts, left_out }
}

const reasons: Readonly<Record<LeftOut['reason'], readonly [string, string]>> = {
  ON_HOLD: ['is on hold', '处于暂缓拨付状态'],
  ACCOUNT_MISSING: ['has no confirmed account of its payee', '收款方尚无有效账户'],
  BUDGET_SHORT: ['waits for budget', '等待预算']
}
const named_max = 200

function nothingToPay (left_out: readonly LeftOut[]): Problem {
  return new Problem('nothing_to_pay', {
    errors: left_out.slice(0, named_max).map(({ line_no, reason }) =>
      ({ pointer: '', code: reason, message: `${line_no} ${reasons[reason][0]}`, message_zh: `${line_no} ${reasons[reason][1]}` }))
  })
}

/** Cooperating institutions first, then the queue; a line is paid whole or waits. Source: S2 (十九); rule L-07, reading A-29. */
async function affordable (sql: ReadSql, due: readonly Due[], budget_left_fen: number, day: string): Promise<{ paid: Due[], waiting: Due[] }> {
  const cooperating = new Map<string, boolean>()
  for (const { participant_no } of due) {
    if (!cooperating.has(participant_no)) cooperating.set(participant_no,
      (await findParticipant(sql, participant_no))?.is_cooperating ?? false)
  }
  const of_key = new Map(due.map(one => [one.key, one]))
  const { paid, waiting } = payInBudget(
    due.map(one => ({ line_no: one.key, amount_fen: one.amount_fen, is_cooperating: cooperating.get(one.participant_no) ?? false,
      order_key: one.order_key })), Math.max(0, budget_left_fen), nearestTerms(await policiesIn(sql), 'TECH_RENO_LOAN', day))
  const picked = (keys: readonly string[]): Due[] => keys.flatMap(key => of_key.get(key) ?? [])
  return { paid: picked(paid), waiting: picked(waiting) }
}

/** Claw-backs of a payee are taken from its payment, the oldest first, as far as their lines are recognised. */
function offsetsFor (payment_no: string, gross_fen: number, open: Clawback[]): PaymentOffset[] {
  const offsets: PaymentOffset[] = []
  let left_fen = gross_fen
  for (const clawback of open) {
    const amount_fen = Math.min(left_fen, clawback.amount_fen - clawback.offset_fen)
    if (amount_fen <= 0) continue
    clawback.offset_fen += amount_fen
    left_fen -= amount_fen
    offsets.push({ payment_no, clawback_no: clawback.clawback_no, amount_fen })
  }
  return offsets
}

async function openClawbacks (sql: ReadSql, payee_usccs: readonly string[]): Promise<Map<string, Clawback[]>> {
  const open = await openOfPayees(sql, payee_usccs)
  const recognised = new Set((await findLines(sql, open.map(({ line_no }) => line_no))).filter(line => line.recognised_fen !== null).map(line => line.line_no))
  const by_payee = new Map<string, Clawback[]>()
  for (const clawback of open) {
    if (recognised.has(clawback.line_no)) by_payee.set(clawback.payee_uscc, [...by_payee.get(clawback.payee_uscc) ?? [], { ...clawback }])
  }
  return by_payee
}

/** Lines of one payee become one payment; a returned payment stays one. */
function grouped (paid: readonly Due[]): Due[][] {
  const groups = new Map<string, Due[]>()
  for (const one of paid) {
    const key = one.returned === null ? `${one.payee_kind} ${one.payee_uscc}` : one.key
    groups.set(key, [...groups.get(key) ?? [], one])
  }
  return [...groups.values()]
}

/**
 * Opens a batch with everything payable. The same request under its batch number again is the batch.
 *
 * Errors: duplicate_key, reconciliation_open, budget_missing, nothing_to_pay, budget_exhausted.
 */
export async function collect (sql: WriteSql, now: string, principal: Principal, cipher: Cipher, sent: Collecting): Promise<{ batch: Batch,
  is_new: boolean }> {
  const content_digest = digestOf(sent)
  const twin = sent.batch_no === undefined ? undefined : await findBatch(sql, sent.batch_no)
  if (twin !== undefined) {
    if (twin.content_digest !== content_digest || twin.participant_no !== principal.participant_no) throw new Problem('duplicate_key')
    return { batch: twin, is_new: false }
  }
  await refuseOpenDifferences(sql, now)
  const year = sent.year === undefined ? beijingDate(now).slice(0, 4) : String(sent.year)
  const fund_source = sent.fund_source ?? 'MUNICIPAL'
  const budget = await findBudget(sql, year, fund_source)
  if (budget === undefined) {
    throw new Problem('budget_missing', { detail: `There is no ${fund_source} budget for ${year}; decide it first`,
      detail_zh: `${year} 年度 ${fund_source} 尚无预算，请先下达` })
  }
  const { due, accounts, left_out } = await gather(sql, now, cipher)
  if (due.length === 0) throw nothingToPay(left_out)
  const left_fen = budget.amount_fen - budget.used_fen - await reservedOf(sql, year, fund_source)
  const { paid, waiting } = await affordable(sql, due, left_fen, beijingDate(now))
  if (paid.length === 0) {
    throw new Problem('budget_exhausted', {
      detail: `${yuanOf(Math.max(0, left_fen))} is left; the first line needs ${yuanOf(waiting[0]?.amount_fen ?? 0)}`,
        detail_zh: `预算余额 ${yuanOf(Math.max(0, left_fen))} 元，首笔需 ${yuanOf(waiting[0]?.amount_fen ?? 0)} 元`
    })
  }
  left_out.push(...waiting.flatMap(one => one.items.map(({ line_no }) => ({ line_no, reason: 'BUDGET_SHORT' } as const))))
  const message_no = newNo('batch')
  const batch: Batch = {
    batch_no: sent.batch_no ?? message_no, message_no, participant_no: principal.participant_no, year, fund_source, status: 'OPEN',
      content_digest, digest: null,
    payment_count: 0, control_sum_fen: 0, created_by: personOf(principal), closed_by: null, closed_at: null, approved_by: null,
      approved_at: null, approved_digest: null, sent_at: null, done_at: null,
    left_out, version: 1, created_at: now, updated_at: now
  }
  const groups = grouped(paid)
  const made = await makePayments(sql, now, batch, groups, accounts)
  const counted = { ...batch, payment_count: made.length, control_sum_fen: sumFen(made.map(({ amount_fen }) => amount_fen)) }
  await insertBatch(sql, counted)
  for (const { payment, items, offsets } of made) {
    if (payment.reissue_of !== null) {
      await movePayments(sql, now, [payment.reissue_of], 'RETURNED', 'REISSUED')
      await freeItems(sql, payment.reissue_of)
    }
    await insertPayment(sql, payment, items, offsets)
    for (const { clawback_no, amount_fen } of offsets) await countOffset(sql, now, clawback_no, amount_fen)
  }
  await append(sql, now, { type: 'payment_batch.opened', subject: counted.batch_no, actor: principal, audience: await authorities(sql),
    data: { payments: made.length } })
  return { batch: counted, is_new: true }
}

interface Made { payment: Payment, items: PaymentItem[], offsets: PaymentOffset[], amount_fen: number }

async function makePayments (sql: WriteSql, now: string, batch: Batch, groups: readonly Due[][], accounts: ReadonlyMap<string,
  PayeeAccount>): Promise<Made[]> {
  const open = await openClawbacks(sql, groups.flatMap(group => group.map(({ payee_uscc }) => payee_uscc)))
  const made: Made[] = []
  for (const [ordinal, group] of groups.entries()) {
    const [first] = group
    const account = first === undefined ? undefined : accounts.get(first.payee_uscc)
    if (first === undefined || account === undefined) throw new Error('a payment without lines or account')
    const payment_no = newNo('pay')
    const items = group.flatMap(one => one.items.map(item => Object.assign({ payment_no, live: true }, item)))
    const gross_fen = sumFen(items.map(({ amount_fen }) => amount_fen))
    const offsets = offsetsFor(payment_no, gross_fen, open.get(first.payee_uscc) ?? [])
    const offset_fen = sumFen(offsets.map(({ amount_fen }) => amount_fen))
    const amount_fen = gross_fen - offset_fen
    made.push({
      amount_fen, items, offsets,
      payment: {
        payment_no, batch_no: batch.batch_no, ordinal, payee_kind: first.payee_kind, payee_uscc: first.payee_uscc,
          payee_name: account.account_name, account_number: account.number,
        gross_fen, offset_fen, amount_fen, year: batch.year, fund_source: batch.fund_source, status: 'GENERATED',
          reissue_of: first.returned?.payment_no ?? null, paid_date: null,
        bank_reference: null, return_reason: null, version: 1, created_at: now, updated_at: now
      }
    })
  }
  return made
}
