import t from 'tap'
import { decideRows, summaryOf, type DecidingContext } from '../../src/intake/enterprise-lists/deciding.ts'
import { rowsFromJson, type JsonRow } from '../../src/intake/enterprise-lists/json-rows.ts'
import { readList } from '../../src/intake/enterprise-lists/reading.ts'
import type { DecidedRow } from '../../src/intake/enterprise-lists/rows.ts'
import { aContext, aRow, CODES, HEADS, workbook, type Value } from './list-fixtures.ts'

function decided (rows: readonly (readonly Value[])[], context: Partial<DecidingContext> = {}, more: readonly string[] = []): DecidedRow[] {
  const { rows: read, refusal } = readList(workbook({ sheets: [{ name: '名单', rows: [[...HEADS, ...more], ...rows] }] }), 'l.xlsx')
  if (read === null) throw new Error(refusal?.message)
  return decideRows(read, aContext(context))
}

const shown = (rows: readonly DecidedRow[]): string[] => rows.map((row) => [row.outcome, ...row.findings.map((one) => one.code)].join(' '))
/** Another project of the first enterprise. */
const again = (number: number, overrides: Record<number, Value> = {}): Value[] => aRow(number, { 0: aRow(0)[0] ?? null, 1: CODES[0] ?? null, ...overrides })

t.test('the worst grade decides and every finding is told', (t) => {
  t.same(shown(decided([aRow(0), aRow(1, { 7: '' }), aRow(2, { 7: '', 4: 20 }), aRow(3, { 7: '', 4: null, 3: 'X-1' }), aRow(4, { 3: '2606-500112-04-01-100001' })])), [
    'ACCEPTED', 'HELD NOT_AUTHORISED', 'HELD NOT_AUTHORISED', 'REJECTED AMOUNT_MISSING NOT_AUTHORISED PROJECT_CODE_INVALID', 'ACCEPTED_WITH_REMARK PROJECT_CODE_KIND'
  ])
  t.end()
})

t.test('amounts outside what a park need can be are held until a person has looked', (t) => {
  const rows = decided([aRow(0, { 4: '0.99' }), aRow(1, { 4: 1 }), aRow(2, { 4: 100_000 }), aRow(3, { 4: '100000.000001' }), aRow(4, { 4: 5_000_000 })])
  t.same(rows.map((row) => row.outcome), ['HELD', 'ACCEPTED', 'ACCEPTED_WITH_REMARK', 'HELD', 'HELD'])
  t.match(rows[4]?.findings[0], { code: 'AMOUNT_UNIT_SUSPECT', value: '5000000', message_zh: /50000000000\.00元/ })
  t.end()
})

t.test('the same need twice is rejected and the earlier row named, by project code or else by name', (t) => {
  const rows = decided([
    aRow(0), again(0), again(0, { 4: 500 }), again(1, { 3: null, 2: '数控产线 改造项目0' }), again(2, { 3: null, 2: null }), again(3, { 3: null, 2: null }), again(4)
  ])
  t.same(rows.map((row) => row.outcome), ['ACCEPTED', 'REJECTED', 'REJECTED', 'REJECTED', 'ACCEPTED_WITH_REMARK', 'REJECTED', 'ACCEPTED_WITH_REMARK'])
  t.match(rows[1]?.findings, [{ code: 'DUPLICATE', message: /sheet “名单” row 2/, message_zh: /工作表“名单”第2行/ }])
  t.match(rows[2]?.findings[0]?.message_zh, /但金额不同（3000000\.00元）/u)
  t.equal(rows[3]?.findings[0]?.column, 'C', 'told at the column that made it the same')
  t.end()
})

t.test('a row that did not go in does not stand in the way of a later one', (t) => {
  t.same(shown(decided([aRow(0, { 7: null }), again(0), again(0)])), ['HELD NOT_AUTHORISED', 'ACCEPTED', 'REJECTED DUPLICATE'])
  t.end()
})

t.test('an open need of the same park makes a row a duplicate, named by its number', (t) => {
  const open_needs = (uscc: string) => uscc === CODES[0]
    ? [{ need_no: 'need_01J', project_code: '2606-500112-07-02-100001', project_name: null, amount_fen: 300_000_000, sheet: '上期', row: 7 }] : []
  const rows = decided([aRow(0), again(1)], { open_needs })
  t.same(shown(rows), ['REJECTED DUPLICATE', 'ACCEPTED'])
  t.match(rows[0]?.findings[0]?.message_zh, /need_01J（早前名单工作表“上期”第7行）/u)
  t.end()
})

t.test('one code with two names, one name with two codes: the later row is held, however the first came out', (t) => {
  const rows = decided([
    aRow(0, { 6: null }), again(1, { 0: '重庆虚构庚机械有限公司' }), aRow(1, { 0: aRow(0)[0] ?? null }), again(2, { 0: '重庆虚构甲 机械有限公司' }), aRow(3, { 1: '91500112MAXX00015R' }), aRow(3)
  ])
  t.same(shown(rows), [
    'REJECTED PURPOSE_MISSING', 'HELD SAME_CODE_OTHER_NAME', 'HELD SAME_NAME_OTHER_CODE', 'ACCEPTED', 'REJECTED USCC_CHECK_DIGIT', 'ACCEPTED'
  ])
  t.match(rows[1]?.findings[0], { column: 'A', message_zh: /工作表“名单”第2行代码相同而名称不同（重庆虚构甲机械有限公司）/ })
  t.end()
})

t.test('a name that differs from what the park sent earlier is a remark', (t) => {
  const known_names = (uscc: string) => uscc === CODES[0] ? ['重庆虚构旧名机械有限公司'] : uscc === CODES[1] ? ['重庆虚构乙机械（有限）公司', '重庆虚构乙机械有限公司'] : []
  t.same(shown(decided([aRow(0), aRow(1), aRow(2)], { known_names })), ['ACCEPTED_WITH_REMARK NAME_DIFFERS_FROM_EARLIER', 'ACCEPTED', 'ACCEPTED'])
  t.end()
})

t.test('industries known to be outside C13–C43 are held; what cannot be judged is not', (t) => {
  const rows = ['C3421', '3421', 'C34 通用设备', 'F5177 机械设备批发', '6510', 'I65', '汽车零部件', '', 'C9912'].map((industry, index) => aRow(index, { 1: CODES[0] ?? null, 0: '甲公司' }).concat([industry]))
  t.same(decided(rows, {}, ['行业代码']).map((row) => row.findings.some((one) => one.code === 'NOT_MANUFACTURING')), [false, false, false, true, true, true, false, false, false])
  t.match(decided([aRow(0).concat(['F5177 机械设备批发'])], {}, ['行业代码'])[0], { outcome: 'HELD', findings: [{ code: 'NOT_MANUFACTURING', rule_id: 'E-01' }] })
  t.end()
})

t.test('a park text that names another registered park is held; the own park, a site in it or an unknown word is not', (t) => {
  const context = { park_names: ['渝北示范产业园（虚构）', '渝北园'], other_park_names: ['江津示范产业园（虚构）', '重庆南示范经济技术开发区', '示范产业园'] }
  const texts: [text: string, held: boolean][] = [
    ['渝北示范产业园', false], ['渝北示范产业园（虚构）', false], ['重庆市渝北示范产业园区B区', false], ['江津示范产业园', true], ['重庆江津示范产业园区三期', true], ['南示范经开区', true],
    ['南示范经济技术开发区北区', true], ['某某工业园', false], ['', false], ['园区', false], ['示范产业园', false]
  ]
  const rows = decided(texts.map(([text], index) => aRow(0, { 3: `2606-500112-07-02-${200_000 + index}`, 2: `项目${index}` }).concat([text])), context, ['所在园区'])
  for (const [index, [text, held]] of texts.entries()) t.equal(rows[index]?.findings.some((one) => one.code === 'OTHER_PARK'), held, text === '' ? 'blank' : text)
  t.equal(rows[3]?.outcome, 'HELD')
  t.end()
})

t.test('the household limit counts loans, open needs and earlier rows; five titles raise it; it is a remark without foreign figures', (t) => {
  const rows = decided([aRow(0, { 4: 600 }), again(1, { 4: 400 }), again(2, { 4: 1 }), aRow(1, { 4: 1000 }), aRow(2, { 4: '1000.01' })])
  t.same(shown(rows), ['ACCEPTED', 'ACCEPTED_WITH_REMARK SECOND_PROJECT', 'ACCEPTED_WITH_REMARK SECOND_PROJECT HOUSEHOLD_LIMIT', 'ACCEPTED', 'ACCEPTED_WITH_REMARK HOUSEHOLD_LIMIT'])
  const household = () => ({ in_force_fen: 123_456_700, open_fen: 700_000_000 })
  const burdened = decided([aRow(0, { 4: 300 })], { household })
  t.same(shown(burdened), ['ACCEPTED_WITH_REMARK HOUSEHOLD_LIMIT'])
  const said = JSON.stringify(burdened[0]?.findings)
  t.notMatch(said, /1234567|7000000\.00/u, 'what others lent is not told')
  t.match(burdened[0]?.findings[0], { rule_id: 'E-09', message_zh: /10000000\.00元/ })
  t.same(shown(decided([aRow(0, { 4: 300 }).concat(['高新技术企业'])], { household }, ['企业资质'])), ['ACCEPTED'], 'a title named in the row')
  t.same(shown(decided([aRow(0, { 4: 300 })], { household, tags: () => ['LITTLE_GIANT'] })), ['ACCEPTED'], 'a title held')
  t.same(shown(decided([aRow(0, { 4: 300 })], { household, tags: () => ['GAZELLE'] })), ['ACCEPTED_WITH_REMARK HOUSEHOLD_LIMIT'], 'a title that does not raise it')
  t.end()
})

t.test('codes of other provinces and odd organisation codes are remarks', (t) => {
  const rows = decided([aRow(0, { 1: '91350100M000100Y43' }), aRow(1)])
  t.equal(rows[0]?.outcome, 'ACCEPTED_WITH_REMARK')
  t.ok(rows[0]?.findings.some((one) => one.code === 'NOT_IN_CHONGQING' && one.rule_id === 'E-16'))
  t.end()
})

t.test('a date that lies far away is a remark', (t) => {
  t.same(shown(decided([aRow(0).concat(['2062-08-01']), aRow(1).concat(['2027-08-01'])], {}, ['提出日期'])), ['ACCEPTED_WITH_REMARK DATE_UNLIKELY', 'ACCEPTED'])
  t.end()
})

const sent: JsonRow = { name: '重庆虚构甲机械有限公司', uscc: CODES[0] ?? '', amount: '3000000.00', term_months: 36, purpose: '设备购置', consent: true }

t.test('rows sent as JSON are judged as rows of a sheet are, numbered from 1', (t) => {
  const rows = decideRows(rowsFromJson([
    sent, { ...sent, consent: false, project_code: '2606-500112-07-02-100002' }, { ...sent, uscc: '91500112MAXX00015R' }, { ...sent, amount: '5000.00', project_name: '二期' },
    { ...sent, name: '重庆虚构乙机械有限公司', uscc: CODES[1] ?? '', park: '江津示范产业园', industry_code: 'C3421', qualifications: ['HIGH_TECH'], demand_date: '2026-08-01' }, sent
  ]), aContext())
  t.same(shown(rows), ['ACCEPTED', 'HELD NOT_AUTHORISED SECOND_PROJECT', 'REJECTED USCC_CHECK_DIGIT', 'HELD AMOUNT_UNIT_SUSPECT SECOND_PROJECT', 'HELD OTHER_PARK', 'REJECTED DUPLICATE'])
  t.same(rows.map((row) => [row.sheet, row.row]), [[null, 1], [null, 2], [null, 3], [null, 4], [null, 5], [null, 6]])
  t.match(rows[2]?.findings[0], { column: 'uscc', head: null, value: '91500112MAXX00015R' })
  t.match(rows[4], { industry_code: '3421', qualifications: ['HIGH_TECH'], demand_date: '2026-08-01', park_text: '江津示范产业园' })
  t.same(rows[0]?.normalised_from, [])
  t.end()
})

t.test('the counts add up, over all slices', (t) => {
  const rows = rowsFromJson(Array.from({ length: 450 }, (_, index) => ({ ...sent, project_name: `项目${index % 440}`, consent: index % 9 !== 0 })))
  const whole = decideRows(rows, aContext())
  const { counts, amount_accepted_fen } = summaryOf(whole.slice(200), summaryOf(whole.slice(0, 200)))
  t.same({ counts, amount_accepted_fen }, summaryOf(whole))
  t.equal(Object.values(counts).reduce((before, count) => before + count, 0), 450)
  t.equal(amount_accepted_fen, (counts.ACCEPTED + counts.ACCEPTED_WITH_REMARK) * 300_000_000)
  t.end()
})

t.test('an amount in Chinese numerals is refused with a word about what to write', async (t) => {
  const [row] = decided([aRow(0, { 4: '伍佰万元' })])
  t.equal(row?.outcome, 'REJECTED')
  t.match(row?.findings, [{ code: 'AMOUNT_UNREADABLE', column: 'E', value: '伍佰万元', message_zh: /请用阿拉伯数字填写.*“500万元”/u, message: /in figures, for instance 500万元/u }])
})
