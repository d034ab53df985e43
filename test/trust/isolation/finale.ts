/** What would change the world for everybody after it comes last: one success of each such operation. */
import { newKey } from '../../helper.ts'
import { withUsccCheckDigit } from '../../matching/uscc.ts'
import type { Call, Transport } from './calls.ts'
import { one } from './parties.ts'
import { whoIs } from './probes.ts'
import { sent, type Swept } from './sweep.ts'
import type { World } from './world.ts'

type Step = readonly [operation: string, by: string, user: number, method: Call['method'], path: string, body?: unknown]

const held_kinds = [
  ['InterestVoucher', 'bank', '/v1/interest-vouchers', 'voucher_no'], ['RentVoucher', 'lessor', '/v1/rent-vouchers', 'voucher_no'],
  ['FeeVoucher', 'guarantor', '/v1/fee-vouchers', 'fee_voucher_no'], ['InsurancePolicy', 'insurer', '/v1/insurance-policies', 'policy_no']
] as const

/** Sends the steps in order; every one has to succeed. */
export async function finale (world: World, transport: Transport, into: Swept): Promise<void> {
  const { hub, left, right, endpoints } = world
  const endpoint = `/v1/webhook-endpoints/${endpoints['regulator-viewer']}`
  const consortium = `/v1/consortia/${left.numbers.consortia}`
  const participant = { participant_no: 'bank-9', role: 'BANK', name: '示范新银行（虚构）', uscc: withUsccCheckDigit('91500000MAYY90043'), users: [{ user_no: 'bank-9-user-1', name: '示范新用户', duties: ['PREPARE'] }] }
  const example = (operation: string) => hub.app.operations.get(operation)?.example?.request
  const key_path = '/v1/participants/bank-2/keys'
  const steps: Step[] = [
    ['changeWebhookEndpoint', 'regulator-viewer', 0, 'PATCH', endpoint, { description: '示范' }],
    ['rotateWebhookSecret', 'regulator-viewer', 0, 'POST', `${endpoint}/rotate-secret`],
    ['testWebhookEndpoint', 'regulator-viewer', 0, 'POST', `${endpoint}/test`],
    ['replayWebhooks', 'regulator-viewer', 0, 'POST', `${endpoint}/replay`, { from: '2026-03-18T00:00:00Z', to: '2026-03-19T00:00:00Z' }],
    ['deleteWebhookEndpoint', 'regulator-viewer', 0, 'DELETE', endpoint],
    ['registerParticipant', 'platform-operator', 1, 'POST', '/v1/participants', participant],
    ['registerParticipant', 'platform-operator', 2, 'POST', '/v1/participants', participant],
    ['createClient', 'platform-operator', 1, 'POST', '/v1/participants/bank-9/clients', {}],
    ['changeParticipant', 'platform-operator', 1, 'PATCH', '/v1/participants/bank-9', { status: 'SUSPENDED' }],
    ['registerKey', 'platform-operator', 1, 'POST', key_path, example('registerKey')],
    ['openWebhookNetwork', 'platform-operator', 1, 'POST', '/v1/webhook-networks', example('openWebhookNetwork')],
    ['reviewConsortium', 'meic', 1, 'POST', `${consortium}/review`, { outcome: 'SELECTED', reason: '示范' }],
    ['activateConsortium', 'meic', 2, 'POST', `${consortium}/activate`, { agreement_date: '2026-03-20', override_reason: '示范' }],
    ['changeConsortium', 'meic', 1, 'PATCH', consortium, { valid_to: '2028-04-01' }],
    ['terminateConsortium', 'meic', 1, 'POST', `${consortium}/terminate`, { reason: '示范' }],
    ['proposePolicyVersion', 'meic', 1, 'POST', '/v1/policies/TECH_RENO_LOAN/versions', example('proposePolicyVersion')],
    ['confirmPolicyVersion', 'meic', 2, 'POST', '/v1/policies/TECH_RENO_LOAN/versions/2028-01-01.1/confirm'],
    ['loadCalendar', 'platform-operator', 1, 'POST', '/v1/calendars', example('loadCalendar')],
    ['recordUsccOverride', 'platform-operator', 1, 'POST', '/v1/uscc-overrides', example('recordUsccOverride')],
    ['endUsccOverride', 'platform-operator', 1, 'POST', '/v1/uscc-overrides/91500112MAXX00016Q/end', { reason: '示范' }],
    ['importProjects', 'district-meic-1', 1, 'POST', '/v1/projects/imports', example('importProjects')],
    ['submitFinancingNeedBatch', 'park-2', 1, 'POST', '/v1/financing-needs/batches', { batch_no: 'FINALE', needs: [{ uscc: right.uscc, amount: '100000.00', term_months: 12, purpose: '设备' }] }],
    ['withdrawFinancingNeed', 'park-2', 1, 'POST', `/v1/financing-needs/${right.numbers['financing-needs']}/withdraw`, {}],
    ['decideBudget', 'finance-bureau', 1, 'POST', '/v1/budgets', { year: 2027, fund_source: 'MUNICIPAL', amount: '1000000.00' }],
    ['settleBreakers', 'finance-bureau', 1, 'POST', '/v1/breakers/settlements', { year: 2025 }]
  ]
  let key_no = ''
  let network_no = ''
  const go = async ([operation, by, user, method, url, body]: Step): Promise<void> => {
    const headers: Record<string, string> = method === 'POST' ? { 'idempotency-key': newKey() } : { 'if-match': '*' }
    const answer = await sent(world, transport, { operation, method, url, who: whoIs(world, by, user), variant: 'none', headers, ...(body === undefined ? {} : { body }), expected: null }, into)
    if (answer.status >= 300) into.wrong.push({ where: operation, who: by, what: `at the end: ${answer.status} ${answer.body.toString().slice(0, 300)}` })
    else if (operation === 'openWebhookNetwork') network_no = (JSON.parse(answer.body.toString()) as { network_no: string }).network_no
    else if (operation === 'registerKey') key_no = (JSON.parse(answer.body.toString()) as { key_no: string }).key_no
  }
  for (const step of steps) await go(step)
  for (const [one_of, role, path, number] of held_kinds) {
    const by = one('right', role)
    const body = right.bodies[`create${one_of}`]
    if (body === undefined) throw new Error(`nobody sent ${one_of}`)
    const correction = { ...body, [number]: `FINALE-${one_of}`, correction_of: body[number], payer_account_name: '示范代付方' }
    const held = await sent(world, transport, { operation: `create${one_of}`, method: 'POST', url: path, who: whoIs(world, by, 1), variant: 'none',
      headers: { 'idempotency-key': newKey() }, body: correction, expected: null }, into)
    const { number: held_number } = JSON.parse(held.body.toString()) as { number: string }
    await go([`decide${one_of}`, 'meic', 1, 'POST', `${path}/${held_number}/decision`, { decision: 'REJECT', reason: '示范' }])
  }
  const later = await hub.as('park-1').get('/v1/reports/park-performance?period=2026Q1', { prefer: 'respond-async' })
  await go(['getReportResult', 'park-1', 0, 'GET', String(later.headers.location)])
  await go(['retireKey', 'platform-operator', 1, 'POST', `${key_path}/${key_no}/retire`, { reason: '示范' }])
  await go(['closeWebhookNetwork', 'platform-operator', 1, 'POST', `/v1/webhook-networks/${network_no}/close`])
}
