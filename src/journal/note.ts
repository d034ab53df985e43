import { createHash, createPublicKey, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** Who signs notes: a name that stands on the signature line, and an Ed25519 private key. */
export interface NoteSigner { readonly name: string, readonly private_key: KeyObject }

/** What a reader needs to check a note: name and Ed25519 public key; written as one line, the vkey. */
export interface NoteVerifier { readonly name: string, readonly public_key: KeyObject, readonly key_hash: Buffer }

/** The state of a log: which log, how many entries, their RFC 6962 root. */
export interface Checkpoint { readonly origin: string, readonly size: number, readonly root: Uint8Array, readonly extensions: readonly string[] }

export const NOTE_PROBLEMS = [
  'NOTE_MALFORMED', 'NOTE_NOT_SIGNED_BY_KEY', 'NOTE_SIGNATURE_WRONG', 'CHECKPOINT_MALFORMED', 'ORIGIN_UNEXPECTED'
] as const
export type NoteProblem = typeof NOTE_PROBLEMS[number]
export type Opened<T> = { readonly ok: true, readonly value: T } | { readonly ok: false, readonly problem: NoteProblem }

const ALGORITHM_ED25519 = 0x01
const KEY_BYTES = 32
const KEY_HASH_BYTES = 4
const SIGNATURE_BYTES = 64
const SIGNATURE_LINES_MAX = 100
const NOTE_CHARS_MAX = 1_000_000
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex')
const NAME = /^[^\s+\p{Cc}]+$/u
const SIGNATURE_LINE = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/
const SIZE = /^(0|[1-9]\d{0,15})$/

/** One line of printable text: what an origin or an extension may be. */
const LINE = /^[^\p{Cc}]+$/u

function base64Bytes (text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : null
}

function rawPublic (key: KeyObject): Buffer {
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('notes are signed with Ed25519 keys')
  return key.export({ type: 'spki', format: 'der' }).subarray(-KEY_BYTES)
}

function keyHash (name: string, raw: Buffer): Buffer {
  return createHash('sha256').update(name).update('\n').update(Buffer.from([ALGORITHM_ED25519])).update(raw).digest().subarray(0, KEY_HASH_BYTES)
}

function checkName (name: string): void {
  if (!NAME.test(name) || !name.isWellFormed()) throw new TypeError('a key name is printable, without blanks and plus signs')
}

/** The verifier that belongs to a public (or private) Ed25519 key. */
export function verifierOf (name: string, key: KeyObject): NoteVerifier {
  checkName(name)
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return { name, public_key: publicKey, key_hash: keyHash(name, rawPublic(publicKey)) }
}

/** The verifier as the one line that is published: `<name>+<key hash, 8 hex>+<base64(0x01 ‖ key)>`. Source: C2SP signed-note. */
export function vkeyOf (verifier: NoteVerifier): string {
  const key = Buffer.concat([Buffer.from([ALGORITHM_ED25519]), rawPublic(verifier.public_key)])
  return `${verifier.name}+${verifier.key_hash.toString('hex')}+${key.toString('base64')}`
}

/** Reads a vkey; null when it is no well-formed Ed25519 vkey or its hash belongs to another name or key. */
export function parseVkey (vkey: string): NoteVerifier | null {
  const match = /^([^\s+\p{Cc}]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/u.exec(vkey)
  const [, name, hash, key] = match ?? []
  if (name === undefined || hash === undefined || key === undefined || !name.isWellFormed()) return null
  const bytes = base64Bytes(key)
  if (bytes === null || bytes.length !== 1 + KEY_BYTES || bytes[0] !== ALGORITHM_ED25519) return null
  const raw = bytes.subarray(1)
  const expected = keyHash(name, raw)
  if (expected.toString('hex') !== hash) return null
  return { name, public_key: createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), type: 'spki', format: 'der' }), key_hash: expected }
}

/**
 * Signs a text: the text, a blank line, the signature line `— <name> <base64(key hash ‖ signature)>`.
 *
 * @param text ends with a newline, holds no blank line at its end and no control character but newlines
 * Source: C2SP signed-note.
 */
export function signNote (text: string, signer: NoteSigner): string {
  if (!text.endsWith('\n') || text.endsWith('\n\n') || !text.isWellFormed() || !/^[^\p{Cc}]+$/u.test(text.replaceAll('\n', ''))) {
    throw new TypeError('a note is printable text whose last line ends with a newline')
  }
  const verifier = verifierOf(signer.name, signer.private_key)
  const signature = Buffer.concat([verifier.key_hash, sign(null, Buffer.from(text), signer.private_key)])
  return `${text}\n— ${signer.name} ${signature.toString('base64')}\n`
}

/**
 * The text of a note that carries a right signature of `verifier`. Lines of other keys are allowed and prove nothing;
 * a wrong signature under the verifier's own name and hash refuses the note whatever else it carries.
 */
export function openNote (note: string, verifier: NoteVerifier): Opened<string> {
  const cut = note.lastIndexOf('\n\n')
  if (cut <= 0 || !note.endsWith('\n') || note.length > NOTE_CHARS_MAX || !note.isWellFormed()) return { ok: false, problem: 'NOTE_MALFORMED' }
  const text = note.slice(0, cut + 1)
  const lines = note.slice(cut + 2, -1).split('\n')
  if (lines.length > SIGNATURE_LINES_MAX) return { ok: false, problem: 'NOTE_MALFORMED' }
  let isSigned = false
  for (const line of lines) {
    const [, name, encoded] = SIGNATURE_LINE.exec(line) ?? []
    const bytes = encoded === undefined ? null : base64Bytes(encoded)
    if (name === undefined || bytes === null || bytes.length <= KEY_HASH_BYTES) return { ok: false, problem: 'NOTE_MALFORMED' }
    if (name !== verifier.name || !bytes.subarray(0, KEY_HASH_BYTES).equals(verifier.key_hash)) continue
    const signature = bytes.subarray(KEY_HASH_BYTES)
    if (signature.length !== SIGNATURE_BYTES || !verify(null, Buffer.from(text), verifier.public_key, signature)) {
      return { ok: false, problem: 'NOTE_SIGNATURE_WRONG' }
    }
    isSigned = true
  }
  return isSigned ? { ok: true, value: text } : { ok: false, problem: 'NOTE_NOT_SIGNED_BY_KEY' }
}

/** The text that is signed: origin, size, root in base64, then extension lines if any. Source: C2SP tlog-checkpoint. */
export function checkpointText (checkpoint: Checkpoint): string {
  const { origin, size, root, extensions } = checkpoint
  if (![origin, ...extensions].every(line => LINE.test(line) && line.isWellFormed())) {
    throw new TypeError('origin and extensions are single lines')
  }
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError('a checkpoint counts entries')
  if (root.length !== 32) throw new RangeError('a root has 32 bytes')
  return [origin, String(size), Buffer.from(root).toString('base64'), ...extensions].map(line => `${line}\n`).join('')
}

/** Reads a checkpoint's text; null when any line is not exactly as `checkpointText` writes it. */
export function parseCheckpoint (text: string): Checkpoint | null {
  if (!text.endsWith('\n')) return null
  const [origin, size, encoded, ...extensions] = text.slice(0, -1).split('\n')
  if (origin === undefined || size === undefined || encoded === undefined || !SIZE.test(size)) return null
  if (![origin, ...extensions].every(line => LINE.test(line) && line.isWellFormed())) return null
  const root = base64Bytes(encoded)
  const count = Number(size)
  if (root === null || root.length !== 32 || !Number.isSafeInteger(count)) return null
  return { origin, size: count, root, extensions }
}

/** A signed checkpoint, ready to publish. */
export function signCheckpoint (checkpoint: Checkpoint, signer: NoteSigner): string {
  return signNote(checkpointText(checkpoint), signer)
}

/** Checks signature, form and origin of a published checkpoint. */
export function openCheckpoint (note: string, verifier: NoteVerifier, origin: string): Opened<Checkpoint> {
  const opened = openNote(note, verifier)
  if (!opened.ok) return opened
  const checkpoint = parseCheckpoint(opened.value)
  if (checkpoint === null) return { ok: false, problem: 'CHECKPOINT_MALFORMED' }
  return checkpoint.origin === origin ? { ok: true, value: checkpoint } : { ok: false, problem: 'ORIGIN_UNEXPECTED' }
}
