/**
 * Subsidy accounts. The first one of a holder counts at once; a change of the number waits for a second person, because
 * money would go elsewhere.
 */
import { newNo } from '../../clock.ts'
import { canonical } from '../../db/canonical.ts'
import { RunAgain, type ReadSql, type WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { mistake, refuseIfAny, usccMistakes, type Mistake } from '../../intake/mistakes.ts'
import { checkAccountNo, checkCnaps, normaliseAccountNo } from '../../policy/identifiers.ts'
import { findDocument } from '../documents/store.ts'
import { completed } from '../evidence/schema.ts'
import { announce, enterpriseFacts, isOtherName, mandate, unknownDocument } from '../evidence/service.ts'
import { account_defaults, KeptAccount, type NewSubsidyAccount } from './schema.ts'
import { activateAccount, declarationDigest, findActiveAccount, insertAccount, keptAccount, newestDeclared, retireAccounts,
  type SubsidyAccountRow } from './store.ts'

async function accountMistakes (sql: ReadSql, body: NewSubsidyAccount, account_no: string): Promise<Mistake[]> {
  return [
    ...await usccMistakes(sql, body.holder_uscc, '/holder_uscc'),
    ...checkAccountNo(account_no).map(({ code, message, message_zh }) => mistake('account_not_corporate', '/account_no', code, message,
      message_zh)),
    ...checkCnaps(body.cnaps_code).map(({ code, message, message_zh }) => mistake('cnaps_invalid', '/cnaps_code', code, message,
      message_zh))
  ]
}

/** Under which authorization, and whose name the account has to have. A guarantor declares its own account and needs none. */
async function holderOf (sql: ReadSql, now: string, principal: Principal, holder_uscc: string): Promise<{ authorization_no: string | null,
  name: string | null, enterprise_no: string | null }> {
  if (principal.role === 'GUARANTOR') {
    if (holder_uscc !== principal.uscc) refuseIfAny([mistake('rule_broken', '/holder_uscc', 'HOLDER_NOT_SELF',
      'A guarantor declares its own account only', '担保机构仅可申报本机构账户')])
    return { authorization_no: null, name: principal.name, enterprise_no: null }
  }
  const authorization = await mandate(sql, principal, holder_uscc, now, 'SUBSIDY_ACCOUNT')
  const { name, participant_no } = await enterpriseFacts(sql, holder_uscc, authorization)
  return { authorization_no: authorization.authorization_no, name, enterprise_no: participant_no }
}

/**
 * Declares an account. The same declaration again is the first one; sent again by another person it confirms a pending change.
 *
 * Errors: uscc_check_digit, account_not_corporate, cnaps_invalid, authorization_missing, authorization_not_active,
 * account_name_mismatch, document_unknown, rule_broken.
 * Source: S2 (十三): paid directly to the account of the enterprise; domain notes §5.12, §7.6.
 */
export async function declareAccount (sql: WriteSql, now: string, principal: Principal,
  body: NewSubsidyAccount): Promise<{ row: SubsidyAccountRow, is_new: boolean }> {
  const { account_no: written, ...kept } = body
  const account_no = normaliseAccountNo(written)
  refuseIfAny(await accountMistakes(sql, body, account_no))
  const { authorization_no, name, enterprise_no } = await holderOf(sql, now, principal, body.holder_uscc)
  const mistakes: Mistake[] = []
  if (isOtherName(body.account_name, name)) {
    mistakes.push(mistake('account_name_mismatch', '/account_name', 'ACCOUNT_NAME_MISMATCH',
      'The account has to be in the registered name of the holder', '账户名称须与企业登记名称一致'))
  }
  if (body.document_no !== undefined && await findDocument(sql, principal.participant_no,
    body.document_no) === undefined) mistakes.push(unknownDocument())
  refuseIfAny(mistakes)
  const content_digest = declarationDigest(sql, canonical({ ...kept, account_no }))
  const newest = await newestDeclared(sql, principal.participant_no, body.holder_uscc)
  if (newest !== undefined && newest.content_digest === content_digest && newest.status !== 'SUPERSEDED') {
    const second = principal.user_no !== null && principal.user_no !== newest.declared_by_user
    if (newest.status !== 'PENDING_CONFIRMATION' || !second) return { row: newest, is_new: false }
    return { row: await confirmAccount(sql, now, principal, newest, principal.user_no ?? '', enterprise_no), is_new: false }
  }
  const number = newNo('acct')
  const sealed_account = keptAccount(sql, number, account_no)
  const active = await findActiveAccount(sql, body.holder_uscc)
  const is_change = active !== undefined && active.account_index !== sealed_account.account_index
  const row: SubsidyAccountRow = {
    number,
    participant_no: principal.participant_no,
    business_no: number,
    uscc: body.holder_uscc,
    project_code: '',
    status: is_change ? 'PENDING_CONFIRMATION' : 'ACTIVE',
    findings: [],
    authorization_no,
    content_digest,
    review_notes: [],
    body: kept,
    version: 1,
    created_at: now,
    updated_at: now,
    holder_kind: principal.role === 'GUARANTOR' ? 'GUARANTOR' : 'ENTERPRISE',
    ...sealed_account,
    is_change,
    declared_by_user: principal.user_no,
    confirmed_by: null,
    confirmed_at: null
  }
  await retireAccounts(sql, now, row.uscc, row.status)
  if (!await insertAccount(sql, row)) throw new RunAgain('an account of this holder was kept at the same time')
  await announce(sql, now, principal, is_change ? 'subsidy_account.pending' : 'subsidy_account.active', row, [enterprise_no])
  return { row, is_new: true }
}

/** A second person, or the enterprise itself, agrees to the change: the account before steps back in the same unit. */
export async function confirmAccount (sql: WriteSql, now: string, principal: Principal, pending: SubsidyAccountRow, confirmed_by: string,
  enterprise_no: string | null): Promise<SubsidyAccountRow> {
  await retireAccounts(sql, now, pending.uscc, 'ACTIVE')
  const row = await activateAccount(sql, now, pending.number, confirmed_by)
  if (row === undefined) throw new RunAgain('the account was confirmed at the same time')
  await announce(sql, now, principal, 'subsidy_account.active', row, [enterprise_no])
  return row
}

export function shownAccount (row: SubsidyAccountRow): Record<string, unknown> {
  const { number, participant_no, status, findings, authorization_no, version, created_at, updated_at, confirmed_at } = row
  return {
    ...completed(KeptAccount, row.body, account_defaults), account_no_masked: `****${row.account_tail}`, confirmed_at,
    number, participant_no, status, findings, authorization_no, version, created_at, updated_at
  }
}
