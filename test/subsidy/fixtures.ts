/** A hub with a listed project, a loan on it and the steps from a voucher to an approved packet. */
import type { Test } from 'tap'
import type { LightMyRequestResponse } from 'fastify'
import { aProject } from '../fixtures.ts'
import type { Built } from '../helper.ts'
import { aDocument, aDrawdown, aLoanContract, aVoucher, created, lent, project_1, uscc_1, type Lent } from '../lending/fixtures.ts'

export interface Line { line_no: string, kind: string, status: string, amount: string, recognised_amount: string | null, packet_no: string,
  supplement_of: string | null, payment_status: string, voucher_no: string, blocked_by: { rule_id: string }[], participant_no: string,
  period: string }
export interface Packet { packet_no: string, version: number, status: string, digest: string, claimed_amount: string, sequence: number,
  kind: string, lines: { line_no: string, claimed_amount: string }[], participant_no: string }

/** The body of a 2xx; anything else stops the test with what was said. */
export function done<T = Record<string, unknown>> (answer: LightMyRequestResponse): T {
  if (answer.statusCode >= 300) throw new Error(`${answer.statusCode} ${answer.body}`)
  return answer.json() as T
}

/** Registers the project and lets district and city list it. */
export async function listProject (hub: Built, over: Record<string, unknown> = {}): Promise<void> {
  done(await hub.as('enterprise-1', 1).post('/v1/projects', aProject(over)))
  await passLibrary(hub)
}

export async function passLibrary (hub: Built, project_code = project_1): Promise<void> {
  done(await hub.as('district-meic-1', 1).post(`/v1/projects/${project_code}/library-entry`, { decision: 'PASS' }))
  done(await hub.as('meic', 1).post(`/v1/projects/${project_code}/library-entry`, { decision: 'PASS', entry_no: 'JG-2026-00017' }))
}

/** bank-1 has lent to enterprise-1 for a listed project. */
export async function ready (t: Test, options: Parameters<typeof lent>[1] = {}): Promise<Lent> {
  const loan = await lent(t, options)
  await listProject(loan.hub)
  return loan
}

/** Another loan for the same project. */
export async function anotherLoan (hub: Built, bank: string, contract: Record<string, unknown> = {}, drawdown: Record<string,
  unknown> = {}): Promise<string> {
  const loan = aLoanContract(await aDocument(hub, bank), contract)
  created(await hub.as(bank).post('/v1/loan-contracts', loan))
  const iou = aDrawdown(loan.loan_contract_no, drawdown)
  created(await hub.as(bank).post('/v1/drawdowns', iou))
  return iou.iou_no
}

export async function send (hub: Built, bank: string, iou_no: string, over: Record<string, unknown> = {}): Promise<Record<string,
  unknown>> {
  const voucher = created(await hub.as(bank).post('/v1/interest-vouchers', aVoucher(iou_no, await aDocument(hub, bank), over)))
  await hub.loops.settle()
  return voucher
}

export async function lines (hub: Built, who = 'meic', query = ''): Promise<Line[]> {
  return done<{ items: Line[] }>(await hub.as(who).get(`/v1/subsidy-lines?limit=200${query}`)).items
}

export async function packets (hub: Built, who = 'meic', query = ''): Promise<Packet[]> {
  return done<{ items: Packet[] }>(await hub.as(who).get(`/v1/subsidy-packets?limit=200${query}`)).items
}

export async function packetOf (hub: Built, packet_no: string, who = 'meic'): Promise<Packet> {
  return done<Packet>(await hub.as(who).get(`/v1/subsidy-packets/${packet_no}`))
}

export async function submitted (hub: Built, who: string, packet_no: string): Promise<Packet> {
  return done<Packet>(await hub.as(who).post(`/v1/subsidy-packets/${packet_no}/submit`, {}))
}

/** Assigned to auditor-1, concluded on and confirmed. */
export async function audited (hub: Built, packet: Packet, conclusion: Record<string, unknown> = {}): Promise<Packet> {
  const path = `/v1/subsidy-packets/${packet.packet_no}`
  done(await hub.as('meic', 1).post(`${path}/assign`, { auditor_no: 'auditor-1', conflict_of_interest_declared: true }))
  const prepared = done<{ conclusion_no: string }>(await hub.as('auditor-1', 1).post(`${path}/conclusions`,
    { packet_digest: packet.digest, conflict_of_interest_declared: true, ...conclusion }))
  done(await hub.as('auditor-1', 2).post(`${path}/conclusions/${prepared.conclusion_no}/confirm`, {}))
  return packetOf(hub, packet.packet_no)
}

export async function approved (hub: Built, packet: Packet, conclusion: Record<string, unknown> = {}): Promise<Packet> {
  const concluded = await audited(hub, packet, conclusion)
  return done<Packet>(await hub.as('meic', 2).post(`/v1/subsidy-packets/${packet.packet_no}/approve`, { digest: concluded.digest }))
}

/** Submits and approves every packet that is still a draft. */
export async function approveAll (hub: Built): Promise<void> {
  for (const draft of await packets(hub, 'meic', '&status=DRAFT')) await approved(hub, await submitted(hub, draft.participant_no,
    draft.packet_no))
  await hub.loops.settle()
}

export { project_1, uscc_1 }
