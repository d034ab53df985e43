import Type, { type Static } from 'typebox'
import { BusinessNo, Day, Money, named, ProjectCode, Text, Uscc } from '../../http/schema.ts'
import { CorrectionFields, evidenceFrame, exampleFrame, shownOf, SupersededBy } from '../evidence/schema.ts'
import { DocumentNo } from '../loan-contracts/schema.ts'

export const NewFeeVoucher = named('NewFeeVoucher', Type.Object({
  fee_voucher_no: BusinessNo('Number of the voucher at the guarantor 担保费凭证号', ['F2026-001']),
  guarantee_contract_no: BusinessNo('Own guarantee contract', ['DB-2026-0001']),
  fee_amount: Money('Fee that was paid'),
  paid_date: Day('Day on which it was paid'),
  document_no: DocumentNo,
  period_start: Type.Optional(Day('First day the fee is for')),
  period_end: Type.Optional(Day('First day after')),
  invoice_no: Type.Optional(BusinessNo('Number of the invoice', ['25502000000098765432'])),
  invoice_code: Type.Optional(BusinessNo('Code of the invoice', ['5000214130'])),
  payer_account_name: Type.Optional(Text('Name of the paying account', 200)),
  receiver_name: Type.Optional(Text('Name of the receiving account', 200)),
  bank_txn_no: Type.Optional(BusinessNo('Number of the bank transaction', ['TXN202604010001'])),
  ...CorrectionFields
}, { additionalProperties: false }))
export type NewFeeVoucher = Static<typeof NewFeeVoucher>

export const FeeVoucher = shownOf('FeeVoucher', NewFeeVoucher, {
  borrower_uscc: Uscc('Borrower'),
  project_code: ProjectCode(),
  superseded_by: SupersededBy('vch'),
  ...evidenceFrame('vch')
})

export const fee_voucher_example = { fee_voucher_no: 'F2026-001', guarantee_contract_no: 'DB-2026-0001', fee_amount: '64000.00',
  paid_date: '2026-04-01', document_no: 'doc_01JB2Q8Z6V7K3M5N9P4R1S0T2W' }

export const fee_voucher_shown = {
  ...Object.fromEntries(Object.keys(NewFeeVoucher.properties).map(name => [name, null])),
  ...fee_voucher_example, borrower_uscc: '91500112MAXX00015Q', project_code: '2606-500112-07-02-100001', superseded_by: null,
    ...exampleFrame('vch', 'guarantor-1')
}
