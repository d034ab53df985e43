/**
 * Enters the first persons of a production hub: `node scripts/bootstrap.ts first.json`, once, on an empty database.
 * The file: [{ participant_no, role: PLATFORM_OPERATOR | MEIC, name, uscc, users: [{ user_no, name, duties, algorithm, public_key_pem }] }];
 * duties: PREPARE, APPROVE; algorithm: ED25519 | ECDSA_P256 | RSA_PSS | SM2.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runningClock } from '../src/clock.ts'
import { readConfig } from '../src/config.ts'
import { loadHubKeys } from '../src/db/keys.ts'
import { migrate, readMigrations } from '../src/db/migrate.ts'
import { openDb } from '../src/db/open.ts'
import { hubCipher } from '../src/http/sm.ts'
import { bootstrap, type FirstParticipant } from '../src/registry/participants/bootstrap.ts'

const file = process.argv[2]
if (file === undefined) {
  console.error('usage: node scripts/bootstrap.ts first.json')
  process.exit(2)
}
const config = readConfig()
const target = config.database_url ?? join(config.data_dir, 'hub.sqlite')
await migrate(target, readMigrations(join(import.meta.dirname, '../migrations')))
const db = openDb(target, runningClock())
try {
  db.useCipher(hubCipher(config, loadHubKeys(config).keyring))
  const clients = await bootstrap(db, JSON.parse(readFileSync(file, 'utf8')) as FirstParticipant[])
  console.table(clients)
} finally {
  await db.close()
}
