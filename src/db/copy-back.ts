/**
 * Copies committed pages of a SQLite database from its write-ahead log back into its file, in a thread beside the writer: done inside
 * a commit it would hold up the event loop for tens of milliseconds. The thread begins when there is something worth copying.
 */
import { statSync } from 'node:fs'
import { Worker } from 'node:worker_threads'

export interface CopyBackPace { look_every_ms: number, worth_copying_bytes: number }

const usual_pace: CopyBackPace = { look_every_ms: 1000, worth_copying_bytes: 4 * 1024 * 1024 }

/** @param file path of the database */
export function copyBackBeside (file: string, { look_every_ms, worth_copying_bytes } = usual_pace): { stop (): Promise<void> } {
  let worker: Worker | undefined
  let busy = false
  const timer = setInterval(() => {
    if (busy || (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) < worth_copying_bytes) return
    if (worker === undefined) {
      worker = new Worker(new URL('copy-back-worker.js', import.meta.url), { workerData: file })
      worker.unref()
      // Whatever becomes of the thread: the writer copies by itself when its log has grown far beyond this.
      worker.on('message', () => { busy = false }).on('error', () => { clearInterval(timer) })
    }
    busy = true
    worker.postMessage(null, [])
  }, look_every_ms)
  timer.unref()
  return {
    async stop () {
      clearInterval(timer)
      await worker?.terminate()
    }
  }
}
