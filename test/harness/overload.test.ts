/** More than the hub can do: refused with a time to come back, within bounded memory, and nobody pays for somebody else's flood. */
import t from 'tap'
import { overload } from '../../scripts/harness/overload.ts'

const full = process.env.FULL === '1'
const memory_max_mib = 1024
const recovered_max_ms = 5000
const skip = process.env.DATABASE_URL ? 'the front door does not depend on the database' : false

t.setTimeout(900_000)

t.test('five times of what the hub can do: good answers or honest refusals', { skip }, async t => {
  const report = await overload(full ? 30 : 0.3, { slow: full })
  t.comment(JSON.stringify(report))
  t.equal(report.noticed, 1, 'a refusal that does not say when to come back is noticed')
  t.equal(report.wrong, 0, 'every answer is good, or a refusal with Retry-After')
  t.ok(report.flood.refused > 0, 'a flood is refused')
  t.ok((report.statuses[429] ?? 0) + (report.statuses[503] ?? 0) > 0, 'more than it can do is refused')
  t.equal(report.flood.neighbour_refused + report.neighbour.refused, 0, 'a flood starves nobody else')
  t.ok(report.neighbour.good > 0, `a neighbour's slowest answer took ${report.neighbour.slowest_ms} ms`)
  t.ok(report.memory_mib.highest < memory_max_mib, `${report.memory_mib.highest} MiB at the highest`)
  t.ok(report.recovered_ms < recovered_max_ms, `answers normally after ${report.recovered_ms} ms`)
  for (const [what, closed_ms] of Object.entries(report.closed_ms ?? {})) t.ok(closed_ms !== null, `slow ${what}: closed after ${closed_ms} ms`)
})
