/**
 * Proofs of interest paid. Everything is judged before the first write, so that a refused voucher leaves nothing behind,
 * also as one of many in a batch.
 */
import { newNo } from '../../clock.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { mistake, refuseIfAny, type Mistake } from '../../intake/mistakes.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { yuanOf } from '../../policy/money.ts'
import type { Segment } from '../../policy/segments.ts'
import { nearestTerms, type PolicyVersion } from '../../policy/terms.ts'
import { checkPeriodBeside, type VoucherFinding } from '../../policy/vouchers.ts'
import { Problem, stateConflict } from '../../problem.ts'
import { findDocument } from '../documents/store.ts'
import { findLent } from '../drawdowns/store.ts'
import { completed } from '../evidence/schema.ts'
import {
  announce, contentDigest, contractUnknown, enterpriseFacts, isOtherName, keepUses, keptOrAgain, mandate, storedTwin, toldAbout, unknownDocument, usedElsewhere,
  voucherUses
} from '../evidence/service.ts'
import type { ReviewNote } from '../evidence/store.ts'
import { mark } from '../marks.ts'
import { amountsOf, historyFindings, isCoveredByHistory, isHeld, judgeInterest, segmentsOf, shownFindings, statedMistakes } from './judging.ts'
import { interest_defaults, NewInterestVoucher } from './schema.ts'
import { interestVouchers, periodBeside, supersedeInterestVoucher, type InterestVoucherRow } from './store.ts'

/** A voucher whose words are in order, with what could be computed before the unit. */
export interface PreparedVoucher { body: NewInterestVoucher, segments: Segment[], content_digest: string, terms: PolicyVersion, mistakes: Mistake[] }

export function prepareVoucher (body: NewInterestVoucher, policies: readonly PolicyVersion[], now: string): PreparedVoucher {
  const segments = segmentsOf(body)
  return {
    body, segments, content_digest: contentDigest(body), terms: nearestTerms(policies, 'TECH_RENO_LOAN', body.paid_date),
    mistakes: statedMistakes(body, segments, beijingDate(now))
  }
}

export function payerMistake (): Mistake {
  return mistake('payer_not_borrower', '/payer_account_name', 'PAYER_NOT_BORROWER', 'Interest that somebody else paid is not subsidised; the payer has to be the enterprise', '付款账户名称与企业登记名称不一致；仅对企业自付利息予以贴息')
}

/** Holding back a bank's own doubts from those that only others may read. */
export function reviewed (principal: Principal, notes: readonly ReviewNote[]): VoucherFinding[] {
  return toldAbout(principal, notes).map(each => ({ ...each, consequence: 'HOLD' }))
}

export function overlapProblem (found: VoucherFinding): Problem {
  return new Problem('period_overlap', {
    detail: found.message, detail_zh: found.message_zh, errors: [{ pointer: '/period_start', code: found.code, message: found.message, message_zh: found.message_zh }]
  })
}

/** The own voucher that a correction names. Errors: voucher_unknown, state_conflict. */
async function correctedBy (sql: ReadSql, principal: Principal, correction_of: string | undefined): Promise<InterestVoucherRow | null> {
  if (correction_of === undefined) return null
  const earlier = await interestVouchers.findOwn(sql, principal.participant_no, correction_of)
  if (earlier === undefined) refuseIfAny([mistake('voucher_unknown', '/correction_of', 'VOUCHER_UNKNOWN', 'This institution has sent no such voucher', '本机构未报送过该凭证')])
  else if (earlier.status !== 'ACCEPTED' && earlier.status !== 'HELD') throw stateConflict(earlier.status, [])
  return earlier ?? null
}

/**
 * Takes in an interest voucher: ACCEPTED, or HELD with findings.
 *
 * Errors: duplicate_key, segments_reversed, segments_overlap, segment_outside_period, period_reversed, rate_too_high, paid_date_in_future, paid_over_due,
 * contract_unknown, authorization_missing, authorization_not_active, document_unknown, payer_not_borrower, balance_over_loan,
 * interest_recalc_mismatch, voucher_unknown, state_conflict, period_overlap.
 * Source: contract §6; S2 (十三); domain notes §5.9, §7.9, A-13.
 */
export async function acceptInterestVoucher (sql: WriteSql, now: string, principal: Principal, prepared: PreparedVoucher): Promise<{ row: InterestVoucherRow, is_new: boolean }> {
  const { body, segments, content_digest, terms } = prepared
  const twin = storedTwin(await interestVouchers.byBusinessNo(sql, principal.participant_no, body.voucher_no), content_digest)
  if (twin !== null) return { row: twin, is_new: false }
  refuseIfAny(prepared.mistakes)
  const lent = await findLent(sql, principal.participant_no, body.iou_no)
  if (lent === undefined || (body.loan_contract_no !== undefined && lent.contract.business_no !== body.loan_contract_no)) throw contractUnknown('/iou_no')
  const { drawdown, contract } = lent
  const authorization = await mandate(sql, principal, drawdown.uscc, now, 'INTEREST_PAYMENT', one => isCoveredByHistory(body, one))
  const document = await findDocument(sql, principal.participant_no, body.document_no)
  const enterprise = await enterpriseFacts(sql, drawdown.uscc, authorization)
  const judgement = judgeInterest(body, segments, {
    day_count: contract.day_count, annual_rate_pct: contract.annual_rate_pct, rate_segments: drawdown.rate_segments, balance_max_fen: drawdown.amount_fen,
    starts: drawdown.disbursed_date, maturity_date: drawdown.maturity_date
  }, terms)
  refuseIfAny([
    ...(document === undefined ? [unknownDocument()] : []), ...(isOtherName(body.payer_account_name, enterprise.name) ? [payerMistake()] : []), ...judgement.mistakes
  ])
  const earlier = await correctedBy(sql, principal, body.correction_of)
  const beside = await periodBeside(sql, drawdown.number, body.period_end, earlier?.number ?? null)
  const around = checkPeriodBeside({ from: body.period_start, to: body.period_end }, beside === undefined ? [] : [beside], drawdown.disbursed_date, terms)
  const overlap = around.find(({ consequence }) => consequence === 'REFUSE')
  if (overlap !== undefined) throw overlapProblem(overlap)
  const uses = voucherUses('INTEREST_VOUCHER', drawdown.business_no, document?.sha256 ?? '', principal, body.bank_txn_no)
  const notes = await usedElsewhere(sql, principal, uses)
  const findings = [...judgement.findings, ...around, ...historyFindings(body, authorization), ...reviewed(principal, notes)]
  const held = isHeld(findings, earlier?.status === 'HELD' && body.reason !== undefined)
  const row: InterestVoucherRow = {
    number: newNo('vch'),
    participant_no: principal.participant_no,
    business_no: body.voucher_no,
    uscc: drawdown.uscc,
    project_code: drawdown.project_code,
    status: held ? 'HELD' : 'ACCEPTED',
    findings: shownFindings(findings),
    authorization_no: authorization.authorization_no,
    content_digest,
    review_notes: notes,
    body,
    version: 1,
    created_at: now,
    updated_at: now,
    drawdown_number: drawdown.number,
    iou_no: drawdown.business_no,
    period_start: body.period_start,
    period_end: body.period_end,
    paid_date: body.paid_date,
    segments,
    ...amountsOf(body),
    recomputed_fen: judgement.recomputed_fen,
    document_no: body.document_no,
    supersedes: earlier?.number ?? null,
    superseded_by: null
  }
  await keep(sql, now, principal, row, earlier, enterprise.participant_no)
  await keepUses(sql, now, principal, row.number, uses)
  return { row, is_new: true }
}

/** The writes: the earlier one steps back, the new one stands, lines are due, both are told. */
async function keep (sql: WriteSql, now: string, principal: Principal, row: InterestVoucherRow, earlier: InterestVoucherRow | null, enterprise_no: string | null): Promise<void> {
  if (earlier !== null && !await supersedeInterestVoucher(sql, earlier.number, row.number, now)) throw stateConflict('SUPERSEDED', [])
  keptOrAgain(await interestVouchers.insert(sql, row))
  if (row.status === 'ACCEPTED') await mark(sql, now, row.uscc, row.project_code, 'LOAN_INTEREST')
  if (earlier?.status === 'ACCEPTED') await mark(sql, now, earlier.uscc, earlier.project_code, 'LOAN_INTEREST')
  if (earlier !== null) await announce(sql, now, principal, 'interest_voucher.superseded', earlier, [enterprise_no], { superseded_by: row.number })
  await announce(sql, now, principal, row.status === 'HELD' ? 'interest_voucher.held' : 'interest_voucher.accepted', row, [enterprise_no], { drawdown: row.drawdown_number })
}

export function shownInterestVoucher (row: InterestVoucherRow): Record<string, unknown> {
  const { number, participant_no, status, findings, authorization_no, version, created_at, updated_at, superseded_by, project_code } = row
  return {
    ...completed(NewInterestVoucher, row.body, { ...interest_defaults, normal_interest_paid: row.body.normal_interest }),
    borrower_uscc: row.uscc, recomputed_interest: yuanOf(row.recomputed_fen), superseded_by, project_code,
    number, participant_no, status, findings, authorization_no, version, created_at, updated_at
  }
}
