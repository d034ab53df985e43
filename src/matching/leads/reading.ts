/** Reading leads: pages as stored bytes, totals, what is overdue, and why an institution got a need or not. */
import { sha256Hex } from '../../db/canonical.ts'
import { shared } from '../../db/gathering.ts'
import { together, type Db, type ReadSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { pageOf, type PageRequest } from '../../http/paging.ts'
import { findNeed, sourcesOf } from '../../intake/financing-needs/store.ts'
import { instantMs } from '../../policy/calendar.ts'
import { isEnd } from '../../policy/lifecycle.ts'
import { yuanOf } from '../../policy/money.ts'
import { notFound } from '../../problem.ts'
import { KeptBytes } from './kept-bytes.ts'
import { not_paired } from './pairing.ts'
import { leadNow } from './rendering.ts'
import { feedRevision, findLeads, overdueLeads, pageOfLeads, recipientsOfNeed, totalsOfLeads, type LeadFilter, type PageRow } from './store.ts'
import { needClock } from './timing.ts'

/** The bytes of a page as they are sent. */
export interface Page { bytes: Buffer, etag: string }
interface KeptPage extends Page { revision: string, fresh_until: string }
/** A lead as it reads in a version until an instant. */
interface KeptLead { bytes: Buffer, digest: string, version: number, until: string }
interface Remembered { pages: KeptBytes<KeptPage>, leads: KeptBytes<KeptLead>, shared: ReturnType<typeof shared<Page>> }

const kept_bytes_max = 16 * 1024 * 1024
const etag_length = 32
const remembered = new WeakMap<Db, Remembered>()

function rememberedOf (db: Db): Remembered {
  let kept = remembered.get(db)
  if (kept === undefined) remembered.set(db, kept = { pages: new KeptBytes(kept_bytes_max), leads: new KeptBytes(kept_bytes_max), shared: shared() })
  return kept
}

/**
 * A page of the caller's own leads with its ETag. Everything that changes an institution's leads stands in its feed, so a
 * page stays right until the feed has moved on or the clock passes an instant at which a lead says something else. Then only those leads
 * are read whole that are not remembered as they are now. Requests for a page that come while it is being looked up share the next look.
 */
export async function leadPage (db: Db, principal: Principal, url: string, filter: LeadFilter, page: PageRequest): Promise<Page> {
  const key = `${principal.participant_no} ${principal.user_no ?? ''} ${url}`
  return rememberedOf(db).shared(key, () => lookUp(db, principal, key, filter, page))
}

async function lookUp (db: Db, principal: Principal, key: string, filter: LeadFilter, page: PageRequest): Promise<Page> {
  const now = db.clock.now()
  const { pages, leads } = rememberedOf(db)
  // Read before the rows: a change in between makes the next reading look again.
  const revision = await feedRevision(db.read, principal.participant_no)
  const hit = pages.get(key)
  if (hit !== undefined && hit.revision === revision && hit.fresh_until > now) return hit
  const [rows, { count, amount_fen, next_end }] = await together(
    pageOfLeads(db.read, principal.participant_no, filter, page.after, page.limit + 1, now), totalsOfLeads(db.read, principal.participant_no, filter, now))
  const { items, next_cursor } = pageOf('listLeads', principal, page, rows, row => row.lead_no)
  const shown = await shownOf(db.read, leads, items, now)
  const end = `],"next_cursor":${JSON.stringify(next_cursor)},"totals":{"count":${count},"amount":"${yuanOf(amount_fen)}"}}`
  const bytes = Buffer.concat([opening, ...shown.flatMap((lead, place) => place === 0 ? [lead.bytes] : [comma, lead.bytes]), Buffer.from(end)])
  const etag = sha256Hex(Buffer.from(shown.map(({ digest }) => digest).join() + end)).slice(0, etag_length)
  const fresh_until = shown.reduce((until, each) => each.until < until ? each.until : until, next_end)
  const made: KeptPage = { bytes, etag, revision, fresh_until }
  pages.keep(key, made)
  return made
}

const opening = Buffer.from('{"items":[')
const comma = Buffer.from(',')

/** Leads as they read now. */
async function shownOf (sql: ReadSql, leads: KeptBytes<KeptLead>, rows: readonly PageRow[], now: string): Promise<KeptLead[]> {
  const shown = new Map<string, KeptLead>()
  for (const { lead_no, version } of rows) {
    const kept = leads.get(lead_no)
    if (kept !== undefined && kept.version === version && kept.until > now) shown.set(lead_no, kept)
  }
  for (const lead of await findLeads(sql, rows.flatMap(({ lead_no }) => shown.has(lead_no) ? [] : lead_no))) {
    const { text, until } = leadNow(sql, lead, now)
    const bytes = Buffer.from(text)
    const made = { bytes, digest: sha256Hex(bytes), version: lead.version, until }
    leads.keep(lead.lead_no, made)
    shown.set(lead.lead_no, made)
  }
  return rows.flatMap(({ lead_no }) => shown.get(lead_no) ?? [])
}

/** Leads whose running stage is past due: an institution's own, MEIC sees all of them without any content. */
export async function overduePage (sql: ReadSql, principal: Principal, page: PageRequest, now: string) {
  const rows = await overdueLeads(sql, principal.role === 'MEIC' ? null : principal.participant_no, now, page.after, page.limit + 1)
  const { items, next_cursor } = pageOf('listOverdueLeads', principal, page, rows, row => row.lead_no)
  return {
    items: items.map(({ lead_no, need_no, recipient_no, recipient_kind, status, pushed_at, open_stage, open_due_at, pauses }) => ({
      lead_no, need_no, recipient_no, recipient_kind, status, pushed_at, stage: open_stage, due_at: open_due_at,
      overdue_by_ms: open_due_at === null ? 0 : instantMs(now) - instantMs(open_due_at), paused: pauses.some(({ to }) => to === null)
    })),
    next_cursor
  }
}

/**
 * Who got a need and how far they are. Senders and the enterprise see every recipient with its stage and no terms, and the clock of the
 * need over all of them; an institution learns about itself only.
 *
 * Errors: not_found
 */
export async function recipientsFor (db: Db, principal: Principal, need_no: string, now: string) {
  const sql = db.read
  const need = await findNeed(sql, need_no)
  if (need === undefined) throw notFound()
  const found = await recipientsOfNeed(sql, need_no)
  const all = found.map(({ recipient, lead }) => Object.assign(recipient, { stage: lead?.status ?? null, stage_since: lead?.updated_at ?? null }))
  const is_sender = (await sourcesOf(sql, need_no)).some(({ participant_no }) => participant_no === principal.participant_no)
  if (is_sender || (principal.role === 'ENTERPRISE' && principal.uscc === need.uscc)) return { items: all, clock: await needClock(db, found.flatMap(({ lead }) => lead ?? []), isEnd('need', need.status) ? need.updated_at : now) }
  if (!institutions.has(principal.role)) throw notFound()
  const own = all.filter(({ participant_no }) => participant_no === principal.participant_no)
  if (own.length > 0) return { items: own, clock: null }
  return { clock: null, items: [{
    need_no, participant_no: principal.participant_no, recipient_kind: principal.role, outcome: 'NOT_PAIRED', reason: not_paired.reason,
    reason_zh: not_paired.reason_zh, lead_no: null, decided_at: now, stage: null, stage_since: null
  }] }
}

const institutions: ReadonlySet<string> = new Set(['BANK', 'GUARANTOR', 'LESSOR', 'PARTNER_PLATFORM'])
