/** What stands behind the score of an institution. */
import Type from 'typebox'
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { Day, InstantOut, listOf, named, No, nullable, oneOf, PageQuery, ParticipantNo } from '../../http/schema.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { notFound } from '../../problem.ts'
import { CLOCK_STAGES } from './clock.ts'
import { ReportQuery } from './schema.ts'
import { quarterBefore, scoredLeads } from './scores.ts'
import { periodOf } from './service.ts'
import { events_of_each_max } from './store.ts'

const { period, from, to } = ReportQuery.properties
const ScoredLeadsQuery = Type.Object({
  period, from, to, ...PageQuery, institution_no: Type.Optional(ParticipantNo('Whose score: left out, one’s own; MEIC names it'))
}, { additionalProperties: false })

const Hours = (description: string) => nullable(Type.String({ pattern: '^\\d{1,9}\\.\\d{2}$', maxLength: 12, description }))

const ScoredLead = named('ScoredLead', Type.Object({
  lead_no: No('lead', 'Lead'),
  pushed_at: InstantOut('When it was pushed'),
  stages: Type.Array(Type.Object({
    stage: oneOf(CLOCK_STAGES, 'Stage, as in the columns of the report'),
    due_date: Day('Due day'),
    done_at: nullable(InstantOut('When it was done; null: late and not done')),
    on_time: Type.Boolean({ description: 'Done before its due instant' }),
    on_time_net: Type.Boolean({ description: 'Done before its due instant when pauses do not count' }),
    hours: Hours('Duration in hours, gross; null until it is done'),
    hours_net: Hours('The same without pauses')
  }), { maxItems: CLOCK_STAGES.length, description: 'Stages that are judged; one that is neither done nor late is not among them' }),
  events: Type.Array(No('evt', 'Event'), { maxItems: events_of_each_max, description: 'What began, ended or halted its stages, the oldest first' })
}))

const example = {
  lead_no: 'lead_01JB2Q8Z6V7K3M5N9P4R1S0T2W', pushed_at: '2026-03-18T01:30:00.000Z', events: ['evt_01JB2Q8Z6V7K3M5N9P4R1S0T2W', 'evt_01JB2Q8Z6V7K3M5N9P4R1S0T2X'],
  stages: [{ stage: 'contact', due_date: '2026-03-19', done_at: '2026-03-18T05:30:00.000Z', on_time: true, on_time_net: true, hours: '4.00', hours_net: '4.00' }]
}

export function scoreRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'listScoredLeads',
    method: 'GET',
    path: '/v1/reports/three-one-clock/leads',
    summary: 'List the leads and events behind a score',
    summary_zh: '查询“3个1”评分依据',
    description: 'Every lead that a row of three-one-clock counts, with each judged stage, its duration gross and net of pauses, and the events it follows from. An institution ' +
      'reads its own, also before the score is published; MEIC names the institution. Without a period: the quarter that ended last. S2 (十五).',
    callers: ['BANK', 'LESSOR', 'GUARANTOR', 'MEIC'],
    query: ScoredLeadsQuery,
    replies: { 200: listOf(ScoredLead) },
    refuses: ['period_reversed', 'not_found'],
    example: { query: { period: '2026Q1' }, reply: { items: [example], next_cursor: null } }
  }, async ({ principal, query: { institution_no = principal.participant_no, limit, cursor, ...asked }, now }) => {
    if (principal.role !== 'MEIC' && institution_no !== principal.participant_no) throw notFound()
    const days = Object.keys(asked).length === 0 ? quarterBefore(beijingDate(now)) : periodOf(asked)
    return { status: 200, body: await scoredLeads(db, principal, institution_no, days, { limit, cursor }) }
  })
}
