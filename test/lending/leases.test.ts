import t from 'tap'
import { acceptedRentVouchers } from '../../src/lending/rent-vouchers/store.ts'
import { dueMarks } from '../../src/lending/marks.ts'
import { build, type Built } from '../helper.ts'
import { aDocument, aDrawdown, aLease, aLoanContract, aRentVoucher, authorize, created, knowEnterprise, name_2, project_1,
  uscc_1 } from './fixtures.ts'

async function leasing (t: Parameters<typeof build>[0]): Promise<{ hub: Built, document_no: string }> {
  const hub = await build(t, { now: '2026-06-23T02:00:00.000Z' })
  await authorize(hub)
  await knowEnterprise(hub)
  return { hub, document_no: await aDocument(hub, 'lessor-1') }
}

t.test('a direct lease and its rents are accepted and due for derivation', async t => {
  const { hub, document_no } = await leasing(t)
  const lessor = hub.as('lessor-1')
  const lease = aLease(document_no)
  const kept = created(await lessor.post('/v1/lease-contracts', lease))
  t.match(kept, { status: 'ACCEPTED', lease_mode: 'DIRECT', day_count: 'ACT_360', implied_annual_rate_pct: null })
  const voucher = created(await lessor.post('/v1/rent-vouchers', aRentVoucher(lease.lease_contract_no, await aDocument(hub, 'lessor-1'))))
  t.match(voucher, { status: 'ACCEPTED', recomputed_interest: '398666.67', lessee_uscc: uscc_1, rent_no: null })
  t.match(await dueMarks(hub.db.read, 10), [{ uscc: uscc_1, project_code: project_1, kind: 'LEASE' }])
  t.match(await acceptedRentVouchers(hub.db.read, uscc_1, project_1),
    [{ number: voucher.number, lease_mode: 'DIRECT', financed_principal_fen: 3_000_000_000, normal_interest_fen: 39_866_667 }])
  t.equal((await hub.as('enterprise-1').get(`/v1/lease-contracts/${kept.number}`)).statusCode, 200)
  t.equal((await hub.as('enterprise-2').get(`/v1/rent-vouchers/${voucher.number}`)).statusCode, 404)
  t.equal((await hub.as('bank-1').get('/v1/lease-contracts')).json().code, 'role_not_allowed')
})

t.test('A-17: a converted lease needs new equipment bought within six months, an ordinary leaseback is refused', async t => {
  const { hub, document_no } = await leasing(t)
  const send = async (changes: Record<string, unknown>) => (await hub.as('lessor-1').post('/v1/lease-contracts', aLease(document_no,
    changes))).json()
  const converted = (purchase_date: string, is_new_equipment = true) => ({ lease_mode: 'DIRECT_TO_LEASEBACK',
    leaseback_conversion: { purchase_date, is_new_equipment } })
  t.match(await send({ lease_mode: 'SALE_AND_LEASEBACK' }), { status: 422, code: 'leaseback_refused',
    errors: [{ code: 'SALE_AND_LEASEBACK' }] })
  t.match(await send({ lease_mode: 'DIRECT_TO_LEASEBACK' }), { code: 'leaseback_refused' })
  t.match(await send(converted('2025-09-20')), { code: 'leaseback_refused' })
  t.match(await send(converted('2026-01-10', false)), { code: 'leaseback_refused' })
  t.match(await send(converted('2026-03-22')), { code: 'leaseback_refused' })
  t.match(await send(converted('2025-09-21')), { status: 'ACCEPTED' })
})

t.test('every broken rule of a lease or a rent refuses it', async t => {
  const { hub, document_no } = await leasing(t)
  const lessor = hub.as('lessor-1')
  const lease = aLease(document_no, { implied_annual_rate_pct: '5.20' })
  created(await lessor.post('/v1/lease-contracts', lease))
  const leases: [Record<string, unknown>, number, string][] = [
    [{ lessee_uscc: '91500112MAXX00016Q' }, 422, 'uscc_check_digit'],
    [{ financed_principal: '0.00' }, 422, 'amount_not_positive'],
    [{ lease_end: '2026-03-21' }, 422, 'period_reversed'],
    [{ implied_annual_rate_pct: '101' }, 422, 'rate_too_high'],
    [{ document_no: await aDocument(hub, 'bank-1') }, 422, 'document_unknown'],
    [{ lessee_uscc: '91500115MAXX00023Y' }, 403, 'authorization_missing'],
    [{ land_amount: '0.00' }, 400, 'invalid_request'],
    [{ lease_contract_no: lease.lease_contract_no }, 409, 'duplicate_key']
  ]
  for (const [changes, status, code] of leases) t.match((await lessor.post('/v1/lease-contracts', aLease(document_no, changes))).json(),
    { status, code }, code)
  const rents: [Record<string, unknown>, number, string][] = [
    [{ lease_contract_no: 'ZL-NEVER' }, 422, 'contract_unknown'],
    [{ segments: [{ from: '2026-03-21', to: '2026-06-21', balance: '30000000.01', annual_rate_pct: '5.20' }] }, 422, 'balance_over_loan'],
    [{ normal_interest: '410000.00' }, 422, 'interest_recalc_mismatch'],
    [{ paid_date: '2026-06-24' }, 422, 'paid_date_in_future']
  ]
  for (const [changes, status, code] of rents) {
    t.match((await lessor.post('/v1/rent-vouchers', aRentVoucher(lease.lease_contract_no, document_no, changes))).json(), { status, code },
      code)
  }
  const other_rate = created(await lessor.post('/v1/rent-vouchers', aRentVoucher(lease.lease_contract_no, document_no, {
    segments: [{ from: '2026-03-21', to: '2026-06-21', balance: '30000000.00', annual_rate_pct: '5.10' }], normal_interest: '391000.00',
      payer_account_name: name_2
  })))
  t.match(other_rate, { status: 'HELD', findings: [{ code: 'RATE_NOT_OF_CONTRACT' }, { code: 'NAME_MISMATCH' }] }, 'another rate, and somebody else paid')
  t.match((await lessor.post('/v1/rent-vouchers', aRentVoucher(lease.lease_contract_no, document_no))).json(),
    { status: 409, code: 'period_overlap' })
})

t.test('equipment that a loan paid for is not leased unnoticed', async t => {
  const { hub, document_no } = await leasing(t)
  const bank = hub.as('bank-1')
  const contract = aLoanContract(await aDocument(hub))
  created(await bank.post('/v1/loan-contracts', contract))
  created(await bank.post('/v1/drawdowns', aDrawdown(contract.loan_contract_no, { payees: [{ name: '示范设备供应商', amount: '1.00',
    invoice_no: 'INV-1' }] })))
  const equipment = [{ name: '加工中心', quantity: 1, price: '1.00', invoice_no: 'inv-1' }]
  const lease = await hub.as('lessor-1').post('/v1/lease-contracts', aLease(document_no, { equipment }))
  t.match(lease.json(), { findings: [{ code: 'UNDER_REVIEW' }] })
  t.notMatch(lease.body, /bank-1|JJ-|DOUBLE/)
  const own = await hub.as('lessor-1').post('/v1/lease-contracts',
    aLease(document_no, { equipment: [{ name: '加工中心', quantity: 1, price: '1.00', invoice_no: 'INV-2' }] }))
  t.same(own.json().findings, [])
  const again = await hub.as('lessor-1').post('/v1/lease-contracts',
    aLease(document_no, { equipment: [{ name: '加工中心', quantity: 1, price: '1.00', invoice_no: 'INV-2' }] }))
  t.match(again.json().findings, [{ code: 'EQUIPMENT_DOUBLE_FINANCED' }])
})
