/** Operations on post-loan reports. */
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import type { Db } from '../../db/db.ts'
import { answeredToday, operation } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { instantMs, instantOf } from '../../policy/calendar.ts'
import { NewPostLoanReport, new_report_example, PostLoanReport, ReportPage, ReportQuery, report_example } from './schema.ts'
import { mandate, readReport, reportsFor, shownReport, takeReport } from './service.ts'

const base = '/v1/post-loan-reports'
const list_id = 'listPostLoanReports'
const readers = ['BANK', 'PARK', 'MEIC'] as const

export function postLoanRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'sendPostLoanReport',
    method: 'POST',
    path: base,
    summary: 'Send a post-loan report',
    summary_zh: '报送贷后信息',
    description: 'A bank reports on its drawdown or borrower, a park on an enterprise it brought, each under a live authorization with the scope POST_LOAN. The hub tests the use of funds from ' +
      'payees and balance of the drawdown and answers with warnings. Diversion puts the payments to the enterprise on hold and tells bank, MEIC, finance bureau and enterprise. ' +
      'S1 四(三)5: banks check the use of funds, parks report regularly.',
    callers: ['BANK', 'PARK'],
    body: NewPostLoanReport,
    replies: { 201: PostLoanReport, 200: PostLoanReport },
    refuses: ['duplicate_key', 'contract_unknown', 'uscc_check_digit', 'authorization_missing', 'authorization_not_active', 'balance_over_loan', 'rule_broken'],
    example: { request: new_report_example, reply: report_example }
  }, async call => answeredToday(await call.decide(async (sql, now) => {
    const { row, is_new } = await takeReport(sql, now, call.principal, call.body)
    return { status: is_new ? 201 : 200, body: shownReport(row), version: row.version, headers: { location: `${base}/${row.number}` } }
  }), async ({ uscc }) => {
    await mandate(db.read, call.principal, String(uscc), call.now)
    return null
  }))

  operation(app, { db }, {
    id: list_id,
    method: 'GET',
    path: base,
    summary: 'List post-loan reports',
    summary_zh: '查询贷后信息列表',
    description: 'The own ones; a bank also what parks report on its borrowers; MEIC all. Without a live authorization nothing is shown to anybody, so a page may hold less than the limit. S1 四(三)5.',
    callers: readers,
    query: ReportQuery,
    replies: { 200: ReportPage },
    example: { query: { warned: false }, reply: { items: [report_example], next_cursor: null } }
  }, async ({ principal, query, now }) => {
    const page = pageRequest(list_id, principal, query)
    const { uscc, iou_no, warned, updated_since } = query
    const { read, shown } = await reportsFor(db.read, principal, {
      uscc, iou_no, warned, updated_since: updated_since === undefined ? undefined : instantOf(instantMs(updated_since)), after: page.after, limit: page.limit + 1
    }, now)
    const { items, next_cursor } = pageOf(list_id, principal, page, read, row => row.number)
    return { status: 200, body: { items: items.filter(row => shown.includes(row)).map(shownReport), next_cursor } }
  })

  operation(app, { db }, {
    id: 'getPostLoanReport',
    method: 'GET',
    tagged: true,
    path: `${base}/{number}`,
    summary: 'Show a post-loan report',
    summary_zh: '查询单份贷后信息',
    description: 'What is missing, another’s, or no longer authorized gives the same answer. S1 四(三)5.',
    callers: readers,
    params: Type.Object({ number: Type.String({ minLength: 1, maxLength: 64, pattern: '^[^\\u0000-\\u001f\\u007f]+$',
      description: 'The number of the hub, or the own one of its sender', examples: ['DH-2026-001'] }) }, { additionalProperties: false }),
    replies: { 200: PostLoanReport },
    example: { reply: report_example }
  }, async ({ principal, params, now }) => {
    const row = await readReport(db.read, principal, params.number, now)
    return { status: 200, body: shownReport(row), version: row.version }
  })
}
