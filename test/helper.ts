/**
 * `build(t)`: the whole hub on a temporary database with a frozen clock and the sandbox's participants.
 * SQLite by default; PostgreSQL when DATABASE_URL says so (a database of its own per build).
 */
import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import pg from 'pg'
import { pino } from 'pino'
import { buildApp, type HubApp } from '../src/app.ts'
import { frozenClock, newNo } from '../src/clock.ts'
import { readConfig, type Config } from '../src/config.ts'
import { migrate, readMigrations } from '../src/db/migrate.ts'
import { digestOf } from '../src/db/canonical.ts'
import { loadHubKeys } from '../src/db/keys.ts'
import { openDb } from '../src/db/open.ts'
import type { Db } from '../src/db/db.ts'
import { hubCipher } from '../src/http/sm.ts'
import { temporary_root } from '../scripts/postgres.ts'
import { schemaMistakes } from './payment/schema-check.ts'
import { seedSandbox, type SandboxFile } from '../src/registry/participants/sandbox.ts'

export const start_of_test = '2026-03-18T02:00:00.000Z'

/** Where a temporary thing says how it is undone: a test, or a command. */
export interface Scope { teardown (undo: () => unknown): unknown }

export interface Caller {
  /** Sends one request; POSTs get a fresh Idempotency-Key unless one is given. */
  send (method: InjectOptions['method'], url: string, body?: unknown, headers?: Record<string, string>): Promise<LightMyRequestResponse>
  get (url: string, headers?: Record<string, string>): Promise<LightMyRequestResponse>
  post (url: string, body: unknown, headers?: Record<string, string>): Promise<LightMyRequestResponse>
  /** Uploads one file as multipart. */
  upload (url: string, file: { name: string, bytes: Uint8Array, type?: string }, parts?: Record<string, string>, headers?: Record<string, string>): Promise<LightMyRequestResponse>
  participant_no: string
  uscc: string
}

export interface Built extends HubApp {
  db: Db
  clock: ReturnType<typeof frozenClock>
  sandbox: SandboxFile
  config: Readonly<Config>
  /** lines of the log so far */
  logged: string[]
  /** A participant's machine, or its n-th user (from 1). */
  as (participant_no: string, user?: number): Caller
}

const migrations = readMigrations(join(import.meta.dirname, '../migrations'))
const template_lock = 7_315_002

async function administer<T> (server: string, work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: server })
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.end()
  }
}

function databaseOf (server: string, name: string): string {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

/** Migrating once and copying is what makes hundreds of databases cheap. @returns name of the migrated database, or path of the migrated file */
async function template (server: string | undefined): Promise<string> {
  const digest = digestOf(migrations.map(({ name, checksum }) => [name, checksum])).slice(0, 16)
  if (server === undefined) {
    const file = join(temporary_root, `rongqiao-template-${digest}.sqlite`)
    if (!existsSync(file)) {
      const own = `${file}.${process.pid}`
      await migrate(own, migrations)
      renameSync(own, file)
    }
    return file
  }
  const name = `template_${digest}`
  await administer(server, async admin => {
    await admin.query('select pg_advisory_lock($1)', [template_lock])
    if ((await admin.query('select 1 from pg_database where datname = $1', [name])).rowCount === 0) {
      const half = `${name}_${process.pid}`
      await admin.query(`create database ${half}`)
      await migrate(databaseOf(server, half), migrations)
      await admin.query(`alter database ${half} rename to ${name}`)
    }
  })
  return name
}

/** Makes a database of its own and removes it at the end: empty, or with all tables. */
export async function temporaryDatabase (t: Scope, migrated = false): Promise<{ target: string, folder: string }> {
  const folder = mkdtempSync(join(temporary_root, 'rongqiao-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const server = process.env.DATABASE_URL === '' ? undefined : process.env.DATABASE_URL
  const from = migrated ? await template(server) : null
  if (server === undefined) {
    const target = join(folder, 'hub.sqlite')
    if (from !== null) copyFileSync(from, target)
    return { target, folder }
  }
  const name = newNo('test').toLowerCase()
  await administer(server, admin => admin.query(`create database ${name}${from === null ? '' : ` template ${from}`}`))
  t.teardown(() => administer(server, admin => admin.query(`drop database if exists ${name} with (force)`)))
  return { target: databaseOf(server, name), folder }
}

export function newKey (): string {
  return newNo('key')
}

export async function build (t: Scope, options: { now?: string, config?: Partial<Config> } = {}): Promise<Built> {
  const { target, folder } = await temporaryDatabase(t, true)
  const clock = frozenClock(options.now ?? start_of_test)
  const db = openDb(target, clock)
  const config = { ...readConfig({ HUB_MODE: 'sandbox', DATA_DIR: folder, ...(target.startsWith('postgres') ? { DATABASE_URL: target } : {}) }), ...options.config }
  db.useCipher(hubCipher(config, loadHubKeys(config).keyring))
  const sandbox = await seedSandbox(db)
  if (sandbox === null) throw new Error('the temporary database was not empty')
  return opened(t, { db, clock, config, sandbox })
}

/** Another hub on the same PostgreSQL database, with connections of its own, as a second process has them. */
export async function beside (t: Scope, { clock, config, sandbox }: Built): Promise<Built> {
  if (config.database_url === null) throw new Error('SQLite serves one hub')
  return opened(t, { db: openDb(config.database_url, clock), clock, config, sandbox })
}

async function opened (t: Scope, { db, clock, config, sandbox }: Pick<Built, 'db' | 'clock' | 'config' | 'sandbox'>): Promise<Built> {
  const logged: string[] = []
  const log = pino({ level: 'info' }, { write: line => { logged.push(line) } })
  const built = await buildApp({ config, db, log })
  built.ready.value = true
  await built.app.ready()
  t.teardown(async () => {
    await built.app.close()
    await db.close()
  })
  return { ...built, db, clock, sandbox, config, logged, as: (participant_no, user) => callerOf(built, sandbox, participant_no, user) }
}

function callerOf ({ app }: HubApp, sandbox: SandboxFile, participant_no: string, user?: number): Caller {
  const participant = sandbox.participants.find(each => each.participant_no === participant_no)
  if (participant === undefined) throw new Error(`no participant ${participant_no} in the sandbox`)
  const api_key = user === undefined ? participant.api_key : participant.users[user - 1]?.api_key
  if (api_key === undefined) throw new Error(`${participant_no} has no user ${user}`)
  const authorization = `Bearer ${api_key}`
  const send: Caller['send'] = async (method, url, body, headers = {}) => {
    const answer = await app.inject({
      method: method ?? 'GET',
      url,
      headers: { authorization, ...(method === 'POST' ? { 'idempotency-key': newKey() } : {}), ...headers },
      ...(body === undefined ? {} : { payload: body as Record<string, unknown> })
    })
    const mistakes = url.endsWith('/instruction') && answer.statusCode === 200 ? schemaMistakes(answer.body) : ''
    if (mistakes !== '') throw new Error(`${url} gives no valid pain.001.001.09: ${mistakes}`)
    return answer
  }
  return {
    participant_no,
    uscc: participant.uscc,
    send,
    get: (url, headers) => send('GET', url, undefined, headers),
    post: (url, body, headers) => send('POST', url, body, headers),
    async upload (url, file, parts = {}, headers = {}) {
      const form = new FormData()
      for (const [name, value] of Object.entries(parts)) form.append(name, value)
      form.append('file', new Blob([file.bytes as Uint8Array<ArrayBuffer>], { type: file.type ?? 'application/octet-stream' }), file.name)
      const encoded = new Response(form)
      return app.inject({
        method: 'POST',
        url,
        headers: { authorization, 'idempotency-key': newKey(), 'content-type': encoded.headers.get('content-type') ?? '', ...headers },
        payload: Buffer.from(await encoded.arrayBuffer())
      })
    }
  }
}
