/**
 * PostgreSQL behind `Db`: a serializable transaction per unit, run again on serialization failure and deadlock.
 * Any number of processes may share one database.
 */
import type { Writable } from 'node:stream'
import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import type { Clock } from '../clock.ts'
import { isUnavailable } from './failures.ts'
import { createGate } from './gate.ts'
import { carryCipher, type CipherSlot } from './sealing.ts'
import { coalesced, DbOverloaded, insideUnit, hasLookedBeside, lookBeside, lookInside, queue_length_max, refuseNested, run_again_max, RunAgain, type Db, type Isolation, type ReadSql, type Unit, type WriteSql } from './db.ts'

const int8_oid = 20
const numeric_oid = 1700
pg.types.setTypeParser(int8_oid, Number)
pg.types.setTypeParser(numeric_oid, Number)

/** serialization_failure, deadlock_detected */
const run_again_states = new Set(['40001', '40P01'])
const retry_pause_max_ms = 20
/** A connection keeps the plans it once made; a new one makes them for the tables as they are, also where nobody gathers statistics. */
const connection_lives_seconds = 600
/** whoever waits longer for a connection is told to come back */
const connect_within_ms = 10_000
/** From this attempt on a unit runs while no other of this process does: writers that come and go cannot hold it up for ever. */
const alone_from = 6

/**
 * A statement that was planned while its tables were small would go on to walk them whole when they are large, and inside a unit that
 * locks them whole: what has an index uses it, in its order rather than with a sort, also where there are no statistics yet. Nothing here
 * runs so long that compiling it pays.
 */
const planning = '-c enable_seqscan=off -c random_page_cost=1.1 -c jit=off'
/**
 * The beginning of a unit goes out together with its first statements. Should it fail alone (cancelled, timed out) on a connection that
 * lives on, the server itself refuses whatever they would write: only a transaction that says so may.
 */
const writes_in_transactions_only = '-c default_transaction_read_only=on'
const begin_texts: Record<Isolation, string> = { SERIALIZABLE: 'begin isolation level serializable read write', AS_COMMITTED: 'begin isolation level read committed read write' }

/** @param url postgres://user:password@host:port/database */
export function openPostgres (url: string, clock: Clock, options: { connections?: number, queue_length_max?: number } = {}): Db {
  const queue_max = options.queue_length_max ?? queue_length_max
  const connections = options.connections ?? 10
  const common = { connectionString: url, max: connections, connectionTimeoutMillis: connect_within_ms, maxLifetimeSeconds: connection_lives_seconds, keepAlive: true, pipeline: true, options: planning }
  const pool = new pg.Pool({ ...common, application_name: 'rongqiao', options: `${planning} ${writes_in_transactions_only}` })
  const reading = new pg.Pool({ ...common, application_name: 'rongqiao-read' })
  // A connection that breaks says so to whoever uses it; nobody else has to hear.
  for (const each of [pool, reading]) each.on('error', () => undefined).on('connect', client => { client.on('error', () => undefined) })
  const sql_of = new WeakMap<pg.PoolClient, WriteSql>()
  const slot: CipherSlot = { cipher: null }
  const read = drizzle({ client: naming(reading) }) as unknown as ReadSql
  carryCipher(read, slot)
  const listeners: (() => void)[] = []
  const announce = coalesced(listeners)

  function sqlOf (client: pg.PoolClient): WriteSql {
    let sql = sql_of.get(client)
    if (sql === undefined) {
      sql_of.set(client, sql = drizzle({ client: naming(client) }) as unknown as WriteSql)
      carryCipher(sql, slot)
    }
    return sql
  }

  async function once<T> (unit: Unit<T>, isolation: Isolation, lost: boolean): Promise<T> {
    const client = await pool.connect()
    const sql = sqlOf(client)
    if (lost) lookInside(sql)
    else lookBeside(sql, read)
    let broken: Error | undefined
    try {
      // Nobody waits for the beginning: it goes out with the unit's first statements.
      const begun = client.query(begin_texts[isolation])
      begun.catch(() => undefined)
      try {
        const value = await insideUnit(() => unit(sql, clock.now())).catch((reason: unknown) => {
          if (!hasLookedBeside(sql) || mayRunAgain(reason) || isUnavailable(reason)) throw reason
          throw new RunAgain('what is refused is looked at from inside', { cause: reason })
        })
        await begun
        const { command } = await client.query('commit')
        // A transaction in which a statement failed ends so without an error.
        if (command !== 'COMMIT') throw new Error('a statement of the unit failed and nobody heard of it; nothing was kept')
        return value
      } catch (reason) {
        await client.query('rollback').catch((error: Error) => { broken = error })
        // Where there was no beginning, everything else failed because of it.
        await begun
        throw reason
      }
    } finally {
      client.release(broken)
    }
  }

  const gate = createGate()

  async function admitted<T> (unit: Unit<T>, isolation: Isolation, by_itself: boolean, lost: boolean): Promise<T> {
    const leave = await (by_itself ? gate.enterAlone() : gate.enter())
    try {
      return await once(unit, isolation, lost)
    } finally {
      leave()
    }
  }

  let inside = 0

  async function write<T> (unit: Unit<T>, isolation: Isolation = 'SERIALIZABLE'): Promise<T> {
    refuseNested()
    if (inside >= connections + queue_max) throw new DbOverloaded('too many units are waiting')
    inside++
    try {
      return await untilDone(unit, isolation)
    } finally {
      inside--
    }
  }

  async function untilDone<T> (unit: Unit<T>, isolation: Isolation): Promise<T> {
    let lost = false
    for (let attempt = 1; ; attempt++) {
      try {
        const value = await admitted(unit, isolation, attempt >= alone_from, lost)
        announce()
        return value
      } catch (reason) {
        if (!mayRunAgain(reason)) throw reason
        lost = reason instanceof RunAgain
        if (attempt >= run_again_max) throw new DbOverloaded('a unit met others again and again', { cause: reason })
        if (!lost) await new Promise(resolve => setTimeout(resolve, Math.random() * retry_pause_max_ms * Math.min(attempt, 5)))
      }
    }
  }

  return {
    dialect: 'postgres',
    clock,
    read,
    write,
    onCommit: listener => { listeners.push(listener) },
    useCipher: cipher => { slot.cipher = cipher },
    async lease (name, holder, ttl_ms) {
      // One that ends later than any that is given now was given before the server's clock was set back. No unit: it stands by itself.
      const { rowCount } = await reading.query(
        `insert into leases (name, holder, expires_at) values ($1, $2, extract(epoch from clock_timestamp()) * 1000 + $3)
         on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at
         where leases.holder = excluded.holder or leases.expires_at < extract(epoch from clock_timestamp()) * 1000
         or leases.expires_at > extract(epoch from clock_timestamp()) * 1000 + $3`,
        [name, holder, ttl_ms])
      return rowCount === 1
    },
    async endLeases (holder) {
      await reading.query('delete from leases where holder = $1', [holder])
    },
    async settings () {
      const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'server_version']
      const facts: Record<string, string> = {}
      for (const name of names) facts[name] = String((await reading.query(`show ${name}`)).rows[0][name])
      const unsafe = ['fsync', 'full_page_writes'].filter(name => facts[name] !== 'on')
      if (facts.synchronous_commit === 'off') unsafe.push('synchronous_commit')
      return { facts, unsafe }
    },
    async close () {
      await Promise.all([pool.end(), reading.end()])
    }
  }
}

const named_texts_max = 2000
const seen_before_named = 3
const texts = new Map<string, { seen: number, name: string }>()

/**
 * Gives a statement that comes again and again a name, so that PostgreSQL parses and plans it once per connection.
 * A client or pool as drizzle uses it: `query` alone.
 */
function naming<C extends pg.Pool | pg.PoolClient> (client: C): C {
  const stream = (client as { connection?: { stream?: Writable } }).connection?.stream
  const query = (config: pg.QueryConfig, values: unknown[]): unknown => {
    // What is asked in one turn goes out in one packet.
    stream?.cork()
    if (stream !== undefined) process.nextTick(() => stream.uncork())
    return client.query(nameOf(config), values)
  }
  return Object.create(client, { query: { value: query } }) as C
}

function nameOf (config: pg.QueryConfig): pg.QueryConfig {
  let known = texts.get(config.text)
  if (known === undefined) {
    if (texts.size >= named_texts_max) return config
    texts.set(config.text, known = { seen: 0, name: `s${texts.size}` })
  }
  return ++known.seen > seen_before_named ? { ...config, name: known.name } : config
}

function mayRunAgain (reason: unknown): boolean {
  for (let error = reason; error instanceof Error; error = error.cause) {
    if (error instanceof RunAgain) return true
    if ('code' in error && run_again_states.has(String(error.code))) return true
  }
  return false
}
