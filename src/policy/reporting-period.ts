import type { Period } from './period.ts'

const PERIOD = /^(\d{4})(?:-(0[1-9]|1[0-2])|Q([1-4])|H([12]))?$/

/**
 * Days of a reporting period, half-open: `2026`, `2026H1`, `2026Q1`, `2026-03`; null for anything else.
 */
export function reportingPeriod (text: string): Period | null {
  const match = PERIOD.exec(text)
  if (match === null) return null
  const year = Number(match[1])
  const [, , month, quarter, half] = match
  const first = month !== undefined ? Number(month) : quarter !== undefined ? Number(quarter) * 3 - 2 : half !== undefined ? Number(half) * 6 - 5 : 1
  const months = month !== undefined ? 1 : quarter !== undefined ? 3 : half !== undefined ? 6 : 12
  const after = first + months
  const day = (in_year: number, in_month: number): string => `${String(in_year).padStart(4, '0')}-${String(in_month).padStart(2, '0')}-01`
  return { from: day(year, first), to: after > 12 ? day(year + 1, 1) : day(year, after) }
}
