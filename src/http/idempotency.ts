/**
 * Idempotency-Key: the record stands in the same unit as the effect; a repeated request gets the first answer
 * for 90 days.
 */
import { and, eq, lt } from 'drizzle-orm'
import { hot, peek, RunAgain, type Db, type ReadSql, type WriteSql } from '../db/db.ts'
import { opened, sealed } from '../db/sealing.ts'
import { integer, primaryKey, table, text } from '../db/columns.ts'
import { instantMs, instantOf } from '../policy/calendar.ts'
import { Problem } from '../problem.ts'
import { sql as placeholders } from 'drizzle-orm'

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

const buildFind = (sql: ReadSql) => sql.select().from(idempotent_answers)
  .where(and(eq(idempotent_answers.caller, placeholders.placeholder('caller')), eq(idempotent_answers.idempotency_key, placeholders.placeholder('key'))))
  .prepare()

const buildKeep = (sql: WriteSql) => sql.insert(idempotent_answers).values({
  caller: placeholders.placeholder('caller'),
  idempotency_key: placeholders.placeholder('key'),
  request_digest: placeholders.placeholder('digest'),
  status: placeholders.placeholder('status'),
  headers: placeholders.placeholder('headers'),
  body: placeholders.placeholder('body'),
  created_at: placeholders.placeholder('now')
}).onConflictDoNothing().returning({ status: idempotent_answers.status }).prepare()

/**
 * Runs `work` once per caller and key.
 *
 * Errors: idempotency_mismatch when the key was used for another request.
 */
export async function answerOnce (
  sql: WriteSql, now: string, request: { caller: string, key: string, digest: string, confidential: boolean },
  work: () => Promise<Omit<StoredAnswer, 'replayed'>>
): Promise<StoredAnswer> {
  const [first] = await hot(peek(sql), buildFind).execute({ caller: request.caller, key: request.key })
  if (first !== undefined) {
    if (first.request_digest !== request.digest) throw new Problem('idempotency_mismatch')
    return { status: first.status, headers: JSON.parse(first.headers) as Record<string, string>, body: opensAs(sql, first.body, request), replayed: true }
  }
  const answer = await work()
  const kept = await hot(sql, buildKeep).execute({
    caller: request.caller, key: request.key, digest: request.digest, status: answer.status,
    headers: JSON.stringify(answer.headers), body: request.confidential ? sealed(sql, answer.body, answerPlace(request)) : answer.body, now
  })
  if (kept.length === 0) throw new RunAgain('the same idempotency key was answered at the same time')
  return { ...answer, replayed: false }
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
  return db.write(async sql => {
    for (const each of old) await sql.delete(idempotent_answers).where(and(eq(caller, each.caller), eq(idempotency_key, each.idempotency_key), lt(created_at, before)))
    return old.length
  })
}
