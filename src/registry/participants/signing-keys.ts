/** Registered keys → who signs. A key that is retired, or whose owner is suspended, counts for nothing within a second. */
import { eq } from 'drizzle-orm'
import { stopwatch } from '../../clock.ts'
import type { Db, ReadSql } from '../../db/db.ts'
import { admit } from '../../http/access.ts'
import { importVerificationKey } from '../../http/signature.ts'
import type { Signer, SignatureSettings } from '../../http/signed-requests.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { findKey } from './access-store.ts'
import { signature_algorithms } from './keys.ts'
import { participants, users } from './store.ts'

const known_for_ms = 900
const known_max = 10_000

interface Known { until_ms: number, signer: Signer | null, valid_from: string, valid_to: string }

/** Finds signers by key number; answers of the last second are remembered, so that a key is read and imported once. */
export function signerFinder (db: Db): SignatureSettings['findSigner'] {
  const elapsed = stopwatch()
  const known = new Map<string, Known>()
  async function look (keyid: string): Promise<Known> {
    const found = { until_ms: elapsed() + known_for_ms, ...await findSigner(db.read, keyid) }
    if (known.size >= known_max) known.clear()
    known.set(keyid, found)
    return found
  }
  return async (keyid, now) => {
    const hit = known.get(keyid)
    const { signer, valid_from, valid_to } = hit !== undefined && hit.until_ms > elapsed() ? hit : await look(keyid)
    if (signer === null) return null
    const day = beijingDate(now)
    return valid_from <= day && day < valid_to ? signer : null
  }
}

const nobody = { signer: null, valid_from: '', valid_to: '' }

async function findSigner (sql: ReadSql, keyid: string): Promise<Omit<Known, 'until_ms'>> {
  const held = await findKey(sql, keyid)
  if (held === undefined || held.status !== 'ACTIVE') return nobody
  const [participant] = await sql.select().from(participants).where(eq(participants.participant_no, held.participant_no))
  if (participant === undefined || participant.status !== 'ACTIVE') return nobody
  const user = held.user_no === null ? null : (await sql.select().from(users).where(eq(users.user_no, held.user_no)))[0]
  if (user === undefined || user !== null && user.status !== 'ACTIVE') return nobody
  const { participant_no, role, name, uscc } = participant
  return {
    signer: {
      key: importVerificationKey(signature_algorithms[held.algorithm], held.public_key),
      principal: admit({ participant_no, role, name, uscc, user_no: user?.user_no ?? null, duties: user?.duties ?? [], client_id: held.key_no })
    },
    valid_from: held.valid_from,
    valid_to: held.valid_to
  }
}
