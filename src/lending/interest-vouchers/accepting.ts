/**
 * How vouchers of interest paid are taken in, for loans and leases alike. Everything is judged before the first write, so that
 * a refused voucher leaves nothing behind, also as one of many in a batch.
 */
import { newNo } from '../../clock.ts'
import { peek, together, type ReadSql, type WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { mistake, refuseIfAny, type Mistake } from '../../intake/mistakes.ts'
import { beijingDate } from '../../policy/calendar.ts'
import type { Segment } from '../../policy/segments.ts'
import { nearestTerms, type PolicyVersion } from '../../policy/terms.ts'
import { checkPeriodBeside, type VoucherFinding } from '../../policy/vouchers.ts'
import { Problem } from '../../problem.ts'
import { findDocument } from '../documents/store.ts'
import {
  announce, contentDigest, contractUnknown, isOtherName, keepUses, keptOrAgain, mandate, storedTwin, toldAbout, unknownDocument,
  usedElsewhere, voucherUses, type Use
} from '../evidence/service.ts'
import { correctedBy, stepBack } from '../evidence/correcting.ts'
import { enterpriseOf, type HeldStore, type ReviewNote } from '../evidence/store.ts'
import { mark, type SubsidyKind } from '../marks.ts'
import { amountsOf, historyFindings, isCoveredByHistory, isHeld, judgeInterest, segmentsOf, shownFindings, statedMistakes, type Lent,
  type StatedInterest } from './judging.ts'
import { judgeNext } from './judging-again.ts'
import { takeTurn, type InterestVoucherRow, type Periods } from './store.ts'

export type StatedVoucher = StatedInterest & { voucher_no: string }

/** A voucher whose words are in order, with what could be computed before the unit. */
export interface Prepared<Body extends StatedVoucher> { body: Body, segments: Segment[], content_digest: string, terms: PolicyVersion,
  mistakes: Mistake[] }

export function prepare<Body extends StatedVoucher> (body: Body, policies: readonly PolicyVersion[], now: string): Prepared<Body> {
  const segments = segmentsOf(body)
  return {
    body, segments, content_digest: contentDigest(body), terms: nearestTerms(policies, 'TECH_RENO_LOAN', body.paid_date),
    mistakes: statedMistakes(body, segments, beijingDate(now))
  }
}

/** The drawdown or lease on which interest was paid. */
export interface LentTo extends Lent { number: string, first_no: string, business_no: string, uscc: string, project_code: string }

/** What tells the rooms of interest and rent apart. */
export interface InterestRoom<Body extends StatedVoucher> {
  store: HeldStore<InterestVoucherRow>
  periods: Periods
  kind: SubsidyKind
  /** first part of its events, e.g. interest_voucher */
  event: 'interest_voucher' | 'rent_voucher'
  /** what was lent, by its own number here */
  lentBy (sql: ReadSql, number: string): Promise<LentTo | undefined>
  /** undefined: the sender has lent nothing under that number */
  lentTo (sql: ReadSql, principal: Principal, body: Body): Promise<LentTo | undefined>
  /** where the body names what was lent */
  pointer: string
}

/** What somebody else paid is not subsidised: it waits until it is corrected. Source: contract §6; domain notes §5.9. */
export function payerFindings (payer_account_name: string | undefined, name: string | null): VoucherFinding[] {
  if (payer_account_name === undefined || !isOtherName(payer_account_name, name)) return []
  return [{ code: 'NAME_MISMATCH', rule_id: null, consequence: 'HOLD', message: 'The payer is not the enterprise; what somebody else paid is not subsidised. Correct the name or the voucher.',
    message_zh: '付款账户名称与企业登记名称不一致；仅对企业自付部分予以补贴，请核对后以更正方式重报。' }]
}

/** Doubts about where the evidence was used before: they hold, in the words the sender may read. */
export function reviewed (principal: Principal, notes: readonly ReviewNote[]): VoucherFinding[] {
  return toldAbout(principal, notes).map(({ code, rule_id, message, message_zh }) => ({ code, rule_id, message, message_zh,
    consequence: 'HOLD' }))
}

export function overlapProblem (found: VoucherFinding): Problem {
  return new Problem('period_overlap', {
    detail: found.message, detail_zh: found.message_zh, errors: [{ pointer: '/period_start', code: found.code, message: found.message,
      message_zh: found.message_zh }]
  })
}

export function paidInFuture (today: string): Mistake {
  return mistake('paid_date_in_future', '/paid_date', 'PAID_DATE_IN_FUTURE', `Today is ${today}; send it when it is paid`,
    `今日为 ${today}；请在付款后报送`)
}

/**
 * Takes in a voucher: ACCEPTED, or HELD with findings.
 *
 * Errors: duplicate_key, segments_reversed, segments_overlap, segment_outside_period, period_reversed, rate_too_high,
 * paid_date_in_future, paid_over_due, contract_unknown, authorization_missing, authorization_not_active, document_unknown, balance_over_loan,
 * interest_recalc_mismatch, voucher_unknown, state_conflict, period_overlap.
 * Source: contract §6; S2 (十三); domain notes §5.9, §7.9, A-13.
 */
export async function acceptInterest<Body extends StatedVoucher> (
  sql: WriteSql, now: string, principal: Principal, room: InterestRoom<Body>, prepared: Prepared<Body>
): Promise<{ row: InterestVoucherRow, is_new: boolean }> {
  const { body, segments, content_digest, terms } = prepared
  const [kept, lent, document] = await together(
    room.store.byBusinessNo(peek(sql), principal.participant_no, body.voucher_no), room.lentTo(sql, principal, body),
    findDocument(peek(sql), principal.participant_no, body.document_no))
  const twin = storedTwin(kept, content_digest)
  if (twin !== null) return { row: twin, is_new: false }
  refuseIfAny(prepared.mistakes)
  if (lent === undefined) throw contractUnknown(room.pointer)
  const uses = voucherUses(room.event.toUpperCase(), lent.first_no, document?.sha256 ?? '', principal, body.bank_txn_no)
  const [, authorization, known, notes] = await together(
    takeTurn(sql, lent.number), mandate(sql, principal, lent.uscc, now, 'INTEREST_PAYMENT', one => isCoveredByHistory(body, one)),
    enterpriseOf(peek(sql), lent.uscc), usedElsewhere(sql, principal, uses))
  const judgement = judgeInterest(body, segments, lent, terms)
  refuseIfAny([...(document === undefined ? [unknownDocument()] : []), ...judgement.mistakes])
  const earlier = await correctedBy(sql, principal, room.store, body.correction_of)
  const beside = await room.periods.beside(peek(sql), lent.number, body.period_end, earlier?.number ?? null)
  const around = checkPeriodBeside({ from: body.period_start, to: body.period_end }, beside === undefined ? [] : [beside], lent.starts,
    terms)
  const overlap = around.find(({ consequence }) => consequence === 'REFUSE')
  if (overlap !== undefined) throw overlapProblem(overlap)
  const findings = [...judgement.findings, ...payerFindings(body.payer_account_name, known.name ?? authorization.grantor_name), ...around, ...historyFindings(body, authorization, terms), ...reviewed(principal, notes)]
  const held = isHeld(findings, earlier?.status === 'HELD' && body.reason !== undefined)
  const row: InterestVoucherRow = {
    number: newNo('vch'),
    participant_no: principal.participant_no,
    business_no: body.voucher_no,
    uscc: lent.uscc,
    project_code: lent.project_code,
    status: held ? 'HELD' : 'ACCEPTED',
    findings: shownFindings(findings),
    authorization_no: authorization.authorization_no,
    content_digest,
    review_notes: notes,
    body,
    version: 1,
    created_at: now,
    updated_at: now,
    lent_number: lent.number,
    lent_no: lent.business_no,
    period_start: body.period_start,
    period_end: body.period_end,
    paid_date: body.paid_date,
    segments,
    ...amountsOf(body),
    recomputed_fen: judgement.recomputed_fen,
    document_no: body.document_no,
    supersedes: earlier?.number ?? null,
    superseded_by: null,
    accepted_at: held ? null : now
  }
  await keep(sql, now, principal, room, row, earlier, known.participant_no, uses)
  return { row, is_new: true }
}

/** The writes: the earlier one steps back, the new one stands, lines are due, both are told. */
async function keep<Body extends StatedVoucher> (
  sql: WriteSql, now: string, principal: Principal, room: InterestRoom<Body>, row: InterestVoucherRow, earlier: InterestVoucherRow | null,
  enterprise_no: string | null, uses: readonly Use[]
): Promise<void> {
  if (earlier !== null) await stepBack(sql, now, principal, room.store, room.event, earlier, row.number, [enterprise_no])
  await together(
    room.store.insert(sql, row).then(keptOrAgain),
    ...[row, earlier].map(async each => each?.status === 'ACCEPTED' ? mark(sql, now, each.uscc, each.project_code, room.kind) : undefined),
    keepUses(sql, now, principal, row.number, uses, row.review_notes)
  )
  await announce(sql, now, principal, `${room.event}.${row.status === 'HELD' ? 'held' : 'accepted'}`, row, [enterprise_no],
    { lent: row.lent_number })
  await judgeNext(sql, now, principal, room, row)
}
