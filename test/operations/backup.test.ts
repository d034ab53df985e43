/** A backup taken while the hub works can be restored, and a damaged one is named. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { backup } from '../../scripts/backup.ts'
import { startHub, until } from '../../scripts/bench/hub.ts'
import { bringLoans, bringNeeds, inventedName, inventedUscc } from '../../scripts/bench/world.ts'
import { journal_origin } from '../../src/journal/checkpoints.ts'
import { verifierOf, vkeyOf } from '../../src/journal/note.ts'
import { restoreDrill } from '../../scripts/restore-drill.ts'

const skip = process.env.DATABASE_URL ? 'about SQLite; PostgreSQL brings its own tools' : false

t.test('a backup under load agrees with a checkpoint kept elsewhere; every tampering is found', { skip }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'rongqiao-backup-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const hub = await startHub()
  t.teardown(() => hub.stop())
  await bringNeeds(hub, 1, 20)
  await bringLoans(hub, 1, 3)
  await hub.call('park-1', 'POST', '/v1/enterprise-lists', { rows: [{ name: inventedName(1), uscc: inventedUscc(1), amount: '5000000.00', term_months: 36, purpose: '设备购置', consent: true }] })
  const [some = ''] = readdirSync(join(hub.data_dir, 'lists'))
  writeFileSync(join(hub.data_dir, 'lists', some, 'half.part_01'), 'half of a body')
  const { note, verifier_key } = await until(async () => hub.call<{ note: string, verifier_key: string }>('meic', 'GET', '/v1/audit-log/checkpoint').catch(() => undefined), 'a checkpoint', 90_000)
  const kept = join(folder, 'kept.txt')
  writeFileSync(kept, note)
  const writing = bringNeeds(hub, 100, 200)
  await backup(hub.data_dir, join(folder, 'copy'))
  await writing
  const drill = () => restoreDrill(join(folder, 'copy'), kept, verifier_key, join(hub.data_dir, 'keys/kek.json'))
  t.same(await drill(), [])
  const lists = join(folder, 'copy/lists', some)
  const [list = '', ...others] = readdirSync(lists)
  t.same(others, [], 'half of a body is not copied')

  const stranger = generateKeyPairSync('ed25519').publicKey
  const other = vkeyOf(verifierOf(journal_origin, stranger))
  t.match(await restoreDrill(join(folder, 'copy'), kept, other), [/not signed by this key/])
  const documents = join(folder, 'copy/documents')
  const [shelf = ''] = readdirSync(documents)
  const [document = ''] = readdirSync(join(documents, shelf))
  writeFileSync(join(documents, shelf, document), 'not the contract')
  t.match(await drill(), [/document doc_\w+ cannot be opened/])
  writeFileSync(join(lists, list), 'not the list')
  t.match(await drill(), [/document/, /list list_\w+ cannot be opened/])
  rmSync(join(lists, list))
  t.match(await drill(), [/document/, /list list_\w+ is missing/])
  rmSync(join(documents, shelf, document))
  t.match(await drill(), [/document doc_\w+ is missing/, /list/])
  const file = new Database(join(folder, 'copy/hub.sqlite'))
  file.prepare("update events set actor_participant = 'somebody-else' where seq = 1").run()
  file.close()
  t.match((await drill())[0], /is not the one the checkpoint covers/)
})
