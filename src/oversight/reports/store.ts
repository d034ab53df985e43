/** What reports read of intake, matching and lending: sums and counts by group, and the times of leads page by page. */
import { and, asc, count, countDistinct, desc, eq, gt, gte, inArray, isNotNull, like, lt, max, min, notInArray, or, sql as expression, sum,
  type SQL } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import { isAmong, table, text } from '../../db/columns.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import { enterprises } from '../../intake/enterprises/store.ts'
import { financing_needs } from '../../intake/financing-needs/store.ts'
import { projects } from '../../intake/projects/store.ts'
import type { EventType } from '../../journal/event-types.ts'
import { events } from '../../journal/events.ts'
import { drawdowns } from '../../lending/drawdowns/store.ts'
import { loan_contracts } from '../../lending/loan-contracts/store.ts'
import { lead_events, leads } from '../../matching/leads/store.ts'
import { subsidy_packets } from '../../subsidy/packets/store.ts'

/** What of the facts a report is about. Days half-open; the instants are the beginnings of the same Beijing days. */
export interface Scope {
  from: string
  to: string
  from_at: string
  to_at: string
  region_code: string | null
  /** one enterprise only: a single case */
  uscc: string | null
}

/** Whether a row's enterprise is in scope. */
export function inScope (sql: ReadSql, uscc: SQLiteColumn, scope: Pick<Scope, 'region_code' | 'uscc'>): SQL | undefined {
  return and(
    scope.uscc === null ? undefined : eq(uscc, scope.uscc),
    scope.region_code === null ? undefined : inArray(uscc,
      sql.select({ uscc: enterprises.uscc }).from(enterprises).where(eq(enterprises.region_code, scope.region_code)))
  )
}

export const fenSum = (column: SQLiteColumn | SQL) => sum(column).mapWith(value => Number(value ?? 0))
const first = (column: SQLiteColumn) => expression<string | null>`${min(column)}`
const last = (column: SQLiteColumn) => expression<string | null>`${max(column)}`

/** Place in the journal of the newest event of some rooms, and its entry. */
export async function newestEvent (sql: ReadSql, rooms: readonly string[]): Promise<{ seq: number, entry: number }> {
  const [row] = await sql.select({ seq: events.seq, entry: events.entry }).from(events)
    .where(and(isNotNull(events.seq), or(...rooms.map(room => like(events.type, `${room}.%`))))).orderBy(desc(events.seq)).limit(1)
  return { seq: Number(row?.seq ?? 0), entry: Number(row?.entry ?? 0) }
}

/** Numbers of the events that brought some things in: the first about each, which later ones do not change. */
export async function firstEventsOf (sql: ReadSql, subjects: readonly string[]): Promise<Map<string, string>> {
  const firsts = sql.select({ entry: min(events.entry) }).from(events).where(isAmong(events.subject, subjects)).groupBy(events.subject)
  const rows = await sql.select({ subject: events.subject, event_no: events.event_no }).from(events).where(inArray(events.entry, firsts))
  return new Map(rows.map(({ subject, event_no }) => [subject, event_no]))
}

/** How many events about one thing are named. */
export const events_of_each_max = 100

/** Numbers of the events about some things, the oldest first. @param types only these */
export async function eventsOf (sql: ReadSql, subjects: readonly string[], types?: readonly EventType[]): Promise<Map<string, string[]>> {
  const rows = await sql.select({ subject: events.subject, event_no: events.event_no }).from(events)
    .where(and(isAmong(events.subject, subjects), types === undefined ? undefined : inArray(events.type, [...types]))).orderBy(asc(events.entry))
  return new Map([...Map.groupBy(rows, ({ subject }) => subject)].map(([subject, about]) => [
    subject, about.slice(0, events_of_each_max).map(({ event_no }) => event_no)
  ]))
}

const lead_times = {
  lead_no: leads.lead_no, need_no: leads.need_no, recipient_no: leads.recipient_no, recipient_kind: leads.recipient_kind, uscc: leads.uscc,
    pushed_at: leads.pushed_at,
  ended_at: leads.ended_at, contact_due_date: leads.contact_due_date, contacted_at: leads.contacted_at,
    approval_due_date: leads.approval_due_date, decided_at: leads.decided_at,
  approved_at: leads.approved_at, disbursement_due_date: leads.disbursement_due_date, disbursed_at: leads.disbursed_at,
    pauses: leads.pauses, park_no: financing_needs.park_no
}

/** Times of the leads pushed in the period, of all institutions or of one, in the order of their numbers. */
export async function leadTimes (sql: ReadSql, scope: Scope, after: string, limit: number, parks_only: boolean, recipient_no?: string) {
  return sql.select(lead_times).from(leads).leftJoin(financing_needs, eq(financing_needs.need_no, leads.need_no)).where(and(
    pushedInPeriod(sql, scope), gt(leads.lead_no, after),
    parks_only ? isNotNull(financing_needs.park_no) : undefined,
    recipient_no === undefined ? undefined : eq(leads.recipient_no, recipient_no)
  )).orderBy(asc(leads.lead_no)).limit(limit)
}
export type LeadTimes = Awaited<ReturnType<typeof leadTimes>>[number]

export const pushedInPeriod = (sql: ReadSql, scope: Scope) => and(
  gte(leads.pushed_at, scope.from_at), lt(leads.pushed_at, scope.to_at), inScope(sql, leads.uscc, scope)
)

const over_five_years = expression<number>`case when cast(substr(${loan_contracts.maturity_date}, 1, 4) as integer) - cast(substr(${loan_contracts.start_date}, 1, 4) as integer) > 5
  or (cast(substr(${loan_contracts.maturity_date}, 1, 4) as integer) - cast(substr(${loan_contracts.start_date}, 1, 4) as integer) = 5
  and substr(${loan_contracts.maturity_date}, 5) > substr(${loan_contracts.start_date}, 5)) then 1 else 0 end`
/** Kept as JSON without blanks; quotes inside texts are escaped, so no text can look like the field. */
const is_relent = expression`${loan_contracts.body} like '%"relending_supported":true%'`

export const drawnInPeriod = (sql: ReadSql, scope: Scope) => and(
  eq(drawdowns.status, 'ACCEPTED'), gte(drawdowns.disbursed_date, scope.from), lt(drawdowns.disbursed_date, scope.to),
    inScope(sql, drawdowns.uscc, scope)
)

/** What each bank paid out in the period. */
export async function drawnByBank (sql: ReadSql, scope: Scope) {
  return sql.select({
    participant_no: drawdowns.participant_no, drawdowns: count(), amount_fen: fenSum(drawdowns.amount_fen), relent_fen: fenSum(expression`case when ${is_relent} then ${drawdowns.amount_fen} else 0 end`),
    enterprises: countDistinct(drawdowns.uscc), relent: countDistinct(expression`case when ${is_relent} then ${drawdowns.uscc} end`),
    not_relent: countDistinct(expression`case when not (${is_relent}) then ${drawdowns.uscc} end`),
    first: first(drawdowns.number), last: last(drawdowns.number)
  }).from(drawdowns).innerJoin(loan_contracts, eq(loan_contracts.number, drawdowns.loan_contract_number)).where(drawnInPeriod(sql,
    scope)).groupBy(drawdowns.participant_no)
}

/**
 * The same by rate of the contract, length of the term and the prime rate of the day.
 *
 * @param prime_from days from which prime rates held, oldest first
 */
export async function ratesByBank (sql: ReadSql, scope: Scope, prime_from: readonly string[]) {
  // Constants of this house, written out: a placeholder in a grouped expression would not be the same expression twice.
  const cases = prime_from.toReversed().map(day => expression.raw(`when drawdowns.disbursed_date >= '${day}' then '${day}'`))
  const prime = expression<string>`case ${expression.join(cases, expression.raw(' '))} else '' end`
  return sql.select({
    participant_no: drawdowns.participant_no, annual_rate_pct: loan_contracts.annual_rate_pct,
      over_five_years: over_five_years.mapWith(Number).as('over_five_years'),
    prime_from: prime.as('prime_from'), amount_fen: fenSum(drawdowns.amount_fen)
  }).from(drawdowns).innerJoin(loan_contracts, eq(loan_contracts.number, drawdowns.loan_contract_number)).where(drawnInPeriod(sql, scope))
    .groupBy(drawdowns.participant_no, loan_contracts.annual_rate_pct, over_five_years, prime)
}

/** What was paid out in the period on needs that a park brought. */
export async function drawnByPark (sql: ReadSql, scope: Scope) {
  return sql.select({
    park_no: financing_needs.park_no, amount_fen: fenSum(drawdowns.amount_fen), enterprises: countDistinct(drawdowns.uscc),
      drawdowns: count(),
    first: first(drawdowns.number), last: last(drawdowns.number)
  }).from(drawdowns).innerJoin(loan_contracts, eq(loan_contracts.number, drawdowns.loan_contract_number)).innerJoin(leads,
    eq(leads.lead_no, loan_contracts.lead_no))
    .innerJoin(financing_needs, eq(financing_needs.need_no, leads.need_no)).where(and(drawnInPeriod(sql, scope),
      isNotNull(financing_needs.park_no))).groupBy(financing_needs.park_no)
}

/** Of those, enterprises to which nothing had been paid out before the period. */
export async function newBorrowersByPark (sql: ReadSql, scope: Scope) {
  const before = sql.select({ uscc: drawdowns.uscc }).from(drawdowns).where(and(eq(drawdowns.status, 'ACCEPTED'),
    lt(drawdowns.disbursed_date, scope.from)))
  return sql.select({ park_no: financing_needs.park_no, enterprises: countDistinct(drawdowns.uscc) }).from(drawdowns)
    .innerJoin(loan_contracts, eq(loan_contracts.number, drawdowns.loan_contract_number)).innerJoin(leads,
      eq(leads.lead_no, loan_contracts.lead_no))
    .innerJoin(financing_needs, eq(financing_needs.need_no, leads.need_no))
    .where(and(drawnInPeriod(sql, scope), isNotNull(financing_needs.park_no),
      notInArray(drawdowns.uscc, before))).groupBy(financing_needs.park_no)
}

/** What was paid out on loans that a core enterprise brought about, by core enterprise; of a district: of its core enterprises. */
export async function promotedByCore (sql: ReadSql, scope: Scope) {
  return sql.select({
    core_enterprise_uscc: loan_contracts.core_enterprise_uscc, amount_fen: fenSum(drawdowns.amount_fen), drawdowns: count(),
      borrowers: countDistinct(drawdowns.uscc), first: first(drawdowns.number), last: last(drawdowns.number)
  }).from(drawdowns).innerJoin(loan_contracts, eq(loan_contracts.number, drawdowns.loan_contract_number)).where(promotedInPeriod(sql, scope))
    .groupBy(loan_contracts.core_enterprise_uscc).orderBy(asc(loan_contracts.core_enterprise_uscc))
}

const promotedInPeriod = (sql: ReadSql, scope: Scope) => and(
  isNotNull(loan_contracts.core_enterprise_uscc), eq(drawdowns.status, 'ACCEPTED'), gte(drawdowns.disbursed_date, scope.from),
    lt(drawdowns.disbursed_date, scope.to), inScope(sql, loan_contracts.core_enterprise_uscc, scope)
)

/** Enterprises that core enterprises brought loans about for, each once. */
export async function promotedBorrowers (sql: ReadSql, scope: Scope): Promise<number> {
  const [row] = await sql.select({ borrowers: countDistinct(drawdowns.uscc) }).from(drawdowns)
    .innerJoin(loan_contracts, eq(loan_contracts.number, drawdowns.loan_contract_number)).where(promotedInPeriod(sql, scope))
  return row?.borrowers ?? 0
}

export const neededInPeriod = (sql: ReadSql, scope: Scope) => and(
  gte(financing_needs.created_at, scope.from_at), lt(financing_needs.created_at, scope.to_at), inScope(sql, financing_needs.uscc, scope)
)

export async function needsByPark (sql: ReadSql, scope: Scope) {
  return sql.select({ park_no: financing_needs.park_no, needs: count(), amount_fen: fenSum(financing_needs.amount_fen),
    enterprises: countDistinct(financing_needs.uscc) })
    .from(financing_needs).where(and(neededInPeriod(sql, scope), isNotNull(financing_needs.park_no))).groupBy(financing_needs.park_no)
}

/** Projects in the library whose owner sent a need through a park. */
export async function listedByPark (sql: ReadSql, scope: Pick<Scope, 'region_code' | 'uscc'>) {
  return sql.select({ park_no: financing_needs.park_no,
    projects: countDistinct(expression`${projects.owner_uscc} || '/' || ${projects.project_code}`),
      owners: countDistinct(projects.owner_uscc) })
    .from(projects).innerJoin(financing_needs, and(eq(financing_needs.uscc, projects.owner_uscc),
      eq(financing_needs.project_code, projects.project_code)))
    .where(and(eq(projects.library_status, 'LISTED'), isNotNull(financing_needs.park_no),
      inScope(sql, projects.owner_uscc, scope))).groupBy(financing_needs.park_no)
}

export async function needsByDistrict (sql: ReadSql, scope: Scope) {
  return sql.select({
    region_code: enterprises.region_code, needs: count(), amount_fen: fenSum(financing_needs.amount_fen),
      enterprises: countDistinct(financing_needs.uscc),
    first: first(financing_needs.need_no), last: last(financing_needs.need_no)
  }).from(financing_needs).leftJoin(enterprises, eq(enterprises.uscc, financing_needs.uscc)).where(neededInPeriod(sql,
    scope)).groupBy(enterprises.region_code)
}

export async function projectsByDistrict (sql: ReadSql, scope: Pick<Scope, 'region_code' | 'uscc'>) {
  return sql.select({ region_code: enterprises.region_code, projects: count(),
    enterprises: countDistinct(projects.owner_uscc) }).from(projects)
    .leftJoin(enterprises, eq(enterprises.uscc, projects.owner_uscc)).where(and(eq(projects.library_status, 'LISTED'),
      inScope(sql, projects.owner_uscc, scope)))
    .groupBy(enterprises.region_code)
}

export async function leadsByDistrict (sql: ReadSql, scope: Scope) {
  return sql.select({ region_code: enterprises.region_code, leads: count(), enterprises: countDistinct(leads.uscc) }).from(leads)
    .leftJoin(enterprises, eq(enterprises.uscc, leads.uscc)).where(and(gte(leads.pushed_at, scope.from_at),
      lt(leads.pushed_at, scope.to_at), inScope(sql, leads.uscc, scope)))
    .groupBy(enterprises.region_code)
}

/** Approvals of banks and lessors in the period with what they said, in the order of their numbers. */
export async function approvals (sql: ReadSql, scope: Scope, after: string, limit: number) {
  return sql.select({ lead_event_no: lead_events.lead_event_no, region_code: enterprises.region_code, uscc: leads.uscc,
    content: lead_events.content }).from(lead_events)
    .innerJoin(leads, eq(leads.lead_no, lead_events.lead_no)).leftJoin(enterprises, eq(enterprises.uscc, leads.uscc)).where(and(
      eq(lead_events.type, 'APPROVED'), eq(lead_events.occurred_at, leads.approved_at), gte(leads.approved_at, scope.from_at),
        lt(leads.approved_at, scope.to_at),
      inArray(leads.recipient_kind, ['BANK', 'LESSOR']), inScope(sql, leads.uscc, scope), gt(lead_events.lead_event_no, after)
    )).orderBy(asc(lead_events.lead_event_no)).limit(limit)
}

export async function drawnByDistrict (sql: ReadSql, scope: Scope) {
  return sql.select({ region_code: enterprises.region_code, amount_fen: fenSum(drawdowns.amount_fen), drawdowns: count(),
    enterprises: countDistinct(drawdowns.uscc) }).from(drawdowns)
    .leftJoin(enterprises, eq(enterprises.uscc, drawdowns.uscc)).where(drawnInPeriod(sql, scope)).groupBy(enterprises.region_code)
}

export const auditedInPeriod = (sql: ReadSql, scope: Scope) => and(
  isNotNull(subsidy_packets.recognised_fen), gte(subsidy_packets.audited_at, scope.from_at), lt(subsidy_packets.audited_at, scope.to_at),
    inScope(sql, subsidy_packets.uscc, scope)
)

/** What audits of the period recognised of what institutions claimed. */
export async function auditsByInstitution (sql: ReadSql, scope: Scope) {
  return sql.select({
    participant_no: subsidy_packets.participant_no, claimed_fen: fenSum(subsidy_packets.claimed_fen),
      recognised_fen: fenSum(subsidy_packets.recognised_fen),
    enterprises: countDistinct(subsidy_packets.uscc)
  }).from(subsidy_packets).where(auditedInPeriod(sql, scope)).groupBy(subsidy_packets.participant_no)
}

export const regulator_reads = table('regulator_reads', {
  read_no: text().primaryKey(),
  uscc: text().notNull(),
  participant_no: text().notNull(),
  user_no: text().notNull(),
  report: text().notNull(),
  period_from: text().notNull(),
  period_to: text().notNull(),
  case_no: text().notNull(),
  reason: text().notNull(),
  /** of the rows that were read */
  digest: text().notNull(),
  read_at: text().notNull()
})
export type RegulatorRead = typeof regulator_reads.$inferSelect

export async function keepRegulatorRead (sql: WriteSql, row: RegulatorRead): Promise<void> {
  await sql.insert(regulator_reads).values(row)
}

/** Single cases of an enterprise that regulators read, the oldest first. */
export async function regulatorReadsOf (sql: ReadSql, uscc: string): Promise<RegulatorRead[]> {
  return sql.select().from(regulator_reads).where(eq(regulator_reads.uscc, uscc)).orderBy(asc(regulator_reads.read_no)).limit(10_000)
}
