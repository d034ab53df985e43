/**
 * Reports on public money: subsidies on their way, and what the linkage of budget and finance brought about. Source: S2 (十三); S5 (十一),
 * last chapter.
 */
import type { ReadSql } from '../../db/db.ts'
import { SUBSIDY_KINDS } from '../../lending/marks.ts'
import { yuanOf } from '../../policy/money.ts'
import { dayNumber } from '../../policy/period.ts'
import { mean, ratio, sharePct } from './figures.ts'
import { byKey, some, type Making } from './making.ts'
import { budgetsOfYears, linesByKind, paidByKind, boundOfBudgets, paidOfLines, resultsByKind, waitsByKind } from './money-store.ts'
import { drawnByBank } from './store.ts'
import type { Cell, Row } from './table.ts'

function yearsOf ({ from, to }: Making): string[] {
  const last = Number(to.endsWith('-01-01') ? Number(to.slice(0, 4)) - 1 : to.slice(0, 4))
  return Array.from({ length: last - Number(from.slice(0, 4)) + 1 }, (_, index) => String(Number(from.slice(0, 4)) + index))
}

const no_budget: Record<string, Cell> = { fund_source: null, budget: null, used: null, budget_paid: null }
const no_lines: Record<string, Cell> = { kind: null, lines: null, enterprises: null, blocked: null, open: null, frozen: null,
  approved: null, paid: null }

/** Budgets of the years of the period, then the lines of the period by year and kind. */
export async function subsidyProgress (sql: ReadSql, making: Making): Promise<Row[]> {
  const of_a_part = making.region_code !== null || making.uscc !== null
  const years = yearsOf(making)
  const bound = byKey(await boundOfBudgets(sql, years), row => `${row.year} ${row.fund_source}`)
  const budgets = of_a_part ? [] : (await budgetsOfYears(sql, years)).map(({ budget_no, year, fund_source, amount_fen, used_fen }): Row => {
    const out = bound.get(`${year} ${fund_source}`)
    return {
      cells: { row_kind: 'BUDGET', year, ...no_lines, fund_source, budget: yuanOf(amount_fen), used: yuanOf(used_fen),
        budget_paid: yuanOf(out?.paid_fen ?? 0) },
      counts: { payees: out?.payees ?? 0, bound: out?.bound ?? 0, waiting: out?.waiting ?? 0 },
      group: 'BUDGET',
      behind: { objects: out?.payments ?? 0, subjects: some(budget_no, out?.first, out?.last) },
      owner: null
    }
  })
  const came_through = byKey(await paidOfLines(sql, making), row => `${row.year} ${row.kind}`)
  const lines = (await linesByKind(sql, making)).map(({ blocked, open, frozen, approved, ...row }): Row => ({
    cells: {
      row_kind: 'LINES', year: row.year, ...no_budget, kind: row.kind, lines: row.lines, enterprises: row.enterprises,
        blocked: yuanOf(row.blocked_fen), open: yuanOf(row.open_fen),
      frozen: yuanOf(row.frozen_fen), approved: yuanOf(row.approved_fen),
        paid: yuanOf(came_through.get(`${row.year} ${row.kind}`)?.amount_fen ?? 0)
    },
    counts: {
      listed: row.enterprises, blocked, open, frozen, approved, paid: came_through.get(`${row.year} ${row.kind}`)?.paid ?? 0,
      unpaid: came_through.get(`${row.year} ${row.kind}`)?.unpaid ?? 0
    },
    group: 'LINES',
    behind: { objects: row.lines, subjects: some(row.first, row.last) },
    owner: null
  }))
  return [...budgets, ...lines]
}

/** What was paid out in subsidies, on how much credit, how fast, and what came back. */
export async function fundPerformance (sql: ReadSql, making: Making): Promise<Row[]> {
  const paid = byKey(await paidByKind(sql, making), row => row.kind)
  const waits = await waitsByKind(sql, making)
  const results = await resultsByKind(sql, making)
  const drawn = await drawnByBank(sql, making)
  const loans = { fen: drawn.reduce((sum, row) => sum + row.amount_fen, 0), enterprises: Math.max(0, ...drawn.map(row => row.enterprises)) }
  return SUBSIDY_KINDS.map((kind): Row => {
    const out = paid.get(kind)
    const own = waits.filter(wait => wait.kind === kind)
    const days = own.reduce((sum, { from, to, lines }) => sum + (to === null ? 0 : (dayNumber(to) - dayNumber(from)) * lines), 0)
    const answered = results.filter(result => result.kind === kind)
    const back = answered.filter(({ status }) => status === 'RETURNED').reduce((sum, { payments }) => sum + payments, 0)
    const all = answered.reduce((sum, { payments }) => sum + payments, 0)
    const lent = kind === 'LOAN_INTEREST' ? loans : null
    return {
      cells: {
        kind, subsidy_paid: yuanOf(out?.amount_fen ?? 0), lines_paid: out?.lines ?? 0, enterprises: out?.enterprises ?? 0,
          loans_disbursed: lent === null ? null : yuanOf(lent.fen),
        subsidy_per_loan_yuan: lent === null ? null : ratio(out?.amount_fen ?? 0, lent.fen),
          average_days_to_payment: mean(days, own.reduce((sum, { lines }) => sum + lines, 0)),
        payments_answered: all, payments_returned: back, returned_pct: sharePct(back, all)
      },
      counts: { paid: out?.enterprises ?? 0, drawn: lent?.enterprises ?? 0,
        answered: Math.max(0, ...answered.map(({ enterprises }) => enterprises)) },
      group: 'ALL',
      behind: { objects: out?.lines ?? 0, subjects: some(out?.first, out?.last) },
      owner: null
    }
  })
}
