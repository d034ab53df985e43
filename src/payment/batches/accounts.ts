/** Accounts of payees, opened in memory only: for the digest that is approved and for the instruction. */
import type { Cipher } from '../../db/cipher.ts'
import type { ReadSql } from '../../db/db.ts'
import type { KeptAccount } from '../../lending/subsidy-accounts/schema.ts'
import { findActiveAccount, openAccount, subsidyAccounts, type SubsidyAccountRow } from '../../lending/subsidy-accounts/store.ts'

export interface PayeeAccount { number: string, account_name: string, account_no: string, opening_bank_name: string, cnaps_code: string }

function opened (cipher: Cipher, row: SubsidyAccountRow): PayeeAccount {
  const { account_name, opening_bank_name, cnaps_code } = row.body as KeptAccount
  return { number: row.number, account_name, account_no: openAccount(cipher, row), opening_bank_name, cnaps_code }
}

export async function accountNow (sql: ReadSql, cipher: Cipher, holder_uscc: string): Promise<PayeeAccount | undefined> {
  const row = await findActiveAccount(sql, holder_uscc)
  return row === undefined ? undefined : opened(cipher, row)
}

/** The account a payment was made out to, also when another one is in force by now. */
export async function accountOf (sql: ReadSql, cipher: Cipher, number: string): Promise<PayeeAccount> {
  const row = await subsidyAccounts.find(sql, number)
  if (row === undefined) throw new Error(`the account ${number} of a payment is not there`)
  return opened(cipher, row)
}
