/** Policies: read by everybody, proposed by a person of MEIC, confirmed by another. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { NewPolicyVersion, Policy, policy_examples, PolicyList, PolicyListQuery, PolicyOnQuery, PolicyParams, PolicyVersionParams } from './schema.ts'
import { codeOf, confirmVersion, forgetPolicies, listVersions, policyOn, proposeVersion } from './service.ts'

export function policyRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'listPolicies',
    method: 'GET',
    path: '/v1/policies',
    summary: 'List policy versions',
    summary_zh: '查询政策版本列表',
    description: 'Versions of all policies, also proposed ones. S1, S2, S3, S5.',
    callers: 'any',
    query: PolicyListQuery,
    replies: { 200: PolicyList },
    example: { reply: policy_examples.list }
  }, async call => {
    const page = pageRequest(call.spec.id, call.principal, call.query)
    const rows = await listVersions(db, call.query, page)
    return { status: 200, body: pageOf(call.spec.id, call.principal, page, rows, row => `${row.policy_code}/${row.version}`) }
  })

  operation(app, { db }, {
    id: 'getPolicy',
    method: 'GET',
    tagged: true,
    path: '/v1/policies/{policy_code}',
    summary: 'Show the version of a policy in force on a day',
    summary_zh: '查询某日有效的政策版本',
    description: 'Numbers, readings and clauses by which amounts of that day are computed. A day without a version in force is 404. S1, S2, S3, S5.',
    callers: 'any',
    params: PolicyParams,
    query: PolicyOnQuery,
    replies: { 200: Policy },
    example: { reply: policy_examples.one }
  }, async call => {
    const row = await policyOn(db, call.params.policy_code, call.query.on)
    return { status: 200, body: row, version: `${row.version}-${row.effective_to ?? 'open'}` }
  })

  operation(app, { db }, {
    id: 'proposePolicyVersion',
    method: 'POST',
    path: '/v1/policies/{policy_code}/versions',
    summary: 'Propose a version of a policy',
    summary_zh: '提出政策新版本',
    description: 'It begins today or later: what was paid under an earlier version stays. What is not named is taken over from the version in force before. ' +
      'It may be tried at once as draft_version of a quote; it rules only when another person has confirmed it. S2 last paragraph, S1 last paragraph: interpretation lies with MEIC.',
    callers: ['MEIC'],
    person: true,
    signed: true,
    params: PolicyParams,
    body: NewPolicyVersion,
    replies: { 201: Policy, 200: Policy },
    refuses: ['duplicate_key', 'period_overlap', 'period_reversed', 'policy_invalid', 'policy_unknown'],
    example: { request: policy_examples.proposal, reply: { ...policy_examples.one, ...policy_examples.proposed } }
  }, async call => {
    const policy_code = codeOf(call.params.policy_code)
    const { effective_to = null, supersedes = null, parameters = {}, clauses = {}, ...rest } = call.body
    return call.decide(async (sql, now) => {
      const { row, is_new } = await proposeVersion(sql, now, call.principal, policy_code, { ...rest, effective_to, supersedes, parameters, clauses })
      return { status: is_new ? 201 : 200, body: row, headers: { location: `/v1/policies/${policy_code}?on=${row.effective_from}` } }
    })
  })

  operation(app, { db }, {
    id: 'confirmPolicyVersion',
    method: 'POST',
    path: '/v1/policies/{policy_code}/versions/{version}/confirm',
    summary: 'Confirm a proposed version',
    summary_zh: '确认政策新版本',
    description: 'By another person than the one who proposed it. The version it supersedes ends the day before it begins; one that is not in force yet is REPLACED where the new one begins ' +
      'on its first day, for nothing rests on it. S2 last paragraph.',
    callers: ['MEIC'],
    person: true,
    signed: true,
    params: PolicyVersionParams,
    replies: { 200: Policy },
    refuses: ['own_work', 'state_conflict', 'period_overlap', 'policy_invalid', 'policy_unknown'],
    example: { reply: { ...policy_examples.one, ...policy_examples.confirmed } }
  }, async call => {
    const policy_code = codeOf(call.params.policy_code)
    const answer = await call.decide(async (sql, now) => ({ status: 200, body: await confirmVersion(sql, now, call.principal, policy_code, call.params.version) }))
    forgetPolicies(db)
    return answer
  })
}
