/** Whatever leaves the hub for a spreadsheet: no text in it is taken for a formula, and Excel opens it without repairing anything. */
import { readFileSync } from 'node:fs'
import { unzipSync, zipSync } from 'fflate'
import t from 'tap'
import { annotatedWorkbook, notesOf, workbookOfRows } from '../src/intake/enterprise-lists/annotate.ts'
import { csvRecords } from '../src/intake/enterprise-lists/csv.ts'
import { decideRows } from '../src/intake/enterprise-lists/deciding.ts'
import { LIST_LIMITS, readList } from '../src/intake/enterprise-lists/reading.ts'
import type { DecidedRow } from '../src/intake/enterprise-lists/rows.ts'
import { listTemplate } from '../src/intake/enterprise-lists/template.ts'
import { workbookOf } from '../src/intake/enterprise-lists/writing.ts'
import { rendered, type Report } from '../src/oversight/reports/rendering.ts'
import { workbookOfBatch, type Instructed } from '../src/payment/batches/instruction.ts'
import type { Batch } from '../src/payment/batches/store.ts'
import type { SubsidyLine } from '../src/subsidy/lines/store.ts'
import { workbookOfLines } from '../src/subsidy/packets/sealing.ts'
import { cellTexts, excelMistakes } from './excel-rules.ts'
import { aContext, aRow, HEADS } from './intake/list-fixtures.ts'

/** What a spreadsheet may take for a formula, in every disguise; the last is an equals sign as a workbook escapes characters. */
const evil = ['=1+1', '+1', '-cmd|calc', '@SUM(A1)', '＝1+1', '＋1', '－1', '＠A1', '\t=1', ' =1', '\u00a0=1', '\n=1', '\u200b=1', '\'=1', '_x003D_1+1']
const runs = /^[\s\u200b\ufeff]*[=+\-@＝＋－＠]|^[\t\r\n]/u
const number = /^-?\d+(?:\.\d+)?$/u

/** A record every text of which is a formula: whatever the writer shows of it, it shows evil. */
function evilRecord (text: string): Record<string, unknown> {
  const known: Record<string, unknown> = { amount_fen: 100, offset_fen: 0, formula_fen: 100, eligible_interest_fen: 100, year: 2026, sequence: 1 }
  return new Proxy(known, { get: (target, key) => typeof key === 'string' && key in target ? target[key] : text })
}

const evilRow = (text: string, index: number) => aRow(index, { 0: text, 1: `${text}X`, 4: text, 5: text, 6: text, 7: text })
const evilCsv = (): Buffer => Buffer.from([HEADS, ...evil.map(evilRow)].map(row => row.map(one => `"${String(one ?? '').replaceAll('"', '""')}"`).join(',')).join('\r\n'))

function decided (bytes: Uint8Array): DecidedRow[] {
  const { rows, refusal } = readList(bytes, 'l.csv')
  if (rows === null) throw new Error(refusal.message)
  return decideRows(rows, aContext())
}

function evilReport (): Report {
  return {
    report: 'three-one-clock', title: evil[0] ?? '', title_zh: evil[1] ?? '', period: { from: '2026-01-01', to: '2026-04-01', as_of: '2026-04-01' }, region_code: evil[2] ?? '',
    policy: { policy_code: evil[3] ?? '', version: '1' }, definitions: ['who', 'what'].map(column => ({ column, definition: evil[0] ?? '', definition_zh: evil[4] ?? '', clause: evil[5] ?? '' })),
    rows: evil.map(text => ({ suppressed: false, suppressed_columns: [], basis: null, who: text, what: '-12.50' })), totals: [], suppressed_groups: 0, case_no: null
  }
}

type Export = { workbook: Uint8Array } | { csv: Uint8Array }

/** By operation what it sends, made of nothing but evil texts. An export that is not here fails the first test below. */
const exports_of: Record<string, () => Export[]> = {
  getListTemplate: () => [{ workbook: listTemplate() }],
  getAnnotatedList: () => {
    const rows = decided(evilCsv())
    const fromJson = (row: DecidedRow, index: number): DecidedRow => {
      const text = evil[index] ?? null
      return Object.assign(structuredClone(row), { name: text, uscc: text, project_name: text, purpose: text })
    }
    const own = readFileSync(new URL('../scripts/examples/park-list.xlsx', import.meta.url))
    const notes = notesOf(decided(own)).map(({ sheet, row }, index) => ({ sheet, row, texts: [0, 1, 2].map(column => evil[(3 * index + column) % evil.length] ?? '') as unknown as [string, string, string] }))
    return [
      { workbook: annotatedWorkbook(evilCsv(), 'l.csv', notesOf(rows), LIST_LIMITS) },
      { workbook: annotatedWorkbook(own, 'l.xlsx', notes, LIST_LIMITS) },
      { workbook: workbookOfRows(rows.map(fromJson)) }
    ]
  },
  getPaymentInstruction: () => [{
    workbook: workbookOfBatch(evilRecord('=1+1') as unknown as Batch, evil.map(text => ({ payment: evilRecord(text), account: evilRecord(text), items: [evilRecord(text)] }) as unknown as Instructed))
  }],
  getReport: () => [{ csv: rendered(evilReport(), 'csv').bytes }, { workbook: rendered(evilReport(), 'xlsx').bytes }],
  getReportResult: () => [{ csv: rendered(evilReport(), 'csv').bytes }, { workbook: rendered(evilReport(), 'xlsx').bytes }],
  getSubsidyPacketArchive: () => [{
    workbook: workbookOfLines(evil.map(text => Object.assign(evilRecord(text), { facts: { other_reading_a01: { formula_amount: text } }, trace: [{ rule_id: text, before: '1', after: '2' }] }) as unknown as SubsidyLine))
  }]
}

/** Kinds of files in which a workbook or a table may be. */
const table_media = /spreadsheet|ms-excel|csv|tab-separated|zip/u

interface Operation { operationId: string, responses: Record<string, { content?: Record<string, unknown> }> }

t.test('every operation that sends a table is known here', t => {
  const { paths } = JSON.parse(readFileSync(new URL('../openapi/openapi.json', import.meta.url), 'utf8')) as { paths: Record<string, Record<string, Operation>> }
  const sends = Object.values(paths).flatMap(methods => Object.values(methods))
    .filter(({ responses }) => Object.values(responses ?? {}).some(({ content }) => Object.keys(content ?? {}).some(media => table_media.test(media))))
  t.same(sends.map(({ operationId }) => operationId).sort(), Object.keys(exports_of).sort())
  t.end()
})

for (const [operation, made] of Object.entries(exports_of)) {
  t.test(`${operation}: nothing in it is taken for a formula, and Excel opens it as it is`, t => {
    for (const file of made()) {
      if ('csv' in file) {
        const fields = [...csvRecords([Buffer.from(file.csv).toString('utf8').replace(/^\ufeff/u, '')], ',')].flat()
        t.same(fields.filter(field => runs.test(field) && !number.test(field)), [])
        t.ok(fields.includes('\'=1+1') && fields.includes('-12.50'), 'the texts are there as texts, a number keeps its sign')
        continue
      }
      const { texts, formulas } = cellTexts(file.workbook)
      t.same(texts.filter(text => runs.test(text)), [])
      t.same(texts.filter(text => /_x003D_/u.test(text) && !text.includes('_x005F_x003D_')), [], 'no character comes in escaped')
      t.equal(formulas, 0)
      t.same(excelMistakes(file.workbook), [])
      if (operation !== 'getListTemplate') t.ok(texts.some(text => /'[=＝]/u.test(text)), 'the evil texts were shown')
    }
    t.end()
  })
}

t.test('a cell of any length, and of any character, stays one that Excel opens', t => {
  const long = '长'.repeat(40_000)
  const book = workbookOf([{ name: '名单', rows: [[`${'a'.repeat(32_766)}😀`, long, '\u0000\u000b\ud800<&>"', '_x000D_']], widths: [16], head_rows: [], frozen_rows: 0, text_columns: [], merges: [], choices: [] }])
  t.same(excelMistakes(book), [])
  const { refusal } = readList(book, 'l.xlsx')
  t.equal(refusal?.code, 'NO_HEAD_FOUND', 'and our own reader')
  t.same(cellTexts(book).texts.slice(2), ['�<&>"', '_x005F_x000D_'])
  t.end()
})

t.test('the rules see what Excel would repair', t => {
  const parts = unzipSync(listTemplate())
  const broken = (name: string, change: (xml: string) => string): string[] =>
    excelMistakes(zipSync({ ...parts, [name]: Buffer.from(change(Buffer.from(parts[name] ?? []).toString('utf8'))) }))
  const sheet = 'xl/worksheets/sheet1.xml'
  t.same(excelMistakes(zipSync(parts)), [])
  t.match(broken(sheet, xml => xml.replace(/<dataValidations.*<\/dataValidations>/u, '').replace('<sheetData>', '<dataValidations count="1"><dataValidation type="list" sqref="A1"/></dataValidations><sheetData>')), [/stands after/u])
  t.match(broken(sheet, xml => xml.replace('<row r="2">', '<row r="1">')), [/row 1 after 1/u])
  t.match(broken(sheet, xml => xml.replace(/ s="1"/u, ' s="99"')), [/style 99/u])
  t.match(broken(sheet, xml => xml.replace('<cols>', '<cols><col min="1" max="3" width="9"/>')), [/widths of columns 1/u])
  t.match(broken(sheet, xml => xml.replace(/(<formula1>")/u, `$1${'长'.repeat(256)}`)), [/choices/u])
  t.match(broken(sheet, xml => xml.replace(/<t xml:space="preserve">/u, `<t xml:space="preserve">${'a'.repeat(32_768)}`)), [/characters/u])
  t.match(broken('xl/workbook.xml', xml => xml.replace('name="填表说明"', 'name="融资需求"')), [/two sheets/u])
  t.match(broken('[Content_Types].xml', xml => xml.replace('/xl/styles.xml', '/xl/style.xml')), [/not there/u])
  t.match(broken('xl/styles.xml', xml => xml.replace('fontId="1"', 'fontId="7"')), [/names what is not there/u])
  t.match(broken('xl/_rels/workbook.xml.rels', xml => xml.replace('worksheets/sheet1.xml', 'worksheets/sheet9.xml')), [/points to/u])
  t.end()
})
