/** The packet a line goes into: the one that is still open for its institution, enterprise, project, period and kind. */
import { newNo } from '../../clock.ts'
import type { WriteSql } from '../../db/db.ts'
import { append, the_hub } from '../../journal/events.ts'
import { sumFen } from '../../policy/money.ts'
import { ownersOf } from '../audience.ts'
import { linesOfPacket, type SubsidyLine } from '../lines/store.ts'
import { findPacket, insertPacket, keepTotals, packetsOfKey } from './store.ts'

/**
 * Finds or makes the open packet of a line. A returned packet takes new lines as well: it comes back as its next version. When all
 * earlier ones are on their way, what arrives late goes into a further packet of the same period.
 *
 * @returns its number
 */
export async function draftFor (sql: WriteSql, now: string, line: SubsidyLine): Promise<string> {
  const { participant_no, uscc, project_code, period, kind } = line
  const packets = await packetsOfKey(sql, { participant_no, uscc, project_code, period, kind })
  const open = packets.find(({ status }) => status === 'DRAFT' || status === 'RETURNED')
  if (open !== undefined) return open.packet_no
  const packet_no = newNo('pkt')
  await insertPacket(sql, now, { packet_no, participant_no, uscc, project_code, period, kind,
    sequence: (packets.at(-1)?.sequence ?? 0) + 1 })
  await append(sql, now, {
    type: 'subsidy_packet.created', subject: packet_no, actor: the_hub, audience: await ownersOf(sql, participant_no, uscc),
    authorization_no: line.authorization_no, data: { kind, period }
  })
  return packet_no
}

/** Keeps count and sum of an open packet; a sealed one stays as it is. */
export async function countDraft (sql: WriteSql, now: string, packet_no: string): Promise<void> {
  const packet = await findPacket(sql, packet_no)
  if (packet === undefined || (packet.status !== 'DRAFT' && packet.status !== 'RETURNED')) return
  const lines = await linesOfPacket(sql, packet_no)
  const claimed_fen = sumFen(lines.map(({ amount_fen }) => amount_fen))
  if (packet.line_count !== lines.length || packet.claimed_fen !== claimed_fen) await keepTotals(sql, now, packet_no,
    { line_count: lines.length, claimed_fen })
}
