/** The commission's decision on held evidence, for every room that holds some. */
import type { FastifyInstance } from 'fastify'
import type { TSchema } from 'typebox'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { decideHeld, type HeldRoom } from './deciding.ts'
import { Decision, NumberParams } from './schema.ts'
import type { HeldRow } from './store.ts'

export interface DecisionRoute<Row extends HeldRow> {
  /** last part of the path and end of the operation's id */
  path: string
  one: string
  english: string
  chinese: string
  room: HeldRoom<Row>
  schema: TSchema
  example: Record<string, unknown>
  shown: (row: Row) => Record<string, unknown>
}

export function decisionRoute<Row extends HeldRow> (app: FastifyInstance, { db }: { db: Db }, about: DecisionRoute<Row>): void {
  const { path, one, english, chinese, room, schema, example, shown } = about
  const reason = '两份回单系同一笔扣款的补打件，已与银行核实'
  operation(app, { db }, {
    id: `decide${one}`,
    method: 'POST',
    path: `/v1/${path}/{number}/decision`,
    summary: `Release or reject ${english} that is held`,
    summary_zh: `处理待核${chinese}`,
    description: 'A person of the commission decides what its sender cannot answer by a correction, by the number of the hub, with a reason that sender and auditor ' +
      'read. What is older than the authorization is released only when the enterprise has covered it. S2 (13): audit of what is submitted.',
    callers: ['MEIC'],
    person: true,
    signed: true,
    params: NumberParams,
    body: Decision,
    replies: { 200: schema },
    refuses: ['not_found', 'state_conflict', 'authorization_missing'],
    example: { request: { decision: 'RELEASE', reason }, reply: { ...example, findings: [{ code: 'RELEASED', rule_id: null, message: reason, message_zh: reason }] } }
  }, call => call.decide(async (sql, now) => {
    const row = await decideHeld(sql, now, call.principal, room, call.params.number, call.body)
    return { status: 200, body: shown(row), version: row.version }
  }))
}
