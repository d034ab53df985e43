/** Writers of events and a reader that follows its cursor, in this process; run by itself it is another process on the same database. */
import { frozenClock } from '../../src/clock.ts'
import type { Db } from '../../src/db/db.ts'
import { openDb } from '../../src/db/open.ts'
import { append, feed, sequence } from '../../src/journal/events.ts'

export const clock = frozenClock('2026-03-18T02:00:00.000Z')
export const reader_no = 'bank-2'
const actor = { participant_no: 'bank-1', user_no: null }

export interface Seen { seq: number, subject: string }

/** Follows the feed, giving places as every process does, until `writing` is over and nothing is new. */
export async function follow (db: Db, writing: { value: boolean }): Promise<Seen[]> {
  const seen: Seen[] = []
  for (let last_look = false; ;) {
    await sequence(db)
    const items = await feed(db.read, reader_no, seen.at(-1)?.seq ?? 0, 50)
    seen.push(...items.map(({ seq, subject }) => ({ seq, subject })))
    if (items.length > 0) continue
    if (last_look) return seen
    last_look = !writing.value
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}

/** Every writer writes two events a round in one unit; some units roll back. @returns subjects that were rolled back */
export async function writeRounds (db: Db, name: string, writers: number, rounds: number): Promise<string[]> {
  const rolled_back: string[] = []
  for (let round = 0; round < rounds; round++) {
    await Promise.all(Array.from({ length: writers }, async (_, writer) => {
      const subject = `need_${name}_${round}_${writer}`
      await db.write(async (sql, now) => {
        await append(sql, now, { type: 'financing_need.submitted', subject: `${subject}_a`, actor, audience: [reader_no, 'bank-1'] })
        await append(sql, now, { type: 'financing_need.submitted', subject: `${subject}_b`, actor, audience: [reader_no] })
        if (writer % 7 === 3) throw new Error('rolled back')
      }).catch((error: Error) => {
        if (error.message !== 'rolled back') throw error
        rolled_back.push(subject)
      })
    }))
  }
  return rolled_back
}

if (import.meta.main) {
  const [target = '', writers = '0', rounds = '0'] = process.argv.slice(2)
  const db = openDb(target, clock)
  const writing = { value: true }
  const following = follow(db, writing)
  const rolled_back = await writeRounds(db, 'other', Number(writers), Number(rounds))
  writing.value = false
  console.log(JSON.stringify({ seen: await following, rolled_back: rolled_back.length }))
  await db.close()
}
