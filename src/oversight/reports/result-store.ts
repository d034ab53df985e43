/** Table of reports to be fetched later. */
import { and, asc, eq, lt, ne } from 'drizzle-orm'
import { integer, isWord, json, table, text } from '../../db/columns.ts'
import { hot, type ReadSql, type WriteSql } from '../../db/db.ts'
import type { admit } from '../../http/access.ts'
import type { ProblemCode } from '../../problem.ts'
import type { ReportName } from './catalogue.ts'
import type { Format } from './rendering.ts'
import type { Asked } from './service.ts'

const report_results = table('report_results', {
  result_no: text().primaryKey(),
  participant_no: text().notNull(),
  principal: json<Parameters<typeof admit>[0]>().notNull(),
  report: text().$type<ReportName>().notNull(),
  asked: json<Asked>().notNull(),
  format: text().$type<Format>().notNull(),
  status: text().$type<'WAITING' | 'DONE' | 'FAILED'>().notNull(),
  attempts: integer().notNull(),
  /** why it cannot be made */
  failure: text().$type<ProblemCode>(),
  bytes_base64: text(),
  media_type: text(),
  file_name: text(),
  digest: text(),
  seq: integer(),
  created_at: text().notNull(),
  made_at: text()
})

export type ReportResult = typeof report_results.$inferSelect

export async function insertResult (sql: WriteSql, row: ReportResult): Promise<void> {
  await sql.insert(report_results).values(row)
}

const buildWaiting = (sql: ReadSql) => sql.select().from(report_results).where(isWord(report_results.status, 'WAITING'))
  .orderBy(asc(report_results.attempts), asc(report_results.result_no)).limit(1).prepare()

/** The one that waits longest, those that failed before after all others; asked after every commit. */
export async function waitingResult (sql: ReadSql): Promise<ReportResult | undefined> {
  return (await hot(sql, buildWaiting).execute())[0]
}

/** Keeps what was made. false: it was made at the same time. */
export async function keepResult (sql: WriteSql, result_no: string,
  content: Pick<ReportResult, 'bytes_base64' | 'media_type' | 'file_name' | 'digest' | 'seq' | 'made_at'>): Promise<boolean> {
  return (await sql.update(report_results).set({ ...content, status: 'DONE' })
    .where(and(eq(report_results.result_no, result_no), eq(report_results.status, 'WAITING'))).returning({ result_no: report_results.result_no })).length > 0
}

/** Puts one that failed behind the others, or ends it with the reason. */
export async function keepFailure (sql: WriteSql, result_no: string, failed: Pick<ReportResult, 'attempts' | 'failure'>): Promise<void> {
  await sql.update(report_results).set({ ...failed, status: failed.failure === null ? 'WAITING' : 'FAILED' })
    .where(and(eq(report_results.result_no, result_no), eq(report_results.status, 'WAITING')))
}

/** What a participant asked for in the same words and still waits for. */
export async function sameWaiting (sql: ReadSql, { participant_no, report, asked, format }: Pick<ReportResult, 'participant_no' | 'report' | 'asked' | 'format'>) {
  return (await sql.select({ result_no: report_results.result_no, created_at: report_results.created_at }).from(report_results).where(and(
    eq(report_results.status, 'WAITING'), eq(report_results.participant_no, participant_no), eq(report_results.report, report),
    eq(report_results.asked, asked), eq(report_results.format, format)
  )).limit(1))[0]
}

export async function findResult (sql: ReadSql, participant_no: string, result_no: string): Promise<ReportResult | undefined> {
  return (await sql.select().from(report_results).where(and(eq(report_results.result_no, result_no), eq(report_results.participant_no, participant_no))))[0]
}

/** Removes what was made, or failed, and asked for before an instant. */
export async function removeResults (sql: WriteSql, before: string): Promise<number> {
  return (await sql.delete(report_results).where(and(ne(report_results.status, 'WAITING'), lt(report_results.created_at, before)))
    .returning({ result_no: report_results.result_no })).length
}

export async function isOneOlder (sql: ReadSql, before: string): Promise<boolean> {
  return (await sql.select({ result_no: report_results.result_no }).from(report_results)
    .where(and(ne(report_results.status, 'WAITING'), lt(report_results.created_at, before))).limit(1)).length > 0
}
