/**
 * Proves that a backup can be restored: node scripts/restore-drill.ts <backup folder> [--checkpoint <file>] [--key <vkey>] [--kek <file>]
 * Opens a copy, checks the file, rebuilds the whole Merkle tree from the events, compares it with the checkpoint that was kept
 * elsewhere, and opens every document and every list a row names with the key-encryption keys (without them: sees that it is there).
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { frozenClock } from '../src/clock.ts'
import { sha256Hex } from '../src/db/canonical.ts'
import { createCipher, keyringFromFile, type Cipher } from '../src/db/cipher.ts'
import type { ReadSql } from '../src/db/db.ts'
import { openDb } from '../src/db/open.ts'
import { SUITES } from '../src/http/sm.ts'
import { enterprise_lists } from '../src/intake/enterprise-lists/store.ts'
import { directoryStore, documentPath } from '../src/lending/documents/files.ts'
import { documents } from '../src/lending/documents/store.ts'
import { leafOf, journal_origin } from '../src/journal/checkpoints.ts'
import { events } from '../src/journal/events.ts'
import { openCheckpoint, parseCheckpoint, parseVkey, type Checkpoint } from '../src/journal/note.ts'
import { append, EMPTY_FRONTIER, leafHash, rootOf } from '../src/journal/tree.ts'
import Database from 'better-sqlite3'
import { asc, gt } from 'drizzle-orm'

const rows_at_once = 5000

/** The journal by its places, a part at a time. */
async function * journalOf (sql: ReadSql): AsyncGenerator<typeof events.$inferSelect> {
  for (let last = 0; ;) {
    const rows = await sql.select().from(events).where(gt(events.seq, last)).orderBy(asc(events.seq)).limit(rows_at_once)
    yield * rows
    if (rows.length < rows_at_once) return
    last = rows.at(-1)?.seq ?? last
  }
}

/** @returns null where the note cannot be read or is not signed by that key */
function checkpointIn (note: string, vkey: string | undefined): Checkpoint | null {
  if (vkey === undefined) return parseCheckpoint(note.slice(0, note.indexOf('\n\n') + 1))
  const verifier = parseVkey(vkey)
  const opened = verifier === null ? null : openCheckpoint(note, verifier, journal_origin)
  return opened?.ok === true ? opened.value : null
}

/** @returns what is wrong with the bodies that rows name */
async function wrongBodies (folder: string, cipher: Cipher | null, named: readonly { name: string, sha256: string }[]): Promise<string[]> {
  const wrong: string[] = []
  const bodies = cipher === null ? null : directoryStore(folder, cipher)
  for (const { name, sha256 } of named) {
    if (!existsSync(documentPath(folder, sha256))) wrong.push(`${name} is missing`)
    else if (bodies !== null) {
      const bytes = await bodies.get(sha256).catch(() => null)
      if (bytes === null || sha256Hex(bytes) !== sha256) wrong.push(`${name} cannot be opened or has changed`)
    }
  }
  return wrong
}

/** @returns what is wrong; nothing when the backup is whole */
export async function restoreDrill (folder: string, checkpoint_file: string, vkey?: string, kek_file?: string): Promise<string[]> {
  const copy = mkdtempSync(join(tmpdir(), 'rongqiao-restore-'))
  const wrong: string[] = []
  try {
    cpSync(join(folder, 'hub.sqlite'), join(copy, 'hub.sqlite'))
    const file = new Database(join(copy, 'hub.sqlite'))
    const integrity = file.pragma('integrity_check', { simple: true })
    const foreign = file.pragma('foreign_key_check') as unknown[]
    file.close()
    if (integrity !== 'ok') wrong.push(`the database file is damaged: ${String(integrity)}`)
    if (foreign.length > 0) wrong.push(`${foreign.length} rows name others that are missing`)
    const db = openDb(join(copy, 'hub.sqlite'), frozenClock('2026-01-12T00:00:00.000Z'))
    try {
      const checkpoint = checkpointIn(readFileSync(checkpoint_file, 'utf8'), vkey)
      if (checkpoint === null) wrong.push('the checkpoint cannot be read or is not signed by this key')
      let frontier = EMPTY_FRONTIER
      let covered: Uint8Array | null = null
      for await (const row of journalOf(db.read)) {
        if (row.seq !== frontier.size + 1) wrong.push(`the journal has a hole before ${row.seq}`)
        frontier = append(frontier, leafHash(leafOf(row)))
        if (frontier.size === checkpoint?.size) covered = rootOf(frontier)
      }
      if (checkpoint !== null && (covered === null || Buffer.compare(covered, checkpoint.root) !== 0)) wrong.push(`the journal up to ${checkpoint.size} is not the one the checkpoint covers`)
      const cipher = kek_file === undefined ? null : createCipher(keyringFromFile(kek_file), SUITES.AES_256_GCM)
      const named = {
        documents: (await db.read.select().from(documents)).map(({ document_no, sha256 }) => ({ name: `document ${document_no}`, sha256 })),
        lists: (await db.read.select().from(enterprise_lists)).map(({ list_no, sha256 }) => ({ name: `list ${list_no}`, sha256 }))
      }
      for (const [shelf, bodies] of Object.entries(named)) wrong.push(...await wrongBodies(join(folder, shelf), cipher, bodies))
    } finally {
      await db.close()
    }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
  return wrong
}

if (import.meta.main) {
  const { positionals: [folder], values } = parseArgs({ allowPositionals: true, options: { checkpoint: { type: 'string' }, key: { type: 'string' }, kek: { type: 'string' } } })
  if (folder === undefined) {
    console.error('node scripts/restore-drill.ts <backup folder> [--checkpoint <file>] [--key <vkey>] [--kek <file>]')
    process.exit(2)
  }
  const wrong = await restoreDrill(folder, values.checkpoint ?? join(folder, 'checkpoint.txt'), values.key, values.kek)
  console.log(wrong.length === 0 ? 'the backup is whole' : wrong.join('\n'))
  process.exit(wrong.length === 0 ? 0 : 1)
}
