/** When a delivery is tried again, when an endpoint rests, when it is given up. Pure. */
import { createHash } from 'node:crypto'
import { instantMs, instantOf } from '../policy/calendar.ts'

const second_ms = 1000
const minute_ms = 60 * second_ms
const hour_ms = 60 * minute_ms
const day_ms = 24 * hour_ms

/** Pauses before the first, second, … attempt; each ± 20 %. After the last the delivery is dead. */
export const pauses_ms = [0, 5 * second_ms, 5 * minute_ms, 30 * minute_ms, 2 * hour_ms, 5 * hour_ms, 10 * hour_ms, 14 * hour_ms, 20 * hour_ms, 24 * hour_ms] as const
const jitter = 0.2
const retry_after_max_ms = 24 * hour_ms

export const give_up_after_ms = 5 * day_ms
const failures_before_rest = 5
const rest_first_ms = 10 * second_ms
const rest_max_ms = 10 * minute_ms

/** A number in [0, 1) that is always the same for the same text: spreads retries without chance. */
function spread (text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32
}

/**
 * When to try again.
 *
 * @param attempts how many were made, at least one
 * @param retry_after_ms what the receiver asked for
 * @returns null when there is no further attempt
 */
export function nextAttemptAt (now: string, event_no: string, attempts: number, retry_after_ms: number | null): string | null {
  const pause_ms = pauses_ms[attempts]
  if (pause_ms === undefined) return null
  const spread_ms = pause_ms * (1 + jitter * (2 * spread(`${event_no} ${attempts}`) - 1))
  const asked_ms = Math.min(retry_after_ms ?? 0, retry_after_max_ms)
  return instantOf(instantMs(now) + Math.round(Math.max(spread_ms, asked_ms)))
}

/** Until when an endpoint rests that does not: long ago, also should the clock be set back. */
export const not_resting = '1970-01-01T00:00:00.000Z'

/** Until when an endpoint rests after so many failures in a row; it is then tried with one delivery at a time. */
export function restUntil (now: string, consecutive_failures: number, asked_ms: number | null): string {
  const asked = Math.min(asked_ms ?? 0, rest_max_ms)
  const over = consecutive_failures - failures_before_rest
  const rest_ms = over < 0 ? asked : Math.max(asked, Math.min(rest_max_ms, rest_first_ms * 2 ** Math.min(over, 10)))
  return instantOf(instantMs(now) + rest_ms)
}

export function isResting (consecutive_failures: number): boolean {
  return consecutive_failures >= failures_before_rest
}

/** Whether an endpoint has failed for so long that it is disabled. */
export function isGivenUp (now: string, failing_since: string | null): boolean {
  return failing_since !== null && instantMs(now) - instantMs(failing_since) >= give_up_after_ms
}

/** Retry-After as milliseconds from now; null when absent or unreadable. Source: RFC 9110 10.2.3. */
export function retryAfterMs (header: string | undefined, now: string): number | null {
  if (header === undefined) return null
  if (/^\d{1,9}$/.test(header)) return Number(header) * second_ms
  const at_ms = Date.parse(header)
  return Number.isNaN(at_ms) ? null : Math.max(0, at_ms - instantMs(now))
}
