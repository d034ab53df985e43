/**
 * Power cut: node scripts/harness/power-cut.ts [cuts] [full|normal]
 *
 * Records every write, sync and acknowledgement of a writing process (strace), then rebuilds the files as they could be after a
 * cut at a random moment: all that was synced plus a random part of the rest, also torn. Every acknowledged row must be there and
 * the database whole. synchronous=NORMAL must fail this harness.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import Database from 'better-sqlite3'

const sector_bytes = 512
const rows_min = 1200
/** More rows are written until pages were copied back meanwhile, however fast the machine is. */
const rows_max = rows_min * 2 ** 4

/** A sync makes durable what was written before it began, once it has ended. */
type Step = { kind: 'write', file: string, offset: number, bytes: Buffer } | { kind: 'truncate', file: string, size: number } | { kind: 'sync', file: string, thread: string, ended: boolean } | { kind: 'ack', id: number }

export interface PowerCutReport {
  cuts: number
  lost: number
  corrupt: number
  acknowledged: number
  /** how often pages were copied back into the file between two acknowledgements */
  copied_back: number
}

export function straceIsHere (): boolean {
  return spawnSync('strace', ['-e', 'trace=none', 'true']).status === 0
}

/** mulberry32: a small seeded source, so that a failing cut can be cut again. */
function seeded (seed: number): () => number {
  let state = seed
  return () => {
    state = state + 0x6D2B79F5 | 0
    let t = Math.imul(state ^ state >>> 15, 1 | state)
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t
    return ((t ^ t >>> 14) >>> 0) / 4294967296
  }
}

const unhex = (text: string): Buffer => Buffer.from(text.replaceAll('\\x', ''), 'hex')

const watched = /^hub\.sqlite(-wal)?$/
const begun_line = /^(\d+) +(.*) <unfinished \.\.\.>$/
const ended_line = /^(\d+) +<\.\.\. \w+ resumed>(.*)$/
const fileOf = (raw_path: string): string => basename(raw_path.startsWith('\\x') ? unhex(raw_path).toString() : raw_path)

function stepsOf (trace: string): Step[] {
  const steps: Step[] = []
  const begun = new Map<string, string>()
  const beginSync = (thread: string, text: string): void => {
    const [, raw_path = ''] = /^(?:fdatasync|fsync)\(\d+<([^>]*)>/.exec(text) ?? []
    if (watched.test(fileOf(raw_path))) steps.push({ kind: 'sync', file: fileOf(raw_path), thread, ended: false })
  }
  for (const line of trace.split('\n')) {
    const [, parted = '', first = ''] = begun_line.exec(line) ?? []
    if (parted !== '') {
      begun.set(parted, first)
      beginSync(parted, first)
      continue
    }
    const [, joined = '', second = ''] = ended_line.exec(line) ?? []
    const [, thread = joined, text = (begun.get(joined) ?? '') + second] = joined === '' ? /^(\d+) +(.*)$/.exec(line) ?? [] : []
    if (joined === '') beginSync(thread, text)
    const call = /^(\w+)\((\d+)<((?:\\x[0-9a-f]{2})*|[^>]*)>(?:, )?(.*)\) += (\d+)/.exec(text)
    if (call === null) continue
    const [, name = '', fd = '', raw_path = '', rest = '', result = '0'] = call
    const file = fileOf(raw_path)
    if (name === 'write' && fd === '1') {
      const said = /^"((?:\\x[0-9a-f]{2})*)"/.exec(rest)?.[1] ?? ''
      for (const [, id] of unhex(said).toString().matchAll(/ACK (\d+)\n/g)) steps.push({ kind: 'ack', id: Number(id) })
    } else if (!watched.test(file)) continue
    else if (name === 'pwrite64') {
      const [, data = '', offset = '0'] = /^"((?:\\x[0-9a-f]{2})*)", \d+, (\d+)$/.exec(rest) ?? []
      steps.push({ kind: 'write', file, offset: Number(offset), bytes: unhex(data).subarray(0, Number(result)) })
    } else if (name === 'ftruncate') steps.push({ kind: 'truncate', file, size: Number(rest) })
    else if (name === 'fdatasync' || name === 'fsync') steps.push({ kind: 'sync', file, thread, ended: true })
  }
  return steps
}

/** A file as bytes that can grow. */
function put (content: Buffer, offset: number, bytes: Buffer): Buffer {
  const grown = content.length >= offset + bytes.length ? content : Buffer.concat([content, Buffer.alloc(offset + bytes.length - content.length)])
  bytes.copy(grown, offset)
  return grown
}

function apply (content: Buffer, step: Step, random?: () => number): Buffer {
  if (step.kind === 'truncate') return random !== undefined && random() < 0.5 ? content : content.subarray(0, step.size)
  if (step.kind !== 'write') return content
  if (random === undefined) return put(content, step.offset, step.bytes)
  let result = content
  for (let at = 0; at < step.bytes.length; at += sector_bytes) {
    if (random() < 0.5) result = put(result, step.offset + at, step.bytes.subarray(at, at + sector_bytes))
  }
  return result
}

/** Syncs of the database file itself while rows were still being acknowledged. */
function copiesBack (steps: readonly Step[]): number {
  const last = steps.findLastIndex(({ kind }) => kind === 'ack')
  return steps.slice(0, last).filter(step => step.kind === 'sync' && step.ended && step.file === 'hub.sqlite').length
}

/** Everything that a writing process wrote, synced and acknowledged, and the files it began with. */
function record (folder: string, mode: 'full' | 'normal', rows: number): { begin: Map<string, Buffer>, steps: Step[] } {
  const file = join(folder, 'hub.sqlite')
  const database = new Database(file)
  database.pragma('journal_mode = WAL')
  database.exec('create table rows (id integer primary key, body text not null)')
  database.close()
  const begin = new Map<string, Buffer>([['hub.sqlite', readFileSync(file)], ['hub.sqlite-wal', Buffer.alloc(0)]])
  const trace = join(folder, 'trace.txt')
  const run = spawnSync('strace', ['-f', '-y', '-xx', '-s', '100000', '-e', 'trace=pwrite64,write,fdatasync,fsync,ftruncate', '-o', trace,
    process.execPath, join(import.meta.dirname, 'power-cut-writer.ts'), file, String(rows), mode], { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`the writer failed: ${run.stderr}`)
  const steps = stepsOf(readFileSync(trace, 'utf8'))
  if (steps.filter(({ kind }) => kind === 'ack').length !== rows || !steps.some(({ kind }) => kind === 'sync')) throw new Error('the recording is not complete')
  return { begin, steps }
}

/** @param cuts how many random moments to cut at */
export function powerCut (cuts: number, mode: 'full' | 'normal', seed = 20260112): PowerCutReport {
  const folder = mkdtempSync(join(tmpdir(), 'rongqiao-power-'))
  try {
    let rows = rows_min
    const most = mode === 'full' ? rows_max : rows_min
    let recorded = record(mkdtempSync(join(folder, 'written-')), mode, rows)
    while (copiesBack(recorded.steps) === 0 && rows < most) {
      rows *= 2
      recorded = record(mkdtempSync(join(folder, 'written-')), mode, rows)
    }
    const { begin, steps } = recorded
    const report = { cuts, lost: 0, corrupt: 0, acknowledged: rows, copied_back: copiesBack(steps) }
    const random = seeded(seed)
    const moments = Array.from({ length: cuts }, () => Math.floor(random() * steps.length)).sort((a, b) => a - b)
    const durable = new Map<string, Buffer>([...begin].map(([name, bytes]) => [name, Buffer.from(bytes)]))
    const waiting = new Map<string, Step[]>([...begin.keys()].map(name => [name, []]))
    // How many steps of a file are durable, and how many each sync under way covers.
    const synced = new Map<string, number>()
    const settled = (file: string): number => synced.get(file) ?? 0
    const covered = new Map<string, number>()
    const acks: number[] = []
    let place = 0
    for (const moment of moments) {
      for (; place < moment; place++) {
        const step = steps[place] as Step
        if (step.kind === 'ack') acks.push(step.id)
        else if (step.kind === 'sync') {
          const by = `${step.thread} ${step.file}`
          const written = waiting.get(step.file) ?? []
          if (!step.ended) covered.set(by, settled(step.file) + written.length)
          else {
            const count = Math.max(0, (covered.get(by) ?? 0) - settled(step.file))
            durable.set(step.file, written.slice(0, count).reduce<Buffer>((content, each) => apply(content, each), durable.get(step.file) ?? Buffer.alloc(0)))
            waiting.set(step.file, written.slice(count))
            synced.set(step.file, settled(step.file) + count)
          }
        } else waiting.get(step.file)?.push(step)
      }
      const opened = mkdtempSync(join(folder, 'after-'))
      for (const [name, content] of durable) {
        writeFileSync(join(opened, name), (waiting.get(name) ?? []).reduce<Buffer>((bytes, each) => apply(bytes, each, random), Buffer.from(content)))
      }
      try {
        const restored = new Database(join(opened, 'hub.sqlite'))
        if (restored.pragma('integrity_check', { simple: true }) !== 'ok') report.corrupt++
        const there = new Set(restored.prepare<[], number>('select id from rows').pluck().all())
        if (acks.some(id => !there.has(id))) report.lost++
        restored.close()
      } catch {
        report.corrupt++
      }
      rmSync(opened, { recursive: true, force: true })
    }
    return report
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const [cuts = '600', mode = 'full'] = process.argv.slice(2)
  if (!straceIsHere()) {
    console.error('the power-cut harness needs strace (Debian: apt-get install strace)')
    process.exit(2)
  }
  const report = powerCut(Number(cuts), mode === 'normal' ? 'normal' : 'full')
  console.log(JSON.stringify(report))
  process.exit(report.lost + report.corrupt === 0 ? 0 : 1)
}
