/** Brings the database of the environment up to date: npm run migrate. The hub does the same at its start. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from '../src/config.ts'
import { migrate, readMigrations } from '../src/db/migrate.ts'

const config = readConfig()
mkdirSync(config.data_dir, { recursive: true, mode: 0o700 })
const applied = await migrate(config.database_url ?? join(config.data_dir, 'hub.sqlite'), readMigrations(join(import.meta.dirname, '../migrations')))
console.log(applied.length === 0 ? 'nothing to do' : applied.map(name => `applied ${name}`).join('\n'))
