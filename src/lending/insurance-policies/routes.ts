import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { decisionRoute } from '../evidence/decision-routes.ts'
import { readingRoutes } from '../evidence/routes.ts'
import { heldFor } from '../evidence/store.ts'
import { InsurancePolicy, insurance_policy_example, insurance_policy_shown, NewInsurancePolicy } from './schema.ts'
import { acceptInsurancePolicy, history, shownInsurancePolicy } from './service.ts'
import { insurancePolicies, insurance_policies, type InsurancePolicyRow } from './store.ts'

const clause = 'An insurance policy with its paid premium. ' +
  'S2 (6), S3 (13): 80 % of the annual premium of first sets, first versions and renovation cost loss.'

export function insurancePolicyRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'createInsurancePolicy',
    method: 'POST',
    path: '/v1/insurance-policies',
    summary: 'Submit an insurance policy',
    summary_zh: '报送保单',
    description: `${clause} Needs an active authorization with the scope INSURANCE.`,
    callers: ['INSURER'],
    signed: true,
    body: NewInsurancePolicy,
    replies: { 201: InsurancePolicy, 200: InsurancePolicy },
    refuses: ['authorization_missing', 'authorization_not_active', 'duplicate_key', 'state_conflict', 'uscc_check_digit',
      'project_code_invalid', 'amount_not_positive', 'period_reversed',
      'paid_date_in_future', 'rate_too_high', 'document_unknown', 'voucher_unknown', 'rule_broken'],
    example: { request: insurance_policy_example, reply: insurance_policy_shown }
  }, async call => call.decide(async (sql, now) => {
    const { row, is_new } = await acceptInsurancePolicy(sql, now, call.principal, call.body)
    return { status: is_new ? 201 : 200, body: shownInsurancePolicy(row), version: row.version,
      headers: { location: `/v1/insurance-policies/${row.number}` } }
  }))

  readingRoutes<InsurancePolicyRow>(app, { db }, {
    path: 'insurance-policies', one: 'InsurancePolicy', many: 'InsurancePolicies', english: 'insurance policies', chinese: '保单',
      description: clause, store: insurancePolicies,
    readers: ['INSURER', 'ENTERPRISE'], watchers: ['MEIC'], schema: InsurancePolicy, example: insurance_policy_shown, shown: shownInsurancePolicy,
    readsOf: heldFor(insurance_policies)
  })

  decisionRoute(app, { db }, {
    path: 'insurance-policies', one: 'InsurancePolicy', english: 'an insurance policy', chinese: '保单', schema: InsurancePolicy, example: insurance_policy_shown, shown: shownInsurancePolicy,
    room: { store: insurancePolicies, event: 'insurance_policy', kind: 'PREMIUM', scope: 'INSURANCE', period: ({ paid_date }) => history({ paid_date }), takeBack: async () => true }
  })
}
