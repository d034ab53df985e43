import Type, { type Static } from 'typebox'
import { BusinessNo, Day, Money, named, oneOf, ProjectCode, Rate, Text, Uscc } from '../../http/schema.ts'
import { LEASE_MODES } from '../../policy/lease.ts'
import { DAY_COUNTS } from '../../policy/period.ts'
import { CorrectionFields, evidenceFrame, exampleFrame, shownOf, SupersededBy } from '../evidence/schema.ts'
import { DocumentNo } from '../loan-contracts/schema.ts'

const Equipment = Type.Object({
  name: Text('Name of the machine', 200, ['五轴联动加工中心']),
  model: Type.Optional(Text('Model', 100)),
  quantity: Type.Integer({ minimum: 1, maximum: 100_000, description: 'How many', examples: [2] }),
  price: Money('Price of all of them'),
  invoice_no: Type.Optional(BusinessNo('Number of the invoice; it is financed once over loans and leases', ['25502000000012345678'])),
  invoice_code: Type.Optional(BusinessNo('Code of the invoice', ['5000214130']))
}, { additionalProperties: false })

const Rent = Type.Object({
  no: Type.Integer({ minimum: 1, maximum: 600, description: 'Number of the rent', examples: [1] }),
  due_date: Day('Due'),
  principal: Money('Principal part'),
  interest: Money('Interest part'),
  total: Money('Both')
}, { additionalProperties: false })

const RateSegment = Type.Object({ from: Day('First day'), to: Day('First day that no longer counts'),
  annual_rate_pct: Rate('Annual rate') }, { additionalProperties: false })

const Conversion = Type.Object({
  purchase_date: Day('Day on which the lessee bought the equipment'),
  is_new_equipment: Type.Boolean({ description: 'It was new' }),
  date: Type.Optional(Day('Day of the conversion')),
  original_contract_no: Type.Optional(BusinessNo('Number of the purchase contract', ['CG-2026-01']))
}, { additionalProperties: false })

export const NewLeaseContract = named('NewLeaseContract', Type.Object({
  lease_contract_no: BusinessNo('Number of the lease contract at the lessor 租赁合同号', ['ZL-2026-0001']),
  lessee_uscc: Uscc('Lessee 承租企业统一社会信用代码'),
  project_code: ProjectCode(),
  lease_mode: oneOf(LEASE_MODES, 'Direct, or a converted direct lease (直转回); an ordinary sale and leaseback is refused'),
  financed_principal: Money('Principal financed'),
  lease_start: Day('First day of the lease'),
  lease_end: Day('Last day of the lease'),
  document_no: DocumentNo,
  signed_date: Type.Optional(Day('Day of signing')),
  leaseback_conversion: Type.Optional(Conversion),
  supplier_name: Type.Optional(Text('Supplier', 200)),
  supplier_uscc: Type.Optional(Uscc('Supplier 供应商统一社会信用代码')),
  equipment: Type.Optional(Type.Array(Equipment, { maxItems: 500, description: 'What is leased' })),
  purchase_price_total: Type.Optional(Money('Price of all equipment')),
  down_payment: Type.Optional(Money('Paid by the lessee itself')),
  implied_annual_rate_pct: Type.Optional(Rate('Annual rate the rents imply')),
  rate_segments: Type.Optional(Type.Array(RateSegment, { minItems: 1, maxItems: 200,
    description: 'Rates where they change over time, in date order' })),
  day_count: Type.Optional(oneOf(DAY_COUNTS, 'Day count; ACT_360 when left out')),
  rent_schedule: Type.Optional(Type.Array(Rent, { maxItems: 600, description: 'Rents due' })),
  handling_fee: Type.Optional(Money('Handling fee')),
  zhongdeng_registration_no: Type.Optional(BusinessNo('Number in the registry of movable property 动产融资统一登记', ['02345678901234567890'])),
  title_transfer_document_no: Type.Optional(DocumentNo),
  ...CorrectionFields
}, { additionalProperties: false }))
export type NewLeaseContract = Static<typeof NewLeaseContract>

export const lease_defaults = { day_count: 'ACT_360' } as const

export const LeaseContract = shownOf('LeaseContract', NewLeaseContract, { superseded_by: SupersededBy('lease'), ...evidenceFrame('lease') })

export const lease_contract_example = {
  lease_contract_no: 'ZL-2026-0001', lessee_uscc: '91500112MAXX00015Q', project_code: '2606-500112-07-02-100001', lease_mode: 'DIRECT',
  financed_principal: '30000000.00', lease_start: '2026-03-21', lease_end: '2029-03-21', document_no: 'doc_01JB2Q8Z6V7K3M5N9P4R1S0T2W'
}

export const lease_contract_shown = {
  ...Object.fromEntries(Object.keys(NewLeaseContract.properties).map(name => [name, null])),
  ...lease_contract_example, ...lease_defaults, superseded_by: null, ...exampleFrame('lease', 'lessor-1')
}
