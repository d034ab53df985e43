import { roundHalfUp, UNITS_PER_ONE } from './exact.ts'
import { pointed, RuleBreach, type PointedFinding } from './findings.ts'
import { yuanOf } from './money.ts'
import { FEE_CEILING_SPANS } from './parameters.ts'
import { isDate, yearOf } from './period.ts'
import { clauseOf, fenParameter, isInForce, nearestTerms, pctOf, readingOf, type PolicyRef, type PolicyVersion, type TraceStep } from './terms.ts'
import { traceFrom } from './trace.ts'

/** A line of a subsidy that is no interest: one amount, its formula and its trace. */
export interface FlatLine {
  readonly voucher_no: string | null
  readonly policy: PolicyRef
  readonly formula_fen: number
  readonly amount_fen: number
  readonly trace: readonly TraceStep[]
}

/** A fee charged for a guarantee. The rate is that of the whole contract; the base is this fee alone. */
export interface FeeVoucher {
  readonly voucher_no: string | null
  readonly charged_date: string
  readonly order_key: string
  readonly fee_fen: number
  /** principal guaranteed, not × 80 % */
  readonly guaranteed_fen: number
  readonly term_months: number
  readonly contract_fee_fen: number
  /** fees under other names: they raise the rate, never the base */
  readonly other_fees_fen: number
}

/** What is wrong with a fee. Codes: amount_invalid, amount_not_positive, term_out_of_range, date_invalid. */
export function checkFee (fee: FeeVoucher, pointer: string): PointedFinding[] {
  const findings: PointedFinding[] = []
  const amounts = { fee_total: fee.fee_fen, contract_fee_total: fee.contract_fee_fen, other_fees_total: fee.other_fees_fen,
    guaranteed_amount: fee.guaranteed_fen }
  for (const [name, fen] of Object.entries(amounts)) {
    if (!Number.isSafeInteger(fen) || fen < 0) findings.push(pointed(`${pointer}/${name}`, 'amount_invalid', `${name} is no amount`,
      `${name} 不是有效金额`))
  }
  if (fee.guaranteed_fen === 0) findings.push(pointed(`${pointer}/guaranteed_amount`, 'amount_not_positive',
    'the guaranteed principal must be above zero',
    '担保本金应大于零'))
  if (!Number.isSafeInteger(fee.term_months) || fee.term_months < 1 || fee.term_months > 600) {
    findings.push(pointed(`${pointer}/term_months`, 'term_out_of_range', 'the term is 1 to 600 whole months', '期限应为 1 至 600 个整月'))
  }
  if (!isDate(fee.charged_date)) findings.push(pointed(`${pointer}/charged_date`, 'date_invalid', `${fee.charged_date} is no day of the calendar`,
    `${fee.charged_date} 不是真实日期`))
  return findings
}

/** (fee + other fees) ÷ guaranteed × 12 ÷ months against the highest rate, both sides multiplied out: nothing is rounded. */
export function isFeeRateWithin (fee: Pick<FeeVoucher, 'contract_fee_fen' | 'other_fees_fen' | 'guaranteed_fen' | 'term_months'>,
  rate_max_units: bigint): boolean {
  const charged = BigInt(fee.contract_fee_fen) + BigInt(fee.other_fees_fen)
  return charged * 12n * UNITS_PER_ONE <= rate_max_units * BigInt(fee.guaranteed_fen) * BigInt(fee.term_months)
}

/** A line that pays nothing because no version was in force on its day. */
export function outsideFlatLine (policy: PolicyVersion, voucher_no: string | null, base_fen: number): FlatLine {
  const { clause, clause_zh } = clauseOf(policy, 'OUTSIDE_POLICY_PERIOD')
  return {
    voucher_no,
    policy: { policy_code: policy.policy_code, version: policy.version },
    formula_fen: 0,
    amount_fen: 0,
    trace: [{ rule_id: 'OUTSIDE_POLICY_PERIOD', clause, clause_zh, before: yuanOf(base_fen), after: '0.00' }]
  }
}

/**
 * Fee subsidy to the guarantor, fee by fee: nothing when the annualised rate is over 1 % (excluded, not reduced), else half of
 * the fee, until the project's ceiling for all guarantors and years is used up.
 *
 * @param used_fen already granted to the project: for ever, or in the year of the fee, as the version says
 * @returns lines in the order of the fees, each rounded half up once
 * @throws RuleBreach when a fee could never have been accepted
 * Source: S2 (五), S1 五(二); rules G-01, G-02; readings.
 */
export function guaranteeFeeLines ({ policies, fees, used_by_year = {} }: {
  readonly policies: readonly PolicyVersion[]
  readonly fees: readonly FeeVoucher[]
  readonly used_by_year?: Readonly<Record<string, number>>
}): FlatLine[] {
  const findings = fees.flatMap((fee, index) => checkFee(fee, `/fees/${index}`))
  if (findings.length > 0) throw new RuleBreach(findings)
  const used = new Map(Object.entries(used_by_year))
  const lines: FlatLine[] = []
  const keys = fees.map((fee) => `${fee.charged_date}|${fee.order_key}`)
  const order = [...keys.keys()].sort((a, b) => ((keys[a] ?? '') < (keys[b] ?? '') ? -1 : (keys[a] ?? '') > (keys[b] ?? '') ? 1 : a - b))
  for (const index of order) {
    const fee = fees[index]
    if (fee === undefined) continue
    const policy = nearestTerms(policies, 'TECH_RENO_LOAN', fee.charged_date)
    if (!isInForce(policy, fee.charged_date)) {
      lines[index] = outsideFlatLine(policy, fee.voucher_no, fee.fee_fen)
      continue
    }
    const lifetime = readingOf(policy, 'guarantee_fee_ceiling_span', FEE_CEILING_SPANS) === 'LIFETIME'
    const year = yearOf(fee.charged_date)
    const before = lifetime ? [...used.values()].reduce((sum, fen) => sum + fen, 0) : used.get(year) ?? 0
    const { steps, step } = traceFrom(policy, fee.fee_fen)
    const base = step('G-02', isFeeRateWithin(fee, pctOf(policy, 'guarantee_fee_rate_max_pct')) ? fee.fee_fen : 0)
    const formula_fen = step('G-01', roundHalfUp(BigInt(base) * pctOf(policy, 'guarantee_fee_share_pct'), UNITS_PER_ONE))
    const amount_fen = step('G-01-CEILING', Math.min(formula_fen, Math.max(0, fenParameter(policy, 'guarantee_fee_ceiling') - before)))
    used.set(year, (used.get(year) ?? 0) + amount_fen)
    lines[index] = { voucher_no: fee.voucher_no, policy: { policy_code: policy.policy_code, version: policy.version }, formula_fen,
      amount_fen, trace: steps }
  }
  return lines
}
