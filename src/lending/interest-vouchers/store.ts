/** Table of interest vouchers, and what derived lines start from. */
import { and, asc, desc, eq, gte, inArray, lt, ne, sql as expression } from 'drizzle-orm'
import { dialect } from '../../config.ts'
import { fen, integer, json, table, text } from '../../db/columns.ts'
import { hot, type ReadSql, type WriteSql } from '../../db/db.ts'
import type { Period } from '../../policy/period.ts'
import type { Segment } from '../../policy/segments.ts'
import { interestOf } from '../../policy/vouchers.ts'
import { drawdowns, drawdownsOf } from '../drawdowns/store.ts'
import type { EvidenceStatus } from '../evidence/schema.ts'
import { evidenceColumns, heldColumns, heldStore } from '../evidence/store.ts'
import { loan_contracts } from '../loan-contracts/store.ts'

/** Columns of a voucher of interest paid on something lent: a drawdown, or a lease. */
export const interestColumns = () => ({
  lent_number: text().notNull(),
  lent_no: text().notNull(),
  period_start: text().notNull(),
  period_end: text().notNull(),
  paid_date: text().notNull(),
  segments: json<Segment[]>().notNull(),
  normal_interest_fen: fen().notNull(),
  normal_interest_paid_fen: fen().notNull(),
  penalty_fen: fen().notNull(),
  compound_fen: fen().notNull(),
  national_subsidy_deducted_fen: fen().notNull(),
  other_subsidy_fen: fen().notNull(),
  recomputed_fen: fen().notNull(),
  document_no: text().notNull(),
  ...heldColumns()
})

export const interest_vouchers = table('interest_vouchers', { ...evidenceColumns(), ...interestColumns() })

export type InterestVoucherRow = typeof interest_vouchers.$inferSelect

export const interestVouchers = heldStore<InterestVoucherRow>(interest_vouchers)

const live: EvidenceStatus[] = ['ACCEPTED', 'HELD']

export interface Periods {
  /**
   * The live period that starts last before `period_end`. Live periods of one drawdown or lease never overlap, so it is the only
   * one that could overlap the new one, and else the one right before it.
   */
  beside (sql: ReadSql, lent_number: string, period_end: string, except: string | null): Promise<Period | undefined>
  /** what is accepted or held on one drawdown or lease */
  liveOn (sql: ReadSql, lent_number: string): Promise<Pick<InterestVoucherRow, 'business_no' | 'segments'>[]>
  /** what is held on one drawdown or lease, in the order of its periods */
  heldOn (sql: ReadSql, lent_number: string): Promise<InterestVoucherRow[]>
  /** takes its turn for one that is to be live again. false: a live period overlaps it */
  takeBack (sql: WriteSql, row: InterestVoucherRow): Promise<boolean>
  /** the live period that starts first from a day on, where it is held; its gap may be closed */
  heldNext (sql: ReadSql, lent_number: string, day: string): Promise<InterestVoucherRow | undefined>
}

/** @param kept a table with `evidenceColumns` and `interestColumns` */
export function periodsOf (kept: unknown): Periods {
  const vouchers = kept as typeof interest_vouchers
  const buildBeside = (sql: ReadSql) => sql.select({ from: vouchers.period_start, to: vouchers.period_end }).from(vouchers).where(and(
    eq(vouchers.lent_number, expression.placeholder('lent_number')),
    lt(vouchers.period_start, expression.placeholder('period_end')),
    ne(vouchers.number, expression.placeholder('except')),
    inArray(vouchers.status, live)
  )).orderBy(desc(vouchers.period_start)).limit(1).prepare()
  const buildNext = (sql: ReadSql) => sql.select({ number: vouchers.number, status: vouchers.status }).from(vouchers).where(and(
    eq(vouchers.lent_number, expression.placeholder('lent_number')), gte(vouchers.period_start, expression.placeholder('day')),
    inArray(vouchers.status, live)
  )).orderBy(asc(vouchers.period_start)).limit(1).prepare()
  const beside: Periods['beside'] = async (sql, lent_number, period_end, except) => (await hot(sql, buildBeside).execute({ lent_number, period_end,
    except: except ?? '' }))[0]
  return {
    beside,
    async takeBack (sql, { lent_number, number, period_start, period_end }) {
      await takeTurn(sql, lent_number)
      return ((await beside(sql, lent_number, period_end, number))?.to ?? '') <= period_start
    },
    liveOn: async (sql, lent_number) => sql.select({ business_no: vouchers.business_no, segments: vouchers.segments }).from(vouchers)
      .where(and(eq(vouchers.lent_number, lent_number), inArray(vouchers.status, live))).orderBy(asc(vouchers.number)),
    heldOn: async (sql, lent_number) => sql.select().from(vouchers)
      .where(and(eq(vouchers.lent_number, lent_number), eq(vouchers.status, 'HELD'))).orderBy(asc(vouchers.period_start)),
    async heldNext (sql, lent_number, day) {
      const [next] = await hot(sql, buildNext).execute({ lent_number, day })
      return next?.status === 'HELD' ? (await sql.select().from(vouchers).where(eq(vouchers.number, next.number)))[0] : undefined
    }
  }
}

export const interestPeriods = periodsOf(interest_vouchers)

const lent_turns = table('lent_turns', { lent_number: text().primaryKey(), turn: integer().notNull() })

const buildTurn = (sql: WriteSql) => sql.insert(lent_turns).values({ lent_number: expression.placeholder('lent_number'), turn: 1 })
  .onConflictDoUpdate({ target: lent_turns.lent_number, set: { turn: expression`${lent_turns.turn} + 1` } }).prepare()

/**
 * Vouchers of one drawdown or lease are judged one after the other, so that no two with overlapping periods come in at once;
 * those of others are not held up. SQLite has one writer anyhow.
 */
export async function takeTurn (sql: WriteSql, lent_number: string): Promise<void> {
  if (dialect === 'postgres') await hot(sql, buildTurn).execute({ lent_number })
}

/** What a subsidy line is derived from. */
export type AcceptedInterestVoucher = Awaited<ReturnType<typeof acceptedInterestVouchers>>[number]

/**
 * Accepted vouchers of an enterprise project with their loans, in the order ceilings are used up: paid date, submission, number.
 *
 * `eligible_loan_fen` and `land_fen` are what the whole contract had paid out by the end of the year of the paid date;
 * `contract_eligible_fen` is what the contract promised without land; `drawdown_eligible_fen` and `drawdown_land_fen` are those of
 * the one drawdown. `is_share`: the contract is the bank's share of a syndicated loan.
 */
export async function acceptedInterestVouchers (sql: ReadSql, uscc: string, project_code: string) {
  const rows = await sql.select({ voucher: interest_vouchers, drawdown: drawdowns, contract: loan_contracts }).from(interest_vouchers)
    .innerJoin(drawdowns, eq(drawdowns.number, interest_vouchers.lent_number))
    .innerJoin(loan_contracts, eq(loan_contracts.number, drawdowns.loan_contract_number))
    .where(and(eq(interest_vouchers.uscc, uscc), eq(interest_vouchers.project_code, project_code),
      eq(interest_vouchers.status, 'ACCEPTED')))
    .orderBy(asc(interest_vouchers.paid_date), asc(interest_vouchers.created_at), asc(interest_vouchers.number))
  const paid_out = await drawdownsOf(sql, [...new Set(rows.map(({ contract }) => contract.number))])
  return rows.map(({ voucher, drawdown, contract }) => {
    const year_end = `${voucher.paid_date.slice(0, 4)}-12-31`
    const by_then = paid_out.filter(each => each.loan_contract_number === contract.number &&
      (each.disbursed_date <= year_end || each.number === drawdown.number))
    const sum_fen = by_then.reduce((sum, each) => sum + each.amount_fen, 0)
    const land_fen = by_then.reduce((sum, each) => sum + each.land_fen, 0)
    return {
      number: voucher.number,
      participant_no: voucher.participant_no,
      voucher_no: voucher.business_no,
      iou_no: drawdown.first_no,
      loan_contract_no: contract.first_no,
      loan_contract_number: contract.number,
      loan_key: `${voucher.participant_no}/${contract.first_no}`,
      eligible_loan_fen: sum_fen - land_fen,
      land_fen,
      contract_eligible_fen: contract.contract_amount_fen - contract.land_fen,
      signed_date: String(contract.body.signed_date),
      is_share: contract.body.is_syndicated === true,
      drawdown_eligible_fen: drawdown.amount_fen - drawdown.land_fen,
      drawdown_land_fen: drawdown.land_fen,
      day_count: contract.day_count,
      segments: voucher.segments,
      normal_interest_fen: voucher.normal_interest_fen,
      recomputed_fen: interestOf(voucher.segments, contract.day_count),
      normal_interest_paid_fen: voucher.normal_interest_paid_fen,
      penalty_fen: voucher.penalty_fen,
      compound_fen: voucher.compound_fen,
      national_subsidy_deducted_fen: voucher.national_subsidy_deducted_fen,
      other_subsidy_fen: voucher.other_subsidy_fen,
      period_start: voucher.period_start,
      period_end: voucher.period_end,
      paid_date: voucher.paid_date,
      submitted_at: voucher.created_at,
      stated_at: [voucher.created_at, drawdown.created_at, contract.created_at, ...by_then.map(each => each.created_at)].sort().at(-1) ?? voucher.created_at,
      authorization_no: voucher.authorization_no,
      document_no: voucher.document_no,
      contract_document_no: contract.document_no,
      supersedes: voucher.supersedes,
      status: voucher.status
    }
  })
}
