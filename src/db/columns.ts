/**
 * One column vocabulary for both databases. Which dialect is meant is decided once per process (config.ts);
 * tables are typed as SQLite tables and run on PostgreSQL unchanged.
 *
 * Kinds: id, code, state, digest, rate, date, instant → `text`; money → `fen`; count, version → `integer`;
 * yes/no → `flag` (0/1); document → `json` (text).
 */
import { sql as expression, type SQL, type SQLWrapper } from 'drizzle-orm'
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
  return isListed(column, expression.param(listed([...values])))
}

/** The same for a list that is filled in later, as `listed` makes it. */
export function isListed (column: lite.AnySQLiteColumn, list: SQLWrapper): SQL {
  return on_postgres ? expression`${column} = any(${list})` : expression`${column} in (select value from json_each(${list}))`
}

/**
 * Whether a column is one of a few words of this house, written into the statement: of a prepared one that gets them as parameters
 * PostgreSQL does not see that an index over just these rows serves it.
 */
export function isWord<C extends lite.AnySQLiteColumn> (column: C, ...words: readonly (C['_']['data'] & string)[]): SQL {
  const odd = words.find(word => !/^[A-Z_]+$/.test(word))
  if (odd !== undefined) throw new Error(`not a word of this house: ${odd}`)
  // SQLite takes an index over one word for "= word" only.
  const list = words.map(word => `'${word}'`).join(', ')
  return expression`${column} ${expression.raw(words.length === 1 ? `= ${list}` : `in (${list})`)}`
}

/** Whether a flag is set; written into the statement for the same reason. */
export function isSet (column: lite.AnySQLiteColumn): SQL {
  return expression`${column} = 1`
}

/** Many values as one parameter. */
export function listed (values: readonly string[]): unknown {
  return on_postgres ? values : JSON.stringify(values)
}

/** A JSON text of objects, filled in later, as rows of text columns. */
export function rowsOf (name: string, columns: readonly string[], objects: SQLWrapper): SQL {
  const called = expression.identifier(name)
  const each = (make: (column: string) => SQL) => expression.join(columns.map(make), expression`, `)
  return on_postgres
    ? expression`json_to_recordset(${objects}::json) as ${called} (${each(column => expression`${expression.identifier(column)} text`)})`
    : expression`(select ${each(column => expression`value ->> ${expression.raw(`'$.${column}'`)} as ${expression.identifier(column)}`)} from json_each(${objects})) as ${called}`
}
