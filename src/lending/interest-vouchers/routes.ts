import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { eachValue } from '../../db/gathering.ts'
import { decideTogether } from '../../http/decisions.ts'
import { operation, type Answer } from '../../http/operation.ts'
import { policiesOf } from '../../registry/policies/service.ts'
import { decisionRoute } from '../evidence/decision-routes.ts'
import { readingRoutes } from '../evidence/routes.ts'
import { heldFor } from '../evidence/store.ts'
import { prepare, type Accepted, type Sent } from './accepting.ts'
import { acceptBatch } from './batches.ts'
import { InterestVoucher, InterestVoucherBatch, interest_voucher_example, interest_voucher_shown, NewInterestVoucher,
  NewInterestVoucherBatch } from './schema.ts'
import { acceptInterestVouchers, shownInterestVoucher } from './service.ts'
import { interestPeriods, interestVouchers, interest_vouchers, type InterestVoucherRow } from './store.ts'

const clause = 'Proof of interest paid on a drawdown. S2 (13): pay first, subsidise later; S2 (1): interest of the project loan.'

/** What an interest or rent voucher may be refused for. */
export const interest_refusals = ['authorization_missing', 'authorization_not_active', 'duplicate_key', 'state_conflict', 'period_overlap',
  'segments_reversed', 'segments_overlap',
  'segment_outside_period', 'period_reversed', 'rate_too_high', 'balance_over_loan', 'interest_recalc_mismatch', 'paid_date_in_future',
    'paid_over_due',
  'contract_unknown', 'document_unknown', 'voucher_unknown', 'rule_broken'] as const

/** What a voucher that was taken in is answered. */
export function answeredVoucher (path: string, { row, is_new }: Accepted, shown: (row: InterestVoucherRow) => Record<string, unknown>): Answer {
  return { status: is_new ? 201 : 200, body: shown(row), version: row.version, headers: { location: `${path}/${row.number}` } }
}

export function interestVoucherRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  const path = '/v1/interest-vouchers'
  const together = decideTogether(db, async (sql, now, sent: readonly Sent<NewInterestVoucher>[]) =>
    eachValue(await acceptInterestVouchers(sql, now, sent), accepted => answeredVoucher(path, accepted, shownInterestVoucher)))
  operation(app, { db }, {
    id: 'createInterestVoucher',
    method: 'POST',
    path,
    summary: 'Submit an interest voucher',
    summary_zh: '报送付息凭证',
    description: `${clause} ACCEPTED, or HELD with findings where a gap, another rate, ` +
      `a rounding or a doubt has to be cleared; a correction with a reason clears the first three.`,
    callers: ['BANK'],
    signed: true,
    body: NewInterestVoucher,
    replies: { 201: InterestVoucher, 200: InterestVoucher },
    refuses: interest_refusals,
    example: { request: interest_voucher_example, reply: interest_voucher_shown }
  }, async call => call.decideWith(together, { principal: call.principal, prepared: prepare(call.body, await policiesOf(db), call.now) }))

  operation(app, { db }, {
    id: 'createInterestVoucherBatch',
    method: 'POST',
    path: '/v1/interest-vouchers/batches',
    summary: 'Submit many interest vouchers',
    summary_zh: '批量报送付息凭证',
    description: `${clause} One answer per voucher; with atomic one refused voucher refuses all.`,
    callers: ['BANK'],
    signed: true,
    body: NewInterestVoucherBatch,
    replies: { 200: InterestVoucherBatch },
    refuses: interest_refusals,
    example: {
      request: { atomic: false, vouchers: [interest_voucher_example] },
      reply: { items: [{ index: 0, status: 201, voucher: interest_voucher_shown, problem: null }] }
    }
  }, async call => {
    const policies = await policiesOf(db)
    const prepared = call.body.vouchers.map(each => prepare(each, policies, call.now))
    return call.decide(async (sql, now) =>
      ({ status: 200, body: { items: await acceptBatch(sql, now, call.principal, prepared, call.body.atomic === true, call.chinese) } }))
  })

  readingRoutes<InterestVoucherRow>(app, { db }, {
    path: 'interest-vouchers', one: 'InterestVoucher', many: 'InterestVouchers', english: 'interest vouchers', chinese: '付息凭证',
      description: clause,
    store: interestVouchers, readers: ['BANK', 'ENTERPRISE'], watchers: ['MEIC'], schema: InterestVoucher, example: interest_voucher_shown,
      shown: shownInterestVoucher,
    readsOf: heldFor(interest_vouchers)
  })

  decisionRoute(app, { db }, {
    path: 'interest-vouchers', one: 'InterestVoucher', english: 'an interest voucher', chinese: '付息凭证', schema: InterestVoucher, example: interest_voucher_shown, shown: shownInterestVoucher,
    room: { store: interestVouchers, event: 'interest_voucher', kind: 'LOAN_INTEREST', scope: 'INTEREST_PAYMENT', period: row => row,
      takeBack: interestPeriods.takeBack }
  })
}
