/** The table of bad input: each with its status and code, in both languages, and nothing stored (contract §1, §6). */
import t, { type Test } from 'tap'
import type { LightMyRequestResponse } from 'fastify'
import type { Built } from '../helper.ts'
import { aDrawdown, aLoan, approvedPacket, authorize, aVoucher, body, documentOf, hubInMarch, items, lend, name_1, next, refused, settled, stored, uscc_1, uscc_2 } from './client.ts'

type Ask = (headers: Record<string, string>) => Promise<LightMyRequestResponse>
type Case = [name: string, status: number, code: string, ask: Ask]

/** Each case is refused twice (two languages), and leaves what is stored as it was. */
async function walk (t: Test, hub: Built, cases: Case[]): Promise<void> {
  for (const [name, status, code, ask] of cases) {
    const before = await stored(hub)
    await refused(t, name, status, code, ask)
    t.equal(await stored(hub), before, `${name}: nothing is stored`)
  }
}

const need = (over: Record<string, unknown> = {}) => ({ uscc: uscc_1, name: name_1, amount: '5000000.00', term_months: 36, purpose: '购置数控设备', ...over })

t.test('what is no well-formed request is 400 and leaves nothing behind', async (t) => {
  const hub = await hubInMarch(t)
  await authorize(hub)
  const { iou_no } = await lend(hub)
  const document_no = await documentOf(hub.as('bank-1'))
  const good = aVoucher(iou_no, document_no)
  const send = (changes: Record<string, unknown>): Ask => headers => hub.as('bank-1').post('/v1/interest-vouchers', { ...good, ...changes }, headers)
  const raw = (text: string): Ask => headers => hub.as('bank-1').post('/v1/interest-vouchers', text, { 'content-type': 'application/json', ...headers })
  const { normal_interest, ...without } = good
  t.equal(normal_interest, '90000.00')
  const [segment] = good.segments
  await walk(t, hub, [
    ['an unknown field', 400, 'invalid_request', send({ colour: 'red' })],
    ['an unknown field inside', 400, 'invalid_request', send({ segments: [{ ...segment, colour: 'red' }] })],
    ['a missing field', 400, 'invalid_request', headers => hub.as('bank-1').post('/v1/interest-vouchers', without, headers)],
    ['a number for money', 400, 'invalid_request', send({ normal_interest: 90000 })],
    ['a text for a list', 400, 'invalid_request', send({ segments: 'none' })],
    ['null', 400, 'invalid_request', send({ penalty_interest: null })],
    ['three decimals', 400, 'invalid_request', send({ normal_interest: '90000.000' })],
    ['no decimals', 400, 'invalid_request', send({ normal_interest: '90000' })],
    ['a negative amount', 400, 'invalid_request', send({ normal_interest: '-1.00' })],
    ['fourteen digits', 400, 'invalid_request', send({ normal_interest: '12345678901234.00' })],
    ['a rate with seven decimals', 400, 'invalid_request', send({ segments: [{ ...segment, annual_rate_pct: '3.6000001' }] })],
    ['an impossible date', 400, 'invalid_request', send({ paid_date: '2026-02-30' })],
    ['an instant for a date', 400, 'invalid_request', send({ paid_date: '2026-03-21T00:00:00Z' })],
    ['NUL', 400, 'invalid_request', send({ payer_account_name: '重庆\u0000' })],
    ['NUL in a number of a thing', 400, 'invalid_request', send({ voucher_no: 'V\u0000' })],
    ['a lone surrogate', 400, 'invalid_request', raw(JSON.stringify(good).replace(name_1, '重庆\\ud800'))],
    ['a lone low surrogate', 400, 'invalid_request', raw(JSON.stringify(good).replace(name_1, '\\udc00重庆'))],
    ['NUL written as an escape', 400, 'invalid_request', raw(JSON.stringify(good).replace(name_1, 'a\\u0000b'))],
    ['text that is no JSON', 400, 'invalid_request', raw('{ "voucher_no": ')],
    ['an empty body', 400, 'invalid_request', raw('')],
    ['a list instead of an object', 400, 'invalid_request', raw('[]')],
    ['a body that is null', 400, 'invalid_request', raw('null')],
    ['bytes that are no UTF-8', 400, 'invalid_request', headers => hub.as('bank-1').post('/v1/interest-vouchers', Buffer.concat([Buffer.from('{"voucher_no":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]), { 'content-type': 'application/json', ...headers })],
    ['another media type', 415, 'unsupported_media_type', headers => hub.as('bank-1').post('/v1/interest-vouchers', 'voucher', { 'content-type': 'text/plain', ...headers })],
    ['no idempotency key', 400, 'idempotency_key_missing', headers => hub.as('bank-1').post('/v1/interest-vouchers', good, { 'idempotency-key': '', ...headers })],
    ['a short idempotency key', 400, 'idempotency_key_missing', headers => hub.as('bank-1').post('/v1/interest-vouchers', good, { 'idempotency-key': 'short', ...headers })],
    ['an idempotency key with a blank', 400, 'idempotency_key_missing', headers => hub.as('bank-1').post('/v1/interest-vouchers', good, { 'idempotency-key': 'sixteen characters and more', ...headers })],
    ['a bad cursor', 400, 'invalid_request', headers => hub.as('bank-1').get('/v1/interest-vouchers?cursor=abc', headers)],
    ['a limit over 200', 400, 'invalid_request', headers => hub.as('bank-1').get('/v1/interest-vouchers?limit=201', headers)],
    ['a limit of nothing', 400, 'invalid_request', headers => hub.as('bank-1').get('/v1/interest-vouchers?limit=0', headers)],
    ['an unknown query', 400, 'invalid_request', headers => hub.as('bank-1').get('/v1/interest-vouchers?colour=red', headers)],
    ['an instant without offset', 400, 'invalid_request', headers => hub.as('bank-1').get('/v1/interest-vouchers?updated_since=2026-03-18T02:00:00', headers)]
  ])
  const several = (await hub.as('bank-1').post('/v1/interest-vouchers', { ...good, colour: 'red', paid_date: '2026-02-30', normal_interest: 1 })).json()
  t.same(several.errors.map((error: { pointer: string }) => error.pointer).sort(), ['/colour', '/normal_interest', '/paid_date'], 'all mistakes are listed')
})

t.test('a login that is none is 401', async (t) => {
  const hub = await hubInMarch(t)
  for (const authorization of [undefined, 'Bearer', 'Bearer nothing', 'Basic YTpi', 'Bearer \u00e9']) {
    await refused(t, `login ${authorization}`, 401, 'unauthenticated', headers => hub.app.inject({ url: '/v1/me', headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) } }))
  }
})

t.test('what breaks a rule is refused under the rule\'s own code', async (t) => {
  const hub = await hubInMarch(t)
  await authorize(hub)
  const { iou_no, loan_contract_no } = await lend(hub)
  const foreign = await lend(hub, 'bank-2', { loan: { project_code: '2606-500112-07-02-100002' } })
  const bank = hub.as('bank-1')
  const document_no = await documentOf(bank)
  body(await bank.post('/v1/interest-vouchers', aVoucher(iou_no, document_no)))
  const fresh = await documentOf(bank)
  const send = (changes: Record<string, unknown>): Ask => headers => bank.post('/v1/interest-vouchers', aVoucher(iou_no, fresh, { period_start: '2026-03-21', period_end: '2026-03-23',
    segments: [{ from: '2026-03-21', to: '2026-03-23', balance: '10000000.00', annual_rate_pct: '3.60' }], normal_interest: '2000.00', paid_date: '2026-03-23', ...changes }), headers)
  await walk(t, hub, [
    ['a wrong check digit', 422, 'uscc_check_digit', headers => hub.as('park-1').post('/v1/financing-needs', need({ uscc: '91500112MAXX000150' }), headers)],
    ['a wrong check digit in a contract', 422, 'uscc_check_digit', async headers => bank.post('/v1/loan-contracts', aLoan(fresh, { borrower_uscc: '91500112MAXX000150' }), headers)],
    ['an overlapping period', 409, 'period_overlap', send({ period_start: '2026-03-20', segments: [{ from: '2026-03-20', to: '2026-03-23', balance: '10000000.00', annual_rate_pct: '3.60' }], normal_interest: '3000.00' })],
    ['a voucher without contract', 422, 'contract_unknown', send({ iou_no: 'JJ-NONE' })],
    ['the contract of another bank', 422, 'contract_unknown', send({ iou_no: foreign.iou_no })],
    ['a drawdown without contract', 422, 'contract_unknown', headers => bank.post('/v1/drawdowns', aDrawdown('HT-NONE'), headers)],
    ['a drawdown on the contract of another bank', 422, 'contract_unknown', headers => bank.post('/v1/drawdowns', aDrawdown(foreign.loan_contract_no), headers)],
    ['interest off by more than half a percent', 422, 'interest_recalc_mismatch', send({ normal_interest: '2010.01' })],
    ['segments in reverse', 422, 'segments_reversed', send({ segments: [{ from: '2026-03-23', to: '2026-03-21', balance: '10000000.00', annual_rate_pct: '3.60' }] })],
    ['segments that overlap', 422, 'segments_overlap', send({ segments: [{ from: '2026-03-21', to: '2026-03-23', balance: '5000000.00', annual_rate_pct: '3.60' }, { from: '2026-03-22', to: '2026-03-23', balance: '5000000.00', annual_rate_pct: '3.60' }] })],
    ['a balance over the loan', 422, 'balance_over_loan', send({ segments: [{ from: '2026-03-21', to: '2026-03-23', balance: '10000000.01', annual_rate_pct: '3.60' }] })],
    ['a need without authorization', 403, 'authorization_missing', headers => hub.as('park-1').post('/v1/financing-needs', need({ uscc: '91500120MAXX000311' }), headers)]
  ])
  const missing = (await send({ iou_no: 'JJ-NONE' })({})).json()
  const other = (await send({ iou_no: foreign.iou_no })({})).json()
  t.same({ ...missing, trace_id: '' }, { ...other, trace_id: '' }, 'an unknown and a foreign contract answer alike')
  const tomorrow = await send({ paid_date: '2026-03-24' })({})
  t.equal(tomorrow.statusCode, 422, `paid after today: ${tomorrow.body}`)
  t.equal((await items(bank, '/v1/drawdowns')).filter(each => each.loan_contract_no === loan_contract_no).length, 1)
})

t.test('an authorization that has ended covers nothing', async (t) => {
  const hub = await hubInMarch(t)
  body(await hub.as('enterprise-1').post('/v1/authorizations', {
    grantor_uscc: uscc_1, grantor_name: name_1, recipients: ['PAIRED_BANK', 'PAIRED_GUARANTOR'], scopes: ['ENTERPRISE_BASIC', 'FINANCING_NEED', 'CREDIT_CONTRACT', 'INTEREST_PAYMENT'],
    purposes: ['FINANCING_MATCHING'], valid_from: '2026-03-01', valid_to: '2026-03-24', method: 'E_SIGNATURE'
  }))
  hub.clock.set('2026-03-26T02:00:00.000Z')
  const document_no = await documentOf(hub.as('bank-1'))
  await walk(t, hub, [
    ['a need under an expired authorization', 403, 'authorization_not_active', headers => hub.as('enterprise-1').post('/v1/financing-needs', need(), headers)],
    ['a loan contract under an expired authorization', 403, 'authorization_not_active', headers => hub.as('bank-1').post('/v1/loan-contracts', aLoan(document_no), headers)],
    ['a loan contract without authorization', 403, 'authorization_missing', headers => hub.as('bank-1').post('/v1/loan-contracts', aLoan(document_no, { borrower_uscc: uscc_2 }), headers)]
  ])
})

t.test('persons and roles', async (t) => {
  const hub = await hubInMarch(t)
  await approvedPacket(hub, (await settled(hub)).packet_no)
  const { batch_no } = body<{ batch_no: string }>(await hub.as('finance-bureau', 1).post('/v1/payment-batches', {}))
  const third: Ask = headers => hub.as('meic', 1).post('/v1/consortia', { park: 'park-1', banks: ['bank-1', 'bank-2', 'bank-3'], guarantors: ['guarantor-1'] }, headers)
  await walk(t, hub, [
    ['a third bank in a consortium', 422, 'consortium_bank_limit', third],
    ['a closing by a machine', 403, 'person_required', headers => hub.as('finance-bureau').post(`/v1/payment-batches/${batch_no}/close`, {}, headers)],
    ['a role that never may', 403, 'role_not_allowed', headers => hub.as('bank-1', 1).post(`/v1/payment-batches/${batch_no}/close`, {}, headers)],
    ['a batch that is not there', 404, 'not_found', headers => hub.as('finance-bureau', 1).post('/v1/payment-batches/batch_01ARZ3NDEKTSV4RRFFQ69G5FAV/close', {}, headers)]
  ])
  const closed = body<{ digest: string }>(await hub.as('finance-bureau', 1).post(`/v1/payment-batches/${batch_no}/close`, {}), 200)
  await walk(t, hub, [
    ['an approval by a machine', 403, 'person_required', headers => hub.as('finance-bureau').post(`/v1/payment-batches/${batch_no}/approve`, { digest: closed.digest }, headers)],
    ['an approval of one\'s own work', 403, 'own_work', headers => hub.as('finance-bureau', 1).post(`/v1/payment-batches/${batch_no}/approve`, { digest: closed.digest }, headers)],
    ['an approval of something else', 409, 'changed_since', headers => hub.as('finance-bureau', 2).post(`/v1/payment-batches/${batch_no}/approve`, { digest: '0'.repeat(64) }, headers)]
  ])
})

t.test('the same key with another body is refused, whatever the body', async (t) => {
  const hub = await hubInMarch(t)
  await authorize(hub)
  const { iou_no } = await lend(hub)
  const bank = hub.as('bank-1')
  const good = aVoucher(iou_no, await documentOf(bank))
  const key = { 'idempotency-key': `journey-key-${next('k')}-00000000` }
  const first = await bank.post('/v1/interest-vouchers', good, key)
  t.equal(first.statusCode, 201, first.body)
  await walk(t, hub, [
    ['the same key with another body', 422, 'idempotency_mismatch', headers => bank.post('/v1/interest-vouchers', { ...good, voucher_no: 'OTHER' }, { ...key, ...headers })],
    ['the same key at another door', 422, 'idempotency_mismatch', headers => bank.post('/v1/drawdowns', aDrawdown('HT-1'), { ...key, ...headers })],
    ['the same business key with other content', 409, 'duplicate_key', headers => bank.post('/v1/interest-vouchers', { ...good, normal_interest: '90000.01' }, headers)]
  ])
  const again = await bank.post('/v1/interest-vouchers', good, key)
  t.same([again.statusCode, again.headers['idempotency-replayed'], again.body], [201, 'true', first.body], 'the first answer again')
  const renewed = await bank.post('/v1/interest-vouchers', good)
  t.same([renewed.statusCode, renewed.headers['idempotency-replayed'], renewed.json().number], [200, undefined, first.json().number], 'the stored object under a new key')
})
