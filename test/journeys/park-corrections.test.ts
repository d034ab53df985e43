/** A park sends a list, looks at what a corrected file would do, and sends it: only what changed is replaced. */
import t from 'tap'
import type { Built } from '../helper.ts'
import { build } from '../helper.ts'
import { aGrant, aNeed } from '../fixtures.ts'

t.setTimeout(180_000)

const head = '企业名称,统一社会信用代码,融资金额（万元）,期限（月）,用途,是否授权,项目名称,联系人,联系电话'
const codes = ['91500112MAXX00015Q', '91500115MAXX00023Y', '91500120MAXX000311', '91500000MAXX0004XL', '91500107MAXX00058Y', '91500151MAXX00066G']
const names = ['甲', '乙', '丙', '丁', '戊', '己'].map(one => `重庆虚构${one}机械有限公司`)

function line (index: number, { uscc = codes[index], name = names[index], amount = '300', term = '36', consent = '是', phone = '15400000001' }: Record<string, string | undefined> = {}): string {
  return [name, uscc, amount, term, '设备购置', consent, '产线改造', '联系人', phone].join(',')
}

const csv = (...lines: string[]): Buffer => Buffer.from([head, ...lines].join('\r\n'))

interface Row { row_id: string, row: number, outcome: string, need_no: string | null, authorization_no: string | null, replaces_need_no: string | null, findings: { code: string, message: string, message_zh: string }[] }

async function send (hub: Built, bytes: Buffer, parts: Record<string, string> = {}): Promise<{ list_no: string, rows: Row[] }> {
  const answer = await hub.as('park-1').upload('/v1/enterprise-lists', { name: '名单.csv', bytes }, parts)
  if (answer.statusCode !== 202) throw new Error(answer.body)
  const { list_no } = answer.json()
  await hub.loops.settle()
  return { list_no, rows: (await hub.as('park-1').get(`/v1/enterprise-lists/${list_no}/rows?limit=200`)).json().items }
}

const dryRun = async (hub: Built, bytes: Buffer, parts: Record<string, string>) => hub.as('park-1').upload('/v1/enterprise-lists?dry_run=true', { name: '名单.csv', bytes }, parts)
const need = async (hub: Built, need_no: string | null | undefined) => (await hub.as('park-1').get(`/v1/financing-needs/${need_no}`)).json()
const authorization = async (hub: Built, no: string | null | undefined) => (await hub.as('park-1').get(`/v1/authorizations/${no}`)).json()

t.test('a corrected file replaces only what changed; a dry run says before what that is', async t => {
  const hub = await build(t)
  const first = await send(hub, csv(line(0), line(1), line(2), line(3), line(4, { consent: '' })))
  t.same(first.rows.map(({ outcome }) => outcome), ['ACCEPTED', 'ACCEPTED', 'ACCEPTED', 'ACCEPTED', 'HELD'])
  // 甲 as it was, 乙 with another amount, 丙 gone, 丁 now without consent, 戊 with it, 己 new
  const corrected = csv(line(0), line(1, { amount: '350' }), line(3, { consent: '否' }), line(4), line(5))
  const before = (await hub.as('park-1').get('/v1/events?limit=200')).json().items.length

  const plain = (await dryRun(hub, corrected, {})).json()
  t.match(plain, { counts: { ACCEPTED: 2, HELD: 0, REJECTED: 3 }, effect: { new_needs: 2, changed: 0, duplicate: 3, withdrawn: 0 } }, 'without naming the list it corrects nothing is replaced')
  const dry = await dryRun(hub, corrected, { corrects: first.list_no })
  t.equal(dry.statusCode, 200, dry.body)
  t.match(dry.json(), {
    counts: { ACCEPTED: 2, ACCEPTED_WITH_REMARK: 1, HELD: 1, REJECTED: 1 },
    effect: {
      new_enterprises: 2, new_needs: 2, changed: 1, duplicate: 1, withdrawn: 2, amount_new: '6000000.00', amount_changed_from: '3000000.00', amount_changed_to: '3500000.00',
      amount_withdrawn: '6000000.00'
    }
  })
  t.equal((await hub.as('park-1').get('/v1/events?limit=200')).json().items.length, before, 'a dry run leaves nothing')
  t.equal((await need(hub, first.rows[1]?.need_no)).amount, '3000000.00')

  const second = await send(hub, corrected, { corrects: first.list_no })
  t.same(second.rows.map(({ outcome }) => outcome), ['REJECTED', 'ACCEPTED_WITH_REMARK', 'HELD', 'ACCEPTED', 'ACCEPTED'])
  t.match(second.rows[0]?.findings, [{ code: 'DUPLICATE' }])
  t.match(second.rows[1], { replaces_need_no: first.rows[1]?.need_no, findings: [{ code: 'REPLACES_EARLIER', message: /3000000\.00 → 3500000\.00/, message_zh: /金额由3000000\.00改为3500000\.00/ }] })
  t.match(await need(hub, first.rows[0]?.need_no), { list_no: first.list_no, amount: '3000000.00' }, 'what is the same stays, untouched')
  t.not((await need(hub, first.rows[0]?.need_no)).status, 'WITHDRAWN')
  t.equal((await need(hub, first.rows[1]?.need_no)).status, 'WITHDRAWN')
  t.match(await need(hub, second.rows[1]?.need_no), { amount: '3500000.00', list_no: second.list_no })
  t.equal((await authorization(hub, first.rows[1]?.authorization_no)).status, 'SUPERSEDED')
  t.equal((await authorization(hub, second.rows[1]?.authorization_no)).status, 'ACTIVE')
  t.equal((await need(hub, first.rows[2]?.need_no)).status, 'WITHDRAWN', 'what is gone ends')
  t.equal((await need(hub, first.rows[3]?.need_no)).status, 'WITHDRAWN', 'what has no consent any more ends')
  t.equal((await authorization(hub, first.rows[3]?.authorization_no)).status, 'WITHDRAWN')
  const open = (await hub.as('park-1').get('/v1/financing-needs?limit=200')).json().items.filter((one: { status: string }) => one.status !== 'WITHDRAWN')
  t.same(open.map((one: { uscc: string }) => one.uscc).toSorted(), [codes[0], codes[1], codes[4], codes[5]].toSorted(), 'one open need for each row that stands')
  const leads = (await hub.as('bank-1').get('/v1/leads?limit=200')).json().items as { uscc?: string, need_no: string, status: string }[]
  t.equal(leads.find(({ need_no }) => need_no === first.rows[1]?.need_no)?.status ?? 'WITHDRAWN', 'WITHDRAWN', 'the bank keeps no lead of what was replaced')
  t.ok((await hub.as('park-1').get('/v1/events?limit=200')).json().items.some(({ type }: { type: string }) => type === 'authorization.superseded'))

  const third = await send(hub, csv(line(0, { amount: '320' }), line(1, { amount: '350' }), line(4), line(5)), { corrects: second.list_no })
  t.same(third.rows.map(({ outcome, replaces_need_no }) => [outcome, replaces_need_no]), [
    ['ACCEPTED_WITH_REMARK', first.rows[0]?.need_no], ['REJECTED', null], ['REJECTED', null], ['REJECTED', null]
  ], 'a correction of the correction reaches what still stands from the first list')
})

t.test('a row that cannot go in leaves the earlier need as it is', async t => {
  const hub = await build(t)
  const first = await send(hub, csv(line(0), line(1), line(2)))
  const second = await send(hub, csv(line(0, { amount: '面议' }), line(1, { uscc: '91500115MAXX00023X' }), line(2, { amount: '0.5' })), { corrects: first.list_no })
  t.same(second.rows.map(({ outcome }) => outcome), ['REJECTED', 'REJECTED', 'HELD'])
  for (const [index, why] of ['an unreadable amount', 'a wrong code under the known name', 'an amount that waits for a person'].entries()) {
    t.not((await need(hub, first.rows[index]?.need_no)).status, 'WITHDRAWN', why)
  }
  const path = `/v1/enterprise-lists/${second.list_no}/rows/${second.rows[2]?.row_id}/decision`
  const confirmed = await hub.as('park-1', 1).post(path, { decision: 'CONFIRM', reason: '已核实' })
  t.equal(confirmed.statusCode, 200, confirmed.body)
  t.match(confirmed.json(), { outcome: 'ACCEPTED_WITH_REMARK', amount: '5000.00' })
  t.equal((await need(hub, first.rows[2]?.need_no)).status, 'WITHDRAWN', 'once confirmed it takes the place')
  t.match(await need(hub, confirmed.json().need_no), { amount: '5000.00' })
})

t.test('a need that the enterprise brought too survives the park’s correction', async t => {
  const hub = await build(t)
  const self = await hub.as('enterprise-1').post('/v1/financing-needs', aNeed({ project_code: undefined, project_name: '产线改造', amount: '2000000.00', authorization: aGrant() }))
  t.equal(self.statusCode, 201, self.body)
  const first = await send(hub, csv(line(0), line(1)))
  t.equal(first.rows[0]?.need_no, self.json().need_no)
  await send(hub, csv(line(1)), { corrects: first.list_no })
  t.not((await hub.as('enterprise-1').get(`/v1/financing-needs/${self.json().need_no}`)).json().status, 'WITHDRAWN')
  t.equal((await need(hub, self.json().need_no)).status, 'WITHDRAWN', 'the park’s part of it has ended')
})

t.test('only a decided list of the own park can be corrected, and only its newest correction', async t => {
  const hub = await build(t)
  const first = await send(hub, csv(line(0)))
  const refusal = async (corrects: string, park = 'park-1') => {
    const answer = await hub.as(park).upload('/v1/enterprise-lists', { name: 'a.csv', bytes: csv(line(0, { amount: String(Math.random()) })) }, { corrects })
    return [answer.statusCode, answer.json().errors?.[0]?.pointer, answer.json().errors?.[0]?.code]
  }
  t.same(await refusal('nothing'), [400, '/corrects', 'WRONG_FORMAT'])
  t.same(await refusal('list_01JB2Q8Z6V7K3M5N9P4R1S0T2W'), [422, '/corrects', 'LIST_UNKNOWN'])
  t.same(await refusal(first.list_no, 'park-2'), [422, '/corrects', 'LIST_UNKNOWN'], 'nothing is learnt of another park’s list')
  const refused = await send(hub, Buffer.from('%PDF-1.7'))
  t.same(await refusal(refused.list_no), [422, '/corrects', 'LIST_NOT_DECIDED'])
  await send(hub, csv(line(0, { amount: '310' })), { corrects: first.list_no })
  t.same(await refusal(first.list_no), [422, '/corrects', 'LIST_CORRECTED'])
  t.equal((await dryRun(hub, csv(line(0, { amount: '320' })), { corrects: first.list_no })).statusCode, 422, 'a dry run says so too')
})
