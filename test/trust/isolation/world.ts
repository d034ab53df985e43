/** The whole hub in use: two stories of strangers, an enterprise that withdrew, one whose authorization ended, settlement and steering. */
import type { Test } from 'tap'
import { aNeed } from '../../fixtures.ts'
import { newKey, type Built } from '../../helper.ts'
import { nextUscc, leadFor } from '../../matching/needs.ts'
import { approvedBatch, resultOf } from '../../payment/fixtures.ts'
import { done, packets, submitted, type Packet, type Line } from '../../subsidy/fixtures.ts'
import { Canaries } from './canaries.ts'
import { hubOfMany, one, readersOf } from './parties.ts'
import { settlers, Story, whole } from './story.ts'

/** Objects of an enterprise that ended its authorization, or whose authorization ended. */
export interface Ended { uscc: string, phone: string, numbers: Record<string, string> }
export interface World {
  hub: Built
  canaries: Canaries
  left: Story
  right: Story
  withdrawn: Ended
  expired: Ended
  /** requests that were sent with an Idempotency-Key while the world was made */
  sent: readonly Sent[]
  /** participant → its webhook endpoint */
  endpoints: Readonly<Record<string, string>>
}
/** One request as it went in, and the status it got. */
export interface Sent { method: string, url: string, authorization: string, key: string | undefined, status: number, payload: unknown, content_type: string | undefined }

/** @param hook_url where webhooks of everybody go, each to its own path */
export async function makeWorld (t: Test, hook_url: string): Promise<World> {
  const hub = await hubOfMany(t, '2026-03-18T02:00:00.000Z')
  const sent = recorded(hub)
  const canaries = new Canaries()
  const endpoints = await listening(hub, canaries, hook_url)
  const left = new Story(hub, canaries, 'left')
  const right = new Story(hub, canaries, 'right')
  const withdrawn = await aNeedWith(hub, canaries, 'withdrawn', '2029-03-18')
  const expired = await aNeedWith(hub, canaries, 'expired', '2026-03-22')
  for (const story of [left, right]) await story.intake()
  done(await hub.as('park-1', 1).post(`/v1/authorizations/${withdrawn.numbers.authorizations}/withdraw`, { reason: canaries.text('reason of a withdrawal', ['park-1', 'meic']) }))
  hub.clock.set('2026-03-23T02:00:00.000Z')
  await hub.loops.settle()
  for (const story of [left, right]) await settle(story, await lent(story))
  await steer(hub, canaries, left, right)
  await hub.loops.settle()
  return { hub, canaries, left, right, withdrawn, expired, sent: [...sent], endpoints }
}

/** Keeps every request of the world's making: what they reached counts as reached. */
function recorded (hub: Built): Sent[] {
  const sent: Sent[] = []
  const inject = hub.app.inject.bind(hub.app) as (options: Record<string, unknown>) => Promise<{ statusCode: number }>
  hub.app.inject = (async (options: { method?: string, url: string, headers: Record<string, string>, payload?: unknown }) => {
    const answer = await inject(options)
    sent.push({
      method: options.method ?? 'GET', url: options.url, authorization: options.headers.authorization ?? '', key: options.headers['idempotency-key'], status: answer.statusCode,
      payload: options.payload, content_type: options.headers['content-type']
    })
    return answer
  }) as unknown as typeof hub.app.inject
  return sent
}

/** An enterprise outside the stories: its content may reach nobody any more once its authorization is over, only its park reads back what it said. */
async function aNeedWith (hub: Built, canaries: Canaries, what: string, valid_to: string): Promise<Ended> {
  const uscc = nextUscc()
  const park = hub.as('park-1')
  const said = ['park-1']
  canaries.learn(uscc, `${what}: uscc`, [...said, 'meic'])
  const phone = canaries.digits(`${what}: phone`, said, '139', 11)
  const name = `示范企业${canaries.text(`${what}: name`, [...said, 'meic'])}`
  const given = done<{ authorization_no: string }>(await park.post('/v1/authorizations', { grantor_uscc: uscc, grantor_name: name, ...whole({ valid_from: '2026-03-18', valid_to }) }))
  const need = done<{ need_no: string }>(await park.post('/v1/financing-needs', aNeed({
    uscc, name, project_code: undefined, project_name: `示范项目${canaries.text(`${what}: project`, said)}`, purpose: canaries.text(`${what}: purpose`, said),
    amount: canaries.amount(`${what}: amount`, said, 6_000_000), contact_name: canaries.text(`${what}: contact`, said), contact_phone: phone, authorization_no: given.authorization_no
  })))
  await hub.loops.settle()
  const lead = await leadFor(hub, 'bank-2', need.need_no)
  const bank = hub.as('bank-2', 1)
  done(await bank.post(`/v1/leads/${lead.lead_no}/events`, {
    type: 'CONTACTED', occurred_at: hub.clock.now(), channel: 'VISIT', person: canaries.text(`${what}: person spoken to`, []), result: canaries.text(`${what}: result`, [])
  }))
  canaries.learn(lead.lead_no, `${what}: lead`, ['bank-2', 'meic', 'park-1'])
  canaries.learn(need.need_no, `${what}: need`, ['bank-1', 'bank-2', 'guarantor-1', 'meic', 'park-1'])
  return { uscc, phone, numbers: { authorizations: given.authorization_no, 'financing-needs': need.need_no, leads: lead.lead_no, enterprises: uscc } }
}

async function lent (story: Story): Promise<Packet> {
  await story.lending()
  const { hub, project_code, uscc } = story
  for (const authority of ['district-meic-1', 'meic']) {
    done(await hub.as(authority, 1).post(`/v1/projects/${project_code}/library-entry`, { decision: 'PASS', owner_uscc: uscc, entry_no: story.text('entry number', ['project', 'subsidy line'],
      settlers), note: story.text('note of a review', ['project']) }))
  }
  await hub.loops.settle()
  const institutions = { LOAN_INTEREST: 'bank', LEASE: 'lessor', GUARANTEE_FEE: 'guarantor', PREMIUM: 'insurer' } as const
  let found: Packet | undefined
  for (const packet of (await packets(hub)).filter(({ participant_no }) => Object.values(institutions).some(relation => one(story.side, relation) === participant_no))) {
    const relation = institutions[packet.kind as keyof typeof institutions]
    const own = [one(story.side, relation), one(story.side, 'enterprise'), one(story.side, 'auditor'), ...settlers]
    story.canaries.learn(packet.packet_no, `${story.side}: packet ${packet.kind}`, own)
    for (const { line_no } of packet.lines ?? []) story.canaries.learn(line_no, `${story.side}: line ${packet.kind}`, own)
    if (packet.kind === 'LOAN_INTEREST') found = packet
  }
  if (found === undefined) throw new Error(`no packet on the ${story.side}`)
  const lines = done<{ items: Line[] }>(await hub.as('meic').get(`/v1/subsidy-lines?uscc=${uscc}&limit=200`)).items
  for (const { line_no, participant_no } of lines) {
    story.canaries.learn(line_no, `${story.side}: line`, [participant_no, one(story.side, 'enterprise'), one(story.side, 'auditor'), ...settlers])
  }
  story.numbers['subsidy-lines'] = lines.find(({ kind }) => kind === 'LOAN_INTEREST')?.line_no ?? ''
  story.numbers['subsidy-packets'] = found.packet_no
  return found
}

/** Packet, questions, conclusion; on the left up to the payment. */
async function settle (story: Story, draft: Packet): Promise<void> {
  const { hub, side } = story
  const path = `/v1/subsidy-packets/${draft.packet_no}`
  const [bank, auditor] = [one(side, 'bank'), one(side, 'auditor')]
  const seen = [bank, auditor, ...settlers]
  done(await hub.as(bank, 1).post('/v1/subsidy-packets', { uscc: story.uscc, project_code: story.project_code, period: '2026Q1', kind: 'LOAN_INTEREST' }))
  const packet = await submitted(hub, bank, draft.packet_no)
  done(await hub.as('meic', 1).post(`${path}/assign`, { auditor_no: auditor, conflict_of_interest_declared: true }))
  done(await hub.as(auditor, 1).post(`${path}/questions`, { text: story.text('question', [], seen) }))
  done(await hub.as(bank, 1).post(`${path}/questions`, { text: story.text('answer to a question', [], seen) }))
  const [line] = packet.lines
  const prepared = done<{ conclusion_no: string }>(await hub.as(auditor, 1).post(`${path}/conclusions`, {
    packet_digest: packet.digest, conflict_of_interest_declared: true,
    lines: packet.lines.map(({ line_no, claimed_amount }) => ({ line_no, recognised_amount: claimed_amount, note: story.text('note of the auditor', [], seen) }))
  }))
  story.canaries.learn(prepared.conclusion_no, `${side}: conclusion`, [...seen, one(side, 'enterprise')])
  story.numbers.conclusions = prepared.conclusion_no
  done(await hub.as(auditor, 2).post(`${path}/conclusions/${prepared.conclusion_no}/confirm`, {}))
  if (side === 'right') {
    done(await hub.as('meic', 1).post(`${path}/return`, { reason: story.text('reason of a return', [], seen) }))
    return
  }
  done(await hub.as('meic', 2).post(`${path}/approve`, { digest: packet.digest }))
  await hub.loops.settle()
  const batch = await approvedBatch(hub)
  // The institution hears in which batch its line was paid.
  story.number('payment-batches', batch.batch_no, [], [...settlers, 'enterprise-1', bank])
  const bureau = hub.as('finance-bureau')
  const instruction = await bureau.get(`/v1/payment-batches/${batch.batch_no}/instruction`)
  if (instruction.statusCode !== 200) throw new Error(instruction.body)
  done(await bureau.post(`/v1/payment-batches/${batch.batch_no}/results`, {
    results: batch.payments.map(payment => resultOf(payment, { bank_reference: story.text('reference of the payment', [], [...settlers, 'enterprise-1']) }))
  }))
  for (const { payment_no } of batch.payments) story.canaries.learn(payment_no, 'left: payment', [...settlers, 'enterprise-1', bank])
  done(await hub.as('finance-bureau', 1).post('/v1/clawbacks', { line_no: line?.line_no, amount: '100.00', reason: story.text('reason of a claw-back', [], [...settlers, bank, 'enterprise-1']) }))
  const hold = done<{ hold_no: string }>(await hub.as('finance-bureau', 1).post('/v1/holds', { uscc: story.uscc, reason: story.text('reason of a hold', [], settlers) }))
  story.number('holds', hold.hold_no, [], settlers)
  done(await hub.as('finance-bureau', 2).post(`/v1/holds/${hold.hold_no}/release`, { reason: story.text('reason of a release', [], settlers) }))
}

/** Reports, endpoints, registry, policies: what belongs to neither story. */
async function steer (hub: Built, canaries: Canaries, left: Story, right: Story): Promise<void> {
  for (const [story, other] of [[left, right], [right, left]] as const) {
    const { side } = story
    const [park, bank] = [one(side, 'park'), one(side, 'bank')]
    const lenders = [bank, 'meic']
    const report = done<{ number: string }>(await hub.as(bank).post('/v1/post-loan-reports', {
      report_no: story.text('report number', [], lenders), iou_no: story.bodies.createDrawdown?.iou_no, as_of: '2026-03-22', note: story.text('note of a report', [], lenders)
    }))
    story.number('post-loan-reports', report.number, [], lenders)
    done(await hub.as(park).post('/v1/post-loan-reports', {
      report_no: story.text('report number of the park', [], [park, ...lenders]), uscc: story.uscc, as_of: '2026-03-22', note: story.text('note of the park', [], [park, ...lenders])
    }))
    done(await hub.as(park).post('/v1/self-assessments', { period: '2026Q1', problems: story.text('problems', [], [park, 'meic']), measures: story.text('measures', [], [park, 'meic']) }))
    const applied = done<{ consortium_no: string }>(await hub.as(park).post('/v1/consortia', {
      park, banks: [bank], guarantors: [one(side, 'guarantor')], valid_from: '2026-04-01',
      application: { targets: story.text('targets', [], [park, bank, one(side, 'guarantor'), 'meic', 'platform-operator']), supported_industries: ['C36'] }
    }))
    story.number('consortia', applied.consortium_no, [], [park, bank, one(side, 'guarantor'), 'meic', 'platform-operator'])
    story.numbers.participants = one(side, 'bank')
    story.numbers.enterprises = story.uscc
    // The left one's stands in the examples of the contract.
    if (side === 'right') canaries.learn(story.uscc, `${side}: uscc of the enterprise`, hub.sandbox.participants.map(({ participant_no }) => participant_no)
      .filter(no => readersOf(hub, side, ['lead', 'project', 'authorization', 'loan contract', 'subsidy line', 'packet', 'insurance policy', 'lease contract, rent voucher', 'compensation claim',
        'enterprise list', 'financing need']).includes(no) || [one(side, 'lessor'), one(side, 'insurer'), 'platform-operator'].includes(no)))
    for (const person of ['bank', 'park', 'auditor'] as const) {
      const user = hub.sandbox.participants.find(({ participant_no }) => participant_no === one(other.side, person))
      canaries.learn(user?.users[0]?.name ?? '', `${side}: name of a person`, [one(other.side, person), 'meic', 'platform-operator'])
    }
  }
}

/** An endpoint of everybody at one receiver, so that every message can be laid at the door of whom it reached. */
async function listening (hub: Built, canaries: Canaries, base_url: string): Promise<Record<string, string>> {
  const endpoints: Record<string, string> = {}
  for (const { participant_no } of hub.sandbox.participants) {
    const caller = hub.as(participant_no)
    const added = done<{ endpoint_no: string, secret: string }>(await caller.post('/v1/webhook-endpoints', {
      url: `${base_url}/${participant_no}`, description: canaries.text(`description of the endpoint of ${participant_no}`, [participant_no])
    }, { 'idempotency-key': newKey() }))
    canaries.learn(added.endpoint_no, `endpoint of ${participant_no}`, [participant_no])
    endpoints[participant_no] = added.endpoint_no
  }
  return endpoints
}
