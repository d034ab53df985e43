/**
 * PostgreSQL under attack: node scripts/harness/postgres-kill.ts [rounds] [--seed=n]
 *
 * Several API processes on one PostgreSQL and one data folder, under load. In turn the server is stopped without a shutdown and started
 * again, an API process is killed and replaced, connections are cut, a process is added, a backend is killed (SIGKILL), a process is asked
 * to end. Callers do as the contract says: after 503 or a lost connection they send the same request again under the same key, to
 * whichever process answers. At the end everything acknowledged is there once, the journal has no hole, every list led to its need and
 * leads (the background loops moved on), every document that one process took in is read whole from another, and every process took
 * writes again by itself.
 * Seeded fault first: with synchronous_commit off the same comparison must miss acknowledged writes.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { nextKey, startHub, until, type RunningHub } from '../bench/hub.ts'
import { bearer, inventedName, inventedProject, inventedUscc, inventedVoucher } from '../bench/world.ts'
import { startPostgres, type OwnPostgres } from '../postgres.ts'
import { fill, loansFor, ownDatabase } from './hubs.ts'
import { dice, type Dice } from './inputs.ts'

export interface PostgresKillReport {
  rounds: number
  acknowledged: number
  documents: number
  lists: number
  /** sent again after 503 or a lost connection */
  repeated: number
  /** answers that the contract does not give here, with an example */
  wrong: number
  example: string | null
  lost: number
  /** vouchers or their events that stand twice, or that nobody sent */
  doubled: number
  /** places of the journal that are missing, and events without a place */
  holes: number
  /** lists without their need, needs without their leads */
  undone: number
  /** the longest time from the end of an attack until every process took a write */
  recovered_max_ms: number
}

const writers = 8
const round_ms = 600
const down_ms = 300
const again_ms = 50
const recovery_max_ms = 60_000
const document_bytes = 20_000
/** What is not synced stays in the server's memory until somebody asks for it. */
const settings = ['wal_writer_delay=10000', 'wal_writer_flush_after=1GB']
const attacks = ['server', 'process', 'connections', 'add', 'backend', 'end', 'server'] as const

async function ask (url: string, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(text, values)).rows as Record<string, unknown>[]
  } finally {
    await client.end()
  }
}

const numberOf = async (url: string, text: string): Promise<number> => Number(Object.values((await ask(url, text))[0] ?? {})[0])

async function missing (url: string, acknowledged: ReadonlySet<string>): Promise<number> {
  const found = new Set((await ask(url, 'select business_no from interest_vouchers')).map(({ business_no }) => business_no))
  return [...acknowledged].filter(voucher_no => !found.has(voucher_no)).length
}

/** The processes of one site, and a load that follows the contract. */
class Site {
  readonly hubs: RunningHub[] = []
  readonly acknowledged = new Set<string>()
  readonly report: PostgresKillReport = {
    rounds: 0, acknowledged: 0, documents: 0, lists: 0, repeated: 0, wrong: 0, example: null, lost: 0, doubled: 0, holes: 0, undone: 0, recovered_max_ms: 0
  }

  readonly url: string
  readonly folder: string
  private readonly loans: number
  private n = 0
  private receipt = ''
  private life = { working: false }
  private under_way: Promise<void>[] = []
  private readonly kept: { document_no: string, bytes: Buffer }[] = []

  constructor (url: string, folder: string, loans: number) {
    this.url = url
    this.folder = folder
    this.loans = loans
  }

  async add (): Promise<RunningHub> {
    const hub = await startHub({ DATABASE_URL: this.url, LOG_LEVEL: 'fatal' }, this.folder)
    this.hubs.push(hub)
    return hub
  }

  async begin (processes: number): Promise<void> {
    this.receipt = await fill(await this.add(), this.loans)
    while (this.hubs.length < processes) await this.add()
  }

  /** One attempt. @returns what was answered, null where it was not accepted */
  private async attempt (hub: RunningHub, who: string, path: string, body: unknown, key: string): Promise<string | null> {
    let status: number
    let text: string
    let retry_after: string | null
    try {
      const { authorization = '', 'content-type': json = '' } = bearer(hub, who)
      const [type, content] = body instanceof FormData ? [{}, body] : [{ 'content-type': json }, JSON.stringify(body)]
      const answer = await fetch(hub.base_url + path, { method: 'POST', headers: { authorization, ...type, 'idempotency-key': key }, body: content })
      status = answer.status
      retry_after = answer.headers.get('retry-after')
      text = await answer.text()
    } catch {
      return null
    }
    if (status >= 300 && !(status === 503 && Number(retry_after) > 0)) {
      this.report.wrong++
      this.report.example ??= `${path}: ${status} ${text.slice(0, 400)}`
    }
    return status < 300 ? text : null
  }

  private async insist (who: string, path: string, body: unknown, turn: number): Promise<string> {
    const key = nextKey()
    for (let attempt = 0; ; attempt++) {
      const hub = this.hubs[(turn + attempt) % this.hubs.length]
      const answer = hub === undefined ? null : await this.attempt(hub, who, path, body, key)
      if (answer !== null) return answer
      this.report.repeated++
      await new Promise(resolve => setTimeout(resolve, again_ms))
    }
  }

  private voucher (): Record<string, unknown> {
    return inventedVoucher(this.n++, 1, this.loans, this.receipt)
  }

  work (): void {
    this.life.working = true
    for (let writer = 0; writer < writers; writer++) {
      this.under_way.push((async () => {
        while (this.life.working) {
          const voucher = this.voucher()
          await this.insist('bank-1', '/v1/interest-vouchers', voucher, writer)
          this.acknowledged.add(String(voucher.voucher_no))
        }
      })())
    }
    this.under_way.push((async () => {
      while (this.life.working) {
        const n = this.loans + 1000 + this.report.lists++
        await this.insist('park-1', '/v1/enterprise-lists', { rows: [{
          name: inventedName(n), uscc: inventedUscc(n), amount: '5000000.00', term_months: 36, purpose: '设备购置', consent: true, project_code: inventedProject(n), project_name: '精密加工线数字化改造'
        }] }, n)
        await new Promise(resolve => setTimeout(resolve, again_ms))
      }
    })())
    this.under_way.push((async () => {
      while (this.life.working) {
        const bytes = Buffer.concat([Buffer.from(`%PDF ${this.kept.length}`), randomBytes(document_bytes)])
        const form = new FormData()
        form.append('file', new Blob([bytes]), 'receipt.pdf')
        const { document_no } = JSON.parse(await this.insist('bank-1', '/v1/documents', form, this.kept.length)) as { document_no: string }
        this.kept.push({ document_no, bytes })
      }
    })())
  }

  /** Documents that cannot be read whole, asked of the processes in turn. */
  private async documentsLost (documents: readonly { document_no: string, bytes: Buffer }[]): Promise<number> {
    let lost = 0
    for (const [n, { document_no, bytes }] of documents.entries()) {
      const hub = this.hubs[n % this.hubs.length] as RunningHub
      const answer = await fetch(`${hub.base_url}/v1/documents/${document_no}`, { headers: bearer(hub, 'bank-1') })
      if (answer.status !== 200 || !bytes.equals(Buffer.from(await answer.arrayBuffer()))) lost++
    }
    return lost
  }

  /** The load ends when all it sent was accepted. */
  async rest (): Promise<void> {
    this.life.working = false
    await Promise.all(this.under_way.splice(0))
  }

  async attack (kind: typeof attacks[number], server: OwnPostgres, random: Dice): Promise<void> {
    const backends = "from pg_stat_activity where application_name like 'rongqiao%'"
    switch (kind) {
      case 'connections': await ask(this.url, `select pg_terminate_backend(pid) ${backends}`); break
      case 'server': await server.crash(down_ms); break
      case 'backend': {
        const pid = Number(random.pick(await ask(this.url, `select pid ${backends}`))?.pid)
        if (pid > 0) process.kill(pid, 'SIGKILL')
        break
      }
      case 'add': await this.add(); break
      case 'process':
      case 'end': {
        const [hub] = this.hubs.splice(random.below(this.hubs.length), 1)
        await hub?.stop(kind === 'end' ? 'SIGTERM' : 'SIGKILL')
        if (kind === 'process') await this.add()
      }
    }
  }

  /** Every process takes a write again. */
  async recovered (): Promise<void> {
    const begun = performance.now()
    for (const hub of this.hubs) {
      const voucher = this.voucher()
      const key = nextKey()
      await until(async () => await this.attempt(hub, 'bank-1', '/v1/interest-vouchers', voucher, key) ?? undefined, 'a process to take writes again', recovery_max_ms)
      this.acknowledged.add(String(voucher.voucher_no))
    }
    this.report.recovered_max_ms = Math.max(this.report.recovered_max_ms, Math.round(performance.now() - begun))
  }

  async compare (): Promise<void> {
    const { report, url } = this
    const waiting = `select (select count(*) from events where seq is null)
      + (select count(*) from financing_needs where need_no not in (select need_no from leads))
      + ${this.loans + report.lists} - (select count(*) from financing_needs)`
    const left = await until(async () => await numberOf(url, waiting) === 0 ? 0 : undefined, 'the loops to be done', recovery_max_ms).catch(() => numberOf(url, waiting))
    report.undone = left
    report.acknowledged = this.acknowledged.size
    report.documents = this.kept.length
    const vouchers_lost = await missing(url, this.acknowledged)
    // One whose bytes nobody sent has to be missed.
    report.lost = vouchers_lost - 1 + await this.documentsLost([...this.kept, { document_no: this.receipt, bytes: Buffer.from('not these') }])
    report.doubled = await numberOf(url, `select (select count(*) - ${report.acknowledged} + ${vouchers_lost} from interest_vouchers)
      + (select count(*) - count(distinct subject) from events where type like 'interest_voucher.%')`)
    report.holes = await numberOf(url, 'select max(seq) - count(distinct seq) + count(*) - count(seq) from events')
  }

  async end (): Promise<void> {
    for (const hub of this.hubs.splice(0)) await hub.stop()
  }
}

async function withSite<T> (server: OwnPostgres, processes: number, rounds: number, work: (site: Site) => Promise<T>): Promise<T> {
  const database = await ownDatabase(server.url)
  const folder = mkdtempSync(join(tmpdir(), 'rongqiao-postgres-kill-'))
  const site = new Site(database.url, folder, loansFor(rounds))
  try {
    await site.begin(processes)
    return await work(site)
  } finally {
    await site.end()
    await database.drop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @returns `noticed`: acknowledged writes that a server with synchronous_commit off had lost */
export async function postgresKill (rounds: number, seed = 20260112): Promise<PostgresKillReport & { noticed: number }> {
  const server = await startPostgres(settings)
  const random = dice(seed)
  try {
    const noticed = await withSite(server, 1, 1, async site => {
      await ask(site.url, `alter database ${new URL(site.url).pathname.slice(1)} set synchronous_commit = off`)
      await ask(site.url, "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'rongqiao%'")
      await site.recovered()
      site.work()
      await new Promise(resolve => setTimeout(resolve, round_ms))
      await until(async () => site.acknowledged.size > writers ? true : undefined, 'what may be lost')
      const acknowledged = new Set(site.acknowledged)
      await server.crash(0)
      const lost = await missing(site.url, acknowledged)
      await site.rest()
      return lost
    })
    return await withSite(server, 2, rounds, async site => {
      site.work()
      for (let round = 0; round < rounds; round++) {
        await new Promise(resolve => setTimeout(resolve, round_ms + random.below(200)))
        await site.attack(attacks[round % attacks.length] ?? 'server', server, random)
        await site.recovered()
      }
      await site.rest()
      site.report.rounds = rounds
      await site.compare()
      return { ...site.report, noticed }
    })
  } finally {
    await server.stop()
  }
}

if (import.meta.main) {
  const words = process.argv.slice(2)
  const rounds = Number(words.find(word => !word.startsWith('--')) ?? 56)
  const report = await postgresKill(rounds, Number(words.find(word => word.startsWith('--seed='))?.slice(7) ?? 20260112))
  console.log(JSON.stringify(report))
  process.exit(report.noticed > 0 && report.wrong + report.lost + report.doubled + report.holes + report.undone === 0 ? 0 : 1)
}
