/** Signing secrets of endpoints: sealed at rest, opened to sign, rotated with overlap. */
import { newNo } from '../clock.ts'
import type { Cipher } from '../db/cipher.ts'
import type { ReadSql, WriteSql } from '../db/db.ts'
import { newSigningSecret, signerOf, type Signer } from './signature.ts'
import { findSecret, insertSecret, signingSecrets, type SecretRow } from './store.ts'

/** Where a sealed value belongs: it opens nowhere else. */
export function secretPlace (secret_no: string, part: 'secret' | 'private_key'): string {
  return `webhook_secrets/${secret_no}/${part}`
}

/** Makes and keeps a secret. @returns the kept row; the plain secret is read with `plainSecret` */
export async function addSecret (sql: WriteSql, now: string, cipher: Cipher, endpoint_no: string): Promise<SecretRow> {
  const { secret, private_key, public_key } = newSigningSecret()
  const secret_no = newNo('whs')
  const row: SecretRow = {
    secret_no, endpoint_no, sealed_secret: cipher.seal(secret, secretPlace(secret_no, 'secret')), sealed_private_key: cipher.seal(private_key, secretPlace(secret_no, 'private_key')),
    public_key, created_at: now, expires_at: null
  }
  await insertSecret(sql, row)
  return row
}

/** The shared secret in plain, for the answer that hands it out; null when it is gone. */
export async function plainSecret (sql: ReadSql, cipher: Cipher, secret_no: string): Promise<string | null> {
  const row = await findSecret(sql, secret_no)
  return row === undefined ? null : cipher.open(row.sealed_secret, secretPlace(secret_no, 'secret'))
}

/** Everything that signs for an endpoint now, the newest first. */
export async function openSigners (sql: ReadSql, cipher: Cipher, endpoint_no: string, now: string): Promise<Signer[]> {
  return (await signingSecrets(sql, endpoint_no, now)).map(({ secret_no, sealed_secret, sealed_private_key }) => signerOf({
    secret: cipher.open(sealed_secret, secretPlace(secret_no, 'secret')), private_key: cipher.open(sealed_private_key, secretPlace(secret_no, 'private_key'))
  }))
}
