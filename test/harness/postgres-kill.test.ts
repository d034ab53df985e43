/** Servers, backends, connections and API processes die under load: nothing acknowledged is lost, nothing is there twice, all goes on by itself. */
import t from 'tap'
import { postgresKill } from '../../scripts/harness/postgres-kill.ts'

const skip = process.env.DATABASE_URL ? false : 'about PostgreSQL'
const rounds = process.env.FULL === '1' ? 56 : 3
const recovered_max_ms = 30_000

t.setTimeout(1_800_000)

t.test('whatever is killed, every promise is kept', { skip }, async t => {
  const report = await postgresKill(rounds)
  t.comment(JSON.stringify(report))
  t.ok(report.noticed > 0, 'a server that may lose what it acknowledged is noticed')
  t.ok(report.acknowledged > rounds && report.lists > 0 && report.documents > 0)
  t.match(report, { wrong: 0, lost: 0, doubled: 0, holes: 0, undone: 0 })
  t.ok(report.recovered_max_ms < recovered_max_ms, `every process takes writes again after ${report.recovered_max_ms} ms`)
})
