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
  /** drop-downs: a range and its choices */
  choices: readonly { range: string, list: readonly string[], strict: boolean }[]
}

export const XLSX_MEDIA_TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

const OPEN = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006'
const SPREADSHEET = 'application/vnd.openxmlformats-officedocument.spreadsheetml'
const STYLE_PLAIN = 0
const STYLE_HEAD = 1
const STYLE_TEXT = 2

/** Text that a spreadsheet would take for a formula gets an apostrophe in front; also after blanks and in full width. */
export function neutralised (text: string): string {
  return /^[\s'\u200b\ufeff]*[=+\-@＝＋－＠]|^[\t\r\n]/u.test(text) ? `'${text}` : text
}

/** Text for XML: markup escaped, characters that XML cannot carry left out. */
export function xmlEscaped (text: string): string {
  return text.toWellFormed().replace(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu, '')
    .replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** A cell of text, safe against being taken for a formula. `prefix` is that of the sheet's own elements. */
export function textCellXml (reference: string, text: string, style = STYLE_PLAIN, prefix = ''): string {
  const styled = style === STYLE_PLAIN ? '' : ` s="${style}"`
  return `<${prefix}c r="${reference}"${styled} t="inlineStr"><${prefix}is><${prefix}t xml:space="preserve">${xmlEscaped(neutralised(text))}</${prefix}t></${prefix}is></${prefix}c>`
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
  const frozen = sheet.frozen_rows === 0 ? '' : `<pane ySplit="${sheet.frozen_rows}" topLeftCell="A${sheet.frozen_rows + 1}" activePane="bottomLeft" state="frozen"/>`
  const columns = sheet.widths.map((width, index) =>
    `<col min="${index + 1}" max="${index + 1}" width="${width}" customWidth="1"${sheet.text_columns.includes(index) ? ` style="${STYLE_TEXT}"` : ''}/>`)
  const merges = sheet.merges.length === 0 ? '' : `<mergeCells count="${sheet.merges.length}">${sheet.merges.map((one) => `<mergeCell ref="${one}"/>`).join('')}</mergeCells>`
  const choices = sheet.choices.map(({ range, list, strict }) =>
    `<dataValidation type="list" allowBlank="1" showErrorMessage="${strict ? 1 : 0}" sqref="${range}"><formula1>"${xmlEscaped(list.join(','))}"</formula1></dataValidation>`)
  const validations = choices.length === 0 ? '' : `<dataValidations count="${choices.length}">${choices.join('')}</dataValidations>`
  return `${OPEN}<worksheet xmlns="${MAIN}"><sheetViews><sheetView workbookViewId="0">${frozen}</sheetView></sheetViews>` +
    `${columns.length === 0 ? '' : `<cols>${columns.join('')}</cols>`}<sheetData>${sheet.rows.map((row, index) => rowXml(sheet, row, index)).join('')}</sheetData>${merges}${validations}</worksheet>`
}

const STYLES = `${OPEN}<styleSheet xmlns="${MAIN}"><fonts count="2"><font><sz val="11"/><name val="等线"/></font><font><b/><sz val="11"/><name val="等线"/></font></fonts>` +
  '<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid"><fgColor rgb="FFDDEBF7"/></patternFill></fill></fills>' +
  '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>' +
  '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="0" fontId="1" fillId="2" borderId="0" xfId="0" applyFont="1" applyFill="1" applyAlignment="1"><alignment horizontal="center" vertical="center" wrapText="1"/></xf>' +
  '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>'

/** An .xlsx workbook of the sheets; the same sheets always give the same bytes. */
export function workbookOf (sheets: readonly WrittenSheet[]): Uint8Array {
  const overrides = sheets.map((_, index) => `<Override PartName="/xl/worksheets/sheet${index + 1}.xml" ContentType="${SPREADSHEET}.worksheet+xml"/>`)
  const links = sheets.map((_, index) => `<Relationship Id="rId${index + 1}" Type="${OFFICE}/worksheet" Target="worksheets/sheet${index + 1}.xml"/>`)
  const listed = sheets.map((sheet, index) => `<sheet name="${xmlEscaped(sheet.name)}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`)
  const parts: [string, string][] = [
    ['[Content_Types].xml', `${OPEN}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${SPREADSHEET}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${SPREADSHEET}.styles+xml"/>${overrides.join('')}</Types>`],
    ['_rels/.rels', `${OPEN}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>`],
    ['xl/workbook.xml', `${OPEN}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets>${listed.join('')}</sheets></workbook>`],
    ['xl/_rels/workbook.xml.rels', `${OPEN}<Relationships xmlns="${PACKAGE}/relationships">${links.join('')}<Relationship Id="rId${sheets.length + 1}" Type="${OFFICE}/styles" Target="styles.xml"/></Relationships>`],
    ['xl/styles.xml', STYLES],
    ...sheets.map((sheet, index): [string, string] => [`xl/worksheets/sheet${index + 1}.xml`, sheetXml(sheet)])
  ]
  return zipOf(parts.map(([name, text]) => packedEntry(name, Buffer.from(text, 'utf8'))))
}
