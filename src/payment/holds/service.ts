/**
 * Holds: a packet, a line or an enterprise is not paid until another person releases it or the hold expires. Before it lapses, and when it has no
 * end and stands for a month, the authorities are told: nobody's money waits or goes out unnoticed.
 */
import { newNo } from '../../clock.ts'
import type { Db, WriteSql } from '../../db/db.ts'
import { anotherPerson, personOf, type Principal } from '../../http/access.ts'
import { append, the_hub } from '../../journal/events.ts'
import { beijingDate, endOfBeijingDay } from '../../policy/calendar.ts'
import { addDays } from '../../policy/period.ts'
import { notFound, Problem, stateConflict } from '../../problem.ts'
import { authorities } from '../../subsidy/audience.ts'
import { findLine } from '../../subsidy/lines/store.ts'
import { findPacket } from '../../subsidy/packets/store.ts'
import { escalateHold, findHold, holdsToEscalate, insertHold, releaseHold, type Hold } from './store.ts'

export interface Placing { reason: string, packet_no?: string, line_no?: string, uscc?: string, owner?: string, expires_on?: string }

/** Places a hold on exactly one thing. Errors: invalid_request, rule_broken, not_found. */
export async function placeHold (sql: WriteSql, now: string, principal: Principal, sent: Placing): Promise<Hold> {
  const { reason, packet_no, line_no, uscc, owner, expires_on } = sent
  if ([packet_no, line_no, uscc].filter(one => one !== undefined).length !== 1) {
    throw new Problem('invalid_request', {
      errors: [{ pointer: '', code: 'ONE_TARGET', message: 'Name exactly one of packet_no, line_no, uscc',
        message_zh: 'packet_no、line_no、uscc 必须且只能填写一项' }]
    })
  }
  const today = beijingDate(now)
  if (expires_on !== undefined && expires_on < today) {
    throw new Problem('rule_broken', { errors: [{ pointer: '/expires_on', code: 'EXPIRED_ALREADY', message: `Today is ${today}; such a hold would hold nothing`,
      message_zh: `今日为 ${today}；该暂缓已过期，不产生效力` }] })
  }
  if (packet_no !== undefined && await findPacket(sql, packet_no) === undefined) throw notFound()
  if (line_no !== undefined && await findLine(sql, line_no) === undefined) throw notFound()
  const hold: Hold = {
    hold_no: newNo('hold'), participant_no: principal.participant_no, packet_no: packet_no ?? null, line_no: line_no ?? null,
      uscc: uscc ?? null, reason, owner: owner ?? null,
    expires_on: expires_on ?? null, escalated_at: null, status: 'OPEN', placed_by: personOf(principal), release_reason: null, released_by: null,
      released_at: null, version: 1, created_at: now,
    updated_at: now
  }
  await insertHold(sql, hold)
  await append(sql, now, { type: 'hold.placed', subject: hold.hold_no, actor: principal, audience: await authorities(sql),
    data: { packet_no: hold.packet_no, line_no: hold.line_no } })
  return hold
}

/** Releases a hold that somebody else placed. Errors: not_found, own_work, state_conflict. */
export async function release (sql: WriteSql, now: string, principal: Principal, hold_no: string,
  reason: string | undefined): Promise<Hold> {
  const before = await findHold(sql, hold_no)
  if (before === undefined) throw notFound()
  const person = anotherPerson(principal, before.placed_by)
  const hold = await releaseHold(sql, now, hold_no, person, reason ?? null)
  if (hold === undefined) throw stateConflict(before.status, [])
  await append(sql, now, { type: 'hold.released', subject: hold_no, actor: principal, audience: await authorities(sql),
    data: { packet_no: hold.packet_no, line_no: hold.line_no } })
  return hold
}

const stands_days_max = 30
const per_step = 100

/** One step of the loop: whose last day has come, or who stands without an end for a month. @returns how many were escalated */
export async function escalateHolds (db: Db): Promise<number> {
  const today = beijingDate(db.clock.now())
  const due = await holdsToEscalate(db.read, today, endOfBeijingDay(addDays(today, -stands_days_max)), per_step)
  for (const { hold_no, owner, expires_on } of due) {
    await db.write(async (sql, now) => {
      if (!await escalateHold(sql, now, hold_no)) return
      await append(sql, now, { type: 'hold.escalated', subject: hold_no, actor: the_hub, audience: await authorities(sql), data: { owner, expires_on } })
    })
  }
  return due.length
}

/** The first hold that stands on a line, its packet, its enterprise or its payee. */
export function holdOn (held: readonly Hold[], line: { line_no: string, packet_no: string, uscc: string,
  payee_uscc: string }): Hold | undefined {
  return held.find(({ line_no, packet_no, uscc }) => line_no === line.line_no || packet_no === line.packet_no ||
    (uscc !== null && (uscc === line.uscc || uscc === line.payee_uscc)))
}
