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
  const elapsed = stopwatch()
  const at_ms: number[] = []
  loops.add({ name: 'counted', work: async () => done[at_ms.push(elapsed()) - 1] ?? 0, full: 2, every_ms: 3_600_000, on_commit: true })
  loops.start()
  while (at_ms.length < done.length) {
    for (const commit of listeners) commit()
    await setImmediate()
  }
  await loops.stop()
  const [, , third = 0, fourth = 0] = at_ms
  t.ok(third < 3_600_000, 'full steps did not wait for the hour')
  t.ok(fourth - third >= rest_ms - 5, 'commits wake it after its rest')
})
