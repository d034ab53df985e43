/** Reading leads: pages as stored bytes, totals, what is overdue, and why an institution got a need or not. */
import { sha256Hex } from '../../db/canonical.ts'
import type { Db, ReadSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { pageOf, type PageRequest } from '../../http/paging.ts'
import { findNeed, sourcesOf } from '../../intake/financing-needs/store.ts'
import { instantMs } from '../../policy/calendar.ts'
import { isEnd } from '../../policy/lifecycle.ts'
import { yuanOf } from '../../policy/money.ts'
import { notFound } from '../../problem.ts'
import { not_paired } from './pairing.ts'
import { isFresh, joined, leadNow } from './rendering.ts'
import { feedRevision, findLeads, overdueLeads, pageOfLeads, recipientsOfNeed, totalsOfLeads, type LeadFilter, type PageRow } from './store.ts'
import { needClock } from './timing.ts'

/** The bytes of a page as they are sent. */
export interface Page { bytes: Buffer, etag: string }
interface KeptPage extends Page { revision: string, fresh_until: string }

const pages_bytes_max = 32 * 1024 * 1024
const etag_length = 32
const kept_pages = new WeakMap<Db, { pages: Map<string, KeptPage>, bytes: number }>()

/**
 * A page of the caller's own leads with its ETag. Everything that changes an institution's leads stands in its feed, so a
 * page stays right until the feed has moved on or the clock passes an instant at which a lead says something else.
 */
export async function leadPage (db: Db, principal: Principal, url: string, filter: LeadFilter, page: PageRequest, now: string): Promise<Page> {
  const key = `${principal.participant_no} ${principal.user_no ?? ''} ${url}`
  const kept = keptOf(db)
  // Read before the rows: a change in between makes the next reading look again.
  const revision = await feedRevision(db.read, principal.participant_no)
  const hit = kept.pages.get(key)
  if (hit !== undefined && hit.revision === revision && hit.fresh_until > now) return hit
  const rows = await pageOfLeads(db.read, principal.participant_no, filter, page.after, page.limit + 1, now)
  const { items, next_cursor } = pageOf('listLeads', principal, page, rows, row => row.lead_no)
  const { count, amount_fen, next_end } = await totalsOfLeads(db.read, principal.participant_no, filter, now)
  const shown = await shownOf(db.read, items, now)
  const texts = shown.map(({ text }) => text)
  const text = `{"items":[${texts.join(',')}],"next_cursor":${JSON.stringify(next_cursor)},"totals":{"count":${count},"amount":"${yuanOf(amount_fen)}"}}`
  const fresh_until = shown.reduce((until, each) => each.until < until ? each.until : until, next_end)
  const bytes = Buffer.from(text)
  const made: KeptPage = { bytes, etag: sha256Hex(bytes).slice(0, etag_length), revision, fresh_until }
  keep(kept, key, made)
  return made
}

/** Leads as they read now, each with the instant at which it says something else by itself. */
async function shownOf (sql: ReadSql, rows: readonly PageRow[], now: string): Promise<{ text: string, until: string }[]> {
  const stale = rows.filter(row => !isFresh(row, now)).map(({ lead_no }) => lead_no)
  const anew = new Map((await findLeads(sql, stale)).map(lead => [lead.lead_no, leadNow(sql, lead, now)]))
  return rows.map(row => anew.get(row.lead_no) ?? { text: joined(sql, row), until: row.fresh_until })
}

function keptOf (db: Db): { pages: Map<string, KeptPage>, bytes: number } {
  let kept = kept_pages.get(db)
  if (kept === undefined) kept_pages.set(db, kept = { pages: new Map(), bytes: 0 })
  return kept
}

/** The oldest pages make room for new ones. */
function keep (kept: { pages: Map<string, KeptPage>, bytes: number }, key: string, page: KeptPage): void {
  drop(kept, key)
  kept.pages.set(key, page)
  kept.bytes += page.bytes.length
  for (const oldest of kept.pages.keys()) {
    if (kept.bytes <= pages_bytes_max) return
    drop(kept, oldest)
  }
}

function drop (kept: { pages: Map<string, KeptPage>, bytes: number }, key: string): void {
  kept.bytes -= kept.pages.get(key)?.bytes.length ?? 0
  kept.pages.delete(key)
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
