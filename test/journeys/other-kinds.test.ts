/** Leases, guarantees, premiums, claims, holds and results in XML, as their senders meet them (contract §6). */
import t from 'tap'
import { approvedPacket, authorize, body, documentOf, hubInMarch, items, lend, listProject, name_1, next, project_1, refused, settled, uscc_1, type Lent } from './client.ts'
import type { Built } from '../helper.ts'

const aLease = (document_no: string) => ({ lease_contract_no: next('ZL'), lessee_uscc: uscc_1, project_code: project_1, lease_mode: 'DIRECT', financed_principal: '30000000.00', lease_start: '2025-12-21', lease_end: '2028-12-21', document_no })
const aGuarantee = (loan: Lent, document_no: string) => ({ guarantee_contract_no: next('DB'), borrower_uscc: uscc_1, lender_no: 'bank-1', loan_contract_no: loan.loan_contract_no, guaranteed_principal: '8000000.00',
  guarantee_fee_total: '128000.00', start_date: '2026-01-20', end_date: '2028-01-20', document_no })

async function known (hub: Built): Promise<void> {
  await authorize(hub)
  body(await hub.as('enterprise-1').post('/v1/financing-needs', { amount: '5000000.00', term_months: 36, purpose: '购置数控设备', industry_code: '3411', project_code: project_1 }))
  await listProject(hub)
}

t.test('a lease and its rent give a line of the enterprise', async (t) => {
  const hub = await hubInMarch(t)
  await known(hub)
  const lessor = hub.as('lessor-1')
  const { lease_contract_no } = body<{ lease_contract_no: string }>(await lessor.post('/v1/lease-contracts', aLease(await documentOf(lessor))))
  const rent = await lessor.post('/v1/rent-vouchers', {
    voucher_no: next('R'), lease_contract_no, period_start: '2025-12-21', period_end: '2026-03-21',
    segments: [{ from: '2025-12-21', to: '2026-03-21', balance: '30000000.00', annual_rate_pct: '5.20' }], normal_interest: '390000.00', paid_date: '2026-03-21', payer_account_name: name_1,
    document_no: await documentOf(lessor)
  })
  t.equal(rent.statusCode, 201, rent.body)
  await hub.loops.settle()
  const [line] = await items<{ kind: string, amount: string, status: string }>(lessor, '/v1/subsidy-lines')
  t.match(line, { kind: 'LEASE', amount: '150000.00', status: 'OPEN' })
  t.equal((await items(hub.as('enterprise-1'), '/v1/lease-contracts')).length, 1)
  t.equal((await items(hub.as('enterprise-1'), '/v1/rent-vouchers')).length, 1)
  t.equal((await lessor.post('/v1/lease-contracts', { ...aLease(await documentOf(lessor)), land_amount: '0.00' })).statusCode, 400)
})

t.test('a guarantee and its fee give a line of the guarantor; a claim is decided by a person and shared', async (t) => {
  const hub = await hubInMarch(t)
  await known(hub)
  const loan = await lend(hub)
  const guarantor = hub.as('guarantor-1')
  const sent = await guarantor.post('/v1/guarantee-contracts', aGuarantee(loan, await documentOf(guarantor)))
  t.equal(sent.statusCode, 201, sent.body)
  const { guarantee_contract_no } = sent.json()
  t.equal((await hub.as('guarantor-2').get(`/v1/guarantee-contracts/${guarantee_contract_no}`)).statusCode, 404)
  const [guaranteed] = await items<{ number: string, loan_contract_no: string }>(guarantor, '/v1/loan-contracts')
  t.equal(guaranteed?.loan_contract_no, loan.loan_contract_no, 'a guarantor reads the contract of its loan')
  t.equal((await guarantor.get(`/v1/loan-contracts/${guaranteed?.number}`)).statusCode, 200)
  t.equal((await hub.as('guarantor-2').get(`/v1/loan-contracts/${guaranteed?.number}`)).statusCode, 404)
  const fee = await guarantor.post('/v1/fee-vouchers', { fee_voucher_no: next('F'), guarantee_contract_no, fee_amount: '128000.00', paid_date: '2026-03-20', document_no: await documentOf(guarantor) })
  t.equal(fee.statusCode, 201, fee.body)
  await hub.loops.settle()
  t.match((await items(guarantor, '/v1/subsidy-lines'))[0], { kind: 'GUARANTEE_FEE', amount: '64000.00', payee_kind: 'GUARANTOR' })
  const claim = await hub.as('bank-1').post('/v1/compensation-claims', { claim_no: next('DC'), guarantee_contract_no, iou_no: loan.iou_no, default_date: '2026-03-20', default_principal: '1000000.00' })
  t.equal(claim.statusCode, 201, claim.body)
  const path = `/v1/compensation-claims/${claim.json().claim_no}`
  for (const who of ['guarantor-1', 're-guarantor-1', 'finance-bureau']) t.equal((await hub.as(who).get(`/v1/compensation-claims/${claim.json().number}`)).statusCode, 200, who)
  t.equal((await hub.as('guarantor-2').get(`/v1/compensation-claims/${claim.json().number}`)).statusCode, 404)
  await refused(t, 'a decision by a machine', 403, 'person_required', headers => guarantor.post(`/v1/compensation-claims/${claim.json().number}/decision`, { decision: 'ACCEPT' }, headers))
  t.equal((await hub.as('bank-1', 1).post(`${path}/decision`, { decision: 'ACCEPT' })).json().code, 'role_not_allowed')
  const decided = await hub.as('guarantor-1', 1).post(`/v1/compensation-claims/${claim.json().number}/decision`, { decision: 'ACCEPT' })
  t.equal(decided.statusCode, 200, decided.body)
  const { computed } = decided.json()
  const sum = Object.values(computed.shares as Record<string, string>).reduce((total, share) => total + Math.round(Number(share) * 100), 0)
  t.equal(sum, 100_000_000, 'to the fen')
  t.ok((await items(hub.as('meic'), '/v1/breakers')).length > 0)
})

t.test('what is held is not paid until a person releases it; results come in XML as well', async (t) => {
  const hub = await hubInMarch(t)
  const { packet_no, line_no } = await settled(hub)
  await approvedPacket(hub, packet_no)
  const finance = hub.as('finance-bureau', 1)
  const { hold_no } = body<{ hold_no: string }>(await finance.post('/v1/holds', { reason: '核查中', line_no }))
  t.equal((await finance.post('/v1/payment-batches', {})).statusCode, 422, 'nothing to pay')
  t.equal((await hub.as('finance-bureau').post(`/v1/holds/${hold_no}/release`, { reason: '已核实' })).json().code, 'person_required')
  body(await hub.as('finance-bureau', 2).post(`/v1/holds/${hold_no}/release`, { reason: '已核实' }), 200)
  const { batch_no } = body<{ batch_no: string }>(await finance.post('/v1/payment-batches', {}))
  const batch = `/v1/payment-batches/${batch_no}`
  const early = await finance.get(`${batch}/instruction`)
  t.equal(early.json().code, 'state_conflict', 'no instruction before the approval')
  const { digest } = body<{ digest: string }>(await finance.post(`${batch}/close`, {}), 200)
  body(await hub.as('finance-bureau', 2).post(`${batch}/approve`, { digest }), 200)
  const [payment] = body<{ payments: { payment_no: string }[] }>(await finance.get(batch), 200).payments
  const { body: xml } = await finance.get(`${batch}/instruction`)
  const id = (tag: string) => new RegExp(`<${tag}>([^<]+)</${tag}>`).exec(xml)?.[1] ?? ''
  const report = `<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>R-1</MsgId><CreDtTm>2026-03-23T10:00:00+08:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>${id('MsgId')}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts><OrgnlPmtInfId>${id('PmtInfId')}</OrgnlPmtInfId><TxInfAndSts><StsId>B-1</StsId><OrgnlEndToEndId>${id('EndToEndId')}</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf><AccptncDtTm>2026-03-23T10:00:00+08:00</AccptncDtTm></TxInfAndSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>`
  const returned = await finance.post(`${batch}/results`, report, { 'content-type': 'application/xml' })
  t.equal(returned.statusCode, 200, returned.body)
  const [after] = body<{ payments: { payment_no: string, status: string }[] }>(await finance.get(batch), 200).payments
  t.same([after?.payment_no, after?.status], [payment?.payment_no, 'RETURNED'])
  t.equal(body<{ payment_status: string }>(await hub.as('bank-1').get(`/v1/subsidy-lines/${line_no}`), 200).payment_status, 'RETURNED')
})

t.test('the limit of a household is a finding at the guarantee contract, with an override that is stored', async (t) => {
  const hub = await hubInMarch(t)
  await known(hub)
  const loan = await lend(hub, 'bank-1', { loan: { contract_amount: '20000000.00' }, drawdown: { amount: '10000000.00' } })
  const guarantor = hub.as('guarantor-1')
  const over = { ...aGuarantee(loan, await documentOf(guarantor)), guaranteed_principal: '20000000.00' }
  const stated = await guarantor.post('/v1/guarantee-contracts', over)
  t.equal(stated.statusCode, 201, stated.body)
  t.same(stated.json().findings.map((finding: { code: string }) => finding.code), ['HOUSEHOLD_LIMIT', 'OVERRIDE_MISSING'])
  const overridden = await hub.as('guarantor-1', 1).post('/v1/guarantee-contracts', { ...over, guarantee_contract_no: next('DB'), correction_of: over.guarantee_contract_no,
    override_reason: '重点项目' })
  t.equal(overridden.statusCode, 201, overridden.body)
  t.same([overridden.json().status, overridden.json().override_reason], ['ACCEPTED', '重点项目'])
  t.same(overridden.json().findings.map((finding: { code: string }) => finding.code), ['HOUSEHOLD_LIMIT'])
})
