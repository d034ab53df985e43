/**
 * A lead as bytes: a head that moves with its events, then the frozen part as it was released. What may no longer be read
 * is reduced to number, status and times.
 */
import type { ReadSql } from '../../db/db.ts'
import { opened } from '../../db/sealing.ts'
import type { LeadStatus } from '../../policy/lifecycle.ts'
import { withPersonal, type Personal } from './disclosure.ts'
import { slaAt, slaChangesAt, type SlaOut, type Timed } from './stages.ts'
import { last_instant, personalPlace, type Lead } from './store.ts'

export type HeadFacts = Timed & Pick<Lead,
  'lead_no' | 'need_no' | 'recipient_kind' | 'expires_at' | 'content_until' | 'authorization_no' | 'disclosure_digest' | 'fields_released' | 'version' | 'updated_at'>

/** What the clock of a lead says at an instant, and when it will say something else by itself. */
export interface Reading { sla: SlaOut, changes_at: string | null }

export function readingOf (lead: Timed, now: string): Reading {
  return { sla: slaAt(lead, now), changes_at: slaChangesAt(lead, now) }
}

/**
 * The moving part of a lead and until when it stays right without an event.
 *
 * @param reading of its clock; leads pushed together have the same
 */
export function headOf (lead: HeadFacts, now: string, { sla, changes_at }: Reading = readingOf(lead, now)): { head: string, fresh_until: string } {
  const head = JSON.stringify({
    lead_no: lead.lead_no, need_no: lead.need_no, status: lead.status, recipient_kind: lead.recipient_kind, pushed_at: lead.pushed_at,
    expires_at: lead.expires_at, ended_at: lead.ended_at, authorization_no: lead.authorization_no, digest: lead.disclosure_digest,
    fields_released: lead.fields_released, version: lead.version, updated_at: lead.updated_at, sla
  })
  return { head: `${head.slice(0, -1)},`, fresh_until: changes_at !== null && changes_at < lead.content_until ? changes_at : lead.content_until }
}

/** A lead with its content, from its stored parts. */
function joined (sql: ReadSql, { lead_no, head, flat, disclosure, personal }: Pick<Lead, 'lead_no' | 'head' | 'flat' | 'disclosure' | 'personal'>): string {
  if (personal === null) return `${head}${flat}"disclosure":${disclosure}}`
  const known = JSON.parse(opened(sql, personal, personalPlace(lead_no))) as Personal
  return `${head}${withPersonal(flat, known)}"disclosure":${withPersonal(disclosure, known)}}`
}

/** What is left of a lead whose content may no longer be read: number, status and times, by which the clock can still be counted. */
export function stubOf (lead: Timed & Pick<Lead, 'lead_no' | 'content_until' | 'version' | 'updated_at'>): string {
  const { lead_no, status, pushed_at, ended_at, version, updated_at } = lead
  const sla = slaAt(lead, lead.content_until)
  return JSON.stringify({
    lead_no, status: ended_at === null && !settled.has(status) ? 'EXPIRED' : status, pushed_at, ended_at, version, updated_at,
    sla: { ...sla, pauses: sla.pauses.map(({ from, to }) => ({ from, to, reason_code: null, document_no: null })) }
  })
}

/** States that the end of the time to read does not turn into EXPIRED. */
const settled: ReadonlySet<LeadStatus> = new Set<LeadStatus>(['DISBURSED', 'WITHDRAWN'])

/** A whole lead at an instant, and until when it reads so. */
export function leadNow (sql: ReadSql, lead: Lead, now: string): { text: string, until: string } {
  if (lead.content_until <= now) return { text: stubOf(lead), until: last_instant }
  const { head, fresh_until } = lead.fresh_until > now ? lead : headOf(lead, now)
  return { text: joined(sql, { ...lead, head }), until: fresh_until }
}

export function leadText (sql: ReadSql, lead: Lead, now: string): string {
  return leadNow(sql, lead, now).text
}
