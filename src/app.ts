/**
 * Wiring by hand, in order; the only file that imports every floor. No logic.
 */
import { join } from 'node:path'
import multipart from '@fastify/multipart'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { Db } from './db/db.ts'
import { loggedError } from './db/failures.ts'
import { createLoops, type Loops } from './db/loops.ts'
import { createDialler, machine_net } from './delivery/dialler.ts'
import { networksOf } from './delivery/addresses.ts'
import { webhook_specs } from './delivery/event-types.ts'
import { forgetOldAttempts } from './delivery/forgetting.ts'
import { layOut } from './delivery/laying-out.ts'
import { networkRoutes } from './delivery/network-routes.ts'
import { deliveryRoutes } from './delivery/routes.ts'
import { createSender } from './delivery/sender.ts'
import { openNetworks } from './delivery/store.ts'
import { registerHealth } from './http/health.ts'
import { forgetAnswers } from './http/idempotency.ts'
import { createInstance } from './http/instance.ts'
import { registerDocs, registerOpenapi } from './http/openapi.ts'
import { forgetNonces } from './http/signed-requests.ts'
import { hubCipher } from './http/sm.ts'
import { authorizationRoutes } from './intake/authorizations/routes.ts'
import { documentWatch, takeInWaiting } from './intake/enterprise-lists/documents.ts'
import { listReader } from './intake/enterprise-lists/read-in-worker.ts'
import { enterpriseListRoutes } from './intake/enterprise-lists/routes.ts'
import { lists_at_once, listLoop } from './intake/enterprise-lists/working.ts'
import { enterpriseRoutes } from './intake/enterprises/routes.ts'
import { financingNeedRoutes } from './intake/financing-needs/routes.ts'
import type { IntakeHooks } from './intake/hooks.ts'
import { projectRoutes } from './intake/projects/routes.ts'
import { auditRoutes } from './journal/audit-routes.ts'
import { checkpointAge, journal_origin, keepCheckpoints } from './journal/checkpoints.ts'
import { sequence, sequenced_per_unit_max } from './journal/events.ts'
import { verifierOf, vkeyOf } from './journal/note.ts'
import { feedReaders } from './journal/readers.ts'
import { journalRoutes } from './journal/routes.ts'
import { directoryStore } from './lending/documents/files.ts'
import { documentRoutes } from './lending/documents/routes.ts'
import type { MayRead } from './lending/documents/service.ts'
import { findDocument } from './lending/documents/store.ts'
import { drawdownRoutes } from './lending/drawdowns/routes.ts'
import { lookAtToldLead } from './lending/drawdowns/service.ts'
import { feeVoucherRoutes } from './lending/fee-vouchers/routes.ts'
import { guaranteeContractRoutes } from './lending/guarantee-contracts/routes.ts'
import { heldDisclosures, readHeldDocument } from './lending/held-reading.ts'
import { insurancePolicyRoutes } from './lending/insurance-policies/routes.ts'
import { interestVoucherRoutes } from './lending/interest-vouchers/routes.ts'
import { leaseContractRoutes } from './lending/lease-contracts/routes.ts'
import { loanContractRoutes } from './lending/loan-contracts/routes.ts'
import { countedLimits } from './lending/loan-contracts/household.ts'
import { rentVoucherRoutes } from './lending/rent-vouchers/routes.ts'
import { subsidyAccountRoutes } from './lending/subsidy-accounts/routes.ts'
import { loadHubKeys } from './db/keys.ts'
import { matchAgain } from './matching/leads/facts.ts'
import { disclosuresOf, expireLeads, withdrawLeads, withdrawLeadsOfNeed } from './matching/leads/ending.ts'
import { matchNeeds, needs_per_unit_max } from './matching/leads/pushing.ts'
import { pairingWatch } from './matching/leads/re-matching.ts'
import { watchClock } from './matching/leads/reminding.ts'
import { leadRoutes } from './matching/leads/routes.ts'
import { batchRoutes } from './payment/batches/routes.ts'
import { resultRoutes } from './payment/batches/result-routes.ts'
import { paymentStatusOf } from './payment/batches/store.ts'
import { budgetRoutes } from './payment/budgets/routes.ts'
import { seedBudget } from './payment/budgets/service.ts'
import { clawbackRoutes } from './payment/clawbacks/routes.ts'
import { clawback_ledger } from './payment/clawbacks/service.ts'
import { holdRoutes } from './payment/holds/routes.ts'
import { escalateHolds } from './payment/holds/service.ts'
import { calendarRoutes } from './registry/calendars/routes.ts'
import { seedCalendars } from './registry/calendars/service.ts'
import { consortiumRoutes } from './registry/consortia/routes.ts'
import { announceExpiry, expireConsortia } from './registry/consortia/service.ts'
import { oauthRoutes } from './registry/participants/oauth.ts'
import { participantRoutes } from './registry/participants/routes.ts'
import { keyResolver } from './registry/participants/service.ts'
import { signerFinder } from './registry/participants/signing-keys.ts'
import { keeperNos } from './registry/participants/store.ts'
import { clearAssertions, tokenService } from './registry/participants/tokens.ts'
import { quoteRoutes } from './registry/policies/quote-routes.ts'
import { policyRoutes } from './registry/policies/routes.ts'
import { seedPolicies } from './registry/policies/service.ts'
import { usccOverrideRoutes } from './registry/uscc-overrides/routes.ts'
import { postLoanRoutes } from './oversight/post-loan-reports/routes.ts'
import { receiptRoutes } from './oversight/receipts/routes.ts'
import { forgetResults, makeWaiting } from './oversight/reports/results.ts'
import { basisRoutes } from './oversight/reports/behind-routes.ts'
import { reportRoutes } from './oversight/reports/routes.ts'
import { scoreRoutes } from './oversight/reports/score-routes.ts'
import { announceScores } from './oversight/reports/scores.ts'
import { regulatorDisclosures } from './oversight/reports/service.ts'
import { selfAssessmentRoutes } from './oversight/self-assessments/routes.ts'
import { breakerRoutes } from './risk/breakers/routes.ts'
import { growBreakers } from './risk/breakers/service.ts'
import { tellOverdueClaims } from './risk/compensation-claims/due.ts'
import { drawWaiting } from './risk/compensation-claims/pool.ts'
import { claimRoutes } from './risk/compensation-claims/routes.ts'
import { readClaimDocument } from './risk/compensation-claims/service.ts'
import { claims_filed } from './risk/compensation-claims/store.ts'
import { deriveDue, markProject, markStale, marks_per_step } from './subsidy/lines/deriving.ts'
import { lineRoutes } from './subsidy/lines/routes.ts'
import { packetAuditRoutes } from './subsidy/packets/audit-routes.ts'
import { packetRoutes } from './subsidy/packets/routes.ts'
import { packetSigner } from './subsidy/packets/sealing.ts'
import { readPacketDocument, settlementDisclosures } from './subsidy/packets/service.ts'

/** What the rooms are given. */
export interface Hub {
  config: Readonly<Config>
  db: Db
  log: Logger
}

export interface HubApp { app: FastifyInstance, loops: Loops, ready: { value: boolean } }

export async function buildApp ({ log: any_log, ...given }: Hub): Promise<HubApp> {
  const log = any_log.child({}, { serializers: { err: loggedError } })
  const hub: Hub = { ...given, log }
  const { db, config } = hub
  const loops = createLoops(db, log)
  const ready = { value: false }
  const keys = loadHubKeys(config)
  const rooms = { ...hub, keys, cipher: hubCipher(config, keys.keyring) }
  const tokens = tokenService(db, config, keys)
  const resolve = keyResolver(db, { sandbox: config.hub_mode === 'sandbox', verifier: tokens.verifier })
  db.useCipher(rooms.cipher)
  const app = await createInstance({
    logger: log, resolve, rate_limit_max: config.rate_limit_per_minute,
    address_limit_max: config.rate_limit_per_address_per_minute, trusted_proxies: config.trusted_proxies, https_only: config.hub_mode === 'production',
    silence_max_ms: config.silent_connection_seconds * 1000,
    signatures: { ...rooms, required: config.hub_mode === 'production', public_url: config.public_url, findSigner: signerFinder(db) }
  })
  await registerOpenapi(app, { server_url: config.public_url ?? 'http://127.0.0.1:8080', webhooks: webhook_specs })
  await app.register(multipart)
  await registerDocs(app)

  loops.add({ name: 'sequence', work: () => sequence(db), full: sequenced_per_unit_max, every_ms: 50, on_commit: true })
  const signer = { name: journal_origin, private_key: keys.private_key }
  loops.add({ name: 'checkpoint', work: () => keepCheckpoints(db, signer), every_ms: 1000 })
  loops.add({ name: 'nonces', work: () => forgetNonces(db), every_ms: 60_000 })
  loops.add({ name: 'answers', work: () => forgetAnswers(db), every_ms: 3_600_000 })
  const readers = feedReaders(db)
  loops.add({ name: 'feed-readers', work: () => readers.keep(), every_ms: 3000, shared: true })
  journalRoutes(app, rooms, readers)
  auditRoutes(app, { db, verifier_key: vkeyOf(verifierOf(journal_origin, keys.public_key)) })
  const is_sandbox = config.hub_mode === 'sandbox'
  const dialler = createDialler(machine_net, async () => ({ sandbox: is_sandbox, opened: networksOf(await openNetworks(db.read)) }))
  const sender = createSender({ db, cipher: rooms.cipher, dialler, log, challenge_echoed: !is_sandbox })
  loops.add({ name: 'lay-out', work: () => layOut(db), every_ms: 1000, on_commit: true })
  loops.add({ name: 'send', work: () => sender.step(), every_ms: 1000, on_commit: true, shared: true })
  loops.add({ name: 'attempts', work: () => forgetOldAttempts(db, config.webhook_attempts_kept_days), every_ms: 3_600_000 })
  deliveryRoutes(app, rooms, dialler, config.webhook_attempts_kept_days, { two_persons: !is_sandbox })
  networkRoutes(app, rooms, keeperNos)
  await seedPolicies(db)
  await seedCalendars(db)
  participantRoutes(app, rooms)
  oauthRoutes(app, rooms, tokens)
  loops.add({ name: 'assertions', work: () => clearAssertions(db), every_ms: 60_000 })
  consortiumRoutes(app, rooms)
  loops.add({ name: 'consortium-terms', work: async () => await expireConsortia(db) + await announceExpiry(db), every_ms: 60_000 })
  policyRoutes(app, rooms)
  quoteRoutes(app, rooms)
  calendarRoutes(app, rooms)
  usccOverrideRoutes(app, rooms)

  const intake: IntakeHooks = {
    disclosuresOf: async (sql, authorization_no) => [
      ...await disclosuresOf(sql, authorization_no), ...await settlementDisclosures(sql, authorization_no), ...await regulatorDisclosures(sql, authorization_no),
      ...await heldDisclosures(sql, authorization_no)
    ],
    onWithdraw: withdrawLeads, onAuthorized: (sql, usccs) => matchAgain(sql, { usccs }),
    onEvidence: (sql, now, uscc) => takeInWaiting(sql, now, uscc, intake), onNeedWithdrawn: withdrawLeadsOfNeed, onProjectChange: markProject,
    countedLimits
  }
  const lists = { db, bodies: directoryStore(join(config.data_dir, 'lists'), rooms.cipher), reader: listReader(), hooks: intake, log }
  loops.add({ name: 'read-lists', work: listLoop(lists), full: lists_at_once, every_ms: 1000, on_commit: true })
  loops.add({ name: 'documents-begun', work: documentWatch(db, intake), every_ms: 60_000 })
  enterpriseListRoutes(app, lists, config)
  enterpriseRoutes(app, rooms)
  authorizationRoutes(app, rooms, intake)
  projectRoutes(app, rooms, intake)
  financingNeedRoutes(app, rooms, intake)

  loops.add({ name: 'match', work: () => matchNeeds(db), full: needs_per_unit_max, every_ms: 1000, on_commit: true })
  loops.add({ name: 'pairings', work: pairingWatch(db), every_ms: 1000 })
  loops.add({ name: 'clock', work: () => watchClock(db), every_ms: 1000 })
  loops.add({ name: 'expire', work: () => expireLeads(db), every_ms: 1000 })
  leadRoutes(app, rooms, {
    hasDocument: async (sql, participant_no, document_no) => await findDocument(sql, participant_no, document_no) !== undefined, onDisbursed: lookAtToldLead
  }, config.partner_statuses)

  const bodies = directoryStore(join(config.data_dir, 'documents'), rooms.cipher)
  const mayRead: MayRead = async (sql, principal, document_no, now) => await readHeldDocument(sql, principal, document_no, now) ??
    await readPacketDocument(sql, principal, document_no) ?? await readClaimDocument(sql, principal, document_no)
  documentRoutes(app, { db, bodies, mayRead })
  loanContractRoutes(app, { db })
  drawdownRoutes(app, rooms, claims_filed)
  leaseContractRoutes(app, rooms)
  guaranteeContractRoutes(app, rooms, claims_filed)
  insurancePolicyRoutes(app, rooms)
  subsidyAccountRoutes(app, rooms)
  interestVoucherRoutes(app, rooms)
  rentVoucherRoutes(app, rooms)
  feeVoucherRoutes(app, rooms)

  const packets = { db, room: { signer: packetSigner(keys), bodies, ledger: clawback_ledger } }
  loops.add({ name: 'derive', work: () => deriveDue(db, clawback_ledger), full: marks_per_step, every_ms: 1000, on_commit: true })
  loops.add({ name: 'stale-lines', work: () => markStale(db), every_ms: 5000 })
  lineRoutes(app, { db, paymentStatusOf })
  packetRoutes(app, packets)
  packetAuditRoutes(app, packets)
  await seedBudget(db, config.hub_mode)
  budgetRoutes(app, rooms)
  batchRoutes(app, rooms)
  await resultRoutes(app, rooms)
  holdRoutes(app, rooms)
  loops.add({ name: 'holds', work: () => escalateHolds(db), every_ms: 60_000 })
  clawbackRoutes(app, rooms)

  breakerRoutes(app, rooms)
  loops.add({ name: 'breakers', work: () => growBreakers(db), every_ms: 5000 })
  claimRoutes(app, rooms)
  loops.add({ name: 'claims-due', work: () => tellOverdueClaims(db), every_ms: 60_000 })
  loops.add({ name: 'risk-pool', work: () => drawWaiting(db), every_ms: 5000 })
  postLoanRoutes(app, rooms)
  selfAssessmentRoutes(app, rooms)
  reportRoutes(app, rooms, config.report_rows_at_once)
  scoreRoutes(app, rooms)
  basisRoutes(app, rooms)
  loops.add({ name: 'scores', work: () => announceScores(db), every_ms: 60_000 })
  loops.add({ name: 'report-results', work: () => makeWaiting(db), every_ms: 1000, on_commit: true })
  loops.add({ name: 'old-reports', work: () => forgetResults(db), every_ms: 3_600_000 })
  receiptRoutes(app, rooms)

  registerHealth(app, { db, ready, check: () => checkpointAge(db) })
  app.addHook('onClose', async () => {
    await loops.stop()
    await sender.close()
    await lists.reader.close()
  })
  return { app, loops, ready }
}
