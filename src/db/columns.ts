/**
 * One column vocabulary for both databases. Which dialect is meant is decided once per process (config.ts);
 * tables are typed as SQLite tables and run on PostgreSQL unchanged.
 *
 * Kinds: id, code, state, digest, rate, date, instant → `text`; money → `fen`; count, version → `integer`;
 * yes/no → `flag` (0/1); document → `json` (text).
 */
import { sql as expression, type SQL } from 'drizzle-orm'
import * as pg from 'drizzle-orm/pg-core'
import * as lite from 'drizzle-orm/sqlite-core'
import { dialect } from '../config.ts'

const on_postgres = dialect === 'postgres'

export const table = (on_postgres ? pg.pgTable : lite.sqliteTable) as typeof lite.sqliteTable
export const text = (on_postgres ? pg.text : lite.text) as typeof lite.text
export const integer = (on_postgres
  ? (name?: string) => name === undefined ? pg.bigint({ mode: 'number' }) : pg.bigint(name, { mode: 'number' })
  : lite.integer) as unknown as typeof lite.integer
/** Whole fen in a bigint column; a JavaScript number up to 2^53 − 1. */
export const fen = integer
export const primaryKey = (on_postgres ? pg.primaryKey : lite.primaryKey) as typeof lite.primaryKey

const customType = (on_postgres ? pg.customType : lite.customType) as typeof lite.customType

/** A document kept as JSON text. */
export function json<T> () {
  return customType<{ data: T, driverData: string }>({
    dataType: () => 'text',
    toDriver: value => JSON.stringify(value),
    fromDriver: value => JSON.parse(value) as T
  })()
}

/** Yes or no, kept as 1 or 0. */
export const flag = customType<{ data: boolean, driverData: number }>({
  dataType: () => 'bigint',
  toDriver: value => value ? 1 : 0,
  fromDriver: value => Number(value) === 1
})

/**
 * Whether a text column is one of many values, as one parameter: to write out hundreds of them into a statement of its own costs
 * more than running it. For lists that a request or a row brings; a few fixed states are `inArray`.
 */
export function isAmong (column: lite.AnySQLiteColumn, values: Iterable<string>): SQL {
  const all = [...values]
  return on_postgres ? expression`${column} = any(${expression.param(all)})` : expression`${column} in (select value from json_each(${JSON.stringify(all)}))`
}
