/**
 * Proves that a backup can be restored: node scripts/restore-drill.ts <backup folder> [--checkpoint <file>] [--key <vkey>] [--kek <file>]
 * Opens a copy, checks the file, rebuilds the whole Merkle tree from the events, compares it with the checkpoint that was kept
 * elsewhere, and opens every document a row names with the key-encryption keys (without them: sees that it is there).
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { frozenClock } from '../src/clock.ts'
import { sha256Hex } from '../src/db/canonical.ts'
import { createCipher, keyringFromFile } from '../src/db/cipher.ts'
import { openDb } from '../src/db/open.ts'
import { SUITES } from '../src/http/sm.ts'
import { directoryStore, documentPath } from '../src/lending/documents/files.ts'
import { documents } from '../src/lending/documents/store.ts'
import { leafOf, journal_origin } from '../src/journal/checkpoints.ts'
import { events } from '../src/journal/events.ts'
import { openCheckpoint, parseCheckpoint, parseVkey } from '../src/journal/note.ts'
import { append, EMPTY_FRONTIER, leafHash, rootOf } from '../src/journal/tree.ts'
import Database from 'better-sqlite3'
import { asc } from 'drizzle-orm'

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
      let frontier = EMPTY_FRONTIER
      const roots = new Map<number, string>()
      for (const row of await db.read.select().from(events).orderBy(asc(events.seq))) {
        if (row.seq !== frontier.size + 1) wrong.push(`the journal has a hole before ${row.seq}`)
        frontier = append(frontier, leafHash(leafOf(row)))
        roots.set(frontier.size, Buffer.from(rootOf(frontier)).toString('hex'))
      }
      const note = readFileSync(checkpoint_file, 'utf8')
      const verifier = vkey === undefined ? null : parseVkey(vkey)
      const opened = vkey !== undefined && verifier === null ? null : verifier === null ? parseCheckpoint(note.slice(0, note.indexOf('\n\n') + 1)) : openCheckpoint(note, verifier, journal_origin)
      const checkpoint = opened === null ? null : 'ok' in opened ? opened.ok ? opened.value : null : opened
      if (checkpoint === null) wrong.push('the checkpoint cannot be read or is not signed by this key')
      else if (roots.get(checkpoint.size) !== Buffer.from(checkpoint.root).toString('hex')) wrong.push(`the journal up to ${checkpoint.size} is not the one the checkpoint covers`)
      const bodies = kek_file === undefined ? null : directoryStore(join(folder, 'documents'), createCipher(keyringFromFile(kek_file), SUITES.AES_256_GCM))
      for (const { document_no, sha256 } of await db.read.select().from(documents)) {
        if (!existsSync(documentPath(join(folder, 'documents'), sha256))) wrong.push(`document ${document_no} is missing`)
        else if (bodies !== null) {
          const bytes = await bodies.get(sha256).catch(() => null)
          if (bytes === null || sha256Hex(bytes) !== sha256) wrong.push(`document ${document_no} cannot be opened or has changed`)
        }
      }
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
