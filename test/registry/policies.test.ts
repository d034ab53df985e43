import t from 'tap'
import { BUILT_IN_POLICIES } from '../../src/policy/terms.ts'
import { policiesOf, seedPolicies } from '../../src/registry/policies/service.ts'
import { build, newKey, type Built, type Caller } from '../helper.ts'

const path = '/v1/policies/TECH_RENO_LOAN/versions'
const successor = {
  version: '2028-01-01.1', title: 'Continued', title_zh: '延续', effective_from: '2028-01-01', effective_to: '2030-12-31', parameters: { project_year_ceiling: '12000000.00', subsidy_rate_max_pct: '1.5' }
}
const loan = {
  kind: 'LOAN_INTEREST', eligible_loan_amount: '10000000.00',
  vouchers: [{ voucher_no: 'V1', paid_date: '2028-03-21', segments: [{ from: '2027-12-21', to: '2028-03-21', balance: '10000000.00', annual_rate_pct: '4.80' }] }]
}
const quote = async (caller: Caller, body: unknown) => (await caller.send('POST', '/v1/subsidy-quotes', body)).json()

async function confirmed (hub: Built, proposal: Record<string, unknown>, policy = path): Promise<void> {
  const proposed = await hub.as('meic', 1).post(policy, proposal)
  if (proposed.statusCode !== 201) throw new Error(proposed.body)
  const done = await hub.as('meic', 2).post(`${policy}/${String(proposal.version)}/confirm`, undefined)
  if (done.statusCode !== 200) throw new Error(done.body)
}

t.test('the built-in versions are there, once, and stay after a second start', async t => {
  const hub = await build(t)
  await seedPolicies(hub.db)
  const { items, next_cursor } = (await hub.as('enterprise-1').get('/v1/policies')).json()
  t.same(items.map((each: { policy_code: string, version: string, status: string }) => `${each.policy_code} ${each.version} ${each.status}`),
    ['FISCAL_FINANCE_LINKAGE 2025-12-06.1 CONFIRMED', 'PARK_TECH_GUARANTEE 2026-01-12.1 CONFIRMED', 'TECH_RENO_LOAN 2024-06-09.1 CONFIRMED'])
  t.equal(next_cursor, null)
  const known = await policiesOf(hub.db)
  for (const policy of BUILT_IN_POLICIES) t.same(known.find(each => each.policy_code === policy.policy_code), policy, `${policy.policy_code} as the kernel has it`)
  t.equal(await policiesOf(hub.db), known, 'an unchanged list stays the same object')
})

t.test('pages of versions do not skip or repeat', async t => {
  const hub = await build(t)
  const caller = hub.as('bank-1')
  const seen: string[] = []
  let url = '/v1/policies?limit=1'
  for (let pages = 0; pages < 5; pages++) {
    const { items, next_cursor } = (await caller.get(url)).json()
    seen.push(...items.map((each: { policy_code: string }) => each.policy_code))
    if (next_cursor === null) break
    url = `/v1/policies?limit=1&cursor=${encodeURIComponent(next_cursor)}`
  }
  t.same(seen, ['FISCAL_FINANCE_LINKAGE', 'PARK_TECH_GUARANTEE', 'TECH_RENO_LOAN'])
})

t.test('the version of a day is shown with numbers and clauses', async t => {
  const hub = await build(t)
  const caller = hub.as('auditor-1')
  const today = await caller.get('/v1/policies/TECH_RENO_LOAN')
  t.equal(today.statusCode, 200)
  t.match(today.json(), { version: '2024-06-09.1', effective_to: '2027-12-31', parameters: { project_year_ceiling: '10000000.00', leaseback_months_max: 6 }, clauses: { 'L-05': { clause_zh: /1000万元/ } } })
  t.equal((await caller.get('/v1/policies/TECH_RENO_LOAN', { 'if-none-match': String(today.headers.etag) })).statusCode, 304)
  t.equal((await caller.get('/v1/policies/TECH_RENO_LOAN?on=2024-06-09')).statusCode, 200)
  t.equal((await caller.get('/v1/policies/TECH_RENO_LOAN?on=2024-06-08')).statusCode, 404, 'the day before')
  t.equal((await caller.get('/v1/policies/TECH_RENO_LOAN?on=2028-01-01')).statusCode, 404, 'the day after')
  t.equal((await caller.get('/v1/policies/NOTHING')).statusCode, 404)
  t.equal((await caller.get('/v1/policies/TECH_RENO_LOAN?on=2026-02-31')).statusCode, 400)
})

t.test('a draft can be tried at once, and rules only after another person confirmed it', async t => {
  const hub = await build(t)
  const first = hub.as('meic', 1)
  const key = newKey()
  const proposed = await first.post(path, successor, { 'idempotency-key': key })
  t.equal(proposed.statusCode, 201)
  t.match(proposed.json(), { status: 'PROPOSED', proposed_by: 'meic-user-1', confirmed_by: null, parameters: { lease_rate_pct: '2', subsidy_rate_max_pct: '1.5' } })
  t.equal((await first.post(path, successor, { 'idempotency-key': key })).headers['idempotency-replayed'], 'true')
  t.equal((await first.post(path, successor)).statusCode, 200, 'the same content under a new key')
  t.equal((await first.post(path, { ...successor, title: 'Another' })).json().code, 'duplicate_key')

  const tried = await quote(hub.as('bank-1'), { ...loan, draft_version: successor.version })
  t.equal(tried.total, '0.00', 'today nothing holds in 2028')
  t.match(tried.draft, { policy: { policy_code: 'TECH_RENO_LOAN', version: '2028-01-01.1' }, total: '37916.67' })

  t.equal((await first.post(`${path}/${successor.version}/confirm`, undefined)).json().code, 'own_work')
  t.equal((await hub.as('meic').post(`${path}/${successor.version}/confirm`, undefined)).json().code, 'person_required')
  t.equal((await hub.as('bank-1', 1).post(`${path}/${successor.version}/confirm`, undefined)).json().code, 'role_not_allowed')
  t.equal((await quote(hub.as('bank-1'), loan)).total, '0.00', 'nothing was confirmed so far')

  const done = await hub.as('meic', 2).post(`${path}/${successor.version}/confirm`, undefined)
  t.equal(done.statusCode, 200)
  t.match(done.json(), { status: 'CONFIRMED', confirmed_by: 'meic-user-2' })
  t.match(await quote(hub.as('bank-1'), loan), { policy: { version: '2028-01-01.1' }, total: '37916.67' })
  t.equal((await hub.as('meic', 2).post(`${path}/${successor.version}/confirm`, undefined)).json().code, 'state_conflict')
  t.equal((await hub.as('meic', 2).post(`${path}/none/confirm`, undefined)).statusCode, 404)
})

t.test('two versions never hold on one day, and the past is never rewritten', async t => {
  const hub = await build(t)
  const first = hub.as('meic', 1)
  const inside = { ...successor, version: '2026-07-01.1', effective_from: '2026-07-01', effective_to: '2027-12-31' }
  const overlap = await first.post(path, inside)
  t.equal(overlap.statusCode, 409)
  t.equal(overlap.json().code, 'period_overlap')
  const past = await first.post(path, { ...inside, effective_from: '2026-03-17', supersedes: '2024-06-09.1' })
  t.equal(past.statusCode, 422)
  t.match(past.json(), { code: 'policy_invalid', errors: [{ pointer: '/effective_from', code: 'EFFECTIVE_IN_PAST' }] })
  t.equal((await first.post(path, { ...inside, supersedes: 'never' })).json().code, 'policy_unknown')
  t.equal((await first.post(path, { ...successor, effective_to: '2027-01-01' })).json().code, 'period_reversed')
  const wrong = await first.post(path, { ...successor, parameters: { project_year_ceiling: 'a lot', colour: 'red' } })
  t.equal(wrong.json().code, 'policy_invalid')
  t.equal(wrong.json().errors.length, 2, 'both mistakes')
  t.equal((await hub.as('bank-1').get('/v1/policies?status=PROPOSED')).json().items.length, 0, 'nothing of it was kept')

  await confirmed(hub, { ...inside, supersedes: '2024-06-09.1' })
  const { items } = (await hub.as('bank-1').get('/v1/policies?policy_code=TECH_RENO_LOAN')).json()
  t.same(items.map((each: { effective_from: string, effective_to: string }) => [each.effective_from, each.effective_to]), [['2024-06-09', '2026-06-30'], ['2026-07-01', '2027-12-31']])
  t.equal((await hub.as('bank-1').get('/v1/policies/TECH_RENO_LOAN?on=2026-06-30')).json().version, '2024-06-09.1')
  t.equal((await hub.as('bank-1').get('/v1/policies/TECH_RENO_LOAN?on=2026-07-01')).json().version, '2026-07-01.1')
})

t.test('of two drafts for the same days only one is confirmed', async t => {
  const hub = await build(t)
  const first = hub.as('meic', 1)
  for (const version of ['2028-01-01.1', '2028-01-01.2']) t.equal((await first.post(path, { ...successor, version })).statusCode, 201)
  const answers = await Promise.all(['2028-01-01.1', '2028-01-01.2'].map(version => hub.as('meic', 2).post(`${path}/${version}/confirm`, undefined)))
  t.same(answers.map(each => each.statusCode).sort(), [200, 409])
  t.equal(answers.find(each => each.statusCode === 409)?.json().code, 'period_overlap')
})

t.test('a version is replaced from its own first day until it is in force, by two persons, and never after', async t => {
  const hub = await build(t)
  const july = { ...successor, version: '2026-07-01.1', effective_from: '2026-07-01', effective_to: '2027-12-31', supersedes: '2024-06-09.1', parameters: { project_year_ceiling: '12000000.00' } }
  await confirmed(hub, july)
  const again = { ...july, version: '2026-07-01.2', supersedes: '2026-07-01.1', parameters: { subsidy_rate_max_pct: '1.5' } }
  t.equal((await hub.as('meic', 1).post(path, { ...again, supersedes: undefined })).json().code, 'period_overlap', 'only by saying which one it replaces')
  t.equal((await hub.as('meic', 1).post(path, { ...again, effective_from: '2026-06-30' })).json().code, 'period_overlap', 'the version before keeps its days')
  t.equal((await hub.as('meic', 1).post(path, again)).statusCode, 201)
  t.equal((await hub.as('meic', 1).post(`${path}/${again.version}/confirm`, undefined)).json().code, 'own_work')
  t.equal((await hub.as('bank-1').get('/v1/policies/TECH_RENO_LOAN?on=2026-07-01')).json().version, '2026-07-01.1', 'until another person agrees')
  t.equal((await hub.as('meic', 2).post(`${path}/${again.version}/confirm`, undefined)).statusCode, 200)
  t.match((await hub.as('bank-1').get('/v1/policies/TECH_RENO_LOAN?on=2026-07-01')).json(),
    { version: '2026-07-01.2', parameters: { project_year_ceiling: '12000000.00', subsidy_rate_max_pct: '1.5' } }, 'with what the replaced one had changed')
  t.same((await hub.as('bank-1').get('/v1/policies?policy_code=TECH_RENO_LOAN')).json().items.map((each: { version: string, status: string }) => [each.version, each.status]),
    [['2024-06-09.1', 'CONFIRMED'], ['2026-07-01.1', 'REPLACED'], ['2026-07-01.2', 'CONFIRMED']])
  t.equal((await hub.as('bank-1').get('/v1/policies/TECH_RENO_LOAN?on=2026-06-30')).json().version, '2024-06-09.1', 'the days before stay as they were')

  const third = { ...again, version: '2026-07-01.3', supersedes: '2026-07-01.2' }
  t.equal((await hub.as('meic', 1).post(path, third)).statusCode, 201, 'proposed in time')
  hub.clock.set('2026-06-30T16:00:00.000Z')
  const late = await hub.as('meic', 2).post(`${path}/${third.version}/confirm`, undefined)
  t.match([late.statusCode, late.json().code, late.json().errors[0].pointer], [409, 'period_overlap', '/effective_from'], 'in force since midnight in Beijing')
  t.equal((await hub.as('meic', 1).post(path, { ...third, version: '2026-07-01.4' })).json().code, 'period_overlap')
})

t.test('who hears of a confirmed version', async t => {
  const hub = await build(t)
  await confirmed(hub, successor)
  await hub.loops.settle()
  const types = async (caller: Caller) => (await caller.get('/v1/events')).json().items.map((each: { type: string }) => each.type)
  t.ok((await types(hub.as('bank-3'))).includes('policy.confirmed'))
  t.notOk((await types(hub.as('enterprise-1'))).includes('policy.confirmed'))
})
