/** What no feature may give away: equal bytes, receipts used elsewhere, names from another door, products of another's policy (contract §2). */
import t from 'tap'
import { aRow } from '../fixtures.ts'
import { build, type Built } from '../helper.ts'
import { aDocument, aDrawdown, aLoanContract, aPolicy, aVoucher, created, lent, project_1, uscc_1 } from '../lending/fixtures.ts'
import { done, listProject } from '../subsidy/fixtures.ts'

t.test('the same bytes have one number for one participant and another for another', async t => {
  const hub = await build(t)
  const [first, again, other] = [await aDocument(hub, 'bank-1', 'bytes'), await aDocument(hub, 'bank-1', 'bytes'), await aDocument(hub, 'bank-2', 'bytes')]
  t.equal(first, again)
  t.not(first, other)
  const missing = await hub.as('bank-2').get('/v1/documents/doc_01JB2Q8Z6V7K3M5N9P4R1S0ZZZ')
  const foreign = await hub.as('bank-2').get(`/v1/documents/${first}`)
  t.same({ ...foreign.json(), trace_id: '' }, { ...missing.json(), trace_id: '' })
})

t.test('a receipt used elsewhere is under review for the bank; the commission hears whose it was', async t => {
  const { hub, iou_no } = await lent(t)
  const first = created(await hub.as('bank-1').post('/v1/interest-vouchers', aVoucher(iou_no, await aDocument(hub, 'bank-1', 'one receipt'))))
  const contract = aLoanContract(await aDocument(hub, 'bank-2'))
  created(await hub.as('bank-2').post('/v1/loan-contracts', contract))
  const drawdown = aDrawdown(contract.loan_contract_no)
  created(await hub.as('bank-2').post('/v1/drawdowns', drawdown))
  const second = await hub.as('bank-2').post('/v1/interest-vouchers', aVoucher(drawdown.iou_no, await aDocument(hub, 'bank-2', 'one receipt')))
  t.match(second.json(), { status: 'HELD', findings: [{ code: 'UNDER_REVIEW' }] })
  await hub.loops.settle()
  const told = async (who: string) => (await hub.as(who).get('/v1/events?limit=200')).json() as { items: { type: string, subject: string, data: unknown }[] }
  for (const who of ['bank-2', 'enterprise-1']) {
    const text = JSON.stringify([second.json(), await told(who), (await hub.as(who).get('/v1/audit-log?limit=200')).json()])
    t.notMatch(text, /RECEIPT_REUSED|evidence\.reused/, `${who} does not learn why`)
    if (who === 'bank-2') t.notMatch(text, String(first.number))
  }
  t.match((await told('meic')).items.filter(({ type }) => type === 'evidence.reused'), [{
    subject: second.json().number, data: { participant_no: 'bank-2', reasons: [{ code: 'RECEIPT_REUSED', first_participant_no: 'bank-1', first_number: first.number }] }
  }])
})

async function findings (hub: Built, park: string, name: string): Promise<{ outcome: string, findings: { code: string, message: string, message_zh: string }[] }> {
  const { list_no } = done<{ list_no: string }>(await hub.as(park).post('/v1/enterprise-lists', { rows: [aRow({ name })] }))
  for (let tries = 0; tries < 400; tries++) {
    await hub.loops.settle()
    if (done<{ status: string }>(await hub.as(park).get(`/v1/enterprise-lists/${list_no}`)).status === 'DECIDED') break
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  const { items } = done<{ items: { outcome: string, findings: { code: string, message: string, message_zh: string }[] }[] }>(await hub.as(park).get(`/v1/enterprise-lists/${list_no}/rows`))
  return items[0] ?? { outcome: 'NONE', findings: [] }
}

t.test('a name that differs from an earlier one is a remark; the earlier name only for the park that sent it', async t => {
  const hub = await build(t)
  t.same((await findings(hub, 'park-1', '重庆云岭旧名机械有限公司')).findings.map(({ code }) => code).filter(code => /NAME/.test(code)), [])
  const elsewhere = await findings(hub, 'park-2', '重庆云岭新名机械有限公司')
  t.equal(elsewhere.outcome, 'ACCEPTED_WITH_REMARK')
  t.ok(elsewhere.findings.some(({ code }) => code === 'NAME_DIFFERS'), JSON.stringify(elsewhere.findings))
  t.notMatch(JSON.stringify(elsewhere.findings), /旧名|park-1/)
  const own = await findings(hub, 'park-1', '重庆云岭新名机械有限公司')
  t.match(own.findings.find(({ code }) => code === 'NAME_DIFFERS_FROM_EARLIER')?.message ?? '', /旧名/)
})

t.test('ceilings show sums: no product of another’s policy, no line of another', async t => {
  const { hub, iou_no } = await lent(t)
  await listProject(hub)
  created(await hub.as('bank-1').post('/v1/interest-vouchers', aVoucher(iou_no, await aDocument(hub))))
  created(await hub.as('insurer-1').post('/v1/insurance-policies', aPolicy(await aDocument(hub, 'insurer-1'), { product_name: '首台套示范产品' })))
  await hub.loops.settle()
  const ceilings = async (who: string) => hub.as(who).get(`/v1/ceilings?uscc=${uscc_1}&project_code=${project_1}&year=2026`)
  const [bank, enterprise] = [await ceilings('bank-1'), await ceilings('enterprise-1')]
  t.notMatch(bank.body, /示范产品/)
  t.match(bank.json().ceilings.find(({ kind }: { kind: string }) => kind === 'PREMIUM'), { scope: 'FIRST_SET_EQUIPMENT' })
  t.ok(bank.json().lines.every(({ participant_no }: { participant_no: string }) => participant_no === 'bank-1'))
  t.match(enterprise.body, /示范产品/, 'the enterprise sees its own')
  t.equal((await ceilings('bank-2')).statusCode, 404, 'who is not involved sees nothing')
})
