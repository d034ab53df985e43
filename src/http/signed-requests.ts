/**
 * Signed requests: who sent exactly this, once. The proof of a signed decision stands in the same unit as its effect.
 *
 * Source: RFC 9421, RFC 9530; JR/T 0185-2020 (A2: signature, time stamp and nonce); 电子签名法 (signed bytes and signature are kept).
 */
import { isUtf8 } from 'node:buffer'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { and, inArray, lt, sql as placeholders } from 'drizzle-orm'
import { newNo } from '../clock.ts'
import type { Cipher } from '../db/cipher.ts'
import { primaryKey, table, text } from '../db/columns.ts'
import { hot, type Db, type WriteSql } from '../db/db.ts'
import { instantMs, instantOf } from '../policy/calendar.ts'
import { Problem } from '../problem.ts'
import type { Principal } from './access.ts'
import type { OperationSpec } from './operation.ts'
import { verifyRequest, type SignatureReason, type VerificationKey } from './signature.ts'

const request_nonces = table('request_nonces', {
  keyid: text().notNull(),
  nonce: text().notNull(),
  keep_until: text().notNull()
}, columns => [primaryKey({ columns: [columns.keyid, columns.nonce] })])

export const request_signatures = table('request_signatures', {
  signature_no: text().primaryKey(),
  participant_no: text().notNull(),
  user_no: text(),
  operation: text().notNull(),
  idempotency_key: text().notNull(),
  keyid: text().notNull(),
  algorithm: text().$type<VerificationKey['algorithm']>().notNull(),
  signature_base: text().notNull(),
  signature: text().notNull(),
  body: text().notNull(),
  at: text().notNull()
})

/** What the sealed body of a proof is bound to. */
export function proofPlace (signature_no: string): string {
  return `request_signatures/body/${signature_no}`
}

/** A registered key that is live now, and who calls by it. */
export interface Signer { key: VerificationKey, principal: Principal }

export interface SignatureSettings {
  /** production: a `signed` operation without a signature is refused */
  required: boolean
  /** address that clients sign for; null = taken from Host (sandbox only) */
  public_url: string | null
  db: Db
  cipher: Cipher
  findSigner (keyid: string, now: string): Promise<Signer | null>
}

/** A signature that was right. Its nonce is spent once, in the unit of the effect where there is one. */
export interface RequestSignature {
  readonly spent: boolean
  /** Spends the nonce in a unit. Errors: signature_invalid when it was used before. */
  spend (sql: WriteSql): Promise<void>
  /** The unit in which the nonce was spent is on disk. */
  settle (): void
  /** Spends the nonce of a request that had no effect, so that it cannot be sent again. */
  spendAlone (): Promise<void>
  /** Keeps signed bytes, signature and body beside the effect. */
  prove (sql: WriteSql, now: string, facts: { operation: string, idempotency_key: string }): Promise<void>
}

declare module 'fastify' {
  interface FastifyRequest { signature: RequestSignature | null }
}

const { placeholder } = placeholders

type Reason = SignatureReason | 'NONCE_USED' | 'KEY_NOT_OF_CALLER'

const REASONS_ZH: Partial<Record<Reason, string>> = {
  NONCE_USED: '该签名已使用过，请重新签名（更换 nonce）',
  KEY_NOT_OF_CALLER: '签名密钥不属于调用方',
  KEY_UNKNOWN: '密钥未登记、未生效或已停用',
  SIGNATURE_WRONG: '签名与本请求不符',
  CREATED_TOO_OLD: '签名时间过早，请校准时钟',
  CREATED_IN_FUTURE: '签名时间晚于平台时间，请校准时钟',
  DIGEST_MISMATCH: 'Content-Digest 与请求体不符'
}

const buildSpend = (sql: WriteSql) => sql.insert(request_nonces)
  .values({ keyid: placeholder('keyid'), nonce: placeholder('nonce'), keep_until: placeholder('keep_until') })
  .onConflictDoNothing().returning({ nonce: request_nonces.nonce }).prepare()

const body_max_bytes = 21 * 1024 * 1024
const forget_at_once = 500
/** A nonce outlives its signature by this time, so that a clock that jumped ahead and back lets nobody send again. */
const nonce_grace_ms = 86_400_000

function invalid (reason: Reason, message: string): Problem {
  const message_zh = REASONS_ZH[reason] ?? `签名无效（${reason}）`
  return new Problem('signature_invalid', {
    detail: `${reason}: ${message}`, detail_zh: `${reason}：${message_zh}`,
    errors: [{ pointer: '/headers/signature', code: reason, message, message_zh }]
  })
}

export function isSigned (request: FastifyRequest): boolean {
  return request.headers['signature-input'] !== undefined || request.headers.signature !== undefined
}

/** Operations that need a login take signatures; the others pass them by. */
function mayBeSigned (request: FastifyRequest): boolean {
  const spec = request.routeOptions.config.operation
  return spec !== undefined && spec.callers !== 'public'
}

/** Looks, before the body is read, whether a request without a bearer names a live key at all. @returns the refusal, or null */
export async function unknownSigner (request: FastifyRequest, settings: SignatureSettings): Promise<Problem | null> {
  const keyid = /;keyid="([\x21\x23-\x5b\x5d-\x7e]{1,128})"/.exec(String(request.headers['signature-input'] ?? ''))?.[1]
  if (keyid === undefined) return invalid('SIGNATURE_MALFORMED', 'Signature-Input names no keyid')
  return await settings.findSigner(keyid, settings.db.clock.now()) === null ? invalid('KEY_UNKNOWN', 'no live key has this keyid') : null
}

/** What the client signed for: the public address, or Host where none is configured. */
function targetOf (request: FastifyRequest, public_url: string | null): string {
  return (public_url?.replace(/\/$/, '') ?? `${request.protocol}://${request.host}`) + (request.raw.url ?? request.url)
}

async function verified (request: FastifyRequest, settings: SignatureSettings, decides: boolean): Promise<void> {
  const { db } = settings
  const now = db.clock.now()
  let signer: Signer | null = null
  const body = request.raw_body ?? Buffer.alloc(0)
  const verdict = await verifyRequest(
    { method: request.method, target_uri: targetOf(request, settings.public_url), headers: request.headers as Record<string, string>, body },
    {
      now: new Date(now),
      needs_idempotency_key: decides,
      async findKey (keyid) {
        signer = await settings.findSigner(keyid, now)
        return signer?.key ?? null
      }
    })
  if (!verdict.ok) throw invalid(verdict.reason, verdict.detail)
  const { key, principal } = signer as unknown as Signer
  const caller = request.principal
  if (caller === null) request.principal = principal
  else if (caller.participant_no !== principal.participant_no || principal.user_no !== null && principal.user_no !== caller.user_no) {
    throw invalid('KEY_NOT_OF_CALLER', 'The key belongs to another participant or person than the bearer')
  }
  const { keyid, nonce, keep_nonce_until, signature_base, signature } = verdict
  const keep_until = keep_nonce_until.toISOString()
  let spent = false
  let is_fresh = false
  async function spend (sql: WriteSql): Promise<void> {
    is_fresh = (await hot(sql, buildSpend).execute({ keyid, nonce, keep_until })).length > 0
    if (!is_fresh) throw invalid('NONCE_USED', 'This signature was used before; sign again with a new nonce')
  }
  request.signature = {
    get spent () { return spent },
    spend,
    settle () { spent ||= is_fresh },
    async spendAlone () {
      spent = true
      await db.write(spend)
    },
    async prove (sql, at, { operation, idempotency_key }) {
      const { participant_no, user_no } = request.principal as Principal
      const signature_no = newNo('sig')
      await sql.insert(request_signatures).values({
        signature_no, participant_no, user_no, operation, idempotency_key, keyid, algorithm: key.algorithm, signature_base,
        signature: Buffer.from(signature).toString('base64'), body: settings.cipher.seal(provenText(body), proofPlace(signature_no)), at
      })
    }
  }
}

/** The exact bytes of a signed body as text: as they are where they are text, `base64:` and their code where they are none (a workbook). */
function provenText (body: Buffer): string {
  return isUtf8(body) ? body.toString('utf8') : `base64:${body.toString('base64')}`
}

/**
 * Adds the check to an app. A signature is looked at after the body was read and before it is judged.
 *
 * @param admit told of every right one: may this caller, is it within its limit
 * @param onFailure told of every wrong signature; answers what the caller is told
 */
export function registerSignatures (
  app: FastifyInstance, settings: SignatureSettings, admit: (request: FastifyRequest, reply: FastifyReply) => void, onFailure: (request: FastifyRequest, problem: Problem) => Problem
): void {
  app.decorateRequest('signature', null)
  app.addHook('preParsing', (request, _reply, payload, done) => {
    if (!isSigned(request) || !mayBeSigned(request) || isJson(request)) return done(null, payload)
    bodyOf(payload).then(body => {
      request.raw_body = body
      const replayed = Object.assign(Readable.from([body], { objectMode: false }), { receivedEncodedLength: body.length })
      // @fastify/multipart pipes from the raw request, whose bytes were read here.
      request.raw.pipe = target => replayed.pipe(target)
      done(null, replayed)
    }, (error: Error) => done(error))
  })
  app.addHook('preValidation', (request, reply, done) => {
    if (!isSigned(request) || !mayBeSigned(request)) return done()
    const spec = request.routeOptions.config.operation as OperationSpec
    const decides = spec.method === 'POST' && spec.idempotent !== false
    verified(request, settings, decides).then(async () => {
      admit(request, reply)
      if (!decides) await request.signature?.spendAlone()
      done()
    }).catch((error: Error) => {
      done(error instanceof Problem && error.code === 'signature_invalid' ? onFailure(request, error) : error)
    })
  })
}

function isJson (request: FastifyRequest): boolean {
  return /^application\/json\b/i.test(request.headers['content-type'] ?? 'application/json')
}

async function bodyOf (payload: AsyncIterable<unknown>): Promise<Buffer> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of payload) {
    const chunk = part as Buffer
    bytes += chunk.length
    if (bytes > body_max_bytes) throw new Problem('payload_too_large')
    parts.push(chunk)
  }
  return Buffer.concat(parts)
}

/** Forgets nonces whose signatures are too old to be accepted, a bounded number at a time. @returns how many */
export async function forgetNonces (db: Db): Promise<number> {
  const before = instantOf(instantMs(db.clock.now()) - nonce_grace_ms)
  const old = await db.read.select({ keyid: request_nonces.keyid, nonce: request_nonces.nonce }).from(request_nonces)
    .where(lt(request_nonces.keep_until, before)).limit(forget_at_once)
  if (old.length === 0) return 0
  return db.write(async sql => (await sql.delete(request_nonces)
    .where(and(inArray(request_nonces.nonce, old.map(({ nonce }) => nonce)), lt(request_nonces.keep_until, before)))
    .returning({ nonce: request_nonces.nonce })).length)
}
