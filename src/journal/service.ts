/** Reading the feed, with a wait that costs nothing while nothing is new. */
import type { Db } from '../db/db.ts'
import { EVENTS, type EventRoomName } from './event-types.ts'
import { feed } from './events.ts'

/** Where the details of an event's subject are read; null when nowhere. */
export function linkOf (type: string, subject: string): string | null {
  const room = type.split('.')[0] ?? ''
  const path = Object.hasOwn(EVENTS, room) ? EVENTS[room as EventRoomName].path : null
  return path === null ? null : path + encodeURIComponent(subject)
}

const waiting = new WeakMap<Db, Set<() => void>>()
const look_again_ms = 1000

function waitersOf (db: Db): Set<() => void> {
  let waiters = waiting.get(db)
  if (waiters === undefined) {
    const all = new Set<() => void>()
    waiting.set(db, waiters = all)
    db.onCommit(() => { for (const wake of all) wake() })
  }
  return waiters
}

export interface FeedItem { event_no: string, seq: number, type: string, subject: string, occurred_at: string, link: string | null, data: Record<string, unknown> }

async function read (db: Db, participant_no: string, after: number, limit: number): Promise<FeedItem[]> {
  const rows = await feed(db.read, participant_no, after, limit)
  return rows.map(({ event_no, seq, type, subject, at, data }) => ({ event_no, seq, type, subject, occurred_at: at, link: linkOf(type, subject), data }))
}

/** Events after a place; waits up to `wait_ms` for the first one. */
export async function waitForFeed (db: Db, participant_no: string, after: number, limit: number, wait_ms: number, signal?: AbortSignal): Promise<FeedItem[]> {
  const waiters = waitersOf(db)
  const until = performance.now() + wait_ms
  for (;;) {
    const items = await read(db, participant_no, after, limit)
    const left_ms = until - performance.now()
    if (items.length > 0 || left_ms <= 0 || signal?.aborted === true || ending.has(db)) return items
    await new Promise<void>(resolve => {
      const wake = (): void => {
        clearTimeout(timer)
        waiters.delete(wake)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, Math.min(left_ms, look_again_ms))
      waiters.add(wake)
      signal?.addEventListener('abort', wake)
    })
  }
}

const ending = new WeakSet<Db>()

/** The process ends: whoever waits for something new is answered now, and nobody waits again. */
export function endWaiting (db: Db): void {
  ending.add(db)
  for (const wake of waitersOf(db)) wake()
}
