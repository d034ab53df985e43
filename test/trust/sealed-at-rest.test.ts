/** Nothing that names a person, an account or a secret can be read from what lies on disk. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { backup } from '../../scripts/backup.ts'
import type { Built } from '../helper.ts'
import { canaries, played, shownIn } from './canaries.ts'

t.setTimeout(240_000)

t.test('no phone, contact, name of a user, account number, document, list, name of a file or secret can be read from database, documents, log or backup', async t => {
  const { hub, secrets } = await played(t)
  const folders = [hub.config.data_dir]
  if (hub.config.database_url === null) {
    const folder = mkdtempSync(join(tmpdir(), 'rongqiao-sealed-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    await backup(hub.config.data_dir, join(folder, 'copy'))
    folders.push(folder)
  }
  t.same(await shownIn(hub, { ...canaries, ...secrets }, folders), [])
})

t.test('the search finds what is not sealed', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'rongqiao-sealed-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const [index, text] of [canaries.phone, Buffer.from(`x${canaries.phone}`).toString('base64'), Buffer.from(`xy${canaries.phone}z`).toString('base64'), encodeURIComponent(canaries.contact)].entries()) {
    writeFileSync(join(folder, `file-${index}`), `before ${text} after`)
  }
  const found = await shownIn({ config: { database_url: null } as Built['config'], logged: [`{"body":"${canaries.account}"}`] }, canaries, [folder])
  t.same(found.map(each => each.replace(/ in .*\//, ' in ')), ['phone in file-0', 'phone in file-1', 'phone in file-2', 'contact in file-3', 'account in the log'])
})
