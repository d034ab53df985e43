/** Table of documents; their bodies stand in a DocumentStore (files.ts). */
import { and, eq, sql as expression } from 'drizzle-orm'
import { bulkFind, jointKey } from '../../db/bulk.ts'
import { integer, isListed, table, text } from '../../db/columns.ts'
import { hot, type ReadSql, type WriteSql } from '../../db/db.ts'
import { opened, sealed } from '../../db/sealing.ts'

export const documents = table('documents', {
  document_no: text().primaryKey(),
  participant_no: text().notNull(),
  sha256: text().notNull(),
  sm3: text(),
  bytes: integer().notNull(),
  media_type: text().notNull(),
  file_name: text(),
  created_at: text().notNull()
})

/** `file_name` as it is kept, sealed: it may name a person. `fileNameOf` opens it. */
export type DocumentRow = typeof documents.$inferSelect

/** What the sealed name of a file is bound to. */
export function fileNamePlace (document_no: string): string {
  return `documents/file_name/${document_no}`
}

export function fileNameOf (sql: ReadSql, { document_no, file_name }: DocumentRow): string | null {
  return opened(sql, file_name, fileNamePlace(document_no))
}

const buildFind = (sql: ReadSql) => sql.select().from(documents).where(and(
  eq(documents.participant_no, expression.placeholder('participant_no')), eq(documents.document_no, expression.placeholder('document_no'))
)).prepare()

/** A document of a participant; another's is not found. */
export async function findDocument (sql: ReadSql, participant_no: string, document_no: string): Promise<DocumentRow | undefined> {
  return (await hot(sql, buildFind).execute({ participant_no, document_no }))[0]
}

const findOwn = bulkFind<DocumentRow>((sql, participants, numbers) => sql.select().from(documents)
  .where(and(isListed(documents.participant_no, participants), isListed(documents.document_no, numbers))))

/** Documents of participants, each where its number stands. */
export async function findDocuments (sql: ReadSql, wanted: readonly Pick<DocumentRow, 'participant_no' | 'document_no'>[]): Promise<(DocumentRow | undefined)[]> {
  const keyOf = ({ participant_no, document_no }: Pick<DocumentRow, 'participant_no' | 'document_no'>) => jointKey(participant_no, document_no)
  const rows = await findOwn(sql, wanted.map(({ participant_no }) => participant_no), wanted.map(({ document_no }) => document_no))
  const found = new Map(rows.map(row => [keyOf(row), row]))
  return wanted.map(one => found.get(keyOf(one)))
}

/** Whoever's it is: for those that may read a packet, and for evidence that is checked. */
export async function findAnyDocument (sql: ReadSql, document_no: string): Promise<DocumentRow | undefined> {
  return (await sql.select().from(documents).where(eq(documents.document_no, document_no)))[0]
}

export async function findByDigest (sql: ReadSql, participant_no: string, sha256: string): Promise<DocumentRow | undefined> {
  return (await sql.select().from(documents).where(and(eq(documents.participant_no, participant_no), eq(documents.sha256, sha256))))[0]
}

/** @param given with the name of the file as it reads. @returns the row as kept; undefined when the participant has these bytes already */
export async function insertDocument (sql: WriteSql, given: DocumentRow): Promise<DocumentRow | undefined> {
  const row = { ...given, file_name: sealed(sql, given.file_name, fileNamePlace(given.document_no)) }
  return (await sql.insert(documents).values(row).onConflictDoNothing().returning())[0]
}
