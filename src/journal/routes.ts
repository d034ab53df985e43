/** The feed: every event of a participant, once, in an order that never changes. */
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import type { Db } from '../db/db.ts'
import { operation } from '../http/operation.ts'
import { pageOf, pageRequest } from '../http/paging.ts'
import { InstantOut, listOf, nullable, PageQuery } from '../http/schema.ts'
import { Problem } from '../problem.ts'
import { readersOf, type FeedReaders } from './readers.ts'
import { EventItem, FeedReaderItem } from './schema.ts'
import { endWaiting, waitForFeed } from './service.ts'

export function journalRoutes (app: FastifyInstance, { db }: { db: Db }, readers: FeedReaders): void {
  app.addHook('preClose', async () => endWaiting(db))
  operation(app, { db }, {
    id: 'listEvents',
    method: 'GET',
    path: '/v1/events',
    summary: 'Read the feed of events',
    summary_zh: '读取事件流',
    description: 'Everything that concerns the caller, in the order of the one log, of which nothing is ever taken out. `after` is the cursor that the reader keeps: ' +
      'the `next_cursor` of the last answer. With `wait` the answer is held until something is new. S1 四(三)3: information push.',
    callers: 'any',
    query: Type.Object({
      after: Type.Optional(Type.String({ pattern: '^\\d{1,15}$', maxLength: 15, description: 'next_cursor of the last answer; without it the feed begins at its start', examples: ['0'] })),
      cursor: Type.Optional(Type.String({ pattern: '^\\d{1,15}$', maxLength: 15, description: 'Same as after' })),
      wait: Type.Optional(Type.Integer({ minimum: 0, maximum: 30, description: 'Seconds to wait for something new' })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, description: 'How many at most' }))
    }, { additionalProperties: false }),
    replies: {
      200: Type.Object({
        items: Type.Array(EventItem, { maxItems: 200, description: 'Events in order' }),
        next_cursor: Type.String({ maxLength: 15, description: 'Send it as `after` next time; unchanged when nothing is new' }),
        read_at: nullable(InstantOut('Time of the answer'))
      })
    },
    example: {
      reply: {
        items: [{
          event_no: 'evt_01JB2Q8Z6V7K3M5N9P4R1S0T2W', seq: 17, type: 'lead.pushed', subject: 'lead_01JB2Q8Z6V7K3M5N9P4R1S0T2X',
          occurred_at: '2026-03-18T01:30:00.000Z', link: '/v1/leads/lead_01JB2Q8Z6V7K3M5N9P4R1S0T2X', data: {}
        }],
        next_cursor: '17',
        read_at: '2026-03-18T01:30:00.100Z'
      }
    }
  }, async ({ principal, query, request, now }) => {
    if (query.after !== undefined && query.cursor !== undefined && query.after !== query.cursor) {
      throw new Problem('invalid_request', { detail: 'Send either after or cursor', detail_zh: 'after 与 cursor 请只用其一' })
    }
    const sent = query.after ?? query.cursor
    const after = Number(sent ?? '0')
    if (sent !== undefined) readers.note(principal, after, now)
    const items = await waitForFeed(db, principal.participant_no, after, query.limit ?? 50, (query.wait ?? 0) * 1000, request.signal)
    return { status: 200, body: { items, next_cursor: String(items.at(-1)?.seq ?? after), read_at: now } }
  })

  operation(app, { db }, {
    id: 'listFeedReaders',
    method: 'GET',
    path: '/v1/events/readers',
    summary: 'List how far own clients have read',
    summary_zh: '查询各接入端的事件流读取位置',
    description: 'The cursor that each client of the caller sent last, some seconds old at most, beside the newest place of its feed: who is behind, and by how much. S1 四(三)3.',
    callers: 'any',
    query: Type.Object({ ...PageQuery }, { additionalProperties: false }),
    replies: { 200: listOf(FeedReaderItem) },
    example: { reply: { items: [{ client_id: 'client-bank-1', user_no: null, after: 17, newest: 21, seen_at: '2026-03-18T01:30:00.100Z' }], next_cursor: null } }
  }, async ({ spec, principal, query }) => {
    const page = pageRequest(spec.id, principal, query)
    const { items, next_cursor } = pageOf(spec.id, principal, page, await readersOf(db.read, principal.participant_no, page.after, page.limit + 1), row => row.reader)
    return { status: 200, body: { items, next_cursor } }
  })
}
