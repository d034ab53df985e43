import t from 'tap'
import { eq } from 'drizzle-orm'
import { consortia, pairingsOn, parksPairedWith } from '../../src/registry/consortia/store.ts'
import { participants } from '../../src/registry/participants/store.ts'
import { build, newKey, type Built, type Caller } from '../helper.ts'

const today = '2026-03-18'
const application = { targets: '年内新增贷款一百户', supported_industries: ['C36'], risk_sharing: '40/30/20/10' }
const asked = { park: 'park-2', banks: ['bank-1', 'bank-3'], guarantors: ['guarantor-2'], valid_from: today, application }

/** Ends the seeded consortium of park-2, so that a new one has room. */
async function roomInPark2 (hub: Built): Promise<void> {
  const answer = await hub.as('meic', 1).post('/v1/consortia/consortium-2/terminate', { reason: 'ended for the test' })
  if (answer.statusCode !== 200) throw new Error(answer.body)
}

const paired = async (hub: Built, park: string, day = today) => (await pairingsOn(hub.db.read, day)).get(park) ?? []
const step = (caller: Caller, no: string, what: string, body: unknown) => caller.post(`/v1/consortia/${no}/${what}`, body)
const change = (caller: Caller, no: string, version: number | string, body: unknown) => caller.send('PATCH', `/v1/consortia/${no}`, body, { 'if-match': `"${version}"` })

t.test('an application is reviewed, selected and put into force by two persons', async t => {
  const hub = await build(t)
  await roomInPark2(hub)
  t.same(await paired(hub, 'park-2'), [], 'nothing is pushed to the old members any more')
  const key = newKey()
  const applied = await hub.as('park-2').post('/v1/consortia', asked, { 'idempotency-key': key })
  t.equal(applied.statusCode, 201)
  const { consortium_no } = applied.json() as { consortium_no: string }
  t.match(applied.json(), { status: 'APPLIED', park_name: '璧山示范高新园（虚构）', banks: ['bank-1', 'bank-3'], valid_to: '2029-03-18', application, version: 1, agreement_date: null })
  t.equal((await hub.as('park-2').post('/v1/consortia', asked, { 'idempotency-key': key })).body, applied.body, 'the same request again')
  t.equal((await hub.as('park-2').post('/v1/consortia', asked)).statusCode, 200, 'the same application under a new key')
  t.same(await paired(hub, 'park-2'), [], 'an application pairs nobody')

  t.equal((await step(hub.as('meic', 1), consortium_no, 'activate', {})).json().code, 'state_conflict', 'not before the review')
  t.equal((await step(hub.as('meic'), consortium_no, 'review', { outcome: 'SELECTED', reason: 'fit' })).json().code, 'person_required')
  t.equal((await step(hub.as('bank-1', 1), consortium_no, 'review', { outcome: 'SELECTED', reason: 'fit' })).json().code, 'role_not_allowed')
  t.match((await step(hub.as('meic', 1), consortium_no, 'review', { outcome: 'REVIEWED', reason: 'to be decided' })).json(), { status: 'REVIEWED' })
  const selected = await step(hub.as('meic', 1), consortium_no, 'review', { outcome: 'SELECTED', reason: 'fit' })
  t.match(selected.json(), { status: 'SELECTED', review: { outcome: 'SELECTED', reason: 'fit', reviewed_by: 'meic-user-1' } })
  t.same(await paired(hub, 'park-2'), [], 'a selection pairs nobody')
  t.equal((await step(hub.as('meic', 1), consortium_no, 'activate', {})).json().code, 'own_work')
  const active = await step(hub.as('meic', 2), consortium_no, 'activate', { agreement_date: '2026-03-17' })
  t.match(active.json(), { status: 'ACTIVE', agreement_date: '2026-03-17' })
  t.same(await paired(hub, 'park-2'), ['bank-1', 'bank-3', 'guarantor-2'])
  t.equal((await step(hub.as('meic', 2), consortium_no, 'activate', {})).json().code, 'state_conflict', 'only once')

  await hub.loops.settle()
  const types = new Set((await hub.as('bank-3').get('/v1/events')).json().items.map((each: { type: string }) => each.type))
  for (const type of ['consortium.terminated', 'consortium.applied', 'consortium.reviewed', 'consortium.activated']) t.ok(types.has(type), type)
  const others = (await hub.as('bank-2').get('/v1/events')).json().items.map((each: { type: string }) => each.type)
  t.notOk(others.some((type: string) => type.startsWith('consortium.')), 'who takes no part hears nothing')
})

t.test('a consortium has a park, a bank and a government guarantor', async t => {
  const hub = await build(t)
  await roomInPark2(hub)
  const meic = hub.as('meic', 1)
  const refused = async (body: object) => (await meic.post('/v1/consortia', { ...asked, ...body })).json()
  t.match(await refused({ banks: [], guarantors: [] }), { status: 422, code: 'consortium_incomplete', errors: [{ pointer: '/banks' }, { pointer: '/guarantors' }] })
  t.match(await refused({ guarantors: [] }), { code: 'consortium_incomplete', errors: [{ pointer: '/guarantors' }] })
  t.match(await refused({ park: 'bank-1', banks: ['guarantor-1', 'nobody'], guarantors: ['lessor-1'] }), {
    code: 'participant_unknown', errors: [{ pointer: '/park' }, { pointer: '/banks/0' }, { pointer: '/banks/1' }, { pointer: '/guarantors/0' }]
  })
  await hub.db.write(async sql => { await sql.update(participants).set({ is_government_guarantor: false }).where(eq(participants.participant_no, 'guarantor-2')) })
  t.match(await refused({}), { status: 422, code: 'guarantor_not_government', errors: [{ pointer: '/guarantors/0' }] })
  t.match(await refused({ guarantors: ['guarantor-1'], valid_to: today }), { status: 422, code: 'period_reversed' })
  t.equal((await meic.post('/v1/consortia', { ...asked, banks: ['bank-1', 'bank-1'] })).statusCode, 400, 'nobody twice')
  t.match((await hub.as('bank-2').post('/v1/consortia', { ...asked, guarantors: ['guarantor-1'] })).json(), { code: 'applicant_not_member' })
  t.equal((await hub.as('lessor-1').post('/v1/consortia', asked)).json().code, 'role_not_allowed')
  t.equal((await hub.as('meic').post('/v1/consortia', { ...asked, guarantors: ['guarantor-1'] })).json().code, 'person_required')
  t.equal((await hub.as('meic', 1).get('/v1/consortia?status=APPLIED')).json().items.length, 0, 'nothing was kept')
})

t.test('a third bank needs the reason of a person of MEIC', async t => {
  const hub = await build(t)
  const three = { park: 'park-1', banks: ['bank-1', 'bank-2', 'bank-3'], guarantors: ['guarantor-1'] }
  const limit = await hub.as('bank-1').post('/v1/consortia', three)
  t.equal(limit.statusCode, 422)
  t.equal(limit.json().code, 'consortium_bank_limit')
  t.equal((await hub.as('park-1').post('/v1/consortia', { ...three, banks: ['bank-3'] })).json().code, 'consortium_bank_limit', 'two banks of the park are active already')
  t.equal((await hub.as('bank-1', 1).post('/v1/consortia', { ...three, override_reason: 'we want to' })).json().code, 'consortium_bank_limit', 'the reason of a bank does not count')
  t.equal((await hub.as('platform-operator', 1).post('/v1/consortia', { ...three, override_reason: 'we want to' })).json().code, 'consortium_bank_limit')
  const allowed = await hub.as('meic', 1).post('/v1/consortia', { ...three, override_reason: '主导产业贷款需求大' })
  t.equal(allowed.statusCode, 201)
  t.match(allowed.json(), { override_reason: '主导产业贷款需求大', override_by: 'meic-user-1' })
})

t.test('who leaves is out at once, who joins waits for a second person', async t => {
  const hub = await build(t)
  const [first, second] = [hub.as('meic', 1), hub.as('meic', 2)]
  t.equal((await first.send('PATCH', '/v1/consortia/consortium-1', { banks: ['bank-1'] })).statusCode, 428)
  t.equal((await change(first, 'consortium-1', 7, { banks: ['bank-1'] })).statusCode, 412)
  t.equal((await change(hub.as('bank-1', 1), 'consortium-1', 1, { banks: ['bank-1'] })).json().code, 'role_not_allowed')
  t.equal((await change(first, 'consortium-1', 1, {})).statusCode, 400, 'an empty change')
  t.equal((await change(first, 'consortium-1', 1, { banks: ['bank-1', 'bank-2', 'bank-3'] })).json().code, 'consortium_bank_limit')
  t.equal((await change(first, 'consortium-1', 1, { banks: [] })).json().code, 'consortium_incomplete')

  const replaced = await change(first, 'consortium-1', 1, { banks: ['bank-1', 'bank-3'] })
  t.equal(replaced.statusCode, 200)
  t.equal(replaced.headers.etag, '"2"')
  t.match(replaced.json(), { status: 'ADJUSTED', banks: ['bank-1'], proposed: { banks: ['bank-1', 'bank-3'], proposed_by: 'meic-user-1' }, version: 2 })
  t.same(await paired(hub, 'park-1'), ['bank-1', 'guarantor-1'], 'bank-2 is out, bank-3 not yet in')
  t.equal((await step(first, 'consortium-1', 'activate', {})).json().code, 'own_work')
  t.equal((await step(second, 'consortium-1', 'activate', { version: 1 })).json().code, 'changed_since', 'what was looked at is not what would count')
  const done = await step(second, 'consortium-1', 'activate', { version: 2 })
  t.match(done.json(), { status: 'ACTIVE', banks: ['bank-1', 'bank-3'], proposed: null })
  t.same(await paired(hub, 'park-1'), ['bank-1', 'bank-3', 'guarantor-1'])
  t.match(done.json().members.find((each: { participant_no: string }) => each.participant_no === 'bank-2'), { left_on: today }, 'the past is kept')

  const third = await change(first, 'consortium-1', 3, { banks: ['bank-1', 'bank-2', 'bank-3'], override_reason: 'one more' })
  t.match(third.json(), { status: 'ADJUSTED', override_reason: 'one more', override_by: 'meic-user-1' })
  t.match((await step(second, 'consortium-1', 'activate', {})).json(), { status: 'ACTIVE', banks: ['bank-1', 'bank-2', 'bank-3'] })
  t.same(await paired(hub, 'park-1'), ['bank-1', 'bank-2', 'bank-3', 'guarantor-1'], 'bank-2 is back')
  const only_out = await change(first, 'consortium-1', 5, { banks: ['bank-1'] })
  t.match(only_out.json(), { status: 'ACTIVE', banks: ['bank-1'], proposed: null }, 'leaving alone needs no second person')
  t.same(await parksPairedWith(hub.db.read, 'bank-2', today), [])
})

t.test('nobody confirms a proposal of their own that another person went on from; who left hears no more', async t => {
  const hub = await build(t)
  const [first, second] = [hub.as('meic', 1), hub.as('meic', 2)]
  t.equal((await change(first, 'consortium-1', 1, { banks: ['bank-1', 'bank-3'] })).statusCode, 200)
  const shorter = await change(second, 'consortium-1', 2, { valid_to: '2029-03-17' })
  t.match(shorter.json(), { proposed: { banks: ['bank-1', 'bank-3'], proposed_by: 'meic-user-2', also_by: ['meic-user-1'] } }, 'the bank is still the first one’s proposal')
  for (const who of [first, second]) t.equal((await step(who, 'consortium-1', 'activate', {})).json().code, 'own_work')
  const whole = { banks: ['bank-1', 'bank-3'], guarantors: ['guarantor-1'], valid_to: '2029-03-17' }
  t.match((await change(second, 'consortium-1', 3, whole)).json(), { proposed: { proposed_by: 'meic-user-2', also_by: [] } }, 'who says all of it proposes all of it')
  t.match((await step(first, 'consortium-1', 'activate', {})).json(), { status: 'ACTIVE', banks: ['bank-1', 'bank-3'] })

  t.equal((await change(first, 'consortium-1', 5, { valid_to: '2031-01-01' })).statusCode, 200)
  await hub.loops.settle()
  const read = async (who: string) => (await hub.as(who).get('/v1/consortia/consortium-1')).json()
  t.match(await read('bank-1'), { proposed: { valid_to: '2031-01-01' } })
  t.match(await read('bank-2'), { status: 'ADJUSTED', proposed: null, application: null }, 'the bank that left reads what is published')
  const heard = async (who: string) => (await hub.as(who).get('/v1/events')).json().items.filter((each: { subject: string }) => each.subject === 'consortium-1').length
  t.same([await heard('bank-2'), await heard('bank-1')], [1, 5], 'that it left, and nothing after')
  t.equal((await step(first, 'consortium-1', 'terminate', { reason: 'ended' })).statusCode, 200)
  t.same([(await hub.as('bank-2').get('/v1/consortia/consortium-1')).statusCode, (await hub.as('bank-1').get('/v1/consortia/consortium-1')).statusCode], [404, 200])
  t.same((await hub.as('bank-2').get('/v1/consortia?status=TERMINATED')).json().items, [])
})

t.test('of two changes at the same version one is stale', async t => {
  const hub = await build(t)
  const answers = await Promise.all([change(hub.as('meic', 1), 'consortium-1', 1, { banks: ['bank-1'] }), change(hub.as('meic', 2), 'consortium-1', 1, { banks: ['bank-2'] })])
  t.same(answers.map(each => each.statusCode).sort(), [200, 412])
})

t.test('a consortium whose term is over pairs nobody from that day on', async t => {
  const hub = await build(t)
  await hub.db.write(async sql => { await sql.update(consortia).set({ valid_to: '2026-04-01' }).where(eq(consortia.consortium_no, 'consortium-1')) })
  t.same(await paired(hub, 'park-1', '2026-03-31'), ['bank-1', 'bank-2', 'guarantor-1'])
  t.same(await paired(hub, 'park-1', '2026-04-01'), [])
  hub.clock.set('2026-03-31T16:00:00.000Z')
  t.equal((await hub.as('bank-1').get('/v1/consortia/consortium-1')).json().status, 'EXPIRED', 'shown at once')
  await hub.loops.settle()
  const shown = (await hub.as('bank-1').get('/v1/consortia/consortium-1')).json()
  t.match(shown, { status: 'EXPIRED', version: 2 })
  t.equal((await step(hub.as('meic', 1), 'consortium-1', 'terminate', { reason: 'late' })).json().code, 'state_conflict')
  const types = (await hub.as('bank-2').get('/v1/events')).json().items.map((each: { type: string }) => each.type)
  t.ok(types.includes('consortium.expired'))
})

t.test('who is named agrees by sending the same application; nobody else can', async t => {
  const hub = await build(t)
  await roomInPark2(hub)
  const applied = (await hub.as('bank-3').post('/v1/consortia', asked)).json() as { consortium_no: string }
  t.match(applied, { agreed: ['bank-3'], status: 'APPLIED' })
  t.match((await hub.as('guarantor-2').post('/v1/consortia', asked)), { statusCode: 200 })
  const again = await hub.as('park-2').post('/v1/consortia', asked)
  t.match(again.json(), { consortium_no: applied.consortium_no, agreed: ['bank-3', 'guarantor-2', 'park-2'] }, 'one application, three hands')
  t.equal((await hub.as('park-2').post('/v1/consortia', asked)).json().version, again.json().version, 'once each')
  t.equal((await hub.as('bank-2').post('/v1/consortia', asked)).json().code, 'applicant_not_member')
  const shorter = (await change(hub.as('meic', 1), applied.consortium_no, again.json().version, { valid_to: '2028-03-18' })).json()
  t.match(shorter, { agreed: [], status: 'APPLIED' }, 'nobody has agreed to what it says now')
  const anew = { ...asked, valid_to: '2028-03-18' }
  for (const who of ['bank-3', 'guarantor-2', 'park-2']) t.match((await hub.as(who).post('/v1/consortia', anew)).json(), { consortium_no: applied.consortium_no }, who)
  t.same((await hub.as('park-2').post('/v1/consortia', anew)).json().agreed, ['bank-3', 'guarantor-2', 'park-2'])
  t.same((await hub.as('meic', 1).post('/v1/consortia', anew)).json().agreed, ['bank-3', 'guarantor-2', 'park-2'], 'an authority agrees for nobody')
  await step(hub.as('meic', 1), applied.consortium_no, 'review', { outcome: 'SELECTED', reason: 'fit' })
  const active = await step(hub.as('meic', 2), applied.consortium_no, 'activate', { reason: '协议已签署' })
  t.match(active.json(), { status: 'ACTIVE', review: { reason: 'fit', reviewed_by: 'meic-user-1' }, activation_reason: '协议已签署' }, 'two persons, two reasons')
})

t.test('a bank and a guarantor apply together without a park; they are on the list and pair with nobody', async t => {
  const hub = await build(t)
  const { park: _park, ...institutions } = asked
  const applied = (await hub.as('bank-3').post('/v1/consortia', { ...institutions, application: { ...application, measures: '绿色通道', product_terms: '三年期' } })).json() as { consortium_no: string }
  t.match(applied, { park: null, park_name: null, status: 'APPLIED', application: { measures: '绿色通道' } })
  t.equal((await hub.as('bank-3').post('/v1/consortia', { ...institutions, guarantors: [] })).json().code, 'consortium_incomplete', 'a bank needs its guarantor')
  t.equal((await hub.as('park-2').post('/v1/consortia', institutions)).json().code, 'applicant_not_member')
  t.match((await step(hub.as('meic', 1), applied.consortium_no, 'review', { outcome: 'SELECTED', reason: 'fit' })).json(), { status: 'SELECTED' })
  t.equal((await hub.as('enterprise-1').get(`/v1/consortia/${applied.consortium_no}`)).statusCode, 404, 'one person publishes nothing')
  t.match((await step(hub.as('meic', 1), applied.consortium_no, 'activate', {})).json(), { code: 'own_work' })
  const before = [...await paired(hub, 'park-1'), ...await paired(hub, 'park-2')]
  t.match((await step(hub.as('meic', 2), applied.consortium_no, 'activate', { reason: '符合条件' })).json(), { status: 'ACTIVE', activation_reason: '符合条件' })
  t.match((await hub.as('enterprise-1').get(`/v1/consortia/${applied.consortium_no}`)).json(), { status: 'ACTIVE', park: null, banks: ['bank-1', 'bank-3'], guarantors: ['guarantor-2'] })
  t.same([...await paired(hub, 'park-1'), ...await paired(hub, 'park-2')], before)
  hub.clock.set('2029-03-18T02:00:00.000Z')
  await hub.loops.settle()
  t.match((await hub.as('enterprise-1').get(`/v1/consortia/${applied.consortium_no}`)).json(), { status: 'EXPIRED' }, 'after three years the list has it no longer in force')
})

t.test('the end of a cooperation is announced ninety days before, once, and anew when the term changes', async t => {
  const hub = await build(t)
  const heard = async () => (await hub.as('bank-2').get('/v1/events?limit=200')).json().items
    .filter((each: { type: string, subject: string }) => each.type === 'consortium.expiring' && each.subject === 'consortium-1').map((each: { data: { valid_to: string } }) => each.data.valid_to)
  const { valid_to, version } = (await hub.as('meic').get('/v1/consortia/consortium-1')).json()
  t.equal(valid_to, '2029-03-18', 'three years')
  hub.clock.set('2028-12-17T02:00:00.000Z')
  await hub.loops.settle()
  t.same(await heard(), [])
  hub.clock.set('2028-12-18T02:00:00.000Z')
  await hub.loops.settle()
  await hub.loops.settle()
  t.same(await heard(), ['2029-03-18'])
  await change(hub.as('meic', 1), 'consortium-1', version, { valid_to: '2029-06-01' })
  t.match((await step(hub.as('meic', 2), 'consortium-1', 'activate', {})).json(), { valid_to: '2029-06-01' })
  hub.clock.set('2029-03-20T02:00:00.000Z')
  await hub.loops.settle()
  t.same(await heard(), ['2029-03-18', '2029-06-01'])
})

t.test('the list is public, the application is not', async t => {
  const hub = await build(t)
  await roomInPark2(hub)
  const { consortium_no } = (await hub.as('park-2').post('/v1/consortia', { ...asked, banks: ['bank-3'] })).json() as { consortium_no: string }
  const names = async (who: string, query = '') => (await hub.as(who).get(`/v1/consortia${query}`)).json().items.map((each: { consortium_no: string }) => each.consortium_no)
  t.same(await names('enterprise-1'), ['consortium-1'], 'neither what is only applied for nor what was ended')
  t.same(await names('bank-3'), ['consortium-2', consortium_no].sort().concat(await names('bank-3', '?park=park-1')).sort(), 'a member sees its own')
  t.same(await names('bank-3', '?participant=bank-3&status=APPLIED'), [consortium_no])
  t.equal((await hub.as('meic').get('/v1/consortia?limit=1')).json().items.length, 1)
  const foreign = await hub.as('enterprise-1').get(`/v1/consortia/${consortium_no}`)
  const missing = await hub.as('enterprise-1').get('/v1/consortia/consortium-9')
  t.equal(foreign.statusCode, 404)
  t.same({ ...foreign.json(), trace_id: '' }, { ...missing.json(), trace_id: '' }, 'missing and foreign are the same')
  t.match((await hub.as('bank-3').get(`/v1/consortia/${consortium_no}`)).json(), { application })
  await step(hub.as('meic', 1), consortium_no, 'review', { outcome: 'SELECTED', reason: 'fit' })
  t.equal((await hub.as('enterprise-1').get(`/v1/consortia/${consortium_no}`)).statusCode, 404, 'one person publishes nothing')
  await step(hub.as('meic', 2), consortium_no, 'activate', {})
  t.match((await hub.as('enterprise-1').get(`/v1/consortia/${consortium_no}`)).json(), { status: 'ACTIVE', application: null, review: null, banks: ['bank-3'] })
})
