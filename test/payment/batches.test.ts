import { eq } from 'drizzle-orm'
import t from 'tap'
import { resultsFromXml } from '../../src/payment/batches/results.ts'
import { participants } from '../../src/registry/participants/store.ts'
import { feed } from '../../src/journal/events.ts'
import { uscc_1 } from '../lending/fixtures.ts'
import { anotherLoan, approveAll, done, lines, ready, send } from '../subsidy/fixtures.ts'
import { approvedBatch, batchOf, bureau, closed, declare, opened, paid, payable, resultOf, sent, type Batch } from './fixtures.ts'
import { no_xmllint, schemaMistakes } from './schema-check.ts'

t.test('what was approved is paid once, to the account of the enterprise', async t => {
  const { hub } = await payable(t)
  const batch = await closed(hub, { batch_no: 'PB-1' })
  t.match(batch, {
    batch_no: 'PB-1', status: 'CLOSED', count: 1, control_sum: '30000.00', digest: /^[0-9a-f]{64}$/, left_out: [],
    payments: [{ payee_uscc: uscc_1, payee_kind: 'ENTERPRISE', amount: '30000.00', status: 'GENERATED', lines: [{ amount: '30000.00' }] }]
  })
  const approve = '/v1/payment-batches/PB-1/approve'
  t.match((await bureau(hub, 1).post(approve, { digest: batch.digest })).json(), { status: 403, code: 'own_work' })
  t.match((await bureau(hub).post(approve, { digest: batch.digest })).json(), { status: 403, code: 'person_required' })
  t.match((await bureau(hub, 2).post(approve, { digest: '0'.repeat(64) })).json(), { status: 409, code: 'changed_since' })
  t.match((await bureau(hub).get('/v1/payment-batches/PB-1/instruction')).json(), { code: 'state_conflict', allowed: ['APPROVED'] })
  t.match(done(await bureau(hub, 2).post(approve, { digest: batch.digest })), { status: 'APPROVED' })
  t.match(done<{ items: object[] }>(await bureau(hub).get('/v1/budgets')).items,
    [{ year: 2026, fund_source: 'MUNICIPAL', used: '30000.00' }])
  t.match((await bureau(hub, 2).post(approve, { digest: batch.digest })).json(), { code: 'state_conflict' })
  const payment = batch.payments[0]
  const results = '/v1/payment-batches/PB-1/results'
  t.match((await bureau(hub).post(results, { results: [resultOf(payment)] })).json(), { status: 409, code: 'state_conflict' },
    'nothing was sent yet')
  const instruction = await bureau(hub).get('/v1/payment-batches/PB-1/instruction')
  t.match(instruction.body, /<EndToEndId>pay_.*<InstdAmt Ccy="CNY">30000.00<.*<Cd>CNAPS<.*<MmbId>999653000014<.*<Id>5000123456789012</s)
  t.equal((await bureau(hub).get('/v1/payment-batches/PB-1/instruction')).body, instruction.body, 'the same bytes')
  t.equal((await bureau(hub).get('/v1/payment-batches/PB-1/instruction?format=xlsx')).rawPayload.subarray(0, 2).toString(), 'PK')
  t.match(await lines(hub, 'enterprise-1'), [{ payment_status: 'SENT' }])
  const answer = { results: [resultOf(payment)] }
  t.match(done(await bureau(hub).post(results, answer)), { status: 'DONE',
    payments: [{ status: 'PAID', paid_date: '2026-03-23', bank_reference: 'TX-1' }] })
  t.equal((await bureau(hub).post(results, answer)).statusCode, 200, 'the same again')
  t.match((await bureau(hub).post(results, { results: [resultOf(payment, { bank_reference: 'TX-2' })] })).json(),
    { status: 409, code: 'duplicate_key' })
  t.match((await bureau(hub).post(results, { results: [resultOf(payment, { status: 'UNKNOWN' })] })).json(),
    { status: 409, code: 'state_conflict' })
  t.match(await lines(hub, 'bank-1'), [{ payment_status: 'PAID' }])
  t.match((await bureau(hub, 1).post('/v1/payment-batches', {})).json(), { status: 422, code: 'nothing_to_pay' }, 'never twice')
  t.match((await hub.as('enterprise-1').get('/v1/payment-batches/PB-1')).json(), { payments: [{ payee_uscc: uscc_1 }], left_out: [],
    digest: null })
  t.equal((await hub.as('enterprise-2').get('/v1/payment-batches/PB-1')).statusCode, 404)
  t.equal((await hub.as('bank-1').get('/v1/payment-batches/PB-1')).statusCode, 403)
  const { account_no } = { account_no: '5000123456789012' }
  t.notOk((await bureau(hub).get('/v1/payment-batches/PB-1')).body.includes(account_no))
  t.notOk(hub.logged.some(line => line.includes(account_no)))
  await hub.loops.settle()
  t.ok((await feed(hub.db.read, 'enterprise-1', 0, 200)).some(({ type }) => type === 'payment.paid'))
})

t.test('the instruction is valid pain.001.001.09', { skip: no_xmllint ? 'needs xmllint and ../shared/data/iso20022' : false }, async t => {
  const { hub } = await payable(t)
  const { batch_no } = await sent(hub)
  const { body } = await bureau(hub).get(`/v1/payment-batches/${batch_no}/instruction`)
  t.equal(schemaMistakes(body), '', 'as every instruction that any test fetches (test/helper.ts)')
  t.match(schemaMistakes(body.replace('<ChrgBr>SHAR', '<ChrgBr>MINE')), /ChrgBr/, 'another word is noticed')
})

t.test('a batch number is kept for ever: the same request is the batch, another one is refused', async t => {
  const { hub } = await payable(t)
  const first = await opened(hub, { batch_no: 'PB-1' })
  const again = await bureau(hub, 1).post('/v1/payment-batches', { batch_no: 'PB-1' })
  t.equal(again.statusCode, 200)
  t.equal(again.json().message_no, first.message_no)
  t.match((await bureau(hub, 1).post('/v1/payment-batches', { batch_no: 'PB-1', year: 2027 })).json(),
    { status: 409, code: 'duplicate_key' })
  t.match((await bureau(hub).post('/v1/payment-batches', {})).json(), { code: 'person_required' })
})

t.test('no budget, no account, nothing approved: each is told by its name', async t => {
  const { hub, iou_no } = await ready(t)
  t.match((await bureau(hub, 1).post('/v1/payment-batches', {})).json(), { code: 'nothing_to_pay' })
  await send(hub, 'bank-1', iou_no)
  await approveAll(hub)
  t.match((await bureau(hub, 1).post('/v1/payment-batches', { year: 2027 })).json(), { status: 422, code: 'budget_missing' })
  t.match((await bureau(hub, 1).post('/v1/payment-batches', { fund_source: 'DISTRICT' })).json(), { status: 422, code: 'budget_missing' })
  t.match((await bureau(hub, 1).post('/v1/payment-batches', {})).json(), { status: 422, code: 'nothing_to_pay',
    errors: [{ code: 'ACCOUNT_MISSING' }] })
})

t.test('a short budget pays cooperating institutions first, whole lines in the order of the queue', async t => {
  const { hub, iou_no } = await ready(t)
  await declare(hub, 'bank-1')
  const second = await anotherLoan(hub, 'bank-2')
  await hub.db.write(async sql => { await sql.update(participants).set({ is_cooperating: false }).where(eq(participants.participant_no,
    'bank-1')) })
  await send(hub, 'bank-1', iou_no, { paid_date: '2026-03-20' })
  await send(hub, 'bank-2', second, { paid_date: '2026-03-21' })
  await approveAll(hub)
  t.match((await bureau(hub, 1).post('/v1/budgets', { year: 2026, fund_source: 'DISTRICT', amount: '40000.00' })).statusCode, 201)
  const batch = await opened(hub, { fund_source: 'DISTRICT' })
  const of_line = new Map((await lines(hub)).map(line => [line.line_no, line.participant_no]))
  t.match(batch.payments, [{ amount: '30000.00' }])
  t.equal(of_line.get(batch.payments[0]?.lines[0]?.line_no ?? ''), 'bank-2')
  t.match(batch.left_out.map(({ line_no, reason }) => [of_line.get(line_no), reason]), [['bank-1', 'BUDGET_SHORT']])
  t.match((await bureau(hub, 1).post('/v1/payment-batches', { fund_source: 'DISTRICT' })).json(), { code: 'budget_exhausted' },
    'an open batch has reserved it')
  t.match((await bureau(hub, 1).post('/v1/budgets', { year: 2026, fund_source: 'DISTRICT', amount: '70000.00' })).json(),
    { version: 2, left: '70000.00' })
  t.equal((await opened(hub, { fund_source: 'DISTRICT' })).payments.length, 1)
})

t.test('UNKNOWN is asked about and never sent again; RETURNED goes out again only to another account', async t => {
  const { hub } = await payable(t)
  const batch = await sent(hub)
  const payment = batch.payments[0]
  const results = `/v1/payment-batches/${batch.batch_no}/results`
  t.match(done(await bureau(hub).post(results, { results: [resultOf(payment, { status: 'UNKNOWN' })] })),
    { status: 'SENT', payments: [{ status: 'UNKNOWN' }] })
  t.match((await bureau(hub, 1).post('/v1/payment-batches', {})).json(), { code: 'nothing_to_pay' })
  t.match(done(await bureau(hub).post(results, { results: [resultOf(payment, { status: 'RETURNED', reason: '账号户名不符' })] })),
    { status: 'DONE', payments: [{ status: 'RETURNED', return_reason: '账号户名不符' }] })
  t.match(done<{ items: object[] }>(await bureau(hub).get('/v1/budgets')).items, [{ used: '0.00' }], 'the money is back')
  t.match(await lines(hub, 'bank-1'), [{ payment_status: 'RETURNED' }])
  t.match((await bureau(hub, 1).post('/v1/payment-batches', {})).json(), { code: 'nothing_to_pay' })
  await declare(hub, 'bank-1', { account_no: '5000123456789099' })
  const again = await sent(hub)
  t.match(again.payments, [{ amount: '30000.00', reissue_of: payment?.payment_no, status: 'SENT' }])
  t.not(again.payments[0]?.account_number, payment?.account_number)
  t.match((await batchOf(hub, batch.batch_no)).payments, [{ status: 'REISSUED' }])
  t.match(done<{ items: object[] }>(await bureau(hub).get('/v1/budgets')).items, [{ used: '30000.00' }])
})

t.test('results come as pain.002 as well', async t => {
  const { hub } = await payable(t)
  const batch = await sent(hub)
  const xml = (status: string, id = batch.payments[0]?.payment_no, amount = '30000') => '<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><OrgnlPmtInfAndSts><TxInfAndSts>' +
    `<OrgnlEndToEndId>${id}</OrgnlEndToEndId><TxSts>${status}</TxSts><AcctSvcrRef>TX-9</AcctSvcrRef><FctvIntrBkSttlmDt><Dt>2026-03-23</Dt></FctvIntrBkSttlmDt><OrgnlTxRef><Amt><InstdAmt Ccy="CNY">${amount}</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>`
  const post = (body: string) => bureau(hub).send('POST', `/v1/payment-batches/${batch.batch_no}/results`, body,
    { 'content-type': 'application/xml' })
  t.match((await post('<Document>')).json(), { status: 400, code: 'invalid_request' })
  t.match((await post(`<!DOCTYPE x [<!ENTITY a "b">]>${xml('ACSC').slice(21)}`)).json(), { status: 400 })
  t.match((await post(xml('ACSC', 'pay_01JB2Q8Z6V7K3M5N9P4R1S0T2W'))).json(), { status: 422, code: 'payment_unknown' })
  for (const other of ['29999.99', '30000.001', 'much']) {
    t.match((await post(xml('ACSC', undefined, other))).json(), { status: 422, code: 'result_amount_differs', errors: [{ pointer: '/results/0/amount', message: new RegExp(`30000\\.00.*${other}`) }] })
  }
  t.match((await bureau(hub).post(`/v1/payment-batches/${batch.batch_no}/results`, { results: [resultOf(batch.payments[0], { amount: '30000.01' })] })).json(), { code: 'result_amount_differs' })
  t.match(done(await post(xml('ACSC'))), { status: 'DONE', payments: [{ status: 'PAID', bank_reference: 'TX-9', paid_date: '2026-03-23' }] })
  const repeated = '<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>销户</AddtlInf></StsRsnInf><AccptncDtTm>2026-03-21T16:30:00Z</AccptncDtTm><OrgnlTxRef><ReqdExctnDt><Dt>2026-03-20</Dt></ReqdExctnDt>' +
    '<CdtrAgt><FinInstnId><ClrSysMmbId><ClrSysId><Cd>CNAPS</Cd></ClrSysId></ClrSysMmbId></FinInstnId></CdtrAgt>'
  t.same(resultsFromXml(xml('RJCT').replace(/<FctvIntrBkSttlmDt>.*<OrgnlTxRef>/, repeated), '2026-03-23'), [{
    payment_no: batch.payments[0]?.payment_no, status: 'RETURNED', date: '2026-03-22', bank_reference: 'TX-9', reason: 'AC04 销户', amount: '30000.00'
  }], 'the day is that of Beijing; what is repeated of the instruction is no answer')
  t.equal((await bureau(hub, 1).send('POST', '/v1/payment-batches', xml('ACSC'), { 'content-type': 'application/xml' })).statusCode, 415,
    'only there')
})

t.test('a day is reconciled to the fen; an open difference of an earlier day blocks the next batch', async t => {
  const { hub, iou_no } = await payable(t, { now: '2026-06-25T02:00:00.000Z' })
  const batch = await sent(hub)
  t.match((await bureau(hub).get('/v1/reconciliation?date=2026-06-25')).json(), {
    batches: [batch.batch_no], instructed: { count: 1, amount: '30000.00' }, results: { missing: { count: 1, amount: '30000.00' } },
      lines: '30000.00', difference_lines: '0.00',
    difference_results: '30000.00', balanced: false, open: [{ payment_no: batch.payments[0]?.payment_no }]
  })
  await send(hub, 'bank-1', iou_no, { period_start: '2026-03-21', period_end: '2026-06-21', normal_interest: '92000.00',
    paid_date: '2026-06-21', segments: [{ from: '2026-03-21', to: '2026-06-21', balance: '10000000.00', annual_rate_pct: '3.60' }] })
  await approveAll(hub)
  hub.clock.set('2026-06-26T02:00:00.000Z')
  t.match((await bureau(hub, 1).post('/v1/payment-batches', {})).json(), { status: 422, code: 'reconciliation_open',
    errors: [{ code: 'RESULT_MISSING', message: /pay_.*30000\.00.*2026-06-25/ }] })
  done(await bureau(hub).post(`/v1/payment-batches/${batch.batch_no}/results`,
    { results: [resultOf(batch.payments[0], { date: '2026-06-26' })] }))
  t.match((await bureau(hub).get('/v1/reconciliation?date=2026-06-25')).json(), { balanced: true,
    results: { paid: { amount: '30000.00' } } })
  for (const date of ['0001-01-01', '9999-12-31']) t.match((await bureau(hub).get(`/v1/reconciliation?date=${date}`)).json(), { date, batches: [], balanced: true }, 'no day is too early or too late')
  t.equal((await opened(hub)).count, 1)
})

t.test('a hold keeps a line out of batches, and a closed batch from approval, until another person releases it', async t => {
  const { hub } = await payable(t)
  const hold = async (over: object) => done<{ hold_no: string }>(await bureau(hub, 1).post('/v1/holds', { reason: '失信名单核查中', ...over }))
  t.match((await bureau(hub, 1).post('/v1/holds', { reason: 'x' })).json(), { code: 'invalid_request' })
  t.match((await bureau(hub, 1).post('/v1/holds', { reason: 'x', uscc: uscc_1, expires_on: '2026-03-22' })).json(), { status: 422, code: 'rule_broken', errors: [{ pointer: '/expires_on' }] })
  const first = await hold({ uscc: uscc_1 })
  t.match((await bureau(hub, 1).post('/v1/payment-batches', {})).json(), { code: 'nothing_to_pay', errors: [{ code: 'ON_HOLD' }] })
  t.match((await bureau(hub, 1).post(`/v1/holds/${first.hold_no}/release`, {})).json(), { code: 'own_work' })
  done(await bureau(hub, 2).post(`/v1/holds/${first.hold_no}/release`, { reason: '无异常' }))
  const batch = await closed(hub)
  const second = await hold({ line_no: batch.payments[0]?.lines[0]?.line_no, expires_on: '2026-03-24' })
  t.match((await bureau(hub, 2).post(`/v1/payment-batches/${batch.batch_no}/approve`, { digest: batch.digest })).json(),
    { status: 409, code: 'changed_since' })
  t.ok(second.hold_no)
  hub.clock.set('2026-03-25T02:00:00.000Z')
  t.match(done(await bureau(hub, 2).post(`/v1/payment-batches/${batch.batch_no}/approve`, { digest: batch.digest })),
    { status: 'APPROVED' }, 'an expired hold holds no more')
  const third = await hold({ uscc: uscc_1 })
  const instruction = () => bureau(hub).get(`/v1/payment-batches/${batch.batch_no}/instruction`)
  t.match((await instruction()).json(), { status: 409, code: 'changed_since', detail: new RegExp(batch.payments[0]?.payment_no ?? '') }, 'nor does what was held after the approval go out')
  done(await bureau(hub, 2).post(`/v1/holds/${third.hold_no}/release`, { reason: '无异常' }))
  t.equal((await instruction()).statusCode, 200)
})

t.test('the authorities hear of a hold on its last day, and of one without an end after a month, once', async t => {
  const { hub } = await payable(t)
  const place = async (over: object) => done<{ hold_no: string }>(await bureau(hub, 1).post('/v1/holds', { reason: '失信名单核查中', owner: '预算处', ...over })).hold_no
  const [ends, stands] = [await place({ uscc: uscc_1, expires_on: '2026-03-25' }), await place({ uscc: uscc_1 })]
  const told = async () => {
    await hub.loops.settle()
    return (await feed(hub.db.read, 'meic', 0, 200)).filter(({ type }) => type === 'hold.escalated').map(({ subject, data }) => [subject, data.owner])
  }
  t.same(await told(), [])
  hub.clock.set('2026-03-25T02:00:00.000Z')
  t.same(await told(), [[ends, '预算处']])
  hub.clock.set('2026-04-21T02:00:00.000Z')
  t.same(await told(), [[ends, '预算处']])
  hub.clock.set('2026-04-22T02:00:00.000Z')
  t.same(await told(), [[ends, '预算处'], [stands, '预算处']])
  const holds = done<{ items: { hold_no: string, escalated_at: string | null }[] }>(await bureau(hub).get('/v1/holds')).items
  t.match(holds.map(({ escalated_at }) => escalated_at), ['2026-03-25T02:00:00.000Z', '2026-04-22T02:00:00.000Z'])
})

t.test('a payment that is not approved yet follows its payee to another account', async t => {
  const { hub } = await payable(t)
  const { batch_no, payments: [before] } = await opened(hub)
  const close = () => bureau(hub, 1).post(`/v1/payment-batches/${batch_no}/close`, {})
  await declare(hub, 'bank-1', { account_no: '5000123456789099' })
  const first = done<Batch>(await close())
  t.not(first.payments[0]?.account_number, before?.account_number)
  await declare(hub, 'bank-1', { account_no: '5000123456789088' })
  t.match((await bureau(hub, 2).post(`/v1/payment-batches/${batch_no}/approve`, { digest: first.digest })).json(), { status: 409, code: 'changed_since' })
  const { digest } = done<Batch>(await close())
  t.equal((await close()).statusCode, 409, 'closed anew only when it has changed')
  done(await bureau(hub, 2).post(`/v1/payment-batches/${batch_no}/approve`, { digest }))
  t.match((await bureau(hub).get(`/v1/payment-batches/${batch_no}/instruction`)).body, /<NbOfTxs>1<.*<Id>5000123456789088</s)
})

t.test('an approved payment whose payee changes its account before it is sent goes out in a later batch', async t => {
  const { hub } = await payable(t)
  const { batch_no } = await approvedBatch(hub)
  await declare(hub, 'bank-1', { account_no: '5000123456789099' })
  t.match((await bureau(hub).get(`/v1/payment-batches/${batch_no}/instruction`)).json(), { status: 422, code: 'nothing_to_pay' })
  t.match(await batchOf(hub, batch_no), { status: 'DONE', count: 0, control_sum: '0.00', payments: [{ status: 'CANCELLED' }] })
  t.match(done<{ items: object[] }>(await bureau(hub).get('/v1/budgets')).items, [{ used: '0.00' }])
  const later = await sent(hub)
  t.match((await bureau(hub).get(`/v1/payment-batches/${later.batch_no}/instruction`)).body, /<NbOfTxs>1<.*<CtrlSum>30000.00<.*<Id>5000123456789099</s)
  t.match(done<{ items: object[] }>(await bureau(hub).get('/v1/budgets')).items, [{ used: '30000.00' }])
  await hub.loops.settle()
  t.same((await feed(hub.db.read, 'enterprise-1', 0, 200)).flatMap(({ type }) => type.startsWith('payment.') ? [type] : []), ['payment.approved', 'payment.cancelled', 'payment.approved'])
})

t.test('a claw-back of what was paid is taken off the next payment to the same payee', async t => {
  const { hub, iou_no } = await payable(t, { now: '2026-06-25T02:00:00.000Z' })
  await paid(hub)
  const [line] = await lines(hub, 'bank-1')
  const body = { line_no: line?.line_no, amount: '5000.00', reason: '资金挪用' }
  t.match((await bureau(hub, 1).post('/v1/clawbacks', { ...body, amount: '30000.01' })).json(), { status: 422, code: 'clawback_over_line' })
  t.match((await bureau(hub).post('/v1/clawbacks', body)).json(), { code: 'person_required' })
  done(await bureau(hub, 1).post('/v1/clawbacks', body))
  t.equal((await bureau(hub, 1).post('/v1/clawbacks', body)).statusCode, 200)
  await send(hub, 'bank-1', iou_no, { correction_of: line?.voucher_no, normal_interest: '54000.00',
    segments: [{ from: '2026-01-20', to: '2026-03-21', balance: '9000000.00', annual_rate_pct: '3.60' }] })
  await send(hub, 'bank-1', iou_no, { period_start: '2026-03-21', period_end: '2026-06-21', normal_interest: '92000.00',
    paid_date: '2026-06-21', segments: [{ from: '2026-03-21', to: '2026-06-21', balance: '10000000.00', annual_rate_pct: '3.60' }] })
  await approveAll(hub)
  const batch = await sent(hub)
  t.match(batch.payments, [{ gross: '46000.00', offset: '8000.00', amount: '38000.00', offsets: [{ amount: '5000.00' },
    { amount: '3000.00' }] }])
  t.match(done<{ items: object[] }>(await bureau(hub).get('/v1/clawbacks')).items, [{ origin: 'DECIDED', status: 'SETTLED', open: '0.00' },
    { origin: 'DERIVED', status: 'SETTLED', offset: '3000.00' }])
  done(await bureau(hub).post(`/v1/payment-batches/${batch.batch_no}/results`,
    { results: [resultOf(batch.payments[0], { status: 'RETURNED', date: '2026-06-25' })] }))
  await hub.loops.settle()
  t.match(done<{ items: object[] }>(await bureau(hub).get('/v1/clawbacks?status=OPEN')).items, [{ open: '5000.00' }, { open: '3000.00' }],
    'what came back took nothing back')
  await declare(hub, 'bank-1', { account_no: '5000123456789099' })
  t.match((await opened(hub)).payments, [{ gross: '46000.00', offset: '8000.00', amount: '38000.00' }])
})

t.test('forty openings, closings and approvals at once make one payment', async t => {
  const { hub } = await payable(t)
  const many = async (send: () => Promise<{ statusCode: number }>) => (await Promise.all(Array.from({ length: 40 },
    send))).map(({ statusCode }) => statusCode)
  t.same((await many(() => bureau(hub, 1).post('/v1/payment-batches', {}))).filter(status => status === 201), [201])
  const [batch] = done<{ items: Batch[] }>(await bureau(hub).get('/v1/payment-batches')).items
  t.same((await many(() => bureau(hub, 1).post(`/v1/payment-batches/${batch?.batch_no}/close`, {}))).filter(status => status !== 409),
    [200])
  const { digest } = await batchOf(hub, batch?.batch_no ?? '')
  t.same((await many(() => bureau(hub, 2).post(`/v1/payment-batches/${batch?.batch_no}/approve`,
    { digest }))).filter(status => status !== 409), [200])
  t.match(done<{ items: object[] }>(await bureau(hub).get('/v1/budgets')).items, [{ used: '30000.00' }])
  t.equal((await approvedBatch(hub).catch(() => null)), null)
})
