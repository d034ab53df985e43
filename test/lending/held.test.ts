/** What is held is answered: by a correction of its sender, or by a person of the commission with a reason. Nothing is silently dropped. */
import t from 'tap'
import { anotherLoan, done, lines, ready, send } from '../subsidy/fixtures.ts'
import { aDocument, aFeeVoucher, aGuarantee, aVoucher, authorize, created, name_1 } from './fixtures.ts'

const reason = '系同一笔扣款的补打回单，已向银行核实'
const codes = (row: Record<string, unknown>) => (row.findings as { code: string }[]).map(({ code }) => code)

t.test('a voucher under review is read, released and rejected by persons of the commission only; then it counts, or never', async t => {
  const { hub, iou_no } = await ready(t)
  const bank = hub.as('bank-1')
  const second = await anotherLoan(hub, 'bank-2')
  await send(hub, 'bank-1', iou_no, { document_no: await aDocument(hub, 'bank-1', 'one receipt') })
  const held = await send(hub, 'bank-2', second, { document_no: await aDocument(hub, 'bank-2', 'one receipt') })
  t.same([held.status, codes(held)], ['HELD', ['UNDER_REVIEW']])
  const path = `/v1/interest-vouchers/${held.number}`
  t.match(done<{ items: object[] }>(await hub.as('meic', 1).get('/v1/interest-vouchers')).items, [{ number: held.number, status: 'HELD' }], 'what is held and nothing else')
  const body = { decision: 'RELEASE', reason }
  t.match((await hub.as('meic').post(`${path}/decision`, body)).json(), { status: 403, code: 'person_required' })
  t.match((await hub.as('bank-2', 1).post(`${path}/decision`, body)).json(), { status: 403, code: 'role_not_allowed' })
  t.match((await hub.as('meic', 1).post(`${path}/decision`, { decision: 'RELEASE' })).json(), { status: 400, errors: [{ pointer: '/reason' }] })
  const released = done(await hub.as('meic', 1).post(`${path}/decision`, body))
  t.same([released.status, codes(released)], ['ACCEPTED', ['UNDER_REVIEW', 'RELEASED']])
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
