import Type, { type Static } from 'typebox'
import { BusinessNo, Day, Money, named, oneOf, ProjectCode, Rate, Text, Uscc } from '../../http/schema.ts'
import { INSURANCE_KINDS } from '../../policy/premium.ts'
import { CorrectionFields, evidenceFrame, exampleFrame, shownOf, SupersededBy } from '../evidence/schema.ts'
import { DocumentNo } from '../loan-contracts/schema.ts'

export const NewInsurancePolicy = named('NewInsurancePolicy', Type.Object({
  policy_no: BusinessNo('Number of the policy at the insurer 保单号', ['BD-2026-0001']),
  insured_uscc: Uscc('Insured enterprise 被保险企业统一社会信用代码'),
  insurance_kind: oneOf(INSURANCE_KINDS, 'First set of equipment, first version of software, renovation cost loss'),
  annual_premium: Money('Annual premium paid'),
  policy_start: Day('First day'),
  policy_end: Day('First day after'),
  paid_date: Day('Day on which the premium was paid'),
  document_no: DocumentNo,
  insured_amount: Type.Optional(Money('Insured amount; needed for a first set of equipment')),
  project_code: Type.Optional(ProjectCode('Renovation project; needed for renovation cost loss')),
  product_name: Type.Optional(Text('Product insured; first sets of one name, or without one, share a ceiling', 200, ['首台（套）智能压铸机组'])),
  product_catalogue_ref: Type.Optional(Text('Place in the catalogue of the product', 200)),
  certificate_no: Type.Optional(BusinessNo('Certificate as first set or first version', ['STT-2026-0001'])),
  premium_rate_pct: Type.Optional(Rate('Premium rate')),
  receipt_no: Type.Optional(BusinessNo('Number of the receipt of the premium', ['FP-2026-0001'])),
  payer_account_name: Type.Optional(Text('Name of the paying account', 200)),
  bank_txn_no: Type.Optional(BusinessNo('Number of the bank transaction', ['TXN202604010001'])),
  ...CorrectionFields
}, { additionalProperties: false }))
export type NewInsurancePolicy = Static<typeof NewInsurancePolicy>

export const InsurancePolicy = shownOf('InsurancePolicy', NewInsurancePolicy, {
  superseded_by: SupersededBy('pol'),
  ...evidenceFrame('pol')
})

export const insurance_policy_example = {
  policy_no: 'BD-2026-0001', insured_uscc: '91500112MAXX00015Q', insurance_kind: 'FIRST_SET_EQUIPMENT', annual_premium: '3600000.00',
    insured_amount: '120000000.00',
  policy_start: '2026-04-01', policy_end: '2027-04-01', paid_date: '2026-04-01', document_no: 'doc_01JB2Q8Z6V7K3M5N9P4R1S0T2W'
}

export const insurance_policy_shown = {
  ...Object.fromEntries(Object.keys(NewInsurancePolicy.properties).map(name => [name, null])),
  ...insurance_policy_example, superseded_by: null, ...exampleFrame('pol', 'insurer-1')
}
