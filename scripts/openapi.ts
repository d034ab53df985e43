/**
 * Writes the published contract: node scripts/openapi.ts
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { buildApp } from '../src/app.ts'
import { frozenClock } from '../src/clock.ts'
import { readConfig } from '../src/config.ts'
import { migrate, readMigrations } from '../src/db/migrate.ts'
import { openDb } from '../src/db/open.ts'

/** The contract as text, as it is committed. */
export async function contractText (): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'rongqiao-openapi-'))
  try {
    const file = join(folder, 'hub.sqlite')
    await migrate(file, readMigrations(join(import.meta.dirname, '../migrations')))
    const db = openDb(file, frozenClock('2026-01-12T00:00:00.000Z'))
    const config = readConfig({ HUB_MODE: 'sandbox', DATA_DIR: folder })
    const { app } = await buildApp({ config, db, log: pino({ level: 'silent' }) })
    await app.ready()
    const document = (await app.inject({ url: '/openapi.json' })).json()
    await app.close()
    await db.close()
    return JSON.stringify(document, null, 2) + '\n'
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../openapi/openapi.json'), await contractText())
