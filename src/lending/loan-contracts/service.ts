/** Loan contracts of banks: taken in under a live authorization, once per contract number. */
import { newNo } from '../../clock.ts'
import { peek, type ReadSql, type WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { mistake, projectCodeMistakes, refuseIfAny, usccMistakes, type Mistake } from '../../intake/mistakes.ts'
import { approvedLeadOf, findLead } from '../../matching/leads/store.ts'
import { rateUnits, UNITS_PER_ONE } from '../../policy/exact.ts'
import { fenOf, sumFen, yuanOf } from '../../policy/money.ts'
import { correctedVersion, stepBack, versionOf } from '../evidence/correcting.ts'
import { completed } from '../evidence/schema.ts'
import { announce, contentDigest, enterpriseFacts, keptOrAgain, mandate, storedTwin, unknownDocument } from '../evidence/service.ts'
import { findDocument } from '../documents/store.ts'
import { drawdownsOf } from '../drawdowns/store.ts'
import { standingBehind } from '../guarantee-contracts/store.ts'
import { judgeAllOn } from '../interest-vouchers/judging-again.ts'
import { loan_interest } from '../interest-vouchers/service.ts'
import { mark } from '../marks.ts'
import { moveToLoan } from '../moving.ts'
import { loan_contract_defaults, NewLoanContract } from './schema.ts'
import { loanContracts, type LoanContractRow } from './store.ts'
import { shareMistakes, sharesOver, wholeLoan } from './syndicate.ts'

/** Mistakes of an amount with its land part. */
export function amountMistakes (amount: string, land_amount: string, name: string): Mistake[] {
  if (fenOf(amount) === 0) return [mistake('amount_not_positive', `/${name}`, 'AMOUNT_NOT_POSITIVE', 'The amount has to be above zero',
    '金额须大于零')]
  if (fenOf(land_amount) <= fenOf(amount)) return []
  return [mistake('land_over_amount', '/land_amount', 'LAND_NOT_SEPARATED', `The land part exceeds ${name}`, '土地部分超过总额')]
}

export function rateMistakes (annual_rate_pct: string, pointer: string): Mistake[] {
  if (rateUnits(annual_rate_pct) <= UNITS_PER_ONE) return []
  return [mistake('rate_too_high', pointer, 'RATE_TOO_HIGH', 'The rate is over 100 %; send percent a year', '利率超过 100%；请按年化百分数填写')]
}

export function reversed (pointer: string, message: string, message_zh: string): Mistake {
  return mistake('period_reversed', pointer, 'PERIOD_REVERSED', message, message_zh)
}

/** What can be judged from the words alone. */
export async function contractMistakes (sql: ReadSql, body: NewLoanContract): Promise<Mistake[]> {
  const mistakes = [
    ...await usccMistakes(sql, body.borrower_uscc, '/borrower_uscc'),
    ...projectCodeMistakes(body.project_code, '/project_code'),
    ...amountMistakes(body.contract_amount, body.land_amount, 'contract_amount'),
    ...rateMistakes(body.annual_rate_pct, '/annual_rate_pct'),
    ...shareMistakes(body)
  ]
  const { borrower_uscc, core_enterprise_uscc } = body
  if (core_enterprise_uscc !== undefined) mistakes.push(...await usccMistakes(sql, core_enterprise_uscc, '/core_enterprise_uscc'))
  if (core_enterprise_uscc === borrower_uscc) {
    mistakes.push(mistake('rule_broken', '/core_enterprise_uscc', 'CORE_ENTERPRISE_IS_BORROWER',
      'A core enterprise brings about loans of others in its supply chain; leave it out for its own loan', '核心企业促成的是链上其他企业的贷款；自身借款请勿填写该项'))
  }
  if (body.maturity_date <= body.start_date) mistakes.push(reversed('/maturity_date', 'The contract matures before it starts', '到期日不晚于起始日'))
  if (body.signed_date > body.maturity_date) mistakes.push(reversed('/signed_date', 'The contract was signed after its maturity',
    '签订日晚于到期日'))
  return mistakes
}

/**
 * Takes in a loan contract, or its correction: what was drawn, paid and guaranteed under the version before goes on under this one.
 *
 * Errors: uscc_check_digit, land_over_amount, period_reversed, rate_too_high, authorization_missing, authorization_not_active,
 * document_unknown, lead_unknown, duplicate_key, share_over_loan; of a correction contract_unknown, state_conflict, rule_broken, amount_over_contract.
 */
export async function acceptLoanContract (sql: WriteSql, now: string, principal: Principal,
  body: NewLoanContract): Promise<{ row: LoanContractRow, is_new: boolean }> {
  const content_digest = contentDigest(body)
  const twin = storedTwin(await loanContracts.byBusinessNo(peek(sql), principal.participant_no, body.loan_contract_no), content_digest)
  if (twin !== null) return { row: twin, is_new: false }
  refuseIfAny(await contractMistakes(sql, body))
  const earlier = await correctedVersion(sql, principal, loanContracts, body.correction_of, body.borrower_uscc)
  const authorization = await mandate(sql, principal, body.borrower_uscc, now, 'CREDIT_CONTRACT')
  const mistakes: Mistake[] = []
  if (await findDocument(sql, principal.participant_no, body.document_no) === undefined) mistakes.push(unknownDocument())
  const lead_no = await leadOf(sql, principal, body, mistakes)
  if (earlier !== null && drawnBeyond(earlier, body)) mistakes.push(mistake('amount_over_contract', '/contract_amount', 'AMOUNT_OVER_CONTRACT',
    'More was drawn than the corrected contract lends, or than its part that is not for land; correct the drawdowns first',
    '已提款金额超过更正后的合同金额或其非土地部分；请先更正借据'))
  if (earlier !== null) mistakes.push(...await guaranteedBeyond(sql, earlier, fenOf(body.contract_amount)))
  mistakes.push(...await sharesOver(sql, body, earlier?.number ?? null))
  refuseIfAny(mistakes)
  const number = newNo('loan')
  const row: LoanContractRow = {
    number,
    participant_no: principal.participant_no,
    business_no: body.loan_contract_no,
    uscc: body.borrower_uscc,
    project_code: body.project_code,
    status: 'ACCEPTED',
    findings: [],
    authorization_no: authorization.authorization_no,
    content_digest,
    review_notes: [],
    body,
    version: 1,
    created_at: now,
    updated_at: now,
    ...versionOf(earlier, number, body.loan_contract_no),
    contract_amount_fen: fenOf(body.contract_amount),
    land_fen: fenOf(body.land_amount),
    drawn_fen: earlier?.drawn_fen ?? 0,
    drawn_land_fen: earlier?.drawn_land_fen ?? 0,
    annual_rate_pct: body.annual_rate_pct,
    day_count: body.day_count ?? loan_contract_defaults.day_count,
    start_date: body.start_date,
    maturity_date: body.maturity_date,
    document_no: body.document_no,
    lead_no,
    core_enterprise_uscc: body.core_enterprise_uscc ?? null
  }
  keptOrAgain(await loanContracts.insert(sql, row))
  await mark(sql, now, row.uscc, row.project_code, 'LOAN_INTEREST')
  const { participant_no } = await enterpriseFacts(sql, row.uscc, authorization)
  if (earlier !== null) {
    await stepBack(sql, now, principal, loanContracts, 'loan_contract', earlier, number, [participant_no])
    await moveToLoan(sql, earlier.number, row)
    for (const { number } of await drawdownsOf(sql, [row.number])) await judgeAllOn(sql, now, principal, loan_interest, number)
    for (const project_code of new Set([earlier.project_code, row.project_code])) {
      for (const kind of ['LOAN_INTEREST', 'GUARANTEE_FEE'] as const) await mark(sql, now, row.uscc, project_code, kind)
    }
  }
  await announce(sql, now, principal, 'loan_contract.accepted', row, [participant_no], { project_code: row.project_code, lead_no })
  return { row, is_new: true }
}

function drawnBeyond ({ drawn_fen, drawn_land_fen }: LoanContractRow, body: NewLoanContract): boolean {
  const amount_fen = fenOf(body.contract_amount)
  return drawn_fen > amount_fen || drawn_fen - drawn_land_fen > amount_fen - fenOf(body.land_amount)
}

/** A contract is not lowered under what is guaranteed of it; the guarantors correct or release theirs first. */
async function guaranteedBeyond (sql: ReadSql, { number, contract_amount_fen }: LoanContractRow, amount_fen: number): Promise<Mistake[]> {
  if (amount_fen >= contract_amount_fen) return []
  const standing = await standingBehind(sql, number)
  if (sumFen(standing.map(({ guaranteed_fen }) => guaranteed_fen)) <= amount_fen) return []
  const named = standing.map(({ business_no }) => business_no).join(', ')
  return [mistake('amount_over_contract', '/contract_amount', 'GUARANTEED_OVER_CONTRACT', `More is guaranteed than the corrected contract lends: ${named}; let the guarantors correct or release theirs first`,
    `担保本金超过更正后的合同金额（保证合同 ${named}）；请先由担保机构更正或解保`)]
}

/** The lead named, which has to be the bank's own of this enterprise; else the one it approved for this project. */
async function leadOf (sql: ReadSql, principal: Principal, { lead_no, borrower_uscc, project_code }: NewLoanContract,
  mistakes: Mistake[]): Promise<string | null> {
  if (lead_no === undefined) return (await approvedLeadOf(sql, principal.participant_no, borrower_uscc, project_code))?.lead_no ?? null
  const lead = await findLead(sql, lead_no)
  if (lead === undefined || lead.recipient_no !== principal.participant_no || lead.uscc !== borrower_uscc) {
    mistakes.push(mistake('lead_unknown', '/lead_no', 'LEAD_UNKNOWN', 'This institution has no such lead of this enterprise',
      '本机构没有该企业的此线索'))
  }
  return lead_no
}

export function shownLoanContract (row: LoanContractRow): Record<string, unknown> {
  const { number, participant_no, status, findings, authorization_no, version, created_at, updated_at, lead_no, superseded_by } = row
  return {
    ...completed(NewLoanContract, row.body, { ...loan_contract_defaults, lead_no, syndicated_amount: wholeLoan(row.body as NewLoanContract) }), drawn_amount: yuanOf(row.drawn_fen), superseded_by,
    number, participant_no, status, findings, authorization_no, version, created_at, updated_at
  }
}
