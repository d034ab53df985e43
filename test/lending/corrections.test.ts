/** Contracts are corrected as vouchers are: a new version under its own number, what hangs on it goes along, frozen lines stay. */
import t from 'tap'
import { aProject } from '../fixtures.ts'
import { anotherLoan, approveAll, done, lines, packets, passLibrary, ready, send, submitted } from '../subsidy/fixtures.ts'
import { aDocument, aDrawdown, aFeeVoucher, aGuarantee, aLease, aLoanContract, aRentVoucher, created, project_1, uscc_2 } from './fixtures.ts'

const open_clawbacks = async (hub: Parameters<typeof lines>[0]) =>
  done<{ items: { open: string, uscc: string, project_code: string }[] }>(await hub.as('finance-bureau').get('/v1/clawbacks?status=OPEN')).items

t.test('land that a corrected drawdown separates is clawed back from frozen lines, land taken off again is a supplement', async t => {
  const { hub, loan_contract_no, iou_no } = await ready(t)
  const bank = hub.as('bank-1')
  await send(hub, 'bank-1', iou_no)
  await approveAll(hub)
  t.match(await lines(hub), [{ amount: '30000.00', status: 'FROZEN' }])
  const with_land = aDrawdown(loan_contract_no, { correction_of: iou_no, reason: '土地款漏报', land_amount: '2000000.00' })
  const second = created(await bank.post('/v1/drawdowns', with_land))
  t.match(done(await bank.get(`/v1/drawdowns/${iou_no}`)), { status: 'SUPERSEDED', superseded_by: second.number })
  t.match(done(await bank.get(`/v1/loan-contracts/${loan_contract_no}`)), { drawn_amount: '10000000.00' }, 'counted once')
  await hub.loops.settle()
  t.match(await lines(hub), [{ amount: '30000.00', status: 'FROZEN' }], 'a frozen line stays')
  t.match(await open_clawbacks(hub), [{ open: '6000.00' }])
  created(await bank.post('/v1/drawdowns', aDrawdown(loan_contract_no, { correction_of: with_land.iou_no, land_amount: '1000000.00' })))
  await hub.loops.settle()
  t.match(await open_clawbacks(hub), [{ open: '3000.00' }])
  const later = await send(hub, 'bank-1', iou_no, { period_start: '2026-03-21', period_end: '2026-03-22', normal_interest: '1000.00', paid_date: '2026-03-22',
    segments: [{ from: '2026-03-21', to: '2026-03-22', balance: '10000000.00', annual_rate_pct: '3.60' }] })
  t.equal(later.status, 'ACCEPTED', 'the number of any version names the drawdown in force')
  t.match((await lines(hub)).at(-1), { amount: '450.00' }, 'nine tenths of 500.00')
})

t.test('a voucher sent before its loan was separated rightly gains a supplement', async t => {
  const { hub, loan_contract_no, iou_no } = await ready(t, { drawdown: { land_amount: '5000000.00' }, contract: { land_amount: '5000000.00' } })
  await send(hub, 'bank-1', iou_no)
  await approveAll(hub)
  created(await hub.as('bank-1').post('/v1/drawdowns', aDrawdown(loan_contract_no, { correction_of: iou_no })))
  await hub.loops.settle()
  const [first, second] = await lines(hub)
  t.match([first, second], [{ amount: '15000.00', status: 'FROZEN' }, { amount: '15000.00', status: 'OPEN', supplement_of: first?.line_no }])
  t.equal((await packets(hub, 'meic', '&status=DRAFT')).length, 1)
})

t.test('a corrected loan contract carries its drawdowns, vouchers and guarantees; under its first number packets name it', async t => {
  const { hub, loan_contract_no, iou_no, loan_number } = await ready(t)
  const bank = hub.as('bank-1')
  await send(hub, 'bank-1', iou_no)
  const guarantor = hub.as('guarantor-1')
  const guarantee = aGuarantee(loan_contract_no, await aDocument(hub, 'guarantor-1'))
  created(await guarantor.post('/v1/guarantee-contracts', guarantee))
  const body = aLoanContract(await aDocument(hub), { correction_of: loan_contract_no, day_count: 'ACT_365' })
  const corrected = created(await bank.post('/v1/loan-contracts', body))
  t.match(corrected, { status: 'ACCEPTED', drawn_amount: '10000000.00', correction_of: loan_contract_no })
  t.match(done(await bank.get(`/v1/loan-contracts/${loan_number}`)), { status: 'SUPERSEDED', superseded_by: corrected.number })
  await hub.loops.settle()
  t.match(await lines(hub, 'bank-1'), [{ status: 'SUPERSEDED', amount: '30000.00' }, { status: 'OPEN', amount: '29589.04' }])
  created(await bank.post('/v1/drawdowns', aDrawdown(loan_contract_no, { amount: '1.00' })))
  t.match((await bank.post('/v1/drawdowns', aDrawdown(loan_contract_no, { amount: '10000000.00' }))).json(), { code: 'amount_over_contract' }, 'one counter over all versions')
  t.match(done(await guarantor.get(`/v1/loan-contracts/${corrected.number}`)), { loan_contract_no: body.loan_contract_no })
  created(await guarantor.post('/v1/guarantee-contracts', aGuarantee(body.loan_contract_no, await aDocument(hub, 'guarantor-1'), { guaranteed_principal: '1.00', guarantee_fee_total: '0.01' })))
})

t.test('a correction that contradicts what hangs on it is refused and changes nothing', async t => {
  const { hub, loan_contract_no, iou_no, document_no } = await ready(t)
  const bank = hub.as('bank-1')
  await send(hub, 'bank-1', iou_no)
  const loan = (over: object) => bank.post('/v1/loan-contracts', aLoanContract(document_no, { correction_of: loan_contract_no, ...over }))
  t.match((await loan({ contract_amount: '9999999.99' })).json(), { status: 422, code: 'amount_over_contract' })
  t.match((await loan({ contract_amount: '10000000.00', land_amount: '0.01' })).json(), { code: 'amount_over_contract' })
  t.match((await loan({ correction_of: 'HT-NEVER' })).json(), { status: 422, code: 'contract_unknown' })
  t.match((await bank.post('/v1/drawdowns', aDrawdown(loan_contract_no, { correction_of: iou_no, amount: '9999999.99' }))).json(),
    { status: 422, code: 'balance_over_loan', errors: [{ pointer: '/amount' }] })
  t.match((await loan({ borrower_uscc: uscc_2 })).json(), { code: 'rule_broken', errors: [{ code: 'ANOTHER_ENTERPRISE' }] })
  t.equal((await hub.as('bank-2').post('/v1/loan-contracts', aLoanContract(await aDocument(hub, 'bank-2'), { correction_of: loan_contract_no }))).json().code, 'contract_unknown')
  created(await loan({}))
  t.match((await loan({})).json(), { status: 409, code: 'state_conflict' }, 'an old version is not corrected again')
  t.match(await lines(hub, 'bank-1', '&status=OPEN'), [{ amount: '30000.00' }])
})

t.test('a contract that was entered under another project moves there, and what the other project was paid is clawed back', async t => {
  const { hub, loan_contract_no, iou_no } = await ready(t)
  const other = '2606-500112-07-02-100002'
  const { number } = await send(hub, 'bank-1', iou_no)
  const paths = [`/v1/interest-vouchers/${number}`, `/v1/drawdowns/${iou_no}`]
  const tags = new Map<string, string>()
  for (const path of paths) tags.set(path, String((await hub.as('bank-1').get(path)).headers.etag))
  await approveAll(hub)
  done(await hub.as('enterprise-1', 1).post('/v1/projects', aProject({ project_code: other })))
  created(await hub.as('bank-1').post('/v1/loan-contracts', aLoanContract(await aDocument(hub), { correction_of: loan_contract_no, project_code: other })))
  await hub.loops.settle()
  const shown = async () => (await lines(hub, 'bank-1')).map(({ status, amount }) => [status, amount])
  t.same(await shown(), [['FROZEN', '30000.00'], ['BLOCKED', '30000.00']])
  for (const path of paths) {
    const moved = await hub.as('bank-1').get(path, { 'if-none-match': tags.get(path) ?? '' })
    t.match(done(moved), { project_code: other, version: 2 })
  }
  t.match(await open_clawbacks(hub), [{ open: '30000.00', project_code: project_1 }])
  created(await hub.as('bank-1').post('/v1/drawdowns', aDrawdown(loan_contract_no, { amount: '1.00' })))
  await hub.loops.settle()
  t.match(await open_clawbacks(hub), [{ open: '30000.00', project_code: project_1 }], 'deriving the new project leaves the claw-back of the old one')

  await passLibrary(hub, other)
  await hub.loops.settle()
  await approveAll(hub)
  t.same((await shown()).filter(([status]) => status === 'FROZEN'), [['FROZEN', '30000.00'], ['FROZEN', '30000.00']])
  created(await hub.as('bank-1').post('/v1/drawdowns', aDrawdown(loan_contract_no, { correction_of: iou_no, land_amount: '2000000.00' })))
  await hub.loops.settle()
  const clawbacks = (await open_clawbacks(hub)).map(({ open, project_code }) => [open, project_code])
  t.same(clawbacks, [['30000.00', project_1], ['6000.00', other]], 'one voucher is clawed back in each of its projects')
})

for (const other of ['2606-500112-07-02-100000', '2606-500112-07-02-100002']) {
  t.test(`an open line moves with its contract to ${other}, whichever project is derived first`, async t => {
    const { hub, loan_contract_no, iou_no } = await ready(t)
    await send(hub, 'bank-1', iou_no)
    t.match(await lines(hub, 'bank-1'), [{ status: 'OPEN', amount: '30000.00' }])
    done(await hub.as('enterprise-1', 1).post('/v1/projects', aProject({ project_code: other })))
    created(await hub.as('bank-1').post('/v1/loan-contracts', aLoanContract(await aDocument(hub), { correction_of: loan_contract_no, project_code: other })))
    await hub.loops.settle()
    t.match(await lines(hub, 'bank-1'), [{ status: 'SUPERSEDED' }, { status: 'BLOCKED', amount: '30000.00' }])
  })
}

t.test('a packet that comes back after its contract moved leaves the lines of the other project', async t => {
  const { hub, loan_contract_no, iou_no } = await ready(t)
  const other = '2606-500112-07-02-100002'
  await send(hub, 'bank-1', iou_no)
  await lines(hub, 'bank-1')
  const { packet_no } = await submitted(hub, 'bank-1', (await packets(hub, 'bank-1'))[0]?.packet_no ?? '')
  done(await hub.as('enterprise-1', 1).post('/v1/projects', aProject({ project_code: other })))
  created(await hub.as('bank-1').post('/v1/loan-contracts', aLoanContract(await aDocument(hub), { correction_of: loan_contract_no, project_code: other })))
  await hub.loops.settle()
  done(await hub.as('meic', 1).post(`/v1/subsidy-packets/${packet_no}/return`, { reason: '项目编码有误' }))
  await hub.loops.settle()
  t.match(await lines(hub, 'bank-1'), [{ status: 'SUPERSEDED' }, { status: 'BLOCKED', amount: '30000.00' }])
  t.same(await open_clawbacks(hub), [])
})

t.test('leases and guarantees are corrected likewise; a guarantee is released by its correction', async t => {
  const { hub, loan_contract_no } = await ready(t, { now: '2026-06-25T02:00:00.000Z', contract: { contract_amount: '10000000.00' } })
  const lessor = hub.as('lessor-1')
  const lease = aLease(await aDocument(hub, 'lessor-1'))
  created(await lessor.post('/v1/lease-contracts', lease))
  created(await lessor.post('/v1/rent-vouchers', aRentVoucher(lease.lease_contract_no, await aDocument(hub, 'lessor-1'))))
  const short = aLease(await aDocument(hub, 'lessor-1'), { correction_of: lease.lease_contract_no, financed_principal: '29999999.99' })
  t.match((await lessor.post('/v1/lease-contracts', short)).json(), { code: 'balance_over_loan' })
  created(await lessor.post('/v1/lease-contracts', { ...short, financed_principal: '40000000.00', day_count: 'ACT_365' }))
  const guarantor = hub.as('guarantor-1')
  const guarantee = aGuarantee(loan_contract_no, await aDocument(hub, 'guarantor-1'))
  created(await guarantor.post('/v1/guarantee-contracts', guarantee))
  created(await guarantor.post('/v1/fee-vouchers', aFeeVoucher(guarantee.guarantee_contract_no, await aDocument(hub, 'guarantor-1'))))
  await hub.loops.settle()
  t.match((await lines(hub, 'lessor-1')).filter(({ status }) => status === 'OPEN'), [{ amount: '151232.88' }])
  t.match(await lines(hub, 'guarantor-1'), [{ amount: '32000.00' }])
  const again = { ...guarantee, guarantee_contract_no: `${guarantee.guarantee_contract_no}-1`, correction_of: guarantee.guarantee_contract_no }
  t.match((await guarantor.post('/v1/guarantee-contracts', { ...again, guarantee_fee_total: '63999.99' })).json(), { code: 'amount_over_contract' })
  const released = created(await guarantor.post('/v1/guarantee-contracts', { ...again, other_fees_total: '32000.01', release: { type: 'NORMAL', date: '2026-06-20' } }))
  t.match(released, { released_on: '2026-06-20', charged_amount: '64000.00' })
  await hub.loops.settle()
  t.match(await lines(hub, 'guarantor-1', '&status=OPEN'), [{ amount: '0.00' }], 'over 1 % nothing is subsidised')
})

t.test('prepayments, extensions and overdue parts told by a corrected drawdown bound the normal balance of vouchers', async t => {
  const { hub, loan_contract_no, iou_no } = await ready(t)
  const event = (kind: string, amount: string) => ({ date: '2026-02-19', kind, amount })
  const balance_events = [event('PREPAY', '3000000.00'), event('TRANSFER_OVERDUE', '1500000.00'), event('EXTEND', '500000.00')]
  const told = aDrawdown(loan_contract_no, { correction_of: iou_no, balance_events })
  created(await hub.as('bank-1').post('/v1/drawdowns', told))
  const whole = await send(hub, 'bank-1', iou_no)
  t.match(whole, { status: 'HELD', findings: [{ code: 'BALANCE_OVER_EVENTS', message: /10000000\.00 on 2026-02-19.*5000000\.00/ }] })
  const segments = [{ from: '2026-01-20', to: '2026-02-19', balance: '10000000.00', annual_rate_pct: '3.60' },
    { from: '2026-02-19', to: '2026-03-21', balance: '5000000.00', annual_rate_pct: '3.60' }]
  const right = await send(hub, 'bank-1', iou_no, { correction_of: whole.number, segments, normal_interest: '45000.00' })
  t.equal(right.status, 'ACCEPTED')
  t.match(await lines(hub, 'bank-1'), [{ amount: '22500.00' }])
  const repaid = [...balance_events, { date: '2026-02-20', kind: 'REPAY', amount: '2000000.00' }]
  created(await hub.as('bank-1').post('/v1/drawdowns', aDrawdown(loan_contract_no, { correction_of: told.iou_no, balance_events: repaid })))
  const days = { period_start: '2026-03-21', period_end: '2026-03-22', paid_date: '2026-03-22' }
  const after = await send(hub, 'bank-1', iou_no, { ...days, normal_interest: '500.00',
    segments: [{ from: '2026-03-21', to: '2026-03-22', balance: '5000000.00', annual_rate_pct: '3.60' }] })
  t.equal(after.status, 'ACCEPTED', 'what went overdue or was extended is not taken off again when it is repaid')
})

t.test('a held correction that is itself corrected on another project leaves nothing paid for in both', async t => {
  const { hub, iou_no } = await ready(t)
  const other_iou = await anotherLoan(hub, 'bank-1', { project_code: '2606-500112-07-02-100002' })
  const first = await send(hub, 'bank-1', iou_no)
  await approveAll(hub)
  const held = await send(hub, 'bank-1', iou_no, { correction_of: first.number, payer_account_name: '别的公司' })
  t.same([held.status, await open_clawbacks(hub)], ['HELD', []])
  t.equal((await send(hub, 'bank-1', other_iou, { correction_of: held.number })).status, 'ACCEPTED')
  t.match(await open_clawbacks(hub), [{ open: '30000.00', project_code: project_1 }], 'the project it was entered under by mistake gives back what it got')
})
