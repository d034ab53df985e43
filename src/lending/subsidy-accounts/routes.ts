import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { readingRoutes } from '../evidence/routes.ts'
import { ACCOUNT_STATUSES, account_example, account_shown, NewSubsidyAccount, SubsidyAccount } from './schema.ts'
import { declareAccount, shownAccount } from './service.ts'
import { subsidyAccounts } from './store.ts'

const clause = 'Where a subsidy is paid to. ' +
  'S2 (13): the institution sends the account, the money goes directly to the enterprise; S2 (5): the fee subsidy goes to the guarantor.'

export function subsidyAccountRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'createSubsidyAccount',
    method: 'POST',
    path: '/v1/subsidy-accounts',
    summary: 'Declare a subsidy account',
    summary_zh: '报送贴息账户',
    description: `${clause} The first account of a holder is ACTIVE at once; ` +
      `another number is PENDING_CONFIRMATION until a second person sends the same again.`,
    callers: ['BANK', 'GUARANTOR'],
    signed: true,
    body: NewSubsidyAccount,
    replies: { 201: SubsidyAccount, 200: SubsidyAccount },
    refuses: ['authorization_missing', 'authorization_not_active', 'uscc_check_digit', 'account_not_corporate', 'cnaps_invalid',
      'account_name_mismatch', 'document_unknown', 'rule_broken'],
    example: { request: account_example, reply: account_shown }
  }, async call => call.decide(async (sql, now) => {
    const { row, is_new } = await declareAccount(sql, now, call.principal, call.body)
    return { status: is_new ? 201 : 200, body: shownAccount(row), version: row.version,
      headers: { location: `/v1/subsidy-accounts/${row.number}` } }
  }))

  readingRoutes(app, { db }, {
    path: 'subsidy-accounts', one: 'SubsidyAccount', many: 'SubsidyAccounts', english: 'subsidy accounts', chinese: '贴息账户',
      description: clause, store: subsidyAccounts,
    readers: ['BANK', 'GUARANTOR', 'ENTERPRISE'], statuses: ACCOUNT_STATUSES, schema: SubsidyAccount, example: account_shown,
      shown: shownAccount
  })
}
