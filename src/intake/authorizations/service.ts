/** Giving, finding and withdrawing mandates. */
import { newNo } from '../../clock.ts'
import { digestOf } from '../../db/canonical.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import type { PageRequest } from '../../http/paging.ts'
import { append, type NewEvent } from '../../journal/events.ts'
import { beijingDate, instantMs, instantOf } from '../../policy/calendar.ts'
import { allowed } from '../../policy/lifecycle.ts'
import { addDays } from '../../policy/period.ts'
import { notFound, Problem, stateConflict } from '../../problem.ts'
import { findParticipant } from '../../registry/participants/store.ts'
import { enterpriseParticipants, enterprisesFrom } from '../enterprises/store.ts'
import { withdrawNeedsUnder } from '../financing-needs/store.ts'
import type { Disclosure, IntakeHooks } from '../hooks.ts'
import { mistake, refuseIfAny, usccMistakes, type Mistake } from '../mistakes.ts'
import type { AuthorizationQuery, InlineAuthorization, NewAuthorization } from './schema.ts'
import { RECIPIENT_CLASSES, type AuthorizationStatus, type RecipientClass, type Scope } from './kinds.ts'
import { authorizationsByNo, authorizationsOf, collectedFrom, documentedOf, findAuthorization, insertAuthorizations, listAuthorizations, supersedeAuthorizations, withdrawAuthorization, type Authorization } from './store.ts'

/** Recipients delete within thirty days of a request. Source: GB/T 35273-2020 8.7. */
const deletion_days = 30

/** State on a day: what stands in the row, EXPIRED from `valid_to` on and PENDING before `valid_from`. */
export function statusOn (authorization: Pick<Authorization, 'status' | 'valid_from' | 'valid_to'>, day: string): AuthorizationStatus {
  if (authorization.status !== 'ACTIVE') return authorization.status
  if (day >= authorization.valid_to) return 'EXPIRED'
  return day < authorization.valid_from ? 'PENDING' : 'ACTIVE'
}

export interface Wanted {
  day: string
  /** class of the recipient; left out: any */
  recipient_class?: RecipientClass
  /** the recipient by number, where an authorization names it */
  recipient_no?: string
  scopes: readonly Scope[]
}

/** What decides whether an authorization covers something. */
type Terms = Pick<Authorization, 'status' | 'valid_from' | 'valid_to' | 'recipients' | 'scopes'>

export type Coverage<One = Authorization> = { found: One } | { found: null, reason: 'MISSING' | 'NOT_ACTIVE' | 'SCOPE_INSUFFICIENT' }

function covers (authorization: Terms, { recipient_class, recipient_no, scopes }: Wanted): boolean {
  const { recipients } = authorization
  const reaches = recipient_class === undefined && recipient_no === undefined
    ? true
    : (recipient_class !== undefined && recipients.includes(recipient_class)) || (recipient_no !== undefined && recipients.includes(recipient_no))
  return reaches && scopes.every(scope => authorization.scopes.includes(scope))
}

/** The first of some authorizations that covers what is wanted, or why none does. */
export function coveringOf<One extends Terms> (candidates: readonly One[], wanted: Wanted): Coverage<One> {
  if (candidates.length === 0) return { found: null, reason: 'MISSING' }
  const active = candidates.filter(one => statusOn(one, wanted.day) === 'ACTIVE')
  const found = active.find(one => covers(one, wanted))
  if (found !== undefined) return { found }
  return { found: null, reason: active.length === 0 ? 'NOT_ACTIVE' : 'SCOPE_INSUFFICIENT' }
}

/**
 * A live authorization of an enterprise for a class of recipients and some scopes. Asked at every push and every pull.
 *
 * @param wanted.authorization_no only this one counts
 */
export async function findCovering (sql: ReadSql, wanted: Wanted & { uscc: string, authorization_no?: string }): Promise<Coverage> {
  if (wanted.authorization_no === undefined) return coveringOf(await authorizationsOf(sql, [wanted.uscc]), wanted)
  const named = (await authorizationsByNo(sql, [wanted.authorization_no])).get(wanted.authorization_no)
  return coveringOf(named === undefined || named.grantor_uscc !== wanted.uscc ? [] : [named], wanted)
}

/** Enterprises of which a park holds a live authorization today. */
export async function liveUnder (sql: ReadSql, collector_no: string, usccs: readonly string[], wanted: Wanted): Promise<Map<string, Authorization>> {
  return firstCovering(await collectedFrom(sql, collector_no, usccs), wanted)
}

/** By enterprise the authorization on which the rows of a park may stand where the terms ask for a document of each. */
export async function documentsOf (sql: ReadSql, park_no: string, usccs: readonly string[], day: string): Promise<Map<string, Authorization>> {
  return firstCovering(await documentedOf(sql, park_no, usccs), { day, scopes: ['FINANCING_NEED'] })
}

/** By enterprise the first of some authorizations that covers what is wanted. */
function firstCovering (candidates: readonly Authorization[], wanted: Wanted): Map<string, Authorization> {
  const live = new Map<string, Authorization>()
  for (const one of candidates) {
    if (!live.has(one.grantor_uscc) && coveringOf([one], wanted).found !== null) live.set(one.grantor_uscc, one)
  }
  return live
}

export type Grant = InlineAuthorization & { valid_from: string, method: Authorization['method'] }

/** What was sent with its defaults: from today on, confirmed online by the enterprise or on paper collected by a park. */
export function completed (now: string, sent: InlineAuthorization, collector_no: string | null): Grant {
  const { valid_from = beijingDate(now), method = collector_no === null ? 'PORTAL_CONFIRM' : 'SEAL_SCAN' } = sent
  return { ...sent, valid_from, method }
}

/** Every mistake of an authorization's content. */
export async function grantMistakes (sql: ReadSql, sent: Grant, pointer: string, collector_no: string | null): Promise<Mistake[]> {
  const mistakes: Mistake[] = []
  if (sent.collected_by_park !== undefined && sent.collected_by_park !== collector_no) {
    mistakes.push(mistake('rule_broken', `${pointer}/collected_by_park`, 'NOT_THE_COLLECTOR', 'Only the park that hands it in has collected it; name yourself or leave it out',
      '代收园区即报送方本身，请填写本园区编号或不填'))
  }
  if (sent.grantee !== undefined && (await findParticipant(sql, sent.grantee))?.role === 'PARK') {
    mistakes.push(mistake('rule_broken', `${pointer}/grantee`, 'GRANTEE_IS_COLLECTOR', 'A park collects authorizations and is no grantee; name the operator of the platform',
      '园区仅代收授权，不是被授权人；请填写平台运营方'))
  }
  if (sent.valid_to <= sent.valid_from) {
    mistakes.push(mistake('period_reversed', `${pointer}/valid_to`, 'PERIOD_REVERSED', 'valid_to has to lie after valid_from', '授权截止日须晚于起始日'))
  }
  if (sent.covers_history_from !== undefined && sent.covers_history_from > sent.valid_from) {
    mistakes.push(mistake('period_reversed', `${pointer}/covers_history_from`, 'PERIOD_REVERSED', 'covers_history_from lies after valid_from', '历史数据起始日晚于授权起始日'))
  }
  for (const [index, recipient] of sent.recipients.entries()) {
    if ((RECIPIENT_CLASSES as readonly string[]).includes(recipient)) continue
    if (await findParticipant(sql, recipient) !== undefined) continue
    mistakes.push(mistake('rule_broken', `${pointer}/recipients/${index}`, 'RECIPIENT_UNKNOWN', `Neither a class nor a participant; classes: ${RECIPIENT_CLASSES.join(', ')}`,
      `既非接收方类别也非参与方编号；类别：${RECIPIENT_CLASSES.join('、')}`))
  }
  return mistakes
}

export function authorizationFrom (now: string, sent: Grant, grantor: { uscc: string, name: string }, collector_no: string | null): Authorization {
  return {
    authorization_no: newNo('auth'),
    grantor_uscc: grantor.uscc,
    grantor_name: grantor.name,
    signer_name: sent.signer_name ?? null,
    signer_role: sent.signer_role ?? null,
    collector_no,
    recipients: [...sent.recipients],
    scopes: [...sent.scopes],
    purposes: [...sent.purposes],
    covers_history_from: sent.covers_history_from ?? null,
    valid_from: sent.valid_from,
    valid_to: sent.valid_to,
    method: sent.method,
    evidence_digest: sent.evidence_digest ?? null,
    document_no: sent.document_no ?? null,
    template_version: sent.template_version ?? null,
    grantee: sent.grantee ?? null,
    agent_proof_digest: sent.agent_proof_digest ?? null,
    evidence_ref: sent.evidence_ref ?? null,
    collected_at: sent.collected_at === undefined ? null : instantOf(instantMs(sent.collected_at)),
    personal_info_consents: sent.personal_info_consents ?? null,
    status: 'ACTIVE',
    withdrawn_at: null,
    withdrawal_reason: null,
    list_no: null,
    version: 1,
    created_at: now,
    updated_at: now
  }
}

/** Fact that authorizations were given: one event each, for grantor and collector. */
export function activated (rows: readonly Authorization[], actor: NewEvent['actor'], enterprises: ReadonlyMap<string, string>): NewEvent[] {
  return rows.map(row => ({
    type: 'authorization.activated',
    subject: row.authorization_no,
    actor,
    audience: [row.collector_no, enterprises.get(row.grantor_uscc)].filter(one => typeof one === 'string'),
    authorization_no: row.authorization_no,
    data: { method: row.method, valid_to: row.valid_to, list_no: row.list_no }
  }))
}

/** Keeps authorizations and says so. */
export async function keepAuthorizations (sql: WriteSql, now: string, rows: readonly Authorization[], actor: NewEvent['actor']): Promise<void> {
  await insertAuthorizations(sql, rows)
  await append(sql, now, ...activated(rows, actor, await enterpriseParticipants(sql, rows.map(({ grantor_uscc }) => grantor_uscc))))
}

/** Name of the enterprise as the caller knows it: its own, or what this park sent before. */
async function knownName (sql: ReadSql, principal: Principal, uscc: string): Promise<string> {
  if (principal.role === 'ENTERPRISE') return principal.name
  const name = (await enterprisesFrom(sql, principal.participant_no, [uscc])).get(uscc)?.name
  if (name !== undefined) return name
  throw new Problem('invalid_request', { errors: [{ pointer: '/grantor_name', code: 'MISSING_FIELD', message: 'This field is needed', message_zh: '缺少必填字段' }] })
}

/** An enterprise authorises, or a park hands in what it collected. */
export async function giveAuthorization (
  sql: WriteSql, now: string, principal: Principal, sent: NewAuthorization, hooks: Pick<IntakeHooks, 'onAuthorized' | 'onEvidence'>
): Promise<Authorization> {
  if (principal.role === 'ENTERPRISE' && sent.grantor_uscc !== principal.uscc) {
    throw new Problem('role_not_allowed', { detail: 'An enterprise authorises for itself only', detail_zh: '企业只能为本企业授权' })
  }
  const collector_no = principal.role === 'PARK' ? principal.participant_no : null
  const grant = completed(now, sent, collector_no)
  refuseIfAny([...await usccMistakes(sql, sent.grantor_uscc, '/grantor_uscc'), ...await grantMistakes(sql, grant, '', collector_no)])
  const is_declared = collector_no !== null && sent.evidence_digest === undefined && sent.document_no === undefined
  const name = sent.grantor_name ?? await knownName(sql, principal, sent.grantor_uscc)
  const row = authorizationFrom(now, is_declared ? { ...grant, evidence_digest: digestOf(sent) } : grant, { uscc: sent.grantor_uscc, name }, collector_no)
  await keepAuthorizations(sql, now, [row], principal)
  await hooks.onAuthorized(sql, [row.grantor_uscc])
  await hooks.onEvidence(sql, now, row.grantor_uscc)
  return row
}

/** What the caller may read: what it gave, what it collected; MEIC all. */
export async function readAuthorization (sql: ReadSql, principal: Principal, authorization_no: string): Promise<Authorization> {
  const row = await findAuthorization(sql, authorization_no)
  if (row === undefined || !(principal.role === 'MEIC' || isParty(row, principal))) throw notFound()
  return row
}

function isParty (row: Authorization, principal: Principal): boolean {
  return row.collector_no === principal.participant_no || (principal.role === 'ENTERPRISE' && row.grantor_uscc === principal.uscc)
}

export interface Withdrawal { authorization: Authorization, disclosures: Disclosure[], deletion_due_date: string }

/**
 * Ends an authorization: in one unit no push and no pull finds it any more, open needs under it are withdrawn, leads end.
 * A second withdrawal answers the same.
 */
export async function withdraw (
  sql: WriteSql, now: string, principal: Principal, authorization_no: string, reason: string | null, hooks: IntakeHooks
): Promise<Withdrawal> {
  const row = await findAuthorization(sql, authorization_no)
  if (row === undefined || !isParty(row, principal)) throw notFound()
  if (row.status === 'WITHDRAWN') {
    return { authorization: row, disclosures: await hooks.disclosuresOf(sql, authorization_no), deletion_due_date: deletionDue(row.withdrawn_at ?? now) }
  }
  const status = statusOn(row, beijingDate(now))
  if (!allowed('authorization', status).includes('WITHDRAWN')) throw stateConflict(status, [])
  const { authorization, disclosures } = await endMandate(sql, now, principal, row, reason, hooks)
  return { authorization, disclosures, deletion_due_date: deletionDue(now) }
}

/** What follows from a withdrawal, whoever made it. */
async function endMandate (
  sql: WriteSql, now: string, actor: NewEvent['actor'], row: Authorization, reason: string | null, hooks: Pick<IntakeHooks, 'onWithdraw'>
): Promise<Pick<Withdrawal, 'authorization' | 'disclosures'>> {
  const { authorization_no } = row
  const authorization = await withdrawAuthorization(sql, now, authorization_no, reason)
  if (authorization === undefined) throw stateConflict(row.status, [])
  const needs = await withdrawNeedsUnder(sql, now, authorization_no)
  const disclosures = await hooks.onWithdraw(sql, now, authorization)
  const grantor = (await enterpriseParticipants(sql, [row.grantor_uscc])).get(row.grantor_uscc)
  const audience = [row.collector_no, grantor].filter(one => typeof one === 'string')
  await append(sql, now,
    { type: 'authorization.withdrawn', subject: authorization_no, actor, audience, authorization_no, data: { needs: needs.length, disclosures: disclosures.length } },
    ...needs.map((need): NewEvent => ({
      type: 'financing_need.withdrawn', subject: need.need_no, actor, audience: [...new Set([...need.senders, ...audience])], authorization_no,
      data: { because: 'authorization.withdrawn' }
    })))
  return { authorization, disclosures }
}

/** Authorizations whose place later ones take, with an event each for collector and grantor. */
export async function supersede (sql: WriteSql, now: string, actor: NewEvent['actor'], authorization_nos: readonly string[]): Promise<void> {
  const rows = await supersedeAuthorizations(sql, now, authorization_nos)
  const enterprises = await enterpriseParticipants(sql, rows.map(({ grantor_uscc }) => grantor_uscc))
  await append(sql, now, ...rows.map((row): NewEvent => ({
    type: 'authorization.superseded', subject: row.authorization_no, actor, authorization_no: row.authorization_no,
    audience: [row.collector_no, enterprises.get(row.grantor_uscc)].filter(one => typeof one === 'string'), data: { list_no: row.list_no }
  })))
}

/** A park takes back what it collected from an enterprise. @returns false for what the enterprise gave itself, or what has ended */
export async function takeBack (sql: WriteSql, now: string, actor: NewEvent['actor'], authorization_no: string, reason: string, hooks: Pick<IntakeHooks, 'onWithdraw'>): Promise<boolean> {
  const row = await findAuthorization(sql, authorization_no)
  if (row?.status !== 'ACTIVE' || row.collector_no !== actor.participant_no) return false
  await endMandate(sql, now, actor, row, reason, hooks)
  return true
}

/** Until when recipients delete what they were told under an authorization that has ended. */
export function deletionDue (withdrawn_at: string): string {
  return addDays(beijingDate(withdrawn_at), deletion_days)
}

/** A page of what the caller may read; the state is judged for the day. */
export async function listFor (sql: ReadSql, principal: Principal, query: AuthorizationQuery, day: string, page: PageRequest): Promise<Authorization[]> {
  const { status, grantor_uscc, updated_since } = query
  return listAuthorizations(sql, {
    visible_to: principal.role === 'MEIC' ? null : { participant_no: principal.participant_no, uscc: principal.role === 'ENTERPRISE' ? principal.uscc : null },
    grantor_uscc,
    updated_since: updated_since === undefined ? undefined : instantOf(instantMs(updated_since)),
    ...(status === undefined ? {} : status === 'EXPIRED' ? { status: ['ACTIVE'], ends: { after: false, day } }
      : status === 'ACTIVE' ? { status: ['ACTIVE'], ends: { after: true, day } } : { status: [status] }),
    after: page.after,
    limit: page.limit + 1
  })
}
