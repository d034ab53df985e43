/** PROPOSED until another person confirms it. */
export const POLICY_STATUSES = ['PROPOSED', 'CONFIRMED', 'REJECTED'] as const
export type PolicyStatus = typeof POLICY_STATUSES[number]
