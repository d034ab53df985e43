import { rateUnits, roundHalfUp, UNITS_PER_ONE } from './exact.ts'
import { finding, type Finding } from './findings.ts'
import { FEN_MAX, yuanOf } from './money.ts'
import { daysBetween, overlaps, yearDays, type DayCount, type Period } from './period.ts'
import { checkSegments, type Segment } from './segments.ts'
import { countOf, fenParameter, pctOf, type PolicyVersion } from './terms.ts'

/** REFUSE: nothing is stored. HOLD: stored, a person decides. REMARK: goes in, shown beside the voucher. */
export type Consequence = 'REFUSE' | 'HOLD' | 'REMARK'

export interface VoucherFinding extends Finding {
  readonly consequence: Consequence
}

export interface StatedVoucher extends Period {
  readonly segments: readonly Segment[]
  readonly day_count: DayCount
  readonly normal_interest_fen: number
  /** the contract's rate for the period; null: not known, not compared */
  readonly contract_rate_pct: string | null
}

export interface VoucherCheck {
  readonly result: 'PASS' | 'WARN' | 'FAIL'
  readonly recomputed_fen: number
  /** stated less recomputed */
  readonly difference_fen: number
  /** the smaller of stated and recomputed interest: what a subsidy starts from */
  readonly base_fen: number
  readonly findings: readonly VoucherFinding[]
}

function found (consequence: Consequence, code: string, message: string, message_zh: string): VoucherFinding {
  return { ...finding(code, '7.9', message, message_zh), consequence }
}

/** Σ balance × days × rate, undivided. */
function balanceDaysRates (segments: readonly Segment[], day_count: DayCount): bigint {
  return segments.reduce((sum, { from, to, balance_fen, annual_rate_pct }) =>
    sum + BigInt(balance_fen) * BigInt(daysBetween(from, to, day_count)) * rateUnits(annual_rate_pct), 0n)
}

/** Σ balance × days × rate ÷ day count, fen, half up once. Source: domain notes §7.9. */
export function interestOf (segments: readonly Segment[], day_count: DayCount): number {
  return roundHalfUp(balanceDaysRates(segments, day_count), yearDays(day_count) * UNITS_PER_ONE)
}

/** |stated − recomputed| ≤ 1 yuan or ≤ 0.01 %: PASS; ≤ 0.5 %: WARN; above: FAIL. Bounds are inclusive. */
export function recalculationResult (stated_fen: number, recomputed_fen: number, terms: PolicyVersion): 'PASS' | 'WARN' | 'FAIL' {
  const off = BigInt(Math.abs(stated_fen - recomputed_fen))
  const within = (name: string): boolean => off * UNITS_PER_ONE <= BigInt(recomputed_fen) * pctOf(terms, name)
  if (off <= BigInt(fenParameter(terms, 'recalculation_pass_amount')) || within('recalculation_pass_pct')) return 'PASS'
  return within('recalculation_warn_pct') ? 'WARN' : 'FAIL'
}

function checkRates (voucher: StatedVoucher, terms: PolicyVersion): VoucherFinding[] {
  const findings: VoucherFinding[] = []
  const low = pctOf(terms, 'plausible_rate_min_pct')
  const high = pctOf(terms, 'plausible_rate_max_pct')
  const odd = voucher.segments.find((segment) => rateUnits(segment.annual_rate_pct) < low || rateUnits(segment.annual_rate_pct) > high)
  if (odd !== undefined) {
    findings.push(found('REMARK', 'RATE_IMPLAUSIBLE', `A rate of ${odd.annual_rate_pct} % is unusual; make sure it is percent a year.`,
      `年利率 ${odd.annual_rate_pct}% 异常；请确认单位为年化百分数。`))
  }
  const contract = voucher.contract_rate_pct
  const other = contract === null ? undefined : voucher.segments.find((segment) => rateUnits(segment.annual_rate_pct) !== rateUnits(contract))
  if (other !== undefined) {
    findings.push(found('HOLD', 'RATE_NOT_OF_CONTRACT', `The voucher says ${other.annual_rate_pct} %, the contract ${contract ?? ''} %; report the repricing or correct the voucher.`,
      `凭证利率 ${other.annual_rate_pct}% 与合同利率 ${contract ?? ''}% 不一致；请报送重定价信息或更正凭证。`))
  }
  return findings
}

function checkCover (voucher: StatedVoucher): VoucherFinding[] {
  if (voucher.segments.some((segment) => segment.from < voucher.from || segment.to > voucher.to)) {
    return [found('REFUSE', 'SEGMENT_OUTSIDE_PERIOD', 'A segment reaches beyond the period of the voucher; cut it at the period.',
      '计息分段超出凭证计息期间；请按期间截断。')]
  }
  const covered = voucher.segments.reduce((sum, segment) => sum + daysBetween(segment.from, segment.to), 0)
  const gap = daysBetween(voucher.from, voucher.to) - covered
  return gap === 0 ? [] : [found('REMARK', 'SEGMENT_GAP', `${gap} days of the period are in no segment; make sure no balance stood on them.`,
    `计息期间有 ${gap} 天未包含在任何分段；请确认该期间无余额。`)]
}

/**
 * Recomputes a voucher from its segments and judges the difference to what it states.
 *
 * Codes: those of `checkSegments` in upper case (REFUSE), SEGMENT_OUTSIDE_PERIOD (REFUSE), INTEREST_RECALC_MISMATCH (REFUSE above
 * 0.5 %, else HOLD), RATE_NOT_OF_CONTRACT (HOLD), RATE_IMPLAUSIBLE, SEGMENT_GAP (REMARK).
 * Source: domain notes §7.9; contract §6.
 */
export function checkInterestVoucher (voucher: StatedVoucher, terms: PolicyVersion): VoucherCheck {
  const broken = checkSegments(voucher.segments, '/segments')
  if (broken.length > 0 || voucher.from >= voucher.to) {
    const findings = broken.map((one) => found('REFUSE', one.code.toUpperCase(), one.message, one.message_zh))
    if (voucher.from >= voucher.to) findings.push(found('REFUSE', 'PERIOD_REVERSED', 'The period ends before it starts.', '计息期间止日不晚于起日。'))
    return { result: 'FAIL', recomputed_fen: 0, difference_fen: voucher.normal_interest_fen, base_fen: 0, findings }
  }
  const sum = balanceDaysRates(voucher.segments, voucher.day_count)
  const divisor = yearDays(voucher.day_count) * UNITS_PER_ONE
  if (sum > BigInt(FEN_MAX) * divisor) {
    return { result: 'FAIL', recomputed_fen: 0, difference_fen: voucher.normal_interest_fen, base_fen: 0, findings: [found('REFUSE', 'INTEREST_RECALC_MISMATCH',
      'The segments give more interest than an amount can say; correct balances, rates or days.', '按分段重算的利息超出金额可表示的范围；请更正余额、利率或天数。')] }
  }
  const recomputed_fen = roundHalfUp(sum, divisor)
  const result = recalculationResult(voucher.normal_interest_fen, recomputed_fen, terms)
  const findings = [...checkCover(voucher), ...checkRates(voucher, terms)]
  if (result !== 'PASS') {
    findings.push(found(result === 'FAIL' ? 'REFUSE' : 'HOLD', 'INTEREST_RECALC_MISMATCH',
      `The voucher states ${yuanOf(voucher.normal_interest_fen)}, its segments give ${yuanOf(recomputed_fen)}; correct the segments or the interest.`,
      `凭证载明利息 ${yuanOf(voucher.normal_interest_fen)}，按分段重算为 ${yuanOf(recomputed_fen)}；请更正分段或利息。`))
  }
  return {
    result,
    recomputed_fen,
    difference_fen: voucher.normal_interest_fen - recomputed_fen,
    base_fen: Math.min(voucher.normal_interest_fen, recomputed_fen),
    findings
  }
}

/**
 * A voucher's period beside the periods of the same drawdown that were already accepted: an overlap refuses, a gap of more
 * than a day to the one before is held. `starts`: the day the drawdown was paid out, where the first period begins.
 *
 * Codes: VOUCHER_PERIOD_OVERLAP (REFUSE), VOUCHER_PERIOD_GAP (HOLD).
 */
export function checkPeriodBeside (period: Period, others: readonly Period[], starts: string | null, terms: PolicyVersion): VoucherFinding[] {
  const shared = others.find((other) => overlaps(period, other))
  if (shared !== undefined) {
    return [found('REFUSE', 'VOUCHER_PERIOD_OVERLAP', `The days from ${shared.from} to ${shared.to} are already in an accepted voucher; send a correction of it instead.`,
      `${shared.from} 至 ${shared.to} 已有凭证；如需更正请以更正方式提交。`)]
  }
  const ends = others.map((other) => other.to).filter((to) => to <= period.from)
  const before = ends.reduce<string | null>((latest, to) => (latest === null || to > latest ? to : latest),
    starts !== null && starts <= period.from ? starts : null)
  if (before === null || daysBetween(before, period.from) <= countOf(terms, 'gap_days_max')) return []
  return [found('HOLD', 'VOUCHER_PERIOD_GAP', `No voucher covers ${before} to ${period.from}; send the missing one or say why there is none.`,
    `${before} 至 ${period.from} 缺少凭证；请补交或说明原因。`)]
}
