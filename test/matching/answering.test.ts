import t from 'tap'
import { allowedLeadEvents, leadStatusAfter, LEAD_EVENTS, type LeadEvent, type LeadStatus } from '../../src/policy/lifecycle.ts'
import { build, newKey, type Built } from '../helper.ts'
import { givenNeed, heard, inbox, leadFor, needStatus } from './needs.ts'

t.setTimeout(120_000)

const contacted = { type: 'CONTACTED', channel: 'PHONE', person: '示范客户经理', result: '有意向' }
const approved = { type: 'APPROVED', amount: '4000000.00', annual_rate_pct: '3.4500', term_months: 36 }
const bodies: Record<LeadEvent, Record<string, unknown>> = {
  ACKNOWLEDGED: { type: 'ACKNOWLEDGED' }, CONTACTED: contacted, DUE_DILIGENCE: { type: 'DUE_DILIGENCE' }, PLAN_SUBMITTED: { type: 'PLAN_SUBMITTED' },
  APPROVED: approved, REJECTED: { type: 'REJECTED', reason_code: 'CASHFLOW' }, CONTRACT_SIGNED: { type: 'CONTRACT_SIGNED', loan_contract_no: 'LC-1' },
  DISBURSED: { type: 'DISBURSED', iou_no: 'IOU-1', amount: '1000000.00', date: '2026-03-18' },
  PAUSED: { type: 'PAUSED', reason_code: 'COLLATERAL_REGISTRATION' }, RESUMED: { type: 'RESUMED' }, ABANDONED_BY_ENTERPRISE: { type: 'ABANDONED_BY_ENTERPRISE' }
}

async function pushed (t: Parameters<typeof build>[0]) {
  const hub = await build(t)
  const given = await givenNeed(hub)
  await hub.loops.settle()
  const { lead_no } = await leadFor(hub, 'bank-1', given.need_no)
  const report = (body: Record<string, unknown>, at = hub.clock.now(), headers: Record<string, string> = {}) =>
    hub.as('bank-1', 1).post(`/v1/leads/${lead_no}/events`, { occurred_at: at, ...body }, headers)
  return { hub, ...given, lead_no, report }
}

async function lead (hub: Built, lead_no: string) {
  return (await hub.as('bank-1').get(`/v1/leads/${lead_no}`)).json()
}

t.test('contact, plan, approval, contract and disbursement move a lead and its clock', async t => {
  const { hub, lead_no, need_no, report } = await pushed(t)
  const first = await report(contacted, '2026-03-18T10:00:00+08:00')
  t.equal(first.statusCode, 201)
  t.match(first.json(), { lead_no, type: 'CONTACTED', status: 'CONTACTED', overdue: false, occurred_at: '2026-03-18T02:00:00.000Z', user_no: 'bank-1-user-1', channel: 'PHONE' })
  t.match((await lead(hub, lead_no)).sla, { contact: { done_at: '2026-03-18T02:00:00.000Z' }, plan_and_approval: { due_date: '2026-03-25' }, disbursement: { due_date: '2026-04-01' } })
  hub.clock.set('2026-03-20T02:00:00.000Z')
  t.equal((await report(bodies.PLAN_SUBMITTED)).json().status, 'PLAN_SUBMITTED')
  t.equal((await report(approved)).json().status, 'APPROVED')
  t.match((await lead(hub, lead_no)).sla, { plan_and_approval: { done_at: '2026-03-20T02:00:00.000Z', gross_ms: 172_800_000, net_ms: 172_800_000 }, disbursement: { due_date: '2026-03-27' } })
  t.equal((await report(bodies.CONTRACT_SIGNED)).json().status, 'CONTRACT_SIGNED')
  t.equal((await report(bodies.DISBURSED)).json().status, 'DISBURSED')
  t.equal(await needStatus(hub, need_no), 'PARTLY_FUNDED')
  t.equal((await report({ ...bodies.DISBURSED, iou_no: 'IOU-2', amount: '4000000.00' })).statusCode, 201, 'a second drawdown is legal')
  t.equal(await needStatus(hub, need_no), 'FUNDED')
  const { items } = (await hub.as('bank-1').get(`/v1/leads/${lead_no}/events`)).json()
  t.same(items.map((item: { type: string }) => item.type), ['CONTACTED', 'PLAN_SUBMITTED', 'APPROVED', 'CONTRACT_SIGNED', 'DISBURSED', 'DISBURSED'])
})

t.test('what is out of place is refused with the events that are in place, for every event in every state', async t => {
  const paths: LeadEvent[][] = [[], ['CONTACTED'], ['CONTACTED', 'PLAN_SUBMITTED'], ['CONTACTED', 'APPROVED'], ['PLAN_SUBMITTED'], ['CONTRACT_SIGNED'],
    ['CONTACTED', 'CONTRACT_SIGNED'], ['CONTACTED', 'APPROVED', 'DISBURSED'], ['CONTACTED', 'REJECTED'], ['ABANDONED_BY_ENTERPRISE']]
  const hub = await build(t)
  const made = []
  for (const path of paths) for (const event of LEAD_EVENTS) made.push({ path, event, ...await givenNeed(hub) })
  await hub.loops.settle()
  let serial = 0
  for (const { path, event, need_no } of made) {
    const { items: [recipient] } = (await hub.as('bank-1').get(`/v1/financing-needs/${need_no}/recipients`)).json()
    const report = (type: LeadEvent) => hub.as('bank-1').post(`/v1/leads/${recipient.lead_no}/events`,
      { occurred_at: hub.clock.now(), ...bodies[type], ...(type === 'DISBURSED' ? { iou_no: `IOU-${++serial}` } : {}) })
    let status: LeadStatus = 'PUSHED'
    for (const [index, type] of path.entries()) {
      const answer = await report(type)
      status = leadStatusAfter(status, path.slice(0, index), type) ?? status
      if (answer.json().status !== status) t.fail(`${path.join(' ')}: ${answer.body}`)
    }
    const answer = await report(event)
    const next = event === 'RESUMED' ? null : leadStatusAfter(status, path, event)
    if (next === null) {
      t.equal(answer.statusCode, 409, `${path.join(' ')} then ${event}`)
      t.same(answer.json().allowed, allowedLeadEvents(status, path).filter(type => type !== 'RESUMED'))
    } else {
      t.equal(answer.json().status, next, `${path.join(' ')} then ${event}`)
    }
  }
})

t.test('a moment in the future, before the push, or before the stage before it is refused', async t => {
  const { hub, report } = await pushed(t)
  t.match((await report(contacted, '2026-03-18T02:00:00.001Z')).json(), { status: 422, code: 'occurred_out_of_range' })
  t.match((await report(contacted, '2026-03-18T01:59:59.999Z')).json(), { status: 422, code: 'occurred_out_of_range' })
  hub.clock.set('2026-03-19T02:00:00.000Z')
  t.equal((await report(contacted, '2026-03-18T12:00:00+08:00')).statusCode, 201)
  t.match((await report(approved, '2026-03-18T11:00:00+08:00')).json(), { status: 422, code: 'stage_order' })
  t.match((await report({ ...bodies.DISBURSED, date: '2026-03-20' })).json(), { status: 422, code: 'occurred_out_of_range' })
})

t.test('what comes late is taken and marked, and the supervisor hears of it', async t => {
  const { hub, lead_no, report } = await pushed(t)
  hub.clock.set('2026-03-19T16:00:00.000Z')
  t.equal((await lead(hub, lead_no)).sla.contact.overdue, true, 'overdue before any loop has run')
  t.match((await hub.as('bank-1').get('/v1/leads')).json(), { items: [{ lead_no, sla: { contact: { overdue: true } } }] })
  const late = await report(contacted)
  t.match(late.json(), { overdue: true, status: 'CONTACTED' })
  t.match((await lead(hub, lead_no)).sla, { contact: { overdue: true, done_at: '2026-03-19T16:00:00.000Z' }, plan_and_approval: { due_date: '2026-03-27', overdue: false } })
  t.ok((await heard(hub, 'meic', lead_no)).includes('lead.contacted'))
})

t.test('one instant before midnight in Beijing is in time', async t => {
  const { hub, report } = await pushed(t)
  hub.clock.set('2026-03-20T00:00:00.000Z')
  t.match((await report(contacted, '2026-03-19T23:59:59.999+08:00')).json(), { overdue: false })
})

t.test('a drawdown is reported once: the same again is the first report, other content is refused', async t => {
  const { hub, need_no, report } = await pushed(t)
  await report(contacted)
  await report(approved)
  const first = await report(bodies.DISBURSED)
  const again = await report(bodies.DISBURSED)
  t.equal(again.statusCode, 200)
  t.equal(again.json().lead_event_no, first.json().lead_event_no)
  t.match((await report({ ...bodies.DISBURSED, amount: '1000000.01' })).json(), { status: 409, code: 'duplicate_key' })
  t.equal(await needStatus(hub, need_no), 'PARTLY_FUNDED')
  const key = newKey()
  const one = await report({ ...bodies.DISBURSED, iou_no: 'IOU-9' }, hub.clock.now(), { 'idempotency-key': key })
  const replayed = await report({ ...bodies.DISBURSED, iou_no: 'IOU-9' }, hub.clock.now(), { 'idempotency-key': key })
  t.equal(replayed.headers['idempotency-replayed'], 'true')
  t.same(replayed.json(), one.json())
})

t.test('a pause keeps its reason, does not move the due day, and is taken out of the net duration', async t => {
  const { hub, lead_no, report } = await pushed(t)
  await report(contacted)
  hub.clock.set('2026-03-19T02:00:00.000Z')
  t.match((await report(bodies.RESUMED)).json(), { code: 'state_conflict' })
  t.equal((await report(bodies.PAUSED)).statusCode, 201)
  t.match((await report(bodies.PAUSED)).json(), { code: 'state_conflict' })
  hub.clock.set('2026-03-21T02:00:00.000Z')
  t.equal((await report(bodies.RESUMED)).statusCode, 201)
  await report(approved)
  t.match((await lead(hub, lead_no)).sla, {
    paused: false, pauses: [{ from: '2026-03-19T02:00:00.000Z', to: '2026-03-21T02:00:00.000Z', reason_code: 'COLLATERAL_REGISTRATION' }],
    plan_and_approval: { due_date: '2026-03-25', gross_ms: 3 * 86_400_000, net_ms: 86_400_000 }
  })
})

t.test('fields that do not go with the event are refused, all at once', async t => {
  const { report } = await pushed(t)
  const answer = await report({ type: 'CONTACTED', channel: 'PHONE', iou_no: 'IOU-1', amount: '1.00' })
  t.match(answer.json(), { status: 400, code: 'invalid_request' })
  t.same(answer.json().errors.map((error: { pointer: string, code: string }) => [error.pointer, error.code]),
    [['/person', 'MISSING_FIELD'], ['/result', 'MISSING_FIELD'], ['/iou_no', 'UNKNOWN_FIELD'], ['/amount', 'UNKNOWN_FIELD']])
  t.match((await report({ type: 'REJECTED', reason_code: 'COLLATERAL_REGISTRATION' })).json(), { status: 400, errors: [{ pointer: '/reason_code', code: 'NOT_ALLOWED' }] })
  await report(contacted)
  t.match((await report({ type: 'REJECTED', reason_code: 'OTHER' })).json(), { status: 422, code: 'rule_broken' })
  t.match((await report({ ...approved, annual_rate_pct: '100.01' })).json(), { status: 422, code: 'rate_too_high' })
})

t.test('a lead of another institution is as missing as one that never was', async t => {
  const { hub, lead_no } = await pushed(t)
  const strip = (body: string) => body.replace(/"trace_id":"\w+"/, '')
  const missing = await hub.as('bank-2').get('/v1/leads/lead_01JB2Q8Z6V7K3M5N9P4R1S0T2X')
  const foreign = await hub.as('bank-2').get(`/v1/leads/${lead_no}`)
  t.equal(foreign.statusCode, 404)
  t.equal(strip(foreign.body), strip(missing.body))
  t.equal((await hub.as('bank-2').get(`/v1/leads/${lead_no}/events`)).statusCode, 404)
  t.equal((await hub.as('bank-2').post(`/v1/leads/${lead_no}/events`, { type: 'ACKNOWLEDGED', occurred_at: hub.clock.now() })).statusCode, 404)
  t.equal((await hub.as('park-1').get('/v1/leads')).statusCode, 403)
})

t.test('the sender of a need hears of stages and never of terms', async t => {
  const { hub, lead_no, need_no, report } = await pushed(t)
  await report(contacted)
  await report({ ...approved, conditions: '追加抵押' })
  t.same(await heard(hub, 'park-1', lead_no), ['lead.contacted', 'lead.approved'])
  const said = JSON.stringify([(await hub.as('park-1').get('/v1/events?limit=200')).json(), (await hub.as('park-1').get(`/v1/financing-needs/${need_no}/recipients`)).json()])
  for (const secret of ['4000000.00', '3.4500', '追加抵押']) t.notOk(said.includes(secret), secret)
  t.ok(said.includes('APPROVED'))
})

t.test('when every institution refused, the need is closed unfunded', async t => {
  const hub = await build(t)
  const { need_no } = await givenNeed(hub, { need: { wants_guarantee: false } })
  await hub.loops.settle()
  for (const bank of ['bank-1', 'bank-2']) {
    const { lead_no } = await leadFor(hub, bank, need_no)
    const report = (body: Record<string, unknown>) => hub.as(bank).post(`/v1/leads/${lead_no}/events`, { occurred_at: hub.clock.now(), ...body })
    await report(contacted)
    t.equal((await report(bodies.REJECTED)).json().status, 'REJECTED')
  }
  t.equal(await needStatus(hub, need_no), 'CLOSED_UNFUNDED')
})

t.test('an approved lead outlives the ninety days, one without approval does not', async t => {
  const { hub, lead_no, report } = await pushed(t)
  await report(contacted)
  await report(approved)
  hub.clock.set('2026-07-01T02:00:00.000Z')
  await hub.loops.settle()
  t.equal((await lead(hub, lead_no)).status, 'APPROVED')
  t.equal((await report({ ...bodies.DISBURSED, date: '2026-07-01' })).statusCode, 201)
  t.same((await inbox(hub, 'bank-2')), [])
})
