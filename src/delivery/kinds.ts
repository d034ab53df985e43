/** Words that tables and messages of webhooks share. */
export const ENDPOINT_STATUSES = ['ACTIVE', 'PAUSED', 'DISABLED', 'DELETED'] as const
export type EndpointStatus = typeof ENDPOINT_STATUSES[number]
export const ATTEMPT_OUTCOMES = ['DELIVERED', 'FAILED', 'DEAD'] as const
export type AttemptOutcome = typeof ATTEMPT_OUTCOMES[number]
export const NETWORK_STATUSES = ['PENDING_SECOND_PERSON', 'ACTIVE', 'CLOSED'] as const
export type NetworkStatus = typeof NETWORK_STATUSES[number]
