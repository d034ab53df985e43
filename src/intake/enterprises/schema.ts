import Type from 'typebox'
import { Day, InstantOut, Money, named, nullable, oneOf, ParticipantNo, Text, Uscc, Version } from '../../http/schema.ts'
import { SIZE_CLASSES } from '../../policy/size-class.ts'
import { TAGS } from '../../policy/tags.ts'

export const EnterpriseParams = Type.Object({ uscc: Uscc() })

export const EnterpriseSchema = named('Enterprise', Type.Object({
  uscc: Uscc(),
  name: Text('Name'),
  region_code: nullable(Text('District', 6)),
  industry_code: nullable(Text('Industry of GB/T 4754-2017', 10)),
  size_class: nullable(oneOf(SIZE_CLASSES, 'Size class of industry')),
  employees: nullable(Type.Integer({ minimum: 0, maximum: 10_000_000, description: 'Employees' })),
  revenue: nullable(Money('Revenue of the last year')),
  tags: Type.Array(Type.Object({
    tag: oneOf(TAGS, 'Title'),
    basis: oneOf(['CERTIFICATE', 'DECLARED'], 'DECLARED: named without a certificate'),
    certificate_no: nullable(Text('Certificate', 100)),
    valid_from: nullable(Day('First day')),
    valid_to: nullable(Day('First day on which it no longer holds')),
    source: ParticipantNo('Who named it')
  }), { maxItems: 20, description: 'Titles' }),
  contact_name: nullable(Text('Whom to ask for', 100)),
  contact_phone: nullable(Text('Telephone', 30)),
  credit_checked_on: nullable(Day('Day of the last credit check (E-07)')),
  dishonest: nullable(Type.Boolean({ description: 'Found on the list of dishonest debtors' })),
  sources: Type.Array(ParticipantNo('Who described it'), { maxItems: 1000, description: 'Who described the enterprise; for a park only itself' }),
  version: Version,
  created_at: InstantOut('First known'),
  updated_at: InstantOut('Last change')
}))

export const enterprise_example = {
  uscc: '91500112MAXX00015Q', name: '重庆云岭精密机械有限公司（虚构）', region_code: '500157', industry_code: '3670', size_class: 'SMALL', employees: 120,
  revenue: '80000000.00', tags: [{ tag: 'SRDI_SME', basis: 'DECLARED', certificate_no: null, valid_from: null, valid_to: null, source: 'park-1' }],
  contact_name: null, contact_phone: null, credit_checked_on: null, dishonest: null, sources: ['park-1'], version: 1,
  created_at: '2026-03-18T02:00:00.000Z', updated_at: '2026-03-18T02:00:00.000Z'
}
