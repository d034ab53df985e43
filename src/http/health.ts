/** Operation: live, ready, metrics. */
import type { FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client'
import Type from 'typebox'
import type { Db } from '../db/db.ts'
import { operation } from './operation.ts'
import { named, nullable } from './schema.ts'

const Readiness = named('Readiness', Type.Object({
  status: Type.String({ maxLength: 20, description: 'ready or not_ready' }),
  database: Type.String({ maxLength: 20, description: 'sqlite or postgres' }),
  settings: Type.Object({}, { additionalProperties: Type.String({ maxLength: 200 }), description: 'Durability settings in force' }),
  checkpoint_size: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Entries that the newest checkpoint covers' }),
  checkpoint_age_seconds: nullable(Type.Integer({ minimum: -2_147_483_648, maximum: 2_147_483_647, description: 'How old it is' })),
  unfit: Type.Array(Type.String({ maxLength: 60 }), { maxItems: 20, description: 'What stands in the way' })
}))

/** Facts for /health/ready beyond the database's settings; a name in `unfit` means not ready. */
export type ReadyCheck = () => Promise<{ facts: Record<string, string | number | null>, unfit: string[] }>

export function registerHealth (app: FastifyInstance, { db, ready, check }: { db: Db, ready: { value: boolean }, check: ReadyCheck }): void {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'rongqiao_' })
  const durations = new Histogram({
    name: 'rongqiao_request_seconds', help: 'Time to answer, by operation', labelNames: ['operation'], registers: [registry],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
  })
  const answers = new Counter({ name: 'rongqiao_answers_total', help: 'Answers, by operation and status', labelNames: ['operation', 'status'], registers: [registry] })
  // Finding a child by its labels costs more than counting in it.
  const durationOf = childOf(operation => durations.labels({ operation }))
  const answersOf = childOf(operation => childOf(status => answers.labels({ operation, status })))
  app.addHook('onResponse', (request, reply, done) => {
    const operation = request.routeOptions.config.operation?.id ?? 'other'
    durationOf(operation).observe(reply.elapsedTime / 1000)
    answersOf(operation)(String(reply.statusCode)).inc()
    done()
  })
  operation(app, { db }, {
    id: 'getLive', method: 'GET', path: '/health/live', callers: 'public',
    summary: 'Say that the process lives', summary_zh: '存活检查', description: 'For the supervisor of the process; asks nothing of the database.',
    replies: { 200: Type.Object({ status: Type.Literal('live', { description: 'Always live' }) }) },
    example: { reply: { status: 'live' } }
  }, async () => ({ status: 200, body: { status: 'live' } }))

  operation(app, { db }, {
    id: 'getReady', method: 'GET', path: '/health/ready', callers: 'public',
    summary: 'Say whether requests may be sent here', summary_zh: '就绪检查',
    description: 'Ready when started, with safe database settings and a young checkpoint. 503 otherwise, with what is unfit.',
    replies: { 200: Readiness, 503: Readiness },
    example: {
      reply: { status: 'ready', database: 'sqlite', settings: { synchronous: '2' }, checkpoint_size: 17, checkpoint_age_seconds: 12, unfit: [] }
    }
  }, async () => {
    const [settings, checked] = await Promise.all([db.settings(), check()])
    const unfit = [...settings.unsafe, ...checked.unfit, ...(ready.value ? [] : ['starting'])]
    return {
      status: unfit.length === 0 ? 200 : 503,
      ...(unfit.length === 0 ? {} : { headers: { 'retry-after': '1' } }),
      body: { status: unfit.length === 0 ? 'ready' : 'not_ready', database: db.dialect, settings: settings.facts, ...checked.facts, unfit }
    }
  })

  operation(app, { db }, {
    id: 'getMetrics', method: 'GET', path: '/metrics', callers: 'public',
    summary: 'Read the metrics', summary_zh: '读取监控指标', description: 'Prometheus text: sums over all callers, nothing of a single one. Keep it inside the operator\'s network.',
    replies: { 200: { media: 'text/plain', description: 'Prometheus exposition format' } }
  }, async () => ({ status: 200, headers: { 'content-type': registry.contentType }, body: await registry.metrics() }))

  let contract: Buffer | undefined
  operation(app, { db }, {
    id: 'getContract', method: 'GET', path: '/openapi.json', callers: 'public',
    summary: 'Read this contract', summary_zh: '读取本接口契约', description: 'OpenAPI 3.1, generated from the running code.',
    replies: { 200: { media: 'application/json', description: 'The contract' } },
    example: { reply: { openapi: '3.1.0' } }
  }, async () => {
    contract ??= Buffer.from(JSON.stringify(app.swagger()))
    return { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, body: contract }
  })
}

/** Makes each child of a metric once. */
function childOf<T> (make: (label: string) => T): (label: string) => T {
  const made = new Map<string, T>()
  return label => {
    let child = made.get(label)
    if (child === undefined) made.set(label, child = make(label))
    return child
  }
}
