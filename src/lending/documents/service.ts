/** Documents: kept once per participant and bytes; the bytes go on disk before the number exists. */
import { newNo } from '../../clock.ts'
import { RunAgain, type Db, type ReadSql, type WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { append } from '../../journal/events.ts'
import { notFound } from '../../problem.ts'
import type { DocumentStore } from './files.ts'
import { findAnyDocument, fileNameOf, findByDigest, insertDocument, type DocumentRow } from './store.ts'

/** Notes that a document was read. */
export type Reading = (sql: WriteSql, now: string) => Promise<void>
/** How somebody else than the owner reads a document: the assigned auditor, MEIC, who decides on a claim; null: not at all. */
export type MayRead = (sql: ReadSql, principal: Principal, document_no: string, now: string) => Promise<Reading | null>

export type Received = Pick<DocumentRow, 'sha256' | 'sm3' | 'bytes' | 'media_type' | 'file_name'>

/** Gives the bytes a number of this participant, the same one for the same bytes. Nothing shows whether others have them too. */
export async function keepDocument (sql: WriteSql, now: string, principal: Principal, received: Received): Promise<{ row: DocumentRow,
  is_new: boolean }> {
  const known = await findByDigest(sql, principal.participant_no, received.sha256)
  if (known !== undefined) return { row: known, is_new: false }
  const row = await insertDocument(sql, { document_no: newNo('doc'), participant_no: principal.participant_no, ...received, created_at: now })
  if (row === undefined) throw new RunAgain('the same bytes were kept at the same time')
  await append(sql, now, {
    type: 'document.received', subject: row.document_no, actor: principal, audience: [principal.participant_no],
      data: { sha256: row.sha256, bytes: row.bytes }
  })
  return { row, is_new: true }
}

export function shownDocument (sql: ReadSql, row: DocumentRow) {
  const { document_no, sha256, sm3, bytes, media_type, created_at } = row
  return { document_no, sha256, sm3, bytes, media_type, file_name: fileNameOf(sql, row), created_at }
}

/** The document with its bytes; what another reads is noted before it leaves. Errors: not_found, also for another's. */
export async function openDocument (
  db: Db, bodies: DocumentStore, principal: Principal, document_no: string, now: string, mayRead: MayRead
): Promise<{ row: DocumentRow, bytes: Uint8Array }> {
  const row = await findAnyDocument(db.read, document_no)
  if (row === undefined) throw notFound()
  if (row.participant_no !== principal.participant_no) {
    const reading = await mayRead(db.read, principal, document_no, now)
    if (reading === null) throw notFound()
    await db.write(reading)
  }
  const bytes = await bodies.get(row.sha256)
  if (bytes === null) throw new Error(`the body of ${document_no} is missing`)
  return { row, bytes }
}
