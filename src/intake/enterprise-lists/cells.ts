/** What a workbook and a CSV have in common: sheets of rows of typed cells. */

export type CellKind = 'TEXT' | 'NUMBER' | 'DATE' | 'BOOLEAN' | 'ERROR' | 'NO_RESULT'

/** How a number is shown: words of a unit in its format, and by how many powers of ten it is shown smaller than stored. */
export interface NumberFormat { is_date: boolean, unit: string, scale: number }

/** `text` is what was stored: text, plain decimal, ISO date, TRUE or FALSE, #N/A. */
export interface Cell { kind: CellKind, text: string, format: NumberFormat | null }

/** `number` is the sheet's own, from 1; in CSV the record's. Empty cells are not kept. */
export interface Row { number: number, hidden: boolean, cells: Map<number, Cell> }

/** A merged area, columns from 0, rows from 1, ends included. */
export interface Area { first_row: number, last_row: number, first_column: number, last_column: number }

export interface Sheet {
  /** null in CSV */
  name: string | null
  hidden: boolean
  /** in order; of a CSV all records, also the blank ones */
  rows: Iterable<Row>
  merges: Area[]
  /** day 0 is 1904-01-01 instead of the end of 1899 */
  epoch_1904: boolean
}

export function textCell (text: string): Cell {
  return { kind: 'TEXT', text, format: null }
}

const DAY_MS = 86_400_000
const SERIAL_MAX = 2_958_465
const EPOCH_1904_DAYS = 1462

/**
 * The day of a spreadsheet's serial number, ISO; null when outside 1900…9999.
 * The day 1900-02-29, which never was but which the format counts, has none either.
 */
export function dateOfSerial (serial: number, epoch_1904: boolean): string | null {
  const day = Math.floor(serial) + (epoch_1904 ? EPOCH_1904_DAYS : 0)
  if (!(day >= 1) || day > SERIAL_MAX || (day === 60 && !epoch_1904)) return null
  const shift = day < 60 ? 25_568 : 25_569
  return new Date((day - shift) * DAY_MS).toISOString().slice(0, 10)
}

/** A number as the spreadsheet shows it: 15 digits, no exponent, no binary dust. */
export function plainDecimal (value: number): string {
  const shown = Number(value.toPrecision(15))
  if (Number.isInteger(shown)) return BigInt(shown).toString()
  const text = String(shown)
  return text.includes('e') ? shown.toFixed(20).replace(/0+$/u, '') : text
}
