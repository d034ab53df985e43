/** Table of self-assessments. */
import { and, asc, desc, eq, gt, gte, sql as expression } from 'drizzle-orm'
import { integer, json, table, text } from '../../db/columns.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import type { Finding } from '../../policy/findings.ts'

export const self_assessments = table('self_assessments', {
  number: text().primaryKey(),
  participant_no: text().notNull(),
  period: text().notNull(),
  revision: integer().notNull(),
  correction_of: text(),
  status: text().$type<'SUBMITTED' | 'SUPERSEDED'>().notNull(),
  body: json<Record<string, unknown>>().notNull(),
  content_digest: text().notNull(),
  prefilled: json<Record<string, unknown>>().notNull(),
  findings: json<Finding[]>().notNull(),
  recorded_by: text(),
  version: integer().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
})

export type Assessment = typeof self_assessments.$inferSelect

/** false when the period was assessed at the same time. */
export async function insertAssessment (sql: WriteSql, row: Assessment): Promise<boolean> {
  return (await sql.insert(self_assessments).values(row).onConflictDoNothing().returning({ number: self_assessments.number })).length > 0
}

/** Every revision of a park's assessment of a period, or of all periods, the newest first. */
export async function assessmentsOf (sql: ReadSql, participant_no: string, period?: string): Promise<Assessment[]> {
  return sql.select().from(self_assessments)
    .where(and(eq(self_assessments.participant_no, participant_no), period === undefined ? undefined : eq(self_assessments.period, period)))
    .orderBy(desc(self_assessments.revision))
}

/** Supersedes a submitted assessment. @returns whether it still stood */
export async function supersede (sql: WriteSql, now: string, number: string): Promise<boolean> {
  return (await sql.update(self_assessments).set({ status: 'SUPERSEDED', version: expression`${self_assessments.version} + 1`, updated_at: now })
    .where(and(eq(self_assessments.number, number), eq(self_assessments.status, 'SUBMITTED'))).returning({ number: self_assessments.number })).length > 0
}

export interface AssessmentFilter {
  participant_no?: string | undefined
  period?: string | undefined
  status?: Assessment['status'] | undefined
  updated_since?: string | undefined
  after: string | null
  limit: number
}

export async function listAssessments (sql: ReadSql, { participant_no, period, status, updated_since, after, limit }: AssessmentFilter): Promise<Assessment[]> {
  return sql.select().from(self_assessments).where(and(
    participant_no === undefined ? undefined : eq(self_assessments.participant_no, participant_no),
    period === undefined ? undefined : eq(self_assessments.period, period),
    status === undefined ? undefined : eq(self_assessments.status, status),
    updated_since === undefined ? undefined : gte(self_assessments.updated_at, updated_since),
    after === null ? undefined : gt(self_assessments.number, after)
  )).orderBy(asc(self_assessments.number)).limit(limit)
}
