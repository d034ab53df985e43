/** From needs as sent to needs that can be placed: every mistake found, authorization chosen, rules judged, enterprise kept. */
import { newNo } from '../../clock.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { judgesEnterprise } from '../../policy/eligibility.ts'
import { isManufacturing } from '../../policy/identifiers.ts'
import { fenOf } from '../../policy/money.ts'
import { PURPOSE_NAMES, purposeCodeOf, type PurposeCode } from '../../policy/purposes.ts'
import { activeOfRole } from '../../registry/participants/store.ts'
import { policiesIn } from '../../registry/policies/service.ts'
import { overriddenAmong } from '../../registry/uscc-overrides/store.ts'
import { coveringOf, type Coverage } from '../authorizations/service.ts'
import { authorizationsByNo, authorizationsOf, collectedFrom, type Authorization } from '../authorizations/store.ts'
import { currentRegion, enterpriseFacts } from '../enterprises/facts.ts'
import { enterprisesFrom, upsertEnterprises, type EnterpriseFacts } from '../enterprises/store.ts'
import { codeMistakes, industryMistakes, mistake, projectCodeMistakes, type Mistake } from '../mistakes.ts'
import { projectsOf } from '../projects/store.ts'
import { judgeNeed } from './judging.ts'
import type { IntakeHooks } from '../hooks.ts'
import { householdOf } from './household.ts'
import type { Placing } from './placing.ts'
import type { NeedWishes } from './store.ts'
import type { BatchItem } from './schema.ts'
import type { NeedSource } from './kinds.ts'

export type SentNeed = BatchItem & { content_digest: string }
export type Preparation = { placing: Placing, mistakes: readonly [] } | { placing: null, mistakes: Mistake[] }

export const source_of_role: Readonly<Partial<Record<Principal['role'], NeedSource>>> = {
  PARK: 'PARK_BATCH', ENTERPRISE: 'ENTERPRISE_SELF', PARTNER_PLATFORM: 'PARTNER_PLATFORM'
}

/** Authorizations that the caller may lean on: those it names, and those it holds. */
interface Held { by_no: ReadonlyMap<string, Authorization>, by_uscc: ReadonlyMap<string, Authorization[]> }

async function heldBy (sql: ReadSql, principal: Principal, sent: readonly SentNeed[]): Promise<Held> {
  const by_no = await authorizationsByNo(sql, [...new Set(sent.flatMap(({ authorization_no }) => authorization_no ?? []))])
  const unnamed = [...new Set(sent.filter(one => one.authorization_no === undefined).map(({ uscc }) => uscc))]
  const held = principal.role === 'PARK' ? await collectedFrom(sql, principal.participant_no, unnamed)
    : principal.role === 'ENTERPRISE' && unnamed.length > 0 ? await authorizationsOf(sql, [principal.uscc]) : []
  return { by_no, by_uscc: Map.groupBy(held, ({ grantor_uscc }) => grantor_uscc) }
}

/** A park leans on what it collected, everybody on what the enterprise gave itself. */
function mayUse (principal: Principal, one: Authorization): boolean {
  return one.collector_no === null || one.collector_no === principal.participant_no || (principal.role === 'ENTERPRISE' && one.grantor_uscc === principal.uscc)
}

function authorizationMistake (reason: Exclude<Coverage, { found: Authorization }>['reason'], pointer: string): Mistake {
  if (reason === 'NOT_ACTIVE') {
    return mistake('authorization_not_active', pointer, 'AUTHORIZATION_NOT_ACTIVE', 'The authorization has expired, was withdrawn, or has not begun; get a new one',
      '授权已过期、已撤回或尚未生效，请重新取得授权')
  }
  if (reason === 'SCOPE_INSUFFICIENT') {
    return mistake('authorization_missing', pointer, 'SCOPE_INSUFFICIENT', 'The authorization does not cover FINANCING_NEED', '授权范围不含 FINANCING_NEED')
  }
  return mistake('authorization_missing', pointer, 'AUTHORIZATION_MISSING', 'No authorization of this enterprise for the caller; collect it first', '该企业未向调用方授权，请先取得授权')
}

interface KnownNames { parks: ReadonlySet<string>, banks: ReadonlySet<string>, overridden: ReadonlySet<string>, judges_enterprise: boolean }

function contentMistakes (principal: Principal, sent: SentNeed, known: KnownNames): Mistake[] {
  const { parks, overridden, judges_enterprise } = known
  const mistakes = codeMistakes(sent.uscc, '/uscc', overridden)
  if (sent.project_code !== undefined) mistakes.push(...projectCodeMistakes(sent.project_code, '/project_code'))
  if (fenOf(sent.amount) === 0) mistakes.push(mistake('rule_broken', '/amount', 'AMOUNT_NOT_POSITIVE', 'The amount has to be above zero', '金额必须大于零'))
  if (sent.industry_code !== undefined) {
    mistakes.push(...industryMistakes(sent.industry_code, '/industry_code'))
    if (judges_enterprise && isManufacturing(sent.industry_code) === false) {
      mistakes.push(mistake('rule_broken', '/industry_code', 'NOT_MANUFACTURING', 'The industry is outside manufacturing, C13 to C43 (E-01)', '行业不在制造业（C13—C43）范围内'))
    }
  }
  const { nearest_park, park_code } = sent
  const told = principal.role === 'PARK' ? nearest_park : nearest_park ?? park_code
  if (principal.role === 'PARK' ? nearest_park !== undefined || (park_code ?? principal.participant_no) !== principal.participant_no
    : (told !== undefined && !parks.has(told)) || (park_code ?? told) !== told) {
    mistakes.push(mistake('rule_broken', nearest_park === undefined ? '/park_code' : '/nearest_park', 'PARK_UNKNOWN', 'This is no park to which the enterprise could turn', '不是可就近申请的园区'))
  }
  mistakes.push(...sameFact(sent, 'purpose', 'purpose_text'), ...sameFact(sent, 'demand_date', 'expected_date'))
  if (purposeOf(sent) === null) {
    mistakes.push(mistake('invalid_request', '/purpose', 'MISSING_FIELD', 'One of purpose, purpose_text and purpose_code is needed', '请填写 purpose、purpose_text 或 purpose_code 之一'))
  }
  for (const [index, bank] of (sent.preferred_banks ?? []).entries()) {
    if (!known.banks.has(bank)) mistakes.push(mistake('rule_broken', `/preferred_banks/${index}`, 'BANK_UNKNOWN', 'This is no bank that takes part', '不是参与银行'))
  }
  return mistakes
}

/** The words for one fact under its two names. */
function sameFact (sent: SentNeed, one: 'purpose' | 'demand_date', other: 'purpose_text' | 'expected_date'): Mistake[] {
  if (sent[one] === undefined || sent[other] === undefined || sent[one] === sent[other]) return []
  return [mistake('rule_broken', `/${other}`, 'TWO_VALUES', `${one} and ${other} are the same fact and differ; send one of them`, `${one} 与 ${other} 为同一事项而取值不同，请只填其一`)]
}

/** Purpose in words and by code: the code alone suffices. */
function purposeOf ({ purpose, purpose_text, purpose_code }: SentNeed): { purpose_text: string, purpose_code: PurposeCode } | null {
  const text = purpose ?? purpose_text
  if (text !== undefined) return { purpose_text: text, purpose_code: purpose_code ?? purposeCodeOf(text) }
  return purpose_code === undefined ? null : { purpose_text: PURPOSE_NAMES[purpose_code], purpose_code }
}

/** What is told beyond the need itself; null when nothing is. */
function wishesOf ({ expected_rate_pct, collateral_offer, preferred_banks, existing_bank_debt }: SentNeed): NeedWishes | null {
  if ([expected_rate_pct, collateral_offer, preferred_banks, existing_bank_debt].every(one => one === undefined)) return null
  return {
    expected_rate_pct: expected_rate_pct ?? null, collateral_offer: collateral_offer ?? [], preferred_banks: preferred_banks ?? [],
    existing_bank_debt: existing_bank_debt ?? null
  }
}

/** What a door says now, over what it said before. */
function told (before: EnterpriseFacts | undefined, now: EnterpriseFacts): EnterpriseFacts {
  if (before === undefined) return now
  const filled = Object.fromEntries(Object.entries(now).filter(([, value]) => value !== null)) as Partial<EnterpriseFacts>
  return { ...before, ...filled, tags: now.tags.length > 0 ? now.tags : before.tags }
}

/**
 * Needs as one door sends them. Enterprises of the good ones are kept; nothing else is written.
 *
 * @returns for each need either what can be placed or every mistake
 */
export async function prepareNeeds (
  sql: WriteSql, now: string, principal: Principal, all: readonly SentNeed[], hooks: Pick<IntakeHooks, 'countedLimits'>
): Promise<Preparation[]> {
  const source = source_of_role[principal.role]
  if (source === undefined) throw new Error(`${principal.role} sends no needs`)
  const day = beijingDate(now)
  const usccs = [...new Set(all.map(({ uscc }) => uscc))]
  const held = await heldBy(sql, principal, all)
  const policies = await policiesIn(sql)
  const activeOf = async (role: 'PARK' | 'BANK', is_named: boolean): Promise<Set<string>> =>
    new Set(is_named ? (await activeOfRole(sql, role)).map(({ participant_no }) => participant_no) : [])
  const known_names: KnownNames = {
    judges_enterprise: judgesEnterprise(policies, day),
    overridden: await overriddenAmong(sql, usccs),
    parks: await activeOf('PARK', all.some(one => (one.nearest_park ?? one.park_code) !== undefined)),
    banks: await activeOf('BANK', all.some(one => one.preferred_banks !== undefined))
  }
  const householdRemarks = await householdOf(sql, usccs, day, policies, hooks)
  const before = await enterprisesFrom(sql, principal.participant_no, usccs)
  const projects = await projectsOf(sql, usccs)
  const enterprises: EnterpriseFacts[] = []
  const prepared = all.map((sent): Preparation => {
    const named = sent.authorization_no === undefined ? undefined : held.by_no.get(sent.authorization_no)
    const candidates = sent.authorization_no === undefined ? held.by_uscc.get(sent.uscc) ?? []
      : named !== undefined && named.grantor_uscc === sent.uscc && mayUse(principal, named) ? [named] : []
    const coverage = coveringOf(candidates, { day, scopes: ['FINANCING_NEED'] })
    const mistakes = contentMistakes(principal, sent, known_names)
    if (coverage.found === null) mistakes.push(authorizationMistake(coverage.reason, '/authorization_no'))
    const purpose = purposeOf(sent)
    if (coverage.found === null || purpose === null || mistakes.length > 0) return { placing: null, mistakes }
    const facts = enterpriseFacts({
      ...sent,
      name: sent.name ?? coverage.found.grantor_name,
      revenue_fen: sent.revenue === undefined ? null : fenOf(sent.revenue)
    }, principal.participant_no, day)
    enterprises.push(facts)
    const known = told(before.get(sent.uscc), facts)
    const need = {
      uscc: sent.uscc,
      project_code: sent.project_code ?? null,
      project_name: sent.project_name ?? null,
      purpose_code: purpose.purpose_code,
      wants_guarantee: sent.wants_guarantee ?? principal.role === 'PARK',
      is_green_loan: sent.is_green_loan ?? false
    }
    const judged = judgeNeed(day, need, known, need.project_code === null ? null : projects.get(`${sent.uscc}|${need.project_code}`) ?? null, policies)
    const remarks = [...householdRemarks(need, fenOf(sent.amount), known.tags) ?? [], ...judged.remarks ?? []]
    const site = sent.project_code?.slice(5, 11)
    return {
      mistakes: [],
      placing: {
        need_no: newNo('need'),
        participant_no: principal.participant_no,
        source,
        park_no: principal.role === 'PARK' ? principal.participant_no : sent.nearest_park ?? sent.park_code ?? null,
        ...need,
        region_code: site?.startsWith('50') === true ? currentRegion(site, day) : known.region_code,
        amount_fen: fenOf(sent.amount),
        term_months: sent.term_months,
        purpose_text: purpose.purpose_text,
        demand_date: sent.demand_date ?? sent.expected_date ?? null,
        wishes: wishesOf(sent),
        wants_lease: sent.wants_lease ?? false,
        ...judged,
        remarks: remarks.length === 0 ? null : remarks,
        tags: tagText(known.tags),
        authorization_no: coverage.found.authorization_no,
        reference: sent.reference ?? null,
        list_no: null,
        row_id: null,
        content_digest: sent.content_digest
      }
    }
  })
  await upsertEnterprises(sql, now, principal.participant_no, principal.role === 'ENTERPRISE', enterprises)
  return prepared
}

/** Titles as they are kept for screening. */
export function tagText (tags: readonly { tag: string }[]): string {
  return tags.length === 0 ? '' : `|${tags.map(({ tag }) => tag).join('|')}|`
}
