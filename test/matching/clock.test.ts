import t from 'tap'
import { BUILT_IN_CALENDAR } from '../../src/policy/calendar.ts'
import { build } from '../helper.ts'
import { givenNeed, heard, leadFor } from './needs.ts'

t.test('the clock reminds on the due day, at the breach and one working day later, once each', async t => {
  const hub = await build(t)
  const { need_no } = await givenNeed(hub)
  await hub.loops.settle()
  const { lead_no } = await leadFor(hub, 'bank-1', need_no)
  const so_far = async (at: string) => {
    hub.clock.set(at)
    return (await heard(hub, 'bank-1', lead_no)).filter(type => type !== 'lead.pushed')
  }
  t.same(await so_far('2026-03-18T15:59:59.999Z'), [])
  t.same(await so_far('2026-03-18T16:00:00.000Z'), ['lead.due_soon'])
  t.same(await so_far('2026-03-19T15:59:59.999Z'), ['lead.due_soon'])
  t.same(await so_far('2026-03-19T16:00:00.000Z'), ['lead.due_soon', 'lead.overdue'])
  t.same(await so_far('2026-03-20T15:59:59.999Z'), ['lead.due_soon', 'lead.overdue'])
  t.same(await so_far('2026-03-20T16:00:00.000Z'), ['lead.due_soon', 'lead.overdue', 'lead.escalated'])
  t.same(await so_far('2026-03-30T16:00:00.000Z'), ['lead.due_soon', 'lead.overdue', 'lead.escalated'])
  t.same((await heard(hub, 'meic', lead_no)), ['lead.due_soon', 'lead.overdue', 'lead.escalated'])
  t.same((await heard(hub, 'park-1', lead_no)), [])
})

t.test('a hub that slept says everything it missed, in order, and a stage that ended is not reminded of', async t => {
  const hub = await build(t)
  const { need_no } = await givenNeed(hub)
  await hub.loops.settle()
  const { lead_no } = await leadFor(hub, 'bank-1', need_no)
  hub.clock.set('2026-03-19T02:00:00.000Z')
  await hub.as('bank-1').post(`/v1/leads/${lead_no}/events`, { type: 'CONTACTED', occurred_at: hub.clock.now(), channel: 'VISIT', person: '示范', result: '有意向' })
  hub.clock.set('2026-03-31T02:00:00.000Z')
  const { items } = await (async () => {
    await hub.loops.settle()
    return (await hub.as('meic').get('/v1/events?limit=200')).json() as { items: { type: string, subject: string, data: { stage?: string } }[] }
  })()
  t.same(items.filter(({ subject }) => subject === lead_no).map(({ type, data }) => [type, data.stage]),
    [['lead.due_soon', 'PLAN_AND_APPROVAL'], ['lead.overdue', 'PLAN_AND_APPROVAL'], ['lead.escalated', 'PLAN_AND_APPROVAL']])
})

t.test('an institution sees its own overdue leads, MEIC those of all and no content', async t => {
  const hub = await build(t)
  const { need_no } = await givenNeed(hub)
  await hub.loops.settle()
  t.same((await hub.as('meic').get('/v1/leads/overdue')).json().items, [])
  hub.clock.set('2026-03-20T02:00:00.000Z')
  const own = (await hub.as('bank-1').get('/v1/leads/overdue')).json().items
  t.match(own, [{ need_no, recipient_no: 'bank-1', stage: 'CONTACT', due_at: '2026-03-19T16:00:00.000Z', overdue_by_ms: 36_000_000, paused: false }])
  const all = await hub.as('meic').get('/v1/leads/overdue')
  t.same(all.json().items.map((item: { recipient_no: string }) => item.recipient_no), ['bank-1', 'bank-2', 'guarantor-1'])
  t.notOk(all.body.includes('重庆试验机械'))
  const first = (await hub.as('meic').get('/v1/leads/overdue?limit=2')).json()
  const second = (await hub.as('meic').get(`/v1/leads/overdue?limit=2&cursor=${first.next_cursor}`)).json()
  t.equal(first.items.length + second.items.length, 3)
  t.equal((await hub.as('regulator-viewer').get('/v1/leads/overdue')).statusCode, 403)
})

t.test('due days counted without a table are counted anew when the table is loaded', async t => {
  const hub = await build(t, { now: '2026-12-31T02:00:00.000Z' })
  const { need_no } = await givenNeed(hub)
  await hub.loops.settle()
  const before = await leadFor(hub, 'bank-1', need_no)
  t.match(before.sla, { calendar_provisional: true, contact: { due_date: '2027-01-01' } })
  const loaded = await hub.as('platform-operator', 1).post('/v1/calendars', {
    year: 2027, version: '2027.1', source: 'https://calendar.example/2027', off_days: ['2027-01-01'], make_up_work_days: []
  })
  t.equal(loaded.statusCode, 201, loaded.body)
  await new Promise(resolve => setTimeout(resolve, 1000))
  await hub.loops.settle()
  const after = await leadFor(hub, 'bank-1', need_no)
  t.match(after.sla, { calendar_provisional: false, calendar_version: '2027.1', contact: { due_date: '2027-01-04' } })
  t.ok((await heard(hub, 'bank-1', before.lead_no)).includes('lead.rescheduled'))
})

t.test('a table that replaces another counts running stages anew and tells so; a stage that is done keeps its day', async t => {
  const hub = await build(t)
  const { need_no } = await givenNeed(hub)
  await hub.loops.settle()
  const done = await leadFor(hub, 'bank-1', need_no)
  const open = await leadFor(hub, 'bank-2', need_no)
  t.match(open.sla, { calendar_version: '2026.1', contact: { due_date: '2026-03-19' } })
  const contacted = { type: 'CONTACTED', occurred_at: hub.clock.now(), channel: 'PHONE', person: '示范经理', result: '已对接' }
  t.equal((await hub.as('bank-1').post(`/v1/leads/${done.lead_no}/events`, contacted)).statusCode, 201)
  const { off_days = [], make_up_work_days = [], source = '' } = BUILT_IN_CALENDAR.years['2026'] ?? {}
  const table = { year: 2026, version: '2026.2', source, off_days: [...off_days, '2026-03-19', '2026-03-25'], make_up_work_days }
  t.equal((await hub.as('platform-operator', 1).post('/v1/calendars', table)).statusCode, 201)
  await new Promise(resolve => setTimeout(resolve, 1000))
  await hub.loops.settle()
  t.match((await leadFor(hub, 'bank-2', need_no)).sla, { calendar_version: '2026.2', contact: { due_date: '2026-03-20' } })
  t.match((await leadFor(hub, 'bank-1', need_no)).sla, { contact: { due_date: '2026-03-19', overdue: false }, plan_and_approval: { due_date: '2026-03-26' } })
  for (const [who, { lead_no }] of [['bank-1', done], ['bank-2', open]] as const) t.equal((await heard(hub, who, lead_no)).filter(type => type === 'lead.rescheduled').length, 1, who)
})
