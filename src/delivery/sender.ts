/**
 * Sends webhooks: a worker per endpoint under the endpoint's lease, so that one that hangs or fails slows nobody else. Nothing
 * here runs inside a unit; results are kept in one unit per batch. A process may die at any time: what was not recorded is
 * sent again under the same webhook-id.
 */
import type { Logger } from 'pino'
import type { Pool } from 'undici'
import { newNo, stopwatch } from '../clock.ts'
import type { Cipher } from '../db/cipher.ts'
import type { Db } from '../db/db.ts'
import { linkOf } from '../journal/service.ts'
import { instantMs, instantOf } from '../policy/calendar.ts'
import { attempt_timeout_ms, AddressRefused, type Dialler } from './dialler.ts'
import { createExchanges } from './exchange.ts'
import { keepChallenge, keepResults, type Result } from './results.ts'
import { isResting, retryAfterMs } from './schedule.ts'
import { openSigners } from './secrets.ts'
import { signedHeaders, type Signer } from './signature.ts'
import { dueDeliveries, endpointsToServe, lease_ms, leaseEndpoint, releaseEndpoint, type DueDelivery, type Endpoint } from './store.ts'

export interface Sender {
  /** under which name it holds endpoints */
  readonly holder: string
  /** Starts a worker for every endpoint that has something to do. @returns how many were started */
  step (): Promise<number>
  /** Resolves when no worker is running. */
  idle (): Promise<void>
  close (): Promise<void>
}

export interface SenderParts {
  db: Db
  cipher: Cipher
  dialler: Dialler
  log: Logger
  /** a new address has to answer with the challenge itself, not only with success */
  challenge_echoed: boolean
}

const endpoints_per_step_max = 100
/** What is recorded together: a crash could send it a second time, and as much again that was on its way meanwhile. */
const batch_max = 500
/** A batch takes no further delivery after this time: what arrived is recorded soon, however slow the receiver. */
const batch_ms = 500
const pools_max = 200
const errors_length_max = 200

/** Connections to one address. */
interface Line { url: string, path: string, pool: Pool }

interface Attempted { status_code: number | null, error: string | null, duration_ms: number, retry_after: string | undefined, text: string }

export function createSender ({ db, cipher, dialler, log, challenge_echoed }: SenderParts): Sender {
  const holder = newNo('sender')
  const workers = new Map<string, Promise<void>>()
  const pools = new Map<string, Line>()
  const closing = new AbortController()
  const exchanges = createExchanges(attempt_timeout_ms)

  function lineTo ({ endpoint_no, url, concurrency }: Endpoint): Line {
    const known = pools.get(endpoint_no)
    if (known?.url === url) return known
    if (known !== undefined) drop(endpoint_no)
    for (const oldest of pools.keys()) if (pools.size >= pools_max && !workers.has(oldest)) drop(oldest)
    const parsed = new URL(url)
    const line = { url, path: parsed.pathname + parsed.search, pool: dialler.pool(parsed, concurrency) }
    pools.set(endpoint_no, line)
    return line
  }

  function drop (endpoint_no: string): void {
    void pools.get(endpoint_no)?.pool.destroy()
    pools.delete(endpoint_no)
  }

  /** @param at when the attempt is made: what the signature says */
  async function post (endpoint: Endpoint, signers: readonly Signer[], id: string, at: string, body: string, reads: boolean): Promise<Attempted> {
    const elapsed = stopwatch()
    const { pool, path } = lineTo(endpoint)
    try {
      const reply = await exchanges.post(pool, path, signedHeaders(signers, id, Math.floor(Date.parse(at) / 1000), body), body, reads)
      return { ...reply, error: null, duration_ms: Math.round(elapsed()) }
    } catch (error) {
      return { status_code: null, retry_after: undefined, text: '', error: wordsFor(error), duration_ms: Math.round(elapsed()) }
    }
  }

  async function deliver (endpoint: Endpoint, signers: readonly Signer[], row: DueDelivery): Promise<Result> {
    const { event_no, type, occurred_at, subject } = row
    const body = JSON.stringify({ type, timestamp: occurred_at, data: { event_no, subject, link: linkOf(type, subject) } })
    const attempted_at = db.clock.now()
    const { status_code, error, duration_ms, retry_after } = await post(endpoint, signers, event_no, attempted_at, body, false)
    return { row, attempted_at, status_code, error, duration_ms, retry_after_ms: retryAfterMs(retry_after, attempted_at), ok: isSuccess(status_code) }
  }

  /** Sends a batch, at most `concurrency` at once; what is about one subject goes one after the other and stops at a failure. */
  async function sendAll (endpoint: Endpoint, signers: readonly Signer[], rows: readonly DueDelivery[]): Promise<{ results: Result[], failures: number }> {
    const chains = new Map<string, DueDelivery[]>()
    for (const row of rows) {
      const chain = chains.get(row.subject)
      if (chain === undefined) chains.set(row.subject, [row])
      else chain.push(row)
    }
    const waiting = [...chains.values()].values()
    const results: Result[] = []
    const elapsed = stopwatch()
    let failures = endpoint.consecutive_failures
    let gone = false
    const mayGoOn = () => !gone && !isResting(failures) && elapsed() < batch_ms && !closing.signal.aborted
    const probing = isResting(failures)
    const slot = async (): Promise<void> => {
      for (const chain of waiting) {
        for (const row of chain) {
          if (!mayGoOn() && !(probing && results.length === 0)) return
          const result = await deliver(endpoint, signers, row)
          if (closing.signal.aborted && !result.ok) return
          results.push(result)
          failures = result.ok ? 0 : failures + 1
          gone ||= result.status_code === gone_status
          if (!result.ok) break
        }
      }
    }
    await Promise.all(Array.from({ length: probing ? 1 : endpoint.concurrency }, slot))
    return { results, failures }
  }

  async function challenge (endpoint: Endpoint, signers: readonly Signer[]): Promise<void> {
    const now = db.clock.now()
    const body = JSON.stringify({ type: 'webhook_endpoint.challenge', timestamp: now, data: { challenge: endpoint.challenge } })
    const { status_code, text } = await post(endpoint, signers, endpoint.challenge, now, body, true)
    if (closing.signal.aborted) return
    const passed = isSuccess(status_code) && (!challenge_echoed || echoes(text, endpoint.challenge))
    await db.write((sql, at) => keepChallenge(sql, at, endpoint, passed ? 'PASSED' : status_code === gone_status ? 'GONE' : 'FAILED'))
  }

  async function lease (endpoint_no: string): Promise<Endpoint | undefined> {
    return db.write((sql, now) => leaseEndpoint(sql, endpoint_no, holder, now, instantOf(instantMs(now) + lease_ms)))
  }

  /** Keeps the results of a batch and renews the lease. @returns the endpoint as it is now; undefined when it is no longer ours */
  async function keep (endpoint: Endpoint, results: readonly Result[], failures: number): Promise<Endpoint | undefined> {
    return db.write(async (sql, now) => {
      await keepResults(sql, now, endpoint, results, failures)
      return leaseEndpoint(sql, endpoint.endpoint_no, holder, now, instantOf(instantMs(now) + lease_ms))
    })
  }

  /** Sends what is due, batch after batch. While all goes well the next batch is on its way before the last one is recorded. */
  async function sendDue (first: Endpoint, signers: readonly Signer[]): Promise<Endpoint | undefined> {
    let endpoint: Endpoint | undefined = first
    let keeping: Promise<Endpoint | undefined> | null = null
    let unrecorded = new Set<string>()
    while (endpoint !== undefined && !closing.signal.aborted && endpoint.circuit_until <= db.clock.now()) {
      const limit = isResting(endpoint.consecutive_failures) ? 1 : batch_max + unrecorded.size
      const rows = (await dueDeliveries(db.read, endpoint.endpoint_no, db.clock.now(), limit)).filter(({ event_no }) => !unrecorded.has(event_no))
      const sent = rows.length === 0 ? null : await sendAll(endpoint, signers, rows)
      if (keeping !== null) endpoint = await keeping
      else if (sent === null) return undefined
      keeping = null
      unrecorded = new Set()
      if (sent === null) continue
      // Recorded also where the lease was lost meanwhile: what arrived need not be sent again.
      keeping = keep(endpoint ?? first, sent.results, sent.failures)
      // A failure is met where it is awaited, also when the next batch fails before.
      keeping.catch(() => undefined)
      if (sent.results.length === rows.length && sent.results.every(({ ok }) => ok)) {
        unrecorded = new Set(rows.map(({ event_no }) => event_no))
      } else {
        endpoint = await keeping
        keeping = null
      }
    }
    return keeping ?? endpoint
  }

  async function serve (endpoint_no: string): Promise<void> {
    let endpoint = await lease(endpoint_no)
    try {
      while (endpoint !== undefined && !closing.signal.aborted && endpoint.circuit_until <= db.clock.now()) {
        const signers = await openSigners(db.read, cipher, endpoint_no, db.clock.now())
        if (endpoint.verified_at !== null) {
          endpoint = await sendDue(endpoint, signers)
        } else if (endpoint.challenge_next_at <= db.clock.now()) {
          await challenge(endpoint, signers)
          endpoint = await lease(endpoint_no)
        } else {
          return
        }
      }
    } finally {
      await db.write(sql => releaseEndpoint(sql, endpoint_no, holder))
    }
  }

  return {
    holder,
    async step () {
      if (closing.signal.aborted) return 0
      const waiting = await endpointsToServe(db.read, holder, db.clock.now(), endpoints_per_step_max)
      const free = waiting.filter(({ endpoint_no }) => !workers.has(endpoint_no))
      for (const { endpoint_no } of free) {
        workers.set(endpoint_no, serve(endpoint_no)
          .catch((error: unknown) => { log.error({ err: error, endpoint_no }, 'a webhook worker failed and will be started again') })
          .finally(() => { workers.delete(endpoint_no) }))
      }
      return free.length
    },
    async idle () {
      while (workers.size > 0) await Promise.all(workers.values())
    },
    async close () {
      closing.abort()
      exchanges.abort(new Error('CLOSING'))
      await Promise.all(workers.values())
      for (const endpoint_no of pools.keys()) drop(endpoint_no)
    }
  }
}

const gone_status = 410

function isSuccess (status_code: number | null): boolean {
  return status_code !== null && status_code >= 200 && status_code < 300
}

/** The challenge as the whole body or as a member of a JSON object. */
function echoes (text: string, challenge: string): boolean {
  return text.trim() === challenge || new RegExp(`"challenge"\\s*:\\s*"${challenge}"`).test(text)
}

/** What the owner of an endpoint is told; an address that was refused says nothing of where it leads. */
function wordsFor (error: unknown): string {
  if (error instanceof AddressRefused) return 'ADDRESS_REFUSED'
  if (!(error instanceof Error)) return 'UNKNOWN'
  const code = (error as { code?: unknown }).code
  return (typeof code === 'string' ? code : error.message).slice(0, errors_length_max)
}
