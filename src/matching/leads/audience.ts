/** Who hears of a lead's stages besides its recipient. */
import type { ReadSql } from '../../db/db.ts'
import { sourcesOf } from '../../intake/financing-needs/store.ts'
import { activeOfRole } from '../../registry/participants/store.ts'

/** Those who sent the need: they hear of stages, never of terms. */
export async function concerned (sql: ReadSql, need_no: string): Promise<string[]> {
  return (await sourcesOf(sql, need_no)).map(({ participant_no }) => participant_no)
}

/** Those who watch over the clock. */
export async function supervisors (sql: ReadSql): Promise<string[]> {
  return (await activeOfRole(sql, 'MEIC')).map(({ participant_no }) => participant_no)
}
