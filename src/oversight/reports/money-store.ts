/** What reports read of subsidies, payments and budgets: sums and counts by group. */
import { and, asc, count, countDistinct, eq, gte, inArray, isNotNull, lt, max, min, ne, sql as expression } from 'drizzle-orm'
import { table, text } from '../../db/columns.ts'
import type { ReadSql } from '../../db/db.ts'
import { payment_items, payments } from '../../payment/batches/store.ts'
import { FUND_SOURCES } from '../../payment/budgets/sources.ts'
import { budgets } from '../../payment/budgets/store.ts'
import { subsidy_lines } from '../../subsidy/lines/store.ts'
import { fenSum, inScope, type Scope } from './store.ts'

const payment_results = table('payment_results', { payment_no: text().notNull(), status: text().notNull(), date: text().notNull() })

export async function budgetsOfYears (sql: ReadSql, years: readonly string[]) {
  return sql.select({ budget_no: budgets.budget_no, year: budgets.year, fund_source: budgets.fund_source, amount_fen: budgets.amount_fen,
    used_fen: budgets.used_fen }).from(budgets)
    .where(and(inArray(budgets.year, [...years]), inArray(budgets.fund_source, [...FUND_SOURCES]))).orderBy(asc(budgets.year), asc(budgets.fund_source)).limit(1000)
}

/** What left the budgets: payments that came through. */
export async function paidOfBudgets (sql: ReadSql, years: readonly string[]) {
  return sql.select({
    year: payments.year, fund_source: payments.fund_source, amount_fen: fenSum(payments.amount_fen), payments: count(),
      payees: countDistinct(payments.payee_uscc),
    first: expression<string | null>`${min(payments.payment_no)}`, last: expression<string | null>`${max(payments.payment_no)}`
  }).from(payments).where(and(eq(payments.status, 'PAID'), inArray(payments.year, [...years]))).groupBy(payments.year, payments.fund_source)
}

export const linesInPeriod = (sql: ReadSql, scope: Scope) => and(
  gte(subsidy_lines.paid_date, scope.from), lt(subsidy_lines.paid_date, scope.to), ne(subsidy_lines.status, 'SUPERSEDED'),
    inScope(sql, subsidy_lines.uscc, scope)
)

/** Lines of the period by year and kind, with their amounts by state. */
export async function linesByKind (sql: ReadSql, scope: Scope) {
  const { status, amount_fen, recognised_fen } = subsidy_lines
  const when = (state: 'BLOCKED' | 'OPEN') => expression`case when ${status} = ${state} then ${amount_fen} else 0 end`
  return sql.select({
    year: subsidy_lines.year, kind: subsidy_lines.kind, lines: count(), enterprises: countDistinct(subsidy_lines.uscc),
      blocked_fen: fenSum(when('BLOCKED')), open_fen: fenSum(when('OPEN')),
    frozen_fen: fenSum(expression`case when ${status} = 'FROZEN' and ${recognised_fen} is null then ${amount_fen} else 0 end`),
    approved_fen: fenSum(expression`case when ${status} = 'FROZEN' then coalesce(${recognised_fen}, 0) else 0 end`),
    first: expression<string | null>`${min(subsidy_lines.line_no)}`, last: expression<string | null>`${max(subsidy_lines.line_no)}`
  }).from(subsidy_lines).where(linesInPeriod(sql, scope)).groupBy(subsidy_lines.year, subsidy_lines.kind).orderBy(asc(subsidy_lines.year),
    asc(subsidy_lines.kind))
}

/** Of those lines, what was paid. */
export async function paidOfLines (sql: ReadSql, scope: Scope) {
  return sql.select({ year: subsidy_lines.year, kind: subsidy_lines.kind,
    amount_fen: fenSum(payment_items.amount_fen) }).from(subsidy_lines)
    .innerJoin(payment_items, eq(payment_items.line_no, subsidy_lines.line_no)).innerJoin(payments,
      eq(payments.payment_no, payment_items.payment_no))
    .where(and(linesInPeriod(sql, scope), eq(payments.status, 'PAID'))).groupBy(subsidy_lines.year, subsidy_lines.kind)
}

export const paidInPeriod = (sql: ReadSql, scope: Scope) => and(
  eq(payments.status, 'PAID'), isNotNull(payments.paid_date), gte(payments.paid_date, scope.from), lt(payments.paid_date, scope.to),
    inScope(sql, payment_items.uscc, scope)
)

/** What was paid in the period, by kind. */
export async function paidByKind (sql: ReadSql, scope: Scope) {
  return sql.select({
    kind: subsidy_lines.kind, amount_fen: fenSum(payment_items.amount_fen), lines: count(), enterprises: countDistinct(payment_items.uscc),
    first: expression<string | null>`${min(payments.payment_no)}`, last: expression<string | null>`${max(payments.payment_no)}`
  }).from(payment_items).innerJoin(payments, eq(payments.payment_no, payment_items.payment_no)).innerJoin(subsidy_lines,
    eq(subsidy_lines.line_no, payment_items.line_no))
    .where(paidInPeriod(sql, scope)).groupBy(subsidy_lines.kind)
}

/** How many lines were paid on which day for which day of the enterprise's own payment. */
export async function waitsByKind (sql: ReadSql, scope: Scope) {
  return sql.select({ kind: subsidy_lines.kind, from: subsidy_lines.paid_date, to: payments.paid_date, lines: count() }).from(payment_items)
    .innerJoin(payments, eq(payments.payment_no, payment_items.payment_no)).innerJoin(subsidy_lines,
      eq(subsidy_lines.line_no, payment_items.line_no))
    .where(paidInPeriod(sql, scope)).groupBy(subsidy_lines.kind, subsidy_lines.paid_date, payments.paid_date)
}

/** Answers of the treasury in the period by kind: payments that came through and those that came back. */
export async function resultsByKind (sql: ReadSql, scope: Scope) {
  return sql.select({ kind: subsidy_lines.kind, status: payment_results.status, payments: countDistinct(payment_results.payment_no),
    enterprises: countDistinct(payment_items.uscc) })
    .from(payment_results).innerJoin(payment_items, eq(payment_items.payment_no, payment_results.payment_no)).innerJoin(subsidy_lines,
      eq(subsidy_lines.line_no, payment_items.line_no))
    .where(and(inArray(payment_results.status, ['PAID', 'RETURNED']), gte(payment_results.date, scope.from),
      lt(payment_results.date, scope.to), inScope(sql, payment_items.uscc, scope)))
    .groupBy(subsidy_lines.kind, payment_results.status)
}
