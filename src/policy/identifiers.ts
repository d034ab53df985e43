import type { Finding } from './findings.ts'
import { INDUSTRY_NAMES } from './industries.ts'
import { regionsEver, type Region } from './regions.ts'

/** A finding about a code; a WARNING is a remark, never a reason to refuse. */
export interface IdentifierFinding extends Finding {
  readonly severity: 'ERROR' | 'WARNING'
}

function wrong (code: string, message: string, message_zh: string, severity: 'ERROR' | 'WARNING' = 'ERROR'): IdentifierFinding {
  return { code, rule_id: null, message, message_zh, severity }
}

/** Blanks, zero-width and other invisible characters, hyphens of every kind, tabs. */
const NOISE = /[\s\u00ad\u180e\u200b-\u200f\u2010-\u2015\u2028-\u202f\u205f-\u2064\u2212\ufe58\ufe63\ufeff\uff0d-]+/gu

/** Text as people and spreadsheets write it, unwrapped: leading apostrophe, ="…", NFKC. */
function unwrapped (text: string): string {
  const plain = text.normalize('NFKC').replace(NOISE, '')
  const quoted = /^=?["“](.*)["”]$/u.exec(plain)
  return (quoted?.[1] ?? plain).replace(/^['‘’`]/u, '')
}

// ── unified social credit code, GB 32100-2015 ──────────────────────────────────────────────────────────────────────────

const USCC_ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY'
const USCC_WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]
const ORGANISATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2]

/** The code as typed, cleaned: NFKC, blanks and hyphens out, upper case. Nothing is repaired: O stays O, I stays I. */
export function normaliseUscc (text: string): string {
  return unwrapped(text).toUpperCase()
}

function usccCheckCharacter (first17: string): string {
  let sum = 0
  for (const [index, weight] of USCC_WEIGHTS.entries()) sum += USCC_ALPHABET.indexOf(first17.charAt(index)) * weight
  return USCC_ALPHABET.charAt((31 - (sum % 31)) % 31)
}

function organisationCheckCharacter (first8: string): string {
  let sum = 0
  for (const [index, weight] of ORGANISATION_WEIGHTS.entries()) sum += Number.parseInt(first8.charAt(index), 36) * weight
  const check = 11 - (sum % 11)
  return check === 10 ? 'X' : check === 11 ? '0' : String(check)
}

/**
 * What is wrong with a credit code (already normalised): alphabet, length, check character; a broken inner organisation
 * code is only a warning. No finding: the code is right.
 *
 * @param is_overridden two persons of the operator have recorded that this code exists: its check character only warns
 * Source: GB 32100-2015; GB 11714 for characters 9–17.
 */
export function checkUscc (code: string, is_overridden = false): IdentifierFinding[] {
  if (/^\d(\.\d+)?E\+?\d+$/u.test(code)) {
    return [wrong('USCC_SCIENTIFIC', 'The spreadsheet turned the code into a number and lost digits; format the column as text and type the code again.',
      '表格软件把代码转成了科学计数，末位数字已丢失；请将该列设为文本格式后重新填写。')]
  }
  const findings: IdentifierFinding[] = []
  const strange = [...code].filter((character) => !USCC_ALPHABET.includes(character))
  if (strange.length > 0) {
    findings.push(wrong('USCC_CHARSET', `The code holds characters that never occur in one (${strange.slice(0, 3).join(' ')}); it has digits and capital letters without I O S V Z.`,
      `代码含有不可能出现的字符（${strange.slice(0, 3).join(' ')}）；只能是数字和除 I、O、S、V、Z 以外的大写字母。`))
  }
  if ([...code].length !== 18) {
    findings.push(wrong('USCC_LENGTH', `The code has ${[...code].length} characters instead of 18; copy it from the business licence.`,
      `代码为 ${[...code].length} 位，应为 18 位；请按营业执照填写。`))
  }
  if (findings.length > 0) return findings
  if (!/^.{2}\d{6}/u.test(code)) {
    return [wrong('USCC_CHARSET', 'Characters 3 to 8 are the region and must be digits.', '第 3 至 8 位为行政区划码，必须是数字。')]
  }
  if (usccCheckCharacter(code) !== code.charAt(17)) {
    if (is_overridden) {
      return [wrong('USCC_OVERRIDDEN', 'The check character does not fit; the operator has recorded that this code really exists.',
        '校验码不符；平台运营方已登记该代码真实存在。', 'WARNING')]
    }
    return [wrong('USCC_CHECK_DIGIT', 'The check character does not fit: one character is wrong or two are swapped; compare with the business licence.',
      '校验码不符：有一位写错或两位颠倒；请与营业执照核对。')]
  }
  if (organisationCheckCharacter(code.slice(8, 16)) !== code.charAt(16)) {
    return [wrong('USCC_ORGANISATION_CODE',
      'The organisation code inside (characters 9 to 17) has an unusual check character; compare with the licence.',
      '其中的主体标识码（第 9 至 17 位）校验位异常；请与营业执照核对。', 'WARNING')]
  }
  return findings
}

/** Whether nothing forbids the code; warnings are no reason. */
export function isUscc (code: string): boolean {
  return checkUscc(code).every((one) => one.severity === 'WARNING')
}

export interface UsccRegion {
  readonly region_code: string
  /** 50xxxx */
  readonly is_chongqing: boolean
  /** everything in Chongqing that ever had this code, the current one first; abolished districts stay valid here */
  readonly regions: readonly Region[]
}

/** Registration region inside a credit code; null when the six characters are no digits. */
export function usccRegion (uscc: string): UsccRegion | null {
  const region_code = uscc.slice(2, 8)
  if (!/^\d{6}$/u.test(region_code)) return null
  return { region_code, is_chongqing: region_code.startsWith('50'), regions: regionsEver(region_code) }
}

// ── project code, GB/T 40058-2021 ──────────────────────────────────────────────────────────────────────────────────────

/** NFKC, blanks out, every dash a hyphen, upper case. */
export function normaliseProjectCode (text: string): string {
  return text.normalize('NFKC').replace(/[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]/gu, '-').replace(/[\s\u200b-\u200f\u2060\ufeff]+/gu, '').toUpperCase()
}

/** Whether it has the form of a project code; what has not names no project. */
export function hasProjectCodeForm (code: string): boolean {
  return /^\d{4}-\d{6}-\d{2}-\d{2}-\d{6}$/u.test(code)
}

/**
 * What is wrong with a project code (24 characters with its hyphens). The algorithm of its last digit is not public, so
 * only the form and the time group are judged; another department or kind than 07-02 is a warning.
 *
 * Source: GB/T 40058-2021; 发改投资〔2020〕1439号.
 */
export function checkProjectCode (code: string): IdentifierFinding[] {
  const match = /^(\d{2})(\d{2})-(\d{2})\d{4}-(\d{2}-\d{2})-\d{6}$/u.exec(code)
  if (match === null) {
    return [wrong('PROJECT_CODE_INVALID', 'A project code reads like 2604-500120-07-02-123456 (24 characters); copy it from the filing certificate.',
      '项目代码形如 2604-500120-07-02-123456（共 24 位）；请按备案证填写。')]
  }
  const century = Number(match[1])
  const second = Number(match[2])
  const yearAndMonth = second >= 1 && second <= 12
  const oldStyleYear = century === 20 && second >= 13 && second <= 20
  if (!yearAndMonth && !oldStyleYear) {
    return [wrong('PROJECT_CODE_INVALID', `The first group ${match[1]}${match[2]} is neither year and month nor an old year; copy it from the filing certificate.`,
      `首段 ${match[1]}${match[2]} 既不是年月也不是旧式年份；请按备案证填写。`)]
  }
  const findings: IdentifierFinding[] = []
  if (match[3] !== '50') {
    findings.push(wrong('PROJECT_CODE_REGION', 'The project was filed outside Chongqing; check the code.', '项目代码的行政区划不在重庆；请核对。', 'WARNING'))
  }
  if (match[4] !== '07-02') {
    findings.push(wrong('PROJECT_CODE_KIND',
      `Technical renovation usually carries 07-02, this code says ${match[4]}; make sure it is a renovation project.`,
      `技术改造项目一般为 07-02，此代码为 ${match[4]}；请确认属于技改（含改扩建）项目。`, 'WARNING'))
  }
  return findings
}

// ── bank codes and accounts ────────────────────────────────────────────────────────────────────────────────────────────

/** CNAPS number of a branch: 12 digits, the last by ISO 7064 MOD 11,10. */
export function checkCnaps (code: string): IdentifierFinding[] {
  const bad = (message: string, message_zh: string): IdentifierFinding[] => [wrong('CNAPS_INVALID', message, message_zh)]
  if (!/^\d{12}$/u.test(code)) return bad('A CNAPS number has 12 digits; ask the opening branch.', '联行号应为 12 位数字；请向开户行核对。')
  let product = 10
  for (const digit of code.slice(0, 11)) {
    const sum = (product + Number(digit)) % 10 || 10
    product = (sum * 2) % 11
  }
  if ((11 - product) % 10 === Number(code.charAt(11))) return []
  return bad('The check digit of the CNAPS number does not fit; ask the opening branch.', '联行号校验位不符；请向开户行核对。')
}

export function normaliseAccountNo (text: string): string {
  return unwrapped(text)
}

function passesLuhn (digits: string): boolean {
  let sum = 0
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits.charAt(digits.length - 1 - index))
    const doubled = index % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

/** An account of an enterprise (already normalised): 8 to 32 digits; a number that looks like a personal card is refused. */
export function checkAccountNo (account_no: string): IdentifierFinding[] {
  if (!/^\d{8,32}$/u.test(account_no)) {
    return [wrong('ACCOUNT_NO_INVALID', 'An account number has 8 to 32 digits; copy it from the account permit.', '账号应为 8 至 32 位数字；请按开户许可证填写。')]
  }
  if (/^62\d{14,17}$/u.test(account_no) && passesLuhn(account_no)) {
    return [wrong('ACCOUNT_NOT_CORPORATE',
      'This looks like a personal bank card; the subsidy goes to an account of the enterprise only (S2 (13)).',
      '该号码疑似个人银行卡；贴息资金只能拨付至企业账户（渝经信规范〔2024〕11号（十三））。')]
  }
  return []
}

// ── industry, GB/T 4754-2017 ───────────────────────────────────────────────────────────────────────────────────────────

/** Division numbers of the sections of GB/T 4754-2017, first and last. */
const SECTIONS: Readonly<Record<string, readonly [number, number]>> = {
  A: [1, 5], B: [6, 12], C: [13, 43], D: [44, 46], E: [47, 50], F: [51, 52], G: [53, 60], H: [61, 62], I: [63, 65], J: [66, 69],
  K: [70, 70], L: [71, 72], M: [73, 75], N: [76, 79], O: [80, 82], P: [83, 83], Q: [84, 85], R: [86, 90], S: [91, 96], T: [97, 97]
}

/**
 * Four digits of an industry code written as C36, C367, C3670, 3670 or "C3670 汽车零部件及配件制造"; null when unreadable or
 * when letter and digits contradict each other.
 */
export function normaliseIndustryCode (text: string): string | null {
  const match = /^([A-T]?)(\d{2,4})(?!\d)/u.exec(text.normalize('NFKC').replace(/[\s\u200b]+/gu, '').toUpperCase())
  if (match === null) return null
  const letter = match[1] ?? ''
  const digits = match[2] ?? ''
  const division = Number(digits.slice(0, 2))
  if (division < 1 || division > 97) return null
  const section = SECTIONS[letter]
  if (section !== undefined && (division < section[0] || division > section[1])) return null
  return digits.padEnd(4, '0')
}

/** Divisions 13…43 are manufacturing; software (65) is not. null: the text is no industry code. */
export function isManufacturing (code: string): boolean | null {
  const digits = normaliseIndustryCode(code)
  if (digits === null) return null
  const division = Number(digits.slice(0, 2))
  return division >= 13 && division <= 43
}

/** Name of a manufacturing division, group or class; null when the standard has no such code. */
export function industryName (code: string): string | null {
  const digits = normaliseIndustryCode(code)
  if (digits === null) return null
  return INDUSTRY_NAMES.get(digits) ?? INDUSTRY_NAMES.get(digits.replace(/0$/u, '')) ?? INDUSTRY_NAMES.get(digits.replace(/00$/u, '')) ?? null
}
