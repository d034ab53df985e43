import { createPublicKey, hash } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { decodeJwt, errors, jwtVerify, SignJWT } from 'jose'
import type { JWTHeaderParameters, JWTPayload } from 'jose'

/** What the hub signs its own access tokens with. */
export const TOKEN_ALGORITHMS = ['EdDSA', 'ES256'] as const
export type TokenAlgorithm = typeof TOKEN_ALGORITHMS[number]
/** What a client may sign its assertions with; RSA with PSS padding only. */
export const ASSERTION_ALGORITHMS = ['EdDSA', 'ES256', 'PS256'] as const
export type AssertionAlgorithm = typeof ASSERTION_ALGORITHMS[number]

export const TOKEN_REASONS = [
  'TOKEN_MALFORMED', 'TOKEN_EXPIRED', 'CLAIM_WRONG', 'KEY_UNKNOWN', 'ALGORITHM_NOT_ALLOWED', 'SIGNATURE_WRONG'
] as const
export type TokenReason = typeof TOKEN_REASONS[number]
export interface TokenRefusal { readonly ok: false, readonly reason: TokenReason }

/** Who a token speaks for: a participant, through one of its clients. */
export interface AccessGrant { readonly participant_no: string, readonly client_id: string }
export interface AccessToken extends AccessGrant { readonly ok: true, readonly jti: string, readonly expires_at: Date }
export interface IssuedToken { readonly access_token: string, readonly token_type: 'Bearer', readonly expires_in: number, readonly jti: string }

export interface TokenPublicKey { readonly kid: string, readonly alg: TokenAlgorithm, readonly public_key: KeyObject }
export interface TokenSigningKey extends TokenPublicKey { readonly private_key: KeyObject }

export interface TokenIssuer { issue (grant: AccessGrant, jti: string, now: Date): Promise<IssuedToken> }
export interface TokenVerifier {
  verify (token: string, now: Date): Promise<AccessToken | TokenRefusal>
  /** Forgets what was verified, so that a signing key retired in alarm counts for nothing from now on. */
  forget (): void
}

export interface AssertionKey { readonly alg: AssertionAlgorithm, readonly key: KeyObject }
export interface AssertionRules {
  readonly now: Date
  /** The addresses an assertion may be meant for: the token endpoint and the issuer. */
  readonly audiences: readonly string[]
  /** The live key that this client registered under that kid; null refuses. */
  findKey (clientId: string, kid: string): Promise<AssertionKey | null> | AssertionKey | null
}
export interface ClientAssertion {
  readonly ok: true
  readonly client_id: string
  readonly kid: string
  /** The caller keeps (client_id, jti) until `keep_jti_until`, by an insert that may fail: an assertion works once. */
  readonly jti: string
  readonly keep_jti_until: Date
}

export const TOKEN_LIFETIME_MIN_S = 300
export const TOKEN_LIFETIME_MAX_S = 900
export const ASSERTION_LIFETIME_MAX_S = 300
/** What two honest clocks may differ by. */
export const CLOCK_SKEW_S = 30
const TOKEN_CHARS_MAX = 8192
const CACHE_MAX = 10_000
const RSA_BITS_MIN = 2048
const ACCESS_TOKEN_TYPE = 'at+jwt'
const SEGMENTS = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/
const ID = /^[\x21-\x7e]{1,128}$/

class Refusal extends Error {
  readonly reason: TokenReason
  constructor (reason: TokenReason) {
    super(reason)
    this.reason = reason
  }
}

/** Turns what jose throws into a reason; what is no verdict about the token is thrown on. */
function refusalOf (error: unknown): TokenRefusal {
  if (error instanceof Refusal) return { ok: false, reason: error.reason }
  if (error instanceof errors.JWTExpired) return { ok: false, reason: 'TOKEN_EXPIRED' }
  if (error instanceof errors.JWTClaimValidationFailed) return { ok: false, reason: 'CLAIM_WRONG' }
  if (error instanceof errors.JOSEAlgNotAllowed) return { ok: false, reason: 'ALGORITHM_NOT_ALLOWED' }
  if (error instanceof errors.JWSSignatureVerificationFailed) return { ok: false, reason: 'SIGNATURE_WRONG' }
  if (error instanceof errors.JOSEError) return { ok: false, reason: 'TOKEN_MALFORMED' }
  throw error
}

/** One text, one token: base64url that decodes to the same bytes as another text is no second way to write it. */
function checkForm (token: string): void {
  const segments = token.length <= TOKEN_CHARS_MAX ? SEGMENTS.exec(token)?.slice(1) : undefined
  const isCanonical = segments?.every(segment => Buffer.from(segment, 'base64url').toString('base64url') === segment)
  if (isCanonical !== true) throw new Refusal('TOKEN_MALFORMED')
}

function id (value: unknown): string {
  if (typeof value !== 'string' || !ID.test(value)) throw new Refusal('CLAIM_WRONG')
  return value
}

function kidOf (header: JWTHeaderParameters): string {
  if (typeof header.kid !== 'string' || !ID.test(header.kid)) throw new Refusal('KEY_UNKNOWN')
  return header.kid
}

function secondsOf (value: number | undefined): number {
  if (!Number.isSafeInteger(value)) throw new Refusal('CLAIM_WRONG')
  return value as number
}

function fits (key: KeyObject, alg: AssertionAlgorithm): boolean {
  const details = key.asymmetricKeyDetails
  switch (alg) {
    case 'EdDSA': return key.asymmetricKeyType === 'ed25519'
    case 'ES256': return key.asymmetricKeyType === 'ec' && details?.namedCurve === 'prime256v1'
    case 'PS256': return key.asymmetricKeyType === 'rsa' && (details?.modulusLength ?? 0) >= RSA_BITS_MIN
  }
}

/**
 * Reads a client's registered public key. @param pem SPKI as PEM
 * @throws TypeError when the key does not fit the algorithm, or an RSA key is shorter than 2048 bits
 */
export function importAssertionKey (alg: AssertionAlgorithm, pem: string): AssertionKey {
  let key: KeyObject
  try {
    key = createPublicKey(pem)
  } catch (error) {
    throw new TypeError('not a public key', { cause: error })
  }
  if (!fits(key, alg)) throw new TypeError(`the key does not fit ${alg}`)
  return { alg, key }
}

/**
 * Issues short access tokens (RFC 9068).
 *
 * @param order.lifetime_s 300 to 900
 */
export function createTokenIssuer (order: { issuer: string, audience: string, lifetime_s: number, key: TokenSigningKey }): TokenIssuer {
  const { issuer, audience, lifetime_s, key } = order
  if (!Number.isInteger(lifetime_s) || lifetime_s < TOKEN_LIFETIME_MIN_S || lifetime_s > TOKEN_LIFETIME_MAX_S) {
    throw new RangeError('access tokens live 300 to 900 seconds')
  }
  if (!fits(key.public_key, key.alg)) throw new TypeError(`the key does not fit ${key.alg}`)
  return {
    async issue (grant, jti, now) {
      const issuedAt = Math.floor(now.getTime() / 1000)
      const access_token = await new SignJWT({ client_id: grant.client_id })
        .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: ACCESS_TOKEN_TYPE })
        .setIssuer(issuer).setAudience(audience).setSubject(grant.participant_no).setJti(jti)
        .setIssuedAt(issuedAt).setExpirationTime(issuedAt + lifetime_s)
        .sign(key.private_key)
      return { access_token, token_type: 'Bearer', expires_in: lifetime_s, jti }
    }
  }
}

/**
 * Verifies the hub's own access tokens; a token seen before costs one hash until it expires.
 *
 * The token proves who asks; whether that client is still live is the caller's to look up.
 *
 * @param order.findKey the current key and those it replaced, as long as their tokens live
 */
export function createTokenVerifier (order: {
  issuer: string, audience: string, findKey: (kid: string) => TokenPublicKey | undefined, cache_max?: number
}): TokenVerifier {
  const { issuer, audience, findKey, cache_max = CACHE_MAX } = order
  // Oldest use first: a Map keeps the order of insertion. Keyed by hash, so that no live token lies about in memory as text.
  const seen = new Map<string, AccessToken>()

  async function check (token: string, now: Date): Promise<AccessToken> {
    checkForm(token)
    const { payload } = await jwtVerify(token, header => {
      const key = findKey(kidOf(header as JWTHeaderParameters))
      if (key === undefined) throw new Refusal('KEY_UNKNOWN')
      if (header.alg !== key.alg) throw new Refusal('ALGORITHM_NOT_ALLOWED')
      return key.public_key
    }, {
      issuer, audience, typ: ACCESS_TOKEN_TYPE, algorithms: [...TOKEN_ALGORITHMS], currentDate: now,
      requiredClaims: ['exp', 'iat', 'jti', 'sub', 'client_id']
    })
    const expiresAt = secondsOf(payload.exp)
    const issuedAt = secondsOf(payload.iat)
    if (expiresAt - issuedAt > TOKEN_LIFETIME_MAX_S || issuedAt > now.getTime() / 1000 + CLOCK_SKEW_S) throw new Refusal('CLAIM_WRONG')
    return {
      ok: true, participant_no: id(payload.sub), client_id: id(payload['client_id']), jti: id(payload.jti), expires_at: new Date(expiresAt * 1000)
    }
  }

  return {
    forget: () => seen.clear(),
    async verify (token, now) {
      if (token.length > TOKEN_CHARS_MAX) return { ok: false, reason: 'TOKEN_MALFORMED' }
      const key = hash('sha256', token, 'base64url')
      const known = seen.get(key)
      if (known !== undefined) {
        seen.delete(key)
        if (known.expires_at.getTime() <= now.getTime()) return { ok: false, reason: 'TOKEN_EXPIRED' }
        seen.set(key, known)
        return known
      }
      try {
        const verified = await check(token, now)
        const oldest = seen.size >= cache_max ? seen.keys().next().value : undefined
        if (oldest !== undefined) seen.delete(oldest)
        seen.set(key, verified)
        return verified
      } catch (error) {
        return refusalOf(error)
      }
    }
  }
}

function claimedClient (assertion: string): string {
  let payload: JWTPayload
  try {
    payload = decodeJwt(assertion)
  } catch {
    throw new Refusal('TOKEN_MALFORMED')
  }
  return id(payload.iss)
}

/**
 * Verifies a client's `private_key_jwt` assertion: by its own registered key, for this hub, for at most five minutes.
 *
 * Source: RFC 7523 §3, OpenID Connect Core §9, FAPI 2.0 §5.3.3.
 */
export async function verifyClientAssertion (assertion: string, rules: AssertionRules): Promise<ClientAssertion | TokenRefusal> {
  try {
    checkForm(assertion)
    const clientId = claimedClient(assertion)
    const { payload, protectedHeader } = await jwtVerify(assertion, async header => {
      const held = await rules.findKey(clientId, kidOf(header as JWTHeaderParameters))
      if (held === null) throw new Refusal('KEY_UNKNOWN')
      if (header.alg !== held.alg) throw new Refusal('ALGORITHM_NOT_ALLOWED')
      return held.key
    }, {
      algorithms: [...ASSERTION_ALGORITHMS], issuer: clientId, subject: clientId, audience: [...rules.audiences], currentDate: rules.now,
      clockTolerance: CLOCK_SKEW_S, requiredClaims: ['exp', 'jti', 'aud', 'iss', 'sub']
    })
    const seconds = rules.now.getTime() / 1000
    const expiresAt = secondsOf(payload.exp)
    if (expiresAt > seconds + ASSERTION_LIFETIME_MAX_S + CLOCK_SKEW_S) throw new Refusal('CLAIM_WRONG')
    if (payload.iat !== undefined && secondsOf(payload.iat) > seconds + CLOCK_SKEW_S) throw new Refusal('CLAIM_WRONG')
    // An assertion that is also meant for another server could be carried on to us by it.
    if (![payload.aud].flat().every(audience => audience !== undefined && rules.audiences.includes(audience))) {
      throw new Refusal('CLAIM_WRONG')
    }
    return {
      ok: true, client_id: clientId, kid: id(protectedHeader.kid), jti: id(payload.jti), keep_jti_until: new Date((expiresAt + CLOCK_SKEW_S + 1) * 1000)
    }
  } catch (error) {
    return refusalOf(error)
  }
}
