/**
 * From anything thrown to application/problem+json (RFC 9457), in the language of the caller.
 */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { DbOverloaded } from '../db/db.ts'
import { isUnavailable } from '../db/failures.ts'
import { Problem, problemOf, type ProblemItem } from '../problem.ts'

interface ValidationIssue { instancePath: string, keyword: string, params: Record<string, unknown>, message?: string }

/** Keyword of the schema → finding code and what to do. */
const KEYWORDS: Record<string, [string, (p: Record<string, unknown>, m: string) => string, (p: Record<string, unknown>) => string]> = {
  required: ['MISSING_FIELD', () => 'This field is needed', () => '缺少必填字段'],
  additionalProperties: ['UNKNOWN_FIELD', () => 'This field is not part of the contract; leave it out', () => '契约中没有该字段，请删除'],
  type: ['WRONG_TYPE', p => `Needs the type ${String(p.type)}`, p => `类型应为 ${String(p.type)}`],
  pattern: ['WRONG_FORMAT', p => `Needs the form ${String(p.pattern)}`, p => `格式应为 ${String(p.pattern)}`],
  format: ['WRONG_FORMAT', p => `Needs to be a real ${String(p.format)}`, p => `应为有效的 ${String(p.format)}`],
  enum: ['NOT_ALLOWED', p => `Needs one of ${(p.allowedValues as string[]).join(', ')}`, p => `应为以下之一：${(p.allowedValues as string[]).join('、')}`],
  const: ['NOT_ALLOWED', p => `Needs to be ${String(p.allowedValue)}`, p => `应为 ${String(p.allowedValue)}`],
  minLength: ['TOO_SHORT', p => `Needs at least ${String(p.limit)} characters`, p => `至少 ${String(p.limit)} 个字符`],
  maxLength: ['TOO_LONG', p => `At most ${String(p.limit)} characters`, p => `最多 ${String(p.limit)} 个字符`],
  minItems: ['TOO_FEW', p => `Needs at least ${String(p.limit)} items`, p => `至少 ${String(p.limit)} 项`],
  maxItems: ['TOO_MANY', p => `At most ${String(p.limit)} items`, p => `最多 ${String(p.limit)} 项`],
  minProperties: ['TOO_FEW', p => `Needs at least ${String(p.limit)} of its fields`, p => `至少填写 ${String(p.limit)} 个字段`],
  uniqueItems: ['NAMED_TWICE', () => 'Something stands here twice', () => '存在重复项'],
  minimum: ['TOO_SMALL', p => `Needs to be at least ${String(p.limit)}`, p => `不得小于 ${String(p.limit)}`],
  maximum: ['TOO_LARGE', p => `Needs to be at most ${String(p.limit)}`, p => `不得大于 ${String(p.limit)}`]
}

const places: Record<string, string> = { body: '', querystring: '/query', params: '/path', headers: '/headers' }

function validationItems (issues: readonly ValidationIssue[], place: string): ProblemItem[] {
  const items = new Map<string, ProblemItem>()
  for (const { instancePath, keyword, params, message } of issues) {
    const known = KEYWORDS[keyword]
    const tail = keyword === 'required' ? `/${escapePointer(String(params.missingProperty))}`
      : keyword === 'additionalProperties' ? `/${escapePointer(String(params.additionalProperty))}` : ''
    const pointer = (places[place] ?? '') + instancePath + tail
    const item: ProblemItem = {
      pointer,
      code: known?.[0] ?? 'INVALID',
      message: known?.[1](params, message ?? '') ?? message ?? 'Not valid',
      message_zh: known?.[2](params) ?? '不符合要求'
    }
    items.set(`${pointer} ${item.code}`, item)
  }
  return [...items.values()]
}

export function escapePointer (part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1')
}

const statuses_of_framework: Record<number, 'payload_too_large' | 'unsupported_media_type' | 'not_found' | 'rate_limited' | 'overloaded'> = {
  404: 'not_found', 413: 'payload_too_large', 415: 'unsupported_media_type', 429: 'rate_limited', 503: 'overloaded'
}

const storage_retry_seconds = 5

/** Whatever was thrown, as a Problem; what is not known is a bug and shows nothing of itself. */
export function problemFrom (error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof DbOverloaded) return new Problem('overloaded', { headers: { 'retry-after': '1' } })
  const framework = error as Partial<FastifyError>
  if (framework.validation !== undefined) {
    return new Problem('invalid_request', { errors: validationItems(framework.validation as unknown as ValidationIssue[], framework.validationContext ?? 'body') })
  }
  const code = statuses_of_framework[framework.statusCode ?? 0]
  if (code !== undefined) return new Problem(code, code === 'overloaded' || code === 'rate_limited' ? { headers: { 'retry-after': '1' } } : {})
  if (framework.statusCode !== undefined && framework.statusCode >= 400 && framework.statusCode < 500) {
    return new Problem('invalid_request', { detail: framework.message ?? 'The request cannot be read', detail_zh: '请求无法读取' })
  }
  // After what the framework says of a request: a caller that hangs up is no broken storage.
  if (isUnavailable(error)) return new Problem('storage_unavailable', { headers: { 'retry-after': String(storage_retry_seconds) } })
  return new Problem('internal_error')
}

export function wantsChinese (request: FastifyRequest): boolean {
  return /^\s*zh\b/i.test(request.headers['accept-language'] ?? '')
}

/** The language of the caller; both where its headers never came. */
type Language = 'en' | 'zh-CN' | 'both'

function said (language: Language, english: string, chinese: string): string {
  return language === 'both' ? `${english} / ${chinese}` : language === 'en' ? english : chinese
}

function bodyOf (problem: Problem, trace_id: string, language: Language): Record<string, unknown> {
  const { status, title, title_zh } = problemOf(problem.code)
  return {
    type: `urn:rongqiao:problem:${problem.code}`,
    title: said(language, title, title_zh),
    status,
    detail: said(language, problem.detail ?? title, problem.detail_zh ?? title_zh),
    code: problem.code,
    trace_id,
    errors: problem.errors,
    ...problem.extra
  }
}

/** An address that no route can be looked up for. */
export function unreadableAddress (): Problem {
  return new Problem('invalid_request', {
    detail: 'The address holds a NUL, a broken escape or a part that is too long', detail_zh: '地址含有空字符、错误的转义或过长的部分'
  })
}

/** What the parser says of bytes that never became a request. */
function unreadableRequest (code: string | undefined): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Problem('request_timeout')
  if (code === 'HPE_HEADER_OVERFLOW') return new Problem('headers_too_large')
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return new Problem('payload_too_large')
  const [message, message_zh] = ['What was sent is not a whole HTTP/1.1 request', '发送的内容不是完整的 HTTP/1.1 请求']
  return new Problem('invalid_request', { detail: message, detail_zh: message_zh, errors: [{ pointer: '', code: 'NOT_HTTP', message, message_zh }] })
}

/** Answers by hand what never became a request, like any other refusal, and ends the connection. */
export function refuseConnection (error: { code?: string }, socket: Socket, trace_id: string, headers: Readonly<Record<string, string>>): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const problem = unreadableRequest(error.code)
  const { status } = problemOf(problem.code)
  const body = JSON.stringify(bodyOf(problem, trace_id, 'both'))
  const all = {
    ...headers, 'x-trace-id': trace_id, 'content-type': 'application/problem+json; charset=utf-8', 'content-language': 'en, zh-CN', 'cache-control': 'no-store',
    'content-length': String(Buffer.byteLength(body)), connection: 'close'
  }
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...Object.entries(all).map(([name, value]) => `${name}: ${value}`)]
  if (socket.writable) socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`)
  socket.destroySoon()
}

export function sendProblem (request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  const { status } = problemOf(problem.code)
  const language = wantsChinese(request) ? 'zh-CN' : 'en'
  for (const [name, value] of Object.entries(problem.headers)) reply.header(name, value)
  reply.header('content-language', language).header('cache-control', 'no-store')
  return reply.code(status).type('application/problem+json; charset=utf-8').serializer((value: unknown) => JSON.stringify(value)).send(bodyOf(problem, request.id, language))
}

export function registerErrors (app: FastifyInstance): void {
  app.setErrorHandler(async (error, request, reply) => {
    const problem = problemFrom(error)
    if (problem.code === 'internal_error') request.log.error({ err: error }, 'bug')
    if (problem.code === 'storage_unavailable') request.log.error({ err: error }, 'storage cannot be used')
    await useUp(request)
    return sendProblem(request, reply, problem)
  })
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, new Problem('not_found')))
}

/** A refused request's signature counts as used: it cannot be sent again when the refusal's reason is gone. */
async function useUp ({ signature, log }: FastifyRequest): Promise<void> {
  if (signature === null || signature === undefined || signature.spent) return
  try {
    await signature.spendAlone()
  } catch (error) {
    if (!(error instanceof Problem)) log.error({ err: error }, 'a nonce was not kept')
  }
}
