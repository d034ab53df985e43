import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { policiesOf } from '../../registry/policies/service.ts'
import type { ClaimsFiled } from '../claimed.ts'
import { readingRoutes } from '../evidence/routes.ts'
import { GuaranteeContract, guarantee_contract_example, guarantee_contract_shown, NewGuaranteeContract } from './schema.ts'
import { acceptGuaranteeContract, shownGuaranteeContract } from './service.ts'
import { guaranteeContracts, type GuaranteeContractRow } from './store.ts'

const clause = 'A guarantee behind a renovation loan. S1 5 (1): shares of risk; S2 (5): fee rate at most 1 %; S1 2 (2): household limit.'

export function guaranteeContractRoutes (app: FastifyInstance, { db }: { db: Db }, claims: ClaimsFiled): void {
  operation(app, { db }, {
    id: 'createGuaranteeContract',
    method: 'POST',
    path: '/v1/guarantee-contracts',
    summary: 'Submit a guarantee contract',
    summary_zh: '报送保证合同',
    description: `${clause} Beyond the household limit (in principle) it stands with a finding; a person answers it by override_reason. A correction (correction_of) takes over the fees; with release it ends the guarantee. Claims filed under it stay covered: principal, vintage and loan do not go away under them. Needs an active authorization with the scope GUARANTEE.`,
    callers: ['GUARANTOR'],
    signed: true,
    body: NewGuaranteeContract,
    replies: { 201: GuaranteeContract, 200: GuaranteeContract },
    refuses: ['authorization_missing', 'authorization_not_active', 'duplicate_key', 'uscc_check_digit', 'amount_not_positive',
      'period_reversed', 'contract_unknown',
      'amount_over_contract', 'document_unknown', 'rule_broken', 'state_conflict', 'claims_filed'],
    example: { request: guarantee_contract_example, reply: guarantee_contract_shown }
  }, async call => {
    const policies = await policiesOf(db)
    return call.decide(async (sql, now) => {
      const { row, is_new } = await acceptGuaranteeContract(sql, now, call.principal, call.body, policies, claims)
      return { status: is_new ? 201 : 200, body: shownGuaranteeContract(row), version: row.version,
        headers: { location: `/v1/guarantee-contracts/${row.number}` } }
    })
  })

  readingRoutes<GuaranteeContractRow>(app, { db }, {
    path: 'guarantee-contracts', one: 'GuaranteeContract', many: 'GuaranteeContracts', english: 'guarantee contracts', chinese: '保证合同',
      description: clause,
    store: guaranteeContracts, readers: ['GUARANTOR', 'ENTERPRISE'], schema: GuaranteeContract, example: guarantee_contract_shown,
      shown: shownGuaranteeContract
  })
}
