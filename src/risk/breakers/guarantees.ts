/** What the breakers and claims read of lending: guarantee contracts of a bank, their sums by vintage, and drawdowns. */
import { and, eq, inArray, lt, or, sql as expression, type SQLWrapper } from 'drizzle-orm'
import type { ReadSql } from '../../db/db.ts'
import { need_sources } from '../../intake/financing-needs/store.ts'
import type { NewDrawdown } from '../../lending/drawdowns/schema.ts'
import { findLent } from '../../lending/drawdowns/store.ts'
import { guarantee_contracts } from '../../lending/guarantee-contracts/store.ts'
import type { VintagePrincipal } from '../../policy/claims.ts'
import { fenOf } from '../../policy/money.ts'
import type { BreakerFilter, BreakerKey } from './store.ts'

const { number, chain, business_no, participant_no, lender_no, uscc, guaranteed_fen, vintage_year, start_date, released_on, status } = guarantee_contracts
const in_force = eq(status, 'ACCEPTED')

export interface Guarantee {
  /** of its first version: claims on it are counted there */
  number: string
  guarantee_contract_no: string
  guarantor_no: string
  loan_contract_no: string
  /** the one drawdown it is for; null: each of the loan */
  iou_no: string | null
  uscc: string
  guaranteed_fen: number
  vintage_year: number
  start_date: string
  end_date: string
  is_filed_with_re_guarantor: boolean
}

/** Guarantees in favour of a bank that go by a number: the hub's, or a guarantor's own, of any of their versions. */
export async function guaranteesOfBank (sql: ReadSql, bank_no: string, contract_no: string, guarantor_no?: string): Promise<Guarantee[]> {
  const by_number = or(eq(number, contract_no), eq(business_no, contract_no))
  const rows = await sql.select().from(guarantee_contracts).where(and(
    in_force, eq(lender_no, bank_no), inArray(chain, sql.select({ chain }).from(guarantee_contracts).where(by_number)),
    guarantor_no === undefined ? undefined : eq(participant_no, guarantor_no)
  )).limit(3)
  const named = rows.find(row => row.number === contract_no)
  return (named === undefined ? rows : [named]).map(row => ({
    number: row.chain, guarantee_contract_no: row.business_no, guarantor_no: row.participant_no, loan_contract_no: row.loan_contract_no,
    iou_no: typeof row.body.iou_no === 'string' ? row.body.iou_no : null, uscc: row.uscc, guaranteed_fen: row.guaranteed_fen, vintage_year: row.vintage_year,
    start_date: row.start_date, end_date: row.end_date, is_filed_with_re_guarantor: row.re_guarantee_filing_no !== null
  }))
}

export interface Vintage extends BreakerKey, VintagePrincipal {}

const total = (what: SQLWrapper) => expression<number>`coalesce(sum(${what}), 0)`.mapWith(Number)

/** Guaranteed principal by guarantor, bank and vintage year; released: on or before the day. */
export async function vintages (sql: ReadSql, filter: BreakerFilter, day: string): Promise<Vintage[]> {
  return sql.select({
    guarantor_no: participant_no, bank_no: lender_no, vintage_year, guaranteed_fen: total(guaranteed_fen),
    released_fen: total(expression`case when ${released_on} <= ${day} then ${guaranteed_fen} else 0 end`)
  }).from(guarantee_contracts).where(and(
    in_force,
    filter.guarantor_no === undefined ? undefined : eq(participant_no, filter.guarantor_no),
    filter.bank_no === undefined ? undefined : eq(lender_no, filter.bank_no),
    filter.vintage_year === undefined ? undefined : eq(vintage_year, filter.vintage_year)
  )).groupBy(participant_no, lender_no, vintage_year)
}

/** A drawdown of a bank by the number of any of its versions: its first number, its contract, what is not repaid of it; null when there is none. */
export async function drawnUnder (sql: ReadSql, bank_no: string, iou_no: string): Promise<{ iou_no: string, loan_contract_no: string,
  outstanding_fen: number } | null> {
  const lent = await findLent(sql, bank_no, iou_no)
  if (lent === undefined) return null
  const { balance_events = [] } = lent.drawdown.body as NewDrawdown
  const repaid_fen = balance_events.filter(({ kind }) => kind === 'REPAY' || kind === 'PREPAY').reduce((sum, { amount }) => sum + fenOf(amount), 0)
  return { iou_no: lent.drawdown.first_no, loan_contract_no: lent.contract.business_no, outstanding_fen: Math.max(0, lent.drawdown.amount_fen - repaid_fen) }
}

/** Guaranteed principal of enterprises whose needs came through a park, of guarantees that began before a day, fen. */
export async function guaranteedOf (sql: ReadSql, park_no: string, before: string): Promise<number> {
  const brought = sql.selectDistinct({ uscc: need_sources.uscc }).from(need_sources).where(or(eq(need_sources.participant_no, park_no),
    eq(need_sources.park_no, park_no)))
  const [row] = await sql.select({ guaranteed_fen: total(guaranteed_fen) }).from(guarantee_contracts)
    .where(and(in_force, inArray(uscc, brought), lt(start_date, before)))
  return row?.guaranteed_fen ?? 0
}
