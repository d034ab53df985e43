/**
 * The sealed content of a packet: what stands in its archive, the manifest over it, the hub's signature over the manifest.
 * The archive is rebuilt byte for byte from the sealed parts and the stored documents. Source: S2 (十三); checked by scripts/verify-packet.
 */
import { createPublicKey, sign, type KeyObject } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { canonical, digestOf, sha256Hex } from '../../db/canonical.ts'
import { workbookOf } from '../../intake/enterprise-lists/writing.ts'
import { zipOf } from '../../intake/enterprise-lists/zip.ts'
import type { ProvenEntries } from '../../journal/checkpoints.ts'
import type { Authorization } from '../../intake/authorizations/store.ts'
import { sumFen, yuanOf } from '../../policy/money.ts'
import type { PolicyVersion } from '../../policy/terms.ts'
import type { SubsidyLine } from '../lines/store.ts'
import type { Difference, Packet, PacketLine, PacketVersion, SealedDocument, SealedPart } from './store.ts'

export interface PacketSigner { key_id: string, private_key: KeyObject }

/** Who signs packets: the hub's key, named by the hash of its public half. */
export function packetSigner ({ private_key, public_key }: { private_key: KeyObject, public_key: KeyObject }): PacketSigner {
  return { key_id: `hub-${sha256Hex(public_key.export({ type: 'spki', format: 'der' })).slice(0, 16)}`, private_key }
}

export interface PacketContent {
  packet: Packet
  version: number
  lines: readonly SubsidyLine[]
  documents: readonly SealedDocument[]
  policies: readonly PolicyVersion[]
  authorizations: readonly Authorization[]
  account: Record<string, unknown> | null
  difference: Difference | null
  journal: ProvenEntries
  submitter: { participant_no: string, name: string, uscc: string }
  now: string
}

/** 1980-01-01, the earliest day a zip knows: the same parts always give the same bytes. */
const dos_epoch = 0x00210000
const flag_utf8 = 0x0800

function itemOf (line: SubsidyLine): Record<string, unknown> {
  return {
    line_no: line.line_no, kind: line.kind, voucher_no: line.voucher_no, voucher_number: line.voucher_number, contract_no: line.contract_no,
    paid_date: line.paid_date, order_key: line.order_key,
    year: line.year, period: line.period, payee_kind: line.payee_kind, payee_uscc: line.payee_uscc,
    eligible_interest: line.eligible_interest_fen === null ? null : yuanOf(line.eligible_interest_fen),
    formula_amount: yuanOf(line.formula_fen), amount: yuanOf(line.amount_fen), policy: { policy_code: line.policy_code,
      version: line.policy_version },
    trace: line.trace, facts: line.facts, document_nos: line.document_nos, supplement_of: line.supplement_of,
      authorization_no: line.authorization_no
  }
}

function totalsOf (lines: readonly SubsidyLine[]): Record<string, unknown> {
  return {
    count: lines.length,
    eligible_interest: yuanOf(sumFen(lines.map(line => line.eligible_interest_fen ?? 0))),
    formula_amount: yuanOf(sumFen(lines.map(line => line.formula_fen))),
    amount: yuanOf(sumFen(lines.map(line => line.amount_fen)))
  }
}

const heads = ['明细编号', '种类', '凭证号', '合同号', '付息（缴费）日', '合格利息（元）', '公式金额（元）', '申报金额（元）', 'A-01 另一读法公式金额（元）', '补充自', '计算依据']
const widths = [34, 16, 24, 24, 14, 18, 18, 18, 26, 34, 80]

const otherReading = ({ facts }: SubsidyLine): string => (facts.other_reading_a01 as { formula_amount: string } | undefined)?.formula_amount ?? ''

export function workbookOfLines (lines: readonly SubsidyLine[]): Uint8Array {
  const rows = lines.map(line => [
    line.line_no, line.kind, line.voucher_no, line.contract_no, line.paid_date, line.eligible_interest_fen === null
      ? '' : yuanOf(line.eligible_interest_fen),
    yuanOf(line.formula_fen), yuanOf(line.amount_fen), otherReading(line), line.supplement_of ?? '',
    line.trace.map(({ rule_id, before, after }) => `${rule_id}: ${before} → ${after}`).join('; ')
  ])
  const total = ['合计', '', '', '', '', '', '', yuanOf(sumFen(lines.map(line => line.amount_fen))), '', '', '']
  const columns = heads.map((_, index) => index)
  return workbookOf([{ name: '贴息明细', rows: [heads, ...rows, total], widths, head_rows: [1], frozen_rows: 1, text_columns: columns,
    merges: [], choices: [] }])
}

function authorizationShown (row: Authorization): Record<string, unknown> {
  const { authorization_no, grantor_uscc, grantor_name, collector_no, recipients, scopes, purposes, covers_history_from, valid_from,
    valid_to, method, evidence_digest, status } = row
  return { authorization_no, grantor_uscc, grantor_name, collector_no, recipients, scopes, purposes, covers_history_from, valid_from,
    valid_to, method, evidence_digest, status }
}

const bytesOf = (part: SealedPart): Buffer => part.base64 === undefined ? Buffer.from(part.text ?? '', 'utf8') : Buffer.from(part.base64,
  'base64')

export interface Sealed { digest: string, manifest: string, signature: string, parts: SealedPart[], lines: PacketLine[],
  claimed_fen: number }

/** Seals the content: nothing but signing, no reading and no clock. */
export function sealPacket (content: PacketContent, signer: PacketSigner): Sealed {
  const { packet, version, lines, documents, policies, authorizations, account, difference, journal, submitter, now } = content
  const { packet_no, uscc, project_code, period, kind } = packet
  const totals = totalsOf(lines)
  const parts: SealedPart[] = [
    { name: 'items.json', text: canonical({ items: lines.map(itemOf), totals, account, difference }) },
    { name: 'items.xlsx', base64: Buffer.from(workbookOfLines(lines)).toString('base64') },
    { name: 'policies.json', text: canonical(policies) },
    { name: 'authorizations.json', text: canonical(authorizations.map(authorizationShown)) },
    { name: 'journal.json', text: canonical(journal) }
  ]
  const files = [
    ...parts.map(part => ({ name: part.name, sha256: sha256Hex(bytesOf(part)), bytes: bytesOf(part).length })),
    ...documents.map(({ name, sha256, bytes }) => ({ name, sha256, bytes }))
  ]
  const head = { format: 'rongqiao-packet/1', packet_no, version, kind, uscc, project_code, period, submitter, sealed_at: now,
    key_id: signer.key_id, totals, files }
  const digest = digestOf(head)
  const manifest = canonical({ ...head, digest })
  const signature = canonical({
    alg: 'EdDSA', key_id: signer.key_id, signature: sign(null, Buffer.from(manifest), signer.private_key).toString('base64'),
    public_key: createPublicKey(signer.private_key).export({ type: 'spki', format: 'pem' }).toString()
  })
  return {
    digest, manifest, signature, parts, claimed_fen: sumFen(lines.map(line => line.amount_fen)),
    lines: lines.map((line, ordinal) => ({ packet_no, version, line_no: line.line_no, ordinal, claimed_fen: line.amount_fen,
      recognised_fen: null, finding_code: null, note: null }))
  }
}

function stored (name: string, bytes: Uint8Array): Parameters<typeof zipOf>[0][number] {
  return { name, method: 0, flags: flag_utf8, crc: crc32(bytes), size: bytes.length, stamp: dos_epoch, packed: bytes }
}

/**
 * The archive of a sealed version; the same bytes every time.
 *
 * @param bodies bytes of the documents, in the order they were sealed
 */
export function archiveOf (sealed: Pick<PacketVersion, 'manifest' | 'signature' | 'parts' | 'documents'>,
  bodies: readonly Uint8Array[]): Uint8Array {
  return zipOf([
    stored('manifest.json', Buffer.from(sealed.manifest)),
    stored('manifest.sig', Buffer.from(sealed.signature)),
    ...sealed.parts.map(part => stored(part.name, bytesOf(part))),
    ...sealed.documents.map((document, index) => stored(document.name, bodies[index] ?? new Uint8Array()))
  ])
}
