import { SaxesParser, type SaxesOptions, type SaxesTagPlain } from 'saxes'
import { ListRefused } from './refusals.ts'

export type Tag = SaxesTagPlain
export type Parser = SaxesParser<SaxesOptions & { xmlns?: false }>

/** What a reader of one part wants to hear. Names come without their prefix. */
export interface XmlListener {
  open? (name: string, tag: Tag, parser: Parser): void
  close? (name: string, tag: Tag, parser: Parser): void
  text? (text: string): void
}

const CHUNK_BYTES = 65_536

function encodingOf (bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  return 'utf-8'
}

/** The part as text. @throws ListRefused DAMAGED when the bytes are no text of their encoding */
export function xmlText (bytes: Uint8Array, part: string): string {
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes)
  } catch {
    throw new ListRefused('DAMAGED', { en: `Part ${part} is not text.`, zh: `部件 ${part} 不是文本。` })
  }
}

/**
 * Walks through a part of a workbook, in pieces. Strict: malformed XML refuses the file, and so does a document type
 * declaration (no workbook has one; entities defined in it could swell without end).
 *
 * @param source bytes, or text when positions in it are needed
 */
export function walkXml (source: Uint8Array | string, part: string, listener: XmlListener): void {
  const parser: Parser = new SaxesParser({ xmlns: false, fileName: part })
  const fail = (en: string, zh: string): never => {
    throw new ListRefused('DAMAGED', { en: `Part ${part} ${en}.`, zh: `部件 ${part} ${zh}。` })
  }
  parser.on('error', () => fail('is not well-formed', '不是规范的 XML'))
  parser.on('doctype', () => fail('has a document type declaration', '含有文档类型声明（DOCTYPE）'))
  parser.on('opentag', (tag) => listener.open?.(localName(tag.name), tag, parser))
  parser.on('closetag', (tag) => listener.close?.(localName(tag.name), tag, parser))
  if (listener.text !== undefined) {
    const heard = listener.text.bind(listener)
    parser.on('text', heard)
    parser.on('cdata', heard)
  }
  if (typeof source === 'string') {
    parser.write(source).close()
    return
  }
  const decoder = new TextDecoder(encodingOf(source), { fatal: true })
  for (let at = 0; at < source.length; at += CHUNK_BYTES) {
    let text = ''
    try {
      text = decoder.decode(source.subarray(at, at + CHUNK_BYTES), { stream: at + CHUNK_BYTES < source.length })
    } catch {
      fail('is not text', '不是文本')
    }
    parser.write(text)
  }
  parser.close()
}

function localName (name: string): string {
  const colon = name.indexOf(':')
  return colon < 0 ? name : name.slice(colon + 1)
}

/** An attribute by its local name, whatever its prefix; null when absent. */
export function attribute (tag: Tag, name: string): string | null {
  const direct = tag.attributes[name]
  if (direct !== undefined) return direct
  for (const key of Object.keys(tag.attributes)) if (localName(key) === name) return tag.attributes[key] ?? null
  return null
}
