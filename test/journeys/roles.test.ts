/** Who may write and read what (contract §2). */
import t from 'tap'
import { build, type Built } from '../helper.ts'
import { body, hubInMarch, items, settled, uscc_1 } from './client.ts'

const roleOf = (hub: Built, who: string) => hub.sandbox.participants.find(each => each.participant_no === who)?.role ?? ''

/** Who may write, by role; everybody else is refused as a role that never may. */
const WRITERS: readonly [string, readonly string[]][] = [
  ['/v1/enterprise-lists', ['PARK']],
  ['/v1/authorizations', ['ENTERPRISE', 'PARK']],
  ['/v1/projects', ['PARK', 'ENTERPRISE']],
  ['/v1/financing-needs', ['PARK', 'ENTERPRISE', 'PARTNER_PLATFORM']],
  ['/v1/loan-contracts', ['BANK']], ['/v1/drawdowns', ['BANK']], ['/v1/interest-vouchers', ['BANK']],
  // S2 (五): the fee subsidy goes to the guarantor, which declares its own account
  ['/v1/subsidy-accounts', ['BANK', 'GUARANTOR']],
  ['/v1/lease-contracts', ['LESSOR']], ['/v1/rent-vouchers', ['LESSOR']],
  ['/v1/guarantee-contracts', ['GUARANTOR']], ['/v1/fee-vouchers', ['GUARANTOR']],
  ['/v1/insurance-policies', ['INSURER']],
  ['/v1/budgets', ['FINANCE_BUREAU']], ['/v1/payment-batches', ['FINANCE_BUREAU']],
  ['/v1/compensation-claims', ['BANK']],
  ['/v1/policies/TECH_RENO_LOAN/versions', ['MEIC']],
  ['/v1/participants', ['PLATFORM_OPERATOR', 'MEIC']],
  // S1 四(一)(二): parks, banks and guarantors apply; only MEIC and the operator review, change and put into force
  ['/v1/consortia', ['PARK', 'BANK', 'GUARANTOR', 'PLATFORM_OPERATOR', 'MEIC']]
]

t.test('who may not write is told so, whoever it is; who may is asked for a body', async (t) => {
  const hub = await build(t)
  for (const [path, writers] of WRITERS) {
    for (const { participant_no, role } of hub.sandbox.participants) {
      const answer = await hub.as(participant_no, 1).post(path, { nothing: 'of the kind' })
      if (writers.includes(role)) t.not(answer.json().code, 'role_not_allowed', `${role} may write ${path}`)
      else if (answer.json().code !== 'role_not_allowed') t.fail(`${role} at ${path}: ${answer.statusCode} ${answer.body}`)
    }
  }
})

t.test('a role that never may read is 403; one that may reads its own only', async (t) => {
  const hub = await hubInMarch(t)
  const { packet_no } = await settled(hub)
  const readers: [string, string, string[]][] = [
    ['enterprise-lists', '', ['PARK', 'MEIC']],
    ['authorizations', '', ['ENTERPRISE', 'PARK', 'MEIC']],
    ['leads', '', ['BANK', 'GUARANTOR', 'LESSOR', 'PARTNER_PLATFORM']],
    ['subsidy-packets', packet_no, ['BANK', 'GUARANTOR', 'LESSOR', 'INSURER', 'AUDITOR', 'MEIC', 'FINANCE_BUREAU']],
    ['budgets', '', ['FINANCE_BUREAU', 'MEIC']]
  ]
  for (const [list, no, roles] of readers) {
    for (const { participant_no, role } of hub.sandbox.participants) {
      const answer = await hub.as(participant_no).get(`/v1/${list}`)
      t.equal(answer.statusCode, roles.includes(role) ? 200 : 403, `${role} lists ${list}`)
      if (no === '') continue
      const one = await hub.as(participant_no).get(`/v1/${list}/${no}`)
      const sees = ['bank-1', 'meic', 'finance-bureau'].includes(participant_no)
      t.equal(one.statusCode, sees ? 200 : roles.includes(role) ? 404 : 403, `${participant_no} reads ${list}`)
    }
  }
  for (const { participant_no } of hub.sandbox.participants) {
    for (const path of ['policies', 'calendars', 'participants', 'consortia', 'audit-log', 'audit-log/checkpoint', 'events', 'webhook-endpoints']) {
      const answer = await hub.as(participant_no).get(`/v1/${path}`)
      t.ok(answer.statusCode === 200 || (path === 'audit-log/checkpoint' && answer.statusCode === 404), `${participant_no} ${path}: ${answer.body.slice(0, 200)}`)
    }
  }
  const audit = async (who: string) => (await items(hub.as(who), '/v1/audit-log?limit=200')).length
  t.ok(await audit('bank-1') > 0)
  t.ok(await audit('meic') > await audit('bank-1'), 'the commission sees all, others their slice')
  t.equal((await items(hub.as('bank-3'), '/v1/participants')).filter(each => each.participant_no !== 'bank-3').length, 0, 'a participant reads its own entry')
  t.equal(roleOf(hub, 'bank-1'), 'BANK')
})

t.test('the borrower reads what was sent about it, and nobody else\'s', async (t) => {
  const hub = await hubInMarch(t)
  const { loan_contract_no, voucher_no } = await settled(hub)
  for (const path of ['loan-contracts', 'drawdowns', 'interest-vouchers', 'subsidy-accounts', 'subsidy-lines']) {
    t.equal((await items(hub.as('enterprise-1'), `/v1/${path}`)).length, 1, path)
    t.equal((await items(hub.as('enterprise-2'), `/v1/${path}`)).length, 0, path)
  }
  t.equal((await hub.as('bank-2').get(`/v1/loan-contracts/${loan_contract_no}`)).statusCode, 404)
  t.equal((await hub.as('bank-2').get(`/v1/interest-vouchers/${voucher_no}`)).statusCode, 404)
  const enterprise = await hub.as('enterprise-1').get(`/v1/enterprises/${uscc_1}`)
  t.equal(enterprise.statusCode, 200)
  const receipt = await hub.as('enterprise-1').get(`/v1/enterprises/${uscc_1}/receipt`)
  t.equal(receipt.statusCode, 200)
  t.equal((await hub.as('enterprise-2').get(`/v1/enterprises/${uscc_1}/receipt`)).statusCode, 404)
})

t.test('policies are proposed by one person of the commission and confirmed by another', async (t) => {
  const hub = await build(t)
  const { parameters, clauses } = body(await hub.as('meic').get('/v1/policies/TECH_RENO_LOAN?on=2026-03-18'), 200)
  const version = { version: '2026-07-01.1', title: 'Draft', title_zh: '草案', effective_from: '2026-07-01', effective_to: '2027-12-31', supersedes: '2024-06-09.1', parameters, clauses }
  t.equal((await hub.as('meic').post('/v1/policies/TECH_RENO_LOAN/versions', version)).json().code, 'person_required')
  body(await hub.as('meic', 1).post('/v1/policies/TECH_RENO_LOAN/versions', version))
  const path = '/v1/policies/TECH_RENO_LOAN/versions/2026-07-01.1/confirm'
  t.equal((await hub.as('meic', 1).post(path, undefined)).json().code, 'own_work')
  t.equal((await hub.as('meic').post(path, undefined)).json().code, 'person_required')
  const confirmed = await hub.as('meic', 2).post(path, undefined)
  t.equal(confirmed.statusCode, 200, confirmed.body)
})

t.test('a third bank needs a person of the commission and a reason, which is stored', async (t) => {
  const hub = await build(t)
  const consortium = { park: 'park-1', banks: ['bank-1', 'bank-2', 'bank-3'], guarantors: ['guarantor-1'] }
  t.equal((await hub.as('meic', 1).post('/v1/consortia', consortium)).json().code, 'consortium_bank_limit')
  const operator = await hub.as('platform-operator', 1).post('/v1/consortia', { ...consortium, override_reason: '重点项目' })
  t.not(operator.statusCode, 201, 'not the operator')
  const allowed = await hub.as('meic', 1).post('/v1/consortia', { ...consortium, override_reason: '重点项目' })
  t.equal(allowed.statusCode, 201, allowed.body)
  t.equal(allowed.json().override_reason, '重点项目')
  t.equal((await hub.as('meic', 1).post('/v1/consortia', { ...consortium, banks: ['bank-1'], guarantors: [] })).statusCode, 422, 'no consortium without a guarantor')
})

t.test('participants and keys take two persons', async (t) => {
  const hub = await build(t)
  const sent = { participant_no: 'bank-9', role: 'BANK', name: '第九示范银行（虚构）', uscc: '91500107MAXX00058Y' }
  t.equal((await hub.as('platform-operator').post('/v1/participants', sent)).json().code, 'person_required')
  const first = await hub.as('platform-operator', 1).post('/v1/participants', sent)
  t.ok(first.statusCode < 300, first.body)
  t.equal(first.json().status, 'PENDING_SECOND_PERSON')
  const token = await hub.app.inject({ method: 'POST', url: '/oauth/token', headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ grant_type: 'client_credentials', client_id: hub.sandbox.participants[0]?.client_id ?? '', client_secret: hub.sandbox.participants[0]?.client_secret ?? '' }).toString() })
  t.equal(token.statusCode, 200, token.body)
  const me = await hub.app.inject({ url: '/v1/me', headers: { authorization: `Bearer ${token.json().access_token}` } })
  t.equal(me.json().participant_no, 'park-1')
  const basic = await hub.app.inject({ method: 'POST', url: '/oauth/token', payload: 'grant_type=client_credentials',
    headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: `Basic ${Buffer.from(`${hub.sandbox.participants[2]?.client_id}:${hub.sandbox.participants[2]?.client_secret}`).toString('base64')}` } })
  t.equal(basic.statusCode, 200, basic.body)
  const wrong = await hub.app.inject({ method: 'POST', url: '/oauth/token', payload: 'grant_type=client_credentials&client_id=client-park-1&client_secret=no',
    headers: { 'content-type': 'application/x-www-form-urlencoded' } })
  t.equal(wrong.statusCode, 401)
})
