/** What is foreign besides the number in the path: numbers in bodies, ETags, cursors, idempotency keys. */
import { newKey } from '../../helper.ts'
import { aDrawdown, aFeeVoucher, aGuarantee, aLoanContract, aRentVoucher, aVoucher } from '../../lending/fixtures.ts'
import { everybody, pathOf, type Answer, type Call, type Transport, type Who } from './calls.ts'
import { fingerprint, sent, type Swept } from './sweep.ts'
import type { World } from './world.ts'

export function whoIs (world: World, participant_no: string, user = 0): Who {
  const found = everybody(world.hub, user).find(who => who.participant_no === participant_no)
  if (found === undefined) throw new Error(`nobody is called ${participant_no}`)
  return found
}

interface Reference { operation: string, by: string, path: string, body: (named: string) => Record<string, unknown>, foreign: string, missing: string }

/** Requests of right-hand participants that name something of the left, and the same about nothing. */
function references ({ left, right }: World): Reference[] {
  const of = (name: string) => String(left.numbers[name])
  const sent_by = (operation: string, field: string) => String(left.bodies[operation]?.[field])
  const document = String(right.bodies.createLoanContract?.document_no)
  const fee_document = String(right.bodies.createFeeVoucher?.document_no)
  const rent_document = String(right.bodies.createRentVoucher?.document_no)
  const { uscc, project_code } = right
  const ulid = '01JB2Q8Z6V7K3M5N9P4R1S0ZZZ'
  const post = (operation: string, by: string, path: string, foreign: string, missing: string, body: Reference['body']): Reference => ({ operation, by, path, body, foreign, missing })
  const loan = (over: Record<string, unknown>) => aLoanContract(document, { loan_contract_no: 'PROBE-LOAN', borrower_uscc: uscc, project_code, ...over })
  return [
    post('createDrawdown', 'bank-3', '/v1/drawdowns', sent_by('createLoanContract', 'loan_contract_no'), 'HT-NONE', named => aDrawdown(named, { iou_no: 'PROBE-IOU' })),
    post('createInterestVoucher', 'bank-3', '/v1/interest-vouchers', sent_by('createDrawdown', 'iou_no'), 'JJ-NONE', named => aVoucher(named, document, { voucher_no: 'PROBE-VOUCHER' })),
    post('createLoanContract', 'bank-3', '/v1/loan-contracts', of('documents'), `doc_${ulid}`, named => loan({ document_no: named })),
    post('createLoanContract', 'bank-3', '/v1/loan-contracts', of('leads'), `lead_${ulid}`, named => loan({ lead_no: named })),
    post('createGuaranteeContract', 'guarantor-2', '/v1/guarantee-contracts', sent_by('createLoanContract', 'loan_contract_no'), 'HT-NONE', named => aGuarantee(named, fee_document, {
      guarantee_contract_no: 'PROBE-GUARANTEE', borrower_uscc: uscc, lender_no: 'bank-3', override_reason: '示范' })),
    post('createFeeVoucher', 'guarantor-2', '/v1/fee-vouchers', sent_by('createGuaranteeContract', 'guarantee_contract_no'), 'DB-NONE', named => aFeeVoucher(named, fee_document, { fee_voucher_no: 'PROBE-FEE' })),
    post('createRentVoucher', 'lessor-2', '/v1/rent-vouchers', sent_by('createLeaseContract', 'lease_contract_no'), 'ZL-NONE', named => aRentVoucher(named, rent_document, {
      voucher_no: 'PROBE-RENT', period_start: '2026-01-21', period_end: '2026-03-21', segments: [{ from: '2026-01-21', to: '2026-03-21', balance: '30000000.00', annual_rate_pct: '5.20' }],
      normal_interest: '255666.67', paid_date: '2026-03-21' })),
    post('createInterestVoucher', 'bank-3', '/v1/interest-vouchers', sent_by('createInterestVoucher', 'voucher_no'), 'V-NONE', named => ({ ...right.bodies.createInterestVoucher,
      voucher_no: 'PROBE-CORRECTION', correction_of: named, reason: '更正' })),
    post('fileCompensationClaim', 'bank-3', '/v1/compensation-claims', sent_by('createGuaranteeContract', 'guarantee_contract_no'), 'DB-NONE', named => ({
      claim_no: 'PROBE-CLAIM', guarantee_contract_no: named, iou_no: right.bodies.createDrawdown?.iou_no, default_date: '2026-03-02', default_principal: '1.00' })),
    post('fileCompensationClaim', 'bank-3', '/v1/compensation-claims', sent_by('createDrawdown', 'iou_no'), 'JJ-NONE', named => ({
      claim_no: 'PROBE-CLAIM', guarantee_contract_no: right.bodies.createGuaranteeContract?.guarantee_contract_no, iou_no: named, default_date: '2026-03-02', default_principal: '1.00' })),
    post('sendPostLoanReport', 'bank-3', '/v1/post-loan-reports', sent_by('createDrawdown', 'iou_no'), 'JJ-NONE', named => ({ report_no: 'PROBE-REPORT', iou_no: named, as_of: '2026-03-22' })),
    post('submitFinancingNeed', 'park-2', '/v1/financing-needs', of('authorizations'), `auth_${ulid}`, named => ({ uscc, amount: '100000.00', term_months: 12, purpose: '设备',
      project_name: '示范探测', authorization_no: named })),
    post('askAboutSubsidyPacket', 'bank-3', `/v1/subsidy-packets/${right.numbers['subsidy-packets']}/questions`, of('subsidy-lines'), `line_${ulid}`, named => ({ text: '示范', line_no: named })),
    post('recordLeadEvent', 'bank-3', `/v1/leads/${right.numbers.leads}/events`, of('documents'), `doc_${ulid}`, named => ({ type: 'PAUSED', occurred_at: '2026-03-23T01:59:00Z',
      reason_code: 'ENTERPRISE_MATERIALS_PENDING', document_no: named })),
    post('giveAuthorization', 'enterprise-2', '/v1/authorizations', of('documents'), `doc_${ulid}`, named => ({ ...right.bodies.giveAuthorization, method: 'SEAL_SCAN', document_no: named })),
    post('submitSelfAssessment', 'park-2', '/v1/self-assessments', of('documents'), `doc_${ulid}`, named => ({ period: '2026Q1', problems: '示范', document_nos: [named] }))
  ]
}

/** A number of somebody else in a body is answered like one that is not there. @returns operations looked at */
export async function foreignNumbersInBodies (world: World, transport: Transport, into: Swept, only?: string): Promise<number> {
  const all = references(world).filter(({ operation }) => only === undefined || operation === only)
  for (const { operation, by, path, body, foreign, missing } of all) {
    const prints: string[] = []
    for (const named of [foreign, missing]) {
      const call: Call = { operation, method: 'POST', url: path, who: whoIs(world, by, 1), variant: 'none', headers: { 'idempotency-key': newKey() }, body: body(named), expected: null }
      const answer = await sent(world, transport, call, into)
      prints.push(fingerprint(answer, call).replaceAll(named, '«named»'))
      if (answer.status < 300) break
    }
    if (prints.length === 2 && prints[0] !== prints[1]) into.wrong.push({ where: `${operation} body`, who: by, what: `foreign ${prints[0]} is not missing ${prints[1]}` })
  }
  return all.length
}

/** Pages of one caller: their cursors and ETags in the hands of another. */
export async function foreignMarks (world: World, transport: Transport, into: Swept, only?: string): Promise<number> {
  let looked = 0
  const take = async (call: Call): Promise<Answer> => sent(world, transport, call, into)
  for (const spec of world.hub.app.operations.values()) {
    if (spec.method !== 'GET' || spec.callers === 'public' || (only !== undefined && spec.id !== only)) continue
    const callers = everybody(world.hub, 0).filter(({ role }) => spec.callers === 'any' || (spec.callers as readonly string[]).includes(role))
    const ask = (who: Who, query: string, headers: Record<string, string> = {}): Call =>
      ({ operation: spec.id, method: 'GET', url: (pathOf(spec, world, 'left') ?? '') + query, who, variant: 'left', headers, expected: null })
    const takes = Object.keys((spec.query as { properties?: object } | undefined)?.properties ?? {})
    const marks: { who: Who, cursor: string | null, etag: string | null, body: string }[] = []
    for (const who of callers) {
      const answer = await take(ask(who, takes.includes('limit') ? '?limit=1' : ''))
      if (answer.status !== 200) continue
      const next = takes.includes('cursor') && takes.includes('limit') ? (JSON.parse(answer.body.toString()) as { next_cursor?: string | null }).next_cursor ?? null : null
      marks.push({ who, cursor: next, etag: answer.headers.etag ?? null, body: answer.body.toString() })
    }
    const public_cursors = spec.id === 'listEvents'
    for (const who of callers) {
      const mark = marks.find(each => each.who.participant_no !== who.participant_no && (each.cursor !== null || each.etag !== null))
      if (mark === undefined) continue
      looked++
      if (mark.cursor !== null && !public_cursors) {
        const answer = await take(ask(who, `?limit=1&cursor=${encodeURIComponent(mark.cursor)}`))
        if (answer.status !== 400 && answer.status !== 404) into.wrong.push({ where: `${spec.id} cursor of ${mark.who.participant_no}`, who: who.participant_no, what: `${answer.status} instead of 400` })
      }
      const own = marks.find(each => each.who.participant_no === who.participant_no)
      if (mark.etag !== null && own?.body !== mark.body) {
        const answer = await take(ask(who, takes.includes('limit') ? '?limit=1' : '', { 'if-none-match': mark.etag }))
        // A version may be the same by chance where the bytes differ only by caller; where the caller may not read, it never is.
        if (answer.status === 304 && own === undefined) into.wrong.push({ where: `${spec.id} ETag of ${mark.who.participant_no}`, who: who.participant_no, what: '304' })
      }
    }
  }
  return looked
}

/** Requests of the world's making, sent again under the same key by another participant of the role: never the first answer. */
export async function foreignKeys (world: World, transport: Transport, into: Swept, only?: string): Promise<number> {
  let looked = 0
  const people = new Map([0, 1, 2].flatMap(user => everybody(world.hub, user)).map(who => [`Bearer ${who.key}`, who]))
  for (const { method, url, authorization, key, status, payload, content_type } of world.sent) {
    const first = people.get(authorization)
    const spec = [...world.hub.app.operations.values()].find(each => each.method === method && each.path.split('/').length === (url.split('?')[0] ?? '').split('/').length && matches(each.path, url))
    if (method !== 'POST' || key === undefined || status >= 300 || first === undefined || spec === undefined || content_type !== undefined || (only !== undefined && spec.id !== only)) continue
    const other = everybody(world.hub, first.user_no === null ? 0 : 1).find(({ role, participant_no }) => role === first.role && participant_no !== first.participant_no)
    // A mandate that another park hands in, or a project that another enterprise describes in the same words, is its own.
    if (other === undefined || ['addWebhookEndpoint', 'openSubsidyPacket', 'giveAuthorization', 'submitProject'].includes(spec.id)) continue
    looked++
    const answer = await sent(world, transport, { operation: spec.id, method: 'POST', url, who: other, variant: 'left', headers: { 'idempotency-key': key }, body: payload, expected: null }, into)
    if (answer.headers['idempotency-replayed'] !== undefined) into.wrong.push({ where: `${spec.id} key of ${first.participant_no}`, who: other.participant_no, what: 'the first answer was given again' })
  }
  return looked
}

/** Whether an address is one of an operation. */
export function matches (path: string, url: string): boolean {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(url.split('?')[0] ?? '')
}
