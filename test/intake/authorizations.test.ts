import t from 'tap'
import { begunLately } from '../../src/intake/authorizations/store.ts'
import type { LightMyRequestResponse } from 'fastify'
import { LIST_LIMITS } from '../../src/intake/enterprise-lists/reading.ts'
import { readWorkbook } from '../../src/intake/enterprise-lists/workbook.ts'
import { build, newKey } from '../helper.ts'
import { aGrant, aNeed, aProject } from '../fixtures.ts'

t.setTimeout(120_000)

t.test('an enterprise authorises for itself, reads and withdraws it', async t => {
  const hub = await build(t)
  const enterprise = hub.as('enterprise-1')
  const given = await enterprise.post('/v1/authorizations', { grantor_uscc: enterprise.uscc, grantor_name: '重庆云岭精密机械有限公司（虚构）', ...aGrant() })
  t.equal(given.statusCode, 201, given.body)
  const { authorization_no } = given.json()
  t.match(given.json(), { status: 'ACTIVE', collector_no: null, method: 'PORTAL_CONFIRM', withdrawn_at: null })
  const read = await enterprise.get(`/v1/authorizations/${authorization_no}`)
  t.match(read.json(), { authorization_no })
  t.equal((await enterprise.get(`/v1/authorizations/${authorization_no}`, { 'if-none-match': read.headers.etag as string })).statusCode, 304)
  const first = await enterprise.post(`/v1/authorizations/${authorization_no}/withdraw`, { reason: '不再需要' })
  t.equal(first.statusCode, 200, first.body)
  t.match(first.json(), { status: 'WITHDRAWN', withdrawal_reason: '不再需要', disclosures: [], deletion_due_date: '2026-04-17', version: 2 })
  const second = await enterprise.post(`/v1/authorizations/${authorization_no}/withdraw`, {})
  t.same(second.json(), first.json(), 'a second withdrawal answers the same')
  const events = (await enterprise.get('/v1/events')).json().items
  await hub.loops.settle()
  t.same((await enterprise.get('/v1/events')).json().items.map((each: { type: string }) => each.type), ['authorization.activated', 'authorization.withdrawn'], `${events.length}`)
})

t.test('third parties learn nothing of an authorization', async t => {
  const hub = await build(t)
  const enterprise = hub.as('enterprise-1')
  const { authorization_no } = (await enterprise.post('/v1/authorizations', { grantor_uscc: enterprise.uscc, grantor_name: '甲', ...aGrant() })).json()
  const missing = 'auth_01JB2Q8Z6V7K3M5N9P4R1S0T2W'
  for (const other of ['park-1', 'enterprise-2']) {
    for (const path of ['', '/disclosures']) {
      const foreign = await hub.as(other).get(`/v1/authorizations/${authorization_no}${path}`)
      const nothing = await hub.as(other).get(`/v1/authorizations/${missing}${path}`)
      t.equal(foreign.statusCode, 404)
      t.same({ ...foreign.json(), trace_id: '' }, { ...nothing.json(), trace_id: '' }, 'the same bytes as for what is missing')
    }
    t.equal((await hub.as(other).post(`/v1/authorizations/${authorization_no}/withdraw`, {})).statusCode, 404)
    t.same((await hub.as(other).get('/v1/authorizations')).json().items, [])
  }
  t.equal((await hub.as('bank-1').get(`/v1/authorizations/${authorization_no}`)).statusCode, 403)
  t.equal((await hub.as('meic').get(`/v1/authorizations/${authorization_no}`)).statusCode, 200)
  t.equal((await hub.as('meic').post(`/v1/authorizations/${authorization_no}/withdraw`, {})).statusCode, 403)
})

t.test('refusals name the rule and every mistake', async t => {
  const hub = await build(t)
  const enterprise = hub.as('enterprise-1')
  const good = { grantor_uscc: enterprise.uscc, grantor_name: '甲', ...aGrant() }
  const cases: [string, unknown, number, string][] = [
    ['enterprise-1', { ...good, valid_to: '2026-03-18' }, 422, 'period_reversed'],
    ['enterprise-1', { ...good, grantor_uscc: hub.as('enterprise-2').uscc }, 403, 'role_not_allowed'],
    ['enterprise-1', { ...good, recipients: ['NOBODY'] }, 422, 'rule_broken'],
    ['enterprise-1', { ...good, method: 'PARK_DECLARED' }, 400, 'invalid_request'],
    ['enterprise-1', { ...good, valid_from: '2026-02-30' }, 400, 'invalid_request'],
    ['enterprise-1', { ...good, extra: 1 }, 400, 'invalid_request'],
    ['enterprise-1', { ...good, signer_name: null }, 400, 'invalid_request'],
    ['park-1', { ...good, grantor_uscc: '91500112MAXX00016Q', evidence_digest: 'a'.repeat(64) }, 422, 'uscc_check_digit'],
    ['bank-1', good, 403, 'role_not_allowed']
  ]
  for (const [caller, body, status, code] of cases) {
    const answer = await hub.as(caller).post('/v1/authorizations', body)
    t.equal(answer.statusCode, status, answer.body)
    t.equal(answer.json().code, code)
  }
  const both = await hub.as('park-1').post('/v1/authorizations', { ...good, grantor_uscc: '91500112MAXX00016Q', valid_to: '2026-03-18' })
  t.same(both.json().errors.map((each: { pointer: string }) => each.pointer), ['/grantor_uscc', '/valid_to'])
})

t.test('open needs end in the unit of the withdrawal and their content is shown to the enterprise only', async t => {
  const hub = await build(t)
  const park = hub.as('park-1')
  const uscc = '91500120MAXX000311'
  const auth = (await park.post('/v1/authorizations', {
    grantor_uscc: uscc, grantor_name: '重庆示范企业（虚构）', ...aGrant({ method: 'SEAL_SCAN', evidence_digest: 'b'.repeat(64) })
  })).json()
  t.match(auth, { collector_no: 'park-1', status: 'ACTIVE' })
  const need = await park.post('/v1/financing-needs', aNeed({ uscc, authorization_no: auth.authorization_no }))
  t.equal(need.statusCode, 201, need.body)
  const withdrawn = await park.post(`/v1/authorizations/${auth.authorization_no}/withdraw`, { reason: '企业撤回' })
  t.equal(withdrawn.statusCode, 200, withdrawn.body)
  const after = (await park.get(`/v1/financing-needs/${need.json().need_no}`)).json()
  t.match(after, { status: 'WITHDRAWN', amount: null, purpose: null, project_code: null })
  const listed = async (query: string) => (await park.get(`/v1/financing-needs?uscc=${uscc}${query}`)).json()
  t.match(await listed(''), { items: [{ amount: null }], totals: { count: 1, amount: '0.00' } }, 'nor by a sum')
  for (const filter of ['amount_min=0.00', 'amount_max=9999999999999.99', 'purpose_code=EQUIPMENT_PURCHASE', 'region_code=500120']) {
    t.match(await listed(`&${filter}`), { items: [], totals: { count: 0 } }, `nor by the filter ${filter}`)
  }
  const again = await park.post('/v1/financing-needs', aNeed({ uscc, authorization_no: auth.authorization_no }))
  t.match(again.json(), { status: 403, code: 'authorization_not_active' })
})

t.test('what was answered or sent before a withdrawal does not leave again', async t => {
  const hub = await build(t)
  const [park, bank] = [hub.as('park-1'), hub.as('bank-1')]
  const uscc = '91500120MAXX000311'
  const secrets = ['重庆示范企业', '5000000.00', '购置数控设备', '777.00', '客户经理甲', 'DH-9', '15400000077']
  const scopes = ['ENTERPRISE_BASIC', 'PROJECT', 'FINANCING_NEED', 'POST_LOAN']
  t.equal((await park.post('/v1/authorizations', { grantor_uscc: uscc, grantor_name: '重庆示范企业', ...aGrant({ method: 'SEAL_SCAN', evidence_digest: 'b'.repeat(64), scopes }) })).statusCode, 201)
  await hub.as('meic', 1).post('/v1/projects/imports', { items: [aProject({ owner_uscc: uscc, equipment_cost: '777.00', start_date: '2026-02-01' })] })
  const list = `企业名称,统一社会信用代码,融资金额（元）,期限（月）,用途,是否授权,联系电话\n重庆示范企业,${uscc},2000000000.00,36,购置数控设备,是,15400000077\n`
  const { list_no } = (await park.upload('/v1/enterprise-lists', { name: 'l.csv', bytes: Buffer.from(list) })).json()
  await hub.loops.settle()
  const [held] = (await park.get(`/v1/enterprise-lists/${list_no}/rows`)).json().items
  t.match(held, { outcome: 'HELD', name: '重庆示范企业' })

  const kept: [send: () => Promise<LightMyRequestResponse>, after: number][] = []
  const answered = async (who: typeof park, path: string, body: object, after: number) => {
    const key = newKey()
    const send = () => who.post(path, body, { 'idempotency-key': key })
    const first = await send()
    t.ok(first.statusCode < 300 && secrets.some(secret => first.body.includes(secret)), first.body)
    t.equal((await send()).body, first.body, 'while it is in force an answer is given again as it was')
    kept.push([send, after])
  }
  await answered(park, '/v1/financing-needs', aNeed({ uscc }), 201)
  await answered(park, '/v1/projects', aProject({ owner_uscc: uscc }), 201)
  await answered(hub.as('park-1', 1), `/v1/enterprise-lists/${list_no}/rows/${held.row_id}/decision`, { decision: 'CONFIRM', reason: '已与企业核实金额' }, 200)
  const report = { report_no: 'DH-9', uscc, as_of: '2026-03-18', risk_level: 'HIGH' }
  await answered(park, '/v1/post-loan-reports', report, 403)
  await hub.loops.settle()
  const [lead] = (await bank.get('/v1/leads')).json().items
  await answered(bank, `/v1/leads/${lead.lead_no}/events`, { type: 'CONTACTED', occurred_at: lead.pushed_at, channel: 'PHONE', person: '客户经理甲', result: '有意向' }, 201)
  const started = async () => (await park.get('/v1/self-assessments?period=2026Q1&prefill=true')).json().prefilled.new_projects
  t.match(await started(), [{ owner_uscc: uscc, start_date: '2026-02-01' }])
  const sheet = async () => [...readWorkbook((await park.get(`/v1/enterprise-lists/${list_no}/annotated.xlsx`)).rawPayload, LIST_LIMITS)]
    .flatMap(({ rows }) => [...rows].flatMap(({ cells }) => [...cells.values()].map(({ text }) => text)))
  t.ok((await sheet()).includes('15400000077'))

  for (const { authorization_no } of (await park.get('/v1/authorizations?status=ACTIVE')).json().items) {
    t.equal((await park.post(`/v1/authorizations/${authorization_no}/withdraw`, {})).statusCode, 200)
  }
  for (const [send, status] of kept) {
    const again = await send()
    t.equal(again.statusCode, status, again.body)
    t.same(secrets.filter(secret => again.body.includes(secret)), [], again.body)
  }
  t.match((await park.post('/v1/post-loan-reports', report)).json(), { code: 'authorization_not_active' }, 'nor as a report that is there already')
  t.same(await started(), [], 'what others know of a project is no figure of the park')
  const texts = await sheet()
  t.ok(texts.includes(uscc))
  t.same(secrets.filter(secret => texts.some(text => text.includes(secret))), [], 'nor as the sheet that was sent')
})

t.test('an authorization expires by the day', async t => {
  const hub = await build(t)
  const enterprise = hub.as('enterprise-1')
  const { authorization_no } = (await enterprise.post('/v1/authorizations', {
    grantor_uscc: enterprise.uscc, grantor_name: '甲', ...aGrant({ valid_to: '2026-03-20' })
  })).json()
  hub.clock.set('2026-03-19T15:59:59.000Z')
  t.equal((await enterprise.get(`/v1/authorizations/${authorization_no}`)).json().status, 'ACTIVE')
  hub.clock.set('2026-03-19T16:00:00.000Z')
  t.equal((await enterprise.get(`/v1/authorizations/${authorization_no}`)).json().status, 'EXPIRED')
  t.same((await enterprise.get('/v1/authorizations?status=ACTIVE')).json().items, [])
  t.equal((await enterprise.get('/v1/authorizations?status=EXPIRED')).json().items.length, 1)
  t.match((await enterprise.post(`/v1/authorizations/${authorization_no}/withdraw`, {})).json(), { code: 'state_conflict', allowed: [] })
  t.match((await enterprise.post('/v1/financing-needs', aNeed({ authorization_no }))).json(), { code: 'authorization_not_active' })
})

t.test('handed in before its first day is a matter of Beijing days, not of the date in the instant', async t => {
  const hub = await build(t, { now: '2026-03-17T17:00:00.000Z' })
  const given = async (enterprise: string, valid_from: string) => {
    const { uscc, post } = hub.as(enterprise)
    t.equal((await post('/v1/authorizations', { grantor_uscc: uscc, grantor_name: '甲', ...aGrant({ valid_from }) })).statusCode, 201)
    return uscc
  }
  await given('enterprise-1', '2026-03-18')
  t.same(await begunLately(hub.db.read, '2026-03-18', '2026-03-11'), [], 'at one in the morning of its first day it begins at once')
  const later = await given('enterprise-2', '2026-03-19')
  t.same(await begunLately(hub.db.read, '2026-03-18', '2026-03-11'), [], 'the day before')
  t.same(await begunLately(hub.db.read, '2026-03-19', '2026-03-12'), [later])
  t.same(await begunLately(hub.db.read, '2026-03-27', '2026-03-20'), [], 'a week later it is no news')
})
