import { test } from 'tap'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { checkpointText, openCheckpoint, openNote, parseCheckpoint, parseVkey, signCheckpoint, signNote, verifierOf, vkeyOf } from '../../src/journal/note.ts'
import { EMPTY_ROOT, leafHash } from '../../src/journal/tree.ts'

const seedKey = (fill: number) => createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, fill)]), format: 'der', type: 'pkcs8'
})
const ORIGIN = 'rongqiao.example/journal'
const signer = { name: ORIGIN, private_key: seedKey(7) }
const verifier = verifierOf(signer.name, signer.private_key)
const checkpoint = { origin: ORIGIN, size: 42, root: leafHash('x'), extensions: [] }

test('the note and vkey of the Go reference implementation are read', async t => {
  const peter = parseVkey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW')
  t.ok(peter)
  if (peter === null) return
  const text = 'If you think cryptography is the answer to your problem,\nthen you don\'t know what your problem is.\n'
  const note = `${text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`
  t.same(openNote(note, peter), { ok: true, value: text })
  t.equal(vkeyOf(peter), 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW')
})

test('a checkpoint has the lines of C2SP tlog-checkpoint and comes back as it went', async t => {
  t.equal(checkpointText({ origin: 'example.com/behind-the-sofa', size: 20852163, root: Buffer.from('CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=', 'base64'), extensions: [] }),
    'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n')
  const opened = openCheckpoint(signCheckpoint(checkpoint, signer), verifier, ORIGIN)
  t.same(opened, { ok: true, value: { ...checkpoint, root: Buffer.from(checkpoint.root) } })
  const empty = { origin: ORIGIN, size: 0, root: EMPTY_ROOT, extensions: ['at 2026-03-01T00:00:00.000Z'] }
  t.ok(openCheckpoint(signCheckpoint(empty, signer), verifier, ORIGIN).ok)
})

test('a checkpoint of another log, another key or another name is refused by name of the reason', async t => {
  const note = signCheckpoint(checkpoint, signer)
  t.same(openCheckpoint(note, verifier, 'another.example'), { ok: false, problem: 'ORIGIN_UNEXPECTED' })
  t.same(openCheckpoint(note, verifierOf(ORIGIN, seedKey(8)), ORIGIN), { ok: false, problem: 'NOTE_NOT_SIGNED_BY_KEY' })
  t.same(openCheckpoint(note, verifierOf('other', signer.private_key), ORIGIN), { ok: false, problem: 'NOTE_NOT_SIGNED_BY_KEY' })
  t.same(openCheckpoint(note.replace('\n42\n', '\n43\n'), verifier, ORIGIN), { ok: false, problem: 'NOTE_SIGNATURE_WRONG' })
  t.same(openCheckpoint(signNote('a\n01\nb\n', signer), verifier, ORIGIN), { ok: false, problem: 'CHECKPOINT_MALFORMED' })
  t.same(openCheckpoint('', verifier, ORIGIN), { ok: false, problem: 'NOTE_MALFORMED' })
})

test('lines of witnesses are allowed and prove nothing', async t => {
  const witness = { name: 'witness.example', private_key: seedKey(9) }
  const text = checkpointText(checkpoint)
  const both = signNote(text, signer) + signNote(text, witness).split('\n').at(-2) + '\n'
  t.ok(openNote(both, verifier).ok)
  t.ok(openNote(both, verifierOf(witness.name, witness.private_key)).ok)
  t.same(openNote(both, verifierOf('third', seedKey(1))), { ok: false, problem: 'NOTE_NOT_SIGNED_BY_KEY' })
})

test('no byte of a signed checkpoint can change', async t => {
  const note = Buffer.from(signCheckpoint(checkpoint, signer))
  let accepted = 0
  let tried = 0
  for (let at = 0; at < note.length; at++) {
    for (const bent of [
      Buffer.concat([note.subarray(0, at), note.subarray(at + 1)]), Buffer.concat([note.subarray(0, at), Buffer.from('A'), note.subarray(at)]),
      Buffer.concat([note.subarray(0, at), Buffer.from([(note[at] as number) ^ 1]), note.subarray(at + 1)])
    ]) {
      if (bent.equals(note)) continue
      tried += 1
      if (openCheckpoint(bent.toString('utf8'), verifier, ORIGIN).ok) accepted += 1
    }
  }
  t.equal(accepted, 0, `${tried} bent notes`)
})

test('a vkey that does not belong together, and text that is no note, is refused', async t => {
  const vkey = vkeyOf(verifier)
  t.equal(parseVkey(vkey)?.name, ORIGIN)
  t.equal(parseVkey(vkey.replace(ORIGIN, 'other')), null)
  t.equal(parseVkey(vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+')), null)
  t.equal(parseVkey(`${vkey}=`), null)
  t.equal(parseVkey(''), null)
  for (const text of ['no newline', 'a\n\n', 'a\tb\n', '\ud800\n']) t.throws(() => signNote(text, signer), TypeError)
  for (const name of ['', 'a b', 'a+b', 'a\n']) t.throws(() => verifierOf(name, signer.private_key), TypeError)
  t.throws(() => verifierOf('p256', generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey), TypeError)
  for (const text of ['o\n1\nAAAA\n', 'o\n-1\n', 'o\n01\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n', 'o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n',
    'o\n9999999999999999\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n', 'o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=']) t.equal(parseCheckpoint(text), null)
})
