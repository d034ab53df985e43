/** What the harnesses under load share: a filled hub, its vouchers, memory of its process, and a database of its own. */
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { newNo } from '../../src/clock.ts'
import type { RunningHub } from '../bench/hub.ts'
import { bringLoans, bringNeeds } from '../bench/world.ts'

export const loans = 20

/** Loans enough for a voucher a day of each, however fast the hub is. */
export function loansFor (rounds: number): number {
  return Math.max(loans, rounds * 5)
}

/** Enterprises, leads, loans. @returns number of a receipt that vouchers may name */
export async function fill (hub: RunningHub, count = loans): Promise<string> {
  await bringNeeds(hub, 1, count)
  await bringLoans(hub, 1, count)
  const { document_no } = await hub.upload<{ document_no: string }>('bank-1', '/v1/documents', 'receipt.pdf', Buffer.from('%PDF receipt'))
  return document_no
}

/** All pages of a listing. @param path with its query */
export async function allOf<Item> (hub: RunningHub, participant_no: string, path: string): Promise<Item[]> {
  const found: Item[] = []
  let cursor: string | null = null
  do {
    const page: { items: Item[], next_cursor: string | null } = await hub.call(participant_no, 'GET', `${path}${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`)
    found.push(...page.items)
    cursor = page.next_cursor
  } while (cursor !== null)
  return found
}

/** Every voucher_no the hub has. */
export async function vouchersOf (hub: RunningHub): Promise<Set<string>> {
  return new Set((await allOf<{ voucher_no: string }>(hub, 'bank-1', '/v1/interest-vouchers?limit=200')).map(({ voucher_no }) => voucher_no))
}

/** Memory of a process in use, in MiB (Linux); 0 where the system does not tell. */
export function memoryOf (pid: number | undefined): number {
  try {
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024)
  } catch {
    return 0
  }
}

/** A PostgreSQL database of its own on that server. */
export async function ownDatabase (server: string): Promise<{ url: string, drop (): Promise<void> }> {
  const name = newNo('harness').toLowerCase()
  async function ask (text: string): Promise<void> {
    const client = new pg.Client({ connectionString: server })
    await client.connect()
    await client.query(text)
    await client.end()
  }
  await ask(`create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => ask(`drop database if exists ${name} with (force)`) }
}
