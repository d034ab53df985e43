import { CEILING_OWNERS, LEASE_CEILINGS, SYNDICATE_CEILINGS } from './parameters.ts'
import { readingOf, type PolicyVersion } from './terms.ts'

/** In place of a year: a ceiling that holds once for ever. */
export const LIFETIME = 'LIFETIME'

/** Whose amounts use up one ceiling together. */
export interface CeilingOwner {
  /** empty: all projects of the enterprise */
  readonly project_code: string
  /** empty: all institutions */
  readonly institution: string
}

/** Whether a ceiling "of an enterprise project" counts all projects of the enterprise. Source: S2 (一)(三)(五); reading A-06. */
export function countsAllProjects (terms: PolicyVersion): boolean {
  return readingOf(terms, 'project_ceiling_owner', CEILING_OWNERS) === 'ENTERPRISE'
}

/** Whether what leases got uses up the ceiling of loans too. Source: S2 (一)(三); reading A-07. */
export function leasesUseLoanCeiling (terms: PolicyVersion): boolean {
  return readingOf(terms, 'lease_ceiling', LEASE_CEILINGS) === 'WITHIN_LOANS'
}

/**
 * The owner of the ceiling that an amount for a project uses up.
 *
 * @param share_of the bank whose share of a syndicated loan it is about, null where the loan is no share
 * Source: S2 (一)(三)(五); readings.
 */
export function ceilingOwner (project_code: string, share_of: string | null, terms: PolicyVersion): CeilingOwner {
  const apart = share_of !== null && readingOf(terms, 'syndicate_ceiling', SYNDICATE_CEILINGS) === 'SHARE'
  return { project_code: countsAllProjects(terms) ? '' : project_code, institution: apart ? share_of : '' }
}
