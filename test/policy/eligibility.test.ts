import t from 'tap'
import { blocking, ELIGIBILITY_RULES, fastTrackOf, judge, judgesEnterprise, PRODUCTS, type EligibilityFacts, type Product } from '../../src/policy/eligibility.ts'
import { BUILT_IN_POLICIES, withParameters } from '../../src/policy/terms.ts'

const policies = BUILT_IN_POLICIES
const WAN = 1_000_000

/** Everything known and in order. */
function facts (over: Partial<EligibilityFacts> = {}): EligibilityFacts {
  return {
    on: '2026-05-01', industry_code: 'C3670', has_project: true, is_tech_renovation: true, total_investment_fen: 500 * WAN, land_cost_fen: 0,
    filing_no: '2026-1', is_listed_in_library: true, employees: 100, revenue_fen: 10_000 * WAN, declares_innovative_features: true, is_operating: true,
    is_dishonesty_listed: false, credit_checked_on: '2026-04-20', national_fund_filing_wanted: false, contract_limits_fen: 600 * WAN, open_needs_fen: 400 * WAN,
    tags: [], active_banks: 2, agreement_from: '2026-02-01', park_level: 'MUNICIPAL', guarantors: 1, is_government_guarantor: true, is_in_park: true,
    uscc: '91500112MAXX00015Q', site_region_code: '500112', ...over
  }
}

function resultOf (product: Product, id: string, over: Partial<EligibilityFacts>): [string, string | undefined] {
  const one = judge(product, facts(over), policies).find((rule) => rule.rule_id === id)
  return [one?.result ?? 'NONE', one?.finding?.code]
}

t.test('with everything in order every rule of both products passes', async (t) => {
  for (const product of PRODUCTS) t.same(judge(product, facts(), policies).filter((one) => one.result !== 'PASS'), [], product)
})

t.test('with nothing known no rule fails: what cannot be judged is UNKNOWN and names the missing fact', async (t) => {
  for (const product of PRODUCTS) {
    for (const one of judge(product, { on: '2026-05-01' }, policies)) {
      t.not(one.result, 'FAIL', one.rule_id)
      if (one.result === 'UNKNOWN') t.match(one.finding, { code: 'FACT_MISSING', rule_id: one.rule_id, message: /not known/u, message_zh: /缺少/u })
    }
  }
})

t.test('all seventeen rules stand in the table, each with its sentence in two languages and its clause', async (t) => {
  t.same(ELIGIBILITY_RULES.map((rule) => rule.id), Array.from({ length: 17 }, (_, index) => `E-${String(index + 1).padStart(2, '0')}`))
  for (const rule of ELIGIBILITY_RULES) t.ok(rule.sentence.endsWith('.') && rule.sentence_zh.endsWith('。') && /^S[1235] /u.test(rule.clause), rule.id)
})

const FAILING: readonly (readonly [product: Product, id: string, code: string, over: Partial<EligibilityFacts>])[] = [
  ['TECH_RENO_LOAN', 'E-01', 'NOT_MANUFACTURING', { industry_code: 'I6510' }],
  ['TECH_RENO_LOAN', 'E-02', 'NOT_TECH_RENOVATION', { is_tech_renovation: false }],
  ['TECH_RENO_LOAN', 'E-02', 'NOT_TECH_RENOVATION', { has_project: false }],
  ['TECH_RENO_LOAN', 'E-03', 'PROJECT_BELOW_THRESHOLD', { total_investment_fen: 130 * WAN, land_cost_fen: 31 * WAN }],
  ['TECH_RENO_LOAN', 'E-04', 'PROJECT_NOT_FILED', { filing_no: '' }],
  ['TECH_RENO_LOAN', 'E-04', 'PROJECT_NOT_LISTED', { is_listed_in_library: false }],
  ['PARK_TECH_GUARANTEE', 'E-05', 'NOT_SME', { employees: 1000, revenue_fen: 40_000 * WAN }],
  ['PARK_TECH_GUARANTEE', 'E-06', 'NOT_OPERATING', { is_operating: false }],
  ['TECH_RENO_LOAN', 'E-07', 'DISHONESTY_LISTED', { is_dishonesty_listed: true }],
  ['PARK_TECH_GUARANTEE', 'E-08', 'NOT_FILED_WITH_RE_GUARANTOR', { national_fund_filing_wanted: true, meets_national_fund_rules: false }],
  ['PARK_TECH_GUARANTEE', 'E-09', 'HOUSEHOLD_LIMIT', { open_needs_fen: 400 * WAN + 1 }],
  ['PARK_TECH_GUARANTEE', 'E-10', 'CONSORTIUM_BANK_LIMIT', { active_banks: 3 }],
  ['PARK_TECH_GUARANTEE', 'E-11', 'AGREEMENT_NOT_IN_FORCE', { agreement_from: '2023-05-01' }],
  ['PARK_TECH_GUARANTEE', 'E-11', 'AGREEMENT_NOT_IN_FORCE', { agreement_from: '2026-05-02' }],
  ['PARK_TECH_GUARANTEE', 'E-12', 'PARK_LEVEL', { park_level: 'OTHER' }],
  ['PARK_TECH_GUARANTEE', 'E-13', 'GUARANTOR_MISSING', { guarantors: 0 }],
  ['PARK_TECH_GUARANTEE', 'E-14', 'GUARANTOR_NOT_QUALIFIED', { is_government_guarantor: false }],
  ['TECH_RENO_LOAN', 'E-16', 'NOT_IN_CHONGQING', { uscc: '91330212MAXX00015Q', site_region_code: '330212' }]
]

t.test('each rule fails for its own reason and says what to do', async (t) => {
  for (const [product, id, code, over] of FAILING) {
    t.same(resultOf(product, id, over), ['FAIL', code], `${id} ${JSON.stringify(over)}`)
    t.same(judge(product, facts(over), policies).filter((one) => one.result === 'FAIL').map((one) => one.rule_id), [id], 'and no other rule fails with it')
  }
})

t.test('the household limit is inclusive, counts open needs, and rises with a title in force', async (t) => {
  const sum = (over: Partial<EligibilityFacts>): string => resultOf('PARK_TECH_GUARANTEE', 'E-09', over)[0]
  const tag = { tag: 'HIGH_TECH', basis: 'DECLARED', valid_from: null, valid_to: '2026-05-02' } as const
  t.equal(sum({ contract_limits_fen: 0, open_needs_fen: 1000 * WAN }), 'PASS')
  t.equal(sum({ contract_limits_fen: 1, open_needs_fen: 1000 * WAN }), 'FAIL')
  t.equal(sum({ contract_limits_fen: 1500 * WAN, open_needs_fen: 1500 * WAN, tags: [tag] }), 'PASS')
  t.equal(sum({ contract_limits_fen: 1500 * WAN, open_needs_fen: 1500 * WAN + 1, tags: [tag] }), 'FAIL')
  t.equal(sum({ on: '2026-05-02', contract_limits_fen: 1500 * WAN, open_needs_fen: 0, tags: [tag] }), 'FAIL', 'the title has run out')
  t.equal(ELIGIBILITY_RULES.find((rule) => rule.id === 'E-09')?.hard, false, 'in principle: a remark, never a refusal')
})

t.test('a credit check grows old after thirty days', async (t) => {
  t.same(resultOf('PARK_TECH_GUARANTEE', 'E-07', { credit_checked_on: '2026-04-01' }), ['PASS', undefined])
  t.same(resultOf('PARK_TECH_GUARANTEE', 'E-07', { credit_checked_on: '2026-03-31' }), ['UNKNOWN', 'FACT_MISSING'])
})

t.test('an enterprise outside the parks and a project with a grant pass', async (t) => {
  t.same(resultOf('PARK_TECH_GUARANTEE', 'E-15', { is_in_park: false }), ['PASS', undefined])
  t.same(resultOf('TECH_RENO_LOAN', 'E-17', { received_investment_grant: true }), ['PASS', undefined])
})

t.test('production in Chongqing is enough, wherever the enterprise is registered', async (t) => {
  t.same(resultOf('TECH_RENO_LOAN', 'E-16', { uscc: '91330212MAXX00015Q', site_region_code: '500120' }), ['PASS', undefined])
})

t.test('before a line is payable industry, threshold and library must be known and good', async (t) => {
  t.same(blocking(facts(), policies), [])
  t.same(blocking(facts({ industry_code: undefined, land_cost_fen: undefined, filing_no: undefined }), policies).map((one) => [one.rule_id, one.result]), [['E-01', 'UNKNOWN'], ['E-03', 'UNKNOWN'], ['E-04', 'UNKNOWN']])
  t.same(blocking(facts({ is_dishonesty_listed: undefined }), policies), [], 'nothing more may be asked')
})

t.test('a draft threshold decides where a draft is asked', async (t) => {
  const draft = policies.map((policy) => policy.policy_code === 'TECH_RENO_LOAN' ? withParameters(policy, { minimum_investment: '6000000.00' }) : policy)
  t.equal(judge('TECH_RENO_LOAN', facts(), draft).find((one) => one.rule_id === 'E-03')?.result, 'FAIL')
})

t.test('the first ground of a fast track counts', async (t) => {
  t.equal(fastTrackOf({ is_green_loan: true, is_whitelisted: true, is_equipment_only: true }), 'GREEN')
  t.equal(fastTrackOf({ is_green_loan: false, is_whitelisted: true, is_equipment_only: true }), 'WHITELIST')
  t.equal(fastTrackOf({ is_green_loan: false, is_whitelisted: false, is_equipment_only: true }), 'EQUIPMENT_ONLY')
  t.equal(fastTrackOf({ is_green_loan: false, is_whitelisted: false, is_equipment_only: false }), null)
})

t.test('A-19: the main industry of the enterprise decides, a project outside is remarked; or the class of the project decides', async (t) => {
  const by_project = policies.map((policy) => policy.policy_code === 'TECH_RENO_LOAN' ? withParameters(policy, { manufacturing_basis: 'PROJECT' }) : policy)
  const judged = (read: typeof policies, over: Partial<EligibilityFacts>) => {
    const one = judge('TECH_RENO_LOAN', facts(over), read).find(({ rule_id }) => rule_id === 'E-01')
    return [one?.result, one?.finding?.code]
  }
  const outside = { project_industry_code: 'I6510' }
  t.same(judged(policies, outside), ['PASS', 'PROJECT_NOT_MANUFACTURING'])
  t.same(judged(policies, { industry_code: 'I6510', project_industry_code: 'C3411' }), ['FAIL', 'NOT_MANUFACTURING'])
  t.same(judged(by_project, outside), ['FAIL', 'NOT_MANUFACTURING'])
  t.same(judged(by_project, { industry_code: 'I6510', project_industry_code: 'C3411' }), ['PASS', undefined])
  t.same(judged(by_project, {}), ['UNKNOWN', 'FACT_MISSING'])
  t.equal(judgesEnterprise(policies, '2026-05-01') && !judgesEnterprise(by_project, '2026-05-01'), true)
})
