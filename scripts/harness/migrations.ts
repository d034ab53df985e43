/**
 * Upgrades: node scripts/harness/migrations.ts [kills] [--fault]
 *
 * An upgrade is killed (SIGKILL) at random moments: one from nothing, and one of an earlier release with data to an invented later one.
 * What is found then is the old state or the new one, never something between, and a second attempt arrives at the new one.
 * DATABASE_URL names a PostgreSQL server, else SQLite. `--fault` lets every statement commit by itself: the comparison must notice.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import pg from 'pg'
import { newNo } from '../../src/clock.ts'
import { migrate, readMigrations, type Migration } from '../../src/db/migrate.ts'
import { dice } from './inputs.ts'

export interface MigrationsReport {
  kills: number
  /** found after a kill */
  old: number
  new: number
  between: number
  /** the second attempt failed, or arrived elsewhere */
  stuck: number
}

const samples = 50_000
/** The shortest of some upgrades says within which time a kill comes. */
const timed_runs = 2
const attempts_max = 100
const named = (name: string, sql: string): Migration => ({ name, sql, checksum: createHash('sha256').update(sql).digest('hex') })
const earlier_samples = named('9000-samples.sql', `-- Rows that the later release rewrites.
create table samples (id {{autonumber}}, body text not null);
insert into samples (body) with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${samples}) select 'row ' || n from numbers;
`)
const later_samples = named('9001-later-samples.sql', `-- A later release: a column, filled, with its index.
alter table samples add column letters bigint;
update samples set letters = length(body), body = 'rewritten ' || body;
create index samples_letters on samples (letters, body);
drop index samples_letters;
create index samples_by_body on samples (body);
`)

/** Where the databases of a run live: copies of prepared ones, and what each looks like. */
interface Place {
  /** An empty database. @returns its address */
  create (): Promise<string>
  copy (from: string): Promise<string>
  drop (target: string): Promise<void>
  ask (target: string, query: string): Promise<unknown[]>
  schema: readonly string[]
}

function sqlitePlace (folder: string): Place {
  return {
    create: async () => join(folder, `${newNo('db')}.sqlite`),
    async copy (from) {
      const to = join(folder, `${newNo('db')}.sqlite`)
      if (existsSync(from)) copyFileSync(from, to)
      return to
    },
    async drop (target) {
      for (const end of ['', '-wal', '-shm']) rmSync(target + end, { force: true })
    },
    async ask (target, query) {
      const database = new Database(target)
      try {
        return database.prepare(query).raw().all()
      } finally {
        database.close()
      }
    },
    schema: ["select type, name, sql from sqlite_master where name not like 'sqlite_%' order by type, name"]
  }
}

function postgresPlace (server: string): Place {
  const addressOf = (name: string): string => {
    const url = new URL(server)
    url.pathname = `/${name}`
    return url.href
  }
  async function ask (target: string, text: string): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: target })
    await client.connect()
    try {
      return (await client.query({ text, rowMode: 'array' })).rows as unknown[]
    } finally {
      await client.end()
    }
  }
  async function create (template = 'template1'): Promise<string> {
    const name = newNo('harness').toLowerCase()
    for (let attempt = 1; ; attempt++) {
      try {
        await ask(server, `create database ${name} template ${template}`)
        return addressOf(name)
      } catch (reason) {
        // A session that ends is still counted for a moment.
        const in_use = reason instanceof Error && 'code' in reason && reason.code === '55006'
        if (!in_use || attempt === attempts_max) throw reason
        await new Promise(resolve => setTimeout(resolve, 100))
      }
    }
  }
  const nameOf = (target: string): string => new URL(target).pathname.slice(1)
  return {
    create: () => create(),
    copy: from => create(nameOf(from)),
    async drop (target) { await ask(server, `drop database if exists ${nameOf(target)} with (force)`) },
    ask,
    schema: [
      "select table_name, column_name, data_type, is_nullable from information_schema.columns where table_schema = 'public' order by 1, 2",
      "select indexname, indexdef from pg_indexes where schemaname = 'public' order by 1",
      "select conname, pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace order by 1, 2"
    ]
  }
}

/** Everything an upgrade may change, as one digest. */
async function stateOf (place: Place, target: string): Promise<string> {
  const found: unknown[] = []
  for (const query of place.schema) found.push(await place.ask(target, query))
  const text = JSON.stringify(found)
  if (text.includes('"migrations"')) found.push(await place.ask(target, 'select name, checksum from migrations order by name'))
  if (text.includes('"samples"')) found.push(await place.ask(target, 'select * from samples order by id'))
  return createHash('sha256').update(JSON.stringify(found)).digest('hex')
}

/** Runs the upgrade in a process of its own. @param delay_ms from its beginning to its death; null lets it live. @returns ms it took */
async function upgrade (target: string, file: string, mode: string, delay_ms: number | null): Promise<number> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'migrations-child.ts'), target, file, mode], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise<number | null>(resolve => { child.once('exit', resolve) })
  let begun = 0
  let took_ms = 0
  child.stdout.on('data', (chunk: Buffer) => {
    const said = chunk.toString()
    if (said.includes('begin')) {
      begun = performance.now()
      if (delay_ms !== null) setTimeout(() => child.kill('SIGKILL'), delay_ms)
    }
    if (said.includes('end')) took_ms = performance.now() - begun
  })
  const code = await exited
  if (code !== null && code !== 0) throw new Error(`the upgrade ended with ${code}`)
  return took_ms
}

export async function killedMigrations (kills: number, server: string, options: { fault?: boolean, seed?: number } = {}): Promise<MigrationsReport> {
  const folder = mkdtempSync(join(tmpdir(), 'rongqiao-migrations-'))
  const place = server === '' ? sqlitePlace(folder) : postgresPlace(server)
  const report: MigrationsReport = { kills, old: 0, new: 0, between: 0, stuck: 0 }
  const random = dice(options.seed ?? 20260112)
  const mode = options.fault === true ? 'fault' : 'whole'
  const released = readMigrations(join(import.meta.dirname, '../../migrations'))
  const made: string[] = []
  const keep = (target: string): string => { made.push(target); return target }
  try {
    const empty = keep(await place.create())
    const earlier = keep(await place.create())
    const before = [...released.slice(0, released.length / 2), earlier_samples]
    await migrate(earlier, before)
    const upgrades = []
    for (const [name, from, all] of [['empty', empty, released], ['earlier', earlier, [...released, earlier_samples, later_samples]]] as const) {
      const file = join(folder, `${name}.json`)
      const known = new Set(name === 'earlier' ? before.map(each => each.name) : [])
      writeFileSync(file, JSON.stringify(options.fault === true ? all.filter(each => !known.has(each.name)) : all))
      let finished = ''
      let took_ms = Number.POSITIVE_INFINITY
      for (let run = 0; run < timed_runs; run++) {
        finished = keep(await place.copy(from))
        took_ms = Math.min(took_ms, await upgrade(finished, file, mode, null))
      }
      upgrades.push({ from, file, all, took_ms, old: await stateOf(place, from), new: await stateOf(place, finished) })
    }
    for (let kill = 0; kill < kills; kill++) {
      const each = upgrades[kill % upgrades.length] as typeof upgrades[number]
      const target = keep(await place.copy(each.from))
      // Early moments more often: the end of an upgrade only tidies up.
      await upgrade(target, each.file, mode, random.next() ** 2 * each.took_ms)
      const state = await stateOf(place, target)
      if (state === each.old) report.old++
      else if (state === each.new) report.new++
      else report.between++
      if (options.fault !== true) {
        await migrate(target, each.all)
        if (await stateOf(place, target) !== each.new) report.stuck++
      }
      await place.drop(target)
    }
    return report
  } finally {
    for (const target of made) await place.drop(target)
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const kills = Number(process.argv.slice(2).find(word => !word.startsWith('--')) ?? 50)
  const report = await killedMigrations(kills, process.env.DATABASE_URL ?? '', { fault: process.argv.includes('--fault') })
  console.log(JSON.stringify(report))
  process.exit(report.between + report.stuck === 0 ? 0 : 1)
}
