/** The way of a packet: drafted by the hub, submitted by the institution, assigned, concluded, approved or returned. */
import { newNo } from '../../clock.ts'
import type { Db, ReadSql, WriteSql } from '../../db/db.ts'
import { personOf, type Principal } from '../../http/access.ts'
import type { FactOf } from '../../journal/event-types.ts'
import { provenEntries } from '../../journal/checkpoints.ts'
import { append, type NewEvent } from '../../journal/events.ts'
import { findCovering, statusOn } from '../../intake/authorizations/service.ts'
import type { Scope } from '../../intake/authorizations/kinds.ts'
import { authorizationsByNo } from '../../intake/authorizations/store.ts'
import type { Disclosure } from '../../intake/hooks.ts'
import type { DocumentStore } from '../../lending/documents/files.ts'
import type { Reading } from '../../lending/documents/service.ts'
import { findAnyDocument } from '../../lending/documents/store.ts'
import { mark, type SubsidyKind } from '../../lending/marks.ts'
import { beijingDate } from '../../policy/calendar.ts'
import type { Finding } from '../../policy/findings.ts'
import { allowed } from '../../policy/lifecycle.ts'
import { sumFen, yuanOf } from '../../policy/money.ts'
import { notFound, Problem, stateConflict } from '../../problem.ts'
import { findParticipant } from '../../registry/participants/store.ts'
import { policiesIn } from '../../registry/policies/service.ts'
import { settlementAudience } from '../audience.ts'
import { derive, type ClawbackLedger } from '../lines/deriving.ts'
import { payeeAccountShown } from '../lines/sources.ts'
import { findLines, linesOfPacket, moveLines, placeLine, recogniseLine, supersedeOpenOf, type SubsidyLine } from '../lines/store.ts'
import { reviewOf } from './reviewing.ts'
import { archiveOf, sealPacket, type PacketSigner } from './sealing.ts'
import {
  conclusionsOf, findPacket, findVersion, insertVersion, keepReads, lastVersion, listPackets, movePacket, packetLines,
    packetsOfKey, sealedWith, settlementReads,
  type Difference, type Packet, type PacketFilter, type PacketKey, type PacketRead, type PacketVersion, type SealedDocument
} from './store.ts'

export interface PacketRoom { signer: PacketSigner, bodies: DocumentStore, ledger: ClawbackLedger }

const authority_roles: ReadonlySet<string> = new Set(['MEIC', 'FINANCE_BUREAU'])
const scope_of: Readonly<Record<SubsidyKind, Scope>> = { LOAN_INTEREST: 'INTEREST_PAYMENT', LEASE: 'INTEREST_PAYMENT',
  GUARANTEE_FEE: 'GUARANTEE', PREMIUM: 'INSURANCE' }

function mayRead (packet: Packet, principal: Principal): boolean {
  if (packet.participant_no === principal.participant_no || authority_roles.has(principal.role)) return true
  return principal.role === 'AUDITOR' && packet.auditor_no === principal.participant_no
}

/** A packet the caller may see. Errors: not_found, also for another's. */
export async function packetFor (sql: ReadSql, principal: Principal, packet_no: string): Promise<Packet> {
  const packet = await findPacket(sql, packet_no)
  if (packet === undefined || !mayRead(packet, principal)) throw notFound()
  return packet
}

export async function listFor (sql: ReadSql, principal: Principal, filter: PacketFilter): Promise<Packet[]> {
  if (authority_roles.has(principal.role)) return listPackets(sql, filter)
  return listPackets(sql, { ...filter, ...(principal.role === 'AUDITOR'
    ? { auditor_no: principal.participant_no } : { participant_no: principal.participant_no }) })
}

export interface PacketView { packet: Packet, sealed: PacketVersion | undefined, lines: LineView[],
  conclusions: Awaited<ReturnType<typeof conclusionsOf>> }
export interface LineView { line: SubsidyLine, claimed_fen: number, recognised_fen: number | null, finding_code: string | null,
  note: string | null, review: Finding[] }

/** A packet with its lines: those that were sealed, or those of the draft as they stand. */
export async function viewOf (sql: ReadSql, principal: Principal, packet: Packet): Promise<PacketView> {
  const sealed = await lastVersion(sql, packet.packet_no)
  const is_open = packet.status === 'DRAFT' || packet.status === 'RETURNED'
  const own = packet.participant_no === principal.participant_no
  const conclusions = (await conclusionsOf(sql, packet.packet_no)).filter(({ status }) => !own || status === 'CONFIRMED')
  if (is_open && (own || sealed === undefined)) {
    const lines = await linesOfPacket(sql, packet.packet_no)
    return { packet, sealed, conclusions, lines: lines.map(line => ({ line, claimed_fen: line.amount_fen, recognised_fen: null,
      finding_code: null, note: null, review: [] })) }
  }
  const kept = await packetLines(sql, packet.packet_no, sealed?.version ?? packet.version)
  const found = new Map((await findLines(sql, kept.map(({ line_no }) => line_no))).map(line => [line.line_no, line]))
  const reviews = await reviewOf(sql, principal, packet.kind, [...found.values()].map(({ voucher_number }) => voucher_number))
  const lines = kept.flatMap(({ line_no, claimed_fen, recognised_fen, finding_code, note }) => {
    const line = found.get(line_no)
    return line === undefined ? [] : [{ line, claimed_fen, recognised_fen, finding_code, note, review: reviews.get(line.voucher_number) ?? [] }]
  })
  return { packet, sealed, conclusions, lines }
}

/** Lists a reading of sealed content among the enterprise's disclosures; the institution reads only what it sent. */
async function noteReading (db: Db, principal: Principal, packet: Packet, sealed: PacketVersion,
  part: 'PACKET' | 'ARCHIVE'): Promise<void> {
  if (packet.participant_no === principal.participant_no) return
  const given = await authorizationsByNo(db.read, sealed.authorization_nos)
  const listed = sealed.authorization_nos.filter(authorization_no => part === 'ARCHIVE' ||
    given.get(authorization_no)?.status === 'WITHDRAWN')
  if (listed.length === 0) return
  await db.write((sql, now) => keepReads(sql, readsOf(principal, sealed, listed, part, now)))
}

function readsOf ({ participant_no, user_no }: Principal, { packet_no, version }: Pick<PacketVersion, 'packet_no' | 'version'>, authorization_nos: readonly string[], part: PacketRead['part'],
  read_at: string): PacketRead[] {
  return authorization_nos.map(authorization_no => ({ read_no: newNo('read'), packet_no, version, authorization_no, participant_no, user_no, part, read_at }))
}

export async function readPacket (db: Db, principal: Principal, packet_no: string): Promise<PacketView> {
  const view = await viewOf(db.read, principal, await packetFor(db.read, principal, packet_no))
  if (view.sealed !== undefined) await noteReading(db, principal, view.packet, view.sealed, 'PACKET')
  return view
}

/** The archive of a version, the newest unless one is named. Errors: not_found, also while nothing is sealed. */
export async function readArchive (db: Db, bodies: DocumentStore, principal: Principal, packet_no: string,
  version?: number): Promise<{ sealed: PacketVersion, bytes: Uint8Array }> {
  const packet = await packetFor(db.read, principal, packet_no)
  const sealed = version === undefined ? await lastVersion(db.read, packet_no) : await findVersion(db.read, packet_no, version)
  if (sealed === undefined) throw notFound()
  await noteReading(db, principal, packet, sealed, 'ARCHIVE')
  const contents: Uint8Array[] = []
  for (const { sha256, document_no } of sealed.documents) {
    const body = await bodies.get(sha256)
    if (body === null) throw new Error(`the body of ${document_no} is missing`)
    contents.push(body)
  }
  return { sealed, bytes: archiveOf(sealed, contents) }
}

/** Readings of sealed packets under an authorization, as the enterprise is shown them. */
export async function settlementDisclosures (sql: ReadSql, authorization_no: string): Promise<Disclosure[]> {
  return (await settlementReads(sql, authorization_no)).map(({ participant_no, packet_no, part, read_at, digest }) => ({
    basis: 'SETTLEMENT', recipient_no: participant_no, lead_no: null, packet_no, fields_released: [part.toLowerCase()], disclosed_at: read_at, digest
  }))
}

/** How a document of a packet that the caller may read is read one by one; null: it stands in none. */
export async function readPacketDocument (sql: ReadSql, principal: Principal, document_no: string): Promise<Reading | null> {
  const document = await findAnyDocument(sql, document_no)
  if (document === undefined || !(principal.role === 'AUDITOR' || authority_roles.has(principal.role))) return null
  const sealed = await sealedWith(sql, document_no, principal.role === 'AUDITOR' ? { auditor_no: principal.participant_no } : { participant_no: document.participant_no })
  if (sealed === undefined) return null
  return (unit, now) => keepReads(unit, readsOf(principal, sealed, sealed.authorization_nos, 'DOCUMENT', now))
}

async function documentsOf (sql: ReadSql, lines: readonly SubsidyLine[]): Promise<SealedDocument[]> {
  const documents: SealedDocument[] = []
  for (const document_no of [...new Set(lines.flatMap(line => line.document_nos))].sort()) {
    const row = await findAnyDocument(sql, document_no)
    if (row === undefined) throw new Error(`a voucher names the document ${document_no}, which is not there`)
    const { participant_no, sha256, bytes, media_type } = row
    documents.push({ name: `documents/${document_no}`, document_no, participant_no, sha256, bytes, media_type })
  }
  return documents
}

/** New data leaves only under a live authorization; what was sealed before stays where it is. Errors: authorization_not_active. */
async function checkAuthorized (sql: ReadSql, now: string, packet: Packet, lines: readonly SubsidyLine[]): Promise<string[]> {
  const authorization_nos = [...new Set(lines.flatMap(line => line.authorization_no === null ? [] : [line.authorization_no]))].sort()
  const given = await authorizationsByNo(sql, authorization_nos)
  const day = beijingDate(now)
  const ended = authorization_nos.filter(no => {
    const one = given.get(no)
    return one === undefined || statusOn(one, day) !== 'ACTIVE'
  })
  if (ended.length === 0) return authorization_nos
  const { found } = await findCovering(sql, { uscc: packet.uscc, day, recipient_class: 'AUDITOR', scopes: [scope_of[packet.kind]] })
  if (found === null) {
    throw new Problem('authorization_not_active', {
      detail: `The authorization of ${packet.uscc} is no longer active; ask the enterprise for a new one before submitting`,
      detail_zh: `企业 ${packet.uscc} 的授权已失效或撤回；请先取得新的授权再报送`
    })
  }
  return [...new Set([...authorization_nos, found.authorization_no])]
}

function differenceOf (before: PacketVersion, old_lines: readonly string[], lines: readonly SubsidyLine[]): Difference {
  const now = lines.map(({ line_no }) => line_no)
  return {
    added: now.filter(no => !old_lines.includes(no)), removed: old_lines.filter(no => !now.includes(no)),
    claimed_before: yuanOf(before.claimed_fen), claimed_after: yuanOf(sumFen(lines.map(({ amount_fen }) => amount_fen)))
  }
}

function nothingToSubmit (lines: readonly SubsidyLine[]): Problem {
  const errors = lines.flatMap((line, index) => line.blocked_by.map(({ code, message, message_zh }) =>
    ({ pointer: `/lines/${index}`, code, message: `${line.line_no}: ${message}`, message_zh: `${line.line_no}：${message_zh}` })))
  return new Problem('packet_empty', { errors })
}

/** Freezes the open lines of a packet and seals them. Errors: not_found, state_conflict, packet_empty, authorization_not_active. */
export async function submit (sql: WriteSql, now: string, principal: Principal, packet_no: string, room: PacketRoom): Promise<Packet> {
  const before = await findPacket(sql, packet_no)
  if (before === undefined || before.participant_no !== principal.participant_no) throw notFound()
  if (!allowed('packet', before.status).includes('SUBMITTED')) throw stateConflict(before.status, allowed('packet', before.status))
  await derive(sql, now, room.ledger, before.uscc, before.project_code, before.kind)
  const lines = await linesOfPacket(sql, packet_no)
  const open = lines.filter(({ status }) => status === 'OPEN')
  if (open.length === 0) throw nothingToSubmit(lines)
  const authorization_nos = await checkAuthorized(sql, now, before, open)
  await moveLines(sql, now, open.map(({ line_no }) => line_no), 'OPEN', 'FROZEN')
  const blocked = lines.filter(({ status }) => status === 'BLOCKED')
  for (const { line_no } of blocked) await placeLine(sql, now, line_no, null)
  if (blocked.length > 0) await mark(sql, now, before.uscc, before.project_code, before.kind)

  const last = await lastVersion(sql, packet_no)
  const version = (last?.version ?? 0) + 1
  const old_lines = last === undefined ? [] : (await packetLines(sql, packet_no, last.version)).map(({ line_no }) => line_no)
  const difference = last === undefined ? null : differenceOf(last, old_lines, open)
  const documents = await documentsOf(sql, open)
  const authorizations = [...(await authorizationsByNo(sql, authorization_nos)).values()].sort((a,
    b) => a.authorization_no < b.authorization_no ? -1 : 1)
  const used = new Set(open.map(line => `${line.policy_code} ${line.policy_version}`))
  const policies = (await policiesIn(sql)).filter(policy => used.has(`${policy.policy_code} ${policy.version}`))
  const account = await payeeAccountShown(sql, open[0]?.payee_uscc ?? before.uscc)
  const journal = await provenEntries(sql, before.participant_no, open.map(({ voucher_number }) => voucher_number))
  const submitter = { participant_no: principal.participant_no, name: principal.name, uscc: principal.uscc }
  const sealed = sealPacket({ packet: before, version, lines: open, documents, policies, authorizations, account, difference, journal, submitter,
    now }, room.signer)
  const { digest, manifest, signature, parts, claimed_fen } = sealed
  await insertVersion(sql, {
    packet_no, version, digest, manifest, signature, parts, documents, authorization_nos, difference, claimed_fen,
      submitted_by: principal.participant_no,
    submitted_by_user: principal.user_no, submitted_at: now
  }, sealed.lines)
  const packet = await movePacket(sql, now, packet_no, ['DRAFT', 'RETURNED'], 'SUBMITTED', {
    version, digest, claimed_fen, line_count: open.length, recognised_fen: null, submitted_at: now, auditor_no: null, assigned_by: null,
      assigned_at: null,
    sample_seed_commitment: null, audited_at: null, approved_by: null, approved_at: null
  })
  if (packet === undefined) throw stateConflict(before.status, [])
  await tell(sql, now, principal, packet, 'submitted', { version, digest })
  return packet
}

/** Appends the event of a step for everybody concerned. */
export async function tell (sql: WriteSql, now: string, actor: NewEvent['actor'], packet: Packet, fact: FactOf<'subsidy_packet'>, data: Record<string,
  unknown> = {}): Promise<void> {
  const audience = await settlementAudience(sql, packet.participant_no, packet.uscc)
  await append(sql, now, {
    type: `subsidy_packet.${fact}`, subject: packet.packet_no, actor, audience: packet.auditor_no === null
      ? audience : [...audience, packet.auditor_no],
    data: { kind: packet.kind, period: packet.period, ...data }
  })
}

/** Finds the open packet of a key, after bringing its lines in step. Errors: packet_empty when no voucher has made a line. */
export async function openPacket (sql: WriteSql, now: string, principal: Principal, key: Omit<PacketKey, 'participant_no'>,
  ledger: ClawbackLedger): Promise<Packet> {
  await derive(sql, now, ledger, key.uscc, key.project_code, key.kind)
  const packets = await packetsOfKey(sql, { ...key, participant_no: principal.participant_no })
  const packet = packets.findLast(({ status }) => status === 'DRAFT' || status === 'RETURNED') ?? packets.at(-1)
  if (packet === undefined) throw new Problem('packet_empty')
  return packet
}

export interface Assignment { auditor_no: string, conflict_of_interest_declared?: boolean, sample_seed_commitment?: string }

/** Gives a submitted packet to an auditor. Errors: not_found, auditor_unknown, conflict_of_interest, state_conflict. */
export async function assign (sql: WriteSql, now: string, principal: Principal, packet_no: string,
  { auditor_no, conflict_of_interest_declared, sample_seed_commitment }: Assignment): Promise<Packet> {
  const before = await packetFor(sql, principal, packet_no)
  if (conflict_of_interest_declared === false) throw new Problem('conflict_of_interest')
  const auditor = await findParticipant(sql, auditor_no)
  if (auditor === undefined || auditor.role !== 'AUDITOR' || auditor.status !== 'ACTIVE') {
    throw new Problem('auditor_unknown', { errors: [{ pointer: '/auditor_no', code: 'AUDITOR_UNKNOWN',
      message: 'No active auditor has this number', message_zh: '不存在该编号的在用第三方审核机构' }] })
  }
  const changes = { auditor_no, assigned_by: personOf(principal), assigned_at: now, sample_seed_commitment: sample_seed_commitment ?? null }
  const packet = before.status === 'SUBMITTED' ? await movePacket(sql, now, packet_no, ['SUBMITTED'], 'IN_AUDIT', changes) : undefined
  if (packet === undefined) throw stateConflict(before.status, allowed('packet', before.status))
  await tell(sql, now, principal, packet, 'assigned', { auditor_no })
  return packet
}

/** Approves the confirmed audit of exactly this content. Errors: not_found, state_conflict, changed_since. */
export async function approve (sql: WriteSql, now: string, principal: Principal, packet_no: string, digest: string,
  ledger: ClawbackLedger): Promise<Packet> {
  const before = await packetFor(sql, principal, packet_no)
  if (before.status !== 'AUDITED') throw stateConflict(before.status, allowed('packet', before.status))
  if (before.digest !== digest) throw new Problem('changed_since')
  const kept = await packetLines(sql, packet_no, before.version)
  for (const { line_no, recognised_fen } of kept) await recogniseLine(sql, now, line_no, recognised_fen ?? 0)
  const rejected = (await conclusionsOf(sql, packet_no)).findLast(({ status, version }) => status === 'CONFIRMED' &&
    version === before.version)?.result === 'REJECT'
  const packet = await movePacket(sql, now, packet_no, ['AUDITED'], rejected ? 'REJECTED' : 'APPROVED',
    { approved_by: personOf(principal), approved_at: now })
  if (packet === undefined) throw stateConflict(before.status, [])
  await derive(sql, now, ledger, before.uscc, before.project_code, before.kind)
  await tell(sql, now, principal, packet, rejected ? 'rejected' : 'approved', { version: packet.version })
  return packet
}

/** Gives a packet back to its institution: its lines move again and come back as the next version. */
export async function giveBack (
  sql: WriteSql, now: string, actor: NewEvent['actor'], before: Packet, reason: string, ledger: ClawbackLedger
): Promise<Packet> {
  if (!allowed('packet', before.status).includes('RETURNED')) throw stateConflict(before.status, allowed('packet', before.status))
  const packet = await movePacket(sql, now, before.packet_no, [before.status], 'RETURNED', { return_reason: reason,
    returned_by: actor.user_no })
  if (packet === undefined) throw stateConflict(before.status, [])
  const lines = (await linesOfPacket(sql, before.packet_no)).filter(({ status }) => status === 'FROZEN')
  await supersedeOpenOf(sql, now, before, lines.map(({ chain }) => chain))
  await moveLines(sql, now, lines.map(({ line_no }) => line_no), 'FROZEN', 'OPEN')
  await derive(sql, now, ledger, before.uscc, before.project_code, before.kind)
  await tell(sql, now, actor, packet, 'returned', { version: before.version })
  return packet
}
