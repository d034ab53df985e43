/** Tables of leads, their events, and why each institution got a need or not. */
import { and, asc, count, desc, eq, gt, gte, isNotNull, isNull, like, lt, lte, max, ne, or, sql as expression, sum, type Placeholder, type SQL } from 'drizzle-orm'
import { dialect } from '../../config.ts'
import { bulkFind, bulkInsert } from '../../db/bulk.ts'
import { fen, flag, integer, isListed, json, primaryKey, table, text } from '../../db/columns.ts'
import { hot, type ReadSql, type WriteSql } from '../../db/db.ts'
import { opened, sealed } from '../../db/sealing.ts'
import { event_audience } from '../../journal/events.ts'
import type { LeadEvent, LeadStatus } from '../../policy/lifecycle.ts'
import { addDays } from '../../policy/period.ts'
import type { Outcome, RecipientKind } from './kinds.ts'
import type { PauseOf, Stage } from './stages.ts'

export interface Reason { code: string, reason: string, reason_zh: string }

export const leads = table('leads', {
  lead_no: text().primaryKey(),
  need_no: text().notNull(),
  recipient_no: text().notNull(),
  recipient_kind: text().$type<RecipientKind>().notNull(),
  uscc: text().notNull(),
  project_code: text(),
  authorization_no: text().notNull(),
  pushed_at: text().notNull(),
  expires_at: text().notNull(),
  authorization_until: text().notNull(),
  content_until: text().notNull(),
  status: text().$type<LeadStatus>().notNull(),
  ended_at: text(),
  version: integer().notNull(),
  updated_at: text().notNull(),
  amount_fen: fen().notNull(),
  purpose_code: text().notNull(),
  shown_uscc: text(),
  region_code: text(),
  tags: text().notNull(),
  fast_track: text(),
  project_stage: text(),
  cluster: text(),
  disclosure: text().notNull(),
  disclosure_digest: text().notNull(),
  fields_released: json<string[]>().notNull(),
  flat: text().notNull(),
  personal: text(),
  head: text().notNull(),
  fresh_until: text().notNull(),
  reason: json<Reason>().notNull(),
  calendar_version: text().notNull(),
  calendar_provisional: flag().notNull(),
  contact_due_date: text().notNull(),
  contacted_at: text(),
  approval_due_date: text().notNull(),
  decided_at: text(),
  approved_at: text(),
  disbursement_due_date: text().notNull(),
  disbursed_at: text(),
  pauses: json<PauseOf[]>().notNull(),
  open_stage: text().$type<Stage>(),
  open_due_at: text(),
  reminded: integer().notNull(),
  remind_at: text()
})
export type Lead = typeof leads.$inferSelect

export const lead_events = table('lead_events', {
  lead_event_no: text().primaryKey(),
  lead_no: text().notNull(),
  recipient_no: text().notNull(),
  type: text().$type<LeadEvent>().notNull(),
  occurred_at: text().notNull(),
  recorded_at: text().notNull(),
  actor_user: text(),
  overdue: flag().notNull(),
  iou_no: text(),
  content: json<Record<string, unknown>>().notNull(),
  content_digest: text().notNull()
})
export type LeadEventRow = typeof lead_events.$inferSelect

export const need_recipients = table('need_recipients', {
  need_no: text().notNull(),
  participant_no: text().notNull(),
  recipient_kind: text().$type<RecipientKind>().notNull(),
  outcome: text().$type<Outcome>().notNull(),
  reason: text().notNull(),
  reason_zh: text().notNull(),
  lead_no: text(),
  decided_at: text().notNull()
}, columns => [primaryKey({ columns: [columns.need_no, columns.participant_no] })])
export type NeedRecipient = typeof need_recipients.$inferSelect

/** What the sealed part of a lead is bound to. */
export function personalPlace (lead_no: string): string {
  return `leads/personal/${lead_no}`
}

/** Leads by the UTC day of their `content_until`; moves in the unit of every push and end. */
export const lead_totals = table('lead_totals', {
  recipient_no: text().notNull(),
  until_day: text().notNull(),
  leads: integer().notNull(),
  amount_fen: fen().notNull()
}, columns => [primaryKey({ columns: [columns.recipient_no, columns.until_day] })])

const dayOf = (instant: string): string => instant.slice(0, 10)

type Counted = Pick<Lead, 'recipient_no' | 'content_until' | 'amount_fen'>

const addTotals = bulkInsert(lead_totals, insert => insert.onConflictDoUpdate({
  target: [lead_totals.recipient_no, lead_totals.until_day],
  set: { leads: expression`${lead_totals.leads} + excluded.leads`, amount_fen: expression`${lead_totals.amount_fen} + excluded.amount_fen` }
}))

async function countIn (sql: WriteSql, rows: readonly Counted[]): Promise<void> {
  const totals = new Map<string, typeof lead_totals.$inferInsert>()
  for (const { recipient_no, content_until, amount_fen } of rows) {
    const until_day = dayOf(content_until)
    const total = totals.get(`${recipient_no} ${until_day}`) ?? { recipient_no, until_day, leads: 0, amount_fen: 0 }
    totals.set(`${recipient_no} ${until_day}`, { ...total, leads: total.leads + 1, amount_fen: total.amount_fen + amount_fen })
  }
  await addTotals(sql, [...totals.values()])
}

const bulkLeads = bulkInsert(leads)

/** @param rows with `personal` as it reads; it is kept sealed */
export async function insertLeads (sql: WriteSql, rows: readonly Lead[]): Promise<void> {
  await countIn(sql, rows)
  await bulkLeads(sql, rows.map(row => Object.assign(row, { personal: sealed(sql, row.personal, personalPlace(row.lead_no)) })))
}

const bulkRecipients = bulkInsert(need_recipients, insert => insert.onConflictDoUpdate({
  target: [need_recipients.need_no, need_recipients.participant_no],
  set: {
    recipient_kind: expression`excluded.recipient_kind`, outcome: expression`excluded.outcome`, reason: expression`excluded.reason`,
    reason_zh: expression`excluded.reason_zh`, lead_no: expression`excluded.lead_no`, decided_at: expression`excluded.decided_at`
  },
  setWhere: or(ne(need_recipients.outcome, 'PUSHED'), expression`excluded.outcome = 'PUSHED'`)
}))

/** Keeps why an institution got the need or not; a later answer replaces an earlier one, but no refusal replaces a push. */
export async function keepRecipients (sql: WriteSql, rows: readonly NeedRecipient[]): Promise<void> {
  await bulkRecipients(sql, rows)
}

export async function recipientsOfNeed (sql: ReadSql, need_no: string) {
  const { status, updated_at, recipient_kind: kind, pushed_at, contacted_at, approved_at, disbursed_at } = leads
  return sql.select({ recipient: need_recipients, lead: { status, updated_at, kind, pushed_at, contacted_at, approved_at, disbursed_at } }).from(need_recipients)
    .leftJoin(leads, eq(leads.lead_no, need_recipients.lead_no)).where(eq(need_recipients.need_no, need_no)).orderBy(asc(need_recipients.participant_no))
}

/** What was pushed of some needs before: to whom, under which authorization, and whether that was withdrawn since. */
export const pushedBefore = bulkFind<Pick<Lead, 'need_no' | 'recipient_no' | 'authorization_no' | 'status'>>((sql, need_nos) => sql
  .select({ need_no: leads.need_no, recipient_no: leads.recipient_no, authorization_no: leads.authorization_no, status: leads.status })
  .from(leads).where(isListed(leads.need_no, need_nos)))

const buildFindLead = (sql: ReadSql) => sql.select().from(leads).where(eq(leads.lead_no, expression.placeholder('lead_no'))).prepare()

export async function findLead (sql: ReadSql, lead_no: string): Promise<Lead | undefined> {
  return (await hot(sql, buildFindLead).execute({ lead_no }))[0]
}

export const findLeads = bulkFind<Lead>((sql, lead_nos) => sql.select().from(leads).where(isListed(leads.lead_no, lead_nos)))

export async function leadsOfNeed (sql: ReadSql, need_no: string): Promise<Lead[]> {
  return sql.select().from(leads).where(eq(leads.need_no, need_no)).orderBy(asc(leads.lead_no))
}

/** Every lead under an authorization, whose content may still be read. */
export async function openLeadsUnder (sql: ReadSql, authorization_no: string, now: string): Promise<Lead[]> {
  return sql.select().from(leads).where(and(eq(leads.authorization_no, authorization_no), gt(leads.content_until, now))).orderBy(asc(leads.lead_no))
}

/** Leads of an enterprise whose content may still be read. */
export async function openLeadsOf (sql: ReadSql, uscc: string, now: string): Promise<Lead[]> {
  return sql.select().from(leads).where(and(eq(leads.uscc, uscc), gt(leads.content_until, now))).orderBy(asc(leads.lead_no))
}

export async function leadsUnder (sql: ReadSql, authorization_no: string) {
  return sql.select({
    lead_no: leads.lead_no, need_no: leads.need_no, recipient_no: leads.recipient_no, recipient_kind: leads.recipient_kind, pushed_at: leads.pushed_at,
    status: leads.status, fields_released: leads.fields_released, digest: leads.disclosure_digest
  }).from(leads).where(eq(leads.authorization_no, authorization_no)).orderBy(asc(leads.lead_no))
}

/** A lead of the institution for this enterprise and project that it approved; the newest. */
export async function approvedLeadOf (sql: ReadSql, recipient_no: string, uscc: string, project_code: string | null): Promise<Lead | undefined> {
  const approved = await sql.select().from(leads).where(and(
    eq(leads.recipient_no, recipient_no), eq(leads.uscc, uscc), isNotNull(leads.approved_at),
    project_code === null ? undefined : eq(leads.project_code, project_code)
  ))
  // Chosen here: asked for the last by number, SQLite would go through every lead of the institution.
  return approved.sort((a, b) => a.lead_no < b.lead_no ? 1 : -1)[0]
}

/** What of a lead moves after its push; all else is frozen. */
const moving = ['expires_at', 'content_until', 'status', 'ended_at', 'updated_at', 'head', 'fresh_until', 'calendar_version', 'calendar_provisional',
  'contact_due_date', 'contacted_at', 'approval_due_date', 'decided_at', 'approved_at', 'disbursement_due_date', 'disbursed_at', 'pauses', 'open_stage',
  'open_due_at', 'reminded', 'remind_at'] as const

const buildAdvance = (sql: WriteSql) => sql.update(leads)
  .set({ ...Object.fromEntries(moving.map(name => [name, expression.placeholder(name)])), version: expression`${leads.version} + 1` })
  .where(and(eq(leads.lead_no, expression.placeholder('lead_no')), eq(leads.version, expression.placeholder('version'))))
  .returning({ lead_no: leads.lead_no }).prepare()

/** Moves a lead on if nobody else did since it was read. @returns false when it is no longer as read */
export async function advanceLead (sql: WriteSql, lead: Lead, change: Partial<Pick<Lead, typeof moving[number]>>): Promise<boolean> {
  const moved = await hot(sql, buildAdvance).execute({ ...lead, ...change, version: lead.version })
  if (moved.length !== 1) return false
  const { content_until = lead.content_until } = change
  if (dayOf(content_until) !== dayOf(lead.content_until)) {
    await sql.update(lead_totals).set({ leads: expression`${lead_totals.leads} - 1`, amount_fen: expression`${lead_totals.amount_fen} - ${lead.amount_fen}` })
      .where(and(eq(lead_totals.recipient_no, lead.recipient_no), eq(lead_totals.until_day, dayOf(lead.content_until))))
    await countIn(sql, [{ ...lead, content_until }])
  }
  return true
}

export interface LeadFilter {
  status?: LeadStatus | undefined
  district?: string | undefined
  purpose_code?: string | undefined
  amount_min_fen?: number | undefined
  amount_max_fen?: number | undefined
  tag?: string | undefined
  fast_track?: string | undefined
  project_stage?: string | undefined
  cluster?: string | undefined
  uscc?: string | undefined
  updated_since?: string | undefined
}

/** Which lead, as of which version: the texts, kept apart from their row by PostgreSQL, are read of those alone that nobody remembers. */
const page_columns = { lead_no: leads.lead_no, version: leads.version }
export type PageRow = Pick<Lead, keyof typeof page_columns>

/**
 * Which leads a list shows. Withdrawn and expired ones only when asked for by status, and never through a filter that looks
 * at what they once disclosed.
 */
function shown (recipient_no: string, filter: LeadFilter, now: string): SQL | undefined {
  const by_content = [
    filter.district === undefined ? undefined : eq(leads.region_code, filter.district),
    filter.purpose_code === undefined ? undefined : eq(leads.purpose_code, filter.purpose_code),
    filter.amount_min_fen === undefined ? undefined : gte(leads.amount_fen, filter.amount_min_fen),
    filter.amount_max_fen === undefined ? undefined : lte(leads.amount_fen, filter.amount_max_fen),
    filter.tag === undefined ? undefined : like(leads.tags, `%,${filter.tag},%`),
    filter.fast_track === undefined ? undefined : eq(leads.fast_track, filter.fast_track),
    filter.project_stage === undefined ? undefined : eq(leads.project_stage, filter.project_stage),
    filter.cluster === undefined ? undefined : eq(leads.cluster, filter.cluster),
    filter.uscc === undefined ? undefined : eq(leads.shown_uscc, filter.uscc)
  ].filter(condition => condition !== undefined)
  return and(
    eq(leads.recipient_no, recipient_no), ...by_content,
    filter.status === undefined ? undefined : eq(leads.status, filter.status),
    filter.updated_since === undefined ? undefined : gte(leads.updated_at, filter.updated_since),
    filter.status !== undefined && by_content.length === 0 ? undefined : isReadable(now)
  )
}

/**
 * The content can still be read. Said so that no planner takes the index by `content_until` for it: a list is walked in its order and
 * ends after a page, while the other way all of an institution's leads would be read and sorted.
 */
const isReadable = (now: string | Placeholder): SQL => expression`coalesce(${leads.content_until}, '') > ${now}`

const isUnfiltered = (filter: LeadFilter): boolean => Object.values(filter).every(value => value === undefined)

/** Always true; without it PostgreSQL, as long as it has no statistics, reads and sorts every lead of an institution for a page. */
const in_order_of_numbers = gt(leads.lead_no, expression`''`)
const buildFirstPage = (sql: ReadSql) => sql.select(page_columns).from(leads)
  .where(and(eq(leads.recipient_no, expression.placeholder('recipient_no')), in_order_of_numbers, isReadable(expression.placeholder('now'))))
  .orderBy(desc(leads.lead_no)).limit(expression.placeholder('limit')).prepare()

/** Leads of one institution, newest first. */
export async function pageOfLeads (sql: ReadSql, recipient_no: string, filter: LeadFilter, after: string | null, limit: number, now: string): Promise<PageRow[]> {
  if (after === null && isUnfiltered(filter)) return hot(sql, buildFirstPage).execute({ recipient_no, now, limit })
  return sql.select(page_columns).from(leads).where(and(shown(recipient_no, filter, now), after === null ? in_order_of_numbers : lt(leads.lead_no, after)))
    .orderBy(desc(leads.lead_no)).limit(limit)
}

/** Nothing waits for its place on SQLite. */
const unplaced = dialect === 'sqlite' ? expression<number>`0` : expression<number>`(select count(*) from ${event_audience} as waiting
  where waiting.participant_no = ${expression.placeholder('participant_no')} and waiting.seq is null)`
const buildRevision = (sql: ReadSql) => sql.select({ head: max(event_audience.seq), unplaced }).from(event_audience)
  .where(eq(event_audience.participant_no, expression.placeholder('participant_no'))).prepare()

/** Changes with every event that a participant's feed receives, and when one gets its place. */
export async function feedRevision (sql: ReadSql, participant_no: string): Promise<string> {
  const [row] = await hot(sql, buildRevision).execute({ participant_no })
  return `${row?.head ?? 0}/${row?.unplaced ?? 0}`
}

/** `next_end`: the next instant at which the content of a lead ends; until then no list of the institution loses one by the clock alone. */
export interface Totals { count: number, amount_fen: number, next_end: string }

const buildLaterDays = (sql: ReadSql) => sql.select({
  count: sum(lead_totals.leads).mapWith(Number), amount_fen: sum(lead_totals.amount_fen).mapWith(Number),
  next_end: expression<string | null>`(select min(one.content_until) from ${leads} as one
    where one.recipient_no = ${expression.placeholder('recipient_no')} and one.content_until > ${expression.placeholder('now')})`
}).from(lead_totals)
  .where(and(eq(lead_totals.recipient_no, expression.placeholder('recipient_no')), gt(lead_totals.until_day, expression.placeholder('today')))).prepare()
const buildRestOfToday = (sql: ReadSql) => sql.select({ count: count().mapWith(Number), amount_fen: sum(leads.amount_fen).mapWith(Number) }).from(leads)
  .where(and(
    eq(leads.recipient_no, expression.placeholder('recipient_no')), gt(leads.content_until, expression.placeholder('now')),
    lt(leads.content_until, expression.placeholder('tomorrow'))
  )).prepare()
export const last_instant = '9999-12-31T23:59:59.999Z'

/** Count and sum over everything a list shows. Of an unfiltered one: kept sums of the days to come, and what today still shows. */
export async function totalsOfLeads (sql: ReadSql, recipient_no: string, filter: LeadFilter, now: string): Promise<Totals> {
  const today = dayOf(now)
  const tomorrow = addDays(today, 1)
  const [later] = await hot(sql, buildLaterDays).execute({ recipient_no, today, now })
  const next_end = later?.next_end ?? last_instant
  const [found] = !isUnfiltered(filter)
    ? await sql.select({ count: count().mapWith(Number), amount_fen: sum(leads.amount_fen).mapWith(Number) }).from(leads)
      .where(and(shown(recipient_no, filter, now), filter.status === undefined ? undefined : gt(leads.content_until, now)))
    : next_end < tomorrow ? await hot(sql, buildRestOfToday).execute({ recipient_no, now, tomorrow }) : []
  const kept = isUnfiltered(filter) ? later : undefined
  return { count: (kept?.count ?? 0) + (found?.count ?? 0), amount_fen: (kept?.amount_fen ?? 0) + (found?.amount_fen ?? 0), next_end }
}

/** Leads whose running stage is past its due instant. Those of everybody are sought among the open ones, not in the order of the whole table. */
export async function overdueLeads (sql: ReadSql, recipient_no: string | null, now: string, after: string | null, limit: number) {
  const place = recipient_no === null ? expression`${leads.lead_no} || ''` : expression`${leads.lead_no}`
  return sql.select({
    lead_no: leads.lead_no, need_no: leads.need_no, recipient_no: leads.recipient_no, recipient_kind: leads.recipient_kind, status: leads.status,
    pushed_at: leads.pushed_at, open_stage: leads.open_stage, open_due_at: leads.open_due_at, pauses: leads.pauses
  }).from(leads).where(and(
    recipient_no === null ? undefined : eq(leads.recipient_no, recipient_no), lte(leads.open_due_at, now), gt(leads.content_until, now),
    after === null ? undefined : gt(place, after)
  )).orderBy(asc(place)).limit(limit)
}

export async function leadsToRemind (sql: ReadSql, now: string, limit: number): Promise<Lead[]> {
  return sql.select().from(leads).where(and(isNotNull(leads.remind_at), lte(leads.remind_at, now))).orderBy(asc(leads.remind_at)).limit(limit)
}

export async function leadsToExpire (sql: ReadSql, now: string, limit: number): Promise<Lead[]> {
  return sql.select().from(leads).where(and(isNull(leads.ended_at), lte(leads.content_until, now))).orderBy(asc(leads.content_until)).limit(limit)
}

/** Leads with a running stage whose due days another calendar counted; less and greater are two looks into the index, "not equal" would read all of it. */
export async function leadsOfOtherCalendars (sql: ReadSql, version: string, limit: number): Promise<Lead[]> {
  const running = (other: SQL) => sql.select().from(leads).where(and(isNotNull(leads.open_stage), other)).limit(limit)
  return [...await running(lt(leads.calendar_version, version)), ...await running(gt(leads.calendar_version, version))].slice(0, limit)
}

/** What the sealed content of an event is bound to. */
export function eventPlace (lead_event_no: string): string {
  return `lead_events/content/${lead_event_no}`
}

const insertLeadEvents = bulkInsert(lead_events)

/** Who was spoken to is sealed. */
export async function insertLeadEvent (sql: WriteSql, row: LeadEventRow): Promise<void> {
  const content = row.type === 'CONTACTED' ? { sealed: sealed(sql, JSON.stringify(row.content), eventPlace(row.lead_event_no)) } : row.content
  await insertLeadEvents(sql, [{ ...row, content }])
}

function openedEvent (sql: ReadSql, row: LeadEventRow): LeadEventRow {
  const { sealed: kept } = row.content
  return typeof kept === 'string' ? { ...row, content: JSON.parse(opened(sql, kept, eventPlace(row.lead_event_no))) as LeadEventRow['content'] } : row
}

export async function eventsOfLead (sql: ReadSql, lead_no: string, after: string | null, limit: number): Promise<LeadEventRow[]> {
  const rows = await sql.select().from(lead_events).where(and(eq(lead_events.lead_no, lead_no), after === null ? undefined : gt(lead_events.lead_event_no, after)))
    .orderBy(asc(lead_events.lead_event_no)).limit(limit)
  return rows.map(row => openedEvent(sql, row))
}

const buildHappened = (sql: ReadSql) => sql.selectDistinct({ type: lead_events.type }).from(lead_events)
  .where(eq(lead_events.lead_no, expression.placeholder('lead_no'))).prepare()

/** Types of the events a lead already has. */
export async function happenedTo (sql: ReadSql, lead_no: string): Promise<LeadEvent[]> {
  return (await hot(sql, buildHappened).execute({ lead_no })).map(({ type }) => type)
}

/** The report of a drawdown by its number, anywhere in the institution. */
export async function findDisbursement (sql: ReadSql, recipient_no: string, iou_no: string): Promise<LeadEventRow | undefined> {
  return (await sql.select().from(lead_events).where(and(eq(lead_events.recipient_no, recipient_no), eq(lead_events.iou_no, iou_no))))[0]
}

export async function disbursementsOfNeed (sql: ReadSql, need_no: string): Promise<LeadEventRow[]> {
  const rows = await sql.select({ event: lead_events }).from(lead_events).innerJoin(leads, eq(leads.lead_no, lead_events.lead_no))
    .where(and(eq(leads.need_no, need_no), ne(leads.recipient_kind, 'GUARANTOR'), isNotNull(lead_events.iou_no)))
  return rows.map(({ event }) => event)
}
