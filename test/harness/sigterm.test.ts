/** A hub that is asked to end under load answers what it was sent, ends soon and by itself, and forgets nothing. */
import t from 'tap'
import { sigterm } from '../../scripts/harness/sigterm.ts'

const rounds = process.env.FULL === '1' ? 20 : 1
const server = process.env.DATABASE_URL ?? ''
const skip = server !== '' && process.env.FULL !== '1' ? 'postgres-kill.test.ts ends processes on PostgreSQL; whole under FULL=1' : false

t.setTimeout(900_000)

t.test('a hub that is killed instead is noticed', { skip }, async t => {
  const { failed_in_flight, exit_codes } = await sigterm(1, server, { fault: true })
  t.ok(failed_in_flight > 0)
  t.same(exit_codes, [null])
})

t.test('SIGTERM under load fails nobody', { skip }, async t => {
  const report = await sigterm(rounds, server)
  t.comment(JSON.stringify(report))
  t.ok(report.in_flight > 0, 'requests were in flight')
  t.equal(report.failed_in_flight, 0)
  t.equal(report.lost, 0)
  t.same([...new Set(report.exit_codes)], [0])
  t.ok(report.exit_max_ms <= 10_000)
})
