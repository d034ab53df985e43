/** Insurance policies of insurers with their paid premiums. */
import { newNo } from '../../clock.ts'
import { peek, type ReadSql, type WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { mistake, projectCodeMistakes, refuseIfAny, usccMistakes, type Mistake } from '../../intake/mistakes.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { fenOf } from '../../policy/money.ts'
import { nearestTerms } from '../../policy/terms.ts'
import { policiesIn } from '../../registry/policies/service.ts'
import { findDocument } from '../documents/store.ts'
import { correctedBy, stepBack } from '../evidence/correcting.ts'
import { completed } from '../evidence/schema.ts'
import { announce, contentDigest, enterpriseFacts, firstOf, keepUses, keptOrAgain, mandate, storedTwin, unknownDocument, usedElsewhere,
  voucherUses, type Use } from '../evidence/service.ts'
import { paidInFuture, payerFindings, reviewed } from '../interest-vouchers/accepting.ts'
import { historyFindings, isCoveredByHistory, isHeld, shownFindings } from '../interest-vouchers/judging.ts'
import { rateMistakes, reversed } from '../loan-contracts/service.ts'
import { mark } from '../marks.ts'
import { NewInsurancePolicy } from './schema.ts'
import { insurancePolicies, type InsurancePolicyRow } from './store.ts'

async function policyMistakes (sql: ReadSql, body: NewInsurancePolicy, today: string): Promise<Mistake[]> {
  const mistakes = await usccMistakes(sql, body.insured_uscc, '/insured_uscc')
  if (body.project_code !== undefined) mistakes.push(...projectCodeMistakes(body.project_code, '/project_code'))
  if (fenOf(body.annual_premium) === 0) mistakes.push(mistake('amount_not_positive', '/annual_premium', 'AMOUNT_NOT_POSITIVE',
    'The premium has to be above zero', '保费须大于零'))
  if (body.policy_end <= body.policy_start) mistakes.push(reversed('/policy_end', 'The policy ends before it starts', '保险止日不晚于起日'))
  if (body.paid_date > today) mistakes.push(paidInFuture(today))
  if (body.insurance_kind === 'FIRST_SET_EQUIPMENT' && (body.insured_amount === undefined || fenOf(body.insured_amount) === 0)) {
    mistakes.push(mistake('rule_broken', '/insured_amount', 'INSURED_AMOUNT_MISSING',
      'A first set of equipment needs the insured amount: the premium counts up to 3 % of it', '首台（套）保险须填写保险金额（保费按不超过其 3% 认定）'))
  }
  if (body.insurance_kind === 'RENOVATION_COST_LOSS' && body.project_code === undefined) {
    mistakes.push(mistake('rule_broken', '/project_code', 'PROJECT_MISSING', 'Renovation cost loss needs the project that is insured',
      '技改项目费用损失保险须填写项目代码'))
  }
  if (body.premium_rate_pct !== undefined) mistakes.push(...rateMistakes(body.premium_rate_pct, '/premium_rate_pct'))
  return mistakes
}

export const history = ({ paid_date }: Pick<NewInsurancePolicy, 'paid_date'>) => ({ period_start: paid_date, period_end: '9999-12-31', paid_date })

/**
 * Takes in a policy with its paid premium: ACCEPTED, or HELD where its receipt was used before or it is older than the authorization.
 *
 * Errors: duplicate_key, uscc_check_digit, project_code_invalid, amount_not_positive, period_reversed, paid_date_in_future,
 * rate_too_high, rule_broken, authorization_missing, authorization_not_active, document_unknown, voucher_unknown, state_conflict.
 * Source: S2 (六), S3 (十三); domain notes §5.11.
 */
export async function acceptInsurancePolicy (sql: WriteSql, now: string, principal: Principal,
  body: NewInsurancePolicy): Promise<{ row: InsurancePolicyRow, is_new: boolean }> {
  const content_digest = contentDigest(body)
  const twin = storedTwin(await insurancePolicies.byBusinessNo(peek(sql), principal.participant_no, body.policy_no), content_digest)
  if (twin !== null) return { row: twin, is_new: false }
  refuseIfAny(await policyMistakes(sql, body, beijingDate(now)))
  const authorization = await mandate(sql, principal, body.insured_uscc, now, 'INSURANCE', one => isCoveredByHistory(history(body), one))
  const document = await findDocument(sql, principal.participant_no, body.document_no)
  const enterprise = await enterpriseFacts(sql, body.insured_uscc, authorization)
  if (document === undefined) refuseIfAny([unknownDocument()])
  const earlier = await correctedBy(sql, principal, insurancePolicies, body.correction_of)
  const first = earlier === null ? null : await firstOf(sql, insurancePolicies, earlier)
  const uses: Use[] = voucherUses('INSURANCE_POLICY', first?.business_no ?? body.policy_no, document?.sha256 ?? '',
    principal, body.bank_txn_no)
  const notes = await usedElsewhere(sql, principal, uses)
  const terms = nearestTerms(await policiesIn(sql), 'TECH_RENO_LOAN', body.paid_date)
  const findings = [...payerFindings(body.payer_account_name, enterprise.name), ...historyFindings(history(body), authorization, terms), ...reviewed(principal, notes)]
  const row: InsurancePolicyRow = {
    number: newNo('pol'),
    participant_no: principal.participant_no,
    business_no: body.policy_no,
    uscc: body.insured_uscc,
    project_code: body.project_code ?? '',
    status: isHeld(findings, false) ? 'HELD' : 'ACCEPTED',
    findings: shownFindings(findings),
    authorization_no: authorization.authorization_no,
    content_digest,
    review_notes: notes,
    body,
    version: 1,
    created_at: now,
    updated_at: now,
    insurance_kind: body.insurance_kind,
    product: body.product_name ?? '',
    annual_premium_fen: fenOf(body.annual_premium),
    insured_fen: body.insured_amount === undefined || fenOf(body.insured_amount) === 0 ? null : fenOf(body.insured_amount),
    policy_start: body.policy_start,
    policy_end: body.policy_end,
    paid_date: body.paid_date,
    document_no: body.document_no,
    supersedes: earlier?.number ?? null,
    superseded_by: null,
    accepted_at: isHeld(findings, false) ? null : now
  }
  if (earlier !== null) await stepBack(sql, now, principal, insurancePolicies, 'insurance_policy', earlier, row.number, [enterprise.participant_no])
  keptOrAgain(await insurancePolicies.insert(sql, row))
  await keepUses(sql, now, principal, row.number, uses, notes)
  await mark(sql, now, row.uscc, row.project_code, 'PREMIUM')
  if (earlier !== null && (earlier.uscc !== row.uscc || earlier.project_code !== row.project_code)) await mark(sql, now, earlier.uscc,
    earlier.project_code, 'PREMIUM')
  await announce(sql, now, principal, row.status === 'HELD' ? 'insurance_policy.held' : 'insurance_policy.accepted', row,
    [enterprise.participant_no], { insurance_kind: row.insurance_kind })
  return { row, is_new: true }
}

export function shownInsurancePolicy (row: InsurancePolicyRow): Record<string, unknown> {
  const { number, participant_no, status, findings, authorization_no, version, created_at, updated_at, superseded_by } = row
  return { ...completed(NewInsurancePolicy, row.body), superseded_by, number, participant_no, status, findings, authorization_no, version,
    created_at, updated_at }
}
