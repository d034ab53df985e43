/**
 * The cap of the compensation rate over wider scopes than guarantor × bank: of a guarantor, of a park, of the whole product. Figures beside
 * the breakers, or what decides a claim where the version says so. S1 五(一); rule R-02, reading A-10.
 */
import { and, asc, eq, isNotNull, ne, sql as expression, sum } from 'drizzle-orm'
import type { ReadSql } from '../../db/db.ts'
import { financing_needs } from '../../intake/financing-needs/store.ts'
import { guarantee_contracts } from '../../lending/guarantee-contracts/store.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { breakerDenominator, measuredTogether, type BreakerScope, type GuaranteePlace } from '../../policy/claims.ts'
import type { PolicyVersion } from '../../policy/terms.ts'
import { claim_recoveries, compensation_claims } from '../compensation-claims/store.ts'

export const WIDER_SCOPES = ['GUARANTOR', 'PARK', 'PRODUCT'] as const satisfies readonly BreakerScope[]
export type WiderScope = typeof WIDER_SCOPES[number]

/** What a cap is measured by, on the 80 % basis, fen. */
export interface Measured { liability_fen: number, compensated_fen: number }
export type MeasuredScope = ReturnType<typeof measuredTogether> & Measured

export function scopePlace ({ guarantor_no, park_no, vintage_year }: Pick<MeasuredScope, 'guarantor_no' | 'park_no' | 'vintage_year'>): string {
  return `${vintage_year}|${guarantor_no ?? ''}|${park_no ?? ''}`
}

const { chain, participant_no, lender_no, uscc, project_code, vintage_year, guaranteed_fen, released_on, status } = guarantee_contracts
const project = { guarantor_no: participant_no, bank_no: lender_no, vintage_year, uscc, project_code }
const number_of = (what: ReturnType<typeof sum>) => expression<number>`coalesce(${what}, 0)`.mapWith(Number)

/** The park that the need of a guaranteed project came through, the last one where there are several. @param year only of this vintage */
async function parksOfProjects (sql: ReadSql, year: number | undefined): Promise<Map<string, string>> {
  const { need_no, park_no } = financing_needs
  const rows = await sql.selectDistinct({ need_no, uscc, project_code, park_no }).from(guarantee_contracts)
    .innerJoin(financing_needs, and(eq(financing_needs.uscc, uscc), eq(financing_needs.project_code, project_code)))
    .where(and(eq(status, 'ACCEPTED'), year === undefined ? undefined : eq(vintage_year, year), isNotNull(park_no))).orderBy(asc(need_no))
  return new Map(rows.map(row => [`${row.uscc}|${row.project_code}`, row.park_no ?? '']))
}

/** Guaranteed and released principal, and what was compensated less settled recoveries, by guarantee project of some vintages. */
async function sumsOfProjects (sql: ReadSql, day: string, year: number | undefined) {
  const of_year = year === undefined ? undefined : eq(vintage_year, year)
  const guaranteed = await sql.select({
    ...project, guaranteed_fen: number_of(sum(guaranteed_fen)),
    released_fen: number_of(sum(expression`case when ${released_on} <= ${day} then ${guaranteed_fen} else 0 end`))
  }).from(guarantee_contracts).where(and(eq(status, 'ACCEPTED'), of_year)).groupBy(...Object.values(project))
  const of_claim = and(eq(chain, compensation_claims.guarantee_number), eq(status, 'ACCEPTED'))
  const stands = and(isNotNull(compensation_claims.covered_fen), ne(compensation_claims.status, 'DECLINED'), of_year)
  const covered = await sql.select({ ...project, compensated_fen: number_of(sum(compensation_claims.covered_fen)) })
    .from(compensation_claims).innerJoin(guarantee_contracts, of_claim).where(stands).groupBy(...Object.values(project))
  const { guarantor_fen, fiscal_fen, re_guarantor_fen } = claim_recoveries
  const recovered = await sql.select({ ...project, compensated_fen: number_of(sum(expression`-(${guarantor_fen} + ${fiscal_fen} + ${re_guarantor_fen})`)) })
    .from(claim_recoveries).innerJoin(compensation_claims, eq(compensation_claims.number, claim_recoveries.claim_number))
    .innerJoin(guarantee_contracts, of_claim).where(and(stands, isNotNull(claim_recoveries.settled_in))).groupBy(...Object.values(project))
  const nothing = { guaranteed_fen: 0, released_fen: 0, compensated_fen: 0 }
  return [...guaranteed, ...covered, ...recovered].map(row => Object.assign({}, nothing, row))
}

/** Every scope of a kind with its sums, by year, guarantor and park. @param year only of this vintage */
export async function measuredScopes (sql: ReadSql, now: string, scope: WiderScope, terms: PolicyVersion, year?: number): Promise<MeasuredScope[]> {
  const parks = scope === 'PARK' ? await parksOfProjects(sql, year) : new Map<string, string>()
  const found = new Map<string, ReturnType<typeof measuredTogether> & { guaranteed_fen: number, released_fen: number, compensated_fen: number }>()
  for (const row of await sumsOfProjects(sql, beijingDate(now), year)) {
    const together = measuredTogether({ ...row, park_no: parks.get(`${row.uscc}|${row.project_code}`) ?? null }, scope)
    const held = found.get(scopePlace(together)) ?? { ...together, guaranteed_fen: 0, released_fen: 0, compensated_fen: 0 }
    for (const name of ['guaranteed_fen', 'released_fen', 'compensated_fen'] as const) held[name] += row[name]
    found.set(scopePlace(together), held)
  }
  return [...found].sort(([a], [b]) => a < b ? -1 : 1).map(([, { guarantor_no, bank_no, park_no, vintage_year: vintage, compensated_fen, ...principal }]) =>
    ({ guarantor_no, bank_no, park_no, vintage_year: vintage, liability_fen: breakerDenominator(principal, terms), compensated_fen }))
}

/** The scope that a guarantee is measured in. @param number of its first version */
export async function measuredAround (sql: ReadSql, now: string, scope: WiderScope, number: string, terms: PolicyVersion): Promise<MeasuredScope> {
  const [guarantee] = await sql.select(project).from(guarantee_contracts).where(and(eq(chain, number), eq(status, 'ACCEPTED')))
  if (guarantee === undefined) throw new Error(`no guarantee ${number} in force`)
  const park_no = scope === 'PARK' ? (await parksOfProjects(sql, guarantee.vintage_year)).get(`${guarantee.uscc}|${guarantee.project_code}`) ?? null : null
  const place: GuaranteePlace = { ...guarantee, park_no }
  const wanted = scopePlace(measuredTogether(place, scope))
  const found = (await measuredScopes(sql, now, scope, terms, guarantee.vintage_year)).find(one => scopePlace(one) === wanted)
  return found ?? { ...measuredTogether(place, scope), liability_fen: 0, compensated_fen: 0 }
}
