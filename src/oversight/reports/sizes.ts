/** How much a report has to read, counted no further than to where it is long: a glance at an index, where the report itself reads rows. */
import { and, count, eq, gte, lt, type SQL } from 'drizzle-orm'
import type { ReadSql } from '../../db/db.ts'
import { financing_needs } from '../../intake/financing-needs/store.ts'
import { drawdowns } from '../../lending/drawdowns/store.ts'
import { guarantee_contracts } from '../../lending/guarantee-contracts/store.ts'
import { leads } from '../../matching/leads/store.ts'
import { subsidy_lines } from '../../subsidy/lines/store.ts'
import { beginningOf } from './making.ts'

/** What a report walks through: the period's needs, leads, drawdowns, lines; drawdowns so far; guarantees of the period's years. */
export const SOURCES = ['needs', 'leads', 'drawdowns', 'drawdowns_so_far', 'lines', 'guarantees'] as const
export type Source = typeof SOURCES[number]

interface Days { from: string, to: string }

function counted (sql: ReadSql, source: Source, { from, to }: Days, up_to: number) {
  const [from_at, to_at] = [beginningOf(from), beginningOf(to)]
  const some = (rows: SQL | undefined, table: typeof leads | typeof financing_needs | typeof drawdowns | typeof subsidy_lines | typeof guarantee_contracts) =>
    sql.select({ uscc: table.uscc }).from(table).where(rows).limit(up_to).as('some')
  switch (source) {
    case 'needs': return some(and(gte(financing_needs.created_at, from_at), lt(financing_needs.created_at, to_at)), financing_needs)
    case 'leads': return some(and(gte(leads.pushed_at, from_at), lt(leads.pushed_at, to_at)), leads)
    case 'drawdowns': return some(and(gte(drawdowns.disbursed_date, from), lt(drawdowns.disbursed_date, to)), drawdowns)
    case 'drawdowns_so_far': return some(lt(drawdowns.disbursed_date, to), drawdowns)
    case 'lines': return some(and(gte(subsidy_lines.paid_date, from), lt(subsidy_lines.paid_date, to)), subsidy_lines)
    case 'guarantees': return some(and(eq(guarantee_contracts.status, 'ACCEPTED'), gte(guarantee_contracts.start_date, `${from.slice(0, 4)}-01-01`),
      lt(guarantee_contracts.start_date, to)), guarantee_contracts)
  }
}

/** Whether more rows than so many stand behind a report of a period. */
export async function readsMoreThan (sql: ReadSql, rows_max: number, sources: readonly Source[], days: Days): Promise<boolean> {
  let rows = 0
  for (const source of sources) {
    rows += (await sql.select({ rows: count() }).from(counted(sql, source, days, rows_max + 1 - rows)))[0]?.rows ?? 0
    if (rows > rows_max) return true
  }
  return false
}
