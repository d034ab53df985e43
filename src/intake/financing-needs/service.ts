/** Taking in needs one by one or in batches, showing and withdrawing them. */
import { setImmediate } from 'node:timers/promises'
import { digestOf } from '../../db/canonical.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { append, type Actor } from '../../journal/events.ts'
import { beijingDate, instantMs, instantOf } from '../../policy/calendar.ts'
import type { Finding } from '../../policy/findings.ts'
import { sumFen, fenOf, yuanOf } from '../../policy/money.ts'
import { notFound, Problem, stateConflict } from '../../problem.ts'
import { authorizationFrom, completed, grantMistakes, keepAuthorizations } from '../authorizations/service.ts'
import { enterpriseParticipants } from '../enterprises/store.ts'
import type { IntakeHooks } from '../hooks.ts'
import { mistake, refuseIfAny, type Mistake } from '../mistakes.ts'
import { placeNeeds } from './placing.ts'
import { prepareNeeds, type Preparation } from './preparing.ts'
import { sameProject } from './same-project.ts'
import type { BatchAnswer, NeedBatch, NeedQuery, NewNeed } from './schema.ts'
import { OPEN_STATUSES } from './kinds.ts'
import { advanceNeed, findBatch, findByReference, findNeed, findView, insertBatch, needsSentBy, restOn, sourcesOf, withdrawSource, type NeedFilter, type NeedView } from './store.ts'

/** What an enterprise may see beside its own door. */
export function ownUscc (principal: Principal): string | null {
  return principal.role === 'ENTERPRISE' ? principal.uscc : null
}

function usccOf (principal: Principal, sent: NewNeed): string {
  if (principal.role === 'ENTERPRISE') {
    if (sent.uscc === undefined || sent.uscc === principal.uscc) return principal.uscc
    throw new Problem('role_not_allowed', { detail: 'An enterprise applies for itself only', detail_zh: '企业只能为本企业提出申请' })
  }
  if (sent.uscc !== undefined) return sent.uscc
  throw new Problem('invalid_request', { errors: [{ pointer: '/uscc', code: 'MISSING_FIELD', message: 'This field is needed', message_zh: '缺少必填字段' }] })
}

/** The need of this door with the same reference, or still open for the same project. */
async function earlierOf (sql: ReadSql, principal: Principal, uscc: string, sent: NewNeed): Promise<{ need_no: string, content_digest: string | null } | undefined> {
  if (sent.reference !== undefined) {
    const found = await findByReference(sql, principal.participant_no, sent.reference)
    if (found !== undefined) return found
  }
  const project = { project_code: sent.project_code ?? null, project_name: sent.project_name ?? null }
  const open = (await needsSentBy(sql, principal.participant_no, [uscc]))
    .find(one => one.source_status === 'OPEN' && (OPEN_STATUSES as readonly string[]).includes(one.status) && sameProject(one, project))
  return open === undefined ? undefined : { need_no: open.need_no, content_digest: open.content_digest }
}

/**
 * One need: a park for an enterprise that authorised it, a partner platform, or an enterprise itself, which may authorise with
 * the same request (S1 四(三)2).
 *
 * Errors: authorization_missing, authorization_not_active, duplicate_key, rules of the content.
 */
export async function submitNeed (
  sql: WriteSql, now: string, principal: Principal, sent: NewNeed, hooks: Pick<IntakeHooks, 'onAuthorized' | 'onEvidence' | 'countedLimits'>
): Promise<{ view: NeedView, created: boolean }> {
  const uscc = usccOf(principal, sent)
  const content_digest = digestOf(sent)
  const earlier = await earlierOf(sql, principal, uscc, sent)
  if (earlier !== undefined) {
    if (earlier.content_digest === content_digest) return { view: await viewOf(sql, principal, earlier.need_no), created: false }
    throw new Problem('duplicate_key', {
      detail: `You have sent this need before: ${earlier.need_no}. Withdraw it first, or give the other project its own code.`,
      detail_zh: `已报送过该需求：${earlier.need_no}。请先撤回，或为另一项目填写各自的项目代码。`
    })
  }
  const { authorization, ...rest } = sent
  if (authorization !== undefined) {
    if (principal.role !== 'ENTERPRISE') {
      throw new Problem('role_not_allowed', { detail: 'Only an enterprise authorises with its own need', detail_zh: '仅企业本身可随需求一并授权' })
    }
    const grant = completed(now, authorization, null)
    refuseIfAny([
      ...await grantMistakes(sql, grant, '/authorization', null),
      ...(authorization.scopes.includes('FINANCING_NEED') ? [] : [mistake('rule_broken', '/authorization/scopes', 'SCOPE_INSUFFICIENT',
        'Without the scope FINANCING_NEED nothing is pushed', '授权范围须包含 FINANCING_NEED，否则不会推送')]),
      ...(sent.authorization_no === undefined ? [] : [mistake('rule_broken', '/authorization_no', 'NOT_BOTH', 'Send either authorization or authorization_no',
        'authorization 与 authorization_no 请只用其一')])
    ])
    const given = authorizationFrom(now, grant, { uscc, name: sent.name ?? principal.name }, null)
    await keepAuthorizations(sql, now, [given], principal)
    await hooks.onAuthorized(sql, [uscc])
    await hooks.onEvidence(sql, now, uscc)
    rest.authorization_no = given.authorization_no
  }
  const [prepared] = await prepareNeeds(sql, now, principal, [{ ...rest, uscc, content_digest }], hooks)
  if (prepared === undefined) throw new Error('a need was not prepared')
  if (prepared.placing === null) {
    refuseIfAny(prepared.mistakes)
    throw new Error('a need was refused without a mistake')
  }
  const [placed] = await placeNeeds(sql, now, [prepared.placing], principal)
  if (placed === undefined || placed.kind === 'DUPLICATE') throw new Error('a need met itself')
  return { view: await viewOf(sql, principal, placed.need_no), created: true }
}

const needs_per_slice = 64

/** Many needs, each decided for itself; a batch repeated under its number answers the first result. */
export async function submitBatch (
  sql: WriteSql, now: string, principal: Principal, sent: NeedBatch, hooks: Pick<IntakeHooks, 'countedLimits'>
): Promise<{ answer: BatchAnswer, created: boolean }> {
  const content_digest = digestOf(sent)
  const first = sent.batch_no === undefined ? undefined : await findBatch(sql, principal.participant_no, sent.batch_no)
  if (first !== undefined) {
    if (first.content_digest !== content_digest) throw new Problem('duplicate_key')
    return { answer: first.answer as BatchAnswer, created: false }
  }
  refuseIfAny(repeatedReferences(sent))
  const results: BatchAnswer['results'] = []
  let amount_fen = 0
  for (let from = 0; from < sent.needs.length; from += needs_per_slice) {
    const slice = sent.needs.slice(from, from + needs_per_slice)
    const known = await knownReferences(sql, principal, slice)
    const prepared = await prepareNeeds(sql, now, principal, slice.map(need => ({ ...need, content_digest: digestOf(need) })), hooks)
    const good = prepared.flatMap((one, index) => one.placing === null || known.has(index) ? [] : [{ index, placing: one.placing }])
    const placed = new Map((await placeNeeds(sql, now, good.map(({ placing }) => placing), principal)).map((one, place) => [good[place]?.index, one]))
    for (const [index, one] of prepared.entries()) {
      const before = known.get(index)
      const where = placed.get(index)
      const need_no = before?.need_no ?? (where === undefined || where.kind === 'DUPLICATE' ? null : where.need_no)
      const findings = need_no !== null ? [...one.placing?.remarks ?? []] : findingsOf(one, where?.need_no ?? null)
      if (before?.same === false) findings.push(duplicateFinding(before.need_no))
      const accepted = need_no !== null && before?.same !== false
      if (accepted) amount_fen = sumFen([amount_fen, fenOf(slice[index]?.amount ?? '0.00')])
      results.push({ index: from + index, outcome: accepted ? 'ACCEPTED' : 'REJECTED', need_no: accepted ? need_no : null, findings })
    }
    await setImmediate()
  }
  const accepted = results.filter(({ outcome }) => outcome === 'ACCEPTED').length
  const answer: BatchAnswer = {
    batch_no: sent.batch_no ?? null, counts: { ACCEPTED: accepted, REJECTED: results.length - accepted }, amount_accepted: yuanOf(amount_fen), results
  }
  if (sent.batch_no !== undefined) {
    await insertBatch(sql, { participant_no: principal.participant_no, batch_no: sent.batch_no, content_digest, answer, created_at: now })
  }
  return { answer, created: true }
}

function repeatedReferences (sent: NeedBatch): Mistake[] {
  const seen = new Set<string>()
  const mistakes: Mistake[] = []
  for (const [index, { reference }] of sent.needs.entries()) {
    if (reference === undefined) continue
    if (seen.has(reference)) mistakes.push(mistake('rule_broken', `/needs/${index}/reference`, 'REFERENCE_REPEATED', 'The reference stands twice in the batch', '该编号在本批次中重复'))
    seen.add(reference)
  }
  return mistakes
}

/** Items whose reference this door has used before: the same content is accepted again, other content is a duplicate. */
async function knownReferences (sql: ReadSql, principal: Principal, slice: NeedBatch['needs']): Promise<Map<number, { need_no: string, same: boolean }>> {
  const known = new Map<number, { need_no: string, same: boolean }>()
  for (const [index, need] of slice.entries()) {
    if (need.reference === undefined) continue
    const found = await findByReference(sql, principal.participant_no, need.reference)
    if (found !== undefined) known.set(index, { need_no: found.need_no, same: found.content_digest === digestOf(need) })
  }
  return known
}

function duplicateFinding (need_no: string): Finding {
  return {
    code: 'DUPLICATE', rule_id: null, message: `The same need of this enterprise is already there: ${need_no}. Withdraw it first, or give the other project its own code.`,
    message_zh: `该企业的同一融资需求已存在：${need_no}。请先撤回，或为另一项目填写各自的项目代码。`
  }
}

function findingsOf (prepared: Preparation, duplicate_of: string | null): Finding[] {
  if (duplicate_of !== null) return [duplicateFinding(duplicate_of)]
  return prepared.mistakes.map(({ code, message, message_zh }) => ({ code, rule_id: null, message, message_zh }))
}

async function viewOf (sql: ReadSql, principal: Principal, need_no: string): Promise<NeedView> {
  const view = await findView(sql, need_no, principal.participant_no, ownUscc(principal))
  if (view === undefined) throw notFound()
  return view
}

/** A need for its sender or its enterprise. */
export const readNeed = viewOf

/** Screening as the caller may do it. */
export function filterFrom (principal: Principal, query: NeedQuery, now: string): NeedFilter {
  const { region_code, district, purpose_code, tag, fast_track, project_code, project_stage, cluster, uscc, status } = query
  return {
    participant_no: principal.participant_no,
    uscc: ownUscc(principal),
    region_code: region_code ?? district, purpose_code, tag, fast_track, project_code, project_stage, cluster, status,
    collects: principal.role === 'PARK',
    day: beijingDate(now),
    of_uscc: uscc,
    amount_min_fen: query.amount_min === undefined ? undefined : fenOf(query.amount_min),
    amount_max_fen: query.amount_max === undefined ? undefined : fenOf(query.amount_max),
    updated_since: query.updated_since === undefined ? undefined : instantOf(instantMs(query.updated_since))
  }
}

/**
 * Withdraws a need. The enterprise ends it for everybody; one of several doors only its own part.
 *
 * Errors: state_conflict when it was funded or closed.
 */
export async function withdrawNeed (sql: WriteSql, now: string, principal: Principal, need_no: string, reason: string | null, hooks: IntakeHooks): Promise<NeedView> {
  const view = await viewOf(sql, principal, need_no)
  if (view.status === 'WITHDRAWN') return view
  if (!(OPEN_STATUSES as readonly string[]).includes(view.status)) throw stateConflict(view.status, [])
  await withdrawDoor(sql, now, principal, need_no, { of_enterprise: ownUscc(principal) === view.uscc, authorization_no: view.authorization_no, reason_given: reason !== null }, hooks)
  return viewOf(sql, principal, need_no)
}

/** Ends one door's part in an open need; for the enterprise itself everybody's. */
export async function withdrawDoor (
  sql: WriteSql, now: string, actor: Actor, need_no: string, about: { of_enterprise: boolean, authorization_no: string, reason_given: boolean },
  hooks: Pick<IntakeHooks, 'onNeedWithdrawn'>
): Promise<void> {
  const need = await findNeed(sql, need_no)
  if (need === undefined) throw notFound()
  const { of_enterprise, authorization_no, reason_given } = about
  const doors = await sourcesOf(sql, need_no)
  let left = doors
  for (const door of doors) {
    if (of_enterprise || door.participant_no === actor.participant_no) left = await withdrawSource(sql, now, need_no, door.participant_no)
  }
  const next = left[0]
  if (next === undefined) {
    if (!await advanceNeed(sql, need_no, OPEN_STATUSES, 'WITHDRAWN', now)) throw stateConflict(need.status, [])
    await hooks.onNeedWithdrawn(sql, now, need_no)
  } else await restOn(sql, left.find(({ participant_no }) => participant_no === need.sender_no) ?? next, left)
  const enterprise = (await enterpriseParticipants(sql, [need.uscc])).get(need.uscc)
  const audience = of_enterprise ? doors.map(door => door.participant_no) : [actor.participant_no]
  await append(sql, now, {
    type: 'financing_need.withdrawn', subject: need_no, actor, audience: [...audience, ...(enterprise === undefined ? [] : [enterprise])],
    authorization_no, data: { because: 'sender', on: beijingDate(now), reason_given }
  })
}
