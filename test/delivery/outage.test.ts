/** A receiver that is away for seven days: the schedule holds, the endpoint is disabled with notice, the feed goes on, and nothing is lost in the end. */
import { and, eq } from 'drizzle-orm'
import { pino } from 'pino'
import t from 'tap'
import { AES_256_GCM, createCipher } from '../../src/db/cipher.ts'
import { loadHubKeys } from '../../src/db/keys.ts'
import { networksOf } from '../../src/delivery/addresses.ts'
import { createDialler, machine_net } from '../../src/delivery/dialler.ts'
import { layOut } from '../../src/delivery/laying-out.ts'
import { give_up_after_ms, nextAttemptAt, pauses_ms } from '../../src/delivery/schedule.ts'
import { createSender } from '../../src/delivery/sender.ts'
import { attemptsOf, findEndpoint, noteHealth, webhook_deliveries, type Attempt } from '../../src/delivery/store.ts'
import { append, sequence, the_hub } from '../../src/journal/events.ts'
import { build, start_of_test } from '../helper.ts'
import { receiver, until } from './receivers.ts'

t.setTimeout(120_000)

const hour_ms = 3_600_000
const day_ms = 24 * hour_ms
const outage_ms = 7 * day_ms
const event_every_ms = 6 * hour_ms
const rest_max_ms = 600_000
const start_ms = Date.parse(start_of_test)
const instant = (ms: number): string => new Date(ms).toISOString()

t.test('seven days away: every attempt on its schedule, disabled after five days with notice, dead letters, the rest sent afterwards, replay complete', async t => {
  const hub = await build(t)
  const { db, clock } = hub
  const state = { up: false }
  const away = await receiver(t, () => ({ status: state.up ? 204 : 500 }))
  const well = await receiver(t)
  const cipher = createCipher(loadHubKeys(hub.config).keyring, [AES_256_GCM])
  const dialler = createDialler(machine_net, async () => ({ sandbox: true, opened: networksOf([]) }))
  const sender = createSender({ db, cipher, dialler, log: pino({ level: 'silent' }), challenge_echoed: true })
  t.teardown(() => sender.close())
  const endpoint = async (url: string): Promise<string> => {
    const { endpoint_no } = (await hub.as('bank-1').post('/v1/webhook-endpoints', { url })).json() as { endpoint_no: string }
    await db.write((sql, now) => noteHealth(sql, endpoint_no, { verified_at: now }))
    return endpoint_no
  }
  const endpoint_no = await endpoint(away.url)
  await endpoint(well.url)
  const path = `/v1/webhook-endpoints/${endpoint_no}`
  const shown = async () => (await hub.as('bank-1').get(path)).json() as { status: string, disabled_reason: string | null, dead: number, pending: number, verified: boolean }
  const rest = async (): Promise<void> => {
    while (await sequence(db) > 0 || await layOut(db) > 0 || await sender.step() > 0) await sender.idle()
  }
  /** When there is next something to do for the endpoint. */
  const nextAt = async (): Promise<number> => {
    const found = await findEndpoint(db.read, endpoint_no)
    if (found?.status !== 'ACTIVE') return Infinity
    const waiting = await db.read.select().from(webhook_deliveries).where(and(eq(webhook_deliveries.endpoint_no, endpoint_no), eq(webhook_deliveries.status, 'PENDING')))
    // Only the first about each subject can be sent; the others wait behind it.
    const first = new Map<string, number>()
    for (const { subject, next_at } of waiting.toSorted((a, b) => a.seq - b.seq)) if (!first.has(subject)) first.set(subject, Date.parse(next_at))
    return Math.max(Date.parse(found.circuit_until), Math.min(...first.values()))
  }

  let written = 0
  for (let at_ms = start_ms; at_ms < start_ms + outage_ms;) {
    clock.set(instant(at_ms))
    if (at_ms === start_ms + written * event_every_ms) {
      const subject = `lead_${written % 5}`
      await db.write((sql, now) => append(sql, now, { type: 'lead.contacted', subject, actor: the_hub, audience: ['bank-1'] }))
      written++
    }
    await rest()
    at_ms = Math.min(start_ms + written * event_every_ms, Math.max(await nextAt(), at_ms + 1))
  }
  t.equal(written, outage_ms / event_every_ms)

  const all: Attempt[] = await attemptsOf(db.read, endpoint_no, {}, null, 10_000)
  const by_event = Map.groupBy(all.toReversed(), ({ event_no }) => event_no)
  const dead = [...by_event.values()].filter(each => each.at(-1)?.outcome === 'DEAD')
  for (const attempts of by_event.values()) {
    t.same(attempts.map(({ attempt }) => attempt), attempts.map((_, index) => index + 1))
    for (const [index, { attempted_at, event_no }] of attempts.entries()) {
      const later = attempts[index + 1]
      const planned = nextAttemptAt(attempted_at, event_no, index + 1, null)
      if (planned === null || later === undefined) continue
      const pause_ms = pauses_ms[index + 1] ?? 0
      const share = (Date.parse(planned) - Date.parse(attempted_at)) / pause_ms
      if (share < 0.8 || share > 1.2) t.fail(`pause ${index + 1} was ${share} of what it should be`)
      const late_ms = Date.parse(later.attempted_at) - Date.parse(planned)
      if (late_ms < 0) t.fail(`attempt ${index + 2} came ${-late_ms} ms too early`)
      if (late_ms > rest_max_ms * written) t.fail(`attempt ${index + 2} came ${late_ms} ms late: more than the rests of the endpoint explain`)
    }
  }
  t.ok(dead.length > 3, `${dead.length} dead letters`)
  for (const attempts of dead) t.equal(attempts.length, pauses_ms.length, 'given up after the tenth attempt')

  const too_long = new Set(all.map(({ attempted_at }) => attempted_at).filter(at => Date.parse(at) - start_ms >= give_up_after_ms))
  t.equal(too_long.size, 1, 'the first failure after five days disables it, and nothing is tried afterwards')
  t.match(await shown(), { status: 'DISABLED', disabled_reason: 'FAILING', dead: dead.length })
  t.ok(well.messages().some(({ message }) => message.type === 'webhook_endpoint.disabled' && message.data.subject === endpoint_no), 'notice at the other endpoint')
  const feed = (await hub.as('bank-1').get('/v1/events?limit=200')).json() as { items: { event_no: string, type: string, subject: string, data: unknown }[] }
  t.match(feed.items.find(({ type }) => type === 'webhook_endpoint.disabled'), { subject: endpoint_no, data: { reason: 'FAILING' } })
  const facts = feed.items.filter(({ type }) => type === 'lead.contacted').map(({ event_no }) => event_no)
  t.equal(facts.length, written, 'who reads the feed has neither gap nor loss')
  t.same(well.messages().filter(({ message }) => message.type === 'lead.contacted').map(({ message }) => message.data.event_no), facts, 'the other endpoint had everything in time')

  state.up = true
  clock.set(instant(start_ms + outage_ms))
  const arrived_before = away.messages().length
  t.equal((await hub.as('bank-1').send('PATCH', path, { status: 'ACTIVE' }, { 'if-match': '*' })).statusCode, 200)
  for (let hours = 0; hours <= 29; hours++) {
    await rest()
    clock.advance(hour_ms)
  }
  await rest()
  t.match(await shown(), { status: 'ACTIVE', verified: true, pending: 0, dead: dead.length })
  const arrived = () => new Set(away.messages().slice(arrived_before).map(({ headers }) => String(headers['webhook-id'])))
  const dead_ids = new Set(dead.map(([first]) => first?.event_no))
  t.same(facts.filter(event_no => !arrived().has(event_no)), facts.filter(event_no => dead_ids.has(event_no)), 'all but the dead letters came by themselves, also what was said while it was disabled')

  const [one = ''] = [...dead_ids]
  t.match((await hub.as('bank-1').post(`${path}/replay`, { event_no: one })).json(), { events: 1 })
  await rest()
  t.ok(arrived().has(one), 'replayed by its number')
  const range = await hub.as('bank-1').post(`${path}/replay`, { from: start_of_test, to: instant(start_ms + outage_ms) })
  t.ok((range.json() as { events: number }).events >= written)
  await rest()
  t.same(facts.filter(event_no => !arrived().has(event_no)), [], 'replayed by time, complete')
  t.match(await shown(), { pending: 0, dead: 0 })
})

t.test('attempts are forgotten after ninety days; what they delivered can still be replayed, what is dead still waits for its owner', async t => {
  const hub = await build(t)
  const hook = await receiver(t, ({ message }) => ({ status: message.data.subject === 'lead_bad' ? 500 : 204 }))
  const { endpoint_no } = (await hub.as('bank-1').post('/v1/webhook-endpoints', { url: hook.url })).json() as { endpoint_no: string }
  await hub.db.write((sql, now) => noteHealth(sql, endpoint_no, { verified_at: now }))
  await hub.db.write((sql, now) => append(sql, now,
    { type: 'lead.contacted', subject: 'lead_good', actor: the_hub, audience: ['bank-1'] }, { type: 'lead.contacted', subject: 'lead_bad', actor: the_hub, audience: ['bank-1'] }))
  const attempts = async (outcome: string) => ((await hub.as('bank-1').get(`/v1/webhook-endpoints/${endpoint_no}/attempts?limit=200&outcome=${outcome}`)).json() as { items: { event_no: string }[] }).items
  const recorded = async () => (await Promise.all(['DELIVERED', 'FAILED', 'DEAD'].map(attempts))).flat().length
  for (const [index, pause_ms] of pauses_ms.entries()) {
    hub.clock.advance(pause_ms * 1.2 + rest_max_ms)
    await until(t, `attempt ${index + 1}`, async () => {
      await hub.loops.settle()
      return await recorded() === index + 2
    })
  }
  const [good] = await attempts('DELIVERED')
  hub.clock.advance(80 * day_ms)
  await hub.loops.settle()
  t.equal((await attempts('DELIVERED')).length, 1, 'kept')
  hub.clock.advance(11 * day_ms)
  await hub.loops.settle()
  t.same([await attempts('DELIVERED'), await attempts('DEAD')], [[], []], 'forgotten')
  t.match((await hub.as('bank-1').get(`/v1/webhook-endpoints/${endpoint_no}`)).json(), { dead: 1, pending: 0 })
  const before = hook.messages().length
  t.match((await hub.as('bank-1').post(`/v1/webhook-endpoints/${endpoint_no}/replay`, { event_no: good?.event_no })).json(), { events: 1 })
  await until(t, 'the message again', async () => {
    await hub.loops.settle()
    return hook.messages().length > before
  })
  t.equal(hook.messages().at(-1)?.headers['webhook-id'], good?.event_no)

  const sent = async (subject: string): Promise<void> => {
    await hub.db.write((sql, now) => append(sql, now, { type: 'lead.contacted', subject, actor: the_hub, audience: ['bank-1'] }))
    await until(t, subject, async () => {
      await hub.loops.settle()
      return hook.messages().at(-1)?.message.data.subject === subject
    })
  }
  hub.clock.advance(365 * day_ms)
  await sent('lead_while_the_clock_ran_ahead')
  hub.clock.advance(-365 * day_ms)
  await sent('lead_after_it_was_set_back')
  hub.clock.advance(91 * day_ms)
  await hub.loops.settle()
  const [ahead, ...others] = (await hub.as('bank-1').get(`/v1/webhook-endpoints/${endpoint_no}/attempts?limit=200`)).json().items as { attempted_at: string }[]
  t.ok(ahead !== undefined && ahead.attempted_at > hub.clock.now(), 'what the clock says is still to come is kept')
  t.same(others, [], 'and holds up nothing')
})
