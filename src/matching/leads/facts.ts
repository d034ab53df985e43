/** Everything a batch of needs is matched by, read at once: enterprises, projects, authorizations, pairings. */
import { and, count, eq, sql as expression, sum } from 'drizzle-orm'
import { bulkFind } from '../../db/bulk.ts'
import { isAmong, isListed, isWord, json, listed, table, text } from '../../db/columns.ts'
import { hot, together, type ReadSql, type WriteSql } from '../../db/db.ts'
import { authorizationsOf, type Authorization } from '../../intake/authorizations/store.ts'
import { contactOf, enterprises, type EnterpriseFacts } from '../../intake/enterprises/store.ts'
import { financing_needs, need_sources, type Need } from '../../intake/financing-needs/store.ts'
import type { Stage } from '../../intake/projects/kinds.ts'
import { projects } from '../../intake/projects/store.ts'
import { consortia, pairingsOn } from '../../registry/consortia/store.ts'
import { activeOfRole, type Participant } from '../../registry/participants/store.ts'

export interface ProjectFacts { name: string | null, total_investment_fen: number | null, stage: Stage | null, cluster: string | null }

export interface Facts {
  enterprises: ReadonlyMap<string, EnterpriseFacts & { source_no: string }>
  /** by uscc and project code */
  projects: ReadonlyMap<string, ProjectFacts>
  /** what each enterprise ever gave, the newest first */
  authorizations: ReadonlyMap<string, readonly Authorization[]>
  /** participants that still stand behind a need */
  senders: ReadonlyMap<string, readonly string[]>
  institutions: { readonly [kind in 'BANK' | 'GUARANTOR' | 'LESSOR' | 'PARTNER_PLATFORM']: readonly Participant[] }
  parks: readonly Participant[]
  /** active members of a park's consortia on the day */
  paired: ReadonlyMap<string, ReadonlySet<string>>
}

export function projectKey (uscc: string, project_code: string): string {
  return `${uscc} ${project_code}`
}

export async function factsOf (sql: ReadSql, needs: readonly Need[], day: string): Promise<Facts> {
  const usccs = [...new Set(needs.map(({ uscc }) => uscc))]
  const [known, given, described, doors, pairings, parks, BANK, GUARANTOR, LESSOR, PARTNER_PLATFORM] = await together(
    findEnterprises(sql, usccs), authorizationsOf(sql, usccs), findProjects(sql, usccs), findDoors(sql, needs.map(({ need_no }) => need_no)), pairingsOn(sql, day),
    activeOfRole(sql, 'PARK'), activeOfRole(sql, 'BANK'), activeOfRole(sql, 'GUARANTOR'), activeOfRole(sql, 'LESSOR'), activeOfRole(sql, 'PARTNER_PLATFORM'))
  return {
    enterprises: new Map(known.map(row => [row.uscc, { ...row, ...contactOf(sql, row.uscc, row) }])),
    projects: new Map(described.map(row => [projectKey(row.owner_uscc, row.project_code), row])),
    authorizations: grouped(given, row => row.grantor_uscc, row => row),
    senders: grouped(doors, row => row.need_no, row => row.participant_no),
    institutions: { BANK, GUARANTOR, LESSOR, PARTNER_PLATFORM },
    parks,
    paired: new Map([...pairings].map(([park_no, members]) => [park_no, new Set(members)]))
  }
}

const findEnterprises = bulkFind<typeof enterprises.$inferSelect>((sql, usccs) => sql.select().from(enterprises).where(isListed(enterprises.uscc, usccs)))
const findProjects = bulkFind<ProjectFacts & { owner_uscc: string, project_code: string }>((sql, usccs) => sql.select({
  owner_uscc: projects.owner_uscc, project_code: projects.project_code, name: projects.name, total_investment_fen: projects.total_investment_fen,
  stage: projects.stage, cluster: projects.cluster_33618_code
}).from(projects).where(isListed(projects.owner_uscc, usccs)))
const findDoors = bulkFind<{ need_no: string, participant_no: string }>((sql, need_nos) => sql.select({ need_no: need_sources.need_no, participant_no: need_sources.participant_no })
  .from(need_sources).where(and(isListed(need_sources.need_no, need_nos), eq(need_sources.status, 'OPEN'))))

function grouped<R, V> (rows: readonly R[], keyOf: (row: R) => string, valueOf: (row: R) => V): Map<string, V[]> {
  const groups = new Map<string, V[]>()
  for (const row of rows) {
    const group = groups.get(keyOf(row))
    if (group === undefined) groups.set(keyOf(row), [valueOf(row)])
    else group.push(valueOf(row))
  }
  return groups
}

const matched_before = ['MATCHED', 'PUSHED', 'PARTLY_FUNDED'] as const

/** Marks open needs of a park, or of enterprises, to be matched again: who is paired or authorised has changed. */
export async function matchAgain (sql: WriteSql, of: { park_no: string } | { usccs: readonly string[] }): Promise<void> {
  if ('usccs' in of) await hot(sql, buildMatchAgain).execute({ usccs: listed([...of.usccs]) })
  else await sql.update(financing_needs).set({ match_again: true }).where(and(eq(financing_needs.park_no, of.park_no), isWord(financing_needs.status, ...matched_before)))
}

const buildMatchAgain = (sql: WriteSql) => sql.update(financing_needs).set({ match_again: true })
  .where(and(isListed(financing_needs.uscc, expression.placeholder('usccs')), isWord(financing_needs.status, ...matched_before))).prepare()

const park_pairings = table('park_pairings', { park_no: text().primaryKey(), members: json<string[]>().notNull() })

/** Changes whenever a consortium does. */
export async function consortiaMark (sql: ReadSql): Promise<string> {
  const [row] = await sql.select({ count: count(), changes: sum(consortia.version).mapWith(Number) }).from(consortia)
  return `${row?.count ?? 0} ${row?.changes ?? 0}`
}

/** Members of each park's consortia when it was last matched. */
export async function keptPairings (sql: ReadSql): Promise<Map<string, string[]>> {
  return new Map((await sql.select().from(park_pairings)).map(({ park_no, members }) => [park_no, members]))
}

export async function keepPairing (sql: WriteSql, park_no: string, members: string[]): Promise<void> {
  await sql.insert(park_pairings).values({ park_no, members }).onConflictDoUpdate({ target: park_pairings.park_no, set: { members } })
}

/** Members of each active park's consortia in force on a day; none for a park that has no consortium any more. */
export async function pairingsOfParks (sql: ReadSql, day: string): Promise<Map<string, string[]>> {
  const pairings = await pairingsOn(sql, day)
  return new Map((await activeOfRole(sql, 'PARK')).map(({ participant_no }) => [participant_no, pairings.get(participant_no) ?? []]))
}

/** Needs that are withdrawn among some. */
export async function withdrawnAmong (sql: ReadSql, need_nos: readonly string[]): Promise<Set<string>> {
  if (need_nos.length === 0) return new Set()
  const rows = await sql.select({ need_no: financing_needs.need_no }).from(financing_needs)
    .where(and(isAmong(financing_needs.need_no, need_nos), eq(financing_needs.status, 'WITHDRAWN')))
  return new Set(rows.map(({ need_no }) => need_no))
}
