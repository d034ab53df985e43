/** Operations on financing needs. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { answeredToday, operation } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { yuanOf } from '../../policy/money.ts'
import { no_hooks, type IntakeHooks } from '../hooks.ts'
import {
  BatchAnswer, batch_example, NeedBatch, need_example, NeedPage, NeedParams, NeedQuery, NeedSchema, NeedWithdrawal, NewNeed, new_need_example
} from './schema.ts'
import { filterFrom, ownUscc, readNeed, submitBatch, submitNeed, withdrawNeed } from './service.ts'
import { listNeeds, totalsOf, type NeedView } from './store.ts'

const senders = ['PARK', 'ENTERPRISE', 'PARTNER_PLATFORM'] as const

const no_wishes = { expected_rate_pct: null, collateral_offer: [], preferred_banks: [], existing_bank_debt: null }

/** A need on the wire. After a withdrawal its content is shown to nobody but the enterprise itself. */
function shown (view: NeedView, of_enterprise: boolean) {
  const { amount_fen, purpose_text, status, tags: _tags, content_digest: _digest, participant_no: _participant, wishes, remarks, ...rest } = view
  if (status === 'WITHDRAWN' && !of_enterprise) {
    return {
      ...rest, status, amount: null, term_months: null, purpose: null, purpose_code: null, demand_date: null, project_code: null, project_name: null,
      region_code: null, fast_track: null, unknown_rules: [], purpose_text: null, expected_date: null, park_code: rest.park_no, ...no_wishes, findings: []
    }
  }
  return {
    ...rest, status, amount: yuanOf(amount_fen), purpose: purpose_text, purpose_text, expected_date: rest.demand_date, park_code: rest.park_no, ...(wishes ?? no_wishes),
    findings: remarks ?? []
  }
}

export function financingNeedRoutes (app: FastifyInstance, { db }: { db: Db }, hooks: IntakeHooks = no_hooks): void {
  operation(app, { db }, {
    id: 'submitFinancingNeed',
    method: 'POST',
    path: '/v1/financing-needs',
    summary: 'Submit a financing need',
    summary_zh: '提交融资需求',
    description: 'Amount, term and purpose under an authorization of the enterprise; an enterprise may authorise with the same request. What another door brought ' +
      'already is merged into one need. S1 四(三)2: parks push needs, enterprises apply themselves.',
    callers: senders,
    body: NewNeed,
    replies: { 201: NeedSchema, 200: NeedSchema },
    refuses: ['authorization_missing', 'authorization_not_active', 'duplicate_key', 'uscc_check_digit', 'project_code_invalid', 'period_reversed', 'rule_broken'],
    example: { request: new_need_example, reply: need_example }
  }, async call => {
    const of_enterprise = ownUscc(call.principal) !== null
    const answer = await call.decide(async (sql, now) => {
      const { view, created } = await submitNeed(sql, now, call.principal, call.body, hooks)
      return { status: created ? 201 : 200, body: shown(view, of_enterprise), version: view.version, headers: { location: `/v1/financing-needs/${view.need_no}` } }
    })
    return answeredToday(answer, async ({ need_no }) => {
      const view = await readNeed(db.read, call.principal, String(need_no))
      return view.status === 'WITHDRAWN' ? shown(view, of_enterprise) : null
    })
  })

  operation(app, { db }, {
    id: 'listFinancingNeeds',
    method: 'GET',
    path: '/v1/financing-needs',
    summary: 'Screen financing needs',
    summary_zh: '筛选融资需求',
    description: 'What the caller sent; an enterprise sees every need of its own. `totals` counts the whole selection. S1 四(三)2.',
    callers: senders,
    query: NeedQuery,
    replies: { 200: NeedPage },
    example: { reply: { items: [need_example], next_cursor: null, totals: { count: 1, amount: '5000000.00' } } }
  }, async ({ principal, query, now }) => {
    const page = pageRequest('listFinancingNeeds', principal, query)
    const filter = filterFrom(principal, query, now)
    const { items, next_cursor } = pageOf('listFinancingNeeds', principal, page, await listNeeds(db.read, filter, page.after, page.limit + 1), view => view.need_no)
    const { count, amount_fen } = await totalsOf(db.read, filter)
    const of_enterprise = ownUscc(principal) !== null
    return { status: 200, body: { items: items.map(view => shown(view, of_enterprise)), next_cursor, totals: { count, amount: yuanOf(amount_fen) } } }
  })

  operation(app, { db }, {
    id: 'submitFinancingNeedBatch',
    method: 'POST',
    path: '/v1/financing-needs/batches',
    summary: 'Submit many financing needs',
    summary_zh: '批量提交融资需求',
    description: 'Up to 5000 needs, each decided for itself; a repeated batch answers the first result. S1 四(三)2: parks push needs in batch.',
    callers: ['PARK', 'PARTNER_PLATFORM'],
    body: NeedBatch,
    replies: { 201: BatchAnswer, 200: BatchAnswer },
    refuses: ['duplicate_key', 'rule_broken'],
    example: batch_example
  }, async call => call.decide(async (sql, now) => {
    const { answer, created } = await submitBatch(sql, now, call.principal, call.body, hooks)
    return { status: created ? 201 : 200, body: answer }
  }))

  operation(app, { db }, {
    id: 'getFinancingNeed',
    method: 'GET',
    tagged: true,
    path: '/v1/financing-needs/{need_no}',
    summary: 'Show a financing need',
    summary_zh: '查询融资需求',
    description: 'For its sender and its enterprise. S1 四(三)2.',
    callers: senders,
    params: NeedParams,
    replies: { 200: NeedSchema },
    example: { reply: need_example }
  }, async ({ principal, params }) => {
    const view = await readNeed(db.read, principal, params.need_no)
    return { status: 200, body: shown(view, ownUscc(principal) !== null), version: view.version }
  })

  operation(app, { db }, {
    id: 'withdrawFinancingNeed',
    method: 'POST',
    path: '/v1/financing-needs/{need_no}/withdraw',
    summary: 'Withdraw a financing need',
    summary_zh: '撤回融资需求',
    description: 'By its sender, or by the enterprise for everybody. Final; a second withdrawal answers the same. S1 四(三)2.',
    callers: senders,
    params: NeedParams,
    body: NeedWithdrawal,
    replies: { 200: NeedSchema },
    refuses: ['state_conflict'],
    example: { request: { reason: '已自筹资金' }, reply: { ...need_example, status: 'WITHDRAWN', version: 2 } }
  }, async call => call.decide(async (sql, now) => {
    const view = await withdrawNeed(sql, now, call.principal, call.params.need_no, call.body.reason ?? null, hooks)
    return { status: 200, body: shown(view, ownUscc(call.principal) !== null), version: view.version }
  }))
}
