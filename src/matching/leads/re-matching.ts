/**
 * The loop that notices when a park's consortium has changed, by decision or by the calendar, and when an authorization handed in
 * before has reached its first day; then open needs are matched again. Who joined gets them; who left keeps what it already has and
 * gets nothing new. Source: S1 四(二) 根据实际情况动态调整, 四(三)3.
 */
import type { Db } from '../../db/db.ts'
import { begunLately } from '../../intake/authorizations/store.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { addDays } from '../../policy/period.ts'
import { consortiaMark, keepPairing, keptPairings, matchAgain, pairingsOfParks } from './facts.ts'

/** A hub that stood still so long still notices. */
const days_looked_back = 7
const usccs_per_query = 250

/** @returns the step of the loop: how many parks had changed */
export function pairingWatch (db: Db): () => Promise<number> {
  let seen = ''
  return async () => {
    const day = beijingDate(db.clock.now())
    const mark = `${day} ${await consortiaMark(db.read)}`
    if (mark === seen) return 0
    const changed = await changedParks(db, day)
    const begun = await begunLately(db.read, day, addDays(day, -days_looked_back))
    if (changed.length + begun.length > 0) {
      await db.write(async sql => {
        for (let from = 0; from < begun.length; from += usccs_per_query) await matchAgain(sql, { usccs: begun.slice(from, from + usccs_per_query) })
        const pairings = await pairingsOfParks(sql, day)
        for (const park_no of changed) {
          await keepPairing(sql, park_no, pairings.get(park_no) ?? [])
          await matchAgain(sql, { park_no })
        }
      })
    }
    seen = mark
    return changed.length
  }
}

async function changedParks (db: Db, day: string): Promise<string[]> {
  const kept = await keptPairings(db.read)
  const pairings = await pairingsOfParks(db.read, day)
  return [...pairings].filter(([park_no, members]) => kept.get(park_no)?.join(' ') !== members.join(' ')).map(([park_no]) => park_no)
}
