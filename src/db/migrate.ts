/**
 * Forward-only migrations: an upgrade is one transaction over all its files, so that a killed one leaves the old state or the new one;
 * checksums are recorded, a changed released file is refused.
 * Portable SQL; `{{autonumber}}` is the one word that differs between the databases.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import pg from 'pg'

export interface Migration { name: string, sql: string, checksum: string }

const autonumber = { sqlite: 'integer primary key', postgres: 'bigint generated always as identity primary key' }
const postgres_lock = 7_315_001

export function readMigrations (folder: string): Migration[] {
  return readdirSync(folder).filter(name => name.endsWith('.sql')).sort().map(name => {
    const sql = readFileSync(join(folder, name), 'utf8')
    return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
  })
}

/**
 * Brings the database up to date, whole or not at all.
 *
 * @param target path of the SQLite file, or postgres://…
 * @returns names applied now
 * Errors: a recorded migration that changed or is missing stops everything.
 */
export async function migrate (target: string, migrations: readonly Migration[]): Promise<string[]> {
  return target.startsWith('postgres') ? migratePostgres(target, migrations) : migrateSqlite(target, migrations)
}

const register = 'create table if not exists migrations (name text primary key, checksum text not null, applied_at text not null)'

function pending (recorded: readonly { name: string, checksum: string }[], migrations: readonly Migration[]): Migration[] {
  for (const { name, checksum } of recorded) {
    const known = migrations.find(migration => migration.name === name)
    if (known === undefined) throw new Error(`migration ${name} was applied but is not here: this program is older than its database`)
    if (known.checksum !== checksum) throw new Error(`migration ${name} was changed after it was applied`)
  }
  const done = new Set(recorded.map(({ name }) => name))
  return migrations.filter(({ name }) => !done.has(name))
}

function migrateSqlite (file: string, migrations: readonly Migration[]): string[] {
  const database = new Database(file)
  try {
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = FULL')
    return database.transaction(() => {
      database.exec(register)
      const todo = pending(database.prepare('select name, checksum from migrations').all() as Migration[], migrations)
      for (const { name, sql, checksum } of todo) {
        database.exec(sql.replaceAll('{{autonumber}}', autonumber.sqlite))
        database.prepare("insert into migrations values (?, ?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))").run(name, checksum)
      }
      return todo.map(({ name }) => name)
    }).exclusive()
  } finally {
    database.close()
  }
}

async function migratePostgres (url: string, migrations: readonly Migration[]): Promise<string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [postgres_lock])
    await client.query('begin')
    await client.query(register)
    const todo = pending((await client.query<Migration>('select name, checksum from migrations')).rows, migrations)
    for (const { name, sql, checksum } of todo) {
      try {
        await client.query(sql.replaceAll('{{autonumber}}', autonumber.postgres))
        await client.query('insert into migrations values ($1, $2, now()::text)', [name, checksum])
      } catch (reason) {
        throw new Error(`migration ${name} failed`, { cause: reason })
      }
    }
    await client.query('commit')
    return todo.map(({ name }) => name)
  } finally {
    await client.end()
  }
}
