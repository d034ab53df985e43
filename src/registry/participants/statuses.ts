/** Two persons make a participant or a key count; one person ends it. */
export const PARTICIPANT_STATUSES = ['PENDING_SECOND_PERSON', 'ACTIVE', 'SUSPENDED'] as const
export type ParticipantStatus = typeof PARTICIPANT_STATUSES[number]

export const USER_STATUSES = ['ACTIVE', 'SUSPENDED'] as const
export type UserStatus = typeof USER_STATUSES[number]

export const KEY_STATUSES = ['PENDING_SECOND_PERSON', 'ACTIVE', 'RETIRED'] as const
export type KeyStatus = typeof KEY_STATUSES[number]

export const KEY_ALGORITHMS = ['ED25519', 'ECDSA_P256', 'RSA_PSS', 'SM2'] as const
export type KeyAlgorithm = typeof KEY_ALGORITHMS[number]
