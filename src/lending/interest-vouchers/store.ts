/** Table of interest vouchers, and what derived lines start from. */
import { and, asc, eq, inArray, sql as expression, type SQL } from 'drizzle-orm'
import { dialect } from '../../config.ts'
import { bulkAsk, bulkInsert } from '../../db/bulk.ts'
import { fen, integer, isAmong, json, rowsOf, table, text } from '../../db/columns.ts'
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

/** What was lent, and the day on which a period ends. */
export interface PeriodEnd { lent_number: string, period_end: string }

export interface Periods {
  /**
   * The live period that starts last before `period_end`, each where its question stands; without the one that is corrected. Live periods of
   * one drawdown or lease never overlap, so it is the only one that could overlap the new one, and else the one right before it.
   */
  beside (sql: ReadSql, wanted: readonly (PeriodEnd & { except: string | null })[]): Promise<(Period | undefined)[]>
  /** what is accepted or held on one drawdown or lease */
  liveOn (sql: ReadSql, lent_number: string): Promise<Pick<InterestVoucherRow, 'business_no' | 'segments'>[]>
  /** the same whole, in the order of its periods */
  rowsOn (sql: ReadSql, lent_number: string): Promise<InterestVoucherRow[]>
  /** takes its turn for one that is to be live again. false: a live period overlaps it */
  takeBack (sql: WriteSql, row: InterestVoucherRow): Promise<boolean>
  /** the live period that starts first from `period_end` on, where it is held, each where its question stands; its gap may be closed */
  heldNext (sql: ReadSql, wanted: readonly PeriodEnd[]): Promise<(InterestVoucherRow | undefined)[]>
}

/** @param kept a table with `evidenceColumns` and `interestColumns` */
export function periodsOf (kept: unknown): Periods {
  const vouchers = kept as typeof interest_vouchers
  /**
   * One live voucher for each drawdown or lease that is asked about, as one text: so each is looked up in the index, which a join does not
   * promise. The states stand in the text, so that SQLite need not plan anew for each value.
   */
  const liveOne = (asked: readonly string[], condition: SQL) => {
    const ask = bulkAsk<Record<string, string>, { lent_number: string, found: string | null }>((sql, rows) => sql.select({
      lent_number: expression<string>`wanted.lent_number`,
      found: expression<string | null>`(select one.period_start || '/' || one.period_end || '/' || one.status || '/' || one.number from ${vouchers} as one
        where one.lent_number = wanted.lent_number and one.status in ('ACCEPTED', 'HELD') and ${condition} limit 1)`
    }).from(rowsOf('wanted', asked, rows)))
    return async (sql: ReadSql, wanted: readonly Record<string, string>[]) => new Map((await ask(sql, wanted)).flatMap(({ lent_number, found }) => {
      if (found === null) return []
      const [from = '', to = '', status = '', number = ''] = found.split('/')
      return [[lent_number, { from, to, status, number }] as const]
    }))
  }
  const lastBefore = liveOne(['lent_number', 'period_end', 'other_than'],
    expression`one.period_start < wanted.period_end and one.number <> wanted.other_than order by one.period_start desc`)
  const firstFrom = liveOne(['lent_number', 'period_end'], expression`one.period_start >= wanted.period_end order by one.period_start`)
  const beside: Periods['beside'] = async (sql, wanted) => {
    const found = await lastBefore(sql, wanted.map(({ lent_number, period_end, except }) => ({ lent_number, period_end, other_than: except ?? '' })))
    return wanted.map(({ lent_number }) => found.get(lent_number))
  }
  return {
    beside,
    async takeBack (sql, { lent_number, number, period_start, period_end }) {
      await takeTurns(sql, [lent_number])
      const [before] = await beside(sql, [{ lent_number, period_end, except: number }])
      return (before?.to ?? '') <= period_start
    },
    liveOn: async (sql, lent_number) => sql.select({ business_no: vouchers.business_no, segments: vouchers.segments }).from(vouchers)
      .where(and(eq(vouchers.lent_number, lent_number), inArray(vouchers.status, live))).orderBy(asc(vouchers.number)),
    rowsOn: async (sql, lent_number) => sql.select().from(vouchers)
      .where(and(eq(vouchers.lent_number, lent_number), inArray(vouchers.status, live))).orderBy(asc(vouchers.period_start)),
    async heldNext (sql, wanted) {
      const next = await firstFrom(sql, wanted.map(({ lent_number, period_end }) => ({ lent_number, period_end })))
      const held = [...next.values()].filter(({ status }) => status === 'HELD').map(({ number }) => number)
      const rows = held.length === 0 ? [] : await sql.select().from(vouchers).where(isAmong(vouchers.number, held))
      return wanted.map(({ lent_number }) => rows.find(row => row.lent_number === lent_number))
    }
  }
}

export const interestPeriods = periodsOf(interest_vouchers)

const lent_turns = table('lent_turns', { lent_number: text().primaryKey(), turn: integer().notNull() })

const turnAll = bulkInsert(lent_turns, insert => insert.onConflictDoUpdate({ target: lent_turns.lent_number, set: { turn: expression`${lent_turns.turn} + 1` } }))

/**
 * Vouchers of one drawdown or lease are judged one after the other, so that no two with overlapping periods come in at once;
 * those of others are not held up. SQLite has one writer anyhow.
 */
export async function takeTurns (sql: WriteSql, lent_numbers: readonly string[]): Promise<void> {
  if (dialect === 'postgres') await turnAll(sql, [...new Set(lent_numbers)].sort().map(lent_number => ({ lent_number, turn: 1 })))
}

const buildAccepted = (sql: ReadSql) => sql.select({ voucher: interest_vouchers, drawdown: drawdowns, contract: loan_contracts }).from(interest_vouchers)
  .innerJoin(drawdowns, eq(drawdowns.number, interest_vouchers.lent_number))
  .innerJoin(loan_contracts, eq(loan_contracts.number, drawdowns.loan_contract_number))
  .where(and(eq(interest_vouchers.uscc, expression.placeholder('uscc')), eq(interest_vouchers.project_code, expression.placeholder('project_code')),
    eq(interest_vouchers.status, 'ACCEPTED')))
  .orderBy(asc(interest_vouchers.paid_date), asc(interest_vouchers.created_at), asc(interest_vouchers.number)).prepare()

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
  const rows = await hot(sql, buildAccepted).execute({ uscc, project_code })
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
