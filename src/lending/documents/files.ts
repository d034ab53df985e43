/** Bodies of documents by their digest: written once, never changed, on disk before anything refers to them. */
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { newNo } from '../../clock.ts'

export interface DocumentStore {
  /** Keeps the bytes; answers when they are on disk. The same digest again is no second copy. */
  put (sha256: string, bytes: Uint8Array): Promise<void>
  /** null when there are none */
  get (sha256: string): Promise<Uint8Array | null>
}

/** What stands between the bytes and the disk: the one place for encryption at rest. */
export interface BodySeal { seal (bytes: Uint8Array, sha256: string): Uint8Array, open (sealed: Uint8Array, sha256: string): Uint8Array }

const plain: BodySeal = { seal: bytes => bytes, open: bytes => bytes }

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

/** @param root folder that belongs to documents alone */
export function directoryStore (root: string, { seal, open: unseal }: BodySeal = plain): DocumentStore {
  return {
    async put (sha256, bytes) {
      const file = documentPath(root, sha256)
      const folder = dirname(file)
      if (await exists(file)) return
      const made = await mkdir(folder, { recursive: true, mode: 0o700 })
      const temporary = `${file}.${newNo('part')}`
      const handle = await open(temporary, 'wx', 0o600)
      try {
        await handle.writeFile(seal(bytes, sha256))
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(temporary, file)
      await syncFolder(folder)
      if (made !== undefined) await syncFolder(root)
    },
    async get (sha256) {
      try {
        return unseal(await readFile(documentPath(root, sha256)), sha256)
      } catch (error) {
        if (isMissing(error)) return null
        throw error
      }
    }
  }
}
