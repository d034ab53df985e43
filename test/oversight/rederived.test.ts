/** Every figure of every report, computed again from the raw lists by a script that knows nothing of the hub; and the same bytes again. */
import t, { type Test } from 'tap'
import { pino } from 'pino'
import { eq } from 'drizzle-orm'
import { rederiveReports, type Read } from '../../scripts/rederive-reports.ts'
import { buildApp } from '../../src/app.ts'
import { lead_events } from '../../src/matching/leads/store.ts'
import { participants } from '../../src/registry/participants/store.ts'
import { REPORT_FORMATS, REPORT_NAMES, SOURCE_NAMES } from '../../src/oversight/reports/schema.ts'
import type { Built } from '../helper.ts'
import { financing_needs, need_sources } from '../../src/intake/financing-needs/store.ts'
import { aNeed } from '../fixtures.ts'
import { authorize, created } from '../lending/fixtures.ts'
import { aFilledQuarter } from './a-filled-quarter.ts'
import { allOf, passed, type ReportBody } from './answers.ts'
import type { Quarter } from './a-quarter.ts'

t.setTimeout(120_000)
let quarter: Quarter
t.before(async () => {
  quarter = await aFilledQuarter(t)
  // The district has enterprises of its own to look at.
  await quarter.hub.db.write(async sql => { await sql.update(participants).set({ region_code: '500157' }).where(eq(participants.participant_no, 'district-meic-1')) })
})

const readerOf = (hub: Built, change: (report: ReportBody) => void = () => undefined): Read => async <T>(who: string, path: string): Promise<T> => {
  const body = passed<T>(await hub.as(who).get(path))
  if (path.startsWith('/v1/reports/')) change(body as ReportBody)
  return body
}

t.test('every figure of every report is that of the raw lists', async t => {
  const { reports, figures, differences } = await rederiveReports(readerOf(quarter.hub), '2026-01-01', '2026-04-01')
  t.same(differences, [])
  t.equal(reports, REPORT_NAMES.length)
  t.comment(`${figures} figures`)
  t.ok(figures > 700)
})

t.test('the world has something of everything', async (t: Test) => {
  const rows = async (report: string) => passed<ReportBody>(await quarter.hub.as('meic').get(`/v1/reports/${report}?period=2026Q1`)).rows
  for (const report of REPORT_NAMES) {
    const found = await rows(report)
    const columns = [...new Set(found.flatMap(row => Object.keys(row)))].filter(column => !['suppressed', 'suppressed_columns', 'basis'].includes(column))
    t.same(columns.filter(column => found.every(row => row[column] === null || row[column] === 0 || row[column] === '0.00' || row[column] === undefined)), [], `${report}: every column is met`)
  }
})

t.test('what one or two enterprises get is no statistic, whatever state their money is in', async t => {
  const { rows, totals } = passed<ReportBody>(await quarter.hub.as('regulator-viewer').get('/v1/reports/subsidy-progress?period=2026Q1'))
  t.match(rows.find(({ kind }) => kind === 'LOAN_INTEREST'), { lines: 3, enterprises: 3, blocked: null, open: '0.00', frozen: null, approved: null, paid: null },
    'three enterprises, of which one is blocked, one waits and one is paid')
  t.match(totals.find(({ group }) => group === 'LINES'), { lines: 7, blocked: null, open: null, frozen: null, approved: null, paid: null })
})

t.test('one fen more in any report is noticed', async t => {
  for (const report of REPORT_NAMES) {
    const { differences } = await rederiveReports(readerOf(quarter.hub, body => {
      if ((body as unknown as { report: string }).report !== report) return
      const row = body.rows.find(each => Object.values(each).some(value => typeof value === 'string' && /^\d+\.\d\d$/.test(value)))
      const [column, value] = Object.entries(row ?? {}).find(([, each]) => typeof each === 'string' && /^\d+\.\d\d$/.test(each)) ?? []
      if (row !== undefined && column !== undefined) row[column] = (Number(value) + 0.01).toFixed(2)
    }), '2026-01-01', '2026-04-01')
    t.ok(differences.length > 0 && differences.every(each => each.startsWith(report)), `${report}: ${differences[0]}`)
  }
})

t.test('everything behind every number is listed with its events', async t => {
  const { hub } = quarter
  const counted: Record<string, Record<string, readonly string[]>> = {
    'institution-ranking': { drawdowns: ['DRAWDOWN', 'LEASE_CONTRACT'] }, 'three-one-clock': { leads: ['LEAD'] }, 'subsidy-progress': { lines: ['SUBSIDY_LINE'] },
    'park-performance': { needs: ['NEED'], leads: ['LEAD'] }, 'average-guarantee-fee': { guarantees: ['GUARANTEE_CONTRACT'] }, 'district-ledger': { needs: ['NEED'] }
  }
  const in_log = new Set((await allOf<{ leaf: string }>(hub, 'meic', '/v1/audit-log')).flatMap(({ leaf }) => /evt_[0-9A-Z]+/.exec(leaf)?.[0] ?? []))
  const kinds = new Set<string>()
  for (const report of REPORT_NAMES) {
    for (const row of passed<ReportBody>(await hub.as('meic').get(`/v1/reports/${report}?period=2026Q1`)).rows) {
      const path = `/v1/reports/${report}/basis?period=2026Q1&row=${encodeURIComponent(row.basis?.row ?? '')}`
      const things = await allOf<{ kind: string, subject: string, events: string[] }>(hub, 'meic', path)
      const subjects = things.map(({ subject }) => subject)
      t.same(row.basis?.subjects.filter(subject => !subjects.includes(subject) && !subject.startsWith('budget_')), [], `${report} ${row.basis?.row}: what the row names is listed`)
      for (const [column, of] of Object.entries(counted[report] ?? {})) {
        if (row[column] !== null) t.equal(things.filter(({ kind }) => of.includes(kind)).length, row[column], `${report} ${row.basis?.row} ${column}`)
      }
      t.ok(things.every(({ events }) => events.every(each => in_log.has(each))), 'events that the log proves')
      for (const { kind, events } of things) if (events.length > 0) kinds.add(kind)
    }
  }
  t.same([...kinds].sort(), SOURCE_NAMES.toSorted(), 'every kind of thing is met, with events')
  const paged = await hub.as('meic').get('/v1/reports/institution-ranking/basis?period=2026Q1&row=bank-1&limit=3')
  t.match(paged.json(), { items: [{ kind: 'LEAD' }, { kind: 'LEAD' }, { kind: 'LEAD' }], next_cursor: String })
  t.equal((await hub.as('bank-1').get('/v1/reports/institution-ranking/basis?period=2026Q1&row=bank-1')).statusCode, 403)
})

t.test('what reports say of the districts adds up to the whole', async t => {
  const totals = async (report: string, district = '') => new Map(passed<ReportBody>(await quarter.hub.as('meic').get(`/v1/reports/${report}?period=2026Q1${district}`)).totals
    .filter(({ group }) => group !== 'BUDGET').flatMap(({ group, ...sums }) => Object.entries(sums).map(([column, sum]): [string, number] => [`${group} ${column}`, Math.round(Number(sum ?? 0) * 100)])))
  const districts = ['500157', '500120', '500115']
  // One enterprise and the core enterprises are of no known district: in the others everything is.
  for (const report of ['guarantee-breaker', 'institution-ranking', 'subsidy-progress', 'average-guarantee-fee', 'fund-performance']) {
    const parts = await Promise.all(districts.map(district => totals(report, `&region_code=${district}`)))
    for (const [column, whole] of await totals(report)) {
      if (column.endsWith(' cap')) t.equal(parts.reduce((sum, part) => sum + (part.get(column) ?? 0), 0), 0, 'a cap is of the whole')
      else t.equal(parts.reduce((sum, part) => sum + (part.get(column) ?? 0), 0), whole, `${report} ${column}`)
    }
  }
})

t.test('a report asked for later is made once, is fetched by who asked, and stays as it was made', async t => {
  const { hub } = quarter
  const path = '/v1/reports/district-ledger'
  for (const [format, who] of [['json', 'meic'], ['csv', 'meic'], ['xlsx', 'regulator-viewer']] as const) {
    const asked = await hub.as(who).get(`${path}?period=2026Q1&format=${format}`, { prefer: 'respond-async, wait=10' })
    t.match(asked, { statusCode: 202, headers: { 'preference-applied': 'respond-async' } })
    const place = String(asked.headers.location)
    t.match((await hub.as(who).get(place)), { statusCode: 202, headers: { 'retry-after': '1' } }, 'not made yet')
    await hub.loops.settle()
    const now = await hub.as(who).get(`${path}?period=2026Q1&format=${format}`)
    const made = await hub.as(who).get(place)
    t.equal(made.statusCode, 200)
    t.ok(made.rawPayload.equals(now.rawPayload), `${format}: the bytes of the answer at once`)
    t.same([made.headers['content-type'], made.headers.etag], [now.headers['content-type'], now.headers.etag])
    t.equal((await hub.as(who).get(place, { 'if-none-match': String(made.headers.etag) })).statusCode, 304)
    t.equal((await hub.as('finance-bureau').get(place)).statusCode, 404, 'another participant finds nothing')
    t.equal((await hub.as(who).get(place.replace('district-ledger', 'three-one-clock'))).statusCode, 404)
    const told = passed<{ items: { type: string, subject: string }[] }>(await hub.as(who).get('/v1/events?limit=200&after=200')).items
    t.ok(told.some(each => each.type === 'report.made' && place.endsWith(each.subject)))
    if (format !== 'json') continue
    await authorize(hub, { grantor_uscc: hub.as('enterprise-2').uscc })
    created(await hub.as('enterprise-2').post('/v1/financing-needs', aNeed({ amount: '777.00' })))
    hub.clock.set('2026-04-02T03:00:00.000Z')
    await hub.db.write(async sql => {
      for (const rows of [financing_needs, need_sources]) await sql.update(rows).set({ created_at: '2026-03-30T02:00:00.000Z' }).where(eq(rows.amount_fen, 77_700))
    })
    t.notOk((await hub.as(who).get(`${path}?period=2026Q1`)).rawPayload.equals(made.rawPayload), 'a late fact changes the report')
    t.ok((await hub.as(who).get(place)).rawPayload.equals(made.rawPayload), 'and not what was made before')
  }
  t.match((await hub.as('bank-1').get(`${path}?period=2026Q1`, { prefer: 'respond-async' })).json(), { code: 'role_not_allowed' }, 'refused at once')
  t.match((await hub.as('regulator-viewer').get(`${path}?period=2026`, { prefer: 'respond-async' })).json(), { code: 'rule_broken' })
  const single = await hub.as('regulator-viewer', 1).get(`${path}?period=2026Q1&case_no=JG-9&reason=x&uscc=${quarter.usccs[0]}`, { prefer: 'respond-async' })
  t.equal(single.statusCode, 200, 'a single case is read now')
})

t.test('a report with much to read is made later by itself, a short one is answered at once, in the same bytes', async t => {
  const { hub } = quarter
  const { app } = await buildApp({ config: { ...hub.config, report_rows_at_once: 20 }, db: hub.db, log: pino({ level: 'silent' }) })
  t.teardown(() => app.close())
  const get = (who: string, url: string, user?: number) => {
    const participant = hub.sandbox.participants.find(({ participant_no }) => participant_no === who)
    return app.inject({ url, headers: { authorization: `Bearer ${user === undefined ? participant?.api_key : participant?.users[user - 1]?.api_key}` } })
  }
  const long: string[] = []
  for (const report of REPORT_NAMES) {
    const asked = await get('meic', `/v1/reports/${report}?period=2026Q1`)
    if (asked.statusCode === 200) continue
    t.match(asked, { statusCode: 202, headers: { 'retry-after': '1', 'preference-applied': undefined } }, report)
    long.push(report)
    t.equal((await get('meic', `/v1/reports/${report}?period=2026Q1`)).headers.location, asked.headers.location, 'asked again while it waits, it is the same')
    await hub.loops.settle()
    const made = await get('meic', String(asked.headers.location))
    const at_once = await hub.as('meic').get(`/v1/reports/${report}?period=2026Q1`)
    t.equal(at_once.statusCode, 200)
    t.ok(made.rawPayload.equals(at_once.rawPayload), `${report}: the same bytes`)
    t.equal((await get('meic', `/v1/reports/${report}?from=2026-01-01&to=2026-02-01`)).statusCode, report === 'supply-chain-reward' ? 202 : 200, 'a month without leads is short')
  }
  t.same(long, ['institution-ranking', 'three-one-clock', 'park-performance', 'district-ledger'], 'each of the 21 leads is a row to read')
  const single = await get('regulator-viewer', `/v1/reports/district-ledger?period=2026Q1&case_no=JG-8&reason=x&uscc=${quarter.usccs[0]}`, 1)
  t.equal(single.statusCode, 200, 'a single case is read now')
})

t.test('a report that cannot be made holds up no other, and says so with a code', async t => {
  const { hub } = quarter
  const asked = async (who: string, report: string) => String((await hub.as(who).get(`/v1/reports/${report}?period=2026Q1`, { prefer: 'respond-async' })).headers.location)
  const change = (find: string, put: string) => hub.db.write(async sql => {
    for (const { lead_event_no, content } of await sql.select().from(lead_events).where(eq(lead_events.type, 'APPROVED'))) {
      await sql.update(lead_events).set({ content: JSON.parse(JSON.stringify(content).replace(find, put)) as Record<string, unknown> }).where(eq(lead_events.lead_event_no, lead_event_no))
    }
  })
  await change('"amount":"', '"amount":"?')
  const failing = await asked('meic', 'district-ledger')
  const whole = await asked('meic', 'three-one-clock')
  const later = await asked('regulator-viewer', 'three-one-clock')
  for (let turn = 1; turn <= 3; turn++) {
    await t.rejects(hub.loops.settle(), 'the failure reaches the log')
    if (turn < 3) t.equal((await hub.as('meic').get(failing)).statusCode, 202, 'it may pass')
  }
  await hub.loops.settle()
  t.equal((await hub.as('meic').get(whole)).statusCode, 200)
  t.equal((await hub.as('regulator-viewer').get(later)).statusCode, 200)
  t.match((await hub.as('meic').get(failing)).json(), { code: 'report_failed', status: 500 })
  const told = passed<{ items: { type: string, subject: string, data: unknown }[] }>(await hub.as('meic').get('/v1/events?limit=200&after=200')).items.filter(({ type }) => type === 'report.failed')
  t.match(told, [{ subject: failing.split('/').at(-1), data: { report: 'district-ledger', code: 'report_failed' } }])
  await change('"amount":"?', '"amount":"')
  const again = await asked('meic', 'district-ledger')
  t.not(again, failing)
  await hub.loops.settle()
  t.equal((await hub.as('meic').get(again)).statusCode, 200, 'asked again, it is made')
})

t.test('every report in every form has the same bytes again, months later and after others read', async t => {
  const { hub } = quarter
  const bytesOf = async () => {
    const found = new Map<string, Buffer>()
    for (const report of REPORT_NAMES) {
      for (const format of REPORT_FORMATS) found.set(`${report}.${format}`, (await hub.as('meic').get(`/v1/reports/${report}?period=2026Q1&format=${format}`)).rawPayload)
    }
    return found
  }
  const before = await bytesOf()
  const fetched_later = String((await hub.as('meic').get('/v1/reports/three-one-clock?period=2026Q1', { prefer: 'respond-async' })).headers.location)
  await hub.loops.settle()
  t.equal((await hub.as('meic').get(fetched_later)).statusCode, 200)
  passed(await hub.as('regulator-viewer', 1).get(`/v1/reports/district-ledger?period=2026Q1&case_no=JG-1&reason=x&uscc=${quarter.usccs[0]}`))
  hub.clock.set('2026-08-02T02:00:00.000Z')
  await hub.loops.settle()
  t.equal((await hub.as('meic').get(fetched_later)).statusCode, 404, 'what was made to be fetched is kept for ninety days')
  const after = await bytesOf()
  for (const [name, bytes] of before) t.ok(bytes.length > 100 && bytes.equals(after.get(name) ?? Buffer.alloc(0)), name)
})

t.test('months later, when leads have expired, every figure is still that of the raw lists', async t => {
  const { hub } = quarter
  const expired = passed<{ items: object[] }>(await hub.as('guarantor-1').get('/v1/leads?status=EXPIRED')).items
  t.equal(expired.length, 4, 'nothing is left open')
  t.same(passed<{ items: object[] }>(await hub.as('guarantor-1').get('/v1/leads')).items, [])
  const { differences } = await rederiveReports(readerOf(hub), '2026-01-01', '2026-04-01')
  t.same(differences, [])
  for (const [report, column] of [['three-one-clock', 'contact_judged'], ['district-ledger', 'leads']] as const) {
    const changed = await rederiveReports(readerOf(hub, body => {
      const row = body.rows.find(each => typeof each[column] === 'number' && each[column] > 0)
      if (row !== undefined) row[column] = Number(row[column]) - 1
    }), '2026-01-01', '2026-04-01')
    t.ok(changed.differences.some(each => each.startsWith(report) && each.includes(column)), `one fewer in ${column} of ${report} is named`)
  }
})

t.test('after a withdrawal the amounts of its need and approval are nobody’s to read: they are named, and every count and time stands', async t => {
  const { hub, usccs } = quarter
  const { items } = passed<{ items: { authorization_no: string, grantor_uscc: string, collector_no: string }[] }>(await hub.as('meic').get('/v1/authorizations?limit=200'))
  for (const { authorization_no } of items.filter(({ grantor_uscc, collector_no }) => grantor_uscc === usccs[5] && collector_no === 'park-2')) {
    passed(await hub.as('park-2', 1).post(`/v1/authorizations/${authorization_no}/withdraw`, { reason: '企业要求' }))
  }
  await hub.loops.settle()
  const { differences } = await rederiveReports(readerOf(hub), '2026-01-01', '2026-04-01')
  t.ok(differences.length > 0 && differences.every(each => /^(park-performance|district-ledger) .*(needed|approved)_amount: /.test(each)), differences.join('\n'))
})
