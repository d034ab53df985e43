import fc from 'fast-check'
import t from 'tap'
import { allowed, allowedLeadEvents, canMove, isEnd, LEAD_EVENTS, LEAD_LIFE, leadStatusAfter, MACHINES, type LeadEvent, type LeadStatus, type MachineName } from '../../src/policy/lifecycle.ts'

function play (events: readonly LeadEvent[]): LeadStatus | `${LeadEvent} refused` {
  let status: LeadStatus = 'PUSHED'
  const happened: LeadEvent[] = []
  for (const event of events) {
    const next = leadStatusAfter(status, happened, event)
    if (next === null) return `${event} refused`
    status = next
    happened.push(event)
  }
  return status
}

t.test('every machine leads only to states it knows', async (t) => {
  for (const [name, table] of Object.entries(MACHINES)) {
    const states = Object.keys(table)
    t.same(Object.values(table).flat().filter((state) => !states.includes(state)), [], name)
  }
})

t.test('a lead goes its way, steps may be skipped forward', async (t) => {
  t.equal(play(['ACKNOWLEDGED', 'CONTACTED', 'DUE_DILIGENCE', 'PLAN_SUBMITTED', 'APPROVED', 'CONTRACT_SIGNED', 'DISBURSED']), 'DISBURSED')
  t.equal(play(['CONTACTED', 'APPROVED', 'DISBURSED', 'DISBURSED']), 'DISBURSED', 'a second drawdown is legal')
  t.equal(play(['CONTACTED', 'REJECTED']), 'REJECTED')
  t.equal(play(['ABANDONED_BY_ENTERPRISE']), 'ABANDONED')
  t.equal(play(['PAUSED', 'RESUMED', 'PAUSED']), 'PUSHED')
})

t.test('approval and rejection need contact, disbursement needs approval', async (t) => {
  t.equal(play(['APPROVED']), 'APPROVED refused')
  t.equal(play(['REJECTED']), 'REJECTED refused')
  t.equal(play(['PLAN_SUBMITTED', 'APPROVED']), 'APPROVED refused')
  t.equal(play(['CONTACTED', 'DISBURSED']), 'DISBURSED refused')
  t.equal(play(['CONTACTED', 'CONTRACT_SIGNED', 'DISBURSED']), 'DISBURSED refused')
})

t.test('a needed step that was skipped may be reported late and moves nothing back', async (t) => {
  t.equal(play(['PLAN_SUBMITTED', 'CONTACTED']), 'PLAN_SUBMITTED')
  t.equal(play(['PLAN_SUBMITTED', 'CONTACTED', 'APPROVED']), 'APPROVED')
  t.equal(play(['CONTACTED', 'CONTRACT_SIGNED', 'APPROVED', 'DISBURSED']), 'DISBURSED')
})

t.test('nothing goes back and nothing follows an end', async (t) => {
  t.equal(play(['CONTACTED', 'CONTACTED']), 'CONTACTED refused')
  t.equal(play(['CONTACTED', 'APPROVED', 'CONTACTED']), 'CONTACTED refused')
  t.equal(play(['CONTACTED', 'APPROVED', 'PLAN_SUBMITTED']), 'PLAN_SUBMITTED refused')
  t.equal(play(['CONTACTED', 'APPROVED', 'REJECTED']), 'REJECTED refused')
  t.equal(play(['CONTACTED', 'REJECTED', 'ACKNOWLEDGED']), 'ACKNOWLEDGED refused')
  t.equal(play(['ABANDONED_BY_ENTERPRISE', 'CONTACTED']), 'CONTACTED refused')
  t.equal(play(['CONTACTED', 'APPROVED', 'DISBURSED', 'ABANDONED_BY_ENTERPRISE']), 'ABANDONED_BY_ENTERPRISE refused')
  for (const end of ['REJECTED', 'ABANDONED', 'EXPIRED', 'WITHDRAWN'] as const) t.same(allowedLeadEvents(end, ['CONTACTED']), [], end)
})

t.test('any story of a lead: what is named as allowed is exactly what is taken, and no disbursement lacks approval', async (t) => {
  fc.assert(fc.property(fc.array(fc.constantFrom(...LEAD_EVENTS), { maxLength: 20 }), (events) => {
    let status: LeadStatus = 'PUSHED'
    const happened: LeadEvent[] = []
    for (const event of events) {
      const next = leadStatusAfter(status, happened, event)
      if ((next !== null) !== allowedLeadEvents(status, happened).includes(event)) return false
      if (next === null) continue
      status = next
      happened.push(event)
    }
    return (!happened.includes('DISBURSED') || happened.includes('APPROVED')) && (!happened.includes('APPROVED') || happened.includes('CONTACTED'))
  }), { numRuns: 1000, seed: 7 })
  t.pass('1000 stories')
})

t.test('whoever goes by the published table alone comes to the same states and refusals', async (t) => {
  const { first, states, events, steps, taken_late } = JSON.parse(JSON.stringify(LEAD_LIFE)) as {
    first: LeadStatus, states: Record<string, LeadStatus[]>, events: Record<string, { to: LeadStatus | null, needs: LeadEvent | null }>, steps: LeadStatus[], taken_late: LeadEvent[]
  }
  const after = (status: LeadStatus, happened: readonly LeadEvent[], event: LeadEvent): LeadStatus | null => {
    const { to, needs } = events[event] ?? { to: null, needs: null }
    if (states[status]?.length === 0 || (needs !== null && !happened.includes(needs))) return null
    if (to === null) return status
    if (states[status]?.includes(to) === true) return to
    return taken_late.includes(event) && !happened.includes(event) && steps.indexOf(to) < steps.indexOf(status) ? status : null
  }
  fc.assert(fc.property(fc.array(fc.constantFrom(...LEAD_EVENTS), { maxLength: 20 }), (story) => {
    let status = first
    const happened: LeadEvent[] = []
    return story.every((event) => {
      const next = leadStatusAfter(status, happened, event)
      if (next !== after(status, happened, event)) return false
      if (next === null) return true
      status = next
      happened.push(event)
      return true
    })
  }), { numRuns: 1000, seed: 7 })
  t.pass('1000 stories')
})

t.test('nothing returns to an active authorization, and an approved packet does not move', async (t) => {
  for (const state of ['EXPIRED', 'WITHDRAWN', 'SUPERSEDED'] as const) t.same(allowed('authorization', state), [], state)
  t.ok(canMove('authorization', 'PENDING', 'ACTIVE'))
  t.ok(isEnd('packet', 'APPROVED'))
  t.notOk(canMove('packet', 'DRAFT', 'APPROVED'))
  t.ok(canMove('packet', 'RETURNED', 'SUBMITTED'), 'as the next version')
})

t.test('a payment whose fate is unknown is asked about, never sent again', async (t) => {
  t.same(allowed('payment', 'UNKNOWN'), ['PAID', 'RETURNED'])
  t.notOk(canMove('payment', 'SENT', 'CANCELLED'))
  t.same(allowed('payment_batch', 'OPEN'), ['CLOSED'])
  t.notOk(canMove('payment_batch', 'OPEN', 'APPROVED'))
})

t.test('an unknown state is a bug and is said so', async (t) => {
  t.throws(() => allowed('lead', 'NOWHERE' as 'PUSHED'), RangeError)
  t.equal(Object.keys(MACHINES).includes('consortium' satisfies MachineName), true)
})
