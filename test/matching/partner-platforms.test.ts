/** Partner platforms answer in their own words; a table in configuration says what they mean. S2 (十五) 平台对接. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ConfigError, readConfig } from '../../src/config.ts'
import { partnerWords } from '../../src/matching/leads/answers.ts'
import { build } from '../helper.ts'
import { givenNeed, inbox } from './needs.ts'

const at = '2026-03-18T10:00:00+08:00'

t.test('a platform’s own word becomes the event it stands for, by the rules of that event; an unknown word is refused with the known ones', async t => {
  const hub = await build(t)
  await givenNeed(hub, { authorization: { recipients: ['PAIRED_BANK', 'partner-platform-1'] } })
  await hub.loops.settle()
  const [lead] = await inbox(hub, 'partner-platform-1')
  const path = `/v1/leads/${String(lead?.lead_no)}/events`
  const say = (body: Record<string, unknown>, who = 'partner-platform-1') => hub.as(who).post(path, body)
  t.match((await say({ partner_status: '已受理', occurred_at: at })).json(), { type: 'ACKNOWLEDGED', partner_status: '已受理', status: 'PUSHED' })
  t.match((await say({ partner_status: '已对接', occurred_at: at })).json(), { status: 400, errors: [{ pointer: '/channel' }, { pointer: '/person' }, { pointer: '/result' }] })
  t.match((await say({ partner_status: '审批通过', occurred_at: at, amount: '1.00', annual_rate_pct: '3.60', term_months: 12 })).json(), { status: 409, code: 'state_conflict' })
  t.match((await say({ partner_status: '已对接', occurred_at: at, channel: 'PHONE', person: '经办', result: '有意向' })).json(), { type: 'CONTACTED', status: 'CONTACTED' })
  const unknown = (await say({ partner_status: '办理中', occurred_at: at })).json() as { errors: { message: string }[] }
  t.match(unknown, { status: 422, code: 'partner_status_unknown', errors: [{ pointer: '/partner_status' }] })
  t.match(unknown.errors[0]?.message, /已受理, 已对接/)
  t.match((await say({ partner_status: '已受理', type: 'ACKNOWLEDGED', occurred_at: at })).json(), { status: 400, errors: [{ pointer: '/partner_status' }] })
  t.match((await say({ occurred_at: at })).json(), { status: 400, errors: [{ pointer: '/type' }] })
  const [bank_lead] = await inbox(hub, 'bank-1')
  t.match((await hub.as('bank-1').post(`/v1/leads/${String(bank_lead?.lead_no)}/events`, { partner_status: '已受理', occurred_at: at })).json(), { code: 'partner_status_unknown' }, 'a bank has no such words')
})

t.test('the table comes from PARTNER_STATUS_FILE; a word for no event and a table of another shape stop the start, every mistake named', async t => {
  const file = join(t.testdir(), 'statuses.json')
  writeFileSync(file, JSON.stringify({ 'partner-platform-1': { accepted: 'ACKNOWLEDGED' } }))
  t.same(readConfig({ HUB_MODE: 'sandbox', PARTNER_STATUS_FILE: file }).partner_statuses, { 'partner-platform-1': { accepted: 'ACKNOWLEDGED' } })
  writeFileSync(file, JSON.stringify({ 'partner-platform-1': { accepted: 'DONE' } }))
  t.throws(() => partnerWords(readConfig({ HUB_MODE: 'sandbox', PARTNER_STATUS_FILE: file }).partner_statuses), /"accepted" for "DONE"/)
  t.throws(() => readConfig({ HUB_MODE: 'sandbox', PARTNER_STATUS_FILE: `${file}.missing` }), /PARTNER_STATUS_FILE/)
  const shapes: [content: string, mistakes: string[]][] = [
    ['{ "partner-platform-1": ', ['cannot be read']],
    ...['null', '[]', '7', '"已受理"'].map((content): [string, string[]] => [content, ['the whole needs the form { participant: { word: event } }']]),
    ['{ "a": null, "b": ["DISBURSED"], "c": "ACKNOWLEDGED" }', ['"a" needs the form { word: event }', '"b" needs', '"c" needs']],
    ['{ "a": { "已受理": 7, "已对接": null } }', ['"已受理" of "a" needs the form "EVENT"', '"已对接" of "a"']]
  ]
  for (const [content, expected] of shapes) {
    writeFileSync(file, content)
    try {
      readConfig({ HUB_MODE: 'sandbox', PARTNER_STATUS_FILE: file })
      t.fail(content)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      t.equal(error.mistakes.length, expected.length, content)
      for (const [index, text] of expected.entries()) t.ok(error.mistakes[index]?.startsWith(`PARTNER_STATUS_FILE ${file}`) === true && error.mistakes[index].includes(text), text)
    }
  }
})
