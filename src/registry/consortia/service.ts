/** Consortia of a park, banks and government guarantors: applied for, reviewed, activated by a second person, changed, ended. */
import { newNo } from '../../clock.ts'
import { digestOf } from '../../db/canonical.ts'
import type { Db, ReadSql, WriteSql } from '../../db/db.ts'
import { anotherPerson, personOf, type Principal } from '../../http/access.ts'
import type { FactOf } from '../../journal/event-types.ts'
import { append, the_hub, type Actor } from '../../journal/events.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { allowed, canMove } from '../../policy/lifecycle.ts'
import { addDays, addMonths } from '../../policy/period.ts'
import { countOf, nearestTerms } from '../../policy/terms.ts'
import { notFound, Problem, stateConflict, type ProblemItem } from '../../problem.ts'
import { activeOfRole } from '../participants/store.ts'
import { policiesIn } from '../policies/service.ts'
import { checkMembers, checkBankLimit, type Membership } from './membership.ts'
import {
  advanceConsortium, consortiaOverOn, consortiaToAnnounce, findConsortium, findSameApplication, insertConsortium, joinMember, keepAnnounced, leaveMember, membersOf, newConsortium, removeMember,
  type Consortium, type ConsortiumApplication, type ConsortiumMember
} from './store.ts'
import type { ConsortiumStatus, ReviewOutcome } from './statuses.ts'

const in_force: readonly ConsortiumStatus[] = ['ACTIVE', 'ADJUSTED']

export interface Application {
  park?: string
  banks: readonly string[]
  guarantors: readonly string[]
  agreement_date?: string
  valid_from?: string
  valid_to?: string
  application?: ConsortiumApplication
  override_reason?: string
}

export interface Change {
  banks?: readonly string[]
  guarantors?: readonly string[]
  agreement_date?: string
  valid_to?: string
  override_reason?: string
}

export interface Seen { row: Consortium, members: ConsortiumMember[] }

/** Takes an application. Errors: see `checkMembers`, `checkBankLimit`; period_reversed, applicant_not_member, person_required. */
export async function applyFor (sql: WriteSql, now: string, principal: Principal, application: Application): Promise<Seen & { is_new: boolean }> {
  if (principal.role === 'MEIC' || principal.role === 'PLATFORM_OPERATOR') personOf(principal)
  const { park = null, banks, guarantors } = application
  const is_named = [park, ...banks, ...guarantors].includes(principal.participant_no)
  if (['PARK', 'BANK', 'GUARANTOR'].includes(principal.role) && !is_named) throw new Problem('applicant_not_member')
  const today = beijingDate(now)
  const terms = nearestTerms(await policiesIn(sql), 'PARK_TECH_GUARANTEE', today)
  const valid_from = application.valid_from ?? today
  const valid_to = application.valid_to ?? addMonths(valid_from, 12 * countOf(terms, 'cooperation_years'))
  checkPeriod(valid_from, valid_to)
  const content_digest = digestOf(application)
  const same = await findSameApplication(sql, park, [content_digest, wholeDigest({ park, banks, guarantors },
    { agreement_date: application.agreement_date ?? null, valid_from, valid_to, application: application.application ?? {} })])
  if (same !== undefined) return agree(sql, now, principal, same, is_named)
  const membership: Membership = { park, banks, guarantors }
  await checkMembers(sql, membership)
  const consortium_no = newNo('consortium')
  const overridden = await checkBankLimit(sql, membership, { consortium_no, day: today, max: countOf(terms, 'consortium_banks_max'), override: overrideOf(principal, application.override_reason) })
  const row = newConsortium({
    consortium_no, park_no: park, status: 'APPLIED', agreement_date: application.agreement_date ?? null, valid_from, valid_to, application: application.application ?? {},
    content_digest, agreed: is_named ? [principal.participant_no] : [], ...overridden, created_by: principal.user_no ?? principal.participant_no, created_at: now
  })
  const member = (kind: ConsortiumMember['kind']) => (participant_no: string): ConsortiumMember => ({ consortium_no, participant_no, kind, joined_on: valid_from, left_on: null })
  const members = [...banks.map(member('BANK')), ...guarantors.map(member('GUARANTOR'))].sort((a, b) => a.participant_no < b.participant_no ? -1 : 1)
  await insertConsortium(sql, row, members)
  await tell(sql, now, 'applied', row, members, principal, {})
  return { row, members, is_new: true }
}

/** Digest of an application with all that follows from what was sent: how one that was changed is sent again. */
function wholeDigest ({ park, banks, guarantors }: Membership, terms: Pick<Consortium, 'agreement_date' | 'valid_from' | 'valid_to' | 'application'>): string {
  const { agreement_date, valid_from, valid_to, application } = terms
  return digestOf({ park, banks: banks.toSorted(), guarantors: guarantors.toSorted(), agreement_date, valid_from, valid_to, application: { ...application } })
}

/** Another one named in an application sends it in its own name: they apply together. */
async function agree (sql: WriteSql, now: string, principal: Principal, row: Consortium, is_named: boolean): Promise<Seen & { is_new: boolean }> {
  const members = await membersOf(sql, row.consortium_no)
  if (!is_named || row.agreed.includes(principal.participant_no)) return { row, members, is_new: false }
  const after = await advanceConsortium(sql, row, [row.status], { agreed: [...row.agreed, principal.participant_no] }, now)
  if (after === undefined) throw stateConflict(row.status, [])
  await tell(sql, now, 'agreed', after, members, principal, { participant_no: principal.participant_no })
  return { row: after, members, is_new: false }
}

/** Records what the review came to. Errors: not_found, state_conflict. */
export async function review (sql: WriteSql, now: string, principal: Principal, consortium_no: string, outcome: ReviewOutcome, reason: string): Promise<Seen> {
  const { row, members } = await seen(sql, consortium_no)
  const target: ConsortiumStatus = outcome === 'REJECTED' ? 'TERMINATED' : outcome
  const open = row.status === 'APPLIED' || row.status === 'REVIEWED'
  // Selection passes through the review: APPLIED → REVIEWED → SELECTED in one step.
  if (!open || (row.status === 'REVIEWED' && !canMove('consortium', row.status, target))) throw stateConflict(row.status, allowed('consortium', row.status))
  const after = await advanceConsortium(sql, row, ['APPLIED', 'REVIEWED'], {
    status: target, reviewed_by: personOf(principal), review_outcome: outcome, review_reason: reason, reviewed_at: now
  }, now)
  if (after === undefined) throw stateConflict(row.status, [])
  await tell(sql, now, outcome === 'REJECTED' ? 'rejected' : 'reviewed', after, members, principal, { outcome })
  return { row: after, members }
}

/**
 * Puts a selected consortium, or a proposed change, into force and on the published list: by another person than the one who reviewed or
 * proposed it. Institutions that applied without a park pair with nobody.
 *
 * Errors: not_found, state_conflict, own_work, changed_since, consortium_bank_limit and those of `checkMembers` when the facts changed meanwhile.
 */
export async function activate (
  sql: WriteSql, now: string, principal: Principal, consortium_no: string, more: { agreement_date?: string, override_reason?: string, reason?: string, version?: number }
): Promise<Seen> {
  const { row, members } = await seen(sql, consortium_no)
  const change = row.proposed
  if (row.status !== 'SELECTED' && (row.status !== 'ADJUSTED' || change === null)) throw stateConflict(row.status, allowed('consortium', row.status).filter(each => each !== 'ACTIVE'))
  const person = anotherPerson(principal, change?.proposed_by ?? row.reviewed_by ?? row.created_by)
  for (const earlier of change?.also_by ?? []) anotherPerson(principal, earlier)
  if (more.version !== undefined && more.version !== row.version) throw new Problem('changed_since')
  const today = beijingDate(now)
  if (row.valid_to <= today) throw stateConflict('EXPIRED', [])
  const membership: Membership = { park: row.park_no, banks: change?.banks ?? namesOf(members, 'BANK', today), guarantors: change?.guarantors ?? namesOf(members, 'GUARANTOR', today) }
  await checkMembers(sql, membership)
  const overridden = await checkBankLimit(sql, membership, {
    consortium_no, day: today, max: await banksMax(sql, today), override: overrideOf(principal, more.override_reason) ?? keptOverride(row)
  })
  const joined = change === null ? [] : await enter(sql, members, membership, consortium_no, today)
  const after = await advanceConsortium(sql, row, ['SELECTED', 'ADJUSTED'], {
    status: 'ACTIVE', proposed: null, ...overridden,
    agreement_date: more.agreement_date ?? change?.agreement_date ?? row.agreement_date,
    ...(change === null ? { activated_by: person, activated_at: now, activation_reason: more.reason ?? null } : { valid_to: change.valid_to, change_confirmed_by: person })
  }, now)
  if (after === undefined) throw stateConflict(row.status, [])
  const afterwards = await membersOf(sql, consortium_no)
  await tell(sql, now, change === null ? 'activated' : 'adjusted', after, afterwards, principal, { joined, left: [] })
  return { row: after, members: afterwards }
}

/**
 * Changes members or term. Before the review at once. In force: who leaves is out at once; who joins, and a longer term, wait for a second person.
 *
 * Errors: not_found, stale_version, state_conflict, and those of an application.
 */
export async function adjust (sql: WriteSql, now: string, principal: Principal, consortium_no: string, check: (version: number) => void, change: Change): Promise<Seen> {
  const { row, members } = await seen(sql, consortium_no)
  check(row.version)
  if (row.status !== 'APPLIED' && !in_force.includes(row.status)) throw stateConflict(row.status, allowed('consortium', row.status))
  const today = beijingDate(now)
  const membership: Membership = {
    park: row.park_no, banks: change.banks ?? row.proposed?.banks ?? namesOf(members, 'BANK', today), guarantors: change.guarantors ?? row.proposed?.guarantors ?? namesOf(members, 'GUARANTOR', today)
  }
  const valid_to = change.valid_to ?? row.proposed?.valid_to ?? row.valid_to
  const agreement_date = change.agreement_date ?? row.proposed?.agreement_date ?? row.agreement_date
  checkPeriod(row.valid_from, valid_to)
  await checkMembers(sql, membership)
  const overridden = await checkBankLimit(sql, membership, {
    consortium_no, day: today, max: await banksMax(sql, today), override: overrideOf(principal, change.override_reason) ?? keptOverride(row)
  })
  if (row.status === 'APPLIED') return rewrite(sql, now, principal, row, members, membership, { valid_to, agreement_date, ...overridden })

  const wanted = new Set([...membership.banks, ...membership.guarantors])
  const present = presentOn(members, today)
  const leaving = present.filter(member => !wanted.has(member.participant_no)).map(member => member.participant_no)
  for (const participant_no of leaving) await leaveMember(sql, consortium_no, participant_no, today)
  const waits = [...wanted].some(each => !present.some(member => member.participant_no === each)) || valid_to > row.valid_to
  const proposed_by = personOf(principal)
  const goes_on = row.proposed !== null && [change.banks, change.guarantors, change.valid_to].includes(undefined) ? [...row.proposed.also_by, row.proposed.proposed_by] : []
  const proposed = waits ? {
    banks: [...membership.banks], guarantors: [...membership.guarantors], valid_to, agreement_date, proposed_by, also_by: goes_on.filter(person => person !== proposed_by), proposed_at: now
  } : null
  const after = await advanceConsortium(sql, row, in_force, {
    ...overridden, proposed, ...(proposed === null ? {} : { change_proposed_by: proposed.proposed_by, change_confirmed_by: null }), status: waits ? 'ADJUSTED' : 'ACTIVE', ...(waits ? {} : { agreement_date }), ...(valid_to < row.valid_to ? { valid_to } : {})
  }, now)
  if (after === undefined) throw stateConflict(row.status, [])
  const afterwards = await membersOf(sql, consortium_no)
  await tell(sql, now, waits ? 'change_proposed' : 'adjusted', after, afterwards, principal, { joined: [], left: leaving }, leaving)
  return { row: after, members: afterwards }
}

/** Changes an application that nobody has reviewed yet: who had agreed to it is asked anew. */
async function rewrite (
  sql: WriteSql, now: string, principal: Principal, row: Consortium, members: readonly ConsortiumMember[], membership: Membership, changes: Partial<Consortium>
): Promise<Seen> {
  const wanted = new Set([...membership.banks, ...membership.guarantors])
  for (const { participant_no } of members) if (!wanted.has(participant_no)) await removeMember(sql, row.consortium_no, participant_no)
  await enter(sql, members, membership, row.consortium_no, row.valid_from)
  const after = await advanceConsortium(sql, row, ['APPLIED'], { ...changes, agreed: [], content_digest: wholeDigest(membership, { ...row, ...changes }) }, now)
  if (after === undefined) throw stateConflict(row.status, [])
  const afterwards = await membersOf(sql, row.consortium_no)
  await tell(sql, now, 'application_changed', after, afterwards, principal, {})
  return { row: after, members: afterwards }
}

/** Ends a consortium: at once, nothing is pushed any more; loans, vouchers and claims go on. Errors: not_found, state_conflict. */
export async function terminate (sql: WriteSql, now: string, principal: Principal, consortium_no: string, reason: string): Promise<Seen> {
  const { row, members } = await seen(sql, consortium_no)
  if (!canMove('consortium', row.status, 'TERMINATED')) throw stateConflict(row.status, allowed('consortium', row.status))
  const after = await advanceConsortium(sql, row, [row.status], { status: 'TERMINATED', termination_reason: reason, terminated_by: personOf(principal), proposed: null }, now)
  if (after === undefined) throw stateConflict(row.status, [])
  await tell(sql, now, 'terminated', after, members, principal, {})
  return { row: after, members }
}

const expired_per_unit_max = 100

/** Marks consortia whose term is over. Their members got nothing since that day anyhow. */
export async function expireConsortia (db: Db): Promise<number> {
  const day = beijingDate(db.clock.now())
  if ((await consortiaOverOn(db.read, day, 1)).length === 0) return 0
  return db.write(async (sql, now) => {
    const over = await consortiaOverOn(sql, day, expired_per_unit_max)
    for (const row of over) {
      const after = await advanceConsortium(sql, row, in_force, { status: 'EXPIRED', proposed: null }, now)
      if (after !== undefined) await tell(sql, now, 'expired', after, await membersOf(sql, row.consortium_no), the_hub, {})
    }
    return over.length
  })
}

const notice_days = 90

/** Announces the end of a cooperation to its members and MEIC, once for each end. S1 四(二): 合作期暂定3年. */
export async function announceExpiry (db: Db): Promise<number> {
  const day = beijingDate(db.clock.now())
  const until = addDays(day, notice_days)
  if ((await consortiaToAnnounce(db.read, day, until, 1)).length === 0) return 0
  return db.write(async (sql, now) => {
    const ending = await consortiaToAnnounce(sql, day, until, expired_per_unit_max)
    for (const row of ending) {
      await keepAnnounced(sql, row.consortium_no, row.valid_to)
      await tell(sql, now, 'expiring', row, await membersOf(sql, row.consortium_no), the_hub, { valid_to: row.valid_to })
    }
    return ending.length
  })
}

/** Members on a day. */
export function presentOn (members: readonly ConsortiumMember[], day: string): ConsortiumMember[] {
  return members.filter(({ left_on }) => left_on === null || left_on > day)
}

async function seen (sql: ReadSql, consortium_no: string): Promise<Seen> {
  const row = await findConsortium(sql, consortium_no)
  if (row === undefined) throw notFound()
  return { row, members: await membersOf(sql, consortium_no) }
}

function namesOf (members: readonly ConsortiumMember[], kind: ConsortiumMember['kind'], day: string): string[] {
  return presentOn(members, day).filter(member => member.kind === kind).map(({ participant_no }) => participant_no)
}

/** Takes in who is not there yet. @returns who joined */
async function enter (sql: WriteSql, members: readonly ConsortiumMember[], { banks, guarantors }: Membership, consortium_no: string, day: string): Promise<string[]> {
  const present = new Set(presentOn(members, day).map(({ participant_no }) => participant_no))
  const joined: string[] = []
  for (const [kind, names] of [['BANK', banks], ['GUARANTOR', guarantors]] as const) {
    for (const participant_no of names) {
      if (present.has(participant_no)) continue
      await joinMember(sql, { consortium_no, participant_no, kind, joined_on: day, left_on: null })
      joined.push(participant_no)
    }
  }
  return joined
}

async function banksMax (sql: ReadSql, day: string): Promise<number> {
  return countOf(nearestTerms(await policiesIn(sql), 'PARK_TECH_GUARANTEE', day), 'consortium_banks_max')
}

/** A reason for more banks counts only from a person of MEIC; from anybody else the limit stands. */
function overrideOf ({ role, user_no }: Principal, reason: string | undefined): { reason: string, by: string } | null {
  return reason === undefined || role !== 'MEIC' || user_no === null ? null : { reason, by: user_no }
}

function keptOverride ({ override_reason, override_by }: Consortium): { reason: string, by: string } | null {
  return override_reason === null || override_by === null ? null : { reason: override_reason, by: override_by }
}

function checkPeriod (from: string, to: string): void {
  if (from < to) return
  const item: ProblemItem = { pointer: '/valid_to', code: 'PERIOD_REVERSED', message: `valid_to must be after ${from}`, message_zh: `终止日须晚于 ${from}` }
  throw new Problem('period_reversed', { errors: [item] })
}

async function tell (
  sql: WriteSql, now: string, fact: FactOf<'consortium'>, row: Consortium, members: readonly ConsortiumMember[], actor: Actor, data: Record<string, unknown>,
  leaving: readonly string[] = []
): Promise<void> {
  const present = presentOn(members, beijingDate(now)).map(({ participant_no }) => participant_no)
  const meic = await activeOfRole(sql, 'MEIC')
  await append(sql, now, {
    type: `consortium.${fact}`, subject: row.consortium_no, actor, audience: [...row.park_no === null ? [] : [row.park_no], ...present, ...leaving, ...meic.map(({ participant_no }) => participant_no)],
    data: { park_no: row.park_no, status: row.status, ...data }
  })
}
