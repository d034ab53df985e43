/** Projects: what each door says, the one merged row, the library entry with its two reviews. */
import { digestOf } from '../../db/canonical.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import { personOf, type Principal, type Role } from '../../http/access.ts'
import { append } from '../../journal/events.ts'
import { beijingDate, endOfBeijingDay } from '../../policy/calendar.ts'
import type { Finding } from '../../policy/findings.ts'
import { allowed } from '../../policy/lifecycle.ts'
import { normaliseIndustryCode } from '../../policy/identifiers.ts'
import { fenOf } from '../../policy/money.ts'
import { notFound, Problem, stateConflict } from '../../problem.ts'
import { parksPairedWith } from '../../registry/consortia/store.ts'
import { overriddenAmong } from '../../registry/uscc-overrides/store.ts'
import { coveringOf } from '../authorizations/service.ts'
import type { RecipientClass } from '../authorizations/kinds.ts'
import { authorizationsOf } from '../authorizations/store.ts'
import { enterpriseParticipants } from '../enterprises/store.ts'
import type { IntakeHooks } from '../hooks.ts'
import { codeMistakes, industryMistakes, mistake, projectCodeMistakes, refuseIfAny, type Mistake } from '../mistakes.ts'
import type { ImportedProject, LibraryDecision, NewProject, ProjectImport, ProjectImportAnswer } from './schema.ts'
import {
  advanceLibraryEntry, findProject, keepProject, keepProjectSource, NO_FACTS, projectSources, projectsWithCode,
  type LibraryEntry, type Project, type ProjectFacts, type ProjectSource, type Review
} from './store.ts'

const authorities: ReadonlySet<Role> = new Set(['MEIC', 'DISTRICT_MEIC', 'PLATFORM_OPERATOR'])
/** Facts that move on by themselves: sending them anew is no contradiction. */
const moving: ReadonlySet<keyof ProjectFacts> = new Set(['stage', 'start_date', 'planned_completion_date'])

type SentFacts = Omit<NewProject, 'correction' | 'owner_uscc'>

function factsFrom (sent: SentFacts): ProjectFacts {
  const money = (text: string | undefined): number | null => text === undefined ? null : fenOf(text)
  return {
    name: sent.name,
    nature: sent.nature ?? null,
    construction_site_region: sent.construction_site_region ?? null,
    filing_authority: sent.filing_authority ?? null,
    filing_no: sent.filing_no ?? null,
    filing_date: sent.filing_date ?? null,
    total_investment_fen: money(sent.total_investment),
    land_cost_fen: money(sent.land_cost),
    equipment_cost_fen: money(sent.equipment_cost),
    software_cost_fen: money(sent.software_cost),
    network_cost_fen: money(sent.network_cost),
    civil_works_cost_fen: money(sent.civil_works_cost),
    start_date: sent.start_date ?? null,
    planned_completion_date: sent.planned_completion_date ?? null,
    stage: sent.stage ?? null,
    cluster_33618_code: sent.cluster_33618_code ?? null,
    industry_code: sent.industry_code === undefined ? null : normaliseIndustryCode(sent.industry_code),
    received_investment_grant: sent.received_investment_grant ?? null
  }
}

function contentMistakes (owner_uscc: string, sent: SentFacts, overridden: ReadonlySet<string>): Mistake[] {
  const mistakes = [...codeMistakes(owner_uscc, '/owner_uscc', overridden), ...projectCodeMistakes(sent.project_code, '/project_code')]
  const { total_investment, land_cost, start_date, planned_completion_date, industry_code } = sent
  if (industry_code !== undefined) mistakes.push(...industryMistakes(industry_code, '/industry_code'))
  if (total_investment !== undefined && land_cost !== undefined && fenOf(land_cost) > fenOf(total_investment)) {
    mistakes.push(mistake('land_over_amount', '/land_cost', 'LAND_OVER_AMOUNT', 'The land cost exceeds the total investment', '土地费用超过总投资'))
  }
  if (start_date !== undefined && planned_completion_date !== undefined && planned_completion_date < start_date) {
    mistakes.push(mistake('period_reversed', '/planned_completion_date', 'PERIOD_REVERSED', 'Completion lies before the start', '计划完工早于开工'))
  }
  return mistakes
}

function rankOf ({ source_role }: ProjectSource): number {
  return authorities.has(source_role) ? 0 : source_role === 'ENTERPRISE' ? 1 : 2
}

/** One row from all doors: an authority's word before the enterprise's, that before a park's, the earlier park before the later. */
export function mergedFacts (sources: readonly ProjectSource[]): ProjectFacts {
  const merged: ProjectFacts = { ...NO_FACTS }
  const ordered = sources.map((source, place) => ({ source, place })).sort((a, b) => rankOf(a.source) - rankOf(b.source) || a.place - b.place)
  for (const { source } of ordered.toReversed()) {
    for (const [name, value] of Object.entries(source.facts)) {
      if (value !== null) Object.assign(merged, { [name]: value })
    }
  }
  return merged
}

/** What a door says anew over what it said; names of the facts that contradict. */
function overEarlier (before: ProjectFacts, now: ProjectFacts): { facts: ProjectFacts, contradicted: string[] } {
  const facts: ProjectFacts = { ...before }
  const contradicted: string[] = []
  for (const name of Object.keys(now) as (keyof ProjectFacts)[]) {
    const value = now[name]
    if (value === null) continue
    if (before[name] !== null && before[name] !== value && !moving.has(name)) contradicted.push(name)
    Object.assign(facts, { [name]: value })
  }
  return { facts, contradicted }
}

type Kept = { outcome: 'CREATED' | 'CHANGED' | 'UNCHANGED', project: Project, own: ProjectSource }

async function keepFacts (
  sql: WriteSql, now: string, principal: Principal, owner_uscc: string, sent: SentFacts, may_contradict: boolean, hooks: IntakeHooks
): Promise<Kept> {
  const { project_code } = sent
  const sources = await projectSources(sql, owner_uscc, project_code)
  const earlier = sources.find(({ source_no }) => source_no === principal.participant_no)
  const known = await findProject(sql, owner_uscc, project_code)
  const said = factsFrom(sent)
  const { facts, contradicted } = earlier === undefined ? { facts: said, contradicted: [] } : overEarlier(earlier.facts, said)
  const content_digest = digestOf({ ...facts })
  if (earlier !== undefined && known !== undefined && earlier.content_digest === content_digest) return { outcome: 'UNCHANGED', project: known, own: earlier }
  if (contradicted.length > 0 && !may_contradict) {
    throw new Problem('duplicate_key', {
      detail: 'You have sent this project with other facts; send correction: true if they are to change',
      detail_zh: '此前已报送该项目且内容不同；如需更正请携带 correction: true',
      errors: contradicted.map(name => ({
        pointer: `/${name.replace(/_fen$/, '')}`, code: 'OTHER_CONTENT', message: 'Differs from what was sent before', message_zh: '与此前报送不一致'
      }))
    })
  }
  const own: ProjectSource = {
    owner_uscc, project_code, source_no: principal.participant_no, source_role: principal.role, facts, content_digest, created_at: earlier?.created_at ?? now, updated_at: now
  }
  await keepProjectSource(sql, own)
  const project = await keepProject(sql, now, owner_uscc, project_code, mergedFacts([...sources.filter(one => one !== earlier), own]))
  const outcome = earlier === undefined ? 'CREATED' : 'CHANGED'
  const enterprise = (await enterpriseParticipants(sql, [owner_uscc])).get(owner_uscc)
  await append(sql, now, {
    type: outcome === 'CREATED' ? 'project.submitted' : 'project.changed', subject: project_code, actor: principal,
    audience: [principal.participant_no, ...(enterprise === undefined ? [] : [enterprise])], data: {}
  })
  await hooks.onProjectChange(sql, now, owner_uscc, project_code)
  return { outcome, project, own }
}

/** A project as one door may see it: merged with what others know, or only its own words. */
function seenBy (project: Project, own: ProjectSource | undefined, merged: boolean): Project | undefined {
  if (merged) return project
  return own === undefined ? undefined : { ...project, ...own.facts, created_at: own.created_at }
}

/**
 * A door describes a project. Facts it sent before do not change without `correction`; what is new is added.
 *
 * Errors: duplicate_key, uscc_check_digit, project_code_invalid, land_over_amount, period_reversed.
 */
export async function submitProject (
  sql: WriteSql, now: string, principal: Principal, { correction, owner_uscc: named, ...sent }: NewProject, hooks: IntakeHooks
): Promise<{ project: Project, created: boolean }> {
  if (principal.role === 'ENTERPRISE' && named !== undefined && named !== principal.uscc) {
    throw new Problem('role_not_allowed', { detail: 'An enterprise describes its own projects only', detail_zh: '企业只能报送本企业项目' })
  }
  const owner_uscc = named ?? (principal.role === 'ENTERPRISE' ? principal.uscc : undefined)
  if (owner_uscc === undefined) {
    throw new Problem('invalid_request', { errors: [{ pointer: '/owner_uscc', code: 'MISSING_FIELD', message: 'This field is needed', message_zh: '缺少必填字段' }] })
  }
  refuseIfAny(contentMistakes(owner_uscc, sent, await overriddenAmong(sql, [owner_uscc])))
  const { outcome, project, own } = await keepFacts(sql, now, principal, owner_uscc, sent, correction === true, hooks)
  const seen = seenBy(project, own, await seesMerged(sql, principal, owner_uscc, beijingDate(now)))
  if (seen === undefined) throw notFound()
  return { project: seen, created: outcome === 'CREATED' }
}

/** Projects as 技改e点通 exports them; each is decided for itself. Source: S1 四(三)6. */
export async function importProjects (sql: WriteSql, now: string, principal: Principal, { items }: ProjectImport, hooks: IntakeHooks): Promise<ProjectImportAnswer> {
  const counts = { CREATED: 0, CHANGED: 0, UNCHANGED: 0, REJECTED: 0 }
  const results: ProjectImportAnswer['results'] = []
  const overridden = await overriddenAmong(sql, [...new Set(items.map(({ owner_uscc }) => owner_uscc))])
  for (const [index, item] of items.entries()) {
    const { owner_uscc, applied_on, entry_no, ...sent } = item
    const findings = findingsOf(item, overridden)
    const outcome = findings.length > 0 ? 'REJECTED' : (await keepFacts(sql, now, principal, owner_uscc, sent, true, hooks)).outcome
    if (outcome !== 'REJECTED' && applied_on !== undefined) await apply(sql, now, item, applied_on, entry_no ?? null)
    counts[outcome]++
    results.push({ index, outcome, project_code: item.project_code, findings })
  }
  return { counts, results }
}

function findingsOf (item: ImportedProject, overridden: ReadonlySet<string>): Finding[] {
  return contentMistakes(item.owner_uscc, item, overridden).map(({ code, message, message_zh }) => ({ code, rule_id: null, message, message_zh }))
}

/** An application for the library that 技改e点通 already knows; a review that has begun stays. */
async function apply (sql: WriteSql, now: string, { owner_uscc, project_code }: ImportedProject, applied_on: string, entry_no: string | null): Promise<void> {
  const applied_at = endOfBeijingDay(applied_on) < now ? endOfBeijingDay(applied_on) : now
  await advanceLibraryEntry(sql, now, owner_uscc, project_code, null, { entry_no, applied_at, district_review: null, city_review: null, status: 'APPLIED' })
}

const class_of_role: Readonly<Partial<Record<Role, RecipientClass>>> = {
  BANK: 'PAIRED_BANK', GUARANTOR: 'PAIRED_GUARANTOR', LESSOR: 'LESSOR', INSURER: 'INSURER', RE_GUARANTOR: 'RE_GUARANTOR', AUDITOR: 'AUDITOR', FINANCE_BUREAU: 'FISCAL'
}

/** Whether a participant sees what all doors know: owner, authorities, the collecting park and paired institutions under a live authorization. */
export async function seesMerged (sql: ReadSql, principal: Principal, owner_uscc: string, day: string): Promise<boolean> {
  if (authorities.has(principal.role)) return true
  if (principal.role === 'ENTERPRISE') return principal.uscc === owner_uscc
  const given = await authorizationsOf(sql, [owner_uscc])
  if (principal.role === 'PARK') return coveringOf(given.filter(one => one.collector_no === principal.participant_no), { day, scopes: ['PROJECT'] }).found !== null
  const recipient_class = class_of_role[principal.role]
  if (recipient_class === undefined) return false
  const wanted = { day, scopes: ['PROJECT'] as const, recipient_class, recipient_no: principal.participant_no }
  const parks = new Set(await parksPairedWith(sql, principal.participant_no, day))
  return coveringOf(given.filter(one => one.recipients.includes(principal.participant_no) || (one.collector_no !== null && parks.has(one.collector_no))), wanted).found !== null
}

/** The project with a code that the caller may see. Errors: not_found; rule_broken where two owners use the code and none is named. */
export async function readProject (sql: ReadSql, principal: Principal, project_code: string, owner_uscc: string | undefined, now: string): Promise<Project> {
  const day = beijingDate(now)
  const seen: Project[] = []
  for (const project of await projectsWithCode(sql, project_code)) {
    if (owner_uscc !== undefined && project.owner_uscc !== owner_uscc) continue
    const own = (await projectSources(sql, project.owner_uscc, project_code)).find(({ source_no }) => source_no === principal.participant_no)
    const view = seenBy(project, own, await seesMerged(sql, principal, project.owner_uscc, day))
    if (view !== undefined) seen.push(view)
  }
  return theOnly(seen)
}

function theOnly (found: readonly Project[]): Project {
  const [first, second] = found
  if (first === undefined) throw notFound()
  if (second === undefined) return first
  throw new Problem('rule_broken', {
    detail: 'Several enterprises use this project code; name owner_uscc', detail_zh: '有多家企业使用该项目代码，请指明 owner_uscc',
    errors: [{ pointer: '/owner_uscc', code: 'OWNER_NEEDED', message: 'Several enterprises use this project code', message_zh: '有多家企业使用该项目代码' }]
  })
}

/** A page of projects for display: rows the caller may see merged stay, others show its own words. */
export async function asSeen (sql: ReadSql, principal: Principal, rows: readonly Project[], now: string): Promise<Project[]> {
  const day = beijingDate(now)
  const seen: Project[] = []
  for (const project of rows) {
    const merged = await seesMerged(sql, principal, project.owner_uscc, day)
    const own = merged ? undefined : (await projectSources(sql, project.owner_uscc, project.project_code)).find(({ source_no }) => source_no === principal.participant_no)
    const view = seenBy(project, own, merged)
    if (view !== undefined) seen.push(view)
  }
  return seen
}

/**
 * A review of the library entry: the district first, then the city. The first review also stands for the application, when
 * none is known.
 *
 * Errors: state_conflict when it is not this authority's turn.
 * Source: S2 (十三); S1 四(三)6; E-04.
 */
export async function reviewEntry (sql: WriteSql, now: string, principal: Principal, project_code: string, sent: LibraryDecision, hooks: IntakeHooks): Promise<Project> {
  const project = theOnly((await projectsWithCode(sql, project_code)).filter(one => sent.owner_uscc === undefined || one.owner_uscc === sent.owner_uscc))
  const { owner_uscc, library_status, library_entry } = project
  const review: Review = { decision: sent.decision, decided_by: principal.participant_no, user_no: personOf(principal), decided_at: now, note: sent.note ?? null }
  const entry: LibraryEntry = library_entry ?? { entry_no: null, applied_at: now, district_review: null, city_review: null, status: 'APPLIED' }
  const passed = principal.role === 'DISTRICT_MEIC' ? 'DISTRICT_PASSED' as const : 'LISTED' as const
  const status = sent.decision === 'PASS' ? passed : 'REJECTED' as const
  const turn = principal.role === 'DISTRICT_MEIC' ? entry.status === 'APPLIED' : entry.status === 'DISTRICT_PASSED'
  if (!turn || !allowed('library_entry', entry.status).includes(status)) throw stateConflict(entry.status, allowed('library_entry', entry.status))
  const next: LibraryEntry = {
    ...entry,
    entry_no: sent.entry_no ?? entry.entry_no,
    ...(principal.role === 'DISTRICT_MEIC' ? { district_review: review } : { city_review: review }),
    status
  }
  const moved = await advanceLibraryEntry(sql, now, owner_uscc, project_code, library_status, next)
  if (moved === undefined) throw stateConflict(entry.status, allowed('library_entry', entry.status))
  const enterprise = (await enterpriseParticipants(sql, [owner_uscc])).get(owner_uscc)
  const doors = (await projectSources(sql, owner_uscc, project_code)).map(({ source_no }) => source_no)
  await append(sql, now, {
    type: status === 'LISTED' ? 'project.listed' : status === 'REJECTED' ? 'project.rejected' : 'project.district_passed', subject: project_code, actor: principal,
    audience: [principal.participant_no, ...doors, ...(enterprise === undefined ? [] : [enterprise])], data: { status }
  })
  await hooks.onProjectChange(sql, now, owner_uscc, project_code)
  return moved
}
