/** How decided rows of a list go in: enterprises, authorizations, projects, needs, in units that may be cut off anywhere. */
import { setImmediate } from 'node:timers/promises'
import { newNo } from '../../clock.ts'
import { together, type Db, type WriteSql } from '../../db/db.ts'
import { append, type Actor, type NewEvent } from '../../journal/events.ts'
import { yuanOf } from '../../policy/money.ts'
import type { IntakeHooks } from '../hooks.ts'
import { endUnnamed, replaceEarlier } from './correcting.ts'
import type { Summary } from './deciding.ts'
import type { DecidedRow } from './rows.ts'
import { changeRow, countRows, findList, markDecided, takenIn, waitingRows, type EnterpriseList, type StoredRow } from './store.ts'
import { duplicateOf, rowsWithoutDocument, takeIn, waitingForDocument } from './taking-in.ts'

/** Rows a unit stores or takes in: each unit costs one flush to disk. */
export const rows_per_unit = 384
/** Rows between which other work may run: the event loop is never held up. */
export const rows_per_slice = 32
/** Units of one step; then the lease is renewed, and others hear how far the list is. */
export const units_per_step = 4

/** Who sent a list. */
export function actorOf (list: EnterpriseList): Actor {
  return { participant_no: list.park_no, user_no: list.sent_by }
}

export function slicesOf<T> (rows: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(rows.length / rows_per_slice) }, (_, index) => rows.slice(index * rows_per_slice, (index + 1) * rows_per_slice))
}

/** A decided row with the numbers it will have when it is taken in. */
export function numbered (list_no: string, row: DecidedRow, position: number): StoredRow {
  const waiting = row.outcome === 'ACCEPTED' || row.outcome === 'ACCEPTED_WITH_REMARK'
  return { ...row, row_id: newNo('row'), list_no, position, waiting, need_no: newNo('need'), authorization_no: newNo('auth'), decision: null }
}

/** Says how far a list is; a short one is done before anybody could ask. */
export async function tellProgress (sql: WriteSql, now: string, list: EnterpriseList, progress: { rows_found: number, rows_read: number, rows_taken_in: number }): Promise<void> {
  if (progress.rows_found <= rows_per_unit * units_per_step) return
  await append(sql, now, { type: 'enterprise_list.progress', subject: list.list_no, actor: actorOf(list), audience: [list.park_no], data: progress })
}

/** Takes some rows of a stored list in, and ends it when none are left. */
export async function takeInSome (db: Db, hooks: IntakeHooks, list_no: string): Promise<void> {
  for (let units = 1; units <= units_per_step; units++) {
    const done = await db.write(async (sql, now) => {
      const list = await findList(sql, list_no)
      if (list === undefined || list.status !== 'READING') return true
      const rows = await waitingRows(sql, list_no, rows_per_unit)
      if (rows.length === 0) return end(sql, now, [list], hooks)
      await setImmediate()
      const rows_taken_in = list.rows_taken_in + await goIn(sql, now, [list], rows, hooks)
      if (units === units_per_step) await tellProgress(sql, now, list, { rows_found: list.rows_found ?? 0, rows_read: list.rows_read, rows_taken_in })
      return false
    })
    if (done) break
  }
}

/** Lists that go in together: of one park and one sender, received on one day. */
export type Lists = readonly [EnterpriseList, ...EnterpriseList[]]

/** Takes waiting rows of some lists in, but for those that lack a document. @returns how many are done with */
export async function goIn (sql: WriteSql, now: string, lists: Lists, rows: readonly StoredRow[], hooks: IntakeHooks): Promise<number> {
  const waiting = await rowsWithoutDocument(sql, now, lists[0], rows)
  for (const { row_id, outcome, findings } of waiting.map(waitingForDocument)) await changeRow(sql, now, row_id, { outcome, findings, keeps: true })
  for (const [nth, slice] of slicesOf(rows.filter(row => !waiting.includes(row))).entries()) {
    if (nth > 0) await setImmediate()
    await takeInSlice(sql, now, lists, slice, hooks)
  }
  const done = await together(...lists.map(async ({ list_no }) => takenIn(sql, now, list_no, rows.filter(row => row.list_no === list_no))))
  return done.reduce((sum, each) => sum + each, 0)
}

async function takeInSlice (sql: WriteSql, now: string, lists: Lists, rows: readonly StoredRow[], hooks: IntakeHooks): Promise<void> {
  const actor = actorOf(lists[0])
  for (const list of lists) await replaceEarlier(sql, now, list, rows, actor, hooks)
  const placed = await takeIn(sql, now, lists, rows, actor, hooks)
  for (const [index, row] of rows.entries()) {
    const { kind, need_no } = placed[index] ?? { kind: 'NEW', need_no: row.need_no }
    if (kind === 'DUPLICATE') await changeRow(sql, now, row.row_id, duplicateOf(row, need_no))
    else if (need_no !== row.need_no) await changeRow(sql, now, row.row_id, { need_no })
  }
}

/** Ends lists whose rows are in. @returns whether nothing is left to do */
export async function end (sql: WriteSql, now: string, lists: readonly EnterpriseList[], hooks: IntakeHooks): Promise<boolean> {
  const over: EnterpriseList[] = []
  for (const list of lists) if (await endUnnamed(sql, now, list, actorOf(list), hooks) === 0) over.push(list)
  const counted = await together(...over.map(async ({ list_no }) => countRows(sql, list_no)))
  const decided = await together(...over.map(async ({ list_no }, place) => {
    const { counts, amount_accepted_fen } = counted[place] as Summary
    return markDecided(sql, now, list_no, counts, amount_accepted_fen)
  }))
  await append(sql, now, ...over.flatMap((list, place): NewEvent[] => {
    const { counts, amount_accepted_fen } = counted[place] as Summary
    return decided[place] !== true ? [] : [{
      type: 'enterprise_list.decided', subject: list.list_no, actor: actorOf(list), audience: [list.park_no],
      data: { counts, amount_accepted: yuanOf(amount_accepted_fen) }
    }]
  }))
  return over.length === lists.length
}
