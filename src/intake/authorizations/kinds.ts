/** Words that tables and messages of authorizations share. */
export const RECIPIENT_CLASSES = ['PAIRED_BANK', 'PAIRED_GUARANTOR', 'RE_GUARANTOR', 'AUDITOR', 'FISCAL', 'LESSOR', 'INSURER'] as const
export type RecipientClass = typeof RECIPIENT_CLASSES[number]
export const SCOPES = ['ENTERPRISE_BASIC', 'OPERATION_DATA', 'TAX', 'SOCIAL_SECURITY', 'UTILITIES', 'PROJECT', 'FINANCING_NEED', 'CREDIT_CONTRACT',
  'INTEREST_PAYMENT', 'GUARANTEE', 'INSURANCE', 'SUBSIDY_ACCOUNT', 'POST_LOAN'] as const
export type Scope = typeof SCOPES[number]
export const PURPOSES = ['FINANCING_MATCHING', 'CREDIT_ASSESSMENT', 'SUBSIDY_SETTLEMENT', 'RISK_SHARING', 'POST_LOAN_MONITORING', 'STATISTICS'] as const
export type Purpose = typeof PURPOSES[number]
export const METHODS = ['E_SIGNATURE', 'SEAL_SCAN', 'PORTAL_CONFIRM', 'PARK_DECLARED'] as const
export type Method = typeof METHODS[number]
export const SIGNER_ROLES = ['LEGAL_REPRESENTATIVE', 'AGENT'] as const
export const CONSENTING_ROLES = ['LEGAL_REPRESENTATIVE', 'GUARANTOR_PERSON', 'CONTACT', 'OTHER'] as const
export const STATUSES = ['PENDING', 'ACTIVE', 'EXPIRED', 'WITHDRAWN', 'SUPERSEDED'] as const
export type AuthorizationStatus = typeof STATUSES[number]
