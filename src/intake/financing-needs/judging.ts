/** What the rules of domain §3.1 say about a need: which cannot be judged yet, and whether a short opinion suffices. Pure. */
import { fastTrackOf, judge, type EligibilityFacts, type FastTrack } from '../../policy/eligibility.ts'
import type { Finding } from '../../policy/findings.ts'
import type { PurposeCode } from '../../policy/purposes.ts'
import type { PolicyVersion } from '../../policy/terms.ts'
import type { EnterpriseFacts } from '../enterprises/store.ts'
import type { Project } from '../projects/store.ts'

/** Rules about the enterprise and its project; those about consortium and guarantor belong to others. */
const rules_of_a_need: ReadonlySet<string> = new Set(['E-01', 'E-02', 'E-03', 'E-04', 'E-05', 'E-06', 'E-07', 'E-16'])

export interface JudgedNeed {
  readonly uscc: string
  readonly project_code: string | null
  readonly project_name: string | null
  readonly purpose_code: PurposeCode
  readonly wants_guarantee: boolean
  readonly is_green_loan: boolean
}

export interface Judged {
  unknown_rules: string[]
  fast_track: FastTrack | null
  /** of rules that pass: they hold nothing; null: none */
  remarks: Finding[] | null
}

/** Facts of a need for policy/eligibility.ts; what is not known is left out. */
export function factsOf (on: string, need: JudgedNeed, enterprise: Partial<EnterpriseFacts> & { credit_checked_on?: string | null, dishonest?: boolean | null },
  project: Project | null): EligibilityFacts {
  const known = <T>(value: T | null | undefined): T | undefined => value ?? undefined
  const has_project = need.project_code !== null || need.project_name !== null
  return {
    on,
    uscc: need.uscc,
    industry_code: known(enterprise.industry_code),
    project_industry_code: known(project?.industry_code),
    employees: known(enterprise.employees),
    revenue_fen: known(enterprise.revenue_fen),
    size_class_declared: known(enterprise.size_class),
    tags: enterprise.tags ?? [],
    credit_checked_on: known(enterprise.credit_checked_on),
    is_dishonesty_listed: known(enterprise.dishonest),
    has_project: has_project ? true : undefined,
    is_tech_renovation: project !== null && project.nature !== null ? true : need.project_code?.includes('-07-02-') === true ? true : undefined,
    total_investment_fen: known(project?.total_investment_fen),
    land_cost_fen: known(project?.land_cost_fen),
    filing_no: known(project?.filing_no),
    is_listed_in_library: project?.library_status === 'LISTED' ? true : undefined,
    site_region_code: known(project?.construction_site_region ?? need.project_code?.slice(5, 11))
  }
}

/** UNKNOWN never fails or holds a need; it is shown with the lead. Source: contract §4; S2 (十五) for the fast track. */
export function judgeNeed (
  on: string, need: JudgedNeed, enterprise: Partial<EnterpriseFacts>, project: Project | null, policies: readonly PolicyVersion[]
): Judged {
  const facts = factsOf(on, need, enterprise, project)
  const products = need.wants_guarantee ? ['TECH_RENO_LOAN', 'PARK_TECH_GUARANTEE'] as const : ['TECH_RENO_LOAN'] as const
  const unknown = new Set<string>()
  const remarks = new Map<string, Finding>()
  for (const product of products) {
    for (const { rule_id, result, finding } of judge(product, facts, policies)) {
      if (result === 'PASS' && finding !== null) remarks.set(finding.code, finding)
      if (result === 'UNKNOWN' && rules_of_a_need.has(rule_id)) unknown.add(rule_id)
    }
  }
  const fast_track = fastTrackOf({
    is_green_loan: need.is_green_loan,
    is_whitelisted: false,
    is_equipment_only: need.purpose_code === 'EQUIPMENT_PURCHASE' || project?.nature === 'EQUIPMENT_ONLY'
  })
  return { unknown_rules: [...unknown].sort(), fast_track, remarks: remarks.size === 0 ? null : [...remarks.values()] }
}
