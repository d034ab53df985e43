import { cutDown, UNITS_PER_ONE } from './exact.ts'
import { pointed, RuleBreach, type PointedFinding } from './findings.ts'
import { assertFacts, ceilings, grantingOrder, interestLine, loanCeiling, type InterestFacts, type InterestLine, type InterestRule,
  type UsedByYear } from './interest.ts'
import { EARLIER_CONTRACTS, EXTENDED_INTERESTS, LOAN_AMOUNT_BASES, RATE_BASES, SUBSIDY_BASES, YEAR_BASES, type LoanAmountBasis } from './parameters.ts'
import { yearOf } from './period.ts'
import { dateParameter, fenParameter, isInForce, nearestTerms, pctOf, readingOf, type PolicyVersion } from './terms.ts'

/** A paid voucher of a project loan. The loan is named, so that vouchers of many loans and banks share the project's ceiling. */
export interface LoanVoucher extends InterestFacts {
  readonly loan_key: string
  /** part of the loan for the project without land, fen */
  readonly eligible_loan_fen: number
  /** part of the loan for land, fen; share = eligible ÷ (eligible + land) */
  readonly land_fen: number
  /**
   * what L-04 takes its percentage of under each reading of A-03, without land, fen; left out: the loan was paid out whole in
   * one drawdown, its balance is what the vouchers show
   */
  readonly loan_amounts_fen?: Readonly<Record<LoanAmountBasis, number>>
}

export interface LoanInterest {
  readonly policies: readonly PolicyVersion[]
  /** vouchers that share the project's ceiling (`ceilingOwner`), in any order; results come back in this order */
  readonly vouchers: readonly LoanVoucher[]
  /** fen already granted to the project outside these vouchers, by calendar year */
  readonly used_by_project?: UsedByYear
  /** fen already granted to a loan outside these vouchers, by loan_key and calendar year */
  readonly used_by_loan?: Readonly<Record<string, UsedByYear>>
}

interface LoanRule extends InterestRule { readonly loan_amount_basis: LoanAmountBasis }

const compiled = new WeakMap<PolicyVersion, LoanRule>()

/** L-01, L-03 as weights: share × rate, and the same bounded by the highest subsidy rate. */
function loanRule (policy: PolicyVersion): LoanRule {
  const known = compiled.get(policy)
  if (known !== undefined) return known
  const share = pctOf(policy, 'subsidy_share_of_rate_pct')
  const highest = pctOf(policy, 'subsidy_rate_max_pct') * UNITS_PER_ONE
  const unbounded = readingOf(policy, 'subsidy_basis', SUBSIDY_BASES) === 'YEAR_AMOUNT'
  const plain = (rate: bigint): bigint => rate * share
  const rule: LoanRule = {
    policy,
    loan_amount_basis: readingOf(policy, 'loan_amount_basis', LOAN_AMOUNT_BASES),
    counts_from: dateParameter(policy, 'interest_counts_from'),
    earlier_excluded: readingOf(policy, 'earlier_contracts', EARLIER_CONTRACTS) === 'EXCLUDED',
    extended_counts: readingOf(policy, 'extended_period_interest', EXTENDED_INTERESTS) === 'INCLUDED',
    split_by_year: readingOf(policy, 'year_basis', YEAR_BASES) === 'ACCRUAL_SPLIT',
    net_of_national: readingOf(policy, 'rate_basis', RATE_BASES) === 'NET_OF_NATIONAL',
    proportional: true,
    plain,
    bounded: (rate, scale) => {
      const half = plain(rate)
      const bound = highest * scale
      return unbounded || half < bound ? half : bound
    },
    plain_rule: 'L-01',
    formula_rule: 'L-03',
    loan_ceiling_pct: pctOf(policy, 'loan_year_ceiling_pct'),
    project_ceiling_fen: fenParameter(policy, 'project_year_ceiling'),
    project_rule: 'L-05',
    shared: null
  }
  compiled.set(policy, rule)
  return rule
}

function assertLoans (vouchers: readonly LoanVoucher[]): void {
  const findings: PointedFinding[] = []
  for (const [index, voucher] of vouchers.entries()) {
    const parts = [voucher.eligible_loan_fen, voucher.land_fen]
    if (parts.some((fen) => !Number.isSafeInteger(fen) || fen < 0) || voucher.eligible_loan_fen + voucher.land_fen <= 0) {
      findings.push(pointed(`/vouchers/${index}/eligible_loan_amount`, 'amount_not_positive', 'a loan has an amount above zero', '贷款金额应大于零'))
    }
  }
  if (findings.length > 0) throw new RuleBreach(findings)
}

/** The highest balance of a voucher, without land, cut to the fen. */
export function highestBalance ({ segments, eligible_loan_fen, land_fen }: Pick<LoanVoucher, 'segments' | 'eligible_loan_fen' | 'land_fen'>): number {
  const highest = segments.reduce((most, { balance_fen }) => Math.max(most, balance_fen), 0)
  return cutDown(BigInt(highest) * BigInt(eligible_loan_fen), BigInt(eligible_loan_fen + land_fen))
}

/** The loan amount of a voucher under a reading of A-03. */
function loanAmount (voucher: LoanVoucher, basis: LoanAmountBasis): number {
  return voucher.loan_amounts_fen?.[basis] ?? (basis === 'BALANCE' ? highestBalance(voucher) : voucher.eligible_loan_fen)
}

/** What L-04 allows the loan of a voucher in the year in which it was paid. */
export function loanYearCeiling (policies: readonly PolicyVersion[], voucher: LoanVoucher): number {
  const { loan_ceiling_pct, loan_amount_basis } = loanRule(nearestTerms(policies, 'TECH_RENO_LOAN', voucher.paid_date))
  return loanCeiling(loanAmount(voucher, loan_amount_basis), loan_ceiling_pct ?? 0n)
}

/** L-04 is taken of the highest amount the loan had in the year, by the reading in force on the paid date. */
function highestLoans (policies: readonly PolicyVersion[], vouchers: readonly LoanVoucher[]): Map<string, number> {
  const highest = new Map<string, number>()
  for (const voucher of vouchers) {
    const basis = loanRule(nearestTerms(policies, 'TECH_RENO_LOAN', voucher.paid_date)).loan_amount_basis
    const key = `${yearOf(voucher.paid_date)}|${voucher.loan_key}`
    highest.set(key, Math.max(highest.get(key) ?? 0, loanAmount(voucher, basis)))
  }
  return highest
}

/**
 * Interest subsidy of an enterprise project, voucher by voucher: formula, then the ceilings per loan and year (L-04), per
 * project and year (L-05), and what was really paid (L-06). Ceilings are used up in the order paid date, order key, as
 * given; years are counted apart. The same function answers a quote and derives the lines of a project.
 *
 * @returns lines in the order of the vouchers; amounts in fen, rounded half up once per voucher
 * @throws RuleBreach when a voucher could never have been accepted (reversed or overlapping segments, broken amounts)
 * Source: S2 (一)(十三), S3 (二); rules L-01…L-06, readings A-01….
 */
export function loanInterestLines ({ policies, vouchers, used_by_project = {}, used_by_loan = {} }: LoanInterest): InterestLine[] {
  assertFacts(vouchers)
  assertLoans(vouchers)
  const left = ceilings(used_by_project, used_by_loan)
  const highest = highestLoans(policies, vouchers)
  const lines: InterestLine[] = []
  for (const index of grantingOrder(vouchers)) {
    const voucher = vouchers[index]
    if (voucher === undefined) continue
    const policy = nearestTerms(policies, 'TECH_RENO_LOAN', voucher.paid_date)
    const whole_fen = voucher.eligible_loan_fen + voucher.land_fen
    const amount_fen = highest.get(`${yearOf(voucher.paid_date)}|${voucher.loan_key}`) ?? voucher.eligible_loan_fen
    const basis = { facts: voucher, eligible_fen: voucher.eligible_loan_fen, whole_fen, loan: { key: voucher.loan_key, amount_fen } }
    lines[index] = interestLine(basis, loanRule(policy), isInForce(policy, voucher.paid_date), left)
  }
  return lines
}
