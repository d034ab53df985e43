/** Who sees the events of lines, packets and payments in their feed. */
import type { ReadSql } from '../db/db.ts'
import { activeOfRole, findByUscc } from '../registry/participants/store.ts'

/** The institution and the enterprise, where it takes part itself. */
export async function ownersOf (sql: ReadSql, participant_no: string, uscc: string): Promise<string[]> {
  const enterprise = await findByUscc(sql, 'ENTERPRISE', uscc)
  return enterprise === undefined ? [participant_no] : [participant_no, enterprise.participant_no]
}

/** Those two, the commission and the finance bureau. */
export async function settlementAudience (sql: ReadSql, participant_no: string, uscc: string): Promise<string[]> {
  return [...await ownersOf(sql, participant_no, uscc), ...await authorities(sql)]
}

export async function authorities (sql: ReadSql): Promise<string[]> {
  const found = [...await activeOfRole(sql, 'MEIC'), ...await activeOfRole(sql, 'FINANCE_BUREAU')]
  return found.map(({ participant_no }) => participant_no)
}
