/**
 * Many rows with few statements: prepared once per connection for a handful of sizes, filled with raw values.
 * A multi-row insert that drizzle builds anew costs 3 µs for every value; this costs a tenth.
 */
import { getTableColumns, sql as expression, type Placeholder, type Table } from 'drizzle-orm'
import { listed } from './columns.ts'
import { hot, together, type ReadSql, type WriteSql } from './db.ts'

/** Rows per statement, the largest that fits first. */
const sizes = [64, 16, 8, 4, 2, 1] as const

interface Insert { onConflictDoNothing (): unknown, onConflictDoUpdate (config: object): unknown, returning (fields?: object): unknown }
interface Prepared { execute (values: readonly unknown[]): Promise<unknown> }

/**
 * Makes a function that inserts any number of rows of a table. Members a row does not have are null.
 *
 * @param finish adds `on conflict` or `returning` to the statement
 * @param without columns that the database fills itself
 * @returns rows that `returning` gave, in no promised order
 */
export function bulkInsert<T extends Table, R = unknown> (
  into: T, finish: (insert: Insert) => unknown = insert => insert, without: readonly string[] = []
): (sql: WriteSql, rows: readonly T['$inferInsert'][]) => Promise<R[]> {
  const columns = Object.entries(getTableColumns(into)).filter(([column]) => !without.includes(column))
  const width = columns.length
  const builds = new Map(sizes.map(size => [size, (sql: WriteSql): Prepared => {
    const values = Array.from({ length: size }, (_, row) => Object.fromEntries(columns.map(([column], index) => [column, expression`${expression.placeholder(String(row * width + index))}`])))
    const insert = finish(sql.insert(into as never).values(values as never) as unknown as Insert) as { prepare (): Prepared }
    return insert.prepare()
  }]))
  return async (sql, rows) => {
    // Sent one after the other, awaited together: on PostgreSQL they share a round trip.
    const answers: Promise<unknown>[] = []
    let from = 0
    while (from < rows.length) {
      const size = sizes.find(each => each <= rows.length - from) ?? 1
      // Placeholders are called by their place: an object with a thousand names costs far more than a list.
      const filled: unknown[] = []
      for (let row = 0; row < size; row++) {
        const values = rows[from + row] as Record<string, unknown>
        for (const [name, column] of columns) {
          const value = values[name]
          filled.push(value === undefined || value === null ? null : column.mapToDriverValue(value))
        }
      }
      const build = builds.get(size) as (sql: WriteSql) => Prepared
      answers.push(hot(sql, build).execute(filled))
      from += size
    }
    return (await together(...answers)).flatMap(answer => Array.isArray(answer) ? answer as R[] : [])
  }
}

/** A key of several columns as one text, to find its row among those that came. */
export function jointKey (...parts: readonly string[]): string {
  return parts.join('\0')
}

interface Built { prepare (): unknown }

/**
 * Makes a function that finds the rows of any number of keys with one statement. A key of several columns comes as one list for each
 * column (`isListed`), so rows that mix the columns of two keys may come with the others.
 *
 * @returns rows in no promised order
 */
export function bulkFind<Row> (build: (sql: ReadSql, ...lists: Placeholder[]) => Built): (sql: ReadSql, ...lists: readonly (readonly string[])[]) => Promise<Row[]> {
  const prepared = (sql: ReadSql) => build(sql, ...Array.from({ length: build.length - 1 }, (_, list) => expression.placeholder(String(list)))).prepare() as Prepared
  return async (sql, ...lists) => lists[0]?.length === 0 ? [] : await hot(sql, prepared).execute(lists.map(list => listed([...new Set(list)]))) as Row[]
}

/**
 * Makes a function that asks one statement about many things at once: they come as rows of text columns (`rowsOf`).
 *
 * @param build makes the statement, given a placeholder for the JSON text
 */
export function bulkAsk<Asked extends object, Row> (build: (sql: ReadSql, asked: Placeholder) => Built): (sql: ReadSql, asked: readonly Asked[]) => Promise<Row[]> {
  const prepared = (sql: ReadSql) => build(sql, expression.placeholder('0')).prepare() as Prepared
  return async (sql, asked) => asked.length === 0 ? [] : await hot(sql, prepared).execute([JSON.stringify(asked)]) as Row[]
}
