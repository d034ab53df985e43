/** Holds. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { listOf } from '../../http/schema.ts'
import { instantMs, instantOf } from '../../policy/calendar.ts'
import { hold_example, HoldBody, HoldParams, HoldQuery, HoldView, ReleaseBody } from './schema.ts'
import { placeHold, release } from './service.ts'
import { listHolds } from './store.ts'

const callers = ['FINANCE_BUREAU', 'MEIC'] as const

export function holdRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'placeHold',
    method: 'POST',
    path: '/v1/holds',
    summary: 'Hold the payment of a packet, a line or an enterprise',
    summary_zh: '暂缓拨付',
    description: 'Nothing under a hold goes into a batch, and a closed batch with something held cannot be approved. On its last day, or when it has no end after 30 days, hold.escalated tells the authorities. S1 二(一)3: credit checks; S2 (十三).',
    callers,
    person: true,
    body: HoldBody,
    replies: { 201: HoldView },
    refuses: ['not_found', 'rule_broken'],
    example: { request: { uscc: '91500112MAXX00015Q', reason: '失信名单核查中', expires_on: '2026-06-30' }, reply: hold_example }
  }, call => call.decide(async (sql, now) => {
    const hold = await placeHold(sql, now, call.principal, call.body)
    return { status: 201, body: hold, version: hold.version }
  }))

  operation(app, { db }, {
    id: 'listHolds',
    method: 'GET',
    path: '/v1/holds',
    summary: 'List holds',
    summary_zh: '查询暂缓拨付',
    description: 'S2 (十三).',
    callers,
    query: HoldQuery,
    replies: { 200: listOf(HoldView) },
    example: { reply: { items: [hold_example], next_cursor: null } }
  }, async ({ principal, query, spec }) => {
    const page = pageRequest(spec.id, principal, query)
    const { updated_since, limit: _limit, cursor: _cursor, ...filter } = query
    const rows = await listHolds(db.read, {
      ...filter, updated_since: updated_since === undefined ? undefined : instantOf(instantMs(updated_since)), after: page.after,
        limit: page.limit + 1
    })
    return { status: 200, body: pageOf(spec.id, principal, page, rows, row => row.hold_no) }
  })

  operation(app, { db }, {
    id: 'releaseHold',
    method: 'POST',
    path: '/v1/holds/{hold_no}/release',
    summary: 'Release a hold',
    summary_zh: '解除暂缓',
    description: 'By another person than the one who placed it. S2 (十三).',
    callers,
    person: true,
    signed: true,
    params: HoldParams,
    body: ReleaseBody,
    replies: { 200: HoldView },
    refuses: ['own_work', 'state_conflict'],
    example: {
      request: { reason: '核查无异常' },
      reply: { ...hold_example, status: 'RELEASED', release_reason: '核查无异常', released_by: 'finance-bureau-user-2',
        released_at: '2026-05-06T02:00:00.000Z' }
    }
  }, call => call.decide(async (sql, now) => {
    const hold = await release(sql, now, call.principal, call.params.hold_no, call.body?.reason)
    return { status: 200, body: hold, version: hold.version }
  }))
}
