import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { pino } from 'pino'
import { Pool } from 'undici'
import { AES_256_GCM, createCipher } from '../../src/db/cipher.ts'
import { networksOf } from '../../src/delivery/addresses.ts'
import { createDialler, machine_net } from '../../src/delivery/dialler.ts'
import { createExchanges } from '../../src/delivery/exchange.ts'
import { layOut } from '../../src/delivery/laying-out.ts'
import { pauses_ms } from '../../src/delivery/schedule.ts'
import { createSender } from '../../src/delivery/sender.ts'
import { leaseEndpoint } from '../../src/delivery/store.ts'
import { append, sequence, the_hub, type NewEvent } from '../../src/journal/events.ts'
import { loadHubKeys } from '../../src/db/keys.ts'
import { build, type Built } from '../helper.ts'
import { receiver, until, type Receiver } from './receivers.ts'

t.setTimeout(120_000)

interface Shown { status: string, disabled_reason: string | null, verified: boolean, pending: number, dead: number, consecutive_failures: number, resting_until: string | null }

async function see (hub: Built, endpoint_no: string): Promise<Shown> {
  return (await hub.as('bank-1').get(`/v1/webhook-endpoints/${endpoint_no}`)).json() as Shown
}

async function attempts (hub: Built, endpoint_no: string) {
  const { items } = (await hub.as('bank-1').get(`/v1/webhook-endpoints/${endpoint_no}/attempts?limit=200`)).json() as
    { items: { event_no: string, attempt: number, status_code: number | null, error: string | null, outcome: string }[] }
  return items
}

async function verified (t: Test, hub: Built, url: string, more: Record<string, unknown> = {}): Promise<string> {
  const answer = await hub.as('bank-1').post('/v1/webhook-endpoints', { url, ...more })
  if (answer.statusCode !== 201) throw new Error(answer.body)
  const { endpoint_no } = answer.json() as { endpoint_no: string }
  await hub.loops.settle()
  await until(t, 'verified', async () => (await see(hub, endpoint_no)).verified)
  return endpoint_no
}

/** Facts for bank-1, in order. */
async function say (hub: Built, ...subjects: string[]): Promise<void> {
  await hub.db.write((sql, now) => append(sql, now, ...subjects.map((subject): NewEvent => ({ type: 'lead.pushed', subject, actor: the_hub, audience: ['bank-1'] }))))
  await hub.loops.settle()
}

/** Lets the hub work until the endpoint has seen so many attempts. */
async function attempted (t: Test, hub: Built, endpoint_no: string, count: number): Promise<void> {
  await until(t, `${count} attempts`, async () => {
    await hub.loops.settle()
    return (await attempts(hub, endpoint_no)).length >= count
  })
}

t.test('a message is tried ten times on the schedule, each pause within a fifth, under one webhook-id and one body; then it is dead, and replay sends it again', async t => {
  const hub = await build(t)
  const hook = await receiver(t, () => ({ status: 500 }))
  const endpoint_no = await verified(t, hub, hook.url)
  await say(hub, 'subject-1')
  await attempted(t, hub, endpoint_no, 1)
  for (const [index, pause_ms] of pauses_ms.entries()) {
    if (index === 0) continue
    hub.clock.advance(pause_ms * 0.8 - 1)
    await hub.loops.settle()
    t.equal((await attempts(hub, endpoint_no)).length, index, `not before four fifths of pause ${index}`)
    hub.clock.advance(pause_ms * 0.4 + 1)
    await attempted(t, hub, endpoint_no, index + 1)
  }
  t.match(await see(hub, endpoint_no), { dead: 1, pending: 0 })
  t.equal((await attempts(hub, endpoint_no))[0]?.outcome, 'DEAD')
  t.equal(new Set(hook.messages().map(({ headers }) => headers['webhook-id'])).size, 1)
  t.equal(new Set(hook.messages().map(({ body }) => body)).size, 1)
  hook.answer = () => ({ status: 200 })
  hub.clock.advance(600_000)
  const event_no = (await attempts(hub, endpoint_no))[0]?.event_no
  const replayed = await hub.as('bank-1').post(`/v1/webhook-endpoints/${endpoint_no}/replay`, { event_no })
  t.match(replayed.json(), { events: 1 })
  await attempted(t, hub, endpoint_no, 11)
  t.match(await see(hub, endpoint_no), { dead: 0, pending: 0, consecutive_failures: 0 })
  const range = await hub.as('bank-1').post(`/v1/webhook-endpoints/${endpoint_no}/replay`, { from: '2026-03-18T02:00:00Z', to: '2026-03-18T02:00:01Z' })
  t.ok(range.json().events >= 1)
  t.equal((await hub.as('bank-1').post(`/v1/webhook-endpoints/${endpoint_no}/replay`, { event_no, from: '2026-03-18T02:00:00Z' })).statusCode, 400)
  t.equal((await hub.as('bank-1').post(`/v1/webhook-endpoints/${endpoint_no}/replay`, { from: '2026-03-18T02:00:00Z', to: '2026-03-18T02:00:00Z' })).statusCode, 422)
})

t.test('Retry-After is honoured, a redirect is a failure and not followed, 410 disables with a notice', async t => {
  const hub = await build(t)
  const elsewhere = await receiver(t)
  const hook = await receiver(t, () => ({ status: 503, headers: { 'retry-after': '120' } }))
  const endpoint_no = await verified(t, hub, hook.url)
  await say(hub, 'subject-1')
  await attempted(t, hub, endpoint_no, 1)
  hub.clock.advance(119_999)
  await hub.loops.settle()
  t.equal((await attempts(hub, endpoint_no)).length, 1)
  hook.answer = () => ({ status: 302, headers: { location: elsewhere.url } })
  hub.clock.advance(1)
  await attempted(t, hub, endpoint_no, 2)
  t.match((await attempts(hub, endpoint_no))[0], { status_code: 302, outcome: 'FAILED' })
  t.same(elsewhere.got, [])
  hook.answer = () => ({ status: 410 })
  hub.clock.advance(3_600_000)
  await attempted(t, hub, endpoint_no, 3)
  t.match(await see(hub, endpoint_no), { status: 'DISABLED', disabled_reason: 'GONE', pending: 1 })
  await hub.loops.settle()
  const { items } = (await hub.as('bank-1').get('/v1/events?limit=200')).json() as { items: { type: string, data: unknown }[] }
  t.match(items.at(-1), { type: 'webhook_endpoint.disabled', data: { reason: 'GONE' } })

  hook.challenge = 410
  const asked = (await hub.as('bank-2').post('/v1/webhook-endpoints', { url: hook.url })).json()
  await hub.loops.settle()
  await until(t, 'given up', async () => (await hub.as('bank-2').get(`/v1/webhook-endpoints/${asked.endpoint_no}`)).json().status === 'DISABLED')
  t.match((await hub.as('bank-2').get(`/v1/webhook-endpoints/${asked.endpoint_no}`)).json(), { disabled_reason: 'GONE', verified: false }, 'also where it says so to the challenge')
  hook.challenge = 200
  hook.answer = () => ({ status: 200 })
  hub.clock.advance(30 * 3_600_000)
  const back = await hub.as('bank-1').send('PATCH', `/v1/webhook-endpoints/${endpoint_no}`, { status: 'ACTIVE' }, { 'if-match': '*' })
  t.match(back.json(), { status: 'ACTIVE', verified: false, disabled_reason: null })
  await attempted(t, hub, endpoint_no, 4)
  t.match(await see(hub, endpoint_no), { verified: true, pending: 0 })
})

t.test('an address that hangs or fails slows nobody else', async t => {
  const hub = await build(t)
  const hanging = await receiver(t, () => null)
  const failing = await receiver(t, () => ({ status: 500 }))
  const well = await receiver(t)
  for (const hook of [hanging, failing, well]) await verified(t, hub, hook.url)
  const subjects = Array.from({ length: 300 }, (_, index) => `subject-${index}`)
  await say(hub, ...subjects)
  await until(t, 'the well one has everything', () => well.messages().length === 300)
  t.ok(hanging.messages().length <= 8, 'no more under way than its concurrency')
  t.ok(failing.messages().length < 20, 'it rests after failures in a row')
})

t.test('what is about one subject arrives in order, also when the first needs several attempts', async t => {
  const hub = await build(t)
  let refusals = 2
  const hook = await receiver(t, ({ message }) => message.data.subject === 'subject-a' && refusals-- > 0 ? { status: 500 } : { status: 200 })
  const endpoint_no = await verified(t, hub, hook.url)
  await say(hub, 'subject-a', 'subject-a', 'subject-b', 'subject-a')
  await attempted(t, hub, endpoint_no, 2)
  t.ok(hook.messages().some(({ message }) => message.data.subject === 'subject-b'), 'others are not held up')
  hub.clock.advance(6_000)
  await attempted(t, hub, endpoint_no, 3)
  hub.clock.advance(360_000)
  await attempted(t, hub, endpoint_no, 6)
  const done = (await attempts(hub, endpoint_no)).filter(({ outcome }) => outcome === 'DELIVERED').map(({ event_no }) => event_no).toReversed()
  const { items } = (await hub.as('bank-1').get('/v1/events?limit=200')).json() as { items: { event_no: string, subject: string }[] }
  const of_a = items.filter(({ subject }) => subject === 'subject-a').map(({ event_no }) => event_no)
  t.same(done.filter(event_no => of_a.includes(event_no)), of_a)
})

t.test('after five days of failure an endpoint is disabled, not before', async t => {
  const hub = await build(t)
  const hook = await receiver(t, () => ({ status: 500 }))
  const endpoint_no = await verified(t, hub, hook.url)
  await say(hub, 'subject-1')
  await attempted(t, hub, endpoint_no, 1)
  hub.clock.advance(5 * 86_400_000 - 3_600_000)
  await attempted(t, hub, endpoint_no, 2)
  t.equal((await see(hub, endpoint_no)).status, 'ACTIVE')
  hub.clock.advance(3_600_000)
  await attempted(t, hub, endpoint_no, 3)
  t.match(await see(hub, endpoint_no), { status: 'DISABLED', disabled_reason: 'FAILING' })
})

async function otherProcess (t: Test, hub: Built) {
  const dialler = createDialler(machine_net, async () => ({ sandbox: true, opened: networksOf([]) }))
  const cipher = createCipher(loadHubKeys(hub.config).keyring, [AES_256_GCM])
  const sender = createSender({ db: hub.db, cipher, dialler, log: pino({ level: 'silent' }), challenge_echoed: true })
  t.teardown(() => sender.close())
  return sender
}

t.test('a process that dies is replaced when its lease runs out, and two never work for one endpoint', async t => {
  const hub = await build(t)
  const hook = await receiver(t)
  const endpoint_no = await verified(t, hub, hook.url)
  const sender = await otherProcess(t, hub)
  await until(t, 'the lease is free', async () => await hub.db.write((sql, now) => leaseEndpoint(sql, endpoint_no, 'dead-process', now, '2026-03-18T02:01:00.000Z')) !== undefined)
  await hub.db.write((sql, now) => append(sql, now, { type: 'lead.pushed', subject: 'subject-1', actor: the_hub, audience: ['bank-1'] }))
  while (await sequence(hub.db) > 0 || await layOut(hub.db) > 0) continue
  t.equal(await sender.step(), 0, 'the lease of the dead is respected')
  hub.clock.set('2026-03-18T02:01:00.000Z')
  t.equal(await sender.step(), 1)
  await sender.idle()
  t.equal(hook.messages().length, 1)
})

t.test('a burst goes out once each', async t => {
  const hub = await build(t)
  const hook: Receiver = await receiver(t)
  const endpoint_no = await verified(t, hub, hook.url, { concurrency: 32 })
  await say(hub, ...Array.from({ length: 2000 }, (_, index) => `subject-${index}`))
  await until(t, 'all of them', () => hook.messages().length >= 2000, 20_000)
  await until(t, 'all recorded', async () => (await see(hub, endpoint_no)).pending === 0)
  t.equal(hook.messages().length, 2000)
  t.equal(new Set(hook.messages().map(({ headers }) => headers['webhook-id'])).size, 2000)
})

function dripping (response: ServerResponse): void {
  const timer = setInterval(() => response.write('x'), 5)
  response.on('close', () => clearInterval(timer))
}

t.test('an exchange ends in its time, whether nothing, a part or an endless answer comes; a long answer is read no further than needed', async t => {
  const server = createServer((request, response) => {
    if (request.url === '/silent') return
    response.writeHead(200)
    if (request.url === '/part') response.write('a part')
    else if (request.url === '/drip') dripping(response)
    else response.end(request.url === '/long' ? 'x'.repeat(1_000_000) : 'whole')
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  const pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { connections: 4 })
  t.teardown(async () => {
    await pool.destroy()
    server.closeAllConnections()
    server.close()
  })
  const within_ms = 150
  const exchanges = createExchanges(within_ms)
  const ask = async (path: string) => exchanges.post(pool, path, {}, '{}', true)
  t.match(await ask('/'), { status_code: 200, text: 'whole' })
  t.match(await ask('/long'), { status_code: 200 })
  const begun = performance.now()
  // The last one waits for a connection that nobody gives back in time.
  const outcomes = await Promise.allSettled(['/silent', '/part', '/drip', '/silent', '/'].map(ask))
  t.same(outcomes.map(outcome => outcome.status === 'rejected' ? (outcome.reason as Error).message : ''), Array.from({ length: 5 }, () => 'TIMEOUT'))
  t.ok(performance.now() - begun < within_ms + 10_000)
  t.match(await ask('/'), { text: 'whole' }, 'the connections are free again')
  const broken_off = ask('/silent')
  exchanges.abort(new Error('CLOSING'))
  await t.rejects(broken_off, { message: 'CLOSING' })
  const refused = new Pool('http://127.0.0.1:1')
  await t.rejects(exchanges.post(refused, '/', {}, '{}', true), { code: 'ECONNREFUSED' })
})
