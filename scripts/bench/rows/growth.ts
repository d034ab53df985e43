/**
 * What a page and a voucher cost when the hub holds 1, 10 and 100 times as much: 10^4, 10^5, 10^6 leads of one bank and as many
 * vouchers. The larger hubs are the first one with its rows multiplied; all three run side by side and are asked in turn.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { nextKey, startHub, type RunningHub } from '../hub.ts'
import { load, median } from '../load.ts'
import type { BenchOptions, Row } from '../run.ts'
import { bearer, bringLoans, bringNeeds, inventedVoucher, leadsOf, postAll } from '../world.ts'

const base = 10_000
const loans = 1000
const times = [1, 10, 100] as const
const pages_per_round = 40

/** Tables that grow, and the columns that make a copied row another one: there are more enterprises, each with as many loans and vouchers. */
const growing: readonly { table: string, renamed: readonly string[], where?: string }[] = [
  { table: 'leads', renamed: ['lead_no', 'need_no'], where: "recipient_no = 'bank-1'" },
  { table: 'loan_contracts', renamed: ['number', 'business_no', 'first_no', 'uscc'] },
  { table: 'drawdowns', renamed: ['number', 'business_no', 'first_no', 'loan_contract_number', 'uscc'] },
  { table: 'interest_vouchers', renamed: ['number', 'business_no', 'lent_number', 'lent_no', 'uscc'] },
  { table: 'idempotent_answers', renamed: ['idempotency_key'] }
]

function multiply (file: string, by: number): void {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = OFF')
  db.pragma('foreign_keys = OFF')
  for (const { table, renamed, where } of growing) {
    const columns = (db.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => name)
    const copied = columns.map(name => renamed.includes(name) ? `kept."${name}" || '-' || copy.n` : `kept."${name}"`)
    db.exec(`insert into ${table} (${columns.map(name => `"${name}"`).join(', ')})
      with recursive copy (n) as (select 1 union all select n + 1 from copy where n < ${by - 1})
      select ${copied.join(', ')} from copy, (select * from ${table}${where === undefined ? '' : ` where ${where}`}) kept`)
  }
  db.exec(`update lead_totals set leads = leads * ${by}, amount_fen = amount_fen * ${by} where recipient_no = 'bank-1'`)
  db.exec('analyze')
  db.close()
}

interface Grown { hub: RunningHub, folder: string, leads: string[], document_no: string, sent: number, page_ms: number[], per_second: number[] }

/** Milliseconds of a page that was just made stale by an event of the same bank. */
async function freshPageMs (grown: Grown): Promise<number> {
  const { hub, leads } = grown
  const headers = bearer(hub, 'bank-1')
  const spent: number[] = []
  for (let page = 0; page < pages_per_round; page++) {
    await hub.call('bank-1', 'POST', `/v1/leads/${leads.pop()}/events`, { type: 'ACKNOWLEDGED', occurred_at: new Date().toISOString() })
    const begun = performance.now()
    await (await fetch(`${hub.base_url}/v1/leads?limit=50`, { headers })).arrayBuffer()
    spent.push(performance.now() - begun)
  }
  return median(spent)
}

async function vouchersPerSecond (grown: Grown, round_ms: number): Promise<number> {
  const { hub, document_no } = grown
  const headers = bearer(hub, 'bank-1')
  const { per_second, statuses } = await load({
    base_url: hub.base_url, connections: 64, duration_ms: round_ms,
    next: () => ({ method: 'POST', path: '/v1/interest-vouchers', headers: { ...headers, 'idempotency-key': nextKey() }, body: JSON.stringify(inventedVoucher(grown.sent++, 1, loans, document_no)) })
  })
  if (Object.keys(statuses).some(status => status !== '201')) throw new Error(`vouchers were refused: ${JSON.stringify(statuses)}`)
  return per_second
}

async function oldestLeads (hub: RunningHub, count: number): Promise<string[]> {
  const found: string[] = []
  for (let cursor: string | null = ''; found.length < count && cursor !== null;) {
    const page: { items: { lead_no: string }[], next_cursor: string | null } = await hub.call('bank-1', 'GET', `/v1/leads?limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`)
    found.push(...page.items.map(({ lead_no }) => lead_no))
    cursor = page.next_cursor
  }
  return found
}

export async function growth ({ rounds, round_ms, scale }: BenchOptions): Promise<Row[]> {
  const root = mkdtempSync(join(tmpdir(), 'rongqiao-growth-'))
  const grown: Grown[] = []
  try {
    const first = join(root, '1')
    const hub = await startHub({}, first)
    await bringNeeds(hub, 1, base * scale)
    await leadsOf(hub, 'bank-1', base * scale)
    await bringLoans(hub, 1, loans)
    const { document_no } = await hub.upload<{ document_no: string }>('bank-1', '/v1/documents', 'receipt.pdf', Buffer.from('%PDF bench receipt'))
    await postAll(hub, 'bank-1', '/v1/interest-vouchers', Array.from({ length: base * scale }, (_, n) => inventedVoucher(n, 1, loans, document_no)))
    await hub.stop()
    for (const by of times) {
      const folder = join(root, String(by))
      if (by > 1) {
        cpSync(first, folder, { recursive: true })
        multiply(join(folder, 'hub.sqlite'), by)
      }
    }
    for (const by of times) {
      const folder = join(root, String(by))
      const started = await startHub({}, folder)
      grown.push({ hub: started, folder, leads: await oldestLeads(started, rounds * pages_per_round), document_no, sent: base * scale, page_ms: [], per_second: [] })
    }
    for (let round = 0; round < rounds; round++) {
      for (const each of grown) {
        each.page_ms.push(await freshPageMs(each))
        each.per_second.push(await vouchersPerSecond(each, round_ms))
      }
    }
    const page = grown.map(({ page_ms }) => median(page_ms))
    const voucher = grown.map(({ per_second }) => 1000 / median(per_second))
    const row = (what: string, costs: readonly number[], index: number): Row => {
      const ratio = (costs[index] ?? Number.NaN) / (costs[0] ?? Number.NaN)
      return {
        name: `${what}, ${times[index]} × the data`, value: costs[index] ?? Number.NaN, unit: 'ms', ceiling: costs[0] ?? Number.NaN, ratio,
        goal: '≤ 1.20 of its cost at 1 ×', met: ratio <= 1.2
      }
    }
    return [1, 2].flatMap(index => [row('a page of 50 leads right after a change', page, index), row('a voucher POST, time per request', voucher, index)])
  } finally {
    for (const { hub } of grown) await hub.stop()
    rmSync(root, { recursive: true, force: true })
  }
}
