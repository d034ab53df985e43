import { textCell, type Row, type Sheet } from './cells.ts'
import { ListRefused } from './refusals.ts'

export const DELIMITERS = [',', ';', '\t'] as const
export type Delimiter = typeof DELIMITERS[number]
export type Encoding = 'utf-8' | 'gb18030' | 'utf-16le' | 'utf-16be'

const CHUNK_BYTES = 65_536
/** Looked at for controls and characters of private use. */
const SAMPLE_LENGTH = 100_000
/** One record: a quote that never closes would otherwise make a field of the rest of the file. */
const RECORD_LENGTH_MAX = 1_000_000
const FIELDS_MAX = 16_384

/** The text of bytes, piece by piece. @throws TypeError when they do not fit the encoding */
export function* textOf (bytes: Uint8Array, encoding: Encoding): Generator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true })
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    yield decoder.decode(bytes.subarray(at, at + CHUNK_BYTES), { stream: at + CHUNK_BYTES < bytes.length })
  }
}

/** The beginning of the text when every byte fits the encoding, else null. */
function sampleOf (bytes: Uint8Array, encoding: Encoding): string | null {
  let sample = ''
  try {
    for (const text of textOf(bytes, encoding)) if (sample.length < SAMPLE_LENGTH) sample += text
  } catch {
    return null
  }
  return sample.slice(0, SAMPLE_LENGTH)
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
 * Encoding of a CSV. Tried in order: a byte order mark, UTF-16 without one, UTF-8, GB18030 (which contains GBK and GB2312);
 * each must fit every byte, and the text must not contain characters that the encoding leaves to private use.
 *
 * @throws ListRefused ENCODING_UNKNOWN; NOT_A_SPREADSHEET when the bytes are no text at all
 */
export function csvEncoding (bytes: Uint8Array): Encoding {
  const marked = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : null
  const utf16 = marked ?? unmarkedUtf16(bytes)
  for (const encoding of utf16 === null ? ['utf-8', 'gb18030'] as const : [utf16]) {
    const sample = sampleOf(bytes, encoding)
    if (sample === null) continue
    const controls = sample.match(/\p{Cc}/gu)?.filter((one) => !'\t\r\n'.includes(one)).length ?? 0
    if (sample.includes('\0') || controls > sample.length / 100) throw new ListRefused('NOT_A_SPREADSHEET')
    if (/\p{Co}|\ufffd/u.test(sample)) throw new ListRefused('ENCODING_UNKNOWN')
    return encoding
  }
  throw new ListRefused(utf16 === null && bytes.includes(0) ? 'NOT_A_SPREADSHEET' : 'ENCODING_UNKNOWN')
}

/**
 * Records of a CSV (RFC 4180, forgiving): a quote opens a field only at its start (blanks before it allowed), quotes are
 * doubled inside, line breaks inside quotes belong to the field, CR, LF and CRLF all end a record. No more than one
 * record and one piece of the text is held.
 *
 * @throws ListRefused DAMAGED when a quote is never closed; TOO_LARGE_UNPACKED for a record without bounds
 */
export function* csvRecords (pieces: Iterable<string>, delimiter: Delimiter): Generator<string[]> {
  let text = ''
  let number = 1
  for (const piece of pieces) {
    text += piece
    let from = 0
    for (;;) {
      const found = recordAt(text, from, delimiter, number, false)
      if (found === null) break
      yield found.record
      number++
      from = found.next
    }
    text = text.slice(from)
    if (text.length > RECORD_LENGTH_MAX) {
      recordAt(text, 0, delimiter, number, true)
      throw tooLong(number)
    }
  }
  for (let from = 0; from < text.length; number++) {
    const found = recordAt(text, from, delimiter, number, true)
    if (found === null) return
    yield found.record
    from = found.next
  }
}

function tooLong (number: number): ListRefused {
  return new ListRefused('TOO_LARGE_UNPACKED', { en: `Record ${number} has too many columns or characters.`, zh: `第${number}条记录的列数或字数过多。` })
}

/** The record that begins at a place; null when the text ends before it does and more may follow. */
function recordAt (text: string, from: number, delimiter: Delimiter, number: number, at_end: boolean): { record: string[], next: number } | null {
  const record: string[] = []
  let at = from
  for (;;) {
    const found = fieldAt(text, at, delimiter)
    if (found === null) {
      if (!at_end) return null
      throw new ListRefused('DAMAGED', { en: `A quote that opens in record ${number} is never closed.`, zh: `第${number}条记录中的引号没有闭合。` })
    }
    const { field, next } = found
    if (next >= text.length && !at_end) return null
    if (record.push(field) > FIELDS_MAX) throw tooLong(number)
    at = next + 1
    if (text[next] === delimiter) continue
    if (text[next] !== '\r') return { record, next: at }
    if (at >= text.length && !at_end) return null
    return { record, next: text[at] === '\n' ? at + 1 : at }
  }
}

/** The field that begins at a place and where it ends; null when its quote does not close in this text. */
function fieldAt (text: string, from: number, delimiter: Delimiter): { field: string, next: number } | null {
  let at = from
  while (text[at] === ' ') at++
  let quoted = ''
  if (text[at] === '"') {
    let start = at + 1
    for (;;) {
      const quote = text.indexOf('"', start)
      if (quote < 0) return null
      quoted += text.slice(start, quote)
      if (text[quote + 1] !== '"') {
        at = quote + 1
        break
      }
      quoted += '"'
      start = quote + 2
    }
  } else at = from
  let next = at
  while (next < text.length && text[next] !== delimiter && text[next] !== '\n' && text[next] !== '\r') next++
  return { field: quoted + text.slice(at, next), next }
}

function rowOf (record: readonly string[], number: number): Row {
  const cells = new Map(record.flatMap((field, column) => field.trim() === '' ? [] : [[column, textCell(field)] as const]))
  return { number, hidden: false, cells }
}

/** The records as a sheet without a name; blank records stay, as rows without cells. Its rows are read anew each time they are gone through. */
export function sheetOfCsv (bytes: Uint8Array, encoding: Encoding, delimiter: Delimiter): Sheet {
  const rows = {
    * [Symbol.iterator] (): Generator<Row> {
      let number = 0
      for (const record of csvRecords(textOf(bytes, encoding), delimiter)) yield rowOf(record, ++number)
    }
  }
  return { name: null, hidden: false, rows, merges: [], epoch_1904: false }
}
