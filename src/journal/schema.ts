import Type from 'typebox'
import { InstantOut, named, No, nullable } from '../http/schema.ts'

export const EventItem = named('Event', Type.Object({
  event_no: No('evt', 'Number of the event; the same in feed, webhook and audit log'),
  seq: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Place in the one log' }),
  type: Type.String({ maxLength: 80, description: 'room.fact', examples: ['lead.pushed'] }),
  subject: Type.String({ maxLength: 120, description: 'Number of the thing it is about' }),
  occurred_at: InstantOut('When it was recorded'),
  link: nullable(Type.String({ maxLength: 300, description: 'Where the details can be read' })),
  data: Type.Object({}, { additionalProperties: true, description: 'Codes and numbers; never personal data' })
}))

export const FeedReaderItem = named('FeedReader', Type.Object({
  client_id: Type.String({ maxLength: 64, description: 'Client that reads' }),
  user_no: nullable(Type.String({ maxLength: 60, description: 'Person, where a person reads' })),
  after: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Cursor it sent last: it has read so far' }),
  newest: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Newest place of the feed' }),
  seen_at: InstantOut('When it sent it')
}))
