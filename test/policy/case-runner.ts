import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export const CASES = join(import.meta.dirname, 'cases')
export const KERNEL = join(import.meta.dirname, '../../src/policy')

type Quotes = typeof import('../../src/policy/quotes.ts')
type Terms = typeof import('../../src/policy/terms.ts')
type Subsidy = typeof import('../../src/policy/subsidy.ts')
type Guarantee = typeof import('../../src/policy/guarantee.ts')
type RiskShares = typeof import('../../src/policy/risk-share.ts')
type Money = typeof import('../../src/policy/money.ts')
type Calendars = typeof import('../../src/policy/calendar.ts')
type Vouchers = typeof import('../../src/policy/vouchers.ts')
type Sizes = typeof import('../../src/policy/size-class.ts')
type Eligibility = typeof import('../../src/policy/eligibility.ts')
type Claims = typeof import('../../src/policy/claims.ts')
type Households = typeof import('../../src/policy/household.ts')
type NeedClocks = typeof import('../../src/policy/need-clock.ts')
type Leases = typeof import('../../src/policy/lease.ts')
type Ceilings = typeof import('../../src/policy/ceilings.ts')
type Premiums = typeof import('../../src/policy/premium.ts')
type Periods = typeof import('../../src/policy/period.ts')

export type Kernel = Quotes & Terms & Subsidy & Guarantee & RiskShares & Money & Calendars & Vouchers & Sizes & Eligibility & Claims & Households & NeedClocks & Leases & Ceilings & Premiums & Periods

/** The kernel from a folder: the real one, or a copy with a seeded mistake. */
export async function loadKernel (folder: string): Promise<Kernel> {
  const files = ['quotes', 'terms', 'subsidy', 'guarantee', 'risk-share', 'money', 'calendar', 'vouchers', 'size-class', 'eligibility', 'claims', 'household', 'need-clock', 'lease', 'ceilings', 'premium', 'period']
  const parts = await Promise.all(files.map((file) => import(pathToFileURL(join(folder, `${file}.ts`)).href) as Promise<object>))
  return Object.assign({}, ...parts) as Kernel
}

export interface Case {
  readonly id: string
  readonly title: string
  readonly source: string
  readonly run: string
  readonly parameters?: Record<string, string | number>
  readonly given: never
  readonly expect: Record<string, unknown>
}

export function readCases (): { file: string, cases: Case[] }[] {
  return readdirSync(CASES).filter((file) => file.endsWith('.json')).toSorted()
    .map((file) => ({ file, cases: JSON.parse(readFileSync(join(CASES, file), 'utf8')) as Case[] }))
}

type Answer = Record<string, unknown>
interface Step { rule_id: string, before: string, after: string }

/** Steps by rule, so that a case can name the one it is about. */
function withSteps (answer: object, traces: readonly (readonly Step[])[]): Answer {
  const steps = Object.fromEntries(traces.flat().map((step) => [step.rule_id, [step.before, step.after]]))
  return { ...answer, steps }
}

function projectYear (kernel: Kernel, policies: Parameters<Kernel['loanInterestLines']>[0]['policies'], given: {
  vouchers: { voucher_no: string, loan_key: string, signed_date?: string, eligible_loan_amount: string, submitted_at: string, paid_date: string, segments: { from: string, to: string, balance: string, annual_rate_pct: string }[] }[]
}): Answer {
  const lines = kernel.loanInterestLines({
    policies,
    vouchers: given.vouchers.map((voucher) => ({
      voucher_no: voucher.voucher_no,
      loan_key: voucher.loan_key,
      signed_date: voucher.signed_date,
      eligible_loan_fen: kernel.fenOf(voucher.eligible_loan_amount),
      land_fen: 0,
      day_count: 'ACT_360',
      paid_date: voucher.paid_date,
      order_key: `${voucher.submitted_at}|${voucher.voucher_no}`,
      segments: voucher.segments.map(({ from, to, balance, annual_rate_pct }) => ({ from, to, balance_fen: kernel.fenOf(balance), annual_rate_pct }))
    }))
  })
  return {
    lines: lines.map((line) => ({
      voucher_no: line.voucher_no,
      formula_amount: kernel.yuanOf(line.formula_fen),
      amount: kernel.yuanOf(line.amount_fen),
      by_year: Object.fromEntries(line.by_year.map(({ year, amount_fen }) => [year, kernel.yuanOf(amount_fen)]))
    }))
  }
}

/** What the kernel answers to a case, in the words of the case. */
export function answerOf (kernel: Kernel, one: Case): Answer {
  const changes = one.parameters ?? {}
  const of_park = (name: string): boolean => kernel.BUILT_IN_POLICIES.some(({ policy_code, parameters }) => policy_code === 'PARK_TECH_GUARANTEE' && name in parameters)
  const code = Object.keys(changes).some(of_park) ? 'PARK_TECH_GUARANTEE' : 'TECH_RENO_LOAN'
  const policies = kernel.BUILT_IN_POLICIES.map((policy) => policy.policy_code === code ? kernel.withParameters(policy, changes) : policy)
  switch (one.run) {
    case 'subsidy_quote': {
      const { value, findings } = kernel.quoteSubsidy(one.given, policies)
      return value === null ? { codes: findings.map((each) => each.code) } : withSteps(value, value.lines.map((line) => line.trace))
    }
    case 'project_year':
      return projectYear(kernel, policies, one.given)
    case 'lease_under_loans': {
      const given: { paid_date: string, used_by_loans: Record<string, string>, segments: { from: string, to: string, balance: string, annual_rate_pct: string }[] } = one.given
      const used_by_loans = Object.fromEntries(Object.entries(given.used_by_loans).map(([year, text]) => [year, kernel.fenOf(text)]))
      const segments = given.segments.map(({ balance, ...segment }) => ({ ...segment, balance_fen: kernel.fenOf(balance) }))
      const voucher = { voucher_no: 'V', paid_date: given.paid_date, order_key: '', day_count: 'ACT_360' as const, segments }
      return { amounts: kernel.leaseLines({ policies, vouchers: [voucher], used_by_loans }).map((line) => kernel.yuanOf(line.amount_fen)) }
    }
    case 'ceiling_owner': {
      const given: { project_code: string, share_of: string | null } = one.given
      return { ...kernel.ceilingOwner(given.project_code, given.share_of, kernel.nearestTerms(policies, 'TECH_RENO_LOAN', '2026-01-01')) }
    }
    case 'need_clock': {
      const given: { reached: Parameters<Kernel['needReached']>[0] } = one.given
      return { reached: kernel.needReached(given.reached, kernel.nearestTerms(policies, 'TECH_RENO_LOAN', '2026-05-01')) }
    }
    case 'household_limit':
      return { counted: kernel.countedAgainstLimit(one.given, kernel.nearestTerms(policies, 'PARK_TECH_GUARANTEE', '2026-05-01')) }
    case 'premium_ceiling':
      return kernel.premiumCeiling(one.given, kernel.nearestTerms(policies, 'TECH_RENO_LOAN', '2026-01-01'))
    case 'guarantee_fees': {
      const given: { used_by_year: Record<string, string>, fees: { charged_date: string, fee: string, guaranteed_amount: string, term_months: number, contract_fee: string }[] } = one.given
      const used_by_year = Object.fromEntries(Object.entries(given.used_by_year).map(([year, text]) => [year, kernel.fenOf(text)]))
      const fees = given.fees.map((fee, index) => ({
        voucher_no: String(index), charged_date: fee.charged_date, order_key: '', fee_fen: kernel.fenOf(fee.fee), guaranteed_fen: kernel.fenOf(fee.guaranteed_amount),
        term_months: fee.term_months, contract_fee_fen: kernel.fenOf(fee.contract_fee), other_fees_fen: 0
      }))
      return { amounts: kernel.guaranteeFeeLines({ policies, fees, used_by_year }).map((line) => kernel.yuanOf(line.amount_fen)) }
    }
    case 'risk_share_quote': {
      const { value, findings } = kernel.quoteRiskShare(one.given, policies)
      return value === null ? { codes: findings.map((each) => each.code) } : { ...value }
    }
    case 'fiscal_parts': {
      const given: { fiscal: string } = one.given
      return Object.fromEntries(Object.entries(kernel.splitFiscal(kernel.fenOf(given.fiscal), kernel.nearestTerms(policies, 'PARK_TECH_GUARANTEE', '2026-05-01')))
        .map(([name, fen]) => [name.replace(/_fen$/u, ''), kernel.yuanOf(fen)]))
    }
    case 'breaker_scope':
      return kernel.measuredTogether(one.given, kernel.breakerScope(kernel.nearestTerms(policies, 'PARK_TECH_GUARANTEE', '2026-05-01')))
    case 'recovery': {
      const given: { net: string, borne: Record<'guarantor' | 'fiscal' | 'bank' | 're_guarantor', string> } = one.given
      const borne = { guarantor_fen: kernel.fenOf(given.borne.guarantor), fiscal_fen: kernel.fenOf(given.borne.fiscal), bank_fen: kernel.fenOf(given.borne.bank), re_guarantor_fen: kernel.fenOf(given.borne.re_guarantor) }
      return Object.fromEntries(Object.entries(kernel.splitRecovery(kernel.fenOf(given.net), borne)).map(([name, fen]) => [name.replace(/_fen$/u, ''), kernel.yuanOf(fen)]))
    }
    case 'deadline_quote': {
      const { value, findings } = kernel.quoteDeadlines(one.given, kernel.BUILT_IN_CALENDAR, policies)
      return value === null ? { codes: findings.map((each) => each.code) } : { ...value }
    }
    case 'size_class': {
      const given: { employees: number, revenue: string } = one.given
      return { size_class: kernel.sizeClassOf(given.employees, kernel.fenOf(given.revenue)) }
    }
    case 'recalculation': {
      const given: { stated: string, recomputed: string } = one.given
      return { result: kernel.recalculationResult(kernel.fenOf(given.stated), kernel.fenOf(given.recomputed), kernel.nearestTerms(policies, 'TECH_RENO_LOAN', '2026-01-01')) }
    }
    case 'eligibility': {
      const given: { rule_id: string, total_investment: string, land_cost: string } = one.given
      const facts = { on: '2026-05-01', total_investment_fen: kernel.fenOf(given.total_investment), land_cost_fen: kernel.fenOf(given.land_cost) }
      return { result: kernel.judge('TECH_RENO_LOAN', facts, policies).find((rule) => rule.rule_id === given.rule_id)?.result }
    }
    case 'manufacturing': {
      const facts: object = one.given
      const judged = kernel.judge('TECH_RENO_LOAN', { on: '2026-05-01', ...facts }, policies).find((rule) => rule.rule_id === 'E-01')
      return { result: judged?.result, code: judged?.finding?.code ?? null }
    }
    case 'days': {
      const given: { from: string, to: string, day_count: 'ACT_360' } = one.given
      return { days: kernel.daysBetween(given.from, given.to, given.day_count) }
    }
    default:
      throw new Error(`${one.id}: no way to run ${one.run}`)
  }
}

/** Where the answer differs from what the case names; what it does not name is free. */
export function differences (expected: unknown, actual: unknown, path = ''): string[] {
  if (Array.isArray(expected)) {
    const list = Array.isArray(actual) ? actual : []
    const length = list.length === expected.length ? [] : [`${path}: ${expected.length} expected, ${list.length} found`]
    return [...length, ...expected.flatMap((each, index) => differences(each, list[index], `${path}/${index}`))]
  }
  if (expected !== null && typeof expected === 'object') {
    const record = (actual ?? {}) as Record<string, unknown>
    return Object.entries(expected).flatMap(([name, each]) => differences(each, record[name], `${path}/${name}`))
  }
  return Object.is(expected, actual) ? [] : [`${path}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(actual)}`]
}

/** Differences of one case; a kernel that throws differs too. */
export function failuresOf (kernel: Kernel, one: Case): string[] {
  try {
    return differences(one.expect, answerOf(kernel, one))
  } catch (error) {
    return [`threw ${String(error)}`]
  }
}
