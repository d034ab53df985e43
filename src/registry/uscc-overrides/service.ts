/** The operator's override for real codes that were issued against the standard: recorded by one person, in force through another. */
import type { WriteSql } from '../../db/db.ts'
import { anotherPerson, personOf, type Principal } from '../../http/access.ts'
import type { FactOf } from '../../journal/event-types.ts'
import { append } from '../../journal/events.ts'
import { checkUscc } from '../../policy/identifiers.ts'
import { notFound, Problem, stateConflict } from '../../problem.ts'
import { keeperNos } from '../participants/store.ts'
import { findOverride, keepOverride, type UsccOverride } from './store.ts'

async function tell (sql: WriteSql, now: string, fact: FactOf<'uscc_override'>, principal: Principal, row: UsccOverride, reason: string): Promise<void> {
  await append(sql, now, { type: `uscc_override.${fact}`, subject: row.uscc, actor: principal, audience: await keeperNos(sql), data: { reason, status: row.status } })
}

/**
 * Records a code with its reason; the same sent by a second person puts it into force. Only the check character can be
 * overridden: what has no 18 characters of the alphabet is no code at all.
 *
 * Errors: rule_broken for a code that needs no override, uscc_check_digit for one that cannot have any, duplicate_key for
 * another reason, own_work.
 * Source: GB 32100-2015; real codes of early years that differ from it.
 */
export async function recordOverride (
  sql: WriteSql, now: string, principal: Principal, { uscc, reason }: { uscc: string, reason: string }
): Promise<{ row: UsccOverride, is_new: boolean }> {
  const person = personOf(principal)
  const before = await findOverride(sql, uscc)
  if (before !== undefined && before.status !== 'ENDED') {
    if (before.reason !== reason) {
      throw new Problem('duplicate_key', {
        detail: 'This code was recorded with another reason; send the same reason, or end the override first', detail_zh: '该代码已以其他依据登记；请填写相同依据，或先终止原登记'
      })
    }
    if (before.status === 'ACTIVE') return { row: before, is_new: false }
    const row: UsccOverride = { ...before, status: 'ACTIVE', confirmed_by: anotherPerson(principal, before.proposed_by), version: before.version + 1, updated_at: now }
    await keepOverride(sql, row)
    await tell(sql, now, 'confirmed', principal, row, reason)
    return { row, is_new: false }
  }
  refuseUnneeded(uscc)
  const row: UsccOverride = {
    uscc, status: 'PENDING_SECOND_PERSON', reason, end_reason: null, proposed_by: person, confirmed_by: null, ended_by: null, version: (before?.version ?? 0) + 1,
    created_at: now, updated_at: now
  }
  await keepOverride(sql, row)
  await tell(sql, now, 'proposed', principal, row, reason)
  return { row, is_new: true }
}

function refuseUnneeded (uscc: string): void {
  const wrong = checkUscc(uscc).find(({ severity }) => severity === 'ERROR')
  if (wrong?.code === 'USCC_CHECK_DIGIT') return
  const { code, message, message_zh } = wrong ?? {
    code: 'OVERRIDE_NOT_NEEDED', message: 'The code passes its check; nothing has to be recorded', message_zh: '该代码校验通过，无须登记'
  }
  throw new Problem(wrong === undefined ? 'rule_broken' : 'uscc_check_digit', {
    detail: message, detail_zh: message_zh, errors: [{ pointer: '/uscc', code, message, message_zh }]
  })
}

/** Ends an override: what came in under it stays, nothing new does. Errors: not_found, state_conflict. */
export async function endOverride (sql: WriteSql, now: string, principal: Principal, uscc: string, reason: string): Promise<UsccOverride> {
  const before = await findOverride(sql, uscc)
  if (before === undefined) throw notFound()
  if (before.status === 'ENDED') throw stateConflict(before.status, [])
  const row: UsccOverride = { ...before, status: 'ENDED', end_reason: reason, ended_by: personOf(principal), version: before.version + 1, updated_at: now }
  await keepOverride(sql, row)
  await tell(sql, now, 'ended', principal, row, reason)
  return row
}
