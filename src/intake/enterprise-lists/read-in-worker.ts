import { Worker } from 'node:worker_threads'
import { LIST_LIMITS, type Declared, type ListLimits } from './reading.ts'
import { refusalOf, type Refusal } from './refusals.ts'
import type { RowNote } from './annotate.ts'
import type { ListRow, SheetReading } from './rows.ts'

export type WorkerRequest =
  | { kind: 'SCAN', bytes: Uint8Array<ArrayBuffer>, file_name: string, limits: ListLimits, declared: Declared | null }
  | { kind: 'ROWS' }
  | { kind: 'ANNOTATE', bytes: Uint8Array<ArrayBuffer>, file_name: string, limits: ListLimits, notes: RowNote[] }
/** One reply to each request; ROWS without rows is the end of the list. */
export type WorkerReply =
  | { kind: 'SCANNED', refusal: Refusal, rows_total: null, sheets: SheetReading[] }
  | { kind: 'SCANNED', refusal: null, rows_total: number, sheets: SheetReading[] }
  | { kind: 'ROWS', rows: ListRow[] }
  | { kind: 'ANNOTATED', bytes: Uint8Array<ArrayBuffer> }

export interface ListReaderOptions {
  limits: ListLimits
  /** JavaScript heap of a thread; bytes of unpacked parts stand outside it and are bounded by `limits` */
  heap_mb: number
  /** after which a file is given up */
  job_ms_max: number
  /** after which an idle thread is let go */
  idle_ms: number
  /** files at work at once: a long list does not hold up a dry run */
  threads_max: number
}

export const LIST_READER_OPTIONS: Readonly<ListReaderOptions> = { limits: LIST_LIMITS, heap_mb: 256, job_ms_max: 30_000, idle_ms: 10_000, threads_max: 2 }

/** A list whose file is sound: its rows come some at a time and are made as they are asked for. */
export type OpenList =
  | { refusal: Refusal, rows: null, rows_total: null, sheets: SheetReading[] }
  | { refusal: null, rows: AsyncGenerator<ListRow[]>, rows_total: number, sheets: SheetReading[] }

/** Reads and annotates lists in threads, so that the event loop stays free. */
export interface ListReader {
  /**
   * As `scanList`. A file that takes too much time or memory is refused as TOO_LARGE_UNPACKED. The rows have to be gone through,
   * or left by `break` or `return`: until then they keep a thread.
   */
  open (bytes: Uint8Array, file_name: string, declared?: Declared | null): Promise<OpenList>
  /** As `annotatedWorkbook`; rejects when the bytes are no list that was read before. */
  annotate (bytes: Uint8Array, file_name: string, notes: readonly RowNote[]): Promise<Uint8Array>
  /** Lets the threads go; what is still waiting is rejected. */
  close (): Promise<void>
}

class OutOfBounds extends Error {
  constructor () {
    super('the file takes too much time or memory')
    this.name = 'OutOfBounds'
  }
}

interface Thread {
  /** One question at a time. Errors: why the thread is gone: OutOfBounds, the reader is closed, a bug of the reader. */
  ask (request: WorkerRequest): Promise<WorkerReply>
  /** Waits for the next file, without keeping the process alive. */
  rest (): void
  end (reason: Error): Promise<void>
  gone: Error | null
}

function startThread (options: ListReaderOptions): Thread {
  const worker = new Worker(new URL('./reader-worker.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: options.heap_mb, maxYoungGenerationSizeMb: 16 }, env: {}, stdin: false
  })
  let asked: { resolve (reply: WorkerReply): void, reject (error: Error): void } | null = null
  let timer: NodeJS.Timeout | undefined
  const thread: Thread = {
    gone: null,
    ask: (request) => new Promise((resolve, reject) => {
      if (thread.gone !== null) {
        reject(thread.gone)
        return
      }
      clearTimeout(timer)
      asked = { resolve, reject }
      worker.ref()
      timer = setTimeout(() => { void thread.end(new OutOfBounds()) }, options.job_ms_max)
      worker.postMessage(request, 'bytes' in request ? [request.bytes.buffer] : [])
    }),
    rest () {
      clearTimeout(timer)
      worker.unref()
      timer = setTimeout(() => { void thread.end(new OutOfBounds()) }, options.idle_ms).unref()
    },
    async end (reason) {
      thread.gone ??= reason
      clearTimeout(timer)
      asked?.reject(reason)
      asked = null
      worker.removeAllListeners()
      // An exhausted thread may still report while it ends; nobody waits for that.
      worker.on('error', () => {})
      await worker.terminate()
    }
  }
  worker.on('message', (reply: WorkerReply) => {
    clearTimeout(timer)
    const waiting = asked
    asked = null
    waiting?.resolve(reply)
  })
  worker.on('error', (error: Error & { code?: string }) => { void thread.end(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? new OutOfBounds() : error) })
  return thread
}

const closed_error = (): Error => new Error('the list reader is closed')

export function listReader (options: ListReaderOptions = LIST_READER_OPTIONS): ListReader {
  const idle: Thread[] = []
  const busy = new Set<Thread>()
  const waiting: { resolve (thread: Thread): void, reject (error: Error): void }[] = []
  let closed = false

  const take = (thread: Thread): Thread => {
    busy.add(thread)
    return thread
  }
  const rested = (): Thread | undefined => {
    let thread = idle.pop()
    while (thread !== undefined && thread.gone !== null) thread = idle.pop()
    return thread
  }
  const acquire = (): Promise<Thread> => new Promise((resolve, reject) => {
    if (closed) reject(closed_error())
    else if (busy.size < options.threads_max) resolve(take(rested() ?? startThread(options)))
    else waiting.push({ resolve, reject })
  })
  const release = (thread: Thread): void => {
    busy.delete(thread)
    if (closed) return
    const next = waiting.shift()
    if (next !== undefined) next.resolve(take(thread.gone === null ? thread : startThread(options)))
    else if (thread.gone === null) {
      thread.rest()
      idle.push(thread)
    }
  }

  async function* rowsOf (thread: Thread): AsyncGenerator<ListRow[]> {
    // The next rows are made while these are worked on.
    let next = thread.ask({ kind: 'ROWS' })
    next.catch(() => {})
    try {
      // Goes to nobody: a generator that never began would not let its thread go when it is left.
      yield []
      for (;;) {
        const reply = await next
        if (reply.kind !== 'ROWS') throw new Error('the list reader answered something else')
        if (reply.rows.length === 0) break
        next = thread.ask({ kind: 'ROWS' })
        next.catch(() => {})
        yield reply.rows
      }
    } finally {
      await next.catch(() => {})
      release(thread)
    }
  }

  return {
    async open (bytes, file_name, declared = null) {
      const thread = await acquire()
      try {
        const reply = await thread.ask({ kind: 'SCAN', bytes: Uint8Array.from(bytes), file_name, limits: options.limits, declared })
        if (reply.kind !== 'SCANNED') throw new Error('the list reader answered something else')
        const { sheets } = reply
        if (reply.refusal === null) {
          const rows = rowsOf(thread)
          await rows.next()
          return { refusal: null, rows, rows_total: reply.rows_total, sheets }
        }
        release(thread)
        return { refusal: reply.refusal, rows: null, rows_total: null, sheets }
      } catch (error) {
        release(thread)
        if (!(error instanceof OutOfBounds)) throw error
        const refusal = refusalOf('TOO_LARGE_UNPACKED', { en: 'Reading it takes too much time or memory.', zh: '读取所需时间或内存过多。' })
        return { refusal, rows: null, rows_total: null, sheets: [] }
      }
    },
    async annotate (bytes, file_name, notes) {
      const thread = await acquire()
      try {
        const reply = await thread.ask({ kind: 'ANNOTATE', bytes: Uint8Array.from(bytes), file_name, limits: options.limits, notes: [...notes] })
        if (reply.kind !== 'ANNOTATED') throw new Error('the list reader answered something else')
        return reply.bytes
      } finally {
        release(thread)
      }
    },
    async close () {
      closed = true
      for (const one of waiting.splice(0)) one.reject(closed_error())
      await Promise.all([...busy, ...idle].map((thread) => thread.end(closed_error())))
    }
  }
}
