/** Policies in force, and how a new version comes into force: proposed by one person, confirmed by another. */
import type { Db, ReadSql, WriteSql } from '../../db/db.ts'
import { digestOf } from '../../db/canonical.ts'
import { anotherPerson, personOf, type Principal } from '../../http/access.ts'
import { append } from '../../journal/events.ts'
import { beijingDate } from '../../policy/calendar.ts'
import type { PointedFinding } from '../../policy/findings.ts'
import { addDays, isDate } from '../../policy/period.ts'
import { BUILT_IN_POLICIES, checkNewVersion, nearestTerms, POLICY_CODES, termsOn, type Clause, type Parameters, type PolicyCode, type PolicyVersion } from '../../policy/terms.ts'
import { notFound, Problem, stateConflict, type ProblemCode } from '../../problem.ts'
import { problemItems } from '../findings.ts'
import { everybodyConcerned } from '../participants/store.ts'
import { remembered } from '../remembered.ts'
import { confirmedPolicies, confirmPolicy, endPolicy, findPolicy, keepPolicy, listPolicies, type StoredPolicy } from './store.ts'
import type { PolicyStatus } from './statuses.ts'

const hub = 'hub'

/** Keeps the built-in versions where they are missing; a version that is there stays as it is. */
export async function seedPolicies (db: Db): Promise<void> {
  await db.write(async (sql, now) => {
    for (const policy of BUILT_IN_POLICIES) {
      await keepPolicy(sql, {
        ...policy, status: 'CONFIRMED', supersedes: null, content_digest: digestOf(policy), proposed_by: hub, confirmed_by: hub, confirmed_at: now,
        created_at: now, updated_at: now
      })
    }
  })
}

/** A stored version as the kernel takes it. */
export function asPolicy (row: StoredPolicy): PolicyVersion {
  const { policy_code, version, title, title_zh, effective_from, effective_to, parameters, clauses } = row
  return { policy_code, version, title, title_zh, effective_from, effective_to, parameters, clauses }
}

/** What a confirmed version may still change is its last day, when another one supersedes it. */
const markOf = (policies: readonly PolicyVersion[]): string => policies.map(({ policy_code, version, effective_to }) => `${policy_code}/${version}/${effective_to}`).join(' ')

const confirmed = remembered<readonly PolicyVersion[]>(async sql => (await confirmedPolicies(sql)).map(asPolicy), (a, b) => markOf(a) === markOf(b))

/** Every confirmed version, for the kernel; at most a second old. */
export function policiesOf (db: Db): Promise<readonly PolicyVersion[]> {
  return confirmed.of(db)
}

/** The same inside a unit: exactly what is stored. */
export async function policiesIn (sql: ReadSql): Promise<PolicyVersion[]> {
  return (await confirmedPolicies(sql)).map(asPolicy)
}

/** After a change of this process: the next reading is fresh. */
export function forgetPolicies (db: Db): void {
  confirmed.forget(db)
}

/** A version by its number, also one that is only proposed; null when there is none or it was rejected. */
export async function policyVersion (db: Db, policy_code: PolicyCode, version: string): Promise<PolicyVersion | null> {
  const row = await findPolicy(db.read, policy_code, version)
  return row === undefined || row.status === 'REJECTED' ? null : asPolicy(row)
}

/** The version in force on a day, today when none is named. Errors: not_found for an unknown policy or a day without one. */
export async function policyOn (db: Db, policy_code: string, on: string | undefined): Promise<StoredPolicy> {
  const code = codeOf(policy_code)
  const found = termsOn(await policiesOf(db), code, on ?? beijingDate(db.clock.now()))
  const row = found === null ? undefined : await findPolicy(db.read, code, found.version)
  if (row === undefined) throw notFound()
  return row
}

/** A page of versions, one more than asked for. */
export async function listVersions (
  db: Db, filter: { policy_code?: PolicyCode | undefined, status?: PolicyStatus | undefined }, page: { after: string | null, limit: number }
): Promise<StoredPolicy[]> {
  const [policy_code = '', version = ''] = page.after?.split('/') ?? []
  return listPolicies(db.read, filter, page.after === null ? null : [policy_code, version], page.limit + 1)
}

/** Errors: not_found for an unknown policy. */
export function codeOf (text: string): PolicyCode {
  const code = POLICY_CODES.find(each => each === text)
  if (code === undefined) throw notFound()
  return code
}

export interface Proposal {
  version: string
  title: string
  title_zh: string
  effective_from: string
  effective_to: string | null
  /** what differs from the version in force before */
  parameters: Parameters
  clauses: Readonly<Record<string, Clause>>
  supersedes: string | null
}

/**
 * Keeps a proposed version. What it does not name is taken over from the version in force on its first day, be it the one it supersedes.
 *
 * Errors: duplicate_key, period_overlap, period_reversed, policy_invalid (every mistake listed), policy_unknown.
 */
export async function proposeVersion (
  sql: WriteSql, now: string, principal: Principal, policy_code: PolicyCode, proposal: Proposal
): Promise<{ row: StoredPolicy, is_new: boolean }> {
  const content_digest = digestOf(proposal)
  const before = await findPolicy(sql, policy_code, proposal.version)
  if (before !== undefined) {
    if (before.content_digest !== content_digest) throw new Problem('duplicate_key')
    return { row: before, is_new: false }
  }
  const existing = await policiesIn(sql)
  const own = existing.filter(each => each.policy_code === policy_code)
  const base = own.length === 0 ? null : nearestTerms(own, policy_code, proposal.effective_from)
  const candidate: PolicyVersion = {
    policy_code,
    version: proposal.version,
    title: proposal.title,
    title_zh: proposal.title_zh,
    effective_from: proposal.effective_from,
    effective_to: proposal.effective_to,
    parameters: { ...base?.parameters, ...proposal.parameters },
    clauses: { ...base?.clauses, ...proposal.clauses }
  }
  refuseUnfit(own, candidate, proposal.supersedes, now)
  const row: StoredPolicy = {
    ...candidate, status: 'PROPOSED', supersedes: proposal.supersedes, content_digest, proposed_by: personOf(principal), confirmed_by: null,
    confirmed_at: null, created_at: now, updated_at: now
  }
  await keepPolicy(sql, row)
  await append(sql, now, {
    type: 'policy.proposed', subject: policy_code, actor: principal, audience: [principal.participant_no],
    data: { version: row.version, effective_from: row.effective_from, effective_to: row.effective_to }
  })
  return { row, is_new: true }
}

/**
 * Confirms a proposed version: from its first day on it rules, and the version it supersedes ends the day before. One that is not in force
 * yet and would begin no earlier is replaced: nothing rests on it.
 *
 * Errors: not_found, own_work, state_conflict, and those of `proposeVersion` when others were confirmed in between.
 */
export async function confirmVersion (sql: WriteSql, now: string, principal: Principal, policy_code: PolicyCode, version: string): Promise<StoredPolicy> {
  const row = await findPolicy(sql, policy_code, version)
  if (row === undefined) throw notFound()
  if (row.status !== 'PROPOSED') throw stateConflict(row.status, [])
  const person = anotherPerson(principal, row.proposed_by)
  const own = (await policiesIn(sql)).filter(each => each.policy_code === policy_code)
  refuseUnfit(own, asPolicy(row), row.supersedes, now)
  const superseded = own.find(each => each.version === row.supersedes)
  if (superseded !== undefined) {
    const end = superseded.effective_from >= row.effective_from ? { status: 'REPLACED' } as const : { effective_to: addDays(row.effective_from, -1) }
    await endPolicy(sql, policy_code, superseded.version, end, now)
  }
  const done = await confirmPolicy(sql, policy_code, version, person, now)
  if (done === undefined) throw stateConflict('CONFIRMED', [])
  await append(sql, now, {
    type: 'policy.confirmed', subject: policy_code, actor: principal, audience: await everybodyConcerned(sql),
    data: { version, effective_from: row.effective_from, effective_to: row.effective_to, supersedes: row.supersedes }
  })
  return done
}

const codes: Readonly<Record<string, ProblemCode>> = { version_exists: 'duplicate_key', period_overlap: 'period_overlap', period_reversed: 'period_reversed', supersedes_unknown: 'policy_unknown' }

/** Refuses a candidate that may not stand beside the confirmed versions; the past is never rewritten. */
function refuseUnfit (own: readonly PolicyVersion[], candidate: PolicyVersion, supersedes: string | null, now: string): void {
  const findings: PointedFinding[] = []
  const ended = supersedes === null ? undefined : own.find(each => each.version === supersedes)
  if (supersedes !== null && ended === undefined) {
    findings.push({ pointer: '/supersedes', code: 'supersedes_unknown', rule_id: null, message: `there is no confirmed version ${supersedes}`, message_zh: `不存在已确认的版本 ${supersedes}` })
  }
  const today = beijingDate(now)
  if (ended !== undefined && candidate.effective_from <= ended.effective_from && ended.effective_from <= today) {
    findings.push({
      pointer: '/effective_from', code: 'period_overlap', rule_id: null,
      message: `version ${ended.version} is in force since ${ended.effective_from} and may carry amounts already; begin after that day`,
      message_zh: `版本 ${ended.version} 已自 ${ended.effective_from} 起施行，可能已有据此计算的结果；新版本须晚于该日生效`
    })
  }
  if (own.length > 0 && isDate(candidate.effective_from) && candidate.effective_from < today) {
    findings.push({ pointer: '/effective_from', code: 'effective_in_past', rule_id: null, message: `a version begins today (${today}) or later; what was paid under the present one stays`, message_zh: `新版本的生效日期不得早于今日（${today}），既往结果不作改写` })
  }
  const beside = own.map(each => each.version === ended?.version && isDate(candidate.effective_from) ? { ...each, effective_to: addDays(candidate.effective_from, -1) } : each)
  findings.push(...checkNewVersion(beside.filter(each => each.effective_to === null || each.effective_from <= each.effective_to), candidate))
  const first = findings[0]
  if (first === undefined) return
  throw new Problem(codes[first.code] ?? 'policy_invalid', { detail: first.message, detail_zh: first.message_zh, errors: problemItems(findings) })
}
