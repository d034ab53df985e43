/**
 * How vouchers of interest paid are taken in, for loans and leases alike, many at once: a statement finds or keeps something for all of
 * them. Everything is judged before the first write, so that a refused voucher leaves nothing behind.
 */
import { newNo } from '../../clock.ts'
import { peek, together, type ReadSql, type WriteSql } from '../../db/db.ts'
import type { Outcome } from '../../db/gathering.ts'
import type { Principal } from '../../http/access.ts'
import { mistake, refuseIfAny, type Mistake } from '../../intake/mistakes.ts'
import { beijingDate } from '../../policy/calendar.ts'
import type { Period } from '../../policy/period.ts'
import type { Segment } from '../../policy/segments.ts'
import { nearestTerms, type PolicyVersion } from '../../policy/terms.ts'
import { checkPeriodBeside, type VoucherFinding } from '../../policy/vouchers.ts'
import { Problem } from '../../problem.ts'
import { findDocuments, type DocumentRow } from '../documents/store.ts'
import {
  announceAll, contentDigest, contractUnknown, isOtherName, keepAllUses, keptOrAgain, mandateAmong, notesAmong, storedTwin, toldAbout, unknownDocument,
  usedBefore, voucherUses, type Use
} from '../evidence/service.ts'
import { correctedBy, stepBack } from '../evidence/correcting.ts'
import {
  authorizationsGiven, enterprisesOf, type EvidenceUse, type HeldStore, type KnownEnterprise, type Mandate, type ReviewNote
} from '../evidence/store.ts'
import { markAll, type SubsidyKind } from '../marks.ts'
import { amountsOf, historyFindings, isCoveredByHistory, isHeld, judgeInterest, segmentsOf, shownFindings, statedMistakes, type Lent,
  type StatedInterest } from './judging.ts'
import { judgeNext } from './judging-again.ts'
import { takeTurns, type InterestVoucherRow, type Periods } from './store.ts'

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

/** A voucher and who sends it. */
export interface Sent<Body extends StatedVoucher> { principal: Principal, prepared: Prepared<Body> }

/** A voucher as it is kept. `is_new` false: it was there before. */
export interface Accepted { row: InterestVoucherRow, is_new: boolean }

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
  /** each where its voucher stands; undefined: the sender has lent nothing under that number */
  lentTo (sql: ReadSql, sent: readonly Sent<Body>[]): Promise<(LentTo | undefined)[]>
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

/** A voucher whose words are in order, with what it stands on. */
interface Entered<Body extends StatedVoucher> { sent: Sent<Body>, lent: LentTo, document: DocumentRow | undefined, uses: readonly Use[] }

/** What is judged besides; `earlier` is what it corrects, or why it may not. */
interface Facts { given: readonly Mandate[], known: KnownEnterprise, before: ReadonlyMap<string, EvidenceUse>, earlier: Tried<InterestVoucherRow | null> }

/** A voucher that may stand, and what is kept with it. */
interface Judged<Body extends StatedVoucher> { entered: Entered<Body>, row: InterestVoucherRow, earlier: InterestVoucherRow | null, enterprise_no: string | null }

type Tried<T> = { value: T } | { refused: Problem }

async function tried<T> (work: () => Promise<T>): Promise<Tried<T>> {
  try {
    return { value: await work() }
  } catch (refused) {
    if (!(refused instanceof Problem)) throw refused
    return { refused }
  }
}

/**
 * Takes in vouchers, each ACCEPTED, or HELD with findings. All are judged before the first write; one that is tied to another of them is
 * `met` and waits until that one is kept.
 *
 * Refused: duplicate_key, segments_reversed, segments_overlap, segment_outside_period, period_reversed, rate_too_high,
 * paid_date_in_future, paid_over_due, contract_unknown, authorization_missing, authorization_not_active, document_unknown, balance_over_loan,
 * interest_recalc_mismatch, voucher_unknown, state_conflict, period_overlap.
 * Source: contract §6; S2 (十三); domain notes §5.9, §7.9, A-13.
 */
export async function acceptInterests<Body extends StatedVoucher> (
  sql: WriteSql, now: string, room: InterestRoom<Body>, all: readonly Sent<Body>[]
): Promise<Outcome<Accepted>[]> {
  const outcomes = new Map<Sent<Body>, Outcome<Accepted>>()
  const [kept, lent, documents] = await together(
    room.store.byBusinessNos(peek(sql), all.map(({ principal, prepared }) => ({ participant_no: principal.participant_no, business_no: prepared.body.voucher_no }))),
    room.lentTo(sql, all),
    findDocuments(peek(sql), all.map(({ principal, prepared }) => ({ participant_no: principal.participant_no, document_no: prepared.body.document_no }))))
  const entering: Entered<Body>[] = []
  for (const [place, sent] of all.entries()) {
    const entered = await tried(async () => enter(room, sent, kept[place], lent[place], documents[place]))
    if ('refused' in entered) outcomes.set(sent, entered)
    else if ('row' in entered.value) outcomes.set(sent, { value: entered.value })
    else entering.push(entered.value)
  }
  const facts = await factsOf(sql, room, entering)
  const about = new Set<string>()
  const apart = entering.filter(each => {
    const ties = tiesOf(each, facts.get(each) as Facts)
    const has_met = ties.some(tie => about.has(tie))
    for (const tie of ties) about.add(tie)
    if (has_met) outcomes.set(each.sent, 'met')
    return !has_met
  })
  const beside = await room.periods.beside(peek(sql), apart.map(each => {
    const { earlier } = facts.get(each) as Facts
    return { lent_number: each.lent.number, period_end: each.sent.prepared.body.period_end, except: 'value' in earlier ? earlier.value?.number ?? null : null }
  }))
  const judged: Judged<Body>[] = []
  for (const [place, each] of apart.entries()) {
    const one = await tried(async () => judge(now, each, facts.get(each) as Facts, beside[place]))
    if ('refused' in one) outcomes.set(each.sent, one)
    else judged.push(one.value)
  }
  await keep(sql, now, room, judged)
  for (const { entered, row } of judged) outcomes.set(entered.sent, { value: { row, is_new: true } })
  return all.map(sent => outcomes.get(sent) as Outcome<Accepted>)
}

/** What the sender's own words and things say: it was kept before, or it stands on something. Errors: what is wrong with them. */
function enter<Body extends StatedVoucher> (room: InterestRoom<Body>, sent: Sent<Body>, kept: InterestVoucherRow | undefined, lent: LentTo | undefined,
  document: DocumentRow | undefined): Accepted | Entered<Body> {
  const { principal, prepared: { body, content_digest, mistakes } } = sent
  const twin = storedTwin(kept, content_digest)
  if (twin !== null) return { row: twin, is_new: false }
  refuseIfAny(mistakes)
  if (lent === undefined) throw contractUnknown(room.pointer)
  return { sent, lent, document, uses: voucherUses(room.event.toUpperCase(), lent.first_no, document?.sha256 ?? '', principal, body.bank_txn_no) }
}

async function factsOf<Body extends StatedVoucher> (sql: WriteSql, room: InterestRoom<Body>, entering: readonly Entered<Body>[]): Promise<Map<Entered<Body>, Facts>> {
  const usccs = entering.map(({ lent }) => lent.uscc)
  const [, given, known, before, earlier] = await together(
    takeTurns(sql, entering.map(({ lent }) => lent.number)), authorizationsGiven(sql, usccs), enterprisesOf(peek(sql), usccs),
    usedBefore(sql, entering.flatMap(({ uses }) => uses)),
    together(...entering.map(({ sent: { principal, prepared } }) => tried(() => correctedBy(sql, principal, room.store, prepared.body.correction_of)))))
  return new Map(entering.map((each, place) => [each, {
    given: given.get(each.lent.uscc) ?? [], known: known[place] as KnownEnterprise, before, earlier: earlier[place] as Facts['earlier']
  }]))
}

/** What at most one of several vouchers may have to do with: what was lent, its number, what it corrects, evidence that nobody used before. */
function tiesOf<Body extends StatedVoucher> ({ sent: { principal, prepared: { body } }, lent, uses }: Entered<Body>, { before, earlier }: Facts): string[] {
  const corrected = 'value' in earlier ? earlier.value : null
  return [
    `lent ${lent.number}`,
    ...[body.voucher_no, body.correction_of].flatMap(number => number === undefined ? [] : [`number ${principal.participant_no} ${number}`]),
    ...corrected === null ? [] : [`corrected ${corrected.number}`, `lent ${corrected.lent_number}`],
    ...uses.flatMap(({ evidence_key }) => before.has(evidence_key) ? [] : [`use ${evidence_key}`])
  ]
}

/** The voucher as it stands. Errors: what it is refused for. */
function judge<Body extends StatedVoucher> (now: string, entered: Entered<Body>, facts: Facts, beside: Period | undefined): Judged<Body> {
  const { sent: { principal, prepared: { body, segments, content_digest, terms } }, lent, document, uses } = entered
  const { given, known, before } = facts
  const authorization = mandateAmong(given, principal, lent.uscc, now, 'INTEREST_PAYMENT', one => isCoveredByHistory(body, one))
  const notes = notesAmong(before, principal, uses)
  const judgement = judgeInterest(body, segments, lent, terms)
  refuseIfAny([...(document === undefined ? [unknownDocument()] : []), ...judgement.mistakes])
  if ('refused' in facts.earlier) throw facts.earlier.refused
  const earlier = facts.earlier.value
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
  return { entered, row, earlier, enterprise_no: known.participant_no }
}

/** The writes: earlier ones step back, new ones stand, lines are due, both are told. */
async function keep<Body extends StatedVoucher> (sql: WriteSql, now: string, room: InterestRoom<Body>, judged: readonly Judged<Body>[]): Promise<void> {
  for (const { entered: { sent }, row, earlier, enterprise_no } of judged) {
    if (earlier !== null) await stepBack(sql, now, sent.principal, room.store, room.event, earlier, row.number, [enterprise_no])
  }
  await together(
    room.store.insert(sql, ...judged.map(({ row }) => row)).then(keptOrAgain),
    markAll(sql, now, judged.flatMap(({ row, earlier }) => [row, earlier].some(each => each?.status === 'ACCEPTED') ? [row, earlier ?? row] : []), room.kind),
    keepAllUses(sql, now, judged.map(({ entered: { sent, uses }, row }) => ({ principal: sent.principal, number: row.number, uses, notes: row.review_notes })))
  )
  await announceAll(sql, now, judged.map(({ entered: { sent: { principal } }, row, enterprise_no }) => ({
    principal, type: `${room.event}.${row.status === 'HELD' ? 'held' : 'accepted'}`, row, others: [enterprise_no], data: { lent: row.lent_number }
  })))
  await judgeNext(sql, now, room, judged.map(({ entered: { sent: { principal } }, row }) => ({ principal, row })))
}
