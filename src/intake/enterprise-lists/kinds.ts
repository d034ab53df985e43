/** Words that tables and messages of enterprise lists share. */
import type { StateOf } from '../../policy/lifecycle.ts'

export type ListStatus = StateOf<'list'>
export const LIST_STATUSES = ['RECEIVED', 'READING', 'DECIDED', 'REFUSED'] as const satisfies readonly ListStatus[]
