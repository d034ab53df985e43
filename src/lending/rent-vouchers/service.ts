/** Proofs of the interest part of rents: judged as interest vouchers are, on the principal balance of the lease. */
import { together, type WriteSql } from '../../db/db.ts'
import type { Outcome } from '../../db/gathering.ts'
import { yuanOf } from '../../policy/money.ts'
import { completed } from '../evidence/schema.ts'
import { acceptInterests, type Accepted, type InterestRoom, type LentTo, type Sent } from '../interest-vouchers/accepting.ts'
import { interest_defaults } from '../interest-vouchers/schema.ts'
import { leaseContracts, type LeaseContractRow } from '../lease-contracts/store.ts'
import { NewRentVoucher } from './schema.ts'
import { rentPeriods, rentVouchers, type RentVoucherRow } from './store.ts'

function lentOf ({ number, first_no, business_no, uscc, project_code, day_count, annual_rate_pct, rate_segments, financed_principal_fen, lease_start,
  lease_end }: LeaseContractRow): LentTo {
  return { number, first_no, business_no, uscc, project_code, day_count, annual_rate_pct, rate_segments, balance_max_fen: financed_principal_fen, balance_events: [],
    starts: lease_start, maturity_date: lease_end }
}

export const rents: InterestRoom<NewRentVoucher> = {
  store: rentVouchers,
  periods: rentPeriods,
  kind: 'LEASE',
  event: 'rent_voucher',
  pointer: '/lease_contract_no',
  async lentBy (sql, number) {
    const lease = await leaseContracts.find(sql, number)
    return lease === undefined ? undefined : lentOf(lease)
  },
  lentTo: (sql, sent) => together(...sent.map(async ({ principal, prepared }) => {
    const lease = await leaseContracts.inForce(sql, principal.participant_no, prepared.body.lease_contract_no)
    return lease === undefined ? undefined : lentOf(lease)
  }))
}

/** Takes in rent vouchers as `acceptInterests` does. */
export async function acceptRentVouchers (sql: WriteSql, now: string, sent: readonly Sent<NewRentVoucher>[]): Promise<Outcome<Accepted>[]> {
  return acceptInterests(sql, now, rents, sent)
}

export function shownRentVoucher (row: RentVoucherRow): Record<string, unknown> {
  const { number, participant_no, status, findings, authorization_no, version, created_at, updated_at, superseded_by, project_code } = row
  return {
    ...completed(NewRentVoucher, row.body, { ...interest_defaults, normal_interest_paid: row.body.normal_interest }),
    lessee_uscc: row.uscc, recomputed_interest: yuanOf(row.recomputed_fen), superseded_by, project_code,
    number, participant_no, status, findings, authorization_no, version, created_at, updated_at
  }
}
