/** A hub within this process, on a clock that stands still until told otherwise, and its callers. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { buildApp, type HubApp } from '../../src/app.ts'
import { frozenClock, newNo, newSecret } from '../../src/clock.ts'
import { readConfig } from '../../src/config.ts'
import type { Db } from '../../src/db/db.ts'
import type { Role } from '../../src/http/access.ts'
import { loadHubKeys } from '../../src/db/keys.ts'
import { migrate, readMigrations } from '../../src/db/migrate.ts'
import { openDb } from '../../src/db/open.ts'
import { hubCipher } from '../../src/http/sm.ts'
import { insertClient } from '../../src/registry/participants/access-store.ts'
import { seedSandbox, type SandboxFile, type SandboxParticipant } from '../../src/registry/participants/sandbox.ts'
import { hashSecret } from '../../src/registry/participants/service.ts'
import { insertCredential, insertParticipant, insertUser } from '../../src/registry/participants/store.ts'

export interface Answer { status: number, headers: Record<string, unknown>, bytes: Buffer }

export interface FrozenHub {
  clock: ReturnType<typeof frozenClock>
  settle (): Promise<void>
  /** One request of a participant's machine, or of its n-th user; a second passes. */
  send (who: string, method: 'GET' | 'POST', url: string, body?: unknown, options?: { user?: number, key?: string }): Promise<Answer>
  /** The body of a 2xx. Errors: any other answer. */
  call<T> (who: string, method: 'GET' | 'POST', url: string, body?: unknown, options?: { user?: number, key?: string }): Promise<T>
  /** Uploads a paper with bytes of its own. @returns document_no */
  paper (who: string, text: string): Promise<string>
  participant (who: string): { name: string, uscc: string }
  /** The process ends with whatever its loops had left to do, and begins again on the same data. */
  crash (): Promise<void>
  close (): Promise<void>
}

const boundary = 'rongqiao-harness'

/** Another participant besides those of the sandbox, with a machine and one person. */
export interface Newcomer { participant_no: string, role: Role, name: string, uscc: string }

async function enrol (db: Db, { participant_no, role, name, uscc }: Newcomer): Promise<SandboxParticipant> {
  const [api_key, user_key] = [newSecret('sandbox_key'), newSecret('sandbox_user_key')]
  const [client_id, user_no] = [`client-${participant_no}`, `${participant_no}-user-1`]
  const duties: SandboxParticipant['users'][number]['duties'] = ['PREPARE', 'APPROVE']
  await db.write(async (sql, now) => {
    await insertParticipant(sql, {
      participant_no, role, name, uscc, region_code: null, aliases: [], is_government_guarantor: role === 'GUARANTOR', is_cooperating: role !== 'GUARANTOR', status: 'ACTIVE', version: 1,
      created_at: now, updated_at: now
    })
    await insertUser(sql, { user_no, participant_no, name: user_no, duties, status: 'ACTIVE' })
    for (const each of [{ client_id, user_no: null, key: api_key }, { client_id: user_no, user_no, key: user_key }]) {
      const owner = { participant_no, client_id: each.client_id, user_no: each.user_no, status: 'ACTIVE', created_at: now } as const
      await insertClient(sql, { ...owner, content_digest: '', created_by: participant_no })
      await insertCredential(sql, { ...owner, secret_hash: hashSecret(each.key), kind: 'API_KEY' })
    }
  })
  return { participant_no, role, name, uscc, client_id, client_secret: '', api_key, users: [{ user_no, name: user_no, duties, api_key: user_key }] }
}

/** Opens a hub on an empty database. */
export async function frozenHub (database_url: string, data_dir: string, start: string, newcomers: readonly Newcomer[] = []): Promise<FrozenHub> {
  const clock = frozenClock(start)
  const target = database_url === '' ? join(data_dir, 'hub.sqlite') : database_url
  await migrate(target, readMigrations(join(import.meta.dirname, '../../migrations')))
  const config = readConfig({ HUB_MODE: 'sandbox', DATA_DIR: data_dir, ...(database_url === '' ? {} : { DATABASE_URL: database_url }) })
  const begin = async (db: Db): Promise<HubApp> => {
    const built = await buildApp({ config, db, log: pino({ level: 'fatal' }) })
    built.ready.value = true
    await built.app.ready()
    return built
  }
  let db = openDb(target, clock)
  db.useCipher(hubCipher(config, loadHubKeys(config).keyring))
  const seeded = await seedSandbox(db)
  if (seeded === null) throw new Error('the database was not empty')
  writeFileSync(join(data_dir, 'sandbox.json'), JSON.stringify(seeded), { mode: 0o600 })
  const sandbox: SandboxFile = JSON.parse(readFileSync(join(data_dir, 'sandbox.json'), 'utf8'))
  for (const newcomer of newcomers) sandbox.participants.push(await enrol(db, newcomer))
  const participantOf = (who: string) => {
    const found = sandbox.participants.find(each => each.participant_no === who)
    if (found === undefined) throw new Error(`no participant ${who}`)
    return found
  }
  let built = await begin(db)
  const hub: FrozenHub = {
    clock,
    settle: () => built.loops.settle(),
    async send (who, method, url, body, { user, key } = {}) {
      clock.advance(1000)
      const api_key = user === undefined ? participantOf(who).api_key : participantOf(who).users[user - 1]?.api_key
      const isForm = typeof body === 'string'
      const answer = await built.app.inject({
        method, url, headers: {
          authorization: `Bearer ${api_key}`, ...(method === 'POST' ? { 'idempotency-key': key ?? newNo('key') } : {}),
          ...(isForm ? { 'content-type': `multipart/form-data; boundary=${boundary}` } : {})
        },
        ...(body === undefined ? {} : { payload: body as Record<string, unknown> })
      })
      return { status: answer.statusCode, headers: answer.headers, bytes: answer.rawPayload }
    },
    async call (who, method, url, body, options) {
      const { status, bytes } = await hub.send(who, method, url, body, options)
      if (status >= 300) throw new Error(`${who} ${method} ${url}: ${status} ${bytes.toString('utf8')} ${JSON.stringify(body)?.slice(0, 500)}`)
      return JSON.parse(bytes.toString('utf8'))
    },
    async paper (who, text) {
      const form = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="paper.pdf"\r\nContent-Type: application/pdf\r\n\r\n${text}\r\n--${boundary}--\r\n`
      return (await hub.call<{ document_no: string }>(who, 'POST', '/v1/documents', form)).document_no
    },
    participant: participantOf,
    async crash () {
      await hub.close()
      db = openDb(target, clock)
      built = await begin(db)
    },
    async close () {
      await built.app.close()
      await db.close()
    }
  }
  return hub
}
