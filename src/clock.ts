/**
 * Time and numbers of things: the one file that asks the machine what time it is or for randomness.
 * Everything else receives a `Clock`, or the `now` of its unit.
 */
import { randomBytes } from 'node:crypto'
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

const nextUlid = monotonicFactory()

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
