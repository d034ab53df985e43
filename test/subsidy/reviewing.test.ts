/** The assigned auditor is told why evidence was under review, as a code and without another's data; who sends and who pays is not. */
import t from 'tap'
import { aDocument } from '../lending/fixtures.ts'
import { anotherLoan, done, packets, ready, send, submitted } from './fixtures.ts'

interface Shown { lines: { voucher_no: string, review: { code: string, message: string }[] }[] }

t.test('a receipt that another bank had sent shows the auditor a coded finding and the reason of the release, and nothing of the other bank', async t => {
  const { hub, iou_no } = await ready(t)
  const second = await anotherLoan(hub, 'bank-2')
  const first = await send(hub, 'bank-1', iou_no, { document_no: await aDocument(hub, 'bank-1', 'one receipt') })
  const held = await send(hub, 'bank-2', second, { document_no: await aDocument(hub, 'bank-2', 'one receipt') })
  t.equal(held.status, 'HELD')
  const reason = '系同一笔扣款的补打回单，已向银行核实'
  done(await hub.as('meic', 1).post(`/v1/interest-vouchers/${held.number}/decision`, { decision: 'RELEASE', reason }))
  await hub.loops.settle()
  const drafts = await packets(hub, 'meic', '&status=DRAFT')
  const draft = drafts.find(({ participant_no }) => participant_no === 'bank-2')
  const packet = await submitted(hub, 'bank-2', draft?.packet_no ?? '')
  const path = `/v1/subsidy-packets/${packet.packet_no}`
  done(await hub.as('meic', 1).post(`${path}/assign`, { auditor_no: 'auditor-1', conflict_of_interest_declared: true }))

  const answer = await hub.as('auditor-1', 1).get(path)
  const [line] = done<Shown>(answer).lines
  t.same(line?.review.map(({ code }) => code), ['RECEIPT_REUSED', 'RELEASED'])
  t.equal(line?.review[1]?.message, reason)
  for (const foreign of ['bank-1', String(first.number), String(first.voucher_no), iou_no]) t.notOk(answer.body.includes(foreign), `${foreign} is not told`)
  t.same(done<Shown>(await hub.as('meic', 1).get(path)).lines[0]?.review, line?.review, 'the commission reads the same here, and whose it was in its feed')
  for (const who of ['bank-2', 'finance-bureau']) t.same(done<Shown>(await hub.as(who, 1).get(path)).lines[0]?.review, [], who)
  t.equal((await hub.as('auditor-2', 1).get(path)).statusCode, 404, 'another auditor reads nothing')
})

t.test('evidence that nobody used before has nothing to review', async t => {
  const { hub, iou_no } = await ready(t)
  await send(hub, 'bank-1', iou_no)
  const [draft] = await packets(hub, 'meic', '&status=DRAFT')
  const packet = await submitted(hub, 'bank-1', draft?.packet_no ?? '')
  done(await hub.as('meic', 1).post(`/v1/subsidy-packets/${packet.packet_no}/assign`, { auditor_no: 'auditor-1', conflict_of_interest_declared: true }))
  t.same(done<Shown>(await hub.as('auditor-1', 1).get(`/v1/subsidy-packets/${packet.packet_no}`)).lines[0]?.review, [])
})
