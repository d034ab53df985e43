/**
 * The first operator of a production hub: everybody else is entered by its persons over the API. Two persons from the start,
 * since nobody may confirm their own work.
 */
import { createPublicKey } from 'node:crypto'
import { newNo } from '../../clock.ts'
import { digestOf } from '../../db/canonical.ts'
import type { Db, ReadSql } from '../../db/db.ts'
import type { Duty } from '../../http/access.ts'
import { append, the_hub } from '../../journal/events.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { addMonths } from '../../policy/period.ts'
import { checkUscc } from '../../policy/identifiers.ts'
import { findByUscc, insertParticipant, insertUser, listParticipants, credentials } from './store.ts'
import { insertClient, insertKey } from './access-store.ts'
import { key_months, readKey } from './keys.ts'
import type { KeyAlgorithm } from './statuses.ts'

export interface FirstPerson { user_no: string, name: string, duties: Duty[], public_key_pem: string }
export interface FirstOperator { participant_no: string, name: string, uscc: string, users: FirstPerson[] }

/** Who entered what the installation itself entered. */
const installation = 'installation'

/** Whether the database was seeded by a sandbox: only a sandbox makes secrets. */
export async function hasSandboxKeys (sql: ReadSql): Promise<boolean> {
  return (await sql.select({ kind: credentials.kind }).from(credentials).limit(1)).length > 0
}

function algorithmOf (pem: string): KeyAlgorithm {
  const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(pem)
  if (asymmetricKeyType === 'ed25519') return 'ED25519'
  if (asymmetricKeyType === 'rsa' || asymmetricKeyType === 'rsa-pss') return 'RSA_PSS'
  return asymmetricKeyDetails?.namedCurve === 'prime256v1' ? 'ECDSA_P256' : 'SM2'
}

/**
 * Enters the first PLATFORM_OPERATOR with its persons and their keys, in force at once.
 *
 * @returns per person the client_id and the number of the key
 * Errors: Error where there is an operator already, fewer than two persons, one key for two, or a code that is not valid; Problem of a key.
 */
export async function enterFirstOperator (db: Db, { participant_no, name, uscc, users }: FirstOperator): Promise<{ user_no: string, client_id: string, key_no: string }[]> {
  if (users.length < 2) throw new Error('two persons at least: what one does, another confirms')
  const wrong = checkUscc(uscc).find(({ severity }) => severity === 'ERROR')
  if (wrong !== undefined) throw new Error(wrong.message)
  const keys = users.map(({ public_key_pem }) => {
    const algorithm = algorithmOf(public_key_pem)
    if (algorithm === 'SM2') throw new Error('an SM2 key signs requests but gets no access token: give Ed25519, P-256 or RSA keys here and register SM2 keys over the API')
    return { algorithm, ...readKey({ algorithm, public_key_pem }) }
  })
  if (new Set(keys.map(({ fingerprint }) => fingerprint)).size < keys.length) throw new Error('every person needs a key of their own')
  return db.write(async (sql, now) => {
    if ((await listParticipants(sql, { roles: ['PLATFORM_OPERATOR'], limit: 1 })).length > 0 || await findByUscc(sql, 'PLATFORM_OPERATOR', uscc) !== undefined) {
      throw new Error('there is an operator already: enter participants over the API')
    }
    const [first, second] = users as [FirstPerson, FirstPerson]
    await insertParticipant(sql, {
      participant_no, role: 'PLATFORM_OPERATOR', name, uscc, region_code: null, aliases: [], is_government_guarantor: false, is_cooperating: false, status: 'ACTIVE',
      content_digest: digestOf([participant_no, name, uscc]), proposed: null, created_by: first.user_no, confirmed_by: second.user_no, version: 1, created_at: now, updated_at: now
    })
    const day = beijingDate(now)
    const entered: { user_no: string, client_id: string, key_no: string }[] = []
    for (const [index, user] of users.entries()) {
      const { user_no } = user
      const key = keys[index] as typeof keys[number]
      const key_no = newNo('key')
      await insertUser(sql, { user_no, participant_no, name: user.name, duties: user.duties, status: 'ACTIVE' })
      await insertClient(sql, { client_id: user_no, participant_no, user_no, status: 'ACTIVE', content_digest: digestOf(user_no), created_by: installation, created_at: now })
      await insertKey(sql, {
        ...key, key_no, participant_no, user_no, valid_from: day, valid_to: addMonths(day, key_months), status: 'ACTIVE', content_digest: digestOf(key.fingerprint),
        created_by: installation, confirmed_by: user_no, retired_by: null, retirement_reason: null, version: 1, created_at: now, updated_at: now
      })
      await append(sql, now, { type: 'key.activated', subject: key_no, actor: the_hub, audience: [participant_no], data: { algorithm: key.algorithm, user_no } })
      entered.push({ user_no, client_id: user_no, key_no })
    }
    await append(sql, now, { type: 'participant.activated', subject: participant_no, actor: the_hub, audience: [participant_no], data: { by: installation } })
    return entered
  })
}
