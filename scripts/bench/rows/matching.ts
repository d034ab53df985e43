/** Needs pushed to leads, in the loop that does it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from '../load.ts'
import { startHub } from '../hub.ts'
import type { BenchOptions, Row } from '../run.ts'
import { bringNeeds } from '../world.ts'
import { runningClock } from '../../../src/clock.ts'
import { createCipher, keyringFromFile } from '../../../src/db/cipher.ts'
import { openDb } from '../../../src/db/open.ts'
import { matchNeeds } from '../../../src/matching/leads/pushing.ts'
import { count, eq } from 'drizzle-orm'
import { lead_events, leads, need_recipients } from '../../../src/matching/leads/store.ts'
import { financing_needs } from '../../../src/intake/financing-needs/store.ts'

const needs_total = 4000

export async function matching ({ rounds, scale }: BenchOptions): Promise<Row[]> {
  const rates: number[] = []
  for (let round = 0; round < Math.min(rounds, 3); round++) {
    const data_dir = mkdtempSync(join(tmpdir(), 'rongqiao-matching-'))
    const hub = await startHub({}, data_dir)
    await bringNeeds(hub, 1, needs_total * scale)
    await hub.stop()
    const db = openDb(join(data_dir, 'hub.sqlite'), runningClock())
    db.useCipher(createCipher(keyringFromFile(join(data_dir, 'keys/kek.json'))))
    try {
      // The running hub has matched some already: begin anew with all of them.
      await db.write(async sql => {
        for (const each of [lead_events, need_recipients, leads]) await sql.delete(each)
        await sql.update(financing_needs).set({ status: 'SUBMITTED' }).where(eq(financing_needs.status, 'PUSHED'))
      })
      const begun = performance.now()
      while (await matchNeeds(db) > 0) continue
      const elapsed_ms = performance.now() - begun
      const [made] = await db.read.select({ leads: count() }).from(leads)
      rates.push((made?.leads ?? 0) / elapsed_ms * 1000)
    } finally {
      await db.close()
      rmSync(data_dir, { recursive: true, force: true })
    }
  }
  const value = median(rates)
  return [{ name: 'needs pushed to leads, in the loop', value, unit: 'leads/s', ceiling: null, ratio: null, goal: '≥ 5,000 leads/s', met: value >= 5000 }]
}
