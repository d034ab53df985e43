/**
 * Wiring by hand, in order; the only file that imports every floor. No logic.
 */
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import { AES_256_GCM, createCipher } from './db/cipher.ts'
import type { Db } from './db/db.ts'
import { createLoops, type Loops } from './db/loops.ts'
import { registerHealth } from './http/health.ts'
import { createInstance } from './http/instance.ts'
import { registerOpenapi } from './http/openapi.ts'
import { SM4_CTR_HMAC_SM3 } from './http/sm.ts'
import { auditRoutes } from './journal/audit-routes.ts'
import { checkpointAge, journal_origin, keepCheckpoints } from './journal/checkpoints.ts'
import { sequence } from './journal/events.ts'
import { verifierOf, vkeyOf } from './journal/note.ts'
import { journalRoutes } from './journal/routes.ts'
import { loadHubKeys } from './keys.ts'
import { calendarRoutes } from './registry/calendars/routes.ts'
import { seedCalendars } from './registry/calendars/service.ts'
import { participantRoutes } from './registry/participants/routes.ts'
import { keyResolver } from './registry/participants/service.ts'
import { quoteRoutes } from './registry/policies/quote-routes.ts'
import { policyRoutes } from './registry/policies/routes.ts'
import { seedPolicies } from './registry/policies/service.ts'

/** What the rooms are given. */
export interface Hub {
  config: Readonly<Config>
  db: Db
  log: Logger
}

export interface HubApp { app: FastifyInstance, loops: Loops, ready: { value: boolean } }

export async function buildApp (hub: Hub): Promise<HubApp> {
  const { db, config, log } = hub
  const loops = createLoops(db, log)
  const ready = { value: false }
  const keys = loadHubKeys(config)
  const rooms = { ...hub, keys, cipher: createCipher(keys.keyring, [AES_256_GCM, SM4_CTR_HMAC_SM3]) }
  const app = await createInstance({ logger: log, resolve: keyResolver(db), rate_limit_max: config.rate_limit_per_minute })
  await registerOpenapi(app, { server_url: config.public_url ?? 'http://127.0.0.1:8080', webhooks: {} })
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true })

  loops.add({ name: 'sequence', work: () => sequence(db), every_ms: 50 })
  const signer = { name: journal_origin, private_key: keys.private_key }
  loops.add({ name: 'checkpoint', work: () => keepCheckpoints(db, signer), every_ms: 1000 })
  journalRoutes(app, rooms)
  auditRoutes(app, { db, verifier_key: vkeyOf(verifierOf(journal_origin, keys.public_key)) })
  await seedPolicies(db)
  await seedCalendars(db)
  participantRoutes(app, rooms)
  policyRoutes(app, rooms)
  quoteRoutes(app, rooms)
  calendarRoutes(app, rooms)

  app.get('/openapi.json', async (_request, reply) => reply.type('application/json; charset=utf-8').send(app.swagger()))
  registerHealth(app, { db, ready, check: () => checkpointAge(db) })
  app.addHook('onClose', async () => { await loops.stop() })
  return { app, loops, ready }
}
