/** The loop that reads lists: bytes → rows as decided → enterprises, authorizations, projects, needs, in units that may be cut off anywhere. */
import { setImmediate } from 'node:timers/promises'
import type { Logger } from 'pino'
import { newNo } from '../../clock.ts'
import type { Db, WriteSql } from '../../db/db.ts'
import { append } from '../../journal/events.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { policiesOf } from '../../registry/policies/service.ts'
import type { IntakeHooks } from '../hooks.ts'
import { surroundingsOf, type Surroundings } from './context.ts'
import { decider } from './deciding.ts'
import { actorOf, numbered, rows_per_unit, slicesOf, takeInSome, tellProgress, units_per_step } from './going-in.ts'
import { rowsFromJson, type JsonRow } from './json-rows.ts'
import type { ListReader, OpenList } from './read-in-worker.ts'
import { declaredMismatch, tallyOf, type Declared } from './reading.ts'
import { refusalOf, type Refusal } from './refusals.ts'
import type { DecidedRow, ListRow, SheetReading } from './rows.ts'
import { isShort, shortList, takeInAtOnce, withOthers } from './short-lists.ts'
import { advanceReading, allRowsStored, correctedBy, dropRows, insertRows, listsToRead, markRefused, takeUp, type EnterpriseList } from './store.ts'

/** Where the bytes of lists stand, by digest. */
export interface ListBodies { put (sha256: string, bytes: Uint8Array): Promise<void>, get (sha256: string): Promise<Uint8Array | null> }

export interface ListWork {
  db: Db
  bodies: ListBodies
  reader: ListReader
  hooks: IntakeHooks
  log: Pick<Logger, 'error'>
}

const rows_dropped_per_unit = 1000
/** Lists that are looked at together; short ones share a unit. */
export const lists_at_once = 32

/** A list's rows as they come, whatever its form. */
export async function openBytes (work: Pick<ListWork, 'reader'>, form: 'FILE' | 'JSON', bytes: Uint8Array, file_name: string, declared: Declared): Promise<OpenList> {
  if (form === 'FILE') return work.reader.open(bytes, file_name, declared)
  const { rows: sent } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { rows: JsonRow[] }
  const rows: ListRow[] = []
  for (const slice of slicesOf(sent)) {
    rows.push(...rowsFromJson(slice, rows.length))
    await setImmediate()
  }
  const mismatch = declaredMismatch(tallyOf(rows), declared)
  return mismatch === null
    ? { refusal: null, rows: handedOver(rows), rows_total: rows.length, sheets: [] }
    : { refusal: mismatch, rows: null, rows_total: null, sheets: [] }
}

async function* handedOver (rows: readonly ListRow[]): AsyncGenerator<ListRow[]> {
  yield* slicesOf(rows)
}

/** Decided rows, as many at a time as a unit takes, against what is known today. Later rows are compared with all earlier ones. */
export async function* decidedRows (
  work: Pick<ListWork, 'db' | 'hooks'>, list: Pick<EnterpriseList, 'park_no' | 'corrects'>, rows: AsyncGenerator<ListRow[]>, received_at: string
): AsyncGenerator<Decided> {
  try {
    const corrected = new Set(await correctedBy(work.db.read, list))
    const surroundings = await surroundingsOf(work.db.read, list.park_no, beijingDate(received_at), corrected, await policiesOf(work.db), work.hooks)
    const decide = decider(surroundings.context)
    const decideAll = async (some: readonly ListRow[]): Promise<Decided> => {
      await surroundings.lookUp(some)
      const decided: DecidedRow[] = []
      for (const slice of slicesOf(some)) {
        for (const row of slice) decided.push(decide(row))
        await setImmediate()
      }
      return { rows: decided, surroundings }
    }
    let gathered: ListRow[] = []
    for await (const some of rows) {
      gathered.push(...some)
      while (gathered.length >= rows_per_unit) {
        yield await decideAll(gathered.slice(0, rows_per_unit))
        gathered = gathered.slice(rows_per_unit)
      }
    }
    if (gathered.length > 0) yield await decideAll(gathered)
  } finally {
    // Also where looking up failed before the first row was asked for: the rows keep a thread.
    await rows.return(undefined)
  }
}

export interface Decided { rows: DecidedRow[], surroundings: Surroundings }

/** A list whose rows are being stored, between two steps. */
interface Reading { list: EnterpriseList, reader: string, sheets: SheetReading[], rows_found: number, decided: AsyncGenerator<Decided>, position: number }

/**
 * The work of the loop, a step at each call: takes the oldest list that is not done a bounded way further. What a step that
 * failed leaves behind is taken up from the start.
 *
 * @returns a step, which answers how many short lists it was done with, or that it did as much of a long one as a step can do
 */
export function listLoop (work: ListWork): () => Promise<number> {
  let open: Reading | null = null
  const step = async (list: EnterpriseList, others: readonly EnterpriseList[]): Promise<number> => {
    if (list.rows_total !== null) {
      await takeInSome(work.db, work.hooks, list.list_no)
      return lists_at_once
    }
    if (open !== null && open.list.list_no !== list.list_no) open = await left(open)
    if (open === null) {
      const opened = await opening(work, list)
      if (isShort(opened)) {
        const lists = await withOthers(await shortList(list, opened), others, other => opening(work, other))
        await takeInAtOnce(work.db, work.hooks, lists)
        return lists.length
      }
      open = await begin(work, list, opened)
    }
    if (open !== null && !await storeSome(work.db, open)) open = await left(open)
    return lists_at_once
  }
  return async () => {
    const [list, ...others] = await listsToRead(work.db.read, lists_at_once)
    if (list === undefined) return 0
    try {
      return await step(list, others)
    } catch (error) {
      if (open !== null) open = await left(open)
      throw error
    }
  }
}

async function left (reading: Reading): Promise<null> {
  await reading.decided.return(undefined)
  return null
}

/** Takes an open list up. @returns null when it is refused, or another process has it */
async function begin (work: ListWork, list: EnterpriseList, opened: OpenList): Promise<Reading | null> {
  const { db } = work
  const reader = newNo('reading')
  const dropSome = (sql: WriteSql) => dropRows(sql, list.list_no, rows_dropped_per_unit)
  let dropped = await db.write(async (sql, now) => await takeUp(sql, now, list.list_no, reader) ? await dropSome(sql) : null)
  if (dropped === null) {
    await opened.rows?.return(undefined)
    return null
  }
  while (dropped === rows_dropped_per_unit) dropped = await db.write(dropSome)
  if (opened.refusal !== null) {
    await refuse(db, list, reader, opened.refusal, opened.sheets)
    return null
  }
  const decided = decidedRows(work, list, opened.rows, list.created_at)
  return { list, reader, sheets: opened.sheets, rows_found: opened.rows_total, decided, position: 0 }
}

/** Stores rows as decided, some units of them. @returns whether there are more */
async function storeSome (db: Db, reading: Reading): Promise<boolean> {
  const { list, reader, rows_found, sheets } = reading
  for (let units = 1; units <= units_per_step; units++) {
    const { value, done } = await reading.decided.next()
    if (done === true) throw new Error(`${list.list_no} has fewer rows than were found in it`)
    const rows = value.rows.map((row, index) => numbered(list.list_no, row, reading.position + index))
    const rows_read = reading.position + rows.length
    const at_end = rows_read === rows_found
    const mine = await db.write(async (sql, now) => {
      if (!await advanceReading(sql, now, list.list_no, reader, rows_found, rows_read)) return false
      for (const slice of slicesOf(rows)) {
        await insertRows(sql, now, slice)
        await setImmediate()
      }
      if (at_end) await allRowsStored(sql, now, list.list_no, rows_found, sheets)
      if (units === units_per_step || at_end) await tellProgress(sql, now, list, { rows_found, rows_read, rows_taken_in: 0 })
      return true
    })
    if (!mine || at_end) return false
    reading.position = rows_read
  }
  return true
}

/** A file that is gone, or on which the reader itself fails, is refused: it must not hold up the lists behind it. */
async function opening (work: ListWork, list: EnterpriseList): Promise<OpenList> {
  const damaged: OpenList = { refusal: refusalOf('DAMAGED'), rows: null, rows_total: null, sheets: [] }
  const bytes = await work.bodies.get(list.sha256)
  if (bytes === null) return damaged
  try {
    return await openBytes(work, list.form, bytes, list.file_name, { row_count: list.declared_row_count, amount: list.declared_amount })
  } catch (error) {
    work.log.error({ err: error, list_no: list.list_no }, 'a list could not be read')
    return damaged
  }
}

async function refuse (db: Db, list: EnterpriseList, reader: string, refusal: Refusal, sheets: SheetReading[]): Promise<void> {
  // What was declared may be corrected and the same bytes sent again; every other refusal would only repeat itself.
  const content_key = refusal.code.startsWith('DECLARED_') ? `${list.sha256}/${list.list_no}` : list.content_key
  await db.write(async (sql, now) => {
    if (!await markRefused(sql, now, list.list_no, reader, refusal, sheets, content_key)) return
    await append(sql, now, {
      type: 'enterprise_list.refused', subject: list.list_no, actor: actorOf(list), audience: [list.park_no], data: { code: refusal.code }
    })
  })
}

