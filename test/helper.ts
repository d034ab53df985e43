/**
 * `build(t)`: the whole hub on a temporary database with a frozen clock and the sandbox's participants.
 * SQLite by default; PostgreSQL when DATABASE_URL says so (a database of its own per build).
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import pg from 'pg'
import { pino } from 'pino'
import type { Test } from 'tap'
import { buildApp, type HubApp } from '../src/app.ts'
import { frozenClock, newNo } from '../src/clock.ts'
import { readConfig, type Config } from '../src/config.ts'
import { migrate, readMigrations } from '../src/db/migrate.ts'
import { openDb } from '../src/db/open.ts'
import type { Db } from '../src/db/db.ts'
import { seedSandbox, type SandboxFile } from '../src/registry/participants/sandbox.ts'

export const start_of_test = '2026-03-18T02:00:00.000Z'

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

/** Makes an empty database of its own and removes it at the end. */
export async function temporaryDatabase (t: Test): Promise<{ target: string, folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'rongqiao-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const server = process.env.DATABASE_URL
  if (server === undefined || server === '') return { target: join(folder, 'hub.sqlite'), folder }
  const name = newNo('test').toLowerCase()
  const admin = new pg.Client({ connectionString: server })
  await admin.connect()
  await admin.query(`create database ${name}`)
  await admin.end()
  t.teardown(async () => {
    const client = new pg.Client({ connectionString: server })
    await client.connect()
    await client.query(`drop database if exists ${name} with (force)`)
    await client.end()
  })
  const url = new URL(server)
  url.pathname = `/${name}`
  return { target: url.href, folder }
}

export function newKey (): string {
  return newNo('key')
}

export async function build (t: Test, options: { now?: string, config?: Partial<Config> } = {}): Promise<Built> {
  const { target, folder } = await temporaryDatabase(t)
  const clock = frozenClock(options.now ?? start_of_test)
  await migrate(target, readMigrations(join(import.meta.dirname, '../migrations')))
  const db = openDb(target, clock)
  const logged: string[] = []
  const log = pino({ level: 'info' }, { write: line => { logged.push(line) } })
  const config = { ...readConfig({ HUB_MODE: 'sandbox', DATA_DIR: folder, ...(target.startsWith('postgres') ? { DATABASE_URL: target } : {}) }), ...options.config }
  const sandbox = await seedSandbox(db)
  if (sandbox === null) throw new Error('the temporary database was not empty')
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
  const send: Caller['send'] = async (method, url, body, headers = {}) => app.inject({
    method: method ?? 'GET',
    url,
    headers: { authorization, ...(method === 'POST' ? { 'idempotency-key': newKey() } : {}), ...headers },
    ...(body === undefined ? {} : { payload: body as Record<string, unknown> })
  })
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
