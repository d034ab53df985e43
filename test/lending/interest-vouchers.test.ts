import t from 'tap'
import { feed } from '../../src/journal/events.ts'
import { acceptedInterestVouchers, interestVouchers } from '../../src/lending/interest-vouchers/store.ts'
import { dueMarks } from '../../src/lending/marks.ts'
import { aDocument, aDrawdown, aLoanContract, authorize, aVoucher, created, knowEnterprise, lent, name_2, project_1, uscc_1, uscc_2,
  type Lent } from './fixtures.ts'

const send = ({ hub }: Lent, voucher: object, bank = 'bank-1') => hub.as(bank).post('/v1/interest-vouchers', voucher)

/** The period after the default one: 92 days, 92 000.00. */
const second = {
  period_start: '2026-03-21', period_end: '2026-06-21', normal_interest: '92000.00', paid_date: '2026-06-21',
  segments: [{ from: '2026-03-21', to: '2026-06-21', balance: '10000000.00', annual_rate_pct: '3.60' }]
}

t.test('a voucher in order is accepted, told and due for derivation', async t => {
  const loan = await lent(t)
  const { hub, iou_no, document_no } = loan
  const voucher = created(await send(loan, aVoucher(iou_no, document_no)))
  t.match(voucher, {
    status: 'ACCEPTED', findings: [], recomputed_interest: '60000.00', normal_interest_paid: '60000.00', penalty_interest: '0.00',
      is_partial_payment: false,
    borrower_uscc: uscc_1, project_code: project_1, superseded_by: null, bank_txn_no: null
  })
  t.match(await dueMarks(hub.db.read, 10), [{ uscc: uscc_1, project_code: project_1, kind: 'LOAN_INTEREST' }])
  await hub.loops.settle()
  t.ok((await feed(hub.db.read, 'enterprise-1', 0,
    100)).some(each => each.type === 'interest_voucher.accepted' && each.subject === voucher.number))
  t.match(await acceptedInterestVouchers(hub.db.read, uscc_1, project_1), [{
    number: voucher.number, loan_key: `bank-1/${loan.loan_contract_no}`, eligible_loan_fen: 1_000_000_000, land_fen: 0,
      day_count: 'ACT_360',
    normal_interest_fen: 6_000_000, recomputed_fen: 6_000_000, normal_interest_paid_fen: 6_000_000,
      submitted_at: '2026-03-23T02:00:00.000Z', status: 'ACCEPTED'
  }])
  t.equal((await hub.as('enterprise-1').get(`/v1/interest-vouchers/${voucher.number}`)).statusCode, 200)
  t.equal((await hub.as('enterprise-2').get(`/v1/interest-vouchers/${voucher.number}`)).statusCode, 404)
  t.equal((await hub.as('bank-2').get(`/v1/interest-vouchers/${voucher.number}`)).statusCode, 404)
  t.equal((await hub.as('bank-1').get(`/v1/interest-vouchers/${voucher.voucher_no}`)).json().number, voucher.number)
})

t.test('every broken rule refuses a voucher and leaves nothing behind', async t => {
  const loan = await lent(t)
  const { hub, iou_no, document_no } = loan
  const segment = { from: '2026-01-20', to: '2026-03-21', balance: '10000000.00', annual_rate_pct: '3.60' }
  const cases: [string, Record<string, unknown>, number, string][] = [
    ['segment reversed', { segments: [{ ...segment, from: '2026-03-21', to: '2026-01-20' }] }, 422, 'segments_reversed'],
    ['segments out of order', { segments: [{ ...segment, from: '2026-02-20' }, { ...segment, to: '2026-02-20' }] }, 422,
      'segments_reversed'],
    ['segments overlap', { segments: [{ ...segment, to: '2026-02-21' }, { ...segment, from: '2026-02-20' }] }, 422, 'segments_overlap'],
    ['segment outside the period', { segments: [{ ...segment, to: '2026-03-22' }] }, 422, 'segment_outside_period'],
    ['period reversed', { period_end: '2026-01-20' }, 422, 'period_reversed'],
    ['rate over one hundred', { segments: [{ ...segment, annual_rate_pct: '100.000001' }] }, 422, 'rate_too_high'],
    ['negative rate', { segments: [{ ...segment, annual_rate_pct: '-1' }] }, 400, 'invalid_request'],
    ['balance over the drawdown', { segments: [{ ...segment, balance: '10000000.01' }] }, 422, 'balance_over_loan'],
    ['interest off by more than half a percent', { normal_interest: '60300.01' }, 422, 'interest_recalc_mismatch'],
    ['interest below by more than half a percent', { normal_interest: '59699.99' }, 422, 'interest_recalc_mismatch'],
    ['paid tomorrow', { paid_date: '2026-03-24' }, 422, 'paid_date_in_future'],
    ['unknown drawdown', { iou_no: 'JJ-NEVER' }, 422, 'contract_unknown'],
    ['drawdown of another contract', { loan_contract_no: 'HT-OTHER' }, 422, 'contract_unknown'],
    ['document of another', { document_no: await aDocument(hub, 'bank-2') }, 422, 'document_unknown'],
    ['more paid than due', { normal_interest_paid: '60000.01' }, 422, 'paid_over_due'],
    ['paid in part without the part', { is_partial_payment: true }, 422, 'rule_broken'],
    ['sum that is none', { gross_interest: '60000.01' }, 422, 'rule_broken'],
    ['net that is none', { national_subsidy_deducted: '10000.00', net_paid: '60000.00' }, 422, 'rule_broken'],
    ['correction of nothing', { correction_of: 'V-NEVER' }, 422, 'voucher_unknown'],
    ['no segments', { segments: [] }, 400, 'invalid_request'],
    ['field of nobody', { colour: 'red' }, 400, 'invalid_request'],
    ['money as a number', { normal_interest: 60_000 }, 400, 'invalid_request'],
    ['null', { reason: null }, 400, 'invalid_request'],
    ['three decimals', { normal_interest: '60000.000' }, 400, 'invalid_request']
  ]
  for (const [name, changes, status, code] of cases) {
    t.match((await send(loan, aVoucher(iou_no, document_no, { voucher_no: 'V-BAD', ...changes }))).json(), { status, code }, name)
  }
  t.equal((await hub.as('bank-1').get('/v1/interest-vouchers')).json().items.length, 0)
  created(await send(loan, aVoucher(iou_no, document_no, { voucher_no: 'V-BAD', payer_account_name: '重庆云岭精密机械有限公司(虚构)' })))
})

t.test('foreign and missing drawdowns are unknown in the same words', async t => {
  const loan = await lent(t)
  const document_no = await aDocument(loan.hub, 'bank-2')
  const foreign = await send(loan, aVoucher(loan.iou_no, document_no), 'bank-2')
  const missing = await send(loan, aVoucher('JJ-NEVER', document_no), 'bank-2')
  t.same({ ...foreign.json(), trace_id: '' }, { ...missing.json(), trace_id: '' })
})

t.test('an overlap with a live voucher is refused, the next period is not', async t => {
  const loan = await lent(t, { now: '2026-06-23T02:00:00.000Z' })
  created(await send(loan, aVoucher(loan.iou_no, loan.document_no)))
  const overlapping = aVoucher(loan.iou_no, loan.document_no, { ...second, period_start: '2026-03-20', segments: [{ ...second.segments[0],
    from: '2026-03-20' }], normal_interest: '93000.00' })
  t.match((await send(loan, overlapping)).json(), { status: 409, code: 'period_overlap' })
  const next = created(await send(loan, aVoucher(loan.iou_no, loan.document_no, second)))
  t.match(next, { status: 'ACCEPTED' }, 'the same receipt for two periods of one drawdown is no reuse')
})

t.test('gap, tolerance, another rate: held with findings, accepted by a correction that says why', async t => {
  const cases: [string, Record<string, unknown>, string][] = [
    ['gap', { period_start: '2026-01-22', segments: [{ from: '2026-01-22', to: '2026-03-21', balance: '10000000.00',
      annual_rate_pct: '3.60' }], normal_interest: '58000.00' }, 'VOUCHER_PERIOD_GAP'],
    ['tolerance', { normal_interest: '60200.00' }, 'INTEREST_RECALC_MISMATCH'],
    ['rate', { segments: [{ from: '2026-01-20', to: '2026-03-21', balance: '10000000.00', annual_rate_pct: '3.50' }],
      normal_interest: '58333.33' }, 'RATE_NOT_OF_CONTRACT']
  ]
  for (const [name, changes, code] of cases) {
    const loan = await lent(t)
    const held = created(await send(loan, aVoucher(loan.iou_no, loan.document_no, changes)))
    t.match(held, { status: 'HELD', findings: [{ code }] }, name)
    t.same(await acceptedInterestVouchers(loan.hub.db.read, uscc_1, project_1), [])
    const silent = created(await send(loan, aVoucher(loan.iou_no, loan.document_no, { ...changes, correction_of: held.number })))
    t.equal(silent.status, 'HELD', 'a correction without a reason explains nothing')
    const explained = created(await send(loan, aVoucher(loan.iou_no, loan.document_no, { ...changes, correction_of: silent.voucher_no,
      reason: '重定价' })))
    t.match(explained, { status: 'ACCEPTED', findings: [{ code }], reason: '重定价' })
    t.match((await loan.hub.as('bank-1').get(`/v1/interest-vouchers/${silent.number}`)).json(),
      { status: 'SUPERSEDED', superseded_by: explained.number })
  }
})

t.test('repricing stated with the drawdown is no other rate', async t => {
  const loan = await lent(t, { drawdown: { rate_segments: [{ from: '2026-02-20', to: '2029-01-20', annual_rate_pct: '3.50' }] } })
  const segments = [
    { from: '2026-01-20', to: '2026-02-20', balance: '10000000.00', annual_rate_pct: '3.60' },
      { from: '2026-02-20', to: '2026-03-21', balance: '10000000.00', annual_rate_pct: '3.50' }
  ]
  t.match(created(await send(loan, aVoucher(loan.iou_no, loan.document_no, { segments, normal_interest: '59194.44' }))),
    { status: 'ACCEPTED' })
})

t.test('a correction replaces an accepted voucher in one step; the replaced one is corrected no more', async t => {
  const loan = await lent(t)
  const first = created(await send(loan, aVoucher(loan.iou_no, loan.document_no)))
  const correction = aVoucher(loan.iou_no, loan.document_no, { correction_of: first.voucher_no, penalty_interest: '12.00',
    bank_txn_no: 'T-1' })
  const corrected = created(await send(loan, correction))
  t.match(corrected, { status: 'ACCEPTED' })
  t.same((await acceptedInterestVouchers(loan.hub.db.read, uscc_1, project_1)).map(each => each.number), [corrected.number])
  t.equal((await send(loan, correction)).statusCode, 200, 'the correction again is the correction')
  t.match((await send(loan, aVoucher(loan.iou_no, loan.document_no, { correction_of: first.number }))).json(),
    { status: 409, code: 'state_conflict' })
})

t.test('the same voucher under forty keys at once is one voucher with one answer', async t => {
  const loan = await lent(t)
  const voucher = aVoucher(loan.iou_no, loan.document_no)
  const answers = await Promise.all(Array.from({ length: 40 }, () => send(loan, voucher)))
  t.equal(answers.filter(each => each.statusCode === 201).length, 1)
  t.equal(answers.filter(each => each.statusCode === 200).length, 39)
  t.equal(new Set(answers.map(each => each.body)).size, 1)
  t.equal((await loan.hub.as('bank-1').get('/v1/interest-vouchers')).json().items.length, 1)
  t.match((await send(loan, { ...voucher, paid_date: '2026-03-22' })).json(), { status: 409, code: 'duplicate_key' })
})

t.test('of forty different vouchers for one period one stands', async t => {
  const loan = await lent(t)
  const answers = await Promise.all(Array.from({ length: 40 }, () => send(loan, aVoucher(loan.iou_no, loan.document_no))))
  t.equal(answers.filter(each => each.statusCode === 201).length, 1)
  t.ok(answers.filter(each => each.statusCode !== 201).every(each => each.json().code === 'period_overlap'))
})

t.test('a receipt used elsewhere is under review for its bank, the reason is kept for others', async t => {
  const loan = await lent(t)
  const { hub } = loan
  const mine = await aDocument(hub, 'bank-1', 'one receipt')
  created(await send(loan, aVoucher(loan.iou_no, mine)))
  const contract = aLoanContract(await aDocument(hub, 'bank-2'))
  created(await hub.as('bank-2').post('/v1/loan-contracts', contract))
  const drawdown = aDrawdown(contract.loan_contract_no)
  created(await hub.as('bank-2').post('/v1/drawdowns', drawdown))
  const theirs = await aDocument(hub, 'bank-2', 'one receipt')
  const answer = await send(loan, aVoucher(drawdown.iou_no, theirs, { correction_of: undefined }), 'bank-2')
  t.match(answer.json(), { status: 'HELD', findings: [{ code: 'UNDER_REVIEW' }] })
  t.equal(answer.json().findings.length, 1)
  t.notMatch(answer.body, /bank-1|RECEIPT|REUSED/)
  const kept = await interestVouchers.find(hub.db.read, answer.json().number)
  t.match(kept?.review_notes, [{ code: 'RECEIPT_REUSED', first_participant_no: 'bank-1', first_kind: 'INTEREST_VOUCHER' }])
  const explained = await send(loan, aVoucher(drawdown.iou_no, theirs, { correction_of: answer.json().number, reason: '确为本行回单' }), 'bank-2')
  t.match(explained.json(), { status: 'HELD' }, 'a reason does not clear it')
})

t.test('a transaction of another own drawdown is told as what it is', async t => {
  const loan = await lent(t)
  const drawdown = aDrawdown(loan.loan_contract_no)
  created(await loan.hub.as('bank-1').post('/v1/drawdowns', drawdown))
  created(await send(loan, aVoucher(loan.iou_no, loan.document_no, { bank_txn_no: 'T-1' })))
  const again = created(await send(loan, aVoucher(drawdown.iou_no, await aDocument(loan.hub), { bank_txn_no: 'T-1' })))
  t.match(again, { status: 'HELD', findings: [{ code: 'VOUCHER_REUSED' }] })
})

t.test('A-13: a voucher older than the authorization waits for its history clause', async t => {
  const loan = await lent(t)
  const { hub } = loan
  await knowEnterprise(hub, uscc_2, name_2)
  const early = await authorize(hub, { grantor_uscc: uscc_2, grantor_name: name_2, valid_from: '2026-01-12' })
  const contract = aLoanContract(loan.document_no, { borrower_uscc: uscc_2 })
  created(await hub.as('bank-1').post('/v1/loan-contracts', contract))
  const drawdown = aDrawdown(contract.loan_contract_no)
  created(await hub.as('bank-1').post('/v1/drawdowns', drawdown))
  t.equal((await hub.as('enterprise-2', 1).post(`/v1/authorizations/${early.authorization_no}/withdraw`, {})).statusCode < 300, true)
  const voucher = (changes = {}) => aVoucher(drawdown.iou_no, loan.document_no, { payer_account_name: name_2, ...changes })
  t.match((await send(loan, voucher())).json(), { status: 403, code: 'authorization_not_active' })
  await authorize(hub, { grantor_uscc: uscc_2, grantor_name: name_2, valid_from: '2026-03-22' })
  const held = created(await send(loan, voucher()))
  t.match(held, { status: 'HELD', findings: [{ code: 'AUTH_SCOPE_INSUFFICIENT' }] })
  const covering = await authorize(hub, { grantor_uscc: uscc_2, grantor_name: name_2, valid_from: '2026-03-22',
    covers_history_from: '2026-01-20' })
  await authorize(hub, { grantor_uscc: uscc_2, grantor_name: name_2, valid_from: '2026-03-22' })
  const accepted = created(await send(loan, voucher({ correction_of: held.number })))
  t.match(accepted, { status: 'ACCEPTED', authorization_no: covering.authorization_no })
})

t.test('interest before disbursement or after maturity is held', async t => {
  const loan = await lent(t, { drawdown: { disbursed_date: '2026-01-25', maturity_date: '2026-03-15' } })
  const voucher = created(await send(loan, aVoucher(loan.iou_no, loan.document_no)))
  t.equal(voucher.status, 'HELD')
  t.same((voucher.findings as { code: string }[]).map(each => each.code).sort(),
    ['OVERDUE_INTEREST_INCLUDED', 'PAID_AFTER_MATURITY', 'PERIOD_BEFORE_DISBURSEMENT'])
})

t.test('a batch answers each voucher as it would have been answered alone', async t => {
  const loan = await lent(t, { now: '2026-06-23T02:00:00.000Z' })
  const first = aVoucher(loan.iou_no, loan.document_no)
  const vouchers = [first, aVoucher('JJ-NEVER', loan.document_no), aVoucher(loan.iou_no, loan.document_no, second), first,
    aVoucher(loan.iou_no, loan.document_no)]
  const key = { 'idempotency-key': 'voucher-batch-key-0001' }
  const answer = await loan.hub.as('bank-1').post('/v1/interest-vouchers/batches', { vouchers }, key)
  t.equal(answer.statusCode, 200)
  t.match(answer.json().items, [
    { index: 0, status: 201, voucher: { status: 'ACCEPTED' }, problem: null },
    { index: 1, status: 422, voucher: null, problem: { code: 'contract_unknown' } },
    { index: 2, status: 201, voucher: { status: 'ACCEPTED' } },
    { index: 3, status: 200, voucher: { voucher_no: first.voucher_no } },
    { index: 4, status: 409, voucher: null, problem: { code: 'period_overlap' } }
  ])
  t.equal((await loan.hub.as('bank-1').post('/v1/interest-vouchers/batches', { vouchers }, key)).headers['idempotency-replayed'], 'true')
  t.equal((await loan.hub.as('bank-1').get('/v1/interest-vouchers')).json().items.length, 2)
})

t.test('an atomic batch with one bad voucher keeps none and names every mistake', async t => {
  const loan = await lent(t)
  const vouchers = [aVoucher(loan.iou_no, loan.document_no), aVoucher('JJ-NEVER', loan.document_no),
    aVoucher(loan.iou_no, loan.document_no, { paid_date: '2026-12-01' })]
  const answer = await loan.hub.as('bank-1').post('/v1/interest-vouchers/batches', { atomic: true, vouchers })
  t.match(answer.json(), { status: 422, code: 'contract_unknown',
    errors: [{ pointer: '/vouchers/1/iou_no' }, { pointer: '/vouchers/2/paid_date' }] })
  t.equal((await loan.hub.as('bank-1').get('/v1/interest-vouchers')).json().items.length, 0)
  t.equal((await loan.hub.as('bank-1').post('/v1/interest-vouchers/batches', { vouchers: [] })).statusCode, 400)
})

t.test('the eligible loan is what the contract had paid out by the end of the year', async t => {
  const loan = await lent(t, { drawdown: { amount: '10000000.00', land_amount: '2000000.00' }, contract: { land_amount: '2000000.00' } })
  created(await loan.hub.as('bank-1').post('/v1/drawdowns', aDrawdown(loan.loan_contract_no, { amount: '5000000.00',
    disbursed_date: '2026-12-31' })))
  created(await loan.hub.as('bank-1').post('/v1/drawdowns', aDrawdown(loan.loan_contract_no, { amount: '5000000.00',
    disbursed_date: '2027-01-01' })))
  created(await send(loan, aVoucher(loan.iou_no, loan.document_no)))
  t.match(await acceptedInterestVouchers(loan.hub.db.read, uscc_1, project_1), [{
    eligible_loan_fen: 1_300_000_000, land_fen: 200_000_000, drawdown_eligible_fen: 800_000_000, drawdown_land_fen: 200_000_000
  }])
})
