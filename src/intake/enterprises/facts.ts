/** From what a door writes about an enterprise to the facts that are kept. Pure. */
import { normaliseIndustryCode } from '../../policy/identifiers.ts'
import { regionOn, regionsEver } from '../../policy/regions.ts'
import { sizeClassOf } from '../../policy/size-class.ts'
import type { Tag } from '../../policy/tags.ts'
import type { EnterpriseFacts, SourcedTag } from './store.ts'

export interface ToldFacts {
  uscc: string
  name: string
  region_code?: string | null | undefined
  industry_code?: string | null | undefined
  employees?: number | null | undefined
  revenue_fen?: number | null | undefined
  qualifications?: readonly Tag[] | undefined
  contact_name?: string | null | undefined
  contact_phone?: string | null | undefined
}

function currentOf (code: string, day: string): string {
  if (regionOn(code, day) !== null) return code
  const successors = regionsEver(code)[0]?.successors ?? []
  return successors.length === 1 ? successors[0] ?? code : code
}

let current_on = { day: '', regions: new Map<string, string>() }

/** The code that is current on a day: an abolished district's only successor, else the code itself. */
export function currentRegion (code: string, day: string): string {
  if (current_on.day !== day) current_on = { day, regions: new Map() }
  const known = current_on.regions.get(code) ?? currentOf(code, day)
  current_on.regions.set(code, known)
  return known
}

/** District of an enterprise: as told, else where it is registered, when that is in Chongqing. */
export function regionOf (uscc: string, told: string | null | undefined, day: string): string | null {
  if (told !== undefined && told !== null) return currentRegion(told, day)
  const registered = uscc.slice(2, 8)
  return registered.startsWith('50') ? currentRegion(registered, day) : null
}

/** A title that was named without a certificate counts as DECLARED (contract §4). */
export function declaredTags (tags: readonly Tag[], source: string): SourcedTag[] {
  return tags.map(tag => ({ tag, basis: 'DECLARED', certificate_no: null, valid_from: null, valid_to: null, source }))
}

export function enterpriseFacts (told: ToldFacts, source_no: string, day: string): EnterpriseFacts {
  const employees = told.employees ?? null
  const revenue_fen = told.revenue_fen ?? null
  return {
    uscc: told.uscc,
    name: told.name,
    region_code: regionOf(told.uscc, told.region_code, day),
    industry_code: told.industry_code === undefined || told.industry_code === null ? null : normaliseIndustryCode(told.industry_code),
    size_class: employees === null || revenue_fen === null ? null : sizeClassOf(employees, revenue_fen),
    employees,
    revenue_fen,
    tags: declaredTags(told.qualifications ?? [], source_no),
    contact_name: told.contact_name ?? null,
    contact_phone: told.contact_phone ?? null
  }
}
