/** Operations on webhook endpoints; every login for its own. */
import type { FastifyInstance } from 'fastify'
import type { Cipher } from '../db/cipher.ts'
import type { Db } from '../db/db.ts'
import { frozen, operation, type Answer } from '../http/operation.ts'
import { pageOf, pageRequest } from '../http/paging.ts'
import type { Dialler } from './dialler.ts'
import {
  AttemptQuery, CreatedWebhookEndpoint, EndpointParams, EndpointQuery, NewWebhookEndpoint, ReplayReceipt, ReplayRequest, RotatedSecret, TestReceipt,
  WebhookAttemptPage, WebhookEndpoint, WebhookEndpointChange, WebhookEndpointPage
} from './schema.ts'
import { plainSecret } from './secrets.ts'
import { addEndpoint, alterEndpoint, askForTest, checkAddress, ownEndpoint, removeEndpoint, replay, rotateSecret, shownEndpoints, type Approval } from './service.ts'
import { attemptsOf, endpointsOf, type Endpoint } from './store.ts'

const endpoint_example = {
  endpoint_no: 'ep_01JB2Q8Z6V7K3M5N9P4R1S0T2X', participant_no: 'bank-1', url: 'https://hooks.bank.example/rongqiao', event_types: ['lead.pushed', 'lead.withdrawn'],
  description: null, concurrency: 8, status: 'ACTIVE', disabled_reason: null, confirmed: true, verified: true, consecutive_failures: 0, failing_since: null, resting_until: null, pending: 0,
  dead: 0, public_key: 'whpk_3b1sXGqYcVfK1Xq0Y7mF0n1wq1r3b0mZ2Jt7y5nQm9o=', version: 1, created_at: '2026-03-18T02:00:00.000Z', updated_at: '2026-03-18T02:00:00.000Z'
}
const secret_example = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDVwz8fQb1kY0='

/** The kept answer names the secret by number; only what is sent carries it in plain. */
async function withSecret (db: Db, cipher: Cipher, answer: Answer): Promise<Answer> {
  const { text } = answer.body as { text: string }
  const { secret: secret_no, ...body } = JSON.parse(text) as { secret: string | null }
  const secret = secret_no === null ? null : await plainSecret(db.read, cipher, secret_no)
  return { ...answer, body: frozen(JSON.stringify({ ...body, secret })) }
}

export function deliveryRoutes (app: FastifyInstance, { db, cipher }: { db: Db, cipher: Cipher }, dialler: Dialler, kept_days: number, approval: Approval): void {
  const shown = async (sql: Db['read'], endpoint: Endpoint, now: string) => (await shownEndpoints(sql, [endpoint], now))[0]

  operation(app, { db }, {
    id: 'addWebhookEndpoint',
    method: 'POST',
    path: '/v1/webhook-endpoints',
    summary: 'Register a webhook endpoint',
    summary_zh: '登记回调地址',
    description: 'Messages follow Standard Webhooks 1.0 and are thin: number and link, details are pulled. The address first answers a signed challenge. Only public ' +
      'https addresses are called. The secret is shown in this answer only. In production two persons: nothing is called until another person of the participant ' +
      'has sent the same (200). S1 四(三)3; S2 (十五) 平台对接.',
    callers: 'any',
    confidential: true,
    body: NewWebhookEndpoint,
    replies: { 201: CreatedWebhookEndpoint, 200: CreatedWebhookEndpoint },
    refuses: ['endpoint_address_refused', 'rule_broken', 'own_work'],
    example: {
      request: { url: 'https://hooks.bank.example/rongqiao', event_types: ['lead.pushed', 'lead.withdrawn'] },
      reply: { ...endpoint_example, verified: false, secret: secret_example }
    }
  }, async call => {
    await checkAddress(dialler, call.body.url)
    return withSecret(db, cipher, await call.decide(async (sql, now) => {
      const { endpoint, secret_no } = await addEndpoint(sql, now, call.principal, cipher, call.body, approval)
      const body = { ...await shown(sql, endpoint, now), secret: secret_no }
      return { status: secret_no === null ? 200 : 201, body, version: endpoint.version, headers: { location: `/v1/webhook-endpoints/${endpoint.endpoint_no}` } }
    }))
  })

  operation(app, { db }, {
    id: 'listWebhookEndpoints',
    method: 'GET',
    path: '/v1/webhook-endpoints',
    summary: 'List own webhook endpoints',
    summary_zh: '查询回调地址',
    description: 'With their health: failures in a row, messages that wait, messages given up. S2 (十五) 平台对接.',
    callers: 'any',
    query: EndpointQuery,
    replies: { 200: WebhookEndpointPage },
    example: { reply: { items: [endpoint_example], next_cursor: null } }
  }, async ({ principal, query, now }) => {
    const page = pageRequest('listWebhookEndpoints', principal, query)
    const rows = await endpointsOf(db.read, principal.participant_no, page.after, page.limit + 1)
    const { items, next_cursor } = pageOf('listWebhookEndpoints', principal, page, rows, row => row.endpoint_no)
    return { status: 200, body: { items: await shownEndpoints(db.read, items, now), next_cursor } }
  })

  operation(app, { db }, {
    id: 'getWebhookEndpoint',
    method: 'GET',
    path: '/v1/webhook-endpoints/{endpoint_no}',
    summary: 'Show a webhook endpoint',
    summary_zh: '查询单个回调地址',
    description: 'With its version for a change. S2 (十五) 平台对接.',
    callers: 'any',
    params: EndpointParams,
    replies: { 200: WebhookEndpoint },
    example: { reply: endpoint_example }
  }, async ({ principal, params, now }) => {
    const endpoint = await ownEndpoint(db.read, principal, params.endpoint_no)
    return { status: 200, body: await shown(db.read, endpoint, now), headers: { etag: `"${endpoint.version}"` } }
  })

  operation(app, { db }, {
    id: 'changeWebhookEndpoint',
    method: 'PATCH',
    path: '/v1/webhook-endpoints/{endpoint_no}',
    summary: 'Change, pause or resume a webhook endpoint',
    summary_zh: '变更、暂停或恢复回调地址',
    description: 'A new address, and one that the hub had disabled, answers a challenge before it is used; in production a new address waits for a second person, who sends it as a ' +
      'registration. What came in between is sent afterwards. S2 (十五) 平台对接.',
    callers: 'any',
    versioned: true,
    params: EndpointParams,
    body: WebhookEndpointChange,
    replies: { 200: WebhookEndpoint },
    refuses: ['endpoint_address_refused', 'rule_broken', 'state_conflict'],
    example: { request: { status: 'PAUSED' }, reply: { ...endpoint_example, status: 'PAUSED', version: 2 } }
  }, async ({ principal, params, body, if_match, now }) => {
    const endpoint = await alterEndpoint(db, dialler, principal, params.endpoint_no, if_match, body, approval)
    return { status: 200, body: await shown(db.read, endpoint, now), version: endpoint.version }
  })

  operation(app, { db }, {
    id: 'deleteWebhookEndpoint',
    method: 'DELETE',
    path: '/v1/webhook-endpoints/{endpoint_no}',
    summary: 'Remove a webhook endpoint',
    summary_zh: '删除回调地址',
    description: 'Nothing more is sent; what waits is dropped. The feed keeps everything. S2 (十五) 平台对接.',
    callers: 'any',
    versioned: true,
    params: EndpointParams,
    replies: { 204: WebhookEndpoint }
  }, async ({ principal, params, if_match }) => {
    await removeEndpoint(db, principal, params.endpoint_no, if_match)
    return { status: 204 }
  })

  operation(app, { db }, {
    id: 'rotateWebhookSecret',
    method: 'POST',
    path: '/v1/webhook-endpoints/{endpoint_no}/rotate-secret',
    summary: 'Give an endpoint a new secret',
    summary_zh: '轮换签名密钥',
    description: 'For 24 hours every message carries signatures of the old and the new secret. JR/T 0185-2020: key replacement.',
    callers: 'any',
    confidential: true,
    params: EndpointParams,
    replies: { 200: RotatedSecret },
    example: {
      reply: { endpoint_no: endpoint_example.endpoint_no, secret: secret_example, public_key: endpoint_example.public_key, previous_valid_until: '2026-03-19T02:00:00.000Z' }
    }
  }, async call => withSecret(db, cipher, await call.decide(async (sql, now) => {
    const { secret_no, public_key, previous_valid_until } = await rotateSecret(sql, now, call.principal, cipher, call.params.endpoint_no)
    return { status: 200, body: { endpoint_no: call.params.endpoint_no, secret: secret_no, public_key, previous_valid_until } }
  })))

  operation(app, { db }, {
    id: 'testWebhookEndpoint',
    method: 'POST',
    path: '/v1/webhook-endpoints/{endpoint_no}/test',
    summary: 'Send a test message',
    summary_zh: '发送测试消息',
    description: 'A message `webhook_endpoint.tested` takes the way of all others; its attempts are listed. S2 (十五) 平台对接.',
    callers: 'any',
    params: EndpointParams,
    replies: { 202: TestReceipt },
    example: { reply: { endpoint_no: endpoint_example.endpoint_no, requested_at: '2026-03-18T02:00:00.000Z' } }
  }, async call => call.decide(async (sql, now) => {
    await askForTest(sql, now, call.principal, call.params.endpoint_no)
    return { status: 202, body: { endpoint_no: call.params.endpoint_no, requested_at: now } }
  }))

  operation(app, { db }, {
    id: 'listWebhookAttempts',
    method: 'GET',
    path: '/v1/webhook-endpoints/{endpoint_no}/attempts',
    summary: 'List attempts of an endpoint',
    summary_zh: '查询投递记录',
    description: `The owner sees every attempt with its answer, the newest first, for ${kept_days} days. The feed keeps every event, and replay sends it again. S2 (十五) 平台对接.`,
    callers: 'any',
    params: EndpointParams,
    query: AttemptQuery,
    replies: { 200: WebhookAttemptPage },
    example: {
      reply: {
        items: [{
          attempt_no: 'att_01JB2Q8Z6V7K3M5N9P4R1S0T2X', event_no: 'evt_01JB2Q8Z6V7K3M5N9P4R1S0T2W', type: 'lead.pushed', attempt: 1,
          attempted_at: '2026-03-18T02:00:00.100Z', duration_ms: 84, status_code: 204, error: null, outcome: 'DELIVERED'
        }],
        next_cursor: null
      }
    }
  }, async ({ principal, params, query }) => {
    await ownEndpoint(db.read, principal, params.endpoint_no)
    const operation_id = `listWebhookAttempts ${params.endpoint_no}`
    const page = pageRequest(operation_id, principal, query)
    const rows = await attemptsOf(db.read, params.endpoint_no, query, page.after, page.limit + 1)
    return { status: 200, body: pageOf(operation_id, principal, page, rows, row => row.attempt_no) }
  })

  operation(app, { db }, {
    id: 'replayWebhooks',
    method: 'POST',
    path: '/v1/webhook-endpoints/{endpoint_no}/replay',
    summary: 'Send events again',
    summary_zh: '重新投递',
    description: 'One event by its number, or those of a time, at most 10,000; under their old numbers, so that a receiver knows them. S2 (十五) 平台对接.',
    callers: 'any',
    params: EndpointParams,
    body: ReplayRequest,
    replies: { 202: ReplayReceipt },
    refuses: ['period_reversed'],
    example: { request: { event_no: 'evt_01JB2Q8Z6V7K3M5N9P4R1S0T2W' }, reply: { endpoint_no: endpoint_example.endpoint_no, events: 1 } }
  }, async call => call.decide(async (sql, now) => ({
    status: 202, body: { endpoint_no: call.params.endpoint_no, events: await replay(sql, now, call.principal, call.params.endpoint_no, call.body) }
  })))
}
