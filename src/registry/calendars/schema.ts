import Type from 'typebox'
import { Day, InstantOut, listOf, named, No, PageQuery, Text } from '../../http/schema.ts'

const strict = { additionalProperties: false } as const

const content = {
  year: Type.Integer({ minimum: 2000, maximum: 2199, description: 'Calendar year', examples: [2027] }),
  version: Type.String({ minLength: 1, maxLength: 40, pattern: '^[A-Za-z0-9._-]+$', description: 'Version of the table', examples: ['2027.1'] }),
  source: Text('Where it was published 来源', 300, ['https://www.gov.cn/zhengce/']),
  off_days: Type.Array(Day('Day off'), { maxItems: 366, description: 'Holidays 放假日, weekend days among them or not' }),
  make_up_work_days: Type.Array(Day('Day worked'), { maxItems: 110, description: 'Saturdays and Sundays worked 调休上班日' })
}

export const NewCalendar = named('NewCalendar', Type.Object(content, strict))
export const CalendarTableSchema = named('Calendar', Type.Object({
  calendar_no: No('cal', 'Number of the table'),
  ...content,
  in_force: Type.Boolean({ description: 'The table loaded last for its year' }),
  loaded_by: Text('The person who loaded it; `hub` for what came with the program', 80),
  created_at: InstantOut('When it was loaded')
}))
export const CalendarList = listOf(CalendarTableSchema)
export const CalendarListQuery = Type.Object({
  year: Type.Optional(Type.Integer({ minimum: 2000, maximum: 2199, description: 'Only this year', examples: [2026] })),
  ...PageQuery
}, strict)

export const calendar_example = {
  request: { year: 2027, version: '2027.1', source: 'https://www.gov.cn/zhengce/', off_days: ['2027-01-01'], make_up_work_days: ['2027-01-03'] },
  reply: {
    calendar_no: 'cal_01JB2Q8Z6V7K3M5N9P4R1S0T2W', year: 2027, version: '2027.1', source: 'https://www.gov.cn/zhengce/', off_days: ['2027-01-01'],
    make_up_work_days: ['2027-01-03'], in_force: true, loaded_by: 'platform-operator-user-1', created_at: '2026-11-20T02:00:00.000Z'
  }
}
