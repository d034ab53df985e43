/** The reward of core enterprises: S3 (四), rule X-01. */
import t from 'tap'
import { build, type Built } from '../helper.ts'
import { aDocument, aDrawdown, aLoanContract, authorize, created, knowEnterprise, uscc_1, uscc_2 } from '../lending/fixtures.ts'
import { passed, reportOf, rowOf, type ReportBody } from './answers.ts'
import { aQuarter, core_1, core_2 } from './a-quarter.ts'

t.test('what core enterprises promoted is what was paid out on contracts that name them', async t => {
  const { hub } = await aQuarter(t)
  const report = await reportOf(hub, 'finance-bureau', 'supply-chain-reward')
  t.match(rowOf(report, 'core_enterprise_uscc', core_1), { promoted_amount: '6000000.01', borrowers: 3, reward: '30000.00' })
  t.match(rowOf(report, 'core_enterprise_uscc', core_2), { promoted_amount: '100000.00', borrowers: 1, reward: '500.00' })
  t.match(rowOf(report, 'row_kind', 'ALL'), { core_enterprises: 2, borrowers: 4, promoted_amount: '6100000.01', reward: '30500.00' })
  const quote = passed<{ total: string }>(await hub.as('bank-1').post('/v1/subsidy-quotes', { kind: 'SUPPLY_CHAIN_REWARD', promoted_amount: '6000000.01', date: '2026-03-31' }))
  t.equal(quote.total, '30000.00', 'the quote is the same rule')

  const seen = await reportOf(hub, 'regulator-viewer', 'supply-chain-reward')
  t.notMatch(JSON.stringify(seen), new RegExp(`${core_1}|${core_2}|30000|500.00|6000000`), 'two core enterprises are no statistic, and none is named')
  t.match(rowOf(seen, 'row_kind', 'ALL'), { reward: null, core_enterprises: null, suppressed: true })
  t.match((await hub.as('bank-1').get('/v1/reports/supply-chain-reward?period=2026Q1')).json(), { code: 'role_not_allowed' })
  t.same((await reportOf(hub, 'meic', 'supply-chain-reward', '?period=2025Q1')).rows, [], 'what nobody promoted is not invented')
})

/** Loans that a core enterprise brought about. */
async function promote (hub: Built, disbursed_date: string, amount: string, core_enterprise_uscc: string): Promise<void> {
  const contract = aLoanContract(await aDocument(hub), { contract_amount: amount, start_date: '2024-06-01', signed_date: '2024-06-01', maturity_date: '2030-06-01', core_enterprise_uscc })
  created(await hub.as('bank-1').post('/v1/loan-contracts', contract))
  created(await hub.as('bank-1').post('/v1/drawdowns', aDrawdown(contract.loan_contract_no, { amount, disbursed_date, maturity_date: '2030-06-01' })))
}

t.test('periods of a household add up to the fen, never pass its ceiling, and only days of the policy count', async t => {
  const hub = await build(t, { now: '2028-02-01T02:00:00.000Z' })
  await authorize(hub, { covers_history_from: '2024-01-01' })
  await knowEnterprise(hub)
  await promote(hub, '2024-06-08', '90000000.00', uscc_2)
  for (const [day, amount] of [['2026-02-01', '100.01'], ['2026-05-01', '100.01'], ['2026-08-01', '150000000.00'], ['2026-11-01', '80000000.00']] as const) {
    await promote(hub, day, amount, uscc_2)
  }
  await promote(hub, '2028-01-10', '1000000.00', uscc_2)
  const reward = ({ rows }: ReportBody) => rows.find(row => row.core_enterprise_uscc === uscc_2)?.reward ?? null
  const of = async (query: string) => reward(await reportOf(hub, 'meic', 'supply-chain-reward', query))
  // 0.50005 each, 1.0001 together: rounded once over all, not once a quarter
  t.same([await of('?period=2026Q1'), await of('?period=2026Q2'), await of('?period=2026Q3'), await of('?period=2026Q4')],
    ['0.50', '0.50', '750000.00', '249999.00'])
  t.equal(await of('?period=2026'), '1000000.00', 'the ceiling of a household, over all periods')
  t.equal(await of('?period=2024Q2'), null, 'before 2024-06-09 nothing counts')
  t.equal(await of('?from=2027-12-01&to=2028-02-01'), null, 'nor after 2027-12-31')
})

t.test('a core enterprise has a valid code and is not the borrower itself', async t => {
  const hub = await build(t)
  await authorize(hub)
  await knowEnterprise(hub)
  const send = async (core_enterprise_uscc: string) => (await hub.as('bank-1').post('/v1/loan-contracts', aLoanContract(await aDocument(hub), { core_enterprise_uscc }))).json()
  t.match(await send(uscc_1), { status: 422, code: 'rule_broken', errors: [{ pointer: '/core_enterprise_uscc', code: 'CORE_ENTERPRISE_IS_BORROWER' }] })
  t.match(await send('91500112MAXX00016Q'), { status: 422, code: 'uscc_check_digit', errors: [{ pointer: '/core_enterprise_uscc' }] })
  t.match(await send(uscc_2), { core_enterprise_uscc: uscc_2, status: 'ACCEPTED' })
})
