import Type from 'typebox'
import { InstantOut, No, named, nullable, Sha256, Text } from '../../http/schema.ts'

export const document_bytes_max = 20 * 1024 * 1024

export const DocumentUpload = named('DocumentUpload', Type.Object({
  file: Type.String({ contentMediaType: 'application/octet-stream', maxLength: document_bytes_max,
    description: 'The document, at most 20 MB: contract, receipt, invoice, proof' })
}, { additionalProperties: false }))

export const DocumentParams = Type.Object({
  document_no: Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9_-]+$', description: 'Number of the document',
    examples: ['doc_01JB2Q8Z6V7K3M5N9P4R1S0T2W'] })
}, { additionalProperties: false })

export const Document = named('Document', Type.Object({
  document_no: No('doc', 'Number of the document; the same bytes have it again for the same participant only'),
  sha256: Sha256('SHA-256 of the bytes'),
  sm3: nullable(Type.String({ pattern: '^[0-9a-f]{64}$', maxLength: 64, description: 'SM3 of the bytes; null where the platform has no SM3',
    examples: ['55e12e91650d2fec56ec74e1d3e4ddbfce2ef3a65890c2a19ecf88a307e76a23'] })),
  bytes: Type.Integer({ minimum: 1, maximum: document_bytes_max, description: 'Size in bytes', examples: [48213] }),
  media_type: Text('Media type as sent', 100, ['application/pdf']),
  file_name: nullable(Text('Name of the file as sent', 200, ['receipt-2026Q1.pdf'])),
  created_at: InstantOut('When it was first received')
}))
