/** Table of drawdowns. */
import { and, asc, eq, inArray, sql as expression } from 'drizzle-orm'
import { bulkFind, jointKey } from '../../db/bulk.ts'
import { fen, isListed, json, table, text } from '../../db/columns.ts'
import { together, type ReadSql, type WriteSql } from '../../db/db.ts'
import type { Finding } from '../../policy/findings.ts'
import { fenOf } from '../../policy/money.ts'
import { correctableStore, evidenceColumns, versionColumns } from '../evidence/store.ts'
import { loanContracts, loan_contracts, type LoanContractRow } from '../loan-contracts/store.ts'
import type { BALANCE_EVENTS } from './schema.ts'

export interface RateSegment { from: string, to: string, annual_rate_pct: string }

/** A day on which the normal balance changed; what was extended or went overdue is normal no more. `amount` in yuan, as stated. */
export interface BalanceEvent { date: string, kind: typeof BALANCE_EVENTS[number], amount: string }

export const drawdowns = table('drawdowns', {
  ...evidenceColumns(),
  ...versionColumns(),
  loan_contract_number: text().notNull(),
  amount_fen: fen().notNull(),
  land_fen: fen().notNull(),
  disbursed_date: text().notNull(),
  maturity_date: text().notNull(),
  rate_segments: json<RateSegment[]>().notNull(),
  balance_events: json<BalanceEvent[]>().notNull()
})

export type DrawdownRow = typeof drawdowns.$inferSelect

export const drawdownsKept = correctableStore<DrawdownRow>(drawdowns)

export async function keepFindings (sql: WriteSql, number: string, findings: Finding[], now: string): Promise<void> {
  await sql.update(drawdowns).set({ findings, version: expression`${drawdowns.version} + 1`, updated_at: now }).where(eq(drawdowns.number, number))
}

/** What of a drawdown was not repaid until a day, that day included, fen; what was extended or is overdue is outstanding. */
export function outstandingOn ({ amount_fen, balance_events }: Pick<DrawdownRow, 'amount_fen' | 'balance_events'>, day: string): number {
  const repaid = balance_events.filter(({ date, kind }) => date <= day && (kind === 'REPAY' || kind === 'PREPAY'))
  return Math.max(0, amount_fen - repaid.reduce((sum, { amount }) => sum + fenOf(amount), 0))
}

/** A drawdown of a bank with its contract, both as they are in force; the number may be that of any version. */
export async function findLent (sql: ReadSql, participant_no: string, iou_no: string) {
  const drawdown = await drawdownsKept.inForce(sql, participant_no, iou_no)
  const contract = drawdown === undefined ? undefined : await loanContracts.find(sql, drawdown.loan_contract_number)
  return drawdown === undefined || contract === undefined ? undefined : { drawdown, contract }
}

const terms_columns = {
  drawdown: {
    participant_no: drawdowns.participant_no, number: drawdowns.number, first_no: drawdowns.first_no, business_no: drawdowns.business_no, superseded_by: drawdowns.superseded_by,
    uscc: drawdowns.uscc, project_code: drawdowns.project_code, rate_segments: drawdowns.rate_segments, balance_events: drawdowns.balance_events, amount_fen: drawdowns.amount_fen,
    disbursed_date: drawdowns.disbursed_date, maturity_date: drawdowns.maturity_date
  },
  contract: {
    number: loan_contracts.number, business_no: loan_contracts.business_no, day_count: loan_contracts.day_count,
    annual_rate_pct: loan_contracts.annual_rate_pct
  }
}
export interface LentTerms {
  drawdown: Pick<DrawdownRow, keyof typeof terms_columns.drawdown>
  contract: Pick<LoanContractRow, keyof typeof terms_columns.contract>
}

const findTerms = bulkFind<LentTerms>((sql, participants, numbers) => sql.select(terms_columns).from(drawdowns)
  .innerJoin(loan_contracts, eq(loan_contracts.number, drawdowns.loan_contract_number))
  .where(and(isListed(drawdowns.participant_no, participants), isListed(drawdowns.business_no, numbers))))

/** What vouchers are judged against, each as `findLent` finds it; asked with every voucher, so it reads no more than that. */
export async function findLentTerms (sql: ReadSql, wanted: readonly { participant_no: string, iou_no: string }[]): Promise<(LentTerms | undefined)[]> {
  const rows = await findTerms(sql, wanted.map(({ participant_no }) => participant_no), wanted.map(({ iou_no }) => iou_no))
  const found = new Map(rows.map(row => [jointKey(row.drawdown.participant_no, row.drawdown.business_no), row]))
  return together(...wanted.map(async ({ participant_no, iou_no }) => {
    const terms = found.get(jointKey(participant_no, iou_no))
    return terms === undefined || terms.drawdown.superseded_by === null ? terms : findLent(sql, participant_no, iou_no)
  }))
}

/** Every drawdown in force of some contracts, in the order they were paid out. */
export async function drawdownsOf (sql: ReadSql, contract_numbers: readonly string[]): Promise<DrawdownRow[]> {
  if (contract_numbers.length === 0) return []
  return sql.select().from(drawdowns).where(and(inArray(drawdowns.loan_contract_number,
    [...contract_numbers]), eq(drawdowns.status, 'ACCEPTED'))).orderBy(asc(drawdowns.disbursed_date), asc(drawdowns.number))
}
