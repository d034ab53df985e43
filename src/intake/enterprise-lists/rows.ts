import type { ListFinding } from './findings.ts'

/** What a column of a list can mean. */
export const FIELDS = [
  'name', 'uscc', 'amount', 'term', 'purpose', 'consent', 'project_code', 'project_name', 'demand_date', 'park', 'industry',
  'qualifications', 'contact_name', 'contact_phone', 'employees', 'revenue', 'seq', 'remark'
] as const
export type Field = typeof FIELDS[number]

export const OUTCOMES = ['ACCEPTED', 'ACCEPTED_WITH_REMARK', 'HELD', 'REJECTED', 'SKIPPED'] as const
export type Outcome = typeof OUTCOMES[number]

/** Where a field stands: `index` counts from 0, `column` is the sheet's letter, or the number as text in CSV. */
export interface Column {
  index: number
  column: string
  head: string | null
  /** units written into the head, if any: of money or of a term */
  unit: string | null
}
export type Columns = Partial<Record<Field, Column>>

/** What the reader saw and what was made of it. */
export interface Normalisation { column: string | null, before: string, after: string }

/** The values of one row; what is missing or unreadable is null, never guessed. */
export interface RowValues {
  uscc: string | null
  name: string | null
  project_code: string | null
  project_name: string | null
  amount_fen: number | null
  term_months: number | null
  purpose: string | null
  purpose_code: string | null
  demand_date: string | null
  consent: boolean
  industry_code: string | null
  park_text: string | null
  qualifications: string[]
  contact_name: string | null
  contact_phone: string | null
  employees: number | null
  revenue_fen: number | null
}

/** A row as read: normalised, with what the cells alone show to be wrong. */
export interface ListRow extends RowValues {
  sheet: string | null
  row: number
  skipped: boolean
  normalised_from: Normalisation[]
  findings: ListFinding[]
  /** text of the cells as they stood, for findings that only the whole list can show */
  raw: Partial<Record<Field, string>>
  columns: Columns
  /** no other row of its list has its code or its name; said in long lists only */
  alone?: boolean
}

/** A row with its outcome: contract.md §4 without the numbers that the store gives. */
export interface DecidedRow extends RowValues {
  sheet: string | null
  row: number
  outcome: Outcome
  normalised_from: Normalisation[]
  findings: ListFinding[]
  /** in a correction the earlier need that the row is about */
  about_need: string | null
  /** that need stays as it is: the row says nothing new, or cannot go in */
  keeps: boolean
}

/** One sheet as it was understood. */
export interface SheetReading {
  sheet: string | null
  role: 'DATA' | 'NO_HEAD' | 'REFERENCE' | 'EMPTY' | 'HIDDEN'
  head_rows: number[]
  first_data_row: number | null
  last_data_row: number | null
  amount_unit: string | null
  term_unit: string | null
  columns: { field: Field, column: string, head: string | null }[]
}

export const NO_VALUES: Readonly<RowValues> = {
  uscc: null, name: null, project_code: null, project_name: null, amount_fen: null, term_months: null, purpose: null, purpose_code: null,
  demand_date: null, consent: false, industry_code: null, park_text: null, qualifications: [], contact_name: null, contact_phone: null,
  employees: null, revenue_fen: null
}

/** A column's letter: 0 → A, 27 → AB. */
export function columnLetter (index: number): string {
  let letters = ''
  for (let rest = index + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) letters = String.fromCharCode(65 + ((rest - 1) % 26)) + letters
  return letters
}
