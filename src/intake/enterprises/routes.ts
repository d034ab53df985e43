/** Own data. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { yuanOf } from '../../policy/money.ts'
import { enterprise_example, EnterpriseParams, EnterpriseSchema } from './schema.ts'
import { readEnterprise } from './service.ts'

export function enterpriseRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'getEnterprise',
    method: 'GET',
    tagged: true,
    path: '/v1/enterprises/{uscc}',
    summary: 'Show what the hub knows about an enterprise',
    summary_zh: '查询平台掌握的企业信息',
    description: 'The enterprise sees everything of its own, a park what it sent itself under a live authorization, MEIC all but the contact person. 个人信息保护法: access to own data.',
    callers: ['ENTERPRISE', 'PARK', 'MEIC'],
    params: EnterpriseParams,
    replies: { 200: EnterpriseSchema },
    example: { reply: enterprise_example }
  }, async ({ principal, params, now }) => {
    const { enterprise, sources } = await readEnterprise(db.read, principal, params.uscc, now)
    const { revenue_fen, source_no: _source, ...rest } = enterprise
    return { status: 200, body: { ...rest, revenue: revenue_fen === null ? null : yuanOf(revenue_fen), sources }, version: enterprise.version }
  })
}
