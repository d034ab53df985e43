/**
 * Where the terms ask for a document of each enterprise: rows wait for the signed authorization and go on when it is there.
 * Their needs then stand on that authorization, so that its withdrawal ends them. Source: S1 四(三)2-3.
 */
import type { Db, WriteSql } from '../../db/db.ts'
import { append, the_hub } from '../../journal/events.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { addDays } from '../../policy/period.ts'
import { documentsOf } from '../authorizations/service.ts'
import { begunLately } from '../authorizations/store.ts'
import type { IntakeHooks } from '../hooks.ts'
import { replaceEarlier } from './correcting.ts'
import { gradeOf } from './findings.ts'
import { changeRow, countRows, heldRowsOf, recounted } from './store.ts'
import { duplicateOf, takeIn, waits_for_document } from './taking-in.ts'

const rows_max = 200

/** In the unit in which a signed authorization came in: rows of that enterprise that waited for nothing else go on. */
export async function takeInWaiting (sql: WriteSql, now: string, uscc: string, hooks: IntakeHooks): Promise<void> {
  for (const { list, row } of await heldRowsOf(sql, uscc, rows_max)) {
    const held = row.findings.filter(({ code }) => gradeOf(code) === 'HELD')
    if (held.length === 0 || held.some(({ code }) => code !== waits_for_document)) continue
    if (!(await documentsOf(sql, list.park_no, [uscc], beijingDate(now))).has(uscc)) continue
    const findings = row.findings.filter(({ code }) => code !== waits_for_document)
    await replaceEarlier(sql, now, list, [row], { participant_no: list.park_no, user_no: list.sent_by }, hooks)
    const [placed] = await takeIn(sql, now, [list], [row], the_hub, hooks)
    if (placed === undefined || placed.kind === 'DUPLICATE') await changeRow(sql, now, row.row_id, duplicateOf({ ...row, findings }, placed?.need_no ?? row.need_no))
    else {
      const outcome = findings.some(({ code }) => gradeOf(code) === 'REMARK') ? 'ACCEPTED_WITH_REMARK' : 'ACCEPTED'
      await changeRow(sql, now, row.row_id, { outcome, findings, need_no: placed.need_no, waiting: false })
    }
    const { counts, amount_accepted_fen } = await countRows(sql, list.list_no)
    await recounted(sql, now, list.list_no, counts, amount_accepted_fen)
    await append(sql, now, {
      type: 'enterprise_list.row_decided', subject: list.list_no, actor: the_hub, audience: [list.park_no], data: { row_id: row.row_id, decision: 'DOCUMENT', counts }
    })
  }
}

/** A hub that stood still so long still notices. */
const days_looked_back = 7

/**
 * Documents that were signed before their first day: rows that waited for them go on when that day comes.
 *
 * @returns the step of the loop: of how many enterprises a document began
 */
export function documentWatch (db: Db, hooks: IntakeHooks): () => Promise<number> {
  let seen = ''
  return async () => {
    const day = beijingDate(db.clock.now())
    if (day === seen) return 0
    const begun = await begunLately(db.read, day, addDays(day, -days_looked_back))
    for (const uscc of begun) await db.write((sql, now) => takeInWaiting(sql, now, uscc, hooks))
    seen = day
    return begun.length
  }
}
