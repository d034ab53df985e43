/** The front door of the kernel as an outside client meets it: exact numbers, edge days, refusals (contract §7). */
import t from 'tap'
import { build, type Built } from '../helper.ts'

interface Step { rule_id: string, clause: string, clause_zh: string, before: string, after: string }
interface Line { voucher_no: string | null, eligible_interest: string | null, formula_amount: string, amount: string, trace: Step[] }
interface Quote { policy: { policy_code: string, version: string }, lines: Line[], total: string, draft?: { policy: unknown, lines: Line[], total: string } }

const segment = (from: string, to: string, balance: string, annual_rate_pct: string) => ({ from, to, balance, annual_rate_pct })
const voucher = (voucher_no: string, paid_date: string, segments: unknown[], more: Record<string, unknown> = {}) => ({ voucher_no, paid_date, segments, ...more })
const ten_million = '10000000.00'
/** 90 days of ten million, paid on the day of settlement */
const quarter = (rate: string, more: Record<string, unknown> = {}) => voucher('V1', '2026-03-21', [segment('2025-12-21', '2026-03-21', ten_million, rate)], more)
/** 92 days of ten million */
const summer = (rate: string, more: Record<string, unknown> = {}) => voucher('V1', '2026-06-21', [segment('2026-03-21', '2026-06-21', ten_million, rate)], more)

async function quote (hub: Built, body: unknown, status = 200): Promise<Quote & { code?: string }> {
  const answer = await hub.as('enterprise-1').send('POST', '/v1/subsidy-quotes', body, { 'idempotency-key': '' })
  if (answer.statusCode !== status) throw new Error(`${answer.statusCode} ${answer.body} for ${JSON.stringify(body)}`)
  return answer.json()
}
const loan = (vouchers: unknown[], more: Record<string, unknown> = {}) => ({ kind: 'LOAN_INTEREST', eligible_loan_amount: ten_million, vouchers, ...more })

t.test('the worked examples of the policy come out to the fen', async (t) => {
  const hub = await build(t)
  const cases: [string, Record<string, unknown>, string[], string?][] = [
    ['a rate below 4 %', loan([quarter('3.60')]), ['45000.00']],
    ['exactly 4 %', loan([quarter('4.00')]), ['50000.00']],
    ['above 4 %', loan([quarter('4.80')]), ['50000.00']],
    ['a year of 365 days stops at 2 % of the loan', loan([
      voucher('A', '2026-03-21', [segment('2025-12-21', '2026-03-21', ten_million, '4.80')]),
      voucher('B', '2026-06-21', [segment('2026-03-21', '2026-06-21', ten_million, '4.80')]),
      voucher('C', '2026-09-21', [segment('2026-06-21', '2026-09-21', ten_million, '4.80')]),
      voucher('D', '2026-12-21', [segment('2026-09-21', '2026-12-21', ten_million, '4.80')])
    ]), ['50000.00', '51111.11', '51111.11', '47777.78'], '200000.00'],
    ['partial prepayment', loan([voucher('V', '2026-06-21', [segment('2026-03-21', '2026-05-10', '20000000.00', '4.20'), segment('2026-05-10', '2026-06-21', '15000000.00', '4.20')])],
      { eligible_loan_amount: '20000000.00' }), ['90555.56']],
    ['land takes its share of balance and ceiling', loan([voucher('V', '2026-06-21', [segment('2026-03-21', '2026-06-21', '30000000.00', '3.80')])],
      { eligible_loan_amount: '24000000.00', land_amount: '6000000.00' }), ['116533.33']],
    ['repricing inside a quarter', loan([voucher('V', '2026-06-21', [segment('2026-03-21', '2026-05-21', ten_million, '4.10'), segment('2026-05-21', '2026-06-21', ten_million, '3.90')])]), ['50680.56']],
    ['national subsidy leaves no more than was paid', loan([summer('2.80', { national_subsidy_deducted: '38333.33' })]), ['33222.23']],
    ['national subsidy that leaves enough', loan([summer('3.20', { national_subsidy_deducted: '38333.33' })]), ['40888.89']],
    ['ACT_365', loan([quarter('3.60')], { day_count: 'ACT_365' }), ['44383.56']],
    ['30_360', loan([summer('3.60')], { day_count: '30_360' }), ['45000.00']],
    ['half the interest due was paid', loan([quarter('3.60', { normal_interest_paid: '45000.00' })]), ['22500.00']],
    ['nothing was paid', loan([quarter('3.60', { normal_interest_paid: '0.00' })]), ['0.00']],
    ['more was paid than was due', loan([quarter('3.60', { normal_interest_paid: '90001.00' })]), ['45000.00']],
    ['penalty and compound interest change nothing', loan([quarter('3.60', { penalty_interest: '99.00', compound_interest: '1.00' })]), ['45000.00']],
    ['other subsidies count as well', loan([quarter('3.60', { other_subsidy_received: '60000.00' })]), ['30000.00']],
    ['part of the interest, land and national subsidy at once', loan([voucher('V', '2026-06-21', [segment('2026-03-21', '2026-06-21', '30000000.00', '3.80')],
      { normal_interest_paid: '100000.00', national_subsidy_deducted: '90000.00' })], { eligible_loan_amount: '24000000.00', land_amount: '6000000.00' }), ['8000.00']],
    ['a ceiling of the loan already used', loan([quarter('3.60')], { used_by_loan: { 2026: '180000.00' } }), ['20000.00']],
    ['another year\'s use does not matter', loan([quarter('3.60')], { used_by_loan: { 2025: '200000.00' } }), ['45000.00']],
    ['a ceiling of the project already used', loan([quarter('3.60')], { used_by_project: { 2026: '9990000.00' } }), ['10000.00']],
    ['a ceiling already used up', loan([quarter('3.60')], { used_by_project: { 2026: '10000000.00' } }), ['0.00']],
    ['a rate of nothing', loan([quarter('0')]), ['0.00']],
    ['half a fen is rounded up', loan([voucher('V', '2026-03-21', [segment('2026-03-20', '2026-03-21', '90.00', '4.00')])], { eligible_loan_amount: '100.00' }), ['0.01']],
    ['less than half a fen is rounded down', loan([voucher('V', '2026-03-21', [segment('2026-03-20', '2026-03-21', '89.99', '4.00')])], { eligible_loan_amount: '100.00' }), ['0.00']],
    ['lease', { kind: 'LEASE', financed_principal: '30000000.00', vouchers: [voucher('R', '2026-06-21', [segment('2026-03-21', '2026-06-21', '30000000.00', '5.20')])] }, ['153333.33']],
    ['lease cheaper than 2 %', { kind: 'LEASE', financed_principal: '30000000.00', vouchers: [voucher('R', '2026-06-21', [segment('2026-03-21', '2026-06-21', '30000000.00', '1.80')])] }, ['138000.00']],
    ['lease at its ceiling', { kind: 'LEASE', financed_principal: '30000000.00', used_by_project: { 2026: '4900000.00' },
      vouchers: [voucher('R', '2026-06-21', [segment('2026-03-21', '2026-06-21', '30000000.00', '5.20')])] }, ['100000.00']],
    ['guarantee fee', { kind: 'GUARANTEE_FEE', guaranteed_amount: '8000000.00', term_months: 24, fee_total: '128000.00', charged_date: '2026-02-01' }, ['64000.00']],
    ['guarantee fee at exactly 1 %', { kind: 'GUARANTEE_FEE', guaranteed_amount: '1000000.00', term_months: 18, fee_total: '15000.00', charged_date: '2026-02-01' }, ['7500.00']],
    ['guarantee fee over 1 %', { kind: 'GUARANTEE_FEE', guaranteed_amount: '1000000.00', term_months: 18, fee_total: '15100.00', charged_date: '2026-02-01' }, ['0.00']],
    ['a fen over 1 % is over', { kind: 'GUARANTEE_FEE', guaranteed_amount: '1000000.00', term_months: 12, fee_total: '10000.00', other_fees_total: '0.01', charged_date: '2026-02-01' }, ['0.00']],
    ['other fees count for the rate, not for the base', { kind: 'GUARANTEE_FEE', guaranteed_amount: '1000000.00', term_months: 12, fee_total: '8000.00', other_fees_total: '2000.00', charged_date: '2026-02-01' }, ['4000.00']],
    ['guarantee fee at its lifetime ceiling', { kind: 'GUARANTEE_FEE', guaranteed_amount: '100000000.00', term_months: 36, fee_total: '3000000.00', charged_date: '2026-02-01' }, ['1000000.00']],
    ['guarantee fee after earlier ones', { kind: 'GUARANTEE_FEE', guaranteed_amount: '8000000.00', term_months: 24, fee_total: '128000.00', charged_date: '2026-02-01', used_lifetime: '990000.00' }, ['10000.00']],
    ['first set premium', { kind: 'PREMIUM', insurance_kind: 'FIRST_SET_EQUIPMENT', annual_premium: '4200000.00', insured_amount: '120000000.00', paid_date: '2026-03-01' }, ['2880000.00']],
    ['first set premium at its ceiling', { kind: 'PREMIUM', insurance_kind: 'FIRST_SET_EQUIPMENT', annual_premium: '9000000.00', insured_amount: '300000000.00', paid_date: '2026-03-01' }, ['5000000.00']],
    ['software premium', { kind: 'PREMIUM', insurance_kind: 'FIRST_VERSION_SOFTWARE', annual_premium: '100000.00', paid_date: '2026-03-01' }, ['80000.00']],
    ['renovation premium at its ceiling', { kind: 'PREMIUM', insurance_kind: 'RENOVATION_COST_LOSS', annual_premium: '2000000.00', paid_date: '2026-03-01', used_in_policy_year: '1.00' }, ['999999.00']],
    ['supply chain reward', { kind: 'SUPPLY_CHAIN_REWARD', promoted_amount: '100000000.00', date: '2026-03-01' }, ['500000.00']],
    ['supply chain reward after earlier ones', { kind: 'SUPPLY_CHAIN_REWARD', promoted_amount: '100000000.00', date: '2026-03-01', used_by_household: '600000.00' }, ['400000.00']]
  ]
  for (const [name, body, amounts, total] of cases) {
    const got = await quote(hub, body)
    t.same(got.lines.map(line => line.amount), amounts, name)
    t.equal(got.total, total ?? amounts[0], `${name}: total`)
    for (const line of got.lines) {
      t.ok(line.trace.length > 0 && line.trace.every(step => step.clause !== '' && /\p{Script=Han}/u.test(step.clause_zh)), `${name}: every step has its clause in both languages`)
      t.equal(line.trace.at(-1)?.after, line.amount, `${name}: the last step ends at the amount`)
      for (const [index, step] of line.trace.entries()) if (index > 0) t.equal(step.before, line.trace[index - 1]?.after, `${name}: ${step.rule_id} starts where the step before ended`)
    }
  }
})

t.test('days outside the policy pay nothing and say so', async (t) => {
  const hub = await build(t)
  const before = await quote(hub, loan([voucher('V', '2024-06-08', [segment('2024-03-21', '2024-06-08', ten_million, '3.60')])]))
  t.equal(before.total, '0.00')
  t.ok(before.lines[0]?.trace.some(step => step.rule_id === 'OUTSIDE_POLICY_PERIOD'))
  const after = await quote(hub, loan([voucher('V', '2028-01-01', [segment('2027-12-21', '2028-01-01', ten_million, '3.60')])]))
  t.equal(after.total, '0.00')
  t.ok(after.lines[0]?.trace.some(step => step.rule_id === 'OUTSIDE_POLICY_PERIOD'))
  const first_day = await quote(hub, loan([voucher('V', '2024-06-21', [segment('2024-03-21', '2024-06-21', ten_million, '3.60')])]))
  t.equal(first_day.total, '6000.00', 'only the twelve days from 2024-06-09 count')
  const last_day = await quote(hub, loan([voucher('V', '2027-12-31', [segment('2027-12-21', '2027-12-31', ten_million, '3.60')])]))
  t.equal(last_day.total, '5000.00')
  for (const body of [
    { kind: 'GUARANTEE_FEE', guaranteed_amount: '8000000.00', term_months: 24, fee_total: '128000.00', charged_date: '2024-06-08' },
    { kind: 'PREMIUM', insurance_kind: 'FIRST_VERSION_SOFTWARE', annual_premium: '100000.00', paid_date: '2028-01-01' },
    { kind: 'SUPPLY_CHAIN_REWARD', promoted_amount: '100000000.00', date: '2024-06-08' },
    { kind: 'LEASE', financed_principal: ten_million, vouchers: [voucher('V', '2028-01-01', [segment('2027-12-21', '2028-01-01', ten_million, '3.60')])] }
  ]) {
    const got = await quote(hub, body)
    t.equal(got.total, '0.00', body.kind)
    t.ok(got.lines[0]?.trace.some(step => step.rule_id === 'OUTSIDE_POLICY_PERIOD'), body.kind)
  }
  t.same((await quote(hub, { kind: 'PREMIUM', insurance_kind: 'FIRST_VERSION_SOFTWARE', annual_premium: '100000.00', paid_date: '2026-01-01' })).lines.map(line => line.voucher_no), [null])
})

t.test('lines come back in the order sent, ceilings are used in the order of payment', async (t) => {
  const hub = await build(t)
  const eight = '800000000.00'
  const of = (name: string, from: string, to: string) => voucher(name, to, [segment(from, to, eight, '3.60')])
  const got = await quote(hub, { kind: 'LOAN_INTEREST', eligible_loan_amount: eight, vouchers: [
    of('D', '2026-09-21', '2026-12-21'), of('A', '2025-12-21', '2026-03-21'), of('E', '2026-12-21', '2027-03-21'), of('C', '2026-06-21', '2026-09-21'), of('B', '2026-03-21', '2026-06-21')
  ] })
  t.same(got.lines.map(line => [line.voucher_no, line.amount]), [['D', '0.00'], ['A', '3600000.00'], ['E', '3600000.00'], ['C', '2720000.00'], ['B', '3680000.00']])
  t.same(got.policy, { policy_code: 'TECH_RENO_LOAN', version: '2024-06-09.1' })
  t.notOk('draft' in got, 'no draft was asked for')
})

t.test('what a quote refuses, by its own code, and nothing else', async (t) => {
  const hub = await build(t)
  const one = (segments: unknown[]) => loan([voucher('V', '2026-03-21', segments)])
  const cases: [string, unknown, number, string][] = [
    ['from after to', one([segment('2026-03-21', '2026-01-21', ten_million, '3.60')]), 422, 'segments_reversed'],
    ['from equal to', one([segment('2026-03-21', '2026-03-21', ten_million, '3.60')]), 422, 'segments_reversed'],
    ['overlap inside a voucher', one([segment('2026-01-01', '2026-02-02', ten_million, '3.60'), segment('2026-02-01', '2026-03-01', ten_million, '3.60')]), 422, 'segments_overlap'],
    ['overlap across vouchers', loan([quarter('3.60'), voucher('V2', '2026-03-22', [segment('2026-03-20', '2026-03-22', ten_million, '3.60')])]), 422, 'segments_overlap'],
    ['balance over the loan', one([segment('2026-01-21', '2026-03-21', '10000000.01', '3.60')]), 422, 'balance_over_loan'],
    ['rate over 100', one([segment('2026-01-21', '2026-03-21', ten_million, '100.000001')]), 422, 'rate_too_high'],
    ['a loan of nothing', loan([quarter('3.60')], { eligible_loan_amount: '0.00' }), 400, 'invalid_request'],
    ['no vouchers', loan([]), 400, 'invalid_request'],
    ['a voucher without segments', one([]), 400, 'invalid_request'],
    ['no kind', { vouchers: [] }, 400, 'invalid_request'],
    ['an unknown kind', { kind: 'OTHER' }, 400, 'invalid_request'],
    ['an unknown field', loan([quarter('3.60')], { colour: 'red' }), 400, 'invalid_request'],
    ['null', loan([quarter('3.60')], { land_amount: null }), 400, 'invalid_request'],
    ['an impossible day', one([segment('2026-02-28', '2026-02-30', ten_million, '3.60')]), 400, 'invalid_request'],
    ['three decimals', loan([quarter('3.60')], { land_amount: '1.000' }), 400, 'invalid_request'],
    ['money as a number', loan([quarter('3.60')], { land_amount: 1 }), 400, 'invalid_request'],
    ['a lease with land', { kind: 'LEASE', financed_principal: ten_million, land_amount: '1.00', vouchers: [quarter('3.60')] }, 400, 'invalid_request'],
    ['a lease with a ceiling of a loan', { kind: 'LEASE', financed_principal: ten_million, used_by_loan: {}, vouchers: [quarter('3.60')] }, 400, 'invalid_request'],
    ['a term of nothing', { kind: 'GUARANTEE_FEE', guaranteed_amount: '8000000.00', term_months: 0, fee_total: '128000.00', charged_date: '2026-02-01' }, 400, 'invalid_request'],
    ['a term of 601 months', { kind: 'GUARANTEE_FEE', guaranteed_amount: '8000000.00', term_months: 601, fee_total: '128000.00', charged_date: '2026-02-01' }, 400, 'invalid_request']
  ]
  for (const [name, body, status, code] of cases) {
    const answer = await hub.as('bank-1').post('/v1/subsidy-quotes', body)
    t.same([answer.statusCode, answer.json().code], [status, code], `${name}: ${answer.body.slice(0, 300)}`)
  }
  t.equal((await quote(hub, one([segment('2026-01-01', '2026-02-01', ten_million, '3.60'), segment('2026-02-10', '2026-03-01', ten_million, '3.60')]))).lines.length, 1, 'gaps are allowed')
  t.equal((await quote(hub, one([segment('2026-01-01', '2026-02-01', ten_million, '100')]))).lines.length, 1, 'a rate of 100 is allowed')
  const order = await hub.as('bank-1').post('/v1/subsidy-quotes', one([segment('2026-02-10', '2026-03-01', ten_million, '3.60'), segment('2026-01-01', '2026-02-01', ten_million, '3.60')]))
  t.equal(order.statusCode, 422, 'segments out of order')
  const first_set = await hub.as('bank-1').post('/v1/subsidy-quotes', { kind: 'PREMIUM', insurance_kind: 'FIRST_SET_EQUIPMENT', annual_premium: '1.00', paid_date: '2026-03-01' })
  t.ok([400, 422].includes(first_set.statusCode), 'a first set needs its insured amount')
})

t.test('a quote keeps nothing, asks for no idempotency key and is for everybody with a login', async (t) => {
  const hub = await build(t)
  const events = async () => ((await hub.as('meic').get('/v1/events?limit=200')).json() as { items: unknown[] }).items.length
  const before = await events()
  for (const { participant_no, api_key } of hub.sandbox.participants) {
    const answer = await hub.app.inject({ method: 'POST', url: '/v1/subsidy-quotes', payload: loan([quarter('3.60')]), headers: { authorization: `Bearer ${api_key}` } })
    t.equal(answer.statusCode, 200, participant_no)
  }
  t.equal((await hub.app.inject({ method: 'POST', url: '/v1/subsidy-quotes', payload: loan([quarter('3.60')]) })).statusCode, 401)
  t.equal(await events(), before)
})

t.test('a draft version is quoted beside the one in force', async (t) => {
  const hub = await build(t)
  const current = (await hub.as('meic').get('/v1/policies/TECH_RENO_LOAN?on=2026-03-18')).json()
  t.equal(current.version, '2024-06-09.1')
  const proposed = await hub.as('meic', 1).post('/v1/policies/TECH_RENO_LOAN/versions', {
    version: '2026-07-01.1', title: 'Draft', title_zh: '草案', supersedes: '2024-06-09.1',
    effective_from: '2026-07-01', effective_to: '2027-12-31', parameters: current.parameters, clauses: current.clauses
  })
  t.equal(proposed.statusCode, 201, proposed.body)
  const got = await quote(hub, loan([quarter('3.60')], { draft_version: '2026-07-01.1' }))
  t.same(got.draft?.policy, { policy_code: 'TECH_RENO_LOAN', version: '2026-07-01.1' })
  t.equal(got.draft?.total, got.total)
  const missing = await hub.as('meic').post('/v1/subsidy-quotes', loan([quarter('3.60')], { draft_version: '2031-01-01.1' }))
  t.equal(missing.statusCode, 422, missing.body)
})

t.test('policies are shown as of a day, under their names', async (t) => {
  const hub = await build(t)
  const { items } = (await hub.as('enterprise-2').get('/v1/policies')).json() as { items: { policy_code: string, version: string }[] }
  t.same(items.map(item => `${item.policy_code} ${item.version}`).sort(), ['FISCAL_FINANCE_LINKAGE 2025-12-06.1', 'PARK_TECH_GUARANTEE 2026-01-12.1', 'TECH_RENO_LOAN 2024-06-09.1'])
  t.equal((await hub.as('enterprise-2').get('/v1/policies/PARK_TECH_GUARANTEE?on=2026-01-12')).json().version, '2026-01-12.1')
  t.equal((await hub.as('enterprise-2').get('/v1/policies/PARK_TECH_GUARANTEE?on=2026-01-11')).statusCode, 404)
})

t.test('risk shares: plain, crossing the cap, beyond it, to the last fen', async (t) => {
  const hub = await build(t)
  const share = async (default_principal: string, vintage_liability: string, vintage_compensated: string) =>
    (await hub.as('guarantor-1').post('/v1/risk-share-quotes', { default_principal, vintage_liability, vintage_compensated })).json()
  t.same(await share('1000000.00', '400000000.00', '0.00'), {
    guarantor: '400000.00', fiscal: '300000.00', bank: '200000.00', re_guarantor: '100000.00', bank_excess: '0.00', covered_by_system: '800000.00',
    headroom_before: '16000000.00', rate_after_pct: '0.2000', state: 'NORMAL'
  })
  t.same(await share('5000000.00', '400000000.00', '15000000.00'), {
    guarantor: '500000.00', fiscal: '375000.00', bank: '4000000.00', re_guarantor: '125000.00', bank_excess: '3000000.00', covered_by_system: '1000000.00',
    headroom_before: '1000000.00', rate_after_pct: '4.0000', state: 'TRIPPED'
  })
  t.same(await share('5000000.00', '400000000.00', '16000000.00'), {
    guarantor: '0.00', fiscal: '0.00', bank: '5000000.00', re_guarantor: '0.00', bank_excess: '4000000.00', covered_by_system: '0.00',
    headroom_before: '0.00', rate_after_pct: '4.0000', state: 'TRIPPED'
  })
  t.same(await share('100.00', '0.00', '0.00'), {
    guarantor: '0.00', fiscal: '0.00', bank: '100.00', re_guarantor: '0.00', bank_excess: '80.00', covered_by_system: '0.00', headroom_before: '0.00', rate_after_pct: '0.0000', state: 'TRIPPED'
  })
  const cents = await share('333333.33', '400000000.00', '0.00')
  t.same([cents.guarantor, cents.fiscal, cents.re_guarantor, cents.bank], ['133333.33', '100000.00', '33333.33', '66666.67'])
  const few = await share('0.05', '400000000.00', '0.00')
  t.same([few.guarantor, few.fiscal, few.bank, few.re_guarantor], ['0.02', '0.02', '0.01', '0.00'])
  t.equal((await share('1250000.00', '100000000.00', '2000000.00')).state, 'WARNING', 'three quarters of the cap')
  t.equal((await share('1249999.99', '100000000.00', '2000000.00')).state, 'NORMAL')
  t.equal((await share('1.00', '0.30', '0.00')).headroom_before, '0.01', 'the cap is cut to the fen')
  const over = await share('1.00', '1000000.00', '999999.00')
  t.same([over.headroom_before, over.bank, over.rate_after_pct], ['0.00', '1.00', '99.9999'])
  const nothing = await hub.as('guarantor-1').post('/v1/risk-share-quotes', { default_principal: '0.00', vintage_liability: '1.00', vintage_compensated: '0.00' })
  t.equal(nothing.statusCode, 400)
})

t.test('the 3个1 clock: every worked day, the Beijing day, the order of stages', async (t) => {
  const hub = await build(t)
  const clock = async (body: Record<string, unknown>) => (await hub.as('bank-3').post('/v1/deadline-quotes', body)).json()
  for (const [pushed, contact, approval, disbursement] of [
    ['2026-03-18', '2026-03-19', '2026-03-26', '2026-04-02'], ['2026-02-13', '2026-02-14', '2026-02-24', '2026-03-03'], ['2026-02-14', '2026-02-24', '2026-03-03', '2026-03-10'],
    ['2026-04-30', '2026-05-06', '2026-05-13', '2026-05-20'], ['2026-09-24', '2026-09-28', '2026-10-08', '2026-10-15'], ['2026-09-30', '2026-10-08', '2026-10-15', '2026-10-22']
  ]) {
    const got = await clock({ pushed_at: `${pushed}T10:00:00+08:00` })
    t.same([got.contact_due_date, got.approval_due_date, got.disbursement_due_date], [contact, approval, disbursement], String(pushed))
    t.equal(got.calendar_provisional, false)
    t.type(got.calendar_version, 'string')
  }
  t.equal((await clock({ pushed_at: '2026-03-18T02:00:00Z' })).contact_due_at, '2026-03-19T16:00:00.000Z')
  t.equal((await clock({ pushed_at: '2026-03-17T16:00:00Z' })).contact_due_date, '2026-03-19', 'midnight in Beijing')
  t.equal((await clock({ pushed_at: '2026-03-17T15:59:59.999Z' })).contact_due_date, '2026-03-18')
  t.equal((await clock({ pushed_at: '2026-12-31T02:00:00Z' })).calendar_provisional, true, 'there is no table for 2027')
  const early = await clock({ pushed_at: '2026-03-18T02:00:00Z', contacted_at: '2026-03-18T03:00:00Z', approved_at: '2026-03-20T03:00:00Z' })
  t.same([early.approval_due_date, early.disbursement_due_date], ['2026-03-25', '2026-03-27'])
  for (const body of [
    { pushed_at: '2026-03-18T02:00:00Z', approved_at: '2026-03-20T03:00:00Z' },
    { pushed_at: '2026-03-18T02:00:00Z', contacted_at: '2026-03-18T01:00:00Z' },
    { pushed_at: '2026-03-18T02:00:00Z', contacted_at: '2026-03-20T03:00:00Z', approved_at: '2026-03-19T03:00:00Z' }
  ]) {
    const answer = await hub.as('bank-3').post('/v1/deadline-quotes', body)
    t.same([answer.statusCode, answer.json().code], [422, 'stage_order'], JSON.stringify(body))
  }
  t.equal((await hub.as('bank-3').post('/v1/deadline-quotes', { pushed_at: '2026-03-18T02:00:00' })).statusCode, 400, 'an instant without offset')
})
