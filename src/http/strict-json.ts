/** JSON as it must be: UTF-8, each name once in its object, no NUL, no lone surrogate, no prototype names (D13). */
import { Problem, type ProblemItem } from '../problem.ts'
import { escapePointer } from './errors.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Needs a real string in the raw text before the slower walk is worth it. */
const worth_a_look = /\\u(0000|[dD][89a-fA-F])|__proto__|constructor/

/** Refuses a request for one thing or several; the first one is its detail. */
export function refused (...errors: readonly ProblemItem[]): Problem {
  const [first] = errors
  return new Problem('invalid_request', { errors, ...(first === undefined ? {} : { detail: first.message, detail_zh: first.message_zh }) })
}

const item = (code: string, message: string, message_zh: string, pointer = ''): ProblemItem => ({ pointer, code, message, message_zh })

/** Errors: invalid_request with every mistake of the text. */
export function parseStrictly (bytes: Buffer): unknown {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    throw refused(item('NOT_UTF8', 'The body is not UTF-8', '请求体不是有效的 UTF-8'))
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refused(item('NOT_JSON', 'The body is not JSON', '请求体不是有效的 JSON'))
  }
  const mistakes = [...membersWritten(text) === membersKept(value) ? [] : namesTwice(text), ...worth_a_look.test(text) ? textMistakes(value) : []]
  if (mistakes.length > 0) throw refused(...mistakes)
  return value
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a

/** Members of objects as the text has them: its colons outside strings. */
function membersWritten (text: string): number {
  let found = 0
  let in_string = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) in_string = !in_string
    else if (in_string && code === BACKSLASH) at++
    else if (!in_string && code === COLON) found++
  }
  return found
}

/** Members that are left: of those of one name in one object only the last. */
function membersKept (value: unknown): number {
  let kept = 0
  const waiting = [value]
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    if (typeof one !== 'object' || one === null) continue
    const members = Object.values(one)
    if (!Array.isArray(one)) kept += members.length
    for (const member of members) if (typeof member === 'object') waiting.push(member)
  }
  return kept
}

/** Where a name stands a second time in its object. */
function namesTwice (text: string): ProblemItem[] {
  const found: ProblemItem[] = []
  const inside: { names: Set<string> | null, part: string | number }[] = []
  let last = ''
  for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]/g)) {
    const here = inside.at(-1)
    if (token === '{') inside.push({ names: new Set(), part: '' })
    else if (token === '[') inside.push({ names: null, part: 0 })
    else if (token === '}' || token === ']') inside.pop()
    else if (token === ',' && typeof here?.part === 'number') here.part += 1
    else if (token === ':' && here !== undefined) {
      here.part = JSON.parse(last) as string
      if (here.names?.has(here.part) === true) {
        found.push(item('NAMED_TWICE', 'This field stands here twice; send it once', '该字段重复出现，请只填写一次',
          inside.map(({ part }) => `/${escapePointer(String(part))}`).join('')))
      }
      here.names?.add(here.part)
    }
    last = token
  }
  return found
}

/** Characters and names that are not taken. */
function textMistakes (value: unknown): ProblemItem[] {
  const found: ProblemItem[] = []
  const waiting: [string, unknown][] = [['', value]]
  const look = (pointer: string, text: string): void => {
    if (text.includes('\0')) found.push(item('NUL_CHARACTER', 'The text holds a NUL character', '文本含有空字符', pointer))
    if (!text.isWellFormed()) found.push(item('LONE_SURROGATE', 'The text holds half of a character (lone surrogate)', '文本含有不成对的代理字符', pointer))
  }
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    const [pointer, held] = one
    if (typeof held === 'string') look(pointer, held)
    if (typeof held !== 'object' || held === null) continue
    for (const [name, member] of Object.entries(held)) {
      const at = `${pointer}/${escapePointer(name)}`
      if (name === '__proto__' || name === 'constructor') found.push(item('UNKNOWN_FIELD', 'This field name is not allowed', '不允许的字段名', at))
      look(pointer, name)
      waiting.push([at, member])
    }
  }
  return found.toSorted((a, b) => a.pointer < b.pointer ? -1 : 1)
}
