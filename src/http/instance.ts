/**
 * The Fastify instance all rooms stand on: strict bodies, strict validation, who calls, trace ids, limits, logs.
 */
import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import rateLimit from '@fastify/rate-limit'
import Fastify, { LogController, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { Problem } from '../problem.ts'
import { bearerOf, checkCaller, unauthenticated, type Principal, type PrincipalResolver } from './access.ts'
import { serializerCompiler, validatorCompiler } from './compilers.ts'
import { refuseConnection, registerErrors, sendProblem, unreadableAddress } from './errors.ts'
import { countByAddress, placesPerClient } from './limits.ts'
import { isSigned, registerSignatures, unknownSigner, type SignatureSettings } from './signed-requests.ts'
import { parseStrictly, refused } from './strict-json.ts'

export const body_limit_bytes = 8 * 1024 * 1024
const request_timeout_ms = 60_000
const keep_alive_ms = 72_000
const headers_timeout_ms = 15_000
/** how often slow headers and bodies are looked for */
const connections_check_ms = 5000
const closing_sweep_ms = 250
/** turns of the event loop: in one of them every socket is read */
const turns_before_closing = 3
/** failed logins and wrong signatures per minute and address */
const failures_max = 600
/** of one client under way at once; half of what may wait for the database */
const under_way_max = 512
/** of one connection under way at once: whoever sends on without reading gets no more made for it */
const pipelined_max = 16
const known_bearers_max = 10_000
/** JSON is UTF-8 and nothing else (RFC 8259) */
const other_charset = /;\s*charset=(?!"?utf-?8"?\s*(;|$))/i
const hsts = 'max-age=31536000; includeSubDomains'

export interface InstanceOptions {
  logger: Logger
  resolve: PrincipalResolver
  /** requests per minute and client */
  rate_limit_max: number
  /** requests per minute and network address, before anybody is known */
  address_limit_max: number
  /** reverse proxies whose X-Forwarded-For is believed */
  trusted_proxies: readonly string[]
  /** answers tell browsers to come by https only */
  https_only: boolean
  /** a connection on which nothing moves for so long is closed; longer than any wait of the feed */
  silence_max_ms: number
  signatures: SignatureSettings
}

export async function createInstance (options: InstanceOptions): Promise<FastifyInstance> {
  const security = {
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    ...(options.https_only ? { 'strict-transport-security': hsts } : {})
  }
  const newTraceId = (): string => randomUUID().replaceAll('-', '')
  const app = Fastify({
    loggerInstance: options.logger as never,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'trace_id' }),
    bodyLimit: body_limit_bytes,
    requestTimeout: request_timeout_ms,
    keepAliveTimeout: keep_alive_ms,
    connectionTimeout: options.silence_max_ms,
    // A request without a Host is refused below, like everything else that is refused.
    http: { headersTimeout: headers_timeout_ms, connectionsCheckingInterval: connections_check_ms, requireHostHeader: false },
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: 200 },
    trustProxy: options.trusted_proxies.length === 0 ? false : [...options.trusted_proxies],
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    genReqId: request => traceIdOf(request.headers.traceparent) ?? newTraceId(),
    clientErrorHandler: (error, socket) => refuseConnection(error, socket as Socket, newTraceId(), security),
    frameworkErrors: (_error, request, reply) => {
      reply.headers(security).header('x-trace-id', request.id)
      void sendProblem(request as FastifyRequest, reply as FastifyReply, unreadableAddress())
    }
  }) as unknown as FastifyInstance
  // An expectation that nobody here knows is none of our business (RFC 9110 §10.1.1): the request is answered as if it had none.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.decorate('operations', new Map())
  app.decorateRequest('principal', null)
  app.decorateRequest('raw_body', null)
  registerErrors(app)
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    request.raw_body = body as Buffer
    try {
      if (other_charset.test(request.headers['content-type'] ?? '')) throw new Problem('unsupported_media_type')
      done(null, body.length === 0 ? undefined : parseStrictly(body as Buffer))
    } catch (error) {
      done(error as Error)
    }
  })

  app.addHook('onRoute', route => {
    if (route.method !== 'HEAD' && route.method !== 'OPTIONS' && route.url.startsWith('/v1') && route.config?.operation === undefined) {
      throw new Error(`${String(route.method)} ${route.url} declares no operation and so no callers`)
    }
  })
  const requests = countByAddress(options.address_limit_max)
  const failures = countByAddress(failures_max)
  const signers = countByAddress(options.rate_limit_max)
  /** Credentials that were good lately: a flood from their address does not shut them out. */
  const known_bearers = new Set<string>()
  const places = placesPerClient(under_way_max)
  const limited = (seconds: number) => new Problem('rate_limited', { headers: { 'retry-after': String(seconds) } })
  /** A caller that shows wrong credentials is refused; an address that keeps doing so learns no more. Good credentials still pass. */
  function failed ({ ip }: FastifyRequest, problem: Problem): Problem {
    if (failures.isOver(ip)) return limited(failures.retryAfterSeconds())
    failures.count(ip)
    return problem
  }
  /** A client takes a place until its answer is gone or its connection ends. */
  function occupy ({ client_id }: Principal, { raw, request }: FastifyReply): void {
    // The connection itself says that it ends: an answer that waits behind others, or whose caller had gone before, says nothing.
    const { socket } = request.raw
    if (socket.destroyed || !places.take(client_id)) throw limited(1)
    const leave = (): void => {
      raw.off('finish', leave)
      socket.off('close', leave)
      places.give(client_id)
    }
    raw.once('finish', leave)
    socket.setMaxListeners(under_way_max).once('close', leave)
  }
  const under_way = new WeakMap<Socket, number>()
  /** Counts what a connection has under way. @returns whether it may have one more */
  function joins ({ raw, request }: FastifyReply): boolean {
    const { socket } = request.raw
    const now = (under_way.get(socket) ?? 0) + 1
    under_way.set(socket, now)
    raw.once('finish', () => { under_way.set(socket, (under_way.get(socket) ?? 1) - 1) })
    return now <= pipelined_max
  }
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(security)
    reply.header('x-trace-id', request.id)
    if (!joins(reply)) throw limited(1)
    const bearer = bearerOf(request.headers.authorization)
    if (!requests.count(request.ip) && (bearer === null || !known_bearers.has(bearer))) throw limited(requests.retryAfterSeconds())
    if (request.url.includes('%00') || /%(?![0-9a-fA-F]{2})/.test(request.url)) {
      throw unreadableAddress()
    }
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1') {
      throw refused({ pointer: '/headers/host', code: 'MISSING_FIELD', message: 'The header Host is needed', message_zh: '缺少 Host 请求头' })
    }
    const spec = request.routeOptions.config.operation
    if (spec === undefined) return
    reply.header('cache-control', 'no-store')
    if (spec.callers === 'public') {
      if (spec.method === 'POST' && failures.isOver(request.ip)) throw limited(failures.retryAfterSeconds())
    } else {
      const found = bearer === null ? null : options.resolve(bearer)
      request.principal = found instanceof Promise ? await found : found
      if (request.principal === null) {
        if (request.headers.authorization !== undefined) throw failed(request, unauthenticated())
        // Without a bearer the signature says who calls, once the body is there.
        if (isSigned(request)) {
          const problem = await unknownSigner(request, options.signatures)
          if (problem !== null) throw failed(request, problem)
          return
        }
      } else if (found instanceof Promise && bearer !== null) {
        if (known_bearers.size >= known_bearers_max) known_bearers.clear()
        known_bearers.add(bearer)
      }
    }
    checkCaller(spec.callers, spec.person === true, request.principal)
    if (request.principal !== null) occupy(request.principal, reply)
    if (spec.method !== 'GET' && spec.body_media === undefined && request.headers['content-type']?.startsWith('multipart/') === true) {
      throw new Problem('unsupported_media_type')
    }
    if (spec.signed === true && options.signatures.required && !isSigned(request)) throw new Problem('signature_required')
  })
  app.addHook('preValidation', async request => {
    const body = request.routeOptions.config.operation?.body as { required?: readonly string[] } | undefined
    // Nothing sent is the empty object where nothing is required.
    if (request.body === undefined && body !== undefined && (body.required ?? []).length === 0 && request.method !== 'GET') request.body = {}
  })
  registerSignatures(app, options.signatures, (request, reply) => {
    const spec = request.routeOptions.config.operation
    if (spec === undefined || request.principal === null) return
    checkCaller(spec.callers, spec.person === true, request.principal)
    if (request.headers.authorization !== undefined) return
    if (!signers.count(request.principal.client_id)) throw limited(signers.retryAfterSeconds())
    occupy(request.principal, reply)
  }, failed)
  // A closing hub answers what is under way and lets each connection go with its answer, so that none holds up the end.
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
    // What was sent before may still stand in the sockets: it is read before connections count as idle.
    for (let turn = 0; turn < turns_before_closing; turn++) await new Promise(resolve => setImmediate(resolve))
    const sweep = setInterval(() => app.server.closeIdleConnections(), closing_sweep_ms)
    app.server.once('close', () => clearInterval(sweep))
    sweep.unref()
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (closing) reply.header('connection', 'close')
    done(null, payload)
  })
  app.addHook('onResponse', (request, reply, done) => {
    const spec = request.routeOptions.config.operation
    request.log.info({
      operation: spec?.id ?? null, status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10,
      participant_no: request.principal?.participant_no ?? null, user_no: request.principal?.user_no ?? null
    }, 'answered')
    if (reply.statusCode === 401 && spec?.callers === 'public') failures.count(request.ip)
    const { signature } = request
    if (signature !== null && !signature.spent) signature.spendAlone().catch((error: unknown) => request.log.error({ err: error }, 'a nonce was not kept'))
    done()
  })
  await app.register(rateLimit, {
    max: options.rate_limit_max,
    timeWindow: 60_000,
    enableDraftSpec: true,
    keyGenerator: (request: FastifyRequest) => request.principal?.client_id ?? request.ip,
    errorResponseBuilder: (_request, context) => new Problem('rate_limited', { headers: { 'retry-after': String(Math.ceil(context.ttl / 1000)) } })
  })
  return app
}

function traceIdOf (traceparent: unknown): string | null {
  if (typeof traceparent !== 'string') return null
  const match = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(traceparent)
  return match?.[1] === undefined || /^0+$/.test(match[1]) ? null : match[1]
}
