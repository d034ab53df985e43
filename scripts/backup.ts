/**
 * Online backup of a SQLite hub while it runs: node scripts/backup.ts <folder> [--from <data folder>]
 * Copies the database page by page, the documents, the lists as they were sent, and the newest checkpoint; never the keys.
 */
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import Database from 'better-sqlite3'
import { isHalfWritten } from '../src/lending/documents/files.ts'

/** @returns size of the newest checkpoint in the copy, null when there is none */
export async function backup (data_dir: string, folder: string): Promise<{ checkpoint_size: number | null }> {
  if (existsSync(join(folder, 'hub.sqlite'))) throw new Error(`${folder} holds a backup already`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const source = new Database(join(data_dir, 'hub.sqlite'), { readonly: true })
  try {
    await source.backup(join(folder, 'hub.sqlite'))
  } finally {
    source.close()
  }
  // Bodies are written before the row that names them and never change, so what the copied rows name is there. Half-written ones are nobody's.
  for (const shelf of ['documents', 'lists']) {
    if (!existsSync(join(data_dir, shelf))) continue
    cpSync(join(data_dir, shelf), join(folder, shelf), { recursive: true, preserveTimestamps: true, filter: source => !isHalfWritten(source) })
  }
  const copy = new Database(join(folder, 'hub.sqlite'))
  try {
    const last = copy.prepare<[], { size: number, note: string }>('select size, note from checkpoints order by size desc limit 1').get()
    if (last !== undefined) writeFileSync(join(folder, 'checkpoint.txt'), last.note, { mode: 0o600 })
    return { checkpoint_size: last?.size ?? null }
  } finally {
    copy.close()
  }
}

if (import.meta.main) {
  const { positionals: [folder], values } = parseArgs({ allowPositionals: true, options: { from: { type: 'string', default: process.env.DATA_DIR ?? './data' } } })
  if (folder === undefined) {
    console.error('node scripts/backup.ts <folder> [--from <data folder>]')
    process.exit(2)
  }
  const { checkpoint_size } = await backup(values.from, folder)
  console.log(`backed up ${values.from} to ${folder}; newest checkpoint covers ${checkpoint_size ?? 0} entries`)
}
