/** Screening by what a project is, partners without loops, imports that may be repeated at any time. S4; S2 (十五); S1 四(三)6. */
import t from 'tap'
import { aGrant, aNeed, aProject } from '../fixtures.ts'
import { build, type Built } from '../helper.ts'
import { inbox } from './needs.ts'

t.setTimeout(120_000)
const codes = ['2606-500112-07-02-100001', '2606-500112-07-02-100002', '2606-500112-07-02-100003'] as const
const given = async (hub: Built, over: Record<string, unknown> = {}): Promise<string> =>
  (await hub.as('enterprise-1').post('/v1/authorizations', { grantor_uscc: hub.as('enterprise-1').uscc, grantor_name: '甲', ...aGrant(over) })).json().authorization_no

async function threeProjects (hub: Built): Promise<void> {
  const { uscc } = hub.as('enterprise-1')
  const stages = ['PLANNED', 'UNDER_CONSTRUCTION', undefined]
  const clusters = ['先进材料', '智能装备及智能制造', '先进材料']
  for (const [index, project_code] of codes.entries()) {
    const stage = stages[index]
    const answer = await hub.as('enterprise-1').post('/v1/projects', { ...aProject({ project_code, cluster_33618_code: clusters[index] }), ...(stage === undefined ? {} : { stage }) })
    if (answer.statusCode !== 201) throw new Error(answer.body)
  }
  for (const [index, project_code] of codes.entries()) {
    const answer = await hub.as('park-1').post('/v1/financing-needs', aNeed({ uscc, project_code, project_name: `项目${index}`, amount: `${index + 1}000000.00` }))
    if (answer.statusCode !== 201) throw new Error(answer.body)
  }
  await hub.loops.settle()
}

const collected = (hub: Built, over: Record<string, unknown> = {}) => hub.as('park-1').post('/v1/authorizations', {
  grantor_uscc: hub.as('enterprise-1').uscc, grantor_name: '甲', ...aGrant({ method: 'SEAL_SCAN', evidence_digest: 'c'.repeat(64), ...over })
})

t.test('needs and leads are screened by cluster and stage of their project, with totals', async t => {
  const hub = await build(t)
  await collected(hub)
  await threeProjects(hub)
  const material = encodeURIComponent('先进材料')
  for (const [who, path] of [['park-1', '/v1/financing-needs'], ['enterprise-1', '/v1/financing-needs'], ['bank-1', '/v1/leads']] as const) {
    const found = async (query: string) => {
      const { items, totals } = (await hub.as(who).get(`${path}?${query}`)).json() as { items: { amount: string }[], totals: { count: number, amount: string } }
      t.equal(items.length, totals.count, `${who} ${query}`)
      return { amounts: items.map(({ amount }) => amount).sort(), total: totals.amount }
    }
    t.same(await found(`cluster=${material}`), { amounts: ['1000000.00', '3000000.00'], total: '4000000.00' }, who)
    t.same(await found('project_stage=UNDER_CONSTRUCTION'), { amounts: ['2000000.00'], total: '2000000.00' }, who)
    t.same(await found(`project_stage=PLANNED&cluster=${material}`), { amounts: ['1000000.00'], total: '1000000.00' }, who)
    t.same(await found('project_stage=COMPLETED'), { amounts: [], total: '0.00' }, who)
    t.same((await found('district=500112')).amounts.length, 3, who)
    t.equal((await hub.as(who).get(`${path}?project_stage=SOMEHOW`)).statusCode, 400)
  }
  t.match((await inbox(hub, 'bank-1', '?project_stage=PLANNED'))[0], { project_stage: 'PLANNED', cluster: '先进材料' })
  t.same((await hub.as('park-2').get(`/v1/financing-needs?cluster=${material}`)).json().totals, { count: 0, amount: '0.00' }, 'who sent nothing finds nothing')
})

t.test('a project is no reason to find a need or lead without the scope PROJECT', async t => {
  const hub = await build(t)
  await collected(hub, { scopes: ['ENTERPRISE_BASIC', 'FINANCING_NEED'] })
  await threeProjects(hub)
  t.equal((await inbox(hub, 'bank-1')).length, 3)
  t.equal((await inbox(hub, 'bank-1', '?project_stage=PLANNED')).length, 0)
  t.equal((await hub.as('park-1').get('/v1/financing-needs?project_stage=PLANNED')).json().totals.count, 0)
  t.equal((await hub.as('enterprise-1').get('/v1/financing-needs?project_stage=PLANNED')).json().totals.count, 1, 'the enterprise knows its own project')
})

t.test('platforms hand needs over and receive them under their own numbers, and nothing goes round in circles', async t => {
  const hub = await build(t)
  const other = { participant_no: 'partner-platform-2', role: 'PARTNER_PLATFORM', name: '示范第二平台（虚构）', uscc: '91500112MAXX00015Q' }
  for (const person of [1, 2]) await hub.as('platform-operator', person).post('/v1/participants', other)
  const { client_id, client_secret } = (await hub.as('platform-operator', 1).post('/v1/participants/partner-platform-2/clients', {})).json()
  const token = (await hub.app.inject({
    method: 'POST', url: '/oauth/token', payload: new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' }
  })).json().access_token as string
  const second = (method: 'GET' | 'POST', url: string, payload?: Record<string, unknown>, key = 'partner-two-request-1') =>
    hub.app.inject({ method, url, headers: { authorization: `Bearer ${token}`, 'idempotency-key': key }, ...(payload === undefined ? {} : { payload }) })

  const authorization_no = await given(hub, { recipients: ['PAIRED_BANK', 'partner-platform-1', 'partner-platform-2'] })
  const { uscc } = hub.as('enterprise-1')
  const sent = (await hub.as('partner-platform-1').post('/v1/financing-needs', aNeed({ uscc, authorization_no, reference: 'YRT-1', nearest_park: 'park-1' }))).json()
  await hub.loops.settle()
  t.equal((await inbox(hub, 'partner-platform-1')).length, 0, 'who brought it does not get it back')
  const received = (await second('GET', '/v1/leads')).json().items as { need_no: string }[]
  t.same(received.map(({ need_no }) => need_no), [sent.need_no], 'the other platform receives it')

  const back = await second('POST', '/v1/financing-needs', aNeed({ uscc, authorization_no, reference: 'XYD-9' }))
  t.equal(back.statusCode, 201, back.body)
  t.match(back.json(), { need_no: sent.need_no, reference: 'XYD-9' }, 'sent on, it is the same need under the other number')
  await hub.loops.settle()
  t.equal((await inbox(hub, 'partner-platform-1')).length, 0, 'still not')
  t.equal((await second('GET', '/v1/leads')).json().items.length, 1, 'and no second lead')
  t.equal((await inbox(hub, 'bank-1')).length, 1, 'a bank has it once')
  t.equal((await hub.as('partner-platform-1').get(`/v1/financing-needs/${sent.need_no}`)).json().reference, 'YRT-1', 'each sees its own number')
})

t.test('an import may be repeated at any time: facts are taken once, a review that has begun stays', async t => {
  const hub = await build(t)
  const { uscc } = hub.as('enterprise-1')
  const item = { ...aProject(), owner_uscc: uscc, applied_on: '2026-02-01', entry_no: 'JG-77' }
  const send = async () => (await hub.as('platform-operator').post('/v1/projects/imports', { items: [item] })).json().counts
  const entry = async () => (await hub.as('meic').get(`/v1/projects/${codes[0]}`)).json().library_entry
  t.match(await send(), { CREATED: 1 })
  t.match(await entry(), { status: 'APPLIED', entry_no: 'JG-77', district_review: null, city_review: null })
  t.match(await send(), { UNCHANGED: 1, CREATED: 0, CHANGED: 0 })
  const review = (who: string, decision: string) => hub.as(who, 1).post(`/v1/projects/${codes[0]}/library-entry`, { decision })
  t.equal((await review('meic', 'PASS')).statusCode, 409, 'the city comes after the district')
  t.equal((await review('district-meic-1', 'PASS')).statusCode, 200)
  t.match(await send(), { UNCHANGED: 1 })
  t.match(await entry(), { status: 'DISTRICT_PASSED', district_review: {} })
  t.equal((await review('meic', 'PASS')).statusCode, 200)
  t.match(await send(), { UNCHANGED: 1 })
  t.match(await entry(), { status: 'LISTED', district_review: {}, city_review: {} })
})
