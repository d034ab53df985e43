/** The pool of the fiscal part is finite: S1 五(一), domain notes §12. */
import { eq } from 'drizzle-orm'
import t from 'tap'
import { compensation_claims } from '../../src/risk/compensation-claims/store.ts'
import { build, type Built } from '../helper.ts'
import { created } from '../lending/fixtures.ts'
import { aGuarantee } from './guarantees.ts'

const decidePool = (hub: Built, amount: string) => hub.as('finance-bureau', 1).post('/v1/budgets', { year: 2026, fund_source: 'RISK_POOL', amount })
const pool = async (hub: Built) => {
  const { items } = (await hub.as('meic').get('/v1/budgets?year=2026')).json()
  return items.find((each: { fund_source: string }) => each.fund_source === 'RISK_POOL')
}
const claimOf = async (hub: Built, claim_no: string) => (await hub.as('finance-bureau').get(`/v1/compensation-claims/${claim_no}`)).json()

/** A claim on a guarantee of its own, decided. */
async function compensated (hub: Built, claim_no: string, principal: string, decision: Record<string, unknown> = { decision: 'ACCEPT', paid_date: '2026-03-18' }) {
  const { guarantee_contract_no, iou_no } = await aGuarantee(hub, { principal })
  created(await hub.as('bank-1').post('/v1/compensation-claims', { claim_no, guarantee_contract_no, iou_no, default_date: '2026-03-02', default_principal: principal }))
  const answer = await hub.as('guarantor-1', 1).post(`/v1/compensation-claims/${claim_no}/decision`, decision)
  if (answer.statusCode !== 200) throw new Error(answer.body)
  return answer.json()
}

t.test('the fiscal part is drawn from the pool or waits for it, in the order of the decisions; no share changes', async t => {
  const hub = await build(t)
  await aGuarantee(hub, { principal: '500000000.00' })
  t.match(await compensated(hub, 'A', '1000000.00'), { fiscal_pool: 'WAITING', computed: { shares: { fiscal: '300000.00' } } }, 'no pool yet')
  created(await decidePool(hub, '700000.00'))
  await hub.loops.settle()
  t.match(await claimOf(hub, 'A'), { fiscal_pool: 'DRAWN' })
  t.match(await pool(hub), { used: '300000.00', left: '400000.00' })
  t.match(await compensated(hub, 'B', '1000000.00'), { fiscal_pool: 'DRAWN' })
  t.match(await compensated(hub, 'C', '1000000.00'), { fiscal_pool: 'WAITING', status: 'PAID', computed: { shares: { guarantor: '400000.00', fiscal: '300000.00' } } },
    '100,000 are left of 300,000: the guarantor has paid, its claim on the fiscal part stands')
  t.match(await compensated(hub, 'D', '100000.00'), { fiscal_pool: 'WAITING' }, 'a smaller one does not overtake')
  t.match((await decidePool(hub, '599999.99')).json(), { code: 'budget_exhausted' }, 'never below what is drawn')

  created(await hub.as('guarantor-1').post('/v1/compensation-claims/A/recoveries', { recovery_no: 'R-A', date: '2026-03-18', gross: '500000.00' }))
  t.match(await pool(hub), { used: '450000.00' }, 'the fiscal part of what came back is back in the pool')
  created(await hub.as('guarantor-1').post('/v1/compensation-claims/C/recoveries', { recovery_no: 'R-C', date: '2026-03-18', gross: '100000.00' }))
  t.match(await pool(hub), { used: '450000.00' }, 'nothing was drawn for it yet')
  await hub.loops.settle()
  t.match([await claimOf(hub, 'C'), await claimOf(hub, 'D')], [{ fiscal_pool: 'WAITING' }, { fiscal_pool: 'WAITING' }])
  created(await decidePool(hub, '800000.00'))
  await hub.loops.settle()
  t.match([await claimOf(hub, 'C'), await claimOf(hub, 'D')], [{ fiscal_pool: 'DRAWN' }, { fiscal_pool: 'DRAWN' }])
  t.match(await pool(hub), { used: '750000.00' }, '270,000 for what is left of C, 30,000 for D')
  const told = (await hub.as('finance-bureau').get('/v1/events?limit=200')).json().items.filter(({ type }: { type: string }) => type === 'compensation_claim.fiscal_covered')
  t.same(told.map(({ data }: { data: { claim_no: string } }) => data.claim_no), ['A', 'C', 'D'])
  t.equal((await hub.as('finance-bureau', 1).post('/v1/payment-batches', { fund_source: 'RISK_POOL' })).statusCode, 400, 'no subsidy is paid from it')
})

t.test('a prepayment that the review refuses gives the pool back', async t => {
  const hub = await build(t)
  await aGuarantee(hub, { principal: '500000000.00' })
  created(await decidePool(hub, '1000000.00'))
  t.match(await compensated(hub, 'P', '1000000.00', { decision: 'PREPAY' }), { fiscal_pool: 'DRAWN', status: 'PREPAID_PENDING_REVIEW' })
  t.match(await pool(hub), { used: '300000.00' })
  await hub.db.write(async sql => { await sql.update(compensation_claims).set({ decided_by: 'guarantor-1-user-0' }).where(eq(compensation_claims.business_no, 'P')) })
  t.match((await hub.as('guarantor-1', 1).post('/v1/compensation-claims/P/decision', { decision: 'REJECT', reason: '材料不实' })).json(), { status: 'DECLINED' })
  t.match(await pool(hub), { used: '0.00', left: '1000000.00' })
})
