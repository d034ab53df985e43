/** Post-loan reports: S1 四(三)5. */
import t, { type Test } from 'tap'
import { build } from '../helper.ts'
import { opened, payable } from '../payment/fixtures.ts'
import { aDocument, aDrawdown, aLoanContract, aVoucher, authorize, created, knowEnterprise, lent, name_1, uscc_1, uscc_2 } from '../lending/fixtures.ts'

const at = '2026-03-20'
const codes = (answer: { json (): { warnings: { code: string }[] } }) => answer.json().warnings.map(({ code }) => code)

t.test('a bank reports on its drawdown, the hub answers with warnings; the same report again is the stored one', async t => {
  const { hub, iou_no } = await lent(t)
  const body = {
    report_no: 'DH-1', iou_no, as_of: at, balance: '9000000.00', five_grade_class: 'SPECIAL_MENTION', overdue_days: 12, signals: { output: 'DOWN',
      tax: 'DOWN', lawsuits: 2, relocation: true },
    risk_level: 'HIGH', project_progress_pct: '45.5'
  }
  const answer = await hub.as('bank-1').post('/v1/post-loan-reports', body)
  t.equal(answer.statusCode, 201)
  t.match(answer.json(), { uscc: uscc_1, reporter_role: 'BANK', hold_no: null, balance: '9000000.00', signals: { output: 'DOWN', electricity: null } })
  t.same(codes(answer), ['OVERDUE', 'SPECIAL_MENTION', 'OPERATION_DECLINING', 'LAWSUITS', 'RELOCATION', 'RISK_HIGH'])
  t.same(answer.json().fund_use_tests.map(({ result }: { result: string }) => result), ['UNKNOWN', 'UNKNOWN', 'UNKNOWN'],
    'what was not reported is unknown, no pass')
  t.equal((await hub.as('bank-1').post('/v1/post-loan-reports', body)).statusCode, 200)
  t.match((await hub.as('bank-1').post('/v1/post-loan-reports', { ...body, overdue_days: 13 })).json(), { code: 'duplicate_key' })
  t.equal((await hub.as('meic').get('/v1/post-loan-reports?warned=true')).json().items.length, 1)
  t.equal((await hub.as('meic').get('/v1/post-loan-reports?warned=false')).json().items.length, 0)
  t.equal((await hub.as('bank-1').get('/v1/post-loan-reports/DH-1')).statusCode, 200)
  t.equal((await hub.as('bank-2').get('/v1/post-loan-reports/DH-1')).statusCode, 404)
})

t.test('the use of funds is tested from payees and balance of the drawdown', async t => {
  const flow = async (t: Test, drawdown: Record<string, unknown>) => {
    const { hub, iou_no } = await lent(t, { drawdown })
    const answer = await hub.as('bank-1').post('/v1/post-loan-reports', { report_no: 'DH-1', iou_no, as_of: at })
    return { results: answer.json().fund_use_tests.map(({ test, result }: { test: string, result: string }) => `${test} ${result}`), codes: codes(answer) }
  }
  t.same(await flow(t, {
    payees: [{ name: '重庆设备供应有限公司（虚构）', amount: '9000000.00' }, { name: name_1, amount: '1000000.00' }],
    balance_events: [{ date: '2026-01-20', kind: 'REPAY', amount: '500000.00' }, { date: '2026-02-19', kind: 'PREPAY', amount: '5000000.00' }]
  }), {
    results: ['SAME_DAY_IN_OUT FAIL', 'PREPAID_WITHIN_DAYS FAIL', 'PAYEE_RELATED FAIL'], codes: ['SAME_DAY_IN_OUT', 'PREPAID_WITHIN_DAYS',
      'PAYEE_RELATED_PARTY']
  })
  t.same(await flow(t, {
    payees: [{ name: '重庆设备供应有限公司（虚构）', amount: '10000000.00' }], balance_events: [{ date: '2026-02-20', kind: 'PREPAY', amount: '5000000.00' }]
  }), { results: ['SAME_DAY_IN_OUT PASS', 'PREPAID_WITHIN_DAYS PASS', 'PAYEE_RELATED PASS'], codes: [] }, 'the thirty-first day is late enough')
})

t.test('what vouchers and the report itself say of the balance is tested as well', async t => {
  const { hub, iou_no, document_no } = await lent(t)
  const results = async (report_no: string, more: Record<string, unknown> = {}) =>
    (await hub.as('bank-1').post('/v1/post-loan-reports', { report_no, iou_no, as_of: at, ...more })).json().fund_use_tests
      .map(({ test, result }: { test: string, result: string }) => `${test} ${result}`)
  t.same(await results('DH-1'), ['SAME_DAY_IN_OUT UNKNOWN', 'PREPAID_WITHIN_DAYS UNKNOWN', 'PAYEE_RELATED UNKNOWN'])
  t.same(await results('DH-2', { as_of: '2026-01-25', balance: '4000000.00' }), ['SAME_DAY_IN_OUT PASS', 'PREPAID_WITHIN_DAYS FAIL', 'PAYEE_RELATED UNKNOWN'],
    'six tenths are back on the fifth day')
  created(await hub.as('bank-1').post('/v1/interest-vouchers', aVoucher(iou_no, document_no)))
  t.same(await results('DH-3'), ['SAME_DAY_IN_OUT PASS', 'PREPAID_WITHIN_DAYS PASS', 'PAYEE_RELATED UNKNOWN'], 'a voucher shows the whole balance for sixty days')

  const other = await lent(t)
  const segments = [{ from: '2026-01-20', to: '2026-03-21', balance: '1000000.00', annual_rate_pct: '3.60' }]
  created(await other.hub.as('bank-1').post('/v1/interest-vouchers', aVoucher(other.iou_no, other.document_no, { segments, normal_interest: '6000.00' })))
  const answer = await other.hub.as('bank-1').post('/v1/post-loan-reports', { report_no: 'DH-1', iou_no: other.iou_no, as_of: at })
  t.same(codes(answer), ['SAME_DAY_IN_OUT'], 'interest on a tenth from the first day: nine tenths went out and came back')
})

t.test('a diversion takes the subsidy out of the batch until a person of the authorities releases it', async t => {
  const { hub, iou_no } = await payable(t)
  const { hold_no } = (await hub.as('bank-1').post('/v1/post-loan-reports', { report_no: 'DH-1', iou_no, as_of: at,
    fund_use_check: { result: 'DIVERTED', diverted_amount: '3000000.00' } })).json()
  const held = await hub.as('finance-bureau', 1).post('/v1/payment-batches', {})
  t.match(held.json(), { status: 422, code: 'nothing_to_pay', errors: [{ code: 'ON_HOLD' }] })
  t.equal((await hub.as('bank-1', 1).post(`/v1/holds/${hold_no}/release`, { reason: '已核实' })).statusCode, 403, 'not the reporter')
  t.equal((await hub.as('finance-bureau', 2).post(`/v1/holds/${hold_no}/release`, { reason: '资金已归还，核查完毕' })).statusCode, 200)
  t.equal((await opened(hub)).payments.length, 1)
})

t.test('diversion puts payments on hold and tells bank, MEIC, finance bureau and enterprise', async t => {
  const { hub, iou_no } = await lent(t)
  const answer = await hub.as('bank-1').post('/v1/post-loan-reports', { report_no: 'DH-1', iou_no, as_of: at,
    fund_use_check: { result: 'DIVERTED', diverted_amount: '3000000.00', tests: ['SAME_DAY_IN_OUT'] } })
  t.same(codes(answer), ['FUNDS_DIVERTED', 'SAME_DAY_IN_OUT'])
  t.match(answer.json().hold_no, /^hold_/)
  await hub.loops.settle()
  for (const participant of ['bank-1', 'meic', 'finance-bureau', 'enterprise-1']) {
    const events = (await hub.as(participant).get('/v1/events?limit=200')).json().items.filter((event: { type: string }) => event.type === 'post_loan_report.diversion_found')
    t.match(events, [{ data: { hold_no: answer.json().hold_no } }], participant)
  }
})

t.test('without a live authorization with the scope nothing is taken in, and after it ends nothing leaves', async t => {
  const { hub, iou_no } = await lent(t)
  t.equal((await hub.as('bank-1').post('/v1/post-loan-reports', { report_no: 'DH-1', iou_no, as_of: at })).statusCode, 201)
  hub.clock.set('2031-01-12T02:00:00.000Z')
  t.match((await hub.as('bank-1').post('/v1/post-loan-reports', { report_no: 'DH-2', iou_no, as_of: at })).json(),
    { status: 403, code: 'authorization_not_active' })
  for (const participant of ['bank-1', 'meic']) {
    t.same((await hub.as(participant).get('/v1/post-loan-reports')).json().items, [], participant)
    t.equal((await hub.as(participant).get('/v1/post-loan-reports/DH-1')).statusCode, 404, participant)
  }
  const other = await build(t, { now: '2026-03-23T02:00:00.000Z' })
  await authorize(other, { scopes: ['ENTERPRISE_BASIC', 'CREDIT_CONTRACT'] })
  const contract = aLoanContract(await aDocument(other))
  created(await other.as('bank-1').post('/v1/loan-contracts', contract))
  const drawdown = aDrawdown(contract.loan_contract_no)
  created(await other.as('bank-1').post('/v1/drawdowns', drawdown))
  t.match((await other.as('bank-1').post('/v1/post-loan-reports', { report_no: 'DH-1', iou_no: drawdown.iou_no, as_of: at })).json(),
    { status: 403, code: 'authorization_missing' })
})

t.test('a park reports on enterprises it brought; the banks that lend to them read it', async t => {
  const { hub } = await lent(t)
  await authorize(hub, { grantor_uscc: uscc_2 })
  const body = { report_no: 'PK-1', uscc: uscc_1, as_of: at, signals: { electricity: 'STOPPED' } }
  const answer = await hub.as('park-1').post('/v1/post-loan-reports', body)
  t.equal(answer.statusCode, 201)
  t.same(codes(answer), ['OPERATION_STOPPED'])
  const unknown = await hub.as('park-2').post('/v1/post-loan-reports', body)
  const nobody = await hub.as('park-1').post('/v1/post-loan-reports', { ...body, report_no: 'PK-2', uscc: uscc_2 })
  t.match(unknown.json(), { status: 403, code: 'authorization_missing' })
  t.same({ ...unknown.json(), trace_id: '' }, { ...nobody.json(), trace_id: '' }, 'what another park brought looks like what nobody authorized')
  const { number } = answer.json()
  t.equal((await hub.as('bank-1').get(`/v1/post-loan-reports/${number}`)).statusCode, 200)
  t.equal((await hub.as('bank-2').get(`/v1/post-loan-reports/${number}`)).statusCode, 404)
  t.equal((await hub.as('bank-1').get('/v1/post-loan-reports/PK-1')).statusCode, 404, 'a business number counts in the own scope only')
  t.equal((await hub.as('park-2').get('/v1/post-loan-reports')).json().items.length, 0)
})

t.test('every mistake is told', async t => {
  const { hub, iou_no } = await lent(t)
  await knowEnterprise(hub, uscc_2)
  const wrong = await hub.as('bank-1').post('/v1/post-loan-reports', {
    report_no: 'DH-1', iou_no, as_of: '2026-03-24', balance: '10000000.01', fund_use_check: { result: 'COMPLIANT', diverted_amount: '1.00' }
  })
  t.same(wrong.json().errors.map((error: { pointer: string }) => error.pointer), ['/as_of', '/balance', '/fund_use_check/diverted_amount'])
  t.match((await hub.as('bank-1').post('/v1/post-loan-reports', { report_no: 'DH-1', as_of: at })).json(), { status: 400, errors: [{ pointer: '/uscc' }] })
  t.match((await hub.as('bank-1').post('/v1/post-loan-reports', { report_no: 'DH-1', uscc: uscc_2, as_of: at })).json(), { code: 'contract_unknown' })
  t.match((await hub.as('bank-2').post('/v1/post-loan-reports', { report_no: 'DH-1', iou_no, as_of: at })).json(), { code: 'contract_unknown' })
  t.match((await hub.as('park-1').post('/v1/post-loan-reports', { report_no: 'DH-1', uscc: '91500112MAXX00016Q', as_of: at })).json(),
    { code: 'uscc_check_digit' })
  t.match((await hub.as('guarantor-1').post('/v1/post-loan-reports', { report_no: 'DH-1', iou_no, as_of: at })).json(), { code: 'role_not_allowed' })
})
