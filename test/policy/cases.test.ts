import t from 'tap'
import { failuresOf, KERNEL, loadKernel, readCases } from './case-runner.ts'

const kernel = await loadKernel(KERNEL)
const files = readCases()

for (const { file, cases } of files) {
  t.test(`${file}: every worked example comes out to the fen`, async (t) => {
    for (const one of cases) t.same(failuresOf(kernel, one), [], `${one.id} ${one.title} (${one.source})`)
  })
}

t.test('every case has its own id, so that an officer can name it', async (t) => {
  const ids = files.flatMap(({ cases }) => cases.map((one) => one.id))
  t.equal(new Set(ids).size, ids.length)
  t.ok(ids.length >= 100, `${ids.length} cases`)
})
