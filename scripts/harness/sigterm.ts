/**
 * SIGTERM under load: node scripts/harness/sigterm.ts [rounds] [--fault]
 *
 * A hub under load is asked to end. Every request it was sent before that has to be answered, a long poll too; the process ends by
 * itself within ten seconds with exit code 0; what was acknowledged is there at the next start. Requests sent after the signal may find
 * the door closed. DATABASE_URL names a PostgreSQL server, else SQLite. `--fault` kills instead (SIGKILL): it must be noticed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool } from 'undici'
import { nextKey, startHub } from '../bench/hub.ts'
import { bearer, inventedVoucher } from '../bench/world.ts'
import { fill, loansFor, ownDatabase, vouchersOf } from './hubs.ts'

export interface SigtermReport {
  rounds: number
  answered: number
  /** sent before the signal and not answered, or answered with an error */
  failed_in_flight: number
  in_flight: number
  /** sent after the signal: the door was closed */
  turned_away: number
  exit_max_ms: number
  exit_codes: (number | null)[]
  acknowledged: number
  lost: number
}

const writers = 12
const readers = 4
/** A round's signal comes after this time, and a little. */
const round_ms = 700
const poll_wait_seconds = 20

export async function sigterm (rounds: number, server: string, options: { fault?: boolean } = {}): Promise<SigtermReport> {
  const database = server === '' ? null : await ownDatabase(server)
  const folder = mkdtempSync(join(tmpdir(), 'rongqiao-sigterm-'))
  const env = { DATABASE_URL: database?.url ?? '', LOG_LEVEL: 'fatal' }
  const report: SigtermReport = { rounds, answered: 0, failed_in_flight: 0, in_flight: 0, turned_away: 0, exit_max_ms: 0, exit_codes: [], acknowledged: 0, lost: 0 }
  const acknowledged = new Set<string>()
  try {
    let hub = await startHub(env, folder)
    const loans = loansFor(rounds)
    const document_no = await fill(hub, loans)
    let n = 0
    for (let round = 0; round < rounds; round++) {
      const { base_url, process: child } = hub
      const headers = bearer(hub, 'bank-1')
      const pool = new Pool(base_url, { connections: writers + readers + 1, pipelining: 1 })
      let signalled = Number.POSITIVE_INFINITY
      let under_way = 0
      /** @returns whether to go on */
      async function send (method: 'GET' | 'POST', path: string, voucher: Record<string, unknown> | null): Promise<boolean> {
        const begun = performance.now()
        under_way++
        try {
          const answer = await pool.request({ method, path, headers: { ...headers, 'idempotency-key': nextKey() }, body: voucher === null ? null : JSON.stringify(voucher) })
          await answer.body.text()
          report.answered++
          if (answer.statusCode >= 400 && begun < signalled) report.failed_in_flight++
          if (answer.statusCode === 201 && voucher !== null) acknowledged.add(String(voucher.voucher_no))
          return answer.statusCode < 400
        } catch {
          if (begun < signalled) report.failed_in_flight++
          else report.turned_away++
          return false
        } finally {
          under_way--
        }
      }
      const writing = Array.from({ length: writers }, async () => { while (await send('POST', '/v1/interest-vouchers', inventedVoucher(n++, 1, loans, document_no))); })
      const reading = Array.from({ length: readers }, async () => { while (await send('GET', '/v1/leads?limit=50', null)); })
      const { next_cursor } = await hub.call<{ next_cursor: string | null }>('insurer-1', 'GET', '/v1/events?limit=200')
      const polling = fetch(`${base_url}/v1/events?wait=${poll_wait_seconds}${next_cursor === null ? '' : `&after=${next_cursor}`}`, { headers: bearer(hub, 'insurer-1') })
        .then(async answer => { await answer.text(); if (answer.status >= 400) report.failed_in_flight++ }, () => { report.failed_in_flight++ })
      await new Promise(resolve => setTimeout(resolve, round_ms + round * 37 % 100))
      const ended = new Promise<number | null>(resolve => { child.once('exit', code => resolve(code)) })
      report.in_flight += under_way
      signalled = performance.now()
      child.kill(options.fault === true ? 'SIGKILL' : 'SIGTERM')
      report.exit_codes.push(await ended)
      report.exit_max_ms = Math.max(report.exit_max_ms, Math.round(performance.now() - signalled))
      await Promise.all([...writing, ...reading, polling])
      await pool.destroy()
      hub = await startHub(env, folder)
    }
    const found = await vouchersOf(hub)
    report.acknowledged = acknowledged.size
    report.lost = [...acknowledged].filter(voucher_no => !found.has(voucher_no)).length
    await hub.stop()
    return report
  } finally {
    rmSync(folder, { recursive: true, force: true })
    await database?.drop()
  }
}

if (import.meta.main) {
  const rounds = Number(process.argv.slice(2).find(word => !word.startsWith('--')) ?? 20)
  const report = await sigterm(rounds, process.env.DATABASE_URL ?? '', { fault: process.argv.includes('--fault') })
  console.log(JSON.stringify(report))
  process.exit(report.failed_in_flight + report.lost === 0 && report.exit_max_ms <= 10_000 && report.exit_codes.every(code => code === 0) ? 0 : 1)
}
