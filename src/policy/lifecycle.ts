/** A state machine as a table: from each state the states that may follow. A state without followers is an end. */
export type Moves<S extends string> = { readonly [state in S]: readonly S[] }

export const LEAD_STATUSES = ['PUSHED', 'CONTACTED', 'PLAN_SUBMITTED', 'APPROVED', 'CONTRACT_SIGNED', 'DISBURSED', 'REJECTED', 'ABANDONED',
  'EXPIRED', 'WITHDRAWN'] as const
export type LeadStatus = typeof LEAD_STATUSES[number]

const stopped: readonly LeadStatus[] = ['ABANDONED', 'EXPIRED', 'WITHDRAWN']

export const MACHINES = {
  /** S2 (十五), contract §5: steps may be skipped forward; approval and rejection need contact, disbursement needs approval. */
  lead: {
    PUSHED: ['CONTACTED', 'PLAN_SUBMITTED', 'CONTRACT_SIGNED', ...stopped],
    CONTACTED: ['PLAN_SUBMITTED', 'APPROVED', 'CONTRACT_SIGNED', 'REJECTED', ...stopped],
    PLAN_SUBMITTED: ['APPROVED', 'CONTRACT_SIGNED', 'REJECTED', ...stopped],
    APPROVED: ['CONTRACT_SIGNED', 'DISBURSED', ...stopped],
    CONTRACT_SIGNED: ['DISBURSED', ...stopped],
    DISBURSED: ['DISBURSED', 'WITHDRAWN'],
    REJECTED: [],
    ABANDONED: [],
    EXPIRED: [],
    WITHDRAWN: []
  } satisfies Moves<LeadStatus>,
  /** Nothing returns to ACTIVE; a new authorization is issued instead. */
  authorization: { PENDING: ['ACTIVE', 'WITHDRAWN', 'EXPIRED'], ACTIVE: ['EXPIRED', 'WITHDRAWN',
    'SUPERSEDED'], EXPIRED: [], WITHDRAWN: [], SUPERSEDED: [] },
  need: {
    DRAFT: ['SUBMITTED', 'WITHDRAWN'],
    SUBMITTED: ['REJECTED_BY_CHECK', 'MATCHED', 'WITHDRAWN'],
    MATCHED: ['PUSHED', 'WITHDRAWN', 'CLOSED_UNFUNDED'],
    PUSHED: ['PARTLY_FUNDED', 'FUNDED', 'CLOSED_UNFUNDED', 'WITHDRAWN'],
    PARTLY_FUNDED: ['FUNDED', 'CLOSED_UNFUNDED', 'WITHDRAWN'],
    REJECTED_BY_CHECK: [],
    FUNDED: [],
    CLOSED_UNFUNDED: [],
    WITHDRAWN: []
  },
  /** Immutable once submitted; what was returned comes back as version n + 1. */
  packet: {
    DRAFT: ['SUBMITTED'],
    SUBMITTED: ['IN_AUDIT', 'RETURNED'],
    IN_AUDIT: ['RETURNED', 'AUDITED'],
    RETURNED: ['SUBMITTED'],
    AUDITED: ['APPROVED', 'REJECTED', 'RETURNED'],
    APPROVED: [],
    REJECTED: []
  },
  payment_batch: { OPEN: ['CLOSED'], CLOSED: ['APPROVED'], APPROVED: ['SENT'], SENT: ['DONE'], DONE: [] },
  /** UNKNOWN means ask the bank, never send twice; a payment returned after all is issued again under a new number. */
  payment: {
    GENERATED: ['SENT', 'CANCELLED'],
    SENT: ['PAID', 'RETURNED', 'UNKNOWN'],
    UNKNOWN: ['PAID', 'RETURNED'],
    PAID: ['RETURNED'],
    RETURNED: ['REISSUED', 'CANCELLED'],
    REISSUED: [],
    CANCELLED: []
  },
  voucher: { HELD: ['ACCEPTED', 'REJECTED', 'SUPERSEDED'], ACCEPTED: ['SUPERSEDED', 'HELD'], SUPERSEDED: [], REJECTED: [] },
  /** Expiry blocks new pushes, never existing loans, vouchers or claims. */
  consortium: {
    APPLIED: ['REVIEWED', 'TERMINATED'],
    REVIEWED: ['SELECTED', 'TERMINATED'],
    SELECTED: ['ACTIVE', 'TERMINATED'],
    ACTIVE: ['ADJUSTED', 'EXPIRED', 'TERMINATED'],
    ADJUSTED: ['ACTIVE', 'EXPIRED', 'TERMINATED'],
    EXPIRED: [],
    TERMINATED: []
  },
  list: { RECEIVED: ['READING', 'REFUSED'], READING: ['DECIDED', 'REFUSED'], DECIDED: [], REFUSED: [] },
  library_entry: { APPLIED: ['DISTRICT_PASSED', 'REJECTED'], DISTRICT_PASSED: ['LISTED',
    'REJECTED'], LISTED: ['REMOVED'], REJECTED: [], REMOVED: [] },
  policy_version: { PROPOSED: ['CONFIRMED', 'REJECTED'], CONFIRMED: [], REJECTED: [] },
  budget: { OPEN: ['CLOSED'], CLOSED: [] },
  hold: { OPEN: ['RELEASED'], RELEASED: [] },
  clawback: { OPEN: ['SETTLED', 'CANCELLED'], SETTLED: [], CANCELLED: [] },
  claim: {
    FILED: ['PREPAID_PENDING_REVIEW', 'ACCEPTED', 'DECLINED', 'RETURNED'],
    RETURNED: ['FILED'],
    PREPAID_PENDING_REVIEW: ['ACCEPTED', 'DECLINED'],
    ACCEPTED: ['PAID'],
    PAID: ['RECOVERING', 'SETTLED'],
    RECOVERING: ['SETTLED'],
    DECLINED: [],
    SETTLED: []
  },
  /** Back only through growth of the denominator or settled recoveries. */
  breaker: { NORMAL: ['WARNING', 'TRIPPED'], WARNING: ['NORMAL', 'TRIPPED'], TRIPPED: ['WARNING', 'NORMAL'] },
  endpoint: { ACTIVE: ['PAUSED', 'DISABLED', 'DELETED'], PAUSED: ['ACTIVE', 'DELETED'], DISABLED: ['ACTIVE', 'DELETED'], DELETED: [] }
} as const

export type MachineName = keyof typeof MACHINES
export type StateOf<M extends MachineName> = keyof typeof MACHINES[M] & string

/** States that may follow; an unknown state throws RangeError: it is a bug, not a refusal. */
export function allowed<M extends MachineName> (machine: M, from: StateOf<M>): readonly StateOf<M>[] {
  const table: Readonly<Record<string, readonly string[] | undefined>> = MACHINES[machine]
  const next = table[from]
  if (next === undefined) throw new RangeError(`${machine} has no state ${from}`)
  return next as readonly StateOf<M>[]
}

export function canMove<M extends MachineName> (machine: M, from: StateOf<M>, to: StateOf<M>): boolean {
  return allowed(machine, from).includes(to)
}

/** Whether nothing follows. */
export function isEnd<M extends MachineName> (machine: M, state: StateOf<M>): boolean {
  return allowed(machine, state).length === 0
}

export const LEAD_EVENTS = ['ACKNOWLEDGED', 'CONTACTED', 'DUE_DILIGENCE', 'PLAN_SUBMITTED', 'APPROVED', 'REJECTED', 'CONTRACT_SIGNED',
  'DISBURSED', 'PAUSED', 'RESUMED', 'ABANDONED_BY_ENTERPRISE'] as const
export type LeadEvent = typeof LEAD_EVENTS[number]

/** Events that leave the status where it is. */
const RESTING: ReadonlySet<LeadEvent> = new Set<LeadEvent>(['ACKNOWLEDGED', 'DUE_DILIGENCE', 'PAUSED', 'RESUMED'])
/** Events another event waits for; skipped ones may be reported later and then do not move the status back. */
const NEEDED: Readonly<Partial<Record<LeadEvent, LeadEvent>>> = { APPROVED: 'CONTACTED', REJECTED: 'CONTACTED', DISBURSED: 'APPROVED' }
const STATUS_OF: Readonly<Record<LeadEvent, LeadStatus | null>> = {
  ACKNOWLEDGED: null, DUE_DILIGENCE: null, PAUSED: null, RESUMED: null,
  CONTACTED: 'CONTACTED', PLAN_SUBMITTED: 'PLAN_SUBMITTED', APPROVED: 'APPROVED', REJECTED: 'REJECTED',
  CONTRACT_SIGNED: 'CONTRACT_SIGNED', DISBURSED: 'DISBURSED', ABANDONED_BY_ENTERPRISE: 'ABANDONED'
}
const STEPS: readonly LeadStatus[] = ['PUSHED', 'CONTACTED', 'PLAN_SUBMITTED', 'APPROVED', 'CONTRACT_SIGNED', 'DISBURSED']

/** Steps that another one waits for: when they were skipped they may still be reported, and move nothing back. */
const LATE: readonly LeadEvent[] = Object.values(NEEDED).filter((event, index, all) => all.indexOf(event) === index)

/** The life of a lead as a table, as the contract publishes it: states with those that may follow, events with the state they lead to and what they wait for. */
export const LEAD_LIFE = {
  first: 'PUSHED',
  states: MACHINES.lead,
  events: Object.fromEntries(LEAD_EVENTS.map(event => [event, { to: STATUS_OF[event], needs: NEEDED[event] ?? null }])),
  steps: STEPS,
  taken_late: LATE
}

/**
 * Status of a lead after an event, or null when the event is out of place (409 state_conflict).
 *
 * @param happened types of the events the lead already has
 * Source: contract §5; S2 (十五).
 */
export function leadStatusAfter (status: LeadStatus, happened: readonly LeadEvent[], event: LeadEvent): LeadStatus | null {
  if (isEnd('lead', status)) return null
  if (RESTING.has(event)) return status
  const needed = NEEDED[event]
  if (needed !== undefined && !happened.includes(needed)) return null
  const target = STATUS_OF[event]
  if (target === null) return null
  if (canMove('lead', status, target)) return target
  const isLateStep = LATE.includes(event) && !happened.includes(event) && STEPS.indexOf(target) < STEPS.indexOf(status)
  return isLateStep ? status : null
}

/** Events that are in place now: what a 409 names as `allowed`. */
export function allowedLeadEvents (status: LeadStatus, happened: readonly LeadEvent[]): LeadEvent[] {
  return LEAD_EVENTS.filter((event) => leadStatusAfter(status, happened, event) !== null)
}
