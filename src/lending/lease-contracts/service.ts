/** Direct leases of lessors; what is no direct lease is refused, equipment is financed once. */
import { newNo } from '../../clock.ts'
import { peek, type ReadSql, type WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { mistake, projectCodeMistakes, refuseIfAny, usccMistakes, type Mistake } from '../../intake/mistakes.ts'
import { checkLeaseMode } from '../../policy/lease.ts'
import { fenOf } from '../../policy/money.ts'
import { nearestTerms, type PolicyVersion } from '../../policy/terms.ts'
import { findDocument } from '../documents/store.ts'
import { balancesOver, rateSegmentMistakes } from '../drawdowns/service.ts'
import { correctedVersion, stepBack, versionOf } from '../evidence/correcting.ts'
import { completed } from '../evidence/schema.ts'
import { announce, contentDigest, enterpriseFacts, invoiceUses, keepUses, keptOrAgain, mandate, storedTwin, toldAbout, unknownDocument,
  usedElsewhere } from '../evidence/service.ts'
import { rateMistakes, reversed } from '../loan-contracts/service.ts'
import { mark } from '../marks.ts'
import { moveToLease } from '../moving.ts'
import { judgeAllOn } from '../interest-vouchers/judging-again.ts'
import { rents } from '../rent-vouchers/service.ts'
import { rentPeriods } from '../rent-vouchers/store.ts'
import { lease_defaults, NewLeaseContract } from './schema.ts'
import { leaseContracts, type LeaseContractRow } from './store.ts'

export async function leaseMistakes (sql: ReadSql, body: NewLeaseContract, policies: readonly PolicyVersion[]): Promise<Mistake[]> {
  const mistakes = [...await usccMistakes(sql, body.lessee_uscc, '/lessee_uscc'), ...projectCodeMistakes(body.project_code, '/project_code')]
  if (body.supplier_uscc !== undefined) mistakes.push(...await usccMistakes(sql, body.supplier_uscc, '/supplier_uscc'))
  if (fenOf(body.financed_principal) === 0) mistakes.push(mistake('amount_not_positive', '/financed_principal', 'AMOUNT_NOT_POSITIVE',
    'The principal has to be above zero', '融资本金须大于零'))
  if (body.lease_end <= body.lease_start) mistakes.push(reversed('/lease_end', 'The lease ends before it starts', '租赁止日不晚于起日'))
  if (body.implied_annual_rate_pct !== undefined) mistakes.push(...rateMistakes(body.implied_annual_rate_pct, '/implied_annual_rate_pct'))
  mistakes.push(...rateSegmentMistakes(body.rate_segments ?? []))
  const { lease_mode, lease_start, leaseback_conversion } = body
  const terms = nearestTerms(policies, 'TECH_RENO_LOAN', lease_start)
  for (const { code, message, message_zh } of checkLeaseMode({
    lease_mode, lease_start, purchase_date: leaseback_conversion?.purchase_date ?? null,
      is_new_equipment: leaseback_conversion?.is_new_equipment ?? null
  }, terms)) mistakes.push(mistake('leaseback_refused', '/lease_mode', code, message, message_zh))
  if (lease_mode === 'DIRECT_TO_LEASEBACK' && leaseback_conversion !== undefined && leaseback_conversion.purchase_date > lease_start) {
    mistakes.push(mistake('leaseback_refused', '/leaseback_conversion/purchase_date', 'LEASE_NOT_DIRECT',
      'The equipment was bought after the lease began', '设备购置日晚于租赁起始日'))
  }
  return mistakes
}

/**
 * Takes in a lease contract, or its correction, under which the rents of the version before go on.
 *
 * Errors: uscc_check_digit, project_code_invalid, amount_not_positive, period_reversed, rate_too_high, segments_reversed, segments_overlap,
 * leaseback_refused, authorization_missing, authorization_not_active, document_unknown, duplicate_key; of a
 * correction contract_unknown, state_conflict, rule_broken, balance_over_loan.
 * Source: S2 (三); Z-02, A-07, A-17.
 */
export async function acceptLeaseContract (
  sql: WriteSql, now: string, principal: Principal, body: NewLeaseContract, policies: readonly PolicyVersion[]
): Promise<{ row: LeaseContractRow, is_new: boolean }> {
  const content_digest = contentDigest(body)
  const twin = storedTwin(await leaseContracts.byBusinessNo(peek(sql), principal.participant_no, body.lease_contract_no), content_digest)
  if (twin !== null) return { row: twin, is_new: false }
  refuseIfAny(await leaseMistakes(sql, body, policies))
  const earlier = await correctedVersion(sql, principal, leaseContracts, body.correction_of, body.lessee_uscc)
  const authorization = await mandate(sql, principal, body.lessee_uscc, now, 'CREDIT_CONTRACT')
  const mistakes = earlier === null ? [] : balancesOver(await rentPeriods.liveOn(sql, earlier.number), fenOf(body.financed_principal), '/financed_principal')
  for (const [pointer, document_no] of [['/document_no', body.document_no],
    ['/title_transfer_document_no', body.title_transfer_document_no]] as const) {
    if (document_no !== undefined && await findDocument(sql, principal.participant_no,
      document_no) === undefined) mistakes.push(unknownDocument(pointer))
  }
  refuseIfAny(mistakes)
  const uses = invoiceUses('LEASE_CONTRACT', earlier?.first_no ?? body.lease_contract_no, body.equipment ?? [])
  const notes = await usedElsewhere(sql, principal, uses)
  const number = newNo('lease')
  const row: LeaseContractRow = {
    number,
    participant_no: principal.participant_no,
    business_no: body.lease_contract_no,
    uscc: body.lessee_uscc,
    project_code: body.project_code,
    status: 'ACCEPTED',
    findings: toldAbout(principal, notes),
    authorization_no: authorization.authorization_no,
    content_digest,
    review_notes: notes,
    body,
    version: 1,
    created_at: now,
    updated_at: now,
    ...versionOf(earlier, number, body.lease_contract_no),
    lease_mode: body.lease_mode,
    financed_principal_fen: fenOf(body.financed_principal),
    annual_rate_pct: body.implied_annual_rate_pct ?? null,
    rate_segments: body.rate_segments ?? [],
    day_count: body.day_count ?? lease_defaults.day_count,
    lease_start: body.lease_start,
    lease_end: body.lease_end,
    document_no: body.document_no
  }
  keptOrAgain(await leaseContracts.insert(sql, row))
  await keepUses(sql, now, principal, row.number, uses, notes)
  await mark(sql, now, row.uscc, row.project_code, 'LEASE')
  const { participant_no } = await enterpriseFacts(sql, row.uscc, authorization)
  if (earlier !== null) {
    await stepBack(sql, now, principal, leaseContracts, 'lease_contract', earlier, number, [participant_no])
    await moveToLease(sql, earlier.number, row)
    await judgeAllOn(sql, now, principal, rents, number)
    if (earlier.project_code !== row.project_code) await mark(sql, now, row.uscc, earlier.project_code, 'LEASE')
  }
  await announce(sql, now, principal, 'lease_contract.accepted', row, [participant_no], { project_code: row.project_code })
  return { row, is_new: true }
}

export function shownLeaseContract (row: LeaseContractRow): Record<string, unknown> {
  const { number, participant_no, status, findings, authorization_no, version, created_at, updated_at, superseded_by } = row
  return { ...completed(NewLeaseContract, row.body, lease_defaults), superseded_by, number, participant_no, status, findings, authorization_no, version,
    created_at, updated_at }
}
