/** Fields of domain.md §5.2 and §5.4 that a sender may give: taken in, kept, shown; and what they bring about. */
import t from 'tap'
import { aGrant, aNeed } from '../fixtures.ts'
import { build, type Built } from '../helper.ts'
import { inbox } from '../matching/needs.ts'
import { dump } from '../trust/canaries.ts'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

t.setTimeout(120_000)
const uscc = '91500120MAXX000311'
const digest = 'b'.repeat(64)
const signer = '示范签署人子丑寅'
const consenting = '示范同意人卯辰巳'

const collected = (hub: Built, over: Record<string, unknown> = {}) => hub.as('park-1').post('/v1/authorizations', {
  grantor_uscc: uscc, grantor_name: '重庆示范企业（虚构）', ...aGrant({ method: 'SEAL_SCAN', evidence_digest: digest, ...over })
})
const needs = (hub: Built, body: Record<string, unknown>) => hub.as('park-1').post('/v1/financing-needs', { uscc, ...aNeed(), ...body })

/** Everything the database holds, as bytes. */
async function atRest (hub: Built): Promise<string> {
  if (hub.config.database_url !== null) return [...(await dump(hub.config.database_url)).values()].map(bytes => bytes.toString()).join('\n')
  return ['hub.sqlite', 'hub.sqlite-wal'].map(name => readFileSync(join(hub.config.data_dir, name)).toString()).join('\n')
}

t.test('an authorization keeps who signed, with which proof, and who consented; names are sealed at rest', async t => {
  const hub = await build(t)
  const sent = {
    signer_name: signer, signer_role: 'AGENT', agent_proof_digest: digest, evidence_ref: '档案 2026-03-17/12', collected_by_park: 'park-1', collected_at: '2026-03-17T10:00:00+08:00',
    grantee: '重庆产融合作综合服务平台', personal_info_consents: [{ name: consenting, role: 'LEGAL_REPRESENTATIVE', consented_on: '2026-03-16' }]
  }
  const given = await collected(hub, sent)
  t.equal(given.statusCode, 201, given.body)
  const shown = { ...sent, collected_at: '2026-03-17T02:00:00.000Z', collector_no: 'park-1' }
  t.match(given.json(), shown)
  const park = hub.as('park-1')
  t.match((await park.get(`/v1/authorizations/${given.json().authorization_no}`)).json(), shown)
  t.match((await park.get('/v1/authorizations')).json().items[0], shown)
  const rest = await atRest(hub)
  t.equal(rest.includes(signer), false, 'the signer')
  t.equal(rest.includes(consenting), false, 'the one who consented')
  t.match((await park.post(`/v1/authorizations/${given.json().authorization_no}/withdraw`, {})).json(), { status: 'WITHDRAWN', signer_name: signer })
  t.equal((await atRest(hub)).includes(signer), false, 'nor in the answer kept for its key')

  t.match((await collected(hub)).json(), { signer_name: null, grantee: '重庆产融合作综合服务平台运营方', personal_info_consents: [], collected_by_park: 'park-1', collected_at: null })
  t.match((await collected(hub, { collected_by_park: 'park-2' })).json(), { code: 'rule_broken', errors: [{ pointer: '/collected_by_park', code: 'NOT_THE_COLLECTOR' }] })
  t.match((await collected(hub, { grantee: 'park-1' })).json(), { code: 'rule_broken', errors: [{ pointer: '/grantee', code: 'GRANTEE_IS_COLLECTOR' }] })
})

t.test('what a need may tell besides is kept and shown to its sender and its enterprise', async t => {
  const hub = await build(t)
  await collected(hub)
  const sent = { expected_rate_pct: '3.45', collateral_offer: ['设备抵押', '应收账款质押'], preferred_banks: ['bank-2'], existing_bank_debt: '3000000.00', park_code: 'park-1' }
  const { purpose: _purpose, ...plain } = aNeed()
  const answer = await hub.as('park-1').post('/v1/financing-needs', { uscc, ...plain, ...sent, purpose_text: '购置数控设备', expected_date: '2026-06-01' })
  t.equal(answer.statusCode, 201, answer.body)
  const shown = { ...sent, purpose: '购置数控设备', purpose_text: '购置数控设备', purpose_code: 'EQUIPMENT_PURCHASE', demand_date: '2026-06-01', expected_date: '2026-06-01', park_no: 'park-1' }
  t.match(answer.json(), shown)
  t.match((await hub.as('park-1').get(`/v1/financing-needs/${answer.json().need_no}`)).json(), shown)
  t.match((await hub.as('park-1').get('/v1/financing-needs')).json().items, [shown])
})

t.test('a purpose may be given by its code alone; without any it is missing', async t => {
  const hub = await build(t)
  await collected(hub)
  const { purpose: _purpose, ...plain } = aNeed()
  const by_code = await hub.as('park-1').post('/v1/financing-needs', { uscc, ...plain, purpose_code: 'SOFTWARE' })
  t.equal(by_code.statusCode, 201, by_code.body)
  t.match(by_code.json(), { purpose: '软件购置', purpose_code: 'SOFTWARE' })
  const none = await hub.as('park-1').post('/v1/financing-needs', { uscc, ...plain, project_code: '2606-500112-07-02-100002' })
  t.match(none.json(), { status: 400, code: 'invalid_request', errors: [{ pointer: '/purpose', code: 'MISSING_FIELD' }] })
  const other = { project_code: '2606-500112-07-02-100003', project_name: '另一项目' }
  t.match((await needs(hub, { ...other, purpose_text: '另一用途' })).json(), { code: 'rule_broken', errors: [{ pointer: '/purpose_text', code: 'TWO_VALUES' }] })
  t.match((await needs(hub, { ...other, park_code: 'park-2' })).json(), { code: 'rule_broken', errors: [{ pointer: '/park_code', code: 'PARK_UNKNOWN' }] })
  t.match((await needs(hub, { ...other, preferred_banks: ['bank-99'] })).json(), { code: 'rule_broken', errors: [{ pointer: '/preferred_banks/0', code: 'BANK_UNKNOWN' }] })
  const batch = await hub.as('park-1').post('/v1/financing-needs/batches', { needs: [{ uscc, ...plain, ...other, purpose_code: 'OTHER' }, { uscc, ...plain, project_code: '2606-500112-07-02-100004' }] })
  t.match(batch.json().results, [{ outcome: 'ACCEPTED' }, { outcome: 'REJECTED', findings: [{ code: 'MISSING_FIELD' }] }])
})

t.test('a preferred bank comes first and is told so, and nobody is reached that is not paired', async t => {
  const hub = await build(t)
  await collected(hub)
  const { need_no } = (await needs(hub, { preferred_banks: ['bank-2', 'bank-3'] })).json()
  await hub.loops.settle()
  const told = async (bank: string) => ((await hub.as(bank).get(`/v1/financing-needs/${need_no}/recipients`)).json().items as { outcome: string, reason_zh: string }[])
    .map(({ outcome, reason_zh }) => `${outcome} ${reason_zh.includes('意向银行')}`)
  t.same(await told('bank-2'), ['PUSHED true'])
  t.same(await told('bank-1'), ['PUSHED false'], 'paired as well: the wish takes nothing away')
  t.same(await told('bank-3'), ['NOT_PAIRED false'], 'of another consortium: the wish opens nothing')
  t.equal((await inbox(hub, 'bank-3')).some(lead => lead.need_no === need_no), false)
  const recipients = (await hub.as('park-1').get(`/v1/financing-needs/${need_no}/recipients`)).json().items as { participant_no: string, outcome: string }[]
  t.notOk(recipients.some(({ participant_no }) => participant_no === 'bank-3'))
})

t.test('a need sent as JSON carries the household remark as a row of a list does', async t => {
  const hub = await build(t)
  await collected(hub)
  const project = (n: number) => ({ project_code: `2606-500112-07-02-20000${n}`, project_name: `限额项目${n}` })
  t.same((await needs(hub, { ...project(1), amount: '8000000.00' })).json().findings, [])
  const second = (await needs(hub, { ...project(2), amount: '3000000.00' })).json()
  t.match(second, { status: 'SUBMITTED', findings: [{ code: 'HOUSEHOLD_LIMIT', rule_id: 'E-09', message_zh: /单户限额/u }] })
  t.notMatch(JSON.stringify(second.findings), /11000000|8000000/u, 'no sum, from which could be told what others have with the enterprise')
  t.match((await hub.as('park-1').get(`/v1/financing-needs/${second.need_no}`)).json().findings, [{ code: 'HOUSEHOLD_LIMIT' }])
  t.same((await needs(hub, { ...project(3), amount: '9000000.00', wants_guarantee: false })).json().findings, [], 'the limit is that of 园区技改担')
  const batch = await hub.as('park-1').post('/v1/financing-needs/batches', { needs: [{ uscc, ...aNeed(), ...project(4), amount: '1000000.00' }] })
  t.match(batch.json().results, [{ outcome: 'ACCEPTED', findings: [{ code: 'HOUSEHOLD_LIMIT' }] }])
})

t.test('a later authorization lets an open need reach those the first one did not name', async t => {
  const hub = await build(t)
  await collected(hub, { recipients: ['PAIRED_BANK'] })
  const { need_no } = (await needs(hub, {})).json()
  await hub.loops.settle()
  const has = async (who: string) => (await inbox(hub, who)).some(lead => lead.need_no === need_no)
  t.same([await has('bank-1'), await has('guarantor-1')], [true, false])
  await collected(hub, { recipients: ['PAIRED_GUARANTOR'] })
  await hub.loops.settle()
  t.same([await has('bank-1'), await has('guarantor-1')], [true, true])
  t.equal((await inbox(hub, 'bank-1')).filter(lead => lead.need_no === need_no).length, 1, 'nobody gets it twice')
})

t.test('an authorization handed in before its first day counts from that day on', async t => {
  const hub = await build(t)
  await collected(hub, { recipients: ['PAIRED_BANK'] })
  const { need_no } = (await needs(hub, {})).json()
  await collected(hub, { recipients: ['PAIRED_GUARANTOR'], valid_from: '2026-03-20' })
  await hub.loops.settle()
  const has = async () => (await inbox(hub, 'guarantor-1')).some(lead => lead.need_no === need_no)
  t.equal(await has(), false)
  hub.clock.set('2026-03-20T01:00:00.000Z')
  await hub.loops.settle()
  t.equal(await has(), true)
})

t.test('an accepted row of a list is an authorization too: the enterprise’s open needs are matched again', async t => {
  const hub = await build(t)
  await collected(hub, { recipients: ['AUDITOR'] })
  const { need_no } = (await needs(hub, {})).json()
  await hub.loops.settle()
  const has = async () => (await inbox(hub, 'bank-1')).some(lead => lead.need_no === need_no)
  t.equal(await has(), false, 'nobody but an auditor is named')
  await hub.as('park-1').post('/v1/enterprise-lists', {
    rows: [{ name: '重庆示范企业（虚构）', uscc, amount: '1000000.00', term_months: 12, purpose: '设备', consent: true, project_code: '2606-500112-07-02-300001', project_name: '第二项目' }]
  })
  await hub.loops.settle()
  t.equal(await has(), true)
})
