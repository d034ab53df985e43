/** The feed: every event once, in an order that never changes, also with two processes that write and give places. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { openDb } from '../../src/db/open.ts'
import { append, feed } from '../../src/journal/events.ts'
import { build, temporaryDatabase } from '../helper.ts'
import { clock, follow, reader_no, writeRounds, type Seen } from './writers.ts'

t.setTimeout(120_000)

const actor = { participant_no: 'bank-1', user_no: null }
const writers_per_process = 20
const rounds = process.env.FULL === '1' ? 100 : 5

t.test('two processes with forty writers: a reader that follows its cursor sees every event once, in an order that never changes', async t => {
  const { target } = await temporaryDatabase(t, true)
  const db = openDb(target, clock)
  t.teardown(() => db.close())
  const writing = { value: true }
  const following = follow(db, writing)
  const other = promisify(execFile)(process.execPath, [join(import.meta.dirname, 'writers.ts'), target, String(writers_per_process), String(rounds)], { maxBuffer: 100_000_000 })
  const own = await writeRounds(db, 'own', writers_per_process, rounds)
  const { seen: seen_by_other, rolled_back } = JSON.parse((await other).stdout) as { seen: Seen[], rolled_back: number }
  writing.value = false
  const seen = await following
  t.equal(seen.length, 2 * (2 * rounds * writers_per_process - own.length - rolled_back))
  t.equal(new Set(seen.map(({ subject }) => subject)).size, seen.length, 'each once')
  t.same(seen.map(({ seq }) => seq), Array.from({ length: seen.length }, (_, index) => index + 1), 'no hole')
  t.ok(seen_by_other.length > 0 && seen_by_other.length <= seen.length, `the other process had seen ${seen_by_other.length}`)
  t.same(seen_by_other, seen.slice(0, seen_by_other.length), 'both processes read one order')
  const again = await feed(db.read, reader_no, 0, seen.length)
  t.same(again.map(({ seq, subject }) => ({ seq, subject })), seen, 'the order has not changed')
  const places = new Map(seen.map(({ seq, subject }) => [subject, seq]))
  for (const { seq, subject } of seen) if (subject.endsWith('_b') && (places.get(subject.replace(/b$/, 'a')) ?? Infinity) > seq) t.fail(`${subject} overtook the one before it`)
})

t.test('the feed shows a caller only what is for it, waits, and goes on from the cursor', async t => {
  const hub = await build(t)
  const before = (await hub.as('bank-1').get('/v1/events?limit=200')).json()
  const waiting = hub.as('bank-1').get(`/v1/events?after=${before.next_cursor}&wait=5`)
  await hub.db.write((sql, now) => append(sql, now,
    { type: 'lead.pushed', subject: 'lead_1', actor, audience: ['bank-1'] }, { type: 'lead.pushed', subject: 'lead_2', actor, audience: ['bank-2'] }))
  await hub.loops.settle()
  const answer = await waiting
  t.equal(answer.statusCode, 200)
  t.match(answer.json(), { items: [{ type: 'lead.pushed', subject: 'lead_1', link: '/v1/leads/lead_1' }] })
  t.equal(answer.json().items.length, 1)
  const nothing = await hub.as('bank-1').get(`/v1/events?after=${answer.json().next_cursor}`)
  t.same(nothing.json().items, [])
  t.equal(nothing.json().next_cursor, answer.json().next_cursor)
})

t.test('the hub shows the cursor that each client sent last, to its owner only', async t => {
  const hub = await build(t)
  await hub.db.write((sql, now) => append(sql, now, { type: 'lead.pushed', subject: 'lead_1', actor, audience: ['bank-1'] }, { type: 'lead.pushed', subject: 'lead_2', actor, audience: ['bank-1'] }))
  await hub.loops.settle()
  const readers = async (who: string) => ((await hub.as(who).get('/v1/events/readers')).json() as { items: object[] }).items
  const { next_cursor, items } = (await hub.as('bank-1').get('/v1/events?limit=1')).json() as { next_cursor: string, items: { seq: number }[] }
  await hub.loops.settle()
  t.same(await readers('bank-1'), [], 'a first reading sends no cursor')
  await hub.as('bank-1').get(`/v1/events?after=${next_cursor}`)
  await hub.as('bank-1', 1).get('/v1/events?after=0')
  await hub.loops.settle()
  const [person, machine, ...others] = await readers('bank-1')
  t.match([machine, person], [{ user_no: null, after: items[0]?.seq, seen_at: hub.clock.now() }, { user_no: 'bank-1-user-1', after: 0 }])
  t.ok((machine as { newest: number }).newest > Number(next_cursor), 'it is behind')
  t.same([others, await readers('bank-2')], [[], []])
})
