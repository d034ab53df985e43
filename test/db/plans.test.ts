/** No statement of the daily work walks a table that grows: each follows an index, or a partial one over just the rows that wait. */
import Database from 'better-sqlite3'
import t from 'tap'
import { dialect } from '../../src/config.ts'
import { aRow } from '../fixtures.ts'
import { approvedPacket, hubInMarch, settled } from '../journeys/client.ts'

/** Tables with a row for every lead, event, voucher, row of a list … */
const growing = ['authorizations', 'drawdowns', 'enterprise_lists', 'enterprise_sources', 'enterprises', 'event_audience', 'events', 'evidence_uses', 'financing_needs',
  'idempotent_answers', 'interest_vouchers', 'lead_events', 'leads', 'list_rows', 'loan_contracts', 'need_recipients', 'need_sources', 'packet_lines', 'projects',
  'subsidy_lines', 'webhook_deliveries']

interface Step { detail: string }

/** Growing tables that a plan walks without an index over just some of their rows. */
function walked (plan: readonly Step[], partial: ReadonlySet<string>): string[] {
  return plan.flatMap(({ detail }) => {
    const [, name = '', index] = /^SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?/.exec(detail) ?? []
    return growing.includes(name) && !(index !== undefined && partial.has(index)) ? [detail] : []
  })
}

t.test('a plan that walks a growing table is found', { skip: dialect === 'sqlite' ? false : 'SQLite only' }, async t => {
  const hub = await hubInMarch(t)
  const file = new Database(`${hub.config.data_dir}/hub.sqlite`, { readonly: true })
  t.teardown(() => file.close())
  const planOf = (text: string) => file.prepare(`explain query plan ${text}`).all() as Step[]
  t.same(walked(planOf('select * from leads where amount_fen > 5'), new Set()), ['SCAN leads'])
  t.equal(walked(planOf('select * from leads order by lead_no limit 1'), new Set()).length, 1)
  t.same(walked(planOf('select * from leads where lead_no = \'a\''), new Set()), [])
})

t.test('a list, its leads, a loan and its subsidy are worked on by index', { skip: dialect === 'sqlite' ? false : 'SQLite only' }, async t => {
  const texts = new Set<string>()
  const prepare = Database.prototype.prepare
  Database.prototype.prepare = function (this: Database.Database, text: string) {
    texts.add(text)
    return prepare.call(this, text)
  } as typeof prepare
  t.teardown(() => { Database.prototype.prepare = prepare })

  const hub = await hubInMarch(t)
  const { packet_no } = await settled(hub)
  await approvedPacket(hub, packet_no)
  for (const form of [{ rows: [aRow()] }, { rows: Array.from({ length: 40 }, () => aRow()) }]) {
    t.equal((await hub.as('park-1').post('/v1/enterprise-lists', form)).statusCode, 202)
  }
  await hub.loops.settle()
  const [lead] = (await hub.as('bank-1').get('/v1/leads')).json().items as { lead_no: string }[]
  const answered = await hub.as('bank-1').post(`/v1/leads/${lead?.lead_no}/events`, { type: 'ACKNOWLEDGED', occurred_at: hub.clock.now() })
  t.equal(answered.statusCode, 201, answered.body)
  await hub.loops.settle()

  const file = new Database(`${hub.config.data_dir}/hub.sqlite`, { readonly: true })
  t.teardown(() => file.close())
  const partial = new Set((prepare.call(file, 'select name from sqlite_schema where type = \'index\' and sql like \'% where %\'').all([]) as { name: string }[]).map(({ name }) => name))
  const explained = [...texts].filter(text => /^(select|update|delete|with)\b/i.test(text))
  t.ok(explained.length > 100, `${explained.length} statements`)
  for (const text of explained) {
    const plan = prepare.call(file, `explain query plan ${text}`)
    const found = walked(plan.all(Array.from({ length: text.match(/\?/g)?.length ?? 0 }, () => '[]')) as Step[], partial)
    if (found.length > 0) t.fail(`${found.join(', ')}: ${text.slice(0, 2000)}`)
  }
})
