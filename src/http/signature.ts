import { constants, createHash, createPublicKey, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { SM_NODE, importSm2PublicKey } from './sm.ts'
import type { SmProvider, Sm2PrivateKey, Sm2PublicKey } from './sm.ts'

/** RFC 9421 §3.3 names, and the private name `sm2-sm3`: SM2 with SM3 over Z ‖ base, r ‖ s, 64 bytes. */
export const SIGNATURE_ALGORITHMS = ['ed25519', 'ecdsa-p256-sha256', 'rsa-pss-sha512', 'sm2-sm3'] as const
export type SignatureAlgorithm = typeof SIGNATURE_ALGORITHMS[number]

export const SIGNATURE_REASONS = [
  'SIGNATURE_MISSING', 'SIGNATURE_MALFORMED', 'SIGNATURE_AMBIGUOUS', 'PARAMETER_MISSING', 'PARAMETER_UNKNOWN', 'COMPONENT_MISSING',
  'COMPONENT_UNKNOWN', 'COMPONENT_ABSENT', 'CREATED_TOO_OLD', 'CREATED_IN_FUTURE', 'SIGNATURE_EXPIRED', 'DIGEST_MISSING', 'DIGEST_MALFORMED',
  'DIGEST_MISMATCH', 'KEY_UNKNOWN', 'ALGORITHM_MISMATCH', 'SIGNATURE_WRONG'
] as const
export type SignatureReason = typeof SIGNATURE_REASONS[number]

export type VerificationKey =
  | { readonly algorithm: Exclude<SignatureAlgorithm, 'sm2-sm3'>, readonly key: KeyObject }
  | { readonly algorithm: 'sm2-sm3', readonly key: Sm2PublicKey }

export type SigningKey =
  | { readonly algorithm: Exclude<SignatureAlgorithm, 'sm2-sm3'>, readonly key: KeyObject }
  | { readonly algorithm: 'sm2-sm3', readonly key: Sm2PrivateKey }

/** A request as it stood on the wire. `target_uri` is absolute and built from the configured public address, never from Host alone. */
export interface SignedRequest {
  readonly method: string
  readonly target_uri: string
  /** Lower-case names; a field sent several times is a list. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The raw bytes, before any parser; empty when there was no body. */
  readonly body: Uint8Array
}

export interface SignatureRules {
  readonly now: Date
  /** Whether `idempotency-key` must be signed: always on writes that create or decide. Where sent, it must be signed in any case. */
  readonly needs_idempotency_key: boolean
  readonly sm?: SmProvider
  /** The registered, live key of that id; null refuses. */
  findKey (keyid: string): Promise<VerificationKey | null> | VerificationKey | null
}

export type SignatureVerdict =
  | {
    readonly ok: true
    readonly keyid: string
    /** The caller keeps (keyid, nonce) at least until `keep_nonce_until`, by an insert that may fail: that is the replay guard. */
    readonly nonce: string
    readonly created: number
    readonly keep_nonce_until: Date
    readonly covered: readonly string[]
    /** Exactly the signed bytes and the signature, to be kept as evidence. */
    readonly signature_base: string
    readonly signature: Uint8Array
  }
  | { readonly ok: false, readonly reason: SignatureReason, readonly detail: string }

/** How far `created` may lie from the hub's clock, either way. */
export const CREATED_TOLERANCE_S = 300
const HEADER_CHARS_MAX = 4096
const COMPONENTS_MAX = 32
const RSA_BITS_MIN = 2048
const RSA_SALT_BYTES = 64
const TARGET = ['@authority', '@path', '@query']
const DERIVED = new Set(['@method', '@target-uri', '@authority', '@scheme', '@request-target', '@path', '@query'])
const TARGET_URI = /^(https?):\/\/([^/?#\s]+)([^?#\s]*)(\?[^#\s]*)?$/
const STRING = String.raw`"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"`
// One label, one inner list, parameters, in the one form that RFC 8941 §4.1 serialises: nothing here can be read in two ways.
const PARAMETER = String.raw`;[a-z*][a-z0-9_.*-]*=(?:${STRING}|-?\d{1,15})`
const INPUT = new RegExp(String.raw`^([a-z*][a-z0-9_.*-]{0,63})=(\(((?:${STRING}(?: ${STRING})*)?)\)((?:${PARAMETER})*))$`)
const SIGNATURE = /^([a-z*][a-z0-9_.*-]{0,63})=:([A-Za-z0-9+/]+={0,2}):$/
const FIELD_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/
const PARAMETERS = new Set(['created', 'expires', 'nonce', 'alg', 'keyid', 'tag'])
const NONCE = /^[\x21-\x7e]{16,128}$/

class Refusal extends Error {
  readonly reason: SignatureReason
  constructor (reason: SignatureReason, detail: string) {
    super(detail)
    this.reason = reason
  }
}

interface Parsed {
  readonly components: readonly string[]
  /** `@signature-params` as it enters the base: the received text, which the grammar admits in its one serialised form only. */
  readonly params_text: string
  readonly created: number
  readonly expires: number | null
  readonly nonce: string
  readonly keyid: string
  readonly alg: string | null
  readonly signature: Buffer
}

function strictBase64 (text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : null
}

const unquote = (text: string): string => text.slice(1, -1).replaceAll(/\\(["\\])/g, '$1')

function single (headers: SignedRequest['headers'], name: string): string {
  const value = headers[name]
  if (value === undefined) throw new Refusal('SIGNATURE_MISSING', `the ${name} header is missing`)
  if (typeof value !== 'string' && value.length !== 1) throw new Refusal('SIGNATURE_AMBIGUOUS', `the ${name} header stands more than once`)
  const text = (typeof value === 'string' ? value : value[0]) ?? ''
  if (text.length > HEADER_CHARS_MAX) throw new Refusal('SIGNATURE_MALFORMED', `the ${name} header is too long`)
  return text
}

function parseParameters (text: string): Map<string, string | number> {
  const parameters = new Map<string, string | number>()
  for (const [, name, value] of text.matchAll(new RegExp(String.raw`;([a-z*][a-z0-9_.*-]*)=(${STRING}|-?\d{1,15})`, 'g'))) {
    if (name === undefined || value === undefined || !PARAMETERS.has(name)) {
      throw new Refusal('PARAMETER_UNKNOWN', `parameter ${name} is not understood`)
    }
    if (parameters.has(name)) throw new Refusal('SIGNATURE_MALFORMED', `parameter ${name} stands twice`)
    const isNumber = name === 'created' || name === 'expires'
    if (isNumber !== /^(?:0|[1-9]\d*)$/.test(value)) throw new Refusal('SIGNATURE_MALFORMED', `parameter ${name} has the wrong type`)
    parameters.set(name, isNumber ? Number(value) : unquote(value))
  }
  return parameters
}

function parse (headers: SignedRequest['headers']): Parsed {
  const [, label, paramsText, list, tail] = INPUT.exec(single(headers, 'signature-input')) ?? []
  const [, signedLabel, encoded] = SIGNATURE.exec(single(headers, 'signature')) ?? []
  if (paramsText === undefined || list === undefined || tail === undefined) {
    throw new Refusal('SIGNATURE_MALFORMED', 'Signature-Input is not one label with plain components and parameters, as RFC 8941 serialises them')
  }
  const signature = encoded === undefined ? null : strictBase64(encoded)
  if (signature === null || label !== signedLabel) {
    throw new Refusal('SIGNATURE_MALFORMED', 'Signature is not one byte sequence under the same label')
  }
  const components = list === '' ? [] : [...list.matchAll(new RegExp(STRING, 'g'))].map(match => unquote(match[0]))
  if (components.length > COMPONENTS_MAX || new Set(components).size !== components.length) {
    throw new Refusal('SIGNATURE_MALFORMED', 'a component stands twice, or there are too many')
  }
  const parameters = parseParameters(tail)
  const text = (name: string): string => {
    const value = parameters.get(name)
    if (typeof value !== 'string') throw new Refusal('PARAMETER_MISSING', `parameter ${name} is missing`)
    return value
  }
  const created = parameters.get('created')
  const expires = parameters.get('expires') ?? null
  if (typeof created !== 'number') throw new Refusal('PARAMETER_MISSING', 'parameter created is missing')
  const nonce = text('nonce')
  if (!NONCE.test(nonce)) throw new Refusal('SIGNATURE_MALFORMED', 'a nonce has 16 to 128 visible ASCII characters')
  return {
    components, params_text: paramsText, created, expires: typeof expires === 'number' ? expires : null, nonce, keyid: text('keyid'),
    alg: parameters.has('alg') ? text('alg') : null, signature
  }
}

function derived (component: string, request: SignedRequest): string {
  // Taken from the text, not from URL: a parser that resolves "/a/../b" would let one signature stand for two requests.
  const [, scheme, authority, path, query] = TARGET_URI.exec(request.target_uri) ?? []
  if (scheme === undefined || authority === undefined || path === undefined) {
    throw new Refusal('SIGNATURE_MALFORMED', 'the target is no absolute http address')
  }
  switch (component) {
    case '@method': return request.method
    case '@target-uri': return request.target_uri
    case '@authority': return authority.toLowerCase()
    case '@scheme': return scheme
    case '@path': return path === '' ? '/' : path
    // A request without a query has the query "?", RFC 9421 §2.2.7.
    case '@query': return query ?? '?'
    case '@request-target': return (path === '' ? '/' : path) + (query ?? '')
    default: throw new Refusal('COMPONENT_UNKNOWN', `component ${component} is not understood`)
  }
}

function componentValue (component: string, request: SignedRequest): string {
  if (DERIVED.has(component)) return derived(component, request)
  if (!FIELD_NAME.test(component) || component === 'signature' || component === 'signature-input') {
    throw new Refusal('COMPONENT_UNKNOWN', `component ${component} is not understood`)
  }
  const value = request.headers[component]
  if (value === undefined) throw new Refusal('COMPONENT_ABSENT', `${component} is signed but was not sent`)
  const text = (typeof value === 'string' ? [value] : value).map(line => line.replaceAll(/^[ \t]+|[ \t]+$/g, '')).join(', ')
  if (!/^[\t\x20-\x7e]*$/.test(text)) throw new Refusal('SIGNATURE_MALFORMED', `${component} is signed and holds more than visible ASCII`)
  return text
}

function baseOf (components: readonly string[], paramsText: string, request: SignedRequest): string {
  return [...components.map(name => `"${name}": ${componentValue(name, request)}`), `"@signature-params": ${paramsText}`].join('\n')
}

function checkCoverage (parsed: Parsed, request: SignedRequest, rules: SignatureRules): void {
  const covers = (name: string): boolean => parsed.components.includes(name)
  const need = (isCovered: boolean, what: string): void => {
    if (!isCovered) throw new Refusal('COMPONENT_MISSING', `${what} must be signed`)
  }
  need(covers('@method'), '@method')
  need(covers('@target-uri') || TARGET.every(covers), '@target-uri, or @authority with @path and @query,')
  if (rules.needs_idempotency_key || request.headers['idempotency-key'] !== undefined) need(covers('idempotency-key'), 'idempotency-key')
  if (request.body.length > 0 || request.headers['content-digest'] !== undefined) need(covers('content-digest'), 'content-digest')
}

function checkTime (parsed: Parsed, now: Date): void {
  const seconds = now.getTime() / 1000
  if (parsed.created < seconds - CREATED_TOLERANCE_S) {
    throw new Refusal('CREATED_TOO_OLD', `created is more than ${CREATED_TOLERANCE_S} s ago`)
  }
  if (parsed.created > seconds + CREATED_TOLERANCE_S) {
    throw new Refusal('CREATED_IN_FUTURE', `created is more than ${CREATED_TOLERANCE_S} s ahead`)
  }
  if (parsed.expires !== null && (parsed.expires <= seconds || parsed.expires < parsed.created)) {
    throw new Refusal('SIGNATURE_EXPIRED', 'expires has passed')
  }
}

/**
 * Checks the Content-Digest field against the raw body: every sha-256 and sha-512 named must be right, and one of them must be there.
 *
 * @returns the reason, or null when the body is the one that was digested
 * Source: RFC 9530 §2.
 */
export function checkContentDigest (field: string | undefined, body: Uint8Array): Extract<SignatureReason, `DIGEST_${string}`> | null {
  if (field === undefined) return 'DIGEST_MISSING'
  const seen = new Set<string>()
  let isProven = false
  for (const member of field.split(', ')) {
    const [, name, encoded] = /^([a-z][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):$/.exec(member) ?? []
    const bytes = encoded === undefined ? null : strictBase64(encoded)
    if (name === undefined || bytes === null || seen.has(name)) return 'DIGEST_MALFORMED'
    seen.add(name)
    if (name !== 'sha-256' && name !== 'sha-512') continue
    if (!createHash(name.replace('-', '')).update(body).digest().equals(bytes)) return 'DIGEST_MISMATCH'
    isProven = true
  }
  return isProven ? null : 'DIGEST_MISSING'
}

/** The Content-Digest field of a body, sha-256. */
export function contentDigest (body: Uint8Array): string {
  return `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
}

function isRight (base: Buffer, signature: Uint8Array, held: VerificationKey, sm: SmProvider): boolean {
  switch (held.algorithm) {
    case 'ed25519': return signature.length === 64 && verify(null, base, held.key, signature)
    case 'ecdsa-p256-sha256': return signature.length === 64 && verify('sha256', base, { key: held.key, dsaEncoding: 'ieee-p1363' }, signature)
    case 'rsa-pss-sha512':
      return verify('sha512', base, { key: held.key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: RSA_SALT_BYTES }, signature)
    case 'sm2-sm3': return sm.verify(held.key, base, signature)
  }
}

/**
 * Reads a registered public key once, so that a request only pays for the check itself.
 *
 * @param pem SPKI as PEM
 * @throws TypeError when the key does not fit the algorithm, or an RSA key is shorter than 2048 bits
 */
export function importVerificationKey (algorithm: SignatureAlgorithm, pem: string): VerificationKey {
  if (algorithm === 'sm2-sm3') return { algorithm, key: importSm2PublicKey(pem) }
  let key: KeyObject
  try {
    key = createPublicKey(pem)
  } catch (error) {
    throw new TypeError('not a public key', { cause: error })
  }
  const details = key.asymmetricKeyDetails
  const fits = {
    ed25519: key.asymmetricKeyType === 'ed25519',
    'ecdsa-p256-sha256': key.asymmetricKeyType === 'ec' && details?.namedCurve === 'prime256v1',
    'rsa-pss-sha512': (key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'rsa-pss') && (details?.modulusLength ?? 0) >= RSA_BITS_MIN
  }
  if (!fits[algorithm]) throw new TypeError(`the key does not fit ${algorithm}`)
  return { algorithm, key }
}

/**
 * Checks the signature of a request: who sent exactly this, and when. Nothing is written; the nonce is the caller's to spend.
 *
 * Source: RFC 9421 §3.2, RFC 9530; JR/T 0185-2020.
 */
export async function verifyRequest (request: SignedRequest, rules: SignatureRules): Promise<SignatureVerdict> {
  try {
    const parsed = parse(request.headers)
    checkCoverage(parsed, request, rules)
    checkTime(parsed, rules.now)
    if (parsed.components.includes('content-digest')) {
      const reason = checkContentDigest(componentValue('content-digest', request), request.body)
      if (reason !== null) throw new Refusal(reason, 'Content-Digest does not prove the body')
    }
    const base = baseOf(parsed.components, parsed.params_text, request)
    const held = await rules.findKey(parsed.keyid)
    if (held === null) throw new Refusal('KEY_UNKNOWN', 'no live key has this keyid')
    if (parsed.alg !== null && parsed.alg !== held.algorithm) {
      throw new Refusal('ALGORITHM_MISMATCH', `the key is registered for ${held.algorithm}`)
    }
    if (!isRight(Buffer.from(base), parsed.signature, held, rules.sm ?? SM_NODE)) {
      throw new Refusal('SIGNATURE_WRONG', 'the signature is not over this request')
    }
    return {
      ok: true, keyid: parsed.keyid, nonce: parsed.nonce, created: parsed.created,
      keep_nonce_until: new Date((parsed.created + CREATED_TOLERANCE_S + 1) * 1000),
      covered: parsed.components, signature_base: base, signature: parsed.signature
    }
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, reason: error.reason, detail: error.message }
    throw error
  }
}

export interface SigningOrder {
  readonly keyid: string
  /** Seconds since 1970. */
  readonly created: number
  readonly nonce: string
  readonly expires?: number
  /** Defaults to all that the hub asks for. */
  readonly components?: readonly string[]
  readonly sm?: SmProvider
}

/** The headers `signature-input`, `signature` and, with a body, `content-digest` to add to a request. For clients and tests. */
export function signRequest (request: SignedRequest, held: SigningKey, order: SigningOrder): Record<string, string> {
  const digest: Record<string, string> = request.body.length > 0 ? { 'content-digest': contentDigest(request.body) } : {}
  const sent = { ...request, headers: { ...request.headers, ...digest } }
  const usual = ['@method', '@target-uri', ...['content-digest', 'idempotency-key'].filter(name => sent.headers[name] !== undefined)]
  const components = order.components ?? usual
  const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`
  const expires = order.expires === undefined ? '' : `;expires=${order.expires}`
  const time = `created=${order.created}${expires}`
  const params = `(${components.map(quoted).join(' ')});${time};nonce=${quoted(order.nonce)};keyid=${quoted(order.keyid)};alg="${held.algorithm}"`
  const base = Buffer.from(baseOf(components, params, sent))
  const signature = {
    ed25519: () => sign(null, base, held.key as KeyObject),
    'ecdsa-p256-sha256': () => sign('sha256', base, { key: held.key as KeyObject, dsaEncoding: 'ieee-p1363' }),
    'rsa-pss-sha512': () => sign('sha512', base, {
      key: held.key as KeyObject, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: RSA_SALT_BYTES
    }),
    'sm2-sm3': () => (order.sm ?? SM_NODE).sign(held.key as Sm2PrivateKey, base)
  }[held.algorithm]()
  return { ...digest, 'signature-input': `hub=${params}`, signature: `hub=:${signature.toString('base64')}:` }
}
