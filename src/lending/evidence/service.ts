/**
 * What every acceptance of evidence asks: is the enterprise's authorization active, are the documents the sender's own, was the
 * business number used before, who hears of it.
 */
import { digestOf } from '../../db/canonical.ts'
import { peek, RunAgain, type ReadSql, type WriteSql } from '../../db/db.ts'
import { notFound, Problem } from '../../problem.ts'
import type { Principal, Role } from '../../http/access.ts'
import { coveringOf, type Coverage } from '../../intake/authorizations/service.ts'
import type { RecipientClass, Scope } from '../../intake/authorizations/kinds.ts'
import { nameKey } from '../../intake/enterprise-lists/values.ts'
import { mistake, type Mistake } from '../../intake/mistakes.ts'
import type { EventType } from '../../journal/event-types.ts'
import { append, the_hub, type NewEvent } from '../../journal/events.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { finding, type Finding } from '../../policy/findings.ts'
import { activeOfRole } from '../../registry/participants/store.ts'
import { authorizationsGiven, enterpriseOf, findUses, keepFirstUses, type EvidenceRow, type EvidenceUse, type Mandate, type ReviewNote } from './store.ts'

/** Under which class a sender may be authorized; besides that, evidence is collected for auditors and the fiscal side. */
const class_of: Readonly<Partial<Record<Role, RecipientClass>>> = { BANK: 'PAIRED_BANK', GUARANTOR: 'PAIRED_GUARANTOR', LESSOR: 'LESSOR',
  INSURER: 'INSURER' }
const collected_for: readonly RecipientClass[] = ['AUDITOR', 'FISCAL']

/** The first of some authorizations that lets a sender's evidence be collected on a day. */
export function collectedUnder (some: readonly Mandate[], { role, participant_no }: { role: Role, participant_no: string }, day: string,
  scope: Scope): Coverage<Mandate> {
  const own = class_of[role]
  let covering: Coverage<Mandate> = { found: null, reason: 'MISSING' }
  for (const recipient_class of own === undefined ? collected_for : [own, ...collected_for]) {
    covering = coveringOf(some, { day, recipient_class, recipient_no: participant_no, scopes: [scope] })
    if (covering.found !== null) break
  }
  return covering
}

/**
 * The authorization under which evidence about an enterprise is taken in today.
 *
 * @param preferred taken before others that cover as well
 * Errors: authorization_missing, authorization_not_active.
 * Source: S2 (十三), reading A-30; domain notes §10 A-13.
 */
export async function mandate (
  sql: ReadSql, principal: Principal, uscc: string, now: string, scope: Scope, preferred?: (one: Mandate) => boolean
): Promise<Mandate> {
  return mandateAmong((await authorizationsGiven(sql, [uscc])).get(uscc) ?? [], principal, uscc, now, scope, preferred)
}

/** The same among all that an enterprise gave. */
export function mandateAmong (candidates: readonly Mandate[], principal: Principal, uscc: string, now: string, scope: Scope,
  preferred: (one: Mandate) => boolean = () => true): Mandate {
  const day = beijingDate(now)
  let not_active = false
  for (const some of [candidates.filter(preferred), candidates]) {
    const covering = collectedUnder(some, principal, day, scope)
    if (covering.found !== null) return covering.found
    not_active ||= covering.reason === 'NOT_ACTIVE'
  }
  throw new Problem(not_active ? 'authorization_not_active' : 'authorization_missing', not_active ? {
    detail: `The authorization of ${uscc} is not active today; ask the enterprise for a new one with the scope ${scope}`,
    detail_zh: `企业 ${uscc} 的授权当前未生效、已过期或已撤回；请由企业重新授权（范围 ${scope}）`
  } : {
    detail: `${uscc} has given no authorization with the scope ${scope} for this; collect one first`,
    detail_zh: `企业 ${uscc} 未就此授权（需含范围 ${scope}）；请先取得授权`
  })
}

/** What was kept under this business number: null when nothing was. Errors: duplicate_key for other content. */
export function storedTwin<Row extends EvidenceRow> (kept: Row | undefined, content_digest: string): Row | null {
  if (kept === undefined) return null
  if (kept.content_digest === content_digest) return kept
  throw new Problem('duplicate_key', {
    detail: `${kept.business_no} was sent before with other content; a change is sent as a correction under its own number`,
    detail_zh: `${kept.business_no} 已以其他内容提交；如需更正请以新的编号提交并注明 correction_of`
  })
}

export function contentDigest (body: object): string {
  return digestOf(body)
}

/** Inserts or lets the unit run again when a twin was faster. */
export function keptOrAgain (inserted: boolean): void {
  if (!inserted) throw new RunAgain('the same business number was kept at the same time')
}

/** What is known about the enterprise: its name, and its participant when it takes part itself. */
export async function enterpriseFacts (sql: ReadSql, uscc: string, authorization: Mandate | null): Promise<{ name: string | null,
  participant_no: string | null }> {
  const { name, participant_no } = await enterpriseOf(sql, uscc)
  return { name: name ?? authorization?.grantor_name ?? null, participant_no }
}

/** Whether a name differs from the registered one; an unknown one differs from none. */
export function isOtherName (stated: string, registered: string | null): boolean {
  return registered !== null && nameKey(stated) !== nameKey(registered)
}

export function unknownDocument (pointer = '/document_no'): Mistake {
  return mistake('document_unknown', pointer, 'DOCUMENT_UNKNOWN',
    'This participant has uploaded no such document; POST /v1/documents first', '本参与方未上传该文件；请先调用 POST /v1/documents 上传')
}

/** One and the same answer for a contract that is missing and for one of another institution. */
export function contractUnknown (pointer: string): Problem {
  return new Problem('contract_unknown', {
    errors: [{ pointer, code: 'CONTRACT_MISSING', message: 'This institution has sent no such contract or drawdown',
      message_zh: '本机构未提交过该合同或借据' }]
  })
}

/** What an acceptance tells, and whom besides its sender. */
export interface Announcement {
  principal: Principal
  type: EventType
  row: Pick<EvidenceRow, 'number' | 'authorization_no' | 'business_no' | 'review_notes'>
  others: readonly (string | null)[]
  data?: Record<string, unknown>
}

/**
 * Appends the events of acceptances for the sender, the enterprise where it takes part, and others concerned. The commission hears where a
 * piece of evidence was used before; its sender only that it is looked into (contract §2).
 */
export async function announceAll (sql: WriteSql, now: string, announcements: readonly Announcement[]): Promise<void> {
  const isReused = ({ type, row }: Announcement) => row.review_notes.length > 0 && !type.endsWith('.superseded')
  const reviewers = announcements.some(isReused) ? (await activeOfRole(sql, 'MEIC')).map(({ participant_no }) => participant_no) : []
  await append(sql, now, ...announcements.flatMap(one => isReused(one) ? [accepted(one), reused(one, reviewers)] : [accepted(one)]))
}

function accepted ({ principal, type, row, others, data = {} }: Announcement): NewEvent {
  return {
    type, subject: row.number, actor: principal, audience: [principal.participant_no, ...others.filter(each => each !== null)],
    authorization_no: row.authorization_no, data: { business_no: row.business_no, ...data }
  }
}

function reused ({ principal, row }: Announcement, reviewers: readonly string[]): NewEvent {
  return {
    type: 'evidence.reused', subject: row.number, actor: the_hub, audience: reviewers,
    data: {
      business_no: row.business_no, participant_no: principal.participant_no,
      reasons: row.review_notes.map(({ code, first_participant_no, first_number, first_kind }) => ({ code, first_participant_no, first_number, first_kind }))
    }
  }
}

/** The same for one. */
export async function announce (sql: WriteSql, now: string, principal: Principal, type: EventType, row: Announcement['row'], others: readonly (string | null)[],
  data: Record<string, unknown> = {}): Promise<void> {
  await announceAll(sql, now, [{ principal, type, row, others, data }])
}

export interface Use {
  /** e.g. `RECEIPT:<sha256>`, `INVOICE:<number>` */
  evidence_key: string
  kind: string
  /** a second use of the same kind for the same subject by the same participant is no reuse */
  subject: string
  /** RECEIPT_REUSED, VOUCHER_REUSED or EQUIPMENT_DOUBLE_FINANCED */
  code: string
}

/** Notes where a piece of evidence was used before, without telling the sender whose it was. */
export async function usedElsewhere (sql: ReadSql, principal: Principal, uses: readonly Use[]): Promise<ReviewNote[]> {
  return notesAmong(await usedBefore(sql, uses), principal, uses)
}

/** The first uses of some pieces of evidence by their keys. */
export async function usedBefore (sql: ReadSql, uses: readonly Use[]): Promise<Map<string, EvidenceUse>> {
  return findUses(peek(sql), uses.map(({ evidence_key }) => evidence_key))
}

/** What `usedElsewhere` notes, among first uses that were looked up. */
export function notesAmong (before: ReadonlyMap<string, EvidenceUse>, principal: Principal, uses: readonly Use[]): ReviewNote[] {
  const notes: ReviewNote[] = []
  for (const { evidence_key, kind, subject, code } of uses) {
    const first = before.get(evidence_key)
    if (first === undefined || isOwn(first, principal, kind, subject)) continue
    notes.push({ code, evidence_key, first_participant_no: first.participant_no, first_number: first.number, first_kind: first.kind,
      first_subject: first.subject })
  }
  return notes
}

function isOwn (first: EvidenceUse, principal: Principal, kind: string, subject: string): boolean {
  return first.participant_no === principal.participant_no && first.kind === kind && first.subject === subject
}

/** Evidence that was taken in: what it uses, and what was seen of that before. */
export interface UsedBy { principal: Principal, number: string, uses: readonly Use[], notes: readonly ReviewNote[] }

/** Keeps first uses; what was used before stays with its first user. */
export async function keepAllUses (sql: WriteSql, now: string, users: readonly UsedBy[]): Promise<void> {
  const news = users.flatMap(({ principal, number, uses, notes }) => uses.filter(({ evidence_key }) => !notes.some(note => note.evidence_key === evidence_key))
    .map(({ evidence_key, kind, subject }) => ({ principal, use: { evidence_key, participant_no: principal.participant_no, kind, subject, number, created_at: now } })))
  const kept = await keepFirstUses(sql, news.map(({ use }) => use))
  const others = news.filter(({ use }) => !kept.has(use.evidence_key))
  if (others.length === 0) return
  const firsts = await findUses(sql, others.map(({ use }) => use.evidence_key))
  for (const { principal, use } of others) {
    const first = firsts.get(use.evidence_key)
    if (first === undefined || !isOwn(first, principal, use.kind, use.subject)) throw new RunAgain('a piece of evidence was used at the same time')
  }
}

/** The same for one. @param notes what `usedElsewhere` saw */
export async function keepUses (sql: WriteSql, now: string, principal: Principal, number: string, uses: readonly Use[], notes: readonly ReviewNote[]): Promise<void> {
  await keepAllUses(sql, now, [{ principal, number, uses, notes }])
}

const under_review = finding('UNDER_REVIEW', null, 'This is looked into; nothing is to be done now.', '该材料正在核查，暂无需处理。')
const own_reuses: Readonly<Record<string, Finding>> = {
  VOUCHER_REUSED: finding('VOUCHER_REUSED', null, 'This transaction stands in another own voucher; correct one of the two.',
    '该交易流水号已用于本机构另一凭证；请更正其中之一。'),
  EQUIPMENT_DOUBLE_FINANCED: finding('EQUIPMENT_DOUBLE_FINANCED', 'A-07',
    'An invoice named here was financed before by this institution; the audit will look at it.', '所列发票此前已由本机构用于融资，第三方审核将予以核查。')
}

/** What the sender is told about uses elsewhere: its own are named, others and receipts are under review, whoever's they were. */
export function toldAbout (principal: Principal, notes: readonly ReviewNote[]): Finding[] {
  const told = new Set<Finding>()
  for (const { code, first_participant_no } of notes) {
    const named = first_participant_no === principal.participant_no ? own_reuses[code] : undefined
    told.add(named ?? under_review)
  }
  return [...told]
}

/** One that the caller may read. Errors: not_found for what is missing and what is another's. */
export function readable<Row> (row: Row | undefined | null): Row {
  if (row === undefined || row === null) throw notFound()
  return row
}

/** Uses of the invoices named: an invoice is one whatever its code is written like. */
export function invoiceUses (kind: string, subject: string, named: readonly { invoice_no?: string | undefined,
  invoice_code?: string | undefined }[], code = 'EQUIPMENT_DOUBLE_FINANCED'): Use[] {
  const keys = new Set<string>()
  for (const { invoice_no, invoice_code } of named) {
    if (invoice_no !== undefined) keys.add(`INVOICE:${(invoice_code ?? '').toUpperCase()}:${invoice_no.toUpperCase()}`)
  }
  return [...keys].map(evidence_key => ({ evidence_key, kind, subject, code }))
}

/** Uses of a payment voucher: its receipt over all participants, its bank transaction within the sender's own. */
export function voucherUses (kind: string, subject: string, sha256: string, principal: Principal, bank_txn_no: string | undefined): Use[] {
  const receipt: Use = { evidence_key: `RECEIPT:${sha256}`, kind, subject, code: 'RECEIPT_REUSED' }
  return bank_txn_no === undefined ? [receipt] : [receipt, { evidence_key: `TRANSACTION:${principal.participant_no}:${bank_txn_no}`, kind,
    subject, code: 'VOUCHER_REUSED' }]
}

/** Where a line of corrections began: what its evidence was first used for. */
export async function firstOf<Row extends { supersedes: string | null }> (
  sql: ReadSql, store: { find (sql: ReadSql, number: string): Promise<Row | undefined> }, row: Row
): Promise<Row> {
  let first = row
  for (let before = first.supersedes; before !== null; before = first.supersedes) {
    const found = await store.find(sql, before)
    if (found === undefined) break
    first = found
  }
  return first
}
