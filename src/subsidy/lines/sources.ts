/** What lines are derived from: accepted evidence of lending, facts of enterprise and project of intake. */
import type { ReadSql } from '../../db/db.ts'
import { findEnterprise } from '../../intake/enterprises/store.ts'
import { findProject } from '../../intake/projects/store.ts'
import { acceptedFeeVouchers, feeVouchers } from '../../lending/fee-vouchers/store.ts'
import { insurancePolicies, paidPolicies } from '../../lending/insurance-policies/store.ts'
import { acceptedInterestVouchers, interestVouchers, type AcceptedInterestVoucher } from '../../lending/interest-vouchers/store.ts'
import type { SubsidyKind } from '../../lending/marks.ts'
import { acceptedRentVouchers, rentVouchers } from '../../lending/rent-vouchers/store.ts'
import type { KeptAccount } from '../../lending/subsidy-accounts/schema.ts'
import { findActiveAccount } from '../../lending/subsidy-accounts/store.ts'
import type { EligibilityFacts } from '../../policy/eligibility.ts'
import { yuanOf } from '../../policy/money.ts'
import { FEE_PAYEES } from '../../policy/parameters.ts'
import { yearOf } from '../../policy/period.ts'
import { highestBalance } from '../../policy/subsidy.ts'
import { nearestTerms, readingOf, type PolicyVersion } from '../../policy/terms.ts'
import { claimOf, type Voucher, type VoucherClaim } from './claims.ts'

export type ProjectFacts = Omit<EligibilityFacts, 'on'>

/** What decides whether lines are payable: E-01, E-03, E-04. */
export async function projectFacts (sql: ReadSql, uscc: string, project_code: string): Promise<ProjectFacts> {
  const enterprise = await findEnterprise(sql, uscc)
  const project = project_code === '' ? undefined : await findProject(sql, uscc, project_code)
  return {
    uscc,
    industry_code: enterprise?.industry_code ?? undefined,
    // A premium without a project has only its enterprise to be judged.
    project_industry_code: (project_code === '' ? enterprise : project)?.industry_code ?? undefined,
    total_investment_fen: project?.total_investment_fen ?? undefined,
    land_cost_fen: project?.land_cost_fen ?? undefined,
    filing_no: project?.filing_no ?? undefined,
    is_listed_in_library: project === undefined || project.library_status === null ? undefined : project.library_status === 'LISTED'
  }
}

interface Superseding { number: string, supersedes: string | null }

/** Number of the first voucher in a line of corrections. */
async function chainOf (row: Superseding, find: (number: string) => Promise<Superseding | undefined>): Promise<string> {
  let first = row
  while (first.supersedes !== null) {
    const before = await find(first.supersedes)
    if (before === undefined) return first.supersedes
    first = before
  }
  return first.number
}

/** Chains whose newest voucher is held: what it is to correct may count again, or never. */
export async function heldChains (sql: ReadSql, uscc: string, project_code: string | null, kind: SubsidyKind): Promise<Set<string>> {
  const store = { LOAN_INTEREST: interestVouchers, LEASE: rentVouchers, GUARANTEE_FEE: feeVouchers, PREMIUM: insurancePolicies }[kind]
  const held = await store.list(sql, { uscc, status: 'HELD', after: null, limit: held_max, ...project_code === null ? {} : { project_code } })
  const chains = new Set<string>()
  for (const row of held) chains.add(await chainOf(row, number => store.find(sql, number)))
  return chains
}

const held_max = 10_000

type PaidInterest = Pick<AcceptedInterestVoucher, 'period_start' | 'period_end' | 'day_count' | 'segments' | 'normal_interest_fen' | 'recomputed_fen' | 'normal_interest_paid_fen' | 'penalty_fen' |
'compound_fen' | 'national_subsidy_deducted_fen' | 'other_subsidy_fen'>

/** What a voucher of interest stated, for the packet. */
function interestShown (row: PaidInterest): Record<string, unknown> {
  return {
    period_start: row.period_start, period_end: row.period_end, day_count: row.day_count,
    segments: row.segments.map(({ from, to, balance_fen, annual_rate_pct, kind = 'NORMAL' }) => ({ from, to, balance: yuanOf(balance_fen),
      annual_rate_pct, kind })),
    normal_interest: yuanOf(row.normal_interest_fen), recomputed_interest: yuanOf(row.recomputed_fen),
      normal_interest_paid: yuanOf(row.normal_interest_paid_fen),
    penalty_interest: yuanOf(row.penalty_fen), compound_interest: yuanOf(row.compound_fen),
      national_subsidy_deducted: yuanOf(row.national_subsidy_deducted_fen),
    other_subsidy_received: yuanOf(row.other_subsidy_fen)
  }
}

function loanVoucher (row: AcceptedInterestVoucher, chain: string, uscc: string, project_code: string): Voucher {
  return {
    kind: 'LOAN_INTEREST', chain, number: row.number, voucher_no: row.voucher_no, contract_no: row.loan_contract_no,
      participant_no: row.participant_no,
    payee_kind: 'ENTERPRISE', payee_uscc: uscc, uscc, project_code, paid_date: row.paid_date, submitted_at: row.submitted_at,
    authorization_no: row.authorization_no, document_nos: [...new Set([row.contract_document_no, row.document_no])], is_share: row.is_share,
    facts: {
      iou_no: row.iou_no, loan_contract_no: row.loan_contract_no, eligible_loan_amount: yuanOf(row.drawdown_eligible_fen),
        land_amount: yuanOf(row.drawdown_land_fen),
      contract_eligible_amount: yuanOf(row.eligible_loan_fen), stated_at: row.stated_at, ...interestShown(row)
    }
  }
}

const loanYear = ({ loan_key, paid_date }: AcceptedInterestVoucher): string => `${yearOf(paid_date)}|${loan_key}`

/** The highest balance of every loan and year that its vouchers show: of each drawdown its highest, summed. Source: reading A-03. */
function highestBalances (rows: readonly AcceptedInterestVoucher[]): Map<string, number> {
  const of_drawdown = new Map<string, { key: string, fen: number }>()
  for (const row of rows) {
    const key = loanYear(row)
    const fen = highestBalance({ segments: row.segments, eligible_loan_fen: row.drawdown_eligible_fen, land_fen: row.drawdown_land_fen })
    of_drawdown.set(`${key}|${row.iou_no}`, { key, fen: Math.max(fen, of_drawdown.get(`${key}|${row.iou_no}`)?.fen ?? 0) })
  }
  const sums = new Map<string, number>()
  for (const { key, fen } of of_drawdown.values()) sums.set(key, (sums.get(key) ?? 0) + fen)
  return sums
}

async function loanClaims (sql: ReadSql, policies: readonly PolicyVersion[], uscc: string, project_code: string): Promise<VoucherClaim[]> {
  const claims: VoucherClaim[] = []
  const rows = await acceptedInterestVouchers(sql, uscc, project_code)
  const balances = highestBalances(rows)
  for (const row of rows) {
    const chain = await chainOf(row, number => interestVouchers.find(sql, number))
    claims.push(claimOf(policies, loanVoucher(row, chain, uscc, project_code), {
      kind: 'LOAN_INTEREST',
      facts: {
        loan_key: row.loan_key, eligible_loan_fen: row.drawdown_eligible_fen, land_fen: row.drawdown_land_fen,
          loan_amounts_fen: { DISBURSED: row.eligible_loan_fen, CONTRACT: row.contract_eligible_fen, BALANCE: balances.get(loanYear(row)) ?? 0 },
        segments: row.segments, day_count: row.day_count, signed_date: row.signed_date, normal_interest_paid_fen: Math.min(row.normal_interest_fen,
          row.normal_interest_paid_fen),
        penalty_interest_fen: row.penalty_fen, compound_interest_fen: row.compound_fen,
          national_subsidy_fen: row.national_subsidy_deducted_fen,
        other_subsidy_fen: row.other_subsidy_fen
      }
    }))
  }
  return claims
}

async function leaseClaims (sql: ReadSql, policies: readonly PolicyVersion[], uscc: string, project_code: string): Promise<VoucherClaim[]> {
  const claims: VoucherClaim[] = []
  for (const row of await acceptedRentVouchers(sql, uscc, project_code)) {
    const voucher: Voucher = {
      kind: 'LEASE', chain: await chainOf(row, number => rentVouchers.find(sql, number)), number: row.number, voucher_no: row.voucher_no,
        contract_no: row.lease_contract_no,
      participant_no: row.participant_no, payee_kind: 'ENTERPRISE', payee_uscc: uscc, uscc, project_code, paid_date: row.paid_date,
        submitted_at: row.submitted_at,
      authorization_no: row.authorization_no, document_nos: [...new Set([row.contract_document_no, row.document_no])],
      facts: {
        lease_contract_no: row.lease_contract_no, lease_mode: row.lease_mode, financed_principal: yuanOf(row.financed_principal_fen), stated_at: row.stated_at,
          ...interestShown(row)
      }
    }
    claims.push(claimOf(policies, voucher, {
      kind: 'LEASE',
      facts: {
        segments: row.segments, day_count: row.day_count, signed_date: row.signed_date, normal_interest_paid_fen: Math.min(row.normal_interest_fen,
          row.normal_interest_paid_fen),
        penalty_interest_fen: row.penalty_fen, compound_interest_fen: row.compound_fen,
          national_subsidy_fen: row.national_subsidy_deducted_fen, other_subsidy_fen: row.other_subsidy_fen
      }
    }))
  }
  return claims
}

/** Fees are paid by the enterprise, their subsidy goes to the guarantor unless the terms say otherwise. Source: S2 (五), reading A-27. */
async function feeClaims (sql: ReadSql, policies: readonly PolicyVersion[], uscc: string, project_code: string): Promise<VoucherClaim[]> {
  const claims: VoucherClaim[] = []
  for (const row of await acceptedFeeVouchers(sql, uscc, project_code)) {
    const { fee_fen, guaranteed_fen, term_months, contract_fee_fen, other_fees_fen } = row
    const payee_kind = readingOf(nearestTerms(policies, 'TECH_RENO_LOAN', row.paid_date), 'guarantee_fee_payee', FEE_PAYEES)
    const voucher: Voucher = {
      kind: 'GUARANTEE_FEE', chain: await chainOf(row, number => feeVouchers.find(sql, number)), number: row.number,
        voucher_no: row.voucher_no,
      contract_no: row.guarantee_contract_no, participant_no: row.participant_no, payee_kind, payee_uscc: payee_kind === 'GUARANTOR' ? row.guarantor_uscc : uscc,
        uscc, project_code,
      paid_date: row.paid_date, submitted_at: row.submitted_at, authorization_no: row.authorization_no,
        document_nos: [...new Set([row.contract_document_no, row.document_no])],
      facts: {
        guarantee_contract_no: row.guarantee_contract_no, fee: yuanOf(fee_fen), guaranteed_amount: yuanOf(guaranteed_fen), term_months, stated_at: row.stated_at,
        contract_fee_total: yuanOf(contract_fee_fen), other_fees_total: yuanOf(other_fees_fen)
      }
    }
    claims.push(claimOf(policies, voucher, { kind: 'GUARANTEE_FEE', facts: { fee_fen, guaranteed_fen, term_months, contract_fee_fen,
      other_fees_fen } }))
  }
  return claims
}

async function premiumClaims (sql: ReadSql, policies: readonly PolicyVersion[], uscc: string): Promise<VoucherClaim[]> {
  const claims: VoucherClaim[] = []
  for (const row of await paidPolicies(sql, uscc, null)) {
    const { insurance_kind, annual_premium_fen, insured_fen, product, policy_start } = row
    const voucher: Voucher = {
      kind: 'PREMIUM', chain: await chainOf(row, number => insurancePolicies.find(sql, number)), number: row.number,
        voucher_no: row.voucher_no, contract_no: row.policy_no,
      participant_no: row.participant_no, payee_kind: 'ENTERPRISE', payee_uscc: uscc, uscc, project_code: row.project_code,
        paid_date: row.paid_date, submitted_at: row.submitted_at,
      authorization_no: row.authorization_no, document_nos: [row.document_no],
      facts: {
        policy_no: row.policy_no, insurance_kind, product, annual_premium: yuanOf(annual_premium_fen), insured_amount: insured_fen === null
          ? null : yuanOf(insured_fen),
        policy_start, policy_end: row.policy_end
      }
    }
    claims.push(claimOf(policies, voucher, { kind: 'PREMIUM', facts: { insurance_kind, annual_premium_fen, insured_fen, product,
      policy_start } }))
  }
  return claims
}

/**
 * The accepted evidence of one kind as claims.
 *
 * @param project_code null: of all projects of the enterprise (premiums)
 */
export async function acceptedClaims (
  sql: ReadSql, policies: readonly PolicyVersion[], uscc: string, project_code: string | null, kind: SubsidyKind
): Promise<VoucherClaim[]> {
  if (project_code === null) return premiumClaims(sql, policies, uscc)
  switch (kind) {
    case 'LOAN_INTEREST': return loanClaims(sql, policies, uscc, project_code)
    case 'LEASE': return leaseClaims(sql, policies, uscc, project_code)
    case 'GUARANTEE_FEE': return feeClaims(sql, policies, uscc, project_code)
    case 'PREMIUM': return premiumClaims(sql, policies, uscc)
  }
}

/** The payee's account as a packet shows it: no more of the number than its tail; null while there is none. */
export async function payeeAccountShown (sql: ReadSql, payee_uscc: string): Promise<Record<string, unknown> | null> {
  const row = await findActiveAccount(sql, payee_uscc)
  if (row === undefined) return null
  const { account_name, opening_bank_name, cnaps_code } = row.body as KeptAccount
  return { number: row.number, holder_uscc: row.uscc, account_name, account_no_masked: `****${row.account_tail}`, opening_bank_name,
    cnaps_code, declared_by: row.participant_no }
}
