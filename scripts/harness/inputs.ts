/** Values for a fuzzer, out of JSON schemas: right ones, ones at the edge, and ones just beside it. Everything follows from the seed. */

export interface Schema {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  properties?: Record<string, Schema>
  patternProperties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  minItems?: number
  maxItems?: number
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  pattern?: string
  examples?: unknown[]
}

/** A seeded sequence of choices. */
export interface Dice {
  /** from 0 up to 1 */
  next (): number
  below (n: number): number
  chance (share: number): boolean
  pick<T> (from: readonly T[]): T
}

export function dice (seed: number): Dice {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6D2B79F5) >>> 0
    let mixed = Math.imul(state ^ state >>> 15, 1 | state)
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed
    return ((mixed ^ mixed >>> 14) >>> 0) / 4294967296
  }
  const below = (n: number): number => Math.floor(next() * n)
  return { next, below, chance: share => next() < share, pick: from => from[below(from.length)] as (typeof from)[number] }
}

const odd_strings = ['', ' ', '　', '0', 'null', '重庆', '𠮷野家', '👩‍👩‍👧', 'e\u0301', '\u202Eevil', 'ﬀ', 'İ', "'; drop table leads; --", '<script>', '../../etc/passwd', '%00', '=1+1',
  '\u0000', '\ud800', '\u200B', '1e400', '-0', 'NaN', '[object Object]', '\n', 'a\tb', '１２３', '\uFEFF', '\uFFFF', '%s%n', '__proto__']
const odd_numbers = [-1, 0, 1, 0.1, 2 ** 31, 2 ** 53, 2 ** 63, -(2 ** 53), 1e21, 1e308, -1e308, 5e-324, 99999]
const days = ['2026-03-18', '2026-01-12', '2024-06-09', '2024-06-08', '2027-12-31', '2028-01-01', '2024-02-29', '2029-03-18', '2026-06-21', '2025-12-06', '2026-03-19', '2024-07-01']
const odd_days = ['2026-02-29', '2026-02-31', '0000-01-01', '0001-01-01', '9999-12-31', '1900-01-01', '2026-13-01', '2026-00-10', '2100-01-01']
const instants = ['2026-03-18T09:30:00+08:00', '2026-03-18T01:30:00Z', '2024-06-09T00:00:00+08:00', '2026-03-17T23:59:59.999999999+14:00', '2027-01-01T00:00:00-12:00']
const odd_instants = ['2026-03-18T24:00:00Z', '2026-03-18T09:30:60Z', '9999-12-31T23:59:59Z', '0000-01-01T00:00:00Z', '2026-03-18T09:30:00', '2026-02-30T09:30:00Z', '0001-01-01T00:00:00+14:00',
  '9999-12-31T23:59:59-14:00']
const money = ['0.00', '0.01', '1.00', '300.00', '9999.99', '10000.00', '3000000.00', '5000000.00', '10000000.00', '1000000000.00', '1000000000.01', '9999999999999.99']
const rates = ['0', '0.000001', '1', '2.00', '3.60', '4.35', '24', '100', '100.000001', '999.999999']
const ulid_letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** What is known by the name of a field: numbers and codes seen in earlier answers. */
export type Known = Map<string, string[]>

export interface Inputs {
  /** A value the schema allows, mostly. */
  make (schema: Schema, name: string): unknown
  /** An example with its numbers and codes exchanged for known ones. */
  vary (example: unknown, name: string): unknown
  /** The value with one place made wrong or extreme. */
  spoil (value: unknown): unknown
  oddString (): string
}

const depth_max = 12
const known_share = 0.8
const singular = (name: string): string => name.replace(/_nos$/, '_no')

export function inputs (random: Dice, schemas: Record<string, Schema>, known: Known): Inputs {
  const { below, chance, pick } = random
  let fresh = 0

  function resolve (schema: Schema): Schema {
    const name = schema.$ref?.split('/').at(-1)
    return name === undefined ? schema : schemas[name] ?? {}
  }

  function knownValue (name: string): string | undefined {
    const values = known.get(singular(name))
    return values === undefined || values.length === 0 || !chance(known_share) ? undefined : pick(values)
  }

  function text ({ pattern = '', minLength = 0, maxLength = 40, examples }: Schema, name: string): string {
    const seen = knownValue(name)
    if (seen !== undefined) return seen
    const numbered = /^\^(\w+_)\[0-9A-HJKMNP-TV-Z\]\{26\}\$$/.exec(pattern)?.[1]
    if (numbered !== undefined) return `${numbered}01${Array.from({ length: 24 }, () => ulid_letters.charAt(below(32))).join('')}`
    if (pattern.includes('T\\d{2}')) return pick(chance(0.9) ? instants : odd_instants)
    if (pattern.startsWith('^\\d{4}-\\d{2}-\\d{2}$')) return pick(chance(0.9) ? days : odd_days)
    if (pattern.includes('\\d{1,13}\\.')) return pick(money)
    if (pattern === '^\\d{1,3}(\\.\\d{1,6})?$') return pick(rates)
    if (name.endsWith('_no') && chance(0.5)) return `N-${fresh++}`
    const example = examples?.[0]
    if (typeof example === 'string' && chance(0.8)) return example
    if (/^\^?\[\^/.test(pattern) && chance(0.1)) return pick(odd_strings)
    const length = pick([minLength, Math.min(minLength + 1, maxLength), Math.min(maxLength, 20), Math.min(maxLength, 2000)])
    return pick(['a', '渝', '7', '𠮷']).repeat(length).slice(0, length)
  }

  function make (given: Schema, name: string, depth = 0): unknown {
    const schema = resolve(given)
    if (schema.const !== undefined) return schema.const
    if (schema.enum !== undefined) return pick(schema.enum)
    const choices = schema.oneOf ?? schema.anyOf
    if (choices !== undefined) return make(pick(choices), name, depth + 1)
    const type = Array.isArray(schema.type) ? pick(schema.type) : schema.type
    switch (type) {
      case 'null': return null
      case 'boolean': return chance(0.5)
      case 'integer':
      case 'number': {
        const { minimum = 0, maximum = 1_000_000 } = schema
        return pick([minimum, maximum, minimum + below(Math.min(100, maximum - minimum + 1)), minimum + below(maximum - minimum + 1)])
      }
      case 'array': {
        const { minItems = 0, maxItems = 3 } = schema
        const length = Math.min(maxItems, minItems + below(4))
        return Array.from({ length }, () => make(schema.items ?? {}, name, depth + 1))
      }
      case 'object': {
        const made: Record<string, unknown> = {}
        for (const [field, member] of Object.entries(schema.properties ?? {})) {
          if (schema.required?.includes(field) === true || (depth < depth_max && chance(0.4))) made[field] = make(member, field, depth + 1)
        }
        for (const member of Object.values(schema.patternProperties ?? {})) made[pick(['2026', '2025', 'a'])] = make(member, name, depth + 1)
        return made
      }
      default: return text(schema, name)
    }
  }

  function vary (example: unknown, name: string): unknown {
    if (typeof example === 'string') return knownValue(name) ?? (name.endsWith('_no') && chance(0.3) ? `${example.slice(0, 20)}-${fresh++}` : example)
    if (Array.isArray(example)) return example.map(member => vary(member, name))
    if (typeof example === 'object' && example !== null) return Object.fromEntries(Object.entries(example).map(([field, member]) => [field, vary(member, field)]))
    return example
  }

  function wrong (value: unknown): unknown {
    switch (below(9)) {
      case 0: return null
      case 1: return pick(odd_strings)
      case 2: return pick(odd_numbers)
      case 3: return pick<unknown>([[], {}, true, false, [[]], [null], { a: 1 }])
      case 4: return pick([...days, ...odd_days, ...instants, ...odd_instants])
      case 5: return pick([...money, ...rates, '-1.00', '1.005', '01.00', '1,000.00', '99999999999999.99'])
      case 6: return typeof value === 'string' ? value + pick(['', ' ', '\u0000', 'x'.repeat(5000), '\ud800', '中', '\n']) : String(value)
      case 7: return Array.isArray(value) ? [...value, ...value] : [value]
      default: return typeof value === 'string' ? value.slice(0, below(value.length + 1)) : pick(odd_numbers)
    }
  }

  function spoil (value: unknown): unknown {
    if (Array.isArray(value) && value.length > 0 && chance(0.85)) {
      const place = below(value.length)
      return value.map((member: unknown, index) => index === place ? spoil(member) : member)
    }
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && chance(0.95)) {
      const fields = Object.keys(value)
      const field = fields.length === 0 ? undefined : pick(fields)
      if (field === undefined || chance(0.07)) return { ...value, [pick(['extra', 'Amount', '', '名称', 'toString', 'constructor'])]: pick<unknown>([1, 'x', null, {}]) }
      if (chance(0.1)) return Object.fromEntries(Object.entries(value).filter(([each]) => each !== field))
      return Object.fromEntries(Object.entries(value).map(([each, member]: [string, unknown]) => [each, each === field ? spoil(member) : member]))
    }
    return wrong(value)
  }

  return { make, vary, spoil, oddString: () => pick(odd_strings) }
}
