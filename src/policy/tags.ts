import { isDate } from './period.ts'

export const TAGS = ['SRDI_SME', 'LITTLE_GIANT', 'HIGH_TECH', 'TECH_SME', 'INNOVATIVE_SME', 'UNICORN', 'POTENTIAL_UNICORN', 'GAZELLE'] as const
export type Tag = typeof TAGS[number]

/** The five titles that raise the household limit (S1 二(二)); the others only earn a better rate (S2 (十四)). */
export const LIMIT_TAGS: readonly Tag[] = ['SRDI_SME', 'LITTLE_GIANT', 'HIGH_TECH', 'TECH_SME', 'INNOVATIVE_SME']

/** A title of an enterprise; titles expire. DECLARED: named by a park, no certificate seen yet. */
export interface HeldTag {
  readonly tag: Tag
  readonly basis: 'CERTIFICATE' | 'DECLARED'
  readonly valid_from: string | null
  /** the first day it no longer holds; null: open */
  readonly valid_to: string | null
}

/** Words that name a title, longer ones before those they contain. Published with the list template. */
export const TAG_WORDS: readonly (readonly [word: string, tag: Tag])[] = [
  ['小巨人', 'LITTLE_GIANT'],
  ['潜在独角兽', 'POTENTIAL_UNICORN'],
  ['独角兽', 'UNICORN'],
  ['瞪羚', 'GAZELLE'],
  ['高新技术企业', 'HIGH_TECH'],
  ['国家高新', 'HIGH_TECH'],
  ['高企', 'HIGH_TECH'],
  ['科技型中小企业', 'TECH_SME'],
  ['科技型企业', 'TECH_SME'],
  ['科小', 'TECH_SME'],
  ['创新型中小企业', 'INNOVATIVE_SME'],
  ['专精特新', 'SRDI_SME']
]

/** Titles named in a text, each once. "专精特新“小巨人”企业" is the higher title alone. */
export function tagsNamed (text: string): Tag[] {
  let rest = text.normalize('NFKC').replace(/[\s“”"'‘’]+/gu, '').toUpperCase().replace('专精特新小巨人', '小巨人')
  const found: Tag[] = []
  for (const [word, tag] of TAG_WORDS) {
    if (!rest.includes(word)) continue
    rest = rest.replaceAll(word, ' ')
    if (!found.includes(tag)) found.push(tag)
  }
  for (const tag of TAGS) {
    if (rest.split(/[^A-Z_]+/u).includes(tag) && !found.includes(tag)) found.push(tag)
  }
  return found
}

/** Whether one of the five titles holds on that day. */
export function hasLimitTag (tags: readonly HeldTag[], date: string): boolean {
  if (!isDate(date)) throw new RangeError(`not a calendar day: ${date}`)
  return tags.some(({ tag, valid_from, valid_to }) => LIMIT_TAGS.includes(tag) && (valid_from === null || valid_from <= date) && (valid_to === null || date < valid_to))
}
