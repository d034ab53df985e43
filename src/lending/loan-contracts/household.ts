/** What loans count against the household limit of an enterprise, over all banks. S1 二(二); rule E-09, reading A-26. */
import { and, desc, eq, inArray, isNotNull, isNull } from 'drizzle-orm'
import { bulkFind } from '../../db/bulk.ts'
import { isListed } from '../../db/columns.ts'
import type { ReadSql } from '../../db/db.ts'
import { financing_needs, without_contract } from '../../intake/financing-needs/store.ts'
import { lead_events, leads } from '../../matching/leads/store.ts'
import { countedAgainstLimit } from '../../policy/household.ts'
import { fenOf } from '../../policy/money.ts'
import { HOUSEHOLD_BASES } from '../../policy/parameters.ts'
import { nearestTerms, readingOf, type PolicyVersion } from '../../policy/terms.ts'
import { drawdownsOf, outstandingOn } from '../drawdowns/store.ts'
import { loan_contracts } from './store.ts'

const waiting: ReadonlySet<string> = new Set(without_contract)

interface Approval { lead_no: string, need_no: string, uscc: string, approved_fen: number, need_fen: number, waits: boolean }

/** What banks approved and did not take back, the newest approval of each lead. */
async function approvals (sql: ReadSql, usccs: readonly string[]): Promise<Map<string, Approval>> {
  const rows = await sql.select({
    lead_no: leads.lead_no, need_no: leads.need_no, uscc: leads.uscc, content: lead_events.content, need_fen: financing_needs.amount_fen, need_status: financing_needs.status
  }).from(leads).innerJoin(lead_events, and(eq(lead_events.lead_no, leads.lead_no), eq(lead_events.type, 'APPROVED')))
    .innerJoin(financing_needs, eq(financing_needs.need_no, leads.need_no))
    .where(and(inArray(leads.uscc, [...usccs]), eq(leads.recipient_kind, 'BANK'), isNotNull(leads.approved_at), isNull(leads.ended_at)))
    .orderBy(desc(lead_events.recorded_at), desc(lead_events.lead_event_no))
  const found = new Map<string, Approval>()
  for (const { content, need_status, ...row } of rows) {
    if (found.has(row.lead_no) || typeof content.amount !== 'string') continue
    found.set(row.lead_no, { ...row, approved_fen: fenOf(content.amount), waits: waiting.has(need_status) })
  }
  return found
}

const findContracts = bulkFind<{ number: string, uscc: string, lead_no: string | null, contract_fen: number, maturity_date: string }>((sql, usccs) => sql
  .select({ number: loan_contracts.number, uscc: loan_contracts.uscc, lead_no: loan_contracts.lead_no, contract_fen: loan_contracts.contract_amount_fen, maturity_date: loan_contracts.maturity_date })
  .from(loan_contracts).where(and(isListed(loan_contracts.uscc, usccs), eq(loan_contracts.status, 'ACCEPTED'))))

/**
 * Per enterprise, beside its open needs: what its loans count by the reading in force. Where approvals count, the highest of a need takes
 * the place of what the need asks for, so the sum may be below nothing.
 *
 * @param day Beijing date: contracts in force then
 */
export async function countedLimits (sql: ReadSql, usccs: readonly string[], day: string, policies: readonly PolicyVersion[]): Promise<Map<string, number>> {
  const counted = new Map<string, number>()
  if (usccs.length === 0) return counted
  const terms = nearestTerms(policies, 'PARK_TECH_GUARANTEE', day)
  const basis = readingOf(terms, 'household_basis', HOUSEHOLD_BASES)
  const count = (uscc: string, fen: number) => counted.set(uscc, (counted.get(uscc) ?? 0) + fen)
  const contracts = (await findContracts(sql, usccs)).filter(({ maturity_date }) => maturity_date > day)
  const approved = basis === 'APPROVED' ? await approvals(sql, usccs) : new Map<string, Approval>()
  const outstanding = new Map<string, number>()
  for (const drawdown of basis === 'OUTSTANDING' ? await drawdownsOf(sql, contracts.map(({ number }) => number)) : []) {
    const { loan_contract_number } = drawdown
    outstanding.set(loan_contract_number, (outstanding.get(loan_contract_number) ?? 0) + outstandingOn(drawdown, day))
  }
  for (const { number, uscc, lead_no, contract_fen } of contracts) {
    const approval = lead_no === null ? undefined : approved.get(lead_no)
    count(uscc, countedAgainstLimit({ approved_fen: approval?.approved_fen ?? null, contract_fen, outstanding_fen: outstanding.get(number) ?? 0 }, terms))
  }
  const contracted = new Set(contracts.map(({ lead_no }) => lead_no))
  const highest = new Map<string, Approval>()
  for (const approval of approved.values()) {
    const { lead_no, need_no, approved_fen } = approval
    if (!contracted.has(lead_no) && approved_fen > (highest.get(need_no)?.approved_fen ?? -1)) highest.set(need_no, approval)
  }
  for (const { uscc, approved_fen, need_fen, waits } of highest.values()) {
    if (waits) count(uscc, countedAgainstLimit({ approved_fen, contract_fen: null, outstanding_fen: 0 }, terms) - need_fen)
  }
  return counted
}
