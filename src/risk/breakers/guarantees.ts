/** What the breakers and claims read of lending: guarantee contracts of a bank, their sums by vintage, and drawdowns. */
import { and, eq, or, sql as expression, type SQLWrapper } from 'drizzle-orm'
import { fen, integer, table, text } from '../../db/columns.ts'
import type { ReadSql } from '../../db/db.ts'
import type { VintagePrincipal } from '../../policy/claims.ts'
import type { BreakerFilter, BreakerKey } from './store.ts'

export const risk_guarantees = table('risk_guarantees', {
  number: text().primaryKey(), guarantee_contract_no: text().notNull(), guarantor_no: text().notNull(), bank_no: text().notNull(), loan_contract_no: text(), iou_no: text(),
  drawn_fen: fen().notNull(), uscc: text().notNull(), guaranteed_fen: fen().notNull(), vintage_year: integer().notNull(), start_date: text().notNull(), end_date: text(), released_on: text(), filing_no: text()
})

export interface Guarantee {
  number: string
  guarantee_contract_no: string
  guarantor_no: string
  bank_no: string
  loan_contract_no: string | null
  uscc: string
  guaranteed_fen: number
  vintage_year: number
  start_date: string
  end_date: string | null
  is_filed_with_re_guarantor: boolean
}

/** Guarantees in favour of a bank that go by a number: the hub's, or a guarantor's own. */
export async function guaranteesOfBank (sql: ReadSql, bank_no: string, contract_no: string, guarantor_no?: string): Promise<Guarantee[]> {
  const rows = await sql.select().from(risk_guarantees).where(and(
    eq(risk_guarantees.bank_no, bank_no), or(eq(risk_guarantees.number, contract_no), eq(risk_guarantees.guarantee_contract_no, contract_no)),
    guarantor_no === undefined ? undefined : eq(risk_guarantees.guarantor_no, guarantor_no)
  )).limit(3)
  return rows.map(({ filing_no, ...row }) => Object.assign(row, { is_filed_with_re_guarantor: filing_no !== null }))
}

export interface Vintage extends BreakerKey, VintagePrincipal {}

const total = (what: SQLWrapper) => expression<number>`sum(${what})`.mapWith(Number)

/** Guaranteed principal by guarantor, bank and vintage year; released: on or before the day. */
export async function vintages (sql: ReadSql, filter: BreakerFilter, day: string): Promise<Vintage[]> {
  const { guarantor_no, bank_no, vintage_year, guaranteed_fen, released_on } = risk_guarantees
  const rows = await sql.select({
    guarantor_no, bank_no, vintage_year, guaranteed_fen: total(guaranteed_fen),
    released_fen: total(expression`case when ${released_on} <= ${day} then ${guaranteed_fen} else 0 end`)
  }).from(risk_guarantees).where(and(
    filter.guarantor_no === undefined ? undefined : eq(guarantor_no, filter.guarantor_no),
    filter.bank_no === undefined ? undefined : eq(bank_no, filter.bank_no),
    filter.vintage_year === undefined ? undefined : eq(vintage_year, filter.vintage_year)
  )).groupBy(guarantor_no, bank_no, vintage_year)
  return rows
}

/** A drawdown of a bank: its contract, and what is not repaid of it; null when there is none. */
export async function drawnUnder (sql: ReadSql, bank_no: string, iou_no: string): Promise<{ loan_contract_no: string, outstanding_fen: number } | null> {
  const [row] = await sql.select().from(risk_guarantees).where(and(eq(risk_guarantees.bank_no, bank_no), eq(risk_guarantees.iou_no, iou_no)))
  return row === undefined ? null : { loan_contract_no: row.loan_contract_no ?? '', outstanding_fen: row.drawn_fen }
}
