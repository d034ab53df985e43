/** A bank's share of a syndicated loan: each bank sends its own, and together they are no more than the whole. Source: reading A-28. */
import type { ReadSql } from '../../db/db.ts'
import { mistake, type Mistake } from '../../intake/mistakes.ts'
import { rateUnits, roundHalfUp, UNITS_PER_ONE } from '../../policy/exact.ts'
import { fenOf, sumFen, yuanOf } from '../../policy/money.ts'
import type { NewLoanContract } from './schema.ts'
import { contractsOf } from './store.ts'

type Stated = Pick<NewLoanContract, 'is_syndicated' | 'share_pct' | 'syndicated_amount' | 'contract_amount'>

/** What is wrong with a share by itself: the amount of the contract is at most the share of the whole, to the fen. */
export function shareMistakes ({ is_syndicated, share_pct, syndicated_amount, contract_amount }: Stated): Mistake[] {
  if (is_syndicated !== true) {
    return (['share_pct', 'syndicated_amount'] as const).filter(name => (name === 'share_pct' ? share_pct : syndicated_amount) !== undefined)
      .map(name => mistake('rule_broken', `/${name}`, 'NOT_SYNDICATED', `${name} is about a syndicated loan; send is_syndicated: true with it`,
        '该项仅适用于银团贷款；请同时填写 is_syndicated: true'))
  }
  if (share_pct === undefined) {
    return [mistake('rule_broken', '/share_pct', 'SHARE_MISSING', 'Each bank of a syndicated loan sends its own share in percent', '银团贷款各行须填写本行份额（%）')]
  }
  const share = rateUnits(share_pct)
  if (share === 0n || share > UNITS_PER_ONE) {
    return [mistake('rule_broken', '/share_pct', 'SHARE_OUT_OF_RANGE', 'A share is above 0 and at most 100 percent', '份额须大于 0 且不超过 100%')]
  }
  if (syndicated_amount === undefined) return []
  const own_max_fen = Number((BigInt(fenOf(syndicated_amount)) * share + UNITS_PER_ONE - 1n) / UNITS_PER_ONE)
  return fenOf(contract_amount) <= own_max_fen ? [] : [mistake('share_over_loan', '/contract_amount', 'AMOUNT_OVER_SHARE',
    `${share_pct} % of ${syndicated_amount} are ${yuanOf(own_max_fen)}; contract_amount is the own share only`, `${syndicated_amount} 元的 ${share_pct}% 为 ${yuanOf(own_max_fen)} 元；合同金额仅填本行份额`)]
}

/** The whole loan: as stated, or as the own share gives it; null: it is not syndicated. */
export function wholeLoan ({ is_syndicated, share_pct, syndicated_amount, contract_amount }: Stated): string | null {
  if (is_syndicated !== true || share_pct === undefined) return null
  return syndicated_amount ?? yuanOf(roundHalfUp(BigInt(fenOf(contract_amount)) * UNITS_PER_ONE, rateUnits(share_pct)))
}

/**
 * The shares of all banks in one syndicated loan of an enterprise project, told by its whole amount, are at most that amount.
 *
 * @param except number of the contract that is corrected
 */
export async function sharesOver (sql: ReadSql, body: NewLoanContract, except: string | null): Promise<Mistake[]> {
  const { syndicated_amount, borrower_uscc, project_code, contract_amount } = body
  if (syndicated_amount === undefined) return []
  const others = (await contractsOf(sql, borrower_uscc, project_code)).filter(row => row.number !== except && row.body.syndicated_amount === syndicated_amount)
  if (sumFen(others.map(({ contract_amount_fen }) => contract_amount_fen)) + fenOf(contract_amount) <= fenOf(syndicated_amount)) return []
  return [mistake('share_over_loan', '/contract_amount', 'SHARES_OVER_LOAN', `With this the shares of the banks exceed the syndicated loan of ${syndicated_amount}`,
    `加上本行份额后，各行份额合计超过银团贷款总额 ${syndicated_amount} 元`)]
}
