/** Lists as LibreOffice writes them, and what we write as LibreOffice reads it. Says that it is skipped where `soffice` is not installed. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { annotatedWorkbook, notesOf } from '../../src/intake/enterprise-lists/annotate.ts'
import { csvRecords } from '../../src/intake/enterprise-lists/csv.ts'
import { decideRows } from '../../src/intake/enterprise-lists/deciding.ts'
import { LIST_LIMITS, readList, type ListReading } from '../../src/intake/enterprise-lists/reading.ts'
import { listTemplate } from '../../src/intake/enterprise-lists/template.ts'
import { openWorkbook } from '../../src/intake/enterprise-lists/workbook.ts'
import { aContext, aRow, HEADS, workbook } from './list-fixtures.ts'

t.setTimeout(120_000)
const skip = process.env.DATABASE_URL ? 'the same on every database' : spawnSync('soffice', ['--version']).status === 0 ? false : 'LibreOffice (soffice) is not installed'

const example = readFileSync(new URL('../../scripts/examples/park-list.xlsx', import.meta.url))

const profile = t.testdir()

/** Converts a file by the name of a filter. @returns the files that came of it, by name */
function converted (t: Test, name: string, bytes: Uint8Array, filter: string): Map<string, Buffer> {
  const folder = t.testdir({ in: {}, out: {} })
  writeFileSync(join(folder, 'in', name), bytes)
  execFileSync('soffice', [`-env:UserInstallation=file://${profile}`, '--headless', '--convert-to', filter, '--outdir', join(folder, 'out'), join(folder, 'in', name)], { stdio: 'pipe', timeout: 60_000 })
  return new Map(readdirSync(join(folder, 'out')).map(each => [each, readFileSync(join(folder, 'out', each))]))
}

const one = (files: Map<string, Buffer>): Buffer => {
  const [first] = files.values()
  if (first === undefined) throw new Error('nothing was converted')
  return first
}

/** Text as the cells hold it; every sheet a file. 76 is UTF-8. */
const as_csv = 'csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1'

function facts ({ rows, refusal }: ListReading) {
  if (rows === null) throw new Error(refusal.message)
  return rows.filter(({ skipped }) => !skipped).map(({ uscc, name, amount_fen, term_months, purpose, consent, project_code, project_name, demand_date, findings }) => ({
    uscc, name, amount_fen, term_months, purpose, consent, project_code, project_name, demand_date, codes: findings.map(({ code }) => code)
  }))
}

t.test('a list saved by LibreOffice says the same in every form', { skip }, t => {
  const told = facts(readList(example, 'list.xlsx'))
  t.ok(told.length > 5)
  t.same(facts(readList(one(converted(t, 'list.xlsx', example, 'xlsx:Calc MS Excel 2007 XML')), 'list.xlsx')), told, 'as a workbook')
  const values = (all: ReturnType<typeof facts>) => all.map(({ uscc, amount_fen, term_months, consent }) => [uscc, amount_fen, term_months, consent])
  for (const [how, separator, charset] of [['UTF-8 by comma', '44', '76'], ['GB18030 by semicolon', '59', '85'], ['UTF-16 by tab', '9', '65535']]) {
    const csv = one(converted(t, 'list.xlsx', example, `csv:Text - txt - csv (StarCalc):${separator},34,${charset},1,,0,false,true`))
    t.same(values(facts(readList(csv, 'list.csv'))), values(told), `as text in ${how}`)
  }
  t.equal(readList(one(converted(t, 'list.xlsx', example, 'xls:MS Excel 97')), 'list.xls').refusal?.code, 'LEGACY_XLS')
  t.equal(readList(one(converted(t, 'list.xlsx', example, 'ods')), 'list.ods').refusal?.code, 'NOT_A_SPREADSHEET')
  t.equal(readList(one(converted(t, 'list.xlsx', example, 'html')), 'list.xls').refusal?.code, 'NOT_A_SPREADSHEET', 'a web page named .xls')
  t.end()
})

t.test('formulas, days of both epochs, merged heads and several sheets survive a save by LibreOffice', { skip }, t => {
  const heads = [...HEADS, '需求日期']
  const formula = { attributes: '', inner: '<f>100*3</f><v>300</v>' }
  const day = (serial: number) => ({ attributes: 's="1"', inner: `<v>${serial}</v>` })
  for (const epoch_1904 of [false, true]) {
    const bytes = workbook({
      epoch_1904, formats: ['yyyy-mm-dd'], sheets: [
        { name: '甲', rows: [['单位：万元'], heads, [...aRow(0, { 4: formula }), day(epoch_1904 ? 46_235 - 1462 : 46_235)], [...aRow(1, { 4: { attributes: 't="e"', inner: '<f>1/0</f><v>#DIV/0!</v>' } }), null]], merges: ['A1:I1'] },
        { name: '空', rows: [] }, { name: '藏', state: 'hidden', rows: [heads, [...aRow(5), null]] },
        { name: '乙', rows: [heads.map((head, index) => index === 4 ? '融资金额（元）' : head), [...aRow(2, { 4: 3_000_000 }), null]] }
      ]
    })
    const read = readList(one(converted(t, 'l.xlsx', bytes, 'xlsx:Calc MS Excel 2007 XML')), 'l.xlsx')
    t.same(facts(read).map(({ amount_fen, demand_date, codes }) => [amount_fen, demand_date, codes]), [
      [300_000_000, '2026-08-01', []], [null, null, ['CELL_ERROR']], [300_000_000, null, []]
    ], epoch_1904 ? '1904' : '1900')
    t.same(read.sheets.map(({ role }) => role), ['DATA', 'EMPTY', 'HIDDEN', 'DATA'])
  }
  t.end()
})

t.test('LibreOffice opens what comes back: the clerk’s own cells, and three columns more', { skip }, t => {
  const read = readList(example, 'list.xlsx')
  const notes = notesOf(decideRows(read.rows ?? [], aContext()))
  const cells = (bytes: Uint8Array): string[][] => [...csvRecords([one(converted(t, 'list.xlsx', bytes, as_csv)).toString('utf8')], ',')]
  const before = cells(example)
  const after = cells(annotatedWorkbook(example, 'list.xlsx', notes, LIST_LIMITS))
  t.equal(after.length, before.length)
  const width = before[0]?.length ?? 0
  const filled = Math.max(...before.flatMap(record => record.map((cell, index) => cell === '' ? 0 : index))) + 1
  t.ok(width >= filled)
  for (const [index, record] of before.entries()) t.same(after[index]?.slice(0, filled), record.slice(0, filled), `row ${index + 1} as it was`)
  for (const { row, texts } of notes) t.same(after[row - 1]?.slice(filled, filled + 3), [...texts], `row ${row} has its result`)
  t.end()
})

t.test('LibreOffice opens the template: heads, example, notes and drop-downs', { skip }, t => {
  const files = converted(t, 'template.xlsx', listTemplate(), as_csv)
  const [form = '', notes = ''] = ['融资需求', '填表说明'].map(sheet => [...files].find(([name]) => name.includes(sheet))?.[1].toString('utf8') ?? '')
  t.match(form, /序号,企业名称,统一社会信用代码/u)
  t.match(form, /\n示例,重庆某某机械制造有限公司,91500112MAXX00015Q,/u)
  t.match(notes, /填表说明[\s\S]*是否授权/u)
  const saved = openWorkbook(one(converted(t, 'template.xlsx', listTemplate(), 'xlsx:Calc MS Excel 2007 XML')), LIST_LIMITS)
  const sheet = saved.sheets[0]
  const xml = sheet === undefined ? '' : saved.unpack(sheet.entry).toString('utf8')
  for (const word of ['设备购置', '是,否', '高新技术企业']) t.match(xml, new RegExp(`<dataValidation .*${word}`, 'u'), `a drop-down with ${word}`)
  t.end()
})
