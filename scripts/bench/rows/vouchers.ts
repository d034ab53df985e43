/** A durable, idempotent interest voucher with its event, on both databases, against a bare route with the same schemas. */
import { ownDatabase } from '../../harness/hubs.ts'
import { nextKey, startHub, type RunningHub } from '../hub.ts'
import { load, median } from '../load.ts'
import type { BenchOptions, Row } from '../run.ts'
import { bearer, bringLoans, bringNeeds, inventedVoucher } from '../world.ts'
import { put, startCeiling } from './leads.ts'

const connections = 64
const loans = 1000

async function ready (env: Record<string, string>): Promise<{ hub: RunningHub, document_no: string }> {
  const hub = await startHub(env)
  await bringNeeds(hub, 1, loans)
  await bringLoans(hub, 1, loans)
  // One receipt for all: what is measured is taking in and keeping; sharing a receipt holds a voucher and costs a look more.
  const { document_no } = await hub.upload<{ document_no: string }>('bank-1', '/v1/documents', 'receipt.pdf', Buffer.from('%PDF bench receipt'))
  return { hub, document_no }
}

export async function voucherPosts ({ rounds, round_ms, postgres_url }: BenchOptions): Promise<Row[]> {
  const ceiling = await startCeiling()
  const sqlite = await ready({})
  let postgres: Awaited<ReturnType<typeof ready>> | undefined
  let database: Awaited<ReturnType<typeof ownDatabase>> | undefined
  if (postgres_url !== null) {
    database = await ownDatabase(postgres_url)
    postgres = await ready({ DATABASE_URL: database.url })
  }
  try {
    const sent = new Map<RunningHub, number>()
    const rateOf = async ({ hub, document_no }: { hub: RunningHub, document_no: string }): Promise<number> => {
      const headers = bearer(hub, 'bank-1')
      const refused: string[] = []
      const { per_second } = await load({
        base_url: hub.base_url, connections, duration_ms: round_ms,
        next () {
          const n = sent.get(hub) ?? 0
          sent.set(hub, n + 1)
          return { method: 'POST', path: '/v1/interest-vouchers', headers: { ...headers, 'idempotency-key': nextKey() }, body: JSON.stringify(inventedVoucher(n, 1, loans, document_no)) }
        },
        onAnswer (_request, status, body) { if (status !== 201) refused.push(`${status} ${body}`) }
      })
      if (refused.length > 0) throw new Error(`${refused.length} vouchers were refused: ${refused[0]}`)
      return per_second
    }
    const body = JSON.stringify(inventedVoucher(0, 1, loans, sqlite.document_no))
    const headers = bearer(sqlite.hub, 'bank-1')
    const shown = await fetch(`${sqlite.hub.base_url}/v1/interest-vouchers`, { method: 'POST', headers: { ...headers, 'idempotency-key': nextKey() }, body })
    sent.set(sqlite.hub, 1)
    await put(ceiling.base_url, '/voucher', await shown.text())
    const bare: number[] = []
    const on_sqlite: number[] = []
    const on_postgres: number[] = []
    for (let round = 0; round < rounds; round++) {
      bare.push((await load({ base_url: ceiling.base_url, connections, duration_ms: round_ms, next: () => ({ method: 'POST', path: '/voucher', headers: { 'content-type': 'application/json' }, body }) })).per_second)
      on_sqlite.push(await rateOf(sqlite))
      if (postgres !== undefined) on_postgres.push(await rateOf(postgres))
    }
    const top = median(bare)
    const row = (name: string, value: number, goal: number): Row => ({ name, value, unit: 'requests/s', ceiling: top, ratio: value / top, goal: `≥ ${goal.toFixed(2)} of the ceiling`, met: value / top >= goal })
    return [
      row('durable idempotent voucher POST, SQLite', median(on_sqlite), 0.4),
      ...on_postgres.length === 0 ? [] : [row('the same on PostgreSQL, one process', median(on_postgres), 0.2)]
    ]
  } finally {
    ceiling.stop()
    await sqlite.hub.stop()
    await postgres?.hub.stop()
    await database?.drop()
  }
}
