/** Workbooks and texts for the tests of lists, built independently of the code that reads them. */
import { strToU8, zipSync, type Zippable } from 'fflate'
import type { DecidingContext } from '../../src/intake/enterprise-lists/deciding.ts'

/** text, number, or a cell's XML attributes and inner XML */
export type Value = string | number | null | { attributes: string, inner: string }

export interface SheetPlan {
  name: string
  rows: readonly (readonly Value[])[]
  merges?: readonly string[]
  state?: 'hidden' | 'veryHidden'
  /** rows, from 1, that are hidden */
  hidden_rows?: readonly number[]
  /** text after <sheetData>, for instance data validations */
  after?: string
}

export interface BookPlan {
  sheets: readonly SheetPlan[]
  epoch_1904?: boolean
  /** custom number formats; cell style n + 1 uses the n-th, style 0 is General */
  formats?: readonly string[]
  /** parts to add or replace */
  parts?: Record<string, string | Uint8Array>
}

export function escaped (text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

export function letters (index: number): string {
  return (index >= 26 ? String.fromCharCode(64 + Math.floor(index / 26)) : '') + String.fromCharCode(65 + (index % 26))
}

function cellXml (value: Value, reference: string): string {
  if (value === null) return ''
  if (typeof value === 'number') return `<c r="${reference}"><v>${value}</v></c>`
  if (typeof value === 'string') return `<c r="${reference}" t="inlineStr"><is><t xml:space="preserve">${escaped(value)}</t></is></c>`
  return `<c r="${reference}" ${value.attributes}>${value.inner}</c>`
}

const OPEN = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
const RELS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'

export function sheetXml (plan: SheetPlan): string {
  const rows = plan.rows.map((row, index) => {
    const hidden = plan.hidden_rows?.includes(index + 1) === true ? ' hidden="1"' : ''
    return `<row r="${index + 1}"${hidden}>${row.map((value, column) => cellXml(value, `${letters(column)}${index + 1}`)).join('')}</row>`
  })
  const merges = plan.merges === undefined ? '' : `<mergeCells count="${plan.merges.length}">${plan.merges.map((one) => `<mergeCell ref="${one}"/>`).join('')}</mergeCells>`
  return `${OPEN}<worksheet ${MAIN}><sheetData>${rows.join('')}</sheetData>${merges}${plan.after ?? ''}</worksheet>`
}

/** The parts of a workbook as files of a ZIP. */
export function bookParts (plan: BookPlan): Record<string, Uint8Array> {
  const formats = plan.formats ?? []
  const parts: Record<string, string | Uint8Array> = {
    '[Content_Types].xml': `${OPEN}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${[
      ['workbook', 'sheet.main'], ['styles', 'styles'], ...plan.sheets.map((_, index) => [`worksheets/sheet${index + 1}`, 'worksheet'])
    ].map(([part, kind]) => `<Override PartName="/xl/${part}.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.${kind}+xml"/>`).join('')}</Types>`,
    '_rels/.rels': `${OPEN}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="${RELS}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `${OPEN}<workbook ${MAIN}><workbookPr date1904="${plan.epoch_1904 === true ? 1 : 0}"/><sheets>${plan.sheets.map((sheet, index) =>
      `<sheet name="${escaped(sheet.name)}" sheetId="${index + 1}"${sheet.state === undefined ? '' : ` state="${sheet.state}"`} r:id="rId${index + 1}"/>`).join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `${OPEN}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${plan.sheets.map((_, index) =>
      `<Relationship Id="rId${index + 1}" Type="${RELS}/worksheet" Target="worksheets/sheet${index + 1}.xml"/>`).join('')}<Relationship Id="rIdS" Type="${RELS}/styles" Target="styles.xml"/></Relationships>`,
    'xl/styles.xml': `${OPEN}<styleSheet ${MAIN}><numFmts count="${formats.length}">${formats.map((code, index) => `<numFmt numFmtId="${index + 164}" formatCode="${escaped(code)}"/>`).join('')}</numFmts><cellXfs count="${formats.length + 1}"><xf numFmtId="0"/>${formats.map((_, index) => `<xf numFmtId="${index + 164}"/>`).join('')}</cellXfs></styleSheet>`
  }
  for (const [index, sheet] of plan.sheets.entries()) parts[`xl/worksheets/sheet${index + 1}.xml`] = sheetXml(sheet)
  Object.assign(parts, plan.parts)
  return Object.fromEntries(Object.entries(parts).map(([name, content]) => [name, typeof content === 'string' ? strToU8(content) : content]))
}

export function workbook (plan: BookPlan, options: Zippable = {}): Uint8Array {
  return zipSync({ ...bookParts(plan), ...options })
}

export const HEADS: readonly string[] = ['企业名称', '统一社会信用代码', '项目名称', '项目代码', '融资金额（万元）', '期限（月）', '用途', '是否授权']

/** Codes of domain.md §7.1 with right check digits, given to invented enterprises. */
export const CODES: readonly string[] = [
  '91500112MAXX00015Q', '91500115MAXX00023Y', '91500120MAXX000311', '91500000MAXX0004XL', '91500107MAXX00058Y', '91500151MAXX00066G'
]

/** One good row of an invented enterprise under `HEADS`; override by position. */
export function aRow (number: number, overrides: Record<number, Value> = {}): Value[] {
  const row: Value[] = [
    `重庆虚构${'甲乙丙丁戊己'[number % 6]}机械有限公司`, CODES[number % 6] ?? '', `数控产线改造项目${number}`, `2606-500112-07-02-${100_001 + number}`, 300, 36, '设备购置', '是'
  ]
  for (const [index, value] of Object.entries(overrides)) row[Number(index)] = value
  return row
}

export function aList (rows: readonly (readonly Value[])[], plan: Partial<BookPlan> = {}): Uint8Array {
  return workbook({ sheets: [{ name: '名单', rows: [HEADS, ...rows] }], ...plan })
}

/** Judged by nothing but the list itself. */
export function aContext (overrides: Partial<DecidingContext> = {}): DecidingContext {
  return {
    park_names: ['渝北示范产业园（虚构）'],
    other_park_names: ['江津示范产业园（虚构）'],
    known_names: () => [],
    name_elsewhere: () => null,
    open_needs: () => [],
    household: () => ({ in_force_fen: 0, open_fen: 0 }),
    overridden: () => false,
    lacks_document: () => false,
    tags: () => [],
    limits: { standard_fen: 1_000_000_000, raised_fen: 3_000_000_000 },
    judges_enterprise: true,
    usual: { amount_min_fen: 1_000_000, amount_max_fen: 100_000_000_000 },
    today: '2026-08-01',
    ...overrides
  }
}

/** GB18030 bytes of a text, by turning the platform's decoder round (two-byte characters only). */
export function gbk (text: string): Uint8Array {
  const decoder = new TextDecoder('gb18030')
  const table = new Map<string, readonly [number, number]>()
  for (let lead = 0x81; lead <= 0xfe; lead++) {
    for (let trail = 0x40; trail <= 0xfe; trail++) {
      if (trail === 0x7f) continue
      const character = decoder.decode(Uint8Array.of(lead, trail))
      if (character.length === 1 && character !== '\ufffd') table.set(character, [lead, trail])
    }
  }
  const bytes: number[] = []
  for (const character of text) {
    const code = character.charCodeAt(0)
    const pair = code < 0x80 ? [code] : table.get(character)
    if (pair === undefined) throw new RangeError(`${character} has no two-byte code`)
    bytes.push(...pair)
  }
  return Uint8Array.from(bytes)
}
