/** What production does not start with, each with a line that says so; and that it starts with the rest. */
import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createCipher, newKeyring, parseKeyring } from '../../src/db/cipher.ts'
import { migrate, readMigrations } from '../../src/db/migrate.ts'
import { frozenClock } from '../../src/clock.ts'
import { openDb } from '../../src/db/open.ts'
import { seedSandbox } from '../../src/registry/participants/sandbox.ts'
import { temporaryDatabase } from '../helper.ts'

const root = join(import.meta.dirname, '../..')
const starts_within_ms = 20_000

t.setTimeout(120_000)

interface Place { target: string, folder: string, env: Record<string, string> }

/** Everything production needs, on an empty database. */
async function aPlace (t: Parameters<typeof temporaryDatabase>[0]): Promise<Place> {
  const { target, folder } = await temporaryDatabase(t)
  mkdirSync(join(folder, 'keys'), { mode: 0o700 })
  writeFileSync(join(folder, 'keys/hub-ed25519.pem'), generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  writeFileSync(join(folder, 'kek.json'), newKeyring('first'), { mode: 0o600 })
  return {
    target, folder,
    env: {
      DATA_DIR: folder, PORT: '0', PUBLIC_URL: 'https://hub.example', KEK_FILE: join(folder, 'kek.json'), LOG_LEVEL: 'warn',
      ...(target.startsWith('postgres') ? { DATABASE_URL: target } : {})
    }
  }
}

/** Starts the server until it listens or ends. */
async function start (env: Record<string, string>): Promise<{ started: boolean, said: string }> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !['HUB_MODE', 'DATABASE_URL', 'NOW', 'PUBLIC_URL', 'KEK_FILE'].includes(name)))
  const child = spawn(process.execPath, [join(root, 'src/server.ts')], { env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  return new Promise(resolve => {
    const deadline = setTimeout(() => child.kill('SIGKILL'), starts_within_ms)
    const done = (started: boolean): void => {
      clearTimeout(deadline)
      resolve({ started, said })
    }
    child.stderr.on('data', (chunk: Buffer) => { said += chunk.toString() })
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('listens on')) child.kill('SIGKILL')
    })
    child.once('exit', () => done(said.includes('listens on')))
  })
}

t.test('production starts with keys, an https address and an empty database', async t => {
  const { env } = await aPlace(t)
  const { started, said } = await start(env)
  t.equal(started, true, said)
  t.match(said, 'https://hub.example (production')
})

t.test('every mistake of the environment is said at once', async t => {
  const { started, said } = await start({ PORT: 'eighty', PUBLIC_URL: 'http://hub.example', NOW: '2026-03-18T09:00:00+08:00' })
  t.equal(started, false)
  for (const line of [/configuration: PORT is "eighty"/, /configuration: PUBLIC_URL needs https/, /configuration: KEK_FILE is missing/, /configuration: NOW is for HUB_MODE=sandbox/]) t.match(said, line)
})

t.test('keys that are missing, readable by others, or of another kind are refused by name, before the database is touched', async t => {
  const { env, folder } = await aPlace(t)
  const missing = await start({ ...env, KEK_FILE: join(folder, 'nowhere.json'), DATA_DIR: join(folder, 'elsewhere') })
  t.equal(missing.started, false)
  t.match(missing.said, /configuration: the key-encryption keys are missing/)
  t.match(missing.said, /configuration: the signing key is missing/)
  chmodSync(join(folder, 'kek.json'), 0o644)
  const open = await start(env)
  t.equal(open.started, false)
  t.match(open.said, /readable by its owner only/)
  chmodSync(join(folder, 'kek.json'), 0o600)
  writeFileSync(join(folder, 'keys/hub-ed25519.pem'), generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const other = await start(env)
  t.match(other.said, /is not an Ed25519 key/)
})

t.test('a database that a sandbox filled is refused', async t => {
  const { env, target } = await aPlace(t)
  await migrate(target, readMigrations(join(root, 'migrations')))
  const db = openDb(target, frozenClock('2026-03-18T02:00:00.000Z'))
  db.useCipher(createCipher(parseKeyring(newKeyring('any'))))
  await seedSandbox(db)
  await db.close()
  const { started, said } = await start(env)
  t.equal(started, false)
  t.match(said, /configuration: the database was filled by a sandbox/)
})

t.test('a database that may lose acknowledged rows is refused', { skip: process.env.DATABASE_URL === undefined || process.env.DATABASE_URL === '' ? 'SQLite is opened safely or not at all' : false }, async t => {
  const { env, target } = await aPlace(t)
  const unsafe = new URL(target)
  unsafe.searchParams.set('options', '-c synchronous_commit=off')
  const { started, said } = await start({ ...env, DATABASE_URL: unsafe.href.replaceAll('+', '%20') })
  t.equal(started, false)
  t.match(said, /configuration: the database setting synchronous_commit may lose/)
})
