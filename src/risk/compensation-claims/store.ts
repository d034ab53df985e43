/** Tables of compensation claims, their recoveries, and the ledger of each loss. */
import { and, asc, eq, gt, gte, inArray, isNull, lt, lte, ne, or, sql as expression, sum, type SQL } from 'drizzle-orm'
import { fen, integer, json, primaryKey, table, text } from '../../db/columns.ts'
import type { ReadSql, WriteSql } from '../../db/db.ts'
import type { ClaimsFiled, FiledClaim } from '../../lending/claimed.ts'
import { guarantee_contracts } from '../../lending/guarantee-contracts/store.ts'
import type { LedgerEntry, LedgerParty, PostingKind } from '../../policy/claims.ts'
import type { Finding } from '../../policy/findings.ts'
import type { StateOf } from '../../policy/lifecycle.ts'
import type { BreakerState } from '../../policy/risk-share.ts'
import type { BreakerKey } from '../breakers/store.ts'

export type ClaimStatus = StateOf<'claim'>
export const DECISIONS = ['ACCEPT', 'REJECT', 'PREPAY'] as const
export type Decision = typeof DECISIONS[number]

export const compensation_claims = table('compensation_claims', {
  number: text().primaryKey(),
  participant_no: text().notNull(),
  business_no: text().notNull(),
  guarantor_no: text().notNull(),
  guarantee_number: text().notNull(),
  guarantee_contract_no: text().notNull(),
  loan_contract_no: text().notNull(),
  iou_no: text().notNull(),
  uscc: text().notNull(),
  vintage_year: integer().notNull(),
  body: json<Record<string, unknown>>().notNull(),
  content_digest: text().notNull(),
  findings: json<Finding[]>().notNull(),
  status: text().$type<ClaimStatus>().notNull(),
  decision_due_date: text().notNull(),
  /** due date whose passing was told */
  told_due: text(),
  default_principal_fen: fen().notNull(),
  eligible_fen: fen().notNull(),
  policy_version: text(),
  headroom_before_fen: fen(),
  covered_fen: fen(),
  guarantor_fen: fen(),
  fiscal_fen: fen(),
  fiscal_municipal_fen: fen(),
  bank_fen: fen(),
  re_guarantor_fen: fen(),
  bank_excess_fen: fen(),
  rate_after_pct: text(),
  state_after: text().$type<BreakerState>(),
  fiscal_claim_no: text(),
  re_guarantee_claim_no: text(),
  fiscal_pool: text().$type<'DRAWN' | 'WAITING'>(),
  fiscal_pool_year: text(),
  decision: text().$type<Decision>(),
  decision_reason: text(),
  decided_by: text(),
  decided_at: text(),
  review: text().$type<'ACCEPT' | 'REJECT'>(),
  review_reason: text(),
  reviewed_by: text(),
  reviewed_at: text(),
  paid_date: text(),
  paid_fen: fen(),
  recovered_fen: fen().notNull(),
  version: integer().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull()
})

export type Claim = typeof compensation_claims.$inferSelect

export const claim_recoveries = table('claim_recoveries', {
  number: text().primaryKey(),
  claim_number: text().notNull(),
  participant_no: text().notNull(),
  recovery_no: text().notNull(),
  content_digest: text().notNull(),
  date: text().notNull(),
  gross_fen: fen().notNull(),
  cost_fen: fen().notNull(),
  net_fen: fen().notNull(),
  guarantor_fen: fen().notNull(),
  fiscal_fen: fen().notNull(),
  bank_fen: fen().notNull(),
  re_guarantor_fen: fen().notNull(),
  settled_in: integer(),
  recorded_by: text(),
  created_at: text().notNull()
})

export type Recovery = typeof claim_recoveries.$inferSelect

const risk_ledger = table('risk_ledger', {
  entry: integer().primaryKey(),
  claim_number: text().notNull(),
  posting_no: text().notNull(),
  posting: text().$type<PostingKind>().notNull(),
  party: text().$type<LedgerParty>().notNull(),
  amount_fen: fen().notNull(),
  recovery_number: text(),
  at: text().notNull()
})

export interface LedgerRow extends LedgerEntry { claim_number: string, posting_no: string, recovery_number: string | null, at: string }

const claimed_guarantees = table('claimed_guarantees', {
  guarantee_number: text().primaryKey(),
  guaranteed_fen: fen().notNull(),
  claimed_fen: fen().notNull()
})

const claim_documents = table('claim_documents', {
  document_no: text().notNull(),
  claim_number: text().notNull()
}, columns => [primaryKey({ columns: [columns.document_no, columns.claim_number] })])

const undecided = ['FILED', 'RETURNED', 'ACCEPTED', 'PREPAID_PENDING_REVIEW'] as const

/** Whose claims are seen: of a bank, of a guarantor, or all. */
export interface ClaimScope { bank_no?: string, guarantor_no?: string }

const within = ({ bank_no, guarantor_no }: ClaimScope) => and(
  bank_no === undefined ? undefined : eq(compensation_claims.participant_no, bank_no),
  guarantor_no === undefined ? undefined : eq(compensation_claims.guarantor_no, guarantor_no)
)

/** false when the bank used the number before. */
export async function insertClaim (sql: WriteSql, row: Claim): Promise<boolean> {
  return (await sql.insert(compensation_claims).values(row).onConflictDoNothing().returning({ number: compensation_claims.number })).length > 0
}

export async function claimByBusinessNo (sql: ReadSql, bank_no: string, claim_no: string): Promise<Claim | undefined> {
  return (await sql.select().from(compensation_claims).where(and(eq(compensation_claims.participant_no, bank_no),
    eq(compensation_claims.business_no, claim_no))))[0]
}

/** A claim by the hub's number, or by the bank's own where only one is in sight. */
export async function findClaim (sql: ReadSql, scope: ClaimScope, number: string): Promise<Claim | undefined> {
  const found = await sql.select().from(compensation_claims)
    .where(and(within(scope), or(eq(compensation_claims.number, number), eq(compensation_claims.business_no, number)))).limit(3)
  return found.find(row => row.number === number) ?? (found.length === 1 ? found[0] : undefined)
}

export interface ClaimFilter {
  status?: ClaimStatus | undefined
  vintage_year?: number | undefined
  updated_since?: string | undefined
  after: string | null
  limit: number
}

export async function listClaims (sql: ReadSql, scope: ClaimScope, { status, vintage_year, updated_since, after, limit }: ClaimFilter): Promise<Claim[]> {
  return sql.select().from(compensation_claims).where(and(
    within(scope),
    status === undefined ? undefined : eq(compensation_claims.status, status),
    vintage_year === undefined ? undefined : eq(compensation_claims.vintage_year, vintage_year),
    updated_since === undefined ? undefined : gte(compensation_claims.updated_at, updated_since),
    after === null ? undefined : gt(compensation_claims.number, after)
  )).orderBy(asc(compensation_claims.number)).limit(limit)
}

/** Changes a claim that is still in one of the states. @returns the row as it is now; undefined when it is not */
export async function advanceClaim (
  sql: WriteSql, now: string, number: string, from: readonly ClaimStatus[], change: Partial<Claim> & { status: ClaimStatus }
): Promise<Claim | undefined> {
  return (await sql.update(compensation_claims).set({ ...change, version: expression`${compensation_claims.version} + 1` as never, updated_at: now })
    .where(and(eq(compensation_claims.number, number), inArray(compensation_claims.status, [...from]))).returning())[0]
}

/** Claims that wait for a decision or a review past its day, untold. */
export async function overdueClaims (sql: ReadSql, day: string, limit: number): Promise<Claim[]> {
  return sql.select().from(compensation_claims).where(and(
    inArray(compensation_claims.status, ['FILED', 'PREPAID_PENDING_REVIEW']), lt(compensation_claims.decision_due_date, day),
    or(isNull(compensation_claims.told_due), ne(compensation_claims.told_due, compensation_claims.decision_due_date))
  )).orderBy(asc(compensation_claims.number)).limit(limit)
}

/** Claims whose fiscal part waits for the pool, in the order they were decided. */
export async function waitingForPool (sql: ReadSql, limit: number): Promise<Claim[]> {
  return sql.select().from(compensation_claims).where(and(eq(compensation_claims.fiscal_pool, 'WAITING'), ne(compensation_claims.status, 'DECLINED')))
    .orderBy(asc(compensation_claims.decided_at), asc(compensation_claims.number)).limit(limit)
}

export async function attachDocuments (sql: WriteSql, claim_number: string, document_nos: readonly string[]): Promise<void> {
  if (document_nos.length > 0) await sql.insert(claim_documents).values(document_nos.map(document_no => ({ document_no, claim_number }))).onConflictDoNothing()
}

/** Whether a document goes with a claim in sight. */
export async function goesWithClaim (sql: ReadSql, scope: ClaimScope, document_no: string): Promise<boolean> {
  const rows = await sql.select({ number: compensation_claims.number }).from(claim_documents)
    .innerJoin(compensation_claims, eq(compensation_claims.number, claim_documents.claim_number))
    .where(and(eq(claim_documents.document_no, document_no), within(scope))).limit(1)
  return rows.length > 0
}

/** What is already claimed on a guarantee, fen. */
export async function claimedOn (sql: ReadSql, guarantee_number: string): Promise<number> {
  return (await sql.select({ claimed_fen: claimed_guarantees.claimed_fen }).from(claimed_guarantees)
    .where(eq(claimed_guarantees.guarantee_number, guarantee_number)))[0]?.claimed_fen ?? 0
}

/** Whether the whole principal of a guarantee is claimed and every claim on it paid or declined. */
export async function isUsedUp (sql: ReadSql, guarantee_number: string): Promise<boolean> {
  const [counted] = await sql.select({ claimed_fen: claimed_guarantees.claimed_fen, guaranteed_fen: guarantee_contracts.guaranteed_fen }).from(claimed_guarantees)
    .innerJoin(guarantee_contracts, and(eq(guarantee_contracts.chain, claimed_guarantees.guarantee_number), eq(guarantee_contracts.status, 'ACCEPTED')))
    .where(eq(claimed_guarantees.guarantee_number, guarantee_number))
  if (counted === undefined || counted.claimed_fen < counted.guaranteed_fen) return false
  const waiting = await sql.select({ number: compensation_claims.number }).from(compensation_claims)
    .where(and(eq(compensation_claims.guarantee_number, guarantee_number), inArray(compensation_claims.status, [...undecided]))).limit(1)
  return waiting.length === 0
}

async function claimsWhere (sql: ReadSql, condition: SQL | undefined): Promise<FiledClaim[]> {
  const { business_no: claim_no, iou_no, default_principal_fen, body } = compensation_claims
  const rows = await sql.select({ claim_no, iou_no, default_principal_fen, body }).from(compensation_claims)
    .where(and(condition, ne(compensation_claims.status, 'DECLINED'))).orderBy(asc(compensation_claims.number))
  return rows.map(({ body: { default_date }, ...claim }) => Object.assign(claim, { default_date: String(default_date) }))
}

/** What lending asks before it lets a contract be corrected. */
export const claims_filed: ClaimsFiled = {
  onGuarantee: (sql, chain) => claimsWhere(sql, eq(compensation_claims.guarantee_number, chain)),
  onDrawdown: (sql, bank_no, first_no) => claimsWhere(sql, and(eq(compensation_claims.participant_no, bank_no), eq(compensation_claims.iou_no, first_no)))
}

/** Principal of a drawdown that is claimed already and not declined, fen. */
export async function claimedOfDrawdown (sql: ReadSql, bank_no: string, iou_no: string): Promise<number> {
  const [row] = await sql.select({ claimed_fen: sum(compensation_claims.default_principal_fen).mapWith(Number) }).from(compensation_claims)
    .where(and(eq(compensation_claims.participant_no, bank_no), eq(compensation_claims.iou_no, iou_no), ne(compensation_claims.status, 'DECLINED')))
  return row?.claimed_fen ?? 0
}

/** Counts a claim on its guarantee, or takes it off again (below zero). The row bounds it. */
export async function countClaimed (sql: WriteSql, guarantee_number: string, guaranteed_fen: number, amount_fen: number): Promise<void> {
  if (amount_fen < 0) {
    await sql.update(claimed_guarantees).set({ claimed_fen: expression`${claimed_guarantees.claimed_fen} + ${amount_fen}` })
      .where(eq(claimed_guarantees.guarantee_number, guarantee_number))
    return
  }
  await sql.insert(claimed_guarantees).values({ guarantee_number, guaranteed_fen, claimed_fen: amount_fen }).onConflictDoUpdate({
    target: claimed_guarantees.guarantee_number,
    set: { guaranteed_fen, claimed_fen: expression`${claimed_guarantees.claimed_fen} + ${amount_fen}` }
  })
}

/** false when the participant used the number before. */
export async function insertRecovery (sql: WriteSql, row: Recovery): Promise<boolean> {
  return (await sql.insert(claim_recoveries).values(row).onConflictDoNothing().returning({ number: claim_recoveries.number })).length > 0
}

export async function recoveryByBusinessNo (sql: ReadSql, participant_no: string, recovery_no: string): Promise<Recovery | undefined> {
  return (await sql.select().from(claim_recoveries).where(and(eq(claim_recoveries.participant_no, participant_no),
    eq(claim_recoveries.recovery_no, recovery_no))))[0]
}

export async function recoveriesOf (sql: ReadSql, claim_numbers: readonly string[]): Promise<Recovery[]> {
  if (claim_numbers.length === 0) return []
  return sql.select().from(claim_recoveries).where(inArray(claim_recoveries.claim_number, [...claim_numbers])).orderBy(asc(claim_recoveries.number))
}

export interface UnsettledRecovery extends BreakerKey { recovery: Recovery }

/** Recoveries until a day that no year-end settlement has counted yet, with their breaker. */
export async function unsettledRecoveries (sql: ReadSql, until: string): Promise<UnsettledRecovery[]> {
  return sql.select({
    recovery: claim_recoveries, guarantor_no: compensation_claims.guarantor_no, bank_no: compensation_claims.participant_no, vintage_year: compensation_claims.vintage_year
  }).from(claim_recoveries).innerJoin(compensation_claims, eq(compensation_claims.number, claim_recoveries.claim_number))
    .where(and(isNull(claim_recoveries.settled_in), lte(claim_recoveries.date, until)))
}

/** Marks the recoveries until a day as counted in the settlement of a year. */
export async function settleRecoveries (sql: WriteSql, until: string, year: number): Promise<void> {
  await sql.update(claim_recoveries).set({ settled_in: year }).where(and(isNull(claim_recoveries.settled_in), lte(claim_recoveries.date, until)))
}

export async function appendLedger (sql: WriteSql, rows: readonly LedgerRow[]): Promise<void> {
  if (rows.length > 0) await sql.insert(risk_ledger).values(rows.map(row => ({ ...row })))
}

export async function ledgerOf (sql: ReadSql, claim_numbers: readonly string[]): Promise<LedgerRow[]> {
  if (claim_numbers.length === 0) return []
  return sql.select().from(risk_ledger).where(inArray(risk_ledger.claim_number, [...claim_numbers])).orderBy(asc(risk_ledger.entry))
}
