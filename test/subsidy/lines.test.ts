import t from 'tap'
import { clawback_ledger } from '../../src/payment/clawbacks/service.ts'
import { deriveDue, type Owner } from '../../src/subsidy/lines/deriving.ts'
import type { ReadSql } from '../../src/db/db.ts'
import { dueMarks, mark } from '../../src/lending/marks.ts'
import { findLine, insertLine, type SubsidyLine } from '../../src/subsidy/lines/store.ts'
import { upsertEnterprise } from '../../src/intake/enterprises/store.ts'
import { build } from '../helper.ts'
import { aDocument, aVoucher, authorize, created, knowEnterprise, lent, name_1, project_1, uscc_1 } from '../lending/fixtures.ts'
import { listProject, lines, packets, ready, send, anotherLoan, done, passLibrary } from './fixtures.ts'
import { aProject } from '../fixtures.ts'

t.test('a voucher becomes a line with its trace, and its quarter a draft packet', async t => {
  const { hub, iou_no } = await ready(t)
  await send(hub, 'bank-1', iou_no)
  const [line] = await lines(hub, 'bank-1')
  t.match(line, { kind: 'LOAN_INTEREST', status: 'OPEN', amount: '30000.00', eligible_interest: '60000.00', period: '2026Q1', year: 2026,
    payment_status: 'NOT_DUE', payee_uscc: uscc_1 })
  const full = done(await hub.as('bank-1').get(`/v1/subsidy-lines/${line?.line_no}`)) as { trace: { rule_id: string, clause: string }[] }
  t.same(full.trace.map(({ rule_id }) => rule_id), ['A-12', 'L-02', 'L-01', 'L-03', 'L-06a', 'L-04', 'L-05', 'L-06'])
  t.match(await packets(hub, 'bank-1'), [{ status: 'DRAFT', period: '2026Q1', claimed_amount: '30000.00', line_count: 1,
    packet_no: line?.packet_no }])
})

t.test('a line is blocked with the missing fact named until the project is listed', async t => {
  const { hub, iou_no } = await lent(t)
  await send(hub, 'bank-1', iou_no)
  const [blocked] = await lines(hub, 'bank-1')
  t.equal(blocked?.status, 'BLOCKED')
  t.same(blocked?.blocked_by.map(({ rule_id }) => rule_id), ['E-03', 'E-04'])
  const [draft] = await packets(hub, 'bank-1')
  const tag = String((await hub.as('bank-1').get(`/v1/subsidy-packets/${draft?.packet_no}`)).headers.etag)
  const again = async () => (await hub.as('bank-1').get(`/v1/subsidy-packets/${draft?.packet_no}`, { 'if-none-match': tag })).statusCode
  t.equal(await again(), 304)
  t.match((await hub.as('bank-1').post(`/v1/subsidy-packets/${draft?.packet_no}/submit`, {})).json(),
    { status: 422, code: 'packet_empty', errors: [{ code: /./ }] })
  done(await hub.as('enterprise-1', 1).post('/v1/projects', aProject()))
  await hub.loops.settle()
  t.match(await lines(hub, 'bank-1'), [{ status: 'BLOCKED', blocked_by: [{ rule_id: 'E-04' }] }])
  await passLibrary(hub)
  await hub.loops.settle()
  t.match(await lines(hub, 'bank-1'), [{ status: 'OPEN', blocked_by: [], line_no: blocked?.line_no }])
  t.equal(await again(), 200, 'the packet shows the line open, though its sum is the same')
})

t.test('an investment below the threshold blocks with its code', async t => {
  const { hub, iou_no } = await lent(t)
  await listProject(hub, { total_investment: '1300000.00', land_cost: '310000.00' })
  await send(hub, 'bank-1', iou_no)
  t.match(await lines(hub, 'bank-1'), [{ status: 'BLOCKED', blocked_by: [{ rule_id: 'E-03', code: 'PROJECT_BELOW_THRESHOLD' }] }])
})

t.test('a line waits for the industry of its enterprise and opens when it is known', async t => {
  const { hub, iou_no } = await lent(t)
  await hub.db.write(async (sql, now) => upsertEnterprise(sql, now, 'enterprise-1', true, {
    uscc: uscc_1, name: name_1, region_code: null, industry_code: '6513', size_class: null, employees: null, revenue_fen: null, tags: [],
      contact_name: null, contact_phone: null
  }))
  await listProject(hub)
  await send(hub, 'bank-1', iou_no)
  t.match(await lines(hub, 'bank-1'), [{ status: 'BLOCKED', blocked_by: [{ rule_id: 'E-01', code: 'NOT_MANUFACTURING' }] }])
  await hub.db.write(async (sql, now) => upsertEnterprise(sql, now, 'enterprise-1', true, {
    uscc: uscc_1, name: name_1, region_code: null, industry_code: '3411', size_class: null, employees: null, revenue_fen: null, tags: [],
      contact_name: null, contact_phone: null
  }))
  await hub.loops.settle()
  t.match(await lines(hub, 'bank-1'), [{ status: 'OPEN' }])
})

t.test('two banks share the project ceiling by the day of payment, whichever arrives first', async t => {
  const big = { contract_amount: '3000000000.00', annual_rate_pct: '2.00' }
  const paid_out = { disbursed_date: '2026-03-21' }
  const { hub, iou_no } = await ready(t, { contract: big, drawdown: { amount: '2800000000.00', ...paid_out },
    now: '2026-06-25T02:00:00.000Z' })
  const other = await anotherLoan(hub, 'bank-2', big, { amount: '1600000000.00', ...paid_out })
  const period = { period_start: '2026-03-21', period_end: '2026-06-19' }
  const segments = (balance: string) => [{ from: '2026-03-21', to: '2026-06-19', balance, annual_rate_pct: '2.00' }]
  await send(hub, 'bank-2', other, { ...period, segments: segments('1600000000.00'), normal_interest: '8000000.00',
    paid_date: '2026-06-22' })
  t.match(await lines(hub), [{ participant_no: 'bank-2', amount: '4000000.00' }])
  await send(hub, 'bank-1', iou_no, { ...period, segments: segments('2800000000.00'), normal_interest: '14000000.00',
    paid_date: '2026-06-21' })
  const live = (await lines(hub)).filter(({ status }) => status !== 'SUPERSEDED')
  t.same(Object.fromEntries(live.map(({ participant_no, amount }) => [participant_no, amount])),
    { 'bank-1': '7000000.00', 'bank-2': '3000000.00' })
  const ceilings = done(await hub.as('bank-2').get(`/v1/ceilings?uscc=${uscc_1}&project_code=${project_1}&year=2026`)) as { lines: { participant_no: string }[] }
  t.match(ceilings, { ceilings: [{ kind: 'LOAN_INTEREST', rule_id: 'L-05', cap: '10000000.00', granted: '10000000.00', left: '0.00' },
    { kind: 'LEASE' }, { kind: 'GUARANTEE_FEE', span: 'LIFETIME' }] })
  const of_loans = async (who: string) => done<{ ceilings: { rule_id: string, cap: string, granted: string, left: string }[] }>(
    await hub.as(who).get(`/v1/ceilings?uscc=${uscc_1}&project_code=${project_1}&year=2026`)).ceilings.filter(({ rule_id }) => rule_id === 'L-04')
  t.equal((await of_loans('meic')).length, 2)
  t.equal((await of_loans('bank-2')).length, 1, 'a bank sees the ceiling of its own loan')
  for (const { cap, granted, left } of await of_loans('meic')) t.equal(Number(cap), Number(granted) + Number(left))
  t.same([...new Set(ceilings.lines.map(({ participant_no }) => participant_no))], ['bank-2'], 'no line of the other bank')
})

t.test('a correction supersedes the line; what stands is derived anew, never updated', async t => {
  const { hub, iou_no } = await ready(t)
  const voucher = await send(hub, 'bank-1', iou_no)
  const [before] = await lines(hub, 'bank-1')
  await send(hub, 'bank-1', iou_no, {
    correction_of: voucher.voucher_no, normal_interest: '54000.00',
      segments: [{ from: '2026-01-20', to: '2026-03-21', balance: '9000000.00', annual_rate_pct: '3.60' }]
  })
  const after = await lines(hub, 'bank-1')
  t.match(after, [{ line_no: before?.line_no, status: 'SUPERSEDED', amount: '30000.00' }, { status: 'OPEN', amount: '27000.00',
    packet_no: before?.packet_no }])
  t.match(await packets(hub, 'bank-1'), [{ claimed_amount: '27000.00', line_count: 1 }])
  await hub.db.write(async sql => {
    const superseded = await findLine(sql, before?.line_no ?? '') as SubsidyLine
    for (let index = 0; index < 200; index++) await insertLine(sql, { ...superseded, line_no: `line_0${String(index).padStart(3, '0')}` })
  })
  t.match(done<{ lines: object[] }>(await hub.as('bank-1').get(`/v1/ceilings?uscc=${uscc_1}&project_code=${project_1}&year=2026`)).lines,
    [{ line_no: after[1]?.line_no }], 'what stands is shown beside the ceilings, however much was superseded')
})

t.test('land does not count, the loan ceiling holds over a year of 365 days', async t => {
  const { hub, iou_no } = await ready(t, { contract: { land_amount: '2000000.00' }, drawdown: { land_amount: '2000000.00' } })
  await send(hub, 'bank-1', iou_no)
  t.match(await lines(hub, 'bank-1'), [{ amount: '24000.00', eligible_interest: '48000.00' }])
})

t.test('nobody sees the lines of another institution or enterprise', async t => {
  const { hub, iou_no } = await ready(t)
  await send(hub, 'bank-1', iou_no)
  const [line] = await lines(hub, 'enterprise-1')
  t.ok(line)
  for (const who of ['bank-2', 'enterprise-2', 'auditor-1', 'guarantor-1']) {
    t.same(await lines(hub, who), [], who)
    t.equal((await hub.as(who).get(`/v1/subsidy-lines/${line?.line_no}`)).statusCode, 404)
    t.equal((await hub.as(who).get(`/v1/ceilings?uscc=${uscc_1}&project_code=${project_1}`)).statusCode, 404)
  }
  t.equal((await hub.as('park-1').get('/v1/subsidy-lines')).statusCode, 403)
  t.equal((await hub.as('finance-bureau').get(`/v1/subsidy-lines/${line?.line_no}`)).statusCode, 200)
})

t.test('forty vouchers, sent and derived at once, fill the ceiling to the fen and not beyond', async t => {
  const hub = await build(t, { now: '2026-06-25T02:00:00.000Z' })
  await authorize(hub)
  await knowEnterprise(hub)
  await listProject(hub)
  const ious = []
  for (let index = 0; index < 40; index++) ious.push(await anotherLoan(hub, index % 2 === 0 ? 'bank-1' : 'bank-2',
    { contract_amount: '200000000.00', annual_rate_pct: '4.00' }, { amount: '200000000.00', disbursed_date: '2026-03-21' }))
  const documents = await Promise.all(ious.map((_, index) => aDocument(hub, index % 2 === 0 ? 'bank-1' : 'bank-2')))
  const period = { period_start: '2026-03-21', period_end: '2026-06-21', normal_interest: '2044444.44', paid_date: '2026-06-21',
    segments: [{ from: '2026-03-21', to: '2026-06-21', balance: '200000000.00', annual_rate_pct: '4.00' }] }
  await Promise.all(ious.map(async (iou_no, index) => {
    created(await hub.as(index % 2 === 0 ? 'bank-1' : 'bank-2').post('/v1/interest-vouchers', aVoucher(iou_no, documents[index] ?? '', period)))
    await deriveDue(hub.db, clawback_ledger)
  }))
  await hub.loops.settle()
  const live = (await lines(hub)).filter(({ status }) => status === 'OPEN')
  t.equal(live.length, 40)
  t.equal(live.reduce((sum, { amount }) => sum + Math.round(Number(amount) * 100), 0), 1_000_000_000)
})

t.test('a project that cannot be derived holds up no other and stays due', async t => {
  const hub = await build(t)
  const other = '2606-500157-07-02-199999'
  await hub.db.write(async (sql, now) => {
    for (const project_code of [project_1, other]) await mark(sql, now, uscc_1, project_code, 'LOAN_INTEREST')
  })
  const failing = { ...clawback_ledger, of: async (sql: ReadSql, owner: Owner, chains: readonly string[]) => {
    if (owner.project_code === project_1) throw new Error('cannot be read')
    return clawback_ledger.of(sql, owner, chains)
  } }
  await t.rejects(deriveDue(hub.db, failing), /cannot be read/)
  t.same((await dueMarks(hub.db.read, 10)).map(({ project_code }) => project_code), [project_1])
  await deriveDue(hub.db, clawback_ledger)
  t.same(await dueMarks(hub.db.read, 10), [])
})

t.test('prepayment, overdue, extension, land, repricing, national subsidy and part payment reach the lines to the fen (domain notes §8)', async t => {
  const { hub } = await ready(t, { now: '2026-06-25T02:00:00.000Z' })
  const [from, to] = ['2026-03-21', '2026-06-21']
  const loan = async (amount: string, annual_rate_pct: string, drawdown: object = {}) => anotherLoan(hub, 'bank-1',
    { contract_amount: '60000000.00', land_amount: '6000000.00', annual_rate_pct }, { amount, disbursed_date: from, ...drawdown })
  const days = (start: string, end: string, balance: string, annual_rate_pct: string, kind?: string) => ({ from: start, to: end, balance, annual_rate_pct, ...kind === undefined ? {} : { kind } })
  const event = (date: string, kind: string, amount: string) => ({ date, kind, amount })
  const cases: [string, string, Record<string, unknown>, string, string | null][] = [
    ['8: partial prepayment', await loan('20000000.00', '4.20', { balance_events: [event('2026-05-10', 'PREPAY', '5000000.00')] }),
      { normal_interest: '190166.67', segments: [days(from, '2026-05-10', '20000000.00', '4.20'), days('2026-05-10', to, '15000000.00', '4.20')] }, '90555.56', '190166.67'],
    ['9: overdue part', await loan('10000000.00', '4.00', { balance_events: [event('2026-05-20', 'TRANSFER_OVERDUE', '3000000.00'), event('2026-06-10', 'REPAY', '3000000.00')] }),
      { normal_interest: '91555.56', penalty_interest: '10500.00', segments: [days(from, '2026-05-20', '10000000.00', '4.00'), days('2026-05-20', to, '7000000.00', '4.00')] }, '45777.78', '91555.56'],
    ['an extended term is stated and not subsidised (A-12)', await loan('10000000.00', '4.00', { maturity_date: '2026-05-20' }),
      { normal_interest: '102222.22', reason: '已办理展期', segments: [days(from, '2026-05-20', '10000000.00', '4.00'), days('2026-05-20', to, '10000000.00', '4.00', 'EXTENDED')] }, '33333.33', '66666.67'],
    ['10: land share', await loan('30000000.00', '3.80', { land_amount: '6000000.00' }), { normal_interest: '291333.33', segments: [days(from, to, '30000000.00', '3.80')] }, '116533.33', '233066.67'],
    ['11: repricing', await loan('10000000.00', '4.10', { rate_segments: [{ from, to: '2026-05-21', annual_rate_pct: '4.10' }, { from: '2026-05-21', to, annual_rate_pct: '3.90' }] }),
      { normal_interest: '103055.56', segments: [days(from, '2026-05-21', '10000000.00', '4.10'), days('2026-05-21', to, '10000000.00', '3.90')] }, '50680.56', '103055.56'],
    ['12: national subsidy', await loan('10000000.00', '2.80'), { normal_interest: '71555.56', national_subsidy_deducted: '38333.33', segments: [days(from, to, '10000000.00', '2.80')] }, '33222.23', '71555.56'],
    ['L-06a: half of it paid', await loan('10000000.00', '3.60'), { normal_interest: '92000.00', normal_interest_paid: '46000.00', is_partial_payment: true, segments: [days(from, to, '10000000.00', '3.60')] }, '23000.00', null]
  ]
  for (const [name, iou_no, over, amount, eligible_interest] of cases) {
    let voucher = await send(hub, 'bank-1', iou_no, { period_start: from, period_end: to, paid_date: to, ...over })
    if (voucher.status === 'HELD') voucher = await send(hub, 'bank-1', iou_no, { period_start: from, period_end: to, paid_date: to, ...over, correction_of: voucher.number })
    t.equal(voucher.status, 'ACCEPTED', `${name}: ${JSON.stringify(voucher.findings)}`)
    t.match(await lines(hub, 'bank-1', `&status=OPEN&voucher_no=${voucher.voucher_no}`), [{ amount, ...eligible_interest === null ? {} : { eligible_interest } }], name)
  }
})
