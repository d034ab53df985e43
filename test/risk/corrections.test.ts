/** A contract under which claims were filed is corrected only as far as it still covers them. */
import t from 'tap'
import { aDocument, aDrawdown, aGuarantee, aLoanContract, created, lent } from '../lending/fixtures.ts'
import { done } from '../subsidy/fixtures.ts'

t.test('principal, vintage, loan and beginning of a guarantee do not go away under the claims filed on it; a declined one frees them', async t => {
  const { hub, loan_contract_no, iou_no } = await lent(t)
  const [guarantor, bank] = [hub.as('guarantor-1'), hub.as('bank-1')]
  const first = aGuarantee(loan_contract_no, await aDocument(hub, 'guarantor-1'))
  created(await guarantor.post('/v1/guarantee-contracts', first))
  for (const [claim_no, default_principal] of [['DC-1', '2000000.00'], ['DC-2', '1000000.00']]) {
    created(await bank.post('/v1/compensation-claims', { claim_no, guarantee_contract_no: first.guarantee_contract_no, iou_no, default_date: '2026-03-02', default_principal }))
  }
  const document_no = await aDocument(hub, 'guarantor-1')
  const correct = (over: object, correction_of = first.guarantee_contract_no) =>
    guarantor.post('/v1/guarantee-contracts', aGuarantee(loan_contract_no, document_no, { guarantee_fee_total: '10.00', correction_of, ...over }))
  const named = /DC-1, DC-2/
  t.match((await correct({ guaranteed_principal: '2999999.99' })).json(), { status: 422, code: 'claims_filed', errors: [{ pointer: '/guaranteed_principal', message: named, message_zh: named }] })
  t.match((await correct({ start_date: '2025-12-31' })).json(), { code: 'claims_filed', errors: [{ pointer: '/start_date', message: /2026.*DC-1/ }] })
  t.match((await correct({ start_date: '2026-03-03' })).json(), { code: 'claims_filed', errors: [{ pointer: '/start_date' }] })
  const other = aLoanContract(await aDocument(hub))
  created(await bank.post('/v1/loan-contracts', other))
  const another_iou = aDrawdown(loan_contract_no, { amount: '1.00' })
  created(await bank.post('/v1/drawdowns', another_iou))
  t.match((await correct({ loan_contract_no: other.loan_contract_no })).json(), { code: 'claims_filed', errors: [{ pointer: '/loan_contract_no' }] })
  t.match((await correct({ iou_no: another_iou.iou_no })).json(), { code: 'claims_filed', errors: [{ pointer: '/iou_no' }] })
  t.match(done(await guarantor.get(`/v1/guarantee-contracts/${first.guarantee_contract_no}`)), { status: 'ACCEPTED' }, 'refused, nothing has changed')
  const least = created(await correct({ guaranteed_principal: '3000000.00', iou_no }))
  done(await hub.as('guarantor-1', 1).post('/v1/compensation-claims/DC-2/decision', { decision: 'REJECT', reason: '资料不全' }))
  t.match((await correct({ guaranteed_principal: '1999999.99' }, least.guarantee_contract_no as string)).json(), { code: 'claims_filed', errors: [{ message: /DC-1 / }] })
  const lower = created(await correct({ guaranteed_principal: '2000000.00' }, least.guarantee_contract_no as string))
  done(await hub.as('guarantor-1', 1).post('/v1/compensation-claims/DC-1/decision', { decision: 'REJECT', reason: '资料不全' }))
  t.match(created(await correct({ start_date: '2025-12-31' }, lower.guarantee_contract_no as string)), { vintage_year: 2025 })
})

t.test('a drawdown keeps the principal claimed of it and its contract; a loan contract what is guaranteed of it', async t => {
  const { hub, loan_contract_no, iou_no, document_no } = await lent(t)
  const [guarantor, bank] = [hub.as('guarantor-1'), hub.as('bank-1')]
  const guarantees = []
  for (const guaranteed_principal of ['8000000.00', '7000000.00']) {
    const guarantee = aGuarantee(loan_contract_no, await aDocument(hub, 'guarantor-1'), { guaranteed_principal, guarantee_fee_total: '10.00' })
    created(await guarantor.post('/v1/guarantee-contracts', guarantee))
    guarantees.push(guarantee)
  }
  const [first, second] = guarantees
  const shrink = (contract_amount: string) => bank.post('/v1/loan-contracts', aLoanContract(document_no, { correction_of: loan_contract_no, contract_amount }))
  t.match((await shrink('14999999.99')).json(), { status: 422, code: 'amount_over_contract',
    errors: [{ pointer: '/contract_amount', code: 'GUARANTEED_OVER_CONTRACT', message: new RegExp(`${first?.guarantee_contract_no}, ${second?.guarantee_contract_no}`) }] })
  created(await guarantor.post('/v1/guarantee-contracts', { ...second, guarantee_contract_no: 'DB-RELEASED', correction_of: second?.guarantee_contract_no, release: { type: 'NORMAL', date: '2026-03-20' } }))
  created(await shrink('12000000.00'))

  created(await bank.post('/v1/compensation-claims', { claim_no: 'DC-3', guarantee_contract_no: first?.guarantee_contract_no, iou_no, default_date: '2026-03-02', default_principal: '5000000.00' }))
  t.match((await bank.post('/v1/drawdowns', aDrawdown(loan_contract_no, { correction_of: iou_no, amount: '4999999.99' }))).json(),
    { status: 422, code: 'claims_filed', errors: [{ pointer: '/amount', message: /DC-3/ }] })
  const other = aLoanContract(await aDocument(hub))
  created(await bank.post('/v1/loan-contracts', other))
  t.match((await bank.post('/v1/drawdowns', aDrawdown(other.loan_contract_no, { correction_of: iou_no }))).json(), { code: 'claims_filed', errors: [{ pointer: '/loan_contract_no' }] })
  created(await bank.post('/v1/drawdowns', aDrawdown(loan_contract_no, { correction_of: iou_no, amount: '5000000.00' })))
})
