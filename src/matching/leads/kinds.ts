/** Words that tables, rules and messages of leads share. */
export const RECIPIENT_KINDS = ['BANK', 'GUARANTOR', 'LESSOR', 'PARTNER_PLATFORM'] as const
export type RecipientKind = typeof RECIPIENT_KINDS[number]

/** Whether an institution got a need, or why not. */
export const OUTCOMES = ['PUSHED', 'NOT_PAIRED', 'NOT_AUTHORISED', 'SCOPE_INSUFFICIENT', 'NOT_WANTED', 'NOT_ACTIVE'] as const
export type Outcome = typeof OUTCOMES[number]
