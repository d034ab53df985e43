import { textCell, type Cell } from './cells.ts'
import { normalisedRow } from './normalising.ts'
import type { Columns, Field, ListRow } from './rows.ts'

/** A row as a machine sends it (contract.md §4); its shape is checked before. Amounts are yuan, terms months. */
export interface JsonRow {
  name: string
  uscc: string
  amount: string
  term_months: number
  purpose: string
  consent: boolean
  project_code?: string
  project_name?: string
  demand_date?: string
  park?: string
  industry_code?: string
  qualifications?: readonly string[]
}

/** Fields of the JSON form; the member's name stands where a sheet has its column letter. */
const MEMBERS: readonly (readonly [field: Field, member: Exclude<keyof JsonRow, 'consent' | 'qualifications'>])[] = [
  ['name', 'name'], ['uscc', 'uscc'], ['amount', 'amount'], ['term', 'term_months'], ['purpose', 'purpose'], ['project_code', 'project_code'],
  ['project_name', 'project_name'], ['demand_date', 'demand_date'], ['park', 'park'], ['industry', 'industry_code']
]

const COLUMNS: Columns = Object.fromEntries([...MEMBERS, ['consent', 'consent'], ['qualifications', 'qualifications']]
  .map(([field, column], index) => [field, { index, column, head: null, unit: null }]))

/**
 * Rows of the JSON form, normalised as the rows of a sheet are; they are numbered from 1.
 *
 * @param before rows of the same list that stand before these
 */
export function rowsFromJson (rows: readonly JsonRow[], before = 0): ListRow[] {
  const gaps = { money: false, term: false }
  return rows.map((sent, index) => {
    const cells: Partial<Record<Field, Cell>> = { consent: { kind: 'BOOLEAN', text: sent.consent ? 'TRUE' : 'FALSE', format: null } }
    for (const [field, member] of MEMBERS) {
      const value = sent[member]
      if (value !== undefined) cells[field] = textCell(String(value))
    }
    if (sent.qualifications !== undefined && sent.qualifications.length > 0) cells.qualifications = textCell(sent.qualifications.join('、'))
    return normalisedRow({
      sheet: null, row: before + index + 1, hidden: false, cells, columns: COLUMNS, units: { money: '元', revenue: '元', term: '月' }, epoch_1904: false
    }, gaps)
  })
}
