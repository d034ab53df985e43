import type { DayCount } from './period.ts'
import type { InsuranceKind } from './premium.ts'
import type { PolicyRef, TraceStep } from './terms.ts'

/** Requests and replies of the quotes as they stand on the wire: yuan and rates as text. Source: contract §7. */

export interface QuotedSegment {
  readonly from: string
  readonly to: string
  readonly balance: string
  readonly annual_rate_pct: string
}

export interface QuotedVoucher {
  readonly voucher_no: string
  readonly paid_date: string
  readonly segments: readonly QuotedSegment[]
  readonly normal_interest_paid?: string
  readonly penalty_interest?: string
  readonly compound_interest?: string
  readonly national_subsidy_deducted?: string
  readonly other_subsidy_received?: string
}

export interface LoanInterestQuote {
  readonly kind: 'LOAN_INTEREST'
  readonly eligible_loan_amount: string
  readonly land_amount?: string
  readonly day_count?: DayCount
  readonly vouchers: readonly QuotedVoucher[]
  readonly used_by_project?: Readonly<Record<string, string>>
  readonly used_by_loan?: Readonly<Record<string, string>>
}

export interface LeaseQuote {
  readonly kind: 'LEASE'
  readonly financed_principal: string
  readonly day_count?: DayCount
  readonly vouchers: readonly QuotedVoucher[]
  readonly used_by_project?: Readonly<Record<string, string>>
}

export interface GuaranteeFeeQuote {
  readonly kind: 'GUARANTEE_FEE'
  readonly guaranteed_amount: string
  readonly term_months: number
  readonly fee_total: string
  readonly charged_date: string
  readonly other_fees_total?: string
  readonly used_lifetime?: string
}

export interface PremiumQuote {
  readonly kind: 'PREMIUM'
  readonly insurance_kind: InsuranceKind
  readonly annual_premium: string
  readonly paid_date: string
  readonly insured_amount?: string
  readonly used_in_policy_year?: string
}

export interface SupplyChainRewardQuote {
  readonly kind: 'SUPPLY_CHAIN_REWARD'
  readonly promoted_amount: string
  readonly date: string
  readonly used_by_household?: string
}

export type SubsidyQuoteRequest = LoanInterestQuote | LeaseQuote | GuaranteeFeeQuote | PremiumQuote | SupplyChainRewardQuote

export interface QuotedLine {
  readonly voucher_no: string | null
  /** null where the kind knows no interest */
  readonly eligible_interest: string | null
  readonly formula_amount: string
  readonly amount: string
  readonly trace: readonly TraceStep[]
}

export interface SubsidyQuoteResult {
  readonly policy: PolicyRef
  readonly lines: readonly QuotedLine[]
  readonly total: string
}

export type SubsidyQuoteReply = SubsidyQuoteResult & { readonly draft?: SubsidyQuoteResult }

export interface RiskShareQuoteRequest {
  readonly default_principal: string
  readonly vintage_liability: string
  readonly vintage_compensated: string
}

export interface RiskShareQuoteReply {
  readonly guarantor: string
  readonly fiscal: string
  readonly bank: string
  readonly re_guarantor: string
  readonly bank_excess: string
  readonly covered_by_system: string
  readonly headroom_before: string
  readonly rate_after_pct: string
  readonly state: string
}

export interface DeadlineQuoteRequest {
  readonly pushed_at: string
  readonly contacted_at?: string
  readonly approved_at?: string
}
