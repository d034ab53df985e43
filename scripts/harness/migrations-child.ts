/** Child of the migrations harness: upgrades a database and says when it begins and ends, on standard output. */
import { readFileSync, writeSync } from 'node:fs'
import Database from 'better-sqlite3'
import pg from 'pg'
import { migrate, type Migration } from '../../src/db/migrate.ts'

const [target = '', file = '', mode = ''] = process.argv.slice(2)
const migrations = JSON.parse(readFileSync(file, 'utf8')) as Migration[]

/** The seeded fault: every statement commits by itself. */
async function stepByStep (): Promise<void> {
  const statements = migrations.flatMap(({ sql }) => sql.split(/;\s*\n/))
  if (target.startsWith('postgres')) {
    const client = new pg.Client({ connectionString: target })
    await client.connect()
    for (const statement of statements) await client.query(statement.replaceAll('{{autonumber}}', 'bigint generated always as identity primary key'))
    await client.end()
  } else {
    const database = new Database(target)
    for (const statement of statements) database.exec(statement.replaceAll('{{autonumber}}', 'integer primary key'))
    database.close()
  }
}

writeSync(1, 'begin\n')
if (mode === 'fault') await stepByStep()
else await migrate(target, migrations)
writeSync(1, 'end\n')
