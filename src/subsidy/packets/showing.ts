/** Packets, conclusions and questions as they go out. */
import { digestOf } from '../../db/canonical.ts'
import { yuanOf } from '../../policy/money.ts'
import { drawn } from './sampling.ts'
import type { PacketView } from './service.ts'
import type { Conclusion, Packet, Question } from './store.ts'

const money = (fen: number | null): string | null => fen === null ? null : yuanOf(fen)

export function packetItem (packet: Packet) {
  const {
    packet_no, version, status, participant_no, uscc, project_code, period, kind, sequence, line_count, claimed_fen, recognised_fen, digest,
      submitted_at, auditor_no,
    assigned_at, sample_seed_commitment, audited_at, approved_at, return_reason, created_at, updated_at
  } = packet
  return {
    packet_no, version, status, participant_no, uscc, project_code: project_code === '' ? null : project_code, period, kind, sequence,
      line_count,
    claimed_amount: yuanOf(claimed_fen), recognised_amount: money(recognised_fen), digest, submitted_at, auditor_no, assigned_at,
      sample_seed_commitment, audited_at,
    approved_at, return_reason, created_at, updated_at
  }
}

export function conclusionShown (conclusion: Conclusion) {
  const { recognised_fen, lines, content_digest: _digest, ...rest } = conclusion
  const shown = lines.map(({ line_no, recognised_fen: fen, finding_code, note }) => ({ line_no, recognised_amount: yuanOf(fen),
    finding_code, note }))
  const sample_order = rest.sample_seed === null ? null : drawn(rest.sample_seed, rest.packet_digest, lines.map(({ line_no }) => line_no))
  return { ...rest, recognised_amount: yuanOf(recognised_fen), lines: shown, sample_order }
}

function packetShown ({ packet, sealed, lines, conclusions }: PacketView) {
  return {
    ...packetItem(packet),
    difference: sealed?.difference ?? null,
    lines: lines.map(({ line, claimed_fen, recognised_fen, finding_code, note, review }) => ({
      line_no: line.line_no, voucher_no: line.voucher_no, paid_date: line.paid_date, status: line.status,
        claimed_amount: yuanOf(claimed_fen),
      recognised_amount: money(recognised_fen), finding_code, note, supplement_of: line.supplement_of, blocked_by: line.blocked_by, review
    })),
    conclusions: conclusions.map(conclusionShown)
  }
}

export function questionShown ({ body, ...rest }: Question) {
  return { ...rest, text: body }
}

/** A packet as an answer. Its ETag is of everything shown: lines are blocked, opened and replaced without moving their packet. */
export function packetAnswer (view: PacketView): { status: number, body: ReturnType<typeof packetShown>, version: string } {
  const body = packetShown(view)
  return { status: 200, body, version: digestOf(body) }
}
