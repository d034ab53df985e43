/** Seeded requests over every operation: refused as the contract says, never a 5xx, and the same on both databases. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { fuzz } from '../../scripts/harness/fuzz.ts'

const requests = process.env.FULL === '1' ? 50_000 : 1000
const seed = 20260112
const script = join(import.meta.dirname, '../../scripts/harness/fuzz.ts')

t.setTimeout(3_600_000)

t.test('an operation that fails and a body that does not fit its schema are noticed', async t => {
  const { server_errors, mistakes } = await fuzz(t, { requests: 160, seed: 1, fault: true })
  t.ok(server_errors > 0)
  const misfits = mistakes.filter(({ status, why }) => status === 200 && why.includes('does not fit'))
  t.ok(misfits.length > 0)
  t.equal(mistakes.length, server_errors + misfits.length, 'and nothing else is wrong')
})

t.test('whatever is sent gets an answer the contract declares', { timeout: 3_600_000 }, async t => {
  const { mistakes, server_errors, succeeded, outcomes } = await fuzz(t, { requests, seed })
  t.same(mistakes, [], 'no mistakes')
  t.equal(server_errors, 0)
  t.ok(succeeded > requests / 10, `${succeeded} of ${requests} succeeded: it is no wall of refusals`)
  t.test('PostgreSQL answers as SQLite does', { skip: process.env.DATABASE_URL ? false : 'runs with DATABASE_URL' }, async t => {
    const { stdout } = await promisify(execFile)(process.execPath, [script, String(requests), `--seed=${seed}`, '--outcomes'], {
      env: { ...process.env, DATABASE_URL: '' }, maxBuffer: 100_000_000
    })
    const on_sqlite = JSON.parse(stdout) as string[]
    t.equal(on_sqlite.length, outcomes.length)
    // Whether a hub is ready says something of its process and of the moment.
    t.same(outcomes.map((outcome, n) => [n, on_sqlite[n], outcome]).filter(([, sqlite, postgres]) => sqlite !== postgres && !String(postgres).startsWith('getReady ')), [],
      'the same outcomes')
  })
})
