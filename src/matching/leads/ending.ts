/**
 * How leads end without an answer: withdrawal of the authorization or the need, and expiry. From the same unit on nothing of
 * their content leaves the hub; the frozen disclosure stays as proof of what had left.
 * Source: contract §5; S1 四(三)3; 个人信息保护法 (withdrawal).
 */
import type { Db, ReadSql, WriteSql } from '../../db/db.ts'
import type { Authorization } from '../../intake/authorizations/store.ts'
import type { Disclosure } from '../../intake/hooks.ts'
import { append, the_hub, type NewEvent } from '../../journal/events.ts'
import { deletionDue } from '../../intake/authorizations/service.ts'
import { canMove } from '../../policy/lifecycle.ts'
import { concerned } from './audience.ts'
import { matchAgain, withdrawnAmong } from './facts.ts'
import { headOf } from './rendering.ts'
import { advanceLead, leadsOfNeed, leadsToExpire, leadsUnder, openLeadsOf, openLeadsUnder, type Lead } from './store.ts'

export const leads_per_unit_max = 200
const no_longer_running = { open_stage: null, open_due_at: null, remind_at: null, reminded: 0 } as const

/** Everything that left under an authorization. */
export async function disclosuresOf (sql: ReadSql, authorization_no: string): Promise<Disclosure[]> {
  return (await leadsUnder(sql, authorization_no)).map(({ recipient_no, lead_no, fields_released, pushed_at, digest }) =>
    ({ basis: 'MATCHING', recipient_no, lead_no, packet_no: null, fields_released, disclosed_at: pushed_at, digest }))
}

/** Ends every lead under an authorization, and of needs that ended with it. @returns what had already left under it */
export async function withdrawLeads (sql: WriteSql, now: string, authorization: Pick<Authorization, 'authorization_no' | 'grantor_uscc'>): Promise<Disclosure[]> {
  const under = await openLeadsUnder(sql, authorization.authorization_no, now)
  const others = (await openLeadsOf(sql, authorization.grantor_uscc, now)).filter(lead => lead.authorization_no !== authorization.authorization_no)
  const withdrawn = await withdrawnAmong(sql, others.map(({ need_no }) => need_no))
  await end(sql, now, [...under, ...others.filter(({ need_no }) => withdrawn.has(need_no))], 'WITHDRAWN')
  // A need that another door still stands behind may go out again under that door's authorization.
  await matchAgain(sql, { usccs: [authorization.grantor_uscc] })
  return disclosuresOf(sql, authorization.authorization_no)
}

/** Ends every lead of a need that nobody stands behind any more. */
export async function withdrawLeadsOfNeed (sql: WriteSql, now: string, need_no: string): Promise<void> {
  await end(sql, now, (await leadsOfNeed(sql, need_no)).filter(({ content_until }) => content_until > now), 'WITHDRAWN')
}

/** Ends leads whose time or authorization is over. @returns how many */
export async function expireLeads (db: Db): Promise<number> {
  if ((await leadsToExpire(db.read, db.clock.now(), 1)).length === 0) return 0
  return db.write(async (sql, now) => {
    const over = await leadsToExpire(sql, now, leads_per_unit_max)
    await end(sql, now, over, 'EXPIRED')
    return over.length
  })
}

async function end (sql: WriteSql, now: string, leads: readonly Lead[], to: 'WITHDRAWN' | 'EXPIRED'): Promise<void> {
  const news: NewEvent[] = []
  const hearers = new Map<string, string[]>()
  for (const lead of leads) {
    const status = canMove('lead', lead.status, to) ? to : lead.status
    const next: Lead = { ...lead, ...no_longer_running, status, ended_at: lead.ended_at ?? now, content_until: lead.content_until < now ? lead.content_until : now, updated_at: now }
    await advanceLead(sql, lead, { ...next, ...headOf({ ...next, version: lead.version + 1 }, now) })
    const hearing = hearers.get(lead.need_no) ?? await concerned(sql, lead.need_no)
    hearers.set(lead.need_no, hearing)
    news.push({
      type: to === 'WITHDRAWN' ? 'lead.withdrawn' : 'lead.expired', subject: lead.lead_no, actor: the_hub, audience: [lead.recipient_no, ...hearing],
      authorization_no: lead.authorization_no, data: { need_no: lead.need_no, recipient_no: lead.recipient_no, status, ...(to === 'WITHDRAWN' ? { deletion_due_date: deletionDue(now) } : {}) }
    })
  }
  await append(sql, now, ...news)
}
