/**
 * Wiring by hand, in order; the only file that imports every floor. No logic.
 */
import { join } from 'node:path'
import multipart from '@fastify/multipart'
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
import { forgetNonces } from './http/signed-requests.ts'
import { SM4_CTR_HMAC_SM3 } from './http/sm.ts'
import { authorizationRoutes } from './intake/authorizations/routes.ts'
import { listReader } from './intake/enterprise-lists/read-in-worker.ts'
import { enterpriseListRoutes } from './intake/enterprise-lists/routes.ts'
import { readLists } from './intake/enterprise-lists/working.ts'
import { enterpriseRoutes } from './intake/enterprises/routes.ts'
import { financingNeedRoutes } from './intake/financing-needs/routes.ts'
import { no_hooks, type IntakeHooks } from './intake/hooks.ts'
import { projectRoutes } from './intake/projects/routes.ts'
import { auditRoutes } from './journal/audit-routes.ts'
import { checkpointAge, journal_origin, keepCheckpoints } from './journal/checkpoints.ts'
import { sequence } from './journal/events.ts'
import { verifierOf, vkeyOf } from './journal/note.ts'
import { journalRoutes } from './journal/routes.ts'
import { directoryStore } from './lending/documents/files.ts'
import { documentRoutes } from './lending/documents/routes.ts'
import { findDocument } from './lending/documents/store.ts'
import { drawdownRoutes } from './lending/drawdowns/routes.ts'
import { interestVoucherRoutes } from './lending/interest-vouchers/routes.ts'
import { loanContractRoutes } from './lending/loan-contracts/routes.ts'
import { loadHubKeys } from './keys.ts'
import { disclosuresOf, expireLeads, withdrawLeads, withdrawLeadsOfNeed } from './matching/leads/ending.ts'
import { matchNeeds } from './matching/leads/pushing.ts'
import { pairingWatch } from './matching/leads/re-matching.ts'
import { watchClock } from './matching/leads/reminding.ts'
import { leadRoutes } from './matching/leads/routes.ts'
import { calendarRoutes } from './registry/calendars/routes.ts'
import { seedCalendars } from './registry/calendars/service.ts'
import { consortiumRoutes } from './registry/consortia/routes.ts'
import { expireConsortia } from './registry/consortia/service.ts'
import { oauthRoutes } from './registry/participants/oauth.ts'
import { participantRoutes } from './registry/participants/routes.ts'
import { keyResolver } from './registry/participants/service.ts'
import { signerFinder } from './registry/participants/signing-keys.ts'
import { clearAssertions, tokenService } from './registry/participants/tokens.ts'
import { quoteRoutes } from './registry/policies/quote-routes.ts'
import { policyRoutes } from './registry/policies/routes.ts'
import { seedPolicies } from './registry/policies/service.ts'
import { breakerRoutes } from './risk/breakers/routes.ts'
import { claimRoutes } from './risk/compensation-claims/routes.ts'

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
  const tokens = tokenService(db, config, keys)
  const resolve = keyResolver(db, { sandbox: config.hub_mode === 'sandbox', verifier: tokens.verifier })
  const app = await createInstance({
    logger: log, resolve, rate_limit_max: config.rate_limit_per_minute,
    address_limit_max: config.rate_limit_per_address_per_minute, trusted_proxies: config.trusted_proxies, https_only: config.hub_mode === 'production',
    signatures: { ...rooms, required: config.hub_mode === 'production', public_url: config.public_url, findSigner: signerFinder(db) }
  })
  await registerOpenapi(app, { server_url: config.public_url ?? 'http://127.0.0.1:8080', webhooks: {} })
  await app.register(multipart)
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true })

  loops.add({ name: 'sequence', work: () => sequence(db), every_ms: 50, on_commit: true })
  const signer = { name: journal_origin, private_key: keys.private_key }
  loops.add({ name: 'checkpoint', work: () => keepCheckpoints(db, signer), every_ms: 1000 })
  loops.add({ name: 'nonces', work: () => forgetNonces(db), every_ms: 60_000 })
  journalRoutes(app, rooms)
  auditRoutes(app, { db, verifier_key: vkeyOf(verifierOf(journal_origin, keys.public_key)) })
  await seedPolicies(db)
  await seedCalendars(db)
  participantRoutes(app, rooms)
  oauthRoutes(app, rooms, tokens)
  loops.add({ name: 'assertions', work: () => clearAssertions(db), every_ms: 60_000 })
  consortiumRoutes(app, rooms)
  loops.add({ name: 'consortium-terms', work: () => expireConsortia(db), every_ms: 60_000 })
  policyRoutes(app, rooms)
  quoteRoutes(app, rooms)
  calendarRoutes(app, rooms)

  const intake: IntakeHooks = { ...no_hooks, disclosuresOf, onWithdraw: withdrawLeads, onNeedWithdrawn: withdrawLeadsOfNeed }
  const lists = { db, bodies: directoryStore(join(config.data_dir, 'lists')), reader: listReader(), hooks: intake, log }
  loops.add({ name: 'read-lists', work: () => readLists(lists), every_ms: 1000 })
  enterpriseListRoutes(app, lists, config)
  enterpriseRoutes(app, rooms)
  authorizationRoutes(app, rooms, intake)
  projectRoutes(app, rooms, intake)
  financingNeedRoutes(app, rooms, intake)

  loops.add({ name: 'match', work: () => matchNeeds(db), every_ms: 1000, on_commit: true })
  loops.add({ name: 'pairings', work: pairingWatch(db), every_ms: 1000 })
  loops.add({ name: 'clock', work: () => watchClock(db), every_ms: 1000 })
  loops.add({ name: 'expire', work: () => expireLeads(db), every_ms: 1000 })
  leadRoutes(app, rooms, { hasDocument: async (sql, participant_no, document_no) => await findDocument(sql, participant_no, document_no) !== undefined })

  const bodies = directoryStore(join(config.data_dir, 'documents'))
  documentRoutes(app, { db, bodies, mayRead: async () => false })
  loanContractRoutes(app, { db, guarantees: async () => false })
  drawdownRoutes(app, rooms)
  interestVoucherRoutes(app, rooms)

  breakerRoutes(app, rooms)
  claimRoutes(app, rooms)

  app.get('/openapi.json', async (_request, reply) => reply.type('application/json; charset=utf-8').send(app.swagger()))
  registerHealth(app, { db, ready, check: () => checkpointAge(db) })
  app.addHook('onClose', async () => {
    await loops.stop()
    await lists.reader.close()
  })
  return { app, loops, ready }
}
