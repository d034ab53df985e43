/** Where money comes from. */
export const FUND_SOURCES = ['MUNICIPAL', 'DISTRICT', 'CENTRAL'] as const
export type FundSource = typeof FUND_SOURCES[number]
/** Sources of payments, and the pool that the fiscal part of compensated losses is drawn from (S1 五(一)). */
export const BUDGET_SOURCES = [...FUND_SOURCES, 'RISK_POOL'] as const
export type BudgetSource = typeof BUDGET_SOURCES[number]
