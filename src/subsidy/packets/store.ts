/** Tables of packets, their sealed versions, lines, questions and conclusions. */
import { and, asc, desc, eq, gt, gte, inArray, sql as expression } from 'drizzle-orm'
import { bulkInsert } from '../../db/bulk.ts'
import { fen, flag, integer, json, primaryKey, table, text } from '../../db/columns.ts'
import { hot, type ReadSql, type WriteSql } from '../../db/db.ts'
import type { SubsidyKind } from '../../lending/marks.ts'
import type { PayeeKind } from '../lines/store.ts'

export const PACKET_STATUSES = ['DRAFT', 'SUBMITTED', 'IN_AUDIT', 'RETURNED', 'AUDITED', 'APPROVED', 'REJECTED'] as const
export type PacketStatus = typeof PACKET_STATUSES[number]
export const RESULTS = ['PASS', 'REDUCE', 'REJECT', 'RETURN_FOR_SUPPLEMENT'] as const
export type AuditResult = typeof RESULTS[number]

export const subsidy_packets = table('subsidy_packets', {
  packet_no: text().primaryKey(),
  participant_no: text().notNull(),
  uscc: text().notNull(),
  project_code: text().notNull(),
  period: text().notNull(),
  kind: text().$type<SubsidyKind>().notNull(),
  sequence: integer().notNull(),
  /** version of the content: 1 until it is submitted again */
  version: integer().notNull(),
  /** moves with every change of state */
  revision: integer().notNull(),
  status: text().$type<PacketStatus>().notNull(),
  digest: text(),
  claimed_fen: fen().notNull(),
  recognised_fen: fen(),
  line_count: integer().notNull(),
  submitted_at: text(),
  auditor_no: text(),
  assigned_by: text(),
  assigned_at: text(),
  sample_seed_commitment: text(),
  audited_at: text(),
  approved_by: text(),
  approved_at: text(),
  return_reason: text(),
  returned_by: text(),
  created_at: text().notNull(),
  updated_at: text().notNull()
})

export type Packet = typeof subsidy_packets.$inferSelect
export type PacketKey = Pick<Packet, 'participant_no' | 'uscc' | 'project_code' | 'period' | 'kind'>

/** A part of the archive as it was sealed: text, or bytes in base64. */
export interface SealedPart { name: string, text?: string, base64?: string }
export interface SealedDocument { name: string, document_no: string, participant_no: string, sha256: string, bytes: number,
  media_type: string }
/** What a later version changed against the one before. */
export interface Difference { added: string[], removed: string[], claimed_before: string, claimed_after: string }

export const packet_versions = table('packet_versions', {
  packet_no: text().notNull(),
  version: integer().notNull(),
  digest: text().notNull(),
  manifest: text().notNull(),
  signature: text().notNull(),
  parts: json<SealedPart[]>().notNull(),
  documents: json<SealedDocument[]>().notNull(),
  authorization_nos: json<string[]>().notNull(),
  difference: json<Difference>(),
  claimed_fen: fen().notNull(),
  submitted_by: text().notNull(),
  submitted_by_user: text(),
  submitted_at: text().notNull()
}, columns => [primaryKey({ columns: [columns.packet_no, columns.version] })])

export type PacketVersion = typeof packet_versions.$inferSelect

export const packet_lines = table('packet_lines', {
  packet_no: text().notNull(),
  version: integer().notNull(),
  line_no: text().notNull(),
  ordinal: integer().notNull(),
  claimed_fen: fen().notNull(),
  recognised_fen: fen(),
  finding_code: text(),
  note: text()
}, columns => [primaryKey({ columns: [columns.packet_no, columns.version, columns.line_no] })])

export type PacketLine = typeof packet_lines.$inferSelect

export async function packetsOfKey (sql: ReadSql, key: PacketKey): Promise<Packet[]> {
  return hot(sql, buildOfKey).execute({ ...key })
}

function buildOfKey (sql: ReadSql) {
  const key = ['participant_no', 'uscc', 'project_code', 'period', 'kind'] as const
  return sql.select().from(subsidy_packets).where(and(...key.map(name => eq(subsidy_packets[name], expression.placeholder(name)))))
    .orderBy(asc(subsidy_packets.sequence)).prepare()
}

export async function insertPacket (sql: WriteSql, now: string, packet: PacketKey & { packet_no: string,
  sequence: number }): Promise<void> {
  await sql.insert(subsidy_packets).values({ ...packet, version: 1, revision: 1, status: 'DRAFT', claimed_fen: 0, line_count: 0,
    created_at: now, updated_at: now })
}

export async function findPacket (sql: ReadSql, packet_no: string): Promise<Packet | undefined> {
  return (await hot(sql, buildFind).execute({ packet_no }))[0]
}

const buildFind = (sql: ReadSql) => sql.select().from(subsidy_packets).where(eq(subsidy_packets.packet_no, expression.placeholder('packet_no'))).prepare()

/** Moves a packet when it is in one of the states. @returns the row as it is now, or undefined */
export async function movePacket (
  sql: WriteSql, now: string, packet_no: string, from: readonly PacketStatus[], to: PacketStatus, changes: Partial<Packet> = {}
): Promise<Packet | undefined> {
  const { packet_no: _no, status: _status, revision: _revision, ...rest } = changes
  const [row] = await sql.update(subsidy_packets).set({ ...rest, status: to, revision: expression`${subsidy_packets.revision} + 1`,
    updated_at: now })
    .where(and(eq(subsidy_packets.packet_no, packet_no), inArray(subsidy_packets.status, [...from]))).returning()
  return row
}

/** Count and sum of a packet that is still open. */
export async function keepTotals (sql: WriteSql, now: string, packet_no: string, totals: { line_count: number,
  claimed_fen: number }): Promise<void> {
  await sql.update(subsidy_packets).set({ ...totals, revision: expression`${subsidy_packets.revision} + 1`, updated_at: now })
    .where(eq(subsidy_packets.packet_no, packet_no))
}

export interface PacketFilter {
  participant_no?: string
  auditor_no?: string
  status?: PacketStatus | undefined
  kind?: SubsidyKind | undefined
  period?: string | undefined
  uscc?: string | undefined
  project_code?: string | undefined
  updated_since?: string | undefined
  after: string | null
  limit: number
}

export async function listPackets (sql: ReadSql, filter: PacketFilter): Promise<Packet[]> {
  const equal = ['participant_no', 'auditor_no', 'status', 'kind', 'period', 'uscc', 'project_code'] as const
  return sql.select().from(subsidy_packets).where(and(
    ...equal.map(name => filter[name] === undefined ? undefined : eq(subsidy_packets[name], filter[name])),
    filter.updated_since === undefined ? undefined : gte(subsidy_packets.updated_at, filter.updated_since),
    filter.after === null ? undefined : gt(subsidy_packets.packet_no, filter.after)
  )).orderBy(asc(subsidy_packets.packet_no)).limit(filter.limit)
}

/** The numbers of packets an auditor was assigned, as part of another query. */
export function packetsAssigned (sql: ReadSql, auditor_no: string) {
  return sql.select({ packet_no: subsidy_packets.packet_no }).from(subsidy_packets).where(eq(subsidy_packets.auditor_no, auditor_no))
}

const packet_documents = table('packet_documents', {
  document_no: text().notNull(),
  packet_no: text().notNull(),
  version: integer().notNull()
}, columns => [primaryKey({ columns: [columns.document_no, columns.packet_no, columns.version] })])

const insertLines = bulkInsert(packet_lines)
const insertDocuments = bulkInsert(packet_documents)

export async function insertVersion (sql: WriteSql, version: PacketVersion, lines: readonly PacketLine[]): Promise<void> {
  await sql.insert(packet_versions).values(version)
  await insertLines(sql, lines)
  const { packet_no, version: number, documents } = version
  await insertDocuments(sql, documents.map(({ document_no }) => ({ document_no, packet_no, version: number })))
}

/** The first packet among an auditor's, or an institution's, whose newest sealed version holds a document. */
export async function sealedWith (sql: ReadSql, document_no: string, of: { auditor_no: string } | { participant_no: string }):
Promise<Pick<PacketVersion, 'packet_no' | 'version' | 'authorization_nos'> | undefined> {
  const { packet_no, version, authorization_nos } = packet_versions
  return (await sql.select({ packet_no, version, authorization_nos }).from(packet_documents)
    .innerJoin(subsidy_packets, and(eq(subsidy_packets.packet_no, packet_documents.packet_no), eq(subsidy_packets.version, packet_documents.version)))
    .innerJoin(packet_versions, and(eq(packet_no, packet_documents.packet_no), eq(version, packet_documents.version)))
    .where(and(eq(packet_documents.document_no, document_no),
      'auditor_no' in of ? eq(subsidy_packets.auditor_no, of.auditor_no) : eq(subsidy_packets.participant_no, of.participant_no)))
    .orderBy(asc(packet_no)).limit(1))[0]
}

export async function findVersion (sql: ReadSql, packet_no: string, version: number): Promise<PacketVersion | undefined> {
  return (await sql.select().from(packet_versions).where(and(eq(packet_versions.packet_no, packet_no),
    eq(packet_versions.version, version))))[0]
}

/** The newest sealed version; undefined for a draft. */
export async function lastVersion (sql: ReadSql, packet_no: string): Promise<PacketVersion | undefined> {
  return (await sql.select().from(packet_versions).where(eq(packet_versions.packet_no,
    packet_no)).orderBy(desc(packet_versions.version)).limit(1))[0]
}

export async function packetLines (sql: ReadSql, packet_no: string, version: number): Promise<PacketLine[]> {
  return sql.select().from(packet_lines).where(and(eq(packet_lines.packet_no, packet_no), eq(packet_lines.version,
    version))).orderBy(asc(packet_lines.ordinal))
}

export async function keepRecognised (
  sql: WriteSql, packet_no: string, version: number, line: { line_no: string, recognised_fen: number, finding_code: string | null,
    note: string | null }
): Promise<void> {
  const { line_no, ...recognised } = line
  await sql.update(packet_lines).set(recognised)
    .where(and(eq(packet_lines.packet_no, packet_no), eq(packet_lines.version, version), eq(packet_lines.line_no, line_no)))
}

/** A line that may be paid: its packet is approved and something of it was recognised. */
export interface ApprovedLine {
  line_no: string
  kind: SubsidyKind
  payee_kind: PayeeKind
  payee_uscc: string
  participant_no: string
  uscc: string
  project_code: string
  year: string
  recognised_fen: number
  packet_no: string
  approved_at: string
  order_key: string
}

export const packet_questions = table('packet_questions', {
  question_no: text().primaryKey(),
  packet_no: text().notNull(),
  version: integer().notNull(),
  in_reply_to: text(),
  line_no: text(),
  body: text().notNull(),
  participant_no: text().notNull(),
  user_no: text(),
  created_at: text().notNull()
})

export type Question = typeof packet_questions.$inferSelect

export async function insertQuestion (sql: WriteSql, question: Question): Promise<void> {
  await sql.insert(packet_questions).values(question)
}

export async function findQuestion (sql: ReadSql, packet_no: string, question_no: string): Promise<Question | undefined> {
  return (await sql.select().from(packet_questions).where(and(eq(packet_questions.packet_no, packet_no),
    eq(packet_questions.question_no, question_no))))[0]
}

export async function listQuestions (sql: ReadSql, packet_no: string, after: string | null, limit: number): Promise<Question[]> {
  return sql.select().from(packet_questions).where(and(
    eq(packet_questions.packet_no, packet_no), after === null ? undefined : gt(packet_questions.question_no, after)
  )).orderBy(asc(packet_questions.question_no)).limit(limit)
}

export interface ConcludedLine { line_no: string, recognised_fen: number, finding_code: string | null, note: string | null }

export const packet_conclusions = table('packet_conclusions', {
  conclusion_no: text().primaryKey(),
  packet_no: text().notNull(),
  version: integer().notNull(),
  packet_digest: text().notNull(),
  auditor_no: text().notNull(),
  result: text().$type<AuditResult>().notNull(),
  lines: json<ConcludedLine[]>().notNull(),
  recognised_fen: fen().notNull(),
  conflict_of_interest_declared: flag().notNull(),
  sample_seed: text(),
  status: text().$type<'PREPARED' | 'CONFIRMED' | 'REPLACED'>().notNull(),
  content_digest: text().notNull(),
  prepared_by: text().notNull(),
  prepared_at: text().notNull(),
  confirmed_by: text(),
  confirmed_at: text()
})

export type Conclusion = typeof packet_conclusions.$inferSelect

export async function insertConclusion (sql: WriteSql, conclusion: Conclusion): Promise<void> {
  await sql.update(packet_conclusions).set({ status: 'REPLACED' })
    .where(and(eq(packet_conclusions.packet_no, conclusion.packet_no), eq(packet_conclusions.status, 'PREPARED')))
  await sql.insert(packet_conclusions).values(conclusion)
}

export async function findConclusion (sql: ReadSql, packet_no: string, conclusion_no: string): Promise<Conclusion | undefined> {
  return (await sql.select().from(packet_conclusions).where(and(eq(packet_conclusions.packet_no, packet_no),
    eq(packet_conclusions.conclusion_no, conclusion_no))))[0]
}

/** Conclusions of a packet, the newest last. */
export async function conclusionsOf (sql: ReadSql, packet_no: string): Promise<Conclusion[]> {
  return sql.select().from(packet_conclusions).where(eq(packet_conclusions.packet_no,
    packet_no)).orderBy(asc(packet_conclusions.conclusion_no))
}

export async function confirmConclusion (sql: WriteSql, now: string, conclusion_no: string,
  confirmed_by: string): Promise<Conclusion | undefined> {
  return (await sql.update(packet_conclusions).set({ status: 'CONFIRMED', confirmed_by, confirmed_at: now })
    .where(and(eq(packet_conclusions.conclusion_no, conclusion_no), eq(packet_conclusions.status, 'PREPARED'))).returning())[0]
}

const packet_reads = table('packet_reads', {
  read_no: text().primaryKey(),
  packet_no: text().notNull(),
  version: integer().notNull(),
  authorization_no: text().notNull(),
  participant_no: text().notNull(),
  user_no: text(),
  part: text().$type<'PACKET' | 'ARCHIVE' | 'DOCUMENT'>().notNull(),
  read_at: text().notNull()
})

export type PacketRead = typeof packet_reads.$inferSelect

export async function keepReads (sql: WriteSql, reads: readonly PacketRead[]): Promise<void> {
  if (reads.length > 0) await sql.insert(packet_reads).values([...reads])
}

/** Who opened sealed packets under an authorization: disclosures with basis SETTLEMENT. */
export async function settlementReads (sql: ReadSql, authorization_no: string): Promise<(PacketRead & { digest: string })[]> {
  const rows = await sql.select({ read: packet_reads, digest: packet_versions.digest }).from(packet_reads)
    .innerJoin(packet_versions, and(eq(packet_versions.packet_no, packet_reads.packet_no), eq(packet_versions.version, packet_reads.version)))
    .where(eq(packet_reads.authorization_no, authorization_no)).orderBy(asc(packet_reads.read_no)).limit(10_000)
  return rows.map(({ read, digest }) => Object.assign(read, { digest }))
}
