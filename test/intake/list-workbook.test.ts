import t from 'tap'
import { readList, type ListReading } from '../../src/intake/enterprise-lists/reading.ts'
import type { ListRow } from '../../src/intake/enterprise-lists/rows.ts'
import { aList, aRow, CODES, HEADS, workbook, type Value } from './list-fixtures.ts'

function rowsOf (reading: ListReading): ListRow[] {
  if (reading.refusal !== null) throw new Error(`refused: ${reading.refusal.message}`)
  return reading.rows
}

function first (bytes: Uint8Array, name = 'list.xlsx'): ListRow {
  const row = rowsOf(readList(bytes, name)).find((one) => !one.skipped)
  if (row === undefined) throw new Error('no row')
  return row
}

function codes (row: ListRow): string[] {
  return row.findings.map((one) => one.code)
}

const text = (value: string): Value => value
const number = (value: string, style = 0): Value => ({ attributes: `s="${style}"`, inner: `<v>${value}</v>` })

t.test('each data sheet is read with its own unit, numbers and letters; hidden, empty and notes sheets are not', (t) => {
  const yuan = HEADS.map((head) => head === '融资金额（万元）' ? '融资金额（元）' : head)
  const bytes = workbook({
    sheets: [
      { name: '说明', rows: [['请按要求填写'], ['金额单位为千元']] },
      { name: '甲', rows: [['某园区名单'], [], HEADS, aRow(0)] },
      { name: '隐藏', state: 'hidden', rows: [HEADS, aRow(1)] },
      { name: '深藏', state: 'veryHidden', rows: [HEADS, aRow(2)] },
      { name: '空', rows: [] },
      { name: '乙', rows: [yuan, aRow(3, { 4: 3_000_000 })] },
      { name: '企业库', rows: [['企业名称', '统一社会信用代码', '所在园区'], ['重庆虚构乙机械有限公司', CODES[1] ?? '', '某园']] }
    ]
  })
  const reading = readList(bytes, 'list.xlsx')
  const rows = rowsOf(reading)
  t.same(rows.map((row) => [row.sheet, row.row, row.amount_fen]), [['甲', 4, 300_000_000], ['乙', 2, 300_000_000]])
  t.same(reading.sheets.map((sheet) => [sheet.sheet, sheet.role]), [
    ['说明', 'NO_HEAD'], ['甲', 'DATA'], ['隐藏', 'HIDDEN'], ['深藏', 'HIDDEN'], ['空', 'EMPTY'], ['乙', 'DATA'], ['企业库', 'REFERENCE']
  ])
  t.same(reading.sheets.filter((sheet) => sheet.role === 'DATA').map((sheet) => sheet.amount_unit), ['万元', '元'])
  t.end()
})

t.test('two-row heads are understood, merged or not, and groups tell equal words apart', (t) => {
  const upper: Value[] = ['序号', '企业', null, '技改项目', null, '项目投资', '融资需求（万元）', null, null, '是否授权']
  const lower: Value[] = [null, '名称', '统一社会信用代码', '名称', '代码', '金额', '金额', '期限（月）', '用途', null]
  const data: Value[] = [1, '重庆虚构甲机械有限公司', CODES[0] ?? '', '产线改造', '2606-500112-07-02-100001', 9000, 300, 36, '设备购置', '是']
  const merges = ['A1:A2', 'B1:C1', 'D1:E1', 'G1:I1', 'J1:J2']
  for (const [how, bytes] of [
    ['merged', workbook({ sheets: [{ name: '表', rows: [upper, lower, data], merges }] })],
    ['not merged', workbook({ sheets: [{ name: '表', rows: [upper, lower, data] }] })]
  ] as const) {
    const row = first(bytes)
    t.equal(row.row, 3, how)
    t.equal(row.amount_fen, 300_000_000, `${how}: the need, not the investment`)
    t.equal(row.columns.amount?.column, 'G', how)
    t.equal(row.columns.amount?.head, '融资需求（万元）/金额', how)
    t.equal(row.project_name, '产线改造', how)
    t.equal(row.project_code, '2606-500112-07-02-100001', how)
    t.equal(row.consent, true, how)
  }
  t.end()
})

t.test('a row that numbers the columns, repeated heads, totals, notes, examples and blanks are no enterprises', (t) => {
  const rows = rowsOf(readList(aList([
    ['1', '2', '3', '4', '5', '6', '7', '8'], aRow(0), [], HEADS, ['小计', null, null, null, 300], ['示例', '某某公司', CODES[5] ?? '', null, 100, 12, '设备', '是'],
    ['注：以上金额含税'], aRow(1), ['填表人：某某', null, '审核人：某某'], ['合 计', null, null, null, 600], [], []
  ]), 'list.xlsx'))
  t.same(rows.map((row) => [row.row, row.skipped ? codes(row)[0] : 'DATA']), [
    [3, 'DATA'], [4, 'BLANK_ROW'], [5, 'REPEATED_HEAD'], [6, 'TOTAL_ROW'], [7, 'EXAMPLE_ROW'], [8, 'NOTE_ROW'], [9, 'DATA'], [10, 'NOTE_ROW'], [11, 'TOTAL_ROW']
  ])
  t.end()
})

t.test('a row with only its serial number is blank; a row with only a name is a broken row, not a note', (t) => {
  const bytes = workbook({ sheets: [{ name: '表', rows: [['序号', ...HEADS], [1, ...aRow(0)], [2], [3, '重庆虚构庚机械有限公司']] }] })
  const rows = rowsOf(readList(bytes, 'list.xlsx'))
  t.same(rows.map((row) => row.skipped), [false, true, false])
  t.same(rows.at(2)?.findings.map((one) => one.code), ['USCC_MISSING', 'AMOUNT_MISSING', 'TERM_MISSING', 'PURPOSE_MISSING', 'NOT_AUTHORISED'])
  t.end()
})

t.test('formulas count by their stored result; without one, and with an error value, the cell says so', (t) => {
  const formula = (result: string): Value => ({ attributes: '', inner: `<f>A1*2</f>${result}` })
  const rows = rowsOf(readList(aList([
    aRow(0, { 4: formula('<v>300</v>') }),
    aRow(1, { 4: formula('') }),
    aRow(2, { 4: { attributes: 't="e"', inner: '<f>1/0</f><v>#DIV/0!</v>' } }),
    aRow(3, { 0: { attributes: 't="str"', inner: '<f>B1</f><v>重庆虚构丁机械有限公司</v>' } }),
    aRow(4, { 2: { attributes: 't="e"', inner: '<v>#REF!</v>' } }),
    aRow(5, { 7: { attributes: 't="b"', inner: '<v>1</v>' } })
  ]), 'list.xlsx'))
  t.same(rows.map(codes), [[], ['FORMULA_NO_RESULT'], ['CELL_ERROR'], [], ['OPTIONAL_UNREADABLE'], []])
  t.equal(rows[2]?.findings[0]?.value, '#DIV/0!')
  t.equal(rows[2]?.findings[0]?.column, 'E')
  t.equal(rows[3]?.name, '重庆虚构丁机械有限公司')
  t.equal(rows[5]?.consent, true)
  t.end()
})

t.test('days are read in both epochs, as dates, serial numbers and words', (t) => {
  const heads = [...HEADS, '提出日期']
  const dates = (epoch_1904: boolean, serial: number): (string | null)[] => {
    const variants: Value[] = [number(String(serial), 1), number(`${serial}.75`, 2), number(String(serial)), text(String(serial)), text('2026-08-01'), text('2026.8.1'),
      text('2026年8月1日'), text('20260801'), text('２０２６／８／１'), text('2026/8/1 9:30'), text('二〇二六年八月一日'), { attributes: 't="d"', inner: '<v>2026-08-01T00:00:00</v>' }]
    const rows = variants.map((date, index) => aRow(index).concat([date]))
    return rowsOf(readList(workbook({ sheets: [{ name: '表', rows: [heads, ...rows] }], epoch_1904, formats: ['yyyy"年"m"月"d"日"', '[$-804]yyyy/m/d h:mm'] }), 'l.xlsx')).map((row) => row.demand_date)
  }
  t.same(dates(false, 46_235), Array.from({ length: 12 }, () => '2026-08-01'))
  t.same(dates(true, 46_235 - 1462), Array.from({ length: 12 }, () => '2026-08-01'))
  const wrong = ['2026-02-30', '2026年8月', '8/1/2026', '26.8.1', '待定', '1-3'].map((date, index) => aRow(index).concat([date]))
  const rows = rowsOf(readList(workbook({ sheets: [{ name: '表', rows: [heads, ...wrong] }] }), 'l.xlsx'))
  t.ok(rows.every((row) => row.demand_date === null && codes(row).includes('DATE_INVALID')), 'what is no full day of the calendar stays empty and is said')
  t.end()
})

t.test('a unit or a scale in the number format counts', (t) => {
  const formats = ['#,##0.00"万元"', '0!.0,"万元"', '0.00', '0"个月"', '0"年"', '0.00_);[Red](0.00)']
  const rows = rowsOf(readList(aList([
    aRow(0, { 4: number('300', 1), 5: number('36', 4) }), aRow(1, { 4: number('3000000', 2), 5: number('3', 5) }), aRow(2, { 4: number('300', 3) }), aRow(3, { 4: number('300', 6) })
  ], { formats }), 'list.xlsx'))
  t.same(rows.map((row) => row.amount_fen), [300_000_000, 300_000_000, 300_000_000, 300_000_000])
  t.same(rows.map((row) => row.term_months), [36, 36, 36, 36])
  t.end()
})

t.test('numbers are taken as the sheet shows them, without binary dust', (t) => {
  const rows = rowsOf(readList(aList([
    aRow(0, { 4: number('533.33000000000004') }), aRow(1, { 4: number('1.2E3') }), aRow(2, { 4: number('33.333333333333336') }), aRow(3, { 4: number('0.30000000000000004') }),
    aRow(4, { 1: number('9.1500112000000013E17') }), aRow(5, { 4: number('1E30') })
  ]), 'list.xlsx'))
  t.same(rows.map((row) => row.amount_fen), [533_330_000, 1_200_000_000, 33_333_333, 300_000, 300_000_000, null])
  t.same(rows.map(codes), [[], [], ['AMOUNT_ROUNDED'], [], ['USCC_SCIENTIFIC'], ['AMOUNT_TOO_LARGE']])
  t.end()
})

t.test('an enterprise merged over its projects is read in each row; an amount never is', (t) => {
  const bytes = aList([aRow(0), [null, null, '二期项目', '2606-500112-07-02-100099', 200, 12, '设备购置', null], [null, null, '三期项目', null, null, 12, '设备购置', null]])
  const merged = workbook({ sheets: [{ name: '名单', merges: ['A2:A4', 'B2:B4', 'H2:H4', 'E3:E4'],
    rows: [HEADS, aRow(0), [null, null, '二期项目', '2606-500112-07-02-100099', 200, 12, '设备购置', null], [null, null, '三期项目', null, null, 12, '设备购置', null]] }] })
  t.same(rowsOf(readList(bytes, 'l.xlsx')).map((row) => row.uscc), [CODES[0], null, null], 'nothing is filled in where nothing is merged')
  const rows = rowsOf(readList(merged, 'l.xlsx'))
  t.same(rows.map((row) => [row.uscc, row.consent, row.amount_fen]), [[CODES[0], true, 300_000_000], [CODES[0], true, 200_000_000], [CODES[0], true, null]])
  t.same(codes(rows[2] as ListRow), ['AMOUNT_MISSING'])
  t.ok(rows[1]?.normalised_from.some((one) => one.column === 'B' && one.before === '' && one.after === CODES[0]), 'and shown as filled in')
  t.end()
})

t.test('what was changed is shown: column, before, after', (t) => {
  const row = first(aList([aRow(0, { 1: '９１500112 maxx00015q', 0: ' 重庆虚构甲　机械（集团）有限公司\n', 4: '￥1,234.50 万元', 5: '三年' })]))
  t.same(row.normalised_from, [
    { column: 'A', before: ' 重庆虚构甲　机械（集团）有限公司\n', after: '重庆虚构甲机械(集团)有限公司' },
    { column: 'B', before: '９１500112 maxx00015q', after: '91500112MAXX00015Q' },
    { column: 'E', before: '￥1,234.50 万元', after: '12345000.00' },
    { column: 'F', before: '三年', after: '36' }
  ])
  t.end()
})

t.test('a finding names sheet, row, column, head and value, and says what to do, in both languages', (t) => {
  const row = first(aList([aRow(0, { 1: '91500112MAXX00015R' })]))
  const [finding] = row.findings
  t.same([finding?.code, finding?.column, finding?.head, finding?.value], ['USCC_CHECK_DIGIT', 'B', '统一社会信用代码', '91500112MAXX00015R'])
  t.equal(finding?.message_zh, '工作表“名单”第2行B列（统一社会信用代码）“91500112MAXX00015R”：校验码不符：有一位写错或两位颠倒。请与营业执照核对更正；如执照确为该代码，请联系平台运营方登记。')
  t.equal(finding?.message, 'Sheet “名单” row 2, column B (统一社会信用代码), “91500112MAXX00015R”: the check character does not fit: a character is wrong or two are swapped. Compare with the business licence and correct it; if the licence really says so, ask the operator to record the code.')
  t.end()
})

t.test('a letter in place of a digit gets a hint, never a repair', (t) => {
  const row = first(aList([aRow(0, { 1: '915OO112MAXX00015Q' })]))
  t.equal(row.uscc, '915OO112MAXX00015Q')
  t.match(row.findings[0], { code: 'USCC_CHARSET', message: /O and 0/, message_zh: /O 与 0/ })
  t.end()
})

t.test('habits of WPS and other writers are read: prefixes, no references, shared and phonetic text, absolute targets', (t) => {
  const shared = '<?xml version="1.0"?><x:sst xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main">' +
    [...HEADS, '重庆虚构甲机械有限公司', CODES[0], '设备购置', '是'].map((one) => `<x:si><x:r><x:t>${one?.slice(0, 1)}</x:t></x:r><x:r><x:t>${one?.slice(1)}</x:t></x:r><x:rPh sb="0" eb="1"><x:t>ピン</x:t></x:rPh></x:si>`).join('') + '</x:sst>'
  const cell = (index: number): string => `<x:c t="s"><x:v>${index}</x:v></x:c>`
  const sheet = '<?xml version="1.0"?><x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>' +
    `<x:row>${HEADS.map((_, index) => cell(index)).join('')}</x:row>` +
    `<x:row>${cell(8)}${cell(9)}<x:c/><x:c/><x:c><x:v>300</x:v></x:c><x:c><x:v>36</x:v></x:c>${cell(10)}${cell(11)}</x:row></x:sheetData></x:worksheet>`
  const rels = '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://purl.oclc.org/ooxml/officeDocument/relationships/worksheet" Target="/xl/worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://purl.oclc.org/ooxml/officeDocument/relationships/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>'
  const row = first(workbook({ sheets: [{ name: '表', rows: [] }], parts: { 'xl/worksheets/sheet1.xml': sheet, 'xl/sharedStrings.xml': shared, 'xl/_rels/workbook.xml.rels': rels } }))
  t.same([row.row, row.name, row.uscc, row.amount_fen, codes(row)], [2, '重庆虚构甲机械有限公司', CODES[0], 300_000_000, []])
  t.end()
})

t.test('a hidden row is read, with a remark', (t) => {
  const bytes = workbook({ sheets: [{ name: '表', rows: [HEADS, aRow(0), aRow(1)], hidden_rows: [3] }] })
  t.same(rowsOf(readList(bytes, 'l.xlsx')).map(codes), [[], ['ROW_HIDDEN']])
  t.end()
})

t.test('columns may stand in any order, between others, under other words', (t) => {
  const bytes = workbook({ sheets: [{ name: '表', rows: [
    ['是否签署数据采集授权书', '借款人', '注册资本（万元）', '贷款用途', '贷款期限/年', '拟融资额度（单位：万元）', '*统一社会信用代码', '上年度营业收入（万元）', '从业人数', '联系方式'],
    ['√', '重庆虚构甲机械有限公司', 8000, '厂房改扩建', 2, 500, CODES[0] ?? '', '1,200.5', 45, '023-12345678']
  ] }] })
  const row = first(bytes)
  t.same([row.consent, row.name, row.term_months, row.amount_fen, row.uscc, row.revenue_fen, row.employees, row.contact_phone, row.purpose_code],
    [true, '重庆虚构甲机械有限公司', 24, 500_000_000, CODES[0], 1_200_500_000, 45, '023-12345678', 'CIVIL_WORKS'])
  t.end()
})
