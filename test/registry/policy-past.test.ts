/** A new notice takes the place of the current version before its end, and what was paid before stays as it was. */
import t from 'tap'
import { aVoucher, created, lent } from '../lending/fixtures.ts'
import { lines, listProject } from '../subsidy/fixtures.ts'

const path = '/v1/policies/TECH_RENO_LOAN/versions'

t.test('a line follows the version of its paid date, whenever it is derived again', async t => {
  const { hub, iou_no, document_no } = await lent(t)
  await listProject(hub)
  created(await hub.as('bank-1').post('/v1/interest-vouchers', aVoucher(iou_no, document_no)))
  await hub.loops.settle()
  const before = await lines(hub, 'bank-1')
  t.match(before, [{ amount: '30000.00', status: 'OPEN' }])

  const notice = {
    version: '2026-04-01.1', title: 'New notice', title_zh: '新通知', effective_from: '2026-04-01', effective_to: '2027-12-31', supersedes: '2024-06-09.1',
    parameters: { subsidy_share_of_rate_pct: '25' }
  }
  created(await hub.as('meic', 1).post(path, notice))
  t.equal((await hub.as('meic', 1).post(`${path}/${notice.version}/confirm`, undefined)).json().code, 'own_work')
  t.equal((await hub.as('meic', 2).post(`${path}/${notice.version}/confirm`, undefined)).json().status, 'CONFIRMED')
  const { items } = (await hub.as('bank-1').get('/v1/policies?policy_code=TECH_RENO_LOAN')).json()
  t.match(items, [{ version: '2024-06-09.1', effective_from: '2024-06-09', effective_to: '2026-03-31' }, { version: '2026-04-01.1', supersedes: '2024-06-09.1' }])

  hub.clock.set('2026-06-25T02:00:00.000Z')
  await hub.loops.settle()
  t.same((await lines(hub, 'bank-1')).map(({ line_no, amount }) => [line_no, amount]), before.map(({ line_no, amount }) => [line_no, amount]), 'the paid quarter stays')

  const document = (await hub.as('bank-1').upload('/v1/documents', { name: 'b.pdf', bytes: Buffer.from('second receipt'), type: 'application/pdf' })).json().document_no as string
  created(await hub.as('bank-1').post('/v1/interest-vouchers', aVoucher(iou_no, document, {
    period_start: '2026-03-21', period_end: '2026-06-21', normal_interest: '92000.00', paid_date: '2026-06-21',
    segments: [{ from: '2026-03-21', to: '2026-06-21', balance: '10000000.00', annual_rate_pct: '3.60' }]
  })))
  await hub.loops.settle()
  t.match((await lines(hub, 'bank-1')).map(({ amount }) => amount).sort(), ['23000.00', '30000.00'], 'a quarter of the rate from April on')
})

t.test('a third version fits between two only without a common day, and the superseded past cannot be superseded again', async t => {
  const { hub } = await lent(t)
  const version = (no: string, effective_from: string, over: object = {}) => ({ version: no, title: 'V', title_zh: '版本', effective_from, effective_to: '2027-12-31', supersedes: '2024-06-09.1', ...over })
  const confirmed = async (body: { version: string }) => {
    created(await hub.as('meic', 1).post(path, body))
    return (await hub.as('meic', 2).post(`${path}/${body.version}/confirm`, undefined)).statusCode
  }
  t.equal(await confirmed(version('second', '2026-07-01')), 200)
  t.equal((await hub.as('meic', 1).post(path, version('third', '2026-05-01'))).json().code, 'period_overlap', 'it would run into the second')
  t.equal(await confirmed(version('third', '2026-05-01', { effective_to: '2026-06-30' })), 200)
  t.equal((await hub.as('meic', 1).post(path, version('fourth', '2026-05-01', { effective_to: '2026-07-31', supersedes: 'third' }))).json().code, 'period_overlap', 'nor may what replaces it')
  const on = async (day: string) => (await hub.as('bank-1').get(`/v1/policies/TECH_RENO_LOAN?on=${day}`)).json().version
  t.same([await on('2026-04-30'), await on('2026-05-01'), await on('2026-06-30'), await on('2026-07-01')], ['2024-06-09.1', 'third', 'third', 'second'])
})
