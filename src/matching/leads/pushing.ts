/**
 * The matching loop: takes needs, decides who gets them, freezes what is released and keeps why.
 * Source: S1 四(三)3 (to paired banks and guarantors, with the enterprise's authorization); contract §5; design D8, D9.
 */
import { setImmediate } from 'node:timers/promises'
import { newNo } from '../../clock.ts'
import type { Db, WriteSql } from '../../db/db.ts'
import type { Authorization } from '../../intake/authorizations/store.ts'
import { advanceNeeds, matchedAgain, needsToMatch, needsToMatchAgain, type Need } from '../../intake/financing-needs/store.ts'
import { append, the_hub, type NewEvent } from '../../journal/events.ts'
import { beijingDate, endOfBeijingDay, instantMs, instantOf } from '../../policy/calendar.ts'
import { yuanOf } from '../../policy/money.ts'
import { addDays } from '../../policy/period.ts'
import { freeze, type Frozen, type Releasable } from './disclosure.ts'
import { factsOf, projectKey, type Facts } from './facts.ts'
import { decide, type Decision } from './pairing.ts'
import { headOf, readingOf, type Reading } from './rendering.ts'
import { dueDates, runningStage, type Timed, type TimingTerms } from './stages.ts'
import { insertLeads, keepRecipients, pushedBefore, type Lead, type NeedRecipient } from './store.ts'
import { timingOf } from './timing.ts'

/** With three recipients a need a unit is about 25 ms of work; others get a turn between its parts. */
export const needs_per_unit_max = 50
const lead_days = 90
const day_ms = 86_400_000

/** Matches a bounded number of needs. @returns how many were looked at */
export async function matchNeeds (db: Db): Promise<number> {
  const waiting = [...await needsToMatch(db.read, 1), ...await needsToMatchAgain(db.read, 1)]
  if (waiting.length === 0) return 0
  const terms = await timingOf(db)
  return db.write(async (sql, now) => {
    const fresh = await needsToMatch(sql, needs_per_unit_max)
    const again = fresh.length < needs_per_unit_max ? await needsToMatchAgain(sql, needs_per_unit_max - fresh.length) : []
    await push(sql, now, [...fresh, ...again], terms)
    await matchedAgain(sql, again.map(({ need_no }) => need_no))
    return fresh.length + again.length
  })
}

async function push (sql: WriteSql, now: string, needs: readonly Need[], terms: TimingTerms): Promise<void> {
  if (needs.length === 0) return
  const day = beijingDate(now)
  const facts = await factsOf(sql, needs, day)
  await setImmediate()
  const start = startOf(now, terms)
  const had = new Set((await pushedBefore(sql, needs.map(({ need_no }) => need_no))).map(({ need_no, recipient_no, authorization_no, status }) =>
    `${need_no} ${recipient_no}${status === 'WITHDRAWN' ? ` ${authorization_no}` : ''}`))
  const leads: Lead[] = []
  const recipients: NeedRecipient[] = []
  const news: NewEvent[] = []
  const served = new Set<string>()
  for (const need of needs) {
    const releasable = releasableOf(need, facts, day)
    const frozen_by = new Map<string, Frozen>()
    for (const decision of decide(need, facts, day)) {
      const { authorization } = decision
      // After a withdrawal a need may go out again under another authorization, never under the same one.
      const pair = `${need.need_no} ${decision.participant_no}`
      if (had.has(pair) || had.has(`${pair} ${authorization?.authorization_no ?? ''}`)) continue
      let lead: Lead | null = null
      if (authorization !== null) {
        let frozen = frozen_by.get(authorization.authorization_no)
        if (frozen === undefined) {
          frozen = freeze(releasable, new Set(authorization.scopes), need)
          frozen_by.set(authorization.authorization_no, frozen)
        }
        lead = leadOf(need, decision, authorization, frozen, releasable, now, start)
        leads.push(lead)
        served.add(need.need_no)
        news.push({
          type: 'lead.pushed', subject: lead.lead_no, actor: the_hub, audience: [lead.recipient_no], authorization_no: lead.authorization_no,
          data: { need_no: need.need_no, recipient_kind: lead.recipient_kind, digest: lead.disclosure_digest, contact_due_date: lead.contact_due_date }
        })
      }
      recipients.push({
        need_no: need.need_no, participant_no: decision.participant_no, recipient_kind: decision.recipient_kind, outcome: decision.outcome,
        reason: decision.reason.reason, reason_zh: decision.reason.reason_zh, lead_no: lead?.lead_no ?? null, decided_at: now
      })
    }
  }
  await setImmediate()
  await insertLeads(sql, leads)
  await keepRecipients(sql, recipients)
  await setImmediate()
  await append(sql, now, ...news)
  await advanceNeeds(sql, needs.flatMap(({ need_no }) => served.has(need_no) ? [] : need_no), ['SUBMITTED'], 'MATCHED', now)
  const pushed = new Set(await advanceNeeds(sql, [...served], ['SUBMITTED', 'MATCHED'], 'PUSHED', now))
  await append(sql, now, ...needs.filter(({ need_no, status }) => pushed.has(need_no) || status === 'SUBMITTED').map(({ need_no, authorization_no }): NewEvent => ({
    type: pushed.has(need_no) ? 'financing_need.pushed' : 'financing_need.matched', subject: need_no, actor: the_hub,
    audience: facts.senders.get(need_no) ?? [], authorization_no,
    data: { recipients: leads.filter(lead => lead.need_no === need_no).length }
  })))
}

/** The clock of everything that is pushed at one instant. */
interface Start { timed: Timed, reading: Reading }

function startOf (now: string, terms: TimingTerms): Start {
  const before = {
    pushed_at: now, status: 'PUSHED' as const, ended_at: null, contacted_at: null, decided_at: null, approved_at: null, disbursed_at: null, pauses: [],
    ...dueDates({ pushed_at: now, contacted_at: null, approved_at: null }, terms)
  }
  const timed = { ...before, ...runningStage(before, { open_stage: null, reminded: 0 }, terms) }
  return { timed, reading: readingOf(timed, now) }
}

/** All a need could disclose, with who said it: the need's own door first, then what the hub holds of the enterprise. */
function releasableOf (need: Need, facts: Facts, day: string): Releasable {
  const enterprise = facts.enterprises.get(need.uscc)
  const project = need.project_code === null ? undefined : facts.projects.get(projectKey(need.uscc, need.project_code))
  const of_need = <V>(value: V) => ({ value, source: need.sender_no })
  const of_enterprise = <V>(value: V) => ({ value, source: enterprise?.source_no ?? null })
  const tags = (enterprise?.tags ?? []).filter(({ valid_from, valid_to }) => (valid_from === null || valid_from <= day) && (valid_to === null || day < valid_to))
  return {
    ENTERPRISE_BASIC: {
      uscc: of_need(need.uscc),
      name: of_enterprise(enterprise?.name ?? null),
      region_code: need.region_code === null ? of_enterprise(enterprise?.region_code ?? null) : of_need(need.region_code),
      industry_code: of_enterprise(enterprise?.industry_code ?? null),
      size_class: of_enterprise(enterprise?.size_class ?? null),
      tags: { value: tags.map(({ tag }) => tag), source: tags[0]?.source ?? enterprise?.source_no ?? null }
    },
    FINANCING_NEED: {
      amount: of_need(yuanOf(need.amount_fen)),
      term_months: of_need(need.term_months),
      purpose: of_need(need.purpose_text),
      purpose_code: of_need(need.purpose_code),
      demand_date: of_need(need.demand_date),
      wants_guarantee: of_need(need.wants_guarantee),
      wants_lease: of_need(need.wants_lease),
      contact_name: of_enterprise(enterprise?.contact_name ?? null),
      contact_phone: of_enterprise(enterprise?.contact_phone ?? null)
    },
    PROJECT: {
      project_code: of_need(need.project_code),
      project_name: of_need(project?.name ?? need.project_name),
      investment: of_need(project === undefined || project.total_investment_fen === null ? null : yuanOf(project.total_investment_fen)),
      project_stage: of_need(project?.stage ?? null),
      cluster: of_need(project?.cluster ?? null)
    }
  }
}

function leadOf (
  need: Need, decision: Decision, authorization: Authorization, frozen: Frozen, releasable: Releasable, now: string, { timed, reading }: Start
): Lead {
  const basic = authorization.scopes.includes('ENTERPRISE_BASIC')
  const authorization_until = endOfBeijingDay(addDays(authorization.valid_to, -1))
  const offered_until = instantOf(instantMs(now) + lead_days * day_ms)
  const until = offered_until < authorization_until ? offered_until : authorization_until
  const of_project = authorization.scopes.includes('PROJECT')
  const { ENTERPRISE_BASIC: { region_code, tags }, PROJECT } = releasable
  const moving = {
    ...timed, pauses: [], lead_no: newNo('lead'), need_no: need.need_no, recipient_kind: decision.recipient_kind, expires_at: until, content_until: until,
    authorization_no: authorization.authorization_no, disclosure_digest: frozen.digest, fields_released: frozen.fields_released, version: 1, updated_at: now
  }
  return {
    ...moving,
    recipient_no: decision.participant_no,
    uscc: need.uscc,
    project_code: need.project_code,
    authorization_until,
    amount_fen: need.amount_fen,
    purpose_code: need.purpose_code,
    shown_uscc: basic ? need.uscc : null,
    region_code: basic ? region_code.value as string | null : null,
    tags: basic ? `,${(tags.value as readonly string[]).join(',')},` : '',
    fast_track: need.fast_track,
    project_stage: of_project ? PROJECT.project_stage.value as string | null : null,
    cluster: of_project ? PROJECT.cluster.value as string | null : null,
    disclosure: frozen.text,
    flat: frozen.flat,
    personal: frozen.personal === null ? null : JSON.stringify(frozen.personal),
    reason: decision.reason,
    ...headOf(moving, now, reading)
  }
}
