/** Every number and every reading of the policies is data: change it in a version and a result changes, without a line of code. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { payInBudget } from '../../src/policy/budget.ts'
import { BUILT_IN_CALENDAR } from '../../src/policy/calendar.ts'
import { ceilingOwner } from '../../src/policy/ceilings.ts'
import { breakerDenominator, breakerScope, claimFindings, decisionDueDate, liabilityOf, measuredTogether } from '../../src/policy/claims.ts'
import { judge, type EligibilityFacts, type Product } from '../../src/policy/eligibility.ts'
import { guaranteeFeeLines } from '../../src/policy/guarantee.ts'
import { checkLeaseMode, leaseLines } from '../../src/policy/lease.ts'
import { countedAgainstLimit } from '../../src/policy/household.ts'
import { needReached } from '../../src/policy/need-clock.ts'
import { PARAMETERS } from '../../src/policy/parameters.ts'
import { quoteDeadlines, quoteRiskShare, quoteSubsidy, type SubsidyQuoteRequest } from '../../src/policy/quotes.ts'
import { premiumCeiling } from '../../src/policy/premium.ts'
import { splitFiscal } from '../../src/policy/risk-share.ts'
import { loanInterestLines, type LoanVoucher } from '../../src/policy/subsidy.ts'
import { BUILT_IN_POLICIES, nearestTerms, withParameters, type PolicyVersion } from '../../src/policy/terms.ts'
import { smallestGroupOn } from '../../src/oversight/reports/table.ts'
import { settlesAtOnce } from '../../src/risk/breakers/service.ts'
import { checkPeriodBeside, recalculationResult, checkInterestVoucher } from '../../src/policy/vouchers.ts'

type Probe = (policies: readonly PolicyVersion[]) => unknown
const day = '2026-06-21'
const loanOf = (policies: readonly PolicyVersion[]) => nearestTerms(policies, 'TECH_RENO_LOAN', day)
const parkOf = (policies: readonly PolicyVersion[]) => nearestTerms(policies, 'PARK_TECH_GUARANTEE', day)

const quoted = (request: SubsidyQuoteRequest): Probe => policies => quoteSubsidy(request, policies).value?.lines.map(({ amount }) => amount)
const segment = (from: string, to: string, balance: string, annual_rate_pct: string) => ({ from, to, balance, annual_rate_pct })
const loan = (balance: string, rate: string, over: object = {}): SubsidyQuoteRequest => ({
  kind: 'LOAN_INTEREST', eligible_loan_amount: balance,
  vouchers: [{ voucher_no: 'V', paid_date: day, segments: [segment('2026-03-21', day, balance, rate)], ...over }]
})
/** Four quarters at 4.80 %: 2 % of the loan bounds the year. */
const full_year: SubsidyQuoteRequest = {
  kind: 'LOAN_INTEREST', eligible_loan_amount: '10000000.00',
  vouchers: [['2025-12-21', '2026-03-21'], ['2026-03-21', '2026-06-21'], ['2026-06-21', '2026-09-21'], ['2026-09-21', '2026-12-21']].map(([from = '', to = '']) => ({
    voucher_no: to, paid_date: to, segments: [segment(from, to, from < '2026-03-21' ? '9000000.00' : '8000000.00', '6.00')]
  }))
}
const lease = (balance: string, over: object = {}): SubsidyQuoteRequest => ({
  kind: 'LEASE', financed_principal: balance, vouchers: [{ voucher_no: 'V', paid_date: day, segments: [segment('2026-03-21', day, balance, '5.20')], ...over }]
})
const fee = (fee_total: string, guaranteed_amount = '8000000.00', over: object = {}): SubsidyQuoteRequest =>
  ({ kind: 'GUARANTEE_FEE', guaranteed_amount, term_months: 24, fee_total, charged_date: day, ...over })
const premium = (insurance_kind: 'FIRST_SET_EQUIPMENT' | 'FIRST_VERSION_SOFTWARE' | 'RENOVATION_COST_LOSS', annual_premium: string, insured?: string): SubsidyQuoteRequest =>
  ({ kind: 'PREMIUM', insurance_kind, annual_premium, paid_date: day, ...(insured === undefined ? {} : { insured_amount: insured }) })
const reward = (promoted_amount: string): SubsidyQuoteRequest => ({ kind: 'SUPPLY_CHAIN_REWARD', promoted_amount, date: day })
const lines = (over: Partial<LoanVoucher>): Probe => policies => loanInterestLines({
  policies,
  vouchers: [{
    voucher_no: 'V', paid_date: day, order_key: '', loan_key: 'L', eligible_loan_fen: 1_000_000_000, land_fen: 0, day_count: 'ACT_360',
    segments: [{ from: '2026-03-21', to: day, balance_fen: 1_000_000_000, annual_rate_pct: '4' }], ...over
  }]
}).map(({ amount_fen, by_year }) => ({ amount_fen, by_year }))
const a_first_set: Probe = policies => premiumCeiling({ insurance_kind: 'FIRST_SET_EQUIPMENT', product: 'press', policy_start: '2026-03-01' }, loanOf(policies))
const rule = (product: Product, rule_id: string, facts: Omit<EligibilityFacts, 'on'>): Probe =>
  policies => judge(product, { on: day, ...facts }, policies).find(one => one.rule_id === rule_id)?.result
const risk = (default_principal: string, vintage_liability: string, vintage_compensated: string): Probe =>
  policies => quoteRiskShare({ default_principal, vintage_liability, vintage_compensated }, policies).value
const clock: Probe = policies => quoteDeadlines({ pushed_at: '2026-03-18T10:00:00+08:00' }, BUILT_IN_CALENDAR, policies).value
const recalculated = (stated: number): Probe => policies => recalculationResult(stated, 10_000_000, loanOf(policies))
const voucherWith = (rate: string): Probe => policies => checkInterestVoucher({
  from: '2026-03-21', to: day, segments: [{ from: '2026-03-21', to: day, balance_fen: 100, annual_rate_pct: rate }], day_count: 'ACT_360', normal_interest_fen: 0,
  contract_rate_pct: null
}, loanOf(policies)).findings.map(({ code }) => code)

/** For each parameter another value, and something that has to come out otherwise under it. */
const PROBES: Readonly<Record<string, Readonly<Record<string, readonly [other: string | number, probe: Probe]>>>> = {
  TECH_RENO_LOAN: {
    subsidy_share_of_rate_pct: ['40', quoted(loan('10000000.00', '3.60'))],
    subsidy_rate_max_pct: ['1.5', quoted(loan('10000000.00', '4.80'))],
    loan_year_ceiling_pct: ['1', quoted(full_year)],
    loan_amount_basis: ['BALANCE', quoted({ ...full_year, eligible_loan_amount: '20000000.00', used_by_loan: { 2026: '100000.00' } })],
    project_year_ceiling: ['100000.00', quoted(loan('100000000.00', '3.60'))],
    project_ceiling_owner: ['ENTERPRISE', policies => ceilingOwner('P', null, loanOf(policies))],
    syndicate_ceiling: ['SHARE', policies => ceilingOwner('P', 'bank-1', loanOf(policies))],
    earlier_contracts: ['EXCLUDED', lines({ signed_date: '2024-01-01' })],
    interest_counts_from: ['2026-04-21', quoted(loan('10000000.00', '3.60'))],
    subsidy_basis: ['YEAR_AMOUNT', quoted(loan('10000000.00', '4.80'))],
    rate_basis: ['NET_OF_NATIONAL', quoted(loan('10000000.00', '2.80', { national_subsidy_deducted: '38333.33' }))],
    year_basis: ['ACCRUAL_SPLIT', lines({ segments: [{ from: '2025-12-21', to: day, balance_fen: 1_000_000_000, annual_rate_pct: '3.6' }] })],
    extended_period_interest: ['INCLUDED', lines({ segments: [{ from: '2026-03-21', to: day, balance_fen: 1_000_000_000, annual_rate_pct: '4', kind: 'EXTENDED' }] })],
    manufacturing_basis: ['PROJECT', rule('TECH_RENO_LOAN', 'E-01', { industry_code: 'C3411', project_industry_code: 'I6510' })],
    minimum_investment: ['1000000.01', rule('TECH_RENO_LOAN', 'E-03', { total_investment_fen: 100_000_000, land_cost_fen: 0 })],
    lease_rate_pct: ['1.5', quoted(lease('30000000.00'))],
    lease_project_year_ceiling: ['100000.00', quoted(lease('30000000.00'))],
    lease_ceiling: ['WITHIN_LOANS', policies => leaseLines({
      policies, used_by_loans: { 2026: 1_000_000_000 },
      vouchers: [{ voucher_no: 'V', paid_date: day, order_key: '', day_count: 'ACT_360', segments: [{ from: '2026-03-21', to: day, balance_fen: 100_000_000, annual_rate_pct: '4' }] }]
    }).map(({ amount_fen }) => amount_fen)],
    lease_partial_payment: ['CLAMP_ONLY', quoted(lease('30000000.00', { normal_interest_paid: '200000.00' }))],
    leaseback_months_max: [3, policies => checkLeaseMode({ lease_mode: 'DIRECT_TO_LEASEBACK', lease_start: day, purchase_date: '2026-01-21', is_new_equipment: true },
      loanOf(policies)).length],
    guarantee_fee_share_pct: ['30', quoted(fee('128000.00'))],
    guarantee_fee_rate_max_pct: ['0.7', quoted(fee('128000.00'))],
    guarantee_fee_ceiling: ['50000.00', quoted(fee('128000.00'))],
    guarantee_fee_ceiling_span: ['YEAR', policies => guaranteeFeeLines({
      policies, used_by_year: { 2025: 100_000_000 },
      fees: [{ voucher_no: null, charged_date: day, order_key: '', fee_fen: 12_800_000, guaranteed_fen: 800_000_000, term_months: 24, contract_fee_fen: 12_800_000, other_fees_fen: 0 }]
    }).map(({ amount_fen }) => amount_fen)],
    premium_share_pct: ['60', quoted(premium('FIRST_VERSION_SOFTWARE', '100000.00'))],
    premium_rate_max_pct: ['2', quoted(premium('FIRST_SET_EQUIPMENT', '4200000.00', '120000000.00'))],
    premium_rate_rule: ['DISQUALIFY', quoted(premium('FIRST_SET_EQUIPMENT', '4200000.00', '120000000.00'))],
    first_set_ceiling: ['1000000.00', quoted(premium('FIRST_SET_EQUIPMENT', '3000000.00', '120000000.00'))],
    first_set_ceiling_owner: ['ENTERPRISE', a_first_set],
    premium_ceiling_span: ['LIFETIME', a_first_set],
    first_version_ceiling: ['10000.00', quoted(premium('FIRST_VERSION_SOFTWARE', '100000.00'))],
    renovation_loss_ceiling: ['10000.00', quoted(premium('RENOVATION_COST_LOSS', '100000.00'))],
    reward_share_pct: ['0.4', quoted(reward('10000000.00'))],
    reward_ceiling: ['10000.00', quoted(reward('10000000.00'))],
    budget_priority: ['QUEUE_ONLY', policies => payInBudget([
      { line_no: 'first', amount_fen: 10, is_cooperating: false, order_key: '1' }, { line_no: 'second', amount_fen: 10, is_cooperating: true, order_key: '2' }
    ], 10, loanOf(policies)).paid],
    suppression_min_group: [4, policies => smallestGroupOn(policies, day)],
    contact_work_days: [2, clock],
    plan_and_approval_days: [14, clock],
    disbursement_days: [14, clock],
    need_clock: ['FIRST_RECIPIENT', policies => needReached([
      { kind: 'GUARANTOR', pushed_at: '2026-03-18T02:00:00.000Z', contacted_at: '2026-03-18T03:00:00.000Z', approved_at: null, disbursed_at: null },
      { kind: 'BANK', pushed_at: '2026-03-18T02:00:00.000Z', contacted_at: null, approved_at: null, disbursed_at: null }
    ], loanOf(policies))],
    week_reading: ['WORK_DAYS', clock],
    recalculation_pass_amount: ['50.00', recalculated(10_004_000)],
    recalculation_pass_pct: ['0.1', recalculated(10_004_000)],
    recalculation_warn_pct: ['0.2', recalculated(10_040_000)],
    plausible_rate_min_pct: ['2', voucherWith('1.5')],
    plausible_rate_max_pct: ['10', voucherWith('11')],
    gap_days_max: [30, policies => checkPeriodBeside({ from: '2026-04-01', to: day }, [{ from: '2026-01-01', to: '2026-03-21' }], null, loanOf(policies)).length],
    credit_check_days: [10, rule('TECH_RENO_LOAN', 'E-07', { is_dishonesty_listed: false, credit_checked_on: '2026-06-01' })]
  },
  PARK_TECH_GUARANTEE: {
    household_limit: ['9000000.00', rule('PARK_TECH_GUARANTEE', 'E-09', { contract_limits_fen: 0, open_needs_fen: 1_000_000_000 })],
    household_basis: ['OUTSTANDING', policies => countedAgainstLimit({ approved_fen: 3, contract_fen: 2, outstanding_fen: 1 }, parkOf(policies))],
    household_limit_tagged: ['20000000.00', rule('PARK_TECH_GUARANTEE', 'E-09', {
      contract_limits_fen: 0, open_needs_fen: 3_000_000_000, tags: [{ tag: 'HIGH_TECH', basis: 'DECLARED', valid_from: null, valid_to: null }]
    })],
    consortium_banks_max: [3, rule('PARK_TECH_GUARANTEE', 'E-10', { active_banks: 3 })],
    cooperation_years: [1, rule('PARK_TECH_GUARANTEE', 'E-11', { agreement_from: '2025-01-12' })],
    guaranteed_share_pct: ['70', policies => liabilityOf(100_000, parkOf(policies))],
    share_guarantor_pct: ['41', risk('1000000.00', '400000000.00', '0.00')],
    share_fiscal_pct: ['31', risk('1000000.00', '400000000.00', '0.00')],
    share_bank_pct: ['21', risk('1000000.00', '400000000.00', '0.00')],
    share_re_guarantor_pct: ['11', risk('1000000.00', '400000000.00', '0.00')],
    breaker_cap_pct: ['3', risk('5000000.00', '400000000.00', '15000000.00')],
    breaker_warning_share_pct: ['90', risk('1000000.00', '400000000.00', '12000000.00')],
    breaker_scope: ['PARK', policies => measuredTogether({ guarantor_no: 'g', bank_no: 'b', park_no: 'p', vintage_year: 2026 }, breakerScope(parkOf(policies)))],
    fiscal_municipal_pct: ['90', policies => splitFiscal(1000, withParameters(parkOf(policies), { fiscal_state_fund_pct: '10' }))],
    fiscal_state_fund_pct: ['10', policies => splitFiscal(1000, parkOf(policies))],
    breaker_denominator: ['RELEASED', policies => breakerDenominator({ guaranteed_fen: 1000, released_fen: 400 }, parkOf(policies))],
    breaker_recoveries: ['AT_ONCE', policies => settlesAtOnce(parkOf(policies))],
    claim_filing_days_max: [10, policies => claimFindings({
      default_date: '2026-06-01', filed_on: day, guarantee_end: '2027-01-01', is_filed_with_re_guarantor: true, has_due_diligence_statement: true, state_before: 'NORMAL'
    }, parkOf(policies)).length],
    claim_decision_days: [60, policies => decisionDueDate(day, BUILT_IN_CALENDAR, parkOf(policies))],
    breaker_crossing_claim: ['ALL_OR_NOTHING', risk('5000000.00', '400000000.00', '15000000.00')]
  }
}

/** Parameters that only rooms read, and where they are at work. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  guarantee_fee_payee: 'test/registry/parameters.test.ts', score_preview_working_days: 'test/registry/parameters.test.ts', older_evidence: 'test/registry/parameters.test.ts', list_amount_min: 'test/registry/parameters.test.ts',
  list_amount_max: 'test/registry/parameters.test.ts', authorization_months_after_term: 'test/registry/parameters.test.ts',
  park_evidence: 'test/intake/list-documents.test.ts',
  average_guarantee_fee_max_pct: 'test/oversight/reports-money.test.ts', focus_guaranteed_amount_max: 'test/oversight/reports-money.test.ts'
}
/** Weights of a report: how they change a ranking is shown with the report. */
const of_reports = /^ranking_/u

t.test('a changed parameter changes a result, all else being equal', async t => {
  for (const [policy_code, probes] of Object.entries(PROBES)) {
    for (const [name, [other, probe]] of Object.entries(probes)) {
      const changed = BUILT_IN_POLICIES.map(policy => policy.policy_code === policy_code ? withParameters(policy, { [name]: other }) : policy)
      t.notSame(probe(changed), probe(BUILT_IN_POLICIES), name)
    }
  }
})

t.test('no parameter is forgotten', async t => {
  const probed = new Set(Object.values(PROBES).flatMap(probes => Object.keys(probes)))
  const all = Object.values(PARAMETERS).flatMap(table => Object.keys(table))
  t.same(all.filter(name => !probed.has(name) && ELSEWHERE[name] === undefined && !of_reports.test(name)), [])
  t.same([...probed, ...Object.keys(ELSEWHERE)].filter(name => !all.includes(name)), [], 'and none is gone')
})

t.test('A-03: the loan ceiling is taken of what was paid out, of the contract, or of the highest balance', async t => {
  const amounts = (loan_amount_basis: string) => {
    const policies = BUILT_IN_POLICIES.map(policy => policy.policy_code === 'TECH_RENO_LOAN' ? withParameters(policy, { loan_amount_basis }) : policy)
    return loanInterestLines({
      policies, used_by_loan: { L: { 2026: 10_000_000 } },
      vouchers: [{
        voucher_no: 'V', paid_date: day, order_key: '', loan_key: 'L', eligible_loan_fen: 1_000_000_000, land_fen: 0, day_count: 'ACT_360',
        loan_amounts_fen: { DISBURSED: 600_000_000, CONTRACT: 1_000_000_000, BALANCE: 550_000_000 },
        segments: [{ from: '2026-03-21', to: day, balance_fen: 550_000_000, annual_rate_pct: '6' }]
      }]
    }).map(({ amount_fen }) => amount_fen)
  }
  t.same(amounts('DISBURSED'), [2_000_000], '2 % of 6 million, 100 000 used')
  t.same(amounts('CONTRACT'), [2_811_111], 'the formula fits')
  t.same(amounts('BALANCE'), [1_000_000], '2 % of 5.5 million, 100 000 used')
})

t.test('A-23, A-25: the first and the last day of a version are data', async t => {
  const amounts = (over: Partial<PolicyVersion>) => quoteSubsidy(loan('10000000.00', '3.60'),
    BUILT_IN_POLICIES.map(policy => policy.policy_code === 'TECH_RENO_LOAN' ? Object.assign({}, policy, over) : policy)).value?.lines.map(({ amount }) => amount)
  t.same(amounts({}), ['46000.00'])
  t.same(amounts({ effective_from: '2026-06-22' }), ['0.00'], 'it would begin a day after the payment')
  t.same(amounts({ effective_to: '2026-06-20' }), ['0.00'], 'it would end a day before')
  t.same(amounts({ effective_to: day }), ['46000.00'])
})

t.test('every ambiguous text stands in the README with its parameters, and every reading is in force by its word', async t => {
  const readme = readFileSync(join(import.meta.dirname, '../../src/policy/README.md'), 'utf8').split('## Ambiguous texts')[1] ?? ''
  const rows = new Map([...readme.matchAll(/^\| (A-\d\d) [^|]*\| ([^|]*)\|/gmu)].map(([, id = '', cell = '']) => [id, cell.match(/(?<=`)[a-z_]+(?=`)/gu) ?? []]))
  t.same([...rows.keys()], Array.from({ length: 30 }, (_, index) => `A-${String(index + 1).padStart(2, '0')}`))
  const known = new Set([...Object.values(PARAMETERS).flatMap(table => Object.keys(table)), 'effective_from', 'effective_to'])
  for (const [id, names] of rows) t.ok(names.length > 0 && names.every(name => known.has(name)), `${id}: ${names.join(', ')}`)
  const readings = new Set([...rows.values()].flat())
  const others = ['lease_partial_payment']
  for (const table of Object.values(PARAMETERS)) {
    for (const [name, { kind }] of Object.entries(table)) if (kind === 'CHOICE' && !others.includes(name)) t.ok(readings.has(name), name)
  }
})
