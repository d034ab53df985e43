import { hash as hashOf } from 'node:crypto'

/** A SHA-256 hash, 32 bytes. */
export type Hash = Uint8Array

/** A complete subtree: it covers the leaves `index × 2^level` up to, not including, `(index + 1) × 2^level`. Level 0 is a leaf. */
export interface NodeId { readonly level: number, readonly index: number }
export interface Node extends NodeId { readonly hash: Hash }

/** Reads the stored hash of a complete subtree. Fails when there is none: a proof out of a torn store is a bug. */
export type ReadHash = (level: number, index: number) => Promise<Hash>

/** All that an appender has to remember: the roots of the complete subtrees of `size` leaves, the largest first. */
export interface Frontier { readonly size: number, readonly hashes: readonly Hash[] }

const LEAF = Buffer.from([0])
const NODE = Buffer.from([1])
const HASH_BYTES = 32

/** The root of a log without entries: SHA-256 of nothing. */
export const EMPTY_ROOT: Hash = hashOf('sha256', '', 'buffer')
export const EMPTY_FRONTIER: Frontier = { size: 0, hashes: [] }

/**
 * Hash of one entry.
 *
 * @param leaf the entry's exact bytes; a string is hashed as UTF-8 and must not hold a lone surrogate (two texts would share a hash)
 * Source: RFC 6962 §2.1.
 */
export function leafHash (leaf: string | Uint8Array): Hash {
  if (typeof leaf === 'string' && !leaf.isWellFormed()) throw new TypeError('leafHash: a lone surrogate has no UTF-8 form')
  return hashOf('sha256', typeof leaf === 'string' ? `\0${leaf}` : Buffer.concat([LEAF, leaf]), 'buffer')
}

/** Hash of an inner node over its two children. Source: RFC 6962 §2.1. */
export function nodeHash (left: Hash, right: Hash): Hash {
  return hashOf('sha256', Buffer.concat([NODE, left, right]), 'buffer')
}

// Sizes pass 2^32 one day, so halves and parities are taken by division and never by bit operators, which cut to 32 bits.
const isOdd = (value: number): boolean => value % 2 === 1
const half = (value: number): number => Math.floor(value / 2)

function checkSize (size: number): void {
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`tree size ${size} is not a count`)
}

/** The subtrees that become complete when leaf `index` is appended, the leaf itself first: what to store, and under which key. */
export function nodesCompletedBy (index: number): NodeId[] {
  checkSize(index)
  const nodes: NodeId[] = [{ level: 0, index }]
  for (let level = 1, at = index; isOdd(at); level++) {
    at = half(at)
    nodes.push({ level, index: at })
  }
  return nodes
}

/** Appends one leaf hash; `nodes` are the hashes of `nodesCompletedBy(frontier.size)`, to be stored with it. */
export function grow (frontier: Frontier, leaf: Hash): { frontier: Frontier, nodes: Node[] } {
  if (leaf.length !== HASH_BYTES) throw new RangeError('a leaf hash has 32 bytes')
  const hashes = frontier.hashes.slice()
  let hash = leaf
  const nodes = nodesCompletedBy(frontier.size).map(({ level, index }) => {
    if (level > 0) {
      const left = hashes.pop()
      if (left === undefined) throw new Error('frontier and size do not belong together')
      hash = nodeHash(left, hash)
    }
    return { level, index, hash }
  })
  hashes.push(hash)
  return { frontier: { size: frontier.size + 1, hashes }, nodes }
}

/** The frontier with one more leaf. */
export function append (frontier: Frontier, leaf: Hash): Frontier {
  return grow(frontier, leaf).frontier
}

/** The log's root hash. */
export function rootOf (frontier: Frontier): Hash {
  let root: Hash | undefined
  for (let i = frontier.hashes.length - 1; i >= 0; i--) {
    const hash = frontier.hashes[i] as Hash
    root = root === undefined ? hash : nodeHash(hash, root)
  }
  return root ?? EMPTY_ROOT
}

/** The complete subtrees that tile `[begin, end)`, left to right; `begin` must be aligned as the RFC's own splits are. */
function tiles (begin: number, end: number): NodeId[] {
  const nodes: NodeId[] = []
  let at = begin
  while (at < end) {
    let level = 0
    let width = 1
    while (at % (width * 2) === 0 && at + width * 2 <= end) {
      level += 1
      width *= 2
    }
    nodes.push({ level, index: at / width })
    at += width
  }
  return nodes
}

/** Rebuilds the appender's memory from stored nodes, at any size the store has reached. */
export async function loadFrontier (size: number, readHash: ReadHash): Promise<Frontier> {
  checkSize(size)
  const hashes: Hash[] = []
  // One after the other: inside a unit there is one connection.
  for (const node of tiles(0, size)) hashes.push(await readHash(node.level, node.index))
  return { size, hashes }
}

async function rangeHash (begin: number, end: number, readHash: ReadHash): Promise<Hash> {
  const hashes = await Promise.all(tiles(begin, end).map(node => readHash(node.level, node.index)))
  return rootOf({ size: end - begin, hashes })
}

/** The largest power of two smaller than `width`, for `width` ≥ 2. */
function split (width: number): number {
  let k = 1
  while (k * 2 < width) k *= 2
  return k
}

/**
 * Audit path of leaf `index` in the tree of the first `size` leaves, lowest sibling first. O(log size) reads.
 *
 * @throws RangeError when the leaf is not in that tree
 * Source: RFC 6962 §2.1.1.
 */
export async function inclusionProof (size: number, index: number, readHash: ReadHash): Promise<Hash[]> {
  checkSize(size)
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) throw new RangeError(`no leaf ${index} in a tree of ${size}`)
  const ranges: Array<[number, number]> = []
  let begin = 0
  let end = size
  while (end - begin > 1) {
    const middle = begin + split(end - begin)
    if (index < middle) {
      ranges.push([middle, end])
      end = middle
    } else {
      ranges.push([begin, middle])
      begin = middle
    }
  }
  return await Promise.all(ranges.toReversed().map(([from, to]) => rangeHash(from, to, readHash)))
}

/**
 * Proof that the tree of the first `from` leaves is a prefix of the tree of the first `to`. Empty when `from` is 0 or equals `to`.
 *
 * Source: RFC 6962 §2.1.2.
 */
export async function consistencyProof (from: number, to: number, readHash: ReadHash): Promise<Hash[]> {
  checkSize(from)
  checkSize(to)
  if (from > to) throw new RangeError(`a tree of ${from} is no prefix of a tree of ${to}`)
  if (from === 0 || from === to) return []
  const ranges: Array<[number, number]> = []
  let begin = 0
  let end = to
  let isOldRoot = true
  while (from < end) {
    const middle = begin + split(end - begin)
    if (from <= middle) {
      ranges.push([middle, end])
      end = middle
    } else {
      ranges.push([begin, middle])
      begin = middle
      isOldRoot = false
    }
  }
  // The verifier knows the old root; it needs the last subtree only when that is not the whole old tree.
  if (!isOldRoot) ranges.push([begin, end])
  return await Promise.all(ranges.toReversed().map(([from, to]) => rangeHash(from, to, readHash)))
}

const same = (a: Hash, b: Hash): boolean => a.length === HASH_BYTES && Buffer.compare(a, b) === 0
const areHashes = (hashes: readonly Hash[]): boolean => hashes.every(hash => hash.length === HASH_BYTES)
const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

/**
 * Whether `leaf` is the hash of leaf `index` in the tree of `size` leaves with root `root`. Never throws on a bad proof.
 *
 * Source: RFC 9162 §2.1.3.2.
 */
export function verifyInclusion (size: number, index: number, leaf: Hash, proof: readonly Hash[], root: Hash): boolean {
  if (!isCount(size) || !isCount(index) || index >= size || !areHashes([leaf, root, ...proof])) return false
  let fn = index
  let sn = size - 1
  let hash = leaf
  for (const sibling of proof) {
    if (sn === 0) return false
    if (isOdd(fn) || fn === sn) {
      hash = nodeHash(sibling, hash)
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn)
        sn = half(sn)
      }
    } else {
      hash = nodeHash(hash, sibling)
    }
    fn = half(fn)
    sn = half(sn)
  }
  return sn === 0 && same(hash, root)
}

/**
 * Whether the tree of `to` leaves with `toRoot` only adds to the tree of `from` leaves with `fromRoot`. Never throws on a bad proof.
 *
 * Source: RFC 9162 §2.1.4.2.
 */
export function verifyConsistency (from: number, to: number, fromRoot: Hash, toRoot: Hash, proof: readonly Hash[]): boolean {
  if (!isCount(from) || !isCount(to) || from > to || !areHashes([fromRoot, toRoot, ...proof])) return false
  if (from === 0) return proof.length === 0 && same(fromRoot, EMPTY_ROOT) && (to > 0 || same(toRoot, EMPTY_ROOT))
  if (from === to) return proof.length === 0 && same(fromRoot, toRoot)
  let fn = from - 1
  let sn = to - 1
  while (isOdd(fn)) {
    fn = half(fn)
    sn = half(sn)
  }
  // `fn` is 0 here exactly when `from` is a power of two: then the old root itself starts the path.
  const path = fn === 0 ? [fromRoot, ...proof] : proof
  const first = path[0]
  if (first === undefined) return false
  let older = first
  let newer = first
  for (const sibling of path.slice(1)) {
    if (sn === 0) return false
    if (isOdd(fn) || fn === sn) {
      older = nodeHash(sibling, older)
      newer = nodeHash(sibling, newer)
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn)
        sn = half(sn)
      }
    } else {
      newer = nodeHash(newer, sibling)
    }
    fn = half(fn)
    sn = half(sn)
  }
  return sn === 0 && same(older, fromRoot) && same(newer, toRoot)
}
