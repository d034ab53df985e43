/**
 * Corrections: a new version under a number of its own replaces the one before, which stays to be read as SUPERSEDED.
 * Source: contract §1: the number is taken for ever, changing is `correction_of`.
 */
import type { ReadSql, WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { mistake, refuseIfAny } from '../../intake/mistakes.ts'
import { stateConflict } from '../../problem.ts'
import { announce, contractUnknown } from './service.ts'
import type { CorrectableRow, CorrectableStore, VersionRow } from './store.ts'

/** The own live voucher or policy that a correction names. Errors: voucher_unknown, state_conflict. */
export async function correctedBy<Row extends CorrectableRow> (sql: ReadSql, principal: Principal, store: CorrectableStore<Row>,
  correction_of: string | undefined): Promise<Row | null> {
  if (correction_of === undefined) return null
  const earlier = await store.findOwn(sql, principal.participant_no, correction_of)
  if (earlier === undefined) refuseIfAny([mistake('voucher_unknown', '/correction_of', 'VOUCHER_UNKNOWN',
    'This institution has sent no such voucher', '本机构未报送过该凭证')])
  else if (earlier.status !== 'ACCEPTED' && earlier.status !== 'HELD') throw stateConflict(earlier.status, [])
  return earlier ?? null
}

/**
 * The own contract or drawdown in force that a correction names. Another enterprise is another contract.
 *
 * Errors: contract_unknown, state_conflict, rule_broken.
 */
export async function correctedVersion<Row extends VersionRow> (sql: ReadSql, principal: Principal, store: CorrectableStore<Row>,
  correction_of: string | undefined, uscc: string): Promise<Row | null> {
  if (correction_of === undefined) return null
  const earlier = await store.findOwn(sql, principal.participant_no, correction_of)
  if (earlier === undefined) throw contractUnknown('/correction_of')
  if (earlier.status !== 'ACCEPTED') throw stateConflict(earlier.status, [])
  if (earlier.uscc !== uscc) refuseIfAny([mistake('rule_broken', '/correction_of', 'ANOTHER_ENTERPRISE',
    'A correction keeps the enterprise; for another one send a contract of its own', '更正不得变更企业；其他企业请另行报送合同')])
  return earlier
}

/** The numbers that all versions of a contract share. */
export function versionOf (earlier: VersionRow | null, number: string, business_no: string): Pick<VersionRow,
  'chain' | 'first_no' | 'supersedes' | 'superseded_by'> {
  return { chain: earlier?.chain ?? number, first_no: earlier?.first_no ?? business_no, supersedes: earlier?.number ?? null, superseded_by: null }
}

/** Rooms whose things are corrected: the first part of their events. */
export type CorrectedRoom = 'loan_contract' | 'drawdown' | 'lease_contract' | 'guarantee_contract' | 'insurance_policy' | 'interest_voucher' | 'rent_voucher' | 'fee_voucher'

/** The one before steps back, and whoever heard of it hears that too. Errors: state_conflict when it did already. */
export async function stepBack<Row extends CorrectableRow> (sql: WriteSql, now: string, principal: Principal, store: CorrectableStore<Row>, event: CorrectedRoom,
  earlier: Row, superseded_by: string, others: readonly (string | null)[]): Promise<void> {
  if (!await store.supersede(sql, earlier.number, superseded_by, now)) throw stateConflict('SUPERSEDED', [])
  await announce(sql, now, principal, `${event}.superseded`, earlier, others, { superseded_by })
}
