/** Operations on private networks that webhooks may call. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../db/db.ts'
import { operation } from '../http/operation.ts'
import { pageOf, pageRequest } from '../http/paging.ts'
import { closeNetwork, openNetwork, type Keepers } from './networks.ts'
import { NetworkParams, NewPrivateNetwork, PrivateNetworkPage, PrivateNetworkQuery, PrivateNetworkSchema } from './schema.ts'
import { listNetworks } from './store.ts'

const callers = ['PLATFORM_OPERATOR', 'MEIC'] as const
const request = { cidr: '10.20.0.0/16', note: '电子政务外网 · 财政局接入区' }
const pending = {
  network_no: 'net_01JB2Q8Z6V7K3M5N9P4R1S0T2W', ...request, status: 'PENDING_SECOND_PERSON', created_by: 'platform-operator-user-1', confirmed_by: null, closed_by: null,
  created_at: '2026-03-18T02:00:00.000Z', updated_at: '2026-03-18T02:00:00.000Z'
}
const active = { ...pending, status: 'ACTIVE', confirmed_by: 'platform-operator-user-2' }

export function networkRoutes (app: FastifyInstance, { db }: { db: Db }, keepers: Keepers): void {
  operation(app, { db }, {
    id: 'openWebhookNetwork',
    method: 'POST',
    path: '/v1/webhook-networks',
    summary: 'Open a private network to webhooks, or confirm it',
    summary_zh: '开放回调私有网段（双人）',
    description: 'Two persons: the first request answers 201 PENDING_SECOND_PERSON; the same network and note sent by another person of the operator or MEIC answers 200 ACTIVE. ' +
      'Endpoints inside it may then be registered and called, over https. Loopback, link-local and metadata addresses are never called. S2 (十五) 平台对接: government extranet.',
    callers,
    person: true,
    signed: true,
    body: NewPrivateNetwork,
    replies: { 201: PrivateNetworkSchema, 200: PrivateNetworkSchema },
    refuses: ['network_refused', 'duplicate_key', 'own_work', 'state_conflict'],
    example: { request, reply: pending }
  }, async call => call.decide(async (sql, now) => {
    const { row, is_new } = await openNetwork(sql, now, call.principal, keepers, call.body)
    return { status: is_new ? 201 : 200, body: row }
  }))

  operation(app, { db }, {
    id: 'listWebhookNetworks',
    method: 'GET',
    path: '/v1/webhook-networks',
    summary: 'List private networks',
    summary_zh: '查询回调私有网段',
    description: 'Open ones, those that wait for a second person, and closed ones. S2 (十五) 平台对接.',
    callers,
    query: PrivateNetworkQuery,
    replies: { 200: PrivateNetworkPage },
    example: { reply: { items: [active], next_cursor: null } }
  }, async ({ spec, principal, query }) => {
    const page = pageRequest(spec.id, principal, query)
    return { status: 200, body: pageOf(spec.id, principal, page, await listNetworks(db.read, query, page.after, page.limit + 1), row => row.network_no) }
  })

  operation(app, { db }, {
    id: 'closeWebhookNetwork',
    method: 'POST',
    path: '/v1/webhook-networks/{network_no}/close',
    summary: 'Close a private network',
    summary_zh: '关闭回调私有网段',
    description: 'One person is enough: it takes away. Nothing new is connected; open connections end within a minute. S2 (十五) 平台对接.',
    callers,
    person: true,
    signed: true,
    params: NetworkParams,
    replies: { 200: PrivateNetworkSchema },
    refuses: ['state_conflict'],
    example: { reply: { ...active, status: 'CLOSED', closed_by: 'platform-operator-user-1' } }
  }, async call => call.decide(async (sql, now) => ({ status: 200, body: await closeNetwork(sql, now, call.principal, keepers, call.params.network_no) })))
}
