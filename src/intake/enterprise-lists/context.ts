/** Looks up what the rows of a list are judged against: some rows at a time, so that a long list stays small. */
import { together, type ReadSql } from '../../db/db.ts'
import { judgesEnterprise } from '../../policy/eligibility.ts'
import { fenParameter, nearestTerms, type PolicyVersion } from '../../policy/terms.ts'
import { listParticipants } from '../../registry/participants/store.ts'
import { overriddenAmong } from '../../registry/uscc-overrides/store.ts'
import { documentsOf } from '../authorizations/service.ts'
import { codesOfNames, enterprisesFrom, enterprisesKnown, saidNamesOf } from '../enterprises/store.ts'
import { OPEN_STATUSES } from '../financing-needs/kinds.ts'
import { needsSentBy, openNeedSums } from '../financing-needs/store.ts'
import type { IntakeHooks } from '../hooks.ts'
import type { DecidingContext, OpenNeed } from './deciding.ts'
import { hasValidCode } from './normalising.ts'
import type { ListRow } from './rows.ts'
import { placesOf } from './store.ts'
import { asksForDocuments } from './taking-in.ts'

const open_statuses: readonly string[] = OPEN_STATUSES

/** What is known of the enterprises of some rows. */
interface Known {
  /** names under which this park sent them before */
  names: Map<string, string>
  elsewhere: Map<string, string>
  open: Map<string, OpenNeed[]>
  sums: Map<string, number>
  limits: Map<string, number>
  overridden: ReadonlySet<string>
  documented: ReadonlySet<string>
  tags: Map<string, string[]>
}

export interface Surroundings {
  /** answers for the enterprises that were looked up last */
  context: DecidingContext
  /** @param rows the next rows, some hundreds at most */
  lookUp (rows: readonly ListRow[]): Promise<void>
  /** whether this park sent the enterprise before */
  isKnown (uscc: string): boolean
}

/** Needs that a correction may take the place of: those without a contract of the lists it corrects. */
const replaceable_statuses: readonly string[] = ['SUBMITTED', 'MATCHED', 'PUSHED']

async function knownOf (
  sql: ReadSql, park_no: string, usccs: readonly string[], corrected: ReadonlySet<string>, today: string, policies: readonly PolicyVersion[], hooks: Pick<IntakeHooks, 'countedLimits'>
): Promise<Known> {
  const open = new Map<string, OpenNeed[]>()
  const [needs, enterprises, names, sums, limits, overridden, documents, contacts] = await together(
    needsSentBy(sql, park_no, usccs), enterprisesKnown(sql, usccs), saidNamesOf(sql, park_no, usccs), openNeedSums(sql, usccs),
    hooks.countedLimits(sql, usccs, today, policies), overriddenAmong(sql, usccs), documentsOf(sql, park_no, usccs, today),
    enterprisesFrom(sql, park_no, corrected.size === 0 ? [] : usccs))
  const places = await placesOf(sql, needs.flatMap(({ row_id }) => row_id ?? []))
  for (const need of needs) {
    if (need.source_status === 'OPEN' && open_statuses.includes(need.status)) {
      const at = need.row_id === null ? undefined : places.get(need.row_id)
      const { need_no, project_code, project_name, amount_fen } = need
      const { contact_name = null, contact_phone = null } = contacts.get(need.uscc) ?? {}
      const replaceable = need.list_no !== null && corrected.has(need.list_no) && replaceable_statuses.includes(need.status)
        ? { replaceable: { term_months: need.term_months, purpose: need.purpose_text, demand_date: need.demand_date, contact_name, contact_phone } } : {}
      const one = { need_no, project_code, project_name, amount_fen, sheet: at?.sheet ?? null, row: at?.row ?? null, ...replaceable }
      const before = open.get(need.uscc)
      if (before === undefined) open.set(need.uscc, [one])
      else before.push(one)
    }
  }
  const tags = [...enterprises].map(([uscc, { tags: held }]) => [
    uscc, held.filter(({ valid_from, valid_to }) => (valid_from === null || valid_from <= today) && (valid_to === null || today < valid_to)).map(({ tag }) => tag as string)
  ] as const)
  const elsewhere = [...enterprises].map(([uscc, { name }]) => [uscc, name] as const)
  return { names, elsewhere: new Map(elsewhere), open, sums, limits, overridden, documented: new Set(documents.keys()), tags: new Map(tags) }
}

/**
 * @param today Beijing date
 * @param corrected lists that the list corrects, none for a list that is no correction
 */
export async function surroundingsOf (
  sql: ReadSql, park_no: string, today: string, corrected: ReadonlySet<string>, policies: readonly PolicyVersion[], hooks: Pick<IntakeHooks, 'countedLimits'>
): Promise<Surroundings> {
  const parks = await listParticipants(sql, { roles: ['PARK'] })
  const terms = nearestTerms(policies, 'PARK_TECH_GUARANTEE', today)
  const asks_for_documents = asksForDocuments(policies, today)
  const called = (own: boolean): string[] => parks.filter(park => (park.participant_no === park_no) === own).flatMap(({ name, aliases }) => [name].concat(aliases))
  let known = await knownOf(sql, park_no, [], corrected, today, policies, hooks)
  let codes = new Map<string, string>()
  return {
    async lookUp (rows) {
      const wrong = corrected.size === 0 ? [] : rows.filter(row => !hasValidCode(row)).flatMap(({ name }) => name ?? [])
      codes = await codesOfNames(sql, park_no, wrong)
      known = await knownOf(sql, park_no, [...new Set([...rows.flatMap(({ uscc }) => uscc ?? []), ...codes.values()])], corrected, today, policies, hooks)
    },
    isKnown: uscc => known.names.has(uscc),
    context: {
      park_names: called(true),
      other_park_names: called(false),
      known_names: uscc => {
        const name = known.names.get(uscc)
        return name === undefined ? [] : [name]
      },
      name_elsewhere: uscc => known.elsewhere.get(uscc) ?? null,
      open_needs: uscc => known.open.get(uscc) ?? [],
      code_of_name: name => codes.get(name) ?? null,
      household: uscc => ({ in_force_fen: known.limits.get(uscc) ?? 0, open_fen: known.sums.get(uscc) ?? 0 }),
      lacks_document: uscc => asks_for_documents && !known.documented.has(uscc),
      overridden: uscc => known.overridden.has(uscc),
      judges_enterprise: judgesEnterprise(policies, today),
      tags: uscc => known.tags.get(uscc) ?? [],
      limits: { standard_fen: fenParameter(terms, 'household_limit'), raised_fen: fenParameter(terms, 'household_limit_tagged') },
      usual: { amount_min_fen: fenParameter(terms, 'list_amount_min'), amount_max_fen: fenParameter(terms, 'list_amount_max') },
      today
    }
  }
}
