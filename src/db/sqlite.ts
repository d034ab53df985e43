/**
 * SQLite behind `Db`: one writer with group commit, one read-only reader while a unit is under way, WAL, synchronous=FULL.
 *
 * better-sqlite3 gives synchronous=NORMAL in WAL mode without saying so, which loses acknowledged rows in a
 * power cut; FULL is set and asserted at start.
 */
import Database from 'better-sqlite3'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { stopwatch, type Clock } from '../clock.ts'
import { copyBackBeside, type CopyBackPace } from './copy-back.ts'
import { carryCipher, type CipherSlot } from './sealing.ts'
import { coalesced, DbOverloaded, insideUnit, queue_length_max, refuseNested, run_again_max, RunAgain, type Db, type Unit, type WriteSql } from './db.ts'

export const group_size_max = 256
/** Units of a group and its commit follow each other without letting anybody else in for so long at the most. */
const held_up_ms_max = 10

interface Waiting { unit: Unit<unknown>, resolve (value: unknown): void, reject (reason: unknown): void }

/** @param file path of the database file, created when missing; ':memory:' cannot be shared by the two connections */
export function openSqlite (file: string, clock: Clock, options: { queue_length_max?: number, group_size_max?: number, copy_back?: CopyBackPace } = {}): Db {
  const queue_max = options.queue_length_max ?? queue_length_max
  const writer = new Database(file)
  writer.pragma('journal_mode = WAL')
  writer.pragma('synchronous = FULL')
  writer.pragma('foreign_keys = ON')
  writer.pragma('busy_timeout = 5000')
  // The thread of copy-back.ts copies pages back; should it fall behind, the commit that reaches 250 MB does and holds up the event
  // loop meanwhile: a list of 5,000 rows, which is written in one go, is 78 MB.
  writer.pragma('wal_autocheckpoint = 64000')
  writer.pragma('temp_store = MEMORY')
  writer.pragma('cache_size = -32768')
  const reader = new Database(file, { readonly: true })
  reader.pragma('busy_timeout = 5000')
  reader.pragma('cache_size = -16384')
  const pragmas = { journal_mode: 'wal', synchronous: '2', foreign_keys: '1' }
  const settingsNow = () => Object.fromEntries(Object.keys(pragmas).map(name => [name, String(writer.pragma(name, { simple: true }))]))
  for (const [name, wanted] of Object.entries(pragmas)) {
    const found = settingsNow()[name]
    if (found !== wanted) throw new Error(`SQLite ${name} is ${found}, needs ${wanted}`)
  }

  const sql = drizzle({ client: remembering(writer) }) as unknown as WriteSql
  const read = drizzle({ client: betweenUnits(writer, reader) })
  const slot: CipherSlot = { cipher: null }
  for (const each of [sql, read]) carryCipher(each, slot)
  const begin = writer.prepare('begin immediate')
  const commit = writer.prepare('commit')
  const rollback = writer.prepare('rollback')
  const savepoint = writer.prepare('savepoint unit')
  const release = writer.prepare('release unit')
  const rollbackTo = writer.prepare('rollback to unit')

  const copying = copyBackBeside(file, options.copy_back)
  const queue: Waiting[] = []
  const listeners: (() => void)[] = []
  const announce = coalesced(listeners)
  let draining: Promise<void> | undefined
  let closed = false

  const elapsed = stopwatch()

  async function runGroup (group: Waiting[]): Promise<void> {
    const now = clock.now()
    let turn_at_ms = elapsed()
    const outcomes: { waiting: Waiting, value?: unknown, failed?: { reason: unknown } }[] = []
    // A savepoint copies every page that is touched; the only unit of a transaction needs none.
    const is_only = group.length === 1
    begin.run()
    for (const waiting of group) {
      for (let attempt = 1; ; attempt++) {
        if (!is_only) savepoint.run()
        try {
          const value = await insideUnit(() => waiting.unit(sql, now))
          if (!is_only) release.run()
          outcomes.push({ waiting, value })
          break
        } catch (reason) {
          // A full disk ends the whole transaction: the group fails together.
          if (!writer.inTransaction) throw reason
          if (is_only) {
            rollback.run()
            begin.run()
          } else {
            rollbackTo.run()
            release.run()
          }
          if (reason instanceof RunAgain && attempt < run_again_max) continue
          outcomes.push({ waiting, failed: { reason } })
          break
        }
      }
      if (elapsed() - turn_at_ms < held_up_ms_max) continue
      await new Promise(resolve => setImmediate(resolve))
      turn_at_ms = elapsed()
    }
    try {
      commit.run()
    } catch (reason) {
      if (writer.inTransaction) rollback.run()
      for (const { waiting } of outcomes) waiting.reject(reason)
      return
    }
    for (const { waiting, value, failed } of outcomes) {
      if (failed === undefined) waiting.resolve(value)
      else waiting.reject(failed.reason)
    }
    announce()
  }

  async function drain (): Promise<void> {
    await new Promise(resolve => setImmediate(resolve))
    while (queue.length > 0) {
      const group = queue.splice(0, options.group_size_max ?? group_size_max)
      try {
        await runGroup(group)
      } catch (reason) {
        if (writer.inTransaction) rollback.run()
        for (const waiting of group) waiting.reject(reason)
      }
      await new Promise(resolve => setImmediate(resolve))
    }
    draining = undefined
  }

  function write<T> (unit: Unit<T>): Promise<T> {
    refuseNested()
    if (closed) return Promise.reject(new Error('the database is closed'))
    if (queue.length >= queue_max) return Promise.reject(new DbOverloaded('too many units are waiting'))
    return new Promise<T>((resolve, reject) => {
      queue.push({ unit, resolve: resolve as (value: unknown) => void, reject })
      draining ??= drain()
    })
  }

  return {
    dialect: 'sqlite',
    clock,
    read,
    write,
    onCommit: listener => { listeners.push(listener) },
    useCipher: cipher => { slot.cipher = cipher },
    async lease () {
      return !closed
    },
    async endLeases () {},
    async settings () {
      const facts = settingsNow()
      const unsafe = Object.entries(pragmas).filter(([name, wanted]) => facts[name] !== wanted).map(([name]) => name)
      return { facts, unsafe }
    },
    async close () {
      closed = true
      await draining
      await copying.stop()
      reader.close()
      writer.close()
    }
  }
}

/**
 * Where reads go: between units to the writer, whose pages stay in memory; a reader forgets all of its own with every commit of another
 * connection. While a unit is under way they go to the reader and see what was committed before it.
 */
function betweenUnits (writer: Database.Database, reader: Database.Database): Database.Database {
  const [at_rest, meanwhile] = [remembering(writer), remembering(reader)]
  function prepare (text: string, is_raw = false): Pick<Database.Statement, 'all' | 'get'> {
    const statement = (): Database.Statement => (writer.inTransaction ? meanwhile : at_rest).prepare(text).raw(is_raw)
    return Object.assign({ all: (...values: unknown[]) => statement().all(...values), get: (...values: unknown[]) => statement().get(...values) }, is_raw ? {} : { raw: () => prepare(text, true) })
  }
  return Object.create(reader, { prepare: { value: prepare } }) as Database.Database
}

const statements_max = 1000

/** A connection as drizzle uses it, on which a text that comes again is not parsed and planned again; the oldest makes room. */
function remembering (connection: Database.Database): Database.Database {
  const statements = new Map<string, Database.Statement>()
  function prepare (text: string): Database.Statement {
    const known = statements.get(text)
    // How it gives its rows is a mode of a statement: a query that needs rows as lists says so each time.
    if (known !== undefined) return known.reader ? known.raw(false) : known
    const statement = connection.prepare(text)
    if (statements.size >= statements_max) statements.delete(statements.keys().next().value as string)
    statements.set(text, statement)
    return statement
  }
  return Object.create(connection, { prepare: { value: prepare } }) as Database.Database
}
