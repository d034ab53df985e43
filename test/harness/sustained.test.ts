/** A mixed load for minutes: no error, nothing acknowledged is lost. Times and memory are printed, not judged. */
import t from 'tap'
import { sustained } from '../../scripts/harness/sustained.ts'

const seconds = process.env.FULL === '1' ? 300 : 4
const server = process.env.DATABASE_URL ?? ''

t.setTimeout(900_000)

t.test(`a mixed load on ${server === '' ? 'one hub' : 'two hubs over one PostgreSQL'} loses nothing and fails nobody`, async t => {
  const report = await sustained(seconds, server)
  t.comment(JSON.stringify(report))
  t.equal(report.noticed, 1, 'a made-up acknowledgement is missed')
  t.ok(report.acknowledged > 0, 'vouchers were acknowledged')
  t.same({ errors: report.errors, error: report.error, lost: report.lost }, { errors: 0, error: null, lost: 0 })
})
