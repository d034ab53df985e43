/** More than the hub can do, from one client and from several: refused with a time to come back, within bounded memory, and nobody pays for one flood. */
import t from 'tap'
import { overload } from '../../scripts/harness/overload.ts'

const full = process.env.FULL === '1'
const memory_max_mib = 1024
const recovered_max_ms = 10_000
const skip = process.env.DATABASE_URL ? 'the front door does not depend on the database' : false

t.setTimeout(900_000)

t.test('five times of what the hub can do: good answers or honest refusals', { skip }, async t => {
  const report = await overload(full ? 30 : 0.05, { slow: full })
  t.comment(JSON.stringify(report))
  t.same(report.noticed, [429, 503], 'refusals that do not say when to come back are noticed')
  t.equal(report.wrong, 0, 'every answer is good, or a refusal with Retry-After')
  t.ok(report.flood.refused > 0, 'a flood is refused')
  t.equal(report.flood.neighbour_refused, 0, 'and starves nobody else')
  const { one, several } = report
  t.ok((one.statuses[429] ?? 0) > 0, 'one client meets its own bound')
  t.notOk(one.statuses[503], 'before it meets that of the hub')
  t.match(one.neighbour, { read_refused: 0, write_refused: 0 }, 'so that nobody else is refused anything')
  t.ok((several.statuses[503] ?? 0) > 0, 'several clients meet the bound of the hub')
  t.equal(several.neighbour.read_refused, 0, 'while pages are still read')
  for (const { neighbour, recovered_ms, memory_mib: { early, highest }, clients } of [one, several]) {
    t.ok(neighbour.read > 0 && neighbour.written > 0, `beside ${clients} a page took ${neighbour.slowest_read_ms} ms, a write ${neighbour.slowest_write_ms} ms at most`)
    t.ok(highest < memory_max_mib, `${highest} MiB at the highest`)
    if (full) t.ok(highest < early * 1.25, `${early} MiB after a third: it does not grow with what is offered`)
    t.ok(recovered_ms < recovered_max_ms, `every one of ${clients} is served again after ${recovered_ms} ms`)
  }
  for (const [what, closed_ms] of Object.entries(report.closed_ms ?? {})) t.ok(closed_ms !== null, `slow ${what}: closed after ${closed_ms} ms`)
})
