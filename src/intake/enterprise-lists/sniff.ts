import { ListRefused } from './refusals.ts'

const OLE = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]
const ZIP = [0x50, 0x4b, 0x03, 0x04]
const EMPTY_ZIP = [0x50, 0x4b, 0x05, 0x06]
const FOREIGN: readonly (readonly [start: readonly number[], en: string, zh: string])[] = [
  [[0x25, 0x50, 0x44, 0x46], 'It is a PDF.', '这是 PDF 文件。'],
  [[0x89, 0x50, 0x4e, 0x47], 'It is a picture.', '这是图片。'],
  [[0xff, 0xd8, 0xff], 'It is a picture.', '这是图片。'],
  [[0x47, 0x49, 0x46, 0x38], 'It is a picture.', '这是图片。'],
  [[0x52, 0x61, 0x72, 0x21], 'It is a RAR archive.', '这是 RAR 压缩文件。'],
  [[0x37, 0x7a, 0xbc, 0xaf], 'It is a 7z archive.', '这是 7z 压缩文件。'],
  [[0x1f, 0x8b], 'It is a gzip archive.', '这是 gzip 压缩文件。'],
  [[0x7b, 0x5c, 0x72, 0x74, 0x66], 'It is an RTF document.', '这是 RTF 文档。']
]

function startsWith (bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, index) => bytes[index] === byte)
}

/** Whether an OLE container's directory has an entry of that name (UTF-16LE). */
function holds (bytes: Uint8Array, name: string): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(Buffer.from(name, 'utf16le'))
}

/**
 * What the bytes are, whatever the file is called.
 *
 * @throws ListRefused ENCRYPTED, LEGACY_XLS, NOT_A_SPREADSHEET
 */
export function kindOf (bytes: Uint8Array): 'XLSX' | 'CSV' {
  if (bytes.length === 0) throw new ListRefused('NOT_A_SPREADSHEET', { en: 'It is empty.', zh: '文件为空。' })
  if (startsWith(bytes, ZIP) || startsWith(bytes, EMPTY_ZIP)) return 'XLSX'
  if (startsWith(bytes, OLE)) {
    if (holds(bytes, 'EncryptedPackage') || holds(bytes, 'EncryptionInfo')) throw new ListRefused('ENCRYPTED')
    if (holds(bytes, 'Workbook') || holds(bytes, 'Book') || bytes.length < 2048) throw new ListRefused('LEGACY_XLS')
    throw new ListRefused('NOT_A_SPREADSHEET', { en: 'It is another old office document.', zh: '这是其他旧版办公文档。' })
  }
  // Excel 2 to 4: a bare stream that begins with its BOF record.
  const begins_stream = bytes[0] === 0x09 && [0x00, 0x02, 0x04, 0x08].includes(bytes[1] ?? -1) && (bytes[2] ?? 0) <= 0x10 && bytes[3] === 0
  if (begins_stream) throw new ListRefused('LEGACY_XLS')
  const foreign = FOREIGN.find(([start]) => startsWith(bytes, start))
  if (foreign !== undefined) throw new ListRefused('NOT_A_SPREADSHEET', { en: foreign[1], zh: foreign[2] })
  const opening = Buffer.from(bytes.subarray(0, 2048)).toString('latin1').replaceAll('\0', '')
  if (/^(?:\u00ef\u00bb\u00bf|\u00ff\u00fe|\u00fe\u00ff)?\s*<(?:!doctype|html|head|table|meta|\?xml|!--)/iu.test(opening)) {
    throw new ListRefused('NOT_A_SPREADSHEET', { en: 'It is a web page or XML under a spreadsheet’s name.', zh: '这是网页或 XML，只是扩展名像表格。' })
  }
  return 'CSV'
}
