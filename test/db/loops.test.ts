/** Loops: full steps follow each other, whoever caught up gathers. */
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { stopwatch } from '../../src/clock.ts'
import type { Db } from '../../src/db/db.ts'
import { createLoops } from '../../src/db/loops.ts'

const rest_ms = 30

t.test('full steps follow each other; a step that caught up rests, whatever is committed, and then looks again', async t => {
  const listeners: (() => void)[] = []
  const db = { onCommit: (listener: () => void) => { listeners.push(listener) }, lease: async () => true, endLeases: async () => undefined } as unknown as Db
  const loops = createLoops(db, { error: () => undefined, warn: () => undefined } as never)
  const done = [2, 2, 1, 0]
  const steps: number[] = []
  loops.add({ name: 'counted', work: async () => done[steps.push(1) - 1] ?? 0, full: 2, every_ms: 3_600_000, on_commit: true })
  const until = async (count: number) => { while (steps.length < count) await setImmediate() }
  const elapsed = stopwatch()
  loops.start()
  await until(3)
  t.ok(elapsed() < 3_600_000, 'nobody waited for the hour')
  const rested = stopwatch()
  while (steps.length === 3) {
    for (const commit of listeners) commit()
    await setImmediate()
  }
  t.ok(rested() >= rest_ms - 5, 'commits wake it after its rest')
  await until(4)
  await loops.stop()
})
