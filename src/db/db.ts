/**
 * The storage seam: `read`, and `write(unit)`. SQLite and PostgreSQL stand behind it alike.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import type { Clock } from '../clock.ts'
import type { Cipher } from './cipher.ts'

type Sql = BetterSQLite3Database
export type ReadSql = Pick<Sql, 'select' | 'selectDistinct'>
export type WriteSql = Pick<Sql, 'select' | 'selectDistinct' | 'insert' | 'update' | 'delete'>

/** Atomic work. Touches only `sql`; may run again. `now` is the unit's one timestamp. */
export type Unit<T> = (sql: WriteSql, now: string) => Promise<T>

/**
 * How far units stand apart on PostgreSQL. AS_COMMITTED is for a writer whom a lock keeps alone: serializable, what it looks at would stand
 * against everybody who adds to it.
 */
export type Isolation = 'SERIALIZABLE' | 'AS_COMMITTED'

export interface Db {
  readonly dialect: 'sqlite' | 'postgres'
  readonly clock: Clock
  readonly read: ReadSql
  /** Runs the unit and answers after its commit is on disk. A failing unit leaves nothing behind. */
  write<T> (unit: Unit<T>, isolation?: Isolation): Promise<T>
  /** Calls back after every commit of this process, soon and not once per commit. */
  onCommit (listener: () => void): void
  /** Tries to hold a name for this process; true while held. Background loops work only under a lease. */
  lease (name: string, holder: string, ttl_ms: number): Promise<boolean>
  /** Gives back every name of a holder, so that others need not wait for their end. */
  endLeases (holder: string): Promise<void>
  /** Gives every connection the keys for sealed columns (sealing.ts). */
  useCipher (cipher: Cipher): void
  /** Facts about durability and isolation for /health/ready; empty `unsafe` means fit for production. */
  settings (): Promise<{ facts: Record<string, string>, unsafe: string[] }>
  close (): Promise<void>
}

/** The queue of waiting units is full: the caller should try again later (503). */
export class DbOverloaded extends Error {
  override name = 'DbOverloaded'
}

/** Thrown inside a unit that met a concurrent twin: the unit is run again from the start. */
export class RunAgain extends Error {
  override name = 'RunAgain'
}

export const run_again_max = 60
/** Units that wait at once; whoever would wait longer is told to come back. */
export const queue_length_max = 1024

const unit_mark = new AsyncLocalStorage<true>()

/** Runs inside a unit's mark, so that a nested `write` is refused instead of waiting for itself. */
export function insideUnit<T> (work: () => Promise<T>): Promise<T> {
  return unit_mark.run(true, work)
}

export function refuseNested (): void {
  if (unit_mark.getStore() === true) throw new Error('write inside a unit: pass `sql` on instead')
}

/** Collects calls of one turn of the event loop into one. */
export function coalesced (listeners: readonly (() => void)[]): () => void {
  let waiting = false
  return () => {
    if (waiting) return
    waiting = true
    setImmediate(() => {
      waiting = false
      for (const listener of listeners) listener()
    })
  }
}

const besides = new WeakMap<object, { beside: ReadSql, looked: boolean }>()

/** Says where a unit's `peek` looks. For the databases only. */
export function lookBeside (sql: WriteSql, beside: ReadSql): void {
  besides.set(sql, { beside, looked: false })
}

/**
 * Where a unit looks for what a constraint will decide when it writes (is this key new?), or for what never changes once it is
 * there. On PostgreSQL such a look stands beside the unit's transaction: a key that is not there yet would else make every unit
 * that adds a neighbour in the index run again. A unit that lost against the constraint, or that refuses, runs again and then looks
 * inside: between its look and its beginning the very thing may have come in.
 */
export function peek (sql: ReadSql): ReadSql {
  const at = besides.get(sql)
  if (at === undefined) return sql
  at.looked = true
  return at.beside
}

/** Whether a unit looked beside itself: what it then refuses, it has to refuse once more from inside. For the databases only. */
export function hasLookedBeside (sql: WriteSql): boolean {
  return besides.get(sql)?.looked === true
}

/** For units whose parts depend on each other's writes: every look stands inside from now on. */
export function lookInside (sql: WriteSql): void {
  besides.delete(sql)
}

type Outcomes<T extends readonly unknown[]> = { [place in keyof T]: Promise<T[place]> }

/** Several statements of a unit at once: on PostgreSQL they share a round trip. All have ended before the first failure is thrown. */
export async function together<T extends readonly unknown[]> (...work: Outcomes<T>): Promise<T> {
  const outcomes = await Promise.allSettled(work)
  return outcomes.map(outcome => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value as unknown
  }) as unknown as T
}

const statements = new WeakMap<object, Map<object, unknown>>()

/**
 * A statement built once per connection: `hot(sql, build)` keeps what `build(sql)` returned for this `sql`.
 * For hot paths only; building a query anew costs 50–80 µs.
 */
export function hot<S extends object, T> (sql: S, build: (sql: S) => T): T {
  let kept = statements.get(sql)
  if (kept === undefined) statements.set(sql, kept = new Map())
  let statement = kept.get(build) as T | undefined
  if (statement === undefined) kept.set(build, statement = build(sql))
  return statement
}
