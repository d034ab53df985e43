import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import type { DocumentStore } from './files.ts'
import { Document, document_bytes_max, DocumentParams, DocumentUpload } from './schema.ts'
import { keepDocument, openDocument, shownDocument, type MayRead } from './service.ts'
import { fileNameOf } from './store.ts'
import { readUpload } from './upload.ts'

const example = {
  document_no: 'doc_01JB2Q8Z6V7K3M5N9P4R1S0T2W', sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  sm3: '55e12e91650d2fec56ec74e1d3e4ddbfce2ef3a65890c2a19ecf88a307e76a23', bytes: 48_213, media_type: 'application/pdf',
    file_name: 'receipt-2026Q1.pdf',
  created_at: '2026-03-21T02:00:00.000Z'
}

export function documentRoutes (app: FastifyInstance, { db, bodies, mayRead }: { db: Db, bodies: DocumentStore, mayRead: MayRead }): void {
  operation(app, { db }, {
    id: 'uploadDocument',
    method: 'POST',
    path: '/v1/documents',
    summary: 'Upload a document',
    summary_zh: '上传文件',
    description: 'Contracts, receipts and proofs as bytes, at most 20 MB, named by digest. ' +
      'The same bytes of the same participant have one number. S2 (13): the institution submits contracts, proofs of payment and account facts.',
    callers: 'any',
    confidential: true,
    body: DocumentUpload,
    body_media: 'multipart/form-data',
    replies: { 201: Document, 200: Document },
    example: { request: { file: '付息回单.pdf' }, reply: example }
  }, async call => {
    const { bytes, ...received } = await readUpload(call.request, document_bytes_max)
    await bodies.put(received.sha256, bytes)
    return call.decide(async (sql, now) => {
      const { row, is_new } = await keepDocument(sql, now, call.principal, { ...received, bytes: bytes.length })
      return { status: is_new ? 201 : 200, body: shownDocument(sql, row), headers: { location: `/v1/documents/${row.document_no}` } }
    }, received.sha256)
  })

  operation(app, { db }, {
    id: 'getDocument',
    method: 'GET',
    path: '/v1/documents/{document_no}',
    summary: 'Download a document',
    summary_zh: '下载文件',
    description: 'The exact bytes that were uploaded, for their owner, for those to whom a packet with them is assigned, and for a person of the commission while ' +
      'the evidence is held that they prove; each reading is listed among the disclosures of the enterprise. ' +
      'S2 (13): third-party audit.',
    callers: 'any',
    params: DocumentParams,
    replies: { 200: { media: '*/*', description: 'The bytes as uploaded, under the media type they were sent with' } }
  }, async ({ principal, params, now }) => {
    const { row, bytes } = await openDocument(db, bodies, principal, params.document_no, now, mayRead)
    const name = encodeURIComponent(fileNameOf(db.read, row) ?? row.document_no).replaceAll(/['()*]/g,
      each => `%${each.charCodeAt(0).toString(16).toUpperCase()}`)
    return {
      status: 200,
      body: bytes,
      headers: { 'content-type': row.media_type, 'content-disposition': `attachment; filename*=UTF-8''${name}`,
        'x-content-sha256': row.sha256 }
    }
  })
}
