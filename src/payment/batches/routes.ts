/** Payment batches, instructions, results, reconciliation. */
import type { FastifyInstance } from 'fastify'
import type { Cipher } from '../../db/cipher.ts'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { listOf } from '../../http/schema.ts'
import { XLSX_MEDIA_TYPE } from '../../intake/enterprise-lists/writing.ts'
import { beijingDate, instantMs, instantOf } from '../../policy/calendar.ts'
import { nullable } from '../../http/schema.ts'
import Type from 'typebox'
import { collect } from './collecting.ts'
import { reconcile, reconciliationShown } from './reconciling.ts'
import {
  ApproveBody, batch_example, batch_item_example, BatchBody, BatchItem, BatchParams, BatchQuery, BatchView, example_digest,
    InstructionQuery, reconciliation_example,
  ReconciliationQuery, ReconciliationView
} from './schema.ts'
import { approve, batchFor, close, instruct, viewOf } from './service.ts'
import { batchItem, batchShown } from './showing.ts'
import { listBatches } from './store.ts'

const path = '/v1/payment-batches/{batch_no}'
const readers = ['FINANCE_BUREAU', 'MEIC', 'ENTERPRISE', 'GUARANTOR'] as const

export function batchRoutes (app: FastifyInstance, { db, cipher }: { db: Db, cipher: Cipher }): void {
  operation(app, { db }, {
    id: 'openPaymentBatch',
    method: 'POST',
    path: '/v1/payment-batches',
    summary: 'Open a batch with everything that is payable',
    summary_zh: '生成拨付批次',
    description: 'Collects approved lines that no live payment holds: cooperating institutions first (S2 (十九)), then by the day of payment, as far as the budget carries; ' +
      'the rest waits for the next batch. One payment per payee, directly to its account (S2 (十三)). Open claw-backs are taken off. ' +
      'A payment of an earlier day without a final result blocks new batches.',
    callers: ['FINANCE_BUREAU'],
    person: true,
    body: BatchBody,
    replies: { 201: BatchView, 200: BatchView },
    refuses: ['duplicate_key', 'reconciliation_open', 'budget_missing', 'nothing_to_pay', 'budget_exhausted'],
    example: { request: { batch_no: 'PB-2026-001' }, reply: { ...batch_example, status: 'OPEN', digest: null, closed_by: null,
      closed_at: null, version: 1 } }
  }, call => call.decide(async (sql, now) => {
    const { batch, is_new } = await collect(sql, now, call.principal, cipher, call.body)
    return {
      status: is_new ? 201 : 200, body: batchShown(await viewOf(sql, call.principal, batch)), version: batch.version,
        headers: { location: `/v1/payment-batches/${batch.batch_no}` }
    }
  }))

  operation(app, { db }, {
    id: 'listPaymentBatches',
    method: 'GET',
    path: '/v1/payment-batches',
    summary: 'List payment batches',
    summary_zh: '查询拨付批次',
    description: 'S2 (十三): 贴息资金直接拨付至企业账户.',
    callers: ['FINANCE_BUREAU', 'MEIC'],
    query: BatchQuery,
    replies: { 200: listOf(BatchItem) },
    example: { reply: { items: [batch_item_example], next_cursor: null } }
  }, async ({ principal, query, spec }) => {
    const page = pageRequest(spec.id, principal, query)
    const { updated_since, status, year } = query
    const rows = await listBatches(db.read, {
      status, year: year === undefined ? undefined : String(year), updated_since: updated_since === undefined ? undefined : instantOf(instantMs(updated_since)), after: page.after,
        limit: page.limit + 1
    })
    const { items, next_cursor } = pageOf(spec.id, principal, page, rows, row => row.message_no)
    return { status: 200, body: { items: items.map(batchItem), next_cursor } }
  })

  operation(app, { db }, {
    id: 'getPaymentBatch',
    method: 'GET',
    tagged: true,
    path,
    summary: 'Read a batch with its payments',
    summary_zh: '查询拨付批次及拨付明细',
    description: 'A payee sees its own payments only. S2 (十三).',
    callers: readers,
    params: BatchParams,
    replies: { 200: BatchView },
    example: { reply: batch_example }
  }, async ({ principal, params }) => {
    const view = await viewOf(db.read, principal, await batchFor(db.read, principal, params.batch_no))
    return { status: 200, body: batchShown(view), version: `${view.batch.version}.${view.payments.reduce((sum, { version }) => sum + version, 0)}` }
  })

  operation(app, { db }, {
    id: 'closePaymentBatch',
    method: 'POST',
    path: `${path}/close`,
    summary: 'Close a batch over what is payable now',
    summary_zh: '关闭拨付批次',
    description: 'What is held, or whose account has changed since, is taken out. The digest covers every payment down to the account; the approval names it. S2 (十三).',
    callers: ['FINANCE_BUREAU'],
    person: true,
    signed: true,
    params: BatchParams,
    body: nullable(Type.Object({}, { additionalProperties: false })),
    replies: { 200: BatchView },
    refuses: ['state_conflict', 'nothing_to_pay'],
    example: { request: {}, reply: batch_example }
  }, call => call.decide(async (sql, now) => {
    const batch = await close(sql, now, call.principal, cipher, call.params.batch_no)
    return { status: 200, body: batchShown(await viewOf(sql, call.principal, batch)), version: batch.version }
  }))

  operation(app, { db }, {
    id: 'approvePaymentBatch',
    method: 'POST',
    path: `${path}/approve`,
    summary: 'Approve a closed batch',
    summary_zh: '审批拨付批次',
    description: 'By another person than the one who closed it, over exactly its digest; the budget is used up. S2 (十三)(十九).',
    callers: ['FINANCE_BUREAU'],
    person: true,
    signed: true,
    params: BatchParams,
    body: ApproveBody,
    replies: { 200: BatchView },
    refuses: ['own_work', 'state_conflict', 'changed_since', 'budget_exhausted'],
    example: {
      request: { digest: example_digest },
      reply: { ...batch_example, status: 'APPROVED', approved_by: 'finance-bureau-user-2', approved_at: '2026-04-06T03:00:00.000Z',
        version: 3 }
    }
  }, call => call.decide(async (sql, now) => {
    const batch = await approve(sql, now, call.principal, cipher, call.params.batch_no, call.body.digest)
    return { status: 200, body: batchShown(await viewOf(sql, call.principal, batch)), version: batch.version }
  }))

  operation(app, { db }, {
    id: 'getPaymentInstruction',
    method: 'GET',
    path: `${path}/instruction`,
    summary: 'Fetch the payment instruction',
    summary_zh: '获取支付指令',
    description: 'ISO 20022 pain.001.001.09, or a workbook with format=xlsx. The first fetch marks the batch as sent; later ones give the same bytes. A payment whose payee changed its account after the approval is cancelled instead and follows in a later batch. S2 (十三): 直接拨付至企业账户.',
    callers: ['FINANCE_BUREAU'],
    params: BatchParams,
    query: InstructionQuery,
    replies: { 200: { media: 'application/xml', description: 'pain.001.001.09; with format=xlsx a workbook' } },
    other_media: [XLSX_MEDIA_TYPE],
    refuses: ['state_conflict', 'changed_since', 'nothing_to_pay']
  }, async ({ principal, params, query }) => {
    const format = query.format ?? 'xml'
    const { batch, body } = await instruct(db, principal, cipher, params.batch_no, format)
    const media = format === 'xml' ? 'application/xml; charset=utf-8' : XLSX_MEDIA_TYPE
    return {
      status: 200, body: typeof body === 'string' ? body : Buffer.from(body),
      headers: { 'content-type': media, 'content-disposition': `attachment; filename="${batch.message_no}.${format}"` }
    }
  })

  operation(app, { db }, {
    id: 'getReconciliation',
    method: 'GET',
    path: '/v1/reconciliation',
    summary: 'Reconcile instruction, results and lines of a day',
    summary_zh: '按日对账',
    description: 'To the fen. What has no final result on a later day blocks the next batch. S2 (十三).',
    callers: ['FINANCE_BUREAU', 'MEIC'],
    query: ReconciliationQuery,
    replies: { 200: ReconciliationView },
    example: { query: { date: '2026-04-07' }, reply: reconciliation_example }
  }, async ({ query, now }) => ({ status: 200, body: reconciliationShown(await reconcile(db.read, query.date ?? beijingDate(now))) }))
}
