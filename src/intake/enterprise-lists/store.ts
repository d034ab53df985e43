/** Tables of lists and their rows. */
import { and, asc, count, eq, gt, gte, inArray, isNotNull, isNull, lte, ne, notInArray, sql as expression, sum } from 'drizzle-orm'
import { fen, flag, integer, isAmong, isSet, isWord, json, table, text } from '../../db/columns.ts'
import { bulkInsert } from '../../db/bulk.ts'
import { hot, RunAgain, type ReadSql, type WriteSql } from '../../db/db.ts'
import { opened, sealed } from '../../db/sealing.ts'
import type { Counts } from './deciding.ts'
import type { ListFinding } from './findings.ts'
import type { Refusal } from './refusals.ts'
import type { DecidedRow, Normalisation, Outcome, RowValues, SheetReading } from './rows.ts'
import type { ListStatus } from './kinds.ts'

export const enterprise_lists = table('enterprise_lists', {
  list_no: text().primaryKey(),
  park_no: text().notNull(),
  status: text().$type<ListStatus>().notNull(),
  form: text().$type<'FILE' | 'JSON'>().notNull(),
  sha256: text().notNull(),
  /** unique per park: the digest, until the list was refused for what was declared about it */
  content_key: text().notNull(),
  file_name: text().notNull(),
  bytes: integer().notNull(),
  /** the list that this one corrects */
  corrects: text(),
  declared_row_count: integer(),
  declared_amount: text(),
  sent_by: text(),
  /** whoever reads it now; a reader that finds another one stops */
  reader: text(),
  /** rows the file holds, the skipped included; null until it was gone through */
  rows_found: integer(),
  /** rows that are stored as decided */
  rows_read: integer().notNull(),
  /** rows that became needs */
  rows_taken_in: integer().notNull(),
  /** rows stored as decided; null until all are */
  rows_total: integer(),
  refusal: json<Refusal>(),
  sheets: json<SheetReading[]>().notNull(),
  counts: json<Counts>(),
  amount_accepted_fen: fen(),
  version: integer().notNull(),
  created_at: text().notNull(),
  decided_at: text(),
  updated_at: text().notNull()
})

/** What a person made of a held row. */
export interface RowDecision { decision: 'CONFIRM' | 'DROP', reason: string, decided_by: string, decided_at: string }

type RowContent = Omit<RowValues, 'uscc' | 'amount_fen' | 'contact_name' | 'contact_phone'>

export const list_rows = table('list_rows', {
  row_id: text().primaryKey(),
  list_no: text().notNull(),
  position: integer().notNull(),
  sheet: text(),
  row_number: integer().notNull(),
  outcome: text().$type<Outcome>().notNull(),
  waiting: flag().notNull(),
  uscc: text(),
  amount_fen: fen(),
  content: json<RowContent>().notNull(),
  contact_name: text(),
  contact_phone: text(),
  normalised_from: text().notNull(),
  findings: text().notNull(),
  need_no: text().notNull(),
  authorization_no: text().notNull(),
  about_need: text(),
  keeps: flag().notNull(),
  decision: json<RowDecision>(),
  updated_at: text().notNull()
})

export type EnterpriseList = typeof enterprise_lists.$inferSelect
/** A decided row as it is kept. `need_no` and `authorization_no` are planned until the row is taken in. */
export interface StoredRow extends DecidedRow {
  row_id: string
  list_no: string
  position: number
  waiting: boolean
  need_no: string
  authorization_no: string
  decision: RowDecision | null
}

const went_in: ReadonlySet<Outcome> = new Set(['ACCEPTED', 'ACCEPTED_WITH_REMARK'])

const insertLists = bulkInsert(enterprise_lists, insert => (insert.onConflictDoNothing() as typeof insert).returning({ list_no: enterprise_lists.list_no }))

/** What the sealed name of a file is bound to. */
export function fileNamePlace (list_no: string): string {
  return `enterprise_lists/file_name/${list_no}`
}

function openedList (sql: ReadSql, list: EnterpriseList): EnterpriseList {
  return { ...list, file_name: opened(sql, list.file_name, fileNamePlace(list.list_no)) }
}

/** The first of the rows, its file name as it reads. */
function firstOf (sql: ReadSql, [list]: EnterpriseList[]): EnterpriseList | undefined {
  return list === undefined ? undefined : openedList(sql, list)
}

/** Errors: RunAgain when the same bytes came at the same time. */
export async function insertList (sql: WriteSql, row: EnterpriseList): Promise<void> {
  const kept = await insertLists(sql, [{ ...row, file_name: sealed(sql, row.file_name, fileNamePlace(row.list_no)) }])
  if (kept.length === 0) throw new RunAgain('the same list was kept at the same time')
}

export async function findList (sql: ReadSql, list_no: string): Promise<EnterpriseList | undefined> {
  return firstOf(sql, await hot(sql, buildFind).execute({ list_no }))
}

const buildFind = (sql: ReadSql) => sql.select().from(enterprise_lists).where(eq(enterprise_lists.list_no, expression.placeholder('list_no'))).prepare()

const buildOfContent = (sql: ReadSql) => sql.select().from(enterprise_lists).where(eq(enterprise_lists.content_key, expression.placeholder('content_key'))).prepare()

/** The list that holds these bytes for a park. */
export async function listOfContent (sql: ReadSql, park_no: string, content_key: string): Promise<EnterpriseList | undefined> {
  const lists = await hot(sql, buildOfContent).execute({ content_key })
  return firstOf(sql, lists.filter(list => list.park_no === park_no))
}

export async function listLists (
  sql: ReadSql, filter: { park_no: string | null, status?: ListStatus | undefined, updated_since?: string | undefined }, after: string | null, limit: number
): Promise<EnterpriseList[]> {
  const rows = await sql.select().from(enterprise_lists).where(and(
    filter.park_no === null ? undefined : eq(enterprise_lists.park_no, filter.park_no),
    filter.status === undefined ? undefined : eq(enterprise_lists.status, filter.status),
    filter.updated_since === undefined ? undefined : gte(enterprise_lists.updated_at, filter.updated_since),
    after === null ? undefined : gt(enterprise_lists.list_no, after)
  )).orderBy(asc(enterprise_lists.list_no)).limit(limit)
  return rows.map(list => openedList(sql, list))
}

/** The list and the lists that it corrects, and they in turn. */
export async function correctedBy (sql: ReadSql, list: Pick<EnterpriseList, 'corrects'>): Promise<string[]> {
  const chain: string[] = []
  for (let list_no = list.corrects; list_no !== null;) {
    chain.push(list_no)
    list_no = (await findList(sql, list_no))?.corrects ?? null
  }
  return chain
}

/** A list that corrects this one and was not refused. */
export async function correctionOf (sql: ReadSql, list_no: string): Promise<EnterpriseList | undefined> {
  return firstOf(sql, await sql.select().from(enterprise_lists).where(and(eq(enterprise_lists.corrects, list_no), ne(enterprise_lists.status, 'REFUSED'))))
}

/** Needs that a correction leaves as they are, as a subquery. */
export function keptNeeds (sql: ReadSql, list_no: string) {
  return sql.select({ need_no: list_rows.about_need }).from(list_rows).where(and(eq(list_rows.list_no, list_no), isNotNull(list_rows.about_need), eq(list_rows.keeps, true)))
}

/** Of some needs those that a row of the list names without consent. */
export async function namedWithoutConsent (sql: ReadSql, list_no: string, need_nos: readonly string[]): Promise<Set<string>> {
  if (need_nos.length === 0) return new Set()
  const rows = await sql.select({ need_no: list_rows.about_need }).from(list_rows)
    .where(and(eq(list_rows.list_no, list_no), isAmong(list_rows.about_need, need_nos), eq(list_rows.keeps, false)))
  return new Set(rows.flatMap(({ need_no }) => need_no ?? []))
}

const buildUnread = (sql: ReadSql) => sql.select().from(enterprise_lists).where(isWord(enterprise_lists.status, 'RECEIVED', 'READING'))
  .orderBy(asc(enterprise_lists.list_no)).limit(expression.placeholder('limit')).prepare()

/** The oldest lists that are not done. */
export async function listsToRead (sql: ReadSql, limit: number): Promise<EnterpriseList[]> {
  return (await hot(sql, buildUnread).execute({ limit })).map(list => openedList(sql, list))
}

/** Takes a list up, also one whose reader died: the last one to do so reads it. @returns false when its rows are stored already */
export async function takeUp (sql: WriteSql, now: string, list_no: string, reader: string): Promise<boolean> {
  return (await hot(sql, buildTakeUp).execute({ now, list_no, reader })).length > 0
}

const given = (name: string) => expression`${expression.placeholder(name)}`
const is_given = eq(enterprise_lists.list_no, expression.placeholder('list_no'))
const is_unread = and(is_given, isWord(enterprise_lists.status, 'RECEIVED', 'READING'), isNull(enterprise_lists.rows_total))
const moved_on = { updated_at: given('now'), version: expression`${enterprise_lists.version} + 1` }

const buildTakeUp = (sql: WriteSql) => sql.update(enterprise_lists).set({ ...moved_on, status: 'READING', reader: given('reader'), rows_read: 0 })
  .where(is_unread).returning({ list_no: enterprise_lists.list_no }).prepare()

/** Takes a list up together with all that was found in it. @returns false when its rows are stored already */
export async function takeUpWhole (sql: WriteSql, now: string, list_no: string, rows_total: number, sheets: SheetReading[]): Promise<boolean> {
  return (await hot(sql, buildTakeUpWhole).execute({ now, list_no, rows_total, sheets: JSON.stringify(sheets) })).length > 0
}

const buildTakeUpWhole = (sql: WriteSql) => sql.update(enterprise_lists)
  .set({ ...moved_on, status: 'READING', reader: null, rows_found: given('rows_total'), rows_read: given('rows_total'), rows_total: given('rows_total'), sheets: given('sheets') })
  .where(is_unread).returning({ list_no: enterprise_lists.list_no }).prepare()

/** Drops rows that a reader left behind. @returns how many */
export async function dropRows (sql: WriteSql, list_no: string, limit: number): Promise<number> {
  return (await hot(sql, buildDrop).execute({ list_no, limit })).length
}

function buildDrop (sql: WriteSql) {
  const some = sql.select({ row_id: list_rows.row_id }).from(list_rows).where(eq(list_rows.list_no, expression.placeholder('list_no')))
    .limit(expression.placeholder('limit'))
  return sql.delete(list_rows).where(inArray(list_rows.row_id, some)).returning({ row_id: list_rows.row_id }).prepare()
}

/** Notes how far a list was read. @returns whether this reader still has it */
export async function advanceReading (sql: WriteSql, now: string, list_no: string, reader: string, rows_found: number, rows_read: number): Promise<boolean> {
  return (await hot(sql, buildAdvance).execute({ now, list_no, reader, rows_found, rows_read })).length > 0
}

const buildAdvance = (sql: WriteSql) => sql.update(enterprise_lists).set({ ...moved_on, rows_found: given('rows_found'), rows_read: given('rows_read') })
  .where(and(is_given, eq(enterprise_lists.reader, expression.placeholder('reader')), eq(enterprise_lists.status, 'READING')))
  .returning({ list_no: enterprise_lists.list_no }).prepare()

const insertMany = bulkInsert(list_rows)

/** What a sealed column of a row is bound to. */
export function rowPlace (column: 'contact_name' | 'contact_phone' | 'normalised_from' | 'findings', row_id: string): string {
  return `list_rows/${column}/${row_id}`
}

/** Findings and changes repeat what stood in the cells, a telephone number as well; nothing to say stays readable. */
function keptNotes (sql: ReadSql, column: 'normalised_from' | 'findings', row_id: string, notes: readonly unknown[]): string {
  return notes.length === 0 ? '[]' : sealed(sql, JSON.stringify(notes), rowPlace(column, row_id))
}

function notesOf<T> (sql: ReadSql, column: 'normalised_from' | 'findings', row_id: string, kept: string): T[] {
  return kept === '[]' ? [] : JSON.parse(opened(sql, kept, rowPlace(column, row_id))) as T[]
}

function keptRow (sql: ReadSql, row: StoredRow, now: string): typeof list_rows.$inferInsert {
  const { row_id, list_no, position, sheet, row: row_number, outcome, waiting, uscc, amount_fen, contact_name, contact_phone, normalised_from, findings,
    need_no, authorization_no, about_need, keeps, decision, ...content } = row
  return {
    row_id, list_no, position, sheet, row_number, outcome, waiting, uscc, amount_fen, content,
    contact_name: sealed(sql, contact_name, rowPlace('contact_name', row_id)), contact_phone: sealed(sql, contact_phone, rowPlace('contact_phone', row_id)),
    normalised_from: keptNotes(sql, 'normalised_from', row_id, normalised_from), findings: keptNotes(sql, 'findings', row_id, findings),
    need_no, authorization_no, about_need, keeps, decision, updated_at: now
  }
}

export async function insertRows (sql: WriteSql, now: string, rows: readonly StoredRow[]): Promise<void> {
  await insertMany(sql, rows.map(row => keptRow(sql, row, now)))
}

export async function allRowsStored (sql: WriteSql, now: string, list_no: string, rows_total: number, sheets: SheetReading[]): Promise<void> {
  await hot(sql, buildAllStored).execute({ now, list_no, rows_total, sheets: JSON.stringify(sheets) })
}

const buildAllStored = (sql: WriteSql) => sql.update(enterprise_lists)
  .set({ rows_total: given('rows_total'), sheets: given('sheets'), updated_at: given('now') }).where(is_given).prepare()

function storedRow (sql: ReadSql, kept: typeof list_rows.$inferSelect): StoredRow {
  const { content, row_number, contact_name, contact_phone, normalised_from, findings, updated_at: _updated, ...rest } = kept
  const { row_id } = kept
  return {
    ...content, ...rest, row: row_number,
    contact_name: opened(sql, contact_name, rowPlace('contact_name', row_id)), contact_phone: opened(sql, contact_phone, rowPlace('contact_phone', row_id)),
    normalised_from: notesOf<Normalisation>(sql, 'normalised_from', row_id, normalised_from), findings: notesOf<ListFinding>(sql, 'findings', row_id, findings)
  }
}

/** Rows decided to go in that are not taken in yet, in order; without what was changed in reading them, which intake does not need. */
export async function waitingRows (sql: ReadSql, list_no: string, limit: number): Promise<StoredRow[]> {
  const rows = await hot(sql, buildWaiting).execute({ list_no, limit })
  return rows.map(row => storedRow(sql, { ...row, normalised_from: '[]' }))
}

const buildWaiting = (sql: ReadSql) => sql.select().from(list_rows)
  .where(and(eq(list_rows.list_no, expression.placeholder('list_no')), isSet(list_rows.waiting)))
  .orderBy(asc(list_rows.position)).limit(expression.placeholder('limit')).prepare()

/** Marks rows up to a place as taken in, and how far the list is. @returns how many were still waiting */
export async function takenIn (sql: WriteSql, now: string, list_no: string, rows: readonly StoredRow[]): Promise<number> {
  const first = rows[0]
  const last = rows.at(-1)
  if (first === undefined || last === undefined) return 0
  const done = await hot(sql, buildTaken).execute({ now, list_no, first: first.position, last: last.position })
  await hot(sql, buildCountTaken).execute({ now, list_no, taken: done.length })
  return done.length
}

const buildTaken = (sql: WriteSql) => sql.update(list_rows).set({ waiting: false, updated_at: given('now') }).where(and(
  eq(list_rows.list_no, expression.placeholder('list_no')), isSet(list_rows.waiting), gte(list_rows.position, expression.placeholder('first')),
  lte(list_rows.position, expression.placeholder('last')))).returning({ row_id: list_rows.row_id }).prepare()
const buildCountTaken = (sql: WriteSql) => sql.update(enterprise_lists)
  .set({ ...moved_on, rows_taken_in: expression`${enterprise_lists.rows_taken_in} + ${expression.placeholder('taken')}` }).where(is_given).prepare()

/** Keeps what became of one row: another outcome, findings, the number of the need it was merged into, a decision. */
export async function changeRow (
  sql: WriteSql, now: string, row_id: string, change: Partial<Pick<StoredRow, 'outcome' | 'findings' | 'need_no' | 'authorization_no' | 'decision' | 'waiting' | 'keeps'>>
): Promise<void> {
  const { findings, ...rest } = change
  await sql.update(list_rows).set({
    ...rest, ...(findings === undefined ? {} : { findings: keptNotes(sql, 'findings', row_id, findings) }), updated_at: now
  }).where(eq(list_rows.row_id, row_id))
}

/** Held rows of an enterprise that nobody has decided, in lists that are decided and that no other corrects; the oldest first. */
export async function heldRowsOf (sql: ReadSql, uscc: string, limit: number): Promise<{ list: EnterpriseList, row: StoredRow }[]> {
  const corrected = sql.select({ list_no: enterprise_lists.corrects }).from(enterprise_lists)
    .where(and(isNotNull(enterprise_lists.corrects), ne(enterprise_lists.status, 'REFUSED')))
  const rows = await sql.select({ list: enterprise_lists, row: list_rows }).from(list_rows)
    .innerJoin(enterprise_lists, eq(enterprise_lists.list_no, list_rows.list_no))
    .where(and(eq(list_rows.uscc, uscc), isWord(list_rows.outcome, 'HELD'), isNull(list_rows.decision), eq(enterprise_lists.status, 'DECIDED'),
      notInArray(list_rows.list_no, corrected)))
    .orderBy(asc(list_rows.row_id)).limit(limit)
  return rows.map(({ list, row }) => ({ list: openedList(sql, list), row: storedRow(sql, row) }))
}

export async function findRow (sql: ReadSql, list_no: string, row_id: string): Promise<StoredRow | undefined> {
  const [row] = await sql.select().from(list_rows).where(and(eq(list_rows.list_no, list_no), eq(list_rows.row_id, row_id)))
  return row === undefined ? undefined : storedRow(sql, row)
}

/** Rows by number, for findings that name an earlier row. */
export async function placesOf (sql: ReadSql, row_ids: readonly string[]): Promise<Map<string, { sheet: string | null, row: number }>> {
  if (row_ids.length === 0) return new Map()
  const rows = await sql.select({ row_id: list_rows.row_id, sheet: list_rows.sheet, row: list_rows.row_number }).from(list_rows).where(isAmong(list_rows.row_id, row_ids))
  return new Map(rows.map(({ row_id, sheet, row }) => [row_id, { sheet, row }]))
}

/** A page of rows in the order of the list. */
export async function listRows (sql: ReadSql, list_no: string, outcome: Outcome | undefined, after: number, limit: number): Promise<StoredRow[]> {
  const rows = await sql.select().from(list_rows).where(and(
    eq(list_rows.list_no, list_no), outcome === undefined ? undefined : eq(list_rows.outcome, outcome), gt(list_rows.position, after)
  )).orderBy(asc(list_rows.position)).limit(limit)
  return rows.map(row => storedRow(sql, row))
}

/** How many rows came to which outcome, and the sum of what went in. */
export async function countRows (sql: ReadSql, list_no: string): Promise<{ counts: Counts, amount_accepted_fen: number }> {
  const rows = await hot(sql, buildCount).execute({ list_no })
  const counts: Counts = { ACCEPTED: 0, ACCEPTED_WITH_REMARK: 0, HELD: 0, REJECTED: 0, SKIPPED: 0 }
  let amount_accepted_fen = 0
  for (const { outcome, rows: many, sum_fen } of rows) {
    counts[outcome] = many
    if (went_in.has(outcome)) amount_accepted_fen += sum_fen ?? 0
  }
  return { counts, amount_accepted_fen }
}

const buildCount = (sql: ReadSql) => sql.select({ outcome: list_rows.outcome, rows: count().mapWith(Number), sum_fen: sum(list_rows.amount_fen).mapWith(Number) })
  .from(list_rows).where(eq(list_rows.list_no, expression.placeholder('list_no'))).groupBy(list_rows.outcome).prepare()

/** @returns false when it was not being read */
export async function markDecided (sql: WriteSql, now: string, list_no: string, counts: Counts, amount_accepted_fen: number): Promise<boolean> {
  return (await hot(sql, buildDecided).execute({ now, list_no, counts: JSON.stringify(counts), amount_accepted_fen })).length > 0
}

const buildDecided = (sql: WriteSql) => sql.update(enterprise_lists)
  .set({ ...moved_on, status: 'DECIDED', reader: null, counts: given('counts'), amount_accepted_fen: given('amount_accepted_fen'), decided_at: given('now') })
  .where(and(is_given, eq(enterprise_lists.status, 'READING'))).returning({ list_no: enterprise_lists.list_no }).prepare()

/** After a row decision. */
export async function recounted (sql: WriteSql, now: string, list_no: string, counts: Counts, amount_accepted_fen: number): Promise<void> {
  await sql.update(enterprise_lists).set({ counts, amount_accepted_fen, updated_at: now, version: expression`${enterprise_lists.version} + 1` })
    .where(eq(enterprise_lists.list_no, list_no))
}

/** @param content_key what the bytes are known by from now on */
export async function markRefused (sql: WriteSql, now: string, list_no: string, reader: string, refusal: Refusal, sheets: SheetReading[], content_key: string): Promise<boolean> {
  const done = await sql.update(enterprise_lists)
    .set({ status: 'REFUSED', reader: null, refusal, sheets, content_key, decided_at: now, updated_at: now, version: expression`${enterprise_lists.version} + 1` })
    .where(and(eq(enterprise_lists.list_no, list_no), eq(enterprise_lists.reader, reader), eq(enterprise_lists.status, 'READING')))
    .returning({ list_no: enterprise_lists.list_no })
  return done.length > 0
}
