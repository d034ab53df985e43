/** Thousands of broken files: reading never throws and always ends in a refusal or in rows. FULL=1 for all of them. */
import t from 'tap'
import { decideRows } from '../../src/intake/enterprise-lists/deciding.ts'
import { LIST_LIMITS, readList } from '../../src/intake/enterprise-lists/reading.ts'
import { broken_files, FILE_NAMES, pick, random } from './broken-files.ts'
import { aContext, aList, aRow } from './list-fixtures.ts'

const VARIANTS = process.env.FULL === '1' ? 1000 : 20
const LIMITS = { ...LIST_LIMITS, unpacked_bytes_max: 8 * 1024 * 1024, lines_max: 2000 }

for (const [index, [name, make]] of broken_files.entries()) {
  t.test(`${name}: always a refusal or rows`, (t) => {
    const ends = new Map<string, number>()
    for (let variant = 0; variant < VARIANTS; variant++) {
      const next = random(index * 1_000_000 + variant)
      const bytes = make(next)
      try {
        const { refusal, rows } = readList(bytes, pick(next, FILE_NAMES) ?? '', LIMITS)
        const end = refusal?.code ?? 'ROWS'
        if (rows !== null) {
          const decided = decideRows(rows, aContext())
          if (decided.length !== rows.length) t.fail(`variant ${variant}: rows were lost`)
          for (const row of decided) if (row.outcome === 'ACCEPTED' && (row.uscc === null || row.name === null || row.amount_fen === null || row.term_months === null || row.purpose === null || !row.consent)) t.fail(`variant ${variant}: an incomplete row went in`)
        }
        ends.set(end, (ends.get(end) ?? 0) + 1)
      } catch (error) {
        t.fail(`variant ${variant} threw ${error instanceof Error ? error.stack ?? error.message : String(error)}`)
      }
    }
    t.equal([...ends.values()].reduce((before, count) => before + count, 0), VARIANTS)
    t.comment([...ends].map(([end, count]) => `${end} ${count}`).join(', '))
    t.end()
  })
}

t.test('a sound list is sound: the harness would see a change', (t) => {
  t.same(decideRows(readList(aList([aRow(0)]), 'l.xlsx').rows ?? [], aContext()).map((row) => row.outcome), ['ACCEPTED'])
  t.end()
})
