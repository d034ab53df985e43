/**
 * Speed and memory as ratios in one run on one machine: npm run bench [-- --quick] [-- --only=text] [-- --postgres=postgres://…]
 * Prints a table and writes scripts/bench/latest.json.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startPostgres } from '../postgres.ts'
import { deliveryTimes } from './rows/delivery.ts'
import { groupCommit } from './rows/group-commit.ts'
import { growth } from './rows/growth.ts'
import { inboxTimes } from './rows/inbox.ts'
import { kernelLines } from './rows/kernel.ts'
import { largeList } from './rows/list.ts'
import { leadPages } from './rows/leads.ts'
import { matching } from './rows/matching.ts'
import { startUp } from './rows/start.ts'
import { trust } from './rows/trust.ts'
import { voucherPosts } from './rows/vouchers.ts'
import { webhooks } from './rows/webhooks.ts'

export interface Row {
  name: string
  value: number
  unit: string
  /** what it is compared with in the same run; null where the goal is an amount */
  ceiling: number | null
  ratio: number | null
  goal: string
  met: boolean
}

export interface BenchOptions { rounds: number, round_ms: number, scale: number, postgres_url: string | null }

const { values } = parseArgs({ options: { quick: { type: 'boolean' }, only: { type: 'string' }, postgres: { type: 'string' } } })

const parts: [string, (options: BenchOptions) => Promise<Row[]>][] = [
  ['kernel', kernelLines], ['group commit', groupCommit], ['matching', matching], ['inbox', inboxTimes], ['list', largeList], ['lead page', leadPages],
  ['voucher', voucherPosts], ['webhook', webhooks], ['delivery', deliveryTimes], ['trust', trust], ['start', startUp], ['growth', growth]
]

function show (rows: readonly Row[]): void {
  const cells = rows.map(({ name, value, unit, ceiling, ratio, goal, met }) => [
    name, `${value >= 100 ? Math.round(value) : Math.round(value * 100) / 100} ${unit}`, ceiling === null ? '' : String(Math.round(ceiling)), ratio === null ? '' : ratio.toFixed(2), goal, met ? 'met' : 'NOT MET'
  ])
  const table = [['job', 'value', 'ceiling', 'ratio', 'goal', ''], ...cells]
  const widths = [0, 1, 2, 3, 4].map(column => Math.max(...table.map(row => (row[column] ?? '').length)))
  for (const row of table) console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
}

const needs_postgres = values.only === undefined || ['voucher', 'inbox'].some(part => part.includes(values.only ?? ''))
const postgres = needs_postgres && values.postgres === undefined ? await startPostgres() : null
const options: BenchOptions = {
  rounds: values.quick === true ? 1 : 5, round_ms: values.quick === true ? 500 : 2000, scale: values.quick === true ? 0.1 : 1,
  postgres_url: values.postgres ?? postgres?.url ?? null
}
const rows: Row[] = []
for (const [name, part] of parts) {
  if (values.only !== undefined && !name.includes(values.only)) continue
  console.error(`… ${name}`)
  try {
    rows.push(...await part(options))
  } catch (error) {
    console.error(`${name} failed:`, error)
    process.exitCode = 1
  }
}
await postgres?.stop()
show(rows)
if (values.only === undefined) writeFileSync(join(import.meta.dirname, 'latest.json'), JSON.stringify(rows, null, 2) + '\n')
process.exit()
