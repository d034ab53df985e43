/**
 * Held evidence: its sender answers by a correction; the commission releases or rejects it, with a reason that stays with it.
 * Source: contract §6: held with findings, nothing is silently dropped; contract §2: what decides needs a person.
 */
import type { ReadSql, WriteSql } from '../../db/db.ts'
import { personOf, type Principal } from '../../http/access.ts'
import type { Scope } from '../../intake/authorizations/kinds.ts'
import { append } from '../../journal/events.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { finding } from '../../policy/findings.ts'
import { notFound, Problem, stateConflict } from '../../problem.ts'
import { findParticipant } from '../../registry/participants/store.ts'
import { isCoveredByHistory } from '../interest-vouchers/judging.ts'
import { mark, type SubsidyKind } from '../marks.ts'
import { collectedUnder } from './service.ts'
import type { Decision } from './schema.ts'
import { authorizationsGiven, enterpriseOf, type HeldRow, type HeldStore } from './store.ts'

export interface HeldRoom<Row extends HeldRow> {
  store: HeldStore<Row>
  event: 'interest_voucher' | 'rent_voucher' | 'fee_voucher' | 'insurance_policy'
  kind: SubsidyKind
  scope: Scope
  /** what the authorization has to cover */
  period (row: Row): { period_start: string, period_end: string, paid_date: string }
  /** what a rejected one gives up */
  giveUp? (sql: WriteSql, row: Row, now: string): Promise<void>
  /** takes the place of one that was in force before again; false: it is taken by now */
  takeBack (sql: WriteSql, row: Row, now: string): Promise<boolean>
}

/** Consent is nobody else's to give: what is older than the authorization is released only under one that covers it. */
async function covering<Row extends HeldRow> (sql: ReadSql, now: string, room: HeldRoom<Row>, row: Row): Promise<string | null> {
  if (!row.findings.some(({ code }) => code === 'AUTH_SCOPE_INSUFFICIENT')) return row.authorization_no
  const fit = (await authorizationsGiven(sql, [row.uscc])).get(row.uscc)?.filter(one => isCoveredByHistory(room.period(row), one)) ?? []
  const sender = await findParticipant(sql, row.participant_no)
  const found = sender === undefined ? null : collectedUnder(fit, sender, beijingDate(now), room.scope).found
  if (found === null) {
    throw new Problem('authorization_missing', {
      detail: `${row.uscc} has given no authorization that covers the time before it; only the enterprise can`,
      detail_zh: `企业 ${row.uscc} 尚未作出覆盖该历史期间的授权，须由企业补充授权`
    })
  }
  return found.authorization_no
}

/** The version in force before a rejected correction counts again, unless another voucher has taken its place since. */
async function reinstateBefore<Row extends HeldRow> (sql: WriteSql, now: string, principal: Principal, room: HeldRoom<Row>, rejected: Row): Promise<void> {
  let earlier = rejected.supersedes === null ? undefined : await room.store.find(sql, rejected.supersedes)
  while (earlier !== undefined && earlier.accepted_at === null) earlier = earlier.supersedes === null ? undefined : await room.store.find(sql, earlier.supersedes)
  if (earlier === undefined || !await room.takeBack(sql, earlier, now)) return
  await room.store.reinstate(sql, earlier.number, now)
  await mark(sql, now, earlier.uscc, earlier.project_code, room.kind)
  await tell(sql, now, principal, room, earlier, 'reinstated')
}

async function tell<Row extends HeldRow> (sql: WriteSql, now: string, principal: Principal, room: HeldRoom<Row>,
  { number, uscc, participant_no, authorization_no, business_no }: Row, fact: 'released' | 'rejected' | 'reinstated'): Promise<void> {
  const enterprise = await enterpriseOf(sql, uscc)
  await append(sql, now, {
    type: `${room.event}.${fact}`, subject: number, actor: principal,
    audience: [participant_no, principal.participant_no, ...enterprise.participant_no === null ? [] : [enterprise.participant_no]], authorization_no,
    data: { business_no }
  })
}

/**
 * Decides on held evidence. A rejected correction leaves what it was to replace in force.
 *
 * Errors: person_required, not_found, state_conflict, authorization_missing.
 */
export async function decideHeld<Row extends HeldRow> (sql: WriteSql, now: string, principal: Principal, room: HeldRoom<Row>, number: string,
  { decision, reason }: Decision): Promise<Row> {
  personOf(principal)
  const row = await room.store.find(sql, number)
  if (row === undefined) throw notFound()
  if (row.status !== 'HELD') throw stateConflict(row.status, [])
  const is_release = decision === 'RELEASE'
  const authorization_no = is_release ? await covering(sql, now, room, row) : row.authorization_no
  const findings = [...row.findings, finding(is_release ? 'RELEASED' : 'REJECTED', null, reason, reason)]
  const decided = { status: is_release ? 'ACCEPTED' : 'REJECTED', findings, authorization_no, accepted_at: is_release ? now : null } as const
  if (!await room.store.decide(sql, number, decided as unknown as Partial<Row>, now)) throw stateConflict(row.status, [])
  await mark(sql, now, row.uscc, row.project_code, room.kind)
  if (!is_release) {
    await room.giveUp?.(sql, row, now)
    await reinstateBefore(sql, now, principal, room, row)
  }
  const after = { ...row, ...decided, version: row.version + 1, updated_at: now }
  await tell(sql, now, principal, room, after, is_release ? 'released' : 'rejected')
  return after
}
