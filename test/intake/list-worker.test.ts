import { monitorEventLoopDelay } from 'node:perf_hooks'
import t from 'tap'
import { decideRows, summaryOf } from '../../src/intake/enterprise-lists/deciding.ts'
import { notesOf } from '../../src/intake/enterprise-lists/annotate.ts'
import { LIST_LIMITS, readList, type Declared, type ListReading } from '../../src/intake/enterprise-lists/reading.ts'
import { LIST_READER_OPTIONS, listReader, type ListReader } from '../../src/intake/enterprise-lists/read-in-worker.ts'
import { aContext, aList, aRow, HEADS, workbook } from './list-fixtures.ts'

const big = workbook({ sheets: [{ name: '名单', rows: [HEADS, ...Array.from({ length: 5000 }, (_, index) => aRow(index, { 3: null }))] }] })

async function readAll (reader: ListReader, bytes: Uint8Array, file_name: string, declared: Declared | null = null): Promise<ListReading> {
  const { refusal, rows, rows_total, sheets } = await reader.open(bytes, file_name, declared)
  if (refusal !== null) return { refusal, rows, sheets }
  const all: ListReading['rows'] = []
  for await (const some of rows) all.push(...some)
  if (all.length !== rows_total) throw new Error(`${rows_total} rows were promised, ${all.length} came`)
  return { refusal, rows: all, sheets }
}

t.test('the worker reads as the reader does, one file after the other', async (t) => {
  const reader = listReader()
  t.teardown(() => reader.close())
  const small = aList([aRow(0), aRow(1, { 1: 'X' })])
  const declared = { row_count: 3, amount: null }
  const results = await Promise.all([
    readAll(reader, small, 'a.xlsx'), readAll(reader, Buffer.from('nothing'), 'b.csv'), readAll(reader, small, 'c.xlsx', declared), readAll(reader, big, 'd.xlsx')
  ])
  t.same(results[0], readList(small, 'a.xlsx'))
  t.equal(results[1]?.refusal?.code, 'NO_HEAD_FOUND')
  t.equal(results[2]?.refusal?.code, 'DECLARED_COUNT_MISMATCH')
  t.same(results[3], readList(big, 'd.xlsx'))
  t.ok(small.length > 0, 'the caller’s bytes stay')
  const notes = notesOf(decideRows(results[0]?.rows ?? [], aContext()))
  t.ok((await reader.annotate(small, 'a.xlsx', notes)).length > small.length)
  await t.rejects(reader.annotate(Buffer.from('x'), 'x.xlsx', []), 'bytes that were never a list')
  t.same((await readAll(reader, small, 'a.xlsx')).refusal, null, 'and a failed job does no harm to the next')
})

t.test('rows that are left before the first was asked for let their thread go', async (t) => {
  const reader = listReader({ ...LIST_READER_OPTIONS, threads_max: 1 })
  t.teardown(() => reader.close())
  const { rows } = await reader.open(aList([aRow(0)]), 'a.xlsx')
  await rows?.return(undefined)
  t.same((await readAll(reader, aList([aRow(0)]), 'b.xlsx')).refusal, null)
})

t.test('five thousand rows are read while the event loop runs on', async (t) => {
  const reader = listReader()
  t.teardown(() => reader.close())
  await readAll(reader, aList([aRow(0)]), 'warm.xlsx')
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const from = performance.now()
  const { rows } = await readAll(reader, big, 'big.xlsx')
  const ms = performance.now() - from
  delay.disable()
  const decided = decideRows(rows ?? [], aContext())
  t.equal(summaryOf(decided).counts.SKIPPED, 0)
  t.equal(decided.length, 5000)
  t.comment(`read in ${ms.toFixed(0)} ms, event loop held up ${(delay.max / 1e6).toFixed(1)} ms at most`)
  t.ok(ms < 10_000, 'in seconds, even on a busy machine')
})

t.test('a file that takes too long or too much memory is refused and does not stop the next', async (t) => {
  const slow = listReader({ ...LIST_READER_OPTIONS, job_ms_max: 1 })
  t.teardown(() => slow.close())
  t.equal((await readAll(slow, big, 'big.xlsx')).refusal?.code, 'TOO_LARGE_UNPACKED')
  const many = workbook({ sheets: [{ name: '名单', rows: [HEADS, ...Array.from({ length: 60_000 }, (_, index) => aRow(index))] }] })
  const narrow = listReader({ ...LIST_READER_OPTIONS, heap_mb: 24, limits: { ...LIST_LIMITS, rows_max: 100_000, lines_max: 100_000 } })
  t.teardown(() => narrow.close())
  t.equal((await readAll(narrow, many, 'many.xlsx')).refusal?.code, 'TOO_LARGE_UNPACKED')
  t.equal((await readAll(narrow, aList([aRow(0)]), 'small.xlsx')).refusal, null)
})

t.test('a list that is left half way frees its thread, and a long one does not hold up a short one', async (t) => {
  const reader = listReader()
  t.teardown(() => reader.close())
  for (let times = 0; times < 5; times++) {
    const { rows } = await reader.open(big, 'big.xlsx')
    for await (const some of rows ?? []) if (some.length > 0) break
  }
  const long = await reader.open(big, 'big.xlsx')
  t.equal((await readAll(reader, aList([aRow(0)]), 'small.xlsx')).rows?.length, 1)
  let count = 0
  for await (const some of long.rows ?? []) count += some.length
  t.equal(count, 5000)
})

t.test('closing rejects what waits; nothing is accepted afterwards', async (t) => {
  const reader = listReader()
  const waiting = [readAll(reader, big, 'a.xlsx'), readAll(reader, big, 'b.xlsx')].map((one) => t.rejects(one, /closed/u))
  await reader.close()
  await Promise.all(waiting)
  await t.rejects(readAll(reader, big, 'c.xlsx'), /closed/u)
})
