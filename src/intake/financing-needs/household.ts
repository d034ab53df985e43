/** The household limit at intake: limits in force and open needs of an enterprise, over all banks and doors; a remark, never a refusal. */
import type { ReadSql } from '../../db/db.ts'
import { judge } from '../../policy/eligibility.ts'
import type { Finding } from '../../policy/findings.ts'
import type { HeldTag } from '../../policy/tags.ts'
import type { PolicyVersion } from '../../policy/terms.ts'
import type { IntakeHooks } from '../hooks.ts'
import { sameProject, type NamedProject } from './same-project.ts'
import { openNeedsOf, without_contract } from './store.ts'

const waiting: readonly string[] = without_contract

/** Without the sum: less the own need it would tell what other doors and banks have with the enterprise. */
const remark: Pick<Finding, 'message' | 'message_zh'> = {
  message: 'The needs and loans of this enterprise would exceed the limit for one enterprise, in principle; expect a smaller approval, or add a title that raises it.',
  message_zh: '该企业需求与贷款合计将超过单户限额（原则上），审批额度可能相应减少；如企业具有提高限额的资质请补填。'
}

/** What counts against the limit of one enterprise. */
export type HouseholdRemarks = (need: NamedProject & { uscc: string, wants_guarantee: boolean }, amount_fen: number, tags: readonly HeldTag[]) => Finding[] | null

/**
 * A function to be called once per need, in order: needs of one batch count together, one need from two doors counts once.
 *
 * Source: S1 二(二); rule E-09, reading A-26; contract §6.
 */
export async function householdOf (
  sql: ReadSql, usccs: readonly string[], day: string, policies: readonly PolicyVersion[], hooks: Pick<IntakeHooks, 'countedLimits'>
): Promise<HouseholdRemarks> {
  const limits = await hooks.countedLimits(sql, usccs, day, policies)
  const open = Map.groupBy((await openNeedsOf(sql, usccs)).filter(({ status }) => waiting.includes(status)), ({ uscc }) => uscc)
  const counted = new Map<string, (NamedProject & { amount_fen: number })[]>(usccs.map(uscc => [uscc, [...open.get(uscc) ?? []]]))
  return (need, amount_fen, tags) => {
    const others = (counted.get(need.uscc) ?? []).filter(one => !sameProject(one, need))
    counted.set(need.uscc, [...others, { project_code: need.project_code, project_name: need.project_name, amount_fen }])
    if (!need.wants_guarantee) return null
    const open_needs_fen = others.reduce((sum, one) => sum + one.amount_fen, amount_fen)
    const judged = judge('PARK_TECH_GUARANTEE', { on: day, tags, contract_limits_fen: limits.get(need.uscc) ?? 0, open_needs_fen }, policies)
      .find(({ rule_id }) => rule_id === 'E-09')
    return judged?.result === 'FAIL' && judged.finding !== null ? [{ ...judged.finding, ...remark }] : null
  }
}
