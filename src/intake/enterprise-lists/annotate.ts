import { yuanOf } from '../../policy/money.ts'
import { csvSheet, type ListLimits } from './reading.ts'
import { findHead } from './heads.ts'
import { halvesZh } from './findings.ts'
import { columnLetter, type DecidedRow, type Outcome } from './rows.ts'
import { kindOf } from './sniff.ts'
import { areaOf, cellReference, openWorkbook, readWorkbook } from './workbook.ts'
import { textCellXml, workbookOf } from './writing.ts'
import { attribute, walkXml, xmlText } from './xml.ts'
import { packedEntry, zipOf, type ZipEntry } from './zip.ts'
import type { Sheet } from './cells.ts'

const RESULT_HEADS = ['处理结果', '问题说明', '处理办法'] as const
const RESULT_WIDTHS = [16, 60, 50] as const
const COLUMNS_MAX = 16_384

const OUTCOMES_ZH: Readonly<Record<Outcome, string>> = {
  ACCEPTED: '已接收', ACCEPTED_WITH_REMARK: '已接收（有提示）', HELD: '暂缓，待确认', REJECTED: '未接收', SKIPPED: '未计入'
}

/** What is written beside one row: outcome, what is wrong, what to do. */
export interface RowNote { sheet: string | null, row: number, texts: readonly [string, string, string] }

/** The notes of decided rows, for `annotatedWorkbook`; blank rows stay blank. */
export function notesOf (rows: readonly Pick<DecidedRow, 'sheet' | 'row' | 'outcome' | 'findings'>[]): RowNote[] {
  return rows.filter((row) => !row.findings.some((one) => one.code === 'BLANK_ROW')).map(({ sheet, row, outcome, findings }) => {
    const halves = findings.map(halvesZh)
    const todo = outcome === 'SKIPPED' ? '' : [...new Set(halves.map((one) => one.todo))].join('；')
    return { sheet, row, texts: [OUTCOMES_ZH[outcome], halves.map((one) => one.wrong).join('；'), todo] }
  })
}

interface Edit { at: number, to: number, text: string }

function resultCells (target: number, row: number, texts: readonly string[], prefix: string): string {
  return texts.map((text, index) => text === '' ? '' : textCellXml(`${columnLetter(target + index)}${row}`, text, 0, prefix)).join('')
}

/** The first column right of everything that is written or merged. */
function freeColumn (sheet: Sheet): number {
  let last = 0
  for (const row of sheet.rows) for (const column of row.cells.keys()) last = Math.max(last, column)
  for (const { last_column } of sheet.merges) if (last_column < COLUMNS_MAX - RESULT_HEADS.length) last = Math.max(last, last_column)
  return last + 1
}

/**
 * The sheet's XML with three cells more in the head row and in each noted row; nothing else changes but the hints that
 * depend on it (dimension, spans, widths).
 */
function editedSheet (xml: string, sheet: Sheet, notes: ReadonlyMap<number, readonly string[]>): string {
  const target = freeColumn(sheet)
  const last = target + RESULT_HEADS.length - 1
  if (last >= COLUMNS_MAX) return xml
  const texts = new Map<number, readonly string[]>(notes)
  const head = findHead(sheet)
  if (head !== null) texts.set(head.last_row, RESULT_HEADS)
  const edits: Edit[] = []
  const tagStart = (end: number): number => xml.lastIndexOf('<', end - 1)
  let row = 0
  let column = -1
  let insert_at = -1
  let cell_from = -1
  let prefix = ''
  let widest = 0
  let has_widths = false
  walkXml(xml, `sheet ${sheet.name ?? ''}`, {
    open (name, tag, parser) {
      const end = parser.position
      if (name === 'dimension') {
        const area = areaOf(attribute(tag, 'ref') ?? 'A1')
        const reference = `${columnLetter(area.first_column)}${area.first_row}:${columnLetter(Math.max(area.last_column, last))}${area.last_row}`
        const from = tagStart(end)
        edits.push({ at: from, to: end, text: xml.slice(from, end).replace(/ref="[^"]*"|ref='[^']*'/u, `ref="${reference}"`) })
      } else if (name === 'col') widest = Math.max(widest, Number(attribute(tag, 'max') ?? COLUMNS_MAX))
      else if (name === 'sheetData' && !has_widths) {
        prefix = tag.name.slice(0, -name.length)
        const from = tagStart(end)
        edits.push({ at: from, to: from, text: `<${prefix}cols>${widths(target, prefix)}</${prefix}cols>` })
      } else if (name === 'row') {
        row = Number(attribute(tag, 'r') ?? row + 1)
        column = -1
        insert_at = -1
        prefix = tag.name.slice(0, -name.length)
        if (!texts.has(row)) return
        const from = tagStart(end)
        const opened = xml.slice(from, end).replace(/ spans=(?:"[^"]*"|'[^']*')/u, '')
        const cells = resultCells(target, row, texts.get(row) ?? [], prefix)
        edits.push({ at: from, to: end, text: tag.isSelfClosing ? `${opened.replace(/\s*\/>$/u, '>')}${cells}</${tag.name}>` : opened })
        if (tag.isSelfClosing) insert_at = end
      } else if (name === 'c') {
        const reference = attribute(tag, 'r')
        column = reference === null ? column + 1 : cellReference(reference).column
        cell_from = tagStart(end)
        if (column >= target && insert_at < 0) insert_at = cell_from
      }
    },
    close (name, tag, parser) {
      const end = parser.position
      if (name === 'cols') {
        has_widths = true
        const from = tagStart(end)
        if (widest <= target) edits.push({ at: from, to: from, text: widths(target, tag.name.slice(0, -name.length)) })
      } else if (name === 'c' && texts.has(row) && column >= target && column <= last) edits.push({ at: cell_from, to: end, text: '' })
      else if (name === 'row' && texts.has(row) && !tag.isSelfClosing) {
        const at = insert_at < 0 ? tagStart(end) : insert_at
        edits.push({ at, to: at, text: resultCells(target, row, texts.get(row) ?? [], prefix) })
      }
    }
  })
  let edited = ''
  let from = 0
  for (const edit of edits.toSorted((a, b) => a.at - b.at || a.to - b.to)) {
    edited += xml.slice(from, edit.at) + edit.text
    from = edit.to
  }
  return edited + xml.slice(from)
}

function widths (target: number, prefix: string): string {
  return RESULT_WIDTHS.map((width, index) => {
    const number = target + index + 1
    return `<${prefix}col min="${number}" max="${number}" width="${width}" customWidth="1"/>`
  }).join('')
}

function byRow (notes: readonly RowNote[], sheet: string | null): Map<number, readonly string[]> {
  return new Map(notes.filter((note) => note.sheet === sheet).map((note) => [note.row, note.texts]))
}

function annotatedXlsx (bytes: Uint8Array, notes: readonly RowNote[], limits: ListLimits): Uint8Array {
  const sheets = readWorkbook(bytes, limits)
  const book = openWorkbook(bytes, limits)
  const replaced = new Map<ZipEntry, ZipEntry>()
  for (const [index, { name, entry }] of book.sheets.entries()) {
    const sheet = sheets[index]
    const own = byRow(notes, name)
    if (sheet === undefined || own.size === 0) continue
    replaced.set(entry, packedEntry(entry.name, Buffer.from(editedSheet(utf8Declared(xmlText(book.unpack(entry), entry.name)), sheet, own), 'utf8')))
  }
  return zipOf(book.entries.map((entry) => replaced.get(entry) ?? entry))
}

function utf8Declared (xml: string): string {
  return xml.replace(/^(<\?xml[^>]*?encoding=)(?:"[^"]*"|'[^']*')/u, '$1"UTF-8"')
}

function annotatedCsv (bytes: Uint8Array, file_name: string, notes: readonly RowNote[]): Uint8Array {
  const sheet = csvSheet(bytes, file_name)
  const head = findHead(sheet)
  const width = freeColumn(sheet)
  const own = byRow(notes, null)
  const rows = Array.from(sheet.rows, (row) => {
    const added = row.number === head?.last_row ? RESULT_HEADS : own.get(row.number)
    return Array.from({ length: width + RESULT_HEADS.length }, (_, column) => row.cells.get(column)?.text ?? added?.[column - width] ?? null)
  })
  return workbookOf([{
    name: '名单', rows, widths: [...Array.from({ length: width }, () => 20), ...RESULT_WIDTHS], head_rows: head === null ? [] : [head.last_row],
    frozen_rows: head?.last_row ?? 0, text_columns: Array.from({ length: width }, (_, column) => column), merges: [], choices: []
  }])
}

/**
 * The clerk's own list with three columns more on the right: outcome, what is wrong, what to do. A workbook is edited in
 * place, every other part and cell stays byte for byte; a CSV becomes a new workbook of its records.
 *
 * @throws ListRefused when the bytes are no list that can be read
 */
export function annotatedWorkbook (bytes: Uint8Array, file_name: string, notes: readonly RowNote[], limits: ListLimits): Uint8Array {
  return kindOf(bytes) === 'CSV' ? annotatedCsv(bytes, file_name, notes) : annotatedXlsx(bytes, notes, limits)
}

const JSON_HEADS = ['序号', '企业名称', '统一社会信用代码', '项目名称', '项目代码', '融资金额（元）', '期限（月）', '用途', '提出日期', '是否授权'] as const

/** The same for a list that came as JSON: a new workbook of its rows. */
export function workbookOfRows (rows: readonly DecidedRow[]): Uint8Array {
  return workbookOf([...Map.groupBy(rows, ({ sheet }) => sheet)].map(([sheet, own]) => {
    const notes = byRow(notesOf(own), sheet)
    const lines = own.map((row) => [
      row.row, row.name, row.uscc, row.project_name, row.project_code, row.amount_fen === null ? null : yuanOf(row.amount_fen), row.term_months,
      row.purpose, row.demand_date, row.consent ? '是' : '否', ...(notes.get(row.row) ?? [])
    ])
    return {
      name: sheet ?? '名单', rows: [[...JSON_HEADS, ...RESULT_HEADS], ...lines], widths: [8, 36, 24, 36, 28, 18, 10, 24, 14, 10, ...RESULT_WIDTHS],
      head_rows: [1], frozen_rows: 1, text_columns: [2, 4, 5, 8], merges: [], choices: []
    }
  }))
}
