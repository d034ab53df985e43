/** One way in for needs of every door: told apart, merged, kept, announced, all in the caller's unit. */
import { together, type ReadSql, type WriteSql } from '../../db/db.ts'
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

/** What is to be written for some needs. */
export interface Plan {
  /** for each need, in order, what becomes of it */
  placed: Placed[]
  needs: Need[]
  sources: NeedSourceRow[]
  merged: NeedSourceRow[]
}

/**
 * Tells needs apart, in order: what another door brought is merged into one need with both sources, what the same door brought
 * stays as it is. Nothing is written.
 *
 * Source: contract §4; domain §5.4.
 */
export async function planNeeds (sql: ReadSql, now: string, placings: readonly Placing[]): Promise<Plan> {
  const usccs = [...new Set(placings.map(({ uscc }) => uscc))]
  const open = new Map<string, OpenNeedRow[]>(usccs.map(uscc => [uscc, []]))
  for (const need of await openNeedsOf(sql, usccs)) open.get(need.uscc)?.push(need)
  const plan: Plan = { placed: [], needs: [], sources: [], merged: [] }
  for (const placing of placings) {
    const found = open.get(placing.uscc)?.find(one => sameProject(one, placing))
    if (found !== undefined && found.senders.includes(placing.participant_no)) {
      plan.placed.push({ kind: 'DUPLICATE', need_no: found.need_no })
      continue
    }
    const need_no = found?.need_no ?? placing.need_no
    const source: NeedSourceRow = { ...placing, need_no, status: 'OPEN', created_at: now, updated_at: now }
    if (found === undefined) {
      const { participant_no, reference: _reference, tags: _tags, content_digest: _digest, status: _status, ...rest } = source
      plan.needs.push({ ...rest, sender_no: participant_no, status: 'SUBMITTED', open_key: openKeyOf(placing.uscc, placing), match_again: false, version: 1 })
      plan.sources.push(source)
      open.get(placing.uscc)?.push({ ...rest, status: 'SUBMITTED', senders: [participant_no] })
      plan.placed.push({ kind: 'NEW', need_no })
    } else {
      found.senders.push(placing.participant_no)
      plan.merged.push(source)
      plan.placed.push({ kind: 'MERGED', need_no })
    }
  }
  return plan
}

/** Writes a plan in the unit it was made in. @returns the events that say so, for the caller to append */
export async function writeNeeds (sql: WriteSql, now: string, plan: Plan, actor: NewEvent['actor'], enterprises: ReadonlyMap<string, string>): Promise<NewEvent[]> {
  await together(insertNeeds(sql, plan.needs), keepSources(sql, plan.sources, false))
  await keepSources(sql, plan.merged, true)
  for (const source of plan.merged) await mergeInto(sql, now, source)
  return [...plan.sources, ...plan.merged].map(source => ({
    type: 'financing_need.submitted',
    subject: source.need_no,
    actor,
    audience: [source.participant_no, enterprises.get(source.uscc)].filter(one => typeof one === 'string'),
    authorization_no: source.authorization_no,
    data: { source: source.source, list_no: source.list_no }
  }))
}

/** Plans, writes and announces needs. */
export async function placeNeeds (sql: WriteSql, now: string, placings: readonly Placing[], actor: NewEvent['actor']): Promise<Placed[]> {
  const plan = await planNeeds(sql, now, placings)
  const enterprises = await enterpriseParticipants(sql, placings.map(({ uscc }) => uscc))
  await append(sql, now, ...await writeNeeds(sql, now, plan, actor, enterprises))
  return plan.placed
}
