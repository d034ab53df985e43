import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { BUILT_IN_CALENDAR, isWorkDay } from '../../src/policy/calendar.ts'
import { checkUscc, isUscc, normaliseUscc } from '../../src/policy/identifiers.ts'
import { INDUSTRY_NAMES } from '../../src/policy/industries.ts'
import { addDays } from '../../src/policy/period.ts'
import { REGIONS } from '../../src/policy/regions.ts'
import { BUILT_IN_POLICIES } from '../../src/policy/terms.ts'

const DATA = join(import.meta.dirname, '../../../shared/data')
const skip = existsSync(DATA) ? false : 'the folder ../shared/data is not here; the built-in facts stand without their second source'
const TEXTS = join(DATA, '../policy')
const skipTexts = existsSync(TEXTS) ? false : 'the policy texts are not here; the quotations stand unchecked'
const text = (path: string): string => readFileSync(join(DATA, path), 'utf8').replace(/^\ufeff/u, '')
const rows = (path: string): string[][] => text(path).trim().split(/\r?\n/u).slice(1).map((line) => line.split(','))

t.test('credit codes: every public vector is judged as its source judges it', { skip }, async (t) => {
  const data = JSON.parse(text('uscc/vectors.json')) as {
    vectors: { code: string, valid: boolean }[], normalisation: { input: string, normalised: string }[], real_but_non_standard: { code: string }[]
  }
  for (const [index, { code, valid }] of data.vectors.entries()) t.equal(isUscc(code), valid, `vector ${index}`)
  for (const { input, normalised } of data.normalisation) t.equal(normaliseUscc(input), normalised, JSON.stringify(input))
  for (const [index, { code }] of data.real_but_non_standard.entries()) t.same(checkUscc(code).map((one) => one.code), ['USCC_CHECK_DIGIT'], `non-standard ${index}`)
})

t.test('credit codes: every registered one passes without a warning', { skip }, async (t) => {
  const all = [...rows('enterprises/enterprises-chongqing.csv'), ...rows('enterprises/enterprises-other-provinces.csv')].map((row) => row[1] ?? '')
  t.ok(all.length > 2000)
  t.equal(all.filter((uscc) => checkUscc(uscc).length > 0).length, 0)
})

t.test('working days: the built-in calendar is that of the notices, day by day', { skip }, async (t) => {
  const data = JSON.parse(text('calendar/cn-holidays-2024-2026.json')) as { years: Record<string, { off_days: { date: string }[], make_up_work_days: { date: string }[], total_work_days: number }> }
  for (const [year, table] of Object.entries(data.years)) {
    t.same(BUILT_IN_CALENDAR.years[year]?.off_days, table.off_days.map((one) => one.date))
    t.same(BUILT_IN_CALENDAR.years[year]?.make_up_work_days, table.make_up_work_days.map((one) => one.date))
    let work = 0
    for (let day = `${year}-01-01`; day.startsWith(year); day = addDays(day, 1)) if (isWorkDay(day, BUILT_IN_CALENDAR)) work += 1
    t.equal(work, table.total_work_days, `work days of ${year}`)
  }
})

t.test('industries: all 31 divisions, 179 groups and 609 classes, name by name', { skip }, async (t) => {
  const table = rows('industry/gbt4754-2017-manufacturing.csv').filter((row) => row[2] !== 'section')
  t.equal(INDUSTRY_NAMES.size, 31 + 179 + 609)
  t.same(table.filter(([code, name]) => INDUSTRY_NAMES.get((code ?? '').slice(1)) !== name), [])
})

t.test('regions: every code that Chongqing ever had', { skip }, async (t) => {
  const table = rows('regions/chongqing-districts.csv')
  t.equal(REGIONS.length, table.length)
  t.same(table.filter(([code, name, , status]) => !REGIONS.some((one) => one.code === code && one.name === name && (one.valid_to === null) === (status === 'current'))), [])
})

t.test('clauses: what stands as a quotation stands in the policy text, word by word', { skip: skipTexts }, async (t) => {
  const plain = (words: string): string => words.replace(/\s+/gu, '')
  const sources: Record<string, string> = {}
  for (const file of readdirSync(TEXTS)) sources[file.slice(0, 2)] = plain(readFileSync(join(TEXTS, file), 'utf8'))
  const source: Record<string, string> = { '渝经信规范〔2025〕10号': 'S1', '渝经信规范〔2024〕11号': 'S2', '渝经信规范〔2024〕12号': 'S3', '渝府办发〔2025〕59号': 'S5' }
  for (const policy of BUILT_IN_POLICIES) {
    for (const [rule_id, { clause_zh }] of Object.entries(policy.clauses)) {
      const [citation = '', ...rest] = clause_zh.split('：')
      const number = Object.keys(source).find((one) => citation.startsWith(one)) ?? ''
      const quotation = rest.join('：').split('。执行口径')[0] ?? ''
      t.ok(number !== '' && quotation !== '', `${rule_id} cites its source`)
      for (const words of quotation.split('……')) t.ok(sources[source[number] ?? '']?.includes(plain(words)), `${rule_id}: ${words}`)
    }
  }
})
