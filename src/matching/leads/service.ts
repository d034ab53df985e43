/** What an institution does with a lead: every answer is an event, and moves the lead along policy/lifecycle.ts. */
import { newNo } from '../../clock.ts'
import { digestOf } from '../../db/canonical.ts'
import { peek, RunAgain, type ReadSql, type WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { findNeed, advanceNeed } from '../../intake/financing-needs/store.ts'
import { append } from '../../journal/events.ts'
import { instantMs, instantOf } from '../../policy/calendar.ts'
import { allowedLeadEvents, isEnd, leadStatusAfter, type LeadEvent, type LeadStatus } from '../../policy/lifecycle.ts'
import { fenOf } from '../../policy/money.ts'
import { notFound, Problem, stateConflict } from '../../problem.ts'
import { checkEvent, type LeadAnswer } from './answers.ts'
import { concerned, supervisors } from './audience.ts'
import { headOf } from './rendering.ts'
import { cameLate, dueDates, runningStage, type PauseReason, type TimingTerms } from './stages.ts'
import {
  advanceLead, disbursementsOfNeed, findDisbursement, findLead, happenedTo, insertLeadEvent, leadsOfNeed, type Lead, type LeadEventRow
} from './store.ts'

/** What matching is handed from later floors. */
export interface MatchingHooks {
  /** whether the participant has such a document */
  hasDocument (sql: ReadSql, participant_no: string, document_no: string): Promise<boolean>
  /** in the unit in which an institution told its lead that it paid out */
  onDisbursed (sql: WriteSql, now: string, principal: Principal, iou_no: string): Promise<void>
}

export interface Recorded { row: LeadEventRow, status: LeadStatus, is_new: boolean }

/** The caller's own lead. Errors: not_found for a missing or foreign one. */
export async function ownLead (sql: ReadSql, principal: Principal, lead_no: string): Promise<Lead> {
  const lead = await findLead(sql, lead_no)
  if (lead === undefined || lead.recipient_no !== principal.participant_no) throw notFound()
  return lead
}

/**
 * Keeps one event of a lead and moves it on. Late events are taken and marked, never refused: the clock is no gate.
 *
 * Errors: not_found, invalid_request, occurred_out_of_range, stage_order, state_conflict (with the events in place now),
 * duplicate_key for a drawdown number used before with other content, document_unknown, and the rules of an answer.
 * Source: contract §5; S2 (十五).
 */
export async function recordEvent (
  sql: WriteSql, now: string, principal: Principal, lead_no: string, sent: LeadAnswer, terms: TimingTerms, hooks: MatchingHooks
): Promise<Recorded> {
  // Looked at beside the unit: whoever moves the lead meanwhile changes its version, and this unit runs again.
  const lead = await ownLead(peek(sql), principal, lead_no)
  checkEvent(sent, now)
  const content_digest = digestOf({ ...sent, lead_no })
  if (sent.type === 'DISBURSED' && sent.iou_no !== undefined) {
    const before = await findDisbursement(sql, principal.participant_no, sent.iou_no)
    if (before !== undefined) {
      if (before.content_digest !== content_digest) throw new Problem('duplicate_key')
      return { row: lead.content_until <= now ? withoutContent(before) : before, status: lead.status, is_new: false }
    }
  }
  const occurred_at = instantOf(instantMs(sent.occurred_at))
  checkMoment(lead, occurred_at, now)
  const status = await nextStatus(peek(sql), lead, sent.type, now)
  checkOrder(lead, sent.type, occurred_at)
  if (sent.document_no !== undefined && !await hooks.hasDocument(sql, principal.participant_no, sent.document_no)) {
    throw new Problem('document_unknown', {
      errors: [{ pointer: '/document_no', code: 'DOCUMENT_UNKNOWN', message: 'Upload the document first', message_zh: '请先上传文件' }]
    })
  }
  const overdue = isLate(lead, sent.type, occurred_at)
  const { occurred_at: _at, type: _type, ...content } = sent
  const row: LeadEventRow = {
    lead_event_no: newNo('lev'), lead_no, recipient_no: principal.participant_no, type: sent.type, occurred_at, recorded_at: now,
    actor_user: principal.user_no, overdue, iou_no: sent.type === 'DISBURSED' ? sent.iou_no ?? null : null, content, content_digest
  }
  const next = afterEvent(lead, sent, occurred_at, status, now, terms)
  if (!await advanceLead(sql, lead, { ...next, ...headOf(next, now) })) throw new RunAgain('the lead was moved at the same time')
  await insertLeadEvent(sql, row)
  await append(sql, now, {
    type: `lead.${sent.type.toLowerCase() as Lowercase<LeadEvent>}`,
    subject: lead_no,
    actor: principal,
    audience: [lead.recipient_no, ...await concerned(peek(sql), lead.need_no), ...overdue ? await supervisors(sql) : []],
    authorization_no: lead.authorization_no,
    data: { need_no: lead.need_no, recipient_no: lead.recipient_no, status, overdue }
  })
  await moveNeed(sql, now, next, sent.type)
  if (row.iou_no !== null) await hooks.onDisbursed(sql, now, principal, row.iou_no)
  return { row, status, is_new: true }
}

/** What is left of a report when the lead's content may no longer be read: what happened, when. */
export function withoutContent (row: LeadEventRow): LeadEventRow {
  return { ...row, content: {} }
}

function checkMoment (lead: Lead, occurred_at: string, now: string): void {
  if (occurred_at <= now && occurred_at >= lead.pushed_at) return
  const future = occurred_at > now
  const message = future ? 'It lies in the future' : `It lies before the push at ${lead.pushed_at}`
  const message_zh = future ? '发生时间晚于当前时间' : `发生时间早于推送时间 ${lead.pushed_at}`
  throw new Problem('occurred_out_of_range', {
    detail: message, detail_zh: message_zh, errors: [{ pointer: '/occurred_at', code: 'OCCURRED_OUT_OF_RANGE', message, message_zh }]
  })
}

async function nextStatus (sql: ReadSql, lead: Lead, type: LeadEvent, now: string): Promise<LeadStatus> {
  if (lead.content_until <= now) throw stateConflict(lead.status === 'WITHDRAWN' ? 'WITHDRAWN' : 'EXPIRED', [])
  const happened = await happenedTo(sql, lead.lead_no)
  const paused = lead.pauses.some(({ to }) => to === null)
  const misplaced: LeadEvent = paused ? 'PAUSED' : 'RESUMED'
  const status = type === misplaced ? null : leadStatusAfter(lead.status, happened, type)
  if (status === null) throw stateConflict(lead.status, allowedLeadEvents(lead.status, happened).filter(event => event !== misplaced))
  return status
}

/** A decision cannot lie before the contact, a payment not before the approval, a resumption not before its pause. */
function checkOrder (lead: Lead, type: LeadEvent, occurred_at: string): void {
  const earliest = type === 'APPROVED' || type === 'REJECTED' ? lead.contacted_at
    : type === 'DISBURSED' ? lead.approved_at : type === 'RESUMED' ? lead.pauses.find(({ to }) => to === null)?.from ?? null : null
  if (earliest === null || occurred_at >= earliest) return
  throw new Problem('stage_order', {
    errors: [{
      pointer: '/occurred_at', code: 'STAGE_ORDER', message: `${type} cannot lie before ${earliest}, when the stage before it ended`,
      message_zh: `${type} 不得早于上一阶段完成时间 ${earliest}`
    }]
  })
}

function isLate (lead: Lead, type: LeadEvent, occurred_at: string): boolean {
  if (type === 'CONTACTED') return cameLate(lead.contact_due_date, occurred_at)
  if (type === 'APPROVED' || type === 'REJECTED') return cameLate(lead.approval_due_date, occurred_at)
  return type === 'DISBURSED' && lead.disbursed_at === null && cameLate(lead.disbursement_due_date, occurred_at)
}

/** The lead as it is after the event: what was reached, due days counted anew, the stage that runs now. */
function afterEvent (lead: Lead, sent: LeadAnswer, occurred_at: string, status: LeadStatus, now: string, terms: TimingTerms): Lead {
  const reached = {
    contacted_at: sent.type === 'CONTACTED' ? occurred_at : lead.contacted_at,
    decided_at: sent.type === 'APPROVED' || sent.type === 'REJECTED' ? occurred_at : lead.decided_at,
    approved_at: sent.type === 'APPROVED' ? occurred_at : lead.approved_at,
    disbursed_at: sent.type === 'DISBURSED' ? lead.disbursed_at ?? occurred_at : lead.disbursed_at
  }
  const pauses = sent.type === 'PAUSED'
    ? [...lead.pauses, { from: occurred_at, to: null, reason_code: sent.reason_code as PauseReason, document_no: sent.document_no ?? null }]
    : sent.type === 'RESUMED' ? lead.pauses.map(pause => pause.to === null ? { ...pause, to: occurred_at } : pause) : lead.pauses
  const due = dueDates({ pushed_at: lead.pushed_at, ...reached }, terms)
  const ended_at = isEnd('lead', status) ? occurred_at : null
  // An approved loan is worked on until the authorization ends, not only while the lead is fresh.
  const until = reached.approved_at === null ? lead.expires_at : lead.authorization_until
  const next = { ...lead, ...reached, ...due, status, pauses, ended_at, expires_at: until, content_until: until, updated_at: now, version: lead.version + 1 }
  return { ...next, ...runningStage(next, lead, terms) }
}

/** What a lead's outcome means for its need: funded in part or whole, or refused by everybody. */
async function moveNeed (sql: WriteSql, now: string, lead: Lead, type: LeadEvent): Promise<void> {
  if (type === 'DISBURSED') {
    const need = await findNeed(sql, lead.need_no)
    if (need === undefined) return
    const paid_fen = (await disbursementsOfNeed(sql, lead.need_no)).reduce((sum, { content }) => sum + fenOf(String(content.amount)), 0)
    if (lead.recipient_kind === 'GUARANTOR') return
    await advanceNeed(sql, lead.need_no, ['PUSHED', 'PARTLY_FUNDED'], paid_fen >= need.amount_fen ? 'FUNDED' : 'PARTLY_FUNDED', now)
  } else if (lead.ended_at !== null) {
    const all = await leadsOfNeed(sql, lead.need_no)
    if (all.every(({ status }) => isEnd('lead', status))) await advanceNeed(sql, lead.need_no, ['PUSHED'], 'CLOSED_UNFUNDED', now)
  }
}

