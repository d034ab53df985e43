/** Values that stand in one participant's data only, and the search for them in everything that reaches another. */
import { gunzipSync } from 'node:zlib'
import { zipEntries } from '../../oversight/unpacked.ts'

/** Who may be told a value; the words say what it is. */
export interface Canary { value: string, label: string, readers: ReadonlySet<string> }

/** Everything of a request that its sender knew already, and everything of the answer that reaches it. */
export interface Seen { who: string, sent: string, received: string | Buffer, where: string }
export interface Leak { where: string, who: string, label: string, value: string }

/** Tokens that can be canaries: planted texts, numbers of the hub, digits of accounts and phones, amounts, codes. */
const tokens = /cnry\d{4}q|[a-z]{2,14}_[0-9A-HJKMNP-TV-Z]{26}|\d+\.\d{2}(?!\d)|(?<![\d.])\d{9,20}(?![\d.])|9\d{7}[0-9A-Z]{10}|(?<![0-9a-f])[0-9a-f]{32}(?:[0-9a-f]{32})?(?![0-9a-f])|示范用户[a-z0-9-]+/g
/** What may be base64: cursors above all. */
const packed = /[A-Za-z0-9_-]{24,}={0,2}/g

export class Canaries {
  readonly #by_value = new Map<string, Canary>()
  #planted = 0

  /** A text that stands nowhere else. */
  text (label: string, readers: Iterable<string>): string {
    const value = `cnry${String(++this.#planted).padStart(4, '0')}q`
    this.learn(value, label, readers)
    return value
  }

  /** An amount near one given, with fen that stand nowhere else. */
  amount (label: string, readers: Iterable<string>, about_yuan: number): string {
    this.#planted++
    const value = `${about_yuan + 1000 + this.#planted * 13}.${String((this.#planted * 37) % 90 + 10)}`
    this.learn(value, label, readers)
    return value
  }

  /** Digits that stand nowhere else, e.g. of a phone or an account. */
  digits (label: string, readers: Iterable<string>, head: string, length: number): string {
    const value = head + String(++this.#planted * 7919).padStart(length - head.length, '0').slice(-(length - head.length))
    this.learn(value, label, readers)
    return value
  }

  /** A value that came about by itself, such as a number of the hub. Named again, it may be told to more. */
  learn (value: string, label: string, readers: Iterable<string>): void {
    const known = this.#by_value.get(value)
    this.#by_value.set(value, { value, label: known?.label ?? label, readers: new Set([...known?.readers ?? [], ...readers]) })
  }

  /** Who said something knows it from then on. */
  told (text: string, who: string): void {
    for (const value of candidatesIn(text)) if (this.#by_value.has(value)) this.learn(value, '', [who])
  }

  get size (): number {
    return this.#by_value.size
  }

  /** Every value that its receiver may not be told and did not send itself. */
  leaks ({ who, sent, received, where }: Seen): Leak[] {
    const found = new Map<string, Leak>()
    for (const text of textsOf(received)) {
      for (const value of candidatesIn(text)) {
        const canary = this.#by_value.get(value)
        if (canary === undefined || canary.readers.has(who) || found.has(value) || sent.includes(value)) continue
        found.set(value, { where, who, label: canary.label, value })
      }
    }
    return [...found.values()]
  }

  /** Values of the planted kind that stand in a text nobody in particular reads, such as a log. */
  shownIn (text: string, isSecret: (canary: Canary) => boolean): Canary[] {
    return [...new Set(candidatesIn(text))].flatMap(value => this.#by_value.get(value) ?? []).filter(isSecret)
  }
}

function candidatesIn (text: string): string[] {
  const found: string[] = [...text.match(tokens) ?? []]
  for (const each of text.match(packed) ?? []) {
    const opened = Buffer.from(each, 'base64url').toString()
    if (/^[\x20-\x7e]{8,}$/.test(opened)) found.push(...opened.match(tokens) ?? [])
  }
  return found
}

/** The texts of an answer: itself, or what a zip or gzip holds, at any depth. */
export function textsOf (received: string | Buffer): string[] {
  if (typeof received === 'string') return [received]
  if (received.subarray(0, 2).toString('latin1') === 'PK') return [...zipEntries(received).entries()].flatMap(([name, text]) => [name, text])
  if (received[0] === 0x1f && received[1] === 0x8b) return textsOf(gunzipSync(received))
  return [received.toString()]
}
