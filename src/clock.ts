/**
 * Time and numbers of things: the one file that asks the machine what time it is or for randomness.
 * Everything else receives a `Clock`, or the `now` of its unit.
 */
import { randomBytes, randomFillSync } from 'node:crypto'
import { monotonicFactory } from 'ulid'

/** Tells the time as UTC with milliseconds and `Z`. */
export interface Clock { now (): string }

/** The machine's clock; with `start` it begins at that instant and runs on from it (sandbox only). */
export function runningClock (start?: string): Clock {
  const offset_ms = start === undefined ? 0 : Date.parse(start) - Date.now()
  return { now: () => new Date(Date.now() + offset_ms).toISOString() }
}

/** A clock that stands still until told otherwise: for tests and simulated years. */
export function frozenClock (start: string): Clock & { set (instant: string): void, advance (ms: number): void } {
  let at_ms = Date.parse(start)
  return {
    now: () => new Date(at_ms).toISOString(),
    set: instant => { at_ms = Date.parse(instant) },
    advance: ms => { at_ms += ms }
  }
}

const pool = Buffer.alloc(4096)
let pool_used = pool.length

/** One random number from 0 up to 1, out of a pool: asking the machine for each costs more than the id. */
function pooledRandom (): number {
  if (pool_used + 2 > pool.length) {
    randomFillSync(pool)
    pool_used = 0
  }
  const value = pool.readUInt16LE(pool_used)
  pool_used += 2
  return value / 65_536
}

const nextUlid = monotonicFactory(pooledRandom)

/** Number of a thing: prefix and sortable id, unique across processes, rising within one. */
export function newNo (prefix: string): string {
  return `${prefix}_${nextUlid()}`
}

/** A secret of 256 bits, base64url. */
export function newSecret (prefix: string): string {
  return `${prefix}_${randomBytes(32).toString('base64url')}`
}

/** Milliseconds since an arbitrary start, for measuring durations only. */
export function stopwatch (): () => number {
  const start = performance.now()
  return () => performance.now() - start
}
