/**
 * The journal as an RFC 6962 tree: grown by a loop in the order of the log, signed at least every minute while it grows.
 */
import { and, asc, desc, eq, gt, inArray, isNotNull, type SQL } from 'drizzle-orm'
import { integer, primaryKey, table, text } from '../db/columns.ts'
import { bulkInsert } from '../db/bulk.ts'
import { canonical } from '../db/canonical.ts'
import type { Db, ReadSql, WriteSql } from '../db/db.ts'
import { event_audience, events } from './events.ts'
import { signCheckpoint, type NoteSigner } from './note.ts'
import { consistencyProof, grow, inclusionProof, leafHash, loadFrontier, rootOf, type ReadHash } from './tree.ts'

export const tree_nodes = table('tree_nodes', {
  level: integer().notNull(),
  place: integer().notNull(),
  hash: text().notNull()
}, columns => [primaryKey({ columns: [columns.level, columns.place] })])

export const checkpoints = table('checkpoints', {
  size: integer().primaryKey(),
  root: text().notNull(),
  note: text().notNull(),
  signed_at: text().notNull()
})

export const leaves_per_unit_max = 500
export const checkpoint_every_ms = 60_000
export const journal_origin = 'rongqiao/journal'

type EventRow = typeof events.$inferSelect

/** The exact text that is hashed for one event. */
export function leafOf (row: EventRow): string {
  const { seq, event_no, type, subject, at, actor_participant, actor_user, authorization_no, data } = row
  return canonical({ seq, event_no, type, subject, at, actor_participant, actor_user, authorization_no, data })
}

function readerOf (sql: ReadSql): ReadHash {
  return async (level, index) => {
    const [row] = await sql.select({ hash: tree_nodes.hash }).from(tree_nodes).where(and(eq(tree_nodes.level, level), eq(tree_nodes.place, index)))
    if (row === undefined) throw new Error(`tree node ${level}/${index} is missing`)
    return Buffer.from(row.hash, 'hex')
  }
}

export async function treeSize (sql: ReadSql): Promise<number> {
  const [row] = await sql.select({ place: tree_nodes.place }).from(tree_nodes).where(eq(tree_nodes.level, 0)).orderBy(desc(tree_nodes.place)).limit(1)
  return row === undefined ? 0 : row.place + 1
}

const insertNodes = bulkInsert(tree_nodes)

async function growTree (sql: WriteSql): Promise<number> {
  const size = await treeSize(sql)
  const rows = await sql.select().from(events).where(gt(events.seq, size)).orderBy(asc(events.seq)).limit(leaves_per_unit_max)
  if (rows.length === 0) return 0
  let frontier = await loadFrontier(size, readerOf(sql))
  const nodes: (typeof tree_nodes.$inferInsert)[] = []
  for (const row of rows) {
    if (row.seq !== frontier.size + 1) throw new Error(`the journal has a hole before ${row.seq}`)
    const grown = grow(frontier, leafHash(leafOf(row)))
    frontier = grown.frontier
    for (const { level, index, hash } of grown.nodes) nodes.push({ level, place: index, hash: Buffer.from(hash).toString('hex') })
  }
  await insertNodes(sql, nodes)
  return rows.length
}

/**
 * One step of the loop: grow the tree; when it has caught up and the last checkpoint is a minute old (or `at_once`), sign a new one.
 *
 * @returns leaves added
 */
export async function keepCheckpoints (db: Db, signer: NoteSigner, at_once = false): Promise<number> {
  const pending = await db.read.select({ seq: events.seq }).from(events).where(isNotNull(events.seq)).orderBy(desc(events.seq)).limit(1)
  const last = await lastCheckpoint(db.read)
  const head = pending[0]?.seq ?? 0
  const age_ms = last === undefined ? null : Date.parse(db.clock.now()) - Date.parse(last.signed_at)
  // A checkpoint of the future was signed before the clock was set back.
  const due = age_ms === null || at_once || age_ms < 0 || age_ms >= checkpoint_every_ms
  if (head <= (last?.size ?? 0) || (!due && await treeSize(db.read) >= head)) return 0
  return db.write(async (sql, now) => {
    const added = await growTree(sql)
    const size = await treeSize(sql)
    if (due && added < leaves_per_unit_max && size > (last?.size ?? 0)) {
      const root = rootOf(await loadFrontier(size, readerOf(sql)))
      const note = signCheckpoint({ origin: journal_origin, size, root, extensions: [] }, signer)
      await sql.insert(checkpoints).values({ size, root: Buffer.from(root).toString('hex'), note, signed_at: now }).onConflictDoNothing()
    }
    return added
  })
}

export async function lastCheckpoint (sql: ReadSql): Promise<typeof checkpoints.$inferSelect | undefined> {
  return (await sql.select().from(checkpoints).orderBy(desc(checkpoints.size)).limit(1))[0]
}

/** Entries one participant may see: its own deeds and what was addressed to it; all of them for `everything`. */
export async function auditEntries (sql: ReadSql, participant_no: string, everything: boolean, filter: { after?: number, seq?: number, limit: number }): Promise<EventRow[]> {
  const { after = 0, seq, limit } = filter
  const place = (column: typeof events.seq | typeof event_audience.seq) => and(gt(column, after), seq === undefined ? undefined : eq(column, seq))
  const inLog = async (more?: SQL) => sql.select().from(events).where(and(place(events.seq), more)).orderBy(asc(events.seq)).limit(limit)
  if (everything) return inLog()
  // Each by its own index: one condition over both would walk the log of everybody to find the few of one participant.
  const done = await inLog(eq(events.actor_participant, participant_no))
  const heard = await sql.select({ event: events }).from(event_audience).innerJoin(events, eq(events.entry, event_audience.entry))
    .where(and(eq(event_audience.participant_no, participant_no), place(event_audience.seq))).orderBy(asc(event_audience.seq)).limit(limit)
  const own = new Map([...done, ...heard.map(({ event }) => event)].map(row => [Number(row.seq), row]))
  return [...own].sort(([a], [b]) => a - b).slice(0, limit).map(([, row]) => row)
}

const hex = (hashes: readonly Uint8Array[]): string[] => hashes.map(hash => Buffer.from(hash).toString('hex'))

/** @param size of the checkpoint the proof leads to */
export async function proofOfEntry (sql: ReadSql, seq: number, size: number): Promise<string[]> {
  return hex(await inclusionProof(size, seq - 1, readerOf(sql)))
}

export async function proofOfGrowth (sql: ReadSql, from: number, to: number): Promise<string[]> {
  return hex(await consistencyProof(from, to, readerOf(sql)))
}

/** Entries of the log with the way to the root of a signed checkpoint. */
export interface ProvenEntries {
  /** the signed note; null while there is none */
  checkpoint: string | null
  /** `proof` null: placed after the checkpoint was signed */
  entries: { seq: number, leaf: string, proof: string[] | null }[]
}

/** What a participant itself did to some things, as the log has it: proofs that travel with the things. */
export async function provenEntries (sql: ReadSql, participant_no: string, subjects: readonly string[]): Promise<ProvenEntries> {
  const last = await lastCheckpoint(sql)
  const rows = subjects.length === 0 ? [] : await sql.select().from(events).where(and(
    inArray(events.subject, [...subjects]), eq(events.actor_participant, participant_no), isNotNull(events.seq)
  )).orderBy(asc(events.seq))
  const entries: ProvenEntries['entries'] = []
  for (const row of rows) {
    const seq = row.seq as number
    entries.push({ seq, leaf: leafOf(row), proof: last === undefined || seq > last.size ? null : await proofOfEntry(sql, seq, last.size) })
  }
  return { checkpoint: last?.note ?? null, entries }
}

const checkpoint_age_max_ms = 10 * checkpoint_every_ms

/** For /health/ready: how old the newest checkpoint is while entries wait for one. */
export async function checkpointAge (db: Db): Promise<{ facts: Record<string, string | number | null>, unfit: string[] }> {
  const [last, head] = await Promise.all([
    lastCheckpoint(db.read), db.read.select({ seq: events.seq }).from(events).where(isNotNull(events.seq)).orderBy(desc(events.seq)).limit(1)
  ])
  const waiting = (head[0]?.seq ?? 0) - (last?.size ?? 0)
  const age_ms = last === undefined ? null : Date.parse(db.clock.now()) - Date.parse(last.signed_at)
  const late = waiting > 0 && age_ms !== null && age_ms > checkpoint_age_max_ms
  return { facts: { checkpoint_size: last?.size ?? 0, checkpoint_age_seconds: age_ms === null ? null : Math.round(age_ms / 1000) }, unfit: late ? ['checkpoint_late'] : [] }
}
