import Type, { type Static } from 'typebox'
import { BusinessNo, Day, Money, named, nullable, oneOf, ProjectCode, Rate, Text, Uscc } from '../../http/schema.ts'
import { SEGMENT_KINDS } from '../../policy/segments.ts'
import { CorrectionFields, evidenceFrame, exampleFrame, shownOf, SupersededBy } from '../evidence/schema.ts'
import { DocumentNo } from '../loan-contracts/schema.ts'

export const batch_size_max = 1000

const SegmentSchema = named('InterestSegment', Type.Object({
  from: Day('First day'),
  to: Day('First day that no longer counts (算头不算尾)'),
  balance: Money('Whole balance on these days, land included'),
  annual_rate_pct: Rate('Annual rate on these days'),
  kind: Type.Optional(oneOf(SEGMENT_KINDS, 'NORMAL when left out; overdue interest is not subsidised')),
  days: Type.Optional(Type.Integer({ minimum: 0, maximum: 4000, description: 'Days as the sender counts them', examples: [90] })),
  interest: Type.Optional(Money('Interest of the segment as the sender computes it'))
}, { additionalProperties: false }))

/** Fields that interest and rent vouchers share. */
export const interestFields = {
  period_start: Day('First day of the period'),
  period_end: Day('First day after the period'),
  segments: Type.Array(SegmentSchema, { minItems: 1, maxItems: 400,
    description: 'Days with one balance and one rate each, in date order' }),
  normal_interest: Money('Normal interest due'),
  paid_date: Day('Day on which it was paid'),
  payer_account_name: Text('Name of the paying account', 200, ['重庆云岭精密机械有限公司（虚构）']),
  document_no: DocumentNo
}

export const optionalInterestFields = {
  bank_txn_no: Type.Optional(BusinessNo('Number of the bank transaction', ['TXN202606210001'])),
  normal_interest_paid: Type.Optional(Money('Normal interest really paid; all of it when left out')),
  penalty_interest: Type.Optional(Money('Penalty interest; never subsidised')),
  compound_interest: Type.Optional(Money('Compound interest; never subsidised')),
  national_subsidy_deducted: Type.Optional(Money('National subsidy deducted when the interest was collected')),
  other_subsidy_received: Type.Optional(Money('Other subsidies for the same interest')),
  gross_interest: Type.Optional(Money('Normal, penalty and compound interest together')),
  net_paid: Type.Optional(Money('Cash that was paid')),
  is_partial_payment: Type.Optional(Type.Boolean({ description: 'Only a part of what was due was paid' })),
  seal_verified: Type.Optional(Type.Boolean({ description: 'The seal of the receipt was verified' })),
  receipt_no: Type.Optional(BusinessNo('Number of the electronic receipt 电子回单号', ['HD202606210001'])),
  ...CorrectionFields
}

export const interest_defaults = { penalty_interest: '0.00', compound_interest: '0.00', national_subsidy_deducted: '0.00',
  other_subsidy_received: '0.00', is_partial_payment: false } as const

export const NewInterestVoucher = named('NewInterestVoucher', Type.Object({
  voucher_no: BusinessNo('Number of the voucher at the bank 付息凭证号', ['V2026Q2-001']),
  iou_no: BusinessNo('Own drawdown', ['JJ-2026-0001']),
  ...interestFields,
  loan_contract_no: Type.Optional(BusinessNo('Its loan contract; checked where it is given', ['HT-2026-0001'])),
  ...optionalInterestFields
}, { additionalProperties: false }))
export type NewInterestVoucher = Static<typeof NewInterestVoucher>

export const voucherFrame = {
  recomputed_interest: Money('Interest that the segments give'),
  superseded_by: SupersededBy('vch'),
  project_code: ProjectCode(),
  ...evidenceFrame('vch')
}

export const InterestVoucher = shownOf('InterestVoucher', NewInterestVoucher, { borrower_uscc: Uscc('Borrower'), ...voucherFrame })

export const NewInterestVoucherBatch = named('NewInterestVoucherBatch', Type.Object({
  atomic: Type.Optional(Type.Boolean({ description: 'All or nothing; when left out each voucher stands for itself' })),
  vouchers: Type.Array(NewInterestVoucher, { minItems: 1, maxItems: batch_size_max, description: 'Vouchers, taken in the order sent' })
}, { additionalProperties: false }))

export const InterestVoucherBatch = named('InterestVoucherBatch', Type.Object({
  items: Type.Array(Type.Object({
    index: Type.Integer({ minimum: 0, maximum: batch_size_max, description: 'Place in the request, from 0' }),
    status: Type.Integer({ minimum: 200, maximum: 599, description: 'What the voucher would have been answered alone' }),
    voucher: nullable(InterestVoucher),
    problem: nullable(named('VoucherProblem', Type.Object({
      code: Type.String({ maxLength: 60, description: 'Stable code, lower_snake' }),
      title: Type.String({ maxLength: 200, description: 'What kind of problem' }),
      detail: Type.String({ maxLength: 2000, description: 'What is wrong here and what to do' }),
      errors: Type.Array(Type.Object({
        pointer: Type.String({ maxLength: 500, description: 'RFC 6901 pointer into the voucher' }),
        code: Type.String({ maxLength: 60, description: 'Finding code, UPPER_SNAKE' }),
        message: Type.String({ maxLength: 1000, description: 'What is wrong and what to do' }),
        message_zh: Type.String({ maxLength: 1000, description: '问题与处理办法' })
      }), { maxItems: 1000, description: 'Every mistake of the voucher' })
    })))
  }), { maxItems: batch_size_max, description: 'One answer per voucher, in the order sent' })
}))

export const interest_voucher_example = {
  voucher_no: 'V2026Q2-001', iou_no: 'JJ-2026-0001', period_start: '2026-03-30', period_end: '2026-06-21',
  segments: [{ from: '2026-03-30', to: '2026-06-21', balance: '8000000.00', annual_rate_pct: '3.60' }], normal_interest: '66400.00',
    paid_date: '2026-06-21',
  payer_account_name: '重庆云岭精密机械有限公司（虚构）', document_no: 'doc_01JB2Q8Z6V7K3M5N9P4R1S0T2W'
}

export const interest_voucher_shown = {
  ...Object.fromEntries(Object.keys(NewInterestVoucher.properties).map(name => [name, null])),
  ...interest_voucher_example, ...interest_defaults, normal_interest_paid: '66400.00', recomputed_interest: '66400.00', superseded_by: null,
  project_code: '2606-500112-07-02-100001', borrower_uscc: '91500112MAXX00015Q', ...exampleFrame('vch', 'bank-1')
}
