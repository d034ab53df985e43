/** Budgets. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { listOf } from '../../http/schema.ts'
import { budget_example, BudgetBody, BudgetQuery, BudgetView } from './schema.ts'
import { budgetShown, decideBudget } from './service.ts'
import { listBudgets } from './store.ts'

export function budgetRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'decideBudget',
    method: 'POST',
    path: '/v1/budgets',
    summary: 'Decide the budget of a year and source',
    summary_zh: '下达年度预算',
    description: 'One per year and source; another amount for the same is its next version, never below what is used. Payments use it up when their batch is approved; RISK_POOL is drawn by the fiscal part of compensated losses. S1 五(一); S2 (十三)(十九).',
    callers: ['FINANCE_BUREAU'],
    person: true,
    signed: true,
    body: BudgetBody,
    replies: { 201: BudgetView, 200: BudgetView },
    refuses: ['budget_exhausted'],
    example: { request: { year: 2026, fund_source: 'MUNICIPAL', amount: '1000000000.00' }, reply: budget_example }
  }, call => call.decide(async (sql, now) => {
    const { budget, is_new } = await decideBudget(sql, now, call.principal, call.body)
    return { status: is_new ? 201 : 200, body: budgetShown(budget), version: budget.version }
  }))

  operation(app, { db }, {
    id: 'listBudgets',
    method: 'GET',
    path: '/v1/budgets',
    summary: 'List budgets with what is used',
    summary_zh: '查询预算及使用情况',
    description: 'S2 (十九).',
    callers: ['FINANCE_BUREAU', 'MEIC'],
    query: BudgetQuery,
    replies: { 200: listOf(BudgetView) },
    example: { reply: { items: [budget_example], next_cursor: null } }
  }, async ({ principal, query, spec }) => {
    const page = pageRequest(spec.id, principal, query)
    const rows = await listBudgets(db.read, { year: query.year === undefined ? undefined : String(query.year), after: page.after, limit: page.limit + 1 })
    const { items, next_cursor } = pageOf(spec.id, principal, page, rows, row => row.budget_no)
    return { status: 200, body: { items: items.map(budgetShown), next_cursor } }
  })
}
