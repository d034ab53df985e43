/** Access tokens by client_credentials: a secret in the sandbox, private_key_jwt everywhere. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { newNo } from '../../clock.ts'
import type { Config } from '../../config.ts'
import type { Db } from '../../db/db.ts'
import { createTokenIssuer, createTokenVerifier, importAssertionKey, verifyClientAssertion, type IssuedToken, type TokenIssuer, type TokenVerifier } from '../../http/tokens.ts'
import { beijingDate, instantMs, instantOf } from '../../policy/calendar.ts'
import type { HubKeys } from '../../db/keys.ts'
import { findClient, findKey, findLiveClient, forgetAssertions, hasOldAssertions, keepAssertion } from './access-store.ts'
import { assertion_algorithms } from './keys.ts'
import { hashSecret, isKeyLive, tokenNo } from './service.ts'
import { findCredential } from './store.ts'

const lifetime_s = 600
const assertion_grace_ms = 86_400_000
const sandbox_issuer = 'https://sandbox.rongqiao.example'
export const token_path = '/oauth/token'

export interface TokenService {
  readonly verifier: TokenVerifier
  /** Errors: invalid_client. @param base address under which the caller reached the hub; counts in the sandbox only */
  byAssertion (assertion: string, client_id: string | null, base: string): Promise<IssuedToken | null>
  /** By the secret of a client, or the key of a person with client_id = user_no; null in production. */
  bySecret (client_id: string, secret: string): Promise<IssuedToken | null>
}

export function tokenService (db: Db, config: Pick<Config, 'hub_mode' | 'public_url'>, keys: Pick<HubKeys, 'private_key' | 'public_key'>): TokenService {
  const issuer_name = config.public_url ?? sandbox_issuer
  const kid = createHash('sha256').update(keys.public_key.export({ type: 'spki', format: 'der' })).digest('base64url').slice(0, 16)
  const key = { kid, alg: 'EdDSA', public_key: keys.public_key, private_key: keys.private_key } as const
  const issuer: TokenIssuer = createTokenIssuer({ issuer: issuer_name, audience: `${issuer_name}/v1`, lifetime_s, key })
  const verifier = createTokenVerifier({ issuer: issuer_name, audience: `${issuer_name}/v1`, findKey: wanted => wanted === kid ? key : undefined })
  const today = (): Date => new Date(instantMs(db.clock.now()))

  async function issue (client_id: string, proof: string): Promise<IssuedToken | null> {
    const live = await findLiveClient(db.read, client_id)
    if (live === undefined) return null
    return issuer.issue({ participant_no: live.participant.participant_no, client_id }, tokenNo(proof, newNo('tok')), today())
  }

  return {
    verifier,
    async byAssertion (assertion, client_id, base) {
      const audiences = [...new Set([issuer_name, `${issuer_name}${token_path}`, ...(config.hub_mode === 'sandbox' ? [base, `${base}${token_path}`] : [])])]
      const verdict = await verifyClientAssertion(assertion, { now: today(), audiences, findKey: (claimed, key_no) => assertionKey(db, claimed, key_no) })
      if (!verdict.ok || (client_id !== null && client_id !== verdict.client_id)) return null
      const is_new = await db.write(async sql => keepAssertion(sql, verdict.client_id, verdict.jti, verdict.keep_jti_until.toISOString()))
      return is_new ? issue(verdict.client_id, verdict.kid) : null
    },
    async bySecret (client_id, secret) {
      if (config.hub_mode !== 'sandbox') return null
      const credential = await findCredential(db.read, hashSecret(secret))
      // A machine proves itself with its secret, a person with the own key; a machine's key is no secret of its client.
      const fits = credential !== undefined && (credential.kind === 'CLIENT_SECRET' || credential.user_no !== null) && isSame(credential.client_id, client_id)
      return fits ? issue(client_id, 'secret') : null
    }
  }
}

function isSame (a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}

/** The live key of that number, if it belongs to the participant, and to the same person, as the client. */
async function assertionKey (db: Db, client_id: string, key_no: string) {
  const client = await findClient(db.read, client_id)
  const key = await findKey(db.read, key_no)
  if (client === undefined || key === undefined || key.participant_no !== client.participant_no || key.user_no !== client.user_no) return null
  const alg = assertion_algorithms[key.algorithm]
  return alg === undefined || !await isKeyLive(db, key_no, beijingDate(db.clock.now())) ? null : importAssertionKey(alg, key.public_key)
}

/** Forgets assertions that expired a day ago: a clock that jumped ahead and back lets nobody use one again. */
export async function clearAssertions (db: Db): Promise<number> {
  const before = instantOf(instantMs(db.clock.now()) - assertion_grace_ms)
  return await hasOldAssertions(db.read, before) ? db.write(async sql => forgetAssertions(sql, before)) : 0
}
