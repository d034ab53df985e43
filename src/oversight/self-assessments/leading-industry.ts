/** The KPI of a park's leading industries: larger enterprises that carried out renovation. Source: S1 三(三)4. */
import { and, eq, gte, inArray, isNotNull, lt } from 'drizzle-orm'
import type { ReadSql } from '../../db/db.ts'
import { enterprise_sources } from '../../intake/enterprises/store.ts'
import { projects } from '../../intake/projects/store.ts'
import { drawdowns } from '../../lending/drawdowns/store.ts'
import { industryPrefixes, isOfIndustries, LARGER_ENTERPRISE } from '../../policy/leading-industry.ts'
import type { Period } from '../../policy/period.ts'
import { industriesSupported } from '../../registry/consortia/store.ts'

export interface LeadingIndustry { larger: number, renovated: number }

/**
 * Of the enterprises that the park itself described with revenue and industry, the larger ones of the industries its consortium supports;
 * and how many of them have begun a renovation project before the end of the period, by its start or by a drawdown for it.
 *
 * @returns null where no supported industry is known
 */
export async function leadingIndustry (sql: ReadSql, park_no: string, days: Period): Promise<LeadingIndustry | null> {
  const prefixes = industryPrefixes(await industriesSupported(sql, park_no, days))
  if (prefixes.length === 0) return null
  const larger_ones = and(eq(enterprise_sources.source_no, park_no), isNotNull(enterprise_sources.industry_code),
    gte(enterprise_sources.revenue_fen, LARGER_ENTERPRISE.revenue_min_fen))
  const described = await sql.select({ uscc: enterprise_sources.uscc, industry_code: enterprise_sources.industry_code })
    .from(enterprise_sources).where(larger_ones)
  const larger = described.filter(({ industry_code }) => isOfIndustries(industry_code ?? '', prefixes))
  const of_park = sql.select({ uscc: enterprise_sources.uscc }).from(enterprise_sources).where(larger_ones)
  const begun = await sql.selectDistinct({ uscc: projects.owner_uscc }).from(projects)
    .where(and(inArray(projects.owner_uscc, of_park), isNotNull(projects.start_date), lt(projects.start_date, days.to)))
  const drawn = await sql.selectDistinct({ uscc: drawdowns.uscc }).from(drawdowns)
    .where(and(inArray(drawdowns.uscc, of_park), eq(drawdowns.status, 'ACCEPTED'), lt(drawdowns.disbursed_date, days.to)))
  const renovated = new Set([...begun, ...drawn].map(({ uscc }) => uscc))
  return { larger: larger.length, renovated: larger.filter(({ uscc }) => renovated.has(uscc)).length }
}
