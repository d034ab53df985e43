/** Durable units at 64 at once: sharing commits against one commit each, the same unit. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { newNo, runningClock } from '../../../src/clock.ts'
import { bulkInsert } from '../../../src/db/bulk.ts'
import { integer, table, text } from '../../../src/db/columns.ts'
import { openSqlite } from '../../../src/db/sqlite.ts'
import { median } from '../load.ts'
import type { BenchOptions, Row } from '../run.ts'

const rows = table('rows', { id: text().primaryKey(), amount_fen: integer().notNull(), body: text().notNull() })
const insertRow = bulkInsert(rows)
const at_once = 64
const body = 'x'.repeat(600)

async function perSecond (group_size_max: number, round_ms: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'rongqiao-commit-'))
  const file = join(folder, 'hub.sqlite')
  const made = new Database(file)
  made.pragma('journal_mode = WAL')
  made.exec('create table rows (id text primary key, amount_fen integer not null, body text not null)')
  made.close()
  const db = openSqlite(file, runningClock(), { group_size_max })
  const begun = performance.now()
  let done = 0
  await Promise.all(Array.from({ length: at_once }, async () => {
    while (performance.now() - begun < round_ms) {
      await db.write(async sql => { await insertRow(sql, [{ id: newNo('row'), amount_fen: 1, body }]) })
      done++
    }
  }))
  const rate = done / (performance.now() - begun) * 1000
  await db.close()
  rmSync(folder, { recursive: true, force: true })
  return rate
}

export async function groupCommit ({ rounds, round_ms }: BenchOptions): Promise<Row[]> {
  const alone: number[] = []
  const shared: number[] = []
  for (let round = 0; round < rounds; round++) {
    alone.push(await perSecond(1, round_ms))
    shared.push(await perSecond(256, round_ms))
  }
  const value = median(shared)
  const ceiling = median(alone)
  return [{ name: 'durable units, group commit against one commit each', value, unit: 'units/s', ceiling, ratio: value / ceiling, goal: '≥ 8×', met: value / ceiling >= 8 }]
}
