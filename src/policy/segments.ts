import { isRate, rateUnits, UNITS_PER_ONE } from './exact.ts'
import { pointed, type PointedFinding } from './findings.ts'
import { isDate } from './period.ts'

export const SEGMENT_KINDS = ['NORMAL', 'OVERDUE', 'EXTENDED'] as const
export type SegmentKind = typeof SEGMENT_KINDS[number]

/** Days on which balance and rate stood still: [from, to). */
export interface Segment {
  readonly from: string
  readonly to: string
  readonly balance_fen: number
  readonly annual_rate_pct: string
  /** NORMAL when left out. Overdue interest never counts, that of an extended term by parameter. */
  readonly kind?: SegmentKind
}

const isFen = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

/** What makes one segment unusable on its own. */
function checkSegment (segment: Segment, at: string): PointedFinding[] {
  const findings: PointedFinding[] = []
  const days: readonly ('from' | 'to')[] = ['from', 'to']
  for (const end of days) {
    if (!isDate(segment[end])) findings.push(pointed(`${at}/${end}`, 'date_invalid', `${segment[end]} is no day of the calendar`,
      `${segment[end]} 不是真实日期`))
  }
  if (findings.length === 0 && segment.from >= segment.to) {
    findings.push(pointed(`${at}/to`, 'segments_reversed', `the segment ends ${segment.to}, not after its start ${segment.from}; the last day does not count`,
      `计息分段的止日 ${segment.to} 不晚于起日 ${segment.from}（算头不算尾）`))
  }
  if (!isFen(segment.balance_fen)) findings.push(pointed(`${at}/balance`, 'amount_invalid', 'the balance is no amount', '余额不是有效金额'))
  if (!isRate(segment.annual_rate_pct)) {
    findings.push(pointed(`${at}/annual_rate_pct`, 'rate_invalid', 'the rate is no percentage with up to six decimals', '利率应为百分数，最多六位小数'))
  } else if (rateUnits(segment.annual_rate_pct) > UNITS_PER_ONE) {
    findings.push(pointed(`${at}/annual_rate_pct`, 'rate_too_high', `a rate of ${segment.annual_rate_pct} % is over 100 %; send percent a year`,
      `年利率 ${segment.annual_rate_pct}% 超过 100%；请按年化百分数填写`))
  }
  return findings
}

/**
 * What is wrong with the segments of one voucher: impossible days, reversed, out of date order, overlapping, rates over
 * 100 %. Gaps are allowed. No finding: they can be computed with.
 */
export function checkSegments (segments: readonly Segment[], pointer: string): PointedFinding[] {
  if (segments.length === 0) return [pointed(pointer, 'segments_missing', 'a voucher needs at least one segment', '凭证至少需要一个计息分段')]
  const findings = segments.flatMap((segment, index) => checkSegment(segment, `${pointer}/${index}`))
  if (findings.length > 0) return findings
  for (const [index, segment] of segments.entries()) {
    const before = segments[index - 1]
    if (before === undefined || segment.from >= before.to) continue
    findings.push(segment.to <= before.from
      ? pointed(`${pointer}/${index}/from`, 'segments_reversed',
        `the segment of ${segment.from} comes after the one of ${before.from}; send them in date order`,
        `${segment.from} 的分段排在 ${before.from} 之后；请按日期先后排列`)
      : pointed(`${pointer}/${index}/from`, 'segments_overlap',
        `the segment starts ${segment.from}, before the one ahead of it ends (${before.to})`,
        `分段起日 ${segment.from} 早于上一段止日 ${before.to}，计息期间重叠`))
  }
  return findings
}

/** Days counted twice between vouchers of one loan; each voucher on its own is taken as checked. Pointer at the later one sent. */
export function checkVouchersOverlap (vouchers: readonly { readonly segments: readonly Segment[], readonly pointer: string }[]): PointedFinding[] {
  const all = vouchers.flatMap(({ segments, pointer }, voucher) => segments.map((segment, index) => ({ segment, voucher,
    at: `${pointer}/${index}/from` })))
  all.sort((a, b) => (a.segment.from < b.segment.from ? -1 : a.segment.from > b.segment.from ? 1 : a.voucher - b.voucher))
  const findings: PointedFinding[] = []
  let furthest = all[0]
  for (const one of all.slice(1)) {
    if (furthest !== undefined && one.segment.from < furthest.segment.to && one.voucher !== furthest.voucher) {
      const later = one.voucher > furthest.voucher ? one : furthest
      findings.push(pointed(later.at, 'segments_overlap', `days from ${one.segment.from} are already in another voucher of this request`,
        `${one.segment.from} 起的计息期间已包含在本次请求的另一张凭证中`))
    }
    if (furthest === undefined || one.segment.to > furthest.segment.to) furthest = one
  }
  return findings
}
