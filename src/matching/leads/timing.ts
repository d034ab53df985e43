/** The calendar and the limits of the "3个1" clock in force. Asked before a unit, at most a second old. */
import type { Db } from '../../db/db.ts'
import { beijingDate, endOfBeijingDay, isOverdue } from '../../policy/calendar.ts'
import { needReached, type Reached } from '../../policy/need-clock.ts'
import { clockTermsOf } from '../../policy/quotes.ts'
import { nearestTerms, type PolicyVersion } from '../../policy/terms.ts'
import { calendarOf } from '../../registry/calendars/service.ts'
import { policiesOf } from '../../registry/policies/service.ts'
import { dueDates, type TimingTerms } from './stages.ts'

async function termsNow (db: Db): Promise<PolicyVersion> {
  return nearestTerms(await policiesOf(db), 'TECH_RENO_LOAN', beijingDate(db.clock.now()))
}

export async function timingOf (db: Db): Promise<TimingTerms> {
  return { calendar: await calendarOf(db), clock: clockTermsOf(await termsNow(db)) }
}

const stage = (due_date: string, done_at: string | null, now: string) =>
  ({ due_date, done_at, overdue: isOverdue(endOfBeijingDay(due_date), done_at ?? now) })

/** The clock of a need over all that got it; null while none of those that count did. @param now where the need has ended, its end. Source: S2 (十五); reading A-22. */
export async function needClock (db: Db, reached: readonly Reached[], now: string) {
  const need = needReached(reached, await termsNow(db))
  if (need === null) return null
  const { contacted_at, approved_at, disbursed_at } = need
  // An approval that was told before any contact starts no stage by itself.
  const approved_in_order = approved_at !== null && contacted_at !== null && approved_at >= contacted_at ? approved_at : null
  const due = dueDates({ pushed_at: need.pushed_at, contacted_at, approved_at: approved_in_order }, await timingOf(db))
  return {
    contact: stage(due.contact_due_date, contacted_at, now), plan_and_approval: stage(due.approval_due_date, approved_at, now),
    disbursement: stage(due.disbursement_due_date, disbursed_at, now), calendar_provisional: due.calendar_provisional
  }
}
