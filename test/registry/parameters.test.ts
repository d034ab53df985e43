/** Parameters that rooms read: a version confirmed over the API changes what the hub does, and nothing before its first day. */
import t, { type Test } from 'tap'
import { derivations_due } from '../../src/lending/marks.ts'
import { aNeed, aProject, aRow } from '../fixtures.ts'
import { build, type Built } from '../helper.ts'
import { aDocument, aFeeVoucher, aGuarantee, aLease, aLoanContract, aPolicy, aRentVoucher, aDrawdown, authorize, created, knowEnterprise, project_1, uscc_1 } from '../lending/fixtures.ts'
import { aGuarantee as aRiskyGuarantee } from '../risk/guarantees.ts'
import { givenNeed, leadFor } from '../matching/needs.ts'
import { anotherLoan, done, lines, listProject, passLibrary, send } from '../subsidy/fixtures.ts'

async function inForce (hub: Built, policy_code: string, supersedes: string, parameters: Record<string, string | number>, day = '2026-03-18'): Promise<void> {
  const path = `/v1/policies/${policy_code}/versions`
  created(await hub.as('meic', 1).post(path, { version: `${day}.1`, title: 'Changed', title_zh: '调整', effective_from: day, effective_to: '2027-12-31', supersedes, parameters }))
  const confirmed = await hub.as('meic', 2).post(`${path}/${day}.1/confirm`, undefined)
  if (confirmed.statusCode !== 200) throw new Error(confirmed.body)
}

async function listed (hub: Built, amounts: readonly string[], first = 1) {
  const { list_no } = (await hub.as('park-1').post('/v1/enterprise-lists', {
    rows: amounts.map((amount, index) => aRow({ amount, project_code: `2606-500112-07-02-10000${index + first}`, project_name: `项目${index + first}` }))
  })).json()
  await hub.loops.settle()
  return (await hub.as('park-1').get(`/v1/enterprise-lists/${list_no}/rows`)).json().items as { outcome: string, authorization_no: string | null, findings: { code: string }[] }[]
}

t.test('bounds of a usual amount and the life of a declared authorization are parameters', async t => {
  const hub = await build(t)
  await inForce(hub, 'PARK_TECH_GUARANTEE', '2026-01-12.1', { list_amount_min: '500.00', list_amount_max: '8000000.00', authorization_months_after_term: 12 })
  const [small, usual, large] = await listed(hub, ['600.00', '5000000.00', '9000000.00'])
  t.equal(small?.outcome, 'ACCEPTED', 'by default anything under ten thousand is held')
  t.equal(usual?.outcome, 'ACCEPTED_WITH_REMARK')
  t.equal(large?.outcome, 'HELD')
  t.ok(large?.findings.some(({ code }) => code === 'AMOUNT_UNIT_SUSPECT'))
  const given = (await hub.as('park-1').get(`/v1/authorizations/${usual?.authorization_no ?? ''}`)).json()
  t.equal(given.valid_to, '2030-03-18', 'term of 36 months and 12 more')
})

t.test('who gets half of the fee, what older evidence needs, and when scores are published, are parameters', async t => {
  const hub = await build(t)
  await inForce(hub, 'TECH_RENO_LOAN', '2024-06-09.1', { guarantee_fee_payee: 'ENTERPRISE', older_evidence: 'ACCEPT', score_preview_working_days: 12 })
  hub.clock.set('2026-04-10T02:00:00.000Z')
  await authorize(hub, { valid_from: '2026-04-05' })
  await knowEnterprise(hub)
  await listProject(hub)
  const loan = aLoanContract(await aDocument(hub), { contract_amount: '10000000.00' })
  created(await hub.as('bank-1').post('/v1/loan-contracts', loan))
  const guarantee = aGuarantee(loan.loan_contract_no, await aDocument(hub, 'guarantor-1'))
  created(await hub.as('guarantor-1').post('/v1/guarantee-contracts', guarantee))
  const fee = created(await hub.as('guarantor-1').post('/v1/fee-vouchers', aFeeVoucher(guarantee.guarantee_contract_no, await aDocument(hub, 'guarantor-1'), { paid_date: '2026-04-01' })))
  t.equal(fee.status, 'ACCEPTED', 'four days older than the authorization')
  await hub.loops.settle()
  t.match(await lines(hub, 'guarantor-1'), [{ kind: 'GUARANTEE_FEE', payee_kind: 'ENTERPRISE', payee_uscc: uscc_1, amount: '32000.00' }])
  const published = await hub.as('bank-1').get('/v1/reports/three-one-clock?period=2026Q1&published=true')
  t.match(published.json(), { status: 422, detail: '2026-04-17T16:00:00.000Z' }, 'twelve working days after the quarter')
})

const project_2 = '2606-500112-07-02-100002'

/** A hub on the day after the quarter, under other readings of the loan policy from its first quarter on. */
async function readingLoans (t: Test, parameters: Record<string, string | number>): Promise<Built> {
  const hub = await build(t)
  await inForce(hub, 'TECH_RENO_LOAN', '2024-06-09.1', parameters)
  hub.clock.set('2026-06-25T02:00:00.000Z')
  await authorize(hub)
  await knowEnterprise(hub)
  await listProject(hub)
  return hub
}
const granted = async (hub: Built) => (await lines(hub)).filter(({ status }) => status !== 'SUPERSEDED')
  .map(({ participant_no, voucher_no, amount }) => [participant_no, voucher_no, amount].join(' ')).sort()

t.test('A-06, A-07: one ceiling for all projects, loans and leases of an enterprise, used up by the day of payment', async t => {
  const hub = await readingLoans(t, { project_ceiling_owner: 'ENTERPRISE', lease_ceiling: 'WITHIN_LOANS', project_year_ceiling: '40000.00' })
  done(await hub.as('enterprise-1', 1).post('/v1/projects', aProject({ project_code: project_2, filing_no: project_2 })))
  await passLibrary(hub, project_2)
  const iou_1 = await anotherLoan(hub, 'bank-1')
  const iou_2 = await anotherLoan(hub, 'bank-2', { project_code: project_2 })
  await send(hub, 'bank-1', iou_1, { voucher_no: 'ONE', paid_date: '2026-03-22' })
  t.same(await granted(hub), ['bank-1 ONE 30000.00'])
  await send(hub, 'bank-2', iou_2, { voucher_no: 'TWO', paid_date: '2026-03-21' })
  t.same(await granted(hub), ['bank-1 ONE 10000.00', 'bank-2 TWO 30000.00'], 'paid earlier for another project')
  const lease = aLease(await aDocument(hub, 'lessor-1'))
  created(await hub.as('lessor-1').post('/v1/lease-contracts', lease))
  created(await hub.as('lessor-1').post('/v1/rent-vouchers', aRentVoucher(lease.lease_contract_no, await aDocument(hub, 'lessor-1'), { voucher_no: 'RENT' })))
  await hub.loops.settle()
  t.same(await granted(hub), ['bank-1 ONE 10000.00', 'bank-2 TWO 30000.00', 'lessor-1 RENT 0.00'], 'loans have used it up')
  for (const project of [project_1, project_2]) {
    const { ceilings } = done<{ ceilings: { kind: string, cap: string, granted: string }[] }>(await hub.as('enterprise-1', 1).get(`/v1/ceilings?project_code=${project}&uscc=${uscc_1}&year=2026`))
    t.match(ceilings.find(({ kind }) => kind === 'LOAN_INTEREST'), { cap: '40000.00', granted: '40000.00' })
  }
  await hub.loops.settle()
  t.equal((await hub.db.read.select().from(derivations_due)).length, 0, 'and nothing is derived for ever')
})

t.test('A-28, A-24: each share of a syndicated loan has its own ceiling, and a contract signed too early gets nothing', async t => {
  const hub = await readingLoans(t, { syndicate_ceiling: 'SHARE', project_year_ceiling: '20000.00', interest_counts_from: '2026-01-15', earlier_contracts: 'EXCLUDED' })
  const share = { is_syndicated: true, share_pct: '50' }
  await send(hub, 'bank-1', await anotherLoan(hub, 'bank-1', share), { voucher_no: 'ONE' })
  await send(hub, 'bank-2', await anotherLoan(hub, 'bank-2', share), { voucher_no: 'TWO' })
  await send(hub, 'bank-3', await anotherLoan(hub, 'bank-3'), { voucher_no: 'THREE' })
  await send(hub, 'bank-3', await anotherLoan(hub, 'bank-3', { signed_date: '2026-01-14' }), { voucher_no: 'EARLY' })
  t.same(await granted(hub), ['bank-1 ONE 20000.00', 'bank-2 TWO 20000.00', 'bank-3 EARLY 0.00', 'bank-3 THREE 20000.00'])
  const { ceilings } = done<{ ceilings: { rule_id: string, scope: string | null, granted: string }[] }>(
    await hub.as('bank-1').get(`/v1/ceilings?project_code=${project_1}&uscc=${uscc_1}&year=2026`))
  t.same(ceilings.filter(({ rule_id }) => rule_id === 'L-05').map(({ scope, granted }) => [scope, granted]), [[null, '20000.00'], ['bank-1', '20000.00']])
})

t.test('A-26: the household limit counts contracts, approvals or what is outstanding, over all banks', async t => {
  const hub = await build(t)
  await authorize(hub)
  await knowEnterprise(hub)
  const over = async (amount: string, project: number) => (await listed(hub, [amount], project))[0]?.findings.some(({ code }) => code === 'HOUSEHOLD_LIMIT')
  const loan = aLoanContract(await aDocument(hub, 'bank-2'), { contract_amount: '6000000.00', project_code: '2606-500112-07-02-100009' })
  created(await hub.as('bank-2').post('/v1/loan-contracts', loan))
  created(await hub.as('bank-2').post('/v1/drawdowns', aDrawdown(loan.loan_contract_no, {
    amount: '3000000.00', balance_events: [{ date: '2026-03-10', kind: 'PREPAY', amount: '2000000.00' }, { date: '2026-04-10', kind: 'REPAY', amount: '500000.00' }]
  })))
  t.equal(await over('5000000.00', 1), true, '6 under contract and 5 wanted')
  await inForce(hub, 'PARK_TECH_GUARANTEE', '2026-01-12.1', { household_basis: 'OUTSTANDING' })
  t.equal(await over('4000000.00', 2), false, '1 outstanding, 5 and 4 wanted')
  t.equal(await over('10000.00', 3), true, 'and a little more')

  hub.clock.set('2026-03-19T02:00:00.000Z')
  await inForce(hub, 'PARK_TECH_GUARANTEE', '2026-03-18.1', { household_basis: 'APPROVED', household_limit: '12000000.00' }, '2026-03-19')
  const asked = (await hub.as('bank-1').get('/v1/leads?limit=10')).json().items.find((each: { amount: string }) => each.amount === '5000000.00')
  t.equal(await over('10000.00', 4), true, '6 under contract, 5 and 4 wanted')
  for (const event of [{ type: 'CONTACTED', channel: 'PHONE', person: '经理', result: '有意向' }, { type: 'APPROVED', amount: '1000000.00', annual_rate_pct: '3.45', term_months: 36 }]) {
    created(await hub.as('bank-1', 1).post(`/v1/leads/${asked.lead_no}/events`, { occurred_at: hub.clock.now(), ...event }))
  }
  t.equal(await over('10000.00', 5), false, 'of the 5, one was approved')

  const project_code = '2606-500112-07-02-100008'
  done(await hub.as('enterprise-1', 1).post('/v1/projects', aProject({ project_code, filing_no: project_code, industry_code: 'I6510' })))
  const remarked = created(await hub.as('park-1').post('/v1/financing-needs', { ...aNeed(), uscc: uscc_1, project_code, project_name: '研发楼', amount: '200000.00' }))
  t.match(remarked.findings, [{ code: 'PROJECT_NOT_MANUFACTURING' }], 'A-19: by default a project outside manufacturing is remarked, not refused')
})

t.test('A-19: the class of the project makes a manufacturer, at every door and for the payment', async t => {
  const hub = await readingLoans(t, { manufacturing_basis: 'PROJECT' })
  await knowEnterprise(hub, uscc_1, undefined, { industry_code: 'I6510' })
  const { list_no } = (await hub.as('park-1').post('/v1/enterprise-lists', { rows: [aRow({ industry_code: 'I6510' })] })).json()
  await hub.loops.settle()
  t.match((await hub.as('park-1').get(`/v1/enterprise-lists/${list_no}/rows`)).json().items, [{ outcome: 'ACCEPTED', findings: [] }], 'the enterprise’s own industry holds no row')
  const need = { ...aNeed(), uscc: uscc_1, project_code: project_2, project_name: '二期', industry_code: 'I6510', amount: '200000.00' }
  t.match(created(await hub.as('park-1').post('/v1/financing-needs', need)).unknown_rules, /E-01/, 'nor a need')
  await send(hub, 'bank-1', await anotherLoan(hub, 'bank-1'))
  t.match(await lines(hub), [{ status: 'BLOCKED', blocked_by: [{ rule_id: 'E-01' }] }], 'the class of the project is not known')
  done(await hub.as('enterprise-1', 1).post('/v1/projects', aProject({ industry_code: 'C3411' })))
  await hub.loops.settle()
  t.match(await lines(hub), [{ status: 'OPEN', blocked_by: [] }])
  const { prefilled } = done<{ prefilled: unknown }>(await hub.as('park-1').get('/v1/self-assessments?period=2026&prefill=true'))
  t.match(prefilled, { new_manufacturing_loan_amount: '10000000.00', new_manufacturing_enterprises: 1 }, 'a park’s manufacturing loans are those of its manufacturing projects')
})

t.test('A-15: premiums share a ceiling over the products of an enterprise, or for ever', async t => {
  for (const [parameters, expected] of [[{}, ['3200000.00', '3200000.00']], [{ first_set_ceiling_owner: 'ENTERPRISE' }, ['1800000.00', '3200000.00']]] as const) {
    const hub = await readingLoans(t, parameters)
    for (const product_name of ['压铸机组', '检测线']) {
      created(await hub.as('insurer-1').post('/v1/insurance-policies', aPolicy(await aDocument(hub, 'insurer-1'), {
        product_name, insured_amount: '200000000.00', annual_premium: '4000000.00', paid_date: '2026-04-01'
      })))
    }
    await hub.loops.settle()
    t.same((await lines(hub)).map(({ amount }) => amount).sort(), [...expected], JSON.stringify(parameters))
  }
  const hub = await readingLoans(t, { premium_ceiling_span: 'LIFETIME' })
  for (const policy_start of ['2025-03-01', '2026-03-01']) {
    created(await hub.as('insurer-1').post('/v1/insurance-policies', aPolicy(await aDocument(hub, 'insurer-1'), {
      insurance_kind: 'RENOVATION_COST_LOSS', project_code: project_1, annual_premium: '1000000.00', paid_date: '2026-04-01', policy_start, policy_end: policy_start.replace(/^\d{4}/, year => String(Number(year) + 1))
    })))
  }
  await hub.loops.settle()
  t.same((await lines(hub)).map(({ amount }) => amount).sort(), ['200000.00', '800000.00'], 'the second policy year finds what the first one left')
})

t.test('A-10, A-20: the cap over a wider scope lets a claim through, and the fiscal share has its parts', async t => {
  const hub = await build(t)
  await aRiskyGuarantee(hub, { principal: '95000000.00' })
  await aRiskyGuarantee(hub, { principal: '400000000.00', bank_no: 'bank-2' })
  await aRiskyGuarantee(hub, { principal: '500000000.00', guarantor_no: 'guarantor-2', bank_no: 'bank-2' })
  const claimed = async (claim_no: string) => {
    const { guarantee_contract_no, iou_no } = await aRiskyGuarantee(hub, { principal: '5000000.00' })
    created(await hub.as('bank-1').post('/v1/compensation-claims', { claim_no, guarantee_contract_no, iou_no, default_date: '2026-03-02', default_principal: '5000000.00' }))
    return done<{ computed: Record<string, unknown> }>(await hub.as('guarantor-1', 1).post(`/v1/compensation-claims/${claim_no}/decision`, { decision: 'ACCEPT' })).computed
  }
  const scopes = async (who: string, scope: string) => done<{ items: Record<string, unknown>[] }>(await hub.as(who).get(`/v1/breakers/scopes?scope=${scope}`)).items
  t.match(await claimed('ONE'), { covered_principal: '3200000.00', bank_excess: '800000.00', breaker_state: 'TRIPPED', fiscal_parts: { municipal: '1200000.00', state_fund: '0.00' } },
    '4 % of what guarantor-1 guarantees for bank-1')
  t.match(await scopes('meic', 'GUARANTOR'), [
    { decides: false, guarantor_no: 'guarantor-1', liability: '400000000.00', cap: '16000000.00', compensated: '3200000.00', headroom: '12800000.00', vintage_rate_pct: '0.8000', state: 'NORMAL' },
    { guarantor_no: 'guarantor-2', liability: '400000000.00', compensated: '0.00' }
  ], 'a figure beside it')
  t.equal((await scopes('guarantor-2', 'GUARANTOR')).length, 1, 'a guarantor sees its own')
  t.same(await scopes('guarantor-2', 'PRODUCT'), [])

  await inForce(hub, 'PARK_TECH_GUARANTEE', '2026-01-12.1', { breaker_scope: 'GUARANTOR', fiscal_municipal_pct: '60', fiscal_state_fund_pct: '40' })
  const asked = '&default_principal=5000000.00'
  t.match(done<{ items: object[] }>(await hub.as('bank-1').get(`/v1/breakers?vintage_year=2026${asked}`)).items, [{ what_if: null }], 'a breaker of one pair decides nothing now')
  t.match((await scopes('guarantor-1', `GUARANTOR${asked}`)), [{ what_if: { covered_by_system: '4000000.00', headroom_before: '12800000.00' } }])
  t.match(await claimed('TWO'), {
    headroom_before: '12960000.00', covered_principal: '4000000.00', bank_excess: '0.00', breaker_state: 'NORMAL', fiscal_parts: { municipal: '900000.00', state_fund: '600000.00' }
  }, '4 % of all that guarantor-1 guarantees')
  t.match(await scopes('meic', 'GUARANTOR'), [{ decides: true, compensated: '7200000.00' }, {}])

  hub.clock.set('2026-03-19T02:00:00.000Z')
  await inForce(hub, 'PARK_TECH_GUARANTEE', '2026-03-18.1', { breaker_scope: 'PARK', breaker_cap_pct: '0.9' }, '2026-03-19')
  t.match(await scopes('meic', 'PARK'), [{ decides: true, park_no: null, liability: '804000000.00', compensated: '7200000.00' }], 'no park brought the project')
  await givenNeed(hub, { uscc: uscc_1, need: { project_code: project_1 } })
  t.match(await claimed('THREE'), { headroom_before: '72000.00', covered_principal: '72000.00', breaker_state: 'TRIPPED' }, 'the park that did: 0.9 % of 808 million')
  t.match(await scopes('finance-bureau', 'PARK'), [{ park_no: 'park-1', headroom: '0.00', state: 'TRIPPED' }])
  await hub.loops.settle()
  t.ok((await hub.as('bank-1').get('/v1/events?limit=200')).json().items.some(({ type, subject }: { type: string, subject: string }) => type === 'breaker.tripped' && subject === 'PARK/2026||park-1'))
  t.match(await scopes('re-guarantor-1', 'PRODUCT'), [{ decides: false, guarantor_no: null, park_no: null, compensated: '7272000.00' }])
})

t.test('A-22: the clock of a need is that of the first bank, or of the first institution', async t => {
  const hub = await build(t)
  const { need_no } = await givenNeed(hub)
  await hub.loops.settle()
  const clock = async (who = 'park-1') => done<{ clock: unknown }>(await hub.as(who).get(`/v1/financing-needs/${need_no}/recipients`)).clock
  const contacted = async (who: string) => created(await hub.as(who, 1).post(`/v1/leads/${(await leadFor(hub, who, need_no)).lead_no}/events`,
    { type: 'CONTACTED', occurred_at: hub.clock.now(), channel: 'PHONE', person: '经理', result: '有意向' }))
  await contacted('guarantor-1')
  t.match(await clock(), { contact: { due_date: '2026-03-19', done_at: null, overdue: false }, plan_and_approval: { due_date: '2026-03-26' } })
  t.equal(await clock('bank-1'), null, 'an institution sees its own only')
  await inForce(hub, 'TECH_RENO_LOAN', '2024-06-09.1', { need_clock: 'FIRST_RECIPIENT' })
  t.match(await clock(), { contact: { done_at: '2026-03-18T02:00:00.000Z', overdue: false }, plan_and_approval: { due_date: '2026-03-25' } }, 'the guarantor was the first')

  hub.clock.set('2026-03-20T02:00:00.000Z')
  await inForce(hub, 'TECH_RENO_LOAN', '2026-03-18.1', { need_clock: 'FIRST_BANK' }, '2026-03-20')
  t.match(await clock(), { contact: { done_at: null, overdue: true } })
  await contacted('bank-2')
  t.match(await clock(), { contact: { done_at: '2026-03-20T02:00:00.000Z', overdue: true }, plan_and_approval: { due_date: '2026-03-27', overdue: false } })
})
