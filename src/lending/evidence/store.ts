/** What the tables of all rooms of evidence have in common, and the first use of receipts, transactions and invoices. */
import { and, asc, desc, eq, gt, gte, inArray, or, sql as expression, type SQL } from 'drizzle-orm'
import { bulkFind, bulkInsert, jointKey } from '../../db/bulk.ts'
import { integer, isListed, json, table, text } from '../../db/columns.ts'
import { hot, together, type ReadSql, type WriteSql } from '../../db/db.ts'
import { authorizations, type Authorization } from '../../intake/authorizations/store.ts'
import { enterpriseParticipants, enterprises } from '../../intake/enterprises/store.ts'
import type { Finding } from '../../policy/findings.ts'
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
  /** the same for many, each where its number stands */
  byBusinessNos (sql: ReadSql, wanted: readonly Pick<EvidenceRow, 'participant_no' | 'business_no'>[]): Promise<(Row | undefined)[]>
  list (sql: ReadSql, filter: EvidenceFilter, ...conditions: (SQL | undefined)[]): Promise<Row[]>
  /** false when the number or the business number of one is taken */
  insert (sql: WriteSql, ...rows: readonly Row[]): Promise<boolean>
  /** Moves the state when it is still `from`. */
  advance (sql: WriteSql, number: string, from: string, to: string, now: string): Promise<boolean>
}

const numbers_per_query_max = 500

/** @param kept a table whose columns begin with `evidenceColumns` */
export function evidenceStore<Row extends EvidenceRow> (kept: unknown): EvidenceStore<Row> {
  const rows = kept as typeof pattern
  const buildFind = (sql: ReadSql) => sql.select().from(rows).where(eq(rows.number, expression.placeholder('number'))).prepare()
  const findByBusinessNos = bulkFind<Row>((sql, participants, numbers) => sql.select().from(rows)
    .where(and(isListed(rows.participant_no, participants), isListed(rows.business_no, numbers))))
  const insertRows = bulkInsert(rows, insert => (insert.onConflictDoNothing() as typeof insert).returning({ number: rows.number }))
  const keyOf = ({ participant_no, business_no }: Pick<EvidenceRow, 'participant_no' | 'business_no'>) => jointKey(participant_no, business_no)
  async function byBusinessNos (sql: ReadSql, wanted: readonly Pick<EvidenceRow, 'participant_no' | 'business_no'>[]): Promise<(Row | undefined)[]> {
    const kept_rows = await findByBusinessNos(sql, wanted.map(({ participant_no }) => participant_no), wanted.map(({ business_no }) => business_no))
    const found = new Map(kept_rows.map(row => [keyOf(row), row]))
    return wanted.map(one => found.get(keyOf(one)))
  }
  return {
    byBusinessNos,
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
    byBusinessNo: async (sql, participant_no, business_no) => (await byBusinessNos(sql, [{ participant_no, business_no }]))[0],
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
    insert: async (sql, ...news) => (await insertRows(sql, news)).length === news.length,
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
  /** Settles a held one. false: it is held no more. */
  decide (sql: WriteSql, number: string, decided: Partial<Row>, now: string): Promise<boolean>
  /** Keeps what is found about one that was judged again. false: it is no more `from`. */
  rejudge (sql: WriteSql, number: string, from: EvidenceStatus, judged: Partial<Row>, now: string): Promise<boolean>
  /** Puts one in force again whose correction was rejected. */
  reinstate (sql: WriteSql, number: string, now: string): Promise<void>
}

/** @param kept a table with `evidenceColumns` and `heldColumns` */
export function heldStore<Row extends HeldRow> (kept: unknown): HeldStore<Row> {
  const rows = kept as typeof holdable
  const next = { version: expression`${rows.version} + 1` }
  const rejudge: HeldStore<Row>['rejudge'] = async (sql, number, from, judged, now) => {
    const moved = await sql.update(rows).set({ ...judged as Partial<HeldRow>, ...next, updated_at: now })
      .where(and(eq(rows.number, number), eq(rows.status, from))).returning({ number: rows.number })
    return moved.length > 0
  }
  return {
    ...correctableStore<Row>(kept),
    decide: (sql, number, decided, now) => rejudge(sql, number, 'HELD', decided, now),
    rejudge,
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

const insertUses = bulkInsert<typeof evidence_uses, Pick<EvidenceUse, 'evidence_key'>>(
  evidence_uses, insert => (insert.onConflictDoNothing() as typeof insert).returning({ evidence_key: evidence_uses.evidence_key }))
const findUsesOf = bulkFind<EvidenceUse>((sql, keys) => sql.select().from(evidence_uses).where(isListed(evidence_uses.evidence_key, keys)))

/** Keeps who used pieces of evidence first. @returns the keys that nobody had used */
export async function keepFirstUses (sql: WriteSql, uses: readonly EvidenceUse[]): Promise<Set<string>> {
  return new Set((await insertUses(sql, uses)).map(({ evidence_key }) => evidence_key))
}

/** The first uses of pieces of evidence by their keys. */
export async function findUses (sql: ReadSql, evidence_keys: readonly string[]): Promise<Map<string, EvidenceUse>> {
  return new Map((await findUsesOf(sql, evidence_keys)).map(use => [use.evidence_key, use]))
}

const findNames = bulkFind<{ uscc: string, name: string }>((sql, usccs) => sql.select({ uscc: enterprises.uscc, name: enterprises.name }).from(enterprises)
  .where(isListed(enterprises.uscc, usccs)))

export interface KnownEnterprise { name: string | null, participant_no: string | null }

/** Names of enterprises as the hub knows them, and their participants when they take part themselves. */
export async function enterprisesOf (sql: ReadSql, usccs: readonly string[]): Promise<KnownEnterprise[]> {
  const [named, numbers] = await together(findNames(sql, usccs), enterpriseParticipants(sql, usccs))
  const names = new Map(named.map(({ uscc, name }) => [uscc, name]))
  return usccs.map(uscc => ({ name: names.get(uscc) ?? null, participant_no: numbers.get(uscc) ?? null }))
}

/** The same for one. */
export async function enterpriseOf (sql: ReadSql, uscc: string): Promise<KnownEnterprise> {
  return (await enterprisesOf(sql, [uscc]))[0] ?? { name: null, participant_no: null }
}

const mandate_columns = {
  authorization_no: authorizations.authorization_no, grantor_name: authorizations.grantor_name, recipients: authorizations.recipients,
  scopes: authorizations.scopes, covers_history_from: authorizations.covers_history_from, valid_from: authorizations.valid_from,
  valid_to: authorizations.valid_to, status: authorizations.status
}
/** What evidence asks of an authorization. */
export type Mandate = Pick<Authorization, keyof typeof mandate_columns>

const findGiven = bulkFind<Mandate & { grantor_uscc: string }>((sql, usccs) =>
  sql.select({ ...mandate_columns, grantor_uscc: authorizations.grantor_uscc }).from(authorizations)
    .where(isListed(authorizations.grantor_uscc, usccs)).orderBy(desc(authorizations.authorization_no)))

/** Everything enterprises ever gave, the newest first; asked with every piece of evidence. */
export async function authorizationsGiven (sql: ReadSql, usccs: readonly string[]): Promise<Map<string, Mandate[]>> {
  const given = new Map<string, Mandate[]>(usccs.map(uscc => [uscc, []]))
  for (const one of await findGiven(sql, [...given.keys()])) given.get(one.grantor_uscc)?.push(one)
  return given
}
