/** Budgets of the finance bureau: one per year and source, an increase is its next version. */
import { newNo } from '../../clock.ts'
import type { Db, WriteSql } from '../../db/db.ts'
import { personOf, type Principal } from '../../http/access.ts'
import { append, the_hub } from '../../journal/events.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { fenOf, yuanOf } from '../../policy/money.ts'
import { Problem } from '../../problem.ts'
import { authorities } from '../../subsidy/audience.ts'
import { anyBudget, changeBudget, findBudget, insertBudget, type Budget } from './store.ts'
import type { BudgetSource } from './sources.ts'

/** Decides a budget. Errors: budget_exhausted when more is used already. */
export async function decideBudget (
  sql: WriteSql, now: string, principal: Principal, sent: { year: number, fund_source: BudgetSource, amount: string }
): Promise<{ budget: Budget, is_new: boolean }> {
  const { fund_source } = sent
  const year = String(sent.year)
  const amount_fen = fenOf(sent.amount)
  const before = await findBudget(sql, year, fund_source)
  if (before?.amount_fen === amount_fen) return { budget: before, is_new: false }
  const budget = before === undefined
    ? newBudget(now, year, fund_source, amount_fen, personOf(principal))
    : await changeBudget(sql, now, before.budget_no, amount_fen, personOf(principal))
  if (budget === undefined) {
    throw new Problem('budget_exhausted', {
      detail: `${yuanOf(before?.used_fen ?? 0)} of this budget is used already; it cannot become ${sent.amount}`,
        detail_zh: `该预算已使用 ${yuanOf(before?.used_fen ?? 0)} 元，不能调整为 ${sent.amount} 元`
    })
  }
  if (before === undefined) await insertBudget(sql, now, budget)
  await append(sql, now, {
    type: before === undefined ? 'budget.decided' : 'budget.changed', subject: budget.budget_no, actor: principal,
      audience: await authorities(sql),
    data: { year, fund_source, version: budget.version }
  })
  return { budget, is_new: true }
}

function newBudget (now: string, year: string, fund_source: BudgetSource, amount_fen: number, decided_by: string): Budget {
  return { budget_no: newNo('budget'), year, fund_source, amount_fen, used_fen: 0, version: 1, decided_by, created_at: now,
    updated_at: now }
}

const sandbox_budget_fen = 100_000_000_000

/** The sandbox begins with a budget of the present year; production with none. */
export async function seedBudget (db: Db, hub_mode: 'sandbox' | 'production'): Promise<void> {
  if (hub_mode !== 'sandbox' || await anyBudget(db.read)) return
  await db.write(async (sql, now) => {
    if (await anyBudget(sql)) return
    const budget = newBudget(now, beijingDate(now).slice(0, 4), 'MUNICIPAL', sandbox_budget_fen, 'sandbox')
    await insertBudget(sql, now, budget)
    await append(sql, now, { type: 'budget.decided', subject: budget.budget_no, actor: the_hub, audience: await authorities(sql),
      data: { year: budget.year, fund_source: budget.fund_source, version: 1 } })
  })
}

export function budgetShown ({ amount_fen, used_fen, year, ...rest }: Budget) {
  return { ...rest, year: Number(year), amount: yuanOf(amount_fen), used: yuanOf(used_fen), left: yuanOf(amount_fen - used_fen) }
}
