/** 100,000 subsidy lines recomputed with their traces. */
import { median } from '../load.ts'
import type { BenchOptions, Row } from '../run.ts'
import { BUILT_IN_POLICIES } from '../../../src/policy/terms.ts'
import { loanInterestLines } from '../../../src/policy/subsidy.ts'

const lines_total = 100_000
const vouchers_per_project = 50

export async function kernelLines ({ rounds, scale }: BenchOptions): Promise<Row[]> {
  const projects = Array.from({ length: Math.round(lines_total * scale / vouchers_per_project) }, (_, project) => ({
    policies: BUILT_IN_POLICIES,
    vouchers: Array.from({ length: vouchers_per_project }, (__, index) => ({
      voucher_no: `V-${project}-${index}`, order_key: String(index).padStart(4, '0'), paid_date: `2026-${String(1 + index % 12).padStart(2, '0')}-21`,
      loan_key: `loan-${project}-${index}`, eligible_loan_fen: 2_400_000_000, land_fen: 600_000_000, day_count: 'ACT_360' as const,
      segments: [
        { from: '2026-01-01', to: '2026-02-10', balance_fen: 3_000_000_000, annual_rate_pct: '3.80' },
        { from: '2026-02-10', to: '2026-03-21', balance_fen: 2_500_000_000, annual_rate_pct: '3.65' }
      ]
    }))
  }))
  const rates: number[] = []
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now()
    let done = 0
    for (const project of projects) done += loanInterestLines(project).length
    rates.push(done / (performance.now() - begun) * 1000)
  }
  const value = median(rates)
  return [{ name: '100,000 subsidy lines with traces', value, unit: 'lines/s', ceiling: null, ratio: null, goal: '≥ 20,000 lines/s', met: value >= 20_000 }]
}
