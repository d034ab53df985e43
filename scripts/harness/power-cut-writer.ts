/**
 * Child of the power-cut harness: writes rows and says which ones were acknowledged, on standard output. Pages are copied back beside it
 * as in the hub, only sooner and more often.
 */
import { writeSync } from 'node:fs'
import Database from 'better-sqlite3'
import { runningClock } from '../../src/clock.ts'
import { integer, table, text } from '../../src/db/columns.ts'
import { openSqlite } from '../../src/db/sqlite.ts'

const [file = '', count = '0', mode = 'full'] = process.argv.slice(2)
const rows = table('rows', { id: integer().primaryKey(), body: text().notNull() })
const body = 'x'.repeat(1500)
const at_once = 8
const acknowledge = (id: number): void => { writeSync(1, `ACK ${id}\n`) }

if (mode === 'full') {
  const db = openSqlite(file, runningClock(), { copy_back: { look_every_ms: 5, worth_copying_bytes: 100_000 } })
  for (let id = 1; id <= Number(count); id += at_once) {
    await Promise.all(Array.from({ length: at_once }, async (_, index) => {
      await db.write(async sql => { await sql.insert(rows).values({ id: id + index, body }) })
      acknowledge(id + index)
    }))
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
