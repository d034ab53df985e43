import { readFileSync } from 'node:fs'
import t from 'tap'
import { decideRows, summaryOf } from '../../src/intake/enterprise-lists/deciding.ts'
import { readList } from '../../src/intake/enterprise-lists/reading.ts'
import { aContext } from './list-fixtures.ts'

t.test('the example list shows what a clerk meets: good rows, remarks, held and rejected ones', (t) => {
  const { rows } = readList(readFileSync(new URL('../../scripts/examples/park-list.xlsx', import.meta.url)), 'park-list.xlsx')
  const decided = decideRows(rows ?? [], aContext())
  t.same(summaryOf(decided).counts, { ACCEPTED: 5, ACCEPTED_WITH_REMARK: 2, HELD: 2, REJECTED: 3, SKIPPED: 2 })
  t.same(decided.filter((row) => row.outcome !== 'ACCEPTED').map((row) => `${row.row} ${row.findings.map((one) => one.code).join(' ')}`), [
    '10 HOUSEHOLD_LIMIT', '11 NOT_AUTHORISED', '12 AMOUNT_MISSING', '13 USCC_CHECK_DIGIT', '14 DUPLICATE', '15 AMOUNT_UNIT_SUSPECT',
    '16 DATE_INVALID', '17 TOTAL_ROW', '18 NOTE_ROW'
  ])
  t.same(decided.slice(0, 5).map((row) => [row.uscc, row.amount_fen, row.term_months, row.demand_date]), [
    ['91500112MAXX00015Q', 300_000_000, 36, '2026-03-02'], ['91500115MAXX00023Y', 1_200_000_000, 36, '2026-03-05'], ['91500120MAXX000311', 500_000_000, 24, '2026-03-06'],
    ['91500000MAXX0004XL', 800_000_000, 36, '2026-03-09'], ['91500107MAXX00058Y', 260_500_000, 18, '2026-03-10']
  ])
  t.end()
})
