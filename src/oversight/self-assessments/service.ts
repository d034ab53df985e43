/** Self-assessments of parks, filled in beforehand with what the hub knows. S1 三(三)4, 四(三)6. */
import { newNo } from '../../clock.ts'
import { digestOf } from '../../db/canonical.ts'
import { RunAgain, type ReadSql, type WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { mistake, projectCodeMistakes, refuseIfAny, usccMistakes, type Mistake } from '../../intake/mistakes.ts'
import { asSeen } from '../../intake/projects/service.ts'
import { append } from '../../journal/events.ts'
import { findDocument } from '../../lending/documents/store.ts'
import { beijingDate, endOfBeijingDay } from '../../policy/calendar.ts'
import { liabilityOf } from '../../policy/claims.ts'
import { judgesEnterprise } from '../../policy/eligibility.ts'
import { finding, type Finding } from '../../policy/findings.ts'
import { isManufacturing } from '../../policy/identifiers.ts'
import { sumFen, yuanOf } from '../../policy/money.ts'
import { addDays } from '../../policy/period.ts'
import { reportingPeriod } from '../../policy/reporting-period.ts'
import { compensationRate } from '../../policy/risk-share.ts'
import { Problem, stateConflict } from '../../problem.ts'
import { activeOfRole, findParticipant } from '../../registry/participants/store.ts'
import { policiesIn } from '../../registry/policies/service.ts'
import { riskTerms } from '../../risk/breakers/service.ts'
import { guaranteedOf } from '../../risk/breakers/guarantees.ts'
import { compensationOf, leadTimes, loansOfPeriod, projectsStarted } from './facts.ts'
import { sharePct } from '../reports/figures.ts'
import { leadingIndustry } from './leading-industry.ts'
import { FIGURES, type NewSelfAssessment } from './schema.ts'
import { assessmentsOf, insertAssessment, supersede, type Assessment } from './store.ts'

const LISTED = 'LISTED'

export type Facts = Record<typeof FIGURES[number], string | number | null> & {
  period: string
  from: string
  to: string
  new_projects: { project_code: string, owner_uscc: string, name: string | null, start_date: string, is_listed: boolean | null }[]
}

/** What the hub knows of a park's period; of projects what the caller may see of them today. */
export async function prefill (sql: ReadSql, now: string, principal: Principal, park_no: string, period: string): Promise<Facts> {
  const days = reportingPeriod(period)
  if (days === null) throw new Error(`${period} is no reporting period`)
  const clocks = await leadTimes(sql, park_no, days)
  const basis = judgesEnterprise(await policiesIn(sql), addDays(days.to, -1)) ? 'ENTERPRISE' : 'PROJECT'
  const loans = (await loansOfPeriod(sql, park_no, days, basis)).filter(({ industry_code }) => industry_code === null || isManufacturing(industry_code) !== false)
  const started = (await asSeen(sql, principal, await projectsStarted(sql, park_no, days), now)).flatMap(({ start_date, ...project }) =>
    start_date === null || start_date < days.from || start_date >= days.to ? [] : [{ ...project, start_date }])
  const liability_fen = liabilityOf(await guaranteedOf(sql, park_no, days.to), await riskTerms(sql, now))
  const leading = await leadingIndustry(sql, park_no, days)
  const { covered_fen } = await compensationOf(sql, park_no, days)
  return {
    period,
    ...days,
    new_manufacturing_loan_amount: yuanOf(sumFen(loans.map(({ amount_fen }) => amount_fen))),
    new_manufacturing_enterprises: new Set(loans.flatMap(({ uscc, first_disbursed }) => first_disbursed >= days.from ? [uscc] : [])).size,
    leading_industry_renovation_share_pct: leading === null ? null : sharePct(leading.renovated, leading.larger),
    leads_pushed: clocks.length,
    leads_contacted_on_time: clocks.filter(({ contacted_at, contact_due_date }) => contacted_at !== null && contacted_at < endOfBeijingDay(contact_due_date)).length,
    leads_approved: clocks.filter(({ approved_at }) => approved_at !== null).length,
    leads_disbursed: clocks.filter(({ disbursed_at }) => disbursed_at !== null).length,
    projects_started: started.length,
    projects_listed: started.filter(({ library_status }) => library_status === LISTED).length,
    compensation_rate_pct: liability_fen === 0 ? null : compensationRate(covered_fen, liability_fen),
    new_projects: started.map(({ project_code, owner_uscc, name, start_date, library_status }) => ({ project_code, owner_uscc, name, start_date,
      is_listed: library_status === LISTED }))
  }
}

/** Figures that differ from what the hub knows: the park's stand, MEIC sees both. */
function differences (body: NewSelfAssessment, facts: Facts): Finding[] {
  return FIGURES.flatMap(name => {
    const [stated, known] = [body[name], facts[name]]
    if (stated === undefined || known === null || Number(stated) === Number(known)) return []
    return [finding('FIGURE_DIFFERS', null, `${name}: the park states ${stated}, the hub knows of ${known}`, `${name}：园区填报 ${stated}，平台记录为 ${known}`)]
  })
}

async function mistakesOf (sql: ReadSql, principal: Principal, body: NewSelfAssessment, today: string): Promise<Mistake[]> {
  const mistakes: Mistake[] = []
  const days = reportingPeriod(body.period)
  if (days === null || days.from > today) mistakes.push(mistake('rule_broken', '/period', 'PERIOD_NOT_BEGUN', `The period has not begun today, ${today}`,
    `评估期间截至今日 ${today} 尚未开始`))
  for (const [index, project] of (body.new_projects ?? []).entries()) {
    mistakes.push(...projectCodeMistakes(project.project_code, `/new_projects/${index}/project_code`),
      ...await usccMistakes(sql, project.owner_uscc, `/new_projects/${index}/owner_uscc`))
    if (days !== null && (project.start_date < days.from || project.start_date >= days.to)) {
      mistakes.push(mistake('rule_broken', `/new_projects/${index}/start_date`, 'OUTSIDE_PERIOD',
        `The period is ${days.from} to ${days.to}, without its last day`, `评估期间为 ${days.from} 至 ${days.to}（不含止日）`))
    }
  }
  for (const [index, document_no] of (body.document_nos ?? []).entries()) {
    if (await findDocument(sql, principal.participant_no, document_no) !== undefined) continue
    mistakes.push(mistake('document_unknown', `/document_nos/${index}`, 'DOCUMENT_UNKNOWN',
      'This participant has uploaded no such document; POST /v1/documents first', '本参与方未上传该文件；请先调用 POST /v1/documents 上传'))
  }
  return mistakes
}

/**
 * Takes in a park's assessment of a period. Another one of the same period names the present one as `correction_of`.
 *
 * Errors: duplicate_key, state_conflict, rule_broken, project_code_invalid, uscc_check_digit, document_unknown.
 */
export async function submitAssessment (sql: WriteSql, now: string, principal: Principal, body: NewSelfAssessment): Promise<{ row: Assessment,
  is_new: boolean }> {
  const content_digest = digestOf(body)
  const earlier = await assessmentsOf(sql, principal.participant_no, body.period)
  const same = earlier.find(each => each.content_digest === content_digest)
  if (same !== undefined) return { row: same, is_new: false }
  const [current] = earlier
  if (current !== undefined && body.correction_of === undefined) {
    throw new Problem('duplicate_key', { detail: `The period is assessed already; name ${current.number} as correction_of`,
      detail_zh: `该期间已提交自评估，如需更正请注明 correction_of 为 ${current.number}` })
  }
  refuseIfAny(await mistakesOf(sql, principal, body, beijingDate(now)))
  if (body.correction_of !== undefined) {
    if (current === undefined || current.number !== body.correction_of) throw stateConflict('SUPERSEDED',
      current === undefined ? [] : [`correction_of ${current.number}`])
    if (!await supersede(sql, now, current.number)) throw new RunAgain('the assessment was corrected at the same time')
  }
  const facts = await prefill(sql, now, principal, principal.participant_no, body.period)
  const row: Assessment = {
    number: newNo('assess'), participant_no: principal.participant_no, period: body.period, revision: (current?.revision ?? 0) + 1, correction_of: body.correction_of ?? null,
    status: 'SUBMITTED', body, content_digest, prefilled: facts, findings: differences(body,
      facts), recorded_by: principal.user_no, version: 1, created_at: now, updated_at: now
  }
  if (!await insertAssessment(sql, row)) throw new RunAgain('the period was assessed at the same time')
  const meic = (await activeOfRole(sql, 'MEIC')).map(({ participant_no }) => participant_no)
  await append(sql, now, {
    type: 'self_assessment.submitted', subject: row.number, actor: principal, audience: [principal.participant_no, ...meic], data: { period: row.period,
      revision: row.revision }
  })
  await tellToList(sql, now, principal, row)
  return { row, is_new: true }
}

/** New projects that an assessment names and that are not in the library yet, by owner and code. */
function toBeListed (row: Assessment): Map<string, string> {
  return new Map(shownAssessment(row).new_projects.filter(({ is_listed }) => is_listed !== true)
    .map(({ owner_uscc, project_code }) => [`${owner_uscc}|${project_code}`, project_code]))
}

/** The authorities that list new projects through 技改e点通 hear of each once: not again by a correction or a longer period. S1 四(三)6. */
async function tellToList (sql: WriteSql, now: string, principal: Principal, row: Assessment): Promise<void> {
  const waiting = toBeListed(row)
  if (waiting.size === 0) return
  for (const earlier of await assessmentsOf(sql, principal.participant_no)) {
    if (earlier.number !== row.number) for (const project of toBeListed(earlier).keys()) waiting.delete(project)
  }
  if (waiting.size === 0) return
  const park = await findParticipant(sql, principal.participant_no)
  const districts = (await activeOfRole(sql, 'DISTRICT_MEIC')).filter(({ region_code }) => region_code !== null && region_code === park?.region_code)
  const audience = [principal.participant_no, ...[...await activeOfRole(sql, 'MEIC'), ...districts].map(({ participant_no }) => participant_no)]
  await append(sql, now, ...[...waiting.values()].map(project_code => ({
    type: 'project.to_be_listed' as const, subject: project_code, actor: principal, audience, data: { assessment: row.number }
  })))
}

export function shownAssessment (row: Assessment) {
  const body = row.body as NewSelfAssessment
  const facts = row.prefilled as Facts
  const { number, participant_no, period, revision, correction_of, status, findings, version, created_at, updated_at } = row
  const listed = new Map(facts.new_projects.map(project => [`${project.owner_uscc}|${project.project_code}`, project.is_listed]))
  return {
    number, participant_no, period, revision, correction_of, status, submitted_to: 'MEIC',
    ...Object.fromEntries(FIGURES.map(name => [name, body[name] ?? facts[name]])),
    new_projects: body.new_projects === undefined ? facts.new_projects : body.new_projects.map(({ project_code, owner_uscc, name, start_date }) =>
      ({ project_code, owner_uscc, name: name ?? null, start_date, is_listed: listed.get(`${owner_uscc}|${project_code}`) ?? null })),
    problems: body.problems ?? null, measures: body.measures ?? null, document_nos: body.document_nos ?? [], prefilled: facts, findings, version, created_at, updated_at
  }
}
