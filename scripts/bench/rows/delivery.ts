/** How soon a fact reaches a receiver on this machine: from the request that makes it to the webhook about it. */
import { createServer } from 'node:http'
import { Pool } from 'undici'
import { nextKey, startHub, until, type RunningHub } from '../hub.ts'
import type { BenchOptions, Row } from '../run.ts'
import { bearer, bringNeeds, leadsOf } from '../world.ts'

const goal_ms = 100
const seconds = 8
/** The first one warms the hub up. At the higher rate the hub that takes the facts in is busy with that already. */
const rates = [{ per_second: 200, goal: null }, { per_second: 200, goal: `p95 < ${goal_ms} ms` }, { per_second: 1000, goal: 'a figure' }] as const
const tick_ms = 5

/** A receiver that notes when a message about a subject came. */
async function receiver (): Promise<{ url: string, arrived: Map<string, number>, stop (): void }> {
  const arrived = new Map<string, number>()
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const { data: { subject, challenge } } = JSON.parse(Buffer.concat(parts).toString()) as { data: { subject?: string, challenge?: string } }
      if (subject !== undefined) arrived.set(subject, performance.now())
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ challenge: challenge ?? null }))
    })
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/hook`, arrived, stop: () => { server.closeAllConnections(); server.close() } }
}

async function leadNos (hub: RunningHub): Promise<string[]> {
  const found: string[] = []
  let cursor: string | null = null
  do {
    const page: { items: { lead_no: string }[], next_cursor: string | null } =
      await hub.call('bank-1', 'GET', `/v1/leads?limit=200${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`)
    found.push(...page.items.map(({ lead_no }) => lead_no))
    cursor = page.next_cursor
  } while (cursor !== null)
  return found
}

export async function deliveryTimes ({ scale }: BenchOptions): Promise<Row[]> {
  const hub = await startHub()
  const hook = await receiver()
  const pool = new Pool(hub.base_url, { connections: 64, pipelining: 1 })
  try {
    const counts = rates.map(({ per_second }) => Math.round(per_second * Math.max(2, seconds * scale)))
    const total = counts.reduce((sum, count) => sum + count, 0)
    await bringNeeds(hub, 1, total)
    await leadsOf(hub, 'bank-1', total)
    const leads = (await leadNos(hub)).values()
    const { endpoint_no } = await hub.call<{ endpoint_no: string }>('bank-1', 'POST', '/v1/webhook-endpoints', { url: hook.url, event_types: ['lead.acknowledged'], concurrency: 32 })
    await until(async () => (await hub.call<{ verified: boolean }>('bank-1', 'GET', `/v1/webhook-endpoints/${endpoint_no}`)).verified || undefined, 'the endpoint')
    const headers = bearer(hub, 'bank-1')
    const rows: Row[] = []
    for (const [index, { per_second, goal }] of rates.entries()) {
      const count = counts[index] ?? 0
      const asked = new Map<string, number>()
      const answers: Promise<void>[] = []
      const begun = performance.now()
      while (asked.size < count) {
        for (const due = Math.min(count, (performance.now() - begun) / 1000 * per_second); asked.size < due;) {
          const lead_no = leads.next().value ?? ''
          asked.set(lead_no, performance.now())
          const body = JSON.stringify({ type: 'ACKNOWLEDGED', occurred_at: new Date().toISOString() })
          answers.push(pool.request({ method: 'POST', path: `/v1/leads/${lead_no}/events`, headers: { ...headers, 'idempotency-key': nextKey() }, body }).then(async answer => {
            if (answer.statusCode >= 300) throw new Error(`${answer.statusCode} ${await answer.body.text()}`)
            await answer.body.dump()
          }))
        }
        await new Promise(resolve => setTimeout(resolve, tick_ms))
      }
      await Promise.all(answers)
      await until(async () => [...asked.keys()].every(lead_no => hook.arrived.has(lead_no)) || undefined, 'the deliveries', 60_000)
      if (goal === null) continue
      const times = [...asked].map(([lead_no, at]) => (hook.arrived.get(lead_no) ?? Infinity) - at).sort((a, b) => a - b)
      const value = times[Math.floor(times.length * 0.95)] ?? Infinity
      rows.push({ name: `request to webhook, p95 at ${per_second}/s`, value, unit: 'ms', ceiling: null, ratio: null, goal, met: goal === 'a figure' || value < goal_ms })
    }
    return rows
  } finally {
    hook.stop()
    await pool.close()
    await hub.stop()
  }
}
