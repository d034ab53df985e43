/** Figures derived a second time from the raw lists; the same facts give the same bytes; small groups stay hidden. */
import t from 'tap'
import { insertParticipant } from '../../src/registry/participants/store.ts'
import { allOf, passed, reportOf, rowOf } from './answers.ts'
import { aQuarter, borrowers, type Quarter } from './a-quarter.ts'
import { aDocument, aDrawdown, aLoanContract, authorize, created } from '../lending/fixtures.ts'
import { build } from '../helper.ts'
import { zipEntries } from './unpacked.ts'

interface Drawn { amount: string, loan_contract_no: string, disbursed_date: string, borrower_uscc: string, status: string }
interface Contract { loan_contract_no: string, annual_rate_pct: string, maturity_date: string, relending_supported: boolean | null }
interface Stage { due_at: string, done_at: string | null, overdue: boolean, gross_ms: number | null, net_ms: number | null }
interface LeadView { status: string, sla: { contact: Stage, plan_and_approval: Stage, disbursement: Stage } }

const fen = (yuan: string) => BigInt(yuan.replace('.', ''))
const micro = (rate: string) => BigInt(Math.round(Number(rate) * 1e6))

/** Volume, average rate, discount and relending of one bank from its own lists. */
async function derived (hub: Parameters<typeof allOf>[0], bank: string) {
  const drawn = (await allOf<Drawn>(hub, bank, '/v1/drawdowns')).filter(each => each.status === 'ACCEPTED' &&
    each.disbursed_date >= '2026-01-01' && each.disbursed_date < '2026-04-01')
  const contracts = new Map((await allOf<Contract>(hub, bank, '/v1/loan-contracts')).map(each => [each.loan_contract_no, each]))
  let volume = 0n
  let rates = 0n
  let discounts = 0n
  let relent = 0n
  for (const { amount, loan_contract_no } of drawn) {
    const contract = contracts.get(loan_contract_no) as Contract
    const prime = contract.maturity_date > '2031-03-12' ? '3.50' : '3.00'
    volume += fen(amount)
    rates += fen(amount) * micro(contract.annual_rate_pct)
    discounts += fen(amount) * (micro(prime) - micro(contract.annual_rate_pct))
    if (contract.relending_supported === true) relent += fen(amount)
  }
  return {
    volume: `${volume / 100n}.${String(volume % 100n).padStart(2, '0')}`, drawdowns: drawn.length,
      enterprises: new Set(drawn.map(each => each.borrower_uscc)).size,
    average: Number(rates / volume) / 1e6, discount_bp: Number(discounts) / Number(volume) / 1e4,
      relending: Number(relent * 10_000n / volume) / 100
  }
}

/** Punctuality from the clock each lead shows. */
async function clockOf (hub: Parameters<typeof allOf>[0], who: string, now: string) {
  const leads = await allOf<LeadView>(hub, who, '/v1/leads')
  const count = (stage: keyof LeadView['sla'], begun: (lead: LeadView) => boolean) => {
    const done = leads.map(lead => lead.sla[stage]).filter(each => each.done_at !== null && each.gross_ms !== null)
    const late = leads.filter(begun).map(lead => lead.sla[stage]).filter(each => each.done_at === null && each.due_at <= now)
    const net_done = (each: Stage) => Date.parse(each.done_at ?? '') - ((each.gross_ms ?? 0) - (each.net_ms ?? 0))
    const sorted = done.map(each => each.gross_ms ?? 0).sort((a, b) => a - b)
    return {
      done: done.length, late: late.length, on_time: done.filter(each => !each.overdue).length,
        on_time_net: done.filter(each => net_done(each) < Date.parse(each.due_at)).length,
      median_hours: ((sorted[Math.floor(sorted.length / 2)] ?? 0) + (sorted[Math.floor((sorted.length - 1) / 2)] ?? 0)) / 2 / 3_600_000
    }
  }
  return {
    leads: leads.length, contact: count('contact', () => true), approval: count('plan_and_approval',
      ({ sla }) => sla.contact.done_at !== null),
    disbursement: count('disbursement', ({ sla }) => sla.plan_and_approval.done_at !== null)
  }
}

/** One quarter for all that only read it. */
let quarter: Quarter
t.setTimeout(120_000)
t.before(async () => { quarter = await aQuarter(t) })

t.test('the figures of a quarter are those of the raw lists', async t => {
  const { hub } = quarter
  const ranking = await reportOf(hub, 'meic', 'institution-ranking')
  for (const bank of ['bank-1', 'bank-2', 'bank-3']) {
    const row = rowOf(ranking, 'institution_no', bank)
    const own = await derived(hub, bank)
    t.match(row, { volume: own.volume, drawdowns: own.drawdowns, enterprises: own.enterprises }, bank)
    t.ok(Math.abs(Number(row.average_rate_pct) - own.average) < 0.0001, `${bank}: ${String(row.average_rate_pct)} against ${own.average}`)
    t.ok(Math.abs(Number(row.discount_to_lpr_bp) - own.discount_bp) < 0.02,
      `${bank}: ${String(row.discount_to_lpr_bp)} bp against ${own.discount_bp}`)
    t.ok(Math.abs(Number(row.relending_pct) - own.relending) < 0.02, `${bank}: relending ${String(row.relending_pct)}`)
  }
  t.same(ranking.rows.filter(row => row.kind === 'BANK').map(row => row.rank), [1, 2, 3], 'in the order of the race')
  t.equal(rowOf(ranking, 'institution_no', 'lessor-1').rank, null, 'without a contract there is no rank')
  t.equal(ranking.totals.find(each => each.group === 'BANK')?.volume, '17600000.01')

  const clock = await reportOf(hub, 'meic', 'three-one-clock')
  for (const who of ['bank-1', 'bank-2', 'bank-3', 'guarantor-1']) {
    const row = rowOf(clock, 'institution_no', who)
    const own = await clockOf(hub, who, '2026-03-30T16:00:00.000Z')
    t.equal(row.leads, own.leads, who)
    for (const stage of ['contact', 'approval', 'disbursement'] as const) {
      t.match(row, { [`${stage}_judged`]: own[stage].done + own[stage].late, [`${stage}_on_time`]: own[stage].on_time,
        [`${stage}_on_time_net`]: own[stage].on_time_net }, `${who} ${stage}`)
      if (own[stage].done > 0) t.ok(Math.abs(Number(row[`${stage}_median_hours`]) - own[stage].median_hours) < 0.01,
        `${who} ${stage} median`)
    }
  }
  const bank_1 = rowOf(clock, 'institution_no', 'bank-1')
  t.ok(Number(bank_1.approval_on_time_net) > Number(bank_1.approval_on_time), 'a pause counts for the net figure')

  const districts = await reportOf(hub, 'meic', 'district-ledger')
  for (const code of ['500157', '500120', '500115']) {
    const own = borrowers.filter(each => each.region_code === code)
    const sum = own.reduce((before, each) => before + fen(each.amount), 0n)
    const yuan = `${sum / 100n}.${String(sum % 100n).padStart(2, '0')}`
    t.match(rowOf(districts, 'region_code', code), { needs: own.length + (code === '500157' ? 1 : 0), disbursed_amount: yuan, approved_amount: yuan,
      approvals: own.length, enterprises_lent_to: own.length }, code)
  }
  const parks = await reportOf(hub, 'meic', 'park-performance')
  t.match(rowOf(parks, 'park_no', 'park-1'), { new_loan_amount: '13000000.01', borrowers: 4, new_borrowers: 4, needs: 5, approved: 4,
    disbursed: 4, leading_industry_renovated_pct: '75.00' })
  t.match(rowOf(parks, 'park_no', 'park-2'), { new_loan_amount: '4600000.00', borrowers: 3 })

  const before = await reportOf(hub, 'meic', 'park-performance', '?from=2026-04-01&to=2026-07-01')
  t.match(rowOf(before, 'park_no', 'park-1'), { new_loan_amount: '0.00', leads: 0 }, 'days are half-open: nothing of March is in April')
  const district = await reportOf(hub, 'meic', 'institution-ranking', '?period=2026Q1&region_code=500120')
  t.match(rowOf(district, 'institution_no', 'bank-1'), { volume: '500000.00', enterprises: 1 }, 'of one district')
})

t.test('statistics hide groups of fewer than three enterprises, and one more so that totals tell nothing', async t => {
  const { hub } = quarter
  const open = await reportOf(hub, 'finance-bureau', 'institution-ranking')
  t.equal(open.suppressed_groups, 0, 'those who pay see all')
  const shown = await reportOf(hub, 'regulator-viewer', 'institution-ranking')
  for (const bank of ['bank-2', 'bank-3']) {
    t.match(rowOf(shown, 'institution_no', bank), { suppressed: true, volume: null, drawdowns: null, enterprises: null,
      average_rate_pct: null, discount_to_lpr_bp: null, score: null }, bank)
  }
  t.match(rowOf(shown, 'institution_no', 'bank-1'), { suppressed: true, volume: null }, 'else total less bank-1 would be theirs')
  t.equal(shown.totals.find(each => each.group === 'BANK')?.volume, '17600000.01')
  t.ok(shown.rows.every(row => row.basis === null))
  t.equal(shown.suppressed_groups, shown.rows.filter(row => row.suppressed).length)
  t.ok(open.rows.every(row => row.basis === null), 'what stands behind a row is for MEIC')

  const districts = await reportOf(hub, 'regulator-viewer', 'district-ledger')
  t.match(rowOf(districts, 'region_code', '500115'), { disbursed_amount: null, needs: null, suppressed: true }, 'one enterprise')
  const visible = districts.rows.filter(row => row.disbursed_amount !== null)
  t.equal(visible.length, 1, 'of three districts the small one and another are hidden')

  const csv = (await hub.as('regulator-viewer').get('/v1/reports/district-ledger?period=2026Q1&format=csv')).body
  t.match(csv, /500115,长寿区,0,\*,\*/, 'a file marks what is hidden; zero is no secret')
  t.notMatch(csv, '4000000.00')
  t.equal((await hub.as('park-2').get('/v1/reports/park-performance?period=2026Q1')).json().rows[0].borrowers, 3,
    'a park sees groups of three')

  for (const query of ['?from=2026-01-01&to=2026-03-31', '?period=2026', '?period=2026Q1&region_code=500120']) {
    t.match((await hub.as('regulator-viewer').get(`/v1/reports/district-ledger${query}`)).json(), { status: 422, code: 'rule_broken' },
      `${query}: nothing to subtract`)
  }
})

t.test('who sees what', async t => {
  const { hub } = quarter
  for (const [who, report] of [['bank-2', 'institution-ranking'], ['bank-2', 'three-one-clock'], ['guarantor-1', 'three-one-clock'],
    ['lessor-1', 'institution-ranking']] as const) {
    const { rows, totals } = await reportOf(hub, who, report)
    t.same(rows.map(row => row.institution_no), [who], `${who} ${report}`)
    t.same(totals, [], 'no totals of others')
  }
  t.equal(rowOf(await reportOf(hub, 'bank-2', 'institution-ranking'), 'institution_no', 'bank-2').volume, '7000000.00',
    'nothing of its own is hidden from an institution')
  t.same((await reportOf(hub, 'park-1', 'park-performance')).rows.map(row => row.park_no), ['park-1'])
  t.same((await reportOf(hub, 'district-meic-1', 'district-ledger')).rows, [], 'no enterprise of that district')
  const refused: [string, string][] = [
    ['bank-1', 'district-ledger'], ['bank-1', 'subsidy-progress'], ['park-1', 'institution-ranking'],
      ['district-meic-1', 'park-performance'], ['guarantor-1', 'guarantee-breaker'],
    ['enterprise-1', 'district-ledger'], ['auditor-1', 'subsidy-progress'], ['partner-platform-1', 'three-one-clock']
  ]
  for (const [who, report] of refused) {
    t.match((await hub.as(who).get(`/v1/reports/${report}?period=2026Q1`)).json(), { status: 403, code: 'role_not_allowed' },
      `${who} ${report}`)
  }
  const bad: [string, number, string][] = [
    ['institution-ranking', 400, 'invalid_request'], ['institution-ranking?from=2026-01-01', 400, 'invalid_request'],
      ['institution-ranking?period=2026Q5', 400, 'invalid_request'],
    ['institution-ranking?from=2026-02-30&to=2026-03-01', 400, 'invalid_request'],
      ['institution-ranking?from=2026-03-01&to=2026-03-01', 422, 'period_reversed'],
    ['institution-ranking?from=2020-01-01&to=2026-03-01', 400, 'invalid_request'],
      ['institution-ranking?period=2026Q1&colour=red', 400, 'invalid_request'],
    ['horoscope?period=2026Q1', 400, 'invalid_request'], ['institution-ranking?period=2026Q1&format=pdf', 400, 'invalid_request']
  ]
  for (const [path, status, code] of bad) t.match((await hub.as('meic').get(`/v1/reports/${path}`)).json(), { status, code }, path)
  for (const report of ['institution-ranking', 'three-one-clock', 'subsidy-progress', 'park-performance', 'guarantee-breaker',
    'average-guarantee-fee', 'supply-chain-reward', 'fund-performance', 'district-ledger']) {
    const { definitions, policy, rows } = await reportOf(hub, 'meic', report)
    t.ok(definitions.length > 1 && definitions.every(each => each.definition !== '' && /[\u4e00-\u9fff]/.test(each.definition_zh) &&
      each.clause !== ''), report)
    t.match(policy.version, /^\d{4}-\d{2}-\d{2}\.\d+$/)
    const columns = definitions.map(each => each.column)
    t.ok(rows.every(row => Object.keys(row).every(name => [...columns, 'suppressed', 'suppressed_columns', 'basis'].includes(name))),
      `${report}: every figure is defined`)
  }
})

t.test('MEIC reaches the events behind a row', async t => {
  const { hub } = quarter
  const { basis } = rowOf(await reportOf(hub, 'meic', 'institution-ranking'), 'institution_no', 'bank-1')
  t.ok((basis?.objects ?? 0) >= 4 && (basis?.events.length ?? 0) > 0)
  const log = (await allOf<{ leaf: string }>(hub, 'meic', '/v1/audit-log')).map(each => each.leaf).join('\n')
  for (const event_no of basis?.events ?? []) t.match(log, event_no)
})

t.test('a regulator reads a single case with number and reason: kept, told to the enterprise, and nothing else is shown', async t => {
  const { hub, usccs } = quarter
  const uscc = hub.as('enterprise-1').uscc
  const { authorization_no } = await authorize(hub, { grantor_uscc: uscc })
  const asked = (query: string) => `/v1/reports/district-ledger?period=2026Q1&${query}`
  const whole = `case_no=JG-2026-7&reason=${encodeURIComponent('专项核查')}&uscc=${usccs[4] ?? ''}`
  t.match((await hub.as('regulator-viewer').get(asked(whole))).json(), { status: 403, code: 'person_required' })
  t.match((await hub.as('regulator-viewer', 1).get(asked(`case_no=JG-2026-7&uscc=${uscc}`))).json(),
    { status: 400, code: 'invalid_request' }, 'not without a reason')
  t.match((await hub.as('meic', 1).get(asked(whole))).json(), { status: 403, code: 'role_not_allowed' })
  t.match((await hub.as('regulator-viewer', 1).get(`/v1/reports/institution-ranking?period=2026Q1&${whole}`)).json(),
    { status: 400, code: 'invalid_request' })
  const single = passed<Awaited<ReturnType<typeof reportOf>> & { case_no: string }>(await hub.as('regulator-viewer', 1).get(asked(whole)))
  t.equal(single.case_no, 'JG-2026-7')
  t.match(single.rows, [{ region_code: '500120', needs: 1, disbursed_amount: '7000000.00', suppressed: false }])
  t.equal(single.rows.length, 1)

  passed(await hub.as('regulator-viewer', 1).get(asked(`case_no=JG-2026-8&reason=${encodeURIComponent('专项核查')}&uscc=${uscc}`)))
  await hub.loops.settle()
  const { items: news } = passed<{ items: { type: string, data: Record<string,
    unknown> }[] }>(await hub.as('enterprise-1').get('/v1/events?limit=200'))
  t.match(news.filter(each => each.type === 'regulator_case.read'), [{ data: { case_no: 'JG-2026-8', report: 'district-ledger' } }])
  const { items: left } = passed<{ items: Record<string,
    unknown>[] }>(await hub.as('enterprise-1').get(`/v1/authorizations/${authorization_no}/disclosures`))
  t.match(left.filter(each => each.basis === 'REGULATOR'), [{ recipient_no: 'regulator-viewer', fields_released: ['district-ledger'] }])
  const receipt = passed<{ disclosures: Record<string, unknown>[] }>(await hub.as('enterprise-1').get(`/v1/enterprises/${uscc}/receipt`))
  t.match(receipt.disclosures.filter(each => each.basis === 'REGULATOR'),
    [{ recipient_no: 'regulator-viewer', case_no: 'JG-2026-8', reason: '专项核查', report: 'district-ledger' }])
})

t.test('no name of an institution runs as a formula in a spreadsheet', async t => {
  const hub = await build(t)
  await hub.db.write((sql, now) => insertParticipant(sql, {
    participant_no: 'bank-9', role: 'BANK', name: '=HYPERLINK("http://evil.example","点我")', uscc: '91500000MAYY00999X', region_code: null,
      aliases: [], is_government_guarantor: false,
    is_cooperating: true, status: 'ACTIVE', version: 1, created_at: now, updated_at: now
  }))
  const csv = await hub.as('meic').get('/v1/reports/institution-ranking?period=2026Q1&format=csv')
  t.match(csv.headers['content-type'], 'text/csv')
  t.match(csv.headers['content-disposition'], 'attachment')
  t.match(csv.body, `bank-9,"'=HYPERLINK(""http://evil.example"",""点我"")"`)
  t.notMatch(csv.body, /(^|,)"?[=@]/m)
  const xlsx = await hub.as('meic').get('/v1/reports/institution-ranking?period=2026Q1&format=xlsx')
  const sheet = zipEntries(xlsx.rawPayload).get('xl/worksheets/sheet1.xml') ?? ''
  t.match(sheet, '>&apos;=HYPERLINK'.replace('&apos;', "'"))
  t.notMatch(sheet, '<f>')
})

interface ScoredLead { lead_no: string, events: string[], stages: { stage: string, on_time: boolean, on_time_net: boolean, hours: string | null, hours_net: string | null }[] }
interface News { items: { event_no: string, type: string, subject: string, link: string | null, data: Record<string, unknown> }[] }

t.test('a score is first shown to the scored institution with the events behind it, and published five working days after the quarter', async t => {
  const { hub } = quarter
  const newsOf = async (who: string) => passed<News>(await hub.as(who).get('/v1/events?limit=200')).items
  const ready = async (who: string) => (await newsOf(who)).filter(({ type }) => type === 'institution_score.ready')
  t.same(await ready('bank-1'), [], 'not while the quarter runs')
  const begun_at = hub.clock.now()
  t.teardown(() => hub.clock.set(begun_at))
  hub.clock.set('2026-03-31T16:00:00.000Z')
  await hub.loops.settle()
  await hub.loops.settle()
  // 2026-04-06 is a day off: the fifth working day is the 8th.
  const published_at = '2026-04-08T16:00:00.000Z'
  for (const who of ['bank-1', 'bank-2', 'guarantor-1']) {
    t.match(await ready(who), [{ subject: '2026Q1', link: '/v1/reports/three-one-clock?period=2026Q1', data: { published_at } }], who)
    t.equal((await ready(who)).length, 1, 'once')
  }
  for (const who of ['lessor-1', 'park-1']) t.same(await ready(who), [], `${who} is not scored`)

  const own = await reportOf(hub, 'bank-1', 'three-one-clock')
  const row = rowOf(own, 'institution_no', 'bank-1')
  const leads = await allOf<ScoredLead>(hub, 'bank-1', '/v1/reports/three-one-clock/leads?period=2026Q1')
  const known = new Map((await newsOf('bank-1')).map(({ event_no, subject, type }) => [event_no, { subject, type }]))
  t.equal(leads.length, row.leads)
  for (const { lead_no, events } of leads) {
    t.match(known.get(events[0] ?? ''), { subject: lead_no, type: 'lead.pushed' })
    t.ok(events.every(event_no => known.get(event_no)?.subject === lead_no), 'every event stands in its own feed')
  }
  for (const stage of ['contact', 'approval', 'disbursement']) {
    const judged = leads.flatMap(({ stages }) => stages.filter(each => each.stage === stage))
    t.match(row, {
      [`${stage}_judged`]: judged.length, [`${stage}_on_time`]: judged.filter(each => each.on_time).length, [`${stage}_on_time_net`]: judged.filter(each => each.on_time_net).length
    }, stage)
    for (const [column, member] of [['median_hours', 'hours'], ['median_hours_net', 'hours_net']] as const) {
      const hours = judged.map(each => each[member]).filter(each => each !== null).map(Number).sort((a, b) => a - b)
      const median = ((hours[Math.floor(hours.length / 2)] ?? 0) + (hours[Math.floor((hours.length - 1) / 2)] ?? 0)) / 2
      if (hours.length > 0) t.ok(Math.abs(Number(row[`${stage}_${column}`]) - median) < 0.011, `${stage} ${column}`)
    }
  }
  t.ok((row.basis?.events.length ?? 0) > 0 && row.basis?.events.every(event_no => known.has(event_no)))
  t.same(await allOf(hub, 'meic', '/v1/reports/three-one-clock/leads?period=2026Q1&institution_no=bank-1'), leads)
  t.equal((await hub.as('bank-2').get('/v1/reports/three-one-clock/leads?period=2026Q1&institution_no=bank-1')).statusCode, 404)
  t.equal((await hub.as('park-1').get('/v1/reports/three-one-clock/leads?period=2026Q1')).statusCode, 403)

  const published = '/v1/reports/three-one-clock?period=2026Q1&published=true'
  const readers = ['bank-1', 'bank-2', 'lessor-1', 'guarantor-1', 'park-1', 'district-meic-1', 'regulator-viewer', 'meic']
  hub.clock.set('2026-04-08T15:59:59.999Z')
  for (const who of readers) t.match((await hub.as(who).get(published)).json(), { status: 422, code: 'rule_broken', errors: [{ code: 'NOT_PUBLISHED_YET' }] }, who)
  hub.clock.set(published_at)
  const bytes = (await hub.as('bank-1').get(published)).body
  for (const who of readers) t.equal((await hub.as(who).get(published)).body, bytes, `${who}: the same for all`)
  hub.clock.advance(90 * 86_400_000)
  t.equal((await hub.as('park-1').get(published)).body, bytes, 'and months later')
  const table = JSON.parse(bytes) as typeof own
  t.match(rowOf(table, 'institution_no', 'bank-1'), { contact_median_hours: row.contact_median_hours, contact_median_hours_net: row.contact_median_hours_net, basis: null })
  t.match(await reportOf(hub, 'bank-2', 'three-one-clock'), { rows: [{ institution_no: 'bank-2' }] }, 'without the word it stays one’s own')
  t.equal((await hub.as('auditor-1').get(published)).statusCode, 403)
  t.match((await hub.as('bank-1').get('/v1/reports/institution-ranking?period=2026Q1&published=true')).json(), { status: 400, errors: [{ code: 'NEVER_PUBLISHED' }] })
  t.match((await hub.as('bank-1').get('/v1/reports/three-one-clock?from=2026-01-01&to=2026-02-01&published=true')).json(), { errors: [{ code: 'WHOLE_QUARTERS_ONLY' }] })
})

t.test('the same period, policy and facts give the same bytes; a new fact gives others', async t => {
  const { hub, usccs } = quarter
  for (const format of ['json', 'csv', 'xlsx']) {
    const path = `/v1/reports/institution-ranking?from=2026-03-01&to=2026-03-31&format=${format}`
    const first = await hub.as('meic').get(path)
    passed(await hub.as('regulator-viewer',
      1).get(`/v1/reports/district-ledger?period=2026Q1&case_no=JG-1&reason=x&uscc=${usccs[0] ?? ''}&format=json`))
    hub.clock.advance(90 * 86_400_000)
    const second = await hub.as('meic').get(path)
    t.equal(second.statusCode, 200)
    t.ok(first.rawPayload.equals(second.rawPayload), `${format}: also after others read, and months later`)
    t.equal(second.headers.etag, first.headers.etag)
    t.equal((await hub.as('meic').get(path, { 'if-none-match': String(first.headers.etag) })).statusCode, 304)
    hub.clock.advance(-90 * 86_400_000)
  }
  const path = '/v1/reports/institution-ranking?from=2026-03-01&to=2026-03-31'
  const before = await hub.as('meic').get(path)
  const contract = aLoanContract(await aDocument(hub, 'bank-2'), { borrower_uscc: usccs[4], project_code: '2606-500157-07-02-100001',
    annual_rate_pct: '3.00', start_date: '2026-03-12', maturity_date: '2029-03-12' })
  created(await hub.as('bank-2').post('/v1/loan-contracts', contract))
  created(await hub.as('bank-2').post('/v1/drawdowns', aDrawdown(contract.loan_contract_no,
    { amount: '10.00', disbursed_date: '2026-03-15', maturity_date: '2029-03-12' })))
  await hub.loops.settle()
  const after = await hub.as('meic').get(path)
  t.not(after.headers.etag, before.headers.etag)
  t.ok(Number(after.headers['x-generated-from-seq']) > Number(before.headers['x-generated-from-seq']))
})

t.test('the smallest group that is shown is a dated parameter of the policy', async t => {
  const { hub } = quarter
  const shown = async (period: string) => rowOf(await reportOf(hub, 'regulator-viewer', 'three-one-clock', `?period=${period}`), 'institution_no', 'guarantor-1').enterprises
  t.equal(await shown('2026Q1'), 4)
  const path = '/v1/policies/TECH_RENO_LOAN/versions'
  created(await hub.as('meic', 1).post(path, {
    version: '2026-03-31.1', title: 'Changed', title_zh: '调整', effective_from: '2026-03-31', effective_to: '2027-12-31', supersedes: '2024-06-09.1', parameters: { suppression_min_group: 5 }
  }))
  t.equal(await shown('2026Q1'), 4, 'proposed by one person')
  passed(await hub.as('meic', 2).post(`${path}/2026-03-31.1/confirm`, undefined))
  t.equal(await shown('2026Q1'), null, 'four enterprises are fewer than five')
  t.equal(await shown('2025Q4'), 0, 'the version before')
})
