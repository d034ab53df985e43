/** What stands behind the rows of reports. */
import Type from 'typebox'
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { listOf, named, No, oneOf, PageQuery, Text } from '../../http/schema.ts'
import { behindRow } from './behind.ts'
import { ReportParams, ReportQuery, SOURCE_NAMES } from './schema.ts'
import { periodOf } from './service.ts'
import { events_of_each_max } from './store.ts'

const { period, from, to, region_code } = ReportQuery.properties
const BasisQuery = Type.Object({ period, from, to, region_code, row: Text('Key of the row, as its basis says', 200, ['bank-1']), ...PageQuery }, { additionalProperties: false })

const CountedThing = named('CountedThing', Type.Object({
  kind: oneOf(SOURCE_NAMES, 'What it is'),
  subject: Text('Its number here; of a project its code', 80, ['draw_01JB2Q8Z6V7K3M5N9P4R1S0T2W']),
  events: Type.Array(No('evt', 'Event'), { maxItems: events_of_each_max, description: 'Events about it, the oldest first' })
}))

export function basisRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'listReportBasis',
    method: 'GET',
    path: '/v1/reports/{report}/basis',
    summary: 'List everything that a row of a report counts',
    summary_zh: '查询报表行的全部依据',
    description: 'Needs, leads, drawdowns, contracts, claims, packets, lines, payments and projects that the figures of one row are derived from, each with the events about it, ' +
      'which /v1/audit-log proves. Page by page; for MEIC. S2 (十六)(十九); S5 (十一).',
    callers: ['MEIC'],
    params: ReportParams,
    query: BasisQuery,
    replies: { 200: listOf(CountedThing) },
    refuses: ['period_reversed'],
    example: {
      query: { period: '2026Q1', row: 'bank-1' },
      reply: { items: [{ kind: 'DRAWDOWN', subject: 'draw_01JB2Q8Z6V7K3M5N9P4R1S0T2W', events: ['evt_01JB2Q8Z6V7K3M5N9P4R1S0T2W'] }], next_cursor: null }
    }
  }, async ({ principal, params, query: { row, region_code: district, limit, cursor, ...days } }) => ({
    status: 200, body: await behindRow(db, principal, params.report, periodOf(days), { row, region_code: district, limit, cursor })
  }))
}
