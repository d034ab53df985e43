/** Credentials → principals. A suspension takes effect within a second. */
import { createHash } from 'node:crypto'
import { stopwatch } from '../../clock.ts'
import type { Db } from '../../db/db.ts'
import { admit, type Principal, type PrincipalResolver } from '../../http/access.ts'
import { findCredential } from './store.ts'

const known_for_ms = 900
const known_max = 10_000

export function hashSecret (secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** Resolves sandbox keys; answers of the last second are remembered. */
export function keyResolver (db: Db): PrincipalResolver {
  const elapsed = stopwatch()
  const known = new Map<string, { until_ms: number, principal: Principal | null }>()
  async function look (bearer: string): Promise<Principal | null> {
    const found = await findCredential(db.read, hashSecret(bearer))
    const principal = found === undefined || found.credential.kind !== 'API_KEY' ? null : admit({
      participant_no: found.participant.participant_no,
      role: found.participant.role,
      name: found.participant.name,
      uscc: found.participant.uscc,
      user_no: found.user?.user_no ?? null,
      duties: found.user?.duties ?? [],
      client_id: found.credential.client_id
    })
    if (known.size >= known_max) known.clear()
    known.set(bearer, { until_ms: elapsed() + known_for_ms, principal })
    return principal
  }
  return bearer => {
    const hit = known.get(bearer)
    return hit !== undefined && hit.until_ms > elapsed() ? hit.principal : look(bearer)
  }
}
