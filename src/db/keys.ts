/**
 * The hub's own keys: the Ed25519 key that signs packets, checkpoints and tokens, and the key-encryption keys of sealed fields.
 * The sandbox makes them at first start; production wants them to be there.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, type Config } from '../config.ts'
import { keyringFromFile, newKeyring, type Keyring } from './cipher.ts'

export interface HubKeys {
  private_key: KeyObject
  public_key: KeyObject
  /** key-encryption keys of sealed fields */
  keyring: Keyring
}

const owner_only = 0o600

/** Errors: ConfigError with every key that is missing or unfit. */
export function loadHubKeys (config: Pick<Config, 'data_dir' | 'hub_mode' | 'kek_file'>): HubKeys {
  const folder = join(config.data_dir, 'keys')
  const signing_file = join(folder, 'hub-ed25519.pem')
  const kek_file = config.kek_file ?? join(folder, 'kek.json')
  const sandbox = config.hub_mode === 'sandbox'
  if (sandbox) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (!existsSync(signing_file)) {
      writeFileSync(signing_file, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: owner_only, flag: 'wx' })
    }
    if (!existsSync(kek_file)) writeFileSync(kek_file, newKeyring('sandbox-1'), { mode: owner_only, flag: 'wx' })
  }
  const mistakes: string[] = []
  const keyring = read(mistakes, () => {
    if (!existsSync(kek_file)) throw new Error(`the key-encryption keys are missing: make ${kek_file} with "node scripts/rotate-keys.ts --first"`)
    return keyringFromFile(kek_file)
  })
  const private_key = read(mistakes, () => {
    if (!existsSync(signing_file)) throw new Error(`the signing key is missing: make ${signing_file} with "openssl genpkey -algorithm ed25519"`)
    const key = createPrivateKey(readFileSync(signing_file))
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`${signing_file} is not an Ed25519 key`)
    return key
  })
  if (keyring === null || private_key === null) throw new ConfigError(mistakes)
  return { private_key, public_key: createPublicKey(private_key), keyring }
}

function read<T> (mistakes: string[], reading: () => T): T | null {
  try {
    return reading()
  } catch (error) {
    mistakes.push((error as Error).message)
    return null
  }
}
