import { fenOf, isMoney, yuanOf } from '../../policy/money.ts'
import { csvEncoding, DELIMITERS, sheetOfCsv, type Encoding } from './csv.ts'
import { findHead, repeatsHead, sheetUnits, type Head } from './heads.ts'
import { listFinding, rowName, type FindingCode } from './findings.ts'
import { ListRefused, refusalOf, type Refusal } from './refusals.ts'
import { Recurring } from './recurring.ts'
import { columnLetter, NO_VALUES, type Column, type Columns, type Field, type ListRow, type SheetReading } from './rows.ts'
import { normalisedRow, type UnitGaps, type Units } from './normalising.ts'
import { kindOf } from './sniff.ts'
import { compact, moneyPower, tidied } from './values.ts'
import { readWorkbook } from './workbook.ts'
import type { Cell, Row, Sheet } from './cells.ts'

export interface ListLimits {
  /** bytes of all parts that are read, unpacked */
  unpacked_bytes_max: number
  /** filled cells */
  cells_max: number
  /** rows of a workbook that count, without the skipped */
  rows_max: number
  /** rows of a workbook from the first to the last, with the skipped */
  lines_max: number
  /** the same of a CSV, which is read piece by piece */
  csv_rows_max: number
  csv_lines_max: number
}

export const LIST_LIMITS: Readonly<ListLimits> = {
  unpacked_bytes_max: 100 * 1024 * 1024, cells_max: 1_000_000, rows_max: 5_000, lines_max: 20_000, csv_rows_max: 100_000, csv_lines_max: 120_000
}

/** What the sender says the list holds. */
export interface Declared { row_count: number | null, amount: string | null }

export type ListReading =
  | { refusal: Refusal, rows: null, sheets: SheetReading[] }
  | { refusal: null, rows: ListRow[], sheets: SheetReading[] }

/** A list that was gone through once: nothing in it refuses the file as a whole. */
export type ListScan =
  | { refusal: Refusal, rows: null, rows_total: null, sheets: SheetReading[] }
  | { refusal: null, rows: Iterable<ListRow>, rows_total: number, sheets: SheetReading[] }

/**
 * CSV bytes as a sheet; of the three delimiters the one under which a head is found, the most fields first. Text that is
 * named like a workbook and has no heads is no damaged CSV but something else.
 */
export function csvSheet (bytes: Uint8Array, file_name: string): Sheet {
  const named_workbook = /\.(?:xlsx|xlsm|xlsb|xls|et)$/iu.test(file_name)
  let encoding: Encoding
  try {
    encoding = csvEncoding(bytes)
  } catch (error) {
    throw named_workbook && error instanceof ListRefused ? new ListRefused('NOT_A_SPREADSHEET') : error
  }
  let best: { sheet: Sheet, score: number } | null = null
  let unclosed: ListRefused | null = null
  for (const delimiter of DELIMITERS) {
    try {
      const sheet = sheetOfCsv(bytes, encoding, delimiter)
      const head = findHead(sheet)
      const score = head === null ? 0 : Object.keys(head.columns).length
      if (best === null || score > best.score) best = { sheet, score }
    } catch (error) {
      if (!(error instanceof ListRefused)) throw error
      unclosed = error
    }
  }
  if (best !== null && best.score > 0) return best.sheet
  if (named_workbook) throw new ListRefused('NOT_A_SPREADSHEET')
  if (best === null || unclosed !== null) throw unclosed ?? new ListRefused('DAMAGED')
  return best.sheet
}

const REQUIRED_HEADS: readonly (readonly [field: Field, head: string])[] = [
  ['name', '企业名称'], ['uscc', '统一社会信用代码'], ['amount', '融资金额（万元）'], ['term', '期限（月）'], ['purpose', '用途'], ['consent', '是否授权']
]
const NEED_FIELDS: readonly Field[] = ['amount', 'term', 'purpose', 'consent']

function isCode (text: string): boolean {
  return /^(?=.*\d{8})[0-9A-HJ-NP-RT-UW-Y]{18}$/u.test(compact(text).toUpperCase())
}

/** A sheet without heads that nevertheless lists enterprises: leaving it out silently would lose them. */
function looksLikeData (sheet: Sheet): boolean {
  for (const row of sheet.rows) {
    if (row.cells.size >= 4 && [...row.cells.values()].some((cell) => cell.kind === 'TEXT' && isCode(cell.text))) return true
  }
  return false
}

const TOTAL = /^(?:本页|本表|总)?(?:合计|小计|总计|共计|累计|汇总)(?:[:：(（\d]|金额|$)/u
const NOTE_WORDS = [
  '注', '备注', '附注', '注意', '提示', '说明', '填表说明', '填报说明', '联系人', '填表人', '填报人', '制表', '制表人', '审核', '审核人', '经办人', '负责人', '单位负责人',
  '填报单位', '填报日期', '制表日期', '盖章', '签字', '以上', '以下', '本表'
]
const NOTE = new RegExp(`^(?:[*※]|\\(?(?:${NOTE_WORDS.join('|')}))[\\d一二三]*(?:[:)、.]|$|为|情况|数据)`, 'u')
const EXAMPLE = /^(?:示例|样例|例|例如|示例行|填写示例|example)[\d:：]*$/iu
const NOTE_LENGTH_MIN = 25
const DATA_FIELDS: readonly Field[] = ['name', 'uscc', 'amount', 'term', 'purpose', 'project_code', 'project_name']

/** Why a row between the heads and the last row is none of an enterprise; null when it is one. */
function skipReason (row: Row | undefined, columns: Columns): FindingCode | null {
  if (row === undefined || row.cells.size === 0) return 'BLANK_ROW'
  const texts = [...row.cells.values()].map((cell) => compact(cell.text))
  const opening = texts[0] ?? ''
  if (EXAMPLE.test(opening)) return 'EXAMPLE_ROW'
  const has = (field: Field): boolean => columns[field] !== undefined && row.cells.has(columns[field].index)
  const code = columns.uscc === undefined ? undefined : row.cells.get(columns.uscc.index)
  if (code !== undefined && isCode(code.text)) return null
  const name = columns.name === undefined ? undefined : row.cells.get(columns.name.index)
  if (TOTAL.test(opening) || (name !== undefined && TOTAL.test(compact(name.text)))) return 'TOTAL_ROW'
  if (repeatsHead(row, columns)) return 'REPEATED_HEAD'
  if (!has('amount') && !has('term') && NOTE.test(opening)) return 'NOTE_ROW'
  if (row.cells.size === 1) {
    const only = [...row.cells.keys()][0]
    if (opening.length >= NOTE_LENGTH_MIN || !DATA_FIELDS.some((field) => columns[field]?.index === only)) {
      return only === columns.seq?.index && opening.length < 6 ? 'BLANK_ROW' : 'NOTE_ROW'
    }
  }
  return DATA_FIELDS.some(has) ? null : 'NOTE_ROW'
}

/** The cells that merged areas of the data cover, by row: an enterprise written once for several of its projects. Amounts are never repeated. */
function filledDown (sheet: Sheet, head: Head): Map<number, Map<number, Cell>> {
  const filled = new Map<number, Map<number, Cell>>()
  if (sheet.merges.length === 0) return filled
  const rows = new Map([...sheet.rows].map((row) => [row.number, row]))
  const last_row = [...rows.keys()].at(-1) ?? 0
  const fields = new Map(Object.entries(head.columns).map(([field, column]) => [column.index, field]))
  for (const area of sheet.merges) {
    if (area.first_row <= head.last_row || area.first_row === area.last_row || area.first_column !== area.last_column) continue
    const field = fields.get(area.first_column)
    const cell = rows.get(area.first_row)?.cells.get(area.first_column)
    if (cell === undefined || field === undefined || field === 'amount' || field === 'seq' || field === 'revenue') continue
    for (let number = area.first_row + 1; number <= Math.min(area.last_row, last_row); number++) {
      const row = filled.get(number) ?? new Map<number, Cell>()
      filled.set(number, row.set(area.first_column, cell))
    }
  }
  return filled
}

function single<T> (units: ReadonlySet<T>): T | null {
  return units.size === 1 ? [...units][0] ?? null : null
}

/** Units of a data sheet: of the head, else of the lines above the heads and the notes. */
function unitsOf (sheet: Sheet, head: Head): Units {
  const lines: string[] = []
  for (const row of sheet.rows) {
    const is_outside = row.number < head.first_row || (row.number > head.last_row && skipReason(row, head.columns) === 'NOTE_ROW')
    if (is_outside) for (const cell of row.cells.values()) lines.push(tidied(cell.text))
  }
  const { money, term } = sheetUnits(lines)
  const known = (unit: string | null | undefined): string | null => unit !== null && unit !== undefined && moneyPower(unit) !== null ? unit : null
  const own = head.columns.amount?.unit ?? null
  const revenue = head.columns.revenue?.unit ?? null
  const term_head = head.columns.term?.unit
  return {
    money: own === null ? known(single(money)) : known(own),
    revenue: revenue === null ? known(single(money)) : known(revenue),
    term: term_head === '月' || term_head === '年' ? term_head : single(term)
  }
}

function skippedRow (sheet: Sheet, number: number, row: Row | undefined, code: FindingCode, columns: Columns): ListRow {
  const opening = [...row?.cells ?? []][0]
  const place = { sheet: sheet.name, row: number, columns, raw: opening === undefined ? {} : { seq: opening[1].text } }
  const named: Columns = opening === undefined ? {} : { seq: columnAt(sheet, opening[0]) }
  return {
    ...NO_VALUES, qualifications: [], ...place, skipped: true, normalised_from: [],
    findings: [listFinding(code, { ...place, columns: named }, opening === undefined ? null : 'seq')]
  }
}

function columnAt (sheet: Sheet, index: number): Column {
  return { index, column: sheet.name === null ? String(index + 1) : columnLetter(index), head: null, unit: null }
}

/** A data sheet as it was understood. */
interface DataSheet { sheet: Sheet, head: Head, units: Units }

/**
 * The rows of a data sheet, from the first to the last, made as they are asked for. Blanks between the heads and the first
 * data row are no rows of a workbook; a CSV's records all count.
 */
function* rowsOf ({ sheet, head, units }: DataSheet, gaps: UnitGaps): Generator<ListRow> {
  const filled = filledDown(sheet, head)
  let number = sheet.name === null ? head.last_row + 1 : null
  for (const row of sheet.rows) {
    if (row.number <= head.last_row || (number === null && row.cells.size === 0)) continue
    number ??= row.number
    for (; number < row.number; number++) yield oneRow(sheet, head, units, gaps, number, undefined, filled.get(number))
    yield oneRow(sheet, head, units, gaps, number++, row, filled.get(row.number))
  }
}

function oneRow (sheet: Sheet, head: Head, units: Units, gaps: UnitGaps, number: number, row: Row | undefined, more: ReadonlyMap<number, Cell> | undefined): ListRow {
  const columns = head.columns
  const whole = row === undefined || more === undefined ? row : { ...row, cells: new Map([...more, ...row.cells]) }
  const reason = skipReason(whole, columns)
  if (reason !== null) return skippedRow(sheet, number, row, reason, columns)
  const entries = Object.entries(columns) as [Field, Column][]
  const cells: Partial<Record<Field, Cell>> = {}
  for (const [field, column] of entries) {
    const cell = whole?.cells.get(column.index)
    if (cell !== undefined) cells[field] = cell
  }
  const done = normalisedRow({ sheet: sheet.name, row: number, hidden: row?.hidden === true, cells, columns, units, epoch_1904: sheet.epoch_1904 }, gaps)
  if (more === undefined) return done
  for (const [field, column] of entries) {
    const cell = more.get(column.index)
    if (cell !== undefined && row?.cells.has(column.index) === false) {
      done.normalised_from = done.normalised_from.filter((one) => one.column !== column.column)
      done.normalised_from.push({ column: column.column, before: '', after: shownAfter(done, field, cell) })
    }
  }
  return done
}

const TEXT_FIELDS = ['name', 'uscc', 'purpose', 'project_code', 'project_name', 'demand_date'] as const

function shownAfter (row: ListRow, field: Field, cell: Cell): string {
  if (field === 'term') return row.term_months === null ? cell.text : String(row.term_months)
  const named = TEXT_FIELDS.find((one) => one === field)
  return (named === undefined ? null : row[named]) ?? cell.text
}

function tooMany (sheet: Sheet, row: number): ListRefused {
  const { en, zh } = rowName({ sheet: sheet.name, row })
  return new ListRefused('TOO_LARGE_UNPACKED', { en: `What stands in ${en} is beyond the number of rows that one list may have.`, zh: `${zh}已超出一份名单的行数上限。` })
}

function describe (sheet: Sheet, role: SheetReading['role'], head: Head | null, units: Units | null = null, ends: readonly number[] = []): SheetReading {
  const columns = Object.entries(head?.columns ?? {}) as [Field, Column][]
  return {
    sheet: sheet.name,
    role,
    head_rows: head === null ? [] : Array.from({ length: head.last_row - head.first_row + 1 }, (_, index) => head.first_row + index),
    first_data_row: ends[0] ?? null,
    last_data_row: ends.at(-1) ?? null,
    amount_unit: units?.money ?? null,
    term_unit: units?.term ?? null,
    columns: columns.map(([field, column]) => ({ field, column: column.column, head: column.head }))
  }
}

function roleOf (sheet: Sheet, head: Head | null): SheetReading['role'] {
  if (sheet.hidden) return 'HIDDEN'
  if (head === null) return isEmpty(sheet) ? 'EMPTY' : 'NO_HEAD'
  return NEED_FIELDS.some((field) => head.columns[field] !== undefined) ? 'DATA' : 'REFERENCE'
}

function isEmpty (sheet: Sheet): boolean {
  for (const row of sheet.rows) if (row.cells.size > 0) return false
  return true
}

function checkAmbiguity (sheet: Sheet, head: Head): void {
  const twice = head.ambiguous[0]
  if (twice === undefined) return
  const wanted = REQUIRED_HEADS.find(([field]) => field === twice.field)?.[1] ?? twice.field
  const where = sheet.name === null ? { en: '', zh: '' } : { en: ` of sheet “${sheet.name}”`, zh: `工作表“${sheet.name}”` }
  throw new ListRefused('NO_HEAD_FOUND', {
    en: `Columns ${twice.columns.join(' and ')}${where.en} could both be ${wanted}; rename or delete one.`,
    zh: `${where.zh}${twice.columns.join('、')}列都像是“${wanted}”，请改名或删除其中一列。`
  })
}

function checkGaps (sheet: Sheet, head: Head, gaps: UnitGaps): void {
  if (!gaps.money && !gaps.term) return
  const column = gaps.money ? head.columns.amount : head.columns.term
  const where = sheet.name === null ? { en: '', zh: '' } : { en: ` of sheet “${sheet.name}”`, zh: `工作表“${sheet.name}”` }
  throw new ListRefused('UNIT_UNKNOWN', {
    en: `Column ${column?.column ?? ''} (${column?.head ?? ''})${where.en} holds bare figures and names no unit that is known here.`,
    zh: `${where.zh}${column?.column ?? ''}列（${column?.head ?? ''}）只有数字，没有可识别的单位。`
  })
}

/** What is counted while a list is gone through: rows that are not skipped, whatever their outcome, and all their amounts that could be read. */
export interface Tally { rows: number, sum_fen: bigint }

export function tallyOf (rows: readonly ListRow[]): Tally {
  const tally: Tally = { rows: 0, sum_fen: 0n }
  for (const row of rows) count(tally, row)
  return tally
}

function count (tally: Tally, row: ListRow): void {
  if (row.skipped) return
  tally.rows++
  tally.sum_fen += BigInt(row.amount_fen ?? 0)
}

/** Compares a list with what its sender declared. */
export function declaredMismatch ({ rows, sum_fen }: Tally, declared: Declared): Refusal | null {
  if (declared.row_count !== null && declared.row_count !== rows) {
    return refusalOf('DECLARED_COUNT_MISMATCH', { en: `Declared ${declared.row_count}, found ${rows}.`, zh: `申报${declared.row_count}行，实有${rows}行。` })
  }
  if (declared.amount === null) return null
  if (isMoney(declared.amount) && BigInt(fenOf(declared.amount)) === sum_fen) return null
  const found = sum_fen <= BigInt(Number.MAX_SAFE_INTEGER) ? yuanOf(Number(sum_fen)) : `${sum_fen / 100n}`
  return refusalOf('DECLARED_SUM_MISMATCH', { en: `Declared ${declared.amount}, found ${found} yuan.`, zh: `申报${declared.amount}元，实有${found}元。` })
}

/** The sheets that hold rows, with the description of all others. */
function dataSheets (sheets: readonly Sheet[], described: SheetReading[]): (DataSheet | SheetReading)[] {
  const found = sheets.map((sheet) => {
    const head = sheet.hidden ? null : findHead(sheet)
    return { sheet, head, role: roleOf(sheet, head) }
  })
  const lost = found.find(({ sheet, role }) => role === 'NO_HEAD' && looksLikeData(sheet))
  if (found.every(({ role }) => role !== 'DATA') || lost !== undefined) {
    for (const { sheet, head, role } of found) described.push(describe(sheet, role, head))
    if (found.every(({ role }) => role === 'EMPTY')) throw new ListRefused('NO_HEAD_FOUND', { en: 'The file is empty.', zh: '文件没有内容。' })
    const name = lost?.sheet.name ?? null
    if (name === null) throw new ListRefused('NO_HEAD_FOUND')
    throw new ListRefused('NO_HEAD_FOUND', { en: `Sheet “${name}” lists enterprises without heads.`, zh: `工作表“${name}”有企业数据但没有表头。` })
  }
  return found.map(({ sheet, head, role }) => {
    if (role !== 'DATA' || head === null) return describe(sheet, role, head)
    checkAmbiguity(sheet, head)
    return { sheet, head, units: unitsOf(sheet, head) }
  })
}

/** Rows that are kept from the first going through; a longer list is gone through again. */
const ROWS_KEPT_MAX = 20_000

function scanned (sheets: readonly Sheet[], limits: ListLimits, declared: Declared | null, described: SheetReading[]): { rows: Iterable<ListRow>, rows_total: number } {
  const is_csv = sheets.some(({ name }) => name === null)
  const [rows_max, lines_max] = is_csv ? [limits.csv_rows_max, limits.csv_lines_max] : [limits.rows_max, limits.lines_max]
  const found = dataSheets(sheets, described)
  const tally: Tally = { rows: 0, sum_fen: 0n }
  const recurring = new Recurring()
  const kept: ListRow[] = []
  let rows_total = 0
  for (const one of found) {
    if ('role' in one) {
      described.push(one)
      continue
    }
    const gaps = { money: false, term: false }
    const ends: number[] = []
    for (const row of rowsOf(one, gaps)) {
      count(tally, row)
      recurring.see(row)
      if (++rows_total > lines_max || tally.rows > rows_max) throw tooMany(one.sheet, row.row)
      if (rows_total <= ROWS_KEPT_MAX) kept.push(row)
      else kept.length = 0
      ends[ends.length === 0 ? 0 : 1] = row.row
    }
    described.push(describe(one.sheet, 'DATA', one.head, one.units, ends))
    checkGaps(one.sheet, one.head, gaps)
  }
  if (tally.rows === 0) throw new ListRefused('NO_DATA_ROWS')
  const mismatch = declared === null ? null : declaredMismatch(tally, declared)
  if (mismatch !== null) throw new ListRefused(mismatch)
  if (rows_total <= ROWS_KEPT_MAX) return { rows: kept, rows_total }
  return { rows: { [Symbol.iterator]: () => readAgain(found, recurring) }, rows_total }
}

function* readAgain (found: readonly (DataSheet | SheetReading)[], recurring: Recurring): Generator<ListRow> {
  for (const one of found) {
    if ('role' in one) continue
    for (const row of rowsOf(one, { money: false, term: false })) yield { ...row, alone: recurring.isAlone(row) }
  }
}

/**
 * Goes through a park's list: what kind of file it is, its sheets, heads, units and rows, each row normalised and with the
 * findings that its own cells show. Pure and synchronous: large files belong in a worker (`read-in-worker.ts`). Of a long CSV
 * no more than a few rows are held: they are made anew as they are asked for.
 *
 * @param file_name what the file is, its bytes say; the name only tells a wrong workbook from a wrong CSV
 * @returns a refusal of the whole file, or its rows; never throws for what a file holds
 */
export function scanList (bytes: Uint8Array, file_name: string, limits: ListLimits = LIST_LIMITS, declared: Declared | null = null): ListScan {
  const sheets: SheetReading[] = []
  try {
    const found = kindOf(bytes) === 'CSV' ? [csvSheet(bytes, file_name)] : readWorkbook(bytes, limits)
    return { refusal: null, ...scanned(found, limits, declared, sheets), sheets }
  } catch (error) {
    if (error instanceof ListRefused) return { refusal: error.refusal, rows: null, rows_total: null, sheets }
    throw error
  }
}

/** The same with all rows at once. */
export function readList (bytes: Uint8Array, file_name: string, limits: ListLimits = LIST_LIMITS, declared: Declared | null = null): ListReading {
  const { refusal, rows, sheets } = scanList(bytes, file_name, limits, declared)
  return refusal === null ? { refusal, rows: [...rows], sheets } : { refusal, rows, sheets }
}
