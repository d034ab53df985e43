import { normaliseIndustryCode } from './identifiers.ts'
import { INDUSTRY_NAMES } from './industries.ts'

/** 规上工业企业: at least 20 million yuan of revenue a year, as the state's statistics of industry count since 2011. */
export const LARGER_ENTERPRISE = { revenue_min_fen: 2_000_000_000 } as const

const plain = (text: string): string => text.normalize('NFKC').replace(/\s+/gu, '').toUpperCase()

/** Names of the standard with their shortest code, with and without the closing 业. */
const CODES_BY_NAME: ReadonlyMap<string, string> = new Map(
  [...INDUSTRY_NAMES].toReversed().flatMap(([code, name]) => [[plain(name), code], [plain(name).replace(/业$/u, ''), code]] as [string, string][])
)

/**
 * Beginnings of the industry codes that a consortium supports: from codes ("C36", "3670") or names of the standard ("汽车制造业"). What is
 * neither, such as the name of a cluster, stands for no code and is left out.
 *
 * Source: S1 四(一)(二): 支持行业, 聚焦主导产业; GB/T 4754-2017.
 */
export function industryPrefixes (texts: readonly string[]): string[] {
  const found = texts.flatMap(text => {
    const digits = /^[A-T]?(\d{2,4})(?!\d)/u.exec(plain(text))?.[1]
    const prefix = digits !== undefined && normaliseIndustryCode(text) !== null ? digits : CODES_BY_NAME.get(plain(text))
    return prefix === undefined ? [] : [prefix]
  })
  return [...new Set(found)].sort()
}

/** Whether an enterprise's industry lies within one of the prefixes. */
export function isOfIndustries (industry_code: string, prefixes: readonly string[]): boolean {
  const digits = /^[A-T]?(\d{2,4})/u.exec(plain(industry_code))?.[1] ?? ''
  return prefixes.some(prefix => digits.startsWith(prefix))
}
