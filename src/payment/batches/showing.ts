/** Batches and payments as they go out. */
import { sumFen, yuanOf } from '../../policy/money.ts'
import type { BatchView } from './service.ts'
import type { Batch } from './store.ts'

export function batchItem (batch: Batch) {
  const { payment_count, control_sum_fen, year, content_digest: _digest, left_out: _left_out, ...rest } = batch
  return { ...rest, year: Number(year), count: payment_count, control_sum: yuanOf(control_sum_fen) }
}

/** A payee sees its own payments and their sum, nothing of the others. */
export function batchShown ({ batch, payments, items, offsets, whole }: BatchView) {
  const own = whole ? {} : { digest: null, count: payments.length,
    control_sum: yuanOf(sumFen(payments.map(({ amount_fen }) => amount_fen))) }
  return {
    ...batchItem(batch),
    ...own,
    left_out: whole ? batch.left_out : [],
    payments: payments.map(payment => {
      const { payment_no, payee_kind, payee_uscc, payee_name, account_number, gross_fen, offset_fen, amount_fen, status, reissue_of,
        paid_date, bank_reference, return_reason } = payment
      return {
        payment_no, payee_kind, payee_uscc, payee_name, account_number, gross: yuanOf(gross_fen), offset: yuanOf(offset_fen),
          amount: yuanOf(amount_fen), status, reissue_of,
        paid_date, bank_reference, return_reason,
        lines: (items.get(payment_no) ?? []).map(item => ({ line_no: item.line_no, packet_no: item.packet_no,
          amount: yuanOf(item.amount_fen) })),
        offsets: (offsets.get(payment_no) ?? []).map(offset => ({ clawback_no: offset.clawback_no, amount: yuanOf(offset.amount_fen) }))
      }
    })
  }
}
