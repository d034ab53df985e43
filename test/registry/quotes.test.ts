import t from 'tap'
import { deadline_example, loan_example, risk_example } from '../../src/registry/policies/quote-examples.ts'
import { build, type Caller } from '../helper.ts'
import { differences, readCases } from '../policy/case-runner.ts'

const paths: Record<string, string> = { subsidy_quote: '/v1/subsidy-quotes', risk_share_quote: '/v1/risk-share-quotes', deadline_quote: '/v1/deadline-quotes' }
const shape_codes = new Set(['date_invalid', 'amount_not_positive', 'amount_invalid', 'insured_amount_missing'])
const renamed: Record<string, string> = { amount_out_of_range: 'amount_too_large' }

interface Step { rule_id: string, before: string, after: string }
interface Line { voucher_no: string | null, amount: string, formula_amount: string, trace: Step[] }

const segment = { from: '2025-12-21', to: '2026-03-21', balance: '10000000.00', annual_rate_pct: '3.60' }
const voucher = { voucher_no: 'V1', paid_date: '2026-03-21', segments: [segment] }
const loan = { kind: 'LOAN_INTEREST', eligible_loan_amount: '10000000.00', vouchers: [voucher] }
const lease = { kind: 'LEASE', financed_principal: '30000000.00', vouchers: [voucher] }
const fee = { kind: 'GUARANTEE_FEE', guaranteed_amount: '8000000.00', term_months: 24, fee_total: '128000.00', charged_date: '2026-03-21' }
const premium = { kind: 'PREMIUM', insurance_kind: 'FIRST_VERSION_SOFTWARE', annual_premium: '1000000.00', paid_date: '2026-03-21' }
const reward = { kind: 'SUPPLY_CHAIN_REWARD', promoted_amount: '120000000.00', date: '2026-03-21' }

const quote = (caller: Caller, body: unknown) => caller.send('POST', '/v1/subsidy-quotes', body)
const pointers = (body: { errors: { pointer: string, code: string }[] }) => body.errors.map(({ pointer, code }) => `${pointer} ${code}`).sort()

t.test('every worked example of the policy comes out over HTTP as the officer wrote it', async t => {
  const hub = await build(t)
  const caller = hub.as('enterprise-1')
  let count = 0
  for (const { cases } of readCases()) {
    for (const one of cases) {
      const path = paths[one.run]
      if (path === undefined || one.parameters !== undefined) continue
      const answer = await caller.send('POST', path, one.given)
      const body = answer.json() as Record<string, unknown> & { lines?: Line[], errors: { code: string }[] }
      count++
      if (Array.isArray(one.expect.codes)) {
        const codes = one.expect.codes as string[]
        const shape = codes.some(code => shape_codes.has(code))
        t.equal(answer.statusCode, shape ? 400 : 422, `${one.id} ${one.title}`)
        t.equal(body.code, shape ? 'invalid_request' : renamed[codes[0] as string] ?? codes[0], `${one.id} names the rule`)
        t.ok(body.errors.length > 0, `${one.id} points at the mistake`)
      } else {
        const steps = Object.fromEntries((body.lines ?? []).flatMap(line => line.trace).map(step => [step.rule_id, [step.before, step.after]]))
        t.equal(answer.statusCode, 200, `${one.id} is answered: ${answer.body.slice(0, 200)}`)
        t.same(differences(one.expect, { ...body, steps }), [], `${one.id} ${one.title}`)
      }
    }
  }
  t.ok(count > 90, `${count} cases`)
})

t.test('the examples of the contract are what the hub answers', async t => {
  const hub = await build(t)
  const caller = hub.as('bank-1')
  for (const [path, { request, reply }] of [['/v1/subsidy-quotes', loan_example], ['/v1/risk-share-quotes', risk_example], ['/v1/deadline-quotes', deadline_example]] as const) {
    const answer = await caller.send('POST', path, request)
    t.same(answer.json(), reply, path)
  }
})

t.test('each kind takes exactly its own fields', async t => {
  const hub = await build(t)
  const caller = hub.as('park-1')
  for (const body of [loan, lease, fee, premium, reward]) {
    t.equal((await quote(caller, body)).statusCode, 200, `${body.kind} with the required fields only`)
    for (const name of Object.keys(body).filter(each => each !== 'kind')) {
      const without: Record<string, unknown> = { ...body }
      delete without[name]
      const answer = await quote(caller, without)
      t.equal(answer.statusCode, 400, `${body.kind} without ${name}`)
      t.same(pointers(answer.json()), [`/${name} MISSING_FIELD`])
      const empty = await quote(caller, { ...body, [name]: null })
      t.equal(empty.statusCode, 400, `${body.kind} with ${name} null`)
    }
    const unknown = await quote(caller, { ...body, colour: 'red' })
    t.same(pointers(unknown.json()), ['/colour UNKNOWN_FIELD'], `${body.kind} with a field of no kind`)
  }
  for (const name of ['eligible_loan_amount', 'land_amount', 'used_by_loan']) {
    const answer = await quote(caller, { ...lease, [name]: name === 'used_by_loan' ? {} : '1.00' })
    t.equal(answer.statusCode, 400, `a lease with ${name}`)
    t.same(pointers(answer.json()), [`/${name} UNKNOWN_FIELD`])
  }
})

t.test('all optional fields are taken', async t => {
  const hub = await build(t)
  const caller = hub.as('park-1')
  const money = { normal_interest_paid: '90000.00', penalty_interest: '10.00', compound_interest: '1.00', national_subsidy_deducted: '5.00', other_subsidy_received: '0.00' }
  for (const body of [
    { ...loan, land_amount: '0.00', day_count: '30_360', vouchers: [{ ...voucher, ...money }], used_by_project: { 2026: '0.00' }, used_by_loan: { 2026: '0.01' } },
    { ...lease, day_count: 'ACT_365', vouchers: [{ ...voucher, ...money }], used_by_project: { 2026: '0.00' } },
    { ...fee, other_fees_total: '0.00', used_lifetime: '0.00' }, { ...premium, insured_amount: '1.00', used_in_policy_year: '0.00' }, { ...reward, used_by_household: '0.00' }
  ]) t.equal((await quote(caller, body)).statusCode, 200, body.kind)
})

t.test('every mistake of form is told at once, each with its place', async t => {
  const hub = await build(t)
  const caller = hub.as('bank-1')
  const answer = await quote(caller, {
    ...loan, eligible_loan_amount: '0.00', land: '1.00', day_count: 'ACT/360', used_by_project: { year: '1.00' },
    vouchers: [{ ...voucher, paid_date: '2026-02-31', segments: [{ ...segment, balance: 10, annual_rate_pct: '-1' }] }, { voucher_no: 'V2', paid_date: '2026-03-21', segments: [] }]
  })
  t.equal(answer.statusCode, 400)
  t.same(pointers(answer.json()), [
    '/day_count NOT_ALLOWED', '/eligible_loan_amount WRONG_FORMAT', '/land UNKNOWN_FIELD', '/used_by_project/year UNKNOWN_FIELD', '/vouchers/0/paid_date WRONG_FORMAT',
    '/vouchers/0/segments/0/annual_rate_pct WRONG_FORMAT', '/vouchers/0/segments/0/balance WRONG_TYPE', '/vouchers/1/segments TOO_FEW'
  ])
  t.same(pointers((await quote(caller, {})).json()), ['/kind MISSING_FIELD'])
  t.same(pointers((await quote(caller, { kind: 'DISCOUNT' })).json()), ['/kind NOT_ALLOWED'])
  for (const body of [[], 'LOAN_INTEREST', null, 7]) t.equal((await caller.send('POST', '/v1/subsidy-quotes', JSON.stringify(body), { 'content-type': 'application/json' })).statusCode, 400)
  for (const term_months of [0, 601, 1.5, '24']) t.equal((await quote(caller, { ...fee, term_months })).statusCode, 400, `a term of ${term_months} months`)
})

t.test('broken rules are 422 under their own name, all of one request listed', async t => {
  const hub = await build(t)
  const caller = hub.as('bank-1')
  const answer = await quote(caller, {
    ...loan,
    vouchers: [{ ...voucher, segments: [{ ...segment, from: '2026-03-21', to: '2025-12-21' }] }, { ...voucher, voucher_no: 'V2', segments: [{ ...segment, balance: '10000000.01', annual_rate_pct: '100.000001' }] }]
  })
  t.equal(answer.statusCode, 422)
  t.equal(answer.json().code, 'segments_reversed')
  t.same(pointers(answer.json()), ['/vouchers/0/segments/0/to SEGMENTS_REVERSED', '/vouchers/1/segments/0/annual_rate_pct RATE_TOO_HIGH', '/vouchers/1/segments/0/balance BALANCE_OVER_LOAN'])
  t.equal((await quote(caller, { ...loan, vouchers: [{ ...voucher, segments: [{ ...segment, annual_rate_pct: '100' }] }] })).statusCode, 200, '100 % is the highest rate')
  t.equal((await quote(caller, { ...loan, land_amount: '1.00', vouchers: [{ ...voucher, segments: [{ ...segment, balance: '10000001.00' }] }] })).statusCode, 200, 'a balance may be the whole loan with its land')
  const across = await quote(caller, { ...loan, vouchers: [voucher, { ...voucher, voucher_no: 'V2', segments: [{ ...segment, from: '2026-03-20', to: '2026-06-21' }] }] })
  t.equal(across.json().code, 'segments_overlap')
})

t.test('nothing is paid outside the life of the policy, and the reason is told', async t => {
  const hub = await build(t)
  const caller = hub.as('bank-1')
  const days: [string, string, boolean][] = [['2024-06-08', '2024-06-08', true], ['2024-06-09', '2024-06-09', false], ['2027-12-31', '2027-12-31', false], ['2028-01-01', '2028-01-01', true]]
  for (const [paid_date, date, outside] of days) {
    for (const body of [
      { ...loan, vouchers: [{ ...voucher, paid_date }] }, { ...lease, vouchers: [{ ...voucher, paid_date }] }, { ...fee, charged_date: date }, { ...premium, paid_date }, { ...reward, date }
    ]) {
      const answer = (await quote(caller, body)).json() as { lines: Line[], total: string }
      const rules = answer.lines.flatMap(line => line.trace.map(step => step.rule_id))
      if (outside) {
        t.equal(answer.total, '0.00', `${body.kind} on ${date}`)
        t.same(rules, ['OUTSIDE_POLICY_PERIOD'])
      } else {
        t.not(answer.total, '0.00', `${body.kind} on ${date}`)
        t.notOk(rules.includes('OUTSIDE_POLICY_PERIOD'))
      }
    }
  }
})

t.test('lines come back in the order sent though ceilings are used up in the order of payment', async t => {
  const hub = await build(t)
  const vouchers = ['2026-12-21', '2026-03-21', '2026-09-21', '2026-06-21'].map((paid_date, index) => ({
    voucher_no: `V${index}`, paid_date, segments: [{ from: `203${index}-01-01`, to: `203${index}-06-01`, balance: '10000000.00', annual_rate_pct: '4.80' }]
  }))
  const answer = (await quote(hub.as('bank-1'), { ...loan, vouchers })).json() as { lines: Line[], total: string }
  t.same(answer.lines.map(line => line.voucher_no), ['V0', 'V1', 'V2', 'V3'])
  t.equal(answer.total, '200000.00', '2 % of the loan in the year')
  const [last, first] = answer.lines as [Line, Line]
  t.equal(first.amount, first.formula_amount, 'paid first, granted first')
  t.equal(last.amount, '0.00', 'paid last, nothing left')
  t.same(last.trace.map(step => step.rule_id), ['A-12', 'L-02', 'L-01', 'L-03', 'L-06a', 'L-04', 'L-05', 'L-06'], 'one entry per step, also where it changed nothing')
})

t.test('a thousand vouchers are one quote, a thousand and one are too many', async t => {
  const hub = await build(t)
  const day = (index: number) => new Date(Date.UTC(2024, 6, 1 + index)).toISOString().slice(0, 10)
  const many = (count: number) => ({ ...loan, vouchers: Array.from({ length: count }, (_, index) => ({ voucher_no: `V${index}`, paid_date: '2026-03-21', segments: [{ ...segment, from: day(index), to: day(index + 1) }] })) })
  const answer = await quote(hub.as('bank-1'), many(1000))
  t.equal(answer.statusCode, 200)
  t.equal(answer.json().lines.length, 1000)
  const over = await quote(hub.as('bank-1'), many(1001))
  t.same(pointers(over.json()), ['/vouchers TOO_MANY'])
})

t.test('any login may quote, nobody else, and no idempotency key is asked for', async t => {
  const hub = await build(t)
  for (const { participant_no } of hub.sandbox.participants) {
    const answer = await hub.as(participant_no).send('POST', '/v1/subsidy-quotes', loan, { 'idempotency-key': '' })
    t.equal(answer.statusCode, 200, participant_no)
  }
  t.equal((await hub.app.inject({ method: 'POST', url: '/v1/subsidy-quotes', payload: loan })).statusCode, 401)
})

t.test('an unknown draft is named, and deadlines out of order are refused', async t => {
  const hub = await build(t)
  const caller = hub.as('bank-1')
  const unknown = await quote(caller, { ...loan, draft_version: 'never' })
  t.equal(unknown.statusCode, 422)
  t.equal(unknown.json().code, 'policy_unknown')
  const deadlines = (body: unknown) => caller.send('POST', '/v1/deadline-quotes', body)
  const order = await deadlines({ pushed_at: '2026-03-18T09:00:00Z', approved_at: '2026-03-19T09:00:00Z' })
  t.equal(order.statusCode, 422)
  t.equal(order.json().code, 'stage_order')
  for (const pushed_at of ['2026-03-18T09:00:00', '2026-02-31T09:00:00Z', '2026-03-18', 5, null, '2026-03-18T23:59:60Z', '0000-03-18T09:00:00Z']) {
    t.equal((await deadlines({ pushed_at })).statusCode, 400, `pushed_at ${pushed_at}`)
  }
})
