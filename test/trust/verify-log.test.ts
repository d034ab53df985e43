import { test } from 'tap'
import type { Test } from 'tap'
import { generateKeyPairSync } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonical } from '../../src/db/canonical.ts'
import { EMPTY_FRONTIER, append, leafHash, rootOf } from '../../src/journal/tree.ts'
import { signCheckpoint, verifierOf, vkeyOf } from '../../src/journal/note.ts'

const SCRIPT = join(import.meta.dirname, '../../scripts/verify-log')
const ORIGIN = 'rongqiao.example/journal'
const key = generateKeyPairSync('ed25519').privateKey
const stranger = generateKeyPairSync('ed25519').privateKey
const vkey = vkeyOf(verifierOf(ORIGIN, key))

const leaf = (seq: number, what = 'interest_voucher.accepted'): string => canonical({ seq, what, subject: `vch_${seq}`, note: '融桥\u2028\u0085\r\n' })
const leaves = Array.from({ length: 20 }, (_, i) => leaf(i + 1))
const rootAt = (texts: string[], size: number) => rootOf(texts.slice(0, size).reduce((frontier, text) => append(frontier, leafHash(text)), EMPTY_FRONTIER))
const checkpointOf = (texts: string[], size: number, signer = key): string => (
  signCheckpoint({ origin: ORIGIN, size, root: rootAt(texts, size), extensions: [] }, { name: ORIGIN, private_key: signer })
)
const lines = (texts: string[]): string[] => texts.map((text, i) => JSON.stringify({ seq: i + 1, leaf: text }))

interface Case { entries: string[], checkpoint?: string, older?: string[], flags?: string[], script?: string }

function check (t: Test, { entries, checkpoint = checkpointOf(leaves, 20), older = [], flags = [], script = SCRIPT }: Case): { status: number | null, out: string } {
  const dir = t.testdir()
  writeFileSync(join(dir, 'journal.jsonl'), entries.map(line => `${line}\n`).join(''))
  writeFileSync(join(dir, 'checkpoint.txt'), checkpoint)
  older.forEach((text, i) => writeFileSync(join(dir, `older-${i}.txt`), text))
  const ran = spawnSync(process.execPath, [script, '--entries', 'journal.jsonl', '--checkpoint', 'checkpoint.txt', '--key', vkey,
    ...older.flatMap((_, i) => ['--older', `older-${i}.txt`]), ...flags], { cwd: dir, encoding: 'utf8' })
  return { status: ran.status, out: ran.stdout + ran.stderr }
}

/** An edit must be found, and said in words that name it. */
function found (t: Test, given: Case, ...words: RegExp[]): void {
  const { status, out } = check(t, given)
  t.equal(status, 1, out)
  for (const word of words) t.match(out, word)
}

/** Every kind of tampering, and the lines of the check without which it would not be found. */
const tampered: Readonly<Record<string, { given: Case, without: readonly string[] }>> = {
  flip: { given: { entries: lines(leaves.with(12, leaf(13, 'interest_voucher.rejected'))) }, without: ['CHANGED'] },
  delete: { given: { entries: lines(leaves).toSpliced(4, 1) }, without: ['missing before', 'TRUNCATED'] },
  insert: {
    given: { entries: lines(leaves).toSpliced(4, 0, JSON.stringify({ seq: 5, leaf: leaf(5, 'forged') })) }, without: ['stands where', 'NOT COVERED', 'CHANGED']
  },
  swap: { given: { entries: lines(leaves.with(4, leaves[5] as string).with(5, leaves[4] as string)) }, without: ['the leaf says', 'CHANGED'] },
  truncate: { given: { entries: lines(leaves).slice(0, 15) }, without: ['TRUNCATED'] },
  'roll back': {
    given: { entries: lines(leaves).slice(0, 15), checkpoint: checkpointOf(leaves, 15), older: [checkpointOf(leaves, 18)] }, without: ['ROLLED BACK', 'the export holds']
  },
  fork: {
    given: { entries: lines(leaves.with(3, leaf(4, 'rewritten'))), checkpoint: checkpointOf(leaves.with(3, leaf(4, 'rewritten')), 20), older: [checkpointOf(leaves, 10)] },
    without: ['FORKED: history']
  }
}

test('every kind of tampering is found, and would not be with a hole in the check', async t => {
  const script = readFileSync(SCRIPT, 'utf8')
  const holed = mkdtempSync(join(tmpdir(), 'rongqiao-verify-log-'))
  t.teardown(() => rmSync(holed, { recursive: true, force: true }))
  for (const [kind, { given, without }] of Object.entries(tampered)) {
    const told = check(t, given)
    t.equal(told.status, 1, `${kind}: ${told.out}`)
    for (const marker of without) {
      const others = without.filter(each => each !== marker)
      t.not(check(t, { ...given, script: weakened(others) }).status, 0, `${kind}: without ${others.join(', ') || 'nothing'}`)
    }
    t.equal(check(t, { ...given, script: weakened(without) }).status, 0, `${kind}: without ${without.join(', ')} nothing is found`)
  }

  /** The check with some of its findings taken out. */
  function weakened (markers: readonly string[]): string {
    const file = join(holed, `verify-log-${markers.join('-').replaceAll(/\W/g, '')}`)
    writeFileSync(file, script.split('\n').map(line => markers.some(marker => line.includes(marker)) ? line.replaceAll('wrong(', 'void (') : line).join('\n'))
    return file
  }
})

test('an untouched export agrees with its checkpoint, and with every older one', async t => {
  const { status, out } = check(t, { entries: lines(leaves), older: [checkpointOf(leaves, 7), checkpointOf(leaves, 0), checkpointOf(leaves, 20)] })
  t.equal(status, 0, out)
  t.match(out, /^ok: 20 entries/)
  t.equal(check(t, { entries: [], checkpoint: checkpointOf([], 0) }).status, 0)
})

test('a flipped character is found, and an older checkpoint narrows down where', async t => {
  const bent = leaves.with(12, leaf(13, 'interest_voucher.rejected'))
  found(t, { entries: lines(bent) }, /CHANGED: entries 1 to 20/)
  found(t, { entries: lines(bent), older: [checkpointOf(leaves, 10), checkpointOf(leaves, 15)] }, /CHANGED: entries 11 to 15/, /entries 1 to 10 agree/)
  const hashed = bent.map((text, i) => JSON.stringify({ seq: i + 1, leaf: text, leaf_hash: Buffer.from(leafHash(leaves[i] as string)).toString('hex') }))
  found(t, { entries: hashed }, /entry 13: the leaf does not have the hash/)
})

test('a deleted, an inserted, a repeated and a swapped entry are found and named', async t => {
  const all = lines(leaves)
  found(t, { entries: all.toSpliced(4, 1) }, /entry 5 is missing before entry 6/, /TRUNCATED/)
  found(t, { entries: all.toSpliced(4, 3) }, /entries 5 to 7 are missing/)
  found(t, { entries: lines(leaves.toSpliced(4, 1)) }, /entry 5: the leaf says it is entry 6/)
  found(t, { entries: all.toSpliced(4, 0, JSON.stringify({ seq: 5, leaf: leaf(5, 'forged') })) }, /entry 5 stands where entry 6 belongs/, /NOT COVERED/)
  found(t, { entries: lines([...leaves, leaf(21)]) }, /NOT COVERED: 1 entries after entry 20/)
  found(t, { entries: all.with(4, all[5] as string).with(5, all[4] as string) }, /entry 5 stands where entry 7 belongs/)
  found(t, { entries: lines(leaves.with(4, leaves[5] as string).with(5, leaves[4] as string)) }, /entry 5: the leaf says it is entry 6/, /CHANGED/)
  const unnamed = leaves.map((_, i) => canonical({ what: `thing ${i}` }))
  const swapped = unnamed.with(4, unnamed[5] as string).with(5, unnamed[4] as string)
  found(t, { entries: lines(swapped), checkpoint: checkpointOf(unnamed, 20) }, /CHANGED/)
})

test('a truncated export and one that lacks its beginning are found', async t => {
  found(t, { entries: lines(leaves).slice(0, 15) }, /TRUNCATED: the checkpoint counts 20 entries, the export holds 15/)
  found(t, { entries: lines(leaves).slice(2) }, /starts at entry 3/)
  found(t, { entries: [] }, /TRUNCATED/)
})

test('a log that was rolled back is found although its own checkpoint is right', async t => {
  found(t, { entries: lines(leaves).slice(0, 15), checkpoint: checkpointOf(leaves, 15), older: [checkpointOf(leaves, 18)] }, /ROLLED BACK/)
})

test('a forked log is found although every signature is right', async t => {
  const other = leaves.with(3, leaf(4, 'rewritten'))
  found(t, { entries: lines(other), checkpoint: checkpointOf(other, 20), older: [checkpointOf(leaves, 10)] }, /FORKED: history was rewritten/)
  found(t, { entries: lines(other), checkpoint: checkpointOf(other, 20), older: [checkpointOf(leaves, 20)] }, /FORKED: the checkpoint and the older/)
})

test('a checkpoint that was changed, or signed by somebody else, proves nothing', async t => {
  found(t, { entries: lines(leaves), checkpoint: checkpointOf(leaves, 20).replace('\n20\n', '\n19\n') }, /the signature is wrong/)
  found(t, { entries: lines(leaves), checkpoint: checkpointOf(leaves, 20, stranger) }, /is not signed by/)
  found(t, { entries: lines(leaves), checkpoint: 'nothing' }, /is no signed checkpoint/)
  found(t, { entries: lines(leaves), older: [checkpointOf(leaves, 10, stranger)] }, /older-0.txt: is not signed by/)
})

test('lines that are no entries are named', async t => {
  found(t, { entries: lines(leaves).with(2, '{') }, /line 3: is no JSON/)
  found(t, { entries: lines(leaves).with(2, '{"seq":"3","leaf":"{}"}') }, /line 3: needs/)
  found(t, { entries: lines(leaves).with(2, '{"seq":3,"leaf":"\\ud800"}') }, /entry 3: the leaf is no well-formed text/)
})

test('entries newer than the checkpoint may be allowed on request', async t => {
  const { status, out } = check(t, { entries: lines([...leaves, leaf(21)]), flags: ['--allow-newer'] })
  t.equal(status, 0, out)
  t.match(out, /note: 1 entries after entry 20/)
})

test('the file works alone, wherever it is copied to, and says so when asked wrongly', async t => {
  const away = join(t.testdir({ elsewhere: {} }), 'elsewhere')
  for (const [folder, type] of [['plain', null], ['script', 'commonjs'], ['module', 'module']] as const) {
    mkdirSync(join(away, folder))
    if (type !== null) writeFileSync(join(away, folder, 'package.json'), JSON.stringify({ type }))
    const script = join(away, folder, 'verify-log')
    copyFileSync(SCRIPT, script)
    const run = (args: string[]) => spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' })
    writeFileSync(join(away, 'j.jsonl'), lines(leaves).join('\n'))
    writeFileSync(join(away, 'c.txt'), checkpointOf(leaves, 20))
    const ran = run(['--entries', join(away, 'j.jsonl'), '--checkpoint', join(away, 'c.txt'), '--key', vkey])
    t.equal(ran.status, 0, `${folder}: ${ran.stdout}${ran.stderr}`)
    t.equal(run([]).status, 2)
    t.equal(run(['--entries', join(away, 'j.jsonl'), '--checkpoint', join(away, 'c.txt'), '--key', 'nonsense']).status, 2)
    t.match(run(['--help']).stdout, /verify-log --entries/)
  }
})

test('every single-character edit of every leaf is found', async t => {
  const few = leaves.slice(0, 3)
  const checkpoint = checkpointOf(few, 3)
  const good = check(t, { entries: lines(few), checkpoint })
  t.equal(good.status, 0, 'the harness itself passes what is right')
  let missed = 0
  for (const [i, text] of few.entries()) {
    for (let at = 0; at < text.length; at += 9) {
      const bent = text.slice(0, at) + (text[at] === 'x' ? 'y' : 'x') + text.slice(at + 1)
      if (check(t, { entries: lines(few.with(i, bent)), checkpoint }).status !== 1) missed += 1
    }
  }
  t.equal(missed, 0)
})
