import { monitorEventLoopDelay } from 'node:perf_hooks'
import t from 'tap'
import { decideRows, decideRowsInSlices, summaryOf } from '../../src/intake/enterprise-lists/deciding.ts'
import { notesOf } from '../../src/intake/enterprise-lists/annotate.ts'
import { LIST_LIMITS, readList } from '../../src/intake/enterprise-lists/reading.ts'
import { LIST_READER_OPTIONS, listReader } from '../../src/intake/enterprise-lists/read-in-worker.ts'
import { aContext, aList, aRow, HEADS, workbook } from './list-fixtures.ts'

const big = workbook({ sheets: [{ name: '名单', rows: [HEADS, ...Array.from({ length: 5000 }, (_, index) => aRow(index, { 3: null }))] }] })

t.test('the worker reads as the reader does, one file after the other', async (t) => {
  const reader = listReader()
  t.teardown(() => reader.close())
  const small = aList([aRow(0), aRow(1, { 1: 'X' })])
  const declared = { row_count: 3, amount: null }
  const results = await Promise.all([
    reader.read(small, 'a.xlsx'), reader.read(Buffer.from('nothing'), 'b.csv'), reader.read(small, 'c.xlsx', declared), reader.read(big, 'd.xlsx')
  ])
  t.same(results[0], readList(small, 'a.xlsx'))
  t.equal(results[1]?.refusal?.code, 'NO_HEAD_FOUND')
  t.equal(results[2]?.refusal?.code, 'DECLARED_COUNT_MISMATCH')
  t.same(results[3], readList(big, 'd.xlsx'))
  t.ok(small.length > 0, 'the caller’s bytes stay')
  const notes = notesOf(decideRows(results[0]?.rows ?? [], aContext()))
  t.ok((await reader.annotate(small, 'a.xlsx', notes)).length > small.length)
  await t.rejects(reader.annotate(Buffer.from('x'), 'x.xlsx', []), 'bytes that were never a list')
  t.same((await reader.read(small, 'a.xlsx')).refusal, null, 'and a failed job does no harm to the next')
})

t.test('five thousand rows are read and decided while the event loop runs on', async (t) => {
  const reader = listReader()
  t.teardown(() => reader.close())
  await reader.read(aList([aRow(0)]), 'warm.xlsx')
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const from = performance.now()
  const { rows } = await reader.read(big, 'big.xlsx')
  const decided = await decideRowsInSlices(rows ?? [], aContext())
  const ms = performance.now() - from
  delay.disable()
  t.equal(summaryOf(decided).counts.SKIPPED, 0)
  t.equal(decided.length, 5000)
  t.comment(`read and decided in ${ms.toFixed(0)} ms, event loop held up ${(delay.max / 1e6).toFixed(1)} ms at most`)
  t.ok(ms < 10_000, 'in seconds, even on a busy machine')
})

t.test('a file that takes too long or too much memory is refused and does not stop the next', async (t) => {
  const slow = listReader({ ...LIST_READER_OPTIONS, job_ms_max: 1 })
  t.teardown(() => slow.close())
  t.equal((await slow.read(big, 'big.xlsx')).refusal?.code, 'TOO_LARGE_UNPACKED')
  const many = workbook({ sheets: [{ name: '名单', rows: [HEADS, ...Array.from({ length: 60_000 }, (_, index) => aRow(index))] }] })
  const narrow = listReader({ ...LIST_READER_OPTIONS, heap_mb: 24, limits: { ...LIST_LIMITS, rows_max: 100_000, lines_max: 100_000 } })
  t.teardown(() => narrow.close())
  t.equal((await narrow.read(many, 'many.xlsx')).refusal?.code, 'TOO_LARGE_UNPACKED')
  t.equal((await narrow.read(aList([aRow(0)]), 'small.xlsx')).refusal, null)
})

t.test('closing rejects what waits; nothing is accepted afterwards', async (t) => {
  const reader = listReader()
  const waiting = [reader.read(big, 'a.xlsx'), reader.read(big, 'b.xlsx')].map((one) => t.rejects(one, /closed/u))
  await reader.close()
  await Promise.all(waiting)
  await t.rejects(reader.read(big, 'c.xlsx'), /closed/u)
})
