import fc from 'fast-check'
import t from 'tap'
import { textCell, type Cell } from '../../src/intake/enterprise-lists/cells.ts'
import {
  amountOf, contactOf, countOf, isConsent, moneyUnitIn, nameOf, qualificationsOf, termOf, termUnitIn, tidied
} from '../../src/intake/enterprise-lists/values.ts'

const number = (text: string): Cell => ({ kind: 'NUMBER', text, format: null })

t.test('an amount is read exactly or not at all', (t) => {
  const read: [text: string, unit: string | null, want: unknown][] = [
    ['300', '万元', 300_000_000], ['300万元', '元', 300_000_000], ['３００', '万元', 300_000_000], ['1,000.00', '万元', 1_000_000_000], ['￥4,500,000.00', '元', 450_000_000],
    ['人民币500万元整', null, 500_000_000], ['0.5亿', '万元', 5_000_000_000], ['1.2345', '万元', 1_234_500], ['5百万元', null, 500_000_000], [' 12 000 ', '元', 1_200_000],
    ['=“300”', '万元', 'AMOUNT_UNREADABLE'], ['="300"', '万元', 300_000_000], ["'300", '万元', 300_000_000],
    ['约400', '万元', 'AMOUNT_UNREADABLE'], ['300-500', '万元', 'AMOUNT_UNREADABLE'], ['300～500', '万元', 'AMOUNT_UNREADABLE'], ['面议', '元', 'AMOUNT_UNREADABLE'],
    ['10,00', '元', 'AMOUNT_UNREADABLE'], ['4.500.000', '元', 'AMOUNT_UNREADABLE'], ['300万美元', '万元', 'AMOUNT_UNREADABLE'], ['$300', '元', 'AMOUNT_UNREADABLE'],
    ['1e6', '元', 'AMOUNT_UNREADABLE'], ['(200)', '元', 'AMOUNT_UNREADABLE'], ['300左右', '万元', 'AMOUNT_UNREADABLE'], ['3OO', '万元', 'AMOUNT_UNREADABLE'],
    ['0', '万元', 'AMOUNT_NOT_POSITIVE'], ['-200', '万元', 'AMOUNT_NOT_POSITIVE'], ['0.001', '元', 0], ['99999999999999', '元', 'AMOUNT_TOO_LARGE'],
    ['3200000.004', '元', 320_000_000], ['3200000.005', '元', 'AMOUNT_TOO_FINE'], ['3200000.006', '元', 320_000_001]
  ]
  for (const [text, unit, want] of read) {
    const got = amountOf(textCell(text), unit)
    const shown = 'fault' in got ? got.fault : 'fen' in got ? got.fen : 'NO_UNIT'
    t.equal(shown, want === 0 ? 'AMOUNT_TOO_FINE' : want, `${text} in ${unit ?? 'no unit'}`)
  }
  t.same(amountOf(textCell('300'), null), { unit_known: false })
  t.same(amountOf(textCell('300'), '箱'), { unit_known: false })
  t.same(amountOf({ kind: 'DATE', text: '2026-03-05', format: null }, '万元'), { fault: 'AMOUNT_UNREADABLE' })
  t.end()
})

t.test('whole fen in any unit and spelling come back unchanged', (t) => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 9_000_000_000_000 }), fc.constantFrom(0, 3, 4, 8), fc.boolean(), (fen, power, grouped) => {
    const digits = String(fen).padStart(power + 3, '0')
    const whole = digits.slice(0, -(power + 2))
    const text = `${grouped ? BigInt(whole).toLocaleString('en-US') : whole}.${digits.slice(-(power + 2))}`
    const unit = power === 0 ? '元' : power === 3 ? '千元' : power === 4 ? '万元' : '亿元'
    const got = amountOf(textCell(text), unit)
    return 'fen' in got && got.fen === fen && !got.rounded
  }))
  t.end()
})

t.test('units are seen where they stand as units, and only there', (t) => {
  const heads: [head: string, unit: string | null][] = [
    ['融资金额（万元）', '万元'], ['融资金额(单位：万元)', '万元'], ['融资金额/元', '元'], ['金额：亿元', '亿元'], ['贷款金额万元', '万元'], ['金额（人民币万元）', '万元'], ['万元', '万元'],
    ['融资金额', null], ['填报单位：万元桥村', null], ['金额（万美元）', 'FOREIGN'], ['amount (CNY)', '元'], ['元旦前金额', null], ['多元化项目', null]
  ]
  for (const [head, unit] of heads) t.equal(moneyUnitIn(head), unit, head)
  const terms: [head: string, unit: '月' | '年' | null][] = [
    ['期限（月）', '月'], ['期限（个月）', '月'], ['贷款期限/年', '年'], ['期限(单位:月)', '月'], ['贷款年限', '年'], ['期限', null], ['2026年7月需求期限', null], ['年利率', null], ['term_months', '月']
  ]
  for (const [head, unit] of terms) t.equal(termUnitIn(head), unit, head)
  t.end()
})

t.test('a term is a whole number of months or nothing', (t) => {
  const read: [text: string, unit: '月' | '年' | null, want: unknown][] = [
    ['36', '月', 36], ['3', '年', 36], ['3年', '月', 36], ['三年', '月', 36], ['两年', null, 24], ['1.5', '年', 18], ['一年半', null, 18], ['1年6个月', null, 18], ['半年', null, 6],
    ['十八个月', null, 18], ['二十四个月', null, 24], ['12期', '月', 12], ['36M', null, 36], ['２４', '月', 24], ['18.0', '月', 18],
    ['1-3', '年', 'TERM_UNREADABLE'], ['1至3年', null, 'TERM_UNREADABLE'], ['长期', '月', 'TERM_UNREADABLE'], ['1.2年', null, 'TERM_UNREADABLE'], ['12.5', '月', 'TERM_UNREADABLE'],
    ['365天', null, 'TERM_UNREADABLE'], ['0', '月', 'TERM_OUT_OF_RANGE'], ['-12', '月', 'TERM_OUT_OF_RANGE'], ['601', '月', 'TERM_OUT_OF_RANGE'], ['36', null, 'NO_UNIT']
  ]
  for (const [text, unit, want] of read) {
    const got = termOf(textCell(text), unit)
    t.equal('fault' in got ? got.fault : 'months' in got ? got.months : 'NO_UNIT', want, `${text} in ${unit ?? 'no unit'}`)
  }
  t.same(termOf({ kind: 'DATE', text: '2026-01-03', format: null }, '年'), { fault: 'TERM_UNREADABLE' }, 'a range that a spreadsheet made a date')
  t.end()
})

t.test('consent is one of the words of the contract; anything else is none', (t) => {
  for (const word of ['是', '已授权', '同意', '已同意', '已签', '已签署', '√', '✓', 'Y', 'yes', 'TRUE', '1', ' 是 ', 'ＹＥＳ', '１']) t.ok(isConsent(word), word)
  for (const word of ['', '否', '未授权', '不同意', '是否', '待签', '0', 'N', '2', '是，但有保留', '×', '?']) t.notOk(isConsent(word), word)
  t.end()
})

t.test('names, texts, contacts, titles and head counts', (t) => {
  t.equal(nameOf(' 重庆 某某　（集团）有限公司\u200b'), '重庆某某(集团)有限公司')
  t.equal(nameOf('ABC  Tools Co., Ltd'), 'ABC Tools Co., Ltd')
  t.equal(tidied('="ab""c"'), 'ab"c')
  t.equal(tidied("'0123"), '0123')
  t.equal(tidied('a\u0000b\ud800'), 'a b\ufffd')
  t.same(contactOf('测试员47 15447042776'), { name: '测试员47', phone: '15447042776' })
  t.same(contactOf('测试员（023-12345678）'), { name: '测试员', phone: '023-12345678' })
  t.same(contactOf('测试员'), { name: '测试员', phone: null })
  t.same(qualificationsOf('专精特新“小巨人”企业、高新技术企业，ISO9001；无'), ['LITTLE_GIANT', 'HIGH_TECH', 'ISO9001'])
  t.same(qualificationsOf('非高新技术企业'), ['非高新技术企业'], 'a denial is no title')
  t.equal(countOf(textCell('1,200人')), 1200)
  t.equal(countOf(number('12.5')), null)
  t.end()
})
