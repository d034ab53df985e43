/** Words that tables and messages of financing needs share. */
import type { StateOf } from '../../policy/lifecycle.ts'

export const NEED_SOURCES = ['PARK_BATCH', 'ENTERPRISE_SELF', 'PARTNER_PLATFORM'] as const
export type NeedSource = typeof NEED_SOURCES[number]
export type NeedStatus = StateOf<'need'>
export const NEED_STATUSES = ['DRAFT', 'SUBMITTED', 'REJECTED_BY_CHECK', 'MATCHED', 'PUSHED', 'PARTLY_FUNDED', 'FUNDED', 'CLOSED_UNFUNDED', 'WITHDRAWN'] as const satisfies readonly NeedStatus[]
/** Needs that may still be funded. */
export const OPEN_STATUSES = ['SUBMITTED', 'MATCHED', 'PUSHED', 'PARTLY_FUNDED'] as const satisfies readonly NeedStatus[]
