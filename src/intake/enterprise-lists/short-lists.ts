/** Short lists from beginning to end in one unit, some of them together: a unit costs a flush to disk. */
import { beijingDate } from '../../policy/calendar.ts'
import type { Db } from '../../db/db.ts'
import { policiesOf } from '../../registry/policies/service.ts'
import type { IntakeHooks } from '../hooks.ts'
import { surroundingsOf } from './context.ts'
import { decider } from './deciding.ts'
import { end, goIn, numbered, rows_per_slice } from './going-in.ts'
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
 * A short list, and those of the following that fit into the same unit: none is about an enterprise of another, so each is judged as if it
 * came alone.
 */
export async function withOthers (first: ShortList, others: readonly EnterpriseList[], open: (list: EnterpriseList) => Promise<OpenList>): Promise<ShortList[]> {
  const found = [first]
  const codes = new Set(codesOf(first))
  let room = rows_per_slice - first.rows.length
  for (const list of first.list.corrects === null ? others : []) {
    if (list.form !== 'JSON' || list.bytes > bytes_beside || list.corrects !== null || list.rows_total !== null) break
    const opened = await open(list)
    if (!isShort(opened) || opened.rows_total > room) break
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
    for (const [place, { list, sheets }] of lists.entries()) {
      const rows = decided[place] as StoredRow[]
      if (!await takeUpWhole(sql, now, list.list_no, rows.length, sheets)) continue
      await dropRows(sql, list.list_no, rows_per_slice)
      await insertRows(sql, now, rows)
      await goIn(sql, now, list, rows.filter(({ waiting }) => waiting), hooks)
      await end(sql, now, list, hooks)
    }
  })
}

/** The rows of each list as decided; what is known of a park's enterprises is looked up once for all of its lists. */
async function decidedOf (db: Db, hooks: IntakeHooks, lists: readonly ShortList[]): Promise<StoredRow[][]> {
  const policies = await policiesOf(db)
  const decided = new Map<ShortList, StoredRow[]>()
  for (const together of Map.groupBy(lists, ({ list }) => `${list.park_no} ${beijingDate(list.created_at)}`).values()) {
    const [{ list: first }] = together as [ShortList]
    const surroundings = await surroundingsOf(db.read, first.park_no, beijingDate(first.created_at), new Set(await correctedBy(db.read, first)), policies, hooks)
    await surroundings.lookUp(together.flatMap(({ rows }) => rows))
    for (const short of together) {
      const decide = decider(surroundings.context)
      decided.set(short, short.rows.map((row, position) => numbered(short.list.list_no, decide(row), position)))
    }
  }
  return lists.map(short => decided.get(short) ?? [])
}
