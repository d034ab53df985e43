/** Tables of enterprises: one row as the hub knows it, and one row per participant with what it said. */
import { and, asc, eq, sql as expression, type SQL } from 'drizzle-orm'
import { flag, fen, integer, isAmong, isListed, json, primaryKey, table, text } from '../../db/columns.ts'
import { bulkFind, bulkInsert } from '../../db/bulk.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import { opened, sealed } from '../../db/sealing.ts'
import type { SizeClass } from '../../policy/size-class.ts'
import type { HeldTag } from '../../policy/tags.ts'
import { participants } from '../../registry/participants/store.ts'

/** A title of an enterprise, with who named it. */
export interface SourcedTag extends HeldTag { readonly certificate_no: string | null, readonly source: string }

const facts = {
  name: text().notNull(),
  region_code: text(),
  industry_code: text(),
  size_class: text().$type<SizeClass>(),
  employees: integer(),
  revenue_fen: fen(),
  tags: json<SourcedTag[]>().notNull(),
  contact_name: text(),
  contact_phone: text(),
  created_at: text().notNull(),
  updated_at: text().notNull()
}

export const enterprises = table('enterprises', {
  uscc: text().primaryKey(),
  ...facts,
  credit_checked_on: text(),
  dishonest: flag(),
  source_no: text().notNull(),
  version: integer().notNull()
})

export const enterprise_sources = table('enterprise_sources', {
  uscc: text().notNull(),
  source_no: text().notNull(),
  ...facts
}, columns => [primaryKey({ columns: [columns.uscc, columns.source_no] })])

export interface Contact { contact_name: string | null, contact_phone: string | null }

/** What one participant says about an enterprise; null is not known. */
export interface EnterpriseFacts extends Contact {
  uscc: string
  name: string
  region_code: string | null
  industry_code: string | null
  size_class: SizeClass | null
  employees: number | null
  revenue_fen: number | null
  tags: SourcedTag[]
}

export interface Enterprise extends EnterpriseFacts {
  credit_checked_on: string | null
  dishonest: boolean | null
  /** the participant whose word the row is */
  source_no: string
  version: number
  created_at: string
  updated_at: string
}

/** What a sealed contact is bound to: the enterprise, wherever its row stands. */
export function contactPlace (column: keyof Contact, uscc: string): string {
  return `enterprises/${column}/${uscc}`
}

/** A person's name and number as they are kept: sealed. */
function keptContact (sql: ReadSql, uscc: string, { contact_name, contact_phone }: Contact): Contact {
  return {
    contact_name: sealed(sql, contact_name, contactPlace('contact_name', uscc)), contact_phone: sealed(sql, contact_phone, contactPlace('contact_phone', uscc))
  }
}

/** The inverse of `keptContact`. */
export function contactOf (sql: ReadSql, uscc: string, { contact_name, contact_phone }: Contact): Contact {
  return {
    contact_name: opened(sql, contact_name, contactPlace('contact_name', uscc)), contact_phone: opened(sql, contact_phone, contactPlace('contact_phone', uscc))
  }
}

/**
 * An enterprise as the hub knows it, or as one participant described it.
 *
 * @param source_no only what this participant said; no row when it said nothing
 */
export async function findEnterprise (sql: ReadSql, uscc: string, source_no?: string): Promise<Enterprise | undefined> {
  const [known] = await sql.select().from(enterprises).where(eq(enterprises.uscc, uscc))
  if (known === undefined) return undefined
  if (source_no === undefined) return { ...known, ...contactOf(sql, uscc, known) }
  const [said] = await sql.select().from(enterprise_sources).where(and(eq(enterprise_sources.uscc, uscc), eq(enterprise_sources.source_no, source_no)))
  if (said === undefined) return undefined
  const { credit_checked_on, dishonest, version } = known
  return { ...said, ...contactOf(sql, uscc, said), credit_checked_on, dishonest, version }
}

/** What one participant said about many enterprises. */
export async function enterprisesFrom (sql: ReadSql, source_no: string, usccs: readonly string[]): Promise<Map<string, EnterpriseFacts>> {
  if (usccs.length === 0) return new Map()
  const rows = await sql.select().from(enterprise_sources).where(and(eq(enterprise_sources.source_no, source_no), isAmong(enterprise_sources.uscc, usccs)))
  return new Map(rows.map(row => [row.uscc, { ...row, ...contactOf(sql, row.uscc, row) }]))
}

const findSaidNames = bulkFind<{ uscc: string, name: string }>((sql, usccs, source_nos) => sql.select({ uscc: enterprise_sources.uscc, name: enterprise_sources.name })
  .from(enterprise_sources).where(and(isListed(enterprise_sources.source_no, source_nos), isListed(enterprise_sources.uscc, usccs))))

/** Names under which one participant sent many enterprises. */
export async function saidNamesOf (sql: ReadSql, source_no: string, usccs: readonly string[]): Promise<Map<string, string>> {
  return new Map((await findSaidNames(sql, usccs, [source_no])).map(({ uscc, name }) => [uscc, name]))
}

/** Codes under which one participant sent enterprises of these names. */
export async function codesOfNames (sql: ReadSql, source_no: string, names: readonly string[]): Promise<Map<string, string>> {
  if (names.length === 0) return new Map()
  const rows = await sql.select({ uscc: enterprise_sources.uscc, name: enterprise_sources.name }).from(enterprise_sources)
    .where(and(eq(enterprise_sources.source_no, source_no), isAmong(enterprise_sources.name, names)))
  return new Map(rows.map(({ uscc, name }) => [name, uscc]))
}

const findKnown = bulkFind<{ uscc: string, name: string, tags: SourcedTag[] }>((sql, usccs) => sql.select({ uscc: enterprises.uscc, name: enterprises.name, tags: enterprises.tags })
  .from(enterprises).where(isListed(enterprises.uscc, usccs)))

/** Names and tags of many enterprises as the hub knows them, whoever sent them. */
export async function enterprisesKnown (sql: ReadSql, usccs: readonly string[]): Promise<Map<string, { name: string, tags: SourcedTag[] }>> {
  return new Map((await findKnown(sql, usccs)).map(row => [row.uscc, row]))
}

const findTakingPart = bulkFind<{ uscc: string, participant_no: string }>((sql, usccs) => sql.select({ uscc: participants.uscc, participant_no: participants.participant_no })
  .from(participants).where(and(eq(participants.role, 'ENTERPRISE'), isListed(participants.uscc, usccs))))

/** Enterprises that take part themselves: uscc → participant, for the audience of events. */
export async function enterpriseParticipants (sql: ReadSql, usccs: readonly string[]): Promise<Map<string, string>> {
  return new Map((await findTakingPart(sql, usccs)).map(({ uscc, participant_no }) => [uscc, participant_no]))
}

const said = (column: string): SQL => expression.raw(`excluded.${column}`)
const kept_columns = ['region_code', 'industry_code', 'size_class', 'employees', 'revenue_fen', 'contact_name', 'contact_phone'] as const

/** What the same participant says anew replaces what it said; what it leaves out stays. */
function newerWord (): Record<string, SQL> {
  return {
    name: said('name'),
    ...Object.fromEntries(kept_columns.map(column => [column, expression`coalesce(${said(column)}, ${enterprise_sources[column]})`])),
    tags: expression`case when ${said('tags')} = '[]' then ${enterprise_sources.tags} else ${said('tags')} end`,
    updated_at: said('updated_at')
  }
}

/** The row of the hub: the enterprise's own word counts before all others, the first participant's before later ones. */
function firstWord (own: boolean): Record<string, SQL> {
  const newer = own ? expression`1 = 1` : expression`${enterprises.source_no} = ${said('source_no')}`
  const { tags, source_no, version } = enterprises
  return {
    name: expression`case when ${newer} then ${said('name')} else ${enterprises.name} end`,
    ...Object.fromEntries(kept_columns.map(column => [
      column, expression`case when ${newer} then coalesce(${said(column)}, ${enterprises[column]}) else coalesce(${enterprises[column]}, ${said(column)}) end`
    ])),
    tags: expression`case when ${said('tags')} = '[]' or (${tags} <> '[]' and not (${newer})) then ${tags} else ${said('tags')} end`,
    source_no: own ? said('source_no') : expression`${source_no}`,
    version: expression`${version} + 1`,
    updated_at: said('updated_at')
  }
}

const keepSaid = bulkInsert(enterprise_sources, insert => insert.onConflictDoUpdate({ target: [enterprise_sources.uscc, enterprise_sources.source_no], set: newerWord() }))
const keepOwnWord = bulkInsert(enterprises, insert => insert.onConflictDoUpdate({ target: enterprises.uscc, set: firstWord(true) }))
const keepFirstWord = bulkInsert(enterprises, insert => insert.onConflictDoUpdate({ target: enterprises.uscc, set: firstWord(false) }))

/**
 * Keeps what a participant says about enterprises.
 *
 * @param own the participant is the enterprise itself
 */
export async function upsertEnterprises (sql: WriteSql, now: string, source_no: string, own: boolean, all: readonly EnterpriseFacts[]): Promise<void> {
  if (all.length === 0) return
  const rows = [...new Map(all.map(one => [one.uscc, {
    uscc: one.uscc, name: one.name, region_code: one.region_code, industry_code: one.industry_code, size_class: one.size_class, employees: one.employees,
    revenue_fen: one.revenue_fen, tags: one.tags, ...keptContact(sql, one.uscc, one), source_no, version: 1, created_at: now, updated_at: now
  }])).values()]
  await keepSaid(sql, rows)
  await (own ? keepOwnWord : keepFirstWord)(sql, rows)
}

export async function upsertEnterprise (sql: WriteSql, now: string, source_no: string, own: boolean, one: EnterpriseFacts): Promise<void> {
  await upsertEnterprises(sql, now, source_no, own, [one])
}

/** Participants that described an enterprise. */
export async function sourcesOfEnterprise (sql: ReadSql, uscc: string): Promise<string[]> {
  const rows = await sql.select({ source_no: enterprise_sources.source_no }).from(enterprise_sources)
    .where(eq(enterprise_sources.uscc, uscc)).orderBy(asc(enterprise_sources.source_no))
  return rows.map(({ source_no }) => source_no)
}

/** Keeps the result of a credit check (E-07). */
export async function keepCreditCheck (sql: WriteSql, now: string, uscc: string, checked_on: string, dishonest: boolean): Promise<void> {
  await sql.update(enterprises).set({ credit_checked_on: checked_on, dishonest, updated_at: now }).where(eq(enterprises.uscc, uscc))
}
