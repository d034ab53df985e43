/**
 * Overload: node scripts/harness/overload.ts [seconds] [--slow]
 *
 * First one client of many connections against a low limit, beside a modest one: the first is told when to come back, the second notices
 * nothing. Then five times of what the hub can do, offered as fast as that: answers are 2xx, or 429 and 503 with Retry-After; memory
 * stays bounded; soon after the hub answers as before. `--slow` also waits for the hub to close slow headers, slow bodies and slow
 * readers. One refusal in every run is also judged without its Retry-After: it must be noticed.
 */
import { connect } from 'node:net'
import { nextKey, startHub, type RunningHub } from '../bench/hub.ts'
import { load } from '../bench/load.ts'
import { bearer, inventedVoucher } from '../bench/world.ts'
import { fill, loans, memoryOf } from './hubs.ts'
import { rawClients, rawRequest } from './raw.ts'

export interface OverloadReport {
  /** a flood beside a modest client */
  flood: { good: number, refused: number, neighbour_good: number, neighbour_refused: number }
  /** the seeded fault: a refusal without Retry-After that was judged wrong */
  noticed: number
  capacity_per_second: number
  offered: number
  statuses: Record<string, number>
  /** answers that are neither good nor a refusal with Retry-After */
  wrong: number
  memory_mib: { before: number, highest: number, after: number }
  recovered_ms: number
  /** a modest client beside: its answers, its refusals, its slowest answer */
  neighbour: { good: number, refused: number, slowest_ms: number }
  /** time until the hub closed each; null where it did not, or where it was not asked */
  closed_ms: Record<'headers' | 'body' | 'reader', number | null> | null
}

const limit_per_minute = 100
const neighbour_requests = 20
/** so many that the hub meets the whole of what is offered, not a caller's own queue */
const connections = 3000
/** at least, however slow the machine: more than one client may have under way */
const offered_min = 2000
const neighbour_pause_ms = 50
const times_capacity = 5
const slow_wait_max_ms = 90_000
/** what the hub of the slow ones bears; a probe does not break the silence before */
const silent_connection_seconds = 3

const isRefusal = (status: number, retry_after: unknown): boolean => (status === 429 || status === 503) && Number(retry_after) > 0

async function flood (): Promise<OverloadReport['flood'] & { wrong: number, noticed: number }> {
  const hub = await startHub({ DATABASE_URL: '', LOG_LEVEL: 'fatal', RATE_LIMIT_PER_MINUTE: String(limit_per_minute) })
  const counts = { good: 0, refused: 0, neighbour_good: 0, neighbour_refused: 0, wrong: 0, noticed: 0 }
  try {
    const headers = bearer(hub, 'bank-1')
    const flooding = load({
      base_url: hub.base_url, connections: 32, requests_max: limit_per_minute * 6, next: () => ({ method: 'GET', path: '/v1/leads', headers }),
      onAnswer (_request, status, _body, { 'retry-after': given }) {
        if (status === 429 && counts.noticed === 0 && !isRefusal(status, undefined)) counts.noticed++
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
  const { port } = new URL(hub.base_url)
  const begun = performance.now()
  return new Promise(resolve => {
    const socket = connect(Number(port), '127.0.0.1')
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
    const probe = options.reads === false ? setInterval(() => { if (performance.now() - begun > silent_connection_seconds * 1000 + 1000) socket.write(' ') }, 1000) : undefined
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

export async function overload (seconds: number, options: { slow?: boolean } = {}): Promise<OverloadReport> {
  const { wrong: wrong_in_flood, noticed, ...flooded } = await flood()
  const hub = await startHub({ DATABASE_URL: '', LOG_LEVEL: 'fatal' })
  try {
    const document_no = await fill(hub)
    const headers = bearer(hub, 'bank-1')
    let n = 0
    const path = '/v1/interest-vouchers'
    const next = () => ({ method: 'POST' as const, path, headers: { ...headers, 'idempotency-key': nextKey() }, body: JSON.stringify(inventedVoucher(n++, 1, loans, document_no)) })
    const { per_second } = await load({ base_url: hub.base_url, connections: 16, duration_ms: 1000, next })
    const report: OverloadReport = {
      flood: flooded, noticed, capacity_per_second: Math.round(per_second), offered: Math.max(offered_min, Math.round(per_second * times_capacity * seconds)), statuses: {}, wrong: wrong_in_flood,
      memory_mib: { before: memoryOf(hub.process.pid), highest: 0, after: 0 }, recovered_ms: 0, closed_ms: null, neighbour: { good: 0, refused: 0, slowest_ms: 0 }
    }
    const watch = setInterval(() => { report.memory_mib.highest = Math.max(report.memory_mib.highest, memoryOf(hub.process.pid)) }, 100)
    const clients = await rawClients(Number(new URL(hub.base_url).port), connections)
    const answers: Promise<void>[] = []
    const { neighbour } = report
    const life = { over: false }
    const modest = (async () => {
      while (!life.over) {
        const sent = performance.now()
        const { status } = await fetch(`${hub.base_url}/v1/leads?limit=1`, { headers: bearer(hub, 'bank-2') })
        if (status === 200) neighbour.good++
        else neighbour.refused++
        neighbour.slowest_ms = Math.max(neighbour.slowest_ms, Math.round(performance.now() - sent))
        await new Promise(resolve => setTimeout(resolve, neighbour_pause_ms))
      }
    })()
    const begun = performance.now()
    while (answers.length < report.offered) {
      const due = Math.min(report.offered, Math.ceil((performance.now() - begun) / 1000 / seconds * report.offered))
      while (answers.length < due) {
        const request = next()
        answers.push(clients.ask(rawRequest('POST', path, request.headers, request.body)).then(({ status, retry_after }) => {
          report.statuses[status] = (report.statuses[status] ?? 0) + 1
          if (status >= 300 && !isRefusal(status, retry_after)) report.wrong++
        }, () => { report.wrong++ }))
      }
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    await Promise.all(answers)
    life.over = true
    await modest
    const done = performance.now()
    await hub.call('bank-2', 'GET', '/v1/leads')
    report.recovered_ms = Math.round(performance.now() - done)
    clearInterval(watch)
    report.memory_mib.after = memoryOf(hub.process.pid)
    clients.close()
    if (options.slow === true) report.closed_ms = await slow()
    return report
  } finally {
    await hub.stop()
  }
}

if (import.meta.main) {
  const words = process.argv.slice(2)
  const report = await overload(Number(words.find(word => !word.startsWith('--')) ?? 30), { slow: words.includes('--slow') })
  console.log(JSON.stringify(report))
  process.exit(report.wrong + report.flood.neighbour_refused + report.neighbour.refused === 0 && Object.values(report.closed_ms ?? {}).every(closed => closed !== null) ? 0 : 1)
}
