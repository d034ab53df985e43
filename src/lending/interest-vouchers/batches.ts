/** Many vouchers in one request: each for itself, or all or nothing. */
import { lookInside, type WriteSql } from '../../db/db.ts'
import { shared_max } from '../../db/gathering.ts'
import type { Principal } from '../../http/access.ts'
import { Problem, problemOf, type ProblemItem } from '../../problem.ts'
import type { Prepared } from './accepting.ts'
import type { NewInterestVoucher } from './schema.ts'
import { acceptInterestVouchers, shownInterestVoucher } from './service.ts'

interface VoucherProblem { code: string, title: string, detail: string, errors: readonly ProblemItem[] }
export interface BatchItem { index: number, status: number, voucher: Record<string, unknown> | null, problem: VoucherProblem | null }

function problemIn (problem: Problem, chinese: boolean): VoucherProblem {
  const { title, title_zh } = problemOf(problem.code)
  const named = chinese ? title_zh : title
  return { code: problem.code, title: named, detail: (chinese ? problem.detail_zh : problem.detail) ?? named, errors: problem.errors }
}

/** All mistakes of an all-or-nothing batch, each under its voucher; the answer's code is that of the first. */
function refusal (refused: readonly { index: number, problem: Problem }[]): Problem {
  const first = refused[0]?.problem
  if (first === undefined) throw new Error('nothing was refused')
  return new Problem(first.code, {
    ...(first.detail === null ? {} : { detail: first.detail }),
    ...(first.detail_zh === null ? {} : { detail_zh: first.detail_zh }),
    errors: refused.flatMap(({ index, problem }) => problem.errors.length > 0
      ? problem.errors.map(each => ({ ...each, pointer: `/vouchers/${index}${each.pointer}` }))
      : [{ pointer: `/vouchers/${index}`, code: problem.code.toUpperCase(), message: problemOf(problem.code).title,
        message_zh: problemOf(problem.code).title_zh }])
  })
}

/**
 * Takes in the vouchers, some at a time; those that are tied to each other in order. A refused one leaves nothing behind, the others stand.
 *
 * Errors: with `atomic` the refusal of the first refused voucher, all mistakes listed, nothing kept.
 */
export async function acceptBatch (
  sql: WriteSql, now: string, principal: Principal, vouchers: readonly Prepared<NewInterestVoucher>[], atomic: boolean, chinese: boolean
): Promise<BatchItem[]> {
  lookInside(sql)
  const items: BatchItem[] = []
  const refused: { index: number, problem: Problem }[] = []
  let waiting = vouchers.map((prepared, index) => ({ index, sent: { principal, prepared } }))
  while (waiting.length > 0) {
    const turn = waiting.slice(0, shared_max)
    const outcomes = await acceptInterestVouchers(sql, now, turn.map(({ sent }) => sent))
    const met: typeof waiting = []
    for (const [place, one] of turn.entries()) {
      const outcome = outcomes[place]
      const { index } = one
      if (outcome === 'met' || outcome === undefined) {
        met.push(one)
      } else if ('value' in outcome) {
        items[index] = { index, status: outcome.value.is_new ? 201 : 200, voucher: shownInterestVoucher(outcome.value.row), problem: null }
      } else {
        if (!(outcome.refused instanceof Problem)) throw outcome.refused
        refused.push({ index, problem: outcome.refused })
        items[index] = { index, status: problemOf(outcome.refused.code).status, voucher: null, problem: problemIn(outcome.refused, chinese) }
      }
    }
    waiting = [...met, ...waiting.slice(shared_max)]
    await new Promise(resolve => setImmediate(resolve))
  }
  refused.sort((a, b) => a.index - b.index)
  if (atomic && refused.length > 0) throw refusal(refused)
  return items
}
