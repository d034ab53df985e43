/**
 * What a lead discloses: fields by scope, each with its source, frozen as canonical JSON with its digest. Pure.
 * Source: contract §5; S1 四(三)3; design D9.
 */
import { canonical, sha256Hex } from '../../db/canonical.ts'

/** Scopes that release something in a lead, with the fields of each. */
export const RELEASED_BY = {
  ENTERPRISE_BASIC: ['uscc', 'name', 'region_code', 'industry_code', 'size_class', 'tags'],
  FINANCING_NEED: ['amount', 'term_months', 'purpose', 'purpose_code', 'demand_date', 'wants_guarantee', 'wants_lease', 'contact_name', 'contact_phone'],
  PROJECT: ['project_code', 'project_name', 'investment', 'project_stage', 'cluster']
} as const
export type LeadScope = keyof typeof RELEASED_BY
export const LEAD_SCOPES = Object.keys(RELEASED_BY) as LeadScope[]

/** How the parts are called in the frozen document. */
const PARTS: Readonly<Record<LeadScope, string>> = { ENTERPRISE_BASIC: 'enterprise', FINANCING_NEED: 'financing_need', PROJECT: 'project' }

type FieldOf<S extends LeadScope> = typeof RELEASED_BY[S][number]
type Value = string | number | boolean | null | readonly string[]

/** Everything the hub could release of a need, by scope, with who it came from. */
export type Releasable = { readonly [S in LeadScope]: { readonly [field in FieldOf<S>]: { readonly value: Value, readonly source: string | null } } }

export interface Remarks {
  /** rules that could not be judged at intake (contract §4) */
  readonly unknown_rules: readonly unknown[]
  /** S2 (十五): a short opinion instead of a full report is enough */
  readonly fast_track: string | null
}

/** Fields about a person: kept apart from the frozen text, sealed, and put back when it is read. */
const PERSONAL = ['contact_name', 'contact_phone'] as const
export type Personal = Readonly<Record<string, Value>>

export interface Frozen {
  /** canonical JSON of the disclosure, with a gap for every personal field */
  text: string
  /** SHA-256 of the whole text */
  digest: string
  fields_released: string[]
  /** the same fields as members of the lead, `"uscc":…,…,` with a comma at the end and the same gaps */
  flat: string
  /** what stands in the gaps; null where there are none */
  personal: Personal | null
}

/** No JSON text holds this: a gap cannot be forged by what somebody sent. */
const gapOf = (field: string): string => `"${field}":?`

function withGaps (text: string, personal: Personal | null): string {
  return Object.entries(personal ?? {}).reduce((left, [field, value]) => left.replace(`"${field}":${JSON.stringify(value)}`, () => gapOf(field)), text)
}

/** The inverse: the text as it was released. */
export function withPersonal (text: string, personal: Personal): string {
  return Object.entries(personal).reduce((left, [field, value]) => left.replace(gapOf(field), () => `"${field}":${JSON.stringify(value)}`), text)
}

/**
 * The released part of a need under an authorization's scopes. A scope that is missing takes its fields away; a field that
 * is not known is null.
 */
export function freeze (need: Releasable, scopes: ReadonlySet<string>, remarks: Remarks): Frozen {
  const document: Record<string, unknown> = { unknown_rules: remarks.unknown_rules, fast_track: remarks.fast_track }
  const sources: Record<string, string | null> = {}
  const fields_released: string[] = []
  let flat = ''
  for (const scope of LEAD_SCOPES) {
    if (!scopes.has(scope)) continue
    const part: Record<string, unknown> = {}
    for (const [field, { value, source }] of Object.entries(need[scope])) {
      part[field] = value
      sources[field] = source
      fields_released.push(field)
      flat += `"${field}":${JSON.stringify(value)},`
    }
    document[PARTS[scope]] = part
  }
  document.sources = sources
  const text = canonical(document)
  flat += `"sources":${JSON.stringify(sources)},"unknown_rules":${JSON.stringify(remarks.unknown_rules)},"fast_track":${JSON.stringify(remarks.fast_track)},`
  const known = PERSONAL.filter(field => scopes.has('FINANCING_NEED') && need.FINANCING_NEED[field].value !== null)
  const personal = known.length === 0 ? null : Object.fromEntries(known.map(field => [field, need.FINANCING_NEED[field].value]))
  return { text: withGaps(text, personal), digest: sha256Hex(text), fields_released, flat: withGaps(flat, personal), personal }
}
