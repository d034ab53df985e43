/** Every operation × every participant × whose number: what is asked, and what has to come back by the matrix. */
import type { OperationSpec } from '../../../src/http/operation.ts'
import { REPORT_NAMES } from '../../../src/oversight/reports/schema.ts'
import { newKey, type Built } from '../../helper.ts'
import { matrix, rolesOf } from './matrix.ts'
import { readersOf } from './parties.ts'
import type { Ended, World } from './world.ts'
import type { Story } from './story.ts'

export interface Who { participant_no: string, role: string, user_no: string | null, key: string }
export type Variant = 'left' | 'right' | 'withdrawn' | 'expired' | 'missing' | 'none'
export interface Call {
  operation: string
  method: OperationSpec['method']
  url: string
  who: Who | null
  variant: Variant
  headers: Record<string, string>
  body?: unknown
  /** status by the matrix; null where the state of the world decides */
  expected: number | null
}
export interface Answer { status: number, headers: Record<string, string>, body: Buffer }
export type Transport = (call: Call) => Promise<Answer>

export function overInject (hub: Built): Transport {
  return async ({ method, url, who, headers, body }) => {
    const answer = await hub.app.inject({
      method, url, headers: { ...(who === null ? {} : { authorization: `Bearer ${who.key}` }), ...headers }, ...(body === undefined ? {} : { payload: body as Record<string, unknown> })
    })
    const names = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)])
    return { status: answer.statusCode, headers: Object.fromEntries(names), body: answer.rawPayload }
  }
}

/** Everybody once, as a machine or as its n-th person. */
export function everybody ({ sandbox }: Built, user: number): Who[] {
  return sandbox.participants.map(({ participant_no, role, api_key, users }) => {
    const person = user === 0 ? undefined : users[Math.min(user, users.length) - 1]
    return { participant_no, role, user_no: person?.user_no ?? null, key: person?.api_key ?? api_key }
  })
}

const missing_ulid = '01JB2Q8Z6V7K3M5N9P4R1S0ZZZ'
const missing_of: Readonly<Record<string, string>> = {
  'enterprise-lists': `list_${missing_ulid}`, authorizations: `auth_${missing_ulid}`, projects: '2606-500112-07-02-999999', 'financing-needs': `need_${missing_ulid}`, leads: `lead_${missing_ulid}`,
  documents: `doc_${missing_ulid}`, 'loan-contracts': `loan_${missing_ulid}`, drawdowns: `draw_${missing_ulid}`, 'interest-vouchers': `vch_${missing_ulid}`, 'rent-vouchers': `vch_${missing_ulid}`,
  'fee-vouchers': `vch_${missing_ulid}`, 'subsidy-accounts': `acct_${missing_ulid}`, 'guarantee-contracts': `guar_${missing_ulid}`, 'lease-contracts': `lease_${missing_ulid}`,
  'insurance-policies': `pol_${missing_ulid}`, 'compensation-claims': 'no-such-claim', 'subsidy-lines': `line_${missing_ulid}`, 'subsidy-packets': `pkt_${missing_ulid}`,
  'payment-batches': `batch_${missing_ulid}`, holds: `hold_${missing_ulid}`, 'post-loan-reports': `plr_${missing_ulid}`, consortia: `consortium_${missing_ulid}`, participants: 'nobody-9',
  enterprises: '91500120MAXX000311', 'webhook-endpoints': `ep_${missing_ulid}`, 'webhook-networks': `net_${missing_ulid}`, rows: `row_${missing_ulid}`, conclusions: `concl_${missing_ulid}`, keys: `key_${missing_ulid}`, results: `result_${missing_ulid}`
}
/** Second numbers of a path. */
const second: Readonly<Record<string, string>> = { row_id: 'rows', conclusion_no: 'conclusions', key_no: 'keys', network_no: 'webhook-networks', result_no: 'results' }

/** Operations whose subject is nobody's: everybody who may call reads the same, or only what is its own. */
const without_owner = new Set(['getPolicy', 'endUsccOverride', 'confirmPolicyVersion', 'proposePolicyVersion', 'getReport', 'listReportBasis', 'getAuditProof'])

/** What is asked besides a number. */
function queriesOf (spec: OperationSpec, world: World): string[] {
  const story = [world.left, world.right].map(({ uscc, project_code }) => `uscc=${uscc}&project_code=${project_code}`)
  switch (spec.id) {
    case 'getCeilings': return story.map(query => `?${query}&year=2026`)
    case 'listReportBasis': return ['?period=2026Q1&row=bank-1']
    case 'listScoredLeads': return ['?period=2026Q1']
    case 'getReconciliation': return ['?date=2026-03-23']
    case 'getAuditConsistency': return ['?from=1&to=2']
    case 'listAuditLog': return ['?limit=200']
    case 'listEvents': return ['?limit=200', '?after=200&limit=200', '?after=400&limit=200']
    case 'listSelfAssessments': return ['', '?period=2026Q1&prefill=true', '?period=2026Q1&prefill=true&park_no=park-1', '?park_no=park-2']
    case 'getEnterpriseReceipt': return ['', '?format=html']
    case 'listSubsidyLines': case 'listInterestVouchers': case 'listLoanContracts': return ['?limit=200', ...story.map(query => `?${query}`)]
    default: return Object.hasOwn((spec.query as { properties?: object } | undefined)?.properties ?? {}, 'limit') ? ['?limit=200'] : ['']
  }
}

/** Readers of the object of a path by the matrix, with what only the making of the world knows. */
function readersOfObject (world: World, id: string, story: Story): ReadonlySet<string> {
  const { side } = story
  const owner = (left: string, right: string) => side === 'left' ? left : right
  const bank = owner('bank-1', 'bank-3')
  const own: Record<string, readonly string[]> = {
    subsidyLine: [bank], subsidyPacket: [bank], postLoanReport: [bank], participant: [bank], webhook: [bank],
    document: [owner('insurer-1', 'insurer-2')], consortium: [owner('park-1', 'park-2'), bank, owner('guarantor-1', 'guarantor-2')]
  }
  const things = matrix.filter(({ reads, writes }) => Object.hasOwn(reads, id) || Object.hasOwn(writes, id)).map(({ thing }) => thing)
  const readers = new Set(readersOf(world.hub, side, things))
  const add = (name: string) => { for (const no of own[name] ?? []) readers.add(no) }
  if (/SubsidyLine|Ceilings/.test(id)) add('subsidyLine')
  if (/Packet|Conclusion/.test(id)) add('subsidyPacket')
  // Nobody asked for a report to be fetched later.
  if (id === 'getReportResult') return new Set()
  if (id === 'getPostLoanReport') return new Set([bank, 'meic'])
  if (/Participant|Key|Client/.test(id)) add('participant')
  if (/Webhook/.test(id)) return new Set([bank])
  // Insurers' packets were not submitted: the document in them is nobody else's yet.
  if (id === 'getDocument') return new Set(own.document)
  if (/Consortium/.test(id)) return new Set([...own.consortium ?? [], 'meic', 'platform-operator'])
  if (/Authorization|Disclosures/.test(id)) readers.delete(owner('park-1', 'park-2'))
  if (/FinancingNeed/.test(id)) readers.delete(owner('partner-platform-1', 'partner-platform-2'))
  if (id === 'getLead' || /LeadEvent/.test(id)) return new Set([bank])
  if (/SubsidyAccount/.test(id)) readers.delete(owner('guarantor-1', 'guarantor-2'))
  if (id === 'getPaymentBatch') for (const guarantor of ['guarantor-1', 'guarantor-2']) readers.delete(guarantor)
  return readers
}

/** Whether an institution may ask why a need did not reach it. */
const answers_why_not = (call: { operation: string, who: Who }) => call.operation === 'listNeedRecipients' && ['BANK', 'GUARANTOR', 'LESSOR', 'PARTNER_PLATFORM'].includes(call.who.role)

function numbersOf (world: World, variant: Variant): Readonly<Record<string, string>> {
  if (variant === 'missing' || variant === 'none') return missing_of
  const of: Story | Ended = world[variant]
  const endpoint = world.endpoints[variant === 'left' ? 'bank-1' : variant === 'right' ? 'bank-3' : '']
  return { ...of.numbers, ...(endpoint === undefined ? {} : { 'webhook-endpoints': endpoint }) }
}

/** The path with a story's numbers; undefined where the story has no such object. */
export function pathOf (spec: OperationSpec, world: World, variant: Variant): string | undefined {
  const collection = spec.path.split('/')[2] ?? ''
  const numbers = numbersOf(world, variant)
  let complete = true
  const path = spec.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
    const fixed: Record<string, string> = { policy_code: 'TECH_RENO_LOAN', version: '2026-01-12.1', report: 'subsidy-progress', seq: '1', ...(collection === 'uscc-overrides' ? { uscc: '91500112MAXX00016Q' } : {}) }
    const value = fixed[name] ?? numbers[second[name] ?? collection] ?? (second[name] === undefined ? undefined : missing_of[second[name] ?? ''])
    if (value === undefined) complete = false
    return encodeURIComponent(value ?? '')
  })
  return complete ? path : undefined
}

function bodyOf (spec: OperationSpec, world: World, variant: Variant): unknown {
  if (spec.method === 'GET' || spec.method === 'DELETE') return undefined
  const story = variant === 'right' ? world.right : world.left
  const sent = story.bodies[spec.id]
  if (sent !== undefined) return sent
  const known: Record<string, unknown> = {
    withdrawAuthorization: {}, withdrawFinancingNeed: {}, submitSubsidyPacket: {}, confirmConclusion: {}, closePaymentBatch: {}, prepareConclusion: { packet_digest: '0'.repeat(64),
      conflict_of_interest_declared: true }, decideClawback: { line_no: story.numbers['subsidy-lines'], amount: '1.00', reason: '示范' },
    openSubsidyPacket: { uscc: story.uscc, project_code: story.project_code, period: '2026Q1', kind: 'LOAN_INTEREST' },
    sendPostLoanReport: { report_no: 'DH-SWEEP', iou_no: story.bodies.createDrawdown?.iou_no, as_of: '2026-03-22' },
    createInterestVoucherBatch: { vouchers: [story.bodies.createInterestVoucher] }, askAboutSubsidyPacket: { text: '示范' }, replayWebhooks: { event_no: `evt_${missing_ulid}` },
    submitFinancingNeedBatch: { batch_no: 'SWEEP', needs: [{ uscc: story.uscc, amount: '100000.00', term_months: 12, purpose: '设备', authorization_no: story.numbers.authorizations }] },
    quoteSubsidy: spec.example?.request, registerKey: spec.example?.request, importProjects: { items: [] }, changeWebhookEndpoint: { description: '示范' },
    recordPaymentResults: { results: [{ payment_no: `pay_${missing_ulid}`, status: 'PAID', date: '2026-03-23', bank_reference: 'X' }] }
  }
  return known[spec.id] ?? spec.example?.request ?? {}
}

/** What would change the world for those after it: only strangers try it here, its success stands in the making or at the end. */
const moves_the_world = new Set(['withdrawAuthorization', 'withdrawFinancingNeed', 'changeParticipant', 'terminateConsortium', 'changeConsortium', 'activateConsortium', 'reviewConsortium', 'retireKey',
  'registerParticipant', 'registerKey', 'createClient', 'proposePolicyVersion', 'confirmPolicyVersion', 'loadCalendar', 'recordUsccOverride', 'endUsccOverride', 'decideBudget', 'settleBreakers', 'placeHold', 'decideClawback', 'assignSubsidyPacket',
  'returnSubsidyPacket', 'approveSubsidyPacket', 'deleteWebhookEndpoint', 'rotateWebhookSecret', 'changeWebhookEndpoint', 'openPaymentBatch', 'reviewLibraryEntry', 'submitFinancingNeedBatch',
  'applyForConsortium', 'recordLeadEvent', 'openWebhookNetwork', 'closeWebhookNetwork'])

/** Calls of one operation by one caller: its own number, others', one that is not there. */
export function callsOf (spec: OperationSpec, world: World, who: Who): Call[] {
  const has_number = /\{(?!policy_code|report|seq)/.test(spec.path)
  const may = (rolesOf(spec.id) as readonly string[]).includes(who.role)
  const headers = (): Record<string, string> =>
    spec.method === 'POST' && spec.idempotent !== false ? { 'idempotency-key': newKey() } : spec.versioned === true ? { 'if-match': '"999"' } : {}
  const base = { operation: spec.id, method: spec.method, who }
  const variants: Variant[] = !may ? ['left'] : has_number ? ['left', 'right', 'withdrawn', 'expired', 'missing'] : spec.method === 'GET' ? ['none'] : ['left', 'right']
  const calls: Call[] = []
  for (const variant of variants) {
    const path = pathOf(spec, world, variant)
    if (path === undefined) continue
    const story = variant === 'left' || variant === 'right' ? world[variant] : undefined
    const owned = story !== undefined && readersOfObject(world, spec.id, story).has(who.participant_no)
    if (moves_the_world.has(spec.id) && may && (owned || !has_number)) continue
    const paths = spec.id === 'getReport' && may ? REPORT_NAMES.flatMap(name => ['json', 'csv', 'xlsx'].map(format => `/v1/reports/${name}?period=2026Q1&format=${format}`)) : [path]
    for (const one of paths) {
      for (const query of spec.method === 'GET' && !one.includes('?') ? queriesOf(spec, world) : ['']) {
        const body = bodyOf(spec, world, variant)
        calls.push({ ...base, headers: headers(), url: one + query, variant, ...(body === undefined ? {} : { body }), expected: expectation(spec, who, may, has_number, story, owned, variant) })
      }
    }
  }
  return calls
}

function expectation (spec: OperationSpec, who: Who, may: boolean, has_number: boolean, story: Story | undefined, owned: boolean, variant: Variant): number | null {
  if (!may) return 403
  if (spec.method !== 'GET') return has_number && !without_owner.has(spec.id) && (variant === 'missing' || (story !== undefined && !owned)) ? 404 : null
  if (!has_number) return without_owner.has(spec.id) || spec.id === 'getCeilings' ? null : 200
  if (answers_why_not({ operation: spec.id, who }) && variant !== 'missing') return 200
  if (variant === 'missing') return 404
  return story === undefined ? null : owned ? 200 : 404
}

/** Somebody without a login. */
export function strangersCalls (spec: OperationSpec, world: World): Call[] {
  const path = pathOf(spec, world, 'left')
  const body = bodyOf(spec, world, 'left')
  return path === undefined ? [] : [{ operation: spec.id, method: spec.method, url: path, who: null, variant: 'left', headers: {}, expected: 401, ...(body === undefined ? {} : { body }) }]
}
