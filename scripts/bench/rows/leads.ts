/** A bank's page of 50 leads, changed and unchanged, against a bare route that serialises the same page. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { endsWithUs, startHub } from '../hub.ts'
import { load, median } from '../load.ts'
import type { BenchOptions, Row } from '../run.ts'
import { bearer, bringNeeds, leadsOf } from '../world.ts'

const connections = 64
const leads_total = 10_000

/** The bare route as its own process. */
export async function startCeiling (): Promise<{ base_url: string, stop (): void }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../ceiling.ts')], { stdio: ['ignore', 'pipe', 'inherit'] })
  endsWithUs(child)
  const base_url = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()))
    child.once('exit', code => reject(new Error(`the ceiling ended with ${code}`)))
  })
  return { base_url, stop: () => { child.kill() } }
}

export async function put (base_url: string, path: string, body: string): Promise<void> {
  const answer = await fetch(base_url + path, { method: 'PUT', headers: { 'content-type': 'application/json' }, body })
  if (!answer.ok) throw new Error(`PUT ${path}: ${answer.status}`)
}

export async function leadPages ({ rounds, round_ms, scale }: BenchOptions): Promise<Row[]> {
  const hub = await startHub()
  const ceiling = await startCeiling()
  try {
    const total = leads_total * scale
    await bringNeeds(hub, 1, total)
    await leadsOf(hub, 'bank-1', total)
    const headers = bearer(hub, 'bank-1')
    const first = await fetch(`${hub.base_url}/v1/leads?limit=50`, { headers })
    const etag = first.headers.get('etag') ?? ''
    await put(ceiling.base_url, '/page', await first.text())
    const bare: number[] = []
    const pages: number[] = []
    const unchanged: number[] = []
    for (let round = 0; round < rounds; round++) {
      const common = { connections, duration_ms: round_ms }
      bare.push((await load({ ...common, base_url: ceiling.base_url, next: () => ({ method: 'GET', path: '/page' }) })).per_second)
      pages.push((await load({ ...common, base_url: hub.base_url, next: () => ({ method: 'GET', path: '/v1/leads?limit=50', headers }) })).per_second)
      unchanged.push((await load({ ...common, base_url: hub.base_url, next: () => ({ method: 'GET', path: '/v1/leads?limit=50', headers: { ...headers, 'if-none-match': etag } }) })).per_second)
    }
    const top = median(bare)
    const row = (name: string, value: number, goal: number): Row => ({ name, value, unit: 'requests/s', ceiling: top, ratio: value / top, goal: `≥ ${goal.toFixed(2)} of the ceiling`, met: value / top >= goal })
    return [row('authenticated page of 50 leads', median(pages), 0.6), row('the same page, unchanged (304)', median(unchanged), 1.5)]
  } finally {
    ceiling.stop()
    await hub.stop()
  }
}
