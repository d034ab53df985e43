import Type, { type Static } from 'typebox'
import {
  BusinessNo, Day, Finding, InstantOut, listOf, Money, named, nullable, oneOf, PageQuery, ParticipantNo, ProjectCode, Text, UpdatedSince, Uscc, Version
} from '../../http/schema.ts'
import { LIBRARY_STATUSES, NATURES, STAGES } from './kinds.ts'

export const ProjectParams = Type.Object({ project_code: ProjectCode() })
export const imports_max = 1000

const facts = {
  nature: Type.Optional(oneOf(NATURES, 'Kind of renovation 项目性质')),
  construction_site_region: Type.Optional(Type.String({ pattern: '^\\d{6}$', maxLength: 6, description: 'District of the site 建设地点', examples: ['500157'] })),
  filing_authority: Type.Optional(Text('Authority where it is filed 备案机关')),
  filing_no: Type.Optional(BusinessNo('Number of the filing certificate 备案证号', ['2606-500112-07-02-100001'])),
  filing_date: Type.Optional(Day('Day of the filing')),
  total_investment: Type.Optional(Money('Total investment 总投资')),
  land_cost: Type.Optional(Money('Land in it; may be 0.00 土地费用')),
  equipment_cost: Type.Optional(Money('Equipment in it')),
  software_cost: Type.Optional(Money('Software in it')),
  network_cost: Type.Optional(Money('Networks in it')),
  civil_works_cost: Type.Optional(Money('Civil works in it')),
  start_date: Type.Optional(Day('Start of works')),
  planned_completion_date: Type.Optional(Day('Planned completion')),
  stage: Type.Optional(oneOf(STAGES, 'Stage')),
  cluster_33618_code: Type.Optional(Text('Cluster of 33618 it belongs to', 40)),
  industry_code: Type.Optional(Text('Class it was filed under, GB/T 4754-2017 项目所属行业 (A-19)', 10, ['C3411'])),
  received_investment_grant: Type.Optional(Type.Boolean({ description: 'Got an investment grant; for information, it excludes nothing (E-17)' }))
}

export const NewProject = named('NewProject', Type.Object({
  owner_uscc: Type.Optional(Uscc('Enterprise that carries out the project; an enterprise itself may leave it out')),
  project_code: ProjectCode(),
  name: Text('Name of the project 项目名称'),
  ...facts,
  correction: Type.Optional(Type.Boolean({ description: 'Facts that the caller sent before are meant to change; without it other facts are 409 duplicate_key' }))
}, { additionalProperties: false }))
export type NewProject = Static<typeof NewProject>

export const ImportedProject = named('ImportedProject', Type.Object({
  owner_uscc: Uscc(),
  project_code: ProjectCode(),
  name: Text('Name of the project'),
  ...facts,
  applied_on: Type.Optional(Day('Day on which entry into the library was applied for')),
  entry_no: Type.Optional(BusinessNo('Number of the entry in 技改e点通'))
}, { additionalProperties: false }))
export type ImportedProject = Static<typeof ImportedProject>

export const ProjectImport = named('ProjectImport', Type.Object({
  items: Type.Array(ImportedProject, { minItems: 1, maxItems: imports_max, description: 'Projects as 技改e点通 exports them' })
}, { additionalProperties: false }))
export type ProjectImport = Static<typeof ProjectImport>

export const ProjectImportAnswer = named('ProjectImportAnswer', Type.Object({
  counts: Type.Object({
    CREATED: Type.Integer({ minimum: 0, maximum: imports_max, description: 'New' }),
    CHANGED: Type.Integer({ minimum: 0, maximum: imports_max, description: 'Known, with other facts' }),
    UNCHANGED: Type.Integer({ minimum: 0, maximum: imports_max, description: 'Known, the same' }),
    REJECTED: Type.Integer({ minimum: 0, maximum: imports_max, description: 'Not taken in' })
  }),
  results: Type.Array(Type.Object({
    index: Type.Integer({ minimum: 0, maximum: imports_max, description: 'Place in the import, from 0' }),
    outcome: oneOf(['CREATED', 'CHANGED', 'UNCHANGED', 'REJECTED'], 'What became of it'),
    project_code: ProjectCode(),
    findings: Type.Array(Finding, { maxItems: 50, description: 'What was wrong and what to do' })
  }), { maxItems: imports_max, description: 'One per project, in the order sent' })
}))
export type ProjectImportAnswer = Static<typeof ProjectImportAnswer>

const ReviewSchema = named('LibraryReview', Type.Object({
  decision: oneOf(['PASS', 'REJECT'], 'Result'),
  decided_by: ParticipantNo('Authority'),
  decided_at: InstantOut('When'),
  note: nullable(Text('Remark', 500))
}))

export const LibraryEntrySchema = named('LibraryEntry', Type.Object({
  entry_no: nullable(BusinessNo('Number of the entry')),
  applied_at: InstantOut('Applied for'),
  district_review: nullable(ReviewSchema),
  city_review: nullable(ReviewSchema),
  status: oneOf(LIBRARY_STATUSES, 'State; LISTED is what E-04 asks for')
}))

export const ProjectSchema = named('RenovationProject', Type.Object({
  owner_uscc: Uscc(),
  project_code: ProjectCode(),
  name: nullable(Text('Name')),
  nature: nullable(oneOf(NATURES, 'Kind of renovation')),
  construction_site_region: nullable(Text('District of the site', 6)),
  filing_authority: nullable(Text('Authority of the filing')),
  filing_no: nullable(BusinessNo('Filing certificate')),
  filing_date: nullable(Day('Day of the filing')),
  total_investment: nullable(Money('Total investment')),
  land_cost: nullable(Money('Land in it')),
  equipment_cost: nullable(Money('Equipment in it')),
  software_cost: nullable(Money('Software in it')),
  network_cost: nullable(Money('Networks in it')),
  civil_works_cost: nullable(Money('Civil works in it')),
  start_date: nullable(Day('Start of works')),
  planned_completion_date: nullable(Day('Planned completion')),
  stage: nullable(oneOf(STAGES, 'Stage')),
  cluster_33618_code: nullable(Text('Cluster of 33618', 40)),
  industry_code: nullable(Text('Class it was filed under, GB/T 4754-2017', 10)),
  received_investment_grant: nullable(Type.Boolean({ description: 'Got an investment grant' })),
  library_entry: nullable(LibraryEntrySchema),
  version: Version,
  created_at: InstantOut('First known'),
  updated_at: InstantOut('Last change')
}))

export const LibraryDecision = named('LibraryDecision', Type.Object({
  decision: oneOf(['PASS', 'REJECT'], 'First the district, then the city'),
  owner_uscc: Type.Optional(Uscc('Owner; needed only where two enterprises use the same project code')),
  entry_no: Type.Optional(BusinessNo('Number of the entry, given by the city', ['JG-2026-00017'])),
  note: Type.Optional(Text('Remark', 500))
}, { additionalProperties: false }))
export type LibraryDecision = Static<typeof LibraryDecision>

export const ProjectPage = listOf(ProjectSchema)
export const OwnerQuery = Type.Object({ owner_uscc: Type.Optional(Uscc('Owner; needed only where two enterprises use the same project code')) }, { additionalProperties: false })
export const ProjectQuery = Type.Object({
  ...PageQuery,
  ...UpdatedSince,
  owner_uscc: Type.Optional(Uscc('Only of this enterprise')),
  library_status: Type.Optional(oneOf(LIBRARY_STATUSES, 'Only with this state of the library entry'))
}, { additionalProperties: false })
export type ProjectQuery = Static<typeof ProjectQuery>

const known = {
  project_code: '2606-500112-07-02-100001', name: '精密加工线数字化改造', nature: 'UPGRADE', construction_site_region: '500157',
  filing_no: '2606-500112-07-02-100001', filing_date: '2026-01-20', total_investment: '12000000.00', land_cost: '0.00', stage: 'PLANNED'
}
export const new_project_example = { owner_uscc: '91500112MAXX00015Q', ...known }
export const project_example = {
  ...new_project_example, filing_authority: null, equipment_cost: null, software_cost: null, network_cost: null, civil_works_cost: null, start_date: null,
  planned_completion_date: null, cluster_33618_code: null, industry_code: null, received_investment_grant: null, library_entry: null, version: 1,
  created_at: '2026-03-18T02:00:00.000Z', updated_at: '2026-03-18T02:00:00.000Z'
}
export const entry_example = {
  entry_no: 'JG-2026-00017', applied_at: '2026-03-18T02:00:00.000Z',
  district_review: { decision: 'PASS', decided_by: 'district-meic-1', decided_at: '2026-03-18T02:00:00.000Z', note: null },
  city_review: { decision: 'PASS', decided_by: 'meic', decided_at: '2026-03-20T02:00:00.000Z', note: null }, status: 'LISTED'
}
