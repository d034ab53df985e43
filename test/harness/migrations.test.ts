/** Upgrades that are killed in the middle leave the old state or the new one, never something between. */
import t from 'tap'
import { killedMigrations } from '../../scripts/harness/migrations.ts'

const kills = process.env.FULL === '1' ? 50 : 4
const server = process.env.DATABASE_URL ?? ''

t.setTimeout(900_000)

t.test('an upgrade that commits step by step is noticed', async t => {
  let between = 0
  // Where the first blows fell before or after it, others do not.
  for (let seed = 1; between === 0 && seed <= 10; seed++) between = (await killedMigrations(2, server, { fault: true, seed })).between
  t.ok(between > 0)
})

t.test('a killed upgrade leaves old or new, and the next attempt arrives', async t => {
  const report = await killedMigrations(kills, server)
  t.comment(JSON.stringify(report))
  t.same({ between: report.between, stuck: report.stuck }, { between: 0, stuck: 0 })
  t.equal(report.old + report.new, kills)
  if (kills >= 50) t.ok(report.old > 0, 'kills met upgrades under way')
})
