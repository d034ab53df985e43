import { unzipSync } from 'fflate'
import t from 'tap'
import { annotatedWorkbook, notesOf, workbookOfRows } from '../../src/intake/enterprise-lists/annotate.ts'
import { decideRows } from '../../src/intake/enterprise-lists/deciding.ts'
import { rowsFromJson } from '../../src/intake/enterprise-lists/json-rows.ts'
import { LIST_LIMITS, readList } from '../../src/intake/enterprise-lists/reading.ts'
import { listTemplate } from '../../src/intake/enterprise-lists/template.ts'
import { readWorkbook } from '../../src/intake/enterprise-lists/workbook.ts'
import { neutralised } from '../../src/intake/enterprise-lists/writing.ts'
import type { DecidedRow } from '../../src/intake/enterprise-lists/rows.ts'
import { aContext, aRow, CODES, gbk, HEADS, workbook } from './list-fixtures.ts'

function judged (bytes: Uint8Array, name = 'l.xlsx'): DecidedRow[] {
  const { rows, refusal } = readList(bytes, name)
  if (rows === null) throw new Error(refusal?.message)
  return decideRows(rows, aContext())
}

/** Text of a cell, "E5". */
function cell (bytes: Uint8Array, sheet: string, reference: string): string | undefined {
  const column = reference.charCodeAt(0) - 65
  return [...readWorkbook(bytes, LIST_LIMITS).find((one) => one.name === sheet)?.rows ?? []].find((row) => row.number === Number(reference.slice(1)))?.cells.get(column)?.text
}

const validation = '<dataValidations count="1"><dataValidation type="list" sqref="H3:H99"><formula1>"是,否"</formula1></dataValidation></dataValidations>'
const book = workbook({
  sheets: [
    { name: '名单', rows: [['某园区名单'], HEADS, aRow(0), aRow(1, { 7: null }), [], aRow(2, { 1: '91500112MAXX00015R' }), ['合计', null, null, null, { attributes: '', inner: '<f>SUM(E3:E6)</f><v>900</v>' }]], merges: ['A1:H1'], after: validation },
    { name: '说明', rows: [['请如实填写']] }
  ],
  formats: ['#,##0.00'],
  parts: { 'xl/media/image1.png': Uint8Array.of(1, 2, 3), 'docProps/app.xml': '<Properties/>' }
})

t.test('the clerk’s own workbook comes back with three columns more and nothing else changed', (t) => {
  const rows = judged(book)
  const annotated = annotatedWorkbook(book, 'l.xlsx', notesOf(rows), LIST_LIMITS)
  const before = unzipSync(book)
  const after = unzipSync(annotated)
  t.same(Object.keys(after), Object.keys(before), 'the same parts in the same order')
  for (const [name, bytes] of Object.entries(before)) if (name !== 'xl/worksheets/sheet1.xml') t.same(after[name], bytes, `${name} byte for byte`)
  const xml = (files: Record<string, Uint8Array>): string => Buffer.from(files['xl/worksheets/sheet1.xml'] ?? []).toString('utf8')
  const removed = xml(after).replace(/<c r="[IJK]\d+"[^>]*>.*?<\/c>/gu, '').replace(/<cols>.*?<\/cols>/u, '')
  t.equal(removed, xml(before), 'the sheet without what was added is the sheet that was sent')
  t.same(['I2', 'J2', 'K2'].map((at) => cell(annotated, '名单', at)), ['处理结果', '问题说明', '处理办法'])
  t.same(['I3', 'I4', 'I5', 'I6', 'I7'].map((at) => cell(annotated, '名单', at)), ['已接收', '暂缓，待确认', undefined, '未接收', '未计入'], 'a blank row stays blank')
  t.match(cell(annotated, '名单', 'J6'), /^校验码不符/u)
  t.match(cell(annotated, '名单', 'K6'), /^请与营业执照核对更正/u)
  t.end()
})

t.test('what comes back can be sent again and comes out the same', (t) => {
  const rows = judged(book)
  const again = judged(annotatedWorkbook(book, 'l.xlsx', notesOf(rows), LIST_LIMITS))
  t.same(again, rows)
  t.end()
})

t.test('rows of every written form take the columns: closed in themselves, prefixed, with hints and styled blanks on the right', (t) => {
  const head = HEADS.map((one, index) => `<x:c r="${'ABCDEFGH'[index]}1" t="inlineStr"><x:is><x:t>${one}</x:t></x:is></x:c>`).join('')
  const data = aRow(0).map((one, index) => typeof one === 'number' ? `<x:c r="${'ABCDEFGH'[index]}3"><x:v>${one}</x:v></x:c>` : `<x:c r="${'ABCDEFGH'[index]}3" t="inlineStr"><x:is><x:t>${String(one)}</x:t></x:is></x:c>`).join('')
  const sheet = '<?xml version="1.0"?><x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:dimension ref="A1:Z3"/><x:cols><x:col min="1" max="8" width="9"/></x:cols><x:sheetData>' +
    `<x:row r="1" spans="1:8">${head}</x:row><x:row r="2"/><x:row r='3' spans='1:26'>${data}<x:c r="I3" s="1"/><x:c r="K3" s="1"><!-- > --></x:c><x:c r="Z3" s="1"/></x:row ></x:sheetData></x:worksheet>`
  const bytes = workbook({ sheets: [{ name: '表', rows: [] }], formats: ['0.00'], parts: { 'xl/worksheets/sheet1.xml': sheet } })
  const annotated = annotatedWorkbook(bytes, 'l.xlsx', [
    { sheet: '表', row: 2, texts: ['未计入', '空行。', ''] }, ...notesOf(judged(bytes))
  ], LIST_LIMITS)
  t.same(['I1', 'I2', 'J2', 'I3'].map((at) => cell(annotated, '表', at)), ['处理结果', '未计入', '空行。', '已接收'])
  const xml = Buffer.from(unzipSync(annotated)['xl/worksheets/sheet1.xml'] ?? []).toString('utf8')
  t.match(xml, /<x:dimension ref="A1:Z3"\/>/u)
  t.match(xml, /<x:c r="I3" t="inlineStr">.*<x:c r="Z3" s="1"\/><\/x:row >/u, 'cells stay in order')
  t.notMatch(xml, /spans/u)
  t.match(xml, /<x:col min="1" max="8" width="9"\/><x:col min="9" max="9" width="16"/u)
  t.end()
})

t.test('a CSV comes back as a workbook of its records', (t) => {
  const bytes = gbk([HEADS.join(','), '=cmd|calc,X,,,300,36,设备购置,是', aRow(1).join(',')].join('\r\n'))
  const annotated = annotatedWorkbook(bytes, 'l.csv', notesOf(judged(bytes, 'l.csv')), LIST_LIMITS)
  t.same(['A1', 'I1', 'A2', 'I2', 'A3', 'I3'].map((at) => cell(annotated, '名单', at)),
    ['企业名称', '处理结果', '\'=cmd|calc', '未接收', '重庆虚构乙机械有限公司', '已接收'])
  t.end()
})

t.test('a list that came as JSON has a workbook of its rows too', (t) => {
  const rows = decideRows(rowsFromJson([{ name: '+重庆虚构甲机械有限公司', uscc: CODES[0] ?? '', amount: '3000000.00', term_months: 36, purpose: '设备购置', consent: false }]), aContext())
  const bytes = workbookOfRows(rows)
  t.same(['B2', 'C2', 'F2', 'G2', 'J2', 'K2'].map((at) => cell(bytes, '名单', at)), ['\'+重庆虚构甲机械有限公司', CODES[0], '3000000.00', '36', '否', '暂缓，待确认'])
  t.end()
})

t.test('no text that is written can be taken for a formula', (t) => {
  for (const start of ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t=', ' =', '\r', '\n=', '\t', '\'=']) t.equal(neutralised(`${start}1`), `'${start}1`, JSON.stringify(start))
  for (const plain of ['a=b', '重庆', '1-2', '']) t.equal(neutralised(plain), plain)
  const evil = judged(workbook({ sheets: [{ name: '名单', rows: [HEADS, aRow(0, { 1: '=HYPERLINK("http://x")' })] }] }))
  const notes = notesOf(evil).map(({ sheet, row }) => ({ sheet, row, texts: ['=1', '-2', '@3'] as const }))
  const annotated = annotatedWorkbook(workbook({ sheets: [{ name: '名单', rows: [HEADS, aRow(0)] }] }), 'l.xlsx', notes, LIST_LIMITS)
  t.same(['I2', 'J2', 'K2'].map((at) => cell(annotated, '名单', at)), ['\'=1', '\'-2', '\'@3'])
  t.notMatch(Buffer.from(unzipSync(annotated)['xl/worksheets/sheet1.xml'] ?? []).toString('utf8'), /<f>/u)
  t.end()
})

t.test('the template is a list that is understood, without a row of its own', (t) => {
  const template = listTemplate()
  const { refusal, sheets } = readList(template, 'template.xlsx')
  t.equal(refusal?.code, 'NO_DATA_ROWS', 'its example is not data')
  t.same(sheets.map((sheet) => [sheet.sheet, sheet.role, sheet.amount_unit, sheet.term_unit]), [['融资需求', 'DATA', '万元', '月'], ['填表说明', 'NO_HEAD', null, null]])
  t.same(sheets[0]?.columns.map((column) => column.field), [
    'seq', 'name', 'uscc', 'project_name', 'project_code', 'amount', 'term', 'purpose', 'demand_date', 'consent', 'park', 'industry', 'qualifications',
    'contact_name', 'contact_phone', 'employees', 'revenue', 'remark'
  ])
  const xml = Buffer.from(unzipSync(template)['xl/worksheets/sheet1.xml'] ?? []).toString('utf8')
  for (const list of xml.matchAll(/<formula1>"([^<]*)"<\/formula1>/gu)) t.ok((list[1] ?? '').length <= 255, 'a drop-down holds at most 255 characters')
  t.match(xml, /sqref="J3:J5003"><formula1>"是,否"/u)
  t.same(template, listTemplate(), 'always the same bytes')
  t.end()
})
