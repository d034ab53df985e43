import Type from 'typebox'
import { InstantOut, Money, named, No, nullable, oneOf, PageQuery, ParticipantNo, ProjectCode, Text, UpdatedSince, Uscc,
  Version } from '../../http/schema.ts'
import { Kind, LineNo } from '../../subsidy/lines/schema.ts'

const statuses = ['OPEN', 'SETTLED', 'CANCELLED'] as const

export const ClawbackBody = Type.Object({
  line_no: LineNo('Line of which something is taken back'),
  amount: Money('Taken back'),
  reason: Text('Why', 1000, ['审计发现资金挪用'])
}, { additionalProperties: false })

export const ClawbackQuery = Type.Object({
  ...PageQuery,
  ...UpdatedSince,
  status: Type.Optional(oneOf(statuses, 'Only those with this status')),
  uscc: Type.Optional(Uscc('Only those of this enterprise')),
  line_no: Type.Optional(LineNo('Only those of this line'))
}, { additionalProperties: false })

export const ClawbackView = named('Clawback', Type.Object({
  clawback_no: No('claw', 'Number'),
  origin: oneOf(['DERIVED', 'DECIDED'], 'DERIVED: a correction made a frozen line too large; DECIDED: by a person'),
  kind: Kind(),
  line_no: LineNo('Line of which something is taken back'),
  participant_no: ParticipantNo('Institution of the line'),
  payee_kind: oneOf(['ENTERPRISE', 'GUARANTOR'], 'Who was paid'),
  payee_uscc: Uscc('Who was paid'),
  uscc: Uscc('Enterprise'),
  project_code: nullable(ProjectCode()),
  amount: Money('To be taken back in all'),
  offset: Money('Already taken back, or reserved by a batch'),
  open: Money('Still to be taken back'),
  reason: Text('Why', 1000),
  status: oneOf(statuses, 'State'),
  decided_by: Type.String({ maxLength: 60, description: 'Person that decided it, or the hub' }),
  version: Version,
  created_at: InstantOut('When it was opened'),
  updated_at: InstantOut('When it last changed')
}))

const no = '01JB2Q8Z6V7K3M5N9P4R1S0T2W'
export const clawback_example = {
  clawback_no: `claw_${no}`, origin: 'DECIDED', kind: 'LOAN_INTEREST', line_no: `line_${no}`, participant_no: 'bank-1',
    payee_kind: 'ENTERPRISE', payee_uscc: '91500112MAXX00015Q',
  uscc: '91500112MAXX00015Q', project_code: '2606-500112-07-02-100001', amount: '5000.00', offset: '0.00', open: '5000.00',
    reason: '审计发现资金挪用', status: 'OPEN',
  decided_by: 'finance-bureau-user-1', version: 1, created_at: '2026-05-05T02:00:00.000Z', updated_at: '2026-05-05T02:00:00.000Z'
}
