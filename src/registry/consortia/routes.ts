/** Consortia over HTTP. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { checkVersion, operation, type Answer } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import type { Principal } from '../../http/access.ts'
import type { WriteSql } from '../../db/db.ts'
import {
  consortium_examples, ConsortiumActivation, ConsortiumChange, ConsortiumList, ConsortiumListQuery, ConsortiumParams, ConsortiumReview, ConsortiumSchema, ConsortiumTermination, NewConsortium
} from './schema.ts'
import { activate, applyFor, review, terminate, type Seen } from './service.ts'
import { changeConsortium, getConsortium, listSeen, viewOf } from './views.ts'

const member_refusals = ['consortium_incomplete', 'participant_unknown', 'guarantor_not_government', 'consortium_bank_limit', 'period_reversed'] as const

async function answerOf (sql: WriteSql, principal: Principal, now: string, seen: Seen, status = 200): Promise<Answer> {
  const [body] = await viewOf(sql, principal, now, [seen])
  return { status, body, version: seen.row.version, headers: { location: `/v1/consortia/${seen.row.consortium_no}` } }
}

export function consortiumRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'applyForConsortium',
    method: 'POST',
    path: '/v1/consortia',
    summary: 'Apply for a consortium',
    summary_zh: '申报联合体',
    description: 'A park, banks and government guarantors apply together; the applicant is one of them, or a person of MEIC or the operator enters it. ' +
      'Another one named that sends the same application agrees to it (200); where it was changed, as it reads now. Without a park, banks and guarantors apply to become cooperating institutions. ' +
      'In principle at most two banks per park, unless a person of MEIC gives override_reason. S1 三(一)1, 四(一)(二).',
    callers: ['PARK', 'BANK', 'GUARANTOR', 'PLATFORM_OPERATOR', 'MEIC'],
    body: NewConsortium,
    replies: { 201: ConsortiumSchema, 200: ConsortiumSchema },
    refuses: [...member_refusals, 'applicant_not_member', 'person_required'],
    example: { request: consortium_examples.request, reply: consortium_examples.reply }
  }, async call => call.decide(async (sql, now) => {
    const seen = await applyFor(sql, now, call.principal, call.body)
    return answerOf(sql, call.principal, now, seen, seen.is_new ? 201 : 200)
  }))

  operation(app, { db }, {
    id: 'listConsortia',
    method: 'GET',
    path: '/v1/consortia',
    summary: 'List consortia',
    summary_zh: '查询联合体名单',
    description: 'The published list for every login; what was applied for, proposed or decided only for members, MEIC and the operator. S1 四(二).',
    callers: 'any',
    query: ConsortiumListQuery,
    replies: { 200: ConsortiumList },
    example: { reply: { items: [consortium_examples.active], next_cursor: null } }
  }, async call => {
    const page = pageRequest(call.spec.id, call.principal, call.query)
    return { status: 200, body: pageOf(call.spec.id, call.principal, page, await listSeen(db, call.principal, call.query, page), each => each.consortium_no) }
  })

  operation(app, { db }, {
    id: 'getConsortium',
    method: 'GET',
    tagged: true,
    path: '/v1/consortia/{consortium_no}',
    summary: 'Show a consortium',
    summary_zh: '查询联合体',
    description: 'As the list. S1 四(二).',
    callers: 'any',
    params: ConsortiumParams,
    replies: { 200: ConsortiumSchema },
    example: { reply: consortium_examples.active }
  }, async call => {
    const body = await getConsortium(db, call.principal, call.params.consortium_no)
    return { status: 200, body, ...(body === undefined ? {} : { version: body.version }) }
  })

  operation(app, { db }, {
    id: 'changeConsortium',
    method: 'PATCH',
    path: '/v1/consortia/{consortium_no}',
    summary: 'Change members or term',
    summary_zh: '调整联合体成员或期限',
    description: 'Before the review at once. In force: who leaves is out at once; who joins, and a longer term, wait as `proposed` (ADJUSTED) until another person of MEIC activates them. S1 四(二): 动态调整.',
    callers: ['PLATFORM_OPERATOR', 'MEIC'],
    person: true,
    versioned: true,
    params: ConsortiumParams,
    body: ConsortiumChange,
    replies: { 200: ConsortiumSchema },
    refuses: [...member_refusals, 'state_conflict'],
    example: { request: { banks: ['bank-1'] }, reply: consortium_examples.active }
  }, async call => ({
    status: 200, ...await changeConsortium(db, call.principal, call.params.consortium_no, version => checkVersion(call.if_match, version), call.body)
  }))

  operation(app, { db }, {
    id: 'reviewConsortium',
    method: 'POST',
    path: '/v1/consortia/{consortium_no}/review',
    summary: 'Record the review of an application',
    summary_zh: '登记联合体评审结果',
    description: 'MEIC reviews with the other departments. SELECTED is for another person to confirm, who activates it and so puts it on the list. S1 四(二).',
    callers: ['MEIC'],
    person: true,
    params: ConsortiumParams,
    body: ConsortiumReview,
    replies: { 200: ConsortiumSchema },
    refuses: ['state_conflict'],
    example: { request: { outcome: 'SELECTED', reason: 'Clear targets, sound guarantor' }, reply: consortium_examples.reviewed }
  }, async call => call.decide(async (sql, now) =>
    answerOf(sql, call.principal, now, await review(sql, now, call.principal, call.params.consortium_no, call.body.outcome, call.body.reason))))

  operation(app, { db }, {
    id: 'activateConsortium',
    method: 'POST',
    path: '/v1/consortia/{consortium_no}/activate',
    summary: 'Put a selected consortium or a proposed change into force',
    summary_zh: '启用联合体或确认成员调整',
    description: 'By another person of MEIC than the one who reviewed or proposed it. From then on it is on the published list, and needs of the park are pushed to its members; ' +
      'institutions without a park are on the list and pair with nobody. Nor by whose earlier proposal it goes on from. S1 四(一)(二), 四(三)1.',
    callers: ['MEIC'],
    person: true,
    signed: true,
    params: ConsortiumParams,
    body: ConsortiumActivation,
    replies: { 200: ConsortiumSchema },
    refuses: [...member_refusals, 'own_work', 'state_conflict', 'changed_since'],
    example: { request: { agreement_date: '2026-03-20', version: 3 }, reply: consortium_examples.active }
  }, async call => call.decide(async (sql, now) => answerOf(sql, call.principal, now, await activate(sql, now, call.principal, call.params.consortium_no, call.body))))

  operation(app, { db }, {
    id: 'terminateConsortium',
    method: 'POST',
    path: '/v1/consortia/{consortium_no}/terminate',
    summary: 'End a consortium',
    summary_zh: '终止联合体',
    description: 'At once nothing is pushed to its members any more; existing loans, vouchers and claims go on. S1 四(二).',
    callers: ['PLATFORM_OPERATOR', 'MEIC'],
    person: true,
    params: ConsortiumParams,
    body: ConsortiumTermination,
    replies: { 200: ConsortiumSchema },
    refuses: ['state_conflict'],
    example: { request: { reason: 'The park withdrew' }, reply: consortium_examples.terminated }
  }, async call => call.decide(async (sql, now) => answerOf(sql, call.principal, now, await terminate(sql, now, call.principal, call.params.consortium_no, call.body.reason))))
}
