import t from 'tap'
import type { Built } from '../helper.ts'
import { build } from '../helper.ts'
import { aGrant, aNeed } from '../fixtures.ts'

const uscc = '91500120MAXX000311'

async function collected (hub: Built, park: string, of: string, over: Record<string, unknown> = {}): Promise<string> {
  const answer = await hub.as(park).post('/v1/authorizations', {
    grantor_uscc: of, grantor_name: '重庆示范企业（虚构）', ...aGrant({ method: 'SEAL_SCAN', evidence_digest: 'c'.repeat(64), ...over })
  })
  return answer.json().authorization_no
}

t.setTimeout(120_000)

t.test('an enterprise applies and authorises with one request', async t => {
  const hub = await build(t)
  const enterprise = hub.as('enterprise-1')
  const sent = aNeed({ authorization: aGrant(), industry_code: 'C3670', employees: 120, revenue: '80000000.00', qualifications: ['SRDI_SME'], contact_name: '联系人', contact_phone: '15400000001' })
  const first = await enterprise.post('/v1/financing-needs', sent)
  t.equal(first.statusCode, 201, first.body)
  const need = first.json()
  t.match(need, {
    source: 'ENTERPRISE_SELF', uscc: enterprise.uscc, status: 'SUBMITTED', purpose_code: 'EQUIPMENT_PURCHASE', fast_track: 'EQUIPMENT_ONLY', wants_guarantee: false,
    amount: '5000000.00', park_no: null, unknown_rules: ['E-03', 'E-04', 'E-07']
  })
  t.equal(first.headers.location, `/v1/financing-needs/${need.need_no}`)
  t.equal((await enterprise.get(`/v1/authorizations/${need.authorization_no}`)).json().grantor_uscc, enterprise.uscc)
  const again = await enterprise.post('/v1/financing-needs', sent)
  t.equal(again.statusCode, 200, 'the same content under a new key is the stored need')
  t.equal(again.json().need_no, need.need_no)
  t.equal((await enterprise.get('/v1/authorizations')).json().items.length, 1, 'and no second authorization')
  const other = await enterprise.post('/v1/financing-needs', { ...sent, amount: '6000000.00' })
  t.match(other.json(), { status: 409, code: 'duplicate_key' })
  t.match((await enterprise.get(`/v1/enterprises/${enterprise.uscc}`)).json(), {
    industry_code: '3670', size_class: 'SMALL', contact_phone: '15400000001', tags: [{ tag: 'SRDI_SME', basis: 'DECLARED' }], sources: ['enterprise-1']
  })
  t.equal((await hub.as('enterprise-2').get(`/v1/enterprises/${enterprise.uscc}`)).statusCode, 404)
  t.equal((await hub.as('park-1').get(`/v1/enterprises/${enterprise.uscc}`)).statusCode, 404)
  t.match((await hub.as('meic').get(`/v1/enterprises/${enterprise.uscc}`)).json(), { contact_phone: null, industry_code: '3670' })
})

t.test('without a live authorization nothing is taken in', async t => {
  const hub = await build(t)
  const park = hub.as('park-1')
  const foreign = await collected(hub, 'park-2', uscc)
  const narrow = await collected(hub, 'park-1', '91500107MAXX00058Y', { scopes: ['ENTERPRISE_BASIC'] })
  const own = await collected(hub, 'park-1', uscc)
  const cases: [string, Record<string, unknown>, number, string][] = [
    ['park-1', { uscc: '91500000MAXX0004XL' }, 403, 'authorization_missing'],
    ['park-1', { uscc, authorization_no: foreign }, 403, 'authorization_missing'],
    ['park-1', { uscc, authorization_no: 'auth_01JB2Q8Z6V7K3M5N9P4R1S0T2W' }, 403, 'authorization_missing'],
    ['park-1', { uscc: '91500107MAXX00058Y', authorization_no: narrow }, 403, 'authorization_missing'],
    ['partner-platform-1', { uscc, authorization_no: own }, 403, 'authorization_missing'],
    ['partner-platform-1', { uscc }, 403, 'authorization_missing'],
    ['enterprise-1', {}, 403, 'authorization_missing'],
    ['enterprise-1', { uscc }, 403, 'role_not_allowed'],
    ['park-1', { uscc, authorization: aGrant() }, 403, 'role_not_allowed'],
    ['park-1', {}, 400, 'invalid_request'],
    ['park-1', { uscc: '91500120MAXX000312' }, 422, 'uscc_check_digit'],
    ['park-1', { uscc, amount: '1000.001' }, 400, 'invalid_request'],
    ['park-1', { uscc, amount: '0.00' }, 422, 'rule_broken'],
    ['park-1', { uscc, project_code: '2633-500112-07-02-100001' }, 422, 'project_code_invalid'],
    ['park-1', { uscc, industry_code: 'I6510' }, 422, 'rule_broken'],
    ['park-1', { uscc, nearest_park: 'park-2' }, 422, 'rule_broken'],
    ['park-1', { uscc, demand_date: '2026-02-30' }, 400, 'invalid_request'],
    ['bank-1', { uscc }, 403, 'role_not_allowed'],
    ['meic', { uscc }, 403, 'role_not_allowed']
  ]
  for (const [caller, over, status, code] of cases) {
    const answer = await hub.as(caller).post('/v1/financing-needs', aNeed(over))
    t.equal(answer.statusCode, status, `${caller} ${JSON.stringify(over)} ${answer.body}`)
    t.equal(answer.json().code, code)
  }
  const all = (await park.post('/v1/financing-needs', aNeed({ uscc: '91500120MAXX000312', amount: '0.00', industry_code: 'I6510' }))).json()
  t.same(all.errors.map((each: { code: string }) => each.code), ['USCC_CHECK_DIGIT', 'AMOUNT_NOT_POSITIVE', 'NOT_MANUFACTURING', 'AUTHORIZATION_MISSING'])
  t.match((await park.get('/v1/financing-needs')).json(), { items: [], totals: { count: 0, amount: '0.00' } }, 'nothing is left behind')
  await park.post(`/v1/authorizations/${own}/withdraw`, {})
  t.match((await park.post('/v1/financing-needs', aNeed({ uscc, authorization_no: own }))).json(), { status: 403, code: 'authorization_not_active' })
})

t.test('the same need by two doors is one need, and no door hears of the other', async t => {
  const hub = await build(t)
  const enterprise = hub.as('enterprise-1')
  const park = hub.as('park-1')
  const self = (await enterprise.post('/v1/financing-needs', aNeed({ authorization: aGrant() }))).json()
  await hub.loops.settle()
  await collected(hub, 'park-1', enterprise.uscc)
  const merged = await park.post('/v1/financing-needs', aNeed({ uscc: enterprise.uscc, amount: '8000000.00', project_name: '另一种写法' }))
  t.equal(merged.statusCode, 201, merged.body)
  t.equal(merged.json().need_no, self.need_no)
  t.match(merged.json(), { source: 'PARK_BATCH', amount: '8000000.00', project_name: '另一种写法', park_no: 'park-1' })
  t.equal((await enterprise.get(`/v1/financing-needs/${self.need_no}`)).json().amount, '5000000.00')
  t.equal((await enterprise.get('/v1/financing-needs')).json().totals.count, 1)
  t.match((await park.get('/v1/financing-needs?amount_max=6000000.00')).json(), { items: [] }, 'screening looks at what the door itself sent')
  t.equal((await hub.as('park-2').get(`/v1/financing-needs/${self.need_no}`)).statusCode, 404)
  const events = async (who: string): Promise<string[]> => {
    await hub.loops.settle()
    return (await hub.as(who).get('/v1/events')).json().items.filter((each: { type: string }) => each.type.startsWith('financing_need.submitted')).map((each: { data: { source: string } }) => each.data.source)
  }
  t.same(await events('park-1'), ['PARK_BATCH'])
  t.same(await events('enterprise-1'), ['ENTERPRISE_SELF', 'PARK_BATCH'])
  const left = await park.post(`/v1/financing-needs/${self.need_no}/withdraw`, { reason: '企业改由自行申请' })
  t.match(left.json(), { status: 'WITHDRAWN', amount: null })
  t.not((await enterprise.get(`/v1/financing-needs/${self.need_no}`)).json().status, 'WITHDRAWN', 'the other door still stands')
  const ended = await enterprise.post(`/v1/financing-needs/${self.need_no}/withdraw`, {})
  t.match(ended.json(), { status: 'WITHDRAWN', amount: '5000000.00' }, 'the enterprise still sees its own content')
  t.equal((await enterprise.post(`/v1/financing-needs/${self.need_no}/withdraw`, {})).statusCode, 200)
})

t.test('screening finds what it should and counts the whole selection', async t => {
  const hub = await build(t)
  const park = hub.as('park-1')
  await collected(hub, 'park-1', uscc)
  const projects = ['2606-500112-07-02-100001', '2606-500120-07-02-100002', '2606-500120-07-02-100003']
  for (const [index, project_code] of projects.entries()) {
    const answer = await park.post('/v1/financing-needs', aNeed({
      uscc, project_code, amount: `${index + 1}000000.00`, purpose: index === 2 ? '厂房建设' : '购置设备', ...(index === 0 ? {} : { qualifications: ['HIGH_TECH'] }), is_green_loan: index === 1
    }))
    t.equal(answer.statusCode, 201, answer.body)
  }
  const found = async (query: string): Promise<string[]> => (await park.get(`/v1/financing-needs?${query}`)).json().items.map((each: { amount: string }) => each.amount)
  t.same(await found('region_code=500120'), ['2000000.00', '3000000.00'])
  t.same(await found('purpose_code=CIVIL_WORKS'), ['3000000.00'])
  t.same(await found('amount_min=2000000.00&amount_max=2000000.00'), ['2000000.00'])
  t.same(await found('tag=HIGH_TECH'), ['2000000.00', '3000000.00'])
  t.same(await found('fast_track=GREEN'), ['2000000.00'])
  t.same(await found(`project_code=${projects[0]}`), ['1000000.00'])
  t.same(await found('status=WITHDRAWN'), [])
  t.same(await found('updated_since=2026-03-18T10:00:00%2B08:00'), ['1000000.00', '2000000.00', '3000000.00'])
  t.same(await found('updated_since=2026-03-18T10:00:01%2B08:00'), [])
  const page = (await park.get('/v1/financing-needs?limit=2')).json()
  t.match(page.totals, { count: 3, amount: '6000000.00' })
  t.equal(page.items.length, 2)
  const rest = (await park.get(`/v1/financing-needs?limit=2&cursor=${page.next_cursor}`)).json()
  t.same(rest.items.map((each: { amount: string }) => each.amount), ['3000000.00'])
  t.equal(rest.next_cursor, null)
  t.equal((await hub.as('park-2').get(`/v1/financing-needs?cursor=${page.next_cursor}`)).statusCode, 400)
})

t.test('a batch decides each need for itself and answers the same again', async t => {
  const hub = await build(t)
  const park = hub.as('park-1')
  await collected(hub, 'park-1', uscc)
  const batch = {
    batch_no: '2026-03-A',
    needs: [
      aNeed({ uscc, reference: 'r-1' }),
      aNeed({ uscc }),
      aNeed({ uscc: '91500000MAXX0004XL' }),
      aNeed({ uscc: '91500120MAXX000312' }),
      aNeed({ uscc, project_code: '2606-500120-07-02-100009', amount: '1000000.00' })
    ]
  }
  const first = await park.post('/v1/financing-needs/batches', batch)
  t.equal(first.statusCode, 201, first.body)
  t.match(first.json(), { counts: { ACCEPTED: 2, REJECTED: 3 }, amount_accepted: '6000000.00' })
  t.same(first.json().results.map((each: { findings: { code: string }[] }) => each.findings.map(({ code }) => code)),
    [[], ['DUPLICATE'], ['AUTHORIZATION_MISSING'], ['USCC_CHECK_DIGIT', 'AUTHORIZATION_MISSING'], []])
  const again = await park.post('/v1/financing-needs/batches', batch)
  t.equal(again.statusCode, 200)
  t.same(again.json(), first.json())
  t.match((await park.post('/v1/financing-needs/batches', { ...batch, needs: batch.needs.slice(1) })).json(), { code: 'duplicate_key' })
  const next = (await park.post('/v1/financing-needs/batches', { batch_no: '2026-03-B', needs: [aNeed({ uscc, reference: 'r-1' }), aNeed({ uscc, reference: 'r-1', amount: '9.00' })] })).json()
  t.match(next, { code: 'rule_broken', errors: [{ pointer: '/needs/1/reference' }] })
  const known = (await park.post('/v1/financing-needs/batches', { batch_no: '2026-03-C', needs: [aNeed({ uscc, reference: 'r-1' })] })).json()
  t.equal(known.results[0].need_no, first.json().results[0].need_no, 'the same reference and content is the stored need')
  t.equal((await hub.as('enterprise-1').post('/v1/financing-needs/batches', batch)).statusCode, 403)
})

t.test('a partner platform names an authorization the enterprise gave itself', async t => {
  const hub = await build(t)
  const enterprise = hub.as('enterprise-1')
  const { authorization_no } = (await enterprise.post('/v1/authorizations', { grantor_uscc: enterprise.uscc, grantor_name: '甲', ...aGrant() })).json()
  const partner = hub.as('partner-platform-1')
  const sent = aNeed({ uscc: enterprise.uscc, authorization_no, reference: 'yl-0001', nearest_park: 'park-1' })
  const first = await partner.post('/v1/financing-needs', sent)
  t.equal(first.statusCode, 201, first.body)
  t.match(first.json(), { source: 'PARTNER_PLATFORM', reference: 'yl-0001', park_no: 'park-1' })
  t.match(await partner.post('/v1/financing-needs', sent), { statusCode: 200 })
  t.match((await partner.post('/v1/financing-needs', { ...sent, term_months: 12 })).json(), { code: 'duplicate_key' })
  t.equal((await enterprise.get(`/v1/financing-needs/${first.json().need_no}`)).statusCode, 200)
})
