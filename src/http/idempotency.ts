/**
 * Idempotency-Key: the record stands in the same unit as the effect; a repeated request gets the first answer
 * for 90 days.
 */
import { and, lt } from 'drizzle-orm'
import { bulkFind, bulkInsert, jointKey } from '../db/bulk.ts'
import { integer, isAmong, isListed, primaryKey, table, text } from '../db/columns.ts'
import { peek, RunAgain, type Db, type WriteSql } from '../db/db.ts'
import type { Outcome } from '../db/gathering.ts'
import { opened, sealed } from '../db/sealing.ts'
import { instantMs, instantOf } from '../policy/calendar.ts'
import { Problem } from '../problem.ts'

export const answers_kept_days = 90
const day_ms = 86_400_000
const forget_at_once = 500

export const idempotent_answers = table('idempotent_answers', {
  caller: text().notNull(),
  idempotency_key: text().notNull(),
  request_digest: text().notNull(),
  status: integer().notNull(),
  headers: text().notNull(),
  body: text().notNull(),
  created_at: text().notNull()
}, columns => [primaryKey({ columns: [columns.caller, columns.idempotency_key] })])

export interface StoredAnswer { status: number, headers: Record<string, string>, body: string, replayed: boolean }

export function keyOf (header: string | string[] | undefined): string {
  if (typeof header !== 'string' || !/^[\x21-\x7e]{16,255}$/.test(header)) {
    throw new Problem('idempotency_key_missing', {
      detail: 'Send Idempotency-Key with 16 to 255 visible ASCII characters', detail_zh: '请发送 16 至 255 个可见 ASCII 字符的 Idempotency-Key',
      errors: [{ pointer: '/headers/idempotency-key', code: 'MISSING_FIELD', message: 'Needs 16 to 255 visible ASCII characters', message_zh: '需 16 至 255 个可见 ASCII 字符' }]
    })
  }
  return header
}

const findKept = bulkFind<typeof idempotent_answers.$inferSelect>((sql, callers, keys) => sql.select().from(idempotent_answers)
  .where(and(isListed(idempotent_answers.caller, callers), isListed(idempotent_answers.idempotency_key, keys))))
const insertAnswers = bulkInsert(idempotent_answers, insert => (insert.onConflictDoNothing() as typeof insert).returning({ key: idempotent_answers.idempotency_key }))

/** Under which a request is answered once. */
export interface KeyedRequest { caller: string, key: string, digest: string, confidential: boolean }

/**
 * Answers every request once per caller and key: what was answered before is answered again, `work` sees the others.
 *
 * Refused: idempotency_mismatch when the key was used for another request.
 */
export async function answerOnce<Request extends KeyedRequest> (
  sql: WriteSql, now: string, requests: readonly Request[], work: (fresh: readonly Request[]) => Promise<readonly Outcome<Omit<StoredAnswer, 'replayed'>>[]>
): Promise<Outcome<StoredAnswer>[]> {
  const rows = await findKept(peek(sql), requests.map(({ caller }) => caller), requests.map(({ key }) => key))
  const answered = new Map(rows.map(row => [jointKey(row.caller, row.idempotency_key), row]))
  const fresh = new Map<string, Request>()
  const again = new Set<Request>()
  for (const request of requests) {
    const key = jointKey(request.caller, request.key)
    if (answered.has(key)) continue
    if (fresh.has(key)) again.add(request)
    else fresh.set(key, request)
  }
  const made = fresh.size === 0 ? [] : await work([...fresh.values()])
  const outcomes = new Map([...fresh.values()].map((request, place) => [request, made[place]]))
  await keep(sql, now, outcomes)
  return requests.map((request): Outcome<StoredAnswer> => {
    if (again.has(request)) return 'met'
    const kept = answered.get(jointKey(request.caller, request.key))
    if (kept === undefined) {
      const outcome = outcomes.get(request)
      if (outcome === undefined) throw new Error('a request was not answered')
      return outcome !== 'met' && 'value' in outcome ? { value: { ...outcome.value, replayed: false } } : outcome
    }
    if (kept.request_digest !== request.digest) return { refused: new Problem('idempotency_mismatch') }
    return { value: { status: kept.status, headers: JSON.parse(kept.headers) as Record<string, string>, body: opensAs(sql, kept.body, request), replayed: true } }
  })
}

/** Errors: RunAgain when one of the keys was answered at the same time. */
async function keep (sql: WriteSql, now: string, outcomes: ReadonlyMap<KeyedRequest, Outcome<Omit<StoredAnswer, 'replayed'>> | undefined>): Promise<void> {
  const rows = [...outcomes].flatMap(([request, outcome]) => {
    if (outcome === undefined || outcome === 'met' || 'refused' in outcome) return []
    const { status, headers, body } = outcome.value
    return [{
      caller: request.caller, idempotency_key: request.key, request_digest: request.digest, status, headers: JSON.stringify(headers),
      body: request.confidential ? sealed(sql, body, answerPlace(request)) : body, created_at: now
    }]
  })
  const kept = await insertAnswers(sql, rows)
  if (kept.length < rows.length) throw new RunAgain('the same idempotency key was answered at the same time')
}

/** What a sealed answer is bound to. */
export function answerPlace ({ caller, key }: { caller: string, key: string }): string {
  return `idempotent_answers/body/${caller}/${key}`
}

/** Sealed texts begin with a letter that JSON does not begin with. */
function opensAs (sql: WriteSql, kept: string, request: { caller: string, key: string }): string {
  return kept.startsWith('v1.') ? opened(sql, kept, answerPlace(request)) : kept
}

/** Forgets old answers, a bounded number at a time; business keys stay for ever. @returns how many */
export async function forgetAnswers (db: Db): Promise<number> {
  const before = instantOf(instantMs(db.clock.now()) - answers_kept_days * day_ms)
  const { caller, idempotency_key, created_at } = idempotent_answers
  const old = await db.read.select({ caller, idempotency_key }).from(idempotent_answers).where(lt(created_at, before)).limit(forget_at_once)
  if (old.length === 0) return 0
  return db.write(async sql => (await sql.delete(idempotent_answers).where(and(
    isAmong(caller, old.map(each => each.caller)), isAmong(idempotency_key, old.map(each => each.idempotency_key)), lt(created_at, before)
  )).returning({ key: idempotency_key })).length)
}
