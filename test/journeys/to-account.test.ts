/** Every kind of subsidy, from the need to the account: amounts computed by hand, each with the clause it stands on (contract §5, §6). */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { unzip } from '../../scripts/rederive.ts'
import type { Built } from '../helper.ts'
import { aDrawdown, aLoan, anAccount, authorize, aVoucher, body, documentOf, hubInMarch, items, listProject, name_1, next, project_1, uscc_1, type Packet } from './client.ts'

const verifier = join(import.meta.dirname, '../../scripts/verify-packet')

interface Line { line_no: string, kind: string, voucher_no: string, amount: string, payee_uscc: string, payee_kind: string, status: string, payment_status: string, trace: { rule_id: string, clause_zh: string, after: string }[] }

/** The park's need goes to its bank, which contacts, approves, signs, pays out and collects interest: half of 3.60 % for 90 days. */
async function lendOnLead (t: Test, hub: Built): Promise<{ loan_contract_no: string, voucher_no: string }> {
  const bank = hub.as('bank-1')
  const [given] = await items<{ authorization_no: string }>(hub.as('enterprise-1'), '/v1/authorizations')
  const { need_no } = body<{ need_no: string }>(await hub.as('park-1').post('/v1/financing-needs', {
    uscc: uscc_1, name: name_1, amount: '10000000.00', term_months: 36, purpose: '购置数控设备', project_code: project_1, industry_code: '3411', authorization_no: given?.authorization_no
  }))
  await hub.loops.settle()
  const lead = (await items<{ lead_no: string, need_no: string }>(bank, '/v1/leads')).find(each => each.need_no === need_no)
  const tell = async (event: Record<string, unknown>) => body(await bank.post(`/v1/leads/${lead?.lead_no}/events`, { occurred_at: hub.clock.now(), ...event }))
  await tell({ type: 'CONTACTED', channel: 'PHONE', person: '客户经理', result: '有意向' })
  await tell({ type: 'APPROVED', amount: '10000000.00', annual_rate_pct: '3.60', term_months: 36 })
  const { loan_contract_no, lead_no } = body<{ loan_contract_no: string, lead_no: string }>(await bank.post('/v1/loan-contracts', aLoan(await documentOf(bank))))
  if (lead_no !== lead?.lead_no) throw new Error('the contract is not tied to the lead')
  const iou_no = next('JJ')
  await tell({ type: 'DISBURSED', iou_no, amount: '10000000.00', date: '2025-12-21' })
  const draw = async (over: Record<string, unknown>) => body<{ findings: { code: string, message: string }[] }>(await bank.post('/v1/drawdowns', aDrawdown(loan_contract_no, { iou_no, ...over }))).findings
  t.match(await draw({ amount: '9000000.00' }), [{ code: 'DISBURSED_DIFFERS', message: /10000000\.00 on 2025-12-21.*9000000\.00/ }], 'a drawdown is held against what the lead was told')
  t.same(await draw({ iou_no: `${iou_no}-1`, correction_of: iou_no }), [], 'its correction agrees')
  const later = next('JJ')
  const { loan_contract_no: of_later } = body<{ loan_contract_no: string }>(await bank.post('/v1/loan-contracts', aLoan(await documentOf(bank))))
  t.same(await draw({ iou_no: later, loan_contract_no: of_later }), [])
  await tell({ type: 'DISBURSED', iou_no: later, amount: '10000000.00', date: '2025-12-22' })
  t.match((await bank.get(`/v1/drawdowns/${later}`)).json(), { version: 2, findings: [{ code: 'DISBURSED_DIFFERS' }] }, 'and so is one that the lead was told of later')
  const { voucher_no } = body<{ voucher_no: string }>(await bank.post('/v1/interest-vouchers', aVoucher(iou_no, await documentOf(bank))))
  return { loan_contract_no, voucher_no }
}

/** A lease of the lessor with the rent of its first 90 days. @returns voucher_no */
async function leased (hub: Built, principal: string, interest: string, over: Record<string, unknown>): Promise<string> {
  const lessor = hub.as('lessor-1')
  const { lease_contract_no } = body<{ lease_contract_no: string }>(await lessor.post('/v1/lease-contracts', { lease_contract_no: next('ZL'), lessee_uscc: uscc_1, project_code: project_1,
    financed_principal: principal, lease_start: '2025-12-21', lease_end: '2028-12-21', document_no: await documentOf(lessor), ...over }))
  return body<{ voucher_no: string }>(await lessor.post('/v1/rent-vouchers', { voucher_no: next('R'), lease_contract_no, period_start: '2025-12-21', period_end: '2026-03-21',
    segments: [{ from: '2025-12-21', to: '2026-03-21', balance: principal, annual_rate_pct: '5.20' }], normal_interest: interest, paid_date: '2026-03-21', payer_account_name: name_1,
    document_no: await documentOf(lessor) })).voucher_no
}

async function guaranteed (hub: Built, loan_contract_no: string): Promise<string> {
  const guarantor = hub.as('guarantor-1')
  const { guarantee_contract_no } = body<{ guarantee_contract_no: string }>(await guarantor.post('/v1/guarantee-contracts', { guarantee_contract_no: next('DB'), borrower_uscc: uscc_1, lender_no: 'bank-1',
    loan_contract_no, guaranteed_principal: '8000000.00', guarantee_fee_total: '128000.00', start_date: '2026-01-20', end_date: '2028-01-20', document_no: await documentOf(guarantor) }))
  return body<{ fee_voucher_no: string }>(await guarantor.post('/v1/fee-vouchers', { fee_voucher_no: next('F'), guarantee_contract_no, fee_amount: '128000.00', paid_date: '2026-03-20',
    document_no: await documentOf(guarantor) })).fee_voucher_no
}

async function insured (hub: Built, over: Record<string, unknown>): Promise<string> {
  const insurer = hub.as('insurer-1')
  return body<{ policy_no: string }>(await insurer.post('/v1/insurance-policies', { policy_no: next('BD'), insured_uscc: uscc_1, policy_start: '2026-03-01', policy_end: '2027-03-01', paid_date: '2026-03-01',
    document_no: await documentOf(insurer), ...over })).policy_no
}

/** Every packet of the quarter: submitted by its institution, audited by two persons, approved. @returns archives by packet_no */
async function approveAll (hub: Built): Promise<Map<string, Buffer>> {
  const archives = new Map<string, Buffer>()
  for (const { packet_no, participant_no } of await items<Packet & { participant_no: string }>(hub.as('meic'), '/v1/subsidy-packets?status=DRAFT')) {
    const path = `/v1/subsidy-packets/${packet_no}`
    const { digest, lines } = body<Packet>(await hub.as(participant_no).post(`${path}/submit`, {}), 200)
    body(await hub.as('meic', 1).post(`${path}/assign`, { auditor_no: 'auditor-1' }), 200)
    archives.set(packet_no, (await hub.as('auditor-1').get(`${path}/archive`)).rawPayload)
    const { conclusion_no } = body<{ conclusion_no: string }>(await hub.as('auditor-1', 1).post(`${path}/conclusions`, {
      packet_digest: digest, lines: lines.map(({ line_no, claimed_amount }) => ({ line_no, recognised_amount: claimed_amount }))
    }))
    body(await hub.as('auditor-1', 2).post(`${path}/conclusions/${conclusion_no}/confirm`, {}), 200)
    body(await hub.as('meic', 2).post(`${path}/approve`, { digest }), 200)
  }
  return archives
}

t.test('each kind of subsidy goes from a need to an account, to the fen and with its clause', async t => {
  const hub = await hubInMarch(t)
  await authorize(hub)
  await listProject(hub)
  const { loan_contract_no, voucher_no } = await lendOnLead(t, hub)
  const direct = await leased(hub, '30000000.00', '390000.00', { lease_mode: 'DIRECT' })
  const converted = await leased(hub, '12345678.90', '160493.83', { lease_mode: 'DIRECT_TO_LEASEBACK', leaseback_conversion: { purchase_date: '2025-09-21', is_new_equipment: true } })
  const fee = await guaranteed(hub, loan_contract_no)
  const first_set = await insured(hub, { insurance_kind: 'FIRST_SET_EQUIPMENT', annual_premium: '4200000.00', insured_amount: '120000000.00', product_name: '首台（套）智能压铸机组' })
  const first_version = await insured(hub, { insurance_kind: 'FIRST_VERSION_SOFTWARE', annual_premium: '1234567.89' })
  const loss = await insured(hub, { insurance_kind: 'RENOVATION_COST_LOSS', annual_premium: '1400000.00', project_code: project_1 })
  body(await hub.as('bank-1').post('/v1/subsidy-accounts', anAccount()))
  const guarantor = hub.sandbox.participants.find(each => each.participant_no === 'guarantor-1')
  body(await hub.as('guarantor-1').post('/v1/subsidy-accounts', anAccount({ holder_uscc: guarantor?.uscc, account_name: guarantor?.name, account_no: '5000777700000001' })))
  await hub.loops.settle()

  const expected: [string, string, string, string, string][] = [
    [voucher_no, 'LOAN_INTEREST', '45000.00', 'L-01', '10,000,000 × half of 3.60 % × 90 ÷ 360: S2 (一)'],
    [direct, 'LEASE', '150000.00', 'Z-01', '30,000,000 × 2 % × 90 ÷ 360: S2 (三)'],
    [converted, 'LEASE', '61728.39', 'Z-01', '12,345,678.90 × 2 % × 90 ÷ 360 = 61,728.3945, bought within six months: S2 (三), A-17'],
    [fee, 'GUARANTEE_FEE', '64000.00', 'G-01', 'half of 128,000 at 0.80 % a year: S2 (五)'],
    [first_set, 'PREMIUM', '2880000.00', 'I-01', '80 % of 3 % of 120,000,000, less than was paid: S2 (六), A-14'],
    [first_version, 'PREMIUM', '987654.31', 'I-02', '80 % of 1,234,567.89 = 987,654.312: S2 (六)'],
    [loss, 'PREMIUM', '1000000.00', 'I-03', '80 % of 1,400,000, at most 1,000,000 a policy year: S2 (六)']
  ]
  const lines = await items<Line>(hub.as('meic'), '/v1/subsidy-lines')
  t.equal(lines.length, expected.length)
  for (const [voucher, kind, amount, rule_id, why] of expected) {
    const found = lines.find(each => each.voucher_no === voucher)
    t.match(found, { kind, amount, status: 'OPEN', payee_uscc: kind === 'GUARANTEE_FEE' ? guarantor?.uscc : uscc_1 }, `${why}: ${JSON.stringify(found)}`)
    const { trace } = body<Line>(await hub.as('meic').get(`/v1/subsidy-lines/${found?.line_no}`), 200)
    t.match(trace.find(step => step.rule_id === rule_id)?.clause_zh, /\S/, `${voucher} names the clause of ${rule_id}`)
    t.equal(trace.at(-1)?.after, amount, `the last step of ${voucher} is its amount`)
  }
  const archives = await approveAll(hub)
  t.equal(archives.size, 5, 'loan, leases, fee, premiums with and without a project')

  const finance = hub.as('finance-bureau', 1)
  const batch = `/v1/payment-batches/${body<{ batch_no: string }>(await finance.post('/v1/payment-batches', {})).batch_no}`
  const closed = body<{ digest: string, control_sum: string }>(await finance.post(`${batch}/close`, {}), 200)
  t.equal(closed.control_sum, '5188382.70', '5,124,382.70 to the enterprise and 64,000.00 to the guarantor')
  body(await hub.as('finance-bureau', 2).post(`${batch}/approve`, { digest: closed.digest }), 200)
  t.match((await finance.get(`${batch}/instruction`)).body, /6530000123456789.*5000777700000001|5000777700000001.*6530000123456789/s, 'both accounts are instructed')
  const { payments } = body<{ payments: { payment_no: string, payee_uscc: string, payee_kind: string, amount: string }[] }>(await finance.get(batch), 200)
  t.same(payments.map(({ payee_uscc, payee_kind, amount }) => [payee_uscc, payee_kind, amount]).sort(), [[uscc_1, 'ENTERPRISE', '5124382.70'], [guarantor?.uscc, 'GUARANTOR', '64000.00']].sort())
  body(await finance.post(`${batch}/results`, { results: payments.map(({ payment_no }) => ({ payment_no, status: 'PAID', date: '2026-03-23', bank_reference: `TX-${payment_no}` })) }), 200)
  for (const line of await items<Line>(hub.as('meic'), '/v1/subsidy-lines')) t.equal(line.payment_status, 'PAID', line.voucher_no)
  const book = body<{ balanced: boolean, lines: string }>(await finance.get('/v1/reconciliation?date=2026-03-23'), 200)
  t.match(book, { balanced: true, lines: '5188382.70' })

  await t.test('every archive is whole, and a changed byte names its entry', async t => {
    const folder = t.testdir()
    const verdict = (name: string, zip: Buffer) => {
      writeFileSync(join(folder, name), zip)
      const { status, stdout, stderr } = spawnSync(process.execPath, [verifier, name], { cwd: folder, encoding: 'utf8' })
      return { status, said: stdout + stderr }
    }
    for (const [packet_no, zip] of archives) t.match(verdict(`${packet_no}.zip`, zip), { status: 0, said: new RegExp(`ok: packet ${packet_no} version 1`) })
    const zip = [...archives.values()].sort((a, b) => b.length - a.length)[0] ?? Buffer.of()
    const entries = [...unzip(zip)]
    t.same(entries.slice(0, 7).map(([name]) => name), ['manifest.json', 'manifest.sig', 'items.json', 'items.xlsx', 'policies.json', 'authorizations.json', 'journal.json'])
    t.ok(entries.length > 7, 'the documents')
    for (const [name, bytes] of entries) {
      const changed = Buffer.from(zip)
      const at = changed.indexOf(bytes) + Math.floor(bytes.length / 2)
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
      t.match(verdict('changed.zip', changed), { status: 1, said: new RegExp(`^wrong: ${name.replaceAll('.', '\\.')}: `, 'm') }, name)
    }
  })
})
