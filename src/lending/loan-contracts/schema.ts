import Type, { type Static } from 'typebox'
import { BusinessNo, Day, Money, named, No, oneOf, ProjectCode, Rate, Text, Uscc } from '../../http/schema.ts'
import { DAY_COUNTS } from '../../policy/period.ts'
import { CorrectionFields, evidenceFrame, exampleFrame, shownOf, SupersededBy } from '../evidence/schema.ts'

export const PURPOSE_CODES = ['EQUIPMENT_PURCHASE', 'INSTALLATION', 'SOFTWARE', 'NETWORK', 'CIVIL_WORKS', 'WHOLE_PROJECT',
  'REINVESTMENT_EXPANSION', 'OTHER'] as const
export const RATE_TYPES = ['FIXED', 'FLOATING'] as const
export const LPR_TENORS = ['1Y', '5Y+'] as const
export const SETTLEMENT_FREQUENCIES = ['MONTHLY', 'QUARTERLY', 'HALF_YEARLY', 'YEARLY', 'AT_MATURITY'] as const
export const NATIONAL_SCHEMES = ['NONE', 'EQUIPMENT_RENEWAL', 'SME_LOAN'] as const

export const loan_contract_defaults = { day_count: 'ACT_360', settlement_day: 20, is_syndicated: false, relending_supported: false,
  national_subsidy_scheme: 'NONE', refinancing_old_loan: false } as const

export const DocumentNo = No('doc', 'Uploaded document of the sender')

export const NewLoanContract = named('NewLoanContract', Type.Object({
  loan_contract_no: BusinessNo('Number of the loan contract at the bank 借款合同号', ['HT-2026-0001']),
  borrower_uscc: Uscc('Borrower 借款企业统一社会信用代码'),
  project_code: ProjectCode(),
  contract_amount: Money('Amount of the contract; of a syndicated loan the own share'),
  land_amount: Money('Part of it for land, 0.00 if none; not subsidised'),
  signed_date: Day('Day of signing'),
  start_date: Day('First day of the term'),
  maturity_date: Day('Day of maturity'),
  annual_rate_pct: Rate('Annual rate at signing'),
  document_no: DocumentNo,
  lead_no: Type.Optional(No('lead', 'Lead it came from; when left out the approved one of this bank and project')),
  lender_branch_name: Type.Optional(Text('Lending branch', 200, ['渝北支行'])),
  purpose_code: Type.Optional(oneOf(PURPOSE_CODES, 'Purpose')),
  purpose_text: Type.Optional(Text('Purpose in words', 500, ['数控加工中心购置及安装'])),
  rate_type: Type.Optional(oneOf(RATE_TYPES, 'Fixed or floating')),
  lpr_tenor: Type.Optional(oneOf(LPR_TENORS, 'LPR the rate hangs on')),
  spread_bp: Type.Optional(Type.Integer({ minimum: -1000, maximum: 2000, description: 'Basis points added to the LPR', examples: [-15] })),
  repricing_rule: Type.Optional(Text('When the rate is set anew', 200, ['每年 1 月 1 日'])),
  day_count: Type.Optional(oneOf(DAY_COUNTS, 'Day count; ACT_360 when left out')),
  settlement_frequency: Type.Optional(oneOf(SETTLEMENT_FREQUENCIES, 'How often interest is settled')),
  settlement_day: Type.Optional(Type.Integer({ minimum: 1, maximum: 31, description: 'Settlement day; 20 when left out', examples: [20] })),
  repayment_method: Type.Optional(Text('How it is repaid', 200, ['按季付息，到期还本'])),
  collateral_kinds: Type.Optional(Type.Array(Text('Kind of collateral', 60, ['保证']),
    { maxItems: 20, uniqueItems: true, description: 'Kinds of collateral' })),
  guarantee_contract_nos: Type.Optional(Type.Array(BusinessNo('Number of a guarantee contract', ['DB-2026-0001']),
    { maxItems: 20, uniqueItems: true, description: 'Guarantee contracts behind it' })),
  is_syndicated: Type.Optional(Type.Boolean({ description: 'Syndicated: each bank sends its share (A-28)' })),
  share_pct: Type.Optional(Rate('Own share of a syndicated loan in percent; needed where is_syndicated is true')),
  syndicated_amount: Type.Optional(Money('Whole syndicated loan 银团贷款总额; the own amount is at most the share of it, all shares at most the whole; in the reply as the share gives it where it was left out')),
  relending_supported: Type.Optional(Type.Boolean({ description: 'Carried by relending of the central bank' })),
  national_subsidy_scheme: Type.Optional(oneOf(NATIONAL_SCHEMES, 'National scheme that deducts interest')),
  refinancing_old_loan: Type.Optional(Type.Boolean({ description: 'Replaces an older loan' })),
  core_enterprise_uscc: Type.Optional(Uscc('Core enterprise that brought this loan of its supply chain about 促成贷款的核心企业（“渝链贷”）; basis of its reward, S3 (四)')),
  ...CorrectionFields
}, { additionalProperties: false }))
export type NewLoanContract = Static<typeof NewLoanContract>

export const LoanContract = shownOf('LoanContract', NewLoanContract, {
  drawn_amount: Money('Drawn so far'),
  superseded_by: SupersededBy('loan'), ...evidenceFrame('loan')
})

export const loan_contract_example = {
  loan_contract_no: 'HT-2026-0001', borrower_uscc: '91500112MAXX00015Q', project_code: '2606-500112-07-02-100001',
    contract_amount: '8000000.00',
  land_amount: '0.00', signed_date: '2026-03-27', start_date: '2026-03-30', maturity_date: '2029-03-30', annual_rate_pct: '3.60',
  document_no: 'doc_01JB2Q8Z6V7K3M5N9P4R1S0T2W'
}

export const loan_contract_shown = {
  ...Object.fromEntries(Object.keys(NewLoanContract.properties).map(name => [name, null])),
  ...loan_contract_example, ...loan_contract_defaults, drawn_amount: '0.00', superseded_by: null, ...exampleFrame('loan', 'bank-1')
}
