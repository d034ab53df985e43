/** Operation: live, ready, metrics. */
import type { FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client'
import type { Db } from '../db/db.ts'

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
  app.addHook('onResponse', (request, reply, done) => {
    const operation = request.routeOptions.config.operation?.id ?? 'other'
    durations.observe({ operation }, reply.elapsedTime / 1000)
    answers.inc({ operation, status: reply.statusCode })
    done()
  })
  app.get('/health/live', async () => ({ status: 'live' }))
  app.get('/health/ready', async (_request, reply) => {
    const [settings, checked] = await Promise.all([db.settings(), check()])
    const unfit = [...settings.unsafe, ...checked.unfit, ...(ready.value ? [] : ['starting'])]
    return reply.code(unfit.length === 0 ? 200 : 503).header('cache-control', 'no-store').send({
      status: unfit.length === 0 ? 'ready' : 'not_ready', database: db.dialect, settings: settings.facts, ...checked.facts, unfit
    })
  })
  app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()))
}
