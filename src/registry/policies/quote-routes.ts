/** Quotes over HTTP. A subsidy quote is checked by the schema of its kind, so that every mistake is told plainly. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { deadline_example, loan_example, risk_example } from './quote-examples.ts'
import {
  DeadlineReplySchema, DeadlineRequestSchema, quote_kinds, QuoteKind, RiskShareReplySchema, RiskShareRequestSchema, SubsidyQuoteReplySchema, SubsidyQuoteRequestSchema, type QuoteBody
} from './quote-schema.ts'
import { deadlineQuote, riskShareQuote, subsidyQuote } from './quotes.ts'

function checkShape (request: FastifyRequest, schema: TSchema): void {
  const validate = request.compileValidationSchema(schema as Record<string, unknown>, 'body')
  if (validate(request.body) !== true) throw Object.assign(new Error('the body does not have the agreed form'), { validation: validate.errors ?? [], validationContext: 'body' })
}

export function quoteRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'quoteSubsidy',
    method: 'POST',
    path: '/v1/subsidy-quotes',
    idempotent: false,
    summary: 'Compute a subsidy with its trace',
    summary_zh: '测算贴息（补助）并列明依据',
    description: 'The kernel as the hub itself uses it: terms in force on the day of payment, ceilings in the order of the paid date, one trace entry per step with its clause. ' +
      'Before 2024-06-09 and after 2027-12-31 the amount is 0.00 (OUTSIDE_POLICY_PERIOD). With draft_version also what that version would pay. Nothing is stored. ' +
      'Clauses: S2 (一)(三)(五)(六)(十三), S3 (二)(四)(十二)(十三), S1 五(二).',
    callers: 'any',
    body: SubsidyQuoteRequestSchema,
    body_media: 'application/json',
    replies: { 200: SubsidyQuoteReplySchema },
    refuses: ['segments_reversed', 'segments_overlap', 'balance_over_loan', 'rate_too_high', 'amount_too_large', 'policy_unknown'],
    example: loan_example
  }, async call => {
    checkShape(call.request, QuoteKind)
    const body = call.request.body as QuoteBody
    checkShape(call.request, quote_kinds[body.kind])
    return { status: 200, body: await subsidyQuote(db, body) }
  })

  operation(app, { db }, {
    id: 'quoteRiskShare',
    method: 'POST',
    path: '/v1/risk-share-quotes',
    idempotent: false,
    summary: 'Compute who bears a default',
    summary_zh: '测算代偿风险分担',
    description: '40 % guarantor, 30 % fiscal, 20 % bank, 10 % re-guarantor, by largest remainder; above the 4 % breaker the bank bears the excess. Nothing is stored. Clause: S1 五(一).',
    callers: 'any',
    body: RiskShareRequestSchema,
    replies: { 200: RiskShareReplySchema },
    refuses: ['amount_too_large'],
    example: risk_example
  }, async call => ({ status: 200, body: await riskShareQuote(db, call.body) }))

  operation(app, { db }, {
    id: 'quoteDeadlines',
    method: 'POST',
    path: '/v1/deadline-quotes',
    idempotent: false,
    summary: 'Compute the due days of the 3个1 clock',
    summary_zh: '测算“3个1”限时办结时限',
    description: 'Contact within one working day, plan and approval within one week, disbursement within one week; the Beijing day counts and a last day off moves on. ' +
      'A stage left out is taken as done on its due day. Nothing is stored. Clause: S2 (十五).',
    callers: 'any',
    body: DeadlineRequestSchema,
    replies: { 200: DeadlineReplySchema },
    refuses: ['stage_order'],
    example: deadline_example
  }, async call => ({ status: 200, body: await deadlineQuote(db, call.body) }))
}
