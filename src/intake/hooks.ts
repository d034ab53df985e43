/**
 * What later floors add to intake: matching knows what left under an authorization, lending knows the contracts.
 * app.ts hands the functions in; without them nothing has left and nothing is lent.
 */
import type { ReadSql, WriteSql } from '../db/db.ts'
import type { PolicyVersion } from '../policy/terms.ts'
import type { Authorization } from './authorizations/store.ts'

/** One datum that left: to whom, with which lead or packet, which fields, when, digest of the exact text. */
export interface Disclosure {
  basis: 'MATCHING' | 'SETTLEMENT' | 'REGULATOR'
  recipient_no: string
  lead_no: string | null
  packet_no: string | null
  fields_released: string[]
  disclosed_at: string
  digest: string
}

export interface IntakeHooks {
  /** everything that left under an authorization */
  disclosuresOf (sql: ReadSql, authorization_no: string): Promise<Disclosure[]>
  /** in the unit of a withdrawal: ends its leads; answers what already left */
  onWithdraw (sql: WriteSql, now: string, authorization: Authorization): Promise<Disclosure[]>
  /** in the unit in which enterprises gave authorizations: their open needs may reach more recipients now */
  onAuthorized (sql: WriteSql, usccs: readonly string[]): Promise<void>
  /** in the unit in which an enterprise’s signed authorization came in: rows that waited for it go on */
  onEvidence (sql: WriteSql, now: string, uscc: string): Promise<void>
  /** in the unit in which the last sender withdrew a need */
  onNeedWithdrawn (sql: WriteSql, now: string, need_no: string): Promise<void>
  /** in the unit in which a project's facts or library entry changed */
  onProjectChange (sql: WriteSql, now: string, owner_uscc: string, project_code: string): Promise<void>
  /** what loans count against the limit of an enterprise on a Beijing day, over all banks */
  countedLimits (sql: ReadSql, usccs: readonly string[], day: string, policies: readonly PolicyVersion[]): Promise<Map<string, number>>
}

export const no_hooks: IntakeHooks = {
  disclosuresOf: async () => [],
  onWithdraw: async () => [],
  onAuthorized: async () => undefined,
  onEvidence: async () => undefined,
  onNeedWithdrawn: async () => undefined,
  onProjectChange: async () => undefined,
  countedLimits: async () => new Map()
}
