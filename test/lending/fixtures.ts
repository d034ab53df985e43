/** Valid by default, one field overridden: what banks, lessors, guarantors and insurers send. */
import type { LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { newNo } from '../../src/clock.ts'
import { RECIPIENT_CLASSES, SCOPES } from '../../src/intake/authorizations/kinds.ts'
import { plain_authorization, type Authorization } from '../../src/intake/authorizations/store.ts'
import { keepAuthorizations } from '../../src/intake/authorizations/service.ts'
import { upsertEnterprise } from '../../src/intake/enterprises/store.ts'
import { build, type Built } from '../helper.ts'

export const uscc_1 = '91500112MAXX00015Q'
export const name_1 = '重庆云岭精密机械有限公司（虚构）'
export const uscc_2 = '91500115MAXX00023Y'
export const name_2 = '重庆江岸新材料有限公司（虚构）'
export const project_1 = '2606-500112-07-02-100001'

let counter = 0
const next = () => ++counter

export function anAuthorization (changes: Partial<Authorization> = {}): Authorization {
  return {
    authorization_no: newNo('auth'), grantor_uscc: uscc_1, grantor_name: name_1, signer_name: null, signer_role: null, collector_no: null,
    recipients: [...RECIPIENT_CLASSES], scopes: [...SCOPES], purposes: ['SUBSIDY_SETTLEMENT'], covers_history_from: null,
      valid_from: '2026-01-12',
    valid_to: '2031-01-12', method: 'PORTAL_CONFIRM', evidence_digest: null, document_no: null, template_version: null, ...plain_authorization, status: 'ACTIVE',
    withdrawn_at: null, withdrawal_reason: null, list_no: null, version: 1, created_at: '2026-01-12T02:00:00.000Z',
      updated_at: '2026-01-12T02:00:00.000Z',
    ...changes
  }
}

export async function authorize (hub: Built, changes: Partial<Authorization> = {}): Promise<Authorization> {
  const row = anAuthorization(changes)
  await hub.db.write((sql, now) => keepAuthorizations(sql, now, [row], { participant_no: 'enterprise-1', user_no: null }))
  return row
}

export async function knowEnterprise (hub: Built, uscc = uscc_1, name = name_1, changes: Record<string, unknown> = {}): Promise<void> {
  await hub.db.write((sql, now) => upsertEnterprise(sql, now, 'park-1', false, {
    uscc, name, region_code: null, industry_code: '3411', size_class: null, employees: null, revenue_fen: null, tags: [],
      contact_name: null, contact_phone: null, ...changes
  }))
}

/** A document of a participant with bytes of its own, or the ones given. */
export async function aDocument (hub: Built, participant_no = 'bank-1', bytes = `document ${next()}`): Promise<string> {
  const answer = await hub.as(participant_no).upload('/v1/documents',
    { name: 'receipt.pdf', bytes: Buffer.from(bytes), type: 'application/pdf' })
  if (answer.statusCode > 201) throw new Error(answer.body)
  return answer.json().document_no as string
}

export const aLoanContract = (document_no: string, changes: Record<string, unknown> = {}) => ({
  loan_contract_no: `HT-${next()}`, borrower_uscc: uscc_1, project_code: project_1, contract_amount: '20000000.00', land_amount: '0.00',
    signed_date: '2026-01-15',
  start_date: '2026-01-20', maturity_date: '2029-01-20', annual_rate_pct: '3.60', document_no, ...changes
})

export const aDrawdown = (loan_contract_no: string, changes: Record<string, unknown> = {}) => ({
  iou_no: `JJ-${next()}`, loan_contract_no, amount: '10000000.00', land_amount: '0.00', disbursed_date: '2026-01-20',
    maturity_date: '2029-01-20', ...changes
})

/** 60 days of 10 000 000.00 at 3.60 %: 60 000.00. */
export const aVoucher = (iou_no: string, document_no: string, changes: Record<string, unknown> = {}) => ({
  voucher_no: `V-${next()}`, iou_no, period_start: '2026-01-20', period_end: '2026-03-21',
  segments: [{ from: '2026-01-20', to: '2026-03-21', balance: '10000000.00', annual_rate_pct: '3.60' }], normal_interest: '60000.00',
    paid_date: '2026-03-21',
  payer_account_name: name_1, document_no, ...changes
})

export interface Lent { hub: Built, loan_contract_no: string, iou_no: string, document_no: string, loan_number: string }

/** A hub on which bank-1 has lent to enterprise-1; the clock stands at the first quarter's settlement. */
export async function lent (t: Test, options: { contract?: Record<string, unknown>, drawdown?: Record<string, unknown>,
  now?: string } = {}): Promise<Lent> {
  const hub = await build(t, { now: options.now ?? '2026-03-23T02:00:00.000Z' })
  await authorize(hub)
  await knowEnterprise(hub)
  const document_no = await aDocument(hub)
  const contract = aLoanContract(document_no, options.contract)
  const loan = created(await hub.as('bank-1').post('/v1/loan-contracts', contract))
  const drawdown = aDrawdown(contract.loan_contract_no, options.drawdown)
  created(await hub.as('bank-1').post('/v1/drawdowns', drawdown))
  return { hub, loan_contract_no: contract.loan_contract_no, iou_no: drawdown.iou_no, document_no: await aDocument(hub),
    loan_number: loan.number as string }
}

/** The body of a 201; anything else stops the test with what was said. */
export function created (answer: LightMyRequestResponse): Record<string, unknown> {
  if (answer.statusCode !== 201) throw new Error(`${answer.statusCode} ${answer.body}`)
  return answer.json()
}

export const anAccount = (changes: Record<string, unknown> = {}) => ({
  holder_uscc: uscc_1, account_name: name_1, account_no: '5000 1234 5678 9012', opening_bank_name: '巴渝示范银行渝北支行', cnaps_code: '999653000014',
    ...changes
})

export const aLease = (document_no: string, changes: Record<string, unknown> = {}) => ({
  lease_contract_no: `ZL-${next()}`, lessee_uscc: uscc_1, project_code: project_1, lease_mode: 'DIRECT', financed_principal: '30000000.00',
    lease_start: '2026-03-21',
  lease_end: '2029-03-21', document_no, ...changes
})

/** Domain notes §8, example 15: 92 days of 30 000 000.00 at 5.20 %. */
export const aRentVoucher = (lease_contract_no: string, document_no: string, changes: Record<string, unknown> = {}) => ({
  voucher_no: `R-${next()}`, lease_contract_no, period_start: '2026-03-21', period_end: '2026-06-21',
  segments: [{ from: '2026-03-21', to: '2026-06-21', balance: '30000000.00', annual_rate_pct: '5.20' }], normal_interest: '398666.67',
    paid_date: '2026-06-21',
  payer_account_name: name_1, document_no, ...changes
})

/** Domain notes §8, example 17: 24 months at 0.80 % a year. */
export const aGuarantee = (loan_contract_no: string, document_no: string, changes: Record<string, unknown> = {}) => ({
  guarantee_contract_no: `DB-${next()}`, borrower_uscc: uscc_1, lender_no: 'bank-1', loan_contract_no, guaranteed_principal: '8000000.00',
    guarantee_fee_total: '128000.00',
  start_date: '2026-01-20', end_date: '2028-01-20', document_no, ...changes
})

export const aFeeVoucher = (guarantee_contract_no: string, document_no: string, changes: Record<string, unknown> = {}) => ({
  fee_voucher_no: `F-${next()}`, guarantee_contract_no, fee_amount: '64000.00', paid_date: '2026-03-20', document_no, ...changes
})

export const aPolicy = (document_no: string, changes: Record<string, unknown> = {}) => ({
  policy_no: `BD-${next()}`, insured_uscc: uscc_1, insurance_kind: 'FIRST_SET_EQUIPMENT', annual_premium: '3600000.00',
    insured_amount: '120000000.00',
  policy_start: '2026-03-01', policy_end: '2027-03-01', paid_date: '2026-03-01', document_no, ...changes
})
