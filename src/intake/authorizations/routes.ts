/** Operations on authorizations. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { no_hooks, type IntakeHooks } from '../hooks.ts'
import {
  authorization_example, AuthorizationPage, AuthorizationParams, AuthorizationQuery, AuthorizationSchema, DisclosurePage, NewAuthorization,
  new_authorization_example, platform_operator, WithdrawBody, WithdrawnAuthorization
} from './schema.ts'
import { giveAuthorization, listFor, readAuthorization, statusOn, withdraw } from './service.ts'
import type { Authorization } from './store.ts'

const disclosure_example = {
  basis: 'MATCHING', packet_no: null, recipient_no: 'bank-1', lead_no: 'lead_01JB2Q8Z6V7K3M5N9P4R1S0T2X', fields_released: ['uscc', 'name', 'amount', 'term_months'],
  disclosed_at: '2026-03-18T02:05:00.000Z', digest: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'
}

export function authorizationRoutes (app: FastifyInstance, { db }: { db: Db }, hooks: IntakeHooks = no_hooks): void {
  const shown = (row: Authorization, now: string) => ({
    ...row, status: statusOn(row, beijingDate(now)), grantee: row.grantee ?? platform_operator, collected_by_park: row.collector_no,
    personal_info_consents: row.personal_info_consents ?? []
  })

  operation(app, { db }, {
    id: 'giveAuthorization',
    method: 'POST',
    path: '/v1/authorizations',
    summary: 'Give an authorization, or hand in a collected one',
    summary_zh: '企业授权或园区报送代收的授权',
    description: 'An enterprise authorises for itself; a park hands in what it collected, with the digest of the evidence. S1 四(三)2: parks collect authorizations in batch.',
    callers: ['ENTERPRISE', 'PARK'],
    confidential: true,
    body: NewAuthorization,
    replies: { 201: AuthorizationSchema },
    refuses: ['uscc_check_digit', 'period_reversed', 'rule_broken'],
    example: { request: new_authorization_example, reply: authorization_example }
  }, async call => call.decide(async (sql, now) => {
    const row = await giveAuthorization(sql, now, call.principal, call.body, hooks)
    return { status: 201, body: shown(row, now), version: row.version, headers: { location: `/v1/authorizations/${row.authorization_no}` } }
  }))

  operation(app, { db }, {
    id: 'listAuthorizations',
    method: 'GET',
    path: '/v1/authorizations',
    summary: 'List authorizations',
    summary_zh: '查询授权列表',
    description: 'What the enterprise gave, what the park collected; MEIC all. S1 四(三)2.',
    callers: ['ENTERPRISE', 'PARK', 'MEIC'],
    query: AuthorizationQuery,
    replies: { 200: AuthorizationPage },
    example: { reply: { items: [authorization_example], next_cursor: null } }
  }, async ({ principal, query, now }) => {
    const page = pageRequest('listAuthorizations', principal, query)
    const rows = await listFor(db.read, principal, query, beijingDate(now), page)
    const { items, next_cursor } = pageOf('listAuthorizations', principal, page, rows, row => row.authorization_no)
    return { status: 200, body: { items: items.map(row => shown(row, now)), next_cursor } }
  })

  operation(app, { db }, {
    id: 'getAuthorization',
    method: 'GET',
    tagged: true,
    path: '/v1/authorizations/{authorization_no}',
    summary: 'Show an authorization',
    summary_zh: '查询授权',
    description: 'For grantor, collector and MEIC. S1 四(三)2.',
    callers: ['ENTERPRISE', 'PARK', 'MEIC'],
    params: AuthorizationParams,
    replies: { 200: AuthorizationSchema },
    example: { reply: authorization_example }
  }, async ({ principal, params, now }) => {
    const row = await readAuthorization(db.read, principal, params.authorization_no)
    const body = shown(row, now)
    return { status: 200, body, version: `${row.version}.${body.status}` }
  })

  operation(app, { db }, {
    id: 'withdrawAuthorization',
    method: 'POST',
    path: '/v1/authorizations/{authorization_no}/withdraw',
    summary: 'Withdraw an authorization',
    summary_zh: '撤回授权',
    description: 'By the grantor or the collector; final. From the answer on nothing is pushed or shown under it, its open needs are withdrawn, and what had already ' +
      'left is listed. A second withdrawal answers the same. S1 四(三)3: only with authorization; 个人信息保护法.',
    callers: ['ENTERPRISE', 'PARK'],
    confidential: true,
    params: AuthorizationParams,
    body: WithdrawBody,
    replies: { 200: WithdrawnAuthorization },
    refuses: ['state_conflict'],
    example: {
      request: { reason: '企业不再需要融资' },
      reply: {
        ...authorization_example, status: 'WITHDRAWN', withdrawn_at: '2026-03-20T02:00:00.000Z', withdrawal_reason: '企业不再需要融资', version: 2,
        updated_at: '2026-03-20T02:00:00.000Z', disclosures: [disclosure_example], deletion_due_date: '2026-04-19'
      }
    }
  }, async call => call.decide(async (sql, now) => {
    const { authorization, disclosures, deletion_due_date } = await withdraw(sql, now, call.principal, call.params.authorization_no, call.body.reason ?? null, hooks)
    return { status: 200, body: { ...shown(authorization, now), disclosures, deletion_due_date }, version: authorization.version }
  }))

  operation(app, { db }, {
    id: 'listDisclosures',
    method: 'GET',
    path: '/v1/authorizations/{authorization_no}/disclosures',
    summary: 'List what left under an authorization',
    summary_zh: '查询授权项下已提供的数据',
    description: 'Who got which fields of the enterprise, when, with the digest of the exact text. For grantor, collector and MEIC. 个人信息保护法; 数据安全法.',
    callers: ['ENTERPRISE', 'PARK', 'MEIC'],
    params: AuthorizationParams,
    replies: { 200: DisclosurePage },
    example: { reply: { items: [disclosure_example], next_cursor: null } }
  }, async ({ principal, params }) => {
    const row = await readAuthorization(db.read, principal, params.authorization_no)
    return { status: 200, body: { items: await hooks.disclosuresOf(db.read, row.authorization_no), next_cursor: null } }
  })
}
