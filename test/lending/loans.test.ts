import t from 'tap'
import { feed } from '../../src/journal/events.ts'
import { dueMarks } from '../../src/lending/marks.ts'
import { build } from '../helper.ts'
import { aDocument, aDrawdown, aLoanContract, authorize, created, lent, project_1, uscc_1, uscc_2 } from './fixtures.ts'

t.test('a loan contract under a live authorization is accepted, told to both sides and due for derivation', async t => {
  const { hub, loan_contract_no, loan_number } = await lent(t)
  t.match(await dueMarks(hub.db.read, 10), [{ uscc: uscc_1, project_code: project_1, kind: 'LOAN_INTEREST' }])
  await hub.loops.settle()
  const read = await hub.as('bank-1').get(`/v1/loan-contracts/${loan_contract_no}`)
  t.match(read.json(), { number: loan_number, status: 'ACCEPTED', day_count: 'ACT_360', drawn_amount: '10000000.00', purpose_code: null,
    lead_no: null })
  t.equal((await hub.as('bank-1').get(`/v1/loan-contracts/${loan_number}`, { 'if-none-match': String(read.headers.etag) })).statusCode, 304)
  for (const participant_no of ['bank-1', 'enterprise-1']) {
    const types = new Set((await feed(hub.db.read, participant_no, 0, 100)).map(each => each.type))
    t.ok(types.has('loan_contract.accepted') && types.has('drawdown.accepted'), participant_no)
  }
})

t.test('the borrower reads its contract, others find nothing there', async t => {
  const { hub, loan_number, loan_contract_no } = await lent(t)
  t.equal((await hub.as('enterprise-1').get(`/v1/loan-contracts/${loan_number}`)).statusCode, 200)
  t.equal((await hub.as('enterprise-1').get('/v1/loan-contracts')).json().items.length, 1)
  for (const participant_no of ['enterprise-2', 'bank-2', 'guarantor-1']) {
    const foreign = await hub.as(participant_no).get(`/v1/loan-contracts/${loan_number}`)
    const missing = await hub.as(participant_no).get('/v1/loan-contracts/loan_01JB2Q8Z6V7K3M5N9P4R1S0T2W')
    t.equal(foreign.statusCode, 404)
    t.same({ ...foreign.json(), trace_id: '' }, { ...missing.json(), trace_id: '' })
    t.equal((await hub.as(participant_no).get('/v1/loan-contracts')).json().items.length, 0)
  }
  t.equal((await hub.as('bank-2').get(`/v1/loan-contracts/${loan_contract_no}`)).statusCode, 404,
    'a business number counts in the own scope only')
  t.equal((await hub.as('park-1').get('/v1/loan-contracts')).json().code, 'role_not_allowed')
})

t.test('every broken rule of a loan contract refuses it and leaves nothing behind', async t => {
  const hub = await build(t)
  await authorize(hub)
  const document_no = await aDocument(hub)
  const foreign_document = await aDocument(hub, 'bank-2')
  const cases: [string, Record<string, unknown>, number, string][] = [
    ['check digit', { borrower_uscc: '91500112MAXX00016Q' }, 422, 'uscc_check_digit'],
    ['project code shape', { project_code: '2606-500112-07-02' }, 400, 'invalid_request'],
    ['land over the amount', { land_amount: '20000000.01' }, 422, 'land_over_amount'],
    ['nothing lent', { contract_amount: '0.00' }, 422, 'amount_not_positive'],
    ['matures before it starts', { maturity_date: '2026-01-20' }, 422, 'period_reversed'],
    ['rate per mille', { annual_rate_pct: '360' }, 422, 'rate_too_high'],
    ['document of another', { document_no: foreign_document }, 422, 'document_unknown'],
    ['lead of nobody', { lead_no: 'lead_01JB2Q8Z6V7K3M5N9P4R1S0T2W' }, 422, 'lead_unknown'],
    ['unknown field', { colour: 'red' }, 400, 'invalid_request'],
    ['null', { purpose_text: null }, 400, 'invalid_request'],
    ['number for money', { contract_amount: 20_000_000 }, 400, 'invalid_request'],
    ['day that never was', { signed_date: '2026-02-30' }, 400, 'invalid_request'],
    ['enterprise without authorization', { borrower_uscc: uscc_2 }, 403, 'authorization_missing']
  ]
  for (const [name, changes, status, code] of cases) {
    const answer = await hub.as('bank-1').post('/v1/loan-contracts', aLoanContract(document_no, { loan_contract_no: 'HT-BAD', ...changes }))
    t.match(answer.json(), { status, code }, name)
  }
  const many = await hub.as('bank-1').post('/v1/loan-contracts',
    aLoanContract(document_no, { land_amount: '30000000.00', annual_rate_pct: '101', maturity_date: '2020-01-01' }))
  t.same(many.json().errors.map((each: { pointer: string }) => each.pointer),
    ['/land_amount', '/annual_rate_pct', '/maturity_date', '/signed_date'], 'all mistakes are listed')
  t.equal((await hub.as('bank-1').get('/v1/loan-contracts')).json().items.length, 0)
  created(await hub.as('bank-1').post('/v1/loan-contracts', aLoanContract(document_no, { loan_contract_no: 'HT-BAD' })))
})

t.test('an authorization that is withdrawn, over, without the scope or for others carries nothing', async t => {
  const hub = await build(t)
  const document_no = await aDocument(hub)
  const send = async () => (await hub.as('bank-1').post('/v1/loan-contracts', aLoanContract(document_no))).json().code
  t.equal(await send(), 'authorization_missing')
  await authorize(hub, { status: 'WITHDRAWN' })
  await authorize(hub, { valid_from: '2025-01-01', valid_to: '2026-03-18' })
  t.equal(await send(), 'authorization_not_active')
  await authorize(hub, { scopes: ['INTEREST_PAYMENT'] })
  t.equal(await send(), 'authorization_missing')
  await authorize(hub, { recipients: ['RE_GUARANTOR'] })
  t.equal(await send(), 'authorization_missing')
  await authorize(hub, { recipients: ['bank-1'] })
  t.equal(await send(), undefined, 'a bank named by number is authorized')
})

t.test('the same contract again is the first one, with other content a duplicate, at another bank its own', async t => {
  const { hub, loan_contract_no } = await lent(t)
  const contract = (await hub.as('bank-1').get(`/v1/loan-contracts/${loan_contract_no}`)).json()
  const sent = aLoanContract(contract.document_no, { loan_contract_no })
  const again = await hub.as('bank-1').post('/v1/loan-contracts', sent)
  t.equal(again.statusCode, 200)
  t.equal(again.json().number, contract.number)
  t.match((await hub.as('bank-1').post('/v1/loan-contracts', { ...sent, annual_rate_pct: '3.7' })).json(),
    { status: 409, code: 'duplicate_key' })
  const other = await hub.as('bank-2').post('/v1/loan-contracts', { ...sent, document_no: await aDocument(hub, 'bank-2') })
  t.equal(other.statusCode, 201)
})

t.test('drawdowns never exceed their contract, whatever arrives at once', async t => {
  const { hub, loan_contract_no, loan_number } = await lent(t, { contract: { contract_amount: '10000000.00' },
    drawdown: { amount: '1000000.00' } })
  const answers = await Promise.all(Array.from({ length: 20 }, () =>
    hub.as('bank-1').post('/v1/drawdowns', aDrawdown(loan_contract_no, { amount: '1000000.00' }))))
  t.equal(answers.filter(each => each.statusCode === 201).length, 9)
  t.ok(answers.filter(each => each.statusCode !== 201).every(each => each.json().code === 'amount_over_contract'))
  t.match((await hub.as('bank-1').get(`/v1/loan-contracts/${loan_number}`)).json(), { drawn_amount: '10000000.00' })
})

t.test('the part for land is not drawn as project loan', async t => {
  const { hub, loan_contract_no } = await lent(t, { contract: { contract_amount: '10000000.00', land_amount: '2000000.00' },
    drawdown: { amount: '8000000.00' } })
  const unseparated = await hub.as('bank-1').post('/v1/drawdowns', aDrawdown(loan_contract_no, { amount: '2000000.00' }))
  t.match(unseparated.json(), { code: 'amount_over_contract' })
  created(await hub.as('bank-1').post('/v1/drawdowns', aDrawdown(loan_contract_no, { amount: '2000000.00', land_amount: '2000000.00' })))
})

t.test('every broken rule of a drawdown refuses it', async t => {
  const { hub, loan_contract_no, iou_no } = await lent(t)
  const bank = hub.as('bank-1')
  const cases: [string, Record<string, unknown>, number, string][] = [
    ['unknown contract', { loan_contract_no: 'HT-NEVER' }, 422, 'contract_unknown'],
    ['land over the amount', { land_amount: '10000000.01' }, 422, 'land_over_amount'],
    ['matures before it is paid out', { maturity_date: '2026-01-19' }, 422, 'period_reversed'],
    ['rate segments overlap', { rate_segments: [{ from: '2026-01-20', to: '2026-06-20', annual_rate_pct: '3.6' },
      { from: '2026-06-19', to: '2026-09-20', annual_rate_pct: '3.5' }] }, 422, 'segments_overlap'],
    ['rate segment reversed', { rate_segments: [{ from: '2026-01-20', to: '2026-01-20', annual_rate_pct: '3.6' }] }, 422,
      'segments_reversed'],
    ['used number', { iou_no }, 409, 'duplicate_key'],
    ['document of nobody', { document_no: 'doc_01JB2Q8Z6V7K3M5N9P4R1S0T2W' }, 422, 'document_unknown'],
    ['unknown field in a payee', { payees: [{ name: '供应商', amount: '1.00', account_no: '1' }] }, 400, 'invalid_request']
  ]
  for (const [name, changes, status, code] of cases) {
    t.match((await bank.post('/v1/drawdowns', aDrawdown(loan_contract_no, { amount: '1.00', land_amount: '0.00', ...changes }))).json(),
      { status, code }, name)
  }
  const foreign = await hub.as('bank-2').post('/v1/drawdowns', aDrawdown(loan_contract_no))
  const missing = await hub.as('bank-2').post('/v1/drawdowns', aDrawdown('HT-NEVER'))
  t.same({ ...foreign.json(), trace_id: '' }, { ...missing.json(), trace_id: '' }, 'a foreign contract is as unknown as none')
})

t.test('an invoice that was financed before is told to its own bank, and only as a doubt to another', async t => {
  const { hub, loan_contract_no } = await lent(t)
  const payees = [{ name: '示范设备供应商', amount: '1.00', invoice_no: '25502000000012345678' }]
  created(await hub.as('bank-1').post('/v1/drawdowns', aDrawdown(loan_contract_no, { amount: '1.00', payees })))
  const own = created(await hub.as('bank-1').post('/v1/drawdowns', aDrawdown(loan_contract_no, { amount: '1.00', payees })))
  t.match(own, { status: 'ACCEPTED', findings: [{ code: 'EQUIPMENT_DOUBLE_FINANCED' }] })
  const contract = aLoanContract(await aDocument(hub, 'bank-2'))
  created(await hub.as('bank-2').post('/v1/loan-contracts', contract))
  const other = created(await hub.as('bank-2').post('/v1/drawdowns', aDrawdown(contract.loan_contract_no, { payees })))
  t.match(other, { findings: [{ code: 'UNDER_REVIEW' }] })
  t.notMatch(JSON.stringify(other), /bank-1|DOUBLE/)
})

t.test('a list goes page by page and misses nothing', async t => {
  const { hub, loan_contract_no } = await lent(t)
  for (let index = 0; index < 5; index++) created(await hub.as('bank-1').post('/v1/drawdowns',
    aDrawdown(loan_contract_no, { amount: '1.00' })))
  const seen: string[] = []
  let cursor = ''
  do {
    const page = (await hub.as('bank-1').get(`/v1/drawdowns?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)).json()
    seen.push(...page.items.map((each: { number: string }) => each.number))
    cursor = page.next_cursor ?? ''
  } while (cursor !== '')
  t.equal(seen.length, 6)
  t.equal(new Set(seen).size, 6)
  t.equal((await hub.as('bank-1').get('/v1/drawdowns?updated_since=2027-01-01T00:00:00Z')).json().items.length, 0)
  t.equal((await hub.as('bank-1').get('/v1/drawdowns?colour=red')).statusCode, 400)
})

t.test('each bank sends its share of a syndicated loan: never more than its percent, all together never more than the whole', async t => {
  const { hub } = await lent(t)
  const share = async (bank: string, contract_amount: string, over: object) =>
    hub.as(bank).post('/v1/loan-contracts', aLoanContract(await aDocument(hub, bank), { contract_amount, is_syndicated: true, ...over }))
  const whole = { syndicated_amount: '100000000.01' }
  t.match((await share('bank-1', '1.00', {})).json(), { status: 422, code: 'rule_broken', errors: [{ pointer: '/share_pct', code: 'SHARE_MISSING' }] })
  for (const share_pct of ['0', '100.000001']) t.match((await share('bank-1', '1.00', { share_pct })).json(), { errors: [{ code: 'SHARE_OUT_OF_RANGE' }] })
  t.match((await share('bank-1', '1.00', { is_syndicated: false, share_pct: '60', ...whole })).json(), { errors: [{ pointer: '/share_pct', code: 'NOT_SYNDICATED' }, { pointer: '/syndicated_amount' }] })
  t.match((await share('bank-1', '60000000.02', { share_pct: '60', ...whole })).json(), { status: 422, code: 'share_over_loan', errors: [{ pointer: '/contract_amount', message: /60000000\.01/ }] })
  const own = created(await share('bank-1', '60000000.01', { share_pct: '60', ...whole }))
  t.match((await share('bank-2', '45000000.00', { share_pct: '45', ...whole })).json(), { code: 'share_over_loan', errors: [{ code: 'SHARES_OVER_LOAN' }] })
  created(await share('bank-2', '40000000.00', { share_pct: '40', ...whole }))
  created(await share('bank-1', '59999999.99', { share_pct: '60', ...whole, correction_of: own.loan_contract_no }))
  const derived = created(await share('bank-3', '10000000.00', { share_pct: '30' }))
  t.match(derived, { share_pct: '30', syndicated_amount: '33333333.33' }, 'what the share gives where the whole was not stated')
})
