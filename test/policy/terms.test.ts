import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ELIGIBILITY_RULES } from '../../src/policy/eligibility.ts'
import { RuleBreach } from '../../src/policy/findings.ts'
import { PARAMETERS } from '../../src/policy/parameters.ts'
import { loanInterestLines, type LoanVoucher } from '../../src/policy/subsidy.ts'
import {
  BUILT_IN_POLICIES, checkNewVersion, checkParameters, clauseOf, countOf, dateParameter, fenParameter, isInForce, nearestTerms, pctOf, POLICY_CODES,
  readingOf, termsOn, withDraft, withParameters, type PolicyVersion
} from '../../src/policy/terms.ts'
import { quoteSubsidy, type LoanInterestQuote } from '../../src/policy/quotes.ts'
import { sharesSumToWhole } from '../../src/policy/risk-share.ts'

const loan = nearestTerms(BUILT_IN_POLICIES, 'TECH_RENO_LOAN', '2026-01-01')
const next: PolicyVersion = { ...withParameters(loan, { subsidy_rate_max_pct: '1.5' }), version: '2028-01-01.1', effective_from: '2028-01-01', effective_to: null }
const codes = (list: readonly { code: string }[]): string[] => list.map((one) => one.code)

t.test('the built-in policies are complete, known and of the right form', async (t) => {
  for (const policy of BUILT_IN_POLICIES) t.same(checkParameters(policy.policy_code, policy.parameters), [], policy.policy_code)
  t.same(BUILT_IN_POLICIES.map((policy) => policy.policy_code), [...POLICY_CODES])
  t.same(BUILT_IN_POLICIES.map((policy) => policy.version), ['2024-06-09.1', '2026-01-12.1', '2025-12-06.1'])
  t.ok(sharesSumToWhole(nearestTerms(BUILT_IN_POLICIES, 'PARK_TECH_GUARANTEE', '2026-05-01')))
})

t.test('a version holds from its first to its last day, both included', async (t) => {
  t.equal(termsOn(BUILT_IN_POLICIES, 'TECH_RENO_LOAN', '2024-06-08'), null)
  t.equal(termsOn(BUILT_IN_POLICIES, 'TECH_RENO_LOAN', '2024-06-09')?.version, '2024-06-09.1')
  t.equal(termsOn(BUILT_IN_POLICIES, 'TECH_RENO_LOAN', '2027-12-31')?.version, '2024-06-09.1')
  t.equal(termsOn(BUILT_IN_POLICIES, 'TECH_RENO_LOAN', '2028-01-01'), null)
  t.equal(termsOn(BUILT_IN_POLICIES, 'PARK_TECH_GUARANTEE', '2026-01-11'), null)
  t.equal(termsOn(BUILT_IN_POLICIES, 'PARK_TECH_GUARANTEE', '2099-01-01')?.version, '2026-01-12.1')
  t.ok(isInForce(next, '2028-01-01'))
})

t.test('outside every period the nearest version is named', async (t) => {
  const both = [next, loan]
  t.equal(nearestTerms(both, 'TECH_RENO_LOAN', '2020-01-01').version, '2024-06-09.1')
  t.equal(nearestTerms([loan], 'TECH_RENO_LOAN', '2030-01-01').version, '2024-06-09.1')
  t.equal(nearestTerms(both, 'TECH_RENO_LOAN', '2030-01-01').version, '2028-01-01.1')
  t.throws(() => nearestTerms([], 'TECH_RENO_LOAN', '2026-01-01'), RangeError)
})

t.test('a new version may follow, but never share a day with another', async (t) => {
  t.same(checkNewVersion(BUILT_IN_POLICIES, next), [])
  t.same(codes(checkNewVersion(BUILT_IN_POLICIES, { ...next, effective_from: '2027-12-31' })), ['period_overlap'])
  t.same(codes(checkNewVersion(BUILT_IN_POLICIES, { ...next, effective_from: '2020-01-01' })), ['period_overlap'])
  t.same(codes(checkNewVersion(BUILT_IN_POLICIES, { ...next, effective_from: '2020-01-01', effective_to: '2024-06-08' })), [])
  t.same(codes(checkNewVersion(BUILT_IN_POLICIES, { ...next, version: '2024-06-09.1' })), ['version_exists'])
  t.same(codes(checkNewVersion(BUILT_IN_POLICIES, { ...next, effective_from: '2028-02-30' })), ['parameter_invalid'])
  t.same(codes(checkNewVersion(BUILT_IN_POLICIES, { ...next, effective_to: '2027-12-31' })), ['period_reversed'])
})

t.test('every missing, unknown or misshapen parameter of a version is named', async (t) => {
  const { subsidy_rate_max_pct: _left, ...rest } = loan.parameters
  t.match(checkParameters('TECH_RENO_LOAN', { ...rest, surprise: '1', lease_rate_pct: '2%', leaseback_months_max: 6.5, project_year_ceiling: '10000000', subsidy_basis: 'SOMEHOW', interest_counts_from: '2026-02-31' }), [
    { pointer: '/parameters/surprise', code: 'parameter_unknown' },
    { pointer: '/parameters/subsidy_rate_max_pct', code: 'parameter_invalid' },
    { pointer: '/parameters/project_year_ceiling', code: 'parameter_invalid' },
    { pointer: '/parameters/interest_counts_from', code: 'parameter_invalid' },
    { pointer: '/parameters/subsidy_basis', code: 'parameter_invalid' },
    { pointer: '/parameters/lease_rate_pct', code: 'parameter_invalid' },
    { pointer: '/parameters/leaseback_months_max', code: 'parameter_invalid' }
  ])
  t.same(checkParameters('TECH_RENO_LOAN', { ...loan.parameters, contact_work_days: 1_000_000_000, gap_days_max: -1, subsidy_share_of_rate_pct: '100.000001', project_year_ceiling: '-1.00', reward_ceiling: '99999999999999.00' })
    .map((one) => [one.pointer.replace('/parameters/', ''), one.code]).sort(),
  ['contact_work_days', 'gap_days_max', 'project_year_ceiling', 'reward_ceiling', 'subsidy_share_of_rate_pct'].map((name) => [name, 'parameter_invalid']), 'huge and negative numbers too')
  const { 'L-05': _gone, ...clauses } = loan.clauses
  t.same(checkNewVersion(BUILT_IN_POLICIES, { ...next, clauses }).map((one) => one.pointer), ['/clauses/L-05'])
})

t.test('every parameter has a meaning, every reading its words', async (t) => {
  for (const table of Object.values(PARAMETERS)) {
    for (const [name, parameter] of Object.entries(table)) t.ok(parameter.meaning.length > 3 && (parameter.kind !== 'CHOICE' || parameter.choices.length > 1), name)
  }
})

t.test('reading a parameter that is not there is a bug and is said so', async (t) => {
  t.throws(() => pctOf(loan, 'nothing'), /no parameter nothing/u)
  t.throws(() => fenParameter(loan, 'subsidy_basis'), RangeError)
  t.throws(() => countOf(loan, 'subsidy_basis'), RangeError)
  t.throws(() => dateParameter(loan, 'subsidy_basis'), RangeError)
  t.throws(() => readingOf(loan, 'subsidy_basis', ['OTHER']), RangeError)
  t.throws(() => clauseOf(loan, 'Q-1'), /names no clause/u)
})

const request: LoanInterestQuote = {
  kind: 'LOAN_INTEREST',
  eligible_loan_amount: '10000000.00',
  vouchers: [
    { voucher_no: 'old', paid_date: '2027-12-21', segments: [{ from: '2027-09-21', to: '2027-12-21', balance: '10000000.00', annual_rate_pct: '4.80' }] },
    { voucher_no: 'new', paid_date: '2028-03-21', segments: [{ from: '2027-12-21', to: '2028-03-21', balance: '10000000.00', annual_rate_pct: '4.80' }] }
  ]
}

t.test('each voucher follows the version of its own paid date', async (t) => {
  const { value } = quoteSubsidy(request, [...BUILT_IN_POLICIES, next])
  t.same(value?.lines.map((line) => line.amount), ['50555.56', '37916.67'])
  t.same(value?.policy, { policy_code: 'TECH_RENO_LOAN', version: '2028-01-01.1' })
})

t.test('a draft is computed beside the terms in force and changes nothing of them', async (t) => {
  const draft = { ...next, version: 'draft', effective_from: '2027-12-01' }
  const { value } = quoteSubsidy(request, BUILT_IN_POLICIES, draft)
  t.same(value?.lines.map((line) => line.amount), ['50555.56', '0.00'])
  t.same(value?.draft?.policy, { policy_code: 'TECH_RENO_LOAN', version: 'draft' })
  t.same(value?.draft?.lines.map((line) => line.amount), ['37916.67', '37916.67'])
  t.equal(value?.draft?.total, '75833.34')
  t.equal(termsOn(withDraft(BUILT_IN_POLICIES, draft), 'TECH_RENO_LOAN', '2027-11-30')?.version, '2024-06-09.1')
  t.equal('draft' in (quoteSubsidy(request, BUILT_IN_POLICIES).value ?? {}), false)
})

t.test('ceilings used before a change of version are used after it as well', async (t) => {
  const raised = { ...withParameters(loan, { project_year_ceiling: '20000000.00' }), version: 'second', effective_from: '2026-07-01', effective_to: null }
  const first = { ...loan, effective_to: '2026-06-30' }
  const voucher = (voucher_no: string, paid_date: string): LoanVoucher => ({
    voucher_no, paid_date, order_key: voucher_no, loan_key: voucher_no, eligible_loan_fen: 300_000_000_000, land_fen: 0, day_count: 'ACT_360',
    segments: [{ from: '2026-03-22', to: '2026-06-20', balance_fen: 300_000_000_000, annual_rate_pct: '4' }]
  })
  const lines = loanInterestLines({ policies: [first, raised], vouchers: [voucher('a', '2026-06-21'), voucher('b', '2026-07-01')] })
  t.same(lines.map((line) => [line.policy.version, line.formula_fen, line.amount_fen]), [['2024-06-09.1', 1_500_000_000, 1_000_000_000], ['second', 1_500_000_000, 1_000_000_000]])
})

t.test('facts that intake should have refused stop the kernel with every reason', async (t) => {
  const bad: LoanVoucher = {
    voucher_no: 'x', paid_date: '2026-02-31', order_key: '', loan_key: 'x', eligible_loan_fen: 1, land_fen: 0, day_count: 'ACT_360', national_subsidy_fen: -1,
    segments: [{ from: '2026-06-21', to: '2026-03-21', balance_fen: Number.NaN, annual_rate_pct: '1000.5' }]
  }
  t.throws(() => loanInterestLines({ policies: BUILT_IN_POLICIES, vouchers: [bad] }), RuleBreach)
  try {
    loanInterestLines({ policies: BUILT_IN_POLICIES, vouchers: [bad] })
  } catch (error) {
    t.same(codes((error as RuleBreach).findings), ['date_invalid', 'amount_invalid', 'segments_reversed', 'amount_invalid', 'rate_invalid'])
  }
  const fine = { ...bad, paid_date: '2026-06-21', national_subsidy_fen: 0, segments: [{ from: '2026-03-21', to: '2026-06-21', balance_fen: 1, annual_rate_pct: '1' }] }
  t.throws(() => loanInterestLines({ policies: BUILT_IN_POLICIES, vouchers: [{ ...fine, eligible_loan_fen: 0 }] }), /amount_not_positive/u)
  t.throws(() => loanInterestLines({ policies: BUILT_IN_POLICIES, vouchers: [{ ...fine, land_fen: 0.5 }] }), RuleBreach)
})

t.test('the rule table of the README names every rule of the kernel', async (t) => {
  const table = readFileSync(join(import.meta.dirname, '../../src/policy/README.md'), 'utf8')
  const rules = [...BUILT_IN_POLICIES.flatMap((policy) => Object.keys(policy.clauses)), ...ELIGIBILITY_RULES.map((rule) => rule.id)]
  t.same(rules.filter((id) => !table.includes(`| ${id} |`)), [])
})
