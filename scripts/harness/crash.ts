/**
 * Crash: node scripts/harness/crash.ts [kills] [postgres://…]
 *
 * Kills a working hub with SIGKILL at random moments, starts it again on the same data and compares with what it had acknowledged:
 * nothing acknowledged may be lost, nothing may be there twice, the journal may have no hole. One acknowledgement is made up
 * on purpose in every run: the comparison must miss it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nextKey, startHub, type RunningHub } from '../bench/hub.ts'
import { bearer, bringLoans, bringNeeds, inventedVoucher } from '../bench/world.ts'

export interface CrashReport { kills: number, acknowledged: number, lost: number, doubled: number, unexplained: number, holes: number, noticed: number }

const loans = 20
const writers = 8
/** A life ends after so many acknowledgements, at a random moment within the next one. */
const acknowledged_per_life_max = 60
const last_breath_max_ms = 20
const life_max_ms = 10_000

/** Every voucher_no the hub has, with how often. */
async function vouchersOf (hub: RunningHub): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  let cursor: string | null = null
  do {
    const page: { items: { voucher_no: string }[], next_cursor: string | null } =
      await hub.call('bank-1', 'GET', `/v1/interest-vouchers?limit=200${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`)
    for (const { voucher_no } of page.items) found.set(voucher_no, (found.get(voucher_no) ?? 0) + 1)
    cursor = page.next_cursor
  } while (cursor !== null)
  return found
}

/** Places of the log that MEIC sees; a hole is a place that is missing or stands twice. */
async function holesOf (hub: RunningHub): Promise<number> {
  let expected = 1
  let holes = 0
  let cursor: string | null = null
  do {
    const page: { items: { seq: number }[], next_cursor: string | null } =
      await hub.call('meic', 'GET', `/v1/audit-log?limit=200${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`)
    for (const { seq } of page.items) {
      if (seq !== expected) holes++
      expected = seq + 1
    }
    cursor = page.next_cursor
  } while (cursor !== null)
  return holes
}

export async function crash (kills: number, database_url: string, options: { seed?: number } = {}): Promise<CrashReport> {
  const data_dir = mkdtempSync(join(tmpdir(), 'rongqiao-crash-'))
  const env = { DATABASE_URL: database_url, LOG_LEVEL: 'fatal' }
  const report: CrashReport = { kills, acknowledged: 0, lost: 0, doubled: 0, unexplained: 0, holes: 0, noticed: 0 }
  let random = options.seed ?? 20260112
  const next = (): number => {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0
    return random / 4294967296
  }
  try {
    let hub = await startHub(env, data_dir)
    await bringNeeds(hub, 1, loans)
    await bringLoans(hub, 1, loans)
    const { document_no } = await hub.upload<{ document_no: string }>('bank-1', '/v1/documents', 'receipt.pdf', Buffer.from('%PDF receipt'))
    const acknowledged = new Set<string>()
    const sent = new Set<string>()
    let n = 0
    for (let kill = 0; kill < kills; kill++) {
      const life = { alive: true }
      const headers = bearer(hub, 'bank-1')
      const { base_url } = hub
      const writing = Array.from({ length: writers }, async () => {
        while (life.alive) {
          const voucher = inventedVoucher(n++, 1, loans, document_no)
          sent.add(String(voucher.voucher_no))
          try {
            const answer = await fetch(`${base_url}/v1/interest-vouchers`, { method: 'POST', headers: { ...headers, 'idempotency-key': nextKey() }, body: JSON.stringify(voucher) })
            if (answer.status === 201) acknowledged.add(String(voucher.voucher_no))
          } catch {
            return
          }
        }
      })
      const enough = acknowledged.size + 1 + Math.floor(next() * acknowledged_per_life_max)
      const deadline = performance.now() + life_max_ms
      while (acknowledged.size < enough && performance.now() < deadline) await new Promise(resolve => setTimeout(resolve, 1))
      await new Promise(resolve => setTimeout(resolve, next() * last_breath_max_ms))
      await hub.stop('SIGKILL')
      life.alive = false
      await Promise.all(writing)
      hub = await startHub(env, data_dir)
    }
    const found = await vouchersOf(hub)
    report.acknowledged = acknowledged.size
    for (const voucher_no of acknowledged) if (!found.has(voucher_no)) report.lost++
    if (!found.has('V-never-sent')) report.noticed++
    for (const [voucher_no, times] of found) {
      if (times > 1) report.doubled++
      if (!sent.has(voucher_no)) report.unexplained++
    }
    await new Promise(resolve => setTimeout(resolve, 300))
    report.holes = await holesOf(hub)
    await hub.stop()
    return report
  } finally {
    rmSync(data_dir, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const [kills = '200', url = ''] = process.argv.slice(2).filter(word => !word.startsWith('--'))
  const report = await crash(Number(kills), url)
  console.log(JSON.stringify(report))
  process.exit(report.lost + report.doubled + report.unexplained + report.holes === 0 ? 0 : 1)
}
