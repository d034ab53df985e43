/** What a participant can be told of by webhook: every event but those that an owner causes or sees at the endpoint itself. */
import Type from 'typebox'
import type { WebhookSpec } from '../http/openapi.ts'
import { EVENTS } from '../journal/event-types.ts'
import { InstantOut, named, No, nullable } from '../http/schema.ts'

/** Rooms whose events can be chosen. */
export const EVENT_ROOMS: readonly string[] = Object.keys(EVENTS)

const not_sent: ReadonlySet<string> = new Set(['created', 'verified', 'changed', 'secret_rotated', 'deleted'].map(fact => `webhook_endpoint.${fact}`))

/** Whether events of a type are sent at all; the feed shows every one. */
export function isSent (type: string): boolean {
  return !not_sent.has(type)
}

export const WebhookMessage = named('WebhookMessage', Type.Object({
  type: Type.String({ maxLength: 80, description: 'room.fact', examples: ['lead.pushed'] }),
  timestamp: InstantOut('When it was recorded'),
  data: Type.Object({
    event_no: No('evt', 'The same as webhook-id and as in the feed'),
    subject: Type.String({ maxLength: 120, description: 'Number of the thing it is about' }),
    link: nullable(Type.String({ maxLength: 300, description: 'Where the details are read, under live authorization' }))
  }, { description: 'Thin: details are pulled' })
}))

export const WebhookChallenge = named('WebhookChallenge', Type.Object({
  type: Type.String({ maxLength: 80, description: 'webhook_endpoint.challenge', examples: ['webhook_endpoint.challenge'] }),
  timestamp: InstantOut('When it was sent'),
  data: Type.Object({ challenge: No('chal', 'Send it back as the body or as { "challenge": … }; in the sandbox any 2xx will do') }, { description: 'The challenge' })
}))

const headers = 'Signed by Standard Webhooks 1.0: `webhook-id` (stable over retries), `webhook-timestamp`, `webhook-signature` with `v1` (HMAC-SHA256) and ' +
  '`v1a` (Ed25519). Answer 2xx within 15 seconds; anything else is tried again for about three days; 410 disables the endpoint. S1 四(三)3.'

/** Every webhook of the contract by type. */
export const webhook_specs: Readonly<Record<string, WebhookSpec>> = {
  ...Object.fromEntries(Object.entries(EVENTS).flatMap(([room, { subject, path, facts }]) => Object.entries(facts).map(([fact, [summary, summary_zh]]): [string, WebhookSpec] => {
    const type = `${room}.${fact}`
    const data = { event_no: 'evt_01JB2Q8Z6V7K3M5N9P4R1S0T2W', subject, link: path === null ? null : path + encodeURIComponent(subject) }
    return [type, { summary, summary_zh, description: headers, schema: WebhookMessage, example: { type, timestamp: '2026-03-18T01:30:00.000Z', data } }]
  })).filter(([type]) => isSent(type))),
  'webhook_endpoint.challenge': {
    summary: 'A new address is asked to show that it wants to be called',
    summary_zh: '新回调地址的签名质询',
    description: `${headers} The answer carries the challenge.`,
    schema: WebhookChallenge,
    example: { type: 'webhook_endpoint.challenge', timestamp: '2026-03-18T01:30:00.000Z', data: { challenge: 'chal_01JB2Q8Z6V7K3M5N9P4R1S0T2W' } }
  }
}
