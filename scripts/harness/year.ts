/**
 * Year: node scripts/harness/year.ts [enterprises] [postgres://…] [--seed n] [--keep folder]
 *
 * Plays a year under one seed over the hub's contract: lists, needs, leads, loans shared by two banks, leases, guarantees, policies;
 * a quarter's vouchers out of order, repeated, duplicated, corrected, contracts corrected, loans partly repaid early and overdue; packets audited, some sent back, some reduced;
 * payments, one of them returned and sent again to another account; crashes in the middle of it all; ceilings looked at. Then it counts the money and has every amount computed again from the packet
 * archives alone (scripts/rederive.ts). `--keep` leaves the archives in a folder.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inventedName, inventedProject, inventedUscc } from '../bench/world.ts'
import { readArchive, rederive, yuan, type Recognised, type Rederived } from '../rederive.ts'
import { frozenHub, type FrozenHub } from './in-process.ts'
import { settleQuarter, type Settled } from './year-settling.ts'
import { bringQuarter, bringWorld, newcomers, type Counts, type Player } from './year-world.ts'

export interface YearReport extends Counts, Settled {
  enterprises: number
  leads: number
  packets: number
  lines: number
  /** fen */
  recognised: bigint
  paid: bigint
  offset: bigint
  paid_twice: number
  unpaid: number
  /** lines of money that no packet took up */
  left_open: number
  rederived: Rederived
  archives: Buffer[]
  recognised_of: Recognised
}

const quarters = [
  { from: '2025-12-21', to: '2026-03-21' }, { from: '2026-03-21', to: '2026-06-21' }, { from: '2026-06-21', to: '2026-09-21' }, { from: '2026-09-21', to: '2026-12-21' }
]

/** The same numbers for the same seed. */
function randomFrom (seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 4294967296
  }
}

export async function all<T> (hub: FrozenHub, who: string, path: string): Promise<T[]> {
  const found: T[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const separator: string = path.includes('?') ? '&' : '?'
    const page: { items: T[], next_cursor: string | null } =
      await hub.call(who, 'GET', `${path}${separator}limit=200${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`)
    found.push(...page.items)
    cursor = page.next_cursor
  }
  return found
}

const fen = (text: string): bigint => BigInt(text.replace('.', ''))
const sum = (values: bigint[]): bigint => values.reduce((a, b) => a + b, 0n)

interface Payment { payment_no: string, status: string, amount: string, gross: string, offset: string, lines: { line_no: string, amount: string }[] }

async function count (hub: FrozenHub, player: Player, settled: Settled): Promise<YearReport> {
  const packets = await all<{ packet_no: string, participant_no: string, status: string, audited_at: string, line_count: number }>(hub, 'meic', '/v1/subsidy-packets')
  const approved = packets.filter(({ status }) => status === 'APPROVED')
  const recognised_of: Record<string, { amount: string, at: string }> = {}
  const archives: Buffer[] = []
  for (const { packet_no, participant_no } of approved) {
    const packet = await hub.call<{ audited_at: string, lines: { line_no: string, recognised_amount: string }[] }>('meic', 'GET', `/v1/subsidy-packets/${packet_no}`)
    for (const { line_no, recognised_amount } of packet.lines) recognised_of[line_no] = { amount: recognised_amount, at: packet.audited_at }
    archives.push((await hub.send(participant_no, 'GET', `/v1/subsidy-packets/${packet_no}/archive`)).bytes)
  }
  const batches = await all<{ batch_no: string }>(hub, 'finance-bureau', '/v1/payment-batches')
  const payments: Payment[] = []
  for (const { batch_no } of batches) payments.push(...(await hub.call<{ payments: Payment[] }>('finance-bureau', 'GET', `/v1/payment-batches/${batch_no}`)).payments)
  const done = payments.filter(({ status }) => status === 'PAID')
  const times = new Map<string, number>()
  for (const { line_no } of done.flatMap(({ lines }) => lines)) times.set(line_no, (times.get(line_no) ?? 0) + 1)
  const due = Object.entries(recognised_of).filter(([, { amount }]) => fen(amount) > 0n)
  const leads = await all(hub, 'bank-1', '/v1/leads')
  const lines = await all<{ status: string, amount: string }>(hub, 'meic', '/v1/subsidy-lines')
  return {
    ...player.counts, ...settled, enterprises: player.enterprises.length, leads: leads.length, packets: approved.length, lines: Object.keys(recognised_of).length,
    recognised: sum(due.map(([, { amount }]) => fen(amount))), paid: sum(done.map(({ amount }) => fen(amount))), offset: sum(done.map(({ offset }) => fen(offset))),
    paid_twice: [...times.values()].filter(each => each > 1).length, unpaid: due.filter(([line_no]) => !times.has(line_no)).length,
    left_open: lines.filter(({ status, amount }) => (status === 'OPEN' || status === 'BLOCKED') && fen(amount) > 0n).length,
    rederived: rederive(archives.map(readArchive), recognised_of), archives, recognised_of
  }
}

/** Plays the year. @param database_url empty: SQLite in a temporary folder. `spoil` puts a fault into the new database. */
export async function year (enterprises: number, database_url: string, options: { seed?: number, spoil?: (target: string) => Promise<void> } = {}): Promise<YearReport> {
  const data_dir = mkdtempSync(join(tmpdir(), 'rongqiao-year-'))
  const hub = await frozenHub(database_url, data_dir, '2026-01-15T02:00:00.000Z', newcomers)
  await options.spoil?.(database_url === '' ? join(data_dir, 'hub.sqlite') : database_url)
  const random = randomFrom(options.seed ?? 20260112)
  const counts: Counts = { vouchers: 0, retries: 0, duplicates: 0, corrections: 0, contract_corrections: 0, prepaid: 0, refused_again: 0, crashes: 0 }
  const settled: Settled = { sent_back: 0, ceilings_seen: 0, ceilings_passed: 0, reduced: 0, returned: 0, reissued: 0, clawbacks: 0, supplements: 0, instructions: [] }
  try {
    const numbers = Array.from({ length: enterprises }, (_, index) => index + 1)
    const player: Player = {
      hub, random, counts, loans: [], leases: [], guarantees: [],
      enterprises: numbers.map(n => ({ n, uscc: inventedUscc(n), name: inventedName(n), project_code: inventedProject(n), park: n % 2 === 0 ? 'park-1' : 'park-2' }))
    }
    await bringWorld(player)
    for (const [quarter, { from, to }] of quarters.entries()) {
      hub.clock.set(`${to}T09:00:00.000Z`)
      await bringQuarter(player, quarter, from, to)
      if (quarter === 1) {
        await hub.crash()
        counts.crashes++
      }
      await settleQuarter(player, settled, quarter)
    }
    hub.clock.set('2026-12-30T02:00:00.000Z')
    await settleQuarter(player, settled, quarters.length)
    return await count(hub, player, settled)
  } finally {
    await hub.close()
    rmSync(data_dir, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const words = process.argv.slice(2)
  const valueOf = (flag: string): string | undefined => words.includes(flag) ? words.splice(words.indexOf(flag), 2)[1] : undefined
  const [keep, seed] = [valueOf('--keep'), valueOf('--seed')]
  const { archives, rederived, recognised_of, recognised, paid, offset, instructions, ...figures } = await year(Number(words[0] ?? 8), words[1] ?? '', seed === undefined ? {} : { seed: Number(seed) })
  if (keep !== undefined) {
    for (const zip of archives) writeFileSync(join(keep, `${readArchive(zip).packet_no}.zip`), zip)
    writeFileSync(join(keep, 'recognised.json'), JSON.stringify(recognised_of))
  }
  for (const difference of rederived.differences) console.log(`wrong: ${difference}`)
  const met = rederived.ceilings.filter(({ cap, used }) => cap === used).length
  console.log(JSON.stringify({
    ...figures, instructions: instructions.length, recognised: yuan(recognised), paid: yuan(paid), offset: yuan(offset), rederived: rederived.lines, ceilings: rederived.ceilings.length, met,
    differences: rederived.differences.length
  }))
  process.exitCode = rederived.differences.length + figures.paid_twice + figures.unpaid + figures.left_open + figures.ceilings_passed > 0 || recognised !== paid + offset ? 1 : 0
}
