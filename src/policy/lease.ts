import { UNITS_PER_ONE } from './exact.ts'
import { finding, type Finding } from './findings.ts'
import { assertFacts, ceilings, grantingOrder, interestLine, type InterestFacts, type InterestLine, type InterestRule,
  type UsedByYear } from './interest.ts'
import { leasesUseLoanCeiling } from './ceilings.ts'
import { EARLIER_CONTRACTS, EXTENDED_INTERESTS, PARTIAL_PAYMENTS, YEAR_BASES } from './parameters.ts'
import { addMonths, isDate } from './period.ts'
import { countOf, dateParameter, fenParameter, isInForce, nearestTerms, pctOf, readingOf, type PolicyVersion } from './terms.ts'

export const LEASE_MODES = ['DIRECT', 'DIRECT_TO_LEASEBACK', 'SALE_AND_LEASEBACK'] as const
export type LeaseMode = typeof LEASE_MODES[number]

const compiled = new WeakMap<PolicyVersion, InterestRule>()

function leaseRule (policy: PolicyVersion): InterestRule {
  const known = compiled.get(policy)
  if (known !== undefined) return known
  const rate = pctOf(policy, 'lease_rate_pct') * UNITS_PER_ONE
  const flat = (): bigint => rate
  const rule: InterestRule = {
    policy,
    counts_from: dateParameter(policy, 'interest_counts_from'),
    earlier_excluded: readingOf(policy, 'earlier_contracts', EARLIER_CONTRACTS) === 'EXCLUDED',
    extended_counts: readingOf(policy, 'extended_period_interest', EXTENDED_INTERESTS) === 'INCLUDED',
    split_by_year: readingOf(policy, 'year_basis', YEAR_BASES) === 'ACCRUAL_SPLIT',
    net_of_national: false,
    proportional: readingOf(policy, 'lease_partial_payment', PARTIAL_PAYMENTS) === 'PROPORTIONAL',
    plain: flat,
    bounded: flat,
    plain_rule: null,
    formula_rule: 'Z-01',
    loan_ceiling_pct: 0n,
    project_ceiling_fen: fenParameter(policy, 'lease_project_year_ceiling'),
    project_rule: 'Z-01-CEILING',
    shared: leasesUseLoanCeiling(policy) ? { rule_id: 'L-05', ceiling_fen: fenParameter(policy, 'project_year_ceiling') } : null
  }
  compiled.set(policy, rule)
  return rule
}

/**
 * Lease subsidy: 2 % a year on the principal balance, at most 5 million yuan per enterprise project and year, never above
 * the interest paid net of other subsidies. No land, no ceiling per lease; the cap is apart from that of loans, or uses that up as well.
 *
 * @param used_by_loans fen by year already granted under the ceiling of loans; counts only where leases use that up
 * @returns lines in the order of the vouchers, fen
 * @throws RuleBreach as `loanInterestLines`
 * Source: S2 (三), S3 (十二); rules Z-01, L-06.
 */
export function leaseLines ({ policies, vouchers, used_by_project = {}, used_by_loans = {} }: {
  readonly policies: readonly PolicyVersion[]
  readonly vouchers: readonly InterestFacts[]
  readonly used_by_project?: UsedByYear
  readonly used_by_loans?: UsedByYear
}): InterestLine[] {
  assertFacts(vouchers)
  const left = ceilings(used_by_project, {}, used_by_loans)
  const lines: InterestLine[] = []
  for (const index of grantingOrder(vouchers)) {
    const facts = vouchers[index]
    if (facts === undefined) continue
    const policy = nearestTerms(policies, 'TECH_RENO_LOAN', facts.paid_date)
    lines[index] = interestLine({ facts, eligible_fen: 1, whole_fen: 1, loan: null }, leaseRule(policy), isInForce(policy, facts.paid_date), left)
  }
  return lines
}

/**
 * Z-02: only direct leases, and leasebacks of new equipment bought shortly before under a direct-lease intent (直转回).
 *
 * Source: S2 (三); reading A-17.
 */
export function checkLeaseMode (facts: { readonly lease_mode: LeaseMode, readonly lease_start: string,
  readonly purchase_date: string | null, readonly is_new_equipment: boolean | null }, policy: PolicyVersion): Finding[] {
  if (facts.lease_mode === 'DIRECT') return []
  if (facts.lease_mode === 'SALE_AND_LEASEBACK') {
    return [finding('SALE_AND_LEASEBACK', 'Z-02', 'An ordinary sale and leaseback is not subsidised; only direct leases are.',
      '一般售后回租不在贴息范围；仅支持直租（含“直转回”）。')]
  }
  if (facts.purchase_date === null || !isDate(facts.purchase_date) || facts.is_new_equipment === null) {
    return [finding('LEASE_NOT_DIRECT', 'Z-02', 'A converted lease needs the day of purchase and whether the equipment is new; send both.',
      '“直转回”需提供设备购置日期及是否为新设备。')]
  }
  const months = countOf(policy, 'leaseback_months_max')
  if (!facts.is_new_equipment || addMonths(facts.purchase_date, months) < facts.lease_start) {
    return [finding('LEASE_NOT_DIRECT', 'Z-02', `A converted lease needs new equipment bought at most ${months} months before the lease.`,
      `“直转回”须为租赁起始前 ${months} 个月内购置的新设备。`)]
  }
  return []
}
