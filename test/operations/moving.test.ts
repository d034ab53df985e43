/** From SQLite to PostgreSQL in one command: the same hub goes on with the same data, keys and log. */
import t from 'tap'
import { startHub } from '../../scripts/bench/hub.ts'
import { bringLoans, bringNeeds, leadsOf } from '../../scripts/bench/world.ts'
import { toPostgres } from '../../scripts/to-postgres.ts'
import { temporaryDatabase } from '../helper.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const skip = process.env.DATABASE_URL ? false : 'needs PostgreSQL (the second run of scripts/test has one)'
const needs = process.env.FULL === '1' ? 2000 : 40

t.test('every table arrives with the same digest, and the hub goes on where it stopped', { skip }, async t => {
  const { target } = await temporaryDatabase(t)
  const data_dir = mkdtempSync(join(tmpdir(), 'rongqiao-moving-'))
  t.teardown(() => rmSync(data_dir, { recursive: true, force: true }))
  const before = await startHub({ DATABASE_URL: '' }, data_dir)
  await bringNeeds(before, 1, needs)
  await leadsOf(before, 'bank-1', needs)
  await bringLoans(before, 1, 5)
  await before.stop()
  const quiet = await startHub({ DATABASE_URL: '' }, data_dir)
  const leads = await quiet.call('bank-1', 'GET', '/v1/leads?limit=200')
  const events = await quiet.call<{ items: { seq: number }[] }>('bank-1', 'GET', '/v1/events?limit=200')
  await quiet.stop()

  const moved = await toPostgres(data_dir, target)
  t.match(moved.find(({ name }) => name === 'leads'), { count: needs * 3 })
  await t.rejects(toPostgres(data_dir, target), /has rows/, 'a second time is refused')

  const after = await startHub({ DATABASE_URL: target }, data_dir)
  t.teardown(() => after.stop())
  t.same((await after.call<{ items: unknown }>('bank-1', 'GET', '/v1/leads?limit=200')).items, (leads as { items: unknown }).items)
  t.same((await after.call<{ items: unknown }>('bank-1', 'GET', '/v1/events?limit=200')).items, events.items)
  await bringNeeds(after, needs + 1, 3)
  await leadsOf(after, 'bank-1', needs + 3)
  const last = events.items.at(-1)?.seq ?? 0
  const later = await after.call<{ items: { seq: number }[] }>('bank-1', 'GET', `/v1/events?after=${last}&limit=200`)
  t.ok(later.items.every(({ seq }) => seq > last), 'the log goes on')
})
