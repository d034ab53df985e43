/** Accepted rows become enterprises, authorizations, projects and needs: one unit for some rows. */
import { digestOf } from '../../db/canonical.ts'
import { together, type ReadSql, type WriteSql } from '../../db/db.ts'
import { append, type NewEvent } from '../../journal/events.ts'
import { beijingDate } from '../../policy/calendar.ts'
import { PARK_EVIDENCE } from '../../policy/parameters.ts'
import { addMonths } from '../../policy/period.ts'
import { PURPOSE_CODES, purposeCodeOf, type PurposeCode } from '../../policy/purposes.ts'
import { TAGS, type Tag } from '../../policy/tags.ts'
import { countOf, nearestTerms, readingOf, type PolicyVersion } from '../../policy/terms.ts'
import { policiesIn } from '../../registry/policies/service.ts'
import { activated, documentsOf } from '../authorizations/service.ts'
import { insertAuthorizations, plain_authorization, type Authorization } from '../authorizations/store.ts'
import { currentRegion, enterpriseFacts } from '../enterprises/facts.ts'
import { enterpriseParticipants, upsertEnterprises, type EnterpriseFacts } from '../enterprises/store.ts'
import type { IntakeHooks } from '../hooks.ts'
import { judgeNeed } from '../financing-needs/judging.ts'
import { planNeeds, writeNeeds, type Placed, type Placing } from '../financing-needs/placing.ts'
import { tagText } from '../financing-needs/preparing.ts'
import { keepNamedProjects, NO_FACTS, projectsOf, type Project } from '../projects/store.ts'
import { listFinding, type FindingCode } from './findings.ts'
import { changeRow, type EnterpriseList, type StoredRow } from './store.ts'

const recipients = ['PAIRED_BANK', 'PAIRED_GUARANTOR', 'AUDITOR', 'FISCAL']
const scopes: Authorization['scopes'] = ['ENTERPRISE_BASIC', 'PROJECT', 'FINANCING_NEED', 'CREDIT_CONTRACT', 'INTEREST_PAYMENT', 'GUARANTEE', 'SUBSIDY_ACCOUNT']
const purposes: Authorization['purposes'] = ['FINANCING_MATCHING', 'CREDIT_ASSESSMENT', 'SUBSIDY_SETTLEMENT']
const known_tags: ReadonlySet<string> = new Set(TAGS)
const known_purposes: ReadonlySet<string> = new Set(PURPOSE_CODES)

/** Whether consent in a row waits for a signed document of the enterprise. */
export function asksForDocuments (policies: readonly PolicyVersion[], day: string): boolean {
  return readingOf(nearestTerms(policies, 'PARK_TECH_GUARANTEE', day), 'park_evidence', PARK_EVIDENCE) === 'DOCUMENT'
}

/**
 * Rows whose enterprise has no signed document today where the terms ask for one: it may have been withdrawn since they were judged,
 * and the word of the park does not take its place.
 */
export async function rowsWithoutDocument (sql: ReadSql, now: string, list: Pick<EnterpriseList, 'park_no' | 'created_at'>, rows: readonly StoredRow[]): Promise<StoredRow[]> {
  if (!asksForDocuments(await policiesIn(sql), beijingDate(list.created_at))) return []
  const documents = await documentsOf(sql, list.park_no, rows.flatMap(({ uscc }) => uscc ?? []), beijingDate(now))
  return rows.filter(({ uscc }) => uscc === null || !documents.has(uscc))
}

/** The finding of a row that waits for its document; nobody can confirm it away. */
export const waits_for_document: FindingCode = 'AUTHORISATION_DOCUMENT_MISSING'

/** A row that cannot go in before the document is there. */
export function waitingForDocument (row: StoredRow): StoredRow {
  const missing = listFinding(waits_for_document, { sheet: row.sheet, row: row.row, columns: {}, raw: {} }, null)
  return { ...row, outcome: 'HELD', findings: [...row.findings, missing] }
}

/** What is left of a row whose need turned out to be there already. */
export function duplicateOf (row: StoredRow, need_no: string): Pick<StoredRow, 'outcome' | 'findings'> {
  return { outcome: 'REJECTED', findings: [...row.findings, listFinding('DUPLICATE', { sheet: row.sheet, row: row.row, columns: {}, raw: {} }, null, [need_no, ''])] }
}

/** A row that has all a need must have. */
interface WholeRow extends StoredRow { uscc: string, name: string, amount_fen: number, term_months: number, purpose: string }

function whole (row: StoredRow): WholeRow {
  const { uscc, name, amount_fen, term_months, purpose } = row
  if (uscc === null || name === null || amount_fen === null || term_months === null || purpose === null) throw new Error(`row ${row.row_id} was accepted without what a row needs`)
  return { ...row, uscc, name, amount_fen, term_months, purpose }
}

function factsOf (row: WholeRow, park_no: string, day: string): EnterpriseFacts {
  return enterpriseFacts({ ...row, qualifications: row.qualifications.filter((tag): tag is Tag => known_tags.has(tag)) }, park_no, day)
}

/** An accepted row holds for the term and the audits after it (contract §4). */
function authorizationOf (list: EnterpriseList, row: WholeRow, now: string, day: string, months_after_term: number): Authorization {
  return {
    authorization_no: row.authorization_no,
    grantor_uscc: row.uscc,
    grantor_name: row.name,
    signer_name: null,
    signer_role: null,
    collector_no: list.park_no,
    recipients,
    scopes,
    purposes,
    covers_history_from: null,
    valid_from: day,
    valid_to: addMonths(day, row.term_months + months_after_term),
    method: 'PARK_DECLARED',
    evidence_digest: digestOf([list.sha256, row.sheet, row.row, row.uscc, row.name, row.project_code, row.project_name, row.amount_fen, row.term_months, row.purpose]),
    document_no: null,
    template_version: null,
    ...plain_authorization,
    status: 'ACTIVE',
    withdrawn_at: null,
    withdrawal_reason: null,
    list_no: list.list_no,
    version: 1,
    created_at: now,
    updated_at: now
  }
}

function purposeOf (row: WholeRow): PurposeCode {
  return row.purpose_code !== null && known_purposes.has(row.purpose_code) ? row.purpose_code as PurposeCode : purposeCodeOf(row.purpose)
}

function placingOf (list: EnterpriseList, row: WholeRow, facts: EnterpriseFacts, day: string, projects: ReadonlyMap<string, Project>,
  policies: readonly PolicyVersion[]): Placing {
  const need = {
    uscc: row.uscc, project_code: row.project_code, project_name: row.project_name, purpose_code: purposeOf(row), wants_guarantee: true, is_green_loan: false
  }
  const site = row.project_code?.slice(5, 11)
  return {
    need_no: row.need_no,
    participant_no: list.park_no,
    source: 'PARK_BATCH',
    park_no: list.park_no,
    ...need,
    region_code: site?.startsWith('50') === true ? currentRegion(site, day) : facts.region_code,
    amount_fen: row.amount_fen,
    term_months: row.term_months,
    purpose_text: row.purpose,
    demand_date: row.demand_date,
    wishes: null,
    wants_lease: false,
    ...judgeNeed(day, need, facts, row.project_code === null ? null : projects.get(`${row.uscc}|${row.project_code}`) ?? null, policies),
    tags: tagText(facts.tags),
    authorization_no: row.authorization_no,
    reference: null,
    list_no: list.list_no,
    row_id: row.row_id,
    content_digest: digestOf([list.sha256, row.position])
  }
}

/**
 * Takes rows in, in order.
 *
 * @param lists that they stand in: of one park, received on one day
 * @returns for each row what became of its need; a DUPLICATE left nothing behind
 * Source: contract §4: an accepted row makes an authorization; S1 四(三)2.
 */
export async function takeIn (
  sql: WriteSql, now: string, lists: readonly [EnterpriseList, ...EnterpriseList[]], all: readonly StoredRow[], actor: NewEvent['actor'], hooks: Pick<IntakeHooks, 'onAuthorized'>
): Promise<Placed[]> {
  const [{ park_no, created_at }] = lists
  const day = beijingDate(created_at)
  const sources = new Map(lists.map(list => [list.list_no, list]))
  const listOf = ({ list_no }: WholeRow): EnterpriseList => sources.get(list_no) as EnterpriseList
  const rows = all.map(whole)
  const usccs = [...new Set(rows.map(({ uscc }) => uscc))]
  const [projects, policies, enterprises] = await together(projectsOf(sql, usccs), policiesIn(sql), enterpriseParticipants(sql, usccs))
  const months_after_term = countOf(nearestTerms(policies, 'PARK_TECH_GUARANTEE', day), 'authorization_months_after_term')
  const facts = rows.map(row => factsOf(row, park_no, day))
  const documents = asksForDocuments(policies, day) ? await documentsOf(sql, park_no, usccs, beijingDate(now)) : new Map<string, Authorization>()
  for (const row of rows) row.authorization_no = documents.get(row.uscc)?.authorization_no ?? row.authorization_no
  const plan = await planNeeds(sql, now, rows.map((row, index) => placingOf(listOf(row), row, facts[index] as EnterpriseFacts, day, projects, policies)))
  const going_in = rows.filter((_, index) => plan.placed[index]?.kind !== 'DUPLICATE')
  const authorizations = going_in.filter(({ uscc }) => !documents.has(uscc)).map(row => authorizationOf(listOf(row), row, now, day, months_after_term))
  await together(
    upsertEnterprises(sql, now, park_no, false, facts.filter((_, index) => plan.placed[index]?.kind !== 'DUPLICATE')),
    insertAuthorizations(sql, authorizations),
    hooks.onAuthorized(sql, usccs),
    keepNamedProjects(sql, now, park_no, going_in.flatMap(({ uscc, project_code, project_name }) => project_code === null ? [] : [{
      owner_uscc: uscc, project_code, name: project_name, content_digest: digestOf({ ...NO_FACTS, name: project_name })
    }])))
  for (const { row_id, uscc, authorization_no } of going_in) if (documents.has(uscc)) await changeRow(sql, now, row_id, { authorization_no })
  const needs = await writeNeeds(sql, now, plan, actor, enterprises)
  await append(sql, now, ...activated(authorizations, actor, enterprises), ...needs)
  return plan.placed
}
