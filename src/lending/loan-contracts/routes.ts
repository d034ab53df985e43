import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { readingRoutes } from '../evidence/routes.ts'
import { guaranteedLoans } from '../guarantee-contracts/store.ts'
import { LoanContract, loan_contract_example, loan_contract_shown, NewLoanContract } from './schema.ts'
import { acceptLoanContract, shownLoanContract } from './service.ts'
import { amongLoans, loanContracts, type LoanContractRow } from './store.ts'

const clause = 'S2 (13): the institution submits the contract, the enterprise nothing; S2 (1): the whole project loan without land.'

export function loanContractRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'createLoanContract',
    method: 'POST',
    path: '/v1/loan-contracts',
    summary: 'Submit a loan contract',
    summary_zh: '报送借款合同',
    description: `A loan of this bank for a renovation project. ${clause} Needs an active authorization with the scope CREDIT_CONTRACT. A correction (correction_of) takes over what was drawn, paid and guaranteed; lines are derived anew.`,
    callers: ['BANK'],
    signed: true,
    body: NewLoanContract,
    replies: { 201: LoanContract, 200: LoanContract },
    refuses: ['authorization_missing', 'authorization_not_active', 'duplicate_key', 'uscc_check_digit', 'project_code_invalid',
      'amount_not_positive', 'land_over_amount', 'period_reversed', 'rate_too_high', 'document_unknown', 'lead_unknown', 'contract_unknown',
      'state_conflict', 'rule_broken', 'amount_over_contract', 'share_over_loan'],
    example: { request: loan_contract_example, reply: loan_contract_shown }
  }, async call => call.decide(async (sql, now) => {
    const { row, is_new } = await acceptLoanContract(sql, now, call.principal, call.body)
    return { status: is_new ? 201 : 200, body: shownLoanContract(row), version: row.version,
      headers: { location: `/v1/loan-contracts/${row.number}` } }
  }))

  readingRoutes<LoanContractRow>(app, { db }, {
    path: 'loan-contracts', one: 'LoanContract', many: 'LoanContracts', english: 'loan contracts', chinese: '借款合同', description: clause,
      store: loanContracts,
    readers: ['BANK', 'ENTERPRISE', 'GUARANTOR'], schema: LoanContract, example: loan_contract_shown, shown: shownLoanContract,
    readsOf: (sql, { role, participant_no }) => role === 'GUARANTOR' ? amongLoans(guaranteedLoans(sql, participant_no)) : undefined
  })
}
