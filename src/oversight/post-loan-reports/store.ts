/** Table of post-loan reports. */
import { and, asc, eq, gt, gte, inArray, ne, or } from 'drizzle-orm'
import { flag, integer, json, table, text } from '../../db/columns.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import { interest_vouchers } from '../../lending/interest-vouchers/store.ts'
import { loan_contracts } from '../../lending/loan-contracts/store.ts'
import type { Finding } from '../../policy/findings.ts'
import type { TestedFundUse } from '../../policy/post-loan.ts'

export const post_loan_reports = table('post_loan_reports', {
  number: text().primaryKey(),
  participant_no: text().notNull(),
  business_no: text().notNull(),
  reporter_role: text().$type<'BANK' | 'PARK'>().notNull(),
  iou_no: text(),
  uscc: text().notNull(),
  project_code: text(),
  as_of: text().notNull(),
  authorization_no: text().notNull(),
  body: json<Record<string, unknown>>().notNull(),
  content_digest: text().notNull(),
  fund_use_tests: json<TestedFundUse[]>().notNull(),
  warnings: json<Finding[]>().notNull(),
  is_diverted: flag().notNull(),
  hold_no: text(),
  version: integer().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
})

export type ReportRow = typeof post_loan_reports.$inferSelect

/** false when the sender used the number before. */
export async function insertReport (sql: WriteSql, row: ReportRow): Promise<boolean> {
  return (await sql.insert(post_loan_reports).values(row).onConflictDoNothing().returning({ number: post_loan_reports.number })).length > 0
}

export async function reportByBusinessNo (sql: ReadSql, participant_no: string, report_no: string): Promise<ReportRow | undefined> {
  return (await sql.select().from(post_loan_reports).where(and(eq(post_loan_reports.participant_no, participant_no),
    eq(post_loan_reports.business_no, report_no))))[0]
}

export interface ReportFilter {
  /** its own; with `lends` also those of parks about enterprises it lends to; undefined: all */
  participant_no?: string | undefined
  lends?: boolean
  number?: string
  uscc?: string | undefined
  iou_no?: string | undefined
  warned?: boolean | undefined
  updated_since?: string | undefined
  after: string | null
  limit: number
}

export async function listReports (sql: ReadSql, filter: ReportFilter): Promise<ReportRow[]> {
  const { participant_no, number, uscc, iou_no, warned, updated_since, after, limit } = filter
  const own = participant_no === undefined ? undefined : eq(post_loan_reports.participant_no, participant_no)
  const borrowers = participant_no === undefined || filter.lends !== true ? undefined : and(
    eq(post_loan_reports.reporter_role, 'PARK'),
    inArray(post_loan_reports.uscc, sql.select({ uscc: loan_contracts.uscc }).from(loan_contracts).where(eq(loan_contracts.participant_no, participant_no)))
  )
  return sql.select().from(post_loan_reports).where(and(
    borrowers === undefined ? own : or(own, borrowers),
    number === undefined ? undefined : or(
      eq(post_loan_reports.number, number), participant_no === undefined ? undefined : and(own, eq(post_loan_reports.business_no, number))
    ),
    uscc === undefined ? undefined : eq(post_loan_reports.uscc, uscc),
    iou_no === undefined ? undefined : eq(post_loan_reports.iou_no, iou_no),
    warned === undefined ? undefined : warned ? ne(post_loan_reports.warnings, []) : eq(post_loan_reports.warnings, []),
    updated_since === undefined ? undefined : gte(post_loan_reports.updated_at, updated_since),
    after === null ? undefined : gt(post_loan_reports.number, after)
  )).orderBy(asc(post_loan_reports.number)).limit(limit)
}

/** Balances that accepted interest vouchers state of a drawdown. */
export async function balancesOf (sql: ReadSql, drawdown_number: string): Promise<{ from: string, to: string, balance_fen: number }[]> {
  const rows = await sql.select({ segments: interest_vouchers.segments }).from(interest_vouchers)
    .where(and(eq(interest_vouchers.lent_number, drawdown_number), eq(interest_vouchers.status, 'ACCEPTED')))
  return rows.flatMap(({ segments }) => segments.map(({ from, to, balance_fen }) => ({ from, to, balance_fen })))
}

/** Banks that lend to an enterprise. */
export async function lendersOf (sql: ReadSql, uscc: string): Promise<string[]> {
  const rows = await sql.selectDistinct({ participant_no: loan_contracts.participant_no }).from(loan_contracts).where(eq(loan_contracts.uscc, uscc))
  return rows.map(({ participant_no }) => participant_no)
}
