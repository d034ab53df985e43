/** The end of a cooperation blocks new pushes, and nothing else: S1 四(二). */
import t from 'tap'
import { eq } from 'drizzle-orm'
import { consortia } from '../../src/registry/consortia/store.ts'
import { aDocument, aDrawdown, aFeeVoucher, aGuarantee, aVoucher, created, lent, uscc_1 } from '../lending/fixtures.ts'
import { givenNeed, inbox, leadFor, needStatus } from '../matching/needs.ts'

t.test('when a consortium has expired, loans, vouchers, leads, claims and recoveries go on; new needs reach nobody of it', async t => {
  const { hub, iou_no, loan_contract_no } = await lent(t)
  const before = await givenNeed(hub)
  await hub.loops.settle()
  const { lead_no } = await leadFor(hub, 'bank-1', before.need_no)
  const guarantee = aGuarantee(loan_contract_no, await aDocument(hub, 'guarantor-1'), { override_reason: '经评审会审议通过' })
  created(await hub.as('guarantor-1').post('/v1/guarantee-contracts', guarantee))

  await hub.db.write(async sql => { await sql.update(consortia).set({ valid_to: '2026-03-20' }).where(eq(consortia.consortium_no, 'consortium-1')) })
  await hub.loops.settle()
  t.equal((await hub.as('bank-1').get('/v1/consortia/consortium-1')).json().status, 'EXPIRED')

  const after = await givenNeed(hub)
  await hub.loops.settle()
  t.notOk((await inbox(hub, 'bank-1', '?limit=200')).some(({ need_no }) => need_no === after.need_no), 'not to the bank')
  t.notOk((await inbox(hub, 'guarantor-1', '?limit=200')).some(({ need_no }) => need_no === after.need_no), 'not to the guarantor')
  t.equal(await needStatus(hub, after.need_no), 'MATCHED')

  const event = { occurred_at: hub.clock.now(), channel: 'PHONE', person: '客户经理', result: '有意向' }
  created(await hub.as('bank-1').post(`/v1/leads/${lead_no}/events`, { type: 'CONTACTED', ...event }))
  created(await hub.as('bank-1').post('/v1/drawdowns', aDrawdown(loan_contract_no, { amount: '1000000.00' })))
  t.equal(created(await hub.as('bank-1').post('/v1/interest-vouchers', aVoucher(iou_no, await aDocument(hub)))).status, 'ACCEPTED')
  created(await hub.as('guarantor-1').post('/v1/fee-vouchers', aFeeVoucher(guarantee.guarantee_contract_no, await aDocument(hub, 'guarantor-1'))))
  created(await hub.as('bank-1').post('/v1/compensation-claims',
    { claim_no: 'DC-E', guarantee_contract_no: guarantee.guarantee_contract_no, iou_no, default_date: '2026-03-20', default_principal: '1000.00' }))
  const path = '/v1/compensation-claims/DC-E'
  t.equal((await hub.as('guarantor-1', 1).post(`${path}/decision`, { decision: 'ACCEPT', paid_date: '2026-03-23' })).json().status, 'PAID')
  created(await hub.as('guarantor-1').post(`${path}/recoveries`, { recovery_no: 'ZC-E', date: '2026-03-23', gross: '10.00' }))
  await hub.loops.settle()
  t.equal((await hub.as('meic').get(`/v1/subsidy-lines?uscc=${uscc_1}`)).json().items.filter(({ kind }: { kind: string }) => kind === 'LOAN_INTEREST').length, 1, 'and the subsidy is derived')
})
