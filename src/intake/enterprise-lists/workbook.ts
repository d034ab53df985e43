import { dateOfSerial, plainDecimal, type Area, type Cell, type NumberFormat, type Row, type Sheet } from './cells.ts'
import { formatsOf } from './number-formats.ts'
import { ListRefused } from './refusals.ts'
import { attribute, walkXml, type Tag } from './xml.ts'
import { unpacked, zipEntries, type Budget, type ZipEntry } from './zip.ts'

const COLUMN_MAX = 16_384
const ROW_MAX = 1_048_576
const SHEETS_MAX = 200
const SHEET_NAME_MAX = 100
const MERGES_MAX = 20_000

export interface WorkbookLimits {
  /** bytes that all parts that are read may have together, unpacked */
  unpacked_bytes_max: number
  /** filled cells of the whole workbook */
  cells_max: number
}

/** A sheet and the part of the container that holds it. */
export interface SheetPart { name: string, hidden: boolean, entry: ZipEntry }

/** A workbook that is open: parts are unpacked as they are asked for, all on one budget. */
export interface OpenWorkbook {
  entries: ZipEntry[]
  sheets: SheetPart[]
  epoch_1904: boolean
  /** the part that the workbook names for a purpose: sharedStrings, styles */
  related (kind: string): Buffer | null
  unpack (entry: ZipEntry): Buffer
}

function damaged (en: string, zh: string): ListRefused {
  return new ListRefused('DAMAGED', { en, zh })
}

function isTrue (value: string | null): boolean {
  return value === '1' || value === 'true' || value === 'on'
}

function resolved (base: string, target: string): string {
  const segments = target.startsWith('/') ? [] : base.split('/').slice(0, -1)
  for (const segment of target.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  return segments.join('/')
}

function relations (bytes: Buffer | null, base: string): { id: string, kind: string, path: string }[] {
  const found: { id: string, kind: string, path: string }[] = []
  if (bytes === null) return found
  walkXml(bytes, `${base} (relations)`, {
    open (name, tag) {
      if (name !== 'Relationship' || attribute(tag, 'TargetMode') === 'External') return
      const kind = attribute(tag, 'Type')?.split('/').at(-1) ?? ''
      found.push({ id: attribute(tag, 'Id') ?? '', kind, path: resolved(base, attribute(tag, 'Target') ?? '') })
    }
  })
  return found
}

function relationsPath (path: string): string {
  const at = path.lastIndexOf('/') + 1
  return `${path.slice(0, at)}_rels/${path.slice(at)}.rels`
}

/**
 * Opens an .xlsx container: its sheets in order, none read yet.
 *
 * @throws ListRefused NOT_A_SPREADSHEET when the container is something else
 */
export function openWorkbook (bytes: Uint8Array, limits: WorkbookLimits): OpenWorkbook {
  const entries = zipEntries(bytes)
  const by_name = new Map(entries.map((entry) => [entry.name.replace(/^\/+/u, '').toLowerCase(), entry]))
  const budget: Budget = { bytes_left: limits.unpacked_bytes_max }
  const unpack = (entry: ZipEntry): Buffer => unpacked(entry, budget)
  const part = (path: string): Buffer | null => {
    const entry = by_name.get(path.toLowerCase())
    return entry === undefined ? null : unpack(entry)
  }
  const main = relations(part('_rels/.rels'), '').find((one) => one.kind === 'officeDocument')?.path ?? 'xl/workbook.xml'
  if (by_name.has('encryptedpackage')) throw new ListRefused('ENCRYPTED')
  if (main.endsWith('.bin')) {
    throw new ListRefused('NOT_A_SPREADSHEET', { en: 'It is a binary workbook (.xlsb).', zh: '这是二进制工作簿（.xlsb）。' })
  }
  const book = part(main)
  if (book === null) throw new ListRefused('NOT_A_SPREADSHEET', { en: 'It is a ZIP of something else.', zh: '这是其他内容的压缩文件。' })
  const listed: { name: string, id: string, hidden: boolean }[] = []
  let root = ''
  let epoch_1904 = false
  walkXml(book, main, {
    open (name, tag) {
      if (root === '') root = name
      if (name === 'workbookPr') epoch_1904 = isTrue(attribute(tag, 'date1904'))
      if (name !== 'sheet') return
      const id = tag.attributes['r:id'] ?? attribute(tag, 'id') ?? ''
      const called = (attribute(tag, 'name') ?? '').replace(/\p{Cc}/gu, ' ').slice(0, SHEET_NAME_MAX)
      listed.push({ name: called === '' ? `Sheet${listed.length + 1}` : called, id, hidden: /^(?:very)?hidden$/iu.test(attribute(tag, 'state') ?? '') })
    }
  })
  if (root !== 'workbook') throw new ListRefused('NOT_A_SPREADSHEET', { en: 'It is another office document.', zh: '这是其他类型的办公文档。' })
  if (listed.length > SHEETS_MAX) {
    throw new ListRefused('TOO_LARGE_UNPACKED', { en: `It has ${listed.length} sheets.`, zh: `工作表多达${listed.length}张。` })
  }
  const related = relations(part(relationsPath(main)), main)
  const targets = new Map(related.map((one) => [one.id, one]))
  const sheets: SheetPart[] = []
  for (const { name, id, hidden } of listed) {
    const target = targets.get(id)
    if (target !== undefined && target.kind !== 'worksheet') continue
    const entry = by_name.get(target?.path.toLowerCase() ?? '')
    if (entry === undefined) throw damaged(`Sheet “${name}” is missing.`, `工作表“${name}”缺失。`)
    sheets.push({ name, hidden, entry })
  }
  return { entries, sheets, epoch_1904, related: (kind) => part(related.find((one) => one.kind === kind)?.path ?? ''), unpack }
}

/** _x000D_ and the like stand for characters that XML cannot carry. */
function unescaped (text: string): string {
  if (!text.includes('_x')) return text
  return text.replace(/_x([0-9A-Fa-f]{4})_/gu, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))).toWellFormed()
}

function sharedStrings (bytes: Buffer | null): string[] {
  const strings: string[] = []
  if (bytes === null) return strings
  let parts: string[] = []
  let in_text = false
  let phonetic = 0
  walkXml(bytes, 'sharedStrings', {
    open (name) {
      if (name === 'si') parts = []
      else if (name === 'rPh') phonetic++
      else if (name === 't') in_text = phonetic === 0
    },
    close (name) {
      if (name === 'si') strings.push(unescaped(parts.join('')))
      else if (name === 'rPh') phonetic--
      else if (name === 't') in_text = false
    },
    text (text) { if (in_text) parts.push(text) }
  })
  return strings
}

function formats (bytes: Buffer | null): NumberFormat[] {
  if (bytes === null) return []
  const codes = new Map<number, string>()
  const ids: number[] = []
  let in_cells = false
  walkXml(bytes, 'styles', {
    open (name, tag) {
      if (name === 'numFmt') codes.set(Number(attribute(tag, 'numFmtId')), attribute(tag, 'formatCode') ?? '')
      else if (name === 'cellXfs') in_cells = true
      else if (name === 'xf' && in_cells) ids.push(Number(attribute(tag, 'numFmtId') ?? 0))
    },
    close (name) { if (name === 'cellXfs') in_cells = false }
  })
  return formatsOf(codes, ids)
}

/** "AB12" → column 27 (from 0), row 12. @throws ListRefused DAMAGED outside the size of a sheet */
export function cellReference (text: string): { column: number, row: number } {
  const match = /^\$?([A-Za-z]{1,3})\$?(\d{1,7})$/u.exec(text)
  let column = 0
  for (const letter of match?.[1]?.toUpperCase() ?? '') column = column * 26 + letter.charCodeAt(0) - 64
  const row = Number(match?.[2] ?? 0)
  if (column < 1 || column > COLUMN_MAX || row < 1 || row > ROW_MAX) {
    throw damaged(`There is no cell ${text.slice(0, 20)}.`, `单元格 ${text.slice(0, 20)} 超出表格范围。`)
  }
  return { column: column - 1, row }
}

export function areaOf (reference: string): Area {
  const [from = '', to = from] = reference.split(':')
  const first = cellReference(from)
  const last = cellReference(to)
  return { first_row: first.row, last_row: last.row, first_column: first.column, last_column: last.column }
}

interface Known { strings: string[], formats: NumberFormat[], epoch_1904: boolean }

function numberCell (text: string, format: NumberFormat | null, epoch_1904: boolean): Cell | null {
  if (text === '') return null
  const value = Number(text)
  if (!Number.isFinite(value)) return { kind: 'TEXT', text, format: null }
  if (format?.is_date === true) {
    const date = dateOfSerial(value, epoch_1904)
    return date === null ? { kind: 'NUMBER', text: plainDecimal(value), format: null } : { kind: 'DATE', text: date, format: null }
  }
  // A code written out in digits is intact; a number would lose all beyond the fifteenth.
  const long_integer = /^\d{16,20}$/u.test(text)
  return { kind: 'NUMBER', text: long_integer ? text : /e/iu.test(text) && value >= 1e15 ? text : plainDecimal(value), format }
}

function cellOf (type: string, text: string, inline: string, has_formula: boolean, format: NumberFormat | null, known: Known): Cell | null {
  if (type === 's') {
    const shared = known.strings[Number(text)]
    if (shared === undefined && text !== '') throw damaged(`Shared text ${text.slice(0, 20)} is missing.`, `共享文本 ${text.slice(0, 20)} 缺失。`)
    return shared === undefined || shared === '' ? null : { kind: 'TEXT', text: shared, format: null }
  }
  if (type === 'inlineStr') return inline === '' ? null : { kind: 'TEXT', text: unescaped(inline), format: null }
  if (text === '' && has_formula && type !== 'str') return { kind: 'NO_RESULT', text: '', format: null }
  if (text === '') return null
  if (type === 'str') return { kind: 'TEXT', text: unescaped(text), format: null }
  if (type === 'b') return { kind: 'BOOLEAN', text: isTrue(text) ? 'TRUE' : 'FALSE', format: null }
  if (type === 'e') return { kind: 'ERROR', text, format: null }
  if (type === 'd') return { kind: 'DATE', text: text.slice(0, 10), format: null }
  return numberCell(text, format, known.epoch_1904)
}

function readSheet (bytes: Buffer, name: string, known: Known, cells_left: { count: number }): Sheet {
  const rows: Row[] = []
  const sheet: Sheet = { name, hidden: false, rows, merges: [], epoch_1904: known.epoch_1904 }
  let row: Row = { number: 0, hidden: false, cells: new Map() }
  let column = -1
  let type = ''
  let format: NumberFormat | null = null
  let text = ''
  let inline = ''
  let has_formula = false
  let hears: 'v' | 't' | null = null
  let phonetic = 0
  const openCell = (tag: Tag): void => {
    const reference = attribute(tag, 'r')
    const at = reference === null ? { column: column + 1, row: row.number } : cellReference(reference)
    if (at.row !== row.number || at.column <= column || at.column >= COLUMN_MAX) {
      throw damaged(`Cell ${(reference ?? '').slice(0, 20)} is out of place.`, `单元格 ${(reference ?? '').slice(0, 20)} 位置错乱。`)
    }
    column = at.column
    type = attribute(tag, 't') ?? 'n'
    format = known.formats[Number(attribute(tag, 's') ?? 0)] ?? null
    text = ''
    inline = ''
    has_formula = false
  }
  walkXml(bytes, `sheet ${name}`, {
    open (tag_name, tag) {
      if (tag_name === 'c') openCell(tag)
      else if (tag_name === 'row') {
        const number = Number(attribute(tag, 'r') ?? row.number + 1)
        if (!Number.isInteger(number) || number <= row.number || number > ROW_MAX) throw damaged('Its rows are out of order.', '行顺序错乱。')
        row = { number, hidden: isTrue(attribute(tag, 'hidden')), cells: new Map() }
        column = -1
      } else if (tag_name === 'v') hears = 'v'
      else if (tag_name === 't') hears = phonetic === 0 ? 't' : null
      else if (tag_name === 'rPh') phonetic++
      else if (tag_name === 'f') has_formula = true
      else if (tag_name === 'mergeCell' && sheet.merges.push(areaOf(attribute(tag, 'ref') ?? '')) > MERGES_MAX) {
        throw new ListRefused('TOO_LARGE_UNPACKED', { en: 'It has too many merged areas.', zh: '合并单元格过多。' })
      }
    },
    close (tag_name) {
      if (tag_name === 'v' || tag_name === 't') hears = null
      else if (tag_name === 'rPh') phonetic--
      else if (tag_name === 'c') {
        const cell = cellOf(type, text.trim() === '' ? '' : text, inline, has_formula, format, known)
        if (cell === null || (cell.kind === 'TEXT' && cell.text.trim() === '')) return
        if (--cells_left.count < 0) throw new ListRefused('TOO_LARGE_UNPACKED', { en: 'It has too many cells.', zh: '单元格过多。' })
        row.cells.set(column, cell)
      } else if (tag_name === 'row' && row.cells.size > 0) rows.push(row)
    },
    text (heard) {
      if (hears === 'v') text += heard
      else if (hears === 't') inline += heard
    }
  })
  return sheet
}

/**
 * The sheets of an .xlsx workbook. Hidden ones come without their rows: what a clerk does not see is not sent.
 *
 * @throws ListRefused DAMAGED, ENCRYPTED, NOT_A_SPREADSHEET, TOO_LARGE_UNPACKED
 */
export function readWorkbook (bytes: Uint8Array, limits: WorkbookLimits): Sheet[] {
  const book = openWorkbook(bytes, limits)
  const known = { strings: sharedStrings(book.related('sharedStrings')), formats: formats(book.related('styles')), epoch_1904: book.epoch_1904 }
  const cells_left = { count: limits.cells_max }
  return book.sheets.map(({ name, hidden, entry }) => {
    if (hidden) return { name, hidden, rows: [], merges: [], epoch_1904: book.epoch_1904 }
    return readSheet(book.unpack(entry), name, known, cells_left)
  })
}
