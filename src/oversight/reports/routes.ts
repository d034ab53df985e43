/** Statistics with their meaning, as JSON, CSV or workbook. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation, type Answer } from '../../http/operation.ts'
import { CATALOGUE } from './catalogue.ts'
import { CSV_MEDIA_TYPE, XLSX_MEDIA_TYPE } from '../../intake/enterprise-lists/writing.ts'
import { rendered, type Format, type Rendered } from './rendering.ts'
import { askLater, resultFor } from './results.ts'
import { ReportParams, ReportQuery, ReportResultSchema, ReportSchema, report_example, report_result_example, ResultParams } from './schema.ts'
import { admitted, makeReport } from './service.ts'
import { readsMoreThan } from './sizes.ts'

/** Every event about what the report counts, up to this place in the journal, is in it; MEIC proves it at /v1/audit-log/{seq}/proof. */
const seq_header = 'x-generated-from-seq'

const readers = ['MEIC', 'FINANCE_BUREAU', 'REGULATOR_VIEWER', 'BANK', 'LESSOR', 'GUARANTOR', 'PARK', 'DISTRICT_MEIC'] as const
const respond_async = /(^|[,;\s])respond-async($|[,;\s])/i

function fileOf ({ bytes, media_type, file_name, digest }: Rendered, format: Format, seq: number): Answer {
  return {
    status: 200, body: bytes, version: digest,
    headers: { 'content-type': media_type, [seq_header]: String(seq), ...(format === 'json' ? {} : { 'content-disposition': `attachment; filename="${file_name}"` }) }
  }
}

/** @param rows_at_once a report that has to read more rows is made in the background */
export function reportRoutes (app: FastifyInstance, { db }: { db: Db }, rows_at_once: number): void {
  operation(app, { db }, {
    id: 'getReport',
    method: 'GET',
    tagged: true,
    path: '/v1/reports/{report}',
    summary: 'Make a report',
    summary_zh: '生成统计报表',
    description: 'Figures of a period with the definition and clause of every column. The same period, policy and facts give the same ' +
      'bytes; the ETag is their digest, and the header x-generated-from-seq names the place in the journal they were made from. MEIC and ' +
      'FINANCE_BUREAU see all; REGULATOR_VIEWER whole quarters with groups of fewer than suppression_min_group (three) enterprises hidden; an institution its ' +
        'own row of institution-ranking and ' +
      'three-one-clock, a park its own of park-performance, a district its own of district-ledger. `published=true` gives three-one-clock of a whole quarter as it is ' +
        'published, from score_preview_working_days of the policy after its end on: until then a score is the scored institution’s own, which an event tells it is ready. A person of REGULATOR_VIEWER may ' +
        'read one enterprise in subsidy-progress and ' +
      'district-ledger with case_no, reason and uscc: kept, and told to the enterprise. `format=csv` and `format=xlsx` give files; * ' +
        'stands for a hidden figure. When a period has much to read, or with `Prefer: respond-async`, the answer is 202 with the place to fetch the report ' +
      'from, in the same bytes; a single case is always answered at once. ' +
      'S2 (十五)(十六)(十八)(十九); S1 三(三)4, 四(三)6, 六(一); S5 (十)(十一).',
    callers: readers,
    params: ReportParams,
    query: ReportQuery,
    replies: { 200: ReportSchema, 202: ReportResultSchema },
    other_media: [CSV_MEDIA_TYPE, XLSX_MEDIA_TYPE],
    refuses: ['period_reversed', 'rule_broken', 'person_required'],
    example: { query: { period: '2026Q1' }, reply: report_example, other_replies: { 202: report_result_example } }
  }, async ({ principal, params, query, request }) => {
    const { format = 'json', ...asked } = query
    const { single, period } = await admitted(db, principal, params.report, asked)
    const is_wished = respond_async.test(String(request.headers.prefer ?? ''))
    // A single case is short, and is read now: what was told to the enterprise is what was handed over.
    if (single === null && (is_wished || await readsMoreThan(db.read, rows_at_once, CATALOGUE[params.report].reads, period))) {
      const { result_no, created_at } = await askLater(db, principal, params.report, asked, format)
      return {
        status: 202, body: { result_no, report: params.report, status: 'WAITING', created_at },
        headers: { location: `/v1/reports/${params.report}/results/${result_no}`, 'retry-after': '1', ...is_wished ? { 'preference-applied': 'respond-async' } : {} }
      }
    }
    const { report, seq } = await makeReport(db, principal, params.report, asked)
    return fileOf(rendered(report, format), format, seq)
  })

  operation(app, { db }, {
    id: 'getReportResult',
    method: 'GET',
    tagged: true,
    path: '/v1/reports/{report}/results/{result_no}',
    summary: 'Fetch a report asked for before',
    summary_zh: '获取异步生成的报表',
    description: 'What the answer 202 to a report named: 202 until it is made, then always the same bytes, whatever happened since; where it cannot be made, ' +
      'the code of the failure. Only for who asked. S2 (十六)(十九).',
    callers: readers,
    params: ResultParams,
    replies: { 200: ReportSchema, 202: ReportResultSchema },
    other_media: [CSV_MEDIA_TYPE, XLSX_MEDIA_TYPE],
    refuses: ['report_failed', 'period_reversed', 'rule_broken'],
    example: { reply: report_example, other_replies: { 202: report_result_example } }
  }, async ({ principal, params }) => {
    const { result_no, report, status, created_at, bytes_base64, media_type, file_name, digest, seq, format } = await resultFor(db, principal, params.report, params.result_no)
    if (bytes_base64 === null || media_type === null || file_name === null || digest === null) {
      return { status: 202, body: { result_no, report, status, created_at }, headers: { 'retry-after': '1' } }
    }
    return fileOf({ bytes: Buffer.from(bytes_base64, 'base64'), media_type, file_name, digest }, format, seq ?? 0)
  })
}
