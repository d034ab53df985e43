import { Worker } from 'node:worker_threads'
import { LIST_LIMITS, type Declared, type ListLimits, type ListReading } from './reading.ts'
import { refusalOf, type Refusal } from './refusals.ts'
import type { RowNote } from './annotate.ts'
import type { ListRow, SheetReading } from './rows.ts'

export type WorkerRequest =
  | { kind: 'READ', bytes: Uint8Array<ArrayBuffer>, file_name: string, limits: ListLimits, declared: Declared | null }
  | { kind: 'ANNOTATE', bytes: Uint8Array<ArrayBuffer>, file_name: string, limits: ListLimits, notes: RowNote[] }
  | { kind: 'MORE' }
export type WorkerReply =
  | { kind: 'ROWS', rows: ListRow[] }
  | { kind: 'READ', refusal: Refusal | null, sheets: SheetReading[] }
  | { kind: 'BYTES', bytes: Uint8Array<ArrayBuffer> }

export interface ListReaderOptions {
  limits: ListLimits
  /** JavaScript heap of the thread; bytes of unpacked parts stand outside it and are bounded by `limits` */
  heap_mb: number
  /** after which a file is given up */
  job_ms_max: number
  /** after which an idle thread is let go */
  idle_ms: number
}

export const LIST_READER_OPTIONS: Readonly<ListReaderOptions> = { limits: LIST_LIMITS, heap_mb: 256, job_ms_max: 30_000, idle_ms: 10_000 }

/** Reads and annotates lists in one thread, a file at a time, so that the event loop stays free. */
export interface ListReader {
  /** As `readList`. A file that takes too much time or memory is refused as TOO_LARGE_UNPACKED. */
  read (bytes: Uint8Array, file_name: string, declared?: Declared | null): Promise<ListReading>
  /** As `annotatedWorkbook`; rejects when the bytes are no list that was read before. */
  annotate (bytes: Uint8Array, file_name: string, notes: readonly RowNote[]): Promise<Uint8Array>
  /** Lets the thread go; what is still waiting is rejected. */
  close (): Promise<void>
}

interface Job {
  request: Exclude<WorkerRequest, { kind: 'MORE' }>
  rows: ListRow[]
  done (reply: Exclude<WorkerReply, { kind: 'ROWS' }>, rows: ListRow[]): void
  /** out of time or memory */
  exhausted (): void
  fail (error: Error): void
}

class OutOfBounds extends Error {
  constructor () {
    super('the file takes too much time or memory')
    this.name = 'OutOfBounds'
  }
}

/** A copy that can be handed over: the caller's bytes stay whole. */
function ownBytes (bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytes)
}

export function listReader (options: ListReaderOptions = LIST_READER_OPTIONS): ListReader {
  const waiting: Job[] = []
  let current: Job | null = null
  let worker: Worker | null = null
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const letGo = async (): Promise<void> => {
    clearTimeout(timer)
    const leaving = worker
    worker = null
    leaving?.removeAllListeners()
    // An exhausted thread may still report while it ends; nobody waits for that.
    leaving?.on('error', () => {})
    await leaving?.terminate()
  }

  const finish = (act: (job: Job) => void): void => {
    clearTimeout(timer)
    const job = current
    current = null
    if (job !== null) act(job)
    if (waiting.length > 0) next()
    else if (worker !== null) {
      worker.unref()
      timer = setTimeout(() => { void letGo() }, options.idle_ms).unref()
    }
  }

  const start = (): Worker => {
    const started = new Worker(new URL('./reader-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: options.heap_mb, maxYoungGenerationSizeMb: 16 }, env: {}, stdin: false
    })
    started.on('message', (reply: WorkerReply) => {
      if (reply.kind === 'ROWS') {
        for (const row of reply.rows) current?.rows.push(row)
        setImmediate(() => { if (worker === started) started.postMessage({ kind: 'MORE' } satisfies WorkerRequest, []) })
        return
      }
      finish((job) => job.done(reply, job.rows))
    })
    started.on('error', (error: Error & { code?: string }) => {
      worker = null
      finish((job) => {
        if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') job.exhausted()
        else job.fail(error)
      })
    })
    return started
  }

  const next = (): void => {
    if (current !== null || closed) return
    const job = waiting.shift()
    if (job === undefined) return
    current = job
    clearTimeout(timer)
    worker ??= start()
    worker.ref()
    timer = setTimeout(() => {
      void letGo()
      finish((late) => late.exhausted())
    }, options.job_ms_max)
    worker.postMessage(job.request, [job.request.bytes.buffer])
  }

  const enqueue = (job: Job): void => {
    if (closed) job.fail(new Error('the list reader is closed'))
    else {
      waiting.push(job)
      next()
    }
  }

  return {
    read: (bytes, file_name, declared = null) => new Promise((resolve, reject) => {
      enqueue({
        request: { kind: 'READ', bytes: ownBytes(bytes), file_name, limits: options.limits, declared },
        rows: [],
        done: (reply, rows) => {
          if (reply.kind !== 'READ') reject(new Error('the list reader answered something else'))
          else if (reply.refusal === null) resolve({ refusal: null, rows, sheets: reply.sheets })
          else resolve({ refusal: reply.refusal, rows: null, sheets: reply.sheets })
        },
        exhausted: () => resolve({
          refusal: refusalOf('TOO_LARGE_UNPACKED', { en: 'Reading it takes too much time or memory.', zh: '读取所需时间或内存过多。' }), rows: null, sheets: []
        }),
        fail: reject
      })
    }),
    annotate: (bytes, file_name, notes) => new Promise((resolve, reject) => {
      enqueue({
        request: { kind: 'ANNOTATE', bytes: ownBytes(bytes), file_name, limits: options.limits, notes: [...notes] },
        rows: [],
        done: (reply) => {
          if (reply.kind === 'BYTES') resolve(reply.bytes)
          else reject(new Error('the list reader answered something else'))
        },
        exhausted: () => reject(new OutOfBounds()),
        fail: reject
      })
    }),
    close: async () => {
      closed = true
      const left = current === null ? waiting.splice(0) : [current, ...waiting.splice(0)]
      current = null
      await letGo()
      for (const job of left) job.fail(new Error('the list reader is closed'))
    }
  }
}
