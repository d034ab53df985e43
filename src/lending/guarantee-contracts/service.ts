/** Guarantee contracts: tied to the loan of a bank, judged by the fee rate and the household limit. */
import { newNo } from '../../clock.ts'
import { peek, type ReadSql, type WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { findEnterprise } from '../../intake/enterprises/store.ts'
import { openNeedsOf } from '../../intake/financing-needs/store.ts'
import { mistake, refuseIfAny, usccMistakes, type Mistake } from '../../intake/mistakes.ts'
import { findParticipant } from '../../registry/participants/store.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { judge } from '../../policy/eligibility.ts'
import { rateText, rateUnits, UNITS_PER_ONE } from '../../policy/exact.ts'
import { finding, type Finding } from '../../policy/findings.ts'
import { isFeeRateWithin } from '../../policy/guarantee.ts'
import { fenOf, yuanOf } from '../../policy/money.ts'
import { addMonths, daysBetween } from '../../policy/period.ts'
import { nearestTerms, pctOf, type PolicyVersion } from '../../policy/terms.ts'
import { claimMistakes, type ClaimsFiled, type FiledClaim } from '../claimed.ts'
import { findDocument } from '../documents/store.ts'
import { findLent } from '../drawdowns/store.ts'
import { correctedVersion, stepBack, versionOf } from '../evidence/correcting.ts'
import { completed } from '../evidence/schema.ts'
import { announce, contentDigest, contractUnknown, enterpriseFacts, keptOrAgain, mandate, storedTwin,
  unknownDocument } from '../evidence/service.ts'
import { reversed } from '../loan-contracts/service.ts'
import { countedLimits } from '../loan-contracts/household.ts'
import { contractedProjects, loanContracts, type LoanContractRow } from '../loan-contracts/store.ts'
import { mark } from '../marks.ts'
import { moveToGuarantee } from '../moving.ts'
import { guarantee_defaults, NewGuaranteeContract } from './schema.ts'
import { guaranteeContracts, type GuaranteeContractRow } from './store.ts'

/** More than half a month over counts as a month. */
const half_month_days = 15

/** Whole months from start to end, the nearest number; 2026-03-30…2029-03-29 are 36. */
export function termMonths (start_date: string, end_date: string): number {
  const years = Number(end_date.slice(0, 4)) - Number(start_date.slice(0, 4))
  let months = years * 12 + Number(end_date.slice(5, 7)) - Number(start_date.slice(5, 7))
  if (addMonths(start_date, months) > end_date) months -= 1
  const rest = daysBetween(addMonths(start_date, months), end_date)
  return Math.max(1, rest >= half_month_days ? months + 1 : months)
}

const units_per_percent = 1_000_000n
const rate_shown_max = 999n * units_per_percent

/** All fees ÷ principal × 12 ÷ months, cut to six digits: for reading; the rule itself compares unrounded. */
export function annualisedFeeRate ({ fee_total_fen, other_fees_fen, guaranteed_fen, term_months }: Pick<GuaranteeContractRow,
  'fee_total_fen' | 'other_fees_fen' | 'guaranteed_fen' | 'term_months'>): string {
  const units = BigInt(fee_total_fen + other_fees_fen) * 12n * 100n * units_per_percent / (BigInt(guaranteed_fen) * BigInt(term_months))
  return rateText(units > rate_shown_max ? rate_shown_max : units)
}

async function guaranteeMistakes (sql: ReadSql, body: NewGuaranteeContract): Promise<Mistake[]> {
  const mistakes = await usccMistakes(sql, body.borrower_uscc, '/borrower_uscc')
  if (fenOf(body.guaranteed_principal) === 0) mistakes.push(mistake('amount_not_positive', '/guaranteed_principal', 'AMOUNT_NOT_POSITIVE',
    'The principal has to be above zero', '担保本金须大于零'))
  if (body.vintage_year !== undefined && String(body.vintage_year) !== body.start_date.slice(0, 4)) {
    mistakes.push(mistake('rule_broken', '/vintage_year', 'VINTAGE_YEAR', `The vintage is the year of start_date, ${body.start_date.slice(0, 4)}`,
      `业务年度为起始日所在年度 ${body.start_date.slice(0, 4)}`))
  }
  const shares = Object.values(body.risk_shares ?? {})
  if (shares.length > 0 && shares.reduce((sum: bigint, share) => sum + rateUnits(String(share)), 0n) !== UNITS_PER_ONE) {
    mistakes.push(mistake('rule_broken', '/risk_shares', 'SHARES_NOT_WHOLE', 'The shares have to sum to 100', '分险比例之和应为 100'))
  }
  if (body.end_date <= body.start_date) mistakes.push(reversed('/end_date', 'The guarantee ends before it starts', '担保止日不晚于起日'))
  else if (body.term_months !== undefined && Math.abs(body.term_months - termMonths(body.start_date, body.end_date)) > 1) {
    mistakes.push(mistake('rule_broken', '/term_months', 'TERM_INCONSISTENT', 'term_months does not fit start_date and end_date',
      '期限与起止日不符'))
  }
  return mistakes
}

/** The household limit with this guarantee: limits in force over all banks and open needs not yet contracted (E-09, A-26). */
async function householdFinding (sql: ReadSql, uscc: string, today: string, policies: readonly PolicyVersion[]): Promise<Finding | null> {
  const limits = await countedLimits(sql, [uscc], today, policies)
  const contracted = new Set(await contractedProjects(sql, uscc, today))
  const open = (await openNeedsOf(sql, [uscc])).filter(({ project_code }) => project_code === null || !contracted.has(project_code))
  const enterprise = await findEnterprise(sql, uscc)
  const judged = judge('PARK_TECH_GUARANTEE', {
    on: today, contract_limits_fen: limits.get(uscc) ?? 0, open_needs_fen: open.reduce((sum, { amount_fen }) => sum + amount_fen, 0),
      tags: enterprise?.tags ?? []
  }, policies).find(({ rule_id }) => rule_id === 'E-09')
  return judged?.result === 'FAIL' ? judged.finding : null
}

/** A person's reason why the limit may be exceeded; it goes on in corrections. A machine cannot give it (contract §2). */
function overrideOf (principal: Principal, household: Finding | null, { override_reason }: NewGuaranteeContract,
  earlier: GuaranteeContractRow | null): { reason: string | null, by: string | null } {
  if (household === null) return { reason: null, by: null }
  if (override_reason !== undefined && principal.user_no !== null) return { reason: override_reason, by: principal.user_no }
  return { reason: earlier?.override_reason ?? null, by: earlier?.override_by ?? null }
}

const not_overridden = finding('OVERRIDE_MISSING', 'E-09', 'Nobody has overridden the limit yet; a person of the guarantor sends a correction with override_reason.',
  '尚无人员对超额度情形作出豁免；请由担保机构人员填写 override_reason 以更正方式报送。')
const hidden_fees = finding('HIDDEN_FEES', 'G-02', 'Fees under other names count for the rate of 1 %, never for the subsidy.',
  '其他名目费用计入年化担保费率，但不计入补助基数。')
const not_qualified = finding('GUARANTOR_NOT_QUALIFIED', 'E-14',
  'The guarantor is not a government one; the product of the parks is open to those only.', '担保机构非政府性融资担保机构，不适用“园区技改担”。')

async function contractFindings (sql: ReadSql, principal: Principal, row: Pick<GuaranteeContractRow,
  'fee_total_fen' | 'other_fees_fen' | 'guaranteed_fen' | 'term_months'>, terms: PolicyVersion): Promise<Finding[]> {
  const findings: Finding[] = []
  if (row.other_fees_fen > 0) findings.push(hidden_fees)
  if (!isFeeRateWithin({ ...row, contract_fee_fen: row.fee_total_fen }, pctOf(terms, 'guarantee_fee_rate_max_pct'))) {
    findings.push(finding('FEE_RATE_OVER_1PCT', 'G-02',
      `The annual fee rate is ${annualisedFeeRate(row)} %; over 1 % nothing is subsidised.`,
      `年化担保费率为 ${annualisedFeeRate(row)}%；超过 1% 的不予补助。`))
  }
  const guarantor = await findParticipant(sql, principal.participant_no)
  if (guarantor?.is_government_guarantor === false) findings.push(not_qualified)
  return findings
}

/** A claim belongs to the guarantee of one loan and bank, in one vintage, and lies in its time: a correction leaves that. */
async function againstClaims (sql: ReadSql, earlier: GuaranteeContractRow, { guaranteed_principal, start_date, iou_no }: NewGuaranteeContract,
  loan: LoanContractRow, claims: readonly FiledClaim[]): Promise<Mistake[]> {
  const moved: [string, string, string][] = []
  if (Number(start_date.slice(0, 4)) !== earlier.vintage_year) moved.push(['/start_date', `The vintage ${earlier.vintage_year}`, `业务年度（${earlier.vintage_year}）`])
  else if (claims.some(({ default_date }) => default_date < start_date)) moved.push(['/start_date', 'The beginning to a day after a default', '起日至违约日之后'])
  if (loan.chain !== (await loanContracts.find(sql, earlier.loan_contract_number))?.chain) moved.push(['/loan_contract_no', 'The loan', '所担保的借款'])
  const only = iou_no === undefined ? undefined : await findLent(sql, loan.participant_no, iou_no)
  if (iou_no !== undefined && claims.some(claim => claim.iou_no !== only?.drawdown.first_no)) moved.push(['/iou_no', 'The drawdown', '所担保的借据'])
  return claimMistakes(claims, fenOf(guaranteed_principal), '/guaranteed_principal', moved)
}

/**
 * Takes in a guarantee contract, its correction, or its release (a correction with `release`). Beyond the household limit it stands with
 * a finding, which a person may answer by override_reason.
 *
 * Errors: uscc_check_digit, amount_not_positive, period_reversed, rule_broken, contract_unknown, authorization_missing,
 * authorization_not_active, document_unknown, amount_over_contract, duplicate_key; of a correction state_conflict, claims_filed.
 * Source: S1 二(二), 五(一); S2 (五); E-09, E-14, G-02, A-26.
 */
export async function acceptGuaranteeContract (
  sql: WriteSql, now: string, principal: Principal, body: NewGuaranteeContract, policies: readonly PolicyVersion[], claims: ClaimsFiled
): Promise<{ row: GuaranteeContractRow, is_new: boolean }> {
  const content_digest = contentDigest(body)
  const twin = storedTwin(await guaranteeContracts.byBusinessNo(peek(sql), principal.participant_no, body.guarantee_contract_no), content_digest)
  if (twin !== null) return { row: twin, is_new: false }
  refuseIfAny(await guaranteeMistakes(sql, body))
  const earlier = await correctedVersion(sql, principal, guaranteeContracts, body.correction_of, body.borrower_uscc)
  const authorization = await mandate(sql, principal, body.borrower_uscc, now, 'GUARANTEE')
  const loan = await loanContracts.inForce(sql, body.lender_no, body.loan_contract_no)
  if (loan === undefined || loan.uscc !== body.borrower_uscc) throw contractUnknown('/loan_contract_no')
  const mistakes: Mistake[] = []
  if (await findDocument(sql, principal.participant_no, body.document_no) === undefined) mistakes.push(unknownDocument())
  const guaranteed_fen = fenOf(body.guaranteed_principal)
  if (guaranteed_fen > loan.contract_amount_fen) mistakes.push(mistake('amount_over_contract', '/guaranteed_principal',
    'AMOUNT_OVER_CONTRACT', 'More is guaranteed than the loan contract lends', '担保本金超过借款合同金额'))
  const household = await householdFinding(sql, body.borrower_uscc, beijingDate(now), policies)
  const override = overrideOf(principal, household, body, earlier)
  const amounts = {
    guaranteed_fen, fee_total_fen: fenOf(body.guarantee_fee_total),
      other_fees_fen: fenOf(body.other_fees_total ?? guarantee_defaults.other_fees_total),
    term_months: body.term_months ?? termMonths(body.start_date, body.end_date)
  }
  if (earlier !== null && earlier.charged_fen > amounts.fee_total_fen) mistakes.push(mistake('amount_over_contract', '/guarantee_fee_total',
    'FEES_OVER_CONTRACT', 'More fees were charged than the corrected contract agrees; correct the vouchers first', '已收担保费超过更正后的约定金额；请先更正担保费凭证'))
  if (earlier !== null) mistakes.push(...await againstClaims(sql, earlier, body, loan, await claims.onGuarantee(sql, earlier.chain)))
  refuseIfAny(mistakes)
  const number = newNo('guar')
  const row: GuaranteeContractRow = {
    number,
    participant_no: principal.participant_no,
    business_no: body.guarantee_contract_no,
    uscc: body.borrower_uscc,
    project_code: loan.project_code,
    status: 'ACCEPTED',
    findings: [...(household === null ? [] : override.by === null ? [household, not_overridden] : [household]), ...await contractFindings(sql, principal, amounts, nearestTerms(policies,
      'TECH_RENO_LOAN', body.start_date))],
    authorization_no: authorization.authorization_no,
    content_digest,
    review_notes: [],
    body,
    version: 1,
    created_at: now,
    updated_at: now,
    ...versionOf(earlier, number, body.guarantee_contract_no),
    guarantor_uscc: principal.uscc,
    lender_no: body.lender_no,
    loan_contract_number: loan.number,
    loan_contract_no: loan.business_no,
    ...amounts,
    charged_fen: earlier?.charged_fen ?? 0,
    start_date: body.start_date,
    end_date: body.end_date,
    vintage_year: Number(body.start_date.slice(0, 4)),
    released_on: body.release?.date ?? earlier?.released_on ?? null,
    re_guarantee_filing_no: body.re_guarantee_filing_no ?? null,
    override_reason: override.reason,
    override_by: override.by,
    document_no: body.document_no
  }
  keptOrAgain(await guaranteeContracts.insert(sql, row))
  await mark(sql, now, row.uscc, row.project_code, 'GUARANTEE_FEE')
  const { participant_no } = await enterpriseFacts(sql, row.uscc, authorization)
  if (earlier !== null) {
    await stepBack(sql, now, principal, guaranteeContracts, 'guarantee_contract', earlier, number, [participant_no])
    await moveToGuarantee(sql, earlier.number, row)
    if (earlier.project_code !== row.project_code) await mark(sql, now, row.uscc, earlier.project_code, 'GUARANTEE_FEE')
  }
  await announce(sql, now, principal, 'guarantee_contract.accepted', row, [participant_no],
    { vintage_year: row.vintage_year, override: row.override_by !== null })
  return { row, is_new: true }
}

export function shownGuaranteeContract (row: GuaranteeContractRow): Record<string, unknown> {
  const { number, participant_no, status, findings, authorization_no, version, created_at, updated_at, project_code, vintage_year,
    released_on, term_months, superseded_by, override_by } = row
  return {
    ...completed(NewGuaranteeContract, row.body, { ...guarantee_defaults, term_months }), project_code, vintage_year,
      annualised_fee_rate_pct: annualisedFeeRate(row),
    charged_amount: yuanOf(row.charged_fen), released_on, override_by, superseded_by, number, participant_no, status, findings, authorization_no, version, created_at,
      updated_at
  }
}
