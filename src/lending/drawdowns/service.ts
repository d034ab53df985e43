/** Drawdowns: counted on their contract's row, so that no order of arrival draws more than the contract carries. */
import { newNo } from '../../clock.ts'
import { peek, type ReadSql, type WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { mistake, refuseIfAny, type Mistake } from '../../intake/mistakes.ts'
import { findDisbursement } from '../../matching/leads/store.ts'
import { finding, type Finding } from '../../policy/findings.ts'
import { fenOf, yuanOf } from '../../policy/money.ts'
import { claimMistakes, type ClaimsFiled } from '../claimed.ts'
import { findDocument } from '../documents/store.ts'
import { correctedVersion, stepBack, versionOf } from '../evidence/correcting.ts'
import { completed } from '../evidence/schema.ts'
import { announce, contentDigest, contractUnknown, enterpriseFacts, invoiceUses, keepUses, keptOrAgain, mandate, storedTwin, toldAbout,
  unknownDocument, usedElsewhere } from '../evidence/service.ts'
import { amountMistakes, rateMistakes, reversed } from '../loan-contracts/service.ts'
import { countDrawn, loanContracts } from '../loan-contracts/store.ts'
import { judgeAllOn } from '../interest-vouchers/judging-again.ts'
import { loan_interest } from '../interest-vouchers/service.ts'
import { interestPeriods, type InterestVoucherRow } from '../interest-vouchers/store.ts'
import { mark } from '../marks.ts'
import { moveToDrawdown } from '../moving.ts'
import { NewDrawdown } from './schema.ts'
import { drawdownsKept, keepFindings, type DrawdownRow, type RateSegment } from './store.ts'

/** Rates over time: in date order, none twice on one day. */
export function rateSegmentMistakes (rate_segments: readonly RateSegment[]): Mistake[] {
  const mistakes: Mistake[] = []
  let before: string | null = null
  for (const [index, { from, to, annual_rate_pct }] of rate_segments.entries()) {
    const at = `/rate_segments/${index}`
    mistakes.push(...rateMistakes(annual_rate_pct, `${at}/annual_rate_pct`))
    if (to <= from) mistakes.push(mistake('segments_reversed', `${at}/to`, 'SEGMENTS_REVERSED', 'The segment ends before it begins',
      '分段止日不晚于起日'))
    else if (before !== null && from < before) mistakes.push(mistake('segments_overlap', `${at}/from`, 'SEGMENTS_OVERLAP',
      'The segment starts before the one ahead of it ends', '分段与上一段重叠或未按日期排列'))
    before = to
  }
  return mistakes
}

/** Vouchers that state a higher balance than what a correction says was lent: they are corrected first. */
export function balancesOver (live: readonly Pick<InterestVoucherRow, 'business_no' | 'segments'>[], lent_fen: number, pointer: string): Mistake[] {
  return live.filter(({ segments }) => segments.some(({ balance_fen }) => balance_fen > lent_fen)).map(({ business_no }) => mistake('balance_over_loan', pointer,
    'BALANCE_OVER_LOAN', `The voucher ${business_no} states a higher balance; correct it first`, `凭证 ${business_no} 的计息余额更高，请先更正该凭证`))
}

export function drawdownMistakes (body: NewDrawdown): Mistake[] {
  const mistakes = amountMistakes(body.amount, body.land_amount, 'amount')
  if (body.maturity_date <= body.disbursed_date) mistakes.push(reversed('/maturity_date', 'The drawdown matures before it is paid out',
    '到期日不晚于放款日'))
  mistakes.push(...rateSegmentMistakes(body.rate_segments ?? []))
  return mistakes
}

/**
 * Takes in a drawdown of an own loan contract, or its correction, under which the vouchers of the version before go on.
 *
 * Errors: land_over_amount, period_reversed, segments_reversed, segments_overlap, contract_unknown, authorization_missing,
 * authorization_not_active, document_unknown, amount_over_contract, duplicate_key; of a correction state_conflict, rule_broken, balance_over_loan,
 * claims_filed.
 */
export async function acceptDrawdown (sql: WriteSql, now: string, principal: Principal, body: NewDrawdown, claims: ClaimsFiled): Promise<{ row: DrawdownRow,
  is_new: boolean }> {
  const content_digest = contentDigest(body)
  const twin = storedTwin(await drawdownsKept.byBusinessNo(peek(sql), principal.participant_no, body.iou_no), content_digest)
  if (twin !== null) return { row: twin, is_new: false }
  refuseIfAny(drawdownMistakes(body))
  const contract = await loanContracts.inForce(sql, principal.participant_no, body.loan_contract_no)
  if (contract === undefined) throw contractUnknown('/loan_contract_no')
  const earlier = await correctedVersion(sql, principal, drawdownsKept, body.correction_of, contract.uscc)
  const authorization = await mandate(sql, principal, contract.uscc, now, 'CREDIT_CONTRACT')
  if (body.document_no !== undefined && await findDocument(sql, principal.participant_no,
    body.document_no) === undefined) refuseIfAny([unknownDocument()])
  const amount_fen = fenOf(body.amount)
  const land_fen = fenOf(body.land_amount)
  if (earlier !== null) {
    const before = await loanContracts.find(sql, earlier.loan_contract_number)
    refuseIfAny([
      ...balancesOver(await interestPeriods.liveOn(sql, earlier.number), amount_fen, '/amount'),
      ...claimMistakes(await claims.onDrawdown(sql, principal.participant_no, earlier.first_no), amount_fen, '/amount',
        before?.chain === contract.chain ? [] : [['/loan_contract_no', 'The loan contract', '所属借款合同']])
    ])
    await countDrawn(sql, earlier.loan_contract_number, -earlier.amount_fen, -earlier.land_fen, now)
  }
  if (!await countDrawn(sql, contract.number, amount_fen, land_fen, now)) {
    refuseIfAny([mistake('amount_over_contract', '/amount', 'AMOUNT_OVER_CONTRACT',
      'With this the drawdowns exceed the contract, or its part that is not for land',
      '加上本笔后，借据合计超过合同金额或其非土地部分')])
  }
  const number = newNo('draw')
  const uses = invoiceUses('DRAWDOWN', earlier?.first_no ?? body.iou_no, body.payees ?? [])
  const notes = await usedElsewhere(sql, principal, uses)
  const row: DrawdownRow = {
    number,
    participant_no: principal.participant_no,
    business_no: body.iou_no,
    uscc: contract.uscc,
    project_code: contract.project_code,
    status: 'ACCEPTED',
    findings: [...toldAbout(principal, notes), ...await againstLead(sql, principal, earlier?.first_no ?? body.iou_no, body)],
    authorization_no: authorization.authorization_no,
    content_digest,
    review_notes: notes,
    body,
    version: 1,
    created_at: now,
    updated_at: now,
    ...versionOf(earlier, number, body.iou_no),
    loan_contract_number: contract.number,
    amount_fen,
    land_fen,
    disbursed_date: body.disbursed_date,
    maturity_date: body.maturity_date,
    rate_segments: body.rate_segments ?? [],
    balance_events: body.balance_events ?? []
  }
  keptOrAgain(await drawdownsKept.insert(sql, row))
  await keepUses(sql, now, principal, number, uses, notes)
  await mark(sql, now, row.uscc, row.project_code, 'LOAN_INTEREST')
  const { participant_no } = await enterpriseFacts(sql, row.uscc, authorization)
  if (earlier !== null) {
    await stepBack(sql, now, principal, drawdownsKept, 'drawdown', earlier, number, [participant_no])
    await moveToDrawdown(sql, earlier.number, row)
    await judgeAllOn(sql, now, principal, loan_interest, number)
    if (earlier.project_code !== row.project_code) await mark(sql, now, row.uscc, earlier.project_code, 'LOAN_INTEREST')
  }
  await announce(sql, now, principal, 'drawdown.accepted', row, [participant_no], { loan_contract: contract.number })
  return { row, is_new: true }
}

/** What the bank reported as paid out on the lead is what it lends here; a correction of either puts it right. Source: contract §5, §6. */
async function againstLead (sql: ReadSql, { participant_no }: Principal, iou_no: string, { amount, disbursed_date }: Pick<NewDrawdown, 'amount' | 'disbursed_date'>): Promise<Finding[]> {
  const reported = (await findDisbursement(sql, participant_no, iou_no))?.content
  if (reported === undefined || (reported.amount === amount && reported.date === disbursed_date)) return []
  return [finding('DISBURSED_DIFFERS', null,
    `The lead was told of ${reported.amount} on ${reported.date}, the drawdown says ${amount} on ${disbursed_date}; correct the drawdown if it is wrong.`,
    `线索登记放款 ${reported.amount} 元（${reported.date}），借据为 ${amount} 元（${disbursed_date}）；如借据有误请更正。`)]
}

/** The same where the lead is told after the drawdown came: neither order hides a difference. */
export async function lookAtToldLead (sql: WriteSql, now: string, principal: Principal, iou_no: string): Promise<void> {
  const row = await drawdownsKept.inForce(sql, principal.participant_no, iou_no)
  if (row === undefined || row.first_no !== iou_no) return
  const found = await againstLead(sql, principal, iou_no, { amount: yuanOf(row.amount_fen), disbursed_date: row.disbursed_date })
  if (found.length === 0) return
  await keepFindings(sql, row.number, [...row.findings, ...found], now)
  await announce(sql, now, principal, 'drawdown.differs', { ...row, review_notes: [] }, [], { loan_contract: row.loan_contract_number })
}

export function shownDrawdown (row: DrawdownRow): Record<string, unknown> {
  const { number, participant_no, status, findings, authorization_no, version, created_at, updated_at, superseded_by } = row
  return {
    ...completed(NewDrawdown, row.body), borrower_uscc: row.uscc, project_code: row.project_code, superseded_by,
    number, participant_no, status, findings, authorization_no, version, created_at, updated_at
  }
}
