/** Collects every mistake of a well-formed request, then refuses once with all of them. */
import type { ReadSql } from '../db/db.ts'
import { Problem, type ProblemCode, type ProblemItem } from '../problem.ts'
import { checkProjectCode, checkUscc, normaliseIndustryCode } from '../policy/identifiers.ts'
import { overriddenAmong } from '../registry/uscc-overrides/store.ts'

export interface Mistake extends ProblemItem {
  /** problem code of the whole answer when this is the first mistake */
  problem: ProblemCode
}

export function mistake (problem: ProblemCode, pointer: string, code: string, message: string, message_zh: string): Mistake {
  return { problem, pointer, code, message, message_zh }
}

/** Errors: the problem of the first mistake, with all of them listed. */
export function refuseIfAny (mistakes: readonly Mistake[]): void {
  const [first] = mistakes
  if (first === undefined) return
  throw new Problem(first.problem, {
    detail: first.message,
    detail_zh: first.message_zh,
    errors: mistakes.map(({ pointer, code, message, message_zh }) => ({ pointer, code, message, message_zh }))
  })
}

/** What is wrong with a credit code, where it is known which codes the operator has overridden. */
export function codeMistakes (uscc: string, pointer: string, overridden: ReadonlySet<string>): Mistake[] {
  return checkUscc(uscc, overridden.has(uscc)).filter(({ severity }) => severity === 'ERROR')
    .map(({ code, message, message_zh }) => mistake('uscc_check_digit', pointer, code, message, message_zh))
}

/** The same for one code. */
export async function usccMistakes (sql: ReadSql, uscc: string, pointer: string): Promise<Mistake[]> {
  return codeMistakes(uscc, pointer, await overriddenAmong(sql, [uscc]))
}

export function projectCodeMistakes (project_code: string, pointer: string): Mistake[] {
  return checkProjectCode(project_code).filter(({ severity }) => severity === 'ERROR')
    .map(({ code, message, message_zh }) => mistake('project_code_invalid', pointer, code, message, message_zh))
}

export function industryMistakes (industry_code: string, pointer: string): Mistake[] {
  if (normaliseIndustryCode(industry_code) !== null) return []
  return [mistake('rule_broken', pointer, 'INDUSTRY_UNREADABLE', 'This is no industry code of GB/T 4754-2017; write it like C3670', '不是有效的国民经济行业代码，请按“C3670”格式填写')]
}
