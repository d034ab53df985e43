/** From a need to the institutions paired with its park, under the enterprise's authorization, until it is withdrawn (contract §5). */
import t from 'tap'
import { build, type Built } from '../helper.ts'
import { aLoan, anAuthorization, approvedPacket, authorize, aVoucher, body, documentOf, items, name_1, next, project_1, refused, settled, uscc_1, hubInMarch } from './client.ts'

interface Stage { due_date: string | null, due_at: string | null, done_at: string | null, overdue: boolean }
interface Lead { [field: string]: unknown, lead_no: string, need_no: string, status: string, fields_released: string[], sla: Record<'contact' | 'plan_and_approval' | 'disbursement', Stage> }

const need = (over: Record<string, unknown> = {}) => ({
  uscc: uscc_1, name: name_1, amount: '5000000.00', term_months: 36, purpose: '购置数控设备', project_code: project_1, project_name: '精密加工线数字化改造', contact_name: '示范联系人',
  contact_phone: '15400000000', demand_date: '2026-05-01', wants_guarantee: true, ...over
})

/** The number under which the enterprise let the park send its need. */
async function given (hub: Built): Promise<string> {
  const [one] = await items<{ authorization_no: string }>(hub.as('enterprise-1'), '/v1/authorizations')
  if (one === undefined) throw new Error('enterprise-1 has authorized nobody')
  return one.authorization_no
}

async function pushed (hub: Built, over: Record<string, unknown> = {}): Promise<{ need_no: string, lead: Lead }> {
  const { need_no } = body<{ need_no: string }>(await hub.as('park-1').post('/v1/financing-needs', need({ authorization_no: await given(hub), ...over })))
  await hub.loops.settle()
  const lead = (await items<Lead>(hub.as('bank-1'), '/v1/leads')).find(each => each.need_no === need_no)
  if (lead === undefined) throw new Error('no lead for bank-1')
  return { need_no, lead }
}

async function told (hub: Built, lead: Lead, event: Record<string, unknown>, who = 'bank-1') {
  return hub.as(who).post(`/v1/leads/${lead.lead_no}/events`, { occurred_at: hub.clock.now(), ...event })
}

t.test('a need reaches the institutions paired with its park, each its own lead, nobody else', async (t) => {
  const hub = await build(t)
  await authorize(hub)
  const { lead, need_no } = await pushed(hub)
  for (const [who, count] of [['bank-1', 1], ['bank-2', 1], ['guarantor-1', 1], ['bank-3', 0], ['guarantor-2', 0], ['lessor-1', 0]] as const) {
    t.equal((await items(hub.as(who), '/v1/leads')).length, count, who)
  }
  t.match(lead, { uscc: uscc_1, name: name_1, amount: '5000000.00', term_months: 36, purpose: '购置数控设备', demand_date: '2026-05-01', wants_guarantee: true, contact_name: '示范联系人', contact_phone: '15400000000', project_code: project_1, project_name: '精密加工线数字化改造', status: 'PUSHED' })
  for (const field of ['region_code', 'industry_code', 'size_class', 'tags', 'investment', 'fast_track']) t.ok(field in lead, `${field} is there, null when unknown`)
  t.match(lead.sla, { contact: { due_date: '2026-03-19', due_at: '2026-03-19T16:00:00.000Z', done_at: null, overdue: false } })
  for (const stage of ['contact', 'plan_and_approval', 'disbursement'] as const) for (const field of ['due_date', 'due_at', 'done_at', 'overdue']) t.ok(field in lead.sla[stage], `${stage} ${field}`)
  t.equal((await hub.as('bank-2').get(`/v1/leads/${lead.lead_no}`)).statusCode, 404, 'the lead of another bank')
  t.equal((await hub.as('bank-1').get(`/v1/leads/${lead.lead_no}`)).statusCode, 200)
  const recipients = await items<{ participant_no: string, outcome: string, lead_no: string | null }>(hub.as('park-1'), `/v1/financing-needs/${need_no}/recipients`)
  t.same(recipients.filter(each => each.outcome === 'PUSHED').map(each => each.participant_no).sort(), ['bank-1', 'bank-2', 'guarantor-1'])
  t.equal((await hub.as('park-1').get('/v1/leads')).json().code, 'role_not_allowed')
  const seen = await hub.as('park-1').get(`/v1/leads/${lead.lead_no}`)
  t.notMatch(seen.body, /15400000000/, 'the sender of the need sees stages only')
})

t.test('a scope that is missing takes its fields along; without the need nothing is pushed', async (t) => {
  const hub = await build(t)
  await authorize(hub, { scopes: ['FINANCING_NEED'] })
  const { lead } = await pushed(hub)
  for (const field of ['uscc', 'name', 'region_code', 'industry_code', 'size_class', 'tags', 'project_code', 'project_name', 'investment']) t.notOk(field in lead && lead[field] !== null, `${field} is not released`)
  t.equal(lead.amount, '5000000.00')
  const other = await build(t)
  await authorize(other, { scopes: ['ENTERPRISE_BASIC', 'PROJECT'] })
  const sent = await other.as('park-1').post('/v1/financing-needs', need({ authorization_no: await given(other) }))
  await other.loops.settle()
  t.ok(sent.statusCode === 201 || sent.statusCode === 403, sent.body)
  t.same(await items(other.as('bank-1'), '/v1/leads'), [])
  const banks = await build(t)
  await authorize(banks, { recipients: ['PAIRED_BANK'] })
  await pushed(banks)
  t.same(await items(banks.as('guarantor-1'), '/v1/leads'), [], 'recipients that are not named get nothing')
  const one = await build(t)
  await authorize(one, { recipients: ['bank-1'] })
  await pushed(one)
  t.same(await items(one.as('bank-2'), '/v1/leads'), [], 'named institutions only')
})

t.test('the steps of a lead: forward only, contact before a decision, approval before money', async (t) => {
  const hub = await build(t)
  await authorize(hub)
  const { lead } = await pushed(hub)
  for (const type of ['ACKNOWLEDGED', 'DUE_DILIGENCE', 'RESUMED']) {
    const answer = await told(hub, lead, { type })
    if (type !== 'RESUMED') t.equal(answer.statusCode, 201, `${type}: ${answer.body}`)
  }
  const status = async () => body<Lead>(await hub.as('bank-1').get(`/v1/leads/${lead.lead_no}`), 200).status
  t.equal(await status(), 'PUSHED', 'these do not move it')
  for (const event of [{ type: 'APPROVED', amount: '5000000.00', annual_rate_pct: '3.60', term_months: 36 }, { type: 'REJECTED', reason_code: 'COLLATERAL' }, { type: 'DISBURSED', iou_no: 'JJ-1', amount: '1.00', date: '2026-03-18' }]) {
    await refused(t, `${event.type} before contact`, 409, 'state_conflict', headers => hub.as('bank-1').post(`/v1/leads/${lead.lead_no}/events`, { occurred_at: hub.clock.now(), ...event }, headers))
  }
  for (const event of [{ type: 'CONTACTED', person: '王', result: '有意向' }, { type: 'CONTACTED', channel: 'SMOKE', person: '王', result: '有意向' }, { type: 'APPROVED', amount: '1.00' }, { type: 'REJECTED' }, { type: 'REJECTED', reason_code: 'NONE' }, { type: 'NONE' }]) {
    t.equal((await told(hub, lead, event)).statusCode, 400, JSON.stringify(event))
  }
  t.equal((await told(hub, lead, { type: 'CONTACTED', channel: 'PHONE', person: '王', result: '有意向', occurred_at: '2026-03-18T02:00:01.000Z' })).statusCode, 422, 'in the future')
  t.equal((await told(hub, lead, { type: 'CONTACTED', channel: 'PHONE', person: '王', result: '有意向', occurred_at: '2026-03-18T01:59:59.000Z' })).statusCode, 422, 'before the push')
  const contacted = await told(hub, lead, { type: 'CONTACTED', channel: 'PHONE', person: '王', result: '有意向' })
  t.equal(contacted.statusCode, 201, contacted.body)
  t.same([await status(), contacted.json().overdue], ['CONTACTED', false])
  t.equal((await told(hub, lead, { type: 'DISBURSED', iou_no: 'JJ-1', amount: '1.00', date: '2026-03-18' })).json().code, 'state_conflict')
  const paused = await told(hub, lead, { type: 'PAUSED', reason_code: 'ENTERPRISE_MATERIALS_PENDING' })
  t.equal(paused.statusCode, 201, paused.body)
  t.equal(await status(), 'CONTACTED')
  t.equal((await told(hub, lead, { type: 'RESUMED' })).statusCode, 201)
  t.equal((await told(hub, lead, { type: 'APPROVED', amount: '5000000.00', annual_rate_pct: '3.60', term_months: 36 })).statusCode, 201, 'a plan may be skipped')
  t.equal((await told(hub, lead, { type: 'PLAN_SUBMITTED' })).json().code, 'state_conflict', 'not backwards')
  t.equal((await told(hub, lead, { type: 'DISBURSED', iou_no: 'JJ-1', amount: '3000000.00', date: '2026-03-18' })).statusCode, 201)
  t.equal(await status(), 'DISBURSED')
  t.equal((await told(hub, lead, { type: 'DISBURSED', iou_no: 'JJ-2', amount: '2000000.00', date: '2026-03-18' })).statusCode, 201, 'a second drawdown')
  t.equal((await items(hub.as('bank-1'), `/v1/leads/${lead.lead_no}/events?limit=200`)).length, 8)
  t.equal((await told(hub, lead, { type: 'ACKNOWLEDGED' }, 'bank-2')).statusCode, 404)

  const { lead: second } = await pushed(hub, { project_code: '2606-500112-07-02-100002' })
  await told(hub, second, { type: 'CONTACTED', channel: 'VISIT', person: '王', result: '见面' })
  t.equal((await told(hub, second, { type: 'REJECTED', reason_code: 'OTHER', reason_text: '不合适' })).statusCode, 201)
  t.equal((await told(hub, second, { type: 'APPROVED', amount: '5000000.00', annual_rate_pct: '3.60', term_months: 36 })).json().code, 'state_conflict', 'an end is an end')
  const { lead: third } = await pushed(hub, { project_code: '2606-500112-07-02-100003' })
  t.equal((await told(hub, third, { type: 'ABANDONED_BY_ENTERPRISE' })).statusCode, 201)
  t.equal(body<Lead>(await hub.as('bank-1').get(`/v1/leads/${third.lead_no}`), 200).status, 'ABANDONED')
})

t.test('late is accepted and shown', async (t) => {
  const hub = await build(t)
  await authorize(hub)
  const { lead } = await pushed(hub)
  hub.clock.set('2026-03-19T16:00:00.000Z')
  const overdue = await items<{ lead_no: string }>(hub.as('bank-1'), '/v1/leads/overdue')
  t.same(overdue.map(each => each.lead_no), [lead.lead_no])
  const late = await told(hub, lead, { type: 'CONTACTED', channel: 'ONLINE', person: '王', result: '有意向' })
  t.same([late.statusCode, late.json().overdue], [201, true], 'the first instant after the day is late')
  const { sla } = body<Lead>(await hub.as('bank-1').get(`/v1/leads/${lead.lead_no}`), 200)
  t.match(sla.contact, { done_at: '2026-03-19T16:00:00.000Z', overdue: true })
  t.equal(sla.plan_and_approval.due_date, '2026-03-27', 'a week from the day of contact')
})

t.test('after a withdrawal nothing leaves any more, to anybody', async (t) => {
  const hub = await build(t)
  const authorization_no = await authorize(hub)
  const { lead, need_no } = await pushed(hub)
  const bank = hub.as('bank-1')
  body(await bank.get(`/v1/leads/${lead.lead_no}`), 200)
  const withdrawn = body<{ status: string, disclosures: { recipient_no: string, fields_released: string[] }[] }>(await hub.as('enterprise-1').post(`/v1/authorizations/${authorization_no}/withdraw`, { reason: '不再需要' }), 200)
  t.equal(withdrawn.status, 'WITHDRAWN')
  t.same(withdrawn.disclosures.map(each => each.recipient_no).sort(), ['bank-1', 'bank-2', 'guarantor-1'], 'what already left is listed')
  for (const path of ['/v1/leads?limit=200', `/v1/leads/${lead.lead_no}`, `/v1/leads/${lead.lead_no}/events`, '/v1/events?limit=200', '/v1/leads/overdue', `/v1/enterprises/${uscc_1}`]) {
    for (const who of ['bank-1', 'bank-2', 'guarantor-1']) {
      const answer = await hub.as(who).get(path)
      for (const secret of [name_1, '15400000000', '示范联系人', '5000000.00', project_1, '购置数控设备']) t.notMatch(answer.body, new RegExp(secret.replaceAll('.', '\\.')), `${who} ${path}: ${secret}`)
    }
  }
  const status = (await items<Lead>(bank, '/v1/leads?limit=200')).find(each => each.lead_no === lead.lead_no)?.status
  t.ok(status === undefined || status === 'WITHDRAWN', String(status))
  t.not((await told(hub, lead, { type: 'CONTACTED', channel: 'PHONE', person: '王', result: '有意向' })).statusCode, 201)
  const again = await hub.as('park-1').post('/v1/financing-needs', need({ project_code: '2606-500112-07-02-100009', authorization_no }))
  t.same([again.statusCode, again.json().code], [403, 'authorization_not_active'], again.body)
  t.equal((await hub.as('enterprise-1').get(`/v1/financing-needs/${need_no}`)).statusCode, 200, 'the enterprise still sees its own')
  const disclosures = await items(hub.as('enterprise-1'), `/v1/authorizations/${authorization_no}/disclosures`)
  t.equal(disclosures.length, 3)
  const twice = await hub.as('enterprise-1').post(`/v1/authorizations/${authorization_no}/withdraw`, {})
  t.same([twice.statusCode, twice.json().status], [200, 'WITHDRAWN'], 'a second withdrawal answers the same')
  const loan = await bank.post('/v1/loan-contracts', aLoan(await documentOf(bank)))
  t.equal(loan.statusCode, 403, loan.body)
  hub.clock.set('2026-03-25T02:00:00.000Z')
  await hub.loops.settle()
  t.notMatch((await bank.get('/v1/leads?limit=200')).body, new RegExp(name_1.slice(0, 6)))
})

t.test('a withdrawal refuses new vouchers; packets sealed before stay readable, and each reading is listed', async (t) => {
  const hub = await hubInMarch(t)
  const { packet_no, iou_no } = await settled(hub)
  await approvedPacket(hub, packet_no)
  const [authorization] = await items<{ authorization_no: string }>(hub.as('enterprise-1'), '/v1/authorizations')
  const bank = hub.as('bank-1')
  const document_no = await documentOf(bank)
  body(await hub.as('enterprise-1').post(`/v1/authorizations/${authorization?.authorization_no}/withdraw`, { reason: '结清' }), 200)
  await refused(t, 'a voucher after the withdrawal', 403, 'authorization_not_active', headers => bank.post('/v1/interest-vouchers', aVoucher(iou_no, document_no, { period_start: '2026-03-21', period_end: '2026-03-22',
    segments: [{ from: '2026-03-21', to: '2026-03-22', balance: '10000000.00', annual_rate_pct: '3.60' }], normal_interest: '1000.00', paid_date: '2026-03-22' }), headers))
  for (const who of ['auditor-1', 'meic', 'finance-bureau']) t.equal((await hub.as(who).get(`/v1/subsidy-packets/${packet_no}`)).statusCode, 200, who)
  t.equal((await hub.as('auditor-1').get(`/v1/subsidy-packets/${packet_no}/archive`)).statusCode, 200)
  const listed = await items<{ basis: string, recipient_no: string, packet_no: string | null }>(hub.as('enterprise-1'), `/v1/authorizations/${authorization?.authorization_no}/disclosures`)
  for (const who of ['auditor-1', 'meic', 'finance-bureau']) t.ok(listed.some(each => each.basis === 'SETTLEMENT' && each.recipient_no === who && each.packet_no === packet_no), `${who}: ${JSON.stringify(listed)}`)
})

t.test('needs need amount, term, purpose and nothing else of an enterprise that has authorized', async (t) => {
  const hub = await build(t)
  await authorize(hub)
  const authorization_no = await given(hub)
  const own = await hub.as('enterprise-1').post('/v1/financing-needs', { amount: '5000000.00', term_months: 36, purpose: '设备' })
  t.equal(own.statusCode, 201, own.body)
  t.match(own.json().need_no, /^need_/)
  t.equal((await hub.as('enterprise-2').get(`/v1/financing-needs/${own.json().need_no}`)).statusCode, 404)
  t.equal((await hub.as('bank-1').post('/v1/financing-needs', { amount: '5000000.00', term_months: 36, purpose: '设备' })).json().code, 'role_not_allowed')
  const partner = await hub.as('partner-platform-1').post('/v1/financing-needs', { uscc: uscc_1, amount: '4000000.00', term_months: 24, purpose: '设备', project_code: project_1, authorization_no })
  t.equal(partner.statusCode, 201, partner.body)
  const withdrawn = await hub.as('enterprise-1').post(`/v1/financing-needs/${own.json().need_no}/withdraw`, {})
  t.same([withdrawn.statusCode, withdrawn.json().status], [200, 'WITHDRAWN'])
})

t.test('a batch of needs answers for each, with or without a number of its own', async (t) => {
  const hub = await build(t)
  const authorization_no = await authorize(hub)
  const needs = [need({ authorization_no }), need({ uscc: '91500112MAXX000150' }), need({ uscc: '91500120MAXX000311', name: '丙公司（虚构）' })]
  const plain = await hub.as('park-1').post('/v1/financing-needs/batches', { needs })
  t.equal(plain.statusCode, 201, plain.body)
  t.match(plain.json().counts, { ACCEPTED: 1, REJECTED: 2 })
  t.same(plain.json().results.map((each: { outcome: string }) => each.outcome), ['ACCEPTED', 'REJECTED', 'REJECTED'])
  const batch_no = next('BATCH')
  const first = await hub.as('park-1').post('/v1/financing-needs/batches', { batch_no, needs: [need({ authorization_no, project_code: '2606-500112-07-02-100008' })] })
  t.equal(first.statusCode, 201, first.body)
  const again = await hub.as('park-1').post('/v1/financing-needs/batches', { batch_no, needs: [need({ authorization_no, project_code: '2606-500112-07-02-100008' })] })
  t.same([again.statusCode, again.json()], [200, first.json()])
  const other = await hub.as('park-1').post('/v1/financing-needs/batches', { batch_no, needs: [need({ authorization_no, project_code: '2606-500112-07-02-100009' })] })
  t.same([other.statusCode, other.json().code], [409, 'duplicate_key'])
})

t.test('authorizations are given by the enterprise itself or collected by a park', async (t) => {
  const hub = await build(t)
  const collected = await hub.as('park-1').post('/v1/authorizations', anAuthorization())
  t.equal(collected.statusCode, 201, collected.body)
  t.equal(collected.json().collector_no, 'park-1')
  t.match(collected.json().evidence_digest, /^[0-9a-f]{64}$/, 'without a document: the digest of what the park declared')
  const short = { grantor_uscc: uscc_1, recipients: ['PAIRED_BANK'], scopes: ['FINANCING_NEED'], purposes: ['FINANCING_MATCHING'], valid_to: '2027-03-18' }
  const own = await hub.as('enterprise-1').post('/v1/authorizations', short)
  t.same([own.statusCode, own.json().grantor_name, own.json().valid_from, own.json().status], [201, name_1, '2026-03-18', 'ACTIVE'], own.body)
  t.same((await hub.as('park-2').post('/v1/authorizations', short)).json().errors?.map((error: { pointer: string }) => error.pointer), ['/grantor_name'], 'a park names whom it does not know')
  t.equal((await hub.as('enterprise-2').post('/v1/authorizations', anAuthorization())).statusCode < 400, false, 'for somebody else')
  t.equal((await hub.as('bank-1').post('/v1/authorizations', anAuthorization())).json().code, 'role_not_allowed')
  const path = `/v1/authorizations/${collected.json().authorization_no}`
  for (const who of ['enterprise-1', 'park-1', 'meic']) t.equal((await hub.as(who).get(path)).statusCode, 200, who)
  for (const who of ['park-2', 'enterprise-2']) t.equal((await hub.as(who).get(path)).statusCode, 404, who)
  t.equal((await hub.as('park-2').post(`${path}/withdraw`, {})).statusCode, 404)
  t.equal((await hub.as('park-1').post(`${path}/withdraw`, {})).statusCode, 200, 'the collector may withdraw as well')
})
