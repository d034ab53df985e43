import type { LightMyRequestResponse } from 'fastify'
import type { Built } from '../helper.ts'

/** The body of a 2xx; anything else stops the test with what was said. */
export function passed<T = Record<string, unknown>> (answer: LightMyRequestResponse): T {
  if (answer.statusCode >= 300) throw new Error(`${answer.statusCode} ${answer.body}`)
  return answer.json() as T
}

export type Figures = Record<string, string | number | boolean | null>
export interface ReportBody {
  rows: (Figures & { suppressed: boolean, suppressed_columns: string[],
    basis: { row: string, objects: number, subjects: string[], events: string[] } | null })[]
  totals: (Figures & { group: string })[]
  suppressed_groups: number
  definitions: { column: string, definition: string, definition_zh: string, clause: string }[]
  period: { from: string, to: string, as_of: string }
  policy: { policy_code: string, version: string }
}

export async function reportOf (hub: Built, who: string, report: string, query = '?period=2026Q1'): Promise<ReportBody> {
  return passed<ReportBody>(await hub.as(who).get(`/v1/reports/${report}${query}`))
}

export function rowOf (report: ReportBody, column: string, value: string): ReportBody['rows'][number] {
  const row = report.rows.find(each => each[column] === value)
  if (row === undefined) throw new Error(`no row with ${column} ${value}`)
  return row
}

/** Everything a participant's list holds. */
export async function allOf<T> (hub: Built, who: string, path: string): Promise<T[]> {
  const items: T[] = []
  for (let cursor = ''; ;) {
    const page = passed<{ items: T[],
      next_cursor: string | null }>(await hub.as(who).get(`${path}${path.includes('?') ? '&' : '?'}limit=200${cursor}`))
    items.push(...page.items)
    if (typeof page.next_cursor !== 'string') return items
    cursor = `&cursor=${page.next_cursor}`
  }
}
