/** Tables of webhook endpoints, their secrets, deliveries and attempts. */
import { aliasedTable, and, asc, count, desc, eq, exists, gt, gte, inArray, isNotNull, isNull, lt, lte, ne, notExists, or, sql as expression, type Placeholder } from 'drizzle-orm'
import { bulkInsert } from '../db/bulk.ts'
import { integer, isWord, json, table, text } from '../db/columns.ts'
import { hot, type ReadSql, type WriteSql } from '../db/db.ts'
import { event_audience, events } from '../journal/events.ts'
import { instantMs, instantOf } from '../policy/calendar.ts'
import type { AttemptOutcome, EndpointStatus, NetworkStatus } from './kinds.ts'

export const webhook_endpoints = table('webhook_endpoints', {
  endpoint_no: text().primaryKey(),
  participant_no: text().notNull(),
  url: text().notNull(),
  description: text(),
  event_types: json<string[]>().notNull(),
  status: text().$type<EndpointStatus>().notNull(),
  disabled_reason: text().$type<'GONE' | 'FAILING'>(),
  proposed_by: text().notNull(),
  confirmed_by: text(),
  verified_at: text(),
  challenge: text().notNull(),
  challenge_attempts: integer().notNull(),
  challenge_next_at: text().notNull(),
  concurrency: integer().notNull(),
  laid_out_seq: integer().notNull(),
  consecutive_failures: integer().notNull(),
  failing_since: text(),
  circuit_until: text().notNull(),
  leased_by: text(),
  leased_until: text().notNull(),
  version: integer().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
})
export type Endpoint = typeof webhook_endpoints.$inferSelect

export const webhook_secrets = table('webhook_secrets', {
  secret_no: text().primaryKey(),
  endpoint_no: text().notNull(),
  sealed_secret: text().notNull(),
  sealed_private_key: text().notNull(),
  public_key: text().notNull(),
  created_at: text().notNull(),
  expires_at: text()
})
export type SecretRow = typeof webhook_secrets.$inferSelect

export const webhook_deliveries = table('webhook_deliveries', {
  endpoint_no: text().notNull(),
  event_no: text().notNull(),
  seq: integer().notNull(),
  type: text().notNull(),
  subject: text().notNull(),
  occurred_at: text().notNull(),
  status: text().$type<'PENDING' | 'DELIVERED' | 'DEAD' | 'CANCELLED'>().notNull(),
  attempts: integer().notNull(),
  next_at: text().notNull(),
  updated_at: text().notNull()
})
export type Delivery = typeof webhook_deliveries.$inferSelect

export const webhook_attempts = table('webhook_attempts', {
  attempt_no: text().primaryKey(),
  endpoint_no: text().notNull(),
  event_no: text().notNull(),
  type: text().notNull(),
  attempt: integer().notNull(),
  attempted_at: text().notNull(),
  duration_ms: integer().notNull(),
  status_code: integer(),
  error: text(),
  outcome: text().$type<AttemptOutcome>().notNull()
})
export type Attempt = typeof webhook_attempts.$inferSelect

export const webhook_private_networks = table('webhook_private_networks', {
  network_no: text().primaryKey(),
  cidr: text().notNull(),
  note: text().notNull(),
  status: text().$type<NetworkStatus>().notNull(),
  created_by: text().notNull(),
  confirmed_by: text(),
  closed_by: text(),
  created_at: text().notNull(),
  updated_at: text().notNull()
})
export type PrivateNetwork = typeof webhook_private_networks.$inferSelect

/** Networks that are open now. */
export async function openNetworks (sql: ReadSql): Promise<string[]> {
  return (await sql.select({ cidr: webhook_private_networks.cidr }).from(webhook_private_networks).where(eq(webhook_private_networks.status, 'ACTIVE'))).map(({ cidr }) => cidr)
}

export async function findNetwork (sql: ReadSql, network_no: string): Promise<PrivateNetwork | undefined> {
  return (await sql.select().from(webhook_private_networks).where(eq(webhook_private_networks.network_no, network_no)))[0]
}

/** The one that is open or waits for a second person; a closed one is history. */
export async function networkInUse (sql: ReadSql, cidr: string): Promise<PrivateNetwork | undefined> {
  return (await sql.select().from(webhook_private_networks).where(and(eq(webhook_private_networks.cidr, cidr), ne(webhook_private_networks.status, 'CLOSED'))))[0]
}

export async function insertNetwork (sql: WriteSql, row: PrivateNetwork): Promise<void> {
  await sql.insert(webhook_private_networks).values(row)
}

/** @returns the row as it is now; undefined when its state has moved */
export async function advanceNetwork (
  sql: WriteSql, network_no: string, from: readonly NetworkStatus[], change: Partial<PrivateNetwork>, now: string
): Promise<PrivateNetwork | undefined> {
  const [row] = await sql.update(webhook_private_networks).set({ ...change, updated_at: now })
    .where(and(eq(webhook_private_networks.network_no, network_no), inArray(webhook_private_networks.status, [...from]))).returning()
  return row
}

export async function listNetworks (sql: ReadSql, filter: { status?: NetworkStatus | undefined }, after: string | null, limit: number): Promise<PrivateNetwork[]> {
  return sql.select().from(webhook_private_networks).where(and(
    filter.status === undefined ? undefined : eq(webhook_private_networks.status, filter.status),
    after === null ? undefined : gt(webhook_private_networks.network_no, after)
  )).orderBy(asc(webhook_private_networks.network_no)).limit(limit)
}

export async function insertEndpoint (sql: WriteSql, row: Endpoint): Promise<void> {
  await sql.insert(webhook_endpoints).values(row)
}

export async function findEndpoint (sql: ReadSql, endpoint_no: string): Promise<Endpoint | undefined> {
  return (await sql.select().from(webhook_endpoints).where(eq(webhook_endpoints.endpoint_no, endpoint_no)))[0]
}

export async function endpointsOf (sql: ReadSql, participant_no: string, after: string | null, limit: number): Promise<Endpoint[]> {
  return sql.select().from(webhook_endpoints).where(and(
    eq(webhook_endpoints.participant_no, participant_no), ne(webhook_endpoints.status, 'DELETED'),
    after === null ? undefined : gt(webhook_endpoints.endpoint_no, after)
  )).orderBy(asc(webhook_endpoints.endpoint_no)).limit(limit)
}

/** Changes an endpoint if it still has the version. @returns the row as it is now */
export async function changeEndpoint (sql: WriteSql, before: Endpoint, change: Partial<Endpoint>): Promise<Endpoint | undefined> {
  const [row] = await sql.update(webhook_endpoints).set({ ...change, version: before.version + 1 })
    .where(and(eq(webhook_endpoints.endpoint_no, before.endpoint_no), eq(webhook_endpoints.version, before.version))).returning()
  return row
}

/** Bookkeeping of the sender: what the owner does not see as a change. */
export async function noteHealth (sql: WriteSql, endpoint_no: string, change: Partial<Endpoint>): Promise<void> {
  await sql.update(webhook_endpoints).set(change).where(eq(webhook_endpoints.endpoint_no, endpoint_no))
}

export async function insertSecret (sql: WriteSql, row: SecretRow): Promise<void> {
  await sql.insert(webhook_secrets).values(row)
}

export async function findSecret (sql: ReadSql, secret_no: string): Promise<SecretRow | undefined> {
  return (await sql.select().from(webhook_secrets).where(eq(webhook_secrets.secret_no, secret_no)))[0]
}

/** Secrets that sign now, the newest first. */
export async function signingSecrets (sql: ReadSql, endpoint_no: string, now: string): Promise<SecretRow[]> {
  return sql.select().from(webhook_secrets).where(and(
    eq(webhook_secrets.endpoint_no, endpoint_no), or(isNull(webhook_secrets.expires_at), gt(webhook_secrets.expires_at, now))
  )).orderBy(desc(webhook_secrets.secret_no))
}

/** Lets all secrets of an endpoint run out at an instant; those that end earlier keep their end. */
export async function retireSecrets (sql: WriteSql, endpoint_no: string, at: string): Promise<void> {
  await sql.update(webhook_secrets).set({ expires_at: at })
    .where(and(eq(webhook_secrets.endpoint_no, endpoint_no), or(isNull(webhook_secrets.expires_at), gt(webhook_secrets.expires_at, at))))
}

/** In use, and its owner is not suspended: what comes meanwhile waits. */
const working = and(eq(webhook_endpoints.status, 'ACTIVE'), expression`exists (select 1 from participants as owner
  where owner.participant_no = ${webhook_endpoints.participant_no} and owner.status = 'ACTIVE')`)

/** Endpoints whose owner's feed has gone on since it was last laid out. */
export async function endpointsBehind (sql: ReadSql, limit: number): Promise<Endpoint[]> {
  return hot(sql, buildBehind).execute({ limit })
}

function buildBehind (sql: ReadSql) {
  return sql.select().from(webhook_endpoints).where(and(working, exists(
    sql.select({ one: expression`1` }).from(event_audience)
      .where(and(eq(event_audience.participant_no, webhook_endpoints.participant_no), gt(event_audience.seq, webhook_endpoints.laid_out_seq)))
  ))).orderBy(asc(webhook_endpoints.endpoint_no)).limit(expression.placeholder('limit')).prepare()
}

export interface FeedRow { event_no: string, seq: number, type: string, subject: string, at: string }

const feed_columns = { event_no: events.event_no, seq: expression<number>`${events.seq}`.mapWith(Number), type: events.type, subject: events.subject, at: events.at }

export async function feedAfter (sql: ReadSql, participant_no: string, seq: number, limit: number): Promise<FeedRow[]> {
  return sql.select(feed_columns).from(event_audience).innerJoin(events, eq(events.entry, event_audience.entry))
    .where(and(eq(event_audience.participant_no, participant_no), gt(event_audience.seq, seq))).orderBy(asc(event_audience.seq)).limit(limit)
}

/** The place in the feed that a new endpoint starts after. */
export async function headOfFeed (sql: ReadSql, participant_no: string): Promise<number> {
  const [row] = await sql.select({ seq: event_audience.seq }).from(event_audience)
    .where(and(eq(event_audience.participant_no, participant_no), isNotNull(event_audience.seq))).orderBy(desc(event_audience.seq)).limit(1)
  return row?.seq ?? 0
}

/** Events of a participant to be sent again: one by number, or those of a time. */
export async function eventsToReplay (sql: ReadSql, participant_no: string, wanted: { event_no: string } | { from: string, to: string }, limit: number): Promise<FeedRow[]> {
  return sql.select(feed_columns).from(event_audience).innerJoin(events, eq(events.entry, event_audience.entry)).where(and(
    eq(event_audience.participant_no, participant_no), isNotNull(event_audience.seq),
    ...'event_no' in wanted ? [eq(events.event_no, wanted.event_no)] : [gte(events.at, wanted.from), lt(events.at, wanted.to)]
  )).orderBy(asc(event_audience.seq)).limit(limit)
}

const newDeliveries = bulkInsert(webhook_deliveries, insert => insert.onConflictDoNothing())
const deliveriesAgain = bulkInsert(webhook_deliveries, insert => insert.onConflictDoUpdate({
  target: [webhook_deliveries.endpoint_no, webhook_deliveries.event_no],
  set: { status: expression`excluded.status`, attempts: expression`excluded.attempts`, next_at: expression`excluded.next_at`, updated_at: expression`excluded.updated_at` }
}))

/** Lays out deliveries; one that is there already stays, or with `again` starts anew. */
export async function insertDeliveries (sql: WriteSql, rows: readonly Delivery[], again: boolean): Promise<void> {
  await (again ? deliveriesAgain : newDeliveries)(sql, rows)
}

/** Due and not waiting behind an earlier undelivered event about the same subject. */
function dueOf (sql: ReadSql, now: string | Placeholder) {
  const earlier = aliasedTable(webhook_deliveries, 'earlier')
  return and(
    isWord(webhook_deliveries.status, 'PENDING'), lte(webhook_deliveries.next_at, now),
    notExists(sql.select({ one: expression`1` }).from(earlier).where(and(
      eq(earlier.endpoint_no, webhook_deliveries.endpoint_no), eq(earlier.subject, webhook_deliveries.subject), isWord(earlier.status, 'PENDING'),
      lt(earlier.seq, webhook_deliveries.seq), gt(earlier.next_at, now)
    )))
  )
}

const due_columns = {
  event_no: webhook_deliveries.event_no, type: webhook_deliveries.type, subject: webhook_deliveries.subject, occurred_at: webhook_deliveries.occurred_at,
  attempts: webhook_deliveries.attempts
}
export type DueDelivery = Pick<Delivery, keyof typeof due_columns>

const buildDue = (sql: ReadSql) => sql.select(due_columns).from(webhook_deliveries)
  .where(and(eq(webhook_deliveries.endpoint_no, expression.placeholder('endpoint_no')), dueOf(sql, expression.placeholder('now'))))
  .orderBy(asc(webhook_deliveries.seq)).limit(expression.placeholder('limit')).prepare()

/** Deliveries an endpoint can get now, in the order of the log. Those about one subject may follow each other in it. */
export async function dueDeliveries (sql: ReadSql, endpoint_no: string, now: string, limit: number): Promise<DueDelivery[]> {
  return hot(sql, buildDue).execute({ endpoint_no, now, limit })
}

/** Endpoints with something to do for this process: a delivery that is due, or an unanswered challenge. */
export async function endpointsToServe (sql: ReadSql, holder: string, now: string, limit: number): Promise<Endpoint[]> {
  return hot(sql, buildToServe).execute({ holder, now, never: neverUntil(now), limit })
}

/** Whether a process may take an endpoint: nobody else holds it, or a lease that has run out or that no clock could have given. */
function isFreeFor (holder: string | Placeholder, now: string | Placeholder, never: string | Placeholder) {
  return or(isNull(webhook_endpoints.leased_by), eq(webhook_endpoints.leased_by, holder), lte(webhook_endpoints.leased_until, now),
    gt(webhook_endpoints.leased_until, never))
}

function buildToServe (sql: ReadSql) {
  const now = expression.placeholder('now')
  const something_due = exists(sql.select({ one: expression`1` }).from(webhook_deliveries)
    .where(and(eq(webhook_deliveries.endpoint_no, webhook_endpoints.endpoint_no), dueOf(sql, now))))
  return sql.select().from(webhook_endpoints).where(and(
    working, lte(webhook_endpoints.circuit_until, now),
    isFreeFor(expression.placeholder('holder'), now, expression.placeholder('never')),
    or(and(isNull(webhook_endpoints.verified_at), lte(webhook_endpoints.challenge_next_at, now)), and(isNotNull(webhook_endpoints.verified_at), something_due))
  )).orderBy(asc(webhook_endpoints.endpoint_no)).limit(expression.placeholder('limit')).prepare()
}

/** How long a process may keep an endpoint to itself without renewing. */
export const lease_ms = 60_000

/** No lease reaches so far, whatever the processes' clocks differ by: one that does was given before the clock was set back. */
const neverUntil = (now: string): string => instantOf(instantMs(now) + 2 * lease_ms)

/** Takes or renews the lease of an endpoint. @returns the endpoint as it is now; undefined when another process holds it or it no longer works */
export async function leaseEndpoint (sql: WriteSql, endpoint_no: string, holder: string, now: string, until: string): Promise<Endpoint | undefined> {
  const [row] = await sql.update(webhook_endpoints).set({ leased_by: holder, leased_until: until }).where(and(
    eq(webhook_endpoints.endpoint_no, endpoint_no), working,
    isFreeFor(holder, now, neverUntil(now))
  )).returning()
  return row
}

export async function releaseEndpoint (sql: WriteSql, endpoint_no: string, holder: string): Promise<void> {
  await sql.update(webhook_endpoints).set({ leased_by: null }).where(and(eq(webhook_endpoints.endpoint_no, endpoint_no), eq(webhook_endpoints.leased_by, holder)))
}

const buildDelivered = (sql: WriteSql) => sql.update(webhook_deliveries)
  .set({ status: 'DELIVERED', attempts: expression`${webhook_deliveries.attempts} + 1`, updated_at: expression`${expression.placeholder('now')}` })
  .where(and(
    eq(webhook_deliveries.endpoint_no, expression.placeholder('endpoint_no')), isWord(webhook_deliveries.status, 'PENDING'),
    inArray(webhook_deliveries.event_no, sql.select({ event_no: webhook_attempts.event_no }).from(webhook_attempts).where(and(
      eq(webhook_attempts.endpoint_no, expression.placeholder('endpoint_no')), gte(webhook_attempts.attempt_no, expression.placeholder('first')),
      eq(webhook_attempts.outcome, 'DELIVERED')
    )))
  )).prepare()

/** Marks as delivered what the attempts from a number on delivered; numbers rise within the one process that holds the endpoint. */
export async function deliveredSince (sql: WriteSql, endpoint_no: string, first: string, now: string): Promise<void> {
  await hot(sql, buildDelivered).execute({ endpoint_no, first, now })
}

export async function changeDelivery (sql: WriteSql, endpoint_no: string, event_no: string, change: Partial<Delivery>): Promise<void> {
  await sql.update(webhook_deliveries).set(change).where(and(
    eq(webhook_deliveries.endpoint_no, endpoint_no), eq(webhook_deliveries.event_no, event_no), eq(webhook_deliveries.status, 'PENDING')
  ))
}

export async function cancelDeliveries (sql: WriteSql, endpoint_no: string, now: string): Promise<void> {
  await sql.update(webhook_deliveries).set({ status: 'CANCELLED', updated_at: now })
    .where(and(eq(webhook_deliveries.endpoint_no, endpoint_no), eq(webhook_deliveries.status, 'PENDING')))
}

const bulkAttempts = bulkInsert(webhook_attempts)

export async function insertAttempts (sql: WriteSql, rows: readonly Attempt[]): Promise<void> {
  await bulkAttempts(sql, rows)
}

/**
 * Forgets the oldest attempts and the deliveries they completed; the feed keeps the events, and replay sends them again. The oldest by their
 * own time: while a clock ran ahead numbers ran ahead as well, and what is numbered later may be older.
 *
 * @returns how many attempts were forgotten
 */
export async function forgetAttempts (sql: WriteSql, before: string, limit: number): Promise<number> {
  const old = await sql.select({ attempt_no: webhook_attempts.attempt_no, endpoint_no: webhook_attempts.endpoint_no, event_no: webhook_attempts.event_no })
    .from(webhook_attempts).where(lt(webhook_attempts.attempted_at, before)).orderBy(asc(webhook_attempts.attempted_at)).limit(limit)
  if (old.length === 0) return 0
  await sql.delete(webhook_attempts).where(inArray(webhook_attempts.attempt_no, old.map(({ attempt_no }) => attempt_no)))
  for (const [endpoint_no, attempts] of Map.groupBy(old, attempt => attempt.endpoint_no)) {
    await sql.delete(webhook_deliveries).where(and(
      eq(webhook_deliveries.endpoint_no, endpoint_no), inArray(webhook_deliveries.event_no, attempts.map(({ event_no }) => event_no)),
      eq(webhook_deliveries.status, 'DELIVERED'), lt(webhook_deliveries.updated_at, before)
    ))
  }
  return old.length
}

export interface AttemptFilter { event_no?: string | undefined, outcome?: AttemptOutcome | undefined }

/** Attempts of an endpoint, the newest first. */
export async function attemptsOf (sql: ReadSql, endpoint_no: string, filter: AttemptFilter, after: string | null, limit: number): Promise<Attempt[]> {
  return sql.select().from(webhook_attempts).where(and(
    eq(webhook_attempts.endpoint_no, endpoint_no),
    filter.event_no === undefined ? undefined : eq(webhook_attempts.event_no, filter.event_no),
    filter.outcome === undefined ? undefined : eq(webhook_attempts.outcome, filter.outcome),
    after === null ? undefined : lt(webhook_attempts.attempt_no, after)
  )).orderBy(desc(webhook_attempts.attempt_no)).limit(limit)
}

/** Deliveries of an endpoint by state. */
export async function countDeliveries (sql: ReadSql, endpoint_nos: readonly string[]): Promise<{ endpoint_no: string, status: Delivery['status'], count: number }[]> {
  if (endpoint_nos.length === 0) return []
  return sql.select({ endpoint_no: webhook_deliveries.endpoint_no, status: webhook_deliveries.status, count: count().mapWith(Number) }).from(webhook_deliveries)
    .where(and(inArray(webhook_deliveries.endpoint_no, [...endpoint_nos]), inArray(webhook_deliveries.status, ['PENDING', 'DEAD'])))
    .groupBy(webhook_deliveries.endpoint_no, webhook_deliveries.status)
}
