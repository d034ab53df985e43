/**
 * The loop that watches the "3个1" clock: reminds before the due day ends, at the breach, and one working day after, once
 * each; and counts due days anew when the table of a year was loaded. Source: S2 (十五) 限时办结跟踪监测.
 */
import type { Db, WriteSql } from '../../db/db.ts'
import { append, the_hub, type NewEvent } from '../../journal/events.ts'
import { supervisors } from './audience.ts'
import { headOf } from './rendering.ts'
import { dueDateOf, dueDates, remindAt, REMINDERS, runningStage, type TimingTerms } from './stages.ts'
import { advanceLead, leadsToRemind, leadsOfOtherCalendars, type Lead } from './store.ts'
import { timingOf } from './timing.ts'

export const leads_per_unit_max = 200

/** One bounded step of the clock. @returns how many leads were touched */
export async function watchClock (db: Db): Promise<number> {
  const terms = await timingOf(db)
  return await remind(db, terms) + await recount(db, terms)
}

async function remind (db: Db, terms: TimingTerms): Promise<number> {
  if ((await leadsToRemind(db.read, db.clock.now(), 1)).length === 0) return 0
  return db.write(async (sql, now) => {
    const due = await leadsToRemind(sql, now, leads_per_unit_max)
    const watching = await supervisors(sql)
    const news: NewEvent[] = []
    for (const lead of due) {
      const { open_stage } = lead
      if (open_stage === null) continue
      const due_date = dueDateOf(lead, open_stage)
      let { reminded, remind_at } = lead
      while (remind_at !== null && remind_at <= now) {
        const type = REMINDERS[reminded]
        if (type === undefined) break
        news.push({
          type, subject: lead.lead_no, actor: the_hub, audience: [lead.recipient_no, ...watching], authorization_no: lead.authorization_no,
          data: { need_no: lead.need_no, recipient_no: lead.recipient_no, stage: open_stage, due_date, due_at: lead.open_due_at }
        })
        reminded++
        remind_at = remindAt(due_date, reminded, terms.calendar)
      }
      await keep(sql, now, lead, { ...lead, reminded, remind_at })
    }
    await append(sql, now, ...news)
    return due.length
  })
}

/** Due days that were counted by another calendar: without a table for the year, or by one that was replaced. */
async function recount (db: Db, terms: TimingTerms): Promise<number> {
  const { version } = terms.calendar
  if ((await leadsOfOtherCalendars(db.read, version, 1)).length === 0) return 0
  return db.write(async (sql, now) => {
    const counted = await leadsOfOtherCalendars(sql, version, leads_per_unit_max)
    const news: NewEvent[] = []
    for (const lead of counted) {
      const due = { ...dueDates(lead, terms), ...settledDays(lead), calendar_version: version }
      const next = { ...lead, ...due }
      const moved = due.contact_due_date !== lead.contact_due_date || due.approval_due_date !== lead.approval_due_date || due.disbursement_due_date !== lead.disbursement_due_date
      await keep(sql, now, lead, { ...next, ...runningStage(next, lead, terms) })
      if (!moved) continue
      const { contact_due_date, approval_due_date, disbursement_due_date } = due
      news.push({
        type: 'lead.rescheduled', subject: lead.lead_no, actor: the_hub, audience: [lead.recipient_no], authorization_no: lead.authorization_no,
        data: { need_no: lead.need_no, calendar_version: version, contact_due_date, approval_due_date, disbursement_due_date }
      })
    }
    await append(sql, now, ...news)
    return counted.length
  })
}

/** What was done in time by the table of its day stays in time: only days that were provisional move behind a stage that is done. */
function settledDays (lead: Lead): Partial<Pick<Lead, 'contact_due_date' | 'approval_due_date'>> {
  if (lead.calendar_provisional) return {}
  return {
    ...lead.contacted_at === null ? {} : { contact_due_date: lead.contact_due_date }, ...lead.decided_at === null ? {} : { approval_due_date: lead.approval_due_date }
  }
}

async function keep (sql: WriteSql, now: string, lead: Lead, next: Lead): Promise<void> {
  const changed = { ...next, updated_at: now, version: lead.version + 1 }
  await advanceLead(sql, lead, { ...changed, ...headOf(changed, now) })
}
