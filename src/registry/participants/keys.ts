/** Clients of a participant and their public keys. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { newNo, newSecret } from '../../clock.ts'
import { digestOf, sha256Hex } from '../../db/canonical.ts'
import type { Db, ReadSql, WriteSql } from '../../db/db.ts'
import { anotherPerson, personOf, type Principal } from '../../http/access.ts'
import { importVerificationKey, type SignatureAlgorithm } from '../../http/signature.ts'
import { importAssertionKey, type AssertionAlgorithm } from '../../http/tokens.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { addMonths } from '../../policy/period.ts'
import { notFound, Problem, stateConflict } from '../../problem.ts'
import { advanceKey, findKey, findKeyByFingerprint, insertClient, insertKey, listKeys, type Client, type ParticipantKey } from './access-store.ts'
import { seenParticipant, tell } from './registering.ts'
import { hashSecret } from './service.ts'
import type { KeyAlgorithm, KeyStatus } from './statuses.ts'
import { findUser, insertCredential } from './store.ts'

/** How long a key counts when its end is left out. */
export const key_months = 24

/** Names of RFC 7518 for client assertions. SM2 has none: such a key signs requests only. */
export const assertion_algorithms: Readonly<Partial<Record<KeyAlgorithm, AssertionAlgorithm>>> = { ED25519: 'EdDSA', ECDSA_P256: 'ES256', RSA_PSS: 'PS256' }

/** Names of RFC 9421 for request signatures. */
export const signature_algorithms: Readonly<Record<KeyAlgorithm, SignatureAlgorithm>> = {
  ED25519: 'ed25519', ECDSA_P256: 'ecdsa-p256-sha256', RSA_PSS: 'rsa-pss-sha512', SM2: 'sm2-sm3'
}

/**
 * A client of a participant, or of one of its persons. In the sandbox with a secret, shown this once; in production it proves itself by a registered key.
 *
 * Errors: not_found, participant_unknown.
 */
export async function createClient (
  sql: WriteSql, now: string, principal: Principal, participant_no: string, order: { user_no: string | null, sandbox: boolean }
): Promise<Client & { client_secret: string | null }> {
  await seenParticipant(sql, principal, participant_no)
  await checkPerson(sql, participant_no, order.user_no)
  const row: Client = {
    client_id: newNo('client'), participant_no, user_no: order.user_no, status: 'ACTIVE', content_digest: digestOf(order.user_no), created_by: personOf(principal), created_at: now
  }
  const client_secret = order.sandbox ? newSecret('sandbox_secret') : null
  await insertClient(sql, row)
  if (client_secret !== null) {
    await insertCredential(sql, {
      secret_hash: hashSecret(client_secret), participant_no, user_no: order.user_no, client_id: row.client_id, kind: 'CLIENT_SECRET', status: 'ACTIVE', created_at: now
    })
  }
  await tell(sql, now, 'client.created', participant_no, principal, { client_id: row.client_id, user_no: order.user_no })
  return { ...row, client_secret }
}

export interface NewKey {
  algorithm: KeyAlgorithm
  public_key_pem?: string
  public_key_jwk?: Record<string, string>
  user_no?: string
  valid_from?: string
  valid_to?: string
}

/**
 * Registers a public key, or confirms one that another person registered: the same key with the same content.
 *
 * Errors: not_found, participant_unknown, key_unfit, duplicate_key, own_work, period_reversed, invalid_request.
 */
export async function registerKey (sql: WriteSql, now: string, principal: Principal, participant_no: string, content: NewKey): Promise<{ row: ParticipantKey, is_new: boolean }> {
  const person = personOf(principal)
  await seenParticipant(sql, principal, participant_no)
  const { public_key, fingerprint } = readKey(content)
  const { algorithm, user_no = null, valid_from, valid_to } = content
  const content_digest = digestOf([participant_no, user_no, algorithm, fingerprint, valid_from ?? null, valid_to ?? null])
  const before = await findKeyByFingerprint(sql, fingerprint)
  if (before !== undefined) {
    if (before.content_digest !== content_digest) throw new Problem('duplicate_key')
    return { row: before.status === 'PENDING_SECOND_PERSON' ? await confirmKey(sql, now, principal, before) : before, is_new: false }
  }
  await checkPerson(sql, participant_no, user_no)
  const from = valid_from ?? beijingDate(now)
  const to = valid_to ?? addMonths(from, key_months)
  if (from >= to) throw wrong('period_reversed', '/valid_to', 'PERIOD_REVERSED', `valid_to must be after ${from}`, `终止日须晚于 ${from}`)
  const row = await insertKey(sql, {
    key_no: newNo('key'), participant_no, user_no, algorithm, public_key, fingerprint, valid_from: from, valid_to: to, status: 'PENDING_SECOND_PERSON', content_digest,
    created_by: person, confirmed_by: null, retired_by: null, retirement_reason: null, version: 1, created_at: now, updated_at: now
  })
  if (row === undefined) throw new Problem('duplicate_key')
  await tell(sql, now, 'key.registered', participant_no, principal, { key_no: row.key_no, algorithm })
  return { row, is_new: true }
}

async function confirmKey (sql: WriteSql, now: string, principal: Principal, before: ParticipantKey): Promise<ParticipantKey> {
  const confirmed_by = anotherPerson(principal, before.created_by)
  const row = await advanceKey(sql, before, ['PENDING_SECOND_PERSON'], { status: 'ACTIVE', confirmed_by }, now)
  if (row === undefined) throw stateConflict(before.status, [])
  await tell(sql, now, 'key.activated', row.participant_no, principal, { key_no: row.key_no, algorithm: row.algorithm })
  return row
}

/** Ends a key at once, and with it the tokens it got. Errors: not_found, state_conflict. */
export async function retireKey (sql: WriteSql, now: string, principal: Principal, participant_no: string, key_no: string, reason: string): Promise<ParticipantKey> {
  const before = await findKey(sql, key_no)
  if (before === undefined || before.participant_no !== participant_no) throw notFound()
  const row = await advanceKey(sql, before, ['PENDING_SECOND_PERSON', 'ACTIVE'], { status: 'RETIRED', retired_by: personOf(principal), retirement_reason: reason }, now)
  if (row === undefined) throw stateConflict(before.status, [])
  await tell(sql, now, 'key.retired', participant_no, principal, { key_no })
  return row
}

/** A page of a participant's keys, one more than asked for. Errors: not_found. */
export async function listSeenKeys (
  db: Db, principal: Principal, participant_no: string, filter: { status?: KeyStatus | undefined }, page: { after: string | null, limit: number }
): Promise<ParticipantKey[]> {
  await seenParticipant(db.read, principal, participant_no)
  return listKeys(db.read, { participant_no, status: filter.status }, page.after, page.limit + 1)
}

async function checkPerson (sql: ReadSql, participant_no: string, user_no: string | null): Promise<void> {
  if (user_no === null || (await findUser(sql, user_no))?.participant_no === participant_no) return
  throw wrong('participant_unknown', '/user_no', 'USER_UNKNOWN', `${user_no} is no user of ${participant_no}`, `${user_no} 不是 ${participant_no} 的用户`)
}

function wrong (code: 'participant_unknown' | 'key_unfit' | 'invalid_request' | 'period_reversed', pointer: string, item: string, message: string, message_zh: string): Problem {
  return new Problem(code, { detail: message, detail_zh: message_zh, errors: [{ pointer, code: item, message, message_zh }] })
}

/** The key as SPKI, whatever form it came in. A private key is refused and nowhere kept. */
export function readKey ({ algorithm, public_key_pem, public_key_jwk }: Pick<NewKey, 'algorithm' | 'public_key_pem' | 'public_key_jwk'>): { public_key: string, fingerprint: string } {
  if ((public_key_pem === undefined) === (public_key_jwk === undefined)) {
    throw wrong('invalid_request', '/public_key_pem', 'EXACTLY_ONE', 'Send either public_key_pem or public_key_jwk', '请在 public_key_pem 与 public_key_jwk 中择一填写')
  }
  const pointer = public_key_pem === undefined ? '/public_key_jwk' : '/public_key_pem'
  if (public_key_pem?.includes('PRIVATE') === true) throw wrong('key_unfit', pointer, 'PRIVATE_KEY', 'This is a private key: replace it, and send the public one', '此为私钥，请作废后仅提交公钥')
  try {
    const key: KeyObject = public_key_pem === undefined ? createPublicKey({ key: { ...public_key_jwk }, format: 'jwk' }) : createPublicKey(public_key_pem)
    const public_key = key.export({ type: 'spki', format: 'pem' }).toString()
    importVerificationKey(signature_algorithms[algorithm], public_key)
    const assertion = assertion_algorithms[algorithm]
    if (assertion !== undefined) importAssertionKey(assertion, public_key)
    return { public_key, fingerprint: sha256Hex(key.export({ type: 'spki', format: 'der' })) }
  } catch {
    throw wrong('key_unfit', pointer, 'KEY_UNFIT', `This is no public key for ${algorithm}; RSA keys have at least 2048 bits`, `不是适用于 ${algorithm} 的公钥；RSA 密钥不少于 2048 位`)
  }
}
