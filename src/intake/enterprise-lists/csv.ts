import { textCell, type Row, type Sheet } from './cells.ts'
import { ListRefused } from './refusals.ts'

export const DELIMITERS = [',', ';', '\t'] as const
export type Delimiter = typeof DELIMITERS[number]

function decoded (bytes: Uint8Array, encoding: string): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

/** UTF-16 without a mark: Latin commas and line ends have a zero in every second byte. */
function unmarkedUtf16 (bytes: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  let even = 0
  let odd = 0
  const shown = Math.min(bytes.length, 4096)
  for (let at = 0; at < shown; at++) {
    if (bytes[at] !== 0) continue
    if (at % 2 === 0) even++
    else odd++
  }
  if (even + odd < shown / 64 || even + odd === 0) return null
  return odd > even * 4 ? 'utf-16le' : even > odd * 4 ? 'utf-16be' : null
}

/**
 * Text of a CSV. Tried in order: a byte order mark, UTF-16 without one, UTF-8, GB18030 (which contains GBK and GB2312);
 * each must fit every byte, and the result must not contain characters that the encoding leaves to private use.
 *
 * @throws ListRefused ENCODING_UNKNOWN; NOT_A_SPREADSHEET when the bytes are no text at all
 */
export function csvText (bytes: Uint8Array): string {
  const marked = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : null
  const utf16 = marked ?? unmarkedUtf16(bytes)
  const text = utf16 === null ? decoded(bytes, 'utf-8') ?? decoded(bytes, 'gb18030') : decoded(bytes, utf16)
  if (text === null) {
    if (utf16 === null && bytes.includes(0)) throw new ListRefused('NOT_A_SPREADSHEET')
    throw new ListRefused('ENCODING_UNKNOWN')
  }
  const sample = text.slice(0, 100_000)
  const controls = sample.match(/\p{Cc}/gu)?.filter((one) => !'\t\r\n'.includes(one)).length ?? 0
  if (sample.includes('\0') || controls > sample.length / 100) throw new ListRefused('NOT_A_SPREADSHEET')
  if (/\p{Co}|\ufffd/u.test(sample)) throw new ListRefused('ENCODING_UNKNOWN')
  return text
}

/**
 * Records of a CSV (RFC 4180, forgiving): a quote opens a field only at its start (blanks before it allowed), quotes are
 * doubled inside, line breaks inside quotes belong to the field, CR, LF and CRLF all end a record.
 *
 * @throws ListRefused DAMAGED when a quote is never closed: everything after it would be one field
 */
export function csvRecords (text: string, delimiter: Delimiter): string[][] {
  const records: string[][] = []
  let record: string[] = []
  let at = 0
  while (at < text.length) {
    const { field, next } = fieldAt(text, at, delimiter, records.length + 1)
    record.push(field)
    const end = text[next]
    at = next + 1
    if (end === delimiter) {
      if (at === text.length) record.push('')
      continue
    }
    if (end === '\r' && text[at] === '\n') at++
    records.push(record)
    record = []
  }
  if (record.length > 0) records.push(record)
  return records
}

function fieldAt (text: string, from: number, delimiter: Delimiter, record: number): { field: string, next: number } {
  let at = from
  while (text[at] === ' ') at++
  let quoted = ''
  if (text[at] === '"') {
    let closed = false
    let start = at + 1
    while (!closed) {
      const quote = text.indexOf('"', start)
      if (quote < 0) throw new ListRefused('DAMAGED', { en: `A quote that opens in record ${record} is never closed.`, zh: `第${record}条记录中的引号没有闭合。` })
      if (text[quote + 1] === '"') {
        quoted += text.slice(start, quote + 1)
        start = quote + 2
      } else {
        quoted += text.slice(start, quote)
        at = quote + 1
        closed = true
      }
    }
  } else at = from
  let next = at
  while (next < text.length && text[next] !== delimiter && text[next] !== '\n' && text[next] !== '\r') next++
  return { field: quoted + text.slice(at, next), next }
}

/** The records as a sheet without a name; blank records stay, as rows without cells. */
export function sheetOfRecords (records: readonly (readonly string[])[]): Sheet {
  const rows = records.map((record, index): Row => {
    const cells = new Map(record.flatMap((field, column) => field.trim() === '' ? [] : [[column, textCell(field)] as const]))
    return { number: index + 1, hidden: false, cells }
  })
  return { name: null, hidden: false, rows, merges: [], epoch_1904: false, last_row: rows.length }
}
