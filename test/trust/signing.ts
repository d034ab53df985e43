/** Registers keys of the sandbox's participants and sends signed requests as they would be on the wire. */
import { generateKeyPairSync } from 'node:crypto'
import type { LightMyRequestResponse } from 'fastify'
import { newNo } from '../../src/clock.ts'
import { digestOf } from '../../src/db/canonical.ts'
import { signRequest, type SignatureAlgorithm, type SigningKey, type SigningOrder } from '../../src/http/signature.ts'
import { generateSm2KeyPair } from '../../src/http/sm.ts'
import { insertKey, type KeyAlgorithm, type ParticipantKey } from '../../src/registry/participants/access-store.ts'
import { newKey, type Built } from '../helper.ts'

export interface TestKey { key_no: string, held: SigningKey }

const registered: Record<SignatureAlgorithm, KeyAlgorithm> = { ed25519: 'ED25519', 'ecdsa-p256-sha256': 'ECDSA_P256', 'rsa-pss-sha512': 'RSA_PSS', 'sm2-sm3': 'SM2' }

function pairOf (algorithm: SignatureAlgorithm): { held: SigningKey, pem: string } {
  const pem = (key: { export (options: { type: 'spki', format: 'pem' }): string | Buffer }): string => String(key.export({ type: 'spki', format: 'pem' }))
  if (algorithm === 'sm2-sm3') {
    const pair = generateSm2KeyPair()
    return { held: { algorithm, key: pair }, pem: pem(pair.key) }
  }
  const pair = algorithm === 'ed25519' ? generateKeyPairSync('ed25519')
    : algorithm === 'rsa-pss-sha512' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { held: { algorithm, key: pair.privateKey }, pem: pem(pair.publicKey) }
}

/** A key in force; override what the test is about. */
export async function aKey (
  hub: Pick<Built, 'db'>, participant_no: string, algorithm: SignatureAlgorithm = 'ed25519', over: Partial<ParticipantKey> = {}
): Promise<TestKey> {
  const { held, pem } = pairOf(algorithm)
  const key_no = newNo('key')
  await hub.db.write((sql, now) => insertKey(sql, {
    key_no, participant_no, user_no: null, algorithm: registered[algorithm], public_key: pem, fingerprint: digestOf(pem), valid_from: '2026-01-01', valid_to: '2028-01-01',
    status: 'ACTIVE', content_digest: digestOf(key_no), created_by: 'platform-operator-user-1', confirmed_by: 'platform-operator-user-2', retired_by: null,
    retirement_reason: null, version: 1, created_at: now, updated_at: now, ...over
  }))
  return { key_no, held }
}

export interface SignedSending {
  authorization?: string
  headers?: Record<string, string>
  /** what is sent in place of what was signed */
  sent?: { body?: string, url?: string, headers?: Record<string, string> }
  order?: Partial<SigningOrder>
  signed_url?: string
}

/** The headers of a signed request to `url` (absolute), ready to be sent with fetch or inject. */
export function signedHeaders (key: TestKey, now: string, method: string, url: string, body: string | Buffer, headers: Record<string, string>, order: Partial<SigningOrder> = {}): Record<string, string> {
  const created = Math.floor(Date.parse(now) / 1000)
  return {
    ...headers,
    ...signRequest({ method, target_uri: url, headers, body: Buffer.isBuffer(body) ? body : Buffer.from(body) }, key.held, { keyid: key.key_no, created, nonce: newNo('nonce'), ...order })
  }
}

/** Sends a signed request to the hub of a test. */
export async function sendSigned (hub: Built, key: TestKey, method: 'GET' | 'POST', url: string, body?: unknown, { authorization, headers = {}, sent = {}, order, signed_url }: SignedSending = {}): Promise<LightMyRequestResponse> {
  const text = body === undefined ? '' : JSON.stringify(body)
  const all = signedHeaders(key, hub.clock.now(), method, signed_url ?? `http://localhost:80${url}`, text, {
    ...(authorization === undefined ? {} : { authorization }),
    ...(method === 'POST' ? { 'idempotency-key': newKey() } : {}),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...headers
  }, order)
  const payload = sent.body ?? text
  return hub.app.inject({ method, url: sent.url ?? url, headers: { ...all, ...sent.headers }, ...(payload === '' ? {} : { payload }) })
}

export function bearerOf (hub: Built, participant_no: string, user?: number): string {
  const found = hub.sandbox.participants.find(each => each.participant_no === participant_no)
  return `Bearer ${user === undefined ? found?.api_key : found?.users[user - 1]?.api_key}`
}
