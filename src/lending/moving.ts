/** What hangs on a contract moves to its correction in the same unit; lines are derived from what it hangs on then. */
import { eq, inArray, sql as expression, type SQLWrapper } from 'drizzle-orm'
import type { WriteSql } from '../db/db.ts'
import { drawdowns } from './drawdowns/store.ts'
import { fee_vouchers } from './fee-vouchers/store.ts'
import { guarantee_contracts } from './guarantee-contracts/store.ts'
import { interest_vouchers } from './interest-vouchers/store.ts'
import { rent_vouchers } from './rent-vouchers/store.ts'

/** The version in force that takes over. */
export interface Successor { number: string, business_no: string, project_code: string, created_at: string }

interface Shown { project_code: SQLWrapper, version: SQLWrapper, updated_at: SQLWrapper }

/** The project of the successor; where it is another one, that is a change of what is shown. */
function toProject ({ version, updated_at, ...kept }: Shown, { project_code, created_at }: Successor) {
  const is_same = expression`${kept.project_code} = ${project_code}`
  return {
    project_code,
    version: expression`case when ${is_same} then ${version} else ${version} + 1 end`,
    updated_at: expression`case when ${is_same} then ${updated_at} else ${created_at} end`
  }
}

/** Drawdowns with their vouchers, and guarantees with their fees: from one loan contract to its correction. */
export async function moveToLoan (sql: WriteSql, from: string, to: Successor): Promise<void> {
  const { number, business_no } = to
  await sql.update(drawdowns).set({ loan_contract_number: number, ...toProject(drawdowns, to) })
    .where(eq(drawdowns.loan_contract_number, from))
  await sql.update(interest_vouchers).set(toProject(interest_vouchers, to)).where(inArray(interest_vouchers.lent_number,
    sql.select({ number: drawdowns.number }).from(drawdowns).where(eq(drawdowns.loan_contract_number, number))))
  await sql.update(guarantee_contracts)
    .set({ loan_contract_number: number, loan_contract_no: business_no, ...toProject(guarantee_contracts, to) })
    .where(eq(guarantee_contracts.loan_contract_number, from))
  await sql.update(fee_vouchers).set(toProject(fee_vouchers, to)).where(inArray(fee_vouchers.guarantee_contract_number,
    sql.select({ number: guarantee_contracts.number }).from(guarantee_contracts).where(eq(guarantee_contracts.loan_contract_number, number))))
}

/** Interest vouchers from one drawdown to its correction. */
export async function moveToDrawdown (sql: WriteSql, from: string, to: Successor): Promise<void> {
  await sql.update(interest_vouchers).set({ lent_number: to.number, ...toProject(interest_vouchers, to) })
    .where(eq(interest_vouchers.lent_number, from))
}

/** Rent vouchers from one lease contract to its correction. */
export async function moveToLease (sql: WriteSql, from: string, to: Successor): Promise<void> {
  await sql.update(rent_vouchers).set({ lent_number: to.number, ...toProject(rent_vouchers, to) })
    .where(eq(rent_vouchers.lent_number, from))
}

/** Fee vouchers from one guarantee contract to its correction. */
export async function moveToGuarantee (sql: WriteSql, from: string, to: Successor): Promise<void> {
  await sql.update(fee_vouchers).set({ guarantee_contract_number: to.number, ...toProject(fee_vouchers, to) })
    .where(eq(fee_vouchers.guarantee_contract_number, from))
}
