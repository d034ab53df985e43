/** What reports read of leases, guarantees and compensation. */
import { and, countDistinct, count, eq, gte, inArray, isNotNull, isNull, lt, max, min, ne, or, sql as expression } from 'drizzle-orm'
import type { ReadSql } from '../../db/db.ts'
import { guarantee_contracts } from '../../lending/guarantee-contracts/store.ts'
import { lease_contracts } from '../../lending/lease-contracts/store.ts'
import { claim_recoveries, compensation_claims } from '../../risk/compensation-claims/store.ts'
import { fenSum, inScope, type Scope } from './store.ts'

export const leasedInPeriod = (sql: ReadSql, scope: Scope) => and(
  eq(lease_contracts.status, 'ACCEPTED'), gte(lease_contracts.lease_start, scope.from), lt(lease_contracts.lease_start, scope.to),
    inScope(sql, lease_contracts.uscc, scope)
)

/** What each lessor financed in the period. */
export async function leasedByLessor (sql: ReadSql, scope: Scope) {
  return sql.select({
    participant_no: lease_contracts.participant_no, drawdowns: count(), amount_fen: fenSum(lease_contracts.financed_principal_fen),
    relent_fen: expression<number | null>`null`.as('relent_fen'), relent: expression<number>`0`.as('relent'), not_relent: expression<number>`0`.as('not_relent'), enterprises: countDistinct(lease_contracts.uscc),
    first: expression<string | null>`${min(lease_contracts.number)}`, last: expression<string | null>`${max(lease_contracts.number)}`
  }).from(lease_contracts).where(leasedInPeriod(sql, scope)).groupBy(lease_contracts.participant_no)
}

export const begunInPeriod = (sql: ReadSql, scope: Scope) => and(
  eq(guarantee_contracts.status, 'ACCEPTED'), gte(guarantee_contracts.start_date, scope.from),
    lt(guarantee_contracts.start_date, scope.to), inScope(sql, guarantee_contracts.uscc, scope)
)

/** Guarantees that began in the period, by guarantor. */
export async function guaranteedBy (sql: ReadSql, scope: Scope) {
  return sql.select({
    participant_no: guarantee_contracts.participant_no, guarantees: count(), guaranteed_fen: fenSum(guarantee_contracts.guaranteed_fen),
      enterprises: countDistinct(guarantee_contracts.uscc),
    first: expression<string | null>`${min(guarantee_contracts.number)}`,
      last: expression<string | null>`${max(guarantee_contracts.number)}`
  }).from(guarantee_contracts).where(begunInPeriod(sql, scope)).groupBy(guarantee_contracts.participant_no)
}

/** The same by guarantor and enterprise: what each household is guaranteed. */
export async function guaranteedHouseholds (sql: ReadSql, scope: Scope) {
  return sql.select({ participant_no: guarantee_contracts.participant_no, guaranteed_fen: fenSum(guarantee_contracts.guaranteed_fen) })
    .from(guarantee_contracts).where(begunInPeriod(sql, scope)).groupBy(guarantee_contracts.participant_no, guarantee_contracts.uscc)
}

/** Their fees, also under other names, by length of the term. */
export async function feesByTerm (sql: ReadSql, scope: Scope) {
  return sql.select({
    participant_no: guarantee_contracts.participant_no, term_months: guarantee_contracts.term_months,
    fees_fen: fenSum(expression`${guarantee_contracts.fee_total_fen} + ${guarantee_contracts.other_fees_fen}`)
  }).from(guarantee_contracts).where(begunInPeriod(sql, scope)).groupBy(guarantee_contracts.participant_no, guarantee_contracts.term_months)
}

/** Guarantees of some vintages by breaker: principal, what of it was released by a day, and the enterprises behind it. */
export async function guaranteedOfVintages (sql: ReadSql, years: readonly number[], scope: Scope, day: string) {
  const { guaranteed_fen, released_on } = guarantee_contracts
  return sql.select({
    guarantor_no: guarantee_contracts.participant_no, bank_no: guarantee_contracts.lender_no,
      vintage_year: guarantee_contracts.vintage_year,
    guaranteed_fen: fenSum(guaranteed_fen), released_fen: fenSum(expression`case when ${released_on} <= ${day} then ${guaranteed_fen} else 0 end`),
    enterprises: countDistinct(guarantee_contracts.uscc), released: countDistinct(expression`case when ${released_on} <= ${day} then ${guarantee_contracts.uscc} end`), guarantees: count(),
      first: expression<string | null>`${min(guarantee_contracts.number)}`,
    last: expression<string | null>`${max(guarantee_contracts.number)}`
  }).from(guarantee_contracts).where(and(eq(guarantee_contracts.status, 'ACCEPTED'), inArray(guarantee_contracts.vintage_year, [...years]),
    inScope(sql, guarantee_contracts.uscc, scope))).groupBy(guarantee_contracts.participant_no, guarantee_contracts.lender_no, guarantee_contracts.vintage_year)
}

const { guarantor_no, participant_no: bank_no, vintage_year, covered_fen, review } = compensation_claims
export const standingClaims = (sql: ReadSql, years: readonly number[], scope: Scope) => and(
  isNotNull(covered_fen), or(isNull(review), ne(review, 'REJECT')), inArray(vintage_year, [...years]), inScope(sql, compensation_claims.uscc, scope)
)

/** What was compensated on those vintages, and for how many enterprises. */
export async function compensatedOfVintages (sql: ReadSql, years: readonly number[], scope: Scope) {
  return sql.select({ guarantor_no, bank_no, vintage_year, covered_fen: fenSum(covered_fen), enterprises: countDistinct(compensation_claims.uscc) })
    .from(compensation_claims).where(standingClaims(sql, years, scope)).groupBy(guarantor_no, bank_no, vintage_year)
}

/** What the guarantee system got back of it, as far as that was settled. */
export async function settledOfVintages (sql: ReadSql, years: readonly number[], scope: Scope) {
  const { guarantor_fen, fiscal_fen, re_guarantor_fen, settled_in, claim_number } = claim_recoveries
  return sql.select({ guarantor_no, bank_no, vintage_year, settled_fen: fenSum(expression`${guarantor_fen} + ${fiscal_fen} + ${re_guarantor_fen}`) })
    .from(claim_recoveries).innerJoin(compensation_claims, eq(compensation_claims.number, claim_number))
    .where(and(isNotNull(settled_in), standingClaims(sql, years, scope))).groupBy(guarantor_no, bank_no, vintage_year)
}
