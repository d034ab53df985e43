/** The thread in which files are read and written; it knows nothing but bytes and rows. */
import { parentPort } from 'node:worker_threads'
import { annotatedWorkbook } from './annotate.ts'
import { readList } from './reading.ts'
import type { ListRow } from './rows.ts'
import type { WorkerReply, WorkerRequest } from './read-in-worker.ts'

/** Rows a message carries: small enough that taking one in never holds up the event loop. */
const MESSAGE_ROWS = 100

function reply (message: WorkerReply, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer)
}

let left: ListRow[] = []
let at_end: WorkerReply | null = null

/** The next rows, or the end. The other side asks again when it has time: it is never flooded. */
function pass (): void {
  const rows = left.splice(0, MESSAGE_ROWS)
  if (rows.length > 0) reply({ kind: 'ROWS', rows })
  else if (at_end !== null) {
    reply(at_end)
    at_end = null
  }
}

parentPort?.on('message', (request: WorkerRequest) => {
  if (request.kind === 'MORE') {
    pass()
    return
  }
  if (request.kind === 'ANNOTATE') {
    const bytes = Uint8Array.from(annotatedWorkbook(request.bytes, request.file_name, request.notes, request.limits))
    reply({ kind: 'BYTES', bytes }, [bytes.buffer])
    return
  }
  const { refusal, rows, sheets } = readList(request.bytes, request.file_name, request.limits, request.declared)
  left = rows ?? []
  at_end = { kind: 'READ', refusal, sheets }
  pass()
})
