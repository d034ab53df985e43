import Type, { type Static } from 'typebox'
import { BusinessNo, Day, Money, named, nullable, oneOf, ParticipantNo, ProjectCode, Rate, Text, Uscc } from '../../http/schema.ts'
import { CorrectionFields, evidenceFrame, exampleFrame, shownOf, SupersededBy } from '../evidence/schema.ts'
import { DocumentNo } from '../loan-contracts/schema.ts'

export const GUARANTEE_MODES = ['JOINT_LIABILITY', 'GENERAL_LIABILITY'] as const
export const NGF_PRODUCTS = ['STANDARD', 'TECH_PLAN', 'PRIVATE_INVESTMENT_PLAN'] as const
export const RELEASES = ['NORMAL', 'AFTER_COMPENSATION'] as const

const Fee = Type.Object({ due_date: Day('Due'), amount: Money('Fee due') }, { additionalProperties: false })
const Filing = Type.Object({
  filed: Type.Boolean({ description: 'Filed with the national fund' }),
  product_type: Type.Optional(oneOf(NGF_PRODUCTS, 'Product of the fund')),
  batch: Type.Optional(BusinessNo('Batch', ['2026-04']))
}, { additionalProperties: false })
const share = { anyOf: [Rate('Percent'), { type: 'integer', minimum: 0, maximum: 100 }], description: 'Percent, as text or as a whole number' }
const Share = Type.Unsafe<string | number>(share)
/** Who bears how much of a loss; each of the two ways of naming is taken. */
const Shares = Type.Unsafe<Record<string, string | number>>({
  anyOf: [
    Type.Object({ guarantor_pct: Rate('Guarantor'), fiscal_pct: Rate('Fiscal side'), bank_pct: Rate('Bank'), re_guarantor_pct: Rate('Re-guarantor') },
      { additionalProperties: false }),
    Type.Object({ guarantor: Share, fiscal: Share, bank: Share, re_guarantor: Share }, { additionalProperties: false })
  ],
  description: 'Shares of risk as agreed; they sum to 100 分险比例', examples: [{ guarantor_pct: '40', fiscal_pct: '30', bank_pct: '20', re_guarantor_pct: '10' }]
})
const Release = Type.Object({ type: oneOf(RELEASES, 'How'), date: Day('When') }, { additionalProperties: false })

export const NewGuaranteeContract = named('NewGuaranteeContract', Type.Object({
  guarantee_contract_no: BusinessNo('Number of the guarantee contract at the guarantor 保证合同号', ['DB-2026-0001']),
  borrower_uscc: Uscc('Borrower 被担保企业统一社会信用代码'),
  lender_no: ParticipantNo('Bank that lends'),
  loan_contract_no: BusinessNo('Loan contract of that bank', ['HT-2026-0001']),
  guaranteed_principal: Money('Principal guaranteed, not × 80 %'),
  guarantee_fee_total: Money('Fee for the whole term'),
  start_date: Day('First day; its year is the vintage'),
  end_date: Day('Last day'),
  document_no: DocumentNo,
  entrusted_guarantee_contract_no: Type.Optional(BusinessNo('Entrusted guarantee contract 委托担保合同号', ['WB-2026-0001'])),
  iou_no: Type.Optional(BusinessNo('Drawdown it is for', ['JJ-2026-0001'])),
  guarantee_mode: Type.Optional(oneOf(GUARANTEE_MODES, 'JOINT_LIABILITY when left out')),
  liability_ratio_pct: Type.Optional(Rate('Part borne by the system; 80 when left out')),
  covers_interest: Type.Optional(Type.Boolean({ description: 'Interest is guaranteed too; not under this product' })),
  term_months: Type.Optional(Type.Integer({ minimum: 1, maximum: 600, description: 'Term in months; counted from the days when left out',
    examples: [36] })),
  fee_schedule: Type.Optional(Type.Array(Fee, { maxItems: 600, description: 'When fees are due' })),
  guarantee_fee_rate_annual_pct: Type.Optional(Rate('Annual fee rate as agreed')),
  other_fees_total: Type.Optional(Money('Fees under other names; they raise the rate')),
  counter_guarantee: Type.Optional(Type.Array(Text('Counter-guarantee', 200, ['实际控制人连带责任保证']),
    { maxItems: 50, description: 'Counter-guarantees' })),
  re_guarantor_no: Type.Optional(ParticipantNo('Re-guarantor')),
  re_guarantee_filing_no: Type.Optional(BusinessNo('Filing with the re-guarantor', ['ZD-2026-0001'])),
  re_guarantee_batch: Type.Optional(BusinessNo('Batch of the filing', ['2026-04'])),
  ngf_filing: Type.Optional(Filing),
  risk_shares: Type.Optional(Shares),
  vintage_year: Type.Optional(Type.Integer({ minimum: 2000, maximum: 9999, description: 'Year of start_date', examples: [2026] })),
  release: Type.Optional(Release),
  override_reason: Type.Optional(Text('Why the household limit may be exceeded (S1 2 (2): in principle)', 500, ['专精特新企业，订单充足，经评审会审议通过'])),
  ...CorrectionFields
}, { additionalProperties: false }))
export type NewGuaranteeContract = Static<typeof NewGuaranteeContract>

export const guarantee_defaults = { guarantee_mode: 'JOINT_LIABILITY', liability_ratio_pct: '80', covers_interest: false,
  other_fees_total: '0.00' } as const

export const GuaranteeContract = shownOf('GuaranteeContract', NewGuaranteeContract, {
  project_code: ProjectCode(),
  vintage_year: Type.Integer({ minimum: 2000, maximum: 9999, description: 'Year of the start: the vintage of the breaker',
    examples: [2026] }),
  annualised_fee_rate_pct: Rate('All fees ÷ principal × 12 ÷ months, cut to six digits; at most 1 % is subsidised'),
  charged_amount: Money('Fees charged so far'),
  released_on: nullable(Day('Day of release')),
  override_by: nullable(Type.String({ maxLength: 60, description: 'Person of the guarantor that overrode the household limit' })),
  superseded_by: SupersededBy('guar'), ...evidenceFrame('guar')
})

export const guarantee_contract_example = {
  guarantee_contract_no: 'DB-2026-0001', borrower_uscc: '91500112MAXX00015Q', lender_no: 'bank-1', loan_contract_no: 'HT-2026-0001',
    guaranteed_principal: '8000000.00',
  guarantee_fee_total: '192000.00', start_date: '2026-03-30', end_date: '2029-03-30', document_no: 'doc_01JB2Q8Z6V7K3M5N9P4R1S0T2W'
}

export const guarantee_contract_shown = {
  ...Object.fromEntries(Object.keys(NewGuaranteeContract.properties).map(name => [name, null])),
  ...guarantee_contract_example, ...guarantee_defaults, term_months: 36, project_code: '2606-500112-07-02-100001', vintage_year: 2026,
  annualised_fee_rate_pct: '0.8', charged_amount: '0.00', released_on: null, override_by: null, superseded_by: null, ...exampleFrame('guar', 'guarantor-1')
}
