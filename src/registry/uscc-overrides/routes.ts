/** Overrides of credit codes over HTTP. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { NewUsccOverride, override_examples, UsccOverrideEnd, UsccOverrideList, UsccOverrideParams, UsccOverrideQuery, UsccOverrideSchema } from './schema.ts'
import { endOverride, recordOverride } from './service.ts'
import { listOverrides } from './store.ts'

export function usccOverrideRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'recordUsccOverride',
    method: 'POST',
    path: '/v1/uscc-overrides',
    summary: 'Record a real code that fails its check character',
    summary_zh: '登记校验位不符但真实存在的统一社会信用代码（双人）',
    description: 'Two persons of the operator: the first request answers 201 PENDING_SECOND_PERSON, the same content sent by another person 200 ACTIVE. From then on ' +
      'every door accepts the code, with a remark in lists. S1 四(三)2: parks send enterprises as they really are; GB 32100-2015.',
    callers: ['PLATFORM_OPERATOR'],
    person: true,
    body: NewUsccOverride,
    replies: { 201: UsccOverrideSchema, 200: UsccOverrideSchema },
    refuses: ['own_work', 'duplicate_key', 'rule_broken', 'uscc_check_digit'],
    example: override_examples.record
  }, async call => call.decide(async (sql, now) => {
    const { row, is_new } = await recordOverride(sql, now, call.principal, call.body)
    return { status: is_new ? 201 : 200, body: row, version: row.version }
  }))

  operation(app, { db }, {
    id: 'listUsccOverrides',
    method: 'GET',
    path: '/v1/uscc-overrides',
    summary: 'List recorded codes',
    summary_zh: '查询已登记的代码',
    description: 'With reason and persons. S1 四(三)2.',
    callers: ['PLATFORM_OPERATOR', 'MEIC'],
    query: UsccOverrideQuery,
    replies: { 200: UsccOverrideList },
    example: { reply: { items: [override_examples.record.reply], next_cursor: null } }
  }, async call => {
    const page = pageRequest(call.spec.id, call.principal, call.query)
    const rows = await listOverrides(db.read, call.query, page.after, page.limit + 1)
    return { status: 200, body: pageOf(call.spec.id, call.principal, page, rows, row => row.uscc) }
  })

  operation(app, { db }, {
    id: 'endUsccOverride',
    method: 'POST',
    path: '/v1/uscc-overrides/{uscc}/end',
    summary: 'End an override',
    summary_zh: '终止代码登记',
    description: 'By one person. What came in under it stays; the code is refused again from then on. S1 四(三)2.',
    callers: ['PLATFORM_OPERATOR'],
    person: true,
    params: UsccOverrideParams,
    body: UsccOverrideEnd,
    replies: { 200: UsccOverrideSchema },
    refuses: ['state_conflict'],
    example: override_examples.end
  }, async call => call.decide(async (sql, now) => {
    const row = await endOverride(sql, now, call.principal, call.params.uscc, call.body.reason)
    return { status: 200, body: row, version: row.version }
  }))
}
