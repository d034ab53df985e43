/** Where the terms ask for a document per enterprise, a consent in a list waits for it, and goes on when it is there. */
import t from 'tap'
import { aGrant, aRow } from '../fixtures.ts'
import { build, type Built } from '../helper.ts'
import { inbox } from '../matching/needs.ts'

t.setTimeout(120_000)
const first = { uscc: '91500112MAXX00015Q', name: '重庆云岭精密机械有限公司（虚构）' }
const second = { uscc: '91500115MAXX00023Y', name: '重庆江岸新材料有限公司（虚构）' }

async function asksForDocuments (hub: Built): Promise<void> {
  const path = '/v1/policies/PARK_TECH_GUARANTEE/versions'
  await hub.as('meic', 1).post(path, {
    version: '2026-03-18.1', title: 'Documents', title_zh: '逐户授权书', effective_from: '2026-03-18', supersedes: '2026-01-12.1', parameters: { park_evidence: 'DOCUMENT' }
  })
  t.equal((await hub.as('meic', 2).post(`${path}/2026-03-18.1/confirm`, undefined)).statusCode, 200)
}

async function signed (hub: Built, { uscc, name }: typeof first, over: Record<string, unknown> = {}): Promise<string> {
  const { document_no } = (await hub.as('park-1').upload('/v1/documents', { name: 'signed.pdf', bytes: Buffer.from(`signed ${uscc}`), type: 'application/pdf' })).json()
  const answer = await hub.as('park-1').post('/v1/authorizations', { grantor_uscc: uscc, grantor_name: name, ...aGrant({ method: 'SEAL_SCAN', document_no, ...over }) })
  return answer.json().authorization_no
}

t.test('list → row waits → document → row goes on → pushed', async t => {
  const hub = await build(t)
  await asksForDocuments(hub)
  const park = hub.as('park-1')
  const { list_no } = (await park.post('/v1/enterprise-lists', { rows: [aRow(first), aRow({ ...second, project_code: '2606-500115-07-02-100001' })] })).json()
  await hub.loops.settle()
  const rows = async () => (await park.get(`/v1/enterprise-lists/${list_no}/rows`)).json().items as { row_id: string, outcome: string, need_no: string | null, authorization_no: string | null, findings: { code: string, message_zh: string }[] }[]
  t.match(await rows(), [{ outcome: 'HELD', need_no: null, findings: [{ code: 'AUTHORISATION_DOCUMENT_MISSING', message_zh: /document_no/u }] }, { outcome: 'HELD' }])
  t.equal((await inbox(hub, 'bank-1')).length, 0, 'nothing is pushed')
  const row_id = (await rows())[0]?.row_id ?? ''
  t.equal((await hub.as('park-1', 1).post(`/v1/enterprise-lists/${list_no}/rows/${row_id}/decision`, { decision: 'CONFIRM', reason: '企业口头同意' })).json().code, 'decision_not_possible')
  await park.post('/v1/authorizations', { grantor_uscc: first.uscc, grantor_name: first.name, ...aGrant({ method: 'SEAL_SCAN' }) })
  t.equal((await rows())[0]?.outcome, 'HELD', 'a declaration without the document is not enough')

  const authorization_no = await signed(hub, first)
  await hub.loops.settle()
  const [gone_on, waiting] = await rows()
  t.match(gone_on, { outcome: 'ACCEPTED', authorization_no, findings: [], need_no: /^need_/u })
  t.equal(waiting?.outcome, 'HELD', 'the other enterprise still waits')
  t.match((await park.get(`/v1/enterprise-lists/${list_no}`)).json(), { counts: { ACCEPTED: 1, HELD: 1 }, amount_accepted: '5000000.00' })
  t.same((await inbox(hub, 'bank-1')).map(lead => lead.need_no), [gone_on?.need_no])

  await park.post(`/v1/authorizations/${authorization_no}/withdraw`, {})
  t.equal((await park.get(`/v1/financing-needs/${gone_on?.need_no ?? ''}`)).json().status, 'WITHDRAWN', 'the need stood on the document')
})

t.test('where the document is there before the list, the row goes in at once and stands on it', async t => {
  const hub = await build(t)
  await asksForDocuments(hub)
  const authorization_no = await signed(hub, first)
  const { list_no } = (await hub.as('park-1').post('/v1/enterprise-lists', { rows: [aRow(first)] })).json()
  await hub.loops.settle()
  t.match((await hub.as('park-1').get(`/v1/enterprise-lists/${list_no}/rows`)).json().items, [{ outcome: 'ACCEPTED', authorization_no }])
})

t.test('without that parameter the declaration of the park suffices', async t => {
  const hub = await build(t)
  const { list_no } = (await hub.as('park-1').post('/v1/enterprise-lists', { rows: [aRow(first)] })).json()
  await hub.loops.settle()
  t.match((await hub.as('park-1').get(`/v1/enterprise-lists/${list_no}/rows`)).json().items, [{ outcome: 'ACCEPTED' }])
})

const rowsOf = async (hub: Built, list_no: string) => (await hub.as('park-1').get(`/v1/enterprise-lists/${list_no}/rows`)).json().items as
  { row_id: string, outcome: string, need_no: string | null, authorization_no: string | null, findings: { code: string }[] }[]
const send = async (hub: Built, rows: object[], corrects?: string): Promise<string> => {
  const { list_no } = (await hub.as('park-1').post('/v1/enterprise-lists', { rows, ...(corrects === undefined ? {} : { corrects }) })).json()
  await hub.loops.settle()
  return list_no
}

t.test('a row held for another reason is not confirmed on a document that was withdrawn meanwhile', async t => {
  const hub = await build(t)
  await asksForDocuments(hub)
  const authorization_no = await signed(hub, first)
  const list_no = await send(hub, [aRow({ ...first, amount: '2000000000.00' })])
  const [held] = await rowsOf(hub, list_no)
  t.match(held, { outcome: 'HELD', findings: [{ code: 'AMOUNT_UNIT_SUSPECT' }] })
  await hub.as('park-1').post(`/v1/authorizations/${authorization_no}/withdraw`, {})
  const path = `/v1/enterprise-lists/${list_no}/rows/${held?.row_id ?? ''}/decision`
  t.match((await hub.as('park-1', 1).post(path, { decision: 'CONFIRM', reason: '金额无误' })).json(), {
    code: 'decision_not_possible', errors: [{ code: 'AUTHORISATION_DOCUMENT_MISSING' }]
  })
  await hub.loops.settle()
  t.same(await inbox(hub, 'bank-1'), [], 'nothing is pushed without the document')
  await signed(hub, first, { valid_to: '2030-03-18' })
  t.equal((await hub.as('park-1', 1).post(path, { decision: 'CONFIRM', reason: '金额无误，已重新授权' })).statusCode, 200)
})

t.test('a row that a corrected list took back does not go in when the document comes', async t => {
  const hub = await build(t)
  await asksForDocuments(hub)
  const list_no = await send(hub, [aRow(first)])
  await send(hub, [aRow({ ...first, consent: false })], list_no)
  await signed(hub, first)
  await hub.loops.settle()
  t.equal((await rowsOf(hub, list_no))[0]?.outcome, 'HELD')
  t.same(await inbox(hub, 'bank-1'), [])
})

t.test('a row of a list that was corrected since is confirmed nowhere but in the newest one', async t => {
  const hub = await build(t)
  const suspect = { ...first, amount: '2000000000.00' }
  const list_no = await send(hub, [aRow(suspect)])
  const second_no = await send(hub, [aRow({ ...suspect, term_months: 24 })], list_no)
  const newest_no = await send(hub, [aRow({ ...suspect, term_months: 30 })], second_no)
  const decide = async (list: string, decision: string) => {
    const path = `/v1/enterprise-lists/${list}/rows/${(await rowsOf(hub, list))[0]?.row_id ?? ''}/decision`
    return (await hub.as('park-1', 1).post(path, { decision, reason: '金额无误' })).json()
  }
  for (const old of [list_no, second_no]) {
    for (const decision of ['CONFIRM', 'DROP']) t.match(await decide(old, decision), { code: 'decision_not_possible', detail: new RegExp(newest_no, 'u'), errors: [{ code: 'LIST_CORRECTED' }] })
    t.match(await rowsOf(hub, old), [{ outcome: 'HELD', need_no: null }])
  }
  t.match(await decide(newest_no, 'CONFIRM'), { outcome: 'ACCEPTED_WITH_REMARK', term_months: 30 })
})

t.test('a document signed before its first day takes the row in when that day comes, once', async t => {
  const hub = await build(t)
  await asksForDocuments(hub)
  const list_no = await send(hub, [aRow(first), aRow({ ...second, project_code: '2606-500115-07-02-100001' })])
  const authorization_no = await signed(hub, first, { valid_from: '2026-03-20' })
  hub.clock.set('2026-03-19T15:59:59.000Z')
  await hub.loops.settle()
  t.match(await rowsOf(hub, list_no), [{ outcome: 'HELD' }, { outcome: 'HELD' }], 'the day before it still waits')
  hub.clock.set('2026-03-19T16:00:00.000Z')
  await hub.loops.settle()
  t.match(await rowsOf(hub, list_no), [{ outcome: 'ACCEPTED', authorization_no, findings: [] }, { outcome: 'HELD' }])
  t.equal((await inbox(hub, 'bank-1')).length, 1)
  const { version } = (await hub.as('park-1').get(`/v1/enterprise-lists/${list_no}`)).json()
  await hub.loops.settle()
  t.equal((await hub.as('park-1').get(`/v1/enterprise-lists/${list_no}`)).json().version, version, 'nothing is done twice')
})

t.test('a corrected row that waited replaces the earlier need when its document comes', async t => {
  const hub = await build(t)
  const list_no = await send(hub, [aRow(first)])
  const [before] = await rowsOf(hub, list_no)
  await asksForDocuments(hub)
  const corrected = await send(hub, [aRow({ ...first, amount: '6000000.00' })], list_no)
  t.equal((await rowsOf(hub, corrected))[0]?.outcome, 'HELD')
  const need = async (need_no: string | null | undefined) => (await hub.as('park-1').get(`/v1/financing-needs/${need_no}`)).json()
  t.not((await need(before?.need_no)).status, 'WITHDRAWN', 'the earlier need stays while the row waits')
  const authorization_no = await signed(hub, first)
  await hub.loops.settle()
  const [after] = await rowsOf(hub, corrected)
  t.match(after, { outcome: 'ACCEPTED_WITH_REMARK', authorization_no })
  t.equal((await need(before?.need_no)).status, 'WITHDRAWN')
  t.match(await need(after?.need_no), { amount: '6000000.00' })
})

t.test('a list without consent ends the need, not the authorization that the enterprise gave itself', async t => {
  const hub = await build(t)
  await asksForDocuments(hub)
  const { uscc, name } = (await hub.as('enterprise-1').get('/v1/me')).json()
  const given = (await hub.as('enterprise-1').post('/v1/authorizations', { grantor_uscc: uscc, ...aGrant() })).json()
  const list_no = await send(hub, [aRow({ uscc, name })])
  const [row] = await rowsOf(hub, list_no)
  t.match(row, { outcome: 'ACCEPTED', authorization_no: given.authorization_no })
  await send(hub, [aRow({ uscc, name, consent: false })], list_no)
  t.equal((await hub.as('park-1').get(`/v1/financing-needs/${row?.need_no}`)).json().status, 'WITHDRAWN')
  t.equal((await hub.as('enterprise-1').get(`/v1/authorizations/${given.authorization_no}`)).json().status, 'ACTIVE')
})
