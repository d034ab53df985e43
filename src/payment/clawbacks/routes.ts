/** Claw-backs. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { listOf } from '../../http/schema.ts'
import { instantMs, instantOf } from '../../policy/calendar.ts'
import { clawback_example, ClawbackBody, ClawbackQuery, ClawbackView } from './schema.ts'
import { clawbacksFor, clawbackShown, decideClawback } from './service.ts'

export function clawbackRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'decideClawback',
    method: 'POST',
    path: '/v1/clawbacks',
    summary: 'Take back part of what was recognised',
    summary_zh: '追回已认定的补助资金',
    description: 'Offset against the next payment to the same payee. Corrections of paid vouchers open claw-backs by themselves. S2 (十三): 先付后贴.',
    callers: ['FINANCE_BUREAU', 'MEIC'],
    person: true,
    signed: true,
    body: ClawbackBody,
    replies: { 201: ClawbackView, 200: ClawbackView },
    refuses: ['not_found', 'clawback_over_line'],
    example: { request: { line_no: clawback_example.line_no, amount: '5000.00', reason: '审计发现资金挪用' }, reply: clawback_example }
  }, call => call.decide(async (sql, now) => {
    const { clawback, is_new } = await decideClawback(sql, now, call.principal, call.body)
    return { status: is_new ? 201 : 200, body: clawbackShown(clawback), version: clawback.version }
  }))

  operation(app, { db }, {
    id: 'listClawbacks',
    method: 'GET',
    path: '/v1/clawbacks',
    summary: 'List claw-backs',
    summary_zh: '查询追回记录',
    description: 'An institution sees those of its lines, an enterprise those about or against it. S2 (十三).',
    callers: ['FINANCE_BUREAU', 'MEIC', 'BANK', 'LESSOR', 'GUARANTOR', 'INSURER', 'ENTERPRISE'],
    query: ClawbackQuery,
    replies: { 200: listOf(ClawbackView) },
    example: { reply: { items: [clawback_example], next_cursor: null } }
  }, async ({ principal, query, spec }) => {
    const page = pageRequest(spec.id, principal, query)
    const { updated_since, limit: _limit, cursor: _cursor, ...filter } = query
    const rows = await clawbacksFor(db.read, principal, {
      ...filter, updated_since: updated_since === undefined ? undefined : instantOf(instantMs(updated_since)), after: page.after,
        limit: page.limit + 1
    })
    const { items, next_cursor } = pageOf(spec.id, principal, page, rows, row => row.clawback_no)
    return { status: 200, body: { items: items.map(clawbackShown), next_cursor } }
  })
}
