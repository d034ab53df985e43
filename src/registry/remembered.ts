/** What every request needs and hardly ever changes: remembered for less than a second per database. */
import { stopwatch } from '../clock.ts'
import type { Db, ReadSql } from '../db/db.ts'

const kept_for_ms = 900

export interface Remembered<T> {
  of (db: Db): Promise<T>
  /** Looks again at the next call: after a change by this process. */
  forget (db: Db): void
}

/**
 * Remembers what `read` gives. An unchanged value stays the same object, so that what was compiled from it stays too.
 *
 * @param same whether two readings say the same
 */
export function remembered<T> (read: (sql: ReadSql) => Promise<T>, same: (a: T, b: T) => boolean): Remembered<T> {
  const elapsed = stopwatch()
  const known = new WeakMap<Db, { until_ms: number, value: T }>()
  const reading = new WeakMap<Db, Promise<T>>()

  async function look (db: Db): Promise<T> {
    const value = await read(db.read)
    const before = known.get(db)
    return before !== undefined && same(before.value, value) ? before.value : value
  }

  return {
    of (db) {
      const hit = known.get(db)
      if (hit !== undefined && hit.until_ms > elapsed()) return Promise.resolve(hit.value)
      const underway = reading.get(db)
      if (underway !== undefined) return underway
      const begun: Promise<T> = look(db).then(value => {
        // A reading begun before a change is answered, but not remembered.
        if (reading.get(db) === begun) known.set(db, { until_ms: elapsed() + kept_for_ms, value })
        return value
      }).finally(() => { if (reading.get(db) === begun) reading.delete(db) })
      reading.set(db, begun)
      return begun
    },
    forget (db) {
      const hit = known.get(db)
      if (hit !== undefined) known.set(db, { ...hit, until_ms: 0 })
      reading.delete(db)
    }
  }
}
