/** Self-assessments of parks: S1 三(三)4, 四(三)6. */
import t from 'tap'
import { reportingPeriod } from '../../src/policy/reporting-period.ts'
import { aNeed, aGrant, aProject } from '../fixtures.ts'
import { build } from '../helper.ts'
import { aDocument, aDrawdown, aLoanContract, authorize, created, knowEnterprise, name_1, project_1, uscc_1 } from '../lending/fixtures.ts'

t.test('a period is a year, half-year, quarter or month', async t => {
  t.same(reportingPeriod('2026'), { from: '2026-01-01', to: '2027-01-01' })
  t.same(reportingPeriod('2026H2'), { from: '2026-07-01', to: '2027-01-01' })
  t.same(reportingPeriod('2026Q1'), { from: '2026-01-01', to: '2026-04-01' })
  t.same(reportingPeriod('2026-12'), { from: '2026-12-01', to: '2027-01-01' })
  t.same(['2026Q5', '2026-13', '26', '2026-1'].map(reportingPeriod), [null, null, null, null])
})

t.test('what the hub knows is filled in: leads on the clock, loans, projects begun', async t => {
  const hub = await build(t)
  await knowEnterprise(hub)
  created(await hub.as('park-1').post('/v1/authorizations', { grantor_uscc: uscc_1, grantor_name: name_1, ...aGrant({ evidence_digest: '0'.repeat(64) }) }))
  created(await hub.as('park-1').post('/v1/financing-needs', aNeed({ uscc: uscc_1 })))
  created(await hub.as('park-1').post('/v1/projects', aProject({ owner_uscc: uscc_1, start_date: '2026-03-02' })))
  await hub.loops.settle()
  const [lead] = (await hub.as('bank-1').get('/v1/leads')).json().items
  created(await hub.as('bank-1').post(`/v1/leads/${lead.lead_no}/events`, { type: 'CONTACTED', occurred_at: '2026-03-18T02:00:00.000Z', channel: 'PHONE',
    person: '客户经理', result: '已联系' }))
  await authorize(hub)
  const contract = aLoanContract(await aDocument(hub))
  created(await hub.as('bank-1').post('/v1/loan-contracts', contract))
  for (const disbursed_date of ['2026-01-20', '2026-03-10']) created(await hub.as('bank-1').post('/v1/drawdowns',
    aDrawdown(contract.loan_contract_no, { disbursed_date, amount: '4000000.00' })))

  const { prefilled } = (await hub.as('park-1').get('/v1/self-assessments?period=2026Q1&prefill=true')).json()
  t.match(prefilled, {
    period: '2026Q1', from: '2026-01-01', to: '2026-04-01', new_manufacturing_loan_amount: '8000000.00', new_manufacturing_enterprises: 1, leads_pushed: 3, leads_contacted_on_time: 1,
    leads_approved: 0, projects_started: 1, projects_listed: 0, leading_industry_renovation_share_pct: null, compensation_rate_pct: null,
    new_projects: [{ project_code: project_1, owner_uscc: uscc_1, start_date: '2026-03-02', is_listed: false }]
  })
  t.match((await hub.as('park-1').get('/v1/self-assessments?period=2026-03&prefill=true')).json().prefilled,
    { new_manufacturing_loan_amount: '4000000.00', new_manufacturing_enterprises: 0 }, 'first financed in January')
  t.match((await hub.as('park-2').get('/v1/self-assessments?period=2026Q1&prefill=true')).json().prefilled,
    { leads_pushed: 0, new_manufacturing_loan_amount: '0.00', new_projects: [] }, 'another park’s facts stay out')
  t.equal((await hub.as('park-2').get('/v1/self-assessments?period=2026Q1&prefill=true&park_no=park-1')).json().prefilled, null)
  t.match((await hub.as('meic').get('/v1/self-assessments?period=2026Q1&prefill=true&park_no=park-1')).json().prefilled, { leads_pushed: 3 })

  const answer = await hub.as('park-1').post('/v1/self-assessments', { period: '2026Q1', leads_contacted_on_time: 3,
    leading_industry_renovation_share_pct: '42.5', problems: '抵押物不足' })
  t.equal(answer.statusCode, 201)
  t.match(answer.json(), {
    revision: 1, status: 'SUBMITTED', submitted_to: 'MEIC', leads_pushed: 3, leads_contacted_on_time: 3, leading_industry_renovation_share_pct: '42.5', new_projects: [{ project_code: project_1 }],
    prefilled: { leads_contacted_on_time: 1 }
  })
  await hub.loops.settle()
  for (const who of ['park-1', 'meic']) {
    const told = (await hub.as(who).get('/v1/events?limit=200')).json().items.filter(({ type }: { type: string }) => type === 'project.to_be_listed')
    t.match(told, [{ subject: project_1, data: { assessment: answer.json().number } }], `${who} hears of the project that is to be listed through 技改e点通`)
  }
  t.match(answer.json().findings, [{ code: 'FIGURE_DIFFERS', message: 'leads_contacted_on_time: the park states 3, the hub knows of 1' }])

  const another = { project_code: '2606-500112-07-02-100002', owner_uscc: uscc_1, start_date: '2026-03-09' }
  const corrected = created(await hub.as('park-1').post('/v1/self-assessments', {
    period: '2026Q1', new_projects: [{ project_code: project_1, owner_uscc: uscc_1, start_date: '2026-03-02' }, another], correction_of: answer.json().number
  }))
  created(await hub.as('park-1').post('/v1/self-assessments', { period: '2026-03', new_projects: [another] }))
  await hub.loops.settle()
  const told = (await hub.as('meic').get('/v1/events?limit=200')).json().items.filter(({ type }: { type: string }) => type === 'project.to_be_listed')
  t.match(told, [{ subject: project_1, data: { assessment: answer.json().number } }, { subject: another.project_code, data: { assessment: corrected.number } }],
    'a correction and another period tell of what is new, and of nothing twice')
  t.equal(told.length, 2)
})

t.test('the leading industry is that of the consortium; of its larger enterprises those count that began a renovation project', async t => {
  const hub = await build(t)
  const share = async (park = 'park-1', period = '2026Q1') =>
    (await hub.as(park).get(`/v1/self-assessments?period=${period}&prefill=true`)).json().prefilled.leading_industry_renovation_share_pct
  t.equal(await share(), null, 'no larger enterprise is known')
  const known: [uscc: string, industry_code: string, revenue: number][] = [
    [uscc_1, 'C3411', 2_000_000_000], ['91500120MAXX000311', 'C3670', 9_000_000_000], ['91500000MAXX0004XL', 'C3670', 1_999_999_999], ['91500107MAXX00058Y', 'C1311', 9_000_000_000]
  ]
  for (const [uscc, industry_code, revenue_fen] of known) await knowEnterprise(hub, uscc, name_1, { industry_code, revenue_fen })
  t.equal(await share(), '0.00', 'two of a leading industry and large enough')
  created(await hub.as('park-1').post('/v1/projects', aProject({ owner_uscc: uscc_1, start_date: '2026-03-02' })))
  t.equal(await share(), '50.00')
  t.equal(await share('park-1', '2026-02'), '0.00', 'not begun by the end of February')
  t.equal(await share('park-2'), null, 'another park described none of them')
  const answer = await hub.as('park-1').post('/v1/self-assessments', { period: '2026Q1', leading_industry_renovation_share_pct: '61.5' })
  t.match(answer.json(), { leading_industry_renovation_share_pct: '61.5', prefilled: { leading_industry_renovation_share_pct: '50.00' }, findings: [{ code: 'FIGURE_DIFFERS' }] },
    'the statistic of the park stands, the hub’s beside it')
})

t.test('one assessment of a period stands; a correction replaces it', async t => {
  const hub = await build(t)
  const body = { period: '2026Q1', leads_pushed: 0 }
  const first = await hub.as('park-1').post('/v1/self-assessments', body)
  t.equal(first.statusCode, 201)
  t.equal((await hub.as('park-1').post('/v1/self-assessments', body)).statusCode, 200)
  t.match((await hub.as('park-1').post('/v1/self-assessments', { ...body, leads_pushed: 1 })).json(), { code: 'duplicate_key' })
  const second = await hub.as('park-1').post('/v1/self-assessments', { ...body, leads_pushed: 1, correction_of: first.json().number })
  t.match(second.json(), { revision: 2, correction_of: first.json().number })
  t.match((await hub.as('park-1').post('/v1/self-assessments', { ...body, leads_pushed: 2, correction_of: first.json().number })).json(),
    { code: 'state_conflict' })
  t.same((await hub.as('meic').get('/v1/self-assessments')).json().items.map(({ status }: { status: string }) => status), ['SUPERSEDED', 'SUBMITTED'])
  t.equal((await hub.as('meic').get('/v1/self-assessments?status=SUBMITTED&park_no=park-1')).json().items.length, 1)
  t.equal((await hub.as('park-2').get('/v1/self-assessments')).json().items.length, 0)
  t.equal((await hub.as('bank-1').get('/v1/self-assessments')).statusCode, 403)
})

t.test('every mistake is told', async t => {
  const hub = await build(t)
  const wrong = await hub.as('park-1').post('/v1/self-assessments', {
    period: '2026Q2', new_projects: [{ project_code: '2606-500112-07-02-100001', owner_uscc: '91500112MAXX00016Q',
      start_date: '2026-03-31' }], document_nos: ['doc_01JB2Q8Z6V7K3M5N9P4R1S0T2W']
  })
  t.same(wrong.json().errors.map((error: { pointer: string }) => error.pointer), ['/period', '/new_projects/0/owner_uscc', '/new_projects/0/start_date',
    '/document_nos/0'])
  t.equal((await hub.as('park-1').post('/v1/self-assessments', { period: '2026Q5' })).statusCode, 400)
})
