/** Short lists that wait together come out as if each had come alone. */
import t from 'tap'
import { inventedName, inventedProject, inventedUscc } from '../../scripts/bench/world.ts'
import { listReader } from '../../src/intake/enterprise-lists/read-in-worker.ts'
import { listLoop, type ListWork } from '../../src/intake/enterprise-lists/working.ts'
import { no_hooks } from '../../src/intake/hooks.ts'
import { aRow } from '../fixtures.ts'
import { build, type Built } from '../helper.ts'

const rowOf = (n: number, over: Record<string, unknown> = {}) => aRow({ uscc: inventedUscc(n), name: inventedName(n), project_code: inventedProject(n), ...over })

/** What eight lists hold: strangers to each other, one enterprise twice, another park, a name too many, a count that was declared wrong. */
const sent: { park: string, body: Record<string, unknown> }[] = [
  { park: 'park-1', body: { rows: [rowOf(1), rowOf(2, { consent: false })] } },
  { park: 'park-1', body: { rows: [rowOf(3), rowOf(3)] } },
  { park: 'park-1', body: { rows: [rowOf(4)] } },
  { park: 'park-1', body: { rows: [rowOf(1, { amount: '6000000.00' })] } },
  { park: 'park-2', body: { rows: [rowOf(1)] } },
  { park: 'park-1', body: { rows: [rowOf(4, { name: inventedName(5), project_code: inventedProject(6) })] } },
  { park: 'park-1', body: { declared_row_count: 2, rows: [rowOf(7)] } },
  { park: 'park-1', body: { rows: Array.from({ length: 30 }, (_, index) => rowOf(20 + index)) } }
]

/** Outcomes and findings of every row, and why a list was refused. */
async function cameOut (hub: Built, list_nos: readonly string[]): Promise<unknown[]> {
  const found: unknown[] = []
  for (const [place, list_no] of list_nos.entries()) {
    const park = hub.as(sent[place]?.park ?? '')
    const { status, counts, amount_accepted, refusal } = (await park.get(`/v1/enterprise-lists/${list_no}`)).json()
    const { items } = (await park.get(`/v1/enterprise-lists/${list_no}/rows?limit=200`)).json()
    found.push({
      status, counts, amount_accepted, refusal: refusal?.code ?? null,
      rows: items.map(({ row, outcome, findings }: { row: number, outcome: string, findings: { code: string }[] }) => [row, outcome, findings.map(({ code }) => code)])
    })
  }
  return found
}

/** What was sent, as the loop finds it. */
const sent_bodies: ListWork['bodies'] & { held: Map<string, Uint8Array> } = {
  held: new Map(),
  put: async (sha256, bytes) => { sent_bodies.held.set(sha256, bytes) },
  get: async sha256 => sent_bodies.held.get(sha256) ?? null
}

async function send (hub: Built, park: string, body: Record<string, unknown>): Promise<string> {
  const answer = await hub.as(park).post('/v1/enterprise-lists', body)
  if (answer.statusCode !== 202) throw new Error(answer.body)
  const { list_no, sha256 } = answer.json()
  await sent_bodies.put(sha256, Buffer.from(JSON.stringify(body)))
  return list_no
}

t.test('lists that wait together are judged as if each had come alone', async t => {
  const [together, one_by_one] = [await build(t), await build(t)]
  const gathered: string[] = []
  for (const { park, body } of sent) gathered.push(await send(together, park, body))
  await together.loops.settle()
  const single: string[] = []
  for (const { park, body } of sent) {
    single.push(await send(one_by_one, park, body))
    await one_by_one.loops.settle()
  }
  const [got, wanted] = [await cameOut(together, gathered), await cameOut(one_by_one, single)]
  t.same(got, wanted)
  t.match(got, [{ counts: { ACCEPTED: 1, HELD: 1 } }, { counts: { ACCEPTED: 1, REJECTED: 1 } }, { counts: { ACCEPTED: 1 } }, { counts: { REJECTED: 1 } }, {}, {},
    { status: 'REFUSED', refusal: 'DECLARED_COUNT_MISMATCH' }, { counts: { ACCEPTED: 30 } }])
  const totals = async (hub: Built, park: string) => (await hub.as(park).get('/v1/financing-needs')).json().totals
  for (const park of ['park-1', 'park-2']) t.same(await totals(together, park), await totals(one_by_one, park))
})

t.test('strangers share a step; what is about the same enterprise waits for the next one', async t => {
  const hub = await build(t)
  const reader = listReader()
  t.teardown(() => reader.close())
  const work: ListWork = { db: hub.db, bodies: sent_bodies, reader, hooks: no_hooks, log: hub.app.log as never }
  for (const { park, body } of sent) await send(hub, park, body)
  const step = listLoop(work)
  const undecided = async () => (await hub.as('park-1').get('/v1/enterprise-lists?status=RECEIVED')).json().items.length
  t.equal(await undecided(), 7)
  t.equal(await step(), 3, 'three of one park, about different enterprises')
  t.equal(await undecided(), 4)
})

t.test('a list on which the hub fails holds up those behind it, not those before it', async t => {
  const hub = await build(t)
  const reader = listReader()
  t.teardown(() => reader.close())
  const hooks: ListWork['hooks'] = {
    ...no_hooks,
    onAuthorized: async (_sql, usccs) => { if (usccs.includes(inventedUscc(2))) throw new Error('made for the test') }
  }
  const work: ListWork = { db: hub.db, bodies: sent_bodies, reader, hooks, log: hub.app.log as never }
  const list_nos: string[] = []
  for (const n of [1, 2, 3]) list_nos.push(await send(hub, 'park-1', { rows: [rowOf(n)] }))
  const step = listLoop(work)
  await step()
  await t.rejects(step(), { message: 'made for the test' })
  const statuses: string[] = []
  for (const list_no of list_nos) statuses.push((await hub.as('park-1').get(`/v1/enterprise-lists/${list_no}`)).json().status)
  t.same(statuses, ['DECIDED', 'RECEIVED', 'RECEIVED'])
})
