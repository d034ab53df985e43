import t from 'tap'
import { acceptedFeeVouchers } from '../../src/lending/fee-vouchers/store.ts'
import { guaranteeContracts } from '../../src/lending/guarantee-contracts/store.ts'
import { termMonths } from '../../src/lending/guarantee-contracts/service.ts'
import { aDocument, aFeeVoucher, aGuarantee, aLoanContract, aVoucher, created, knowEnterprise, lent, name_1, name_2, project_1, uscc_1,
  type Lent } from './fixtures.ts'

const small = { contract: { contract_amount: '10000000.00' } }
const guarantor = ({ hub }: Lent) => hub.as('guarantor-1')
const paper = ({ hub }: Lent) => aDocument(hub, 'guarantor-1')

t.test('a guarantee is tied to its loan, and its guarantor reads that loan', async t => {
  const loan = await lent(t, small)
  t.equal((await guarantor(loan).get(`/v1/loan-contracts/${loan.loan_number}`)).statusCode, 404)
  const contract = created(await guarantor(loan).post('/v1/guarantee-contracts', aGuarantee(loan.loan_contract_no, await paper(loan))))
  t.match(contract, {
    status: 'ACCEPTED', findings: [], project_code: project_1, vintage_year: 2026, term_months: 24, annualised_fee_rate_pct: '0.8',
      charged_amount: '0.00',
    guarantee_mode: 'JOINT_LIABILITY', liability_ratio_pct: '80', covers_interest: false, other_fees_total: '0.00', released_on: null
  })
  t.equal((await guarantor(loan).get(`/v1/loan-contracts/${loan.loan_number}`)).statusCode, 200)
  t.equal((await loan.hub.as('guarantor-2').get(`/v1/loan-contracts/${loan.loan_number}`)).statusCode, 404)
  t.equal((await loan.hub.as('enterprise-1').get(`/v1/guarantee-contracts/${contract.number}`)).statusCode, 200)
  t.equal((await loan.hub.as('guarantor-2').get(`/v1/guarantee-contracts/${contract.number}`)).statusCode, 404)
})

t.test('months of a term are counted to the nearest', async t => {
  t.equal(termMonths('2026-03-30', '2029-03-30'), 36)
  t.equal(termMonths('2026-03-30', '2029-03-29'), 36)
  t.equal(termMonths('2026-01-31', '2026-02-28'), 1)
  t.equal(termMonths('2026-01-01', '2026-01-10'), 1)
})

t.test('fees over one percent and under other names are said aloud', async t => {
  const loan = await lent(t, small)
  const exactly = created(await guarantor(loan).post('/v1/guarantee-contracts',
    aGuarantee(loan.loan_contract_no, await paper(loan), { guarantee_fee_total: '160000.00' })))
  t.match(exactly, { annualised_fee_rate_pct: '1' })
  t.same(exactly.findings, [])
  const over = created(await guarantor(loan).post('/v1/guarantee-contracts',
    aGuarantee(loan.loan_contract_no, await paper(loan), { guarantee_fee_total: '160000.00', other_fees_total: '0.01' })))
  t.same((over.findings as { code: string }[]).map(each => each.code), ['HIDDEN_FEES', 'FEE_RATE_OVER_1PCT'])
})

t.test('E-09: beyond the household limit over all banks there is a finding, which a person overrides with a reason', async t => {
  const loan = await lent(t, small)
  const contract = aLoanContract(await aDocument(loan.hub, 'bank-2'), { contract_amount: '5000000.00' })
  created(await loan.hub.as('bank-2').post('/v1/loan-contracts', contract))
  const guarantee = aGuarantee(loan.loan_contract_no, await paper(loan))
  const override_reason = '订单充足，经评审会审议通过'
  const stated = created(await guarantor(loan).post('/v1/guarantee-contracts', guarantee))
  const both = [{ code: 'HOUSEHOLD_LIMIT' }, { code: 'OVERRIDE_MISSING' }]
  t.match(stated, { status: 'ACCEPTED', findings: both, override_by: null })
  const correction = { ...guarantee, guarantee_contract_no: `${guarantee.guarantee_contract_no}-1`, correction_of: guarantee.guarantee_contract_no, override_reason }
  const by_machine = created(await guarantor(loan).post('/v1/guarantee-contracts', correction))
  t.match(by_machine, { findings: both, override_by: null }, 'a machine overrides nothing')
  const kept = created(await loan.hub.as('guarantor-1', 1).post('/v1/guarantee-contracts', { ...correction, guarantee_contract_no: `${guarantee.guarantee_contract_no}-2`,
    correction_of: by_machine.number }))
  t.match(kept, { status: 'ACCEPTED', override_by: 'guarantor-1-user-1', override_reason })
  t.same((kept.findings as { code: string }[]).map(({ code }) => code), ['HOUSEHOLD_LIMIT'])
  t.match(await guaranteeContracts.find(loan.hub.db.read, kept.number as string), { override_reason, override_by: 'guarantor-1-user-1' })
  await knowEnterprise(loan.hub, uscc_1, name_1, { tags: [{ tag: 'LITTLE_GIANT', basis: 'DECLARED', certificate_no: null, valid_from: null,
    valid_to: null, source: 'park-1' }] })
  t.match((await guarantor(loan).post('/v1/guarantee-contracts', aGuarantee(loan.loan_contract_no, await paper(loan)))).json(),
    { status: 'ACCEPTED' }, 'a title raises the limit')
})

t.test('every broken rule refuses a guarantee; foreign and missing loans are the same', async t => {
  const loan = await lent(t, small)
  const document_no = await paper(loan)
  const cases: [Record<string, unknown>, number, string][] = [
    [{ borrower_uscc: '91500112MAXX00016Q' }, 422, 'uscc_check_digit'],
    [{ guaranteed_principal: '0.00' }, 422, 'amount_not_positive'],
    [{ guaranteed_principal: '10000000.01' }, 422, 'amount_over_contract'],
    [{ end_date: '2026-01-20' }, 422, 'period_reversed'],
    [{ term_months: 36 }, 422, 'rule_broken'],
    [{ loan_contract_no: 'HT-NEVER' }, 422, 'contract_unknown'],
    [{ lender_no: 'bank-2' }, 422, 'contract_unknown'],
    [{ document_no: loan.document_no }, 422, 'document_unknown'],
    [{ borrower_uscc: '91500115MAXX00023Y' }, 403, 'authorization_missing']
  ]
  for (const [changes, status, code] of cases) {
    t.match((await guarantor(loan).post('/v1/guarantee-contracts', aGuarantee(loan.loan_contract_no, document_no, changes))).json(),
      { status, code }, code)
  }
  t.equal((await guarantor(loan).get('/v1/guarantee-contracts')).json().items.length, 0)
})

async function guaranteed (loan: Lent): Promise<string> {
  const guarantee = aGuarantee(loan.loan_contract_no, await paper(loan))
  created(await guarantor(loan).post('/v1/guarantee-contracts', guarantee))
  return guarantee.guarantee_contract_no
}

t.test('fees are accepted up to the fee of the contract, whatever arrives at once', async t => {
  const loan = await lent(t, small)
  const guarantee_contract_no = await guaranteed(loan)
  const papers = await Promise.all(Array.from({ length: 6 }, () => paper(loan)))
  const answers = await Promise.all(papers.map(document_no => guarantor(loan).post('/v1/fee-vouchers',
    aFeeVoucher(guarantee_contract_no, document_no))))
  t.equal(answers.filter(each => each.statusCode === 201).length, 2)
  t.ok(answers.filter(each => each.statusCode !== 201).every(each => each.json().code === 'amount_over_contract'))
  t.match((await guarantor(loan).get(`/v1/guarantee-contracts/${guarantee_contract_no}`)).json(), { charged_amount: '128000.00' })
  const fees = await acceptedFeeVouchers(loan.hub.db.read, uscc_1, project_1)
  t.match(fees, [{ fee_fen: 6_400_000, guaranteed_fen: 800_000_000, term_months: 24, contract_fee_fen: 12_800_000, other_fees_fen: 0,
    guarantor_uscc: '91500000MAYY00069H' }, {}])
  const first = fees[0]?.voucher_no ?? ''
  const corrected = created(await guarantor(loan).post('/v1/fee-vouchers',
    aFeeVoucher(guarantee_contract_no, await paper(loan), { correction_of: first, fee_amount: '60000.00' })))
  t.match(corrected, { status: 'ACCEPTED' })
  t.match((await guarantor(loan).get(`/v1/guarantee-contracts/${guarantee_contract_no}`)).json(), { charged_amount: '124000.00' },
    'a corrected fee gives back what it took')
  t.match((await guarantor(loan).get(`/v1/fee-vouchers/${first}`)).json(), { status: 'SUPERSEDED', superseded_by: corrected.number })
})

t.test('every broken rule refuses a fee; a receipt of an interest voucher holds it', async t => {
  const loan = await lent(t, small)
  const guarantee_contract_no = await guaranteed(loan)
  const document_no = await paper(loan)
  const cases: [Record<string, unknown>, number, string][] = [
    [{ guarantee_contract_no: 'DB-NEVER' }, 422, 'contract_unknown'],
    [{ fee_amount: '0.00' }, 422, 'amount_not_positive'],
    [{ fee_amount: '128000.01' }, 422, 'amount_over_contract'],
    [{ paid_date: '2026-03-24' }, 422, 'paid_date_in_future'],
    [{ period_start: '2026-02-01', period_end: '2026-02-01' }, 422, 'period_reversed'],
    [{ document_no: loan.document_no }, 422, 'document_unknown'],
    [{ correction_of: 'F-NEVER' }, 422, 'voucher_unknown']
  ]
  for (const [changes, status, code] of cases) {
    t.match((await guarantor(loan).post('/v1/fee-vouchers', aFeeVoucher(guarantee_contract_no, document_no, changes))).json(),
      { status, code }, code)
  }
  t.match(created(await guarantor(loan).post('/v1/fee-vouchers', aFeeVoucher(guarantee_contract_no, document_no, { payer_account_name: name_2 }))),
    { status: 'HELD', findings: [{ code: 'NAME_MISMATCH' }] }, 'somebody else paid')
  created(await loan.hub.as('bank-1').post('/v1/interest-vouchers',
    aVoucher(loan.iou_no, await aDocument(loan.hub, 'bank-1', 'one receipt'))))
  const reused = created(await guarantor(loan).post('/v1/fee-vouchers',
    aFeeVoucher(guarantee_contract_no, await aDocument(loan.hub, 'guarantor-1', 'one receipt'))))
  t.match(reused, { status: 'HELD', findings: [{ code: 'UNDER_REVIEW' }] })
})

t.test('shares of risk are taken under both ways of naming, and have to be a whole; the vintage is the year of the start', async t => {
  const loan = await lent(t, small)
  for (const risk_shares of [{ guarantor: 40, fiscal: 30, bank: 20, re_guarantor: 10 }, { guarantor_pct: '40', fiscal_pct: '30', bank_pct: '20', re_guarantor_pct: '10' }]) {
    const sent = aGuarantee(loan.loan_contract_no, await paper(loan), { risk_shares, vintage_year: 2026, guaranteed_principal: '1000000.00', guarantee_fee_total: '1000.00' })
    t.match(created(await guarantor(loan).post('/v1/guarantee-contracts', sent)), { risk_shares, vintage_year: 2026 })
  }
  const wrong = aGuarantee(loan.loan_contract_no, await paper(loan), { risk_shares: { guarantor: 40, fiscal: 30, bank: 20, re_guarantor: 11 }, vintage_year: 2025 })
  t.match((await guarantor(loan).post('/v1/guarantee-contracts', wrong)).json(), { code: 'rule_broken', errors: [{ pointer: '/vintage_year' }, { pointer: '/risk_shares' }] })
  t.equal((await guarantor(loan).post('/v1/guarantee-contracts', { ...wrong, risk_shares: { guarantor: 40 } })).statusCode, 400)
})
