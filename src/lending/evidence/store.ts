/** What the tables of all rooms of evidence have in common, and the first use of receipts, transactions and invoices. */
import { and, asc, desc, eq, getTableColumns, gt, gte, inArray, or, sql as expression, type SQL } from 'drizzle-orm'
import { integer, json, table, text } from '../../db/columns.ts'
import { hot, type ReadSql, type WriteSql } from '../../db/db.ts'
import { authorizations, type Authorization } from '../../intake/authorizations/store.ts'
import { enterprises } from '../../intake/enterprises/store.ts'
import type { Finding } from '../../policy/findings.ts'
import { participants } from '../../registry/participants/store.ts'
import type { EvidenceStatus } from './schema.ts'

/** A use of the same receipt, transaction or invoice by somebody else or for something else; for MEIC and the assigned auditor only. */
export interface ReviewNote { code: string, evidence_key: string, first_participant_no: string, first_number: string, first_kind: string,
  first_subject: string }

/** Columns that every kind of evidence has; `uscc` is the enterprise it is about. */
export const evidenceColumns = () => ({
  number: text().primaryKey(),
  participant_no: text().notNull(),
  business_no: text().notNull(),
  uscc: text().notNull(),
  project_code: text().notNull(),
  status: text().$type<EvidenceStatus>().notNull(),
  findings: json<Finding[]>().notNull(),
  authorization_no: text(),
  content_digest: text().notNull(),
  /** where its evidence was used before; never shown to the sender */
  review_notes: json<ReviewNote[]>().notNull(),
  body: json<Record<string, unknown>>().notNull(),
  version: integer().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
})

/** Columns of what may be corrected: a correction is a row of its own, and the one before steps back. */
export const correctionColumns = () => ({ supersedes: text(), superseded_by: text() })

/** Columns of what may be held besides: since when it counts, or counted until it was corrected; null: it never did. */
export const heldColumns = () => ({ ...correctionColumns(), accepted_at: text() })

/** Columns of a contract or drawdown: all its versions carry the two numbers of the first one. */
export const versionColumns = () => ({ chain: text().notNull(), first_no: text().notNull(), ...correctionColumns() })

const pattern = table('evidence', evidenceColumns())
export type EvidenceRow = typeof pattern.$inferSelect
const correctable = table('evidence', { ...evidenceColumns(), ...correctionColumns() })
export type CorrectableRow = typeof correctable.$inferSelect
const holdable = table('evidence', { ...evidenceColumns(), ...heldColumns() })
export type HeldRow = typeof holdable.$inferSelect
export type VersionRow = CorrectableRow & { chain: string, first_no: string }

export interface EvidenceFilter {
  participant_no?: string
  uscc?: string
  status?: string
  project_code?: string
  /** its number here or at its sender */
  named?: string
  updated_since?: string
  /** number of the last one of the page before */
  after: string | null
  limit: number
}

/** A condition on the table of a room. */
export type Condition = SQL

export interface EvidenceStore<Row extends EvidenceRow> {
  /** by the hub's number, whoever sent it */
  find (sql: ReadSql, number: string): Promise<Row | undefined>
  /** those of some numbers, whoever sent them */
  among (sql: ReadSql, numbers: readonly string[]): Promise<Row[]>
  /** one of a participant, by either number; the hub's goes first */
  findOwn (sql: ReadSql, participant_no: string, number: string): Promise<Row | undefined>
  byBusinessNo (sql: ReadSql, participant_no: string, business_no: string): Promise<Row | undefined>
  list (sql: ReadSql, filter: EvidenceFilter, ...conditions: (SQL | undefined)[]): Promise<Row[]>
  /** false when the number or the business number is taken */
  insert (sql: WriteSql, row: Row): Promise<boolean>
  /** Moves the state when it is still `from`. */
  advance (sql: WriteSql, number: string, from: string, to: string, now: string): Promise<boolean>
}

const numbers_per_query_max = 500

/** @param kept a table whose columns begin with `evidenceColumns` */
export function evidenceStore<Row extends EvidenceRow> (kept: unknown): EvidenceStore<Row> {
  const rows = kept as typeof pattern
  const buildFind = (sql: ReadSql) => sql.select().from(rows).where(eq(rows.number, expression.placeholder('number'))).prepare()
  const buildByBusinessNo = (sql: ReadSql) => sql.select().from(rows)
    .where(and(eq(rows.participant_no, expression.placeholder('participant_no')),
      eq(rows.business_no, expression.placeholder('business_no')))).prepare()
  const buildInsert = (sql: WriteSql) => sql.insert(rows)
    .values(Object.fromEntries(Object.keys(getTableColumns(rows)).map(name => [name, expression.placeholder(name)])) as never)
    .onConflictDoNothing().returning({ number: rows.number }).prepare()
  return {
    find: async (sql, number) => (await hot(sql, buildFind).execute({ number }) as unknown as Row[])[0],
    async among (sql, numbers) {
      const found: Row[] = []
      for (let from = 0; from < numbers.length; from += numbers_per_query_max) {
        found.push(...await sql.select().from(rows).where(inArray(rows.number, numbers.slice(from, from + numbers_per_query_max))) as unknown as Row[])
      }
      return found
    },
    async findOwn (sql, participant_no, number) {
      const found = await sql.select().from(rows)
        .where(and(eq(rows.participant_no, participant_no), or(eq(rows.number, number), eq(rows.business_no, number)))).limit(2)
      return (found.find(row => row.number === number) ?? found[0]) as unknown as Row | undefined
    },
    byBusinessNo: async (sql, participant_no, business_no) =>
      (await hot(sql, buildByBusinessNo).execute({ participant_no, business_no }) as unknown as Row[])[0],
    list: async (sql, { participant_no, uscc, status, project_code, named, updated_since, after, limit },
      ...conditions) => sql.select().from(rows).where(and(
      participant_no === undefined ? undefined : eq(rows.participant_no, participant_no),
      uscc === undefined ? undefined : eq(rows.uscc, uscc),
      status === undefined ? undefined : eq(rows.status, status as EvidenceStatus),
      project_code === undefined ? undefined : eq(rows.project_code, project_code),
      named === undefined ? undefined : or(eq(rows.number, named), eq(rows.business_no, named)),
      updated_since === undefined ? undefined : gte(rows.updated_at, updated_since),
      after === null ? undefined : gt(rows.number, after),
      ...conditions
    )).orderBy(asc(rows.number)).limit(limit) as unknown as Promise<Row[]>,
    insert: async (sql, row) => (await hot(sql, buildInsert).execute(row)).length > 0,
    advance: async (sql, number, from, to, now) => (await sql.update(rows)
      .set({ status: to as EvidenceStatus, version: expression`${rows.version} + 1`, updated_at: now })
      .where(and(eq(rows.number, number), eq(rows.status, from as EvidenceStatus))).returning({ number: rows.number })).length > 0
  }
}

const live: EvidenceStatus[] = ['ACCEPTED', 'HELD']

export interface CorrectableStore<Row extends CorrectableRow> extends EvidenceStore<Row> {
  /** Takes one out of force in favour of its correction. false: its state no longer allows it. */
  supersede (sql: WriteSql, number: string, superseded_by: string, now: string): Promise<boolean>
  /** The version in force of an own one, by the business number of any of its versions. */
  inForce (sql: ReadSql, participant_no: string, business_no: string): Promise<Row | undefined>
}

/** @param kept a table with `evidenceColumns` and `correctionColumns` */
export function correctableStore<Row extends CorrectableRow> (kept: unknown): CorrectableStore<Row> {
  const rows = kept as typeof correctable
  const store = evidenceStore<Row>(kept)
  return {
    ...store,
    async supersede (sql, number, superseded_by, now) {
      const moved = await sql.update(rows).set({ status: 'SUPERSEDED', superseded_by, updated_at: now, version: expression`${rows.version} + 1` })
        .where(and(eq(rows.number, number), inArray(rows.status, live))).returning({ number: rows.number })
      return moved.length > 0
    },
    async inForce (sql, participant_no, business_no) {
      let row = await store.byBusinessNo(sql, participant_no, business_no)
      while (row !== undefined && row.superseded_by !== null) row = await store.find(sql, row.superseded_by)
      return row
    }
  }
}

export interface HeldStore<Row extends HeldRow> extends CorrectableStore<Row> {
  /** Settles a held one, or keeps what else is found about it. false: it is held no more. */
  decide (sql: WriteSql, number: string, decided: Partial<Row>, now: string): Promise<boolean>
  /** Puts one in force again whose correction was rejected. */
  reinstate (sql: WriteSql, number: string, now: string): Promise<void>
}

/** @param kept a table with `evidenceColumns` and `heldColumns` */
export function heldStore<Row extends HeldRow> (kept: unknown): HeldStore<Row> {
  const rows = kept as typeof holdable
  const next = { version: expression`${rows.version} + 1` }
  return {
    ...correctableStore<Row>(kept),
    async decide (sql, number, decided, now) {
      const moved = await sql.update(rows).set({ ...decided as Partial<HeldRow>, ...next, updated_at: now })
        .where(and(eq(rows.number, number), eq(rows.status, 'HELD'))).returning({ number: rows.number })
      return moved.length > 0
    },
    async reinstate (sql, number, now) {
      await sql.update(rows).set({ ...next, status: 'ACCEPTED', superseded_by: null, updated_at: now })
        .where(and(eq(rows.number, number), eq(rows.status, 'SUPERSEDED')))
    }
  }
}

/** The commission reads what waits for its decision, and nothing else of lending (contract §6). */
export function heldFor (kept: unknown) {
  const { status } = kept as typeof correctable
  return (_sql: ReadSql, { role }: { role: string }): Condition | undefined => role === 'MEIC' ? expression`${status} = 'HELD'` : undefined
}

const evidence_uses = table('evidence_uses', {
  evidence_key: text().primaryKey(),
  participant_no: text().notNull(),
  kind: text().notNull(),
  subject: text().notNull(),
  number: text().notNull(),
  created_at: text().notNull()
})

export type EvidenceUse = typeof evidence_uses.$inferSelect

const buildUse = (sql: WriteSql) => sql.insert(evidence_uses).values({
  evidence_key: expression.placeholder('evidence_key'),
  participant_no: expression.placeholder('participant_no'),
  kind: expression.placeholder('kind'),
  subject: expression.placeholder('subject'),
  number: expression.placeholder('number'),
  created_at: expression.placeholder('created_at')
} as never).onConflictDoNothing().returning({ number: evidence_uses.number }).prepare()

const buildUseOf = (sql: ReadSql) => sql.select().from(evidence_uses).where(eq(evidence_uses.evidence_key,
  expression.placeholder('evidence_key'))).prepare()

/** Keeps who used a piece of evidence first. false: somebody did already. */
export async function keepUse (sql: WriteSql, use: EvidenceUse): Promise<boolean> {
  return (await hot(sql, buildUse).execute(use)).length > 0
}

/** The first use of a piece of evidence. */
export async function findUse (sql: ReadSql, evidence_key: string): Promise<EvidenceUse | undefined> {
  return (await hot(sql, buildUseOf).execute({ evidence_key }))[0]
}

const buildEnterprise = (sql: ReadSql) => sql.select({ name: enterprises.name }).from(enterprises).where(eq(enterprises.uscc,
  expression.placeholder('uscc'))).prepare()
const buildParticipant = (sql: ReadSql) => sql.select({ participant_no: participants.participant_no }).from(participants)
  .where(and(eq(participants.role, 'ENTERPRISE'), eq(participants.uscc, expression.placeholder('uscc')))).prepare()

/** Name of an enterprise as the hub knows it, and its participant when it takes part itself. */
export async function enterpriseOf (sql: ReadSql, uscc: string): Promise<{ name: string | null, participant_no: string | null }> {
  const [known] = await hot(sql, buildEnterprise).execute({ uscc })
  const [taking_part] = await hot(sql, buildParticipant).execute({ uscc })
  return { name: known?.name ?? null, participant_no: taking_part?.participant_no ?? null }
}

const mandate_columns = {
  authorization_no: authorizations.authorization_no, grantor_name: authorizations.grantor_name, recipients: authorizations.recipients,
  scopes: authorizations.scopes, covers_history_from: authorizations.covers_history_from, valid_from: authorizations.valid_from,
  valid_to: authorizations.valid_to, status: authorizations.status
}
/** What evidence asks of an authorization. */
export type Mandate = Pick<Authorization, keyof typeof mandate_columns>

const buildGiven = (sql: ReadSql) => sql.select(mandate_columns).from(authorizations)
  .where(eq(authorizations.grantor_uscc, expression.placeholder('uscc'))).orderBy(desc(authorizations.authorization_no)).prepare()

/** Everything an enterprise ever gave, the newest first; asked with every piece of evidence. */
export async function authorizationsGiven (sql: ReadSql, uscc: string): Promise<Mandate[]> {
  return hot(sql, buildGiven).execute({ uscc })
}
