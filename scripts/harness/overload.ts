/**
 * Overload: node scripts/harness/overload.ts [seconds] [--slow]
 *
 * First one client of many connections against a low limit, beside a modest one: the first is told when to come back, the second notices
 * nothing. Then five times of what the hub can do, beginning with a burst, and offered as fast as that: by one client, which meets the
 * bound of its own (429); then by several clients at once, which meet the hub's (503). Answers are 2xx, or 429 and 503 with Retry-After;
 * memory stays bounded; soon after, every client is served as before. A modest client beside reads and writes: while one client floods it
 * is never refused; while several do it may be told to come back, and gets in. `--slow` also waits for the hub to close slow headers, slow
 * bodies and slow readers. One refusal of each kind is also judged without its Retry-After in every run: it must be noticed.
 */
import { connect } from 'node:net'
import { nextKey, startHub, type RunningHub } from '../bench/hub.ts'
import { load } from '../bench/load.ts'
import { bearer, grant, inventedName, inventedUscc, inventedVoucher } from '../bench/world.ts'
import { fill, loans, memoryOf } from './hubs.ts'
import { rawClients, rawRequest, type RawClients } from './raw.ts'

/** What came of more than the hub can do. */
export interface Pressure {
  clients: number
  offered: number
  statuses: Record<string, number>
  /** time from the last answer until every client was served again, one after the other */
  recovered_ms: number
  /** the highest after a third, and at the end */
  memory_mib: { early: number, highest: number }
  /** a modest client beside: pages and writes it got, refusals of each, its slowest page, and its slowest write until it was in */
  neighbour: { read: number, read_refused: number, written: number, write_refused: number, slowest_read_ms: number, slowest_write_ms: number }
}

export interface OverloadReport {
  /** a flood beside a modest client */
  flood: { good: number, refused: number, neighbour_good: number, neighbour_refused: number }
  /** the seeded fault: statuses of refusals without Retry-After that were judged wrong */
  noticed: number[]
  capacity_per_second: number
  /** one client, and several at once */
  one: Pressure
  several: Pressure
  /** answers that are neither good nor a refusal with Retry-After */
  wrong: number
  memory_mib: { before: number, after: number }
  /** time until the hub closed each; null where it did not, or where it was not asked */
  closed_ms: Record<'headers' | 'body' | 'reader', number | null> | null
}

const limit_per_minute = 100
const neighbour_requests = 20
/** so many that the hub meets the whole of what is offered, not a caller's own queue; more than it lets wait */
const connections = 3000
const neighbour_pause_ms = 50
const again_ms = 50
const times_capacity = 5
/** how long it is measured: the first requests of a hub are slow */
const capacity_ms = { short: 500, long: 4000 }
const long_from_seconds = 10
/** of interest that was paid by now */
const days = 600
const slow_wait_max_ms = 90_000
/** what the hub of the slow ones bears; between two probes it is silent for longer */
const silent_connection_seconds = 3
const probe_every_ms = 4 * silent_connection_seconds * 1000

const isRefusal = (status: number, retry_after: unknown): boolean => (status === 429 || status === 503) && Number(retry_after) > 0

/** A client, and the text of its next request. */
type Client = () => string
const nextOf = (clients: readonly Client[], n: number): string => (clients[n % clients.length] as Client)()

const portOf = ({ base_url }: RunningHub): number => Number(new URL(base_url).port)

async function flood (): Promise<OverloadReport['flood'] & { wrong: number }> {
  const hub = await startHub({ DATABASE_URL: '', LOG_LEVEL: 'fatal', RATE_LIMIT_PER_MINUTE: String(limit_per_minute) })
  const counts = { good: 0, refused: 0, neighbour_good: 0, neighbour_refused: 0, wrong: 0 }
  try {
    const headers = bearer(hub, 'bank-1')
    const flooding = load({
      base_url: hub.base_url, connections: 32, requests_max: limit_per_minute * 6, next: () => ({ method: 'GET', path: '/v1/leads', headers }),
      onAnswer (_request, status, _body, { 'retry-after': given }) {
        if (status < 300) counts.good++
        else if (isRefusal(status, given)) counts.refused++
        else counts.wrong++
      }
    })
    const neighbour = bearer(hub, 'bank-2')
    for (let n = 0; n < neighbour_requests; n++) {
      const { status } = await fetch(`${hub.base_url}/v1/leads`, { headers: neighbour })
      if (status === 200) counts.neighbour_good++
      else counts.neighbour_refused++
    }
    await flooding
    return counts
  } finally {
    await hub.stop()
  }
}

/** Opens a connection, sends the first text, then a letter now and then. @returns ms until the hub closed it, or null */
async function untilClosed (hub: RunningHub, first: string, options: { drip_ms?: number, reads?: boolean }): Promise<number | null> {
  const begun = performance.now()
  return new Promise(resolve => {
    const socket = connect(portOf(hub), '127.0.0.1')
    const drip = options.drip_ms === undefined ? undefined : setInterval(() => socket.write('a'), options.drip_ms)
    const end = (value: number | null): void => {
      clearInterval(drip)
      clearTimeout(late)
      clearInterval(probe)
      socket.destroy()
      resolve(value)
    }
    const late = setTimeout(() => end(null), slow_wait_max_ms)
    // Whoever does not read does not hear the end either: its own next word is refused.
    const probe = options.reads === false ? setInterval(() => socket.write(' '), probe_every_ms) : undefined
    if (options.reads !== false) socket.resume()
    socket.on('error', () => end(Math.round(performance.now() - begun)))
    socket.on('close', () => end(Math.round(performance.now() - begun)))
    socket.write(first)
  })
}

async function slow (): Promise<OverloadReport['closed_ms']> {
  const hub = await startHub({ DATABASE_URL: '', LOG_LEVEL: 'fatal', SILENT_CONNECTION_SECONDS: String(silent_connection_seconds) })
  const head = `Host: x\r\nAuthorization: ${bearer(hub, 'bank-1').authorization}\r\n`
  const [headers, body, reader] = await Promise.all([
    untilClosed(hub, `GET /v1/me HTTP/1.1\r\n${head}x-slow: `, { drip_ms: 1000 }),
    untilClosed(hub, `POST /v1/deadline-quotes HTTP/1.1\r\n${head}content-type: application/json\r\ncontent-length: 100000\r\n\r\n"`, { drip_ms: 1000 }),
    untilClosed(hub, `GET /openapi.json HTTP/1.1\r\n${head}\r\n`.repeat(60), { reads: false })
  ])
  await hub.stop()
  return { headers, body, reader }
}

/** Vouchers of a bank, which share units; when all days until now are used up they come again, as a bank may send them twice. */
function vouchers (hub: RunningHub, document_no: string): Client {
  let n = 0
  const headers = bearer(hub, 'bank-1')
  return () => rawRequest('POST', '/v1/interest-vouchers', { ...headers, 'idempotency-key': nextKey() }, JSON.stringify(inventedVoucher(n++ % (loans * days), 1, loans, document_no)))
}

/** Authorizations that a park's machine, or its n-th person, hands in: each is a unit of its own. */
function authorizations (hub: RunningHub, participant_no: string, user?: number): Client {
  let n = loans
  const headers = { ...bearer(hub, participant_no), ...(user === undefined ? {} : { authorization: `Bearer ${hub.participant(participant_no).users[user - 1]?.api_key}` }) }
  return () => {
    n = n % 100_000 + 1
    return rawRequest('POST', '/v1/authorizations', { ...headers, 'idempotency-key': nextKey() }, JSON.stringify({ ...grant, grantor_uscc: inventedUscc(n), grantor_name: inventedName(n) }))
  }
}

/** Sends the same request again until it is in. @returns how often it was told to come back. Errors: any other refusal. */
async function insist (raw: RawClients, request: string): Promise<number> {
  for (let refused = 0; ; refused++) {
    const { status, retry_after } = await raw.ask(request)
    if (status < 300) return refused
    if (!isRefusal(status, retry_after)) throw new Error(`refused with ${status}: ${request}`)
    await new Promise(resolve => setTimeout(resolve, again_ms))
  }
}

/** Offers so many requests of these clients in turn: as many as there are connections at once, the others at a rate. */
async function press (
  hub: RunningHub, raw: RawClients, clients: readonly Client[], offered: number, per_second: number, judge: (status: number, retry_after: number | null) => void
): Promise<Pressure> {
  const beside = await rawClients(portOf(hub), 2)
  const neighbour = { read: 0, read_refused: 0, written: 0, write_refused: 0, slowest_read_ms: 0, slowest_write_ms: 0 }
  const report: Pressure = { clients: clients.length, offered, statuses: {}, recovered_ms: 0, memory_mib: { early: 0, highest: 0 }, neighbour }
  const life = { over: false }
  const [headers, write] = [bearer(hub, 'bank-2'), authorizations(hub, 'park-2')]
  async function live (once: () => Promise<void>): Promise<void> {
    while (!life.over) {
      await once()
      await new Promise(resolve => setTimeout(resolve, neighbour_pause_ms))
    }
  }
  async function timed<T> (work: Promise<T>, slowest: 'slowest_read_ms' | 'slowest_write_ms'): Promise<T> {
    const begun = performance.now()
    const value = await work
    neighbour[slowest] = Math.max(neighbour[slowest], Math.round(performance.now() - begun))
    return value
  }
  const modest = [
    live(async () => {
      const { status } = await timed(beside.ask(rawRequest('GET', '/v1/leads?limit=1', headers, '')), 'slowest_read_ms')
      if (status === 200) neighbour.read++
      else neighbour.read_refused++
    }),
    live(async () => {
      neighbour.write_refused += await timed(insist(beside, write()), 'slowest_write_ms')
      neighbour.written++
    })
  ]
  const burst = Array.from({ length: Math.min(offered, connections) }, (_, n) => nextOf(clients, n))
  const answers: Promise<void>[] = []
  let answered = 0
  const watch = setInterval(() => {
    const mib = memoryOf(hub.process.pid)
    report.memory_mib.highest = Math.max(report.memory_mib.highest, mib)
    if (answered < offered / 3) report.memory_mib.early = report.memory_mib.highest
  }, 50)
  const begun = performance.now()
  while (answers.length < offered) {
    const due = Math.min(offered, connections + Math.ceil((performance.now() - begun) / 1000 * per_second))
    while (answers.length < due) {
      const request = burst[answers.length] ?? nextOf(clients, answers.length)
      answers.push(raw.ask(request).then(({ status, retry_after }) => {
        answered++
        report.statuses[status] = (report.statuses[status] ?? 0) + 1
        judge(status, retry_after)
      }, () => judge(0, null)))
    }
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  await Promise.all(answers)
  const done = performance.now()
  life.over = true
  for (const client of clients) await insist(raw, client())
  report.recovered_ms = Math.round(performance.now() - done)
  await Promise.all(modest)
  clearInterval(watch)
  beside.close()
  return report
}

export async function overload (seconds: number, options: { slow?: boolean } = {}): Promise<OverloadReport> {
  const { wrong: wrong_in_flood, ...flooded } = await flood()
  const hub = await startHub({ DATABASE_URL: '', LOG_LEVEL: 'fatal' })
  try {
    const bank = vouchers(hub, await fill(hub))
    const before = memoryOf(hub.process.pid)
    const noticed = new Set<number>()
    let wrong = wrong_in_flood
    const judge = (status: number, retry_after: number | null): void => {
      if (status >= 300 && !isRefusal(status, retry_after)) wrong++
      if (status >= 300 && !isRefusal(status, null)) noticed.add(status)
    }
    const raw = await rawClients(portOf(hub), connections)
    const measured_ms = seconds < long_from_seconds ? capacity_ms.short : capacity_ms.long
    let n = 0
    const begun = performance.now()
    await Promise.all(Array.from({ length: 16 }, async () => { for (; performance.now() - begun < measured_ms; n++) await insist(raw, bank()) }))
    const per_second = n / measured_ms * 1000 * times_capacity
    const offered = Math.round(connections + per_second * seconds)
    const one = await press(hub, raw, [bank], offered, per_second, judge)
    const several = await press(hub, raw, [bank, authorizations(hub, 'park-1'), authorizations(hub, 'park-1', 1), authorizations(hub, 'park-2', 1)], offered, per_second, judge)
    raw.close()
    return {
      flood: flooded, noticed: [...noticed].sort(), capacity_per_second: Math.round(per_second / times_capacity), one, several, wrong,
      memory_mib: { before, after: memoryOf(hub.process.pid) }, closed_ms: options.slow === true ? await slow() : null
    }
  } finally {
    await hub.stop()
  }
}

if (import.meta.main) {
  const words = process.argv.slice(2)
  const report = await overload(Number(words.find(word => !word.startsWith('--')) ?? 30), { slow: words.includes('--slow') })
  console.log(JSON.stringify(report))
  const starved = report.flood.neighbour_refused + report.one.neighbour.read_refused + report.one.neighbour.write_refused
  process.exit(report.wrong + starved === 0 && (report.several.statuses[503] ?? 0) > 0 && Object.values(report.closed_ms ?? {}).every(closed => closed !== null) ? 0 : 1)
}
