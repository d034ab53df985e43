import { yuanOf } from '../../policy/money.ts'
import {
  checkProjectCode, checkUscc, hasProjectCodeForm, isManufacturing, normaliseIndustryCode, normaliseProjectCode, normaliseUscc, usccRegion
} from '../../policy/identifiers.ts'
import { purposeCodeOf } from '../../policy/purposes.ts'
import { isFindingCode, listFinding, type FindingCode } from './findings.ts'
import { NO_VALUES, type Columns, type Field, type ListRow } from './rows.ts'
import {
  amountOf, compact, contactOf, countOf, dateOf, isConsent, moneyPower, nameOf, prose, qualificationsOf, termOf, tidied
} from './values.ts'
import type { Cell } from './cells.ts'

const TEXT_MAX: Readonly<Partial<Record<Field, number>>> = {
  name: 200, uscc: 64, purpose: 500, project_name: 200, project_code: 64, park: 200, industry: 200, qualifications: 500,
  contact_name: 100, contact_phone: 100
}
const TERM_USUAL_MAX = 180
const MIXED_UP = { en: '; O and 0, I and 1, Z and 2, S and 5 are easily mixed up', zh: '；注意 O 与 0、I 与 1、Z 与 2、S 与 5 的混淆' }
const REQUIRED: ReadonlySet<Field> = new Set(['name', 'uscc', 'amount', 'term', 'purpose'])
/** Fields that findings about the whole list point to: their text stays with the row. */
const JUDGED_LATER: readonly Field[] = ['name', 'uscc', 'amount', 'project_code', 'project_name', 'demand_date', 'park']

/** Units that hold for the whole list where a cell does not name its own. */
export interface Units { money: string | null, revenue: string | null, term: '月' | '年' | null }

/** What a bare figure lacks: then the file as a whole cannot be read. */
export interface UnitGaps { money: boolean, term: boolean }

export interface Source {
  sheet: string | null
  row: number
  hidden: boolean
  cells: Partial<Record<Field, Cell>>
  columns: Columns
  units: Units
  epoch_1904: boolean
}

type Note = (code: FindingCode, field: Field | null, en?: readonly string[], zh?: readonly string[]) => void

/** The cell's text when there is a usable one; a finding when it holds an error, no result, or too much. */
function textOf (field: Field, cell: Cell | undefined, note: Note): string | null {
  if (cell === undefined) return null
  if (cell.kind === 'ERROR' || cell.kind === 'NO_RESULT') {
    note(REQUIRED.has(field) || field === 'consent' ? (cell.kind === 'ERROR' ? 'CELL_ERROR' : 'FORMULA_NO_RESULT') : 'OPTIONAL_UNREADABLE', field)
    return null
  }
  const text = tidied(cell.text)
  if (text === '') return null
  const max = TEXT_MAX[field]
  if (max !== undefined && [...text.normalize('NFKC')].length > max) {
    note('TEXT_TOO_LONG', field, [String(max)])
    return null
  }
  return text
}

/**
 * One row, normalised, with every finding that the row alone can show. What is unreadable stays null.
 *
 * @param gaps set where a bare figure has no unit at all
 */
export function normalisedRow (source: Source, gaps: UnitGaps): ListRow {
  const { cells, columns, units } = source
  const raw: ListRow['raw'] = {}
  for (const [field, cell] of Object.entries(cells) as [Field, Cell][]) raw[field] = cell.text
  const row: ListRow = {
    sheet: source.sheet, row: source.row, skipped: false, ...NO_VALUES, qualifications: [], normalised_from: [], findings: [], raw, columns
  }
  const note: Note = (code, field, en, zh) => { row.findings.push(listFinding(code, row, field, en, zh)) }
  const noted = new Set<Field>()
  const text = (field: Field): string | null => {
    const before = row.findings.length
    const read = textOf(field, cells[field], note)
    if (row.findings.length > before) noted.add(field)
    return read
  }
  const changed = (field: Field, after: string | null): void => {
    const before = cells[field]?.text
    if (after === null || before === undefined || before === after) return
    row.normalised_from.push({ column: columns[field]?.column ?? null, before, after })
  }
  const missing = (field: Field, code: FindingCode): void => { if (!noted.has(field)) note(code, field) }

  const name = text('name')
  row.name = name === null ? null : nameOf(name)
  if (row.name === null) missing('name', 'NAME_MISSING')
  changed('name', row.name)

  readUscc(row, text('uscc'), cells.uscc, note, () => missing('uscc', 'USCC_MISSING'))
  changed('uscc', row.uscc)

  if (text('amount') === null) missing('amount', 'AMOUNT_MISSING')
  else if (cells.amount !== undefined) readAmount(row, cells.amount, units.money, note, gaps)
  changed('amount', row.amount_fen === null ? null : yuanOf(row.amount_fen))

  if (text('term') === null) missing('term', 'TERM_MISSING')
  else if (cells.term !== undefined) readTerm(row, cells.term, units.term, note, gaps)
  changed('term', row.term_months === null ? null : String(row.term_months))

  const purpose = text('purpose')
  row.purpose = purpose === null ? null : prose(purpose)
  if (row.purpose === null) missing('purpose', 'PURPOSE_MISSING')
  else row.purpose_code = purposeCodeOf(row.purpose)
  changed('purpose', row.purpose)

  row.consent = isConsent(text('consent') ?? '')
  if (!row.consent && !noted.has('consent')) note('NOT_AUTHORISED', 'consent')

  readProject(row, text('project_code'), text('project_name'), note)
  changed('project_code', row.project_code)
  changed('project_name', row.project_name)

  if (text('demand_date') !== null && cells.demand_date !== undefined) {
    row.demand_date = dateOf(cells.demand_date, source.epoch_1904)
    if (row.demand_date === null) note('DATE_INVALID', 'demand_date')
  }
  changed('demand_date', row.demand_date)

  const industry = text('industry')
  if (industry !== null) {
    row.industry_code = normaliseIndustryCode(industry)
    if (row.industry_code !== null && isManufacturing(industry) === false) note('NOT_MANUFACTURING', 'industry')
  }
  const park = text('park')
  row.park_text = park === null ? null : prose(park)
  changed('park', row.park_text)
  const qualifications = text('qualifications')
  row.qualifications = qualifications === null ? [] : qualificationsOf(qualifications)

  readContact(row, text('contact_name'), text('contact_phone'))
  readSize(row, cells, text, units.revenue, note)
  if (source.hidden) note('ROW_HIDDEN', null)
  row.raw = Object.fromEntries(JUDGED_LATER.flatMap((field) => raw[field] === undefined ? [] : [[field, raw[field]]]))
  return row
}

function readUscc (row: ListRow, text: string | null, cell: Cell | undefined, note: Note, missing: () => void): void {
  if (text === null) {
    missing()
    return
  }
  row.uscc = normaliseUscc(text)
  const number_lost = cell?.kind === 'NUMBER' && (/e/iu.test(cell.text) || (cell.text.length > 15 && !/^\d{18}$/u.test(cell.text)))
  if (number_lost) {
    note('USCC_SCIENTIFIC', 'uscc')
    return
  }
  for (const { code } of checkUscc(row.uscc)) {
    const strange = [...row.uscc].filter((one) => !/[0-9A-HJ-NP-RT-UW-Y]/u.test(one))
    const shown = [...new Set(strange)].slice(0, 5).join(' ')
    const hint = /[OIZS]/u.test(shown) ? MIXED_UP : { en: '', zh: '' }
    if (!isFindingCode(code)) throw new RangeError(`unlisted finding ${code}`)
    if (code === 'USCC_LENGTH') note(code, 'uscc', [String([...row.uscc].length)])
    else if (code === 'USCC_CHARSET') note(code, 'uscc', [shown === '' ? '' : ` (${shown}${hint.en})`], [shown === '' ? '' : `（${shown}${hint.zh}）`])
    else note(code, 'uscc')
  }
  if (hasValidCode(row) && usccRegion(row.uscc)?.is_chongqing === false) note('NOT_IN_CHONGQING', 'uscc')
}

const CODE_FAULTS: ReadonlySet<string> = new Set([
  'USCC_MISSING', 'USCC_SCIENTIFIC', 'USCC_LENGTH', 'USCC_CHARSET', 'USCC_CHECK_DIGIT', 'CELL_ERROR', 'FORMULA_NO_RESULT', 'TEXT_TOO_LONG'
])

/** Whether the row's code is right, whatever else may be wrong with the row. */
export function hasValidCode (row: ListRow): row is ListRow & { uscc: string } {
  return row.uscc !== null && !row.findings.some((one) => CODE_FAULTS.has(one.code) && one.column === (row.columns.uscc?.column ?? null))
}

function readAmount (row: ListRow, cell: Cell, unit: string | null, note: Note, gaps: UnitGaps): void {
  const read = amountOf(cell, unit)
  if ('fault' in read) note(read.fault, 'amount')
  else if (!read.unit_known) gaps.money = true
  else {
    row.amount_fen = read.fen
    if (read.rounded) note('AMOUNT_ROUNDED', 'amount', [yuanOf(read.fen)])
  }
}

function readTerm (row: ListRow, cell: Cell, unit: '月' | '年' | null, note: Note, gaps: UnitGaps): void {
  const read = termOf(cell, unit)
  if ('fault' in read) note(read.fault, 'term')
  else if ('unit_known' in read) gaps.term = true
  else {
    row.term_months = read.months
    if (read.months > TERM_USUAL_MAX) note('TERM_UNUSUAL', 'term', [String(read.months)])
  }
}

function readProject (row: ListRow, code: string | null, name: string | null, note: Note): void {
  row.project_name = name === null ? null : prose(name)
  if (code === null || /^(?:无|暂无|[-/—]+)$/u.test(compact(code))) return
  const read = normaliseProjectCode(code)
  if (hasProjectCodeForm(read)) row.project_code = read
  for (const one of checkProjectCode(read)) if (isFindingCode(one.code)) note(one.code, 'project_code')
}

function readContact (row: ListRow, name: string | null, phone: string | null): void {
  const both = name === null ? { name: null, phone: null } : contactOf(name)
  const other = phone === null ? { name: null, phone: null } : contactOf(phone)
  row.contact_name = both.name ?? other.name
  row.contact_phone = other.phone ?? both.phone
}

function readSize (row: ListRow, cells: Source['cells'], text: (field: Field) => string | null, unit: string | null, note: Note): void {
  if (text('employees') !== null && cells.employees !== undefined) {
    row.employees = countOf(cells.employees)
    if (row.employees === null) note('OPTIONAL_UNREADABLE', 'employees')
  }
  if (text('revenue') !== null && cells.revenue !== undefined) {
    const read = amountOf(cells.revenue, unit !== null && moneyPower(unit) === null ? null : unit, true)
    if ('fen' in read) row.revenue_fen = read.fen
    else note('OPTIONAL_UNREADABLE', 'revenue')
  }
}
