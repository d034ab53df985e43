/** What reports read of subsidies, payments and budgets: sums and counts by group. */
import { and, asc, count, countDistinct, eq, gte, inArray, isNotNull, lt, max, min, ne, sql as expression, type SQL, type SQLWrapper } from 'drizzle-orm'
import { table, text } from '../../db/columns.ts'
import type { ReadSql } from '../../db/db.ts'
import { payment_batches, payment_items, payments } from '../../payment/batches/store.ts'
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

/** What binds the budgets: payments of closed batches that did not come back; with the sum of those that came through. */
export async function boundOfBudgets (sql: ReadSql, years: readonly string[]) {
  const { status, payee_uscc, payment_no } = payments
  const paid = (what: SQLWrapper) => expression`case when ${status} = 'PAID' then ${what} end`
  return sql.select({
    year: payments.year, fund_source: payments.fund_source, paid_fen: fenSum(expression`coalesce(${paid(payments.amount_fen)}, 0)`), payments: count(paid(payment_no)), payees: countDistinct(paid(payee_uscc)),
    bound: countDistinct(payee_uscc), waiting: countDistinct(expression`case when ${status} <> 'PAID' then ${payee_uscc} end`),
    first: expression<string | null>`${min(paid(payment_no))}`, last: expression<string | null>`${max(paid(payment_no))}`
  }).from(payments).innerJoin(payment_batches, eq(payment_batches.batch_no, payments.batch_no))
    .where(and(ne(payment_batches.status, 'OPEN'), inArray(status, ['GENERATED', 'SENT', 'UNKNOWN', 'PAID']), inArray(payments.year, [...years])))
    .groupBy(payments.year, payments.fund_source)
}

export const linesInPeriod = (sql: ReadSql, scope: Scope) => and(
  gte(subsidy_lines.paid_date, scope.from), lt(subsidy_lines.paid_date, scope.to), ne(subsidy_lines.status, 'SUPERSEDED'),
    inScope(sql, subsidy_lines.uscc, scope)
)

/** Lines of the period by year and kind, with their amounts by state and the enterprises of each. */
export async function linesByKind (sql: ReadSql, scope: Scope) {
  const { status, amount_fen, recognised_fen, uscc } = subsidy_lines
  const when = (state: SQL, what: SQLWrapper) => expression`case when ${state} then ${what} end`
  const sumOf = (state: SQL, what: SQLWrapper) => fenSum(expression`coalesce(${when(state, what)}, 0)`)
  const blocked = eq(status, 'BLOCKED')
  const open = eq(status, 'OPEN')
  const frozen = expression`${status} = 'FROZEN' and ${recognised_fen} is null`
  const approved = expression`${status} = 'FROZEN' and ${recognised_fen} > 0`
  return sql.select({
    year: subsidy_lines.year, kind: subsidy_lines.kind, lines: count(), enterprises: countDistinct(uscc),
    blocked_fen: sumOf(blocked, amount_fen), open_fen: sumOf(open, amount_fen), frozen_fen: sumOf(frozen, amount_fen), approved_fen: sumOf(approved, recognised_fen),
    blocked: countDistinct(when(blocked, uscc)), open: countDistinct(when(open, uscc)), frozen: countDistinct(when(frozen, uscc)), approved: countDistinct(when(approved, uscc)),
    first: expression<string | null>`${min(subsidy_lines.line_no)}`, last: expression<string | null>`${max(subsidy_lines.line_no)}`
  }).from(subsidy_lines).where(linesInPeriod(sql, scope)).groupBy(subsidy_lines.year, subsidy_lines.kind).orderBy(asc(subsidy_lines.year),
    asc(subsidy_lines.kind))
}

/** Of those lines, what was paid and to how many enterprises; how many wait for theirs. */
export async function paidOfLines (sql: ReadSql, scope: Scope) {
  const { payment_no } = payments
  return sql.select({
    year: subsidy_lines.year, kind: subsidy_lines.kind, amount_fen: fenSum(expression`case when ${payment_no} is not null then ${payment_items.amount_fen} else 0 end`),
    paid: countDistinct(expression`case when ${payment_no} is not null then ${subsidy_lines.uscc} end`),
    unpaid: countDistinct(expression`case when ${payment_no} is null and ${subsidy_lines.recognised_fen} > 0 then ${subsidy_lines.uscc} end`)
  }).from(subsidy_lines).leftJoin(payment_items, and(eq(payment_items.line_no, subsidy_lines.line_no), eq(payment_items.live, true)))
    .leftJoin(payments, and(eq(payments.payment_no, payment_items.payment_no), eq(payments.status, 'PAID')))
    .where(linesInPeriod(sql, scope)).groupBy(subsidy_lines.year, subsidy_lines.kind)
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
