/** From a voucher to the money on the account: progress, performance, fees, breakers, and the receipt of the enterprise. */
import type { Test } from 'tap'
import t from 'tap'
import type { Built } from '../helper.ts'
import { aDocument, aGuarantee, anAccount, created } from '../lending/fixtures.ts'
import { anotherLoan, approveAll, lines, project_1, ready, send, uscc_1 } from '../subsidy/fixtures.ts'
import { allOf, passed, reportOf, rowOf } from './answers.ts'

interface Payment { payment_no: string }

async function payBatch (hub: Built, status: 'PAID' | 'RETURNED', date: string): Promise<void> {
  const { batch_no } = passed<{ batch_no: string }>(await hub.as('finance-bureau', 1).post('/v1/payment-batches', {}))
  const path = `/v1/payment-batches/${batch_no}`
  const { digest } = passed<{ digest: string }>(await hub.as('finance-bureau', 1).post(`${path}/close`, {}))
  passed(await hub.as('finance-bureau', 2).post(`${path}/approve`, { digest }))
  await hub.as('finance-bureau', 1).get(`${path}/instruction`)
  const { payments } = passed<{ payments: Payment[] }>(await hub.as('finance-bureau', 1).get(path))
  passed(await hub.as('finance-bureau', 1).post(`${path}/results`, {
    results: payments.map(({ payment_no }) => Object.assign({ payment_no, status, date, bank_reference: `B-${payment_no.slice(-6)}` },
      status === 'RETURNED' ? { reason: '账户信息有误' } : {}))
  }))
}

/** Two vouchers of a listed project: one returned and then paid, one open. */
async function settledOnce (t: Test): Promise<Built> {
  const { hub, iou_no } = await ready(t)
  created(await hub.as('bank-1').post('/v1/subsidy-accounts', anAccount()))
  await send(hub, 'bank-1', iou_no)
  await approveAll(hub)
  await payBatch(hub, 'RETURNED', '2026-03-23')
  hub.clock.set('2026-03-25T02:00:00.000Z')
  const changed = anAccount({ account_no: '5000 1234 5678 9020' })
  created(await hub.as('bank-1').post('/v1/subsidy-accounts', changed))
  passed(await hub.as('bank-1', 1).post('/v1/subsidy-accounts', changed))
  await payBatch(hub, 'PAID', '2026-03-25')
  const other = await anotherLoan(hub, 'bank-2')
  await send(hub, 'bank-2', other)
  await hub.loops.settle()
  return hub
}

t.setTimeout(120_000)
let hub: Built
t.before(async () => { hub = await settledOnce(t) })

const fen = (yuan: string | null) => Math.round(Number(yuan ?? '0') * 100)

t.test('progress of subsidies is the sum of the lines and of the budget', async t => {
  const report = await reportOf(hub, 'finance-bureau', 'subsidy-progress')
  const row = rowOf(report, 'row_kind', 'LINES')
  const live = (await lines(hub, 'meic')).filter(line => line.status !== 'SUPERSEDED')
  const sum = (chosen: typeof live, amount: (line: typeof live[number]) => string | null) => chosen.reduce((before,
    line) => before + fen(amount(line)), 0)
  t.equal(row.lines, live.length)
  t.equal(fen(String(row.open)), sum(live.filter(line => line.status === 'OPEN'), line => line.amount))
  t.equal(fen(String(row.approved)), sum(live.filter(line => line.status === 'FROZEN'), line => line.recognised_amount))
  t.equal(fen(String(row.paid)), sum(live.filter(line => line.payment_status === 'PAID'), line => line.recognised_amount))
  t.ok(fen(String(row.paid)) > 0 && fen(String(row.open)) > 0)
  const [budget] = await allOf<{ amount: string, fund_source: string }>(hub, 'meic', '/v1/budgets')
  t.match(rowOf(report, 'row_kind', 'BUDGET'), { budget: budget?.amount, fund_source: budget?.fund_source, budget_paid: row.paid })
  const shown = await reportOf(hub, 'regulator-viewer', 'subsidy-progress')
  t.match(rowOf(shown, 'row_kind', 'LINES'), { suppressed: true, lines: null, paid: null, enterprises: null },
    'one enterprise is no statistic')
  t.match(rowOf(shown, 'row_kind', 'BUDGET'), { budget: budget?.amount, used: null, budget_paid: null })
  const single = await hub.as('regulator-viewer', 1).get(`/v1/reports/subsidy-progress?period=2026Q1&case_no=JG-1&reason=x&uscc=${uscc_1}`)
  t.match(passed(single), { rows: [{ row_kind: 'LINES', paid: row.paid, suppressed: false }] })
})

t.test('performance: what was paid on how much credit, how soon, and what came back', async t => {
  const row = rowOf(await reportOf(hub, 'meic', 'fund-performance'), 'kind', 'LOAN_INTEREST')
  const paid = (await lines(hub, 'meic')).filter(line => line.payment_status === 'PAID')
  const amount = paid.reduce((before, line) => before + fen(line.recognised_amount), 0)
  t.equal(fen(String(row.subsidy_paid)), amount)
  t.match(row, { loans_disbursed: '20000000.00', lines_paid: 1, enterprises: 1, average_days_to_payment: '4.00', payments_answered: 2,
    payments_returned: 1, returned_pct: '50.00' })
  t.equal(row.subsidy_per_loan_yuan, (Math.round(amount * 10_000 / 2_000_000_000) / 10_000).toFixed(4))
  t.match(rowOf(await reportOf(hub, 'regulator-viewer', 'fund-performance'), 'kind', 'LOAN_INTEREST'),
    { subsidy_paid: null, average_days_to_payment: null, subsidy_per_loan_yuan: null })
})

t.test('the average fee is weighted by the principal and held against one percent; both rates of the breaker are named', async t => {
  const guarantor = hub.as('guarantor-1')
  const [contract] = await allOf<{ loan_contract_no: string }>(hub, 'bank-1', '/v1/loan-contracts')
  const loan_contract_no = contract?.loan_contract_no ?? ''
  const give = async (over: Record<string, unknown>) => created(await guarantor.post('/v1/guarantee-contracts',
    aGuarantee(loan_contract_no, await aDocument(hub, 'guarantor-1'), { override_reason: '经评审会审议通过', ...over })))
  await give({ guaranteed_principal: '6000000.00', guarantee_fee_total: '96000.00' })
  await give({ guaranteed_principal: '2000000.00', guarantee_fee_total: '24000.00', end_date: '2027-01-20' })
  const row = rowOf(await reportOf(hub, 'meic', 'average-guarantee-fee'), 'guarantor_no', 'guarantor-1')
  // 6 million at 0.8 % and 2 million at 1.2 %
  t.match(row, { guarantees: 2, enterprises: 1, guaranteed_amount: '8000000.00', average_fee_rate_pct: '0.9000', ceiling_pct: '1.0000',
    within_ceiling: true })
  await give({ guaranteed_principal: '1000000.00', guarantee_fee_total: '38000.00' })
  t.match(rowOf(await reportOf(hub, 'meic', 'average-guarantee-fee'), 'guarantor_no', 'guarantor-1'),
    { average_fee_rate_pct: '1.0111', within_ceiling: false, focus_amount_max: '10000000.00', focus_pct: '100.00' })
  const versions = '/v1/policies/FISCAL_FINANCE_LINKAGE/versions'
  const notice = { version: '2026-03-31.1', title: 'Changed', title_zh: '调整', effective_from: '2026-03-31', supersedes: '2025-12-06.1',
    parameters: { average_guarantee_fee_max_pct: '1.1', focus_guaranteed_amount_max: '8999999.99' } }
  created(await hub.as('meic', 1).post(versions, notice))
  passed(await hub.as('meic', 2).post(`${versions}/${notice.version}/confirm`, undefined))
  t.match(rowOf(await reportOf(hub, 'meic', 'average-guarantee-fee'), 'guarantor_no', 'guarantor-1'),
    { average_fee_rate_pct: '1.0111', ceiling_pct: '1.1000', within_ceiling: true, focus_amount_max: '8999999.99', focus_pct: '0.00' }, 'both bounds are those of the version in force')
  await hub.loops.settle()
  const breaker = rowOf(await reportOf(hub, 'meic', 'guarantee-breaker'), 'guarantor_no', 'guarantor-1')
  t.match(breaker, { bank_no: 'bank-1', vintage_year: 2026, enterprises: 1, liability: '7200000.00', cap: '288000.00', compensated: '0.00',
    vintage_rate_pct: '0.0000', compensation_rate_pct: null, state: 'NORMAL' })
  const { items } = passed<{ items: { liability: string }[] }>(await hub.as('meic').get('/v1/breakers'))
  t.equal(items[0]?.liability, breaker.liability, 'the same as the breaker itself')
  t.match(rowOf(await reportOf(hub, 'regulator-viewer', 'guarantee-breaker'), 'guarantor_no', 'guarantor-1'),
    { liability: null, vintage_rate_pct: null, state: null })
})

interface Receipt {
  needs: unknown[], totals: { subsidy: string, recognised: string, paid: string }
  disclosures: { basis: string, recipient_no: string, packet_no: string | null }[]
  vouchers: { kind: string, status: string, paid_amount: string, institution_no: string }[]
  subsidies: { line_no: string, amount: string, payment_status: string, trace: { clause: string, rule_id: string }[],
    payments: { status: string, account_no_masked: string | null, paid_date: string | null }[] }[]
}

t.test('the receipt shows each voucher, each step with its clause, who looked, and where the money is', async t => {
  const [packet] = await allOf<{ packet_no: string }>(hub, 'auditor-1', '/v1/subsidy-packets')
  t.equal((await hub.as('auditor-1').get(`/v1/subsidy-packets/${packet?.packet_no ?? ''}/archive`)).statusCode, 200)
  const receipt = passed<Receipt>(await hub.as('enterprise-1').get(`/v1/enterprises/${uscc_1}/receipt`))
  t.same(receipt.vouchers.map(each => [each.kind, each.institution_no, each.paid_amount]),
    [['LOAN_INTEREST', 'bank-1', '60000.00'], ['LOAN_INTEREST', 'bank-2', '60000.00']])
  const own = await lines(hub, 'enterprise-1')
  t.same(receipt.subsidies.map(each => [each.line_no, each.amount, each.payment_status]),
    own.map(each => [each.line_no, each.amount, each.payment_status]), 'as its lines say')
  for (const line of receipt.subsidies) t.ok(line.trace.length > 3 && line.trace.every(step => step.clause !== ''),
    'every step names its clause')
  const paid = receipt.subsidies.find(each => each.payment_status === 'PAID')
  t.match(paid?.payments.at(-1), { status: 'PAID', account_no_masked: '****9020', paid_date: '2026-03-25' })
  t.equal(paid?.payments.length, 2, 'the one that came back is shown too')
  t.equal(receipt.totals.paid, paid?.amount)
  t.ok(receipt.disclosures.some(each => each.basis === 'REGULATOR' && each.recipient_no === 'regulator-viewer'))
  t.ok(receipt.disclosures.some(each => each.basis === 'SETTLEMENT' && each.recipient_no === 'auditor-1'))
  t.notMatch(JSON.stringify(receipt), /5000 ?1234/)
})

t.test('a receipt is for the enterprise itself and MEIC; for others nothing is there', async t => {
  t.equal((await hub.as('meic').get(`/v1/enterprises/${uscc_1}/receipt`)).statusCode, 200)
  const foreign = await hub.as('enterprise-2').get(`/v1/enterprises/${uscc_1}/receipt`)
  const missing = await hub.as('meic').get('/v1/enterprises/91500115MAXX00023Y/receipt')
  t.equal(foreign.statusCode, 404)
  t.same({ ...foreign.json(), trace_id: '' }, { ...missing.json(), trace_id: '' })
  t.match(passed(await hub.as('enterprise-2').get('/v1/enterprises/91500115MAXX00023Y/receipt')),
    { needs: [], subsidies: [], totals: { paid: '0.00' } }, 'an empty receipt of its own')
  for (const who of ['bank-1', 'park-1',
    'finance-bureau']) t.equal((await hub.as(who).get(`/v1/enterprises/${uscc_1}/receipt`)).json().code, 'role_not_allowed', who)
})

t.test('the page has no script, loads nothing and escapes what others wrote', async t => {
  created(await hub.as('enterprise-1').post('/v1/financing-needs', {
    project_code: project_1, project_name: '<script>alert(1)</script>', amount: '5000000.00', term_months: 36,
      purpose: '"><img src=x onerror=alert(1)>'
  }))
  await hub.loops.settle()
  const page = await hub.as('enterprise-1').get(`/v1/enterprises/${uscc_1}/receipt?format=html`)
  t.match(page.headers['content-type'], 'text/html')
  t.match(page.headers['content-security-policy'], "default-src 'none'")
  t.notMatch(page.body, /<(script|img|link|iframe|object|form)|javascript:|https?:/i)
  t.match(page.body, '&lt;script&gt;alert(1)&lt;/script&gt;')
  t.match(page.body, '****9020')
  t.equal((await hub.as('enterprise-1').get(`/v1/enterprises/${uscc_1}/receipt?format=html`,
    { 'if-none-match': String(page.headers.etag) })).statusCode, 304)
})
