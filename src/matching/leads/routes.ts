/** Operations on leads, and why an institution got a need or not. */
import type { FastifyInstance } from 'fastify'
import type { Static } from 'typebox'
import type { Db } from '../../db/db.ts'
import { answeredToday, frozen, operation } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { instantMs, instantOf } from '../../policy/calendar.ts'
import { LEAD_LIFE } from '../../policy/lifecycle.ts'
import { fenOf } from '../../policy/money.ts'
import { sha256Hex } from '../../db/canonical.ts'
import type { PartnerStatuses } from '../../config.ts'
import { answerOf, partnerWords } from './answers.ts'
import { event_example, lead_example, new_event_example, need_clock_example, overdue_example, recipient_example } from './examples.ts'
import { leadPage, overduePage, recipientsFor } from './reading.ts'
import { leadText } from './rendering.ts'
import {
  LeadEventPage, LeadEventQuery, LeadPage, LeadParams, LeadQuery, LeadSchema, NeedParams, NewLeadEvent, OverduePage, RecipientPage, RecordedLeadEvent
} from './schema.ts'
import { ownLead, recordEvent, withoutContent, type MatchingHooks } from './service.ts'
import { eventsOfLead, type LeadEventRow, type LeadFilter } from './store.ts'
import { timingOf } from './timing.ts'

const recipients = ['BANK', 'GUARANTOR', 'LESSOR', 'PARTNER_PLATFORM'] as const
const etag_length = 32

function filterOf (query: Static<typeof LeadQuery>): LeadFilter {
  const { status, district, purpose_code, amount_min, amount_max, tag, fast_track, project_stage, cluster, uscc, updated_since } = query
  return {
    status, district, purpose_code, tag, fast_track, project_stage, cluster, uscc,
    amount_min_fen: amount_min === undefined ? undefined : fenOf(amount_min),
    amount_max_fen: amount_max === undefined ? undefined : fenOf(amount_max),
    updated_since: updated_since === undefined ? undefined : instantOf(instantMs(updated_since))
  }
}

function shown ({ lead_event_no, lead_no, type, occurred_at, recorded_at, actor_user, overdue, content }: LeadEventRow) {
  return { lead_event_no, lead_no, type, occurred_at, recorded_at, user_no: actor_user, overdue, ...content }
}

export function leadRoutes (app: FastifyInstance, { db }: { db: Db }, hooks: MatchingHooks, statuses: PartnerStatuses): void {
  const words = partnerWords(statuses)
  operation(app, { db }, {
    id: 'listLeads',
    method: 'GET',
    tagged: true,
    path: '/v1/leads',
    summary: 'Read the inbox of leads',
    summary_zh: '查询融资需求线索',
    description: 'The caller’s own leads, newest first, with totals over the filter. The page has an ETag: unchanged, it costs nothing. S1 四(三)3: information ' +
      'is pushed to paired banks and guarantors.',
    callers: recipients,
    query: LeadQuery,
    replies: { 200: LeadPage },
    example: { reply: { items: [lead_example], next_cursor: null, totals: { count: 1, amount: '5000000.00' } } }
  }, async ({ principal, query, request }) => {
    const page = pageRequest('listLeads', principal, query)
    const { bytes, etag } = await leadPage(db, principal, request.url, filterOf(query), page)
    return { status: 200, body: bytes, version: etag, headers: { 'content-type': 'application/json; charset=utf-8' } }
  })

  operation(app, { db }, {
    id: 'listOverdueLeads',
    method: 'GET',
    path: '/v1/leads/overdue',
    summary: 'List leads past their due day',
    summary_zh: '查询超期线索',
    description: 'Leads whose running stage of the "3个1" clock is late: an institution’s own; MEIC sees those of all, without content. S2 (十五).',
    callers: [...recipients, 'MEIC'],
    query: LeadEventQuery,
    replies: { 200: OverduePage },
    example: { reply: { items: [overdue_example], next_cursor: null } }
  }, async ({ principal, query, now }) => ({
    status: 200, body: await overduePage(db.read, principal, pageRequest('listOverdueLeads', principal, query), now)
  }))

  operation(app, { db }, {
    id: 'getLead',
    method: 'GET',
    tagged: true,
    path: '/v1/leads/{lead_no}',
    summary: 'Show a lead',
    summary_zh: '查询线索',
    description: 'What was released, frozen at the push, with the state of the clock. After withdrawal of the authorization only number, status and times are left. S1 四(三)3.',
    callers: recipients,
    params: LeadParams,
    replies: { 200: LeadSchema },
    example: { reply: lead_example }
  }, async ({ principal, params, now }) => {
    const text = leadText(db.read, await ownLead(db.read, principal, params.lead_no), now)
    return { status: 200, body: frozen(text), version: sha256Hex(text).slice(0, etag_length) }
  })

  operation(app, { db }, {
    id: 'recordLeadEvent',
    method: 'POST',
    path: '/v1/leads/{lead_no}/events',
    summary: 'Report what happened with a lead',
    summary_zh: '反馈线索进展',
    description: 'Contact within one working day, plan and approval within a week, disbursement within a week. Steps may be skipped forward; approval and refusal need ' +
      'contact, disbursement needs approval. What comes late is taken and marked overdue. A drawdown number is reported once: the same again answers with the ' +
      'first report. A partner platform may send its own word as `partner_status`, which the operator\'s table turns into a type. ' +
      'The whole life stands in `x-state-machine`: an event is in place when its `needs` was reported and its `to` follows the state; one of `taken_late` that was skipped is taken and ' +
      'moves nothing back; what is out of place is refused with the events that are in place. S2 (十五) “3个1”限时办结; 平台对接.',
    callers: recipients,
    confidential: true,
    params: LeadParams,
    body: NewLeadEvent,
    extensions: { 'x-state-machine': LEAD_LIFE },
    replies: { 201: RecordedLeadEvent, 200: RecordedLeadEvent },
    refuses: ['state_conflict', 'duplicate_key', 'occurred_out_of_range', 'stage_order', 'rate_too_high', 'rule_broken', 'document_unknown', 'partner_status_unknown'],
    example: { request: new_event_example, reply: { ...event_example, status: 'CONTACTED' } }
  }, async call => {
    const terms = await timingOf(db)
    const sent = answerOf(call.body, words[call.principal.participant_no])
    const answer = await call.decide(async (sql, now) => {
      const { row, status, is_new } = await recordEvent(sql, now, call.principal, call.params.lead_no, sent, terms, hooks)
      return { status: is_new ? 201 : 200, body: { ...shown(row), status }, headers: { location: `/v1/leads/${row.lead_no}/events` } }
    })
    return answeredToday(answer, async ({ lead_event_no, lead_no, type, occurred_at, recorded_at, user_no, overdue, status }) =>
      (await ownLead(db.read, call.principal, String(lead_no))).content_until > call.now ? null
        : { lead_event_no, lead_no, type, occurred_at, recorded_at, user_no, overdue, status })
  })

  operation(app, { db }, {
    id: 'listLeadEvents',
    method: 'GET',
    path: '/v1/leads/{lead_no}/events',
    summary: 'List what happened with a lead',
    summary_zh: '查询线索进展',
    description: 'The caller’s own reports, in the order they came; once the lead’s content may no longer be read, without persons and terms. S2 (十五).',
    callers: recipients,
    params: LeadParams,
    query: LeadEventQuery,
    replies: { 200: LeadEventPage },
    example: { reply: { items: [event_example], next_cursor: null } }
  }, async ({ principal, params, query, now }) => {
    const lead = await ownLead(db.read, principal, params.lead_no)
    const operation_id = `listLeadEvents ${params.lead_no}`
    const page = pageRequest(operation_id, principal, query)
    const rows = await eventsOfLead(db.read, params.lead_no, page.after, page.limit + 1)
    const { items, next_cursor } = pageOf(operation_id, principal, page, rows, row => row.lead_event_no)
    return { status: 200, body: { items: items.map(row => shown(lead.content_until <= now ? withoutContent(row) : row)), next_cursor } }
  })

  operation(app, { db }, {
    id: 'listNeedRecipients',
    method: 'GET',
    path: '/v1/financing-needs/{need_no}/recipients',
    summary: 'Show who got a need, and why',
    summary_zh: '查询需求推送对象及原因',
    description: 'Senders and the enterprise see every institution that was considered, with its stage and without its terms; an institution learns why it got the need ' +
      'or why not, about itself only. The clock of the need counts what the first bank did, or the first institution, as the policy in force says. S1 四(三)3, S2 (十五); A-22.',
    callers: ['PARK', 'ENTERPRISE', ...recipients],
    params: NeedParams,
    replies: { 200: RecipientPage },
    example: { reply: { items: [recipient_example], clock: need_clock_example, next_cursor: null } }
  }, async ({ principal, params, now }) => ({ status: 200, body: { ...await recipientsFor(db, principal, params.need_no, now), next_cursor: null } }))
}
