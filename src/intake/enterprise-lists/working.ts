/** The loop that reads lists: bytes → rows as decided → enterprises, authorizations, projects, needs, in units that may be cut off anywhere. */
import { setImmediate } from 'node:timers/promises'
import type { Logger } from 'pino'
import { newNo } from '../../clock.ts'
import type { Db, WriteSql } from '../../db/db.ts'
import { append } from '../../journal/events.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { yuanOf } from '../../policy/money.ts'
import { policiesOf } from '../../registry/policies/service.ts'
import type { IntakeHooks } from '../hooks.ts'
import { surroundingsOf, type Surroundings } from './context.ts'
import { decider } from './deciding.ts'
import { endUnnamed, replaceEarlier } from './correcting.ts'
import { rowsFromJson, type JsonRow } from './json-rows.ts'
import type { ListReader, OpenList } from './read-in-worker.ts'
import { declaredMismatch, tallyOf, type Declared } from './reading.ts'
import { refusalOf, type Refusal } from './refusals.ts'
import type { DecidedRow, ListRow, SheetReading } from './rows.ts'
import {
  advanceReading, allRowsStored, changeRow, correctedBy, countRows, dropRows, findList, insertRows, markDecided, markRefused, nextToRead, takenIn, takeUp, waitingRows,
  type EnterpriseList, type StoredRow
} from './store.ts'
import { duplicateOf, rowsWithoutDocument, takeIn, waitingForDocument } from './taking-in.ts'

/** Where the bytes of lists stand, by digest. */
export interface ListBodies { put (sha256: string, bytes: Uint8Array): Promise<void>, get (sha256: string): Promise<Uint8Array | null> }

export interface ListWork {
  db: Db
  bodies: ListBodies
  reader: ListReader
  hooks: IntakeHooks
  log: Pick<Logger, 'error'>
}

/** Rows a unit stores or takes in: each unit costs one flush to disk. */
export const rows_per_unit = 384
/** Rows between which other work may run: the event loop is never held up. */
const rows_per_slice = 32
/** Units of one step; then the lease is renewed, and others hear how far the list is. */
const units_per_step = 4
const rows_dropped_per_unit = 1000

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
 * @returns a step, which answers 0 when there is no list
 */
export function listLoop (work: ListWork): () => Promise<number> {
  let open: Reading | null = null
  const step = async (list: EnterpriseList): Promise<void> => {
    if (list.rows_total !== null) return takeInSome(work, list.list_no)
    if (open !== null && open.list.list_no !== list.list_no) open = await left(open)
    if (open === null) {
      const opened = await opening(work, list)
      if (isShort(opened)) return takeInAtOnce(work, list, opened)
      open = await begin(work, list, opened)
    }
    if (open !== null && !await storeSome(work.db, open)) open = await left(open)
  }
  return async () => {
    const list = await nextToRead(work.db.read)
    if (list === undefined) return 0
    try {
      await step(list)
    } catch (error) {
      if (open !== null) open = await left(open)
      throw error
    }
    return 1
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

/** Says how far a list is; a short one is done before anybody could ask. */
async function tellProgress (sql: WriteSql, now: string, list: EnterpriseList, progress: { rows_found: number, rows_read: number, rows_taken_in: number }): Promise<void> {
  if (progress.rows_found <= rows_per_unit * units_per_step) return
  await append(sql, now, { type: 'enterprise_list.progress', subject: list.list_no, actor: actorOf(list), audience: [list.park_no], data: progress })
}

/** A decided row with the numbers it will have when it is taken in. */
function numbered (list_no: string, row: DecidedRow, position: number): StoredRow {
  const waiting = row.outcome === 'ACCEPTED' || row.outcome === 'ACCEPTED_WITH_REMARK'
  return { ...row, row_id: newNo('row'), list_no, position, waiting, need_no: newNo('need'), authorization_no: newNo('auth'), decision: null }
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

function actorOf (list: EnterpriseList): { participant_no: string, user_no: string | null } {
  return { participant_no: list.park_no, user_no: list.sent_by }
}

function slicesOf<T> (rows: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(rows.length / rows_per_slice) }, (_, index) => rows.slice(index * rows_per_slice, (index + 1) * rows_per_slice))
}

async function takeInSlice (sql: WriteSql, now: string, list: EnterpriseList, rows: readonly StoredRow[], hooks: IntakeHooks): Promise<void> {
  await replaceEarlier(sql, now, list, rows, actorOf(list), hooks)
  const placed = await takeIn(sql, now, list, rows, actorOf(list), hooks)
  for (const [index, row] of rows.entries()) {
    const { kind, need_no } = placed[index] ?? { kind: 'NEW', need_no: row.need_no }
    if (kind === 'DUPLICATE') await changeRow(sql, now, row.row_id, duplicateOf(row, need_no))
    else if (need_no !== row.need_no) await changeRow(sql, now, row.row_id, { need_no })
  }
}

type WithRows = Extract<OpenList, { refusal: null }>

/** A list that one unit can take in: each unit costs a flush to disk. */
function isShort (opened: OpenList): opened is WithRows {
  return opened.refusal === null && opened.rows_total <= rows_per_slice
}

/** A short list from beginning to end, in one unit. */
async function takeInAtOnce (work: ListWork, list: EnterpriseList, opened: WithRows): Promise<void> {
  const { db, hooks } = work
  const rows: StoredRow[] = []
  for await (const some of decidedRows(work, list, opened.rows, list.created_at)) {
    for (const row of some.rows) rows.push(numbered(list.list_no, row, rows.length))
  }
  const reader = newNo('reading')
  await db.write(async (sql, now) => {
    if (!await takeUp(sql, now, list.list_no, reader)) return
    await dropRows(sql, list.list_no, rows_dropped_per_unit)
    await advanceReading(sql, now, list.list_no, reader, rows.length, rows.length)
    await insertRows(sql, now, rows)
    await allRowsStored(sql, now, list.list_no, rows.length, opened.sheets)
    await goIn(sql, now, list, rows.filter(({ waiting }) => waiting), hooks)
    await end(sql, now, list, hooks)
  })
}

async function takeInSome ({ db, hooks }: ListWork, list_no: string): Promise<void> {
  for (let units = 1; units <= units_per_step; units++) {
    const done = await db.write(async (sql, now) => {
      const list = await findList(sql, list_no)
      if (list === undefined || list.status !== 'READING') return true
      const rows = await waitingRows(sql, list_no, rows_per_unit)
      if (rows.length === 0) return end(sql, now, list, hooks)
      await setImmediate()
      const rows_taken_in = list.rows_taken_in + await goIn(sql, now, list, rows, hooks)
      if (units === units_per_step) await tellProgress(sql, now, list, { rows_found: list.rows_found ?? 0, rows_read: list.rows_read, rows_taken_in })
      return false
    })
    if (done) break
  }
}

/** Takes waiting rows in, but for those that lack a document. @returns how many are done with */
async function goIn (sql: WriteSql, now: string, list: EnterpriseList, rows: readonly StoredRow[], hooks: IntakeHooks): Promise<number> {
  const waiting = await rowsWithoutDocument(sql, now, list, rows)
  for (const { row_id, outcome, findings } of waiting.map(waitingForDocument)) await changeRow(sql, now, row_id, { outcome, findings, keeps: true })
  for (const [nth, slice] of slicesOf(rows.filter(row => !waiting.includes(row))).entries()) {
    if (nth > 0) await setImmediate()
    await takeInSlice(sql, now, list, slice, hooks)
  }
  return takenIn(sql, now, list.list_no, rows)
}

/** @returns whether nothing is left to do */
async function end (sql: WriteSql, now: string, list: EnterpriseList, hooks: IntakeHooks): Promise<boolean> {
  if (await endUnnamed(sql, now, list, actorOf(list), hooks) > 0) return false
  await decided(sql, now, list)
  return true
}

async function decided (sql: WriteSql, now: string, list: EnterpriseList): Promise<void> {
  const { counts, amount_accepted_fen } = await countRows(sql, list.list_no)
  if (!await markDecided(sql, now, list.list_no, counts, amount_accepted_fen)) return
  await append(sql, now, {
    type: 'enterprise_list.decided', subject: list.list_no, actor: actorOf(list), audience: [list.park_no],
    data: { counts, amount_accepted: yuanOf(amount_accepted_fen) }
  })
}
