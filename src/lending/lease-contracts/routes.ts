import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { policiesOf } from '../../registry/policies/service.ts'
import { readingRoutes } from '../evidence/routes.ts'
import { LeaseContract, lease_contract_example, lease_contract_shown, NewLeaseContract } from './schema.ts'
import { acceptLeaseContract, shownLeaseContract } from './service.ts'
import { leaseContracts, type LeaseContractRow } from './store.ts'

const clause = 'A direct lease of renovation equipment. S2 (3): direct leases, including converted ones (直转回), are subsidised with 2 %.'

export function leaseContractRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'createLeaseContract',
    method: 'POST',
    path: '/v1/lease-contracts',
    summary: 'Submit a lease contract',
    summary_zh: '报送融资租赁合同',
    description: `${clause} Needs an active authorization with the scope CREDIT_CONTRACT. A correction (correction_of) takes over the rents; lines are derived anew.`,
    callers: ['LESSOR'],
    signed: true,
    body: NewLeaseContract,
    replies: { 201: LeaseContract, 200: LeaseContract },
    refuses: ['authorization_missing', 'authorization_not_active', 'duplicate_key', 'uscc_check_digit', 'project_code_invalid',
      'amount_not_positive', 'period_reversed', 'rate_too_high',
      'segments_reversed', 'segments_overlap', 'leaseback_refused', 'document_unknown', 'contract_unknown', 'state_conflict', 'rule_broken', 'balance_over_loan'],
    example: { request: lease_contract_example, reply: lease_contract_shown }
  }, async call => {
    const policies = await policiesOf(db)
    return call.decide(async (sql, now) => {
      const { row, is_new } = await acceptLeaseContract(sql, now, call.principal, call.body, policies)
      return { status: is_new ? 201 : 200, body: shownLeaseContract(row), version: row.version,
        headers: { location: `/v1/lease-contracts/${row.number}` } }
    })
  })

  readingRoutes<LeaseContractRow>(app, { db }, {
    path: 'lease-contracts', one: 'LeaseContract', many: 'LeaseContracts', english: 'lease contracts', chinese: '融资租赁合同',
      description: clause, store: leaseContracts,
    readers: ['LESSOR', 'ENTERPRISE'], schema: LeaseContract, example: lease_contract_shown, shown: shownLeaseContract
  })
}
