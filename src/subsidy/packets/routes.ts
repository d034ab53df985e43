/** Packets: drafted by the hub, submitted by the institution, read by auditor and authorities. */
import type { FastifyInstance } from 'fastify'
import type { Db } from '../../db/db.ts'
import { operation } from '../../http/operation.ts'
import { pageOf, pageRequest } from '../../http/paging.ts'
import { listOf } from '../../http/schema.ts'
import { instantMs, instantOf } from '../../policy/calendar.ts'
import {
  ArchiveQuery, NothingBody, OpenBody, packet_example, packet_item_example, PacketItem, PacketParams, PacketQuery, PacketView
} from './schema.ts'
import { listFor, openPacket, readArchive, readPacket, submit, viewOf, type PacketRoom } from './service.ts'
import { packetAnswer, packetItem } from './showing.ts'

export const institutions = ['BANK', 'LESSOR', 'GUARANTOR', 'INSURER'] as const
export const packet_readers = [...institutions, 'AUDITOR', 'MEIC', 'FINANCE_BUREAU'] as const

export function packetRoutes (app: FastifyInstance, { db, room }: { db: Db, room: PacketRoom }): void {
  operation(app, { db }, {
    id: 'openSubsidyPacket',
    method: 'POST',
    path: '/v1/subsidy-packets',
    summary: 'Get the packet of a period that is open',
    summary_zh: '获取期间内待报送的资料包',
    description: 'The hub opens a packet with the first line of institution, enterprise, project, quarter and kind; this brings its lines up to date and answers it. ' +
      'Nothing has to be put in: S2 (十三) 免申即享.',
    callers: institutions,
    body: OpenBody,
    replies: { 200: PacketView },
    refuses: ['packet_empty'],
    example: { request: { uscc: '91500112MAXX00015Q', project_code: '2606-500112-07-02-100001', period: '2026Q1', kind: 'LOAN_INTEREST' },
      reply: packet_example }
  }, call => call.decide(async (sql, now) => {
    const { project_code = '', ...key } = call.body
    const packet = await openPacket(sql, now, call.principal, { ...key, project_code }, room.ledger)
    return { ...packetAnswer(await viewOf(sql, call.principal, packet)),
      headers: { location: `/v1/subsidy-packets/${packet.packet_no}` } }
  }))

  operation(app, { db }, {
    id: 'listSubsidyPackets',
    method: 'GET',
    path: '/v1/subsidy-packets',
    summary: 'List packets',
    summary_zh: '查询贴息资料包',
    description: 'An institution sees its own, an auditor those assigned to it. S2 (十三): 由金融机构汇总提交.',
    callers: packet_readers,
    query: PacketQuery,
    replies: { 200: listOf(PacketItem) },
    example: { query: { period: '2026Q1' }, reply: { items: [packet_item_example], next_cursor: null } }
  }, async ({ principal, query, spec }) => {
    const page = pageRequest(spec.id, principal, query)
    const { updated_since, limit: _limit, cursor: _cursor, ...filter } = query
    const rows = await listFor(db.read, principal, {
      ...filter, updated_since: updated_since === undefined ? undefined : instantOf(instantMs(updated_since)), after: page.after,
        limit: page.limit + 1
    })
    const { items, next_cursor } = pageOf(spec.id, principal, page, rows, row => row.packet_no)
    return { status: 200, body: { items: items.map(packetItem), next_cursor } }
  })

  operation(app, { db }, {
    id: 'getSubsidyPacket',
    method: 'GET',
    tagged: true,
    path: '/v1/subsidy-packets/{packet_no}',
    summary: 'Read a packet with its lines',
    summary_zh: '查询资料包及其明细',
    description: 'Sealed packets stay readable after a withdrawal; each reading is then listed among the enterprise\'s disclosures, basis SETTLEMENT. S2 (十三).',
    callers: packet_readers,
    params: PacketParams,
    replies: { 200: PacketView },
    example: { reply: packet_example }
  }, async ({ principal, params }) => {
    return packetAnswer(await readPacket(db, principal, params.packet_no))
  })

  operation(app, { db }, {
    id: 'submitSubsidyPacket',
    method: 'POST',
    path: '/v1/subsidy-packets/{packet_no}/submit',
    summary: 'Submit a packet: its lines are frozen and sealed',
    summary_zh: '报送资料包（明细冻结并签封）',
    description: 'Every line that is open is frozen; contracts, vouchers, computation and authorizations are sealed with digests and the hub\'s signature. ' +
      'Blocked lines follow in a further packet. A returned packet comes back as its next version with the difference shown. S2 (十三).',
    callers: institutions,
    signed: true,
    params: PacketParams,
    body: NothingBody,
    replies: { 200: PacketView },
    refuses: ['state_conflict', 'packet_empty', 'authorization_not_active'],
    example: { request: {}, reply: { ...packet_example, status: 'SUBMITTED', auditor_no: null, assigned_at: null } }
  }, call => call.decide(async (sql, now) => {
    const packet = await submit(sql, now, call.principal, call.params.packet_no, room)
    return packetAnswer(await viewOf(sql, call.principal, packet))
  }))

  operation(app, { db }, {
    id: 'getSubsidyPacketArchive',
    method: 'GET',
    tagged: true,
    path: '/v1/subsidy-packets/{packet_no}/archive',
    summary: 'Download the sealed archive',
    summary_zh: '下载签封档案',
    description: 'A zip with manifest.json, manifest.sig, items.json, items.xlsx, policies.json, authorizations.json and the documents; the same bytes every time. ' +
      'scripts/verify-packet checks it offline. S2 (十三): 经第三方机构资料审核.',
    callers: packet_readers,
    params: PacketParams,
    query: ArchiveQuery,
    replies: { 200: { media: 'application/zip', description: 'The archive of the version' } }
  }, async ({ principal, params, query }) => {
    const { sealed, bytes } = await readArchive(db, room.bodies, principal, params.packet_no, query.version)
    return {
      status: 200, body: Buffer.from(bytes), version: sealed.digest,
      headers: { 'content-type': 'application/zip', 'content-disposition': `attachment; filename="${sealed.packet_no}-v${sealed.version}.zip"` }
    }
  })
}
