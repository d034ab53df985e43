import { beijingDate, deadlines, instantMs, isInstant, stagesInOrder, type Calendar, type ClockTerms, type Deadlines } from './calendar.ts'
import { accepted, pointed, refused, type Outcome, type PointedFinding } from './findings.ts'
import { checkFee, guaranteeFeeLines, type FlatLine } from './guarantee.ts'
import { checkInterestFacts, type InterestFacts, type InterestLine } from './interest.ts'
import { leaseLines } from './lease.ts'
import { FEN_MAX, fenOf, isMoney, sumFen, yuanOf } from './money.ts'
import { WEEK_READINGS } from './parameters.ts'
import { checkPremium, premiumLine } from './premium.ts'
import type {
  DeadlineQuoteRequest, LeaseQuote, LoanInterestQuote, QuotedLine, QuotedVoucher, RiskShareQuoteReply, RiskShareQuoteRequest,
  SubsidyQuoteReply, SubsidyQuoteRequest, SubsidyQuoteResult
} from './quote-requests.ts'
import { checkPromotion, rewardLine } from './reward.ts'
import { riskShare } from './risk-share.ts'
import { checkVouchersOverlap } from './segments.ts'
import { loanInterestLines } from './subsidy.ts'
import { countOf, nearestTerms, readingOf, withDraft, type PolicyVersion } from './terms.ts'

export type * from './quote-requests.ts'

const outOfRange = (pointer: string): PointedFinding =>
  pointed(pointer, 'amount_out_of_range', 'an amount of the answer has more than thirteen digits; check the amounts and days sent',
    '结果金额超过十三位整数；请核对金额与天数')

/** Every yuan text of the request that is none; the shape check of the route normally leaves nothing to find. */
function checkMoney (texts: Readonly<Record<string, string | undefined>>): PointedFinding[] {
  return Object.entries(texts)
    .filter(([, text]) => text !== undefined && !isMoney(text))
    .map(([pointer, text]) => pointed(pointer, 'amount_invalid', `${text} is no amount in yuan with two digits`, `${text} 不是两位小数的金额`))
}

function notPositive (pointer: string, text: string): PointedFinding[] {
  return isMoney(text) && fenOf(text) === 0 ? [pointed(pointer, 'amount_not_positive', 'the amount must be above zero', '金额应大于零')] : []
}

const fenOrNone = (text: string | undefined): number | undefined => text === undefined ? undefined : fenOf(text)

function yearsOf (used: Readonly<Record<string, string>> | undefined): Record<string, number> {
  return Object.fromEntries(Object.entries(used ?? {}).map(([year, text]) => [year, fenOf(text)]))
}

function checkUsed (used: Readonly<Record<string, string>> | undefined, pointer: string): PointedFinding[] {
  const years = Object.keys(used ?? {}).filter((year) => !/^\d{4}$/u.test(year))
  return [
    ...years.map((year) => pointed(`${pointer}/${year}`, 'year_invalid', `${year} is no calendar year`, `${year} 不是年份`)),
    ...checkMoney(Object.fromEntries(Object.entries(used ?? {}).map(([year, text]) => [`${pointer}/${year}`, text])))
  ]
}

function voucherMoney (voucher: QuotedVoucher, at: string): Record<string, string | undefined> {
  return {
    [`${at}/normal_interest_paid`]: voucher.normal_interest_paid,
    [`${at}/penalty_interest`]: voucher.penalty_interest,
    [`${at}/compound_interest`]: voucher.compound_interest,
    [`${at}/national_subsidy_deducted`]: voucher.national_subsidy_deducted,
    [`${at}/other_subsidy_received`]: voucher.other_subsidy_received,
    ...Object.fromEntries(voucher.segments.map((segment, index) => [`${at}/segments/${index}/balance`, segment.balance]))
  }
}

function factsOf (voucher: QuotedVoucher, index: number, day_count: InterestFacts['day_count']): InterestFacts {
  return {
    voucher_no: voucher.voucher_no,
    paid_date: voucher.paid_date,
    order_key: String(index).padStart(6, '0'),
    day_count,
    segments: voucher.segments.map(({ from, to, balance, annual_rate_pct }) => ({ from, to, balance_fen: fenOf(balance), annual_rate_pct })),
    normal_interest_paid_fen: fenOrNone(voucher.normal_interest_paid),
    penalty_interest_fen: fenOrNone(voucher.penalty_interest),
    compound_interest_fen: fenOrNone(voucher.compound_interest),
    national_subsidy_fen: fenOrNone(voucher.national_subsidy_deducted),
    other_subsidy_fen: fenOrNone(voucher.other_subsidy_received)
  }
}

/** Vouchers of one loan or lease: each sound, no day twice, no balance over the loan. */
function checkVouchers (vouchers: readonly InterestFacts[], loan_fen: number): PointedFinding[] {
  const findings = vouchers.flatMap((facts, index) => checkInterestFacts(facts, `/vouchers/${index}`))
  for (const [index, facts] of vouchers.entries()) {
    for (const [at, segment] of facts.segments.entries()) {
      if (segment.balance_fen <= loan_fen) continue
      findings.push(pointed(`/vouchers/${index}/segments/${at}/balance`, 'balance_over_loan',
        `a balance of ${yuanOf(segment.balance_fen)} is over the loan of ${yuanOf(loan_fen)}`,
        `余额 ${yuanOf(segment.balance_fen)} 大于贷款（融资）金额 ${yuanOf(loan_fen)}`))
    }
  }
  if (findings.length > 0) return findings
  return checkVouchersOverlap(vouchers.map((facts, index) => ({ segments: facts.segments, pointer: `/vouchers/${index}/segments` })))
}

const LOAN_KEY = 'quoted'

function checkInterestShape (request: LoanInterestQuote | LeaseQuote): PointedFinding[] {
  if (request.vouchers.length === 0) return [pointed('/vouchers', 'vouchers_missing', 'a quote needs at least one voucher', '测算至少需要一张凭证')]
  const texts: Record<string, string | undefined> = request.kind === 'LOAN_INTEREST'
    ? { '/eligible_loan_amount': request.eligible_loan_amount, '/land_amount': request.land_amount }
    : { '/financed_principal': request.financed_principal }
  for (const [index, voucher] of request.vouchers.entries()) Object.assign(texts, voucherMoney(voucher, `/vouchers/${index}`))
  return [
    ...checkMoney(texts),
    ...(request.kind === 'LOAN_INTEREST' ? notPositive('/eligible_loan_amount',
      request.eligible_loan_amount) : notPositive('/financed_principal', request.financed_principal)),
    ...checkUsed(request.used_by_project, '/used_by_project'),
    ...(request.kind === 'LOAN_INTEREST' ? checkUsed(request.used_by_loan, '/used_by_loan') : [])
  ]
}

function checkInterestQuote (request: LoanInterestQuote | LeaseQuote): PointedFinding[] {
  const shape = checkInterestShape(request)
  if (shape.length > 0) return shape
  const loan_fen = request.kind === 'LEASE' ? fenOf(request.financed_principal) : sumFen([fenOf(request.eligible_loan_amount),
    fenOf(request.land_amount ?? '0.00')])
  return checkVouchers(request.vouchers.map((voucher, index) => factsOf(voucher, index, request.day_count ?? 'ACT_360')), loan_fen)
}

function interestQuoteLines (request: LoanInterestQuote | LeaseQuote, policies: readonly PolicyVersion[]): InterestLine[] {
  const facts = request.vouchers.map((voucher, index) => factsOf(voucher, index, request.day_count ?? 'ACT_360'))
  const used_by_project = yearsOf(request.used_by_project)
  if (request.kind === 'LEASE') return leaseLines({ policies, vouchers: facts, used_by_project })
  const loan = { loan_key: LOAN_KEY, eligible_loan_fen: fenOf(request.eligible_loan_amount), land_fen: fenOf(request.land_amount ?? '0.00') }
  const vouchers = facts.map((one) => Object.assign(one, loan))
  return loanInterestLines({ policies, vouchers, used_by_project, used_by_loan: { [LOAN_KEY]: yearsOf(request.used_by_loan) } })
}

function feeOf (request: Extract<SubsidyQuoteRequest, { kind: 'GUARANTEE_FEE' }>): Parameters<typeof checkFee>[0] {
  const fee_fen = fenOf(request.fee_total)
  return {
    voucher_no: null, charged_date: request.charged_date, order_key: '', fee_fen, contract_fee_fen: fee_fen,
    guaranteed_fen: fenOf(request.guaranteed_amount), term_months: request.term_months, other_fees_fen: fenOf(request.other_fees_total ?? '0.00')
  }
}

function premiumOf (request: Extract<SubsidyQuoteRequest, { kind: 'PREMIUM' }>): Parameters<typeof checkPremium>[0] {
  return {
    voucher_no: null, insurance_kind: request.insurance_kind, paid_date: request.paid_date, annual_premium_fen: fenOf(request.annual_premium),
    insured_fen: fenOrNone(request.insured_amount) ?? null, used_fen: fenOf(request.used_in_policy_year ?? '0.00')
  }
}

function promotionOf (request: Extract<SubsidyQuoteRequest, { kind: 'SUPPLY_CHAIN_REWARD' }>): Parameters<typeof checkPromotion>[0] {
  return { voucher_no: null, date: request.date, promoted_fen: fenOf(request.promoted_amount),
    used_fen: fenOf(request.used_by_household ?? '0.00') }
}

/** Everything that forbids the quote; every mistake is listed. */
export function checkSubsidyQuote (request: SubsidyQuoteRequest): PointedFinding[] {
  switch (request.kind) {
    case 'LOAN_INTEREST':
    case 'LEASE':
      return checkInterestQuote(request)
    case 'GUARANTEE_FEE': {
      const shape = checkMoney({ '/guaranteed_amount': request.guaranteed_amount, '/fee_total': request.fee_total,
        '/other_fees_total': request.other_fees_total, '/used_lifetime': request.used_lifetime })
      return shape.length > 0 ? shape : checkFee(feeOf(request), '')
    }
    case 'PREMIUM': {
      const shape = checkMoney({ '/annual_premium': request.annual_premium, '/insured_amount': request.insured_amount,
        '/used_in_policy_year': request.used_in_policy_year })
      return shape.length > 0 ? shape : checkPremium(premiumOf(request), '')
    }
    case 'SUPPLY_CHAIN_REWARD': {
      const shape = checkMoney({ '/promoted_amount': request.promoted_amount, '/used_by_household': request.used_by_household })
      return shape.length > 0 ? shape : checkPromotion(promotionOf(request), '')
    }
  }
}

function quotedInterest (line: InterestLine): QuotedLine {
  return { voucher_no: line.voucher_no, eligible_interest: yuanOf(line.eligible_interest_fen), formula_amount: yuanOf(line.formula_fen),
    amount: yuanOf(line.amount_fen), trace: line.trace }
}

function quotedFlat (line: FlatLine): QuotedLine {
  return { voucher_no: line.voucher_no, eligible_interest: null, formula_amount: yuanOf(line.formula_fen), amount: yuanOf(line.amount_fen),
    trace: line.trace }
}

function linesOf (request: SubsidyQuoteRequest, policies: readonly PolicyVersion[]): QuotedLine[] {
  switch (request.kind) {
    case 'LOAN_INTEREST':
    case 'LEASE':
      return interestQuoteLines(request, policies).map(quotedInterest)
    case 'GUARANTEE_FEE': {
      const used_by_year = { [request.charged_date.slice(0, 4)]: fenOf(request.used_lifetime ?? '0.00') }
      return guaranteeFeeLines({ policies, fees: [feeOf(request)], used_by_year }).map(quotedFlat)
    }
    case 'PREMIUM':
      return [quotedFlat(premiumLine(policies, premiumOf(request)))]
    case 'SUPPLY_CHAIN_REWARD':
      return [quotedFlat(rewardLine(policies, promotionOf(request)))]
  }
}

/** The day that names the version in the answer: the latest payment. */
function rulingDate (request: SubsidyQuoteRequest): string {
  switch (request.kind) {
    case 'LOAN_INTEREST':
    case 'LEASE':
      return request.vouchers.reduce((latest, voucher) => (voucher.paid_date > latest ? voucher.paid_date : latest), '')
    case 'GUARANTEE_FEE':
      return request.charged_date
    case 'PREMIUM':
      return request.paid_date
    case 'SUPPLY_CHAIN_REWARD':
      return request.date
  }
}

function resultOf (request: SubsidyQuoteRequest, policies: readonly PolicyVersion[], named: PolicyVersion): SubsidyQuoteResult {
  const lines = linesOf(request, policies)
  return { policy: { policy_code: named.policy_code, version: named.version }, lines,
    total: yuanOf(sumFen(lines.map((line) => fenOf(line.amount)))) }
}

/**
 * The kernel's front door: a subsidy with its trace, under the terms in force on the day of payment; with a draft version
 * also what that draft would pay. Nothing is stored.
 *
 * @param request well-formed by shape; rules are judged here
 * @returns the reply of the contract, or every finding that forbids it (segments_reversed, segments_overlap, balance_over_loan,
 * rate_too_high, amount_not_positive, date_invalid, amount_out_of_range …)
 * Source: contract §7.
 */
export function quoteSubsidy (request: SubsidyQuoteRequest, policies: readonly PolicyVersion[],
  draft: PolicyVersion | null = null): Outcome<SubsidyQuoteReply> {
  const findings = checkSubsidyQuote(request)
  if (findings.length > 0) return refused(findings)
  const amounts = request.kind === 'LOAN_INTEREST' || request.kind === 'LEASE' ? tooLarge(request) : []
  if (amounts.length > 0) return refused(amounts)
  const reply = resultOf(request, policies, nearestTerms(policies, 'TECH_RENO_LOAN', rulingDate(request)))
  if (draft === null) return accepted(reply)
  return accepted({ ...reply, draft: resultOf(request, withDraft(policies, draft), draft) })
}

/** Balance × years × rate of a voucher must stay a sum the wire can carry; generous, it only keeps absurd requests out. */
function tooLarge (request: LoanInterestQuote | LeaseQuote): PointedFinding[] {
  return request.vouchers.flatMap((voucher, index) => {
    let bound = voucher.penalty_interest === undefined ? 0 : fenOf(voucher.penalty_interest)
    bound += voucher.compound_interest === undefined ? 0 : fenOf(voucher.compound_interest)
    for (const { from, to, balance, annual_rate_pct } of voucher.segments) {
      const years = Number(to.slice(0, 4)) - Number(from.slice(0, 4)) + 1.1
      bound += fenOf(balance) * years * (Math.max(10, Number(annual_rate_pct)) / 100)
    }
    return bound > FEN_MAX ? [outOfRange(`/vouchers/${index}`)] : []
  })
}

/**
 * Who bears a default, and where the breaker stands after it.
 *
 * @param on day whose terms rule; the newest version when left out
 * Source: contract §7; rules.
 */
export function quoteRiskShare (request: RiskShareQuoteRequest, policies: readonly PolicyVersion[],
  on = '9999-12-31'): Outcome<RiskShareQuoteReply> {
  const findings = [
    ...checkMoney({ '/default_principal': request.default_principal, '/vintage_liability': request.vintage_liability,
      '/vintage_compensated': request.vintage_compensated }),
    ...notPositive('/default_principal', request.default_principal)
  ]
  if (findings.length > 0) return refused(findings)
  const share = riskShare({
    default_principal_fen: fenOf(request.default_principal),
    vintage_liability_fen: fenOf(request.vintage_liability),
    vintage_compensated_fen: fenOf(request.vintage_compensated),
    terms: nearestTerms(policies, 'PARK_TECH_GUARANTEE', on)
  })
  return accepted({
    guarantor: yuanOf(share.guarantor_fen),
    fiscal: yuanOf(share.fiscal_fen),
    bank: yuanOf(share.bank_fen),
    re_guarantor: yuanOf(share.re_guarantor_fen),
    bank_excess: yuanOf(share.bank_excess_fen),
    covered_by_system: yuanOf(share.covered_by_system_fen),
    headroom_before: yuanOf(share.headroom_before_fen),
    rate_after_pct: share.rate_after_pct,
    state: share.state
  })
}

/** The limits of the 3个1 clock as a version of the policy states them. */
export function clockTermsOf (policy: PolicyVersion): ClockTerms {
  return {
    contact_work_days: countOf(policy, 'contact_work_days'),
    plan_and_approval_days: countOf(policy, 'plan_and_approval_days'),
    disbursement_days: countOf(policy, 'disbursement_days'),
    week_reading: readingOf(policy, 'week_reading', WEEK_READINGS)
  }
}

const FIRST_INSTANT = '1900-01-01T00:00:00Z'
const LAST_INSTANT = '9999-01-01T00:00:00Z'

/**
 * Due days of the 3个1 clock.
 *
 * @returns the reply of the contract, or findings: instant_invalid, instant_out_of_range, stage_order
 * Source: contract §7; S2 (十五).
 */
export function quoteDeadlines (request: DeadlineQuoteRequest, calendar: Calendar, policies: readonly PolicyVersion[]): Outcome<Deadlines> {
  const findings: PointedFinding[] = []
  for (const [name, text] of Object.entries({ pushed_at: request.pushed_at, contacted_at: request.contacted_at,
    approved_at: request.approved_at })) {
    if (text === undefined) continue
    if (!isInstant(text)) findings.push(pointed(`/${name}`, 'instant_invalid', `${text} is no instant with an offset`, `${text} 不是带时区偏移的时刻`))
    else if (instantMs(text) < instantMs(FIRST_INSTANT) || instantMs(text) > instantMs(LAST_INSTANT)) findings.push(pointed(`/${name}`,
      'instant_out_of_range', `${text} is outside the years 1900 to 9998`,
      `${text} 超出 1900 至 9998 年范围`))
  }
  if (findings.length > 0) return refused(findings)
  if (!stagesInOrder(request)) {
    const pointer = request.contacted_at === undefined || instantMs(request.contacted_at) >= instantMs(request.pushed_at) ? '/approved_at' : '/contacted_at'
    return refused([pointed(pointer, 'stage_order', 'stages come in the order push, contact, approval; an approval needs its contact',
      '阶段应按推送、对接、审批的顺序；审批前须已对接')])
  }
  const policy = nearestTerms(policies, 'TECH_RENO_LOAN', beijingDate(request.pushed_at))
  return accepted(deadlines(request, calendar, clockTermsOf(policy)))
}
