/** kill -9 at random moments: nothing acknowledged is lost, nothing is there twice, the journal has no hole. */
import t from 'tap'
import { crash } from '../../scripts/harness/crash.ts'

const kills = process.env.FULL === '1' ? 200 : 4
const skip = process.env.DATABASE_URL ? 'about SQLite: postgres-kill.test.ts kills processes on PostgreSQL' : false

t.test('a killed hub keeps every promise', { skip, timeout: 900_000 }, async t => {
  const { acknowledged, lost, doubled, unexplained, holes, noticed } = await crash(kills, '')
  t.equal(noticed, 1, 'a made-up acknowledgement is missed')
  t.ok(acknowledged > kills, `${acknowledged} acknowledged`)
  t.same({ lost, doubled, unexplained, holes }, { lost: 0, doubled: 0, unexplained: 0, holes: 0 })
})
