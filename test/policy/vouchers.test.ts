import t from 'tap'
import { payInBudget } from '../../src/policy/budget.ts'
import { checkLeaseMode } from '../../src/policy/lease.ts'
import { BUILT_IN_POLICIES, nearestTerms } from '../../src/policy/terms.ts'
import { checkInterestVoucher, checkPeriodBeside, interestOf, type StatedVoucher } from '../../src/policy/vouchers.ts'

const terms = nearestTerms(BUILT_IN_POLICIES, 'TECH_RENO_LOAN', '2026-05-01')

function aVoucher (over: Partial<StatedVoucher> = {}): StatedVoucher {
  return {
    from: '2026-03-21', to: '2026-06-21', day_count: 'ACT_360', normal_interest_fen: 9_200_000, contract_rate_pct: '3.6',
    segments: [{ from: '2026-03-21', to: '2026-06-21', balance_fen: 1_000_000_000, annual_rate_pct: '3.60' }], ...over
  }
}
const found = (over: Partial<StatedVoucher>): string[] => checkInterestVoucher(aVoucher(over), terms).findings.map((one) => `${one.consequence} ${one.code}`)

t.test('a voucher that recomputes exactly has nothing to say', async (t) => {
  t.match(checkInterestVoucher(aVoucher(), terms), { result: 'PASS', recomputed_fen: 9_200_000, difference_fen: 0, base_fen: 9_200_000, findings: [] })
})

t.test('the base is the smaller of stated and recomputed interest', async (t) => {
  t.equal(checkInterestVoucher(aVoucher({ normal_interest_fen: 9_200_050 }), terms).base_fen, 9_200_000)
  t.equal(checkInterestVoucher(aVoucher({ normal_interest_fen: 9_199_950 }), terms).base_fen, 9_199_950)
})

t.test('over 0.01 % is held, over 0.5 % refused, both with the two figures', async (t) => {
  t.same(found({ normal_interest_fen: 9_200_920 }), [])
  t.same(found({ normal_interest_fen: 9_200_921 }), ['HOLD INTEREST_RECALC_MISMATCH'])
  t.same(found({ normal_interest_fen: 9_246_000 }), ['HOLD INTEREST_RECALC_MISMATCH'])
  t.same(found({ normal_interest_fen: 9_246_001 }), ['REFUSE INTEREST_RECALC_MISMATCH'])
  t.match(checkInterestVoucher(aVoucher({ normal_interest_fen: 1 }), terms).findings[0], { message: /0\.01.*92000\.00/u, message_zh: /92000\.00/u })
})

t.test('broken segments refuse the voucher and never pass as nothing', async (t) => {
  const reversed = [{ from: '2026-06-21', to: '2026-03-21', balance_fen: 1, annual_rate_pct: '3' }]
  t.same(found({ segments: reversed }), ['REFUSE SEGMENTS_REVERSED'])
  t.equal(checkInterestVoucher(aVoucher({ segments: reversed }), terms).result, 'FAIL')
  t.same(found({ segments: [] }), ['REFUSE SEGMENTS_MISSING'])
  t.same(found({ from: '2026-06-21', to: '2026-06-21' }), ['REFUSE PERIOD_REVERSED'])
  t.same(found({ from: '2012-01-01', to: '2026-03-01', segments: [{ from: '2012-01-01', to: '2026-03-01', balance_fen: 999_999_999_999_999, annual_rate_pct: '100' }] }),
    ['REFUSE INTEREST_RECALC_MISMATCH'], 'also where no amount could say the interest')
  t.same(found({ segments: [{ from: '2026-02-31', to: '2026-06-21', balance_fen: 1, annual_rate_pct: '3' }] }), ['REFUSE DATE_INVALID'])
})

t.test('a segment beyond the period is refused, days without a segment are remarked', async (t) => {
  t.same(found({ to: '2026-06-20' }), ['REFUSE SEGMENT_OUTSIDE_PERIOD'])
  t.same(found({ to: '2026-06-22' }), ['REMARK SEGMENT_GAP'])
})

t.test('a rate other than the contract’s is held, an unusual one remarked', async (t) => {
  t.same(found({ contract_rate_pct: '3.65' }), ['HOLD RATE_NOT_OF_CONTRACT'])
  t.same(found({ contract_rate_pct: '3.600000' }), [], 'the same number written longer')
  t.same(found({ contract_rate_pct: null }), [])
  const dear = [{ from: '2026-03-21', to: '2026-06-21', balance_fen: 1_000_000_000, annual_rate_pct: '36' }]
  t.same(found({ segments: dear, contract_rate_pct: '36', normal_interest_fen: interestOf(dear, 'ACT_360') }), ['REMARK RATE_IMPLAUSIBLE'])
})

t.test('the same days twice are refused, touching periods are not', async (t) => {
  const beside = (others: readonly { from: string, to: string }[], starts: string | null = null): string[] =>
    checkPeriodBeside({ from: '2026-03-21', to: '2026-06-21' }, others, starts, terms).map((one) => `${one.consequence} ${one.code}`)
  t.same(beside([{ from: '2026-06-20', to: '2026-09-21' }]), ['REFUSE VOUCHER_PERIOD_OVERLAP'])
  t.same(beside([{ from: '2025-12-21', to: '2026-03-21' }, { from: '2026-06-21', to: '2026-09-21' }]), [])
  t.same(beside([{ from: '2025-12-21', to: '2026-03-20' }]), [], 'a gap of one day is usual')
  t.same(beside([{ from: '2025-12-21', to: '2026-03-19' }]), ['HOLD VOUCHER_PERIOD_GAP'])
  t.same(beside([], '2026-03-10'), ['HOLD VOUCHER_PERIOD_GAP'], 'the first voucher begins where the drawdown does')
  t.same(beside([], '2026-03-21'), [])
  t.same(beside([]), [])
})

t.test('only direct leases, and quick conversions of new equipment', async (t) => {
  const mode = (lease_mode: 'DIRECT' | 'DIRECT_TO_LEASEBACK' | 'SALE_AND_LEASEBACK', purchase_date: string | null = null, is_new_equipment: boolean | null = null): string[] =>
    checkLeaseMode({ lease_mode, lease_start: '2026-07-01', purchase_date, is_new_equipment }, terms).map((one) => one.code)
  t.same(mode('DIRECT'), [])
  t.same(mode('SALE_AND_LEASEBACK', '2026-06-01', true), ['SALE_AND_LEASEBACK'])
  t.same(mode('DIRECT_TO_LEASEBACK', '2026-01-01', true), [])
  t.same(mode('DIRECT_TO_LEASEBACK', '2025-12-31', true), ['LEASE_NOT_DIRECT'])
  t.same(mode('DIRECT_TO_LEASEBACK', '2026-06-01', false), ['LEASE_NOT_DIRECT'])
  t.same(mode('DIRECT_TO_LEASEBACK'), ['LEASE_NOT_DIRECT'])
})

t.test('a short budget pays cooperating institutions first, then the queue, and nobody overtakes', async (t) => {
  const line = (line_no: string, amount_fen: number, is_cooperating: boolean, order_key: string): Parameters<typeof payInBudget>[0][number] => ({ line_no, amount_fen, is_cooperating, order_key })
  const lines = [line('c', 40, false, '1'), line('a', 50, true, '2'), line('b', 30, true, '3'), line('d', 5, false, '4')]
  t.same(payInBudget(lines, 100, terms), { paid: ['a', 'b'], waiting: ['c', 'd'], left_fen: 20 })
  t.same(payInBudget(lines, 125, terms), { paid: ['a', 'b', 'c', 'd'], waiting: [], left_fen: 0 })
  t.same(payInBudget(lines, 0, terms), { paid: [], waiting: ['a', 'b', 'c', 'd'], left_fen: 0 })
  t.throws(() => payInBudget(lines, -1, terms), RangeError)
})
