/** What the hub itself knows for a park's self-assessment: read from the tables of the rooms before. */
import { and, asc, eq, gte, inArray, isNotNull, isNull, lt, lte, min, or, sql as expression, type SQLWrapper } from 'drizzle-orm'
import type { ReadSql } from '../../db/db.ts'
import { enterprises } from '../../intake/enterprises/store.ts'
import { need_sources } from '../../intake/financing-needs/store.ts'
import { projects, type Project } from '../../intake/projects/store.ts'
import { drawdowns } from '../../lending/drawdowns/store.ts'
import { leads } from '../../matching/leads/store.ts'
import { endOfBeijingDay } from '../../policy/calendar.ts'
import { addDays, type Period } from '../../policy/period.ts'
import { compensation_claims } from '../../risk/compensation-claims/store.ts'

/** Enterprises whose needs came through a park. */
const brought = (sql: ReadSql, park_no: string) => sql.selectDistinct({ uscc: need_sources.uscc }).from(need_sources)
  .where(or(eq(need_sources.participant_no, park_no), eq(need_sources.park_no, park_no)))

const total = (what: SQLWrapper) => expression<number>`coalesce(sum(${what}), 0)`.mapWith(Number)

export interface LeadTimes { contacted_at: string | null, contact_due_date: string, approved_at: string | null, disbursed_at: string | null }

/** Clocks of the leads pushed in the period for needs of a park. */
export async function leadTimes (sql: ReadSql, park_no: string, { from, to }: Period): Promise<LeadTimes[]> {
  const needs = sql.selectDistinct({ need_no: need_sources.need_no }).from(need_sources).where(or(eq(need_sources.participant_no, park_no),
    eq(need_sources.park_no, park_no)))
  return sql.select({
    contacted_at: leads.contacted_at, contact_due_date: leads.contact_due_date, approved_at: leads.approved_at, disbursed_at: leads.disbursed_at
  }).from(leads).where(and(inArray(leads.need_no, needs), gte(leads.pushed_at, endOfBeijingDay(addDays(from, -1))), lt(leads.pushed_at,
    endOfBeijingDay(addDays(to, -1)))))
}

export interface LoanOfPeriod { uscc: string, industry_code: string | null, amount_fen: number, first_disbursed: string }

/**
 * What each enterprise of a park drew in the period, by industry, and the day of its first drawdown ever.
 *
 * @param basis whose industry makes a manufacturer
 */
export async function loansOfPeriod (sql: ReadSql, park_no: string, { from, to }: Period, basis: 'ENTERPRISE' | 'PROJECT'): Promise<LoanOfPeriod[]> {
  const in_force = eq(drawdowns.status, 'ACCEPTED')
  const { industry_code } = basis === 'ENTERPRISE' ? enterprises : projects
  const drawn = await sql.select({ uscc: drawdowns.uscc, industry_code, amount_fen: total(drawdowns.amount_fen) }).from(drawdowns)
    .leftJoin(enterprises, eq(enterprises.uscc, drawdowns.uscc))
    .leftJoin(projects, and(eq(projects.owner_uscc, drawdowns.uscc), eq(projects.project_code, drawdowns.project_code)))
    .where(and(in_force, inArray(drawdowns.uscc, brought(sql, park_no)), gte(drawdowns.disbursed_date, from), lt(drawdowns.disbursed_date, to)))
    .groupBy(drawdowns.uscc, industry_code)
  const firsts = await sql.select({ uscc: drawdowns.uscc, first: min(drawdowns.disbursed_date) }).from(drawdowns)
    .where(and(in_force, inArray(drawdowns.uscc, brought(sql, park_no)))).groupBy(drawdowns.uscc)
  const first_of = new Map(firsts.map(({ uscc, first }) => [uscc, first ?? from]))
  return drawn.map(({ uscc, industry_code, amount_fen }) => ({ uscc, industry_code, amount_fen, first_disbursed: first_of.get(uscc) ?? from }))
}

/** Renovation projects of a park's enterprises that began in the period. */
export async function projectsStarted (sql: ReadSql, park_no: string, { from, to }: Period): Promise<Project[]> {
  return sql.select().from(projects).where(and(inArray(projects.owner_uscc, brought(sql, park_no)), isNotNull(projects.start_date), gte(projects.start_date,
    from), lt(projects.start_date, to)))
    .orderBy(asc(projects.start_date), asc(projects.project_code))
}

/** What the guarantee system covered for enterprises of a park until the end of the period, fen. */
export async function compensationOf (sql: ReadSql, park_no: string, { to }: Period): Promise<{ covered_fen: number }> {
  const [covered] = await sql.select({ covered_fen: total(compensation_claims.covered_fen) }).from(compensation_claims).where(and(
    inArray(compensation_claims.uscc, brought(sql, park_no)), isNotNull(compensation_claims.covered_fen), lte(compensation_claims.decided_at,
      endOfBeijingDay(addDays(to, -1))),
    or(isNull(compensation_claims.review), eq(compensation_claims.review, 'ACCEPT'))
  ))
  return { covered_fen: covered?.covered_fen ?? 0 }
}
