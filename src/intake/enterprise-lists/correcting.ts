/** What a corrected list does to the needs that the earlier ones brought: it replaces what changed and ends what is gone. */
import type { ReadSql, WriteSql } from '../../db/db.ts'
import type { Actor } from '../../journal/events.ts'
import { supersede, takeBack } from '../authorizations/service.ts'
import { withdrawDoor } from '../financing-needs/service.ts'
import { needsOfLists } from '../financing-needs/store.ts'
import type { IntakeHooks } from '../hooks.ts'
import { correctedBy, keptNeeds, namedWithoutConsent, type EnterpriseList, type StoredRow } from './store.ts'

/** Earlier needs that end in one unit. */
const needs_per_unit = 50

type Correction = Pick<EnterpriseList, 'list_no' | 'park_no' | 'corrects'>

/**
 * Before corrected rows are taken in: the needs whose place they take are withdrawn by the park, their authorizations superseded.
 * A need that another door brought too stays, resting on that door.
 */
export async function replaceEarlier (sql: WriteSql, now: string, list: Correction, rows: readonly StoredRow[], actor: Actor, hooks: IntakeHooks): Promise<void> {
  if (list.corrects === null) return
  const need_nos = rows.flatMap(({ about_need }) => about_need ?? [])
  const earlier = await needsOfLists(sql, list.park_no, await correctedBy(sql, list), { among: need_nos, limit: rows.length })
  for (const { need_no, authorization_no } of earlier) {
    await withdrawDoor(sql, now, actor, need_no, { of_enterprise: false, authorization_no, reason_given: true }, hooks)
  }
  await supersede(sql, now, actor, earlier.map(({ authorization_no }) => authorization_no))
}

/**
 * Ends earlier needs that the corrected list does not name any more. Where it names one without consent, the authorization
 * ends as well.
 *
 * @returns how many ended
 */
export async function endUnnamed (sql: WriteSql, now: string, list: Correction, actor: Actor, hooks: IntakeHooks): Promise<number> {
  if (list.corrects === null) return 0
  const some = await needsOfLists(sql, list.park_no, await correctedBy(sql, list), { but_not: keptNeeds(sql, list.list_no), limit: needs_per_unit })
  const refused = await namedWithoutConsent(sql, list.list_no, some.map(({ need_no }) => need_no))
  const ended = new Set<string>()
  for (const { need_no, authorization_no } of some) {
    if (ended.has(authorization_no)) continue
    if (refused.has(need_no) && await takeBack(sql, now, actor, authorization_no, 'the corrected list has no consent', hooks)) ended.add(authorization_no)
    else await withdrawDoor(sql, now, actor, need_no, { of_enterprise: false, authorization_no, reason_given: true }, hooks)
  }
  return some.length
}

const needs_per_page = 500

/**
 * What a correction would end: open needs of the corrected lists that no row keeps or replaces. Nothing is written.
 *
 * @param named needs that rows keep or replace
 */
export async function wouldEnd (sql: ReadSql, list: Pick<EnterpriseList, 'park_no' | 'corrects'>, named: ReadonlySet<string>): Promise<{ count: number, amount_fen: number }> {
  const sums = { count: 0, amount_fen: 0 }
  const list_nos = await correctedBy(sql, list)
  for (let after = ''; list_nos.length > 0;) {
    const page = await needsOfLists(sql, list.park_no, list_nos, { after, limit: needs_per_page })
    for (const { need_no, amount_fen } of page) {
      if (named.has(need_no)) continue
      sums.count++
      sums.amount_fen += amount_fen
    }
    const last = page.at(-1)
    if (last === undefined || page.length < needs_per_page) break
    after = last.need_no
  }
  return sums
}
