/** Words that tables and messages of projects share. */
import type { StateOf } from '../../policy/lifecycle.ts'

export const NATURES = ['NEW_LINE', 'UPGRADE', 'EXPANSION', 'EQUIPMENT_ONLY', 'DIGITAL'] as const
export type Nature = typeof NATURES[number]
export const STAGES = ['PLANNED', 'UNDER_CONSTRUCTION', 'COMPLETED'] as const
export type Stage = typeof STAGES[number]
export type LibraryStatus = StateOf<'library_entry'>
export const LIBRARY_STATUSES = ['APPLIED', 'DISTRICT_PASSED', 'LISTED', 'REJECTED', 'REMOVED'] as const satisfies readonly LibraryStatus[]
