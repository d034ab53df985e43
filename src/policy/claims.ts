import { type Borne, type BreakerState, type RiskShare } from './risk-share.ts'
import { nextWorkDay, type Calendar } from './calendar.ts'
import { cutDown, UNITS_PER_ONE } from './exact.ts'
import { finding, type Finding } from './findings.ts'
import { checkedFen } from './money.ts'
import { BREAKER_SCOPES, DENOMINATORS } from './parameters.ts'
import { addDays, dayNumber } from './period.ts'
import { countOf, pctOf, readingOf, type PolicyVersion } from './terms.ts'

/** What guarantees of one guarantor × bank × vintage year sum up to, fen of guaranteed principal (100 % basis). */
export interface VintagePrincipal {
  readonly guaranteed_fen: number
  /** of these: released, normally or after compensation */
  readonly released_fen: number
}

/** The guarantee system's liability for a principal: its 80 %, cut to the fen. Numerator and denominator of the breaker stand on this basis. */
export function liabilityOf (principal_fen: number, terms: PolicyVersion): number {
  return cutDown(BigInt(checkedFen(principal_fen)) * pctOf(terms, 'guaranteed_share_pct'), UNITS_PER_ONE)
}

/** What the 4 % is measured against, fen on the 80 % basis. Source: S1 五(一); reading A-08. */
export function breakerDenominator ({ guaranteed_fen, released_fen }: VintagePrincipal, terms: PolicyVersion): number {
  const reading = readingOf(terms, 'breaker_denominator', DENOMINATORS)
  const principal_fen = reading === 'VINTAGE_LIABILITY' ? guaranteed_fen : reading === 'RELEASED' ? released_fen : guaranteed_fen - released_fen
  return liabilityOf(principal_fen, terms)
}

export type BreakerScope = typeof BREAKER_SCOPES[number]

/** Where a guarantee stands; `park_no` null: outside the parks. */
export interface GuaranteePlace {
  readonly guarantor_no: string
  readonly bank_no: string
  readonly park_no: string | null
  readonly vintage_year: number
}

/** Which scope the cap is taken over. Source: S1 五(一); reading A-10. */
export function breakerScope (terms: PolicyVersion): BreakerScope {
  return readingOf(terms, 'breaker_scope', BREAKER_SCOPES)
}

/** The place of a guarantee without what a scope does not tell apart: guarantees that come out equal share one cap. Source: reading A-10. */
export function measuredTogether ({ guarantor_no, bank_no, park_no, vintage_year }: GuaranteePlace, scope: BreakerScope):
{ guarantor_no: string | null, bank_no: string | null, park_no: string | null, vintage_year: number } {
  const by_guarantor = scope === 'GUARANTOR_BANK' || scope === 'GUARANTOR'
  return {
    guarantor_no: by_guarantor ? guarantor_no : null, bank_no: scope === 'GUARANTOR_BANK' ? bank_no : null, park_no: scope === 'PARK' ? park_no : null, vintage_year
  }
}

export interface ClaimFacts {
  readonly default_date: string
  /** day the claim was filed, Beijing */
  readonly filed_on: string
  readonly guarantee_end: string
  readonly is_filed_with_re_guarantor: boolean
  readonly has_due_diligence_statement: boolean
  readonly state_before: BreakerState
}

/** Day until which a claim is decided on, or a prepayment reviewed. @param from day it was filed, or prepaid */
export function decisionDueDate (from: string, calendar: Calendar, terms: PolicyVersion): string {
  return nextWorkDay(addDays(from, countOf(terms, 'claim_decision_days')), calendar)
}

/** What the guarantor should know before it decides; none of it refuses the claim. Source: domain notes §5.16, §9.3; S1 五(一), 六(三). */
export function claimFindings (facts: ClaimFacts, terms: PolicyVersion): Finding[] {
  const findings: Finding[] = []
  const filing_days_max = countOf(terms, 'claim_filing_days_max')
  if (!facts.is_filed_with_re_guarantor) {
    findings.push(finding('NOT_FILED_WITH_RE_GUARANTOR', 'R-01',
      'The guarantee was not filed with the re-guarantor; its 10 % may be refused. Send the filing number of the guarantee contract.',
      '该笔担保未向再担保机构备案，其10%分担可能被拒付；请补充备案编号。'))
  }
  if (dayNumber(facts.filed_on) - dayNumber(facts.default_date) > filing_days_max) {
    findings.push(finding('CLAIM_LATE', 'R-01', `Filed more than ${filing_days_max} days after the default of ${facts.default_date}.`,
      `自违约日 ${facts.default_date} 起超过 ${filing_days_max} 天方提出代偿申请。`))
  }
  if (!facts.has_due_diligence_statement) {
    findings.push(finding('CLAIM_DUE_DILIGENCE_MISSING', 'R-01',
      'The statement of the bank on its due diligence is missing; upload it and name its document_no.', '缺少银行尽职说明；请上传并填写文件编号。'))
  }
  if (facts.default_date > facts.guarantee_end) {
    findings.push(finding('DEFAULT_AFTER_GUARANTEE_END', 'R-01', `The default lies after the end of the guarantee, ${facts.guarantee_end}.`,
      `违约日晚于保证期间届满日 ${facts.guarantee_end}。`))
  }
  if (facts.state_before === 'TRIPPED') {
    findings.push(finding('BREAKER_TRIPPED', 'R-02', 'The compensation cap that this guarantee counts under is reached; the bank bears what is above it.',
      '该笔担保所属范围的当年代偿已达熔断上限，超出部分由银行承担。'))
  }
  return findings
}

export const LEDGER_PARTIES = ['BORROWER', 'BANK', 'GUARANTOR', 'FISCAL', 'RE_GUARANTOR'] as const
export type LedgerParty = typeof LEDGER_PARTIES[number]
export const POSTINGS = ['DEFAULT', 'COMPENSATION', 'FISCAL_SHARE', 'RE_GUARANTEE_SHARE', 'RECOVERY', 'REVERSAL'] as const
export type PostingKind = typeof POSTINGS[number]

/** One entry of the ledger of a loss: above zero, the party carries so much more of it. */
export interface LedgerEntry {
  readonly posting: PostingKind
  readonly party: LedgerParty
  readonly amount_fen: number
}

/** Moves a loss from one party to another; nothing for nothing. */
function moved (posting: PostingKind, from: LedgerParty, to: LedgerParty, amount_fen: number): LedgerEntry[] {
  return amount_fen === 0 ? [] : [{ posting, party: from, amount_fen: -amount_fen }, { posting, party: to, amount_fen }]
}

/**
 * The way of a loss: the borrower's default lands on the bank, the guarantor pays the bank what is covered, then collects the fiscal
 * and the re-guarantor's part. Every posting sums to zero; what a party carries in the end is its share.
 *
 * Source: S1 五(一); domain notes §8.1 (cash view).
 */
export function compensationEntries (principal_fen: number, share: RiskShare): LedgerEntry[] {
  return [
    ...moved('DEFAULT', 'BORROWER', 'BANK', principal_fen),
    ...moved('COMPENSATION', 'BANK', 'GUARANTOR', share.covered_by_system_fen),
    ...moved('FISCAL_SHARE', 'GUARANTOR', 'FISCAL', share.fiscal_fen),
    ...moved('RE_GUARANTEE_SHARE', 'GUARANTOR', 'RE_GUARANTOR', share.re_guarantor_fen)
  ]
}

/** What was recovered goes back to those who bore the loss. */
export function recoveryEntries (split: Borne): LedgerEntry[] {
  return [
    ...moved('RECOVERY', 'BANK', 'BORROWER', split.bank_fen),
    ...moved('RECOVERY', 'GUARANTOR', 'BORROWER', split.guarantor_fen),
    ...moved('RECOVERY', 'FISCAL', 'BORROWER', split.fiscal_fen),
    ...moved('RECOVERY', 'RE_GUARANTOR', 'BORROWER', split.re_guarantor_fen)
  ]
}

/** A prepayment that the review refuses: everything but the default goes back to where it came from. */
export function reversalEntries (share: Borne): LedgerEntry[] {
  return [
    ...moved('REVERSAL', 'FISCAL', 'GUARANTOR', share.fiscal_fen),
    ...moved('REVERSAL', 'RE_GUARANTOR', 'GUARANTOR', share.re_guarantor_fen),
    ...moved('REVERSAL', 'GUARANTOR', 'BANK', share.guarantor_fen + share.fiscal_fen + share.re_guarantor_fen)
  ]
}

/** What each still bears after what came back so far: the ratio in which the next recovery is split, so that nobody ever gets more than it bore. */
export function stillBorne (share: Borne, recovered: readonly Borne[]): Borne {
  const left = (name: keyof Borne): number => checkedFen(recovered.reduce((rest, split) => rest - split[name], share[name]))
  return { guarantor_fen: left('guarantor_fen'), fiscal_fen: left('fiscal_fen'), bank_fen: left('bank_fen'), re_guarantor_fen: left('re_guarantor_fen') }
}

/** The part of a recovery that lowers the breaker's numerator: what the guarantee system gets back. */
export function systemPart (split: Borne): number {
  return split.guarantor_fen + split.fiscal_fen + split.re_guarantor_fen
}

