/** Start to ready on a database of about 1 GB. */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { startHub } from '../hub.ts'
import { median } from '../load.ts'
import type { BenchOptions, Row } from '../run.ts'
import { bringNeeds } from '../world.ts'

const bytes_total = 1_000_000_000

/** Grows the idempotent answers, the largest table of a busy hub, to the wanted size. */
function grow (file: string, bytes: number): void {
  const database = new Database(file)
  database.pragma('journal_mode = WAL')
  const columns = (database.pragma('table_info(idempotent_answers)') as { name: string, notnull: number }[]).map(({ name }) => name)
  const fill: Record<string, unknown> = { caller: 'bench/', request_digest: 'd'.repeat(64), status: 201, headers: '{}', body: 'x'.repeat(2000), created_at: '2026-01-12T00:00:00.000Z' }
  const insert = database.prepare(`insert into idempotent_answers (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`)
  const many = database.transaction((from: number) => {
    for (let n = from; n < from + 10_000; n++) insert.run(...columns.map(name => name === 'idempotency_key' ? `bench-${n}` : fill[name] ?? null))
  })
  for (let n = 0; statSync(file).size < bytes; n += 10_000) {
    many(n)
    database.pragma('wal_checkpoint(TRUNCATE)')
  }
  database.close()
}

export async function startUp ({ rounds, scale }: BenchOptions): Promise<Row[]> {
  const data_dir = mkdtempSync(join(tmpdir(), 'rongqiao-start-'))
  try {
    const first = await startHub({}, data_dir)
    await bringNeeds(first, 1, 1000)
    await first.stop()
    grow(join(data_dir, 'hub.sqlite'), bytes_total * scale)
    const times: number[] = []
    for (let round = 0; round < rounds; round++) {
      const begun = performance.now()
      const hub = await startHub({}, data_dir)
      const ready = await fetch(`${hub.base_url}/health/ready`)
      times.push((performance.now() - begun) / 1000)
      await hub.stop()
      if (ready.status !== 200) throw new Error(`not ready: ${ready.status}`)
    }
    const value = median(times)
    return [{ name: 'start to ready on 1 GB of data', value, unit: 's', ceiling: null, ratio: null, goal: '≤ 3 s', met: value <= 3 }]
  } finally {
    rmSync(data_dir, { recursive: true, force: true })
  }
}
