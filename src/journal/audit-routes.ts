/** The audit trail: own entries, signed checkpoints, proofs that nothing was changed. */
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import type { Db } from '../db/db.ts'
import { operation } from '../http/operation.ts'
import { pageOf, pageRequest } from '../http/paging.ts'
import { InstantOut, listOf, named, nullable, PageQuery } from '../http/schema.ts'
import { notFound, Problem } from '../problem.ts'
import { auditEntries, lastCheckpoint, leafOf, proofOfEntry, proofOfGrowth, treeSize } from './checkpoints.ts'

const Hash = Type.String({ pattern: '^[0-9a-f]{64}$', maxLength: 64, description: 'SHA-256, hex', examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'] })
const Size = (description: string) => Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description, examples: [17] })

const AuditEntry = named('AuditEntry', Type.Object({
  seq: Size('Place in the log, from 1'),
  leaf: Type.String({ maxLength: 100_000, description: 'The exact text that is hashed: SHA-256(0x00 ‖ leaf)' })
}))
const Checkpoint = named('Checkpoint', Type.Object({
  size: Size('Entries the checkpoint covers'),
  root: Hash,
  note: Type.String({ maxLength: 2000, description: 'C2SP signed note over origin, size and root (Ed25519)' }),
  signed_at: InstantOut('When it was signed'),
  verifier_key: Type.String({ maxLength: 300, description: 'Public key of the hub in vkey form' })
}))
const example_hash = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'

export function auditRoutes (app: FastifyInstance, { db, verifier_key }: { db: Db, verifier_key: string }): void {
  operation(app, { db }, {
    id: 'listAuditLog',
    method: 'GET',
    path: '/v1/audit-log',
    summary: 'Read the audit log',
    summary_zh: '读取审计日志',
    description: 'Entries of the one log in order: the caller\'s own deeds and what was addressed to it; MEIC sees all. S1 六(二): supervision.',
    callers: 'any',
    query: Type.Object({ ...PageQuery }, { additionalProperties: false }),
    replies: { 200: listOf(AuditEntry) },
    example: { reply: { items: [{ seq: 1, leaf: '{"actor_participant":"park-1","seq":1}' }], next_cursor: null } }
  }, async ({ principal, query, spec }) => {
    const page = pageRequest(spec.id, principal, query)
    const rows = await auditEntries(db.read, principal.participant_no, principal.role === 'MEIC', { after: Number(page.after ?? 0), limit: page.limit + 1 })
    const { items, next_cursor } = pageOf(spec.id, principal, page, rows, row => String(row.seq))
    return { status: 200, body: { items: items.map(row => ({ seq: row.seq, leaf: leafOf(row) })), next_cursor } }
  })

  operation(app, { db }, {
    id: 'getCheckpoint',
    method: 'GET',
    path: '/v1/audit-log/checkpoint',
    summary: 'Read the newest signed checkpoint',
    summary_zh: '读取最新签名检查点',
    description: 'Head of the log, signed at least every minute while it grows. Keep it: the log can then never be rewritten unseen.',
    callers: 'any',
    replies: { 200: Checkpoint },
    refuses: ['not_found'],
    example: { reply: { size: 17, root: example_hash, note: 'rongqiao/journal\n17\nn4bQ…\n', signed_at: '2026-03-18T01:30:00.000Z', verifier_key: 'rongqiao/journal+…' } }
  }, async () => {
    const last = await lastCheckpoint(db.read)
    if (last === undefined) throw notFound()
    return { status: 200, body: { ...last, verifier_key } }
  })

  operation(app, { db }, {
    id: 'getAuditProof',
    method: 'GET',
    path: '/v1/audit-log/{seq}/proof',
    summary: 'Prove that an entry is in the log',
    summary_zh: '证明日志条目存在',
    description: 'RFC 6962 inclusion proof of one of the caller\'s entries against the newest checkpoint.',
    callers: 'any',
    params: Type.Object({ seq: Type.String({ pattern: '^[1-9]\\d{0,14}$', maxLength: 15, description: 'Place in the log', examples: ['17'] }) }),
    replies: {
      200: named('InclusionProof', Type.Object({
        seq: Size('Place in the log'),
        leaf: Type.String({ maxLength: 100_000, description: 'The exact text that is hashed' }),
        checkpoint: nullable(Checkpoint),
        proof: Type.Array(Hash, { maxItems: 64, description: 'Sibling hashes from the leaf to the root; empty and without checkpoint while none covers the entry' })
      }))
    },
    example: { reply: { seq: 17, leaf: '{"seq":17}', checkpoint: null, proof: [] } }
  }, async ({ principal, params }) => {
    const seq = Number(params.seq)
    const [row] = await auditEntries(db.read, principal.participant_no, principal.role === 'MEIC', { seq, limit: 1 })
    if (row === undefined) throw notFound()
    const last = await lastCheckpoint(db.read)
    if (last === undefined || last.size < seq) return { status: 200, body: { seq, leaf: leafOf(row), checkpoint: null, proof: [] } }
    return { status: 200, body: { seq, leaf: leafOf(row), checkpoint: { ...last, verifier_key }, proof: await proofOfEntry(db.read, seq, last.size) } }
  })

  operation(app, { db }, {
    id: 'getAuditConsistency',
    method: 'GET',
    path: '/v1/audit-log/consistency',
    summary: 'Prove that the log only grew',
    summary_zh: '证明日志只增不改',
    description: 'RFC 6962 consistency proof between two sizes of the log.',
    callers: 'any',
    query: Type.Object({
      from: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Size of the older checkpoint', examples: [3] }),
      to: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Size of the newer checkpoint', examples: [17] })
    }, { additionalProperties: false }),
    replies: {
      200: named('ConsistencyProof', Type.Object({
        from: Size('Older size'), to: Size('Newer size'), proof: Type.Array(Hash, { maxItems: 128, description: 'Hashes of the proof' })
      }))
    },
    example: { reply: { from: 3, to: 17, proof: [example_hash] } }
  }, async ({ query: { from, to } }) => {
    if (from > to || to > await treeSize(db.read)) {
      throw new Problem('invalid_request', {
        errors: [{ pointer: '/query/to', code: 'OUT_OF_RANGE', message: 'Needs from ≤ to ≤ size of the log', message_zh: '须满足 from ≤ to ≤ 日志长度' }]
      })
    }
    return { status: 200, body: { from, to, proof: await proofOfGrowth(db.read, from, to) } }
  })
}
