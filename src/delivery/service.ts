/** What an owner does with its endpoints. */
import { newNo } from '../clock.ts'
import type { Cipher } from '../db/cipher.ts'
import type { Db, ReadSql, WriteSql } from '../db/db.ts'
import { anotherPerson, type Principal } from '../http/access.ts'
import { checkVersion } from '../http/operation.ts'
import type { FactOf } from '../journal/event-types.ts'
import { append } from '../journal/events.ts'
import { instantMs, instantOf, isInstant } from '../policy/calendar.ts'
import { allowed, canMove } from '../policy/lifecycle.ts'
import { notFound, Problem, stateConflict, type ProblemItem } from '../problem.ts'
import type { Dialler } from './dialler.ts'
import { EVENT_ROOMS } from './event-types.ts'
import { deliveryOf } from './laying-out.ts'
import { not_resting } from './schedule.ts'
import { addSecret } from './secrets.ts'
import type { NewWebhookEndpoint, ReplayRequest, WebhookEndpointChange } from './schema.ts'
import {
  cancelDeliveries, changeEndpoint, countDeliveries, endpointsOf, eventsToReplay, findEndpoint, headOfFeed, insertDeliveries, insertEndpoint, retireSecrets,
  signingSecrets, type Endpoint
} from './store.ts'

const endpoints_max = 20
const concurrency_default = 8
const overlap_ms = 24 * 3_600_000
const replay_max = 10_000
/** who agreed to an address where nobody is asked */
const unasked = 'sandbox'
const never = '9999-12-31T23:59:59.999Z'

/** Errors: endpoint_address_refused. Asked before the unit: it resolves the name. */
export async function checkAddress (dialler: Dialler, url: string | undefined): Promise<void> {
  if (url === undefined) return
  const verdict = await dialler.check(url)
  if (verdict.ok) return
  throw new Problem('endpoint_address_refused', {
    detail: verdict.reason, detail_zh: verdict.reason_zh,
    errors: [{ pointer: '/url', code: 'ADDRESS_REFUSED', message: verdict.reason, message_zh: verdict.reason_zh }]
  })
}

function checkEventTypes (event_types: readonly string[] | undefined): void {
  const errors = (event_types ?? []).flatMap((type, index): ProblemItem[] => EVENT_ROOMS.includes(type.split('.')[0] ?? '') ? [] : [{
    pointer: `/event_types/${index}`, code: 'EVENT_TYPE_UNKNOWN', message: `There are no such events; rooms: ${EVENT_ROOMS.join(', ')}`, message_zh: `无此类事件；可选：${EVENT_ROOMS.join('、')}`
  }])
  if (errors.length > 0) throw new Problem('rule_broken', { errors })
}

/** The caller's own endpoint. Errors: not_found. */
export async function ownEndpoint (sql: ReadSql, principal: Principal, endpoint_no: string): Promise<Endpoint> {
  const endpoint = await findEndpoint(sql, endpoint_no)
  if (endpoint === undefined || endpoint.participant_no !== principal.participant_no || endpoint.status === 'DELETED') throw notFound()
  return endpoint
}

/** How addresses are agreed to: by another person of the participant, or in the sandbox by nobody. */
export interface Approval { two_persons: boolean }

/** Who names an address; where two persons are needed nothing is called before the second has agreed. */
function named (now: string, principal: Principal, { two_persons }: Approval) {
  return {
    ...unverified(now), proposed_by: principal.user_no ?? principal.client_id,
    ...(two_persons ? { confirmed_by: null, challenge_next_at: never } : { confirmed_by: unasked })
  }
}

/**
 * A new endpoint with its first secret. It hears of what happens from now on, once its address has answered the challenge.
 * One that waits for a second person is put into force when another one sends the same; its secret is not shown again.
 *
 * Errors: rule_broken, own_work.
 */
export async function addEndpoint (
  sql: WriteSql, now: string, principal: Principal, cipher: Cipher, sent: NewWebhookEndpoint, approval: Approval
): Promise<{ endpoint: Endpoint, secret_no: string | null }> {
  checkEventTypes(sent.event_types)
  const { participant_no } = principal
  const present = await endpointsOf(sql, participant_no, null, endpoints_max)
  const waiting = present.find(endpoint => endpoint.confirmed_by === null && contentOf(endpoint) === contentOf(sent))
  if (waiting !== undefined) return { endpoint: await agree(sql, now, principal, waiting), secret_no: null }
  if (present.length >= endpoints_max) {
    throw new Problem('rule_broken', { detail: `A participant has at most ${endpoints_max} endpoints`, detail_zh: `每个参与方最多 ${endpoints_max} 个回调地址` })
  }
  const endpoint: Endpoint = {
    endpoint_no: newNo('ep'), participant_no, url: sent.url, description: sent.description ?? null, event_types: [...sent.event_types ?? []], status: 'ACTIVE',
    disabled_reason: null, ...named(now, principal, approval), concurrency: sent.concurrency ?? concurrency_default, laid_out_seq: await headOfFeed(sql, participant_no),
    leased_by: null, leased_until: now, version: 1, created_at: now, updated_at: now
  }
  await insertEndpoint(sql, endpoint)
  const { secret_no } = await addSecret(sql, now, cipher, endpoint.endpoint_no)
  await tell(sql, now, principal, endpoint.endpoint_no, 'created')
  return { endpoint, secret_no }
}

function contentOf ({ url, description, event_types, concurrency }: Pick<NewWebhookEndpoint, 'url' | 'event_types' | 'concurrency'> & { description?: string | null }): string {
  return JSON.stringify([url, description ?? null, event_types ?? [], concurrency ?? concurrency_default])
}

/** Another person agrees to the address. A machine that asks again changes nothing. */
async function agree (sql: WriteSql, now: string, principal: Principal, waiting: Endpoint): Promise<Endpoint> {
  if (principal.user_no === null) return waiting
  const confirmed_by = anotherPerson(principal, waiting.proposed_by)
  const agreed = await changeEndpoint(sql, waiting, { confirmed_by, challenge_next_at: now, updated_at: now })
  if (agreed === undefined) throw new Problem('stale_version')
  await tell(sql, now, principal, waiting.endpoint_no, 'changed')
  return agreed
}

/** An address that is still to be asked. */
function unverified (now: string) {
  return {
    verified_at: null, challenge: newNo('chal'), challenge_attempts: 0, challenge_next_at: now, consecutive_failures: 0, failing_since: null, circuit_until: not_resting
  }
}

async function tell (sql: WriteSql, now: string, principal: Principal, endpoint_no: string, fact: FactOf<'webhook_endpoint'>): Promise<void> {
  await append(sql, now, { type: `webhook_endpoint.${fact}`, subject: endpoint_no, actor: principal, audience: [principal.participant_no] })
}

/** A new address, and one that was disabled, has to answer a challenge again. Errors: not_found, stale_version, state_conflict. */
export async function alterEndpoint (
  db: Db, dialler: Dialler, principal: Principal, endpoint_no: string, if_match: string | null, sent: WebhookEndpointChange, approval: Approval
): Promise<Endpoint> {
  await ownEndpoint(db.read, principal, endpoint_no)
  await checkAddress(dialler, sent.url)
  return db.write((sql, now) => alter(sql, now, principal, endpoint_no, if_match, sent, approval))
}

async function alter (
  sql: WriteSql, now: string, principal: Principal, endpoint_no: string, if_match: string | null, sent: WebhookEndpointChange, approval: Approval
): Promise<Endpoint> {
  const endpoint = await ownEndpoint(sql, principal, endpoint_no)
  checkVersion(if_match, endpoint.version)
  checkEventTypes(sent.event_types)
  const { status, ...fields } = sent
  if (status !== undefined && status !== endpoint.status && !canMove('endpoint', endpoint.status, status)) {
    throw stateConflict(endpoint.status, allowed('endpoint', endpoint.status))
  }
  const is_elsewhere = sent.url !== undefined && sent.url !== endpoint.url
  const asks_again = endpoint.confirmed_by !== null && endpoint.status === 'DISABLED' && status === 'ACTIVE'
  const changed = await changeEndpoint(sql, endpoint, {
    ...fields, ...(status === undefined ? {} : { status, disabled_reason: null }), ...(is_elsewhere ? named(now, principal, approval) : asks_again ? unverified(now) : {}), updated_at: now
  })
  if (changed === undefined) throw new Problem('stale_version')
  await tell(sql, now, principal, endpoint_no, 'changed')
  return changed
}

/** Errors: not_found, stale_version. */
export async function removeEndpoint (db: Db, principal: Principal, endpoint_no: string, if_match: string | null): Promise<void> {
  await db.write((sql, now) => remove(sql, now, principal, endpoint_no, if_match))
}

async function remove (sql: WriteSql, now: string, principal: Principal, endpoint_no: string, if_match: string | null): Promise<void> {
  const endpoint = await ownEndpoint(sql, principal, endpoint_no)
  checkVersion(if_match, endpoint.version)
  if (await changeEndpoint(sql, endpoint, { status: 'DELETED', updated_at: now }) === undefined) throw new Problem('stale_version')
  await cancelDeliveries(sql, endpoint_no, now)
  await retireSecrets(sql, endpoint_no, now)
  await tell(sql, now, principal, endpoint_no, 'deleted')
}

/** A new secret; the old one signs beside it for a day. */
export async function rotateSecret (sql: WriteSql, now: string, principal: Principal, cipher: Cipher, endpoint_no: string) {
  await ownEndpoint(sql, principal, endpoint_no)
  const previous_valid_until = instantOf(instantMs(now) + overlap_ms)
  await retireSecrets(sql, endpoint_no, previous_valid_until)
  const { secret_no, public_key } = await addSecret(sql, now, cipher, endpoint_no)
  await tell(sql, now, principal, endpoint_no, 'secret_rotated')
  return { secret_no, public_key, previous_valid_until }
}

/** Asks for a test message; it takes the way of all others. */
export async function askForTest (sql: WriteSql, now: string, principal: Principal, endpoint_no: string): Promise<void> {
  await ownEndpoint(sql, principal, endpoint_no)
  await tell(sql, now, principal, endpoint_no, 'tested')
}

/** Sends events again: dead ones, delivered ones, also those from before the endpoint. Errors: not_found, invalid_request, period_reversed. */
export async function replay (sql: WriteSql, now: string, principal: Principal, endpoint_no: string, sent: ReplayRequest): Promise<number> {
  const endpoint = await ownEndpoint(sql, principal, endpoint_no)
  const rows = await eventsToReplay(sql, principal.participant_no, wantedOf(sent, now), replay_max)
  if (sent.event_no !== undefined && rows.length === 0) throw notFound()
  await insertDeliveries(sql, rows.map(row => deliveryOf(endpoint.endpoint_no, row, now)), true)
  return rows.length
}

function wantedOf ({ event_no, from, to }: ReplayRequest, now: string): { event_no: string } | { from: string, to: string } {
  if (event_no !== undefined && from === undefined && to === undefined) return { event_no }
  const bad = [['from', from], ['to', to]].filter(([, instant]) => instant !== undefined && !isInstant(instant)).map(([name]) => name)
  if (event_no !== undefined || from === undefined || bad.length > 0) {
    throw new Problem('invalid_request', { detail: 'Send either event_no, or from with an optional to', detail_zh: '请只提供 event_no，或提供 from 及可选的 to' })
  }
  const period = { from: instantOf(instantMs(from)), to: to === undefined ? now : instantOf(instantMs(to)) }
  if (period.to <= period.from) throw new Problem('period_reversed')
  return period
}

/** Endpoints as their owner sees them. */
export async function shownEndpoints (sql: ReadSql, endpoints: readonly Endpoint[], now: string) {
  const counts = await countDeliveries(sql, endpoints.map(({ endpoint_no }) => endpoint_no))
  const shown = []
  for (const endpoint of endpoints) {
    const { endpoint_no, participant_no, url, event_types, description, concurrency, status, disabled_reason, consecutive_failures, failing_since, version, created_at, updated_at } = endpoint
    const countOf = (wanted: string) => counts.find(row => row.endpoint_no === endpoint_no && row.status === wanted)?.count ?? 0
    shown.push({
      endpoint_no, participant_no, url, event_types, description, concurrency, status, disabled_reason, confirmed: endpoint.confirmed_by !== null, verified: endpoint.verified_at !== null, consecutive_failures,
      failing_since, resting_until: endpoint.circuit_until > now ? endpoint.circuit_until : null, pending: countOf('PENDING'), dead: countOf('DEAD'),
      public_key: (await signingSecrets(sql, endpoint_no, now))[0]?.public_key ?? '', version, created_at, updated_at
    })
  }
  return shown
}
