/** The two readings that every room of evidence has: a list and a single one. */
import type { FastifyInstance } from 'fastify'
import Type, { type TSchema } from 'typebox'
import type { Db, ReadSql } from '../../db/db.ts'
import type { Principal, Role } from '../../http/access.ts'
import { operation } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { listOf } from '../../http/schema.ts'
import { instantMs, instantOf } from '../../policy/calendar.ts'
import { evidenceQuery, NumberParams } from './schema.ts'
import { readable } from './service.ts'
import type { Condition, EvidenceRow, EvidenceStore } from './store.ts'

export interface ReadingRoom<Row extends EvidenceRow> {
  /** last part of the path, e.g. loan-contracts */
  path: string
  /** singular and plural for operation ids */
  one: string
  many: string
  english: string
  chinese: string
  description: string
  store: EvidenceStore<Row>
  /** who may ask; institutions see their own, an ENTERPRISE what is about it */
  readers: readonly Role[]
  /** who may ask for the list only */
  watchers?: readonly Role[]
  /** states where they are not those of evidence */
  statuses?: readonly string[]
  schema: TSchema
  example: unknown
  shown: (row: Row, principal: Principal) => unknown
  /** which ones of others this caller reads instead of its own; undefined: none */
  readsOf?: (sql: ReadSql, principal: Principal) => Condition | undefined
}

/** One that this caller may read, by the hub's number, or by its own number where it was sent by the caller. */
async function findFor<Row extends EvidenceRow> (sql: ReadSql, room: ReadingRoom<Row>, principal: Principal,
  number: string): Promise<Row | undefined> {
  const own = principal.role === 'ENTERPRISE' ? undefined : await room.store.findOwn(sql, principal.participant_no, number)
  if (own !== undefined) return own
  const of_others = room.readsOf?.(sql, principal)
  if (of_others !== undefined) return (await room.store.list(sql, { named: number, after: null, limit: 1 }, of_others))[0]
  if (principal.role !== 'ENTERPRISE') return undefined
  const row = await room.store.find(sql, number)
  return row?.uscc === principal.uscc ? row : undefined
}

export function readingRoutes<Row extends EvidenceRow> (app: FastifyInstance, { db }: { db: Db }, room: ReadingRoom<Row>): void {
  const list_id = `list${room.many}`
  operation(app, { db }, {
    id: list_id,
    method: 'GET',
    path: `/v1/${room.path}`,
    summary: `List ${room.english}`,
    summary_zh: `查询${room.chinese}列表`,
    description: `${room.description} An institution sees what it sent, an enterprise what is about it.`,
    callers: [...room.readers, ...room.watchers ?? []],
    query: Type.Object(evidenceQuery(room.statuses), { additionalProperties: false }),
    replies: { 200: listOf(room.schema) },
    example: { query: { limit: 50 }, reply: { items: [room.example], next_cursor: null } }
  }, async ({ principal, query }) => {
    const page = pageRequest(list_id, principal, query)
    const { status, uscc, project_code, updated_since } = query
    const of_others = room.readsOf?.(db.read, principal)
    const scope = principal.role === 'ENTERPRISE' ? { uscc: principal.uscc }
      : { ...(of_others === undefined ? { participant_no: principal.participant_no } : {}), ...(uscc === undefined ? {} : { uscc }) }
    if (principal.role === 'ENTERPRISE' && uscc !== undefined && uscc !== principal.uscc) return { status: 200,
      body: { items: [], next_cursor: null } }
    const rows = await room.store.list(db.read, {
      ...scope,
      ...(status === undefined ? {} : { status }),
      ...(project_code === undefined ? {} : { project_code }),
      ...(updated_since === undefined ? {} : { updated_since: instantOf(instantMs(updated_since)) }),
      after: page.after,
      limit: page.limit + 1
    }, of_others)
    const { items, next_cursor } = pageOf(list_id, principal, page, rows, row => row.number)
    return { status: 200, body: { items: items.map(row => room.shown(row, principal)), next_cursor } }
  })

  operation(app, { db }, {
    id: `get${room.one}`,
    method: 'GET',
    tagged: true,
    path: `/v1/${room.path}/{number}`,
    summary: `Show one of ${room.english}`,
    summary_zh: `查询单个${room.chinese}`,
    description: `${room.description} What is missing and what is another's give the same answer.`,
    callers: room.readers,
    params: NumberParams,
    replies: { 200: room.schema },
    example: { reply: room.example }
  }, async ({ principal, params }) => {
    const row = readable(await findFor(db.read, room, principal, params.number))
    return { status: 200, body: room.shown(row, principal), version: row.version }
  })
}
