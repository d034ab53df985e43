/** Files that no park should send, over HTTP: each is refused in words, nothing of it is stored, and the hub answers others meanwhile. */
import { deflateRawSync } from 'node:zlib'
import t from 'tap'
import { count } from 'drizzle-orm'
import { list_rows } from '../../src/intake/enterprise-lists/store.ts'
import { packedEntry, zipOf } from '../../src/intake/enterprise-lists/zip.ts'
import { aList, aRow, bookParts, HEADS, sheetXml, workbook } from '../intake/list-fixtures.ts'
import { broken_files, FILE_NAMES, pick, random } from '../intake/broken-files.ts'
import { build } from '../helper.ts'
import { compoundFile } from './cfb.ts'
import { body } from './client.ts'

t.setTimeout(180_000)

const text = (value: string): Buffer => Buffer.from(value, 'utf8')
const whole = sheetXml({ name: '名单', rows: [HEADS, aRow(0)] })
const withSheet = (xml: string): Uint8Array => workbook({ sheets: [{ name: '名单', rows: [] }], parts: { 'xl/worksheets/sheet1.xml': xml } })
const good = aList([aRow(0)])

/** A part that unpacks to much more than it says. */
function bomb (megabytes: number): Uint8Array {
  const spaces = deflateRawSync(Buffer.alloc(megabytes * 1024 * 1024, 0x20), { level: 9 })
  const parts = Object.entries(bookParts({ sheets: [{ name: '名单', rows: [HEADS, aRow(0)] }] }))
  return zipOf(parts.map(([name, bytes]) => name.includes('sheet1.xml') ? { name, method: 8, flags: 0, crc: 0, size: 100, stamp: 0, packed: spaces } : packedEntry(name, bytes)))
}

/** A million cells of one row; and as many columns as no sheet has. */
const wide = (): string => `<row r="3">${Array.from({ length: 1_000_000 }, () => '<c><v>1</v></c>').join('')}</row>`
const billion_laughs = `<!DOCTYPE w [<!ENTITY a "ha">${Array.from({ length: 9 }, (_, index) =>
  `<!ENTITY ${String.fromCharCode(98 + index)} "${`&${String.fromCharCode(97 + index)};`.repeat(10)}">`).join('')}]>`
const csv_head = '企业名称,统一社会信用代码,融资金额（万元）,期限（月）,用途,是否授权'

const files: readonly [what: string, code: string, name: string, bytes: () => Uint8Array][] = [
  ['a workbook under a password', 'ENCRYPTED', '名单.xlsx', () => compoundFile([{ name: 'EncryptionInfo', bytes: Buffer.alloc(4096, 4) }, { name: 'EncryptedPackage', bytes: Buffer.alloc(9000, 0xa5) }])],
  ['a ZIP with locked parts', 'ENCRYPTED', '名单.xlsx', () => zipOf([{ ...packedEntry('xl/workbook.xml', text('<workbook/>')), flags: 1 }])],
  ['a workbook of Excel 97', 'LEGACY_XLS', '名单.xls', () => compoundFile([{ name: 'Workbook', bytes: Buffer.alloc(8192, 9) }])],
  ['a web page named .xls', 'NOT_A_SPREADSHEET', '名单.xls', () => text('<html><head><meta charset="gbk"></head><body><table><tr><td>企业名称</td></tr></table></body></html>')],
  ['an XML spreadsheet named .xls', 'NOT_A_SPREADSHEET', '名单.xls', () => text('<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>')],
  ['a text document', 'NOT_A_SPREADSHEET', '名单.docx', () => workbook({ sheets: [], parts: { 'xl/workbook.xml': '<document/>' } })],
  ['a truncated workbook', 'DAMAGED', '名单.xlsx', () => good.slice(0, Math.floor(good.length * 0.7))],
  ['parts with names that are no text', 'DAMAGED', '名单.xlsx', () => zipOf(['a\u0001\u007f', 'a\u0001\u007f'].map(name => packedEntry(name, text('x'))))],
  ['a sheet whose name is no text and is not there', 'DAMAGED', '名单.xlsx', () => workbook({ sheets: [], parts: {
    'xl/workbook.xml': `<workbook xmlns:r="r"><sheets><sheet name="a&#10;${'长'.repeat(5000)}" r:id="rId9"/></sheets></workbook>`
  } })],
  ['a document type declaration', 'DAMAGED', '名单.xlsx', () => withSheet(whole.replace('<worksheet', '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><worksheet'))],
  ['an external entity', 'DAMAGED', '名单.xlsx', () => withSheet(whole.replace('<worksheet', '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><worksheet').replace('企业名称', '&f;'))],
  ['entities that swell without end', 'DAMAGED', '名单.xlsx', () => withSheet(whole.replace('<worksheet', `${billion_laughs}<worksheet`).replace('企业名称', '&j;'))],
  ['a million columns', 'DAMAGED', '名单.xlsx', () => withSheet(whole.replace('</sheetData>', `${wide()}</sheetData>`))],
  ['a million columns of CSV', 'TOO_LARGE_UNPACKED', '名单.csv', () => text(`${csv_head}\n${'1,'.repeat(1_000_000)}\n`)],
  ['a bomb', 'TOO_LARGE_UNPACKED', '名单.xlsx', () => bomb(process.env.FULL === '1' ? 2000 : 200)],
  ['a sheet that ends far below', 'TOO_LARGE_UNPACKED', '名单.xlsx', () => withSheet(whole.replace('</sheetData>', '<row r="1048576"><c><v>1</v></c></row></sheetData>'))],
  ['5,001 rows in a workbook', 'TOO_LARGE_UNPACKED', '名单.xlsx', () => aList(Array.from({ length: 5001 }, (_, index) => aRow(index)))],
  ['100,001 rows of CSV', 'TOO_LARGE_UNPACKED', '名单.csv', () => text(`${csv_head}\n${'甲,91500112MAXX00015Q,1,1,设备,是\n'.repeat(100_001)}`)],
  ['text of no known encoding', 'ENCODING_UNKNOWN', '名单.csv', () => Buffer.concat([text(csv_head), Uint8Array.of(0xff, 0x2c, 0xff, 0x0a)])],
  ['a quote that never closes', 'DAMAGED', '名单.csv', () => text(`${csv_head}\n"${'甲,91500112MAXX00015Q,1,1,设备,是\n'.repeat(30_000)}`)],
  ['no heads', 'NO_HEAD_FOUND', '名单.csv', () => text('甲,乙,丙\n1,2,3\n')],
  ['heads alone', 'NO_DATA_ROWS', '名单.csv', () => text(`${csv_head}\n`)],
  ['no unit', 'UNIT_UNKNOWN', '名单.csv', () => text(`${csv_head.replace('（万元）', '')}\n甲,91500112MAXX00015Q,1,1,设备,是\n`)]
]

t.test('every hostile file is refused in words, leaves nothing, and holds up nobody', async t => {
  const hub = await build(t)
  const park = hub.as('park-1')
  let slowest_ms = 0
  for (const [what, code, name, bytes] of files) {
    const sent = bytes()
    const { list_no } = body<{ list_no: string }>(await park.upload('/v1/enterprise-lists', { name, bytes: sent }), 202)
    const settling = { done: false }
    const settled = hub.loops.settle().finally(() => { settling.done = true })
    while (!settling.done) {
      const from = performance.now()
      if ((await hub.as('bank-1').get('/v1/me')).statusCode !== 200) t.fail(`${what}: another caller was not answered`)
      slowest_ms = Math.max(slowest_ms, performance.now() - from)
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    await settled
    const answer = await park.get(`/v1/enterprise-lists/${list_no}`)
    t.equal(answer.statusCode, 200)
    const { status, refusal, counts } = answer.json()
    t.same([status, refusal?.code, counts], ['REFUSED', code, null], what)
    for (const field of ['message_zh', 'what_to_do_zh']) t.match(refusal?.[field], /\p{Script=Han}/u, `${what}: ${field}`)
    for (const field of ['message', 'what_to_do']) t.match(refusal?.[field], /^[A-Z][^\p{Script=Han}]{10,}/u, `${what}: ${field}`)
    t.notMatch(JSON.stringify(refusal), /root:|passwd|ENTITY/u, `${what}: nothing of a file is given away`)
    if (sent.length > 100_000) continue
    const dry = await park.upload('/v1/enterprise-lists?dry_run=true', { name, bytes: sent })
    t.same([dry.statusCode, dry.json().refusal?.code], [200, code], `${what}: a dry run says the same`)
  }
  t.comment(`the slowest other answer took ${slowest_ms.toFixed(0)} ms`)
  t.ok(slowest_ms < 2000, 'others are answered meanwhile')
  t.equal((await park.get('/v1/financing-needs')).json().totals.count, 0)
  t.same((await hub.db.read.select({ rows: count() }).from(list_rows)).map(({ rows }) => Number(rows)), [0], 'no row of them is stored')
  t.equal(body<{ status: string }>(await park.upload('/v1/enterprise-lists', { name: '名单.xlsx', bytes: good }), 202).status, 'RECEIVED', 'and the next good list is taken')
})

t.test('links to other workbooks are not followed: what is stored in the cell counts', async t => {
  const hub = await build(t)
  const rels = '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath" Target="http://127.0.0.1:9/other.xlsx" TargetMode="External"/></Relationships>'
  const linked = { attributes: '', inner: '<f>[1]Sheet1!A1*2</f><v>300</v>' }
  const bytes = workbook({ sheets: [{ name: '名单', rows: [HEADS, aRow(0, { 4: linked })] }], parts: {
    'xl/externalLinks/externalLink1.xml': '<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>', 'xl/externalLinks/_rels/externalLink1.xml.rels': rels
  } })
  const dry = await hub.as('park-1').upload('/v1/enterprise-lists?dry_run=true', { name: '名单.xlsx', bytes })
  t.match(dry.json(), { status: 'DECIDED', rows: [{ amount: '3000000.00', outcome: 'ACCEPTED' }] }, dry.body.slice(0, 500))
})

t.test('any number of broken files: each is answered in words, none with a failure, and others are served meanwhile', async t => {
  const hub = await build(t)
  const park = hub.as('park-1')
  const files = process.env.FULL === '1' ? 1000 : 20
  const ends = new Map<string, number>()
  const stored: string[] = []
  let slowest_ms = 0
  for (let file = 0; file < files; file++) {
    const next = random(90_000_000 + file)
    const bytes = broken_files[file % broken_files.length]?.[1](next) ?? Buffer.alloc(0)
    const stores = file % 10 === 0
    const sending = park.upload(`/v1/enterprise-lists${stores ? '' : '?dry_run=true'}`, { name: pick(next, FILE_NAMES) ?? '', bytes })
    const from = performance.now()
    if ((await hub.as('bank-1').get('/v1/me')).statusCode !== 200) t.fail(`${file}: another caller was not answered`)
    slowest_ms = Math.max(slowest_ms, performance.now() - from)
    const answer = await sending
    if (answer.statusCode !== (stores ? 202 : 200)) t.fail(`${file}: ${answer.statusCode} ${answer.body.slice(0, 200)}`)
    const { list_no, status, refusal } = answer.json()
    if (stores) stored.push(list_no)
    const end = refusal?.code ?? status
    ends.set(end, (ends.get(end) ?? 0) + 1)
  }
  await hub.loops.settle()
  for (const list_no of stored) t.match((await park.get(`/v1/enterprise-lists/${list_no}`)).json().status, /^(?:DECIDED|REFUSED)$/u, list_no)
  t.same(hub.logged.filter(line => /"level":(?:50|60)/u.test(line)), [], 'nothing failed in the background')
  t.ok((ends.get('DAMAGED') ?? 0) > 0 && (ends.get('RECEIVED') ?? 0) === stored.length)
  t.comment(`${files} files: ${[...ends].map(([end, count]) => `${end} ${count}`).join(', ')}; the slowest other answer took ${slowest_ms.toFixed(0)} ms`)
  t.ok(slowest_ms < 2000, 'others are answered meanwhile')
})
