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
import { lookUp, type LookedUp } from './context.ts'
import { decideRowsInSlices } from './deciding.ts'
import { listFinding } from './findings.ts'
import { rowsFromJson, type JsonRow } from './json-rows.ts'
import type { ListReader } from './read-in-worker.ts'
import { declaredMismatch, type Declared, type ListReading } from './reading.ts'
import { refusalOf, type Refusal } from './refusals.ts'
import type { DecidedRow, ListRow, SheetReading } from './rows.ts'
import {
  allRowsStored, changeRow, countRows, findList, insertRows, isReader, markDecided, markRefused, nextToRead, takenIn, takeUp, waitingRows,
  type EnterpriseList, type StoredRow
} from './store.ts'
import { takeIn } from './taking-in.ts'

/** Where the bytes of lists stand, by digest. */
export interface ListBodies { put (sha256: string, bytes: Uint8Array): Promise<void>, get (sha256: string): Promise<Uint8Array | null> }

export interface ListWork {
  db: Db
  bodies: ListBodies
  reader: ListReader
  hooks: Pick<IntakeHooks, 'contractLimits'>
  log: Pick<Logger, 'error'>
}

/** Rows a unit stores or takes in: each unit costs one flush to disk. */
export const rows_per_unit = 384
/** Rows between which other work may run: the event loop is never held up. */
const rows_per_slice = 64
/** Units of one step; then the lease is renewed. */
const units_per_step = 4

/** Reads a list without deciding anything. */
export async function readBytes (work: Pick<ListWork, 'reader'>, form: 'FILE' | 'JSON', bytes: Uint8Array, file_name: string, declared: Declared): Promise<ListReading> {
  if (form === 'FILE') return work.reader.read(bytes, file_name, declared)
  const { rows: sent } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { rows: JsonRow[] }
  const rows = rowsFromJson(sent)
  const mismatch = declaredMismatch(rows, declared)
  return mismatch === null ? { refusal: null, rows, sheets: [] } : { refusal: mismatch, rows: null, sheets: [] }
}

/** Decides rows against what is known today. */
export async function decide (work: Pick<ListWork, 'db' | 'hooks'>, park_no: string, rows: readonly ListRow[], received_at: string): Promise<{ decided: DecidedRow[], looked_up: LookedUp }> {
  const usccs = [...new Set(rows.flatMap(({ uscc }) => uscc ?? []))]
  const looked_up = await lookUp(work.db.read, park_no, usccs, beijingDate(received_at), await policiesOf(work.db), work.hooks)
  return { decided: await decideRowsInSlices(rows, looked_up.context), looked_up }
}

/** One step: takes the oldest list that is not done a bounded way further. @returns 0 when there is none */
export async function readLists (work: ListWork): Promise<number> {
  const list = await nextToRead(work.db.read)
  if (list === undefined) return 0
  return list.rows_total === null ? readOne(work, list) : takeInSome(work.db, list.list_no)
}

async function readOne (work: ListWork, list: EnterpriseList): Promise<number> {
  const { db } = work
  const reader = newNo('reading')
  if (!await db.write((sql, now) => takeUp(sql, now, list.list_no, reader))) return 1
  const bytes = await work.bodies.get(list.sha256)
  const reading = await readBytesOf(work, list, bytes)
  if (reading.refusal !== null) {
    await refuse(db, list, reader, reading.refusal, reading.sheets)
    return 1
  }
  const { decided } = await decide(work, list.park_no, reading.rows, list.created_at)
  const stored = decided.map((row, position) => numbered(list.list_no, row, position))
  for (let from = 0; from < stored.length; from += rows_per_unit) {
    const last = from + rows_per_unit >= stored.length
    const mine = await db.write(async (sql, now) => {
      if (!await isReader(sql, list.list_no, reader)) return false
      for (const slice of slicesOf(stored.slice(from, from + rows_per_unit))) {
        await insertRows(sql, now, slice)
        await setImmediate()
      }
      if (last) await allRowsStored(sql, now, list.list_no, stored.length, reading.sheets)
      return true
    })
    if (!mine) return 1
  }
  return 1
}

/** A decided row with the numbers it will have when it is taken in. */
function numbered (list_no: string, row: DecidedRow, position: number): StoredRow {
  const waiting = row.outcome === 'ACCEPTED' || row.outcome === 'ACCEPTED_WITH_REMARK'
  return { ...row, row_id: newNo('row'), list_no, position, waiting, need_no: newNo('need'), authorization_no: newNo('auth'), decision: null }
}

/** A file that is gone, or on which the reader itself fails, is refused: it must not hold up the lists behind it. */
async function readBytesOf (work: ListWork, list: EnterpriseList, bytes: Uint8Array | null): Promise<ListReading> {
  const damaged: ListReading = { refusal: refusalOf('DAMAGED'), rows: null, sheets: [] }
  if (bytes === null) return damaged
  try {
    return await readBytes(work, list.form, bytes, list.file_name, { row_count: list.declared_row_count, amount: list.declared_amount })
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

/** What is left of a row whose need turned out to be there already. */
export function duplicateOf (row: StoredRow, need_no: string): Pick<StoredRow, 'outcome' | 'findings'> {
  return { outcome: 'REJECTED', findings: [...row.findings, listFinding('DUPLICATE', { sheet: row.sheet, row: row.row, columns: {}, raw: {} }, null, [need_no, ''])] }
}

function slicesOf<T> (rows: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(rows.length / rows_per_slice) }, (_, index) => rows.slice(index * rows_per_slice, (index + 1) * rows_per_slice))
}

async function takeInSlice (sql: WriteSql, now: string, list: EnterpriseList, rows: readonly StoredRow[]): Promise<void> {
  const placed = await takeIn(sql, now, list, rows, actorOf(list))
  for (const [index, row] of rows.entries()) {
    const { kind, need_no } = placed[index] ?? { kind: 'NEW', need_no: row.need_no }
    if (kind === 'DUPLICATE') await changeRow(sql, now, row.row_id, duplicateOf(row, need_no))
    else if (need_no !== row.need_no) await changeRow(sql, now, row.row_id, { need_no })
  }
}

async function takeInSome (db: Db, list_no: string): Promise<number> {
  for (let units = 0; units < units_per_step; units++) {
    const done = await db.write(async (sql, now) => {
      const list = await findList(sql, list_no)
      if (list === undefined || list.status !== 'READING') return true
      const rows = await waitingRows(sql, list_no, rows_per_unit)
      if (rows.length === 0) {
        const { counts, amount_accepted_fen } = await countRows(sql, list_no)
        if (await markDecided(sql, now, list_no, counts, amount_accepted_fen)) {
          await append(sql, now, {
            type: 'enterprise_list.decided', subject: list_no, actor: actorOf(list), audience: [list.park_no],
            data: { counts, amount_accepted: yuanOf(amount_accepted_fen) }
          })
        }
        return true
      }
      for (const slice of slicesOf(rows)) {
        await takeInSlice(sql, now, list, slice)
        await setImmediate()
      }
      await takenIn(sql, now, list_no, rows)
      return false
    })
    if (done) break
  }
  return 1
}
