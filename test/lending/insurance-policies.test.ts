import t from 'tap'
import { paidPolicies } from '../../src/lending/insurance-policies/store.ts'
import { dueMarks } from '../../src/lending/marks.ts'
import { build } from '../helper.ts'
import { aDocument, aPolicy, authorize, created, knowEnterprise, name_2, project_1, uscc_1 } from './fixtures.ts'

async function insuring (t: Parameters<typeof build>[0]) {
  const hub = await build(t)
  await authorize(hub)
  await knowEnterprise(hub)
  return { hub, document_no: await aDocument(hub, 'insurer-1') }
}

t.test('a policy with its paid premium is accepted and due for derivation', async t => {
  const { hub, document_no } = await insuring(t)
  const policy = created(await hub.as('insurer-1').post('/v1/insurance-policies', aPolicy(document_no, { product_name: '首台（套）智能压铸机组' })))
  t.match(policy, { status: 'ACCEPTED', project_code: null, findings: [], superseded_by: null })
  t.match(await dueMarks(hub.db.read, 10), [{ uscc: uscc_1, project_code: '', kind: 'PREMIUM' }])
  t.match(await paidPolicies(hub.db.read, uscc_1, null), [{ number: policy.number, insurance_kind: 'FIRST_SET_EQUIPMENT',
    annual_premium_fen: 360_000_000, insured_fen: 12_000_000_000, product: '首台（套）智能压铸机组' }])
  t.equal((await hub.as('enterprise-1').get(`/v1/insurance-policies/${policy.number}`)).statusCode, 200)
  t.equal((await hub.as('enterprise-2').get(`/v1/insurance-policies/${policy.number}`)).statusCode, 404)
  const corrected = created(await hub.as('insurer-1').post('/v1/insurance-policies',
    aPolicy(document_no, { correction_of: policy.policy_no, annual_premium: '3500000.00' })))
  t.match(corrected, { status: 'ACCEPTED' }, 'its own receipt proves the correction too')
  const once_more = created(await hub.as('insurer-1').post('/v1/insurance-policies', aPolicy(document_no, { correction_of: corrected.number })))
  t.match(once_more, { status: 'ACCEPTED' })
  t.same((await paidPolicies(hub.db.read, uscc_1, '')).map(each => each.number), [once_more.number])
})

t.test('every broken rule refuses a policy', async t => {
  const { hub, document_no } = await insuring(t)
  const { insured_amount: _insured_amount, ...without_amount } = aPolicy(document_no)
  const insurer = hub.as('insurer-1')
  t.match((await insurer.post('/v1/insurance-policies', without_amount)).json(),
    { code: 'rule_broken', errors: [{ code: 'INSURED_AMOUNT_MISSING' }] })
  const cases: [Record<string, unknown>, number, string][] = [
    [{ insured_uscc: '91500112MAXX00016Q' }, 422, 'uscc_check_digit'],
    [{ annual_premium: '0.00' }, 422, 'amount_not_positive'],
    [{ policy_end: '2026-03-01' }, 422, 'period_reversed'],
    [{ paid_date: '2026-03-19' }, 422, 'paid_date_in_future'],
    [{ insurance_kind: 'RENOVATION_COST_LOSS' }, 422, 'rule_broken'],
    [{ insurance_kind: 'HEALTH' }, 400, 'invalid_request'],
    [{ document_no: await aDocument(hub, 'bank-1') }, 422, 'document_unknown'],
    [{ insured_uscc: '91500115MAXX00023Y' }, 403, 'authorization_missing']
  ]
  for (const [changes, status, code] of cases) t.match((await insurer.post('/v1/insurance-policies', aPolicy(document_no, changes))).json(),
    { status, code }, code)
  t.match(created(await insurer.post('/v1/insurance-policies', aPolicy(document_no, { insurance_kind: 'RENOVATION_COST_LOSS',
    project_code: project_1 }))), { status: 'ACCEPTED' })
  t.match(created(await insurer.post('/v1/insurance-policies', aPolicy(await aDocument(hub, 'insurer-1'), { payer_account_name: name_2 }))),
    { status: 'HELD', findings: [{ code: 'NAME_MISMATCH' }] }, 'somebody else paid')
})

t.test('one receipt does not prove two policies', async t => {
  const { hub, document_no } = await insuring(t)
  created(await hub.as('insurer-1').post('/v1/insurance-policies', aPolicy(document_no)))
  t.match(created(await hub.as('insurer-1').post('/v1/insurance-policies', aPolicy(document_no))),
    { status: 'HELD', findings: [{ code: 'UNDER_REVIEW' }] })
})

t.test('an authorization without the scope of insurance carries no policy', async t => {
  const hub = await build(t)
  await authorize(hub, { scopes: ['CREDIT_CONTRACT', 'INTEREST_PAYMENT'] })
  const answer = await hub.as('insurer-1').post('/v1/insurance-policies', aPolicy(await aDocument(hub, 'insurer-1')))
  t.match(answer.json(), { status: 403, code: 'authorization_missing' })
})
