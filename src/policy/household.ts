import { HOUSEHOLD_BASES } from './parameters.ts'
import { readingOf, type PolicyVersion } from './terms.ts'

/** A loan of an enterprise as far as it has come, fen. */
export interface LoanAmounts {
  /** null: no approval is known */
  readonly approved_fen: number | null
  /** null: no contract in force */
  readonly contract_fen: number | null
  /** paid out and not repaid */
  readonly outstanding_fen: number
}

/**
 * What a loan counts against the household limit: its contract, what was approved (also before a contract), or what is outstanding.
 *
 * @returns fen
 * Source: S1 二(二); rule E-09, reading A-26.
 */
export function countedAgainstLimit ({ approved_fen, contract_fen, outstanding_fen }: LoanAmounts, terms: PolicyVersion): number {
  const basis = readingOf(terms, 'household_basis', HOUSEHOLD_BASES)
  if (basis === 'OUTSTANDING') return outstanding_fen
  return (basis === 'APPROVED' ? approved_fen : null) ?? contract_fen ?? 0
}
