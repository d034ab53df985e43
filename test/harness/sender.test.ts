/** kill -9 of the processes that send: no event lost, twice only under the old webhook-id, every subject in order; on PostgreSQL two send at once. */
import t, { type Test } from 'tap'
import { killSenders } from '../../scripts/harness/sender.ts'
import { temporaryDatabase } from '../helper.ts'

const kills = process.env.FULL === '1' ? 200 : process.env.DATABASE_URL ? 2 : 4
const target = async (t: Test): Promise<string> => (await temporaryDatabase(t, true)).target

t.test('a sender that acknowledges before it sends is noticed, and so is one that gives every attempt an id of its own', async t => {
  const { lost, disordered } = await killSenders(1, await target(t), { fault: 'acknowledges-first' })
  t.ok(lost + disordered > 0, `${lost} lost, ${disordered} out of order`)
  t.ok((await killSenders(1, await target(t), { fault: 'fresh-ids' })).other_ids > 0)
})

t.test('killed senders lose nothing', { timeout: 900_000 }, async t => {
  const { events, endpoints, received, lost, other_ids, other_bytes, unsigned, disordered, again } = await killSenders(kills, await target(t))
  t.same({ lost, other_ids, other_bytes, unsigned, disordered }, { lost: 0, other_ids: 0, other_bytes: 0, unsigned: 0, disordered: 0 })
  t.equal(received - again, events * endpoints, 'every event at every endpoint')
  t.comment(`${kills} kills, ${events} events at ${endpoints} endpoints, ${again} of ${received} messages again under their old id`)
})
