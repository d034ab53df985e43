/** Claims and recoveries as they are shown. */
import type { ReadSql } from '../../db/db.ts'
import { yuanOf } from '../../policy/money.ts'
import type { Borne } from '../../policy/risk-share.ts'
import type { NewClaim } from './schema.ts'
import { borneOf } from './service.ts'
import { ledgerOf, recoveriesOf, type Claim, type LedgerRow, type Recovery } from './store.ts'

function shownShares ({ guarantor_fen, fiscal_fen, bank_fen, re_guarantor_fen }: Borne) {
  return { guarantor: yuanOf(guarantor_fen), fiscal: yuanOf(fiscal_fen), bank: yuanOf(bank_fen), re_guarantor: yuanOf(re_guarantor_fen) }
}

export function shownRecovery (row: Recovery) {
  const { number, recovery_no, participant_no, date, settled_in, created_at } = row
  return {
    number, recovery_no, participant_no, date, gross: yuanOf(row.gross_fen), cost: yuanOf(row.cost_fen), net: yuanOf(row.net_fen), split: shownShares(row), settled_in, created_at
  }
}

function shownComputed (claim: Claim) {
  const { covered_fen, headroom_before_fen, bank_excess_fen, rate_after_pct, state_after, policy_version, fiscal_fen, fiscal_municipal_fen } = claim
  if (covered_fen === null || headroom_before_fen === null || bank_excess_fen === null || fiscal_fen === null || fiscal_municipal_fen === null) return null
  return {
    eligible_principal: yuanOf(claim.eligible_fen), headroom_before: yuanOf(headroom_before_fen), covered_principal: yuanOf(covered_fen), shares: shownShares(borneOf(claim)),
    fiscal_parts: { municipal: yuanOf(fiscal_municipal_fen), state_fund: yuanOf(fiscal_fen - fiscal_municipal_fen) },
    bank_excess: yuanOf(bank_excess_fen), rate_after_pct, breaker_state: state_after, policy_version
  }
}

function shownDecision (decision: string | null, reason: string | null, decided_by: string | null, decided_at: string | null) {
  return decision === null ? null : { decision, reason, decided_by, decided_at }
}

function shown (claim: Claim, recoveries: readonly Recovery[], ledger: readonly LedgerRow[]) {
  const body = claim.body as NewClaim
  const { number, participant_no, guarantor_no, guarantee_contract_no, guarantee_number, loan_contract_no, iou_no, uscc, vintage_year, status, findings,
    decision_due_date } = claim
  const { paid_date, fiscal_claim_no, re_guarantee_claim_no, fiscal_pool, version, created_at, updated_at } = claim
  return {
    number, claim_no: claim.business_no, participant_no, guarantor_no, guarantee_contract_no, guarantee_number, loan_contract_no, iou_no, uscc, vintage_year,
    default_date: body.default_date, default_principal: body.default_principal, overdue_days: body.overdue_days ?? null, bank_notice_no: body.bank_notice_no ?? null,
    bank_notice_date: body.bank_notice_date ?? null,
    acceleration: body.acceleration === undefined ? null : { declared: body.acceleration.declared, date: body.acceleration.date ?? null },
    interest_not_covered: body.interest_not_covered ?? '0.00', collateral_recovered_before: body.collateral_recovered_before ?? '0.00', document_nos: body.document_nos ?? [],
    bank_due_diligence_statement: body.bank_due_diligence_statement ?? null, status, findings, decision_due_date, computed: shownComputed(claim),
    guarantor_decision: shownDecision(claim.decision, claim.decision_reason, claim.decided_by, claim.decided_at),
    review: shownDecision(claim.review, claim.review_reason, claim.reviewed_by, claim.reviewed_at),
    paid_date, paid_amount: claim.paid_fen === null ? null : yuanOf(claim.paid_fen), fiscal_claim_no, re_guarantee_claim_no, fiscal_pool, recovered: yuanOf(claim.recovered_fen),
    recoveries: recoveries.map(shownRecovery),
    ledger: ledger.map(({ posting, party, amount_fen, recovery_number, at }) => ({ posting, party, amount: yuanOf(amount_fen), recovery_number, at })),
    version, created_at, updated_at
  }
}

/** Claims with their recoveries and ledger, in the order given. */
export async function shownClaims (sql: ReadSql, claims: readonly Claim[]) {
  const numbers = claims.map(({ number }) => number)
  const recoveries = await recoveriesOf(sql, numbers)
  const ledger = await ledgerOf(sql, numbers)
  return claims.map(claim => shown(
    claim, recoveries.filter(({ claim_number }) => claim_number === claim.number), ledger.filter(({ claim_number }) => claim_number === claim.number)
  ))
}

export async function shownClaim (sql: ReadSql, claim: Claim) {
  return (await shownClaims(sql, [claim]))[0]
}
