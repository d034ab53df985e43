/** The feed: every event once, in an order that never changes, also with several writers. */
import t from 'tap'
import { frozenClock } from '../../src/clock.ts'
import { openDb } from '../../src/db/open.ts'
import { migrate, readMigrations } from '../../src/db/migrate.ts'
import { append, feed, sequence } from '../../src/journal/events.ts'
import { build, temporaryDatabase } from '../helper.ts'
import { join } from 'node:path'

const actor = { participant_no: 'bank-1', user_no: null }
const clock = frozenClock('2026-03-18T02:00:00.000Z')
const writers = 40
const rounds = process.env.FULL === '1' ? 100 : 5

t.test('a reader that follows its cursor sees every event once, while many write', async t => {
  const { target } = await temporaryDatabase(t)
  await migrate(target, readMigrations(join(import.meta.dirname, '../../migrations')))
  const one = openDb(target, clock)
  const two = one.dialect === 'postgres' ? openDb(target, clock) : one
  t.teardown(async () => {
    await one.close()
    if (two !== one) await two.close()
  })
  const seen: { seq: number, subject: string }[] = []
  let writing = true
  const reader = (async () => {
    let after = 0
    for (let last_look = false; ;) {
      await sequence(two)
      const items = await feed(two.read, 'bank-2', after, 50)
      seen.push(...items)
      after = items.at(-1)?.seq ?? after
      if (items.length > 0) continue
      if (last_look) return
      last_look = !writing
      await new Promise(resolve => setTimeout(resolve, 1))
    }
  })()
  const fails = new Set<string>()
  for (let round = 0; round < rounds; round++) {
    await Promise.all(Array.from({ length: writers }, async (_, writer) => {
      const subject = `need_${round}_${writer}`
      const db = writer % 2 === 0 ? one : two
      await db.write(async (sql, now) => {
        await append(sql, now, { type: 'financing_need.submitted', subject: `${subject}_a`, actor, audience: ['bank-2', 'bank-1'] })
        await append(sql, now, { type: 'financing_need.submitted', subject: `${subject}_b`, actor, audience: ['bank-2'] })
        if (writer % 7 === 3) throw new Error('rolled back')
      }).catch((error: Error) => {
        if (error.message !== 'rolled back') throw error
        fails.add(subject)
      })
    }))
  }
  writing = false
  await reader
  t.equal(seen.length, 2 * (rounds * writers - fails.size))
  t.equal(new Set(seen.map(({ subject }) => subject)).size, seen.length, 'each once')
  t.same(seen.map(({ seq }) => seq), Array.from({ length: seen.length }, (_, index) => index + 1), 'no hole')
  const again = await feed(one.read, 'bank-2', 0, seen.length)
  t.same(again.map(({ subject }) => subject), seen.map(({ subject }) => subject), 'the order has not changed')
  for (const { subject } of seen) if (subject.endsWith('_b')) t.ok(seen.findIndex(each => each.subject === subject.replace(/b$/, 'a')) < seen.findIndex(each => each.subject === subject))
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
