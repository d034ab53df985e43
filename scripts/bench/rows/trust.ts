/** What it costs to know who calls: processor time of this process per request, a remembered token and signatures of two kinds. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { buildApp } from '../../../src/app.ts'
import { newNo, runningClock } from '../../../src/clock.ts'
import { readConfig } from '../../../src/config.ts'
import { loadHubKeys } from '../../../src/db/keys.ts'
import { migrate, readMigrations } from '../../../src/db/migrate.ts'
import { openDb } from '../../../src/db/open.ts'
import { signRequest, type SigningKey } from '../../../src/http/signature.ts'
import { generateSm2KeyPair, hubCipher } from '../../../src/http/sm.ts'
import { insertKey, type KeyAlgorithm } from '../../../src/registry/participants/access-store.ts'
import { seedSandbox } from '../../../src/registry/participants/sandbox.ts'
import { keyResolver } from '../../../src/registry/participants/service.ts'
import { tokenService } from '../../../src/registry/participants/tokens.ts'
import { median } from '../load.ts'
import type { BenchOptions, Row } from '../run.ts'

const requests_per_round = 3000
const resolutions_per_round = 200_000
const at_once = 64
const url = '/v1/me'
const caller = 'bank-1'

const signers: readonly { name: string, algorithm: KeyAlgorithm, goal_ms: number, make (): { held: SigningKey, pem: string } }[] = [
  {
    name: 'P-256 signature', algorithm: 'ECDSA_P256', goal_ms: 0.4, make () {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      return { held: { algorithm: 'ecdsa-p256-sha256', key: privateKey }, pem: String(publicKey.export({ type: 'spki', format: 'pem' })) }
    }
  },
  {
    name: 'SM2 signature', algorithm: 'SM2', goal_ms: 0.6, make () {
      const pair = generateSm2KeyPair()
      return { held: { algorithm: 'sm2-sm3', key: pair }, pem: String(pair.key.export({ type: 'spki', format: 'pem' })) }
    }
  }
]

/** Processor time of a piece of work, in milliseconds per step. */
async function costOf (steps: number, work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000 / steps
}

export async function trust ({ rounds, scale }: BenchOptions): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rongqiao-trust-'))
  const target = join(folder, 'hub.sqlite')
  await migrate(target, readMigrations(join(import.meta.dirname, '../../../migrations')))
  const clock = runningClock()
  const db = openDb(target, clock)
  const config = readConfig({ HUB_MODE: 'sandbox', DATA_DIR: folder, LOG_LEVEL: 'silent', RATE_LIMIT_PER_MINUTE: '100000000', RATE_LIMIT_PER_ADDRESS_PER_MINUTE: '100000000' })
  db.useCipher(hubCipher(config, loadHubKeys(config).keyring))
  const sandbox = await seedSandbox(db)
  const bank = sandbox?.participants.find(({ participant_no }) => participant_no === caller)
  if (bank === undefined) throw new Error('the sandbox was not seeded')
  const { app } = await buildApp({ config, db, log: pino({ level: 'silent' }) })
  await app.ready()
  const count = Math.round(requests_per_round * Math.max(scale, 0.2))

  async function sendAll (headers: (n: number) => Record<string, string>): Promise<void> {
    let sent = 0
    await Promise.all(Array.from({ length: at_once }, async () => {
      while (sent < count) {
        const answer = await app.inject({ url, headers: headers(sent++) })
        if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${answer.body}`)
      }
    }))
  }

  try {
    const tokens = tokenService(db, config, loadHubKeys(config))
    const resolve = keyResolver(db, { sandbox: true, verifier: tokens.verifier })
    const { access_token } = await tokens.bySecret(bank.client_id, bank.client_secret) ?? { access_token: '' }
    const known: number[] = []
    const plain: number[] = []
    const signed = signers.map(() => [] as number[])
    const keys = signers.map(({ algorithm, make }) => ({ algorithm, key_no: newNo('key'), ...make() }))
    for (const { algorithm, key_no, pem } of keys) {
      await db.write((sql, now) => insertKey(sql, {
        key_no, participant_no: caller, user_no: null, algorithm, public_key: pem, fingerprint: key_no, valid_from: '2020-01-01', valid_to: '2099-01-01', status: 'ACTIVE',
        content_digest: key_no, created_by: 'platform-operator-user-1', confirmed_by: 'platform-operator-user-2', retired_by: null, retirement_reason: null, version: 1,
        created_at: now, updated_at: now
      }))
    }
    for (let round = 0; round <= rounds; round++) {
      const resolutions = Math.round(resolutions_per_round * Math.max(scale, 0.2))
      const resolved = await costOf(resolutions, async () => {
        for (let n = 0; n < resolutions; n++) if (await resolve(access_token) === null) throw new Error('the token was not known')
      })
      const bare = await costOf(count, () => sendAll(() => ({ authorization: `Bearer ${access_token}` })))
      const costs: number[] = []
      for (const { key_no, held } of keys) {
        // Signing is the client's work and done before.
        const created = Math.floor(Date.parse(clock.now()) / 1000)
        const requests = Array.from({ length: count }, () => signRequest({ method: 'GET', target_uri: `http://localhost:80${url}`, headers: {}, body: Buffer.alloc(0) }, held,
          { keyid: key_no, created, nonce: newNo('nonce') }))
        costs.push(await costOf(count, () => sendAll(n => requests[n] ?? {})))
      }
      // The first round warms up.
      if (round === 0) continue
      known.push(resolved)
      plain.push(bare)
      for (const [index, cost] of costs.entries()) signed[index]?.push(cost - bare)
    }
    const row = (name: string, value: number, goal_ms: number): Row => ({ name, value, unit: 'ms of CPU', ceiling: null, ratio: null, goal: `≤ ${goal_ms} ms a request`, met: value <= goal_ms })
    return [
      row('remembered token', median(known), 0.02),
      ...signers.map(({ name, goal_ms }, index) => row(`${name}, with its nonce kept`, median(signed[index] ?? []), goal_ms))
    ]
  } finally {
    await app.close()
    await db.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
