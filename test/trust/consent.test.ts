/**
 * After the acknowledgement of a withdrawal, or the end of an authorization, no lead, need, contact or post-loan datum leaves by
 * any reader, in whatever order pushes, readings, retries and crashes come; the answer lists exactly what had left (contract §5).
 * FULL=1 plays 20,000 rounds, SEED=n begins elsewhere.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { eq } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { authorizations } from '../../src/intake/authorizations/store.ts'
import { leads } from '../../src/matching/leads/store.ts'
import { build } from '../helper.ts'
import { round, type Running, type Sabotage } from './consent/round.ts'
import { seeded } from './mutate.ts'

t.setTimeout(7_200_000)

const rounds = process.env.FULL === '1' ? 20_000 : process.env.DATABASE_URL ? 30 : 400
const rounds_per_hub = 200
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
    hub, messages, crashes: 0, read_to: {}, ended: [], close: async () => { await app.close() }
  }
  t.teardown(async () => { if (now.crashes > 0) await now.close() })
  return now
}

for (let from = 0; from < rounds; from += rounds_per_hub) {
  t.test(`nothing leaves after the end: rounds ${from + 1} to ${Math.min(rounds, from + rounds_per_hub)}`, async t => {
    const now = await running(t)
    const seen = { withdrawn_before_push: 0, disclosed: 0 }
    for (let index = from; index < Math.min(rounds, from + rounds_per_hub); index++) {
      const { faults, schedule, disclosed } = await round(now, seeded(first_seed + index))
      if (disclosed === 0) seen.withdrawn_before_push++
      else seen.disclosed++
      if (faults.length > 0) t.same(faults, [], `SEED=${first_seed + index}: ${schedule.join(', ')}`)
    }
    t.ok(seen.withdrawn_before_push > 0, `${seen.withdrawn_before_push} ended before anything left`)
    t.ok(seen.disclosed > 0, `${seen.disclosed} after something had left`)
    t.ok(now.crashes > 0, `${now.crashes} crashes`)
  })
}

const for_ever = '9999-12-31T23:59:59.999Z'
const sabotages: Readonly<Record<string, Sabotage>> = {
  'leads stay readable': async ({ db }, authorization_no, answer) => {
    await db.write(sql => sql.update(leads).set({ content_until: for_ever, fresh_until: for_ever }).where(eq(leads.authorization_no, authorization_no)))
    return answer
  },
  'the authorization is live again': async ({ db }, authorization_no, answer) => {
    await db.write(sql => sql.update(authorizations).set({ status: 'ACTIVE' }).where(eq(authorizations.authorization_no, authorization_no)))
    return answer
  },
  'the answer leaves out a recipient': async (_hub, _authorization_no, answer) => {
    const said = answer.json() as { disclosures: unknown[] }
    return Object.assign(Object.create(answer) as typeof answer, { json: () => ({ ...said, disclosures: said.disclosures.slice(1) }) })
  }
}

t.test('each deliberate hole is found within twenty rounds', async t => {
  for (const [name, sabotage] of Object.entries(sabotages)) {
    const now = await running(t)
    now.sabotage = sabotage
    let found = 0
    for (let index = 0; index < 20 && found === 0; index++) found = (await round(now, seeded(first_seed + index))).faults.length
    t.ok(found > 0, name)
  }
})
