/** Two persons make an override count; one person ends it. */
export const OVERRIDE_STATUSES = ['PENDING_SECOND_PERSON', 'ACTIVE', 'ENDED'] as const
export type OverrideStatus = typeof OVERRIDE_STATUSES[number]
