/** Expiry blocks new pushes, never existing loans, vouchers or claims. */
export const CONSORTIUM_STATUSES = ['APPLIED', 'REVIEWED', 'SELECTED', 'ACTIVE', 'ADJUSTED', 'EXPIRED', 'TERMINATED'] as const
export type ConsortiumStatus = typeof CONSORTIUM_STATUSES[number]

/** What a review may come to. */
export const REVIEW_OUTCOMES = ['REVIEWED', 'SELECTED', 'REJECTED'] as const
export type ReviewOutcome = typeof REVIEW_OUTCOMES[number]
