/** Compensation claims: filed by the bank, decided by a person of the guarantor, shared under the breaker, recovered. S1 五(一). */
import { newNo } from '../../clock.ts'
import { digestOf } from '../../db/canonical.ts'
import { RunAgain, type ReadSql, type WriteSql } from '../../db/db.ts'
import { anotherPerson, personOf, type Principal, type Role } from '../../http/access.ts'
import { mistake, refuseIfAny, type Mistake } from '../../intake/mistakes.ts'
import type { FactOf } from '../../journal/event-types.ts'
import { append } from '../../journal/events.ts'
import type { Reading } from '../../lending/documents/service.ts'
import { findDocument } from '../../lending/documents/store.ts'
import { releaseGuarantee } from '../../lending/guarantee-contracts/store.ts'
import { beijingDate, type Calendar } from '../../policy/calendar.ts'
import { claimFindings, compensationEntries, decisionDueDate, recoveryEntries, reversalEntries, stillBorne, systemPart,
  type LedgerEntry } from '../../policy/claims.ts'
import { fenOf, yuanOf } from '../../policy/money.ts'
import { splitFiscal, splitRecovery, type Borne } from '../../policy/risk-share.ts'
import { notFound, Problem, stateConflict } from '../../problem.ts'
import { cover, riskAudience, riskTerms, settleIn, settlesAtOnce, stateNow, uncover, type GuaranteeKey } from '../breakers/service.ts'
import { drawnUnder, guaranteesOfBank, type Guarantee } from '../breakers/guarantees.ts'
import { drawFromPool, giveBackToPool } from './pool.ts'
import type { ClaimDecision, NewClaim, NewRecovery } from './schema.ts'
import {
  advanceClaim, appendLedger, attachDocuments, claimByBusinessNo, claimedOfDrawdown, claimedOn, countClaimed, findClaim, goesWithClaim, insertClaim, insertRecovery, isUsedUp, recoveriesOf, recoveryByBusinessNo,
  type Claim, type ClaimScope, type ClaimStatus, type Recovery
} from './store.ts'

const paying: ReadonlySet<Role> = new Set<Role>(['GUARANTOR', 'RE_GUARANTOR', 'FINANCE_BUREAU'])

/** Claims a caller sees: a bank and a guarantor their own, the re-guarantor and the finance bureau all. */
export function scopeOf ({ role, participant_no }: Principal): ClaimScope {
  return role === 'BANK' ? { bank_no: participant_no } : role === 'GUARANTOR' ? { guarantor_no: participant_no } : {}
}

/** Errors: not_found for what is missing and what is another's. */
export async function readClaim (sql: ReadSql, principal: Principal, number: string): Promise<Claim> {
  const claim = await findClaim(sql, scopeOf(principal), number)
  if (claim === undefined) throw notFound()
  return claim
}

/** How a caller reads a document that goes with a claim that it decides on or pays for; null: it goes with none. */
export async function readClaimDocument (sql: ReadSql, principal: Principal, document_no: string): Promise<Reading | null> {
  return paying.has(principal.role) && await goesWithClaim(sql, scopeOf(principal), document_no) ? async () => undefined : null
}

const keyOf = ({ guarantor_no, participant_no: bank_no, vintage_year, guarantee_number }: Claim): GuaranteeKey =>
  ({ guarantor_no, bank_no, vintage_year, guarantee_number })

async function tell (sql: WriteSql, now: string, principal: Principal, fact: FactOf<'compensation_claim'>, claim: Claim, data: Record<string, unknown> = {}): Promise<void> {
  await append(sql, now, {
    type: `compensation_claim.${fact}`, subject: claim.number, actor: principal, audience: await riskAudience(sql, keyOf(claim)),
    data: { claim_no: claim.business_no, status: claim.status, ...data }
  })
}

async function keepEntries (sql: WriteSql, now: string, claim_number: string, entries: readonly LedgerEntry[],
  recovery_number: string | null = null): Promise<void> {
  const posting_no = newNo('post')
  await appendLedger(sql, entries.map(entry => ({ ...entry, claim_number, posting_no, recovery_number, at: now })))
}

const unknownContract = (pointer: string): Mistake =>
  mistake('contract_unknown', pointer, 'CONTRACT_MISSING', 'There is no such contract or drawdown of this bank', '本行名下无此合同或借据')

/** The one guarantee of this bank that is meant. Errors: contract_unknown. */
async function guaranteeMeant (sql: ReadSql, bank_no: string, { guarantee_contract_no, guarantor_no }: NewClaim): Promise<Guarantee> {
  const found = await guaranteesOfBank(sql, bank_no, guarantee_contract_no, guarantor_no)
  const [guarantee] = found
  if (guarantee === undefined) refuseIfAny([unknownContract('/guarantee_contract_no')])
  if (found.length > 1) {
    refuseIfAny([mistake('contract_unknown', '/guarantor_no', 'CONTRACT_AMBIGUOUS',
      'Two guarantors use this number; name the guarantor or the number of the hub', '有两家担保机构使用该编号，请同时填写担保机构或平台编号')])
  }
  return guarantee as Guarantee
}

type Drawn = Awaited<ReturnType<typeof drawnUnder>>

async function claimMistakes (sql: ReadSql, principal: Principal, body: NewClaim, guarantee: Guarantee, drawn: Drawn, today: string): Promise<Mistake[]> {
  const mistakes: Mistake[] = []
  const principal_fen = fenOf(body.default_principal)
  const collateral_fen = fenOf(body.collateral_recovered_before ?? '0.00')
  const guaranteed = guarantee.iou_no === null ? drawn : await drawnUnder(sql, principal.participant_no, guarantee.iou_no)
  if (drawn === null || drawn.loan_contract_no !== guarantee.loan_contract_no || guaranteed?.iou_no !== drawn.iou_no) mistakes.push(unknownContract('/iou_no'))
  else {
    const open_fen = drawn.outstanding_fen - await claimedOfDrawdown(sql, principal.participant_no, drawn.iou_no)
    if (principal_fen > open_fen) {
      mistakes.push(mistake('balance_over_loan', '/default_principal', 'OVER_OUTSTANDING',
        `Of the drawdown ${yuanOf(open_fen)} is outstanding and not claimed yet`, `该借据尚未申请代偿的未偿本金为 ${yuanOf(open_fen)}`))
    }
  }
  const left_fen = guarantee.guaranteed_fen - await claimedOn(sql, guarantee.number)
  if (principal_fen > left_fen) {
    mistakes.push(mistake('amount_over_guarantee', '/default_principal', 'OVER_GUARANTEE', `The guarantee still covers ${yuanOf(left_fen)} of principal`,
      `保证合同剩余担保本金为 ${yuanOf(left_fen)}`))
  }
  if (principal_fen === 0) mistakes.push(mistake('nothing_to_pay', '/default_principal', 'NOTHING_IN_DEFAULT',
    'The principal in default must be above zero', '违约本金应大于零'))
  else if (collateral_fen >= principal_fen) {
    mistakes.push(mistake('nothing_to_pay', '/collateral_recovered_before', 'NOTHING_LEFT', 'The collateral covers the whole principal', '抵质押物已覆盖全部本金，无需代偿'))
  }
  if (body.default_date > today) mistakes.push(mistake('rule_broken', '/default_date', 'DATE_IN_FUTURE', `The default lies after today, ${today}`,
    `违约日晚于今日 ${today}`))
  if (body.default_date < guarantee.start_date) {
    mistakes.push(mistake('rule_broken', '/default_date', 'BEFORE_GUARANTEE', `The guarantee began on ${guarantee.start_date}`,
      `保证期间自 ${guarantee.start_date} 开始`))
  }
  const documents = (body.document_nos ?? []).map((document_no, index): [string, string] => [document_no, `/document_nos/${index}`])
  if (body.bank_due_diligence_statement !== undefined) documents.push([body.bank_due_diligence_statement, '/bank_due_diligence_statement'])
  for (const [document_no, pointer] of documents) {
    if (await findDocument(sql, principal.participant_no, document_no) !== undefined) continue
    mistakes.push(mistake('document_unknown', pointer, 'DOCUMENT_UNKNOWN', 'This participant has uploaded no such document; POST /v1/documents first',
      '本参与方未上传该文件；请先调用 POST /v1/documents 上传'))
  }
  return mistakes
}

/**
 * Takes in a claim of a bank. What is doubtful goes in as findings; the guarantor decides.
 *
 * Errors: duplicate_key, contract_unknown, and every mistake of `claimMistakes`.
 */
export async function fileClaim (sql: WriteSql, now: string, principal: Principal, body: NewClaim, calendar: Calendar): Promise<{ claim: Claim,
  is_new: boolean }> {
  const content_digest = digestOf(body)
  const before = await claimByBusinessNo(sql, principal.participant_no, body.claim_no)
  if (before !== undefined) {
    if (before.content_digest !== content_digest) throw new Problem('duplicate_key')
    return { claim: before, is_new: false }
  }
  const today = beijingDate(now)
  const guarantee = await guaranteeMeant(sql, principal.participant_no, body)
  const drawn = await drawnUnder(sql, principal.participant_no, body.iou_no)
  refuseIfAny(await claimMistakes(sql, principal, body, guarantee, drawn, today))
  const key: GuaranteeKey = { guarantor_no: guarantee.guarantor_no, bank_no: principal.participant_no, vintage_year: guarantee.vintage_year, guarantee_number: guarantee.number }
  const default_principal_fen = fenOf(body.default_principal)
  const terms = await riskTerms(sql, now)
  const claim: Claim = {
    number: newNo('clm'), participant_no: principal.participant_no, business_no: body.claim_no, guarantor_no: guarantee.guarantor_no, guarantee_number: guarantee.number,
    guarantee_contract_no: guarantee.guarantee_contract_no, loan_contract_no: guarantee.loan_contract_no, iou_no: drawn?.iou_no ?? body.iou_no, uscc: guarantee.uscc, vintage_year: guarantee.vintage_year,
    body, content_digest, status: 'FILED',
    findings: claimFindings({
      default_date: body.default_date, filed_on: today, guarantee_end: guarantee.end_date, is_filed_with_re_guarantor: guarantee.is_filed_with_re_guarantor,
      has_due_diligence_statement: body.bank_due_diligence_statement !== undefined, state_before: await stateNow(sql, now, key)
    }, terms),
    decision_due_date: decisionDueDate(today, calendar, terms), told_due: null,
    default_principal_fen, eligible_fen: default_principal_fen - fenOf(body.collateral_recovered_before ?? '0.00'),
    policy_version: null, headroom_before_fen: null, covered_fen: null, guarantor_fen: null, fiscal_fen: null, fiscal_municipal_fen: null, bank_fen: null, re_guarantor_fen: null, bank_excess_fen: null,
    rate_after_pct: null, state_after: null, fiscal_claim_no: null, re_guarantee_claim_no: null, fiscal_pool: null, fiscal_pool_year: null, decision: null, decision_reason: null, decided_by: null, decided_at: null,
    review: null, review_reason: null, reviewed_by: null, reviewed_at: null, paid_date: null, paid_fen: null, recovered_fen: 0, version: 1, created_at: now, updated_at: now
  }
  await countClaimed(sql, guarantee.number, guarantee.guaranteed_fen, default_principal_fen)
  if (!await insertClaim(sql, claim)) throw new RunAgain('the same claim number was kept at the same time')
  const { document_nos = [], bank_due_diligence_statement } = body
  await attachDocuments(sql, claim.number, bank_due_diligence_statement === undefined ? document_nos : [...document_nos, bank_due_diligence_statement])
  await tell(sql, now, principal, 'filed', claim, { decision_due_date: claim.decision_due_date, findings: claim.findings.map(({ code }) => code) })
  return { claim, is_new: true }
}

/** What a claim may meet in each state. */
const decisions_in: Readonly<Partial<Record<ClaimStatus, readonly ClaimDecision['decision'][]>>> = {
  FILED: ['ACCEPT', 'REJECT', 'PREPAY'], ACCEPTED: ['ACCEPT'], PREPAID_PENDING_REVIEW: ['ACCEPT', 'REJECT']
}

/** Errors: state_conflict when somebody else moved the claim in between. */
function moved (claim: Claim | undefined, before: Claim): Claim {
  if (claim === undefined) throw stateConflict(before.status, [])
  return claim
}

function refuseDecision (pointer: string, code: string, message: string, message_zh: string): never {
  throw new Problem('decision_not_possible', { detail: message, detail_zh: message_zh, errors: [{ pointer, code, message, message_zh }] })
}

/** What the guarantor paid to the bank, when the decision says so; it pays what the system covers and collects the others' parts itself. */
function paymentOf (body: ClaimDecision, covered_fen: number, now: string): { paid_date: string, paid_fen: number } | null {
  const today = beijingDate(now)
  if (body.paid_date === undefined && body.decision === 'ACCEPT') {
    if (body.paid_amount !== undefined) refuseDecision('/paid_date', 'MISSING_FIELD', 'A payment needs its day', '支付须注明日期')
    return null
  }
  const paid_date = body.paid_date ?? today
  if (paid_date > today) {
    const [message, message_zh] = [`The payment lies after today, ${today}`, `付款日期晚于今日 ${today}`]
    throw new Problem('paid_date_in_future', { errors: [{ pointer: '/paid_date', code: 'DATE_IN_FUTURE', message, message_zh }] })
  }
  if (body.paid_amount !== undefined && fenOf(body.paid_amount) !== covered_fen) {
    refuseDecision('/paid_amount', 'NOT_THE_COVERED_AMOUNT', `The system covers ${yuanOf(covered_fen)} of this claim; the guarantor pays just that to the bank`,
      `本笔体系内承担金额为 ${yuanOf(covered_fen)}，担保机构应按此金额向银行支付`)
  }
  return { paid_date, paid_fen: covered_fen }
}

/**
 * Decides a claim: ACCEPT (with the payment, or the payment later by a second ACCEPT), REJECT, or PREPAY with the review to follow,
 * which another person decides. Accepting shares the loss under the breaker at once, in the unit that owns its row.
 *
 * Errors: not_found, state_conflict, own_work, decision_not_possible, paid_date_in_future.
 */
export async function decideClaim (sql: WriteSql, now: string, principal: Principal, number: string, body: ClaimDecision, calendar: Calendar): Promise<Claim> {
  const claim = await readClaim(sql, principal, number)
  const possible = decisions_in[claim.status] ?? []
  if (!possible.includes(body.decision)) throw stateConflict(claim.status, possible)
  if (body.decision === 'REJECT') {
    if (body.reason === undefined) refuseDecision('/reason', 'MISSING_FIELD', 'A refusal needs its reason', '拒绝代偿须说明理由')
    if (body.paid_date !== undefined || body.paid_amount !== undefined) refuseDecision('/paid_date', 'NOT_ALLOWED', 'A refused claim is not paid',
      '拒绝代偿的申请不应有支付信息')
  }
  if (claim.status === 'PREPAID_PENDING_REVIEW') return review(sql, now, principal, claim, body)
  if (claim.status === 'ACCEPTED') return pay(sql, now, principal, claim, body)
  const decided = { decision: body.decision, decision_reason: body.reason ?? null, decided_by: personOf(principal), decided_at: now } as const
  if (body.decision === 'REJECT') {
    const declined = moved(await advanceClaim(sql, now, claim.number, ['FILED'], { ...decided, status: 'DECLINED' }), claim)
    await countClaimed(sql, claim.guarantee_number, 0, -claim.default_principal_fen)
    await tell(sql, now, principal, 'declined', declined)
    return declined
  }
  const { share, terms } = await cover(sql, now, principal, keyOf(claim), claim.eligible_fen)
  const payment = paymentOf(body, share.covered_by_system_fen, now)
  const accepted = moved(await advanceClaim(sql, now, claim.number, ['FILED'], {
    ...decided,
    ...payment,
    ...body.decision === 'PREPAY' ? { decision_due_date: decisionDueDate(beijingDate(now), calendar, terms) } : {},
    status: body.decision === 'PREPAY' ? 'PREPAID_PENDING_REVIEW' : payment === null ? 'ACCEPTED' : 'PAID',
    policy_version: terms.version, headroom_before_fen: share.headroom_before_fen, covered_fen: share.covered_by_system_fen, guarantor_fen: share.guarantor_fen,
    fiscal_fen: share.fiscal_fen, fiscal_municipal_fen: splitFiscal(share.fiscal_fen, terms).municipal_fen, bank_fen: share.bank_fen, re_guarantor_fen: share.re_guarantor_fen, bank_excess_fen: share.bank_excess_fen,
    rate_after_pct: share.rate_after_pct, state_after: share.state,
    fiscal_claim_no: share.fiscal_fen > 0 ? newNo('fiscal') : null, re_guarantee_claim_no: share.re_guarantor_fen > 0 ? newNo('reguar') : null,
    ...share.fiscal_fen > 0 ? await drawFromPool(sql, now, share.fiscal_fen) : {}
  }), claim)
  await keepEntries(sql, now, claim.number, compensationEntries(claim.eligible_fen, share))
  await releaseWhenUsedUp(sql, now, accepted)
  await tell(sql, now, principal, body.decision === 'PREPAY' ? 'prepaid' : payment === null ? 'accepted' : 'paid', accepted, {
    fiscal_claim_no: accepted.fiscal_claim_no, re_guarantee_claim_no: accepted.re_guarantee_claim_no, breaker_state: share.state, fiscal_pool: accepted.fiscal_pool
  })
  return accepted
}

/** A guarantee whose whole principal is compensated is released with the last payment (解保: after compensation). */
async function releaseWhenUsedUp (sql: WriteSql, now: string, { guarantee_number, paid_date }: Claim): Promise<void> {
  if (paid_date === null || !await isUsedUp(sql, guarantee_number)) return
  await releaseGuarantee(sql, guarantee_number, paid_date, now)
}

/** The payment of a claim accepted before. */
async function pay (sql: WriteSql, now: string, principal: Principal, claim: Claim, body: ClaimDecision): Promise<Claim> {
  const payment = paymentOf(body, coveredOf(claim), now)
  if (payment === null) throw stateConflict(claim.status, ['ACCEPT with paid_date'])
  const paid = moved(await advanceClaim(sql, now, claim.number, ['ACCEPTED'], { ...payment, status: 'PAID' }), claim)
  await releaseWhenUsedUp(sql, now, paid)
  await tell(sql, now, principal, 'paid', paid)
  return paid
}

/** The later review of a prepayment, by another person: it stands, or everything goes back. */
async function review (sql: WriteSql, now: string, principal: Principal, claim: Claim, body: ClaimDecision): Promise<Claim> {
  const reviewed_by = anotherPerson(principal, claim.decided_by ?? '')
  const accepts = body.decision === 'ACCEPT'
  if (accepts && (body.paid_date !== undefined || body.paid_amount !== undefined)) refuseDecision('/paid_date', 'NOT_ALLOWED',
    'The prepayment is the payment', '预付款即为代偿款，无需再次填写支付信息')
  if (!accepts) await uncover(sql, now, principal, keyOf(claim), coveredOf(claim))
  const reviewed = moved(await advanceClaim(sql, now, claim.number, ['PREPAID_PENDING_REVIEW'], {
    status: accepts ? 'PAID' : 'DECLINED', review: accepts ? 'ACCEPT' : 'REJECT', review_reason: body.reason ?? null, reviewed_by, reviewed_at: now
  }), claim)
  if (accepts) await releaseWhenUsedUp(sql, now, reviewed)
  else {
    await keepEntries(sql, now, claim.number, reversalEntries(borneOf(claim)))
    await countClaimed(sql, claim.guarantee_number, 0, -claim.default_principal_fen)
    await giveBackToPool(sql, now, claim, claim.fiscal_fen ?? 0)
  }
  await tell(sql, now, principal, accepts ? 'paid' : 'declined', reviewed, { reviewed: true })
  return reviewed
}

function coveredOf (claim: Claim): number {
  if (claim.covered_fen === null) throw new Error(`claim ${claim.number} is ${claim.status} and was not shared`)
  return claim.covered_fen
}

/** Who bears what of a claim that was shared. */
export function borneOf ({ guarantor_fen, fiscal_fen, bank_fen, re_guarantor_fen, number }: Claim): Borne {
  if (guarantor_fen === null || fiscal_fen === null || bank_fen === null || re_guarantor_fen === null) throw new Error(`claim ${number} was not shared`)
  return { guarantor_fen, fiscal_fen, bank_fen, re_guarantor_fen }
}

/**
 * Takes in a recovery and splits it, net of its cost, by what each still bears. The breaker's numerator falls at the year-end settlement
 * only, unless the policy in force reads A-09 otherwise.
 *
 * Errors: not_found, duplicate_key, state_conflict before the payment, rule_broken, amount_over_claim.
 */
export async function recover (sql: WriteSql, now: string, principal: Principal, number: string, body: NewRecovery): Promise<{ claim: Claim,
  recovery: Recovery, is_new: boolean }> {
  const claim = await readClaim(sql, principal, number)
  const content_digest = digestOf([claim.number, body])
  const before = await recoveryByBusinessNo(sql, principal.participant_no, body.recovery_no)
  if (before !== undefined) {
    if (before.content_digest !== content_digest) throw new Problem('duplicate_key')
    return { claim, recovery: before, is_new: false }
  }
  if (claim.status !== 'PAID' && claim.status !== 'RECOVERING') throw stateConflict(claim.status, decisions_in[claim.status] ?? [])
  const net_fen = recoveryNet(claim, body, beijingDate(now))
  const terms = await riskTerms(sql, now)
  const at_once = settlesAtOnce(terms)
  const split = splitRecovery(net_fen, stillBorne(borneOf(claim), await recoveriesOf(sql, [claim.number])))
  if (at_once) await settleIn(sql, now, principal, keyOf(claim), systemPart(split))
  const recovery: Recovery = {
    number: newNo('rec'), claim_number: claim.number, participant_no: principal.participant_no, recovery_no: body.recovery_no, content_digest, date: body.date,
    gross_fen: fenOf(body.gross), cost_fen: fenOf(body.cost ?? '0.00'), net_fen, ...split, settled_in: at_once ? Number(beijingDate(now).slice(0, 4)) : null,
    recorded_by: principal.user_no, created_at: now
  }
  const recovered_fen = claim.recovered_fen + net_fen
  const status = recovered_fen === claim.eligible_fen ? 'SETTLED' : 'RECOVERING'
  // Where a twin came first, the other one's split would be of another rest: the version says so.
  const after = moved(await advanceClaim(sql, now, claim.number, [claim.status], { status, recovered_fen }), claim)
  if (after.version !== claim.version + 1) throw new RunAgain('another recovery came at the same time')
  if (!await insertRecovery(sql, recovery)) throw new RunAgain('the same recovery number was kept at the same time')
  await keepEntries(sql, now, claim.number, recoveryEntries(split), recovery.number)
  await giveBackToPool(sql, now, claim, split.fiscal_fen)
  await tell(sql, now, principal, 'recovered', after, { recovery_number: recovery.number })
  return { claim: after, recovery, is_new: true }
}

function recoveryNet (claim: Claim, { date, gross, cost = '0.00' }: NewRecovery, today: string): number {
  const net_fen = fenOf(gross) - fenOf(cost)
  const left_fen = claim.eligible_fen - claim.recovered_fen
  const mistakes: Mistake[] = []
  if (net_fen <= 0) mistakes.push(mistake('rule_broken', '/cost', 'COST_OVER_GROSS', 'The cost takes up the whole recovery; report it with a later one',
    '追偿费用不低于追偿所得，请并入后续追偿一并报送'))
  if (net_fen > left_fen) mistakes.push(mistake('amount_over_claim', '/gross', 'OVER_LOSS', `What is left of the loss is ${yuanOf(left_fen)}`,
    `尚未收回的损失为 ${yuanOf(left_fen)}`))
  if (date > today) mistakes.push(mistake('rule_broken', '/date', 'DATE_IN_FUTURE', `The recovery lies after today, ${today}`, `追偿日期晚于今日 ${today}`))
  if (claim.paid_date !== null && date < claim.paid_date) {
    mistakes.push(mistake('rule_broken', '/date', 'BEFORE_PAYMENT',
      `The compensation was paid on ${claim.paid_date}; what came before is collateral_recovered_before`, `代偿于 ${claim.paid_date} 支付，此前所得应计入代偿前已收回金额`))
  }
  refuseIfAny(mistakes)
  return net_fen
}
