import { test } from 'tap'
import type { Test } from 'tap'
import { zipSync } from 'fflate'
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonical, digestOf, sha256Hex } from '../../src/db/canonical.ts'
import { signCheckpoint, verifierOf, vkeyOf } from '../../src/journal/note.ts'
import { leafHash, nodeHash } from '../../src/journal/tree.ts'

const SCRIPT = join(import.meta.dirname, '../../scripts/verify-packet')
const key = generateKeyPairSync('ed25519').privateKey
const stranger = generateKeyPairSync('ed25519').privateKey
const pemOf = (privateKey = key): string => createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString()
const rawOf = (privateKey = key): string => createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')

type Files = Record<string, Uint8Array>
interface Item { line_no: string, claimed_amount: string, subsidy_amount: string | null }

const ITEMS: Item[] = [
  { line_no: 'line_1', claimed_amount: '10000.00', subsidy_amount: '36575.00' }, { line_no: 'line_2', claimed_amount: '0.01', subsidy_amount: '0.10' },
  { line_no: 'line_3', claimed_amount: '99999.99', subsidy_amount: null }
]
const TOTALS = { count: 3, claimed_amount: '110000.00', subsidy_amount: '36575.10' }
const bytes = (text: string): Buffer => Buffer.from(text)

function documents (items: unknown = ITEMS, totals: unknown = TOTALS): Files {
  return {
    'items.json': bytes(canonical({ items, totals })),
    'documents/doc_1-借款合同.pdf': Buffer.concat([bytes('%PDF-1.7 '), Buffer.alloc(4000, 'loan contract ')]), 'documents/doc_2.png': Buffer.from(Array.from({ length: 999 }, (_, i) => (i * 7919) % 256)),
    'empty.txt': Buffer.alloc(0)
  }
}

function manifestOf (files: Files, over: Record<string, unknown> = {}): Buffer {
  const sealed = {
    packet_no: 'pkt_01JABC', version: 2, sealed_at: '2026-04-01T02:03:04.000Z', totals: TOTALS,
    files: Object.entries(files).map(([name, content]) => ({ name, sha256: sha256Hex(content), bytes: content.length })), ...over
  }
  return bytes(canonical({ ...sealed, digest: digestOf(sealed) }))
}

function sealed (files: Files, manifest = manifestOf(files), signer = key, publicKey = pemOf(signer)): Files {
  return {
    'manifest.json': manifest,
    'manifest.sig': bytes(JSON.stringify({ alg: 'EdDSA', key_id: 'hub-2026', public_key: publicKey, signature: sign(null, manifest, signer).toString('base64') })), ...files
  }
}

function run (t: Test, archive: Files | Uint8Array, args: string[] = [], script = SCRIPT): { status: number | null, out: string } {
  const dir = t.testdir()
  writeFileSync(join(dir, 'packet.zip'), archive instanceof Uint8Array ? archive : zipSync(archive))
  const ran = spawnSync(process.execPath, [script, 'packet.zip', ...args], { cwd: dir, encoding: 'utf8' })
  return { status: ran.status, out: ran.stdout + ran.stderr }
}

function found (t: Test, archive: Files | Uint8Array, words: RegExp, args: string[] = []): void {
  const { status, out } = run(t, archive, args)
  t.equal(status, 1, out)
  t.match(out, words)
}

test('an untouched packet agrees, packed or stored, whatever form the pinned key has', async t => {
  const files = sealed(documents())
  const vkey = vkeyOf(verifierOf('hub.example', key))
  for (const level of [0, 9] as const) {
    const { status, out } = run(t, zipSync(files, { level }))
    t.equal(status, 0, out)
    t.match(out, /ok: packet pkt_01JABC version 2, digest [0-9a-f]{64}\nok: 4 documents are those that were sealed; 6 totals agree\nnote: signed with key hub-2026, SHA-256 [0-9a-f]{64}/)
  }
  for (const pinned of [vkey, pemOf(), rawOf()]) t.match(run(t, files, ['--key', pinned]), { status: 0, out: /ok: signed with the key given/ })
  t.equal(run(t, sealed(documents(), undefined, key, rawOf())).status, 0)
})

test('a changed, missing, added or exchanged document is named', async t => {
  const files = documents()
  const whole = sealed(files)
  const changed = Buffer.from(files['documents/doc_2.png'] as Uint8Array)
  changed[500] = (changed[500] as number) ^ 1
  found(t, { ...whole, 'documents/doc_2.png': changed }, /wrong: documents\/doc_2.png: is not the document that was sealed/)
  found(t, { ...whole, 'documents/doc_2.png': changed.subarray(1) }, /doc_2.png: has 998 bytes, the manifest says 999/)
  found(t, Object.fromEntries(Object.entries(whole).filter(([name]) => !name.includes('借款合同'))), /wrong: documents\/doc_1-借款合同.pdf: is named in the manifest and missing/)
  found(t, { ...whole, 'documents/doc_3.pdf': bytes('new') }, /wrong: documents\/doc_3.pdf: is in the archive but not in the manifest/)
  found(t, { ...whole, 'documents/doc_2.png': files['documents/doc_1-借款合同.pdf'] as Uint8Array, 'documents/doc_1-借款合同.pdf': files['documents/doc_2.png'] as Uint8Array }, /doc_2.png: has[^]*doc_1-借款合同.pdf: has|doc_1-借款合同.pdf: has[^]*doc_2.png: has/)
})

test('a changed manifest is found by its signature, by its form and by its digest', async t => {
  const files = documents()
  const whole = sealed(files)
  const text = (whole['manifest.json'] as Buffer).toString()
  found(t, { ...whole, 'manifest.json': bytes(text.replace('"version":2', '"version":3')) }, /manifest.sig: the signature is not over this manifest.json[^]*manifest.json: the digest/)
  found(t, sealed(files, bytes(text.replace('"version":2', '"version": 2'))), /manifest.json: is not canonical JSON/)
  found(t, sealed(files, bytes(text.replace('"version":2', '"version":3'))), /manifest.json: the digest is not that of its content/)
  found(t, sealed(files, manifestOf(files, { version: '2' })), /names no packet_no and version/)
  found(t, sealed(files, manifestOf(files, { files: [{ name: 'items.json' }] })), /has an entry that is not/)
  found(t, sealed(files, manifestOf(files, { key_id: 'hub-2025' })), /manifest.sig: names key hub-2026, the manifest hub-2025/)
  found(t, sealed(files, bytes('[')), /manifest.json: is no JSON/)
  found(t, files, /manifest.sig: is missing[^]*manifest.json: is missing/)
})

test('a packet sealed by somebody else is found once the key is pinned', async t => {
  const forged = sealed(documents(), undefined, stranger)
  t.equal(run(t, forged).status, 0, 'it agrees with itself')
  found(t, forged, /manifest.sig: is signed with another key than the one given/, ['--key', pemOf()])
  found(t, sealed(documents(), undefined, stranger, pemOf()), /signature is not over this manifest/)
  for (const over of [{ alg: 'none' }, { alg: 'ES256' }, { signature: '' }, { public_key: 'AAAA' }, { key_id: 7 }, { extra: 1 }]) {
    const whole = sealed(documents())
    const seal = { ...JSON.parse((whole['manifest.sig'] as Buffer).toString()) as object, ...over }
    found(t, { ...whole, 'manifest.sig': bytes(JSON.stringify(seal)) }, /manifest.sig: is not \{ alg/)
  }
})

test('entries of the log lead to the root of a checkpoint that the hub signed, or are named', async t => {
  const leaves = [1, 2].map(seq => canonical({ seq, subject: `vch_${seq}`, type: 'interest_voucher.accepted' }))
  const [first, second] = leaves.map(leafHash) as [Buffer, Buffer]
  const noteBy = (privateKey: typeof key) => signCheckpoint({ origin: 'rongqiao/journal', size: 2, root: nodeHash(first, second), extensions: [] }, { name: 'rongqiao/journal', private_key: privateKey })
  const entry = { seq: 1, leaf: leaves[0], proof: [Buffer.from(second).toString('hex')] }
  const journal = (over: object = {}, checkpoint: string | null = noteBy(key)): Files => {
    const files = { ...documents(), 'journal.json': bytes(canonical({ checkpoint, entries: [{ ...entry, ...over }, { seq: 3, leaf: '{"seq":3,}', proof: null }] })) }
    return sealed(files)
  }
  t.match(run(t, journal()), { status: 0, out: /ok: 1 entries are in the log of 2 that the hub signed; 1 were placed after it/ })
  found(t, journal({ leaf: leaves[0]?.replace('vch_1', 'vch_9') }), /wrong: journal.json: entry 1 is not in the log/)
  found(t, journal({ seq: 2 }), /entry 2 is not in the log/)
  found(t, journal({ proof: [] }), /entry 1 is not in the log/)
  found(t, journal({}, noteBy(stranger)), /journal.json: its checkpoint is not signed with the key of this packet/)
  found(t, journal({}, noteBy(key).replace('\n2\n', '\n3\n')), /checkpoint is not signed/)
})

test('totals are added again, to the fen, in both places that state them', async t => {
  const bent = documents(ITEMS, { ...TOTALS, claimed_amount: '110000.01' })
  found(t, sealed(bent), /wrong: items.json: states claimed_amount 110000.01; the items add up to 110000.00/)
  const good = documents()
  found(t, sealed(good, manifestOf(good, { totals: { subsidy_amount: '36575.11' } })), /wrong: manifest.json: states subsidy_amount 36575.11; the items add up to 36575.10/)
  found(t, sealed(documents(ITEMS, { ...TOTALS, count: 4 })), /items.json: counts 4 items, items.json holds 3/)
  found(t, sealed(documents(ITEMS, { ...TOTALS, fee_amount: '0.00' })), /item 1 \(line_1\) has no amount fee_amount/)
  found(t, sealed(documents([{ ...ITEMS[0], claimed_amount: 0.1 }])), /item 1 \(line_1\) has no amount claimed_amount/)
  found(t, sealed(documents('none')), /items.json: holds no list/)
  const silent = documents(ITEMS, {})
  found(t, sealed(silent, manifestOf(silent, { totals: {} })), /states no totals/)
  const large = Array.from({ length: 300 }, (_, i) => ({ line_no: `l${i}`, fen: 90_071_992_547_409 }))
  const summed = documents(large, { count: 300, fen: 90_071_992_547_409 * 300 - 1 })
  found(t, sealed(summed, manifestOf(summed, { totals: { count: 300 } })), /items.json: states fen/)
})

test('an archive that is damaged, ambiguous or unsafe is refused as a whole or by the damaged document', async t => {
  const zip = zipSync(sealed(documents()), { level: 9 })
  const at = (name: string): number => Buffer.from(zip).indexOf(name)
  found(t, zip.subarray(0, zip.length - 10), /is no zip archive/)
  found(t, Buffer.from('not a zip'), /is no zip archive/)
  found(t, Buffer.alloc(0), /is no zip archive/)
  const cut = Buffer.from(zip)
  cut.fill(0xff, at('doc_2.png') + 40, at('doc_2.png') + 60)
  found(t, cut, /wrong: documents\/doc_2.png: /)
  const renamed = Buffer.from(zip)
  renamed.write('doc_9', at('doc_2.png'))
  found(t, renamed, /two different heads/)
  found(t, { ...sealed(documents()), '../evil.txt': bytes('x') }, /unsafe name/)
  const twice = Buffer.from(zipSync({ ...sealed(documents()), 'empty.tx2': Buffer.alloc(0) }))
  for (let from = twice.indexOf('empty.tx2'); from >= 0; from = twice.indexOf('empty.tx2')) twice.write('empty.txt', from)
  found(t, twice, /two files named empty.txt/)
})

test('no byte of a document inside the archive can change', async t => {
  const zip = Buffer.from(zipSync(sealed(documents()), { level: 0 }))
  let missed = 0
  let tried = 0
  for (const content of Object.values(sealed(documents())).filter(bytes => bytes.length > 0)) {
    const from = zip.indexOf(content)
    if (from < 0) continue
    for (let step = 0; step < 6; step++) {
      const bent = Buffer.from(zip)
      const at = from + Math.floor(content.length * step / 6)
      bent[at] = (bent[at] as number) ^ 4
      tried += 1
      if (run(t, bent, ['--key', rawOf()]).status !== 1) missed += 1
    }
  }
  t.ok(tried >= 24)
  t.equal(missed, 0, `${tried} flips`)
})

test('the file works alone, wherever it is copied to, and says so when asked wrongly', async t => {
  const away = t.testdir({ elsewhere: {} })
  for (const type of [null, 'commonjs', 'module']) {
    const folder = join(away, 'elsewhere', String(type))
    mkdirSync(folder)
    if (type !== null) writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }))
    const script = join(folder, 'verify-packet')
    copyFileSync(SCRIPT, script)
    writeFileSync(join(folder, 'p.zip'), zipSync(sealed(documents())))
    const ran = spawnSync(process.execPath, [script, join(folder, 'p.zip')], { encoding: 'utf8' })
    t.equal(ran.status, 0, ran.stdout + ran.stderr)
    t.equal(spawnSync(process.execPath, [script]).status, 2)
    t.equal(spawnSync(process.execPath, [script, join(folder, 'absent.zip')]).status, 2)
    t.equal(spawnSync(process.execPath, [script, join(folder, 'p.zip'), '--key', 'nonsense']).status, 2)
    t.match(spawnSync(process.execPath, [script, '--help'], { encoding: 'utf8' }).stdout, /verify-packet <packet.zip>/)
  }
})
