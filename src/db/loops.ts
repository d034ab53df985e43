/**
 * Background loops: match, derive, seal, send, checkpoint. Each works at its own pace, under a lease, woken by commits.
 */
import type { Logger } from 'pino'
import { newNo, stopwatch } from '../clock.ts'
import type { Db } from './db.ts'

export interface Loop {
  name: string
  /** One bounded step. @returns how much was done; more than zero means there may be more */
  work (): Promise<number>
  /** as much as a step can do, 1 unless said: a step that did less has caught up, and gathers new work for a while */
  full?: number
  /** looks again at the latest after this time */
  every_ms: number
  /** looks soon after every commit of this process: for work that somebody waits for */
  on_commit?: boolean
  /** several processes may run it at once: it claims its rows itself */
  shared?: boolean
}

export interface Loops {
  add (loop: Loop): void
  start (): void
  /** Runs every loop until none finds work: for tests and simulated years. */
  settle (): Promise<void>
  stop (): Promise<void>
}

/** From a look that found nothing, or no full step of work, to the next one: a busy hub gathers work instead of looking after every commit. */
const pause_ms = 30
const lease_ms = 10_000
/** An answer about a lease holds for so long: loops of a busy hub look fifty times a second. */
const lease_answer_ms = lease_ms / 4
const failed_pause_ms = 1000
const settle_rounds_max = 10_000

export function createLoops (db: Db, log: Logger): Loops {
  const holder = newNo('process')
  const elapsed = stopwatch()
  const loops: { loop: Loop, lease: { asked_at_ms: number, is_held: boolean } | null, timer: NodeJS.Timeout | undefined, running: Promise<void> | undefined, again: boolean, soon: boolean }[] = []
  let started = false
  let stopped = false

  function wake (each: typeof loops[number]): void {
    if (!started || stopped) return
    if (each.running !== undefined || each.soon) {
      each.again = true
      return
    }
    clearTimeout(each.timer)
    each.again = false
    each.running = turn(each).then(wait_ms => {
      each.running = undefined
      if (stopped) return
      each.soon = wait_ms > 0
      later(each, Math.min(wait_ms, pause_ms), () => {
        each.soon = false
        if (each.again || wait_ms <= pause_ms) wake(each)
        else later(each, wait_ms - pause_ms, () => wake(each))
      })
    })
  }

  function later (each: typeof loops[number], ms: number, then: () => void): void {
    each.timer = setTimeout(then, ms)
    each.timer.unref()
  }

  async function isLeased (each: typeof loops[number]): Promise<boolean> {
    const asked_at_ms = elapsed()
    if (each.lease === null || asked_at_ms - each.lease.asked_at_ms >= lease_answer_ms) {
      each.lease = { asked_at_ms, is_held: await db.lease(each.loop.name, holder, lease_ms) }
    }
    return each.lease.is_held
  }

  async function turn (each: typeof loops[number]): Promise<number> {
    const { loop } = each
    try {
      if (loop.shared !== true && !await isLeased(each)) return Math.min(loop.every_ms, lease_answer_ms)
      const done = await loop.work()
      return done >= (loop.full ?? 1) ? 0 : done > 0 ? pause_ms : loop.every_ms
    } catch (error) {
      log.error({ err: error, loop: loop.name }, 'a loop failed and will try again')
      return failed_pause_ms
    }
  }

  db.onCommit(() => { for (const each of loops) if (each.loop.on_commit === true) wake(each) })

  return {
    add: loop => { loops.push({ loop, lease: null, timer: undefined, running: undefined, again: false, soon: false }) },
    start () {
      started = true
      for (const each of loops) wake(each)
    },
    async settle () {
      for (let round = 0; round < settle_rounds_max; round++) {
        let done = 0
        for (const { loop } of loops) done += await loop.work()
        if (done === 0) return
      }
      throw new Error('the loops do not come to rest')
    },
    async stop () {
      stopped = true
      for (const each of loops) clearTimeout(each.timer)
      await Promise.all(loops.map(({ running }) => running))
      await db.endLeases(holder).catch((error: unknown) => log.warn({ err: error }, 'leases were not given back and end by themselves'))
    }
  }
}
