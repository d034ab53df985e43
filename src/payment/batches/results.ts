/** What the bank answers: repeatable, never contradicting, in JSON or pain.002. */
import { SaxesParser } from 'saxes'
import type { WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { beijingDate, isInstant } from '../../policy/calendar.ts'
import { allowed } from '../../policy/lifecycle.ts'
import { yuanOf } from '../../policy/money.ts'
import { isDate } from '../../policy/period.ts'
import { Problem, type ProblemCode, type ProblemItem } from '../../problem.ts'
import { consumeBudget } from '../budgets/store.ts'
import { batchFor, finish, owedAgain, tellPayments, type PaymentNews } from './service.ts'
import { findBatch, insertResult, movePayments, paymentsOf, resultsOf, type Batch, type Payment, type PaymentResult,
  type ResultStatus } from './store.ts'

export interface Result { payment_no: string, status: ResultStatus, date: string, bank_reference: string, reason?: string, amount?: string }

type Mistake = ProblemItem & { problem: ProblemCode }
const mistake = (problem: ProblemCode, pointer: string, code: string, message: string, message_zh: string): Mistake => ({ problem, pointer,
  code, message, message_zh })

/** Results recorded before, by payment and status. */
type Known = Map<string, PaymentResult>
const knownAs = ({ payment_no, status }: Pick<PaymentResult, 'payment_no' | 'status'>): string => `${payment_no} ${status}`

function mistakeOf (index: number, result: Result, payment: Payment | undefined, known: Known, today: string): Mistake | 'REPEATED' | null {
  const at = `/results/${index}`
  if (payment === undefined) return mistake('payment_unknown', `${at}/payment_no`, 'PAYMENT_UNKNOWN',
    `${result.payment_no} is not in this batch`, `该批次中无拨付 ${result.payment_no}`)
  if (result.amount !== undefined && result.amount !== yuanOf(payment.amount_fen)) return mistake('result_amount_differs', `${at}/amount`, 'AMOUNT_DIFFERS',
    `${result.payment_no} was instructed with ${yuanOf(payment.amount_fen)}, the bank names ${result.amount}; ask the bank and record what it confirms`,
    `${result.payment_no} 指令金额 ${yuanOf(payment.amount_fen)} 元，银行回报 ${result.amount} 元；请向银行核实后登记`)
  if (result.date > today) return mistake('paid_date_in_future', `${at}/date`, 'DATE_IN_FUTURE', `${result.date} is after today`,
    `${result.date} 晚于今日`)
  const before = known.get(knownAs(result))
  if (before !== undefined) {
    const same = before.date === result.date && before.bank_reference === result.bank_reference && before.reason === (result.reason ?? null)
    return same ? 'REPEATED' : mistake('duplicate_key', at, 'CONTRADICTS',
      `${result.payment_no} was reported ${before.status} on ${before.date} with ${before.bank_reference}`,
      `${result.payment_no} 已于 ${before.date} 登记为 ${before.status}（${before.bank_reference}）`)
  }
  if (allowed('payment', payment.status).includes(result.status)) return null
  return mistake('state_conflict', at, 'STATE', `${result.payment_no} is ${payment.status}; it cannot become ${result.status}`,
    `${result.payment_no} 当前为 ${payment.status}，不能变更为 ${result.status}`)
}

const facts = { PAID: 'paid', RETURNED: 'returned', UNKNOWN: 'unknown' } as const

/**
 * Records results, all of them or none.
 *
 * Errors: not_found, payment_unknown, result_amount_differs, paid_date_in_future, duplicate_key (contradiction), state_conflict.
 */
export async function record (sql: WriteSql, now: string, principal: Principal, batch_no: string,
  results: readonly Result[]): Promise<Batch> {
  const batch = await batchFor(sql, principal, batch_no)
  const payments = new Map((await paymentsOf(sql, batch_no)).map(payment => [payment.payment_no, payment]))
  const known: Known = new Map((await resultsOf(sql, [...payments.keys()])).map(each => [knownAs(each), each]))
  const today = beijingDate(now)
  const mistakes: Mistake[] = []
  const news: PaymentNews[] = []
  for (const [index, result] of results.entries()) {
    const payment = payments.get(result.payment_no)
    const found = mistakeOf(index, result, payment, known, today)
    if (found === 'REPEATED') continue
    if (found !== null || payment === undefined) {
      if (found !== null) mistakes.push(found)
      continue
    }
    if (mistakes.length > 0) continue
    await apply(sql, now, principal, payment, result)
    payments.set(payment.payment_no, { ...payment, status: result.status })
    known.set(knownAs(result), resultRow(now, principal, result))
    news.push({ payment, fact: facts[result.status], data: { date: result.date } })
  }
  const [first] = mistakes
  if (first !== undefined) throw new Problem(first.problem, { detail: first.message, detail_zh: first.message_zh,
    errors: mistakes.map(({ problem: _problem, ...item }) => item) })
  await tellPayments(sql, now, principal, news)
  const current = await findBatch(sql, batch_no) ?? batch
  return await finish(sql, now, principal, current) ?? current
}

function resultRow (now: string, principal: Principal, { payment_no, status, date, bank_reference, reason }: Result): PaymentResult {
  return { payment_no, status, date, bank_reference, reason: reason ?? null, recorded_by: principal.user_no ?? principal.participant_no,
    recorded_at: now }
}

async function apply (sql: WriteSql, now: string, principal: Principal, payment: Payment, result: Result): Promise<void> {
  const { status, date, bank_reference, reason } = result
  await insertResult(sql, resultRow(now, principal, result))
  const changes = status === 'PAID' ? { paid_date: date, bank_reference } : status === 'RETURNED'
    ? { bank_reference, return_reason: reason ?? null } : { bank_reference }
  await movePayments(sql, now, [payment.payment_no], payment.status, status, changes)
  if (status === 'RETURNED') {
    await consumeBudget(sql, now, payment.year, payment.fund_source, -payment.amount_fen)
    await owedAgain(sql, now, payment.payment_no)
  }
}

const statuses_of_bank: Readonly<Record<string, ResultStatus>> = { ACSC: 'PAID', ACCC: 'PAID', RJCT: 'RETURNED' }
const results_max = 10_000

function unreadable (message: string, message_zh: string): Problem {
  return new Problem('invalid_request', { detail: message, detail_zh: message_zh,
    errors: [{ pointer: '', code: 'NOT_PAIN_002', message, message_zh }] })
}

/**
 * Results from a pain.002 document: OrgnlEndToEndId, TxSts (ACSC and ACCC paid, RJCT returned, all else unknown), reason, AcctSvcrRef, day and
 * amount, where it names one. What it repeats of the instruction (OrgnlTxRef) is no answer, but for the amount. No DTD and no entities.
 *
 * Errors: invalid_request.
 */
export function resultsFromXml (xml: string, today: string): Result[] {
  const results: Result[] = []
  const path: string[] = []
  /** what stands in a TxInfAndSts, by its path there */
  let current: Record<string, string> | null = null
  let depth = 0
  let failed = false
  const parser = new SaxesParser({ xmlns: true })
  const local = (name: string): string => name.slice(name.indexOf(':') + 1)
  parser.on('error', () => { failed = true })
  parser.on('doctype', () => { failed = true })
  parser.on('opentag', ({ name }) => {
    path.push(local(name))
    if (local(name) === 'TxInfAndSts') {
      current = {}
      depth = path.length
    }
  })
  parser.on('text', value => {
    const place = path.slice(depth).join('/')
    if (current !== null && value.trim() !== '') current[place] = [current[place], value.trim()].filter(one => one !== undefined).join(' ')
  })
  parser.on('closetag', ({ name }) => {
    path.pop()
    if (local(name) !== 'TxInfAndSts' || current === null) return
    results.push(resultOf(current, today))
    current = null
  })
  parser.write(xml).close()
  if (failed) throw unreadable('The body is no well-formed XML without a DTD', '请求体不是格式良好的 XML，或含有 DTD')
  if (results.length === 0 || results.length > results_max) throw unreadable('The document holds no TxInfAndSts, or too many',
    '报文中没有 TxInfAndSts 或数量过多')
  const incomplete = results.findIndex(({ payment_no }) => payment_no === '')
  if (incomplete >= 0) throw unreadable(`TxInfAndSts ${incomplete + 1} has no OrgnlEndToEndId`,
    `第 ${incomplete + 1} 个 TxInfAndSts 缺少 OrgnlEndToEndId`)
  return results
}

/** An amount of ISO 20022 (any number of fraction digits) as the hub writes it; what is no whole fen stays as it came. */
function amountOf (text: string): string {
  const [, whole, digits] = /^0*(\d+)(?:\.(\d{0,2})0*)?$/.exec(text) ?? []
  return whole === undefined ? text : `${whole}.${(digits ?? '').padEnd(2, '0')}`
}

/** The day in Beijing of an ISO 20022 date or time; a time without an offset is the bank's own. null: it is none. */
function dayOf (text: string): string | null {
  const day = isInstant(text) ? beijingDate(text) : text.slice(0, 10)
  return isDate(day) ? day : null
}

function resultOf (found: Readonly<Record<string, string>>, today: string): Result {
  const settled = found['FctvIntrBkSttlmDt/Dt'] ?? found['FctvIntrBkSttlmDt/DtTm'] ?? found.AccptncDtTm ?? found['OrgnlTxRef/IntrBkSttlmDt'] ?? ''
  const reason = [found['StsRsnInf/Rsn/Cd'] ?? found['StsRsnInf/Rsn/Prtry'], found['StsRsnInf/AddtlInf']].filter(one => one !== undefined).join(' ')
  const amount = found['OrgnlTxRef/Amt/InstdAmt'] ?? found['OrgnlTxRef/IntrBkSttlmAmt']
  return {
    payment_no: found.OrgnlEndToEndId ?? '', status: statuses_of_bank[found.TxSts ?? ''] ?? 'UNKNOWN', date: dayOf(settled) ?? today,
    bank_reference: found.AcctSvcrRef ?? found.StsId ?? found.OrgnlEndToEndId ?? '', ...(reason === ''
      ? {} : { reason: reason.slice(0, 500) }), ...(amount === undefined ? {} : { amount: amountOf(amount) })
  }
}
