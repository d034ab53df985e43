/** Reconciliation: what was instructed, what the bank answered and what the lines say agree to the fen, day by day. */
import type { ReadSql } from '../../db/db.ts'
import { beijingDate, endOfBeijingDay, startOfBeijingDay } from '../../policy/calendar.ts'
import { sumFen, yuanOf } from '../../policy/money.ts'
import { Problem } from '../../problem.ts'
import { batchesSent, itemsOf, offsetsOf, paymentsOf, unsettledBefore, type Payment } from './store.ts'

export interface Reconciliation {
  date: string
  batches: string[]
  instructed: { count: number, amount_fen: number }
  results: Record<'paid' | 'returned' | 'unknown' | 'missing', { count: number, amount_fen: number }>
  lines_fen: number
  offsets_fen: number
  difference_results_fen: number
  difference_lines_fen: number
  open: Payment[]
}

function sums (payments: readonly Payment[]): { count: number, amount_fen: number } {
  return { count: payments.length, amount_fen: sumFen(payments.map(({ amount_fen }) => amount_fen)) }
}

/** The day on which instructions went out, in Beijing. */
export async function reconcile (sql: ReadSql, date: string): Promise<Reconciliation> {
  const batches = await batchesSent(sql, startOfBeijingDay(date), endOfBeijingDay(date))
  const all: Payment[] = []
  for (const { batch_no } of batches) all.push(...await paymentsOf(sql, batch_no))
  const instructed = all.filter(({ status }) => status !== 'CANCELLED')
  const numbers = instructed.map(({ payment_no }) => payment_no)
  const with_status = (...statuses: Payment['status'][]): Payment[] => instructed.filter(({ status }) => statuses.includes(status))
  const open = with_status('SENT', 'UNKNOWN')
  const lines_fen = sumFen((await itemsOf(sql, numbers)).map(({ amount_fen }) => amount_fen))
  const offsets_fen = sumFen((await offsetsOf(sql, numbers)).map(({ amount_fen }) => amount_fen))
  const total = sums(instructed)
  return {
    date, batches: batches.map(({ batch_no }) => batch_no), instructed: total,
    results: { paid: sums(with_status('PAID')), returned: sums(with_status('RETURNED', 'REISSUED')), unknown: sums(with_status('UNKNOWN')),
      missing: sums(with_status('SENT')) },
    lines_fen, offsets_fen, difference_results_fen: sums(open).amount_fen, difference_lines_fen: lines_fen - offsets_fen - total.amount_fen,
      open
  }
}

const named_max = 100

/** A payment of an earlier day whose fate nobody knows blocks new ones. Errors: reconciliation_open, with the difference named. */
export async function refuseOpenDifferences (sql: ReadSql, now: string): Promise<void> {
  const open = await unsettledBefore(sql, startOfBeijingDay(beijingDate(now)))
  if (open.length === 0) return
  throw new Problem('reconciliation_open', {
    detail: `${open.length} payments of earlier days have no final result; ask the bank and record it`,
      detail_zh: `此前有 ${open.length} 笔拨付尚无最终结果，请向银行查询并登记`,
    errors: open.slice(0, named_max).map(({ payment_no, amount_fen, status, sent_at }) => ({
      pointer: '', code: 'RESULT_MISSING', message: `${payment_no}: ${yuanOf(amount_fen)} sent on ${beijingDate(sent_at)}, state ${status}`,
      message_zh: `${payment_no}：${beijingDate(sent_at)} 发出 ${yuanOf(amount_fen)} 元，状态 ${status}`
    }))
  })
}

const shownSum = ({ count, amount_fen }: { count: number, amount_fen: number }) => ({ count, amount: yuanOf(amount_fen) })

export function reconciliationShown (found: Reconciliation) {
  const { date, batches, instructed, results, lines_fen, offsets_fen, difference_results_fen, difference_lines_fen, open } = found
  return {
    date, batches, instructed: shownSum(instructed),
    results: { paid: shownSum(results.paid), returned: shownSum(results.returned), unknown: shownSum(results.unknown),
      missing: shownSum(results.missing) },
    lines: yuanOf(lines_fen), offsets: yuanOf(offsets_fen), difference_results: yuanOf(difference_results_fen),
      difference_lines: yuanOf(difference_lines_fen),
    balanced: difference_results_fen === 0 && difference_lines_fen === 0,
    open: open.map(({ payment_no, batch_no, amount_fen, status }) => ({ payment_no, batch_no, amount: yuanOf(amount_fen), status }))
  }
}
