/** Participants: entered by one person, active when a second one enters the same; suspended at once. */
import { digestOf } from '../../db/canonical.ts'
import type { Db, ReadSql, WriteSql } from '../../db/db.ts'
import { anotherPerson, personOf, type Duty, type Principal, type Role } from '../../http/access.ts'
import type { EventType } from '../../journal/event-types.ts'
import { append } from '../../journal/events.ts'
import { instantMs, instantOf } from '../../policy/calendar.ts'
import { checkUscc } from '../../policy/identifiers.ts'
import { notFound, Problem, stateConflict } from '../../problem.ts'
import { overriddenAmong } from '../uscc-overrides/store.ts'
import {
  advanceParticipant, findByUscc, findParticipant, findUser, insertParticipant, insertUser, keeperNos, keepUser, listParticipants, listUsers, proposalOf,
  type Participant, type ParticipantChanges, type ProposedChanges, type User, type UserChange
} from './store.ts'
import type { ParticipantStatus } from './statuses.ts'

export interface NewParticipant {
  participant_no: string
  role: Role
  name: string
  uscc: string
  region_code?: string
  aliases?: string[]
  is_government_guarantor?: boolean
  is_cooperating?: boolean
  users?: { user_no: string, name: string, duties: Duty[] }[]
}

export interface SeenParticipant { row: Participant, proposed: ProposedChanges | null, users: User[] }

/** MEIC and the operator look after participants; everybody else sees only itself. */
export function looksAfter ({ role }: Principal): boolean {
  return role === 'MEIC' || role === 'PLATFORM_OPERATOR'
}

/** Errors: not_found, also for others. */
export async function seenParticipant (sql: ReadSql, principal: Principal, participant_no: string): Promise<SeenParticipant> {
  const row = looksAfter(principal) || participant_no === principal.participant_no ? await findParticipant(sql, participant_no) : undefined
  if (row === undefined) throw notFound()
  return seen(sql, row)
}

async function seen (sql: ReadSql, row: Participant): Promise<SeenParticipant> {
  return { row, proposed: proposalOf(sql, row), users: await listUsers(sql, row.participant_no) }
}

/** A page of the participants the caller may see, one more than asked for. */
export async function listSeenParticipants (
  db: Db, principal: Principal, filter: { role?: Role, status?: ParticipantStatus, uscc?: string, updated_since?: string }, page: { after: string | null, limit: number }
): Promise<(Omit<Participant, 'proposed'> & { proposed: ProposedChanges | null })[]> {
  const rows = await listParticipants(db.read, {
    ...(filter.role === undefined ? {} : { roles: [filter.role] }),
    status: filter.status,
    uscc: filter.uscc,
    updated_since: filter.updated_since === undefined ? undefined : instantOf(instantMs(filter.updated_since)),
    only: looksAfter(principal) ? undefined : principal.participant_no,
    after: page.after,
    limit: page.limit + 1
  })
  return rows.map(row => Object.assign(row, { proposed: proposalOf(db.read, row) }))
}

/**
 * Enters a participant, or confirms what another person entered: the same number with the same content.
 *
 * Errors: duplicate_key, own_work, uscc_check_digit.
 */
export async function register (sql: WriteSql, now: string, principal: Principal, content: NewParticipant): Promise<SeenParticipant & { is_new: boolean }> {
  const person = personOf(principal)
  const content_digest = digestOf(content)
  const before = await findParticipant(sql, content.participant_no)
  if (before !== undefined) {
    if (before.content_digest !== content_digest) throw new Problem('duplicate_key')
    const row = before.status === 'PENDING_SECOND_PERSON' ? await confirm(sql, now, principal, before) : before
    return { ...await seen(sql, row), is_new: false }
  }
  const mistake = checkUscc(content.uscc, (await overriddenAmong(sql, [content.uscc])).size > 0).find(({ severity }) => severity === 'ERROR')
  if (mistake !== undefined) {
    throw new Problem('uscc_check_digit', { errors: [{ pointer: '/uscc', code: mistake.code, message: mistake.message, message_zh: mistake.message_zh }] })
  }
  if (await findByUscc(sql, content.role, content.uscc) !== undefined) throw taken('/uscc', 'There is a participant of this role with this code', '该角色下已有此统一社会信用代码的参与方')
  await insertParticipant(sql, {
    participant_no: content.participant_no, role: content.role, name: content.name, uscc: content.uscc, region_code: content.region_code ?? null, aliases: content.aliases ?? [],
    is_government_guarantor: content.is_government_guarantor ?? false, is_cooperating: content.is_cooperating ?? false, status: 'PENDING_SECOND_PERSON', content_digest,
    proposed: null, created_by: person, confirmed_by: null, version: 1, created_at: now, updated_at: now
  })
  for (const [index, { user_no, name, duties }] of (content.users ?? []).entries()) {
    await checkFree(sql, user_no, content.participant_no, `/users/${index}/user_no`)
    await insertUser(sql, { user_no, participant_no: content.participant_no, name, duties, status: 'ACTIVE' })
  }
  await tell(sql, now, 'participant.proposed', content.participant_no, principal, { role: content.role })
  return { ...await seenParticipant(sql, principal, content.participant_no), is_new: true }
}

async function confirm (sql: WriteSql, now: string, principal: Principal, before: Participant): Promise<Participant> {
  const row = await advanceParticipant(sql, before, { status: 'ACTIVE', confirmed_by: anotherPerson(principal, before.created_by ?? '') }, now)
  if (row === undefined) throw stateConflict(before.status, [])
  await tell(sql, now, 'participant.activated', row.participant_no, principal, { role: row.role })
  return row
}

/**
 * Changes a participant. What takes power away (suspension) counts at once; the rest waits until another person sends the same.
 *
 * Errors: not_found, stale_version, own_work, duplicate_key, state_conflict.
 */
export async function change (
  sql: WriteSql, now: string, principal: Principal, participant_no: string, check: (version: number) => void, wanted: ParticipantChanges
): Promise<SeenParticipant> {
  const { row, proposed: before, users } = await seenParticipant(sql, principal, participant_no)
  check(row.version)
  if (row.status === 'PENDING_SECOND_PERSON') throw stateConflict(row.status, ['ACTIVE'])
  const { restricting, granting } = split(row, users, wanted)
  for (const [index, { user_no }] of (wanted.users ?? []).entries()) await checkFree(sql, user_no, participant_no, `/users/${index}/user_no`)
  const waits = Object.keys(granting).length > 0
  const same = waits && before !== null && digestOf(before.changes) === digestOf(granting) ? before : null
  if (same !== null) anotherPerson(principal, same.proposed_by)
  const is_second = same !== null
  const counts: ParticipantChanges = is_second ? { ...granting, ...restricting, users: [...granting.users ?? [], ...restricting.users ?? []] } : restricting
  const { users: changed_users = [], ...fields } = counts
  for (const user of changed_users) await keepUser(sql, { ...user, participant_no })
  const is_idle = !waits && Object.keys(restricting).length === 0
  // A change that changes nothing takes back what was proposed.
  const kept = is_idle || is_second ? null : before
  const proposed = waits && !is_second ? { changes: granting, proposed_by: personOf(principal), proposed_at: now } : kept
  if (is_idle && before === null) return { row, proposed: before, users }
  const after = await advanceParticipant(sql, row, { ...fields, proposed }, now)
  if (after === undefined) throw stateConflict(row.status, [])
  if (fields.status === 'SUSPENDED') await tell(sql, now, 'participant.suspended', participant_no, principal, {})
  else if (is_second || changed_users.length > 0) await tell(sql, now, 'participant.changed', participant_no, principal, { fields: [...Object.keys(fields), ...changed_users.map(({ user_no }) => user_no)] })
  if (waits && !is_second) await tell(sql, now, 'participant.change_proposed', participant_no, principal, { fields: Object.keys(granting) })
  return seen(sql, after)
}

/** The same in a unit of its own. */
export async function changeParticipant (
  db: Db, principal: Principal, participant_no: string, check: (version: number) => void, wanted: ParticipantChanges
): Promise<SeenParticipant> {
  return db.write(async (sql, now) => change(sql, now, principal, participant_no, check, wanted))
}

/** What really differs, parted into what takes power away and what gives it. */
function split (row: Participant, users: readonly User[], wanted: ParticipantChanges): { restricting: ParticipantChanges, granting: ParticipantChanges } {
  const { users: wanted_users = [], status, ...fields } = wanted
  const present = row as unknown as Record<string, unknown>
  const granting: ParticipantChanges = Object.fromEntries(Object.entries(fields).filter(([name, value]) => JSON.stringify(present[name]) !== JSON.stringify(value)))
  const restricting: ParticipantChanges = {}
  if (status !== undefined && status !== row.status) {
    if (status === 'SUSPENDED') restricting.status = status
    else granting.status = status
  }
  const by_no = new Map(users.map(user => [user.user_no, user]))
  const isSame = (user: UserChange): boolean => {
    const before = by_no.get(user.user_no)
    return before !== undefined && before.name === user.name && before.status === user.status && JSON.stringify(before.duties) === JSON.stringify(user.duties)
  }
  const suspended: UserChange[] = []
  const others: UserChange[] = []
  for (const user of wanted_users.filter(each => !isSame(each))) {
    const before = by_no.get(user.user_no)
    // A suspension of a known person changes nothing else about it, whatever else was sent.
    if (user.status === 'SUSPENDED' && before !== undefined) suspended.push({ user_no: user.user_no, name: before.name, duties: before.duties, status: user.status })
    else others.push(user)
  }
  if (suspended.length > 0) restricting.users = suspended
  if (others.length > 0) granting.users = others
  return { restricting, granting }
}

/** A user number belongs to one participant for ever. */
async function checkFree (sql: ReadSql, user_no: string, participant_no: string, pointer: string): Promise<void> {
  const user = await findUser(sql, user_no)
  if (user !== undefined && user.participant_no !== participant_no) throw taken(pointer, `${user_no} is a user of another participant`, `${user_no} 已属于其他参与方`)
}

function taken (pointer: string, message: string, message_zh: string): Problem {
  return new Problem('duplicate_key', { detail: message, detail_zh: message_zh, errors: [{ pointer, code: 'DUPLICATE_KEY', message, message_zh }] })
}

/** Tells the participant itself, MEIC and the operator. */
export async function tell (sql: WriteSql, now: string, type: EventType, participant_no: string, actor: Principal, data: Record<string, unknown>): Promise<void> {
  await append(sql, now, { type, subject: participant_no, actor, audience: [participant_no, ...await keeperNos(sql)], data })
}
