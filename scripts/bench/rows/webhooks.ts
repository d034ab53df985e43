/** Webhooks delivered to a receiver on this machine, against a bare loop that signs as they are signed (v1 and v1a) and posts. */
import { createServer } from 'node:http'
import { Pool } from 'undici'
import { newSigningSecret, signedHeaders, signerOf } from '../../../src/delivery/signature.ts'
import { startHub, until } from '../hub.ts'
import { median } from '../load.ts'
import type { BenchOptions, Row } from '../run.ts'
import { bringNeeds, leadsOf } from '../world.ts'

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

/** The bare loop: the same body, the same signatures, posted over the same kind of pool. */
async function bareLoop (url: string, total: number): Promise<number> {
  const { origin, pathname } = new URL(url)
  const pool = new Pool(origin, { connections: in_parallel })
  const signers = [signerOf(newSigningSecret())]
  const begun = performance.now()
  let sent = 0
  await Promise.all(Array.from({ length: in_parallel }, async () => {
    while (sent++ < total) {
      const body = JSON.stringify({ type: 'lead.pushed', timestamp: '2026-03-18T02:00:00.000Z', data: { event_no: `evt_${sent}`, subject: `lead_${sent}`, link: `/v1/leads/lead_${sent}` } })
      const headers = signedHeaders(signers, `evt_${sent}`, 1, body)
      const answer = await pool.request({ method: 'POST', path: pathname, headers, body })
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
  const warm = await receiver()
  await bareLoop(warm.url, total)
  warm.stop()
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
      const status = async (wanted: string): Promise<void> => {
        const answer = await fetch(`${hub.base_url}/v1/webhook-endpoints/${endpoint_no}`, {
          method: 'PATCH', headers: { authorization: `Bearer ${hub.participant('bank-1').api_key}`, 'content-type': 'application/json', 'if-match': '*' }, body: JSON.stringify({ status: wanted })
        })
        if (!answer.ok) throw new Error(`${wanted}: ${answer.status} ${await answer.text()}`)
      }
      const rateOf = async (first: number, count: number): Promise<number> => {
        await status('PAUSED')
        await bringNeeds(hub, first, count)
        await leadsOf(hub, 'bank-1', first - 1 + count)
        const before = target.count()
        const begun = performance.now()
        await status('ACTIVE')
        await until(async () => target.count() - before >= count ? true : undefined, 'the deliveries', 120_000)
        return count / (performance.now() - begun) * 1000
      }
      // The first ones warm the hub up, as the loop was.
      const warming = Math.ceil(total / 2)
      await rateOf(1, warming)
      delivered.push(await rateOf(1 + warming, total))
    } finally {
      target.stop()
      await hub.stop()
    }
  }
  const value = median(delivered)
  const ceiling = median(bare)
  return [{ name: 'webhooks to a receiver on this machine', value, unit: 'webhooks/s', ceiling, ratio: value / ceiling, goal: '≥ 0.50 of a bare loop that signs', met: value / ceiling >= 0.5 }]
}
