/** The receipt of an enterprise. */
import type { FastifyInstance } from 'fastify'
import { digestOf } from '../../db/canonical.ts'
import type { Db } from '../../db/db.ts'
import { frozen, operation } from '../../http/operation.ts'
import { page_policy, receiptPage } from './page.ts'
import { receipt_example, ReceiptParams, ReceiptQuery, ReceiptSchema } from './schema.ts'
import { receiptOf } from './service.ts'

export function receiptRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'getEnterpriseReceipt',
    method: 'GET',
    tagged: true,
    path: '/v1/enterprises/{uscc}/receipt',
    summary: 'Read the receipt of an enterprise',
    summary_zh: '查询企业回执',
    description: 'One document for the enterprise itself, and for MEIC: its needs and who answered, who saw which field when and on ' +
      'which basis, its vouchers, each step of each ' +
      'subsidy with its clause, and where the money is. `format=html` is a plain page to print. S2 (十三) 免申即享; 个人信息保护法: access to own data.',
    callers: ['ENTERPRISE', 'MEIC'],
    params: ReceiptParams,
    query: ReceiptQuery,
    replies: { 200: ReceiptSchema },
    other_media: ['text/html'],
    example: { query: { format: 'json' }, reply: receipt_example }
  }, async ({ principal, params, query, now }) => {
    const receipt = await receiptOf(db.read, principal, params.uscc, now)
    const version = digestOf([query.format ?? 'json', receipt])
    if (query.format !== 'html') return { status: 200, body: frozen(JSON.stringify(receipt)), version }
    return {
      status: 200, body: Buffer.from(receiptPage(receipt)), version,
      headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': page_policy, 'referrer-policy': 'no-referrer' }
    }
  })
}
