import { isRate, rateUnits, UNITS_PER_ONE } from './exact.ts'
import { pointed, type PointedFinding } from './findings.ts'
import { fenOf, isMoney } from './money.ts'
import { isDate } from './period.ts'
import { PARAMETERS } from './parameters.ts'

export { BUILT_IN_POLICIES } from './built-in-policies.ts'

export const POLICY_CODES = ['TECH_RENO_LOAN', 'PARK_TECH_GUARANTEE', 'FISCAL_FINANCE_LINKAGE'] as const
export type PolicyCode = typeof POLICY_CODES[number]

/** Percent and yuan as decimal strings, counts as whole numbers, readings as one of their listed words. */
export type Parameters = Readonly<Record<string, string | number>>

export interface Clause {
  readonly clause: string
  readonly clause_zh: string
}

/**
 * A policy as dated data: numbers and readings with the clause of every rule. Both days of force are inclusive;
 * `effective_to` null means open. Dates choose the version, formulas never ask for a year (R8).
 */
export interface PolicyVersion {
  readonly policy_code: PolicyCode
  readonly version: string
  readonly title: string
  readonly title_zh: string
  readonly effective_from: string
  readonly effective_to: string | null
  readonly parameters: Parameters
  readonly clauses: Readonly<Record<string, Clause>>
}

/** Which version an amount was computed with. */
export interface PolicyRef {
  readonly policy_code: PolicyCode
  readonly version: string
}

/** One step of a computation: before and after in yuan; the rule it obeys, with its clause. */
export interface TraceStep {
  readonly rule_id: string
  readonly clause: string
  readonly clause_zh: string
  readonly before: string
  readonly after: string
}

export function isInForce (policy: PolicyVersion, date: string): boolean {
  return policy.effective_from <= date && (policy.effective_to === null || date <= policy.effective_to)
}

/** The version in force on that day, or null. Where two overlap (a draft beside the stored one) the first in the list wins. */
export function termsOn (policies: readonly PolicyVersion[], policy_code: PolicyCode, date: string): PolicyVersion | null {
  return policies.find((policy) => policy.policy_code === policy_code && isInForce(policy, date)) ?? null
}

/**
 * The version in force, or else the one nearest in time: to name a policy even where it pays nothing.
 *
 * @throws RangeError when the list holds no version of that policy at all
 */
export function nearestTerms (policies: readonly PolicyVersion[], policy_code: PolicyCode, date: string): PolicyVersion {
  const own = policies.filter((policy) => policy.policy_code === policy_code)
  const current = termsOn(own, policy_code, date)
  if (current !== null) return current
  const byStart = [...own].sort((a, b) => (a.effective_from < b.effective_from ? -1 : 1))
  const nearest = byStart.findLast((policy) => policy.effective_from <= date) ?? byStart[0]
  if (nearest === undefined) throw new RangeError(`no version of ${policy_code}`)
  return nearest
}

/** The list with a draft put first, so that it decides on every day of its period. */
export function withDraft (policies: readonly PolicyVersion[], draft: PolicyVersion): PolicyVersion[] {
  return [draft, ...policies]
}

/** The same version under another reading or number: how alternative readings of §10 are computed side by side. */
export function withParameters (policy: PolicyVersion, changes: Parameters): PolicyVersion {
  return { ...policy, parameters: { ...policy.parameters, ...changes } }
}

function value (policy: PolicyVersion, name: string): string | number {
  const found = policy.parameters[name]
  if (found === undefined) throw new RangeError(`${policy.policy_code} ${policy.version} has no parameter ${name}`)
  return found
}

/** A percentage parameter in units of 0.000001 %. */
export function pctOf (policy: PolicyVersion, name: string): bigint {
  return rateUnits(String(value(policy, name)))
}

/** A yuan parameter in fen. */
export function fenParameter (policy: PolicyVersion, name: string): number {
  return fenOf(String(value(policy, name)))
}

/** A whole-number parameter. */
export function countOf (policy: PolicyVersion, name: string): number {
  const count = value(policy, name)
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) throw new RangeError(`${name} is no whole number`)
  return count
}

/** A day, or a word out of a closed list: the reading that is built. */
export function readingOf<T extends string> (policy: PolicyVersion, name: string, choices: readonly T[]): T {
  const word = value(policy, name)
  const choice = choices.find((one) => one === word)
  if (choice === undefined) throw new RangeError(`${name} is none of ${choices.join(', ')}: ${word}`)
  return choice
}

export function dateParameter (policy: PolicyVersion, name: string): string {
  const day = String(value(policy, name))
  if (!isDate(day)) throw new RangeError(`${name} is no day: ${day}`)
  return day
}

/** The clause of a rule in that version. A rule without a clause is a mistake of the data, not of the caller. */
export function clauseOf (policy: PolicyVersion, rule_id: string): Clause {
  const clause = policy.clauses[rule_id]
  if (clause === undefined) throw new RangeError(`${policy.policy_code} ${policy.version} names no clause for ${rule_id}`)
  return clause
}

/** Days, months, years and places: a larger number is a slip, and would keep a calendar counting. */
const COUNT_MAX = 1000

function checkValue (name: string, pointer: string, given: string | number | undefined, kind: string,
  choices: readonly string[]): PointedFinding[] {
  const text = typeof given === 'string' ? given : ''
  const right = kind === 'PCT' ? isRate(text) && rateUnits(text) <= UNITS_PER_ONE
    : kind === 'YUAN' ? isMoney(text)
      : kind === 'DATE' ? isDate(text)
        : kind === 'COUNT' ? typeof given === 'number' && Number.isSafeInteger(given) && given >= 0 && given <= COUNT_MAX
          : choices.includes(text)
  if (right) return []
  const wanted = kind === 'CHOICE' ? choices.join(' | ') : { PCT: 'a percentage as text, at most 100 ("2.5")', YUAN: 'yuan as text ("10000000.00")',
    DATE: 'a day ("2026-01-12")', COUNT: `a whole number up to ${COUNT_MAX}` }[kind] ?? kind
  return [pointed(pointer, 'parameter_invalid', `${name} must be ${wanted}`, `参数 ${name} 应为 ${wanted}`)]
}

/** Whether parameters are complete, known and of the right form for that policy; every mistake is listed. */
export function checkParameters (policy_code: PolicyCode, parameters: Parameters): PointedFinding[] {
  const known = PARAMETERS[policy_code]
  const findings: PointedFinding[] = []
  for (const name of Object.keys(parameters)) {
    if (known[name] === undefined) findings.push(pointed(`/parameters/${name}`, 'parameter_unknown', `${policy_code} has no parameter ${name}`,
      `${policy_code} 没有参数 ${name}`))
  }
  for (const [name, parameter] of Object.entries(known)) {
    const choices = parameter.kind === 'CHOICE' ? parameter.choices : []
    findings.push(...checkValue(name, `/parameters/${name}`, parameters[name], parameter.kind, choices))
  }
  if (findings.length > 0) return findings
  // A group of one is an enterprise: with less nothing would be hidden.
  if (typeof parameters.suppression_min_group === 'number' && parameters.suppression_min_group < 2) {
    return [pointed('/parameters/suppression_min_group', 'parameter_invalid', 'suppression_min_group must be at least 2', '参数 suppression_min_group 不得小于 2')]
  }
  return WHOLES.filter(whole => whole.policy_code === policy_code).flatMap(({ prefix, meaning, meaning_zh }) => {
    const parts = Object.keys(known).filter(name => name.startsWith(prefix) && name.endsWith('_pct'))
    if (parts.reduce((sum, name) => sum + rateUnits(String(parameters[name])), 0n) === UNITS_PER_ONE) return []
    return [pointed(`/parameters/${parts[0] ?? prefix}`, 'parameter_invalid', `${meaning} must sum to 100: ${parts.join(', ')}`, `${meaning_zh}之和应为 100`)]
  })
}

/** Percentages that are the parts of one whole. */
const WHOLES = [
  { policy_code: 'PARK_TECH_GUARANTEE', prefix: 'share_', meaning: 'the risk shares', meaning_zh: '风险分担比例' },
  { policy_code: 'PARK_TECH_GUARANTEE', prefix: 'fiscal_', meaning: 'the parts of the fiscal share', meaning_zh: '财政分担内部比例' },
  { policy_code: 'TECH_RENO_LOAN', prefix: 'ranking_', meaning: 'the weights of the race', meaning_zh: '赛马评价权重' }
] as const

/** Whether two versions of one policy are in force on a common day. */
export function periodsOverlap (a: PolicyVersion, b: PolicyVersion): boolean {
  return a.policy_code === b.policy_code && (a.effective_to === null || b.effective_from <= a.effective_to) &&
    (b.effective_to === null || a.effective_from <= b.effective_to)
}

/**
 * Whether a candidate may stand beside the confirmed versions: own number, sound period, no common day with another
 * version of the same policy, complete parameters, a clause for every rule the confirmed versions cite.
 * Codes: version_exists, period_reversed, period_overlap, parameter_unknown, parameter_invalid, clause_missing.
 */
export function checkNewVersion (existing: readonly PolicyVersion[], candidate: PolicyVersion): PointedFinding[] {
  const own = existing.filter((policy) => policy.policy_code === candidate.policy_code)
  const findings: PointedFinding[] = []
  if (own.some((policy) => policy.version === candidate.version)) {
    findings.push(pointed('/version', 'version_exists', `${candidate.policy_code} already has a version ${candidate.version}`,
      `${candidate.policy_code} 已有版本 ${candidate.version}`))
  }
  if (!isDate(candidate.effective_from)) {
    findings.push(pointed('/effective_from', 'parameter_invalid', 'effective_from must be a day', '生效日期应为真实日期'))
  }
  if (candidate.effective_to !== null && !isDate(candidate.effective_to)) {
    findings.push(pointed('/effective_to', 'parameter_invalid', 'effective_to must be a day or null', '失效日期应为真实日期或空'))
  }
  if (candidate.effective_to !== null && candidate.effective_to < candidate.effective_from) {
    findings.push(pointed('/effective_to', 'period_reversed', 'the version ends before it starts', '失效日期早于生效日期'))
  }
  for (const policy of own.filter((one) => one.version !== candidate.version && periodsOverlap(one, candidate))) {
    findings.push(pointed('/effective_from', 'period_overlap',
      `version ${policy.version} is in force ${policy.effective_from} to ${policy.effective_to ?? 'open end'}; two versions cannot hold on one day`,
      `版本 ${policy.version} 的有效期为 ${policy.effective_from} 至 ${policy.effective_to ?? '长期'}；同一天不能有两个版本生效`))
  }
  findings.push(...checkParameters(candidate.policy_code, candidate.parameters))
  for (const rule_id of new Set(own.flatMap((policy) => Object.keys(policy.clauses)))) {
    if (candidate.clauses[rule_id] === undefined) findings.push(pointed(`/clauses/${rule_id}`, 'clause_missing', `rule ${rule_id} needs its clause`,
      `规则 ${rule_id} 缺少条款依据`))
  }
  return findings
}
