/**
 * The process: configuration → database → app → listen → close gracefully.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { pino } from 'pino'
import { buildApp } from './app.ts'
import { runningClock } from './clock.ts'
import { ConfigError, readConfig, type Config } from './config.ts'
import { loggedError } from './db/failures.ts'
import { migrate, readMigrations } from './db/migrate.ts'
import type { Db } from './db/db.ts'
import { openDb } from './db/open.ts'
import { loadHubKeys } from './db/keys.ts'
import { hubCipher } from './http/sm.ts'
import { seedSandbox, type SandboxFile } from './registry/participants/sandbox.ts'
import { hasSandboxKeys } from './registry/participants/store.ts'

const close_within_ms = 10_000

function configured (): Readonly<Config> {
  try {
    return readConfig()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const mistake of error.mistakes) console.error(`configuration: ${mistake}`)
    process.exit(1)
  }
}

/** Writes a file whole or not at all, readable by its owner only. */
function writePrivately (file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 })
  chmodSync(`${file}.new`, 0o600)
  renameSync(`${file}.new`, file)
}

/** What production does not start with. Errors: ConfigError. */
async function refuseUnsafe (db: Db): Promise<void> {
  const { unsafe } = await db.settings()
  const mistakes = unsafe.map(name => `the database setting ${name} may lose what was acknowledged: set it to its safe value`)
  if (await hasSandboxKeys(db.read)) mistakes.push('the database was filled by a sandbox, whose keys are published: production needs an empty one')
  if (mistakes.length > 0) {
    await db.close()
    throw new ConfigError(mistakes)
  }
}

/**
 * Garbage of long work is collected when the heap has grown by half; by itself it may grow fourfold. While 100,000 rows of a list were
 * taken in, resident memory grew by 410 MB instead of 200, for no less work.
 */
const heap_growth = '--heap-growing-percent=50'

async function start (): Promise<void> {
  setFlagsFromString(heap_growth)
  const config = configured()
  mkdirSync(config.data_dir, { recursive: true, mode: 0o700 })
  const log = pino({ level: config.log_level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 2, sync: false }))
  const { keyring } = loadHubKeys(config)
  const clock = runningClock(config.now ?? undefined)
  const sqlite_file = join(config.data_dir, 'hub.sqlite')
  const target = config.database_url ?? sqlite_file
  await migrate(target, readMigrations(join(import.meta.dirname, '../migrations')))
  const db = openDb(target, clock)
  db.useCipher(hubCipher(config, keyring))
  if (config.hub_mode === 'production') await refuseUnsafe(db)
  const sandbox_file = join(config.data_dir, 'sandbox.json')
  const seeded = config.hub_mode === 'sandbox' ? await seedSandbox(db) : null
  if (seeded !== null) writePrivately(sandbox_file, JSON.stringify(seeded, null, 2))
  const { app, loops, ready } = await buildApp({ config, db, log })

  await app.listen({ host: config.host, port: config.port })
  const address = app.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : config.port
  const base_url = config.public_url ?? `http://${config.host}:${port}`
  if (config.hub_mode === 'sandbox') {
    if (!existsSync(sandbox_file)) throw new Error(`${sandbox_file} is missing but the database has participants: use the folder it was written to`)
    const kept = JSON.parse(readFileSync(sandbox_file, 'utf8')) as SandboxFile
    writePrivately(sandbox_file, JSON.stringify({ ...kept, base_url }, null, 2))
  }
  loops.start()
  ready.value = true
  console.log(`融桥 Rongqiao listens on ${base_url} (${config.hub_mode}, ${db.dialect})`)

  let closing = false
  async function close (signal: string): Promise<void> {
    if (closing) return
    closing = true
    ready.value = false
    log.info({ signal }, 'closing')
    const deadline = setTimeout(() => process.exit(1), close_within_ms)
    deadline.unref()
    await app.close()
    await db.close()
    process.exit(0)
  }
  process.on('SIGTERM', () => { void close('SIGTERM') })
  process.on('SIGINT', () => { void close('SIGINT') })
}

start().catch((error: unknown) => {
  if (error instanceof ConfigError) for (const mistake of error.mistakes) console.error(`configuration: ${mistake}`)
  else console.error(loggedError(error))
  process.exit(1)
})
