/** What reports read of leases, guarantees and compensation. */
import { and, countDistinct, count, eq, gte, inArray, isNotNull, lt, max, min, sql as expression } from 'drizzle-orm'
import type { ReadSql } from '../../db/db.ts'
import { guarantee_contracts } from '../../lending/guarantee-contracts/store.ts'
import { lease_contracts } from '../../lending/lease-contracts/store.ts'
import { compensation_claims } from '../../risk/compensation-claims/store.ts'
import { fenSum, inScope, type Scope } from './store.ts'

/** What each lessor financed in the period. */
export async function leasedByLessor (sql: ReadSql, scope: Scope) {
  return sql.select({
    participant_no: lease_contracts.participant_no, drawdowns: count(), amount_fen: fenSum(lease_contracts.financed_principal_fen),
    relent_fen: expression<number | null>`null`.as('relent_fen'), enterprises: countDistinct(lease_contracts.uscc),
    first: expression<string | null>`${min(lease_contracts.number)}`, last: expression<string | null>`${max(lease_contracts.number)}`
  }).from(lease_contracts).where(and(
    eq(lease_contracts.status, 'ACCEPTED'), gte(lease_contracts.lease_start, scope.from), lt(lease_contracts.lease_start, scope.to),
      inScope(sql, lease_contracts.uscc, scope)
  )).groupBy(lease_contracts.participant_no)
}

const begunInPeriod = (sql: ReadSql, scope: Scope) => and(
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

/** Their fees, also under other names, by length of the term. */
export async function feesByTerm (sql: ReadSql, scope: Scope) {
  return sql.select({
    participant_no: guarantee_contracts.participant_no, term_months: guarantee_contracts.term_months,
    fees_fen: fenSum(expression`${guarantee_contracts.fee_total_fen} + ${guarantee_contracts.other_fees_fen}`)
  }).from(guarantee_contracts).where(begunInPeriod(sql, scope)).groupBy(guarantee_contracts.participant_no, guarantee_contracts.term_months)
}

/** Enterprises behind the guarantees of some vintages. */
export async function guaranteedEnterprises (sql: ReadSql, years: readonly number[]) {
  return sql.select({
    guarantor_no: guarantee_contracts.participant_no, bank_no: guarantee_contracts.lender_no,
      vintage_year: guarantee_contracts.vintage_year,
    enterprises: countDistinct(guarantee_contracts.uscc), guarantees: count(),
      first: expression<string | null>`${min(guarantee_contracts.number)}`,
    last: expression<string | null>`${max(guarantee_contracts.number)}`
  }).from(guarantee_contracts).where(and(eq(guarantee_contracts.status, 'ACCEPTED'), inArray(guarantee_contracts.vintage_year, [...years])))
    .groupBy(guarantee_contracts.participant_no, guarantee_contracts.lender_no, guarantee_contracts.vintage_year)
}

/** Enterprises for which something was compensated. */
export async function compensatedEnterprises (sql: ReadSql, years: readonly number[]) {
  return sql.select({
    guarantor_no: compensation_claims.guarantor_no, bank_no: compensation_claims.participant_no,
      vintage_year: compensation_claims.vintage_year,
    enterprises: countDistinct(compensation_claims.uscc)
  }).from(compensation_claims).where(and(isNotNull(compensation_claims.covered_fen), inArray(compensation_claims.vintage_year, [...years])))
    .groupBy(compensation_claims.guarantor_no, compensation_claims.participant_no, compensation_claims.vintage_year)
}
