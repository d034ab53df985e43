/**
 * The loop that notices when a park's consortium has changed, by decision or by the calendar, and has open needs matched again.
 * Who joined gets them; who left keeps what it already has and gets nothing new. Source: S1 四(二) 根据实际情况动态调整.
 */
import type { Db } from '../../db/db.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { consortiaMark, keepPairing, keptPairings, matchAgain, pairingsOn } from './facts.ts'

/** @returns the step of the loop: how many parks had changed */
export function pairingWatch (db: Db): () => Promise<number> {
  let seen = ''
  return async () => {
    const day = beijingDate(db.clock.now())
    const mark = `${day} ${await consortiaMark(db.read)}`
    if (mark === seen) return 0
    const changed = await changedParks(db, day)
    if (changed.length > 0) {
      await db.write(async sql => {
        const pairings = await pairingsOn(sql, day)
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
  const pairings = await pairingsOn(db.read, day)
  return [...pairings].filter(([park_no, members]) => kept.get(park_no)?.join(' ') !== members.join(' ')).map(([park_no]) => park_no)
}
