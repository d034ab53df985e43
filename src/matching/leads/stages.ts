/**
 * The "3个1" clock of one lead: due days, the stage that is running, when to remind, what the reply shows.
 * Pure. Source: S2 (十五); contract §5; readings.
 */
import { addWorkDays, beijingDate, deadlines, endOfBeijingDay, instantMs, instantOf, isOverdue, stageDuration, type Calendar, type ClockTerms, type Pause } from '../../policy/calendar.ts'
import type { LeadStatus } from '../../policy/lifecycle.ts'

export const STAGES = ['CONTACT', 'PLAN_AND_APPROVAL', 'DISBURSEMENT'] as const
export type Stage = typeof STAGES[number]

/** Stop-clock reasons: they do not move the due day, gross and net durations are both shown. */
export const PAUSE_REASONS = ['ENTERPRISE_MATERIALS_PENDING', 'COLLATERAL_REGISTRATION', 'ENTERPRISE_POSTPONED_DRAWDOWN', 'GUARANTOR_APPROVAL_PENDING', 'FORCE_MAJEURE'] as const
export type PauseReason = typeof PAUSE_REASONS[number]

export interface PauseOf extends Pause { readonly reason_code: PauseReason, readonly document_no: string | null }

/** What the clock knows of a lead. */
export interface Timed {
  pushed_at: string
  status: LeadStatus
  ended_at: string | null
  calendar_version: string
  calendar_provisional: boolean
  contact_due_date: string
  contacted_at: string | null
  approval_due_date: string
  decided_at: string | null
  approved_at: string | null
  disbursement_due_date: string
  disbursed_at: string | null
  pauses: readonly PauseOf[]
  open_stage: Stage | null
  open_due_at: string | null
  reminded: number
  remind_at: string | null
}

export interface TimingTerms { readonly calendar: Calendar, readonly clock: ClockTerms }

const day_ms = 86_400_000
/** reminded: nothing yet, due soon, overdue, escalated */
export const REMINDERS = ['lead.due_soon', 'lead.overdue', 'lead.escalated'] as const
const escalation_work_days = 1

type DueDates = Pick<Timed, 'contact_due_date' | 'approval_due_date' | 'disbursement_due_date' | 'calendar_version' | 'calendar_provisional'>

/** Due days as they follow from what happened so far. */
export function dueDates (stages: { pushed_at: string, contacted_at: string | null, approved_at: string | null }, terms: TimingTerms): DueDates {
  const due = deadlines({
    pushed_at: stages.pushed_at, contacted_at: stages.contacted_at ?? undefined,
    approved_at: stages.contacted_at === null ? undefined : stages.approved_at ?? undefined
  }, terms.calendar, terms.clock)
  return {
    contact_due_date: due.contact_due_date, approval_due_date: due.approval_due_date, disbursement_due_date: due.disbursement_due_date,
    calendar_version: due.calendar_version, calendar_provisional: due.calendar_provisional
  }
}

type Running = Pick<Timed, 'open_stage' | 'open_due_at' | 'reminded' | 'remind_at'>
type Progress = Pick<Timed, 'ended_at' | 'contacted_at' | 'decided_at' | 'disbursed_at' | 'contact_due_date' | 'approval_due_date' | 'disbursement_due_date'>

/** The stage that runs now with its next reminder. A stage that goes on keeps the reminders it had. */
export function runningStage (lead: Progress, before: Pick<Timed, 'open_stage' | 'reminded'>, terms: TimingTerms): Running {
  const open_stage = lead.ended_at !== null ? null
    : lead.contacted_at === null ? 'CONTACT' : lead.decided_at === null ? 'PLAN_AND_APPROVAL' : lead.disbursed_at === null ? 'DISBURSEMENT' : null
  if (open_stage === null) return { open_stage, open_due_at: null, reminded: 0, remind_at: null }
  const due_date = dueDateOf(lead, open_stage)
  const open_due_at = endOfBeijingDay(due_date)
  const reminded = before.open_stage === open_stage ? before.reminded : 0
  return { open_stage, open_due_at, reminded, remind_at: remindAt(due_date, reminded, terms.calendar) }
}

/** When the next reminder is due: at the start of the due day, at the breach, one working day after. */
export function remindAt (due_date: string, reminded: number, calendar: Calendar): string | null {
  const due_at = endOfBeijingDay(due_date)
  if (reminded === 0) return instantOf(instantMs(due_at) - day_ms)
  if (reminded === 1) return due_at
  return reminded === 2 ? endOfBeijingDay(addWorkDays(due_date, escalation_work_days, calendar)) : null
}

export function dueDateOf (lead: Pick<Timed, 'contact_due_date' | 'approval_due_date' | 'disbursement_due_date'>, stage: Stage): string {
  return stage === 'CONTACT' ? lead.contact_due_date : stage === 'PLAN_AND_APPROVAL' ? lead.approval_due_date : lead.disbursement_due_date
}

export interface StageOut {
  due_date: string
  due_at: string
  done_at: string | null
  overdue: boolean
  /** milliseconds from the start of the stage to its end, with and without pauses; null while it has not ended */
  gross_ms: number | null
  net_ms: number | null
}
export interface SlaOut {
  contact: StageOut
  plan_and_approval: StageOut
  disbursement: StageOut
  calendar_version: string
  calendar_provisional: boolean
  paused: boolean
  pauses: readonly PauseOf[]
}

/** The clock as a reply shows it at an instant. */
export function slaAt (lead: Timed, now: string): SlaOut {
  const stage = (name: Stage, from: string | null, done_at: string | null): StageOut => {
    const due_date = dueDateOf(lead, name)
    const due_at = endOfBeijingDay(due_date)
    const took = from === null || done_at === null || done_at < from ? null : stageDuration(from, done_at, lead.pauses)
    return {
      due_date, due_at, done_at, overdue: isOverdue(due_at, done_at ?? lead.ended_at ?? now),
      gross_ms: took?.gross_ms ?? null, net_ms: took?.net_ms ?? null
    }
  }
  return {
    contact: stage('CONTACT', lead.pushed_at, lead.contacted_at),
    plan_and_approval: stage('PLAN_AND_APPROVAL', lead.contacted_at, lead.decided_at),
    disbursement: stage('DISBURSEMENT', lead.approved_at, lead.disbursed_at),
    calendar_version: lead.calendar_version,
    calendar_provisional: lead.calendar_provisional,
    paused: lead.pauses.some(pause => pause.to === null),
    pauses: lead.pauses
  }
}

/** The next instant at which `slaAt` will say something else though nothing happened; null: never. */
export function slaChangesAt (lead: Timed, now: string): string | null {
  if (lead.ended_at !== null) return null
  const open = [
    lead.contacted_at === null ? lead.contact_due_date : null,
    lead.decided_at === null ? lead.approval_due_date : null,
    lead.disbursed_at === null ? lead.disbursement_due_date : null
  ]
  return open.filter(date => date !== null).map(endOfBeijingDay).filter(at => at > now).sort()[0] ?? null
}

/** Whether an event of a stage came late: at or after the stage's due instant. */
export function cameLate (due_date: string, occurred_at: string): boolean {
  return isOverdue(endOfBeijingDay(due_date), occurred_at)
}

export { beijingDate }
