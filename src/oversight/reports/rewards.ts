/** The reward of core enterprises for loans of their supply chains. Source: S3 (四); rule X-01. */
import type { ReadSql } from '../../db/db.ts'
import { sumFen, yuanOf } from '../../policy/money.ts'
import { addDays } from '../../policy/period.ts'
import { rewardLine } from '../../policy/reward.ts'
import { nearestTerms, type PolicyVersion } from '../../policy/terms.ts'
import { policiesIn } from '../../registry/policies/service.ts'
import { byKey, some, type Making } from './making.ts'
import { promotedBorrowers, promotedByCore } from './store.ts'
import type { Row } from './table.ts'

/** Days on which what is promoted counts: from the first version of the policy to the end of the last one before the period's end. */
export function countedDays (policies: readonly PolicyVersion[], { from, to }: Making): { begun: string, from: string, to: string } {
  const begun = policies.filter(({ policy_code }) => policy_code === 'TECH_RENO_LOAN').map(({ effective_from }) => effective_from).sort()[0] ?? from
  const { effective_to } = nearestTerms(policies, 'TECH_RENO_LOAN', addDays(to, -1))
  const after = effective_to === null ? to : addDays(effective_to, 1)
  return { begun, from: from < begun ? begun : from, to: to < after ? to : after }
}

/**
 * All core enterprises together, then each. The reward of a period is what all promoted so far earns less what was earned before, so that
 * the periods of a household add up to the fen and never pass its ceiling.
 */
export async function supplyChainReward (sql: ReadSql, making: Making): Promise<Row[]> {
  const policies = await policiesIn(sql)
  const days = countedDays(policies, making)
  if (days.from >= days.to) return []
  const before = byKey(await promotedByCore(sql, { ...making, from: days.begun, to: days.from }), row => row.core_enterprise_uscc)
  const promoted = await promotedByCore(sql, { ...making, from: days.from, to: days.to })
  const earned = (promoted_fen: number): number =>
    rewardLine(policies, { voucher_no: null, date: addDays(days.to, -1), promoted_fen, used_fen: 0 }).amount_fen
  const rows = promoted.map(row => {
    const before_fen = before.get(row.core_enterprise_uscc ?? '')?.amount_fen ?? 0
    return Object.assign(row, { reward_fen: earned(before_fen + row.amount_fen) - earned(before_fen) })
  })
  if (rows.length === 0) return []
  const borrowers = await promotedBorrowers(sql, { ...making, from: days.from, to: days.to })
  const all: Row = {
    cells: {
      row_kind: 'ALL', core_enterprise_uscc: null, core_enterprises: rows.length, borrowers,
      promoted_amount: yuanOf(sumFen(rows.map(({ amount_fen }) => amount_fen))), reward: yuanOf(sumFen(rows.map(({ reward_fen }) => reward_fen)))
    },
    counts: { core: rows.length, promoted: borrowers },
    group: 'ALL',
    behind: { objects: rows.reduce((sum, row) => sum + row.drawdowns, 0), subjects: some(rows[0]?.first, rows.at(-1)?.last) },
    owner: null
  }
  return [all, ...rows.map((row): Row => ({
    cells: {
      row_kind: 'CORE_ENTERPRISE', core_enterprise_uscc: row.core_enterprise_uscc, core_enterprises: 1, borrowers: row.borrowers,
      promoted_amount: yuanOf(row.amount_fen), reward: yuanOf(row.reward_fen)
    },
    counts: { core: 1, promoted: row.borrowers },
    group: 'CORE_ENTERPRISE',
    behind: { objects: row.drawdowns, subjects: some(row.first, row.last) },
    owner: null
  }))]
}
