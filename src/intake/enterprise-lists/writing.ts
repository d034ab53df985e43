import { columnLetter } from './rows.ts'
import { packedEntry, zipOf } from './zip.ts'

/** A workbook written from nothing: the template, and results of lists that were no workbook. */
export interface WrittenSheet {
  name: string
  rows: readonly (readonly (string | number | null)[])[]
  /** widths of the columns, in characters */
  widths: readonly number[]
  /** rows that are heads, from 1 */
  head_rows: readonly number[]
  /** rows above which the sheet stays in view; 0: none */
  frozen_rows: number
  /** columns that hold text whatever is typed, from 0 */
  text_columns: readonly number[]
  merges: readonly string[]
  /** drop-downs: a range and its choices; other words may be typed too */
  choices: readonly { range: string, list: readonly string[] }[]
}

export const XLSX_MEDIA_TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
export const CSV_MEDIA_TYPE = 'text/csv'

const OPEN = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006'
const SPREADSHEET = 'application/vnd.openxmlformats-officedocument.spreadsheetml'
const STYLE_PLAIN = 0
const STYLE_HEAD = 1
const STYLE_TEXT = 2
/** Characters of a cell: beyond it Excel calls the workbook damaged. Source: Excel specifications and limits. */
const CELL_TEXT_MAX = 32_767

/** Text that a spreadsheet would take for a formula gets an apostrophe in front; also after blanks and in full width. */
export function neutralised (text: string): string {
  return /^[\s'\u200b\ufeff]*[=+\-@＝＋－＠]|^[\t\r\n]/u.test(text) ? `'${text}` : text
}

/** A field of RFC 4180; text that a spreadsheet would run as a formula is made text. Numbers keep their sign. */
export function csvField (text: string): string {
  const safe = /^-?\d+(\.\d+)?$/.test(text) ? text : neutralised(text)
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Records of RFC 4180 for a spreadsheet: with a byte order mark, so that it is read as UTF-8. */
export function csvOf (records: readonly (readonly string[])[]): string {
  return `\ufeff${records.map(record => `${record.map(csvField).join(',')}\r\n`).join('')}`
}

/** Text for XML: markup escaped, characters that XML cannot carry left out. */
export function xmlEscaped (text: string): string {
  return text.toWellFormed().replace(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu, '')
    .replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** A cell of text, safe against being taken for a formula. `prefix` is that of the sheet's own elements. */
export function textCellXml (reference: string, text: string, style = STYLE_PLAIN, prefix = ''): string {
  const styled = style === STYLE_PLAIN ? '' : ` s="${style}"`
  // What looks like an escaped character would be read as that character, which may be an equals sign (ECMA-376 ST_Xstring).
  const shown = neutralised(text).slice(0, CELL_TEXT_MAX).replaceAll(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_')
  const written = `<${prefix}t xml:space="preserve">${xmlEscaped(shown)}</${prefix}t>`
  return `<${prefix}c r="${reference}"${styled} t="inlineStr"><${prefix}is>${written}</${prefix}is></${prefix}c>`
}

function rowXml (sheet: WrittenSheet, row: readonly (string | number | null)[], index: number): string {
  const is_head = sheet.head_rows.includes(index + 1)
  const cells = row.map((value, column) => {
    const reference = `${columnLetter(column)}${index + 1}`
    const style = is_head ? STYLE_HEAD : sheet.text_columns.includes(column) ? STYLE_TEXT : STYLE_PLAIN
    if (value === null || value === '') return style === STYLE_PLAIN ? '' : `<c r="${reference}" s="${style}"/>`
    return typeof value === 'number' ? `<c r="${reference}" s="${style}"><v>${value}</v></c>` : textCellXml(reference, value, style)
  })
  return `<row r="${index + 1}">${cells.join('')}</row>`
}

function sheetXml (sheet: WrittenSheet): string {
  const { frozen_rows } = sheet
  const pane = `<pane ySplit="${frozen_rows}" topLeftCell="A${frozen_rows + 1}" activePane="bottomLeft" state="frozen"/>`
  const columns = sheet.widths.map((width, index) => {
    const style = sheet.text_columns.includes(index) ? ` style="${STYLE_TEXT}"` : ''
    return `<col min="${index + 1}" max="${index + 1}" width="${width}" customWidth="1"${style}/>`
  })
  const choices = sheet.choices.map(({ range, list }) =>
    `<dataValidation type="list" allowBlank="1" showErrorMessage="0" sqref="${range}">` +
    `<formula1>"${xmlEscaped(list.join(','))}"</formula1></dataValidation>`)
  const counted = (name: string, items: readonly string[]): string =>
    items.length === 0 ? '' : `<${name} count="${items.length}">${items.join('')}</${name}>`
  return [
    `${OPEN}<worksheet xmlns="${MAIN}"><sheetViews><sheetView workbookViewId="0">${frozen_rows === 0 ? '' : pane}</sheetView></sheetViews>`,
    columns.length === 0 ? '' : `<cols>${columns.join('')}</cols>`,
    `<sheetData>${sheet.rows.map((row, index) => rowXml(sheet, row, index)).join('')}</sheetData>`,
    counted('mergeCells', sheet.merges.map((one) => `<mergeCell ref="${one}"/>`)),
    counted('dataValidations', choices),
    '</worksheet>'
  ].join('')
}

const PLAIN_XF = 'fontId="0" fillId="0" borderId="0"'
const STYLES = [
  `${OPEN}<styleSheet xmlns="${MAIN}">`,
  '<fonts count="2"><font><sz val="11"/><name val="等线"/></font><font><b/><sz val="11"/><name val="等线"/></font></fonts>',
  '<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>',
  '<fill><patternFill patternType="solid"><fgColor rgb="FFDDEBF7"/></patternFill></fill></fills>',
  '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>',
  `<cellStyleXfs count="1"><xf numFmtId="0" ${PLAIN_XF}/></cellStyleXfs>`,
  `<cellXfs count="3"><xf numFmtId="0" ${PLAIN_XF} xfId="0"/>`,
  '<xf numFmtId="0" fontId="1" fillId="2" borderId="0" xfId="0" applyFont="1" applyFill="1" applyAlignment="1">',
  '<alignment horizontal="center" vertical="center" wrapText="1"/></xf>',
  `<xf numFmtId="49" ${PLAIN_XF} xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>`
].join('')

/** An .xlsx workbook of the sheets; the same sheets always give the same bytes. */
export function workbookOf (sheets: readonly WrittenSheet[]): Uint8Array {
  const path = (index: number): string => `worksheets/sheet${index + 1}.xml`
  const override = (part: string, kind: string): string => `<Override PartName="/xl/${part}" ContentType="${SPREADSHEET}.${kind}+xml"/>`
  const link = (number: number, kind: string, target: string): string =>
    `<Relationship Id="rId${number}" Type="${OFFICE}/${kind}" Target="${target}"/>`
  const listed = sheets.map((sheet, index) => `<sheet name="${xmlEscaped(sheet.name)}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`)
  const types = [
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>',
    '<Default Extension="xml" ContentType="application/xml"/>',
    override('workbook.xml', 'sheet.main'), override('styles.xml', 'styles'), ...sheets.map((_, index) => override(path(index), 'worksheet'))
  ]
  const links = [...sheets.map((_, index) => link(index + 1, 'worksheet', path(index))), link(sheets.length + 1, 'styles', 'styles.xml')]
  const relationships = (items: readonly string[]): string =>
    `${OPEN}<Relationships xmlns="${PACKAGE}/relationships">${items.join('')}</Relationships>`
  const parts: [string, string][] = [
    ['[Content_Types].xml', `${OPEN}<Types xmlns="${PACKAGE}/content-types">${types.join('')}</Types>`],
    ['_rels/.rels', relationships([link(1, 'officeDocument', 'xl/workbook.xml')])],
    ['xl/workbook.xml', `${OPEN}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets>${listed.join('')}</sheets></workbook>`],
    ['xl/_rels/workbook.xml.rels', relationships(links)],
    ['xl/styles.xml', STYLES],
    ...sheets.map((sheet, index): [string, string] => [`xl/${path(index)}`, sheetXml(sheet)])
  ]
  return zipOf(parts.map(([name, text]) => packedEntry(name, Buffer.from(text, 'utf8'))))
}
