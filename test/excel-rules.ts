/**
 * What makes Excel offer to repair a workbook: rules of ECMA-376 and Excel's limits, read from the parts themselves and not by the
 * code that wrote them.
 */
import { unzipSync } from 'fflate'
import { SaxesParser, type SaxesTagPlain } from 'saxes'

interface Element { name: string, attributes: Record<string, string>, children: Element[], text: string }

/** An XML part as a tree, prefixes left out. Errors: what is not well formed. */
function parsed (bytes: Uint8Array): Element {
  const top: Element = { name: '', attributes: {}, children: [], text: '' }
  const open = [top]
  const parser = new SaxesParser({ xmlns: false })
  parser.on('error', error => { throw error })
  parser.on('opentag', (tag: SaxesTagPlain) => {
    const element = { name: tag.name.replace(/^.*:/u, ''), attributes: tag.attributes, children: [], text: '' }
    open.at(-1)?.children.push(element)
    open.push(element)
  })
  parser.on('closetag', () => { open.pop() })
  parser.on('text', text => {
    const element = open.at(-1)
    if (element !== undefined) element.text += text
  })
  parser.write(new TextDecoder('utf-8', { fatal: true }).decode(bytes)).close()
  return top.children[0] ?? top
}

const all = (element: Element | undefined, name: string): Element[] => element?.children.filter(one => one.name === name) ?? []
const within = (element: Element, ...path: string[]): Element[] => path.reduce((found, name) => found.flatMap(one => all(one, name)), [element])
const texts = (element: Element): string => element.text + element.children.map(texts).join('')

/** CT_Worksheet, in its order. */
const sheet_order = ['sheetPr', 'dimension', 'sheetViews', 'sheetFormatPr', 'cols', 'sheetData', 'sheetCalcPr', 'sheetProtection', 'protectedRanges', 'scenarios', 'autoFilter', 'sortState',
  'dataConsolidate', 'customSheetViews', 'mergeCells', 'phoneticPr', 'conditionalFormatting', 'dataValidations', 'hyperlinks', 'printOptions', 'pageMargins', 'pageSetup', 'headerFooter', 'rowBreaks',
  'colBreaks', 'customProperties', 'cellWatches', 'ignoredErrors', 'smartTags', 'drawing', 'legacyDrawing', 'legacyDrawingHF', 'picture', 'oleObjects', 'controls', 'webPublishItems', 'tableParts', 'extLst']

function place (reference: string): { column: number, row: number } {
  const match = /^\$?([A-Z]{1,3})\$?(\d+)$/u.exec(reference)
  const column = [...match?.[1] ?? ''].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0)
  const row = Number(match?.[2] ?? 0)
  return column < 1 || column > 16_384 || row < 1 || row > 1_048_576 ? { column: Number.NaN, row: Number.NaN } : { column, row }
}

interface Area { top: number, bottom: number, left: number, right: number }

function area (reference: string): Area {
  const [from = '', to = from] = reference.split(':')
  const a = place(from)
  const b = place(to)
  return { top: a.row, bottom: b.row, left: a.column, right: b.column }
}

const sound = ({ top, bottom, left, right }: Area): boolean => top <= bottom && left <= right
const overlap = (a: Area, b: Area): boolean => a.top <= b.bottom && b.top <= a.bottom && a.left <= b.right && b.left <= a.right

/** The directory of a ZIP, names as they stand in it: an unpacker would hide one that is there twice. */
function zipNames (bytes: Uint8Array): string[] {
  const view = Buffer.from(bytes)
  const names: string[] = []
  for (let at = view.readUInt32LE(view.length - 6); view.readUInt32LE(at) === 0x02014b50;) {
    const length = view.readUInt16LE(at + 28)
    names.push(view.toString('utf8', at + 46, at + 46 + length))
    at += 46 + length + view.readUInt16LE(at + 30) + view.readUInt16LE(at + 32)
  }
  return names
}

function twice (names: readonly string[]): string[] {
  return names.filter((name, index) => names.findIndex(one => one.toLowerCase() === name.toLowerCase()) !== index)
}

function sheetMistakes (sheet: Element, styles: number, strings: number): string[] {
  const mistakes: string[] = []
  const places = sheet.children.map(({ name }) => sheet_order.indexOf(name)).filter(index => index >= 0)
  for (const [index, one] of places.entries()) {
    const before = places[index - 1] ?? -1
    if (one < before || (one === before && sheet_order[one] !== 'conditionalFormatting')) mistakes.push(`${sheet_order[one]} stands after ${sheet_order[before]}`)
  }
  let last_row = 0
  for (const row of within(sheet, 'sheetData', 'row')) {
    const number = Number(row.attributes.r ?? last_row + 1)
    if (number <= last_row) mistakes.push(`row ${number} after ${last_row}`)
    last_row = number
    let last_column = 0
    for (const cell of all(row, 'c')) {
      const { r: reference, s: style = '0', t: type = 'n' } = cell.attributes
      const at = reference === undefined ? { row: number, column: last_column + 1 } : place(reference)
      if (at.row !== number || !(at.column > last_column)) mistakes.push(`cell ${reference} is out of place`)
      last_column = at.column
      if (!(Number(style) < styles)) mistakes.push(`cell ${reference} has style ${style} of ${styles}`)
      if (!['b', 'd', 'e', 'inlineStr', 'n', 's', 'str'].includes(type)) mistakes.push(`cell ${reference} has type ${type}`)
      if (type === 's' && !(Number(texts(cell)) < strings)) mistakes.push(`cell ${reference} names a shared text that is not there`)
      if (type === 'inlineStr' && (all(cell, 'is').length !== 1 || all(cell, 'v').length > 0)) mistakes.push(`cell ${reference} is no inline text`)
      if (type === 'n' && all(cell, 'v').some(value => !Number.isFinite(Number(texts(value))))) mistakes.push(`cell ${reference} is no number`)
      if (texts(cell).length > 32_767) mistakes.push(`cell ${reference} has ${texts(cell).length} characters`)
    }
  }
  let last_wide = 0
  for (const { attributes: { min, max, width, style = '0' } } of within(sheet, 'cols', 'col')) {
    if (!(Number(min) > last_wide && Number(max) >= Number(min) && Number(max) <= 16_384)) mistakes.push(`widths of columns ${min} to ${max}`)
    if (!(Number(width) >= 0 && Number(width) <= 255) || !(Number(style) < styles)) mistakes.push(`width or style of column ${min}`)
    last_wide = Number(max)
  }
  for (const empty of ['cols', 'mergeCells', 'dataValidations']) if (all(sheet, empty).some(one => one.children.length === 0)) mistakes.push(`${empty} is empty`)
  const merges = within(sheet, 'mergeCells', 'mergeCell').map(one => area(one.attributes.ref ?? ''))
  if (merges.some(one => !sound(one)) || merges.some((one, index) => merges.slice(0, index).some(other => overlap(one, other)))) mistakes.push('merged areas overlap')
  for (const rule of within(sheet, 'dataValidations', 'dataValidation')) {
    const [formula] = all(rule, 'formula1').map(texts)
    if (!(rule.attributes.sqref ?? '').split(' ').every(one => sound(area(one)))) mistakes.push(`a drop-down for ${rule.attributes.sqref}`)
    if (rule.attributes.type === 'list' && (formula === undefined || (formula.startsWith('"') && (formula.length > 257 || !formula.endsWith('"'))))) mistakes.push(`the choices of ${rule.attributes.sqref}`)
  }
  for (const name of ['mergeCells', 'dataValidations']) {
    for (const one of all(sheet, name)) if (one.attributes.count !== undefined && Number(one.attributes.count) !== one.children.length) mistakes.push(`${name} are not counted right`)
  }
  return mistakes
}

function styleMistakes (styles: Element): string[] {
  const mistakes: string[] = []
  const counted = (name: string): number => {
    for (const one of all(styles, name)) if (one.attributes.count !== undefined && Number(one.attributes.count) !== one.children.length) mistakes.push(`${name} are not counted right`)
    return all(styles, name).reduce((sum, one) => sum + one.children.length, 0)
  }
  const [fonts, fills, borders, bases] = ['fonts', 'fills', 'borders', 'cellStyleXfs'].map(counted) as [number, number, number, number]
  counted('cellXfs')
  for (const { attributes: { fontId = '0', fillId = '0', borderId = '0', xfId = '0' } } of within(styles, 'cellXfs', 'xf')) {
    if (!(Number(fontId) < fonts && Number(fillId) < fills && Number(borderId) < borders && Number(xfId) < Math.max(1, bases))) mistakes.push('a cell style names what is not there')
  }
  return mistakes
}

/** @returns every rule that the workbook breaks; empty for one that Excel opens without a word */
export function excelMistakes (bytes: Uint8Array): string[] {
  const names = zipNames(bytes)
  const mistakes = twice(names).map(name => `part ${name} is there twice`)
  const parts = new Map(Object.entries(unzipSync(bytes)))
  const part = (name: string): Element | undefined => {
    const found = parts.get(name)
    return found === undefined ? undefined : parsed(found)
  }
  const types = part('[Content_Types].xml')
  const extensions = all(types, 'Default').map(one => one.attributes.Extension?.toLowerCase())
  const overrides = all(types, 'Override').map(one => one.attributes.PartName?.slice(1) ?? '')
  for (const name of overrides) if (!parts.has(name)) mistakes.push(`a type is given to ${name}, which is not there`)
  for (const name of [...twice(overrides), ...twice(extensions.map(String))]) mistakes.push(`two types for ${name}`)
  const targets = new Map<string, Map<string, string>>()
  for (const name of parts.keys()) {
    if (name !== '[Content_Types].xml' && !overrides.includes(name) && !extensions.includes(name.split('.').at(-1)?.toLowerCase())) mistakes.push(`part ${name} has no type`)
    if (!name.endsWith('.rels')) continue
    const base = name.replace(/_rels\/[^/]*$/u, '')
    const links = all(part(name), 'Relationship')
    for (const id of twice(links.map(one => one.attributes.Id ?? ''))) mistakes.push(`relation ${id} is there twice`)
    targets.set(name, new Map(links.filter(one => one.attributes.TargetMode !== 'External').map(one => {
      const path = new URL(one.attributes.Target ?? '', `zip:///${base}`).pathname.slice(1)
      if (!parts.has(path)) mistakes.push(`${name} points to ${path}, which is not there`)
      return [one.attributes.Id ?? '', path]
    })))
  }
  const book = part('xl/workbook.xml')
  const listed = book === undefined ? [] : within(book, 'sheets', 'sheet')
  if (listed.length === 0) mistakes.push('there is no sheet')
  const called = listed.map(one => one.attributes.name ?? '')
  for (const name of called) if (name === '' || name.length > 31 || /[[\]:*?/\\]|^'|'$/u.test(name)) mistakes.push(`a sheet cannot be called ${name}`)
  for (const name of [...twice(called), ...twice(listed.map(one => one.attributes.sheetId ?? ''))]) mistakes.push(`two sheets ${name}`)
  const styles = part('xl/styles.xml')
  if (styles !== undefined) mistakes.push(...styleMistakes(styles))
  const style_count = styles === undefined ? 1 : within(styles, 'cellXfs', 'xf').length
  const strings = part('xl/sharedStrings.xml')
  for (const one of listed) {
    const path = targets.get('xl/_rels/workbook.xml.rels')?.get(one.attributes['r:id'] ?? '')
    const sheet = path === undefined ? undefined : part(path)
    if (sheet === undefined) mistakes.push(`sheet ${one.attributes.name} is not there`)
    else mistakes.push(...sheetMistakes(sheet, style_count, all(strings, 'si').length).map(mistake => `${one.attributes.name}: ${mistake}`))
  }
  return mistakes
}

/** Every text and every formula of a workbook's cells. */
export function cellTexts (bytes: Uint8Array): { texts: string[], formulas: number } {
  const found = { texts: [] as string[], formulas: 0 }
  for (const [name, part] of Object.entries(unzipSync(bytes))) {
    if (!/^xl\/(?:worksheets\/sheet|sharedStrings)/u.test(name)) continue
    const visit = (element: Element): void => {
      if (element.name === 't') found.texts.push(element.text)
      if (element.name === 'f') found.formulas++
      for (const child of element.children) visit(child)
    }
    visit(parsed(part))
  }
  return found
}
