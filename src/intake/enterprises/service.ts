/** Who may see what about an enterprise. */
import type { ReadSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { notFound } from '../../problem.ts'
import { liveUnder } from '../authorizations/service.ts'
import { findEnterprise, sourcesOfEnterprise, type Enterprise } from './store.ts'

/**
 * The enterprise itself sees what the hub knows, a park what it said itself while it holds a live authorization, MEIC all but
 * the contact person.
 */
export async function readEnterprise (sql: ReadSql, principal: Principal, uscc: string, now: string): Promise<{ enterprise: Enterprise, sources: string[] }> {
  if (principal.role === 'PARK') {
    const live = await liveUnder(sql, principal.participant_no, [uscc], { day: beijingDate(now), scopes: ['ENTERPRISE_BASIC'] })
    const own = live.has(uscc) ? await findEnterprise(sql, uscc, principal.participant_no) : undefined
    if (own === undefined) throw notFound()
    return { enterprise: { ...own, credit_checked_on: null, dishonest: null }, sources: [principal.participant_no] }
  }
  const enterprise = principal.role === 'MEIC' || principal.uscc === uscc ? await findEnterprise(sql, uscc) : undefined
  if (enterprise === undefined) throw notFound()
  const sources = await sourcesOfEnterprise(sql, uscc)
  return { enterprise: principal.role === 'MEIC' ? { ...enterprise, contact_name: null, contact_phone: null } : enterprise, sources }
}
