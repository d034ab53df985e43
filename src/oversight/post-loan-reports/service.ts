/** Post-loan reports: within the authorization, tested for the use of funds; diversion puts payments on hold. S1 四(三)5. */
import { newNo } from '../../clock.ts'
import { digestOf } from '../../db/canonical.ts'
import { RunAgain, type ReadSql, type WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { findCovering } from '../../intake/authorizations/service.ts'
import type { Authorization } from '../../intake/authorizations/store.ts'
import { nameKey } from '../../intake/enterprise-lists/values.ts'
import { enterpriseParticipants, sourcesOfEnterprise } from '../../intake/enterprises/store.ts'
import { mistake, refuseIfAny, usccMistakes, type Mistake } from '../../intake/mistakes.ts'
import { append } from '../../journal/events.ts'
import { findLent, type DrawdownRow } from '../../lending/drawdowns/store.ts'
import type { NewDrawdown } from '../../lending/drawdowns/schema.ts'
import { enterpriseOf } from '../../lending/evidence/store.ts'
import { insertHold } from '../../payment/holds/store.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { fenOf, yuanOf } from '../../policy/money.ts'
import { FUND_USE_TESTS, returnedMoney, testFundUse, warnings, type TestedFundUse } from '../../policy/post-loan.ts'
import { notFound, Problem } from '../../problem.ts'
import { activeOfRole } from '../../registry/participants/store.ts'
import { authorities } from '../../subsidy/audience.ts'
import type { NewPostLoanReport } from './schema.ts'
import { balancesOf, insertReport, lendersOf, listReports, reportByBusinessNo, type ReportFilter, type ReportRow } from './store.ts'

const scopes = ['POST_LOAN'] as const

/** The authorization of today for post-loan data of an enterprise; null without one. */
async function covering (sql: ReadSql, uscc: string, now: string) {
  return findCovering(sql, { uscc, day: beijingDate(now), recipient_class: 'PAIRED_BANK', scopes })
}

/** The authorization under which a reporter reports on an enterprise, and reads what it reported. Errors: authorization_missing, authorization_not_active. */
export async function mandate (sql: ReadSql, principal: Principal, uscc: string, now: string): Promise<Authorization> {
  const brought = principal.role !== 'PARK' || (await sourcesOfEnterprise(sql, uscc)).includes(principal.participant_no)
  const answer = brought ? await covering(sql, uscc, now) : { found: null, reason: 'MISSING' as const }
  if (answer.found !== null) return answer.found
  throw new Problem(answer.reason === 'NOT_ACTIVE' ? 'authorization_not_active' : 'authorization_missing', answer.reason === 'NOT_ACTIVE' ? {} : {
    detail: 'The enterprise has given this reporter no authorization with the scope POST_LOAN; collect one first', detail_zh: '企业未就贷后数据（范围 POST_LOAN）作出授权，请先取得授权'
  })
}

interface About { uscc: string, project_code: string | null, drawdown: DrawdownRow | null }

const unknownContract = (pointer: string): Mistake =>
  mistake('contract_unknown', pointer, 'CONTRACT_MISSING', 'There is no such drawdown or borrower of this sender', '报送方名下无此借据或借款企业')

/** Whom a report is about. Errors: invalid_request without either number, contract_unknown, uscc_check_digit. */
async function subjectOf (sql: ReadSql, { role, participant_no }: Principal, { iou_no, uscc }: NewPostLoanReport): Promise<About> {
  if (iou_no === undefined && uscc === undefined) {
    throw new Problem('invalid_request', { errors: [{ pointer: '/uscc', code: 'MISSING_FIELD', message: 'Name the drawdown or the enterprise',
      message_zh: '请填写借据号或企业统一社会信用代码' }] })
  }
  if (uscc !== undefined) refuseIfAny(await usccMistakes(sql, uscc, '/uscc'))
  if (iou_no === undefined) {
    const named = uscc as string
    if (role === 'BANK' && !(await lendersOf(sql, named)).includes(participant_no)) refuseIfAny([unknownContract('/uscc')])
    return { uscc: named, project_code: null, drawdown: null }
  }
  const lent = await findLent(sql, participant_no, iou_no)
  if (lent === undefined || (uscc !== undefined && uscc !== lent.drawdown.uscc)) {
    refuseIfAny([unknownContract('/iou_no')])
    throw new Error('an unknown contract was not refused')
  }
  return { uscc: lent.drawdown.uscc, project_code: lent.drawdown.project_code, drawdown: lent.drawdown }
}

function mistakesOf (body: NewPostLoanReport, { drawdown }: About, today: string): Mistake[] {
  const mistakes: Mistake[] = []
  if (body.as_of > today) mistakes.push(mistake('rule_broken', '/as_of', 'DATE_IN_FUTURE', `The report is about a day after today, ${today}`,
    `报告基准日晚于今日 ${today}`))
  if (drawdown !== null && body.as_of < drawdown.disbursed_date) {
    mistakes.push(mistake('rule_broken', '/as_of', 'BEFORE_DISBURSEMENT', `The drawdown was paid out on ${drawdown.disbursed_date}`,
      `该借据于 ${drawdown.disbursed_date} 放款`))
  }
  if (drawdown !== null && body.balance !== undefined && fenOf(body.balance) > drawdown.amount_fen) {
    mistakes.push(mistake('balance_over_loan', '/balance', 'BALANCE_OVER_LOAN', `The drawdown is ${yuanOf(drawdown.amount_fen)}`,
      `借据金额为 ${yuanOf(drawdown.amount_fen)}`))
  }
  const diverted = body.fund_use_check?.diverted_amount
  if (diverted !== undefined && fenOf(diverted) > 0 && body.fund_use_check?.result === 'COMPLIANT') {
    mistakes.push(mistake('rule_broken', '/fund_use_check/diverted_amount', 'CONTRADICTION', 'What is compliant has no diverted amount', '结论为合规时不应有挪用金额'))
  }
  if (diverted !== undefined && drawdown !== null && fenOf(diverted) > drawdown.amount_fen) {
    mistakes.push(mistake('balance_over_loan', '/fund_use_check/diverted_amount', 'OVER_LOAN', `The drawdown is ${yuanOf(drawdown.amount_fen)}`,
      `借据金额为 ${yuanOf(drawdown.amount_fen)}`))
  }
  return mistakes
}

/** The hub's own tests over what the bank sent: payees and balance with the drawdown, balances with its vouchers, the balance of this report. */
async function testsOf (sql: ReadSql, drawdown: DrawdownRow | null, { as_of, balance }: NewPostLoanReport): Promise<TestedFundUse[]> {
  if (drawdown === null) return FUND_USE_TESTS.map(test => ({ test, result: 'UNKNOWN' }))
  const { payees, balance_events } = drawdown.body as NewDrawdown
  const { name } = await enterpriseOf(sql, drawdown.uscc)
  return testFundUse({
    disbursed_date: drawdown.disbursed_date,
    returned: returnedMoney({
      disbursed_date: drawdown.disbursed_date, amount_fen: drawdown.amount_fen,
      events: balance_events === undefined ? null : balance_events.filter(({ kind }) => kind === 'REPAY' || kind === 'PREPAY').map(({ date,
        kind }) => ({ date, is_prepayment: kind === 'PREPAY' })),
      balances: [...await balancesOf(sql, drawdown.number), ...balance === undefined ? [] : [{ from: as_of, to: as_of, balance_fen: fenOf(balance) }]]
    }),
    payees_related: payees === undefined || payees.length === 0 || name === null ? null : payees.map(payee => nameKey(payee.name) === nameKey(name))
  })
}

/** Puts the payments to an enterprise on hold until a person of the authorities releases it. @returns number of the hold */
async function holdPayments (sql: WriteSql, now: string, principal: Principal, uscc: string, report_number: string): Promise<string> {
  const hold_no = newNo('hold')
  await insertHold(sql, {
    hold_no, participant_no: principal.participant_no, packet_no: null, line_no: null, uscc, reason: `FUNDS_DIVERTED ${report_number}`, owner: null, expires_on: null, escalated_at: null,
    status: 'OPEN', placed_by: principal.user_no ?? principal.participant_no, release_reason: null, released_by: null, released_at: null, version: 1, created_at: now, updated_at: now
  })
  await append(sql, now, { type: 'hold.placed', subject: hold_no, actor: principal, audience: await authorities(sql),
    data: { packet_no: null, line_no: null } })
  return hold_no
}

/**
 * Takes in a report of a bank on its borrower, or of a park on an enterprise it brought.
 *
 * Errors: duplicate_key, invalid_request, contract_unknown, authorization_missing, authorization_not_active, rule_broken, balance_over_loan.
 */
export async function takeReport (sql: WriteSql, now: string, principal: Principal, body: NewPostLoanReport): Promise<{ row: ReportRow, is_new: boolean }> {
  const content_digest = digestOf(body)
  const before = await reportByBusinessNo(sql, principal.participant_no, body.report_no)
  if (before !== undefined) {
    if (before.content_digest !== content_digest) throw new Problem('duplicate_key')
    await mandate(sql, principal, before.uscc, now)
    return { row: before, is_new: false }
  }
  const about = await subjectOf(sql, principal, body)
  const authorization = await mandate(sql, principal, about.uscc, now)
  refuseIfAny(mistakesOf(body, about, beijingDate(now)))
  const fund_use_tests = await testsOf(sql, about.drawdown, body)
  const check = body.fund_use_check
  const is_diverted = check?.result === 'DIVERTED' || fenOf(check?.diverted_amount ?? '0.00') > 0
  const failed_tests = FUND_USE_TESTS.filter(test => check?.tests?.includes(test) === true || fund_use_tests.some(each => each.test === test && each.result === 'FAIL'))
  const { output, electricity, tax, employees, lawsuits, relocation } = body.signals ?? {}
  const number = newNo('plr')
  const row: ReportRow = {
    number, participant_no: principal.participant_no, business_no: body.report_no, reporter_role: principal.role === 'PARK' ? 'PARK' : 'BANK', iou_no: body.iou_no ?? null,
    uscc: about.uscc, project_code: about.project_code, as_of: body.as_of, authorization_no: authorization.authorization_no, body, content_digest, fund_use_tests,
    warnings: warnings({
      overdue_days: body.overdue_days ?? null, five_grade_class: body.five_grade_class ?? null, trends: [output, electricity, tax,
        employees].filter(trend => trend !== undefined),
      lawsuits: lawsuits ?? null, is_relocating: relocation ?? null, risk_level: body.risk_level ?? null, is_diverted, failed_tests
    }),
    is_diverted, hold_no: is_diverted ? await holdPayments(sql, now, principal, about.uscc, number) : null,
    version: 1, created_at: now, updated_at: now
  }
  if (!await insertReport(sql, row)) throw new RunAgain('the same report number was kept at the same time')
  await tell(sql, now, principal, row)
  return { row, is_new: true }
}

/** The sender and MEIC hear of every report, lenders of what a park reports; of a diversion also the finance bureau and the enterprise. */
async function tell (sql: WriteSql, now: string, principal: Principal, row: ReportRow): Promise<void> {
  const { number, uscc, authorization_no } = row
  const meic = (await activeOfRole(sql, 'MEIC')).map(({ participant_no }) => participant_no)
  const audience = [principal.participant_no, ...await lendersHearing(sql, row), ...meic]
  const codes = row.warnings.map(({ code }) => code)
  await append(sql, now, { type: 'post_loan_report.received', subject: number, actor: principal, audience, authorization_no,
    data: { report_no: row.business_no, warnings: codes } })
  if (!row.is_diverted) return
  const bureau = (await activeOfRole(sql, 'FINANCE_BUREAU')).map(({ participant_no }) => participant_no)
  const enterprise = (await enterpriseParticipants(sql, [uscc])).get(uscc)
  await append(sql, now, {
    type: 'post_loan_report.diversion_found', subject: number, actor: principal, authorization_no,
    audience: [...audience, ...bureau, ...(enterprise === undefined ? [] : [enterprise])], data: { hold_no: row.hold_no }
  })
}

async function lendersHearing (sql: ReadSql, { reporter_role, uscc }: ReportRow): Promise<string[]> {
  return reporter_role === 'PARK' ? lendersOf(sql, uscc) : []
}

/** What a caller sees: its own; a bank also what parks report on its borrowers; MEIC all. */
function scopeOf ({ role, participant_no }: Principal): Pick<ReportFilter, 'participant_no' | 'lends'> {
  return role === 'MEIC' ? {} : { participant_no, lends: role === 'BANK' }
}

/** Of these only the ones whose enterprise authorizes today: after a withdrawal no post-loan datum leaves, to anybody (contract §5). */
async function stillAuthorized (sql: ReadSql, rows: readonly ReportRow[], now: string): Promise<ReportRow[]> {
  const live = new Map<string, boolean>()
  for (const { uscc } of rows) if (!live.has(uscc)) live.set(uscc, (await covering(sql, uscc, now)).found !== null)
  return rows.filter(({ uscc }) => live.get(uscc) === true)
}

/** A page of reports with what was read to find it: authorization is asked at every reading. */
export async function reportsFor (sql: ReadSql, principal: Principal, filter: Omit<ReportFilter, 'participant_no' | 'lends'>,
  now: string): Promise<{ read: ReportRow[], shown: ReportRow[] }> {
  const read = await listReports(sql, { ...filter, ...scopeOf(principal) })
  return { read, shown: await stillAuthorized(sql, read, now) }
}

/** Errors: not_found for what is missing, another's, or no longer authorized. */
export async function readReport (sql: ReadSql, principal: Principal, number: string, now: string): Promise<ReportRow> {
  const { shown } = await reportsFor(sql, principal, { number, after: null, limit: 2 }, now)
  const row = shown.find(each => each.number === number) ?? shown[0]
  if (row === undefined) throw notFound()
  return row
}

export function shownReport (row: ReportRow) {
  const body = row.body as NewPostLoanReport
  const { fund_use_check, signals } = body
  const { number, participant_no, reporter_role, iou_no, uscc, project_code, as_of, fund_use_tests, hold_no, authorization_no, version, created_at,
    updated_at } = row
  return {
    number, report_no: row.business_no, participant_no, reporter_role, iou_no, uscc, project_code, as_of, balance: body.balance ?? null,
    five_grade_class: body.five_grade_class ?? null, overdue_days: body.overdue_days ?? null,
    fund_use_check: fund_use_check === undefined ? null : { result: fund_use_check.result, diverted_amount: fund_use_check.diverted_amount ?? null,
      tests: fund_use_check.tests ?? [] },
    fund_use_tests, project_progress_pct: body.project_progress_pct ?? null,
    signals: signals === undefined ? null : {
      output: signals.output ?? null, electricity: signals.electricity ?? null, tax: signals.tax ?? null, employees: signals.employees ?? null,
      lawsuits: signals.lawsuits ?? null, relocation: signals.relocation ?? null
    },
    risk_level: body.risk_level ?? null, note: body.note ?? null, warnings: row.warnings, hold_no, authorization_no, version, created_at, updated_at
  }
}
