/** What became of deliveries, kept in one unit: delivered, tried again, dead; and how the endpoint fares. */
import { newNo } from '../clock.ts'
import type { WriteSql } from '../db/db.ts'
import { append, the_hub } from '../journal/events.ts'
import { isGivenUp, nextAttemptAt, not_resting, restUntil } from './schedule.ts'
import { changeDelivery, changeEndpoint, deliveredSince, findEndpoint, insertAttempts, noteHealth, type Attempt, type DueDelivery, type Endpoint } from './store.ts'

export interface Result {
  row: DueDelivery
  attempted_at: string
  status_code: number | null
  error: string | null
  duration_ms: number
  retry_after_ms: number | null
  ok: boolean
}

const gone_status = 410
const busy_statuses: ReadonlySet<number | null> = new Set([429, 503])

export async function keepResults (sql: WriteSql, now: string, endpoint: Endpoint, results: readonly Result[], failures: number): Promise<void> {
  const { endpoint_no } = endpoint
  const attempts: Attempt[] = []
  for (const { row, attempted_at, status_code, error, duration_ms, retry_after_ms, ok } of results) {
    const attempt = row.attempts + 1
    const next_at = ok ? null : nextAttemptAt(now, row.event_no, attempt, retry_after_ms)
    attempts.push({
      attempt_no: newNo('att'), endpoint_no, event_no: row.event_no, type: row.type, attempt, attempted_at, duration_ms, status_code, error,
      outcome: ok ? 'DELIVERED' : next_at === null ? 'DEAD' : 'FAILED'
    })
    if (!ok) {
      await changeDelivery(sql, endpoint_no, row.event_no, {
        status: next_at === null ? 'DEAD' : 'PENDING', attempts: attempt, updated_at: now, ...(next_at === null ? {} : { next_at })
      })
    }
  }
  await insertAttempts(sql, attempts)
  const [first] = attempts
  if (first !== undefined) await deliveredSince(sql, endpoint_no, first.attempt_no, now)
  const some_ok = results.some(({ ok }) => ok)
  const asked_ms = Math.max(0, ...results.filter(({ status_code }) => busy_statuses.has(status_code)).map(({ retry_after_ms }) => retry_after_ms ?? 0))
  const failing_since = failures === 0 ? null : some_ok ? now : endpoint.failing_since ?? now
  await noteHealth(sql, endpoint_no, { consecutive_failures: failures, failing_since, circuit_until: failures === 0 ? not_resting : restUntil(now, failures, asked_ms) })
  if (results.some(({ status_code }) => status_code === gone_status)) await disable(sql, now, endpoint_no, 'GONE')
  else if (failures > 0 && isGivenUp(now, failing_since)) await disable(sql, now, endpoint_no, 'FAILING')
}

/** The answer to a challenge: the address may be used, or is asked again later, or is given up; one that says it is gone, at once. */
export async function keepChallenge (sql: WriteSql, now: string, asked: Endpoint, answer: 'PASSED' | 'FAILED' | 'GONE'): Promise<void> {
  const endpoint = await findEndpoint(sql, asked.endpoint_no)
  if (endpoint === undefined || endpoint.challenge !== asked.challenge || endpoint.status !== 'ACTIVE') return
  if (answer === 'GONE') return disable(sql, now, endpoint.endpoint_no, 'GONE')
  if (answer === 'PASSED') {
    await changeEndpoint(sql, endpoint, { verified_at: now, updated_at: now, consecutive_failures: 0, failing_since: null, circuit_until: not_resting })
    await append(sql, now, { type: 'webhook_endpoint.verified', subject: endpoint.endpoint_no, actor: the_hub, audience: [endpoint.participant_no] })
    return
  }
  const attempts = endpoint.challenge_attempts + 1
  const next_at = nextAttemptAt(now, endpoint.challenge, attempts, null)
  await noteHealth(sql, endpoint.endpoint_no, { challenge_attempts: attempts, ...(next_at === null ? {} : { challenge_next_at: next_at }) })
  if (next_at === null) await disable(sql, now, endpoint.endpoint_no, 'FAILING')
}

/** Disables an endpoint with a notice in its owner's feed. */
async function disable (sql: WriteSql, now: string, endpoint_no: string, reason: 'GONE' | 'FAILING'): Promise<void> {
  const endpoint = await findEndpoint(sql, endpoint_no)
  if (endpoint === undefined || endpoint.status === 'DELETED' || endpoint.status === 'DISABLED') return
  await changeEndpoint(sql, endpoint, { status: 'DISABLED', disabled_reason: reason, updated_at: now })
  await append(sql, now, { type: 'webhook_endpoint.disabled', subject: endpoint_no, actor: the_hub, audience: [endpoint.participant_no], data: { reason } })
}
