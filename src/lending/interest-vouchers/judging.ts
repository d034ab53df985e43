/** What is wrong with a voucher of interest paid, for loans and leases alike. Pure: no table, no time of its own. */
import { mistake, type Mistake } from '../../intake/mistakes.ts'
import { rateUnits } from '../../policy/exact.ts'
import { finding, type Finding } from '../../policy/findings.ts'
import { fenOf, yuanOf } from '../../policy/money.ts'
import { overlaps, type DayCount, type Period } from '../../policy/period.ts'
import { checkSegments, type Segment } from '../../policy/segments.ts'
import { OLDER_EVIDENCE } from '../../policy/parameters.ts'
import { readingOf, type PolicyVersion } from '../../policy/terms.ts'
import { checkInterestVoucher, type VoucherFinding } from '../../policy/vouchers.ts'
import { isProblemCode } from '../../problem.ts'
import type { BalanceEvent } from '../drawdowns/store.ts'
import type { NewInterestVoucher } from './schema.ts'

export type StatedInterest = Omit<NewInterestVoucher, 'voucher_no' | 'iou_no' | 'loan_contract_no'>

/** Amounts of a voucher in fen, defaults filled in. */
export interface InterestAmounts {
  normal_interest_fen: number
  normal_interest_paid_fen: number
  penalty_fen: number
  compound_fen: number
  national_subsidy_deducted_fen: number
  other_subsidy_fen: number
}

export function amountsOf (body: StatedInterest): InterestAmounts {
  const fen = (yuan: string | undefined) => yuan === undefined ? 0 : fenOf(yuan)
  return {
    normal_interest_fen: fenOf(body.normal_interest),
    normal_interest_paid_fen: fenOf(body.normal_interest_paid ?? body.normal_interest),
    penalty_fen: fen(body.penalty_interest),
    compound_fen: fen(body.compound_interest),
    national_subsidy_deducted_fen: fen(body.national_subsidy_deducted),
    other_subsidy_fen: fen(body.other_subsidy_received)
  }
}

export function segmentsOf (body: StatedInterest): Segment[] {
  return body.segments.map(({ from, to, balance, annual_rate_pct, kind }) => ({ from, to, balance_fen: fenOf(balance), annual_rate_pct,
    ...(kind === undefined ? {} : { kind }) }))
}

/** Mistakes that the words alone show: before any unit. */
export function statedMistakes (body: StatedInterest, segments: readonly Segment[], today: string): Mistake[] {
  const mistakes = checkSegments(segments, '/segments')
    .map(({ pointer, code, message, message_zh }) => mistake(isProblemCode(code) ? code : 'rule_broken', pointer, code.toUpperCase(),
      message, message_zh))
  if (body.period_end <= body.period_start) mistakes.push(mistake('period_reversed', '/period_end', 'PERIOD_REVERSED',
    'The period ends before it begins', '计息期间止日不晚于起日'))
  for (const [index, { from, to }] of segments.entries()) {
    if (from < to && body.period_start < body.period_end && (from < body.period_start || to > body.period_end)) {
      mistakes.push(mistake('segment_outside_period', `/segments/${index}`, 'SEGMENT_OUTSIDE_PERIOD',
        'The segment reaches beyond the period of the voucher', '计息分段超出凭证计息期间'))
    }
  }
  if (body.paid_date > today) mistakes.push(mistake('paid_date_in_future', '/paid_date', 'PAID_DATE_IN_FUTURE',
    `Today is ${today}; send it when it is paid`, `今日为 ${today}；请在付息后报送`))
  const { normal_interest_fen, normal_interest_paid_fen, penalty_fen, compound_fen, national_subsidy_deducted_fen } = amountsOf(body)
  if (normal_interest_paid_fen > normal_interest_fen) {
    mistakes.push(mistake('paid_over_due', '/normal_interest_paid', 'PAID_OVER_DUE', 'More normal interest was paid than was due',
      '实付正常利息大于应付正常利息'))
  }
  if (body.is_partial_payment === true && body.normal_interest_paid === undefined) {
    mistakes.push(mistake('rule_broken', '/normal_interest_paid', 'PAID_AMOUNT_MISSING', 'A payment in part needs the part that was paid',
      '部分付息须填写实付正常利息'))
  }
  if (body.gross_interest !== undefined && fenOf(body.gross_interest) !== normal_interest_fen + penalty_fen + compound_fen) {
    mistakes.push(mistake('rule_broken', '/gross_interest', 'AMOUNTS_INCONSISTENT',
      'gross_interest is not the sum of normal, penalty and compound interest', '利息合计与正常利息、罚息、复利之和不符'))
  }
  const is_whole = normal_interest_paid_fen === normal_interest_fen && body.is_partial_payment !== true
  const net_fen = normal_interest_fen + penalty_fen + compound_fen - national_subsidy_deducted_fen
  if (body.net_paid !== undefined && is_whole && fenOf(body.net_paid) !== net_fen) {
    mistakes.push(mistake('rule_broken', '/net_paid', 'AMOUNTS_INCONSISTENT',
      'net_paid is not all interest less the national subsidy deducted; where less was paid, send normal_interest_paid',
      '实付净额与利息合计减国家贴息扣减额不符；如未足额付息请填写实付正常利息'))
  }
  return mistakes
}

/** What the voucher is judged against: its drawdown or lease. */
export interface Lent {
  day_count: DayCount
  /** the contract's rate; null: not known */
  annual_rate_pct: string | null
  /** rates of its own where they differ from the contract's */
  rate_segments: readonly (Period & { annual_rate_pct: string })[]
  /** no balance is above it */
  balance_max_fen: number
  /** how the balance moved as its lender has told; empty: not told */
  balance_events: readonly BalanceEvent[]
  /** day on which interest begins to run */
  starts: string
  maturity_date: string
}

export interface Judgement {
  mistakes: Mistake[]
  findings: VoucherFinding[]
  recomputed_fen: number
}

const hold = (code: string, message: string, message_zh: string): VoucherFinding => ({ ...finding(code, null, message, message_zh),
  consequence: 'HOLD' })

/** A segment whose rate is none of those that held on its days. */
function otherRate (segments: readonly Segment[], lent: Lent): VoucherFinding[] {
  for (const { from, to, annual_rate_pct } of segments) {
    const own = lent.rate_segments.filter(each => overlaps({ from, to }, each))
    const covered = own.length > 0 && (own[0]?.from ?? to) <= from && (own.at(-1)?.to ?? from) >= to
    const expected = [...own.map(each => each.annual_rate_pct), ...(covered || lent.annual_rate_pct === null ? [] : [lent.annual_rate_pct])]
    if (expected.some(rate => rateUnits(rate) !== rateUnits(annual_rate_pct))) {
      return [hold('RATE_NOT_OF_CONTRACT',
        `The voucher says ${annual_rate_pct} % from ${from}, the contract ${expected.join(', ')} %; correct it, with the reason.`,
        `凭证自 ${from} 起利率为 ${annual_rate_pct}%，借据利率为 ${expected.join('、')}%；请更正，或以更正方式提交并说明原因。`)]
    }
  }
  return []
}

/**
 * Judges a voucher whose words are in order against what was lent.
 *
 * Source: contract §6; domain notes §5.9, §7.9; reading A-12.
 */
export function judgeInterest (body: StatedInterest, segments: readonly Segment[], lent: Lent, terms: PolicyVersion): Judgement {
  const mistakes: Mistake[] = []
  for (const [index, { balance_fen }] of segments.entries()) {
    if (balance_fen > lent.balance_max_fen) {
      mistakes.push(mistake('balance_over_loan', `/segments/${index}/balance`, 'BALANCE_OVER_LOAN',
        `The balance exceeds what was lent, ${yuanOf(lent.balance_max_fen)}`, `余额超过放款金额 ${yuanOf(lent.balance_max_fen)}`))
    }
  }
  const own_rates = lent.rate_segments.length > 0
  const check = checkInterestVoucher({
    from: body.period_start, to: body.period_end, segments, day_count: lent.day_count, normal_interest_fen: fenOf(body.normal_interest),
    contract_rate_pct: own_rates ? null : lent.annual_rate_pct
  }, terms)
  for (const { code, consequence, message, message_zh } of check.findings) {
    const problem = code.toLowerCase()
    if (consequence === 'REFUSE') mistakes.push(mistake(isProblemCode(problem) ? problem : 'rule_broken', '/normal_interest', code, message,
      message_zh))
  }
  const findings = check.findings.filter(({ consequence }) => consequence !== 'REFUSE')
  if (own_rates) findings.push(...otherRate(segments, lent))
  findings.push(...overEvents(segments, lent))
  if (body.period_start < lent.starts) {
    findings.push(hold('PERIOD_BEFORE_DISBURSEMENT', `Nothing was lent before ${lent.starts}; correct the period.`,
      `${lent.starts} 之前尚未放款；请更正计息期间。`))
  }
  if (segments.some(({ to, kind }) => to > lent.maturity_date && (kind ?? 'NORMAL') === 'NORMAL')) {
    findings.push(hold('OVERDUE_INTEREST_INCLUDED',
      `Days after the maturity ${lent.maturity_date} are stated as normal; send them as OVERDUE or EXTENDED.`,
      `到期日 ${lent.maturity_date} 之后的天数列为正常计息；请标为 OVERDUE 或 EXTENDED。`))
  }
  if (body.paid_date > lent.maturity_date) {
    findings.push(hold('PAID_AFTER_MATURITY', `It was paid after the maturity ${lent.maturity_date}; say why.`,
      `付息日晚于到期日 ${lent.maturity_date}；请说明原因。`))
  }
  return { mistakes, findings, recomputed_fen: check.recomputed_fen }
}

/**
 * Normal days on a higher balance than the drawdown's events leave: a prepayment, an extension or an overdue part was forgotten. What is
 * repaid or written off takes the extended or overdue part first: that is normal no more, and is not taken off twice.
 */
function overEvents (segments: readonly Segment[], { balance_events, balance_max_fen }: Lent): VoucherFinding[] {
  if (balance_events.length === 0) return []
  const is_disbursed = balance_events.some(({ kind }) => kind === 'DISBURSE')
  let left_fen = is_disbursed ? 0 : balance_max_fen
  let apart_fen = 0
  const moves = [...balance_events].sort((a, b) => a.date < b.date ? -1 : a.date > b.date ? 1 : 0).map(({ date, kind, amount }) => {
    const fen = fenOf(amount)
    const of_apart = kind === 'REPAY' || kind === 'WRITE_OFF' ? Math.min(apart_fen, fen) : 0
    apart_fen += kind === 'EXTEND' || kind === 'TRANSFER_OVERDUE' ? fen : -of_apart
    left_fen += kind === 'DISBURSE' ? fen : of_apart - fen
    return { date, left_fen }
  })
  const leftOn = (day: string): number => moves.findLast(({ date }) => date <= day)?.left_fen ?? (is_disbursed ? 0 : balance_max_fen)
  for (const { from, to, balance_fen, kind = 'NORMAL' } of segments) {
    if (kind !== 'NORMAL') continue
    const day = [from, ...moves.map(({ date }) => date).filter(date => date > from && date < to)].sort().find(one => leftOn(one) < balance_fen)
    if (day === undefined) continue
    return [hold('BALANCE_OVER_EVENTS',
      `The voucher states ${yuanOf(balance_fen)} on ${day}, the events of the drawdown leave ${yuanOf(Math.max(0, leftOn(day)))}; correct the one that is wrong.`,
      `凭证列示 ${day} 计息余额 ${yuanOf(balance_fen)} 元，按借据余额变动应为 ${yuanOf(Math.max(0, leftOn(day)))} 元；请更正凭证或借据。`)]
  }
  return []
}

/** What no contract can clear: it waits for its own cause to go away, or for a person of the commission. */
const apart_from_contract = new Set(['NAME_MISMATCH', 'AUTH_SCOPE_INSUFFICIENT', 'UNDER_REVIEW', 'VOUCHER_REUSED'])

/** Findings of a held one that a change of its contract or of its neighbours leaves. */
export function lastingFindings (findings: readonly Finding[]): VoucherFinding[] {
  return findings.filter(({ code }) => apart_from_contract.has(code)).map(each => Object.assign({ consequence: 'HOLD' } as const, each))
}

/** What a correction with a reason may clear; all else waits for its cause to go away. */
const explained_by_reason = new Set(['VOUCHER_PERIOD_GAP', 'RATE_NOT_OF_CONTRACT', 'INTEREST_RECALC_MISMATCH', 'PAID_AFTER_MATURITY'])

/** Whether findings hold a voucher. @param explained it corrects a held one and says why */
export function isHeld (findings: readonly VoucherFinding[], explained: boolean): boolean {
  return findings.some(({ consequence, code }) => consequence === 'HOLD' && !(explained && explained_by_reason.has(code)))
}

/** Findings as they are kept and shown. */
export function shownFindings (findings: readonly VoucherFinding[]): Finding[] {
  return findings.map(({ code, rule_id, message, message_zh }) => ({ code, rule_id, message, message_zh }))
}

/**
 * evidence older than the authorization needs its clause about history, unless the terms accept it without.
 */
export function historyFindings (body: Pick<StatedInterest, 'period_start' | 'period_end' | 'paid_date'>,
  authorization: { valid_from: string, covers_history_from: string | null }, terms: PolicyVersion): VoucherFinding[] {
  return isCoveredByHistory(body, authorization) || readingOf(terms, 'older_evidence', OLDER_EVIDENCE) === 'ACCEPT' ? []
    : [hold('AUTH_SCOPE_INSUFFICIENT',
      `It is older than the authorization of ${authorization.valid_from}; ask for one that covers the time from ${body.period_start}, then correct it.`,
      `凭证早于授权起始日 ${authorization.valid_from}；请由企业补充覆盖 ${body.period_start} 起历史数据的授权后以更正方式重报。`)]
}

export function isCoveredByHistory ({ period_start, period_end, paid_date }: Pick<StatedInterest,
  'period_start' | 'period_end' | 'paid_date'>, { valid_from, covers_history_from }: { valid_from: string,
  covers_history_from: string | null }): boolean {
  const is_older = period_end <= valid_from || paid_date < valid_from
  return !is_older || (covers_history_from !== null && covers_history_from <= period_start)
}
