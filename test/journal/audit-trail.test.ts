/** The audit trail: everybody can check that nothing was changed, removed or slipped in. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { append } from '../../src/journal/events.ts'
import { openCheckpoint, parseVkey, type NoteVerifier } from '../../src/journal/note.ts'
import { leafHash, verifyConsistency, verifyInclusion } from '../../src/journal/tree.ts'
import { build, type Built } from '../helper.ts'

const actor = (participant_no: string) => ({ participant_no, user_no: null })

async function write (hub: Built, count: number, participant_no: string): Promise<void> {
  for (let index = 0; index < count; index++) {
    await hub.db.write((sql, now) => append(sql, now, { type: 'document.received', subject: `doc_${index}`, actor: actor(participant_no), audience: [] }))
  }
  hub.clock.advance(60_000)
  await hub.loops.settle()
}

const bytes = (text: string) => Buffer.from(text, 'hex')

t.test('an entry is proved against a signed checkpoint, and later checkpoints only add', async t => {
  const hub = await build(t)
  await write(hub, 5, 'bank-1')
  const first = (await hub.as('bank-2').get('/v1/audit-log/checkpoint')).json()
  await write(hub, 12, 'bank-1')
  const second = (await hub.as('bank-2').get('/v1/audit-log/checkpoint')).json()
  t.ok(second.size > first.size)
  const verifier = parseVkey(second.verifier_key) as NoteVerifier
  const opened = openCheckpoint(second.note, verifier, verifier.name)
  t.match(opened, { ok: true, value: { size: second.size } })

  const own = (await hub.as('bank-1').get('/v1/audit-log?limit=200')).json().items as { seq: number, leaf: string }[]
  t.equal(own.length, 17)
  for (const { seq, leaf } of own) {
    const { proof } = (await hub.as('bank-1').get(`/v1/audit-log/${seq}/proof`)).json()
    t.ok(verifyInclusion(second.size, seq - 1, leafHash(leaf), proof.map(bytes), bytes(second.root)))
    t.notOk(verifyInclusion(second.size, seq - 1, leafHash(`${leaf} `), proof.map(bytes), bytes(second.root)))
  }
  const { proof } = (await hub.as('bank-2').get(`/v1/audit-log/consistency?from=${first.size}&to=${second.size}`)).json()
  t.ok(verifyConsistency(first.size, second.size, bytes(first.root), bytes(second.root), proof.map(bytes)))
})

t.test('a caller sees its own slice only; MEIC sees all', async t => {
  const hub = await build(t)
  await write(hub, 3, 'bank-1')
  const seq = (await hub.as('bank-1').get('/v1/audit-log')).json().items[0].seq
  t.same((await hub.as('bank-2').get('/v1/audit-log')).json().items, [])
  t.equal((await hub.as('bank-2').get(`/v1/audit-log/${seq}/proof`)).statusCode, 404)
  t.ok((await hub.as('meic').get('/v1/audit-log?limit=200')).json().items.length >= 3)
  t.equal((await hub.as('bank-2').get('/v1/audit-log/consistency?from=2&to=1')).statusCode, 400)
})

t.test('a slice is what one did and what one was told, each once and in order, however it is paged', async t => {
  const hub = await build(t)
  const told = [['bank-1'], ['bank-2'], ['bank-1', 'bank-2'], []]
  for (let index = 0; index < 24; index++) {
    const by = ['bank-1', 'bank-2', 'park-1'][index % 3] ?? ''
    await hub.db.write((sql, now) => append(sql, now, { type: 'document.received', subject: `doc_${index}`, actor: actor(by), audience: told[Math.floor(index / 3) % 4] ?? [] }))
  }
  await hub.loops.settle()
  const seen = async (who: string, limit: number) => {
    const subjects: string[] = []
    for (let cursor = ''; ;) {
      const { items, next_cursor } = (await hub.as(who).get(`/v1/audit-log?limit=${limit}${cursor}`)).json() as { items: { leaf: string }[], next_cursor: string | null }
      subjects.push(...items.map(({ leaf }) => /doc_\d+/.exec(leaf)?.[0] ?? ''))
      if (next_cursor === null) return subjects
      cursor = `&cursor=${next_cursor}`
    }
  }
  for (const [place, who] of ['bank-1', 'bank-2', 'park-1'].entries()) {
    const own = Array.from({ length: 24 }, (_, index) => index).filter(index => index % 3 === place || told[Math.floor(index / 3) % 4]?.includes(who) === true).map(index => `doc_${index}`)
    for (const limit of [1, 4, 200]) t.same(await seen(who, limit), own, `${who} by ${limit}`)
  }
})

t.test('scripts/verify-log accepts the exported log and names every kind of tampering', async t => {
  const hub = await build(t)
  await write(hub, 7, 'bank-1')
  const older = (await hub.as('meic').get('/v1/audit-log/checkpoint')).json()
  await write(hub, 6, 'bank-2')
  const newer = (await hub.as('meic').get('/v1/audit-log/checkpoint')).json()
  const entries = (await hub.as('meic').get('/v1/audit-log?limit=200')).json().items as { seq: number, leaf: string }[]
  const run = check(t, newer.verifier_key)
  t.equal(run(entries, newer.note, older.note), 0, 'the true log')
  const changed = (index: number, leaf: string) => entries.map((entry, place) => place === index ? { ...entry, leaf } : entry)
  const entry = entries[3] as { seq: number, leaf: string }
  t.equal(run(changed(3, entry.leaf.replace('bank-1', 'bank-3')), newer.note), 1, 'flip')
  t.equal(run(entries.filter((_, place) => place !== 3), newer.note), 1, 'delete')
  t.equal(run([...entries.slice(0, 3), entry, ...entries.slice(3)], newer.note), 1, 'insert')
  t.equal(run([...entries.slice(0, 3), entries[4], entry, ...entries.slice(5)], newer.note), 1, 'swap')
  t.equal(run(entries.slice(0, -1), newer.note), 1, 'truncate')
  t.equal(run(entries.slice(0, older.size), older.note, newer.note), 1, 'roll back')
  t.equal(run(entries, newer.note.replace(/\n\d+\n/, '\n999\n')), 1, 'a checkpoint that was not signed')
})

function check (t: Test, key: string) {
  const folder = mkdtempSync(join(tmpdir(), 'rongqiao-verify-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return (entries: unknown[], checkpoint: string, older?: string): number | null => {
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    const given = ['--entries', file('entries.jsonl', entries.map(entry => `${JSON.stringify(entry)}\n`).join('')), '--checkpoint', file('checkpoint.txt', checkpoint), '--key', key]
    if (older !== undefined) given.push('--older', file('older.txt', older))
    return spawnSync(process.execPath, [join(import.meta.dirname, '../../scripts/verify-log'), ...given]).status
  }
}

t.test('the checker needs nothing but Node', async t => {
  t.match(execFileSync(process.execPath, [join(import.meta.dirname, '../../scripts/verify-log'), '--help'], { encoding: 'utf8' }), /--checkpoint/)
})
