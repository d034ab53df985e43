/**
 * One way to declare an operation: who may call, what goes in and out, which refusals, which example.
 * The contract is generated from the same declaration.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Static, TSchema } from 'typebox'
import { digestOf } from '../db/canonical.ts'
import type { Db, Unit } from '../db/db.ts'
import type { ProblemCode } from '../problem.ts'
import { Problem } from '../problem.ts'
import type { Callers, Principal } from './access.ts'
import { wantsChinese } from './errors.ts'
import { decideAlone, type DecidedTogether, type Deciding } from './decisions.ts'
import { keyOf, type StoredAnswer } from './idempotency.ts'

export interface OperationSpec {
  id: string
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** path as in the contract, `{name}` for parameters */
  path: string
  summary: string
  summary_zh: string
  /** meaning, with the clause that asks for it */
  description: string
  callers: Callers
  /** a person has to call */
  person?: boolean
  /** moves or decides money: needs a request signature in production; its proof is kept beside the effect */
  signed?: boolean
  /** the answer holds a secret or names a person: it is kept sealed for its Idempotency-Key */
  confidential?: boolean
  /** creates or decides: needs Idempotency-Key (POST only; default true for POST) */
  idempotent?: boolean
  /** needs If-Match with the version (PATCH and DELETE) */
  versioned?: boolean
  /** answers carry their version as ETag, and 304 where If-None-Match names it (GET) */
  tagged?: boolean
  params?: TSchema
  query?: TSchema
  body?: TSchema
  /** media type of the body when it is not JSON; the handler reads it */
  body_media?: string
  /** the same as JSON, where `body_media` is another; the handler checks it */
  body_json?: { schema: TSchema, example: unknown }
  /** success status → schema of the body; a schema or a media type for downloads */
  replies: Record<number, TSchema | { media: string, description: string }>
  /** media types in which the body of a 200 also comes, where a `format` asks for one */
  other_media?: readonly string[]
  /** refusals beyond the ones that follow from the rest */
  refuses?: readonly ProblemCode[]
  /** further facts that the contract publishes with the operation */
  extensions?: Readonly<Record<`x-${string}`, unknown>>
  /** `other_replies`: by status, where it is another shape than `reply` */
  example?: { request?: unknown, query?: Record<string, unknown>, reply?: unknown, other_replies?: Readonly<Record<number, unknown>> }
}

export interface Answer {
  status: number
  body?: unknown
  headers?: Record<string, string>
  /** version of the object, sent as ETag; a GET with If-None-Match answers 304 */
  version?: number | string
}

type In<S, K extends string> = S extends Record<K, infer T extends TSchema> ? Static<T> : undefined

export interface Call<S extends OperationSpec> {
  readonly spec: S
  readonly principal: Principal
  readonly params: In<S, 'params'>
  readonly query: In<S, 'query'>
  readonly body: In<S, 'body'>
  readonly request: FastifyRequest
  readonly now: string
  readonly chinese: boolean
  /** If-Match of a versioned operation */
  readonly if_match: string | null
  /**
   * Runs a unit whose answer is kept under the request's Idempotency-Key and given again for the same request.
   * `content` binds the key where the body is not JSON (digest of the file and the text parts).
   */
  decide (unit: Unit<Answer>, content?: string): Promise<Answer>
  /** The same in one unit with other requests of this operation. */
  decideWith<Asked> (others: DecidedTogether<Asked>, asked: Asked): Promise<Answer>
}

/** What an app carries for its operations. */
export interface OperationContext { db: Db }

declare module 'fastify' {
  interface FastifyRequest { principal: Principal | null, raw_body: Buffer | null }
  interface FastifyContextConfig { operation?: OperationSpec }
  interface FastifyInstance { operations: Map<string, OperationSpec> }
}

/** Declares one operation on the app. Errors: a second operation with the same id or without callers stops the start. */
export function operation<const S extends OperationSpec> (
  app: FastifyInstance, context: OperationContext, spec: S, handler: (call: Call<S>) => Promise<Answer>
): void {
  if (spec.signed === true && (spec.method !== 'POST' || spec.idempotent === false)) throw new Error(`${spec.id} is signed but decides nothing`)
  if (app.operations.has(spec.id)) throw new Error(`two operations are called ${spec.id}`)
  if (spec.callers !== 'any' && spec.callers !== 'public' && spec.callers.length === 0) throw new Error(`${spec.id} declares no caller`)
  app.operations.set(spec.id, spec)
  const decides = spec.method === 'POST' && spec.idempotent !== false
  const response = Object.fromEntries(Object.entries(spec.replies).filter(([, reply]) => !('media' in reply)))
  app.route({
    method: spec.method,
    url: spec.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    config: { operation: spec },
    schema: {
      ...(spec.params === undefined ? {} : { params: spec.params }),
      ...(spec.query === undefined ? {} : { querystring: spec.query }),
      ...(spec.body === undefined || spec.body_media !== undefined ? {} : { body: spec.body }),
      response
    },
    async handler (request, reply) {
      const answer = await handler(callOf(context, spec, request, reply, decides))
      return sendAnswer(request, reply, answer)
    }
  })
}

function callOf<S extends OperationSpec> (context: OperationContext, spec: S, request: FastifyRequest, reply: FastifyReply, decides: boolean): Call<S> {
  const principal = request.principal as Principal
  const key = decides ? keyOf(request.headers['idempotency-key']) : null
  const if_match = spec.versioned === true ? ifMatchOf(request) : null
  function deciding (content?: string): Deciding {
    if (key === null) throw new Error(`${spec.id} decides without an idempotency key`)
    return {
      caller: `${principal.participant_no}/${principal.user_no ?? ''}`, key, digest: requestDigest(request, content), confidential: spec.confidential === true,
      operation: spec.id, signature: request.signature, proven: spec.signed === true, serialize: (body, status) => serialized(reply, body, status)
    }
  }
  return {
    spec,
    principal,
    params: request.params as In<S, 'params'>,
    query: request.query as In<S, 'query'>,
    body: request.body as In<S, 'body'>,
    request,
    now: context.db.clock.now(),
    chinese: wantsChinese(request),
    if_match,
    decide: async (unit, content) => answerOf(await decideAlone(context.db, deciding(content), unit)),
    decideWith: async (others, asked) => answerOf(await others({ ...deciding(), asked }))
  }
}

function answerOf ({ status, headers, body, replayed }: StoredAnswer): Answer {
  return { status, headers: replayed ? { ...headers, 'idempotency-replayed': 'true' } : headers, body: new Serialized(body) }
}

/**
 * An answer that is given again says no more than may be read today: what was answered before a consent ended may not leave once more.
 *
 * @param today what is shown instead of the first body; null: that still stands. Errors: as of the reading that it stands for
 */
export async function answeredToday (answer: Answer, today: (first: Record<string, unknown>) => Promise<unknown>): Promise<Answer> {
  if (answer.headers?.['idempotency-replayed'] === undefined || !(answer.body instanceof Serialized)) return answer
  const body = await today(JSON.parse(answer.body.text) as Record<string, unknown>)
  return body === null ? answer : { ...answer, body }
}

/** What an idempotency key is bound to. Errors: invalid_request for a body nested too deep to have a digest. */
function requestDigest ({ method, url, body }: FastifyRequest, content: string | undefined): string {
  try {
    return digestOf([method, url, content ?? body ?? null])
  } catch (error) {
    if (error instanceof RangeError) throw new Problem('invalid_request', { detail: 'The body is nested too deep', detail_zh: '请求体嵌套过深' })
    throw error
  }
}

class Serialized {
  readonly text: string
  constructor (text: string) { this.text = text }
}

function serialized (reply: FastifyReply, body: unknown, status: number): string {
  const serialize = reply.getSerializationFunction(String(status))
  if (serialize === undefined) throw new Error(`no reply schema for status ${status}`)
  return serialize(body as Record<string, unknown>) as string
}

/** Already serialized JSON, sent as it stands: frozen bytes. */
export function frozen (text: string): Serialized {
  return new Serialized(text)
}

function ifMatchOf (request: FastifyRequest): string {
  const header = request.headers['if-match']
  if (typeof header !== 'string') throw new Problem('version_required')
  return header.replaceAll(/^(W\/)?"|"$/g, '')
}

/** Compares If-Match with the object's version. Errors: stale_version. */
export function checkVersion (if_match: string | null, version: number): void {
  if (if_match !== '*' && if_match !== String(version)) throw new Problem('stale_version', { extra: { version } })
}

/** Whether If-None-Match names an ETag: among others, as a weak one, or by `*` (RFC 9110 §13.1.2). */
function names (if_none_match: string | undefined, etag: string): boolean {
  if (if_none_match === undefined || if_none_match === etag) return if_none_match === etag
  return if_none_match.split(',').some(each => ['*', etag, `W/${etag}`].includes(each.trim()))
}

function sendAnswer (request: FastifyRequest, reply: FastifyReply, answer: Answer): FastifyReply {
  reply.code(answer.status)
  if (answer.headers !== undefined) reply.headers(answer.headers)
  if (answer.version !== undefined) {
    if (request.method === 'GET' && request.routeOptions.config.operation?.tagged !== true) throw new Error('an answer has a version that its operation does not declare')
    const etag = `"${answer.version}"`
    reply.header('etag', etag)
    if (request.method === 'GET' && names(request.headers['if-none-match'], etag)) return reply.code(304).send()
  }
  const { body } = answer
  if (body === undefined) return reply.send()
  if (body instanceof Serialized) {
    if (body.text === '') return reply.send()
    return reply.type('application/json; charset=utf-8').send(body.text)
  }
  return reply.send(body)
}
