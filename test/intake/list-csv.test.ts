import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { csvEncoding, csvRecords, textOf, type Delimiter } from '../../src/intake/enterprise-lists/csv.ts'
import { LIST_LIMITS, readList } from '../../src/intake/enterprise-lists/reading.ts'
import { decideRows } from '../../src/intake/enterprise-lists/deciding.ts'
import { inventedName, inventedUscc } from '../../scripts/bench/world.ts'
import { aContext, aRow, gbk, HEADS } from './list-fixtures.ts'

const quoted = (value: unknown): string => {
  const plain = String(value ?? '')
  return /[",;\t\n\r]/u.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}
const csv = (rows: readonly (readonly unknown[])[], delimiter = ',', end = '\r\n'): string => rows.map((row) => row.map(quoted).join(delimiter)).join(end) + end
const rows = [HEADS, aRow(0), aRow(1, { 6: '设备购置，含"软件",;\t及\n安装' })]

function utf16 (text: string, little: boolean, mark: boolean): Uint8Array {
  const bytes = Buffer.from(mark ? `\ufeff${text}` : text, 'utf16le')
  return little ? bytes : bytes.swap16()
}

t.test('a list reads the same in every encoding, with every delimiter and line end', (t) => {
  const encodings: [name: string, encode: (text: string) => Uint8Array][] = [
    ['UTF-8', (text) => Buffer.from(text, 'utf8')], ['UTF-8 with mark', (text) => Buffer.from(`\ufeff${text}`, 'utf8')], ['GB18030', gbk],
    ['UTF-16LE', (text) => utf16(text, true, true)], ['UTF-16BE', (text) => utf16(text, false, true)],
    ['UTF-16LE unmarked', (text) => utf16(text, true, false)], ['UTF-16BE unmarked', (text) => utf16(text, false, false)]
  ]
  for (const [name, encode] of encodings) {
    for (const delimiter of [',', ';', '\t']) {
      for (const end of ['\r\n', '\n', '\r']) {
        const read = readList(encode(csv(rows, delimiter, end)), 'list.csv')
        const shown = `${name} ${JSON.stringify(delimiter)} ${JSON.stringify(end)}`
        t.same(read.rows?.map((row) => [row.sheet, row.row, row.uscc, row.amount_fen, row.purpose]), [
          [null, 2, '91500112MAXX00015Q', 300_000_000, '设备购置'],
          [null, 3, '91500115MAXX00023Y', 300_000_000, '设备购置，含"软件",; 及 安装']
        ], shown)
      }
    }
  }
  t.end()
})

t.test('characters outside the basic plane survive GB18030', (t) => {
  const bytes = Uint8Array.of(0xd6, 0xd0, 0x95, 0x32, 0x82, 0x36)
  t.equal(csvEncoding(bytes), 'gb18030')
  t.equal([...textOf(bytes, 'gb18030')].join(''), '中𠀀')
  t.end()
})

/** The same records, however the text is cut into pieces. */
function recordsOf (text: string, delimiter: Delimiter): string[][] {
  const whole = [...csvRecords([text], delimiter)]
  for (const size of [1, 2, 3, 7]) {
    const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, index) => text.slice(index * size, (index + 1) * size))
    t.same([...csvRecords(pieces, delimiter)], whole, `in pieces of ${size}`)
  }
  return whole
}

t.test('records keep their numbers: blank ones, quoted line breaks, a missing last line end', (t) => {
  t.same(recordsOf('a,b\r\n\r\n"x\r\ny",2\n,\n z,"q""q"', ','), [['a', 'b'], [''], ['x\r\ny', '2'], ['', ''], [' z', 'q"q']])
  t.same(recordsOf('a,', ','), [['a', '']])
  t.same(recordsOf('5" tube,b', ','), [['5" tube', 'b']], 'a quote inside a field is only a character')
  t.same(recordsOf('', ','), [])
  const read = readList(Buffer.from(`说明：示范名单\n${csv([HEADS, aRow(0), [], [null, null], aRow(1), [], []], ',', '\n')}`, 'utf8'), 'list.csv')
  t.same(read.rows?.map((row) => [row.row, row.skipped ? row.findings[0]?.code : 'DATA']),
    [[3, 'DATA'], [4, 'BLANK_ROW'], [5, 'BLANK_ROW'], [6, 'DATA'], [7, 'BLANK_ROW'], [8, 'BLANK_ROW']])
  t.end()
})

t.test('a record without bounds is refused, a quote that never closes too', (t) => {
  const code = (text: string): string | undefined => readList(Buffer.from(`${HEADS.join(',')}\n${text}`), 'list.csv').refusal?.code
  t.equal(code('1,'.repeat(1_000_000)), 'TOO_LARGE_UNPACKED', 'a million columns')
  t.equal(code('x'.repeat(2_000_000)), 'TOO_LARGE_UNPACKED', 'one endless field')
  t.equal(code(`a,"${'x,\n'.repeat(700_000)}`), 'DAMAGED')
  t.end()
})

t.test('a long CSV is read piece by piece; of rows that share neither code nor name with another nothing has to be kept', (t) => {
  const long = Array.from({ length: 20_960 }, (_, index) => aRow(index, { 0: inventedName(index), 1: inventedUscc(index) }))
  // Forty come again: the same need, another project, another name, another code.
  const ways: ((at: number) => Record<number, string | null>)[] = [
    () => ({}), () => ({ 3: null, 2: '另一项目' }), () => ({ 0: '重庆虚构另名机械有限公司' }), (at) => ({ 1: inventedUscc(30_000 + at) })
  ]
  for (let at = 0; at < 40; at++) long.push(aRow(at * 500, { 0: inventedName(at * 500), 1: inventedUscc(at * 500), ...ways[at % 4]?.(at) }))
  const text = csv([HEADS, ...long])
  const { rows: read, sheets, refusal } = readList(Buffer.from(text), 'list.csv')
  t.equal(refusal, null)
  t.same([read?.length, read?.[0]?.row, read?.at(-1)?.row, read?.[20_959]?.project_name], [21_000, 2, 21_001, '数控产线改造项目20959'])
  t.match(sheets, [{ role: 'DATA', first_data_row: 2, last_data_row: 21_001 }])
  const alone = read?.filter((row) => row.alone) ?? []
  t.ok(alone.length > 20_000, `${alone.length} are alone`)
  t.notOk(alone.some(({ row }) => row > 20_961 || (row - 2) % 500 === 0 && row <= 19_502), 'none of those that come again')
  const decided = decideRows(read ?? [], aContext())
  for (const row of read ?? []) row.alone = false
  t.ok(isDeepStrictEqual(decided, decideRows(read ?? [], aContext())), 'each is decided as if all were kept')
  const shown = (code: string): number => decided.filter(({ findings }) => findings.some((one) => one.code === code)).length
  t.same(['DUPLICATE', 'SECOND_PROJECT', 'SAME_CODE_OTHER_NAME', 'SAME_NAME_OTHER_CODE'].map(shown), [20, 10, 10, 19])
  t.equal(readList(Buffer.from(`${text}注：金额单位为元\r\n`), 'list.csv', undefined, { row_count: 20_999, amount: null }).refusal?.code, 'DECLARED_COUNT_MISMATCH')
  t.equal(readList(Buffer.from(text), 'list.csv', { ...LIST_LIMITS, csv_rows_max: 20_999 }).refusal?.code, 'TOO_LARGE_UNPACKED')
  t.end()
})

t.test('columns are named by their number, sheets have no name', (t) => {
  const { rows: read } = readList(Buffer.from(csv([HEADS, aRow(0, { 1: '' })])), 'list.csv')
  t.match(read?.[0]?.findings[0], { code: 'USCC_MISSING', column: '2', head: '统一社会信用代码', value: null })
  t.match(read?.[0]?.findings[0]?.message_zh, /^第2条记录2列（统一社会信用代码）：/u)
  t.end()
})

t.test('the member names of the contract are heads too, with its units', (t) => {
  const { rows: read, refusal } = readList(Buffer.from(csv([
    ['name', 'uscc', 'amount', 'term_months', 'purpose', 'consent', 'project_code', 'project_name', 'demand_date', 'park', 'industry_code', 'qualifications'],
    ['重庆虚构甲机械有限公司', '91500112MAXX00015Q', '3000000.00', '36', '设备购置', 'true', '2606-500112-07-02-100001', '产线改造', '2026-08-01', '渝北示范产业园', 'C3421', '高新技术企业;ISO9001']
  ])), 'list.csv')
  t.equal(refusal, null)
  t.match(read?.[0], { amount_fen: 300_000_000, term_months: 36, consent: true, demand_date: '2026-08-01', industry_code: '3421', qualifications: ['HIGH_TECH', 'ISO9001'], findings: [] })
  t.end()
})
