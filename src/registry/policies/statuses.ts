/** PROPOSED until another person confirms it; REPLACED: another took its place before its first day, so it never ruled. */
export const POLICY_STATUSES = ['PROPOSED', 'CONFIRMED', 'REJECTED', 'REPLACED'] as const
export type PolicyStatus = typeof POLICY_STATUSES[number]
