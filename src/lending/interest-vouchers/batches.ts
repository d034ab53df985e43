/** Many vouchers in one request: each for itself, or all or nothing. */
import { lookInside, type WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { Problem, problemOf, type ProblemItem } from '../../problem.ts'
import type { Prepared } from './accepting.ts'
import type { NewInterestVoucher } from './schema.ts'
import { acceptInterestVoucher, shownInterestVoucher } from './service.ts'

interface VoucherProblem { code: string, title: string, detail: string, errors: readonly ProblemItem[] }
export interface BatchItem { index: number, status: number, voucher: Record<string, unknown> | null, problem: VoucherProblem | null }

/** After so many vouchers other work of the process gets its turn. */
const turn_length = 32

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
 * Takes in the vouchers in order. A refused one leaves nothing behind, the others stand.
 *
 * Errors: with `atomic` the refusal of the first refused voucher, all mistakes listed, nothing kept.
 */
export async function acceptBatch (
  sql: WriteSql, now: string, principal: Principal, vouchers: readonly Prepared<NewInterestVoucher>[], atomic: boolean, chinese: boolean
): Promise<BatchItem[]> {
  lookInside(sql)
  const items: BatchItem[] = []
  const refused: { index: number, problem: Problem }[] = []
  for (const [index, prepared] of vouchers.entries()) {
    if (index % turn_length === turn_length - 1) await new Promise(resolve => setImmediate(resolve))
    try {
      const { row, is_new } = await acceptInterestVoucher(sql, now, principal, prepared)
      items.push({ index, status: is_new ? 201 : 200, voucher: shownInterestVoucher(row), problem: null })
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      refused.push({ index, problem: error })
      items.push({ index, status: problemOf(error.code).status, voucher: null, problem: problemIn(error, chinese) })
    }
  }
  if (atomic && refused.length > 0) throw refusal(refused)
  return items
}
