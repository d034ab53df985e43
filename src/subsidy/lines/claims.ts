/** From the evidence of each kind to claims: which rule prices a voucher and which ceilings it uses up. */
import { ceilingOwner, leasesUseLoanCeiling, LIFETIME } from '../../policy/ceilings.ts'
import { guaranteeFeeLines, type FeeVoucher, type FlatLine } from '../../policy/guarantee.ts'
import type { InterestFacts, InterestLine } from '../../policy/interest.ts'
import { leaseLines } from '../../policy/lease.ts'
import { yuanOf } from '../../policy/money.ts'
import { FEE_CEILING_SPANS } from '../../policy/parameters.ts'
import { yearOf } from '../../policy/period.ts'
import { premiumCeiling, premiumLine, type InsuranceKind } from '../../policy/premium.ts'
import { loanInterestLines, loanYearCeiling, type LoanVoucher } from '../../policy/subsidy.ts'
import { fenParameter, nearestTerms, readingOf, type PolicyVersion } from '../../policy/terms.ts'
import type { SubsidyKind } from '../../lending/marks.ts'
import type { Claim, Granted, Use } from './derivation.ts'
import type { PayeeKind } from './store.ts'

/** What every accepted voucher brings, whatever its kind. */
export interface Voucher {
  kind: SubsidyKind
  /** number of the first voucher of its corrections */
  chain: string
  number: string
  voucher_no: string
  contract_no: string
  participant_no: string
  payee_kind: PayeeKind
  payee_uscc: string
  uscc: string
  /** empty: a premium without a project */
  project_code: string
  paid_date: string
  submitted_at: string
  authorization_no: string | null
  document_nos: string[]
  /** whether it is about the institution's share of a syndicated loan */
  is_share?: boolean
  /** what was stated, for the packet */
  facts: Record<string, unknown>
}

export type Priced =
  | { kind: 'LOAN_INTEREST', facts: Omit<LoanVoucher, 'voucher_no' | 'paid_date' | 'order_key'> }
  | { kind: 'LEASE', facts: Omit<InterestFacts, 'voucher_no' | 'paid_date' | 'order_key'> }
  | { kind: 'GUARANTEE_FEE', facts: Omit<FeeVoucher, 'voucher_no' | 'charged_date' | 'order_key'> }
  | { kind: 'PREMIUM', facts: { insurance_kind: InsuranceKind, annual_premium_fen: number, insured_fen: number | null, product: string,
    policy_start: string } }

export interface VoucherClaim extends Claim { voucher: Voucher }

/** Where a ceiling's row stands; its text is the scope of a use, unique among all ceilings of an enterprise. */
export interface CeilingPlace { kind: SubsidyKind, project_code: string, scope: string }

const placed = ({ kind, project_code, scope }: CeilingPlace): string => [kind, project_code, scope].join('/')

export function ceilingPlace (text: string): CeilingPlace {
  const [kind = '', project_code = '', ...scope] = text.split('/')
  return { kind: kind as SubsidyKind, project_code, scope: scope.join('/') }
}

/** Scopes of the ceilings of single loans (L-04): the bank and its contract follow. */
export const loan_scope = 'loan:'

/** The ceiling of a kind that a voucher uses up. */
function projectCeiling (kind: SubsidyKind, { project_code, participant_no, is_share }: Voucher, terms: PolicyVersion): string {
  const owner = ceilingOwner(project_code, is_share === true ? participant_no : null, terms)
  return placed({ kind, project_code: owner.project_code, scope: owner.institution })
}

function only<T> (lines: readonly T[]): T {
  const [line] = lines
  if (line === undefined) throw new Error('the kernel gave no line for a voucher')
  return line
}

function interestGranted (line: InterestLine, uses: Use[]): Granted {
  const { year, eligible_interest_fen, formula_fen, amount_fen, trace, policy } = line
  return { year, eligible_interest_fen, formula_fen, amount_fen, uses, trace, policy_code: policy.policy_code,
    policy_version: policy.version }
}

function flatGranted (line: FlatLine, year: string, use: Omit<Use, 'amount_fen'>): Granted {
  const { formula_fen, amount_fen, trace, policy } = line
  return { year, eligible_interest_fen: null, formula_fen, amount_fen, uses: [{ ...use, amount_fen }], trace,
    policy_code: policy.policy_code, policy_version: policy.version }
}

function evaluation (policies: readonly PolicyVersion[], voucher: Voucher, order_key: string, priced: Priced): Claim['evaluate'] {
  const { voucher_no, paid_date } = voucher
  const year = yearOf(paid_date)
  const terms = nearestTerms(policies, 'TECH_RENO_LOAN', paid_date)
  switch (priced.kind) {
    case 'LOAN_INTEREST': {
      const { loan_key } = priced.facts
      const facts = { ...priced.facts, voucher_no, paid_date, order_key }
      const of_loan = { scope: placed({ kind: 'LOAN_INTEREST', project_code: voucher.project_code, scope: `${loan_scope}${loan_key}` }), cap_fen: loanYearCeiling(policies, facts) }
      const scope = projectCeiling('LOAN_INTEREST', voucher, terms)
      const cap_fen = fenParameter(terms, 'project_year_ceiling')
      return used => {
        const line = only(loanInterestLines({
          policies, vouchers: [facts], used_by_project: used(scope), used_by_loan: { [loan_key]: used(of_loan.scope) }
        }))
        const uses = line.by_year.flatMap(piece => [{ ...piece, scope, cap_fen }, { ...piece, ...of_loan }])
        return interestGranted(line, uses)
      }
    }
    case 'LEASE': {
      const own = { scope: projectCeiling('LEASE', voucher, terms), cap_fen: fenParameter(terms, 'lease_project_year_ceiling') }
      const of_loans = { scope: projectCeiling('LOAN_INTEREST', voucher, terms), cap_fen: fenParameter(terms, 'project_year_ceiling') }
      const ceilings = leasesUseLoanCeiling(terms) ? [own, of_loans] : [own]
      return used => {
        const line = only(leaseLines({ policies, vouchers: [{ ...priced.facts, voucher_no, paid_date, order_key }],
          used_by_project: used(own.scope), used_by_loans: used(of_loans.scope) }))
        return interestGranted(line, ceilings.flatMap(({ scope, cap_fen }) => line.by_year.map(({ year, amount_fen }) => ({ year, amount_fen, scope, cap_fen }))))
      }
    }
    case 'GUARANTEE_FEE': {
      const lifetime = readingOf(terms, 'guarantee_fee_ceiling_span', FEE_CEILING_SPANS) === 'LIFETIME'
      const scope = projectCeiling('GUARANTEE_FEE', voucher, terms)
      const use = { scope, year: lifetime ? LIFETIME : year, cap_fen: fenParameter(terms, 'guarantee_fee_ceiling') }
      return used => {
        const line = only(guaranteeFeeLines({ policies, fees: [{ ...priced.facts, voucher_no, charged_date: paid_date, order_key }],
          used_by_year: used(scope) }))
        return flatGranted(line, year, use)
      }
    }
    case 'PREMIUM': {
      const { insurance_kind, annual_premium_fen, insured_fen } = priced.facts
      const ceiling = premiumCeiling(priced.facts, terms)
      const use = { ...ceiling, scope: placed({ kind: 'PREMIUM', project_code: '', scope: ceiling.scope }) }
      return used => flatGranted(premiumLine(policies, {
        voucher_no, insurance_kind, paid_date, annual_premium_fen, insured_fen, used_fen: used(use.scope)[use.year] ?? 0
      }), year, use)
    }
  }
}

const others = new WeakMap<PolicyVersion, PolicyVersion>()

/** The same version under the other reading of A-01. */
function underOtherReading (policy: PolicyVersion): PolicyVersion {
  const subsidy_basis = policy.parameters.subsidy_basis === 'YEAR_AMOUNT' ? 'BALANCE_DAYS' : 'YEAR_AMOUNT'
  const other = others.get(policy) ?? { ...policy, parameters: { ...policy.parameters, subsidy_basis } }
  others.set(policy, other)
  return other
}

/** What the reading of A-01 that is not built would give, before ceilings; shown in the packet beside the built one (domain notes §10). */
function withOtherReading (policies: readonly PolicyVersion[], voucher: Voucher, priced: Priced, order_key: string): Voucher {
  if (priced.kind !== 'LOAN_INTEREST') return voucher
  const { voucher_no, paid_date } = voucher
  const read = policies.map(policy => policy.policy_code === 'TECH_RENO_LOAN' ? underOtherReading(policy) : policy)
  const { formula_fen } = only(loanInterestLines({ policies: read, vouchers: [{ ...priced.facts, voucher_no, paid_date, order_key }] }))
  const { subsidy_basis } = nearestTerms(read, 'TECH_RENO_LOAN', paid_date).parameters
  return { ...voucher, facts: { ...voucher.facts, other_reading_a01: { subsidy_basis, formula_amount: yuanOf(formula_fen) } } }
}

export function claimOf (policies: readonly PolicyVersion[], stated: Voucher, priced: Priced): VoucherClaim {
  const order_key = `${stated.paid_date}|${stated.submitted_at}|${stated.number}`
  const voucher = withOtherReading(policies, stated, priced, order_key)
  return { chain: voucher.chain, voucher_number: voucher.number, order_key, voucher, evaluate: evaluation(policies, voucher, order_key,
    priced) }
}

/** The rule that names a ceiling, and the parameter that holds it, for showing ceilings that nothing has used yet. */
export const project_ceilings = [
  { kind: 'LOAN_INTEREST', rule_id: 'L-05', parameter: 'project_year_ceiling' },
  { kind: 'LEASE', rule_id: 'Z-01-CEILING', parameter: 'lease_project_year_ceiling' },
  { kind: 'GUARANTEE_FEE', rule_id: 'G-01-CEILING', parameter: 'guarantee_fee_ceiling' }
] as const
