/** The first persons of a production hub: entered on the machine itself, because nobody can call yet. */
import { newNo } from '../../clock.ts'
import { digestOf } from '../../db/canonical.ts'
import type { Db } from '../../db/db.ts'
import { DUTIES, type Duty } from '../../http/access.ts'
import { append, the_hub } from '../../journal/events.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { isUscc } from '../../policy/identifiers.ts'
import { addMonths } from '../../policy/period.ts'
import { insertClient, insertKey } from './access-store.ts'
import { key_months, readKey } from './keys.ts'
import { KEY_ALGORITHMS, type KeyAlgorithm } from './statuses.ts'
import { insertParticipant, insertUser, listParticipants } from './store.ts'

export interface FirstUser { user_no: string, name: string, duties: Duty[], algorithm: KeyAlgorithm, public_key_pem: string }
export interface FirstParticipant { participant_no: string, role: 'PLATFORM_OPERATOR' | 'MEIC', name: string, uscc: string, users: FirstUser[] }
export interface FirstClient { participant_no: string, client_id: string, user_no: string, key_no: string }

const persons_min = 2
const by_hand = 'bootstrap'

/**
 * Enters the operator and MEIC with their persons and public keys; everybody else is entered by them through the API.
 *
 * @returns client and key number of every person
 * @throws Error when the hub has participants already, or when fewer than two persons are named; RangeError with every mistake
 */
export async function bootstrap (db: Db, people: readonly FirstParticipant[]): Promise<FirstClient[]> {
  const mistakes = people.flatMap((participant, index) => mistakesOf(participant, `/${index}`))
  const persons = people.flatMap(({ users }) => Array.isArray(users) ? users : [])
  if (persons.length < persons_min) mistakes.push(`: at least ${persons_min} persons are needed, every decision takes two`)
  if (mistakes.length > 0) throw new RangeError(mistakes.join('; '))
  return db.write(async (sql, now) => {
    if ((await listParticipants(sql, { limit: 1 })).length > 0) throw new Error('the hub has participants already: they enter the others')
    const clients: FirstClient[] = []
    const from = beijingDate(now)
    for (const { participant_no, role, name, uscc, users } of people) {
      await insertParticipant(sql, {
        participant_no, role, name, uscc, aliases: [], is_government_guarantor: false, is_cooperating: false, status: 'ACTIVE', created_by: by_hand, confirmed_by: the_hub.participant_no,
        version: 1, created_at: now, updated_at: now
      })
      for (const user of users) {
        const { user_no, algorithm } = user
        await insertUser(sql, { user_no, participant_no, name: user.name, duties: user.duties, status: 'ACTIVE' })
        const client_id = newNo('client')
        await insertClient(sql, { client_id, participant_no, user_no, status: 'ACTIVE', content_digest: digestOf(user_no), created_by: by_hand, created_at: now })
        const key_no = newNo('key')
        const kept = await insertKey(sql, {
          key_no, participant_no, user_no, algorithm, ...readKey(user), valid_from: from, valid_to: addMonths(from, key_months), status: 'ACTIVE', content_digest: '', created_by: by_hand,
          confirmed_by: the_hub.participant_no, retired_by: null, retirement_reason: null, version: 1, created_at: now, updated_at: now
        })
        if (kept === undefined) throw new RangeError(`two persons share the key of ${user_no}`)
        clients.push({ participant_no, user_no, client_id, key_no })
      }
      await append(sql, now, { type: 'participant.bootstrapped', subject: participant_no, actor: the_hub, audience: people.map(each => each.participant_no), data: { role, persons: users.length } })
    }
    return clients
  })
}

function mistakesOf ({ participant_no, role, name, uscc, users }: FirstParticipant, at: string): string[] {
  const mistakes: string[] = []
  const isNo = (text: unknown): boolean => typeof text === 'string' && /^[A-Za-z0-9_-]{1,40}$/.test(text)
  const isName = (text: unknown): boolean => typeof text === 'string' && text.trim() !== '' && text.length <= 200
  if (!isNo(participant_no)) mistakes.push(`${at}/participant_no is missing or malformed`)
  if (role !== 'PLATFORM_OPERATOR' && role !== 'MEIC') mistakes.push(`${at}/role needs PLATFORM_OPERATOR or MEIC`)
  if (!isName(name)) mistakes.push(`${at}/name is missing`)
  if (typeof uscc !== 'string' || !isUscc(uscc)) mistakes.push(`${at}/uscc is not valid`)
  if (!Array.isArray(users)) return [...mistakes, `${at}/users is missing`]
  for (const [index, user] of users.entries()) {
    const place = `${at}/users/${index}`
    if (!isNo(user.user_no)) mistakes.push(`${place}/user_no is missing or malformed`)
    if (!isName(user.name)) mistakes.push(`${place}/name is missing`)
    if (!Array.isArray(user.duties) || user.duties.length === 0 || !user.duties.every(each => DUTIES.includes(each))) mistakes.push(`${place}/duties needs ${DUTIES.join(', ')}`)
    if (!KEY_ALGORITHMS.includes(user.algorithm)) mistakes.push(`${place}/algorithm needs one of ${KEY_ALGORITHMS.join(', ')}`)
    else if (typeof user.public_key_pem !== 'string' || !isReadable(user)) mistakes.push(`${place}/public_key_pem is no public key for ${user.algorithm}`)
  }
  return mistakes
}

function isReadable (user: FirstUser): boolean {
  try {
    readKey(user)
    return true
  } catch {
    return false
  }
}
