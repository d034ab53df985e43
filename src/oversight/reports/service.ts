/**
 * Reports: who sees which rows, over which period, with small groups hidden; the same facts give the same bytes.
 * Regulators read statistics; one enterprise only with a case number and a reason, kept and told to the enterprise.
 */
import { digestOf } from '../../db/canonical.ts'
import type { Db, ReadSql, WriteSql } from '../../db/db.ts'
import { newNo } from '../../clock.ts'
import { personOf, type Principal, type Role } from '../../http/access.ts'
import { findAuthorization } from '../../intake/authorizations/store.ts'
import { enterpriseParticipants } from '../../intake/enterprises/store.ts'
import { append } from '../../journal/events.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { addDays, addMonths, daysBetween, isDate } from '../../policy/period.ts'
import { nearestTerms } from '../../policy/terms.ts'
import { Problem, type ProblemCode } from '../../problem.ts'
import { findParticipant } from '../../registry/participants/store.ts'
import { policiesOf } from '../../registry/policies/service.ts'
import { rowKey } from './behind.ts'
import { CATALOGUE, REPORTS, type ReportName, type ReportSpec } from './catalogue.ts'
import { makingOf, type Making } from './making.ts'
import type { Report, ReportRow } from './rendering.ts'
import { publishedAt } from './scores.ts'
import { firstEventsOf, keepRegulatorRead, newestEvent, regulatorReadsOf } from './store.ts'
import { smallestGroupOn, tableOf, type ShownRow } from './table.ts'

export interface Asked { from?: string, to?: string, period?: string, region_code?: string, case_no?: string, reason?: string,
  uscc?: string, published?: boolean }

const sees_all: readonly Role[] = ['MEIC', 'FINANCE_BUREAU', 'REGULATOR_VIEWER']
const sees_small_groups: ReadonlySet<Role> = new Set(['MEIC', 'FINANCE_BUREAU'])
/** An institution's row rests on what it sent itself: nothing of it is hidden from it. */
const sent_it_itself: ReadonlySet<Role> = new Set(['BANK', 'LESSOR', 'GUARANTOR'])
const days_max = 366
const snapshots_max = 3

function refuse (code: ProblemCode, pointer: string, item: string, message: string, message_zh: string): Problem {
  return new Problem(code, { detail: message, detail_zh: message_zh, errors: [{ pointer, code: item, message, message_zh }] })
}

/** The half-open days asked for. Errors: invalid_request, period_reversed. */
export function periodOf ({ from, to, period }: Pick<Asked, 'from' | 'to' | 'period'>): { from: string, to: string } {
  if (period !== undefined && from === undefined && to === undefined) {
    const [year = '', quarter] = period.split('Q')
    const start = `${year}-${quarter === undefined ? '01' : String(Number(quarter) * 3 - 2).padStart(2, '0')}-01`
    return { from: start, to: addMonths(start, quarter === undefined ? 12 : 3) }
  }
  if (period !== undefined || from === undefined || to === undefined || !isDate(from) || !isDate(to)) {
    throw refuse('invalid_request', '/query/period', 'PERIOD_NEEDED',
      'Send period=2026Q1 or period=2026, or both from and to (half-open days)', '请提供 period=2026Q1 或 period=2026，或同时提供 from 与 to（半开区间）')
  }
  if (from >= to) throw refuse('period_reversed', '/query/to', 'PERIOD_REVERSED', 'to has to come after from; the day to no longer counts',
    'to 应晚于 from，且不含 to 当日')
  if (daysBetween(from, to) > days_max) throw refuse('invalid_request', '/query/to', 'PERIOD_TOO_LONG',
    `A report covers at most ${days_max} days`, `单次报表最长 ${days_max} 天`)
  return { from, to }
}

const isQuarter = ({ from, to }: { from: string, to: string }): boolean => /-(01|04|07|10)-01$/.test(from) && addMonths(from, 3) === to

/** What is behind a row is for MEIC, and for the institution the row is about. */
interface Reader { all: boolean, hides: boolean, owner: string | null, basis: boolean, covers: 1 | 2 }

/** What a caller may see of a report. Errors: role_not_allowed, invalid_request. */
async function readerOf (db: Db, principal: Principal, report: ReportName, { published }: Asked): Promise<Reader> {
  const { role, participant_no } = principal
  const { own, published_to } = CATALOGUE[report]
  if (published === true) {
    if (published_to.length === 0) {
      throw refuse('invalid_request', '/query/published', 'NEVER_PUBLISHED', 'This report is not published; leave published out', '该报表不公布，请去掉 published')
    }
    if (published_to.includes(role) || sees_all.includes(role)) return { all: true, hides: true, owner: null, basis: false, covers: 2 }
  }
  if (sees_all.includes(role)) return { all: true, hides: !sees_small_groups.has(role), owner: null, basis: role === 'MEIC', covers: 1 }
  if (!own.includes(role)) {
    const allowed = [...sees_all, ...own]
    throw new Problem('role_not_allowed', {
      detail: `${role} may not read ${report}; these may: ${allowed.join(', ')}`,
        detail_zh: `${role} 无权查看 ${report}，可查看角色：${allowed.join('、')}`
    })
  }
  const owner = role === 'DISTRICT_MEIC' ? (await findParticipant(db.read, participant_no))?.region_code ?? '' : participant_no
  return { all: false, hides: !sent_it_itself.has(role), owner, basis: sent_it_itself.has(role), covers: 1 }
}

/**
 * Who may not see small groups may not get them by subtracting one answer from another either: whole quarters, all districts.
 *
 * Errors: rule_broken.
 */
function checkSteps (reader: Reader, asked: Asked, period: { from: string, to: string }): void {
  if (!reader.hides) return
  if (!isQuarter(period)) {
    throw refuse('rule_broken', '/query/period', 'WHOLE_QUARTERS_ONLY',
      'Statistics are given by whole quarter (period=2026Q1), so that no small group can be found by subtraction',
      '统计口径按整季度提供（period=2026Q1），以免通过相减推出小组数据')
  }
  if (asked.region_code !== undefined) {
    throw refuse('rule_broken', '/query/region_code', 'ALL_DISTRICTS_ONLY',
      'Statistics are given for all districts; the ledger of districts shows each', '统计口径不按单一区县筛选；分区县请看 district-ledger')
  }
}

/** Who is scored sees it first. Errors: rule_broken. */
async function checkPublished (db: Db, { published }: Asked, period: { to: string }): Promise<void> {
  if (published !== true) return
  const published_at = await publishedAt(db, period.to)
  if (db.clock.now() >= published_at) return
  throw refuse('rule_broken', '/query/published', 'NOT_PUBLISHED_YET', `The scores of this period are published from ${published_at} on; until then each institution sees its own`,
    `该期评分自 ${published_at} 起公布，此前仅供各机构查看本机构结果`)
}

interface Case { case_no: string, reason: string, uscc: string }

/** The single case asked for, or null. Errors: invalid_request, role_not_allowed, person_required. */
function caseOf (principal: Principal, report: ReportName, { case_no, reason, uscc, region_code }: Asked): Case | null {
  if (case_no === undefined && reason === undefined && uscc === undefined) return null
  if (case_no === undefined || reason === undefined || uscc === undefined || region_code !== undefined) {
    throw refuse('invalid_request', '/query/case_no', 'CASE_INCOMPLETE',
      'A single case needs case_no, reason and uscc together, and no region_code', '单案查询须同时提供 case_no、reason、uscc，且不带 region_code')
  }
  if (principal.role !== 'REGULATOR_VIEWER') throw new Problem('role_not_allowed',
    { detail: 'Only REGULATOR_VIEWER reads single cases here', detail_zh: '仅监管查询角色可在此查看单案' })
  if (!CATALOGUE[report].single_case) {
    const able = REPORTS.filter(each => CATALOGUE[each].single_case)
    throw refuse('invalid_request', '/query/case_no', 'NO_SINGLE_CASE', `Single cases are read in ${able.join(', ')}`,
      `单案查询仅支持 ${able.join('、')}`)
  }
  personOf(principal)
  return { case_no, reason, uscc }
}

async function keepCase (sql: WriteSql, now: string, principal: Principal, { report, period, rows }: Report,
  { case_no, reason, uscc }: Case): Promise<void> {
  const read_no = newNo('read')
  await keepRegulatorRead(sql, {
    read_no, uscc, participant_no: principal.participant_no, user_no: personOf(principal), report, period_from: period.from,
      period_to: period.to, case_no, reason,
    digest: digestOf(rows), read_at: now
  })
  const enterprise = (await enterpriseParticipants(sql, [uscc])).get(uscc)
  await append(sql, now, {
    type: 'regulator_case.read', subject: read_no, actor: principal, audience: [principal.participant_no,
      ...enterprise === undefined ? [] : [enterprise]], data: { report, case_no, uscc }
  })
}

/** Single cases that regulators read while an authorization of the enterprise was in force: among what left under it. */
export async function regulatorDisclosures (sql: ReadSql, authorization_no: string) {
  const authorization = await findAuthorization(sql, authorization_no)
  if (authorization === undefined) return []
  const { grantor_uscc, created_at, withdrawn_at } = authorization
  return (await regulatorReadsOf(sql, grantor_uscc)).filter(({ read_at }) => read_at >= created_at &&
    (withdrawn_at === null || read_at < withdrawn_at))
    .map(({ participant_no, report, digest, read_at }) => ({
      basis: 'REGULATOR' as const, recipient_no: participant_no, lead_no: null, packet_no: null, fields_released: [report],
        disclosed_at: read_at, digest
    }))
}

/** A report, and a place in the journal up to which every event about what it counts is in it. The place is no part of the bytes. */
export interface Made { report: Report, seq: number }

interface Admitted { reader: Reader, period: { from: string, to: string }, single: Case | null }

/** What a caller may have of a report, before anything is made. Errors: role_not_allowed, invalid_request, period_reversed, rule_broken, person_required. */
export async function admitted (db: Db, principal: Principal, report: ReportName, asked: Asked): Promise<Admitted> {
  const reader = await readerOf(db, principal, report, asked)
  const period = periodOf(asked)
  const single = caseOf(principal, report, asked)
  if (single === null) checkSteps(reader, asked, period)
  await checkPublished(db, asked, period)
  return { reader, period, single }
}

/** Makes a report for a caller. Errors: those of `admitted`. */
export async function makeReport (db: Db, principal: Principal, report: ReportName, asked: Asked): Promise<Made> {
  const spec = CATALOGUE[report]
  const { reader, period, single } = await admitted(db, principal, report, asked)
  const making = makingOf(period, beijingDate(db.clock.now()), asked.region_code ?? null, single?.uscc ?? null)
  const { seq, rows } = await settled(db, spec, making)
  const policies = await policiesOf(db)
  const last_day = addDays(period.to, -1)
  const policy = nearestTerms(policies, spec.policy_code, last_day)
  const columns = spec.columns(policy)
  const table = tableOf(columns, rows, reader.hides && single === null ? smallestGroupOn(policies, last_day) : 0, reader.covers)
  const shown = reader.all ? table.rows : table.rows.filter(({ owner }) => owner === reader.owner)
  const made: Report = {
    report, title: spec.title, title_zh: spec.title_zh, period: { ...period, as_of: making.as_of }, region_code: asked.region_code ?? null,
      policy: { policy_code: policy.policy_code, version: policy.version },
    definitions: columns.map(({ name, definition, definition_zh, clause }) => ({ column: name, definition, definition_zh, clause })),
    rows: await outRows(db, spec, shown, reader.basis),
    totals: reader.all ? table.totals : [],
    suppressed_groups: shown.filter(({ hidden }) => hidden.length > 0).length,
    case_no: single?.case_no ?? null
  }
  // Kept before it is handed over: what cannot be kept is not read.
  if (single !== null) await db.write((sql, now) => keepCase(sql, now, principal, made, single))
  return { report: made, seq }
}

/** The rows as they were while nothing of theirs changed; else what was read last, with the place it surely contains. */
async function settled (db: Db, spec: ReportSpec, making: Making) {
  for (let attempt = 1; ; attempt++) {
    const before = await newestEvent(db.read, spec.rooms)
    const rows = await spec.make(db, making)
    const after = await newestEvent(db.read, spec.rooms)
    if (before.seq === after.seq || attempt === snapshots_max) return { seq: before.seq, rows }
  }
}

/** What stands behind a row: how many things, numbers of some, and their events. */
async function outRows (db: Db, { keys }: ReportSpec, rows: readonly ShownRow[], with_basis: boolean): Promise<ReportRow[]> {
  const events = with_basis ? await firstEventsOf(db.read, rows.flatMap(({ behind }) => behind.subjects)) : new Map<string, string>()
  return rows.map(({ cells, hidden, behind }) => ({
    ...cells, suppressed: hidden.length > 0, suppressed_columns: hidden,
    basis: with_basis ? { row: rowKey(keys, cells), ...behind, subjects: [...behind.subjects],
      events: behind.subjects.flatMap(subject => events.get(subject) ?? []) } : null
  }))
}
