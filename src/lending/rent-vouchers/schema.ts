import Type, { type Static } from 'typebox'
import { BusinessNo, Money, named, Uscc } from '../../http/schema.ts'
import { exampleFrame, shownOf } from '../evidence/schema.ts'
import { interestFields, interest_defaults, optionalInterestFields, voucherFrame } from '../interest-vouchers/schema.ts'

export const NewRentVoucher = named('NewRentVoucher', Type.Object({
  voucher_no: BusinessNo('Number of the voucher at the lessor 租金凭证号', ['R2026Q2-001']),
  lease_contract_no: BusinessNo('Own lease contract', ['ZL-2026-0001']),
  ...interestFields,
  rent_no: Type.Optional(Type.Integer({ minimum: 1, maximum: 600, description: 'Number of the rent in the schedule', examples: [1] })),
  principal_part: Type.Optional(Money('Principal part of the rent')),
  ...optionalInterestFields
}, { additionalProperties: false }))
export type NewRentVoucher = Static<typeof NewRentVoucher>

export const RentVoucher = shownOf('RentVoucher', NewRentVoucher, { lessee_uscc: Uscc('Lessee'), ...voucherFrame })

export const rent_voucher_example = {
  voucher_no: 'R2026Q2-001', lease_contract_no: 'ZL-2026-0001', period_start: '2026-03-21', period_end: '2026-06-21',
  segments: [{ from: '2026-03-21', to: '2026-06-21', balance: '30000000.00', annual_rate_pct: '5.20' }], normal_interest: '398666.67',
    paid_date: '2026-06-21',
  payer_account_name: '重庆云岭精密机械有限公司（虚构）', document_no: 'doc_01JB2Q8Z6V7K3M5N9P4R1S0T2W'
}

export const rent_voucher_shown = {
  ...Object.fromEntries(Object.keys(NewRentVoucher.properties).map(name => [name, null])),
  ...rent_voucher_example, ...interest_defaults, normal_interest_paid: '398666.67', recomputed_interest: '398666.67', superseded_by: null,
  project_code: '2606-500112-07-02-100001', lessee_uscc: '91500112MAXX00015Q', ...exampleFrame('vch', 'lessor-1')
}
