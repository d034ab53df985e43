/** Private networks that webhooks may call: opened by two persons, closed by one. Source: S2 (十五) 平台对接; JR/T 0185-2020. */
import { newNo } from '../clock.ts'
import type { ReadSql, WriteSql } from '../db/db.ts'
import { anotherPerson, personOf, type Principal } from '../http/access.ts'
import { append } from '../journal/events.ts'
import { notFound, Problem, stateConflict } from '../problem.ts'
import { mayBeOpened } from './addresses.ts'
import type { NewPrivateNetwork } from './schema.ts'
import { advanceNetwork, findNetwork, insertNetwork, networkInUse, type PrivateNetwork } from './store.ts'

/** Who hears of it: those who look after the hub. */
export type Keepers = (sql: ReadSql) => Promise<string[]>

/**
 * Asks for a network, or opens one that another person asked for: the same network with the same note.
 *
 * Errors: network_refused, duplicate_key, own_work.
 */
export async function openNetwork (
  sql: WriteSql, now: string, principal: Principal, keepers: Keepers, { cidr, note }: NewPrivateNetwork
): Promise<{ row: PrivateNetwork, is_new: boolean }> {
  const person = personOf(principal)
  if (!mayBeOpened(cidr)) {
    throw new Problem('network_refused', {
      errors: [{
        pointer: '/cidr', code: 'NETWORK_REFUSED', message: 'Write a private network in plain form without bits beyond its prefix; loopback, link-local and metadata are never opened',
        message_zh: '请以规范形式填写私有网段（前缀之外不得有置位）；环回、链路本地与元数据地址不予开放'
      }]
    })
  }
  const before = await networkInUse(sql, cidr)
  if (before === undefined) {
    const row: PrivateNetwork = {
      network_no: newNo('net'), cidr, note, status: 'PENDING_SECOND_PERSON', created_by: person, confirmed_by: null, closed_by: null, created_at: now, updated_at: now
    }
    await insertNetwork(sql, row)
    await tell(sql, now, principal, keepers, row, 'proposed')
    return { row, is_new: true }
  }
  if (before.note !== note) throw new Problem('duplicate_key')
  if (before.status === 'ACTIVE') return { row: before, is_new: false }
  const confirmed_by = anotherPerson(principal, before.created_by)
  const row = await advanceNetwork(sql, before.network_no, ['PENDING_SECOND_PERSON'], { status: 'ACTIVE', confirmed_by }, now)
  if (row === undefined) throw stateConflict(before.status, [])
  await tell(sql, now, principal, keepers, row, 'opened')
  return { row, is_new: false }
}

/** Closes a network: no new connection into it, and open ones end within a minute. Errors: not_found, state_conflict. */
export async function closeNetwork (sql: WriteSql, now: string, principal: Principal, keepers: Keepers, network_no: string): Promise<PrivateNetwork> {
  const before = await findNetwork(sql, network_no)
  if (before === undefined) throw notFound()
  const row = await advanceNetwork(sql, network_no, ['PENDING_SECOND_PERSON', 'ACTIVE'], { status: 'CLOSED', closed_by: personOf(principal) }, now)
  if (row === undefined) throw stateConflict(before.status, [])
  await tell(sql, now, principal, keepers, row, 'closed')
  return row
}

async function tell (sql: WriteSql, now: string, principal: Principal, keepers: Keepers, { network_no, cidr }: PrivateNetwork, fact: 'proposed' | 'opened' | 'closed'): Promise<void> {
  await append(sql, now, { type: `webhook_network.${fact}`, subject: network_no, actor: principal, audience: await keepers(sql), data: { cidr } })
}
