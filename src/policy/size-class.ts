import { checkedFen } from './money.ts'

export const SIZE_CLASSES = ['LARGE', 'MEDIUM', 'SMALL', 'MICRO'] as const
export type SizeClass = typeof SIZE_CLASSES[number]

/** Lower bounds of industry; both must be met, else one class down. Revenue in fen a year. */
const BOUNDS: readonly { readonly size_class: SizeClass, readonly employees: number, readonly revenue_fen: number }[] = [
  { size_class: 'LARGE', employees: 1000, revenue_fen: 40_000_000_000 },
  { size_class: 'MEDIUM', employees: 300, revenue_fen: 2_000_000_000 },
  { size_class: 'SMALL', employees: 20, revenue_fen: 300_000_000 }
]

/**
 * Size class of an industrial enterprise: a total function, every pair of figures has exactly one class.
 *
 * @param employees whole persons
 * @param revenue_fen revenue of the year
 * @throws RangeError for negative or broken numbers
 * Source: 工信部联企业〔2011〕300号, industry; S1 二(一)2.
 */
export function sizeClassOf (employees: number, revenue_fen: number): SizeClass {
  checkedFen(employees)
  checkedFen(revenue_fen)
  return BOUNDS.find((bound) => employees >= bound.employees && revenue_fen >= bound.revenue_fen)?.size_class ?? 'MICRO'
}
