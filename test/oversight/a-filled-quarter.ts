/** The quarter with everything else that reports count: library, leases, guarantees, claims, packets with a cut, payments that came back. */
import type { Test } from 'tap'
import type { Built } from '../helper.ts'
import { aGrant, aNeed, aProject } from '../fixtures.ts'
import { aDocument, aFeeVoucher, aGuarantee, aLease, anAccount, aRentVoucher, aVoucher, authorize, created, name_1, uscc_1 } from '../lending/fixtures.ts'
import { approved, packetOf, submitted, type Packet } from '../subsidy/fixtures.ts'
import { allOf, passed } from './answers.ts'
import { aQuarter, type Quarter } from './a-quarter.ts'

const name = '重庆试验机械有限公司（虚构）'
const project_code = '2606-500157-07-02-100001'

interface Drawn { iou_no: string, loan_contract_no: string, borrower_uscc: string }

async function drawnOf (hub: Built, bank: string, uscc: string): Promise<Drawn> {
  const found = (await allOf<Drawn>(hub, bank, '/v1/drawdowns')).find(each => each.borrower_uscc === uscc)
  if (found === undefined) throw new Error(`${bank} has lent nothing to ${uscc}`)
  return found
}

async function payAll (hub: Built, status: 'PAID' | 'RETURNED', date: string): Promise<void> {
  const { batch_no } = passed<{ batch_no: string }>(await hub.as('finance-bureau', 1).post('/v1/payment-batches', {}))
  const path = `/v1/payment-batches/${batch_no}`
  const { digest } = passed<{ digest: string }>(await hub.as('finance-bureau', 1).post(`${path}/close`, {}))
  passed(await hub.as('finance-bureau', 2).post(`${path}/approve`, { digest }))
  await hub.as('finance-bureau', 1).get(`${path}/instruction`)
  const { payments } = passed<{ payments: { payment_no: string }[] }>(await hub.as('finance-bureau', 1).get(path))
  passed(await hub.as('finance-bureau', 1).post(`${path}/results`, {
    results: payments.map(({ payment_no }) => Object.assign({ payment_no, status, date, bank_reference: `B-${payment_no.slice(-6)}` }, status === 'RETURNED' ? { reason: '账户信息有误' } : {}))
  }))
}

async function guarantee (hub: Built, guarantor: string, bank: string, uscc: string, principal: string, fee: string,
  over: Record<string, unknown> = {}): Promise<{ guarantee_contract_no: string, iou_no: string }> {
  const { loan_contract_no, iou_no } = await drawnOf(hub, bank, uscc)
  const body = aGuarantee(loan_contract_no, await aDocument(hub, guarantor), {
    lender_no: bank, borrower_uscc: uscc, guaranteed_principal: principal, guarantee_fee_total: fee, start_date: '2026-03-12', end_date: '2027-09-12', override_reason: '经评审会审议通过', ...over
  })
  created(await hub.as(guarantor).post('/v1/guarantee-contracts', body))
  created(await hub.as(guarantor).post('/v1/fee-vouchers', aFeeVoucher(body.guarantee_contract_no, await aDocument(hub, guarantor), { fee_amount: fee, paid_date: '2026-03-20' })))
  return { guarantee_contract_no: body.guarantee_contract_no, iou_no }
}

/** The clock ends on 2026-04-02. */
export async function aFilledQuarter (t: Test): Promise<Quarter> {
  const quarter = await aQuarter(t)
  const { hub, usccs } = quarter
  const [first = '', second = '', third = '', , fifth = '', sixth = ''] = usccs
  for (const uscc of [first, second, third, fifth]) {
    passed(await hub.as('park-1').post('/v1/projects', aProject({ owner_uscc: uscc, project_code, filing_no: project_code, start_date: '2026-03-05' })))
    const decision = { decision: 'PASS', owner_uscc: uscc }
    passed(await hub.as('district-meic-1', 1).post(`/v1/projects/${project_code}/library-entry`, decision))
    if (uscc !== fifth) passed(await hub.as('meic', 1).post(`/v1/projects/${project_code}/library-entry`, { ...decision, entry_no: `JG-${uscc.slice(-6)}` }))
  }
  await authorize(hub, { grantor_uscc: uscc_1 })
  created(await hub.as('enterprise-1').post('/v1/financing-needs', aNeed({ nearest_park: 'park-2' })))
  hub.clock.advance(60_000)
  // The same need through another door, which says another amount.
  created(await hub.as('park-2').post('/v1/authorizations', { grantor_uscc: uscc_1, grantor_name: name_1, ...aGrant({ evidence_digest: '0'.repeat(64) }) }))
  passed(await hub.as('park-2').post('/v1/financing-needs', aNeed({ uscc: uscc_1, amount: '4000000.00' })))

  created(await hub.as('lessor-1').post('/v1/lease-contracts', aLease(await aDocument(hub, 'lessor-1'),
    { lease_contract_no: 'ZL-Q', lessee_uscc: third, project_code, financed_principal: '8000000.00', lease_start: '2026-03-01' })))
  created(await hub.as('lessor-1').post('/v1/rent-vouchers', aRentVoucher('ZL-Q', await aDocument(hub, 'lessor-1'), {
    period_start: '2026-03-01', period_end: '2026-03-31', segments: [{ from: '2026-03-01', to: '2026-03-31', balance: '8000000.00', annual_rate_pct: '4.80' }], normal_interest: '32000.00',
    paid_date: '2026-03-30', payer_account_name: name
  })))
  const loans: [bank: string, uscc: string, balance: string, rate: string, interest: string][] = [
    ['bank-1', first, '3000000.00', '2.80', '2100.00'], ['bank-1', second, '1000000.00', '3.20', '800.00'], ['bank-2', fifth, '7000000.00', '2.90', '5075.00']
  ]
  for (const [bank, uscc, balance, annual_rate_pct, normal_interest] of loans) {
    const { iou_no } = await drawnOf(hub, bank, uscc)
    created(await hub.as(bank).post('/v1/subsidy-accounts', anAccount({ holder_uscc: uscc, account_name: name })))
    created(await hub.as(bank).post('/v1/interest-vouchers', aVoucher(iou_no, await aDocument(hub, bank), {
      period_start: '2026-03-12', period_end: '2026-03-21', segments: [{ from: '2026-03-12', to: '2026-03-21', balance, annual_rate_pct }], normal_interest, paid_date: '2026-03-21',
      payer_account_name: name
    })))
  }
  const guaranteed = await guarantee(hub, 'guarantor-1', 'bank-1', second, '1000000.00', '14500.00')
  await guarantee(hub, 'guarantor-1', 'bank-1', third, '2000000.00', '22222.22', { release: { type: 'NORMAL', date: '2026-03-30' } })
  await guarantee(hub, 'guarantor-2', 'bank-3', sixth, '3000000.00', '15000.01')
  await hub.loops.settle()

  created(await hub.as('bank-1').post('/v1/compensation-claims', { claim_no: 'DC-Q', ...guaranteed, default_date: '2026-03-25', default_principal: '60000.00' }))
  passed(await hub.as('guarantor-1', 1).post('/v1/compensation-claims/DC-Q/decision', { decision: 'ACCEPT', paid_date: '2026-03-31' }))
  created(await hub.as('guarantor-1').post('/v1/compensation-claims/DC-Q/recoveries', { recovery_no: 'ZC-Q', date: '2026-03-31', gross: '10000.03' }))

  for (const { packet_no, participant_no, kind, uscc } of await allOf<Packet & { uscc: string }>(hub, 'meic', '/v1/subsidy-packets?status=DRAFT')) {
    // One stays open, one waits for its audit, one is blocked: its project is not listed.
    if (kind === 'LEASE' || uscc === fifth || uscc === sixth) continue
    const packet = await submitted(hub, participant_no, packet_no)
    if (uscc === second && participant_no === 'bank-1') continue
    const lines = (await packetOf(hub, packet_no)).lines.map(({ line_no, claimed_amount }, index) => index === 0 && participant_no === 'bank-1'
      ? { line_no, recognised_amount: (Math.floor(Number(claimed_amount) * 90) / 100).toFixed(2), finding_code: 'FUNDS_DIVERTED', note: '一张发票不属于本项目' }
      : { line_no, recognised_amount: claimed_amount })
    await approved(hub, packet, { lines })
  }
  await payAll(hub, 'RETURNED', '2026-03-31')
  const other = anAccount({ holder_uscc: first, account_name: name, account_no: '5000 1234 5678 9020' })
  created(await hub.as('bank-1').post('/v1/subsidy-accounts', other))
  passed(await hub.as('bank-1', 1).post('/v1/subsidy-accounts', other))
  await payAll(hub, 'PAID', '2026-03-31')
  hub.clock.set('2026-04-02T02:00:00.000Z')
  await hub.loops.settle()
  return quarter
}
