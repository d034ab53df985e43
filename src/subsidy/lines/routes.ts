/** Subsidy lines and ceilings: derived by the hub, read by those they concern. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { listOf } from '../../http/schema.ts'
import { beijingDate, instantMs, instantOf } from '../../policy/calendar.ts'
import { CeilingQuery, CeilingView, full_line_example, line_example, LineParams, LineQuery, SubsidyLine,
  SubsidyLineItem } from './schema.ts'
import { ceilingShown, ceilingsFor, fullLine, lineFor, lineItem, linesFor, type PaymentStatusOf } from './service.ts'

const readers = ['BANK', 'LESSOR', 'GUARANTOR', 'INSURER', 'ENTERPRISE', 'MEIC', 'FINANCE_BUREAU', 'AUDITOR'] as const

export function lineRoutes (app: FastifyInstance, { db, paymentStatusOf }: { db: Db, paymentStatusOf: PaymentStatusOf }): void {
  operation(app, { db }, {
    id: 'listSubsidyLines',
    method: 'GET',
    path: '/v1/subsidy-lines',
    summary: 'List subsidy lines',
    summary_zh: '查询贴息（补助）明细',
    description: 'Derived from the accepted vouchers of an enterprise project; nobody applies (S2 (十三)). An institution sees its own, an enterprise those about or for it, ' +
      'an auditor those of its packets.',
    callers: readers,
    query: LineQuery,
    replies: { 200: listOf(SubsidyLineItem) },
    example: { query: { period: '2026Q1' }, reply: { items: [line_example], next_cursor: null } }
  }, async ({ principal, query, spec }) => {
    const page = pageRequest(spec.id, principal, query)
    const { updated_since, limit: _limit, cursor: _cursor, year, ...filter } = query
    const rows = await linesFor(db.read, principal, {
      ...filter, year: year === undefined ? undefined : String(year), updated_since: updated_since === undefined ? undefined : instantOf(instantMs(updated_since)), after: page.after,
        limit: page.limit + 1
    }, paymentStatusOf)
    const { items, next_cursor } = pageOf(spec.id, principal, page, rows, ({ line }) => line.line_no)
    return { status: 200, body: { items: items.map(lineItem), next_cursor } }
  })

  operation(app, { db }, {
    id: 'getSubsidyLine',
    method: 'GET',
    tagged: true,
    path: '/v1/subsidy-lines/{line_no}',
    summary: 'Read one line with every step of its computation',
    summary_zh: '查询明细及逐步计算依据',
    description: 'The trace names rule and clause of every step, also where it changed nothing. S2 (一)(三)(五)(六)(十三).',
    callers: readers,
    params: LineParams,
    replies: { 200: SubsidyLine },
    example: { reply: full_line_example }
  }, async ({ principal, params }) => {
    const shown = await lineFor(db.read, principal, params.line_no, paymentStatusOf)
    return { status: 200, body: fullLine(shown), version: `${shown.line.version}.${shown.payment_status}` }
  })

  operation(app, { db }, {
    id: 'getCeilings',
    method: 'GET',
    path: '/v1/ceilings',
    summary: 'Show how far the ceilings of a project are used up',
    summary_zh: '查询项目贴息上限使用情况',
    description: 'Sums over all institutions for everybody involved; lines only to their institution, the enterprise, MEIC, the finance bureau and the assigned auditor. S2 (一)(三)(五)(六).',
    callers: readers,
    query: CeilingQuery,
    replies: { 200: CeilingView },
    refuses: ['not_found'],
    example: {
      query: { uscc: '91500112MAXX00015Q', project_code: '2606-500112-07-02-100001' },
      reply: {
        uscc: '91500112MAXX00015Q', project_code: '2606-500112-07-02-100001', year: 2026, lines: [line_example],
        ceilings: [{ kind: 'LOAN_INTEREST', rule_id: 'L-05', span: '2026', scope: null, cap: '10000000.00', granted: '45000.00',
          left: '9955000.00' }]
      }
    }
  }, async ({ principal, query, now }) => {
    const year = query.year ?? Number(beijingDate(now).slice(0, 4))
    const { uscc, project_code } = query
    const { ceilings, lines } = await ceilingsFor(db.read, principal, { uscc, project_code, year: String(year) }, paymentStatusOf)
    return { status: 200, body: { uscc, project_code, year, ceilings: ceilings.map(ceilingShown), lines: lines.map(lineItem) } }
  })
}
