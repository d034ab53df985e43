/** What a caller sees of a consortium: the published list for every login, the rest for its members, MEIC and the operator. */
import type { Db, ReadSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { beijingDate, instantMs, instantOf } from '../../policy/calendar.ts'
import { notFound } from '../../problem.ts'
import { participantsByNo } from '../participants/store.ts'
import { adjust, presentOn, type Change, type Seen } from './service.ts'
import { findConsortium, listConsortia, membersOf, membersOfMany, type Consortium, type ConsortiumMember } from './store.ts'
import type { ConsortiumStatus } from './statuses.ts'

/** States that are public: who is on the list by the word of two persons, and what became of it. */
const published: readonly ConsortiumStatus[] = ['ACTIVE', 'ADJUSTED', 'EXPIRED']

function seesAll (principal: Principal): boolean {
  return principal.role === 'MEIC' || principal.role === 'PLATFORM_OPERATOR'
}

/** Who left reads what is published, like everybody else. @param present its members today */
function takesPart (principal: Principal, { park_no }: Consortium, present: readonly ConsortiumMember[]): boolean {
  return seesAll(principal) || [park_no, ...present.map(({ participant_no }) => participant_no)].includes(principal.participant_no)
}

/** A consortium whose term is over is so from that day on, whenever the loop marks it. */
function statusOn ({ status, valid_to }: Consortium, day: string): ConsortiumStatus {
  return (status === 'ACTIVE' || status === 'ADJUSTED') && valid_to <= day ? 'EXPIRED' : status
}

/** The caller's view, names looked up. */
export async function viewOf (sql: ReadSql, principal: Principal, now: string, all: readonly Seen[]) {
  const day = beijingDate(now)
  const nos = all.flatMap(({ row, members }) => [...row.park_no === null ? [] : [row.park_no], ...members.map(({ participant_no }) => participant_no)])
  const names = new Map((await participantsByNo(sql, [...new Set(nos)])).map(({ participant_no, name }) => [participant_no, name]))
  return all.map(({ row, members }) => {
    const present = presentOn(members, day)
    const own = takesPart(principal, row, present)
    const kind = (wanted: 'BANK' | 'GUARANTOR') => present.filter(member => member.kind === wanted).map(({ participant_no }) => participant_no)
    return {
      consortium_no: row.consortium_no,
      status: statusOn(row, day),
      park: row.park_no,
      park_name: row.park_no === null ? null : names.get(row.park_no) ?? row.park_no,
      agreed: own ? row.agreed : [],
      banks: kind('BANK'),
      guarantors: kind('GUARANTOR'),
      members: members.map(({ participant_no, kind, joined_on, left_on }) => ({ participant_no, name: names.get(participant_no) ?? participant_no, kind, joined_on, left_on })),
      agreement_date: row.agreement_date,
      valid_from: row.valid_from,
      valid_to: row.valid_to,
      application: own ? row.application : null,
      proposed: own ? row.proposed : null,
      override_reason: own ? row.override_reason : null,
      override_by: own ? row.override_by : null,
      review: own && row.review_outcome !== null ? { outcome: row.review_outcome, reason: row.review_reason, reviewed_by: row.reviewed_by, reviewed_at: row.reviewed_at } : null,
      termination_reason: own ? row.termination_reason : null,
      activated_at: row.activated_at,
      activation_reason: own ? row.activation_reason : null,
      version: row.version,
      created_at: row.created_at,
      updated_at: row.updated_at
    }
  })
}

/** Errors: not_found, also for an application of others. */
export async function getConsortium (db: Db, principal: Principal, consortium_no: string) {
  const row = await findConsortium(db.read, consortium_no)
  if (row === undefined) throw notFound()
  const members = await membersOf(db.read, consortium_no)
  if (!takesPart(principal, row, presentOn(members, beijingDate(db.clock.now()))) && !published.includes(row.status)) throw notFound()
  return (await viewOf(db.read, principal, db.clock.now(), [{ row, members }]))[0]
}

/** Changes a consortium in a unit of its own and shows it. Errors: see `adjust`. */
export async function changeConsortium (db: Db, principal: Principal, consortium_no: string, check: (version: number) => void, change: Change) {
  return db.write(async (sql, now) => {
    const seen = await adjust(sql, now, principal, consortium_no, check, change)
    return { version: seen.row.version, body: (await viewOf(sql, principal, now, [seen]))[0] }
  })
}

export interface ConsortiumFilter { park?: string, participant?: string, status?: ConsortiumStatus, updated_since?: string }

/** A page of what the caller may see, one more than asked for. */
export async function listSeen (db: Db, principal: Principal, filter: ConsortiumFilter, page: { after: string | null, limit: number }) {
  const updated_since = filter.updated_since === undefined ? undefined : instantOf(instantMs(filter.updated_since))
  const rows = await listConsortia(db.read, {
    park: filter.park, participant: filter.participant, status: filter.status, updated_since, seen_by: seesAll(principal) ? null : { participant_no: principal.participant_no, day: beijingDate(db.clock.now()) }, published
  }, page.after, page.limit + 1)
  const members = await membersOfMany(db.read, rows.map(({ consortium_no }) => consortium_no))
  return viewOf(db.read, principal, db.clock.now(), rows.map(row => ({ row, members: members.filter(({ consortium_no }) => consortium_no === row.consortium_no) })))
}
