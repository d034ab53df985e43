/** A full disk: writes are refused with a time to come back, reads go on, nothing acknowledged is lost, and room heals it. */
import t from 'tap'
import { diskFull, mountingIsAllowed } from '../../scripts/harness/disk-full.ts'

const skip = process.env.DATABASE_URL ? 'about SQLite' : mountingIsAllowed() ? false : 'needs unshare and the permission to mount in a namespace of its own'
const seconds = process.env.FULL === '1' ? 20 : 0.3

t.setTimeout(900_000)

t.test('a hub on a full disk says so, goes on reading, and works again with room', { skip }, async t => {
  const report = await diskFull(seconds)
  t.comment(JSON.stringify(report))
  t.equal(report.noticed, 1, 'a made-up acknowledgement is missed')
  t.ok(report.acknowledged > 0)
  t.ok(report.refused > 0, 'the disk was full')
  t.match(report, { wrong: 0, reads_failed: 0, upload_status: 503, lost: 0 })
  t.equal(report.accepted_again, report.refused, 'what was refused goes through under the same key')
  t.ok(report.recovered_ms >= 0 && report.recovered_ms < 10_000, `works again after ${report.recovered_ms} ms`)
})
