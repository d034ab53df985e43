/**
 * Moves a stopped SQLite hub to PostgreSQL: node scripts/to-postgres.ts <data folder> postgres://…
 * Copies every table in one transaction into an empty database and compares a digest of each table on both sides.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import pg from 'pg'
import { migrate, readMigrations } from '../src/db/migrate.ts'

const rows_per_insert_max = 500
const int8_oid = 20
pg.types.setTypeParser(int8_oid, Number)

interface Table { name: string, columns: string[], key: string[] }

function tablesOf (source: Database.Database): Table[] {
  const names = source.prepare<[], { name: string }>("select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name not in ('migrations', 'leases') order by rowid").all()
  return names.map(({ name }) => {
    const columns = source.pragma(`table_info(${name})`) as { name: string, pk: number }[]
    const key = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk).map(column => column.name)
    return { name, columns: columns.map(column => column.name), key: key.length > 0 ? key : columns.map(column => column.name) }
  })
}

/** Digest of rows in the order of their key, compared as bytes on both sides. */
function digestOfRows (rows: Iterable<unknown[]>): { digest: string, count: number } {
  const lines: string[] = []
  for (const row of rows) lines.push(JSON.stringify(row))
  lines.sort()
  return { digest: createHash('sha256').update(lines.join('\n')).digest('hex'), count: lines.length }
}

/** @returns the tables with their row counts. Errors: the target is not empty, or a digest differs (nothing is kept) */
export async function toPostgres (data_dir: string, url: string): Promise<{ name: string, count: number }[]> {
  await migrate(url, readMigrations(join(import.meta.dirname, '../migrations')))
  const source = new Database(join(data_dir, 'hub.sqlite'), { readonly: true })
  const target = new pg.Client({ connectionString: url })
  await target.connect()
  const report: { name: string, count: number }[] = []
  try {
    await target.query('begin')
    await target.query("set local session_replication_role = 'replica'")
    for (const { name, columns } of tablesOf(source)) {
      if ((await target.query(`select 1 from ${name} limit 1`)).rowCount !== 0) throw new Error(`the target has rows in ${name}`)
      const rows = source.prepare(`select ${columns.join(', ')} from ${name}`).raw()
      let waiting: unknown[][] = []
      const send = async (): Promise<void> => {
        if (waiting.length === 0) return
        const places = waiting.map((_, row) => `(${columns.map((__, column) => `$${row * columns.length + column + 1}`).join(', ')})`)
        await target.query(`insert into ${name} (${columns.join(', ')}) overriding system value values ${places.join(', ')}`, waiting.flat())
        waiting = []
      }
      for (const row of rows.iterate() as Iterable<unknown[]>) {
        waiting.push(row)
        if (waiting.length * columns.length > 30_000 || waiting.length >= rows_per_insert_max) await send()
      }
      await send()
      const here = digestOfRows(rows.iterate() as Iterable<unknown[]>)
      const there = digestOfRows((await target.query({ text: `select ${columns.join(', ')} from ${name}`, rowMode: 'array' })).rows as unknown[][])
      if (here.digest !== there.digest) throw new Error(`${name} differs after copying: ${here.count} rows here, ${there.count} there`)
      report.push({ name, count: here.count })
    }
    for (const { rows: [row] } of [await target.query("select pg_get_serial_sequence('events', 'entry') as name")]) {
      await target.query('select setval($1, (select coalesce(max(entry), 0) + 1 from events), false)', [row.name])
    }
    await target.query('commit')
  } catch (reason) {
    await target.query('rollback').catch(() => undefined)
    throw reason
  } finally {
    await target.end()
    source.close()
  }
  return report
}

if (import.meta.main) {
  const [data_dir, url] = process.argv.slice(2)
  if (data_dir === undefined || url === undefined) {
    console.error('node scripts/to-postgres.ts <data folder> postgres://user:password@host:port/database')
    process.exit(2)
  }
  for (const { name, count } of await toPostgres(data_dir, url)) console.log(`${name}: ${count} rows, digests agree`)
}
