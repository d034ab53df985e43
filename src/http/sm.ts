import {
  createCipheriv, createDecipheriv, createHash, createHmac, createPrivateKey, createPublicKey, createSecretKey, createSign, createVerify,
  generateKeyPairSync, hkdfSync, randomBytes, timingSafeEqual
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { SealAlgorithm } from '../config.ts'
import { AES_256_GCM, createCipher, passThrough, type Cipher, type Keyring, type Suite } from '../db/cipher.ts'

/** A public SM2 key together with its point `04 ‖ x ‖ y`, which the signature's Z value needs. */
export interface Sm2PublicKey { readonly key: KeyObject, readonly point: Buffer }
export interface Sm2PrivateKey extends Sm2PublicKey { readonly private_key: KeyObject }

/**
 * 国密 operations that the hub needs. The default runs on node:crypto; a certified module (密码机, GM/T 0018) takes its place here.
 * Signatures are r ‖ s, 64 bytes.
 */
export interface SmProvider {
  sm3 (...parts: ReadonlyArray<string | Uint8Array>): Buffer
  sign (key: Sm2PrivateKey, message: Uint8Array, userId?: string): Buffer
  verify (key: Sm2PublicKey, message: Uint8Array, signature: Uint8Array, userId?: string): boolean
}

/** The identity that GM/T 0009 §10 prescribes where the parties agreed on none. */
export const SM2_DEFAULT_USER_ID = '1234567812345678'

const SCALAR_BYTES = 32
const USER_ID_BYTES_MAX = 8191
const SPKI_HEAD = Buffer.from('3059301306072a8648ce3d020106082a811ccf5501822d034200', 'hex')
/** a ‖ b ‖ xG ‖ yG of the recommended curve, GM/T 0003.5 §2. */
const CURVE = Buffer.from(
  'fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93'
  + '32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0', 'hex')

/** SM3 digest of the parts one after another, 32 bytes; strings as UTF-8. Source: GM/T 0004. */
export function sm3 (...parts: ReadonlyArray<string | Uint8Array>): Buffer {
  const hash = createHash('sm3')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/**
 * Reads an SM2 public key: SPKI as PEM or DER, or the bare point `04 ‖ x ‖ y`.
 *
 * @throws TypeError when it is another kind of key, a compressed point, or a point off the curve
 */
export function importSm2PublicKey (given: string | Uint8Array): Sm2PublicKey {
  const isPoint = typeof given !== 'string' && given.length === 2 * SCALAR_BYTES + 1
  try {
    const key = typeof given === 'string'
      ? createPublicKey(given)
      : createPublicKey({ key: isPoint ? Buffer.concat([SPKI_HEAD, given]) : Buffer.from(given), format: 'der', type: 'spki' })
    return withPoint(key)
  } catch (error) {
    throw new TypeError('not an SM2 public key', { cause: error })
  }
}

function withPoint (key: KeyObject): Sm2PublicKey {
  // OpenSSL knows the key as SM2, for which Node has no type name; the SPKI head is the one sure sign.
  const spki = key.export({ type: 'spki', format: 'der' })
  const point = spki.subarray(SPKI_HEAD.length)
  if (!spki.subarray(0, SPKI_HEAD.length).equals(SPKI_HEAD) || point.length !== 2 * SCALAR_BYTES + 1 || point[0] !== 4) {
    throw new TypeError('not the SM2 curve')
  }
  // Imported anew: a key object that came out of key generation is an EC key to OpenSSL and would sign and check plain ECDSA.
  return { key: createPublicKey({ key: spki, format: 'der', type: 'spki' }), point: Buffer.from(point) }
}

/** Reads an SM2 private key, PKCS #8 as PEM. @throws TypeError when it is another kind of key */
export function importSm2PrivateKey (pem: string): Sm2PrivateKey {
  try {
    const key = createPrivateKey(pem)
    return { private_key: key, ...withPoint(createPublicKey(key)) }
  } catch (error) {
    throw new TypeError('not an SM2 private key', { cause: error })
  }
}

/** A fresh SM2 key pair. */
export function generateSm2KeyPair (): Sm2PrivateKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'SM2' })
  return importSm2PrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
}

/** Z: who signs, under which curve, with which key. Source: GM/T 0003.2 §5.5. */
export function sm2Z (key: Sm2PublicKey, userId: string): Buffer {
  const id = Buffer.from(userId)
  if (id.length > USER_ID_BYTES_MAX || !userId.isWellFormed()) throw new RangeError('an SM2 user id has at most 8191 bytes')
  const bits = Buffer.alloc(2)
  bits.writeUInt16BE(id.length * 8)
  return sm3(bits, id, CURVE, key.point.subarray(1))
}

function derInteger (scalar: Uint8Array): Buffer {
  let at = 0
  while (at < scalar.length - 1 && scalar[at] === 0) at += 1
  const bytes = scalar.subarray(at)
  const sign = (bytes[0] as number) >= 0x80 ? [0] : []
  return Buffer.from([2, bytes.length + sign.length, ...sign, ...bytes])
}

function derOf (signature: Uint8Array): Buffer {
  const integers = Buffer.concat([derInteger(signature.subarray(0, SCALAR_BYTES)), derInteger(signature.subarray(SCALAR_BYTES))])
  return Buffer.concat([Buffer.from([0x30, integers.length]), integers])
}

/** r ‖ s out of the DER that OpenSSL just wrote. */
function rawOf (der: Buffer): Buffer {
  const raw = Buffer.alloc(2 * SCALAR_BYTES)
  let at = 2
  for (const end of [SCALAR_BYTES, 2 * SCALAR_BYTES]) {
    const length = der[at + 1] as number
    const scalar = der.subarray(at + 2, at + 2 + length)
    const bytes = scalar.length > SCALAR_BYTES ? scalar.subarray(1) : scalar
    bytes.copy(raw, end - bytes.length)
    at += 2 + length
  }
  return raw
}

/**
 * SM2 with SM3 on node:crypto. Z and message are streamed into the digest, because Node's one-shot calls let OpenSSL put in a Z of its
 * own with an empty identity. Source: GM/T 0003.2, GM/T 0009.
 */
export const SM_NODE: SmProvider = {
  sm3,
  sign (key, message, userId = SM2_DEFAULT_USER_ID) {
    return rawOf(createSign('sm3').update(sm2Z(key, userId)).update(message).sign(key.private_key))
  },
  verify (key, message, signature, userId = SM2_DEFAULT_USER_ID) {
    if (signature.length !== 2 * SCALAR_BYTES) return false
    return createVerify('sm3').update(sm2Z(key, userId)).update(message).verify(key.key, derOf(signature))
  }
}

const SM4_KEY_BYTES = 16
const SM4_IV_BYTES = 16
const MAC_BYTES = 32

/**
 * Authenticated SM4 for fields at rest: SM4-CTR, then HMAC-SM3 over associated data, IV and ciphertext (encrypt-then-MAC), with two
 * keys derived from the one given. SM4-GCM takes its place under a new name once Node has it. Source: GM/T 0002, GB/T 15852.2.
 */
export const SM4_CTR_HMAC_SM3: Suite = {
  name: 'sm4-ctr-hmac-sm3',
  keyed (bytes) {
    const secret = createSecretKey(bytes)
    const encrypting = createSecretKey(Buffer.from(hkdfSync('sm3', secret, '', 'rongqiao sm4-ctr v1', SM4_KEY_BYTES)))
    const authenticating = createSecretKey(Buffer.from(hkdfSync('sm3', secret, '', 'rongqiao hmac-sm3 v1', MAC_BYTES)))
    function mac (associated: Uint8Array, body: Uint8Array): Buffer {
      const length = Buffer.alloc(8)
      length.writeBigUInt64BE(BigInt(associated.length))
      return createHmac('sm3', authenticating).update(length).update(associated).update(body).digest()
    }
    return {
      seal (plaintext, associated, front = new Uint8Array()) {
        const iv = randomBytes(SM4_IV_BYTES)
        const sealed = Buffer.allocUnsafe(front.length + SM4_IV_BYTES + plaintext.length + MAC_BYTES)
        sealed.set(front)
        sealed.set(iv, front.length)
        const end = passThrough(createCipheriv('sm4-ctr', encrypting, iv), plaintext, sealed, front.length + SM4_IV_BYTES)
        sealed.set(mac(associated, sealed.subarray(front.length, end)), end)
        return sealed
      },
      open (sealed, associated) {
        if (sealed.length < SM4_IV_BYTES + MAC_BYTES) return null
        const body = sealed.subarray(0, sealed.length - MAC_BYTES)
        if (!timingSafeEqual(mac(associated, body), sealed.subarray(sealed.length - MAC_BYTES))) return null
        const plaintext = Buffer.allocUnsafe(body.length - SM4_IV_BYTES)
        passThrough(createDecipheriv('sm4-ctr', encrypting, body.subarray(0, SM4_IV_BYTES)), body.subarray(SM4_IV_BYTES), plaintext, 0)
        return plaintext
      }
    }
  }
}

/** What seals by a setting, and what it still opens. */
export const SUITES: Readonly<Record<SealAlgorithm, readonly [Suite, ...Suite[]]>> = {
  AES_256_GCM: [AES_256_GCM, SM4_CTR_HMAC_SM3],
  SM4_CTR_HMAC_SM3: [SM4_CTR_HMAC_SM3, AES_256_GCM]
}

/** What seals the fields of this hub. */
export function hubCipher ({ seal_algorithm }: { seal_algorithm: SealAlgorithm }, keyring: Keyring): Cipher {
  return createCipher(keyring, SUITES[seal_algorithm])
}
