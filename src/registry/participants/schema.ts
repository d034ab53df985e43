import Type from 'typebox'
import { DUTIES, ROLES } from '../../http/access.ts'
import { named, nullable, oneOf, ParticipantNo, Text, Uscc } from '../../http/schema.ts'

export const Me = named('Me', Type.Object({
  participant_no: ParticipantNo(),
  role: oneOf(ROLES, 'Role of the participant'),
  name: Text('Name of the participant'),
  uscc: Uscc(),
  client_id: Text('Client that calls', 80),
  user_no: nullable(Text('The person who calls; null for a machine', 80)),
  duties: Type.Array(oneOf(DUTIES, 'Duty'), { maxItems: 2, description: 'Duties of the person' })
}))
