/** A park's lists through the front door: polling, refusals, rows, decisions (contract §4). */
import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { withUsccCheckDigit } from '../matching/uscc.ts'
import { build, type Built, type Caller } from '../helper.ts'
import { authorize, body, items, name_1, refused, uscc_1 } from './client.ts'

interface Row { row_id: string, sheet: string | null, row: number, outcome: string, uscc: string | null, name: string | null, amount: string | null, term_months: number | null, purpose: string | null, project_code: string | null, project_name: string | null, demand_date: string | null, consent: boolean, need_no: string | null, normalised_from: { column: string, before: string, after: string }[], findings: { code: string, rule_id: string | null, column: string | null, head: string | null, value: string | null, message: string, message_zh: string }[] }
interface List { list_no: string, status: string, sha256: string, counts: Record<string, number>, amount_accepted: string, refusal: Record<string, string> | null }

const FOLDER = new URL('../../../shared/data/synthetic-park-lists/', import.meta.url)
const OUTCOMES: Record<string, string> = { accept: 'ACCEPTED', accept_warn: 'ACCEPTED_WITH_REMARK', hold: 'HELD', reject: 'REJECTED', skip: 'SKIPPED' }
const uscc_3 = '91500120MAXX000311'
const uscc_4 = '91500000MAXX0004XL'
/** Only what a row needs. */
const aRow = (over: Record<string, unknown> = {}) => ({ name: name_1, uscc: uscc_1, amount: '5000000.00', term_months: 36, purpose: '购置数控设备', consent: true, ...over })

async function decided (hub: Built, who: Caller, list_no: string): Promise<List> {
  for (let turn = 0; turn < 200; turn++) {
    await hub.loops.settle()
    const list = body<List>(await who.get(`/v1/enterprise-lists/${list_no}`), 200)
    if (list.status === 'DECIDED' || list.status === 'REFUSED') return list
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  throw new Error('the list was not decided')
}

async function rowsOf (who: Caller, list_no: string, query = ''): Promise<Row[]> {
  return items<Row>(who, `/v1/enterprise-lists/${list_no}/rows?limit=200${query}`)
}

async function sent (hub: Built, rows: unknown[], who = 'park-1'): Promise<{ list: List, rows: Row[] }> {
  const park = hub.as(who)
  const { list_no } = body<{ list_no: string }>(await park.post('/v1/enterprise-lists', { rows }), 202)
  return { list: await decided(hub, park, list_no), rows: await rowsOf(park, list_no) }
}

/** A made-up code whose organisation code (GB 11714) is right as well. */
function aUscc (index: number): string {
  const organisation = `MATT${String(index).padStart(4, '0')}`
  const sum = [3, 7, 9, 10, 5, 8, 4, 2].reduce((total, weight, place) => total + weight * Number.parseInt(organisation.charAt(place), 36), 0)
  const check = 11 - sum % 11
  return withUsccCheckDigit(`91500157${organisation}${check === 10 ? 'X' : check % 11}`)
}

const textsOf = (value: unknown): string[] => Array.isArray(value) ? value.map(String).sort() : []
const codes = (row: Row | undefined) => (row?.findings ?? []).map(finding => finding.code)

for (const name of ['v1-messy-jiangjin.xlsx', 'v2-gbk-crlf-bishan.csv', 'v3-check-digits-duplicates.xlsx']) {
  const path = new URL(name, FOLDER)
  t.test(`${name} over HTTP comes out as it was made`, { skip: existsSync(path) ? false : `${name} is not beside this repository (../shared/data)` }, async (t) => {
    const hub = await build(t)
    const park = hub.as('park-1')
    const bytes = readFileSync(path)
    const expected = JSON.parse(readFileSync(new URL(`${name}.expected.json`, FOLDER), 'utf8')) as { sha256: string, summary: Record<string, number | string>, rows: { row: number, outcome: string, judgement?: string, normalised?: Record<string, unknown> }[], sheets?: { name: string, role: string }[] }
    const answer = await park.upload('/v1/enterprise-lists', { name, bytes })
    t.equal(answer.statusCode, 202, answer.body)
    const { list_no, status, sha256 } = answer.json()
    t.match(list_no, /^list_/)
    t.equal(answer.headers.location, `/v1/enterprise-lists/${list_no}`)
    t.equal(status, 'RECEIVED')
    t.equal(sha256, expected.sha256)
    const list = await decided(hub, park, list_no)
    t.equal(list.status, 'DECIDED')
    const rows = await rowsOf(park, list_no)
    t.same(rows.map(row => row.row), expected.rows.map(row => row.row), 'the rows that count, in order')
    for (const want of expected.rows) {
      const row = rows.find(each => each.row === want.row)
      if (want.judgement !== 'soft') t.equal(row?.outcome, OUTCOMES[want.outcome], `row ${want.row}: ${codes(row).join(' ')}`)
      for (const finding of row?.findings ?? []) {
        t.ok(finding.message !== '' && /\p{Script=Han}/u.test(finding.message_zh), `row ${want.row}: ${finding.code} in both languages`)
      }
      if (want.normalised === undefined || row === undefined) continue
      const normal = (text: unknown) => typeof text === 'string' ? text.normalize('NFKC').replace(/\s/gu, '') : text
      const got: Record<string, unknown> = { ...row, amount_yuan: row.amount, authorised: row.consent }
      for (const [field, value] of Object.entries(want.normalised)) t.same(field === 'name' ? normal(got[field]) : got[field], field === 'name' ? normal(value) : value, `row ${want.row} ${field}`)
    }
    t.equal(list.amount_accepted, expected.summary.amount_yuan_accept_and_warn)
    t.equal((list.counts.ACCEPTED ?? 0) + (list.counts.ACCEPTED_WITH_REMARK ?? 0), Number(expected.summary.accept ?? 0) + Number(expected.summary.accept_warn ?? 0))
    t.same([list.counts.HELD, list.counts.REJECTED, list.counts.SKIPPED], [expected.summary.hold ?? 0, expected.summary.reject ?? 0, expected.summary.skip ?? 0])
    t.equal(rows.filter(row => row.need_no !== null).length, (list.counts.ACCEPTED ?? 0) + (list.counts.ACCEPTED_WITH_REMARK ?? 0), 'what went in has a need')
    for (const outcome of Object.values(OUTCOMES)) t.equal((await rowsOf(park, list_no, `&outcome=${outcome}`)).length, list.counts[outcome] ?? 0)
    t.equal(rows.every(row => name.endsWith('.csv') ? row.sheet === null : typeof row.sheet === 'string'), true)

    const again = await park.upload('/v1/enterprise-lists', { name: 'other-name', bytes })
    t.same([again.statusCode, again.json().list_no], [200, list_no], 'the same bytes under a new key are the same list')
    t.equal((await hub.as('park-2').get(`/v1/enterprise-lists/${list_no}`)).statusCode, 404)
    t.equal((await hub.as('bank-1').get(`/v1/enterprise-lists/${list_no}`)).statusCode, 403)
    const annotated = await park.get(`/v1/enterprise-lists/${list_no}/annotated.xlsx`)
    t.equal(annotated.statusCode, 200)
    const counts = await hub.as('meic').get(`/v1/enterprise-lists/${list_no}`)
    t.same([counts.statusCode, counts.json().counts], [200, list.counts], 'the commission sees counts')
    t.notMatch(counts.body, /91500/, 'and no enterprise')
    t.not((await hub.as('meic').get(`/v1/enterprise-lists/${list_no}/rows`)).statusCode, 200, 'nor rows')
  })
}

t.test('a row needs six facts, and nothing else', async (t) => {
  const hub = await build(t)
  const { list, rows } = await sent(hub, [aRow()])
  t.same([list.counts.ACCEPTED, list.amount_accepted], [1, '5000000.00'])
  t.same([rows[0]?.sheet, rows[0]?.row, rows[0]?.outcome, rows[0]?.consent], [null, 1, 'ACCEPTED', true])
  for (const field of ['row_id', 'sheet', 'row', 'outcome', 'uscc', 'name', 'project_code', 'project_name', 'amount', 'term_months', 'purpose', 'demand_date', 'consent', 'need_no', 'normalised_from', 'findings']) t.ok(field in (rows[0] ?? {}), field)
  const [authorization] = await items(hub.as('enterprise-1'), '/v1/authorizations')
  t.match(authorization, { method: 'PARK_DECLARED', status: 'ACTIVE', collector_no: 'park-1', list_no: list.list_no, valid_from: '2026-03-18', valid_to: '2031-03-18' }, 'for the term and 24 months')
  t.same(textsOf(authorization?.recipients), ['AUDITOR', 'FISCAL', 'PAIRED_BANK', 'PAIRED_GUARANTOR'])
  t.same(textsOf(authorization?.scopes), ['CREDIT_CONTRACT', 'ENTERPRISE_BASIC', 'FINANCING_NEED', 'GUARANTEE', 'INTEREST_PAYMENT', 'PROJECT', 'SUBSIDY_ACCOUNT'])
  t.same(textsOf(authorization?.purposes), ['CREDIT_ASSESSMENT', 'FINANCING_MATCHING', 'SUBSIDY_SETTLEMENT'])
  t.match(authorization?.evidence_digest, /^[0-9a-f]{64}$/)
  const need = body(await hub.as('park-1').get(`/v1/financing-needs/${rows[0]?.need_no}`), 200)
  t.match(need, { wants_guarantee: true, amount: '5000000.00', term_months: 36, source: 'PARK_BATCH' })
})

t.test('what is held, what is rejected, what is only remarked', async (t) => {
  const hub = await build(t)
  const cases: [string, Record<string, unknown>, string, string?][] = [
    ['no consent', { consent: false }, 'HELD', 'NOT_AUTHORISED'],
    ['under ten thousand', { amount: '9999.99' }, 'HELD', 'AMOUNT_UNIT_SUSPECT'],
    ['ten thousand', { amount: '10000.00' }, 'ACCEPTED'],
    ['over a thousand million', { amount: '1000000000.01' }, 'HELD', 'AMOUNT_UNIT_SUSPECT'],
    ['at the limit of a household', { amount: '10000000.00' }, 'ACCEPTED'],
    ['over the limit of a household', { amount: '10000000.01' }, 'ACCEPTED_WITH_REMARK', 'HOUSEHOLD_LIMIT'],
    ['over the limit, with a title', { amount: '30000000.00', qualifications: ['高新技术企业'] }, 'ACCEPTED'],
    ['over both limits', { amount: '30000000.01', qualifications: ['高新技术企业'] }, 'ACCEPTED_WITH_REMARK', 'HOUSEHOLD_LIMIT'],
    ['no manufacturing', { industry_code: 'F5171' }, 'HELD', 'NOT_MANUFACTURING'],
    ['manufacturing', { industry_code: 'C3670' }, 'ACCEPTED'],
    ['another park', { park: '璧山示范高新园（虚构）' }, 'HELD'],
    ['its own park', { park: '渝北示范产业园（虚构）' }, 'ACCEPTED'],
    ['a park nobody knows', { park: '某某工业园' }, 'ACCEPTED'],
    ['a wrong check digit', { uscc: '91500112MAXX000150' }, 'REJECTED', 'USCC_CHECK_DIGIT'],
    ['nothing to finance', { amount: '0.00' }, 'REJECTED', 'AMOUNT_NOT_POSITIVE']
  ]
  const { rows: decided_rows } = await sent(hub, cases.map(([name, over], index) => aRow({
    name: `${name}公司（虚构）`, uscc: aUscc(index), ...over })))
  for (const [index, [name, , outcome, code]] of cases.entries()) {
    const row = decided_rows[index]
    t.equal(row?.outcome, outcome, `${name}: ${JSON.stringify(row?.findings)}`)
    if (code !== undefined) t.ok(codes(row).includes(code), `${name}: ${codes(row).join(' ')}`)
    t.equal(row?.need_no !== null, outcome.startsWith('ACCEPTED'), `${name}: a need only for what goes in`)
  }
  const { rows } = await sent(hub, [aRow(), aRow({ name: '重庆别名机械有限公司（虚构）', amount: '200000.00', project_name: '另一项目' })])
  t.same(rows.map(row => row.outcome), ['ACCEPTED', 'HELD'], 'the same code under another name in one file')
})

t.test('duplicates, other doors and other parks', async (t) => {
  const hub = await build(t)
  const row = aRow({ project_code: '2606-500112-07-02-100001', project_name: '数字化改造' })
  const first = await sent(hub, [row, { ...row, amount: '1000000.00' }])
  t.same(first.rows.map(each => each.outcome), ['ACCEPTED', 'REJECTED'])
  t.ok(codes(first.rows[1]).includes('DUPLICATE'))
  t.match(first.rows[1]?.findings.map(finding => finding.message).join(), /1/, 'the earlier row is named')
  const second = await sent(hub, [{ ...row, amount: '2000000.00' }])
  t.same([second.rows[0]?.outcome, codes(second.rows[0]).includes('DUPLICATE')], ['REJECTED', true], 'an open need of the same park')
  const third = await sent(hub, [{ ...row, project_code: '2606-500112-07-02-100002' }])
  t.match(third.rows[0]?.outcome, /^ACCEPTED/, 'another project is another need')
  const other = await sent(hub, [row], 'park-2')
  t.match(other.rows[0]?.outcome, /^ACCEPTED/)
  t.notMatch(JSON.stringify(other.rows), /park-1|渝北/, 'no word about the other park')

  const own = await build(t)
  await authorize(own)
  const self = body<{ need_no: string }>(await own.as('enterprise-1').post('/v1/financing-needs', { amount: '5000000.00', term_months: 36, purpose: '设备', project_code: '2606-500112-07-02-100001' }))
  const merged = await sent(own, [row])
  t.equal(merged.rows[0]?.outcome, 'ACCEPTED')
  t.equal(merged.rows[0]?.need_no, self.need_no, 'merged with the need that came by another door')
  t.same(codes(merged.rows[0]), [], 'without a word about it')
})

t.test('a held row is cleared by a person, consent only by consent', async (t) => {
  const hub = await build(t)
  const { list, rows } = await sent(hub, [aRow({ amount: '9000.00' }), aRow({ uscc: '91500115MAXX00023Y', name: '重庆江岸新材料有限公司（虚构）', consent: false }), aRow({ uscc: uscc_3, name: '丙公司（虚构）', amount: '8000.00' }), aRow({ uscc: uscc_4, name: '丁公司（虚构）' })])
  const decide = (row: Row | undefined, decision: string, user: number | undefined = 1, who = 'park-1') =>
    (headers: Record<string, string> = {}) => hub.as(who, user).post(`/v1/enterprise-lists/${list.list_no}/rows/${row?.row_id}/decision`, { decision, reason: '已电话核实' }, headers)
  await refused(t, 'a decision by a machine', 403, 'person_required', headers => hub.as('park-1').post(`/v1/enterprise-lists/${list.list_no}/rows/${rows[0]?.row_id}/decision`, { decision: 'CONFIRM', reason: '已核实' }, headers))
  t.equal((await decide(rows[0], 'CONFIRM', 1, 'park-2')()).statusCode, 404)
  const confirmed = await decide(rows[0], 'CONFIRM')()
  t.equal(confirmed.statusCode, 200, confirmed.body)
  t.ok(confirmed.json().need_no, 'a need came of it')
  const consent = await decide(rows[1], 'CONFIRM')()
  t.equal(consent.statusCode, 422, `consent cannot be confirmed: ${consent.body}`)
  t.equal((await decide(rows[2], 'DROP')()).statusCode, 200)
  t.equal((await decide(rows[2], 'CONFIRM')()).json().code, 'state_conflict')
  t.equal((await decide(rows[3], 'DROP')()).json().code, 'state_conflict', 'only held rows are decided')
  t.equal((await decide({ ...rows[0], row_id: 'row_01ARZ3NDEKTSV4RRFFQ69G5FAV' } as Row, 'DROP')()).statusCode, 404)
  const late = await sent(hub, [aRow({ uscc: '91500115MAXX00023Y', name: '重庆江岸新材料有限公司（虚构）', consent: true })])
  t.match(late.rows[0]?.outcome, /^ACCEPTED/, 'consent that was sent')
})

t.test('a dry run decides everything and keeps nothing', async (t) => {
  const hub = await build(t)
  const park = hub.as('park-1')
  const answer = await park.post('/v1/enterprise-lists?dry_run=true', { rows: [aRow(), aRow({ uscc: uscc_3, consent: false })] })
  t.equal(answer.statusCode, 200, answer.body)
  t.match(answer.json(), { status: 'DECIDED', counts: { ACCEPTED: 1, HELD: 1 }, amount_accepted: '5000000.00' })
  t.equal(answer.json().rows.length, 2)
  await hub.loops.settle()
  for (const path of ['enterprise-lists', 'financing-needs', 'authorizations']) t.same(await items(park, `/v1/${path}`), [], path)
  const after = await sent(hub, [aRow()])
  t.equal(after.rows[0]?.outcome, 'ACCEPTED')
})

t.test('what is wrong with a file as a whole is said in words a clerk can use', async (t) => {
  const hub = await build(t)
  const park = hub.as('park-1')
  const csv = (text: string) => Buffer.from(text)
  const head = '企业名称,统一社会信用代码,融资金额（万元）,期限（月）,用途,是否授权'
  const good = `${name_1},${uscc_1},500,36,设备,是`
  const files: [string, string, Buffer, Record<string, string>][] = [
    ['NOT_A_SPREADSHEET', 'a.pdf', csv('%PDF-1.4 no list'), {}],
    ['LEGACY_XLS', 'a.xls', Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(600)]), {}],
    ['DAMAGED', 'a.xlsx', Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(100, 7)]), {}],
    ['NO_HEAD_FOUND', 'a.csv', csv('a,b,c\n1,2,3\n'), {}],
    ['NO_DATA_ROWS', 'a.csv', csv(`${head}\n`), {}],
    ['UNIT_UNKNOWN', 'a.csv', csv(`企业名称,统一社会信用代码,融资金额,期限（月）,用途,是否授权\n${good}\n`), {}],
    ['DECLARED_COUNT_MISMATCH', 'a.csv', csv(`${head}\n${good}\n`), { declared_row_count: '2' }],
    ['DECLARED_SUM_MISMATCH', 'a.csv', csv(`${head}\n${good}\n\n`), { declared_amount: '5000000.01' }]
  ]
  for (const [code, name, bytes, parts] of files) {
    const { list_no } = body<{ list_no: string }>(await park.upload('/v1/enterprise-lists', { name, bytes }, parts), 202)
    const list = await decided(hub, park, list_no)
    t.same([list.status, list.refusal?.code], ['REFUSED', code], JSON.stringify(list))
    for (const field of ['message_zh', 'what_to_do_zh']) t.match(list.refusal?.[field], /\p{Script=Han}/u, `${code} ${field}`)
    for (const field of ['message', 'what_to_do']) t.type(list.refusal?.[field], 'string')
    t.same(await rowsOf(park, list_no), [], `${code}: nothing goes in`)
  }
  const declared = body<{ list_no: string }>(await park.upload('/v1/enterprise-lists', { name: 'a.csv', bytes: csv(`${head}\n${good}\n`) }, { declared_row_count: '1', declared_amount: '5000000.00', declaration: 'true' }), 202)
  t.equal((await decided(hub, park, declared.list_no)).status, 'DECIDED')
  const form = new FormData()
  form.append('declaration', 'true')
  const encoded = new Response(form)
  const no_file = await park.post('/v1/enterprise-lists', Buffer.from(await encoded.arrayBuffer()), { 'content-type': encoded.headers.get('content-type') ?? '' })
  t.equal(no_file.statusCode, 400, no_file.body)
  const large = await park.upload('/v1/enterprise-lists', { name: 'a.csv', bytes: Buffer.alloc(20 * 1024 * 1024 + 1, 'a') })
  t.equal(large.statusCode, 413, large.body)
  t.equal((await park.post('/v1/enterprise-lists', 'a,b', { 'content-type': 'text/csv' })).statusCode, 415)
  t.equal((await park.post('/v1/enterprise-lists', { rows: [] })).statusCode, 400)
  t.equal((await hub.as('bank-1').post('/v1/enterprise-lists', { rows: [aRow()] })).json().code, 'role_not_allowed')
  t.equal((await park.get('/v1/enterprise-lists/template.xlsx')).statusCode, 200)
  const key = { 'idempotency-key': 'list-key-000000000001' }
  const one = await park.upload('/v1/enterprise-lists', { name: 'b.csv', bytes: csv(`${head}\n${good}\n,,,,,\n`) }, {}, key)
  const two = await park.upload('/v1/enterprise-lists', { name: 'b.csv', bytes: csv(`${head}\n${good}\n,,,,,\n`) }, {}, key)
  t.same([two.statusCode, two.body, two.headers['idempotency-replayed']], [one.statusCode, one.body, 'true'])
  const changed = await park.upload('/v1/enterprise-lists', { name: 'b.csv', bytes: csv(`${head}\n${good}\n,,,,,\n`) }, { declared_row_count: '1' }, key)
  t.equal(changed.json().code, 'idempotency_mismatch', 'text parts are bound too')
})

t.test('consent in so many words, amounts to the fen', async (t) => {
  const lines = ['是', '已授权', '同意', '已同意', '已签', '已签署', '√', '✓', 'Y', 'YES', 'TRUE', '1', 'ｙｅｓ', 'y', '', '否', '待定', 'N', '2', '是的'].map((word, index) => ({ word, index }))
  const hub = await build(t)
  const text = ['企业名称,统一社会信用代码,融资金额（元）,期限（月）,用途,是否授权,项目名称', ...lines.map(({ word, index }) => `${name_1},${uscc_1},200000.00,36,设备,${word},项目${index}`)].join('\r\n')
  const { list_no } = body<{ list_no: string }>(await hub.as('park-1').upload('/v1/enterprise-lists', { name: 'a.csv', bytes: Buffer.from(text) }), 202)
  await decided(hub, hub.as('park-1'), list_no)
  const rows = await rowsOf(hub.as('park-1'), list_no)
  t.same(rows.map(row => codes(row).includes('NOT_AUTHORISED')), lines.map(({ index }) => index >= 14), rows.map(row => `${row.outcome} ${codes(row).join(' ')}`).join('; '))
  const amounts = ['5000000.004', '5000000.006', '5000000.005', '5000000.10']
  const more = ['企业名称,统一社会信用代码,融资金额（元）,期限（月）,用途,是否授权,项目名称', ...amounts.map((amount, index) => `乙公司（虚构）,${uscc_3},${amount},36,设备,是,项目${index}`)].join('\n')
  const second = body<{ list_no: string }>(await hub.as('park-1').upload('/v1/enterprise-lists', { name: 'b.csv', bytes: Buffer.from(more) }), 202)
  await decided(hub, hub.as('park-1'), second.list_no)
  const [cut, up, half, plain] = await rowsOf(hub.as('park-1'), second.list_no)
  t.same([cut?.outcome, cut?.amount], ['ACCEPTED_WITH_REMARK', '5000000.00'])
  t.same([up?.outcome, up?.amount], ['ACCEPTED_WITH_REMARK', '5000000.01'])
  t.equal(half?.outcome, 'REJECTED', 'not less than half a fen off')
  t.equal(plain?.amount, '5000000.10')
})

