import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import type { ClaimsFiled } from '../claimed.ts'
import { readingRoutes } from '../evidence/routes.ts'
import { Drawdown, drawdown_example, drawdown_shown, NewDrawdown } from './schema.ts'
import { acceptDrawdown, shownDrawdown } from './service.ts'
import { drawdownsKept, type DrawdownRow } from './store.ts'

const clause = 'What was really paid out under a loan contract. ' +
  'S2 (1): the project loan without land; reading A-03: the disbursed amount counts.'

export function drawdownRoutes (app: FastifyInstance, { db }: { db: Db }, claims: ClaimsFiled): void {
  operation(app, { db }, {
    id: 'createDrawdown',
    method: 'POST',
    path: '/v1/drawdowns',
    summary: 'Submit a drawdown',
    summary_zh: '报送借据',
    description: `${clause} The sum of the drawdowns never exceeds the contract. A correction (correction_of) takes over the vouchers; lines are derived anew.`,
    callers: ['BANK'],
    signed: true,
    body: NewDrawdown,
    replies: { 201: Drawdown, 200: Drawdown },
    refuses: ['authorization_missing', 'authorization_not_active', 'duplicate_key', 'contract_unknown', 'amount_not_positive',
      'land_over_amount', 'amount_over_contract', 'state_conflict', 'rule_broken', 'balance_over_loan', 'claims_filed',
      'period_reversed', 'segments_reversed', 'segments_overlap', 'rate_too_high', 'document_unknown'],
    example: { request: drawdown_example, reply: drawdown_shown }
  }, async call => call.decide(async (sql, now) => {
    const { row, is_new } = await acceptDrawdown(sql, now, call.principal, call.body, claims)
    return { status: is_new ? 201 : 200, body: shownDrawdown(row), version: row.version,
      headers: { location: `/v1/drawdowns/${row.number}` } }
  }))

  readingRoutes<DrawdownRow>(app, { db }, {
    path: 'drawdowns', one: 'Drawdown', many: 'Drawdowns', english: 'drawdowns', chinese: '借据', description: clause, store: drawdownsKept,
    readers: ['BANK', 'ENTERPRISE'], schema: Drawdown, example: drawdown_shown, shown: shownDrawdown
  })
}
