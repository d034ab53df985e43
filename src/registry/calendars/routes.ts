/** Working-day calendars over HTTP. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { calendar_example, CalendarList, CalendarListQuery, CalendarTableSchema, NewCalendar } from './schema.ts'
import { forgetCalendar, listTables, loadCalendar } from './service.ts'

export function calendarRoutes (app: FastifyInstance, { db }: { db: Db }): void {
  operation(app, { db }, {
    id: 'loadCalendar',
    method: 'POST',
    path: '/v1/calendars',
    summary: 'Load the working days of a year',
    summary_zh: '载入年度工作日历',
    description: 'The notice of a year comes out in the November before; until then due days in it are provisional. A table loaded later for the same year replaces the earlier one. S2 (十五): days of the 3个1 clock.',
    callers: ['PLATFORM_OPERATOR', 'MEIC'],
    person: true,
    body: NewCalendar,
    replies: { 201: CalendarTableSchema, 200: CalendarTableSchema },
    refuses: ['duplicate_key', 'calendar_invalid'],
    example: calendar_example
  }, async call => {
    const answer = await call.decide(async (sql, now) => {
      const { row, is_new, in_force } = await loadCalendar(sql, now, call.principal, call.body)
      return { status: is_new ? 201 : 200, body: { ...row, in_force } }
    })
    forgetCalendar(db)
    return answer
  })

  operation(app, { db }, {
    id: 'listCalendars',
    method: 'GET',
    path: '/v1/calendars',
    summary: 'List the working-day tables',
    summary_zh: '查询工作日历',
    description: 'Every table ever loaded, in the order of loading, and which of them are in force. S2 (十五).',
    callers: 'any',
    query: CalendarListQuery,
    replies: { 200: CalendarList },
    example: { reply: { items: [calendar_example.reply], next_cursor: null } }
  }, async call => {
    const page = pageRequest(call.spec.id, call.principal, call.query)
    return { status: 200, body: pageOf(call.spec.id, call.principal, page, await listTables(db, call.query, page), row => row.calendar_no) }
  })
}
