import Type from 'typebox'
import { Day, InstantOut, named, No, nullable, oneOf, PageQuery, ParticipantNo, Text, UpdatedSince, Uscc,
  Version } from '../../http/schema.ts'
import { LineNo } from '../../subsidy/lines/schema.ts'

const strict = { additionalProperties: false } as const
const Packet = No('pkt', 'Packet that is held')
const HeldUscc = Uscc('Enterprise or payee that is held')
const User = (description: string) => Type.String({ maxLength: 60, description })

export const HoldBody = Type.Object({
  reason: Text('Why', 1000, ['失信名单核查中']),
  packet_no: Type.Optional(Packet),
  line_no: Type.Optional(LineNo('Line that is held')),
  uscc: Type.Optional(HeldUscc),
  owner: Type.Optional(Text('Who looks after it', 60)),
  expires_on: Type.Optional(Day('Last day it holds'))
}, strict)

export const HoldQuery = Type.Object({
  ...PageQuery,
  ...UpdatedSince,
  status: Type.Optional(oneOf(['OPEN', 'RELEASED'], 'Only those with this status')),
  uscc: Type.Optional(HeldUscc),
  packet_no: Type.Optional(Packet),
  line_no: Type.Optional(LineNo('Line that is held'))
}, strict)

export const HoldParams = Type.Object({ hold_no: No('hold', 'Hold') }, strict)
export const ReleaseBody = nullable(Type.Object({ reason: Type.Optional(Text('Why', 1000)) }, strict))

export const HoldView = named('Hold', Type.Object({
  hold_no: No('hold', 'Number'),
  participant_no: ParticipantNo('Who placed it'),
  packet_no: nullable(Packet),
  line_no: nullable(LineNo('Line that is held')),
  uscc: nullable(HeldUscc),
  reason: Text('Why', 1000),
  owner: nullable(Text('Who looks after it', 60)),
  expires_on: nullable(Day('Last day it holds')),
  escalated_at: nullable(InstantOut('When the authorities were told that it ends, or has stood for a month')),
  status: oneOf(['OPEN', 'RELEASED'], 'State'),
  placed_by: User('Person that placed it'),
  release_reason: nullable(Text('Why it was released', 1000)),
  released_by: nullable(User('Person that released it')),
  released_at: nullable(InstantOut('When it was released')),
  version: Version,
  created_at: InstantOut('When it was placed'),
  updated_at: InstantOut('When it last changed')
}))

export const hold_example = {
  hold_no: 'hold_01JB2Q8Z6V7K3M5N9P4R1S0T2W', participant_no: 'finance-bureau', packet_no: null, line_no: null, uscc: '91500112MAXX00015Q',
    reason: '失信名单核查中', owner: null,
  expires_on: '2026-06-30', escalated_at: null, status: 'OPEN', placed_by: 'finance-bureau-user-1', release_reason: null, released_by: null, released_at: null,
    version: 1,
  created_at: '2026-05-05T02:00:00.000Z', updated_at: '2026-05-05T02:00:00.000Z'
}
