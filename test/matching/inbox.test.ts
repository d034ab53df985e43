import t from 'tap'
import { withdrawLeads } from '../../src/matching/leads/ending.ts'
import { leads } from '../../src/matching/leads/store.ts'
import { yuanOf } from '../../src/policy/money.ts'
import { addDays } from '../../src/policy/period.ts'
import { build } from '../helper.ts'
import { givenNeed, inbox, leadFor, type Given } from './needs.ts'

t.test('filters and totals speak of the same leads', async t => {
  const hub = await build(t)
  const small = await givenNeed(hub, { need: { amount_fen: 100_000_000, purpose_code: 'SOFTWARE', fast_track: null } })
  const large = await givenNeed(hub, { need: { amount_fen: 900_000_000 }, enterprise: { region_code: '500120', tags: [] } })
  await hub.loops.settle()
  const found = async (query: string) => {
    const { items, totals } = (await hub.as('bank-1').get(`/v1/leads?${query}`)).json()
    t.equal(items.length, totals.count, query)
    return items.map((item: { need_no: string }) => item.need_no)
  }
  t.same(await found(''), [large.need_no, small.need_no], 'newest first')
  t.match((await hub.as('bank-1').get('/v1/leads')).json().totals, { count: 2, amount: '10000000.00' })
  t.same(await found('amount_min=1000000.01'), [large.need_no])
  t.same(await found('amount_max=1000000.00'), [small.need_no])
  t.same(await found('purpose_code=SOFTWARE'), [small.need_no])
  t.same(await found('district=500120'), [large.need_no])
  t.same(await found('tag=HIGH_TECH'), [small.need_no])
  t.same(await found('tag=LITTLE_GIANT'), [])
  t.same(await found('fast_track=EQUIPMENT_ONLY'), [large.need_no])
  t.same(await found(`uscc=${small.uscc}`), [small.need_no])
  t.same(await found('status=CONTACTED'), [])
  t.same(await found('updated_since=2026-03-18T02:00:00.001Z'), [])
  t.equal((await hub.as('bank-1').get('/v1/leads?unknown=1')).statusCode, 400)
  t.equal((await hub.as('bank-1').get('/v1/leads?amount_min=1')).statusCode, 400)
})

t.test('pages do not skip or repeat when leads arrive in between, and a cursor is bound to its caller', async t => {
  const hub = await build(t)
  for (let index = 0; index < 5; index++) await givenNeed(hub)
  await hub.loops.settle()
  const first = (await hub.as('bank-1').get('/v1/leads?limit=2')).json()
  await givenNeed(hub)
  await hub.loops.settle()
  const second = (await hub.as('bank-1').get(`/v1/leads?limit=2&cursor=${first.next_cursor}`)).json()
  const third = (await hub.as('bank-1').get(`/v1/leads?limit=2&cursor=${second.next_cursor}`)).json()
  const all = [...first.items, ...second.items, ...third.items].map(item => item.lead_no)
  t.equal(new Set(all).size, 5)
  t.equal(third.next_cursor, null)
  t.equal((await hub.as('bank-2').get(`/v1/leads?limit=2&cursor=${first.next_cursor}`)).statusCode, 400)
})

t.test('an unchanged page answers 304, and any change of a lead changes its ETag', async t => {
  const hub = await build(t)
  const { need_no } = await givenNeed(hub)
  await hub.loops.settle()
  const first = await hub.as('bank-1').get('/v1/leads')
  const etag = String(first.headers.etag)
  const same = await hub.as('bank-1').get('/v1/leads', { 'if-none-match': etag })
  t.equal(same.statusCode, 304)
  t.equal(same.body, '')
  const { lead_no } = await leadFor(hub, 'bank-1', need_no)
  const single = await hub.as('bank-1').get(`/v1/leads/${lead_no}`)
  t.equal((await hub.as('bank-1').get(`/v1/leads/${lead_no}`, { 'if-none-match': String(single.headers.etag) })).statusCode, 304)
  await hub.as('bank-1').post(`/v1/leads/${lead_no}/events`, { type: 'ACKNOWLEDGED', occurred_at: hub.clock.now() })
  t.equal((await hub.as('bank-1').get('/v1/leads', { 'if-none-match': etag })).statusCode, 200)
  t.equal((await hub.as('bank-1').get(`/v1/leads/${lead_no}`, { 'if-none-match': String(single.headers.etag) })).statusCode, 200)
  const now_etag = String((await hub.as('bank-1').get('/v1/leads')).headers.etag)
  hub.clock.set('2026-03-19T16:00:00.000Z')
  t.equal((await hub.as('bank-1').get('/v1/leads', { 'if-none-match': now_etag })).statusCode, 200, 'a breach of the clock is a change')
})

t.test('one institution’s page is never another’s', async t => {
  const hub = await build(t)
  await givenNeed(hub)
  await hub.loops.settle()
  const [one] = await inbox(hub, 'bank-1')
  const [two] = await inbox(hub, 'bank-2')
  t.not(one?.lead_no, two?.lead_no)
  t.equal(one?.need_no, two?.need_no)
  t.same(one?.disclosure, two?.disclosure)
})

t.test('the totals of a whole list count what can be read now: pushed, approved, withdrawn, and over by the clock alone', async t => {
  const hub = await build(t)
  const totals = async () => (await hub.as('bank-1').get('/v1/leads')).json().totals
  const counted = async () => {
    const now = hub.clock.now()
    const rows = (await hub.db.read.select().from(leads)).filter(lead => lead.recipient_no === 'bank-1' && lead.content_until > now)
    return { count: rows.length, amount: yuanOf(rows.reduce((sum, { amount_fen }) => sum + amount_fen, 0)) }
  }
  const needs: Given[] = []
  for (const days of [400, 400, 20, 20, 400]) needs.push(await givenNeed(hub, { authorization: { valid_to: addDays('2026-03-18', days) } }))
  await hub.loops.settle()
  t.same(await totals(), await counted())
  t.equal((await totals()).count, 5)
  const approved = await leadFor(hub, 'bank-1', needs[0]?.need_no ?? '')
  for (const event of [
    { type: 'CONTACTED', channel: 'PHONE', person: '王经理', result: '已联系' }, { type: 'PLAN_SUBMITTED' },
    { type: 'APPROVED', amount: '1000000.00', annual_rate_pct: '3.60', term_months: 12 }
  ]) t.equal((await hub.as('bank-1').post(`/v1/leads/${approved.lead_no}/events`, { ...event, occurred_at: hub.clock.now() })).statusCode, 201)
  t.same(await totals(), await counted(), 'an approved lead can be read for longer')
  await hub.db.write(async (sql, now) => withdrawLeads(sql, now, { authorization_no: needs[1]?.authorization_no ?? '', grantor_uscc: needs[1]?.uscc ?? '' }))
  t.same(await totals(), await counted())
  t.equal((await totals()).count, 4, 'a withdrawn one is gone')
  for (const at of ['2026-04-06T15:59:59.998Z', '2026-04-06T16:00:00.000Z', '2026-04-07T00:00:00.000Z']) {
    hub.clock.set(at)
    t.same(await totals(), await counted(), `at ${at}, before any loop has run`)
  }
  t.equal((await totals()).count, 2)
  await hub.loops.settle()
  t.same(await totals(), await counted(), 'and after it')
})
