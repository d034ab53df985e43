/** From needs as sent to needs that can be placed: every mistake found, authorization chosen, rules judged, enterprise kept. */
import { newNo } from '../../clock.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { isManufacturing } from '../../policy/identifiers.ts'
import { fenOf } from '../../policy/money.ts'
import { purposeCodeOf } from '../../policy/purposes.ts'
import { listParticipants } from '../../registry/participants/store.ts'
import { policiesIn } from '../../registry/policies/service.ts'
import { overriddenAmong } from '../../registry/uscc-overrides/store.ts'
import { coveringOf, type Coverage } from '../authorizations/service.ts'
import { authorizationsByNo, authorizationsOf, collectedFrom, type Authorization } from '../authorizations/store.ts'
import { currentRegion, enterpriseFacts } from '../enterprises/facts.ts'
import { enterprisesFrom, upsertEnterprises, type EnterpriseFacts } from '../enterprises/store.ts'
import { codeMistakes, industryMistakes, mistake, projectCodeMistakes, type Mistake } from '../mistakes.ts'
import { projectsOf } from '../projects/store.ts'
import { judgeNeed } from './judging.ts'
import type { Placing } from './placing.ts'
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
    : principal.role === 'ENTERPRISE' && unnamed.length > 0 ? await authorizationsOf(sql, principal.uscc) : []
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

function contentMistakes (principal: Principal, sent: SentNeed, parks: ReadonlySet<string>, overridden: ReadonlySet<string>): Mistake[] {
  const mistakes = codeMistakes(sent.uscc, '/uscc', overridden)
  if (sent.project_code !== undefined) mistakes.push(...projectCodeMistakes(sent.project_code, '/project_code'))
  if (fenOf(sent.amount) === 0) mistakes.push(mistake('rule_broken', '/amount', 'AMOUNT_NOT_POSITIVE', 'The amount has to be above zero', '金额必须大于零'))
  if (sent.industry_code !== undefined) {
    mistakes.push(...industryMistakes(sent.industry_code, '/industry_code'))
    if (isManufacturing(sent.industry_code) === false) {
      mistakes.push(mistake('rule_broken', '/industry_code', 'NOT_MANUFACTURING', 'The industry is outside manufacturing, C13 to C43 (E-01)', '行业不在制造业（C13—C43）范围内'))
    }
  }
  if (sent.nearest_park !== undefined && (principal.role === 'PARK' || !parks.has(sent.nearest_park))) {
    mistakes.push(mistake('rule_broken', '/nearest_park', 'PARK_UNKNOWN', 'This is no park to which the enterprise could turn', '不是可就近申请的园区'))
  }
  return mistakes
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
export async function prepareNeeds (sql: WriteSql, now: string, principal: Principal, all: readonly SentNeed[]): Promise<Preparation[]> {
  const source = source_of_role[principal.role]
  if (source === undefined) throw new Error(`${principal.role} sends no needs`)
  const day = beijingDate(now)
  const usccs = [...new Set(all.map(({ uscc }) => uscc))]
  const held = await heldBy(sql, principal, all)
  const overridden = await overriddenAmong(sql, usccs)
  const parks = new Set(all.some(one => one.nearest_park !== undefined)
    ? (await listParticipants(sql, { roles: ['PARK'] })).filter(({ status }) => status === 'ACTIVE').map(({ participant_no }) => participant_no) : [])
  const before = await enterprisesFrom(sql, principal.participant_no, usccs)
  const projects = await projectsOf(sql, usccs)
  const policies = await policiesIn(sql)
  const enterprises: EnterpriseFacts[] = []
  const prepared = all.map((sent): Preparation => {
    const named = sent.authorization_no === undefined ? undefined : held.by_no.get(sent.authorization_no)
    const candidates = sent.authorization_no === undefined ? held.by_uscc.get(sent.uscc) ?? []
      : named !== undefined && named.grantor_uscc === sent.uscc && mayUse(principal, named) ? [named] : []
    const coverage = coveringOf(candidates, { day, scopes: ['FINANCING_NEED'] })
    const mistakes = contentMistakes(principal, sent, parks, overridden)
    if (coverage.found === null) mistakes.push(authorizationMistake(coverage.reason, '/authorization_no'))
    if (coverage.found === null || mistakes.length > 0) return { placing: null, mistakes }
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
      purpose_code: sent.purpose_code ?? purposeCodeOf(sent.purpose),
      wants_guarantee: sent.wants_guarantee ?? principal.role === 'PARK',
      is_green_loan: sent.is_green_loan ?? false
    }
    const site = sent.project_code?.slice(5, 11)
    return {
      mistakes: [],
      placing: {
        need_no: newNo('need'),
        participant_no: principal.participant_no,
        source,
        park_no: principal.role === 'PARK' ? principal.participant_no : sent.nearest_park ?? null,
        ...need,
        region_code: site?.startsWith('50') === true ? currentRegion(site, day) : known.region_code,
        amount_fen: fenOf(sent.amount),
        term_months: sent.term_months,
        purpose_text: sent.purpose,
        demand_date: sent.demand_date ?? null,
        wants_lease: sent.wants_lease ?? false,
        ...judgeNeed(day, need, known, need.project_code === null ? null : projects.get(`${sent.uscc}|${need.project_code}`) ?? null, policies),
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
