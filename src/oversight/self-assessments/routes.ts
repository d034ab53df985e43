/** Operations on self-assessments. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { operation } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { instantMs, instantOf } from '../../policy/calendar.ts'
import { AssessmentPage, AssessmentQuery, assessment_example, NewSelfAssessment, new_assessment_example, prefilled_example, SelfAssessment } from './schema.ts'
import { prefill, shownAssessment, submitAssessment } from './service.ts'
import { listAssessments } from './store.ts'

const base = '/v1/self-assessments'
const list_id = 'listSelfAssessments'

/** The park that is meant: itself, or the one MEIC names. */
function parkMeant ({ role, participant_no }: Principal, { park_no }: AssessmentQuery): string | undefined {
  return role === 'MEIC' ? park_no : participant_no
}

export function selfAssessmentRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'submitSelfAssessment',
    method: 'POST',
    path: base,
    summary: 'Submit a self-assessment',
    summary_zh: '园区报送成效自评估',
    description: 'A park assesses a period. Figures it leaves out are the hub’s own; where its figures differ both are kept with a finding. New projects are listed for 技改e点通. ' +
      'Another assessment of the same period names the present one as correction_of. S1 三(三)4: KPIs; 四(三)6: self-assessment, regular report to the commission.',
    callers: ['PARK'],
    body: NewSelfAssessment,
    replies: { 201: SelfAssessment, 200: SelfAssessment },
    refuses: ['duplicate_key', 'state_conflict', 'rule_broken', 'project_code_invalid', 'uscc_check_digit', 'document_unknown'],
    example: { request: new_assessment_example, reply: assessment_example }
  }, async call => call.decide(async (sql, now) => {
    const { row, is_new } = await submitAssessment(sql, now, call.principal, call.body)
    return { status: is_new ? 201 : 200, body: shownAssessment(row), version: row.version }
  }))

  operation(app, { db }, {
    id: list_id,
    method: 'GET',
    path: base,
    summary: 'List self-assessments',
    summary_zh: '查询成效自评估列表',
    description: 'A park sees its own, MEIC all. With period and prefill=true also what the hub knows of that period: leads and their clock, loans, projects, compensation. S1 三(三)4, 四(三)6.',
    callers: ['PARK', 'MEIC'],
    query: AssessmentQuery,
    replies: { 200: AssessmentPage },
    example: { query: { period: '2026Q1', prefill: true }, reply: { items: [assessment_example], next_cursor: null, prefilled: prefilled_example } }
  }, async ({ principal, query, now }) => {
    const page = pageRequest(list_id, principal, query)
    const park_no = parkMeant(principal, query)
    const { period, status, updated_since } = query
    const foreign = principal.role === 'PARK' && query.park_no !== undefined && query.park_no !== principal.participant_no
    const rows = foreign ? [] : await listAssessments(db.read, {
      participant_no: park_no, period, status, updated_since: updated_since === undefined ? undefined : instantOf(instantMs(updated_since)), after: page.after, limit: page.limit + 1
    })
    const { items, next_cursor } = pageOf(list_id, principal, page, rows, row => row.number)
    const prefilled = query.prefill === true && period !== undefined && park_no !== undefined && !foreign ? await prefill(db.read, now, principal, park_no, period) : null
    return { status: 200, body: { items: items.map(shownAssessment), next_cursor, prefilled } }
  })
}
