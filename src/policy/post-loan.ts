import { finding, type Finding } from './findings.ts'
import { dayNumber } from './period.ts'

/** What practice looks at after the loan: money that comes back too soon, money that goes to a related party. No clause fixes the days. */
export const FUND_USE_TERMS = { prepaid_within_days: 30, long_overdue_days: 90 } as const

export const FUND_USE_TESTS = ['SAME_DAY_IN_OUT', 'PREPAID_WITHIN_DAYS', 'PAYEE_RELATED'] as const
export type FundUseTest = typeof FUND_USE_TESTS[number]
export const TEST_RESULTS = ['PASS', 'FAIL', 'UNKNOWN'] as const
export type TestResult = typeof TEST_RESULTS[number]

export interface FundFlow {
  readonly disbursed_date: string
  /** null: not reported */
  readonly returned: readonly { readonly date: string, readonly is_prepayment: boolean }[] | null
  /** whether each payee is the borrower itself or related to it; null: no payees reported, or no name to compare with */
  readonly payees_related: readonly boolean[] | null
}

export interface TestedFundUse { readonly test: FundUseTest, readonly result: TestResult }

export interface BalancePath {
  readonly disbursed_date: string
  readonly amount_fen: number
  /** repayments stated with the drawdown; null: none were */
  readonly events: FundFlow['returned']
  /** balances stated later, half-open; one day where `from` is `to` */
  readonly balances: readonly { readonly from: string, readonly to: string, readonly balance_fen: number }[]
}

/**
 * Money that came back, from everything stated about the balance. A balance below the loan within the days is money that came back by then.
 * null: nothing was stated, or the balances do not reach over the days.
 */
export function returnedMoney ({ disbursed_date, amount_fen, events, balances }: BalancePath): FundFlow['returned'] {
  const dropped = balances.filter(({ balance_fen }) => balance_fen < amount_fen).map(({ from }) => ({ date: from, is_prepayment: true }))
  const soon = dropped.filter(({ date }) => dayNumber(date) - dayNumber(disbursed_date) <= FUND_USE_TERMS.prepaid_within_days)
  const reaches = balances.some(({ from }) => from === disbursed_date) &&
    balances.some(({ to }) => dayNumber(to) - dayNumber(disbursed_date) > FUND_USE_TERMS.prepaid_within_days)
  return events === null && soon.length === 0 && !reaches ? null : [...events ?? [], ...soon]
}

const judged = (test: FundUseTest, found: boolean | null): TestedFundUse => ({ test, result: found === null ? 'UNKNOWN' : found ? 'FAIL' : 'PASS' })

/**
 * Tests of the use of funds from what the bank reported with the drawdown: paid back on the day it was paid out, prepaid within the days,
 * paid to a related party. What was not reported is UNKNOWN, never a pass.
 *
 * Source: S1 四(三)5; domain notes §9.2.
 */
export function testFundUse ({ disbursed_date, returned, payees_related }: FundFlow): TestedFundUse[] {
  const days = returned?.map(({ date, is_prepayment }) => ({ days: dayNumber(date) - dayNumber(disbursed_date), is_prepayment })) ?? null
  return [
    judged('SAME_DAY_IN_OUT', days === null ? null : days.some(each => each.days === 0)),
    judged('PREPAID_WITHIN_DAYS', days === null ? null : days.some(each => each.is_prepayment && each.days > 0 && each.days <= FUND_USE_TERMS.prepaid_within_days)),
    judged('PAYEE_RELATED', payees_related === null ? null : payees_related.some(Boolean))
  ]
}

export const FIVE_GRADES = ['NORMAL', 'SPECIAL_MENTION', 'SUBSTANDARD', 'DOUBTFUL', 'LOSS'] as const
export type FiveGrade = typeof FIVE_GRADES[number]
export const TRENDS = ['UP', 'STABLE', 'DOWN', 'STOPPED'] as const
export type Trend = typeof TRENDS[number]
export const RISK_LEVELS = ['LOW', 'MEDIUM', 'HIGH'] as const
export type RiskLevel = typeof RISK_LEVELS[number]

export interface PostLoanFacts {
  readonly overdue_days: number | null
  readonly five_grade_class: FiveGrade | null
  readonly trends: readonly Trend[]
  readonly lawsuits: number | null
  readonly is_relocating: boolean | null
  readonly risk_level: RiskLevel | null
  readonly is_diverted: boolean
  readonly failed_tests: readonly FundUseTest[]
}

const of_test: Readonly<Record<FundUseTest, Finding>> = {
  SAME_DAY_IN_OUT: finding('SAME_DAY_IN_OUT', null, 'Money came back on the day it was paid out; look at the flow of the account.', '贷款发放当日即回流，请核查资金流水。'),
  PREPAID_WITHIN_DAYS: finding('PREPAID_WITHIN_DAYS', null, `Prepaid within ${FUND_USE_TERMS.prepaid_within_days} days of the payment; ask what the loan was for.`, `放款后 ${FUND_USE_TERMS.prepaid_within_days} 日内提前还款，请核实借款用途。`),
  PAYEE_RELATED: finding('PAYEE_RELATED_PARTY', null, 'A payee is the borrower itself or related to it; ask for the invoices.', '收款人为借款人本身或关联方，请补充发票等用途凭证。')
}

/** Signals of a report that somebody should act on. Source: S1 四(三)5; domain notes §5.17, §9.2, §9.3. */
export function warnings (facts: PostLoanFacts): Finding[] {
  const found: Finding[] = []
  if (facts.is_diverted) found.push(finding('FUNDS_DIVERTED', null,
    'The loan was used for something else; subsidies of this enterprise are on hold until that is settled.', '贷款资金被挪用；核实处理前暂停该企业贴息拨付。'))
  for (const test of FUND_USE_TESTS) if (facts.failed_tests.includes(test)) found.push(of_test[test])
  if (facts.overdue_days !== null && facts.overdue_days > 0) {
    found.push(facts.overdue_days >= FUND_USE_TERMS.long_overdue_days
      ? finding('LONG_OVERDUE', null, `Overdue for ${facts.overdue_days} days; consider a claim for compensation.`, `已逾期 ${facts.overdue_days} 天，可考虑提出代偿申请。`)
      : finding('OVERDUE', null, `Overdue for ${facts.overdue_days} days.`, `已逾期 ${facts.overdue_days} 天。`))
  }
  if (facts.five_grade_class === 'SPECIAL_MENTION') found.push(finding('SPECIAL_MENTION', null, 'Classified as special mention.', '五级分类为关注类。'))
  else if (facts.five_grade_class !== null && facts.five_grade_class !== 'NORMAL') found.push(finding('NON_PERFORMING', null,
    `Classified as ${facts.five_grade_class}.`, '五级分类为不良。'))
  if (facts.trends.includes('STOPPED')) found.push(finding('OPERATION_STOPPED', null, 'Part of the operation has stopped; visit the enterprise.',
    '企业部分经营活动停止，请实地走访。'))
  else if (facts.trends.filter(trend => trend === 'DOWN').length >= 2) found.push(finding('OPERATION_DECLINING', null,
    'Two or more signals of the operation point down.', '两项以上经营指标下降。'))
  if (facts.lawsuits !== null && facts.lawsuits > 0) found.push(finding('LAWSUITS', null, `${facts.lawsuits} lawsuits against the enterprise.`,
    `企业涉诉 ${facts.lawsuits} 起。`))
  if (facts.is_relocating === true) found.push(finding('RELOCATION', null, 'The enterprise is moving away.', '企业拟迁出。'))
  if (facts.risk_level === 'HIGH') found.push(finding('RISK_HIGH', null, 'The reporter holds the risk for high.', '报送方判断风险等级为高。'))
  return found
}
