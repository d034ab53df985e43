import { deflateRawSync } from 'node:zlib'
import t from 'tap'
import { declaredMismatch, LIST_LIMITS, readList, tallyOf } from '../../src/intake/enterprise-lists/reading.ts'
import { REFUSAL_CODES } from '../../src/intake/enterprise-lists/refusals.ts'
import { zipOf } from '../../src/intake/enterprise-lists/zip.ts'
import { aList, aRow, bookParts, HEADS, sheetXml, workbook, type Value } from './list-fixtures.ts'

const OLE = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]

function ole (...names: string[]): Uint8Array {
  const sector = Buffer.alloc(512)
  for (const [index, name] of names.entries()) sector.write(name, index * 128, 'utf16le')
  return Buffer.concat([Buffer.from(OLE), Buffer.alloc(504), sector, Buffer.alloc(2048)])
}

const text = (value: string): Uint8Array => Buffer.from(value, 'utf8')
const good = aList([aRow(0), aRow(1)])
const seen = new Set<string>()

function refused (bytes: Uint8Array, name = 'list.xlsx', limits = LIST_LIMITS): string {
  const { refusal } = readList(bytes, name, limits)
  if (refusal === null) return 'READ'
  seen.add(refusal.code)
  for (const one of [refusal.message, refusal.message_zh, refusal.what_to_do, refusal.what_to_do_zh]) if (one.length < 5) return `${refusal.code} without words`
  return refusal.code
}

t.test('an encrypted workbook, an old one and a file of another kind are told apart by their bytes', (t) => {
  t.equal(refused(ole('Root Entry', 'EncryptionInfo', 'EncryptedPackage')), 'ENCRYPTED')
  t.equal(refused(ole('Root Entry', 'Workbook'), 'list.xls'), 'LEGACY_XLS')
  t.equal(refused(ole('Root Entry', 'Workbook'), 'list.xlsx'), 'LEGACY_XLS', 'whatever it is called')
  t.equal(refused(Uint8Array.of(0x09, 0x08, 0x10, 0, 0, 6, 5, 0, 1, 2, 3)), 'LEGACY_XLS', 'a bare stream of Excel 5')
  t.equal(refused(ole('Root Entry', 'WordDocument'), 'list.doc'), 'NOT_A_SPREADSHEET')
  t.equal(refused(text('<html><body><table><tr><td>企业名称</td></tr></table></body></html>'), 'list.xls'), 'NOT_A_SPREADSHEET')
  t.equal(refused(text('\ufeff\n<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'), 'list.xls'), 'NOT_A_SPREADSHEET')
  t.equal(refused(text('%PDF-1.7 …'), 'list.pdf'), 'NOT_A_SPREADSHEET')
  t.equal(refused(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10)), 'NOT_A_SPREADSHEET')
  t.equal(refused(new Uint8Array(0)), 'NOT_A_SPREADSHEET', 'an empty file')
  t.equal(refused(new Uint8Array(1000), 'list.csv'), 'NOT_A_SPREADSHEET', 'nothing but zeros')
  t.equal(refused(text('这不是表格'), 'list.xlsx'), 'NOT_A_SPREADSHEET', 'prose under a workbook’s name')
  t.equal(refused(workbook({ sheets: [], parts: { 'xl/workbook.xml': '<document/>' } })), 'NOT_A_SPREADSHEET', 'another office document')
  t.equal(refused(zipOf([])), 'NOT_A_SPREADSHEET', 'an empty container')
  t.end()
})

t.test('a truncated, bent or forged container is DAMAGED', (t) => {
  for (const part of [0.2, 0.5, 0.9, 0.99]) t.equal(refused(good.slice(0, Math.floor(good.length * part))), 'DAMAGED', `cut at ${part}`)
  const at = Buffer.from(good).indexOf('sheet1.xml') + 30
  const bent = Uint8Array.from(good)
  bent[at] = (bent[at] ?? 0) ^ 0xff
  t.equal(refused(bent), 'DAMAGED', 'a bit turned: checksum or stream')
  const sheet = (xml: string): string => refused(workbook({ sheets: [{ name: '名单', rows: [] }], parts: { 'xl/worksheets/sheet1.xml': xml } }))
  const whole = sheetXml({ name: '名单', rows: [HEADS, aRow(0)] })
  t.equal(sheet(whole), 'READ')
  t.equal(sheet(whole.slice(0, -20)), 'DAMAGED', 'XML cut off')
  t.equal(sheet(whole.replace('<worksheet', '<!DOCTYPE x [<!ENTITY a "b">]><worksheet')), 'DAMAGED', 'a document type declaration')
  t.equal(sheet(whole.replace('企业名称', '&bomb;')), 'DAMAGED', 'an entity that is not there')
  t.equal(sheet(whole.replace('r="A2"', 'r="ZZZZ2"')), 'DAMAGED')
  t.equal(sheet(whole.replace('r="H2"', 'r="BDWGN2"')), 'DAMAGED', 'the millionth column')
  t.equal(sheet(whole.replace('r="H2"', 'r="XFE2"')), 'DAMAGED', 'one column more than a sheet has')
  t.equal(sheet(whole.replace('<row r="2"', '<row r="1048577"')), 'DAMAGED')
  t.equal(sheet(whole.replace('r="H2"', 'r="H9"')), 'DAMAGED', 'a cell of another row')
  t.equal(sheet(whole.replace('<row r="2"', '<row r="1"')), 'DAMAGED', 'a row twice')
  t.equal(sheet(whole.replace('t="inlineStr"', 't="s"').replace(/<is>.*?<\/is>/u, '<v>7</v>')), 'DAMAGED', 'shared text that is not there')
  const parts = bookParts({ sheets: [{ name: '名单', rows: [HEADS, aRow(0)] }] })
  delete parts['xl/worksheets/sheet1.xml']
  t.equal(refused(workbook({ sheets: [], parts })), 'DAMAGED', 'a sheet is missing')
  t.end()
})

t.test('a bomb is stopped while it unpacks, whatever size it claims', (t) => {
  const zeros = deflateRawSync(Buffer.alloc(200 * 1024 * 1024, 0x20), { level: 9 })
  const packed = Object.entries(bookParts({ sheets: [{ name: '名单', rows: [HEADS, aRow(0)] }] }))
    .map(([name, bytes]) => ({ name, bytes }))
  const bomb = zipOf(packed.map(({ name, bytes }) => name.includes('sheet1.xml')
    ? { name, method: 8, flags: 0, crc: 0, size: 100, stamp: 0, packed: zeros }
    : { name, method: 8, flags: 0, crc: crcOf(bytes), size: bytes.length, stamp: 0, packed: deflateRawSync(bytes) }))
  t.ok(bomb.length < 1024 * 1024, 'small as it comes')
  const before = process.memoryUsage().rss
  t.equal(refused(bomb), 'TOO_LARGE_UNPACKED')
  t.ok(process.memoryUsage().rss - before < 300 * 1024 * 1024, 'and bounded as it is stopped')
  t.end()
})

function crcOf (bytes: Uint8Array): number {
  let crc = ~0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}

t.test('too many rows, cells or lines are refused, also when only a stray cell lies far below', (t) => {
  const rows = Array.from({ length: 11 }, (_, index) => aRow(index))
  t.equal(refused(aList(rows), 'l.xlsx', { ...LIST_LIMITS, rows_max: 10 }), 'TOO_LARGE_UNPACKED')
  t.equal(refused(aList(rows), 'l.xlsx', { ...LIST_LIMITS, rows_max: 11 }), 'READ')
  t.equal(refused(aList(rows), 'l.xlsx', { ...LIST_LIMITS, cells_max: 50 }), 'TOO_LARGE_UNPACKED')
  const stray = workbook({ sheets: [{ name: '名单', rows: [] }], parts: {
    'xl/worksheets/sheet1.xml': sheetXml({ name: '名单', rows: [HEADS, aRow(0)] }).replace('</sheetData>', '<row r="1000000"><c r="A1000000"><v>1</v></c></row></sheetData>')
  } })
  t.equal(refused(stray), 'TOO_LARGE_UNPACKED')
  t.end()
})

t.test('no heads, no rows, no unit: each its own refusal', (t) => {
  t.equal(refused(workbook({ sheets: [{ name: '名单', rows: [['甲', '乙'], ['丙', 3]] }] })), 'NO_HEAD_FOUND')
  t.equal(refused(workbook({ sheets: [{ name: '名单', rows: [HEADS, aRow(0)] }, { name: '续', rows: [aRow(1), aRow(2)] }] })), 'NO_HEAD_FOUND', 'a sheet of rows without heads is not lost silently')
  t.equal(refused(workbook({ sheets: [{ name: '名单', state: 'hidden', rows: [HEADS, aRow(0)] }] })), 'NO_HEAD_FOUND', 'hidden sheets are not sent')
  t.equal(refused(workbook({ sheets: [{ name: '名单', rows: [[...HEADS, '贷款金额（万元）'], [...aRow(0), 500]] }] })), 'NO_HEAD_FOUND', 'two columns that could both be the amount')
  t.equal(refused(aList([])), 'NO_DATA_ROWS')
  t.equal(refused(aList([['合计', null, null, null, 0]])), 'NO_DATA_ROWS')
  const heads = (amount: string, term: string): Value[] => HEADS.map((head, index) => index === 4 ? amount : index === 5 ? term : head)
  const sheet = (...rows: Value[][]): string => refused(workbook({ sheets: [{ name: '名单', rows }] }))
  t.equal(sheet(heads('融资金额', '期限（月）'), aRow(0)), 'UNIT_UNKNOWN')
  t.equal(sheet(heads('融资金额（万美元）', '期限（月）'), aRow(0)), 'UNIT_UNKNOWN', 'another currency')
  t.equal(sheet(heads('融资金额（万元）', '期限'), aRow(0)), 'UNIT_UNKNOWN', 'a bare term')
  t.equal(sheet(['单位：万元、月'], heads('融资金额', '期限'), aRow(0)), 'READ', 'said above the heads')
  t.equal(sheet(['单位：万元'], ['（单位：元）'], heads('融资金额', '期限（月）'), aRow(0)), 'UNIT_UNKNOWN', 'said twice, differently')
  t.equal(sheet(['填报单位：某某万元区'], heads('融资金额', '期限（月）'), aRow(0)), 'UNIT_UNKNOWN', 'the reporting unit is no unit of money')
  t.equal(sheet(heads('融资金额', '期限'), aRow(0, { 4: '300万元', 5: '3年' })), 'READ', 'each cell says its own')
  t.end()
})

t.test('text in no known encoding is refused rather than misread', (t) => {
  t.equal(refused(Buffer.concat([text('企业名称,'), Uint8Array.of(0xff, 0x2c, 0xff, 0x0a)]), 'list.csv'), 'ENCODING_UNKNOWN')
  t.equal(refused(Uint8Array.of(0xff, 0xfe, 0x00, 0xd8, 0x2c, 0x00), 'list.csv'), 'ENCODING_UNKNOWN', 'half a surrogate pair')
  t.equal(refused(text('企业名称,统一社会信用代码,"融资金额（万元）\n甲,乙,丙'), 'list.csv'), 'DAMAGED', 'a quote that never closes')
  t.end()
})

t.test('what was declared must fit: rows that count are those not skipped, the sum is that of all their amounts', (t) => {
  const bytes = aList([aRow(0), [], aRow(1, { 1: 'X' }), aRow(2, { 4: '面议' }), ['合计', null, null, null, 600]])
  const read = (row_count: number | null, amount: string | null): string | undefined => {
    const { refusal } = readList(bytes, 'l.xlsx', LIST_LIMITS, { row_count, amount })
    if (refusal !== null) seen.add(refusal.code)
    return refusal?.code
  }
  t.equal(read(3, '6000000.00'), undefined, 'rejected rows count too, with the amounts that could be read')
  t.equal(read(null, null), undefined)
  t.equal(read(4, '6000000.00'), 'DECLARED_COUNT_MISMATCH')
  t.equal(read(3, '6000000.01'), 'DECLARED_SUM_MISMATCH')
  t.equal(read(null, '600万'), 'DECLARED_SUM_MISMATCH', 'what is no amount fits no sum')
  t.equal(declaredMismatch(tallyOf([]), { row_count: 0, amount: '0.00' }), null)
  t.end()
})

t.test('every refusal of the contract was met', (t) => {
  t.same([...REFUSAL_CODES].filter((code) => !seen.has(code)), [])
  t.end()
})
