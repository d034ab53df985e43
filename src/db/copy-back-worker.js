/**
 * The thread of copy-back.ts: a connection of its own that never waits for the writer and never holds it up. Plain JavaScript: a thread
 * that has to strip types holds 10 MB more for as long as it lives.
 */
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'

const db = new Database(workerData)
parentPort?.on('message', () => {
  db.pragma('wal_checkpoint(PASSIVE)')
  parentPort?.postMessage(null, [])
})
