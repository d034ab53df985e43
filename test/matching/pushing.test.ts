import t from 'tap'
import { canonical, sha256Hex } from '../../src/db/canonical.ts'
import { withdrawAuthorization } from '../../src/intake/authorizations/store.ts'
import { findNeed, restOn, withdrawSource } from '../../src/intake/financing-needs/store.ts'
import { withdrawLeads, withdrawLeadsOfNeed } from '../../src/matching/leads/ending.ts'
import { build } from '../helper.ts'
import { givenNeed, heard, inbox, leadFor, needStatus } from './needs.ts'

t.setTimeout(120_000)

t.test('a need goes to the banks and guarantors paired with its park, and to nobody else', async t => {
  const hub = await build(t)
  const { need_no } = await givenNeed(hub)
  await hub.loops.settle()
  for (const institution of ['bank-1', 'bank-2', 'guarantor-1']) t.equal((await inbox(hub, institution)).length, 1, institution)
  for (const institution of ['bank-3', 'guarantor-2', 'lessor-1', 'partner-platform-1']) t.equal((await inbox(hub, institution)).length, 0, institution)
  t.equal(await needStatus(hub, need_no), 'PUSHED')
  const lead = await leadFor(hub, 'bank-2', need_no)
  t.same(await heard(hub, 'bank-2', lead.lead_no), ['lead.pushed'])
  t.same(await heard(hub, 'park-1', need_no), ['financing_need.submitted', 'financing_need.pushed'])
})

t.test('a lead shows every released field with its source, and its digest is that of the frozen disclosure', async t => {
  const hub = await build(t)
  const { need_no, uscc, authorization_no } = await givenNeed(hub)
  await hub.loops.settle()
  const lead = await leadFor(hub, 'bank-1', need_no)
  t.match(lead, {
    status: 'PUSHED', recipient_kind: 'BANK', authorization_no, uscc, name: '重庆试验机械有限公司（虚构）', region_code: '500157', industry_code: 'C3670',
    size_class: 'SMALL', tags: ['HIGH_TECH'], amount: '5000000.00', term_months: 36, purpose: '数控机床设备更新', demand_date: '2026-05-01', wants_guarantee: true,
    contact_name: '示范联系人', contact_phone: '13800000000', project_code: '2606-500157-07-02-100001', investment: null, unknown_rules: ['E-07'],
    fast_track: 'EQUIPMENT_ONLY', pushed_at: '2026-03-18T02:00:00.000Z', expires_at: '2026-06-16T02:00:00.000Z'
  })
  t.equal(sha256Hex(canonical(lead.disclosure)), lead.digest)
  const released = lead.fields_released as string[]
  t.same(Object.keys(lead.sources as object).sort(), [...released].sort())
  for (const field of released) t.ok(field in lead, field)
  const single = await hub.as('bank-1').get(`/v1/leads/${lead.lead_no}`)
  t.same(single.json(), lead, 'the single lead says the same as the page')
  t.match(lead.sla, { contact: { due_date: '2026-03-19', due_at: '2026-03-19T16:00:00.000Z', done_at: null, overdue: false }, plan_and_approval: { due_date: '2026-03-26' }, disbursement: { due_date: '2026-04-02' } })
})

t.test('a scope that is missing takes its fields away, in the reply, in the disclosure and in the filters', async t => {
  const hub = await build(t)
  const { need_no, uscc } = await givenNeed(hub, { authorization: { scopes: ['FINANCING_NEED'] } })
  await hub.loops.settle()
  const lead = await leadFor(hub, 'bank-1', need_no)
  for (const field of ['uscc', 'name', 'region_code', 'industry_code', 'size_class', 'tags', 'project_code', 'project_name', 'investment']) t.notOk(field in lead, field)
  t.same(Object.keys(lead.disclosure).sort(), ['fast_track', 'financing_need', 'sources', 'unknown_rules'])
  for (const query of [`?uscc=${uscc}`, '?district=500157', '?tag=HIGH_TECH']) t.same(await inbox(hub, 'bank-1', query), [], query)
  t.equal((await inbox(hub, 'bank-1', '?amount_min=5000000.00')).length, 1)
})

t.test('without the scope of the need, or without the class of the recipient, nothing is pushed and the reason is kept', async t => {
  const hub = await build(t)
  const without_scope = await givenNeed(hub, { authorization: { scopes: ['ENTERPRISE_BASIC', 'PROJECT'] } })
  const banks_only = await givenNeed(hub, { authorization: { recipients: ['PAIRED_BANK'] } })
  const other_purpose = await givenNeed(hub, { authorization: { purposes: ['SUBSIDY_SETTLEMENT'] } })
  const ended = await givenNeed(hub, { authorization: { valid_from: '2025-01-01', valid_to: '2026-03-18' } })
  const later = await givenNeed(hub, { authorization: { valid_from: '2026-03-19' } })
  await hub.loops.settle()
  t.same((await inbox(hub, 'bank-1')).map(lead => lead.need_no), [banks_only.need_no])
  t.same(await inbox(hub, 'guarantor-1'), [])
  const why = async (need_no: string, participant_no: string) => {
    const { items } = (await hub.as('park-1').get(`/v1/financing-needs/${need_no}/recipients`)).json() as { items: { participant_no: string, outcome: string }[] }
    return items.find(item => item.participant_no === participant_no)?.outcome
  }
  t.equal(await why(without_scope.need_no, 'bank-1'), 'SCOPE_INSUFFICIENT')
  t.equal(await why(banks_only.need_no, 'guarantor-1'), 'SCOPE_INSUFFICIENT')
  t.equal(await why(other_purpose.need_no, 'bank-1'), 'NOT_AUTHORISED')
  t.equal(await why(ended.need_no, 'bank-1'), 'NOT_AUTHORISED')
  t.equal(await why(later.need_no, 'bank-1'), 'NOT_AUTHORISED')
  t.equal(await needStatus(hub, ended.need_no), 'MATCHED')
})

t.test('guarantors get a need only when a guarantee is wanted, lessors only when leasing is', async t => {
  const hub = await build(t)
  const plain = await givenNeed(hub, { need: { wants_guarantee: false } })
  const lease = await givenNeed(hub, { need: { wants_lease: true }, authorization: { recipients: ['PAIRED_BANK', 'LESSOR'] } })
  const platform = await givenNeed(hub, { authorization: { recipients: ['PAIRED_BANK', 'partner-platform-1'] } })
  await hub.loops.settle()
  t.same((await inbox(hub, 'guarantor-1')).map(lead => lead.need_no), [])
  t.same((await inbox(hub, 'lessor-1')).map(lead => lead.need_no), [lease.need_no])
  t.same((await inbox(hub, 'partner-platform-1')).map(lead => lead.need_no), [platform.need_no])
  t.match((await hub.as('guarantor-1').get(`/v1/financing-needs/${plain.need_no}/recipients`)).json(), { items: [{ participant_no: 'guarantor-1', outcome: 'NOT_WANTED' }] })
})

t.test('a need from outside the parks goes to cooperating banks and to the guarantors of the nearest park', async t => {
  const hub = await build(t)
  const { need_no } = await givenNeed(hub, { need: { park_no: null, region_code: '500120' } })
  await hub.loops.settle()
  for (const institution of ['bank-1', 'bank-2', 'bank-3', 'guarantor-2']) t.ok(await leadFor(hub, institution, need_no), institution)
  t.same(await inbox(hub, 'guarantor-1'), [])
})

t.test('an institution learns why it got a need or not, about itself only', async t => {
  const hub = await build(t)
  const { need_no } = await givenNeed(hub)
  await hub.loops.settle()
  const url = `/v1/financing-needs/${need_no}/recipients`
  t.same((await hub.as('bank-1').get(url)).json().items.map((item: { participant_no: string }) => item.participant_no), ['bank-1'])
  t.match((await hub.as('bank-3').get(url)).json(), { items: [{ participant_no: 'bank-3', outcome: 'NOT_PAIRED', lead_no: null, stage: null }] })
  t.equal((await hub.as('park-1').get(url)).json().items.length, 3)
  t.equal((await hub.as('park-2').get(url)).statusCode, 404)
  t.equal((await hub.as('enterprise-1').get(url)).statusCode, 404)
  t.equal((await hub.as('bank-1').get(url.replace(need_no, 'need_01JB2Q8Z6V7K3M5N9P4R1S0T2W'))).statusCode, 404)
})

t.test('when a bank takes the place of another, open needs of the park reach it, nobody gets them twice, and who left keeps what it has', async t => {
  const hub = await build(t)
  const { need_no } = await givenNeed(hub)
  await hub.loops.settle()
  const consortium = await hub.as('meic', 1).get('/v1/consortia/consortium-1')
  const proposed = await hub.as('meic', 1).send('PATCH', '/v1/consortia/consortium-1', { banks: ['bank-1', 'bank-3'] }, { 'if-match': String(consortium.headers.etag) })
  t.equal(proposed.statusCode, 200, proposed.body)
  t.same(await inbox(hub, 'bank-3'), [], 'nothing before the second person')
  t.equal((await hub.as('meic', 2).post('/v1/consortia/consortium-1/activate', {})).statusCode, 200)
  await hub.loops.settle()
  t.ok(await leadFor(hub, 'bank-3', need_no))
  const later = await givenNeed(hub)
  await hub.loops.settle()
  t.same((await inbox(hub, 'bank-2')).map(lead => lead.need_no), [need_no])
  t.same((await inbox(hub, 'bank-3')).map(lead => lead.need_no), [later.need_no, need_no])
  t.equal((await inbox(hub, 'bank-1')).length, 2)
})

t.test('a need that one of two doors withdrew goes out again under the other door’s authorization', async t => {
  const hub = await build(t)
  const first = await givenNeed(hub, { need: { park_no: null }, sender: 'enterprise-1' })
  await hub.loops.settle()
  const second = await givenNeed(hub, { uscc: first.uscc })
  t.equal(second.need_no, first.need_no, 'merged')
  await hub.loops.settle()
  t.equal((await leadFor(hub, 'guarantor-1', first.need_no)).authorization_no, first.authorization_no)
  await hub.db.write(async (sql, now) => {
    const left = await withdrawSource(sql, now, first.need_no, 'enterprise-1')
    if (left[0] !== undefined) await restOn(sql, left[0], left)
    await withdrawAuthorization(sql, now, first.authorization_no, null)
    await withdrawLeads(sql, now, { authorization_no: first.authorization_no, grantor_uscc: first.uscc })
  })
  t.same(await inbox(hub, 'bank-1'), [])
  await hub.loops.settle()
  t.equal((await leadFor(hub, 'bank-1', first.need_no)).authorization_no, second.authorization_no)
  t.equal((await inbox(hub, 'bank-1', '?status=WITHDRAWN')).length, 1)
})

t.test('what one of two doors asks for the need asks for, as long as that door stands', async t => {
  const hub = await build(t)
  const first = await givenNeed(hub, { need: { park_no: null, wants_guarantee: false, wants_lease: false, unknown_rules: [] }, sender: 'enterprise-1' })
  await hub.loops.settle()
  t.same(await inbox(hub, 'guarantor-1'), [])
  await givenNeed(hub, { uscc: first.uscc, need: { wants_guarantee: true, wants_lease: true, unknown_rules: ['E-05'] } })
  await hub.loops.settle()
  t.same((await inbox(hub, 'guarantor-1')).map(({ need_no }) => need_no), [first.need_no], 'the park’s list asks for the guarantee of 园区技改担')
  t.match(await findNeed(hub.db.read, first.need_no), { sender_no: 'enterprise-1', wants_guarantee: true, wants_lease: true, unknown_rules: ['E-05'] })
  const left = await hub.as('park-1').post(`/v1/financing-needs/${first.need_no}/withdraw`, {})
  t.equal(left.statusCode, 200, left.body)
  t.match(await findNeed(hub.db.read, first.need_no), { sender_no: 'enterprise-1', wants_guarantee: false, wants_lease: false, unknown_rules: [], status: 'PUSHED' })
})

t.test('after a withdrawal no content leaves: only number, status and times are left, and what had left is listed', async t => {
  const hub = await build(t)
  const { need_no, authorization_no, uscc } = await givenNeed(hub)
  await hub.loops.settle()
  const lead = await leadFor(hub, 'bank-1', need_no)
  t.equal((await hub.as('bank-1').get('/v1/leads')).json().totals.count, 1)
  const left = await hub.db.write((sql, now) => withdrawLeads(sql, now, { authorization_no, grantor_uscc: uscc }))
  t.same(left.map(({ recipient_no }) => recipient_no).sort(), ['bank-1', 'bank-2', 'guarantor-1'])
  t.equal(left.find(({ recipient_no }) => recipient_no === 'bank-1')?.digest, lead.digest)
  const page = (await hub.as('bank-1').get('/v1/leads')).json()
  t.same(page, { items: [], next_cursor: null, totals: { count: 0, amount: '0.00' } })
  const single = await hub.as('bank-1').get(`/v1/leads/${lead.lead_no}`)
  t.same(Object.keys(single.json()).sort(), ['ended_at', 'lead_no', 'pushed_at', 'sla', 'status', 'updated_at', 'version'])
  t.equal(single.json().status, 'WITHDRAWN')
  t.same(await inbox(hub, 'bank-1', '?status=WITHDRAWN'), [single.json()])
  t.same(await inbox(hub, 'bank-1', `?status=WITHDRAWN&uscc=${uscc}`), [], 'a filter on content finds nothing')
  t.match((await hub.as('bank-1').get('/v1/leads?status=WITHDRAWN')).json().totals, { count: 0, amount: '0.00' })
  const late = await hub.as('bank-1').post(`/v1/leads/${lead.lead_no}/events`, { type: 'ACKNOWLEDGED', occurred_at: '2026-03-18T10:00:00+08:00' })
  t.equal(late.statusCode, 409)
  t.ok((await heard(hub, 'bank-1', lead.lead_no)).includes('lead.withdrawn'))
  const { items } = (await hub.as('bank-1').get('/v1/events?limit=200')).json() as { items: { type: string, data: unknown }[] }
  t.match(items.find(({ type }) => type === 'lead.withdrawn')?.data, { deletion_due_date: '2026-04-17' }, 'a request to delete, with its due day')
})

t.test('a need that everybody withdrew takes its leads along', async t => {
  const hub = await build(t)
  const { need_no } = await givenNeed(hub)
  await hub.loops.settle()
  await hub.db.write((sql, now) => withdrawLeadsOfNeed(sql, now, need_no))
  t.same(await inbox(hub, 'bank-1'), [])
})

t.test('leads expire after their time, and at once with the authorization, before any loop has run', async t => {
  const hub = await build(t)
  const short = await givenNeed(hub, { authorization: { valid_to: '2026-03-20' } })
  const long = await givenNeed(hub)
  await hub.loops.settle()
  const lead = await leadFor(hub, 'bank-1', short.need_no)
  t.equal(lead.expires_at, '2026-03-19T16:00:00.000Z')
  hub.clock.set('2026-03-19T16:00:00.000Z')
  t.same((await inbox(hub, 'bank-1')).map(each => each.need_no), [long.need_no])
  t.match((await hub.as('bank-1').get(`/v1/leads/${lead.lead_no}`)).json(), { status: 'EXPIRED' })
  await hub.loops.settle()
  t.match(await inbox(hub, 'bank-1', '?status=EXPIRED'), [{ lead_no: lead.lead_no }])
  t.ok((await heard(hub, 'bank-1', lead.lead_no)).includes('lead.expired'))
  hub.clock.set('2026-06-16T02:00:00.000Z')
  t.same(await inbox(hub, 'bank-1'), [])
})
