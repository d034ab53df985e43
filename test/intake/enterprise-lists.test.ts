import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import multipart from '@fastify/multipart'
import Fastify from 'fastify'
import t from 'tap'
import { inventedName, inventedUscc } from '../../scripts/bench/world.ts'
import { count } from 'drizzle-orm'
import { sha256Hex } from '../../src/db/canonical.ts'
import { admit } from '../../src/http/access.ts'
import { authorizations as authorizationsTable } from '../../src/intake/authorizations/store.ts'
import { listReader } from '../../src/intake/enterprise-lists/read-in-worker.ts'
import { receiveList } from '../../src/intake/enterprise-lists/service.ts'
import { findList } from '../../src/intake/enterprise-lists/store.ts'
import { readReceivedList } from '../../src/intake/enterprise-lists/upload.ts'
import { listLoop, type ListWork } from '../../src/intake/enterprise-lists/working.ts'
import { no_hooks } from '../../src/intake/hooks.ts'
import type { Built } from '../helper.ts'
import { build } from '../helper.ts'
import { aGrant, aNeed, aRow } from '../fixtures.ts'

// Every test here has a database of its own; on PostgreSQL that takes its time.
t.setTimeout(180_000)

const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY'

/** The n-th invented credit code with a right check character. */
function usccOf (n: number): string {
  const body = `91500112MA${String(n).padStart(7, '0')}`
  let sum = 0
  for (let index = 0, weight = 1; index < body.length; index++, weight = weight * 3 % 31) sum += alphabet.indexOf(body.charAt(index)) * weight
  return body + alphabet.charAt((31 - sum % 31) % 31)
}

function heldBodies (): ListWork['bodies'] {
  const held = new Map<string, Uint8Array>()
  return {
    put: async (sha256, bytes) => { held.set(sha256, bytes) },
    get: async sha256 => held.get(sha256) ?? null
  }
}

interface Row {
  row_id: string, sheet: string | null, row: number, outcome: string, uscc: string | null, name: string | null, amount: string | null, term_months: number | null, purpose: string | null
  project_code: string | null, project_name: string | null, demand_date: string | null, consent: boolean, need_no: string | null, authorization_no: string | null
  findings: { code: string, message: string, message_zh: string }[]
}

const csv = [
  '企业名称,统一社会信用代码,融资金额（万元）,期限（月）,用途,是否授权,项目代码,项目名称,企业资质,联系人,联系电话',
  '重庆云岭精密机械有限公司（虚构）,91500112MAXX00015Q,500,36,购置数控设备,是,2606-500112-07-02-100001,数字化改造,高新技术企业,联系人甲,15400000001',
  '重庆江岸新材料有限公司（虚构）,91500115MAXX00023Y,0.5,24,厂房建设,已授权,,新材料中试线,,,',
  '重庆示范丙有限公司（虚构）,91500120MAXX000311,300,24,购置设备,,2606-500120-07-02-100002,产线改造,,,',
  '重庆示范丁有限公司（虚构）,91500120MAXX000312,300,24,购置设备,是,,产线改造,,,',
  '重庆云岭精密机械有限公司（虚构）,91500112MAXX00015Q,500,36,购置数控设备,是,2606-500112-07-02-100001,数字化改造,,,',
  '合计,,1600.5,,,,,,,,'
].join('\r\n')

async function rowsOf (hub: Built, park: string, list_no: string, query = ''): Promise<Row[]> {
  const rows: Row[] = []
  for (let cursor = ''; ;) {
    const page = (await hub.as(park).get(`/v1/enterprise-lists/${list_no}/rows?limit=200${query}${cursor}`)).json()
    rows.push(...page.items)
    if (page.next_cursor === null) return rows
    cursor = `&cursor=${page.next_cursor}`
  }
}

async function upload (hub: Built, park: string, bytes: Uint8Array, parts: Record<string, string> = {}, query = '') {
  return hub.as(park).upload(`/v1/enterprise-lists${query}`, { name: '名单.csv', bytes }, parts)
}

t.test('a list becomes rows, needs, authorizations, enterprises and projects', async t => {
  const hub = await build(t)
  const park = hub.as('park-1', 1)
  const received = await upload(hub, 'park-1', Buffer.from(csv))
  t.equal(received.statusCode, 202, received.body)
  const { list_no, status, sha256 } = received.json()
  t.equal(status, 'RECEIVED')
  t.match(sha256, /^[0-9a-f]{64}$/)
  t.equal(received.headers.location, `/v1/enterprise-lists/${list_no}`)
  t.same((await park.get(`/v1/enterprise-lists/${list_no}/rows`)).json().items, [])
  await hub.loops.settle()
  const list = (await park.get(`/v1/enterprise-lists/${list_no}`)).json()
  t.match(list, {
    status: 'DECIDED', counts: { ACCEPTED: 1, ACCEPTED_WITH_REMARK: 0, HELD: 2, REJECTED: 2, SKIPPED: 1 }, amount_accepted: '5000000.00', refusal: null, file_name: '名单.csv'
  })
  const rows = await rowsOf(hub, 'park-1', list_no)
  t.same(rows.map(({ row, outcome }) => [row, outcome]), [[2, 'ACCEPTED'], [3, 'HELD'], [4, 'HELD'], [5, 'REJECTED'], [6, 'REJECTED'], [7, 'SKIPPED']])
  const [first] = rows
  t.match(first, { sheet: null, uscc: '91500112MAXX00015Q', amount: '5000000.00', term_months: 36, consent: true, project_code: '2606-500112-07-02-100001' })
  t.ok(rows.slice(1).every(({ need_no }) => need_no === null))
  t.match(rows[4]?.findings, [{ code: 'DUPLICATE', message: /record 2/ }])
  const need = (await park.get(`/v1/financing-needs/${first?.need_no}`)).json()
  t.match(need, { source: 'PARK_BATCH', park_no: 'park-1', wants_guarantee: true, purpose_code: 'EQUIPMENT_PURCHASE', list_no, row_id: first?.row_id, authorization_no: first?.authorization_no })
  const authorization = (await park.get(`/v1/authorizations/${need.authorization_no}`)).json()
  t.match(authorization, {
    method: 'PARK_DECLARED', collector_no: 'park-1', recipients: ['PAIRED_BANK', 'PAIRED_GUARANTOR', 'AUDITOR', 'FISCAL'], valid_from: '2026-03-18', valid_to: '2031-03-18', list_no,
    purposes: ['FINANCING_MATCHING', 'CREDIT_ASSESSMENT', 'SUBSIDY_SETTLEMENT'], evidence_digest: /^[0-9a-f]{64}$/
  })
  t.same(authorization.scopes, ['ENTERPRISE_BASIC', 'PROJECT', 'FINANCING_NEED', 'CREDIT_CONTRACT', 'INTEREST_PAYMENT', 'GUARANTEE', 'SUBSIDY_ACCOUNT'])
  t.match((await park.get('/v1/enterprises/91500112MAXX00015Q')).json(), { contact_phone: '15400000001', tags: [{ tag: 'HIGH_TECH', basis: 'DECLARED' }] })
  t.match((await park.get('/v1/projects/2606-500112-07-02-100001')).json(), { owner_uscc: '91500112MAXX00015Q', name: '数字化改造', library_entry: null })
  t.equal((await park.get('/v1/enterprises/91500120MAXX000311')).statusCode, 404, 'a held row leaves no enterprise')
  t.same((await rowsOf(hub, 'park-1', list_no, '&outcome=HELD')).map(({ row }) => row), [3, 4])
  const types = (await park.get('/v1/events')).json().items.map((each: { type: string }) => each.type).filter((type: string) => !type.startsWith('lead.') && type !== 'financing_need.pushed')
  t.same(types, ['enterprise_list.received', 'authorization.activated', 'financing_need.submitted', 'enterprise_list.decided'])
  t.match((await hub.as('enterprise-1').get('/v1/events')).json().items[0], { type: 'authorization.activated' }, 'the enterprise hears of it')
  const workbook = await park.get(`/v1/enterprise-lists/${list_no}/annotated.xlsx`)
  t.equal(workbook.statusCode, 200)
  t.equal(workbook.rawPayload.subarray(0, 2).toString(), 'PK')
  t.equal((await park.get('/v1/enterprise-lists/template.xlsx')).rawPayload.subarray(0, 2).toString(), 'PK')
})

t.test('the same bytes again are the first list, under any key', async t => {
  const hub = await build(t)
  const first = (await upload(hub, 'park-1', Buffer.from(csv))).json()
  const early = await upload(hub, 'park-1', Buffer.from(csv))
  t.equal(early.statusCode, 200)
  t.match(early.json(), { list_no: first.list_no, status: 'RECEIVED' })
  await hub.loops.settle()
  const late = await upload(hub, 'park-1', Buffer.from(csv))
  t.match(late.json(), { list_no: first.list_no, status: 'DECIDED', dry_run: false })
  const key = { 'idempotency-key': 'list-key-0123456789' }
  const other = Buffer.from(`${csv}\r\n`)
  const one = await hub.as('park-1').upload('/v1/enterprise-lists', { name: 'a.csv', bytes: other }, {}, key)
  const two = await hub.as('park-1').upload('/v1/enterprise-lists', { name: 'b.csv', bytes: other }, {}, key)
  t.equal(two.headers['idempotency-replayed'], 'true', 'another boundary and name is the same request')
  t.same(two.json(), one.json())
  t.equal((await hub.as('park-1').upload('/v1/enterprise-lists', { name: 'a.csv', bytes: other }, { declared_row_count: '5' }, key)).json().code, 'idempotency_mismatch')
  await hub.loops.settle()
  const again = await rowsOf(hub, 'park-1', one.json().list_no)
  t.match(again[0], { outcome: 'REJECTED', findings: [{ code: 'DUPLICATE', message: /need_/ }] }, 'an open need of the same park is named')
  t.not((await upload(hub, 'park-2', Buffer.from(csv))).json().list_no, first.list_no, 'another park has its own list')
})

t.test('a dry run decides everything and stores nothing', async t => {
  const hub = await build(t)
  const park = hub.as('park-1')
  const dry = await upload(hub, 'park-1', Buffer.from(csv), {}, '?dry_run=true')
  t.equal(dry.statusCode, 200, dry.body)
  t.match(dry.json(), {
    list_no: null, dry_run: true, status: 'DECIDED', counts: { ACCEPTED: 1, HELD: 2, REJECTED: 2, SKIPPED: 1 },
    effect: { new_enterprises: 1, new_needs: 1, changed: 0, duplicate: 1, withdrawn: 0, amount_new: '5000000.00' }
  })
  t.equal(dry.json().rows.length, 6)
  await hub.loops.settle()
  t.same((await park.get('/v1/enterprise-lists')).json().items, [])
  t.equal((await park.get('/v1/financing-needs')).json().totals.count, 0)
  t.same((await park.get('/v1/events')).json().items, [])
  t.match((await upload(hub, 'park-1', Buffer.from('nothing'), {}, '?dry_run=true')).json(), { status: 'REFUSED', refusal: { code: /.+/ } })
  t.equal((await upload(hub, 'park-1', Buffer.from(csv))).statusCode, 202, 'afterwards the list is new')
})

t.test('a person of the park clears held rows', async t => {
  const hub = await build(t)
  const { list_no } = (await upload(hub, 'park-1', Buffer.from(csv))).json()
  await hub.loops.settle()
  const rows = await rowsOf(hub, 'park-1', list_no)
  const of = (index: number): string => `/v1/enterprise-lists/${list_no}/rows/${rows[index]?.row_id}/decision`
  const confirm = { decision: 'CONFIRM', reason: '已核实' }
  const person = hub.as('park-1', 1)
  t.match((await hub.as('park-1').post(of(1), confirm)).json(), { status: 403, code: 'person_required' })
  t.equal((await hub.as('park-2', 1).post(of(1), confirm)).statusCode, 404)
  t.match((await person.post(of(2), confirm)).json(), { status: 422, code: 'decision_not_possible', errors: [{ code: 'NOT_AUTHORISED' }] })
  t.match((await person.post(of(0), confirm)).json(), { status: 409, code: 'state_conflict' })
  const confirmed = await person.post(of(1), confirm)
  t.equal(confirmed.statusCode, 200, confirmed.body)
  t.match(confirmed.json(), { outcome: 'ACCEPTED_WITH_REMARK', amount: '5000.00', need_no: /^need_/, decision: { decision: 'CONFIRM', decided_by: 'park-1-user-1' } })
  t.match((await person.get(`/v1/financing-needs/${confirmed.json().need_no}`)).json(), { amount: '5000.00', project_name: '新材料中试线' })
  t.match((await person.post(of(1), confirm)).json(), { status: 409 }, 'decided once')
  const dropped = await person.post(of(2), { decision: 'DROP', reason: '企业未授权' })
  t.match(dropped.json(), { outcome: 'REJECTED', need_no: null, decision: { decision: 'DROP' } })
  t.match((await person.get(`/v1/enterprise-lists/${list_no}`)).json(), {
    counts: { ACCEPTED: 1, ACCEPTED_WITH_REMARK: 1, HELD: 0, REJECTED: 3, SKIPPED: 1 }, amount_accepted: '5005000.00'
  })
})

t.test('what is wrong with the request is refused at once, what is wrong with the file when it is read', async t => {
  const hub = await build(t)
  const park = hub.as('park-1')
  const post = async (headers: Record<string, string>, payload: string) => park.send('POST', '/v1/enterprise-lists', payload, headers)
  const none = new Response(new FormData())
  const empty = await post({ 'content-type': none.headers.get('content-type') ?? '' }, await none.text())
  t.match(empty.json(), { status: 400, errors: [{ pointer: '/file', code: 'MISSING_FIELD' }] }, empty.body)
  t.equal((await post({ 'content-type': 'text/csv' }, csv)).statusCode, 415)
  t.equal((await post({ 'content-type': 'multipart/form-data; boundary=x' }, '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nbroken')).statusCode, 400)
  t.equal((await upload(hub, 'park-1', Buffer.alloc(20 * 1024 * 1024 + 1, 'x'))).statusCode, 413)
  for (const [parts, pointer] of [[{ extra: '1' }, '/extra'], [{ declaration: 'no' }, '/declaration'], [{ declared_row_count: '-1' }, '/declared_row_count'], [{ declared_amount: '1.2' }, '/declared_amount']] as const) {
    t.match((await upload(hub, 'park-1', Buffer.from(csv), parts)).json(), { status: 400, errors: [{ pointer }] })
  }
  t.equal((await upload(hub, 'bank-1', Buffer.from(csv))).statusCode, 403)
  const json: [unknown, number][] = [
    [{ rows: [] }, 400], [{ rows: [aRow({ amount: '1.234' })] }, 400], [{ rows: [aRow({ extra: 1 })] }, 400], [{ rows: [aRow({ consent: '是' })] }, 400],
    [{ rows: [aRow()], declaration: false }, 400], [{ rows: [{ ...aRow(), name: undefined }] }, 400]
  ]
  for (const [body, status] of json) t.equal((await park.post('/v1/enterprise-lists', body)).statusCode, status, JSON.stringify(body))
  const declared = await upload(hub, 'park-1', Buffer.from(csv), { declared_row_count: '99' })
  const damaged = await upload(hub, 'park-1', Buffer.from('PK\u0003\u0004 cut off'))
  await hub.loops.settle()
  t.match((await park.get(`/v1/enterprise-lists/${declared.json().list_no}`)).json(), {
    status: 'REFUSED', counts: null, refusal: { code: 'DECLARED_COUNT_MISMATCH', message: /.+/, message_zh: /.+/, what_to_do: /.+/, what_to_do_zh: /.+/ }
  })
  t.equal((await park.get(`/v1/enterprise-lists/${damaged.json().list_no}`)).json().status, 'REFUSED')
  t.equal((await park.get('/v1/financing-needs')).json().totals.count, 0, 'nothing of a refused file goes in')
  const corrected = await upload(hub, 'park-1', Buffer.from(csv), { declared_row_count: '5', declared_amount: '16005000.00' })
  t.equal(corrected.statusCode, 202, 'the same bytes with a corrected declaration are read anew')
  await hub.loops.settle()
  t.equal((await park.get(`/v1/enterprise-lists/${corrected.json().list_no}`)).json().status, 'DECIDED')
  const uncoded = (await park.post('/v1/enterprise-lists', { rows: [aRow({ uscc: inventedUscc(77), name: inventedName(77), project_code: 'park－1', project_name: '无代码改造' })] })).json()
  await hub.loops.settle()
  const { items: [row] } = (await park.get(`/v1/enterprise-lists/${uncoded.list_no}/rows`)).json()
  t.match(row, { outcome: 'ACCEPTED_WITH_REMARK', project_code: null, project_name: '无代码改造' })
  t.ok(row.findings.some(({ code, value }: { code: string, value: string }) => code === 'PROJECT_CODE_INVALID' && value === 'park－1'), JSON.stringify(row.findings))
  t.match((await park.get(`/v1/financing-needs/${row.need_no}`)).json(), { project_code: null, project_name: '无代码改造' }, 'what has not the form names no project')
  const types = (await park.get('/v1/events')).json().items.map((each: { type: string }) => each.type)
  t.equal(types.filter((type: string) => type === 'enterprise_list.refused').length, 2)
})

t.test('production asks for the declaration', async t => {
  const app = Fastify()
  await app.register(multipart)
  app.post('/lists', request => readReceivedList(request, true))
  t.teardown(() => app.close())
  const refused: unknown[] = []
  app.setErrorHandler((error, _request, reply) => {
    refused.push(error)
    return reply.code(400).send()
  })
  t.equal((await app.inject({ method: 'POST', url: '/lists', payload: { rows: [aRow()] } })).statusCode, 400)
  t.match(refused, [{ code: 'invalid_request', errors: [{ pointer: '/declaration', code: 'MISSING_FIELD' }] }])
  t.equal((await app.inject({ method: 'POST', url: '/lists', payload: { declaration: true, rows: [aRow()] } })).statusCode, 200)
})

t.test('third parties see nothing of a list, MEIC counts only', async t => {
  const hub = await build(t)
  const { list_no } = (await upload(hub, 'park-1', Buffer.from(csv))).json()
  await hub.loops.settle()
  const [row] = await rowsOf(hub, 'park-1', list_no)
  for (const path of ['', '/rows', '/annotated.xlsx']) {
    const foreign = await hub.as('park-2').get(`/v1/enterprise-lists/${list_no}${path}`)
    const missing = await hub.as('park-2').get(`/v1/enterprise-lists/list_01JB2Q8Z6V7K3M5N9P4R1S0T2W${path}`)
    t.equal(foreign.statusCode, 404)
    t.same({ ...foreign.json(), trace_id: '' }, { ...missing.json(), trace_id: '' })
    t.equal((await hub.as('bank-1').get(`/v1/enterprise-lists/${list_no}${path}`)).statusCode, 403)
  }
  t.equal((await hub.as('park-2').get(`/v1/financing-needs/${row?.need_no}`)).statusCode, 404)
  t.equal((await hub.as('park-2').get(`/v1/authorizations/${row?.authorization_no}`)).statusCode, 404)
  t.same((await hub.as('park-2').get('/v1/enterprise-lists')).json().items, [])
  const seen = (await hub.as('meic').get(`/v1/enterprise-lists/${list_no}`)).json()
  t.match(seen, { counts: { ACCEPTED: 1 }, file_name: null, sha256: null, sheets: [], refusal: null })
  t.equal((await hub.as('meic').get(`/v1/enterprise-lists/${list_no}/rows`)).statusCode, 403)
})

t.test('rows that came as JSON are decided alike, and a need of another door is merged in silence', async t => {
  const hub = await build(t)
  const enterprise = hub.as('enterprise-1')
  const self = (await enterprise.post('/v1/financing-needs', aNeed({ authorization: aGrant() }))).json()
  const received = await hub.as('park-1').post('/v1/enterprise-lists', {
    rows: [aRow(), aRow({ uscc: '91500120MAXX000312', name: '甲' }), aRow({ uscc: '91500120MAXX000311', name: '乙', consent: false }),
      aRow({ uscc: '91500107MAXX00058Y', name: '丙', amount: '0.00' }), aRow({ uscc: '91500107MAXX00058Y', name: '丙', park: '璧山示范高新园' })]
  })
  t.equal(received.statusCode, 202, received.body)
  await hub.loops.settle()
  const rows = await rowsOf(hub, 'park-1', received.json().list_no)
  t.same(rows.map(({ row, outcome }) => [row, outcome]), [[1, 'ACCEPTED'], [2, 'REJECTED'], [3, 'HELD'], [4, 'REJECTED'], [5, 'HELD']])
  t.equal(rows[0]?.need_no, self.need_no)
  t.same(rows[0]?.findings, [])
  t.equal((await enterprise.get('/v1/financing-needs')).json().totals.count, 1, 'one need')
  t.match((await hub.as('park-1').get(`/v1/financing-needs/${self.need_no}`)).json(), { source: 'PARK_BATCH', list_no: received.json().list_no })
  t.equal((await hub.as('park-1').get(`/v1/enterprise-lists/${received.json().list_no}/annotated.xlsx`)).statusCode, 200)
})

t.test('after a withdrawal the content of its row is shown no more', async t => {
  const hub = await build(t)
  const { list_no } = (await upload(hub, 'park-1', Buffer.from(csv))).json()
  await hub.loops.settle()
  const [before] = await rowsOf(hub, 'park-1', list_no)
  const withdrawn = await hub.as('enterprise-1').post(`/v1/authorizations/${before?.authorization_no}/withdraw`, { reason: '撤回' })
  t.equal(withdrawn.statusCode, 200, withdrawn.body)
  const [after] = await rowsOf(hub, 'park-1', list_no)
  t.match(after, { outcome: 'ACCEPTED', amount: null, purpose: null, name: null, need_no: before?.need_no })
  t.equal((await hub.as('park-1').get('/v1/enterprises/91500112MAXX00015Q')).statusCode, 404)
  t.match((await hub.as('park-1').get(`/v1/financing-needs/${before?.need_no}`)).json(), { status: 'WITHDRAWN', amount: null })
  const dry = (await upload(hub, 'park-1', Buffer.from(csv), {}, '?dry_run=true')).json()
  t.match(dry.effect, { new_needs: 1, new_enterprises: 0 }, 'what was withdrawn may be sent anew')
})

t.test('a list cut off at any unit is taken up again and comes out the same', async t => {
  const hub = await build(t)
  const reader = listReader()
  t.teardown(() => reader.close())
  const work: ListWork = { db: hub.db, bodies: heldBodies(), reader, hooks: no_hooks, log: hub.app.log as never }
  const rows_per_list = 450
  const units = 6
  for (let cut = 0; cut < units; cut++) {
    const rows = Array.from({ length: rows_per_list }, (_, index) => aRow({ uscc: usccOf(cut * rows_per_list + index), name: `示范${cut}-${index}`, project_code: undefined }))
    const bytes = Buffer.from(JSON.stringify({ rows }))
    const sha256 = sha256Hex(bytes)
    await work.bodies.put(sha256, bytes)
    const park = admit({ participant_no: 'park-1', role: 'PARK', name: '园区', uscc: '12500112MAYY000180', user_no: null, duties: [], client_id: 'park-1' })
    const { list } = await hub.db.write((sql, now) => receiveList(sql, now, park, {
      form: 'JSON', bytes, sha256, file_name: 'list.json', declaration: true, corrects: null, declared_row_count: null, declared_amount: null, content: sha256
    }))
    let left = cut
    const failing: ListWork = {
      ...work,
      db: {
        ...hub.db,
        write: unit => left-- > 0 ? hub.db.write(unit) : hub.db.write(async (sql, now) => {
          await unit(sql, now)
          throw new Error('cut off')
        })
      }
    }
    const failingStep = listLoop(failing)
    await t.rejects((async () => { while (await failingStep() > 0); })(), { message: 'cut off' }, `at unit ${cut}`)
    const step = listLoop(work)
    while (await step() > 0);
    const done = await findList(hub.db.read, list.list_no)
    t.match(done, { status: 'DECIDED', rows_total: rows_per_list, counts: { REJECTED: 0, HELD: 0, SKIPPED: 0 } })
    t.equal((done?.counts?.ACCEPTED ?? 0) + (done?.counts?.ACCEPTED_WITH_REMARK ?? 0), rows_per_list)
    t.equal((await hub.as('park-1').get('/v1/financing-needs')).json().totals.count, (cut + 1) * rows_per_list)
  }
  const authorizations = await hub.db.read.select({ count: count() }).from(authorizationsTable)
  t.equal(Number(authorizations[0]?.count), units * rows_per_list, 'one authorization for each row')
})

t.test('how far a long list is, is heard by its park and by nobody else', async t => {
  const hub = await build(t)
  const rows_total = 1600
  const rows = Array.from({ length: rows_total }, (_, index) => aRow({ uscc: usccOf(index), name: `示范${index}`, project_code: undefined }))
  const { list_no } = (await hub.as('park-1').post('/v1/enterprise-lists', { rows })).json()
  await hub.loops.settle()
  const eventsOf = async (caller: string) => {
    const found: { type: string, subject: string, data: Record<string, number> }[] = []
    for (let after = ''; ;) {
      const { items, next_cursor } = (await hub.as(caller).get(`/v1/events?limit=200${after}`)).json()
      found.push(...items)
      if (items.length < 200) return found.filter(({ type }) => type.startsWith('enterprise_list.'))
      after = `&after=${next_cursor}`
    }
  }
  const heard = await eventsOf('park-1')
  t.same([heard[0]?.type, heard.at(-1)?.type], ['enterprise_list.received', 'enterprise_list.decided'])
  const steps = heard.slice(1, -1)
  t.ok(steps.length >= 3, 'some steps were told')
  t.ok(steps.every(({ type, subject, data }) => type === 'enterprise_list.progress' && subject === list_no && data.rows_found === rows_total))
  const done = steps.map(({ data }) => (data.rows_read ?? 0) + (data.rows_taken_in ?? 0))
  t.same(done, done.toSorted((a, b) => a - b), 'it only goes forward')
  t.ok(steps.some(({ data }) => data.rows_read === rows_total && data.rows_taken_in === 0), 'all rows are read before the first is taken in')
  t.same((await hub.as('park-1').get(`/v1/enterprise-lists/${list_no}`)).json().progress, { rows_found: rows_total, rows_read: rows_total, rows_taken_in: rows_total }, 'polling says the same')
  for (const other of ['park-2', 'bank-1']) t.same(await eventsOf(other), [], `${other} hears nothing of it`)
})

t.test('the test lists through HTTP come out as expected', async t => {
  const folder = join(import.meta.dirname, '../../../shared/data/synthetic-park-lists')
  if (!existsSync(folder)) {
    t.comment('skipped: the folder ../shared/data is not there')
    return
  }
  const outcome_of: Record<string, string> = { accept: 'ACCEPTED', accept_warn: 'ACCEPTED_WITH_REMARK', hold: 'HELD', reject: 'REJECTED', skip: 'SKIPPED' }
  for (const name of readdirSync(folder).filter(each => /\.(xlsx|csv)$/.test(each))) {
    const expected = JSON.parse(readFileSync(join(folder, `${name}.expected.json`), 'utf8')) as {
      summary: { amount_yuan_accept_and_warn: string } & Record<string, number>
      rows: { row: number, outcome: string, judgement?: string, normalised?: Record<string, unknown> }[]
    }
    const hub = await build(t)
    const sent = await upload(hub, 'park-2', readFileSync(join(folder, name)))
    await hub.loops.settle()
    const list = (await hub.as('park-2').get(`/v1/enterprise-lists/${sent.json().list_no}`)).json()
    t.equal(list.status, 'DECIDED', name)
    const rows = new Map((await rowsOf(hub, 'park-2', list.list_no)).map(row => [row.row, row]))
    for (const { row, outcome, judgement, normalised } of expected.rows) {
      const found = rows.get(row)
      if (judgement === 'soft') t.ok(found !== undefined && (found.outcome === outcome_of[outcome] || found.outcome !== 'ACCEPTED'), `${name} ${row}`)
      else t.equal(found?.outcome, outcome_of[outcome], `${name} row ${row}`)
      if (normalised !== undefined && found?.outcome.startsWith('ACCEPTED') === true) {
        t.equal(found.amount, normalised.amount_yuan)
        t.equal(found.uscc, normalised.uscc)
        t.equal(found.term_months, normalised.term_months)
        t.match(found.need_no, /^need_/)
      }
    }
    t.equal(list.amount_accepted, expected.summary.amount_yuan_accept_and_warn, `${name} sum`)
    const { totals } = (await hub.as('park-2').get('/v1/financing-needs')).json()
    t.equal(totals.amount, list.amount_accepted, `${name}: needs sum up to what was accepted`)
    t.equal(totals.count, list.counts.ACCEPTED + list.counts.ACCEPTED_WITH_REMARK)
  }
})
