/** A small seeded generator (mulberry32): the same seed gives the same corpus on every machine. */
export function seeded (seed: number): { next (below: number): number, pick<T> (from: readonly T[]): T } {
  let state = seed >>> 0
  function next (below: number): number {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
  return { next, pick: from => from[next(from.length)] as (typeof from)[number] }
}

const ALPHABET = 'ABCDEFXYZabcdefxyz0123456789+/=-_.:;,"\\()@*~!'

/** One edit of a text, as a careless proxy or a forger would make it. May give the same text back. */
export function mutated (text: string, random: ReturnType<typeof seeded>): string {
  const at = random.next(text.length + 1)
  const to = Math.min(text.length, at + 1 + random.next(6))
  const character = ALPHABET[random.next(ALPHABET.length)] as string
  switch (random.next(8)) {
    case 0: return text.slice(0, at) + text.slice(at + 1)
    case 1: return text.slice(0, at) + character + text.slice(at)
    case 2: return text.slice(0, at) + character + text.slice(at + 1)
    case 3: return text.slice(0, at) + text.slice(to)
    case 4: return text.slice(0, at) + text.slice(at, to).split('').toReversed().join('') + text.slice(to)
    case 5: return text.slice(0, to) + text.slice(at)
    case 6: return text.slice(0, at) + (text[at] ?? '').toUpperCase() + text.slice(at + 1)
    default: return text.slice(0, at)
  }
}
