/**
 * Child of the power-cut harness: writes rows and says which ones were acknowledged, on standard output. Pages are copied back beside it
 * as in the hub, only sooner and more often; it goes on until they were, however fast it writes.
 */
import { statSync, writeSync } from 'node:fs'
import Database from 'better-sqlite3'
import { runningClock } from '../../src/clock.ts'
import { integer, table, text } from '../../src/db/columns.ts'
import { openSqlite } from '../../src/db/sqlite.ts'

const [file = '', count = '0', mode = 'full'] = process.argv.slice(2)
const rows = table('rows', { id: integer().primaryKey(), body: text().notNull() })
const body = 'x'.repeat(1500)
const at_once = 8
const copied_back_min = 6
const rows_max = 50_000
const acknowledge = (id: number): void => { writeSync(1, `ACK ${id}\n`) }

if (mode === 'full') {
  const db = openSqlite(file, runningClock(), { copy_back: { look_every_ms: 5, worth_copying_bytes: 100_000 } })
  let copied_back = 0
  let copied_at = statSync(file, { bigint: true }).mtimeNs
  let copying = false
  for (let id = 1; id <= Number(count) || (copied_back < copied_back_min && id < rows_max); id += at_once) {
    await Promise.all(Array.from({ length: at_once }, async (_, index) => {
      await db.write(async sql => { await sql.insert(rows).values({ id: id + index, body }) })
      acknowledge(id + index)
    }))
    const { mtimeNs } = statSync(file, { bigint: true })
    // A copy lasts for some groups; it is over when a group finds the file as the group before it did.
    if (copying && mtimeNs === copied_at) copied_back++
    copying = mtimeNs !== copied_at
    copied_at = mtimeNs
  }
  await db.close()
} else {
  // The seeded fault: what better-sqlite3 would do in WAL mode if nobody asked for FULL.
  const database = new Database(file)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = NORMAL')
  const insert = database.prepare('insert into rows values (?, ?)')
  for (let id = 1; id <= Number(count); id++) {
    insert.run(id, body)
    acknowledge(id)
  }
  database.close()
}
