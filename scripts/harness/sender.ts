/**
 * Senders that die: node scripts/harness/sender.ts [kills] [acknowledges-first | fresh-ids]   (DATABASE_URL: two senders on PostgreSQL)
 *
 * Events go on being written while the processes that send them are killed with SIGKILL at random moments and replaced. A real receiver
 * checks: nothing is lost, what comes twice comes under its old webhook-id with the same bytes, and what is about one subject arrives
 * in the order of the log. The minute after which the lease of a dead process runs out is not waited for: it is cut short in the database.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { count, eq } from 'drizzle-orm'
import { Webhook } from 'standardwebhooks'
import { runningClock } from '../../src/clock.ts'
import { readConfig } from '../../src/config.ts'
import { AES_256_GCM, createCipher } from '../../src/db/cipher.ts'
import type { Db } from '../../src/db/db.ts'
import { loadHubKeys } from '../../src/db/keys.ts'
import { migrate, readMigrations } from '../../src/db/migrate.ts'
import { openDb } from '../../src/db/open.ts'
import { plainSecret } from '../../src/delivery/secrets.ts'
import { addEndpoint } from '../../src/delivery/service.ts'
import { insertParticipant } from '../../src/registry/participants/store.ts'
import { noteHealth, webhook_deliveries, webhook_endpoints } from '../../src/delivery/store.ts'
import { admit } from '../../src/http/access.ts'
import { append, feed, sequence, the_hub, type NewEvent } from '../../src/journal/events.ts'
import { temporary_root } from '../postgres.ts'
import { ownDatabase } from './hubs.ts'
import type { Fault } from './sender-process.ts'

export interface SenderReport {
  kills: number, events: number, endpoints: number, received: number
  /** what waits in the database in the end: not lost, but not sent within the time of the harness either */
  pending: number
  /** what must be zero */
  lost: number, other_ids: number, other_bytes: number, unsigned: number, disordered: number
  /** at least once: the same message again after a death between sending and recording */
  again: number
}

const owner = 'bank-1'
const endpoints = 3
const subjects = 25
const events_per_unit = 6
const look_again_ms = 10
/**
 * Writers wait while so much is under way: a life is for sending, not for catching up. While it is less they write without a pause, so that
 * something is under way whenever a sender dies, however fast it is.
 */
const waiting_max = 400
const life_received_max = 900
const life_ms_max = 4000
const last_breath_max_ms = 15
/** A refused message is tried again after five seconds: worth it in a long run only. */
const refused = { share: 0.002, kills_min: 20 }
const quiet_ms = 60_000
const page = 200

interface Arrival { id: string, body: string, subject: string }

/** A receiver that answers after a moment, and now and then with 500. */
async function receiver (random: () => number, secrets: readonly Webhook[], refused_share: number) {
  const accepted = Array.from({ length: endpoints }, (): Arrival[] => [])
  const known = new Set<string>()
  const refused_before = new Set<string>()
  const found = { unsigned: 0, other_ids: 0 }
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const index = Number(request.url?.slice(1))
      const body = Buffer.concat(parts).toString()
      const { data: { event_no, subject } } = JSON.parse(body) as { data: { event_no: string, subject: string } }
      const id = String(request.headers['webhook-id'])
      try {
        secrets[index]?.verify(body, request.headers as Record<string, string>)
      } catch {
        found.unsigned++
      }
      if (id !== event_no) found.other_ids++
      // Once each: a second failure would wait for five minutes, and all about its subject behind it.
      const is_refused = random() < refused_share && !refused_before.has(`${index} ${event_no}`)
      if (is_refused) refused_before.add(`${index} ${event_no}`)
      if (!is_refused) {
        accepted[index]?.push({ id: event_no, body, subject })
        known.add(`${index} ${event_no}`)
      }
      setTimeout(() => { response.writeHead(is_refused ? 500 : 204).end() }, random() * 3)
    })
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, accepted, found, server,
    count: () => accepted.reduce((sum, each) => sum + each.length, 0), known: () => known.size
  }
}

interface Running { child: ChildProcess, holder: Promise<string>, ended: Promise<void> }

function start (target: string, data_dir: string, fault: Fault | null): Running {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'sender-process.ts'), target, data_dir, fault ?? ''], { stdio: ['ignore', 'pipe', 'inherit'] })
  const holder = new Promise<string>(resolve => { child.stdout.once('data', (line: Buffer) => resolve(line.toString().trim())) })
  return { child, holder, ended: new Promise(resolve => { child.once('exit', () => resolve()) }) }
}

async function unrecorded (db: Db): Promise<number> {
  const [row] = await db.read.select({ deliveries: count() }).from(webhook_deliveries).where(eq(webhook_deliveries.status, 'PENDING'))
  return Number(row?.deliveries ?? 0)
}

/** Every event for the owner, in the order of the log. */
async function wholeFeed (db: Db): Promise<{ event_no: string, subject: string }[]> {
  while (await sequence(db) > 0) continue
  const all: { event_no: string, subject: string, seq: number }[] = []
  for (let rows = await feed(db.read, owner, 0, page); rows.length > 0; rows = await feed(db.read, owner, all.at(-1)?.seq ?? 0, page)) all.push(...rows)
  return all.filter(({ subject }) => subject.startsWith('lead_'))
}

/** What arrived first, compared with the log: places where a subject's event overtook an earlier one. */
function disorderOf (arrivals: readonly Arrival[], log: readonly { event_no: string, subject: string }[]): number {
  const places = new Map(log.map(({ event_no }, index) => [event_no, index]))
  const last = new Map<string, number>()
  const seen = new Set<string>()
  let disordered = 0
  for (const { id, subject } of arrivals) {
    if (seen.has(id)) continue
    seen.add(id)
    const place = places.get(id) ?? -1
    if (place < (last.get(subject) ?? -1)) disordered++
    last.set(subject, Math.max(place, last.get(subject) ?? -1))
  }
  return disordered
}

function bytesChanged (arrivals: readonly Arrival[]): number {
  const bodies = new Map<string, string>()
  return arrivals.filter(({ id, body }) => {
    const first = bodies.get(id)
    if (first === undefined) bodies.set(id, body)
    return first !== undefined && first !== body
  }).length
}

/** @param target path of a new SQLite file, or an empty database of PostgreSQL, where two processes send */
export async function killSenders (kills: number, target: string, options: { fault?: Fault, seed?: number } = {}): Promise<SenderReport> {
  const data_dir = mkdtempSync(join(temporary_root, 'rongqiao-sender-'))
  await migrate(target, readMigrations(join(import.meta.dirname, '../../migrations')))
  const db = openDb(target, runningClock())
  const running: Running[] = []
  const secrets: Webhook[] = []
  let state = options.seed ?? 20260318
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 4294967296
  }
  const hook = await receiver(random, secrets, kills < refused.kills_min ? 0 : refused.share)
  try {
    const cipher = createCipher(loadHubKeys(readConfig({ HUB_MODE: 'sandbox', DATA_DIR: data_dir })).keyring, [AES_256_GCM])
    const principal = admit({ participant_no: owner, role: 'BANK', name: '', uscc: '', user_no: null, duties: [], client_id: '' })
    await db.write((sql, now) => insertParticipant(sql, {
      participant_no: owner, role: 'BANK', name: owner, uscc: owner, aliases: [], is_government_guarantor: false, is_cooperating: false, status: 'ACTIVE', version: 1, created_at: now, updated_at: now
    }))
    for (let index = 0; index < endpoints; index++) {
      const made = await db.write((sql, now) => addEndpoint(sql, now, principal, cipher, { url: `${hook.url}/${index}`, event_types: ['lead.*'] }, { two_persons: false }))
      await db.write((sql, now) => noteHealth(sql, made.endpoint.endpoint_no, { verified_at: now }))
      secrets.push(new Webhook(await plainSecret(db.read, cipher, made.secret_no ?? '') ?? ''))
    }
    for (let each = 0; each < (db.dialect === 'postgres' ? 2 : 1); each++) running.push(start(target, data_dir, options.fault ?? null))

    let written = 0
    const life = { writing: true }
    const writer = (async () => {
      while (life.writing) {
        // Also counted where it is recorded: else ever more of what arrived is sent again, and lives end before they have recorded anything.
        if (written * endpoints - hook.known() > waiting_max || await unrecorded(db) > waiting_max) {
          await new Promise(resolve => setTimeout(resolve, look_again_ms))
          continue
        }
        const news = Array.from({ length: events_per_unit }, (): NewEvent => (
          { type: 'lead.contacted', subject: `lead_${Math.floor(random() * subjects)}`, actor: the_hub, audience: [owner] }))
        await db.write((sql, now) => append(sql, now, ...news))
        written += news.length
      }
    })()
    for (let kill = 0; kill < kills; kill++) {
      const index = Math.floor(random() * running.length)
      const victim = running[index] as Running
      const holder = await victim.holder
      const enough = hook.count() + 1 + random() * life_received_max
      const deadline = performance.now() + life_ms_max
      while (hook.count() < enough && performance.now() < deadline) await new Promise(resolve => setTimeout(resolve, 1))
      await new Promise(resolve => setTimeout(resolve, random() * last_breath_max_ms))
      victim.child.kill('SIGKILL')
      await victim.ended
      await db.write(async (sql, now) => { await sql.update(webhook_endpoints).set({ leased_until: now }).where(eq(webhook_endpoints.leased_by, holder)) })
      running[index] = start(target, data_dir, options.fault ?? null)
    }
    life.writing = false
    await writer
    const log = await wholeFeed(db)
    const missing = () => hook.accepted.reduce((sum, arrivals) => sum + log.length - new Set(arrivals.map(({ id }) => id)).size, 0)
    for (const begun = performance.now(), last = { count: -1, at: begun }; missing() > 0 && performance.now() - last.at < (options.fault === undefined ? quiet_ms : 1000);) {
      if (hook.count() !== last.count) Object.assign(last, { count: hook.count(), at: performance.now() })
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    const sum = (of: (arrivals: readonly Arrival[]) => number): number => hook.accepted.reduce((total, arrivals) => total + of(arrivals), 0)
    return {
      kills, events: written, endpoints, received: hook.count(), pending: await unrecorded(db), lost: missing() + (written - log.length) * endpoints, ...hook.found, other_bytes: sum(bytesChanged),
      disordered: sum(arrivals => disorderOf(arrivals, log)), again: sum(arrivals => arrivals.length - new Set(arrivals.map(({ id }) => id)).size)
    }
  } finally {
    for (const { child } of running) child.kill('SIGKILL')
    await Promise.all(running.map(({ ended }) => ended))
    hook.server.closeAllConnections()
    hook.server.close()
    await db.close()
    rmSync(data_dir, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const [kills = '200', fault] = process.argv.slice(2)
  const server = process.env.DATABASE_URL ?? ''
  const folder = mkdtempSync(join(temporary_root, 'rongqiao-sender-db-'))
  const own = server === '' ? { url: join(folder, 'hub.sqlite'), drop: async () => undefined } : await ownDatabase(server)
  const begun = performance.now()
  const report = await killSenders(Number(kills), own.url, fault === undefined ? {} : { fault: fault as Fault })
  await own.drop()
  rmSync(folder, { recursive: true, force: true })
  console.log(JSON.stringify({ ...report, seconds: Math.round((performance.now() - begun) / 1000) }))
  process.exit(report.lost + report.other_ids + report.other_bytes + report.unsigned + report.disordered === 0 ? 0 : 1)
}
