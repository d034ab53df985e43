import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { eachValue } from '../../db/gathering.ts'
import { decideTogether } from '../../http/decisions.ts'
import { operation } from '../../http/operation.ts'
import { policiesOf } from '../../registry/policies/service.ts'
import { decisionRoute } from '../evidence/decision-routes.ts'
import { readingRoutes } from '../evidence/routes.ts'
import { heldFor } from '../evidence/store.ts'
import { prepare, type Sent } from '../interest-vouchers/accepting.ts'
import { answeredVoucher, interest_refusals } from '../interest-vouchers/routes.ts'
import { NewRentVoucher, RentVoucher, rent_voucher_example, rent_voucher_shown } from './schema.ts'
import { acceptRentVouchers, shownRentVoucher } from './service.ts'
import { rentPeriods, rentVouchers, rent_vouchers, type RentVoucherRow } from './store.ts'

const clause = 'Proof of a rent paid on a direct lease. S2 (3): 2 % on the principal; S2 (13): pay first, subsidise later.'

export function rentVoucherRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  const path = '/v1/rent-vouchers'
  const together = decideTogether(db, async (sql, now, sent: readonly Sent<NewRentVoucher>[]) =>
    eachValue(await acceptRentVouchers(sql, now, sent), accepted => answeredVoucher(path, accepted, shownRentVoucher)))
  operation(app, { db }, {
    id: 'createRentVoucher',
    method: 'POST',
    path,
    summary: 'Submit a rent voucher',
    summary_zh: '报送租金凭证',
    description: `${clause} Judged as an interest voucher is, on the principal balance.`,
    callers: ['LESSOR'],
    signed: true,
    body: NewRentVoucher,
    replies: { 201: RentVoucher, 200: RentVoucher },
    refuses: interest_refusals,
    example: { request: rent_voucher_example, reply: rent_voucher_shown }
  }, async call => call.decideWith(together, { principal: call.principal, prepared: prepare(call.body, await policiesOf(db), call.now) }))

  readingRoutes<RentVoucherRow>(app, { db }, {
    path: 'rent-vouchers', one: 'RentVoucher', many: 'RentVouchers', english: 'rent vouchers', chinese: '租金凭证', description: clause,
    store: rentVouchers, readers: ['LESSOR', 'ENTERPRISE'], watchers: ['MEIC'], schema: RentVoucher, example: rent_voucher_shown, shown: shownRentVoucher,
    readsOf: heldFor(rent_vouchers)
  })

  decisionRoute(app, { db }, {
    path: 'rent-vouchers', one: 'RentVoucher', english: 'a rent voucher', chinese: '租金凭证', schema: RentVoucher, example: rent_voucher_shown, shown: shownRentVoucher,
    room: { store: rentVouchers, event: 'rent_voucher', kind: 'LEASE', scope: 'INTEREST_PAYMENT', period: row => row, takeBack: rentPeriods.takeBack }
  })
}
