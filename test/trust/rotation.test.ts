/** Keys of sealed values are replaced while everything stays readable, and the old one can go. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { pino } from 'pino'
import t from 'tap'
import { bodyFolders, reseal, sealedUnder, withoutKey } from '../../scripts/rotate-keys.ts'
import { readConfig, type SealAlgorithm } from '../../src/config.ts'
import { SUITES } from '../../src/http/sm.ts'
import { buildApp } from '../../src/app.ts'
import { createCipher, parseKeyring, rotatedKeyring } from '../../src/db/cipher.ts'
import { build, type Built } from '../helper.ts'
import { webhook_secrets } from '../../src/delivery/store.ts'
import { canaries, dump, played } from './canaries.ts'
import { bearerOf } from './signing.ts'

t.setTimeout(240_000)

/** Places in the whole database that hold something sealed under a key. */
async function placesUnder (hub: Built, id: string): Promise<string[]> {
  const tables = hub.config.database_url === null ? dumpOfFile(join(hub.config.data_dir, 'hub.sqlite')) : await dump(hub.config.database_url)
  return [...tables].filter(([, text]) => text.includes(`v1.${id}.`)).map(([table]) => table).sort()
}

function dumpOfFile (file: string): Map<string, Buffer> {
  const database = new Database(file, { readonly: true })
  const tables = database.prepare<[], { name: string }>("select name from sqlite_master where type = 'table'").all()
  const texts = new Map(tables.map(({ name }) => [name, Buffer.from(JSON.stringify(database.prepare(`select * from "${name}"`).all()))]))
  database.close()
  return texts
}

t.test('every sealed value and file moves to a new key, broken off and taken up again, and is readable all along', async t => {
  const { hub, lead_no, document_no, batch_no } = await played(t)
  const kek_file = join(hub.config.data_dir, 'keys/kek.json')
  const folders = bodyFolders(hub.config)
  t.same(await placesUnder(hub, 'sandbox-1'),
    ['documents', 'enterprise_lists', 'enterprise_sources', 'enterprises', 'idempotent_answers', 'lead_events', 'leads', 'list_rows', 'participants', 'request_signatures', 'subsidy_accounts', 'users', 'webhook_secrets'], 'tables that hold sealed values')

  writeFileSync(kek_file, rotatedKeyring(readFileSync(kek_file, 'utf8'), 'second'))
  async function restarted (): Promise<(who: string, url: string, user?: number) => Promise<string>> {
    const { app } = await buildApp({ db: hub.db, config: hub.config, log: pino({ level: 'silent' }) })
    t.teardown(() => app.close())
    return async (who, url, user) => (await app.inject({ url, headers: { authorization: bearerOf(hub, who, user) } })).body
  }
  async function readable (when: string): Promise<void> {
    const get = await restarted()
    t.match(await get('bank-1', `/v1/leads/${lead_no}`), canaries.phone, `${when}: a lead`)
    t.match(await get('bank-1', `/v1/leads/${lead_no}/events`), canaries.spoken_to, `${when}: an event`)
    t.match(await get('meic', '/v1/participants/bank-1'), new RegExp(`${canaries.kept_user}|${canaries.proposed_user}`), `${when}: users`)
    t.match(await get('bank-1', `/v1/documents/${document_no}`), canaries.document, `${when}: a document`)
    t.match(await get('finance-bureau', `/v1/payment-batches/${batch_no}/instruction`, 1), canaries.account, `${when}: an account`)
  }
  const move = async (limit?: number, algorithm: SealAlgorithm = 'AES_256_GCM') =>
    reseal(hub.db, createCipher(parseKeyring(readFileSync(kek_file, 'utf8')), SUITES[algorithm]), folders, limit)
  await readable('before')
  const begun = await move(3)
  t.ok(begun.values > 0 && await sealedUnder(hub.db, 'sandbox-1', folders) > 0, 'broken off half-way')
  await readable('half-way')
  const rest = await move()
  t.ok(rest.values > 0 && rest.files > 0)
  t.same(await placesUnder(hub, 'sandbox-1'), [], 'nothing anywhere is left under the old key')
  t.equal(await sealedUnder(hub.db, 'sandbox-1', folders), 0)
  t.same(await move(), { values: 0, files: 0 }, 'a second run has nothing to do')

  writeFileSync(kek_file, withoutKey(readFileSync(kek_file, 'utf8'), 'sandbox-1'))
  await readable('without the old key')
  t.throws(() => withoutKey(readFileSync(kek_file, 'utf8'), 'second'), /current key/)

  const begun_sm4 = await move(3, 'SM4_CTR_HMAC_SM3')
  t.ok(begun_sm4.values > 0, 'the algorithm is changed under the same key')
  t.same([(await placesUnder(hub, 'second.a256gcm')).length > 0, (await placesUnder(hub, 'second.sm4-ctr-hmac-sm3')).length > 0], [true, true])
  await readable('half-way to SM4')
  const to_sm4 = await move(undefined, 'SM4_CTR_HMAC_SM3')
  t.ok(to_sm4.values > 0 && to_sm4.files > 0)
  t.same(await placesUnder(hub, 'second.a256gcm'), [], 'nothing anywhere is left under AES')
  await readable('under SM4')
  t.same(await move(undefined, 'SM4_CTR_HMAC_SM3'), { values: 0, files: 0 })
  t.equal((await move()).values, begun_sm4.values + to_sm4.values, 'and back')
  t.same(await placesUnder(hub, 'second.sm4-ctr-hmac-sm3'), [])
  await readable('back under AES')
})

t.test('SEAL_ALGORITHM decides what seals from the first value on; another name stops the start', async t => {
  const hub = await build(t, { config: { seal_algorithm: 'SM4_CTR_HMAC_SM3' } })
  const made = await hub.as('bank-1').post('/v1/webhook-endpoints', { url: 'http://127.0.0.1:9999/hook' })
  t.match(made.json().secret, /^whsec_/)
  const [kept] = await hub.db.read.select().from(webhook_secrets)
  t.match([kept?.sealed_secret, kept?.sealed_private_key], [/^v1\.sandbox-1\.sm4-ctr-hmac-sm3\./, /^v1\.sandbox-1\.sm4-ctr-hmac-sm3\./])
  t.throws(() => readConfig({ HUB_MODE: 'sandbox', SEAL_ALGORITHM: 'SM4_GCM' }), /SEAL_ALGORITHM.*SM4_CTR_HMAC_SM3/)
})
