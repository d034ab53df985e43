/** Proofs of guarantee fees paid; their sum never exceeds the fee of the contract, which is what the 1 % is judged by. */
import { newNo } from '../../clock.ts'
import { peek, type WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { mistake, refuseIfAny, type Mistake } from '../../intake/mistakes.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { fenOf } from '../../policy/money.ts'
import { nearestTerms } from '../../policy/terms.ts'
import { policiesIn } from '../../registry/policies/service.ts'
import { findDocument } from '../documents/store.ts'
import { correctedBy, stepBack } from '../evidence/correcting.ts'
import { completed } from '../evidence/schema.ts'
import {
  announce, contentDigest, contractUnknown, enterpriseFacts, firstOf, invoiceUses, keepUses, keptOrAgain, mandate, storedTwin,
    unknownDocument, usedElsewhere, voucherUses
} from '../evidence/service.ts'
import { countCharged, guaranteeContracts } from '../guarantee-contracts/store.ts'
import { paidInFuture, payerFindings, reviewed } from '../interest-vouchers/accepting.ts'
import { historyFindings, isCoveredByHistory, isHeld, shownFindings } from '../interest-vouchers/judging.ts'
import { reversed } from '../loan-contracts/service.ts'
import { mark } from '../marks.ts'
import { NewFeeVoucher } from './schema.ts'
import { feeVouchers, type FeeVoucherRow } from './store.ts'

function feeMistakes (body: NewFeeVoucher, today: string): Mistake[] {
  const mistakes: Mistake[] = []
  if (fenOf(body.fee_amount) === 0) mistakes.push(mistake('amount_not_positive', '/fee_amount', 'AMOUNT_NOT_POSITIVE',
    'The fee has to be above zero', '担保费须大于零'))
  if (body.paid_date > today) mistakes.push(paidInFuture(today))
  if (body.period_start !== undefined && body.period_end !== undefined && body.period_end <= body.period_start) {
    mistakes.push(reversed('/period_end', 'The period ends before it begins', '期间止日不晚于起日'))
  }
  return mistakes
}

/** A fee is older than the authorization when it was paid before it. */
const history = ({ period_start, paid_date }: Pick<NewFeeVoucher, 'period_start' | 'paid_date'>) => ({ period_start: period_start ?? paid_date, period_end: '9999-12-31',
  paid_date })

/**
 * Takes in a fee voucher: ACCEPTED, or HELD where its receipt or invoice was used before or it is older than the authorization.
 *
 * Errors: duplicate_key, amount_not_positive, paid_date_in_future, period_reversed, contract_unknown, authorization_missing,
 * authorization_not_active, document_unknown, voucher_unknown, state_conflict, amount_over_contract.
 * Source: S2 (五); domain notes §5.10.
 */
export async function acceptFeeVoucher (sql: WriteSql, now: string, principal: Principal,
  body: NewFeeVoucher): Promise<{ row: FeeVoucherRow, is_new: boolean }> {
  const content_digest = contentDigest(body)
  const twin = storedTwin(await feeVouchers.byBusinessNo(peek(sql), principal.participant_no, body.fee_voucher_no), content_digest)
  if (twin !== null) return { row: twin, is_new: false }
  refuseIfAny(feeMistakes(body, beijingDate(now)))
  const contract = await guaranteeContracts.inForce(sql, principal.participant_no, body.guarantee_contract_no)
  if (contract === undefined) throw contractUnknown('/guarantee_contract_no')
  const authorization = await mandate(sql, principal, contract.uscc, now, 'GUARANTEE', one => isCoveredByHistory(history(body), one))
  const document = await findDocument(sql, principal.participant_no, body.document_no)
  const enterprise = await enterpriseFacts(sql, contract.uscc, authorization)
  if (document === undefined) refuseIfAny([unknownDocument()])
  const earlier = await correctedBy(sql, principal, feeVouchers, body.correction_of)
  const first = earlier === null ? null : await firstOf(sql, feeVouchers, earlier)
  const fee_fen = fenOf(body.fee_amount)
  const uses = [
    ...voucherUses('FEE_VOUCHER', contract.first_no, document?.sha256 ?? '', principal, body.bank_txn_no),
    ...invoiceUses('FEE_VOUCHER', first?.business_no ?? body.fee_voucher_no, [body], 'RECEIPT_REUSED')
  ]
  const notes = await usedElsewhere(sql, principal, uses)
  const terms = nearestTerms(await policiesIn(sql), 'TECH_RENO_LOAN', body.paid_date)
  const findings = [...payerFindings(body.payer_account_name, enterprise.name), ...historyFindings(history(body), authorization, terms), ...reviewed(principal, notes)]
  const row: FeeVoucherRow = {
    number: newNo('vch'),
    participant_no: principal.participant_no,
    business_no: body.fee_voucher_no,
    uscc: contract.uscc,
    project_code: contract.project_code,
    status: isHeld(findings, false) ? 'HELD' : 'ACCEPTED',
    findings: shownFindings(findings),
    authorization_no: authorization.authorization_no,
    content_digest,
    review_notes: notes,
    body,
    version: 1,
    created_at: now,
    updated_at: now,
    guarantee_contract_number: contract.number,
    fee_fen,
    paid_date: body.paid_date,
    document_no: body.document_no,
    supersedes: earlier?.number ?? null,
    superseded_by: null,
    accepted_at: isHeld(findings, false) ? null : now
  }
  if (earlier !== null) {
    await stepBack(sql, now, principal, feeVouchers, 'fee_voucher', earlier, row.number, [enterprise.participant_no])
    await countCharged(sql, earlier.guarantee_contract_number, -earlier.fee_fen, now)
  }
  if (!await countCharged(sql, contract.number, fee_fen, now)) {
    refuseIfAny([mistake('amount_over_contract', '/fee_amount', 'FEES_OVER_CONTRACT',
      'With this the fees exceed the fee of the guarantee contract', '加上本笔后，担保费合计超过保证合同约定')])
  }
  keptOrAgain(await feeVouchers.insert(sql, row))
  await keepUses(sql, now, principal, row.number, uses, notes)
  await mark(sql, now, row.uscc, row.project_code, 'GUARANTEE_FEE')
  if (earlier !== null && earlier.project_code !== row.project_code) await mark(sql, now, earlier.uscc, earlier.project_code,
    'GUARANTEE_FEE')
  await announce(sql, now, principal, row.status === 'HELD' ? 'fee_voucher.held' : 'fee_voucher.accepted', row, [enterprise.participant_no],
    { guarantee_contract: contract.number })
  return { row, is_new: true }
}

export const feePeriod = (row: FeeVoucherRow) => history(row.body as NewFeeVoucher)

/** A rejected fee no longer counts as charged. */
export async function uncountFee (sql: WriteSql, row: FeeVoucherRow, now: string): Promise<void> {
  await countCharged(sql, row.guarantee_contract_number, -row.fee_fen, now)
}

/** Counts a fee as charged again. false: the contract no longer carries it. */
export async function countAgain (sql: WriteSql, row: FeeVoucherRow, now: string): Promise<boolean> {
  return countCharged(sql, row.guarantee_contract_number, row.fee_fen, now)
}

export function shownFeeVoucher (row: FeeVoucherRow): Record<string, unknown> {
  const { number, participant_no, status, findings, authorization_no, version, created_at, updated_at, superseded_by, project_code } = row
  return {
    ...completed(NewFeeVoucher, row.body), borrower_uscc: row.uscc, project_code, superseded_by,
    number, participant_no, status, findings, authorization_no, version, created_at, updated_at
  }
}
