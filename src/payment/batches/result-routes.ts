/** Results of the bank: JSON, or pain.002 as it comes. */
import type { FastifyInstance } from 'fastify'
import type { Static } from 'typebox'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { Problem } from '../../problem.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { record, resultsFromXml, type Result } from './results.ts'
import { batch_example, BatchParams, BatchView, ResultsBody } from './schema.ts'
import { viewOf } from './service.ts'
import { batchShown } from './showing.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

function textOf (body: Buffer): string {
  try {
    return utf8.decode(body)
  } catch {
    throw new Problem('invalid_request', { detail: 'The body is not UTF-8', detail_zh: '请求体不是有效的 UTF-8' })
  }
}

/** The body that came, JSON checked by its schema, XML by its reader. Errors: invalid_request. */
function resultsOf (request: { body: unknown, compileValidationSchema (schema: Record<string, unknown>,
  part: 'body'): { (body: unknown): unknown, errors?: unknown } }, now: string): readonly Result[] {
  if (typeof request.body === 'string') return resultsFromXml(request.body, beijingDate(now))
  const validate = request.compileValidationSchema(ResultsBody as unknown as Record<string, unknown>, 'body')
  if (validate(request.body) !== true) throw Object.assign(new Error('the body does not have the agreed form'),
    { validation: validate.errors ?? [], validationContext: 'body' })
  return (request.body as Static<typeof ResultsBody>).results
}

/** The parser of XML holds for this one operation. */
export async function resultRoutes (app: FastifyInstance, { db }: { db: Db }): Promise<void> {
  await app.register(async child => {
    child.addContentTypeParser(['application/xml', 'text/xml'], { parseAs: 'buffer' }, async (_request: unknown,
      body: Buffer) => textOf(body))
    operation(child, { db }, {
      id: 'recordPaymentResults',
      method: 'POST',
      path: '/v1/payment-batches/{batch_no}/results',
      summary: 'Record what the bank answered',
      summary_zh: '登记拨付结果',
      description: 'JSON, or a pain.002 document as application/xml (ACSC and ACCC: paid; RJCT: returned; all else: unknown). The same results again change nothing; a contradiction is ' +
        'refused, and so is an amount (InstdAmt or IntrBkSttlmAmt in pain.002) other than the one instructed. RETURNED is sent again only after the payee\'s account has changed, UNKNOWN never. S2 (十三).',
      callers: ['FINANCE_BUREAU'],
      signed: true,
      params: BatchParams,
      body: ResultsBody,
      body_media: 'application/json',
      replies: { 200: BatchView },
      refuses: ['payment_unknown', 'result_amount_differs', 'paid_date_in_future', 'duplicate_key', 'state_conflict'],
      example: {
        request: { results: [{ payment_no: batch_example.payments[0]?.payment_no, status: 'PAID', date: '2026-04-07',
          bank_reference: 'TX20260407000123' }] },
        reply: { ...batch_example, status: 'DONE', approved_by: 'finance-bureau-user-2', approved_at: '2026-04-06T03:00:00.000Z',
          sent_at: '2026-04-06T04:00:00.000Z', done_at: '2026-04-07T02:00:00.000Z' }
      }
    }, call => {
      const results = resultsOf(call.request as never, call.now)
      return call.decide(async (sql, now) => {
        const batch = await record(sql, now, call.principal, call.params.batch_no, results)
        return { status: 200, body: batchShown(await viewOf(sql, call.principal, batch)), version: batch.version }
      })
    })
  })
}
