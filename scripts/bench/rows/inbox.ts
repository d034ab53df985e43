/** How soon a new need is in an institution's inbox: from the answer that its commit is on disk to the lead on the first page. */
import { startHub, type RunningHub } from '../hub.ts'
import type { BenchOptions, Row } from '../run.ts'
import { bringNeeds } from '../world.ts'
import { ownDatabase } from '../../harness/hubs.ts'

const needs_total = 100
const warming = 10
const goal_ms = 100
const tick_ms = 5

async function inboxOf (hub: RunningHub): Promise<number> {
  return (await hub.call<{ totals: { count: number } }>('bank-1', 'GET', '/v1/leads?limit=1')).totals.count
}

async function timesOf (count: number, database_url: string | null): Promise<number[]> {
  const hub = await startHub(database_url === null ? {} : { DATABASE_URL: database_url })
  try {
    const times: number[] = []
    for (let n = 1; n <= warming + count; n++) {
      await bringNeeds(hub, n, 1)
      const committed = performance.now()
      while (await inboxOf(hub) < n) await new Promise(resolve => setTimeout(resolve, tick_ms))
      if (n > warming) times.push(performance.now() - committed)
    }
    return times
  } finally {
    await hub.stop()
  }
}

export async function inboxTimes ({ scale, postgres_url }: BenchOptions): Promise<Row[]> {
  const rows: Row[] = []
  for (const dialect of postgres_url === null ? ['SQLite'] : ['SQLite', 'PostgreSQL']) {
    const database = dialect === 'SQLite' || postgres_url === null ? null : await ownDatabase(postgres_url)
    const times = (await timesOf(Math.max(warming, needs_total * scale), database?.url ?? null)).sort((a, b) => a - b)
    await database?.drop()
    const value = times[Math.floor(times.length * 0.95)] ?? Infinity
    rows.push({ name: `need committed to lead in the inbox, p95 (${dialect})`, value, unit: 'ms', ceiling: null, ratio: null, goal: `< ${goal_ms} ms`, met: value < goal_ms })
  }
  return rows
}
