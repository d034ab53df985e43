/**
 * Sustained: node scripts/harness/sustained.ts [seconds]
 *
 * A mixed load (60 % lead pages, 25 % vouchers, 10 % lead events, 5 % lists as JSON) against one hub on SQLite, or against two hubs over
 * one PostgreSQL (DATABASE_URL names the server) and one shared data folder. Every answer has to be good, every acknowledged voucher has to
 * be there at the end, and every acknowledged list decided. One acknowledgement is made up on purpose in every run: the comparison must
 * miss it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nextKey, startHub, until, type RunningHub } from '../bench/hub.ts'
import { load, type LoadRequest } from '../bench/load.ts'
import { bearer, bringNeeds, inventedName, inventedProject, inventedUscc, inventedVoucher, leadsOf } from '../bench/world.ts'
import { allOf, fill, memoryOf, ownDatabase, vouchersOf } from './hubs.ts'

export interface SustainedReport {
  database: string
  hubs: number
  seconds: number
  per_second: number
  p99_ms: number
  /** answers of 400 or above, with an example */
  errors: number
  error: string | null
  acknowledged: number
  lists: number
  /** from the end of the load until the last list was decided */
  behind_ms: number
  lost: number
  /** the seeded fault: an acknowledgement that was made up; 1 when the comparison missed it */
  noticed: number
  memory_mib: { begin: number, middle: number, end: number }
}

const connections = 16
/** enough for a voucher a day of each that lies in the past */
const loans_per_second = 2
const loans_min = 20
/** needs without a loan: a bank's inbox is longer than its list of loans */
const other_needs_per_second = 20
const other_needs_from = 50_000
/** In twenty requests: what each is. */
const mix = ['lead', 'lead', 'voucher', 'lead', 'event', 'lead', 'lead', 'voucher', 'lead', 'list', 'lead', 'voucher', 'lead', 'lead', 'event', 'lead', 'voucher', 'lead', 'lead', 'voucher'] as const

export async function sustained (seconds: number, server: string): Promise<SustainedReport> {
  const database = server === '' ? null : await ownDatabase(server)
  const folder = mkdtempSync(join(tmpdir(), 'rongqiao-sustained-'))
  const hubs: RunningHub[] = []
  const env = { DATABASE_URL: database?.url ?? '', LOG_LEVEL: 'fatal' }
  try {
    const first = await startHub(env, folder)
    hubs.push(first)
    if (database !== null) hubs.push(await startHub(env, folder))
    const loans = Math.max(loans_min, seconds * loans_per_second)
    const document_no = await fill(first, loans)
    await bringNeeds(first, other_needs_from, seconds * other_needs_per_second)
    await leadsOf(first, 'bank-1', loans + seconds * other_needs_per_second)
    const leads = await allOf<{ lead_no: string }>(first, 'bank-1', '/v1/leads?limit=200')
    const acknowledged = new Set<string>()
    const lists = new Set<string>()
    const vouchers = new Map<LoadRequest, string>()
    let errors = 0
    let error: string | null = null
    let n = 0
    const bank = bearer(first, 'bank-1')
    const park = bearer(first, 'park-1')
    function next (): LoadRequest {
      const turn = n++
      const writing = (headers: Record<string, string>, path: string, body: unknown): LoadRequest => ({ method: 'POST', path, headers: { ...headers, 'idempotency-key': nextKey() }, body: JSON.stringify(body) })
      switch (mix[turn % mix.length]) {
        case 'voucher': {
          const voucher = inventedVoucher(vouchers_sent++, 1, loans, document_no)
          const request = writing(bank, '/v1/interest-vouchers', voucher)
          vouchers.set(request, String(voucher.voucher_no))
          return request
        }
        case 'event': return writing(bank, `/v1/leads/${leads[events_sent++ % leads.length]?.lead_no}/events`, { type: 'ACKNOWLEDGED', occurred_at: new Date().toISOString() })
        case 'list': return writing(park, '/v1/enterprise-lists', {
          rows: [{
            name: inventedName(100_000 + turn), uscc: inventedUscc(100_000 + turn), amount: '5000000.00', term_months: 36, purpose: '设备购置', consent: true,
            project_code: inventedProject(100_000 + turn), project_name: '精密加工线数字化改造'
          }]
        })
        default: return { method: 'GET', path: '/v1/leads?limit=20', headers: bank }
      }
    }
    let vouchers_sent = 0
    let events_sent = 0
    const isOfInterest = (request: LoadRequest, status: number): boolean => status >= 400 || request.path === '/v1/enterprise-lists'
    function onAnswer (request: LoadRequest, status: number, body: string): void {
      if (status >= 400) {
        errors++
        error ??= `${request.method} ${request.path}: ${status} ${body.slice(0, 300)}`
      }
      const voucher_no = vouchers.get(request)
      vouchers.delete(request)
      if (voucher_no !== undefined && status === 201) acknowledged.add(voucher_no)
      if (request.path === '/v1/enterprise-lists' && status === 202) lists.add((JSON.parse(body) as { list_no: string }).list_no)
    }
    const half = async () => Promise.all(hubs.map(async ({ base_url }) => load({ base_url, connections: connections / hubs.length, duration_ms: seconds * 500, next, isOfInterest, onAnswer })))
    const memory = () => hubs.reduce((sum, hub) => sum + memoryOf(hub.process.pid), 0)
    const begin = memory()
    const halves = [await half()]
    const middle = memory()
    halves.push(await half())
    const end = memory()
    const ended = performance.now()
    const last = hubs.at(-1) ?? first
    for (const status of ['RECEIVED', 'READING']) {
      await until(async () => (await last.call<{ items: unknown[] }>('park-1', 'GET', `/v1/enterprise-lists?status=${status}&limit=1`)).items.length === 0 ? true : undefined,
        `the end of every list that is ${status}`, 120_000)
    }
    const behind_ms = Math.round(performance.now() - ended)
    const decided = new Set((await allOf<{ list_no: string }>(last, 'park-1', '/v1/enterprise-lists?status=DECIDED&limit=200')).map(({ list_no }) => list_no))
    const found = await vouchersOf(last)
    return {
      database: database === null ? 'sqlite' : 'postgres', hubs: hubs.length, seconds,
      per_second: Math.round(halves.flat().reduce((sum, { per_second }) => sum + per_second, 0) / halves.length),
      p99_ms: Math.max(...halves.flat().map(({ p99_ms }) => p99_ms)),
      errors, error, acknowledged: acknowledged.size, lists: lists.size, behind_ms,
      lost: [...acknowledged].filter(voucher_no => !found.has(voucher_no)).length + [...lists].filter(list_no => !decided.has(list_no)).length,
      noticed: ['V-never-sent'].filter(voucher_no => !found.has(voucher_no)).length,
      memory_mib: { begin, middle, end }
    }
  } finally {
    for (const hub of hubs) await hub.stop()
    rmSync(folder, { recursive: true, force: true })
    await database?.drop()
  }
}

if (import.meta.main) {
  const seconds = Number(process.argv.slice(2).find(word => !word.startsWith('--')) ?? 300)
  const report = await sustained(seconds, process.env.DATABASE_URL ?? '')
  console.log(JSON.stringify(report))
  process.exit(report.errors + report.lost === 0 ? 0 : 1)
}
