/** Webhooks delivered to a receiver on this machine, against a bare loop that signs and posts. */
import { createServer } from 'node:http'
import { createHmac } from 'node:crypto'
import { Pool } from 'undici'
import { startHub, until } from '../hub.ts'
import { median } from '../load.ts'
import type { BenchOptions, Row } from '../run.ts'
import { bringNeeds } from '../world.ts'

const events_total = 4000
const in_parallel = 16

async function receiver (): Promise<{ url: string, count (): number, stop (): void }> {
  let received = 0
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const { challenge } = JSON.parse(Buffer.concat(parts).toString()) as { challenge?: string }
      if (challenge === undefined) received++
      response.writeHead(200, { 'content-type': 'application/json' }).end(challenge === undefined ? '{}' : JSON.stringify({ challenge }))
    })
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/hook`, count: () => received, stop: () => { server.closeAllConnections(); server.close() } }
}

/** The bare loop: the same body, signed and posted over the same kind of pool. */
async function bareLoop (url: string, total: number): Promise<number> {
  const { origin, pathname } = new URL(url)
  const pool = new Pool(origin, { connections: in_parallel })
  const begun = performance.now()
  let sent = 0
  await Promise.all(Array.from({ length: in_parallel }, async () => {
    while (sent++ < total) {
      const body = JSON.stringify({ type: 'lead.pushed', timestamp: '2026-03-18T02:00:00.000Z', data: { event_no: `evt_${sent}`, subject: `lead_${sent}`, link: `/v1/leads/lead_${sent}` } })
      const signature = createHmac('sha256', 'secret').update(`evt_${sent}.1.${body}`).digest('base64')
      const answer = await pool.request({ method: 'POST', path: pathname, headers: { 'content-type': 'application/json', 'webhook-id': `evt_${sent}`, 'webhook-timestamp': '1', 'webhook-signature': `v1,${signature}` }, body })
      await answer.body.dump()
    }
  }))
  const rate = total / (performance.now() - begun) * 1000
  await pool.close()
  return rate
}

export async function webhooks ({ rounds, scale }: BenchOptions): Promise<Row[]> {
  const total = Math.round(events_total * scale)
  const bare: number[] = []
  const delivered: number[] = []
  for (let round = 0; round < Math.min(rounds, 3); round++) {
    const target = await receiver()
    const hub = await startHub()
    try {
      bare.push(await bareLoop(target.url, total))
      const { endpoint_no } = await hub.call<{ endpoint_no: string }>('bank-1', 'POST', '/v1/webhook-endpoints', { url: target.url, event_types: ['lead.pushed'], concurrency: in_parallel })
      await until(async () => {
        const { items } = await hub.call<{ items: { endpoint_no: string, status: string }[] }>('bank-1', 'GET', '/v1/webhook-endpoints')
        return items.find(each => each.endpoint_no === endpoint_no)?.status === 'ACTIVE' ? true : undefined
      }, 'the endpoint')
      const paused = await fetch(`${hub.base_url}/v1/webhook-endpoints/${endpoint_no}`, {
        method: 'PATCH', headers: { authorization: `Bearer ${hub.participant('bank-1').api_key}`, 'content-type': 'application/json', 'if-match': '*' }, body: JSON.stringify({ status: 'PAUSED' })
      })
      if (!paused.ok) throw new Error(`pausing: ${paused.status} ${await paused.text()}`)
      await bringNeeds(hub, 1, total)
      await until(async () => {
        const { totals } = await hub.call<{ totals: { count: number } }>('bank-1', 'GET', '/v1/leads?limit=1')
        return totals.count >= total ? true : undefined
      }, 'the leads', 120_000)
      const before = target.count()
      const begun = performance.now()
      await fetch(`${hub.base_url}/v1/webhook-endpoints/${endpoint_no}`, {
        method: 'PATCH', headers: { authorization: `Bearer ${hub.participant('bank-1').api_key}`, 'content-type': 'application/json', 'if-match': '*' }, body: JSON.stringify({ status: 'ACTIVE' })
      })
      await until(async () => target.count() - before >= total ? true : undefined, 'the deliveries', 120_000)
      delivered.push(total / (performance.now() - begun) * 1000)
    } finally {
      target.stop()
      await hub.stop()
    }
  }
  const value = median(delivered)
  const ceiling = median(bare)
  return [{ name: 'webhooks to a receiver on this machine', value, unit: 'webhooks/s', ceiling, ratio: value / ceiling, goal: '≥ 0.50 of a bare loop that signs', met: value / ceiling >= 0.5 }]
}
