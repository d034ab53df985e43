/** Watches the due dates of claims: who waits hears once that a decision, or the review of a prepayment, is late. S1 四(一), 六(三). */
import type { Db } from '../../db/db.ts'
import { append, the_hub } from '../../journal/events.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { riskAudience } from '../breakers/service.ts'
import { advanceClaim, overdueClaims } from './store.ts'

const claims_per_unit_max = 100

/** @returns how many were told of */
export async function tellOverdueClaims (db: Db): Promise<number> {
  const day = beijingDate(db.clock.now())
  if ((await overdueClaims(db.read, day, 1)).length === 0) return 0
  return db.write(async (sql, now) => {
    const overdue = await overdueClaims(sql, day, claims_per_unit_max)
    for (const { number, business_no, status, participant_no, guarantor_no, decision_due_date } of overdue) {
      await advanceClaim(sql, now, number, [status], { status, told_due: decision_due_date })
      await append(sql, now, {
        type: 'compensation_claim.decision_overdue', subject: number, actor: the_hub, audience: await riskAudience(sql, { bank_no: participant_no, guarantor_no }),
        data: { claim_no: business_no, status, decision_due_date }
      })
    }
    return overdue.length
  })
}
