/** Tables of renovation projects: one merged row, and the facts as each participant sent them. */
import { and, asc, eq, gt, gte, sql as expression } from 'drizzle-orm'
import { fen, flag, integer, isListed, json, primaryKey, table, text } from '../../db/columns.ts'
import { bulkFind, bulkInsert } from '../../db/bulk.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import type { Role } from '../../http/access.ts'
import type { Nature, Stage, LibraryStatus } from './kinds.ts'

/** One review of a library entry: by whom, when, with which result. */
export interface Review { decision: 'PASS' | 'REJECT', decided_by: string, user_no: string, decided_at: string, note: string | null }

export interface LibraryEntry {
  entry_no: string | null
  applied_at: string
  district_review: Review | null
  city_review: Review | null
  status: LibraryStatus
}

export interface ProjectFacts {
  name: string | null
  nature: Nature | null
  construction_site_region: string | null
  filing_authority: string | null
  filing_no: string | null
  filing_date: string | null
  total_investment_fen: number | null
  land_cost_fen: number | null
  equipment_cost_fen: number | null
  software_cost_fen: number | null
  network_cost_fen: number | null
  civil_works_cost_fen: number | null
  start_date: string | null
  planned_completion_date: string | null
  stage: Stage | null
  cluster_33618_code: string | null
  industry_code: string | null
  received_investment_grant: boolean | null
}

export const NO_FACTS: Readonly<ProjectFacts> = {
  name: null, nature: null, construction_site_region: null, filing_authority: null, filing_no: null, filing_date: null, total_investment_fen: null,
  land_cost_fen: null, equipment_cost_fen: null, software_cost_fen: null, network_cost_fen: null, civil_works_cost_fen: null, start_date: null,
  planned_completion_date: null, stage: null, cluster_33618_code: null, industry_code: null, received_investment_grant: null
}

export const projects = table('projects', {
  owner_uscc: text().notNull(),
  project_code: text().notNull(),
  name: text(),
  nature: text().$type<Nature>(),
  construction_site_region: text(),
  filing_authority: text(),
  filing_no: text(),
  filing_date: text(),
  total_investment_fen: fen(),
  land_cost_fen: fen(),
  equipment_cost_fen: fen(),
  software_cost_fen: fen(),
  network_cost_fen: fen(),
  civil_works_cost_fen: fen(),
  start_date: text(),
  planned_completion_date: text(),
  stage: text().$type<Stage>(),
  cluster_33618_code: text(),
  industry_code: text(),
  received_investment_grant: flag(),
  library_entry: json<LibraryEntry>(),
  library_status: text().$type<LibraryStatus>(),
  version: integer().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
}, columns => [primaryKey({ columns: [columns.owner_uscc, columns.project_code] })])

export const project_sources = table('project_sources', {
  owner_uscc: text().notNull(),
  project_code: text().notNull(),
  source_no: text().notNull(),
  source_role: text().$type<Role>().notNull(),
  facts: json<ProjectFacts>().notNull(),
  content_digest: text().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
}, columns => [primaryKey({ columns: [columns.owner_uscc, columns.project_code, columns.source_no] })])

export type Project = typeof projects.$inferSelect
export type ProjectSource = typeof project_sources.$inferSelect

export async function findProject (sql: ReadSql, owner_uscc: string, project_code: string): Promise<Project | undefined> {
  return (await sql.select().from(projects).where(and(eq(projects.owner_uscc, owner_uscc), eq(projects.project_code, project_code))))[0]
}

const findOfOwners = bulkFind<Project>((sql, usccs) => sql.select().from(projects).where(isListed(projects.owner_uscc, usccs)))

/** Projects of many owners, by `owner|code`. */
export async function projectsOf (sql: ReadSql, usccs: readonly string[]): Promise<Map<string, Project>> {
  return new Map((await findOfOwners(sql, usccs)).map(row => [`${row.owner_uscc}|${row.project_code}`, row]))
}

/** Every project with that code; one, unless two owners use the same code. */
export async function projectsWithCode (sql: ReadSql, project_code: string): Promise<Project[]> {
  return sql.select().from(projects).where(eq(projects.project_code, project_code)).orderBy(asc(projects.owner_uscc))
}

export async function projectSources (sql: ReadSql, owner_uscc: string, project_code: string): Promise<ProjectSource[]> {
  return sql.select().from(project_sources).where(and(eq(project_sources.owner_uscc, owner_uscc), eq(project_sources.project_code, project_code)))
    .orderBy(asc(project_sources.created_at), asc(project_sources.source_no))
}

export async function keepProjectSource (sql: WriteSql, row: ProjectSource): Promise<void> {
  await sql.insert(project_sources).values(row).onConflictDoUpdate({
    target: [project_sources.owner_uscc, project_sources.project_code, project_sources.source_no],
    set: { facts: row.facts, content_digest: row.content_digest, updated_at: row.updated_at }
  })
}

/** Keeps the merged row. */
export async function keepProject (sql: WriteSql, now: string, owner_uscc: string, project_code: string, facts: ProjectFacts): Promise<Project> {
  const [row] = await sql.insert(projects).values({ owner_uscc, project_code, ...facts, version: 1, created_at: now, updated_at: now })
    .onConflictDoUpdate({
      target: [projects.owner_uscc, projects.project_code],
      set: { ...facts, version: expression`${projects.version} + 1`, updated_at: now }
    }).returning()
  if (row === undefined) throw new Error('a project was not kept')
  return row
}

function withName (name: string | null): ProjectFacts {
  return { ...NO_FACTS, name }
}

const keepSaid = bulkInsert(project_sources, insert => insert.onConflictDoNothing())
const keepNew = bulkInsert(projects, insert => insert.onConflictDoNothing())

/** Projects that a list names: code, owner and perhaps a name; what is known already stays. */
export async function keepNamedProjects (
  sql: WriteSql, now: string, source_no: string, named: readonly { owner_uscc: string, project_code: string, name: string | null, content_digest: string }[]
): Promise<void> {
  if (named.length === 0) return
  const rows = [...new Map(named.map(one => [`${one.owner_uscc}|${one.project_code}`, one])).values()]
  const said: ProjectSource[] = []
  const merged: (typeof projects.$inferInsert)[] = []
  for (const { owner_uscc, project_code, name, content_digest } of rows) {
    const facts = withName(name)
    said.push({ owner_uscc, project_code, source_no, source_role: 'PARK', facts, content_digest, created_at: now, updated_at: now })
    merged.push({ owner_uscc, project_code, name, version: 1, created_at: now, updated_at: now })
  }
  await keepSaid(sql, said)
  await keepNew(sql, merged)
}

/** Moves a library entry. @returns the row as it is now; undefined when it was in another state */
export async function advanceLibraryEntry (
  sql: WriteSql, now: string, owner_uscc: string, project_code: string, from: LibraryStatus | null, entry: LibraryEntry
): Promise<Project | undefined> {
  const [row] = await sql.update(projects)
    .set({ library_entry: entry, library_status: entry.status, version: expression`${projects.version} + 1`, updated_at: now })
    .where(and(
      eq(projects.owner_uscc, owner_uscc), eq(projects.project_code, project_code),
      from === null ? expression`${projects.library_status} is null` : eq(projects.library_status, from)
    )).returning()
  return row
}

export interface ProjectFilter {
  /** projects of this owner; null: any */
  owner_uscc: string | null
  /** only those this participant described */
  source_no: string | null
  library_status?: LibraryStatus | undefined
  updated_since?: string | undefined
}

/** A page in the order of code and owner. @param after `code|owner` */
export async function listProjects (sql: ReadSql, filter: ProjectFilter, after: string | null, limit: number): Promise<Project[]> {
  const key = expression`${projects.project_code} || '|' || ${projects.owner_uscc}`
  const described = filter.source_no === null ? undefined : sql.select({ one: expression`1` }).from(project_sources).where(and(
    eq(project_sources.source_no, filter.source_no), eq(project_sources.owner_uscc, projects.owner_uscc), eq(project_sources.project_code, projects.project_code)))
  return sql.select().from(projects).where(and(
    filter.owner_uscc === null ? undefined : eq(projects.owner_uscc, filter.owner_uscc),
    described === undefined ? undefined : expression`exists ${described}`,
    filter.library_status === undefined ? undefined : eq(projects.library_status, filter.library_status),
    filter.updated_since === undefined ? undefined : gte(projects.updated_at, filter.updated_since),
    after === null ? undefined : gt(key, after)
  )).orderBy(asc(key)).limit(limit)
}
