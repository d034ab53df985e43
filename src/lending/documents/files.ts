/** Bodies of documents by their digest: written once, never changed, on disk before anything refers to them. */
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { newNo } from '../../clock.ts'
import type { Cipher } from '../../db/cipher.ts'

export interface DocumentStore {
  /** Keeps the bytes; answers when they are on disk. The same digest again is no second copy. */
  put (sha256: string, bytes: Uint8Array): Promise<void>
  /** null when there are none */
  get (sha256: string): Promise<Uint8Array | null>
}

/** What a sealed body is bound to: its digest, so that no body can stand in another's place. */
export function bodyPlace (sha256: string): string {
  return `documents/${sha256}`
}

async function syncFolder (folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function isMissing (error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

async function exists (file: string): Promise<boolean> {
  try {
    return (await stat(file)).size > 0
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** Place of a document's bytes; 256 folders keep listings short. */
export function documentPath (root: string, sha256: string): string {
  return join(root, sha256.slice(0, 2), sha256)
}

/** Whether a file is the beginning of a body that has not its name yet; it may be gone at any time. */
export function isHalfWritten (file: string): boolean {
  return /\.part_\w+$/.test(file)
}

/**
 * Bodies sealed in files.
 *
 * @param root folder that belongs to documents alone
 */
export function directoryStore (root: string, cipher: Pick<Cipher, 'sealBytes' | 'openBytes'>): DocumentStore {
  /** folders whose own name is on disk */
  const lasting = new Set<string>()
  return {
    async put (sha256, bytes) {
      const file = documentPath(root, sha256)
      const folder = dirname(file)
      // Another process may have given it its name just now: that, too, is on disk before this one answers.
      if (await exists(file)) return syncFolder(folder)
      if (!lasting.has(folder)) await mkdir(folder, { recursive: true, mode: 0o700 })
      const temporary = `${file}.${newNo('part')}`
      const handle = await open(temporary, 'wx', 0o600)
      try {
        await handle.writeFile(cipher.sealBytes(bytes, bodyPlace(sha256)))
        await handle.sync()
        await rename(temporary, file)
      } catch (reason) {
        await rm(temporary, { force: true })
        throw reason
      } finally {
        await handle.close()
      }
      await syncFolder(folder)
      if (!lasting.has(folder)) await syncFolder(root)
      lasting.add(folder)
    },
    async get (sha256) {
      try {
        return cipher.openBytes(await readFile(documentPath(root, sha256)), bodyPlace(sha256))
      } catch (error) {
        if (isMissing(error)) return null
        throw error
      }
    }
  }
}
