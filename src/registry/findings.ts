/** Findings of the kernel as the items of a refused request. */
import type { PointedFinding } from '../policy/findings.ts'
import { isProblemCode, Problem, type ProblemCode, type ProblemItem } from '../problem.ts'

export function problemItems (findings: readonly PointedFinding[]): ProblemItem[] {
  return findings.map(({ pointer, code, message, message_zh }) => ({ pointer, code: code.toUpperCase(), message, message_zh }))
}

/** Facts without the agreed form, whoever finds them: 400. */
const shape_codes = new Set(['amount_invalid', 'amount_not_positive', 'date_invalid', 'year_invalid', 'rate_invalid', 'instant_invalid', 'instant_out_of_range', 'term_out_of_range',
  'insured_amount_missing', 'vouchers_missing', 'segments_missing'])
/** Kernel codes that the contract calls otherwise. */
const renamed: Readonly<Record<string, ProblemCode>> = { amount_out_of_range: 'amount_too_large' }

/**
 * The refusal behind findings: 400 when one of them is about the form, else 422 under the code of the first rule broken.
 * Every finding is listed.
 */
export function refusalOf (findings: readonly PointedFinding[]): Problem {
  const errors = problemItems(findings)
  if (findings.some(({ code }) => shape_codes.has(code))) return new Problem('invalid_request', { errors })
  const first = findings[0]
  const code = first === undefined ? 'rule_broken' : renamed[first.code] ?? first.code
  return new Problem(isProblemCode(code) ? code : 'rule_broken', { ...(first === undefined ? {} : { detail: first.message, detail_zh: first.message_zh }), errors })
}
