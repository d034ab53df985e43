/** Tables of financing needs, of what each door brought, and of batches. */
import { and, asc, count, eq, exists, gt, gte, inArray, isNull, like, lte, notInArray, sql as expression, sum, type SQLWrapper } from 'drizzle-orm'
import { fen, flag, integer, isAmong, isListed, isSet, isWord, json, listed, primaryKey, table, text } from '../../db/columns.ts'
import { bulkFind, bulkInsert } from '../../db/bulk.ts'
import { hot, type ReadSql, type WriteSql } from '../../db/db.ts'
import type { FastTrack } from '../../policy/eligibility.ts'
import { isEnd } from '../../policy/lifecycle.ts'
import type { Finding } from '../../policy/findings.ts'
import type { PurposeCode } from '../../policy/purposes.ts'
import { authorizations } from '../authorizations/store.ts'
import type { Stage } from '../projects/kinds.ts'
import { projects } from '../projects/store.ts'
import { OPEN_STATUSES, type NeedSource, type NeedStatus } from './kinds.ts'

/** Open needs that no contract stands behind yet. */
export const without_contract = ['SUBMITTED', 'MATCHED', 'PUSHED'] as const

/** What a sender may say beyond what a need must have. */
export interface NeedWishes {
  expected_rate_pct: string | null
  collateral_offer: string[]
  preferred_banks: string[]
  existing_bank_debt: string | null
}

const content = {
  source: text().$type<NeedSource>().notNull(),
  park_no: text(),
  uscc: text().notNull(),
  project_code: text(),
  project_name: text(),
  region_code: text(),
  amount_fen: fen().notNull(),
  term_months: integer().notNull(),
  purpose_code: text().$type<PurposeCode>().notNull(),
  purpose_text: text().notNull(),
  demand_date: text(),
  wants_guarantee: flag().notNull(),
  wants_lease: flag().notNull(),
  is_green_loan: flag().notNull(),
  unknown_rules: json<string[]>().notNull(),
  fast_track: text().$type<FastTrack>(),
  /** null: none were told */
  wishes: json<NeedWishes>(),
  /** findings of the day it came in */
  remarks: json<Finding[]>(),
  authorization_no: text().notNull(),
  list_no: text(),
  row_id: text(),
  created_at: text().notNull(),
  updated_at: text().notNull()
}

export const financing_needs = table('financing_needs', {
  need_no: text().primaryKey(),
  ...content,
  /** who sent it first */
  sender_no: text().notNull(),
  status: text().$type<NeedStatus>().notNull(),
  open_key: text(),
  match_again: flag().notNull(),
  version: integer().notNull()
})

export const need_sources = table('need_sources', {
  need_no: text().notNull(),
  participant_no: text().notNull(),
  ...content,
  reference: text(),
  /** `|TAG|TAG|`, for screening */
  tags: text().notNull(),
  status: text().$type<'OPEN' | 'WITHDRAWN'>().notNull(),
  content_digest: text().notNull()
}, columns => [primaryKey({ columns: [columns.participant_no, columns.need_no] })])

export const need_batches = table('need_batches', {
  participant_no: text().notNull(),
  batch_no: text().notNull(),
  content_digest: text().notNull(),
  answer: json<Record<string, unknown>>().notNull(),
  created_at: text().notNull()
}, columns => [primaryKey({ columns: [columns.participant_no, columns.batch_no] })])

export type Need = typeof financing_needs.$inferSelect
export type NeedSourceRow = typeof need_sources.$inferSelect
/** A need as one door sees it: what that door sent, with the state of the merged need. */
export interface NeedView extends Omit<NeedSourceRow, 'status'> { status: NeedStatus, version: number }

export async function findNeed (sql: ReadSql, need_no: string): Promise<Need | undefined> {
  return (await sql.select().from(financing_needs).where(eq(financing_needs.need_no, need_no)))[0]
}

const buildSources = (sql: ReadSql) => sql.select().from(need_sources).where(eq(need_sources.need_no, expression.placeholder('need_no')))
  .orderBy(asc(need_sources.created_at), asc(need_sources.participant_no)).prepare()

/** What every door brought of one need, the first first. */
export async function sourcesOf (sql: ReadSql, need_no: string): Promise<NeedSourceRow[]> {
  return hot(sql, buildSources).execute({ need_no })
}

const buildToMatch = (sql: ReadSql) => sql.select().from(financing_needs).where(isWord(financing_needs.status, 'SUBMITTED'))
  .orderBy(asc(financing_needs.need_no)).limit(expression.placeholder('limit')).prepare()

/** Needs that wait for matching, in the order of their numbers. */
export async function needsToMatch (sql: ReadSql, limit: number): Promise<Need[]> {
  return hot(sql, buildToMatch).execute({ limit })
}

const buildToMatchAgain = (sql: ReadSql) => sql.select().from(financing_needs)
  .where(and(isSet(financing_needs.match_again), isWord(financing_needs.status, 'MATCHED', 'PUSHED', 'PARTLY_FUNDED')))
  .orderBy(asc(financing_needs.need_no)).limit(expression.placeholder('limit')).prepare()

/** Needs that were matched before another door brought them too: its pairings are still to be looked at. */
export async function needsToMatchAgain (sql: ReadSql, limit: number): Promise<Need[]> {
  return hot(sql, buildToMatchAgain).execute({ limit })
}

export async function matchedAgain (sql: WriteSql, need_nos: readonly string[]): Promise<void> {
  if (need_nos.length > 0) await sql.update(financing_needs).set({ match_again: false }).where(isAmong(financing_needs.need_no, need_nos))
}

/** Moves a need along policy/lifecycle.ts. @returns whether it was in one of the states */
export async function advanceNeed (sql: WriteSql, need_no: string, from: readonly NeedStatus[], to: NeedStatus, now: string): Promise<boolean> {
  return (await advanceNeeds(sql, [need_no], from, to, now)).length > 0
}

/** The same for many at once. @returns numbers of those that moved */
export async function advanceNeeds (sql: WriteSql, need_nos: readonly string[], from: readonly NeedStatus[], to: NeedStatus, now: string): Promise<string[]> {
  if (need_nos.length === 0) return []
  const moved = await hot(sql, isEnd('need', to) ? buildEnd : buildAdvance).execute({ need_nos: listed([...need_nos]), from: listed([...from]), to, now })
  return moved.map(one => one.need_no)
}

const buildMove = (changes: { open_key?: null, match_again?: false }) => (sql: WriteSql) => sql.update(financing_needs).set({
  ...changes, status: expression`${expression.placeholder('to')}`, updated_at: expression`${expression.placeholder('now')}`, version: expression`${financing_needs.version} + 1`
}).where(and(isListed(financing_needs.need_no, expression.placeholder('need_nos')), isListed(financing_needs.status, expression.placeholder('from'))))
  .returning({ need_no: financing_needs.need_no }).prepare()
const buildAdvance = buildMove({})
const buildEnd = buildMove({ open_key: null, match_again: false })

/** Open needs without a contract per enterprise, over all doors, in fen. */
export async function openNeedSums (sql: ReadSql, usccs: readonly string[]): Promise<Map<string, number>> {
  return new Map((await sumOpen(sql, usccs)).map(({ uscc, sum_fen }) => [uscc, sum_fen]))
}

const sumOpen = bulkFind<{ uscc: string, sum_fen: number }>((sql, usccs) => sql
  .select({ uscc: financing_needs.uscc, sum_fen: sum(financing_needs.amount_fen).mapWith(Number) }).from(financing_needs)
  .where(and(isListed(financing_needs.uscc, usccs), isWord(financing_needs.status, ...without_contract))).groupBy(financing_needs.uscc))

export interface OpenNeedRow {
  need_no: string, uscc: string, project_code: string | null, project_name: string | null, amount_fen: number, park_no: string | null, status: NeedStatus
  /** doors that still stand behind it */
  senders: string[]
}

/** Open needs of enterprises, over all doors. */
export async function openNeedsOf (sql: ReadSql, usccs: readonly string[]): Promise<OpenNeedRow[]> {
  const needs = new Map<string, OpenNeedRow>()
  for (const { sender, source_status, ...row } of await findOpen(sql, usccs)) {
    const need = needs.get(row.need_no) ?? { ...row, senders: [] }
    needs.set(row.need_no, need)
    if (source_status === 'OPEN') need.senders.push(sender)
  }
  return [...needs.values()]
}

const findOpen = bulkFind<Omit<OpenNeedRow, 'senders'> & { sender: string, source_status: NeedSourceRow['status'] }>((sql, usccs) => sql.select({
  need_no: financing_needs.need_no, uscc: financing_needs.uscc, project_code: financing_needs.project_code, project_name: financing_needs.project_name,
  amount_fen: financing_needs.amount_fen, park_no: financing_needs.park_no, status: financing_needs.status,
  sender: need_sources.participant_no, source_status: need_sources.status
}).from(financing_needs).innerJoin(need_sources, eq(need_sources.need_no, financing_needs.need_no))
  .where(and(isListed(financing_needs.uscc, usccs), isWord(financing_needs.status, ...OPEN_STATUSES))).orderBy(asc(financing_needs.need_no)))

const sent_columns = {
  need_no: need_sources.need_no, uscc: need_sources.uscc, project_code: need_sources.project_code, project_name: need_sources.project_name,
  amount_fen: need_sources.amount_fen, term_months: need_sources.term_months, purpose_text: need_sources.purpose_text, demand_date: need_sources.demand_date,
  list_no: need_sources.list_no, row_id: need_sources.row_id, content_digest: need_sources.content_digest
}
export type SentNeed = Pick<NeedSourceRow, keyof typeof sent_columns> & { status: NeedStatus, source_status: NeedSourceRow['status'] }
const findSent = bulkFind<SentNeed>((sql, usccs, participant_nos) => sql.select({ ...sent_columns, status: financing_needs.status, source_status: need_sources.status })
  .from(need_sources).innerJoin(financing_needs, eq(financing_needs.need_no, need_sources.need_no))
  .where(and(isListed(need_sources.participant_no, participant_nos), isListed(need_sources.uscc, usccs))))

/** What one door itself sent for enterprises, with the state; for findings that may name nothing else. */
export async function needsSentBy (sql: ReadSql, participant_no: string, usccs: readonly string[]): Promise<SentNeed[]> {
  // Ordered here: asked for the order of its key, SQLite would go through everything that the door ever sent.
  return (await findSent(sql, usccs, [participant_no])).sort((a, b) => a.need_no < b.need_no ? -1 : 1)
}

const insertManyNeeds = bulkInsert(financing_needs)
const insertManySources = bulkInsert(need_sources)

export async function insertNeeds (sql: WriteSql, rows: readonly Need[]): Promise<void> {
  await insertManyNeeds(sql, rows)
}

/** Keeps what a door brought; a door that had withdrawn and comes again replaces what it said. */
export async function keepSources (sql: WriteSql, rows: readonly NeedSourceRow[], again: boolean): Promise<void> {
  if (!again) {
    await insertManySources(sql, rows)
    return
  }
  for (const row of rows) {
    await sql.insert(need_sources).values(row).onConflictDoUpdate({ target: [need_sources.participant_no, need_sources.need_no], set: row })
  }
}

/** Another door brought the need too: matching looks again, a need outside the parks gets the park, and what one door asks for the need asks for. */
export async function mergeInto (sql: WriteSql, now: string, { need_no, park_no, wants_guarantee, wants_lease, unknown_rules }: NeedSourceRow): Promise<void> {
  const of_need = eq(financing_needs.need_no, need_no)
  await sql.update(financing_needs).set({ match_again: true, updated_at: now, version: expression`${financing_needs.version} + 1` }).where(of_need)
  if (park_no !== null) await sql.update(financing_needs).set({ park_no }).where(and(of_need, isNull(financing_needs.park_no)))
  if (wants_guarantee) await sql.update(financing_needs).set({ wants_guarantee, unknown_rules }).where(and(of_need, eq(financing_needs.wants_guarantee, false)))
  if (wants_lease) await sql.update(financing_needs).set({ wants_lease }).where(of_need)
}

export async function findByReference (sql: ReadSql, participant_no: string, reference: string): Promise<NeedSourceRow | undefined> {
  return (await sql.select().from(need_sources).where(and(eq(need_sources.participant_no, participant_no), eq(need_sources.reference, reference))))[0]
}

export async function findBatch (sql: ReadSql, participant_no: string, batch_no: string) {
  return (await sql.select().from(need_batches).where(and(eq(need_batches.participant_no, participant_no), eq(need_batches.batch_no, batch_no))))[0]
}

export async function insertBatch (sql: WriteSql, row: typeof need_batches.$inferSelect): Promise<void> {
  await sql.insert(need_batches).values(row)
}

export interface NeedFilter {
  participant_no: string
  /** an enterprise sees every need of its own, whoever brought it */
  uscc: string | null
  region_code?: string | undefined
  purpose_code?: PurposeCode | undefined
  amount_min_fen?: number | undefined
  amount_max_fen?: number | undefined
  tag?: string | undefined
  fast_track?: FastTrack | undefined
  project_code?: string | undefined
  project_stage?: Stage | undefined
  cluster?: string | undefined
  /** a park sees the project under an authorization that it collected, a platform under one that names it */
  collects: boolean
  day: string
  of_uscc?: string | undefined
  status?: NeedStatus | undefined
  updated_since?: string | undefined
}

/** State of a need as its door sees it. */
const seen_status = expression<NeedStatus>`case when ${need_sources.status} = 'WITHDRAWN' then 'WITHDRAWN' else ${financing_needs.status} end`

/** The project of a need is of a stage or cluster; beyond the enterprise only under a live authorization with the scope PROJECT. */
function ofProject ({ participant_no, uscc, project_stage, cluster, collects, day }: NeedFilter) {
  if (project_stage === undefined && cluster === undefined) return undefined
  const { stage, cluster_33618_code } = projects
  return exists(expression`(select 1 from ${projects} inner join ${authorizations} on ${authorizations.authorization_no} = ${need_sources.authorization_no}
    where ${and(
    eq(projects.owner_uscc, need_sources.uscc), eq(projects.project_code, need_sources.project_code),
    project_stage === undefined ? undefined : eq(stage, project_stage), cluster === undefined ? undefined : eq(cluster_33618_code, cluster),
    uscc === null ? and(
      eq(authorizations.status, 'ACTIVE'), lte(authorizations.valid_from, day), gt(authorizations.valid_to, day), like(authorizations.scopes, '%"PROJECT"%'),
      collects ? eq(authorizations.collector_no, participant_no) : like(authorizations.recipients, `%"${participant_no}"%`)
    ) : undefined
  )})`)
}

/** Content of a withdrawn need leaves by no filter and no sum either, but to its enterprise. Source: contract §5. */
const is_readable = expression`${need_sources.status} <> 'WITHDRAWN' and ${financing_needs.status} <> 'WITHDRAWN'`

function asksForContent (filter: NeedFilter): boolean {
  const { region_code, purpose_code, amount_min_fen, amount_max_fen, tag, fast_track, project_code, project_stage, cluster } = filter
  return [region_code, purpose_code, amount_min_fen, amount_max_fen, tag, fast_track, project_code, project_stage, cluster].some(each => each !== undefined)
}

/** One row per need: the caller's own source, or for the enterprise the first one. */
function visible (filter: NeedFilter) {
  return and(
    filter.uscc === null
      ? eq(need_sources.participant_no, filter.participant_no)
      : and(eq(financing_needs.uscc, filter.uscc), eq(need_sources.participant_no, financing_needs.sender_no)),
    filter.uscc === null && asksForContent(filter) ? is_readable : undefined,
    filter.region_code === undefined ? undefined : eq(need_sources.region_code, filter.region_code),
    filter.purpose_code === undefined ? undefined : eq(need_sources.purpose_code, filter.purpose_code),
    filter.amount_min_fen === undefined ? undefined : gte(need_sources.amount_fen, filter.amount_min_fen),
    filter.amount_max_fen === undefined ? undefined : lte(need_sources.amount_fen, filter.amount_max_fen),
    filter.tag === undefined ? undefined : like(need_sources.tags, `%|${filter.tag}|%`),
    filter.fast_track === undefined ? undefined : eq(need_sources.fast_track, filter.fast_track),
    filter.project_code === undefined ? undefined : eq(need_sources.project_code, filter.project_code),
    ofProject(filter),
    filter.of_uscc === undefined ? undefined : eq(need_sources.uscc, filter.of_uscc),
    filter.status === undefined ? undefined : eq(seen_status, filter.status),
    filter.updated_since === undefined ? undefined : gte(financing_needs.updated_at, filter.updated_since)
  )
}

export async function listNeeds (sql: ReadSql, filter: NeedFilter, after: string | null, limit: number): Promise<NeedView[]> {
  const rows = await sql.select({ source: need_sources, status: financing_needs.status, version: financing_needs.version, updated_at: financing_needs.updated_at })
    .from(need_sources).innerJoin(financing_needs, eq(financing_needs.need_no, need_sources.need_no))
    .where(and(visible(filter), after === null ? undefined : gt(need_sources.need_no, after))).orderBy(asc(need_sources.need_no)).limit(limit)
  return rows.map(viewOf)
}

function viewOf ({ source, status, version, updated_at }: { source: NeedSourceRow, status: NeedStatus, version: number, updated_at: string }): NeedView {
  return { ...source, status: source.status === 'WITHDRAWN' ? 'WITHDRAWN' : status, version, updated_at }
}

/** How many needs a filter finds, and the sum of the amounts that the caller may read of them. */
export async function totalsOf (sql: ReadSql, filter: NeedFilter): Promise<{ count: number, amount_fen: number }> {
  const amount_fen = filter.uscc === null ? expression`case when ${is_readable} then ${need_sources.amount_fen} else 0 end` : need_sources.amount_fen
  const [row] = await sql.select({ count: count().mapWith(Number), amount_fen: sum(amount_fen).mapWith(Number) })
    .from(need_sources).innerJoin(financing_needs, eq(financing_needs.need_no, need_sources.need_no)).where(visible(filter))
  return { count: row?.count ?? 0, amount_fen: row?.amount_fen ?? 0 }
}

/** A need as one of its doors, or its enterprise, may see it. */
export async function findView (sql: ReadSql, need_no: string, participant_no: string, uscc: string | null): Promise<NeedView | undefined> {
  const rows = await sql.select({ source: need_sources, status: financing_needs.status, version: financing_needs.version, updated_at: financing_needs.updated_at })
    .from(need_sources).innerJoin(financing_needs, eq(financing_needs.need_no, need_sources.need_no)).where(eq(need_sources.need_no, need_no))
    .orderBy(asc(need_sources.created_at))
  const own = rows.find(({ source }) => source.participant_no === participant_no) ?? (uscc === null ? undefined : rows.find(({ source }) => source.uscc === uscc))
  return own === undefined ? undefined : viewOf(own)
}

/** Ends one door's part in a need. @returns the doors that still stand behind it */
export async function withdrawSource (sql: WriteSql, now: string, need_no: string, participant_no: string): Promise<NeedSourceRow[]> {
  await sql.update(need_sources).set({ status: 'WITHDRAWN', updated_at: now })
    .where(and(eq(need_sources.need_no, need_no), eq(need_sources.participant_no, participant_no)))
  await sql.update(financing_needs).set({ updated_at: now, version: expression`${financing_needs.version} + 1` }).where(eq(financing_needs.need_no, need_no))
  return (await sourcesOf(sql, need_no)).filter(({ status }) => status === 'OPEN')
}

/**
 * A door left: the need says what the door says that it stands on from now on.
 *
 * @param doors all that still stand behind it: what one of them asks for, the need asks for
 */
export async function restOn (sql: WriteSql, next: NeedSourceRow, doors: readonly NeedSourceRow[]): Promise<void> {
  const { need_no, participant_no, source, project_code, project_name, region_code, amount_fen, term_months, purpose_code, purpose_text, demand_date,
    is_green_loan, fast_track, wishes, remarks, authorization_no, list_no, row_id } = next
  const { wants_guarantee, unknown_rules } = doors.find(door => door.wants_guarantee) ?? next
  await sql.update(financing_needs).set({
    sender_no: participant_no, source, project_code, project_name, region_code, amount_fen, term_months, purpose_code, purpose_text, demand_date,
    wants_guarantee, wants_lease: doors.some(door => door.wants_lease), is_green_loan, unknown_rules, fast_track, wishes, remarks, authorization_no, list_no, row_id
  }).where(eq(financing_needs.need_no, need_no))
}

/** Withdraws what stands on an authorization. @returns the needs that ended, with everybody who had sent them */
export async function withdrawNeedsUnder (sql: WriteSql, now: string, authorization_no: string): Promise<{ need_no: string, senders: string[] }[]> {
  await sql.update(need_sources).set({ status: 'WITHDRAWN', updated_at: now }).where(eq(need_sources.authorization_no, authorization_no))
  const ended = await sql.update(financing_needs)
    .set({ status: 'WITHDRAWN', open_key: null, match_again: false, updated_at: now, version: expression`${financing_needs.version} + 1` })
    .where(and(eq(financing_needs.authorization_no, authorization_no), inArray(financing_needs.status, ['DRAFT', ...OPEN_STATUSES])))
    .returning({ need_no: financing_needs.need_no })
  if (ended.length === 0) return []
  const senders = await sql.select({ need_no: need_sources.need_no, participant_no: need_sources.participant_no }).from(need_sources)
    .where(inArray(need_sources.need_no, ended.map(({ need_no }) => need_no)))
  return ended.map(({ need_no }) => ({ need_no, senders: senders.filter(one => one.need_no === need_no).map(one => one.participant_no) }))
}

/** Open needs without a contract that a park brought with some lists, with the authorizations under them. */
export async function needsOfLists (
  sql: ReadSql, park_no: string, list_nos: readonly string[], { among, but_not, after = '', limit }: { among?: readonly string[], but_not?: SQLWrapper, after?: string, limit: number }
) {
  if (list_nos.length === 0 || among?.length === 0) return []
  return sql.select({
    need_no: need_sources.need_no, uscc: need_sources.uscc, amount_fen: need_sources.amount_fen, authorization_no: need_sources.authorization_no
  }).from(need_sources).innerJoin(financing_needs, eq(financing_needs.need_no, need_sources.need_no)).where(and(
    inArray(need_sources.list_no, [...list_nos]), eq(need_sources.participant_no, park_no), eq(need_sources.status, 'OPEN'),
    inArray(financing_needs.status, [...without_contract]), gt(need_sources.need_no, after), but_not === undefined ? undefined : notInArray(need_sources.need_no, but_not),
    among === undefined ? undefined : isAmong(need_sources.need_no, among)
  )).orderBy(asc(need_sources.need_no)).limit(limit)
}
