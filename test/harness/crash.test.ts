/** kill -9 at random moments: nothing acknowledged is lost, nothing is there twice, the journal has no hole. */
import t, { type Test } from 'tap'
import { crash } from '../../scripts/harness/crash.ts'
import { temporaryDatabase } from '../helper.ts'

const kills = process.env.FULL === '1' ? 200 : process.env.DATABASE_URL ? 2 : 4
const urlFor = async (t: Test): Promise<string> => process.env.DATABASE_URL ? (await temporaryDatabase(t)).target : ''

t.test('a forgotten acknowledgement is noticed', async t => {
  t.equal((await crash(1, await urlFor(t), { fault: true })).lost, 1)
})

t.test('a killed hub keeps every promise', { timeout: 900_000 }, async t => {
  const { acknowledged, lost, doubled, unexplained, holes } = await crash(kills, await urlFor(t))
  t.ok(acknowledged > kills, `${acknowledged} acknowledged`)
  t.same({ lost, doubled, unexplained, holes }, { lost: 0, doubled: 0, unexplained: 0, holes: 0 })
})
