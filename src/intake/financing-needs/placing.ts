/** One way in for needs of every door: told apart, merged, kept, announced, all in the caller's unit. */
import type { WriteSql } from '../../db/db.ts'
import { append, type NewEvent } from '../../journal/events.ts'
import { enterpriseParticipants } from '../enterprises/store.ts'
import { openKeyOf, sameProject } from './same-project.ts'
import { insertNeeds, keepSources, mergeInto, openNeedsOf, type Need, type NeedSourceRow, type OpenNeedRow } from './store.ts'

/** A need ready to be kept: its authorization was checked, its facts judged. `need_no` is used unless it merges. */
export type Placing = Omit<NeedSourceRow, 'status' | 'created_at' | 'updated_at'>

export type Placed =
  | { kind: 'NEW' | 'MERGED', need_no: string }
  /** the same door has this need open already */
  | { kind: 'DUPLICATE', need_no: string }

/**
 * Keeps needs in order. What another door brought is merged into one need with both sources; what the same door brought
 * stays as it is.
 *
 * @returns for each need what became of it
 * Source: contract §4; domain §5.4.
 */
export async function placeNeeds (sql: WriteSql, now: string, placings: readonly Placing[], actor: NewEvent['actor']): Promise<Placed[]> {
  const usccs = [...new Set(placings.map(({ uscc }) => uscc))]
  const open = new Map<string, OpenNeedRow[]>(usccs.map(uscc => [uscc, []]))
  for (const need of await openNeedsOf(sql, usccs)) open.get(need.uscc)?.push(need)
  const needs: Need[] = []
  const sources: NeedSourceRow[] = []
  const merged: { need_no: string, source: NeedSourceRow }[] = []
  const placed: Placed[] = []
  for (const placing of placings) {
    const found = open.get(placing.uscc)?.find(one => sameProject(one, placing))
    if (found !== undefined && found.senders.includes(placing.participant_no)) {
      placed.push({ kind: 'DUPLICATE', need_no: found.need_no })
      continue
    }
    const need_no = found?.need_no ?? placing.need_no
    const source: NeedSourceRow = { ...placing, need_no, status: 'OPEN', created_at: now, updated_at: now }
    if (found === undefined) {
      const { participant_no, reference: _reference, tags: _tags, content_digest: _digest, status: _status, ...rest } = source
      needs.push({ ...rest, sender_no: participant_no, status: 'SUBMITTED', open_key: openKeyOf(placing.uscc, placing), match_again: false, version: 1 })
      sources.push(source)
      open.get(placing.uscc)?.push({ ...rest, status: 'SUBMITTED', senders: [participant_no] })
      placed.push({ kind: 'NEW', need_no })
    } else {
      found.senders.push(placing.participant_no)
      merged.push({ need_no, source })
      placed.push({ kind: 'MERGED', need_no })
    }
  }
  await insertNeeds(sql, needs)
  await keepSources(sql, sources, false)
  await keepSources(sql, merged.map(({ source }) => source), true)
  for (const { need_no, source } of merged) await mergeInto(sql, now, need_no, source.park_no)
  const enterprises = await enterpriseParticipants(sql, usccs)
  const announced = [...sources, ...merged.map(({ source }) => source)]
  await append(sql, now, ...announced.map((source): NewEvent => ({
    type: 'financing_need.submitted',
    subject: source.need_no,
    actor,
    audience: [source.participant_no, enterprises.get(source.uscc)].filter(one => typeof one === 'string'),
    authorization_no: source.authorization_no,
    data: { source: source.source, list_no: source.list_no }
  })))
  return placed
}
