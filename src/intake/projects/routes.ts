/** Operations on renovation projects. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { answeredToday, operation } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { beijingDate, instantMs, instantOf } from '../../policy/calendar.ts'
import { yuanOf } from '../../policy/money.ts'
import { no_hooks, type IntakeHooks } from '../hooks.ts'
import {
  entry_example, LibraryDecision, NewProject, new_project_example, OwnerQuery, ProjectImport, ProjectImportAnswer, project_example, ProjectPage, ProjectParams,
  ProjectQuery, ProjectSchema
} from './schema.ts'
import { asSeen, importProjects, readProject, reviewEntry, seesMerged, submitProject } from './service.ts'
import { listProjects, type Project } from './store.ts'

const readers = ['PARK', 'ENTERPRISE', 'MEIC', 'DISTRICT_MEIC', 'PLATFORM_OPERATOR'] as const
const paired = ['BANK', 'GUARANTOR', 'RE_GUARANTOR', 'LESSOR', 'INSURER', 'AUDITOR', 'FINANCE_BUREAU'] as const

function shown (project: Project) {
  const { total_investment_fen, land_cost_fen, equipment_cost_fen, software_cost_fen, network_cost_fen, civil_works_cost_fen, library_status: _status, ...rest } = project
  const yuan = (fen: number | null): string | null => fen === null ? null : yuanOf(fen)
  return {
    ...rest,
    total_investment: yuan(total_investment_fen),
    land_cost: yuan(land_cost_fen),
    equipment_cost: yuan(equipment_cost_fen),
    software_cost: yuan(software_cost_fen),
    network_cost: yuan(network_cost_fen),
    civil_works_cost: yuan(civil_works_cost_fen)
  }
}

export function projectRoutes (app: FastifyInstance, { db }: { db: Db }, hooks: IntakeHooks = no_hooks): void {
  operation(app, { db }, {
    id: 'submitProject',
    method: 'POST',
    path: '/v1/projects',
    summary: 'Describe a renovation project',
    summary_zh: '报送技改项目',
    description: 'By its enterprise or a park. Facts that are new are added; those the caller sent before change only with `correction`. S2 (十三): filed and in the library.',
    callers: ['PARK', 'ENTERPRISE'],
    body: NewProject,
    replies: { 201: ProjectSchema, 200: ProjectSchema },
    refuses: ['duplicate_key', 'uscc_check_digit', 'project_code_invalid', 'land_over_amount', 'period_reversed', 'rule_broken'],
    example: { request: new_project_example, reply: project_example }
  }, async call => answeredToday(await call.decide(async (sql, now) => {
    const { project, created } = await submitProject(sql, now, call.principal, call.body, hooks)
    return { status: created ? 201 : 200, body: shown(project), version: project.version, headers: { location: `/v1/projects/${project.project_code}` } }
  }), async ({ project_code, owner_uscc }) => await seesMerged(db.read, call.principal, String(owner_uscc), beijingDate(call.now)) ? null
    : shown(await readProject(db.read, call.principal, String(project_code), String(owner_uscc), call.now))))

  operation(app, { db }, {
    id: 'listProjects',
    method: 'GET',
    path: '/v1/projects',
    summary: 'List renovation projects',
    summary_zh: '查询技改项目列表',
    description: 'Own projects of an enterprise, those a park described, all for the authorities. S2 (十三).',
    callers: readers,
    query: ProjectQuery,
    replies: { 200: ProjectPage },
    example: { reply: { items: [project_example], next_cursor: null } }
  }, async ({ principal, query, now }) => {
    const page = pageRequest('listProjects', principal, query)
    const rows = await listProjects(db.read, {
      owner_uscc: principal.role === 'ENTERPRISE' ? principal.uscc : query.owner_uscc ?? null,
      source_no: principal.role === 'PARK' ? principal.participant_no : null,
      library_status: query.library_status,
      updated_since: query.updated_since === undefined ? undefined : instantOf(instantMs(query.updated_since))
    }, page.after, page.limit + 1)
    const { items, next_cursor } = pageOf('listProjects', principal, page, rows, row => `${row.project_code}|${row.owner_uscc}`)
    return { status: 200, body: { items: (await asSeen(db.read, principal, items, now)).map(shown), next_cursor } }
  })

  operation(app, { db }, {
    id: 'importProjects',
    method: 'POST',
    path: '/v1/projects/imports',
    summary: 'Import projects of 技改e点通',
    summary_zh: '导入“技改e点通”项目',
    description: 'Up to 1000 projects, each decided for itself; an import may correct earlier facts of the same source. S1 四(三)6: newly started projects enter the library through 技改e点通.',
    callers: ['PARK', 'DISTRICT_MEIC', 'MEIC', 'PLATFORM_OPERATOR'],
    body: ProjectImport,
    replies: { 200: ProjectImportAnswer },
    example: {
      request: { items: [{ ...new_project_example, applied_on: '2026-02-01' }] },
      reply: {
        counts: { CREATED: 1, CHANGED: 0, UNCHANGED: 0, REJECTED: 0 },
        results: [{ index: 0, outcome: 'CREATED', project_code: '2606-500112-07-02-100001', findings: [] }]
      }
    }
  }, async call => call.decide(async (sql, now) => ({ status: 200, body: await importProjects(sql, now, call.principal, call.body, hooks) })))

  operation(app, { db }, {
    id: 'getProject',
    method: 'GET',
    tagged: true,
    path: '/v1/projects/{project_code}',
    summary: 'Show a renovation project',
    summary_zh: '查询技改项目',
    description: 'For its owner, the park that described it, the authorities, and paired institutions under a live authorization with the scope PROJECT. S2 (十三).',
    callers: [...readers, ...paired],
    params: ProjectParams,
    query: OwnerQuery,
    replies: { 200: ProjectSchema },
    refuses: ['rule_broken'],
    example: { reply: project_example }
  }, async ({ principal, params, query, now }) => {
    const project = await readProject(db.read, principal, params.project_code, query.owner_uscc, now)
    return { status: 200, body: shown(project), version: project.version }
  })

  operation(app, { db }, {
    id: 'reviewLibraryEntry',
    method: 'POST',
    path: '/v1/projects/{project_code}/library-entry',
    summary: 'Review the library entry of a project',
    summary_zh: '项目入库审核（区县初审、市级复审）',
    description: 'First the district, then the city; a person decides. Only a LISTED project can be subsidised. S2 (十三); E-04.',
    callers: ['DISTRICT_MEIC', 'MEIC'],
    person: true,
    params: ProjectParams,
    body: LibraryDecision,
    replies: { 200: ProjectSchema },
    refuses: ['state_conflict', 'rule_broken'],
    example: { request: { decision: 'PASS', entry_no: 'JG-2026-00017' }, reply: { ...project_example, library_entry: entry_example, version: 3 } }
  }, async call => call.decide(async (sql, now) => {
    const project = await reviewEntry(sql, now, call.principal, call.params.project_code, call.body, hooks)
    return { status: 200, body: shown(project), version: project.version }
  }))
}
