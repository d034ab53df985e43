/** Participants, their clients and keys over HTTP; who am I. */
import type { FastifyInstance } from 'fastify'
import type { Config } from '../../config.ts'
import type { Db } from '../../db/db.ts'
import { checkVersion, operation, type Answer } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { createClient, listSeenKeys, registerKey, retireKey } from './keys.ts'
import { changeParticipant, listSeenParticipants, register, seenParticipant, type SeenParticipant } from './registering.ts'
import {
  ClientSchema, KeyList, KeyListQuery, KeyParams, KeyRetirement, KeySchema, Me, NewClient, NewKeySchema, NewParticipantSchema, participant_examples, ParticipantChange, ParticipantList,
  ParticipantListQuery, ParticipantParams, ParticipantSchema
} from './schema.ts'

const keepers = ['PLATFORM_OPERATOR', 'MEIC'] as const

function answerOf ({ row, proposed, users }: SeenParticipant, status = 200): Answer {
  return { status, body: { ...row, proposed, users }, version: row.version, headers: { location: `/v1/participants/${row.participant_no}` } }
}

export function participantRoutes (app: FastifyInstance, { db, config }: { db: Db, config: Pick<Config, 'hub_mode'> }): void {
  operation(app, { db }, {
    id: 'getMe',
    method: 'GET',
    path: '/v1/me',
    summary: 'Show the caller',
    summary_zh: '查询当前调用方',
    description: 'The participant, and the person where a user calls. S1 三: cooperating parties.',
    callers: 'any',
    replies: { 200: Me },
    example: { reply: { participant_no: 'bank-1', role: 'BANK', name: '巴渝示范银行（虚构）', uscc: '91500000MAYY00034Y', client_id: 'client-bank-1', user_no: null, duties: [] } }
  }, async ({ principal: { participant_no, role, name, uscc, client_id, user_no, duties } }) =>
    ({ status: 200, body: { participant_no, role, name, uscc, client_id, user_no, duties } }))

  operation(app, { db }, {
    id: 'registerParticipant',
    method: 'POST',
    path: '/v1/participants',
    summary: 'Enter a participant, or confirm one',
    summary_zh: '登记参与方（双人）',
    description: 'Two persons: the first request answers 201 PENDING_SECOND_PERSON; the same content sent by another person of the operator or MEIC answers 200 ACTIVE; by the same person own_work. ' +
      'Until then nobody can call for it. S1 三: cooperating parties.',
    callers: keepers,
    person: true,
    confidential: true,
    body: NewParticipantSchema,
    replies: { 201: ParticipantSchema, 200: ParticipantSchema },
    refuses: ['own_work', 'duplicate_key', 'uscc_check_digit'],
    example: { request: participant_examples.new_participant, reply: participant_examples.participant }
  }, async call => call.decide(async (sql, now) => {
    const seen = await register(sql, now, call.principal, call.body)
    return answerOf(seen, seen.is_new ? 201 : 200)
  }))

  operation(app, { db }, {
    id: 'listParticipants',
    method: 'GET',
    path: '/v1/participants',
    summary: 'List participants',
    summary_zh: '查询参与方列表',
    description: 'All for the operator and MEIC; for everybody else only itself. S1 三.',
    callers: 'any',
    query: ParticipantListQuery,
    replies: { 200: ParticipantList },
    example: { reply: participant_examples.list }
  }, async call => {
    const page = pageRequest(call.spec.id, call.principal, call.query)
    return { status: 200, body: pageOf(call.spec.id, call.principal, page, await listSeenParticipants(db, call.principal, call.query, page), row => row.participant_no) }
  })

  operation(app, { db }, {
    id: 'getParticipant',
    method: 'GET',
    tagged: true,
    path: '/v1/participants/{participant_no}',
    summary: 'Show a participant with its persons',
    summary_zh: '查询参与方及其用户',
    description: 'All for the operator and MEIC; for everybody else only itself. S1 三.',
    callers: 'any',
    params: ParticipantParams,
    replies: { 200: ParticipantSchema },
    example: { reply: participant_examples.participant }
  }, async call => answerOf(await seenParticipant(db.read, call.principal, call.params.participant_no)))

  operation(app, { db }, {
    id: 'changeParticipant',
    method: 'PATCH',
    path: '/v1/participants/{participant_no}',
    summary: 'Change or suspend a participant',
    summary_zh: '变更或停用参与方（双人）',
    description: 'A suspension, of the participant or of a person, counts within a second, and webhooks of the participant wait. Everything else waits as `proposed` until another person sends the same change. S1 三.',
    callers: keepers,
    person: true,
    versioned: true,
    params: ParticipantParams,
    body: ParticipantChange,
    replies: { 200: ParticipantSchema },
    refuses: ['own_work', 'duplicate_key', 'state_conflict'],
    example: { request: { status: 'SUSPENDED' }, reply: participant_examples.suspended }
  }, async call => answerOf(await changeParticipant(db, call.principal, call.params.participant_no, version => checkVersion(call.if_match, version), call.body)))

  operation(app, { db }, {
    id: 'createClient',
    method: 'POST',
    path: '/v1/participants/{participant_no}/clients',
    summary: 'Make a client for a machine or a person',
    summary_zh: '创建接入客户端',
    description: 'In the sandbox with a secret that is shown this once. In production a client has no secret: it proves itself by a key that two persons registered. JR/T 0185-2020: identity of applications.',
    callers: keepers,
    person: true,
    confidential: true,
    params: ParticipantParams,
    body: NewClient,
    replies: { 201: ClientSchema },
    refuses: ['participant_unknown'],
    example: { request: participant_examples.new_client, reply: participant_examples.client }
  }, async call => call.decide(async (sql, now) => ({
    status: 201, body: await createClient(sql, now, call.principal, call.params.participant_no, { user_no: call.body.user_no ?? null, sandbox: config.hub_mode === 'sandbox' })
  })))

  operation(app, { db }, {
    id: 'registerKey',
    method: 'POST',
    path: '/v1/participants/{participant_no}/keys',
    summary: 'Register a public key, or confirm one',
    summary_zh: '登记公钥（双人）',
    description: 'Two persons, as for participants: 201 PENDING_SECOND_PERSON, then 200 ACTIVE when another person sends the same key. It proves clients at /oauth/token and signs requests. JR/T 0185-2020.',
    callers: keepers,
    person: true,
    signed: true,
    params: ParticipantParams,
    body: NewKeySchema,
    replies: { 201: KeySchema, 200: KeySchema },
    refuses: ['own_work', 'duplicate_key', 'key_unfit', 'participant_unknown', 'period_reversed'],
    example: { request: participant_examples.new_key, reply: participant_examples.key }
  }, async call => call.decide(async (sql, now) => {
    const { row, is_new } = await registerKey(sql, now, call.principal, call.params.participant_no, call.body)
    return { status: is_new ? 201 : 200, body: row }
  }))

  operation(app, { db }, {
    id: 'listKeys',
    method: 'GET',
    path: '/v1/participants/{participant_no}/keys',
    summary: 'List the keys of a participant',
    summary_zh: '查询参与方公钥',
    description: 'Also retired ones: signatures of the past stay checkable. JR/T 0185-2020.',
    callers: 'any',
    params: ParticipantParams,
    query: KeyListQuery,
    replies: { 200: KeyList },
    example: { reply: { items: [participant_examples.key], next_cursor: null } }
  }, async call => {
    const page = pageRequest(call.spec.id, call.principal, call.query)
    return { status: 200, body: pageOf(call.spec.id, call.principal, page, await listSeenKeys(db, call.principal, call.params.participant_no, call.query, page), row => row.key_no) }
  })

  operation(app, { db }, {
    id: 'retireKey',
    method: 'POST',
    path: '/v1/participants/{participant_no}/keys/{key_no}/retire',
    summary: 'Retire a key',
    summary_zh: '停用公钥',
    description: 'Within a second the key proves nothing more, and tokens it got end. JR/T 0185-2020.',
    callers: keepers,
    person: true,
    signed: true,
    params: KeyParams,
    body: KeyRetirement,
    replies: { 200: KeySchema },
    refuses: ['state_conflict'],
    example: { request: { reason: 'Replaced by a new key' }, reply: participant_examples.retired }
  }, async call => call.decide(async (sql, now) => ({
    status: 200, body: await retireKey(sql, now, call.principal, call.params.participant_no, call.params.key_no, call.body.reason)
  })))
}
