/** Table of lease contracts. */
import { fen, json, table, text } from '../../db/columns.ts'
import type { DayCount } from '../../policy/period.ts'
import type { LeaseMode } from '../../policy/lease.ts'
import type { RateSegment } from '../drawdowns/store.ts'
import { correctableStore, evidenceColumns, versionColumns } from '../evidence/store.ts'

export const lease_contracts = table('lease_contracts', {
  ...evidenceColumns(),
  ...versionColumns(),
  lease_mode: text().$type<LeaseMode>().notNull(),
  financed_principal_fen: fen().notNull(),
  annual_rate_pct: text(),
  rate_segments: json<RateSegment[]>().notNull(),
  day_count: text().$type<DayCount>().notNull(),
  lease_start: text().notNull(),
  lease_end: text().notNull(),
  document_no: text().notNull()
})

export type LeaseContractRow = typeof lease_contracts.$inferSelect

export const leaseContracts = correctableStore<LeaseContractRow>(lease_contracts)
