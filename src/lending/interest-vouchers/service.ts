/** Proofs of interest paid on drawdowns of banks. */
import type { WriteSql } from '../../db/db.ts'
import type { Principal } from '../../http/access.ts'
import { yuanOf } from '../../policy/money.ts'
import { drawdownsKept, findLentTerms } from '../drawdowns/store.ts'
import { completed } from '../evidence/schema.ts'
import { loanContracts } from '../loan-contracts/store.ts'
import { acceptInterest, type InterestRoom, type LentTo, type Prepared } from './accepting.ts'
import { interest_defaults, NewInterestVoucher } from './schema.ts'
import { interestPeriods, interestVouchers, type InterestVoucherRow } from './store.ts'

type Terms = NonNullable<Awaited<ReturnType<typeof findLentTerms>>>

const lentOf = ({ drawdown, contract }: Terms): LentTo => ({
  number: drawdown.number, first_no: drawdown.first_no, business_no: drawdown.business_no, uscc: drawdown.uscc, project_code: drawdown.project_code,
    day_count: contract.day_count,
  annual_rate_pct: contract.annual_rate_pct, rate_segments: drawdown.rate_segments, balance_max_fen: drawdown.amount_fen, balance_events: drawdown.balance_events,
    starts: drawdown.disbursed_date,
  maturity_date: drawdown.maturity_date
})

export const loan_interest: InterestRoom<NewInterestVoucher> = {
  store: interestVouchers,
  periods: interestPeriods,
  kind: 'LOAN_INTEREST',
  event: 'interest_voucher',
  pointer: '/iou_no',
  async lentBy (sql, number) {
    const drawdown = await drawdownsKept.find(sql, number)
    const contract = drawdown === undefined ? undefined : await loanContracts.find(sql, drawdown.loan_contract_number)
    return drawdown === undefined || contract === undefined ? undefined : lentOf({ drawdown, contract })
  },
  async lentTo (sql, principal, { iou_no, loan_contract_no }) {
    const found = await findLentTerms(sql, principal.participant_no, iou_no)
    if (found === undefined) return undefined
    const { contract } = found
    if (loan_contract_no !== undefined && loan_contract_no !== contract.business_no &&
      (await loanContracts.inForce(sql, principal.participant_no, loan_contract_no))?.number !== contract.number) return undefined
    return lentOf(found)
  }
}

/** Takes in an interest voucher; errors as `acceptInterest`. */
export async function acceptInterestVoucher (
  sql: WriteSql, now: string, principal: Principal, prepared: Prepared<NewInterestVoucher>
): Promise<{ row: InterestVoucherRow, is_new: boolean }> {
  return acceptInterest(sql, now, principal, loan_interest, prepared)
}

export function shownInterestVoucher (row: InterestVoucherRow): Record<string, unknown> {
  const { number, participant_no, status, findings, authorization_no, version, created_at, updated_at, superseded_by, project_code } = row
  return {
    ...completed(NewInterestVoucher, row.body, { ...interest_defaults, normal_interest_paid: row.body.normal_interest }),
    borrower_uscc: row.uscc, recomputed_interest: yuanOf(row.recomputed_fen), superseded_by, project_code,
    number, participant_no, status, findings, authorization_no, version, created_at, updated_at
  }
}
