/** The thread in which files are read and written; it knows nothing but bytes and rows. */
import { parentPort } from 'node:worker_threads'
import { annotatedWorkbook } from './annotate.ts'
import { scanList } from './reading.ts'
import type { ListRow } from './rows.ts'
import type { WorkerReply, WorkerRequest } from './read-in-worker.ts'

/** Rows a message carries: small enough that taking one in never holds up the event loop. */
const MESSAGE_ROWS = 100

/** What is left of the list that was scanned last. */
let left: Iterator<ListRow> | null = null

function nextRows (): ListRow[] {
  const rows: ListRow[] = []
  while (left !== null && rows.length < MESSAGE_ROWS) {
    const { value, done } = left.next()
    if (done === true) left = null
    else rows.push(value)
  }
  return rows
}

function answer (request: WorkerRequest): WorkerReply {
  if (request.kind === 'ROWS') return { kind: 'ROWS', rows: nextRows() }
  left = null
  const { bytes, file_name, limits } = request
  if (request.kind === 'ANNOTATE') return { kind: 'ANNOTATED', bytes: Uint8Array.from(annotatedWorkbook(bytes, file_name, request.notes, limits)) }
  const { refusal, rows, rows_total, sheets } = scanList(bytes, file_name, limits, request.declared)
  if (refusal !== null) return { kind: 'SCANNED', refusal, rows_total, sheets }
  left = rows[Symbol.iterator]()
  return { kind: 'SCANNED', refusal, rows_total, sheets }
}

parentPort?.on('message', (request: WorkerRequest) => {
  const reply = answer(request)
  parentPort?.postMessage(reply, reply.kind === 'ANNOTATED' ? [reply.bytes.buffer] : [])
})
