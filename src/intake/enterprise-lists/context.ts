/** Looks up what the rows of a list are judged against, in slices that let other work run. */
import { setImmediate } from 'node:timers/promises'
import type { ReadSql } from '../../db/db.ts'
import { fenParameter, nearestTerms, type PolicyVersion } from '../../policy/terms.ts'
import { listParticipants } from '../../registry/participants/store.ts'
import { overriddenAmong } from '../../registry/uscc-overrides/store.ts'
import { enterprisesFrom, namesOf, tagsOf } from '../enterprises/store.ts'
import { OPEN_STATUSES } from '../financing-needs/kinds.ts'
import { needsSentBy, openNeedSums } from '../financing-needs/store.ts'
import type { IntakeHooks } from '../hooks.ts'
import type { DecidingContext, OpenNeed } from './deciding.ts'
import { placesOf } from './store.ts'

const usccs_per_query = 250
const open_statuses: readonly string[] = OPEN_STATUSES

export interface LookedUp {
  context: DecidingContext
  /** enterprises this park sent before */
  known: ReadonlySet<string>
  /** enterprises of whom the park withdrew a need, or its authorization was withdrawn */
  withdrawn: ReadonlySet<string>
}

/**
 * @param usccs the codes of the list
 * @param today Beijing date
 */
export async function lookUp (
  sql: ReadSql, park_no: string, usccs: readonly string[], today: string, policies: readonly PolicyVersion[], hooks: Pick<IntakeHooks, 'contractLimits'>
): Promise<LookedUp> {
  const parks = await listParticipants(sql, { roles: ['PARK'] })
  const names = new Map<string, string[]>()
  const elsewhere = new Map<string, string>()
  const open = new Map<string, OpenNeed[]>()
  const withdrawn = new Set<string>()
  const sums = new Map<string, number>()
  const limits = new Map<string, number>()
  const tags = new Map<string, string[]>()
  const overridden = await overriddenAmong(sql, usccs)
  for (let from = 0; from < usccs.length; from += usccs_per_query) {
    const slice = usccs.slice(from, from + usccs_per_query)
    for (const [uscc, { name }] of await enterprisesFrom(sql, park_no, slice)) names.set(uscc, [name])
    for (const [uscc, name] of await namesOf(sql, slice)) elsewhere.set(uscc, name)
    const needs = await needsSentBy(sql, park_no, slice)
    const places = await placesOf(sql, needs.flatMap(({ row_id }) => row_id ?? []))
    for (const need of needs) {
      if (need.source_status === 'OPEN' && open_statuses.includes(need.status)) {
        const at = need.row_id === null ? undefined : places.get(need.row_id)
        const { need_no, project_code, project_name, amount_fen } = need
        open.set(need.uscc, [...open.get(need.uscc) ?? [], { need_no, project_code, project_name, amount_fen, sheet: at?.sheet ?? null, row: at?.row ?? null }])
      } else if (need.source_status === 'WITHDRAWN' || need.status === 'WITHDRAWN') withdrawn.add(need.uscc)
    }
    for (const [uscc, sum_fen] of await openNeedSums(sql, slice)) sums.set(uscc, sum_fen)
    for (const [uscc, limit_fen] of await hooks.contractLimits(sql, slice)) limits.set(uscc, limit_fen)
    for (const [uscc, held] of await tagsOf(sql, slice)) {
      tags.set(uscc, held.filter(({ valid_from, valid_to }) => (valid_from === null || valid_from <= today) && (valid_to === null || today < valid_to)).map(({ tag }) => tag))
    }
    await setImmediate()
  }
  const terms = nearestTerms(policies, 'PARK_TECH_GUARANTEE', today)
  const called = (own: boolean): string[] => parks.filter(park => (park.participant_no === park_no) === own).flatMap(({ name, aliases }) => [name].concat(aliases))
  return {
    known: new Set(names.keys()),
    withdrawn,
    context: {
      park_names: called(true),
      other_park_names: called(false),
      known_names: uscc => names.get(uscc) ?? [],
      name_elsewhere: uscc => elsewhere.get(uscc) ?? null,
      open_needs: uscc => open.get(uscc) ?? [],
      household: uscc => ({ in_force_fen: limits.get(uscc) ?? 0, open_fen: sums.get(uscc) ?? 0 }),
      overridden: uscc => overridden.has(uscc),
      tags: uscc => tags.get(uscc) ?? [],
      limits: { standard_fen: fenParameter(terms, 'household_limit'), raised_fen: fenParameter(terms, 'household_limit_tagged') },
      usual: { amount_min_fen: fenParameter(terms, 'list_amount_min'), amount_max_fen: fenParameter(terms, 'list_amount_max') },
      today
    }
  }
}
