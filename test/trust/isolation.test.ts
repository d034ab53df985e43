/**
 * One participant never learns of another's data: every operation of the contract × every participant × its own, foreign,
 * withdrawn, expired and missing numbers, with values planted in everybody's data and looked for in every answer, header,
 * export, event, webhook message and log line. FULL=1 goes on by chance, SEED=n begins elsewhere.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { ROLES } from '../../src/http/access.ts'
import { build } from '../helper.ts'
import { uscc_1 } from '../lending/fixtures.ts'
import { callsOf, everybody, overInject, strangersCalls } from './isolation/calls.ts'
import { finale } from './isolation/finale.ts'
import { holes, searched } from './isolation/holes.ts'
import { matrix, public_operations, rolesOf } from './isolation/matrix.ts'
import { foreignKeys, foreignMarks, foreignNumbersInBodies, matches } from './isolation/probes.ts'
import { randomCalls } from './isolation/random.ts'
import { nothing, sent, sweep, type Swept } from './isolation/sweep.ts'
import { makeWorld, type World } from './isolation/world.ts'

t.setTimeout(3_600_000)

const full = process.env.FULL === '1'
const first_seed = Number(process.env.SEED ?? '20260323')
const calls_by_chance = full ? 100_000 : 400
/** Any login reads the same or only its own: nobody is there who could be refused but a stranger. */
const only_strangers_refused = 'any login may ask; without one it is 401'

interface Message { to: string, body: string, headers: string }

/** Every message of the hub, with whom it reached. */
async function receiverOfAll (t: Test): Promise<{ url: string, messages: Message[] }> {
  const messages: Message[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => { body += chunk.toString() })
    request.on('end', () => {
      messages.push({ to: (request.url ?? '').slice(1), body, headers: JSON.stringify(request.headers) })
      const { data } = JSON.parse(body) as { data: { challenge?: string } }
      response.end(JSON.stringify({ challenge: data.challenge ?? null }))
    })
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, messages }
}

function report (t: Test, { leaks, wrong }: Swept): void {
  t.same(leaks.map(({ where, who, label, value }) => `${who} is told "${label}" (${value}) by ${where}`), [], 'no leak')
  t.same(wrong.map(({ where, who, what }) => `${who}: ${where}: ${what}`), [], 'everybody is answered by the matrix')
}

/** Operations that the making of the world has reached with success. */
function reachedBefore ({ hub, sent }: World, into: Swept): void {
  for (const { id, method, path } of hub.app.operations.values()) {
    if (sent.some(each => each.status < 300 && each.method === method && matches(path, each.url))) into.succeeded.add(id)
  }
}

t.test('who may call is the matrix of the contract, for every operation and both ways', async t => {
  const hub = await build(t)
  const declared = [...hub.app.operations.values()]
  for (const { id, callers } of declared) {
    if (callers === 'public') {
      t.ok(public_operations.includes(id), `${id} needs no login`)
      continue
    }
    t.same(ROLES.filter(role => callers === 'any' || callers.includes(role)), rolesOf(id), id)
  }
  const ids = new Set(declared.map(({ id }) => id))
  const named = [...public_operations, ...matrix.flatMap(({ writes, reads }) => [...Object.keys(writes), ...Object.keys(reads)])]
  t.same(named.filter(id => !ids.has(id)), [], 'the matrix names only what there is')
  for (const { thing, write, read, writes, reads } of matrix) {
    const used = (operations: typeof writes, all: readonly string[]) => new Set(Object.values(operations).flatMap(roles => roles === 'all' ? all : roles))
    t.same([...used(writes, write)].sort(), [...write].sort(), `${thing}: every writer has an operation`)
    t.same([...used(reads, Object.keys(read))].sort(), Object.keys(read).sort(), `${thing}: every reader has an operation`)
  }
})

t.test('nothing planted reaches who may not know it', async t => {
  const { url, messages } = await receiverOfAll(t)
  const world = await makeWorld(t, url)
  const { hub, canaries } = world
  const transport = overInject(hub)
  const into = nothing()
  const specs = [...hub.app.operations.values()].filter(({ callers }) => callers !== 'public')
  reachedBefore(world, into)

  for (const reading of [true, false]) {
    for (const spec of specs.filter(({ method }) => (method === 'GET') === reading)) {
      for (const call of strangersCalls(spec, world)) await sweep(world, transport, [call], into)
      for (const who of everybody(hub, spec.person === true ? 1 : 0)) await sweep(world, transport, callsOf(spec, world, who), into)
    }
    if (reading) {
      t.ok(await foreignMarks(world, transport, into) > 100, 'ETags and cursors in other hands')
      t.ok(await foreignKeys(world, transport, into) > 20, 'idempotency keys in other hands')
      const marks: string[] = []
      for (const call of randomCalls(world, first_seed, calls_by_chance, marks)) {
        const answer = await sent(world, transport, call, into)
        const { etag } = answer.headers
        const cursor = /"next_cursor":"([^"]+)"/.exec(answer.body.toString())?.[1]
        for (const mark of [etag, cursor]) if (mark !== undefined && marks.length < 5000) marks.push(mark)
      }
    }
  }
  t.ok(await foreignNumbersInBodies(world, transport, into) >= 15, 'foreign numbers in bodies')
  await finale(world, transport, into)
  report(t, into)

  await hub.loops.settle()
  t.ok(messages.length > 300, `${messages.length} webhook messages`)
  t.same(messages.flatMap(({ to, body, headers }) => [body, headers].flatMap(received => canaries.leaks({ who: to, sent: '', received, where: `webhook ${body}` }))), [], 'no message tells more')
  const secret = ({ label }: { label: string }) => /phone|contact$|person spoken|account$|bytes|note|reason|question|signer|amount/.test(label)
  t.same(canaries.shownIn(hub.logged.join('\n'), secret).map(({ label }) => label), [], 'no log line tells anything')

  const unreached = specs.filter(({ id }) => !into.succeeded.has(id)).map(({ id }) => id)
  t.same(unreached, [], 'every operation has succeeded for somebody')
  t.same(specs.filter(({ id }) => !into.refused.has(id)).map(({ id }) => id), [], `every operation has refused somebody (${only_strangers_refused})`)
  t.ok(into.calls >= (full ? 100_000 : 2000), `${into.calls} calls, ${canaries.size} canaries`)
  t.comment(`${into.calls} calls of ${specs.length} operations by ${hub.sandbox.participants.length} participants, ${canaries.size} canaries, ${messages.length} messages, 0 leaks`)
})

t.test('the search reports every deliberate hole', async t => {
  const { url } = await receiverOfAll(t)
  const world = await makeWorld(t, url)
  const through = overInject(world.hub)
  t.ok(holes.length >= 25, `${holes.length} holes`)
  for (const hole of holes) {
    const { leaks, wrong } = await searched(world, through, hole)
    t.ok(leaks.length + wrong.length > 0, hole.name)
  }
  const { canaries, left } = world
  const phone = String(left.bodies.submitFinancingNeed?.contact_phone)
  t.equal(canaries.leaks({ who: 'bank-3', sent: '', received: `{"type":"lead.pushed","data":{"phone":"${phone}"}}`, where: 'webhook' }).length, 1, 'a webhook message that names a phone')
  t.equal(canaries.shownIn(`{"level":30,"msg":"paid to ${String(left.bodies.createSubsidyAccount?.account_no)}"}`, () => true).length, 1, 'a log line that names an account')
  t.equal(canaries.leaks({ who: 'bank-1', sent: '', received: `{"phone":"${phone}"}`, where: 'lead' }).length, 0, 'who may know it is told')
  t.equal(uscc_1, left.uscc)
})
