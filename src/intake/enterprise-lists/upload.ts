/** What a request that brings a list holds: one file with its text parts, or JSON. */
import { setImmediate } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import { canonical, digestOf, sha256Hex } from '../../db/canonical.ts'
import { Problem, type ProblemItem } from '../../problem.ts'
import { list_bytes_max, ListJson } from './schema.ts'

export interface ReceivedList {
  form: 'FILE' | 'JSON'
  bytes: Buffer
  sha256: string
  file_name: string
  declaration: boolean | null
  /** the list that this one corrects */
  corrects: string | null
  declared_row_count: number | null
  declared_amount: string | null
  /** what an idempotency key is bound to: digest of the bytes and the text parts */
  content: string
}

const text_parts = ['declaration', 'corrects', 'declared_row_count', 'declared_amount'] as const
const file_name_max = 200

function refuse (pointer: string, code: string, message: string, message_zh: string): Problem {
  const item: ProblemItem = { pointer, code, message, message_zh }
  return new Problem('invalid_request', { detail: message, detail_zh: message_zh, errors: [item] })
}

function fileNameOf (stated: string | undefined): string {
  const name = (stated ?? '').normalize('NFC').toWellFormed().replaceAll(/\p{Cc}/gu, '').split(/[/\\]/u).at(-1) ?? ''
  return name === '' ? 'list' : [...name].slice(0, file_name_max).join('')
}

interface Parts { file: { bytes: Buffer, file_name: string } | null, texts: Map<string, string> }

async function readParts (request: FastifyRequest): Promise<Parts> {
  const parts: Parts = { file: null, texts: new Map() }
  let surplus: Problem | null = null
  try {
    for await (const part of request.parts({ limits: { fileSize: list_bytes_max, files: 2, fields: 10, parts: 12, fieldSize: 1000 } })) {
      if (part.type === 'file') {
        if (part.fieldname === 'file' && parts.file === null) parts.file = { bytes: await part.toBuffer(), file_name: fileNameOf(part.filename) }
        else {
          part.file.resume()
          surplus ??= refuse(`/${part.fieldname}`, 'UNKNOWN_FIELD', 'Only one file is taken, the part called file', '仅接受一个名为 file 的文件')
        }
      } else if ((text_parts as readonly string[]).includes(part.fieldname) && !parts.texts.has(part.fieldname)) parts.texts.set(part.fieldname, String(part.value))
      else surplus ??= refuse(`/${part.fieldname}`, 'UNKNOWN_FIELD', `Text parts are ${text_parts.join(', ')}, each once`, `文本部分仅限 ${text_parts.join('、')}，各一次`)
    }
  } catch (error) {
    if (error instanceof Problem) throw error
    if ((error as { statusCode?: number }).statusCode === 413) throw new Problem('payload_too_large')
    throw refuse('', 'NOT_MULTIPART', 'The multipart body is broken off or malformed', 'multipart 请求体不完整或格式错误')
  }
  if (surplus !== null) throw surplus
  return parts
}

async function fromMultipart (request: FastifyRequest): Promise<ReceivedList> {
  const { file, texts } = await readParts(request)
  const errors: ProblemItem[] = []
  const note = (pointer: string, code: string, message: string, message_zh: string): void => { errors.push({ pointer, code, message, message_zh }) }
  if (file === null) note('/file', 'MISSING_FIELD', 'The part file is missing', '缺少名为 file 的文件部分')
  const declaration = texts.get('declaration')
  if (declaration !== undefined && declaration !== 'true') note('/declaration', 'NOT_ALLOWED', 'Needs to be true', '应为 true')
  const corrects = texts.get('corrects')
  if (corrects !== undefined && !/^list_[0-9A-HJKMNP-TV-Z]{26}$/u.test(corrects)) note('/corrects', 'WRONG_FORMAT', 'Needs to be the number of a list', '应为名单编号')
  const rows = texts.get('declared_row_count')
  if (rows !== undefined && !/^\d{1,7}$/u.test(rows)) note('/declared_row_count', 'WRONG_FORMAT', 'Needs to be a whole number', '应为整数')
  const amount = texts.get('declared_amount')
  if (amount !== undefined && !/^\d{1,13}\.\d{2}$/u.test(amount)) note('/declared_amount', 'WRONG_FORMAT', 'Needs the form 1234.56, in yuan', '格式应为 1234.56（元）')
  if (file === null || errors.length > 0) throw new Problem('invalid_request', { errors })
  const sha256 = sha256Hex(file.bytes)
  return {
    form: 'FILE', ...file, sha256,
    declaration: declaration === undefined ? null : true,
    corrects: corrects ?? null,
    declared_row_count: rows === undefined ? null : Number(rows),
    declared_amount: amount ?? null,
    content: digestOf([sha256, ...text_parts.map(name => texts.get(name) ?? null)])
  }
}

/** A list of 5,000 rows is checked, written down and digested in turns: others wait for one of them only. */
async function fromJson (request: FastifyRequest): Promise<ReceivedList> {
  const validate = request.compileValidationSchema(ListJson, 'body')
  if (!validate(request.body)) throw Object.assign(new Error('the list has not the agreed form'), { validation: validate.errors, validationContext: 'body', statusCode: 400 })
  const { declaration, corrects, declared_row_count, declared_amount, rows } = request.body as ListJson
  if (declaration === false) throw refuse('/declaration', 'NOT_ALLOWED', 'Needs to be true', '应为 true')
  await setImmediate()
  const bytes = Buffer.from(canonical({ rows }))
  await setImmediate()
  return {
    form: 'JSON', bytes, sha256: sha256Hex(bytes), file_name: 'list.json',
    declaration: declaration ?? null,
    corrects: corrects ?? null,
    declared_row_count: declared_row_count ?? null,
    declared_amount: declared_amount ?? null,
    content: digestOf(request.body)
  }
}

/**
 * Reads the request.
 *
 * @param declaration_needed false in the sandbox, which takes the park's declaration for granted
 * Errors: invalid_request, payload_too_large, unsupported_media_type.
 */
export async function readReceivedList (request: FastifyRequest, declaration_needed: boolean): Promise<ReceivedList> {
  const multipart = request.isMultipart()
  if (!multipart && !/^application\/json\b/iu.test(request.headers['content-type'] ?? '')) {
    throw new Problem('unsupported_media_type', { detail: 'Send multipart/form-data with the part file, or JSON', detail_zh: '请以 multipart/form-data（文件部分名为 file）或 JSON 报送' })
  }
  const received = multipart ? await fromMultipart(request) : await fromJson(request)
  if (received.declaration === null && declaration_needed) {
    throw refuse('/declaration', 'MISSING_FIELD', 'The park has to declare that the enterprises have authorised: declaration = true', '园区须声明企业已授权：declaration = true')
  }
  return received
}
