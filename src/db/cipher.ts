import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, randomBytes, randomFillSync } from 'node:crypto'
import type { Cipheriv, Decipheriv, KeyObject } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'

/** One way of sealing bytes so that they can neither be read nor changed; `name` stands in every sealed text. */
export interface Suite {
  readonly name: string
  /** @param key 32 bytes */
  keyed (key: Uint8Array): SuiteKey
}
export interface SuiteKey {
  /** @param front bytes that stand before the sealed ones as they are */
  seal (plaintext: Uint8Array, associated: Uint8Array, front?: Uint8Array): Buffer
  /** null when key, bytes or associated data are not those of the sealing */
  open (sealed: Uint8Array, associated: Uint8Array): Buffer | null
}

/** A key-encryption key: it only ever wraps data keys. */
export interface KeyEncryptionKey { readonly id: string, readonly key: Uint8Array }

/** The keys of this installation. Old keys stay findable until every row is resealed; the index key outlives them all. */
export interface Keyring {
  readonly current: KeyEncryptionKey
  find (id: string): KeyEncryptionKey | undefined
  readonly index_key: Uint8Array
}

export const SEAL_PROBLEMS = ['SEALED_MALFORMED', 'SUITE_UNKNOWN', 'KEY_UNKNOWN', 'SEAL_BROKEN'] as const

/** A stored value that does not open: damaged, moved to another row, or its key is gone. Never the caller's mistake. */
export class SealError extends Error {
  readonly code: typeof SEAL_PROBLEMS[number]
  constructor (code: typeof SEAL_PROBLEMS[number]) {
    super(`a sealed value does not open: ${code}`)
    this.name = 'SealError'
    this.code = code
  }
}

export interface Cipher {
  /** how every text begins that is sealed now */
  readonly head: string
  /** @param associated table, column and row id: a sealed value opens in its own place only */
  seal (plaintext: string, associated: string): string
  /** @throws SealError */
  open (sealed: string, associated: string): string
  /** As `seal`, for bytes such as files. */
  sealBytes (plaintext: Uint8Array, associated: string): Buffer
  /** @throws SealError */
  openBytes (sealed: Uint8Array, associated: string): Buffer
  /** Whether a kept value or file is sealed under the current key and suite. */
  isCurrent (sealed: string | Uint8Array): boolean
  /** The same value under the current key and suite; unchanged when it already is. For rotation. */
  reseal (sealed: string, associated: string): string
  /** Equal for equal values and meaningless without the key: for UNIQUE and lookups on a sealed column. 64 hex digits. */
  blindIndex (value: string): string
}

const KEY_BYTES = 32
const GCM_IV_BYTES = 12
const GCM_TAG_BYTES = 16
/** Far below the 2^32 at which random 96-bit IVs under one key become a risk (NIST SP 800-38D §8.3). */
const SEALS_PER_DATA_KEY_MAX = 1_000_000
const OPENED_DATA_KEYS_MAX = 4096
const KEY_ID = /^[a-z0-9_-]{1,32}$/
/** In front of sealed bytes, followed by a line feed. */
const HEAD = /^v1\.([a-z0-9_-]{1,32})\.([a-z0-9-]{1,32})\.([A-Za-z0-9_-]+)$/
const HEAD_BYTES_MAX = 512
const LINE_FEED = 10
const NOTHING = new Uint8Array()
const SEALED = /^v1\.([a-z0-9_-]{1,32})\.([a-z0-9-]{1,32})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/

const ivs = Buffer.alloc(GCM_IV_BYTES * 256)
let ivs_used = ivs.length

/** A random IV, never given twice, out of a pool: asking the machine for each costs as much as the sealing. */
function freshIv (): Buffer {
  if (ivs_used === ivs.length) {
    randomFillSync(ivs)
    ivs_used = 0
  }
  const iv = Buffer.from(ivs.subarray(ivs_used, ivs_used + GCM_IV_BYTES))
  ivs_used += GCM_IV_BYTES
  return iv
}

const UPDATE_BYTES = 65_536

/** Puts bytes through a cipher whose output is as long as its input, without a second copy of a long one. @returns the place behind the output */
export function passThrough (cipher: Cipheriv | Decipheriv, bytes: Uint8Array, into: Buffer, at: number): number {
  for (let from = 0; from < bytes.length; from += UPDATE_BYTES) into.set(cipher.update(bytes.subarray(from, from + UPDATE_BYTES)), at + from)
  cipher.final()
  return at + bytes.length
}

/** AES-256-GCM with a random 96-bit IV in front and the 128-bit tag behind. The portable default. */
export const AES_256_GCM: Suite = {
  name: 'a256gcm',
  keyed (bytes) {
    const key = createSecretKey(bytes)
    return {
      seal (plaintext, associated, front = NOTHING) {
        const iv = freshIv()
        const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: GCM_TAG_BYTES })
        cipher.setAAD(associated)
        const sealed = Buffer.allocUnsafe(front.length + GCM_IV_BYTES + plaintext.length + GCM_TAG_BYTES)
        sealed.set(front)
        sealed.set(iv, front.length)
        const end = passThrough(cipher, plaintext, sealed, front.length + GCM_IV_BYTES)
        sealed.set(cipher.getAuthTag(), end)
        return sealed
      },
      open (sealed, associated) {
        if (sealed.length < GCM_IV_BYTES + GCM_TAG_BYTES) return null
        const end = sealed.length - GCM_TAG_BYTES
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, GCM_IV_BYTES), { authTagLength: GCM_TAG_BYTES })
        decipher.setAAD(associated)
        decipher.setAuthTag(sealed.subarray(end))
        const plaintext = Buffer.allocUnsafe(end - GCM_IV_BYTES)
        try {
          passThrough(decipher, sealed.subarray(GCM_IV_BYTES, end), plaintext, 0)
          return plaintext
        } catch {
          return null
        }
      }
    }
  }
}

interface DataKey { readonly head: string, readonly key: SuiteKey }

/** A canonical base64url text back to bytes; null when another text would decode to the same bytes. */
function strictBytes (text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : null
}

/**
 * Envelope encryption of single fields: a data key per process seals the values, the keyring's current key wraps the data key.
 * Text: `v1.<kek id>.<suite>.<wrapped data key>.<sealed value>`.
 *
 * @param suites the first seals, all of them open
 */
export function createCipher (keyring: Keyring, suites: readonly [Suite, ...Suite[]] = [AES_256_GCM]): Cipher {
  const suite = suites[0]
  const prefix = `v1.${keyring.current.id}.${suite.name}.`
  const indexKey: KeyObject = createSecretKey(Buffer.from(hkdfSync('sha256', keyring.index_key, '', 'rongqiao blind index v1', KEY_BYTES)))
  const openedKeys = new Map<string, SuiteKey>()
  let current: DataKey | undefined
  let seals = 0

  function remember (head: string, key: SuiteKey): void {
    const oldest = openedKeys.size >= OPENED_DATA_KEYS_MAX ? openedKeys.keys().next().value : undefined
    if (oldest !== undefined) openedKeys.delete(oldest)
    openedKeys.set(head, key)
  }

  function sealingKey (): DataKey {
    if (current !== undefined && seals < SEALS_PER_DATA_KEY_MAX) return current
    const bytes = randomBytes(KEY_BYTES)
    const wrapped = suite.keyed(keyring.current.key).seal(bytes, Buffer.from(prefix.slice(0, -1)))
    current = { head: prefix + wrapped.toString('base64url'), key: suite.keyed(bytes) }
    seals = 0
    remember(current.head, current.key)
    return current
  }

  function openingKey (kekId: string, suiteName: string, wrapped: string): SuiteKey {
    const prefix = `v1.${kekId}.${suiteName}`
    const known = openedKeys.get(`${prefix}.${wrapped}`)
    if (known !== undefined) return known
    const named = suites.find(candidate => candidate.name === suiteName)
    if (named === undefined) throw new SealError('SUITE_UNKNOWN')
    const kek = keyring.find(kekId)
    if (kek === undefined) throw new SealError('KEY_UNKNOWN')
    const wrappedBytes = strictBytes(wrapped)
    if (wrappedBytes === null) throw new SealError('SEALED_MALFORMED')
    const bytes = named.keyed(kek.key).open(wrappedBytes, Buffer.from(prefix))
    if (bytes === null || bytes.length !== KEY_BYTES) throw new SealError('SEAL_BROKEN')
    const key = named.keyed(bytes)
    remember(`${prefix}.${wrapped}`, key)
    return key
  }

  // The head is bound too, and holds no NUL: head and place cannot be shifted against each other.
  const place = (head: string, associated: string): Buffer => Buffer.from(`${head}\0${associated}`)

  function seal (plaintext: string, associated: string): string {
    if (!plaintext.isWellFormed() || !associated.isWellFormed()) throw new TypeError('seal: a lone surrogate has no UTF-8 form')
    const { head, key } = sealingKey()
    seals += 1
    return `${head}.${key.seal(Buffer.from(plaintext), place(head, associated)).toString('base64url')}`
  }

  function openWith (match: RegExpExecArray | null, valueBytes: Uint8Array | null, associated: string): Buffer {
    const [, kekId, suiteName, wrapped] = match ?? []
    if (kekId === undefined || suiteName === undefined || wrapped === undefined || valueBytes === null) throw new SealError('SEALED_MALFORMED')
    const bytes = openingKey(kekId, suiteName, wrapped).open(valueBytes, place(`v1.${kekId}.${suiteName}.${wrapped}`, associated))
    if (bytes === null) throw new SealError('SEAL_BROKEN')
    return bytes
  }

  function open (sealed: string, associated: string): string {
    const match = SEALED.exec(sealed)
    return openWith(match, strictBytes(match?.[4] ?? ''), associated).toString('utf8')
  }

  function sealBytes (plaintext: Uint8Array, associated: string): Buffer {
    const { head, key } = sealingKey()
    seals += 1
    return key.seal(plaintext, place(head, associated), Buffer.from(`${head}\n`))
  }

  function isCurrent (sealed: string | Uint8Array): boolean {
    return (typeof sealed === 'string' ? sealed : Buffer.from(sealed.subarray(0, prefix.length)).toString('latin1')).startsWith(prefix)
  }

  return {
    head: prefix,
    seal,
    open,
    sealBytes,
    openBytes (sealed, associated) {
      const end = sealed.subarray(0, HEAD_BYTES_MAX).indexOf(LINE_FEED)
      return openWith(end < 0 ? null : HEAD.exec(Buffer.from(sealed.subarray(0, end)).toString('latin1')), sealed.subarray(end + 1), associated)
    },
    isCurrent,
    reseal (sealed, associated) {
      const plaintext = open(sealed, associated)
      return isCurrent(sealed) ? sealed : seal(plaintext, associated)
    },
    blindIndex (value) {
      if (!value.isWellFormed()) throw new TypeError('blindIndex: a lone surrogate has no UTF-8 form')
      return createHmac('sha256', indexKey).update(value).digest('hex')
    }
  }
}

/** A keyring over keys in memory. @throws Error when ids repeat, a key is not 32 bytes, or `current` is not among them */
export function keyringOf (keys: readonly KeyEncryptionKey[], current: string, indexKey: Uint8Array): Keyring {
  const byId = new Map(keys.map(key => [key.id, key]))
  const chosen = byId.get(current)
  if (byId.size !== keys.length) throw new Error('keyring: a key id stands twice')
  if (chosen === undefined) throw new Error('keyring: the current key is not among the keys')
  if (![...keys.map(key => key.key), indexKey].every(key => key.length === KEY_BYTES)) throw new Error('keyring: every key has 32 bytes')
  if (!keys.every(key => KEY_ID.test(key.id))) throw new Error('keyring: a key id has 1 to 32 of a-z, 0-9, _ and -')
  return { current: chosen, find: id => byId.get(id), index_key: indexKey }
}

function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function keyBytes (value: unknown): Buffer {
  const bytes = Buffer.from(typeof value === 'string' ? value : '', 'base64')
  if (bytes.toString('base64') !== value) throw new Error('keyring: a key is not written in base64')
  return bytes
}

/** undefined for what is no JSON: a syntax error would quote what it could not read, which here is key material. */
function jsonOf (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Reads the text that `newKeyring` and `rotatedKeyring` write: `{ current, keys: [ { id, key } ], index_key }`, keys in base64. */
export function parseKeyring (text: string): Keyring {
  const parsed = jsonOf(text)
  if (!isRecord(parsed) || typeof parsed['current'] !== 'string' || !Array.isArray(parsed['keys'])) {
    throw new Error('keyring: { current, keys, index_key } expected')
  }
  const keys = parsed['keys'].map((entry: unknown) => {
    if (!isRecord(entry) || typeof entry['id'] !== 'string') throw new Error('keyring: a key is { id, key }')
    return { id: entry['id'], key: keyBytes(entry['key']) }
  })
  return keyringOf(keys, parsed['current'], keyBytes(parsed['index_key']))
}

/** Loads a keyring. @throws Error when others than the owner may read the file, or it is not a keyring; never quotes a key */
export function keyringFromFile (path: string): Keyring {
  if ((statSync(path).mode & 0o077) !== 0) throw new Error(`keyring: ${path} must be readable by its owner only (mode 0600)`)
  return parseKeyring(readFileSync(path, 'utf8'))
}

/** The text of a fresh keyring with one key, to be written with mode 0600. */
export function newKeyring (id: string): string {
  const fresh = (): string => randomBytes(KEY_BYTES).toString('base64')
  const text = JSON.stringify({ current: id, keys: [{ id, key: fresh() }], index_key: fresh() }, null, 2)
  parseKeyring(text)
  return `${text}\n`
}

/** The same keyring with one more key, which becomes the current one. Old values open as before and move over by `reseal`. */
export function rotatedKeyring (text: string, id: string): string {
  parseKeyring(text)
  const { current: _, ...rest } = JSON.parse(text) as { current: string, keys: Array<{ id: string, key: string }>, index_key: string }
  const next = JSON.stringify({ current: id, ...rest, keys: [...rest.keys, { id, key: randomBytes(KEY_BYTES).toString('base64') }] }, null, 2)
  parseKeyring(next)
  return `${next}\n`
}
