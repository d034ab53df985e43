/** What is held is answered: by a correction of its sender, or by a person of the commission with a reason. Nothing is silently dropped. */
import t from 'tap'
import { anotherLoan, done, lines, ready, send } from '../subsidy/fixtures.ts'
import { aDocument, aDrawdown, aFeeVoucher, aGuarantee, aLease, aLoanContract, aRentVoucher, aVoucher, authorize, created, name_1, uscc_1 } from './fixtures.ts'

const reason = '系同一笔扣款的补打回单，已向银行核实'
const codes = (row: Record<string, unknown>) => (row.findings as { code: string }[]).map(({ code }) => code)

t.test('a voucher under review is read, released and rejected by persons of the commission only; then it counts, or never', async t => {
  const { hub, iou_no } = await ready(t)
  const bank = hub.as('bank-1')
  const second = await anotherLoan(hub, 'bank-2')
  const first = await send(hub, 'bank-1', iou_no, { document_no: await aDocument(hub, 'bank-1', 'one receipt') })
  const held = await send(hub, 'bank-2', second, { document_no: await aDocument(hub, 'bank-2', 'one receipt') })
  t.same([held.status, codes(held)], ['HELD', ['UNDER_REVIEW']])
  const path = `/v1/interest-vouchers/${held.number}`
  t.match(done<{ items: object[] }>(await hub.as('meic', 1).get('/v1/interest-vouchers')).items, [{ number: held.number, status: 'HELD' }], 'what is held and nothing else')
  const body = { decision: 'RELEASE', reason }
  const receipt = `/v1/documents/${held.document_no}`
  t.equal((await hub.as('meic').get(receipt)).statusCode, 404, 'a machine decides on nothing')
  t.equal((await hub.as('finance-bureau', 1).get(receipt)).statusCode, 404)
  const opened = await hub.as('meic', 1).get(receipt)
  t.same([opened.statusCode, opened.body], [200, 'one receipt'])
  const accepted = done(await bank.get(`/v1/interest-vouchers/${first.number}`))
  t.equal((await hub.as('meic', 1).get(`/v1/documents/${accepted.document_no}`)).statusCode, 404, 'what is not held is not decided on')
  t.equal((await hub.as('meic', 1).get(`/v1/documents/${await aDocument(hub, 'bank-2')}`)).statusCode, 404)
  const disclosures = done<{ items: { basis: string }[] }>(await hub.as('enterprise-1').get(`/v1/authorizations/${held.authorization_no}/disclosures`)).items
  t.match(disclosures, [{ basis: 'REGULATOR', recipient_no: 'meic', fields_released: ['document'], digest: opened.headers['x-content-sha256'] }], 'one reading, told to the enterprise')
  t.match(done<{ disclosures: object[] }>(await hub.as('enterprise-1').get(`/v1/enterprises/${uscc_1}/receipt`)).disclosures, [{ basis: 'REGULATOR', case_no: held.number }])
  t.match((await hub.as('meic').post(`${path}/decision`, body)).json(), { status: 403, code: 'person_required' })
  t.match((await hub.as('bank-2', 1).post(`${path}/decision`, body)).json(), { status: 403, code: 'role_not_allowed' })
  t.match((await hub.as('meic', 1).post(`${path}/decision`, { decision: 'RELEASE' })).json(), { status: 400, errors: [{ pointer: '/reason' }] })
  const released = done(await hub.as('meic', 1).post(`${path}/decision`, body))
  t.same([released.status, codes(released)], ['ACCEPTED', ['UNDER_REVIEW', 'RELEASED']])
  t.equal((await hub.as('meic', 1).get(receipt)).statusCode, 404, 'decided, it is no longer read')
  await hub.loops.settle()
  t.match((await lines(hub, 'bank-2')), [{ amount: '30000.00', status: 'OPEN' }])
  t.match(done(await hub.as('bank-2').get(path)), { status: 'ACCEPTED', findings: [{ code: 'UNDER_REVIEW' }, { code: 'RELEASED', message: reason }] })
  t.same(done<{ items: object[] }>(await hub.as('meic', 1).get('/v1/interest-vouchers')).items, [], 'decided, it is read by its own again')
  t.match((await hub.as('meic', 2).post(`${path}/decision`, body)).json(), { status: 409, code: 'state_conflict' })

  const other = created(await bank.post('/v1/interest-vouchers', aVoucher(await anotherLoan(hub, 'bank-1'), await aDocument(hub), { payer_account_name: '别的公司' })))
  t.same([other.status, codes(other)], ['HELD', ['NAME_MISMATCH']])
  t.match(done(await hub.as('meic', 1).post(`/v1/interest-vouchers/${other.number}/decision`, { decision: 'REJECT', reason: '系代付' })), { status: 'REJECTED' })
  t.match((await bank.post('/v1/interest-vouchers', aVoucher(iou_no, await aDocument(hub), { correction_of: other.number }))).json(), { status: 409, code: 'state_conflict' })
  await hub.loops.settle()
  t.equal((await lines(hub, 'bank-1')).length, 1)
})

t.test('evidence older than the authorization is released only under one that the enterprise gave for that time', async t => {
  const { hub, iou_no, document_no } = await ready(t)
  const days = { period_start: '2026-01-01', period_end: '2026-01-11', paid_date: '2026-01-11', normal_interest: '10000.00',
    segments: [{ from: '2026-01-01', to: '2026-01-11', balance: '10000000.00', annual_rate_pct: '3.60' }] }
  const held = await send(hub, 'bank-1', iou_no, { ...days, document_no })
  t.ok(codes(held).includes('AUTH_SCOPE_INSUFFICIENT'))
  t.equal((await hub.as('meic', 1).get(`/v1/documents/${document_no}`)).statusCode, 404, 'what the enterprise has not covered is not read')
  const decide = () => hub.as('meic', 1).post(`/v1/interest-vouchers/${held.number}/decision`, { decision: 'RELEASE', reason })
  t.match((await decide()).json(), { status: 403, code: 'authorization_missing' })
  await authorize(hub, { covers_history_from: '2026-01-01', recipients: ['LESSOR'] })
  t.match((await decide()).json(), { status: 403, code: 'authorization_missing' }, 'one for others does not count')
  const { authorization_no } = await authorize(hub, { covers_history_from: '2026-01-01', recipients: ['PAIRED_BANK'] })
  t.match(done(await decide()), { status: 'ACCEPTED', authorization_no })
})

t.test('a rejected fee no longer counts as charged', async t => {
  const { hub, loan_contract_no } = await ready(t, { contract: { contract_amount: '10000000.00' } })
  const guarantor = hub.as('guarantor-1')
  const { guarantee_contract_no } = created(await guarantor.post('/v1/guarantee-contracts', aGuarantee(loan_contract_no, await aDocument(hub, 'guarantor-1'))))
  const fee = created(await guarantor.post('/v1/fee-vouchers', aFeeVoucher(guarantee_contract_no as string, await aDocument(hub, 'guarantor-1'), { payer_account_name: '别的公司' })))
  t.equal(fee.status, 'HELD')
  done(await hub.as('meic', 2).post(`/v1/fee-vouchers/${fee.number}/decision`, { decision: 'REJECT', reason: '系代付' }))
  t.match(done(await guarantor.get(`/v1/guarantee-contracts/${guarantee_contract_no}`)), { charged_amount: '0.00' })
  const paid = aFeeVoucher(guarantee_contract_no as string, await aDocument(hub, 'guarantor-1'), { fee_amount: '128000.00', payer_account_name: name_1 })
  t.equal(created(await guarantor.post('/v1/fee-vouchers', paid)).status, 'ACCEPTED')
})

t.test('a rejected correction leaves the accepted voucher in force, with its line; where its place is taken since, that one stands', async t => {
  const { hub, iou_no } = await ready(t)
  const bank = hub.as('bank-1')
  const decide = (number: unknown, room = 'interest-vouchers') => hub.as('meic', 1).post(`/v1/${room}/${number}/decision`, { decision: 'REJECT', reason: '系代付' })
  const first = await send(hub, 'bank-1', iou_no)
  const other = { payer_account_name: '别的公司' }
  const second = await send(hub, 'bank-1', iou_no, { ...other, correction_of: first.number })
  const third = await send(hub, 'bank-1', iou_no, { ...other, correction_of: second.number })
  t.same((await lines(hub, 'bank-1', '&status=OPEN')), [], 'while a correction is held nothing is claimed')
  done(await decide(third.number))
  await hub.loops.settle()
  t.match(done(await bank.get(`/v1/interest-vouchers/${first.number}`)), { status: 'ACCEPTED', superseded_by: null })
  t.match(done(await bank.get(`/v1/interest-vouchers/${second.number}`)), { status: 'SUPERSEDED' }, 'it never was in force')
  t.match(await lines(hub, 'bank-1', '&status=OPEN'), [{ amount: '30000.00', voucher_no: first.voucher_no }])
  const events = done<{ items: { type: string, subject: string }[] }>(await bank.get('/v1/events?after=0')).items
  t.ok(events.some(({ type, subject }) => type === 'interest_voucher.reinstated' && subject === first.number))

  const moved = await send(hub, 'bank-1', iou_no, { ...other, correction_of: first.number, period_start: '2026-02-20', normal_interest: '29000.00',
    segments: [{ from: '2026-02-20', to: '2026-03-21', balance: '10000000.00', annual_rate_pct: '3.60' }] })
  const instead = await send(hub, 'bank-1', iou_no, { period_end: '2026-02-20', normal_interest: '31000.00', paid_date: '2026-02-20',
    segments: [{ from: '2026-01-20', to: '2026-02-20', balance: '10000000.00', annual_rate_pct: '3.60' }] })
  done(await decide(moved.number))
  await hub.loops.settle()
  t.match(done(await bank.get(`/v1/interest-vouchers/${first.number}`)), { status: 'SUPERSEDED' })
  t.match(await lines(hub, 'bank-1', '&status=OPEN'), [{ amount: '15500.00', voucher_no: instead.voucher_no }])
})

t.test('a rejected correction of a fee leaves the fee before counted once', async t => {
  const { hub, loan_contract_no } = await ready(t)
  const guarantor = hub.as('guarantor-1')
  const { guarantee_contract_no } = created(await guarantor.post('/v1/guarantee-contracts', aGuarantee(loan_contract_no, await aDocument(hub, 'guarantor-1'))))
  const fee = async (over: object) => created(await guarantor.post('/v1/fee-vouchers', aFeeVoucher(guarantee_contract_no as string, await aDocument(hub, 'guarantor-1'), { ...over })))
  const first = await fee({})
  const second = await fee({ correction_of: first.number, fee_amount: '128000.00', payer_account_name: '别的公司' })
  done(await hub.as('meic', 2).post(`/v1/fee-vouchers/${second.number}/decision`, { decision: 'REJECT', reason: '系代付' }))
  await hub.loops.settle()
  t.match(done(await guarantor.get(`/v1/guarantee-contracts/${guarantee_contract_no}`)), { charged_amount: '64000.00' })
  t.match(await lines(hub, 'guarantor-1', '&status=OPEN'), [{ amount: '32000.00', voucher_no: first.fee_voucher_no }])
})

t.test('what was held because of its contract counts when the contract is put right; what has another cause waits on', async t => {
  const { hub, loan_contract_no, iou_no } = await ready(t)
  const bank = hub.as('bank-1')
  const read = async (row: Record<string, unknown>) => done(await bank.get(`/v1/interest-vouchers/${row.number}`))
  const segments = [{ from: '2026-01-20', to: '2026-03-21', balance: '10000000.00', annual_rate_pct: '3.90' }]
  const held = await send(hub, 'bank-1', iou_no, { segments, normal_interest: '65000.00' })
  const second_iou = await anotherLoan(hub, 'bank-1')
  const of_other = await send(hub, 'bank-1', second_iou, { payer_account_name: '别的公司' })
  t.same([codes(held), codes(of_other)], [['RATE_NOT_OF_CONTRACT'], ['NAME_MISMATCH']])
  const corrected = aLoanContract(await aDocument(hub), { correction_of: loan_contract_no, annual_rate_pct: '3.80' })
  created(await bank.post('/v1/loan-contracts', corrected))
  t.match(await read(held), { status: 'HELD', findings: [{ code: 'RATE_NOT_OF_CONTRACT', message: /3\.80/ }] }, 'the finding tells the contract as it is now')
  let contract_no = corrected.loan_contract_no
  const correctTo = async (annual_rate_pct: string) => {
    const next = aLoanContract(await aDocument(hub), { correction_of: contract_no, annual_rate_pct })
    created(await bank.post('/v1/loan-contracts', next))
    contract_no = next.loan_contract_no
    await hub.loops.settle()
  }
  await correctTo('3.90')
  t.match(await read(held), { status: 'ACCEPTED', findings: [] })
  t.match(await lines(hub, 'bank-1', '&status=OPEN'), [{ amount: '32500.00' }])
  await correctTo('3.80')
  t.match(await read(held), { status: 'HELD', findings: [{ code: 'RATE_NOT_OF_CONTRACT' }] }, 'one that was accepted contradicts its contract too')
  t.same(await lines(hub, 'bank-1', '&status=OPEN'), [], 'and has no line while it is held')
  await correctTo('3.90')
  const [{ packet_no } = {}] = await lines(hub, 'bank-1', '&status=OPEN')
  done(await bank.post(`/v1/subsidy-packets/${packet_no}/submit`, {}))
  await correctTo('3.80')
  t.match(await read(held), { status: 'HELD' })
  t.match(await lines(hub, 'bank-1', '&status=FROZEN'), [{ amount: '32500.00' }], 'a frozen line waits for what is decided')
  t.same(done(await hub.as('finance-bureau').get('/v1/clawbacks')).items, [])
  done(await hub.as('meic', 1).post(`/v1/interest-vouchers/${held.number}/decision`, { decision: 'RELEASE', reason: '重定价已核实' }))
  await correctTo('3.70')
  t.match(await read(held), { status: 'ACCEPTED' }, 'what a person released stays released')
  t.match(await read(of_other), { status: 'HELD' })

  const short_iou = await anotherLoan(hub, 'bank-1', {}, { maturity_date: '2026-03-01' })
  const late = await send(hub, 'bank-1', short_iou)
  t.same(codes(late), ['OVERDUE_INTEREST_INCLUDED', 'PAID_AFTER_MATURITY'])
  const { loan_contract_no: its_contract } = done(await bank.get(`/v1/drawdowns/${short_iou}`))
  created(await bank.post('/v1/drawdowns', aDrawdown(its_contract as string, { correction_of: short_iou })))
  t.match(await read(late), { status: 'ACCEPTED', findings: [] }, 'the drawdown did not end so early')
})

t.test('vouchers that arrive in another order than their periods all count in the end, with the same lines', async t => {
  const { hub, iou_no } = await ready(t)
  const part = (from: string, to: string, normal_interest: string) => send(hub, 'bank-1', iou_no, { period_start: from, period_end: to, paid_date: to, normal_interest,
    segments: [{ from, to, balance: '10000000.00', annual_rate_pct: '3.60' }] })
  const third = await part('2026-03-10', '2026-03-20', '10000.00')
  t.same(codes(third), ['VOUCHER_PERIOD_GAP'])
  await part('2026-01-20', '2026-02-19', '30000.00')
  t.match(await lines(hub, 'bank-1', '&status=OPEN'), [{ amount: '15000.00' }])
  await part('2026-02-19', '2026-03-10', '19000.00')
  t.match(done(await hub.as('bank-1').get(`/v1/interest-vouchers/${third.number}`)), { status: 'ACCEPTED', findings: [] }, 'nothing is missing before it any more')
  t.same((await lines(hub, 'bank-1', '&status=OPEN')).map(({ amount }) => amount).sort(), ['15000.00', '5000.00', '9500.00'])
})

t.test('a rent held because of its lease counts when the lease is put right', async t => {
  const { hub } = await ready(t, { now: '2026-06-25T02:00:00.000Z' })
  const lessor = hub.as('lessor-1')
  const lease = aLease(await aDocument(hub, 'lessor-1'), { implied_annual_rate_pct: '5.00' })
  created(await lessor.post('/v1/lease-contracts', lease))
  const rent = created(await lessor.post('/v1/rent-vouchers', aRentVoucher(lease.lease_contract_no, await aDocument(hub, 'lessor-1'))))
  t.same(codes(rent), ['RATE_NOT_OF_CONTRACT'])
  created(await lessor.post('/v1/lease-contracts', aLease(await aDocument(hub, 'lessor-1'), { correction_of: lease.lease_contract_no, implied_annual_rate_pct: '5.20' })))
  t.match(done(await lessor.get(`/v1/rent-vouchers/${rent.number}`)), { status: 'ACCEPTED', findings: [] })
})
