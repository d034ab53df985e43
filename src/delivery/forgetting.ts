/** Attempts are kept for some months: long enough to look into a failure, not for ever. */
import type { Db } from '../db/db.ts'
import { instantMs, instantOf } from '../policy/calendar.ts'
import { forgetAttempts } from './store.ts'

const attempts_per_unit_max = 500
const day_ms = 86_400_000

/** One bounded step. @returns how many attempts were forgotten */
export async function forgetOldAttempts (db: Db, kept_days: number): Promise<number> {
  return db.write((sql, now) => forgetAttempts(sql, instantOf(instantMs(now) - kept_days * day_ms), attempts_per_unit_max))
}
