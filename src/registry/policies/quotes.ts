/** Quotes: the kernel's front door. Nothing is stored. */
import type { Db } from '../../db/db.ts'
import { beijingDate, type Deadlines } from '../../policy/calendar.ts'
import { quoteDeadlines, quoteRiskShare, quoteSubsidy, type DeadlineQuoteRequest, type RiskShareQuoteReply, type RiskShareQuoteRequest, type SubsidyQuoteReply } from '../../policy/quotes.ts'
import type { Outcome } from '../../policy/findings.ts'
import type { PolicyVersion } from '../../policy/terms.ts'
import { Problem } from '../../problem.ts'
import { calendarOf } from '../calendars/service.ts'
import { refusalOf } from '../findings.ts'
import type { QuoteBody } from './quote-schema.ts'
import { policiesOf, policyVersion } from './service.ts'

function valueOf<T> ({ value, findings }: Outcome<T>): T {
  if (value === null) throw refusalOf(findings)
  return value
}

/** Errors: invalid_request, policy_unknown, and the rules a voucher can break. */
export async function subsidyQuote (db: Db, { draft_version, ...request }: QuoteBody): Promise<SubsidyQuoteReply> {
  const draft = draft_version === undefined ? null : await draftOf(db, draft_version)
  return valueOf(quoteSubsidy(request, await policiesOf(db), draft))
}

async function draftOf (db: Db, version: string): Promise<PolicyVersion> {
  const draft = await policyVersion(db, 'TECH_RENO_LOAN', version)
  if (draft !== null) return draft
  const message = `There is no version ${version} of TECH_RENO_LOAN`
  const message_zh = `TECH_RENO_LOAN 没有版本 ${version}`
  throw new Problem('policy_unknown', { detail: message, detail_zh: message_zh, errors: [{ pointer: '/draft_version', code: 'POLICY_UNKNOWN', message, message_zh }] })
}

export async function riskShareQuote (db: Db, request: RiskShareQuoteRequest): Promise<RiskShareQuoteReply> {
  return valueOf(quoteRiskShare(request, await policiesOf(db), beijingDate(db.clock.now())))
}

/** Errors: invalid_request, stage_order. */
export async function deadlineQuote (db: Db, request: DeadlineQuoteRequest): Promise<Deadlines> {
  return valueOf(quoteDeadlines(request, await calendarOf(db), await policiesOf(db)))
}
