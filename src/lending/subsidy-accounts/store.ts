/** Table of subsidy accounts. The number is sealed in its row; equal ones are found by a blind index. */
import { and, desc, eq, sql as expression } from 'drizzle-orm'
import type { Cipher } from '../../db/cipher.ts'
import { flag, table, text } from '../../db/columns.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import { cipherOf, sealed } from '../../db/sealing.ts'
import { evidenceColumns, evidenceStore, type EvidenceRow } from '../evidence/store.ts'
import type { ACCOUNT_STATUSES } from './schema.ts'

export type AccountStatus = typeof ACCOUNT_STATUSES[number]

export const subsidy_accounts = table('subsidy_accounts', {
  ...evidenceColumns(),
  status: text().$type<AccountStatus>().notNull(),
  holder_kind: text().$type<'ENTERPRISE' | 'GUARANTOR'>().notNull(),
  account_sealed: text().notNull(),
  account_index: text().notNull(),
  account_tail: text().notNull(),
  is_change: flag().notNull(),
  declared_by_user: text(),
  confirmed_by: text(),
  confirmed_at: text()
})

export type SubsidyAccountRow = typeof subsidy_accounts.$inferSelect

/** Read through the common shape of evidence, whose states are others. */
export const subsidyAccounts = evidenceStore<SubsidyAccountRow & EvidenceRow>(subsidy_accounts)

/** What a sealed number is bound to. */
export function accountPlace (number: string): string {
  return `subsidy_accounts/account_no/${number}`
}

/** The number as it is kept: sealed in its own row, found again by its index, known to people by its tail. */
export function keptAccount (sql: ReadSql, number: string, account_no: string): Pick<SubsidyAccountRow,
  'account_sealed' | 'account_index' | 'account_tail'> {
  return { account_sealed: sealed(sql, account_no, accountPlace(number)), account_index: cipherOf(sql).blindIndex(account_no),
    account_tail: account_no.slice(-4) }
}

/** The number of a kept account; in memory only, never logged. */
export function openAccount (cipher: Pick<Cipher, 'open'>, row: Pick<SubsidyAccountRow, 'number' | 'account_sealed'>): string {
  return cipher.open(row.account_sealed, accountPlace(row.number))
}

/** Equal for equal declarations, and nothing to guess the number from. */
export function declarationDigest (sql: ReadSql, text: string): string {
  return cipherOf(sql).blindIndex(text)
}

export async function findActiveAccount (sql: ReadSql, holder_uscc: string): Promise<SubsidyAccountRow | undefined> {
  return (await sql.select().from(subsidy_accounts).where(and(eq(subsidy_accounts.uscc, holder_uscc),
    eq(subsidy_accounts.status, 'ACTIVE'))))[0]
}

/** The newest declaration of a participant for a holder. */
export async function newestDeclared (sql: ReadSql, participant_no: string, holder_uscc: string): Promise<SubsidyAccountRow | undefined> {
  return (await sql.select().from(subsidy_accounts).where(and(eq(subsidy_accounts.participant_no, participant_no),
    eq(subsidy_accounts.uscc, holder_uscc)))
    .orderBy(desc(subsidy_accounts.number)).limit(1))[0]
}

export async function insertAccount (sql: WriteSql, row: SubsidyAccountRow): Promise<boolean> {
  return (await sql.insert(subsidy_accounts).values(row).onConflictDoNothing().returning({ number: subsidy_accounts.number })).length > 0
}

/** Takes the holder's active account out of force. */
export async function retireAccounts (sql: WriteSql, now: string, holder_uscc: string, status: AccountStatus): Promise<string[]> {
  const rows = await sql.update(subsidy_accounts).set({ status: 'SUPERSEDED', version: expression`${subsidy_accounts.version} + 1`,
    updated_at: now })
    .where(and(eq(subsidy_accounts.uscc, holder_uscc), eq(subsidy_accounts.status, status))).returning({ number: subsidy_accounts.number })
  return rows.map(({ number }) => number)
}

/** Puts a pending account in force. undefined: it is pending no more. */
export async function activateAccount (sql: WriteSql, now: string, number: string,
  confirmed_by: string): Promise<SubsidyAccountRow | undefined> {
  const [row] = await sql.update(subsidy_accounts)
    .set({ status: 'ACTIVE', confirmed_by, confirmed_at: now, version: expression`${subsidy_accounts.version} + 1`, updated_at: now })
    .where(and(eq(subsidy_accounts.number, number), eq(subsidy_accounts.status, 'PENDING_CONFIRMATION'))).returning()
  return row
}
