import type { NumberFormat } from './cells.ts'

const BUILT_IN_DATES: ReadonlySet<number> = new Set([
  14, 15, 16, 17, 18, 19, 20, 21, 22, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 45, 46, 47, 50, 51, 52, 53, 54, 55, 56, 57, 58
])
const PLAIN: NumberFormat = { is_date: false, unit: '', scale: 0 }
const DATE: NumberFormat = { is_date: true, unit: '', scale: 0 }

/** Quoted words, escaped characters and bare Chinese of a format's first section. */
function literals (section: string): string {
  let words = ''
  for (const match of section.matchAll(/"([^"]*)"|[\\!](.)|([\u3400-\u9fff]+)/gu)) words += match[1] ?? match[2] ?? match[3] ?? ''
  return words
}

/**
 * Powers of ten between what is stored and what is shown. `0.0,` shows thousands; `0!.0,` (a point written as a literal)
 * is the usual way to show 3000000 as 300.0 万.
 */
function scaleOf (section: string): number {
  const code = section.replace(/[\\!]\.|"\."/gu, '|').replace(/"[^"]*"|[\\!]./gu, '')
  const commas = /[0#?](,+)(?![0#?,|])/u.exec(code)?.[1]?.length ?? 0
  const faked = /\|([0#?]+)/u.exec(code)?.[1]?.length ?? 0
  return commas * 3 + faked
}

function parsed (code: string): NumberFormat {
  const section = code.match(/^(?:"[^"]*"|\\.|[^;"\\])*/u)?.[0] ?? ''
  const open = section.replace(/"[^"]*"|\\.|!.|\[(?!h+\]|m+\]|s+\])[^\]]*\]|_.|\*./giu, '')
  if (/[ymdhs]/iu.test(open.replace(/general/giu, '')) && !/[#?]/u.test(open)) return DATE
  return { is_date: false, unit: literals(section), scale: scaleOf(section) }
}

/**
 * Number formats by the index that a cell's style names.
 *
 * @param codes custom formats by id
 * @param ids format id of each cell style, in order
 */
export function formatsOf (codes: ReadonlyMap<number, string>, ids: readonly number[]): NumberFormat[] {
  const known = new Map<number, NumberFormat>()
  return ids.map((id) => {
    const before = known.get(id)
    if (before !== undefined) return before
    const code = codes.get(id)
    const format = code === undefined ? (BUILT_IN_DATES.has(id) ? DATE : PLAIN) : parsed(code)
    known.set(id, format)
    return format
  })
}
