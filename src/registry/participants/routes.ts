/** Who am I. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { Me } from './schema.ts'

export function participantRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'getMe',
    method: 'GET',
    path: '/v1/me',
    summary: 'Show the caller',
    summary_zh: '查询当前调用方',
    description: 'The participant, and the person where a user calls. S1 三: cooperating parties.',
    callers: 'any',
    replies: { 200: Me },
    example: { reply: { participant_no: 'bank-1', role: 'BANK', name: '巴渝示范银行（虚构）', uscc: '91500000MAYY00034Y', client_id: 'client-bank-1', user_no: null, duties: [] } }
  }, async ({ principal: { participant_no, role, name, uscc, client_id, user_no, duties } }) =>
    ({ status: 200, body: { participant_no, role, name, uscc, client_id, user_no, duties } }))
}
