import { checkedFen } from './money.ts'
import { BUDGET_PRIORITIES } from './parameters.ts'
import { readingOf, type PolicyVersion } from './terms.ts'

/** An approved amount waiting for money. */
export interface Waiting {
  readonly line_no: string
  readonly amount_fen: number
  readonly is_cooperating: boolean
  /** the queue: e.g. paid date, submission instant, number */
  readonly order_key: string
}

/**
 * Which lines a budget pays: loans of cooperating institutions first (unless the terms say the queue alone), then the queue; a line is paid whole or waits for the
 * next budget, and nobody behind it in the queue overtakes it.
 *
 * @returns line numbers in the order of payment, and the rest in the order of waiting
 * Source: S2 (十九); rule L-07, reading A-29.
 */
export function payInBudget (lines: readonly Waiting[], budget_fen: number, terms: PolicyVersion): { paid: string[], waiting: string[], left_fen: number } {
  const cooperating_first = readingOf(terms, 'budget_priority', BUDGET_PRIORITIES) === 'COOPERATING_FIRST'
  let left_fen = checkedFen(budget_fen)
  const queue = [...lines].sort((a, b) => {
    if (cooperating_first && a.is_cooperating !== b.is_cooperating) return a.is_cooperating ? -1 : 1
    return a.order_key < b.order_key ? -1 : a.order_key > b.order_key ? 1 : 0
  })
  const paid: string[] = []
  const waiting: string[] = []
  for (const line of queue) {
    if (waiting.length === 0 && checkedFen(line.amount_fen) <= left_fen) {
      paid.push(line.line_no)
      left_fen -= line.amount_fen
    } else {
      waiting.push(line.line_no)
    }
  }
  return { paid, waiting, left_fen }
}
