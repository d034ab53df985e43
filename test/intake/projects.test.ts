import t from 'tap'
import { build } from '../helper.ts'
import { aGrant, aNeed, aProject } from '../fixtures.ts'

const code = '2606-500112-07-02-100001'

t.setTimeout(120_000)

t.test('a project is filed by its enterprise and listed by district and city', async t => {
  const hub = await build(t)
  const enterprise = hub.as('enterprise-1')
  const filed = await enterprise.post('/v1/projects', aProject())
  t.equal(filed.statusCode, 201, filed.body)
  t.match(filed.json(), { owner_uscc: enterprise.uscc, project_code: code, total_investment: '12000000.00', land_cost: '0.00', library_entry: null, stage: null, version: 1 })
  const district = hub.as('district-meic-1', 1)
  const city = hub.as('meic', 1)
  const entry = `/v1/projects/${code}/library-entry`
  t.match((await city.post(entry, { decision: 'PASS' })).json(), { code: 'state_conflict', state: 'APPLIED' }, 'the district first')
  t.match((await hub.as('district-meic-1').post(entry, { decision: 'PASS' })).json(), { code: 'person_required' })
  t.match((await enterprise.post(entry, { decision: 'PASS' })).json(), { code: 'role_not_allowed' })
  const passed = await district.post(entry, { decision: 'PASS', note: '属实' })
  t.match(passed.json(), { library_entry: { status: 'DISTRICT_PASSED', district_review: { decision: 'PASS', decided_by: 'district-meic-1', note: '属实' }, city_review: null } }, passed.body)
  t.match((await district.post(entry, { decision: 'PASS' })).json(), { code: 'state_conflict' })
  const listed = await city.post(entry, { decision: 'PASS', entry_no: 'JG-2026-00017' })
  t.match(listed.json(), { library_entry: { status: 'LISTED', entry_no: 'JG-2026-00017', city_review: { decided_by: 'meic' } } })
  t.match((await city.post(entry, { decision: 'PASS' })).json(), { code: 'state_conflict' })
  t.equal((await district.post('/v1/projects/2606-500112-07-02-999999/library-entry', { decision: 'PASS' })).statusCode, 404)
  const need = (await enterprise.post('/v1/financing-needs', aNeed({ authorization: aGrant() }))).json()
  t.notOk(need.unknown_rules.includes('E-03') || need.unknown_rules.includes('E-04'), 'what is known about the project is judged')
  await hub.loops.settle()
  t.same((await enterprise.get('/v1/events')).json().items.map((each: { type: string }) => each.type).filter((type: string) => type.startsWith('project.')),
    ['project.submitted', 'project.district_passed', 'project.listed'])
})

t.test('the same facts are the stored project, new facts are added, other facts need a correction', async t => {
  const hub = await build(t)
  const enterprise = hub.as('enterprise-1')
  await enterprise.post('/v1/projects', aProject())
  t.equal((await enterprise.post('/v1/projects', aProject())).statusCode, 200)
  const added = await enterprise.post('/v1/projects', aProject({ stage: 'PLANNED', equipment_cost: '9000000.00' }))
  t.match(added.json(), { stage: 'PLANNED', equipment_cost: '9000000.00', version: 2 })
  t.match((await enterprise.post('/v1/projects', aProject({ stage: 'UNDER_CONSTRUCTION' }))).json(), { stage: 'UNDER_CONSTRUCTION', equipment_cost: '9000000.00' }, 'a stage moves on')
  const other = await enterprise.post('/v1/projects', aProject({ total_investment: '900000.00', name: '另一名称' }))
  t.match(other.json(), { status: 409, code: 'duplicate_key', errors: [{ pointer: '/name' }, { pointer: '/total_investment' }] })
  t.match((await enterprise.post('/v1/projects', aProject({ total_investment: '900000.00', correction: true }))).json(), { total_investment: '900000.00' })
})

t.test('every door sees its own words until it may see the others', async t => {
  const hub = await build(t)
  const enterprise = hub.as('enterprise-1')
  const park = hub.as('park-1')
  const mine = await park.post('/v1/projects', aProject({ owner_uscc: enterprise.uscc, name: '园区写法', total_investment: '5000000.00' }))
  t.equal(mine.statusCode, 201)
  await enterprise.post('/v1/projects', aProject({ start_date: '2026-05-01' }))
  t.match((await park.get(`/v1/projects/${code}`)).json(), { name: '园区写法', total_investment: '5000000.00', start_date: null })
  t.match((await enterprise.get(`/v1/projects/${code}`)).json(), { name: aProject().name, total_investment: '12000000.00', start_date: '2026-05-01' }, 'the enterprise counts before the park')
  t.equal((await hub.as('park-2').get(`/v1/projects/${code}`)).statusCode, 404)
  t.equal((await hub.as('enterprise-2').get(`/v1/projects/${code}`)).statusCode, 404)
  t.equal((await hub.as('bank-1').get(`/v1/projects/${code}`)).statusCode, 404)
  const authorization = await park.post('/v1/authorizations', { grantor_uscc: enterprise.uscc, grantor_name: '甲', ...aGrant({ method: 'SEAL_SCAN', evidence_digest: 'd'.repeat(64) }) })
  t.match((await park.get(`/v1/projects/${code}`)).json(), { total_investment: '12000000.00' }, 'under a live authorization the park sees what is known')
  t.equal((await hub.as('bank-1').get(`/v1/projects/${code}`)).statusCode, 200, 'and so does a paired bank')
  t.equal((await hub.as('bank-3').get(`/v1/projects/${code}`)).statusCode, 404, 'but no bank of another park')
  await park.post(`/v1/authorizations/${authorization.json().authorization_no}/withdraw`, {})
  t.equal((await hub.as('bank-1').get(`/v1/projects/${code}`)).statusCode, 404)
  t.equal((await park.get('/v1/projects')).json().items.length, 1)
  t.equal((await hub.as('park-2').get('/v1/projects')).json().items.length, 0)
  t.equal((await hub.as('meic').get('/v1/projects')).json().items[0].total_investment, '12000000.00')
  await hub.as('enterprise-2').post('/v1/projects', aProject())
  t.match((await hub.as('meic').get(`/v1/projects/${code}`)).json(), { code: 'rule_broken', errors: [{ code: 'OWNER_NEEDED' }] })
  t.equal((await hub.as('meic').get(`/v1/projects/${code}?owner_uscc=${enterprise.uscc}`)).statusCode, 200)
})

t.test('an import decides each project for itself', async t => {
  const hub = await build(t)
  const item = (over: Record<string, unknown>): Record<string, unknown> => ({ ...aProject(), owner_uscc: '91500120MAXX000311', ...over })
  const operator = hub.as('platform-operator')
  const items = [item({ applied_on: '2026-02-01' }), item({ owner_uscc: '91500120MAXX000312', land_cost: '99000000.00' }), item({ project_code: '2606-500120-07-02-100002' })]
  const first = await operator.post('/v1/projects/imports', { items })
  t.equal(first.statusCode, 200, first.body)
  t.match(first.json().counts, { CREATED: 2, CHANGED: 0, UNCHANGED: 0, REJECTED: 1 })
  t.same(first.json().results[1].findings.map((each: { code: string }) => each.code), ['USCC_CHECK_DIGIT', 'LAND_OVER_AMOUNT'])
  t.match((await operator.post('/v1/projects/imports', { items: [items[0], item({ project_code: '2606-500120-07-02-100002', total_investment: '2000000.00' })] })).json().counts,
    { CREATED: 0, CHANGED: 1, UNCHANGED: 1, REJECTED: 0 })
  t.match((await operator.get(`/v1/projects/${code}`)).json(), { library_entry: { status: 'APPLIED', applied_at: '2026-02-01T16:00:00.000Z' } })
  t.equal((await hub.as('district-meic-1', 1).post(`/v1/projects/${code}/library-entry`, { decision: 'REJECT' })).json().library_entry.status, 'REJECTED')
  t.equal((await hub.as('enterprise-1').post('/v1/projects/imports', { items })).statusCode, 403)
  t.equal((await operator.post('/v1/projects/imports', { items: [] })).statusCode, 400)
})

t.test('refusals of a project', async t => {
  const hub = await build(t)
  const cases: [string, Record<string, unknown>, number, string][] = [
    ['park-1', {}, 400, 'invalid_request'],
    ['park-1', { owner_uscc: '91500120MAXX000312' }, 422, 'uscc_check_digit'],
    ['enterprise-1', { owner_uscc: '91500120MAXX000311' }, 403, 'role_not_allowed'],
    ['enterprise-1', { project_code: '2613-500112-07-02-100001' }, 422, 'project_code_invalid'],
    ['enterprise-1', { project_code: 'X' }, 400, 'invalid_request'],
    ['enterprise-1', { land_cost: '12000000.01' }, 422, 'land_over_amount'],
    ['enterprise-1', { start_date: '2026-05-01', planned_completion_date: '2026-04-01' }, 422, 'period_reversed'],
    ['enterprise-1', { total_investment: '1.0' }, 400, 'invalid_request'],
    ['bank-1', {}, 403, 'role_not_allowed']
  ]
  for (const [caller, over, status, problem] of cases) {
    const answer = await hub.as(caller).post('/v1/projects', aProject(over))
    t.equal(answer.statusCode, status, answer.body)
    t.equal(answer.json().code, problem)
  }
})
