/** A report as a table: columns with their meaning, rows with what stands behind them, and the hiding of small groups. Pure. */
import { fenOf, yuanOf } from '../../policy/money.ts'
import { countOf, nearestTerms, type PolicyVersion } from '../../policy/terms.ts'

export type Cell = string | number | boolean | null

export interface Column {
  readonly name: string
  /** where the sum over rows means something */
  readonly sums?: 'MONEY' | 'COUNT'
  /** whose enterprises the figure is about: names of counts of the row; none: it is about no enterprise */
  readonly about?: readonly string[]
  readonly definition: string
  readonly definition_zh: string
  readonly clause: string
}

export interface Row {
  readonly cells: Readonly<Record<string, Cell>>
  /** enterprises behind the figures, by name of the count */
  readonly counts: Readonly<Record<string, number>>
  /** rows of one group share a total */
  readonly group: string
  /** how many things were counted, and numbers of some of them */
  readonly behind: { readonly objects: number, readonly subjects: readonly string[] }
  /** whose row it is: participant or district */
  readonly owner: string | null
}

export interface ShownRow extends Row { readonly hidden: readonly string[] }
export interface Total { group: string, [column: string]: Cell }
export interface Table { rows: ShownRow[], totals: Total[], suppressed_groups: number }

/** A figure about fewer enterprises is not shown to those who may only read statistics, in any report, by the version in force on a day. */
export function smallestGroupOn (policies: readonly PolicyVersion[], day: string): number {
  return countOf(nearestTerms(policies, 'TECH_RENO_LOAN', day), 'suppression_min_group')
}

function totalOf (group: string, rows: readonly Row[], columns: readonly Column[], hidden: ReadonlySet<string>): Total {
  const total: Total = { group }
  for (const { name, sums, about = [] } of columns) {
    if (sums === undefined) continue
    const values = rows.map(({ cells }) => cells[name] ?? null).filter(value => value !== null)
    if (values.length === 0 || about.some(count => hidden.has(count))) total[name] = null
    else if (sums === 'MONEY') total[name] = yuanOf(values.reduce((sum: number, value) => sum + fenOf(String(value)), 0))
    else total[name] = values.reduce((sum: number, value) => sum + Number(value), 0)
  }
  return total
}

/**
 * Totals, and with `smallest` the hiding of figures about fewer enterprises than that.
 *
 * A hidden figure must not come back as total less the others: where figures of a count are hidden, further rows with enough enterprises
 * are hidden with them (those with the fewest, first in the table), and where there are too few of them, the total as well. Counts of rows
 * may overlap, so two small rows never protect each other.
 *
 * @param smallest 0: nothing is hidden
 * @param covers how many further rows: two where readers know a row of their own, which hides nothing from them
 */
export function tableOf (columns: readonly Column[], rows: readonly Row[], smallest: number, covers: 1 | 2 = 1): Table {
  const counts = [...new Set(columns.flatMap(({ about = [] }) => about))]
  const hidden = new Map<Row, Set<string>>(rows.map(row => [row, new Set()]))
  const totals: Total[] = []
  for (const group of new Set(rows.map(row => row.group))) {
    const members = rows.filter(row => row.group === group)
    const hidden_totals = new Set<string>()
    for (const count of counts) {
      const of = (row: Row) => row.counts[count] ?? 0
      const small = members.filter(row => of(row) > 0 && of(row) < smallest)
      for (const row of small) hidden.get(row)?.add(count)
      if (small.length === 0 || !columns.some(({ sums, about = [] }) => sums !== undefined && about.includes(count))) continue
      const covering = members.filter(row => of(row) >= smallest).sort((a, b) => of(a) - of(b)).slice(0, covers)
      if (covering.length < covers) hidden_totals.add(count)
      for (const row of covering) hidden.get(row)?.add(count)
    }
    totals.push(totalOf(group, members, columns, hidden_totals))
  }
  const shown = rows.map(row => {
    const gone = hidden.get(row) ?? new Set()
    const names = columns.filter(({ about = [] }) => about.some(count => gone.has(count))).map(({ name }) => name)
    return { ...row, cells: Object.fromEntries(columns.map(({ name }) => [name, names.includes(name) ? null : row.cells[name] ?? null])),
      hidden: names }
  })
  return { rows: shown, totals, suppressed_groups: shown.filter(row => row.hidden.length > 0).length }
}
