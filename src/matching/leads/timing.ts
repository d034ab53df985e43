/** The calendar and the limits of the "3个1" clock in force. Asked before a unit, at most a second old. */
import type { Db } from '../../db/db.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { clockTermsOf } from '../../policy/quotes.ts'
import { nearestTerms } from '../../policy/terms.ts'
import { calendarOf } from '../../registry/calendars/service.ts'
import { policiesOf } from '../../registry/policies/service.ts'
import type { TimingTerms } from './stages.ts'

export async function timingOf (db: Db): Promise<TimingTerms> {
  const policy = nearestTerms(await policiesOf(db), 'TECH_RENO_LOAN', beijingDate(db.clock.now()))
  return { calendar: await calendarOf(db), clock: clockTermsOf(policy) }
}
