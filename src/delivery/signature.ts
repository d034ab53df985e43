/**
 * Signatures of Standard Webhooks 1.0 over the exact bytes that are sent: HMAC-SHA256 (`v1`) and Ed25519 (`v1a`).
 * Source: standard-webhooks specification 1.0, "Verifying webhook authenticity".
 */
import { createHmac, createPrivateKey, createSecretKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { newSecret } from '../clock.ts'

const secret_prefix = 'whsec_'
const public_prefix = 'whpk_'
/** PKCS#8 and SPKI heads of an Ed25519 key; the raw 32 bytes follow. */
const pkcs8_head = Buffer.from('302e020100300506032b657004220420', 'hex')

/** A signing secret of an endpoint: the shared one for `v1`, the key pair for `v1a`. */
export interface SigningSecret {
  /** `whsec_` and base64 of 32 bytes */
  secret: string
  /** base64 of the 32 raw bytes of the Ed25519 seed */
  private_key: string
  /** `whpk_` and base64 of the 32 raw bytes */
  public_key: string
}

export function newSigningSecret (): SigningSecret {
  const random = Buffer.from(newSecret('x').slice(2), 'base64url')
  const pair = generateKeyPairSync('ed25519')
  const raw = (key: KeyObject, type: 'pkcs8' | 'spki') => key.export({ format: 'der', type }).subarray(-32).toString('base64')
  return { secret: secret_prefix + random.toString('base64'), private_key: raw(pair.privateKey, 'pkcs8'), public_key: public_prefix + raw(pair.publicKey, 'spki') }
}

/** A secret ready to sign: keys are parsed once. */
export interface Signer { sign (id: string, timestamp: number, body: string): string }

export function signerOf ({ secret, private_key }: Pick<SigningSecret, 'secret' | 'private_key'>): Signer {
  const shared = createSecretKey(secret.slice(secret_prefix.length), 'base64')
  const key = createPrivateKey({ key: Buffer.concat([pkcs8_head, Buffer.from(private_key, 'base64')]), format: 'der', type: 'pkcs8' })
  return {
    sign (id, timestamp, body) {
      const content = `${id}.${timestamp}.${body}`
      return `v1,${createHmac('sha256', shared).update(content).digest('base64')} v1a,${sign(null, Buffer.from(content), key).toString('base64')}`
    }
  }
}

/**
 * Headers of one message. Where a secret was rotated both sign, so that the receiver may change over in its own time.
 *
 * @param timestamp seconds since 1970
 */
export function signedHeaders (signers: readonly Signer[], id: string, timestamp: number, body: string): Record<string, string> {
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signers.map(signer => signer.sign(id, timestamp, body)).join(' ')
  }
}

