/** Reads one uploaded file of a multipart request, hashing while it arrives. */
import { createHash, getHashes } from 'node:crypto'
import type { MultipartFile } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { Problem } from '../../problem.ts'

export interface Upload { bytes: Buffer, sha256: string, sm3: string | null, media_type: string, file_name: string | null }

const has_sm3 = getHashes().includes('sm3')
const media_type_form = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,60}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}$/
const file_name_max = 200

function refuse (pointer: string, code: string, message: string, message_zh: string): Problem {
  return new Problem('invalid_request', { detail: message, detail_zh: message_zh, errors: [{ pointer, code, message, message_zh }] })
}

function fileNameOf (stated: string | undefined): string | null {
  const name = (stated ?? '').normalize('NFC').replaceAll(/\p{Cc}/gu, '').split(/[/\\]/).at(-1) ?? ''
  return name === '' || !name.isWellFormed() ? null : name.slice(0, file_name_max)
}

async function readPart (part: MultipartFile): Promise<Upload> {
  const hashes = { sha256: createHash('sha256'), sm3: has_sm3 ? createHash('sm3') : null }
  const chunks: Buffer[] = []
  for await (const chunk of part.file as AsyncIterable<Buffer>) {
    hashes.sha256.update(chunk)
    hashes.sm3?.update(chunk)
    chunks.push(chunk)
  }
  if (part.file.truncated) throw new Problem('payload_too_large')
  const media_type = part.mimetype.toLowerCase()
  return {
    bytes: Buffer.concat(chunks),
    sha256: hashes.sha256.digest('hex'),
    sm3: hashes.sm3?.digest('hex') ?? null,
    media_type: media_type_form.test(media_type) ? media_type : 'application/octet-stream',
    file_name: fileNameOf(part.filename)
  }
}

/**
 * The part `file`, and nothing else.
 *
 * Errors: unsupported_media_type, payload_too_large, invalid_request (no file, an empty one, a second one, another part).
 */
export async function readUpload (request: FastifyRequest, bytes_max: number): Promise<Upload> {
  if (!request.isMultipart()) throw new Problem('unsupported_media_type',
    { detail: 'Send multipart/form-data with the part file', detail_zh: '请以 multipart/form-data 上传，文件部分名为 file' })
  let upload: Upload | null = null
  let surplus: Problem | null = null
  try {
    for await (const part of request.parts({ limits: { fileSize: bytes_max, files: 2, fields: 10, parts: 12 } })) {
      if (part.type === 'file' && part.fieldname === 'file' && upload === null) {
        upload = await readPart(part)
      } else {
        surplus ??= refuse(`/${part.fieldname}`, 'UNKNOWN_FIELD', 'Only one part is taken, the file called file', '仅接受一个名为 file 的文件部分')
        if (part.type === 'file') part.file.resume()
      }
    }
  } catch (error) {
    if (error instanceof Problem) throw error
    if ((error as { statusCode?: number }).statusCode === 413) throw new Problem('payload_too_large')
    throw refuse('', 'NOT_MULTIPART', 'The multipart body is broken off or malformed', 'multipart 请求体不完整或格式错误')
  }
  if (surplus !== null) throw surplus
  if (upload === null) throw refuse('/file', 'MISSING_FIELD', 'The part file is missing', '缺少名为 file 的文件部分')
  if (upload.bytes.length === 0) throw refuse('/file', 'TOO_SHORT', 'The file is empty', '文件为空')
  return upload
}
