/** From the evidence of each kind to claims: which rule prices a voucher and which ceilings it uses up. */
import { guaranteeFeeLines, type FeeVoucher, type FlatLine } from '../../policy/guarantee.ts'
import type { InterestFacts, InterestLine } from '../../policy/interest.ts'
import { leaseLines } from '../../policy/lease.ts'
import { yuanOf } from '../../policy/money.ts'
import { FEE_CEILING_SPANS } from '../../policy/parameters.ts'
import { yearOf } from '../../policy/period.ts'
import { premiumLine, type InsuranceKind } from '../../policy/premium.ts'
import { loanInterestLines, type LoanVoucher } from '../../policy/subsidy.ts'
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

const own_ceiling = ''
const lifetime_year = 'LIFETIME'
const ceilings_of_premium: Readonly<Record<InsuranceKind, string>> = {
  FIRST_SET_EQUIPMENT: 'first_set_ceiling', FIRST_VERSION_SOFTWARE: 'first_version_ceiling', RENOVATION_COST_LOSS: 'renovation_loss_ceiling'
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
      const scope = `loan:${loan_key}`
      const cap_fen = fenParameter(terms, 'project_year_ceiling')
      return used => {
        const line = only(loanInterestLines({
          policies, vouchers: [{ ...priced.facts, voucher_no, paid_date, order_key }], used_by_project: used(own_ceiling),
            used_by_loan: { [loan_key]: used(scope) }
        }))
        const uses = line.by_year.flatMap(piece => [{ ...piece, scope: own_ceiling, cap_fen }, { ...piece, scope, cap_fen: null }])
        return interestGranted(line, uses)
      }
    }
    case 'LEASE': {
      const cap_fen = fenParameter(terms, 'lease_project_year_ceiling')
      return used => {
        const line = only(leaseLines({ policies, vouchers: [{ ...priced.facts, voucher_no, paid_date, order_key }],
          used_by_project: used(own_ceiling) }))
        return interestGranted(line, line.by_year.map(({ year, amount_fen }) => ({ year, amount_fen, scope: own_ceiling, cap_fen })))
      }
    }
    case 'GUARANTEE_FEE': {
      const lifetime = readingOf(terms, 'guarantee_fee_ceiling_span', FEE_CEILING_SPANS) === 'LIFETIME'
      const use = { scope: own_ceiling, year: lifetime ? lifetime_year : year, cap_fen: fenParameter(terms, 'guarantee_fee_ceiling') }
      return used => {
        const line = only(guaranteeFeeLines({ policies, fees: [{ ...priced.facts, voucher_no, charged_date: paid_date, order_key }],
          used_by_year: used(own_ceiling) }))
        return flatGranted(line, year, use)
      }
    }
    case 'PREMIUM': {
      const { insurance_kind, annual_premium_fen, insured_fen, product, policy_start } = priced.facts
      const policy_year = yearOf(policy_start)
      const scope = premiumScope(insurance_kind, product)
      const use = { scope, year: policy_year, cap_fen: fenParameter(terms, ceilings_of_premium[insurance_kind]) }
      return used => flatGranted(premiumLine(policies, {
        voucher_no, insurance_kind, paid_date, annual_premium_fen, insured_fen, used_fen: used(scope)[policy_year] ?? 0
      }), year, use)
    }
  }
}

/** A first set is capped per product, the others per enterprise and kind. */
function premiumScope (insurance_kind: InsuranceKind, product: string): string {
  return insurance_kind === 'FIRST_SET_EQUIPMENT' ? `${insurance_kind}:${product}` : insurance_kind
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
