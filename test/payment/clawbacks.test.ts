/** What falls is taken back, what rises again is paid again: a chain ends at what its facts and audits give, whatever was settled in between. */
import t from 'tap'
import { readArchive, rederive } from '../../scripts/rederive.ts'
import type { Built } from '../helper.ts'
import { anotherLoan, approveAll, approved, done, lines, packetOf, packets, ready, send, submitted, uscc_1 } from '../subsidy/fixtures.ts'
import { approvedBatch, batchOf, declare, paid } from './fixtures.ts'

interface Shown { audited_at: string, lines: { line_no: string, recognised_amount: string }[] }

/** Every sealed packet computed again. */
async function again (hub: Built) {
  const recognised: Record<string, { amount: string, at: string }> = {}
  const archives = []
  for (const { packet_no, status } of await packets(hub)) {
    if (status !== 'APPROVED') continue
    const shown = done<Shown>(await hub.as('meic').get(`/v1/subsidy-packets/${packet_no}`))
    for (const { line_no, recognised_amount } of shown.lines) recognised[line_no] = { amount: recognised_amount, at: shown.audited_at }
    archives.push(readArchive((await hub.as('meic').get(`/v1/subsidy-packets/${packet_no}/archive`)).rawPayload))
  }
  return rederive(archives, recognised)
}

for (const is_settled of [true, false]) {
  t.test(`a supplement on a chain that an audit cut is exact, its claw-back ${is_settled ? 'settled' : 'still open'} before`, async t => {
    const { hub, iou_no } = await ready(t, { now: '2026-06-25T02:00:00.000Z' })
    await declare(hub, 'bank-1')
    const balance = async (yuan: string, interest: string, correction_of?: string) => {
      hub.clock.advance(60_000)
      return send(hub, 'bank-1', iou_no, {
        segments: [{ from: '2026-01-20', to: '2026-03-21', balance: yuan, annual_rate_pct: '3.60' }], normal_interest: interest,
        ...correction_of === undefined ? {} : { correction_of }
      })
    }
    const first = await balance('10000000.00', '60000.00')
    hub.clock.advance(60_000)
    const packet = await submitted(hub, 'bank-1', (await packets(hub))[0]?.packet_no ?? '')
    await approved(hub, packet, { lines: [{ line_no: packet.lines[0]?.line_no, recognised_amount: '25000.00', finding_code: 'FUNDS_DIVERTED', note: '一张发票不属于本项目' }] })
    await paid(hub)
    const second = await balance('4000000.00', '24000.00', first.number as string)
    const clawback = async () => done<{ items: { open: string, offset: string, status: string }[] }>(await hub.as('finance-bureau').get('/v1/clawbacks')).items
    t.match(await clawback(), [{ open: '13000.00', status: 'OPEN' }])
    if (is_settled) {
      await send(hub, 'bank-1', iou_no, { period_start: '2026-03-21', period_end: '2026-06-21', normal_interest: '92000.00', paid_date: '2026-06-21',
        segments: [{ from: '2026-03-21', to: '2026-06-21', balance: '10000000.00', annual_rate_pct: '3.60' }] })
      hub.clock.advance(60_000)
      await approveAll(hub)
      await paid(hub)
      t.match(await clawback(), [{ offset: '13000.00', status: 'SETTLED' }])
    }
    await balance('9000000.00', '54000.00', second.number as string)
    const supplements = async () => (await lines(hub, 'bank-1', '&status=OPEN')).filter(({ supplement_of }) => supplement_of !== null)
    if (is_settled) t.match(await supplements(), [{ amount: '13000.00' }], '27,000.00 are due by the facts, 25,000.00 after the audit, 12,000.00 are there')
    else t.same([await supplements(), (await clawback()).map(({ status }) => status)], [[], ['CANCELLED']])
    hub.clock.advance(60_000)
    await approveAll(hub)
    if (is_settled) await paid(hub)
    const net = (await lines(hub, 'bank-1')).filter(({ status }) => status === 'FROZEN').reduce((sum, { recognised_amount }) => sum + Number(recognised_amount), 0) -
      (await clawback()).reduce((sum, { offset }) => sum + Number(offset), 0)
    t.equal(net, is_settled ? 25_000 + 46_000 : 25_000)
    const receipt = done<{ subsidies: object[], totals: object }>(await hub.as('enterprise-1').get(`/v1/enterprises/${uscc_1}/receipt`))
    t.match(receipt.subsidies[0], { amount: '30000.00', recognised_amount: '25000.00', finding_code: 'FUNDS_DIVERTED', note: '一张发票不属于本项目',
      clawbacks: is_settled ? [{ amount: '13000.00', taken_back: '13000.00' }] : [] }, 'the enterprise reads why less came')
    t.match(receipt.totals, { taken_back: is_settled ? '13000.00' : '0.00' })
    const { differences, left } = await again(hub)
    t.same({ differences, left }, { differences: [], left: 0n })
    t.equal((await packetOf(hub, packet.packet_no)).status, 'APPROVED')
  })
}

t.test('while a correction is held nothing of what was paid is taken back and its place is kept; the decision says what comes', async t => {
  const big = { contract_amount: '3000000000.00', annual_rate_pct: '2.00' }
  const paid_out = { disbursed_date: '2026-03-21' }
  const { hub, iou_no } = await ready(t, { now: '2026-06-25T02:00:00.000Z', contract: big, drawdown: { amount: '2800000000.00', ...paid_out } })
  const other_iou = await anotherLoan(hub, 'bank-2', big, { amount: '1600000000.00', ...paid_out })
  const of = (balance: string, normal_interest: string, over: object = {}) => ({ period_start: '2026-03-21', period_end: '2026-06-19', paid_date: '2026-06-22', normal_interest,
    segments: [{ from: '2026-03-21', to: '2026-06-19', balance, annual_rate_pct: '2.00' }], ...over })
  const first = await send(hub, 'bank-1', iou_no, of('2800000000.00', '14000000.00'))
  await approveAll(hub)
  const held = await send(hub, 'bank-1', iou_no, of('2800000000.00', '14000000.00', { correction_of: first.number, payer_account_name: '别的公司' }))
  t.equal(held.status, 'HELD')
  await send(hub, 'bank-2', other_iou, of('1600000000.00', '8000000.00', { paid_date: '2026-06-20' }))
  const open = async () => done<{ items: { open: string }[] }>(await hub.as('finance-bureau').get('/v1/clawbacks?status=OPEN')).items
  t.same(await open(), [])
  t.match(await lines(hub, 'bank-2'), [{ amount: '3000000.00' }], 'seven million keep their place')
  done(await hub.as('meic', 1).post(`/v1/interest-vouchers/${held.number}/decision`, { decision: 'REJECT', reason: '系代付' }))
  await hub.loops.settle()
  t.same([await open(), (await lines(hub, 'bank-1')).map(({ status, amount }) => [status, amount])], [[], [['FROZEN', '7000000.00']]], 'as if nothing had been sent')
  const lower = await send(hub, 'bank-1', iou_no, of('2400000000.00', '12000000.00', { correction_of: first.number, payer_account_name: '别的公司' }))
  done(await hub.as('meic', 1).post(`/v1/interest-vouchers/${lower.number}/decision`, { decision: 'RELEASE', reason: '户名变更' }))
  await hub.loops.settle()
  t.match(await open(), [{ open: '1000000.00' }])
  t.match(await lines(hub, 'bank-2', '&status=OPEN'), [{ amount: '4000000.00' }], 'what is freed goes to who waits')
})

t.test('what persons and corrections take back of a chain is never more than was recognised of it; a batch that is taken back whole needs no bank', async t => {
  const { hub, iou_no } = await ready(t, { now: '2026-06-25T02:00:00.000Z' })
  await declare(hub, 'bank-1')
  const voucher = (of: 'first' | 'second', balance: string, normal_interest: string, over: object = {}) => {
    hub.clock.advance(60_000)
    const [from, to] = of === 'first' ? ['2026-01-20', '2026-03-21'] : ['2026-03-21', '2026-06-19']
    return send(hub, 'bank-1', iou_no, { period_start: from, period_end: to, paid_date: to, normal_interest, segments: [{ from, to, balance, annual_rate_pct: '3.60' }], ...over })
  }
  const decide = async (line_no: string | undefined, amount: string) => hub.as('finance-bureau', 1).post('/v1/clawbacks', { line_no, amount, reason: '资金挪用' })
  const open = async () => done<{ items: { origin: string, open: string }[] }>(await hub.as('finance-bureau').get('/v1/clawbacks?status=OPEN')).items.map(each => [each.origin, each.open])
  const first = await voucher('first', '10000000.00', '60000.00')
  await approveAll(hub)
  await paid(hub)
  const [line] = await lines(hub, 'bank-1')
  done(await decide(line?.line_no, '20000.00'))
  const second = await voucher('first', '5000000.00', '30000.00', { correction_of: first.number })
  t.same(await open(), [['DECIDED', '20000.00'], ['DERIVED', '10000.00']], '15,000.00 are no longer due, but only 10,000.00 are left')
  const third = await voucher('first', '10000000.00', '60000.00', { correction_of: second.number })
  t.same(await open(), [['DECIDED', '20000.00']])
  await voucher('first', '8000000.00', '48000.00', { correction_of: third.number })
  t.same(await open(), [['DECIDED', '20000.00'], ['DERIVED', '6000.00']])
  t.match((await decide(line?.line_no, '4000.01')).json(), { status: 422, code: 'clawback_over_line', detail: /4000\.00/ })
  done(await decide(line?.line_no, '4000.00'))
  await voucher('second', '6000000.00', '54000.00')
  await approveAll(hub)
  const { batch_no, payments } = await approvedBatch(hub)
  t.match(payments, [{ gross: '27000.00', offset: '27000.00', amount: '0.00' }])
  const instruction = (format: string) => hub.as('finance-bureau').get(`/v1/payment-batches/${batch_no}/instruction?format=${format}`)
  t.match((await instruction('xml')).json(), { status: 422, code: 'nothing_to_pay' }, 'an instruction holds at least one transaction')
  t.equal((await instruction('xlsx')).statusCode, 200)
  t.match(await batchOf(hub, batch_no), { status: 'DONE', payments: [{ status: 'PAID' }] })
})
