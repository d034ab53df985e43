import type { ListRow } from './rows.ts'
import { nameKey } from './values.ts'

const marks = 2 ** 23
const fnv_offset = 0x811c9dc5
const fnv_prime = 0x01000193

/** A text's place among the marks (FNV-1a). */
function markOf (text: string): number {
  let hash = fnv_offset
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), fnv_prime)
  return (hash ^ (hash >>> 16)) & (marks - 1)
}

function marksOf ({ uscc, name }: Pick<ListRow, 'uscc' | 'name'>): number[] {
  return [uscc, name === null ? null : nameKey(name)].flatMap(text => text === null ? [] : [markOf(text)])
}

/**
 * Which rows share their code or their name with another row of the list: of the others nothing has to be kept for comparison. Takes
 * 2 MB, however long the list. Two texts may share a mark by chance; then a row is kept that need not be.
 */
export class Recurring {
  readonly #once = new Uint8Array(marks / 8)
  readonly #again = new Uint8Array(marks / 8)

  /** To be told of every row of the list before the first question. */
  see (row: Pick<ListRow, 'uscc' | 'name'>): void {
    for (const mark of marksOf(row)) {
      const place = mark >>> 3
      const bit = 1 << (mark & 7)
      const seen = this.#once[place] ?? 0
      if ((seen & bit) !== 0) this.#again[place] = (this.#again[place] ?? 0) | bit
      this.#once[place] = seen | bit
    }
  }

  isAlone (row: Pick<ListRow, 'uscc' | 'name'>): boolean {
    return marksOf(row).every(mark => ((this.#again[mark >>> 3] ?? 0) & (1 << (mark & 7))) === 0)
  }
}
