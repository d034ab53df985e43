/** What the journeys share: minimal bodies of the contract, problems in both languages, and a look at everything that is stored. */
import type { LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { build, type Built, type Caller } from '../helper.ts'

export const uscc_1 = '91500112MAXX00015Q'
export const name_1 = '重庆云岭精密机械有限公司（虚构）'
export const uscc_2 = '91500115MAXX00023Y'
export const project_1 = '2606-500112-07-02-100001'

/** A hub after the first quarter's settlement. */
export const hubInMarch = (t: Test): Promise<Built> => build(t, { now: '2026-03-23T02:00:00.000Z' })

/** The body of an answer with the status wanted; anything else stops the test with what was said. */
export function body<T = Record<string, unknown>> (answer: LightMyRequestResponse, status = 201): T {
  if (answer.statusCode !== status) throw new Error(`${answer.statusCode} instead of ${status}: ${answer.body}`)
  return answer.json() as T
}

/** Asserts status, code, form and both languages of a refusal. `again` repeats the request in Chinese. */
export async function refused (t: Test, name: string, status: number, code: string, ask: (headers: Record<string, string>) => Promise<LightMyRequestResponse>): Promise<void> {
  const english = await ask({ 'accept-language': 'en' })
  t.same([english.statusCode, english.statusCode < 400 ? null : english.json().code], [status, code], `${name}: ${english.body.slice(0, 400)}`)
  if (english.statusCode < 400) return
  t.match(english.headers['content-type'], /^application\/problem\+json/, `${name}: a problem`)
  const problem = english.json()
  for (const field of ['type', 'title', 'status', 'detail', 'code', 'trace_id', 'errors']) t.ok(field in problem, `${name}: ${field} is there`)
  t.equal(problem.status, status, `${name}: the status stands in the body too`)
  for (const error of problem.errors) {
    t.match(Object.keys(error).sort(), ['code', 'message', 'message_zh', 'pointer'], `${name}: form of an error`)
    t.match(error.code, /^[A-Z][A-Z0-9_]*$/, `${name}: finding codes are UPPER_SNAKE`)
    t.match(error.message_zh, /\p{Script=Han}/u, `${name}: ${error.code} in Chinese`)
    t.notMatch(error.message, /^$/, `${name}: ${error.code} in English`)
  }
  const chinese = (await ask({ 'accept-language': 'zh-CN' })).json()
  t.equal(chinese.code, code, `${name}: the same code in Chinese`)
  t.match(chinese.title, /\p{Script=Han}/u, `${name}: title in Chinese`)
  t.match(chinese.detail, /\p{Script=Han}/u, `${name}: detail in Chinese: ${chinese.detail}`)
  t.notMatch(problem.title, /\p{Script=Han}/u, `${name}: title in English`)
}

const LISTS: [string, number | undefined, string[]][] = [
  ['park-1', undefined, ['enterprise-lists', 'authorizations', 'financing-needs', 'projects']],
  ['enterprise-1', undefined, ['authorizations', 'financing-needs', 'projects', 'loan-contracts']],
  ['bank-1', undefined, ['leads', 'loan-contracts', 'drawdowns', 'interest-vouchers', 'subsidy-accounts', 'subsidy-lines', 'subsidy-packets']],
  ['bank-2', undefined, ['loan-contracts', 'drawdowns', 'interest-vouchers']],
  ['meic', 1, ['participants', 'consortia', 'policies', 'subsidy-packets']],
  ['finance-bureau', 1, ['budgets', 'payment-batches', 'holds', 'clawbacks']]
]

/** Everything that anybody can list, as text: equal before and after means that nothing was stored. */
export async function stored (hub: Built): Promise<string> {
  const found: string[] = []
  for (const [who, user, paths] of LISTS) {
    for (const path of [...paths, 'events']) {
      const answer = await hub.as(who, user).get(`/v1/${path}?limit=200`)
      if (answer.statusCode !== 200) throw new Error(`${who} ${path}: ${answer.body}`)
      found.push(`${who} ${path} ${JSON.stringify(answer.json().items)}`)
    }
  }
  return found.join('\n')
}

let serial = 0
export const next = (prefix: string): string => `${prefix}-${String(++serial).padStart(4, '0')}`

/** Uploads a document of its own and gives its number. */
export async function documentOf (who: Caller, text = next('document')): Promise<string> {
  const answer = await who.upload('/v1/documents', { name: 'paper.pdf', bytes: Buffer.from(text), type: 'application/pdf' })
  if (answer.statusCode > 201) throw new Error(answer.body)
  return answer.json().document_no as string
}

/** An enterprise's own authorization, over everything, from the first day of the policy's year. */
export const anAuthorization = (over: Record<string, unknown> = {}) => ({
  grantor_uscc: uscc_1, grantor_name: name_1, recipients: ['PAIRED_BANK', 'PAIRED_GUARANTOR', 'AUDITOR', 'FISCAL', 'LESSOR', 'INSURER', 'RE_GUARANTOR'],
  scopes: ['ENTERPRISE_BASIC', 'PROJECT', 'FINANCING_NEED', 'CREDIT_CONTRACT', 'INTEREST_PAYMENT', 'GUARANTEE', 'INSURANCE', 'SUBSIDY_ACCOUNT', 'POST_LOAN'],
  purposes: ['FINANCING_MATCHING', 'CREDIT_ASSESSMENT', 'SUBSIDY_SETTLEMENT'], covers_history_from: '2025-01-01', valid_from: '2026-01-12', valid_to: '2029-12-31', method: 'E_SIGNATURE', ...over
})

/** Only what contract §6 names as required. */
export const aLoan = (document_no: string, over: Record<string, unknown> = {}) => ({
  loan_contract_no: next('HT'), borrower_uscc: uscc_1, project_code: project_1, contract_amount: '10000000.00', land_amount: '0.00', signed_date: '2026-01-15',
  start_date: '2025-12-21', maturity_date: '2028-12-21', annual_rate_pct: '3.60', document_no, ...over
})
export const aDrawdown = (loan_contract_no: string, over: Record<string, unknown> = {}) => ({
  iou_no: next('JJ'), loan_contract_no, amount: '10000000.00', land_amount: '0.00', disbursed_date: '2025-12-21', maturity_date: '2028-12-21', ...over
})
export const aVoucher = (iou_no: string, document_no: string, over: Record<string, unknown> = {}) => ({
  voucher_no: next('V'), iou_no, period_start: '2025-12-21', period_end: '2026-03-21',
  segments: [{ from: '2025-12-21', to: '2026-03-21', balance: '10000000.00', annual_rate_pct: '3.60' }], normal_interest: '90000.00', paid_date: '2026-03-21',
  payer_account_name: name_1, document_no, ...over
})
export const anAccount = (over: Record<string, unknown> = {}) => ({
  holder_uscc: uscc_1, account_name: name_1, account_no: '6530000123456789', opening_bank_name: '巴渝示范银行（虚构）', cnaps_code: '999653000014', ...over
})

export interface Lent { loan_contract_no: string, iou_no: string }

/** A loan of the bank with its drawdown, under a live authorization of enterprise-1. */
export async function lend (hub: Built, bank = 'bank-1', over: { loan?: Record<string, unknown>, drawdown?: Record<string, unknown> } = {}): Promise<Lent> {
  const { loan_contract_no } = body<{ loan_contract_no: string }>(await hub.as(bank).post('/v1/loan-contracts', aLoan(await documentOf(hub.as(bank)), over.loan)))
  const { iou_no } = body<{ iou_no: string }>(await hub.as(bank).post('/v1/drawdowns', aDrawdown(loan_contract_no, over.drawdown)))
  return { loan_contract_no, iou_no }
}

export async function authorize (hub: Built, over: Record<string, unknown> = {}): Promise<string> {
  return body<{ authorization_no: string }>(await hub.as('enterprise-1').post('/v1/authorizations', anAuthorization(over))).authorization_no
}

/** The project, filed and listed by district and city. */
export async function listProject (hub: Built): Promise<void> {
  body(await hub.as('park-1').post('/v1/projects', {
    owner_uscc: uscc_1, project_code: project_1, name: '精密加工线数字化改造', nature: 'UPGRADE', filing_no: project_1, filing_date: '2026-01-20', total_investment: '12000000.00', land_cost: '0.00'
  }))
  body(await hub.as('district-meic-1', 1).post(`/v1/projects/${project_1}/library-entry`, { decision: 'PASS' }), 200)
  body(await hub.as('meic', 1).post(`/v1/projects/${project_1}/library-entry`, { decision: 'PASS', entry_no: 'JG-2026-00017' }), 200)
}

export async function items<T = Record<string, unknown>> (who: Caller, path: string): Promise<T[]> {
  return body<{ items: T[] }>(await who.get(path), 200).items
}

export interface Packet { packet_no: string, version: number, status: string, digest: string, claimed_amount: string, recognised_amount: string | null, lines: { line_no: string, claimed_amount: string }[] }

/** bank-1 has lent, the project is listed, the account and the quarter's voucher are in; the loops have run. */
export async function settled (hub: Built): Promise<Lent & { voucher_no: string, packet_no: string, line_no: string }> {
  await authorize(hub)
  body(await hub.as('enterprise-1').post('/v1/financing-needs', { amount: '5000000.00', term_months: 36, purpose: '购置数控设备', industry_code: '3411' }))
  await listProject(hub)
  const loan = await lend(hub)
  const bank = hub.as('bank-1')
  body(await bank.post('/v1/subsidy-accounts', anAccount()))
  const { voucher_no } = body<{ voucher_no: string }>(await bank.post('/v1/interest-vouchers', aVoucher(loan.iou_no, await documentOf(bank))))
  await hub.loops.settle()
  const [packet] = await items<{ packet_no: string }>(bank, '/v1/subsidy-packets')
  const [line] = await items<{ line_no: string }>(bank, '/v1/subsidy-lines')
  if (packet === undefined || line === undefined) throw new Error('no packet or line came of the voucher')
  return { ...loan, voucher_no, packet_no: packet.packet_no, line_no: line.line_no }
}

/** The packet submitted, audited by auditor-1 and approved. */
export async function approvedPacket (hub: Built, packet_no: string): Promise<void> {
  const path = `/v1/subsidy-packets/${packet_no}`
  body(await hub.as('bank-1').post(`${path}/submit`, {}), 200)
  body(await hub.as('meic', 1).post(`${path}/assign`, { auditor_no: 'auditor-1' }), 200)
  const packet = body<Packet>(await hub.as('auditor-1').get(path), 200)
  const { conclusion_no } = body<{ conclusion_no: string }>(await hub.as('auditor-1', 1).post(`${path}/conclusions`, {
    packet_digest: packet.digest, lines: packet.lines.map(line => ({ line_no: line.line_no, recognised_amount: line.claimed_amount }))
  }))
  body(await hub.as('auditor-1', 2).post(`${path}/conclusions/${conclusion_no}/confirm`, {}), 200)
  const { digest } = body<Packet>(await hub.as('meic').get(path), 200)
  body(await hub.as('meic', 2).post(`${path}/approve`, { digest }), 200)
}
