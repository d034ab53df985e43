/** Proofs of interest paid on drawdowns of banks. */
import { together, type WriteSql } from '../../db/db.ts'
import type { Outcome } from '../../db/gathering.ts'
import { yuanOf } from '../../policy/money.ts'
import { drawdownsKept, findLentTerms, type LentTerms } from '../drawdowns/store.ts'
import { completed } from '../evidence/schema.ts'
import { loanContracts } from '../loan-contracts/store.ts'
import { acceptInterests, type Accepted, type InterestRoom, type LentTo, type Sent } from './accepting.ts'
import { interest_defaults, NewInterestVoucher } from './schema.ts'
import { interestPeriods, interestVouchers, type InterestVoucherRow } from './store.ts'

const lentOf = ({ drawdown, contract }: LentTerms): LentTo => ({
  number: drawdown.number, first_no: drawdown.first_no, business_no: drawdown.business_no, uscc: drawdown.uscc, project_code: drawdown.project_code,
  day_count: contract.day_count, annual_rate_pct: contract.annual_rate_pct, rate_segments: drawdown.rate_segments,
  balance_max_fen: drawdown.amount_fen, balance_events: drawdown.balance_events, starts: drawdown.disbursed_date, maturity_date: drawdown.maturity_date
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
  async lentTo (sql, sent) {
    const found = await findLentTerms(sql, sent.map(({ principal, prepared }) => ({ participant_no: principal.participant_no, iou_no: prepared.body.iou_no })))
    return together(...sent.map(async ({ principal, prepared: { body: { loan_contract_no } } }, place) => {
      const terms = found[place]
      if (terms === undefined) return undefined
      if (loan_contract_no !== undefined && loan_contract_no !== terms.contract.business_no &&
        (await loanContracts.inForce(sql, principal.participant_no, loan_contract_no))?.number !== terms.contract.number) return undefined
      return lentOf(terms)
    }))
  }
}

/** Takes in interest vouchers as `acceptInterests` does. */
export async function acceptInterestVouchers (sql: WriteSql, now: string, sent: readonly Sent<NewInterestVoucher>[]): Promise<Outcome<Accepted>[]> {
  return acceptInterests(sql, now, loan_interest, sent)
}

export function shownInterestVoucher (row: InterestVoucherRow): Record<string, unknown> {
  const { number, participant_no, status, findings, authorization_no, version, created_at, updated_at, superseded_by, project_code } = row
  return {
    ...completed(NewInterestVoucher, row.body, { ...interest_defaults, normal_interest_paid: row.body.normal_interest }),
    borrower_uscc: row.uscc, recomputed_interest: yuanOf(row.recomputed_fen), superseded_by, project_code,
    number, participant_no, status, findings, authorization_no, version, created_at, updated_at
  }
}
