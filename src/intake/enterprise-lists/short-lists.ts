/** Short lists from beginning to end in one unit, some of them together: a unit costs a flush to disk. */
import { beijingDate } from '../../policy/calendar.ts'
import { together, type Db } from '../../db/db.ts'
import { policiesOf } from '../../registry/policies/service.ts'
import type { IntakeHooks } from '../hooks.ts'
import { surroundingsOf } from './context.ts'
import { decider } from './deciding.ts'
import { end, goIn, numbered, rows_per_slice, type Lists } from './going-in.ts'
import type { OpenList } from './read-in-worker.ts'
import type { ListRow, SheetReading } from './rows.ts'
import { correctedBy, dropRows, insertRows, takeUpWhole, type EnterpriseList, type StoredRow } from './store.ts'

/** Beside another one only a list is opened that is quickly read. */
const bytes_beside = 65_536

type WithRows = Extract<OpenList, { refusal: null }>

export function isShort (opened: OpenList): opened is WithRows {
  return opened.refusal === null && opened.rows_total <= rows_per_slice
}

/** A short list with all of its rows. */
export interface ShortList { list: EnterpriseList, rows: ListRow[], sheets: SheetReading[] }

export async function shortList (list: EnterpriseList, { rows, sheets }: WithRows): Promise<ShortList> {
  const all: ListRow[] = []
  for await (const some of rows) all.push(...some)
  return { list, rows: all, sheets }
}

const codesOf = ({ rows }: ShortList): string[] => rows.flatMap(({ uscc }) => uscc ?? [])

/**
 * A short list, and those of the same park that came after it and fit into the same unit: none is about an enterprise of another, so each is
 * judged as if it came alone.
 */
export async function withOthers (first: ShortList, others: readonly EnterpriseList[], open: (list: EnterpriseList) => Promise<OpenList>): Promise<ShortList[]> {
  const found = [first]
  const { park_no, sent_by, created_at } = first.list
  const isAlike = (list: EnterpriseList): boolean => list.form === 'JSON' && list.bytes <= bytes_beside && list.corrects === null && list.rows_total === null &&
    list.park_no === park_no && list.sent_by === sent_by && beijingDate(list.created_at) === beijingDate(created_at)
  const codes = new Set(codesOf(first))
  let room = rows_per_slice - first.rows.length
  for (const list of first.list.corrects === null ? others : []) {
    if (!isAlike(list)) break
    const opened = await open(list).catch(() => null)
    if (opened === null || !isShort(opened) || opened.rows_total > room) break
    const short = await shortList(list, opened)
    if (codesOf(short).some(code => codes.has(code))) break
    for (const code of codesOf(short)) codes.add(code)
    room -= short.rows.length
    found.push(short)
  }
  return found
}

/** Judges and takes in short lists in one unit. Should it fail, the first is tried alone: it does not wait for what is wrong with another. */
export async function takeInAtOnce (db: Db, hooks: IntakeHooks, lists: readonly ShortList[]): Promise<void> {
  try {
    await inOneUnit(db, hooks, lists)
  } catch (error) {
    if (lists.length === 1) throw error
    await inOneUnit(db, hooks, lists.slice(0, 1))
  }
}

async function inOneUnit (db: Db, hooks: IntakeHooks, lists: readonly ShortList[]): Promise<void> {
  const decided = await decidedOf(db, hooks, lists)
  await db.write(async (sql, now) => {
    const is_ours = await together(...lists.map(async ({ list: { list_no }, rows, sheets }) => takeUpWhole(sql, now, list_no, rows.length, sheets)))
    const [first, ...others] = lists.flatMap(({ list }, place) => is_ours[place] === true ? list : [])
    if (first === undefined) return
    const ours: Lists = [first, ...others]
    const rows = decided.flatMap((rows_of_list, place) => is_ours[place] === true ? rows_of_list : [])
    await together(...ours.map(async ({ list_no }) => dropRows(sql, list_no, rows_per_slice)))
    await insertRows(sql, now, rows)
    await goIn(sql, now, ours, rows.filter(({ waiting }) => waiting), hooks)
    await end(sql, now, ours, hooks)
  })
}

/** The rows of each list as decided; what is known of their enterprises is looked up at once. */
async function decidedOf (db: Db, hooks: IntakeHooks, lists: readonly ShortList[]): Promise<StoredRow[][]> {
  const [{ list: { park_no, created_at, corrects } }] = lists as [ShortList]
  const corrected = new Set(await correctedBy(db.read, { corrects }))
  const surroundings = await surroundingsOf(db.read, park_no, beijingDate(created_at), corrected, await policiesOf(db), hooks)
  await surroundings.lookUp(lists.flatMap(({ rows }) => rows))
  return lists.map(({ list, rows }) => {
    const decide = decider(surroundings.context)
    return rows.map((row, position) => numbered(list.list_no, decide(row), position))
  })
}
