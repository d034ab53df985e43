/** Leases, guarantee fees and premiums: the same way from evidence to payment. */
import t from 'tap'
import type { Test } from 'tap'
import { build, type Built } from '../helper.ts'
import { aDocument, aDrawdown, aFeeVoucher, aGuarantee, aLease, aLoanContract, aPolicy, aRentVoucher, authorize, created, knowEnterprise,
  uscc_1 } from '../lending/fixtures.ts'
import { declare, opened } from '../payment/fixtures.ts'
import { approveAll, lines, listProject, packets } from './fixtures.ts'

async function known (t: Test, now = '2026-06-25T02:00:00.000Z'): Promise<Built> {
  const hub = await build(t, { now })
  await authorize(hub)
  await knowEnterprise(hub)
  await listProject(hub)
  return hub
}

t.test('a direct lease is subsidised at 2 % on the balance', async t => {
  const hub = await known(t)
  const lease = aLease(await aDocument(hub, 'lessor-1'))
  created(await hub.as('lessor-1').post('/v1/lease-contracts', lease))
  created(await hub.as('lessor-1').post('/v1/rent-vouchers', aRentVoucher(lease.lease_contract_no, await aDocument(hub, 'lessor-1'))))
  await hub.loops.settle()
  t.match(await lines(hub, 'lessor-1'), [{ kind: 'LEASE', status: 'OPEN', amount: '153333.33', period: '2026Q2', payee_uscc: uscc_1 }])
  t.match(await packets(hub, 'lessor-1'), [{ kind: 'LEASE', claimed_amount: '153333.33' }])
})

t.test('half of a guarantee fee goes to the guarantor, up to the ceiling of the project over all guarantors and years', async t => {
  const hub = await known(t)
  const loan = aLoanContract(await aDocument(hub), { contract_amount: '400000000.00' })
  created(await hub.as('bank-1').post('/v1/loan-contracts', loan))
  created(await hub.as('bank-1').post('/v1/drawdowns', aDrawdown(loan.loan_contract_no)))
  for (const who of ['guarantor-1', 'guarantor-2']) {
    const guarantee = aGuarantee(loan.loan_contract_no, await aDocument(hub, who), {
      guaranteed_principal: '150000000.00', guarantee_fee_total: '1500000.00', start_date: '2026-03-30', end_date: '2027-03-30',
        override_reason: '技改专项贷项目，不受单户额度限制'
    })
    created(await hub.as(who).post('/v1/guarantee-contracts', guarantee))
    created(await hub.as(who).post('/v1/fee-vouchers', aFeeVoucher(guarantee.guarantee_contract_no, await aDocument(hub, who), {
      fee_amount: '1500000.00', paid_date: who === 'guarantor-1' ? '2026-04-02' : '2026-04-01'
    })))
    await hub.loops.settle()
  }
  const live = (await lines(hub)).filter(({ status }) => status === 'OPEN')
  t.same(Object.fromEntries(live.map(({ participant_no, amount }) => [participant_no, amount])),
    { 'guarantor-2': '750000.00', 'guarantor-1': '250000.00' })
  await declare(hub, 'guarantor-2', { holder_uscc: hub.as('guarantor-2').uscc, account_name: '示范融资担保乙（虚构）' })
  await approveAll(hub)
  const batch = await opened(hub)
  t.match(batch.payments, [{ payee_kind: 'GUARANTOR', payee_uscc: hub.as('guarantor-2').uscc, amount: '750000.00' }])
  t.match(batch.left_out, [{ reason: 'ACCOUNT_MISSING' }])
  t.equal((await hub.as('guarantor-2').get(`/v1/payment-batches/${batch.batch_no}`)).statusCode, 200)
})

t.test('a fee above 1 % a year gives a line of nothing that says why', async t => {
  const hub = await known(t)
  const loan = aLoanContract(await aDocument(hub), { contract_amount: '8000000.00' })
  created(await hub.as('bank-1').post('/v1/loan-contracts', loan))
  const guarantee = aGuarantee(loan.loan_contract_no, await aDocument(hub, 'guarantor-1'), {
    guaranteed_principal: '8000000.00', guarantee_fee_total: '80800.00', start_date: '2026-03-30', end_date: '2027-03-30'
  })
  created(await hub.as('guarantor-1').post('/v1/guarantee-contracts', guarantee))
  created(await hub.as('guarantor-1').post('/v1/fee-vouchers', aFeeVoucher(guarantee.guarantee_contract_no,
    await aDocument(hub, 'guarantor-1'), { fee_amount: '80800.00', paid_date: '2026-04-01' })))
  await hub.loops.settle()
  const [line] = await lines(hub, 'guarantor-1')
  t.match(line, { kind: 'GUARANTEE_FEE', amount: '0.00' })
  t.match((await hub.as('guarantor-1').get(`/v1/subsidy-lines/${line?.line_no}`)).json(),
    { trace: [{ rule_id: 'G-02', after: '0.00' }, { rule_id: 'G-01' }, { rule_id: 'G-01-CEILING' }] })
})

t.test('80 % of a premium, recognised up to 3 % of the insured amount; without a project only the enterprise is judged', async t => {
  const hub = await known(t)
  const policy = aPolicy(await aDocument(hub, 'insurer-1'), { annual_premium: '4200000.00', insured_amount: '120000000.00' })
  const product_name = '首台（套）Press 2'
  created(await hub.as('insurer-1').post('/v1/insurance-policies', { ...policy, product_name }))
  await hub.loops.settle()
  t.match(await lines(hub, 'insurer-1'), [{ kind: 'PREMIUM', status: 'OPEN', amount: '2880000.00', payee_uscc: uscc_1 }])
  t.match(await packets(hub, 'insurer-1'), [{ kind: 'PREMIUM', claimed_amount: '2880000.00' }])
  await approveAll(hub)
  t.match(await lines(hub, 'insurer-1'), [{ recognised_amount: '2880000.00', payment_status: 'WAITING' }])
  for (const named of [{ product_name: '首台 (套) PRESS2' }, {}, {}]) {
    const document_no = await aDocument(hub, 'insurer-1')
    created(await hub.as('insurer-1').post('/v1/insurance-policies', { ...policy, document_no, policy_no: `BD-of-${document_no}`, ...named }))
  }
  await hub.loops.settle()
  t.same((await lines(hub, 'insurer-1')).map(({ amount }) => amount), ['2880000.00', '2120000.00', '2880000.00', '2120000.00'], 'five million for one product, however it is written, and for all without a name')
})
