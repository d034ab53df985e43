import Type, { type Static } from 'typebox'
import { Instant, InstantOut, listOf, named, No, nullable, oneOf, PageQuery, ParticipantNo, Text, Version } from '../http/schema.ts'
import { ATTEMPT_OUTCOMES, ENDPOINT_STATUSES, NETWORK_STATUSES } from './kinds.ts'

export const EndpointNo = No('ep', 'Number of the endpoint')
export const EndpointParams = Type.Object({ endpoint_no: EndpointNo })

const Url = Type.String({ minLength: 8, maxLength: 2000, description: 'https address; in the sandbox also http to 127.0.0.1', examples: ['https://hooks.bank.example/rongqiao'] })
const EventTypes = Type.Array(Type.String({ pattern: '^[a-z_]{2,40}\\.([a-z_]{2,40}|\\*)$', maxLength: 82, description: 'Type of events, or `room.*`', examples: ['lead.pushed'] }), {
  maxItems: 100, uniqueItems: true, description: 'Which events are sent; empty: all that concern you', examples: [['lead.pushed', 'lead.withdrawn']]
})
const Concurrency = Type.Integer({ minimum: 1, maximum: 32, description: 'How many messages may be under way at once', examples: [8] })

export const NewWebhookEndpoint = named('NewWebhookEndpoint', Type.Object({
  url: Url,
  event_types: Type.Optional(EventTypes),
  description: Type.Optional(Text('What it is for')),
  concurrency: Type.Optional(Concurrency)
}, { additionalProperties: false }))
export type NewWebhookEndpoint = Static<typeof NewWebhookEndpoint>

export const WebhookEndpointChange = named('WebhookEndpointChange', Type.Object({
  url: Type.Optional(Url),
  event_types: Type.Optional(EventTypes),
  description: Type.Optional(Text('What it is for')),
  concurrency: Type.Optional(Concurrency),
  status: Type.Optional(oneOf(['ACTIVE', 'PAUSED'], 'PAUSED stops sending; ACTIVE goes on, also after the hub has disabled it, with everything that came in between'))
}, { additionalProperties: false, minProperties: 1 }))
export type WebhookEndpointChange = Static<typeof WebhookEndpointChange>

export const WebhookEndpoint = named('WebhookEndpoint', Type.Object({
  endpoint_no: EndpointNo,
  participant_no: ParticipantNo('Owner'),
  url: Url,
  event_types: EventTypes,
  description: nullable(Text('What it is for')),
  concurrency: Concurrency,
  status: oneOf(ENDPOINT_STATUSES, 'DISABLED: after 410 or five days of failure'),
  disabled_reason: nullable(oneOf(['GONE', 'FAILING'], 'Why the hub disabled it')),
  confirmed: Type.Boolean({ description: 'A second person of the participant has sent the same registration; in production nothing is called before, the sandbox asks nobody 双人复核' }),
  verified: Type.Boolean({ description: 'The address has answered the signed challenge; nothing is sent before' }),
  consecutive_failures: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Failures in a row' }),
  failing_since: nullable(InstantOut('First of them')),
  resting_until: nullable(InstantOut('Sending rests until then')),
  pending: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Messages that wait' }),
  dead: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Messages given up; replay sends them again' }),
  public_key: Type.String({ maxLength: 60, description: 'Ed25519 key for `v1a`, whpk_ and base64', examples: ['whpk_MCowBQYDK2VwAyEA'] }),
  version: Version,
  created_at: InstantOut('Created'),
  updated_at: InstantOut('Last change')
}))

const secret = nullable(Type.String({ maxLength: 60, description: 'Shared secret for `v1`, whsec_ and base64; shown here only, keep it', examples: ['whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'] }))
export const CreatedWebhookEndpoint = named('CreatedWebhookEndpoint', Type.Object({ ...WebhookEndpoint.properties, secret }))
export const RotatedSecret = named('RotatedWebhookSecret', Type.Object({
  endpoint_no: EndpointNo,
  secret,
  public_key: Type.String({ maxLength: 60, description: 'The new Ed25519 key' }),
  previous_valid_until: InstantOut('Until then the old secret signs too')
}))
export const WebhookEndpointPage = listOf(WebhookEndpoint)
export const EndpointQuery = Type.Object({ ...PageQuery }, { additionalProperties: false })

export const WebhookAttempt = named('WebhookAttempt', Type.Object({
  attempt_no: No('att', 'Number of the attempt'),
  event_no: No('evt', 'Event; the webhook-id'),
  type: Text('Type of the event', 80),
  attempt: Type.Integer({ minimum: 1, maximum: 1000, description: 'Which attempt it was' }),
  attempted_at: InstantOut('When'),
  duration_ms: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'How long it took' }),
  status_code: nullable(Type.Integer({ minimum: 100, maximum: 999, description: 'Answer of the address; null when there was none' })),
  error: nullable(Text('Why there was no answer', 200)),
  outcome: oneOf(ATTEMPT_OUTCOMES, 'FAILED is tried again, DEAD is not')
}))
export const WebhookAttemptPage = listOf(WebhookAttempt)
export const AttemptQuery = Type.Object({
  ...PageQuery,
  event_no: Type.Optional(No('evt', 'Only of this event')),
  outcome: Type.Optional(oneOf(ATTEMPT_OUTCOMES, 'Only with this outcome'))
}, { additionalProperties: false })

export const ReplayRequest = named('WebhookReplayRequest', Type.Object({
  event_no: Type.Optional(No('evt', 'This event')),
  from: Type.Optional(Instant('Events from this instant on')),
  to: Type.Optional(Instant('before this one; now when left out'))
}, { additionalProperties: false, minProperties: 1, description: 'Either event_no or from with to' }))
export type ReplayRequest = Static<typeof ReplayRequest>
export const ReplayReceipt = named('WebhookReplay', Type.Object({
  endpoint_no: EndpointNo,
  events: Type.Integer({ minimum: 0, maximum: 10_000, description: 'How many are sent again, under their old numbers' })
}))
export const TestReceipt = named('WebhookTest', Type.Object({ endpoint_no: EndpointNo, requested_at: InstantOut('A message webhook_endpoint.tested is on its way') }))

const network = {
  cidr: Type.String({
    minLength: 9, maxLength: 43, pattern: '^[0-9a-f.:]{2,39}/\\d{1,3}$', description: 'Network inside 10/8, 172.16/12, 192.168/16, 100.64/10 or fc00::/7', examples: ['10.20.0.0/16']
  }),
  note: Text('What it is and who asked for it', 200, ['电子政务外网 · 财政局接入区'])
}
export const NetworkNo = No('net', 'Number of the network')
export const NetworkParams = Type.Object({ network_no: NetworkNo })
export const NewPrivateNetwork = named('NewWebhookNetwork', Type.Object(network, { additionalProperties: false }))
export type NewPrivateNetwork = Static<typeof NewPrivateNetwork>
export const PrivateNetworkSchema = named('WebhookNetwork', Type.Object({
  network_no: NetworkNo,
  ...network,
  status: oneOf(NETWORK_STATUSES, 'Only ACTIVE ones are called'),
  created_by: Text('The person who asked', 80),
  confirmed_by: nullable(Text('The other person who opened it', 80)),
  closed_by: nullable(Text('The person who closed it', 80)),
  created_at: InstantOut('Asked'),
  updated_at: InstantOut('Last change')
}))
export const PrivateNetworkPage = listOf(PrivateNetworkSchema)
export const PrivateNetworkQuery = Type.Object({ ...PageQuery, status: Type.Optional(oneOf(NETWORK_STATUSES, 'Only in this state')) }, { additionalProperties: false })
