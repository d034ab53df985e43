/** A power cut loses nothing that was acknowledged; the harness first catches the seeded fault. */
import t from 'tap'
import { powerCut, straceIsHere } from '../../scripts/harness/power-cut.ts'

const skip = process.env.DATABASE_URL ? 'about SQLite' : straceIsHere() ? false : 'strace is not installed (Debian: apt-get install strace)'
const cuts = process.env.FULL === '1' ? 600 : 12

t.test('synchronous=NORMAL is caught losing acknowledged rows', { skip }, async t => {
  t.ok(powerCut(cuts, 'normal').lost > 0)
})

t.test('no acknowledged row is lost and no file is damaged, wherever the power goes', { skip }, async t => {
  const { lost, corrupt, copied_back } = powerCut(cuts, 'full')
  t.ok(copied_back > 0, `pages were copied back ${copied_back} times meanwhile`)
  t.equal(lost, 0)
  t.equal(corrupt, 0)
})
