/**
 * After the acknowledgement of a withdrawal, or the end of an authorization, no lead, need, contact or post-loan datum leaves by
 * any reader, in whatever order pushes, readings, retries and crashes come; the answer lists exactly what had left (contract §5).
 * FULL=1 plays 20,000 interleavings on SQLite and 2,000 on PostgreSQL, SEED=n begins elsewhere.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { eq } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { authorizations } from '../../src/intake/authorizations/store.ts'
import { leads } from '../../src/matching/leads/store.ts'
import { build } from '../helper.ts'
import { enterprises_per_play, play, playUnderLoad, type Running, type Sabotage } from './consent/play.ts'
import { seeded } from './mutate.ts'

t.setTimeout(7_200_000)

const on_postgres = process.env.DATABASE_URL !== undefined && process.env.DATABASE_URL !== ''
const interleavings = process.env.FULL === '1' ? (on_postgres ? 2000 : 20_000) : on_postgres ? 32 : 400
const plays = interleavings / enterprises_per_play
const plays_per_hub = 100
const first_seed = Number(process.env.SEED ?? '20260318')

async function running (t: Test): Promise<Running> {
  const hub = await build(t)
  const messages: Running['messages'] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => { body += chunk.toString() })
    request.on('end', () => {
      messages.push({ to: (request.url ?? '').slice(1), body })
      response.end('{}')
    })
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  for (const who of ['bank-1', 'bank-2', 'guarantor-1', 'park-1', 'meic']) {
    const answer = await hub.as(who).post('/v1/webhook-endpoints', { url: `http://127.0.0.1:${port}/${who}` })
    if (answer.statusCode !== 201) throw new Error(answer.body)
  }
  const { app } = hub
  const now: Running = {
    // The first process leaves its connection open, as one does that dies.
    hub, messages, crashes: 0, read_to: {}, late: [], close: async () => { await app.close() }
  }
  t.teardown(async () => { if (now.crashes > 0) await now.close() })
  return now
}

const for_ever = '9999-12-31T23:59:59.999Z'
const sabotages: Readonly<Record<string, Sabotage>> = {
  'who reads is not checked': async ({ hub: { db } }, authorization_no, send) => {
    const answer = await send()
    await db.write(sql => sql.update(leads).set({ content_until: for_ever, fresh_until: for_ever }).where(eq(leads.authorization_no, authorization_no)))
    return answer
  },
  'what is pushed is not checked': async ({ hub: { db } }, authorization_no, send) => {
    const answer = await send()
    await db.write(sql => sql.update(authorizations).set({ status: 'ACTIVE' }).where(eq(authorizations.authorization_no, authorization_no)))
    return answer
  },
  'the acknowledgement comes before its effect': async (running, _authorization_no, send) => {
    running.late.push(send)
    return Object.assign(Object.create(null) as Awaited<ReturnType<typeof send>>, { statusCode: 200, body: '{}', json: () => ({ disclosures: [] }) })
  },
  'the answer leaves out a recipient': async (_running, _authorization_no, send) => {
    const answer = await send()
    const said = answer.json() as { disclosures: unknown[] }
    return Object.assign(Object.create(answer) as typeof answer, { json: () => ({ ...said, disclosures: said.disclosures.slice(1) }) })
  }
}

t.test('each deliberate hole is found within three plays', async t => {
  for (const [name, sabotage] of Object.entries(sabotages)) {
    const now = await running(t)
    now.sabotage = sabotage
    let faults: string[] = []
    for (let index = 0; index < 3 && faults.length === 0; index++) faults = (await play(now, seeded(first_seed + index))).faults
    t.ok(faults.length > 0, `${name}: ${faults[0] ?? 'not found'}`)
  }
})

t.test('nothing leaves after the acknowledgement while loops push and send and two dozen callers go on', async t => {
  const now = await running(t)
  const { faults, before, after, disclosed } = await playUnderLoad(now, seeded(first_seed))
  t.same(faults, [])
  t.ok(before > 20 && after > 100, `${before} questions before the end, ${after} after it`)
  t.ok(disclosed.some(each => each > 0), `${disclosed.filter(each => each > 0).length} of ${disclosed.length} had been disclosed`)
})

t.test('under load the deliberate holes are found too', async t => {
  for (const name of ['who reads is not checked', 'the acknowledgement comes before its effect'] as const) {
    const now = await running(t)
    const sabotage = sabotages[name]
    if (sabotage === undefined) throw new Error(name)
    now.sabotage = sabotage
    t.ok((await playUnderLoad(now, seeded(first_seed))).faults.length > 0, name)
  }
})

for (let from = 0; from < plays; from += plays_per_hub) {
  const to = Math.min(plays, from + plays_per_hub)
  t.test(`nothing leaves after the end: interleavings ${from * enterprises_per_play + 1} to ${to * enterprises_per_play}`, async t => {
    const now = await running(t)
    const disclosed: number[] = []
    for (let index = from; index < to; index++) {
      const played = await play(now, seeded(first_seed + index))
      disclosed.push(...played.disclosed)
      if (played.faults.length > 0) t.same(played.faults, [], `SEED=${first_seed + index}: ${played.schedule.join(', ')}`)
    }
    t.equal(disclosed.length, (to - from) * enterprises_per_play)
    t.ok(disclosed.includes(0), `${disclosed.filter(each => each === 0).length} ended before anything left`)
    t.ok(disclosed.some(each => each > 0), `${disclosed.filter(each => each > 0).length} after something had left`)
    t.ok(now.crashes > 0 || to - from < plays_per_hub, `${now.crashes} crashes`)
  })
}
