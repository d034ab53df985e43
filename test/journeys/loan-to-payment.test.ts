/** From a loan to money on the account, by an outside client with minimal bodies (contract §6). */
import t from 'tap'
import { aDrawdown, aLoan, anAccount, approvedPacket, authorize, aVoucher, body, documentOf, hubInMarch, items, lend, listProject, next, refused, settled, uscc_1, project_1, type Packet } from './client.ts'

interface Line { line_no: string, status: string, amount: string, voucher_no: string, payment_status: string, packet_no: string | null, blocked_by: { code: string, rule_id: string | null }[], trace: { rule_id: string, clause: string, clause_zh: string, before: string, after: string }[] }

t.test('contracts, drawdowns, vouchers and accounts need only what the contract names', async (t) => {
  const hub = await hubInMarch(t)
  await authorize(hub)
  const bank = hub.as('bank-1')
  const loan = await bank.post('/v1/loan-contracts', aLoan(await documentOf(bank)))
  t.equal(loan.statusCode, 201, loan.body)
  const { loan_contract_no, number } = loan.json()
  t.match(loan.headers.location, /^\/v1\/loan-contracts\//)
  t.equal(loan.json().status, 'ACCEPTED')
  const drawdown = await bank.post('/v1/drawdowns', aDrawdown(loan_contract_no))
  t.equal(drawdown.statusCode, 201, drawdown.body)
  const voucher = await bank.post('/v1/interest-vouchers', aVoucher(drawdown.json().iou_no, await documentOf(bank)))
  t.equal(voucher.statusCode, 201, voucher.body)
  t.equal(voucher.json().status, 'ACCEPTED', voucher.body)
  t.match(voucher.json().number, /^vch_/)
  const account = await bank.post('/v1/subsidy-accounts', anAccount())
  t.equal(account.statusCode, 201, account.body)
  t.notMatch(account.body, /6530000123456789/, 'an account number is shown masked')
  for (const [path, named] of [['loan-contracts', loan_contract_no], ['loan-contracts', number], ['drawdowns', drawdown.json().iou_no], ['interest-vouchers', voucher.json().voucher_no]]) {
    t.equal((await bank.get(`/v1/${path}/${named}`)).statusCode, 200, `${path} by ${named}`)
    t.equal((await hub.as('bank-2').get(`/v1/${path}/${named}`)).statusCode, 404, `${path} of another bank`)
  }
  for (const path of ['loan-contracts', 'drawdowns', 'interest-vouchers', 'subsidy-accounts']) {
    t.equal((await items(bank, `/v1/${path}`)).length, 1)
    t.equal((await items(hub.as('enterprise-1'), `/v1/${path}`)).length, 1, `the borrower sees its ${path}`)
    t.equal((await items(hub.as('enterprise-2'), `/v1/${path}`)).length, 0)
    t.equal((await items(hub.as('bank-2'), `/v1/${path}`)).length, 0)
  }
  for (const [path, sent] of [['loan-contracts', loan.json()], ['drawdowns', drawdown.json()], ['interest-vouchers', voucher.json()]] as const) {
    for (const [field, value] of Object.entries(sent)) t.not(value, undefined, `${path} ${field} is there, null when unknown`)
  }
})

t.test('a voucher that may be right is held with its findings, one that cannot be is refused', async (t) => {
  const hub = await hubInMarch(t)
  await authorize(hub)
  const bank = hub.as('bank-1')
  const { iou_no } = await lend(hub)
  const span = (from: string, to: string, normal_interest: string, over: Record<string, unknown> = {}, rate = '3.60') => ({ period_start: from, period_end: to, segments: [{ from, to, balance: '10000000.00', annual_rate_pct: rate }], normal_interest, paid_date: '2026-03-21', ...over })
  const send = async (over: Record<string, unknown>) => bank.post('/v1/interest-vouchers', aVoucher(iou_no, await documentOf(bank), over))
  const status = async (over: Record<string, unknown>): Promise<[string, string[]]> => {
    const sent = body<{ status: string, findings: { code: string, message_zh: string }[] }>(await send(over))
    for (const finding of sent.findings) t.match(finding.message_zh, /\p{Script=Han}/u)
    return [sent.status, sent.findings.map(finding => finding.code)]
  }
  t.equal((await status(span('2025-12-21', '2026-01-10', '20000.00')))[0], 'ACCEPTED')
  const [gap, gap_findings] = await status(span('2026-01-12', '2026-01-13', '1000.00'))
  t.same([gap, gap_findings.includes('VOUCHER_PERIOD_GAP')], ['HELD', true], 'a gap of two days')
  t.equal((await status(span('2026-01-11', '2026-01-12', '1000.00')))[0], 'ACCEPTED', 'a gap of one day')
  t.equal((await status(span('2026-01-13', '2026-01-23', '10045.00')))[0], 'HELD', 'interest off by less than half a percent, more than a yuan')
  t.equal((await status(span('2026-01-23', '2026-02-02', '10001.00')))[0], 'ACCEPTED', 'off by one yuan')
  t.equal((await status(span('2026-02-02', '2026-02-12', '11111.11', {}, '4.00')))[0], 'HELD', 'another rate than the contract\'s')
  t.same(await status(span('2026-02-24', '2026-02-25', '1000.00', { payer_account_name: '别的公司（虚构）' })), ['HELD', ['NAME_MISMATCH', 'VOUCHER_PERIOD_GAP']], 'somebody else paid')
  const text = next('the same receipt')
  const receipt = await documentOf(bank, text)
  t.equal((await status(span('2026-02-12', '2026-02-13', '1000.00', { document_no: receipt })))[0], 'ACCEPTED')
  const second = await lend(hub)
  t.equal((await status(span('2025-12-21', '2025-12-22', '1000.00', { iou_no: second.iou_no, document_no: receipt })))[0], 'HELD', 'a receipt seen with another loan')
  const elsewhere = await lend(hub, 'bank-2', { loan: { project_code: '2606-500112-07-02-100002' } })
  const copy = await documentOf(hub.as('bank-2'), text)
  t.not(copy, receipt, 'the same bytes have another number for another participant')
  const seen = body<{ status: string, findings: unknown[] }>(await hub.as('bank-2').post('/v1/interest-vouchers', aVoucher(elsewhere.iou_no, copy)))
  t.equal(seen.status, 'HELD')
  t.match(JSON.stringify(seen.findings), /UNDER_REVIEW/)
  t.notMatch(JSON.stringify(seen), /bank-1|VOUCHER_REUSED|VOUCHER_DUPLICATE/, 'the bank does not learn where it was seen')
  const before = (await items(bank, '/v1/interest-vouchers?limit=200')).length
  for (const [name, code, over] of [
    ['off by more than half a percent', 'interest_recalc_mismatch', span('2026-02-14', '2026-02-24', '10060.00')],
    ['paid after today', 'paid_date_in_future', span('2026-02-14', '2026-02-24', '10000.00', { paid_date: '2026-03-24' })]
  ] as const) {
    const answer = await send(over)
    t.same([answer.statusCode, answer.json().code], [422, code], `${name}: ${answer.body}`)
  }
  t.equal((await send(span('2026-01-09', '2026-01-11', '2000.00'))).json().code, 'period_overlap')
  t.equal((await items(bank, '/v1/interest-vouchers?limit=200')).length, before, 'nothing refused is stored')
  const today = await send(span('2026-03-01', '2026-03-11', '10000.00', { paid_date: '2026-03-23' }))
  t.equal(today.statusCode, 201, 'paid today')
})

t.test('a batch of vouchers answers for each one', async (t) => {
  const hub = await hubInMarch(t)
  await authorize(hub)
  const bank = hub.as('bank-1')
  const { iou_no } = await lend(hub)
  const answer = await bank.post('/v1/interest-vouchers/batches', { vouchers: [aVoucher(iou_no, await documentOf(bank)), aVoucher('JJ-NONE', await documentOf(bank))] })
  t.ok([200, 201].includes(answer.statusCode), answer.body)
  t.same(answer.json().items.map((each: { status: number }) => each.status), [201, 422])
  t.equal((await bank.post('/v1/interest-vouchers/batches', { vouchers: [] })).statusCode, 400)
})

t.test('a line is blocked with the fact that is missing, and opens when it is there', async (t) => {
  const hub = await hubInMarch(t)
  await authorize(hub)
  const bank = hub.as('bank-1')
  const { iou_no } = await lend(hub)
  body(await bank.post('/v1/interest-vouchers', aVoucher(iou_no, await documentOf(bank))))
  await hub.loops.settle()
  const [blocked] = await items<Line>(bank, '/v1/subsidy-lines')
  t.equal(blocked?.status, 'BLOCKED')
  t.ok(blocked?.blocked_by.some(reason => reason.rule_id === 'E-04'), JSON.stringify(blocked?.blocked_by))
  await listProject(hub)
  body(await hub.as('enterprise-1').post('/v1/financing-needs', { amount: '5000000.00', term_months: 36, purpose: '设备', industry_code: '3411' }))
  await hub.loops.settle()
  const [open] = await items<Line>(bank, '/v1/subsidy-lines?status=OPEN')
  t.equal(open?.status, 'OPEN', JSON.stringify(await items<Line>(bank, '/v1/subsidy-lines')))
})

t.test('voucher to packet to audit to payment, four eyes at every step', async (t) => {
  const hub = await hubInMarch(t)
  const { packet_no, line_no } = await settled(hub)
  const bank = hub.as('bank-1')
  const path = `/v1/subsidy-packets/${packet_no}`
  const line = body<Line>(await bank.get(`/v1/subsidy-lines/${line_no}`), 200)
  t.same([line.amount, line.packet_no], ['45000.00', packet_no])
  t.ok(line.trace.every(step => step.clause !== '' && step.clause_zh !== ''))
  t.equal(body<Packet>(await bank.get(path), 200).status, 'DRAFT')
  t.equal((await hub.as('auditor-1').get(path)).statusCode, 404, 'not assigned, not seen')
  t.equal((await hub.as('bank-2').post(`${path}/submit`, {})).statusCode, 404)
  await refused(t, 'an approval too early', 409, 'state_conflict', headers => hub.as('meic', 2).post(`${path}/approve`, { digest: '0'.repeat(64) }, headers))
  const early = await hub.as('meic', 1).post(`${path}/assign`, { auditor_no: 'auditor-1' })
  t.equal(early.json().code, 'state_conflict')
  t.type(early.json().allowed, Array, 'what would be allowed is said')
  const submitted = body<Packet>(await bank.post(`${path}/submit`, {}), 200)
  t.same([submitted.status, submitted.claimed_amount], ['SUBMITTED', '45000.00'])
  t.match(submitted.digest, /^[0-9a-f]{64}$/)
  t.equal((await bank.post(`${path}/submit`, {})).json().code, 'state_conflict')
  t.equal((await hub.as('meic').post(`${path}/assign`, { auditor_no: 'auditor-1' })).json().code, 'person_required')
  t.equal(body<Packet>(await hub.as('meic', 1).post(`${path}/assign`, { auditor_no: 'auditor-1' }), 200).status, 'IN_AUDIT')
  t.equal((await hub.as('auditor-1').get(path)).statusCode, 200)
  t.equal((await hub.as('auditor-2').get(path)).statusCode, 404, 'another auditor sees nothing')
  t.equal((await hub.as('finance-bureau').get(path)).statusCode, 200)
  t.equal((await hub.as('enterprise-1').get(path)).statusCode === 200, false, 'no packet for the enterprise')
  const archive = await hub.as('auditor-1').get(`${path}/archive`)
  t.equal(archive.headers['content-type'], 'application/zip')
  const question = body<{ question_no: string }>(await hub.as('auditor-1', 1).post(`${path}/questions`, { text: '请补充受托支付清单' }))
  body(await bank.post(`${path}/questions`, { text: '已补充', in_reply_to: question.question_no }))
  t.equal((await items(bank, `${path}/questions`)).length, 2)
  const lines = [{ line_no, recognised_amount: '44000.00', finding_code: 'FUNDS_DIVERTED', note: '一张发票不属于本项目' }]
  const wrong = await hub.as('auditor-1', 1).post(`${path}/conclusions`, { packet_digest: '0'.repeat(64), lines })
  t.same([wrong.statusCode, wrong.json().code], [409, 'changed_since'], wrong.body)
  t.equal((await hub.as('auditor-1').post(`${path}/conclusions`, { packet_digest: submitted.digest, lines })).json().code, 'person_required')
  const more = await hub.as('auditor-1', 1).post(`${path}/conclusions`, { packet_digest: submitted.digest, lines: [{ line_no, recognised_amount: '45000.01' }] })
  t.equal(more.statusCode, 422, 'nothing is recognised beyond the claim')
  const { conclusion_no } = body<{ conclusion_no: string }>(await hub.as('auditor-1', 1).post(`${path}/conclusions`, { packet_digest: submitted.digest, lines }))
  await refused(t, 'confirming one\'s own conclusion', 403, 'own_work', headers => hub.as('auditor-1', 1).post(`${path}/conclusions/${conclusion_no}/confirm`, {}, headers))
  body(await hub.as('auditor-1', 2).post(`${path}/conclusions/${conclusion_no}/confirm`, {}), 200)
  const audited = body<Packet>(await hub.as('meic').get(path), 200)
  t.same([audited.status, audited.recognised_amount], ['AUDITED', '44000.00'])
  t.equal((await hub.as('meic', 2).post(`${path}/approve`, { digest: '0'.repeat(64) })).json().code, 'changed_since')
  t.equal(body<Packet>(await hub.as('meic', 2).post(`${path}/approve`, { digest: audited.digest }), 200).status, 'APPROVED')

  const finance = hub.as('finance-bureau', 1)
  const opened = body<{ batch_no: string, status: string }>(await finance.post('/v1/payment-batches', {}))
  t.equal(opened.status, 'OPEN')
  const batch = `/v1/payment-batches/${opened.batch_no}`
  const closed = body<{ digest: string, count: number, control_sum: string }>(await finance.post(`${batch}/close`, {}), 200)
  t.same([closed.count, closed.control_sum], [1, '44000.00'])
  await refused(t, 'approving one\'s own batch', 403, 'own_work', headers => hub.as('finance-bureau', 1).post(`${batch}/approve`, { digest: closed.digest }, headers))
  t.equal((await hub.as('finance-bureau').post(`${batch}/approve`, { digest: closed.digest })).json().code, 'person_required')
  await refused(t, 'another digest', 409, 'changed_since', headers => hub.as('finance-bureau', 2).post(`${batch}/approve`, { digest: 'a'.repeat(64) }, headers))
  body(await hub.as('finance-bureau', 2).post(`${batch}/approve`, { digest: closed.digest }), 200)
  const instruction = await finance.get(`${batch}/instruction`)
  t.match(instruction.headers['content-type'], /xml/)
  t.match(instruction.body, /<CtrlSum>44000(\.00)?<\/CtrlSum>/)
  t.match(instruction.body, /6530000123456789/, 'the instruction carries the account')
  const [payment] = body<{ payments: { payment_no: string, status: string }[] }>(await finance.get(batch), 200).payments
  t.ok(payment)
  const status = async () => body<Line>(await bank.get(`/v1/subsidy-lines/${line_no}`), 200).payment_status
  t.equal(await status(), 'SENT')
  const unknown = { results: [{ payment_no: payment?.payment_no, status: 'UNKNOWN', date: '2026-03-23', bank_reference: 'B-1' }] }
  body(await finance.post(`${batch}/results`, unknown), 200)
  body(await finance.post(`${batch}/results`, unknown), 200)
  t.equal(await status(), 'UNKNOWN')
  t.equal((await finance.post('/v1/payment-batches', {})).statusCode, 422, 'what is unknown is asked about, never sent twice')
  const paid = { results: [{ payment_no: payment?.payment_no, status: 'PAID', date: '2026-03-23', bank_reference: 'B-1' }] }
  const done = body<{ status: string }>(await finance.post(`${batch}/results`, paid), 200)
  t.equal(done.status, 'DONE')
  body(await finance.post(`${batch}/results`, paid), 200)
  t.equal(await status(), 'PAID')
  const book = body<{ balanced: boolean }>(await finance.get('/v1/reconciliation?date=2026-03-23'), 200)
  t.equal(book.balanced, true)
})

t.test('without a budget nothing is paid', async (t) => {
  const hub = await hubInMarch(t)
  await approvedPacket(hub, (await settled(hub)).packet_no)
  await refused(t, 'no budget', 422, 'budget_missing', headers => hub.as('finance-bureau', 1).post('/v1/payment-batches', { year: 2026, fund_source: 'CENTRAL' }, headers))
  t.equal((await items(hub.as('meic'), '/v1/budgets')).length, 1, 'the sandbox has a budget for the year')
})

t.test('ceilings show sums; lines only to those who may', async (t) => {
  const hub = await hubInMarch(t)
  await settled(hub)
  const ask = async (who: string) => hub.as(who).get(`/v1/ceilings?uscc=${uscc_1}&project_code=${project_1}&year=2026`)
  for (const who of ['meic', 'finance-bureau', 'enterprise-1']) t.equal(body<{ lines: unknown[] }>(await ask(who), 200).lines.length, 1, who)
  t.equal(body<{ lines: unknown[] }>(await ask('bank-1'), 200).lines.length, 1, 'the bank sees its own')
  const other = await ask('bank-2')
  if (other.statusCode === 200) t.equal(other.json().lines.length, 0)
  else t.ok([403, 404].includes(other.statusCode))
})
