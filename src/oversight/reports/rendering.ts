/** A report as bytes: JSON, CSV or a workbook. The same report always gives the same bytes. Pure. */
import { createHash } from 'node:crypto'
import { CSV_MEDIA_TYPE, csvOf, workbookOf, XLSX_MEDIA_TYPE } from '../../intake/enterprise-lists/writing.ts'
import type { REPORT_FORMATS } from './schema.ts'
import type { Cell } from './table.ts'

export type Format = typeof REPORT_FORMATS[number]

export interface Definition { column: string, definition: string, definition_zh: string, clause: string }
export interface Basis { row: string, objects: number, subjects: string[], events: string[] }
export interface ReportRow { suppressed: boolean, suppressed_columns: readonly string[], basis: Basis | null,
  [column: string]: Cell | readonly string[] | Basis }

export interface Report {
  report: string
  title: string
  title_zh: string
  period: { from: string, to: string, as_of: string }
  region_code: string | null
  policy: { policy_code: string, version: string }
  definitions: Definition[]
  rows: ReportRow[]
  totals: Record<string, Cell>[]
  suppressed_groups: number
  case_no: string | null
}

export interface Rendered { bytes: Buffer, media_type: string, file_name: string, digest: string }

/** A cell as text; a hidden one is named as such, since an empty cell would read as nothing. */
function shownText (row: ReportRow, column: string): string {
  const value = row[column]
  return row.suppressed_columns.includes(column) ? '*' : value === null || value === undefined ? '' : String(value)
}

function linesOf (report: Report): string[][] {
  const columns = report.definitions.map(({ column }) => column)
  return [columns, ...report.rows.map(row => columns.map(column => shownText(row, column)))]
}

function aboutLines ({ report, title_zh, period, region_code, policy, suppressed_groups,
  definitions }: Report): string[][] {
  return [
    ['report', report], ['title', title_zh], ['from', period.from], ['to', period.to], ['as_of', period.as_of],
      ['region_code', region_code ?? ''],
    ['policy', `${policy.policy_code} ${policy.version}`], ['suppressed_groups', `${suppressed_groups} (*)`], [],
    ['column', 'definition', 'definition_zh', 'clause'], ...definitions.map(each => [each.column, each.definition, each.definition_zh,
      each.clause])
  ]
}

const width_max = 40

function xlsxOf (report: Report): Buffer {
  const rows = linesOf(report)
  const sheet = (name: string, lines: string[][], heads: number[]) => ({
    name, rows: lines, widths: (lines[heads[0] === undefined ? 0 : heads[0] - 1] ?? []).map(text => Math.min(width_max,
      Math.max(12, text.length + 2))), head_rows: heads,
    frozen_rows: heads[0] === 1 ? 1 : 0, text_columns: [], merges: [], choices: []
  })
  const about = aboutLines(report)
  return Buffer.from(workbookOf([sheet('report', rows, [1]), sheet('about', about, [10])]))
}

/** @returns bytes with their digest, which is the ETag */
export function rendered (report: Report, format: Format): Rendered {
  const [bytes, media_type] = format === 'csv' ? [Buffer.from(csvOf(linesOf(report))), `${CSV_MEDIA_TYPE}; charset=utf-8`]
    : format === 'xlsx' ? [xlsxOf(report), XLSX_MEDIA_TYPE] : [Buffer.from(JSON.stringify(report)), 'application/json; charset=utf-8']
  return {
    bytes, media_type, file_name: `${report.report}_${report.period.from}_${report.period.to}.${format}`,
    digest: createHash('sha256').update(bytes).digest('hex')
  }
}
