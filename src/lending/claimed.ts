/** What compensation claims, which stand on a later floor, leave of a contract's freedom to be corrected. Handed in by app.ts. */
import type { ReadSql } from '../db/db.ts'
import { mistake, type Mistake } from '../intake/mistakes.ts'
import { sumFen, yuanOf } from '../policy/money.ts'

/** A claim that was filed and not declined. */
export interface FiledClaim { claim_no: string, iou_no: string, default_principal_fen: number, default_date: string }

/** Claims on a guarantee, by the number of its first version, or on a drawdown, by its bank and the first number there. */
export interface ClaimsFiled {
  onGuarantee (sql: ReadSql, chain: string): Promise<FiledClaim[]>
  onDrawdown (sql: ReadSql, bank_no: string, first_no: string): Promise<FiledClaim[]>
}

/**
 * Mistakes of a correction against the claims filed before.
 *
 * @param amount_fen what the correction leaves to be claimed, stated at `pointer`
 * @param moved where it goes away from what the claims were filed on: pointer, what, in both languages
 */
export function claimMistakes (claims: readonly FiledClaim[], amount_fen: number, pointer: string,
  moved: readonly (readonly [string, string, string])[]): Mistake[] {
  if (claims.length === 0) return []
  const named = claims.map(({ claim_no }) => claim_no).join(', ')
  const claimed_fen = sumFen(claims.map(({ default_principal_fen }) => default_principal_fen))
  const mistakes = moved.map(([at, what, what_zh]) => mistake('claims_filed', at, 'CLAIMS_FILED',
    `${what} cannot be corrected: the claims ${named} were filed on it`, `已有代偿申请（${named}），不得更正${what_zh}`))
  if (claimed_fen > amount_fen) {
    mistakes.push(mistake('claims_filed', pointer, 'CLAIMS_FILED', `The claims ${named} were filed for ${yuanOf(claimed_fen)}; less cannot be left`,
      `已有代偿申请（${named}）合计 ${yuanOf(claimed_fen)} 元，更正后金额不得低于此数`))
  }
  return mistakes
}
