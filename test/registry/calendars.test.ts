import t from 'tap'
import { BUILT_IN_CALENDAR } from '../../src/policy/calendar.ts'
import { calendarOf, seedCalendars } from '../../src/registry/calendars/service.ts'
import { build } from '../helper.ts'

const table = { year: 2027, version: '2027.1', source: 'notice', off_days: ['2027-01-01', '2027-01-02'], make_up_work_days: ['2027-01-03'] }

t.test('the built-in tables are there, once', async t => {
  const hub = await build(t)
  await seedCalendars(hub.db)
  t.same(await calendarOf(hub.db), BUILT_IN_CALENDAR)
  const { items } = (await hub.as('enterprise-1').get('/v1/calendars')).json()
  t.same(items.map((each: { year: number, in_force: boolean }) => [each.year, each.in_force]), [[2024, true], [2025, true], [2026, true]])
})

t.test('a due day is provisional until the table of its year is loaded', async t => {
  const hub = await build(t)
  const clock = async () => (await hub.as('bank-1').send('POST', '/v1/deadline-quotes', { pushed_at: '2026-12-31T10:00:00+08:00' })).json()
  t.match(await clock(), { contact_due_date: '2027-01-01', calendar_provisional: true, calendar_version: '2026.1' })
  const loaded = await hub.as('platform-operator', 1).post('/v1/calendars', table)
  t.equal(loaded.statusCode, 201)
  t.match(loaded.json(), { year: 2027, in_force: true, loaded_by: 'platform-operator-user-1' })
  t.match(await clock(), { contact_due_date: '2027-01-03', calendar_provisional: false, calendar_version: '2027.1' })
  t.equal((await hub.as('meic', 1).post('/v1/calendars', table)).statusCode, 200, 'the same table again')
  t.equal((await hub.as('meic', 1).post('/v1/calendars', { ...table, off_days: [] })).json().code, 'duplicate_key')

  t.equal((await hub.as('meic', 1).post('/v1/calendars', { ...table, version: '2027.2', make_up_work_days: [] })).statusCode, 201)
  t.match(await clock(), { contact_due_date: '2027-01-04', calendar_version: '2027.2' }, 'the table loaded last counts')
  const { items } = (await hub.as('bank-1').get('/v1/calendars?year=2027')).json()
  t.same(items.map((each: { version: string, in_force: boolean }) => [each.version, each.in_force]), [['2027.1', false], ['2027.2', true]])
  await hub.loops.settle()
  const events = (await hub.as('bank-1').get('/v1/events')).json().items as { type: string }[]
  t.equal(events.filter(each => each.type === 'calendar.loaded').length, 2)
})

t.test('a table that contradicts itself is refused with every mistake', async t => {
  const hub = await build(t)
  const answer = await hub.as('platform-operator', 1).post('/v1/calendars', {
    ...table, off_days: ['2027-01-01', '2026-12-31', '2027-01-01'], make_up_work_days: ['2027-01-04', '2027-01-01', '2027-01-03']
  })
  t.equal(answer.statusCode, 422)
  t.equal(answer.json().code, 'calendar_invalid')
  t.same(answer.json().errors.map((each: { pointer: string, code: string }) => `${each.pointer} ${each.code}`),
    ['/off_days/1 OTHER_YEAR', '/off_days/2 DAY_TWICE', '/make_up_work_days/0 WORKING_DAY_ANYHOW', '/make_up_work_days/1 DAY_TWICE'])
  t.equal((await hub.as('bank-1').get('/v1/calendars?year=2027')).json().items.length, 0)
})

t.test('only a person of the operator or MEIC loads a calendar', async t => {
  const hub = await build(t)
  t.equal((await hub.as('platform-operator').post('/v1/calendars', table)).json().code, 'person_required')
  t.equal((await hub.as('bank-1', 1).post('/v1/calendars', table)).json().code, 'role_not_allowed')
  t.equal((await hub.as('meic', 1).post('/v1/calendars', { ...table, off_days: ['2027-02-30'] })).statusCode, 400)
})
