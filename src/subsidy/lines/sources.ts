/** What lines are derived from: accepted evidence of lending, facts of enterprise and project of intake. */
import type { ReadSql } from '../../db/db.ts'
import { findEnterprise } from '../../intake/enterprises/store.ts'
import { findProject } from '../../intake/projects/store.ts'
import { acceptedInterestVouchers, interestVouchers, type AcceptedInterestVoucher } from '../../lending/interest-vouchers/store.ts'
import type { SubsidyKind } from '../../lending/marks.ts'
import type { EligibilityFacts } from '../../policy/eligibility.ts'
import { yuanOf } from '../../policy/money.ts'
import type { PolicyVersion } from '../../policy/terms.ts'
import { claimOf, type Voucher, type VoucherClaim } from './claims.ts'

export type ProjectFacts = Omit<EligibilityFacts, 'on'>

/** What decides whether lines are payable: E-01, E-03, E-04. */
export async function projectFacts (sql: ReadSql, uscc: string, project_code: string): Promise<ProjectFacts> {
  const enterprise = await findEnterprise(sql, uscc)
  const project = project_code === '' ? undefined : await findProject(sql, uscc, project_code)
  return {
    uscc,
    industry_code: enterprise?.industry_code ?? undefined,
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

function loanVoucher (row: AcceptedInterestVoucher, chain: string, uscc: string, project_code: string): Voucher {
  return {
    kind: 'LOAN_INTEREST', chain, number: row.number, voucher_no: row.voucher_no, contract_no: row.loan_contract_no, participant_no: row.participant_no,
    payee_kind: 'ENTERPRISE', payee_uscc: uscc, uscc, project_code, paid_date: row.paid_date, submitted_at: row.submitted_at,
    authorization_no: row.authorization_no, document_nos: [...new Set([row.contract_document_no, row.document_no])],
    facts: {
      iou_no: row.iou_no, loan_contract_no: row.loan_contract_no, period_start: row.period_start, period_end: row.period_end, day_count: row.day_count,
      segments: row.segments.map(({ from, to, balance_fen, annual_rate_pct, kind }) =>
        ({ from, to, balance: yuanOf(balance_fen), annual_rate_pct, ...(kind === undefined ? {} : { kind }) })),
      normal_interest: yuanOf(row.normal_interest_fen), recomputed_interest: yuanOf(row.recomputed_fen), normal_interest_paid: yuanOf(row.normal_interest_paid_fen),
      penalty_interest: yuanOf(row.penalty_fen), compound_interest: yuanOf(row.compound_fen), national_subsidy_deducted: yuanOf(row.national_subsidy_deducted_fen),
      other_subsidy_received: yuanOf(row.other_subsidy_fen), eligible_loan_amount: yuanOf(row.drawdown_eligible_fen), land_amount: yuanOf(row.drawdown_land_fen),
      contract_eligible_amount: yuanOf(row.eligible_loan_fen)
    }
  }
}

async function loanClaims (sql: ReadSql, policies: readonly PolicyVersion[], uscc: string, project_code: string): Promise<VoucherClaim[]> {
  const claims: VoucherClaim[] = []
  for (const row of await acceptedInterestVouchers(sql, uscc, project_code)) {
    const chain = await chainOf(row, number => interestVouchers.find(sql, number))
    claims.push(claimOf(policies, loanVoucher(row, chain, uscc, project_code), {
      kind: 'LOAN_INTEREST',
      facts: {
        loan_key: row.loan_key, eligible_loan_fen: row.drawdown_eligible_fen, land_fen: row.drawdown_land_fen, ceiling_loan_fen: row.eligible_loan_fen,
        segments: row.segments, day_count: row.day_count, normal_interest_paid_fen: Math.min(row.normal_interest_fen, row.normal_interest_paid_fen),
        penalty_interest_fen: row.penalty_fen, compound_interest_fen: row.compound_fen, national_subsidy_fen: row.national_subsidy_deducted_fen,
        other_subsidy_fen: row.other_subsidy_fen
      }
    }))
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
  if (kind === 'LOAN_INTEREST' && project_code !== null) return loanClaims(sql, policies, uscc, project_code)
  return []
}

/** The payee's account as a packet shows it; null while there is none. */
export async function payeeAccountShown (_sql: ReadSql, _payee_uscc: string): Promise<Record<string, unknown> | null> {
  return null
}
