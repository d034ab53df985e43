import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { decisionRoute } from '../evidence/decision-routes.ts'
import { readingRoutes } from '../evidence/routes.ts'
import { heldFor } from '../evidence/store.ts'
import { FeeVoucher, fee_voucher_example, fee_voucher_shown, NewFeeVoucher } from './schema.ts'
import { acceptFeeVoucher, countAgain, feePeriod, shownFeeVoucher, uncountFee } from './service.ts'
import { feeVouchers, fee_vouchers, type FeeVoucherRow } from './store.ts'

const clause = 'Proof of a guarantee fee paid. S2 (5): half of the fee to the guarantor where the annual rate is at most 1 %.'

export function feeVoucherRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'createFeeVoucher',
    method: 'POST',
    path: '/v1/fee-vouchers',
    summary: 'Submit a fee voucher',
    summary_zh: '报送担保费凭证',
    description: `${clause} The fees of a contract never exceed its agreed fee.`,
    callers: ['GUARANTOR'],
    signed: true,
    body: NewFeeVoucher,
    replies: { 201: FeeVoucher, 200: FeeVoucher },
    refuses: ['authorization_missing', 'authorization_not_active', 'duplicate_key', 'state_conflict', 'amount_not_positive',
      'paid_date_in_future', 'period_reversed', 'contract_unknown',
      'amount_over_contract', 'document_unknown', 'voucher_unknown'],
    example: { request: fee_voucher_example, reply: fee_voucher_shown }
  }, async call => call.decide(async (sql, now) => {
    const { row, is_new } = await acceptFeeVoucher(sql, now, call.principal, call.body)
    return { status: is_new ? 201 : 200, body: shownFeeVoucher(row), version: row.version,
      headers: { location: `/v1/fee-vouchers/${row.number}` } }
  }))

  readingRoutes<FeeVoucherRow>(app, { db }, {
    path: 'fee-vouchers', one: 'FeeVoucher', many: 'FeeVouchers', english: 'fee vouchers', chinese: '担保费凭证', description: clause,
      store: feeVouchers,
    readers: ['GUARANTOR', 'ENTERPRISE'], watchers: ['MEIC'], schema: FeeVoucher, example: fee_voucher_shown, shown: shownFeeVoucher,
    readsOf: heldFor(fee_vouchers)
  })

  decisionRoute(app, { db }, {
    path: 'fee-vouchers', one: 'FeeVoucher', english: 'a fee voucher', chinese: '担保费凭证', schema: FeeVoucher, example: fee_voucher_shown, shown: shownFeeVoucher,
    room: { store: feeVouchers, event: 'fee_voucher', kind: 'GUARANTEE_FEE', scope: 'GUARANTEE', period: feePeriod, giveUp: uncountFee, takeBack: countAgain }
  })
}
