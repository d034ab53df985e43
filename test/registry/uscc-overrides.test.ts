/** A real code that fails its check character: refused at every door, and accepted at every door once two persons have recorded it. */
import t from 'tap'
import { aGrant, aNeed, aProject, aRow } from '../fixtures.ts'
import { build, type Built } from '../helper.ts'
import { aLoanContract } from '../lending/fixtures.ts'

const uscc = '91500112MAXX00016Q'
const reason = '营业执照原件核对一致'
const path = '/v1/uscc-overrides'
const name = '重庆旧码机械有限公司（虚构）'

async function recorded (hub: Built): Promise<void> {
  for (const person of [1, 2]) await hub.as('platform-operator', person).post(path, { uscc, reason })
}

async function rowOf (hub: Built, row: Record<string, unknown>): Promise<{ outcome: string, findings: { code: string, message_zh: string }[], need_no: string | null }> {
  const sent = await hub.as('park-1').post('/v1/enterprise-lists', { rows: [aRow({ uscc, name, ...row })] })
  await hub.loops.settle()
  return (await hub.as('park-1').get(`/v1/enterprise-lists/${sent.json().list_no}/rows`)).json().items[0]
}

/** What each door answers to the code: `uscc_check_digit`, or what it says when the code is no reason. */
async function doors (hub: Built): Promise<Record<string, string>> {
  const park = hub.as('park-1')
  const said = async (url: string, body: unknown, who = park) => {
    const answer = await who.post(url, body)
    const problem = answer.json() as { code?: string, errors?: { code: string }[] }
    return (problem.errors ?? []).some(({ code }) => code === 'USCC_CHECK_DIGIT') ? 'uscc_check_digit' : problem.code ?? String(answer.statusCode)
  }
  const document_no = (await hub.as('bank-1').upload('/v1/documents', { name: 'a.pdf', bytes: Buffer.from('contract') })).json().document_no
  const imported = await hub.as('district-meic-1').post('/v1/projects/imports', { items: [{ ...aProject({ project_code: '2606-500112-07-02-100009' }), owner_uscc: uscc }] })
  const batch = await park.post('/v1/financing-needs/batches', { needs: [aNeed({ uscc, project_code: '2606-500112-07-02-100003' })] })
  return {
    authorization: await said('/v1/authorizations', { grantor_uscc: uscc, grantor_name: name, ...aGrant({ method: 'SEAL_SCAN' }) }),
    need: await said('/v1/financing-needs', aNeed({ uscc, project_code: '2606-500112-07-02-100004' })),
    batch: batch.json().results[0].findings.map((each: { code: string }) => each.code).find((code: string) => code === 'USCC_CHECK_DIGIT') ?? 'no word of the code',
    project: await said('/v1/projects', { ...aProject(), owner_uscc: uscc }),
    import: imported.json().results[0].outcome,
    participant: await said('/v1/participants', { participant_no: 'enterprise-9', role: 'ENTERPRISE', name, uscc }, hub.as('platform-operator', 1)),
    contract: await said('/v1/loan-contracts', aLoanContract(document_no, { borrower_uscc: uscc, loan_contract_no: 'HT-OLD' }), hub.as('bank-1'))
  }
}

t.test('one person records a code, another puts it into force; the journal keeps who and why', async t => {
  const hub = await build(t)
  const [first, second] = [hub.as('platform-operator', 1), hub.as('platform-operator', 2)]
  t.equal((await hub.as('platform-operator').post(path, { uscc, reason })).json().code, 'person_required')
  t.equal((await hub.as('meic', 1).post(path, { uscc, reason })).json().code, 'role_not_allowed')
  t.match((await first.post(path, { uscc: '91500112MAXX00015Q', reason })).json(), { code: 'rule_broken', errors: [{ code: 'OVERRIDE_NOT_NEEDED' }] })
  t.equal((await first.post(path, { uscc: '91ABCDEFMAXX00015Q', reason })).json().code, 'uscc_check_digit', 'no region: no code at all')
  t.match((await first.post(path, { uscc, reason })).json(), { status: 'PENDING_SECOND_PERSON', confirmed_by: null })
  t.equal((await rowOf(hub, {})).outcome, 'REJECTED', 'one person is not enough')
  t.equal((await first.post(path, { uscc, reason })).json().code, 'own_work')
  t.equal((await second.post(path, { uscc, reason: '另一依据' })).json().code, 'duplicate_key')
  const confirmed = await second.post(path, { uscc, reason })
  t.equal(confirmed.statusCode, 200)
  t.match(confirmed.json(), { status: 'ACTIVE', proposed_by: 'platform-operator-user-1', confirmed_by: 'platform-operator-user-2', reason })
  t.match((await hub.as('meic').get(`${path}?status=ACTIVE`)).json(), { items: [{ uscc, reason }], next_cursor: null })
  await hub.loops.settle()
  const log = ((await hub.as('meic').get('/v1/audit-log?limit=200')).json().items as { leaf: string }[]).map(({ leaf }) => JSON.parse(leaf) as { type: string })
  t.match(log.filter(({ type }) => type.startsWith('uscc_override.')), [
    { type: 'uscc_override.proposed', actor_user: 'platform-operator-user-1', subject: uscc, data: { reason } },
    { type: 'uscc_override.confirmed', actor_user: 'platform-operator-user-2', subject: uscc, data: { reason } }
  ])
})

t.test('every door refuses the code before and accepts it afterwards', async t => {
  const hub = await build(t)
  t.match(await rowOf(hub, {}), { outcome: 'REJECTED', findings: [{ code: 'USCC_CHECK_DIGIT', message_zh: /联系平台运营方/u }] })
  t.same(await doors(hub), {
    authorization: 'uscc_check_digit', need: 'uscc_check_digit', batch: 'USCC_CHECK_DIGIT', project: 'uscc_check_digit', import: 'REJECTED',
    participant: 'uscc_check_digit', contract: 'uscc_check_digit'
  })
  await recorded(hub)
  const row = await rowOf(hub, { amount: '4000000.00' })
  t.match(row, { outcome: 'ACCEPTED_WITH_REMARK', need_no: /^need_/ })
  t.same(row.findings.map(({ code }) => code), ['USCC_OVERRIDDEN'])
  t.same(await doors(hub), {
    authorization: '201', need: '201', batch: 'no word of the code', project: '200', import: 'CREATED', participant: '201', contract: '201'
  })
  t.equal((await rowOf(hub, { uscc: '91500112MAXX00017Q' })).outcome, 'REJECTED', 'no other code gets in')
})

t.test('an enterprise with a recorded code applies for itself', async t => {
  const hub = await build(t)
  await recorded(hub)
  const entered = { participant_no: 'enterprise-9', role: 'ENTERPRISE', name, uscc }
  await hub.as('platform-operator', 1).post('/v1/participants', entered)
  t.equal((await hub.as('platform-operator', 2).post('/v1/participants', entered)).json().status, 'ACTIVE')
  const { client_id, client_secret } = (await hub.as('platform-operator', 1).post('/v1/participants/enterprise-9/clients', {})).json()
  const token = (await hub.app.inject({
    method: 'POST', url: '/oauth/token', payload: new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' }
  })).json().access_token as string
  const applied = await hub.app.inject({
    method: 'POST', url: '/v1/financing-needs', payload: aNeed({ authorization: aGrant() }),
    headers: { authorization: `Bearer ${token}`, 'idempotency-key': 'self-application-1' }
  })
  t.equal(applied.statusCode, 201, applied.body)
  t.match(applied.json(), { uscc, source: 'ENTERPRISE_SELF' })
})

t.test('an override that has ended counts no more, and may be recorded anew', async t => {
  const hub = await build(t)
  await recorded(hub)
  t.equal((await rowOf(hub, {})).outcome, 'ACCEPTED_WITH_REMARK')
  const ended = await hub.as('platform-operator', 1).post(`${path}/${uscc}/end`, { reason: '已换发新码' })
  t.match(ended.json(), { status: 'ENDED', end_reason: '已换发新码', ended_by: 'platform-operator-user-1' })
  t.equal((await hub.as('platform-operator', 1).post(`${path}/${uscc}/end`, { reason: '再次' })).json().code, 'state_conflict')
  t.equal((await hub.as('platform-operator', 1).post(`${path}/91500112MAXX00017Q/end`, { reason: '无' })).statusCode, 404)
  t.equal((await rowOf(hub, { amount: '3000000.00', project_code: '2606-500112-07-02-100002' })).outcome, 'REJECTED')
  t.equal((await hub.as('platform-operator', 1).post(path, { uscc, reason: '新依据' })).statusCode, 201)
  t.equal((await hub.as('platform-operator', 2).post(path, { uscc, reason: '新依据' })).json().status, 'ACTIVE')
})
