import { test } from 'tap'
import * as fc from 'fast-check'
import { createHash } from 'node:crypto'
import {
  EMPTY_FRONTIER, EMPTY_ROOT, append, consistencyProof, grow, inclusionProof, leafHash, loadFrontier, nodeHash, nodesCompletedBy, rootOf,
  verifyConsistency, verifyInclusion
} from '../../src/journal/tree.ts'
import type { Frontier, Hash, ReadHash } from '../../src/journal/tree.ts'

const sha256 = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()
const hex = (hash: Uint8Array): string => Buffer.from(hash).toString('hex')

/** The definitions of RFC 6962 §2.1 word for word, over the list of entries; shares nothing with the code under test. */
function k (n: number): number {
  return 2 ** (Math.ceil(Math.log2(n)) - 1)
}
function mth (d: Uint8Array[]): Buffer {
  if (d.length === 0) return sha256()
  if (d.length === 1) return sha256(Buffer.from([0]), d[0] as Uint8Array)
  return sha256(Buffer.from([1]), mth(d.slice(0, k(d.length))), mth(d.slice(k(d.length))))
}
function path (m: number, d: Uint8Array[]): Buffer[] {
  if (d.length <= 1) return []
  const at = k(d.length)
  return m < at ? [...path(m, d.slice(0, at)), mth(d.slice(at))] : [...path(m - at, d.slice(at)), mth(d.slice(0, at))]
}
function subproof (m: number, d: Uint8Array[], b: boolean): Buffer[] {
  if (m === d.length) return b ? [] : [mth(d)]
  const at = k(d.length)
  return m <= at ? [...subproof(m, d.slice(0, at), b), mth(d.slice(at))] : [...subproof(m - at, d.slice(at), false), mth(d.slice(0, at))]
}

function stored (leaves: Uint8Array[]): { frontier: Frontier, readHash: ReadHash, reads: () => number, roots: Hash[] } {
  const nodes = new Map<string, Hash>()
  let frontier = EMPTY_FRONTIER
  let reads = 0
  const roots = [rootOf(frontier)]
  for (const leaf of leaves) {
    const grown = grow(frontier, leafHash(leaf))
    for (const node of grown.nodes) nodes.set(`${node.level}/${node.index}`, node.hash)
    frontier = grown.frontier
    roots.push(rootOf(frontier))
  }
  const readHash: ReadHash = async (level, index) => {
    reads += 1
    const hash = nodes.get(`${level}/${index}`)
    if (hash === undefined) throw new Error(`no node ${level}/${index}`)
    return hash
  }
  return { frontier, readHash, reads: () => reads, roots }
}

const entries = (count: number): Uint8Array[] => Array.from({ length: count }, (_, i) => Buffer.from(`entry ${i}`))

test('the roots of the Certificate Transparency reference log come out', async t => {
  const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(d => Buffer.from(d, 'hex'))
  const { roots, readHash } = stored(leaves)
  t.same(roots.map(hex), [
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'
  ])
  t.same((await inclusionProof(8, 0, readHash)).map(hex), [
    '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
    '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
    '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4'
  ])
})

test('every root, inclusion proof and consistency proof up to 40 entries is the one the RFC defines, and verifies', async t => {
  const leaves = entries(40)
  const { readHash, roots } = stored(leaves)
  let wrong = 0
  for (let size = 0; size <= leaves.length; size++) {
    const d = leaves.slice(0, size)
    const root = roots[size] as Hash
    if (hex(root) !== hex(mth(d))) wrong += 1
    if (hex(rootOf(await loadFrontier(size, readHash))) !== hex(root)) wrong += 1
    for (let index = 0; index < size; index++) {
      const proof = await inclusionProof(size, index, readHash)
      if (proof.map(hex).join() !== path(index, d).map(hex).join()) wrong += 1
      if (!verifyInclusion(size, index, leafHash(leaves[index] as Uint8Array), proof, root)) wrong += 1
    }
    for (let from = 0; from <= size; from++) {
      const proof = await consistencyProof(from, size, readHash)
      if (from > 0 && proof.map(hex).join() !== subproof(from, d, true).map(hex).join()) wrong += 1
      if (!verifyConsistency(from, size, roots[from] as Hash, root, proof)) wrong += 1
    }
  }
  t.equal(wrong, 0)
})

test('a proof about something else, or bent anywhere, never verifies', async t => {
  const leaves = entries(67)
  const { readHash, roots } = stored(leaves)
  const flip = (hash: Hash, bit: number): Hash => {
    const bent = Buffer.from(hash)
    bent[bit >> 3] = (bent[bit >> 3] as number) ^ (1 << (bit & 7))
    return bent
  }
  const number = fc.integer({ min: 0, max: leaves.length })
  let accepted = 0
  await fc.assert(fc.asyncProperty(number, number, number, fc.nat(255), fc.nat(9), async (a, b, c, bit, at) => {
    const from = Math.min(a, b)
    const size = Math.max(a, b, 1)
    const index = Math.min(c, size - 1)
    const leaf = leafHash(leaves[index] as Uint8Array)
    const root = roots[size] as Hash
    const proof = await inclusionProof(size, index, readHash)
    const bent = proof.map((hash, i) => i === at % proof.length ? flip(hash, bit) : hash)
    const inclusions = [
      proof.length > 0 && verifyInclusion(size, index, leaf, bent, root),
      verifyInclusion(size, index, flip(leaf, bit), proof, root), verifyInclusion(size, index, leaf, proof, flip(root, bit)),
      verifyInclusion(size, index, leaf, [...proof, root], root), proof.length > 0 && verifyInclusion(size, index, leaf, proof.slice(1), root),
      verifyInclusion(size, index + 1, leaf, proof, root), verifyInclusion(size, -1, leaf, proof, root),
      verifyInclusion(size, index, leaf, proof.map(hash => hash.slice(0, 31)), root) && proof.length > 0
    ]
    const old = roots[from] as Hash
    const steps = await consistencyProof(from, size, readHash)
    const bentSteps = steps.map((hash, i) => i === at % steps.length ? flip(hash, bit) : hash)
    const consistencies = [
      steps.length > 0 && verifyConsistency(from, size, old, root, bentSteps), verifyConsistency(from, size, flip(old, bit), root, steps),
      from > 0 && verifyConsistency(from, size, old, flip(root, bit), steps), verifyConsistency(from, size, old, root, [...steps, root]),
      steps.length > 0 && verifyConsistency(from, size, old, root, steps.slice(1)), verifyConsistency(size + 1, size, root, root, steps)
    ]
    accepted += [...inclusions, ...consistencies].filter(Boolean).length
  }), { numRuns: 2000, seed: 6962 })
  t.equal(accepted, 0)
})

test('what is stored on append is exactly every complete subtree, and proofs read O(log n) of it', async t => {
  const seen = new Set<string>()
  for (let index = 0; index < 100; index++) for (const node of nodesCompletedBy(index)) seen.add(`${node.level}/${node.index}`)
  let expected = 0
  for (let level = 0; 2 ** level <= 100; level++) expected += Math.floor(100 / 2 ** level)
  t.equal(seen.size, expected)
  const size = 5000
  const { readHash, reads } = stored(entries(size))
  for (const index of [0, 1, 2047, 2048, 4095, 4096, 4999]) await inclusionProof(size, index, readHash)
  t.ok(reads() <= 7 * 2 * 13, `${reads()} reads for 7 audit paths`)
  const before = reads()
  for (const from of [1, 4095, 4096, 4097, 4999]) await consistencyProof(from, size, readHash)
  t.ok(reads() - before <= 5 * 2 * 13)
})

test('sizes past 2^32 keep their place', async t => {
  const index = 2 ** 33 - 1
  const nodes = nodesCompletedBy(index)
  t.equal(nodes.length, 34)
  t.same(nodes.at(-1), { level: 33, index: 0 })
  t.same(nodesCompletedBy(2 ** 33), [{ level: 0, index: 2 ** 33 }])
  const asked: string[] = []
  const readHash: ReadHash = async (level, index) => {
    asked.push(`${level}/${index}`)
    return sha256(Buffer.from(`${level}/${index}`))
  }
  const size = 2 ** 33 + 1
  const root = rootOf(await loadFrontier(size, readHash))
  t.same(asked, ['33/0', `0/${2 ** 33}`])
  t.ok(verifyInclusion(size, 2 ** 33, await readHash(0, 2 ** 33), await inclusionProof(size, 2 ** 33, readHash), root))
})

test('questions about leaves that do not exist are refused', async t => {
  const { readHash } = stored(entries(3))
  await t.rejects(inclusionProof(3, 3, readHash), RangeError)
  await t.rejects(inclusionProof(0, 0, readHash), RangeError)
  await t.rejects(consistencyProof(4, 3, readHash), RangeError)
  t.throws(() => append(EMPTY_FRONTIER, Buffer.alloc(31)), RangeError)
  t.throws(() => leafHash('\ud800'), TypeError)
  t.equal(hex(EMPTY_ROOT), hex(rootOf(EMPTY_FRONTIER)))
  t.equal(hex(nodeHash(EMPTY_ROOT, EMPTY_ROOT)), hex(sha256(Buffer.from([1]), EMPTY_ROOT, EMPTY_ROOT)))
})
