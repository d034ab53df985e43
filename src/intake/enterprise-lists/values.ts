import { FEN_MAX } from '../../policy/money.ts'
import { isDate } from '../../policy/period.ts'
import { tagsNamed } from '../../policy/tags.ts'
import { dateOfSerial, type Cell } from './cells.ts'

/** Zero-width, direction and other invisible marks, soft hyphen. */
const INVISIBLE = /[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/gu
const BLANKS = /[\s\p{Zs}\p{Cc}]+/gu

/** Text as it was meant: ="…" and a leading apostrophe unwrapped, invisible marks out, blanks of every kind one space. */
export function tidied (text: string): string {
  const visible = text.toWellFormed().replace(INVISIBLE, '').replace(BLANKS, ' ').trim()
  const wrapped = /^=\s*"(.*)"$/u.exec(visible)
  return (wrapped?.[1]?.replaceAll('""', '"') ?? visible).replace(/^['‘’]\s*(?=.)/u, '').trim()
}

/** The same for reading figures and codes: NFKC as well, no blanks at all. */
export function compact (text: string): string {
  return tidied(text).normalize('NFKC').replace(BLANKS, '')
}

/** Full-width letters and figures made narrow; Chinese punctuation stays. */
export function prose (text: string): string {
  return tidied(text).replace(/[０-９Ａ-Ｚａ-ｚ]+/gu, (wide) => wide.normalize('NFKC'))
}

/** A name: NFKC (brackets too), no blanks next to Chinese characters. */
export function nameOf (text: string): string {
  return tidied(text).normalize('NFKC').replace(/\s+/gu, ' ')
    .replace(/ (?=[\p{sc=Han}()])|(?<=[\p{sc=Han}()]) /gu, '').trim()
}

/** What two spellings of one name have in common. */
export function nameKey (text: string): string {
  return compact(text).toUpperCase()
}

// ── amounts ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Units of money and their power of ten; longer words first. */
const MONEY_UNITS: readonly (readonly [word: string, power: number])[] = [
  ['千万元', 7], ['百万元', 6], ['十万元', 5], ['亿元', 8], ['万元', 4], ['千元', 3], ['千万', 7], ['百万', 6], ['亿', 8], ['万', 4], ['元', 0]
]

export function moneyPower (unit: string): number | null {
  return MONEY_UNITS.find(([word]) => word === unit)?.[1] ?? null
}

const MONEY_WORDS = MONEY_UNITS.map(([word]) => word).join('|')
const FOREIGN = /美元|美金|港元|港币|欧元|日元|英镑|USD|HKD|EUR|JPY|GBP|\$|€|£/iu
const UNIT_IN_WORDS = new RegExp(
  `人民币(${MONEY_WORDS})|^(${MONEY_WORDS})$|[(/:_,、-](?:RMB|CNY)?(${MONEY_WORDS})(?:$|[)/,、;])|(?:金额|额度|需求|收入)(${MONEY_WORDS})$`, 'iu'
)

/**
 * The unit of money written in a head, a format or a line like “单位：万元”. Only where it stands as a unit: in brackets,
 * after a slash or colon, or alone; null when none. FOREIGN for another currency.
 */
export function moneyUnitIn (text: string): string | null {
  const plain = compact(text)
  if (FOREIGN.test(plain)) return 'FOREIGN'
  const match = UNIT_IN_WORDS.exec(plain)
  if (match !== null) return match[1] ?? match[2] ?? match[3] ?? match[4] ?? null
  return /[(/:：_]?(?:CNY|YUAN|RMB元)[)]?$/iu.test(plain) ? '元' : null
}

export type AmountReading =
  | { fen: number, rounded: boolean, unit_known: true }
  | { fault: 'AMOUNT_UNREADABLE' | 'AMOUNT_NOT_POSITIVE' | 'AMOUNT_TOO_FINE' | 'AMOUNT_TOO_LARGE' }
  | { unit_known: false }

const AMOUNT = new RegExp(`^(?:人民币|RMB|CNY)?[¥]?([+-])?[¥]?(\\d{1,3}(?:,\\d{3})+|\\d+)(?:\\.(\\d+))?(${MONEY_WORDS})?(?:整|人民币)?$`, 'iu')
const DIGITS_MAX = 40

/**
 * An amount of a cell. The unit comes from the cell (its text, or the words of its number format), else from the column.
 *
 * @param unit of the column or the sheet; null when neither says one
 * @returns whole fen; `rounded` when a fraction of a fen was dropped; `unit_known: false` for a bare figure without any unit
 */
export function amountOf (cell: Cell, unit: string | null, zero_allowed = false): AmountReading {
  if (cell.kind === 'NUMBER' && /e/iu.test(cell.text)) return { fault: 'AMOUNT_TOO_LARGE' }
  const match = cell.kind === 'TEXT' || cell.kind === 'NUMBER' ? AMOUNT.exec(compact(cell.text)) : null
  if (match === null) return { fault: 'AMOUNT_UNREADABLE' }
  const whole = (match[2] ?? '').replaceAll(',', '')
  const fraction = match[3] ?? ''
  if (whole.length + fraction.length > DIGITS_MAX) return { fault: 'AMOUNT_TOO_LARGE' }
  const shown = match[4] ?? (cell.format === null ? null : moneyUnitIn(cell.format.unit)) ?? unit
  const units = BigInt(whole + fraction)
  if (match[1] === '-' || (units === 0n && !zero_allowed)) return { fault: 'AMOUNT_NOT_POSITIVE' }
  const power = shown === null ? null : moneyPower(shown)
  if (power === null) return { unit_known: false }
  const shift = power + 2 - (match[4] === undefined ? cell.format?.scale ?? 0 : 0) - fraction.length
  return rounded(units, shift)
}

function rounded (units: bigint, shift: number): AmountReading {
  const numerator = shift > 0 ? units * 10n ** BigInt(shift) : units
  const denominator = shift < 0 ? 10n ** BigInt(-shift) : 1n
  const rest = numerator % denominator
  if (rest * 2n === denominator) return { fault: 'AMOUNT_TOO_FINE' }
  const fen = numerator / denominator + (rest * 2n > denominator ? 1n : 0n)
  if (fen > BigInt(FEN_MAX)) return { fault: 'AMOUNT_TOO_LARGE' }
  if (fen === 0n && units > 0n) return { fault: 'AMOUNT_TOO_FINE' }
  return { fen: Number(fen), rounded: rest !== 0n, unit_known: true }
}

// ── terms ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

const CHINESE_DIGITS = '零一二三四五六七八九'

/** 三 → 3, 十二 → 12, 两 → 2, 二十四 → 24; null for anything else up to 99. */
function chineseNumber (text: string): number | null {
  const plain = text.replaceAll('两', '二').replaceAll('〇', '零')
  const match = /^([一二三四五六七八九])?(十)?([一二三四五六七八九零])?$/u.exec(plain)
  if (match === null || plain === '' || (match[2] === undefined && plain.length > 1)) return null
  const ones = CHINESE_DIGITS.indexOf(match[3] ?? (match[2] === undefined ? match[1] ?? '零' : '零'))
  return match[2] === undefined ? ones : (match[1] === undefined ? 1 : CHINESE_DIGITS.indexOf(match[1])) * 10 + ones
}

/** The unit of a term in a head or format: 月, 年, or null. 期限（月） yes, 年利率 no. */
export function termUnitIn (text: string): '月' | '年' | null {
  const plain = compact(text)
  if (/(?:^|[(/:：_,、，])(?:单位[:：])?(?:个)?月(?:$|[)/,、，;；])|月数|months?\)?$/iu.test(plain)) return '月'
  if (/(?:^|[(/:：_,、，])(?:单位[:：])?年(?:$|[)/,、，;；])|年限|年数|years?\)?$/iu.test(plain)) return '年'
  return null
}

export type TermReading = { months: number } | { fault: 'TERM_UNREADABLE' | 'TERM_OUT_OF_RANGE' } | { unit_known: false }

export const TERM_MONTHS_MAX = 600
const FIGURE = '(\\d+(?:\\.\\d+)?|[一二两三四五六七八九十〇零]+)'

function figure (text: string | undefined): number | null {
  if (text === undefined) return null
  return /^\d/u.test(text) ? Number(text) : chineseNumber(text)
}

/**
 * A term in whole months: 36, 36个月, 3年, 三年, 1.5 (years), 一年半, 1年6个月.
 *
 * @param unit of the column, for bare figures
 */
export function termOf (cell: Cell, unit: '月' | '年' | null): TermReading {
  if (cell.kind !== 'TEXT' && cell.kind !== 'NUMBER') return { fault: 'TERM_UNREADABLE' }
  const text = compact(cell.text).replace(/期$/u, '').toLowerCase()
  if (text === '半年') return { months: 6 }
  const own = cell.format === null ? null : termUnitIn(cell.format.unit)
  const bare = new RegExp(`^${FIGURE}$`, 'u').exec(text)
  const months = new RegExp(`^${FIGURE}(?:个月|月|months?|m)$`, 'u').exec(text)
  const years = new RegExp(`^${FIGURE}(?:年|周年|years?|y)(?:(半)|${FIGURE}个?月)?$`, 'u').exec(text)
  let value: number | null = null
  if (months !== null) value = figure(months[1])
  else if (years !== null) {
    const whole = figure(years[1])
    const more = years[2] === undefined ? (years[3] === undefined ? 0 : figure(years[3])) : 6
    value = whole === null || more === null ? null : whole * 12 + more
  } else if (bare !== null) {
    const shown = own ?? unit
    if (shown === null) return { unit_known: false }
    const read = figure(bare[1])
    value = read === null ? null : shown === '年' ? read * 12 : read
  }
  if (value === null) return { fault: /^-\d/u.test(text) ? 'TERM_OUT_OF_RANGE' : 'TERM_UNREADABLE' }
  const whole = Math.round(value)
  if (Math.abs(whole - value) > 1e-9) return { fault: 'TERM_UNREADABLE' }
  return whole >= 1 && whole <= TERM_MONTHS_MAX ? { months: whole } : { fault: 'TERM_OUT_OF_RANGE' }
}

// ── dates, consent, contacts ───────────────────────────────────────────────────────────────────────────────────────────

const SERIAL_FIRST = 20_000
const SERIAL_LAST = 80_000
/** Year, month and day in figures; a time of day may follow. */
const DAY = /^(\d{4})(?:(\d{2})(\d{2})|\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?)(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$/u

function chineseYear (text: string): string {
  return text.replace(/[〇零一二三四五六七八九]{4}(?=年)/u, (year) => [...year].map((digit) => CHINESE_DIGITS.indexOf(digit === '〇' ? '零' : digit)).join(''))
    .replace(/([一二三四五六七八九十]{1,3})(?=[月日号])/gu, (word) => String(chineseNumber(word) ?? word))
}

/** A day of a cell, ISO; null when it is none of the calendar or not a full one. A serial number counts by the sheet's epoch. */
export function dateOf (cell: Cell, epoch_1904: boolean): string | null {
  if (cell.kind === 'DATE') return isDate(cell.text) ? cell.text : null
  if (cell.kind !== 'TEXT' && cell.kind !== 'NUMBER') return null
  const text = chineseYear(tidied(cell.text).normalize('NFKC').replace(/\s+/gu, ' '))
  const serial = /^\d{5}(\.\d+)?$/u.test(text) ? Number(text) : 0
  if (serial >= SERIAL_FIRST && serial <= SERIAL_LAST) return dateOfSerial(serial, epoch_1904)
  const match = DAY.exec(text)
  if (match === null) return null
  const date = `${match[1]}-${(match[2] ?? match[4] ?? '').padStart(2, '0')}-${(match[3] ?? match[5] ?? '').padStart(2, '0')}`
  return isDate(date) ? date : null
}

const CONSENT_WORDS: ReadonlySet<string> = new Set(['是', '已授权', '同意', '已同意', '已签', '已签署', '√', '✓', 'Y', 'YES', 'TRUE', '1'])

/** Consent in so many words; anything else, blank too, is none. */
export function isConsent (text: string): boolean {
  return CONSENT_WORDS.has(compact(text).toUpperCase())
}

/** “张三 13800000000” → name and phone. */
export function contactOf (text: string): { name: string | null, phone: string | null } {
  const plain = prose(text).normalize('NFKC')
  const phone = /(?<![\d-])(?:\+?86[- ]?)?(1\d{10}|0\d{2,3}[- ]?\d{7,8}(?:-\d{1,6})?|\d{7,8})(?![\d-])/u.exec(plain)
  const name = (phone === null ? plain : plain.replace(phone[0], ' ')).replace(/^[\s,，、/:：;；()（）]+|[\s,，、/:：;；()（）]+$/gu, '')
  return { name: name === '' ? null : name, phone: phone?.[1] ?? null }
}

/** Qualifications of a cell: the titles of policy/tags by their codes, others as written. 无, 否, / mean none; 非… is no title. */
export function qualificationsOf (text: string): string[] {
  const words = tidied(text).normalize('NFKC').split(/[,、;/|+]|和|及/u).map((word) => word.trim())
  const found = words.filter((word) => word !== '' && !/^(?:无|否|没有|暂无|-+)$/u.test(word)).flatMap((word): string[] => {
    const tags = /^(?:非|不|未|无)/u.test(word) ? [] : tagsNamed(word)
    return tags.length > 0 ? tags : [word]
  })
  return [...new Set(found)]
}

/** A whole number of people. */
export function countOf (cell: Cell): number | null {
  const match = /^(\d{1,3}(?:,\d{3})+|\d{1,7})(?:\.0+)?人?$/u.exec(cell.kind === 'NUMBER' || cell.kind === 'TEXT' ? compact(cell.text) : '')
  return match === null ? null : Number(match[1]?.replaceAll(',', ''))
}
