/** Statistics with their meaning, as JSON, CSV or workbook. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { rendered } from './rendering.ts'
import { ReportParams, ReportQuery, ReportSchema, report_example } from './schema.ts'
import { makeReport } from './service.ts'

/** Every event about what the report counts, up to this place in the journal, is in it; MEIC proves it at /v1/audit-log/{seq}/proof. */
const seq_header = 'x-generated-from-seq'

export function reportRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'getReport',
    method: 'GET',
    path: '/v1/reports/{report}',
    summary: 'Make a report',
    summary_zh: '生成统计报表',
    description: 'Figures of a period with the definition and clause of every column. The same period, policy and facts give the same ' +
      'bytes; the ETag is their digest, and the header x-generated-from-seq names the place in the journal they were made from. MEIC and ' +
      'FINANCE_BUREAU see all; REGULATOR_VIEWER whole quarters with groups of fewer than three enterprises hidden; an institution its ' +
        'own row of institution-ranking and ' +
      'three-one-clock, a park its own of park-performance, a district its own of district-ledger. A person of REGULATOR_VIEWER may ' +
        'read one enterprise in subsidy-progress and ' +
      'district-ledger with case_no, reason and uscc: kept, and told to the enterprise. `format=csv` and `format=xlsx` give files; * ' +
        'stands for a hidden figure. ' +
      'S2 (十五)(十六)(十八)(十九); S1 三(三)4, 四(三)6, 六(一); S5 (十)(十一).',
    callers: ['MEIC', 'FINANCE_BUREAU', 'REGULATOR_VIEWER', 'BANK', 'LESSOR', 'GUARANTOR', 'PARK', 'DISTRICT_MEIC'],
    params: ReportParams,
    query: ReportQuery,
    replies: { 200: ReportSchema },
    refuses: ['period_reversed', 'rule_broken', 'person_required'],
    example: { query: { period: '2026Q1' }, reply: report_example }
  }, async ({ principal, params, query }) => {
    const { format = 'json', ...asked } = query
    const { report, seq } = await makeReport(db, principal, params.report, asked)
    const { bytes, media_type, file_name, digest } = rendered(report, format)
    return {
      status: 200, body: bytes, version: digest,
      headers: { 'content-type': media_type, [seq_header]: String(seq),
        ...(format === 'json' ? {} : { 'content-disposition': `attachment; filename="${file_name}"` }) }
    }
  })
}
