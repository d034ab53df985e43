/** Tables of derivations, ceilings and subsidy lines. A line's amount is never updated: a recalculation supersedes the line. */
import { and, asc, desc, eq, gt, gte, inArray, isNull, ne, or, sql as expression, type SQL, type SQLWrapper } from 'drizzle-orm'
import { bulkInsert } from '../../db/bulk.ts'
import { fen, integer, isAmong, json, primaryKey, table, text } from '../../db/columns.ts'
import { hot, type ReadSql, type WriteSql } from '../../db/db.ts'
import { enterprises } from '../../intake/enterprises/store.ts'
import type { SubsidyKind } from '../../lending/marks.ts'
import type { TraceStep } from '../../policy/terms.ts'
import type { Use } from './derivation.ts'

export const LINE_STATUSES = ['BLOCKED', 'OPEN', 'FROZEN', 'SUPERSEDED'] as const
export type LineStatus = typeof LINE_STATUSES[number]
export const PAYEE_KINDS = ['ENTERPRISE', 'GUARANTOR'] as const
export type PayeeKind = typeof PAYEE_KINDS[number]

/** Why a line is not payable yet: the rule, and the fact that is missing or fails it. */
export interface Block { rule_id: string, code: string, message: string, message_zh: string }

const derivations = table('derivations', {
  uscc: text().notNull(),
  project_code: text().notNull(),
  kind: text().$type<SubsidyKind>().notNull(),
  revision: integer().notNull(),
  /** digest of the policy versions it was derived with */
  policies: text().notNull(),
  /** version of the enterprise's facts it was judged by */
  enterprise_version: integer().notNull(),
  derived_at: text().notNull()
}, columns => [primaryKey({ columns: [columns.uscc, columns.project_code, columns.kind] })])

export const project_years = table('project_years', {
  uscc: text().notNull(),
  project_code: text().notNull(),
  kind: text().$type<SubsidyKind>().notNull(),
  year: text().notNull(),
  scope: text().notNull(),
  granted_fen: fen().notNull(),
  cap_fen: fen().notNull(),
  updated_at: text().notNull()
}, columns => [primaryKey({ columns: [columns.uscc, columns.project_code, columns.kind, columns.year, columns.scope] })])

export type ProjectYear = typeof project_years.$inferSelect

export const subsidy_lines = table('subsidy_lines', {
  line_no: text().primaryKey(),
  kind: text().$type<SubsidyKind>().notNull(),
  participant_no: text().notNull(),
  payee_kind: text().$type<PayeeKind>().notNull(),
  payee_uscc: text().notNull(),
  uscc: text().notNull(),
  project_code: text().notNull(),
  year: text().notNull(),
  period: text().notNull(),
  /** number of the first voucher; its corrections keep it */
  chain: text().notNull(),
  voucher_number: text().notNull(),
  voucher_no: text().notNull(),
  contract_no: text().notNull(),
  paid_date: text().notNull(),
  order_key: text().notNull(),
  eligible_interest_fen: fen(),
  formula_fen: fen().notNull(),
  /** what its facts and ceilings gave the chain in all, before audits and earlier lines */
  granted_fen: fen().notNull(),
  amount_fen: fen().notNull(),
  uses: json<Use[]>().notNull(),
  trace: json<TraceStep[]>().notNull(),
  policy_code: text().notNull(),
  policy_version: text().notNull(),
  status: text().$type<LineStatus>().notNull(),
  blocked_by: json<Block[]>().notNull(),
  supplement_of: text(),
  packet_no: text(),
  /** what the confirmed audit recognised, set when the packet is approved */
  recognised_fen: fen(),
  authorization_no: text(),
  document_nos: json<string[]>().notNull(),
  /** what the voucher stated, as it goes into the packet */
  facts: json<Record<string, unknown>>().notNull(),
  content_digest: text().notNull(),
  version: integer().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
})

export type SubsidyLine = typeof subsidy_lines.$inferSelect

export interface Derivation { uscc: string, project_code: string, kind: SubsidyKind }

const derivation = { uscc: derivations.uscc, project_code: derivations.project_code, kind: derivations.kind }

/** Makes the caller the owner of an enterprise project for the rest of the unit, and keeps what it is derived from. */
export async function ownDerivation (sql: WriteSql, now: string, owned: Derivation, policies: string,
  enterprise_version: number): Promise<void> {
  await insertDerivations(sql, [{ ...owned, revision: 1, policies, enterprise_version, derived_at: now }])
}

const insertDerivations = bulkInsert(derivations, insert => insert.onConflictDoUpdate({
  target: [derivations.uscc, derivations.project_code, derivations.kind],
  set: { revision: expression`${derivations.revision} + 1`, policies: expression`excluded.policies`, enterprise_version: expression`excluded.enterprise_version`,
    derived_at: expression`excluded.derived_at` }
}))

/** The kinds in which a project was derived, and the premiums of its owner. */
export async function derivationsOf (sql: ReadSql, uscc: string, project_code: string): Promise<Derivation[]> {
  return sql.select(derivation).from(derivations).where(and(
    eq(derivations.uscc, uscc), or(eq(derivations.project_code, project_code), eq(derivations.kind, 'PREMIUM'))
  ))
}

/** Projects of an enterprise in which some kinds were derived, the one without a project among them. */
export async function derivedProjects (sql: ReadSql, uscc: string, kinds: readonly SubsidyKind[]): Promise<string[]> {
  const rows = await sql.selectDistinct({ project_code: derivations.project_code }).from(derivations)
    .where(and(eq(derivations.uscc, uscc), inArray(derivations.kind, [...kinds])))
  return rows.map(({ project_code }) => project_code)
}

/** What was derived with other policies than those in force, or waits for facts of an enterprise that has changed since. */
export async function staleDerivations (sql: ReadSql, policies: string, limit: number): Promise<Derivation[]> {
  const other = await sql.select(derivation).from(derivations).where(ne(derivations.policies, policies)).limit(limit)
  const blocked = await sql.selectDistinct(derivation).from(subsidy_lines)
    .innerJoin(derivations, and(
      eq(derivations.uscc, subsidy_lines.uscc), eq(derivations.kind, subsidy_lines.kind),
      or(eq(derivations.project_code, subsidy_lines.project_code), eq(derivations.kind, 'PREMIUM'))
    ))
    .innerJoin(enterprises, eq(enterprises.uscc, subsidy_lines.uscc))
    .where(and(eq(subsidy_lines.status, 'BLOCKED'), ne(enterprises.version, derivations.enterprise_version))).limit(limit)
  return [...other, ...blocked]
}

const insertLines = bulkInsert(subsidy_lines)

export async function insertLine (sql: WriteSql, line: SubsidyLine): Promise<void> {
  await insertLines(sql, [line])
}

export async function findLine (sql: ReadSql, line_no: string): Promise<SubsidyLine | undefined> {
  return (await sql.select().from(subsidy_lines).where(eq(subsidy_lines.line_no, line_no)))[0]
}

export async function findLines (sql: ReadSql, line_nos: readonly string[]): Promise<SubsidyLine[]> {
  if (line_nos.length === 0) return []
  return sql.select().from(subsidy_lines).where(isAmong(subsidy_lines.line_no, line_nos)).orderBy(asc(subsidy_lines.line_no))
}

/** Lines of one kind that are not superseded, oldest first. `project_code` null: of all projects of the enterprise. */
export async function liveLines (sql: ReadSql, uscc: string, project_code: string | null, kind: SubsidyKind): Promise<SubsidyLine[]> {
  return project_code === null ? hot(sql, buildLiveOfAll).execute({ uscc, kind }) : hot(sql, buildLive).execute({ uscc, kind, project_code })
}

const live = inArray(subsidy_lines.status, ['BLOCKED', 'OPEN', 'FROZEN'])
const { placeholder } = expression
const liveOf = (sql: ReadSql, project?: SQL) => sql.select().from(subsidy_lines)
  .where(and(eq(subsidy_lines.uscc, placeholder('uscc')), project, live, eq(subsidy_lines.kind, placeholder('kind'))))
  .orderBy(asc(subsidy_lines.line_no)).prepare()
const buildLiveOfAll = (sql: ReadSql) => liveOf(sql)
const buildLive = (sql: ReadSql) => liveOf(sql, eq(subsidy_lines.project_code, placeholder('project_code')))

/** Lines that a packet holds and that are not superseded, in the order ceilings were used up. */
export async function linesOfPacket (sql: ReadSql, packet_no: string): Promise<SubsidyLine[]> {
  return hot(sql, buildOfPacket).execute({ packet_no })
}

const buildOfPacket = (sql: ReadSql) => sql.select().from(subsidy_lines).where(and(eq(subsidy_lines.packet_no, placeholder('packet_no')), live))
  .orderBy(asc(subsidy_lines.order_key), asc(subsidy_lines.line_no)).prepare()

const next_version = expression`${subsidy_lines.version} + 1`

/** Moves lines from one state to another. @returns numbers of those that moved */
export async function moveLines (sql: WriteSql, now: string, line_nos: readonly string[], from: LineStatus,
  to: LineStatus): Promise<string[]> {
  if (line_nos.length === 0) return []
  const moved = await sql.update(subsidy_lines).set({ status: to, version: next_version, updated_at: now })
    .where(and(isAmong(subsidy_lines.line_no, line_nos), eq(subsidy_lines.status, from))).returning({ line_no: subsidy_lines.line_no })
  return moved.map(({ line_no }) => line_no)
}

/** Ends the lines on the way of some chains where they are about to be derived anew; premiums are, over all projects. */
export async function supersedeOpenOf (sql: WriteSql, now: string,
  { kind, uscc, project_code }: Pick<SubsidyLine, 'kind' | 'uscc' | 'project_code'>, chains: readonly string[]): Promise<void> {
  if (chains.length === 0) return
  await sql.update(subsidy_lines).set({ status: 'SUPERSEDED', version: next_version, updated_at: now }).where(and(
    eq(subsidy_lines.kind, kind), eq(subsidy_lines.uscc, uscc),
    kind === 'PREMIUM' ? undefined : eq(subsidy_lines.project_code, project_code),
    isAmong(subsidy_lines.chain, chains), inArray(subsidy_lines.status, ['BLOCKED', 'OPEN'])
  ))
}

/** A line's way to payment opens or closes; its amount stays. */
export async function judgeLine (sql: WriteSql, now: string, line_no: string, status: 'BLOCKED' | 'OPEN',
  blocked_by: Block[]): Promise<void> {
  await sql.update(subsidy_lines).set({ status, blocked_by, version: next_version, updated_at: now })
    .where(and(eq(subsidy_lines.line_no, line_no), inArray(subsidy_lines.status, ['BLOCKED', 'OPEN'])))
}

export async function placeLine (sql: WriteSql, now: string, line_no: string, packet_no: string | null): Promise<void> {
  await sql.update(subsidy_lines).set({ packet_no, version: next_version, updated_at: now }).where(eq(subsidy_lines.line_no, line_no))
}

/** Sets what the audit recognised, once. */
export async function recogniseLine (sql: WriteSql, now: string, line_no: string, recognised_fen: number): Promise<void> {
  await sql.update(subsidy_lines).set({ recognised_fen, version: next_version, updated_at: now })
    .where(and(eq(subsidy_lines.line_no, line_no), eq(subsidy_lines.status, 'FROZEN'), isNull(subsidy_lines.recognised_fen)))
}

export interface LineFilter {
  /** whose lines: the institution's, or those about or for an enterprise, or those in the packets of an auditor */
  participant_no?: string
  concerned_uscc?: string
  /** a query of packet numbers */
  of_packets?: SQLWrapper | undefined
  /** without superseded ones */
  is_live?: boolean
  kind?: SubsidyKind | undefined
  status?: LineStatus | undefined
  uscc?: string | undefined
  project_code?: string | undefined
  year?: string | undefined
  period?: string | undefined
  packet_no?: string | undefined
  voucher_no?: string | undefined
  updated_since?: string | undefined
  after: string | null
  limit: number
}

function conditionsOf (filter: Partial<LineFilter>) {
  const equal = ['participant_no', 'kind', 'status', 'uscc', 'project_code', 'year', 'period', 'packet_no', 'voucher_no'] as const
  return and(
    ...equal.map(name => filter[name] === undefined ? undefined : eq(subsidy_lines[name], filter[name])),
    filter.concerned_uscc === undefined ? undefined : or(eq(subsidy_lines.uscc, filter.concerned_uscc),
      eq(subsidy_lines.payee_uscc, filter.concerned_uscc)),
    filter.of_packets === undefined ? undefined : inArray(subsidy_lines.packet_no, filter.of_packets),
    filter.is_live === true ? inArray(subsidy_lines.status, ['BLOCKED', 'OPEN', 'FROZEN']) : undefined,
    filter.updated_since === undefined ? undefined : gte(subsidy_lines.updated_at, filter.updated_since),
    filter.after === undefined || filter.after === null ? undefined : gt(subsidy_lines.line_no, filter.after)
  )
}

export async function listLines (sql: ReadSql, filter: LineFilter): Promise<SubsidyLine[]> {
  return sql.select().from(subsidy_lines).where(conditionsOf(filter)).orderBy(asc(subsidy_lines.line_no)).limit(filter.limit)
}

/** Whether a participant has a line of the project, superseded ones too. */
export async function hasLineOf (sql: ReadSql, participant_no: string, uscc: string, project_code: string): Promise<boolean> {
  const found = await sql.select({ line_no: subsidy_lines.line_no }).from(subsidy_lines)
    .where(conditionsOf({ participant_no, uscc, project_code })).orderBy(desc(subsidy_lines.line_no)).limit(1)
  return found.length > 0
}

/** Writes what the ceilings of derivations have granted; the CHECK refuses one fen too much. */
export async function keepGranted (
  sql: WriteSql, now: string, owners: readonly Derivation[], rows: readonly Omit<ProjectYear, 'updated_at'>[]
): Promise<void> {
  for (const { uscc, project_code, kind } of owners) {
    await sql.update(project_years).set({ granted_fen: 0, updated_at: now })
      .where(and(eq(project_years.uscc, uscc), eq(project_years.project_code, project_code), eq(project_years.kind, kind)))
  }
  if (rows.length === 0) return
  await sql.insert(project_years).values(rows.map(row => ({ ...row, updated_at: now }))).onConflictDoUpdate({
    target: [project_years.uscc, project_years.project_code, project_years.kind, project_years.year, project_years.scope],
    set: { granted_fen: expression`excluded.granted_fen`, cap_fen: expression`excluded.cap_fen`,
      updated_at: expression`excluded.updated_at` }
  })
}

export async function grantedOf (sql: ReadSql, uscc: string, project_codes: readonly string[]): Promise<ProjectYear[]> {
  return sql.select().from(project_years).where(and(eq(project_years.uscc, uscc), inArray(project_years.project_code, [...project_codes])))
    .orderBy(asc(project_years.kind), asc(project_years.year), asc(project_years.scope))
}
