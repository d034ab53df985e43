import { hash } from 'node:crypto'

/** How deep a value may nest; deeper is a bug of the caller (or a cycle), not a document. */
const DEPTH_MAX = 256

/** No character that JSON escapes, and no surrogate. */
const is_plain = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/

function text (value: string): string {
  if (is_plain.test(value)) return `"${value}"`
  if (!value.isWellFormed()) throw new TypeError('canonical: a string holds a lone surrogate')
  return JSON.stringify(value)
}

function array (value: readonly unknown[], depth: number): string {
  let out = '['
  for (let i = 0; i < value.length; i++) out += (i === 0 ? '' : ',') + render(value[i], depth)
  return out + ']'
}

const few = 24

/** For the handful of members that objects have, this takes half of the time that `sort` does. */
function sorted (keys: string[]): string[] {
  if (keys.length > few) return keys.sort()
  for (let end = 1; end < keys.length; end++) {
    const key = keys[end] as string
    let place = end
    for (; place > 0 && key < (keys[place - 1] as string); place--) keys[place] = keys[place - 1] as string
    keys[place] = key
  }
  return keys
}

function object (value: object, depth: number): string {
  const proto: unknown = Object.getPrototypeOf(value)
  if (proto !== Object.prototype && proto !== null) throw new TypeError('canonical: only plain objects and arrays have a canonical form')
  // The default order compares UTF-16 code units, which is the order RFC 8785 §3.2.3 asks for.
  const keys = sorted(Object.keys(value))
  const record = value as Record<string, unknown>
  let out = '{'
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string
    out += (i === 0 ? '' : ',') + text(key) + ':' + render(record[key], depth)
  }
  return out + '}'
}

function render (value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string': return text(value)
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`canonical: ${value} has no JSON form`)
      return JSON.stringify(value)
    case 'boolean': return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      if (depth >= DEPTH_MAX) throw new RangeError(`canonical: nested deeper than ${DEPTH_MAX}`)
      return Array.isArray(value) ? array(value, depth + 1) : object(value, depth + 1)
    default: throw new TypeError(`canonical: ${typeof value} has no JSON form`)
  }
}

/**
 * The one text of a JSON value: keys sorted by UTF-16 code unit, no blanks, numbers as ECMAScript writes them.
 *
 * @param value plain objects, arrays, strings, finite numbers, booleans, null
 * @throws TypeError on what JSON cannot say: undefined (also as a member or a hole), NaN, infinities, bigint, symbols,
 *   functions, lone surrogates, class instances such as Date; RangeError on nesting deeper than 256
 * Source: RFC 8785.
 */
export function canonical (value: unknown): string {
  return render(value, 0)
}

/** SHA-256 as 64 lower-case hex digits; a string is hashed as its UTF-8 bytes. */
export function sha256Hex (bytes: string | Uint8Array): string {
  return hash('sha256', bytes, 'hex')
}

/** SHA-256 hex of the canonical text: equal for two values exactly when they say the same thing. */
export function digestOf (value: unknown): string {
  return sha256Hex(canonical(value))
}
