/** From approved packets to payments. */
import type { Test } from 'tap'
import type { Built } from '../helper.ts'
import { name_1, uscc_1, type Lent } from '../lending/fixtures.ts'
import { approveAll, done, ready, send } from '../subsidy/fixtures.ts'

export interface Payment { payment_no: string, payee_uscc: string, payee_kind: string, amount: string, gross: string, offset: string,
  status: string, reissue_of: string | null, lines: { line_no: string }[], account_number: string }
export interface Batch { batch_no: string, message_no: string, status: string, digest: string, count: number, control_sum: string,
  payments: Payment[], left_out: { line_no: string, reason: string }[] }

export const anAccount = (over: Record<string, unknown> = {}) => ({
  holder_uscc: uscc_1, account_name: name_1, account_no: '5000123456789012', opening_bank_name: '巴渝示范银行渝北支行', cnaps_code: '999653000014',
    ...over
})

/** Declares an account; a change is confirmed by a person. */
export async function declare (hub: Built, who: string, over: Record<string, unknown> = {}): Promise<void> {
  const account = anAccount(over)
  const first = done<{ status: string }>(await hub.as(who).post('/v1/subsidy-accounts', account))
  if (first.status !== 'ACTIVE') done(await hub.as(who, 1).post('/v1/subsidy-accounts', account))
}

/** bank-1's voucher of 30,000.00 is approved and the enterprise has an account. */
export async function payable (t: Test, options: Parameters<typeof ready>[1] = {}): Promise<Lent> {
  const loan = await ready(t, options)
  await declare(loan.hub, 'bank-1')
  await send(loan.hub, 'bank-1', loan.iou_no)
  await approveAll(loan.hub)
  return loan
}

export const bureau = (hub: Built, user?: number) => hub.as('finance-bureau', user)

export async function opened (hub: Built, over: Record<string, unknown> = {}): Promise<Batch> {
  return done<Batch>(await bureau(hub, 1).post('/v1/payment-batches', over))
}

export async function closed (hub: Built, over: Record<string, unknown> = {}): Promise<Batch> {
  const { batch_no } = await opened(hub, over)
  return done<Batch>(await bureau(hub, 1).post(`/v1/payment-batches/${batch_no}/close`, {}))
}

export async function approvedBatch (hub: Built, over: Record<string, unknown> = {}): Promise<Batch> {
  const batch = await closed(hub, over)
  return done<Batch>(await bureau(hub, 2).post(`/v1/payment-batches/${batch.batch_no}/approve`, { digest: batch.digest }))
}

export async function sent (hub: Built, over: Record<string, unknown> = {}): Promise<Batch> {
  const { batch_no } = await approvedBatch(hub, over)
  const instruction = await bureau(hub).get(`/v1/payment-batches/${batch_no}/instruction`)
  if (instruction.statusCode !== 200) throw new Error(instruction.body)
  return batchOf(hub, batch_no)
}

export async function batchOf (hub: Built, batch_no: string): Promise<Batch> {
  return done<Batch>(await bureau(hub).get(`/v1/payment-batches/${batch_no}`))
}

export const resultOf = (payment: Payment | undefined, over: Record<string, unknown> = {}) => ({ payment_no: payment?.payment_no,
  status: 'PAID', date: '2026-03-23', bank_reference: 'TX-1', ...over })

export async function paid (hub: Built, over: Record<string, unknown> = {}): Promise<Batch> {
  const batch = await sent(hub, over)
  const date = hub.clock.now().slice(0, 10)
  return done<Batch>(await bureau(hub).post(`/v1/payment-batches/${batch.batch_no}/results`,
    { results: batch.payments.filter(({ status }) => status === 'SENT').map(each => resultOf(each, { date })) }))
}
