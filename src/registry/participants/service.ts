/** Credentials → principals. A suspension, a retired client or key takes effect within a second. */
import { createHash } from 'node:crypto'
import { stopwatch } from '../../clock.ts'
import type { Db } from '../../db/db.ts'
import { admit, type Principal, type PrincipalResolver } from '../../http/access.ts'
import type { TokenVerifier } from '../../http/tokens.ts'
import { beijingDate, instantMs } from '../../policy/calendar.ts'
import { findKey, findLiveClient, type LiveClient } from './access-store.ts'
import { findCredential } from './store.ts'

const known_for_ms = 900
const known_max = 10_000

export function hashSecret (secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** The number of a token tells by which key its client proved itself, so that a retired key ends its tokens too. */
export function tokenNo (proof: string, random: string): string {
  return `${proof}.${random}`
}

/** The principal behind a client that may call now. */
export function principalOf ({ client, participant, user }: LiveClient): Principal {
  return admit({
    participant_no: participant.participant_no,
    role: participant.role,
    name: participant.name,
    uscc: participant.uscc,
    user_no: user?.user_no ?? null,
    duties: user?.duties ?? [],
    client_id: client.client_id
  })
}

interface Known { until_ms: number, expires_at: string | null, principal: Principal | null }

/**
 * Resolves access tokens, and in the sandbox also its keys; answers of the last second are remembered.
 *
 * @param options.sandbox whether the keys of sandbox.json count; never in production
 */
export function keyResolver (db: Db, options: { sandbox: boolean, verifier: TokenVerifier }): PrincipalResolver {
  const elapsed = stopwatch()
  const known = new Map<string, Known>()

  async function byToken (token: string): Promise<Omit<Known, 'until_ms'>> {
    const now = db.clock.now()
    const verdict = await options.verifier.verify(token, new Date(instantMs(now)))
    if (!verdict.ok) return { principal: null, expires_at: null }
    const expires_at = verdict.expires_at.toISOString()
    const proof = verdict.jti.split('.', 1)[0] ?? ''
    if (proof.startsWith('key_') && !await isKeyLive(db, proof, beijingDate(now))) return { principal: null, expires_at }
    const live = await findLiveClient(db.read, verdict.client_id)
    const fits = live !== undefined && live.participant.participant_no === verdict.participant_no
    return { principal: fits ? principalOf(live) : null, expires_at }
  }

  async function byKey (api_key: string): Promise<Omit<Known, 'until_ms'>> {
    if (!options.sandbox) return { principal: null, expires_at: null }
    const credential = await findCredential(db.read, hashSecret(api_key))
    if (credential?.kind !== 'API_KEY') return { principal: null, expires_at: null }
    const live = await findLiveClient(db.read, credential.client_id, credential.user_no)
    return { principal: live === undefined ? null : principalOf(live), expires_at: null }
  }

  async function look (bearer: string): Promise<Principal | null> {
    const found = await (bearer.includes('.') ? byToken(bearer) : byKey(bearer))
    if (known.size >= known_max) known.clear()
    known.set(bearer, { ...found, until_ms: elapsed() + known_for_ms })
    return found.principal
  }

  return bearer => {
    const hit = known.get(bearer)
    if (hit === undefined || hit.until_ms <= elapsed() || (hit.expires_at !== null && hit.expires_at <= db.clock.now())) return look(bearer)
    return hit.principal
  }
}

/** Whether a key counts today: confirmed, not retired, within its days. */
export async function isKeyLive (db: Db, key_no: string, day: string): Promise<boolean> {
  const key = await findKey(db.read, key_no)
  return key !== undefined && key.status === 'ACTIVE' && key.valid_from <= day && day < key.valid_to
}
