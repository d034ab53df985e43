/** Risk sharing through the API: S1 五(一), domain notes §8.1. */
import type { LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import { insertUser, insertCredential } from '../../src/registry/participants/store.ts'
import { hashSecret } from '../../src/registry/participants/service.ts'
import { build, newKey, type Built } from '../helper.ts'
import { aDocument, created, lent, uscc_1 } from '../lending/fixtures.ts'
import { aGuarantee, type GuaranteeSpec } from './guarantees.ts'

const day = '2026-03-02'

interface Ready { claim_no: string, body: Record<string, unknown> }
let filed = 0

async function file (hub: Built, principal: string, spec: Partial<GuaranteeSpec> = {}, more: Record<string, unknown> = {}): Promise<Ready> {
  const { guarantee_contract_no, iou_no } = await aGuarantee(hub, { principal, ...spec })
  const claim_no = `DC-${++filed}`
  const body = { claim_no, guarantee_contract_no, iou_no, default_date: day, default_principal: principal, ...more }
  const answer = await hub.as(spec.bank_no ?? 'bank-1').post('/v1/compensation-claims', body)
  if (answer.statusCode !== 201) throw new Error(answer.body)
  return { claim_no, body }
}

const decide = (hub: Built, claim_no: string, body: Record<string, unknown>, guarantor = 'guarantor-1') =>
  hub.as(guarantor, 1).post(`/v1/compensation-claims/${claim_no}/decision`, body)

/** Guarantees of a vintage that never default. */
const vintage = (hub: Built, principal: string, spec: Partial<GuaranteeSpec> = {}) => aGuarantee(hub, { principal, ...spec })

/** A vintage of 500 million with 15 million compensated already. */
async function nearTheCap (hub: Built): Promise<void> {
  await vintage(hub, '476250000.00')
  const first = await file(hub, '18750000.00')
  const done = await decide(hub, first.claim_no, { decision: 'ACCEPT' })
  if (done.statusCode !== 200) throw new Error(done.body)
}

function sum (entries: readonly { amount: string }[]): number {
  return entries.reduce((total, { amount }) => total + Math.round(Number(amount) * 100), 0)
}

/** Lets a second person of a guarantor call: prepayments are reviewed by another one. */
async function secondPerson (hub: Built): Promise<(url: string, body: unknown) => Promise<LightMyRequestResponse>> {
  await hub.db.write(async (sql, now) => {
    await insertUser(sql, { user_no: 'guarantor-1-user-2', participant_no: 'guarantor-1', name: '复核人', duties: ['APPROVE'], status: 'ACTIVE' })
    await insertCredential(sql, {
      secret_hash: hashSecret('second-person-of-guarantor-1'), participant_no: 'guarantor-1', user_no: 'guarantor-1-user-2', client_id: 'client-guarantor-1', kind: 'API_KEY',
      status: 'ACTIVE', created_at: now
    })
  })
  return async (url, body) => hub.app.inject({
    method: 'POST', url, payload: body as Record<string, unknown>, headers: { authorization: 'Bearer second-person-of-guarantor-1',
      'idempotency-key': newKey() }
  })
}

t.test('a plain default is shared 40/30/20/10, paid by the guarantor and collected from the others', async t => {
  const hub = await build(t)
  await vintage(hub, '499000000.00')
  const { claim_no } = await file(hub, '1000000.00')
  const answer = await decide(hub, claim_no, { decision: 'ACCEPT', paid_date: '2026-03-18', paid_amount: '800000.00' })
  t.equal(answer.statusCode, 200)
  const claim = answer.json()
  t.match(claim, {
    status: 'PAID', paid_amount: '800000.00', guarantor_decision: { decision: 'ACCEPT', decided_by: 'guarantor-1-user-1' },
    computed: {
      eligible_principal: '1000000.00', headroom_before: '16000000.00', covered_principal: '800000.00', bank_excess: '0.00', rate_after_pct: '0.2000', breaker_state: 'NORMAL',
      shares: { guarantor: '400000.00', fiscal: '300000.00', bank: '200000.00', re_guarantor: '100000.00' }
    }
  })
  t.match(claim.fiscal_claim_no, /^fiscal_/)
  t.match(claim.re_guarantee_claim_no, /^reguar_/)
  t.equal(sum(claim.ledger), 0, 'the ledger sums to zero')
  const carried = (party: string) => sum(claim.ledger.filter((entry: { party: string }) => entry.party === party))
  t.same(['GUARANTOR', 'FISCAL', 'BANK', 'RE_GUARANTOR'].map(carried), [40_000_000, 30_000_000, 20_000_000, 10_000_000],
    'everybody carries its share in the end')

  const recovered = await hub.as('guarantor-1').post(`/v1/compensation-claims/${claim_no}/recoveries`,
    { recovery_no: 'ZC-1', date: '2026-03-18', gross: '650000.00', cost: '50000.00' })
  t.equal(recovered.statusCode, 201)
  t.match(recovered.json(), { net: '600000.00', split: { guarantor: '240000.00', fiscal: '180000.00', bank: '120000.00', re_guarantor: '60000.00' },
    settled_in: null })
  const after = (await hub.as('bank-1').get(`/v1/compensation-claims/${claim_no}`)).json()
  t.match(after, { status: 'RECOVERING', recovered: '600000.00', recoveries: [{ recovery_no: 'ZC-1' }] })
  t.equal(sum(after.ledger), 0, 'and again after the recovery')
})

t.test('a claim that crosses the cap is covered up to the headroom, the next one not at all', async t => {
  const hub = await build(t)
  await nearTheCap(hub)
  const before = (await hub.as('finance-bureau').get('/v1/breakers?default_principal=5000000.00')).json().items[0]
  const { claim_no } = await file(hub, '5000000.00')
  const answer = (await decide(hub, claim_no, { decision: 'ACCEPT', paid_date: '2026-03-18', paid_amount: '1000000.00' })).json()
  t.match(answer.computed, {
    headroom_before: '1000000.00', covered_principal: '1000000.00', bank_excess: '3000000.00', rate_after_pct: '4.0000', breaker_state: 'TRIPPED',
    shares: { guarantor: '500000.00', fiscal: '375000.00', bank: '4000000.00', re_guarantor: '125000.00' }
  })
  t.match(before, { state: 'WARNING', liability: '396000000.00', compensated: '15000000.00' }, 'before the last guarantee the vintage was smaller')
  const recovered = await hub.as('bank-1').post(`/v1/compensation-claims/${claim_no}/recoveries`,
    { recovery_no: 'ZC-1', date: '2026-03-18', gross: '2000000.00', cost: '0.00' })
  t.match(recovered.json().split, { guarantor: '200000.00', fiscal: '150000.00', re_guarantor: '50000.00', bank: '1600000.00' }, 'by what each really bore')

  const next = await file(hub, '0.05')
  t.match((await hub.as('bank-1').get(`/v1/compensation-claims/${next.claim_no}`)).json().findings.map((finding: { code: string }) => finding.code),
    ['CLAIM_DUE_DILIGENCE_MISSING', 'BREAKER_TRIPPED'])
  const borne = (await decide(hub, next.claim_no, { decision: 'ACCEPT', paid_date: '2026-03-18' })).json()
  t.match(borne, { computed: { shares: { guarantor: '0.00', fiscal: '0.00', bank: '0.05', re_guarantor: '0.00' } }, fiscal_claim_no: null,
    re_guarantee_claim_no: null, paid_amount: '0.00' })
  t.equal(sum(borne.ledger), 0)
})

t.test('cents go to the largest remainders', async t => {
  const hub = await build(t)
  await vintage(hub, '500000000.00')
  const shares = async (principal: string) => (await decide(hub, (await file(hub, principal)).claim_no, { decision: 'ACCEPT' })).json().computed.shares
  t.same(await shares('333333.33'), { guarantor: '133333.33', fiscal: '100000.00', bank: '66666.67', re_guarantor: '33333.33' })
  t.same(await shares('0.05'), { guarantor: '0.02', fiscal: '0.02', bank: '0.01', re_guarantor: '0.00' })
})

t.test('numerator and denominator stand on the 80 % basis: 80 over 100 would show five times the headroom', async t => {
  const hub = await build(t)
  await nearTheCap(hub)
  await vintage(hub, '5000000.00')
  const [breaker] = (await hub.as('guarantor-1').get('/v1/breakers?default_principal=5000000.00')).json().items
  t.match(breaker, {
    guarantor_no: 'guarantor-1', bank_no: 'bank-1', vintage_year: 2026, liability: '400000000.00', cap: '16000000.00', compensated: '15000000.00', headroom: '1000000.00',
    what_if: { guarantor: '500000.00', fiscal: '375000.00', bank: '4000000.00', re_guarantor: '125000.00', bank_excess: '3000000.00',
      covered_by_system: '1000000.00', rate_after_pct: '4.0000', state: 'TRIPPED' }
  })
  const quote = (await hub.as('bank-1').post('/v1/risk-share-quotes', { default_principal: '5000000.00', vintage_liability: breaker.liability,
    vintage_compensated: breaker.compensated })).json()
  t.same(breaker.what_if, quote, 'what if and the quote are one function')
})

t.test('both rates are reported under their names', async t => {
  const hub = await build(t)
  await vintage(hub, '300000000.00')
  await vintage(hub, '100000000.00', { released_on: '2026-03-01' })
  const { claim_no } = await file(hub, '10000000.00')
  await decide(hub, claim_no, { decision: 'ACCEPT' })
  const [breaker] = (await hub.as('meic').get('/v1/breakers')).json().items
  t.same(breaker.rates.map(({ code, numerator, denominator, rate_pct }: Record<string, string>) => [code, numerator, denominator, rate_pct]), [
    ['VINTAGE_RATE', '8000000.00', '328000000.00', '2.4390'], ['COMPENSATION_RATE', '8000000.00', '80000000.00', '10.0000']
  ])
  t.equal(breaker.what_if, null)
})

t.test('what is doubtful becomes a finding, what is wrong is refused with every mistake', async t => {
  const hub = await build(t)
  const doubtful = await file(hub, '1000000.00', { filing_no: null, start_date: '2025-06-01' }, { default_date: '2025-11-01' })
  const { findings, decision_due_date } = (await hub.as('bank-1').get(`/v1/compensation-claims/${doubtful.claim_no}`)).json()
  t.same(findings.map((finding: { code: string }) => finding.code), ['NOT_FILED_WITH_RE_GUARANTOR', 'CLAIM_LATE', 'CLAIM_DUE_DILIGENCE_MISSING'])
  t.equal(decision_due_date, '2026-04-17', 'thirty days, on a working day')

  const { guarantee_contract_no, iou_no } = await aGuarantee(hub, { principal: '1000000.00' })
  const wrong = await hub.as('bank-1').post('/v1/compensation-claims', {
    claim_no: 'DC-W', guarantee_contract_no, iou_no, default_date: '2026-04-01', default_principal: '1000000.01', document_nos: ['doc_01JB2Q8Z6V7K3M5N9P4R1S0T2W']
  })
  t.equal(wrong.statusCode, 422)
  t.same(wrong.json().errors.map((error: { pointer: string }) => error.pointer), ['/default_principal', '/default_principal', '/default_date',
    '/document_nos/0'])
  const foreign = await hub.as('bank-2').post('/v1/compensation-claims', { claim_no: 'DC-F', guarantee_contract_no, iou_no, default_date: day,
    default_principal: '1.00' })
  const missing = await hub.as('bank-2').post('/v1/compensation-claims', { claim_no: 'DC-F', guarantee_contract_no: 'nothing', iou_no, default_date: day,
    default_principal: '1.00' })
  t.same([foreign.statusCode, foreign.json().code, foreign.json().errors], [422, 'contract_unknown', missing.json().errors],
    'a foreign contract and a missing one look alike')
})

t.test('no more principal is claimed than the guarantee covers, over all claims and under concurrency', async t => {
  const hub = await build(t)
  const { guarantee_contract_no, iou_no } = await aGuarantee(hub, { principal: '1000000.00' })
  const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => hub.as('bank-1').post('/v1/compensation-claims', {
    claim_no: `DC-P-${index}`, guarantee_contract_no, iou_no, default_date: day, default_principal: '250000.00'
  })))
  t.same(answers.map(({ statusCode }) => statusCode).sort(), [201, 201, 201, 201, 422, 422, 422, 422])
  t.ok(answers.filter(({ statusCode }) => statusCode === 422).every(answer => ['amount_over_guarantee', 'balance_over_loan'].includes(answer.json().code)))
})

t.test('the same claim under a new key is the stored one; other content is refused', async t => {
  const hub = await build(t)
  const { claim_no, body } = await file(hub, '1000000.00')
  const again = await hub.as('bank-1').post('/v1/compensation-claims', body)
  t.equal(again.statusCode, 200)
  t.equal(again.json().claim_no, claim_no)
  t.match((await hub.as('bank-1').post('/v1/compensation-claims', { ...body, overdue_days: 3 })).json(), { code: 'duplicate_key' })
})

t.test('a bank and a guarantor see their own claims and breakers, nobody else does', async t => {
  const hub = await build(t)
  const { claim_no } = await file(hub, '1000000.00')
  const url = `/v1/compensation-claims/${claim_no}`
  for (const participant of ['bank-1', 'guarantor-1', 're-guarantor-1', 'finance-bureau']) t.equal((await hub.as(participant).get(url)).statusCode, 200,
    participant)
  const strangers = [await hub.as('bank-2').get(url), await hub.as('guarantor-2').get(url), await hub.as('bank-1').get('/v1/compensation-claims/nothing')]
  t.same(strangers.map(({ statusCode }) => statusCode), [404, 404, 404])
  for (const participant of ['park-1', 'meic', 'enterprise-1']) t.equal((await hub.as(participant).get(url)).statusCode, 403, participant)
  const count = async (participant: string, query = '') => (await hub.as(participant).get(`/v1/breakers${query}`)).json().items.length
  t.same([await count('bank-1'), await count('bank-2'), await count('guarantor-2'), await count('meic'), await count('bank-2', '?bank_no=bank-1')],
    [1, 0, 0, 1, 0])
  t.equal((await decide(hub, claim_no, { decision: 'ACCEPT' }, 'guarantor-2')).statusCode, 404)
  t.match((await hub.as('guarantor-1').post(`${url}/decision`, { decision: 'ACCEPT' })).json(), { code: 'person_required' })
  t.match((await hub.as('bank-1', 1).post(`${url}/decision`, { decision: 'ACCEPT' })).json(), { code: 'role_not_allowed' })
})

t.test('every step reaches the feeds of all parties', async t => {
  const hub = await build(t)
  const { claim_no } = await file(hub, '1000000.00')
  await decide(hub, claim_no, { decision: 'ACCEPT' })
  await hub.loops.settle()
  for (const participant of ['bank-1', 'guarantor-1', 're-guarantor-1', 'finance-bureau']) {
    const types = (await hub.as(participant).get('/v1/events')).json().items.map((event: { type: string }) => event.type)
    t.same(types.filter((type: string) => /^(compensation_claim|breaker)/.test(type)), ['compensation_claim.filed', 'breaker.tripped',
      'compensation_claim.accepted'], participant)
  }
})

t.test('the amount paid is the part the system covers; a payment may follow later', async t => {
  const hub = await build(t)
  await vintage(hub, '499000000.00')
  const { claim_no } = await file(hub, '1000000.00')
  t.match((await decide(hub, claim_no, { decision: 'ACCEPT', paid_date: '2026-03-18', paid_amount: '400000.00' })).json(),
    { code: 'decision_not_possible', errors: [{ pointer: '/paid_amount' }] })
  t.match((await decide(hub, claim_no, { decision: 'ACCEPT', paid_date: '2026-03-19' })).json(), { code: 'paid_date_in_future' })
  const [untouched] = (await hub.as('meic').get('/v1/breakers')).json().items
  t.equal(untouched.compensated, '0.00', 'a refused decision leaves the breaker alone')
  t.match((await decide(hub, claim_no, { decision: 'ACCEPT' })).json(), { status: 'ACCEPTED', paid_date: null })
  t.match((await decide(hub, claim_no, { decision: 'ACCEPT' })).json(), { code: 'state_conflict' })
  t.match((await hub.as('bank-1').post(`/v1/compensation-claims/${claim_no}/recoveries`, { recovery_no: 'Z', date: '2026-03-18', gross: '1.00' })).json(),
    { code: 'state_conflict' })
  t.match((await decide(hub, claim_no, { decision: 'ACCEPT', paid_date: '2026-03-18' })).json(), { status: 'PAID', paid_amount: '800000.00' })
  t.match((await decide(hub, claim_no, { decision: 'REJECT', reason: '已支付' })).json(), { code: 'state_conflict', allowed: [] })
})

t.test('a refusal needs its reason and frees the guarantee', async t => {
  const hub = await build(t)
  const { claim_no, body } = await file(hub, '1000000.00')
  t.match((await decide(hub, claim_no, { decision: 'REJECT' })).json(), { code: 'decision_not_possible' })
  t.match((await decide(hub, claim_no, { decision: 'REJECT', reason: '资料不全' })).json(), { status: 'DECLINED', computed: null, ledger: [] })
  t.equal((await hub.as('bank-1').post('/v1/compensation-claims', { ...body, claim_no: 'DC-AGAIN' })).statusCode, 201)
})

t.test('a decision and a review have their day; when it has passed, all parties hear of it once', async t => {
  const hub = await build(t)
  const other = await secondPerson(hub)
  await vintage(hub, '498000000.00')
  const { claim_no } = await file(hub, '1000000.00')
  t.match((await hub.as('bank-1').get(`/v1/compensation-claims/${claim_no}`)).json(), { decision_due_date: '2026-04-17' }, 'thirty days')
  const told = async (who: string) => {
    await hub.loops.settle()
    const { items } = (await hub.as(who).get('/v1/events?limit=200')).json() as { items: { type: string, data: { decision_due_date: string } }[] }
    return items.filter(({ type }) => type === 'compensation_claim.decision_overdue').map(({ data }) => data.decision_due_date)
  }
  hub.clock.set('2026-04-17T02:00:00.000Z')
  t.same(await told('bank-1'), [])
  hub.clock.set('2026-04-17T16:00:00.000Z')
  for (const who of ['bank-1', 'guarantor-1', 're-guarantor-1', 'finance-bureau']) t.same(await told(who), ['2026-04-17'], who)
  t.match((await decide(hub, claim_no, { decision: 'PREPAY' })).json(), { status: 'PREPAID_PENDING_REVIEW', decision_due_date: '2026-05-18' }, 'the review has a day of its own')
  hub.clock.set('2026-05-19T02:00:00.000Z')
  t.same(await told('bank-1'), ['2026-04-17', '2026-05-18'])
  await other(`/v1/compensation-claims/${claim_no}/decision`, { decision: 'ACCEPT', reason: '复核' })
  hub.clock.set('2026-08-19T02:00:00.000Z')
  t.same(await told('bank-1'), ['2026-04-17', '2026-05-18'], 'what is decided is no longer late')
})

t.test('a prepayment waits for the review of another person, and goes back as a whole when refused', async t => {
  const hub = await build(t)
  const other = await secondPerson(hub)
  await vintage(hub, '498000000.00')
  const review = async (t: Test, decision: string) => {
    const { claim_no } = await file(hub, '1000000.00')
    t.match((await decide(hub, claim_no, { decision: 'PREPAY', paid_date: '2026-03-18', paid_amount: '800000.00' })).json(),
      { status: 'PREPAID_PENDING_REVIEW', paid_amount: '800000.00' })
    t.match((await decide(hub, claim_no, { decision, reason: '复核' })).json(), { code: 'own_work' })
    return (await other(`/v1/compensation-claims/${claim_no}/decision`, { decision, reason: '复核' })).json()
  }
  t.match(await review(t, 'ACCEPT'), { status: 'PAID', review: { decision: 'ACCEPT', decided_by: 'guarantor-1-user-2' } })
  const refused = await review(t, 'REJECT')
  t.match(refused, { status: 'DECLINED', review: { decision: 'REJECT' } })
  t.equal(sum(refused.ledger), 0)
  t.equal(sum(refused.ledger.filter((entry: { party: string }) => entry.party === 'BANK')), 100_000_000, 'the bank carries the whole loss again')
  const [breaker] = (await hub.as('meic').get('/v1/breakers')).json().items
  t.equal(breaker.compensated, '800000.00', 'the headroom came back')
})

t.test('from loan to compensation through the API: the papers reach those who pay, the guarantee ends with the payment', async t => {
  const { hub, loan_contract_no, iou_no } = await lent(t)
  const contract = created(await hub.as('guarantor-1').post('/v1/guarantee-contracts', {
    guarantee_contract_no: 'DB-2026-0001', borrower_uscc: uscc_1, lender_no: 'bank-1', loan_contract_no, iou_no, guaranteed_principal: '8000000.00', guarantee_fee_total: '192000.00',
    start_date: '2026-01-20', end_date: '2029-01-20', document_no: await aDocument(hub, 'guarantor-1'), override_reason: '订单充足，经评审会审议通过'
  }))
  const bank_due_diligence_statement = await aDocument(hub)
  const claim = created(await hub.as('bank-1').post('/v1/compensation-claims', {
    claim_no: 'DC-2026-001', guarantee_contract_no: 'DB-2026-0001', iou_no, default_date: '2026-03-20', default_principal: '8000000.00', overdue_days: 3, bank_notice_no: 'TZ-1',
    bank_notice_date: '2026-03-21', acceleration: { declared: true, date: '2026-03-21' }, interest_not_covered: '24000.00', bank_due_diligence_statement
  }))
  t.match(claim, { guarantee_number: contract.number, vintage_year: 2026, uscc: uscc_1, acceleration: { declared: true, date: '2026-03-21' },
    findings: [{ code: 'NOT_FILED_WITH_RE_GUARANTOR' }] })
  const paper = `/v1/documents/${bank_due_diligence_statement}`
  for (const participant of ['guarantor-1', 're-guarantor-1', 'finance-bureau']) t.equal((await hub.as(participant).get(paper)).statusCode, 200, participant)
  for (const participant of ['guarantor-2', 'bank-2']) t.equal((await hub.as(participant).get(paper)).statusCode, 404, participant)
  const paid = (await decide(hub, 'DC-2026-001', { decision: 'ACCEPT', paid_date: '2026-03-23', reason: '同意' })).json()
  t.match(paid, { status: 'PAID', computed: { headroom_before: '256000.00', covered_principal: '256000.00', bank_excess: '6144000.00' },
    paid_amount: '256000.00' })
  t.match((await hub.as('guarantor-1').get('/v1/guarantee-contracts/DB-2026-0001')).json(), { released_on: '2026-03-23' })
  t.match((await hub.as('bank-1').get('/v1/breakers')).json().items[0].rates[1], { code: 'COMPENSATION_RATE', denominator: '6400000.00', rate_pct: '4.0000' })
})

t.test('collateral that came in before lowers the principal that is shared', async t => {
  const hub = await build(t)
  await vintage(hub, '499000000.00')
  const { claim_no } = await file(hub, '1000000.00', {}, { collateral_recovered_before: '400000.00' })
  t.match((await decide(hub, claim_no, { decision: 'ACCEPT' })).json().computed, { eligible_principal: '600000.00',
    shares: { guarantor: '240000.00', fiscal: '180000.00', bank: '120000.00', re_guarantor: '60000.00' } })
})
