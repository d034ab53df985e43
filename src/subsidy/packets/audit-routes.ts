/** What is done with a submitted packet: assigned, asked about, concluded on, approved or returned. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { listOf, PageQuery } from '../../http/schema.ts'
import Type from 'typebox'
import { ask, confirm, prepareConclusion, questionsFor, returnPacket } from './auditing.ts'
import { packet_readers } from './routes.ts'
import {
  AssignBody, conclusion_example, ConclusionBody, ConclusionParams, ConclusionView, DigestBody, example_digest, packet_example,
    PacketParams, PacketView, question_example,
  QuestionBody, QuestionView, NothingBody, ReasonBody
} from './schema.ts'
import { approve, assign, viewOf, type PacketRoom } from './service.ts'
import { conclusionShown, packetAnswer, questionShown } from './showing.ts'

const path = '/v1/subsidy-packets/{packet_no}'

export function packetAuditRoutes (app: FastifyInstance, { db, room: { ledger } }: { db: Db, room: PacketRoom }): void {
  operation(app, { db }, {
    id: 'assignSubsidyPacket',
    method: 'POST',
    path: `${path}/assign`,
    summary: 'Assign a packet to an auditor',
    summary_zh: '指派第三方审核机构',
    description: 'From then on this auditor, and no other, reads the packet. S2 (十三): 经第三方机构资料审核.',
    callers: ['MEIC'],
    person: true,
    params: PacketParams,
    body: AssignBody,
    replies: { 200: PacketView },
    refuses: ['state_conflict', 'auditor_unknown', 'conflict_of_interest'],
    example: { request: { auditor_no: 'auditor-1', conflict_of_interest_declared: true }, reply: packet_example }
  }, call => call.decide(async (sql, now) => {
    const packet = await assign(sql, now, call.principal, call.params.packet_no, call.body)
    return packetAnswer(await viewOf(sql, call.principal, packet))
  }))

  operation(app, { db }, {
    id: 'askAboutSubsidyPacket',
    method: 'POST',
    path: `${path}/questions`,
    summary: 'Ask about a packet, or answer',
    summary_zh: '就资料包提问或答复',
    description: 'The assigned auditor asks, the institution answers with in_reply_to. S2 (十三).',
    callers: ['AUDITOR', 'BANK', 'LESSOR', 'GUARANTOR', 'INSURER'],
    params: PacketParams,
    body: QuestionBody,
    replies: { 201: QuestionView },
    refuses: ['state_conflict', 'line_unknown'],
    example: { request: { text: question_example.text, line_no: question_example.line_no }, reply: question_example }
  }, call => call.decide(async (sql, now) => ({ status: 201,
    body: questionShown(await ask(sql, now, call.principal, call.params.packet_no, call.body)) })))

  operation(app, { db }, {
    id: 'listSubsidyPacketQuestions',
    method: 'GET',
    path: `${path}/questions`,
    summary: 'Read questions and answers',
    summary_zh: '查询提问与答复',
    description: 'In the order they were written. S2 (十三).',
    callers: packet_readers,
    params: PacketParams,
    query: Type.Object({ ...PageQuery }, { additionalProperties: false }),
    replies: { 200: listOf(QuestionView) },
    example: { reply: { items: [question_example], next_cursor: null } }
  }, async ({ principal, params, query, spec }) => {
    const page = pageRequest(`${spec.id}/${params.packet_no}`, principal, query)
    const rows = await questionsFor(db.read, principal, params.packet_no, page.after, page.limit + 1)
    const { items, next_cursor } = pageOf(`${spec.id}/${params.packet_no}`, principal, page, rows, row => row.question_no)
    return { status: 200, body: { items: items.map(questionShown), next_cursor } }
  })

  operation(app, { db }, {
    id: 'prepareConclusion',
    method: 'POST',
    path: `${path}/conclusions`,
    summary: 'Prepare a conclusion, line by line',
    summary_zh: '拟定审核结论（逐条认定）',
    description: 'Over the digest of what was reviewed; a person of the assigned auditor prepares it, another one confirms it. An unconfirmed earlier one is replaced. Where the assignment committed to a seed, sample_seed reveals it and sample_order is the order in which lines are drawn: by SHA-256 of seed, packet_digest and line_no, each on a line of its own. S2 (十三).',
    callers: ['AUDITOR'],
    person: true,
    signed: true,
    params: PacketParams,
    body: ConclusionBody,
    replies: { 201: ConclusionView, 200: ConclusionView },
    refuses: ['state_conflict', 'changed_since', 'conflict_of_interest', 'line_unknown', 'amount_over_line', 'conclusion_inconsistent', 'sample_seed_wrong'],
    example: {
      request: { packet_digest: example_digest, result: 'PASS', conflict_of_interest_declared: true,
        lines: [{ line_no: packet_example.lines[0]?.line_no, recognised_amount: '45000.00' }] },
      reply: conclusion_example
    }
  }, call => call.decide(async (sql, now) => {
    const { conclusion, is_new } = await prepareConclusion(sql, now, call.principal, call.params.packet_no, call.body)
    return { status: is_new ? 201 : 200, body: conclusionShown(conclusion) }
  }))

  operation(app, { db }, {
    id: 'confirmConclusion',
    method: 'POST',
    path: `${path}/conclusions/{conclusion_no}/confirm`,
    summary: 'Confirm a conclusion',
    summary_zh: '复核确认审核结论',
    description: 'By another person of the same auditor than the one who prepared it. RETURN_FOR_SUPPLEMENT returns the packet. S2 (十三).',
    callers: ['AUDITOR'],
    person: true,
    signed: true,
    params: ConclusionParams,
    body: NothingBody,
    replies: { 200: ConclusionView },
    refuses: ['own_work', 'state_conflict', 'changed_since'],
    example: { request: {}, reply: { ...conclusion_example, status: 'CONFIRMED', confirmed_by: 'auditor-1-user-2',
      confirmed_at: '2026-04-03T03:00:00.000Z' } }
  }, call => call.decide(async (sql, now) => {
    const { conclusion } = await confirm(sql, now, call.principal, call.params.packet_no, call.params.conclusion_no, ledger)
    return { status: 200, body: conclusionShown(conclusion) }
  }))

  operation(app, { db }, {
    id: 'approveSubsidyPacket',
    method: 'POST',
    path: `${path}/approve`,
    summary: 'Approve an audited packet',
    summary_zh: '审定资料包',
    description: 'Exactly the content of the digest; a packet whose conclusion is REJECT ends as REJECTED. What was recognised then waits for a payment batch. S2 (十三).',
    callers: ['MEIC'],
    person: true,
    signed: true,
    params: PacketParams,
    body: DigestBody,
    replies: { 200: PacketView },
    refuses: ['state_conflict', 'changed_since'],
    example: { request: { digest: example_digest }, reply: { ...packet_example, status: 'APPROVED', recognised_amount: '45000.00',
      audited_at: '2026-04-03T03:00:00.000Z', approved_at: '2026-04-04T02:00:00.000Z' } }
  }, call => call.decide(async (sql, now) => {
    const packet = await approve(sql, now, call.principal, call.params.packet_no, call.body.digest, ledger)
    return packetAnswer(await viewOf(sql, call.principal, packet))
  }))

  operation(app, { db }, {
    id: 'returnSubsidyPacket',
    method: 'POST',
    path: `${path}/return`,
    summary: 'Return a packet to its institution',
    summary_zh: '退回资料包',
    description: 'Its lines move again; submitted anew it is the next version. S2 (十三).',
    callers: ['MEIC'],
    person: true,
    params: PacketParams,
    body: ReasonBody,
    replies: { 200: PacketView },
    refuses: ['state_conflict'],
    example: { request: { reason: '缺少 3 月付息凭证' }, reply: { ...packet_example, status: 'RETURNED', return_reason: '缺少 3 月付息凭证' } }
  }, call => call.decide(async (sql, now) => {
    const packet = await returnPacket(sql, now, call.principal, call.params.packet_no, call.body.reason, ledger)
    return packetAnswer(await viewOf(sql, call.principal, packet))
  }))
}
